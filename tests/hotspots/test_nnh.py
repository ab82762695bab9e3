"""Nearest-neighbour hierarchical clusters: CrimeStat's description, read word by word."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sara.core.errors import InputError
from sara.hotspots._clustering.nnh import groups, hierarchy, neighbour_lists, random_distance


def literal(x, y, threshold, least):
    """Every event on its own: the one with most others within the threshold is the seed; its cluster leaves; again."""
    free = list(range(len(x)))
    far = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    found = []
    while free:
        near = {i: [j for j in free if far[i, j] <= threshold] for i in free}
        seed = max(free, key=lambda i: (len(near[i]), -x[i], -y[i]))
        if len(near[seed]) < least:
            return found
        found.append(sorted(near[seed]))
        free = [i for i in free if i not in near[seed]]
    return found


def scatter(seed, n=220):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 3_000, (6, 2))
    return (centre[rng.integers(0, 6, n)] + rng.normal(0, 120, (n, 2))).T


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_the_description_read_literally(seed):
    x, y = scatter(seed)
    assert [g.tolist() for g in groups(x, y, np.ones(len(x)), 90.0, 8.0)] == literal(x, y, 90.0, 8)


def test_stacked_events_are_events():
    x, y = np.round(scatter(3), -2)
    places, times = np.unique(np.c_[x, y], axis=0, return_counts=True)
    weighted = groups(places[:, 0], places[:, 1], times.astype(float), 110.0, 9.0)
    sizes = [int(times[g].sum()) for g in weighted]
    assert sizes == [len(g) for g in literal(x, y, 110.0, 9)]


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_and_moving_the_map_change_nothing(seed):
    x, y = scatter(seed)
    mixed = np.random.default_rng(9).permutation(len(x))
    one = groups(x, y, np.ones(len(x)), 90.0, 8.0)
    other = groups(x[mixed], y[mixed], np.ones(len(x)), 90.0, 8.0)
    assert [g.tolist() for g in one] == [sorted(mixed[g].tolist()) for g in other]
    moved = groups(x + 512, y - 256, np.ones(len(x)), 90.0, 8.0)
    assert [g.tolist() for g in moved] == [g.tolist() for g in one]


def test_threshold_is_the_mean_random_distance_less_t_standard_errors():
    assert random_distance(100, 1e6, 0.5) == pytest.approx(50.0)
    assert random_distance(100, 1e6, 0.05) == pytest.approx(50 - 1.6449 * 0.26136 / math.sqrt(100**2 / 1e6), rel=1e-4)
    # The interval is the mean's: with many events it hardly moves the threshold.
    assert random_distance(10_000, 1e8, 0.001) == pytest.approx(random_distance(10_000, 1e8, 0.5), rel=0.02)


def test_mean_random_distance_is_what_random_points_have():
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(5)
    means = []
    for _ in range(200):
        at = rng.uniform(0, 1_000, (500, 2))
        far = cKDTree(at, boxsize=1_000).query(at, k=2)[0][:, 1]
        means.append(far.mean())
    assert np.mean(means) == pytest.approx(random_distance(500, 1e6, 0.5), rel=0.01)
    assert np.mean(np.array(means) < random_distance(500, 1e6, 0.05)) == pytest.approx(0.05, abs=0.04)


def test_clusters_of_clusters_until_none_is_left():
    rng = np.random.default_rng(0)
    towns = np.array([[0, 0], [40_000, 0], [0, 40_000]])
    corners = (towns[:, None] + rng.uniform(0, 1_500, (3, 5, 2))).reshape(-1, 2)
    at = (corners[:, None] + rng.normal(0, 20, (15, 14, 2))).reshape(-1, 2)
    found = hierarchy(*at.T, np.ones(len(at)), area=45_000.0**2, least=10, likelihood=0.5, threshold=100.0)
    assert [len(order.members) for order in found][:2] == [len(found[0].members), 3]
    assert found[0].threshold == 100.0
    assert found[1].threshold == pytest.approx(random_distance(len(found[0].members), 45_000.0**2, 0.5))
    held = np.concatenate(found[1].members)
    assert len(held) == len(set(held.tolist()))


def test_every_event_is_in_one_cluster_at_most():
    x, y = scatter(8, 600)
    member = np.concatenate(groups(x, y, np.ones(len(x)), 70.0, 5.0))
    assert len(member) == len(np.unique(member))


def test_too_many_pairs_are_refused_with_a_way_out():
    x, y = scatter(1)
    with pytest.raises(InputError, match="method='dbscan'"):
        neighbour_lists(x, y, 500.0, max_pairs=100)
