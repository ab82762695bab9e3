"""The upswing that sets off a response: how far the last months before the start ran above the place's own earlier level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sara.core.stats.panel import season_matched
from sara.core.stats.wdd import SMALL_COUNT, Difference, weighted_difference

__all__ = ["JustBefore", "earlier_months", "just_before", "recent_months"]

# Half a year is how long complaints gather before somebody acts; a short baseline keeps three quarters to compare them with.
_MONTHS, _SHARE, _LEAST = 6, 4, 2


@dataclass(frozen=True, slots=True)
class JustBefore:
    """Events a month in the last months before the start, beyond the place's earlier level times the ratio of similar places."""

    excess: Difference
    expected: float
    level: float
    months: int

    @property
    def upswing(self) -> bool:
        """Whether it ran above, beyond chance."""
        return self.excess.low > 0


def recent_months(n_before: int) -> int:
    """Return how many months count as just before: six, or the last quarter of a baseline under two years; 0 where that is under two."""
    months = min(_MONTHS, n_before // _SHARE)
    return months if months >= _LEAST else 0


def earlier_months(calendar: list[int], n_before: int) -> np.ndarray | None:
    """Return which months of the baseline are not just before the start and match the seasons after; None where they don't fill them."""
    m = recent_months(n_before)
    keep = season_matched(calendar[: n_before - m], calendar[n_before:]) if m else None
    return None if keep is None else np.r_[keep, np.zeros(m, dtype=bool)]


def just_before(base: np.ndarray, *, phi: float, df: float, confidence: float) -> JustBefore | None:
    """Measure the upswing.

    Parameters
    ----------
    base : array of shape (places, months)
        Counts of the baseline, the place of the response first.
    phi, df : float
        Dispersion of monthly counts and its degrees of freedom.

    Returns
    -------
    JustBefore or None
        None with a baseline under 8 months, or under 10 events in the similar places on either side.

    Notes
    -----
    Excess = recent - earlier x (similar places, recent / earlier), all events a month: what similar places did in those months, their
    season and trend, is expected of this one too. Variance: phi x counts, with that of the ratio by the delta method.
    """
    m = recent_months(base.shape[1])
    if not m:
        return None
    parts = (base[:, :-m], base[:, -m:])
    own_earlier, own = (float(part[0].sum()) for part in parts)
    others_earlier, others = (float(part[1:].sum()) for part in parts)
    if min(others_earlier, others) < SMALL_COUNT:
        return None
    n = base.shape[1] - m
    ratio = (others / m) / (others_earlier / n)
    expected = own_earlier / n * ratio
    excess = weighted_difference(
        np.array([own_earlier, own]),
        np.array([-ratio / n, 1 / m]),
        dispersion=phi,
        df=df,
        extra_variance=phi * expected**2 * (1 / others + 1 / others_earlier),
        confidence=confidence,
    )
    return JustBefore(excess, expected, own / m, m)
