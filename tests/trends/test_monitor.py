"""Many series at once: what is above the usual, what fell silent, what can't be judged."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import sara
from sara.core.result import Result
from sara.trends import monitor

WEEKS = pd.date_range("2020-01-06", periods=261, freq="7D")


def city(*, mean=3.0, series=60, seed=1) -> pd.DataFrame:
    n = np.random.default_rng(seed).poisson(mean, (len(WEEKS), series))
    return pd.DataFrame(n, index=WEEKS, columns=[f"s{k:02d}" for k in range(series)])


@pytest.fixture(scope="module")
def calls():
    return sara.datasets.load("riverton_calls")


@pytest.fixture(scope="module")
def areas():
    return sara.datasets.load("riverton_areas")


def test_what_was_planted_is_found_and_comes_first():
    counts = city()
    counts.loc[WEEKS[-1], ["s07", "s31"]] = [17, 14]
    board = monitor(counts)
    assert board.table.loc[board.table["alarm"], "series"].tolist() == ["s07", "s31"]
    first = board.table.iloc[0]
    assert (first["n"], first["rank"], first["status"]) == (17, 1, "judged")
    assert first["low"] <= 3 <= first["upper"] < 17
    assert first["ratio"] == pytest.approx(17 / first["expected"])
    assert board.text.startswith("Week from 2024-12-30: 2 of 60 series are above what is usual: s07 (17, usual ")
    assert "1 in 20 at most is chance" in board.text


def test_nothing_is_called_where_nothing_is():
    board = monitor(city(seed=4))
    assert not board.table["alarm"].any()
    assert "none of 60 series is above what is usual" in board.text


def test_adjustments_are_those_named():
    counts = city(seed=2)
    p = monitor(counts, adjust="none").table["p"].to_numpy()
    assert (monitor(counts, adjust="none").table["p_adjusted"].to_numpy() == p).all()
    assert monitor(counts, adjust="bonferroni").table["p_adjusted"].to_numpy() == pytest.approx(np.minimum(60 * p, 1))
    from scipy.stats import false_discovery_control

    assert monitor(counts).table["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control(p))


def test_all_the_last_weeks_are_judged_as_each_would_be_alone():
    counts = city(series=8)
    together = monitor(counts, last=3).judged
    alone = monitor(counts.iloc[:-2], years=4).judged
    assert alone.empty
    alone = monitor(counts.iloc[:-2]).table.set_index("series")
    first = together[together["period"] == WEEKS[-3]].set_index("series")
    assert first["p"].to_numpy() == pytest.approx(alone.loc[first.index, "p"].to_numpy())
    assert len(together) == 8 * 3


def test_sparse_new_ended_and_silent_series_are_told_apart():
    counts = city(series=30)
    counts["sparse"] = 0
    counts.iloc[[10, 60, 200], counts.columns.get_loc("sparse")] = 1
    counts["never"] = 0
    counts["new"] = 0
    counts.iloc[-10:, counts.columns.get_loc("new")] = 6
    counts["ended"] = counts["s01"].where(np.arange(len(WEEKS)) < 150, 0)
    counts["silent"] = counts["s02"].where(np.arange(len(WEEKS)) < 255, 0)
    table = monitor(counts).table.set_index("series")
    assert table["status"].loc[["sparse", "never", "new", "ended", "silent"]].tolist() == [
        "too sparse",
        "too sparse",
        "new",
        "ended",
        "judged",
    ]
    assert table.index[table["is_silent"]].tolist() == ["silent"]
    assert table.loc["silent", "silent_for"] == 6
    assert table.loc[["sparse", "never", "new", "ended"], "p"].isna().all()
    assert table["n"].notna().all()
    text = monitor(counts).text
    assert "1 fell silent: silent (6 weeks)." in text
    assert "Not judged: 2 too sparse to judge, 1 new, 1 ended." in text


def test_a_code_that_began_two_years_ago_is_judged_by_what_came_since():
    counts = city(series=5)
    counts["late"] = np.where(np.arange(len(WEEKS)) < 130, 0, counts["s01"] + 2)
    row = monitor(counts).table.set_index("series").loc["late"]
    assert row["status"] == "judged"
    assert 4 <= row["expected"] <= 6
    assert not row["alarm"]


def test_a_gap_is_unknown_and_the_last_known_week_is_judged():
    counts = city(series=5).astype(float)
    counts.iloc[100:104] = np.nan
    counts.iloc[-1] = np.nan
    board = monitor(counts)
    assert board.at == WEEKS[-2]
    assert (
        any("taken as unknown" in caution or "no number" in caution for caution in board.cautions)
        or board.table["n"].notna().all()
    )
    one = counts.copy()
    one.iloc[-1] = [3, np.nan, 2, 4, 1]
    table = monitor(one).table.set_index("series")
    assert pd.isna(table.loc["s01", "n"])
    assert np.isnan(table.loc["s01", "p"])


def test_a_gap_at_the_end_makes_no_series_silent():
    weeks = pd.date_range("2019-01-07", periods=270, freq="7D")
    counts = pd.DataFrame(np.random.default_rng(3).poisson(0.6, (270, 12)).astype(float), index=weeks)
    counts.iloc[-13], counts.iloc[-12:-2], counts.iloc[-2:] = 1, np.nan, 0
    table = monitor(counts.rename(columns="b{}".format)).table
    assert (table["silent_for"] == 2).all()
    assert not table["is_silent"].any()
    assert (table["p_silent"] > 0.2).all()


def test_short_files_are_judged_against_the_half_year_before():
    counts = city(series=20).tail(60)
    counts.iloc[-1, 3] = 20
    board = monitor(counts)
    assert board.settings["method"].value == "recent"
    assert board.table.loc[board.table["alarm"], "series"].tolist() == ["s03"]
    assert any("season" in caution for caution in board.cautions)
    with pytest.raises(sara.NotEnoughDataError, match="at least 8 weeks"):
        monitor(city(series=5).tail(6))
    with pytest.raises(sara.NotEnoughDataError, match="farrington needs at least 1 year"):
        monitor(city(series=5).tail(30), method="farrington")


def test_a_season_is_no_alarm_for_farrington():
    season = 8 * np.exp(np.sin(2 * np.pi * np.arange(len(WEEKS)) / 52.18))
    n = np.random.default_rng(1).poisson(season[:, None], (len(WEEKS), 40))
    counts = pd.DataFrame(n, index=WEEKS, columns=[f"s{k}" for k in range(40)]).iloc[:222]
    assert monitor(counts).table["expected"].mean() == pytest.approx(season[221], rel=0.05)
    assert monitor(counts, method="recent").table["expected"].mean() < 0.6 * season[221]


def test_a_table_a_result_and_events_give_the_same_numbers(calls):
    some = calls[calls["category"].isin(["disorder", "burglary", "noise"])]
    events = monitor(some, by="category")
    result = monitor(sara.trends.series(some, by="category"))
    long = monitor(sara.trends.series(some, by="category").table, by="category")
    for other in (result, long):
        pd.testing.assert_frame_equal(other.table, events.table)
    wide = sara.trends.series(some, by="category").table.query("complete").pivot(index="period", columns="category", values="n")
    assert monitor(wide).table["p"].tolist() == pytest.approx(events.table["p"].tolist())


def test_rows_a_grouped_table_leaves_out_are_zeros_and_told():
    counts = city(series=4, mean=0.5)
    long = counts.rename_axis(index="period", columns="beat").stack().rename("n").reset_index()
    board = monitor(long[long["n"] > 0])
    assert any("have no row in the table" in caution for caution in board.cautions)
    assert board.table.set_index("beat")["p"].to_dict() == pytest.approx(monitor(long).table.set_index("beat")["p"].to_dict())


def test_a_source_gives_the_same_numbers(calls, areas, tmp_path):
    few = calls[calls["category"].isin(["disorder", "burglary"])]
    source = sara.open_events(few)
    for options in ({"by": ("area", "category")}, {"areas": areas, "by": "category"}, {"by": "type", "freq": "MS"}):
        one, other = monitor(few, **options), monitor(source, **options)
        pd.testing.assert_frame_equal(one.table, other.table)
        assert one.counts == other.counts


def test_areas_say_where_an_event_lies(calls):
    x = calls["x"].dropna()
    middle = x.median()
    low, high = calls["y"].min() - 1, calls["y"].max() + 1
    shapes = [box(x.min() - 1, low, middle, high), box(middle, low, x.max() + 1, high)]
    halves = gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=shapes, crs=calls.crs)
    board = monitor(calls, areas=halves, by="category")
    assert board.by == ("area", "category")
    assert set(board.table["area"]) == {"West", "East"}
    assert board.counts.rows_in == len(calls)


def test_callers_and_words_of_the_answer_are_refused(calls):
    with pytest.raises(sara.InputError, match="must not list callers"):
        monitor(calls, by=("category", "caller"))
    with pytest.raises(sara.InputError, match="must not be a word of the answer"):
        monitor(calls.assign(status="x"), by="status")
    with pytest.raises(sara.InputError, match="names a column that is not"):
        monitor(calls, by="baet")
    with pytest.raises(sara.InputError, match="`alpha` must be"):
        monitor(calls, alpha=5)
    with pytest.raises(sara.InputError, match="several series"):
        monitor(sara.trends.series(calls))
    with pytest.raises(sara.InputError, match="whole numbers"):
        monitor(city(series=3) + 0.5)


def test_places_keep_calls_for_help_off_and_are_not_named_exactly(calls):
    some = calls[calls["place"].isin(calls["place"].value_counts().index[:40])]
    board = monitor(some, by="place", freq="MS", alpha=0.5, adjust="none")
    assert "calls for help (kept off lists of places)" in board.counts.left_out
    assert board.private_columns == ("place",)
    for place in board.table["place"]:
        if place[:1].isdigit() and "BLOCK" not in place:
            assert place not in board.text


def test_a_saved_board_draws_the_same_page(tmp_path):
    counts = city(series=30)
    counts.iloc[-1, 3] = 20
    board = monitor(counts, last=4)
    back = Result.from_dict(board.to_dict())
    assert back.text == board.text
    ax = back.plot(marks={"2024-03-01": "new codes"})
    words = [text.get_text() for text in ax.texts]
    assert "s03" in words
    assert "new codes" in words
    assert any(word.startswith("ABOVE THE USUAL (1 of 30") for word in words)


@pytest.mark.parametrize("freq", ["D", "MS"])
def test_days_and_months_are_judged_too(calls, freq):
    board = monitor(calls[calls["category"].isin(["disorder", "noise"])], by="category", freq=freq)
    assert (board.table["status"] == "judged").all()
    assert board.table["p"].notna().all()


def test_huge_and_equal_counts_are_judged():
    counts = pd.DataFrame({"equal": 7, "huge": 1_000_000, "zero": 0}, index=WEEKS)
    counts.iloc[-1, 1] = 1_010_000
    table = monitor(counts).table.set_index("series")
    assert table.loc["huge", "alarm"]
    assert not table.loc["equal", "alarm"]
    assert table.loc["zero", "status"] == "too sparse"


@pytest.mark.slow
@pytest.mark.parametrize("dispersion", [1.0, 1.5])
def test_the_share_of_false_alarms_holds(dispersion):
    """400 series of means 0.1 to 20, 8 with a rise in the last week; 12 cities."""
    rng = np.random.default_rng(5)
    mean = np.geomspace(0.1, 20, 400)
    false, power = [], []
    for _ in range(12):
        n = (
            rng.poisson(mean, (261, 400))
            if dispersion == 1
            else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, (261, 400))
        )
        rise = rng.choice(400, 8, replace=False)
        n[-1, rise] = rng.poisson(mean[rise] + 5 * np.sqrt(dispersion * mean[rise]) + 3)
        table = monitor(pd.DataFrame(n, index=WEEKS, columns=np.arange(400).astype(str))).table
        called = table.loc[table["alarm"], "series"].astype(int)
        false.append((~called.isin(rise)).mean() if len(called) else 0.0)
        power.append(np.isin(rise, called).mean())
    assert np.mean(false) <= 0.06
    assert np.mean(power) >= 0.6


def test_a_page_without_anything_to_judge_still_speaks_and_draws():
    counts = pd.DataFrame(0, index=WEEKS, columns=["a", "b"])
    counts.iloc[5, 0] = 2
    board = monitor(counts)
    assert "none of 2 series holds enough events to be judged" in board.text
    back = Result.from_dict(board.to_dict())
    assert "None." in [text.get_text() for text in back.plot().texts]


def test_the_shuffled_table_gives_the_same_board():
    counts = city(series=12)
    counts.iloc[-1, 4] = 15
    pd.testing.assert_frame_equal(monitor(counts.sample(frac=1, random_state=2)).table, monitor(counts).table)


def test_the_expected_is_that_of_farrington_for_the_series_alone():
    # No count stands out, so that it does not matter from where on they are weighted down.
    counts = pd.DataFrame({"a": np.tile([4, 5, 6, 7, 6, 5], 44)[:261], "b": 5 + np.arange(261) % 3}, index=WEEKS)
    table = monitor(counts, years=4).table.set_index("series")
    for name in counts:
        alone = sara.trends.farrington(counts[name], years=4, version="flexible").table.iloc[-1]
        assert table.loc[name, "expected"] == pytest.approx(alone["expected"], rel=1e-6)
