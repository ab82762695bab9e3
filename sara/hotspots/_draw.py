"""What the maps of this module share: the frame around them, cells in classes, numbered areas."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.grid import blank
from sara.core.wording import period_words
from sara.plot import maps
from sara.plot.style import finish, new_axes, subtitle_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._result import HotspotResult

__all__ = ["FAINT", "OUTLINE_FILL", "cell_words", "draw", "list_areas", "paint_cells", "paint_classes"]

LISTED = 6
# Not hot, but not empty: light, so that the hot cells carry the picture.
FAINT = "#D9D9D9"
OUTLINE_FILL = (0.698, 0.094, 0.169, 0.35)


def draw(result: HotspotResult, *, ax: Axes | None, areas: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame | None) -> Axes:
    """Draw a hot spot result: the base map, what the method paints, the scale, the words around it."""
    ax = new_axes(width=8.2, height=6.0) if ax is None else ax
    crs = result.areas.crs
    below = {name: None if frame is None else frame.to_crs(crs) for name, frame in (("areas", areas), ("streets", streets))}
    side = maps.basemap(ax, result.area, **below)
    unit = result._paint(ax, side)
    maps.scale_bar(ax)
    n = f"n = {result.counts.rows_used:,} {result.noun}"
    return finish(
        ax,
        title=result.title,
        subtitle=subtitle_of(unit, period_words(*result.period), n),
        xlabel="",
        ylabel="",
        source=result.source,
    )


def cell_words(result: HotspotResult) -> str:
    """Return "cell of 200 m", "hexagon of 200 m" or "area"."""
    if result.layout is None:
        return "area"
    shape = result.layout.get("shape", "square")
    return f"{'cell' if shape == 'square' else shape} of {result.layout['cell_size']:g} m"


def paint_cells(ax: Axes, result: HotspotResult, rows: gpd.GeoDataFrame, colors: Any, *, zorder: float = 1) -> None:
    """Fill the cells (or named areas) of these rows, each in its colour."""
    if len(rows) == 0:
        return
    from matplotlib.collections import PolyCollection

    if result.layout is None:
        for color in dict.fromkeys(map(tuple_of, colors)):
            held = [shape for shape, c in zip(rows.geometry, colors, strict=True) if tuple_of(c) == color]
            maps.outlines(ax, held, color="white", fill=color, linewidth=0.4, zorder=zorder)
        return
    corners = blank(result.layout).corners(rows["row"].to_numpy(dtype=np.int64), rows["column"].to_numpy(dtype=np.int64))
    # Edges in the colour of the face close the hairlines between neighbours.
    ax.add_collection(PolyCollection(list(corners), facecolors=colors, edgecolors=colors, linewidths=0.15, zorder=zorder))


def tuple_of(color: Any) -> Any:
    """Return a colour as something that can be compared."""
    return color if isinstance(color, str) else tuple(color)


def paint_classes(
    ax: Axes, result: HotspotResult, values: npt.ArrayLike, *, title: str, side: float, breaks: list[float] | None = None
) -> None:
    """Fill cells by class of `values`, one per row of ``table``, with a legend; what is not above zero stays empty."""
    numbers = np.asarray(values, dtype=float)
    shown = np.isfinite(numbers) & (numbers > 0)
    if not shown.any():
        return
    held = numbers[shown]
    edges = maps.class_breaks(held) if breaks is None else breaks
    colors = maps.class_colors(len(edges))
    group = np.clip(np.searchsorted(edges, held, side="right") - 1, 0, len(edges) - 1)
    paint_cells(ax, result, result.table[shown], [colors[g] for g in group])
    labels = maps.class_labels(edges, held)
    maps.key(ax, [(maps.LAND, "none"), *zip(colors, labels, strict=True)], title=title, side=side)


def list_areas(ax: Axes, result: HotspotResult, *, title: str, side: float) -> None:
    """Put numbers on the first areas, and list what they hold beside the map."""
    top = result.areas.head(LISTED)
    if top.empty:
        return
    words = []
    for name, n, km2 in zip(top["name"], top["n"], top["km2"], strict=True):
        place = name.split(" near ", 1)[-1] if " near " in name else name.split(" in ", 1)[-1] if " in " in name else ""
        if not place and result.layout is None and "name" in result.table.columns and name in set(result.table["name"]):
            place = name
        short = textwrap.shorten(place, 34, placeholder=" ...") or "no address"
        words.append(f"{short}\n    {n:,} {result.noun}, {km2:.2g} km2")
    maps.numbered(ax, list(top.geometry), words, title=title, side=side)
