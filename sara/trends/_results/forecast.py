"""What a forecast answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import percent
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NAMES", "ForecastResult"]

# What each method is called in a sentence.
NAMES = {
    "mean": "the mean of the past",
    "seasonal-naive": "as many as one season before",
    "seasonal-mean": "last year's level with the season of all years",
    "ets": "exponential smoothing",
    "arima": "an autoregressive model",
}
# Periods of the past that a figure shows, at most.
_SHOWN = 104


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ForecastResult(TrendResult):
    """How many to expect, and how far off that may be.

    Parameters
    ----------
    method, baseline : str
        The method used, and the one it had to beat.
    confidence : float
        Level of the intervals.
    backtest : DataFrame
        One row per method tested: ``method``, ``miss`` (events a period), ``score``, ``score_baseline``, ``coverage``, ``coverage_total``, ``used``.
    past : DataFrame
        What the method used would have said: ``origin``, ``period``, ``step``, ``n``, ``expected``.
    history : DataFrame
        The counts: ``period``, ``n``.
    moments : int
        Moments of the past at which was tested.
    """

    method: str
    baseline: str
    confidence: float
    backtest: pd.DataFrame
    past: pd.DataFrame
    history: pd.DataFrame
    moments: int

    question: ClassVar[str] = "What is to be expected?"
    title: ClassVar[str] = "What is to be expected, if things go on as they did?"
    count_columns: ClassVar[tuple[str, ...]] = ("expected", "low", "high", "total", "total_low", "total_high")

    @property
    def total(self) -> tuple[float, int, int]:
        """The sum over the horizon, with its interval."""
        last = self.table.iloc[-1]
        return float(last["total"]), int(last["total_low"]), int(last["total_high"])

    def _text(self) -> str:
        total, low, high = self.total
        many = len(self.table)
        first = self.table["period"].iloc[0]
        since = f" from {first:%Y-%m-%d} on" if isinstance(first, pd.Timestamp) else ""
        when = f"the next {many} {self.word}s" if many > 1 else f"the next {self.word}"
        said = f"About {_number(total)} {self.noun} to be expected in {when}{since} ({percent(self.confidence)} interval {low:,} to {high:,}), if things go on as they did."
        if many > 1:
            said += f" A single {self.word} may have {int(self.table['low'].min()):,} to {int(self.table['high'].max()):,}."
        return f"{said} {self._tested()}"

    def _tested(self) -> str:
        rows = self.backtest
        miss = dict(zip(rows["method"], rows["miss"].to_numpy(dtype=float), strict=True))
        mine, base = float(miss[self.method]), float(miss[self.baseline])
        how = f"Tested at {self.moments} moments of the past, {NAMES[self.method]} missed {self.a_word} by {_number(mine)} on average"
        if self.method == self.baseline:
            rivals = len(rows) > 1
            return f"{how}; no other method did better." if rivals and self.settings["method"].chosen_by == "sara" else f"{how}."
        return f"{how}, {NAMES[self.baseline]} by {_number(base)}."

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_forecast import draw_forecast

        history = self.history.tail(max(_SHOWN, 3 * len(self.table)))
        total, low, high = self.total
        draw_forecast(
            ax, history["period"].to_numpy(), history["n"].to_numpy(dtype=float), self.table["period"].to_numpy(), self.table["expected"].to_numpy(dtype=float),
            self.table["low"].to_numpy(dtype=float), self.table["high"].to_numpy(dtype=float),
            label=f"where {percent(self.confidence)} of {self.word}s should fall", words=f"{_number(total)} in all\n({low:,} to {high:,})",
        )  # fmt: skip
        ax.set_ylabel(f"{self.noun} {self.a_word}", fontsize=9.5)
        return f"{self.noun} {self.a_word}, with {percent(self.confidence)} interval by {NAMES[self.method]}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 or value == np.floor(value) else f"{value:.1f}"
