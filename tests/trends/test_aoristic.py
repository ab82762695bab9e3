"""Events between two moments: what is missing, reversed, long or over a change of the clocks, and how near the truth the weights come."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.result import Result
from sara.trends._input.intervals import pieces_of


def events(first, last, **options):
    return sara.as_events(pd.DataFrame({"first": first, "last": last}), time="first", time_to="last", **options)


def hours(found):
    table = found.table[found.table["weight"] > 0]
    return {(int(d), int(h)): round(float(w), 4) for d, h, w in zip(table["dow"], table["hour"], table["weight"], strict=True)}


def away(n=2_000, seed=0, zone=None, even=True):
    """Return burglaries of people who are away from about 8:00 to 17:00, at any time of that or around 14:00; the true hour goes with them."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 364, n), unit="D")
    leave, home = rng.normal(8, 1, n), rng.normal(17, 1.5, n)
    truth = rng.uniform(leave, home) if even else np.clip(rng.normal(14, 1.5, n), leave, home)
    at = [(day + pd.to_timedelta(value, unit="h")).floor("min") for value in (leave, home)]
    return events(*at, **({"tz": zone} if zone else {})), truth


def test_a_week_has_168_rows_and_weights_add_up():
    found = sara.trends.aoristic(away()[0])
    assert list(found.table.columns) == ["dow", "hour", "weight", "share", "start", "mid", "end", "hours", "rate"]
    assert len(found.table) == 168
    for column in ("weight", "start", "mid", "end"):
        assert found.table[column].sum() == pytest.approx(2_000)
    assert found.table["share"].sum() == pytest.approx(1)
    assert found.counts.rows_used == 2_000
    quarters = sara.trends.aoristic(away()[0], by="15min")
    assert len(quarters.table) == 672
    assert quarters.table.groupby(["dow", "hour"])["weight"].sum().to_numpy() == pytest.approx(found.table["weight"].to_numpy())


@pytest.mark.parametrize(("even", "most"), [(True, 0.02), (False, 0.45)])
def test_weights_come_nearer_the_truth_than_start_middle_or_end(even, most):
    # Where thieves keep to one hour of the absence, nothing brings it back; the weights are still the least wrong.
    calls, truth = away(20_000, even=even)
    found = sara.trends.aoristic(calls)
    true = np.bincount(truth.astype(int) % 24, minlength=24) / 20_000
    apart = {name: 0.5 * np.abs(found.by_hour(name) / 20_000 - true).sum() for name in ("weight", "start", "mid", "end")}
    assert apart["weight"] < most
    assert apart["weight"] < min(apart["start"], apart["mid"], apart["end"])


def test_an_event_of_one_moment_is_the_clock():
    times = pd.date_range("2024-01-01 00:10", periods=500, freq="5h17min")
    calls = events(times, times)
    found, clock = sara.trends.aoristic(calls), sara.trends.clock(calls)
    assert found.table["weight"].tolist() == clock.table["n"].tolist()
    assert found.table["hours"].tolist() == clock.table["hours"].tolist()
    assert found.n_hour == 500


MIXED = (
    ["2024-01-01 10:00", "2024-01-02 10:00", "2024-01-03 10:00", "2024-01-04 10:00", None],
    ["2024-01-01 12:00", None, "2024-01-03 08:00", "2024-01-20 10:00", "2024-01-05 10:00"],
)


def test_missing_reversed_and_long_are_counted_and_told():
    found = sara.trends.aoristic(events(*MIXED))
    assert (found.n_missing, found.n_reversed, found.n_long) == (1, 1, 1)
    assert found.counts.left_out == {"without a time": 1}
    assert found.table["weight"].sum() == pytest.approx(4)
    week = found.table.set_index(["dow", "hour"])["weight"] - 1 / 168
    assert week[0, 10] == pytest.approx(0.5)
    assert week[1, 10] == pytest.approx(1)
    assert week[2, 10] == pytest.approx(1)
    told = " ".join(found.cautions)
    for words in ("1 of 4 (25 %) have no end", "1 of 4 (25 %) end before they start", "any time of a week or more"):
        assert words in told


