"""What events on a circle answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from sara.core.wording import percent
from sara.trends._input.dials import LABELS
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CircularResult", "say_position"]

_LEVEL = 0.05
_CIRCLE = {"hour": "day", "dow": "week", "month": "year"}
_FIRST = {"hour": 0.0, "dow": 0.0, "month": 1.0}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CircularResult(TrendResult):
    """The mean hour (weekday, time of the year), and how closely events gather round it.

    Parameters
    ----------
    table : DataFrame
        One row per hour (weekday, month): the column `by`, ``n`` (events), ``exposure`` (how often it came round), ``expected`` (events, were
        all alike), ``ratio`` (n to expected).
    by : str
        ``"hour"``, ``"dow"`` or ``"month"``.
    mean, low, high : float or None
        Mean direction and its interval, in hours from midnight, days from Monday 00:00, or months (1 is 1 January); ``low`` above ``high``
        where the interval runs past the end of the cycle. None where there is none.
    length : float
        Mean resultant length R, 0 to 1.
    z, p : float
        Rayleigh's n R^2, and its p-value (None below five events).
    spread : float or None
        Circular standard deviation, in the unit of `mean`.
    peaks : tuple of (float, float)
        Where peaks of the smoothed curve lie, in the unit of `mean`, and how many events fall around there (half an hour of the day to
        either side), in multiples of the average; highest first.
    near : float
        Share of the events in the quarter of the circle round the mean; 0.25 where they spread evenly.
    confidence : float
        Level of the interval.
    """

    by: str
    mean: float | None
    low: float | None
    high: float | None
    length: float
    z: float
    p: float | None
    spread: float | None
    peaks: tuple[tuple[float, float], ...]
    near: float
    confidence: float

    question: ClassVar[str] = "Around what time, and how sharply?"
    title: ClassVar[str] = "Around what time, and how sharply?"
    size: ClassVar[tuple[float, float]] = (6.0, 5.6)

    def _text(self) -> str:
        n, circle = self.counts.rows_used, _CIRCLE[self.by]
        noun = self.noun if n != 1 else "event"
        if self.p is None:
            at = f"around {say_position(self.mean, self.by)}" if self.mean is not None else "with no mean time"
            return f"{n:,} {noun} {at}: too few to tell a time of the {circle} from chance."
        if len(self.peaks) > 1:
            listed = [f"{say_position(at, self.by)}{self._times(height)}" for at, height in self.peaks]
            none = "neither" if len(self.peaks) == 2 else "none of them"
            mean = (
                "They cancel out: there is no mean."
                if self.mean is None
                else f"Their mean, {say_position(self.mean, self.by)}, describes {none}."
            )
            return f"The {n:,} {noun} have {len(self.peaks)} peaks in the {circle}: around {', '.join(listed[:-1])} and {listed[-1]}. {mean}"
        if self.p >= _LEVEL or self.mean is None:
            return f"The {n:,} {noun} gather round no time of the {circle} more than chance would make them (R = {self.length:.2f}, Rayleigh p = {_p(self.p)})."
        limits = (
            ""
            if self.low is None or self.high is None
            else f" ({100 * self.confidence:g} % interval: {say_position(self.low, self.by)} to {say_position(self.high, self.by)})"
        )
        how = (
            "gather closely round"
            if self.length >= 0.7
            else "gather round"
            if self.length >= 0.3
            else "gather loosely round"
            if self.length >= 0.1
            else "lean a little towards"
        )
        return f"The {n:,} {noun} {how} {say_position(self.mean, self.by)}{limits}; R = {self.length:.2f}, Rayleigh p {'' if self.p < 0.0001 else '= '}{_p(self.p)}.{self._quarter()}{self._skewed()}"

    def _times(self, height: float) -> str:
        # No ratio on a base under 20.
        return f" ({height:.1f} times the average)" if self.counts.rows_used / len(self.table) >= 20 else ""

    def _quarter(self) -> str:
        """Say what share lies round the mean, where that is more than an even spread has; a lean can be all on one side."""
        if self.near < 0.275:
            return ""
        return f" {percent(self.near)} of them fall in the quarter of the {_CIRCLE[self.by]} round it (an even spread: 25 %)."

    def _skewed(self) -> str:
        """Say where the peak is, if that is not where the mean is."""
        if len(self.peaks) != 1 or self.mean is None:
            return ""
        cycle = {"hour": 24.0, "dow": 7.0, "month": 12.0}[self.by]
        apart = abs((self.peaks[0][0] - self.mean + cycle / 2) % cycle - cycle / 2)
        return (
            f" They are not even to both sides: most come around {say_position(self.peaks[0][0], self.by)}."
            if apart > cycle / 16
            else ""
        )

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_clock import draw_rose

        first = _FIRST[self.by]
        unit = {"hour": 24.0, "dow": 7.0, "month": 12.0}[self.by]
        share = {
            name: None if value is None else (value - first) / unit
            for name, value in (("mean", self.mean), ("low", self.low), ("high", self.high))
        }
        # Between two peaks an arrow would point to where little happens.
        shown = self.p is not None and self.p < _LEVEL and len(self.peaks) < 2
        draw_rose(
            ax, self.table["ratio"].to_numpy(dtype=float), labels=LABELS[self.by], mean=share["mean"] if shown else None, low=share["low"], high=share["high"],
            length=self.length, peaks=[(at - first) / unit for at, _ in self.peaks] if len(self.peaks) > 1 else [],
        )  # fmt: skip
        return f"area: {self.noun} each time it came round; dashed: the average"


def say_position(at: float | None, by: str) -> str:
    """Return a place on the circle in words: 23:40, Friday 22:00, 14 July.

    Examples
    --------
    >>> say_position(23.666, "hour"), say_position(4.9, "dow"), say_position(7.45, "month")
    ('23:40', 'Fri 21:36', '15 Jul')
    """
    if at is None:
        return "no time"
    if by == "month":
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=(at - 1) / 12 * 366)
        return f"{day.day} {LABELS['month'][day.month - 1]}"
    minutes = round(at * 60 if by == "hour" else at * 1_440) % (1_440 if by == "hour" else 10_080)
    clock = f"{minutes % 1_440 // 60:02d}:{minutes % 60:02d}"
    return clock if by == "hour" else f"{LABELS['dow'][minutes // 1_440]} {clock}"


def _p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"
