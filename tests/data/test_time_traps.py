"""Every trap of time that published files are known to hold, one test each."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data import as_events, recognize
from sara.data.times.parse import parse_times

CHICAGO = "America/Chicago"


def quiet(values, **options):
    """Return the parsed times of a list of values."""
    return parse_times(pd.Series(values, dtype=object), tz=options.pop("tz", None), name="when", **options)


def walls(values, **options):
    return [None if np.isnat(t) else str(pd.Timestamp(t)) for t in quiet(values, **options).local]


def events(**columns):
    n = max(len(values) for values in columns.values())
    return pd.DataFrame({"nature": ["FIGHT"] * n, **columns})


def read(tmp_path, frame, **options):
    path = tmp_path / "calls.csv"
    frame.to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SaraWarning)
        return sara.read_calls(path, **options)


def calls_at_local_hours(n=600):
    """Return stamps of the city's wall time with few calls between 3 and 7, as everywhere."""
    weights = np.array([6, 5, 4, 1, 0.6, 0.6, 1, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 8, 8, 8, 7])
    rng = np.random.default_rng(1)
    hours = rng.choice(24, n, p=weights / weights.sum())
    days = pd.Timestamp("2024-06-03") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    return days + pd.to_timedelta(hours * 3600 + rng.integers(0, 3600, n), unit="s")


def test_hours_that_lost_am_and_pm():
    rng = np.random.default_rng(1)
    lost = [
        f"{m}/{d}/2015 {h}:{s:02d}"
        for m, d, h, s in zip(*(rng.integers(a, b, 800) for a, b in ((1, 13), (13, 28), (1, 13), (0, 60))), strict=True)
    ]
    assert "lost" in quiet(lost).notes["AM or PM"]
    with pytest.warns(SaraWarning, match="has lost its AM and PM"):
        got = as_events(events(received=lost))
    assert "AM or PM" in got.attrs["sara"]["time_notes"]["received"]
    whole = [text.replace(" 1:", " 13:") for text in lost]
    marked = [text + " PM" for text in lost]
    assert "AM or PM" not in quiet(whole).notes
    assert "AM or PM" not in quiet(marked).notes


def test_epoch_is_asked_for_with_both_readings_of_the_first_row(tmp_path):
    stamps = calls_at_local_hours()
    local = [str(int(t.timestamp() * 1000)) for t in stamps]
    utc = [str(int(t.tz_localize(CHICAGO).timestamp() * 1000)) for t in stamps]
    with pytest.raises(InputError, match=rf"Got {utc[0]}.*if local.*{stamps[0]}.*in Chicago.*quietest hours.*epoch = \"local\""):
        as_events(events(received=utc))
    # With the zone, seconds that fit UTC are read so, aloud; hours that only fit the city's clock are asked about.
    with pytest.warns(SaraWarning, match="if it counts UTC"):
        assert as_events(events(received=utc), tz=CHICAGO)["time"].iloc[0] == min(stamps)
    with pytest.raises(InputError, match=r"`epoch` must be given.*quietest hours are [2-5]:00"):
        as_events(events(received=local), tz=CHICAGO)
    profile = recognize(events(received=local)).save(tmp_path / "city.toml", epoch="local", tz=CHICAGO)
    assert read(tmp_path, events(received=local), profile=profile)["time"].iloc[0] == min(stamps)
    profile = recognize(events(received=utc)).save(tmp_path / "city.toml", epoch="utc", tz=CHICAGO)
    got = read(tmp_path, events(received=utc), profile=profile)
    assert got["time"].iloc[0] == min(stamps)
    assert "UTC" in got.attrs["sara"]["time_notes"]["received"]["epoch"]


@pytest.mark.parametrize("zone", ["UTC", CHICAGO])
def test_epoch_that_holds_dates_needs_no_question(zone):
    days = pd.date_range("2024-02-25", periods=20).tz_localize(zone)
    got = quiet([str(int(d.timestamp() * 1000)) for d in days], tz=CHICAGO)
    assert got.day_only
    assert got.local.astype("datetime64[D]").tolist() == [d.date() for d in days]


