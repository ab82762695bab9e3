"""Weekdays, months and hours against chance: a handful exactly, thousands with their own ups and downs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.result import Result


def events_at(times, **columns):
    return sara.as_events(pd.DataFrame({"when": times, **columns}), time="when", **{c: c for c in columns})


def daily(rng, days, *, shape=None, swing=0.0, mean=6.0):
    """Return events at noon of each day; with a swing, weekdays vary from week to week by that share of their level."""
    day = pd.Timestamp("2023-01-02") + pd.to_timedelta(np.arange(days), unit="D")
    level = mean * (np.ones(7) if shape is None else np.asarray(shape))[day.day_of_week]
    if swing:
        level = level * rng.gamma(1 / swing**2, swing**2, days)
    return day.repeat(rng.poisson(level)) + pd.Timedelta(hours=12, minutes=7)


def test_three_burglaries_on_mondays():
    found = sara.trends.day_of_week_test([3, 0, 0, 0, 0, 0, 0])
    assert found.p == pytest.approx(7 / 343)
    assert (found.how, found.n_splits) == ("exact", 84)
    assert (
        found.text
        == "Mondays stand out: 3 of 3 events on Mondays, where 0.4 would be expected. Chance alone gives a split as uneven 2 times in 100."
    )
    two = sara.trends.day_of_week_test([2, 1, 0, 0, 0, 0, 0])
    assert two.p == pytest.approx(0.387755, abs=5e-7)
    assert two.text.startswith("No day of the week stands out from chance")
    assert two.named == ()


def test_events_and_their_counts_give_the_same_answer():
    times = ["2024-01-05 10:00", "2024-01-12 11:00", "2024-01-19 12:00", "2024-01-22 09:30"]
    found = sara.trends.day_of_week_test(events_at(times), period=("2024-01-01", "2024-01-28"))
    assert found.table["n"].tolist() == [1, 0, 0, 0, 3, 0, 0]
    assert found.table["exposure"].tolist() == [4.0] * 7
    assert found.p == pytest.approx(sara.trends.day_of_week_test(np.array([1, 0, 0, 0, 3, 0, 0])).p)
    assert found.counts.rows_used == 4


def test_a_weekday_that_came_round_more_often_is_no_pattern():
    # Nine days: Mondays and Tuesdays twice. One event a day is as even as can be.
    times = pd.date_range("2024-01-01 12:30", periods=9, freq="D")
    calls = events_at(times)
    found = sara.trends.day_of_week_test(calls, period=("2024-01-01", "2024-01-09"))
    assert found.table["exposure"].tolist() == [2, 2, 1, 1, 1, 1, 1]
    assert found.statistic == pytest.approx(0, abs=1e-12)
    assert found.p == pytest.approx(1)
    assert sara.trends.day_of_week_test(calls, period=("2024-01-01", "2024-01-09"), exposure=False).statistic > 0.5
    given = sara.trends.day_of_week_test([2, 2, 1, 1, 1, 1, 1], exposure=[2, 2, 1, 1, 1, 1, 1])
    assert given.p == pytest.approx(1)


def test_days_the_period_never_saw_are_left_out_and_told():
    found = sara.trends.day_of_week_test(events_at(["2024-01-01 10:00", "2024-01-02 10:30"]), period=("2024-01-01", "2024-01-03"))
    assert found.table["dow"].tolist() == [0, 1, 2]
    assert any("no Thu, Fri, Sat, Sun" in caution for caution in found.cautions)


def test_months_count_by_their_days_and_hours_by_their_hours():
    times = pd.date_range("2023-01-01 00:30", "2024-12-31 23:30", freq="7h")
    months = sara.trends.day_of_week_test(events_at(times), by="month", period=("2023-01-01", "2024-12-31"))
    assert months.table["month"].tolist() == list(range(1, 13))
    assert months.table["exposure"].tolist() == [62, 57, 62, 60, 62, 60, 62, 62, 60, 62, 60, 62]
    assert months.p > 0.9
    hours = sara.trends.day_of_week_test(events_at(times), by="hour", period=("2023-01-01", "2024-12-31"))
    assert hours.table["exposure"].tolist() == [731.0] * 24
    assert len(hours.table) == 24
    assert hours.plot().get_title(loc="left") == "Is it really that hour, or chance?"


def test_a_real_weekend_is_named():
    rng = np.random.default_rng(3)
    calls = events_at(daily(rng, 364, shape=[1, 1, 1, 1, 1, 2, 2]))
    found = sara.trends.day_of_week_test(calls, period=("2023-01-02", "2023-12-31"))
    assert set(found.named) == {"Sat", "Sun"}
    assert "times the average" in found.text


@pytest.mark.parametrize("swing", [0.0, 0.6])
def test_weekdays_that_vary_anyway_do_not_cry_wolf(swing):
    rng = np.random.default_rng(17)
    false, plain = 0, 0
    for _ in range(60):
        counts = daily(rng, 364, swing=swing)
        calls = events_at(counts)
        found = sara.trends.day_of_week_test(calls, period=("2023-01-02", "2023-12-31"))
        false += found.p < 0.05
        plain += sara.trends.day_of_week_test(calls, period=("2023-01-02", "2023-12-31"), method="chi-square").p < 0.05
    # 3 expected; 9 or more of 60 would have p < 0.003 at that rate.
    assert false <= 8
    if swing:
        assert plain >= 20


def test_too_few_to_show_anything_is_said():
    found = sara.trends.day_of_week_test([2, 0, 0, 0, 0, 0, 0])
    assert any("even all in one bin would come by chance 14 times in 100" in caution for caution in found.cautions)
    assert found.p == pytest.approx(1 / 7)


def test_mistakes_are_answered_in_words():
    for wrong, words in [
        ([1, 2], "7 counts, one per day of the week"),
        ([1, 2, 3, 4, 5, 6, -7], "counts: whole numbers of zero or more"),
        ([1, 2, 3, 4, 5, 6, 7.5], "counts: whole numbers of zero or more"),
        ([1, 2, 3, 4, 5, 6, np.nan], "counts: whole numbers of zero or more"),
    ]:
        with pytest.raises(sara.InputError, match=words):
            sara.trends.day_of_week_test(wrong)
    with pytest.raises(sara.NotEnoughDataError, match="at least 1 event"):
        sara.trends.day_of_week_test([0] * 7)
    with pytest.raises(sara.InputError, match="`exposure` must be True, False, or 7 numbers"):
        sara.trends.day_of_week_test([1] * 7, exposure=[1, 2])
    with pytest.raises(sara.InputError, match="must be above zero where there are events"):
        sara.trends.day_of_week_test([1] * 7, exposure=[0, 1, 1, 1, 1, 1, 1])
    with pytest.raises(sara.InputError, match="`period` must be left out"):
        sara.trends.day_of_week_test([1] * 7, period=("2024-01-01", "2024-02-01"))
    with pytest.raises(sara.InputError, match="must be one of"):
        sara.trends.day_of_week_test([1] * 7, by="weekday")
    dates = events_at(["2024-01-01", "2024-01-02", "2024-01-03"])
    with pytest.raises(sara.InputError, match="must have times with an hour"):
        sara.trends.day_of_week_test(dates, by="hour")
    assert sara.trends.day_of_week_test(dates).counts.rows_used == 3


def test_counts_of_days_are_added_up():
    rng = np.random.default_rng(12)
    calls = events_at(daily(rng, 200, shape=[1, 1, 1, 1, 1, 2, 2]))
    period = ("2023-01-02", "2023-07-20")
    one = sara.trends.day_of_week_test(calls, period=period)
    days = sara.trends.series(calls, freq="D", period=period)
    for given in (days, days.table.set_index("period")["n"]):
        other = sara.trends.day_of_week_test(given)
        pd.testing.assert_frame_equal(one.table, other.table, check_dtype=False)
        assert (other.p, other.how, other.swing) == (one.p, one.how, one.swing)
    with pytest.raises(sara.InputError, match="counts of days"):
        sara.trends.day_of_week_test(sara.trends.series(calls, freq="W", period=period))


def test_a_bar_night_is_one_night():
    # Every Friday night, half before midnight and half after.
    friday = pd.date_range("2024-01-05 23:30", periods=20, freq="7D")
    calls = events_at(friday.append(friday + pd.Timedelta(hours=2)))
    period = ("2024-01-01", "2024-05-26")
    calendar, nights = (sara.trends.day_of_week_test(calls, day_starts=hour, period=period) for hour in (0, "06:00"))
    assert calendar.table["n"].tolist() == [0, 0, 0, 0, 20, 20, 0]
    assert nights.table["n"].tolist() == [0, 0, 0, 0, 40, 0, 0]
    assert nights.table["exposure"].sum() == pytest.approx(147 - 0.25)  # from 06:00 of the first day to the end of the file
    for wrong in (
        lambda: sara.trends.day_of_week_test(calls, by="hour", day_starts=6),
        lambda: sara.trends.day_of_week_test([1] * 7, day_starts=6),
    ):
        with pytest.raises(sara.InputError, match="`day_starts` must be left out"):
            wrong()


def test_other_cycles_and_huge_counts():
    assert sara.trends.day_of_week_test([5, 0, 0], by="bin").table["bin"].tolist() == [1, 2, 3]
    huge = sara.trends.day_of_week_test([1_000_000, 1_000_100, 999_900, 1_000_000, 1_000_050, 999_950, 1_000_000])
    assert huge.p > 0.5
    assert any("too small to matter" in caution for caution in huge.cautions)


def test_a_source_gives_the_same_numbers():
    calls = events_at(pd.date_range("2024-01-01 08:17", periods=300, freq="29h"))
    source = sara.open_events(pd.DataFrame(calls.drop(columns="geometry").assign(x=1.0, y=2.0)), crs=32616)
    for by in ("dow", "month", "hour"):
        one, other = (
            sara.trends.day_of_week_test(given, by=by, period=("2024-01-01", "2024-12-31")) for given in (calls, source)
        )
        pd.testing.assert_frame_equal(one.table, other.table)
        assert one.p == other.p


def test_a_saved_answer_speaks_and_draws_as_before():
    found = sara.trends.day_of_week_test([0, 1, 0, 2, 6, 9, 3])
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.p, back.named, back.least_p) == (found.text, found.p, found.named, found.least_p)
    ax = back.plot()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def test_intervals_hold_for_all_bins_together():
    rng = np.random.default_rng(21)
    share = np.array([1, 1, 1, 1, 2, 2, 2]) / 10
    held = 0
    for _ in range(400):
        table = sara.trends.day_of_week_test(rng.multinomial(140, share), exposure=np.ones(7)).table
        held += bool(((table["low"] <= share * 7) & (share * 7 <= table["high"])).all())
    assert held / 400 >= 0.92


def test_real_cities(real_data):
    chicago = sara.read_calls(real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz")
    found = sara.trends.day_of_week_test(chicago)
    assert found.table["n"].sum() == found.counts.rows_used
    assert found.named[0] == "Fri"
    assert found.swing > 1.1
    memphis = sara.trends.day_of_week_test(sara.read_calls(real_data / "memphis" / "memphis_robberies.csv"))
    assert memphis.p < 0.05
    assert memphis.named == ("Fri",)


def test_counts_with_names_are_put_in_order():
    counts = [50, 51, 49, 50, 52, 95, 86]
    want = sara.trends.day_of_week_test(counts)
    full = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    for names in (full, [name[:3].upper() for name in full], range(7), [str(day) for day in range(7)], pd.Categorical(full)):
        shuffled = pd.Series(counts, index=pd.Index(names)).sort_values(ascending=False)
        found = sara.trends.day_of_week_test(shuffled)
        pd.testing.assert_frame_equal(found.table, want.table)
        assert found.text.startswith("Saturdays")
    days = pd.date_range("2024-01-06", periods=5, freq="7D").append(pd.DatetimeIndex(["2024-01-01"]))
    assert sara.trends.day_of_week_test(pd.Series(days).dt.day_name().value_counts()).table["n"].tolist() == [1, 0, 0, 0, 0, 5, 0]
    assert sara.trends.day_of_week_test(pd.Series(counts, index=range(1, 8))).table["n"].tolist() == counts
    assert sara.trends.day_of_week_test(pd.Series({7: 4, 2: 1}), by="month").table["n"].tolist() == [
        0,
        1,
        0,
        0,
        0,
        0,
        4,
        0,
        0,
        0,
        0,
        0,
    ]
    assert sara.trends.day_of_week_test(pd.Series({"Sept": 4, "May": 1}), by="month").table["n"].tolist()[4:9] == [1, 0, 0, 0, 4]
    assert sara.trends.day_of_week_test(pd.Series({23: 4, 0: 1}), by="hour").table["n"].tolist() == [1] + [0] * 22 + [4]
    assert sara.trends.day_of_week_test(pd.Series({"late": 9, "early": 1}), by="bin").labels == ("late", "early")
    exposure = pd.Series({"Sun": 2, **dict.fromkeys(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"], 1)})
    assert sara.trends.day_of_week_test([1] * 7, exposure=exposure).table["exposure"].tolist() == [1] * 6 + [2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pd.Series([1, 2, 3, 4, 5, 6, 7], index=[3, 1, 2, 4, 5, 6, 7]), "Got an index of 3, 1, 2, 4"),
        (pd.Series({"Mon": 1, "Lundi": 2}), "Got an index of Mon, Lundi"),
        (pd.Series([1, 2], index=["Mon", "Monday"]), "each once"),
        (pd.Series([1, 2]), "Got 2 numbers"),
        (pd.Series(["Monday", "Friday"]), r"values.value_counts\(\)"),
        (pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])), "Got a column of times"),
    ],
)
def test_an_index_that_says_nothing_is_refused(given, words):
    with pytest.raises(sara.InputError, match=words):
        sara.trends.day_of_week_test(given)


def test_words_for_little_and_for_one():
    many = sara.trends.day_of_week_test([10_000, 10_000, 10_000, 10_000, 10_400, 10_000, 10_000])
    assert many.named == ("Fri",)
    assert "Fridays (3.4 % above the average)" in many.text
    assert "the only event on Tuesdays" in sara.trends.day_of_week_test([0, 1, 0, 0, 0, 0, 0]).text
    legend = [text.get_text() for text in many.plot().get_legend().get_texts()]
    assert "above what chance explains" in legend
