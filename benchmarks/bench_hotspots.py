"""Maps against their peers in the same run: ``python benchmarks/bench_hotspots.py``.

Prints ratios (sara's time over the peer's, both best of three) on a made-up city of 20 x 20 km. Times depend on the machine; ratios travel.
With more than one core, set ``OMP_NUM_THREADS=1`` and ``OPENBLAS_NUM_THREADS=1`` so that both sides use one.
"""

from __future__ import annotations

import resource
import warnings

import numpy as np
from shapely.geometry import box
from timing import best

from sara.core.grid import Grid
from sara.hotspots._clusters import _numbers as cluster_numbers
from sara.hotspots._gi_star import _numbers as gi_star_numbers
from sara.hotspots._gi_star import _raster_numbers

SIDE = 20_000.0


def city(n: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return points of a city: half an even scatter, half around 60 centres."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(1_000, SIDE - 1_000, (60, 2))
    at = np.r_[rng.uniform(0, SIDE, (n // 2, 2)), centre[rng.integers(0, 60, n - n // 2)] + rng.normal(0, 300, (n - n // 2, 2))]
    at = np.clip(at, 0, SIDE)
    return at[:, 0], at[:, 1]


def say(task: str, ours: float, peer: str, theirs: float | None) -> None:
    """Print one line of the table."""
    ratio = "" if theirs is None else f"{theirs:8.3f} s  ratio {ours / theirs:6.2f}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{task:<44} {ours:8.3f} s   {peer:<24} {ratio}   peak so far {peak:,.0f} MiB", flush=True)


def counts() -> None:
    """Time the count of a million points in 40,000 cells."""
    x, y = city(1_000_000)
    edges = np.arange(0, SIDE + 1, 100)
    grid = Grid.over(box(0, 0, SIDE, SIDE), cell_size=100)
    ours = best(lambda: grid.counts(grid.locate(x, y)))
    say(
        "count, 1,000,000 points, 40,000 cells",
        ours,
        "numpy.histogram2d",
        best(lambda: np.histogram2d(x, y, bins=[edges, edges])),
    )


def gi_star() -> None:
    """Time Gi* of 160,000 cells, by shifted sums and by matrix."""
    x, y = city(1_000_000)
    grid = Grid.over(box(0, 0, SIDE, SIDE), cell_size=50)
    raster = grid.counts(grid.locate(x, y))
    ours = best(lambda: _raster_numbers(raster, grid.member, queen=True))
    theirs = None
    try:
        from esda import G_Local
        from libpysal.weights import lat2W

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            w = lat2W(*raster.shape, rook=False)
            theirs = best(lambda: G_Local(raster.ravel(), w, transform="B", star=True, permutations=0), times=1)
            say("Gi*, same, through a matrix", best(lambda: gi_star_numbers(raster.ravel(), w.sparse)), "esda G_Local", theirs)
    except ImportError:
        pass
    say("Gi*, 160,000 cells, queen", ours, "esda G_Local", theirs)


def clusters() -> None:
    """Time DBSCAN on 100,000 points against scikit-learn, and on a million where that runs out of memory."""
    x, y = city(100_000)
    weight = np.ones(len(x))
    ours = best(lambda: cluster_numbers(x, y, weight, eps=100, least=20), times=1)
    theirs = None
    try:
        from sklearn.cluster import DBSCAN

        theirs = best(lambda: DBSCAN(eps=100, min_samples=20).fit(np.c_[x, y]), times=1)
    except ImportError:
        pass
    say("clusters, 100,000 points, eps 100", ours, "sklearn DBSCAN", theirs)
    x, y = city(1_000_000)
    ours = best(lambda: cluster_numbers(x, y, np.ones(len(x)), eps=300, least=500, total_km2=400.0), times=1)
    say("clusters, 1,000,000 points, eps 300", ours, "sklearn: out of 12 GiB", None)


if __name__ == "__main__":
    counts()
    gi_star()
    clusters()
