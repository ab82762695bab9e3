"""Tables that rank groups: what they refuse, how they say it, and how long windows allow for years that differ."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError
from sara.trends._results.compare import times_as_many


@pytest.fixture(scope="module")
def calls():
    return sara.datasets.load("riverton_calls")


@pytest.fixture(scope="module")
def disorder(calls):
    return calls.query("category == 'disorder'")


# ---- refused


@pytest.mark.parametrize("method", [sara.trends.compare, sara.trends.monitor])
def test_a_column_of_lists_is_no_group(disorder, method):
    listed = disorder.assign(parts=pd.Series([["a", "b"]] * len(disorder), index=disorder.index, dtype=object))
    with pytest.raises(InputError, match="single values"):
        method(listed, by="parts")


def test_wide_tables_name_each_series_once():
    wide = pd.DataFrame(
        np.ones((260, 2), dtype=int), index=pd.date_range("2019-01-07", periods=260, freq="7D"), columns=["a", "a"]
    )
    with pytest.raises(InputError, match="name of its own"):
        sara.trends.monitor(wide)


def test_long_tables_say_which_column_is_wanted():
    long = pd.DataFrame({"period": pd.date_range("2019-01-07", periods=260, freq="7D"), "beat": "a", "count": 1})
    with pytest.raises(InputError, match="column n"):
        sara.trends.monitor(long)


def test_a_radius_needs_a_place(disorder):
    with pytest.raises(InputError, match="`radius` must go with a place"):
        sara.trends.event_days(disorder, "us-holidays", radius="800m")
    table = pd.DataFrame({"date": ["2023-07-04"], "name": ["Fair"], "lon": [-88.9]})
    with pytest.raises(InputError, match="both lon and lat"):
        sara.trends.event_days(disorder, table, radius="800m")
    with pytest.raises(InputError, match="both lon and lat"):
        sara.trends.event_days(disorder, table)


def test_hours_over_years_are_refused_in_words(disorder):
    with pytest.raises(InputError, match="at most 11,000 periods.*freq='D'"):
        sara.trends.monitor(disorder, by="category", freq="h")


# ---- said


def test_a_year_to_date_is_not_read_as_twelve_months(disorder):
    said = sara.trends.compare(disorder, window="YTD").text
    assert "699 since 1 January (to 2025-02-28)" in said
    assert "in the year to" not in said


def test_months_of_unequal_length_say_that_days_are_counted(disorder):
    said = sara.trends.compare(disorder, window="MS", against="before").text
    assert "fewer per day (ratio" in said or "fewer by the day (ratio" in said
    said = sara.trends.compare(disorder, window="28D", against="before").text
    assert "per day" not in said and "by the day" not in said


def test_ratios_near_one():
    assert [times_as_many(ratio) for ratio in (1.0, 1.04, 0.96, 2.44, 1234.0)] == [
        "as many", "1.04 times as many", "0.96 times as many", "2.4 times as many", "1,234.0 times as many",
    ]  # fmt: skip


def test_one_series_is_spoken_of_as_one(disorder):
    board = sara.trends.monitor(disorder, by="category")
    assert "the one series is not above what is usual for it" in board.text
    assert "of 1 series" not in board.text


# ---- the board


def test_cells_of_the_board_do_not_overlap(calls):
    axes = sara.trends.monitor(calls, by="category").plot()
    figure = axes.figure
    figure.canvas.draw()
    cells = {}
    for words in axes.texts:
        if words.get_text():
            cells.setdefault(round(float(words.get_position()[1]), 3), []).append(words.get_window_extent())
    for row in cells.values():
        boxes = sorted(row, key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


# ---- long windows


def test_twelve_months_allow_for_years_that_differ(calls):
    found = sara.trends.compare(calls, window="12MS")
    row = found.table.iloc[0]
    years = found.windows.loc[~found.windows["window"].isin(["now", "before"])]
    expected = years["n"].sum() * years["days"] / years["days"].sum()
    assert row["swing"] >= ((years["n"] - expected) ** 2 / expected).sum() / (len(years) - 1) - 1e-9
    assert row["flag"] == "no clear change"
    assert row["low"] < 1 < row["high"]
    assert any("whole years differ" in words for words in found.cautions)
    assert not any("whole years differ" in words for words in sara.trends.compare(calls, window="28D").cautions)
