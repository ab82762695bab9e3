"""Maps: the base map with its frame, legend, numbers, names and scale bar. From shapes and numbers only; no result is known here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from sara.plot.classes import (
    MAX_CLASSES,
    Classes,
    asked,
    asking,
    class_breaks,
    class_colors,
    class_labels,
    classes,
    diverging,
    nice,
)
from sara.plot.shapes import (
    HATCH_INK,
    HIDDEN,
    UNKNOWN,
    cells,
    circles,
    compound,
    fill,
    hatch,
    lines,
    outlines,
    points,
    polygons,
)
from sara.plot.style import INK, MUTED, WARN

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = [
    "HIDDEN",
    "MAX_CLASSES",
    "UNKNOWN",
    "Classes",
    "asked",
    "asking",
    "basemap",
    "cells",
    "choropleth",
    "circles",
    "class_breaks",
    "class_colors",
    "class_labels",
    "classes",
    "clip",
    "compound",
    "diverging",
    "fill",
    "hatch",
    "key",
    "labels",
    "lines",
    "locator",
    "numbered",
    "outlines",
    "points",
    "polygons",
    "scale_bar",
    "street_names",
]

# Share of the axes' width for the map; legend and list stand to the right of it.
SIDE = 0.66
# Inches that a title of one line, its subtitle and the source line take.
HEADING = 0.75
STREET = "#C9C9C9"
STREET_NEAR = "#8C8C8C"
LAND = "#F4F4F2"
# Named areas may widen the frame by this share of the study area on each side; those that reach further are cut.
MOST_BEYOND = 0.15
# Names of areas: size in points, most of them on a map, and the share of a name that must lie inside its area.
LABEL_SIZE, MOST_LABELS, FITS = 6.5, 60, 0.9
STREET_SIZE = 5.5


def basemap(
    ax: Axes,
    area: Any,
    *,
    areas: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    window: tuple[float, float, float, float] | None = None,
    share: float = SIDE,
) -> float:
    """Draw the study area, lightly, with named areas and streets where given; turn the axes into a map.

    Parameters
    ----------
    area : shapely geometry or None
        The study area, in metres.
    areas, streets : GeoDataFrame, optional
        In the coordinate system of `area`.
    window : (minx, miny, maxx, maxy), optional
        The part to show; all of `area` if not given. Call `clip` when all is drawn.
    share : float
        Share of the axes' width for the map; 1 where no words stand beside it.

    Returns
    -------
    float
        Where words beside the map may start, as an x of the map.
    """
    if area is not None:
        compound(ax, [area], facecolor=LAND, edgecolor=MUTED, linewidth=0.8, zorder=0)
        _frame_to(ax, window or _extent(area, areas), share)
    # The box gives way, never the frame: what is drawn can't move it, whichever matplotlib draws.
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    if streets is not None and len(streets):
        # On a part of the city streets lie over the cells, so that a reader finds the corner; on all of it they would hide them.
        color, width, height = (
            (STREET, 0.5, 0.5) if window is None else (STREET_NEAR, 0.8 if window[2] - window[0] < 2500 else 0.4, 2.6)
        )
        lines(ax, streets.geometry.to_numpy(), color=color, width=width, zorder=height)
    if areas is not None and len(areas):
        compound(ax, list(areas.geometry), facecolor="none", edgecolor="#A8A8A8", linewidth=0.5, zorder=4)
    ax.set_axis_off()
    right = ax.get_xlim()[1] if area is None else (window or _extent(area, areas))[2]
    return float(right + 0.03 * (ax.get_xlim()[1] - ax.get_xlim()[0]))


def choropleth(
    ax: Axes, shapes: Sequence[Any], values: npt.ArrayLike, *, unit: str, side: float, breaks: Sequence[float] | None = None
) -> Axes:
    """Fill shapes by class of their value, at most five classes, with a legend in `unit`; `breaks` takes the classes of another map."""
    numbers = np.asarray(values, dtype=float)
    by = classes(numbers, breaks=breaks)
    # Nothing there is no class.
    fill(ax, shapes, np.where(numbers > 0, numbers, np.nan), by, edge="white", linewidth=0.4)
    return key(ax, by.entries(), title=unit, side=side)


def key(ax: Axes, entries: Sequence[tuple[Any, str]], *, title: str, side: float) -> Axes:
    """Put a legend beside the map, from x = `side`.

    Each entry is a look and its words. A look is a colour, or a dict: ``facecolor`` and ``hatch`` of a surface (`HIDDEN`, `UNKNOWN`),
    ``color`` and ``width`` of a line, ``color`` and ``dot`` (points) of a mark.
    """
    handles = [_handle(look, label) for look, label in (*entries, *asking().extra)]
    found = ax.legend(
        handles=handles, title=title, loc="upper left", bbox_to_anchor=(side, 1.0), bbox_transform=ax.get_xaxis_transform(), fontsize=8, title_fontsize=8.5, frameon=False,
        alignment="left", borderaxespad=0.0, handlelength=1.5,
    )  # fmt: skip
    found.get_title().set_color(INK)
    return ax


def _handle(look: Any, label: str) -> Any:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if not isinstance(look, dict):
        return Patch(facecolor=look, edgecolor=MUTED, linewidth=0.5, label=label)
    if "dot" in look:
        return Line2D([], [], linestyle="", marker="o", markersize=look["dot"], color=look["color"], label=label)
    if "width" in look:
        return Line2D([], [], linewidth=look["width"], color=look["color"], label=label)
    # A hatch takes the colour of the edge.
    return Patch(
        facecolor=look["facecolor"], hatch=look["hatch"], edgecolor=look.get("hatchcolor", HATCH_INK), linewidth=0.5, label=label
    )


def numbered(
    ax: Axes, shapes: Sequence[Any], words: Sequence[str], *, title: str, side: float, numbers: Sequence[int] | None = None
) -> Axes:
    """Put numbers (1, 2, ... if not given) on shapes, largest first, and list the numbers with their words beside it."""
    numbers = list(range(1, len(shapes) + 1)) if numbers is None else numbers
    window = asking().window
    room = ax.get_ylim()[1] - ax.get_ylim()[0]
    taken: list[tuple[float, float]] = []
    for i, shape in zip(numbers, shapes, strict=True):
        seen = shape if window is None else shapely.intersection(shape, shapely.box(*window))
        centre = (shape if seen.is_empty else seen).representative_point()
        at = _free_spot(centre.x, centre.y, taken, room * 0.045)
        taken.append(at)
        ax.annotate(
            str(i), (centre.x, centre.y), xytext=at, textcoords="data", fontsize=8, fontweight="bold", color="white", ha="center", va="center",
            zorder=8, bbox={"boxstyle": "circle,pad=0.2", "facecolor": INK, "edgecolor": "white", "linewidth": 0.7},
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkB": 0},
        )  # fmt: skip
    listed = "\n".join(f"{i}  {text}" for i, text in zip(numbers, words, strict=True))
    ax.text(
        side,
        0.0,
        f"{title}\n{listed}",
        transform=ax.get_xaxis_transform(),
        fontsize=8,
        color=INK,
        va="bottom",
        ha="left",
        linespacing=1.4,
        zorder=9,
    )
    return ax


def scale_bar(ax: Axes) -> Axes:
    """Draw a bar of a round length, in kilometres (metres on small maps) and miles, and the north arrow below the map's corner."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    low, high = ax.get_xlim()
    length = nice((high - low) / 7, down=True)
    x, y, tick = low + 0.02 * (high - low), 0.025, 0.008
    # Its length is of the map, its height of the axes: these may still grow flatter when the title takes its room.
    place = ax.get_xaxis_transform()
    ends = [x, x, x, x + length, x + length, x + length]
    ax.add_line(Line2D(ends, [y + tick, y - tick, y, y, y - tick, y + tick], transform=place, color=INK, linewidth=1.2, zorder=9))
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    # A light edge keeps the words readable where the city reaches into the corner.
    edge = [withStroke(linewidth=2.5, foreground="white")]
    miles = f"{length / 1609.344:.2g} mi" if length >= 400 else f"{length / 0.3048:,.0f} ft"
    ax.text(
        x, y + 2.2 * tick, f"{words} ({miles})  N↑", transform=place, fontsize=8, color=INK, va="bottom", ha="left", zorder=9, path_effects=edge
    )  # fmt: skip
    return ax