def test_each_can_be_left_out_or_swapped():
    calls = events(*MIXED)
    none = sara.trends.aoristic(calls, missing="drop", reversed="drop", longest="7D")
    assert hours(none) == {(0, 10): 0.5, (0, 11): 0.5}
    assert none.counts.left_out == {
        "without a time": 1, "without an end": 1, "with an end before the start": 1, "longer than 7D": 1,
    }  # fmt: skip
    swapped = sara.trends.aoristic(calls, missing="drop", reversed="swap", longest="7D")
    assert hours(swapped)[2, 8] == hours(swapped)[2, 9] == 0.5
    assert swapped.n_reversed == 1


def test_the_hour_that_spring_skips_gets_nothing():
    found = sara.trends.aoristic(events(["2024-03-10 01:00"], ["2024-03-10 04:00"], tz="America/Chicago"))
    assert hours(found) == {(6, 1): 0.5, (6, 3): 0.5}
    # Without a zone the hours are those of the clock face.
    assert hours(sara.trends.aoristic(events(["2024-03-10 01:00"], ["2024-03-10 04:00"]))) == {
        (6, 1): 0.3333,
        (6, 2): 0.3333,
        (6, 3): 0.3333,
    }


def test_the_hour_that_autumn_repeats_counts_twice():
    found = sara.trends.aoristic(events(["2024-11-02 23:00"], ["2024-11-03 03:00"], tz="America/Chicago"))
    assert hours(found) == {(5, 23): 0.2, (6, 0): 0.2, (6, 1): 0.4, (6, 2): 0.2}
    assert "1 over a change, in America/Chicago" in str(found.settings["clock changes"])


def test_an_end_before_the_start_that_the_clocks_explain_is_not_reversed():
    first, last = ["2024-11-03 01:50"], ["2024-11-03 01:10"]
    found = sara.trends.aoristic(events(first, last, tz="America/Chicago"))
    assert found.n_reversed == 0
    assert hours(found) == {(6, 1): 1.0}
    assert sara.trends.aoristic(events(first, last)).n_reversed == 1
    quarters = sara.trends.aoristic(events(first, last, tz="America/Chicago"), by="15min").table.query("weight > 0")
    assert quarters["minute"].tolist() == [0, 45]
    assert quarters["weight"].tolist() == pytest.approx([0.5, 0.5])


def test_true_minutes_over_every_change_of_three_years():
    rng = np.random.default_rng(6)
    start = np.datetime64("2021-01-01T00:00", "m") + rng.integers(0, 3 * 365 * 1440, 3_000)
    zone = "America/Chicago"
    # Around each change, all through the night.
    for change in ("2021-03-14", "2021-11-07", "2022-03-13", "2023-11-05"):
        start = np.r_[start, np.datetime64(f"{change}T00:00", "m") - rng.integers(0, 1440, 100)]
    real = rng.integers(1, 3_000, len(start))
    utc = pd.DatetimeIndex(start.astype("datetime64[s]")).tz_localize(
        zone, ambiguous=np.ones(len(start), dtype=bool), nonexistent="shift_forward"
    )
    first = utc.tz_localize(None).to_numpy(dtype="datetime64[us]")
    end = (utc.tz_convert("UTC") + pd.to_timedelta(real, unit="min")).tz_convert(zone)
    # Ends in the hour that comes twice may be either; all others are known.
    late = end.tz_localize(None)
    clear = ~np.array([t.hour == 1 and (t.month, t.weekday()) == (11, 6) and t.day <= 7 for t in late])
    pieces = pieces_of(first, late.to_numpy(dtype="datetime64[us]"), zone)
    assert (pieces.length[clear] == real[clear]).all()
    assert pieces.changed.sum() > 100
    assert np.bincount(pieces.row, weights=pieces.each) == pytest.approx(np.ones(len(start)))


def test_dates_without_hours_and_tables_without_ends_are_refused():
    with pytest.raises(sara.InputError, match="must have times with an hour"):
        sara.trends.aoristic(events(["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-03"]))
    with pytest.raises(sara.InputError, match="`time_to` must hold times with an hour"):
        sara.trends.aoristic(events(["2024-01-01 10:30", "2024-01-02 11:15"], ["2024-01-02", "2024-01-03"]))
    alone = sara.as_events(pd.DataFrame({"first": ["2024-01-01 10:30", "2024-01-02 11:00"]}), time="first")
    with pytest.raises(sara.InputError, match="must have `time_to`"):
        sara.trends.aoristic(alone)
    with pytest.raises(sara.InputError, match="`longest` must be a length of time"):
        sara.trends.aoristic(away(10)[0], longest="long")
    with pytest.raises(sara.InputError, match="`by` must be one of"):
        sara.trends.aoristic(away(10)[0], by="minute")
    with pytest.raises(sara.NotEnoughDataError, match="at least 1 event"):
        sara.trends.aoristic(away(10)[0], longest="10min")


