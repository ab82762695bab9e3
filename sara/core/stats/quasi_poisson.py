"""Quasi-Poisson regression on seasons and a trend for many series at once: iteratively reweighted least squares in closed form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["TOLERANCE", "Fit", "fit_quasi_poisson"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_STEPS = 25
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Fit:
    """Fits of log(mu) = level of the season + slope * t, one per row.

    ``level`` is the mean of log(mu) of each season at its own weighted mean of t, ``center``; ``mass`` the sum of the working weights of each
    season, ``spread`` that of weight times (t - center)^2 over all; ``slope`` is NaN where there is no trend. ``dispersion`` is Pearson's chi-square over ``df``;
    ``loose_dispersion`` takes squares of (y - mu) / mu instead.
    """

    y: Floats
    t: Floats
    group: Ints
    mu: Floats
    weight: Floats
    level: Floats
    center: Floats
    mass: Floats
    spread: Floats
    slope: Floats
    dispersion: Floats
    loose_dispersion: Floats
    df: Floats
    converged: Bools

    @property
    def slope_variance(self) -> Floats:
        """Variance of the slope before it is multiplied by a dispersion."""
        return 1 / self.spread

    def predict(self, group: int, t: float = 0.0) -> tuple[Floats, Floats]:
        """Return log(mu) of one season at time `t`, and its variance before it is multiplied by a dispersion."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ahead = t - self.center[:, group]
            trend = ~np.isnan(self.slope)
            eta = self.level[:, group] + np.where(trend, self.slope, 0.0) * ahead
            variance = 1 / self.mass[:, group] + np.where(trend, ahead**2 / self.spread, 0.0)
        return np.where(self.converged, eta, np.nan), variance

    def leverage(self) -> Floats:
        """Return the diagonal of the hat matrix."""
        with np.errstate(divide="ignore", invalid="ignore"):
            away = self.t - self.center[:, self.group]
            trend = np.where(np.isnan(self.slope), 0.0, 1 / self.spread)
            return self.weight * (1 / self.mass[:, self.group] + trend[:, None] * away**2)

    def anscombe(self) -> Floats:
        """Return standardized Anscombe residuals of counts; NaN where y is, or where a fit runs through its point."""
        phi = np.maximum(self.dispersion, 1.0)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            raw = 1.5 * (np.cbrt(self.y) ** 2 * self.mu ** (-1 / 6) - np.sqrt(self.mu))
            left = 1 - self.leverage()
            return np.where(left > 1e-12, raw / np.sqrt(phi * np.maximum(left, 1e-12)), np.where(np.isnan(self.y), np.nan, 0.0))

    def put(self, rows: Bools, other: Fit) -> Self:
        """Return the fits with those of some rows replaced."""
        changed = {}
        for one in fields(self):
            mine, others = getattr(self, one.name), getattr(other, one.name)
            if one.name in ("t", "group"):
                changed[one.name] = mine
                continue
            changed[one.name] = mine.copy()
            changed[one.name][rows] = others
        return type(self)(**changed)


