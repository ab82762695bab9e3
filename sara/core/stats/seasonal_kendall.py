"""Is there a trend beside the season? Kendall's test and Sen's slope over pairs of the same season, for one series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.change_points import spread_of

__all__ = ["CORRECTIONS", "Trend", "seasonal_kendall"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CORRECTIONS = ("memory", "yue-wang", "hirsch-slack", "none")
# A correlation nearer to 1 can't be told from a random walk.
MOST = 0.95
# Beyond so many pairs each pass over them is felt.
FEW = 2_000_000


@dataclass(frozen=True, slots=True)
class Trend:
    """The test of one series.

    ``s``: rises less falls over the pairs compared; ``variance`` of s where there is no trend, ties allowed for, times ``inflation``; ``z``,
    ``p``: two-sided; ``tau``: s over the number of ``pairs``; ``slope``: median change per unit of time, ``low``, ``high``: its interval;
    ``correlation``: of neighbors, trend and season taken out.
    """

    s: float
    variance: float
    z: float
    p: float
    tau: float
    pairs: int
    slope: float
    low: float
    high: float
    inflation: float
    correlation: float


def seasonal_kendall(
    values: npt.ArrayLike, time: npt.ArrayLike, season: npt.ArrayLike | None = None, *, correction: str | float = "memory", confidence: float = 0.95
) -> Trend:  # fmt: skip
    """Test one series for a trend, each season compared only with itself.

    Parameters
    ----------
    values : array of float, (periods,)
        In order of time, NaN where nothing is known.
    time : array of float, (periods,)
        Of each value; the slope is per unit of it.
    season : array of int, optional
        Season of each value; one for all if not given (Mann-Kendall).
    correction : {"memory", "yue-wang", "hirsch-slack", "none"} or float
        How the variance of s grows where neighbors are alike. ``"memory"``: by how alike they are and how slowly that fades; never less than
        ``"yue-wang"``: by the correlation with the value before, as of a first-order process. ``"hirsch-slack"``: by the covariances of the
        seasons' own tests, for complete years, ten of them at least. A number: by this factor.
    confidence : float
        Level of the interval of the slope.

    Returns
    -------
    Trend
        Fewer than two pairs, or all values equal: z is 0 and p is 1.

    Notes
    -----
    ``S = sum over seasons of sum over pairs of sign(x_j - x_i)``; its variance without memory is the sum of those of the seasons,
    ``(n (n-1)(2n+5) - sum over ties t (t-1)(2t+5)) / 18``. The interval holds the slopes whose ranks lie within z standard errors of S of the
    middle.

    References
    ----------
    Hirsch, Slack & Smith (1982), Water Resources Research 18(1), 107-121. doi:10.1029/WR018i001p00107
    Hirsch & Slack (1984), Water Resources Research 20(6), 727-732. doi:10.1029/WR020i006p00727
    Yue & Wang (2004), Water Resources Management 18, 201-218. doi:10.1023/B:WARM.0000043140.61082.60

    Examples
    --------
    >>> from sara.core.stats.seasonal_kendall import seasonal_kendall
    >>> found = seasonal_kendall([5, 6, 11, 8, 10], [0, 1, 2, 3, 4], correction="none")
    >>> found.s, round(found.variance, 3), round(found.z, 4)
    (6.0, 16.667, 1.2247)
    """
    from scipy.special import ndtr, ndtri

    x, t = np.asarray(values, dtype=float), np.asarray(time, dtype=float)
    group = np.zeros(len(x), dtype=np.int64) if season is None else np.asarray(season, dtype=np.int64)
    known = ~np.isnan(x)
    s, variance, slopes = 0.0, 0.0, []
    for one in np.unique(group[known]):
        inside = known & (group == one)
        rises, own = _pairs(x[inside], t[inside])
        s, variance = s + rises, variance + _variance(x[inside])
        slopes.append(own)
    every = np.concatenate(slopes) if slopes else np.zeros(0)
    if len(every) == 0:
        return Trend(0.0, 0.0, 0.0, 1.0, 0.0, 0, float("nan"), float("nan"), float("nan"), 1.0, 0.0)
    inflation, correlation = _inflation(x, t, group, _slope(x, t, every), variance, correction)
    variance *= inflation
    z = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0.0
    reach = float(ndtri((1 + confidence) / 2)) * np.sqrt(variance)
    m = len(every)
    ranks = [max(int(np.round((m - reach) / 2)) - 1, 0), min(int(np.round((m + reach) / 2)), m - 1)]
    halves = [(m - 1) // 2, m // 2]
    every.partition(sorted({*ranks, *halves}))
    (low, high), slope = every[ranks], float(every[halves].mean())
    return Trend(
        float(s), float(variance), float(z), float(min(1.0, 2 * ndtr(-abs(z)))), float(s / m), m, slope, float(low), float(high), inflation, correlation
    )  # fmt: skip


def _pairs(x: Floats, t: Floats) -> tuple[float, Floats]:
    """Return S and the slopes of all pairs."""
    n = len(x)
    out, s, at = np.empty(n * (n - 1) // 2), 0.0, 0
    for lag in range(1, n):
        apart = x[lag:] - x[:-lag]
        s += float(np.sign(apart).sum())
        out[at : at + n - lag] = apart / (t[lag:] - t[:-lag])
        at += n - lag
    return s, out


def _slope(x: Floats, t: Floats, every: Floats) -> float:
    """Return the slope to take out before memory is measured; of very many pairs, the median of those half a series apart."""
    if len(every) <= FEW:
        return float(np.median(every))
    half = len(x) // 2
    return float(np.nanmedian((x[half:] - x[: len(x) - half]) / (t[half:] - t[: len(x) - half])))


def _variance(x: Floats) -> float:
    n, ties = len(x), np.unique(x, return_counts=True)[1].astype(float)
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _inflation(x: Floats, t: Floats, group: Ints, slope: float, variance: float, correction: str | float) -> tuple[float, float]:
    """Return by how much memory widens the variance of S, and the correlation of neighbors."""
    rest = x - slope * (t - t[0])
    known = ~np.isnan(rest)
    held = np.maximum(np.bincount(group, weights=known), 1)
    rest = rest - (np.bincount(group, weights=np.where(known, rest, 0.0)) / held)[group]
    n, spread = int(known.sum()), float(np.nanmean(rest**2))
    if n < 8 or spread <= 0:
        return 1.0, 0.0
    both = known[1:] & known[:-1]
    r = float((rest[1:][both] * rest[:-1][both]).mean()) / spread if both.any() else 0.0
    # A level and a slope taken out pull the correlation down by about (2 + 4 r) / n.
    r = float(np.clip((n * r + 2) / (n - 4), -1, MOST))
    if correction == "none" or variance <= 0:
        return 1.0, r
    if not isinstance(correction, str):
        return float(correction), r
    if correction == "hirsch-slack":
        return _covariances(x, group) / variance, r
    up = max(r, 0.0)
    first_order = 1 + 2 * (up ** (n + 1) - n * up**2 + (n - 1) * up) / (n * (up - 1) ** 2)
    if correction == "yue-wang":
        return max(1.0, first_order), r
    return max(1.0, first_order, spread_of(rest / np.sqrt(spread)).inflation), r


def _covariances(x: Floats, group: Ints) -> float:
    """Return the variance of S with the covariances of all pairs of seasons."""
    from scipy.stats import rankdata

    seasons = np.unique(group)
    table = np.stack([x[group == one] for one in seasons])
    years = table.shape[1]
    i, j = np.triu_indices(years, k=1)
    signs, ranks = np.sign(table[:, j] - table[:, i]), rankdata(table, axis=1)
    covariance = (signs @ signs.T + 4 * ranks @ ranks.T - years * (years + 1) ** 2) / 3
    own = np.array([_variance(row) for row in table])
    return float(max(covariance.sum() - np.trace(covariance) + own.sum(), 1e-12))
