"""Repeats: the table, collapsing of reports, the time to the next event, privacy, and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sara
from sara.analyze._repeats import _kaplan_meier, _leaders
from sara.core.result import Result

YEAR = ("2024-01-01", "2024-12-30")


def events_at(times, places, **columns):
    table = pd.DataFrame({"when": times, "where": places, **columns})
    return sara.as_events(table, time="when", place="where", **{c: c for c in columns if c in ("category", "origin")})


def random_events(n=400, places=60, seed=0):
    rng = np.random.default_rng(seed)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 364 * 86_400, n).round(), unit="s")
    return events_at(times, [f"{100 + int(p)} MAIN ST" for p in places * rng.beta(1, 3, n)])


def test_table_counts_places_by_number_of_events():
    events = events_at(
        ["2024-01-01 10:00", "2024-03-01 10:00", "2024-05-01 10:00", "2024-01-05 10:00", "2024-02-05 10:00"],
        ["1 A ST", "1 A ST", "1 A ST", "2 A ST", "3 A ST"],
    )
    found = sara.analyze.repeats(events, period=YEAR)
    assert found.table[["k", "entities", "events"]].to_numpy().tolist() == [[1, 2, 2], [3, 1, 3]]
    assert found.table["entities_share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found.table["events_share"].tolist() == pytest.approx([0.4, 0.6])
    assert found.repeat_share == pytest.approx(2 / 5)
    assert found.text.startswith("1 of 3 places with any events (33 %) had two or more; they hold 60 % of the 5 events.")


def test_reports_within_a_day_are_one_event_and_counted():
    # 23 hours after the first: the same event. 25 hours after the first: a new one, though only two hours after the second report.
    events = events_at(["2024-01-01 10:00", "2024-01-02 09:00", "2024-01-02 11:00", "2024-01-02 12:00"], ["1 A ST"] * 4)
    found = sara.analyze.repeats(events, period=YEAR)
    assert found.n_events == 2
    assert found.counts.left_out == {"within 24h of another at the same place": 2}
    assert any("2 reports within 24h" in caution for caution in found.cautions)
    assert sara.analyze.repeats(events, collapse="30min", period=YEAR).n_events == 4


def test_the_next_event_of_a_busy_place_is_found_without_chaining():
    # Every 20 hours for a month: collapsing from report to report would leave a single event.
    events = events_at(pd.date_range("2024-01-01", periods=36, freq="20h") + pd.Timedelta(minutes=1), ["1 A ST"] * 36)
    assert sara.analyze.repeats(events, period=YEAR).n_events == 18


def test_leaders_agree_with_a_plain_loop():
    rng = np.random.default_rng(5)
    codes = np.sort(rng.integers(0, 30, 2000))
    time = rng.integers(0, 5000, 2000)
    order = np.lexsort((time, codes))
    codes, time = codes[order], time[order]
    kept, last = [], {}
    for row, (code, at) in enumerate(zip(codes, time, strict=True)):
        if code not in last or at - last[code] >= 100:
            kept.append(row)
            last[code] = at
    assert _leaders(codes, time, 100).tolist() == kept


def test_time_course_is_kaplan_meier():
    # A textbook case by hand: waits 3, 5+, 7, 10+ (+ censored): S(3) = 3/4, S(7) = 3/4 * 1/2.
    times, share = _kaplan_meier(np.array([3.0, 5.0, 7.0, 10.0]), np.array([True, False, True, False]))
    assert dict(zip(times.tolist(), share.tolist(), strict=True)) == pytest.approx({3: 0.25, 5: 0.25, 7: 0.625, 10: 0.625})


def test_time_course_agrees_with_statsmodels():
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(2)
    wait, seen = rng.integers(1, 200, 500).astype(float), rng.random(500) < 0.6
    times, share = _kaplan_meier(wait, seen)
    other = SurvfuncRight(wait, seen.astype(int))
    at = np.searchsorted(times, other.surv_times)
    assert share[at] == pytest.approx(1 - other.surv_prob)


def test_the_end_of_the_data_does_not_look_like_the_end_of_trouble():
    # Events at every place as a steady Poisson stream: the share followed within 28 days must not depend on how long the file is.
    rng = np.random.default_rng(8)
    rate, wanted = 1 / 40, 1 - np.exp(-28 / 40)
    for days in (90, 1000):
        n = rng.poisson(rate * days, 400)
        times = [pd.Timestamp("2020-01-01") + pd.Timedelta(seconds=int(s)) for k in n for s in rng.uniform(0, days * 86_400, k)]
        places = [f"{100 + i} MAIN ST" for i, k in enumerate(n) for _ in range(k)]
        end = (pd.Timestamp("2020-01-01") + pd.Timedelta(days=days - 1)).strftime("%Y-%m-%d")
        found = sara.analyze.repeats(events_at(times, places), collapse="1s", period=("2020-01-01", end))
        assert found.milestones.set_index("days")["again"][28] == pytest.approx(wanted, abs=0.05)


def test_course_adds_up():
    found = sara.analyze.repeats(random_events(), period=YEAR)
    course = found.course
    assert course["at_risk"].iloc[0] == found.n_events
    assert (course["at_risk"].diff().dropna() <= 0).all()
    assert course["again"].is_monotonic_increasing
    assert 1 - (1 - course["hazard"]).prod() == pytest.approx(course["again"].iloc[-1])
    assert found.milestones["again"].tolist() == pytest.approx([course["again"].iloc[w] for w in (0, 1, 3)])


def test_calls_for_help_stay_off_the_list_and_are_counted():
    events = events_at(
        pd.date_range("2024-01-01", periods=6, freq="30D"),
        ["1 A ST"] * 6,
        category=["domestic", "medical", "noise", "noise", "welfare check", "noise"],
    )
    found = sara.analyze.repeats(events, period=YEAR)
    assert found.n_events == 3
    assert found.counts.left_out == {"calls for help (kept off lists of places)": 3}
    only = sara.analyze.repeats(events[events["category"] != "noise"], period=YEAR)
    assert only.n_events == 3
    assert only.top["entity"].tolist() == ["withheld 1"]
    assert not any("1 A ST" in str(value) for value in only.to_dict().values())


def test_no_address_in_words_and_no_caller_on_a_list():
    events = events_at(pd.date_range("2024-01-01 12:00", periods=30, freq="11D"), ["1423 N 35TH ST"] * 30, caller=["c1"] * 30)
    found = sara.analyze.repeats(events)
    assert "1423" not in found.text + found.alt_text + " ".join(found.cautions)
    assert found.top["entity"].tolist() == ["1423 N 35TH ST"]
    assert len(sara.analyze.repeats(events, by="caller").top) == 0


def test_merged_tables_carry_no_caution_and_may_skip_collapsing():
    events = random_events(50)
    with pytest.raises(sara.InputError, match="never merged"):
        sara.analyze.repeats(events, collapse="0h")
    merged = events.copy()
    merged.attrs["sara"] = {**events.attrs["sara"], "deduped": True}
    assert not any("not merged" in caution for caution in sara.analyze.repeats(merged).cautions)
    assert sara.analyze.repeats(merged, collapse="0h").n_events == 50


def test_rows_without_a_place_are_told():
    events = events_at(["2024-01-01 10:00", "2024-02-01 10:00", "2024-03-01 10:00"], ["1 A ST", None, "1 A ST"])
    found = sara.analyze.repeats(events, period=YEAR)
    assert found.counts.left_out == {"with no place": 1}
    assert any("1 events (33 %) have no place" in caution for caution in found.cautions)


def test_a_saved_answer_speaks_and_draws_as_before():
    found = sara.analyze.repeats(random_events())
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, back.cautions, back.counts) == (found.text, found.alt_text, found.cautions, found.counts)
    pd.testing.assert_frame_equal(back.table, found.table, check_dtype=False)
    pd.testing.assert_frame_equal(back.course, found.course, check_dtype=False)
    back.figure().canvas.draw()


def test_input_and_row_order_do_not_matter():
    events = random_events()
    kept = events.copy(deep=True)
    one = sara.analyze.repeats(events)
    other = sara.analyze.repeats(events.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.top, other.top)
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))


def test_mistakes_are_answered_in_words():
    events = random_events(20)
    with pytest.raises(sara.InputError, match="`collapse` must be a length of time"):
        sara.analyze.repeats(events, collapse="a day or so")
    with pytest.raises(sara.InputError, match="`by` names a column"):
        sara.analyze.repeats(events, by="plaice")
    with pytest.raises(sara.NotEnoughDataError, match="at least 2"):
        sara.analyze.repeats(events.head(1))
    with pytest.raises(sara.InputError, match="has no rows"):
        sara.analyze.repeats(events.iloc[:0])


def test_no_repeat_at_all_still_speaks_and_draws():
    found = sara.analyze.repeats(events_at(["2024-01-01 10:00", "2024-02-01 10:00"], ["1 A ST", "2 A ST"]))
    assert found.text == "No place had more than one of the 2 events."
    found.figure().canvas.draw()


def test_chicago_burglary(real_data):
    found = sara.analyze.repeats(sara.read_calls(real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz"))
    assert (found.table["k"] * found.table["entities"]).sum() == found.n_events == found.counts.rows_used
    assert found.counts.rows_in == 66_932
