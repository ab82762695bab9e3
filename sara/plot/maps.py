"""Maps: cells by class, areas with numbers, points, a scale bar. From shapes and numbers only; no result is known here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from sara.plot.style import INK, MUTED, SEQUENTIAL, WARN

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = ["basemap", "cells", "choropleth", "class_breaks", "class_labels", "key", "numbered", "outlines", "points", "scale_bar"]

# More classes than this can't be told apart in a legend, nor in grey print.
MAX_CLASSES = 5
# Share of the axes' width for the map; legend and list stand to the right of it.
SIDE = 0.62
STREET = "#C9C9C9"
LAND = "#F4F4F2"


def basemap(ax: Axes, area: Any, *, areas: gpd.GeoDataFrame | None = None, streets: gpd.GeoDataFrame | None = None) -> float:
    """Draw the study area, lightly, with named areas and streets where given; turn the axes into a map.

    Parameters
    ----------
    area : shapely geometry or None
        The study area, in metres.
    areas, streets : GeoDataFrame, optional
        In the coordinate system of `area`.

    Returns
    -------
    float
        Where words beside the map may start, as an x of the map.
    """
    if area is not None:
        _polygons(ax, [area], facecolor=LAND, edgecolor=MUTED, linewidth=0.8, zorder=0)
        _frame_to(ax, area.bounds)
    ax.set_autoscale_on(True)
    ax.set_aspect("equal", adjustable="datalim")
    if streets is not None and len(streets):
        _lines(ax, streets.geometry.to_numpy(), color=STREET, linewidth=0.5, zorder=0.5)
    if areas is not None and len(areas):
        _polygons(ax, list(areas.geometry), facecolor="none", edgecolor="#A8A8A8", linewidth=0.5, zorder=4)
    ax.set_axis_off()
    right = ax.get_xlim()[1] if area is None else area.bounds[2]
    return float(right + 0.03 * (ax.get_xlim()[1] - ax.get_xlim()[0]))


def cells(ax: Axes, left: npt.ArrayLike, low: npt.ArrayLike, size: float, colors: Any, *, zorder: float = 1) -> Axes:
    """Draw square cells by their south-west corners, each in its colour."""
    from matplotlib.collections import PolyCollection

    x, y = np.asarray(left, dtype=float), np.asarray(low, dtype=float)
    corners = np.stack([np.c_[x, y], np.c_[x + size, y], np.c_[x + size, y + size], np.c_[x, y + size]], axis=1)
    # Edges in the colour of the face close the hairlines between neighbours.
    ax.add_collection(PolyCollection(list(corners), facecolors=colors, edgecolors=colors, linewidths=0.15, zorder=zorder))
    return ax


def choropleth(
    ax: Axes, shapes: Sequence[Any], values: npt.ArrayLike, *, unit: str, side: float, breaks: Sequence[float] | None = None
) -> Axes:
    """Fill shapes by class of their value, at most five classes, with a legend in `unit`."""
    numbers = np.asarray(values, dtype=float)
    edges = list(breaks) if breaks is not None else class_breaks(numbers)
    colors = class_colors(len(edges))
    group = np.clip(np.searchsorted(edges, numbers, side="right") - 1, -1, len(edges) - 1)
    for k, color in enumerate(colors):
        _polygons(
            ax,
            [s for s, g in zip(shapes, group, strict=True) if g == k],
            facecolor=color,
            edgecolor="white",
            linewidth=0.4,
            zorder=1,
        )
    key(ax, list(zip(colors, class_labels(edges, numbers), strict=True)), title=unit, side=side)
    return ax


def class_breaks(values: npt.ArrayLike, *, classes: int = MAX_CLASSES) -> list[float]:
    """Return the lower ends of at most five classes of the values above zero, in steps that people read: 1, 2, 5, 10, 20 ...

    Counts are skewed: equal steps would put all cells but one into the first class. Steps grow, so that each class holds some cells.

    Examples
    --------
    >>> class_breaks([0, 1, 1, 3, 8, 40, 90])
    [1.0, 2.0, 5.0, 20.0, 50.0]
    """
    positive = np.asarray(values, dtype=float)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    if len(positive) == 0:
        return []
    low, high = float(positive.min()), float(positive.max())
    if high <= low:
        return [low]
    wanted = np.geomspace(max(low, high / 5_000), high, classes + 1)[:-1]
    found = sorted({_nice(v) for v in wanted[1:]})
    first = min(low, 1.0) if np.all(positive == np.round(positive)) and low < 2 else low
    edges = [first, *(v for v in found if first < v <= high)]
    held = np.histogram(positive, [*edges, np.inf])[0]
    return [edge for edge, n in zip(edges, held, strict=True) if n or edge == first]


def class_labels(breaks: Sequence[float], values: npt.ArrayLike) -> list[str]:
    """Return "1", "2-4", "5 and more": whole numbers where the values are."""
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    whole = bool(np.all(numbers == np.round(numbers)))
    labels = []
    for low, high in zip(breaks, [*breaks[1:], None], strict=True):
        if high is None:
            top = float(numbers.max())
            labels.append(f"{low:,.3g}" if top == low else f"{_say(low)} to {_say(top)}")
        elif whole:
            labels.append(_say(low) if high - low <= 1 else f"{_say(low)} to {_say(high - 1)}")
        else:
            labels.append(f"{_say(low)} to under {_say(high)}")
    return labels


def class_colors(n: int) -> list[Any]:
    """Return `n` colours from light to dark; their order survives a grey print."""
    from matplotlib import colormaps

    return [colormaps[SEQUENTIAL](v) for v in np.linspace(0.12, 1.0, n)] if n > 1 else [colormaps[SEQUENTIAL](0.75)] * n


def key(ax: Axes, entries: Sequence[tuple[Any, str]], *, title: str, side: float) -> Axes:
    """Put a legend of colour and words beside the map, from x = `side`."""
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=color, edgecolor=MUTED, linewidth=0.5, label=label) for color, label in entries]
    found = ax.legend(
        handles=handles, title=title, loc="upper left", bbox_to_anchor=(side, 1.0), bbox_transform=ax.get_xaxis_transform(), fontsize=8, title_fontsize=8.5, frameon=False,
        alignment="left", borderaxespad=0.0, handlelength=1.3,
    )  # fmt: skip
    found.get_title().set_color(INK)
    return ax


def outlines(
    ax: Axes, shapes: Sequence[Any], *, color: Any = WARN, fill: Any = "none", linewidth: float = 1.3, zorder: float = 5
) -> Axes:
    """Draw shapes as outlines."""
    return _polygons(ax, shapes, facecolor=fill, edgecolor=color, linewidth=linewidth, zorder=zorder)


def points(ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, *, color: Any = MUTED, size: float = 2.0, zorder: float = 2) -> Axes:
    """Draw small dots."""
    ax.scatter(np.asarray(x, dtype=float), np.asarray(y, dtype=float), s=size, c=[color], linewidths=0, zorder=zorder)
    return ax


def numbered(ax: Axes, shapes: Sequence[Any], words: Sequence[str], *, title: str, side: float) -> Axes:
    """Put numbers on shapes, largest first, and list the numbers with their words beside it."""
    room = ax.get_ylim()[1] - ax.get_ylim()[0]
    taken: list[tuple[float, float]] = []
    for i, shape in enumerate(shapes, start=1):
        centre = shape.representative_point()
        at = _free_spot(centre.x, centre.y, taken, room * 0.045)
        taken.append(at)
        ax.annotate(
            str(i), (centre.x, centre.y), xytext=at, textcoords="data", fontsize=8, fontweight="bold", color="white", ha="center", va="center",
            zorder=8, bbox={"boxstyle": "circle,pad=0.2", "facecolor": INK, "edgecolor": "white", "linewidth": 0.7},
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkB": 0},
        )  # fmt: skip
    listed = "\n".join(f"{i}  {text}" for i, text in enumerate(words, start=1))
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
    bottom, top = ax.get_ylim()
    length = _nice((high - low) / 7, down=True)
    x, y = low + 0.02 * (high - low), bottom + 0.025 * (top - bottom)
    tick = 0.008 * (top - bottom)
    ax.add_line(
        Line2D(
            [x, x, x, x + length, x + length, x + length],
            [y + tick, y - tick, y, y, y - tick, y + tick],
            color=INK,
            linewidth=1.2,
            zorder=9,
        )
    )
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    # A light edge keeps the words readable where the city reaches into the corner.
    edge = [withStroke(linewidth=2.5, foreground="white")]
    miles = f"{length / 1609.344:.2g} mi" if length >= 400 else f"{length / 0.3048:,.0f} ft"
    ax.text(
        x, y + 2.2 * tick, f"{words} ({miles})  N↑", fontsize=8, color=INK, va="bottom", ha="left", zorder=9, path_effects=edge
    )
    return ax


def _free_spot(x: float, y: float, taken: list[tuple[float, float]], room: float) -> tuple[float, float]:
    for ring in range(0, 7):
        for k in range(max(1, 8 * min(ring, 1))):
            angle = math.pi / 4 * k
            spot = (x + ring * room * math.cos(angle), y + ring * room * math.sin(angle))
            if all(math.hypot(spot[0] - a, spot[1] - b) >= room for a, b in taken):
                return spot
    return x, y


def _frame_to(ax: Axes, bounds: tuple[float, float, float, float]) -> None:
    """Fill the axes: the map to the left, words to the right of it, room for the scale bar below."""
    minx, miny, maxx, maxy = bounds
    width, height = maxx - minx, (maxy - miny) * 1.09
    box, (inches, tall) = ax.get_position(), ax.figure.bbox.size
    shape = (box.width * inches) / (box.height * tall)
    across = max(width * 1.04 / SIDE, height * shape)
    up = across / shape
    left = minx - max(0.02 * width, (across * SIDE - width) / 2)
    ax.set_xlim(left, left + across)
    middle = (miny + maxy) / 2 - 0.035 * (maxy - miny)
    ax.set_ylim(middle - up / 2, middle + up / 2)


def _polygons(ax: Axes, shapes: Sequence[Any], **style: Any) -> Axes:
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    paths = []
    for shape in shapes:
        rings = [
            Path(np.asarray(ring.coords)[:, :2], closed=True)
            for part in shapely.get_parts(shape)
            if part.geom_type == "Polygon"
            for ring in (part.exterior, *part.interiors)
        ]
        if rings:
            paths.append(Path.make_compound_path(*rings))
    if paths:
        ax.add_collection(PathCollection(paths, **style))
    return ax


def _lines(ax: Axes, shapes: npt.NDArray[Any], **style: Any) -> Axes:
    from matplotlib.collections import LineCollection

    parts = [np.asarray(part.coords)[:, :2] for part in shapely.get_parts(shapes) if part.geom_type == "LineString"]
    ax.add_collection(LineCollection(parts, **style))
    return ax


def _nice(value: float, *, down: bool = False) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten, or the next below."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = [s * power for s in (1, 2, 5, 10)]
    return max(s for s in steps if s <= value * (1 + 1e-9)) if down else min(steps, key=lambda s: abs(math.log(s / value)))


def _say(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3g}"
