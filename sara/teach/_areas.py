"""Neighbourhoods: polygons that follow main streets and the river, and tile the city."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from sara.teach._names import NEIGHBORHOODS
from sara.teach._streets import NEW_TOWN, OLD_TOWN, Ground, faces_of

__all__ = ["neighborhoods"]

SLIVER = 25_000.0  # square metres


def neighborhoods(ground: Ground) -> npt.NDArray[np.object_]:
    """Return one polygon per name in `NEIGHBORHOODS`, in that order."""
    main = ground.line[ground.kind != "local"]
    blocks = faces_of(np.r_[main, [ground.stream]], ground.boundary)
    label = _nearest(blocks, ground)
    label = _tidied(blocks, label)
    for _ in range(5):
        label, moved = _joined(blocks, label)
        if not moved:
            break
    return np.array([shapely.union_all(blocks[label == i]) for i in range(len(NEIGHBORHOODS))], dtype=object)


def _nearest(blocks: npt.NDArray[np.object_], ground: Ground) -> npt.NDArray[np.int64]:
    """Give each block to the nearest seed on its own bank; the old and the new town keep their edges."""
    names = list(NEIGHBORHOODS)
    seeds = np.array([NEIGHBORHOODS[name][0] for name in names])
    bank = np.array([NEIGHBORHOODS[name][1] == "north" for name in names])
    inside = shapely.point_on_surface(blocks)
    where = shapely.get_coordinates(inside)
    stream = shapely.get_coordinates(ground.stream)
    north = where[:, 1] > np.interp(where[:, 0], stream[:, 0], stream[:, 1])
    distance = np.hypot(where[:, None, 0] - seeds[None, :, 0], where[:, None, 1] - seeds[None, :, 1])
    distance[north[:, None] != bank[None, :]] = np.inf
    for name, outline in (("Old Town", OLD_TOWN), ("Prairie Crossing", NEW_TOWN)):
        zone = shapely.contains(shapely.Polygon(outline).buffer(5), inside)
        column = names.index(name)
        distance[zone, column] = -1
        distance[~zone, column] = np.inf
    return np.argmin(distance, axis=1)


def _tidied(blocks: npt.NDArray[np.object_], label: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Hand slivers between two streets to the neighbourhood they share the longest edge with."""
    label = label.copy()
    tree = shapely.STRtree(blocks)
    for block in np.flatnonzero(shapely.area(blocks) < SLIVER):
        near = tree.query(blocks[block], predicate="intersects")
        near = near[near != block]
        if len(near):
            label[block] = label[near[np.argmax(shapely.length(shapely.intersection(blocks[block].boundary, blocks[near])))]]
    return label


def _joined(blocks: npt.NDArray[np.object_], label: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], bool]:
    """Hand blocks cut off from their neighbourhood to the one they share the longest edge with."""
    label, moved = label.copy(), False
    tree = shapely.STRtree(blocks)
    for i in range(len(NEIGHBORHOODS)):
        parts = shapely.get_parts(shapely.union_all(blocks[label == i]))
        if len(parts) == 1:
            continue
        main = parts[np.argmax(shapely.area(parts))]
        for block in np.flatnonzero(label == i):
            if shapely.contains(main.buffer(1), shapely.point_on_surface(blocks[block])):
                continue
            near = np.array([j for j in tree.query(blocks[block], predicate="intersects") if label[j] != i])
            shared = shapely.length(shapely.intersection(blocks[block].boundary, blocks[near])) if len(near) else np.zeros(0)
            if len(near) and shared.max() > 0:
                label[block], moved = label[near[np.argmax(shared)]], True
    return label, moved
