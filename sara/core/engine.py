"""The reductions: the only code that touches raw rows at scale.

Almost every method needs no more than a small table of counts: by cell, by period, by (hour, weekday), by place, by area. They are written
once, in narwhals, and take whatever frame the rows are in: pandas or GeoDataFrame, Polars (also lazy), PyArrow, a DuckDB relation, Spark, or
an `EventSource` over any of them. Engines disagree about dates and weeks, so nothing here handles a date: bins are whole-number arithmetic on stored integers, and the answers are the
same to the last count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from sara.core.errors import InputError, suggest

__all__ = [
    "MOST_GROUPS",
    "cell_key",
    "counts_by",
    "counts_by_area",
    "counts_by_cell",
    "counts_by_clock",
    "counts_by_location",
    "counts_by_period",
    "day_index",
    "has_location",
    "month_index",
    "quantile_of_counts",
    "span_of",
    "week_index",
    "week_starts",
]

DAY = 86_400
WEEK = 7 * DAY
# 1970-01-01 was a Thursday; the first Monday came four days later.
FIRST_MONDAY = 4 * DAY
# Some engines round a whole-number division towards zero, some down: above zero they agree, so times before 1970 are moved up first.
_SHIFT = 1_000_000
# No place on Earth lies further than this from the origin of its coordinate system, in metres; infinities and slips do.
FARTHEST = 1e9
# A reduction with more groups than this reduces nothing, and its answer would not fit beside the rest.
MOST_GROUPS = 10_000_000

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


def has_location(x: str = "x", y: str = "y") -> nw.Expr:
    """Return the expression for rows with a usable location: missing, NaN and infinity are none, on every engine."""
    # Engines that order NaN put it above all numbers: two bounds leave it out everywhere.
    return (nw.col(x) >= -FARTHEST) & (nw.col(x) <= FARTHEST) & (nw.col(y) >= -FARTHEST) & (nw.col(y) <= FARTHEST)


def cell_key(column: str, origin: float, size: float) -> nw.Expr:
    """Return the expression for the number of the half-open cell ``[origin + k size, origin + (k + 1) size)`` that holds a coordinate.

    Missing where there is no usable coordinate.
    """
    value = nw.col(column)
    known = (value >= -FARTHEST) & (value <= FARTHEST)
    # Replaced before it is cast: some engines evaluate both branches, and NaN is no whole number.
    safe = nw.when(known).then(value).otherwise(nw.lit(0.0))
    return nw.when(known).then(((safe - origin) / size).floor().cast(nw.Int64))


def counts_by(frame: Any, keys: Keys, *, weights: str | None = None, span: str | None = None) -> pd.DataFrame:
    """Count rows by one or more keys, on any engine.

    Parameters
    ----------
    frame : DataFrame, GeoDataFrame, EventSource, Polars frame, PyArrow table, DuckDB relation or Spark DataFrame
        One row per event.
    keys : str, list of str, or dict of str to str or narwhals expression
        Columns to count by; a dict names the column of the answer: ``{"week": week_index(nw.col("t_local")), "area": "area"}``.
    weights : str, optional
        A column to add up besides the count.
    span : str, optional
        A column of whole numbers whose least and largest value is wanted besides, such as ``"t_local"``.

    Returns
    -------
    DataFrame
        One row per combination that occurs, sorted by the keys: the keys (whole numbers as Int64, a missing key last), ``n`` (rows) and,
        where asked for, ``weight`` (sum of `weights`), ``first`` and ``last`` (of `span`).

    Raises
    ------
    InputError
        If a key names a column that is not in the frame, or there are more than 10 million groups.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.core.engine import counts_by
    >>> calls = pd.DataFrame({"category": ["noise", "theft", "noise"], "dow": [4, 5, 4]})
    >>> counts_by(calls, ["category", "dow"])["n"].tolist()
    [2, 1]
    """
    table = _native(frame)
    schema = table.collect_schema()
    named = _named(keys)
    for wanted in [*(key for key in named.values() if isinstance(key, str)), *(name for name in (weights, span) if name)]:
        if wanted not in schema:
            have = list(schema)
            raise InputError(
                f"`keys` must name columns of the table. Got {wanted!r}.{suggest(wanted, have)} Columns: {', '.join(have[:20])}"
            )
    picked = [(_plain(key, schema) if isinstance(key, str) else key).alias(name) for name, key in named.items()]
    sums = [nw.len().alias("n")]
    if weights:
        picked.append(nw.col(weights).alias("weight"))
        sums.append(nw.col("weight").sum())
    if span:
        picked.append(nw.col(span).alias("last"))
        sums += [nw.col("last").min().alias("first"), nw.col("last").max().alias("last")]
    counted = table.select(*picked).group_by(*named).agg(*sums).head(MOST_GROUPS + 1)
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


def counts_by_location(frame: Any, *, by: Keys = (), weights: str | None = None) -> pd.DataFrame:
    """Count rows by distinct location, and by further keys: ``x``, ``y``, the keys, ``n``; rows without a location are left out.

    A hundred million calls come from a few hundred thousand places: what is asked of each location (which area, how far) is asked once.
    """
    table = _native(frame).filter(has_location())
    return counts_by(table, {"x": "x", "y": "y", **_named(by)}, weights=weights)


def counts_by_area(frame: Any, label: Callable[[Any, Any], Any], *, by: Keys = ()) -> pd.DataFrame:
    """Count rows by the area that holds them, and by further keys: ``area``, the keys, ``n``.

    Parameters
    ----------
    frame : any frame
        As in `counts_by`.
    label : callable
        Takes the arrays x and y of distinct locations and returns the area of each, None outside all: exact shapes, on any engine.
    by : keys, optional
        As in `counts_by`.

    Returns
    -------
    DataFrame
        ``area`` missing for rows outside all areas; rows without a location are left out.
    """
    counted = counts_by_location(frame, by=by)
    counted["area"] = pd.Series(label(counted["x"].to_numpy(), counted["y"].to_numpy()), dtype=object).to_numpy()
    keys = ["area", *_named(by)]
    out = counted.groupby(keys, as_index=False, dropna=False, sort=False).agg(n=("n", "sum"))
    return out.sort_values(keys, na_position="last", kind="stable", ignore_index=True)


def span_of(frame: Any, column: str = "t_local") -> tuple[int, int] | None:
    """Return the least and largest value of a column of whole numbers, or None where it has none."""
    table = _native(frame).select(nw.col(column).min().alias("first"), nw.col(column).max().alias("last"))
    first, last = _home(table).iloc[0]
    return None if pd.isna(first) else (int(first), int(last))


def quantile_of_counts(values: Any, n: Any, q: float, *, method: str = "lower") -> float:
    """Return the quantile of values that occur `n` times each, as `numpy.quantile` has it for the rows.

    Parameters
    ----------
    values, n : array-like
        Distinct or repeated values, in any order, and how many rows hold each.
    q : float
        From 0 to 1.
    method : {"lower", "higher"}
        Which of the two neighbouring rows, where `q` falls between them.

    Examples
    --------
    >>> quantile_of_counts([10, 20, 30], [1, 8, 1], 0.5)
    20.0
    """
    values, n = np.asarray(values, dtype=float), np.asarray(n, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(n[order])
    at = (upto[-1] - 1) * q
    row = int(np.floor(at) if method == "lower" else np.ceil(at))
    return float(values[order][np.searchsorted(upto, row, side="right")])


def _named(keys: Keys) -> dict[str, Any]:
    """Return keys as name -> column or expression."""
    return {keys: keys} if isinstance(keys, str) else dict(keys) if isinstance(keys, Mapping) else {key: key for key in keys}


def _plain(column: str, schema: Any) -> nw.Expr:
    """Return a column as every engine groups it alike: categories as their text."""
    kind = schema[column]
    return nw.col(column).cast(nw.String) if kind in (nw.Categorical, nw.Enum) else nw.col(column)


def _native(frame: Any) -> Any:
    from sara.core.source import EventSource

    if isinstance(frame, EventSource):
        return frame.lazy()
    # A GeoDataFrame without its geometry is a plain frame; narwhals then never copies shapes.
    if isinstance(frame, pd.DataFrame):
        frame = pd.DataFrame(frame)
    try:
        return nw.from_native(frame, pass_through=False)
    except TypeError as error:
        raise InputError(
            f"`frame` must be a table (pandas, Polars, PyArrow, DuckDB, Spark). Got a {type(frame).__name__}. Read it first."
        ) from error


def _home(table: Any) -> pd.DataFrame:
    """Bring a reduced table home as pandas; Arrow is the way that keeps types, and the quick one from Spark."""
    return (table.collect(backend="pyarrow") if isinstance(table, nw.LazyFrame) else table).to_pandas()


def _small(counted: Any, keys: list[str]) -> pd.DataFrame:
    """Give a reduced table the same types whatever engine made it."""
    out = _home(counted)
    if len(out) > MOST_GROUPS:
        raise InputError(
            f"`keys` must give at most {MOST_GROUPS:,} groups. Got more by {', '.join(keys)}. Narrow the rows first: source.where(\"category == 'disorder'\")"
        )
    for key in keys:
        kind = out[key].dtype
        if pd.api.types.is_float_dtype(kind) and (key in ("x", "y") or (out[key].dropna() % 1 != 0).any()):
            out[key] = out[key].astype(float)
        elif pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
            out[key] = out[key].astype("Int64")
        elif pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind):
            out[key] = out[key].astype(object).where(out[key].notna(), None)
    out["n"] = out["n"].astype("int64")
    for name, whole in (("weight", False), ("first", True), ("last", True)):
        if name in out and name not in keys:
            out[name] = out[name].astype("Int64" if whole else "float64")
    return out.sort_values(keys, na_position="last", kind="stable", ignore_index=True)
