"""How periods are called, and indexes and collections that have no order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.trends._input.counted import counted
from sara.trends._input.frequency import word_of


@pytest.mark.parametrize(
    ("freq", "words"),
    [
        ("h", "an hour"), ("60min", "an hour"), ("30min", "a 30-minute period"), ("15min", "a 15-minute period"), ("8h", "an 8-hour period"),
        ("480min", "an 8-hour period"), ("11h", "an 11-hour period"), ("6h", "a 6-hour period"), ("8D", "an 8-day period"), ("W-SUN", "a week"),
        ("MS", "a month"), ("min", "a minute"),
    ],
)  # fmt: skip
def test_periods_have_names_with_their_articles(freq, words):
    word, article = word_of(freq)
    assert f"{article} {word}" == words


def test_an_alarm_names_its_hour():
    n = np.full(60, 5)
    n[50] = 60
    hours = pd.Series(n, index=pd.date_range("2024-01-30", periods=60, freq="h"))
    assert "the hour from 2024-02-01 02:00 (60" in sara.trends.ears(hours).text
    assert counted(hours).word == "hour"


def test_dates_are_not_lost_on_the_way():
    days = pd.date_range("2024-01-01", periods=4, freq="D")
    assert counted(pd.Series([1, 2, 3, 4], index=pd.CategoricalIndex(days))).say(3) == "2024-01-04"
    text = pd.CategoricalIndex(days.strftime("%Y-%m-%d"))
    assert counted(pd.Series([1, 2, 3, 4], index=text)).say(3) == "2024-01-04"
    two = pd.MultiIndex.from_product([["a"], days], names=["kind", "day"])
    with pytest.raises(sara.InputError, match=r"Got 2 levels \(kind, day\)"):
        counted(pd.Series([1, 2, 3, 4], index=two))


@pytest.mark.parametrize("numbers", [{3, 1, 2}, frozenset({3, 1}), {"a": 3, "b": 1}])
def test_what_has_no_order_is_refused(numbers):
    with pytest.raises(sara.InputError, match="no order"):
        counted(numbers)


def test_a_dict_by_date_or_number_has_an_order():
    assert counted({"2024-01-02": 2, "2024-01-01": 1}).n.tolist() == [1, 2]
    assert counted({2: 20, 1: 10}).n.tolist() == [10, 20]


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path):
    from dataclasses import replace

    weeks = sara.trends.series(sara.as_events(pd.DataFrame({"when": pd.date_range("2024-01-01", periods=30)}), time="when"))
    long = replace(weeks, table=pd.DataFrame({"n": np.zeros(1_048_576, dtype=np.int8)}))
    with pytest.raises(sara.InputError, match="at most 1,048,575 rows"):
        long.to_excel(tmp_path / "long.xlsx")
