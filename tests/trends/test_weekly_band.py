"""weekly_band: what goes in and what is said."""

from __future__ import annotations

import pandas as pd

import sara

N = 4 * [20, 23, 19, 24, 21, 18] + [20, 22, 19, 25, 21, 18, 23, 20, 41, 22, 19, 21, 24, 20, 18, 21]


def test_a_list_and_a_dated_series_give_the_same():
    dated = pd.Series(N, index=pd.date_range("2024-01-01", periods=40, freq="7D"))
    one, two = sara.trends.weekly_band(N), sara.trends.weekly_band(dated)
    assert one.table.drop(columns="period").equals(two.table.drop(columns="period"))
    assert one.table["position"].tolist()[-8:] == ["above"] + ["inside"] * 7
    assert two.text.startswith("7 of the last 8 weeks inside what is usual; the week from 2024-08-12 (41) was above it (")
