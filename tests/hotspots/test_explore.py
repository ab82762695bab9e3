"""The interactive map of a result: the picture's own colours, every word escaped, small counts not told; and what `plot` is asked for."""

from __future__ import annotations

import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, box

import sara
from sara.core.errors import InputError
from sara.data import as_events
from sara.hotspots._maps.look import ground_drawn

EVIL = "</script><script>alert(1)</script>\"'<img src=x>"
CITY = box(500_000, 4_500_000, 502_000, 4_501_500)


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(5)
    x = np.r_[rng.normal(500_500, 60, 240), rng.uniform(500_000, 502_000, 300)]
    y = np.r_[rng.normal(4_500_700, 60, 240), rng.uniform(4_500_000, 4_501_500, 300)]
    table = pd.DataFrame({"when": pd.date_range("2023-01-01", periods=540, freq="12h"), "x": x, "y": y, "place": [EVIL] * 540})
    return as_events(table, time="when", x="x", y="y", place="place", crs=32616)


@pytest.fixture(scope="module")
def city():
    return gpd.GeoDataFrame(
        {"name": [EVIL, "East"]},
        geometry=[box(500_000, 4_500_000, 501_000, 4_501_500), box(501_000, 4_500_000, 502_000, 4_501_500)],
        crs=32616,
    )


@pytest.fixture(scope="module")
def streets():
    return gpd.GeoDataFrame({"name": [EVIL]}, geometry=[LineString([(500_000, 4_500_700), (502_000, 4_500_700)])], crs=32616)


@pytest.fixture(scope="module", params=["square", "hexagon"])
def counted(request, events, city):
    return sara.hotspots.count(events, area=city, cell_size=100, shape=request.param)


def data_of(shown):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', shown.page, flags=re.DOTALL)[1])


def layer_of(data, name):
    return next(layer for layer in data["layers"] if layer["name"] == name)


def test_cells_have_the_classes_and_colours_of_the_picture(counted):
    from matplotlib.colors import to_hex

    from sara.plot import maps

    data = data_of(counted.explore())
    cells = layer_of(data, "cells")
    busy = counted.table[counted.table["n"] > 0]
    assert [row[1] for row in cells["rows"]] == busy["n"].tolist()
    by = maps.classes(busy["n"])
    assert [data["styles"][k]["fill"] for k in cells["looks"]] == [to_hex(c) for c in by.of(busy["n"])]
    assert [words for _, words in data["legend"]["entries"]] == ["none", *by.labels]


def test_areas_are_there_with_their_numbers(counted):
    data = data_of(counted.explore())
    areas = layer_of(data, "areas that stand out")
    assert [row[0] for row in areas["rows"]] == counted.areas["name"].tolist()
    assert [row[1] for row in areas["rows"]] == counted.areas["n"].tolist()
    assert areas["listed"] > 0


def test_no_word_of_a_file_becomes_markup(events, city, streets):
    for result in (sara.hotspots.count(events, area=city, cell_size=100), sara.hotspots.clusters(events, area=city)):
        page = result.explore(areas=city, streets=streets).page
        assert page.count("<script") == 3 and "<img" not in page


def test_small_counts_are_not_told(counted):
    data = data_of(counted.explore(suppress=10))
    cells = layer_of(data, "cells")
    busy = counted.table[counted.table["n"] > 0]
    small = (busy["n"] < 10).to_numpy()
    assert small.any() and (~small).any()
    assert {row[1] for row, hidden in zip(cells["rows"], small, strict=True) if hidden} == {"fewer than 10"}
    assert {row[1] for row, hidden in zip(cells["rows"], small, strict=True) if not hidden} == {"10 or more"}
    assert [data["styles"][k].get("hatch") for k in np.array(cells["looks"])[small]] == ["up"] * int(small.sum())
    assert data["legend"]["entries"][-1][1] == "fewer than 10"


def test_every_first_method_can_be_explored(events, city):
    found = sara.hotspots.clusters(events, area=city)
    data = data_of(found.explore(areas=city))
    assert [row[0] for row in layer_of(data, "areas")["rows"]] == found.table["name"].tolist()
    hot = sara.hotspots.gi_star(events, area=city, cell_size=100)
    cells = layer_of(data_of(hot.explore()), "cells")
    assert len(cells["rows"]) >= int(hot.table["is_hot"].sum()) > 0


def test_inputs_and_result_stay_as_they_were(counted, city, streets):
    before = (counted.table.copy(), city.copy(), streets.copy())
    counted.explore(areas=city, streets=streets)
    counted.plot(areas=city, streets=streets, zoom=True)
    for now, then in zip((counted.table, city, streets), before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(now), pd.DataFrame(then))


def test_two_maps_have_the_same_classes(events, city):
    first = sara.hotspots.count(events, area=city, cell_size=100)
    second = sara.hotspots.count(events, grid=first, period=("2023-01-01", "2023-02-28"))
    one, two = first.plot(), second.plot(breaks=first)
    colors = [[patch.get_facecolor() for patch in ax.get_legend().legend_handles] for ax in (one, two)]
    assert colors[0] == colors[1]
    words = [text.get_text() for text in two.get_legend().get_texts()]
    assert words[-1].endswith("and more")
    given = second.plot(breaks=[1, 3, 7])
    assert [t.get_text() for t in given.get_legend().get_texts()] == ["none", "1 to 2", "3 to 6", "7 and more"]


