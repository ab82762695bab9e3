"""When did the level of a series of counts change? The best partition into stretches of one level each, and how sure each date is.

One series: counts, and an exposure for each (days covered times the share of the season), so that the level is counts over exposure. Counts of a
stretch are Poisson, or negative-binomial with a `size` for one unit of exposure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Dated", "Spread", "change_dates", "false_alarm_penalty", "partition", "segment_cost", "spread_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Counts up to this sum have their x ln x looked up.
LOOKED_UP = 5_000_000
# Lags over which a series remembers; what it shares beyond is taken for the level.
MEMORY, BEYOND = 6, 12
# Of fewer pairs no mean square is taken.
FEWEST = 4
# A memory that fades slower than this can no longer be told from a level that wanders.
LONGEST, LONGEST_UNSURE = 0.9, 0.7
# Of the penalty: by the number of shortest stretches, and by the memory (measured, so less sure), from simulation.
PENALTY_BASE, PENALTY_SLOPE, PENALTY_MEMORY, PENALTY_SHORT = 2.2, 0.7, 2.0, 16.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How much more counts vary than Poisson counts would.

    ``dispersion``: variance over mean of single periods, at least 1. ``inflation``: by how much the variance of a long sum is larger again,
    as neighbors are alike; at least 1. ``correlation``: with the period before.
    """

    dispersion: float
    inflation: float
    correlation: float


def _xlogx(x: Floats) -> Floats:
    return x * np.log(np.where(x > 0, x, 1.0))


def segment_cost(n: npt.ArrayLike, exposure: npt.ArrayLike, *, size: float = np.inf) -> Floats:
    """Return minus the highest log-likelihood of stretches with `n` events on `exposure`, without the part no partition changes.

    Examples
    --------
    >>> from sara.core.stats.change_points import segment_cost
    >>> float(segment_cost(10, 10))
    0.0
    """
    y, e = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    if np.isinf(size):
        return np.asarray(y * np.log(np.where(e > 0, e, 1.0)) - _xlogx(y))
    z = size * e
    return np.asarray(_xlogx(y + z) - _xlogx(y) - _xlogx(z))


def partition(
    n: npt.ArrayLike, exposure: npt.ArrayLike | None = None, *, penalty: float, size: float = np.inf, min_length: int = 1
) -> Ints:
    """Return where new levels begin: the partition with the highest likelihood, less `penalty` for each change.

    Parameters
    ----------
    n : array of float, (periods,)
        Counts without gaps.
    exposure : array of float, optional
        Of each period, above 0; 1 if not given.
    penalty : float
        What a change must add to the log-likelihood.
    size : float
        Of the negative binomial for one unit of exposure: variance = mean * (1 + level / size). Infinite: Poisson.
    min_length : int
        Periods of the shortest stretch.

    Returns
    -------
    array of int
        First period of each stretch but the first one.

    Notes
    -----
    Optimal partitioning, ``F(t) = min over s of F(s) + cost(s, t) + penalty``, exact over all partitions, `min_length` values of t at a time;
    starts that can't be best any more are dropped (PELT).

    References
    ----------
    Jackson et al. (2005), IEEE Signal Processing Letters 12(2), 105-108. doi:10.1109/LSP.2001.838216
    Killick, Fearnhead & Eckley (2012), JASA 107(500), 1590-1598. doi:10.1080/01621459.2012.737745

    Examples
    --------
    >>> from sara.core.stats.change_points import partition
    >>> partition([2, 3, 2, 2, 3, 9, 8, 9, 10, 9], penalty=3).tolist()
    [5]
    """
    y = np.concatenate([[0.0], np.cumsum(np.asarray(n, dtype=float))])
    e = np.arange(len(y), dtype=float)
    if exposure is not None:
        e = np.concatenate([[0.0], np.cumsum(np.asarray(exposure, dtype=float))])
    cost = _costs(y, e, size)
    last = len(y) - 1
    best, before = np.full(last + 1, np.inf), np.zeros(last + 1, dtype=np.int64)
    best[0] = -penalty
    starts = np.zeros(1, dtype=np.int64)
    for a in range(min_length, last + 1, min_length):
        # No stretch is shorter than the block: what a start here needs is known.
        ends = np.arange(a, min(a + min_length, last + 1))
        newest = ends - min_length
        newest = newest[(newest >= min_length) & (newest > starts[-1])]
        starts = np.concatenate([starts, newest])
        whole = best[starts] + cost(starts, ends)
        total = np.where(starts > ends[:, None] - min_length, np.inf, whole) if len(newest) else whole
        pick = np.argmin(total, axis=1)
        before[ends] = starts[pick]
        best[ends] = total[np.arange(len(ends)), pick] + penalty
        # A start that is worse than a new stretch from `a` on stays worse for every end a stretch later.
        old = starts <= a - min_length
        starts = starts[~old | (whole[0] <= best[a])]
    out, at = [], last
    while at > 0:
        at = int(before[at])
        out.append(at)
    return np.array(out[-2::-1], dtype=np.int64)


