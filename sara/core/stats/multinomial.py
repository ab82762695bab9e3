"""The exact multinomial test: whether a split over a few bins is more uneven than chance alone would make it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError, NotEnoughDataError

__all__ = ["MOST_STATES", "MultinomialTest", "g_statistic", "multinomial_test", "n_compositions", "n_states", "swing_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# More states than this are not enumerated: about a second, and 300 MB.
MOST_STATES = 2_000_000
# Of a statistic: splits that differ only by the order of the bins are ties, whatever the last digit.
TIE = 1e-9


@dataclass(frozen=True)
class MultinomialTest:
    """G, its p-value, how it was had, and the least p-value that any split of as many events could reach.

    ``n_splits`` is the number of ways to split the events over the bins; ``least_p`` is missing (nan) where the test is not exact.
    """

    statistic: float
    p: float
    method: str
    n_splits: int
    least_p: float


def g_statistic(counts: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Return G = 2 sum o ln(o / e) of each row of counts against the shares expected."""
    from scipy.special import xlogy

    observed, expected = np.asarray(counts, dtype=float), np.asarray(share, dtype=float)
    expected = expected / expected.sum() * observed.sum(axis=-1, keepdims=True)
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=expected > 0)
    # An even split is 0, not a rounding error below it.
    return np.asarray(np.maximum(2 * xlogy(observed, ratio).sum(axis=-1), 0.0))


def n_compositions(n: int, bins: int) -> int:
    """Return the number of ways to split n events over bins: C(n + bins - 1, bins - 1).

    Examples
    --------
    >>> from sara.core.stats.multinomial import n_compositions
    >>> n_compositions(10, 7)
    8008
    """
    return comb(n + bins - 1, bins - 1)


def multinomial_test(
    counts: npt.ArrayLike, share: npt.ArrayLike | None = None, *, method: str = "auto", n_exact: int = 25, n_sims: int = 9_999, seed: int | None = 1
) -> MultinomialTest:  # fmt: skip
    """Test whether events fall on the bins in proportion to `share`, each by itself.

    Parameters
    ----------
    counts : array-like of int
        Events per bin.
    share : array-like of float, optional
        What is expected, in any unit (days of each kind); equal if not given.
    method : {"auto", "exact", "monte-carlo", "chi-square"}
        ``"auto"``: exact up to `n_exact` events where the splits can be enumerated; beyond, chi-square where every bin expects ten events or
        more, else Monte Carlo.
    n_exact : int
        Most events for which ``"auto"`` enumerates.
    n_sims : int
        Draws of ``"monte-carlo"``; p = (1 + draws at least as uneven) / (1 + draws).
    seed : int, optional
        Of the draws.

    Returns
    -------
    MultinomialTest
        The answer.

    Raises
    ------
    NotEnoughDataError
        If there are fewer than two bins, or no event.
    InputError
        If ``"exact"`` is asked where there are more than two million cases.

    Notes
    -----
    The exact p-value is the sum of the multinomial chances of all splits whose G is not below the one observed. Bins of equal share are
    exchangeable, so only their partitions are enumerated: 25 events on seven days of equal share are 860 cases, not 736,281.

    References
    ----------
    Wheeler (2016), Testing serial crime events for randomness in day-of-week patterns with small samples, Journal of Investigative
    Psychology and Offender Profiling 13(2), 148-165. doi:10.1002/jip.1449

    Examples
    --------
    >>> from sara.core.stats.multinomial import multinomial_test
    >>> round(multinomial_test([3, 0, 0, 0, 0, 0, 0]).p, 6)  # 7 / 343
    0.020408
    """
    observed = np.asarray(counts, dtype=np.int64)
    p = np.full(len(observed), 1.0) if share is None else np.asarray(share, dtype=float)
    p = p / p.sum()
    n, bins = int(observed.sum()), len(observed)
    if bins < 2 or n < 1:
        raise NotEnoughDataError(
            f"a multinomial test needs at least 2 bins and 1 event. Got {bins} and {n}. Take a longer period."
        )
    value = float(g_statistic(observed, p))
    if method == "auto":
        enumerable = n <= n_exact and n_states(n, p) <= MOST_STATES
        method = "exact" if enumerable else "chi-square" if n * p.min() >= 10 else "monte-carlo"
    elif method == "exact" and n_states(n, p) > MOST_STATES:
        raise InputError(
            f"`method` must be 'auto', 'monte-carlo' or 'chi-square' for {n:,} events on {bins} bins. Got 'exact', which would go through {n_states(n, p):.2g} cases. Write method='auto'"
        )
    least = float("nan")
    if method == "exact":
        found, chance = _null(n, tuple(p))
        chosen = min(1.0, float(chance[found >= value - TIE * max(1.0, value)].sum()))
        least = min(1.0, float(chance[found >= found.max() - TIE * found.max()].sum()))
    elif method == "chi-square":
        from scipy.special import chdtrc

        chosen = float(chdtrc(bins - 1, value))
    else:
        drawn = np.random.default_rng(seed).multinomial(n, p, size=n_sims)
        chosen = (1 + int((g_statistic(drawn, p) >= value - TIE * max(1.0, value)).sum())) / (1 + n_sims)
    return MultinomialTest(value, chosen, method, n_compositions(n, bins), least)


