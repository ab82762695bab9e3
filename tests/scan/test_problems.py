"""scan.problems: what is planted is found, what only looks like a problem is turned down, and the numbers add up."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import shape

import sara
from sara.core.result import Result
from sara.scan._score import PARTS

HOT = {"x": 502_333.0, "y": 4_001_777.0, "place": "12 HOT ST"}


def kinds(board):
    return set(board.rejected["kind"])


# ---- what is planted is found


def test_a_hot_place_is_first_with_its_own_numbers(town, rng):
    calls = town.with_(town.rows(150, "disorder", **HOT, rng=rng, hour=[23, 0, 1]))
    board = sara.scan.problems(calls, areas=town.areas())
    row = board.table.iloc[0]
    assert (row["category"], row["unit"], row["n"], row["within"]) == ("disorder", "place", 150, "Area 7")
    assert row["name"] == "Disorder at 12 HOT ST"
    assert "12 HOT" not in row["public_name"]
    assert row["repeat_share"] == pytest.approx(149 / 150)
    assert "23:00" in row["hours"] or "00:00" in row["hours"]
    assert row["callers"] == 150
    assert row["community_share"] == 1.0
    inside = sara.within(calls, board.table).isin([row["name"]])
    assert (inside & (calls["place"] == "12 HOT ST")).sum() == 150


def test_a_hot_area_is_found_and_not_laid_on_one_place(town, rng):
    where = rng.integers(0, 200, 500)
    x, y = 500_050.0 + where % 10 * 90, 4_000_050.0 + where // 10 * 45
    calls = town.with_(town.rows(500, "noise", x=x, y=y, place=[f"{w} NEW RD" for w in where], rng=rng))
    board = sara.scan.problems(calls, areas=town.areas())
    row = board.table[board.table["unit"] == "area"].iloc[0]
    assert (row["category"], row["within"], row["name"]) == ("noise", "Area 1", "Noise in Area 1")
    assert row["n"] > 500
    assert not (board.table["unit"] == "place").any()


def test_nothing_planted_nothing_found(town):
    """Without any difference between units one board in twenty may name something; over 200 towns 5 did."""
    named = sum(len(sara.scan.problems(town.with_(seed=seed), areas=town.areas()).table) > 0 for seed in range(20))
    assert named <= 3


def test_neighboring_places_are_one_problem_and_distant_ones_are_two(town, rng):
    near = [town.rows(60, "disorder", x=502_300.0 + 80 * i, y=4_001_700.0, place=f"{10 + i} BAR ST", rng=rng) for i in range(3)]
    far = town.rows(60, "disorder", x=500_500.0, y=4_003_500.0, place="99 FAR ST", rng=rng)
    board = sara.scan.problems(town.with_(*near, far), areas=town.areas())
    places = board.table[board.table["unit"] == "place"]
    assert sorted(places["n"]) == [60, 180]
    assert "2 places nearby" in places.sort_values("n")["name"].iloc[-1]


def test_a_place_that_holds_the_excess_stands_for_its_area(town, rng):
    board = sara.scan.problems(town.with_(town.rows(300, "theft", **HOT, rng=rng)), areas=town.areas())
    mine = board.table[board.table["category"] == "theft"]
    assert mine["unit"].tolist() == ["place"]


def test_emerging_beats_fading(town, rng):
    new = town.rows(80, "theft", x=501_111.0, y=4_002_222.0, place="1 NEW ST", rng=rng, weeks=(60, 104))
    old = town.rows(80, "theft", x=503_111.0, y=4_000_222.0, place="1 OLD ST", rng=rng, weeks=(0, 60))
    table = sara.scan.problems(town.with_(new, old), areas=town.areas()).table.set_index("top_place")
    assert table.loc["1 NEW ST", "trend"] > 50
    assert table.loc["1 OLD ST", "trend"] < -50
    assert table.loc["1 NEW ST", "lasting"] == "acute"
    assert table.loc["1 NEW ST", "rank"] < table.loc["1 OLD ST", "rank"]


def test_expected_is_the_share_of_all_other_calls(town, rng):
    x, y = rng.uniform(500_100, 500_900, 300), rng.uniform(4_000_100, 4_000_900, 300)
    calls = town.with_(town.rows(300, "noise", x=x, y=y, place=[f"{i} X ST" for i in range(300)], rng=rng))
    areas = town.areas()
    row = sara.scan.problems(calls, areas=areas).table.query("unit == 'area'").iloc[0]
    where = sara.within(calls, areas)
    others = calls["category"] != "noise"
    by_area = where[others].value_counts()
    expected = (~others).sum() * (by_area["Area 1"] + 5) / (by_area.sum() + 16 * 5)
    assert row["expected"] == pytest.approx(expected)


def test_complaints_of_a_related_kind_are_counted_near_the_place(town, rng):
    calls = town.with_(
        town.rows(120, "noise", **HOT, rng=rng), town.rows(120, "theft", x=500_700.0, y=4_003_300.0, place="5 SHOP ST", rng=rng)
    )
    told = town.events(
        pd.concat(
            [
                town.background(rng, 400, ("noise", "sanitation", "tree")),
                town.rows(40, "noise", x=HOT["x"] + 60, y=HOT["y"], place="14 HOT ST", rng=rng),
            ]
        ),
        "complaints",
    )
    board = sara.scan.problems(calls, told, areas=town.areas())
    noise = board.table.query("category == 'noise'").iloc[0]
    assert 40 <= noise["complaints"] <= 60
    assert noise["complaints_ratio"] > 2
    assert noise["complaints_ratio_percentile"] > board.table.query("category == 'theft'").iloc[0]["complaints_ratio_percentile"]
    assert any("theft" in caution for caution in board.cautions), "no complaint is related to theft, and the board says so"


# ---- look-alikes


def test_one_caller_is_turned_down(town, rng):
    board = sara.scan.problems(town.with_(town.rows(150, "noise", **HOT, rng=rng, caller="zzz")), areas=town.areas())
    assert "one caller" in kinds(board)
    assert not (board.table["category"] == "noise").any()
    assert "zzz" not in json.dumps(board.to_dict())


def test_a_problem_with_one_loud_caller_stays_and_says_so(town, rng):
    loud, others = town.rows(60, "noise", **HOT, rng=rng, caller="zzz"), town.rows(90, "noise", **HOT, rng=rng)
    row = sara.scan.problems(town.with_(loud, others), areas=town.areas()).table.iloc[0]
    assert row["n"] == 150
    assert row["top_caller_share"] == pytest.approx(0.4)


def test_patrol_is_turned_down_and_counted(town, rng):
    calls = town.with_(town.rows(400, "disorder", **HOT, rng=rng, origin="officer"))
    board = sara.scan.problems(calls, areas=town.areas())
    assert "officer-initiated" in kinds(board)
    assert board.table.empty
    assert board.counts.left_out["started by an officer"] == 400


def test_calls_for_help_put_no_address_on_a_list(town, rng):
    calls = town.with_(
        town.rows(200, "domestic", **HOT, rng=rng), categories=("theft", "noise", "vandalism", "disorder", "domestic")
    )
    board = sara.scan.problems(calls, areas=town.areas())
    assert not (board.table["category"] == "domestic").any(), "neither the address nor an area hot through it alone"
    help_rows = board.rejected[board.rejected["kind"] == "calls for help"]
    assert len(help_rows)
    assert help_rows.loc[help_rows["unit"] == "place", "geometry"].isna().all()
    assert "HOT ST" not in json.dumps(board.to_dict())


def test_one_week_is_no_problem(town, rng):
    board = sara.scan.problems(town.with_(town.rows(60, "vandalism", **HOT, rng=rng, weeks=(50, 51))), areas=town.areas())
    assert "single burst" in kinds(board)
    assert board.table.empty


def test_few_weeks_are_turned_down(town, rng):
    burst = [town.rows(9, "vandalism", **HOT, rng=rng, weeks=(week, week + 1)) for week in (10, 30, 50, 70)]
    board = sara.scan.problems(town.with_(*burst), areas=town.areas())
    assert "too few weeks" in kinds(board)
    assert board.table.empty


def test_repeated_rows_are_counted_once(town, rng):
    ten = town.rows(6, "theft", **HOT, rng=rng)
    calls = town.with_(*[ten] * 10)
    board = sara.scan.problems(calls, areas=town.areas())
    assert board.counts.left_out["the same row again"] == 54
    assert "the same row again" in kinds(board)
    assert board.table.empty


def test_a_category_recorded_in_half_of_the_period_is_turned_down_once(town, rng):
    half = town.rows(
        700,
        "drugs",
        x=rng.uniform(500_000, 504_000, 700),
        y=rng.uniform(4_000_000, 4_004_000, 700),
        place=[f"{i} Z ST" for i in range(700)],
        rng=rng,
        weeks=(55, 104),
    )
    hot = town.rows(90, "drugs", **HOT, rng=rng, weeks=(55, 104))
    board = sara.scan.problems(town.with_(half, hot), areas=town.areas())
    changed = board.rejected[board.rejected["kind"] == "change of recording"]
    assert changed["category"].tolist() == ["drugs"]
    assert not (board.table["category"] == "drugs").any()


def test_a_station_desk_is_not_a_hot_spot_of_fraud(town, rng):
    desk = [town.rows(80, category, **HOT, rng=rng) for category in ("lost or found property", "fraud")]
    board = sara.scan.problems(town.with_(*desk), areas=town.areas())
    assert "reported at a desk" in kinds(board)
    assert not (board.table["category"] == "fraud").any()
    assert board.counts.left_out["reported at a desk"] == 80


# ---- the rules of every result


@pytest.fixture(scope="module")
def board(town):
    rng = np.random.default_rng(3)
    calls = town.with_(
        town.rows(150, "disorder", **HOT, rng=rng), town.rows(90, "theft", x=500_500.0, y=4_003_500.0, place="9 MALL DR", rng=rng)
    )
    told = town.events(town.background(rng, 300, ("noise", "sanitation")), "complaints")
    return sara.scan.problems(calls, told, areas=town.areas(residents=2_000))


def test_score_is_the_mean_of_the_percentiles_and_ranks(board):
    parts = board.table[[f"{part}_percentile" for part in PARTS]]
    np.testing.assert_allclose(board.table["score"], parts.mean(axis=1))
    assert board.table["score"].is_monotonic_decreasing
    assert board.table["rank"].tolist() == list(range(1, len(board.table) + 1))
    assert board.table["name"].is_unique
    assert parts.stack().between(0, 1).all()


def test_text_is_publishable_and_speaks_of_all_parts(board):
    for words in (board.text, board.quiet_text, board.alt_text, board.cheers_text(1)):
        assert "12 HOT" not in words
        assert "nan" not in words.lower().split()
    assert board.cheers(1)["letter"].tolist() == ["Community", "Harm", "Expectation", "Events", "Recurrence", "Similarity"]
    with pytest.raises(sara.InputError, match="rank"):
        board.cheers(99)


def test_round_trip_and_figures(board):
    back = Result.from_dict(json.loads(json.dumps(board.to_dict(), allow_nan=False)))
    assert back.text == board.text
    assert back.quiet_text == board.quiet_text
    assert back.counts == board.counts
    assert back.table.geometry.geom_equals_exact(board.table.geometry, 1e-6).all()
    back.plot().figure.canvas.draw()
    back.figure().canvas.draw()


def test_a_board_without_candidates_speaks_draws_and_reloads(town):
    empty = sara.scan.problems(town.with_(seed=1), areas=town.areas())
    assert empty.table.empty
    assert "No kind of call" in empty.text
    assert empty.plot() is not None
    assert Result.from_dict(json.loads(json.dumps(empty.to_dict()))).table.empty


def test_order_and_index_do_not_matter_and_input_is_kept(town, rng):
    calls = town.with_(town.rows(150, "disorder", **HOT, rng=rng))
    kept = calls.copy(deep=True)
    first = sara.scan.problems(calls, areas=town.areas())
    pd.testing.assert_frame_equal(pd.DataFrame(calls), pd.DataFrame(kept))
    mixed = calls.sample(frac=1, random_state=5)
    mixed.index = [f"r{i}" for i in range(len(mixed))]
    again = sara.scan.problems(mixed, areas=town.areas())
    pd.testing.assert_frame_equal(
        pd.DataFrame(first.table.drop(columns="geometry")), pd.DataFrame(again.table.drop(columns="geometry"))
    )


def test_without_areas_squares_are_drawn_and_the_board_says_so(town, rng):
    board = sara.scan.problems(town.with_(town.rows(150, "disorder", **HOT, rng=rng)))
    assert board.table.iloc[0]["n"] == 150
    assert any("No areas" in caution for caution in board.cautions)


def test_complaints_in_another_projection(town, rng):
    calls = town.with_(town.rows(150, "noise", **HOT, rng=rng))
    told = town.events(town.background(rng, 300, ("noise", "sanitation")), "complaints")
    here = sara.scan.problems(calls, told, areas=town.areas())
    moved = told.to_crs(32615)
    moved["x"], moved["y"] = moved.geometry.x, moved.geometry.y
    there = sara.scan.problems(calls, moved, areas=town.areas())
    pd.testing.assert_series_equal(here.table["complaints"], there.table["complaints"])


def test_a_table_of_one_category_is_spread_by_residents(town, rng):
    x = np.r_[rng.uniform(500_000, 504_000, 1_600), rng.uniform(500_000, 501_000, 400)]
    y = np.r_[rng.uniform(4_000_000, 4_004_000, 1_600), rng.uniform(4_000_000, 4_001_000, 400)]
    calls = town.events(town.rows(2_000, "burglary", x=x, y=y, place=[f"{i} S ST" for i in range(2_000)], rng=rng))
    row = sara.scan.problems(calls, areas=town.areas(residents=1_000)).table.iloc[0]
    assert (row["within"], row["unit"]) == ("Area 1", "area")
    assert row["expected"] == pytest.approx(2_000 / 16, rel=0.02)


def test_quiet_is_measured_by_reports_of_the_same_event(town):
    calls = town.with_(per_category=6_000)
    area = sara.within(calls, town.areas())
    draw = np.random.default_rng(5)
    calls["n_reports"] = 1 + draw.poisson(np.where(area == "Area 3", 0.02, 0.08))
    reporting = sara.scan.problems(calls, areas=town.areas()).reporting
    assert reporting.loc[reporting["is_quiet"], "area"].tolist() == ["Area 3"]


@pytest.mark.parametrize(
    ("bad", "match"),
    [("list", "event table"), ("empty", "no rows"), ("nameless areas", "name")],
)
def test_mistakes_are_answered_in_words(town, bad, match):
    good = town.with_(per_category=200)
    calls = {"list": [1, 2], "empty": good.iloc[:0]}.get(bad, good)
    areas = town.areas().drop(columns="name") if bad == "nameless areas" else town.areas()
    with pytest.raises(sara.InputError, match=match):
        sara.scan.problems(calls, areas=areas)


def test_too_few_calls(town):
    with pytest.raises(sara.NotEnoughDataError, match="100"):
        sara.scan.problems(town.with_(per_category=200).iloc[:50], areas=town.areas())


# ---- the synthetic city and real ones


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))])
def test_the_planted_problems_are_among_the_first_eight_and_no_decoy_is_offered(seed):
    from sara.teach.city import city

    made = city(seed=seed)
    calls = made.calls
    board = sara.scan.problems(calls, made.complaints, areas=made.areas)
    first = board.table.head(8)
    for planted in made.truth["problems"]:
        own = calls[calls["id"].isin(planted["event_ids"])]
        held = [own.geometry.intersects(row.geometry).sum() for row in first.itertuples() if row.category == planted["category"]]
        assert max(held, default=0) >= 0.5 * len(planted["event_ids"]), planted["name"]
    places = pd.concat([board.table, board.more]).query("unit == 'place'")
    for decoy in made.truth["decoys"]:
        spot = gpd.GeoSeries([shape(decoy["geometry"])], crs=4326).to_crs(calls.crs).iloc[0]
        same = places["category"] == decoy["category"] if decoy["category"] else pd.Series(True, index=places.index)
        assert not (places.geometry.intersects(spot) & same).any(), decoy["name"]
    assert {"default location", "officer-initiated", "one caller", "calls for help"} <= set(board.rejected["kind"])


def test_seattle_names_what_its_analysts_know(real_data):
    calls = sara.read_calls(real_data / "seattle" / "seattle_911_2015.csv.gz")
    areas = sara.read_areas(real_data / "seattle" / "seattle_neighborhoods.geojson")
    board = sara.scan.problems(calls, areas=areas)
    found = board.table[["category", "within"]].apply(tuple, axis=1).tolist()
    assert ("shoplifting", "Central Business District") in found
    assert ("assault", "Pioneer Square") in found
    assert "reported at a desk" in set(board.rejected["kind"])
    assert not set(board.table["category"]) & {"traffic stop", "administrative", "lost or found property"}
