"""What the next count may be, when what is usual was itself only counted: chances and limits for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_RECENT", "Predictive", "began", "measured_tail", "predictive", "recent", "silence"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Fewer periods tell neither a mean nor a dispersion.
LEAST_RECENT = 8


@dataclass(frozen=True, eq=False)
class Predictive:
    """Negative binomial for the next count: its mean and variance over mean (above 1)."""

    mean: Floats
    spread: Floats

    def at_least(self, n: npt.ArrayLike) -> Floats:
        """Return the chance of a count of at least `n`; NaN where anything is unknown."""
        from scipy.special import betainc

        k, size = np.asarray(n, dtype=float), self._size()
        known = np.isfinite(k) & np.isfinite(size) & (size > 0)
        out = np.full(np.broadcast(k, size).shape, np.nan)
        k, size, share = np.broadcast_arrays(k, size, 1 - 1 / self.spread)
        out[known] = np.where(k[known] <= 0, 1.0, betainc(np.maximum(k[known], 0.5), size[known], share[known]))
        return out

    def _size(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.mean / (self.spread - 1)

    def middle(self, n: npt.ArrayLike) -> Floats:
        """Return the mid-p: the chance of more than `n` plus half of that of `n` itself."""
        k = np.asarray(n, dtype=float)
        return 0.5 * (self.at_least(k) + self.at_least(k + 1))

    def quantile(self, share: float) -> Floats:
        """Return the smallest count that is not exceeded with at least this chance."""
        from scipy.stats import nbinom

        size = self._size()
        known = np.isfinite(size) & (size > 0)
        out = np.full(size.shape, np.nan)
        out[known] = nbinom.ppf(share, size[known], 1 / self.spread[known])
        return out


def predictive(expected: npt.ArrayLike, variance: npt.ArrayLike, dispersion: npt.ArrayLike) -> Predictive:
    """Return the distribution of the next count of a series.

    Parameters
    ----------
    expected : array of float
        The mean fitted to earlier counts.
    variance : array of float
        Of the logarithm of that mean, before it is multiplied by a dispersion: one over the events it rests on.
    dispersion : array of float
        Variance over mean of single counts; below 1 is taken as 1.

    Returns
    -------
    Predictive
        With the mean ``expected * (1 + dispersion * variance)`` and the variance over mean ``dispersion * (1 + expected * variance)``.

    Notes
    -----
    The earlier S events of m periods are counts too. For Poisson counts the chance of n or more, given n + S in all, is binomial with share
    1 / (m + 1); that is the tail of a negative binomial with size S + 1 and mean (S + 1) / m, which is what this gives for dispersion 1: exact
    at any mean, also where S is 0. A dispersion multiplies what one event weighs.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31, 313-323. doi:10.1093/biomet/31.3-4.313

    Examples
    --------
    >>> from sara.core.stats.predictive import predictive
    >>> float(predictive([2.0], [1 / 8], [1.0]).at_least([6])[0].round(4))
    0.0439
    >>> from scipy.stats import binom
    >>> float(binom.sf(5, 6 + 8, 1 / 5).round(4))
    0.0439
    """
    mu, v = np.asarray(expected, dtype=float), np.asarray(variance, dtype=float)
    phi = np.maximum(np.asarray(dispersion, dtype=float), 1.0)
    with np.errstate(invalid="ignore", over="ignore"):
        return Predictive(mean=mu * (1 + phi * v), spread=phi * (1 + mu * v))


def measured_tail(p: npt.ArrayLike, dispersion: npt.ArrayLike, df: npt.ArrayLike) -> Floats:
    """Return tails for a dispersion that was itself measured: Student's t takes the place of the normal curve, as for a measured variance.

    Parameters
    ----------
    p : array of float
        Tails for a known dispersion.
    dispersion : array of float
        The one measured; at 1 or below the chance of Poisson counts is known, and p stays.
    df : array of float
        Degrees of freedom it was measured with.
    """
    from scipy.special import ndtri, stdtr

    tail, freedom = np.asarray(p, dtype=float), np.maximum(np.asarray(df, dtype=float), 1.0)
    return np.where(np.asarray(dispersion) > 1, stdtr(freedom, ndtri(tail)), tail)


def recent(n: npt.ArrayLike, at: npt.ArrayLike, *, periods: int) -> tuple[Floats, Floats, Floats]:
    """Return expected count, variance of its logarithm and dispersion from the periods just before each one judged.

    Parameters
    ----------
    n : array of float, shape (series, periods)
        Counts; NaN where unknown.
    at : array of int
        Periods to judge, 0-based.
    periods : int
        How many before each; NaN where fewer than 8 (or half of them, if that is less) are known.

    Returns
    -------
    expected, variance, dispersion : arrays of shape (series, len(at))
        ``variance`` is that of a single period where nothing was counted (see `predictive`: mean times variance is one over the periods).
    """
    counts, when = np.atleast_2d(np.asarray(n, dtype=float)), np.atleast_1d(np.asarray(at, dtype=np.int64))
    known = ~np.isnan(counts)
    values = np.where(known, counts, 0.0)

    def summed(x: Floats) -> Floats:
        total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
        return np.asarray(total[:, when] - total[:, np.maximum(when - periods, 0)])

    m, s, squares = summed(known.astype(float)), summed(values), summed(values**2)
    enough = m >= max(2, min(LEAST_RECENT, periods / 2))
    m = np.where(enough, m, np.nan)
    # Nothing counted is taken as a very small mean: its variance then leaves one over the number of periods.
    mean = np.maximum(s / m, 1e-9)
    dispersion = (squares - s * s / m) / (m - 1) / mean
    return mean, 1 / (mean * m), np.maximum(dispersion, 1.0)


def silence(n: npt.ArrayLike, per_year: float) -> tuple[Ints, Floats, Floats]:
    """Return for how many periods each series has been silent, what was to be expected in them, and the chance of that silence.

    Parameters
    ----------
    n : array of float, shape (series, periods)
        Counts in order of time; NaN where unknown.
    per_year : float
        Periods in a year.

    Returns
    -------
    periods, expected, p : arrays of shape (series,)
        ``periods`` known ones without an event at the end; ``expected`` in as many, from the same periods of earlier years (all of the earlier series where
        the silence is longer than a year or there is no earlier year); ``p`` the chance of none, 1 where the last period has events.

    Notes
    -----
    The time since the last event is one number per series, so that its tail is a p-value as it stands. With Y earlier windows and S events in
    them, it is ``(Y / (Y + 1)) ** S`` for Poisson counts; a dispersion, measured on the earlier part, divides S.
    """
    counts = np.atleast_2d(np.asarray(n, dtype=float))
    year = max(1, round(per_year))
    size, length = counts.shape
    periods, expected, p = np.zeros(size, dtype=np.int64), np.full(size, np.nan), np.ones(size)
    for i, row in enumerate(counts):
        there = np.flatnonzero(row > 0)
        if not len(there) or there[-1] == length - 1:
            continue
        begin = int(there[-1]) + 1
        told = ~np.isnan(row[begin:])
        k = int(told.sum())
        if k == 0:
            continue
        past = row[:begin]
        mean = float(np.nanmean(past))
        windows = (
            [past[begin - y * year : length - y * year] for y in range(1, begin // year + 1)] if length - begin <= year else []
        )
        # Only the periods of which the file tells are silent; what is expected is expected in as many.
        windows = [w[told] for w in windows if len(w) == len(told) and not np.isnan(w[told]).any()]
        if windows:
            s, of = float(sum(w.sum() for w in windows)), float(len(windows))
        else:
            s, of = mean * np.count_nonzero(~np.isnan(past)), np.count_nonzero(~np.isnan(past)) / k
        level = _level(past, year)
        phi = max(1.0, float(np.nansum((past - level) ** 2) / max(np.count_nonzero(~np.isnan(past)) - 1, 1) / mean))
        periods[i], expected[i], p[i] = k, s / of, float((of / (of + 1)) ** (s / phi))
    return periods, expected, p


def _level(past: Floats, year: int) -> Floats:
    """Return a slow mean: of about half a year around each period, so that a trend or a season does not pass for dispersion."""
    width = max(3, year // 4)
    known = ~np.isnan(past)
    box = np.ones(min(width, len(past)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.convolve(np.where(known, past, 0.0), box, "same") / np.convolve(known.astype(float), box, "same")


def began(n: npt.ArrayLike, *, chance: float = 1e-6) -> Ints:
    """Return the first period of each series that belongs to it: 0, or where a code begins whose earlier silence chance does not explain.

    Parameters
    ----------
    n : array of float, shape (series, periods)
        Counts; NaN where unknown.
    chance : float
        A silence before the first event that is less likely than this is none of the series.

    Notes
    -----
    N events in T periods, the first after L: ``(1 - L / T) ** (N / dispersion)``, the dispersion measured from the first event on.
    """
    counts = np.atleast_2d(np.asarray(n, dtype=float))
    out = np.zeros(len(counts), dtype=np.int64)
    known = ~np.isnan(counts)
    values = np.where(known, counts, 0.0)
    some = values.sum(axis=1) > 0
    first = np.argmax(values > 0, axis=1)
    for i in np.flatnonzero(some & (first > 0)):
        after, ours = values[i, first[i] :], known[i, first[i] :]
        before, total = int(known[i, : first[i]].sum()), int(known[i].sum())
        m = int(ours.sum())
        mean = after.sum() / m
        phi = max(1.0, float(((after - mean) ** 2)[ours].sum() / max(m - 1, 1) / mean))
        # The log, as hundreds of events make the chance itself 0.
        if before and (after.sum() - 1) / phi * np.log1p(-before / total) < np.log(chance):
            out[i] = first[i]
    return out