def labels(
    ax: Axes, areas: gpd.GeoDataFrame, *, names: str = "name", window: tuple[float, float, float, float] | None = None
) -> Axes:
    """Write the names of areas where they fit: inside their area, largest first, never over another word. Call it last."""
    from matplotlib.patheffects import withStroke

    figure = ax.figure.figure if ax.figure is not None else None
    if figure is None or names not in areas.columns or areas.empty:
        return ax
    figure.draw_without_rendering()
    taken = [text.get_window_extent() for text in ax.texts if text.get_text()]
    shapes = areas.geometry.to_numpy()
    if window is not None:
        shapes = shapely.intersection(shapes, shapely.box(*window))
    for i in np.argsort(-shapely.area(shapes), kind="stable")[:MOST_LABELS]:
        words, shape = str(areas[names].iloc[i]), shapes[i]
        if shape.is_empty or not words.strip():
            continue
        at = _middle(shape)
        text = ax.text(
            at.x, at.y, _two_lines(words), fontsize=LABEL_SIZE, color=INK, ha="center", va="center", zorder=7, linespacing=1.15,
            path_effects=[withStroke(linewidth=2.0, foreground=(1, 1, 1, 0.85))],
        )  # fmt: skip
        box = text.get_window_extent()
        corners = ax.transData.inverted().transform([(box.x0, box.y0), (box.x1, box.y1)])
        inside = shapely.box(*corners.ravel())
        if shapely.area(shapely.intersection(inside, shape)) < FITS * inside.area or any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)
    return ax


