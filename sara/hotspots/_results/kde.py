"""What a surface answers with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import shapely

from sara.core.wording import km2_words, percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

__all__ = ["KdeResult", "cut_to"]

# Classes in multiples of the mean density, the steps by which hot spots of a surface are told (Milic et al. 2019).
TIMES = (1.0, 2.0, 3.0, 5.0, 8.0)
# Fainter than this share of the mean, the map stays blank.
BLANK = 0.05


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class KdeResult(HotspotResult):
    """How crowded events lie, as a surface."""

    title: ClassVar[str] = "Where is it densest?"
    score: ClassVar[str | None] = "density"

    def _mean(self) -> float:
        """Return the mean density in the units of the table."""
        if self.settings["units"].value == "km2":
            return float(self.settings["mean_density"].value)
        return float(self.table["density"].mean())

    def _text(self) -> str:
        table, density = self.table, self.table["density"].to_numpy()
        reach = f"{self.settings['kernel'].value} kernel, {self.settings['bandwidth'].value:g} m"
        peak = float(density.max() / max(self._mean(), 1e-300))
        hot = table["is_hot"].to_numpy()
        held = int(table["n"].to_numpy()[hot].sum()) / max(1, int(table["n"].sum()))
        first = (
            f"From {self._span()}, {self.counts.rows_used:,} {self.noun} as a surface ({reach}): the densest spot is {peak:,.1f} times as dense as the "
            f"mean, and cells of at least 3 times the mean hold {percent(held)} of the {self.noun} on {percent(hot.mean())} of the study area."
        )
        if self.areas.empty:
            return first
        top, default = self._first()
        return f"{first}{default} {top['name']} is the largest of them, with {top['n']:,} {self.noun} on {km2_words(top['km2'])}."

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import FAINT, list_areas, paint_cells
        from sara.plot import maps

        density = self.table["density"].to_numpy()
        units, mean = self.settings["units"].value, self._mean()
        what = str(self.settings["weights"].value) if "weights" in self.settings else self.noun
        words = {"km2": f"{what} per km2", "absolute": f"{what} per cell", "probability": "probability per cell"}[units]
        shared = maps.asking().breaks is not None
        by = maps.classes(density, breaks=[mean * t for t in (BLANK, *TIMES)])
        colors = by.colors if shared else (FAINT, *by.colors[1:])
        shown = density >= by.edges[0]
        if shown.any():
            since = len(ax.collections)
            paint_cells(ax, self, self.table[shown], [colors[g] for g in by.group(density[shown])])
            cut_to(ax, self.area, since=since)
        maps.key(ax, list(zip(colors, by.labels if shared else _labels(mean), strict=True)), title=words, side=side)
        maps.outlines(ax, list(self.areas.geometry), linewidth=0.9)
        list_areas(ax, self, title="At least 3 times the mean", side=side)
        size = (self.layout or {})["cell_size"]
        return f"{words}, {self.settings['kernel'].value} kernel of {self.settings['bandwidth'].value:g} m, cells of {size:g} m"


def _labels(mean: float) -> list[str]:
    """Name the classes by their densities, and by how many times the mean they are."""
    between = [f"{_say(a * mean)} to {_say(b * mean)} ({a:g} to {b:g} times)" for a, b in pairwise(TIMES)]
    return [f"below the mean of {_say(mean)}", *between, f"{_say(TIMES[-1] * mean)} and more (from {TIMES[-1]:g} times)"]


def cut_to(ax: Axes, area: BaseGeometry, *, since: int) -> None:
    """Cut what was drawn from collection `since` on at the outline of the study area: a surface ends there, not at the edges of its cells."""
    from matplotlib.path import Path

    rings = [ring for part in shapely.get_parts(area) for ring in (part.exterior, *part.interiors)]
    outline = Path.make_compound_path(*(Path(shapely.get_coordinates(ring), closed=True) for ring in rings))
    for drawn in list(ax.collections)[since:]:
        drawn.set_clip_path(outline, ax.transData)


def _say(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
