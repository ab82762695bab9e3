"""Ways to carry a series of counts forward: arrays in, arrays out, each from its own past only.

Every model is two functions: `fit(y)` learns from counts up to a moment, `ahead(state, y, steps)` says what to expect next. Neither sees more than
the counts it is given. Chance makes counts swing with their square root, so the models that fit a curve work on 2 sqrt(n + 3/8), where they swing alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST", "MODELS", "Model", "Season", "model_of", "root", "season_curve", "unroot"]

Floats = npt.NDArray[np.float64]
# A library's fit takes time with length, and what was long ago says little.
LONGEST = 400
# Orders of ARIMA tried; the one with the smallest corrected AIC is used. What drifts without end is left to exponential smoothing.
_ORDERS = ((1, 0, 0), (2, 0, 0), (1, 0, 1))
# A value further than this many robust standard deviations from the curve is pulled in: a riot is no season.
_FAR = 3.0


@dataclass(frozen=True)
class Season:
    """A cycle: periods in one turn (52.18 weeks), the same as a whole number (52), and the waves that draw it."""

    length: float
    whole: int
    waves: int


@dataclass(frozen=True, eq=False)
class Model:
    """A way to forecast; the `rank` orders models from simple to involved."""

    name: str
    rank: int
    fit: Callable[[Floats], Any]
    ahead: Callable[[Any, Floats, int], Floats]
    least: int = 2


def root(n: npt.ArrayLike) -> Floats:
    """Return 2 sqrt(n + 3/8), on which a count has variance about 1 whatever its mean (Anscombe 1948)."""
    return np.asarray(2.0 * np.sqrt(np.asarray(n, dtype=float) + 0.375))


def unroot(z: npt.ArrayLike, variance: float = 0.0) -> Floats:
    """Return the count of a `root`; with the variance of the roots around `z`, the mean of the counts."""
    low = np.maximum(np.asarray(z, dtype=float), 2.0 * np.sqrt(0.375))
    return np.asarray(np.maximum(low**2 / 4.0 - 0.375 + variance / 4.0, 0.0))


def season_curve(z: Floats, seasons: tuple[Season, ...], steps: int) -> tuple[Floats, Floats]:
    """Return the yearly (weekly, daily) curve under a series, for its own periods and the `steps` after it.

    Waves and a bent trend are fitted together by least squares, far values pulled in once; the waves are then shrunk by what noise alone would
    have drawn, down to none (James & Stein).
    """
    n = len(z)
    used = [s for s in seasons if n >= 2 * s.length]
    if not used:
        return np.zeros(n), np.zeros(steps)
    t = np.arange(n + steps, dtype=float)
    waves = np.column_stack([_waves(t, season) for season in used])
    slow = np.vander(t[:n] / n - 0.5, 3)
    design = np.hstack([waves[:n], slow])
    known = ~np.isnan(z)
    values = z[known]
    beta = np.linalg.lstsq(design[known], values, rcond=None)[0]
    off = values - design[known] @ beta
    far = _FAR * 1.4826 * float(np.median(np.abs(off)))
    if far > 0:
        values = values - off + np.clip(off, -far, far)
        beta = np.linalg.lstsq(design[known], values, rcond=None)[0]
        off = values - design[known] @ beta
    k = waves.shape[1]
    free = max(1, len(values) - design.shape[1])
    curve = waves @ beta[:k]
    noise, found = float(off @ off) / free, float(curve[:n][known] @ curve[:n][known])
    kept = max(0.0, 1.0 - k * noise / found) if found > 0 else 0.0
    return kept * curve[:n], kept * curve[n:]


def _waves(t: Floats, season: Season) -> Floats:
    columns = []
    for k in range(1, season.waves + 1):
        angle = 2.0 * np.pi * k * t / season.length
        columns.append(np.cos(angle))
        # Half a turn a period: the sine is zero everywhere.
        if abs(2 * k - season.length) > 1e-9:
            columns.append(np.sin(angle))
    return np.column_stack(columns)


def _filled(z: Floats) -> Floats:
    """Bridge gaps by a straight line: for the methods that know no gap."""
    known = ~np.isnan(z)
    return z if known.all() else np.interp(np.arange(len(z)), np.flatnonzero(known), z[known])


def _nothing(_: Floats) -> None:
    """Learn nothing: what these models say, they read off the past itself."""


def _mean(year: int) -> Model:
    def ahead(_: None, y: Floats, steps: int) -> Floats:
        return np.full(steps, float(np.nanmean(y[-year:] if not np.isnan(y[-year:]).all() else y)))

    return Model("mean", 0, _nothing, ahead)


def _naive(whole: int) -> Model:
    def ahead(_: None, y: Floats, steps: int) -> Floats:
        last = y[-whole:].copy()
        for back in range(2, len(y) // whole + 1):
            holes = np.isnan(last)
            last[holes] = y[-back * whole : len(y) - (back - 1) * whole][holes]
        last[np.isnan(last)] = np.nanmean(y)
        return np.asarray(last[np.arange(steps) % whole])

    return Model("seasonal-naive", 0, _nothing, ahead, least=whole)


def _seasonal_mean(seasons: tuple[Season, ...], year: int) -> Model:
    def ahead(_: None, y: Floats, steps: int) -> Floats:
        z = root(y)
        curve, later = season_curve(z, seasons, steps)
        rest = (z - curve)[-year:]
        rest = rest[~np.isnan(rest)]
        return unroot(rest.mean() + later, float(rest.var()))

    return Model("seasonal-mean", 1, _nothing, ahead)


def _ets(seasons: tuple[Season, ...]) -> Model:
    def fit(y: Floats) -> tuple[dict[str, Any], bool]:
        return _fit_ets(_rest(y, seasons, 0)[0])

    def ahead(state: tuple[dict[str, Any], bool], y: Floats, steps: int) -> Floats:
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        rest, later = _rest(y, seasons, steps)
        chosen = state[0]
        start = {key: chosen[key] for key in ("initial_level", "initial_trend") if key in chosen}
        held = {key: value for key, value in chosen.items() if not key.startswith("initial")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trend = {"trend": "add", "damped_trend": True} if "initial_trend" in chosen else {}
            model = ExponentialSmoothing(rest, initialization_method="known", **start, **trend)
            done = model.fit(optimized=False, **held)
        return unroot(np.asarray(done.forecast(steps)) + later, float(np.mean(np.asarray(done.resid) ** 2)))

    return Model("ets", 2, fit, ahead, least=8)


def _fit_ets(rest: Floats) -> tuple[dict[str, Any], bool]:
    """Fit a level alone and a level with a damped trend; return the one with the smaller AICc, and whether its fit ended well."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    fits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for trend in ({}, {"trend": "add", "damped_trend": True}):
            done = ExponentialSmoothing(rest, initialization_method="estimated", **trend).fit()
            more = ("smoothing_trend", "damping_trend", "initial_trend") if trend else ()
            names = ("smoothing_level", "initial_level", *more)
            fits.append((float(done.aicc), {name: float(done.params[name]) for name in names}, bool(done.mle_retvals.success)))
    _, chosen, well = min(fits, key=lambda one: one[0])
    return chosen, well


