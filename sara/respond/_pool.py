"""Untouched places of the same kind: where else such events concentrate, on footprints of the same size and shape."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

__all__ = ["build_places"]

# Cells across a footprint: fine enough to centre it, coarse enough that a million events take a second.
_CELLS_ACROSS = 8
_LEAST_CELL = 10.0
# Streets run every way: a strip along one is looked for along the others.
_TURNS = (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)


def build_places(
    x: np.ndarray,
    y: np.ndarray,
    footprint: BaseGeometry,
    *,
    avoid: BaseGeometry,
    least: float,
    substantial: float,
    few: int = 40,
    most: int = 100,
) -> list[BaseGeometry]:
    """Lay copies of a footprint, turned as streets turn, where events concentrate, the densest first, none overlapping.

    Parameters
    ----------
    x, y : array of float
        Events, metres.
    footprint : geometry
        The treated place.
    avoid : geometry
        What a copy may not touch: the treated place with its buffer, places already used.
    least : float
        A copy must hold about this many events.
    substantial : float
        Once there are `few`, a copy must hold about this many.
    few, most : int
        So many places are wanted even if they are small, and at most so many are laid.

    Returns
    -------
    list of geometry
        Densest first. The same for the same events in any order.
    """
    side = max(_LEAST_CELL, float(np.sqrt(footprint.area)) / _CELLS_ACROSS)
    cells, n = np.unique(np.floor(np.c_[x, y] / side).astype(np.int64), axis=0, return_counts=True)
    if len(cells) == 0:
        return []
    centred = affinity.translate(footprint, -footprint.centroid.x, -footprint.centroid.y)
    turned = [affinity.rotate(centred, angle, origin=(0, 0)) for angle in _TURNS]
    scores = np.stack([_footprint_sums(cells, n, _offsets(shape, side)) for shape in turned])
    centres = (cells + 0.5) * side
    # Copies whose centres are nearer than two radii of the circle inside the footprint must overlap.
    origin = shapely.Point(0, 0)
    clearance = 2 * float(centred.boundary.distance(origin)) if centred.contains(origin) else 0.0
    shapely.prepare(avoid)
    alive = np.ones(len(cells), dtype=bool)
    found: list[BaseGeometry] = []
    # A stable sort: equals keep the order of turns and cells, not of rows.
    order = np.argsort(-scores, axis=None, kind="stable")
    for turn, cell in zip(*np.unravel_index(order[: int((scores >= least).sum())], scores.shape), strict=True):
        if not alive[cell]:
            continue
        if len(found) == most or (len(found) >= few and scores[turn, cell] < substantial):
            break
        place = affinity.translate(turned[turn], *centres[cell])
        if shapely.intersects(avoid, place) or (found and shapely.intersects(np.array(found, dtype=object), place).any()):
            continue
        found.append(place)
        alive &= np.hypot(*(centres - centres[cell]).T) > clearance
    return found


def _offsets(centred: BaseGeometry, side: float) -> np.ndarray:
    """Return the steps, in cells, from a centre to the cells its footprint covers."""
    low_x, low_y, high_x, high_y = centred.bounds
    i = np.arange(np.floor(low_x / side), np.ceil(high_x / side) + 1)
    j = np.arange(np.floor(low_y / side), np.ceil(high_y / side) + 1)
    grid = np.stack(np.meshgrid(i, j, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = shapely.contains_xy(centred, grid[:, 0] * side, grid[:, 1] * side)
    return grid[inside].astype(np.int64) if inside.any() else np.zeros((1, 2), dtype=np.int64)


def _footprint_sums(cells: np.ndarray, n: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return, for each occupied cell, the events under a footprint centred there."""
    low = cells.min(axis=0) - np.abs(offsets).max()
    stride = int(cells[:, 1].max() - low[1] + np.abs(offsets).max() + 2)
    keys = (cells[:, 0] - low[0]) * stride + (cells[:, 1] - low[1])
    total = np.zeros(len(cells))
    for di, dj in offsets:
        wanted = keys + di * stride + dj
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        total += np.where(keys[at] == wanted, n[at], 0)
    return total
