"""Pictures of a series in parts, and of what is to come."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd

import sara

MARKS = {"2024-03-01": "response begins"}


@cache
def _disorder() -> gpd.GeoDataFrame:
    return sara.dedupe(sara.datasets.load("riverton_calls")).query("category == 'disorder'")


def decompose() -> Any:
    return sara.trends.decompose(_disorder()).figure(marks=MARKS)


def forecast() -> Any:
    return sara.trends.forecast(_disorder()).plot(marks=MARKS)
