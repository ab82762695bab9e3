"""How much of what came later lies where a map said: the curve of area against hits, and the numbers read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PAI", "Band", "Curve", "HitCurve", "band", "best_curve", "hit_curve", "ranked"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HitCurve:
    """Running sums over the units of a map (cells, areas, streets), the one ranked first at the start; both begin at 0.

    ``step`` says with which step of the sums each unit (in the order of the map's table) comes in; units that share a step come in evenly.
    """

    size: Floats
    hits: Floats
    step: Ints

    def at(self, size: npt.ArrayLike) -> Floats:
        """Return the events within an area of this size; of a unit that fits only in part, that part of its events."""
        return np.asarray(np.interp(np.asarray(size, dtype=float), self.size, self.hits))

    def units_within(self, size: npt.ArrayLike) -> Ints:
        """Return how many whole units fit into an area of this size."""
        slack = 1e-9 * self.size[-1]
        return np.searchsorted(self.size, np.asarray(size, dtype=float) + slack, side="right").astype(np.int64) - 1


@dataclass(frozen=True, eq=False)
class PAI:
    """Accuracy at some areas. Shares are of all events and of the whole study area; see `accuracy` for each number."""

    share: Floats
    n: Floats
    hit_rate: Floats
    pai: Floats
    pai_best: Floats
    pei: Floats
    pei_nij: Floats
    recapture_rate: Floats
    recovery: Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """The forecast's curve, the best possible one, and those of what the map was made from and of what it expected, in its order."""

    forecast: HitCurve
    best: HitCurve
    before: HitCurve
    expected: HitCurve

    @classmethod
    def of(
        cls, score: Floats, observed: Floats, size: Floats, *, before: Floats, expected: Floats, ties: str = "lowest"
    ) -> Curve:
        """Rank the units by `score` and add up."""
        order = ranked(score, observed)
        return cls(
            hit_curve(observed, size, order, score if ties == "expected" else None),
            best_curve(observed, size), hit_curve(before, size, order), hit_curve(expected, size, order),
        )  # fmt: skip

    def numbers(self, size: npt.ArrayLike) -> PAI:
        """Return the accuracy at areas of these sizes."""
        at = np.asarray(size, dtype=float)
        total, n_all = self.forecast.size[-1], self.forecast.hits[-1]
        n, n_best = self.forecast.at(at), self.best.at(at)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = at / total
            pai, pai_best = n / n_all / share, n_best / n_all / share
            whole = self.forecast.size[self.forecast.units_within(at)]
            most = self.best.at(whole)
            before, n_before = self.before.at(at), self.before.hits[-1]
            recapture = (n / before) / (n_all / n_before)
            return PAI(
                share, n, n / n_all, pai, pai_best, n / n_best, np.where(most > 0, self.forecast.at(whole) / most, np.nan), recapture,
                self.expected.at(at) / n,
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Band:
    """Lower and upper bound of the share of events, at each area asked for."""

    low: Floats
    high: Floats


def ranked(score: Floats, observed: Floats) -> Ints:
    """Return the units from the highest score down; missing scores last, and of equal scores the one with fewest events first."""
    key = np.where(np.isfinite(score), score, -np.inf)
    return np.lexsort((np.arange(len(key)), observed, -key)).astype(np.int64)


def hit_curve(observed: Floats, size: Floats, order: Ints, score: Floats | None = None) -> HitCurve:
    """Return the running sums in this order; given `score`, units that tie share their events evenly over their joint area."""
    sums = [np.r_[0.0, np.cumsum(values[order], dtype=float)] for values in (size, observed)]
    step = np.arange(len(order))
    if score is not None and len(order):
        key = np.where(np.isfinite(score), score, -np.inf)[order]
        starts = np.r_[True, key[1:] != key[:-1]]
        ends = np.r_[np.flatnonzero(starts), len(key)]
        sums, step = [values[ends] for values in sums], np.cumsum(starts) - 1
    of_unit = np.empty(len(order), dtype=np.int64)
    of_unit[order] = step
    return HitCurve(size=sums[0], hits=sums[1], step=of_unit)


def best_curve(observed: Floats, size: Floats) -> HitCurve:
    """Return the curve that no map could pass: units by their events per area."""
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(size > 0, observed / size, np.where(observed > 0, np.inf, -np.inf))
    return hit_curve(observed, size, np.argsort(-density, kind="stable"))


def band(curve: HitCurve, unit: Ints, block: Ints, n: Floats, at: Floats, *, n_sims: int, seed: int, confidence: float) -> Band:
    """Return an interval for the share of events within each area of `at`, the map being what it is.

    Blocks of time are drawn with replacement, all events of a block together; no narrower than the exact binomial interval.

    Parameters
    ----------
    curve : HitCurve
        The curve of all events.
    unit : array of int
        The unit that holds each event, as its place in the map's table.
    block : array of int
        The block of time of each event.
    n : array of float
        How many events each row stands for.
    at : array of float
        The areas.
    """
    from scipy.special import betaincinv

    total, n_all = curve.size[-1], float(n.sum())
    at = np.minimum(at, total)
    blocks, of = np.unique(block, return_inverse=True)
    held = np.zeros((len(blocks), len(at)))
    for b in range(len(blocks)):
        mine = of == b
        steps = np.bincount(curve.step[unit[mine]], weights=n[mine], minlength=len(curve.size) - 1)
        held[b] = np.interp(at, curve.size, np.r_[0.0, np.cumsum(steps)])
    each = np.bincount(of, weights=n, minlength=len(blocks))
    draws = np.random.default_rng(seed).multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=n_sims)
    shares = (draws @ held) / (draws @ each)[:, None]
    tail = (1 - confidence) / 2
    low, high = np.quantile(shares, [tail, 1 - tail], axis=0)
    hits = np.clip(curve.at(at), 0, n_all)
    exact_low = np.where(hits > 0, betaincinv(np.maximum(hits, 1e-9), n_all - hits + 1, tail), 0.0)
    exact_high = np.where(hits < n_all, betaincinv(hits + 1, np.maximum(n_all - hits, 1e-9), 1 - tail), 1.0)
    low, high = np.minimum(low, exact_low), np.maximum(high, exact_high)
    # All of the study area holds all events in it: there is nothing left to be unsure of.
    full = at >= total * (1 - 1e-12)
    return Band(np.where(full, 1.0, low), np.where(full, 1.0, high))
