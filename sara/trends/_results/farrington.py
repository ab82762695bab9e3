"""What Farrington's method answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sara.trends._result import TrendResult
from sara.trends._results.alarms import alarms_found, draw_limits, rate_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FarringtonResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FarringtonResult(TrendResult):
    """Counts above what the same season of earlier years makes likely.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the whole series.
    version : str
        original or flexible.
    years : int
        Years of history.
    tail : float
        Nominal share of periods above the limit by chance.
    partial : tuple
        Periods covered in part, as (start, n).
    """

    history: pd.DataFrame
    version: str
    years: int
    tail: float
    partial: tuple[Any, ...] = ()

    question: ClassVar[str] = "Is it more than is usual for the season?"
    title: ClassVar[str] = "Is it more than is usual for the season?"

    def _text(self) -> str:
        years = "the year before" if self.years == 1 else f"the {self.years} years before"
        found = alarms_found(
            self.table,
            word=self.word,
            dated=self.freq is not None,
            limit=f"what the season, the level and the trend of {years} make likely",
        )
        judged, above = int(self.table["upper"].notna().sum()), int(self.table["alarm"].sum())
        if self.version == "original":
            # Its true rate is above the nominal one even where only chance is at work, so that its alarms can't be counted against that.
            return f"{found} By its promise {rate_words(self.tail, self.word)} is above by chance; in truth it is more often."
        chance = f"By chance alone {rate_words(self.tail, self.word)} would be"
        if above and judged > 1:
            from scipy.stats import binom

            few = above <= binom.ppf(0.95, judged, self.tail)
            chance += f", {judged * self.tail:.1f} of {judged:,}: " + (
                "no more than that was found" if few else "more than that was found"
            )
        return f"{found} {chance}."

    def _paint(self, ax: Axes) -> str:
        draw_limits(ax, self.history, self.table, label="usual for the season", most_before=2 * 52, partial=self.partial)
        return f"{self.noun} {self.a_word}" if self.freq is not None else "numbers in order of time"
