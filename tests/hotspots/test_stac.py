"""STAC: overlapping circles counted one by one, and joined where they share events."""

from __future__ import annotations

import numpy as np
import pytest

from sara.hotspots._clustering.stac import CIRCLE, ROW, n_nodes, stac


def literal(x, y, radius, least, circles):
    """Every node of the lattice over the box, every event, one by one."""
    nodes = []
    for row in range(int((y.min() - 3 * radius) // (radius * ROW)), int((y.max() + 3 * radius) // (radius * ROW)) + 1):
        shift = 0.5 if row % 2 else 0.0
        for column in range(int((x.min() - 3 * radius) // radius), int((x.max() + 3 * radius) // radius) + 1):
            inside = np.flatnonzero(np.hypot((column + shift) * radius - x, row * ROW * radius - y) <= CIRCLE * radius)
            if len(inside) >= least:
                nodes.append((-len(inside), row, column, set(inside.tolist())))
    kept = [members for *_, members in sorted(nodes, key=lambda node: node[:3])[:circles]]
    merged = []
    for members in kept:
        apart = [m for m in merged if not (m & members)]
        merged = [*apart, set().union(members, *[m for m in merged if m & members])]
    return sorted(sorted(m) for m in merged)


@pytest.mark.parametrize("seed", range(5))
def test_hot_clusters_are_the_description_read_literally(seed):
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(0, 5_000, (7, 2))[rng.integers(0, 7, 300)] + rng.normal(0, 150, (300, 2))).T
    found = stac(x, y, np.ones(300), radius=200.0, least=10)
    assert sorted(m.tolist() for m in found.members) == literal(x, y, 200.0, 10, 25)
    assert max(found.most) <= max(len(m) for m in found.members)


def test_far_apart_places_stay_apart_and_stacks_count():
    x = np.array([100.0, 5_000.0, 9_000.0])
    found = stac(x, np.zeros(3), np.array([12.0, 30.0, 9.0]), radius=200.0, least=10)
    assert sorted(m.tolist() for m in found.members) == [[0], [1]]
    assert sorted(found.most) == [12.0, 30.0]


def test_nothing_is_nothing():
    found = stac(np.array([0.0]), np.array([0.0]), np.ones(1), radius=200.0, least=10)
    assert found.members == [] and found.most == []


def test_order_of_rows_changes_nothing():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 4_000, (2, 500))
    mixed = rng.permutation(500)
    one, other = stac(x, y, np.ones(500), radius=300.0, least=10), stac(x[mixed], y[mixed], np.ones(500), radius=300.0, least=10)
    assert sorted(m.tolist() for m in one.members) == sorted(sorted(mixed[m].tolist()) for m in other.members)


def test_number_of_nodes_is_the_lattices():
    assert n_nodes(1e8, 200.0) == pytest.approx(1e8 / (200 * 200 * 0.8660), rel=1e-3)
