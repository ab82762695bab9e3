"""What a contest of methods answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from sara.core.result import Result
from sara.core.wording import km2_words, period_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CHOOSER", "CompareResult"]

# The row of a method that changes: at each origin, what had done best until then.
CHOOSER = "chosen by its own record"
MOST_PANELS = 3


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CompareResult(Result):
    """Which method met most of what came later, over many periods.

    Parameters
    ----------
    table : DataFrame
        One row per area and method: ``area`` (in words), ``km2``, ``method``, ``pai`` (mean over periods) with ``low`` and ``high``, ``hit_rate`` (of all
        periods together), ``rank``, ``wins`` (periods in which it met most; ties shared), ``behind`` (mean PAI less than the best, 0 for
        the best) with ``behind_low`` and ``behind_high``. The row "chosen by its own record" has no rank.
    periods : DataFrame
        One row per period, area and method: ``start``, ``end``, ``area``, ``method``, ``n`` (met), ``n_all``, ``pai``, ``used`` (the method that the
        chooser took).
    best : str
        The method that did best over all areas.
    period : (Timestamp, Timestamp)
        Of all tests: first moment, and the one after the last.
    noun, source : str
        What the rows are called, and the source line of the figure.
    """

    periods: pd.DataFrame
    best: str
    period: tuple[pd.Timestamp, pd.Timestamp]
    noun: str = "events"
    source: str = ""

    question: ClassVar[str] = "Which map would have met most of what came later?"
    count_columns: ClassVar[tuple[str, ...]] = ()

    @property
    def n_periods(self) -> int:
        """How many periods were tested."""
        return int(self.periods["start"].nunique())

    @property
    def text(self) -> str:
        """The finding in two or three sentences."""
        first = self.table[self.table["area"] == self._area()]
        methods = first[first["method"] != CHOOSER]
        best = methods[methods["method"] == self.best].iloc[0]
        others = methods[methods["method"] != self.best].sort_values(["pai"], ascending=False, kind="stable")
        span = f" ({best['low']:.3g} to {best['high']:.3g})" if self.n_periods > 1 else ""
        start = (
            f"{self._over()} {period_words(*self.period)}, {'each ' if self.n_periods > 1 else ''}foretold from before its start only, {self.best} met most {self.noun}: "
            f"on {_where(best)}, {best['pai']:.3g} times as many as an even spread would put there{span}."
        )
        if others.empty:
            return start
        return f"{start} {self._next(best, others.iloc[0])}"

    def _area(self) -> str:
        """Return the first area on which the best does come first: it may be best over all areas and not on the smallest."""
        ahead = self.table.loc[(self.table["method"] == self.best) & (self.table["rank"] == 1), "area"]
        return str(ahead.iloc[0] if len(ahead) else self.table["area"].iloc[0])

    def _over(self) -> str:
        return "In one period," if self.n_periods == 1 else f"Over {self.n_periods} periods from"

    def _next(self, best: pd.Series, second: pd.Series) -> str:
        name = f"{second['method']} comes to {second['pai']:.3g}"
        if self.n_periods < 2:
            return f"{name}; one period does not tell them apart."
        if second["pai"] > best["pai"]:
            return f"On this area alone {name}; over all areas looked at, {self.best} does best."
        sure = second["behind_high"] < 0
        span = (
            f"{-second['behind_high']:.2g} to {-second['behind_low']:.2g}"
            if sure
            else "the interval of the difference holds zero"
        )
        return f"{name}: {'less by ' + span + '.' if sure else 'as far as these periods tell, the two may do equally well (' + span + ').'}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw each method's PAI in every period and on average, for the area that the text speaks of."""
        from sara.plot.style import new_axes

        n = self.table["method"].nunique()
        ax = new_axes(width=7.6, height=1.6 + 0.5 * n) if ax is None else ax
        return self._panel(ax, self._area(), whole=True)

    def figure(self) -> Figure:
        """Draw the same for up to three areas side by side."""
        from sara.plot.style import detached, new_figure

        names = list(dict.fromkeys(self.table["area"]))[:MOST_PANELS]
        n = self.table["method"].nunique()
        figure, axes = new_figure(width=4.4 * len(names) + 1.4, height=1.8 + 0.5 * n, columns=len(names))
        for k, (ax, name) in enumerate(zip(axes, names, strict=True)):
            self._panel(ax, name, whole=k == 0)
        return detached(figure)

    def _panel(self, ax: Axes, area: str, *, whole: bool) -> Axes:
        from sara.plot.accuracy import method_periods
        from sara.plot.style import finish, subtitle_of

        means = self.table[self.table["area"] == area].sort_values("pai", ascending=False, kind="stable")
        method_periods(ax, means, self.periods[self.periods["area"] == area])
        km2 = f"on {_where(means.iloc[0])}"
        words = subtitle_of(km2, "dots: periods; bar: interval of the mean", period_words(*self.period)) if whole else ""
        return finish(
            ax, title=self.question if whole else km2, subtitle=words, xlabel="PAI: times an even spread (dotted: 1)", ylabel="", source=self.source if whole else "",
        )  # fmt: skip


def _where(row: pd.Series) -> str:
    """Return "0.65 km2", or "1.0 % of the area (0.49 km2)"."""
    return str(row["area"]) if row["area"].endswith("km2") else f"{row['area']} ({km2_words(row['km2'])})"
