"""What near repeats answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NearRepeatResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NearRepeatResult(HotspotResult):
    """Whether events are followed by others close by, and the zones around recent ones.

    Parameters
    ----------
    bands : DataFrame
        Pairs by band of distance and time.
    as_of : Timestamp
        The morning for which zones are drawn.
    ratio, low, high : float
        Pairs nearer than the distance and days asked for, over those chance would give, and the interval (NaN where the file is too short).
    p : float
        Chance of as many pairs, times dealt at random.
    recent : int
        Events in the days before `as_of`.
    hit_share, chance_share, area_share : float
        Of past events, the share that lay in a zone of their morning; the share that would have, had the same places been hit on other dates;
        and the share of the study area that zones covered.
    n_tested : int
        Past events looked up.
    """

    bands: pd.DataFrame
    as_of: pd.Timestamp
    ratio: float
    low: float
    high: float
    p: float
    recent: int
    hit_share: float
    chance_share: float
    area_share: float
    n_tested: int

    question: ClassVar[str] = "Where could it happen again soon?"
    title: ClassVar[str] = "Where could it happen again soon?"
    score: ClassVar[str | None] = None

    def _text(self) -> str:
        near = f"less than {self.settings['distance'].value:,.4g} m and {self.settings['days'].value} days"
        level = float(self.settings["confidence"].value)
        if np.isnan(self.ratio):
            return f"From {self._span()}, no two of {self.counts.rows_used:,} {self.noun} lie {near} apart: no zone is drawn."
        limits = "" if np.isnan(self.low) else f"{level:.0%} interval {self.low:.2f} to {self.high:.2f}, ".replace("%", " %")
        said = f"{self.ratio:.2f} times as many pairs of {self.noun} lie {near} apart as chance would give ({limits}p = {self.p:.2g})"
        if self.p > 1 - level + 1e-12 or self.ratio <= 1:
            return f"From {self._span()}, {said}: this file shows no near repeats, and no zone is drawn."
        worth = (
            f" Zones drawn the same way every morning of the file held {percent(self.hit_share)} of the {self.noun} of that day on "
            f"{percent(self.area_share)} of the study area; had the same places been hit on other dates, they would have held {percent(self.chance_share)}."
            if self.n_tested
            else ""
        )
        return f"From {self._span()}, {said}. {self._now()}{worth}"

    def _now(self) -> str:
        morning = f"On the morning of {self.as_of:%Y-%m-%d}"
        if self.areas.empty:
            return f"{morning}, there is none to draw a zone around." if not self.recent else f"{morning}, no zone is shown."
        n, km2 = len(self.areas), float(self.areas["km2"].sum())
        return (
            f"{morning}, {n:,} {'zone' if n == 1 else 'zones'} around {self.recent:,} {self.noun} of the last {self.settings['days'].value} days "
            f"{'covers' if n == 1 else 'cover'} {percent(km2 / (self.area.area / 1e6))} of the study area."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import OUTLINE_FILL, list_areas
        from sara.plot import maps
        from sara.plot.style import WARN

        maps.outlines(ax, list(self.areas.geometry), color=WARN, fill=OUTLINE_FILL, linewidth=0.7)
        n = len(self.areas)
        maps.key(
            ax,
            [(OUTLINE_FILL, f"{n:,} zones" if n > 1 else "1 zone" if n else "no zone")],
            title=f"on {self.as_of:%Y-%m-%d}",
            side=side,
        )
        list_areas(ax, self, title="Most recent events", side=side)
        days, distance = self.settings["days"].value, self.settings["distance"].value
        return f"within {distance:,.4g} m of {self.noun} of the last {days} days"
