"""The reductions: the only code that touches raw rows at scale.

Almost every method needs no more than a small table of counts: by cell, by period, by (hour, weekday), by place, by area. They are written
once, in narwhals, and take whatever frame the rows are in: pandas or GeoDataFrame, Polars (also lazy), PyArrow, a DuckDB relation. Engines
disagree about dates and weeks, so nothing here handles a date: bins are whole-number arithmetic on stored integers, and the answers are the
same to the last count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from sara.core.errors import InputError, suggest

__all__ = [
    "cell_key",
    "counts_by",
    "counts_by_cell",
    "counts_by_clock",
    "counts_by_period",
    "day_index",
    "month_index",
    "week_index",
    "week_starts",
]

DAY = 86_400
WEEK = 7 * DAY
# 1970-01-01 was a Thursday; the first Monday came four days later.
FIRST_MONDAY = 4 * DAY
# Some engines round a whole-number division towards zero, some down: above zero they agree, so times before 1970 are moved up first.
_SHIFT = 100_000

Keys = str | Sequence[str] | Mapping[str, Any]


def week_index(t: Any) -> Any:
    """Return the number of the week, Monday to Sunday, that holds each second `t`; week 0 began on 1970-01-05.

    Parameters
    ----------
    t : int, array, Series or narwhals expression
        Seconds since 1970 of local wall time (the column ``t_local``).

    Returns
    -------
    same kind as `t`
        ``week_starts`` turns it back into a date.
    """
    return (t - FIRST_MONDAY + WEEK * _SHIFT) // WEEK - _SHIFT


def day_index(t: Any) -> Any:
    """Return the number of the day that holds each second `t`; day 0 was 1970-01-01."""
    return (t + DAY * _SHIFT) // DAY - _SHIFT


def month_index(t: Any) -> Any:
    """Return the number of the calendar month that holds each second `t`; month 0 was January 1970.

    Parameters
    ----------
    t : int, array or Series
        Seconds since 1970 of local wall time (the column ``t_local``).

    Returns
    -------
    same kind as `t`
        ``numpy.asarray(index).astype("datetime64[M]")`` is the month.

    Notes
    -----
    Whole-number form of the Gregorian calendar counted from 1 March of year 0, so that the leap day is the last of its year.
    """
    day = day_index(t) + 719_468
    era = day // 146_097
    of_era = day - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return (year + era * 400) * 12 + (5 * of_year + 2) // 153 + 2 - 12 * 1970


def week_starts(index: Any) -> pd.DatetimeIndex:
    """Return the Mondays of week numbers from `week_index`."""
    return pd.to_datetime(pd.Index(index).to_numpy(dtype="int64") * WEEK + FIRST_MONDAY, unit="s").as_unit("us")


def cell_key(column: str, origin: float, size: float) -> nw.Expr:
    """Return the expression for the number of the half-open cell ``[origin + k size, origin + (k + 1) size)`` that holds a coordinate."""
    return ((nw.col(column) - origin) / size).floor().cast(nw.Int64)


def counts_by(frame: Any, keys: Keys, *, weights: str | None = None) -> pd.DataFrame:
    """Count rows by one or more keys, on any engine.

    Parameters
    ----------
    frame : DataFrame, GeoDataFrame, Polars frame, PyArrow table or DuckDB relation
        One row per event.
    keys : str, list of str, or dict of str to str or narwhals expression
        Columns to count by; a dict names the column of the answer: ``{"week": week_index(nw.col("t_local")), "area": "area"}``.
    weights : str, optional
        A column to add up besides the count.

    Returns
    -------
    DataFrame
        One row per combination that occurs, sorted by the keys: the keys (whole numbers as Int64, a missing key last), ``n`` (rows) and,
        where asked for, ``weight`` (sum of `weights`).

    Raises
    ------
    InputError
        If a key names a column that is not in the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.core.engine import counts_by
    >>> calls = pd.DataFrame({"category": ["noise", "theft", "noise"], "dow": [4, 5, 4]})
    >>> counts_by(calls, ["category", "dow"])["n"].tolist()
    [2, 1]
    """
    table = _native(frame)
    columns = table.collect_schema().names()
    named = _named(keys)
    for wanted in [*(key for key in named.values() if isinstance(key, str)), *([weights] if weights else [])]:
        if wanted not in columns:
            raise InputError(
                f"`keys` must name columns of the table. Got {wanted!r}.{suggest(wanted, columns)} Columns: {', '.join(columns[:20])}"
            )
    picked = [(nw.col(key) if isinstance(key, str) else key).alias(name) for name, key in named.items()]
    sums = [nw.len().alias("n")]
    if weights:
        picked.append(nw.col(weights).alias("weight"))
        sums.append(nw.col("weight").sum())
    counted = table.select(*picked).group_by(*named).agg(*sums)
    return _small(counted, list(named))


def counts_by_cell(
    frame: Any, *, origin: tuple[float, float], size: float, by: Keys = (), weights: str | None = None
) -> pd.DataFrame:
    """Count rows by square cell of `size` metres, and by further keys: ``row``, ``column``, the keys, ``n``."""
    cells = {"row": cell_key("y", origin[1], size), "column": cell_key("x", origin[0], size)}
    return counts_by(frame, {**cells, **_named(by)}, weights=weights)


def counts_by_period(frame: Any, *, freq: str = "W", by: Keys = (), weights: str | None = None) -> pd.DataFrame:
    """Count rows by day ("D"), week ("W", Monday to Sunday) or month ("MS") number, and by further keys: ``period``, the keys, ``n``."""
    if freq not in ("D", "W", "MS"):
        raise InputError(f"`freq` must be one of 'D', 'W', 'MS'. Got {freq!r}. Count days and add them up for anything else.")
    number = week_index if freq == "W" else day_index
    out = counts_by(frame, {"period": number(nw.col("t_local")), **_named(by)}, weights=weights)
    if freq != "MS":
        return out
    # Days are few: the calendar is applied to them here, not to every row in the engine.
    out["period"] = month_index(out["period"] * DAY)
    keys = ["period", *_named(by)]
    return (
        out.groupby(keys, as_index=False, dropna=False, sort=False)
        .sum()
        .sort_values(keys, na_position="last", kind="stable", ignore_index=True)
    )


def counts_by_clock(frame: Any, *, weights: str | None = None) -> pd.DataFrame:
    """Count rows by weekday (0 = Monday) and hour: ``dow``, ``hour``, ``n``."""
    return counts_by(frame, ["dow", "hour"], weights=weights)


def _named(keys: Keys) -> dict[str, Any]:
    """Return keys as name -> column or expression."""
    return {keys: keys} if isinstance(keys, str) else dict(keys) if isinstance(keys, Mapping) else {key: key for key in keys}


def _native(frame: Any) -> Any:
    # A GeoDataFrame without its geometry is a plain frame; narwhals then never copies shapes.
    if isinstance(frame, pd.DataFrame):
        frame = pd.DataFrame(frame)
    try:
        return nw.from_native(frame)
    except TypeError as error:
        raise InputError(
            f"`frame` must be a table (pandas, Polars, PyArrow, DuckDB). Got a {type(frame).__name__}. Read it first."
        ) from error


def _small(counted: Any, keys: list[str]) -> pd.DataFrame:
    """Bring a reduced table home as pandas with the same types whatever engine made it."""
    out = (counted.collect() if isinstance(counted, nw.LazyFrame) else counted).to_pandas()
    for key in keys:
        if pd.api.types.is_numeric_dtype(out[key].dtype) and not pd.api.types.is_bool_dtype(out[key].dtype):
            out[key] = out[key].astype("Int64")
        elif pd.api.types.is_string_dtype(out[key].dtype) or out[key].dtype == object:
            out[key] = out[key].astype(object).where(out[key].notna(), None)
    out["n"] = out["n"].astype("int64")
    if "weight" in out:
        out["weight"] = out["weight"].astype(float)
    return out.sort_values(keys, na_position="last", kind="stable", ignore_index=True)
