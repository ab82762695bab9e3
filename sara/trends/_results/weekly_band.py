"""What a weekly band answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.trends._result import TrendResult
from sara.trends._results.alarms import rate_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WeeklyBandResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class WeeklyBandResult(TrendResult):
    """Counts against a band from the weeks before each.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the whole series.
    weeks : int
        Periods before each one that its band rests on.
    method : str
        How the limits are taken.
    false_alarms : float
        Share of periods outside by chance alone, at the level and spread of this series.
    partial : tuple
        Periods covered in part, as (start, n).
    """

    history: pd.DataFrame
    weeks: int
    method: str
    false_alarms: float
    partial: tuple[Any, ...] = ()

    question: ClassVar[str] = "Are the last weeks unusual?"
    title: ClassVar[str] = "Are the last weeks unusual?"

    def _text(self) -> str:
        judged = self.table[self.table["position"].notna()]
        if not len(judged):
            return f"No {self.word} could be judged."
        last = judged.tail(self.weeks)
        out = last[last["alarm"]]
        whole = (
            f"{len(last) - len(out)} of the last {len(last)} {self.word}s judged"
            if len(last) > 1
            else f"The one {self.word} judged"
        )
        whole = whole.replace(" judged", "") if len(last) == self.weeks else whole
        if len(last) == 1:
            return f"The one {self.word} judged is {'outside' if len(out) else 'inside'} what is usual."
        named = [self._named(row) for row in out.tail(3).to_dict("records")]
        more = f"; among the others: {', and '.join(named)}" if len(out) > 3 else (f"; {', and '.join(named)}" if named else "")
        earlier = int(judged["alarm"].sum())
        return (
            f"{whole} inside what is usual{more}. Of all {len(judged):,} {self.word}s judged {earlier:,} {'lies' if earlier == 1 else 'lie'} outside; "
            f"where nothing changes, by chance {rate_words(self.false_alarms, self.word)} lies outside."
        )

    def _named(self, row: dict[Any, Any]) -> str:
        name = (
            f"the {self.word} from {pd.Timestamp(row['period']):%Y-%m-%d}"
            if self.freq is not None
            else f"{self.word} {row['period']}"
        )
        return f"{name} ({row['n']:,.0f}) was {row['position']} it ({np.ceil(row['low']):,.0f} to {np.floor(row['high']):,.0f})"

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend import draw_band, draw_observed

        x, n = self.table["period"].to_numpy(), self.table["n"].to_numpy(dtype=float)
        draw_band(
            ax, x, self.table["low"], self.table["high"], expected=self.table["expected"], alarm=self.table["alarm"], n=n,
            label=f"usual, from the {self.weeks} {self.word}s before",
        )  # fmt: skip
        draw_observed(ax, self.history["period"].to_numpy(), self.history["n"].to_numpy(dtype=float), partial=self.partial)
        ax.set_ylim(0, 1.25 * float(np.nanmax([*self.history["n"], *self.table["high"], 1.0])))
        ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=3)
        return f"{self.noun} {self.a_word}" if self.freq is not None else "numbers in order of time"
