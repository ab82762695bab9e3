"""The mean hour: round midnight, against SciPy, with unequal exposure, and with more than one peak."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sara
from sara.core.result import Result
from sara.trends._circular import _day_of_year


def events_at(times):
    return sara.as_events(pd.DataFrame({"when": times}), time="when")


def nights(n=400, seed=0, at=23.0, spread=2.0):
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(1, 364, n), unit="D")
    return day + pd.to_timedelta(rng.normal(at, spread, n), unit="h").round("min")


def test_hours_round_midnight():
    found = sara.trends.circular([22, 23, 23.5, 0.5, 1, 2])
    assert found.mean % 24 == pytest.approx(0, abs=1e-9) or found.mean == pytest.approx(24)
    assert found.low > 20
    assert found.high < 4
    assert found.text.startswith("The 6 events gather closely round 00:00")


@pytest.mark.parametrize("seed", range(3))
def test_events_agree_with_scipy(seed):
    times = nights(seed=seed)
    found = sara.trends.circular(events_at(times), period=("2023-01-01", "2023-12-31"))
    hours = np.asarray(times.hour + times.minute / 60)
    assert found.mean == pytest.approx(stats.circmean(hours, high=24) % 24, abs=1e-6)
    assert found.spread == pytest.approx(stats.circstd(hours, high=24), abs=1e-6)
    assert 1 - found.length == pytest.approx(stats.circvar(hours, high=24), abs=1e-9)
    assert found.z == pytest.approx(400 * found.length**2)
    bare = sara.trends.circular(hours)
    assert (bare.mean, bare.length, bare.p) == pytest.approx((found.mean, found.length, found.p))
    assert found.table["n"].sum() == 400


def test_no_direction_is_said():
    rng = np.random.default_rng(1)
    found = sara.trends.circular(rng.uniform(0, 24, 60))
    assert found.p > 0.05
    assert "gather round no time of the day more than chance" in found.text
    assert found.plot().get_legend() is None


def test_two_peaks_are_two_peaks():
    rng = np.random.default_rng(4)
    found = sara.trends.circular(np.r_[rng.normal(8, 1, 300), rng.normal(17, 1.5, 400)])
    assert len(found.peaks) == 2
    assert [round(at) for at, _ in found.peaks] in ([17, 8], [8, 17])
    assert "2 peaks" in found.text
    assert "describes neither" in found.text
    assert any("Two peaks" in caution for caution in found.cautions)
    opposite = sara.trends.circular([6.0, 18.0] * 20)
    assert opposite.mean is None
    assert "cancel out" in opposite.text


def test_one_sharp_peak_is_one_peak():
    found = sara.trends.circular([10.5] * 50)
    assert [round(at, 1) for at, _ in found.peaks] == [10.5]
    assert found.peaks[0][1] == pytest.approx(24)


def test_a_peak_beside_the_mean_is_told():
    rng = np.random.default_rng(8)
    found = sara.trends.circular(np.r_[rng.normal(1, 0.7, 300) % 24, rng.uniform(17, 25, 300) % 24])
    assert len(found.peaks) == 1
    assert "not even to both sides: most come around 0" in found.text


def test_few_events_get_no_p_value():
    found = sara.trends.circular([23.5, 0.5])
    assert found.p is None
    assert found.mean % 24 == pytest.approx(0, abs=1e-9) or found.mean == pytest.approx(24)
    assert "too few" in found.text
    assert sara.trends.circular([5.0]).counts.rows_used == 1


def test_a_month_seen_more_often_is_no_season():
    # One event a day for 18 months: January to June come round twice.
    times = pd.date_range("2022-01-01 12:07", "2023-06-30 12:07", freq="D")
    found = sara.trends.circular(events_at(times), by="month", period=("2022-01-01", "2023-06-30"))
    assert found.p > 0.99
    assert found.length < 0.01
    assert found.table["ratio"].to_numpy() == pytest.approx(np.ones(12))
    assert found.table["exposure"].tolist() == [62, 56, 62, 60, 62, 60, 31, 31, 30, 31, 30, 31]
    plain = sara.trends.circular(1 + 12 * (times.day_of_year - 0.5) / 366, by="month")
    assert plain.length > 0.1


def test_a_part_of_a_year_has_no_mean_month():
    with pytest.raises(sara.NotEnoughDataError, match="goes round once: a whole year"):
        sara.trends.circular(events_at(nights()), by="month", period=("2023-01-01", "2023-08-31"))


def test_a_summer_peak_across_leap_years():
    rng = np.random.default_rng(5)
    days = pd.date_range("2020-01-01 10:03", "2023-12-31 10:03", freq="D")
    level = 3 * (1 + 0.6 * np.cos(2 * np.pi * (days.day_of_year - 196) / 365.25))
    found = sara.trends.circular(events_at(days.repeat(rng.poisson(level))), by="month", period=("2020-01-01", "2023-12-31"))
    # 15 July is day 196.
    assert found.mean == pytest.approx(1 + 12 * 197 / 366, abs=0.3)
    assert "Jul" in found.text
    assert found.length == pytest.approx(0.3, abs=0.05)


def test_the_day_of_a_leap_year():
    days = np.array(
        ["2023-02-28", "2023-03-01", "2024-02-29", "2024-03-01", "2023-12-31", "2024-12-31", "2023-01-01"], dtype="datetime64[D]"
    )
    assert _day_of_year(days).tolist() == [58, 60, 59, 60, 365, 365, 0]


def test_dates_stand_for_their_noon_and_have_no_hour():
    calls = events_at(["2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26", "2024-02-02", "2024-02-09"])
    found = sara.trends.circular(calls, by="dow", period=("2024-01-01", "2024-02-11"))
    assert found.mean == pytest.approx(4.5)
    assert "Fri 12:00" in found.text
    with pytest.raises(sara.InputError, match="must have times with an hour"):
        sara.trends.circular(calls)


def test_mistakes_are_answered_in_words():
    with pytest.raises(sara.InputError, match="positions from 0 to 24"):
        sara.trends.circular([1, 2, 360])
    with pytest.raises(sara.InputError, match="positions from 1 to 13"):
        sara.trends.circular([0.5, 2], by="month")
    with pytest.raises(sara.InputError, match="must be one of"):
        sara.trends.circular([1, 2], by="week")
    with pytest.raises(sara.NotEnoughDataError, match="at least 1 number"):
        sara.trends.circular([np.nan, np.nan])
    assert sara.trends.circular([1.0, np.nan, 2.0]).counts.left_out == {"missing": 1}


def test_a_source_gives_the_same_numbers():
    calls = events_at(nights())
    source = sara.open_events(pd.DataFrame(calls.drop(columns="geometry").assign(x=1.0, y=2.0)), crs=32616)
    for by in ("hour", "dow", "month"):
        one, other = (sara.trends.circular(given, by=by, period=("2023-01-01", "2023-12-31")) for given in (calls, source))
        assert one.table["n"].tolist() == other.table["n"].tolist()
        assert (one.mean, one.length, one.z, one.p) == pytest.approx((other.mean, other.length, other.z, other.p))


def test_a_saved_answer_speaks_and_draws_as_before():
    found = sara.trends.circular(events_at(nights()), period=("2023-01-01", "2023-12-31"))
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.mean, back.low, back.peaks, back.cautions) == (
        found.text,
        found.mean,
        found.low,
        found.peaks,
        found.cautions,
    )
    assert "its interval" in [text.get_text() for text in back.plot().get_legend().get_texts()]


def test_real_cities(real_data):
    memphis = sara.trends.circular(sara.read_calls(real_data / "memphis" / "memphis_robberies.csv"))
    assert 20 < memphis.mean < 21.5
    assert len(memphis.peaks) == 1
    seattle = sara.read_calls(real_data / "seattle" / "seattle_911_2015.csv.gz")
    found = sara.trends.circular(seattle)
    assert found.counts.rows_used == found.table["n"].sum()
    hours = seattle["time"].dt.hour + seattle["time"].dt.minute / 60
    inside = hours[(seattle["time"] >= found.start) & (seattle["time"] < found.end)]
    assert found.mean == pytest.approx(stats.circmean(inside, high=24) % 24, abs=0.01)


def test_counts_and_times_are_no_positions():
    times = pd.Series(nights())
    calls = events_at(times)
    weeks = sara.trends.series(calls)
    for wrong, words in (
        (weeks, "Got a series of counts"),
        (weeks.table, "Got a series of counts"),
        (weeks.table.set_index("period")["n"], "counts over time"),
        (calls["time"], r"times\.dt\.hour \+ times\.dt\.minute / 60"),
        (times.dt.hour.value_counts(), "Got counts by value"),
        (times.dt.day_name(), "Got words"),
    ):
        with pytest.raises(sara.InputError, match=words):
            sara.trends.circular(wrong)
    assert sara.trends.circular(times.dt.hour + times.dt.minute / 60).mean == pytest.approx(sara.trends.circular(calls).mean)


def test_a_share_that_refutes_the_lean_is_left_out():
    rng = np.random.default_rng(2)
    lean = sara.trends.circular(np.r_[rng.uniform(0, 24, 2_000), rng.normal(4, 1, 130) % 24, rng.normal(16, 1, 40) % 24])
    near = dataclasses.replace(lean, near=0.24, p=0.001, peaks=())
    assert "(an even spread: 25 %)" not in near.text
    assert "51 % of them fall in the quarter" in dataclasses.replace(near, near=0.51).text