def street_names(ax: Axes, streets: gpd.GeoDataFrame, window: tuple[float, float, float, float], *, names: str = "name") -> Axes:
    """Write the names of streets along them, the longest in the window first, where they fit and cross no other word."""
    from matplotlib.patheffects import withStroke

    if names not in streets.columns or streets.empty:
        return ax
    figure: Any = ax.figure
    figure.figure.draw_without_rendering()
    inside = streets[streets.intersects(shapely.box(*window)) & streets[names].notna()]
    low, bottom, high, top = window
    # Away from the frame, which would cut a word.
    inner = shapely.box(
        low + 0.04 * (high - low), bottom + 0.04 * (top - bottom), high - 0.04 * (high - low), top - 0.04 * (top - bottom)
    )
    taken = [text.get_window_extent() for text in ax.texts if text.get_text()]
    pieces = []
    for name, held in inside.groupby(names, sort=True):
        merged = shapely.get_parts(shapely.line_merge(shapely.intersection(shapely.union_all(held.geometry.to_numpy()), inner)))
        merged = merged[shapely.get_type_id(merged) == 1]
        if len(merged):
            longest = merged[np.argmax(shapely.length(merged))]
            pieces.append((-shapely.length(longest), str(name), longest))
    for _, name, piece in sorted(pieces, key=lambda found: found[:2])[:MOST_LABELS]:
        start, end = (shapely.get_coordinates(shapely.line_interpolate_point(piece, at, normalized=True))[0] for at in (0.4, 0.6))
        angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
        text = ax.text(
            (start[0] + end[0]) / 2, (start[1] + end[1]) / 2, name, fontsize=STREET_SIZE, color=INK, rotation=(angle + 90) % 180 - 90, rotation_mode="anchor",
            ha="center", va="center", zorder=6.5, path_effects=[withStroke(linewidth=1.8, foreground=(1, 1, 1, 0.85))],
        )  # fmt: skip
        box = text.get_window_extent()
        (x0, y0), (x1, y1) = ax.transData.transform(shapely.get_coordinates(piece)[[0, -1]])
        if math.hypot(box.width, box.height) > math.hypot(x1 - x0, y1 - y0) or any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)
    return ax


def _middle(shape: Any) -> Any:
    """Return the point of a surface that is farthest from its edge, to a twentieth of its size."""
    from shapely.errors import GEOSException, TopologicalError
    from shapely.ops import polylabel

    part = max(shapely.get_parts(shape), key=shapely.area)
    try:
        return polylabel(part, tolerance=math.sqrt(part.area) / 20)
    except (AttributeError, GEOSException, TopologicalError, ValueError):
        # An outline that crosses itself has no such point.
        return shape.representative_point()


