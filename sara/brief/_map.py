"""The map of a brief: the whole city, the hot places in it, and the one the problem is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.brief._safe import SMALL, figure_of, said
from sara.brief.document import Figure, Frame, Withheld
from sara.core.wording import period_words
from sara.data.privacy import SQUARE_METRES, coarse_geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from sara.core.records import Design
    from sara.hotspots import HotspotResult

__all__ = ["MARKED", "city_map", "in_squares", "map_to_move", "marked", "public_shapes"]

# Places with a number on the map; the table in the annex has them all.
MARKED = 3
# Inches: the most a map may take in each direction, the title above and the source line below it.
_WIDE, _HIGH, _TITLE, _FOOT = 3.3, 2.55, 0.62, 0.2
# 4 pi area / perimeter^2: a circle has 1, a square 0.79.
ROUND = 0.9
_AWAY = ((0.05, 0.08), (-0.09, 0.0), (0.07, -0.08))
# Side of a square on the map to magnify, metres: about a hundred block.
BLOCK = 100.0
_FAINT_FILL, _STRONG_FILL = (0.698, 0.094, 0.169, 0.25), (0.698, 0.094, 0.169, 0.75)


def city_map(
    spots: HotspotResult, withheld: Withheld, *, outlines: gpd.GeoDataFrame | None, noun: str, design: Design | None = None
) -> Figure | None:
    """Draw hot spots with outlines that hide single houses, the first few numbered; places of fewer than ten events stay out."""
    withheld.counts += int((spots.areas["n"] < SMALL).sum())
    shown = _public(spots)
    return figure_of(
        lambda ax: _draw(ax, shown, outlines, noun, design),
        alt=said(_words(shown, noun), withheld),
        width=_WIDE,
        height=_height(shown),
    )


def _public(spots: HotspotResult) -> HotspotResult:
    areas = spots.areas
    return replace(spots, areas=public_shapes(areas[areas["n"] >= SMALL].reset_index(drop=True))) if len(areas) else spots


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


def map_to_move(spots: HotspotResult, *, outlines: gpd.GeoDataFrame | None, noun: str, design: Design | None = None) -> Frame:
    """Return the map as one to move and to click: the same places, drawn as squares of the size of a hundred block.

    On a map that can be magnified an outline around houses would tell of each house at its rim; squares do not.
    """
    from sara.plot import maps
    from sara.plot.interactive import Layer, to_interactive
    from sara.plot.style import LINE, MUTED, WARN

    spots, withheld = _public(spots), Withheld()
    crs, areas = spots.areas.crs, spots.areas
    layers = [Layer(gpd.GeoSeries([spots.area], crs=crs), [0], [{"fill": maps.LAND, "line": MUTED, "width": 1}])]
    if outlines is not None:
        shapes = outlines.geometry.reset_index(drop=True)
        layers.append(Layer(shapes, [0] * len(shapes), [{"line": "#8F8F8F", "width": 0.8}], name="quarters"))
    styles = [{"fill": WARN, "alpha": alpha, "line": WARN, "width": 1} for alpha in (0.65, 0.3)]
    told = pd.DataFrame(
        {
            "place": [said(name, withheld) for name in areas["name"]],
            noun: areas["n"].to_numpy(),
            "km²": [f"{v:.2g}" for v in areas["km2"]],
        }
    )
    looks = [0 if i < MARKED else 1 for i in range(len(areas))]
    layers.append(Layer(in_squares(areas.geometry), looks, styles, told, name="hot spots", listed=MARKED))
    legend = [(styles[0], f"the first {MARKED}"), (styles[1], "other hot spots")][: 1 + (len(areas) > MARKED)]
    if design is not None:
        role = "picked for the test" if design.placebo else "the response"
        shapes = in_squares(public_shapes(design.places("treated").to_crs(crs).reset_index(drop=True)).geometry)
        layers.append(Layer(shapes, [0] * len(shapes), [{"line": LINE, "width": 2.5}], name=role))
        legend.append(({"line": LINE, "stroke": 2.5}, role))
    shown = to_interactive(
        layers,
        title=said(f"Where do {noun} crowd together?", withheld),
        subtitle=f"{len(areas)} hot spots as squares of {BLOCK:.0f} m, {period_words(*spots.period)}, n = {spots.counts.rows_used:,} {spots.noun}",
        text=said(_words(spots, noun), withheld),
        source=said(spots.source, withheld),
        legend=("hot spots", legend),
        names=outlines,
        view=gpd.GeoSeries([spots.area], crs=crs),
    )
    return Frame("The same map, to move and to click", shown.page)


def in_squares(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return shapes as the squares of a fixed grid of 100 m that hold some of them."""
    drawn = []
    for shape in shapes:
        low, bottom, high, top = np.floor(np.array(shape.bounds) / BLOCK)
        i, j = (v.ravel() for v in np.meshgrid(np.arange(low, high + 1), np.arange(bottom, top + 1)))
        squares = shapely.box(i * BLOCK, j * BLOCK, (i + 1) * BLOCK, (j + 1) * BLOCK)
        drawn.append(shapely.union_all(squares[shapely.area(shapely.intersection(squares, shape)) > 0]))
    return gpd.GeoSeries(drawn, crs=shapes.crs)


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
