"""Sums of counts dealt at random: every deal of small tables, the hypergeometric, exact fractions, and draws."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import stats

from sara.core.stats import permutation
from sara.core.stats.permutation import dealt_tails, drawn_tails, held_tails, why_not_exact

# Sums of a few thousand positive terms in doubles.
ROUNDING = 1e-12


def small_tables():
    rng = np.random.default_rng(2)
    for _ in range(25):
        n = int(rng.integers(4, 9))
        # Shared factors and a least count above zero, too: both are taken out before the sums are followed.
        yield rng, rng.choice([0, 0, 1, 2, 5, 7], n) * int(rng.integers(1, 3)) + int(rng.integers(0, 2))


def every_deal(x, size, observed):
    sums = np.array([sum(deal) for deal in combinations(x, size)])
    return (sums >= observed).mean(), (sums <= observed).mean()


def test_dealt_counts_are_those_of_every_deal():
    for rng, x in small_tables():
        size = rng.integers(1, len(x) + 1, len(x))
        observed = np.array([rng.permutation(x)[:k].sum() for k in size])
        found = dealt_tails(x, observed, size)
        want = np.array([every_deal(x, k, s) for k, s in zip(size, observed, strict=True)])
        np.testing.assert_allclose(np.c_[found.upper, found.lower], want, rtol=ROUNDING)


@pytest.mark.parametrize("own_steps", [permutation.OWN_STEPS, -1])
def test_held_counts_are_those_of_every_deal_of_the_others(own_steps, monkeypatch):
    monkeypatch.setattr(permutation, "OWN_STEPS", own_steps)
    monkeypatch.setattr(permutation, "MOST_SHARE", 1.0)
    for rng, x in small_tables():
        # Taking one place out is used for small parts of many places only, and loses digits beyond.
        size = rng.integers(0, len(x) // 2 if own_steps < 0 else len(x), len(x))
        others = [np.delete(x, i) for i in range(len(x))]
        observed = np.array([rng.permutation(rest)[:k].sum() for rest, k in zip(others, size, strict=True)])
        found = held_tails(x, observed, size)
        assert np.isnan(found.upper[size == 0]).all()
        assert np.isnan(found.two_sided[size == 0]).all()
        for i in np.flatnonzero(size):
            want = every_deal(others[i], size[i], observed[i])
            assert (found.upper[i], found.lower[i]) == pytest.approx(want, rel=1e-11)


def test_of_zeros_and_ones_it_is_the_hypergeometric():
    n, ones, k = 40_000, 1_000, 80
    x = np.r_[np.zeros(n - ones), np.ones(ones)].astype(int)
    observed = np.arange(n) % 16
    found = dealt_tails(x, observed, np.full(n, k))
    want = stats.hypergeom(n, ones, k)
    np.testing.assert_allclose(found.upper[:16], want.sf(np.arange(16) - 1), rtol=1e-9)
    np.testing.assert_allclose(found.lower[:16], want.cdf(np.arange(16)), rtol=1e-9)
    # SciPy's own digits end earlier than these.
    exactly = Fraction(sum(comb(ones, r) * comb(n - ones, k - r) for r in range(15, k + 1)), comb(n, k))
    assert found.upper[15] == pytest.approx(float(exactly), rel=ROUNDING)
    assert found.upper[15] < 1e-8


def test_the_tail_keeps_its_digits_where_counts_differ():
    """Three kinds of counts, against whole-number arithmetic without rounding."""
    many = {0: 9_000, 1: 900, 20: 3}
    x = np.repeat(list(many), list(many.values()))
    k, observed = 9, 44
    ways = sum(
        comb(many[0], k - a - b) * comb(many[1], a) * comb(many[20], b)
        for b in range(4)
        for a in range(k - b + 1)
        if a + 20 * b >= observed
    )
    exactly = float(Fraction(ways, comb(len(x), k)))
    sums, size = np.full(len(x), observed), np.full(len(x), k)
    assert dealt_tails(x, sums, size).upper[0] == pytest.approx(exactly, rel=ROUNDING)
    # A place that holds 20 leaves only two of them for its neighbours.
    left = sum(
        comb(many[0], k - a - b) * comb(many[1], a) * comb(2, b)
        for b in range(3)
        for a in range(k - b + 1)
        if a + 20 * b >= observed
    )
    assert held_tails(x, sums, size).upper[-1] == pytest.approx(float(Fraction(left, comb(len(x) - 1, k))), rel=ROUNDING)


def test_both_ways_to_hold_a_count_agree(monkeypatch):
    rng = np.random.default_rng(4)
    x = rng.poisson(rng.gamma(0.5, 3.0, 3_000))
    size = rng.choice([3, 5, 8], len(x))
    observed = np.array([rng.choice(x, k).sum() for k in size])
    halved = held_tails(x, observed, size)
    monkeypatch.setattr(permutation, "OWN_STEPS", -1)
    taken = held_tails(x, observed, size)
    for one, other in ((halved.upper, taken.upper), (halved.lower, taken.lower)):
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-15)
    assert taken.upper.min() > 0


@pytest.mark.parametrize("held", [True, False])
def test_draws_agree_within_their_error(held):
    rng = np.random.default_rng(6)
    x = rng.poisson(rng.gamma(0.4, 2.0, 400))
    x[0] = 60
    size = rng.choice([3, 5, 8], len(x))
    observed = np.array([rng.choice(x, k).sum() for k in size])
    exact = (held_tails if held else dealt_tails)(x, observed, size)
    n_sims = 20_000
    drawn = drawn_tails(x, observed, size, held=held, n_sims=n_sims, seed=3)
    for one, other in ((exact.upper, drawn.upper), (exact.lower, drawn.lower)):
        error = np.sqrt(one * (1 - one) / n_sims) + 1 / n_sims
        assert (np.abs(other - one) <= 5 * error).all()


def test_the_most_of_all_places_can_be_drawn_too():
    x = np.array([0, 1, 2, 3])
    drawn = drawn_tails(x, [6, 5, 4, 3], [3, 3, 3, 3], held=True, n_sims=99, seed=1)
    # All others are drawn each time: the sum is what it must be.
    assert (drawn.upper == 1).all()
    assert (drawn.lower == 1).all()


def test_draws_are_repeatable_never_zero_and_safe_without_neighbours():
    x = np.r_[np.zeros(50), 9.5]
    draw = [drawn_tails(x, np.full(51, 19.0), np.r_[0, np.full(50, 4)], held=True, n_sims=99, seed=5) for _ in range(2)]
    np.testing.assert_array_equal(draw[0].upper, draw[1].upper)
    assert np.isnan(draw[0].upper[0])
    assert draw[0].upper[1] == 1 / 100


def test_equal_fractions_count_as_equal():
    x = np.full(40, 0.1)
    drawn = drawn_tails(x, np.full(40, 0.1 * 3), np.full(40, 3), held=True, n_sims=99, seed=1)
    assert (drawn.two_sided == 1).all()


def test_order_does_not_matter():
    rng = np.random.default_rng(9)
    x, size = rng.poisson(0.7, 200), rng.choice([3, 8], 200)
    observed = rng.integers(0, 12, 200)
    turn = rng.permutation(200)
    for tails in (dealt_tails, held_tails):
        one, other = tails(x, observed, size), tails(x[turn], observed[turn], size[turn])
        np.testing.assert_array_equal(one.upper[turn], other.upper)


def test_what_is_too_much_is_said_in_words():
    ones = np.ones(10)
    assert why_not_exact(ones * 0.5, ones, ones, held=False) == "the values are not whole numbers"
    assert why_not_exact(-ones, ones, ones, held=False) == "the values are not whole numbers"
    assert why_not_exact([], [], [], held=False) == "the values are not whole numbers"
    assert why_not_exact(ones, ones, ones, held=True) is None
    huge = np.arange(1, 11) ** 2 * 7_654_321 + np.arange(10)
    assert "too many to follow" in why_not_exact(huge, np.full(10, huge.sum()), np.full(10, 9), held=False)
    # A shared unit is taken out first.
    assert why_not_exact(np.arange(10) * 1_000_000, np.full(10, 9_000_000), np.full(10, 3), held=True) is None
