"""Which months a table covers, and which rows a method may use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.core.engine import counts_by_period
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import period as parse_period

__all__ = ["Period", "coverage", "coverage_of_days", "in_period", "resolve_period"]

Period = tuple[pd.Timestamp, pd.Timestamp]

# A file with 28 rows from 2000 and the rest from 2011 covers 2011 on: three empty months end a run.
GAP_MONTHS = 3


def coverage(time: Any) -> Period | None:
    """Return the longest run of days without a gap of three empty months, or None without a time.

    Parameters
    ----------
    time : array-like of datetime64
        Local wall times; missing ones are passed over.

    Returns
    -------
    (Timestamp, Timestamp) or None
        First day of the run, and the day after its last: half-open. Of runs equally long, the one with more events.
    """
    values = np.asarray(time, dtype="datetime64[us]")
    values = values[~np.isnat(values)]
    if len(values) == 0:
        return None
    return coverage_of_days(*np.unique(values.astype("datetime64[D]").astype(np.int64), return_counts=True))


def coverage_of_days(day: Any, n: Any) -> Period | None:
    """Return the same from how many events each day holds (days since 1970, in order), which is all that it depends on."""
    day, n = np.asarray(day, dtype=np.int64), np.asarray(n, dtype=np.int64)
    if len(day) == 0:
        return None
    month_of = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    months, first = np.unique(month_of, return_index=True)
    held = np.add.reduceat(n, first)
    breaks = np.flatnonzero(np.diff(months) > GAP_MONTHS) + 1
    starts, ends = np.r_[0, breaks], np.r_[breaks, len(months)]
    lengths = months[ends - 1] - months[starts] + 1
    best = np.lexsort((np.add.reduceat(held, starts), lengths))[-1]
    run = day[(month_of >= months[starts[best]]) & (month_of <= months[ends[best] - 1])]
    return pd.Timestamp(run[0].astype("datetime64[D]")), pd.Timestamp(run[-1].astype("datetime64[D]")) + pd.Timedelta(days=1)


def resolve_period(events: pd.DataFrame | EventSource, period: Any = None) -> tuple[pd.Timestamp, pd.Timestamp, Setting]:
    """Return ``(start, end, setting)``: the period given, else the file's coverage, else the coverage of these rows."""
    if period is not None:
        start, end = parse_period(period)
        return start, end, Setting(_words(start, end), "you")
    stored = record_of(events).get("coverage")
    if stored:
        start, end = (pd.Timestamp(value) for value in stored)
        return start, end, Setting(_words(start, end), "sara", "the longest run of the file without three empty months")
    found = _of_rows(events)
    if found is None:
        raise NotEnoughDataError("a period needs at least 1 event with a time. Got 0. Check the time column: sara.audit(events)")
    return *found, Setting(
        _words(*found), "sara", "the longest run of these rows without three empty months; the table has lost its own record"
    )


def _of_rows(events: pd.DataFrame | EventSource) -> Period | None:
    if not isinstance(events, EventSource):
        return coverage(events["time"])
    days = counts_by_period(events, freq="D").dropna(subset=["period"])
    return coverage_of_days(days["period"].astype("int64"), days["n"])


def in_period(time: pd.Series | np.ndarray, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Return a mask of times from `start` up to, not including, `end`; missing times are outside."""
    if not pd.api.types.is_datetime64_any_dtype(time):
        raise InputError(f"`time` must hold dates. Got {time.dtype}. Write: events = sara.as_events(table, time='...')")
    values = np.asarray(time, dtype="datetime64[us]")
    return (values >= np.datetime64(start)) & (values < np.datetime64(end))


def _words(start: pd.Timestamp, end: pd.Timestamp) -> str:
    return f"{start:%Y-%m-%d} to {end - pd.Timedelta(microseconds=1):%Y-%m-%d}"
