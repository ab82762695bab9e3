"""Pictures of counts over time, of years over one another, and of the week."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd

import sara


@cache
def _calls() -> gpd.GeoDataFrame:
    return sara.dedupe(sara.datasets.load("riverton_calls"))


@cache
def _strip() -> gpd.GeoDataFrame:
    """Return disorder in the place that stood out before anything was done."""
    disorder = _calls().query("category == 'disorder'")
    known = ("2022-03-01", "2024-02-29")
    spots = sara.hotspots.clusters(disorder, area=sara.datasets.load("riverton_areas"), period=known)
    return disorder[sara.within(disorder, spots.areas.head(1)).notna()]


def series() -> Any:
    return sara.trends.series(_strip(), freq="W").plot(marks={"2024-03-01": "response begins"})


def series_gap() -> Any:
    found = sara.trends.series(_calls(), freq="MS", gaps=[("2023-05-10", "2023-07-05")])
    return found.plot(value="per_day", marks={"2024-03-01": "response begins"})


def seasonal() -> Any:
    return sara.trends.seasonal(_strip(), year=2024).plot(marks={"2024-03-01": "response begins"})


def clock() -> Any:
    return sara.trends.clock(_strip()).plot()
