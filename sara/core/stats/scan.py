"""Scan statistics: circles, cylinders of a circle and days, and how far above what was expected they are. `scan_search` searches them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SAME", "TIE", "Circles", "Cylinders", "Effort", "Expected", "Maxima", "circles", "disjoint", "likelihood_ratio"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Distances that differ by less are one ring: centres of square cells lie at equal distances but for rounding.
SAME = 1e-3
MAX_PAIRS = 60_000_000
# Likelihood ratios that differ by less are a tie.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Circles:
    """Circles around each location: who enters, ring by ring.

    ``other[start[i]:start[i + 1]]`` are the locations around centre `i`, nearest first, itself included; ``ring`` says with which ring each
    enters, from 0. ``radius[ring_start[i]:ring_start[i + 1]]`` are the radii of its rings.
    """

    start: Ints
    other: Ints
    ring: Ints
    ring_start: Ints
    radius: Floats

    @property
    def n(self) -> int:
        """Circles in all."""
        return len(self.radius)

    def members(self, centre: int, ring: int) -> Ints:
        """Return the locations of one circle."""
        part = slice(self.start[centre], self.start[centre + 1])
        return self.other[part][self.ring[part] <= ring]


@dataclass(frozen=True, eq=False)
class Expected:
    """What a cylinder expects under the null: ``total * place[z] * time[t]``, summed over it.

    Parameters
    ----------
    total : int
        Events in all.
    place : array of float, (locations,)
        Shares, summing to 1.
    time : array of float, (steps,)
        Shares, summing to 1; ``[1.0]`` for a scan of space alone.
    """

    total: int
    place: Floats
    time: Floats


@dataclass(frozen=True, eq=False)
class Cylinders:
    """Cylinders that were found: where, when, and what they hold. ``end`` is the step after the last."""

    centre: Ints
    ring: Ints
    first: Ints
    end: Ints
    n: Ints
    expected: Floats
    llr: Floats

    def take(self, rows: npt.ArrayLike) -> Cylinders:
        """Return these."""
        keep = np.asarray(rows)
        return Cylinders(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Effort:
    """When fewer replications do.

    They end with the one in which the strongest circle of the data has been reached for the `times`-th time, if that alone puts its p above
    the one of interest: ``p = times / made`` (Besag & Clifford 1991). Where all would be more work than `work`, fewer are asked for to begin with.

    Parameters
    ----------
    p : float
        The largest p of interest.
    least : int
        Replications that are asked for however much work they are.
    work : float
        Units of work (`scan_search`) for all replications.
    times : int
        Replications that reach the data before they end.
    """

    p: float
    least: int
    work: float
    times: int = 20

    def asked(self, n_sims: int, each: float) -> int:
        """Return how many replications of so much work to ask for: in hundreds, with the data."""
        most = self.work / max(each, 1e-9)
        return n_sims if most >= n_sims else min(n_sims, max(self.least, math.floor(most / 100) * 100 - 1))

    def enough(self, reached: npt.NDArray[np.bool_]) -> int:
        """Return how many of these replications, in their order, are enough; 0 if more are needed."""
        at = np.flatnonzero(reached)
        if len(at) < self.times:
            return 0
        made = int(at[self.times - 1]) + 1
        return made if self.times > self.p * made * (1 + TIE) else 0


@dataclass(frozen=True, eq=False)
class Maxima:
    """The largest likelihood ratio of each replication.

    Parameters
    ----------
    llr : array of float
        One for each replication that was made.
    observed : float
        That of the data, if it was searched too.
    asked : int, optional
        Replications that were asked for, if they ended earlier: the strongest circle of the data had been reached often enough.
    """

    llr: Floats
    observed: float = math.nan
    asked: int | None = None

    def p(self, llr: npt.ArrayLike) -> Floats:
        """Return the share of replications, the data among them, whose maximum is at least this; without the data if they ended early."""
        ordered = np.sort(self.llr)
        reached = len(ordered) - np.searchsorted(ordered, np.asarray(llr, dtype=float) * (1 - TIE), side="left")
        if self.asked is not None:
            return np.asarray(np.maximum(reached, 1) / len(ordered))
        return np.asarray((1 + reached) / (1 + len(ordered)))

    def needed(self, p: float) -> float:
        """Return the ratio above which a cluster has at most this p."""
        rank = max(1, math.floor((len(self.llr) + 1) * p + 1e-9))
        return float(np.sort(self.llr)[::-1][rank - 1])

    def p_gumbel(self, llr: npt.ArrayLike) -> Floats:
        """Return the tail of a Gumbel distribution with the replications' mean and spread: an approximation for small p."""
        scale = max(float(np.std(self.llr, ddof=1)) * math.sqrt(6) / math.pi, 1e-12)
        return -np.expm1(-np.exp(-(np.asarray(llr, dtype=float) - (float(np.mean(self.llr)) - np.euler_gamma * scale)) / scale))


