"""The list of hot places: planted problems come first, nothing counts twice, nobody is named."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from shapely.geometry import box

import sara
from sara.core.codec import decode, encode
from sara.core.errors import InputError, NotEnoughDataError
from sara.data.privacy import hundred_block, public_place
from sara.hotspots import hot_places

AREA = box(0, 0, 10_000, 8_000)
TOWN = box(0, 0, 10_000, 3_000)


@pytest.fixture(scope="module")
def world():
    truth = json.loads((sara.datasets.folder() / "truth.json").read_text())
    return sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas"), truth


@pytest.fixture
def street_town(make):
    """Return a scatter over 2,000 addresses; one address, one block and one area of addresses are hot, each at its own hours."""
    rng = np.random.default_rng(11)
    number, street = np.arange(2_000) % 100, np.arange(2_000) // 100
    hx, hy = 300 + number * 90.0, 300 + street * 120.0
    name = np.array([f"{100 + 10 * n} N {s + 1}TH ST" for n, s in zip(number, street, strict=True)], dtype=object)
    house = rng.integers(0, 2_000, 3_000)
    dot = np.full(90, 5 * 100 + 50)
    line = 12 * 100 + 20 + rng.integers(0, 6, 90)
    blob = (rng.integers(14, 17, 240)) * 100 + rng.integers(70, 76, 240)
    at = np.r_[house, dot, line, blob]
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, len(at)), unit="D")
    hour = np.r_[rng.integers(0, 24, 3_000), rng.integers(9, 13, 90), rng.integers(0, 24, 90), rng.integers(0, 24, 240)]
    time = day + pd.to_timedelta(hour, unit="h")
    return make(hx[at], hy[at], time=list(time), place=name[at], dow=time.day_of_week, hour=hour, month=time.month)


@pytest.mark.parametrize("streets", [False, True])
def test_every_planted_problem_is_the_first_place_of_its_kind(world, streets):
    calls, areas, truth = world
    layer = sara.datasets.load("riverton_streets") if streets else None
    for problem in truth["problems"]:
        found = hot_places(calls[calls["category"] == problem["category"]], area=areas, streets=layer)
        shape = gpd.GeoSeries([shapely.from_geojson(json.dumps(problem["geometry"]))], crs=4326).to_crs(found.areas.crs).iloc[0]
        assert found.areas.geometry.iloc[0].intersects(shape), problem["name"]
        if problem["unit"] == "place":
            assert found.table["kind"].iloc[0] == "dot"
            assert hundred_block(found.table["place"].iloc[0]) in {hundred_block(place) for place in problem["places"]}


def test_dot_line_and_area_are_told_apart_and_each_has_its_clock(street_town):
    found = hot_places(street_town, area=TOWN)
    assert found.table["kind"].tolist()[:3].count("area") == 1
    area = found.table[found.table["kind"] == "area"].iloc[0]
    assert area["n"] >= 240 and area["spatial"] == "clustered" and "TH ST" in area["name"]
    dot = found.table[found.table["kind"] == "dot"].iloc[0]
    assert dot["place"] == "600 N 6TH ST" and dot["name"].endswith("600 block of N 6TH ST")
    assert dot["temporal"] == "acute" and dot["peak"] == "09:00-13:00" and dot["spatial"] == "hot point"
    line = found.table[found.table["kind"] == "line"].iloc[0]
    assert "300 block of N 13TH ST" in line["name"] and line["temporal"] == "diffused"


def test_no_event_counts_twice_and_counts_add_up(world):
    calls, areas, _ = world
    found = hot_places(calls, area=areas, n=60)
    table = found.table
    assert table["n"].sum() <= found.counts.rows_used
    assert found.counts.rows_in == len(calls)
    assert found.counts.rows_used + sum(found.counts.left_out.values()) == len(calls)
    assert found.areas.geometry.area.sum() == pytest.approx(found.areas.union_all().area, rel=1e-6)
    assert (table["excess"].diff().dropna() <= 1e-9).all()
    np.testing.assert_allclose(table["excess"], table["n"] - table["expected"])
    assert table["months_active"].between(0, 1).all() and (table["p_adjusted"] <= 0.05).all()
    assert set(found.parts["parent"]) <= set(table["name"])


def test_calls_for_help_and_default_points_are_never_listed(world):
    calls, areas, truth = world
    found = hot_places(calls, area=areas, n=500)
    assert found.counts.left_out["calls for help"] > 10_000 and found.counts.left_out["at a default point"] > 1_000
    for decoy in truth["decoys"]:
        if decoy["kind"] in ("calls for help", "default address"):
            assert decoy["address"] not in set(found.table.loc[found.table["kind"] == "dot", "place"])
    helped = calls[calls["category"].isin(sara.data.categories.help_categories())]
    with pytest.raises(NotEnoughDataError, match="never listed by address"):
        hot_places(helped, area=areas)


def test_words_name_no_house(world):
    calls, areas, _ = world
    found = hot_places(calls[calls["category"] == "noise"], area=areas)
    exact = [place for place in found.table.loc[found.table["kind"] == "dot", "place"] if public_place(place) != place]
    assert exact
    said = " ".join(
        [
            found.text,
            found.alt_text,
            *found.cautions,
            *found.table["name"],
            *found.parts["name"],
            *(t.get_text() for t in found.plot().texts),
        ]
    )
    said += " ".join(text.get_text() for axes in found.figure().axes for text in axes.texts)
    assert not any(place in said for place in exact)
    assert found.private_columns == ("place",)


def test_matrix_counts_the_places_with_a_class(street_town):
    found = hot_places(street_town, area=TOWN)
    matrix = found.matrix()
    assert matrix.shape == (3, 3)
    assert matrix.to_numpy().sum() == found.table["spatial"].notna().sum()
    assert matrix.loc["hot point", "acute"] >= 1


def test_days_alone_give_classes_by_weekday(street_town):
    plain = street_town.copy()
    plain["hour"] = pd.array([None] * len(plain), dtype="Int8")
    found = hot_places(plain, area=TOWN)
    assert any("no hour" in caution for caution in found.cautions)
    assert not found.table["peak"].dropna().str.contains(r"\d").any()


def test_blocks_alone_are_stretches_and_say_that_addresses_are_unknown(street_town):
    coarse = street_town.copy()
    coarse["place"] = [f"{int(p.split()[0]) // 100 * 100} BLOCK OF {' '.join(p.split()[1:])}" for p in coarse["place"]]
    found = hot_places(coarse, area=TOWN)
    assert set(found.table["kind"]) <= {"line", "area"}
    assert found.table.loc[found.table["kind"] == "line", "spatial"].isna().all()
    assert any("hundred blocks" in caution for caution in found.cautions)


def test_without_addresses_there_are_points_and_it_is_said(street_town):
    bare = street_town.copy()
    bare["place"] = None
    found = hot_places(bare, area=TOWN)
    assert any("no address" in caution for caution in found.cautions)
    assert "Point" in " ".join(found.table["name"])


def test_order_of_rows_and_index_change_nothing_and_input_stays(street_town):
    before = street_town.copy()
    one = hot_places(street_town, area=TOWN)
    other = hot_places(street_town.sample(frac=1, random_state=5).set_index(np.arange(len(street_town)) + 9), area=TOWN)
    assert_geodataframe_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.parts, other.parts)
    assert street_town.equals(before)


def test_a_source_and_a_saved_result_are_the_same(world):
    calls, areas, _ = world
    noise = calls[calls["category"] == "noise"]
    one, other = hot_places(noise, area=areas), hot_places(sara.open_events(noise), area=areas)
    assert_geodataframe_equal(one.table, other.table, check_dtype=False)
    back = decode(encode(one))
    assert back.text == one.text and back.matrix().equals(one.matrix())
    assert len(back.parts) == len(one.parts)
    back.plot()
    back.figure()


def test_nothing_hot_is_said(make):
    rng = np.random.default_rng(1)
    house = rng.integers(0, 900, 900)
    at = np.c_[(house % 30) * 300.0 + 200, (house // 30) * 250.0 + 200]
    found = hot_places(make(*at.T, place=np.array([f"{100 + h} ELM ST" for h in house], dtype=object)), area=AREA)
    assert found.table.empty and "no address, stretch or small area" in found.text
    found.plot()
    found.figure()


@pytest.mark.parametrize("given", [{"n": 0}, {"n": 2.5}, {"streets": 3}, {"areas": "names"}])
def test_mistakes_are_told(street_town, given):
    with pytest.raises(InputError, match="must be"):
        hot_places(street_town, area=AREA, **given)


def test_too_few_are_told(make):
    with pytest.raises(NotEnoughDataError, match="at least 30"):
        hot_places(make(np.arange(12), np.arange(12)), area=AREA)


def test_places_that_one_caller_or_officers_make_are_named(world):
    calls, areas, truth = world
    caller = next(decoy for decoy in truth["decoys"] if decoy["kind"] == "one caller")
    found = hot_places(calls[calls["category"] == caller["category"]], area=areas)
    first = found.table.iloc[0]
    assert hundred_block(first["place"]) == hundred_block(caller["address"]) and first["top_caller"] > 0.9
    assert (found.table["top_caller"].iloc[1:] < 0.5).all()
    told = [caution for caution in found.cautions if "one and the same caller" in caution]
    assert len(told) == 1 and first["name"] in told[0]
    patrols = hot_places(calls[calls["category"] == "directed patrol"], area=areas)
    assert (patrols.table["officer_share"] == 1).all() and any("started by officers" in c for c in patrols.cautions)


def test_maps_show_a_house_as_its_square_only(world, monkeypatch):
    from sara.hotspots._maps import explore as _explore

    calls, areas, _ = world
    found = hot_places(calls[calls["category"] == "noise"], area=areas)
    house = ((found.table["kind"] == "dot") & ~found.table["name"].str.startswith("Corner")).to_numpy(dtype=bool)
    assert house.any()
    given = []
    whole = _explore.explore
    monkeypatch.setattr(_explore, "explore", lambda result, **rest: given.append(result) or whole(result, **rest))
    page = found.explore(areas=areas)._repr_html_()
    assert not any(place in page for place in found.table.loc[house, "place"])
    for frame in (given[0].table, given[0].areas):
        for shown, meant in zip(frame.geometry[house], found.table.geometry[house], strict=True):
            assert shown.area == 250**2 and shown.covers(meant.centroid)
            assert np.mod(shown.bounds, 250).tolist() == [0.0] * 4
    drawn = np.concatenate([part.get_offsets() for part in found.plot().collections if len(part.get_offsets()) > 1])
    assert not shapely.intersects(shapely.points(drawn), found.table.geometry[house].union_all().buffer(-20)).any()


def test_notebooks_show_no_exact_address(world):
    calls, areas, _ = world
    found = hot_places(calls[calls["category"] == "noise"], area=areas, n=5)
    page = found._repr_html_()
    exact = found.table["place"].dropna()
    houses = [place for place in exact if hundred_block(place) != place]
    assert houses and not any(place in page for place in houses)
    assert "<th>place</th>" not in page and "<th>name</th>" in page


@pytest.mark.parametrize("place", [None, "1423 N 35TH ST", "1400 BLOCK OF N 35TH ST"])
def test_where_everything_lies_at_one_place_it_is_listed(make, place):
    n = 240
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) % 300, unit="D")
    found = hot_places(make(np.full(n, 5_000.0), np.full(n, 4_000.0), time=list(days), place=place), area=AREA)
    assert len(found.table) == 1 and found.table["n"].iloc[0] == n
    assert found.table["kind"].iloc[0] == ("line" if place and "BLOCK" in place else "dot")
    assert np.isnan(found.table["p_adjusted"].iloc[0])
    assert f"all {n} calls lie at one place" in found.text and any("Everything lies at one place" in c for c in found.cautions)
    found.plot()
    assert decode(encode(found)).text == found.text


def test_a_map_of_a_part_lists_only_what_is_seen(world):
    calls, areas, _ = world
    found = hot_places(calls[calls["category"] == "noise"], area=areas)
    axes = found.plot(zoom=True)
    listed = next(text.get_text() for text in axes.texts if text.get_text().startswith("Largest excess")).splitlines()[1::2]
    numbers = [int(line.split()[0]) for line in listed]
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    assert numbers and numbers[0] == 1
    assert found.table.geometry.iloc[[i - 1 for i in numbers]].distance(box(x0, y0, x1, y1)).max() < 250


def test_points_without_an_address_are_told_from_the_middle(make, street_town):
    found = hot_places(street_town.assign(place=None), area=TOWN)
    assert not found.table["name"].str.contains("square").any()
    assert found.table["name"].str.contains("of the middle|in the middle").any()
