"""How alike places are, from monthly counts before the start: level, trend, seasons; and which are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.stats.dispersion import Dispersion, Drift, place_drift, two_way_dispersion
from sara.core.stats.panel import count_panel, members
from sara.core.stats.shrinkage import gamma_poisson

__all__ = ["ALIKE", "Likeness", "choose"]

# A place with a third or three times the events lives by other rules (crimes fall by numbers there that mean nothing here).
ALIKE = (1 / 3, 3.0)
# One unit of distance: half as many again, or a fifth of the year's events in other seasons.
_LEVEL_UNIT, _TREND_UNIT, _SEASON_UNIT = float(np.log(1.5)), float(np.log(1.5)), 0.2
# Events added to each half and to the seasons, so that trends of small places are not chance.
_TREND_PRIOR, _SEASON_PRIOR = 10.0, 20.0


@dataclass(frozen=True)
class Likeness:
    """Numbers of all places (treated first): monthly counts, likeness, and which were chosen."""

    panel: np.ndarray
    level_ratio: np.ndarray
    trend: np.ndarray
    season_gap: np.ndarray
    distance: np.ndarray
    chosen: np.ndarray
    alike: bool
    dispersion: Dispersion
    drift: Drift | None


def choose(
    tree: shapely.STRtree,
    time: np.ndarray,
    places: list[BaseGeometry],
    edges: list[pd.Timestamp],
    n_given: int,
    n: int,
    months_after: int,
) -> Likeness:
    """Count the places (the one of the response first), measure how alike they are, and choose `n`."""
    place, point = members(tree, places, exclusive=True)
    panel = count_panel(place, time[point], len(places), edges)
    total = panel.sum(axis=1).astype(float)
    rough = two_way_dispersion(panel)
    spread = gamma_poisson(total, phi=rough.phi if np.isfinite(rough.phi) else 1.0)
    level = np.maximum(np.asarray(spread.expected(total)), 0.5)
    months = panel.shape[1]
    early, late = panel[:, : months // 2].sum(axis=1), panel[:, months - months // 2 :].sum(axis=1)
    trend = np.log((late + _TREND_PRIOR) / (early + _TREND_PRIOR))
    seasons = _seasons(panel, edges)
    gap = 0.5 * np.abs(seasons - seasons[0]).sum(axis=1)
    log_level = np.log(level / level[0])
    distance = np.sqrt((log_level / _LEVEL_UNIT) ** 2 + ((trend - trend[0]) / _TREND_UNIT) ** 2 + (gap / _SEASON_UNIT) ** 2)
    ratio = total / max(total[0], 1.0)
    eligible = np.arange(len(places)) >= 1
    if n_given:
        eligible &= np.arange(len(places)) <= n_given
    alike = eligible & (ratio >= ALIKE[0]) & (ratio <= ALIKE[1])
    # Whoever names as few places as they want compared has chosen them; otherwise unlike places are a last resort.
    pick_from = eligible if (n_given and n_given <= n) or not alike.any() else alike
    options = np.flatnonzero(pick_from)
    chosen = options[np.lexsort((options, np.abs(log_level[options]) if not alike.any() else distance[options]))][:n]
    half = min(months_after, months // 2)
    drift = None
    like = np.flatnonzero((ratio >= ALIKE[0]) & (ratio <= ALIKE[1]) & (np.arange(len(places)) > 0))
    if half >= 6 and len(like) >= 5:
        drift = place_drift(
            [(panel[like, -2 * half : -half].sum(axis=1), panel[like, -half:].sum(axis=1), (half, half))], phi=rough.phi
        )
    return Likeness(
        panel,
        ratio,
        (late + 0.5) / (early + 0.5) - 1,
        gap,
        distance,
        chosen,
        bool(alike.any()),
        two_way_dispersion(panel[np.r_[0, chosen]]),
        drift,
    )


def _seasons(panel: np.ndarray, edges: list[pd.Timestamp]) -> np.ndarray:
    season = np.array([edge.month % 12 // 3 for edge in edges[:-1]])
    counts = np.stack([panel[:, season == s].sum(axis=1) for s in range(4)], axis=1).astype(float)
    common = counts.sum(axis=0) / max(counts.sum(), 1.0)
    counts += _SEASON_PRIOR * common
    return counts / counts.sum(axis=1, keepdims=True)
