"""trend_test: ways in, published values, units per year, season, memory, words."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import theilslopes

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.mann_kendall import mann_kendall


def monthly(slope, *, years=6, season=0.0, level=200, seed=1):
    index = pd.date_range("2018-01-01", periods=12 * years, freq="MS")
    t = np.arange(len(index))
    mean = (level + slope * t / 12) * np.exp(season * np.cos(2 * np.pi * t / 12)) * index.days_in_month / 30.4
    return pd.Series(np.random.default_rng(seed).poisson(mean), index=index)


@pytest.mark.parametrize(
    ("values", "s", "variance", "z"),
    [([5, 6, 11, 8, 10], 6, 50 / 3, 1.2247), ([10, 15, 14, 20], 4, 26 / 3, 1.0190), (list(range(1, 11)), 45, 125, 3.9355)],
)
def test_short_series_are_the_published_values(values, s, variance, z):
    row = sara.trends.trend_test(values, correction="none").table.iloc[0]
    assert (row["s"], row["variance"], row["z"]) == pytest.approx((s, variance, z), abs=5e-5)


def test_a_correction_needs_more_than_the_order():
    with pytest.raises(NotEnoughDataError, match="at least 8"):
        sara.trends.trend_test([5, 6, 11, 8, 10])
    assert sara.trends.trend_test(range(1, 11), correction="none").table["slope"].iloc[0] == 1


def test_the_slope_is_per_year_and_that_of_scipy():
    n = monthly(-24)
    row = sara.trends.trend_test(n, season=None, correction="none").table.iloc[0]
    middle = n.index + (n.index + pd.offsets.MonthBegin() - n.index) / 2
    years = (middle - middle[0]).total_seconds() / 86_400 / 365.2425
    rate = n.to_numpy() / n.index.days_in_month * np.median(n.index.days_in_month)
    other = theilslopes(rate, years)
    assert (row["slope"], row["low"], row["high"]) == pytest.approx((other.slope, other.low_slope, other.high_slope))


def test_a_fall_is_found_beside_a_season_and_said():
    found = sara.trends.trend_test(monthly(-15, season=0.4))
    row = found.table.iloc[0]
    assert row["p"] < 0.05
    assert row["low"] < -15 * 1.02 < row["high"]
    assert row["percent"] == pytest.approx(100 * row["slope"] / row["level"])
    assert found.text.startswith("Events fell by about ")
    assert "a month each year (between " in found.text
    assert "season allowed for" in found.text
    assert found.settings["season"].value == "the same month of other years"


def test_no_trend_says_what_would_still_fit():
    found = sara.trends.trend_test(monthly(0, season=0.4, seed=3))
    assert found.table["p"].iloc[0] > 0.05
    assert found.text.startswith("No trend beyond the usual ups and downs: anything from -")
    assert "fits" in found.text


def test_events_series_and_days_are_tested_on_weeks():
    rng = np.random.default_rng(2)
    days = pd.date_range("2021-01-04", periods=7 * 130, freq="D")
    n = pd.Series(rng.poisson(np.linspace(9, 4, len(days))), index=days)
    events = sara.as_events(pd.DataFrame({"when": np.repeat(days, n.to_numpy()) + pd.Timedelta(hours=9)}), time="when")
    weeks = sara.trends.trend_test(events, period=("2021-01-04", "2023-07-02"))
    by_series = sara.trends.trend_test(sara.trends.series(events, period=("2021-01-04", "2023-07-02")))
    by_day = sara.trends.trend_test(n)
    assert weeks.table["slope"].iloc[0] == by_series.table["slope"].iloc[0] == pytest.approx(by_day.table["slope"].iloc[0])
    assert by_day.step == "week"
    assert by_day.settings["step"].why


def test_days_without_data_are_no_fall():
    days = pd.date_range("2021-01-04", periods=7 * 110, freq="D")
    n = pd.Series(10.0, index=days)
    n.iloc[700:706] = np.nan
    n.iloc[710:712] = np.nan
    found = sara.trends.trend_test(n)
    assert found.table["s"].iloc[0] == 0
    assert found.periods["n"].isna().sum() == 1


def test_months_are_compared_by_the_day():
    index = pd.date_range("2020-01-01", periods=36, freq="MS")
    assert sara.trends.trend_test(pd.Series(index.days_in_month * 10, index=index), season=None).table["s"].iloc[0] == 0


def test_corrections():
    n = np.random.default_rng(4).poisson(20, 60)
    plain = sara.trends.trend_test(n, correction="none").table.iloc[0]
    other = mann_kendall(n, exact=False)
    assert (plain["s"], plain["z"], plain["p"]) == pytest.approx((float(other.s), float(other.z), float(other.p)))
    for correction in ("yue-wang", "hamed-rao"):
        row = sara.trends.trend_test(n, correction=correction).table.iloc[0]
        known = mann_kendall(n, correction=correction)
        assert row["z"] == pytest.approx(float(known.z), rel=0.02)
    memory = sara.trends.trend_test(np.repeat(np.random.default_rng(5).poisson(20, 30), 4)).table.iloc[0]
    assert memory["inflation"] > 2
    assert memory["correlation"] > 0.5
    ten = sara.trends.trend_test(monthly(5, years=12, season=0.3), correction="hirsch-slack")
    assert ten.table["p"].iloc[0] < 0.05


def test_bare_numbers_with_a_season_of_their_own():
    n = monthly(20, season=0.5).to_numpy()
    found = sara.trends.trend_test(n, season=12)
    assert found.table["slope"].iloc[0] * 12 == pytest.approx(20, rel=0.6)
    assert "each period" in found.text
    assert "a period each period" not in found.text


def test_a_series_shorter_than_two_years_is_not_stretched_to_one():
    n = pd.Series(
        np.random.default_rng(6).poisson(np.linspace(60, 20, 40)), index=pd.date_range("2024-01-01", periods=40, freq="W-MON")
    )
    found = sara.trends.trend_test(n, correction="none")
    assert "over these 40 weeks" in found.text
    assert any("two years" in caution for caution in found.cautions)


@pytest.mark.parametrize("n", [[0] * 20, [5] * 9, list(np.arange(20) * 10**6), [0] * 19 + [1], [0.0001 * k for k in range(40)]])
def test_odd_series_are_answered(n):
    found = sara.trends.trend_test(n)
    assert found.text
    assert "nan" not in found.text.lower()
    found.plot().figure.canvas.draw()


def test_no_percent_on_a_small_base():
    index = pd.date_range("2018-01-01", periods=72, freq="MS")
    few = pd.Series(np.random.default_rng(7).poisson(1, 72), index=index)
    assert np.isnan(sara.trends.trend_test(few).table["percent"].iloc[0])


def test_mistakes_are_answered_in_words():
    with pytest.raises(NotEnoughDataError, match="at least 8"):
        sara.trends.trend_test([3, 4, 5])
    with pytest.raises(InputError, match="correction"):
        sara.trends.trend_test([3] * 20, correction="best")
    with pytest.raises(InputError, match="`season` must"):
        sara.trends.trend_test([3] * 20, season="monthly")
    with pytest.raises(InputError, match="`season` must"):
        sara.trends.trend_test(monthly(0), season="monthly")
    with pytest.raises(InputError, match="10 whole years"):
        sara.trends.trend_test(monthly(0), correction="hirsch-slack")
    with pytest.raises(InputError, match="with a season"):
        sara.trends.trend_test(monthly(0), correction="hamed-rao")
    with pytest.raises(NotEnoughDataError, match="weeks, and needs 8"):
        sara.trends.trend_test(pd.Series(range(20), index=pd.date_range("2024-01-01", periods=20)))


@pytest.mark.skipif("SARA_REAL_DATA" not in os.environ, reason="SARA_REAL_DATA is not set: no files of real cities")
def test_burglary_of_a_city_falls():
    path = Path(os.environ["SARA_REAL_DATA"]) / "chicago" / "burglary_2011-07_2014-11.csv.gz"
    calls = sara.read_calls(path)
    week, month = (sara.trends.trend_test(calls, freq=freq).table.iloc[0] for freq in ("W", "MS"))
    assert week["p"] < 0.001
    assert week["percent"] == pytest.approx(month["percent"], abs=2)
