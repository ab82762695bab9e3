"""A hot spot that is only a default address is said to be one."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

import sara


@pytest.fixture(scope="module")
def disorder():
    # The filter leaves one category: only the file's record still knows of the default address.
    return sara.datasets.load("riverton_calls").query("category == 'disorder'")


@pytest.mark.parametrize("method", ["gi_star", "clusters", "count"])
def test_the_dispatchers_default_address_is_told(method, disorder):
    # Counts dealt at random have to pile up somewhere: the exact test is not taken in by a lone address, the normal curve is.
    how = {"inference": "analytic"} if method == "gi_star" else {}
    found = getattr(sara.hotspots, method)(disorder, area=sara.datasets.load("riverton_areas"), **how)
    told = [caution for caution in found.cautions if "likely a default address" in caution]
    assert len(told) == 1
    assert told[0].split(" holds ")[0] in set(found.areas["name"])


def test_a_place_that_is_merely_busy_is_not(disorder):
    city = sara.datasets.load("riverton_areas")
    (x, y, n) = disorder.attrs["sara"]["default_points"][0]
    away = disorder[(disorder["x"] - x).abs() + (disorder["y"] - y).abs() > 400]
    found = sara.hotspots.clusters(away, area=city)
    assert n > 5_000
    assert len(found.areas) > 5
    assert not [caution for caution in found.cautions if "default address" in caution and "holds a point" in caution]


def test_the_text_leads_with_a_place_that_is_one(disorder):
    city = sara.datasets.load("riverton_areas")
    x, y, _ = disorder.attrs["sara"]["default_points"][0]
    moved = disorder.copy()
    moved.loc[moved.index[: len(moved) // 2], ["x", "y"]] = x, y
    moved = moved.set_geometry(gpd.points_from_xy(moved["x"], moved["y"], crs=moved.crs))
    found = sara.hotspots.clusters(moved, area=city)
    first, real = found.areas["name"].iloc[:2]
    assert found.areas.geometry.iloc[0].intersects(shapely.Point(x, y))
    assert f"{first} ({found.areas['n'].iloc[0]:,}) holds a default address" in found.text
    assert f"of the others, {real} has the largest excess" in found.text
    assert type(found).from_dict(found.to_dict()).text == found.text
