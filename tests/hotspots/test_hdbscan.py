"""HDBSCAN on places with weights: scikit-learn's clusters where it has one answer, and the same answer whatever the order of rows."""

from __future__ import annotations

import numpy as np
import pytest

from sara.hotspots._clustering.hdbscan import hdbscan, most_stable

FAR = 1e6


def blobs(seed, n=500):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 4_000, (10, 2))
    return np.r_[centre[rng.integers(0, 10, n)] + rng.normal(0, 90, (n, 2)), rng.uniform(0, 4_000, (n // 2, 2))]


def labels(at, weight=None, *, least, samples=None, reach=FAR, floor=0.0, roots=False):
    weight = np.ones(len(at)) if weight is None else weight
    trees, _ = hdbscan(at[:, 0], at[:, 1], weight, reach=reach, least=least, samples=samples, floor=floor)
    out = np.full(len(at), -1)
    for k, branch in enumerate(most_stable(trees, None, max_km2=1, allow_roots=roots)):
        out[branch.places()] = k
    return out


def same(one, other):
    """Say whether two labellings agree but for the numbers of the clusters."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist())) and ((one < 0) == (other < 0)).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("least", [5, 12])
def test_without_ties_the_clusters_are_scikit_learns(seed, least):
    # With one neighbour asked for, no two distances are equal and there is one answer.
    sklearn = pytest.importorskip("sklearn.cluster")
    at = blobs(seed)
    theirs = sklearn.HDBSCAN(min_cluster_size=least, min_samples=1, copy=True).fit(at).labels_
    assert same(labels(at, least=least, samples=1), theirs)


@pytest.mark.parametrize("seed", range(3))
def test_with_ties_nearly_scikit_learns_and_the_same_in_any_order(seed):
    # Core distances make ties: scikit-learn settles them by the order of rows, here they are joined at once.
    metrics, cluster = pytest.importorskip("sklearn.metrics"), pytest.importorskip("sklearn.cluster")
    at = blobs(seed)
    ours = labels(at, least=12)
    theirs = cluster.HDBSCAN(min_cluster_size=12, min_samples=12, copy=True).fit(at).labels_
    assert metrics.adjusted_rand_score(ours, theirs) > 0.95
    mixed = np.random.default_rng(1).permutation(len(at))
    back = np.empty(len(at), dtype=int)
    back[mixed] = labels(at[mixed], least=12)
    assert same(ours, back)


def test_stacked_events_count_like_a_weight():
    at = np.unique(np.round(blobs(4), -1), axis=0)
    times = np.random.default_rng(0).integers(1, 4, len(at))
    repeated = np.repeat(at, times, axis=0) + np.tile([[0.0, 0.0]], (times.sum(), 1))
    weighted = labels(at, times.astype(float), least=14, floor=10.0, reach=600.0, roots=True)
    # Repeats moved by a hair's breadth, far under the floor, are the same stack.
    apart = repeated + np.random.default_rng(1).uniform(-1e-6, 1e-6, repeated.shape)
    assert same(np.repeat(weighted, times), labels(apart, least=14, floor=10.0, reach=600.0, roots=True))


def test_an_address_in_a_dense_street_does_not_swallow_the_choice():
    rng = np.random.default_rng(6)
    street = np.c_[rng.uniform(0, 400, 300), rng.normal(0, 5, 300)]
    at, weight = np.r_[street, [[200.0, 0.0]]], np.r_[np.ones(300), 15.0]
    found = labels(at, weight, least=12, floor=10.0, reach=150.0, roots=True)
    assert found.max() == 0 and (found >= 0).mean() > 0.9


def test_one_heavy_place_alone_is_a_cluster():
    at = np.array([[0.0, 0.0], [5_000.0, 0.0]])
    assert labels(at, np.array([30.0, 3.0]), least=10, floor=10.0, reach=150.0, roots=True).tolist() == [0, -1]


def test_large_clusters_are_taken_apart_where_they_can_be():
    rng = np.random.default_rng(2)
    at = np.r_[rng.normal([0, 0], 60, (200, 2)), rng.normal([700, 0], 60, (200, 2)), np.c_[np.linspace(0, 700, 80), np.zeros(80)]]
    trees, _ = hdbscan(*at.T, np.ones(len(at)), reach=300.0, least=15)
    whole = most_stable(trees, lambda b: 5.0 if b.places().size > 300 else 0.1, max_km2=1.0)
    assert len(whole) >= 2
    assert all(b.places().size <= 300 for b in whole)
