"""What a place's count would be expected to be next time, with no response: regression to the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Shrinkage", "gamma_poisson"]


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
