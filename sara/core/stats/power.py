"""How small a change could be seen: closed form."""

from __future__ import annotations

import numpy as np

__all__ = ["detectable_ratio", "detectable_share", "difference_se", "smallest_detectable"]


def smallest_detectable(se: float, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """Return the change seen with chance `power`: (z of the two-sided test + z of the power) x standard error."""
    from scipy.stats import norm

    return float((norm.isf((1 - confidence) / 2) + norm.ppf(power)) * se)


def difference_se(
    treated: float,
    comparison: np.ndarray,
    *,
    months: tuple[float, float] = (1.0, 1.0),
    phi: float = 1.0,
    tau2: float = 0.0,
    places: float = 1.0,
) -> float:
    """Return the standard error of the difference in differences a month if nothing changes.

    Parameters
    ----------
    treated : float
        Events a month in one place of the response.
    comparison : array of float
        Events a month in each comparison place; their mean is taken.
    months : (float, float)
        Months before and after.
    phi, tau2 : float
        Dispersion of the counts, and variance of places' own proportional drift.
    places : float
        How many places of the response of this level, each with as many comparison places; the standard error is that of the mean per place.

    Notes
    -----
    One comparison place of the same level and one month on each side gives sqrt(4 x level).
    """
    comparison = np.asarray(comparison, dtype=float)
    share2 = np.r_[1.0, np.full(len(comparison), 1.0 / len(comparison) ** 2)]
    level = np.r_[treated, comparison]
    variance = phi * float(share2 @ level) * (1 / months[0] + 1 / months[1]) + tau2 * float(share2 @ level**2)
    return float(np.sqrt(variance / places))


def detectable_share(level: float, *, phi: float = 1.0, power: float = 0.8, confidence: float = 0.95) -> float:
    """Return the smallest detectable change over the level, for four cells of the same mean (two groups, before and after)."""
    return smallest_detectable(difference_se(level, np.array([level]), phi=phi), power=power, confidence=confidence) / level


def detectable_ratio(level: float, *, phi: float = 1.0, power: float = 0.8, confidence: float = 0.95) -> float:
    """Return the ratio of ratios below which a fall is seen, for four cells of the same mean: exp(-(z + z) sqrt(4 phi / level))."""
    return float(np.exp(-smallest_detectable(float(np.sqrt(4 * phi / level)), power=power, confidence=confidence)))
