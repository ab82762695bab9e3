"""Whole steps of time: months, weeks, quarters that the rows cover from their first to their last day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError
from sara.core.result import Counts
from sara.core.units import offset
from sara.hotspots._ground.area import Selected

__all__ = ["Steps", "only_days", "step_word", "steps_of"]

Ints = npt.NDArray[np.int64]

# A step without one event is a gap in the file, not a quiet step, where chance would leave one empty less often than this.
EMPTY_BY_CHANCE = 1e-3
PARTIAL = "in an incomplete step"


@dataclass(frozen=True, eq=False)
class Steps:
    """Whole steps: ``edges`` (days since 1970, one more than steps), and ``known``, which of them the file tells about."""

    edges: Ints
    known: npt.NDArray[np.bool_]
    freq: str

    @property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First day of the first step, and the day after the last."""
        return day_stamp(self.edges[0]), day_stamp(self.edges[-1])

    def of(self, day: Ints) -> Ints:
        """Return the number of the step of each day; -1 outside all."""
        found = np.searchsorted(self.edges, day, side="right") - 1
        return np.where(found < len(self.edges) - 1, found, -1)

    def name(self, k: int) -> str:
        """Return a step in words: "March 2024", or its first and last day."""
        start, end = day_stamp(self.edges[k]), day_stamp(self.edges[k + 1])
        if start.day == 1 and end == start + pd.DateOffset(months=1):
            return f"{start:%B %Y}"
        return f"{start:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d}"


def day_stamp(day: Any) -> pd.Timestamp:
    """Return the moment a day begins."""
    return pd.Timestamp(np.datetime64(int(day), "D")).as_unit("us")


def step_word(freq: str) -> str:
    """Return what a step is called: month, week, quarter, year, day, step.

    Examples
    --------
    >>> step_word("MS"), step_word("W"), step_word("28D")
    ('month', 'week', 'step')
    """
    step: Any = offset(freq, name="freq")
    kinds = (("Month", "month"), ("Week", "week"), ("Quarter", "quarter"), ("Year", "year"), ("Day", "day"))
    return next((word for kind, word in kinds if kind in type(step).__name__ and step.n == 1), "step")


def steps_of(period: tuple[pd.Timestamp, pd.Timestamp], day: Ints, n: Ints, *, freq: str) -> Steps:
    """Return the whole steps inside a period, and which of them hold data.

    Parameters
    ----------
    period : (Timestamp, Timestamp)
        Half-open.
    day, n : array of int
        Days since 1970 of the rows, and how many events each stands for.
    freq : str
        A pandas offset of whole days: "MS", "W" (from Monday), "28D". Steps of several days, weeks or months are counted back from the end,
        so that the newest data are used.
    """
    edges = _whole(period, freq)
    if len(edges) < 2:
        return Steps(edges, np.zeros(0, dtype=bool), freq)
    held = np.histogram(day, bins=edges, weights=n)[0]
    # The last edge of a histogram is closed: days of the step that follows are not of this one.
    held[-1] -= n[day == edges[-1]].sum()
    typical = held[held > 0].mean() if (held > 0).any() else 0.0
    return Steps(edges, (held > 0) | bool(np.exp(-typical) >= EMPTY_BY_CHANCE), freq)


def only_days(chosen: Selected, steps: Steps) -> Selected:
    """Return the selection without rows outside the whole steps, which are counted as left out."""
    rows = chosen.rows
    assert rows.day is not None
    inside = steps.of(rows.day) >= 0
    lost = int(rows.n[~inside].sum())
    counts = chosen.counts
    left_out = {**counts.left_out, PARTIAL: lost}
    return replace(
        chosen,
        rows=replace(rows.only(inside), period=steps.period),
        code=None if chosen.code is None else chosen.code[inside],
        counts=Counts(counts.rows_in, counts.rows_used - lost, left_out),
    )


def _whole(period: tuple[pd.Timestamp, pd.Timestamp], freq: str) -> Ints:
    """Return the edges of whole steps as days since 1970."""
    step: Any = offset(freq, name="freq")
    kinds: Any = pd.offsets
    one = step.base
    if isinstance(step, kinds.Week):
        one = kinds.Week(weekday=0 if step.weekday is None else (step.weekday + 1) % 7)
    elif isinstance(step, (kinds.MonthEnd, kinds.QuarterEnd, kinds.YearEnd)):
        one = {"MonthEnd": kinds.MonthBegin(), "QuarterEnd": kinds.QuarterBegin(startingMonth=1), "YearEnd": kinds.YearBegin()}[
            type(step).__name__
        ]
    elif isinstance(step, kinds.Tick) and not isinstance(step, kinds.Day):
        raise InputError(f"`freq` must be whole days or longer. Got {freq!r}. Write 'MS' (months), 'W' (weeks) or '28D'.")
    start, end = period[0].ceil("D"), period[1].floor("D")
    stamps = pd.date_range(start, end, freq=one) if end >= start else pd.DatetimeIndex([])
    edges = stamps.to_numpy().astype("datetime64[D]").astype(np.int64)
    return edges[::-1][:: step.n][::-1]
