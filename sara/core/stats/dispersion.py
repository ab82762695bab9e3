"""How much more counts vary than chance alone would make them: month to month, and place by place from year to year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Dispersion", "Drift", "place_drift", "two_way_dispersion"]

# A cell expected to hold less than this would make Pearson's ratio explode on one event.
_LEAST_EXPECTED = 0.05


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Variance over mean (1 = Poisson), its degrees of freedom, and the correlation of residuals one month apart."""

    phi: float
    df: int
    lag1: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How untouched places changed: common ratio after / before, spread of places' own log change, degrees of freedom.

    ``tau2`` is the variance of a place's proportional change beyond that of its counts.
    """

    trend: float
    tau2: float
    df: int


def two_way_dispersion(counts: np.ndarray) -> Dispersion:
    """Measure the dispersion of counts around a place x month model (each place its level, each month its share).

    Parameters
    ----------
    counts : array of shape (places, months)
        Events in each.

    Returns
    -------
    Dispersion
        Pearson chi-square over (places - 1)(months - 1); ``phi`` is nan with fewer than two places or months that hold events.

    Notes
    -----
    What all places share (season, trend, holidays) belongs to the months, so it does not count as dispersion.
    """
    counts = np.asarray(counts, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0] if counts.size else counts.reshape(0, 0)
    places, months = counts.shape
    df = (places - 1) * (months - 1)
    if df < 1:
        return Dispersion(float("nan"), 0, float("nan"))
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    residual = (counts - expected) / np.sqrt(np.maximum(expected, _LEAST_EXPECTED))
    square = float(np.sum(residual**2))
    lag1 = float(np.sum(residual[:, 1:] * residual[:, :-1]) / square) if square > 0 else 0.0
    # Residuals of a fitted level are pulled apart by about 1/months; put that back.
    return Dispersion(square / df, df, lag1 + (1 + lag1) / months)


def place_drift(before: np.ndarray, after: np.ndarray, *, months: tuple[int, int], phi: float) -> Drift:
    """Measure how far untouched places drift apart between two windows.

    Parameters
    ----------
    before, after : array of shape (places,)
        Events of each place in each window.
    months : (int, int)
        Length of the windows.
    phi : float
        Dispersion of monthly counts; values below 1 count as 1.

    Returns
    -------
    Drift
        ``tau2`` by Paule and Mandel's rule: the value at which the squared deviations from the common trend, each over its variance,
        add up to places - 1.
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    keep = before + after > 0
    x, y = before[keep] / months[0], after[keep] / months[1]
    df = int(keep.sum()) - 1
    if df < 1 or x.sum() == 0:
        return Drift(1.0, 0.0, max(df, 0))
    trend = float(y.sum() / x.sum())
    deviation = y - trend * x
    level = (before + after)[keep] / sum(months)
    # Under the common trend both windows tell about the place's level; its share in each window gives the variance of each.
    base = (before + after)[keep] / (months[0] + trend * months[1])
    counting = max(1.0, phi) * (trend * base / months[1] + trend**2 * base / months[0])

    def excess(tau2: float) -> float:
        return float(np.sum(deviation**2 / (counting + tau2 * level**2))) - df

    if excess(0.0) <= 0:
        return Drift(trend, 0.0, df)
    from scipy.optimize import brentq

    high = 1.0
    while excess(high) > 0 and high < 1e6:
        high *= 4
    return Drift(trend, float(brentq(excess, 0.0, high)), df)
