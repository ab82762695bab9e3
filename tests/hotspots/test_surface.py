"""Kernel surfaces: published constants, other implementations, the bound on the fast way."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import sara.hotspots._surfaces.surface as module
from sara.hotspots._surfaces.surface import KERNELS, Lattice, Raster, density_exact, lattice_of, mass_inside, share_bound

# The exact sum adds the same terms as the others, in another order.
CLOSE = 1e-10


def grid(columns=60, rows=50, size=80.0):
    return lattice_of(*(v.ravel() for v in np.meshgrid(np.arange(columns) * size + 37, np.arange(rows) * size - 11)), least=size)


def places(lattice):
    x, y = np.meshgrid(lattice.x0 + np.arange(lattice.columns) * lattice.dx, lattice.y0 + np.arange(lattice.rows) * lattice.dy)
    return x.ravel(), y.ravel()


def scatter(n, seed=2, low=0.0, high=4_000.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, n), rng.uniform(low, high, n), rng.uniform(0.5, 2, n)


def test_the_quartic_has_its_published_heights():
    at = np.array([0.0, 150.0, 299.999999, 300.0, 400.0])
    one, none = np.ones(1), np.zeros(1)
    height = density_exact(none, none, one, at, np.zeros(5), bandwidth=300, kernel="quartic")
    assert height[:2] == pytest.approx([1.0610330e-5, 5.9683104e-6], rel=1e-7)
    assert height[1] == pytest.approx(0.5625 * height[0], rel=1e-12)
    assert height[2] < 1e-18
    assert height[3:].tolist() == [0, 0]


@pytest.mark.parametrize(("kernel", "bandwidth"), [("quartic", 300.0), ("gaussian", 106.0)])
def test_the_whole_surface_holds_one_event(kernel, bandwidth):
    x, y = places(grid(100, 100, 20))
    middle = np.array([x.mean() + 3.3]), np.array([y.mean() - 7.1])
    held = density_exact(*middle, np.ones(1), x, y, bandwidth=bandwidth, kernel=kernel).sum() * 400
    assert held == pytest.approx(1, abs=1e-5)


def test_quartic_of_reach_h_spreads_like_a_gaussian_of_sigma_h_over_root_8():
    x, y = places(grid(121, 121, 5))
    centre = x.mean(), y.mean()
    f = density_exact(np.array([centre[0]]), np.array([centre[1]]), np.ones(1), x, y, bandwidth=280, kernel="quartic") * 25
    assert (f * (x - centre[0]) ** 2).sum() == pytest.approx(280**2 / 8, rel=1e-3)


def test_gaussian_agrees_with_scipy_and_scikit_learn():
    from scipy.stats import gaussian_kde
    from sklearn.neighbors import KernelDensity

    px, py, w = scatter(300)
    x, y = places(grid(20, 20, 200))
    found = density_exact(px, py, w, x, y, bandwidth=250, kernel="gaussian")
    fitted = KernelDensity(bandwidth=250, kernel="gaussian").fit(np.c_[px, py], sample_weight=w)
    assert np.allclose(found, np.exp(fitted.score_samples(np.c_[x, y])) * w.sum(), rtol=CLOSE, atol=0)

    class Fixed(gaussian_kde):
        def _compute_covariance(self):
            self.factor = 1.0
            self.covariance = np.eye(2) * 250.0**2
            self.cho_cov = np.linalg.cholesky(self.covariance)
            self.log_det = 2 * np.log(np.diag(self.cho_cov * np.sqrt(2 * np.pi))).sum()

    assert np.allclose(found, Fixed(np.c_[px, py].T, weights=w)(np.c_[x, y].T) * w.sum(), rtol=CLOSE, atol=0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n", [1, 2, 400])
def test_the_raster_keeps_its_bound(kernel, n):
    lattice = grid()
    x, y = places(lattice)
    bandwidth = 400.0 if kernel == "quartic" else 141.0
    peak = density_exact(np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1), np.zeros(1), bandwidth=bandwidth, kernel=kernel)[0]
    worst = 0.0
    for seed in range(8 if n == 1 else 2):
        px, py, w = scatter(n, seed)
        raster = Raster(lattice, bandwidth=bandwidth, kernel=kernel)
        exact = density_exact(px, py, w, x, y, bandwidth=bandwidth, kernel=kernel)
        off = np.abs(raster.smooth(raster.bins(px, py, w)).ravel() - exact).max()
        assert off <= raster.bound * peak * w.sum() * 1.001
        worst = max(worst, off / exact.max())
    assert raster.bound <= 1e-3
    assert worst < (1.5e-3 if n == 1 else 1e-3)


def test_the_bound_is_not_idle():
    lattice = Lattice(0.0, 0.0, 80.0, 80.0, 30, 30)
    raster = Raster(lattice, bandwidth=400, kernel="quartic")
    # Half way between nodes, seen from a node beside it, is where sharing out linearly is off most.
    at = np.array([800 + raster.px / 2]), np.array([800 + raster.py / 2])
    exact = density_exact(*at, np.ones(1), *places(lattice), bandwidth=400, kernel="quartic")
    off = np.abs(raster.smooth(raster.bins(*at, np.ones(1))).ravel() - exact).max()
    assert off > 0.5 * raster.bound * exact.max()


def test_hexagons_lie_on_a_lattice_too():
    from sara.core.hexgrid import HexGrid

    x, y = HexGrid.over(shapely.Point(2_000, 2_000).buffer(1_500), cell_size=80).centres()
    lattice = lattice_of(x, y, least=80)
    assert (lattice.dx, lattice.dy) == pytest.approx((40, 80 * np.sqrt(3) / 2))
    raster = Raster(lattice, bandwidth=400, kernel="quartic")
    px, py, w = scatter(500)
    found = raster.at(raster.smooth(raster.bins(px, py, w)), x, y)
    exact = density_exact(px, py, w, x, y, bandwidth=400, kernel="quartic")
    assert np.abs(found - exact).max() < 1e-3 * exact.max()


def test_events_far_outside_the_raster_are_not_felt_in_it():
    lattice = grid(20, 20)
    raster = Raster(lattice, bandwidth=300, kernel="quartic")
    px, py, w = scatter(300, low=-5_000, high=8_000)
    exact = density_exact(px, py, w, *places(lattice), bandwidth=300, kernel="quartic")
    assert np.abs(raster.smooth(raster.bins(px, py, w)).ravel() - exact).max() < 1e-3 * exact.max()


def test_a_coarser_raster_says_so(monkeypatch):
    monkeypatch.setattr(module, "MAX_NODES", 40_000)
    raster = Raster(grid(), bandwidth=400, kernel="quartic")
    assert raster.bound > 1e-3
    assert raster.shape[0] * raster.shape[1] <= 40_000


def test_share_of_a_kernel_inside():
    lattice = Lattice(0.0, 0.0, 100.0, 100.0, 41, 41)
    raster = Raster(lattice, bandwidth=400, kernel="quartic")
    half = mass_inside(shapely.box(-5_000, -5_000, 2_000, 9_000), raster)
    assert half[20, 0] == pytest.approx(1, abs=1e-3)
    # Half of it on a straight outline, a quarter in a square corner.
    assert half[20, 20] == pytest.approx(0.5, abs=1e-4)
    assert half[20, 40] == 0
    corner = mass_inside(shapely.box(2_000, 2_000, 9_000, 9_000), raster)
    assert corner[20, 20] == pytest.approx(0.25, abs=1e-4)
    with_hole = shapely.box(-5_000, -5_000, 9_000, 9_000).difference(shapely.Point(2_000, 2_000).buffer(450, quad_segs=64))
    assert mass_inside(with_hole, raster)[20, 20] == pytest.approx(0, abs=1e-6)


def beside_a_straight_outline(d, h, kernel):
    """Return the share of a kernel inside, its centre `d` metres inside a straight outline: the integral by hand."""
    if kernel == "gaussian":
        from scipy.special import ndtr

        return ndtr(d / h)
    # Across the other axis a quartic adds up to 16 / (5 pi h) (1 - u^2)^(5/2).
    u = np.linspace(-1, min(1.0, d / h), 200_001)
    return float(np.trapezoid(16 / (5 * np.pi) * (1 - u**2) ** 2.5, u))


@pytest.mark.parametrize(
    ("kernel", "bandwidth", "cell"),
    [("quartic", 300, 60), ("quartic", 400, 60), ("quartic", 400, 80), ("quartic", 150, 100), ("quartic", 200, 200), ("gaussian", 141, 80)],
)  # fmt: skip
def test_the_share_inside_is_that_of_the_integral(kernel, bandwidth, cell):
    raster = Raster(Lattice(0.0, 0.0, cell, cell, 30, 30), bandwidth=bandwidth, kernel=kernel)
    assert share_bound(raster) <= 0.002
    for d in (0.0, 0.3 * raster.px, cell / 2, 0.4 * bandwidth):
        x = 15 * cell + d
        found = mass_inside(shapely.box(-9_000, -9_000, x, 9_000), raster)[15, 15]
        assert found == pytest.approx(beside_a_straight_outline(d, bandwidth, kernel), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("cell", [80, 200])
def test_the_share_inside_a_slanted_and_a_ragged_outline(cell):
    rng = np.random.default_rng(1)
    turn, far = np.sort(rng.uniform(0, 2 * np.pi, 200)), rng.uniform(1_300, 1_900, 200)
    ragged = shapely.Polygon(np.c_[2_000 + far * np.cos(turn), 2_000 + far * np.sin(turn)])
    slanted = shapely.Polygon([(0, 0), (4_000, 700), (3_300, 4_000), (-500, 3_100)])
    lattice = Lattice(100.0, 100.0, cell, cell, 3_800 // cell, 3_800 // cell)
    raster = Raster(lattice, bandwidth=400, kernel="quartic")
    x, y = places(lattice)
    fine = (np.arange(1_000) + 0.5) / 500 - 1
    u, v = (400 * g for g in np.meshgrid(fine, fine))
    kernel = np.maximum(1 - (u**2 + v**2) / 400**2, 0) ** 2
    for area in (slanted, ragged):
        shapely.prepare(area)
        found = mass_inside(area, raster).ravel()
        rim = np.flatnonzero(shapely.intersects_xy(area, x, y) & (found < 0.9))
        for k in rim[:: max(1, len(rim) // 8)]:
            inside = shapely.intersects_xy(area, (x[k] + u).ravel(), (y[k] + v).ravel()).reshape(u.shape)
            assert found[k] == pytest.approx((kernel * inside).sum() / kernel.sum(), rel=2e-3)
