"""The columns of the event table as stores hold them, and back."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from sara.core.engine import day_index

__all__ = ["COLUMNS", "FEW", "STAMPS", "WHOLE", "absent", "column_of", "nothing", "with_month"]

# Texts that repeat: kept as categories where memory counts.
FEW = (
    "source",
    "type",
    "category",
    "origin",
    "priority",
    "disposition",
    "channel",
    "language",
    "address",
    "place",
    "area",
    "caller",
)
STAMPS = ("time", "time_to", "received", "dispatched", "arrived", "closed")
# Text has a type of its own from pandas 3 on.
_NEW = int(pd.__version__.split(".")[0]) >= 3
WHOLE = {"t": "Int64", "t_local": "Int64", "month": "Int8", "dow": "Int8", "hour": "Int8"}
COLUMNS = (
    "id", "source", "time", "t", "t_local", "month", "dow", "hour", "time_to", "type", "category", "origin", "priority", "disposition",
    "channel", "language", "received", "dispatched", "arrived", "closed", "address", "place", "area", "text", "caller", "x", "y", "geometry",
    "n_reports", "merged_ids",
)  # fmt: skip


def absent(name: str) -> Any:
    """Return a column that was not published: hour and weekday are worked out, the rest is missing."""
    t = nw.col("t_local")
    if name == "hour":
        return ((t - day_index(t) * 86_400) // 3_600).alias(name)
    if name == "dow":
        days = day_index(t) + 3
        return (days - 7 * ((days + 700_000_000) // 7 - 100_000_000)).alias(name)
    if name == "t":
        return t.alias(name)
    kind: Any = (
        nw.Float64
        if name in ("x", "y")
        else nw.Int64
        if name == "n_reports"
        else nw.Datetime("us")
        if name in STAMPS
        else nw.String
    )
    return nw.lit(1 if name == "n_reports" else None).cast(kind).alias(name)


def with_month(frame: Any) -> Any:
    """Return a frame with the column ``month`` worked out step by step: as one expression it would repeat its parts a hundred times."""
    c = nw.col
    # The calendar counted from 1 March of year 0, so that the leap day is the last of its year; moved up by whole 400 years to stay above zero.
    frame = frame.with_columns(_day=day_index(c("t_local")) + 719_468 + 146_097 * 10)
    frame = frame.with_columns(_day=c("_day") - c("_day") // 146_097 * 146_097)
    frame = frame.with_columns(_year=(c("_day") - c("_day") // 1_460 + c("_day") // 36_524 - c("_day") // 146_096) // 365)
    frame = frame.with_columns(_day=c("_day") - (365 * c("_year") + c("_year") // 4 - c("_year") // 100))
    frame = frame.with_columns(_month=(5 * c("_day") + 2) // 153)
    # March is 0 here, and February 11.
    frame = frame.with_columns(month=nw.when(c("_month") < 10).then(c("_month") + 3).otherwise(c("_month") - 9))
    return frame.drop("_day", "_year", "_month")


def column_of(values: Any, name: str, compact: bool) -> Any:
    """Return one Arrow column as the event table has it."""
    import pyarrow as pa

    kind = values.type
    if name in WHOLE:
        width = pa.int64() if WHOLE[name] == "Int64" else pa.int8()
        return values.cast(width).to_pandas(
            types_mapper={width: pd.Int64Dtype() if WHOLE[name] == "Int64" else pd.Int8Dtype()}.get
        )
    if name in STAMPS:
        return values.to_pandas().astype("datetime64[us]")
    if name in ("x", "y"):
        return values.cast(pa.float64()).to_pandas().astype(float)
    if compact and values.null_count == len(values) and name not in ("id",):
        return nothing(name, len(values), compact)
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        if compact and name in FEW:
            return (values if pa.types.is_dictionary(kind) else values.dictionary_encode()).unify_dictionaries().to_pandas()
        return _text(values.cast(pa.string()).to_pandas())
    if pa.types.is_null(kind):
        return nothing(name, len(values), compact)
    return values.to_pandas()


def _text(values: pd.Series) -> pd.Series:
    return values.astype("str" if _NEW else "object")


def nothing(name: str, n: int, compact: bool = False) -> Any:
    """Return a column of the event table that was not published; compact, a text takes one byte a row."""
    if name in WHOLE:
        kind = np.int64 if WHOLE[name] == "Int64" else np.int8
        return pd.arrays.IntegerArray(np.zeros(n, dtype=kind), np.ones(n, dtype=bool))
    if name in STAMPS:
        return np.full(n, np.datetime64("NaT", "us"))
    if name in ("x", "y"):
        return np.full(n, np.nan)
    if name == "n_reports":
        return np.ones(n, dtype=np.int64)
    if compact:
        return pd.Categorical.from_codes(np.full(n, -1, dtype=np.int8), categories=pd.Index([], dtype="str" if _NEW else object))
    return _text(pd.Series(np.full(n, None, dtype=object)))
