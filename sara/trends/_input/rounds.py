"""How often each hour, weekday, month and day of the year came round: what counts by them are held against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.stats.aoristic import DAY, WEEK
from sara.trends._input.gaps import Gaps

__all__ = ["days_of", "exposure_of_week"]

Floats = npt.NDArray[np.float64]


def exposure_of_week(start: pd.Timestamp, end: pd.Timestamp, *, gaps: Gaps | None = None, bin_minutes: int = 60) -> Floats:
    """Return how often each stretch of the week came round from start to end, parts of it as parts; Monday 00:00 first.

    Parameters
    ----------
    start, end : Timestamp
        Half-open.
    gaps : list of (Timestamp, Timestamp), optional
        Stretches of which the file says nothing, without overlap.
    bin_minutes : int
        Length of a stretch of the week.

    Examples
    --------
    >>> import pandas as pd
    >>> float(exposure_of_week(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-09"))[:24].sum())  # two Mondays
    48.0
    """
    minutes = _minutes_of_week(start, end)
    for first, last in gaps or ():
        minutes = minutes - _minutes_of_week(first, last)
    return np.asarray(minutes.reshape(-1, bin_minutes).sum(axis=1) / bin_minutes)


def _minutes_of_week(start: pd.Timestamp, end: pd.Timestamp) -> Floats:
    # 1970-01-01 was a Thursday.
    first, last = (int(np.datetime64(at, "m").astype(np.int64)) + 3 * DAY for at in (start, end))
    whole, rest = divmod(last - first, WEEK)
    out = np.full(WEEK, float(whole))
    out[(first + np.arange(rest)) % WEEK] += 1
    return out


def days_of(start: pd.Timestamp, end: pd.Timestamp, *, gaps: Gaps | None = None) -> tuple[npt.NDArray[np.datetime64], Floats]:
    """Return the days that start to end touches, and how much of each is covered, from 0 to 1."""
    low, high = np.datetime64(start, "us"), np.datetime64(end, "us")
    days = np.arange(low.astype("datetime64[D]"), high.astype("datetime64[D]") + 1)
    days = days[days.astype("datetime64[us]") < high]
    edges = np.append(days, days[-1] + 1).astype("datetime64[us]") if len(days) else np.array([low])
    day = 86_400_000_000

    def lap(first: np.datetime64, last: np.datetime64) -> Floats:
        return np.maximum((np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)).astype(np.int64), 0) / day

    covered = lap(low, high)
    for first, last in gaps or ():
        covered = covered - lap(np.datetime64(first, "us"), np.datetime64(last, "us"))
    return days, np.maximum(covered, 0)
