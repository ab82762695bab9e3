"""DBSCAN on weighted places in memory that grows with the places, not with their pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LATTICE_STEPS", "Lattice", "Neighbours", "Pairs", "best_parts", "neighbours", "parts_at"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Pairs of places within eps that are kept in memory (16 bytes each); beyond, places are put on a fine lattice and pairs are never listed.
MAX_PAIRS = 10_000_000
MAX_PLACES = 200_000
# Lattice steps in eps: at 150 m a step is 5 m, finer than a geocoder.
LATTICE_STEPS = 30
# By how much the asked-for density rises from step to step.
RISE = 1.25


@dataclass(frozen=True, eq=False)
class Pairs:
    """Places with the list of pairs that lie within eps of each other."""

    x: Floats
    y: Floats
    pairs: Ints
    place: Ints
    eps: float

    def density(self, weight: Floats) -> Floats:
        """Return the weight within eps of each place, its own included."""
        first, second = self.pairs.T
        size = len(self.x)
        return (
            weight
            + np.bincount(first, weights=weight[second], minlength=size)
            + np.bincount(second, weights=weight[first], minlength=size)
        )

    def components(self, core: Ints) -> Ints:
        """Return a label per core place: the same where a chain of steps of at most eps joins them."""
        return _join(len(core), *self._between(core))

    def _between(self, core: Ints) -> tuple[Ints, Ints]:
        at = np.full(len(self.x), -1, dtype=np.int64)
        at[core] = np.arange(len(core))
        first, second = at[self.pairs[:, 0]], at[self.pairs[:, 1]]
        both = (first >= 0) & (second >= 0)
        return first[both], second[both]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Places put on a lattice of eps / 30, sorted by row and column."""

    x: Floats
    y: Floats
    row: Ints
    column: Ints
    place: Ints
    eps: float

    @property
    def _stride(self) -> int:
        return int(self.column.max()) + 4 * LATTICE_STEPS + 1

    def density(self, weight: Floats) -> Floats:
        """Return the weight within eps of each place, its own included: row by row of the disc, as differences of running sums."""
        key = self.row * self._stride + self.column
        running = np.r_[0.0, np.cumsum(weight)]
        out = np.zeros(len(key))
        for up in range(-LATTICE_STEPS, LATTICE_STEPS + 1):
            reach = _reach(up)
            base = key + up * self._stride
            out += (
                running[np.searchsorted(key, base + reach, side="right")]
                - running[np.searchsorted(key, base - reach, side="left")]
            )
        return out

    def components(self, core: Ints) -> Ints:
        """Return a label per core place, joining only neighbours along a row and the two ends of each stretch in other rows."""
        key = (self.row * self._stride + self.column)[core]
        near = np.diff(key) <= LATTICE_STEPS
        run = np.r_[0, np.cumsum(~near)] if len(key) else np.zeros(0, dtype=np.int64)
        size = int(run[-1]) + 1 if len(run) else 1
        first, second = [], []
        for up in range(1, LATTICE_STEPS + 1):
            reach = _reach(up)
            base = key + up * self._stride
            low, high = np.searchsorted(key, base - reach, side="left"), np.searchsorted(key, base + reach, side="right")
            met = np.flatnonzero(high > low)
            # A stretch of at most 2 eps has at most one gap wider than eps, so that its two ends reach all of it.
            for end in (low[met], high[met] - 1):
                # Both ends move along with the places, so that equal links follow each other.
                links = run[met] * size + run[end]
                links = links[np.r_[True, links[1:] != links[:-1]]] if len(links) else links
                first.append(links // size)
                second.append(links % size)
        return _join(size, np.concatenate(first), np.concatenate(second))[run]


Neighbours = Pairs | Lattice


def neighbours(x: Floats, y: Floats, eps: float, *, max_pairs: int = MAX_PAIRS) -> Neighbours:
    """Return who is within `eps` of whom: exactly where the list of pairs fits, otherwise on a lattice of eps / 30.

    ``place`` gives the place of each input point: places are unique coordinates, or points of the lattice.
    """
    from scipy.spatial import cKDTree

    order = np.lexsort((x, y))
    new = np.r_[True, (np.diff(x[order]) != 0) | (np.diff(y[order]) != 0)]
    place = np.empty(len(x), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    ux, uy = x[order][new], y[order][new]
    if len(ux) <= MAX_PLACES:
        tree = cKDTree(np.c_[ux, uy])
        if (tree.count_neighbors(tree, eps) - len(ux)) // 2 <= max_pairs:
            return Pairs(ux, uy, tree.query_pairs(eps, output_type="ndarray").astype(np.int64), place, eps)
    step = eps / LATTICE_STEPS
    row, column = np.floor((uy - uy.min()) / step).astype(np.int64), np.floor((ux - ux.min()) / step).astype(np.int64)
    stride = int(column.max()) + 4 * LATTICE_STEPS + 1
    key, inverse = np.unique(row * stride + column, return_inverse=True)
    row, column = key // stride, key % stride
    return Lattice(ux.min() + (column + 0.5) * step, uy.min() + (row + 0.5) * step, row, column, inverse.ravel()[place], eps)


@dataclass(eq=False)
class _Node:
    """A cluster at one density, and the clusters it falls into where more is asked for."""

    core: Ints
    asked: float
    km2: float
    score: float
    children: list[_Node]


def parts_at(near: Neighbours, density: Floats, asked: float) -> list[Ints]:
    """Return the clusters of core places at one density."""
    core = np.flatnonzero(density >= asked)
    if len(core) == 0:
        return []
    label = near.components(core)
    order = np.argsort(label, kind="stable")
    return np.split(core[order], np.flatnonzero(np.diff(label[order])) + 1)


def best_parts(
    near: Neighbours, density: Floats, held: Floats, least: float, *, total_km2: float, max_km2: float
) -> list[tuple[Ints, float]]:
    """Return clusters as (core places, density asked for), each at the density that tells it best from an even scatter.

    Densities rise in steps of a quarter from `least`: clusters of one step lie inside those of the step before. Of a cluster and the ones
    inside it, those with the larger (summed) Poisson likelihood ratio are kept; never one larger than `max_km2` that can be taken apart.
    """
    roots: list[_Node] = []
    owner: dict[int, _Node] = {}
    total, asked, top = float(held.sum()), least, density.max(initial=0.0)
    at = np.full(len(density), -1, dtype=np.int64)
    while asked <= top:
        found: dict[int, _Node] = {}
        parents = at.copy()
        for number, part in enumerate(parts_at(near, density, asked)):
            parent = owner.get(int(parents[part[0]]))
            at[part] = number
            if parent is not None and len(parent.core) == len(part):
                found[number] = parent
                continue
            km2 = _km2(near, part)
            node = _Node(part, asked, km2, _likelihood_ratio(float(held[part].sum()), total, km2 / total_km2), [])
            (roots if parent is None else parent.children).append(node)
            found[number] = node
        owner, asked = found, asked * RISE
    return [(node.core, node.asked) for root in roots for node in _keep(root, max_km2)[1]]


def _keep(node: _Node, max_km2: float) -> tuple[float, list[_Node]]:
    below = [_keep(child, max_km2) for child in node.children]
    inside = sum(score for score, _ in below)
    if below and (node.km2 > max_km2 or inside > node.score):
        return inside, [kept for _, nodes in below for kept in nodes]
    return node.score, [node]


def _likelihood_ratio(n: float, total: float, share: float) -> float:
    """Return Kulldorff's log likelihood ratio of `n` of `total` in this share of the surface; 0 where that is no more than even."""
    expected = total * min(share, 1.0)
    if n <= expected:
        return 0.0
    rest = (total - n) * math.log((total - n) / (total - expected)) if n < total else 0.0
    return n * math.log(n / expected) + rest


def _km2(near: Neighbours, part: Ints) -> float:
    """Return roughly the surface within eps / 2 of these places: squares of eps / 10."""
    step = near.eps / 10
    column, row = ((v - v.min()) // step for v in (near.x[part], near.y[part]))
    # Room of five squares on each side, so that a disc never runs over into the next row.
    width = int(column.max()) + 11
    squares = np.unique((row.astype(np.int64) + 5) * width + column.astype(np.int64) + 5)
    across = range(-5, 6)
    disc = np.array([i * width + j for i in across for j in across if i * i + j * j <= 25])
    return len(np.unique(squares[:, None] + disc)) * step**2 / 1e6


def _reach(up: int) -> int:
    return int(np.sqrt(LATTICE_STEPS**2 - up**2))


def _join(size: int, first: Ints, second: Ints) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))
    return connected_components(links, directed=False)[1].astype(np.int64)
