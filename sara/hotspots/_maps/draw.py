"""What the maps of this module share: the frame around them, cells in classes, numbered areas."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from sara.core.errors import InputError
from sara.core.grid import blank
from sara.core.wording import km2_words, period_words
from sara.hotspots._ground.areas import from_middle
from sara.hotspots._maps.look import classes_of, drawable, fewer_than, ground_drawn, hide, least_shown, small, window_of
from sara.plot import maps
from sara.plot.style import finish, new_axes, subtitle_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._result import HotspotResult

__all__ = [
    "FAINT",
    "OUTLINE_FILL",
    "cell_words",
    "draw",
    "list_areas",
    "paint_cells",
    "paint_classes",
    "paint_streets",
    "three_digits",
]

# Areas with a number: on the map of all the study area, and where a smaller map stands beside a part of it.
LISTED, LISTED_NEAR = 6, 4
# Not hot, but not empty: light, so that the hot cells carry the picture.
FAINT = "#D9D9D9"
OUTLINE_FILL = (0.698, 0.094, 0.169, 0.35)


def draw(
    result: HotspotResult, *, ax: Axes | None, areas: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame | None, breaks: Any = None,
    suppress: int | None = None, zoom: Any = None,
) -> Axes:  # fmt: skip
    """Draw a hot spot result: the base map, what the method paints, the scale, the words around it."""
    shared, least, window = classes_of(breaks), least_shown(result, suppress), window_of(result, zoom)
    crs = result.areas.crs
    outlines, lines = drawable(areas, crs), drawable(streets, crs, name="streets")
    ax = new_axes(width=8.2, height=6.0) if ax is None else ax
    ground = ground_drawn(result.area)
    side = maps.basemap(ax, ground, areas=outlines, streets=lines, window=window)
    with maps.asked(breaks=shared, suppress=least, window=window) as look:
        if least is not None and small(result.table, least).any():
            look.extra.append((maps.HIDDEN, fewer_than(least)))
        unit = result._paint(ax, side)
        hide(ax, result)
    if isinstance(breaks, list | tuple) and look.used is None:
        raise InputError(
            f"`breaks` can't change this map. Got classes for {result.method}, whose own are the same in every map. Leave `breaks` out"
        )
    if window is not None:
        maps.clip(ax, window)
        maps.locator(ax, ground, window)
    maps.scale_bar(ax)
    n = f"n = {result.counts.rows_used:,} {result.noun}"
    finish(
        ax,
        title=result.title,
        subtitle=subtitle_of(unit, period_words(*result.period), n),
        xlabel="",
        ylabel="",
        source=result.source,
    )
    if outlines is not None:
        maps.labels(ax, outlines, window=window)
    return ax if lines is None or window is None else maps.street_names(ax, lines, window)


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
    if result.layout is None:
        maps.polygons(ax, list(rows.geometry), colors, edge="white", linewidth=0.4, zorder=zorder)
        return
    from matplotlib.collections import PolyCollection

    corners = blank(result.layout).corners(rows["row"].to_numpy(dtype=np.int64), rows["column"].to_numpy(dtype=np.int64))
    # Edges in the colour of the face close the hairlines between neighbours.
    drawn = PolyCollection(list(corners), facecolors=colors, edgecolors=colors, linewidths=0.15, zorder=zorder)
    ax.add_collection(drawn, autolim=False)


def paint_classes(
    ax: Axes, result: HotspotResult, values: npt.ArrayLike, *, title: str, side: float, breaks: list[float] | None = None
) -> None:
    """Fill cells by class of `values`, one per row of ``table``, with a legend; what is not above zero stays empty."""
    numbers = np.asarray(values, dtype=float)
    shown = np.isfinite(numbers) & (numbers > 0) & ~small(result.table, maps.asking().suppress)
    if not shown.any():
        return
    by = maps.classes(numbers[shown], breaks=breaks)
    paint_cells(ax, result, result.table[shown], by.of(numbers[shown]))
    maps.key(ax, [(maps.LAND, "none"), *by.entries()], title=title, side=side)


def paint_streets(
    ax: Axes, result: HotspotResult, values: npt.ArrayLike, *, title: str, side: float, breaks: list[float] | None = None
) -> None:
    """Draw street pieces as lines and intersections as dots, darker and wider where there is more."""
    numbers = np.asarray(values, dtype=float)
    shapes, line = result.table.geometry.to_numpy(), (result.table.geom_type != "Point").to_numpy()
    maps.lines(ax, shapes[line & ~(numbers > 0)], color=maps.STREET, width=0.3, zorder=1)
    shown = np.isfinite(numbers) & (numbers > 0) & ~small(result.table, maps.asking().suppress)
    if not shown.any():
        return
    by = maps.classes(numbers[shown], breaks=breaks)
    group = by.group(numbers)
    for k, color in enumerate(by.colors):
        width = 0.6 + 0.6 * k
        maps.lines(ax, shapes[line & shown & (group == k)], color=color, width=width, zorder=2 + k / 10)
        dots = shapes[~line & shown & (group == k)]
        maps.points(ax, [p.x for p in dots], [p.y for p in dots], color=color, size=(1.5 + 1.5 * k) ** 2, zorder=2 + k / 10)
    looks = [
        ({"color": color, "width": 0.6 + 0.6 * k + 1.0}, label)
        for k, (color, label) in enumerate(zip(by.colors, by.labels, strict=True))
    ]
    maps.key(ax, [({"color": maps.STREET, "width": 0.8}, "none"), *looks], title=title, side=side)


def three_digits(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return values rounded to three figures: a legend needs no more."""
    numbers = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.abs(numbers))) - 2)
    return np.where(np.isfinite(step) & (step > 0), np.round(numbers / np.where(step > 0, step, 1)) * step, numbers)


def list_areas(ax: Axes, result: HotspotResult, *, title: str, side: float) -> None:
    """Put numbers on the first areas, and list what they hold beside the map."""
    window, suppress = maps.asking().window, maps.asking().suppress
    top = (
        result.areas.head(LISTED)
        if window is None
        else result.areas[result.areas.intersects(shapely.box(*window))].head(LISTED_NEAR)
    )
    if top.empty:
        return
    words = []
    for name, n, km2, shape in zip(top["name"], top["n"], top["km2"], top.geometry, strict=True):
        place = name.split(" near ", 1)[-1] if " near " in name else name.split(" in ", 1)[-1] if " in " in name else ""
        if not place and result.layout is None and "name" in result.table.columns and name in set(result.table["name"]):
            place = name
        short = textwrap.shorten(place, 34, placeholder=" ...") or from_middle(shape, result.area)
        many = fewer_than(suppress) if suppress is not None and n < suppress else f"{n:,}"
        words.append(f"{short}\n    {many} {result.noun}, {km2_words(km2)}")
    # A place keeps its number on a map of a part of the city.
    numbers = (result.areas.index.get_indexer(top.index) + 1).tolist()
    maps.numbered(ax, list(top.geometry), words, title=title, side=side, numbers=numbers)
