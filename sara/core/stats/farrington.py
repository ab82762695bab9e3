"""Limits for counts from the same season of earlier years: Farrington et al. (1996) and the flexible version of Noufaily et al. (2013)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.stats.quasi_poisson import TOLERANCE, Fit, fit_quasi_poisson

__all__ = [
    "DEFAULTS", "FarringtonLimits", "count_quantile", "count_tail", "delta_limit", "farrington_limits", "first_judged", "layout", "outlier_weights",
    "reference_points",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What the two papers do. `weeks` settings are for weekly series; callers choose others for days and months.
DEFAULTS: dict[str, dict[str, Any]] = {
    "original": {"seasons": 1, "excluded": 0, "weights_threshold": 1.0, "trend_p": 0.05, "threshold": "delta"},
    "flexible": {"seasons": 10, "excluded": 26, "weights_threshold": 2.58, "trend_p": 1.0, "threshold": "nbPlugin"},
}
# A trend needs this many years of history.
LEAST_YEARS = 3
# Numbers per block of work: 8 MB an array.
_BLOCK = 1_000_000


@dataclass(frozen=True, eq=False)
class FarringtonLimits:
    """What was to be expected, one row per series, one column per period judged; NaN where nothing can be said.

    ``upper`` is the largest count still within the usual; ``phi`` the dispersion (at least 1); ``trend_used`` whether a trend was kept, ``slope`` its
    change of the log count per period (NaN without one); ``score`` (n - expected) / (upper - expected); ``p`` the chance of a count at least as
    high; ``variance`` that of the log of the expected count, before a dispersion multiplies it; ``enough`` whether the last periods hold enough events to judge; ``alarm`` enough, and n above upper.
    """

    expected: Floats
    upper: Floats
    phi: Floats
    trend_used: Bools
    slope: Floats
    score: Floats
    p: Floats
    variance: Floats
    enough: Bools
    alarm: Bools = field(repr=False)


@dataclass(frozen=True)
class _Rules:
    years: int
    half_window: int
    alpha: float
    version: str
    seasons: int
    excluded: int
    reweight: bool
    weights_threshold: float
    trend: bool
    trend_p: float
    threshold: str
    power: str
    peer_se: bool
    tolerance: float


def farrington_limits(
    n: npt.ArrayLike, at: npt.ArrayLike, per_year: float = 52, *, years: int = 4, half_window: int = 3, alpha: float = 0.05,
    version: str = "flexible", starts: npt.ArrayLike | None = None, seasons: int | None = None, excluded: int | None = None,
    reweight: bool = True, weights_threshold: float | None = None, trend: bool = True, trend_p: float | None = None,
    threshold: str | None = None, power: str = "2/3", limit54: tuple[float, int] = (5, 4), peer_se: bool = True, tolerance: float = TOLERANCE,
) -> FarringtonLimits:  # fmt: skip
    """Judge counts against what the same season of earlier years makes likely, for many series and periods at once.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Counts; NaN where unknown. Such periods tell nothing and are not judged.
    at : array of int
        Periods to judge, 0-based.
    per_year : float
        Periods in a year, where `starts` is not given: the reference points lie ``round(per_year * i)`` periods back.
    years : int
        Years of history.
    half_window : int
        Periods taken before and after each reference point.
    alpha : float
        Original: two-sided, as published, so that alpha / 2 of the counts lie above. Flexible: one-sided.
    version : {"flexible", "original"}
        Which `DEFAULTS` hold for the next options where they are not given.
    starts : array of datetime64, optional
        First day of each period: the reference points are then found by calendar (`reference_points`).
    seasons : int, optional
        Levels of the season: the window is one, the rest of the year is shared among the others. 1: only the windows are used.
    excluded : int, optional
        Last periods before the one judged that are not used.
    reweight : bool
        Whether earlier counts that stand out above count less.
    weights_threshold : float, optional
        From which standardized Anscombe residual on.
    trend : bool
        Whether a trend may be used at all.
    trend_p : float, optional
        A trend is kept only with a smaller p.
    threshold : {"delta", "nbPlugin", "muan"}, optional
        Normal limit of the power-transformed count; quantile of a negative binomial about the expected number, or about its upper limit.
    power : {"2/3", "1/2", "none"}
        The transformation for "delta".
    limit54 : (float, int)
        Only judged with at least so many events in so many periods, the one judged among them.
    peer_se : bool
        How the flexible version scales the standard error of the expected number ("delta", "muan") and of the trend: True as R's surveillance,
        False by the dispersion.
    tolerance : float
        Each regression stops where the deviance changes by less than this share of itself; the default is R's, whose last digits (1e-5 of phi) depend on it.

    Returns
    -------
    FarringtonLimits
        Each array of shape (series, len(at)).
    """
    counts = np.atleast_2d(np.asarray(n, dtype=float))
    when = np.atleast_1d(np.asarray(at, dtype=np.int64))
    own = DEFAULTS[version]
    rules = _Rules(
        years=years, half_window=half_window, alpha=alpha, version=version, seasons=own["seasons"] if seasons is None else seasons,
        excluded=own["excluded"] if excluded is None else excluded, reweight=reweight, trend=trend, power=power, peer_se=peer_se, tolerance=tolerance,
        weights_threshold=own["weights_threshold"] if weights_threshold is None else weights_threshold,
        trend_p=own["trend_p"] if trend_p is None else trend_p, threshold=own["threshold"] if threshold is None else threshold,
    )  # fmt: skip
    back = reference_points(when, per_year, years=years, starts=starts)
    shape = (len(counts), len(when))
    out = {name: np.full(shape, np.nan) for name in ("expected", "upper", "phi", "slope", "p", "variance")}
    for columns, offsets, group in _layouts(when, back, rules):
        for rows, cols in _blocks(len(counts), columns, len(offsets)):
            index = when[cols][:, None] + offsets
            y = np.where(index >= 0, counts[rows][:, np.maximum(index, 0)], np.nan).reshape(-1, len(offsets))
            now = counts[rows][:, when[cols]].ravel()
            for name, values in _judge(y, now, offsets, group, rules).items():
                out[name][rows, cols] = values.reshape(rows.stop - rows.start, -1)
    now = counts[:, when]
    enough = _recent(counts, when, limit54[1]) >= limit54[0]
    unknown = np.isnan(now)
    for values in out.values():
        values[unknown] = np.nan
    gap = out["upper"] - out["expected"]
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(gap > 0, (now - out["expected"]) / gap, np.nan)
        alarm = enough & (now > out["upper"])
    return FarringtonLimits(
        expected=out["expected"], upper=out["upper"], phi=out["phi"], trend_used=~np.isnan(out["slope"]), slope=out["slope"], score=score,
        p=out["p"], variance=out["variance"], enough=enough, alarm=alarm,
    )  # fmt: skip


def reference_points(at: npt.ArrayLike, per_year: float = 52, *, years: int, starts: npt.ArrayLike | None = None) -> Ints:
    """Find where the periods of earlier years that answer to the ones judged lie.

    Parameters
    ----------
    at : array of int
        Periods to judge, 0-based.
    per_year : float
        Periods in a year; not used with `starts`.
    years : int
        How many years back.
    starts : array of datetime64, optional
        First day of each period. The reference is then the period whose start is closest to the same date of the earlier year (for weeks, the nearest
        Monday to it where weeks begin on Mondays; 29 February becomes 1 March).

    Returns
    -------
    array of int, shape (len(at), years)
        0-based, last year first; below 0 where the series does not reach back so far.
    """
    when = np.atleast_1d(np.asarray(at, dtype=np.int64))
    lags = np.arange(1, years + 1)
    if starts is None:
        return when[:, None] - np.rint(per_year * lags).astype(np.int64)
    # To the second: of the 24 hours of a day, each answers to its own of the earlier year.
    moments = np.asarray(starts, dtype="datetime64[s]")
    first = moments[when]
    month = first.astype("datetime64[M]")
    into = (first - month.astype("datetime64[s]")).astype(np.int64)
    # Adding days to the first of the month turns 29 February into 1 March.
    number = (month[:, None] - 12 * lags).astype("datetime64[s]").astype(np.int64) + into[:, None]
    known = moments.astype(np.int64)
    right = np.clip(np.searchsorted(known, number), 1, len(known) - 1)
    nearer = np.where(number - known[right - 1] <= known[right] - number, right - 1, right)
    # Before the first period there is none; half a period of slack for the nearest.
    step = int(known[1] - known[0]) if len(known) > 1 else 1
    return np.where(number < known[0] - step // 2, -1 - (known[0] - number) // step, nearer)


def first_judged(periods: int, per_year: float = 52, *, years: int, half_window: int, starts: npt.ArrayLike | None = None) -> int:
    """Return the first period with the whole history before it, 0-based; `periods` if there is none."""
    if periods < 2:
        return periods
    every = np.arange(periods)
    whole = reference_points(every, per_year, years=years, starts=starts)[:, -1] - half_window >= 0
    return int(np.argmax(whole)) if whole.any() else periods


def layout(lags: npt.ArrayLike, *, half_window: int, seasons: int, excluded: int) -> tuple[Ints, Ints]:
    """Lay out the baseline of one period.

    Parameters
    ----------
    lags : array of int
        How far back the reference points lie, last year first.
    half_window, seasons, excluded : int
        As in `farrington_limits`.

    Returns
    -------
    offsets : array of int
        The periods used, relative to the one judged (negative), in order of time.
    group : array of int
        Their level of the season; the window is the last level, ``seasons - 1``.
    """
    points = -np.concatenate([[0], np.asarray(lags, dtype=np.int64)])
    w, last = half_window, seasons - 1
    level: dict[int, int] = {}
    if seasons > 1:
        for later, point in pairwise(points):
            between = int(later - point) - 2 * w - 1
            size, rest = divmod(between, last)
            sizes = [size + (j < rest) for j in range(last)]
            level.update(zip(range(int(point) + w + 1, int(later) - w), np.repeat(np.arange(last), sizes).tolist(), strict=True))
    if seasons > 1 or excluded < w:
        level.update(dict.fromkeys(range(-w, 0), last))
    for point in points[1:]:
        level.update(dict.fromkeys(range(int(point) - w, int(point) + w + 1), last))
    kept = sorted(offset for offset in level if offset < -excluded)
    return np.array(kept, dtype=np.int64), np.array([level[offset] for offset in kept], dtype=np.int64)


def _layouts(when: Ints, back: Ints, rules: _Rules) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield periods that share a baseline relative to themselves, so that they can be worked on together."""
    lags, of = np.unique(when[:, None] - back, axis=0, return_inverse=True)
    for k, one in enumerate(lags):
        excluded = rules.half_window if rules.version == "original" else rules.excluded
        offsets, group = layout(one, half_window=rules.half_window, seasons=rules.seasons, excluded=excluded)
        yield np.flatnonzero(of.ravel() == k), offsets, group