def test_rows_without_an_hour_are_left_out():
    calls = events(["2024-01-01 10:00", "2024-01-02 00:00"], ["2024-01-01 11:00", "2024-01-02 05:00"])
    calls["hour"] = calls["hour"].where(calls["time"].dt.hour > 0)
    for method, n in ((sara.trends.aoristic, "weight"), (sara.trends.circular, "n")):
        found = method(calls)
        assert found.counts.left_out == {"without an hour": 1}
        assert found.table[n].sum() == 1


def test_seconds_do_not_make_an_interval_reversed():
    found = sara.trends.aoristic(events(["2024-01-01 10:00:40", "2024-01-01 11:00"], ["2024-01-01 10:00:10", "2024-01-01 11:01"]))
    assert found.n_reversed == 0
    assert hours(found) == {(0, 10): 1.0, (0, 11): 1.0}


def test_a_source_gives_the_same_numbers():
    calls = away(300, zone="America/Chicago")[0]
    table = calls.drop(columns="geometry").assign(x=1.0, y=2.0)
    found, other = sara.trends.aoristic(calls), sara.trends.aoristic(sara.open_events(pd.DataFrame(table), crs=32616))
    assert other.table["weight"].to_numpy() == pytest.approx(found.table["weight"].to_numpy())
    assert other.counts.rows_used == 300


def test_the_text_says_how_the_choice_matters():
    found = sara.trends.aoristic(away()[0])
    assert "Half of the weight of the 2,000 events" in found.text
    assert "by the first possible moment alone it would be 0" in found.text
    assert "known to within the hour" in found.text


def test_a_saved_answer_speaks_and_draws_as_before():
    found = sara.trends.aoristic(away(200)[0])
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.cautions, back.counts, back.n_long) == (found.text, found.cautions, found.counts, found.n_long)
    figure = back.figure()
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == [
        "When in the week does it happen?",
        "At what hour does it happen?",
    ]
    labels = [text.get_text() for text in back.plot().get_legend().get_texts()]
    assert {"first possible moment", "middle", "last possible moment", "spread over the interval (aoristic)"} == set(labels)


@pytest.mark.parametrize("city", ["seattle/seattle_911_2015.csv.gz", "memphis/memphis_robberies.csv"])
def test_real_calls_known_to_the_minute_are_the_clock(real_data, city):
    calls = sara.read_calls(real_data / city)
    found = sara.trends.aoristic(calls.assign(time_to=calls["time"]))
    assert found.table["weight"].to_numpy() == pytest.approx(sara.trends.clock(calls).table["n"].to_numpy(), abs=1e-6)


def test_missing_and_reversed_ends_are_not_exact():
    start = pd.date_range("2024-01-01 10:00", periods=12, freq="1D")
    for until, words in (
        (start - pd.Timedelta(hours=2), "None ends after it starts"),
        ([None] * 11 + [start[11] - pd.Timedelta(hours=2)], "None has an end after its start"),
    ):
        table = pd.DataFrame({"from": start, "until": pd.to_datetime(pd.Series(until))})
        found = sara.trends.aoristic(sara.as_events(table, time="from", time_to="until"))
        assert found.n_hour == 0
        assert words in found.text
        assert "within the hour" not in found.text
    mixed = [*(start[:8] + pd.Timedelta(hours=4)), *(start[8:10] - pd.Timedelta(hours=1)), pd.NaT, pd.NaT]
    table = pd.DataFrame({"from": start, "until": mixed})
    found = sara.trends.aoristic(sara.as_events(table, time="from", time_to="until"))
    assert found.median_hours == 4
    assert (
        "Half of the 8 intervals are 4 hours or shorter (2 without an end and 2 that end before they start: not among these); 0 % of all"
        in found.text
    )


def test_long_intervals_are_told_in_days():
    table = pd.DataFrame(
        {"from": pd.date_range("2024-01-01 10:00", periods=3), "until": pd.date_range("2024-03-01 10:00", periods=3)}
    )
    assert "60 days or shorter" in sara.trends.aoristic(sara.as_events(table, time="from", time_to="until")).text
