"""Hours of the week: exposure, the stretch across midnight, dates without hours, and what chance alone would show."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.result import Result
from sara.trends._clock import NOT_CHANCE, Stretch, busiest_stretch
from sara.trends._input.rounds import exposure_of_week


def events_at(times, **columns):
    return sara.as_events(pd.DataFrame({"when": times, **columns}), time="when", **{c: c for c in columns})


def bar_nights(weeks=52, seed=0):
    """Return 40 % of the events on Friday and Saturday nights from 23:00 to 03:00, the others any time."""
    rng = np.random.default_rng(seed)
    monday = pd.Timestamp("2024-01-01")
    n = weeks * 20
    at = np.where(rng.random(n) < 0.4, 24 * rng.choice([4, 5], n) + 23 + rng.uniform(0, 4, n), rng.uniform(0, 168, n))
    return monday + pd.to_timedelta((168 * rng.integers(0, weeks, n) + at) * 3600, unit="s").round("s")


def test_the_week_has_168_rows_that_add_up():
    times = bar_nights()
    found = sara.trends.clock(events_at(times), period=("2024-01-01", "2024-12-29"))
    inside = times[(times >= "2024-01-01") & (times < "2024-12-30")]
    assert len(found.table) == 168
    assert found.table["n"].sum() == len(inside) == found.counts.rows_used
    assert found.table["share"].sum() == pytest.approx(1)
    other = pd.Series(1, index=inside).groupby([inside.day_of_week, inside.hour]).sum()
    table = found.table.set_index(["dow", "hour"])["n"]
    assert table[table > 0].tolist() == other.tolist()
    assert (found.table["rate"] * found.table["hours"]).sum() == pytest.approx(len(inside))


def test_a_bar_strip_is_named_across_midnight():
    found = sara.trends.clock(events_at(bar_nights()), period=("2024-01-01", "2024-12-29"))
    assert found.text.startswith("Fri-Sat 23:00-03:00: ")
    assert "in 4.8 % of the week" in found.text
    assert found.stretch["days"] == 2
    assert Stretch(**found.stretch).mask().sum() == 8
    # Saturday 23:00 to Sunday 03:00 ends in the next calendar row.
    assert Stretch(**found.stretch).mask()[6, :3].all()


def test_a_weekday_that_came_round_more_often_is_not_busier():
    # Two Mondays and one of each other day, one event every day at noon.
    times = pd.date_range("2024-01-01 12:30", periods=8, freq="D")
    found = sara.trends.clock(events_at(times), period=("2024-01-01", "2024-01-08"))
    noon = found.table.query("hour == 12")
    assert noon["n"].tolist() == [2, 1, 1, 1, 1, 1, 1]
    assert noon["hours"].tolist() == [2, 1, 1, 1, 1, 1, 1]
    assert noon["rate"].tolist() == [1.0] * 7


def test_days_of_which_the_file_says_nothing_do_not_count():
    hours = pd.date_range("2024-01-01", "2024-03-25", freq="2h", inclusive="left")
    kept = hours[(hours < "2024-02-05") | (hours >= "2024-02-12")]
    events = sara.as_events(pd.DataFrame({"when": kept.repeat(3)}), time="when")
    assert events.attrs["sara"]["gaps"] == [["2024-02-05", "2024-02-12"]]
    table = sara.trends.clock(events, period=("2024-01-01", "2024-03-24")).table
    assert table["hours"].tolist() == [11.0] * 168
    assert set(table["rate"]) == {0.0, 3.0}


def test_exposure_counts_parts_of_hours_and_adds_up():
    start, end = pd.Timestamp("2024-02-28 10:30"), pd.Timestamp("2024-03-09 16:15")
    hours = exposure_of_week(start, end)
    assert hours.sum() == pytest.approx((end - start) / pd.Timedelta(hours=1))
    assert hours[2 * 24 + 10] == pytest.approx(1.5)  # half an hour of Wednesday the 28th, all of the next


def test_hours_the_period_never_saw_have_no_rate():
    found = sara.trends.clock(events_at(["2024-01-01 10:00", "2024-01-02 11:00"]), period=("2024-01-01", "2024-01-02"))
    assert found.table.query("dow >= 2")["rate"].isna().all()
    found.plot().figure.canvas.draw()
    assert "nan" not in found.alt_text


def test_pure_chance_names_no_stretch():
    rng = np.random.default_rng(11)
    named = 0
    for _ in range(200):
        found = busiest_stretch(rng.multinomial(600, np.full(168, 1 / 168)), np.full(168, 52.0))
        named += found is not None and found.ratio_log >= NOT_CHANCE
    assert named <= 6  # under 1 in 100 expected; 7 or more of 200 would have p < 0.005 at that rate


def test_the_stretch_agrees_with_a_plain_search():
    rng = np.random.default_rng(3)
    n, time = rng.poisson(5, 168), np.full(168, 10.0)
    n[4 * 24 + 22 : 5 * 24 + 2] += 15
    best = (0.0, None)
    expected = n.sum() / 168
    for days in range(1, 8):
        for hours in range(2, 9):
            if days * hours > 56:
                continue
            for day in range(7 if days < 7 else 1):
                for hour in range(24):
                    cells = [(d * 24 + hour + h) % 168 for d in range(day, day + days) for h in range(hours)]
                    got, e, total = n[cells].sum(), expected * len(cells), n.sum()
                    if got > e:
                        score = got * np.log(got / e) + (total - got) * np.log((total - got) / (total - e))
                        if score > best[0] + 1e-9:
                            best = (score, (day, days, hour, hours))
    found = busiest_stretch(n, time)
    assert found.ratio_log == pytest.approx(best[0])
    assert (found.day, found.days, found.hour, found.hours) == best[1]


@pytest.mark.parametrize("times", [["2024-01-01", "2024-01-02", "2024-01-03"], ["2024-01-01 00:00", "2024-01-02 00:00"]])
def test_dates_without_an_hour_are_refused(times):
    with pytest.raises(sara.InputError, match="must have times with an hour"):
        sara.trends.clock(events_at(times))


def test_midnight_defaults_are_told():
    times = [*pd.date_range("2024-01-01", periods=10, freq="D"), *pd.date_range("2024-01-01 10:17", periods=40, freq="17h")]
    found = sara.trends.clock(events_at(times))
    assert any("exactly 00:00" in caution for caution in found.cautions)
    assert not any("exactly 00:00" in caution for caution in sara.trends.clock(events_at(times[10:])).cautions)


def test_a_saved_answer_speaks_and_draws_as_before():
    found = sara.trends.clock(events_at(bar_nights(20)))
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, back.cautions, back.counts, back.stretch) == (
        found.text,
        found.alt_text,
        found.cautions,
        found.counts,
        found.stretch,
    )
    pd.testing.assert_frame_equal(back.table, found.table, check_dtype=False)
    ax = back.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert ax.figure.axes[-1].get_ylabel() == "events an hour"


def test_rows_are_counted_and_order_does_not_matter():
    events = events_at([*bar_nights(10), "2030-01-01 10:00"])
    found = sara.trends.clock(events, period=("2024-01-01", "2024-03-31"))
    assert found.counts.left_out == {"outside the period": 1}
    again = sara.trends.clock(events.sample(frac=1, random_state=1), period=("2024-01-01", "2024-03-31"))
    pd.testing.assert_frame_equal(found.table, again.table)


def test_one_event_has_no_pattern():
    found = sara.trends.clock(events_at(["2024-01-01 10:30"]))
    assert "no stretch" in found.text
    with pytest.raises(sara.NotEnoughDataError, match="at least 1"):
        sara.trends.clock(events_at(["2024-01-01 10:30"]), period=("2025-01-01", "2025-02-01"))


def test_chicago_dates_are_refused_and_seattle_adds_up(real_data):
    with pytest.raises(sara.InputError, match="dates only"):
        sara.trends.clock(sara.read_calls(real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz"))
    seattle = sara.trends.clock(sara.read_calls(real_data / "seattle" / "seattle_911_2015.csv.gz"))
    assert seattle.table["n"].sum() == 91_067
