"""The exact multinomial test: published values, brute force over all splits, and how often it cries wolf."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import sara
from sara.core.stats.multinomial import g_statistic, multinomial_test, n_compositions, n_states, swing_of

# Exact arithmetic up to rounding.
CLOSE = 1e-10


@pytest.mark.parametrize(
    ("counts", "g", "p"),
    [([3, 0, 0, 0, 0, 0, 0], 11.68, 7 / 343), ([2, 1, 0, 0, 0, 0, 0], 7.86, 0.387755), ([1, 1, 1, 0, 0, 0, 0], 5.08, 1.0)],
)
def test_three_events_on_seven_days(counts, g, p):
    found = multinomial_test(counts)
    assert found.statistic == pytest.approx(g, abs=0.005)
    assert found.p == pytest.approx(p, abs=5e-7)
    assert (found.method, found.n_splits) == ("exact", 84)
    assert found.least_p == pytest.approx(7 / 343)


def test_ten_events_on_seven_days_split_in_8008_ways():
    assert n_compositions(10, 7) == 8_008
    assert multinomial_test([10, 0, 0, 0, 0, 0, 0]).n_splits == 8_008
    # Bins that differ can't be exchanged: every split is a case of its own.
    assert n_states(10, np.arange(1, 8)) == 8_008
    assert n_states(10, np.ones(7)) < 150


def brute(counts, share):
    n, bins = sum(counts), len(counts)
    p = np.asarray(share, dtype=float) / np.sum(share)
    splits = np.array([s for s in itertools.product(range(n + 1), repeat=bins) if sum(s) == n])
    chance = stats.multinomial(n, p).pmf(splits)
    return chance[g_statistic(splits, p) >= g_statistic(counts, p) - 1e-9].sum()


@pytest.mark.parametrize(
    ("counts", "share"),
    [
        ([4, 1, 0], [1, 1, 1]),
        ([4, 1, 0], [3, 2, 1]),
        ([0, 5, 1, 1], [53, 52, 52, 52]),
        ([2, 2, 2, 0], [2, 2, 1, 1]),
        ([0, 3, 0, 1, 0], [1, 2, 3, 4, 5]),
        ([6, 0], [1, 9]),
    ],
)
def test_as_brute_force_over_all_splits(counts, share):
    assert multinomial_test(counts, share).p == pytest.approx(brute(counts, share), abs=CLOSE)


def test_two_bins_are_the_binomial_test_by_likelihood():
    # G of two equal bins orders splits as their distance from the middle.
    assert multinomial_test([9, 2]).p == pytest.approx(stats.binomtest(9, 11).pvalue)


def test_g_is_scipys():
    counts, share = np.array([8, 3, 5, 1, 0, 4, 9]), np.array([53, 52, 52, 52, 52, 52, 52])
    other = stats.power_divergence(counts, counts.sum() * share / share.sum(), lambda_="log-likelihood")
    assert float(g_statistic(counts, share)) == pytest.approx(other.statistic)
    assert multinomial_test(counts * 10, share, method="chi-square").p == pytest.approx(
        stats.power_divergence(counts * 10, counts.sum() * 10 * share / share.sum(), lambda_="log-likelihood").pvalue
    )


def test_monte_carlo_draws_near_the_exact_value_and_the_same_each_time():
    counts, share = [8, 3, 3, 2, 2, 4, 3], [53, 52, 52, 52, 52, 52, 52]
    exact, drawn = multinomial_test(counts, share).p, multinomial_test(counts, share, method="monte-carlo").p
    # Four standard errors of 9,999 draws.
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9_999))
    assert drawn == multinomial_test(counts, share, method="monte-carlo").p


def test_auto_takes_what_holds():
    assert multinomial_test([25, 0, 0, 0, 0, 0, 0]).method == "exact"
    assert multinomial_test([26, 0, 0, 0, 0, 0, 0]).method == "monte-carlo"
    assert multinomial_test([26, 0, 0, 0, 0, 0, 0], n_exact=40).method == "exact"
    assert multinomial_test([11] * 7).method == "chi-square"
    # Months of four lengths, and hours: few cases, because equal bins are exchanged.
    assert multinomial_test([3] * 8 + [0] * 4, [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]).method == "exact"
    assert multinomial_test([5] * 5 + [0] * 19).method == "exact"


def test_what_cannot_be_gone_through_is_refused():
    with pytest.raises(sara.InputError, match="would go through .* cases"):
        multinomial_test([15] * 7, np.arange(1, 8), method="exact")
    assert multinomial_test([15] * 7, np.arange(1, 8), n_exact=1_000).method != "exact"
    for wrong in ([5], [0, 0, 0]):
        with pytest.raises(sara.NotEnoughDataError, match="at least 2 bins and 1 event"):
            multinomial_test(wrong)


@pytest.mark.parametrize("n", [3, 8, 20])
def test_the_exact_test_never_cries_wolf_more_often_than_it_says(n):
    share = np.array([53, 52, 52, 52, 52, 52, 52]) / 365
    drawn = np.random.default_rng(n).multinomial(n, share, size=2_000)
    rows, times = np.unique(drawn, axis=0, return_counts=True)
    p = np.array([multinomial_test(row, share).p for row in rows])
    # Four standard errors above 5 %.
    assert times[p < 0.05].sum() / 2_000 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 2_000)


def test_order_of_the_bins_does_not_matter():
    rng = np.random.default_rng(4)
    counts, share = rng.integers(0, 4, 7), rng.integers(1, 4, 7).astype(float)
    order = rng.permutation(7)
    assert multinomial_test(counts, share).p == pytest.approx(multinomial_test(counts[order], share[order]).p)


def test_swing_is_one_by_chance_and_the_chi_square_of_a_table():
    rng = np.random.default_rng(8)
    table = rng.multinomial(40, [0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.2], size=150)
    swing, degrees = swing_of(table)
    assert swing == pytest.approx(stats.chi2_contingency(table).statistic / degrees)
    assert degrees == 149 * 6
    assert swing == pytest.approx(1, abs=4 * np.sqrt(2 / degrees))
    assert swing_of(np.array([[3, 4]]))[1] == 0
    assert swing_of(np.zeros((5, 7)))[1] == 0
