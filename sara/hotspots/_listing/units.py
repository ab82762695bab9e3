"""Addresses and street stretches as places that can be hot: which event belongs to which, and which hold more than chance would put there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.network import nodes_of, on_streets, street_lines
from sara.core.stats.fdr import benjamini_hochberg
from sara.data.privacy import hundred_block

__all__ = ["ALPHA", "DAYS", "FLOOR", "REACH", "Units", "blocks", "dots", "shape_of", "stretches", "truncated_mean"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How often chance may put a place on the list wrongly, over all of a kind (false discovery rate).
ALPHA = 0.05
# Fewer than this is no pattern, and one or two nights are no hot place.
FLOOR = 6
DAYS = 3
# An address is drawn as the house and the street before it, a stretch as the street and its two sides.
REACH = 25.0
# Events farther than this from every street are on none.
SNAP = 50.0
# A stray geocode must not draw a block across the town.
STRAY = 300.0


@dataclass(frozen=True, eq=False)
class Units:
    """Places of one kind.

    ``of`` is the unit of each event (-1: none); ``name`` what it is called, ``n`` its events, ``expected`` by chance, ``p`` the chance of so many,
    ``p_adjusted``, ``hot``; ``shape`` where a layer gives one, ``words`` what has to be said about that layer.
    """

    kind: str
    of: Ints
    name: npt.NDArray[np.object_]
    n: Floats
    expected: Floats
    p: Floats
    p_adjusted: Floats
    hot: npt.NDArray[np.bool_]
    tail: Any
    shape: npt.NDArray[Any] | None = None
    words: tuple[str, ...] = ()

    def p_of(self, unit: int, n: float) -> float:
        """Return the adjusted p-value of a unit if only `n` of its events are counted: Bonferroni's, which is never too small."""
        if n == self.n[unit]:
            return float(self.p_adjusted[unit])
        return float(min(1.0, self.tail(np.array([n]), self.expected[[unit]])[0] * len(self.n)))


def dots(keys: npt.NDArray[np.object_], form: Ints, day: Ints) -> Units:
    """Return addresses, corners and points (everything but hundred blocks): equally likely places, those without an event included."""
    held = keys.copy()
    held[form == 1] = None
    return _equal("dot", held, day)


def blocks(keys: npt.NDArray[np.object_], form: Ints, day: Ints) -> Units:
    """Return hundred blocks, from the addresses in them and from what is published by block."""
    number, known = pd.factorize(keys[form <= 1])
    # A name without a number is a place, not a block.
    names = np.array([words if " block of " in (words := hundred_block(word)) else None for word in known], dtype=object)
    found = np.full(len(keys), None, dtype=object)
    found[form <= 1] = names[number] if len(known) else None
    return _equal("line", found, day)


def stretches(x: Floats, y: Floats, streets: gpd.GeoDataFrame, day: Ints, *, crs: Any, area: Any) -> Units:
    """Return pieces of the street layer between junctions: as likely as they are long. Events at a junction belong to no piece."""
    layer = street_lines(streets, crs=crs)
    inside = shapely.intersects(layer.lines, area)
    lines, row = layer.lines[inside], layer.row[inside]
    piece, _, _ = on_streets(x, y, lines, nodes_of(lines), limit=SNAP)
    length = shapely.length(lines)
    n = np.bincount(piece[piece >= 0], minlength=len(lines)).astype(float)
    expected = n.sum() * length / max(length.sum(), 1e-9)
    label = (
        streets["name"].astype(object).to_numpy()[row] if "name" in streets.columns else np.full(len(lines), None, dtype=object)
    )
    return replace(_tested("line", piece, label, n, expected, day, _poisson_tail, shape=lines), words=layer.words)


def _equal(kind: str, keys: npt.NDArray[np.object_], day: Ints) -> Units:
    of, names = pd.factorize(pd.Series(keys, dtype=object), sort=True)
    of = of.astype(np.int64)
    n = np.bincount(of[of >= 0], minlength=len(names)).astype(float)
    if len(n) == 1 and n[0] == len(of):
        return _only(kind, of, np.asarray(names, dtype=object), n, day)
    mean = truncated_mean(float(n.mean())) if len(n) else 0.0
    return _tested(kind, of, np.asarray(names, dtype=object), n, np.full(len(n), mean), day, _truncated_tail)


def _only(kind: str, of: Ints, name: npt.NDArray[np.object_], n: Floats, day: Ints) -> Units:
    """Return the one place at which everything lies: with no other to compare it with, there is no test, and it is listed."""
    none = np.full(1, np.nan)
    hot = (n >= FLOOR) & (len(np.unique(day)) >= DAYS)
    return Units(kind, of, name, n, none, none, none, hot, _poisson_tail)


def _tested(
    kind: str, of: Ints, name: npt.NDArray[np.object_], n: Floats, expected: Floats, day: Ints, tail: Any, shape: Any = None
) -> Units:
    p = tail(n, expected)
    adjusted = benjamini_hochberg(p) if len(p) else p
    held = of >= 0
    days = np.unique(of[held] * np.int64(10**7) + day[held] + 10**6)
    n_days = np.bincount((days // 10**7).astype(np.int64), minlength=len(n))
    hot = (adjusted <= ALPHA) & (n >= FLOOR) & (n_days >= DAYS)
    return Units(kind, of, name, n, expected, p, adjusted, hot, tail, shape)


def truncated_mean(mean: float) -> float:
    """Return the mean of all places, those without an event included, where `mean` is that of places with one: Poisson, zero not seen.

    Examples
    --------
    >>> round(truncated_mean(1.5819767), 5)
    1.0
    """
    if mean <= 1:
        return 0.0 if mean < 1 else 1e-9
    low, high = 1e-9, mean
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if middle / -np.expm1(-middle) < mean else (low, middle)
    return (low + high) / 2


def _truncated_tail(n: Floats, mean: Floats) -> Floats:
    """Return the chance that a place with an event has so many."""
    return np.minimum(1.0, _poisson_tail(n, mean) / np.maximum(-np.expm1(-mean), 1e-12))


def _poisson_tail(n: Floats, mean: Floats) -> Floats:
    from scipy.special import pdtrc

    return np.asarray(np.where(n >= 1, pdtrc(np.maximum(n - 1, 0), mean), 1.0))


def shape_of(units: Units, unit: int, x: Floats, y: Floats) -> Any:
    """Return where a unit is: the piece of street, or what its events cover, with room around."""
    if units.shape is not None:
        return shapely.buffer(units.shape[unit], REACH, cap_style="flat")
    cx, cy = float(np.median(x)), float(np.median(y))
    if units.kind == "dot":
        return shapely.Point(cx, cy).buffer(REACH, quad_segs=8)
    near = np.hypot(x - cx, y - cy) <= STRAY
    return shapely.MultiPoint(np.unique(np.c_[x, y][near], axis=0)).convex_hull.buffer(REACH, quad_segs=8)
