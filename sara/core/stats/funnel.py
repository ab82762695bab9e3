"""Funnel limits: how far from the overall rate a place of its size comes by chance, and by what places differ anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Spread", "funnel_limits", "funnel_p", "rate_interval", "spread_of"]

Floats = npt.NDArray[np.float64]

# Share of z-scores at each end that are drawn in before the spread is measured: the outliers looked for must not widen their own limits.
WINSOR = 0.10
# What drawing in a tenth at each end leaves of the variance of a normal curve.
LEFT_OF_NORMAL = 0.678688
# Below this many expected events a z-score is too lumpy to measure a spread by; and this many places are needed.
LEAST_EXPECTED, LEAST_PLACES = 5.0, 10


@dataclass(frozen=True, slots=True)
class Spread:
    """How much more places differ than chance alone would make them.

    ``kind`` is "additive" (``value`` = variance of the places' own relative risks), "multiplicative" (``value`` = variance over mean of a
    count) or "none" (``value`` = 0 or 1); ``phi`` is the mean square of the z-scores, ``places`` how many it was measured on, ``how`` in words.
    """

    kind: str
    value: float
    phi: float
    places: int
    how: str


def rate_interval(n: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float) -> tuple[Floats, Floats]:
    """Return the exact Poisson interval of each rate, per unit of exposure.

    References
    ----------
    Garwood (1936), Biometrika 28(3/4), 437-442. doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> low, high = rate_interval([0, 10], [1, 1], confidence=0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 4.795], [3.689, 18.39])
    """
    from scipy.special import gammaincinv

    n, b = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    tail = (1 - confidence) / 2
    low = np.where(n > 0, gammaincinv(np.maximum(n, 1e-9), tail), 0.0)
    return low / b, gammaincinv(n + 1, 1 - tail) / b


def spread_of(n: npt.ArrayLike, expected: npt.ArrayLike, *, kind: str) -> Spread:
    """Measure how much more places differ than chance, with a tenth at each end drawn in.

    Parameters
    ----------
    n, expected : arrays of shape (places,)
        Events, and events at the overall rate; above zero.
    kind : {"additive", "multiplicative", "none"}
        What the extra spread does: gives each place a relative risk of its own, or makes every count as many times more variable.

    Returns
    -------
    Spread
        Never less than chance.

    Notes
    -----
    ``phi`` is Spiegelhalter's: the mean square of ``z = (n - E) / sqrt(E)`` after drawing in each tenth at the ends to its percentile, over
    places with at least 5 events expected, here divided by 0.6787, what that leaves of a normal curve's variance (without it limits come out
    too narrow). The extra spread itself is found on normal scores: the variance at which ``qnorm(F(n))``, F the gamma-Poisson distribution
    (middle of its step), drawn in likewise, has a mean square of 0.6787. For rates that differ little it is his moment estimate; where they
    differ by half or more, moments of a skewed curve come out too small (0.30 for 0.40 in a simulation), and scores do not.
    Where fewer than 10 places expect 5 events, scores are too lumpy: then all places and plain moments, hot ones included, which errs
    towards wide limits.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24(8), 1185-1202. doi:10.1002/sim.1970
    """
    n, e = np.asarray(n, dtype=float), np.asarray(expected, dtype=float)
    if kind == "none" or len(n) < 2:
        return Spread("none", 0.0, 1.0, len(n), "chance alone")
    large = e >= LEAST_EXPECTED
    if large.sum() < LEAST_PLACES:
        squares = float(((n - e) ** 2).sum())
        phi = squares / float(e.sum())
        # Var(n) = E + tau2 E^2, summed over places.
        value = max(1.0, phi) if kind == "multiplicative" else max(0.0, (squares - e.sum()) / float((e**2).sum()))
        how = f"plain moments of all {len(n):,} places: fewer than {LEAST_PLACES} expect {LEAST_EXPECTED:g} events"
        return Spread(kind, float(value), phi, len(n), how)
    n, e = n[large], e[large]
    phi = _drawn_in((n - e) / np.sqrt(e)) / LEFT_OF_NORMAL
    how = f"scores of the {len(n):,} places that expect {LEAST_EXPECTED:g} events, a tenth at each end drawn in"
    return Spread(kind, _root(n, e, kind), phi, len(n), how)


def _root(n: Floats, e: Floats, kind: str) -> float:
    """Return the smallest extra spread at which the scores are as narrow as they should be."""
    none = 1.0 if kind == "multiplicative" else 0.0

    def too_wide(extra: float) -> bool:
        return _drawn_in(_scores(n, e, Spread(kind, none + extra, 1.0, len(n), ""))) > LEFT_OF_NORMAL

    # Far beyond the answer the assumed law is so skewed that scores are wide again: the search comes from below.
    low = 0.0
    for high in np.geomspace(1e-5, 1e5 if kind == "multiplicative" else 30.0, 40):
        if not too_wide(high):
            break
        low = float(high)
    if low == 0.0:
        return none
    for _ in range(20):
        middle = (low + float(high)) / 2
        low, high = (middle, high) if too_wide(middle) else (low, middle)
    return none + low


def _drawn_in(z: Floats) -> float:
    """Return the mean square after drawing in each tenth at the ends to its percentile."""
    low, high = np.quantile(z, [WINSOR, 1 - WINSOR])
    return float(np.mean(np.clip(z, low, high) ** 2))


def _scores(n: Floats, e: Floats, spread: Spread) -> Floats:
    from scipy.special import ndtri

    law = _law(e, spread)
    middle = law.cdf(n) - law.pmf(n) / 2
    return np.asarray(ndtri(np.clip(middle, 1e-12, 1 - 1e-12)))


def funnel_limits(expected: npt.ArrayLike, spread: Spread, level: float) -> tuple[Floats, Floats]:
    """Return the counts between which a share `level` of places with that expectation fall, interpolated to a smooth curve.

    Notes
    -----
    Quantiles of the Poisson distribution; with extra spread, of the gamma-Poisson distribution of that variance, so that limits of small
    counts stay what they are: never below zero, longer to the top. Between two whole counts they are interpolated in the distribution.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24(8), 1185-1202. doi:10.1002/sim.1970
    """
    e = np.asarray(expected, dtype=float)
    law = _law(e, spread)
    tail = (1 - level) / 2
    out = []
    for q in (tail, 1 - tail):
        r = law.ppf(q)
        above, below = law.cdf(r), law.cdf(r - 1)
        step = np.divide(above - q, above - below, out=np.zeros_like(e), where=above > below)
        out.append(np.maximum(r - step, 0.0))
    return out[0], out[1]


def funnel_p(n: npt.ArrayLike, expected: npt.ArrayLike, spread: Spread) -> Floats:
    """Return the two-sided p-value of each count: twice the smaller tail, the count itself in it, at most 1."""
    n, e = np.asarray(n, dtype=float), np.asarray(expected, dtype=float)
    law = _law(e, spread)
    return np.minimum(1.0, 2 * np.minimum(law.cdf(n), law.sf(n - 1)))


def _law(e: Floats, spread: Spread) -> Any:
    from scipy.stats import nbinom, poisson

    if spread.kind == "additive" and spread.value > 1e-9:
        size = np.full(len(e), 1 / spread.value)
        return nbinom(size, size / (size + e))
    if spread.kind == "multiplicative" and spread.value > 1 + 1e-9:
        return nbinom(e / (spread.value - 1), 1 / spread.value)
    return poisson(e)