def _two_lines(words: str) -> str:
    """Break a long name at the space nearest its middle."""
    spaces = [i for i, letter in enumerate(words) if letter in " -/"]
    if len(words) < 12 or not spaces:
        return words
    cut = min(spaces, key=lambda i: abs(i - len(words) / 2))
    return f"{words[: cut + (words[cut] != ' ')]}\n{words[cut + 1 :]}"


def clip(ax: Axes, window: tuple[float, float, float, float]) -> Axes:
    """Cut what is drawn to a window, and frame it: the words beside the map stay clear."""
    from matplotlib.patches import Rectangle

    low, bottom, high, top = window
    frame = Rectangle((low, bottom), high - low, top - bottom, facecolor="none", edgecolor=MUTED, linewidth=0.8, zorder=8)
    ax.add_patch(frame)
    for drawn in (*ax.collections, *ax.lines):
        drawn.set_clip_path(frame)
    return ax


def locator(ax: Axes, area: Any, window: tuple[float, float, float, float]) -> Axes:
    """Show in a small map to the right where in the study area the window lies."""
    from matplotlib.patches import Rectangle

    small = ax.inset_axes((SIDE + 0.08, 0.40, 0.26, 0.26))
    small.set_aspect("equal")
    small.set_axis_off()
    compound(small, [area], facecolor=LAND, edgecolor=MUTED, linewidth=0.6)
    minx, miny, maxx, maxy = area.bounds
    small.set_xlim(minx, maxx)
    small.set_ylim(miny, maxy)
    low, bottom, high, top = window
    # At least so large that it is seen.
    least = 0.05 * max(maxx - minx, maxy - miny)
    wide, tall = max(high - low, least), max(top - bottom, least)
    small.add_patch(
        Rectangle(
            ((low + high - wide) / 2, (bottom + top - tall) / 2),
            wide,
            tall,
            facecolor="none",
            edgecolor=WARN,
            linewidth=1.4,
            clip_on=False,
        )
    )
    return small


def _free_spot(x: float, y: float, taken: list[tuple[float, float]], room: float) -> tuple[float, float]:
    for ring in range(0, 7):
        for k in range(max(1, 8 * min(ring, 1))):
            angle = math.pi / 4 * k
            spot = (x + ring * room * math.cos(angle), y + ring * room * math.sin(angle))
            if all(math.hypot(spot[0] - a, spot[1] - b) >= room for a, b in taken):
                return spot
    return x, y


def _extent(area: Any, areas: gpd.GeoDataFrame | None) -> tuple[float, float, float, float]:
    """Return the bounds of the study area, with those of named areas that reach a little beyond it."""
    low, bottom, high, top = area.bounds
    if areas is None or areas.empty:
        return low, bottom, high, top
    west, south, east, north = areas.total_bounds
    wide, tall = MOST_BEYOND * (high - low), MOST_BEYOND * (top - bottom)
    return (
        low if west < low - wide else min(low, west), bottom if south < bottom - tall else min(bottom, south),
        high if east > high + wide else max(high, east), top if north > top + tall else max(top, north),
    )  # fmt: skip


def _room(ax: Axes) -> tuple[float, float]:
    """Return the width and height, in inches, that the axes will have when title and source line have taken theirs."""
    box, slot = ax.get_position(), ax.get_subplotspec()
    figure: Any = ax.figure
    wide, tall = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
    engine = figure.get_layout_engine() if hasattr(figure, "get_layout_engine") else None
    if engine is None or slot is None or slot.get_gridspec().get_geometry() != (1, 1):
        return box.width * wide, box.height * tall
    return wide - 0.1, max(tall - HEADING, 0.5 * tall)


def _frame_to(ax: Axes, bounds: tuple[float, float, float, float], share: float) -> None:
    """Fill the axes: the map to the left, words to the right of it, room for the scale bar below."""
    minx, miny, maxx, maxy = bounds
    width, height = maxx - minx, (maxy - miny) * 1.09
    room = _room(ax)
    shape = room[0] / room[1]
    across = max(width * 1.04 / share, height * shape)
    up = across / shape
    left = minx - max(0.02 * width, (across * share - width) / 2)
    ax.set_xlim(left, left + across)
    middle = (miny + maxy) / 2 - 0.035 * (maxy - miny)
    ax.set_ylim(middle - up / 2, middle + up / 2)