def test_zone_on_one_column_and_not_on_the_other():
    frame = events(
        received=["2024-03-01T16:00:00Z", "2024-03-02T16:00:00Z"], closed=["2024-03-01 10:30:00", "2024-03-02 11:00:00"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", SaraWarning)
        got = as_events(frame, tz=CHICAGO)
    assert (got["closed"] - got["received"]).dt.total_seconds().tolist() == [1800, 3600]
    assert got.attrs["sara"]["zones"] == "received with a zone, closed without"
    with pytest.warns(SaraWarning, match="received with a zone, closed without: they cannot be compared"):
        as_events(frame)


@pytest.mark.parametrize(
    ("date", "clock"),
    [
        (["2024-03-14", "2024-03-15"], ["23:10", "00:05"]),
        (["2024-03-14T00:00:00.000", "2024-03-15T00:00:00.000"], ["2310", "5"]),
        (["03/14/2024 12:00:00 AM", "03/15/2024 12:00:00 AM"], ["11:10 PM", "12:05 AM"]),
    ],
)
def test_date_and_time_in_two_columns(date, clock):
    got = as_events(events(Date=date, Time=clock))
    assert got["time"].astype(str).tolist() == ["2024-03-14 23:10:00", "2024-03-15 00:05:00"]


def test_year_month_and_day_in_three_columns():
    got = as_events(events(CalendarYear=["2014", "2014"], Month=["January", "Marzo"], DayOfMonth=["5", "31"]))
    assert got["time"].astype(str).tolist() == ["2014-01-05", "2014-03-31"]
    assert got.attrs["sara"]["time_precision"] == "day"


def test_dates_only():
    got = as_events(events(received=["2024-03-14", "2024-03-15"]))
    assert got.attrs["sara"]["time_precision"] == "day"
    assert got["hour"].isna().all()


def test_two_digit_years_are_noted():
    got = quiet(["12/31/14 23:10", "1/15/15 9:05"])
    assert [str(t)[:4] for t in got.local] == ["2014", "2015"]
    assert got.notes["two-digit years"] == 2


@pytest.mark.parametrize(
    "nothing",
    [
        "1900-01-01",
        "1900-01-01T00:00:00.000",
        "01/01/1900 12:00:00 AM",
        "9999-12-31",
        "12/31/9999 11:59:59 PM",
        "0001-01-01 00:00:00",
        "1970-01-01",
        "1/1/1970 0:00",
        "1899-12-30",
    ],
)
def test_placeholder_dates_are_blanks_counted(nothing):
    got = as_events(events(received=["2024-03-14 10:00", nothing, nothing]))
    assert len(got) == 3
    assert got["time"].notna().tolist() == [True, False, False]
    assert got.attrs["sara"]["time_notes"]["received"]["placeholders"] == 2
    assert got.attrs["sara"]["coverage"][0] == "2024-03-14"


def test_placeholders_in_long_columns_and_in_datetimes():
    long = [f"2024-03-{d:02d} {h:02d}:{m:02d}" for d in range(1, 29) for h in range(24) for m in range(0, 60, 5)]
    long[5] = long[77] = "1900-01-01 00:00"
    got = quiet(long)
    assert (int(np.isnat(got.local).sum()), got.notes["placeholders"]) == (2, 2)
    stamps = parse_times(pd.Series(pd.to_datetime(["2024-03-01", "1900-01-01"])), tz=None, name="when")
    assert np.isnat(stamps.local).tolist() == [False, True]


def test_scrape_time_is_not_report_time():
    frame = events(
        scraped_at=["2024-05-01 00:00:05"] * 2, time=["2024-03-01 10:00", "2024-03-02 11:00"], last_update=["2024-04-01"] * 2
    )
    assert recognize(frame).columns["time"] == "time"
    assert recognize(frame.drop(columns="time")).refused == "no column says when each row happened"


@pytest.mark.parametrize(
    ("serial", "wall"),
    [("45352", "2024-03-01 00:00:00"), ("45352.9652777778", "2024-03-01 23:10:00"), (45352.5, "2024-03-01 12:00:00")],
)
def test_excel_serial_numbers(serial, wall):
    assert walls([serial]) == [wall]


@pytest.mark.parametrize("midnight", ["2024-02-29 24:00", "2024-02-29T24:00:00", "02/29/2024 2400", "2024-02-29 24:00:00.000"])
def test_hour_24_is_the_next_day(midnight):
    assert walls([midnight, "2024-02-29 13:00"])[0] == "2024-03-01 00:00:00"


@pytest.mark.parametrize("week", ["2024-W09", "2024-W09-5", "2024W095", "Week 9, 2024"])
def test_iso_weeks_are_not_times(week):
    assert quiet([week]).bad.tolist() == [True]


def test_months_without_a_day_are_said_to_be_months():
    frame = events(Month=["2024-03", "2024-04"], Longitude=["-0.1", "-0.11"], Latitude=["51.5", "51.51"])
    with pytest.warns(SaraWarning, match="months without a day"):
        got = as_events(frame)
    assert got["time"].astype(str).tolist() == ["2024-03-01", "2024-04-01"]


@pytest.mark.parametrize(
    ("written", "wall"),
    [
        ("2024-03-14 23:10:05.123", "2024-03-14 23:10:05.123000"),
        ("2024-03-14T23:10:05.1234567", "2024-03-14 23:10:05.123456"),
        ("2024-03-14 23:10:05,5", "2024-03-14 23:10:05.500000"),
        ("20240314231005", "2024-03-14 23:10:05"),
        ("202403142310", "2024-03-14 23:10:00"),
        ("20240314", "2024-03-14 00:00:00"),
        ("20240314T231005", "2024-03-14 23:10:05"),
        ("20240314 2310", "2024-03-14 23:10:00"),
    ],
)
def test_fractions_and_compact_stamps(written, wall):
    assert walls([written]) == [wall]


def test_one_order_of_day_and_month(tmp_path):
    mixed = [f"{d:02d}/03/2024" for d in range(13, 20)] + [f"03/{d:02d}/2024" for d in range(13, 20)]
    with pytest.raises(InputError, match=r"one order of day and month. Got 13/03/2024 and 03/13/2024"):
        as_events(events(received=mixed))
    unsure = events(received=["03/04/2024 10:00", "05/04/2024 11:00"])
    with pytest.warns(SaraWarning, match=r"month first.*dayfirst=True"):
        assert as_events(unsure)["time"].dt.month.tolist() == [3, 5]
    profile = recognize(unsure).save(tmp_path / "city.toml", dayfirst=True)
    assert read(tmp_path, unsure, profile=profile)["time"].dt.month.tolist() == [4, 4]


@pytest.mark.parametrize(
    ("written", "wall"),
    [
        ("14/03/2024 11:10 p. m.", "2024-03-14 23:10:00"),
        ("14/03/2024 11:10:05 p.m.", "2024-03-14 23:10:05"),
        ("14/03/2024 12:05\u202fa.\u00a0m.", "2024-03-14 00:05:00"),
        ("14 de marzo de 2024 23:10", "2024-03-14 23:10:00"),
        ("14-ago-2024", "2024-08-14 00:00:00"),
        ("14-Mar-2024", "2024-03-14 00:00:00"),
        ("03-14-2024", "2024-03-14 00:00:00"),
        ("2024-03-14T23:10:00.000-0600", "2024-03-14 23:10:00"),
        ("jueves, 14 de marzo de 2024", "2024-03-14 00:00:00"),
        ("14. März 2024", "2024-03-14 00:00:00"),
        ("14 février 2024 23:10", "2024-02-14 23:10:00"),
        ("14 maart 2024", "2024-03-14 00:00:00"),
        ("14 mar 2024", "2024-03-14 00:00:00"),
    ],
)
def test_other_languages_and_their_halves_of_the_day(written, wall):
    assert walls([written]) == [wall]


def test_both_ends_of_summer_time_are_counted():
    got = as_events(events(received=["2024-11-03 01:30", "2024-03-10 02:30", "2024-07-01 12:00"]), tz=CHICAGO)
    record = got.attrs["sara"]
    assert (record["ambiguous_times"], record["skipped_times"]) == (1, 1)
    assert got.loc[got["time"] == "2024-11-03 01:30", "t"].iloc[0] == 1730615400


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S-06:00", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "epoch"]
)
def test_long_columns_read_as_short_ones(form):
    """The quick way for columns that hardly repeat gives what the careful way gives."""
    times = pd.date_range("2024-01-01", periods=6000, freq="97min")
    text = [str(int(t.timestamp())) for t in times] if form == "epoch" else times.strftime(form).tolist()
    text[17] = "" if form != "epoch" else text[18]
    long = parse_times(pd.Series(text), tz=CHICAGO, name="when", epoch="utc")
    short = [parse_times(pd.Series(text[i : i + 50]), tz=CHICAGO, name="when", epoch="utc") for i in range(0, 6000, 50)]
    assert np.array_equal(long.local, np.concatenate([part.local for part in short]), equal_nan=True)
    assert np.array_equal(long.utc, np.concatenate([part.utc for part in short]), equal_nan=True)
    assert not long.bad.any()


@pytest.mark.parametrize("dates", [["2023/01/02 05:00:00+00", "2023/07/02 04:00:00+00"], ["1672635600000", "1688270400000"]])
def test_a_date_that_is_midnight_in_the_city_is_put_together_with_its_time_of_day(dates):
    n = 20
    table = pd.DataFrame(
        {
            "Call_Date": dates * (n // 2),
            "Call_Time": ["14:33:10", "23:59:00"] * (n // 2),
            "CFS_Description": ["FIGHT", "NOISE"] * (n // 2),
        }
    )
    found = recognize(table)
    assert found.columns["received"] == ["Call_Date", "Call_Time"]
    events = sara.as_events(table, tz="America/New_York")
    assert sorted(events["time"].astype(str).unique()) == ["2023-01-02 14:33:10", "2023-07-02 23:59:00"]


def test_a_date_east_of_greenwich_is_the_next_day_of_its_midnight_in_utc():
    table = pd.DataFrame({"datum": ["2023-01-01T23:00:00Z", "2023-07-01T22:00:00Z"], "tijd": ["10:00", "11:00"]})
    events = sara.as_events(table, time=["datum", "tijd"], tz="Europe/Amsterdam")
    assert events["time"].astype(str).tolist() == ["2023-01-02 10:00:00", "2023-07-02 11:00:00"]
