"""What a CUSUM chart answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.trends._result import TrendResult
from sara.trends._results.runs import by_chance, named, stretches

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CusumResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CusumResult(TrendResult):
    """Sums of what lies above and below what is usual, and the limits at which they are more than chance.

    Parameters
    ----------
    history : DataFrame
        ``period``, ``n`` of the whole series.
    run : float
        Average periods between false alarms; missing where the spread is not known.
    side : str
        both, up or down.
    restart : bool
        Whether a sum starts again after an alarm.
    partial : tuple
        Periods covered in part, as (start, n).
    """

    history: pd.DataFrame
    run: float
    side: str
    restart: bool
    partial: tuple[Any, ...] = ()

    question: ClassVar[str] = "Has the level shifted, and since when?"
    title: ClassVar[str] = "Has the level shifted, and since when?"

    @property
    def _sides(self) -> list[str]:
        return [one for one in ("up", "down") if one in self.table]

    def _shifts(self) -> list[tuple[int, int, str]]:
        """Return (first alarm, last alarm, direction) of each shift called: alarms with the same direction and onset."""
        table = self.table
        return [
            (first + a, first + b, one)
            for one in self._sides
            for first, last in stretches(table["direction"] == one, table["n"].notna())
            for a, b in _same(table["onset"].iloc[first : last + 1])
        ]

    def _name(self, period: Any) -> str:
        return named(period, word=self.word, dated=self.freq is not None)

    def _text(self) -> str:
        table = self.table
        known = table[table["n"].notna()]
        if not len(known):
            return f"No {self.word} could be judged."
        shifts = sorted(self._shifts())
        chance = (
            "How often such a chart alarms by chance is not known without `sd`."
            if np.isnan(self.run)
            else by_chance(self.run, len(known), shifts, self.word)
        )
        way = {"both": "rise or fall", "up": "rise", "down": "fall"}[self.side]
        many = f"{len(known):,} {self.word}s" if len(known) > 1 else f"one {self.word}"
        usual = table["expected"].iloc[0]
        if not shifts:
            share = {one: float((known[one] / known[f"{one}_limit"]).iloc[-1]) for one in self._sides}
            now = max(share.values())
            return f"No lasting {way} from the usual {_round(usual)} shows in the {many} judged; the sum ends at {100 * now:.0f} % of its limit. {chance}"
        first, last, one = shifts[-1]
        onset = table["onset"].iloc[first]
        rows = table[(table["period"] >= onset) & (table.index <= last) & table["n"].notna()]
        since = rows["n"].mean()
        word = "rose" if one == "up" else "fell"
        if last >= known.index[-1]:
            still = "and the chart still says so"
        elif self.restart:
            still = "where the sum starts again"
        else:
            still = f"and the alarm ended after {self._name(table['period'].iloc[last])}"
        times = "" if len(shifts) == 1 else f" It is the last of {len(shifts)} shifts called."
        called = self._name(table["period"].iloc[first])
        return (
            f"The level {word} from the usual {_round(usual)} to about {_round(since)} {self.a_word}; it began about {self._name(onset)}, "
            f"was called in {called}, {still}.{times} {chance}"
        )

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_cusum import draw_cusum

        shifts = sorted(self._shifts())
        spans = [(self.table["onset"].iloc[first], self.table["period"].iloc[first]) for first, _, _ in shifts]
        draw_cusum(
            ax, self.table["period"].to_numpy(), known=self.table["n"].notna().to_numpy(),
            sums={one: (self.table[one].to_numpy(dtype=float), float(self.table[f"{one}_limit"].iloc[0])) for one in self._sides},
            alarm={one: (self.table["direction"] == one).to_numpy() for one in self._sides}, spans=spans,
        )  # fmt: skip
        return (
            f"sums of {self.noun} above and below what is usual {self.a_word}"
            if self.freq is not None
            else "sums of what lies above and below what is usual"
        )


def _same(onset: pd.Series) -> list[tuple[int, int]]:
    """Return the stretches of equal onset: an alarm after a restart is a new one."""
    # A gap within has no onset of its own.
    code = pd.factorize(onset.ffill())[0]
    new = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    return list(zip(new.tolist(), [*(new[1:] - 1).tolist(), len(onset) - 1], strict=True))


def _round(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"
