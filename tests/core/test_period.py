import numpy as np
import pandas as pd
import pytest

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import coverage, in_period, resolve_period


def stamps(*texts):
    return pd.to_datetime(list(texts), format="ISO8601")


def test_strays_do_not_choose_the_coverage():
    few_from_2000 = pd.date_range("2000-01-03", periods=28, freq="D")
    most = pd.date_range("2011-01-01", "2014-12-31", freq="D")
    assert coverage(few_from_2000.append(most)) == (pd.Timestamp("2011-01-01"), pd.Timestamp("2015-01-01"))


def test_two_empty_months_do_not_break_a_run_and_three_do():
    assert coverage(stamps("2024-01-15", "2024-04-15")) == (pd.Timestamp("2024-01-15"), pd.Timestamp("2024-04-16"))
    assert coverage(stamps("2024-01-15", "2024-01-16", "2024-05-15"))[1] == pd.Timestamp("2024-01-17")


def test_coverage_passes_over_missing_times_and_does_not_depend_on_order():
    times = stamps("2024-03-05 10:00", "2024-01-02", "2024-02-01")
    assert coverage(times.append(pd.DatetimeIndex([pd.NaT]))) == coverage(times[::-1])
    assert coverage(pd.DatetimeIndex([pd.NaT])) is None


def test_the_period_given_wins_then_the_file_then_the_rows():
    events = pd.DataFrame({"time": stamps("2024-02-01", "2024-02-03")})
    assert resolve_period(events, ("2024-01-01", "2024-01-31"))[2].chosen_by == "you"
    start, end, setting = resolve_period(events)
    assert (start, end) == (pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-04"))
    assert "lost" in setting.why
    events.attrs["sara"] = {"coverage": ["2024-01-01", "2024-07-01"]}
    # A filter that leaves a quiet first month must not shorten the period.
    start, end, setting = resolve_period(events.query("time > '2024-02-02'"))
    assert (start, end) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-07-01"))
    assert setting.chosen_by == "sara"


def test_no_time_at_all_is_not_enough_data():
    with pytest.raises(NotEnoughDataError, match=r"at least 1 event with a time. Got 0"):
        resolve_period(pd.DataFrame({"time": pd.DatetimeIndex([pd.NaT])}))


def test_in_period_is_half_open_and_missing_is_outside():
    time = pd.Series(stamps("2024-01-01", "2024-02-01")).reindex([0, 1, 2])
    assert in_period(time, pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")).tolist() == [True, False, False]
    with pytest.raises(InputError, match="`time` must hold dates"):
        in_period(pd.Series(["2024"]), pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01"))
    assert np.asarray(time).dtype.kind == "M"
