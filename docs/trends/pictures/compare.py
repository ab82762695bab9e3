"""Pictures of windows against earlier ones, and of holidays against ordinary days."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd

import sara


@cache
def _calls() -> gpd.GeoDataFrame:
    return sara.dedupe(sara.datasets.load("riverton_calls"))


def compare() -> Any:
    return sara.trends.compare(_calls(), by="category", window="12MS", n=11).plot(marks={"2024-03-01": "response begins"})


def event_days() -> Any:
    return sara.trends.event_days(_calls().query("category == 'burglary'"), "us-holidays").plot()
