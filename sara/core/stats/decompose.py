"""A series as trend, season and remainder (STL, by statsmodels), and what of it is more than noise: arrays in, arrays out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Noise", "Parts", "decompose_numbers", "noise_left", "season_p", "strength"]

Floats = npt.NDArray[np.float64]
# Gaps are bridged by what the parts themselves say, found in so many rounds.
ROUNDS = 4
# Draws that measure how much of plain noise the smoothing takes for trend and season, at most, and how many values are enough.
DRAWS, VALUES = 160, 6_000
# Shifts for the test of a season.
SHIFTS = 999
# Rounds of weights where a split is to be quick; each lets far values count for less.
QUICK_ROUNDS = 4
# A last turn of which this much is there counts as one.
NEARLY = 0.9


@dataclass(frozen=True, eq=False)
class Parts:
    """Trend, one row per season, remainder (NaN in a gap), and the weight each period had: 1 full, 0 none."""

    trend: Floats
    seasons: Floats
    remainder: Floats
    weight: Floats


def decompose_numbers(
    y: Floats, cycles: Sequence[int], *, windows: Sequence[int] | None = None, degree: int = 1, robust: bool = True, quick: bool = False,
) -> Parts:  # fmt: skip
    """Split a series by STL (one cycle) or MSTL (several), as statsmodels does.

    Parameters
    ----------
    y : array of float
        The series; NaN where unknown.
    cycles : sequence of int
        Lengths of the cycles in periods, rising.
    windows : sequence of int, optional
        Turns over which the season is smoothed, odd. If not given, those of statsmodels: 7, or 11, 15, ... where there are several.
    degree : {0, 1}
        Of the curve through a season's turns: a level, or a line.
    robust : bool
        Whether far values lose their weight.
    quick : bool
        Whether curves are computed at every tenth of their window and straight between, as R does, with four rounds of weights; statsmodels
        computes them everywhere, with fifteen.

    Returns
    -------
    Parts
        Their sum is `y`, where it is known.
    """
    gaps = np.isnan(y)
    if not gaps.any():
        return _split(y, cycles, windows, degree, robust, quick)
    known = np.flatnonzero(~gaps)
    filled = np.interp(np.arange(len(y)), known, y[known])
    for _ in range(ROUNDS):
        parts = _split(filled, cycles, windows, degree, robust, quick)
        filled = np.where(gaps, parts.trend + parts.seasons.sum(axis=0), y)
    parts = _split(filled, cycles, windows, degree, robust, quick)
    return Parts(parts.trend, parts.seasons, np.where(gaps, np.nan, parts.remainder), parts.weight)


def _split(y: Floats, cycles: Sequence[int], windows: Sequence[int] | None, degree: int, robust: bool, quick: bool) -> Parts:
    from statsmodels.tsa.seasonal import MSTL, STL

    kept: dict[str, Any] = {"robust": robust, "seasonal_deg": degree}
    if quick:
        steps = max(1, round(cycles[-1] / 10))
        kept |= {"trend_jump": steps, "low_pass_jump": steps}
    rounds = {"outer_iter": QUICK_ROUNDS} if quick and robust else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(cycles) == 1:
            done = STL(y, period=cycles[0], seasonal=7 if windows is None else windows[0], **kept).fit(**rounds)
        else:
            done = MSTL(
                y, periods=tuple(cycles), windows=None if windows is None else tuple(windows), stl_kwargs=kept | rounds
            ).fit()
    seasons = np.asarray(done.seasonal, dtype=float).reshape(len(y), -1).T
    return Parts(*(np.asarray(part, dtype=float) for part in (done.trend, seasons, done.resid, done.weights)))


def strength(part: Floats, remainder: Floats) -> float:
    """Return how much of what varies is the part: max(0, 1 - Var(R) / Var(part + R)), 0 to 1 (Wang, Smith & Hyndman 2006)."""
    whole = float(np.nanvar(part + remainder))
    return max(0.0, 1.0 - float(np.nanvar(remainder)) / whole) if whole > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Noise:
    """What a decomposition leaves of plain noise with a standard deviation of 1.

    `kept` is the standard deviation it leaves when no weights are used; `far` the distance beyond which it leaves one period in 370.
    """

    kept: float
    far: float


def noise_left(n: int, plain: Callable[[Floats], Parts], used: Callable[[Floats], Parts]) -> Noise:
    """Measure on draws of normal noise what a decomposition leaves of it; the longer the series, the fewer are needed.

    A season with a value for each of 52 weeks follows noise too, so that less is left than was there; and robust weights let most points lie
    close and a few far away, so that only what is left without weights (`plain`) tells how wide the noise was.
    """
    draws = np.random.default_rng(52).normal(size=(int(np.clip(VALUES // n, 1, DRAWS)), n))
    square = float(np.mean([plain(noise).remainder ** 2 for noise in draws]))
    left = np.abs([used(noise).remainder for noise in draws])
    return Noise(float(np.sqrt(square)), max(2.0, float(np.quantile(left, 1.0 - 1.0 / 370.0))))


def season_p(y: Floats, cycle: int, *, shifts: int = SHIFTS) -> float:
    """Return how often the turns of a series would be as much alike if each began at a moment of its own.

    Parameters
    ----------
    y : array of float
        The series without its trend, and without other seasons; NaN where unknown.
    cycle : int
        Periods in a turn.
    shifts : int
        Random shifts.

    Returns
    -------
    float
        The p-value; NaN with fewer than two turns.

    Notes
    -----
    Every turn is shifted in a circle by a random number of periods: what is alike in neighboring periods stays, what comes back at the same place is
    lost. The statistic is the variance of the mean turn, smoothed over a twelfth of the cycle.
    """
    turns = int(len(y) / cycle + 1.0 - NEARLY)
    if turns < 2:
        return float("nan")
    missing = max(0, turns * cycle - len(y))
    rows = np.concatenate([np.full(missing, np.nan), y])[-turns * cycle :].reshape(turns, cycle)
    rows = np.where(np.isnan(rows), np.nanmean(rows), rows)
    near = max(1, round(cycle / 12))
    # A circular mean over `near` neighbors and the shifts themselves are products in the frequencies.
    waves = np.fft.rfft(rows, axis=1)
    kernel = np.zeros(cycle)
    kernel[:near] = 1.0 / near
    waves = waves * np.fft.rfft(kernel)
    frequency = np.arange(waves.shape[1])
    weight = np.where((frequency == 0) | (2 * frequency == cycle), 1.0, 2.0)
    weight[0] = 0.0

    def alike(turned: npt.NDArray[np.complex128]) -> float:
        return float((weight * np.abs(turned.sum(axis=0)) ** 2).sum())

    found = alike(waves)
    rng = np.random.default_rng(7)
    by = rng.integers(0, cycle, size=(shifts, turns))
    drawn = np.array([alike(waves * np.exp(-2j * np.pi * np.outer(one, frequency) / cycle)) for one in by])
    return float((1 + (drawn >= found * (1 - 1e-9)).sum()) / (1 + shifts))
