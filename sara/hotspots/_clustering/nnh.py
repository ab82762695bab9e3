"""Nearest-neighbour hierarchical clustering (CrimeStat's Nnh) on weighted places."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError

__all__ = ["LEAST_CLUSTERS", "MAX_PAIRS", "Order", "groups", "hierarchy", "neighbour_lists", "random_distance"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A cluster of clusters needs two.
LEAST_CLUSTERS = 2
# Pairs of places closer than the threshold that are kept in memory (32 bytes each, listed both ways).
MAX_PAIRS = 20_000_000


@dataclass(frozen=True, eq=False)
class Order:
    """The clusters of one order: for the first, members are places; for a higher one, clusters of the order below."""

    members: list[Ints]
    threshold: float


def random_distance(n: float, area: float, likelihood: float) -> float:
    """Return the mean nearest-neighbour distance of `n` random points, less what leaves `likelihood` of such means below it."""
    from scipy.special import ndtri

    return max(0.0, 0.5 * math.sqrt(area / n) + float(ndtri(likelihood)) * 0.26136 / math.sqrt(n**2 / area))


def hierarchy(
    x: Floats, y: Floats, n: Floats, *, area: float, least: float, likelihood: float, threshold: float | None = None
) -> list[Order]:
    """Return first-order clusters of places, then clusters of their mean centres, until none is left to join.

    Each order has the threshold of as many random points as it joins; a given `threshold` holds for the first order only.
    """
    orders: list[Order] = []
    weight, asked = n, least
    while len(x):
        limit = threshold if threshold is not None and not orders else random_distance(float(weight.sum()), area, likelihood)
        members = groups(x, y, weight, limit, asked)
        if not members:
            break
        orders.append(Order(members, limit))
        centre = np.array([[np.average(v[m], weights=weight[m]) for v in (x, y)] for m in members])
        x, y, weight, asked = centre[:, 0], centre[:, 1], np.ones(len(members)), float(LEAST_CLUSTERS)
        if len(members) < LEAST_CLUSTERS:
            break
    return orders


def groups(x: Floats, y: Floats, weight: Floats, threshold: float, least: float) -> list[Ints]:
    """Return groups: the point with most others within the threshold and all of these; then again among the rest, while there are `least`.

    Equal counts are settled by place, west before east, so that the order of rows can't matter.
    """
    start, other, _ = neighbour_lists(x, y, threshold)
    held = weight + np.add.reduceat(np.r_[weight[other], 0.0], start[:-1]) * (np.diff(start) > 0)
    rank = np.empty(len(x), dtype=np.int64)
    rank[np.lexsort((y, x))] = np.arange(len(x))
    seeds = np.flatnonzero(held >= least)
    queue = [(-float(held[i]), int(rank[i]), int(i)) for i in seeds]
    heapq.heapify(queue)
    free = np.ones(len(x), dtype=bool)
    found: list[Ints] = []
    while queue:
        most, order, i = heapq.heappop(queue)
        if not free[i]:
            continue
        near = other[start[i] : start[i + 1]]
        near = near[free[near]]
        now = float(weight[i] + weight[near].sum())
        if now < -most:
            # Some of its neighbours have been taken since it was put in the queue.
            if now >= least:
                heapq.heappush(queue, (-now, order, i))
            continue
        member = np.sort(np.r_[i, near]).astype(np.int64)
        free[member] = False
        found.append(member)
    return found


def neighbour_lists(x: Floats, y: Floats, distance: float, *, max_pairs: int = MAX_PAIRS) -> tuple[Ints, Ints, Floats]:
    """Return who is within `distance` of whom, without oneself: where each list starts, the others, and how far away they are.

    Raises
    ------
    InputError
        If the lists would not fit into memory.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(np.c_[x, y])
    n_pairs = (tree.count_neighbors(tree, distance) - len(x)) // 2 if len(x) > 1 else 0
    if n_pairs > max_pairs:
        raise InputError(
            f"`eps` must leave few enough neighbours to list them all with this method. Got {n_pairs:,} pairs of places within {distance:,.0f} m. "
            "Give a smaller eps, a shorter period, or take method='dbscan', which does without the list."
        )
    pairs = tree.query_pairs(distance, output_type="ndarray").astype(np.int64)
    first, second = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    far = np.hypot(x[first] - x[second], y[first] - y[second])
    order = np.lexsort((second, far, first))
    start = np.r_[0, np.cumsum(np.bincount(first, minlength=len(x)))].astype(np.int64)
    return start, second[order], far[order]
