"""How unevenly events are spread over units: Gini indices, the smallest share of units, and what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "Chance",
    "Concentration",
    "chance_curve",
    "concentration",
    "gini",
    "gini_generalized",
    "gini_unbiased",
    "poisson_table",
    "smallest_number",
    "top_share",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Numbers drawn for the chance curve: enough for a band a reader can trust, under half a second at any size.
_DRAWS = 2_000_000
_MOST_SIMS, _FEWEST_SIMS = 499, 8
_POINTS = 101


@dataclass(frozen=True)
class Concentration:
    """What `concentration` found.

    Parameters
    ----------
    n_units, n_events : int
        Units, those without an event among them, and events.
    gini : float
        Gini index over all units, 0 (even) to 1.
    gini_generalized : float
        The index of Bernasco & Steenbeek (2017): 0 where every event is in a unit of its own.
    gini_unbiased : float
        The generalized index with its small-sample correction; missing (nan) where it can't be had (one event, or one unit).
    k50, k80 : int
        The smallest number of units that hold half, and four fifths, of the events.
    """

    n_units: int
    n_events: float
    gini: float
    gini_generalized: float
    gini_unbiased: float
    k50: int
    k80: int


@dataclass(frozen=True)
class Chance:
    """The curve that chance alone would draw: shares of units, and the share of events in the top ones with its 95 % band."""

    unit_share: Floats
    expected: Floats
    low: Floats
    high: Floats
    k50: float
    n_sims: int


def concentration(counts: npt.ArrayLike, n_units: int | None = None) -> Concentration:
    """Measure how unevenly events are spread over units.

    Parameters
    ----------
    counts : array-like of float
        Events per unit, in any order.
    n_units : int, optional
        Number of units with those that have no event; the length of `counts` if not given.

    Returns
    -------
    Concentration
        The indices and the smallest numbers of units.

    Examples
    --------
    >>> found = concentration([5, 2, 1], n_units=10)
    >>> round(found.gini, 3), round(found.gini_generalized, 3), found.k50
    (0.8, 0.75, 1)
    """
    x = _full(counts, n_units)
    n, c = len(x), float(x.sum())
    plain = gini(x)
    general = _generalize(plain, n, c)
    return Concentration(n, c, plain, general, _unbias(general, n, c), smallest_number(x, 0.5), smallest_number(x, 0.8))


def gini(counts: npt.ArrayLike, n_units: int | None = None) -> float:
    """Return the Gini index of counts over all units.

    Parameters
    ----------
    counts : array-like of float
        Events per unit.
    n_units : int, optional
        Number of units with those that have no event.

    Returns
    -------
    float
        ``2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n`` with the counts in rising order.

    Examples
    --------
    >>> round(gini([3, 1, 1], n_units=10), 3)
    0.78
    """
    x = np.sort(_full(counts, n_units))
    n, total = len(x), float(x.sum())
    if total == 0:
        return float("nan")
    return float(2 * (np.arange(1, n + 1) @ x) / (n * total) - (n + 1) / n)


def gini_generalized(counts: npt.ArrayLike, n_units: int | None = None) -> float:
    """Return the Gini index against the evenest spread that the number of events allows.

    Fewer events than units can't reach all units; the plain index calls that concentration. ``G' = max(1, n / c) * (G - 1) + 1``.

    Examples
    --------
    >>> round(gini_generalized([3, 1, 1], n_units=10), 3)
    0.56
    """
    x = _full(counts, n_units)
    return _generalize(gini(x), len(x), float(x.sum()))


def gini_unbiased(counts: npt.ArrayLike, n_units: int | None = None) -> float:
    """Return the generalized Gini index with the small-sample correction ``m / (m - 1)``, m the smaller of units and events.

    Examples
    --------
    >>> round(gini_unbiased([3, 1, 1], n_units=10), 3)
    0.7
    """
    x = _full(counts, n_units)
    n, c = len(x), float(x.sum())
    return _unbias(_generalize(gini(x), n, c), n, c)


def smallest_number(counts: npt.ArrayLike, share: float) -> int:
    """Return the smallest number of units that together hold at least `share` of the events.

    Examples
    --------
    >>> smallest_number([6, 3, 1], 0.8)
    2
    """
    x = np.sort(np.asarray(counts, dtype=float))[::-1]
    cumulative = np.cumsum(x)
    # A sum of weights may fall short of the share by rounding alone.
    return int(np.searchsorted(cumulative, share * cumulative[-1] * (1 - 1e-12))) + 1


def top_share(counts: npt.ArrayLike, unit_share: npt.ArrayLike) -> Floats:
    """Return the share of the events held by the top shares of units; a part of a unit holds that part of its events.

    Examples
    --------
    >>> top_share([6, 3, 1], [0, 1 / 3, 1]).round(2).tolist()
    [0.0, 0.6, 1.0]
    """
    x = np.sort(np.asarray(counts, dtype=float))[::-1]
    cumulative = np.concatenate([[0.0], np.cumsum(x)])
    return np.asarray(np.interp(np.asarray(unit_share, dtype=float) * len(x), np.arange(len(x) + 1), cumulative) / cumulative[-1])


def chance_curve(n_events: int, n_units: int, *, size: npt.ArrayLike | None = None, seed: int = 1) -> Chance:
    """Return the top-share curve if each event fell on a unit by chance.

    Parameters
    ----------
    n_events, n_units : int
        Events to spread, and units to spread them over.
    size : array-like of float, optional
        One size per unit: chances in proportion to it. All units alike if not given.
    seed : int
        Seed of the draws.

    Returns
    -------
    Chance
        Mean and 95 % band (mean and 1.96 standard deviations of the draws) at 101 shares of units, closer together near zero.

    Notes
    -----
    With few events per unit chance alone is uneven: at one event per two units, four fifths of the events lie in about 29 % of units.

    Examples
    --------
    >>> chance = chance_curve(500, 1000)
    >>> float(np.interp(0.8, chance.expected, chance.unit_share).round(2))
    0.29
    """
    sims = int(np.clip(_DRAWS // max(n_units, 1), _FEWEST_SIMS, _MOST_SIMS))
    p = np.full(n_units, 1 / n_units) if size is None else np.asarray(size, dtype=float) / np.sum(size)
    share = np.linspace(0, 1, _POINTS) ** 2
    rng = np.random.default_rng(seed)
    curves = np.array([top_share(rng.multinomial(n_events, p), share) for _ in range(sims)])
    mean, spread = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    low, high = np.clip(mean - 1.96 * spread, 0, 1), np.clip(mean + 1.96 * spread, 0, 1)
    return Chance(share, mean, low, high, float(np.interp(0.5, mean, share) * n_units), sims)


def poisson_table(counts: npt.ArrayLike, n_units: int | None = None, *, top: int = 15) -> tuple[Ints, Ints, Floats]:
    """Count the units with 0, 1, 2 ... events, beside what a Poisson spread expects.

    Parameters
    ----------
    counts : array-like of int
        Events per unit.
    n_units : int, optional
        Number of units with those that have no event.
    top : int
        The last row stands for this many events or more.

    Returns
    -------
    (array, array, array)
        Number of events, units observed, units expected: ``n * Poisson(k; events / n)``.

    Examples
    --------
    >>> k, units, expected = poisson_table([3, 1, 1], 10, top=3)
    >>> units.tolist(), expected.round(2).tolist()
    ([7, 2, 0, 1], [6.07, 3.03, 0.76, 0.14])
    """
    # scipy.stats takes a second to import; these are its formulas.
    from scipy.special import gammaincc, gammaln, xlogy

    x = _full(counts, n_units)
    k = np.arange(top + 1, dtype=np.int64)
    units = np.bincount(np.minimum(x, top).astype(np.int64), minlength=top + 1)
    mean = float(x.sum()) / len(x)
    expected = len(x) * np.exp(xlogy(k, mean) - mean - gammaln(k + 1))
    expected[-1] = len(x) * (1 - gammaincc(top, mean))
    return k, units.astype(np.int64), expected


def _full(counts: npt.ArrayLike, n_units: int | None) -> Floats:
    x = np.asarray(counts, dtype=float).ravel()
    return x if n_units is None else np.concatenate([x, np.zeros(n_units - len(x))])


def _generalize(plain: float, n: int, c: float) -> float:
    # Rounding must not turn a perfectly even spread into -1e-16.
    return float(max(max(1.0, n / c) * (plain - 1) + 1, 0.0)) if c else float("nan")


def _unbias(general: float, n: int, c: float) -> float:
    m = min(n, c)
    return float(general * m / (m - 1)) if m > 1 else float("nan")
