"""Density along streets: hand calculations, the mass it keeps, a second way to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from shapely import LineString

import sara.hotspots._surfaces.network as module
from sara.core.network import nodes_of
from sara.hotspots._surfaces.network import lixels_of, network_events

# Sums of the same terms in another order.
CLOSE = 1e-12


def network(*ends, step=10.0):
    lines = np.array([LineString(e) for e in ends])
    length = np.array([line.length for line in lines])
    return nodes_of(lines), lixels_of(length, step)


def events(*spots, nodes=()):
    line = np.array([s[0] for s in spots] + [-1] * len(nodes), dtype=np.int64)
    position = np.array([s[1] for s in spots] + [np.nan] * len(nodes), dtype=float)
    node = np.array([-1] * len(spots) + list(nodes), dtype=np.int64)
    return line, position, node, np.ones(len(line))


def quartic(d, h):
    return 15 / (16 * h) * (1 - (d / h) ** 2) ** 2 if abs(d) < h else 0.0


def test_on_one_long_street_it_is_the_ordinary_kernel():
    nodes, lixels = network([(0, 0), (2000, 0)])
    found = network_events(*events((0, 700.0), (0, 812.5)), nodes=nodes, lixels=lixels, bandwidth=200, kernel="quartic")
    wanted = [
        sum(quad(lambda p, e=e: quartic(p - e, 200), a, a + 10, points=[e - 200, e + 200])[0] for e in (700.0, 812.5))
        for a in lixels.start
    ]
    assert np.allclose(found, wanted, atol=1e-9)


def test_gaussian_on_one_street_agrees_with_scipy():
    from scipy.stats import norm

    nodes, lixels = network([(0, 0), (2000, 0)])
    found = network_events(*events((0, 1000.0)), nodes=nodes, lixels=lixels, bandwidth=100, kernel="gaussian")
    start, end = lixels.start, lixels.start + 10
    inside = (start >= 700) & (end <= 1300)
    wanted = (norm.cdf(end, 1000, 100) - norm.cdf(start, 1000, 100)) / (2 * norm.cdf(3) - 1)
    assert np.allclose(found[inside], wanted[inside], rtol=1e-12)
    assert found[~inside].sum() == 0


def test_at_a_junction_of_four_a_third_goes_into_each_of_the_others():
    nodes, lixels = network([(0, 0), (500, 0)], [(0, 0), (-500, 0)], [(0, 0), (0, 500)], [(0, 0), (0, -500)], step=500)
    found = network_events(*events((0, 50.0)), nodes=nodes, lixels=lixels, bandwidth=200, kernel="quartic")
    beyond = quad(quartic, 50, 200, args=(200,))[0]
    assert found == pytest.approx([1 - beyond, beyond / 3, beyond / 3, beyond / 3], rel=1e-10)


def test_an_event_at_a_junction_is_shared_by_all_its_streets():
    nodes, lixels = network([(0, 0), (500, 0)], [(0, 0), (-500, 0)], [(0, 0), (0, 500)], step=500)
    centre = int(np.argmax(nodes.degree))
    found = network_events(*events(nodes=[centre]), nodes=nodes, lixels=lixels, bandwidth=200, kernel="quartic")
    assert found == pytest.approx([1 / 3] * 3)


def test_a_node_of_two_streets_is_no_obstacle():
    whole = network([(0, 0), (1000, 0)])
    halves = network([(0, 0), (430, 0)], [(430, 0), (1000, 0)])
    one = network_events(*events((0, 400.0)), nodes=whole[0], lixels=whole[1], bandwidth=200, kernel="quartic")
    two = network_events(*events((0, 400.0)), nodes=halves[0], lixels=halves[1], bandwidth=200, kernel="quartic")
    assert np.allclose(one, two, atol=CLOSE)
    at_it = int(np.flatnonzero(halves[0].degree == 2)[0])
    moved = network_events(*events((0, 430.0)), nodes=whole[0], lixels=whole[1], bandwidth=200, kernel="quartic")
    assert np.allclose(
        moved,
        network_events(*events(nodes=[at_it]), nodes=halves[0], lixels=halves[1], bandwidth=200, kernel="quartic"),
        atol=CLOSE,
    )


def test_a_dead_end_turns_the_rest_back():
    nodes, lixels = network([(0, 0), (1000, 0)])
    found = network_events(*events((0, 0.0)), nodes=nodes, lixels=lixels, bandwidth=200, kernel="quartic")
    assert found.sum() == pytest.approx(1, rel=CLOSE)
    assert found[0] == pytest.approx(2 * quad(quartic, 0, 10, args=(200,))[0])


def town(n=7, seed=3):
    """Return a lattice of streets, its middle nodes shaken, some streets missing."""
    rng = np.random.default_rng(seed)
    at = {(i, j): (100 * i + rng.uniform(-20, 20), 100 * j + rng.uniform(-20, 20)) for i in range(n) for j in range(n)}
    ends = [[at[i, j], at[i + 1, j]] for i in range(n - 1) for j in range(n)] + [
        [at[i, j], at[i, j + 1]] for i in range(n) for j in range(n - 1)
    ]
    return network(*[e for e in ends if rng.random() > 0.15], step=9.0)


def drawn(nodes, lixels, n, seed=8):
    rng = np.random.default_rng(seed)
    line = rng.integers(0, len(lixels.length), n)
    position = rng.uniform(0, 1, n) * lixels.length[line]
    node = np.where(rng.random(n) < 0.2, rng.integers(0, len(nodes.degree), n), -1)
    line = np.where(node >= 0, -1, line)
    return line, np.where(node >= 0, np.nan, position), node, rng.uniform(0.5, 2, n)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_nothing_is_lost_on_any_network(kernel):
    nodes, lixels = town()
    given = drawn(nodes, lixels, 200)
    found = network_events(*given, nodes=nodes, lixels=lixels, bandwidth=150, kernel=kernel)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(given[3].sum(), rel=1e-12)


def walked(line, position, node, weight, nodes, lixels, h):
    """Return the same by walking every path, one event and one step at a time."""
    out = np.zeros(int(lixels.first[-1]))
    m = len(lixels.length)

    def inside(d):
        u = min(d, h) / h
        return 15 / 16 * (u - 2 * u**3 / 3 + u**5 / 5)

    def leave(k, forward, far, w):
        s, n = lixels.step[k], lixels.first[k + 1] - lixels.first[k]
        for i in range(n):
            at = i if forward else n - 1 - i
            out[lixels.first[k] + at] += w * (inside(far + (i + 1) * s) - inside(far + i * s))
        go_on(nodes.end[k] if forward else nodes.start[k], (k, not forward), far + lixels.length[k], w)

    def go_on(at, back, far, w):
        if far >= h:
            return
        ways = [(k, True) for k in range(m) if nodes.start[k] == at] + [(k, False) for k in range(m) if nodes.end[k] == at]
        others = [way for way in ways if way != back] or ways
        for k, forward in others:
            leave(k, forward, far, w / len(others))

    for e in range(len(line)):
        if node[e] >= 0:
            ways = [(k, True) for k in range(m) if nodes.start[k] == node[e]] + [
                (k, False) for k in range(m) if nodes.end[k] == node[e]
            ]
            for k, forward in ways:
                leave(k, forward, 0.0, 2 * weight[e] / len(ways))
            continue
        k, p = line[e], position[e]
        s, n = lixels.step[k], lixels.first[k + 1] - lixels.first[k]
        for i in range(n):
            a, b = i * s - p, (i + 1) * s - p
            out[lixels.first[k] + i] += weight[e] * (np.sign(b) * inside(abs(b)) - np.sign(a) * inside(abs(a)))
        go_on(nodes.end[k], (k, False), lixels.length[k] - p, weight[e])
        go_on(nodes.start[k], (k, True), p, weight[e])
    return out


def test_it_agrees_with_walking_every_path():
    nodes, lixels = town(5)
    given = drawn(nodes, lixels, 40)
    found = network_events(*given, nodes=nodes, lixels=lixels, bandwidth=260, kernel="quartic")
    assert np.allclose(found, walked(*given, nodes, lixels, 260), atol=1e-12)


def test_joining_fronts_changes_less_than_a_thousandth_of_the_peak(monkeypatch):
    nodes, lixels = town(9)
    given = drawn(nodes, lixels, 2000)
    exact = network_events(*given, nodes=nodes, lixels=lixels, bandwidth=300, kernel="quartic")
    monkeypatch.setattr(module, "MANY", 0)
    joined = network_events(*given, nodes=nodes, lixels=lixels, bandwidth=300, kernel="quartic")
    assert np.abs(joined - exact).max() < 1e-3 * exact.max()
    assert joined.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_pieces_of_bounded_size_change_nothing(monkeypatch):
    nodes, lixels = town(5)
    given = drawn(nodes, lixels, 60)
    whole = network_events(*given, nodes=nodes, lixels=lixels, bandwidth=150, kernel="quartic")
    monkeypatch.setattr(module, "CHUNK", 50)
    assert np.allclose(whole, network_events(*given, nodes=nodes, lixels=lixels, bandwidth=150, kernel="quartic"), atol=CLOSE)
    shuffled = tuple(values[::-1] for values in given)
    assert np.allclose(whole, network_events(*shuffled, nodes=nodes, lixels=lixels, bandwidth=150, kernel="quartic"), atol=CLOSE)
