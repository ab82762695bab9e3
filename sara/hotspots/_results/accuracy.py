"""What a test of a map on later events answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from sara.core.result import Result
from sara.core.wording import km2_words, percent, period_words
from sara.hotspots._result import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AccuracyResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AccuracyResult(Result):
    """How much of what came later lies where a map said.

    Parameters
    ----------
    table : DataFrame
        One row per area asked for: ``area`` (in words), ``share_area``, ``km2`` (or ``km`` of street), ``units`` (whole cells, areas or
        streets in it), ``n`` (later events in it; a part of a cell counts in part), ``hit_rate``, ``low``, ``high``, ``pai``, ``pai_low``,
        ``pai_high``, ``pai_best`` (of the best possible map), ``pei``, ``pei_nij``, ``recapture_rate``, ``recovery``, ``per_km2`` (or ``per_km``).
    curve : DataFrame
        The whole curve: ``share_area``, ``km2`` (or ``km``), ``share_events``, ``low``, ``high``, ``best``.
    period : (Timestamp, Timestamp)
        Of the later events: first moment, and the one after the last.
    chosen_on : (Timestamp, Timestamp)
        Of the map.
    method : str
        The function that made the map.
    units : str
        ``"cells"``, ``"areas"`` or ``"streets"``.
    noun, source : str
        What the rows are called, and the source line of the figure.
    headline : int
        The row of ``table`` that the text speaks of.
    """

    curve: pd.DataFrame
    period: tuple[pd.Timestamp, pd.Timestamp]
    chosen_on: tuple[pd.Timestamp, pd.Timestamp]
    method: str
    units: str
    noun: str = "events"
    source: str = ""
    headline: int = 0

    question: ClassVar[str] = "How much of what came later lies where the map said?"
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @property
    def pai(self) -> float:
        """Predictive accuracy index of the row the text speaks of."""
        return float(self.table["pai"].iloc[self.headline])

    @property
    def hit_rate(self) -> float:
        """Share of the later events in the area the text speaks of."""
        return float(self.table["hit_rate"].iloc[self.headline])

    @property
    def measure(self) -> str:
        """km2, or km of street."""
        return "km2" if "km2" in self.curve.columns else "km"

    @property
    def text(self) -> str:
        """The finding in two sentences."""
        row = self.table.iloc[self.headline]
        of = "of street" if self.measure == "km" else "of the study area"
        size = km2_words(row["km2"]) if self.measure == "km2" else f"{figures(row[self.measure])} km"
        where = (
            f"In {row['area']} ({size}, {percent(row['share_area'])} {of})"
            if not row["area"].endswith("%")
            else f"On the {percent(row['share_area'])} {of} that the map ranks first ({size})"
        )
        best = row["pai_best"] * row["share_area"]
        most = f"; the best possible choice of as much area would hold {percent(best)}" if best == best else ""
        return (
            f"{where} lie {percent(row['hit_rate'])} ({percent(row['low'])} to {percent(row['high'])}) of {self.counts.rows_used:,} "
            f"{self.noun} from {period_words(*self.period)}, which the map ({self.method}, {period_words(*self.chosen_on)}) has not seen. That is "
            f"{figures(row['pai'])} times as many as an even spread would put there{most}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the curve of area against events, with its band, the even spread and the best possible map."""
        from sara.plot.accuracy import hit_curve
        from sara.plot.style import new_axes

        ax = new_axes() if ax is None else ax
        hit_curve(ax, self.curve, marks=self.table)
        return self._finish(ax, "share of events against share of area")

    def figure(self) -> Figure:
        """Draw the whole curve, and beside it the first part, where decisions are made."""
        from sara.plot.accuracy import hit_curve
        from sara.plot.style import detached, finish, new_figure

        figure, (left, right) = new_figure(width=10.4, height=4.6, columns=2)
        hit_curve(left, self.curve, marks=self.table)
        self._finish(left, "share of events against share of area")
        far = min(1.0, max(0.05, 1.3 * float(self.table["share_area"].max())))
        hit_curve(right, self.curve, marks=self.table, upto=far, words=True)
        finish(
            right,
            title="The first part, where decisions are made",
            subtitle="PAI at the areas asked for",
            xlabel=self._xlabel(),
            ylabel="",
        )
        return detached(figure)

    def _xlabel(self) -> str:
        return "% of the street length, best first" if self.measure == "km" else "% of the study area, best first"

    def _finish(self, ax: Axes, unit: str) -> Axes:
        from sara.plot.style import finish, subtitle_of

        n = f"n = {self.counts.rows_used:,} {self.noun}"
        return finish(
            ax, title=self.question, subtitle=subtitle_of(unit, f"map: {self.method}", period_words(*self.period), n),
            xlabel=self._xlabel(), ylabel=f"% of later {self.noun}", source=self.source,
        )  # fmt: skip
