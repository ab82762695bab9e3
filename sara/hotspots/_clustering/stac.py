"""Hot clusters of STAC, Spatial and Temporal Analysis of Crime: overlapping search circles, combined where they share events."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CIRCLE", "CIRCLES", "Stac", "n_nodes", "stac"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A circle's radius in search radii: the root of two, as published.
CIRCLE = math.sqrt(2)
# As many circles as STAC keeps.
CIRCLES = 25
# Height of a row of the triangular lattice, in its spacing.
ROW = math.sqrt(3) / 2


@dataclass(frozen=True, eq=False)
class Stac:
    """The places of each hot cluster, and the events of its fullest circle."""

    members: list[Ints]
    most: list[float]


def n_nodes(area: float, spacing: float) -> int:
    """Return about how many nodes the lattice has in the study area."""
    return max(1, round(area / (spacing**2 * ROW)))


def stac(x: Floats, y: Floats, n: Floats, *, radius: float, least: float, circles: int = CIRCLES) -> Stac:
    """Return hot clusters: the fullest circles on a triangular lattice with the search radius as spacing, joined where they share a place.

    The lattice starts at the origin of the coordinates: it does not move when rows or the study area do.
    """
    node, place = _in_circles(x, y, radius)
    ids, at = np.unique(node, return_inverse=True)
    held = np.asarray(np.bincount(at, weights=n[place], minlength=len(ids)), dtype=float)
    # Fullest first; equal ones by where they lie.
    ranked = np.lexsort((ids, -held))
    kept = ranked[held[ranked] >= least][:circles]
    number = np.full(len(ids), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    chosen = number[at] >= 0
    return _joined(number[at[chosen]], place[chosen], held[kept])


def _in_circles(x: Floats, y: Floats, radius: float) -> tuple[Ints, Ints]:
    """Return pairs of (node, place) for every circle that a place lies in."""
    row0, reach = np.floor(y / (radius * ROW)).astype(np.int64), CIRCLE * radius
    span_y, span_x = math.ceil(CIRCLE / ROW), math.ceil(CIRCLE) + 1
    nodes, places = [], []
    for up in range(-span_y, span_y + 2):
        row = row0 + up
        shift = np.where(row % 2 == 0, 0.0, 0.5)
        column0 = np.floor(x / radius - shift).astype(np.int64)
        for across in range(-span_x, span_x + 2):
            column = column0 + across
            inside = np.hypot((column + shift) * radius - x, row * radius * ROW - y) <= reach
            nodes.append((row[inside] << 32) + column[inside])
            places.append(np.flatnonzero(inside))
    return np.concatenate(nodes), np.concatenate(places)


def _joined(circle: Ints, place: Ints, held: Floats) -> Stac:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if len(held) == 0:
        return Stac([], [])
    used, at = np.unique(place, return_inverse=True)
    size = len(held) + len(used)
    links = coo_array((np.ones(len(circle), dtype=np.int8), (circle, len(held) + at)), shape=(size, size))
    label = connected_components(links, directed=False)[1]
    members = [used[label[len(held) :] == k] for k in np.unique(label)]
    most = [float(held[label[: len(held)] == k].max()) for k in np.unique(label)]
    return Stac(members, most)
