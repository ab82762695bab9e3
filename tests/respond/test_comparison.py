"""Similar places: found where they are, from events before the start alone, and the same whatever the order of rows."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.records import Design
from sara.core.result import Result
from sara.respond import comparison

START = "2024-01-01"
# The lattice of tests/respond/conftest.py.
CRS, X0, Y0, STEP = 32616, 500_000.0, 4_500_000.0, 1_500.0


@pytest.fixture(scope="module")
def design(events, treated):
    return comparison(events, treated=treated, start=START)


def test_places_of_a_like_size_are_found(design):
    similar = design.places("comparison")
    assert len(similar) == design.n == 5
    assert similar["level_ratio"].between(0.75, 1.33).all()
    centres = np.c_[similar.geometry.centroid.x, similar.geometry.centroid.y]
    off = (centres - [X0, Y0] + STEP / 2) % STEP - STEP / 2
    assert np.abs(off).max() < 60, "footprints lie on the lattice of places"


def test_counts_are_those_of_the_place(design, events, treated):
    inside = events.within(treated.geometry.iloc[0]) & (events["time"] < START)
    place = design.places("treated").iloc[0]
    assert place["n_before"] == inside.sum()
    assert place["per_month"] == pytest.approx(inside.sum() / 24)
    monthly = design.monthly.query("role == 'treated'")
    assert len(monthly) == 24 and monthly["n"].sum() == inside.sum()


def test_no_place_touches_another_or_the_treated_one_or_its_buffer(design):
    places = list(design.table.query("role != 'ring'").geometry)
    for i, one in enumerate(places):
        assert not any(one.intersects(other) for other in places[i + 1 :])
    near = places[0].buffer(300)
    assert not any(near.intersects(other) for other in design.candidates_table.geometry)


def test_every_place_has_a_ring_that_leaves_the_places_out(design):
    rings = design.places("ring")
    assert set(rings["ring_of"]) == set(design.table.query("role != 'ring'")["name"])
    taken = shapely.union_all(design.table.query("role != 'ring'").geometry.to_numpy())
    assert all(ring.intersection(taken).area < 1e-6 for ring in rings.geometry)


def test_nothing_after_the_start_matters(events, treated, design):
    earlier = events[events["time"] < START]
    again = comparison(earlier, treated=treated, start=START)
    assert_frame_equal(pd.DataFrame(again.table.drop(columns="geometry")), pd.DataFrame(design.table.drop(columns="geometry")))
    assert design.last_event >= pd.Timestamp(START) > again.last_event


def test_row_order_index_and_input_do_not_matter(events, treated, design):
    before = events.copy(deep=True)
    shuffled = events.sample(frac=1, random_state=3).set_index(pd.Index(np.arange(len(events)) + 7))
    again = comparison(shuffled, treated=treated, start=START)
    assert again.to_dict() == design.to_dict()
    assert_frame_equal(pd.DataFrame(events), pd.DataFrame(before))


def test_windows_are_whole_months_and_clip_to_whole_years(make_events, treated):
    events = make_events(months=30, levels=np.full(30, 30.0))
    design = comparison(events, treated=treated, start="2023-08-01", before="24MS", after="6MS")
    assert design.before == (pd.Timestamp("2022-08-01"), pd.Timestamp("2023-08-01"))
    assert (design.months_before, design.months_after) == (12, 6)
    assert design.settings["before"].chosen_by == "sara"
    short = comparison(events, treated=treated, start="2022-08-01")
    assert short.months_before == 7
    assert any("not whole years" in caution for caution in short.cautions)


def test_the_window_that_chose_the_place_is_remembered(events, treated):
    hot = treated.copy()
    hot.attrs["sara"] = {"period": ["2023-01-01", "2024-01-01"]}
    assert comparison(events, treated=hot, start=START).chosen_on == (pd.Timestamp("2023-01-01"), pd.Timestamp("2024-01-01"))
    told = comparison(events, treated=hot, start=START, chosen_on=("2022-01-01", "2022-12-31"))
    assert told.chosen_on == (pd.Timestamp("2022-01-01"), pd.Timestamp("2023-01-01"))
    assert any("because it was high" in caution for caution in told.cautions)


def test_given_places_are_used_and_those_too_near_left_out(events, treated):
    x = X0 + STEP * np.arange(5)
    given = gpd.GeoDataFrame(
        {"name": list("abcde")}, geometry=gpd.GeoSeries.from_xy(x, np.full(5, Y0)).buffer(130, cap_style="square"), crs=CRS
    )
    design = comparison(events, treated=treated, start=START, candidates=given)
    assert sorted(design.places("comparison")["name"]) == ["b", "c", "d", "e"]
    assert any("1 candidate within 300 m" in caution for caution in design.cautions)
    assert len(design.candidates_table) >= 20, "other untouched places still tell how places drift apart"
    with pytest.raises(InputError, match="`candidates` must lie outside"):
        comparison(events, treated=treated, start=START, candidates=given.head(1))


def test_lonlat_and_several_polygons_are_one_place(events, treated, design):
    assert (
        comparison(events, treated=treated.to_crs(4326), start=START).places("treated")["n_before"].iloc[0]
        == design.places("treated")["n_before"].iloc[0]
    )
    halves = gpd.GeoSeries(
        [shapely.box(X0 - 130, Y0 - 130, X0, Y0 + 130), shapely.box(X0, Y0 - 130, X0 + 130, Y0 + 130)], crs=CRS
    )
    assert (
        comparison(events, treated=halves, start=START).places("treated")["n_before"].iloc[0]
        == design.places("treated")["n_before"].iloc[0]
    )
    assert comparison(events, treated=treated.geometry.iloc[0], start=START).n == 5


def test_a_place_like_no_other_says_so(make_events, treated):
    events = make_events(levels=np.r_[400.0, np.full(29, 8.0)])
    design = comparison(events, treated=treated, start=START)
    assert any("No similar place was found" in caution for caution in design.cautions)


def test_dispersion_is_measured(make_events, treated):
    noisy = comparison(make_events(noise=0.3), treated=treated, start=START)
    plain = comparison(make_events(), treated=treated, start=START)
    assert plain.dispersion == pytest.approx(1.0, abs=0.35)
    assert noisy.dispersion > 2


def test_it_reads_back_speaks_and_draws(design):
    again = Result.from_dict(design.to_dict())
    assert isinstance(again, Design)
    assert again.text == design.text and again.to_dict() == design.to_dict()
    assert "5 similar places had" in design.text and "the corner" not in design.text
    assert again.plot().get_title(loc="left")
    assert len(again.figure().axes) == 2


def test_months_to_come_are_not_zero(events, treated, design):
    early = events[events["time"] < "2023-09-01"].copy()
    early.attrs["sara"] = {**early.attrs["sara"], "coverage": ["2022-01-01", "2023-09-01"]}
    ahead = comparison(early, treated=treated, start=START)
    place = ahead.places("treated").iloc[0]
    assert ahead.before == design.before and ahead.monthly["month"].nunique() == 20
    assert place["per_month"] == pytest.approx(place["n_before"] / 20)
    assert any("end before the response starts" in caution for caution in ahead.cautions)
    with pytest.raises(NotEnoughDataError, match="at least 3 whole months of events in the baseline"):
        comparison(early, treated=treated, start="2025-08-01")


def test_a_bare_polygon_near_the_origin_is_not_taken_for_degrees(events):
    near = events.assign(x=events["x"] - X0, y=events["y"] - Y0)
    near = near.set_geometry(gpd.points_from_xy(near["x"], near["y"], crs=CRS))
    assert comparison(near, treated=shapely.box(-85, -85, 85, 85), start=START).n == 5


def test_the_same_ground_twice_counts_once(events, treated):
    x = X0 + STEP * np.arange(1, 4)
    given = gpd.GeoDataFrame(
        {"name": ["b", None, "d"]}, geometry=gpd.GeoSeries.from_xy(x, np.full(3, Y0)).buffer(130, cap_style="square"), crs=CRS
    )
    twice = gpd.GeoDataFrame(pd.concat([given, given]), crs=CRS)
    once, again = (comparison(events, treated=treated, start=START, candidates=one, n=6) for one in (given, twice))
    assert list(again.places("comparison")["n_before"]) == list(once.places("comparison")["n_before"])
    assert set(once.places("comparison")["name"]) == {"b", "place 2", "d"}
    assert any("3 candidates covered the same ground" in caution for caution in again.cautions)


def test_candidates_that_cross_themselves_are_mended(events, treated):
    bow = shapely.Polygon([(X0 + 1370, Y0 - 130), (X0 + 1630, Y0 + 130), (X0 + 1630, Y0 - 130), (X0 + 1370, Y0 + 130)])
    assert comparison(events, treated=treated, start=START, candidates=gpd.GeoSeries([bow], crs=CRS)).n == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "soon"}, "`start` must be a date"),
        ({"before": "4W"}, "`before` must be a number of whole months"),
        ({"after": "D"}, "`after` must be a number"),
        ({"before": 24}, "`before` must be a number of whole months as text"),
        ({"treated": shapely.Polygon()}, "`treated` must be a polygon with an area"),
        ({"n": 0}, "`n` must be"),
        ({"buffer": "300"}, "`buffer` must be a distance"),
        ({"treated": "strip"}, "`treated` must be polygons"),
        ({"treated": shapely.box(-88.9, 40.9, -88.8, 41.0)}, "looks like longitude and latitude"),
        ({"treated": gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS)}, "`treated` must be polygons"),
    ],
)
def test_mistakes(events, treated, change, words):
    with pytest.raises(InputError, match=words):
        comparison(events, **{"treated": treated, "start": START, **change})


def test_too_little(events, treated):
    with pytest.raises(NotEnoughDataError, match="at least 3 months before"):
        comparison(events, treated=treated, start="2022-02-15")
    with pytest.raises(NotEnoughDataError, match="at least 10 events"):
        comparison(events, treated=gpd.GeoSeries([shapely.box(X0 + 500, Y0 + 500, X0 + 600, Y0 + 600)], crs=CRS), start=START)
    with pytest.raises(InputError, match="has no rows"):
        comparison(events.iloc[:0], treated=treated, start=START)
    alone = events[events.within(treated.geometry.iloc[0].buffer(50))]
    with pytest.raises(NotEnoughDataError, match="at least 1 other place"):
        comparison(alone, treated=treated, start=START)
