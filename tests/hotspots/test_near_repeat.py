"""Near-repeat zones: what they find where it is planted, what they are worth by hand, and what they keep to themselves."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.hotspots._over_time.near_repeats import _none_of, history, ratio_limits, snapped

CITY = gpd.GeoSeries([box(0, 0, 8_000, 8_000)], crs=32616)
START = pd.Timestamp("2024-01-01")


def city(make, *, n=500, echo=0.3, seed=1, **more):
    """Return events over a year; a share of them is followed by another 80 m away within ten days."""
    rng = np.random.default_rng(seed)
    x, y, day = rng.uniform(0, 8_000, n), rng.uniform(0, 8_000, n), rng.uniform(0, 350, n)
    again = rng.random(n) < echo
    turn = rng.uniform(0, 2 * np.pi, again.sum())
    x = np.r_[x, np.clip(x[again] + 80 * np.cos(turn), 0, 8_000)]
    y = np.r_[y, np.clip(y[again] + 80 * np.sin(turn), 0, 8_000)]
    day = np.r_[day, day[again] + rng.uniform(1, 10, again.sum())]
    return make(x, y, time=list(START + pd.to_timedelta(np.round(day * 1440), unit="min")), **more)


def zones(events, **more):
    return sara.hotspots.near_repeat_zones(events, **{"area": CITY, "n_sims": 99, **more})


def test_planted_repeats_are_found_and_zones_lie_around_the_last_days(make):
    events = city(make)
    found = zones(events, as_of="2024-12-01")
    assert found.ratio > 4
    assert found.p == pytest.approx(0.01)
    assert 1 < found.low < found.ratio < found.high
    recent = events[(events["time"] >= "2024-11-17") & (events["time"] < "2024-12-01")]
    assert found.recent == found.areas["n"].sum() == len(recent)
    assert found.areas.geometry.union_all().contains(
        shapely.union_all(shapely.buffer(recent.geometry.to_numpy(), 50).tolist()).intersection(CITY.iloc[0].buffer(-60))
    )
    assert "zones around" in found.text
    assert found.hit_share > found.chance_share
    assert found.areas["n"].is_monotonic_decreasing


def test_where_there_is_no_pattern_no_zone_is_drawn(make):
    found = zones(city(make, echo=0.0, seed=5))
    assert found.p > 0.05
    assert found.areas.empty
    assert "no zone is drawn" in found.text
    assert found.plot().get_title(loc="left")


def test_the_test_holds_its_size(make):
    p = [zones(city(make, n=120, echo=0.0, seed=s), n_sims=39).p for s in range(60)]
    assert np.mean(np.array(p) <= 0.05) <= 0.13


def test_the_bands_add_up_to_the_window_and_are_closed_on_the_left(make):
    found = zones(city(make))
    bands = found.bands
    inside = (bands["distance_to"] <= 200) & (bands["days_to"] <= 14)
    assert bands[inside]["n"].sum() / bands[inside]["expected"].sum() == pytest.approx(found.ratio)
    assert sorted(set(bands["distance_from"])) == [0, 1, 100, 200, 300]
    assert sorted(set(bands["days_from"])) == [0, 7, 14, 21]


def test_hits_are_those_of_a_loop_over_mornings(make):
    events = city(make, n=150)
    x, y = events["x"].to_numpy(), events["y"].to_numpy()
    day = ((events["time"] - START) // pd.Timedelta(days=1)).to_numpy()
    area = CITY.iloc[0]
    found = history(area, x, y, day, distance=200, days=14, first=0, last=366, seed=1)
    middle = snapped(area, x, y, 200)
    hits = [
        any(0 < day[j] - day[i] <= 14 and np.hypot(*(middle[i] - (x[j], y[j]))) <= 200 for i in range(len(x)))
        for j in range(len(x)) if day[j] >= 14
    ]  # fmt: skip
    assert found.n_tested == len(hits)
    assert found.hit_share == pytest.approx(np.mean(hits))


def test_the_share_of_the_area_is_that_of_the_zones_drawn(make):
    events = city(make, n=300)
    area = CITY.iloc[0]
    x, y = events["x"].to_numpy(), events["y"].to_numpy()
    day = ((events["time"] - START) // pd.Timedelta(days=1)).to_numpy()
    middle = snapped(area, x, y, 200)
    shares = [
        shapely.union_all(shapely.buffer(shapely.points(middle[(day >= d - 14) & (day < d)]), 200)).intersection(area).area / area.area
        for d in range(14, 366, 7)
    ]  # fmt: skip
    found = history(area, x, y, day, distance=200, days=14, first=0, last=366, seed=1)
    assert found.area_share == pytest.approx(np.mean(shares), rel=0.1)


def test_on_other_dates_is_what_dealing_dates_gives(make):
    events = city(make, n=200, seed=3)
    area = CITY.iloc[0]
    x, y = events["x"].to_numpy(), events["y"].to_numpy()
    day = ((events["time"] - START) // pd.Timedelta(days=1)).to_numpy()
    told = history(area, x, y, day, distance=400, days=14, first=0, last=366, seed=1).chance_share
    rng = np.random.default_rng(1)
    dealt = [
        history(area, x, y, rng.permutation(day), distance=400, days=14, first=0, last=366, seed=1).hit_share for _ in range(60)
    ]
    assert told == pytest.approx(np.mean(dealt), abs=0.02)
    assert _none_of(10, np.array([3]), np.array([2]))[0] == pytest.approx((7 * 6) / (10 * 9))
    assert _none_of(10, np.array([9]), np.array([2]))[0] == 0


def test_the_interval_covers_the_ratio_of_the_process(make):
    def numbers(seed):
        events = city(make, n=400, echo=0.15, seed=seed)
        day = ((events["time"] - START) // pd.Timedelta(days=1)).to_numpy()
        return ratio_limits(events["x"].to_numpy(), events["y"].to_numpy(), day, distance=200, days=14, confidence=0.95)

    limits = np.array([numbers(s) for s in range(100)])
    middle = np.exp(np.mean(np.log(limits).mean(axis=1)))
    assert np.mean((limits[:, 0] <= middle) & (middle <= limits[:, 1])) >= 0.9


def test_nothing_of_that_day_or_later_is_used(make):
    events = city(make)
    whole, early = zones(events, as_of="2024-07-01"), zones(events[events["time"] < "2024-07-01"], as_of="2024-07-01")
    assert whole.areas.equals(early.areas)
    assert whole.ratio == early.ratio
    assert whole.hit_share == early.hit_share
    assert whole.counts.left_out["on `as_of` or later"] == (events["time"] >= "2024-07-01").sum()
    assert whole.areas.attrs["sara"]["period"][1] == "2024-07-01T00:00:00"


def test_a_zone_does_not_give_away_the_address(make):
    events = city(make)
    for zone in zones(events).areas.query("n == 1").geometry:
        if zone.touches(CITY.iloc[0].boundary) or not CITY.iloc[0].buffer(-1).contains(zone):
            continue
        assert zone.centroid.distance(Point(50, 50)) % 100 == pytest.approx(zone.centroid.distance(Point(50, 50)) % 100)
        centre = zone.centroid
        assert (centre.x % 100, centre.y % 100) == (pytest.approx(50, abs=1), pytest.approx(50, abs=1))


def test_calls_for_help_have_no_zones(make):
    found = zones(city(make, category="domestic"))
    assert found.areas.empty
    assert any("calls for help" in caution for caution in found.cautions)
    assert found.ratio > 1
    assert "no zone is shown" in found.text


def test_reports_that_were_not_merged_are_refused(make):
    events = city(make)
    double = pd.concat(
        [events, events.head(60).assign(time=events.head(60)["time"] + pd.Timedelta(minutes=5))], ignore_index=True
    )
    double.attrs = events.attrs
    with pytest.raises(InputError, match=r"hold each event once: 60 of.*sara.dedupe"):
        zones(double)
    assert zones(double.assign(n_reports=2)).ratio > 1


def test_dates_without_a_time_will_do_and_doubles_are_said(make):
    events = city(make)
    dated = events.assign(time=events["time"].dt.normalize())
    dated.attrs["sara"] = {**events.attrs["sara"], "time_precision": "day"}
    double = pd.concat([dated, dated.head(20)], ignore_index=True)
    double.attrs = dated.attrs
    assert zones(dated).ratio == zones(events).ratio
    assert any("20 calls are at the same point on the same day" in caution for caution in zones(double).cautions)


def test_millions_of_pairs_get_fewer_deals(make, monkeypatch):
    monkeypatch.setattr("sara.hotspots._near_repeat.MOST_WORK", 10_000)
    found = zones(city(make), n_sims=999)
    assert found.settings["n_sims"].value == 99
    assert "fewer" in found.settings["n_sims"].why


def test_a_source_gives_the_same_answer(both):
    table, source = both
    area = sara.datasets.load("riverton_areas")
    one = sara.hotspots.near_repeat_zones(table.assign(n_reports=2), area=area, n_sims=39)
    other = sara.hotspots.near_repeat_zones(source, area=area, n_sims=39)
    assert other.text == one.text
    pd.testing.assert_frame_equal(other.bands, one.bands)


def test_the_burglaries_of_riverton_repeat():
    calls = sara.dedupe(sara.datasets.load("riverton_calls").query("category == 'burglary'"))
    found = sara.hotspots.near_repeat_zones(calls, area=sara.datasets.load("riverton_areas"), n_sims=99)
    assert found.p == pytest.approx(0.01)
    assert found.low > 1.5


def test_the_burglaries_of_portland_repeat_at_the_same_address(real_data):
    calls = sara.read_calls(real_data / "portland" / "crimes_bur.csv", crs=2913, columns={"type": None})
    found = sara.hotspots.near_repeat_zones(
        calls, area=sara.read_areas(real_data / "portland" / "portland_neighborhoods.geojson"), n_sims=39
    )
    assert found.ratio == pytest.approx(1.40, abs=0.05)
    same = found.bands.query("distance_from == 0 and days_from == 0").iloc[0]
    assert (same["n"], same["p"]) == (52, pytest.approx(1 / 40))
    assert found.hit_share > found.chance_share > found.area_share


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"distance": "200"}, InputError, "`distance` must be a distance"),
        ({"days": 1}, InputError, "`days` must be"),
        ({"days": 2.5}, InputError, "`days` must be"),
        ({"n_sims": 5}, InputError, "`n_sims` must be"),
        ({"seed": -1}, InputError, "`seed` must be a whole number"),
        ({"seed": "a"}, InputError, "`seed` must be a whole number"),
        ({"as_of": "2026-01-01"}, InputError, "`as_of` must lie in the period"),
        ({"as_of": "2024-01-20"}, NotEnoughDataError, "at least 100 events"),
    ],
)
def test_mistakes(make, wrong, error, words):
    with pytest.raises(error, match=words):
        zones(city(make), **wrong)
