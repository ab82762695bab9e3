"""One way in: whatever is handed over, a method for one series sees the same numbers, and nothing missing becomes zero."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sara
from sara.trends._input.counted import counted
from sara.trends._input.labels import SUNDAYS


def times_of(start, end, n, seed=0):
    low, high = pd.Timestamp(start), pd.Timestamp(end)
    seconds = np.random.default_rng(seed).uniform(0, (high - low).total_seconds(), n)
    return low + pd.to_timedelta(np.sort(seconds).round(), unit="s")


def events_at(times, **columns):
    return sara.as_events(
        pd.DataFrame({"when": times, **columns}), time="when", **{c: c for c in columns if c in ("category", "place", "origin")}
    )


EVENTS = events_at(times_of("2023-01-02", "2024-06-30", 3000))
PERIOD = ("2023-01-04", "2024-06-12")


def same(one, other, *, rows=True):
    np.testing.assert_array_equal(one.n, other.n)
    np.testing.assert_array_equal(one.start, other.start)
    np.testing.assert_array_equal(one.end, other.end)
    np.testing.assert_array_equal(one.days, other.days)
    assert one.freq == other.freq
    if rows:
        assert one.counts == other.counts
        assert one.partial == other.partial


# The same numbers, whatever is handed over.


@pytest.mark.parametrize("freq", ["D", "W", "W-SAT", "2W", "MS", "QS", "3MS", "10D", "6h"])
def test_events_a_source_a_series_and_its_table_are_the_same(freq):
    one = counted(EVENTS, freq=freq, period=PERIOD)
    found = sara.trends.series(EVENTS, freq=freq, period=PERIOD)
    same(one, counted(sara.open_events(EVENTS), freq=freq, period=PERIOD))
    same(one, counted(EVENTS.sample(frac=1, random_state=1), freq=freq, period=PERIOD))
    same(one, counted(found))
    # A table and a Series don't know how many rows lie outside the period. Two periods are needed to see their length.
    if len(found.table) > 1:
        again = counted(found.table)
        np.testing.assert_array_equal(again.n, one.n)
        np.testing.assert_array_equal(again.start, one.start)
        assert again.partial == one.partial
    whole = found.table[found.table["complete"]]
    assert one.n.tolist() == whole["n"].tolist()
    assert one.counts.rows_used == whole["n"].sum()
    if len(whole) > 1:
        bare = counted(whole.set_index("period")["n"])
        np.testing.assert_array_equal(bare.start, one.start)
        np.testing.assert_array_equal(bare.end, one.end)


def test_weeks_are_the_default_and_partial_ones_are_left_out_and_counted():
    found = counted(EVENTS, period=PERIOD)
    assert found.freq == "W-SUN"
    assert found.start[0] == np.datetime64("2023-01-09")
    assert found.end[-1] == np.datetime64("2024-06-10")
    assert (found.end - found.start == np.timedelta64(7, "D")).all()
    assert [start for start, _ in found.partial] == [pd.Timestamp("2023-01-02"), pd.Timestamp("2024-06-10")]
    assert found.counts.left_out["in a partial week"] == sum(n for _, n in found.partial)
    assert found.counts.rows_in == 3000
    assert found.settings["period"].value == "2023-01-04 to 2024-06-12"


def test_a_parquet_file_is_the_same(tmp_path):
    pd.DataFrame({"received": EVENTS["time"].dt.strftime("%Y-%m-%d %H:%M:%S"), "nature": "NOISE", "x": 500.0, "y": 900.0}).to_csv(
        tmp_path / "calls.csv", index=False
    )
    columns = {"time": "received", "type": "nature", "x": "x", "y": "y"}
    sara.convert(tmp_path / "calls.csv", tmp_path / "calls.parquet", source="calls", columns=columns, crs=32616)
    one = counted(str(tmp_path / "calls.parquet"), freq="W", period=PERIOD)
    np.testing.assert_array_equal(one.n, counted(EVENTS, period=PERIOD).n)
    assert one.noun == "calls"


@pytest.mark.parametrize(
    "numbers",
    [
        [3, 5, 4, 2], (3, 5, 4, 2), np.array([3, 5, 4, 2]), np.array([3.0, 5, 4, 2]), pd.Series([3, 5, 4, 2]), range(2, 6), iter([3, 5, 4, 2]),
        pd.Series([3, 5, 4, 2], index=[2019, 2020, 2021, 2022]), pd.Series([3, 5, 4, 2], dtype="Int64"), ["3", "5", "4", "2"],
        pd.Series([3, 5, 4, 2], index=list("abcd")), {0: 3, 1: 5, 2: 4, 3: 2}, pd.DataFrame({"period": [1, 2, 3, 4], "n": [3, 5, 4, 2]}),
    ],
)  # fmt: skip
def test_bare_numbers_have_an_order_and_no_dates(numbers):
    expected = [2, 3, 4, 5] if isinstance(numbers, range) else [3, 5, 4, 2]
    found = counted(numbers)
    assert found.n.tolist() == expected
    assert found.n.dtype == float
    assert not found.dated
    assert found.freq is None
    assert np.isnat(found.start).all()
    assert np.isnan(found.per_year)
    assert found.labels.tolist() == [1, 2, 3, 4]
    assert found.span == (None, None)
    assert (found.word, found.a_word, found.say(2), found.say(-1)) == ("period", "a period", "period 3", "period 4")
    assert found.counts.rows_used == sum(expected)


# Dates as people label them.


@pytest.mark.parametrize(
    ("index", "freq", "start", "end", "per_year"),
    [
        (pd.date_range("2024-01-01", periods=40), "D", "2024-01-01", "2024-01-02", 365.24),
        (pd.date_range("2024-01-01", periods=40, freq="W-MON"), "W-SUN", "2024-01-01", "2024-01-08", 52.18),
        (pd.date_range("2024-01-03", periods=40, freq="7D"), "W-TUE", "2024-01-03", "2024-01-10", 52.18),
        (pd.date_range("2024-01-01", periods=40, freq="14D"), "2W-SUN", "2024-01-01", "2024-01-15", 26.09),
        (pd.date_range("2024-01-01", periods=40, freq="MS"), "MS", "2024-01-01", "2024-02-01", 12.0),
        (pd.date_range("2024-01-31", periods=40, freq="ME"), "MS", "2024-01-01", "2024-02-01", 12.0),
        (pd.date_range("2024-03-31", periods=40, freq="QE"), "QS-JAN", "2024-01-01", "2024-04-01", 4.0),
        (pd.date_range("2024-02-01", periods=40, freq="QS-FEB"), "QS-FEB", "2024-02-01", "2024-05-01", 4.0),
        (pd.date_range("2004-12-31", periods=20, freq="YE"), "YS-JAN", "2004-01-01", "2005-01-01", 1.0),
        (pd.date_range("2004-07-01", periods=20, freq="YS-JUL"), "YS-JUL", "2004-07-01", "2005-07-01", 1.0),
        (pd.date_range("2024-01-01", periods=20, freq="2MS"), "2MS", "2024-01-01", "2024-03-01", 6.0),
        (pd.period_range("2024-01", periods=40, freq="M"), "MS", "2024-01-01", "2024-02-01", 12.0),
        (pd.period_range("2024-01-01", periods=40, freq="W-SUN"), "W-SUN", "2024-01-01", "2024-01-08", 52.18),
        (pd.period_range("2020Q1", periods=12, freq="Q"), "QS-JAN", "2020-01-01", "2020-04-01", 4.0),
        (pd.date_range("2024-01-01 06:00", periods=40), "D", "2024-01-01", "2024-01-02", 365.24),
        (pd.date_range("2024-01-01 06:00", periods=40, freq="8h"), None, "2024-01-01T06:00", "2024-01-01T14:00", 1095.7),
        (pd.date_range("2024-01-01", periods=40, freq="MS").strftime("%Y-%m-%d"), "MS", "2024-01-01", "2024-02-01", 12.0),
        (pd.Index([dt.date(2024, 1, day) for day in range(1, 20)]), "D", "2024-01-01", "2024-01-02", 365.24),
    ],
)  # fmt: skip
def test_dates_as_an_index(index, freq, start, end, per_year):
    found = counted(pd.Series(np.arange(len(index)), index=index))
    assert freq is None or found.freq == freq
    assert (found.start[0], found.end[0]) == (np.datetime64(start), np.datetime64(end))
    assert found.n.tolist() == list(range(len(index)))
    assert (found.end[:-1] == found.start[1:]).all()
    assert found.per_year == pytest.approx(per_year, rel=2e-3)


def test_the_order_of_dates_is_that_of_time():
    series = pd.Series([1, 2, 3, 4], index=pd.date_range("2024-01-01", periods=4))
    same(counted(series), counted(series.iloc[[2, 0, 3, 1]]))
    assert counted({"2024-01-02": 5, "2024-01-01": 4}).n.tolist() == [4, 5]


def test_a_date_that_is_not_there_is_unknown_and_not_zero():
    series = pd.Series([5, 6, 7, 8], index=pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-29", "2024-02-05"]))
    found = counted(series)
    np.testing.assert_array_equal(found.n, [5, 6, np.nan, np.nan, 7, 8])
    np.testing.assert_array_equal(found.days, [7, 7, 0, 0, 7, 7])
    assert found.cautions == ("2 weeks of the series have no number: taken as unknown, not as zero.",)
    same(found, counted(series.reindex(pd.date_range("2024-01-01", periods=6, freq="7D"))))
    assert counted([1, None, 3]).n[1] != 0
    assert np.isnan(counted(pd.Series([1, pd.NA, 3], dtype="Int64")).n[1])


def test_sundays_may_be_last_days_and_that_is_said():
    weeks = pd.Series(1, index=times_of("2024-01-01", "2024-06-01", 200)).resample("W").sum()
    assert counted(weeks).cautions == (SUNDAYS,)
    mondays = pd.Series(1, index=times_of("2024-01-01", "2024-06-01", 200)).resample("W-MON", closed="left", label="left").sum()
    assert counted(mondays).cautions == ()


# Gaps, partial periods, parts of a table.


def test_a_gap_of_the_file_is_unknown_for_events_and_series_alike():
    times = times_of("2023-01-02", "2024-06-30", 6000)
    events = events_at(times[(times < "2023-08-09") | (times >= "2023-09-01")])
    one = counted(events, period=PERIOD)
    assert np.flatnonzero(np.isnan(one.n)).tolist() == [30, 31, 32, 33]
    assert (one.days[~np.isnan(one.n)] == 7).all()
    other = counted(sara.trends.series(events, period=PERIOD))
    np.testing.assert_array_equal(one.n, other.n)
    assert sum(one.counts.left_out.values()) + one.counts.rows_used == one.counts.rows_in == len(events)
    assert other.counts.rows_used == one.counts.rows_used


def test_gaps_told_to_a_series_reach_every_method():
    found = counted(sara.trends.series(EVENTS, period=PERIOD, gaps=[("2023-05-01", "2023-05-20")]))
    assert np.isnan(found.n).sum() == 3
    assert found.settings["gaps"].value == "2023-05-01 to 2023-05-20"
    assert any("unknown, not as zero" in caution for caution in found.cautions)


def test_part_of_a_table_keeps_what_it_says_about_its_rows():
    table = sara.trends.series(EVENTS, period=PERIOD).table
    found = counted(table.drop(index=[5, 6]))
    assert np.flatnonzero(np.isnan(found.n)).tolist() == [4, 5]
    # The partial weeks at both ends are still partial.
    assert len(found) == len(table) - 2
    assert len(found.partial) == 2
    assert len(counted(table.iloc[3:40])) == 37


def test_a_period_cuts_a_series_to_the_periods_wholly_inside():
    series = sara.trends.series(EVENTS)
    found = counted(series, period=("2023-03-01", "2023-04-30"))
    assert (found.start[0], found.end[-1]) == (np.datetime64("2023-03-06"), np.datetime64("2023-05-01"))
    assert found.counts.rows_in == 3000
    assert found.counts.rows_used + sum(found.counts.left_out.values()) == 3000
    assert found.settings["period"].chosen_by == "you"
    table = series.table.set_index("period")["n"]
    assert found.n.tolist() == table["2023-03-06":"2023-04-24"].tolist()


def test_operational_days_keep_their_dates():
    events = events_at(["2024-01-05 23:00", "2024-01-06 02:00", "2024-01-07 12:00", "2024-01-08 07:00", "2024-01-09 23:00"])
    found = counted(sara.trends.series(events, freq="D", day_starts=6, period=("2024-01-05", "2024-01-08")))
    assert found.n.tolist() == [2, 0, 1, 1]
    assert found.say(0) == "2024-01-05"
    assert found.settings["day_starts"].value == "06:00"
    shifts = counted(sara.trends.series(EVENTS, freq="8h", day_starts=6, period=PERIOD))
    assert {int(str(start)[11:13]) for start in shifts.start} == {6, 14, 22}
    assert shifts.say(0) == "the 8-hour period from 2023-01-04 06:00"


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=60),
    st.sampled_from(["D", "W-MON", "7D", "MS", "QS", "YS", "6h"]),
    st.data(),
)
def test_numbers_survive_whatever_the_dates(values, freq, data):
    index = pd.date_range("2001-01-01", periods=len(values), freq=freq)
    gone = data.draw(st.sets(st.integers(2, len(values) - 2), max_size=3)) if len(values) > 4 else set()
    kept = [i for i in range(len(values)) if i not in gone]
    found = counted(pd.Series(values, index=index).iloc[kept].sample(frac=1, random_state=1))
    assert len(found) == len(values)
    np.testing.assert_array_equal(found.n[kept], np.array(values)[kept])
    assert np.isnan(found.n[sorted(gone)]).all()
    assert found.counts.rows_used == sum(values[i] for i in kept)


def test_what_was_handed_over_is_left_alone():
    series = pd.Series([4, 2, 7], index=pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-03"]))
    before = series.copy()
    table = sara.trends.series(EVENTS).table
    kept = table.copy()
    array = np.array([3.0, np.nan])
    for data in (series, table, array):
        found = counted(data)
        found.n[:] = -1
    pd.testing.assert_series_equal(series, before)
    pd.testing.assert_frame_equal(table, kept)
    np.testing.assert_array_equal(array, [3.0, np.nan])


# Words.


@pytest.mark.parametrize(
    ("freq", "words"),
    [("W", "the week from 2023-01-09"), ("D", "2023-01-04"), ("MS", "February 2023"), ("QS", "the quarter from 2023-04-01"), ("6h", "the 6-h"), ("2W", "the 2-week period from 2023-01-")],
)  # fmt: skip
def test_a_period_is_named(freq, words):
    assert counted(EVENTS, freq=freq, period=PERIOD).say(0).startswith(words)


def test_source_and_noun_come_along():
    events = EVENTS.assign(source="calls")
    assert counted(events).noun == counted(sara.trends.series(events)).noun == "calls"
    assert any(
        "started by officers" in caution
        for caution in counted(events_at(times_of("2024-01-01", "2024-03-01", 50), origin=["officer"] * 50)).cautions
    )


# What a method may ask for.


def test_counts_are_whole_numbers_of_zero_or_more():
    assert counted([0, 3, np.nan]).check_counts() is not None
    for wrong in ([1, -1], [1.5, 2]):
        with pytest.raises(sara.InputError, match="`series` must hold counts"):
            counted(wrong).check_counts()


def test_enough_and_without_holes():
    assert len(counted([1, 2, 3]).check_length(3, method="ears")) == 3
    with pytest.raises(sara.NotEnoughDataError, match="ears needs at least 3 complete periods. Got 2"):
        counted([1, 2, np.nan]).check_length(3, method="ears")
    with pytest.raises(
        sara.InputError, match="must have a number for every period for stl. Got 1 without one, the first period 2"
    ):
        counted([1, np.nan, 3]).check_whole(method="stl")
    assert counted([1, 2]).check_whole(method="stl").n.tolist() == [1, 2]


# Mistakes.


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("abc", "`series` must be events, a series, or numbers"), (None, "`series` must be"), (5, "`series` must be"), ([[1, 2], [3, 4]], "`series` must be"),
        (np.ones((2, 2)), "`series` must be"), ([1, np.inf], "`series` must be"), (["a", "b"], "`series` must be"),
        (EVENTS["time"], "must hold numbers. Got a column of datetime64"),
        (pd.Series([1, 2, 3], index=pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-04"]).tz_localize("UTC")), "a time zone"),
        (pd.Series([1, 2, 3], index=pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"])), "a date twice"),
        (pd.Series([1, 2, 3], index=pd.to_datetime(["2024-01-01", None, "2024-01-02"])), "a missing date"),
        (pd.Series([1, 2, 3], index=pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-20"])), "must have regular dates"),
        (pd.Series([1, 2, 3], index=pd.to_datetime(["2024-01-15", "2024-02-15", "2024-03-15"])), "must have regular dates"),
    ],
)  # fmt: skip
def test_what_is_no_series_is_refused_in_words(data, message):
    with pytest.raises(sara.InputError, match=message):
        counted(data)


def test_nothing_and_one_date_are_not_enough():
    with pytest.raises(sara.NotEnoughDataError, match="at least 1 number"):
        counted([])
    with pytest.raises(sara.NotEnoughDataError, match="at least 2 periods"):
        counted(pd.Series([4], index=pd.to_datetime(["2024-01-01"])))
    assert counted([4]).n.tolist() == [4]
    one = events_at(["2024-01-03 10:00"])
    for data in (one, sara.open_events(one), sara.trends.series(one)):
        with pytest.raises(sara.NotEnoughDataError, match="at least 1 complete week of the file. Got 0"):
            counted(data)


@pytest.mark.parametrize("method", ["farrington", "decompose", "forecast", "ears", "trend_test", "change_points"])
def test_a_period_without_a_whole_week_is_refused_in_words(method):
    with pytest.raises(sara.NotEnoughDataError, match="at least 1 complete week"):
        getattr(sara.trends, method)(DAILY, period=("2024-03-05", "2024-03-08"))


def test_no_time_at_all_is_refused():
    blank = DAILY.assign(time=pd.NaT)
    for method in (sara.trends.series, sara.trends.ears, sara.trends.seasonal):
        with pytest.raises(sara.NotEnoughDataError, match="at least 1 event with a time"):
            method(blank)


# Ten rows a day, four years.
DAILY = events_at(pd.date_range("2021-01-04", "2024-12-29 23:59", freq="144min"))


def test_beyond_the_file_nothing_is_known():
    inside, beyond = counted(DAILY), counted(DAILY, period=("2010-01-01", "2030-01-01"))
    same(inside, beyond)
    assert sum("covers 2021-01-04 to 2024-12-29" in words for words in beyond.cautions) == 1
    assert any("of the period asked for lie outside, unknown, not empty" in words for words in beyond.cautions)
    assert not any("lie outside" in words for words in inside.cautions)
    same(beyond, counted(sara.open_events(DAILY), period=("2010-01-01", "2030-01-01")))
    # A rare kind of call is as unknown there as all of them.
    rare = DAILY.iloc[::500]
    assert counted(rare, period=("2010-01-01", "2030-01-01")).n.tolist() == counted(rare).n.tolist()


def test_a_period_beyond_the_file_is_refused():
    for data in (DAILY, sara.open_events(DAILY)):
        for method in (sara.trends.series, sara.trends.farrington, sara.trends.clock, sara.trends.seasonal):
            with pytest.raises(sara.NotEnoughDataError, match="covers 2021-01-04 to 2024-12-29"):
                method(data, period=("2030-01-01", "2030-12-31"))


def test_a_series_beyond_the_file_has_no_numbers_there():
    found = sara.trends.series(DAILY, period=("2020-06-01", "2026-01-01"), freq="MS")
    outside = (found.table["period"] < "2021-01-01") | (found.table["period"] > "2024-12-31")
    assert found.table["n"].isna().tolist() == outside.tolist()
    assert "as many" in found.text or "may explain" in found.text
    assert found.years == sara.trends.series(DAILY).years
    week = sara.trends.clock(DAILY, period=("2010-01-01", "2030-01-01")).table
    pd.testing.assert_frame_equal(week, sara.trends.clock(DAILY).table)


def test_a_small_table_a_little_shorter_than_its_period_has_zeros():
    few = events_at(["2024-01-01 10:00", "2024-01-03 11:00", "2024-01-16 12:00"])
    assert counted(few, period=("2024-01-01", "2024-01-28")).n.tolist() == [2, 0, 1, 0]


def test_another_run_of_the_file_is_no_unknown_time():
    early = pd.date_range("2019-01-01", "2019-12-31 23:59", freq="144min")
    events = events_at([*early, *pd.date_range("2020-06-01", "2023-12-31 23:59", freq="144min")])
    found = counted(events, period=("2018-01-01", "2023-12-31"), freq="MS")
    assert pd.Timestamp(found.start[0]) == pd.Timestamp("2019-01-01")
    assert np.isnan(found.n).sum() == 5
    same(found, counted(sara.open_events(events), period=("2018-01-01", "2023-12-31"), freq="MS"))
    stragglers = events_at(["2012-05-01 10:00", *pd.date_range("2020-06-01", "2023-12-31 23:59", freq="144min")])
    assert pd.Timestamp(counted(stragglers, period=("2012-01-01", "2023-12-31"), freq="MS").start[0]) == pd.Timestamp(
        "2020-06-01"
    )


def test_freq_period_and_by_are_for_what_they_fit():
    with pytest.raises(sara.InputError, match="`freq` must be left out"):
        counted([1, 2, 3], freq="W")
    with pytest.raises(sara.InputError, match="`freq` must be left out"):
        counted(sara.trends.series(EVENTS), freq="W")
    with pytest.raises(sara.InputError, match="`period` must be left out"):
        counted([1, 2, 3], period=PERIOD)
    with pytest.raises(sara.NotEnoughDataError, match="`period` must hold a whole week"):
        counted(sara.trends.series(EVENTS), period=("2023-03-01", "2023-03-04"))
    grouped = sara.trends.series(
        events_at(times_of("2024-01-01", "2024-03-01", 60), category=["noise", "theft"] * 30), by="category"
    )
    with pytest.raises(sara.InputError, match="`events` must be one series. Got one per category"):
        counted(grouped, name="events")
    with pytest.raises(sara.InputError, match="several rows for one period"):
        counted(grouped.table)
    with pytest.raises(sara.InputError, match="has no rows"):
        counted(EVENTS.iloc[:0])
    with pytest.raises(sara.InputError, match="`events`"):
        counted(pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize("values", [[0] * 30, [7] * 30, [10**6] * 30, [0.0, 1e12]])
def test_odd_counts_pass_unchanged(values):
    assert counted(values).check_counts().n.tolist() == values


def test_twenty_years_of_days_are_quick():
    index = pd.date_range("2004-01-01", "2023-12-31")
    found = counted(pd.Series(1, index=index))
    assert len(found) == len(index) == 7305
    assert found.days.sum() == 7305


def test_a_real_city(real_data):
    calls = sara.read_calls(real_data / "montgomery" / "911.csv.gz")
    found = counted(calls, freq="W")
    week = (calls["time"] >= "2015-12-14") & (calls["time"] < "2015-12-21")
    assert (found.start[0], found.n[0]) == (np.datetime64("2015-12-14"), week.sum())
    same(found, counted(sara.trends.series(calls)))
