"""The scan statistic as users call it: planted bursts are found, nothing is found in nothing, and its numbers are those of the map."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.scan import likelihood_ratio
from sara.hotspots import scan_statistic

AREA = box(0, 0, 6_000, 4_000)
QUICK = {"area": AREA, "n_sims": 39}


def busy_town(make, seed: int = 1, *, n: int = 500, burst: int = 25):
    """Return a town with a busy corner and a busy season, and a burst in a place and fortnight that are neither."""
    rng = np.random.default_rng(seed)
    corner = rng.random(n) < 0.3
    x = np.where(corner, rng.normal(1_000, 150, n), rng.uniform(0, 6_000, n))
    y = np.where(corner, rng.normal(1_000, 150, n), rng.uniform(0, 4_000, n))
    day = np.where(rng.random(n) < 0.4, rng.integers(150, 210, n), rng.integers(0, 366, n))
    x = np.r_[np.clip(x, 0, 6_000), rng.normal(4_500, 120, burst)]
    y = np.r_[np.clip(y, 0, 4_000), rng.normal(3_000, 120, burst)]
    day = np.r_[day, rng.integers(60, 74, burst)]
    return make(x, y, time=list(pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")))


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns="geometry"))


def test_the_burst_is_found_and_not_the_busy_corner_nor_the_busy_season(make):
    found = scan_statistic(busy_town(make), **QUICK)
    hot = found.table[found.table["is_hot"]]
    assert len(hot) == 1
    top = hot.iloc[0]
    assert top.geometry.contains(Point(4_500, 3_000))
    assert pd.Timestamp("2024-03-01") <= top["start"] <= top["end"] <= pd.Timestamp("2024-03-14")
    assert top["n"] >= 20
    assert top["expected"] < 3
    assert top["p"] == 0.025
    assert "Mar 2024" in found.text
    assert f"{top['n']} calls" in found.text


def test_numbers_are_those_of_the_map_and_the_calendar(make):
    events = busy_town(make)
    found = scan_statistic(events, **QUICK)
    row, total = found.table.iloc[0], len(events)
    inside = shapely.intersects_xy(row.geometry, events["x"], events["y"])
    within = (events["time"] >= row["start"]) & (events["time"] < row["end"] + pd.Timedelta(days=1))
    assert row["n"] == (inside & within).sum()
    assert row["expected"] == pytest.approx(inside.sum() * within.sum() / total)
    assert row["llr"] == pytest.approx(float(likelihood_ratio(row["n"], row["expected"], total)))
    assert row["ratio"] == pytest.approx(row["n"] / row["expected"])
    assert row["days"] == (row["end"] - row["start"]).days + 1
    assert row["llr"] > found.llr_needed
    assert list(found.areas.columns) == ["name", "n", "excess", "p_adjusted", "km2", "geometry"]
    assert found.areas["excess"].iloc[0] == pytest.approx(row["n"] - row["expected"])


def test_the_spatial_scan_finds_the_busy_corner(make):
    found = scan_statistic(busy_town(make), model="space", **QUICK)
    assert found.table.geometry.iloc[0].contains(Point(1_000, 1_000))
    assert any("even spread" in words for words in found.cautions)
    assert found.table["days"].iloc[0] == 366
    assert found.plot().get_title(loc="left") == "Where does it stand out?"
    # Against a layer in which the corner is busy too, it is no cluster any more.
    others = busy_town(make, seed=2, n=5_000, burst=0)
    against = scan_statistic(busy_town(make, burst=0), model="space", exposure=others, **QUICK)
    assert not against.table["is_hot"].any()
    assert against.settings["exposure"].chosen_by == "you"


def test_space_time_finds_the_season_at_the_corner_or_the_burst(make):
    found = scan_statistic(busy_town(make), model="space-time", **QUICK)
    hot = found.table[found.table["is_hot"]]
    assert hot.geometry.contains(Point(4_500, 3_000)).any()
    assert hot.geometry.contains(Point(1_000, 1_000)).any()


def test_areas_with_residents_agree_with_the_formula(make):
    names = [f"beat {i}" for i in range(6)]
    beats = gpd.GeoDataFrame(
        {"name": names, "people": [500, 100, 100, 100, 100, 100]}, geometry=[box(1_000 * i, 0, 1_000 * (i + 1), 4_000) for i in range(6)], crs=32616
    )  # fmt: skip
    x = np.r_[np.full(50, 500.0), np.full(40, 1_500.0), np.repeat([2_500.0, 3_500.0, 4_500.0, 5_500.0], 10)]
    events = make(x, np.full(len(x), 2_000.0))
    found = scan_statistic(events, model="space", areas=beats, exposure="people", n_sims=99)
    top = found.table.iloc[0]
    assert top["name"] == "Cluster 1 in beat 1"
    assert (top["n"], top["n_locations"]) == (40, 1)
    assert top["expected"] == pytest.approx(13.0)
    assert top["relative_risk"] == pytest.approx((40 / 13) / (90 / 117))
    same = scan_statistic(events, model="space", exposure=beats, column="people", n_sims=99)
    pd.testing.assert_frame_equal(plain(same.table), plain(found.table))


def test_events_where_nothing_is_exposed_are_counted_and_left_out(make):
    beats = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"], "people": [100, 100, 0]}, geometry=[box(1_000 * i, 0, 1_000 * (i + 1), 1_000) for i in range(3)], crs=32616
    )  # fmt: skip
    events = make([500.0] * 30 + [1_500.0] * 20 + [2_500.0] * 7, [500.0] * 57)
    found = scan_statistic(events, model="space", areas=beats, exposure="people", n_sims=99)
    assert found.counts.left_out["in a place without exposure"] == 7
    assert found.counts.rows_used == 50


def test_row_order_index_and_shift_by_whole_cells_do_not_matter(make):
    events = busy_town(make)
    record = dict(events.attrs)
    one = scan_statistic(events, **QUICK)
    other = events.sample(frac=1, random_state=3)
    other.index = np.zeros(len(other), dtype=int)
    pd.testing.assert_frame_equal(plain(scan_statistic(other, **QUICK).table), plain(one.table))
    assert events.attrs == record
    moved = make(events["x"] + 2_500, events["y"] - 500, time=list(events["time"]))
    shifted = scan_statistic(moved, area=shapely.affinity.translate(AREA, 2_500, -500), n_sims=39)
    pd.testing.assert_frame_equal(plain(shifted.table), plain(one.table))


def test_the_same_from_a_parquet_file(tmp_path):
    pytest.importorskip("duckdb")
    events = sara.datasets.load("riverton_calls")
    events = events[events["category"] == "theft"].copy()
    city = sara.datasets.load("riverton_areas")
    options = {"area": city, "n_sims": 19, "max_radius": 500, "max_days": 14, "period": ("2024-01-01", "2024-03-31")}
    from_memory = scan_statistic(events, **options)
    sara.convert(sara.datasets.folder() / "calls.csv.gz", tmp_path / "calls.parquet")
    from_file = scan_statistic(sara.open_events(tmp_path / "calls.parquet").where("category == 'theft'"), **options)
    pd.testing.assert_frame_equal(plain(from_file.table), plain(from_memory.table))
    assert from_file.text == from_memory.text


def test_nothing_is_said_in_words_where_nothing_stands_out(make):
    found = scan_statistic(busy_town(make, burst=0, n=200), **QUICK)
    assert found.areas.empty
    assert len(found.table) == 1
    assert "no cluster stands out" in found.text
    assert "by chance" in found.text


def test_without_n_sims_replications_end_where_nothing_stands_out_and_are_fewer_where_they_are_much_work(make, monkeypatch):
    quiet = scan_statistic(busy_town(make, burst=0, n=200), area=AREA)
    made = quiet.settings["n_sims"]
    assert (made.chosen_by, made.value < 400) == ("sara", True)
    assert quiet.table["p"].iloc[0] == pytest.approx(20 / made.value)
    assert any(f"ended after {made.value} of 999" in words for words in quiet.cautions)
    # Given, all are made; what they say is the same but for chance.
    given = scan_statistic(busy_town(make, burst=0, n=200), area=AREA, n_sims=399)
    assert (given.settings["n_sims"].value, given.settings["n_sims"].chosen_by) == (399, "you")
    assert given.table["p"].iloc[0] == pytest.approx(quiet.table["p"].iloc[0], abs=0.15)
    assert not any("eplications" in words and "made" in words for words in given.cautions)
    monkeypatch.setattr("sara.hotspots._over_time.scan_setup.MOST_WORK", 1.0)
    loud = scan_statistic(busy_town(make), area=AREA)
    assert (loud.settings["n_sims"].value, loud.settings["n_sims"].chosen_by) == (199, "sara")
    assert loud.table["p"].iloc[0] == 1 / 200
    assert any(words.startswith("199 replications were made") for words in loud.cautions)
    assert sara.hotspots.scan_statistic(busy_town(make), area=AREA, n_sims=199).table["p"].iloc[0] == 1 / 200


def test_a_result_speaks_and_draws_as_before_when_loaded(make):
    from sara.core.codec import decode, encode

    found = scan_statistic(busy_town(make), **QUICK)
    again = decode(encode(found))
    assert again.text == found.text
    assert again.alt_text == found.alt_text
    assert again.plot().get_title(loc="left") == found.plot().get_title(loc="left")


def test_days_weeks_and_months(make):
    events = busy_town(make)
    for freq, longest in (("D", 30), ("W", 28), ("MS", 61)):
        found = scan_statistic(events, freq=freq, max_days=longest, **QUICK)
        assert (found.table["days"] <= longest + 1).all()
        assert found.settings["freq"].value == freq
        assert found.table["end"].max() <= pd.Timestamp("2024-12-31")
        assert found.table["is_hot"].any()


def test_one_incident_recorded_many_times_is_called_that(make):
    events = busy_town(make, burst=0)
    many = make([3_100.0] * 12, [2_100.0] * 12, time="2024-09-09")
    found = scan_statistic(pd.concat([events, many]).set_crs(32616), period=("2024-01-01", "2024-12-31"), **QUICK)
    assert (found.table["start"] == found.table["end"]).iloc[0]
    assert any("dedupe" in words for words in found.cautions)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "time"}, "`model` must be one of"),
        ({"exposure": "people"}, "`exposure` must be left out"),
        ({"model": "space", "max_days": 20}, "`freq` and `max_days`"),
        ({"model": "space", "exposure": 3}, "`exposure` must be"),
        ({"model": "space", "exposure": "people"}, "`areas` must be given"),
        ({"max_share": 0.7}, "`max_share` must be a share"),
        ({"max_days": 400}, "`max_days` must be shorter"),
        ({"max_days": 0}, "`max_days` must be a whole number"),
        ({"freq": "h"}, "`freq` must be one of"),
        ({"n_sims": 9}, "`n_sims` must be at least 19"),
        ({"max_radius": "200"}, "`max_radius` must be a distance"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_mistakes_are_told(make, options, match):
    with pytest.raises(InputError, match=match):
        scan_statistic(busy_town(make), area=AREA, **options)


def test_too_little_to_scan_is_told(make):
    with pytest.raises(NotEnoughDataError, match="at least 20 events"):
        scan_statistic(busy_town(make, n=8, burst=3), **QUICK)
    with pytest.raises(NotEnoughDataError, match="two steps of time"):
        scan_statistic(make(np.arange(30) * 100.0, np.arange(30) * 100.0), **QUICK)
    with pytest.raises(NotEnoughDataError, match="two cells or areas"):
        scan_statistic(make([500.0] * 30, [500.0] * 30, time=list(pd.date_range("2024-01-01", periods=30))), **QUICK)


@pytest.mark.slow
def test_size_and_power(make):
    """A town with busy corners and seasons that have nothing to do with each other has a cluster in 5 % of cases; a planted burst is found."""
    options = {"area": AREA, "n_sims": 39, "cell_size": 250, "max_radius": 500, "max_days": 14}
    p = [scan_statistic(busy_town(make, seed=s, burst=0, n=400), seed=s, **options).table["p"].iloc[0] for s in range(200)]
    # Binomial with 200 draws of 0.05: this holds all but 1 in 1,000.
    assert 0.005 <= np.mean(np.array(p) <= 0.05) <= 0.1
    found = [scan_statistic(busy_town(make, seed=1_000 + s, n=400, burst=10), seed=s, **options).table for s in range(40)]
    hits = [bool(table[table["is_hot"]].geometry.contains(Point(4_500, 3_000)).any()) for table in found]
    assert np.mean(hits) > 0.7
