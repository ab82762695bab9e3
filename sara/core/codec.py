"""Results to plain JSON values and back; nothing is ever unpickled.

A frame is written as CSV text with the dtype of each column beside it, geometry as WKT. Floats are written with the fewest digits that
read back to the same number, so a result that is saved and loaded is the same result. CSV has one blank for empty and for missing text, so
the rows whose text is empty are listed beside it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError
from sara.core.registry import KINDS, kind_named
from sara.core.result import Check, Counts, Setting

__all__ = ["decode", "decode_result", "encode", "encode_result"]

# pandas 3 has a text dtype of its own; before it, text is a column of objects.
_TEXT: Any = "str" if int(pd.__version__.split(".")[0]) >= 3 else object
# The outline of a city is longer than the csv module's own limit.
MAX_CELL = 500_000_000
# A time with a zone is "time[America/Chicago]".
_DTYPE = re.compile(
    r"bool|boolean|u?int(?:8|16|32|64)|U?Int(?:8|16|32|64)|float(?:32|64)|Float(?:32|64)|str|time|time\[[\w/+:-]+\]|timedelta|geometry"
)


def encode_result(result: Any) -> dict[str, Any]:
    """Return a result as ``{"kind": ..., "fields": {...}}``."""
    kind = type(result).__name__
    if kind not in KINDS:
        raise InputError(f"`result` must be a kind sara knows. Got {kind}. Add a sara result, not your own object.")
    return {"kind": kind, "fields": {name: encode(value) for name, value in result._field_values().items()}}


def decode_result(data: Mapping[str, Any]) -> Any:
    """Build the result that `encode_result` wrote."""
    if not isinstance(data, Mapping) or set(data) != {"kind", "fields"}:
        raise InputError(
            "`data` must be what to_dict() returns. Got something else. Write: sara.core.Result.from_dict(result.to_dict())"
        )
    cls = kind_named(data["kind"])
    values = {name: decode(value) for name, value in data["fields"].items()}
    try:
        if hasattr(cls, "_from_fields"):
            return cls._from_fields(values)
        return cls(**values)
    except TypeError as error:
        raise InputError(
            f"`data` must hold the fields of a {cls.__name__}. Got {sorted(values)}. The record may be damaged: {error}"
        ) from error


def encode(value: Any) -> Any:
    """Return `value` as JSON values, tagged where JSON has no such type."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (np.datetime64, np.timedelta64)):
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, (pd.Timestamp, datetime, date)):
        return {"$time": pd.Timestamp(value).isoformat()}
    if isinstance(value, pd.Timedelta):
        return {"$timedelta": value.isoformat()}
    if isinstance(value, pd.DataFrame):
        return {"$frame": _encode_frame(value)}
    if isinstance(value, np.ndarray):
        return {"$array": [encode(v) for v in value.tolist()]}
    if isinstance(value, BaseGeometry):
        return {"$wkt": value.wkt}
    if isinstance(value, Setting):
        return {"$setting": [encode(value.value), value.chosen_by, value.why]}
    if isinstance(value, Counts):
        return {
            "$counts": [value.rows_in, value.rows_used, dict(value.left_out), {k: encode(v) for k, v in value.sources.items()}]
        }
    if isinstance(value, Check):
        return {"$check": {f: encode(getattr(value, f)) for f in ("name", "passed", "text", "table", "cap")}}
    if isinstance(value, tuple):
        return {"$tuple": [encode(v) for v in value]}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if type(value).__name__ in KINDS:
        return {"$result": encode_result(value)}
    if isinstance(value, pd.DateOffset):
        return value.freqstr
    raise InputError(
        f"a record must hold tables, numbers, text and dates. Got a {type(value).__name__}. Leave it out of the result."
    )


