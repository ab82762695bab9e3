"""cusum: the published example, limits from a wished run length, onset, baselines, gaps, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError

# NIST/SEMATECH e-Handbook of Statistical Methods 6.3.2.3.
NIST = [324.925, 324.675, 324.725, 324.350, 325.350, 325.225, 324.125, 324.525, 325.225, 324.600, 324.625, 325.150, 328.325, 327.250,
        327.825, 328.500, 326.675, 327.775, 326.875, 328.350]  # fmt: skip
BEFORE = [5, 3, 6, 4, 5, 7, 4, 5, 6, 5] * 3
RISE = [*BEFORE, 9, 10, 8, 11, 9, 10]


def test_the_published_example():
    table = sara.trends.cusum(NIST, center=325, k=0.3175, h=4.1959).table
    assert table["up"].iloc[12:].to_numpy() == pytest.approx([3.01, 4.94, 7.45, 10.63, 11.99, 14.44, 16.00, 19.04], abs=0.0051)
    assert table.loc[table["alarm"], "period"].tolist() == list(range(14, 21))
    assert (table["onset"].dropna() == 13).all()
    found = sara.trends.cusum(NIST, center=325, k=0.3175, h=4.1959)
    assert "began about period 13, was called in period 14" in found.text
    assert np.isnan(found.run)
    assert "not known without `sd`" in found.text


def test_k_and_h_are_in_standard_deviations_where_sd_is_given():
    one = sara.trends.cusum(NIST, center=325, sd=0.635, k=0.5, h=4.1959 / 0.635).table
    two = sara.trends.cusum(NIST, center=325, k=0.3175, h=4.1959).table
    assert one["up"].to_numpy() == pytest.approx(two["up"].to_numpy())
    # Montgomery: k = 0.5, h = 4 runs 168 periods on two sides, 336 on one.
    assert sara.trends.cusum(NIST, center=325, sd=1, k=0.5, h=4).run == pytest.approx(168, abs=1)
    assert sara.trends.cusum(NIST, center=325, sd=1, k=0.5, h=4, side="up").run == pytest.approx(336, abs=2)


def test_sums_of_counts_by_hand():
    # Lucas: k between 5 and 7.5 is 6.166; rounded to sixths or so, whichever steps are used.
    table = sara.trends.cusum([5, 9, 8, 10, 4], mean=5, k=6, h=5, side="up").table
    assert table["up"].tolist() == [0, 3, 5, 9, 7]
    assert table["alarm"].tolist() == [False, False, True, True, True]
    down = sara.trends.cusum([5, 2, 1, 9], mean=5, k=4, h=5, side="down").table
    assert down["down"].tolist() == [0, 2, 5, 0]
    assert down["direction"].tolist() == ["", "", "down", ""]


def test_the_default_limit_keeps_the_wished_run():
    for arl0 in (100, 520, 2_000):
        run = sara.trends.cusum(RISE, mean=5, arl0=arl0).run
        assert arl0 <= run <= 1.35 * arl0
    assert sara.trends.cusum(RISE, mean=5).run >= 520
    dated = pd.Series(RISE, index=pd.date_range("2024-01-01", periods=len(RISE), freq="MS"))
    assert sara.trends.cusum(dated, mean=5).settings["arl0"].value == pytest.approx(120, abs=0.5)


def test_spread_and_a_short_baseline_raise_the_limit():
    def limit(**told):
        return sara.trends.cusum(RISE, side="up", shift=1.5, **told).table["up_limit"].iloc[0]

    assert limit(mean=5) < limit(mean=5, dispersion=2)
    # The same mean, measured on 30 periods, is not known as well.
    assert np.mean(BEFORE) == 5
    assert limit(mean=5) < limit(baseline=30, dispersion=1)


def test_a_rise_is_found_with_its_onset():
    found = sara.trends.cusum(RISE, baseline=30)
    first = found.table[found.table["alarm"]].iloc[0]
    assert first["onset"] == 31
    assert first["direction"] == "up"
    assert "The level rose from the usual 5.0 to about 9.5 a period; it began about period 31" in found.text
    fall = sara.trends.cusum([*[10, 9, 11, 10] * 8, 3, 4, 3, 2, 4, 3], baseline=32)
    assert "fell from the usual 10.0" in fall.text


def test_restart_begins_again_at_zero():
    table = sara.trends.cusum(RISE, mean=5, k=6, h=5, side="up", restart=True).table
    after = table.index[table["alarm"]][0] + 1
    assert table["up"].iloc[after] == max(0, table["n"].iloc[after] - 6)


def test_in_a_gap_the_sums_hold_and_nothing_is_called():
    found = sara.trends.cusum([5, 12, 12, np.nan, 12], mean=5, k=6, h=5, side="up")
    assert found.table["up"].tolist() == [0, 6, 12, 12, 18]
    assert found.table["alarm"].tolist() == [False, True, True, False, True]
    assert "shifts called" not in found.text


def test_events_a_series_and_its_numbers_give_the_same():
    events = sara.datasets.load("riverton_calls").query("category == 'burglary'")
    weeks = sara.trends.series(events)
    kept = weeks.table[weeks.table["complete"]]
    want = sara.trends.cusum(events, arl0=500).table[["up", "down", "alarm"]]
    for other in (weeks, pd.Series(kept["n"].to_numpy(), index=kept["period"])):
        pd.testing.assert_frame_equal(sara.trends.cusum(other, arl0=500).table[["up", "down", "alarm"]], want)
    pd.testing.assert_frame_equal(
        sara.trends.cusum(kept["n"].tolist(), baseline=52, arl0=500).table[["up", "down", "alarm"]], want
    )


@pytest.mark.parametrize(
    ("numbers", "wrong", "words"),
    [
        (RISE, {"mean": -1}, "`mean`"),
        (RISE, {"shift": 0.8}, "`shift` must be above 1"),
        (RISE, {"side": "left"}, "`side`"),
        (RISE, {"sd": 2}, "`sd` must come with `center`"),
        (RISE, {"center": 5, "mean": 5}, "`mean` must be left out"),
        (NIST, {"center": 325}, "`sd` must be given"),
        (NIST, {}, "whole numbers"),
        (RISE, {"mean": 5, "k": 6}, "`k` must come with one side"),
        (RISE, {"mean": 5, "k": 4, "side": "up"}, "`k` must be above"),
        (RISE, {"arl0": 1}, "`arl0`"),
        (RISE, {"baseline": 30, "mean": 5, "dispersion": 1}, "`baseline` must be left out"),
    ],
)
def test_wrong_arguments(numbers, wrong, words):
    with pytest.raises(InputError, match=words):
        sara.trends.cusum(numbers, **wrong)


@pytest.mark.parametrize("numbers", [[5], [1, 2, 3], [0] * 40])
def test_too_little(numbers):
    with pytest.raises(NotEnoughDataError):
        sara.trends.cusum(numbers)


def test_huge_and_rare_counts():
    rng = np.random.default_rng(5)
    assert sara.trends.cusum(rng.poisson(1e6, 80)).run >= 520
    assert sara.trends.cusum(rng.poisson(0.05, 200)).run >= 520


def test_the_picture_has_the_marks():
    dated = pd.Series(RISE, index=pd.date_range("2024-01-01", periods=len(RISE), freq="7D"))
    ax = sara.trends.cusum(dated, baseline=30).plot(marks={"2024-08-10": "new codes"})
    assert "new codes" in [words.get_text() for words in ax.texts]
