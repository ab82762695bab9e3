"""What a test for a trend answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TrendTestResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TrendTestResult(TrendResult):
    """Whether a series rises or falls, and by how much a year.

    Parameters
    ----------
    periods : DataFrame
        ``period``, ``n`` (per usual period), ``trend`` (Sen's line), ``low``, ``high`` (lines of the interval's slopes).
    years : float or None
        Years covered; None for bare numbers.
    step : str
        What one value tested is called.
    seasonal : bool
        Whether each season was compared with itself only.
    confidence : float
        Level of the interval.
    """

    periods: pd.DataFrame
    years: float | None
    step: str
    seasonal: bool
    confidence: float

    question: ClassVar[str] = "Is it rising or falling?"
    title: ClassVar[str] = "Is it rising or falling?"

    def _text(self) -> str:
        row = self.table.iloc[0]
        allowed = ", season allowed for" if self.seasonal else ""
        if row["variance"] == 0:
            return f"No trend: all {int(row['periods']):,} {self.step}s are alike."
        chance = f"p {_p(row['p'])}{allowed}"
        factor, span = self._span()
        slope, low, high = (factor * row[name] for name in ("slope", "low", "high"))
        article = "" if self.years is None else f" {self.a_word}" if self.step == self.word else f" a {self.step}"
        if row["p"] < 1 - self.confidence and slope != 0:
            way = "rose" if slope > 0 else "fell"
            # Counts with many ties: the interval may touch zero where the test does not.
            ends = (max(low, 0.0), high) if slope > 0 else (max(-high, 0.0), -low)
            between = f"between {_size(ends[0])} and {_size(ends[1])}"
            by = f"about {_size(abs(slope))}{article} {span} ({between}), around a level of {_size(row['level'])}"
            return f"{self._noun()} {way} by {by}. So clear a trend comes up by chance {_seldom(row['p'])} ({chance})."
        if row["p"] < 1 - self.confidence:
            way = "rises" if row["s"] > 0 else "falls"
            return f"More {way} than chance gives ({chance}), but too small to put a number on: about {_size(row['level'])}{article}."
        if max(abs(low), abs(high)) > row["level"] > 0:
            return f"No trend beyond the usual ups and downs, but too little to rule one out: from a fall to nothing to twice as many, all fits ({chance})."
        return f"No trend beyond the usual ups and downs: anything from {_signed(low)} to {_signed(high)}{article} {span} fits, around a level of {_size(row['level'])} ({chance})."

    def _noun(self) -> str:
        return self.noun[:1].upper() + self.noun[1:] if self.freq is not None else "The numbers"

    def _span(self) -> tuple[float, str]:
        """Return the factor from the slope of the table to the one told, and its words: a short series is not stretched to a year."""
        if self.years is None:
            return 1.0, "each period"
        if self.years >= 1:
            return 1.0, "each year"
        return self.years, f"over these {int(self.table['periods'].iloc[0])} {self.step}s"

    def _paint(self, ax: Axes) -> str:
        from sara.plot.style import SECOND
        from sara.plot.trend import draw_band, draw_observed

        x, n = self.periods["period"].to_numpy(), self.periods["n"].to_numpy(dtype=float)
        draw_band(ax, x, self.periods["low"], self.periods["high"], label=f"slopes that fit ({100 * self.confidence:.0f} %)")
        draw_observed(ax, x, n)
        trend = self.periods["trend"].to_numpy(dtype=float)
        ax.plot(x, trend, color=SECOND, linewidth=2.2, zorder=5, label="trend (Sen)")
        bottom = min(0.0, float(np.nanmin(n)))
        ax.set_ylim(bottom, max(1.0, float(np.nanmax(n)) * 1.2))
        ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=3)
        # These are of unequal length, and were compared by the day.
        usual = " of usual length" if self.step in ("month", "quarter", "year") and self.years is not None else ""
        return f"{self.noun} a {self.step}{usual}"


def _size(value: float) -> str:
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:,.0f}" if size >= 19.95 else f"{value:.1f}" if size >= 0.95 else f"{value:.2g}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{_size(abs(value))}"


def _p(p: float) -> str:
    return f"= {p:.2g}" if p >= 0.001 else "< 0.001"


def _seldom(p: float) -> str:
    if p < 0.001:
        return "in fewer than 1 of 1,000 series without one"
    return f"in about 1 of {round(1 / p):,} series without one"
