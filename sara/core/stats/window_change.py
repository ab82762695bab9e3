"""A count now against counts before: many rows at once, with the ups and downs that their own history shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sara.core.stats.two_counts import compare_counts

__all__ = ["RateChange", "Swing", "rate_change", "square_root_z", "step_swing", "year_swing"]

Floats = npt.NDArray[np.float64]

# Counts of which the smallest would be expected to hold less than this say nothing about how much they swing.
_LEAST_TOTAL = 5.0
# Correlation of windows next to each other beyond this can't be told from a lasting change of level.
_MOST_LAG = 0.8


@dataclass(frozen=True, eq=False)
class Swing:
    """By how much the variance of counts is more than that of chance alone (at least 1), and the degrees of freedom it was measured with.

    ``lag1`` is the correlation of windows next to each other, at least 0; ``df`` is 0 where nothing could be measured, and ``phi`` then 1.
    """

    phi: Floats
    df: Floats
    lag1: Floats


@dataclass(frozen=True, eq=False)
class RateChange:
    """Rate now over the rate before, with its interval, a z and a p-value; NaN where both counts are 0.

    ``too_few``: not even all events on one side would have been more than chance.
    """

    ratio: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats
    too_few: npt.NDArray[np.bool_]


def square_root_z(
    now: npt.ArrayLike, before: npt.ArrayLike, *, share: npt.ArrayLike | None = None, phi: npt.ArrayLike = 1.0
) -> Floats:
    """Return how many standard deviations apart two counts are, on the square-root scale where the variance of chance is 1/4.

    Parameters
    ----------
    now : array-like of float
        Counts.
    before : array-like of float
        What is compared with, for as long a time as `now`.
    share : array-like of float, optional
        Time of `now` over the time of which `before` is the mean: 1 for one window as long, 1/3 for the mean of three. If not given, `before`
        counts as known without error, as the textbook has it.
    phi : array-like of float
        Variance over that of chance.

    Returns
    -------
    array of float
        ``2 (sqrt(now) - sqrt(before)) / sqrt(phi (1 + share))``; without `share`, ``2 (sqrt(now) - sqrt(before))``.

    Notes
    -----
    Taking one year's count as known makes the difference of two counts look 1.41 times as many standard deviations large as it is: "more than
    3" then comes up in 3.5 % of comparisons by chance, not in 0.27 %.

    References
    ----------
    Wheeler (2016), International Journal of Police Science & Management 18(3), 159-172. doi:10.1177/1461355716642781

    Examples
    --------
    >>> square_root_z(9, 4).tolist(), square_root_z(9, 4, share=1).round(3).tolist()
    (2.0, 1.414)
    """
    distance = 2 * (np.sqrt(np.asarray(now, dtype=float)) - np.sqrt(np.asarray(before, dtype=float)))
    known = np.asarray(0.0 if share is None else share, dtype=float)
    return np.asarray(distance / np.sqrt(np.asarray(phi, dtype=float) * (1 + known)))


def rate_change(
    now: npt.ArrayLike,
    before: npt.ArrayLike,
    *,
    exposure: tuple[npt.ArrayLike, npt.ArrayLike] = (1.0, 1.0),
    phi: npt.ArrayLike = 1.0,
    df: npt.ArrayLike = np.inf,
    confidence: float = 0.95,
) -> RateChange:
    """Test whether rates are the same now as before, row by row, where counts may swing more than chance alone makes them.

    Parameters
    ----------
    now, before : array-like of float
        Counts of each row; `before` may be the sum of several windows.
    exposure : (array-like, array-like)
        Days (or another measure) of `now` and of `before`.
    phi : array-like of float
        Variance of the counts over that of chance.
    df : array-like of float
        Degrees of freedom with which `phi` was measured; infinite where it is known.
    confidence : float
        Level of the intervals.

    Returns
    -------
    RateChange
        One number per row.

    Notes
    -----
    With phi = 1, the E-test of Krishnamoorthy & Thomson with the score statistic, which their own equals where both exposures are the same, and
    the score interval of the ratio. With their statistic, one day against twelve would hardly ever be called a rise: few events on the smaller side
    are taken for little variance. Otherwise both are those of the counts divided by phi, which carry as much information as the counts do (effective counts); as phi is itself an estimate, the tail is that of Student's t.
    """
    from scipy.stats import norm, t

    n, base = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (now, before))
    n, base, days, days_base, spread, freedom = np.broadcast_arrays(n, base, *exposure, phi, df)
    free = np.where(spread > 1, freedom, np.inf).astype(float)
    out = np.full((4, len(n)), np.nan)
    too_few = np.zeros(len(n), dtype=bool)
    half = t.isf((1 - confidence) / 2, free)
    for k in range(len(n)):
        total = n[k] + base[k]
        if total == 0 or not np.isfinite(total):
            too_few[k] = True
            continue
        level = 1 - 2 * float(norm.sf(half[k]))
        pair = _pair(base[k] / spread[k], n[k] / spread[k], days_base[k] / days[k], min(level, 1 - 1e-12))
        out[:, k] = pair
        if pair[3] > 1 - confidence:
            sides = (
                _pair(total / spread[k], 0.0, days_base[k] / days[k], 0.95)[3],
                _pair(0.0, total / spread[k], days_base[k] / days[k], 0.95)[3],
            )
            too_few[k] = min(_widened(np.array(sides), free[k])) > 1 - confidence
    share = days / days_base
    return RateChange(
        ratio=out[0], low=out[1], high=out[2], z=square_root_z(n, base * share, share=share, phi=spread), p=_widened(out[3], free),
        too_few=too_few,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _pair(before: float, now: float, share: float, confidence: float) -> tuple[float, float, float, float]:
    found = compare_counts(before, now, exposure=(share, 1.0), method="e-test-score", confidence=confidence)
    return found.ratio, found.low, found.high, found.p


def _widened(p: Floats, df: npt.ArrayLike) -> Floats:
    """Return the p-values with the tail of Student's t in place of the normal one."""
    from scipy.stats import norm, t

    return np.asarray(np.where(np.isinf(df), p, 2 * t.sf(norm.isf(np.asarray(p) / 2), np.minimum(df, 1e9))))


