"""scan_window: published numbers, spread, gaps, words, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.naus import scan_chance

WEEKS = pd.Series(np.random.default_rng(2).poisson(4, 104), index=pd.date_range("2022-01-03", periods=104, freq="7D"))


def test_numbers_alone_are_naus():
    found = sara.trends.scan_window(n=6, window=2, mean=0.6, periods=208)
    assert found.p == pytest.approx(0.0390231, abs=5e-8)
    assert sara.trends.scan_window(n=6, window=1, mean=1, periods=260).table["naive"].iloc[0] == pytest.approx(0.154488, abs=5e-7)
    assert found.plot() is not None


def test_a_series_is_asked_about_its_fullest_window():
    found = sara.trends.scan_window(WEEKS)
    sums = WEEKS.rolling(2).sum()
    assert found.table["most"].iloc[0] == sums.max()
    assert found.p == pytest.approx(scan_chance(int(sums.max()), 2, WEEKS.mean(), 104))
    assert f"{sums.idxmax() - pd.Timedelta(days=7):%Y-%m-%d}" in found.text and "chance explains that" in found.text
    single = sara.trends.scan_window(WEEKS, window=1, mean=4.0)
    assert single.p == pytest.approx(1 - poisson.cdf(WEEKS.max() - 1, 4) ** 104)


def test_the_answer_is_at_the_spread_of_the_series_everywhere():
    found = sara.trends.scan_window([3, 1, 2, 0, 4, 9, 8, 1, 2, 0, 1, 2])
    row = found.table.iloc[0]
    assert found.p == row["p"] > 0.05 > row["p_poisson"]
    assert "chance explains that" in found.text and "at their own spread" in " ".join(found.cautions)


def test_no_window_reaches_over_a_gap():
    held = WEEKS.astype(float)
    held.iloc[50:54] = np.nan
    found = sara.trends.scan_window(held, mean=4.0, n=20)
    parts = [scan_chance(20, 2, 4.0, 50), scan_chance(20, 2, 4.0, 50)]
    assert found.table["periods"].iloc[0] == 100
    assert found.p == pytest.approx(1 - (1 - parts[0]) * (1 - parts[1]))


def test_a_flood_is_more_than_chance():
    flood = WEEKS.copy()
    flood.iloc[60:62] = 20
    found = sara.trends.scan_window(flood, mean=4.0)
    assert found.table["most"].iloc[0] == 40 and found.table["first"].iloc[0] == 61
    assert found.table["p_poisson"].iloc[0] < 1e-9


def test_saved_and_shuffled_it_is_the_same():
    found = sara.trends.scan_window(WEEKS)
    again = sara.trends.ScanWindowResult.from_dict(sara.trends.scan_window(WEEKS.sample(frac=1, random_state=1)).to_dict())
    assert again.text == found.text and again.p == found.p


def test_nothing_at_all():
    assert sara.trends.scan_window([0] * 12).text == "No events at all: every window is empty."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": 6}, "`mean`"),
        ({"n": 6, "mean": -1, "periods": 20}, "`mean`"),
        ({"n": 6, "mean": 1, "periods": 20, "freq": "W"}, "`freq`"),
        ({"n": 0.5, "mean": 1, "periods": 20}, "`n`"),
    ],
)
def test_wrong_arguments(given, words):
    with pytest.raises(InputError, match=words):
        sara.trends.scan_window(**given)


def test_too_short():
    with pytest.raises(NotEnoughDataError):
        sara.trends.scan_window([3, 4, 5], window=2)
    with pytest.raises(NotEnoughDataError, match="without a gap"):
        sara.trends.scan_window([3, np.nan, 5, np.nan, 2, np.nan, 4])
