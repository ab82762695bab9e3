"""`street`: counts and density along streets."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.network import nodes_of
from sara.core.result import Result
from sara.hotspots import street
from sara.hotspots._results.street import hot_stretches
from sara.hotspots._surfaces.network import lixel_shapes, lixels_of


@pytest.fixture
def lattice():
    """Return streets every 100 m over one km, named, in pieces between corners."""
    ways, names = [], []
    for i in range(11):
        for j in range(10):
            ways += [
                LineString([(100 * j, 100 * i), (100 * j + 100, 100 * i)]),
                LineString([(100 * i, 100 * j), (100 * i, 100 * j + 100)]),
            ]
            names += [f"{i} ST", f"{i} AVE"]
    return gpd.GeoDataFrame({"name": names}, geometry=ways, crs=32616)


@pytest.fixture
def calls(make):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 1_000, 300), np.repeat(np.arange(0, 1_000, 100), 30) + rng.normal(0, 5, 300)
    return make(np.r_[x, np.full(100, 550.0), [550.0, 5_000]], np.r_[y, np.full(100, 304.0), [250.0, 5_000]])


def held(found):
    return (found.lixels["density"] * (found.lixels["end_m"] - found.lixels["start_m"])).sum() / 1_000


def test_every_event_is_counted_once_and_spread_whole(calls, lattice):
    found = street(calls, lattice, snap=40)
    assert found.table["n"].sum() == found.counts.rows_used == 400
    assert found.counts.left_out == {"further than 40 m from a street": 1, "outside the study area": 1}
    assert held(found) == pytest.approx(400, rel=1e-9)
    assert found.settings["snap"].chosen_by == "you"
    assert found.settings["mean_density"].value == pytest.approx(400 / 22, rel=1e-9)


def test_streets_drawn_in_one_go_are_joined_in_every_function_and_said_so(make):
    ways = gpd.GeoDataFrame(
        {"name": ["A ST", "B AVE"]},
        geometry=[LineString([(0, 500), (1_000, 500)]), LineString([(500, 0), (500, 1_000)])],
        crs=32616,
    )
    events = make(np.r_[np.full(40, 500.0), np.linspace(20, 980, 20)], np.full(60, 500.0))
    for found in (
        sara.hotspots.count(events, streets=ways),
        street(events, ways),
        sara.hotspots.hot_places(events, streets=ways),
    ):
        assert sum("cross at 1 spot without a point in common" in caution for caution in found.cautions) == 1
    table = street(events, ways).table.set_index("name")
    assert table.index.tolist() == ["A ST", "A ST", "B AVE", "B AVE", "A ST / B AVE"]
    assert table.loc["A ST / B AVE", "n"] == 40


def test_pieces_of_a_gaussian_are_told_by_the_quartic_they_come_from(calls, lattice):
    step = street(calls, lattice, kernel="gaussian", bandwidth=80).settings["step"]
    assert (step.value, step.why) == (45.3, "a fifth of the reach of a quartic that spreads as far, at most 50 m")


def test_the_crowd_on_one_block_is_the_hottest_stretch(calls, lattice):
    found = street(calls, lattice)
    top = found.table.sort_values("density", ascending=False).iloc[0]
    assert (top["name"], top["kind"]) == ("3 ST", "street")
    assert top["density"] > found.table.loc[found.table["kind"] == "intersection", "density"].max()
    assert top.geometry.equals(LineString([(500, 300), (600, 300)]))
    assert top["per_km"] == pytest.approx(10 * top["n"])
    best = found.areas.iloc[0]
    assert best.geometry.contains(shapely.Point(550, 300))
    assert best["n"] >= 100
    # Ground 20 m to either side of some hundred metres of street.
    assert 0.004 < best["km2"] < 0.05
    assert found.areas["p_adjusted"].isna().all()


def test_intersections_are_units_of_their_own(make, lattice):
    found = street(make([503, 540], [298, 300]), lattice)
    rows = found.table[found.table["n"] > 0].set_index("kind")
    assert rows["n"].to_dict() == {"intersection": 1, "street": 1}
    assert rows.loc["intersection", "name"] == "3 ST / 5 AVE"
    assert np.isnan(rows.loc["intersection", "per_km"])
    # The event at the corner goes 200 m into each of four streets.
    alone = street(make([503], [298]), lattice)
    pieces = alone.lixels[alone.lixels["density"] > 0]
    four = pieces.groupby("street").apply(lambda g: (g["density"] * (g["end_m"] - g["start_m"])).sum() / 1_000)
    assert four.nlargest(4).max() == pytest.approx(four.nlargest(4).min())
    assert held(alone) == pytest.approx(1)


def test_one_long_street_is_the_ordinary_kernel_per_km(make):
    main = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (4_000, 0)])], crs=32616)
    found = street(make([2_000], [3]), main, step=1)
    peak = found.lixels["density"].max()
    assert peak == pytest.approx(1_000 * 15 / (16 * 200), rel=1e-4)


def test_weights_and_row_order(calls, lattice):
    plain = street(calls, lattice)
    heavy = street(calls.assign(cost=2.5), lattice, weights="cost")
    assert heavy.lixels["density"].to_numpy() == pytest.approx(2.5 * plain.lixels["density"].to_numpy(), rel=1e-12)
    assert heavy.table["weight"].sum() == pytest.approx(2.5 * 401)
    assert np.array_equal(heavy.table["is_hot"], plain.table["is_hot"])
    again = street(calls.iloc[::-1], lattice)
    pd.testing.assert_frame_equal(again.lixels, plain.lixels)
    assert again.text == plain.text


def test_the_order_of_the_layer_and_its_coordinate_system_change_nothing(calls, lattice):
    one, other = street(calls, lattice), street(calls, lattice.iloc[::-1])
    assert one.text == other.text
    assert np.allclose(one.table["n"].sort_values(), other.table["n"].sort_values())
    there = street(calls, lattice.to_crs(4326))
    assert there.table["n"].tolist() == one.table["n"].tolist()
    assert np.allclose(there.lixels["density"], one.lixels["density"], rtol=1e-4, atol=1e-3)


def test_whole_streets_are_cut_at_their_corners(calls, lattice):
    ways = [LineString([(100 * k, 100 * i) for k in range(11)]) for i in range(11)]
    ways += [LineString([(100 * i, 100 * k) for k in range(11)]) for i in range(11)]
    whole = gpd.GeoDataFrame({"name": [f"{i} ST" for i in range(11)] + [f"{i} AVE" for i in range(11)]}, geometry=ways, crs=32616)
    one, other = street(calls, lattice), street(calls, whole)
    assert len(one.table) == len(other.table)
    assert one.areas["n"].tolist() == other.areas["n"].tolist()


def test_drawn_twice_is_told(calls, lattice):
    found = street(calls, pd.concat([lattice, lattice.head(7)]))
    assert len(found.table) == len(street(calls, lattice).table)
    assert any(caution.startswith("7 street pieces") for caution in found.cautions)


def test_streets_that_end_in_the_middle_of_another_are_told(calls, lattice):
    assert not any("in the middle" in caution for caution in street(calls, lattice).cautions)
    tee = gpd.GeoDataFrame({"name": ["NEW ST"]}, geometry=[LineString([(150, 300), (150, 340)])], crs=32616)
    assert any(c.startswith("1 street ends in the middle") for c in street(calls, pd.concat([lattice, tee])).cautions)


def test_lixels_follow_the_bends():
    bent = np.array([LineString([(0, 0), (50, 0), (50, 50)]), LineString([(0, 9), (30, 9)])], dtype=object)
    lixels = lixels_of(shapely.length(bent), 34)
    shapes = lixel_shapes(bent, lixels)
    assert np.allclose(shapely.length(shapes), [100 / 3] * 3 + [30])
    assert shapely.line_merge(shapely.union_all(shapes[:3])).equals(bent[0])
    assert shapely.get_coordinates(shapes[1]) == pytest.approx(np.array([(100 / 3, 0), (50, 0), (50, 50 / 3)]))


def test_stretches_hang_together_through_junctions_only():
    lines = np.array(
        [LineString([(0, 0), (100, 0)]), LineString([(100, 0), (200, 0)]), LineString([(0, 3), (100, 3)])], dtype=object
    )
    lixels = lixels_of(shapely.length(lines), 50)
    hot = np.array([False, True, True, False, True, False])
    nodes = nodes_of(lines)
    group, of_node, shapes = hot_stretches(lines, nodes, lixels, hot)
    assert group[1] == group[2] != group[4]
    assert (group[~hot] == -1).all()
    assert of_node[nodes.end[0]] == group[1]
    assert of_node[nodes.end[1]] == -1
    assert sorted(shapely.length(shapes)) == [50, 100]


def test_it_is_saved_and_drawn(calls, lattice):
    found = street(calls, lattice)
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text
    pd.testing.assert_frame_equal(again.lixels, found.lixels)
    again.plot(areas=gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(0, 0, 1_000, 1_000)], crs=32616))
    assert "intersections" in found.text


def test_a_study_area_keeps_streets_that_meet_it(calls, lattice):
    found = street(calls, lattice, area=box(-50, -50, 450, 450))
    assert found.counts.left_out["outside the study area"] > 0
    assert found.table.geometry.intersects(box(-50, -50, 450, 450))[found.table["kind"] == "street"].all()
    assert found.areas.within(box(-50, -50, 450, 450).buffer(1e-6)).all()


def test_mistakes_are_told(calls, lattice, make):
    with pytest.raises(InputError, match="along streets. Got 'auto'"):
        street(calls, lattice, bandwidth="auto")
    with pytest.raises(InputError, match="must be lines"):
        street(calls, gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=32616))
    with pytest.raises(InputError, match="`snap` must be a distance"):
        street(calls, lattice, snap="near")
    with pytest.raises(InputError, match="`step` must give at most"):
        street(calls, lattice, step=0.001)
    with pytest.raises(NotEnoughDataError):
        street(make([9_000], [9_000]), lattice)


def test_riverton_is_mapped_with_its_own_streets():
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    found = street(calls, sara.datasets.load("riverton_streets"))
    assert found.table["n"].sum() == found.counts.rows_used
    assert held(found) == pytest.approx(found.counts.rows_used, rel=1e-9)
