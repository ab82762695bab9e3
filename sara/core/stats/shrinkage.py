"""What a place's count or rate would be expected to be next time, with no response: regression to the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Shrinkage", "SmoothedRates", "gamma_poisson", "smoothed_rates"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """A gamma-Poisson prior: mean of the places, and the share of a place's distance from it that is lasting."""

    mean: float
    reliability: float

    def expected(self, count: np.ndarray | float) -> np.ndarray | float:
        """Return the expected count of a place that had `count`."""
        return self.mean + (np.asarray(count, dtype=float) - self.mean) * self.reliability


def gamma_poisson(counts: np.ndarray, *, phi: float = 1.0) -> Shrinkage:
    """Fit the spread of lasting levels behind the counts of many places.

    Parameters
    ----------
    counts : array of shape (places,)
        Events of each place of the same kind in one window of equal length.
    phi : float
        Variance over mean of a place's own count; 1 for Poisson.

    Returns
    -------
    Shrinkage
        ``reliability`` = (variance - phi x mean) / variance, between 0 (all chance) and 1 (all lasting).

    Notes
    -----
    The empirical-Bayes estimate of accident research: E[level | count] = m + (count - m)(s2 - phi m) / s2.

    References
    ----------
    Hauer (1997), Observational Before-After Studies in Road Safety. Robbins (1956).
    """
    counts = np.asarray(counts, dtype=float)
    mean = float(counts.mean())
    variance = float(counts.var(ddof=1)) if len(counts) > 1 else 0.0
    reliability = (variance - max(1.0, phi) * mean) / variance if variance > 0 else 0.0
    return Shrinkage(mean, float(np.clip(reliability, 0.0, 1.0)))


@dataclass(frozen=True, slots=True)
class SmoothedRates:
    """Rates drawn towards the mean rate of all places, or of the places around each.

    ``rate`` of each place; ``mean`` and ``variance`` of the lasting rates behind them (one number, or one per place); ``weight``, the share of
    each place's own rate in its answer.
    """

    rate: Floats
    mean: Floats | float
    variance: Floats | float
    weight: Floats


def smoothed_rates(n: npt.ArrayLike, exposure: npt.ArrayLike, *, around: Any = None) -> SmoothedRates:
    """Return empirical-Bayes rates: the less a place's own rate is worth, the nearer to the mean.

    Parameters
    ----------
    n : array of shape (places,)
        Events of each place.
    exposure : array of shape (places,)
        What they are set against (people, addresses); above zero.
    around : sparse matrix of 0 and 1, (places, places), optional
        Who is whose neighbour. If given, each place is drawn towards the rate of its neighbours and itself, not of all.

    Returns
    -------
    SmoothedRates
        In events per unit of exposure.

    Notes
    -----
    Marshall's moments: ``m = sum(n) / sum(b)``, ``s2 = sum(b (r - m)^2) / sum(b)``, ``A = max(0, s2 - m / mean(b))``,
    ``rate = m + (r - m) A / (A + m / b)``. With ``A = 0`` the places differ no more than chance makes them, and all get ``m``.

    References
    ----------
    Marshall (1991), Applied Statistics 40(2), 283-294. doi:10.2307/2347593

    Examples
    --------
    >>> smoothed_rates([0, 5, 40], [10, 1_000, 4_000]).rate.round(5).tolist()
    [0.00898, 0.00898, 0.00898]
    """
    n, b = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    rate = n / b
    if around is None:
        mean, mean_b = n.sum() / b.sum(), b.mean()
        spread = (b * (rate - mean) ** 2).sum() / b.sum()
    else:
        total = around @ b + b
        mean = (around @ n + n) / total
        # sum b (r - m)^2 over the neighbours, m that of the place in the middle: the sums of b r^2, b r and b are enough.
        squares, first = around @ (n * rate) + n * rate, around @ n + n
        spread = np.maximum((squares - 2 * mean * first + mean**2 * total) / total, 0.0)
        mean_b = total / (around @ np.ones(len(n)) + 1)
    variance = np.maximum(spread - mean / mean_b, 0.0)
    noise = mean / b
    weight = np.divide(variance, variance + noise, out=np.zeros(len(n)), where=np.broadcast_to(variance, n.shape) > 0)
    return SmoothedRates(mean + (rate - mean) * weight, mean, variance, weight)
