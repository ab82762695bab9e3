"""Pictures of dates at which a level changed, and of a trend."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd

import sara

MARKS = {"2024-03-01": "response begins"}


@cache
def _strip() -> gpd.GeoDataFrame:
    """Return disorder calls of the cluster that was largest before the response."""
    calls = sara.dedupe(sara.datasets.load("riverton_calls")).query("category == 'disorder'")
    before = calls[calls["time"] < "2024-03-01"]
    place = sara.hotspots.clusters(before, area=sara.datasets.load("riverton_areas")).areas.head(1)
    return calls[sara.within(calls, place).notna()]


def change_points() -> Any:
    return sara.trends.change_points(_strip(), marks=MARKS).plot()


def trend_test() -> Any:
    return sara.trends.trend_test(_strip()).plot(marks=MARKS)
