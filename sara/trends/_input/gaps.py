"""Stretches of time for which the file says nothing: known by its record, or told by the user. Nothing is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import record_of
from sara.core.engine import counts_by_period
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.gaps import DUE
from sara.core.source import EventSource
from sara.core.units import period as parse_period

__all__ = ["Gaps", "check_known", "gaps_of", "in_gaps", "missing_days", "outside_words"]

Times = npt.NDArray[np.datetime64]
Gaps = list[tuple[pd.Timestamp, pd.Timestamp]]
# In microseconds.
_DAY = 86_400_000_000
# Beyond its coverage a file may have a few stragglers; a month with this share of a usual one's rows is data.
_STRAGGLERS = 0.1
# One row on one day is no rate: a file is taken to cover at least so many days.
_LEAST_DAYS = 28.0
# Less than this beyond the ends of a file is no stretch of time that it leaves out.
_SHORTEST = pd.Timedelta(days=2)


def gaps_of(events: Any, told: Sequence[Any] | None, start: pd.Timestamp, end: pd.Timestamp) -> Gaps:
    """Return the gaps of the record, those told, and what lies beyond the file, cut to [start, end), in order and without overlap."""
    pairs = [(pd.Timestamp(first), pd.Timestamp(last)) for first, last in record_of(events).get("gaps") or ()]
    pairs += [*_told(told), *_beyond(events, start, end)]
    out: Gaps = []
    for first, last in sorted((max(first, start), min(last, end)) for first, last in pairs):
        if last <= first:
            continue
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def _told(told: Any) -> Gaps:
    if told is not None and (isinstance(told, str) or not isinstance(told, Sequence)):
        raise InputError(f"`gaps` must be a list of pairs of days. Got {told!r}. Write: gaps=[('2023-04-01', '2023-04-20')]")
    return [parse_period(pair, name="gaps") for pair in told or ()]


def _beyond(events: Any, start: pd.Timestamp, end: pd.Timestamp) -> Gaps:
    """Return the stretches before and after what the file covers, where 20 rows or more would have been due in them."""
    record = record_of(events)
    if not record.get("coverage"):
        return []
    first, last = (pd.Timestamp(day) for day in record["coverage"])
    if start >= first and end <= last:
        return []
    rows = record.get("rows_read") or (events.n_rows if isinstance(events, EventSource) else len(events))
    per_day = float(rows or 0) / max((last - first) / pd.Timedelta(days=1), _LEAST_DAYS)
    sides = [(start, min(first, end)), (max(last, start), end)]
    return [
        (low, high)
        for side in sides
        if side[0] < side[1]
        for low, high in _without(side, _months_held(events, first, last))
        if high - low >= _SHORTEST and (high - low) / pd.Timedelta(days=1) * per_day >= DUE
    ]


def _months_held(events: Any, first: pd.Timestamp, last: pd.Timestamp) -> Gaps:
    """Return the months beyond the coverage that have rows as months inside have: another run of the file, not stragglers."""
    if isinstance(events, EventSource):
        found = counts_by_period(events, freq="MS").dropna(subset=["period"])
        month = found["period"].to_numpy().astype("datetime64[M]").astype(np.int64)
        held = found["n"].to_numpy(dtype=np.int64)
    else:
        time = events["time"].dropna().to_numpy(dtype="datetime64[us]")
        month, held = np.unique(time.astype("datetime64[M]").astype(np.int64), return_counts=True)
    low, high = (int(np.datetime64(at, "M").astype(np.int64)) for at in (first, last - pd.Timedelta(microseconds=1)))
    inside = (month >= low) & (month <= high)
    usual = float(held[inside].sum()) / (high - low + 1)
    busy = month[~inside & (held >= max(_STRAGGLERS * usual, 1.0))]
    starts = [pd.Timestamp(one.astype("datetime64[M]")) for one in busy]
    return [(one, one + pd.DateOffset(months=1)) for one in starts]


def _without(side: tuple[pd.Timestamp, pd.Timestamp], held: Gaps) -> Gaps:
    """Return what is left of a stretch without those held, which are in order."""
    out, at = [], side[0]
    for first, last in held:
        if last > at and first < side[1]:
            out.append((at, first))
            at = last
    return [(low, high) for low, high in [*out, (at, side[1])] if low < high]


def outside_words(events: Any, lost: int, word: str) -> str:
    """Say what the file covers, and how many periods asked for lie beyond it."""
    first, last = _coverage_words(events)
    those = f"{lost:,} {word}s" if lost != 1 else f"1 {word}"
    lie = "lie" if lost != 1 else "lies"
    return f"The file covers {first} to {last}: {those} of the period asked for {lie} outside, unknown, not empty."


def check_known(events: Any, gaps: Gaps, start: pd.Timestamp, end: pd.Timestamp) -> None:
    """Refuse a period of which the file says nothing at all."""
    if not gaps or gaps[0] != (start, end):
        return
    if record_of(events).get("coverage"):
        raise NotEnoughDataError(
            "`period` must have days of which the file says something. Got {}; the file covers {} to {}. Take a period inside it, or leave period= out.".format(
                _days(start, end), *_coverage_words(events)
            )
        )
    raise NotEnoughDataError(
        f"`period` must have days of which the file says something. Got {_days(start, end)}, all of it in gaps. Take another period."
    )


def _coverage_words(events: Any) -> tuple[str, str]:
    first, last = (pd.Timestamp(day) for day in record_of(events)["coverage"])
    return f"{first:%Y-%m-%d}", f"{last - pd.Timedelta(microseconds=1):%Y-%m-%d}"


def _days(start: pd.Timestamp, end: pd.Timestamp) -> str:
    return f"{start:%Y-%m-%d} to {end - pd.Timedelta(microseconds=1):%Y-%m-%d}"


def in_gaps(time: Times, gaps: Gaps) -> npt.NDArray[np.bool_]:
    """Return which moments lie in a gap."""
    out = np.zeros(len(time), dtype=bool)
    for first, last in gaps:
        out |= (time >= np.datetime64(first, "us")) & (time < np.datetime64(last, "us"))
    return out


def missing_days(edges: Times, gaps: Gaps) -> npt.NDArray[np.float64]:
    """Return how many days of each period lie in a gap."""
    out = np.zeros(len(edges) - 1)
    for first, last in gaps:
        low, high = np.datetime64(first, "us"), np.datetime64(last, "us")
        lap = (np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)).astype(np.int64) / _DAY
        out += np.maximum(lap, 0)
    return out
