"""The map of a brief: the whole city, the hot places in it, and the one the problem is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import shapely

from sara.brief._safe import SMALL, figure_of, said
from sara.brief.document import Figure, Withheld
from sara.core.wording import period_words
from sara.data.privacy import SQUARE_METRES, coarse_geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from sara.core.records import Design
    from sara.hotspots import HotspotResult

__all__ = ["MARKED", "city_map", "marked", "public_shapes"]

# Places with a number on the map; the table in the annex has them all.
MARKED = 3
# Inches: the most a map may take in each direction, the title above and the source line below it.
_WIDE, _HIGH, _TITLE, _FOOT = 3.3, 2.55, 0.62, 0.2
# 4 pi area / perimeter^2: a circle has 1, a square 0.79.
ROUND = 0.9
_AWAY = ((0.05, 0.08), (-0.09, 0.0), (0.07, -0.08))
_FAINT_FILL, _STRONG_FILL = (0.698, 0.094, 0.169, 0.25), (0.698, 0.094, 0.169, 0.75)


def city_map(
    spots: HotspotResult, withheld: Withheld, *, outlines: gpd.GeoDataFrame | None, noun: str, design: Design | None = None
) -> Figure | None:
    """Draw hot spots with outlines that hide single houses, the first few numbered; places of fewer than ten events stay out."""
    areas = spots.areas
    enough = areas["n"].to_numpy() >= SMALL
    withheld.counts += int((~enough).sum())
    shown = replace(spots, areas=public_shapes(areas[enough].reset_index(drop=True))) if len(areas) else spots
    return figure_of(
        lambda ax: _draw(ax, shown, outlines, noun, design),
        alt=said(_words(shown, noun), withheld),
        width=_WIDE,
        height=_height(shown),
    )


def public_shapes(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines that hide single houses: small ones as squares, and circles too, whose middle would be the house, however large."""
    out = coarse_geometry(areas)
    shapes = out.geometry.to_numpy()
    for i in np.flatnonzero(4 * np.pi * shapely.area(shapes) > ROUND * shapely.length(shapes) ** 2):
        side = SQUARE_METRES * np.ceil(1e-9 + np.sqrt(shapely.area(shapes[i])) / SQUARE_METRES)
        shapes[i] = coarse_geometry(out.iloc[[i]], size=float(side)).geometry.iloc[0]
    return out.set_geometry(gpd.GeoSeries(shapes, index=out.index, crs=out.crs))


def marked(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the places that get a number on the map."""
    return areas[areas["n"] >= SMALL].head(MARKED)


def _height(spots: HotspotResult) -> float:
    left, low, right, top = spots.area.bounds
    side = max(right - left, top - low)
    # The base map's frame: 2 % around, 7 % below for the scale bar.
    return min(_WIDE * (top - low + 0.09 * side) / (right - left + 0.04 * side), _HIGH) + _TITLE + _FOOT


def _draw(ax: Axes, spots: HotspotResult, outlines: gpd.GeoDataFrame | None, noun: str, design: Design | None) -> Any:
    from sara.plot import maps
    from sara.plot.style import INK, LINE, MUTED, WARN

    figure = cast("Canvas", ax.figure)
    figure.set_layout_engine("none")
    height = figure.get_size_inches()[1]
    # Before the base map, which frames the city to the room it finds.
    ax.set_position((0.0, _FOOT / height, 1.0, 1 - (_TITLE + _FOOT) / height))
    maps.basemap(ax, spots.area, areas=None if outlines is None else outlines.to_crs(spots.areas.crs), share=1.0)
    shapes = list(spots.areas.geometry)
    maps.outlines(ax, shapes[MARKED:], color=WARN, fill=_FAINT_FILL, linewidth=0.7)
    maps.outlines(ax, shapes[:MARKED], color=WARN, fill=_STRONG_FILL, linewidth=0.9)
    room = ax.get_ylim()[1] - ax.get_ylim()[0]
    # Numbers point away from each other: the three busiest places are often neighbors.
    for number, (shape, (right, up)) in enumerate(zip(shapes[:MARKED], _AWAY, strict=False), start=1):
        at = shape.representative_point()
        ax.annotate(
            str(number), (at.x, at.y), xytext=(at.x + right * room, at.y + up * room), fontsize=9, fontweight="bold", color="white", ha="center",
            va="center", zorder=8, annotation_clip=False, bbox={"boxstyle": "circle,pad=0.2", "facecolor": INK, "edgecolor": "white", "linewidth": 0.7},
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8},
        )  # fmt: skip
    maps.scale_bar(ax)
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    found = "one hot spot" if len(shapes) == 1 else f"{len(shapes)} hot spots"
    lines = [f"{found}, {period_words(*spots.period)}", f"n = {spots.counts.rows_used:,} {spots.noun}"]
    if design is not None:
        maps.outlines(
            ax,
            list(public_shapes(design.places("treated").to_crs(spots.areas.crs)).geometry),
            color=LINE,
            linewidth=2.0,
            zorder=6,
        )
        lines[1] += "; blue outline: " + ("picked for the test" if design.placebo else "the response")
    figure.text(0.0, 1 - 0.04 / height, f"Where do {noun} crowd together?", fontsize=9.5, fontweight="bold", color=INK, va="top")
    figure.text(0.0, 1 - 0.25 / height, "\n".join(lines), fontsize=7.5, color=MUTED, va="top")
    figure.text(0.0, 0.03 / height, spots.source, fontsize=7.5, color=MUTED, va="bottom")
    return ax


def _words(spots: HotspotResult, noun: str) -> str:
    named = "; ".join(
        f"{number}: {row.name_}, {row.n:,} {noun}"
        for number, row in enumerate(spots.areas.rename(columns={"name": "name_"}).head(MARKED).itertuples(), start=1)
    )
    return (
        f"Map of the study area with {len(spots.areas)} outlined hot spots. Numbered on it: {named}."
        if named
        else "Map of the study area; no hot spot stands out."
    )
