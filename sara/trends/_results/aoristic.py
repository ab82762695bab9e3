"""What events between two moments answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from sara.core.wording import percent
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AoristicResult"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AoristicResult(TrendResult):
    """Hours of the week by when events may have happened.

    Parameters
    ----------
    table : DataFrame
        One row per stretch of the week: ``dow`` (Monday 0), ``hour``, ``minute`` (where stretches are shorter than an hour), ``weight``
        (events, in parts), ``share`` (of all), ``start``, ``mid``, ``end`` (events, had one used the first, middle or last possible moment
        alone), ``hours`` (how often this stretch came round in the period), ``rate`` (weight each time it came round).
    by : str
        Length of a stretch.
    n_missing, n_reversed, n_long, n_hour : int
        Events used without an end, with an end before the start, of a week or more, and known to within the hour.
    median_hours : float
        Median length of the intervals that have an end after their start.
    """

    by: str
    n_missing: int
    n_reversed: int
    n_long: int
    n_hour: int
    median_hours: float

    question: ClassVar[str] = "At what hour does it happen?"
    title: ClassVar[str] = "At what hour does it happen?"
    count_columns: ClassVar[tuple[str, ...]] = ("weight", "start", "mid", "end")

    def by_hour(self, column: str = "weight") -> Floats:
        """Return a column summed by hour of the day, 24 numbers."""
        return self.table.groupby("hour")[column].sum().to_numpy(dtype=float)

    def _text(self) -> str:
        n = self.counts.rows_used
        many = f"the {n:,} {self.noun}" if n != 1 else f"the one {self.noun.removesuffix('s')}"
        hour, hours, share = _shortest(self.by_hour())
        if hours >= 12:
            return (
                f"The possible times of {many} spread over the whole day: half of the weight takes {hours} hours. {self._known()}"
            )
        stretch = f"from {hour:02d}:00 to {(hour + hours) % 24:02d}:00"
        return f"Half of the weight of {many} ({percent(share)}) lies {stretch}. {self._against()} {self._known()}"

    def _against(self) -> str:
        """Say how the busiest hour depends on the moment chosen."""
        top = {name: int(np.argmax(self.by_hour(name))) for name in ("weight", "start", "end")}
        if len(set(top.values())) == 1:
            return f"The busiest hour is {top['weight']:02d}:00, whichever moment of the interval is taken."
        return f"The busiest hour is {top['weight']:02d}:00; by the first possible moment alone it would be {top['start']:02d}:00, by the last {top['end']:02d}:00."

    def _known(self) -> str:
        n = self.counts.rows_used
        backward = 0 if self.settings["reversed"].value == "swap" else self.n_reversed
        ended = n - self.n_missing - backward
        if ended == 0:
            why = (
                "ends after it starts" if self.n_missing == 0 else "has an end" if backward == 0 else "has an end after its start"
            )
            return f"None {why}: this is the clock of their starts."
        if n == 1:
            return f"Its interval is {self._length()} long."
        lacking = [
            *([f"{self.n_missing:,} without an end"] if self.n_missing else []),
            *([f"{backward:,} that {'ends before it starts' if backward == 1 else 'end before they start'}"] if backward else []),
        ]
        most = f"Half of the {ended:,} intervals are" if ended > 1 else "The one interval is"
        shorter = " or shorter" if ended > 1 else ""
        apart = f" ({' and '.join(lacking)}: not among these)" if lacking else ""
        return f"{most} {self._length()}{shorter}{apart}; {percent(self.n_hour / n)} of all are known to within the hour."

    def _length(self) -> str:
        if self.median_hours < 1:
            return f"{60 * self.median_hours:.0f} minutes"
        if self.median_hours >= 72:
            return f"{self.median_hours / 24:,.0f} days"
        hours = f"{self.median_hours:.0f}" if self.median_hours >= 9.5 else f"{self.median_hours:.1f}".removesuffix(".0")
        return f"{hours} {'hour' if hours == '1' else 'hours'}"

    def plot_week(self, *, ax: Axes | None = None) -> Axes:
        """Draw the weights as a heat map, Monday to Sunday, each row from 06:00 to 06:00; return the Axes."""
        from sara.core.wording import period_words
        from sara.plot.series import week_map
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes(width=8.2, height=3.9) if ax is None else ax
        weight = self.table.groupby(["dow", "hour"])["weight"].sum().to_numpy()
        hours = self.table.groupby(["dow", "hour"])["hours"].sum().to_numpy()
        rate = np.divide(weight, hours, out=np.full(168, np.nan), where=hours > 0)
        week_map(ax, rate.reshape(7, 24), unit=f"{self.noun} an hour (weights)")
        span = "" if self.start is None or self.end is None else period_words(self.start, self.end)
        return finish(
            ax, title="When in the week does it happen?", source=self.source, xlabel="hour (after the dashed line: the next calendar day)", ylabel="",
            subtitle=subtitle_of(f"{self.noun} an hour, spread over the time in which each may have happened", span, self._n_words()),
        )  # fmt: skip

    def figure(self) -> Figure:
        """Draw the week as a heat map, and below it the hours of the day by weight, start, middle and end."""
        from sara.plot.style import detached, new_figure

        figure, (above, below) = new_figure(width=8.4, height=8.0, rows=2)
        self.plot_week(ax=above)
        self.plot(ax=below)
        return detached(figure)

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_clock import draw_hours

        draw_hours(
            ax,
            self.by_hour(),
            {name: self.by_hour(name) for name in ("start", "mid", "end")},
            ylabel=f"{self.noun} by hour of the day",
        )
        return f"{self.noun} by hour of the day"


def _shortest(weight: Floats) -> tuple[int, int, float]:
    """Return the shortest run of hours that holds half of the weight: first hour, number of hours, share. Of equals, the heaviest."""
    share = weight / weight.sum()
    for hours in range(1, 25):
        runs = np.array([share[(hour + np.arange(hours)) % 24].sum() for hour in range(24)])
        if runs.max() >= 0.5 - 1e-12:
            best = int(np.flatnonzero(runs >= runs.max() - 1e-9)[0])
            return best, hours, float(runs[best])
    raise AssertionError("the whole day holds all of it")