def _blocks(series: int, columns: Ints, width: int) -> Iterator[tuple[slice, Ints]]:
    """Cut the work into blocks that fit the cache."""
    most = max(1, _BLOCK // max(width, 1))
    cols = max(1, min(len(columns), most))
    rows = max(1, most // cols)
    for a in range(0, series, rows):
        for b in range(0, len(columns), cols):
            yield slice(a, min(a + rows, series)), columns[b : b + cols]


def _recent(counts: Floats, when: Ints, periods: int) -> Floats:
    known = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(np.nan_to_num(counts), axis=1)], axis=1)
    return known[:, when + 1] - known[:, np.maximum(when + 1 - periods, 0)]


def _judge(y: Floats, now: Floats, offsets: Ints, group: Ints, rules: _Rules) -> dict[str, Floats]:
    """Return the limits for one block: one row of baseline per problem."""
    t, last = offsets.astype(float), rules.seasons - 1
    fit = _fitted(y, t, group, rules, trend=rules.trend)
    if rules.trend:
        drop = ~_keep_trend(fit, y, last, rules)
        if drop.any():
            fit = fit.put(drop, _fitted(y[drop], t, group, rules, trend=False))
    eta, variance = fit.predict(last)
    phi = np.maximum(fit.dispersion, 1.0)
    scale = phi if rules.version == "original" else fit.loose_dispersion if rules.peer_se and rules.reweight else fit.dispersion
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        upper, p = _threshold(now, eta, np.sqrt(scale * variance), phi, rules)
        return {"expected": np.exp(eta), "upper": upper, "phi": phi, "slope": fit.slope, "p": p, "variance": variance}


