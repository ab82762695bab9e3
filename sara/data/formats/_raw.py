"""What every reader gives back: a table, where each of its rows stands, and the rows that do not fit."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.data._rejects import reject_rows
from sara.data._text import TEXT_DTYPE

__all__ = [
    "MAX_BYTES",
    "MAX_COLUMNS",
    "MAX_RATIO",
    "ZIP_ERRORS",
    "RawFile",
    "check_columns",
    "header_names",
    "is_data",
    "most_bytes",
    "no_rejects",
    "plain_text",
    "text_frame",
    "typed_frame",
]

# A gigabyte of text is about five million calls; more than that in one small archive is an attack or a mistake.
MAX_BYTES = 2_000_000_000
MAX_RATIO = 200
# All that the standard library raises on a damaged or foreign zip, at opening as well as at unpacking.
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip
# The widest table any city publishes has a few hundred.
MAX_COLUMNS = 5_000
CHUNK = 50_000


@dataclass(frozen=True, eq=False)
class RawFile:
    """One table: its columns, text or typed; where each row stands; the rows that do not fit; `names` where its rows come from several sheets."""

    frame: pd.DataFrame
    lines: np.ndarray
    rejects: pd.DataFrame
    sha256: str | None
    name: str
    notes: dict[str, Any] = field(default_factory=dict)
    names: np.ndarray | None = None


def most_bytes(packed: int) -> int:
    """Return what a file of this many packed bytes may unpack to."""
    return min(MAX_BYTES, max(packed * MAX_RATIO, 50_000_000))


def no_rejects() -> pd.DataFrame:
    """Return a table of rejects without any."""
    return reject_rows([], [], [], [], [])


def check_columns(n: int, name: str) -> None:
    """Turn down a table wider than any that is published."""
    if n > MAX_COLUMNS:
        raise InputError(
            f"`path` must hold a table of at most {MAX_COLUMNS:,} columns. Got {n:,} in {name}. Is it turned on its side, or damaged?"
        )


def header_names(cells: Sequence[object]) -> list[str]:
    """Return column names: stripped, empty ones numbered, repeated ones counted."""
    out: list[str] = []
    seen: set[str] = set()
    count: dict[str, int] = {}
    for position, cell in enumerate(cells):
        name = str("" if cell is None else cell).strip().strip("\ufeff") or f"column_{position + 1}"
        base = name
        while name in seen:
            count[base] = count.get(base, 1) + 1
            name = f"{base}_{count[base]}"
        seen.add(name)
        out.append(name)
    return out


_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+|-?[0-9]{5,}")
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?")


def is_data(cells: Sequence[str]) -> bool:
    """Whether a first row is no header: a time of day stands in it, or more than half of it, or one date or two, as no column is called."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    dates = [found for cell in filled if (found := _DATE.fullmatch(cell))]
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in filled)
    if any(found[1] and ":" in found[1] for found in dates) or (len(filled) >= 4 and 1 <= len(dates) <= 2):
        return True
    return len(dates) + numbers > 0.5 * len(filled)


def text_frame(rows: Sequence[Sequence[str]], header: list[str]) -> pd.DataFrame:
    """Turn rows into text columns, a chunk at a time so that the memory of a large file stays near its size."""
    parts = []
    for start in range(0, len(rows), CHUNK):
        columns = list(zip(*rows[start : start + CHUNK], strict=True))
        parts.append(
            pd.DataFrame({name: pd.array(column, dtype=TEXT_DTYPE) for name, column in zip(header, columns, strict=True)})
        )
    if not parts:
        return pd.DataFrame({name: pd.array([], dtype=TEXT_DTYPE) for name in header})
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def typed_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns are text, numbers, times or geometry: whatever else there is becomes text that reads the same.

    Labels of categories stand for their codes, decimals become floats, bytes hex, lists and records JSON.
    """
    out = {name: _typed(frame[name]) for name in frame.columns if str(frame[name].dtype) != "geometry"}
    plain = pd.DataFrame(out, index=frame.index, columns=list(out))
    geometry = getattr(frame, "_geometry_column_name", None)
    if geometry is None or geometry not in frame.columns:
        return plain
    plain[geometry] = frame[geometry]
    return gpd.GeoDataFrame(plain, geometry=geometry, crs=frame[geometry].crs)


def _typed(column: pd.Series) -> pd.Series:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _typed(column.astype(dtype.categories.dtype if not dtype.categories.hasnans else object))
    if isinstance(dtype, pd.PeriodDtype):
        return column.dt.start_time
    if isinstance(dtype, pd.ArrowDtype):
        return _typed_arrow(column)
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return _as_text(column)
    if pd.api.types.is_numeric_dtype(dtype):
        return column if not pd.api.types.is_complex_dtype(dtype) else _as_text(column)
    if pd.api.types.is_datetime64_any_dtype(dtype) or str(dtype) == TEXT_DTYPE == "str":
        return column
    filled = column.dropna()
    if len(filled) and all(isinstance(value, decimal.Decimal) for value in filled.iloc[:200]):
        numbers = pd.to_numeric(
            column.astype(object).map(lambda v: float(v) if isinstance(v, decimal.Decimal) else v), errors="coerce"
        )
        return numbers if numbers.notna().sum() == len(filled) else _as_text(column)
    if len(filled) and all(type(value) in (int, float) or isinstance(value, np.number) for value in filled):
        return _numbers(column, filled)
    return _as_text(column)


def _numbers(column: pd.Series, filled: pd.Series) -> pd.Series:
    """Return numbers of any size: whole ones whole, also where some are missing; those that no float can hold as text."""
    try:
        whole = all(isinstance(value, (int, np.integer)) for value in filled)
        numbers = (
            column.where(column.notna(), None).astype("Int64") if whole and len(filled) < len(column) else pd.to_numeric(column)
        )
    except (OverflowError, ValueError, TypeError):
        return _as_text(column)
    return numbers if numbers.notna().sum() == len(filled) else _as_text(column)


def _typed_arrow(column: pd.Series) -> pd.Series:
    """Turn a column of Arrow's own types into pandas' usual ones."""
    import pyarrow as pa

    kind = column.dtype.pyarrow_dtype  # type: ignore[union-attr]
    if pa.types.is_timestamp(kind):
        dtype: Any = "datetime64[us]" if kind.tz is None else f"datetime64[us, {kind.tz}]"
        return column.astype(dtype)
    if pa.types.is_integer(kind):
        return column.astype("Int64")
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.astype(float)
    return _typed(column.astype(object))


def _as_text(column: pd.Series) -> pd.Series:
    plain = column.astype(object)
    text = [None if _missing(value) else plain_text(value) for value in plain]
    try:
        "".join(filter(None, text)).encode("utf-8")
    except UnicodeEncodeError:
        # Half letters, which can't be written anywhere.
        text = [None if value is None else value.encode("utf-8", "replace").decode("utf-8") for value in text]
    return pd.Series(pd.array(text, dtype=TEXT_DTYPE), index=column.index, name=column.name)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def plain_text(value: Any) -> str:
    """Write one value as a CSV would: dates in ISO form, whole numbers whole, bytes as hex, lists and records as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating, decimal.Decimal)):
        number = float(value)
        return "" if np.isnan(number) else str(int(value)) if np.isfinite(number) and number == int(number) else str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex().upper()
    if isinstance(value, shapely.Geometry):
        return value.wkt
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (Mapping, list, tuple, set)):
        try:
            return json.dumps(sorted(value, key=str) if isinstance(value, set) else value, ensure_ascii=False, default=plain_text)
        except (TypeError, ValueError, RecursionError):
            return str(value)
    return str(value)
