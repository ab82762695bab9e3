"""Two counts of events, and whether the rate changed.

Every function takes two counts and their exposures and returns numbers. The first count is called 1, the second 2, as in the literature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["ALTERNATIVES", "METHODS", "TwoCounts", "compare_counts", "difference_interval", "difference_p", "poisson_limits"]

METHODS = ("e-test", "e-test-score", "wald", "score", "exact", "mid-p")
ALTERNATIVES = ("two-sided", "larger", "smaller")
# The E-test sums over all pairs of counts; what lies beyond this share of each tail cannot change a printed digit.
_TAIL = 1e-12
# A floating-point tie with the observed statistic counts as "as extreme".
_TIE = 1e-10


@dataclass(frozen=True, slots=True)
class TwoCounts:
    """What two counts say: the ratio of rate 2 to rate 1, its log's standard error, its interval, a statistic and a p-value."""

    ratio: float
    se_log: float
    low: float
    high: float
    statistic: float
    p: float


def compare_counts(
    k1: float,
    k2: float,
    *,
    exposure: tuple[float, float] = (1.0, 1.0),
    method: str = "e-test",
    alternative: str = "two-sided",
    confidence: float = 0.95,
) -> TwoCounts:
    """Test whether two Poisson rates are equal and give the interval of their ratio (rate 2 / rate 1).

    Parameters
    ----------
    k1, k2 : float
        The two counts; at least one above zero.
    exposure : (float, float)
        What each count was collected over (months, addresses, officer hours).
    method : str
        One of `METHODS`.
    alternative : str
        ``"larger"``: rate 1 is larger than rate 2.
    confidence : float
        Level of the interval.

    Returns
    -------
    TwoCounts
        Ratio, standard error of its log, interval, statistic (sign of rate 1 - rate 2; none for exact methods) and p-value.
    """
    n1, n2 = exposure
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.divide(k2 / n2, k1 / n1)) if k1 > 0 else float("inf")
    a, b = (k1, k2) if k1 > 0 and k2 > 0 else (k1 + 0.5, k2 + 0.5)
    se_log = float(np.sqrt(1 / a + 1 / b))
    statistic, p = _TESTS[method](k1, k2, n1, n2, alternative)
    low, high = (limit * n1 / n2 for limit in _ratio_limits(k1, k2, method, confidence))
    return TwoCounts(ratio, se_log, float(low), float(high), float(statistic), float(min(1.0, p)))