def _arima(seasons: tuple[Season, ...]) -> Model:
    def fit(y: Floats) -> tuple[Any, bool]:
        from statsmodels.tsa.arima.model import ARIMA

        rest = _rest(y, seasons, 0, fill=False)[0]
        fits = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for order in _ORDERS:
                try:
                    done = ARIMA(rest, order=order).fit()
                except np.linalg.LinAlgError:
                    continue
                fits.append((float(done.aicc), done))
        if not fits:
            return None, False
        best = min(fits, key=lambda one: one[0])[1]
        return best, bool(best.mle_retvals["converged"])

    def ahead(state: tuple[Any, bool], y: Floats, steps: int) -> Floats:
        rest, later = _rest(y, seasons, steps, fill=False)
        if state[0] is None:
            return unroot(np.nanmean(rest) + later, float(np.nanvar(rest)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = state[0].apply(rest)
            told = known.get_forecast(steps)
            z, variance = np.asarray(told.predicted_mean), np.asarray(told.var_pred_mean)
        return np.array([float(unroot(a + b, v)) for a, b, v in zip(z, later, variance, strict=True)])

    return Model("arima", 3, fit, ahead, least=8)


def _rest(y: Floats, seasons: tuple[Season, ...], steps: int, *, fill: bool = True) -> tuple[Floats, Floats]:
    """Return what a season leaves over, at most the last `LONGEST` periods, and the season of the steps to come."""
    z = root(y)
    curve, later = season_curve(z, seasons, steps)
    rest = (z - curve)[-LONGEST:]
    return (_filled(rest) if fill else rest), later


MODELS = ("mean", "seasonal-naive", "seasonal-mean", "ets", "arima")


def model_of(name: str, seasons: tuple[Season, ...], *, whole: int, year: int) -> Model:
    """Return a model by its name.

    Parameters
    ----------
    name : str
        One of `MODELS`.
    seasons : tuple of Season
        The cycles to draw; none for series too short to know them.
    whole : int
        Periods back to which `seasonal-naive` looks.
    year : int
        Periods over which the means are taken.
    """
    if name == "mean":
        return _mean(year)
    if name == "seasonal-naive":
        return _naive(whole)
    if name == "seasonal-mean":
        return _seasonal_mean(seasons, year)
    return _ets(seasons) if name == "ets" else _arima(seasons)
