"""Events known to lie between two moments: from the table to whole minutes, with what is missing, reversed or long told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_source, record_of
from sara.core.errors import InputError
from sara.core.source import EventSource
from sara.core.stats.aoristic import DAY, WEEK

__all__ = ["Intervals", "Pieces", "intervals_of", "pieces_of"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

# 1970-01-01 was a Thursday: minutes since then, counted from the Monday before.
_MONDAY = 3 * DAY
_SEARCH = 30


@dataclass(frozen=True, eq=False)
class Intervals:
    """First and last possible moment of every row (µs; NaT where missing), which rows have no hour, and which officers started."""

    start: Times
    end: Times
    no_hour: Bools
    officer: Bools
    zone: str | None


@dataclass(frozen=True, eq=False)
class Pieces:
    """Stretches of the clock face, in minutes from a Monday on: most intervals are one, those over a change of the clocks two.

    ``row`` is the interval that a piece belongs to, ``each`` the part of it. ``length`` holds the minutes that truly passed in each
    interval, ``turned`` those whose end lies before their start only because the clocks went back.
    """

    at: Ints
    minutes: Ints
    each: npt.NDArray[np.float64]
    row: Ints
    length: Ints
    turned: Bools
    changed: Bools


def intervals_of(events: Any) -> Intervals:
    """Return the intervals of an event table or a source, both checked; raise where they have no hours or no ends."""
    if isinstance(events, EventSource):
        check_source(events, events.n_rows)
        events = events.load(columns=["time", "time_to", "hour", "origin"], limit=events.n_rows, compact=True)
    start, end = events["time"].to_numpy(dtype="datetime64[us]"), _ends(events)
    record = record_of(events)
    if record.get("time_precision") in ("day", "month") or _only_dates(start):
        raise InputError(
            f"`events` must have times with an hour. Got dates only (first row: {pd.Timestamp(start[~np.isnat(start)][0]):%Y-%m-%d}). Read a column that holds the time of day, or write: sara.trends.day_of_week_test(events)"
        )
    if np.isnat(end).all():
        raise InputError(
            "`events` must have `time_to`, the latest moment at which each may have happened. Got none. Write: sara.as_events(table, time='from', time_to='until'); where one time is known: sara.trends.clock(events)"
        )
    if _only_dates(end):
        raise InputError(
            f"`time_to` must hold times with an hour. Got dates only (first: {pd.Timestamp(end[~np.isnat(end)][0]):%Y-%m-%d}): an interval up to midnight would leave out that day. Read a column that holds the time of day."
        )
    officer = events["origin"].isin(["officer"]).to_numpy(dtype=bool, na_value=False)
    zone = record.get("zone")
    # Rows of a file of dates that was joined with one of times.
    no_hour = (
        events["hour"].isna().to_numpy(dtype=bool) & ~np.isnat(start)
        if "hour" in events.columns
        else np.zeros(len(start), dtype=bool)
    )
    return Intervals(start, end, no_hour, officer, str(zone) if zone else None)


def _ends(events: pd.DataFrame) -> Times:
    if "time_to" not in events.columns:
        return np.full(len(events), np.datetime64("NaT", "us"))
    values = events["time_to"]
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = pd.to_datetime(values, errors="coerce")
    if getattr(values.dtype, "tz", None) is not None:
        raise InputError(
            f"`time_to` must hold local times without a zone, as `time` does. Got {values.dtype}. Write: events['time_to'] = events['time_to'].dt.tz_convert(zone).dt.tz_localize(None)"
        )
    return np.asarray(values.to_numpy(dtype="datetime64[us]"))


def _only_dates(times: Times) -> bool:
    known = times[~np.isnat(times)]
    return len(known) > 1 and bool((known == known.astype("datetime64[D]").astype(known.dtype)).all())


def pieces_of(start: Times, end: Times, zone: str | None) -> Pieces:
    """Return intervals as stretches of the clock face; an hour that was skipped gets nothing, one that came twice counts twice.

    Parameters
    ----------
    start, end : array of datetime64
        Local wall times, none missing, cut to whole minutes here.
    zone : str, optional
        Time zone whose changes of the clocks are allowed for; none if not given.
    """
    first, last = _minutes(start), _minutes(end)
    length = last - first
    turned, changed = np.zeros(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
    row = np.arange(len(first))
    at, minutes, each = first, length, np.ones(len(first))
    extra: list[tuple[Ints, Ints, npt.NDArray[np.float64], Ints]] = []
    for before, after in _changes(zone, first):
        # Forward (after > before): what lies between never was. Back: it came twice, and a start in it was the first time round.
        over = (first < before) & (last >= max(before, after)) & (length < WEEK)
        back = (first >= after) & (first < before) & (last >= after) & (last < first)
        touched = np.flatnonzero((over | back) & ~changed)
        if not len(touched):
            continue
        head, tail = before - first[touched], last[touched] - after
        whole = np.maximum(head + tail, 1)
        turned[touched] = back[touched]
        changed[touched] = True
        length[touched] = head + tail
        at, minutes = at.copy() if at is first else at, minutes.copy() if minutes is length else minutes
        minutes[touched], each[touched] = head, head / whole
        extra.append((np.full(len(touched), after), tail, tail / whole, touched))
    if extra:
        at, minutes, each, row = (
            np.concatenate([whole, *(part[k] for part in extra)]) for k, whole in enumerate((at, minutes, each, row))
        )
    return Pieces(at + _MONDAY, minutes, each, row, length, turned, changed)


def _minutes(times: Times) -> Ints:
    return times.astype("datetime64[m]").astype(np.int64)


def _changes(zone: str | None, first: Ints) -> list[tuple[int, int]]:
    """Return the wall minutes (before, after) at which clocks were changed, from the first start to a week after the last one."""
    if zone is None or not len(first):
        return []
    # Clocks are changed on the hour or half past.
    low, high = int(first.min()) // 60 * 60 - 2 * DAY, int(first.max()) + WEEK + 2 * DAY
    days = np.arange(low, high + DAY, DAY)
    shifts = np.flatnonzero(np.diff(_offset(days, zone)))
    out = []
    for i in shifts:
        utc = np.arange(days[i], days[i + 1] + _SEARCH, _SEARCH)
        offset = _offset(utc, zone)
        for j in np.flatnonzero(np.diff(offset)):
            out.append((int(utc[j + 1] + offset[j]), int(utc[j + 1] + offset[j + 1])))
    return out


def _offset(utc: Ints, zone: str) -> Ints:
    """Return minutes of wall time ahead of UTC."""
    known = pd.DatetimeIndex(utc.astype("datetime64[m]").astype("datetime64[s]")).tz_localize("UTC").tz_convert(zone)
    return np.asarray(known.tz_localize(None).to_numpy(dtype="datetime64[m]").astype(np.int64) - utc)
