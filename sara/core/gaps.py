"""Days for which a file says nothing: empty, although many rows were to be expected. Nothing is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.period import Period

__all__ = ["DUE", "empty_runs", "gaps_of_days", "gaps_of_times"]

Ints = npt.NDArray[np.int64]
# Where this many rows were due, chance leaves none in one case of 500 million.
DUE = 20.0
# Days on each side that say what was due: a season that fades out is no outage, a feed that breaks off is one ...
SIDES = (7, 28)
# ... and what was due must have been so within so many days: after the last firework of the summer a long winter proves nothing.
AT_ONCE = 28
# A weekday with less than this share of a usual day's rows is one on which the office is closed ...
CLOSED = 0.1
# ... and such an office is closed on holidays too: up to two open days in a row without a row are no gap.
HOLIDAYS = 2


def gaps_of_times(time: Any, span: Period | None, precision: str = "minute") -> list[list[str]]:
    """Return the gaps of a whole file as its record keeps them: ``[first day, day after the last]`` each.

    Parameters
    ----------
    time : array-like of datetime64
        Of all rows of the file; missing ones are passed over.
    span : (Timestamp, Timestamp) or None
        What the file covers.
    precision : str
        Of its times; months without a day have no gaps of days.
    """
    values = np.asarray(time, dtype="datetime64[us]")
    day = values[~np.isnat(values)].astype("datetime64[D]").astype(np.int64)
    return gaps_of_days(*np.unique(day, return_counts=True), span, precision)


def gaps_of_days(day: Any, n: Any, span: Period | None, precision: str = "minute") -> list[list[str]]:
    """Return the same from how many rows each day holds (days since 1970, in order)."""
    if span is None or precision == "month":
        return []
    start, end = (int(np.datetime64(at, "D").astype(np.int64)) for at in span)
    at, held = np.asarray(day, dtype=np.int64), np.asarray(n, dtype=np.int64)
    inside = (at >= start) & (at < end)
    days = np.bincount(at[inside] - start, weights=held[inside], minlength=max(end - start, 0)).astype(np.int64)
    first = pd.Timestamp(np.datetime64(start, "D"))
    return [
        [f"{first + pd.Timedelta(days=begin):%Y-%m-%d}", f"{first + pd.Timedelta(days=begin + length):%Y-%m-%d}"]
        for begin, length, _ in empty_runs(days, first.weekday())
    ]


def empty_runs(days: Any, weekday: int = 0) -> list[tuple[int, int, float]]:
    """Return the runs of empty days that chance does not make, in order: first day, days, rows that were due.

    Parameters
    ----------
    days : array-like of int
        Rows on each day.
    weekday : int
        Of the first day (Monday 0).

    Notes
    -----
    What was due is the smallest of the daily rates of the 7 and 28 days before and after, by weekday; days of gaps already found say nothing
    about it. 20 rows or more must have been due in the run, or in its first 28 days.
    """
    n = np.asarray(days, dtype=float)
    edges = np.flatnonzero(np.diff(np.r_[False, n == 0, False].astype(np.int8)))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    dow = (np.arange(len(n)) + weekday) % 7
    found: set[tuple[int, int]] = set()
    known = np.ones(len(n), dtype=bool)
    # A long gap hides the rate that shows the next one: look again until nothing new is found.
    for _ in range(len(runs) + 1):
        share, office = _week(n[known], dow[known])
        usual = share[dow]
        new = {
            (begin, end)
            for begin, end in runs
            if (begin, end) not in found
            and _rate(n, usual, known, begin, end) * float(usual[begin : min(end, begin + AT_ONCE)].sum()) >= DUE
            and not (office and int((usual[begin:end] > 0).sum()) <= HOLIDAYS)
        }
        if not new:
            break
        found |= new
        for begin, end in new:
            known[begin:end] = False
    return [
        (begin, end - begin, _rate(n, usual, known, begin, end) * float(usual[begin:end].sum())) for begin, end in sorted(found)
    ]


def _week(n: npt.NDArray[np.float64], dow: Ints) -> tuple[npt.NDArray[np.float64], bool]:
    """Return the rows of each weekday as a share of those of a usual day, and whether the file is that of an office closed on some of them."""
    if len(n) < 2 * 7 or not n.any():
        return np.ones(7), False
    mean = np.bincount(dow, weights=n, minlength=7) / np.maximum(np.bincount(dow, minlength=7), 1)
    share = mean / np.median(mean[mean > 0])
    closed = share <= CLOSED
    return np.where(closed, 0.0, share), bool(closed.any() and n.mean() >= 1)


def _rate(
    n: npt.NDArray[np.float64], usual: npt.NDArray[np.float64], known: npt.NDArray[np.bool_], begin: int, end: int
) -> float:
    """Return the rows of a usual day around a run, where there were fewest."""
    rates = []
    for days in SIDES:
        for side in (slice(max(begin - days, 0), begin), slice(end, end + days)):
            due = float(usual[side][known[side]].sum())
            if due > 0:
                rates.append(float(n[side][known[side]].sum()) / due)
    return min(rates, default=0.0)