def fit_quasi_poisson(
    y: Floats, t: Floats, group: Ints, levels: int, *, trend: bool = True, weights: Floats | None = None,
    no_trend: Bools | None = None, tolerance: float = TOLERANCE,
) -> Fit:  # fmt: skip
    """Fit quasi-Poisson regressions with a log link on a season and, if wished, a trend.

    Parameters
    ----------
    y : array of float, shape (rows, times)
        Counts; NaN where unknown.
    t : array of float, shape (times,)
        Times.
    group : array of int, shape (times,)
        Season of each time, 0 to levels - 1.
    levels : int
        Seasons.
    trend : bool
        Whether there is a trend.
    weights : array of float, shape (rows, times), optional
        Prior weights.
    no_trend : array of bool, shape (rows,), optional
        Rows that have no trend although the others do.
    tolerance : float
        Iterations stop where the deviance changes by less than this share of itself.

    Returns
    -------
    Fit
        One fit per row. As in other programs, working weights are those of the last step, which the tolerance holds close to the final ones.

    Notes
    -----
    The weighted least squares of each step need no matrix: with seasons, the slope is the regression on deviations from each season's weighted means.
    """
    rows = len(y)
    known = ~np.isnan(y)
    prior = known.astype(float) if weights is None else np.where(known, weights, 0.0)
    value = np.where(known, y, 0.0)
    sloped = np.full(rows, trend) if no_trend is None else trend & ~no_trend
    one_hot = (group[:, None] == np.arange(levels)).astype(float)
    state = _iterate(value, prior, t, group, one_hot, sloped, tolerance)
    mu, weight, level, center, mass, spread, slope, converged = state
    present = (prior @ one_hot) > 0
    df = (prior > 0).sum(axis=1) - present.sum(axis=1) - sloped
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.where(prior > 0, (value - mu) / mu, 0.0)
        dispersion = np.where(df > 0, (weight * residual**2).sum(axis=1) / df, np.nan)
        loose = np.where(df > 0, (prior * residual**2).sum(axis=1) / df, np.nan)
    level, center = np.where(present, level, np.nan), np.where(present, center, np.nan)
    return Fit(
        y=y, t=t, group=group, mu=mu, weight=weight, level=level, center=center, mass=mass, spread=spread, slope=np.where(sloped, slope, np.nan),
        dispersion=dispersion, loose_dispersion=loose, df=df.astype(float), converged=converged & (df > 0),
    )  # fmt: skip


def _iterate(
    y: Floats, prior: Floats, t: Floats, group: Ints, one_hot: Floats, sloped: Bools, tolerance: float
) -> tuple[Floats, ...]:
    """Iterate until each row has converged; rows that have are set aside."""
    rows, levels = len(y), one_hot.shape[1]
    out: dict[str, Floats] = {
        "mu": y + 0.1, "weight": np.zeros_like(y), "level": np.zeros((rows, levels)), "center": np.zeros((rows, levels)),
        "mass": np.ones((rows, levels)), "spread": np.ones(rows), "slope": np.zeros(rows),
    }  # fmt: skip
    converged = np.zeros(rows, dtype=bool)
    going = np.arange(rows)
    mu = out["mu"].copy()
    eta = np.log(mu)
    log_y = np.where(y > 0, np.log(np.where(y > 0, y, 1.0)), 0.0)
    before = _deviance(y, log_y, mu, eta, prior)
    for _ in range(MOST_STEPS):
        if not len(going):
            break
        # A baseline without a known count has nothing to fit: it ends as not converged.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            weight = prior * mu
            step = _least_squares(eta + (y - mu) / mu, weight, t, group, one_hot, sloped)
            level, center, _, _, slope = step
            eta = level[:, group] + slope[:, None] * (t - center[:, group])
            mu = np.exp(eta)
            deviance = _deviance(y, log_y, mu, eta, prior)
            done = np.abs(deviance - before) / (np.abs(deviance) + 0.1) < tolerance
        for name, values in zip(out, (mu, weight, *step), strict=True):
            out[name][going] = values
        converged[going] = done
        if done.any():
            left = ~done
            going, sloped = going[left], sloped[left]
            y, prior, log_y, mu, eta, deviance = (part[left] for part in (y, prior, log_y, mu, eta, deviance))
        before = deviance
    return (*out.values(), converged)  # type: ignore[return-value]


def _least_squares(
    z: Floats, weight: Floats, t: Floats, group: Ints, one_hot: Floats, sloped: Bools
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    mass = weight @ one_hot
    safe = np.where(mass > 0, mass, 1.0)
    level = (weight * z) @ one_hot / safe
    center = weight @ (one_hot * t[:, None]) / safe
    away = t - center[:, group]
    pull = weight * away
    spread = (pull * away).sum(axis=1)
    some = sloped & (spread > 0)
    slope = np.where(some, (pull * z).sum(axis=1) / np.where(some, spread, 1.0), 0.0)
    return level, center, mass, spread, slope


def _deviance(y: Floats, log_y: Floats, mu: Floats, eta: Floats, prior: Floats) -> Floats:
    return 2 * (prior * (y * (log_y - eta) - (y - mu))).sum(axis=1)
