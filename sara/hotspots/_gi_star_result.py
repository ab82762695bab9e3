"""What Gi* answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GiStarResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class GiStarResult(HotspotResult):
    """Which cells have more around them than chance would give."""

    title: ClassVar[str] = "Where is it unusually high?"
    score: ClassVar[str | None] = "z"

    def _text(self) -> str:
        n_hot, n = int(self.table["is_hot"].sum()), len(self.table)
        if n_hot == 0:
            return (
                f"From {self._span()}, no cell has more {self.noun} around it than chance would give: "
                f"none of the {n:,} cells stands out after correction for so many tests."
            )
        held = int(self.table.loc[self.table["is_hot"], "n"].sum()) / max(1, int(self.table["n"].sum()))
        top = self.areas.iloc[0]
        places = "one area" if len(self.areas) == 1 else f"{len(self.areas):,} areas"
        return (
            f"From {self._span()}, {n_hot:,} of {n:,} cells have more {self.noun} in and around them than an even chance would give; they form "
            f"{places} and hold {percent(held)} of the {self.noun} on {percent(n_hot / n)} of the cells. {top['name']} has the most: "
            f"{top['n']:,} {self.noun}, {top['excess']:,.0f} more than as many average cells."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._draw import FAINT, list_areas, paint_cells
        from sara.plot import maps

        table = self.table
        size = (self.layout or {})["cell_size"]
        rest = table[~table["is_hot"] & (table["n"] > 0)]
        hot = table[table["is_hot"]]
        paint_cells(ax, self, rest, [FAINT] * len(rest))
        edges = (0.05, 0.01, 0.001)
        entries = [(maps.LAND, "none"), (FAINT, "some, not hot")]
        confidence = float(self.settings["confidence"].value)
        if len(hot):
            colors = maps.class_colors(4)[1:]
            bounds = [e for e in edges if e < 1 - confidence - 1e-12]
            group = (
                np.sum([hot["p_adjusted"].to_numpy() <= e for e in bounds], axis=0) if bounds else np.zeros(len(hot), dtype=int)
            )
            levels = [f"hot, adjusted p to {e:.3g}" for e in (1 - confidence, *bounds)]
            shades = colors[-len(levels) :] if len(levels) <= len(colors) else maps.class_colors(len(levels) + 1)[1:]
            paint_cells(ax, self, hot, [shades[g] for g in group], zorder=2)
            entries += [(c, words) for k, (c, words) in enumerate(zip(shades, levels, strict=True)) if (group == k).any()]
        maps.key(ax, entries, title=f"{self.noun} in the cell", side=side)
        list_areas(ax, self, title="Most above an average cell", side=side)
        return f"cells of {size:g} m with more {self.noun} around them than chance would give"
