"""Exponentially weighted moving averages and their limits, for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.run_length import count_cdf, ewma_run, levels_near, normal_cdf

__all__ = ["EwmaLimits", "ewma_false_alarms", "ewma_limits"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EwmaLimits:
    """The average after each period, its limits, and whether it is outside of them."""

    ewma: Floats
    low: Floats
    high: Floats
    alarm: npt.NDArray[np.bool_]


def ewma_limits(
    n: npt.ArrayLike, center: npt.ArrayLike, sd: npt.ArrayLike, *, weight: float = 0.3, limit: float = 3.0, exact: bool = False, floor: float = -np.inf
) -> EwmaLimits:  # fmt: skip
    """Average each number with those before it and compare with limits about a center.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Numbers; NaN where unknown: the average holds, and nothing is called.
    center, sd : float, or array of shape (series,)
        Mean and standard deviation of a single number where nothing changes.
    weight : float
        Of the newest number.
    limit : float
        Distance of the limits, in standard deviations of the average.
    exact : bool
        Whether the first limits are as narrow as the first averages deserve.
    floor : float
        The lower limit is never below; 0 for counts.

    Returns
    -------
    EwmaLimits
        In the shape of `n`.
    """
    values = np.asarray(n, dtype=float)
    rows = np.atleast_2d(values)
    middle = np.broadcast_to(np.asarray(center, dtype=float).reshape(-1, 1), (len(rows), 1))
    spread = np.broadcast_to(np.asarray(sd, dtype=float).reshape(-1, 1), (len(rows), 1))
    known = ~np.isnan(rows)
    out = np.empty(rows.shape)
    z = middle[:, 0].copy()
    for t in range(rows.shape[1]):
        z = np.where(known[:, t], weight * rows[:, t] + (1 - weight) * z, z)
        out[:, t] = z
    share = np.full(rows.shape, weight / (2 - weight))
    if exact:
        share = share * (1 - (1 - weight) ** (2.0 * np.maximum(known.cumsum(axis=1), 1)))
    half = limit * spread * np.sqrt(share)
    low, high = np.maximum(middle - half, floor), middle + half
    alarm = known & ((out > high) | (out < low))
    shape = values.shape
    return EwmaLimits(out.reshape(shape), low.reshape(shape), high.reshape(shape), alarm.reshape(shape))


def ewma_false_alarms(center: float, sd: float, *, weight: float, limit: float, counts: bool, se: float = 0.0) -> float:
    """Return the average number of periods between false alarms.

    Parameters
    ----------
    center, sd : float
        Of a single number.
    weight, limit : float
        As in `ewma_limits`.
    counts : bool
        Whether the numbers are counts (Poisson or negative binomial), or normal.
    se : float
        Standard error of `center` where it was estimated: the rate is averaged over the levels that the true mean may have.

    Returns
    -------
    float
        One over the rate of false alarms, each run counted from the center and limits that do not change.
    """
    half = limit * sd * np.sqrt(weight / (2 - weight))
    low = max(center - half, 0.0) if counts else center - half
    levels, share = levels_near(center, se, least=1e-3 * center if counts else -np.inf)
    dispersion = sd**2 / center if counts else 1.0
    rate = 0.0
    for level, part in zip(levels, share, strict=True):
        cdf = count_cdf(float(level), dispersion) if counts else normal_cdf(float(level), sd)
        rate += part / ewma_run(cdf, weight, center, low, center + half, floored=counts and low == 0)
    return 1 / rate if rate > 0 else float("inf")
