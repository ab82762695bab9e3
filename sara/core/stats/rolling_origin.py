"""Test forecasts on what is known: at many past moments, from the past of each only, against what then came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.forecast_models import Model, root, unroot

__all__ = ["Folds", "Spread", "held", "interval", "rolling_origin", "spread_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Parameters are learnt anew at every so many moments; in between, the older ones are carried on.
REFIT = 5


@dataclass(frozen=True, eq=False)
class Folds:
    """What one model said at each moment and what came: (moments, steps), NaN beyond the end of the series or in a gap."""

    origins: Ints
    expected: Floats
    n: Floats
    failed: int

    @property
    def error(self) -> Floats:
        """By how much each count was missed, on the root scale, where chance alone has standard deviation 1."""
        return root(self.n) - root(self.expected)

    @property
    def total_error(self) -> Floats:
        """The same for the sum of the first 1, 2, 3 ... steps."""
        return root(np.cumsum(self.n, axis=1)) - root(np.cumsum(self.expected, axis=1))

    @property
    def score(self) -> float:
        """Root mean square of `error`: 1 is chance alone, for counts that vary as chance lets them."""
        return float(np.sqrt(np.nanmean(self.error**2)))

    @property
    def miss(self) -> float:
        """Mean absolute difference in events a period."""
        return float(np.nanmean(np.abs(self.n - self.expected)))


@dataclass(frozen=True, eq=False)
class Spread:
    """How far forecasts miss on the root scale, for each step and for the sum up to it, and on how many separate stretches that rests."""

    step: Floats
    step_free: Floats
    total: Floats
    total_free: Floats


def rolling_origin(y: Floats, days: Floats, model: Model, origins: Sequence[int], steps: int) -> Folds:
    """Forecast from each origin with what lay before it.

    Parameters
    ----------
    y : array of float
        Counts per period of usual length, NaN where unknown.
    days : array of float
        Length of each period over the usual length: `y * days` is the count.
    model : Model
        See `forecast_models`.
    origins : sequence of int
        How many periods are known at each moment, rising.
    steps : int
        How far to look.

    Returns
    -------
    Folds
        Expected and true counts.
    """
    expected, n = np.full((len(origins), steps), np.nan), np.full((len(origins), steps), np.nan)
    state, learnt, failed = None, -1, 0
    for i, origin in enumerate(origins):
        past, future = np.arange(origin), np.arange(origin, min(origin + steps, len(y)))
        seen = y[past].copy()
        if i % REFIT == 0:
            state, learnt = model.fit(seen), int(origin)
            failed += isinstance(state, tuple) and not state[1]
        # Training lies strictly before testing: what was learnt, what is carried on, and what is tested.
        assert learnt <= len(seen) == past[-1] + 1 == future[0]
        told = model.ahead(state, seen, steps)[: len(future)] * days[future]
        expected[i, : len(future)], n[i, : len(future)] = told, y[future] * days[future]
    expected[np.isnan(n)] = np.nan
    return Folds(np.asarray(origins, dtype=np.int64), expected, n, failed)


def spread_of(folds: Folds, *, without: npt.NDArray[np.bool_] | None = None) -> Spread:
    """Measure how far forecasts missed: a smooth, never falling function of how far they look.

    The mean squares of the errors are fitted by non-negative least squares on 1 and the distance (for sums also its square). Errors of
    moments close to one another are much the same error, so the degrees of freedom are the stretches without overlap that the moments
    cover.
    """
    keep = np.ones(len(folds.origins), dtype=bool) if without is None else ~without
    steps = folds.n.shape[1]
    far = np.arange(steps, dtype=float)
    covered = float(np.ptp(folds.origins[keep])) if keep.any() else 0.0
    usual = covered / max(1, keep.sum() - 1)
    step = _smooth(folds.error[keep], np.column_stack([np.ones(steps), far]))
    total = _smooth(folds.total_error[keep], np.column_stack([np.ones(steps), far, far**2]))
    separate = np.maximum(1.0, covered / np.maximum(far + 1, usual) + 1)
    # A single step misses mostly by its own chance, which is new each time.
    often = np.maximum(1.0, covered / np.maximum((far + 4) / 4, usual) + 1)
    return Spread(step, often, total, separate)


def _smooth(error: Floats, basis: Floats) -> Floats:
    from scipy.optimize import nnls

    known = (~np.isnan(error)).sum(axis=0)
    some = known > 0
    squares = np.nansum(error[:, some] ** 2, axis=0) / known[some]
    weight = np.sqrt(known[some])
    fitted = nnls(basis[some] * weight[:, None], squares * weight)[0]
    return np.asarray(np.sqrt(np.maximum(basis @ fitted, 1e-12)))


def interval(expected: Floats, sd: Floats, free: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return whole numbers between which a count should fall: from the misses seen, and never narrower than chance alone.

    Parameters
    ----------
    expected : array of float
        Counts to expect.
    sd, free : array of float
        Standard deviation of the misses on the root scale and its degrees of freedom.
    confidence : float
        The share of counts that should lie inside.
    """
    from scipy.stats import poisson
    from scipy.stats import t as student

    tail = (1.0 - confidence) / 2.0
    reach = student.ppf(1.0 - tail, free) * sd
    center = root(expected)
    low, high = np.round(unroot(center - reach)), np.round(unroot(center + reach))
    return np.minimum(low, poisson.ppf(tail, expected)), np.maximum(high, poisson.ppf(1.0 - tail, expected))


def held(folds: Folds, confidence: float) -> tuple[Floats, Floats]:
    """Return for each step, and for the sum up to it, the share of moments at which the interval held.

    The interval of a moment is measured on the moments whose test does not touch its own.
    """
    moments, steps = folds.n.shape
    inside, inside_total = np.full((moments, steps), np.nan), np.full((moments, steps), np.nan)
    for i, origin in enumerate(folds.origins):
        near = np.abs(folds.origins - origin) < steps
        if (~near).sum() < 2:
            continue
        spread = spread_of(folds, without=near)
        for out, n, expected, sd, free in (
            (inside, folds.n[i], folds.expected[i], spread.step, spread.step_free),
            (inside_total, np.cumsum(folds.n[i]), np.cumsum(folds.expected[i]), spread.total, spread.total_free),
        ):
            known = ~np.isnan(n)
            low, high = interval(expected[known], sd[known], free[known], confidence)
            out[i, known] = (n[known] >= low) & (n[known] <= high)
    return _share(inside), _share(inside_total)


def _share(inside: Floats) -> Floats:
    known = (~np.isnan(inside)).sum(axis=0)
    return np.where(known > 0, np.nansum(inside, axis=0) / np.maximum(known, 1), np.nan)
