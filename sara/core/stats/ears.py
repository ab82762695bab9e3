"""EARS charts C1, C2 and C3: limits for counts from the few periods before, for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LAGS", "METHODS", "EarsLimits", "ears_limits", "false_alarm_rate"]

Floats = npt.NDArray[np.float64]

METHODS = ("C1", "C2", "C3")
# Periods before the one judged that are left out of the baseline; C3 needs the C2 of two periods more.
LAGS = {"C1": 0, "C2": 2, "C3": 4}
# Periods simulated for a rate of false alarms: its standard error is under a tenth of a rate of 1 in 1,000.
_LONG = 200_000


@dataclass(frozen=True, eq=False)
class EarsLimits:
    """Mean of the baseline, upper limit, and whether the count is above it; NaN and False where the baseline is not known whole."""

    expected: Floats
    upper: Floats
    alarm: npt.NDArray[np.bool_]


def ears_limits(
    n: npt.ArrayLike,
    *,
    method: str = "C1",
    baseline: int = 7,
    alpha: float = 0.001,
    min_sd: float = 0.0,
    c3: str = "surveillance",
) -> EarsLimits:
    """Judge each count by the mean and standard deviation of those before it.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Counts; NaN where unknown.
    method : {"C1", "C2", "C3"}
        C1: the baseline ends with the period before. C2: two periods earlier. C3: C2, with the excess of the two periods before added.
    baseline : int
        Periods of the baseline.
    alpha : float
        Nominal share of false alarms.
    min_sd : float
        The standard deviation is taken to be at least this.
    c3 : {"surveillance", "published"}
        The limit of C3 counts from the count judged, as in R's surveillance, so that only the two periods before decide; or from the mean of its
        baseline, as the formula in print.

    Returns
    -------
    EarsLimits
        In the shape of `n`.
    """
    from scipy.special import ndtri

    values = np.asarray(n, dtype=float)
    rows = np.atleast_2d(values)
    z, lag = -float(ndtri(alpha)), 0 if method == "C1" else 2
    mean, sd = np.full(rows.shape, np.nan), np.full(rows.shape, np.nan)
    first = baseline + lag
    if rows.shape[1] > first:
        windows = np.lib.stride_tricks.sliding_window_view(rows, baseline, axis=1)[:, : rows.shape[1] - first]
        mean[:, first:] = windows.mean(axis=2)
        sd[:, first:] = np.maximum(windows.std(axis=2, ddof=1), min_sd)
    upper = mean + z * sd
    if method == "C3":
        excess = np.full(rows.shape, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Above a baseline without any spread, by however little, is infinitely far above it.
            away = np.where(rows == mean, 0.0, (rows - mean) / sd)
        excess[:, 2:] = np.maximum(away[:, 1:-1] - 1, 0) + np.maximum(away[:, :-2] - 1, 0)
        with np.errstate(invalid="ignore"):
            left = np.where(sd == 0, np.where(excess > z, -np.inf, 0.0), sd * (z - excess))
            upper = np.maximum((rows if c3 == "surveillance" else mean) + left, 0.0)
            upper[np.isnan(excess)] = np.nan
    with np.errstate(invalid="ignore"):
        alarm = rows > upper
    shape = values.shape
    return EarsLimits(mean.reshape(shape), upper.reshape(shape), alarm.reshape(shape))


def false_alarm_rate(
    mean: float,
    *,
    method: str,
    baseline: int,
    alpha: float,
    min_sd: float = 0.0,
    dispersion: float = 1.0,
    c3: str = "surveillance",
) -> float:
    """Simulate which share of periods alarms although nothing changes: Poisson counts, or negative binomial with variance `dispersion` x mean."""
    if not mean > 0:
        return 0.0
    rng = np.random.default_rng(20130301)
    level = np.full(_LONG, mean) if dispersion <= 1 else rng.gamma(mean / (dispersion - 1), dispersion - 1, _LONG)
    drawn = ears_limits(rng.poisson(level).astype(float), method=method, baseline=baseline, alpha=alpha, min_sd=min_sd, c3=c3)
    return float(drawn.alarm[baseline + LAGS[method] :].mean())
