"""What a decomposition answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import period_words
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DecomposeResult"]

# A season that chance makes as often as this is not called one.
SURE = 0.05
# A swing that rests on less than this is not told, on less than the next not without its limits; below the third it is called alike to chance.
LEAST_DF, SURE_DF, ALIKE = 8.0, 60.0, 1.2
# Beyond this, neighboring remainders go together more than chance has them (times 1 / sqrt(n)).
_ECHO = 2.6


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DecomposeResult(TrendResult):
    """Trend, season, and what is left.

    Parameters
    ----------
    seasons : DataFrame
        One row per cycle: ``season``, ``length``, ``strength``, ``p``, ``high``, ``low``, ``above``, ``below``.
    strength_trend : float
        0 to 1.
    swing, chance : float
        By how much periods usually lie off trend and season, in events, and by how much chance alone would have them.
    swing_df : float
        Degrees of freedom on which the swing rests.
    echo : float
        Correlation of the remainders of neighboring periods.
    """

    seasons: pd.DataFrame
    strength_trend: float
    swing: float
    chance: float
    echo: float
    swing_df: float = float("inf")

    question: ClassVar[str] = "Is it the season, or is it more?"
    title: ClassVar[str] = "Is it the season, or is it more?"
    size: ClassVar[tuple[float, float]] = (7.6, 4.2)

    @property
    def turn(self) -> int:
        """Periods in the longest cycle."""
        return int(self.seasons["length"].max())

    def _text(self) -> str:
        return f"{self._trend()} {' '.join(self._season(row) for _, row in self.seasons.iterrows())} {self._rest()}"

    def _trend(self) -> str:
        trend = self.table["trend"].to_numpy(dtype=float)
        turn = min(self.turn, len(trend) // 2)
        first, last = float(trend[:turn].mean()), float(trend[-turn:].mean())
        word = str(self.seasons.sort_values("length")["season"].iloc[-1])
        when = word if word in ("day", "week", "year") else "turn"
        first, last = (0.0 if abs(v) < 0.05 else v for v in (first, last))
        if abs(last - first) < 0.03 * max(abs(first), 1e-9):
            return f"Apart from the season there were about {_number(last)} {self.noun} {self.a_word}, in the first {when} as in the last."
        return f"Apart from the season, {self.noun} went from about {_number(first)} {self.a_word} in the first {when} to {_number(last)} in the last."

    def _season(self, row: Any) -> str:
        word = str(row["season"])
        if not row["p"] <= SURE:
            return f"No season of the {word} stands out from chance."
        return f"The {word} has its high {_at(word, row['high'])} (+{_number(row['above'])}) and its low {_at(word, row['low'])} (-{_number(row['below'])})."

    def _rest(self) -> str:
        said = self._swing_words()
        n = int(self.table["z"].notna().sum())
        if self.echo > _ECHO / np.sqrt(max(n, 1)):
            said += f"; neighboring {self.word}s go together, so something slower than chance is in it"
        far = self.table[self.table["unusual"]]
        if len(far) == 0:
            return f"{said}. No {self.word} stands out."
        top = far.loc[far["z"].abs().sort_values(ascending=False, kind="stable").index[:3]]
        listed = ", ".join(f"{_when(row['period'])} ({row['remainder']:+,.0f})" for _, row in top.iterrows())
        more = f", and {len(far) - len(top)} more" if len(far) > len(top) else ""
        stand = f"One {self.word} stands" if len(far) == 1 else f"{len(far)} {self.word}s stand"
        return f"{said}. {stand} out: {listed}{more}; chance alone makes about one in 370."

    def _swing_words(self) -> str:
        """Say by how much the rest swings, and hold it against chance, as far as so many periods can tell."""
        if self.swing_df < LEAST_DF:
            return "Too few turns to say by how much the rest usually swings"
        from scipy.stats import chi2

        df = min(self.swing_df, 1e6)
        roughly = ""
        if df < SURE_DF:
            low, high = (self.swing * np.sqrt(df / chi2.isf(tail, df)) for tail in (0.025, 0.975))
            roughly = f" ({_number(low)} to {_number(high)} fit)"
        said = f"What is left swings by about {_number(self.swing)} {self.a_word} up and down{roughly}"
        if not (np.isfinite(self.chance) and self.chance > 0):
            return said
        ratio = self.swing / self.chance
        if ratio < 1 - 1e-9:
            return f"{said}, less than chance alone would have it"
        if ratio < ALIKE or chi2.sf(df * ratio**2, df) > SURE:
            return f"{said}, about as chance alone would have it"
        return f"{said}, {ratio:.1f} times what chance alone would have"

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_decompose import draw_trend

        draw_trend(ax, self.table)
        ax.set_ylabel(f"{self.noun} {self.a_word}", fontsize=9.5)
        return f"{self.noun} {self.a_word}"

    def figure(self, *, marks: Mapping[Any, str] | None = None) -> Figure:
        """Draw the counts and their parts, one below the other, on one scale of time.

        Parameters
        ----------
        marks : dict of date to str, optional
            Dates that may explain a change.

        Returns
        -------
        Figure
            Observed with trend, each season, and the remainder.
        """
        from sara.plot.style import finish, new_figure, subtitle_of
        from sara.plot.trend import draw_marks
        from sara.plot.trend_decompose import draw_part, draw_trend

        names = {f"season_{str(word).replace(' ', '_')}": f"season:\n{word}" for word in self.seasons["season"]}
        columns = names if len(names) > 1 else {"season": "season"}
        figure, axes = new_figure(width=7.6, height=2.4 + 1.6 * (len(columns) + 1), rows=len(columns) + 2)
        draw_trend(axes[0], self.table)
        draw_marks(axes[0], marks)
        span = "" if self.start is None or self.end is None else period_words(self.start, self.end)
        finish(
            axes[0],
            title=self.title,
            subtitle=subtitle_of(f"{self.noun} {self.a_word}", span, self._n_words()),
            ylabel="observed",
        )
        for ax, (column, label) in zip(axes[1:], columns.items(), strict=False):
            draw_part(ax, self.table, column)
            finish(ax, title="", ylabel=label)
        draw_part(axes[-1], self.table, "remainder", ring=True)
        finish(axes[-1], title="", ylabel="left over", source=self.source)
        for ax in axes[:-1]:
            ax.set_xlim(axes[-1].get_xlim())
            ax.tick_params(labelbottom=False)
            ax.xaxis.get_offset_text().set_visible(False)
        return figure


def _number(value: float) -> str:
    # No minus before a zero.
    value = value if abs(value) >= 0.05 else 0.0
    return f"{value:,.0f}" if abs(value) >= 9.95 else f"{value:.1f}"


def _at(word: str, name: str) -> str:
    return {"year": "in ", "week": "on "}.get(word, "at ") + name


def _when(period: Any) -> str:
    return f"{period:%Y-%m-%d}" if isinstance(period, pd.Timestamp) else f"period {period}"