def swing_of(table: npt.ArrayLike) -> tuple[float, int]:
    """Measure how much more the shares of the bins vary from round to round than those of independent events.

    Parameters
    ----------
    table : array-like of int, shape (rounds, bins)
        Events of whole weeks (years) by bin.

    Returns
    -------
    (float, int)
        Pearson's chi-square of rounds and bins over its degrees of freedom, and these; (nan, 0) where there are fewer than two rounds.

    Notes
    -----
    With it, ``G / (bins - 1) / swing`` is held against the F distribution: a weekday must stand out from what the same weekday does from
    week to week, as in quasi-likelihood. What is 1 by chance alone is about 1 + 1 / sqrt(degrees / 2) at most.

    Examples
    --------
    >>> from sara.core.stats.multinomial import swing_of
    >>> swing_of([[8, 2], [2, 8]])
    (7.2, 1)
    """
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if min(counts.shape, default=0) < 2:
        return float("nan"), 0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(((counts - expected) ** 2 / expected).sum() / degrees), degrees


def n_states(n: int, share: npt.ArrayLike) -> int:
    """Return how many cases the exact test has to go through: combinations of partitions, one of each group of equal shares."""
    ways = np.zeros(n + 1)
    ways[0] = 1.0
    parts = [_n_partitions(n, size) for _, size in _groups(np.asarray(share, dtype=float))]
    for part in parts:
        ways = np.convolve(ways, part)[: n + 1]
    # The partitions of a group are held for all numbers of events, those of all groups together for one.
    return int(min(max(ways[-1], *(part.sum() for part in parts)), 1e15))


def _groups(share: Floats) -> list[tuple[float, int]]:
    """Return the distinct shares and how many bins have each; shares that differ by rounding only are one."""
    of_all = share / share.sum()
    _, first, sizes = np.unique(np.round(of_all, 12), return_index=True, return_counts=True)
    return [(float(of_all[i]), int(size)) for i, size in zip(first, sizes, strict=True)]


def _n_partitions(n: int, parts: int) -> Floats:
    """Return how many ways 0, 1, ... n split into at most `parts` numbers, whatever their order."""
    ways = np.zeros(n + 1)
    ways[0] = 1.0
    for size in range(1, parts + 1):
        for total in range(size, n + 1):
            ways[total] += ways[total - size]
    return ways


@lru_cache(maxsize=4)
def _null(n: int, share: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return G and the chance of every case of n events on bins of these shares."""
    from scipy.special import gammaln

    used, stat, log = np.zeros(1, dtype=np.int64), np.zeros(1), np.full(1, float(gammaln(n + 1)))
    groups = [(value, size) for value, size in _groups(np.asarray(share)) if value > 0]
    for i, (value, size) in enumerate(groups):
        held, part_stat, part_log = _group_cases(n, size, value)
        last = i == len(groups) - 1
        pieces = []
        for total in np.unique(used):
            mine = np.flatnonzero(used == total)
            room = n - total
            theirs = np.flatnonzero(held == room if last else held <= room)
            pieces.append(
                (
                    np.tile(total + held[theirs], len(mine)),
                    (stat[mine][:, None] + part_stat[theirs]).ravel(),
                    (log[mine][:, None] + part_log[theirs]).ravel(),
                )
            )
        used, stat, log = (np.concatenate([piece[k] for piece in pieces]) for k in range(3))
    return stat, np.exp(log)


def _group_cases(n: int, size: int, share: float) -> tuple[Ints, Floats, Floats]:
    """Return, for bins of one share, each partition of 0 ... n events over them: events, part of G, and log of its chance.

    The chance is that of all orders of the partition together, without the factor n!. Bins are filled one after the other, each with no more
    than the one before.
    """
    from scipy.special import gammaln, xlogy

    each = np.arange(n + 1)
    part, chance, alike = (
        2 * xlogy(each, each / (n * share)),
        each * np.log(share) - gammaln(each + 1),
        np.log(np.arange(1, size + 1)),
    )
    held, last, run = np.zeros(1, dtype=np.int64), np.full(1, n, dtype=np.int64), np.zeros(1, dtype=np.int64)
    stat, log = np.zeros(1), np.full(1, float(gammaln(size + 1)))
    for column in range(size):
        top = np.minimum(last, n - held)
        row = np.repeat(np.arange(len(top)), top + 1)
        value = np.arange(len(row)) - np.repeat(np.cumsum(top + 1) - (top + 1), top + 1)
        # Orders of a partition: size! over the factorials of how often each number occurs in it.
        run = np.where((value == last[row]) & (column > 0), run[row] + 1, 1)
        held, last = held[row] + value, value
        stat, log = stat[row] + part[value], log[row] + chance[value] - alike[run - 1]
    return held, stat, log
