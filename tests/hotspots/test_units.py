"""Counts by hexagon, named area and street: each event once, what is near nothing is counted, and saved answers speak alike."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

import sara
from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.grid import Grid
from sara.core.hexgrid import HexGrid
from sara.core.result import Result
from sara.hotspots import count, gi_star
from sara.hotspots._ground.units import AreaUnits

AREA = box(0, 0, 10_000, 8_000)
HALVES = [box(0, 0, 5_000, 8_000), box(5_000, 0, 10_000, 8_000)]


def areas_of(shapes, names=None, crs=32616):
    return gpd.GeoDataFrame({"name": names or [f"a{i}" for i in range(len(shapes))]}, geometry=shapes, crs=crs)


def streets_of(lines, names=None):
    return gpd.GeoDataFrame({"name": names or [f"S{i}" for i in range(len(lines))]}, geometry=lines, crs=32616)


CROSS = streets_of(
    [LineString([(0, 100), (100, 100)]), LineString([(100, 100), (200, 100)]), LineString([(100, 100), (100, 0)])],
    ["MAIN ST", "MAIN ST", "ELM AVE"],
)


def test_hexagons_add_up_and_come_back(town):
    found = count(town, area=AREA, shape="hexagon", cell_size=300)
    assert found.table["n"].sum() == found.counts.rows_used == 3_000
    assert "hexagons of 300 m" in found.text
    assert found.settings["shape"].value == "hexagon"
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.text == found.text
    assert back.table.geometry.geom_equals_exact(found.table.geometry, 0).all()
    assert (shapely.get_num_coordinates(back.table.geometry.to_numpy()) == 7).all()
    for grid in (found, found.grid, back, HexGrid.over(AREA, cell_size=300, crs=town.crs)):
        again = count(town, grid=grid)
        assert again.table[["row", "column", "n"]].equals(found.table[["row", "column", "n"]])
    with pytest.warns(SaraWarning, match="`shape` is not used"):
        count(town, grid=count(town, area=AREA), shape="hexagon")
    with pytest.raises(InputError, match="`shape` must be one of"):
        count(town, area=AREA, shape="hex")


def test_busy_hexagons_dissolve_into_areas(town):
    found = count(town, area=AREA, shape="hexagon", cell_size=200)
    top = found.areas.iloc[0]
    assert top["name"] == "Busy area 1 near 1400 block of N 35TH ST"
    held = shapely.intersects_xy(top.geometry, town["x"].to_numpy(), town["y"].to_numpy()).sum()
    assert held == pytest.approx(top["n"], abs=3)
    assert found.areas.geometry.is_valid.all()


@given(st.lists(st.tuples(st.integers(-1, 21), st.integers(-1, 17)), min_size=1, max_size=50))
@settings(max_examples=60, deadline=None)
def test_areas_add_up_also_where_they_touch_and_overlap(at):
    # Two halves that share an edge, and a third that lies over both.
    x, y = np.array(at, dtype=float).T * 500
    units = AreaUnits.of(areas_of([*HALVES, box(4_000, 3_000, 6_000, 5_000)]), crs=32616)
    code = units.locate(x, y)
    assert units.counts(code).sum() == shapely.intersects_xy(AREA, x, y).sum() == (code >= 0).sum()
    assert (code < 2).all()


def test_counts_by_area_are_those_of_within(town):
    areas = areas_of(HALVES, ["West", "East"])
    found = count(town, areas=areas)
    want = sara.within(town, areas).value_counts()
    assert dict(zip(found.table["name"], found.table["n"], strict=True)) == want.to_dict()
    assert found.table["n"].sum() == found.counts.rows_used
    assert found.table["per_km2"].tolist() == pytest.approx((found.table["n"] / 40).tolist())
    assert found.grid is None
    assert "East has the most" in found.text
    assert list(found.areas.columns) == ["name", "n", "excess", "p_adjusted", "km2", "geometry"]


def test_areas_may_be_cut_by_the_study_area(town):
    found = count(town, areas=areas_of([*HALVES, box(20_000, 0, 21_000, 1_000)]), area=box(0, 0, 2_500, 8_000))
    assert found.table["name"].tolist() == ["a0"]
    assert found.counts.rows_used == (town["x"] <= 2_500).sum() == found.table["n"].sum()
    with pytest.raises(InputError, match="must overlap with `areas`"):
        count(town, areas=areas_of(HALVES), area=box(50_000, 0, 60_000, 100))


def test_areas_that_overlap_are_told(town):
    assert not any("overlap" in caution for caution in count(town, areas=areas_of(HALVES)).cautions)
    lapped = count(town, areas=areas_of([*HALVES, box(0, 0, 1_000, 1_000)]))
    assert any(caution.startswith("2 of 3 areas overlap with another") for caution in lapped.cautions)
    assert lapped.table["n"].iloc[2] == 0


def test_areas_need_names_of_their_own(town):
    with pytest.raises(InputError, match=r"must have a name each. Got none in 1 of 2 rows.*fillna\('unnamed'\)"):
        count(town, areas=areas_of(HALVES, ["a", None]))
    with pytest.raises(InputError, match="one row per name. Got 'a' more than once"):
        count(town, areas=areas_of(HALVES, ["a", "a"]))
    assert count(town, areas=areas_of(HALVES).geometry).table["name"].tolist() == ["area 1", "area 2"]
    with pytest.warns(SaraWarning, match="`cell_size` is not used"):
        count(town, areas=areas_of(HALVES), cell_size=100)


def test_areas_that_nearly_touch_are_neighbours():
    shapes = [box(0, 0, 100, 100), box(100.4, 0, 200, 100), box(200, 100, 300, 200), box(500, 500, 600, 600)]
    units = AreaUnits.of(areas_of(shapes), crs=32616)
    assert units.neighbours("queen").toarray().astype(int).tolist() == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert units.neighbours("rook").sum() == 2
    assert units.neighbours(distance="150m").sum() == 4


def test_an_event_belongs_to_a_street_or_to_an_intersection(make):
    #             on MAIN  at the junction      on ELM    nearer to ELM   too far
    x, y = [20, 103, 100, 92, 100, 108], [103, 104, 100, 100, 40, 30]
    found = count(make([*x, 20], [*y, 400]), streets=CROSS, area=box(-500, -500, 1_000, 1_000))
    assert found.counts.left_out == {"further than 50 m from a street": 1}
    held = found.table.set_index(found.table["name"] + " " + found.table["kind"])["n"]
    assert held["ELM AVE / MAIN ST intersection"] == 3
    assert held["ELM AVE street"] == 2
    assert held["MAIN ST street"].sum() == 1
    assert found.table["n"].sum() == found.counts.rows_used == 6
    assert found.table["per_km"].tolist()[2] == pytest.approx(20)
    assert np.isnan(found.table["per_km"].iloc[-1])
    assert "belong to no street" in found.text


def test_streets_without_an_area_bring_their_own(make):
    found = count(make([20, 30, 5_000], [100, 100, 5_000]), streets=CROSS)
    assert found.counts.left_out == {"outside the study area": 1}
    assert found.settings["area"].why == "around all of `streets`"
    with pytest.raises(InputError, match="`streets` must lie in the study area"):
        count(make([5_000], [5_000]), streets=CROSS, area=box(4_000, 4_000, 6_000, 6_000))
    with pytest.raises(NotEnoughDataError, match="near a street"):
        count(make([900], [900]), streets=CROSS, area=box(0, 0, 1_000, 1_000))
    with pytest.raises(InputError, match="can't be used with `streets`"):
        count(make([1], [1]), streets=CROSS, areas=areas_of(HALVES))
    with pytest.raises(InputError, match="`streets` must be lines"):
        count(make([1], [1]), streets=gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=32616))


def test_busy_pieces_that_meet_are_one_stretch(make):
    lines = [LineString([(100 * i, 0), (100 * i + 100, 0)]) for i in range(300)]
    x = np.r_[np.full(9, 1_050.0), np.full(9, 1_150.0), np.full(9, 5_050.0), np.arange(0, 30_000, 40)]
    found = count(make(x, np.zeros(len(x))), streets=streets_of(lines))
    assert len(found.areas) == 2
    assert found.areas["n"].iloc[0] > found.areas["n"].iloc[1]
    assert found.areas.geom_type.isin(["Polygon", "MultiPolygon"]).all()


@pytest.mark.parametrize("how", ["areas", "streets", "weights"])
def test_saved_and_shuffled_answers_are_the_same(how, town):
    town["cost"] = np.arange(len(town)) % 7 + 0.1
    lines = [LineString([(x, 0), (x, 8_000)]) for x in range(0, 10_001, 100)]
    given = {"areas": areas_of(HALVES)} if how == "areas" else {"streets": streets_of(lines)}
    if how == "weights":
        given = {"areas": areas_of(HALVES), "weights": "cost"}
    found = count(town, **given)
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.text == found.text
    assert back.table.geometry.geom_equals(found.table.geometry).all()
    before = town.copy(deep=True)
    again = count(town.sample(frac=1, random_state=1), **given)
    assert again.text == found.text
    assert again.areas.drop(columns="geometry").equals(found.areas.drop(columns="geometry"))
    pd.testing.assert_frame_equal(pd.DataFrame(town), pd.DataFrame(before))
    for result in (found, back):
        assert result.plot().get_title(loc="left") == "Where is most of it?"


def test_a_source_gives_the_same_counts(tmp_path):
    pytest.importorskip("duckdb")
    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    events, city = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    streets = sara.datasets.load("riverton_streets")
    for how in ({"areas": city}, {"streets": streets}, {"area": city, "shape": "hexagon"}):
        one, other = count(events, **how), count(path, **how)
        assert other.text == one.text
        assert other.counts == one.counts
        assert other.table["n"].tolist() == one.table["n"].tolist()


def test_days_of_rows_are_local_days(town, tmp_path):
    from sara.hotspots._ground.area import select

    chosen = select(town, area=AREA, period=None, method="count", when=True)
    want = (town["time"].dt.normalize() - pd.Timestamp("1970-01-01")).dt.days
    assert chosen.rows.day.tolist() == want.tolist()
    assert select(town, area=AREA, period=None, method="count").rows.day is None


def test_days_of_a_source_are_those_of_the_table(tmp_path):
    pytest.importorskip("duckdb")
    from sara.hotspots._ground.area import select

    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    city = sara.datasets.load("riverton_areas")
    held = []
    for events in (sara.datasets.load("riverton_calls"), path):
        chosen = select(events, area=city, period=None, method="count", when=True, cell_size=500)
        held.append(pd.Series(chosen.rows.n).groupby([chosen.code, chosen.rows.day]).sum())
    pd.testing.assert_series_equal(held[0], held[1])


def test_a_record_of_the_first_version_still_loads(town):
    found = gi_star(town, area=AREA)
    assert Result.from_dict({**found.to_dict(), "kind": "HotspotResult"}).text == found.text


def test_areas_of_calls_for_help_are_not_named(town):
    areas = areas_of(HALVES, ["West", "East"])
    assert "East" in count(town, areas=areas).text
    town["category"] = "domestic"
    found = count(town, areas=areas)
    assert "East" not in found.text + found.alt_text


def test_a_repaired_outline_leaves_no_lines_behind(make):
    # A spike that runs out and back: its repair is a square and a line.
    bow_tie = shapely.Polygon([(0, 0), (1_000, 0), (1_000, 1_000), (1_500, 1_000), (1_000, 1_000), (0, 1_000)])
    assert shapely.make_valid(bow_tie).geom_type == "GeometryCollection"
    events = make([500.0, 1_400], [500.0, 1_000])
    for given_areas in ({"area": gpd.GeoSeries([bow_tie], crs=32616)}, {"areas": areas_of([bow_tie])}, {"area": bow_tie}):
        found = count(events, **given_areas)
        assert found.counts.rows_used == 1
        assert found.area.geom_type == "Polygon"
    assert Grid.over(shapely.make_valid(bow_tie), cell_size=100).n_cells == 100
