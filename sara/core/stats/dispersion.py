"""How much more counts vary than chance alone would make them: month to month, and place by place from year to year."""

from __future__ import annotations

from collections.abc import Sequence
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
    if places < 2 or months < 2:
        return Dispersion(float("nan"), 0, float("nan"))
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    residual = (counts - expected) / np.sqrt(np.maximum(expected, _LEAST_EXPECTED))
    square = float(np.sum(residual**2))
    lag1 = float(np.sum(residual[:, 1:] * residual[:, :-1]) / square) if square > 0 else 0.0
    # Residuals of a fitted level are pulled apart by about 1/months; put that back.
    return Dispersion(square / df, df, lag1 + (1 + lag1) / months)


def place_drift(pairs: Sequence[tuple[np.ndarray, np.ndarray, tuple[int, int]]], *, phi: float) -> Drift:
    """Measure how far untouched places drift apart between two windows.

    Parameters
    ----------
    pairs : sequence of (before, after, (months before, months after))
        Events of each place in two windows next to each other. More than one pair (this year and last beside the response's own) tells
        more about the same drift; ``trend`` and ``tau2`` are those of the first.
    phi : float
        Dispersion of monthly counts; values below 1 (or unknown) count as 1.

    Returns
    -------
    Drift
        ``tau2`` by Paule and Mandel's rule: the value at which the squared deviations from the common trend, each over its variance,
        add up to their degrees of freedom, places - 1 for each pair.

    Notes
    -----
    A place that wanders gets further away the longer the windows are: the variance of its drift goes with their summed length, so shorter
    pairs are scaled up. For places that only fluctuate this is on the safe side.
    """
    inflation = phi if phi > 1 else 1.0
    parts = [part for part in (_deviations(*pair, inflation) for pair in pairs) if part is not None]
    if not parts:
        return Drift(1.0, 0.0, 0)
    first = sum(pairs[0][2])
    deviation, counting, drifting = (np.concatenate([part[k] for part in parts]) for k in range(3))
    drifting = drifting / first
    df = len(deviation) - len(parts)
    trend = parts[0][3]

    def excess(tau2: float) -> float:
        return float(np.sum(deviation**2 / (counting + tau2 * drifting))) - df

    if excess(0.0) <= 0:
        return Drift(trend, 0.0, df)
    from scipy.optimize import brentq

    high = 1.0
    while excess(high) > 0 and high < 1e6:
        high *= 4
    return Drift(trend, float(brentq(excess, 0.0, high)), df)


def _deviations(
    before: np.ndarray, after: np.ndarray, months: tuple[int, int], phi: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
    """Return each place's deviation from the common trend, its counting variance, its level squared times the months, and the trend."""
    keep = np.asarray(before) + np.asarray(after) > 0
    x, y = np.asarray(before, dtype=float)[keep] / months[0], np.asarray(after, dtype=float)[keep] / months[1]
    if len(x) < 2 or x.sum() == 0:
        return None
    trend = float(y.sum() / x.sum())
    total = x * months[0] + y * months[1]
    # Under the common trend both windows tell about the place's level; its share in each window gives the variance of each.
    base = total / (months[0] + trend * months[1])
    counting = phi * (trend * base / months[1] + trend**2 * base / months[0])
    return y - trend * x, counting, (total / sum(months)) ** 2 * sum(months), trend
