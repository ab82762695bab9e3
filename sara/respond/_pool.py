"""Untouched places of the same kind: where else such events concentrate, on footprints of the same size and shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError, NotEnoughDataError

__all__ = ["LEAST_EVENTS", "Pool", "build_places", "untouched_places"]

# Fewer candidates than `_POOL` are joined by laid ones, so that untouched places can tell how places drift.
LEAST_EVENTS, _POOL = 10, 20

# Cells across a footprint: fine enough to centre it, coarse enough that a million events take a second.
_CELLS_ACROSS = 8
_LEAST_CELL = 10.0
# Streets run every way: a strip along one is looked for along the others.
_TURNS = (0.0, 30.0, 60.0, 90.0, 120.0, 150.0)


@dataclass(frozen=True)
class Pool:
    """Untouched places: the given ones first; how many given ones were too near, or the same ground twice."""

    geometries: list[BaseGeometry]
    names: list[str]
    n_given: int
    too_near: int
    twice: int


def untouched_places(
    x: np.ndarray,
    y: np.ndarray,
    time: np.ndarray,
    place: BaseGeometry,
    width: float,
    given: gpd.GeoDataFrame | None,
    chosen: Any,
    begin: pd.Timestamp,
    n_treated: int,
) -> Pool:
    """Return the candidates outside the buffer, joined by laid footprints where they are few or none."""
    near = place.buffer(width)
    geometries: list[BaseGeometry] = []
    names: list[str] = []
    too_near = twice = 0
    if given is not None:
        shapes = shapely.make_valid(given.geometry.to_numpy())
        touching = shapely.intersects(shapes, near)
        too_near = int(touching.sum())
        own = _own_ground(shapes[~touching])
        twice = int((~own).sum())
        left = given[~touching][own]
        geometries = list(shapes[~touching][own])
        known = list(left["name"]) if "name" in left.columns else [None] * len(left)
        names = [f"place {i + 1}" if pd.isna(v) else str(v) for i, v in enumerate(known)]
        if not geometries:
            raise InputError(
                f"`candidates` must lie outside the place of the response and its buffer of {width:.0f} m. Got {len(given)}, all inside. Widen the choice."
            )
    n_given = len(geometries)
    if n_given < _POOL:
        window = np.ones(len(x), dtype=bool)
        if chosen is not None:
            seen = (time >= np.datetime64(chosen[0])) & (time < np.datetime64(min(chosen[1], begin)))
            window = seen if seen.sum() >= LEAST_EVENTS else window
        avoid = shapely.union_all([near, *geometries])
        built = build_places(
            x[window],
            y[window],
            place,
            avoid=avoid,
            least=LEAST_EVENTS * window.mean(),
            substantial=n_treated * window.mean() / 10,
        )
        names += [f"place {len(geometries) + i + 1}" for i in range(len(built))]
        geometries += built
    if not geometries:
        raise NotEnoughDataError(
            "comparison needs at least 1 other place with such events. Got 0. Hand in places: candidates=sara.read_areas('places.geojson')"
        )
    return Pool(geometries, names, n_given, too_near, twice)


def _own_ground(shapes: np.ndarray) -> np.ndarray:
    """Return which places share at most half their ground with one named before: an event counts once, so a twin would look empty."""
    own = np.ones(len(shapes), dtype=bool)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in sorted(zip(one.tolist(), other.tolist(), strict=True)):
        if j < i and own[j] and shapely.area(shapely.intersection(shapes[i], shapes[j])) > 0.5 * shapely.area(shapes[i]):
            own[i] = False
    return own


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
        The place of the response.
    avoid : geometry
        What a copy may not touch: the place of the response with its buffer, places already used.
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
