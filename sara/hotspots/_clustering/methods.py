"""The other ways to find clusters, from places to outlines: HDBSCAN, nearest-neighbour hierarchical clusters, STAC."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from sara.core.result import Setting
from sara.hotspots._clustering.ellipse import ellipse_of, hull_of
from sara.hotspots._clustering.hdbscan import Branch, hdbscan, most_stable
from sara.hotspots._clustering.nnh import Order, hierarchy, random_distance
from sara.hotspots._clustering.stac import CIRCLE, CIRCLES, n_nodes, stac
from sara.hotspots._clustering.table import Outlined, apart, around, stacks, tail
from sara.hotspots._ground.area import Selected

__all__ = ["OUTLINES", "Chance", "Found", "by_hdbscan", "by_nnh", "by_stac"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# An outline reaches no farther from its places than the one of DBSCAN does.
WIDE = 150.0
OUTLINES = ("ellipse", "ellipse 2x", "hull")


@dataclass(frozen=True, eq=False)
class Chance:
    """What sets of as many events scattered evenly over the study area gave: how many clusters each, and the members of its largest."""

    clusters: Ints
    largest: Floats

    def p(self, members: float) -> float:
        """Return how often a largest cluster was at least so large, the set at hand counted in."""
        return float((1 + (self.largest >= members).sum()) / (1 + len(self.largest)))


@dataclass(frozen=True, eq=False)
class Found:
    """Clusters of one method with what it used: settings, higher orders (for Nnh) and simulations."""

    outlined: Outlined
    settings: dict[str, Setting]
    orders: tuple[Order, ...] = ()
    chance: Chance | None = None
    members: tuple[Ints, ...] = ()


@dataclass(frozen=True, eq=False)
class Places:
    """Different coordinates and the events at each."""

    x: Floats
    y: Floats
    n: Floats

    @classmethod
    def of(cls, chosen: Selected) -> Places:
        """Stack the rows of a map."""
        place, x, y = stacks(chosen.rows.x, chosen.rows.y)
        return cls(x, y, np.asarray(np.bincount(place, weights=chosen.rows.n, minlength=len(x)), dtype=float))


def by_hdbscan(chosen: Selected, *, reach: float, least: float, max_km2: float | None) -> Found:
    """Return what stays together longest while the density asked for rises, within `reach`."""
    at = Places.of(chosen)
    trees, held = hdbscan(at.x, at.y, at.n, reach=reach, least=least)

    def shape_of(branch: Branch) -> Any:
        members = branch.places()
        return around(at.x[members], at.y[members], min(branch.width, WIDE), chosen.area)

    limit = None if max_km2 is None else (lambda branch: shape_of(branch).area / 1e6)
    kept = [(branch.places(), shape_of(branch)) for branch in most_stable(trees, limit, max_km2=max_km2 or math.inf)]
    members, shapes = _largest_first([m for m, _ in kept], at.n, [shape for _, shape in kept])
    n, disc = chosen.counts.rows_used, math.pi * reach**2 / chosen.area.area
    p = [tail(float(held[m].max()), n, disc) for m in members]
    columns: dict[str, list[Any]] = {"members": [int(at.n[m].sum()) for m in members]}
    return Found(Outlined(apart(shapes, chosen.area), p, columns), {}, members=tuple(members))


def by_nnh(
    chosen: Selected, *, threshold: float | None, likelihood: float, least: float, drawn: str, n_sims: int, seed: int
) -> Found:
    """Return the clusters of CrimeStat's Nnh: the first order drawn, the higher ones as who belongs together."""
    at, area, n = Places.of(chosen), float(chosen.area.area), float(chosen.counts.rows_used)
    limit = random_distance(n, area, likelihood) if threshold is None else threshold
    orders = hierarchy(at.x, at.y, at.n, area=area, least=least, likelihood=likelihood, threshold=limit)
    members = orders[0].members if orders else []
    disc = math.pi * limit**2 / area

    def once(x: Floats, y: Floats) -> list[float]:
        first = hierarchy(x, y, np.ones(len(x)), area=area, least=least, likelihood=likelihood, threshold=limit)
        return [float(len(m)) for m in first[0].members] if first else []

    chance = _simulated(chosen, once, n_sims, seed)
    sizes = [int(at.n[m].sum()) for m in members]
    # A cluster is what lies within the threshold of its seed.
    p = [tail(size, int(n), disc) if chance is None else chance.p(size) for size in sizes]
    why = f"mean distance of {n:,.0f} random points to their nearest" if likelihood == 0.5 else f"likelihood {likelihood:g}"
    settings = {"eps": Setting(limit, "sara", f"metres; {why}") if threshold is None else Setting(limit, "you")}
    return Found(_drawn(chosen, at, members, p, drawn), settings, tuple(orders), chance, tuple(members))


