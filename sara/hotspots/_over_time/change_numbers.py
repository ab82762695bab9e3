"""Two counts per place, for thousands of places at once: more than chance, and more than places here usually change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Change", "Wobble", "change_numbers", "share_chi_square_p", "usual_share", "wobble"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Beyond this total the normal curve is right to four digits, and a table of every split would only take time.
EXACT = 20_000
# Places with less than this in both windows together say little about how much places change.
LEAST_TOTAL, LEAST_PLACES = 2, 10
# Squares beyond this many times the usual are no usual change and are left out (1 in 1,000 by chance); the mean of those that stay is this share of 1.
CUT, KEPT = 10.83, 0.9882
# Places larger than 98 in 100 weigh no more on the slope than these: one of them alone should not make it.
LARGE = 0.98
# A place may need this much more than the level asked for to be called at all; with fewer events, it is not tested.
ROOM = 5.0


@dataclass(frozen=True)
class Wobble:
    """How much more places change than chance makes them: the variance of a split of m events is that of coins times ``base + slope (m - 1)``.

    ``pairs``: how many earlier pairs of windows told; 0 if only the windows compared did, -1 if there were too few places to tell.
    """

    base: float
    slope: float
    pairs: int

    def factor(self, total: npt.ArrayLike) -> Floats:
        """Return by how much the variance is more than that of coins, at these totals."""
        m = np.asarray(total, dtype=float)
        # More than all events on one side can't be: the factor is at most m.
        return np.minimum(self.base + self.slope * np.maximum(m - 1, 0), np.maximum(m, 1.0))


@dataclass(frozen=True, eq=False)
class Change:
    """Of each place: ratio of rates (after / before) with its interval, and p-values of the plain change and of its share of all events.

    NaN where there are too few events to be tested.
    """

    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    share_ratio: Floats
    p_share: Floats
    too_few: Bools


def wobble(pairs: Sequence[tuple[Ints, Ints]], *, own: tuple[Ints, Ints] | None = None) -> Wobble:
    """Measure how much places' shares change between two windows, beyond what chance makes of their counts.

    Parameters
    ----------
    pairs : sequence of (earlier, later)
        Counts by place in earlier windows next to each other, of the length compared.
    own : (before, after), optional
        The windows compared: used where there are no earlier ones.

    Notes
    -----
    For m events at a place, k of them in the later window, and q the share that is usual there: ``(k - m q)^2 / (m q (1 - q))`` has mean 1 where places only
    fluctuate. Its line against m - 1, weighted, gives base (at least 1) and slope (at least 0): a place that drifts by some share of its level
    varies the more, the more events it has. Usual is what most places do: squares beyond 10.83 times the line are left out of it and of q, starting from the line
    of chance, so that one new address with hundreds of events moves neither; the mean of what stays is corrected for the cut.
    """
    given = [(np.asarray(a, dtype=float), np.asarray(b, dtype=float)) for a, b in (pairs or ([] if own is None else [own]))]
    held = [(a + b, b) for a, b in given if a.sum() and b.sum()]
    if sum(int((m >= LEAST_TOTAL).sum()) for m, _ in held) < LEAST_PLACES:
        return Wobble(1.0, 0.0, -1)
    spread = Wobble(1.0, 0.0, len(pairs))
    for _ in range(60):
        parts = [_squares(m, k, spread) for m, k in held]
        m, square = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        factor = spread.base + spread.slope * (m - 1)
        keep = square <= CUT * factor
        base, slope = _line(m[keep] - 1, square[keep] / KEPT, factor[keep])
        done = abs(base - spread.base) < 1e-6 and abs(slope - spread.slope) < 1e-7
        spread = Wobble(base, slope, len(pairs))
        if done:
            break
    return spread


def usual_share(total: Floats, later: Floats, spread: Wobble) -> float:
    """Return the share of events in the later window at most places: those far from it, for the usual change, do not count.

    Examples
    --------
    >>> usual_share(np.array([20.0] * 9 + [400]), np.array([10.0] * 9 + [390]), Wobble(1.0, 0.0, 0))
    0.5
    """
    some = total > 0
    m, k = total[some], later[some]
    order = np.argsort(k / m, kind="stable")
    # The middle place by events; one that holds half of all counts no more than the others.
    weight = np.cumsum(np.minimum(m, np.quantile(m, 0.9, method="lower"))[order])
    middle = order[np.searchsorted(weight, weight[-1] / 2)]
    q, factor = float(np.clip(k[middle] / m[middle], 0.01, 0.99)), spread.factor(m)
    for _ in range(10):
        keep = (k - m * q) ** 2 <= CUT * factor * m * q * (1 - q)
        new = float(k[keep].sum() / max(m[keep].sum(), 1.0))
        if not 0 < new < 1 or new == q:
            break
        q = new
    return q


def _squares(m: Floats, k: Floats, spread: Wobble) -> tuple[Floats, Floats]:
    q = usual_share(m, k, spread)
    some = m >= LEAST_TOTAL
    return m[some], (k[some] - m[some] * q) ** 2 / (m[some] * q * (1 - q))


def _line(x: Floats, y: Floats, factor: Floats) -> tuple[float, float]:
    """Return base >= 1 and slope >= 0 of y = base + slope x, each point weighted by its precision, and large places no more than others."""
    large = max(float(np.quantile(x, LARGE)), 1.0)
    weight = np.minimum(1.0, large / np.maximum(x, 1.0)) ** 2 / factor**2
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = np.average((x - mean_x) ** 2, weights=weight)
    slope = max(0.0, float(np.average((x - mean_x) * (y - mean_y), weights=weight) / spread)) if spread > 0 else 0.0
    base = float(mean_y - slope * mean_x)
    if base >= 1:
        return base, slope
    # Held at 1, the line goes through there.
    square = float(np.average(x**2, weights=weight))
    return 1.0, max(0.0, float(np.average(x * (y - 1), weights=weight) / square)) if square > 0 else 0.0


def change_numbers(before: Ints, after: Ints, *, days: tuple[float, float], spread: Wobble, confidence: float = 0.95) -> Change:
    """Test every place for a change, and for a change of its share.

    Parameters
    ----------
    before, after : array of int, (places,)
        Events.
    days : (float, float)
        Length of the two windows.
    spread : Wobble
        How much places here usually change.
    confidence : float
        Level of the intervals.

    Notes
    -----
    Given the total m = before + after of a place, the events after are a split of m: by the days of the two windows (plain change), or by all
    events of the two windows (share; and by those of most places, the larger p-value counts). A binomial split if places only fluctuate; else beta-binomial with the variance of `spread`. Two-sided p: twice the smaller tail, the
    observed split counted half (mid-p). Places where even all events in one window could not be called are not tested: that depends on the total alone, so it
    does not bias the rest.
    """
    a, b = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    m = a + b
    fair = days[1] / (days[0] + days[1])
    all_share = b.sum() / max(1, m.sum())
    p, p_share = _split_p(b, m, fair, spread), _split_p(b, m, all_share, spread)
    # One address with hundreds of new events moves the city's share, not that of most places: a call must stand against both.
    most = usual_share(m.astype(float), b.astype(float), spread) if m.any() else all_share
    same_side = (b - m * all_share) * (b - m * most) > 0
    p_share = np.where(same_side, np.maximum(p_share, _split_p(b, m, most, spread)), 1.0)
    least = np.maximum(_least_p(m, fair, spread), _least_p(m, most, spread))
    too_few = least > (1 - confidence) / ROOM
    p, p_share = np.where(too_few, np.nan, p), np.where(too_few, np.nan, p_share)
    exposure = days[0] / days[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = b / a * exposure
        share_ratio = ratio / (b.sum() / a.sum() * exposure)
    low, high = _limits(a.astype(float), b.astype(float), spread.factor(m), confidence)
    return Change(ratio, low * exposure, high * exposure, p, share_ratio, p_share, too_few)


def _split_p(k: Ints, m: Ints, share: float, spread: Wobble) -> Floats:
    """Return the two-sided mid-p of k of m events in the later window."""
    out = np.ones(len(m))
    for total in np.unique(m[m > 0]):
        rows = np.flatnonzero(m == total)
        if not 0 < share < 1:
            continue
        if total > EXACT:
            from scipy.special import ndtr

            z = (k[rows] - total * share) / np.sqrt(total * share * (1 - share) * spread.factor(total))
            out[rows] = 2 * ndtr(-np.abs(z))
            continue
        chance = _splits(int(total), share, float(spread.factor(total)))
        below = np.cumsum(chance) - chance / 2
        # The upper tail is added up from its own end: a difference from 1 would lose its digits.
        above = np.cumsum(chance[::-1])[::-1] - chance / 2
        out[rows] = np.minimum(1.0, 2 * np.minimum(below, above)[k[rows]])
    return out


def _splits(m: int, share: float, factor: float) -> Floats:
    """Return the chance of 0 to m events in the later window: binomial, or beta-binomial with `factor` times its variance."""
    from scipy.special import betaln, gammaln

    k = np.arange(m + 1)
    ways = gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1)
    if factor <= 1 + 1e-9 or m == 1:
        return np.asarray(np.exp(ways + k * np.log(share) + (m - k) * np.log1p(-share)))
    # factor = 1 + (m - 1) rho, rho = 1 / (concentration + 1), below 1.
    rho = min((factor - 1) / (m - 1), 0.999)
    size = 1 / rho - 1
    a, b = size * share, size * (1 - share)
    return np.asarray(np.exp(ways + betaln(k + a, m - k + b) - betaln(a, b)))


def _least_p(m: Ints, share: float, spread: Wobble) -> Floats:
    """Return the smallest p-value that a place with m events could get, on the side where that is harder."""
    out = np.ones(len(m))
    for total in np.unique(m[m > 0]):
        if total > EXACT or not 0 < share < 1:
            out[m == total] = 0.0 if total > EXACT else 1.0
            continue
        chance = _splits(int(total), share, float(spread.factor(total)))
        out[m == total] = max(chance[0], chance[-1])
    return out


def _limits(a: Floats, b: Floats, factor: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return the score interval of b / a, its variance widened: the ratios q with (b - q a)^2 <= z^2 factor q (a + b)."""
    from scipy.special import ndtri

    z2 = float(ndtri((1 + confidence) / 2)) ** 2 * factor
    middle = 2 * a * b + z2 * (a + b)
    root = np.sqrt(np.maximum(middle**2 - 4 * a**2 * b**2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(a > 0, (middle - root) / (2 * a**2), b / z2)
        high = np.where(a > 0, (middle + root) / (2 * a**2), np.inf)
    empty = a + b == 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def share_chi_square_p(before: npt.ArrayLike, after: npt.ArrayLike, totals: tuple[float, float] | None = None) -> Floats:
    """Return the p-value of each place's share before and after, by the chi-square of the two-by-two table with Yates' correction.

    The spatial point pattern test of Wheeler, Steenbeek & Andresen (2018). `totals`: all events before and after, the sums if not given.

    Examples
    --------
    >>> share_chi_square_p([42, 0], [30, 5], (13_953, 3_250)).round(9).tolist()
    [1.616e-06, 4.8547e-05]
    """
    from scipy.special import gammaincc

    a, b = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    all_a, all_b = (a.sum(), b.sum()) if totals is None else totals
    n = all_a + all_b
    cross = np.abs(a * (all_b - b) - b * (all_a - a))
    # Yates' half can't turn the difference round.
    corrected = np.maximum(cross - n / 2, 0.0)
    product = (a + b) * (n - a - b) * all_a * all_b
    chi2 = np.divide(n * corrected**2, product, out=np.zeros(len(a)), where=product > 0)
    return np.asarray(gammaincc(0.5, chi2 / 2))
