"""How long a chart with a memory runs until it alarms: Markov chains for EWMA and CUSUM."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["NODES", "count_cdf", "cusum_run", "ewma_run", "levels_near", "normal_cdf"]

Floats = npt.NDArray[np.float64]
Cdf = Callable[[Floats], Floats]

# Levels over which a false-alarm rate is averaged where the mean was estimated.
NODES = 5
# Cells between the limits of an EWMA; the simulated run lengths of counts are met within a few percent.
CELLS = 151


def normal_cdf(mean: float, sd: float) -> Cdf:
    """Return the distribution function of normal numbers."""
    from scipy.special import ndtr

    return lambda x: np.asarray(ndtr((x - mean) / sd))


def count_cdf(mean: float, dispersion: float = 1.0) -> Cdf:
    """Return the distribution function of counts: Poisson, or negative binomial with variance `dispersion` times the mean.

    Counts that vary less than Poisson have none of their own: they are taken as normal.
    """
    from scipy.special import gammaincc
    from scipy.stats import nbinom

    if dispersion < 0.999:
        return normal_cdf(mean, float(np.sqrt(dispersion * mean)))
    if dispersion < 1.001:
        return lambda x: np.where(x < 0, 0.0, gammaincc(np.maximum(np.floor(x) + 1, 1), mean))
    size = mean / (dispersion - 1)
    return lambda x: np.asarray(nbinom.cdf(np.floor(x), size, 1 / dispersion))


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    at, weight = np.polynomial.hermite_e.hermegauss(NODES)
    return at, weight / weight.sum()


def levels_near(center: float, se: float, *, least: float = -np.inf) -> tuple[Floats, Floats]:
    """Return levels that the true mean may have, and their weights (Gauss-Hermite); one where the mean is known."""
    if se == 0:
        return np.array([center]), np.array([1.0])
    at, weight = _nodes()
    return np.maximum(center + se * at, least), weight


def _solve(moves: Floats, start: int) -> float:
    """Return the mean number of steps until a chain leaves its transient states."""
    size = len(moves)
    try:
        run = float(np.linalg.solve(np.eye(size) - moves, np.ones(size))[start])
    except np.linalg.LinAlgError:
        return float("inf")
    # Beyond the reach of double precision the solution is noise.
    return run if 1 <= run < 1e12 else float("inf")


def cusum_run(cdf: Cdf, k: float, h: float, *, width: float, down: bool = False, lattice: bool = True) -> float:
    """Return the average run length of a one-sided CUSUM that starts at zero and alarms at `h` or more.

    Parameters
    ----------
    cdf : callable
        Distribution function of the numbers.
    k, h : float
        Reference value and limit, in units of the numbers.
    width : float
        Distance of the states. Where the sums are multiples of it (counts, `k` and `h` too) the answer is exact.
    down : bool
        Whether falls are added up: k - x.
    lattice : bool
        Whether the sums are multiples of `width`. Otherwise the cells are set so that the last one ends at `h` (Brook & Evans 1972).

    Returns
    -------
    float
        Periods until the alarm.
    """
    states = max(1, round(h / width)) if lattice else max(2, int(np.ceil(h / width)))
    step = width if lattice else h / (states - 0.5)
    edges = np.asarray((np.arange(-states, states) + 0.5) * step, dtype=np.float64)
    # P(increment <= edge); the edges lie half a step between the values that a sum of counts can take.
    below = 1 - cdf(k - edges) if down else cdf(k + edges)
    at = np.arange(states)
    apart = at[None, :] - at[:, None]
    upto = below[apart + states]
    moves = np.empty((states, states))
    moves[:, 1:] = upto[:, 1:] - upto[:, :-1]
    moves[:, 0] = upto[:, 0]
    return _solve(moves, 0)


def ewma_run(
    cdf: Cdf, weight: float, center: float, low: float, high: float, *, floored: bool = False, cells: int = CELLS
) -> float:
    """Return the average run length of an EWMA between two limits, which starts at its center.

    Parameters
    ----------
    cdf : callable
        Distribution function of the numbers.
    weight : float
        Of the newest number.
    center, low, high : float
        Where it starts, and the limits.
    floored : bool
        Whether the lower limit is one that no average can fall below: zero, for counts.
    cells : int
        States of the chain (Lucas & Saccucci 1990).

    Returns
    -------
    float
        Periods until the first alarm, with limits that do not change.
    """
    if not high > low:
        return 1.0
    step = (high - low) / cells
    middle = low + (np.arange(cells) + 0.5) * step
    edges = low + np.arange(cells + 1) * step
    upto = cdf((edges[None, :] - (1 - weight) * middle[:, None]) / weight)
    if floored:
        upto[:, 0] = 0.0
    return _solve(np.diff(upto, axis=1), int(np.clip((center - low) // step, 0, cells - 1)))
