"""Two densities set against each other: their log ratio, and how far labels dealt at random would take it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.hotspots._surfaces.surface import Lattice, Raster, density_exact, lattice_of

__all__ = ["Pair", "Ratio", "anywhere", "effective_m2", "excess_spread", "ratio_of"]

Floats = npt.NDArray[np.float64]

# Below these, a ratio says more about its denominator than about the place: events of the rarer kind, or events, expected at a place.
LEAST_OTHER, LEAST_EXPECTED = 5.0, 1.0
# Up to this many pairs of place and cell, kernels are summed one by one.
EXACT_PAIRS = 20_000_000
# So many places of one size are dealt among themselves; rarer sizes are dealt with the sizes around them.
LEAST_ALIKE = 30
# Nodes across one bandwidth where labels are dealt at random.
NODES = 4


@dataclass(frozen=True, eq=False)
class Pair:
    """Places with how many events, and how much of the other, each holds.

    ``labelled``: both are events, so that under the null each place's events carry their labels at random. Otherwise the other is how many
    people live (or could be) there, taken as known, and under the null each event falls on them at random.
    """

    x: Floats
    y: Floats
    one: Floats
    two: Floats
    labelled: bool

    @property
    def totals(self) -> tuple[float, float]:
        """Events, and sum of the other."""
        return float(self.one.sum()), float(self.two.sum())

    @property
    def base(self) -> Floats:
        """What the labels are dealt to: all events of a place, or the other there."""
        return self.one + self.two if self.labelled else self.two


@dataclass(frozen=True, eq=False)
class Ratio:
    """At each place: both densities (per square metre), their log ratio, whether too little is there to say, z and two-sided p."""

    one: Floats
    two: Floats
    log_ratio: Floats
    few: npt.NDArray[np.bool_]
    z: Floats
    p: Floats


def effective_m2(bandwidth: float, kernel: str) -> float:
    """Return 1 over the integral of the squared kernel: the surface over which a density is, in effect, averaged."""
    return bandwidth**2 * (5 * math.pi / 9 if kernel == "quartic" else 4 * math.pi)


def excess_spread(pair: Pair) -> float:
    """Return how many times more labels vary from place to place than if each event's were its own; at least 1.

    Calls from one address come in series. The variance of all places together is what it would be for single events, times this factor.
    """
    n1, n2 = pair.totals
    if pair.labelled:
        share = n1 / (n1 + n2)
        return max(1.0, float(((pair.one - share * pair.base) ** 2).sum()) / max(share * (1 - share) * (n1 + n2), 1e-300))
    expected = n1 * pair.two / n2
    return max(1.0, float(((pair.one - expected) ** 2).sum()) / max(n1, 1e-300))


def ratio_of(pair: Pair, at_x: Floats, at_y: Floats, *, size: float, bandwidth: float, kernel: str, spread: float = 1.0) -> Ratio:
    """Set one density against the other at places `size` metres apart.

    The sum of kernels over randomly dealt labels has a known mean, variance and third moment (drawing without replacement from all events,
    or with replacement from the people); a gamma curve with these (Pearson's type III) gives the p-value. `spread` widens the variance.
    """
    sums = _Sums(pair, at_x, at_y, size=size, bandwidth=bandwidth, kernel=kernel)
    n1, n2 = pair.totals
    one, two = sums(pair.one), sums(pair.two)
    z, skew = _dealt(one, sums, pair, spread)
    p = np.minimum(1.0, 2 * np.minimum(_upper(z, skew), _upper(-z, -skew)))
    surface = effective_m2(bandwidth, kernel)
    # Judged by what the null leads one to expect, never by the labels: a rule that looks at the outcome would bias the tests that are left.
    few = (
        (one + two) * (min(n1, n2) / (n1 + n2)) * surface < LEAST_OTHER
        if pair.labelled
        else n1 * (two / n2) * surface < LEAST_EXPECTED
    )
    # Half an event on either side keeps a place with none of the one from a ratio of nothing; alike for both, so that swapping turns the sign.
    half = 0.5 / surface * ((1 / n1 + 1 / n2) / 2 if pair.labelled else 1 / n1)
    log_ratio = np.log((one / n1 + half) / (two / n2 + half))
    return Ratio(one, two, log_ratio, few, z, p)


class _Sums:
    """Sums of a power of the kernels over the places of a pair."""

    def __init__(self, pair: Pair, at_x: Floats, at_y: Floats, *, size: float, bandwidth: float, kernel: str) -> None:
        self.pair, self.at_x, self.at_y, self.bandwidth, self.kernel = pair, at_x, at_y, bandwidth, kernel
        self.exact = len(pair.x) * len(at_x) <= EXACT_PAIRS
        self.raster = None if self.exact else Raster(lattice_of(at_x, at_y, least=size), bandwidth=bandwidth, kernel=kernel)

    def __call__(self, weight: Floats, power: int = 1) -> Floats:
        x, y = self.pair.x, self.pair.y
        if self.raster is None:
            held = weight != 0
            return density_exact(
                x[held], y[held], weight[held], self.at_x, self.at_y, bandwidth=self.bandwidth, kernel=self.kernel, power=power
            )
        surface = self.raster.smooth(self.raster.bins(x, y, weight), power=power)
        return self.raster.at(surface, self.at_x, self.at_y)


def _dealt(one: Floats, sums: _Sums, pair: Pair, spread: float) -> tuple[Floats, Floats]:
    """Return z of the first density under random labels, and the skewness of its distribution."""
    base, n1 = pair.base, pair.totals[0]
    total = float(base.sum())
    m1, m2, m3 = (sums(base, power) / total for power in (1, 2, 3))
    variance = np.maximum(m2 - m1**2, 0)
    third = m3 - 3 * m1 * m2 + 2 * m1**3
    if pair.labelled:
        n2 = total - n1
        variance = variance * n1 * n2 / max(total - 1, 1)
        third = third * n1 * n2 * (n2 - n1) / max((total - 1) * (total - 2), 1)
    else:
        variance, third = variance * n1, third * n1
    sd = np.sqrt(variance * spread)
    known = sd > 1e-12 * np.maximum(n1 * m1, 1e-300)
    z = np.divide(one - n1 * m1, sd, out=np.zeros_like(one), where=known)
    # Series of a common size s have s times the variance and s^2 times the third moment of single events.
    skew = np.divide(third * spread**2, sd**3, out=np.zeros_like(one), where=known)
    return z, skew


def _upper(z: Floats, skew: Floats) -> Floats:
    """Return the chance of at least `z` under a standardized gamma curve of this skewness (a mirrored one where it is below 0)."""
    from scipy.special import gammainc, gammaincc, ndtr

    size = np.maximum(np.abs(skew), 1e-4)
    shape = 4 / size**2
    right = np.where(skew >= 0, shape + z * np.sqrt(shape), shape - z * np.sqrt(shape))
    gamma = np.where(skew >= 0, gammaincc(shape, np.maximum(right, 0)), gammainc(shape, np.maximum(right, 0)))
    # Nearly symmetric, or beyond the end of the gamma curve: the normal curve, which has no end.
    return np.where((np.abs(skew) < 1e-3) | (right <= 0), ndtr(-z), gamma)


def anywhere(
    pair: Pair, inside: npt.NDArray[np.bool_], lattice: Lattice, *, bandwidth: float, kernel: str, n_sims: int, seed: int
) -> float:
    """Return the share of random deals in which some place of the study area differs as much as the most different one does (Monte Carlo p).

    What is dealt are places, not events: calls from one address stay together. Other events: how far each place departs from the city's mix
    is dealt to places of like size (single events: their labels are). People: each place's events fall together on a random one of them.
    Places are moved to the nearest node of the lattice, in the deals as in what was observed; `inside` says which nodes count.
    """
    raster = Raster(lattice, bandwidth=bandwidth, kernel=kernel, bound=1.0)
    column = np.clip(np.round((pair.x - lattice.x0) / lattice.dx), 0, lattice.columns - 1).astype(np.int64)
    row = np.clip(np.round((pair.y - lattice.y0) / lattice.dy), 0, lattice.rows - 1).astype(np.int64)
    code, size = row * lattice.columns + column, lattice.rows * lattice.columns

    def surface(where: npt.NDArray[np.int64], held: Floats, power: int = 1) -> Floats:
        full = np.zeros(raster.shape)
        flat = np.bincount(where, held, size).reshape(lattice.rows, -1)
        full[raster.pad_y : raster.pad_y + lattice.rows, raster.pad_x : raster.pad_x + lattice.columns] = flat
        return raster.smooth(full, power=power, signed=True)[inside]

    base, n1 = pair.base, pair.totals[0]
    m1, m2 = (surface(code, base, power) / base.sum() for power in (1, 2))
    sd = np.sqrt(np.maximum(m2 - m1**2, 0))
    enough = (n1 * m1 * effective_m2(bandwidth, kernel) >= LEAST_EXPECTED) & (sd > 0)
    if not enough.any():
        return 1.0
    rng = np.random.default_rng(seed)
    if pair.labelled:
        rest, scale = pair.one - n1 / base.sum() * base, np.sqrt(base)
        alike = _alike(base)
        unit = rest / scale
        fresh = unit.copy()

        def dealt() -> Floats:
            for places in alike:
                fresh[places] = unit[rng.permutation(places)]
            return surface(code, fresh * scale)

        seen = surface(code, rest)
    else:
        sizes, ends = pair.one[pair.one > 0], np.cumsum(base) / base.sum()

        def dealt() -> Floats:
            where = np.minimum(np.searchsorted(ends, rng.random(len(sizes)), side="right"), len(base) - 1)
            return surface(code[where], sizes) - n1 * m1

        seen = surface(code, pair.one) - n1 * m1
    most = float(np.max(np.abs(seen)[enough] / sd[enough]))
    as_far = sum(float(np.max(np.abs(dealt())[enough] / sd[enough])) >= most * (1 - 1e-12) for _ in range(n_sims))
    return (as_far + 1) / (n_sims + 1)


def _alike(size: Floats) -> list[npt.NDArray[np.int64]]:
    """Return groups of places with as many events, or, where few have as many, with half to twice as many."""
    whole = np.round(size).astype(np.int64)
    many = np.bincount(whole)[whole] >= LEAST_ALIKE
    group = np.where(many, whole, -1 - np.floor(np.log2(np.maximum(size, 1))).astype(np.int64))
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
