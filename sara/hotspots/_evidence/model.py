"""Expected counts per cell over the next months: a mixture of simple maps, weighted by how well they foretold earlier months.

Each part of the mixture is a map an analyst might draw: the cell's own count, the same smoothed over two, four and eight cells, each over
all of the past and over the recent past, and an even spread. The weights are those under which events of the last few periods, each
foretold from before its own start only, are most likely (expectation-maximization: convex, no tuning). Shrinkage is the result and not an
assumption: where counts are small the smooth parts get the weight, where a few addresses make the problem the cell's own count does.

Weights are the same for all cells, though, and would take from one steady busy address what the quiet cells around it are better for. So each
cell's count is asked whether the mixture can be its level at all; where it can't, the cell keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.cells import Cells

__all__ = ["Forecast", "Panel", "Smoother", "Spread", "chances", "forecast", "interval", "spread_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Reach of the smoothing, metres, and the least it may be, in cells: one that ends within a cell smooths nothing.
REACHES = ((300.0, 2.0), (600.0, 4.0), (1200.0, 8.0))
# Days after which an event counts 1/e of a new one, in the maps of the recent past.
RECENT = 180.0
# Earlier periods to learn the weights from, and the history (days) that each needs before it.
PERIODS, LEAST_BEFORE = 8, 60
# Rounds of the fit: it has settled to the third digit by then, and stopping early keeps weights from running to the edge.
ROUNDS = 150
YEAR, SEASON = 365, 90
# Below this weight of the cell's own counts, their share from the recent past means nothing.
LEAST_OWN = 1e-6
# Relative variance of the level of a steady city, times the events of its last season (0.77 to 0.86 in 400 simulated ones of two years and more).
DOUBT = 0.8
# A cell with more than this share of all events (and at least so many) is smoothed as if it held no more.
MAGNET, LEAST_MAGNET = 0.01, 2.0
# Share of cells that have, beforehand, a level of their own, and the shape of the gamma it is from (1: any level about as likely as another).
APART, APART_SHAPE = 1e-3, 1.0
# No count of an earlier stretch tells more of the spread than this many times its mean and so many more: one address that starts up, or a
# default address, would widen the interval of every cell.
JUMP, LEAST_JUMP = 4.0, 10.0
# Cells drawn when chances are simulated: the rest are too quiet to be among the most.
MOST_DRAWN = 20_000


@dataclass(frozen=True, eq=False)
class Panel:
    """Events as cell (in frame order) and local day, in order of time; ``n`` says how many each row stands for."""

    cell: Ints
    day: Ints
    n: Floats
    n_cells: int

    @classmethod
    def of(cls, cell: Ints, day: Ints, n: npt.ArrayLike, n_cells: int) -> Panel:
        """Sort, so that the order of rows can't matter, and put rows of one cell and day together."""
        code = day * n_cells + cell
        keys, back = np.unique(code, return_inverse=True)
        held = np.asarray(np.bincount(back, weights=np.asarray(n, dtype=float), minlength=len(keys)), dtype=float)
        return cls(keys % n_cells, keys // n_cells, held, n_cells)

    def between(self, start: int, end: int) -> Floats:
        """Return events per cell from day `start` up to, not including, `end`."""
        part = slice(*np.searchsorted(self.day, [start, end]))
        return np.asarray(np.bincount(self.cell[part], weights=self.n[part], minlength=self.n_cells), dtype=float)

    def before(self, origin: int, *, decay: float | None = None) -> Floats:
        """Return events per cell before day `origin`; with `decay`, each counts exp(-age / decay)."""
        part = slice(0, int(np.searchsorted(self.day, origin)))
        # No event of the day itself or later may enter a forecast made on it.
        assert part.stop == 0 or self.day[part.stop - 1] < origin
        weight = self.n[part]
        if decay is not None:
            weight = weight * np.exp((self.day[part] - origin) / decay)
        return np.asarray(np.bincount(self.cell[part], weights=weight, minlength=self.n_cells), dtype=float)


class Smoother:
    """Quartic smoothing among the cells of a study area: what is spread stays inside it, and adds up to what it was."""

    def __init__(self, grid: Cells) -> None:
        self.grid = grid
        self._kernels: dict[float, tuple[Any, Floats]] = {}

    @cached_property
    def reaches(self) -> tuple[float, ...]:
        """Reach of each smoothing, metres; 0 is the cell itself."""
        return (0.0, *(max(metres, cells * self.grid.cell_size) for metres, cells in REACHES))

    def smooth(self, values: Floats, reach: float) -> Floats:
        """Return values per cell, each spread over the cells within `reach` metres of its middle."""
        if reach == 0:
            return values
        if reach not in self._kernels:
            kernel = self._spectrum(reach) if self.grid.shape == "square" else self._matrix(reach)
            self._kernels[reach] = (kernel, self._apply(kernel, np.ones(self.grid.n_cells)))
        kernel, mass = self._kernels[reach]
        return self._apply(kernel, values / mass)

    def _apply(self, kernel: Any, values: Floats) -> Floats:
        if self.grid.shape != "square":
            return np.asarray(kernel @ values)
        from scipy.fft import irfft2, rfft2

        spectrum, size = kernel
        raster = np.zeros(self.grid.member.shape)
        raster[self.grid.member] = values
        rows, columns = self.grid.member.shape
        out = irfft2(rfft2(raster, s=size) * spectrum, s=size)[:rows, :columns][self.grid.member]
        # What rounding leaves where nothing was is nothing.
        return np.where(out > 1e-9 * max(float(values.max(initial=0.0)), 1e-300), out, 0.0)

    def _spectrum(self, reach: float) -> tuple[npt.NDArray[np.complex128], tuple[int, int]]:
        from scipy.fft import next_fast_len, rfft2

        step = int(reach // self.grid.cell_size)
        # Room for the kernel beyond the far edge, where what wraps round the near one comes to lie.
        size = (
            next_fast_len(self.grid.member.shape[0] + step, real=True),
            next_fast_len(self.grid.member.shape[1] + step, real=True),
        )
        away = [np.minimum(np.arange(n), n - np.arange(n)) * self.grid.cell_size for n in size]
        kernel = np.square(np.maximum(1 - (away[0][:, None] ** 2 + away[1] ** 2) / reach**2, 0))
        return rfft2(kernel), size

    def _matrix(self, reach: float) -> Any:
        from scipy import sparse

        near = sparse.coo_array(self.grid.neighbours(distance=reach))
        x, y = self.grid.centres()
        i, j = near.coords
        weight = np.square(np.maximum(1 - ((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2) / reach**2, 0))
        return sparse.csr_array(sparse.coo_array((weight, (i, j)), shape=near.shape) + sparse.eye_array(len(x)))


@dataclass(frozen=True, eq=False)
class Forecast:
    """Expected events per cell over the horizon, and what they rest on.

    Parameters
    ----------
    expected : array of float, (n_cells,)
        Expected events.
    weights : array of float
        Of the parts: by reach, all of the past then the recent past; the even spread last.
    reaches : tuple of float
        Reach of the parts, metres.
    periods : int
        Earlier stretches the weights were learnt from.
    mean, seen : array of float
        What was expected of each cell in those stretches by the same weights, and what came.
    doubt : float
        Relative variance of the expected total from the number of events it rests on alone.
    """

    expected: Floats
    weights: Floats
    reaches: tuple[float, ...]
    periods: int
    mean: Floats
    seen: Floats
    doubt: float = 0.0


def forecast(panel: Panel, smoother: Smoother, *, first: int, origin: int, days: int) -> Forecast:
    """Return what to expect from day `origin` on, for `days` days, from events before it only.

    Parameters
    ----------
    panel : Panel
        Events; those of `origin` and later are not looked at.
    smoother : Smoother
        Of the study area.
    first : int
        The day on which the file begins.
    origin : int
        The first day of the horizon.
    days : int
        Its length.
    """
    km2 = smoother.grid.inside_km2()
    # A short file is tested on shorter stretches: the longest that leave twice as much before them.
    stretch = int(min(days, max(1, (origin - first) // 3)))
    parts, seen, n_before, levels = [], [], [], []
    for k in range(1, PERIODS + 1):
        start = origin - k * stretch
        if k > 1 and start - first < LEAST_BEFORE:
            break
        parts.append(_parts(panel, smoother, start, km2))
        seen.append(panel.between(start, start + stretch))
        n_before.append(float(panel.n[panel.day < start].sum()))
        levels.append(_level(panel, first, start, stretch))
    learnt = _weights(np.hstack(parts), np.concatenate(seen))
    sums = np.array([y.sum() for y in seen])
    past = float(np.dot(n_before, sums) / sums.sum()) if sums.sum() else 1.0
    n_now = float(panel.n[panel.day < origin].sum())
    weights = _own_more(learnt, n_now / max(past, 1.0))
    expected = _levels_of(_parts(panel, smoother, origin, km2), weights, _level(panel, first, origin, days), n_now)
    means = [
        _levels_of(f, _own_more(learnt, n / max(past, 1.0)), level, n)
        for n, f, level in zip(n_before, parts, levels, strict=True)
    ]
    doubt = DOUBT / max(float(panel.between(origin - SEASON, origin).sum()), 1.0)
    return Forecast(expected, weights, smoother.reaches, len(parts), np.concatenate(means), np.concatenate(seen), doubt)


def _levels_of(parts: Floats, weights: Floats, level: float, n_before: float) -> Floats:
    """Return the expected events of each cell: the mixture, or the cell's own level where its count says that the mixture can't be it.

    Of each cell's level, the prior is the mixture's mean m with probability 1 - APART, and a gamma of that mean and shape k = APART_SHAPE with
    probability APART. Of a cell that is sure to be apart, the posterior mean is ``(k + own count) / (k / m + exposure)``, the exposure being how
    many horizons of history there are. What cells apart take comes off the rest in proportion: the total stays.
    """
    from scipy.special import gammaln

    own_weights = weights[:2] if weights[:2].sum() > LEAST_OWN else np.array([1.0, 0.0])
    mean, own = weights @ parts * level, own_weights @ parts[:2] / own_weights.sum() * level
    if level <= 0 or n_before <= 0:
        return np.asarray(mean)
    exposure, k = n_before / level, APART_SHAPE
    usual, count = np.maximum(mean * exposure, 1e-12), own * exposure
    # Log of how much likelier the count is from the gamma (negative binomial) than from the mixture's mean (Poisson).
    gain = gammaln(count + k) - gammaln(k) + k * np.log(k / (k + usual)) - count * np.log(k + usual) + usual
    odds = np.log(APART / (1 - APART)) + gain
    trust = usual / (k + usual) / (1 + np.exp(-np.clip(odds, -500, 500)))
    rest = (1 - trust) * mean
    left = mean.sum() - float(np.dot(trust, own))
    return np.asarray(trust * own + rest * (max(left, 0.0) / max(float(rest.sum()), 1e-300)))


def _parts(panel: Panel, smoother: Smoother, origin: int, km2: Floats) -> Floats:
    """Return the maps of the mixture, each adding up to 1 over the study area."""
    pasts = [panel.before(origin), panel.before(origin, decay=RECENT)]
    maps = [smoother.smooth(past if reach == 0 else _tamed(past), reach) for reach in smoother.reaches for past in pasts]
    out = np.vstack([*maps, km2])
    sums = out.sum(axis=1, keepdims=True)
    return np.where(sums > 0, out / np.where(sums > 0, sums, 1), km2 / km2.sum())


def _tamed(values: Floats) -> Floats:
    """Return what each cell says about its surroundings: a default address, or one busy institution, says nothing about the houses around it."""
    return np.minimum(values, max(MAGNET * float(values.sum()), LEAST_MAGNET))


def _weights(parts: Floats, seen: Floats) -> Floats:
    """Return the weights of the mixture under which what was seen is most likely."""
    held = seen > 0
    weights = np.full(len(parts), 1 / len(parts))
    if not held.any():
        return weights
    parts, seen = parts[:, held], seen[held] / seen.sum()
    for _ in range(ROUNDS):
        weights = weights * (parts @ (seen / (weights @ parts)))
    return weights / weights.sum()


def _own_more(weights: Floats, grown: float) -> Floats:
    """Give the cell's own count more weight as the history grows: the odds of a gamma-Poisson mean rise in step with the events seen."""
    out = weights.copy()
    out[:2] *= grown
    return out / out.sum()


def _level(panel: Panel, first: int, origin: int, days: int) -> float:
    """Return the number of events to expect in all: the year's rate and the season's last, and from two years on the same days a year ago.

    Geometric means of what each says, which halves the error that each alone makes in some city.
    """

    def rate(back: int) -> float:
        span = max(1, min(back, origin - first))
        return float(panel.between(origin - span, origin).sum()) * days / span

    level = np.sqrt(rate(YEAR) * rate(SEASON))
    if origin - first < 2 * YEAR:
        return float(level)
    year, before = (float(panel.between(origin - k * YEAR, origin - (k - 1) * YEAR).sum()) for k in (1, 2))
    same_days = float(panel.between(origin - YEAR, origin - YEAR + days).sum()) * year / max(before, 1.0)
    return float(np.sqrt(level * same_days))


@dataclass(frozen=True)
class Spread:
    """How far counts lie from what was expected: variance = (1 + extra) * mean + common * mean^2.

    ``extra`` is what a few callers or a new address do to any cell, ``common`` the error of large counts, which do not average out.
    """

    extra: float
    common: float

    def size(self, mean: Floats) -> Floats:
        """Return the negative binomial's size parameter at each mean."""
        return mean / np.maximum(self.extra + self.common * mean, 1e-9)


def spread_of(found: Forecast) -> Spread:
    """Return the spread under which the counts of the earlier stretches are most likely, given what was expected of them.

    What a few events leave open about the total is the least that large counts may be off.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln

    some = found.mean > 0
    # Means within 2 % of each other are put together: a city has a million pairs of a mean and a count, but few different ones.
    step = np.round(np.log(found.mean[some]) / 0.02)
    pairs, times = np.unique(np.c_[step, found.seen[some]], axis=0, return_counts=True)
    mean = np.exp(pairs[:, 0] * 0.02)
    seen = np.minimum(pairs[:, 1], JUMP * mean + LEAST_JUMP)

    def unlikely(logs: Floats) -> float:
        size = Spread(*np.exp(np.clip(logs, -9, 5))).size(mean)
        like = gammaln(seen + size) - gammaln(size) + size * np.log(size / (size + mean)) + seen * np.log(mean / (size + mean))
        return -float(np.dot(like, times))

    best = minimize(unlikely, np.log([0.3, 0.1]), method="Nelder-Mead", options={"xatol": 1e-2, "fatol": 1e-2, "maxiter": 200})
    extra, common = (float(v) for v in np.exp(np.clip(best.x, -9, 5)))
    return Spread(extra, max(common, found.doubt))


def interval(expected: Floats, spread: Spread, *, confidence: float) -> tuple[Floats, Floats]:
    """Return the lower and upper bound of the count of each cell (negative binomial)."""
    from scipy.stats import nbinom

    size = spread.size(expected)
    tail, p = (1 - confidence) / 2, size / (size + expected)
    return nbinom.ppf(tail, size, p), nbinom.ppf(1 - tail, size, p)


def chances(expected: Floats, spread: Spread, k: int, *, n_sims: int, seed: int) -> Floats:
    """Return each cell's chance to be one of the `k` with most events; they add up to `k`, a tie at the edge being shared."""
    out = np.zeros(len(expected))
    drawn = np.sort(np.argsort(-expected, kind="stable")[: max(MOST_DRAWN, 3 * k)])
    rng = np.random.default_rng(seed)
    k = min(k, len(drawn))
    size = np.maximum(spread.size(expected[drawn]), 1e-12)
    for _ in range(n_sims):
        count = rng.poisson(rng.gamma(size, expected[drawn] / size))
        edge = np.partition(count, len(count) - k)[len(count) - k]
        above, at = count > edge, count == edge
        out[drawn] += above + at * ((k - above.sum()) / at.sum())
    return out / n_sims