def likelihood_ratio(n: npt.ArrayLike, expected: npt.ArrayLike, total: float) -> Floats:
    """Return Kulldorff's log likelihood ratio of `n` events where `expected` were to be expected of `total`; 0 where no more than that.

    Examples
    --------
    >>> float(likelihood_ratio(85, 552 * 95249 / 1057673, 552).round(6))
    11.577255
    """
    c, e = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(expected, dtype=float))
    rest, out = total - c, np.zeros(c.shape)
    more = (c > e) & (e > 0)
    inside = np.divide(c, e, out=np.ones(c.shape), where=more)
    outside = np.divide(rest, total - e, out=np.ones(c.shape), where=more & (rest > 0))
    np.multiply(c, np.log(inside), out=out, where=more)
    return np.asarray(out + np.where(more, rest * np.log(outside), 0.0))


def circles(x: Floats, y: Floats, share: Floats, *, max_radius: float, max_share: float) -> Circles:
    """Return all circles around the locations, up to a radius and to a share of what is expected.

    A circle of one ring is always kept: a location that alone has more than `max_share` is still a place.

    Raises
    ------
    OverflowError
        If the circles hold more than 60 million locations in all.
    """
    from scipy.spatial import cKDTree

    n = len(x)
    at = np.c_[x, y]
    tree = cKDTree(at)
    radius = min(max_radius, float(np.hypot(np.ptp(x), np.ptp(y))) + 1.0) + SAME / 2
    if tree.count_neighbors(tree, radius) > MAX_PAIRS:
        raise OverflowError
    pairs = tree.query_pairs(radius, output_type="ndarray")
    centre = np.concatenate([np.arange(n), pairs[:, 0], pairs[:, 1]])
    other = np.concatenate([np.arange(n), pairs[:, 1], pairs[:, 0]])
    # Two locations on one spot enter together; the place itself comes first.
    step = np.rint(np.hypot(x[centre] - x[other], y[centre] - y[other]) / SAME).astype(np.int64)
    order = np.lexsort((other, step, centre))
    centre, other, step = centre[order], other[order], step[order]
    new_centre = np.r_[True, np.diff(centre) != 0]
    new_ring = new_centre | np.r_[True, np.diff(step) != 0]
    held = np.cumsum(share[other])
    first = np.flatnonzero(new_centre)
    held -= np.repeat(held[first] - share[other[first]], np.diff(np.r_[first, len(other)]))
    number = np.cumsum(new_ring) - 1
    last = np.r_[np.flatnonzero(new_ring)[1:] - 1, len(other) - 1]
    ring = number - np.repeat(number[first], np.diff(np.r_[first, len(other)]))
    fits = (held[last][number] <= max_share * (1 + 1e-9)) | (ring == 0)
    # A ring after one too large is larger still: what is left is the head of each list.
    centre, other, ring, number = centre[fits], other[fits], ring[fits], number[fits]
    heads = np.r_[True, np.diff(number) != 0]
    return Circles(
        np.searchsorted(centre, np.arange(n + 1)),
        other,
        ring,
        np.searchsorted(centre[heads], np.arange(n + 1)),
        step[fits][heads] * SAME,
    )


def disjoint(around: Circles, found: Cylinders, *, most: int) -> Ints:
    """Return the rows of clusters, highest first, of which no two share a location and a step."""
    order = np.lexsort((found.first, found.ring, found.centre, -np.round(found.llr, 9)))
    alive = np.ones(len(order), dtype=bool)
    owner = np.repeat(np.arange(len(around.start) - 1), np.diff(around.start))
    kept: list[int] = []
    for place, row in enumerate(order):
        if not alive[place]:
            continue
        kept.append(int(row))
        if len(kept) == most:
            break
        taken = np.zeros(len(around.start) - 1, dtype=bool)
        taken[around.members(int(found.centre[row]), int(found.ring[row]))] = True
        hit = taken[around.other]
        first_ring = np.full(len(taken), np.iinfo(np.int64).max)
        np.minimum.at(first_ring, owner[hit], around.ring[hit])
        later = order[place + 1 :]
        meets = (found.first[later] < found.end[row]) & (found.end[later] > found.first[row])
        alive[place + 1 :] &= ~(meets & (found.ring[later] >= first_ring[found.centre[later]]))
    return np.array(kept, dtype=np.int64)