def _fitted(y: Floats, t: Floats, group: Ints, rules: _Rules, *, trend: bool) -> Fit:
    """Fit, and fit again with counts that stand out weighted down."""
    levels = rules.seasons
    fit = fit_quasi_poisson(y, t, group, levels, trend=trend, tolerance=rules.tolerance)
    if trend and not fit.converged.all():
        lost = ~fit.converged
        fit = fit.put(lost, fit_quasi_poisson(y[lost], t, group, levels, trend=False, tolerance=rules.tolerance))
    if not rules.reweight:
        return fit
    weights = outlier_weights(fit.anscombe(), rules.weights_threshold)
    again = fit_quasi_poisson(
        y, t, group, levels, trend=trend, weights=weights, no_trend=np.isnan(fit.slope), tolerance=rules.tolerance
    )
    return replace(again, converged=fit.converged)


def outlier_weights(residual: Floats, threshold: float) -> Floats:
    """Weigh residuals beyond the threshold by their inverse square; the weights of a row add up to the number known (NaN weighs 0)."""
    known = ~np.isnan(residual)
    high = known & (residual > threshold)
    raw = np.where(high, np.where(high, residual, 1.0) ** -2.0, known.astype(float))
    total = raw.sum(axis=1, keepdims=True)
    return raw * known.sum(axis=1, keepdims=True) / np.where(total > 0, total, 1.0)