def _costs(y: Floats, e: Floats, size: float) -> Callable[[Ints, Ints], Floats]:
    """Return the function (starts, ends) -> cost of each stretch, ends down the rows."""
    whole = y[-1] <= LOOKED_UP and bool((y == np.floor(y)).all())
    table = _xlogx(np.arange(int(y[-1]) + 1, dtype=float)) if whole else None
    index = y.astype(np.int64) if whole else None

    def own(starts: Ints, ends: Ints, events: Floats) -> Floats:
        if table is None or index is None:
            return _xlogx(events)
        return np.asarray(table[index[ends][:, None] - index[starts]])

    def poisson(starts: Ints, ends: Ints) -> Floats:
        events, time = y[ends][:, None] - y[starts], e[ends][:, None] - e[starts]
        out = np.log(np.maximum(time, 1e-300))
        out *= events
        out -= own(starts, ends, events)
        return out

    def negative_binomial(starts: Ints, ends: Ints) -> Floats:
        events, time = y[ends][:, None] - y[starts], size * (e[ends][:, None] - e[starts])
        time = np.maximum(time, 1e-300)
        out = np.log(time)
        out *= -time
        time += events
        more = np.log(time)
        more *= time
        out += more
        out -= own(starts, ends, events)
        return out

    return poisson if np.isinf(size) else negative_binomial


