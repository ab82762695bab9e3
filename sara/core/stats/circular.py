"""Directions on a circle: the mean hour, how closely events gather round it, and how many peaks they really have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Circle", "Peak", "circle", "rayleigh_p"]

Floats = npt.NDArray[np.float64]

# Harmonics are kept where chance alone would reach them in 1 of 1,000 cases: z > -ln 0.001.
HARMONIC_Z = float(-np.log(0.001))
# A second peak counts if a valley at least this deep, of the average, lies before it.
PROMINENCE = 0.1
_GRID = 1_440
# Below this number of events the Rayleigh formula is off.
LEAST = 5


@dataclass(frozen=True)
class Peak:
    """Where a smoothed curve is highest, as a share of the cycle, and the events within 1/48 of the cycle of it in multiples of the average."""

    at: float
    height: float


@dataclass(frozen=True)
class Circle:
    """What `circle` found; positions are shares of the cycle, from 0 up to 1.

    Parameters
    ----------
    n : float
        Events, or what weighted ones are worth: (sum w)^2 / sum w^2.
    mean : float
        Mean direction; missing (nan) where the directions cancel out.
    length : float
        Mean resultant length R, from 0 (spread evenly, or cancelling) to 1 (all at one moment).
    low, high : float
        Limits of the mean direction; missing where no direction is told from the others. ``high`` may be above 1: past the end of the cycle.
    z, p : float
        Rayleigh's n R^2 and its p-value; p is missing below five events.
    spread : float
        Circular standard deviation, in cycles.
    peaks : tuple of Peak
        Peaks of the curve that the significant harmonics draw, highest first; none where no harmonic is significant.
    curve : array of float
        That curve at equal steps, in multiples of the average.
    """

    n: float
    mean: float
    length: float
    low: float
    high: float
    z: float
    p: float
    spread: float
    peaks: tuple[Peak, ...]
    curve: Floats


def rayleigh_p(n: npt.ArrayLike, length: npt.ArrayLike) -> Floats:
    """Return Rayleigh's p-value: the chance of a mean resultant as long, where every direction is as likely.

    Parameters
    ----------
    n : array-like of float
        Events; from five on the formula is right to the second digit.
    length : array-like of float
        Mean resultant length, 0 to 1.

    Notes
    -----
    ``exp(sqrt(1 + 4 n + 4 n^2 (1 - R^2)) - (1 + 2 n))``, which at small n is nearer to the truth than ``exp(-n R^2)``.

    References
    ----------
    Wilkie (1983), Rayleigh test for randomness of circular data, Applied Statistics 32(3), 311-312. doi:10.2307/2347954

    Examples
    --------
    >>> from sara.core.stats.circular import rayleigh_p
    >>> round(float(rayleigh_p(10, 0.54)), 3)
    0.05
    """
    size, r = np.asarray(n, dtype=float), np.asarray(length, dtype=float)
    return np.asarray(np.exp(np.sqrt(1 + 4 * size + 4 * size**2 * np.maximum(1 - r**2, 0)) - (1 + 2 * size)))


def circle(
    position: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, rows: npt.ArrayLike | None = None, confidence: float = 0.95, harmonics: int = 6
) -> Circle:  # fmt: skip
    """Measure the mean direction of events on a circle, and whether one direction describes them.

    Parameters
    ----------
    position : array-like of float
        Where in the cycle, as a share: 0.5 is noon of a day.
    weight : array-like of float, optional
        How much each event counts, such as one over how often its part of the cycle came round.
    rows : array-like of int, optional
        How many events each position stands for.
    confidence : float
        Level of the interval.
    harmonics : int
        How fine the curve of the peaks may be: 6 tells peaks a sixth of the cycle apart.

    Returns
    -------
    Circle
        The numbers.

    Notes
    -----
    The interval is Fisher's (1993, 4.4): the mean plus and minus ``arcsin(t sqrt(d / n))`` with the dispersion
    ``d = (1 - m2) / (2 R^2)``, m2 the mean cosine of twice the distance from the mean, and t of Student's distribution. It assumes no shape.

    References
    ----------
    Fisher (1993), Statistical Analysis of Circular Data, Cambridge. doi:10.1017/CBO9780511564345

    Examples
    --------
    >>> from sara.core.stats.circular import circle
    >>> late = circle([23 / 24, 1 / 24])  # 23:00 and 01:00
    >>> round(24 * late.mean % 24, 6), round(late.length, 3)
    (0.0, 0.966)
    """
    at = 2 * np.pi * np.asarray(position, dtype=float)
    each = np.ones(len(at)) if rows is None else np.asarray(rows, dtype=float)
    w = np.ones(len(at)) if weight is None else np.asarray(weight, dtype=float)
    total = float((each * w).sum())
    n = total**2 / float((each * w**2).sum())
    share = each * w / total
    orders = np.arange(1, max(harmonics, 2) + 1)
    moments = np.array([np.sum(share * np.exp(1j * order * at)) for order in orders])
    length = float(min(abs(moments[0]), 1.0))
    known = length > 1e-9
    direction = float(np.angle(moments[0])) if known else float("nan")
    mean = (direction / (2 * np.pi)) % 1.0
    z, p = n * length**2, float(rayleigh_p(n, length)) if n >= LEAST else float("nan")
    low, high = _limits(moments, n, direction, length, confidence) if known and n > 1 else (float("nan"), float("nan"))
    spread = float(np.sqrt(max(0.0, -2 * np.log(length))) / (2 * np.pi)) if known else float("inf")
    kept = [k for k in range(harmonics) if n * abs(moments[k]) ** 2 > HARMONIC_Z]
    angle = 2 * np.pi * np.arange(_GRID) / _GRID
    # Damped as Fejer has it: a sharp peak draws no ripples beside it.
    damp = 1 - np.arange(1, harmonics + 1) / (harmonics + 1)
    curve = 1 + 2 * sum((damp[k] * np.real(np.conj(moments[k]) * np.exp(1j * orders[k] * angle)) for k in kept), np.zeros(_GRID))
    peaks = tuple(Peak(top, _height(at / (2 * np.pi), share, top)) for top in (_peaks(curve) if kept else ()))
    return Circle(n, mean, length, low, high, z, p, spread, peaks, curve)


def _limits(
    moments: npt.NDArray[np.complex128], n: float, direction: float, length: float, confidence: float
) -> tuple[float, float]:
    from scipy.special import stdtrit

    second = float(np.real(moments[1] * np.exp(-2j * direction)))
    dispersion = max(0.0, 1 - second) / (2 * length**2)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * np.sqrt(dispersion / n)
    if not reach < 1:
        return float("nan"), float("nan")
    half, mean = float(np.arcsin(reach)) / (2 * np.pi), (direction / (2 * np.pi)) % 1.0
    low = (mean - half) % 1.0
    return low, low + 2 * half


def _height(position: Floats, share: Floats, top: float) -> float:
    near = np.abs((position - top + 0.5) % 1.0 - 0.5) <= 1 / 48
    return float(share[near].sum() * 24)


def _peaks(curve: Floats) -> tuple[float, ...]:
    """Return the peaks above the average, highest first, that a valley parts from every higher one."""
    rising = curve > np.roll(curve, 1)
    tops = np.flatnonzero(rising & (curve >= np.roll(curve, -1)) & (curve > 1))
    out: list[int] = []
    for top in tops[np.argsort(-curve[tops], kind="stable")]:
        if all(curve[top] - _valley(curve, int(top), other) >= PROMINENCE for other in out):
            out.append(int(top))
    return tuple(top / len(curve) for top in out)


def _valley(curve: Floats, one: int, other: int) -> float:
    """Return the lowest point on the way between two peaks, on the side where it is higher."""
    first, last = min(one, other), max(one, other)
    return float(max(curve[first : last + 1].min(), min(curve[last:].min(), curve[: first + 1].min())))
