"""Maps against their peers in the same run: ``python benchmarks/bench_hotspots.py [task ...]``.

Prints ratios (sara's time over the peer's, both best of three) on a made-up city of 20 x 20 km. Times depend on the machine; ratios travel.
Each line runs in a process of its own, so that its peak memory is its own; the peak of an empty process, with all that is imported, is
printed first. Set ``OMP_NUM_THREADS=1`` and ``OPENBLAS_NUM_THREADS=1`` so that both sides use one core.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from shapely.geometry import box
from timing import best

from sara.core.grid import Grid, lay_cells
from sara.hotspots._clusters import _numbers as cluster_numbers
from sara.hotspots._gi_star import _numbers as gi_star_numbers
from sara.hotspots._gi_star import _standardize
from sara.hotspots._local.around import around

SIDE = 20_000.0


def city(n: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return points of a city: half an even scatter, half around 60 centres."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(1_000, SIDE - 1_000, (60, 2))
    at = np.r_[rng.uniform(0, SIDE, (n // 2, 2)), centre[rng.integers(0, 60, n - n // 2)] + rng.normal(0, 300, (n - n // 2, 2))]
    at = np.clip(at, 0, SIDE)
    return at[:, 0].copy(), at[:, 1].copy()


def say(task: str, ours: float, peer: str, theirs: float | None) -> None:
    """Print one line of the table."""
    ratio = "" if theirs is None else f"{theirs:8.3f} s  ratio {ours / theirs:6.2f}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{task:<44} {ours:8.3f} s   {peer:<28} {ratio}   peak {peak:,.0f} MiB", flush=True)


def empty() -> None:
    """Print what a process takes before any work."""
    say("nothing", 0.0, "", None)


def counts(n: int, *, shape: str = "square") -> None:
    """Time the count of points in 40,000 cells; NumPy has no hexagons, so that these too are held against its squares."""
    x, y = city(n)
    edges = np.arange(0, SIDE + 1, 100)
    grid = lay_cells(shape, box(0, 0, SIDE, SIDE), cell_size=100)
    assert grid.counts(grid.locate(x, y)).sum() == n
    ours = best(lambda: grid.counts(grid.locate(x, y)))
    theirs = best(lambda: np.histogram2d(x, y, bins=[edges, edges]))
    say(f"count, {n:,} points, {grid.n_cells:,} {shape}s", ours, "numpy.histogram2d, squares", theirs)


def gi_star(*, matrix: bool) -> None:
    """Time Gi* of 160,000 cells, by shifted sums or by matrix."""
    x, y = city(1_000_000)
    grid = Grid.over(box(0, 0, SIDE, SIDE), cell_size=50)
    raster = grid.counts(grid.locate(x, y))
    values = raster[grid.member]

    def by_windows() -> None:
        near = around(grid, values, contiguity="queen", distance=None)
        n_around = near.size + 1.0
        _standardize(near.sums + values, n_around, n_around, values)

    theirs, ours = None, best(by_windows)
    try:
        from esda import G_Local
        from libpysal.weights import lat2W

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            w = lat2W(*raster.shape, rook=False)
            theirs = best(lambda: G_Local(raster.ravel(), w, transform="B", star=True, permutations=0), times=1)
            if matrix:
                ours = best(lambda: gi_star_numbers(raster.ravel(), w.sparse))
    except ImportError:
        pass
    say(f"Gi*, 160,000 cells, queen{', through a matrix' if matrix else ''}", ours, "esda G_Local", theirs)


def clusters_small(*, peer: bool) -> None:
    """Time DBSCAN on 100,000 points, or scikit-learn's."""
    x, y = city(100_000)
    if not peer:
        say(
            "clusters, 100,000 points, eps 100", best(lambda: cluster_numbers(x, y, np.ones(len(x)), eps=100, least=20)), "", None
        )
        return
    try:
        from sklearn.cluster import DBSCAN
    except ImportError:
        return
    theirs = best(lambda: DBSCAN(eps=100, min_samples=20).fit(np.c_[x, y]))
    say("  the same by scikit-learn", theirs, "", None)


def clusters_large() -> None:
    """Time DBSCAN on a million points at eps 300, where scikit-learn runs out of 12 GiB."""
    x, y = city(1_000_000)
    ours = best(lambda: cluster_numbers(x, y, np.ones(len(x)), eps=300, least=500, total_km2=400.0), times=1)
    say("clusters, 1,000,000 points, eps 300", ours, "scikit-learn: out of 12 GiB", None)


TASKS: dict[str, Callable[[], None]] = {
    "empty": empty,
    "count-100k": partial(counts, 100_000),
    "count-1m": partial(counts, 1_000_000),
    "count-10m": partial(counts, 10_000_000),
    "hexagons-100k": partial(counts, 100_000, shape="hexagon"),
    "hexagons-1m": partial(counts, 1_000_000, shape="hexagon"),
    "hexagons-10m": partial(counts, 10_000_000, shape="hexagon"),
    "gi_star": partial(gi_star, matrix=False),
    "gi_star-matrix": partial(gi_star, matrix=True),
    "clusters-100k": partial(clusters_small, peer=False),
    "clusters-100k-peer": partial(clusters_small, peer=True),
    "clusters-1m": clusters_large,
}

if __name__ == "__main__":
    asked = sys.argv[1:]
    if len(asked) == 1:
        TASKS[asked[0]]()
    else:
        for name in asked or TASKS:
            subprocess.run([sys.executable, __file__, name], check=True)
