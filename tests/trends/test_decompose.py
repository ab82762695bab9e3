"""Trend, season and what is left: statsmodels' numbers, parts that add up, words that say no more than is there, and mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import MSTL, STL

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result


def monthly(n=96, *, mean=100.0, season=0.3, growth=0.0, seed=0, start="2016-01-01"):
    t = np.arange(n)
    level = mean * np.exp(growth * t) * (1 + season * np.cos(2 * np.pi * (t - 6) / 12))
    return pd.Series(np.random.default_rng(seed).poisson(level).astype(float), index=pd.date_range(start, periods=n, freq="MS"))


def weekly(n=261, *, mean=40.0, season=0.3, seed=0):
    t = np.arange(n)
    level = mean * (1 + season * np.cos(2 * np.pi * (t - 30) / 52.18))
    return pd.Series(
        np.random.default_rng(seed).poisson(level).astype(float), index=pd.date_range("2019-01-07", periods=n, freq="7D")
    )


@pytest.mark.parametrize("robust", [True, False])
def test_numbers_are_those_of_statsmodels(robust):
    y = monthly()
    table = sara.trends.decompose(y, robust=robust).table
    # Months are taken as equally long: `n` of the table.
    theirs = STL(table["n"], period=12, robust=robust).fit()
    assert np.array_equal(table["trend"], theirs.trend)
    assert np.array_equal(table["season"], theirs.seasonal)
    assert np.array_equal(table["remainder"], theirs.resid)


def test_few_turns_have_the_same_season_each_and_a_window_gives_statsmodels_own():
    y = weekly()
    mine = sara.trends.decompose(y)
    assert mine.settings["windows"].value == "the same in every turn"
    season = mine.table["season"].to_numpy()
    assert np.allclose(season[:52], season[52:104], atol=0.5)
    theirs = STL(y, period=52, robust=True).fit()
    assert np.array_equal(sara.trends.decompose(y, windows=7).table["season"], theirs.seasonal)


def test_days_have_a_week_and_a_year_as_mstl_has():
    days = pd.date_range("2021-01-01", periods=800, freq="D")
    y = pd.Series(np.random.default_rng(1).poisson(20 + 8 * (days.day_of_week >= 5)).astype(float), index=days)
    found = sara.trends.decompose(y, robust=False, windows=(11, 15))
    theirs = MSTL(y, periods=(7, 365), stl_kwargs={"robust": False}).fit()
    assert np.array_equal(found.table["season_week"], theirs.seasonal["seasonal_7"])
    assert np.array_equal(found.table["season_year"], theirs.seasonal["seasonal_365"])
    assert np.allclose(found.table["season"], found.table["season_week"] + found.table["season_year"])
    week = found.seasons.set_index("season").loc["week"]
    assert week["high"] in ("Saturday", "Sunday") and week["p"] < 0.01
    assert found.seasons.set_index("season").loc["year", "p"] > 0.05
    assert "No season of the year stands out from chance." in found.text


@pytest.mark.parametrize("transform", ["none", "square-root", "log"])
def test_parts_add_up_to_the_counts_on_every_scale(transform):
    table = sara.trends.decompose(monthly(growth=0.01), transform=transform).table
    assert np.allclose(table["trend"] + table["season"] + table["remainder"], table["n"])
    assert np.allclose(table["trend"] + table["season"], table["expected"])


def test_log_finds_a_season_that_grows_with_the_level():
    y = monthly(120, growth=0.02, mean=200)
    table = sara.trends.decompose(y, transform="log").table
    theirs = STL(np.log(table["n"]), period=12, robust=True).fit()
    assert np.allclose(table["trend"], np.exp(theirs.trend))
    assert np.allclose(table["expected"], np.exp(theirs.trend + theirs.seasonal))
    assert table["season"].tail(24).abs().max() > 3 * table["season"].head(24).abs().max()


def test_a_real_season_is_named_with_its_month_and_noise_has_none():
    found = sara.trends.decompose(monthly())
    row = found.seasons.iloc[0]
    # A cosine over months 0 to 11 with its top at 6: July.
    assert (
        row["high"] in ("June", "July")
        and row["low"] in ("December", "January", "February")
        and row["p"] <= 0.01
        and row["strength"] > 0.7
    )
    assert f"high in {row['high']}" in found.text
    plain = sara.trends.decompose(monthly(season=0.0, seed=1))
    assert plain.seasons["p"].iloc[0] > 0.05 and "No season of the year stands out from chance." in plain.text


def test_one_far_week_stands_out_and_does_not_bend_the_rest():
    y = weekly(season=0.3)
    y.iloc[200] += 60
    found = sara.trends.decompose(y)
    far = found.table[found.table["unusual"]]
    assert y.index[200] in far["period"].tolist() and len(far) <= 4
    assert f"{y.index[200]:%Y-%m-%d}" in found.text
    without = sara.trends.decompose(weekly(season=0.3)).table
    assert (found.table["trend"] - without["trend"]).abs().max() < 2


def test_swing_is_held_against_chance():
    calm = sara.trends.decompose(weekly(mean=40))
    assert calm.swing / calm.chance == pytest.approx(1, abs=0.25) and "about as chance alone would have it" in calm.text
    rng = np.random.default_rng(5)
    wild = weekly(mean=40)
    wild[:] = rng.poisson(rng.gamma(4.0, 10.0, len(wild)))
    found = sara.trends.decompose(wild)
    # Variance over mean is 11: the swing is 3.3 times that of chance.
    assert (
        found.swing / found.chance == pytest.approx(np.sqrt(11), rel=0.25) and "times what chance alone would have" in found.text
    )


def test_unusual_is_rare_under_chance():
    share = [sara.trends.decompose(weekly(156, mean=20, seed=seed)).table["unusual"].mean() for seed in range(6)]
    assert np.mean(share) < 0.012


@pytest.mark.slow
@pytest.mark.parametrize(("n", "freq", "mean"), [(260, "W-MON", 5), (120, "MS", 50)])
def test_unusual_is_about_one_in_370_under_chance(n, freq, mean):
    rng = np.random.default_rng(6)
    index = pd.date_range("2010-01-04" if freq != "MS" else "2010-01-01", periods=n, freq=freq)
    share = [sara.trends.decompose(pd.Series(rng.poisson(mean, n), index=index)).table["unusual"].mean() for _ in range(30)]
    assert 0.0005 < np.mean(share) < 0.009


def test_gaps_are_unknown_not_zero():
    y = monthly()
    y.iloc[[30, 31]] = np.nan
    found = sara.trends.decompose(y)
    assert found.table["remainder"].isna().sum() == 2 and found.table["expected"].notna().all()
    assert any("2 months without a number" in caution for caution in found.cautions)
    whole = sara.trends.decompose(monthly())
    assert (found.table["trend"] - whole.table["trend"]).abs().max() < 5
    y.iloc[:20] = np.nan
    with pytest.raises(InputError, match="nine months of ten"):
        sara.trends.decompose(y)


def test_all_ways_in_give_one_answer():
    y = weekly()
    named = pd.DataFrame({"period": y.index, "n": y.to_numpy()})
    bare = sara.trends.decompose(y.to_numpy(), seasons=52).table
    assert np.array_equal(sara.trends.decompose(named).table["trend"], bare["trend"])
    assert np.array_equal(sara.trends.decompose(y.sample(frac=1, random_state=1)).table["trend"], bare["trend"])
    assert bare["period"].tolist()[:3] == [1, 2, 3]
    assert sara.trends.decompose(monthly().to_numpy(), seasons=12).seasons["high"].iloc[0] == "place 7 of 12"


@pytest.mark.parametrize(("value", "n"), [(0.0, 48), (7.0, 48), (1e6, 48)])
def test_flat_series_have_nothing_left(value, n):
    found = sara.trends.decompose(np.full(n, value), seasons=12)
    assert np.allclose(found.table["remainder"], 0, atol=1e-6 * max(value, 1)) and not found.table["unusual"].any()
    assert "No period stands out" in found.text
    found.plot()


def test_rates_are_taken_too_but_not_held_against_chance():
    y = monthly() / 31.0
    found = sara.trends.decompose(y)
    assert np.isnan(found.chance) and "chance alone would have it" not in found.text and found.swing > 0


def test_the_answer_is_stored_and_drawn():
    found = sara.trends.decompose(weekly())
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text and again.alt_text == found.alt_text
    assert len(found.figure(marks={"2021-05-01": "new codes"}).axes) == 3
    assert again.plot(marks={"2021-05-01": "new codes"}).get_title(loc="left") == found.title


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"seasons": 60}, NotEnoughDataError, "two turns"),
        ({"seasons": "fortnight"}, InputError, "whole numbers of periods"),
        ({"seasons": "day"}, InputError, "cycles of two months or more"),
        ({"seasons": 1}, InputError, "from 2 on"),
        ({"seasons": (12, 12)}, InputError, "each cycle once"),
        ({"windows": 8}, InputError, "odd"),
        ({"windows": "wide"}, InputError, "odd"),
        ({"windows": (7, 7)}, InputError, "one for each of 1 seasons"),
        ({"transform": "cube"}, InputError, "transform"),
        ({"robust": "yes"}, InputError, "robust"),
        ({"freq": "W"}, InputError, "left out"),
    ],
)
def test_mistakes_are_said(options, kind, words):
    with pytest.raises(kind, match=words):
        sara.trends.decompose(monthly(), **options)


def test_zeros_have_no_logarithm_and_bare_numbers_no_season():
    y = monthly()
    y.iloc[5] = 0
    with pytest.raises(InputError, match="Got 0 in"):
        sara.trends.decompose(y, transform="log")
    with pytest.raises(InputError, match="seasons=12"):
        sara.trends.decompose(y.to_numpy())
    with pytest.raises(NotEnoughDataError, match="104 weeks"):
        sara.trends.decompose(weekly(60))
    with pytest.raises(InputError, match="no season of their own"):
        sara.trends.decompose(pd.Series(np.arange(10.0), index=pd.date_range("2010-01-01", periods=10, freq="YS")))


def test_the_length_of_months_is_no_season_and_a_leap_day_no_outlier():
    months = pd.date_range("2020-01-01", "2023-12-01", freq="MS")
    found = sara.trends.decompose(pd.Series(months.days_in_month * 10, index=months))
    assert found.table["counted"].tolist() == (months.days_in_month * 10).tolist()
    assert np.ptp(found.table["n"]) < 1e-9 and not found.table["unusual"].any()
    assert "No season of the year stands out" in found.text and found.settings["length"].value == "30.4 days"
    whole = found.table["trend"] + found.table["season"] + found.table["remainder"]
    assert np.allclose(whole, found.table["n"])


def test_swing_of_three_years_of_months_is_that_of_chance_and_a_far_month_is_found():
    found, said = 0, 0
    for seed in range(8):
        index = pd.date_range("2020-01-01", periods=36, freq="MS")
        y = pd.Series(np.random.default_rng(seed).poisson(430, 36).astype(float), index=index)
        calm = sara.trends.decompose(y.to_numpy(), seasons=12)
        # The truth is 20.7.
        assert 20 < calm.swing < 28 and not calm.table["unusual"].any()
        said += "about as chance alone would have it" in calm.text
        y.iloc[10 + seed] += 150
        found += bool(sara.trends.decompose(y.to_numpy(), seasons=12).table["unusual"].iloc[10 + seed])
    assert said >= 7 and found >= 6
    assert any("five turns" in caution for caution in sara.trends.decompose(y).cautions)


def test_too_few_turns_have_no_swing_and_rare_events_swing_no_less_than_chance():
    rng = np.random.default_rng(3)
    quarters = pd.Series(rng.poisson(1300, 12).astype(float), index=pd.date_range("2020-01-01", periods=12, freq="QS"))
    assert "Too few turns to say" in sara.trends.decompose(quarters).text
    hours = sara.trends.decompose(rng.poisson(0.5, 24 * 60), seasons=24)
    assert hours.swing == pytest.approx(hours.chance, rel=0.1) and hours.swing >= hours.chance and hours.chance > 0.5


def test_no_season_is_advised_that_is_not_there():
    with pytest.raises(NotEnoughDataError) as told:
        sara.trends.decompose(weekly(52))
    assert "seasons=" not in str(told.value)


def test_of_ten_years_of_days_few_stand_out_by_chance():
    days = pd.Series(np.random.default_rng(0).poisson(20, 3652).astype(float), index=pd.date_range("2015-01-01", periods=3652))
    found = sara.trends.decompose(days)
    assert found.table["unusual"].mean() < 0.008 and found.swing == pytest.approx(found.chance, rel=0.1)
