"""Accuracy of maps: the published worked example, what must hold always, leaks refused, the interval's coverage."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, box

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result
from sara.core.source import open_events
from sara.hotspots import accuracy, change, clusters, count, gi_star, persistence, rates
from sara.hotspots._accuracy import _numbers
from sara.hotspots._evidence.curve import Curve, band, hit_curve, ranked

AREA = box(0, 0, 10_000, 8_000)
FIRST, SECOND = ("2024-01-01", "2024-06-30"), ("2024-07-01", "2024-12-31")


@pytest.fixture(scope="module")
def riverton():
    import sara

    events = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    return events, sara.datasets.load("riverton_areas")


def test_the_worked_example_of_ptools():
    observed, predicted = np.array([6.0, 7, 3, 2, 1, 0]), np.array([8.0, 4, 4, 2, 1, 0])
    found = _numbers(observed, predicted, np.ones(6))
    assert observed[ranked(predicted, observed)].tolist() == [6, 3, 7, 2, 1, 0]
    assert found.pai == pytest.approx([1.8947, 1.4211, 1.6842, 1.4211, 1.2, 1.0], abs=5e-5)
    assert found.pei == pytest.approx([0.8571, 0.6923, 1, 1, 1, 1], abs=5e-5)
    assert found.pei_nij == pytest.approx(found.pei)
    assert found.recovery == pytest.approx([1.3333, 1.3333, 1, 1, 1, 1], abs=5e-5)


def test_levines_recapture_rate_by_hand():
    # 30 of 100 events before and 36 of 90 after lie in the first unit: it keeps more than its share, (36/30) / (90/100).
    curve = Curve.of(np.array([2.0, 1]), np.array([36.0, 54]), np.ones(2), before=np.array([30.0, 70]), expected=np.ones(2))
    assert curve.numbers([1.0]).recapture_rate == pytest.approx([4 / 3])
    assert curve.numbers([2.0]).recapture_rate == pytest.approx([1.0])


@pytest.mark.parametrize("ties", ["lowest", "expected"])
def test_what_holds_for_any_map(ties):
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = rng.integers(3, 40)
        observed, size = rng.poisson(2, n).astype(float), rng.uniform(0.1, 2, n)
        observed[0] += 1
        score = rng.integers(0, 5, n).astype(float)
        score[rng.random(n) < 0.1] = np.nan
        curve = Curve.of(score, observed, size, before=observed, expected=observed, ties=ties)
        at = np.linspace(0.01, 1, 30) * size.sum()
        found = curve.numbers(at)
        assert found.pai[-1] == pytest.approx(1) and found.pei[-1] == pytest.approx(1) and found.hit_rate[-1] == pytest.approx(1)
        some = found.n > 0
        assert (found.pei[some] > 0).all() and (found.pei <= 1 + 1e-9).all()
        assert (np.diff(found.n) >= -1e-9).all()
        # A whole-cell count can't pass the best choice of as much ground.
        whole = found.pei_nij[np.isfinite(found.pei_nij)]
        assert (whole <= 1 + 1e-9).all()


def test_lowest_first_is_a_lower_bound_and_expected_the_mean_over_orders():
    rng = np.random.default_rng(5)
    observed, score, size = rng.poisson(1, 60).astype(float), rng.integers(0, 3, 60).astype(float), np.ones(60)
    low = hit_curve(observed, size, ranked(score, observed)).hits
    even = hit_curve(observed, size, ranked(score, observed), score)
    runs = np.array([np.cumsum(observed[np.lexsort((rng.random(60), -score))]) for _ in range(3_000)])
    assert (low[1:] <= runs.min(axis=0) + 1e-9).all()
    assert even.at(np.arange(1, 61)) == pytest.approx(runs.mean(axis=0), abs=0.15)


def test_cells_are_cut_by_area_not_by_number(make, town):
    first = count(town, area=AREA, cell_size=1_000, period=FIRST)
    test = accuracy(first, town, km2=[0.5, 1.0, 1.5], shares=(1.0,), period=SECOND)
    n = test.table["n"]
    assert n[0] == pytest.approx(n[1] / 2)
    # Half of the second cell beyond the first.
    assert n[1] < n[2] < 2 * n[1]
    assert test.table["units"].tolist() == [0, 1, 1, 80]
    assert test.table["pai"].iloc[-1] == pytest.approx(1)
    assert test.pai == pytest.approx(test.table["pai"].iloc[0])
    later = count(town, grid=first, period=SECOND)
    best = first.table["n"].to_numpy().argmax()
    assert n[1] == later.table["n"].iloc[best]


def test_earlier_events_are_refused(town):
    first = count(town, area=AREA, period=FIRST)
    with pytest.raises(InputError, match=r"`later_events` must begin when the map's own period has ended \(2024-07-01\)"):
        accuracy(first, town)
    with pytest.raises(InputError, match="`period` must begin when"):
        accuracy(first, town, period=("2024-06-30", "2024-12-31"))
    later = town[town["time"] >= "2024-07-01"]
    one, other = accuracy(first, later), accuracy(first, town, period=SECOND)
    assert one.table.equals(other.table)
    assert one.period == other.period


def test_rows_left_out_are_counted(make, town):
    first = count(town, area=AREA, period=FIRST)
    later = make([100, np.nan, 50_000, 200], [100, 100, 100, 200], time=["2024-08-01"] * 3 + ["2024-03-01"])
    test = accuracy(first, later, period=SECOND)
    assert test.counts.rows_used == 1
    assert test.counts.left_out == {"outside the period": 1, "no location": 1, "outside the study area": 1}
    with pytest.raises(NotEnoughDataError):
        accuracy(first, make([50_000], [0], time="2024-08-01"))


def test_areas_are_ranked_by_density_and_counted_once(make, town):
    found = clusters(town, area=AREA, period=FIRST)
    test = accuracy(found, town, period=SECOND)
    later = town[town["time"] >= "2024-07-01"]
    inside = later.geometry.intersects(found.areas.geometry.union_all())
    assert test.table["n"].iloc[0] == pytest.approx(inside.sum())
    assert test.table["km2"].iloc[0] == pytest.approx(found.areas.geometry.union_all().area / 1e6)
    assert test.units == "areas"
    assert "areas of the map" in test.text
    assert test.curve["share_events"].iloc[-1] == pytest.approx(1)


def test_named_areas_and_street_length(riverton):
    import sara

    events, areas = riverton
    first = count(events, areas=areas, period=("2023-03-01", "2024-02-29"))
    test = accuracy(first, events, period=("2024-03-01", "2024-08-31"))
    density = first.table["n"] / (first.table.geometry.area)
    top = first.table["name"][density.idxmax()]
    one = accuracy(
        first,
        events,
        km2=areas.to_crs(events.crs).set_index("name").geometry.area[top] / 1e6,
        period=("2024-03-01", "2024-08-31"),
    )
    inside = (sara.within(events[events["time"].between("2024-03-01", "2024-08-31 23:59:59")], areas) == top).sum()
    assert one.table["n"].iloc[0] == pytest.approx(inside, rel=1e-6)
    # All areas together are the city: the text speaks of the first of the ground, as for cells.
    assert test.table["share_area"].iloc[test.headline] == pytest.approx(0.01) and 1 < test.pai < 1 / 0.01
    assert "areas of the map" not in test.text and "ranks first" in test.text
    cells = count(events, area=areas, period=("2023-03-01", "2024-02-29"))
    streets = sara.datasets.load("riverton_streets")
    by_street = accuracy(cells, events, streets=streets, km=[2.0], period=("2024-03-01", "2024-08-31"))
    assert "km" in by_street.table and "km2" not in by_street.table
    total = streets.to_crs(events.crs).clip(areas.to_crs(events.crs).geometry.union_all()).length.sum() / 1000
    assert by_street.curve["km"].iloc[-1] == pytest.approx(total, rel=0.02)
    with pytest.raises(InputError, match="`km2` does not fit"):
        accuracy(cells, events, streets=streets, km2=2.0, period=("2024-03-01", "2024-08-31"))


def test_the_order_of_rows_does_not_matter(town):
    first = gi_star(town, area=AREA, cell_size=400, period=FIRST)
    one = accuracy(first, town, period=SECOND)
    other = accuracy(first, town.sample(frac=1, random_state=2), period=SECOND)
    assert one.table.equals(other.table) and one.curve.equals(other.curve)


def test_a_source_gives_the_same_numbers(riverton, tmp_path):
    pytest.importorskip("duckdb")
    import sara

    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    events, areas = riverton
    first = count(events, area=areas, period=("2023-03-01", "2024-02-29"))
    source = open_events(path).where("category == 'disorder'")
    one = accuracy(first, events, period=("2024-03-01", "2024-08-31"))
    other = accuracy(first, source, period=("2024-03-01", "2024-08-31"))
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.text == other.text


def test_it_can_be_kept(riverton):
    events, areas = riverton
    first = count(events, area=areas, period=("2023-03-01", "2024-02-29"))
    test = accuracy(first, events, period=("2024-03-01", "2024-08-31"))
    again = Result.from_dict(test.to_dict())
    assert again.text == test.text and again.pai == test.pai
    assert len(again.figure().axes) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"km2": 0}, "`km2` must be above 0"),
        ({"km2": 1e9}, "at most the study area"),
        ({"shares": (2,)}, "`shares` must be"),
        ({"ties": "best"}, "`ties` must be one of"),
        ({"km": 3}, "`km` does not fit"),
        ({"n_sims": 3}, "`n_sims`"),
    ],
)
def test_mistakes(town, options, words):
    first = count(town, area=AREA, period=FIRST)
    with pytest.raises(InputError, match=words):
        accuracy(first, town, period=SECOND, **options)
    with pytest.raises(InputError, match="`result` must be a map"):
        accuracy(town, town, period=SECOND)


def test_streets_of_a_map_of_streets(make):
    lines = gpd.GeoDataFrame(
        {"name": ["A", "B"]}, geometry=[LineString([(0, 0), (1_000, 0)]), LineString([(0, 500), (500, 500)])], crs=32616
    )
    x, y = [100] * 6 + [300] * 4 + [900], [5] * 6 + [505] * 4 + [5_000]
    first = count(make(x, y, time="2024-02-01"), area=box(-100, -100, 1_200, 6_000), streets=lines, period=FIRST)
    test = accuracy(first, make(x, y, time="2024-08-01"), km=[0.5, 1.5], shares=(), period=SECOND)
    assert test.units == "streets"
    # B has 8 a km, A 6: B comes first.
    assert test.table["n"].tolist() == [4, 10]
    assert test.counts.left_out == {"farther than 50 m from every street": 1}


@pytest.mark.slow
def test_the_interval_covers_the_true_share():
    rng = np.random.default_rng(11)
    rate = np.sort(rng.gamma(0.4, 1, 400))[::-1]
    at = np.array([4.0, 20.0, 60.0])
    truth = np.interp(at, np.arange(401), np.r_[0, np.cumsum(rate)]) / rate.sum()
    covered = []
    for k in range(400):
        # 13 weeks with 8 % more or less each: more varied than Poisson.
        week = np.repeat(np.arange(13), rng.poisson(60 * rng.gamma(12, 1 / 12, 13)))
        unit = rng.choice(400, len(week), p=rate / rate.sum())
        observed = np.bincount(unit, minlength=400).astype(float)
        curve = hit_curve(observed, np.ones(400), np.arange(400))
        found = band(curve, unit, week, np.ones(len(unit)), at, n_sims=299, seed=k, confidence=0.95)
        covered.append((found.low <= truth) & (truth <= found.high))
    share = np.mean(covered, axis=0)
    assert (share > 0.93).all() and (share < 0.995).all()


@pytest.fixture(scope="module")
def steady():
    """Return 40,000 events on 4 x 4 km over 2020 to mid 2022 that never change, its 100 areas with residents, and the same city as one polygon."""
    rng = np.random.default_rng(8)
    n, days = 40_000, 912
    x, y = rng.uniform(0, 4_000, n), rng.uniform(0, 4_000, n)
    busy = rng.random(n) < 0.3
    x[busy], y[busy] = x[busy] / 4, y[busy] / 4
    time = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, days, n), unit="D")
    data = {
        "id": [str(i) for i in range(n)], "source": "calls", "time": time, "type": "NOISE", "category": "noise", "origin": "community", "place": None,
        "x": x, "y": y,
    }  # fmt: skip
    events = gpd.GeoDataFrame(data, geometry=gpd.points_from_xy(x, y), crs=32616)
    events.attrs["sara"] = {"coverage": ["2020-01-01T00:00:00", "2022-07-01T00:00:00"], "file": "calls.csv"}
    squares = [box(i * 400, j * 400, (i + 1) * 400, (j + 1) * 400) for j in range(10) for i in range(10)]
    areas = gpd.GeoDataFrame({"name": [f"A{i}" for i in range(100)], "residents": 1_000}, geometry=squares, crs=32616)
    return events, areas, box(0, 0, 4_000, 4_000)


def steady_maps(steady):
    events, areas, city = steady
    learnt = ("2020-01-01", "2021-12-31")
    halves = {"before": ("2020-01-01", "2020-12-31"), "after": ("2021-01-01", "2021-12-31")}
    return {
        "count": count(events, areas=areas, period=learnt),
        "count, cells": count(events, area=city, cell_size=200, period=learnt),
        "gi_star": gi_star(events, areas=areas, period=learnt),
        "rates": rates(events, areas, column="residents", period=learnt),
        "change": change(events, areas=areas, **halves),
        "persistence": persistence(events, area=city, cell_size=200, as_of="2022-01-01", horizon="3MS", n_sims=99),
    }


def test_what_a_map_expects_is_brought_to_the_length_of_the_test(steady):
    events = steady[0]
    for name, found in steady_maps(steady).items():
        test = accuracy(found, events, period=("2022-01-01", "2022-06-30"), shares=(0.25, 1), n_sims=99)
        # Nothing changes in this city: twice as many days or half as many must not look like a change.
        assert test.table["recovery"].iloc[-1] == pytest.approx(1, abs=0.05), name
    short = accuracy(found, events, period=("2022-01-01", "2022-02-28"), shares=(0.25, 1), n_sims=99)
    assert short.table["recovery"].iloc[-1] == pytest.approx(1, abs=0.08)


def test_the_headline_of_named_areas_is_no_truism(steady):
    events = steady[0]
    for name, found in steady_maps(steady).items():
        test = accuracy(found, events, period=("2022-01-01", "2022-06-30"), n_sims=99)
        row = test.table.iloc[test.headline]
        assert row["share_area"] < 0.05 and test.table["share_area"].iloc[0] < 0.05, name
        assert test.pai == row["pai"] and test.hit_rate == row["hit_rate"] < 0.5
        assert "100 %" not in test.text
        if name != "change":
            assert test.pai > 2, name
        assert test.table["pai_best"].notna().all()
