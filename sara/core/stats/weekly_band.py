"""A band for each count from the few before it, as wide as the spread that the series has shown: for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.predictive import Predictive

__all__ = ["METHODS", "Band", "weekly_band"]

Floats = npt.NDArray[np.float64]

METHODS = ("negative-binomial", "square-root")
# Variance over mean that a series may have; the wide ones are for counts in the thousands.
SPREADS = np.array([1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 9, 14, 21, 32, 64, 128, 256, 512.0])
# Periods from which the spread is learned: a year of weeks.
LEARNED = 52
# Share of periods that may be anything at all, so that one outbreak or a shift of level doesn't widen the band for a year.
ODD = 0.02
_SEEN = 1e-6


@dataclass(frozen=True, eq=False)
class Band:
    """Mean of the periods before, limits, and the chance that the next count lies outside them; NaN where too little is known."""

    expected: Floats
    low: Floats
    high: Floats
    outside: Floats


def weekly_band(n: npt.ArrayLike, *, weeks: int = 8, method: str = "negative-binomial", tail: float = 0.00135) -> Band:
    """Return the band of each count.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Counts; NaN where unknown.
    weeks : int
        Periods before; at least half of them must be known.
    method : {"negative-binomial", "square-root"}
        How the limits are taken.
    tail : float
        Chance beyond each limit.

    Returns
    -------
    Band
        In the shape of `n`.

    Notes
    -----
    For spread f, S events in m periods: negative binomial with mean ``(S + f/2) / m`` and variance over mean ``f (1 + 1/m)``; for f = 1 that is size
    S + 1/2 and chance m / (m + 1). The spreads are weighed by how well each foretold the earlier periods, one step ahead, over the last year.
    """
    values = np.asarray(n, dtype=float)
    rows = np.atleast_2d(values)
    known = ~np.isnan(rows)

    def before(x: Floats, width: int) -> Floats:
        total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)[:, :-1]
        at = np.arange(x.shape[1])
        return np.asarray(total - np.take(total, np.maximum(at - width, 0), axis=1))

    m, s = before(known.astype(float), weeks), before(np.where(known, rows, 0.0), weeks)
    judged = (m >= weeks / 2) & (np.arange(rows.shape[1]) >= weeks)
    mean = np.where(judged, s / np.maximum(m, 1), np.nan)
    m1 = np.maximum(m, 1)[..., None]
    forecast = Predictive(mean=(s[..., None] + SPREADS / 2) / m1, spread=SPREADS * (1 + 1 / m1))
    score = np.where((known & (m >= 2))[..., None], _log_chance(np.where(known, rows, 0.0), forecast), 0.0)
    learned = np.stack([before(score[..., i], LEARNED) for i in range(len(SPREADS))], axis=-1) - np.log(SPREADS)
    weight = np.exp(learned - learned.max(axis=-1, keepdims=True))
    weight = weight / weight.sum(axis=-1, keepdims=True)
    if method == "square-root":
        from scipy.special import ndtri

        # Three standard deviations of a root, each one half, at the confidence of the textbook.
        step = 1.5 if abs(tail - 0.00135) < 1e-9 else -float(ndtri(tail)) / 2
        root = np.sqrt(mean)
        low, high = np.maximum(root - step, 0.0) ** 2, (root + step) ** 2
    else:
        low = np.where(judged, _quantile(forecast, weight, judged, 1 - tail), np.nan)
        high = np.where(judged, _quantile(forecast, weight, judged, tail), np.nan)
    outside = np.full(rows.shape, np.nan)
    if judged.any():
        some = Predictive(forecast.mean[judged], forecast.spread[judged])
        above = some.at_least((np.floor(high[judged]) + 1)[:, None])
        under = 1 - some.at_least(np.ceil(low[judged])[:, None])
        outside[judged] = ((above + under) * weight[judged]).sum(axis=1)
    shape = values.shape
    return Band(mean.reshape(shape), low.reshape(shape), high.reshape(shape), outside.reshape(shape))


def _log_chance(n: Floats, of: Predictive) -> Floats:
    """Return the log chance of each count, bounded below by what a very wide distribution gives it."""
    from scipy.special import gammaln

    k, size = n[..., None], of.mean / (of.spread - 1)
    sure = gammaln(k + size) - gammaln(size) - gammaln(k + 1) - size * np.log(of.spread) + k * np.log1p(-1 / of.spread)
    level = of.mean[..., :1]
    wide = k * np.log(level / (1 + level)) - np.log1p(level)
    return np.asarray(np.logaddexp(np.log1p(-ODD) + sure, np.log(ODD) + wide))


def _quantile(of: Predictive, weight: Floats, judged: npt.NDArray[np.bool_], above: float) -> Floats:
    """Return the smallest count that is exceeded with at most the chance `above`, by halving."""
    mean, spread, share = of.mean[judged], of.spread[judged], weight[judged]
    share = np.where(share > _SEEN, share, 0.0)
    most = np.where(share > 0, mean + 20 * np.sqrt(mean * spread) + 20 * spread, 0.0)
    low, high = np.full(len(mean), -1.0), np.ceil(most.max(axis=1, initial=0.0)) + 20
    some = Predictive(np.where(share > 0, mean, np.nan), spread)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        beyond = np.nansum(some.at_least((middle + 1)[:, None]) * share, axis=1) <= above
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    out = np.full(judged.shape, np.nan)
    out[judged] = high
    return out
