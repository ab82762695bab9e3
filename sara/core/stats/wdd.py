"""Weighted differences of counts: the weighted displacement difference and what else is a sum of counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sara.core.stats.two_counts import difference_interval, difference_p, poisson_limits

__all__ = ["SMALL_COUNT", "Difference", "RatioOfRatios", "ratio_of_ratios", "weighted_difference"]

# Below this a count's normal interval misses its level; exact or score limits take over.
SMALL_COUNT = 10
# Of Poisson sums like these the normal is right to four digits.
_LARGE_SUM = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A weighted difference of counts: estimate, standard error, interval, z and p; `method` says how the interval was found."""

    estimate: float
    se: float
    low: float
    high: float
    z: float
    p: float
    method: str


@dataclass(frozen=True, slots=True)
class RatioOfRatios:
    """A ratio of two before-after ratios and the standard error of its log."""

    ratio: float
    se_log: float
    low: float
    high: float
    p: float
    corrected: bool


def weighted_difference(
    counts: np.ndarray,
    weights: np.ndarray,
    *,
    dispersion: float = 1.0,
    confidence: float = 0.95,
    df: float = np.inf,
    extra_variance: float = 0.0,
) -> Difference:
    """Return sum(weights * counts) with its interval.

    Parameters
    ----------
    counts : array of float
        Poisson counts (or sums of them).
    weights : array of float
        Sign and scale of each: for the WDD +1 for treated after and comparison before, -1 for the other two.
    dispersion : float
        Variance over mean; values below 1 count as 1.
    df : float
        Degrees of freedom behind the dispersion: t quantiles where finite.
    extra_variance : float
        Variance beyond the counts' own (places that drift apart), added after inflation.

    Returns
    -------
    Difference
        ``method`` is "normal", "t", "e-test" or "score limits": the last two where a count is under `SMALL_COUNT`.
    """
    from scipy.stats import norm, t

    counts, weights = np.asarray(counts, dtype=float), np.asarray(weights, dtype=float)
    inflation = max(1.0, dispersion)
    estimate = float(weights @ counts)
    poisson_variance = float(weights**2 @ counts)
    se = float(np.sqrt(inflation * poisson_variance + extra_variance))
    # A quantile of t with df -> inf is the normal's.
    quantile = float(norm.isf((1 - confidence) / 2) if np.isinf(df) else t.isf((1 - confidence) / 2, df))
    z = estimate / se if se > 0 else float("nan")
    if counts.size and counts.min() < SMALL_COUNT and not _sums_are_large(counts, weights):
        # What inflation and t do to a normal interval is done to the exact one: its arms are stretched by the same share.
        stretch = (
            (se / np.sqrt(poisson_variance) if poisson_variance > 0 else np.sqrt(inflation))
            * quantile
            / float(norm.isf((1 - confidence) / 2))
        )
        return _small(counts, weights, estimate, se, z, stretch, confidence)
    p = float(2 * (norm.sf(abs(z)) if np.isinf(df) else t.sf(abs(z), df)))
    return Difference(estimate, se, estimate - quantile * se, estimate + quantile * se, z, p, "normal" if np.isinf(df) else "t")


def _sums_are_large(counts: np.ndarray, weights: np.ndarray) -> bool:
    """Say whether only two large sums matter, so that one small count among them changes nothing (and exact sums would take seconds)."""
    sums = (float(counts[weights > 0].sum()), float(counts[weights < 0].sum()))
    return bool(np.ptp(np.abs(weights)) == 0 and min(sums) >= _LARGE_SUM)


def _small(
    counts: np.ndarray, weights: np.ndarray, estimate: float, se: float, z: float, stretch: float, confidence: float
) -> Difference:
    from scipy.stats import norm

    if np.ptp(np.abs(weights)) == 0 and np.all(counts == np.round(counts)):
        # Equal weights: the difference is that of two Poisson counts, the sum of what adds and the sum of what subtracts.
        scale = abs(float(weights[0]))
        up, down = float(counts[weights > 0].sum()), float(counts[weights < 0].sum())
        low, high = (scale * limit for limit in difference_interval(up, down, confidence=confidence))
        p, method = difference_p(up, down), "e-test"
    else:
        low, high = _recovered_limits(counts, weights, estimate, float(norm.isf((1 - confidence) / 2)))
        p, method = _recovered_p(counts, weights, estimate), "score limits"
    low, high = estimate - (estimate - low) * stretch, estimate + (high - estimate) * stretch
    if stretch > 1 and 0 < p < 1:
        p = float(2 * norm.sf(norm.isf(p / 2) / stretch))
    return Difference(estimate, se, low, high, z, p, method)


def _recovered_limits(counts: np.ndarray, weights: np.ndarray, estimate: float, z: float) -> tuple[float, float]:
    """Combine each count's own score limits (Zou & Donner's variance recovery)."""
    low, high = poisson_limits(counts, z)
    to_low = np.where(weights > 0, weights * (counts - low), weights * (counts - high))
    to_high = np.where(weights > 0, weights * (high - counts), weights * (low - counts))
    return estimate - float(np.sqrt(np.sum(to_low**2))), estimate + float(np.sqrt(np.sum(to_high**2)))


def _recovered_p(counts: np.ndarray, weights: np.ndarray, estimate: float) -> float:
    """Return the p-value at which the recovered interval just touches zero."""
    from scipy.stats import norm

    if estimate == 0:
        return 1.0
    near, far = 0.0, 40.0
    for _ in range(60):
        middle = (near + far) / 2
        low, high = _recovered_limits(counts, weights, estimate, middle)
        if low > 0 or high < 0:
            near = middle
        else:
            far = middle
    return float(2 * norm.sf(near))


def ratio_of_ratios(
    treated: tuple[float, float],
    comparison: tuple[float, float],
    *,
    dispersion: float = 1.0,
    correct: bool = False,
    confidence: float = 0.95,
    df: float = np.inf,
    extra_variance: float = 0.0,
) -> RatioOfRatios:
    """Return (treated after / before) / (comparison after / before), with 0.5 added to each count if `correct`.

    `extra_variance` is on the log scale. A zero count without the correction leaves the ratio at 0, infinite or undefined, and its interval undefined.
    """
    from scipy.stats import norm, t

    cells = np.array([*treated, *comparison], dtype=float) + (0.5 if correct else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float((cells[1] / cells[0]) / (cells[3] / cells[2]))
        se = float(np.sqrt(max(1.0, dispersion) * np.sum(1 / cells) + extra_variance))
    if not (np.isfinite(se) and np.isfinite(ratio) and ratio > 0):
        return RatioOfRatios(ratio, float("inf"), 0.0, float("inf"), 1.0, correct)
    law = norm if np.isinf(df) else t(df)
    half = float(law.isf((1 - confidence) / 2)) * se
    p = float(2 * law.sf(abs(np.log(ratio)) / se))
    return RatioOfRatios(ratio, se, float(ratio * np.exp(-half)), float(ratio * np.exp(half)), p, correct)
