"""Where the periods of a series begin and end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError

__all__ = ["DAY", "MOST_ROWS", "covered", "edges_of"]

Times = npt.NDArray[np.datetime64]
# In microseconds.
DAY = 86_400_000_000
# A table of more rows than this is a typing slip ("min" for "MS"), not a series.
MOST_ROWS = 2_000_000


def edges_of(start: pd.Timestamp, end: pd.Timestamp, step: pd.DateOffset, *, freq: str) -> Times:
    """Return the starts of the periods that touch [start, end), and the end of the last one."""
    begin = _from_start(step)
    first = start.normalize()
    if not isinstance(begin, (pd.offsets.Tick, pd.offsets.Day)):
        # A step of two weeks still begins on a Monday: only the kind of step is rolled back to.
        first = begin.base.rollback(first)
    per_step = (first + begin) - first
    if (end - first) / per_step > MOST_ROWS:
        raise InputError(
            f"`freq` must give at most {MOST_ROWS:,} periods. Got {freq!r} from {start:%Y-%m-%d} to {end:%Y-%m-%d}. Write freq='W' or freq='MS'."
        )
    edges = pd.date_range(first, end + 2 * per_step, freq=begin).to_numpy(dtype="datetime64[us]")
    last = int(np.searchsorted(edges, np.datetime64(end)))
    skip = int(np.searchsorted(edges, np.datetime64(start), side="right")) - 1
    return edges[max(skip, 0) : last + 1]


def _from_start(step: Any) -> Any:
    """Return the step that begins where the given kind of period begins; pandas names weeks and month ends by their last day."""
    kinds: Any = pd.offsets
    if isinstance(step, kinds.Week):
        return kinds.Week(step.n, weekday=0 if step.weekday is None else (step.weekday + 1) % 7)
    if isinstance(step, kinds.MonthEnd):
        return kinds.MonthBegin(step.n)
    if isinstance(step, kinds.QuarterEnd):
        return kinds.QuarterBegin(step.n, startingMonth=step.startingMonth % 3 + 1)
    if isinstance(step, kinds.YearEnd):
        return kinds.YearBegin(step.n, month=step.month % 12 + 1)
    return step


def covered(edges: Times, start: pd.Timestamp, end: pd.Timestamp) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return which periods lie wholly between start and end, and how many days of each do."""
    low, high = np.datetime64(start, "us"), np.datetime64(end, "us")
    complete = (edges[:-1] >= low) & (edges[1:] <= high)
    days = (np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)).astype(np.int64) / DAY
    return complete, days