def _keep_trend(fit: Fit, y: Floats, last: int, rules: _Rules) -> Bools:
    """Keep a trend that is significant, that three years show, and that leads no higher than the baseline ever was."""
    from scipy.special import stdtr

    if rules.years < LEAST_YEARS:
        return np.zeros(len(y), dtype=bool)
    loose = rules.version == "flexible" and rules.peer_se and rules.reweight
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        t = fit.slope / np.sqrt((fit.loose_dispersion if loose else fit.dispersion) * fit.slope_variance)
        p = 2 * stdtr(fit.df, -np.abs(t))
        ahead = np.exp(fit.predict(last)[0])
        highest = np.where(np.isnan(y), -np.inf, y).max(axis=1, initial=-np.inf)
        return (p < rules.trend_p) & (ahead <= highest) & ~np.isnan(fit.slope)


def _threshold(now: Floats, eta: Floats, se: Floats, phi: Floats, rules: _Rules) -> tuple[Floats, Floats]:
    """Return the largest usual count and the chance of one at least as high."""
    from scipy.special import ndtri

    tail = rules.alpha / 2 if rules.version == "original" else rules.alpha
    z = -float(ndtri(tail))
    if rules.threshold == "delta":
        return delta_limit(now, np.exp(eta), np.exp(eta) * se, phi, z=z, power=rules.power)
    mu = np.exp(eta) if rules.threshold == "nbPlugin" else np.exp(eta + z * se)
    return count_quantile(mu, phi, tail), count_tail(now, mu, phi)


def delta_limit(k: Floats, mu: Floats, se: Floats, phi: Floats, *, z: float, power: str = "2/3") -> tuple[Floats, Floats]:
    """Return the normal limit of counts to a power, and the chance of at least k: variance phi mu, plus that of the expected count, se^2."""
    from scipy.special import ndtr

    to = {"2/3": 2 / 3, "1/2": 1 / 2, "none": 1.0}[power]
    # Delta method: the variance of Y^a is a^2 mu^(2a - 1) tau.
    spread = np.sqrt(to**2 * mu ** (2 * to - 1) * (phi + se**2 / mu))
    return np.maximum(mu**to + z * spread, 0.0) ** (1 / to), ndtr(-(k**to - mu**to) / spread)


def count_quantile(mu: Floats, phi: Floats, tail: float) -> Floats:
    """Return the smallest count with at most `tail` of the chance above it: negative binomial with variance phi mu, Poisson where phi is 1."""
    from scipy.stats import nbinom, poisson

    out = np.full(mu.shape, np.nan)
    good = np.isfinite(mu) & np.isfinite(phi)
    wide = good & (phi > 1)
    size = mu[wide] / (phi[wide] - 1)
    out[wide] = np.where(size > 0, nbinom.ppf(1 - tail, np.maximum(size, 1e-300), 1 / phi[wide]), 0.0)
    out[good & ~wide] = poisson.ppf(1 - tail, mu[good & ~wide])
    return out


def count_tail(k: Floats, mu: Floats, phi: Floats) -> Floats:
    """Return the chance of at least k."""
    from scipy.special import betainc, gammainc

    wide = phi > 1
    size = np.where(wide, mu / np.where(wide, phi - 1, 1.0), 1.0)
    out = np.where(
        wide, betainc(np.maximum(k, 1e-300), size, 1 - 1 / np.where(wide, phi, 2.0)), gammainc(np.maximum(k, 1e-300), mu)
    )
    return np.where(np.isnan(k) | ~np.isfinite(mu) | np.isnan(phi), np.nan, np.where(k <= 0, 1.0, out))
