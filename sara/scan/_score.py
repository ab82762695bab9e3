"""The numbers behind the board: expected counts, how surprising an excess is, the five parts and their mean percentile.

Arrays in, arrays out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "PARTS",
    "Surprise",
    "expected_counts",
    "mean_percentile",
    "percentiles",
    "shrunk_ratio",
    "surprise",
    "tail",
    "trend_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The five parts of the score, in the order of the board.
PARTS = ("excess", "weeks_active", "repeat_share", "complaints_ratio", "trend")
# Events added to both sides of a ratio, so that 2 against 0.5 is not a fourfold excess.
SHRINK = 5.0


def expected_counts(n: Floats, others: Floats, *, prior: float) -> Floats:
    """Return what each unit would have if the category were spread as all other events are.

    Parameters
    ----------
    n : array
        Events of the category, one per unit (all units, also those with none).
    others : array
        What the spread is measured by, one per unit: events of all other categories, or residents, or addresses.
    prior : float
        Added to every unit's `others`: pulls the share of a unit with few of them toward the mean unit.
    """
    weight = others + prior
    total = weight.sum()
    return n.sum() * weight / total if total > 0 else np.full(len(n), n.sum() / max(len(n), 1))


@dataclass(frozen=True)
class Surprise:
    """How surprising each count is, given how much ordinary units differ anyway.

    Parameters
    ----------
    p : array
        Chance of a count as high as this or higher in a negative binomial with mean `expected` and alpha `spread`.
    spread : array
        Alpha of each unit: the variance is ``expected + alpha * expected**2``; 0 is Poisson.
    """

    p: Floats
    spread: Floats


def surprise(n: Floats, expected: Floats, unsure: Floats, *, trimmed: float, most: float) -> Surprise:
    """Return each unit's tail chance, with the spread measured without the share `trimmed` of units that are furthest out.

    What stands out must not decide how far units differ anyway (Spiegelhalter 2005, Statistics in Medicine 24, 1185-1202); for the same reason
    the spread is at most `most`. To it comes `unsure`, 1 / (weight of the unit): an expected count that is read off the unit's 40 other calls
    is itself uncertain by chance, as 40 calls are (gamma-Poisson).
    """
    some = expected > 0
    common = min(_alpha(n[some], expected[some], unsure[some], trimmed), most)
    alpha = common + unsure
    return Surprise(tail(n, expected, alpha), alpha)


def _alpha(n: Floats, expected: Floats, unsure: Floats, trimmed: float) -> float:
    if len(n) < 3:
        return 0.0
    z = (n - expected) / np.sqrt(expected + unsure * expected**2)
    least = max(1, round(trimmed * len(n)))
    kept = np.sort(np.argsort(z, kind="stable")[: len(n) - least])
    n, expected, unsure = n[kept], expected[kept], unsure[kept]
    # The level of the ordinary units, once the outliers are gone.
    level = n.sum() / expected.sum()
    expected = expected * level
    return (
        max(0.0, float(((n - expected) ** 2 - expected - unsure * expected**2).sum()) / float((expected**2).sum()))
        if level > 0
        else 0.0
    )


def tail(n: Floats, expected: Floats, alpha: Floats) -> Floats:
    """Return the chance of `n` or more events in a negative binomial (Poisson where `alpha` is 0)."""
    from scipy.special import betainc, gammainc

    out = np.ones(len(n))
    some = (n > 0) & (expected > 0)
    mean, count, spread = expected[some], n[some], alpha[some]
    size = 1 / np.maximum(spread, 1e-9)
    out[some] = np.where(spread > 1e-9, betainc(count, size, mean / (mean + size)), gammainc(count, mean))
    return out


def shrunk_ratio(n: Floats, expected: Floats, *, prior: float = SHRINK) -> Floats:
    """Return ``(n + prior) / (expected + prior)``: near 1 where there is little to go by."""
    out: Floats = (n + prior) / (expected + prior)
    return out


def trend_of(recent: Floats, expected_recent: Floats) -> Floats:
    """Return the percent by which the recent weeks lie above what the unit's share of the category's own course gives, shrunk toward 0."""
    return 100 * (shrunk_ratio(recent, expected_recent) - 1)


def percentiles(values: Floats) -> Floats:
    """Return the share of candidates at or below each value, ties at their middle; a missing value gets none."""
    # Rounded, so that values that differ only in the last bit (another order of summing) stay ties.
    ranked = pd.Series(np.round(values, 9)).rank()
    there = max(int(ranked.notna().sum()), 1)
    return np.asarray((ranked - 0.5) / there, dtype=np.float64)


def mean_percentile(parts: Floats) -> Floats:
    """Return the mean over the parts (columns) that are there."""
    there = np.isfinite(parts)
    total = np.where(there, parts, 0).sum(axis=1)
    out: Floats = np.divide(total, there.sum(axis=1), out=np.zeros(len(parts)), where=there.any(axis=1))
    return out
