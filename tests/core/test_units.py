import pandas as pd
import pytest

from sara.core.errors import InputError
from sara.core.units import metres, offset, period, timestamp


@pytest.mark.parametrize(
    ("text", "value"),
    [(200, 200.0), ("200m", 200.0), ("0.5 km", 500.0), ("500ft", 152.4), ("0.25mi", 402.336), (" 10 YD ", 9.144)],
)
def test_a_distance_is_metres_or_text_with_a_unit(text, value):
    assert metres(text, name="buffer") == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("bad", ["200", "far", "", None, True, float("nan"), float("inf"), -5, 0, "0m", [1]])
def test_a_bad_distance_says_must_got_do(bad):
    with pytest.raises(InputError, match=r"`buffer` must be .* Got .* Write "):
        metres(bad, name="buffer")


def test_text_without_a_unit_is_told_apart():
    with pytest.raises(InputError, match=r"text without a unit.*'200m'"):
        metres("200", name="cell_size")


def test_zero_is_allowed_only_where_asked():
    assert metres(0, name="distance", zero=True) == 0


def test_a_period_given_as_days_includes_its_last_day():
    assert period(("2024-01-01", "2024-12-31")) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01"))


def test_a_period_that_ends_on_a_calendar_date_includes_that_day():
    from datetime import date, datetime

    whole = (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01"))
    assert period((date(2024, 1, 1), date(2024, 1, 31))) == whole
    assert period((datetime(2024, 1, 1), datetime(2024, 2, 1))) == whole


def test_a_period_given_as_timestamps_is_half_open():
    start, end = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")
    assert period((start, end)) == (start, end)
    assert period(("2024-01-01 00:00", "2024-01-01 12:00"))[1] == pd.Timestamp("2024-01-01 12:00")


@pytest.mark.parametrize("bad", ["2024", 5, ("2024-01-01",), ("2024-02-01", "2024-01-01"), ("x", "y"), (None, None)])
def test_a_bad_period_says_how_to_write_one(bad):
    with pytest.raises(InputError, match=r"`period` must .* Write "):
        period(bad)


@pytest.mark.parametrize(
    "text", ["01.02.2019", "13.02.2019", "2/1/2019", "01-02-2019", "2019/02/01", "1 Feb 2019", "now", "20191"]
)
def test_dates_are_iso_text_so_that_day_and_month_are_never_guessed(text):
    with pytest.raises(InputError, match=r"`period` must be a date. Got .* Write ISO text, the year first"):
        period((text, "2019-12-31"))
    with pytest.raises(InputError, match="the year first"):
        timestamp(text, name="start")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019", "2019-01-01"), ("2019-02", "2019-02-01"), ("2019-2-1", "2019-02-01"), ("20190201", "2019-02-01"), (" 2019-02-01 ", "2019-02-01"),
        ("2019-02-01T07:30", "2019-02-01 07:30"), ("2019-02-01 07:30:15.5", "2019-02-01 07:30:15.5"),
    ],
)  # fmt: skip
def test_iso_dates_may_be_short_or_have_a_time(text, moment):
    assert timestamp(text, name="start") == pd.Timestamp(moment)


@pytest.mark.parametrize(
    ("wrong", "right"), [("3 months", "3MS"), ("2 quarters", "2QS"), ("month", "MS"), ("Years", "YS"), (90, "90D"), ("week", "W")]
)
def test_a_length_of_time_in_words_is_told_how_to_write_it(wrong, right):
    with pytest.raises(InputError, match=f"must be a pandas offset. Got {wrong!r}. Write '{right}'"):
        offset(wrong, name="horizon")
    assert offset(right, name="horizon").n >= 1


def test_offsets_and_timestamps():
    assert offset("24MS", name="before").n == 24
    with pytest.raises(InputError, match="pandas offset"):
        offset("fortnight", name="freq")
    with pytest.raises(InputError, match="pandas offset"):
        offset("-3D", name="freq")
    with pytest.raises(InputError, match="without a zone"):
        timestamp("2024-03-01T00:00Z", name="start")
    with pytest.raises(InputError, match="pandas offset"):
        offset(24, name="before")
    for bad in ("soon", 2024, None):
        with pytest.raises(InputError, match="ISO text"):
            timestamp(bad, name="start")
