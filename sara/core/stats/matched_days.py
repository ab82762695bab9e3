"""Days on which something took place against ordinary days matched to each: ratios, what single days may be, and how much ordinary days swing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.window_change import RateChange, rate_change

__all__ = ["DayRange", "MatchedDays", "day_range", "group_ratio", "matched_days"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The spread of fewer days around their common ratio is as good as unknown.
_LEAST_DAYS = 5


@dataclass(frozen=True, eq=False)
class MatchedDays:
    """Each day with what its ordinary days gave.

    ``expected`` is their mean, ``m`` their number; ``phi`` is their variance over that of chance (at least 1), measured over all, with ``df`` degrees of freedom.
    """

    n: Floats
    expected: Floats
    m: Ints
    ordinary: Floats
    key: Ints
    phi: float
    df: float


@dataclass(frozen=True, eq=False)
class DayRange:
    """What a single day may hold if it is ordinary: limits, and the two-sided chance of a count as far out as the one there was."""

    low: Floats
    high: Floats
    p: Floats


def matched_days(n: npt.ArrayLike, ordinary: npt.ArrayLike, key: npt.ArrayLike) -> MatchedDays:
    """Measure what is usual for each day, and how much ordinary days swing.

    Parameters
    ----------
    n : array-like, (days,)
        Events of each day.
    ordinary : array-like, (days, most ordinary days)
        Events of its ordinary days; NaN where there is none.
    key : array-like of int, (days, most ordinary days)
        Which ordinary day each is: one that stands beside two days counts once.

    Returns
    -------
    MatchedDays
        Pearson's chi-square of ordinary days around the mean of their own set, over its degrees of freedom.
    """
    y, c = np.asarray(n, dtype=float), np.asarray(ordinary, dtype=float)
    there = ~np.isnan(c)
    m = there.sum(axis=1)
    mean = np.where(there, c, 0.0).sum(axis=1) / np.maximum(m, 1)
    some = mean > 0
    square = np.where(there & some[:, None], (c - mean[:, None]) ** 2 / np.where(some, mean, 1.0)[:, None], 0.0).sum()
    freedom = float((m[some] - 1).sum())
    distinct = len(np.unique(np.asarray(key)[there & some[:, None]]))
    phi = float(square / freedom) if freedom > 0 else 1.0
    return MatchedDays(y, mean, m, c, np.asarray(key, dtype=np.int64), max(phi, 1.0), float(max(1, min(freedom, distinct - 1))))


def group_ratio(
    found: MatchedDays, group: npt.ArrayLike, n_groups: int, *, confidence: float = 0.95
) -> tuple[RateChange, Floats]:
    """Return the ratio of each group of days to its ordinary days, and the variance over that of chance that was used.

    Notes
    -----
    A group's ordinary days are weighted by how many of its days each stands beside; they carry as much information as a count of
    ``expected * k`` over k times as many days, with k from the variance of the weighted sum. Where five days or more differ from their
    common ratio by more than ordinary days swing, that spread is used instead.
    """
    of = np.asarray(group)
    now, base, times, phi, df = (np.zeros(n_groups) for _ in range(5))
    for g in range(n_groups):
        pick = (of == g) & (found.m > 0)
        now[g], expected = found.n[pick].sum(), found.expected[pick].sum()
        times[g] = _multiple(found, pick, expected)
        base[g] = expected * times[g]
        phi[g], df[g] = _spread(found, pick, now[g], expected)
    with np.errstate(invalid="ignore"):
        return rate_change(now, base, exposure=(1.0, np.maximum(times, 1e-9)), phi=phi, df=df, confidence=confidence), phi


def _multiple(found: MatchedDays, pick: npt.NDArray[np.bool_], expected: float) -> float:
    there = ~np.isnan(found.ordinary[pick])
    if not there.any():
        return 1.0
    weight = (there / np.maximum(found.m[pick], 1)[:, None])[there]
    _, first, code = np.unique(found.key[pick][there], return_index=True, return_inverse=True)
    summed = np.bincount(code, weights=weight)
    variance = float((summed**2 * found.ordinary[pick][there][first]).sum())
    return expected / variance if variance > 0 else float(found.m[pick].mean())


def _spread(found: MatchedDays, pick: npt.NDArray[np.bool_], now: float, expected: float) -> tuple[float, float]:
    y, e, m = found.n[pick], found.expected[pick], found.m[pick]
    if len(y) < _LEAST_DAYS or now == 0 or expected == 0:
        return found.phi, found.df
    ratio, some = now / expected, e > 0
    if some.sum() < _LEAST_DAYS:
        return found.phi, found.df
    y, e, m = y[some], e[some], m[some]
    own = float(((y - ratio * e) ** 2 / (ratio * e * (1 + ratio / m))).sum() / (len(y) - 1))
    return (own, float(len(y) - 1)) if own > found.phi else (found.phi, found.df)


def day_range(found: MatchedDays, *, confidence: float = 0.95) -> DayRange:
    """Return what each day may hold if it is ordinary, given only its ordinary days (negative binomial, both counts random).

    Notes
    -----
    With phi = 1 and S events on m ordinary days, the next day is negative binomial with r = S + 1/2 and p = m / (m + 1), which has variance
    ``mean (1 + 1/m)``; with phi, the same mean and phi times that variance.
    """
    from scipy.stats import nbinom, norm, t

    m = np.maximum(found.m, 1)
    mean = (found.expected * m + 0.5) / m
    spread = found.phi * (1 + 1 / m)
    size, share = mean / (spread - 1), 1 / spread
    # How well phi is known: Student's t in place of the normal curve, as far as phi is more than that of chance.
    free = found.df if found.phi > 1 else np.inf
    tail = float(norm.sf(t.isf((1 - confidence) / 2, free)))
    low, high = nbinom.ppf(tail, size, share), nbinom.isf(tail, size, share)
    p = 2 * np.minimum(nbinom.cdf(found.n, size, share), nbinom.sf(found.n - 1, size, share))
    p = 2 * t.sf(norm.isf(np.minimum(p, 1.0) / 2), free)
    none = found.m == 0
    return DayRange(*(np.where(none, np.nan, v) for v in (low, high, p)))
