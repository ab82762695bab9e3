"""What two surfaces set against each other answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.result import Counts
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.wording import percent
from sara.hotspots._result import HotspotResult, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DualKdeResult"]

# What is neither more nor less by a quarter is drawn as about the same.
RATIOS = (1.25, 1.5, 2.0, 4.0)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DualKdeResult(HotspotResult):
    """Where there is more of one thing than another would lead one to expect.

    Parameters
    ----------
    other_noun : str
        What the other is called.
    counts_other : Counts or None
        Rows of the other table used and left out; None where it is a layer of numbers.
    p_any : float or None
        Chance that random deals differ as much somewhere; None where none were made.
    """

    other_noun: str
    counts_other: Counts | None = None
    p_any: float | None = None

    title: ClassVar[str] = "Where is there more of it than the other would suggest?"
    score: ClassVar[str | None] = "log_ratio"
    count_columns: ClassVar[tuple[str, ...]] = ("n", "n_other")

    def _text(self) -> str:
        table = self.table
        known = table[~table["too_few"]]
        high, low = int(table["is_high"].sum()), int(table["is_low"].sum())
        against = f"{self.counts.rows_used:,} {self.noun} against {self.settings['other'].value}"
        if high + low == 0:
            words = self._nothing(known)
        else:
            top = known["ratio"][known["is_high"]].max() if high else 1.0
            most = f", the highest at {top:.1f} times" if high else ""
            words = f"{high:,} of {len(known):,} cells have more {self.noun} than their share of the other would suggest{most}; {low:,} have fewer"
        any_ = "" if self.p_any is None else f" Random deals differ as much somewhere in {_chance(self.p_any)} of cases."
        few = len(table) - len(known)
        rest = f" In {few:,} cells there is too little of the other to say." if few else ""
        return f"From {self._span()}, {against}: {words}.{any_}{rest}"

    def _nothing(self, known: pd.DataFrame) -> str:
        """Say why no cell is called: nothing there, or series at single addresses that could have made what is there."""
        from scipy.special import ndtr

        series = float(self.settings["series"].value)
        single = benjamini_hochberg(2 * ndtr(-known["z"].abs().to_numpy() * np.sqrt(series)))
        if series <= 1 or not (single <= 1 - float(self.settings["confidence"].value)).any():
            return "no cell differs from the rest of the city by more than chance would give"
        return (
            f"no cell can be told from chance, because {self.noun} come in series at single addresses (they vary {series:,.3g} times as much from place to "
            f"place as single ones would); the highest ratio is {figures(known['ratio'].max())}"
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import list_areas
        from sara.hotspots._results.kde import cut_to
        from sara.plot import maps
        from sara.plot.style import INK

        table, since = self.table, len(ax.collections)
        known, ratio = ~table["too_few"].to_numpy(), table["ratio"].to_numpy()
        shapes = table.geometry.to_numpy()
        by = maps.diverging(ratio[known], centre=1.0, breaks=_breaks(ratio[known]))
        # Drawn by class, not by cell: classes that mean "less" are hatched, so that a grey print tells them from "more".
        maps.fill(ax, list(shapes), ratio, by)
        maps.hatch(ax, list(shapes[~known]), mark=maps.UNKNOWN["hatch"])
        for column, dashes in (("is_high", "solid"), ("is_low", "dashed")):
            held = table[column].to_numpy()
            if held.any():
                maps.compound(
                    ax,
                    [shapely.union_all(shapes[held])],
                    facecolor="none",
                    edgecolor=INK,
                    linewidth=1.1,
                    linestyle=dashes,
                    zorder=5,
                )
        cut_to(ax, self.area, since=since)
        entries = [*reversed(by.entries()), (maps.UNKNOWN, "too few to say")]
        maps.key(ax, entries, title=f"{self.noun} to {self.other_noun},\ntimes the city's mean", side=side)
        list_areas(ax, self, title="More than the other would suggest", side=side)
        reach = self.settings["bandwidth"].value
        level = 1 - float(self.settings["confidence"].value)
        return f"{self.noun} against {self.settings['other'].value}, {reach:g} m; outlines: more (solid), fewer (dashed), adjusted p to {level:.2g}"


def _breaks(ratio: npt.NDArray[np.float64]) -> list[float]:
    """Return three steps from 1 up: small ones where no cell reaches four times."""
    top = float(np.nanmax(np.abs(np.log(ratio)))) if len(ratio) else 0.0
    return list(RATIOS[1:] if top >= np.log(RATIOS[-1]) else RATIOS[:-1])


def _chance(p: float) -> str:
    return "less than 0.1 %" if p < 0.001 else percent(p)
