"""The fullest window: chances that some stretch of time holds as many events as it does, for a window chosen after the fact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fullest_window", "naus", "scan_chance"]

Floats = npt.NDArray[np.float64]

# A count above this is a matrix too large for the exact chance of two periods.
_MOST_STATES = 1_500
_SERIES = 20_000
# Draws held at one time.
_DRAWS = 2_000_000


def naus(n: int, mean: float, windows: float) -> float:
    """Return Naus's chance that a window, wherever it begins, holds at least `n` events of a Poisson process.

    Parameters
    ----------
    n : int
        Events.
    mean : float
        Expected events per window.
    windows : float
        How many times the window fits into the whole; at least 2.

    Returns
    -------
    float
        Between 0 and 1.

    Notes
    -----
    ``1 - Q2 (Q3 / Q2) ** (L - 2)``, L windows in the whole, Q2 and Q3 the exact chances that no window holds n events in two and in three lengths.

    A program in use raises to L - k (k days to a window) and sums the last term of Q3 to n - 2: it has 0.4868140 where this has
    0.4855866 (n = 6, mean 1, L = 260), and 0.0390224 where this has 0.0390231 (n = 6, mean 0.6, L = 208). Simulation agrees with the formula.

    References
    ----------
    Naus (1982), Journal of the American Statistical Association 77, 177-183. doi:10.1080/01621459.1982.10477783
    Wallenstein & Naus (2004), MMWR 53 (Suppl), 74-78.

    Examples
    --------
    >>> from sara.core.stats.naus import naus
    >>> round(naus(6, 0.6, 208), 7), round(naus(6, 1, 260), 7)
    (0.0390231, 0.4855866)
    """
    from scipy.stats import poisson

    if n <= 0:
        return 1.0
    if mean == 0:
        return 0.0
    if n == 1:
        return float(-np.expm1(-mean * windows))
    psi = mean
    k = int(n)

    def p(x: npt.ArrayLike) -> Floats:
        return np.asarray(poisson.pmf(x, psi), dtype=float)

    def f(x: npt.ArrayLike) -> Floats:
        return np.asarray(poisson.cdf(x, psi), dtype=float)

    # What is missing to 1 is kept, so that small chances keep their digits.
    above, q = float(poisson.sf(k - 1, psi)), float(f(k - 1))
    two = float((k - 1) * p(k) * p(k - 2) + (k - 1 - psi) * p(k) * f(k - 3))
    missing2 = above * (1 + q) + two
    a1 = 2 * p(k) * f(k - 1) * ((k - 1) * f(k - 2) - psi * f(k - 3))
    a2 = 0.5 * p(k) ** 2 * ((k - 1) * (k - 2) * f(k - 3) - 2 * (k - 2) * psi * f(k - 4) + psi**2 * f(k - 5))
    r = np.arange(1, k)
    a3 = np.sum(p(2 * k - r) * f(r - 1) ** 2)
    s = np.arange(2, k)
    a4 = np.sum(p(2 * k - s) * p(s) * ((s - 1) * f(s - 2) - psi * f(s - 3)))
    missing3 = above * (1 + q + q * q) + float(a1 - a2 - a3 + a4)
    if missing2 >= 1 or missing3 >= 1:
        return 1.0
    log2, log3 = np.log1p(-missing2), np.log1p(-missing3)
    return float(np.clip(-np.expm1(log2 + (windows - 2) * min(log3 - log2, 0.0)), 0.0, 1.0))


def scan_chance(n: int, window: int, mean: float, periods: int, *, spread: float = 1.0, series: int = _SERIES) -> float:
    """Return the chance that `window` whole periods in a row hold at least `n` events.

    Parameters
    ----------
    n : int
        Events.
    window, periods : int
        Periods in a row, and in all.
    mean : float
        Expected events per period.
    spread : float
        Variance over mean of the counts: 1 for Poisson, above it negative binomial.
    series : int
        Series simulated where there is no exact way: windows of three periods and more, or very high counts.

    Returns
    -------
    float
        Exact for windows of one and two periods; else simulated, at least 1 / (series + 1).

    Examples
    --------
    >>> from sara.core.stats.naus import scan_chance
    >>> round(scan_chance(6, 1, 1.0, 260), 4)
    0.1432
    """
    from scipy.stats import nbinom, poisson

    if n <= 0 or mean <= 0:
        return float(n <= 0)
    chance = poisson(mean) if spread <= 1 else nbinom(mean / (spread - 1), 1 / spread)
    if window == 1:
        return float(-np.expm1(periods * np.log1p(-min(chance.sf(n - 1), 1 - 1e-16))))
    if window == 2 and n <= _MOST_STATES:
        return _two_in_a_row(chance.pmf(np.arange(n)), chance.sf(n - 1), periods)
    rng = np.random.default_rng(19820301)
    reached, at_once = 0, max(1, _DRAWS // periods)
    for begin in range(0, series, at_once):
        shape = (min(at_once, series - begin), periods)
        level = mean if spread <= 1 else rng.gamma(mean / (spread - 1), spread - 1, shape)
        sums = np.cumsum(np.pad(rng.poisson(level, shape), ((0, 0), (1, 0))), axis=1)
        reached += int(((sums[:, window:] - sums[:, :-window]).max(axis=1) >= n).sum())
    return (reached + 1) / (series + 1)


def _two_in_a_row(chances: Floats, beyond: float, periods: int) -> float:
    """Return the chance that a period or two neighbors reach the length of `chances`, by the count of the last period."""
    n = len(chances)
    state, reached = np.array(chances), float(beyond)
    # The next count may be anything that leaves the sum below n.
    for _ in range(periods - 1):
        step = chances * np.cumsum(state)[::-1]
        reached += max(float(state.sum() - step.sum()), 0.0) if n else 0.0
        state = step
    return float(min(max(reached, 0.0), 1.0))


def fullest_window(n: npt.ArrayLike, window: int) -> tuple[Floats, Floats]:
    """Return the largest sum of `window` periods in a row of each series, and where it first begins.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Counts; a window with a gap (NaN) is not looked at.
    window : int
        Periods in a row.

    Returns
    -------
    total, first : arrays of shape (series,)
        NaN where every window has a gap.
    """
    rows = np.atleast_2d(np.asarray(n, dtype=float))
    if rows.shape[1] < window:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    sums = np.lib.stride_tricks.sliding_window_view(rows, window, axis=1).sum(axis=2)
    known = ~np.isnan(sums).all(axis=1)
    first = np.where(np.isnan(sums), -np.inf, sums).argmax(axis=1)
    return np.where(known, sums[np.arange(len(rows)), first], np.nan), np.where(known, first.astype(float), np.nan)