def decode(value: Any) -> Any:
    """Return what `encode` was given."""
    if isinstance(value, list):
        return [decode(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        tag, content = next(iter(value.items()))
        if tag in _DECODERS:
            try:
                return _DECODERS[tag](content)
            except InputError:
                raise
            except Exception as error:
                raise InputError(
                    f"a record's {tag} must be as sara wrote it. Got {str(content)[:60]!r}. The record may be damaged: {error}"
                ) from error
    return {k: decode(v) for k, v in value.items()}


def _encode_frame(frame: pd.DataFrame) -> dict[str, Any]:
    if frame.columns.has_duplicates:
        double = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"a record's table must have each column once. Got two called {double!r}. Rename one.")
    columns: dict[str, str] = {}
    data: dict[Any, Any] = {}
    blank: dict[str, list[int]] = {}
    for name in frame.columns:
        # Numbers that sit in a column of objects are still numbers.
        column = frame[name].infer_objects()
        kind = columns[str(name)] = _dtype_name(column)
        data[name] = _written(column, kind)
        if kind == "str" and (empty := [row for row, text in enumerate(data[name]) if text == ""]):
            blank[str(name)] = empty
    has_geometry = isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns
    out = pd.DataFrame(data, columns=list(frame.columns), dtype=object)
    return {
        # Lines end in both characters so that the writer puts text with a bare carriage return in quotes, too.
        "csv": out.to_csv(index=False, lineterminator="\r\n"),
        "columns": columns,
        "blank": blank,
        "crs": frame.crs.to_wkt() if has_geometry and frame.crs is not None else None,
        "geometry": frame._geometry_column_name if has_geometry else None,
        "attrs": encode(dict(frame.attrs)),
    }


def _written(column: pd.Series, kind: str) -> list[Any]:
    """Return the values as they stand in the CSV text."""
    if kind == "geometry":
        return [None if g is None or g.is_empty else g.wkt for g in column]
    if kind.startswith("time["):
        column = column.dt.tz_convert("UTC")
    if kind.startswith("time"):
        return [None if pd.isna(v) else v.isoformat() for v in column]
    if kind == "str":
        return [None if _missing(v) else str(v) for v in column]
    return column.astype(object).where(column.notna(), None).to_list()


def _decode_frame(content: Mapping[str, Any]) -> pd.DataFrame:
    columns = content["columns"]
    unknown = sorted({kind for kind in columns.values() if _DTYPE.fullmatch(kind) is None})
    if unknown:
        raise InputError(f"a record's table must have column types sara writes. Got {unknown}. The record may be damaged.")
    raw = _cells(content["csv"], list(columns))
    data = {name: _read(raw[name], kind, content.get("blank", {}).get(name, [])) for name, kind in columns.items()}
    frame = pd.DataFrame(data, columns=list(columns))
    if content["geometry"] is not None:
        frame = gpd.GeoDataFrame(frame, geometry=content["geometry"], crs=content["crs"])
    frame.attrs.update(decode(content["attrs"]))
    return frame


def _cells(text: str, columns: list[str]) -> pd.DataFrame:
    """Return the cells as text, blank as missing; a frame without columns is written as an empty line."""
    if not columns:
        return pd.DataFrame()
    before = csv.field_size_limit(MAX_CELL)
    try:
        # Not pandas' own reader: it renames empty column names, and before version 3 ends a text at a zero byte.
        header, *rows = csv.reader(io.StringIO(text, newline=""))
    finally:
        csv.field_size_limit(before)
    if header != columns:
        raise InputError(f"a record's table must have the columns {columns}. Got {header}. The file may have been edited.")
    return pd.DataFrame(([cell or None for cell in row] for row in rows), columns=columns, dtype=object)


def _read(text: pd.Series, kind: Any, blank: list[int]) -> Any:
    """Return a column of the cells' text."""
    missing = text.isna()
    if kind == "geometry":
        return gpd.GeoSeries([None if _missing(wkt) else shapely.from_wkt(wkt) for wkt in text], index=text.index)
    if kind == "time":
        return pd.to_datetime(text, format="ISO8601").astype("datetime64[us]")
    if kind.startswith("time["):
        return pd.to_datetime(text, format="ISO8601", utc=True).astype("datetime64[us, UTC]").dt.tz_convert(kind[5:-1])
    if kind == "timedelta":
        return pd.to_timedelta(text)
    if kind == "str":
        out = text.astype(object).where(~missing, None)
        out.iloc[blank] = ""
        return out.astype(_TEXT)
    if kind in ("bool", "boolean"):
        return text.map({"True": True, "False": False}).astype(kind)
    if kind[0] in "IU":
        return pd.array([None if _missing(v) else int(v) for v in text], dtype=kind)
    if kind.startswith(("int", "uint")):
        return text.map(int).astype(kind)
    return text.map(float, na_action="ignore").astype(kind)


def _dtype_name(column: pd.Series) -> str:
    name = str(column.dtype)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return f"time[{column.dt.tz}]"
    if name.startswith("datetime64"):
        return "time"
    if name.startswith("timedelta64"):
        return "timedelta"
    return name if _DTYPE.fullmatch(name) else "str"


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def _decode_counts(content: Any) -> Counts:
    rows_in, rows_used, left_out, sources = content
    return Counts(rows_in, rows_used, left_out, {k: decode(v) for k, v in sources.items()})


_DECODERS = {
    "$float": float,
    "$time": pd.Timestamp,
    "$timedelta": pd.Timedelta,
    "$frame": _decode_frame,
    "$array": lambda content: np.array([decode(v) for v in content]),
    "$wkt": shapely.from_wkt,
    "$setting": lambda content: Setting(decode(content[0]), content[1], content[2]),
    "$counts": _decode_counts,
    "$check": lambda content: Check(**{k: decode(v) for k, v in content.items()}),
    "$tuple": lambda content: tuple(decode(v) for v in content),
    "$result": decode_result,
}