def by_stac(chosen: Selected, *, radius: float, least: float, drawn: str, n_sims: int, seed: int) -> Found:
    """Return STAC's hot clusters."""
    at, area, n = Places.of(chosen), float(chosen.area.area), chosen.counts.rows_used
    found = stac(at.x, at.y, at.n, radius=radius, least=least)
    order = np.argsort([-at.n[m].sum() for m in found.members], kind="stable")
    members, most = [found.members[i] for i in order], [found.most[i] for i in order]
    chance = _simulated(
        chosen,
        lambda x, y: [float(len(m)) for m in stac(x, y, np.ones(len(x)), radius=radius, least=least).members],
        n_sims,
        seed,
    )
    disc, nodes = math.pi * (CIRCLE * radius) ** 2 / area, n_nodes(area, radius)
    p = [_circle_tail(k, n, disc, nodes) for k in most] if chance is None else [chance.p(int(at.n[m].sum())) for m in members]
    settings = {
        "circles": Setting(
            CIRCLES, "sara", f"the fullest; each {CIRCLE * radius:,.0f} m in radius, {radius:,.0f} m from the next (Block 1995)"
        )
    }
    return Found(_drawn(chosen, at, members, p, drawn), settings, chance=chance, members=tuple(members))


def _largest_first(members: list[Ints], n: Floats, shapes: list[Any]) -> tuple[list[Ints], list[Any]]:
    order = sorted(range(len(members)), key=lambda i: (-n[members[i]].sum(), members[i][0]))
    return [members[i] for i in order], [shapes[i] for i in order]


def _circle_tail(most: float, n: int, chance: float, circles: int) -> float:
    from scipy.special import bdtrc

    return float(min(1.0, circles * bdtrc(most - 1, n, min(chance, 1.0)))) if most >= 1 else 1.0


def _drawn(chosen: Selected, at: Places, members: list[Ints], p: list[float], drawn: str) -> Outlined:
    shapes, ellipses = [], []
    for member in members:
        x, y, n = at.x[member], at.y[member], at.n[member]
        ellipses.append(ellipse_of(x, y, n))
        shapes.append(hull_of(x, y) if drawn == "hull" else ellipses[-1].shape(2.0 if drawn == "ellipse 2x" else 1.0))
    columns: dict[str, list[Any]] = {
        "members": [int(at.n[m].sum()) for m in members],
        "major_m": [e.major for e in ellipses],
        "minor_m": [e.minor for e in ellipses],
        # Clockwise from north, as a compass has it.
        "bearing": [(90 - math.degrees(e.angle)) % 180 for e in ellipses],
    }
    return Outlined(apart(shapes, chosen.area), p, columns)


def _simulated(chosen: Selected, sizes: Callable[[Floats, Floats], list[float]], n_sims: int, seed: int) -> Chance | None:
    """Return what the method gives on even scatters of as many events over the study area."""
    if not n_sims:
        return None
    rng = np.random.default_rng(seed)
    clusters, largest = np.zeros(n_sims, dtype=np.int64), np.zeros(n_sims)
    for i in range(n_sims):
        found = sizes(*_even(chosen.area, chosen.counts.rows_used, rng))
        clusters[i], largest[i] = len(found), max(found, default=0.0)
    return Chance(clusters, largest)


def _even(area: Any, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return `n` points scattered evenly over a shape."""
    shapely.prepare(area)
    minx, miny, maxx, maxy = area.bounds
    share = max(area.area / ((maxx - minx) * (maxy - miny)), 1e-6)
    x, y = np.zeros(0), np.zeros(0)
    while len(x) < n:
        more = int((n - len(x)) / share * 1.1) + 16
        at = np.c_[rng.uniform(minx, maxx, more), rng.uniform(miny, maxy, more)]
        at = at[shapely.contains_xy(area, at[:, 0], at[:, 1])]
        x, y = np.r_[x, at[:, 0]], np.r_[y, at[:, 1]]
    return x[:n], y[:n]
