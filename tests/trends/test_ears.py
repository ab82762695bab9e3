"""ears: what goes in, what is said, and when it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError

SERIES = [3, 5, 4, 2, 6, 4, 5, 3, 4, 12, 9, 5, 4, 3]


def test_bare_numbers_a_series_and_its_table_give_the_same():
    dated = pd.Series(SERIES, index=pd.date_range("2024-01-01", periods=14, freq="7D"))
    one, two = sara.trends.ears(SERIES), sara.trends.ears(dated.sample(frac=1, random_state=1))
    assert one.table["period"].tolist() == list(range(8, 15))
    assert two.table["period"].iloc[2] == pd.Timestamp("2024-03-04")
    for name in ("n", "expected", "upper", "alarm"):
        assert one.table[name].tolist() == two.table[name].tolist()
    assert one.text.startswith(
        "1 of the 7 periods judged is above what the 7 periods before make likely: period 10 (12; usual up to 7)."
    )
    assert "the week from 2024-03-04 (12; usual up to 7)" in two.text


def test_c3_after_high_counts_says_so():
    assert "period 12 (5, after high counts)" in sara.trends.ears(SERIES, method="C3").text


def test_start_is_a_date_or_a_number_from_1():
    dated = pd.Series(SERIES, index=pd.date_range("2024-01-01", periods=14, freq="7D"))
    assert sara.trends.ears(SERIES, start=11).table["period"].tolist() == [11, 12, 13, 14]
    assert len(sara.trends.ears(dated, start="2024-03-11").table) == 4
    with pytest.raises(InputError, match="must leave enough history"):
        sara.trends.ears(SERIES, start=4)
    with pytest.raises(InputError, match="counting from 1"):
        sara.trends.ears(SERIES, start="2024-03-11")


def test_the_rate_told_is_not_the_nominal_one():
    found = sara.trends.ears(np.random.default_rng(4).poisson(30, 300))
    assert 0.008 < found.false_alarms < 0.03
    assert f"one period in {round(1 / found.false_alarms)}" in found.text


def test_gaps_and_rare_events_are_told():
    n = pd.Series([2.0] * 10 + [np.nan] + [2.0] * 12, index=pd.date_range("2024-01-01", periods=23, freq="D"))
    assert any("gap" in words for words in sara.trends.ears(n).cautions)
    assert any("one or two can alarm" in words for words in sara.trends.ears([0, 0, 1, 0] * 10).cautions)
    assert sara.trends.ears([0] * 20).text.startswith("None of the 13 periods judged")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"method": "C4"}, "`method`"),
        ({"baseline": 2}, "`baseline`"),
        ({"alpha": 0.7}, "`alpha`"),
        ({"min_sd": -1}, "`min_sd`"),
    ],
)
def test_wrong_arguments(wrong, words):
    with pytest.raises(InputError, match=words):
        sara.trends.ears(SERIES, **wrong)


def test_too_short_and_no_counts():
    with pytest.raises(NotEnoughDataError, match="at least 8"):
        sara.trends.ears([1, 2, 3])
    with pytest.raises(InputError, match="whole numbers"):
        sara.trends.ears([1.5] * 20)


def test_saved_and_loaded_it_says_and_draws_the_same():
    found = sara.trends.ears(SERIES)
    again = sara.trends.EarsResult.from_dict(found.to_dict())
    assert again.text == found.text
    first, second = found.plot(), again.plot()
    assert [line.get_ydata().tolist() for line in first.lines[:1]] == [line.get_ydata().tolist() for line in second.lines[:1]]


def test_c2_names_its_own_baseline():
    assert "what the 7 periods before, the last 2 periods left out, make likely" in sara.trends.ears(SERIES, method="C2").text


def test_c3_has_no_band_and_single_events_after_nothing_are_told():
    n = np.zeros(60)
    n[[20, 40]] = 1
    n[50] = 4
    found = sara.trends.ears(n)
    assert any("single event after a baseline with hardly any" in caution for caution in found.cautions)
    assert not any("single event" in caution for caution in sara.trends.ears(n, min_sd=1.0).cautions)
    axes = sara.trends.ears(np.random.default_rng(1).poisson(9.0, 90), method="C3").plot()
    assert not axes.collections and "limit" not in " ".join(t.get_text() for t in axes.get_legend().get_texts())