def year_swing(counts: npt.ArrayLike, *, parts: float = 1.0) -> Swing:
    """Measure how much windows swing around the season and the level of their year.

    Parameters
    ----------
    counts : array-like, (rows, years, windows)
        Counts of the same windows of several years; windows with NaN in any year of a row are left out of all.
    parts : float
        How many such windows the one compared is long: a longer one swings more where neighbors swing together.

    Returns
    -------
    Swing
        Pearson's chi-square around (level of the year) x (share of the window), over (years - 1)(windows - 1). What comes back every year is
        no swing, nor is a year that is higher in all.

    References
    ----------
    Marriott & Pope (1954), Bias in the estimation of autocorrelations, Biometrika 41, 390-402. doi:10.1093/biomet/41.3-4.390
    """
    x = np.asarray(counts, dtype=float)
    x = x[:, :, ~np.isnan(x).any(axis=(0, 1))]
    rows, years, windows = x.shape
    if years < 2 or windows < 3:
        return Swing(np.ones(rows), np.zeros(rows), np.zeros(rows))
    total = x.sum(axis=(1, 2))
    # A year or a window without one event says nothing, and takes no degree of freedom.
    df = (np.maximum((x.sum(axis=2) > 0).sum(axis=1) - 1, 0) * np.maximum((x.sum(axis=1) > 0).sum(axis=1) - 1, 0)).astype(float)
    expected = x.sum(axis=2)[:, :, None] * x.sum(axis=1)[:, None, :] / np.maximum(total, 1.0)[:, None, None]
    residual = np.where(expected > 0, (x - expected) / np.sqrt(np.maximum(expected, 1e-12)), 0.0)
    square = (residual**2).sum(axis=(1, 2))
    known = (df > 0) & (total >= _LEAST_TOTAL)
    phi = np.where(known, square / np.maximum(df, 1), 1.0)
    lag = np.where(
        square > 0, (residual[:, :, 1:] * residual[:, :, :-1]).sum(axis=(1, 2)) / np.where(square > 0, square, 1.0), 0.0
    )
    # Residuals of a fitted level are pulled apart by about (1 + 4 lag) / windows (Kendall 1954, Marriott & Pope 1954); put that back.
    lag = np.clip((lag + 1 / windows) / max(1 - 4 / windows, 0.2), 0.0, _MOST_LAG)
    # A correlation that chance alone would show is none.
    lag = np.where(known & (lag > 1 / np.sqrt(np.maximum(df, 1))), lag, 0.0)
    # Where windows swing together, a year's fitted level takes more of the swing with it than one degree of freedom.
    level = np.minimum(_longer(np.ones(rows), lag, windows) / windows, 0.7)
    phi = phi * (1 - 1 / windows) / (1 - level)
    return Swing(np.maximum(_longer(phi, lag, parts), 1.0), np.where(known, df, 0.0), lag)


def _longer(phi: Floats, lag: Floats, parts: float) -> Floats:
    """Return the swing of `parts` windows together, each correlated with the next by `lag`, with the one after by its square ..."""
    if parts <= 1:
        return phi
    tail = (1 - lag**parts) / (1 - lag)
    return np.asarray(phi * (1 + 2 * lag / (1 - lag) * (1 - tail / parts)))


def step_swing(counts: npt.ArrayLike, *, lag: int = 1) -> Swing:
    """Measure how much counts usually change from one window to the next.

    Parameters
    ----------
    counts : array-like, (rows, windows)
        Counts in order of time; NaN where nothing is known.
    lag : int
        How many windows a step is long: 7 for days against the same weekday.

    Returns
    -------
    Swing
        Sum of the squared steps over the sum of what chance would make them. Steps of the season are in it: they are usual.
    """
    x = np.asarray(counts, dtype=float)
    if x.shape[1] < 2 + lag:
        return Swing(np.ones(len(x)), np.zeros(len(x)), np.zeros(len(x)))
    step, both = x[:, lag:] - x[:, :-lag], x[:, lag:] + x[:, :-lag]
    known = ~np.isnan(step)
    chance = np.where(known, both, 0.0).sum(axis=1)
    enough = (chance >= 2 * _LEAST_TOTAL) & (known.sum(axis=1) >= 2)
    phi = np.where(enough, np.where(known, step**2, 0.0).sum(axis=1) / np.maximum(chance, 1.0), 1.0)
    # Steps share a window with the next one: n of them tell as much as 2/3 n apart from each other.
    df = np.maximum(1.0, known.sum(axis=1) * 2 / 3)
    return Swing(np.maximum(phi, 1.0), np.where(enough, df, 0.0), np.zeros(len(x)))
