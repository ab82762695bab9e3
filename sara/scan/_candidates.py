"""Where there is more of a category than its share: areas and places, nested and neighboring ones merged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.stats.fdr import benjamini_hochberg
from sara.scan._score import expected_counts, surprise, tail

__all__ = [
    "Candidate",
    "Family",
    "area_family",
    "excess_of",
    "group_places",
    "in_excess",
    "least_calls",
    "merge_nested",
    "place_family",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVEL = 0.05
# Fewer than ten are withheld from a brief and are no pattern; an area is asked for twice that.
LEAST = {"area": 20, "place": 10}
# In a long period also one call in eight weeks at a place (with its neighbors), one in four in an area: rarer things are no project.
LEAST_WEEKS = {"area": 4, "place": 8}
# A fifth more than expected: below that an excess may be real and still not be worth a project.
LEAST_RATIO = 1.2
# Places this close to a busier one are one problem: two to three short blocks, a stretch that one visit covers.
NEIGHBORS = 250.0
# Calls per place below which a place's share of all events says little about its size.
PLACE_PRIOR, AREA_PRIOR = 5.0, 5.0
# Where one category makes up more than this of all events, "all other events" no longer measure what an area holds.
ONE_CATEGORY = 0.8
# Share of units, the furthest above expected, that do not enter the measure of how far units differ anyway.
TRIMMED = {"area": 0.1, "place": 0.01}
# The most that units of a kind can differ and still be called ordinary: areas by a third, places as much as their mean (coefficients of
# variation). Shoplifting differs far more between areas, because some have a problem with it.
ORDINARY = {"area": 0.1, "place": 1.0}
_HALF = 0.5
# A place with this share of its area's excess is where the problem is.
_MOST = 0.75


@dataclass(frozen=True)
class Family:
    """All cells of category x unit of one kind that were tested together.

    Parameters
    ----------
    kind : {"area", "place"}
        What the units are.
    category, unit, n, expected, spread, p, p_adjusted : array
        One entry per cell with at least one event; `spread` is the negative binomial alpha.
    cut : float
        The largest p-value that Benjamini-Hochberg lets pass; 0 where none does.
    n_tests : int
        Cells tested, also those without events.
    """

    kind: str
    category: Ints
    unit: Ints
    n: Floats
    expected: Floats
    p: Floats
    p_adjusted: Floats
    spread: Floats
    cut: float
    n_tests: int


@dataclass(frozen=True)
class Candidate:
    """One category in one area, or at one place and those next to it."""

    kind: str
    category: int
    units: tuple[int, ...]
    n: float
    expected: float
    spread: float
    p_adjusted: float
    cut: float
    parts: tuple[int, ...] = field(default=())


def area_family(category: Ints, area: Ints, weight: Ints, n_categories: int, n_areas: int, base: Floats | None) -> Family:
    """Count every category in every area against its share of all other events; an entry stands for `weight` events.

    `base` (residents, or addresses) takes the place of the other events for a category that makes up most of the table.
    """
    inside = area >= 0
    n = (
        np.bincount(category[inside] * n_areas + area[inside], weights=weight[inside], minlength=n_categories * n_areas)
        .reshape(n_categories, n_areas)
        .astype(float)
    )
    others = n.sum(axis=0)[None, :] - n
    expected = np.empty_like(n)
    p, spread = np.ones_like(n), np.zeros_like(n)
    for row in range(n_categories):
        lone = n[row].sum() > ONE_CATEGORY * n.sum() or others[row].sum() < 10 * n_areas
        given = lone and base is not None
        spread_by = base if given and base is not None else others[row]
        expected[row] = expected_counts(n[row], spread_by, prior=AREA_PRIOR)
        # Residents and places are counted, not drawn: they add no chance of their own.
        unsure = np.zeros(n_areas) if given else 1 / (spread_by + AREA_PRIOR)
        found = surprise(n[row], expected[row], unsure, trimmed=TRIMMED["area"], most=ORDINARY["area"])
        p[row], spread[row] = found.p, found.spread
    c, u = np.nonzero(n)
    return _family("area", c, u, n[c, u], expected[c, u], p[c, u], spread[c, u], n.size)


def place_family(category: Ints, place: Ints, weight: Ints, n_categories: int, form: Ints) -> Family:
    """Count every category at every place against its share of all other events at places of its form, shrunk toward their mean.

    `form` (one per place) tells addresses, blocks, crossings and points apart: collisions belong to crossings, thefts to houses.
    """
    n_places = len(form)
    at = place >= 0
    keys, which = np.unique(category[at] * n_places + place[at], return_inverse=True)
    counts = np.bincount(which, weights=weight[at], minlength=len(keys))
    c, u = keys // n_places, keys % n_places
    total = np.bincount(place[at], weights=weight[at], minlength=n_places).astype(float)
    expected, p, spread = np.zeros(len(keys)), np.ones(len(keys)), np.zeros(len(keys))
    forms = [np.flatnonzero(form == kind) for kind in np.unique(form)]
    for number in range(n_categories):
        cells = slice(*np.searchsorted(c, [number, number + 1]))
        if cells.start == cells.stop:
            continue
        n = np.zeros(n_places)
        n[u[cells]] = counts[cells]
        others = total - n
        e, unsure = np.zeros(n_places), np.zeros(n_places)
        for alike in forms:
            prior = max(float(others[alike].mean()), PLACE_PRIOR)
            e[alike], unsure[alike] = expected_counts(n[alike], others[alike], prior=prior), 1 / (others[alike] + prior)
        found = surprise(n, e, unsure, trimmed=TRIMMED["place"], most=ORDINARY["place"])
        expected[cells], p[cells], spread[cells] = e[u[cells]], found.p[u[cells]], found.spread[u[cells]]
    return _family("place", c, u, counts.astype(float), expected, p, spread, n_categories * n_places)


def _family(kind: str, c: Ints, u: Ints, n: Floats, expected: Floats, p: Floats, spread: Floats, n_tests: int) -> Family:
    # A cell without an event was looked at too: p = 1.
    adjusted = benjamini_hochberg(np.r_[p, np.ones(n_tests - len(p))])[: len(p)]
    passed = p[adjusted <= LEVEL]
    return Family(kind, c, u, n, expected, p, adjusted, spread, float(passed.max()) if len(passed) else 0.0, n_tests)


def least_calls(kind: str, n_weeks: int) -> int:
    """Return the fewest calls with which a candidate is listed in a period of so many weeks."""
    return max(LEAST[kind], -(-n_weeks // LEAST_WEEKS[kind]))


def excess_of(kind: str, n: float, expected: float, spread: float, cut: float) -> bool:
    """Say whether a count is enough, surprising and at least a fifth above what is expected."""
    if n < LEAST[kind] or n < LEAST_RATIO * expected or cut <= 0:
        return False
    return bool(tail(np.array([n]), np.array([expected]), np.array([spread]))[0] <= cut)


def in_excess(family: Family) -> list[Candidate]:
    """Return the cells of a family that stand out, in the order of category and unit."""
    ok = (family.p_adjusted <= LEVEL) & (family.n >= LEAST[family.kind]) & (family.n >= LEAST_RATIO * family.expected)
    return [
        Candidate(
            family.kind, int(family.category[i]), (int(family.unit[i]),), float(family.n[i]), float(family.expected[i]),
            float(family.spread[i]), float(family.p_adjusted[i]), family.cut,
        )
        for i in np.flatnonzero(ok)
    ]  # fmt: skip


def group_places(places: list[Candidate], x: Floats, y: Floats) -> list[Candidate]:
    """Join places of one category around the place that has the most excess within reach, again and again; the busiest of a group leads it."""
    out: list[Candidate] = []
    for category in sorted({c.category for c in places}):
        mine = [c for c in places if c.category == category]
        u = np.array([c.units[0] for c in mine])
        excess = np.array([c.n - c.expected for c in mine])
        near = _near(x[u], y[u])
        left = np.ones(len(mine), dtype=bool)
        while left.any():
            held = np.where(left, near @ np.where(left, excess, 0.0), -np.inf)
            row = int(held.argmax())
            reach = near.indices[near.indptr[row] : near.indptr[row + 1]]
            members = np.sort(reach[left[reach]])
            left[members] = False
            out.append(_joined([mine[i] for i in members]))
    return out


def _near(x: Floats, y: Floats) -> Any:
    """Return the pairs of places within reach of each other as a sparse matrix: thousands of places need no square of numbers."""
    from scipy.sparse import csr_matrix
    from scipy.spatial import cKDTree

    pairs = cKDTree(np.c_[x, y]).query_pairs(NEIGHBORS + 1, output_type="ndarray")
    i, j = np.r_[pairs, pairs[:, ::-1], np.repeat(np.arange(len(x)), 2).reshape(-1, 2)].T
    close = np.hypot(x[i] - x[j], y[i] - y[j]) <= NEIGHBORS
    near = csr_matrix((np.ones(int(close.sum())), (i[close], j[close])), shape=(len(x), len(x)))
    near.sort_indices()
    return near


def _joined(members: list[Candidate]) -> Candidate:
    members = sorted(members, key=lambda c: (-(c.n - c.expected), c.units))
    return replace(
        members[0], units=tuple(c.units[0] for c in members), n=sum(c.n for c in members), expected=sum(c.expected for c in members),
        p_adjusted=min(c.p_adjusted for c in members),
    )  # fmt: skip


def merge_nested(areas: list[Candidate], groups: list[Candidate], n_inside: dict[tuple[int, int], float]) -> list[Candidate]:
    """Let a place stand for its area where it holds the excess; otherwise let the area name the places as parts.

    Parameters
    ----------
    areas, groups : list of Candidate
        What stands out, by area and by place.
    n_inside : dict
        ``(group, area) -> events`` of the group's category at the group and inside the area.
    """
    kept: list[Candidate] = []
    taken: set[int] = set()
    for area in areas:
        held = {
            g: n
            for (g, a), n in n_inside.items()
            if a == area.units[0] and groups[g].category == area.category and n >= _HALF * groups[g].n
        }
        if not held:
            kept.append(area)
            continue
        top = max(held, key=lambda g: (held[g], -g))
        place_excess, area_excess = held[top] - groups[top].expected, area.n - area.expected
        if held[top] >= _HALF * area.n or place_excess >= _MOST * area_excess:
            continue
        kept.append(replace(area, parts=tuple(sorted(held, key=lambda g: (-held[g], g)))))
        taken |= set(held)
    return kept + [group for g, group in enumerate(groups) if g not in taken]
