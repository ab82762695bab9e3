"""What a map is drawn of: cells, areas, hatches, lines, circles, dots. They never move the frame of the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from sara.plot.classes import LESS, Classes
from sara.plot.style import MUTED, WARN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "HATCH_INK",
    "HIDDEN",
    "UNKNOWN",
    "add",
    "cells",
    "circles",
    "compound",
    "fill",
    "hatch",
    "lines",
    "outlines",
    "points",
    "polygons",
]

# Hatches, and how a legend names them: a count that is not shown, and too little to say anything.
HIDDEN = {"facecolor": "white", "hatch": "////"}
UNKNOWN = {"facecolor": "white", "hatch": "...."}
HATCH_INK = "#6E6E6E"


def cells(ax: Axes, left: npt.ArrayLike, low: npt.ArrayLike, size: float, colors: Any, *, zorder: float = 1) -> Axes:
    """Draw square cells by their south-west corners, each in its colour."""
    from matplotlib.collections import PolyCollection

    x, y = np.asarray(left, dtype=float), np.asarray(low, dtype=float)
    corners = np.stack([np.c_[x, y], np.c_[x + size, y], np.c_[x + size, y + size], np.c_[x, y + size]], axis=1)
    # Edges in the colour of the face close the hairlines between neighbours.
    add(ax, PolyCollection(list(corners), facecolors=colors, edgecolors=colors, linewidths=0.15, zorder=zorder))
    return ax


def polygons(
    ax: Axes, shapes: Sequence[Any], colors: Any, *, edge: Any = None, linewidth: float = 0.15, zorder: float = 1
) -> Axes:
    """Draw shapes (hexagons, areas), each in its colour; `edge` is the colour of its face if not given."""
    keep = np.flatnonzero(shapely.area(np.asarray(shapes, dtype=object)) > 0).tolist()
    faces = [colors[i] for i in keep]
    return compound(
        ax,
        [shapes[i] for i in keep],
        facecolors=faces,
        edgecolors=faces if edge is None else edge,
        linewidths=linewidth,
        zorder=zorder,
    )


def fill(
    ax: Axes,
    shapes: Sequence[Any],
    values: npt.ArrayLike,
    by: Classes,
    *,
    edge: Any = None,
    linewidth: float = 0.15,
    zorder: float = 1,
) -> Axes:
    """Fill shapes by the class of their value; shapes without a value stay empty, and classes that mean "less" get a fine hatch."""
    held = np.asarray(shapes, dtype=object)
    group = by.group(values)
    for k, color in enumerate(by.colors):
        chosen = held[group == k]
        polygons(ax, chosen, [color] * len(chosen), edge=edge, linewidth=linewidth, zorder=zorder)
        if k < by.below and len(chosen):
            hatch(ax, chosen, mark=LESS, color="white", zorder=zorder + 0.01)
    return ax


def hatch(ax: Axes, shapes: Sequence[Any], *, mark: str = "////", color: Any = HATCH_INK, zorder: float = 3) -> Axes:
    """Hatch shapes, those that touch as one: for counts that are not shown, or places of which too little is known to say anything."""
    if len(shapes) == 0:
        return ax
    return compound(
        ax,
        [shapely.union_all(np.asarray(shapes, dtype=object))],
        facecolor="none",
        edgecolor=color,
        hatch=mark,
        linewidth=0.0,
        zorder=zorder,
    )


def lines(ax: Axes, shapes: Any, *, color: Any, width: Any = 1.0, zorder: float = 2) -> Axes:
    """Draw lines (street segments), in one colour and width or in one each."""
    from matplotlib.collections import LineCollection

    held = np.asarray(shapes, dtype=object)
    parts, owner = shapely.get_parts(held, return_index=True)
    keep = shapely.get_type_id(parts) == 1
    paths = [shapely.get_coordinates(part) for part in parts[keep]]
    one_each = isinstance(color, list) or (isinstance(color, np.ndarray) and color.ndim == 2)
    colors = [color[i] for i in owner[keep]] if one_each else color
    widths = width if np.isscalar(width) else np.asarray(width, dtype=float)[owner[keep]]
    add(ax, LineCollection(paths, colors=colors, linewidths=widths, capstyle="round", zorder=zorder))
    return ax


def circles(
    ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, radius: npt.ArrayLike, *, color: Any = WARN, face: Any = "none", linewidth: float = 1.3,
    zorder: float = 5,
) -> Axes:  # fmt: skip
    """Draw circles of a radius in metres."""
    from matplotlib.collections import EllipseCollection

    held = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float), np.asarray(radius, dtype=float))
    across = 2 * np.atleast_1d(held[2])
    add(
        ax,
        EllipseCollection(
            across, across, np.zeros(len(across)), units="xy", offsets=np.c_[np.atleast_1d(held[0]), np.atleast_1d(held[1])],
            offset_transform=ax.transData, facecolors=face, edgecolors=color, linewidths=linewidth, zorder=zorder,
        ),
    )  # fmt: skip
    return ax


def outlines(
    ax: Axes, shapes: Sequence[Any], *, color: Any = WARN, fill: Any = "none", linewidth: float = 1.3, zorder: float = 5
) -> Axes:
    """Draw shapes as outlines."""
    return compound(ax, shapes, facecolor=fill, edgecolor=color, linewidth=linewidth, zorder=zorder)


def points(
    ax: Axes, x: npt.ArrayLike, y: npt.ArrayLike, *, color: Any = MUTED, size: float = 2.0, edge: Any = "none", zorder: float = 2
) -> Axes:
    """Draw small dots."""
    from matplotlib.collections import CircleCollection

    held = np.c_[np.asarray(x, dtype=float), np.asarray(y, dtype=float)]
    add(
        ax,
        CircleCollection(
            np.full(len(held), size),
            offsets=held,
            offset_transform=ax.transData,
            facecolors=[color],
            edgecolors=edge,
            linewidths=0.4,
            zorder=zorder,
        ),
    )
    return ax


def add(ax: Axes, drawn: Any) -> None:
    """Add to a map without moving its frame, whichever matplotlib draws it."""
    ax.add_collection(drawn, autolim=False)


def compound(ax: Axes, shapes: Sequence[Any], **style: Any) -> Axes:
    """Draw surfaces, holes and all, in a style as `PathCollection` takes it."""
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
        add(ax, PathCollection(paths, **style))
    return ax
