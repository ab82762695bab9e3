"""HDBSCAN on weighted places within a reach: a cluster is what stays together longest while the density asked for rises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sara.hotspots._clustering.nnh import neighbour_lists

__all__ = ["FLOOR_METRES", "Branch", "hdbscan", "most_stable"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Nearer than this is one place to a crew: without it, a stack on one coordinate is infinitely dense and always a cluster of its own.
FLOOR_METRES = 25.0


@dataclass(eq=False)
class Branch:
    """A cluster of the condensed tree: born at a density, left by places as it rises, ended or split in the end."""

    birth: float
    width: float
    stability: float = 0.0
    left: list[Ints] = field(default_factory=list)
    children: list[Branch] = field(default_factory=list)

    def places(self) -> Ints:
        """Return all places of the cluster and of those inside it."""
        parts, todo = [], [self]
        while todo:
            branch = todo.pop()
            parts.extend(branch.left)
            todo.extend(branch.children)
        return np.sort(np.concatenate(parts))


@dataclass(eq=False)
class _Merge:
    """Parts that become one at a distance; a part is a number of a place or of an earlier merge."""

    distance: float
    parts: list[int]
    weight: float


def hdbscan(
    x: Floats, y: Floats, weight: Floats, *, reach: float, least: float, samples: float | None = None, floor: float = FLOOR_METRES
) -> tuple[list[Branch], Floats]:
    """Return the trees of clusters (one per group of places joined within `reach`), and the weight within `reach` of each place.

    A cluster holds `least`; a place's own density is measured by how far it must look to see `samples`, which is `least` if not given.
    """
    start, other, far = neighbour_lists(x, y, reach)
    core, held = _core_distances(start, other, far, weight, least if samples is None else samples)
    first = np.repeat(np.arange(len(x)), np.diff(start))
    once = (first < other) & np.isfinite(core[first]) & np.isfinite(core[other])
    a, b = first[once], other[once]
    apart = np.maximum.reduce([far[once], core[a], core[b], np.full(len(a), floor)])
    merges, roots = _merged(len(x), a, b, apart, weight)
    bottom = np.maximum(core, floor)
    roots = [r for r in roots if _weight_of(r, merges, weight, len(x)) >= least and (r >= len(x) or np.isfinite(core[r]))]
    return [_condense(r, merges, weight, bottom, least=least, birth=1 / reach) for r in roots], held


def _core_distances(start: Ints, other: Ints, far: Floats, weight: Floats, least: float) -> tuple[Floats, Floats]:
    """Return how far each place must look to see `least`, its own weight included; infinite where that is out of reach."""
    size = len(weight)
    first = np.repeat(np.arange(size), np.diff(start))
    running = np.r_[0.0, np.cumsum(weight[other])]
    sofar = weight[first] + running[1:] - running[start[first]]
    held = weight + running[start[1:]] - running[start[:-1]]
    core = np.full(size, np.inf)
    enough = np.flatnonzero(sofar >= least - 1e-9)
    place, at = np.unique(first[enough], return_index=True)
    core[place] = far[enough[at]]
    core[weight >= least] = 0.0
    return core, held


def _merged(size: int, a: Ints, b: Ints, apart: Floats, weight: Floats) -> tuple[list[_Merge], list[int]]:
    """Return every merge of the single-linkage tree, equal distances at once so that their order can't matter, and the roots."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    tree = minimum_spanning_tree(coo_array((apart, (a, b)), shape=(size, size)).tocsr()).tocoo()
    order = np.lexsort((tree.col, tree.row, tree.data))
    rows, columns, distances = tree.row[order].tolist(), tree.col[order].tolist(), tree.data[order].tolist()
    parent = list(range(size))
    node = list(range(size))
    merges: list[_Merge] = []
    at = 0
    while at < len(distances):
        stop = at
        touched: dict[int, list[int]] = {}
        while stop < len(distances) and distances[stop] == distances[at]:
            p, q = _find(parent, rows[stop]), _find(parent, columns[stop])
            joined = [*touched.pop(p, [node[p]]), *touched.pop(q, [node[q]])]
            parent[q] = p
            touched[p] = joined
            stop += 1
        for root, parts in touched.items():
            total = sum(_weight_of(part, merges, weight, size) for part in parts)
            node[root] = size + len(merges)
            merges.append(_Merge(distances[at], parts, total))
        at = stop
    return merges, sorted({node[_find(parent, i)] for i in range(size)})


def _find(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _weight_of(part: int, merges: list[_Merge], weight: Floats, size: int) -> float:
    return float(weight[part]) if part < size else merges[part - size].weight


def _condense(root: int, merges: list[_Merge], weight: Floats, bottom: Floats, *, least: float, birth: float) -> Branch:
    """Return the tree of clusters of at least `least`; whatever is smaller leaves the cluster it falls from."""
    size = len(weight)
    top = Branch(birth, merges[root - size].distance if root >= size else float(bottom[root]))
    todo = [(root, top)]
    while todo:
        part, branch = todo.pop()
        if part < size:
            _leave(branch, np.array([part]), float(weight[part]), 1 / float(bottom[part]))
            continue
        merge = merges[part - size]
        density = 1 / merge.distance
        large = [p for p in merge.parts if _weight_of(p, merges, weight, size) >= least]
        for small in merge.parts:
            if small not in large:
                _leave(branch, _leaves(small, merges, size), _weight_of(small, merges, weight, size), density)
        if len(large) == 1:
            todo.append((large[0], branch))
            continue
        for p in large:
            held = _weight_of(p, merges, weight, size)
            branch.stability += held * (density - branch.birth)
            child = Branch(density, merges[p - size].distance if p >= size else float(bottom[p]))
            branch.children.append(child)
            todo.append((p, child))
    return top


def _leave(branch: Branch, places: Ints, weight: float, density: float) -> None:
    branch.left.append(places.astype(np.int64))
    branch.stability += weight * max(0.0, density - branch.birth)


def _leaves(part: int, merges: list[_Merge], size: int) -> Ints:
    out, todo = [], [part]
    while todo:
        p = todo.pop()
        if p < size:
            out.append(p)
        else:
            todo.extend(merges[p - size].parts)
    return np.array(out, dtype=np.int64)


def most_stable(
    roots: list[Branch], km2: Callable[[Branch], float] | None, *, max_km2: float, allow_roots: bool = True
) -> list[Branch]:
    """Return the clusters with the largest summed stability of which none lies inside another.

    Where `km2` measures them, none larger than `max_km2` is kept that can be taken apart.
    """
    order = [(root, True) for root in roots]
    for branch, _ in order:
        order.extend((child, False) for child in branch.children)
    best: dict[int, tuple[float, list[Branch]]] = {}
    for branch, is_root in reversed(order):
        below = [best[id(child)] for child in branch.children]
        inside = sum(score for score, _ in below)
        split = bool(below) and (inside > branch.stability or (km2 is not None and km2(branch) > max_km2))
        if split or (is_root and not allow_roots):
            best[id(branch)] = inside, [kept for _, found in below for kept in found]
        else:
            best[id(branch)] = branch.stability, [branch]
    return [kept for root in roots for kept in best[id(root)][1]]
