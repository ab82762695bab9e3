"""Scan statistics: the published leukemia numbers, and a search that finds what a triple loop finds, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.stats.scan import Cylinders, Effort, Expected, Maxima, circles, disjoint, likelihood_ratio
from sara.core.stats.scan_search import search, simulated_maxima

# Sums of logarithms in another order; nothing is drawn.
EXACT = 1e-9


@pytest.mark.parametrize(
    ("c", "population", "llr", "smr", "rr"),
    [(85, 95_249, 11.577255, 1.71, 1.84), (38, 34_083, 9.019716, None, 2.22)],
)
def test_new_york_leukemia(c, population, llr, smr, rr):
    # Kulldorff (1997), recomputed with SaTScan: 552 cases among 1,057,673 people.
    expected = 552 * population / 1_057_673
    assert float(likelihood_ratio(c, expected, 552)) == pytest.approx(llr, abs=5e-7)
    if smr is not None:
        assert expected == pytest.approx(49.7105, abs=5e-5)
        assert c / expected == pytest.approx(smr, abs=0.005)
    assert (c / expected) / ((552 - c) / (552 - expected)) == pytest.approx(rr, abs=0.005)


def test_the_ratio_is_zero_where_no_more_than_expected_and_finite_where_all_events_are_inside():
    assert likelihood_ratio([3, 2, 0], [3.0, 4.0, 0.0], 10).tolist() == [0, 0, 0]
    assert float(likelihood_ratio(10, 2.0, 10)) == pytest.approx(10 * np.log(5))


def town(seed: int):
    """Return a small town: events, circles, expectation, longest window, and how replications are drawn."""
    rng = np.random.default_rng(seed)
    at = np.unique(rng.integers(0, 6, (int(rng.integers(4, 25)), 2)) * 250.0, axis=0)
    n_places, steps, n = len(at), int(rng.integers(1, 30)), int(rng.integers(5, 300))
    place, step = rng.integers(0, n_places, n), rng.integers(0, steps, n)
    permuted = seed % 2 == 0
    share = np.bincount(place, minlength=n_places) / n if permuted else rng.dirichlet(np.ones(n_places))
    time = np.bincount(step, minlength=steps) / n if permuted else np.full(steps, 1 / steps)
    around = circles(at[:, 0], at[:, 1], share, max_radius=(300.0, 700.0, np.inf)[seed % 3], max_share=(0.2, 0.5, 1.0)[seed % 3])

    def draw(r: int):
        again = np.random.default_rng([seed, r])
        if permuted:
            return place * steps + again.permutation(step)
        return again.choice(n_places, n, p=share) * steps + again.integers(0, steps, n)

    return place * steps + step, around, Expected(n, share, time), int(rng.integers(1, steps + 1)), draw


def naive(codes, around, expected, longest):
    """Return all cylinders by looping over centres, rings and windows."""
    steps, out = len(expected.time), []
    counts = np.bincount(codes, minlength=len(expected.place) * steps).reshape(-1, steps)
    for centre in range(len(around.start) - 1):
        for ring in range(around.ring_start[centre + 1] - around.ring_start[centre]):
            inside = around.members(centre, ring)
            held, e = counts[inside].sum(axis=0), expected.total * expected.place[inside].sum()
            for first in range(steps):
                for end in range(first + 1, min(first + longest, steps) + 1):
                    out.append((centre, ring, first, end, int(held[first:end].sum()), e * expected.time[first:end].sum()))
    ratios = likelihood_ratio([row[4] for row in out], [row[5] for row in out], expected.total)
    return [(float(llr), *row[:5]) for llr, row in zip(ratios, out, strict=True)]


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_a_loop_over_everything_finds(seed):
    codes, around, expected, longest, draw = town(seed)
    every = naive(codes, around, expected, longest)
    highest = max(every)[0]
    found = search(around, expected, codes, longest=longest, floor=0.4 * highest)
    assert found.llr.max() == pytest.approx(highest, abs=EXACT)
    # The best of each centre, not only the best of all.
    for centre in range(len(around.start) - 1):
        best = max(row[0] for row in every if row[1] == centre)
        held = found.llr[found.centre == centre]
        assert (held.max() if len(held) else 0) == pytest.approx(best if best >= 0.4 * highest else 0, abs=EXACT)
    known = {row[1:]: row[0] for row in every}
    for row in range(len(found.llr)):
        key = tuple(int(getattr(found, name)[row]) for name in ("centre", "ring", "first", "end", "n"))
        assert known[key] == pytest.approx(found.llr[row], abs=EXACT)
    maxima = simulated_maxima(around, expected, draw, n_sims=3, longest=longest).llr
    assert maxima == pytest.approx([max(naive(draw(r), around, expected, longest))[0] for r in range(3)], abs=EXACT)


def test_busy_places_outgrow_small_integers():
    rng = np.random.default_rng(1)
    place, step = np.r_[rng.integers(0, 5, 400), np.zeros(70_000, dtype=int)], np.r_[rng.integers(0, 9, 400), np.full(70_000, 4)]
    x = np.arange(5) * 100.0
    expected = Expected(len(place), np.full(5, 0.2), np.full(9, 1 / 9))
    around = circles(x, np.zeros(5), expected.place, max_radius=150, max_share=1)
    codes = place * 9 + step
    found = search(around, expected, codes, longest=3, floor=100)
    assert found.llr.max() == pytest.approx(max(naive(codes, around, expected, 3))[0])
    assert found.n[found.llr.argmax()] >= 70_000


def test_the_answer_hangs_neither_on_portions_nor_on_workers(monkeypatch):
    _, around, expected, longest, draw = town(4)
    whole = simulated_maxima(around, expected, draw, n_sims=30, longest=longest, workers=1)
    monkeypatch.setattr("sara.core.stats.scan_search.BATCH_BYTES", 1_000)
    parts = simulated_maxima(around, expected, draw, n_sims=30, longest=longest, workers=2)
    np.testing.assert_array_equal(whole.llr, parts.llr)


def test_replications_end_when_the_data_were_reached_often_enough_and_say_what_all_say_until_then(monkeypatch):
    codes, around, expected, longest, draw = town(4)
    whole = simulated_maxima(around, expected, draw, n_sims=199, longest=longest, codes=codes)
    assert whole.observed == pytest.approx(max(naive(codes, around, expected, longest))[0], abs=EXACT)
    reached = np.cumsum(whole.llr >= whole.observed - EXACT)
    assert reached[-1] >= 20
    made = int(np.searchsorted(reached, 20)) + 1
    effort = Effort(p=0.05, least=19, work=np.inf)
    monkeypatch.setattr("sara.core.stats.scan_search.MOST_SIDE_BY_SIDE", 7)
    for workers in (1, 2):
        few = simulated_maxima(around, expected, draw, n_sims=199, longest=longest, codes=codes, effort=effort, workers=workers)
        np.testing.assert_array_equal(few.llr, whole.llr[:made])
        assert few.asked == 199
        assert float(few.p(few.observed)) == pytest.approx(20 / made)
    # A p of interest that 20 of so many could still fall below: all are made.
    all_made = simulated_maxima(
        around, expected, draw, n_sims=199, longest=longest, codes=codes, effort=Effort(p=1.0, least=19, work=np.inf)
    )
    np.testing.assert_array_equal(all_made.llr, whole.llr)
    assert all_made.asked is None


def test_much_work_asks_for_fewer_replications_and_never_for_more():
    effort = Effort(p=0.05, least=199, work=1_000.0)
    assert [effort.asked(999, each) for each in (0.5, 1.0, 1.5, 2.0, 50.0)] == [999, 999, 599, 499, 199]
    assert effort.asked(99, 50.0) == 99


def test_a_p_of_early_end_is_valid():
    # Under the null the data are one more draw: a p of at most a comes in at most a of all cases.
    rng, effort = np.random.default_rng(3), Effort(p=0.05, least=19, work=np.inf)
    p = []
    for _ in range(4_000):
        draws, data = rng.random(199), rng.random()
        made = effort.enough(draws >= data)
        p.append(float((Maxima(draws[:made], data, 199) if made else Maxima(draws, data)).p(data)))
    for a in (0.05, 0.1, 0.2, 0.5):
        # Four standard errors.
        assert np.mean(np.array(p) <= a + 1e-12) <= a + 4 * np.sqrt(a * (1 - a) / 4_000)
    assert np.mean(np.array(p) <= 0.05 + 1e-12) > 0.03


def test_circles_grow_by_distance_and_stop_at_radius_and_share():
    x, share = np.array([0.0, 100, 200, 900]), np.array([0.1, 0.2, 0.3, 0.4])
    free = circles(x, np.zeros(4), share, max_radius=1e9, max_share=1)
    assert free.radius[free.ring_start[1] : free.ring_start[2]].tolist() == pytest.approx([0, 100, 800])
    assert free.members(1, 1).tolist() == [1, 0, 2]
    near = circles(x, np.zeros(4), share, max_radius=150, max_share=1)
    assert np.diff(near.ring_start).tolist() == [2, 2, 2, 1]
    small = circles(x, np.zeros(4), share, max_radius=1e9, max_share=0.3)
    assert np.diff(small.ring_start).tolist() == [2, 1, 1, 1]


def test_clusters_share_no_place_at_one_time():
    around = circles(np.arange(4) * 100.0, np.zeros(4), np.full(4, 0.25), max_radius=100, max_share=1)
    found = Cylinders(
        centre=np.array([0, 1, 3, 0]), ring=np.array([1, 0, 0, 0]), first=np.array([0, 1, 0, 5]), end=np.array([3, 2, 3, 6]), n=np.ones(4, dtype=int),
        expected=np.ones(4), llr=np.array([9.0, 8.0, 7.0, 6.0]),
    )  # fmt: skip
    # The second lies in the first, in place and time; the last in the same place at another time.
    assert disjoint(around, found, most=9).tolist() == [0, 2, 3]
    assert disjoint(around, found, most=1).tolist() == [0]


def test_p_counts_ties_as_reached():
    maxima = Maxima(np.array([1.0, 2.0, 3.0, 4.0]))
    assert maxima.p([5.0, 4.0, 2.5, 0.0]).tolist() == [0.2, 0.4, 0.6, 1.0]
    assert maxima.needed(0.4) == 3.0
    many = Maxima(np.random.default_rng(1).gumbel(10, 1.5, 20_000))
    assert many.p_gumbel([20.0])[0] == pytest.approx(1 - np.exp(-np.exp(-10 / 1.5)), rel=0.1)
