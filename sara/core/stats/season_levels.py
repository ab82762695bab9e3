"""Level and season of one series of counts, told apart: a log-linear model by iterated least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Levels", "season_levels"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROUNDS, CLOSE = 50, 1e-9
# Keeps a level without any event, and a season with too little data, finite.
RIDGE = 1e-8


@dataclass(frozen=True, eq=False, slots=True)
class Levels:
    """``level``: events per unit of exposure in each period, the season taken out. ``season``: factor of each period, 1 on average. ``terms``: its logs."""

    level: Floats
    season: Floats
    terms: Floats


def season_levels(n: npt.ArrayLike, exposure: npt.ArrayLike, stretch: npt.ArrayLike, cycles: npt.ArrayLike) -> Levels:
    """Fit one level for each stretch and one season for all of them.

    Parameters
    ----------
    n, exposure : array of float, (periods,)
        Counts, and what they were counted on (days).
    stretch : array of int, (periods,)
        Which stretch each period is in: 0, 1, 2 ...
    cycles : array of float, (periods, terms)
        Terms of the season; none: (periods, 0).

    Returns
    -------
    Levels
        Arrays of shape (periods,).

    Notes
    -----
    ``log E n = log exposure + level of the stretch + cycles @ season``, by Poisson quasi-likelihood: right for overdispersed counts too.

    Examples
    --------
    >>> import numpy as np
    >>> from sara.core.stats.season_levels import season_levels
    >>> season_levels([4, 6, 20, 20], np.ones(4), [0, 0, 1, 1], np.zeros((4, 0))).level.tolist()
    [5.0, 5.0, 20.0, 20.0]
    """
    y, days = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    group, terms = np.asarray(stretch, dtype=np.int64), np.asarray(cycles, dtype=float)
    if terms.shape[1] == 0 or y.sum() == 0:
        total = np.bincount(group, weights=y)
        return Levels((total / np.bincount(group, weights=days))[group], np.ones(len(y)), np.zeros(terms.shape[1]))
    gamma = np.zeros(terms.shape[1])
    season = np.ones(len(y))
    # Levels have a closed form given the season; the season is found by Newton's method with the levels profiled out.
    for _ in range(ROUNDS):
        expected = (np.bincount(group, weights=y) / np.bincount(group, weights=days * season))[group] * days * season
        held = np.bincount(group, weights=expected)
        means = np.stack([np.bincount(group, weights=expected * t) for t in terms.T], axis=1) / np.maximum(held, RIDGE)[:, None]
        away = terms - means[group]
        step = np.linalg.solve(
            (away * expected[:, None]).T @ away + RIDGE * (1 + y.sum()) * np.eye(len(gamma)), away.T @ (y - expected)
        )
        gamma = gamma + step * min(1.0, 1.0 / max(1e-12, float(np.abs(step).max())))
        season = np.exp(np.clip(terms @ gamma, -20, 20))
        if np.abs(step).max() < CLOSE:
            break
    season = season * days.sum() / (days * season).sum()
    level = (np.bincount(group, weights=y) / np.bincount(group, weights=days * season))[group]
    return Levels(level, season, gamma)
