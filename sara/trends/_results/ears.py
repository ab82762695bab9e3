"""What an EARS chart answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sara.trends._result import TrendResult
from sara.trends._results.alarms import alarms_found, draw_limits, rate_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EarsResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class EarsResult(TrendResult):
    """Counts above what the few periods before make likely.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the whole series.
    method : str
        C1, C2 or C3.
    baseline : int
        Periods of the baseline.
    false_alarms : float
        Share of periods that alarm by chance alone at the level and dispersion of this series (simulated).
    partial : tuple
        Periods covered in part, as (start, n).
    """

    history: pd.DataFrame
    method: str
    baseline: int
    false_alarms: float
    partial: tuple[Any, ...] = ()

    question: ClassVar[str] = "Is it more than in the days or weeks before?"
    title: ClassVar[str] = "Is it more than in the days or weeks before?"

    def _text(self) -> str:
        ago = "" if self.method == "C1" else f", the last 2 {self.word}s left out,"
        limit = f"what the {self.baseline} {self.word}s before{ago} make likely"
        found = alarms_found(self.table, word=self.word, dated=self.freq is not None, limit=limit)
        return f"{found} Where nothing changes, such a chart alarms at this level in {rate_words(self.false_alarms, self.word)}."

    def _paint(self, ax: Axes) -> str:
        if self.method == "C3":
            # The sum of three periods alarms: no line on the scale of one period is its limit.
            draw_limits(ax, self.history, self.table, label="", most_before=26, partial=self.partial, alarm_label="C3 alarms")
            return f"{self.noun} {self.a_word}" if self.freq is not None else "numbers in order of time"
        draw_limits(ax, self.history, self.table, label=f"up to the limit ({self.method})", most_before=26, partial=self.partial)
        return f"{self.noun} {self.a_word}" if self.freq is not None else "numbers in order of time"
