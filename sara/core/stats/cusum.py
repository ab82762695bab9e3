"""Cumulative sums of what is above or below a reference value, with limits set from a wished run length."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sara.core.stats.run_length import Cdf, count_cdf, cusum_run, levels_near, normal_cdf

__all__ = ["Arm", "CusumSums", "arm_for", "arm_run", "cusum_sums", "reference"]

Floats = npt.NDArray[np.float64]

# States per standard deviation of a count: beyond it the sums are put into cells.
FINE = 30
# Steps of the reference value per standard deviation at least, and the smallest step.
STEPS, LARGEST_DENOMINATOR = 10, 50
MOST_STATES = 1500


@dataclass(frozen=True, eq=False)
class CusumSums:
    """The sum after each period, whether it is at its limit, and where the stretch began that led there (-1 where there is no alarm)."""

    value: Floats
    alarm: npt.NDArray[np.bool_]
    onset: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the chart: reference value, limit, and average periods between false alarms."""

    k: float
    h: float
    run: float


def reference(mean: float, shifted: float) -> float:
    """Return the reference value between two means of counts (Lucas 1985)."""
    return float((shifted - mean) / (np.log(shifted) - np.log(mean)))


def cusum_sums(
    n: npt.ArrayLike, k: npt.ArrayLike, h: npt.ArrayLike, *, down: bool = False, restart: bool = False
) -> CusumSums:  # fmt: skip
    """Add up what lies above a reference value, never below zero.

    Parameters
    ----------
    n : array of float, shape (series, periods) or (periods,)
        Numbers; NaN where unknown: the sum holds, and nothing is called.
    k, h : float, or array of shape (series,)
        Reference value and limit; a sum of `h` or more is an alarm.
    down : bool
        Whether what lies below is added up.
    restart : bool
        Whether the sum starts at zero again after an alarm.

    Returns
    -------
    CusumSums
        In the shape of `n`.
    """
    values = np.asarray(n, dtype=float)
    rows = np.atleast_2d(values)
    size = len(rows)
    ref = np.broadcast_to(np.asarray(k, dtype=float).reshape(-1), (size,))
    top = np.broadcast_to(np.asarray(h, dtype=float).reshape(-1), (size,))
    out, alarm = np.empty(rows.shape), np.zeros(rows.shape, dtype=bool)
    onset = np.full(rows.shape, -1, dtype=np.int64)
    c, began = np.zeros(size), np.zeros(size, dtype=np.int64)
    for t in range(rows.shape[1]):
        known = ~np.isnan(rows[:, t])
        step = ref - rows[:, t] if down else rows[:, t] - ref
        c = np.where(known, np.maximum(c + step, 0.0), c)
        # Sums of fractions: what is zero or at the limit may miss it by a rounding error.
        c = np.where(c < 1e-9, 0.0, c)
        out[:, t] = c
        alarm[:, t] = known & (c >= top - 1e-9)
        onset[:, t] = np.where(alarm[:, t], began, -1)
        ended = (c == 0) | (alarm[:, t] if restart else False)
        began = np.where(ended, t + 1, began)
        if restart:
            c = np.where(alarm[:, t], 0.0, c)
    shape = values.shape
    return CusumSums(out.reshape(shape), alarm.reshape(shape), onset.reshape(shape))


def _cdfs(mean: float, sd: float, counts: bool, se: float) -> list[tuple[Cdf, float]]:
    levels, share = levels_near(mean, se, least=1e-3 * mean if counts else -np.inf)
    make = (lambda m: count_cdf(m, sd**2 / mean)) if counts else (lambda m: normal_cdf(m, sd))
    return [(make(float(level)), float(part)) for level, part in zip(levels, share, strict=True)]


def _grid(k: float, sd: float, counts: bool) -> tuple[float, bool]:
    """Return the distance of the states, and whether the sums are multiples of it."""
    if not counts or sd > FINE:
        return sd / FINE, False
    near = Fraction(k).limit_denominator(LARGEST_DENOMINATOR)
    exact = abs(float(near) - k) < 1e-9
    # Many states for one count are needed only where k has that many steps.
    return (1 / near.denominator, True) if exact else (min(sd / FINE, 1 / LARGEST_DENOMINATOR), False)


def _run(cdfs: list[tuple[Cdf, float]], k: float, h: float, width: float, *, down: bool, lattice: bool) -> float:
    rate = sum(share / cusum_run(cdf, k, h, width=width, down=down, lattice=lattice) for cdf, share in cdfs)
    return 1 / rate if rate > 0 else float("inf")


def arm_run(k: float, h: float, mean: float, sd: float, *, counts: bool, down: bool = False, se: float = 0.0) -> float:
    """Return the average periods between false alarms of one side.

    Parameters
    ----------
    k, h : float
        Reference value and limit.
    mean, sd : float
        Of a single number where nothing changes.
    counts : bool
        Poisson or negative binomial (True), or normal.
    down : bool
        Whether falls are added up.
    se : float
        Standard error of the mean where it was estimated; the rate is averaged over it.

    Returns
    -------
    float
        Periods.
    """
    width, lattice = _grid(k, sd, counts)
    if lattice:
        # Sums are multiples of the width: a limit between two of them is that above.
        h = float(np.ceil(h / width - 1e-9) * width)
    width = max(width, h / MOST_STATES)
    lattice = lattice and width * MOST_STATES > h
    return _run(_cdfs(mean, sd, counts, se), k, h, width, down=down, lattice=lattice)


@lru_cache(maxsize=512)
def arm_for(
    run: float, mean: float, sd: float, *, shifted: float | None = None, k: float | None = None, counts: bool = True, down: bool = False, se: float = 0.0
) -> Arm:  # fmt: skip
    """Choose the limit of one side so that false alarms are at least `run` periods apart on average.

    Parameters
    ----------
    run : float
        Wished periods between false alarms.
    mean, sd : float
        Of a single number where nothing changes.
    shifted : float, optional
        The mean that is to be found fast; needed where `k` is not given.
    k : float, optional
        Reference value, used as it is.
    counts, down, se
        As in `arm_run`.

    Returns
    -------
    Arm
        The smallest limit that keeps the run, and the run it has: as counts are whole, it is a little longer than wished.
    """
    if k is None:
        assert shifted is not None
        k = reference(mean, shifted)
        if counts and sd <= FINE:
            parts = int(np.clip(np.ceil(STEPS / sd), 1, LARGEST_DENOMINATOR))
            whole = round(k * parts)
            # Rounded, it must stay between the means, and above zero.
            edge = mean * parts
            whole = min(whole, int(np.ceil(edge)) - 1) if down else max(whole, int(np.floor(edge)) + 1)
            k = max(whole, 1) / parts
    width, lattice = _grid(k, sd, counts)
    cdfs = _cdfs(mean, sd, counts, se)

    def at(states: int) -> float:
        return _run(cdfs, k, states * width, width, down=down, lattice=lattice)

    high = 8
    while at(high) < run and high < MOST_STATES:
        high = min(2 * high, MOST_STATES)
    low = 0 if high == 8 else high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle) >= run else (middle, high)
    return Arm(k, high * width, at(high))