def test_a_picture_hides_small_counts(counted):
    ax = counted.plot(suppress=10)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[-1] == "fewer than 10" and not any(w.startswith("1 ") or w == "1" for w in words)


def test_zoom_shows_a_part_and_where_it_lies(counted, city):
    ax = counted.plot(areas=city, zoom=True)
    whole = counted.plot()
    assert np.ptp(ax.get_xlim()) < np.ptp(whole.get_xlim())
    assert len(ax.child_axes) == 1
    low, high = ax.get_xlim()
    at = counted.areas.geometry.iloc[0].centroid
    assert low < at.x < high


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"breaks": [5, 1]}, "ascending"),
        ({"breaks": "many"}, "ascending"),
        ({"breaks": list(range(1, 20))}, "few enough"),
        ({"suppress": 1}, "whole number above 1"),
        ({"suppress": True}, "whole number above 1"),
        ({"zoom": 3}, "True or a table"),
    ],
)
def test_mistakes(counted, option, message):
    with pytest.raises(InputError, match=message):
        counted.plot(**option)


def test_a_map_with_fixed_classes_takes_no_others(events, city):
    hot = sara.hotspots.gi_star(events, area=city, cell_size=100)
    with pytest.raises(InputError, match="same in every map"):
        hot.plot(breaks=[1, 2])
    with pytest.raises(InputError, match="same in every map"):
        sara.hotspots.count(events, area=city).plot(breaks=hot)


def test_layers_with_empty_rows_or_without_names_do(counted, city, streets):
    holed = pd.concat([city, gpd.GeoDataFrame({"name": ["nowhere"]}, geometry=[None], crs=32616)], ignore_index=True)
    for areas in (holed, city[["geometry"]], city.iloc[:0], city.to_crs(4326)):
        assert counted.explore(areas=areas, streets=streets.iloc[:0]).page
        assert counted.plot(areas=areas, streets=streets[["geometry"]], zoom=True)


def test_a_lone_small_count_does_not_follow_from_the_total(events, city):
    thirds = gpd.GeoDataFrame(
        {"name": ["West", "Middle", "East"]},
        geometry=[box(500_000 + a, 4_500_000, 500_000 + b, 4_501_500) for a, b in ((0, 900), (900, 1_960), (1_960, 2_000))],
        crs=32616,
    )
    counted = sara.hotspots.count(events, areas=thirds)
    n = dict(zip(counted.table["name"], counted.table["n"], strict=True))
    assert n["East"] < 10 < min(n["West"], n["Middle"])
    rows = {row[0]: row[1:] for row in layer_of(data_of(counted.explore(suppress=10)), "areas")["rows"]}
    assert rows["East"][0] == "fewer than 10"
    assert sorted(type(rows[name][0]).__name__ for name in ("West", "Middle")) == ["int", "str"]
    assert all(
        v is None
        for name in ("West", "Middle", "East")
        if rows[name][0] in ("fewer than 10", "not shown")
        for v in rows[name][1:]
    )


@pytest.mark.parametrize("draw", ["plot", "explore"])
@pytest.mark.parametrize("layer", ["areas", "streets"])
@pytest.mark.parametrize("wrong", ["x.geojson", [1, 2]])
def test_a_layer_that_is_no_table_of_shapes_is_refused(town, draw, layer, wrong):
    found = sara.hotspots.clusters(town, area=shapely.box(0, 0, 10_000, 8_000))
    with pytest.raises(InputError, match=f"`{layer}` must be a table with shapes. Got .*Read the file first"):
        getattr(found, draw)(**{layer: wrong})


def test_zoom_into_another_city_is_refused(town):
    found = sara.hotspots.clusters(town, area=shapely.box(0, 0, 10_000, 8_000))
    elsewhere = gpd.GeoDataFrame(geometry=[shapely.box(500_000, 0, 500_100, 100)], crs=town.crs)
    with pytest.raises(InputError, match="`zoom` must lie in the study area"):
        found.plot(zoom=elsewhere)


def test_empty_shapes_of_a_layer_draw_without_a_warning(town, recwarn):
    found = sara.hotspots.clusters(town, area=shapely.box(0, 0, 10_000, 8_000))
    found.plot(
        streets=gpd.GeoDataFrame(geometry=[shapely.LineString(), None, shapely.LineString([(0, 0), (9_000, 0)])], crs=town.crs)
    )
    assert not [w for w in recwarn if issubclass(w.category, UserWarning)]


def test_slivers_between_parts_are_not_drawn():
    parts = shapely.union_all([shapely.box(0, 0, 999.9, 1_000), shapely.box(1_000, 0, 2_000, 1_000)])
    assert parts.geom_type == "MultiPolygon" and ground_drawn(parts).geom_type == "Polygon"
    assert ground_drawn(shapely.box(0, 0, 1_000, 1_000)).equals_exact(shapely.box(0, 0, 1_000, 1_000), 1e-6, normalize=True)
