"""ewma: the published example, its limits, baselines, gaps, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError

# NIST/SEMATECH e-Handbook of Statistical Methods 6.3.2.4.
NIST = [52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
NIST_EWMA = [50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99]  # fmt: skip
RISE = [10, 8, 12, 9, 11, 10, 9, 12, 8, 11] * 3 + [15, 14, 16, 15, 17, 14]


def test_the_published_example():
    found = sara.trends.ewma(NIST, weight=0.3, limit=3, center=50, sd=2.0539)
    assert found.table["ewma"].to_numpy() == pytest.approx(NIST_EWMA, abs=0.0051)
    assert found.table["high"].round(4).eq(52.5884).all()
    assert found.table["low"].to_numpy() == pytest.approx(47.4115, abs=1e-4)
    assert not found.table["alarm"].any()
    # Lucas & Saccucci: weight 0.3 with limits of 3 runs about 465 periods.
    assert found.run == pytest.approx(465, abs=2)


def test_exact_limits_begin_narrow_and_end_the_same():
    found = sara.trends.ewma(NIST, center=50, sd=2.0539, exact=True).table
    assert found["high"].iloc[0] == pytest.approx(50 + 3 * 2.0539 * 0.3)
    assert found["high"].is_monotonic_increasing
    assert found["high"].iloc[-1] == pytest.approx(52.5884, abs=1e-4)


def test_a_baseline_measures_mean_and_spread_and_only_later_periods_are_judged():
    found = sara.trends.ewma(RISE, baseline=30)
    assert found.table["period"].tolist() == list(range(31, 37))
    assert found.table["expected"].iloc[0] == 10
    # These vary less than chance: taken as Poisson.
    assert found.settings["sd"].value == pytest.approx(np.sqrt(10))
    assert found.table["alarm"].iloc[-1]
    assert found.text.startswith("The average went above what is usual (6.0 to 14.0) in period 35")
    assert "the move began about period 31" in found.text
    spread = sara.trends.ewma([2, 18] * 15 + [10, 11], baseline=30)
    assert spread.settings["sd"].value == pytest.approx(np.std([2, 18] * 15, ddof=1))


def test_a_baseline_of_dates_is_the_same_as_its_number():
    dated = pd.Series(RISE, index=pd.date_range("2024-01-01", periods=len(RISE), freq="7D"))
    one = sara.trends.ewma(dated, baseline=("2024-01-01", "2024-07-28"))
    two = sara.trends.ewma(RISE, baseline=30)
    assert one.table["ewma"].tolist() == two.table["ewma"].tolist()
    assert "the week from 2024-08-26" in one.text


def test_events_a_series_and_its_numbers_give_the_same():
    events = sara.datasets.load("riverton_calls").query("category == 'burglary'")
    weeks = sara.trends.series(events)
    kept = weeks.table[weeks.table["complete"]]
    want = sara.trends.ewma(events).table["ewma"].tolist()
    assert sara.trends.ewma(weeks).table["ewma"].tolist() == want
    assert sara.trends.ewma(pd.Series(kept["n"].to_numpy(), index=kept["period"])).table["ewma"].tolist() == want
    assert sara.trends.ewma(kept["n"].tolist(), baseline=52).table["ewma"].tolist() == want


def test_limits_of_low_counts_stay_above_zero():
    n = np.random.default_rng(1).poisson(0.5, 100)
    found = sara.trends.ewma(n)
    assert (found.table["low"] == 0).all()
    assert any("fewer than 5" in words for words in found.cautions)


def test_in_a_gap_the_average_holds_and_nothing_is_called():
    table = sara.trends.ewma([10, 10, 30, 30, np.nan, 30], center=10, sd=3).table
    assert table["ewma"].iloc[4] == table["ewma"].iloc[3]
    assert table["alarm"].tolist() == [False, False, True, True, False, True]
    # A gap doesn't end what is called.
    assert "of 2 times" not in sara.trends.ewma([10, 10, 30, 30, np.nan, 30], center=10, sd=3).text


def test_a_mean_alone_takes_chance_and_warns_where_there_is_more():
    wild = np.tile([0, 20], 30)
    assert any("as much as chance" in words for words in sara.trends.ewma(wild, center=10).cautions)
    assert sara.trends.ewma(RISE, center=10).settings["sd"].value == pytest.approx(np.sqrt(10))


@pytest.mark.parametrize(
    ("numbers", "wrong", "words"),
    [
        (RISE, {"weight": 1.5}, "`weight`"),
        (RISE, {"limit": 0}, "`limit`"),
        (RISE, {"sd": -1, "center": 3}, "`sd`"),
        (RISE, {"center": "ten"}, "`center`"),
        (NIST, {"center": 50}, "`sd` must be given"),
        (RISE, {"center": 10, "sd": 3, "baseline": 10}, "`baseline` must be left out"),
        (RISE, {"baseline": len(RISE)}, "`baseline` must leave periods"),
        (RISE, {"baseline": ("2024-01-01", "2024-02-01")}, "`baseline` must be a number"),
        ([1.5] * 40, {}, "`baseline` must hold numbers that differ"),
    ],
)
def test_wrong_arguments(numbers, wrong, words):
    with pytest.raises(InputError, match=words):
        sara.trends.ewma(numbers, **wrong)


@pytest.mark.parametrize("numbers", [[5], [1, 2, 3], [0] * 40])
def test_too_little(numbers):
    with pytest.raises(NotEnoughDataError):
        sara.trends.ewma(numbers)


def test_huge_counts_long_series_months_and_days():
    rng = np.random.default_rng(5)
    assert not sara.trends.ewma(rng.poisson(1e6, 80)).table["ewma"].isna().any()
    months = pd.Series(rng.poisson(50, 240), index=pd.date_range("2005-01-01", periods=240, freq="MS"))
    assert len(sara.trends.ewma(months).table) == 240 - 24
    days = pd.Series(rng.poisson(5, 800), index=pd.date_range("2022-01-01", periods=800, freq="D"))
    assert any("Days of the week" in words for words in sara.trends.ewma(days).cautions)


def test_the_picture_has_the_marks():
    dated = pd.Series(RISE, index=pd.date_range("2024-01-01", periods=len(RISE), freq="7D"))
    ax = sara.trends.ewma(dated, baseline=30).plot(marks={"2024-08-01": "new codes"})
    assert "new codes" in [words.get_text() for words in ax.texts]
