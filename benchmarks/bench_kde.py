"""Kernel surfaces against their peers in the same run: ``python benchmarks/bench_kde.py [task ...]`` (tasks: ``peers``, ``street``).

Each line gives the time and the error against the exact sum at 300 cells, relative to the highest of them: a time without its error says
nothing. Times depend on the machine; ratios travel. Peers that are not installed are passed over (``pip install KDEpy``). Set
``OMP_NUM_THREADS=1`` and ``OPENBLAS_NUM_THREADS=1`` so that both sides use one core for their sums.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np
import shapely
from timing import best

from sara.core.network import nodes_of, on_streets
from sara.hotspots._surfaces.network import lixels_of, network_events
from sara.hotspots._surfaces.surface import Lattice, Raster, density_exact

SIDE, CELL = 20_000.0, 80.0
# A quartic of 400 m, and a Gaussian of the same spread.
KERNELS = {"quartic": 400.0, "gaussian": 400.0 / math.sqrt(8)}
CHECKED = 300


def city(n: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return points of a city: half an even scatter, half around 60 centres."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(1_000, SIDE - 1_000, (60, 2))
    at = np.r_[rng.uniform(0, SIDE, (n // 2, 2)), centre[rng.integers(0, 60, n - n // 2)] + rng.normal(0, 300, (n - n // 2, 2))]
    at = np.clip(at, 1, SIDE - 1)
    return at[:, 0].copy(), at[:, 1].copy()


def peers(n: int, kernel: str) -> None:
    """Time the surface on cells of 80 m, with KDEpy on the same raster and scikit-learn at the same cells."""
    x, y = city(n)
    h, many = KERNELS[kernel], int(SIDE / CELL)
    lattice = Lattice(CELL / 2, CELL / 2, CELL, CELL, many, many)
    at_x, at_y = (v.ravel() for v in np.meshgrid(CELL / 2 + np.arange(many) * CELL, CELL / 2 + np.arange(many) * CELL))
    rng = np.random.default_rng(0)
    some = rng.choice(len(at_x), CHECKED, replace=False)
    exact = density_exact(x, y, np.ones(n), at_x[some], at_y[some], bandwidth=h, kernel=kernel) / n

    def off(found: np.ndarray) -> float:
        return float(np.abs(found - exact).max() / exact.max())

    def ours() -> np.ndarray:
        raster = Raster(lattice, bandwidth=h, kernel=kernel)
        return raster.smooth(raster.bins(x, y, np.ones(n))).ravel() / n

    seconds = best(ours)
    print(f"{n:>9,} {kernel:<9} sara          {seconds:8.3f} s  error {off(ours()[some]):.1e}", flush=True)
    _kdepy(x, y, kernel, h, lattice, some, off, seconds)
    _sklearn(x, y, kernel, h, np.c_[at_x, at_y], some, off, seconds)


def _kdepy(x, y, kernel, h, lattice, some, off, seconds) -> None:
    try:
        from KDEpy import FFTKDE
    except ImportError:
        print("          KDEpy is not installed: passed over")
        return
    raster = Raster(lattice, bandwidth=h, kernel=kernel)
    across, up = raster.nodes()
    nodes = np.stack(np.meshgrid(across, up, indexing="ij"), axis=-1).reshape(-1, 2)
    # KDEpy scales a kernel to the spread asked for, as in one dimension: a biweight of reach h has h / sqrt(7).
    spread = h / math.sqrt(7) if kernel == "quartic" else h

    def run() -> np.ndarray:
        fitted = FFTKDE(kernel="biweight" if kernel == "quartic" else "gaussian", bw=spread, norm=2).fit(np.c_[x, y])
        held = fitted.evaluate(nodes).reshape(len(across), len(up)).T
        inner = held[raster.pad_y : -raster.pad_y : raster.fine_y, raster.pad_x : -raster.pad_x : raster.fine_x]
        return inner.ravel()

    theirs = best(run)
    print(f"{'':>19} KDEpy FFTKDE  {theirs:8.3f} s  error {off(run()[some]):.1e}  ratio {seconds / theirs:.2f}", flush=True)


def _sklearn(x, y, kernel, h, at, some, off, seconds) -> None:
    # It has no quartic.
    if kernel != "gaussian":
        return
    from sklearn.neighbors import KernelDensity

    part = at[some]
    start = time.perf_counter()
    found = np.exp(KernelDensity(bandwidth=h, kernel="gaussian", rtol=1e-4).fit(np.c_[x, y]).score_samples(part))
    # Every cell costs the same: a few are timed, all are reckoned.
    theirs = (time.perf_counter() - start) * len(at) / CHECKED
    print(
        f"{'':>19} scikit-learn  {theirs:8.1f} s  error {off(found):.1e}  ratio {seconds / theirs:.5f}  (rtol=1e-4)", flush=True
    )


def street(n: int, across: int) -> None:
    """Time the density along a lattice of streets of 100 m."""
    rng = np.random.default_rng(2)
    i, j = (v.ravel() for v in np.meshgrid(np.arange(across), np.arange(across)))
    at = 100.0 * np.c_[i, j]
    ends = np.r_[np.stack([at, at + np.array([100, 0])], axis=1), np.stack([at, at + np.array([0, 100])], axis=1)]
    lines = shapely.linestrings(ends)
    start = time.perf_counter()
    nodes = nodes_of(lines)
    x, y = rng.uniform(0, 100 * across, (2, n))
    line, node, position = on_streets(x, y, lines, nodes, limit=50)
    snapped = time.perf_counter() - start
    for bandwidth in (200.0, 400.0):
        lixels = lixels_of(shapely.length(lines), 40)
        start = time.perf_counter()
        held = network_events(line, position, node, np.ones(n), nodes=nodes, lixels=lixels, bandwidth=bandwidth, kernel="quartic")
        took = time.perf_counter() - start
        used = int(((line >= 0) | (node >= 0)).sum())
        lost = abs(held.sum() - used) / used
        print(
            f"{n:,} events on {len(lines):,} streets: snapped in {snapped:.1f} s, {bandwidth:g} m in {took:.1f} s, {lost:.1e} of the mass lost",
            flush=True,
        )


TASKS = {
    "peers": lambda: [peers(n, kernel) for n in (100_000, 1_000_000) for kernel in KERNELS],
    "street": lambda: street(100_000, 224),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or TASKS:
        TASKS[name]()