def spread_of(residual: npt.ArrayLike, stretch: npt.ArrayLike | None = None) -> Spread:
    """Measure how much more than Poisson counts a series varies, and how alike neighbors are, from differences: a few changes hardly matter.

    Parameters
    ----------
    residual : array of float, (periods,)
        (count - expected) / sqrt(expected); NaN in gaps.
    stretch : array of int, optional
        Which stretch of one level each period is in: only differences inside of one count.

    Returns
    -------
    Spread
        Nothing below what Poisson counts without memory have.

    Notes
    -----
    Half the mean square of differences `k` periods apart is variance less covariance at lag k. What it comes to beyond the memory (lags 7 to 12;
    fewer in short series) is the variance; the shortfall at lags 1 to 3 gives the correlation and how fast it fades, and
    ``inflation = 1 + 2 r / (1 - fade)``. Correlation within 1 / sqrt(periods) of zero counts as none.

    Examples
    --------
    >>> from sara.core.stats.change_points import spread_of
    >>> spread_of([1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1]).inflation
    1.0
    """
    z = np.asarray(residual, dtype=float)
    known = int((~np.isnan(z)).sum())
    lags = min(BEYOND, known // 4)
    if lags < 1:
        return Spread(1.0, 1.0, 0.0)
    part = np.zeros(len(z), dtype=np.int64) if stretch is None else np.asarray(stretch)
    pairs = [np.where(part[k:] == part[:-k], z[k:] - z[:-k], np.nan) for k in range(1, lags + 1)]
    half = np.array([_half_mean_square(apart) for apart in pairs])
    half = half[np.cumsum(np.isnan(half)) == 0]
    lags = len(half)
    if not half.any():
        return Spread(1.0, 1.0, 0.0)
    memory = min(MEMORY, lags // 2)
    variance = float(half[memory:].mean())
    # Memory missed costs false alarms, memory too long only power: half a standard error is added.
    r = (1 - half / variance if variance > 0 else np.zeros(lags)) + 0.5 / np.sqrt(known)
    if lags < 3 or r[0] < 1 / np.sqrt(known):
        return Spread(max(1.0, float(half.mean())), 1.0, float(np.clip(r[0], 0, 1)) if lags >= 3 else 0.0)
    fade = (r[1] + r[2]) / (r[0] + r[1]) if r[1] > 0 else 0.0
    fade = min(max(float(fade), float(r[0])), LONGEST if r[0] > 2 / np.sqrt(known) else LONGEST_UNSURE)
    inflation = 1 + 2 * float(r[0]) / (1 - fade)
    return Spread(max(1.0, variance), max(1.0, inflation), float(r[0]))


def _half_mean_square(apart: Floats) -> float:
    apart = apart[~np.isnan(apart)]
    return float(np.mean(apart**2)) / 2 if len(apart) >= FEWEST else float("nan")


def false_alarm_penalty(periods: int, min_length: int, *, inflation: float = 1.0) -> float:
    """Return what a change must add to the log-likelihood, so that about 1 series of 20 without a change shows any.

    Notes
    -----
    Fitted to simulated series of 60 to 7,300 periods, Poisson and overdispersed, with and without memory, their spread measured on the series
    itself.

    Examples
    --------
    >>> from sara.core.stats.change_points import false_alarm_penalty
    >>> false_alarm_penalty(260, 4) < false_alarm_penalty(1040, 4)
    True
    """
    many = PENALTY_BASE + PENALTY_SLOPE * float(np.log(max(periods / min_length, 2.0)))
    return (many + PENALTY_MEMORY * float(np.log(inflation))) * (1 + PENALTY_SHORT / periods)


@dataclass(frozen=True, eq=False, slots=True)
class Dated:
    """The changes of a partition: first and last start of the new level that the counts allow, and what each change adds to the log-likelihood."""

    first: Ints
    last: Ints
    gain: Floats


def change_dates(
    n: npt.ArrayLike, exposure: npt.ArrayLike, changes: Ints, *, size: float = np.inf, inflation: float = 1.0, min_length: int = 1, confidence: float = 0.95
) -> Dated:  # fmt: skip
    """Return the interval of each date, all others where they are.

    Parameters
    ----------
    n, exposure : array of float, (periods,)
        As in `partition`.
    changes : array of int
        What `partition` returned.
    size, min_length : float, int
        As in `partition`.
    inflation : float
        Of the variance by memory: log-likelihoods are divided by it.
    confidence : float
        Level of the interval.

    Returns
    -------
    Dated
        Arrays of shape (changes,).

    Notes
    -----
    The dates whose log-likelihood is within ``-log(1 - sqrt(confidence))`` of the best one: twice the shortfall at the true date of a change
    that is small beside the noise of one period is the larger of two independent exponential variables, P(< x) = (1 - exp(-x / 2))^2. Wider
    than need be for large changes.

    References
    ----------
    Siegmund (1988), International Statistical Review 56(1), 31-48. doi:10.2307/1403360
    Eo & Morley (2015), Quantitative Economics 6(2), 463-497. doi:10.3982/QE186
    """
    y = np.concatenate([[0.0], np.cumsum(np.asarray(n, dtype=float))])
    e = np.concatenate([[0.0], np.cumsum(np.asarray(exposure, dtype=float))])
    edges = np.concatenate([[0], changes, [len(y) - 1]]).astype(np.int64)
    reach = -np.log1p(-np.sqrt(confidence)) * inflation
    first, last, gain = [], [], []
    for low, at, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        k = np.arange(low + min_length, high - min_length + 1)
        whole = segment_cost(y[high] - y[low], e[high] - e[low], size=size)
        cost = segment_cost(y[k] - y[low], e[k] - e[low], size=size) + segment_cost(y[high] - y[k], e[high] - e[k], size=size)
        here = cost[np.searchsorted(k, at)]
        inside = k[cost <= here + reach]
        first.append(int(inside[0]))
        last.append(int(inside[-1]))
        gain.append(float(whole - here) / inflation)
    return Dated(np.array(first, dtype=np.int64), np.array(last, dtype=np.int64), np.array(gain, dtype=float))
