"""Concentration numbers against published worked examples (Danvers shops, lorenzgini, Minneapolis) and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from sara.core.stats.concentration import chance_curve, concentration, gini, poisson_table, smallest_number, top_share

# Shoplifting in 78 Danvers shops (Risky Facilities guide, table 2).
DANVERS = [78, 42, 28, 16, 15, 12, 11, 11, 9, 7, 5, 5, 4, 4, 3, 3, 3] + [2] * 7 + [1] * 28


def test_danvers_shops():
    found = concentration(DANVERS, n_units=78)
    assert found.n_events == 298
    assert found.k50 == 4
    assert found.k80 == 12
    assert found.gini == pytest.approx(0.79668, abs=5e-6)


def test_danvers_expected_zeros():
    k, units, expected = poisson_table(DANVERS, 78)
    assert units[0] == 26
    assert expected[0] == pytest.approx(1.709, abs=5e-4)
    assert units.sum() == 78
    assert expected.sum() == pytest.approx(78)
    assert k[-1] == 15
    assert units[-1] == 5


@pytest.mark.parametrize(
    ("counts", "n", "plain", "general"),
    [
        ([10, 8, 2], 10, 0.78, 0.78),
        ([5, 2, 1], 10, 0.8, 0.75),
        ([10], 10, 0.9, 0.9),
        ([10], 100, 0.99, 0.9),
        ([22, 18, 17, 12, 11, 8, 6, 3, 2, 1], 10, 0.392, 0.392),
    ],
)
def test_generalized_gini_worked_examples(counts, n, plain, general):
    found = concentration(counts, n_units=n)
    assert found.gini == pytest.approx(plain, abs=1e-9)
    assert found.gini_generalized == pytest.approx(general, abs=1e-9)


def test_the_vignette_misprint_is_not_repeated():
    # Its figure says 0.58; its own formula gives 0.56, and 0.70 corrected for five events.
    found = concentration([3, 1, 1], n_units=10)
    assert (round(found.gini, 6), round(found.gini_generalized, 6), round(found.gini_unbiased, 6)) == (0.78, 0.56, 0.7)
    assert concentration([10], n_units=10).gini_unbiased == pytest.approx(1)


@pytest.mark.parametrize(("events", "units"), [(10, 10), (5, 10), (1, 10), (3, 1000)])
def test_every_event_in_a_unit_of_its_own_is_not_concentrated(events, units):
    assert concentration(np.ones(events), n_units=units).gini_generalized == pytest.approx(0, abs=1e-12)


def test_one_event_has_no_unbiased_index():
    assert np.isnan(concentration([1], n_units=10).gini_unbiased)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any), st.integers(0, 30))
def test_properties(counts, more):
    n = len(counts) + more
    found = concentration(counts, n_units=n)
    assert -1e-9 <= found.gini_generalized <= found.gini + 1e-9 <= 1 + 1e-9
    assert 1 <= found.k50 <= found.k80 <= n
    assert gini(counts[::-1], n) == pytest.approx(found.gini)
    assert gini(np.array(counts) * 7, n) == pytest.approx(found.gini)
    # The mean absolute difference is another way to the same index.
    x = np.array(counts + [0] * more, dtype=float)
    assert found.gini == pytest.approx(np.abs(x[:, None] - x).mean() / (2 * x.mean()))
    curve = top_share(x, np.linspace(0, 1, 30))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] == pytest.approx(1)


def test_smallest_number_at_an_exact_half():
    assert smallest_number([1, 1, 1, 1], 0.5) == 2
    assert smallest_number([0.1] * 10, 0.3) == 3


def test_minneapolis_expected_column():
    # Sherman et al. 1989, table 1: 115,000 places, Poisson mean 2.82 recalled to two digits.
    recalled = [6855, 19330, 27256, 25620, 18062, 10187, 4788, 1929, 680, 213, 60, 15, 4, 1, 0]
    assert 115_001 * poisson.pmf(np.arange(15), 2.82) == pytest.approx(recalled, rel=0.001, abs=1)
    observed = [45561, 35858, 11318, 5683, 3508, 2299, 1678, 1250, 963, 814, 652, 506, 415, 357, 298, 3841]
    _, units, expected = poisson_table(np.repeat(np.arange(16), observed))
    assert units.tolist() == observed
    assert expected[1] / expected[0] == pytest.approx(np.repeat(np.arange(16), observed).mean())


def test_chance_alone_puts_four_fifths_in_29_percent_of_places_at_half_an_event_each():
    chance = chance_curve(10_000, 20_000)
    assert np.interp(0.8, chance.expected, chance.unit_share) == pytest.approx(0.29, abs=0.01)


def test_the_chance_band_holds_what_chance_draws():
    chance = chance_curve(298, 78)
    rng = np.random.default_rng(7)
    at = 20
    draws = np.array([top_share(rng.multinomial(298, np.full(78, 1 / 78)), chance.unit_share[[at]])[0] for _ in range(1000)])
    inside = ((draws >= chance.low[at]) & (draws <= chance.high[at])).mean()
    assert 0.92 <= inside <= 0.98


def test_chance_follows_size_and_repeats_itself():
    big = np.r_[np.full(10, 50.0), np.ones(90)]
    uneven, even = chance_curve(500, 100, size=big), chance_curve(500, 100)
    assert uneven.k50 < even.k50 / 2
    assert np.array_equal(chance_curve(500, 100).expected, even.expected)
