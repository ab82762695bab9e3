"""What an EWMA chart answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.trends._result import TrendResult
from sara.trends._results.runs import by_chance, named, stretches

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EwmaResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class EwmaResult(TrendResult):
    """A moving average and the limits within which chance keeps it.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the whole series.
    weight, limit : float
        Of the newest number; distance of the limits.
    run : float
        Average periods between false alarms.
    partial : tuple
        Periods covered in part, as (start, n).
    """

    history: pd.DataFrame
    weight: float
    limit: float
    run: float
    partial: tuple[Any, ...] = ()

    question: ClassVar[str] = "Has the level crept up or down?"
    title: ClassVar[str] = "Has the level crept up or down?"

    def _name(self, i: int) -> str:
        return named(self.table["period"].iloc[i], word=self.word, dated=self.freq is not None)

    def _text(self) -> str:
        table = self.table[self.table["n"].notna()].reset_index(drop=True)
        if not len(table):
            return f"No {self.word} could be judged."
        found = stretches(table["alarm"])
        last = table.iloc[-1]
        usual = f"{_round(last['low'])} to {_round(last['high'])}"
        many = f"{len(table):,} {self.word}s judged" if len(table) > 1 else f"one {self.word} judged"
        if not found:
            said = f"In none of the {many} did the average leave what is usual ({usual}); it ends at {_round(last['ewma'])}."
        else:
            first, end = found[-1]
            up = table["ewma"].iloc[first] > table["expected"].iloc[first]
            way = "above" if up else "below"
            when = named(table["period"].iloc[first], word=self.word, dated=self.freq is not None)
            onset = named(table["period"].iloc[self._onset(table, first, up)], word=self.word, dated=self.freq is not None)
            now = (
                f"and still is ({_round(last['ewma'])})"
                if end == len(table) - 1
                else f"and is back inside ({_round(last['ewma'])})"
            )
            times = "" if len(found) == 1 else f", the last of {len(found)} times"
            said = (
                f"The average went {way} what is usual ({usual}) in {when}{times}, {now}; the move began about {onset}. "
                f"{int(table['alarm'].sum()):,} of the {many} {'are' if table['alarm'].sum() > 1 else 'is'} outside."
            )
        return f"{said} {by_chance(self.run, len(table), found, self.word)}"

    @staticmethod
    def _onset(table: pd.DataFrame, first: int, up: bool) -> int:
        """Return the period after the last one at which the average was on the other side of the center."""
        z = table["ewma"].iloc[:first].to_numpy(dtype=float)
        middle = table["expected"].iloc[:first].to_numpy(dtype=float)
        other = np.flatnonzero(z <= middle if up else z >= middle)
        return int(other[-1]) + 1 if len(other) else 0

    def _paint(self, ax: Axes) -> str:
        from sara.plot.style import MUTED
        from sara.plot.trend import draw_band, draw_observed

        table = self.table
        x, z = table["period"].to_numpy(), table["ewma"].to_numpy(dtype=float)
        shown = self.history.iloc[max(0, len(self.history) - len(table) - 52) :]
        counts = shown["n"].to_numpy(dtype=float)
        ax.plot(shown["period"].to_numpy(), counts, color=MUTED, linewidth=0.6, marker=".", ms=3, alpha=0.75, label="single periods" if self.freq is None else f"single {self.word}s", zorder=2)  # fmt: skip
        draw_band(
            ax,
            x,
            table["low"],
            table["high"],
            expected=table["expected"],
            alarm=table["alarm"],
            n=z,
            label="usual for the average",
        )
        draw_observed(ax, x, np.where(table["n"].isna(), np.nan, z), mean=False)
        ends = np.concatenate([counts, table["high"].to_numpy(dtype=float), table["low"].to_numpy(dtype=float), z])
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        floor = 0.0 if low >= 0 and low < 0.5 * high else low - 0.05 * (high - low)
        ax.set_ylim(floor, high + 0.28 * (high - floor))
        ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=4)
        return (
            f"{self.noun} {self.a_word}, moving average" if self.freq is not None else "numbers in order of time, moving average"
        )


def _round(value: float) -> str:
    """Write a limit with as many digits as tell it from the next."""
    return (
        f"{value:,.0f}"
        if abs(value) >= 100 and abs(value) == np.floor(abs(value))
        else f"{value:,.1f}"
        if abs(value) >= 1
        else f"{value:.2g}"
    )