def poisson_limits(k: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the score limits of Poisson means: the values whose own z distance from the count is `z`."""
    half = z * np.sqrt(k + z**2 / 4)
    return np.maximum(0.0, k + z**2 / 2 - half), k + z**2 / 2 + half


def difference_p(k1: float, k2: float, difference: float = 0.0) -> float:
    """Return the two-sided E-test p-value of mean 1 - mean 2 = `difference` (Krishnamoorthy & Thomson 2004, equal exposure)."""
    if difference < 0:
        return difference_p(k2, k1, -difference)
    mean2 = max(0.0, (k1 + k2) / 2 - difference / 2)

    def statistic(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        # A pair without events has no variance of its own: half an event keeps its distance from the hypothesis finite.
        return (i - j - difference) / np.sqrt(np.maximum(i + j, 0.5))

    observed = float(statistic(np.array(k1), np.array(k2)))
    return min(1.0, _pair_sum(mean2 + difference, mean2, statistic, abs(observed), "two-sided"))


def difference_interval(k1: float, k2: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of mean 1 - mean 2 by inverting `difference_p`: exact in spirit for counts of any size."""
    from scipy.stats import norm

    level, estimate = 1 - confidence, k1 - k2
    reach = float(norm.isf(level / 2)) * np.sqrt(k1 + k2 + 1) * 2 + 6

    def limit(sign: float) -> float:
        inside, outside = 0.0, reach
        # 40 halvings: far below one event.
        for _ in range(40):
            middle = (inside + outside) / 2
            if difference_p(k1, k2, estimate + sign * middle) > level:
                inside = middle
            else:
                outside = middle
        return float(estimate + sign * (inside + outside) / 2)

    return limit(-1.0), limit(1.0)


def _wald(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    z = (k1 / n1 - k2 / n2) / np.sqrt(k1 / n1**2 + k2 / n2**2)
    return z, _normal_p(z, alternative)


def _score(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    share = n1 / n2
    z = (k1 - k2 * share) / np.sqrt((k1 + k2) * share)
    return z, _normal_p(z, alternative)


def _e_test(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    def statistic(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        variance = i / n1**2 + j / n2**2
        return np.where(variance > 0, (i / n1 - j / n2) / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)

    return _e_sum(k1, k2, n1, n2, statistic, alternative)


def _e_test_score(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    share = n1 / n2

    def statistic(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        total = (i + j) * share
        return np.where(total > 0, (i - j * share) / np.sqrt(np.where(total > 0, total, 1.0)), 0.0)

    return _e_sum(k1, k2, n1, n2, statistic, alternative)


def _e_sum(
    k1: float, k2: float, n1: float, n2: float, statistic: Callable[..., np.ndarray], alternative: str
) -> tuple[float, float]:
    observed = float(statistic(np.array(k1), np.array(k2)))
    rate = (k1 + k2) / (n1 + n2)
    threshold = abs(observed) if alternative == "two-sided" else observed
    return observed, _pair_sum(n1 * rate, n2 * rate, statistic, threshold, alternative)


def _pair_sum(mean1: float, mean2: float, statistic: Callable[..., np.ndarray], threshold: float, alternative: str) -> float:
    """Sum the chance of all pairs as extreme as `threshold`; the statistic falls as the second count rises."""
    from scipy.stats import poisson

    i = np.arange(poisson.ppf(_TAIL, mean1), poisson.isf(_TAIL, mean1) + 1)
    lowest, highest = int(poisson.ppf(_TAIL, mean2)), int(poisson.isf(_TAIL, mean2)) + 1
    tie = _TIE * max(1.0, abs(threshold))
    share = np.zeros_like(i)
    if alternative != "smaller":
        # How many second counts, from the lowest up, leave the statistic at or above the threshold.
        n_extreme = _first_below(statistic, i, threshold - tie, lowest, highest)
        share += poisson.cdf(n_extreme - 1, mean2)
    if alternative != "larger":
        cut = -threshold if alternative == "two-sided" else threshold
        share += poisson.sf(_first_at_most(statistic, i, cut + tie, lowest, highest) - 1, mean2)
    return float(np.sum(poisson.pmf(i, mean1) * np.minimum(share, 1.0)))


def _first_below(statistic: Callable[..., np.ndarray], i: np.ndarray, cut: float, lowest: int, highest: int) -> np.ndarray:
    return _bisect(lambda j: statistic(i, j) < cut, i, lowest, highest)


def _first_at_most(statistic: Callable[..., np.ndarray], i: np.ndarray, cut: float, lowest: int, highest: int) -> np.ndarray:
    return _bisect(lambda j: statistic(i, j) <= cut, i, lowest, highest)


def _bisect(true_from: Callable[[np.ndarray], np.ndarray], i: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    """Return, for each i, the first whole j at which `true_from` holds (highest + 1 if nowhere)."""
    low, high = np.full(len(i), lowest, dtype=np.int64), np.full(len(i), highest + 1, dtype=np.int64)
    while np.any(low < high):
        middle = (low + high) // 2
        holds = true_from(middle)
        high = np.where(holds, middle, high)
        low = np.where(holds | (low >= high), low, np.minimum(middle + 1, high))
        low = np.minimum(low, high)
    return high


def _exact(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    from scipy.stats import binomtest

    side = {"two-sided": "two-sided", "larger": "greater", "smaller": "less"}[alternative]
    return float("nan"), float(binomtest(int(k1), int(k1 + k2), n1 / (n1 + n2), alternative=side).pvalue)


def _mid_p(k1: float, k2: float, n1: float, n2: float, alternative: str) -> tuple[float, float]:
    from scipy.stats import binom

    _, p = _exact(k1, k2, n1, n2, alternative)
    return float("nan"), p - 0.5 * float(binom.pmf(k1, k1 + k2, n1 / (n1 + n2)))


_TESTS = {"e-test": _e_test, "e-test-score": _e_test_score, "wald": _wald, "score": _score, "exact": _exact, "mid-p": _mid_p}


def _normal_p(z: float, alternative: str) -> float:
    from scipy.stats import norm

    return float({"two-sided": 2 * norm.sf(abs(z)), "larger": norm.sf(z), "smaller": norm.cdf(z)}[alternative])


def _ratio_limits(k1: float, k2: float, method: str, confidence: float) -> tuple[float, float]:
    """Limits of mean 2 / mean 1 at equal exposure."""
    from scipy.stats import norm

    z = float(norm.isf((1 - confidence) / 2))
    if method == "wald":
        a, b = (k1, k2) if k1 > 0 and k2 > 0 else (k1 + 0.5, k2 + 0.5)
        half = z * np.sqrt(1 / a + 1 / b)
        return float(b / a * np.exp(-half)), float(b / a * np.exp(half))
    if method in ("exact", "mid-p"):
        return _conditional_limits(k1, k2, mid=method == "mid-p", confidence=confidence)
    return _score_limits(k1, k2, z)


def _score_limits(k1: float, k2: float, z: float) -> tuple[float, float]:
    """Solve (k2 - q k1)^2 = z^2 q (k1 + k2) for the ratio q."""
    if k1 == 0:
        return float(k2**2 / (z**2 * k2)), float("inf")
    middle = 2 * k1 * k2 + z**2 * (k1 + k2)
    root = np.sqrt(max(0.0, middle**2 - 4 * k1**2 * k2**2))
    return float((middle - root) / (2 * k1**2)), float((middle + root) / (2 * k1**2))


def _conditional_limits(k1: float, k2: float, *, mid: bool, confidence: float) -> tuple[float, float]:
    """Given their sum, the second count is binomial: limits of its share, turned into odds."""
    from scipy.optimize import brentq
    from scipy.stats import binom

    total, level, weight = k1 + k2, (1 - confidence) / 2, 0.5 if mid else 1.0

    def upper_tail(share: float) -> float:
        return float(binom.sf(k2, total, share) + weight * binom.pmf(k2, total, share)) - level

    def lower_tail(share: float) -> float:
        return float(binom.cdf(k2 - 1, total, share) + weight * binom.pmf(k2, total, share)) - level

    low = 0.0 if k2 == 0 else brentq(upper_tail, 1e-15, 1 - 1e-15)
    high = 1.0 if k1 == 0 else brentq(lower_tail, 1e-15, 1 - 1e-15)
    return low / (1 - low), high / (1 - high) if high < 1 else float("inf")
