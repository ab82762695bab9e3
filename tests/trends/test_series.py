"""Counts over time: calendar periods, completeness, zeros, words, and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sara
from sara.core.result import Result
from sara.trends._series import _alike


def events_at(times, **columns):
    return sara.as_events(
        pd.DataFrame({"when": times, **columns}),
        time="when",
        **{c: c for c in columns if c in ("category", "place", "origin", "type")},
    )


def spread(start, end, n, seed=0):
    """Return `n` times between two dates, drawn evenly."""
    low, high = pd.Timestamp(start), pd.Timestamp(end)
    return low + pd.to_timedelta(
        np.sort(np.random.default_rng(seed).uniform(0, (high - low).total_seconds(), n)).round(), unit="s"
    )


def test_weeks_run_monday_to_sunday_and_zero_weeks_stay():
    # 2024-01-01 was a Monday; the second week has nothing.
    found = sara.trends.series(
        events_at(["2024-01-01 00:00", "2024-01-07 23:59", "2024-01-15 00:00"]), period=("2024-01-01", "2024-01-21")
    )
    assert found.table["period"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-08"), pd.Timestamp("2024-01-15")]
    assert found.table["n"].tolist() == [2, 0, 1]
    assert found.table["complete"].all()
    assert found.table["days"].tolist() == [7, 7, 7]


def test_partial_periods_are_marked_with_their_days():
    found = sara.trends.series(events_at(spread("2024-01-10", "2024-04-20", 200)), freq="MS", period=("2024-01-10", "2024-04-20"))
    assert found.table["complete"].tolist() == [False, True, True, False]
    assert found.table["days"].tolist() == [22, 29, 31, 20]
    assert "2 complete months" in found.text


@pytest.mark.parametrize(
    ("freq", "first", "second"),
    [
        ("D", "2024-02-14", "2024-02-15"), ("W", "2024-02-12", "2024-02-19"), ("W-SAT", "2024-02-11", "2024-02-18"), ("W-TUE", "2024-02-14", "2024-02-21"), ("2W", "2024-02-12", "2024-02-26"),
        ("MS", "2024-02-01", "2024-03-01"), ("M", "2024-02-01", "2024-03-01"), ("ME", "2024-02-01", "2024-03-01"), ("QS", "2024-01-01", "2024-04-01"),
        ("QE", "2024-01-01", "2024-04-01"), ("YS", "2024-01-01", "2025-01-01"), ("YE-JUN", "2023-07-01", "2024-07-01"), ("7D", "2024-02-14", "2024-02-21"),
        ("6h", "2024-02-14 00:00", "2024-02-14 06:00"), ("3MS", "2024-02-01", "2024-05-01"),
    ],
)  # fmt: skip
def test_any_offset_keeps_its_calendar_limits(freq, first, second):
    found = sara.trends.series(events_at(spread("2024-02-14", "2025-08-01", 500)), freq=freq, period=("2024-02-14", "2025-07-31"))
    assert found.table["period"].iloc[:2].tolist() == [pd.Timestamp(first), pd.Timestamp(second)]
    assert found.table["n"].sum() == 500
    assert found.table["days"].sum() == pytest.approx(534)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 400), st.integers(1, 300), st.sampled_from(["D", "W", "MS", "2W", "QS"]))
def test_every_event_of_the_period_is_in_one_period(n, shift, length, freq):
    start = pd.Timestamp("2023-01-01") + pd.Timedelta(days=shift)
    end = start + pd.Timedelta(days=length)
    events = events_at(spread(start, end, n, seed=shift))
    found = sara.trends.series(events, freq=freq, period=(start, end))
    assert found.table["n"].sum() == n == found.counts.rows_used
    assert found.table["days"].sum() == pytest.approx(length)
    limits = found.table["period"]
    assert limits.is_monotonic_increasing
    assert limits.iloc[0] <= start
    whole = found.table[found.table["complete"]]
    assert (whole["period"] >= start).all()


def test_pandas_resample_gives_the_same_weeks():
    times = spread("2024-01-01", "2024-12-29", 700)
    found = sara.trends.series(events_at(times), period=("2024-01-01", "2024-12-29")).table
    other = pd.Series(1, index=times).resample("W-MON", closed="left", label="left").sum()
    assert found.set_index("period")["n"].reindex(other.index).tolist() == other.tolist()
    assert found["n"].sum() == other.sum()


def test_groups_are_filled_in_and_missing_ones_counted():
    events = events_at(["2024-01-01", "2024-01-09", "2024-01-10", "2024-01-11"], category=["noise", "theft", "theft", None])
    found = sara.trends.series(events, by="category", period=("2024-01-01", "2024-01-14"))
    assert found.table[["category", "n"]].to_numpy().tolist() == [["noise", 1], ["theft", 0], ["noise", 0], ["theft", 2]]
    assert found.counts.left_out == {"with no category": 1}


def test_default_period_is_the_longest_run_and_strays_are_counted():
    found = sara.trends.series(
        events_at(["2000-05-01", "2000-05-02", *spread("2011-01-03", "2011-12-30", 300).astype(str)]), freq="MS"
    )
    assert found.start == pd.Timestamp("2011-01-03")
    assert found.counts.left_out == {"outside the period": 2}


def test_years_are_compared_in_words_and_without_percent_on_few():
    many = [*spread("2022-01-01", "2023-01-01", 400), *spread("2023-01-01", "2024-01-01", 800)]
    found = sara.trends.series(events_at(many), freq="MS", period=("2022-01-01", "2023-12-31"))
    assert found.years == (400, 800)
    assert "100 % more" in found.text
    few = [*spread("2022-01-01", "2023-01-01", 8), *spread("2023-01-01", "2024-01-01", 16)]
    words = sara.trends.series(events_at(few), freq="MS", period=("2022-01-01", "2023-12-31")).text
    assert "%" not in words
    assert "too few" in words


def test_a_difference_within_chance_is_called_so():
    near = [*spread("2022-01-01", "2023-01-01", 400), *spread("2023-01-01", "2024-01-01", 420)]
    assert "usual ups and downs" in sara.trends.series(events_at(near), freq="MS", period=("2022-01-01", "2023-12-31")).text


def test_a_hole_in_the_feed_is_told_and_no_fall_is_claimed():
    times = [*spread("2022-01-01", "2023-04-01", 900), *spread("2023-06-15", "2024-01-01", 400)]
    found = sara.trends.series(events_at(times), period=("2022-01-01", "2023-12-31"))
    assert any("2023-04-01" in caution or "2023-03-31" in caution for caution in found.cautions)
    assert "holes" in found.text
    whole = sara.trends.series(events_at(spread("2022-01-01", "2024-01-01", 1500)), period=("2022-01-01", "2023-12-31"))
    assert not whole.holes


def test_a_code_that_begins_in_the_middle_is_told():
    times = spread("2024-01-01", "2025-01-01", 2400)
    codes = np.where((times >= "2024-07-01") & (np.arange(len(times)) % 2 == 0), "collision", "other")
    found = sara.trends.series(events_at(times, category=codes), freq="MS", by="category", period=("2024-01-01", "2024-12-31"))
    assert any("Has the coding changed? collision" in caution for caution in found.cautions)


def test_officer_share_is_told():
    found = sara.trends.series(events_at(spread("2024-01-01", "2024-02-01", 10), origin=["officer"] * 4 + ["community"] * 6))
    assert any(caution.startswith("40 % of these events were started by officers") for caution in found.cautions)


def test_places_are_named_by_block_in_words_and_callers_never():
    events = events_at(spread("2024-01-01", "2024-02-01", 10), place=["1423 N 35TH ST"] * 10, caller=["c1"] * 10)
    found = sara.trends.series(events, by="place")
    assert "1423" not in found.text + found.alt_text
    assert found.private_columns == ("place",)
    labels = " ".join(text.get_text() for text in found.plot().get_legend().get_texts())
    assert "1423" not in labels
    with pytest.raises(sara.InputError, match="callers"):
        sara.trends.series(events, by="caller")


def test_calls_for_help_are_kept_off_a_list_of_places():
    events = events_at(
        spread("2024-01-01", "2024-02-01", 10), place=["1423 N 35TH ST"] * 10, category=["domestic"] * 3 + ["noise"] * 7
    )
    found = sara.trends.series(events, by="place")
    assert found.table["n"].sum() == 7
    assert sum(found.counts.left_out.values()) == 3
    assert sara.trends.series(events, by="category").table["n"].sum() == 10
    two = events.assign(place=["9 OAK ST"] * 3 + ["1423 N 35TH ST"] * 7)
    assert set(sara.trends.series(two, by="place").table["place"]) == {"1423 N 35TH ST"}
    with pytest.raises(sara.NotEnoughDataError, match="at least 1"):
        sara.trends.series(events[events["category"] == "domestic"], by="place")


@pytest.mark.parametrize("by", [None, "category"])
def test_a_saved_answer_speaks_and_draws_as_before(by):
    events = events_at(spread("2024-01-03", "2024-06-01", 80), category=["noise", "theft"] * 40)
    found = sara.trends.series(events, by=by)
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, back.cautions, back.counts) == (found.text, found.alt_text, found.cautions, found.counts)
    pd.testing.assert_frame_equal(back.table, found.table, check_dtype=False)
    assert len(back.plot().lines) == len(found.plot().lines)
    back.figure().canvas.draw()


def test_input_and_row_order_do_not_matter():
    events = events_at(spread("2024-01-03", "2024-06-01", 50), category=["noise", "theft"] * 25)
    kept = events.copy(deep=True)
    one = sara.trends.series(events, by="category")
    other = sara.trends.series(events.sample(frac=1, random_state=2), by="category")
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))


def test_one_row_and_no_whole_period_still_speak():
    found = sara.trends.series(events_at(["2024-01-03 12:00"]))
    assert "do not cover one whole week" in found.text
    found.figure().canvas.draw()


def test_mistakes_are_answered_in_words():
    events = events_at(spread("2024-01-03", "2024-06-01", 20))
    with pytest.raises(sara.InputError, match="`freq` must be a pandas offset"):
        sara.trends.series(events, freq="fortnight")
    with pytest.raises(sara.InputError, match="`freq` must give"):
        sara.trends.series(events, freq="s")
    with pytest.raises(sara.InputError, match="Did you mean 'category'"):
        sara.trends.series(events, by="categry")
    with pytest.raises(sara.NotEnoughDataError, match="empty in all 20 rows"):
        sara.trends.series(events, by="area")
    with pytest.raises(sara.InputError, match="has no rows"):
        sara.trends.series(events.iloc[:0])
    days = events_at(["2024-01-03", "2024-01-04"])
    with pytest.raises(sara.InputError, match="dates without an hour"):
        sara.trends.series(days, freq="h")


def with_gap(first="2023-04-01", last="2023-06-15"):
    """Return events of two years, read as one file, whose feed was down from `first` up to `last`."""
    times = spread("2022-01-01", "2024-01-01", 3000)
    times = times[(times < first) | (times >= last)]
    return events_at(times, category=np.where(np.arange(len(times)) % 3 == 0, "noise", "theft"))


@pytest.mark.parametrize("by", [None, "category"])
def test_a_gap_of_the_file_is_unknown_and_not_zero(by):
    events = with_gap()
    assert events.attrs["sara"]["gaps"] == [["2023-04-01", "2023-06-15"]]
    found = sara.trends.series(events, freq="MS", by=by, period=("2022-01-01", "2023-12-31"))
    months = found.table.drop_duplicates("period").set_index("period")
    assert months["n"].isna().sum() == 2  # April and May lie in it
    assert months.loc["2023-04-01", "days"] == 0
    assert months.loc["2023-06-01", "days"] == 16
    assert not months.loc[["2023-04-01", "2023-05-01", "2023-06-01"], "complete"].any()
    assert months["complete"].sum() == 21
    june = found.table[found.table["period"] == "2023-06-01"]
    assert june["n"].sum() == ((events["time"] >= "2023-06-15") & (events["time"] < "2023-07-01")).sum()
    assert june["per_day"].sum() == pytest.approx(june["n"].sum() / 16)
    assert found.table["n"].sum() == len(events)
    assert any("unknown, not as zero" in caution and "75 days" in caution for caution in found.cautions)
    assert not any(caution.startswith("No events at all") for caution in found.cautions)
    assert "holes" in found.text
    assert found.alt_text.count("gap")


def test_a_gap_stays_known_when_rows_are_filtered_and_in_a_source(tmp_path):
    noise = with_gap().query("category == 'noise'")
    one = sara.trends.series(noise, period=("2022-01-01", "2023-12-31"))
    assert one.table["n"].isna().sum() >= 9
    other = sara.trends.series(sara.open_events(noise), period=("2022-01-01", "2023-12-31"))
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.gaps == other.gaps == (("2023-04-01", "2023-06-15"),)
    back = Result.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, tuple(map(tuple, back.gaps))) == (one.text, one.alt_text, one.gaps)
    back.figure().canvas.draw()


def test_gaps_told_leave_their_rows_out_and_count_them():
    events = events_at(spread("2023-01-02", "2023-03-06", 900))
    found = sara.trends.series(
        events, period=("2023-01-02", "2023-03-05"), gaps=[("2023-01-18", "2023-01-31"), ("2023-01-20", "2023-02-03")]
    )
    lost = ((events["time"] >= "2023-01-18") & (events["time"] < "2023-02-04")).sum()
    assert found.counts.left_out == {"in a gap of the file": lost}
    assert found.table["n"].isna().tolist() == [False, False, False, True, False, False, False, False, False]
    assert found.table["days"].tolist() == [7, 7, 2, 0, 2, 7, 7, 7, 7]
    assert found.settings["gaps"].value == "2023-01-18 to 2023-02-03"
    with pytest.raises(sara.InputError, match="`gaps` must be a pair of dates"):
        sara.trends.series(events, gaps=["2023-01-18"])


def test_without_a_gap_counts_are_whole_numbers():
    found = sara.trends.series(events_at(spread("2022-01-01", "2023-01-01", 900)))
    assert found.table["n"].dtype == np.int64
    assert found.gaps == ()


def test_per_day_makes_months_of_unequal_length_comparable():
    days = pd.date_range("2023-01-01", "2023-12-31").repeat(4)
    found = sara.trends.series(events_at(days), freq="MS", period=("2023-01-01", "2023-12-31"))
    assert found.table["n"].nunique() == 3
    assert found.table["per_day"].tolist() == [4.0] * 12
    assert found.plot(value="per_day").get_ylabel() == "events a day, by month"
    with pytest.raises(sara.InputError, match="`value` must be a column"):
        found.plot(value="rate")


def test_an_operational_day_keeps_the_night_in_one_piece():
    # Saturday 2024-01-06 02:00 and Monday 2024-01-08 05:59 belong to Friday and to the week before.
    events = events_at(
        ["2024-01-05 23:00", "2024-01-06 02:00", "2024-01-06 06:00", "2024-01-08 05:59", "2024-01-08 06:00", "2024-01-14 12:00"]
    )
    days = sara.trends.series(events, freq="D", day_starts=6, period=("2024-01-01", "2024-01-14")).table.set_index("period")["n"]
    assert (days["2024-01-05"], days["2024-01-06"], days["2024-01-07"], days["2024-01-08"]) == (2, 1, 1, 1)
    weeks = sara.trends.series(events, day_starts="06:00", period=("2024-01-01", "2024-01-14"))
    assert weeks.table["period"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-08")]
    assert weeks.table["n"].tolist() == [4, 2]
    assert weeks.settings["day_starts"].value == "06:00"
    # The file ends at midnight: the last operational day is cut, and not called complete.
    assert weeks.table["complete"].tolist() == [True, False]
    assert weeks.start == pd.Timestamp("2024-01-01")


def test_hours_before_the_first_operational_day_are_outside():
    found = sara.trends.series(events_at(["2024-01-01 03:00", "2024-01-01 07:00", "2024-01-02 05:00"]), freq="D", day_starts=6)
    assert found.table["n"].tolist() == [2, 0]
    assert found.table["complete"].tolist() == [True, False]
    assert found.counts.left_out == {"outside the period": 1}
    shifts = sara.trends.series(events_at(spread("2024-01-01", "2024-01-05", 99)), freq="8h", day_starts=6)
    assert shifts.table["period"].dt.hour.tolist()[:3] == [6, 14, 22]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 23), st.sampled_from(["D", "W", "MS", "8h"]), st.integers(0, 50))
def test_an_operational_day_is_a_shift_of_the_clock(hour, freq, seed):
    times = spread("2024-01-03", "2024-05-09", 150, seed=seed)
    found = sara.trends.series(events_at(times), freq=freq, day_starts=hour, period=("2024-01-03", "2024-05-20"))
    moved = sara.trends.series(events_at(times - pd.Timedelta(hours=hour)), freq=freq, period=("2024-01-03", "2024-05-20"))
    whole = found.table[found.table["complete"]].reset_index(drop=True)
    other = moved.table.set_index("period")["n"]
    starts = whole["period"] - pd.Timedelta(hours=hour) if freq == "8h" else whole["period"]
    assert whole["n"].tolist() == other.reindex(starts).tolist()


@pytest.mark.parametrize("day_starts", [24, -1, "25:00", "six", 6.5, True])
def test_a_day_starts_at_an_hour(day_starts):
    with pytest.raises(sara.InputError, match="`day_starts` must be an hour"):
        sara.trends.series(events_at(["2024-01-01 03:00"]), day_starts=day_starts)


def test_dates_without_an_hour_have_no_operational_day():
    with pytest.raises(sara.InputError, match="`day_starts` must be left out"):
        sara.trends.series(events_at(["2024-01-01", "2024-01-02"]), day_starts=6)


def test_exposure_gives_a_rate():
    events = events_at(pd.date_range("2024-01-01", "2024-01-28").repeat(3))
    hours = pd.Series(np.r_[np.full(14, 10.0), np.full(14, 20.0)], index=pd.date_range("2024-01-01", "2024-01-28"))
    found = sara.trends.series(events, exposure=hours, period=("2024-01-01", "2024-01-28"))
    assert found.table["exposure"].tolist() == [70, 70, 140, 140]
    assert found.table["rate"].tolist() == [0.3, 0.3, 0.15, 0.15]
    assert found.plot(value="rate").get_ylabel().startswith("events per unit of exposure")
    less = sara.trends.series(events, exposure=hours.drop(hours.index[[8]]), period=("2024-01-01", "2024-01-28"))
    assert less.table["exposure"].isna().tolist() == [False, True, False, False]  # a day without a number
    monthly = sara.trends.series(
        events_at(spread("2024-01-01", "2024-04-01", 90)),
        freq="MS",
        exposure={"2024-01-01": 10.0, "2024-02-01": 20.0},
        period=("2024-01-01", "2024-03-31"),
    )
    assert monthly.table["exposure"].tolist()[:2] == [10, 20]
    assert np.isnan(monthly.table["rate"].iloc[2])


@pytest.mark.parametrize(
    "exposure", [[1, 2], 4, pd.Series([1.0, 2.0]), pd.Series([1.0, -2.0], index=pd.to_datetime(["2024-01-01", "2024-01-02"]))]
)
def test_exposure_is_numbers_by_date(exposure):
    with pytest.raises(sara.InputError, match="`exposure` must"):
        sara.trends.series(events_at(["2024-01-01 03:00", "2024-01-02 03:00"]), exposure=exposure)


def test_marks_are_drawn_with_their_words_and_those_outside_left_out():
    found = sara.trends.series(events_at(spread("2023-01-01", "2024-01-01", 700)), period=("2023-01-01", "2023-12-31"))
    ax = found.plot(marks={"2023-06-01": "new call codes", "2031-01-01": "never"})
    words = " ".join(text.get_text() for text in ax.texts)
    assert "new call codes" in words
    assert "never" not in words
    with pytest.raises(sara.InputError, match="`marks` must be a date"):
        found.plot(marks={"June": "new call codes"})


def test_chicago_burglary_by_month(real_data):
    calls = sara.read_calls(real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz")
    found = sara.trends.series(calls, freq="MS")
    assert found.table["n"].sum() == 66_932
    assert found.table["complete"].tolist() == [False] + [True] * 39 + [False]
    assert found.years == (24_895, 14_648)


def test_two_years_are_held_against_the_swing_of_their_months():
    # The second year has 5 % more. Where months swing by chance only, that shows; where they swing by a fifth, it does not.
    rng = np.random.default_rng(5)
    calm = np.r_[np.full(12, 2000), np.full(12, 2100)]
    wild = (calm * rng.choice([0.8, 1.2], 24)).astype(int)
    starts = pd.date_range("2022-01-01", periods=24, freq="MS")
    for months, words in ((calm, "5.0 % more"), (wild, "usual ups and downs")):
        inside = [np.linspace(0, 86_400 * days - 1, n).round() for n, days in zip(months, starts.days_in_month, strict=True)]
        times = starts.repeat(months) + pd.to_timedelta(np.concatenate(inside), unit="s")
        for freq in ("W", "MS", "D"):
            assert words in sara.trends.series(events_at(times), freq=freq, period=("2022-01-01", "2023-12-31")).text


def test_years_alike_are_seldom_called_different():
    rng, called = np.random.default_rng(9), 0
    for _ in range(400):
        called += _alike(rng.negative_binomial(30, 0.3, 12), rng.negative_binomial(30, 0.3, 12)) < 0.05
    assert called <= 30
    assert _alike(np.zeros(12, dtype=int), np.zeros(12, dtype=int)) == 1
    assert _alike(np.full(12, 100), np.full(12, 140)) < 0.001


def test_what_no_series_can_be_made_of_is_refused_in_words():
    events = events_at(spread("2024-01-01", "2024-06-30", 900), category=["noise"] * 900)
    with pytest.raises(sara.InputError, match="`by` must name a column of single values"):
        sara.trends.series(events.assign(units=[["A1", "B2"]] * 900), by="units")
    with pytest.raises(sara.InputError, match="`gaps` must be a list of pairs"):
        sara.trends.series(events, gaps=5)
    many = events_at(spread("2022-01-01", "2024-12-31", 20_000), category=[f"kind {i}" for i in range(20_000)])
    with pytest.raises(sara.InputError, match=r"`by` must have few values\. Got 20,000"):
        sara.trends.series(many.assign(type=many.index.astype(str)), by="type")


def test_places_of_one_block_are_one_line_and_one_share():
    days = pd.date_range("2024-01-01", "2024-06-30 23:00", freq="12h")
    places = np.where(np.arange(len(days)) % 2, "1501 CANAL ALY", "1523 CANAL ALY")
    places[::10] = "12 OAK ST"
    found = sara.trends.series(events_at(days, place=places, category=["noise"] * len(days)), by="place")
    assert found.table["place"].nunique() == 3
    assert "1500 block of CANAL ALY (90 %)" in found.text
    lines = {line.get_label(): line.get_ydata() for line in found.plot().lines}
    assert max(lines["1500 block of CANAL ALY"]) >= 12
    whole = found.table[found.table["complete"]]
    assert sum(lines["1500 block of CANAL ALY"]) == whole.loc[whole["place"] != "12 OAK ST", "n"].sum()


def test_a_place_that_begins_is_no_new_code():
    early, late = spread("2024-01-01", "2024-06-30", 500), spread("2024-07-01", "2024-12-31", 500)
    names = {"place": ["12 OAK ST"] * 500 + ["34 ELM ST"] * 500, "category": ["noise"] * 500 + ["alarm"] * 500}
    events = events_at([*early, *late], **names)
    assert any("Has the coding changed" in words for words in sara.trends.series(events, by="category").cautions)
    assert not any("Has the coding changed" in words for words in sara.trends.series(events, by="place").cautions)


def test_many_days_are_drawn_under_their_weekly_mean():
    long = sara.trends.series(events_at(spread("2022-01-03", "2024-12-29", 9_000)), freq="D")
    drawn = {line.get_label(): line for line in long.plot().lines}
    assert drawn["counts"].get_linewidth() < 0.5 < drawn["7-day mean"].get_linewidth()
    n = long.table["n"].to_numpy(dtype=float)
    assert drawn["7-day mean"].get_ydata()[10] == pytest.approx(n[7:14].mean())
    short = sara.trends.series(events_at(spread("2024-01-01", "2024-12-29", 3_000)), freq="D")
    assert "7-day mean" not in {line.get_label() for line in short.plot().lines}
    ears = sara.trends.ears(long).plot()
    assert "7-day mean" in {text.get_text() for text in ears.get_legend().get_texts()}
