"""What is usual for a season (a month, a week of the year), from what it held in earlier years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Usual", "usual_range"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Usual:
    """Limits of each season, both still usual; NaN where no earlier year has it, and everywhere with a single earlier year.

    ``dispersion`` is the variance around the mean of the season over that mean, 1 where only chance moves it; ``df`` its degrees of freedom,
    0 where there is one year only: it does not tell how far years differ.
    """

    expected: Floats
    low: Floats
    high: Floats
    years: npt.NDArray[np.int64]
    dispersion: float
    df: float


def usual_range(n: Floats, days: Floats, current_days: Floats, *, confidence: float = 0.95) -> Usual:
    """Return the range in which the count of a new year falls with a probability of `confidence` in each season.

    Parameters
    ----------
    n : array of float, shape (years, seasons)
        Counts of earlier years; NaN where nothing is known.
    days : array of float, shape (years, seasons)
        Days of each.
    current_days : array of float, shape (seasons,)
        Days of each season in the new year.
    confidence : float
        Of each season by itself.

    Notes
    -----
    The mean of a season is its events per day over all earlier years. The dispersion is measured over all seasons at once, from how far years
    lie from the means of their seasons, in two parts: whole years that differ (degrees of freedom: years - 1) and the rest; Satterthwaite's
    degrees of freedom of the two widen the range by Student's t. The range is that of a negative binomial with this mean and variance, the
    uncertainty of the mean included.
    """
    from scipy import stats

    known = ~np.isnan(n)
    each = known.sum(axis=0)
    total, length = np.where(known, n, 0.0).sum(axis=0), np.where(known, days, 0.0).sum(axis=0)
    dispersion, df = _dispersion(n, days, known, total, length)
    tail = (1 - confidence) / 2
    wider = (stats.t.ppf(1 - tail, df) / stats.norm.ppf(1 - tail)) ** 2 if df > 0 else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        # A season that never had one is not certain to stay without: half an event stands for it.
        mean = np.where(each > 0, np.maximum(total, 0.5) / length * current_days, np.nan)
        variance = dispersion * wider * mean * (1 + current_days / length)
        r = mean**2 / (variance - mean)
        limits = [stats.nbinom.ppf(q, r, r / (r + mean)) for q in (tail, 1 - tail)]
        expected = np.where(each > 0, total / length * current_days, np.nan)
    return Usual(expected, limits[0], limits[1], each.astype(np.int64), dispersion, df)


def _dispersion(n: Floats, days: Floats, known: npt.NDArray[np.bool_], total: Floats, length: Floats) -> tuple[float, float]:
    """Return the dispersion, at least 1, and Satterthwaite's degrees of freedom."""
    counts = (known.sum(axis=0) > 1) & (total > 0)
    use = known[:, counts]
    if not use.any():
        # Nothing in any year: several years that agree, or a single one.
        return 1.0, float("inf") if (known.sum(axis=0) > 1).any() else 0.0
    due = np.where(use, days[:, counts] * (total / np.maximum(length, 1e-12))[counts], 0.0)
    got = np.where(use, n[:, counts], 0.0)
    there = due.sum(axis=1) > 0
    years, seasons = int(there.sum()), use.sum() / max(int(there.sum()), 1)
    whole = float(((got - due).sum(axis=1)[there] ** 2 / due.sum(axis=1)[there]).sum())
    rest = float(((got - due)[use] ** 2 / due[use]).sum()) - whole
    df_whole = years - 1
    df_rest = int(use.sum()) - int(counts.sum()) - df_whole
    if df_whole < 1:
        return 1.0, 0.0
    part = [whole / df_whole / seasons, max(rest, 0.0) / df_rest * (1 - 1 / seasons) if df_rest > 0 else 0.0]
    phi = sum(part)
    spread = part[0] ** 2 / df_whole + (part[1] ** 2 / df_rest if df_rest > 0 else 0.0)
    return max(phi, 1.0), phi**2 / spread if spread > 0 else float("inf")
