"""Days for which a file says nothing: outages are found, chance, seasons and closed offices are not called outages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.gaps import empty_runs, gaps_of_days, gaps_of_times


def test_an_outage_is_found_with_what_was_due():
    assert empty_runs(np.r_[np.full(50, 10), np.zeros(5), np.full(50, 10)]) == [(50, 5, pytest.approx(50.0))]
    assert empty_runs(np.r_[np.full(50, 10), np.zeros(1), np.full(50, 10)]) == []
    assert empty_runs(np.r_[np.full(50, 30), np.zeros(1), np.full(50, 30)]) == [(50, 1, pytest.approx(30.0))]


def test_an_outage_beside_another_is_found_too():
    days = np.random.default_rng(0).poisson(10, 800)
    days[100:140], days[150:155] = 0, 0
    found = empty_runs(days)
    assert [(begin, length) for begin, length, _ in found] == [(100, 40), (150, 5)]
    assert found[0][2] == pytest.approx(400, rel=0.25)


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0, 3.0, 8.0])
def test_chance_makes_no_gap(mean):
    rng = np.random.default_rng(3)
    assert sum(len(empty_runs(rng.poisson(mean, 1500))) for _ in range(10)) == 0
    assert sum(len(empty_runs(rng.negative_binomial(mean, 0.5, 1500))) for _ in range(10)) == 0


def test_an_office_has_weekends_and_holidays_and_no_gaps():
    days = np.where(np.arange(700) % 7 >= 5, 0, 40)
    assert empty_runs(days) == []
    days[[359, 360]] = 0  # Thursday and Friday
    assert empty_runs(days) == []
    days[350:360] = 0
    assert len(empty_runs(days)) == 1


def test_months_without_a_day_and_empty_files_have_none():
    months = pd.date_range("2020-01-01", "2022-01-01", freq="MS").repeat(50)
    span = (pd.Timestamp("2020-01-01"), pd.Timestamp("2022-02-01"))
    assert gaps_of_times(months, span, "month") == []
    assert gaps_of_times(months, None) == []
    assert empty_runs(np.zeros(0)) == empty_runs(np.zeros(30)) == []


def test_the_record_names_first_day_and_the_day_after_the_last():
    days = pd.date_range("2024-01-01", "2024-03-31")
    kept = days[(days < "2024-02-10") | (days >= "2024-02-14")]
    span = (days[0], days[-1] + pd.Timedelta(days=1))
    expected = [["2024-02-10", "2024-02-14"]]
    assert gaps_of_times(kept.repeat(30), span) == expected
    assert gaps_of_days(kept.to_numpy("datetime64[D]").astype(int), np.full(len(kept), 30), span) == expected


def test_every_way_to_read_a_file_names_the_same_gaps(tmp_path):
    days = pd.date_range("2024-01-01 08:00", "2024-04-30 08:00").repeat(12)
    kept = days[(days < "2024-02-10") | (days >= "2024-02-20")]
    table = pd.DataFrame(
        {"received": kept.strftime("%Y-%m-%d %H:%M"), "nature": "NOISE", "x": 500.0 + np.arange(len(kept)), "y": 900.0}
    )
    table.to_csv(tmp_path / "calls.csv", index=False)
    columns = {"time": "received", "type": "nature", "x": "x", "y": "y"}
    expected = [["2024-02-10", "2024-02-20"]]
    assert sara.as_events(table, **columns, crs=32616).attrs["sara"]["gaps"] == expected
    assert sara.read_calls(tmp_path / "calls.csv", columns=columns, crs=32616).attrs["sara"]["gaps"] == expected
    sara.convert(tmp_path / "calls.csv", tmp_path / "calls.parquet", source="calls", columns=columns, crs=32616)
    assert sara.open_events(tmp_path / "calls.parquet").attrs["sara"]["gaps"] == expected
    assert sara.read_calls(tmp_path / "calls.parquet").attrs["sara"]["gaps"] == expected


def test_real_files_have_no_gap_that_is_none(real_data):
    for path in ("montgomery/911.csv.gz", "chicago/burglary_2011-07_2014-11.csv.gz"):
        assert sara.read_calls(real_data / path).attrs["sara"]["gaps"] == []
