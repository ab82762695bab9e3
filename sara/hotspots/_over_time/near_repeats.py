"""What zones around recent events would have been worth, morning after morning; and how sure the ratio of near repeats is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = ["History", "history", "ratio_limits", "snapped"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Places and mornings drawn at random to measure how much of the city zones cover: right to about 0.3 points of a percentage.
N_POINTS = 20_000
# Blocks of time and of space, between which the ratio may differ; fewer tell nothing about its spread.
LEAST_BLOCKS, MOST_BLOCKS = 8, 40


@dataclass(frozen=True)
class History:
    """Shares of events in a zone of their own morning, of those expected on other dates, and of the study area; events looked up."""

    hit_share: float
    chance_share: float
    area_share: float
    n_tested: int


def snapped(area: BaseGeometry, x: Floats, y: Floats, distance: float) -> Floats:
    """Return the middle of the square, half the distance wide, that holds each point: zones must not give away an address."""
    side = distance / 2
    west, south = area.bounds[:2]
    return np.c_[west + (np.floor((x - west) / side) + 0.5) * side, south + (np.floor((y - south) / side) + 0.5) * side]


def history(
    area: BaseGeometry, x: Floats, y: Floats, day: Ints, *, distance: float, days: int, first: int, last: int, seed: int | None
) -> History:
    """Draw zones every morning from the `days` days before, and look up the events of the day in them.

    Parameters
    ----------
    area : shapely geometry
        The study area.
    x, y, day : array, (n,)
        Events; metres, days since 1970.
    distance, days : float, int
        Reach of a zone, and how long it lasts.
    first, last : int
        First day of the file, and the one after its last. Mornings before `first` + `days` have no full past and are left out.
    seed : int or None
        For the places drawn at random.
    """
    tested = np.flatnonzero((day >= first + days) & (day < last))
    if len(tested) == 0:
        return History(float("nan"), float("nan"), float("nan"), 0)
    middle = snapped(area, x, y, distance)
    spot, of = np.unique(middle, axis=0, return_inverse=True)
    of = of.ravel()
    sources = _Sources(spot, of, day, days)
    hit, near = sources.seen(x[tested], y[tested], day[tested], distance)
    # Of the near events, the event itself is one.
    chance = 1 - _none_of(len(x) - 1, near - 1, _before(day, day[tested], days))
    rng = np.random.default_rng(seed)
    at = _inside(area, rng, N_POINTS)
    covered, _ = sources.seen(at[:, 0], at[:, 1], rng.integers(first + days, last, N_POINTS), distance)
    return History(float(hit.mean()), float(chance.mean()), float(covered.mean()), len(tested))


class _Sources:
    """Spots, and on which days something happened there."""

    def __init__(self, spot: Floats, of: Ints, day: Ints, days: int) -> None:
        from scipy.spatial import cKDTree

        self.tree = cKDTree(spot)
        self.days, self.base = days, int(day.min())
        # Spot and day in one sorted number: a window of days at a spot is a stretch of it.
        self.span = int(np.ptp(day)) + 2 * days + 3
        self.keys = np.sort(of.astype(np.int64) * self.span + (day - self.base) + days)
        self.held = np.bincount(of, minlength=len(spot))

    def seen(self, x: Floats, y: Floats, day: Ints, distance: float) -> tuple[npt.NDArray[np.bool_], Ints]:
        """Return whether each place lies in a zone on its morning, and how many events of all dates lie within reach."""
        hit, near = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=np.int64)
        for start in range(0, len(x), 20_000):
            part = slice(start, start + 20_000)
            found = self.tree.query_ball_point(np.c_[x[part], y[part]], distance, return_sorted=False)
            sizes = np.array([len(f) for f in found])
            owner = np.repeat(np.arange(len(found)) + start, sizes)
            spots = np.concatenate([np.asarray(f, dtype=np.int64) for f in found]) if sizes.sum() else np.zeros(0, dtype=np.int64)
            at = spots * self.span + np.clip(day[owner] - self.base, -1, self.span - self.days - 2) + self.days
            held = np.searchsorted(self.keys, at) - np.searchsorted(self.keys, at - self.days)
            np.logical_or.at(hit, owner[held > 0], True)
            np.add.at(near, owner, self.held[spots])
        return hit, near


def _before(day: Ints, at: Ints, days: int) -> Ints:
    """Return how many events happened in the `days` days before each day."""
    ordered = np.sort(day)
    return np.searchsorted(ordered, at) - np.searchsorted(ordered, at - days)


def _none_of(n: int, near: Ints, recent: Ints) -> Floats:
    """Return the chance that none of the `near` events is among the `recent` ones, were dates dealt at random to the n others."""
    from scipy.special import gammaln

    def ways(top: Ints, k: Ints) -> Floats:
        return gammaln(top + 1.0) - gammaln(k + 1.0) - gammaln(top - k + 1.0)

    can = n - near >= recent
    rest = np.where(can, n - near, recent)
    return np.where(can, np.exp(ways(rest, recent) - ways(np.full_like(recent, n), recent)), 0.0)


def _inside(area: BaseGeometry, rng: np.random.Generator, n: int) -> Floats:
    """Return points drawn evenly from the area."""
    shapely.prepare(area)
    west, south, east, north = area.bounds
    kept: list[Floats] = []
    while sum(map(len, kept)) < n:
        at = rng.uniform((west, south), (east, north), size=(n, 2))
        kept.append(at[shapely.contains_xy(area, at[:, 0], at[:, 1])])
    return np.concatenate(kept)[:n]


def ratio_limits(x: Floats, y: Floats, day: Ints, *, distance: float, days: int, confidence: float) -> tuple[float, float]:
    """Return the interval of observed over expected pairs, from how much blocks of time, or of space, differ: the wider of the two.

    Notes
    -----
    Pairs that share an event depend on each other, and so do pairs of one series: intervals of independent pairs would be far too short.
    Each event brings half of its pairs, and half of those expected at its place; their sums by block give the variance of the ratio
    (linearized), and Student's t on the number of blocks its limits, on the log scale.
    """
    from scipy.spatial import cKDTree
    from scipy.special import stdtrit

    n = len(x)
    points = np.c_[x, y]
    # Just short of the distance: bands are open on the right.
    pairs = cKDTree(points).query_pairs(distance - 1e-6, output_type="ndarray")
    close = pairs[np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]) < days]
    ordered = np.sort(day)
    soon = np.searchsorted(ordered, ordered + days) - np.searchsorted(ordered, ordered - days, side="right") - 1
    observed = np.bincount(close.ravel(), minlength=n) / 2
    expected = np.bincount(pairs.ravel(), minlength=n) / 2 * (soon.mean() / max(1, n - 1))
    if expected.sum() == 0 or observed.sum() == 0:
        return float("nan"), float("nan")
    ratio = observed.sum() / expected.sum()
    widest = 0.0
    for block in (_time_blocks(day, days), _space_blocks(x, y, distance)):
        blocks = int(block.max()) + 1
        if blocks < LEAST_BLOCKS:
            return float("nan"), float("nan")
        rest = np.bincount(block, weights=observed - ratio * expected)
        variance = float(np.sum(rest**2)) * blocks / (blocks - 1) / expected.sum() ** 2
        widest = max(widest, float(stdtrit(blocks - 1, (1 + confidence) / 2)) * np.sqrt(variance) / ratio)
    return float(ratio * np.exp(-widest)), float(ratio * np.exp(widest))


def _time_blocks(day: Ints, days: int) -> Ints:
    """Return blocks of equal length, at least twice the reach in time."""
    span = int(np.ptp(day)) + 1
    length = max(2 * days, -(-span // MOST_BLOCKS))
    return np.unique((day - day.min()) // length, return_inverse=True)[1].ravel()


def _space_blocks(x: Floats, y: Floats, distance: float) -> Ints:
    """Return squares, several times the reach in space, that hold events."""
    side = max(5 * distance, np.sqrt(np.ptp(x) * np.ptp(y) / (4 * MOST_BLOCKS)))
    column, row = (np.floor((v - v.min()) / side).astype(np.int64) for v in (x, y))
    return np.unique(row * (int(column.max()) + 1) + column, return_inverse=True)[1].ravel()
