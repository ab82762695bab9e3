"""farrington: versions, dates, history, words, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.farrington import farrington_limits

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
