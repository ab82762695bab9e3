"""farrington: versions, dates, history, words, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.farrington import farrington_limits, reference_points

RNG = np.random.default_rng(8)
N = RNG.poisson(12 * np.exp(0.3 * np.cos(np.arange(300) / 52 * 2 * np.pi)))
WEEKS = pd.Series(N, index=pd.date_range("2018-01-01", periods=300, freq="7D"))


@pytest.mark.parametrize("version", ["original", "flexible"])
def test_the_table_is_that_of_the_kernel(version):
    found = sara.trends.farrington(N, version=version).table
    assert found["period"].iloc[0] == 4 * 52 + 3 + 1
    peer = farrington_limits(N, np.arange(211, 300), 52, version=version)
    assert found["upper"].to_numpy() == pytest.approx(peer.upper[0])
    assert found["alarm"].tolist() == peer.alarm[0].tolist()
    assert (found["score"] > 1).tolist() == found["alarm"].tolist()


def test_dates_choose_the_same_week_of_the_year():
    found = sara.trends.farrington(WEEKS)
    assert found.table["period"].iloc[0] == pd.Timestamp("2022-01-24")
    peer = farrington_limits(N, np.arange(212, 300), version="original", starts=WEEKS.index.to_numpy())
    assert found.table["upper"].to_numpy() == pytest.approx(peer.upper[0])
    assert len(sara.trends.farrington(WEEKS, start="2023-01-02").table) == int((WEEKS.index >= "2023-01-02").sum())


def test_an_outbreak_is_found_and_said():
    n = WEEKS.copy()
    n.iloc[-1] = 45
    for version in ("original", "flexible"):
        found = sara.trends.farrington(n, version=version, start="2023-09-01")
        assert found.table["alarm"].iloc[-1]
        assert "(45; usual up to " in found.text
        assert (
            "By its promise about one week in 40" if version == "original" else "By chance alone about one week in 20"
        ) in found.text
        # The original rings more often than it says: its alarms are never set against that number.
        assert "than that was found" not in found.text or version == "flexible"
    assert found.table["p"].iloc[-1] < 1e-6


def test_few_events_are_not_judged_and_counted():
    n = WEEKS.copy()
    n.iloc[-4:] = [0, 1, 0, 2]
    found = sara.trends.farrington(n, start=300)
    assert found.table["upper"].isna().all() and not found.table["alarm"].any() and found.table["expected"].notna().all()
    assert any("fewer than 5 events in 4 weeks" in words for words in found.cautions)
    assert found.text.startswith("No week could be judged.")


def test_months_days_and_gaps():
    months = pd.Series(RNG.poisson(40, 84), index=pd.date_range("2017-01-01", periods=84, freq="MS"))
    found = sara.trends.farrington(months, version="flexible")
    assert found.settings["half_window"].value == "1 months" and found.settings["excluded"].value == "6 months"
    assert found.table["upper"].notna().all()
    days = pd.Series(RNG.poisson(5, 1_200).astype(float), index=pd.date_range("2020-01-01", periods=1_200))
    days.iloc[700:720] = np.nan
    found = sara.trends.farrington(days, years=2, start=1_190)
    assert any("another weekday" in words for words in found.cautions) and found.table["upper"].notna().all()


def test_the_original_warns_where_counts_vary_more_than_chance():
    level = RNG.gamma(12 / 1.5, 1.5, 300)
    wide = sara.trends.farrington(RNG.poisson(level))
    assert any("version='flexible'" in words for words in wide.cautions)
    assert not any("version='flexible'" in words for words in sara.trends.farrington(N).cautions)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"version": "noufaily"}, "`version`"),
        ({"alpha": 0.5}, "`alpha`"),
        ({"years": 0}, "`years`"),
        ({"threshold": "x"}, "`threshold`"),
        ({"half_window": 30}, "`half_window`"),
        ({"seasons": 5}, "`seasons`"),
        ({"version": "flexible", "seasons": 50}, "`seasons`"),
        ({"per_year": 0}, "`per_year`"),
        ({"start": 20}, "`start`"),
    ],
)
def test_wrong_arguments(wrong, words):
    with pytest.raises(InputError, match=words):
        sara.trends.farrington(N, **wrong)


def test_too_little_history_says_what_to_write():
    with pytest.raises(NotEnoughDataError, match="years=1"):
        sara.trends.farrington(N[:100])
    with pytest.raises(NotEnoughDataError, match="sara.trends.ears"):
        sara.trends.farrington(N[:40])
    with pytest.raises(InputError, match="per_year"):
        sara.trends.farrington(WEEKS, per_year=52)


def test_a_baseline_of_zeros_has_a_caution_and_no_chance():
    n = np.zeros(160)
    n[-3:] = (0, 5, 1)
    n[20] = 2
    found = sara.trends.farrington(n, years=1, version="flexible")
    judged = found.table[found.table["upper"].notna()]
    assert judged["alarm"].any() and judged["p"].isna().all() and judged["score"].isna().all()
    assert any("baseline without any event" in caution for caution in found.cautions)
    usual = sara.trends.farrington(np.random.default_rng(1).poisson(9.0, 160), years=1)
    assert usual.table["p"].notna().any() and not any("without any event" in caution for caution in usual.cautions)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reweight": "x"}, "reweight"),
        ({"trend": "x"}, "trend"),
        ({"version": "flexible", "excluded": 500}, "at most 78"),
        ({"per_year": 1}, "shorter than a year"),
    ],
)
def test_options_that_leave_nothing_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        sara.trends.farrington(np.random.default_rng(1).poisson(9.0, 160), years=2, **options)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_hours_answer_to_their_own_hour_and_missing_counts_warn_of_nothing():
    index = pd.date_range("2022-01-01", periods=370 * 24, freq="h")
    n = pd.Series(np.where(index.hour == 3, 40.0, 1.0), index=index)
    at = np.arange(366 * 24, 367 * 24)
    back = reference_points(at, years=1, starts=index.to_numpy())[:, 0]
    assert np.array_equal(index[back].hour, index[at].hour) and (n.to_numpy()[back] == n.to_numpy()[at]).all()
    some = pd.Series(
        np.random.default_rng(2).poisson(9.0, 160).astype(float), index=pd.date_range("2020-01-06", periods=160, freq="W-MON")
    )
    some[np.arange(160) % 8 != 0] = np.nan
    assert len(sara.trends.farrington(some, years=2).table)
