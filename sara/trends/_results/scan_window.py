"""What a scan for the fullest window answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScanWindowResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ScanWindowResult(TrendResult):
    """How often chance fills some window this full.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the series; empty where only numbers were given.
    p : float
        Of a series: the chance for whole periods, as it was counted, at the spread of the series. Of numbers: Naus's, for a window that
        begins at any moment.
    spread : float
        Variance over mean taken: 1 for Poisson counts.
    where : str
        The fullest window in words; empty where only numbers were given.
    """

    history: pd.DataFrame
    p: float
    where: str = ""
    spread: float = 1.0

    question: ClassVar[str] = "Would chance fill some window this full?"
    title: ClassVar[str] = "Would chance fill some window this full?"

    def _text(self) -> str:
        row = self.table.iloc[0]
        if row["n"] == 0:
            return f"No {self.noun} at all: every window is empty."
        p = self.p
        chance = f"{p:.2g}" if p >= 0.0001 else "less than 0.0001"
        held = f"{row['n']:,.0f} {self.noun if self.where else 'events'} in one window"
        found = f"The fullest window, {self.where}, holds {row['most']:,.0f}. " if self.where else ""
        spread = " at the spread of this series" if self.spread > 1 else ""
        verdict = "chance explains that" if p >= 0.05 else "chance alone seldom does that"
        return f"{found}Where nothing changes, some window has at least {held} with a chance of {chance}{spread}: {verdict}."

    def _paint(self, ax: Axes) -> str:
        from sara.plot.style import PALE
        from sara.plot.trend import draw_observed

        row = self.table.iloc[0]
        if not len(self.history):
            ax.barh(["expected", "asked about"], [row["mean"], row["n"]], color=PALE, edgecolor="black")
            return "events in one window"
        x = self.history["period"].to_numpy()
        first = int(row["first"]) - 1
        end = first + int(row["window"]) - 1
        pad = 0.5 if self.freq is None else (x[1] - x[0]) / 2
        ax.axvspan(x[first] - pad, x[end] + pad, color=PALE, zorder=0, label=f"fullest window: {row['most']:,.0f}")
        draw_observed(ax, x, self.history["n"].to_numpy(dtype=float))
        ax.set_ylim(0, 1.25 * max(float(self.history["n"].max()), 1.0))
        ax.legend(loc="upper left", frameon=False, fontsize=8.5)
        return f"{self.noun} {self.a_word}" if self.freq is not None else "numbers in order of time"
