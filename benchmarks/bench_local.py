"""Gi* and local Moran with permutation inference against esda, in the same run: ``python benchmarks/bench_local.py [cells a side ...]``.

Each line runs in a process of its own, on one core, so that its peak memory is its own. sara's time starts from the counts of the cells
and includes finding the neighbours; esda's does not: its weights are built before, and its functions are compiled before (both
are given apart). Seconds are those of the processor, so that other work on the machine does not count; sara's are the best of three. Ratios
travel. esda needs numba to be fast, and is skipped where either is missing.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
import warnings
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from shapely.geometry import box

N_SIMS = 999
# 8 neighbours: those that touch; 80: centres within five cells.
REACH = {8: None, 80: 5.0}


def raster(side: int) -> np.ndarray:
    """Return made-up counts: an uneven scatter of one in two cells, and one cell in 400 that holds 20 to 300."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(rng.gamma(0.4, 1.25, (side, side)))
    busy = rng.random((side, side)) < 1 / 400
    return (counts + busy * rng.integers(20, 300, (side, side))).astype(float)


def ours(side: int, neighbours: int, method: str, inference: str) -> tuple[float, float]:
    """Return seconds and MiB of sara."""
    from sara.core.grid import Grid
    from sara.hotspots._gi_star import _standardize
    from sara.hotspots._local.around import around
    from sara.hotspots._local.chance import chance
    from sara.hotspots._local_moran import _of_sums

    values, cells = raster(side).ravel(), Grid.over(box(0, 0, side, side), cell_size=1)
    times = []
    for _ in range(3):
        start = time.process_time()
        near = around(cells, values, contiguity="queen", distance=REACH[neighbours])
        size = near.size.astype(float)
        star = method == "G_Local"
        z = (
            _standardize(near.sums + values, size + 1, size + 1, values).z
            if star
            else _of_sums(values, near.sums, size, 1 / size).z
        )
        found = chance(
            values, near, z, inference=inference, dealt=star, n_sims=N_SIMS, seed=1, words=("cell", "cells"), confidence=0.95
        )
        times.append(time.process_time() - start)
    assert np.isfinite(found.p).all()
    return min(times), _peak()


def theirs(side: int, neighbours: int, method: str) -> tuple[float, float, float, float]:
    """Return seconds and MiB of esda, seconds to compile, seconds to build its weights."""
    import esda
    from libpysal.graph import Graph

    from sara.core.grid import Grid

    warnings.simplefilter("ignore")

    def run(a_side: int) -> tuple[float, float]:
        cells = Grid.over(box(0, 0, a_side, a_side), cell_size=1)
        start = time.process_time()
        w = Graph.from_sparse(cells.neighbours("queen", REACH[neighbours]))
        built = time.process_time()
        more: dict[str, Any] = {"transform": "B", "star": True} if method == "G_Local" else {}
        getattr(esda, method)(raster(a_side).ravel(), w, permutations=N_SIMS, n_jobs=1, seed=1, keep_simulations=False, **more)
        return built - start, time.process_time() - built

    compile_seconds = sum(run(20))
    weights_seconds, seconds = run(side)
    return seconds, _peak(), compile_seconds, weights_seconds


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(task: Any, *args: Any) -> Any:
    """Run in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(task, args)


def main(sides: list[int]) -> None:
    """Print the table."""
    try:
        import esda  # noqa: F401
        import numba  # noqa: F401

        peer = True
    except ImportError:
        peer = False
        print("esda or numba is missing: sara alone")
    for side in sides:
        for neighbours in REACH:
            for method in ("G_Local", "Moran_Local"):
                found = {how: apart(ours, side, neighbours, method, how) for how in ("exact", "permutation")}
                line = f"{side**2:>8,} cells, {neighbours:>2} neighbours, {method:<11}"
                for how, (seconds, peak) in found.items():
                    print(f"{line} sara {how:<12} {seconds:8.3f} s  {peak:6,.0f} MiB", flush=True)
                if peer:
                    seconds, peak, compiled, weights = apart(theirs, side, neighbours, method)
                    print(
                        f"{line} esda {N_SIMS} draws    {seconds:8.3f} s  {peak:6,.0f} MiB   compiles {compiled:.1f} s, weights {weights:.1f} s   "
                        + ", ".join(f"{seconds / s:,.0f}x {how}" for how, (s, _) in found.items()),
                        flush=True,
                    )


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [200, 400])
