"""Standard distance and standard deviational ellipse: CrimeStat's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sara.hotspots._clustering.ellipse import LEAST_RADIUS, Ellipse, ellipse_of, hull_of, standard_distance

# Eight points with a summed squared distance of 16 from their centre, as in Ebdon's example.
X = np.array([1.0, 1, 1, -1, -1, -1, 1, -1])
Y = np.array([1.0, -1, 1, 1, -1, -1, -1, 1])


def test_ebdons_standard_distance_in_both_conventions():
    assert standard_distance(X, Y, lost=0) == pytest.approx(1.4142, abs=5e-5)
    assert standard_distance(X, Y) == pytest.approx(1.6330, abs=5e-5)


def literal(x, y):
    """CrimeStat's formulas as printed: the angle by which the y axis is turned clockwise, then the deviations along both."""
    dx, dy = x - x.mean(), y - y.mean()
    a, b, c = (dx**2).sum(), (dy**2).sum(), (dx * dy).sum()
    theta = math.atan(((a - b) + math.sqrt((a - b) ** 2 + 4 * c**2)) / (2 * c))
    sx = math.sqrt(2 * ((dx * math.cos(theta) - dy * math.sin(theta)) ** 2).sum() / (len(x) - 2))
    sy = math.sqrt(2 * ((dx * math.sin(theta) + dy * math.cos(theta)) ** 2).sum() / (len(x) - 2))
    return sorted((sx, sy), reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_half_axes_are_the_printed_formulas(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.multivariate_normal([5, 9], [[4, 2], [2, 3]], 60).T
    found = ellipse_of(x, y)
    np.testing.assert_allclose([found.major, found.minor], literal(x, y), rtol=1e-10)
    assert found.major**2 + found.minor**2 == pytest.approx(2 * standard_distance(x, y) ** 2)


def test_axis_points_along_the_street():
    t = np.linspace(-300, 300, 61)
    rng = np.random.default_rng(2)
    for angle in (0.0, 0.4, 1.2, -0.9, math.pi / 2):
        across = rng.normal(0, 5, len(t))
        x, y = t * math.cos(angle) - across * math.sin(angle), t * math.sin(angle) + across * math.cos(angle)
        found = ellipse_of(x, y)
        assert abs(math.sin(found.angle - angle)) < 0.02
        assert found.shape().buffer(1e-6).covers(found.shape(0.5))


def test_weights_are_repeated_rows_and_turning_turns():
    rng = np.random.default_rng(1)
    x, y, times = *rng.normal(0, 100, (2, 30)), rng.integers(1, 5, 30)
    one, many = ellipse_of(x, y, times.astype(float)), ellipse_of(np.repeat(x, times), np.repeat(y, times))
    np.testing.assert_allclose([one.major, one.minor], [many.major, many.minor], rtol=1e-12)
    turned = ellipse_of(-y, x, times.astype(float))
    np.testing.assert_allclose([turned.major, turned.minor], [one.major, one.minor], rtol=1e-9)


def test_a_round_scatter_is_a_circle_of_the_standard_distance():
    x, y = np.random.default_rng(7).normal(0, 200, (2, 20_000))
    found = ellipse_of(x, y)
    assert found.major == pytest.approx(standard_distance(x, y), rel=0.02)
    inside = np.hypot(x - found.x, y - found.y) < found.major
    assert inside.mean() == pytest.approx(1 - math.exp(-1), abs=0.01)


def test_one_address_is_drawn_as_a_house():
    alone = np.full(30, 5.0)
    assert ellipse_of(alone, alone).shape().area == pytest.approx(math.pi * LEAST_RADIUS**2, rel=0.01)
    assert hull_of(alone, alone).area == pytest.approx(math.pi * LEAST_RADIUS**2, rel=0.02)
    assert hull_of(np.array([0.0, 100.0]), np.array([0.0, 0.0])).area > 100 * LEAST_RADIUS
    assert ellipse_of(np.zeros(2), np.array([0.0, 9.0])) == Ellipse(0.0, 4.5, 0.0, 0.0, 0.0)
