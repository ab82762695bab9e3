"""Results to plain JSON values and back; nothing is ever unpickled.

A frame is written as CSV text with the dtype of each column beside it, geometry as WKT. Floats are written with the fewest digits that
read back to the same number, so a result that is saved and loaded is the same result. Empty text reads back as missing.
"""

from __future__ import annotations

import io
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
_TEXT = "str" if int(pd.__version__.split(".")[0]) >= 3 else object
_DTYPES = {
    "bool",
    "boolean",
    "int64",
    "int32",
    "int16",
    "int8",
    "Int64",
    "Int32",
    "Int16",
    "Int8",
    "float64",
    "float32",
    "str",
    "time",
    "geometry",
}


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
    columns: dict[str, str] = {}
    data: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        kind = _dtype_name(column)
        columns[str(name)] = kind
        if kind == "geometry":
            data[name] = [None if g is None or g.is_empty else g.wkt for g in column]
        elif kind == "time":
            data[name] = [None if pd.isna(v) else pd.Timestamp(v).isoformat() for v in column]
        elif kind == "str":
            data[name] = [None if _missing(v) else str(v) for v in column]
        else:
            data[name] = column.astype(object).where(column.notna(), None).to_numpy()
    out = pd.DataFrame(data, columns=list(frame.columns))
    crs = (
        frame.crs.to_wkt()
        if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns and frame.crs is not None
        else None
    )
    geometry = (
        frame._geometry_column_name
        if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns
        else None
    )
    return {
        "csv": out.to_csv(index=False, lineterminator="\n"),
        "columns": columns,
        "crs": crs,
        "geometry": geometry,
        "attrs": encode(dict(frame.attrs)),
    }


def _decode_frame(content: Mapping[str, Any]) -> pd.DataFrame:
    columns = content["columns"]
    unknown = set(columns.values()) - _DTYPES
    if unknown:
        raise InputError(
            f"a record's table must have column types sara writes. Got {sorted(unknown)}. The record may be damaged."
        )
    # A frame without rows is written as its header line alone; a frame without columns as an empty line.
    raw = (
        pd.read_csv(io.StringIO(content["csv"]), dtype=str, keep_default_na=False, na_values=[""], skip_blank_lines=False)
        if columns
        else pd.DataFrame()
    )
    if list(raw.columns) != list(columns):
        raise InputError(
            f"a record's table must have the columns {list(columns)}. Got {list(raw.columns)}. The file may have been edited."
        )
    data: dict[str, Any] = {}
    for name, kind in columns.items():
        text = raw[name]
        if kind == "geometry":
            data[name] = gpd.GeoSeries([None if _missing(wkt) else shapely.from_wkt(wkt) for wkt in text], index=raw.index)
        elif kind == "time":
            data[name] = pd.to_datetime(text, format="ISO8601").astype("datetime64[us]")
        elif kind == "str":
            data[name] = text.astype(object).where(text.notna(), None).astype(_TEXT)
        elif kind in ("bool", "boolean"):
            data[name] = text.map({"True": True, "False": False}).astype(kind)
        elif kind[0] == "I":
            data[name] = pd.array([None if _missing(v) else int(v) for v in text], dtype=kind)
        elif kind.startswith("int"):
            data[name] = text.map(int).astype(kind)
        else:
            data[name] = text.map(float, na_action="ignore").astype(kind)
    frame = pd.DataFrame(data, columns=list(columns))
    if content["geometry"] is not None:
        frame = gpd.GeoDataFrame(frame, geometry=content["geometry"], crs=content["crs"])
    frame.attrs.update(decode(content["attrs"]))
    return frame


def _dtype_name(column: pd.Series) -> str:
    name = str(column.dtype)
    if name == "geometry":
        return "geometry"
    if name.startswith("datetime64"):
        return "time"
    if name in _DTYPES:
        return name
    return "str"


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
