"""How a year compares with the same months of earlier years: words and figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.core.units import timestamp
from sara.core.wording import percent, period_words
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SeasonalResult"]

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# More seasons than this outside the range are counted, not named.
_NAMED = 3


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SeasonalResult(TrendResult):
    """One year against the same months, weeks or quarters of earlier years.

    Parameters
    ----------
    table : DataFrame
        One row per period: ``period``, ``year``, ``season`` (1-12, 1-53 or 1-4), ``n``, ``per_day``; for those of `year` also ``expected``, ``low``,
        ``high`` (what is usual, limits included) and ``outside`` ("above", "below" or nothing).
    usual : DataFrame
        One row per season: ``season``, ``expected``, ``low``, ``high`` for the days it has in `year`, ``years`` (earlier years that have it).
    year : int
        The year compared: the last one, unless told otherwise.
    seasons : int
        In a year: 12, 52 or 4.
    dispersion : float
        How far years swing around the mean of a season: variance over mean, 1 where only chance moves it.
    confidence : float
        Probability that a season without any change is inside its range.
    partial : float or None
        Count so far of the season of `year` that is not over yet.
    drift : {"more", "fewer", ""}
        Whether each of at least four years had more, or fewer, than the one before.
    """

    usual: pd.DataFrame
    year: int
    seasons: int
    dispersion: float
    confidence: float
    partial: float | None = None
    drift: str = ""

    title: ClassVar[str] = "Is this year unlike earlier years?"
    size: ClassVar[tuple[float, float]] = (8.0, 4.2)

    def _own(self) -> pd.DataFrame:
        return self.table[(self.table["year"] == self.year) & self.table["n"].notna()]

    @property
    def _first(self) -> tuple[int, int]:
        earlier = self.table.loc[self.table["year"] < self.year, "year"]
        return int(earlier.min()), int(earlier.max())

    def _years_of(self, seasons: pd.Series) -> str:
        """Name the earlier years that have these seasons, and the seasons that some of them lack."""
        earlier = self.table[(self.table["year"] < self.year) & self.table["n"].notna() & self.table["season"].isin(seasons)]
        have = {int(str(season)): tuple(sorted(years.tolist())) for season, years in earlier.groupby("season", sort=True)["year"]}
        every = tuple(sorted(int(year) for year in earlier["year"].unique()))
        words = _listed(every) if every else _listed(tuple(range(self._first[0], self._first[1] + 1)))
        fewer = {season: years for season, years in have.items() if years != every}
        if not fewer:
            return words
        if len(set(fewer.values())) == 1 and len(fewer) <= _NAMED and self.seasons == 12:
            months = " and ".join(_MONTHS[season - 1] for season in fewer)
            return f"{words} ({months} only in {_listed(next(iter(fewer.values())))})"
        return f"{words} (as far as these have them)"

    def _name(self, season: int) -> str:
        if self.seasons == 12:
            return f"{_MONTHS[season - 1]} {self.year}"
        return f"quarter {season} of {self.year}" if self.seasons == 4 else f"week {season} of {self.year}"

    def _text(self) -> str:
        if not self.drift:
            return self._compared()
        return (
            f"{self._compared()} Each year has {self.drift} than the one before, which makes the range wide: "
            "whether that is a trend is the better question (sara.trends.trend_test)."
        )

    def _compared(self) -> str:
        own = self._own()
        judged = own[own["low"].notna()]
        if judged.empty:
            return self._without_range(own, self._years_of(own["season"]))
        years = self._years_of(judged["season"])
        out = judged[judged["outside"] != ""]
        words = f"{len(judged) - len(out)} of the {len(judged)} complete {self.word}s of {self.year} inside what is usual for them in {years}"
        if len(judged) == 1:
            words = f"{self._name(int(judged['season'].iloc[0]))} {'outside' if len(out) else 'inside'} what is usual for it in {years}"
        if out.empty:
            return f"{words}."
        named = "; ".join(
            f"{self._name(int(season))} ({int(n):,}) was {side} it ({int(low):,} to {int(high):,})"
            for season, n, low, high, side in out.head(_NAMED)[["season", "n", "low", "high", "outside"]].to_numpy(dtype=object)
        )
        more = f"; {len(out) - _NAMED} more in the table" if len(out) > _NAMED else ""
        return f"{words}; {named}{more}. {self._chance(len(judged), len(out))}"

    def _chance(self, judged: int, out: int) -> str:
        """Say how many by chance alone, so that one of many months is not taken for news."""
        from scipy.stats import binom

        due = judged * (1 - self.confidence)
        likely = float(binom.sf(out - 1, judged, 1 - self.confidence))
        rate = f"By chance alone about one {self.word} in {1 / (1 - self.confidence):.0f} is outside"
        if likely > 0.1:
            return f"{rate}: {out} of {judged} is no more than may happen in a year without any change."
        return f"{rate}, about {due:.1f} of {judged}."

    def _without_range(self, own: pd.DataFrame, years: str) -> str:
        earlier = self.table[(self.table["year"] < self.year) & self.table["n"].notna()]
        both = sorted(set(own["season"]) & set(earlier["season"]))
        if not both:
            return f"No {self.word} of {self.year} has a counterpart in an earlier year."
        now = int(own.loc[own["season"].isin(both), "n"].sum())
        then = int(
            earlier.loc[earlier["season"].isin(both), "n"].sum() / earlier.loc[earlier["season"].isin(both), "year"].nunique()
        )
        return (
            f"{now:,} {self.noun} in {len(both)} {self.word}{'s' if len(both) > 1 else ''} of {self.year}, {then:,} in the same of {years}. "
            "One earlier year does not show how far years differ: what is usual can't be said."
        )

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        first, last = self._first
        return f"One line per year over the {self.word}s of the year: {first} to {last} thin and grey, {self.year} thick. {self._text()}"

    def plot(self, *, ax: Axes | None = None, marks: Mapping[Any, str] | None = None) -> Axes:
        """Draw the years over one another and return the Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Dates of the year shown thick that may explain a change: ``{"2024-03-01": "response begins"}``.

        Returns
        -------
        Axes
            The figure.
        """
        from sara.plot.style import finish, new_axes, subtitle_of
        from sara.plot.trend import draw_marks_at

        ax = new_axes(width=self.size[0], height=self.size[1]) if ax is None else ax
        unit = self._paint(ax)
        dated = sorted((timestamp(date, name="marks"), str(words)) for date, words in (marks or {}).items())
        draw_marks_at(ax, [(self._place(date), words) for date, words in dated if date.year == self.year])
        span = "" if self.start is None or self.end is None else period_words(self.start, self.end)
        return finish(
            ax,
            title=self.title,
            subtitle=subtitle_of(unit, span, self._n_words()),
            source=self.source,
            ylabel=f"{self.noun} {self.a_word}",
        )

    def _place(self, date: pd.Timestamp) -> float:
        """Return where a date lies on the axis: a season's point stands in its middle."""
        part = (date.day_of_year - 1) / (366 if date.is_leap_year else 365)
        return 0.5 + part * (53 if self.seasons == 52 else self.seasons)

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_seasonal import draw_years

        nothing = (
            None if self.partial is None else (float(self._own()["season"].max() + 1) if len(self._own()) else 1.0, self.partial)
        )
        draw_years(ax, self.table, self.usual, year=self.year, seasons=self.seasons, partial=nothing)
        years = int(np.nanmax(self.usual["years"].to_numpy(dtype=float)))
        band = f"band: {percent(self.confidence)} range from {years} earlier years" if self.usual["low"].notna().any() else ""
        hollow = f"hollow: {self.word} not over" if self.partial is not None else ""
        return " · ".join(part for part in (f"{self.noun} {self.a_word}", band, hollow) if part)


def _listed(years: tuple[int, ...]) -> str:
    if len(years) > 1 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} to {years[-1]}"
    return " and ".join((", ".join(str(year) for year in years[:-1]), str(years[-1]))) if len(years) > 1 else str(years[0])
