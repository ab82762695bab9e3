"""Counts by cell: they add up, on edges too; grids are shared; what is left out is counted."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Polygon, box

from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.grid import Grid
from sara.core.result import Result
from sara.hotspots import clusters, count, gi_star

AREA = box(0, 0, 10_000, 8_000)


def test_a_street_lattice_is_counted_once(make):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 101, 5_000) * 100.0, rng.integers(0, 81, 5_000) * 100.0
    found = count(make(x, y), area=AREA, cell_size=100)
    assert found.table["n"].sum() == 5_000 == found.counts.rows_used
    assert len(found.grid) == 8_000


def test_counts_are_numpys_inside_a_box(make):
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 10_000, 4_000), rng.uniform(0, 8_000, 4_000)
    found = count(make(x, y), area=AREA, cell_size=200)
    want = np.histogram2d(y, x, bins=[np.arange(0, 8_001, 200), np.arange(0, 10_001, 200)])[0]
    assert found.table["n"].tolist() == want.ravel().astype(int).tolist()


def test_every_row_left_out_is_counted_by_reason(make):
    events = make([100, 200, np.nan, 20_000, 300, 400], [100] * 6)
    events["time"] = pd.to_datetime(["2024-02-01", "2023-02-01", "2024-02-01", "2024-02-01", None, "2024-02-01"])
    found = count(events, area=AREA)
    assert found.counts.rows_used == 2
    assert found.counts.left_out == {"no time": 1, "outside the period": 1, "no location": 1, "outside the study area": 1}


def test_inside_is_decided_by_the_outline_not_by_the_cell(make):
    triangle = Polygon([(0, 0), (1_000, 0), (0, 1_000)])
    found = count(make([10, 510, 500], [10, 510, 500]), area=triangle, cell_size=100)
    assert found.counts.rows_used == 2
    assert found.counts.left_out == {"outside the study area": 1}


def test_a_grid_is_shared_and_its_own_size_is_reported(make, town):
    first = count(town, area=AREA, cell_size=400)
    for grid in (first, first.grid, Grid.over(AREA, cell_size=400, crs=town.crs), Result.from_dict(first.to_dict())):
        for method in (count, gi_star):
            again = method(town, grid=grid)
            assert again.settings["cell_size"].value == 400
            assert again.table[["row", "column", "n"]].equals(first.table[["row", "column", "n"]])
    with pytest.warns(SaraWarning, match="`cell_size` is not used"):
        assert count(town, grid=first, cell_size=100).settings["cell_size"].value == 400
    with pytest.warns(SaraWarning, match="`area` is not used"):
        count(town, grid=first, area=box(0, 0, 500, 500))


def test_weights_are_added_up(make):
    events = make([50, 50, 150], [50, 50, 50], cost=[1.5, 2.0, 0.0])
    found = count(events, area=box(0, 0, 400, 400), cell_size=100, weights="cost")
    assert found.table["weight"].tolist()[:2] == [3.5, 0.0]
    assert found.table["n"].tolist()[:2] == [2, 1]
    equal = count(make([50, 50, 150], [50, 50, 50], cost=1.0), area=box(0, 0, 400, 400), cell_size=100, weights="cost")
    assert equal.table["weight"].tolist() == equal.table["n"].tolist()


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_a_weight_that_is_no_weight_is_refused(make, bad):
    with pytest.raises(InputError, match="`weights` must hold numbers of zero or more"):
        count(make([1, 2], [1, 2], cost=[1.0, bad]), area=AREA, weights="cost")


@pytest.mark.parametrize(
    ("bad", "words"),
    [(np.nan, "Got no number in row 1 .*fillna"), (-1.0, r"Got -1 in row 1 .*Write: events = events\[events\['cost'\] >= 0\]"), ("much", "Got text, 'much', .*to_numeric")],
)  # fmt: skip
def test_what_to_do_about_a_weight_depends_on_what_is_wrong(make, bad, words):
    with pytest.raises(InputError, match=words):
        count(make([1, 2], [1, 2], cost=[1.0, bad]), area=AREA, weights="cost")


def test_the_default_cell_is_not_finer_than_the_coordinates(make):
    events = make(np.arange(300) * 20.0, np.zeros(300))
    assert count(events).settings["cell_size"].value == 10
    events.attrs["sara"]["smallest_cell"] = 225
    found = count(events)
    assert found.settings["cell_size"].value == 225
    assert found.settings["cell_size"].chosen_by == "sara"
    assert not any("say more than they know" in caution for caution in found.cautions)
    assert any("under 225 m" in caution for caution in count(events, cell_size=50).cautions)


def test_areas_are_the_busiest_cells_with_the_period_that_chose_them(town):
    found = count(town, area=AREA)
    assert list(found.areas.columns) == ["name", "n", "excess", "p_adjusted", "km2", "geometry"]
    assert found.areas["excess"].is_monotonic_decreasing
    assert found.areas.head(1).attrs["sara"]["period"] == ["2024-01-01T00:00:00", "2025-01-01T00:00:00"]
    assert found.areas["name"].iloc[0] == "Busy area 1 near 1400 block of N 35TH ST"
    assert "1423" not in found.text + json.dumps(found.to_dict())


def test_calls_for_help_never_name_a_place(town):
    town["category"] = np.where(town["place"] == "1423 N 35TH ST", "domestic", "noise")
    for method in (count, gi_star, clusters):
        assert not method(town, area=AREA).areas["name"].str.contains("35TH").any()


def test_without_an_area_the_hull_leaves_strays_out_and_says_so(make):
    rng = np.random.default_rng(3)
    found = count(make(np.r_[rng.uniform(0, 5_000, 999), 4e6], np.r_[rng.uniform(0, 5_000, 999), 9e6]))
    assert found.counts.left_out["outside the study area"] < 25
    assert len(found.grid) <= 2_601
    assert any("No study area was given" in caution for caution in found.cautions)


def test_the_area_may_be_anything_with_polygons(make, town):
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[box(0, 0, 5_000, 8_000), box(5_000, 0, 10_000, 8_000)], crs=town.crs)
    want = count(town, area=AREA, cell_size=250).table["n"].tolist()
    for area in (frame, frame.geometry, frame.dissolve()):
        assert count(town, area=area, cell_size=250).table["n"].tolist() == want
    assert count(town, area=frame.to_crs(4326), cell_size=250).counts.rows_used == 3_000
    with pytest.raises(InputError, match="looks like longitude and latitude"):
        count(town, area=box(-90, 40, -89, 41))
    with pytest.raises(InputError, match="`area` must be a polygon"):
        count(town, area=box(0, 0, 1, 1).centroid)


def test_a_lost_record_is_a_caution_and_officers_are_told(make, town):
    town["origin"] = ["officer"] * 300 + ["community"] * 2_700
    town.attrs.clear()
    cautions = " ".join(count(town, area=AREA).cautions)
    assert "lost its own record" in cautions
    assert "10 % of these calls were started by officers" in cautions


def test_nothing_there_is_said(make):
    with pytest.raises(NotEnoughDataError, match="Got 0"):
        count(make([1e6], [1e6]), area=AREA)
    with pytest.raises(NotEnoughDataError, match="Got 0"):
        count(make([np.nan], [np.nan]))
    assert count(make([5.0], [5.0])).table["n"].sum() == 1


@pytest.mark.parametrize("method", [count, gi_star, clusters])
def test_a_result_survives_json_and_order(method, town):
    found = method(town, area=AREA)
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.text == found.text
    assert back.areas.attrs == found.areas.attrs
    assert back.areas.geometry.geom_equals_exact(found.areas.geometry, 1e-6).all()
    pd.testing.assert_frame_equal(
        pd.DataFrame(back.table.drop(columns="geometry")), pd.DataFrame(found.table.drop(columns="geometry"))
    )
    assert back.table.geometry.geom_equals_exact(found.table.geometry, 1e-6).all()
    again = method(town.sample(frac=1, random_state=2).set_axis([f"r{i}" for i in range(3_000)]), area=AREA)
    assert again.text == found.text
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.areas.drop(columns="geometry")), pd.DataFrame(found.areas.drop(columns="geometry"))
    )
    assert again.areas.geometry.geom_equals(found.areas.geometry).all()
