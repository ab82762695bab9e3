"""Emerging hot spots of a million points and 24 months, and Knox's test: ``python benchmarks/bench_emerging.py [cell size ...]``.

No program for emerging hot spots can be installed beside sara and run without a licence or R, so the peer is what an analyst would
write: esda's Gi* step by step (analytic, its fastest), then Mann-Kendall by SciPy's Kendall tau, cell by cell. It does less: no neighbours in time,
no exact p-values, no patterns. Its weights are built before and do not count; sara's whole call does, from the table of events on. Seconds
are those of the processor, so that other work on the machine does not count; sara's are the best of three.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

import sara
from sara.core.grid import Grid
from sara.core.stats.knox import knox
from sara.core.stats.mann_kendall import mann_kendall
from sara.hotspots._emerging import _numbers

N, MONTHS, SIDE = 1_000_000, 24, 16_000
# In the middle of the zone of EPSG:32616.
WEST, SOUTH = 450_000, 4_500_000


def city() -> gpd.GeoDataFrame:
    """Return made-up calls: half of them even, half around 400 corners, some of which come up late."""
    rng = np.random.default_rng(1)
    corner, late = rng.uniform(500, SIDE - 500, (400, 2)), rng.random(400) < 0.1
    which = rng.integers(0, 400, N // 2)
    x = np.r_[rng.uniform(0, SIDE, N // 2), rng.normal(corner[which, 0], 120)]
    y = np.r_[rng.uniform(0, SIDE, N // 2), rng.normal(corner[which, 1], 120)]
    day = np.r_[rng.integers(0, 731, N // 2), np.where(late[which], rng.integers(600, 731, N // 2), rng.integers(0, 731, N // 2))]
    table = pd.DataFrame(
        {
            "when": pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D"),
            "east": WEST + np.clip(x, 1, SIDE - 1),
            "north": SOUTH + np.clip(y, 1, SIDE - 1),
        }
    )
    return sara.as_events(table, time="when", x="east", y="north", crs=32616)


def seconds(call: Callable[[], Any], times: int = 3) -> float:
    """Return the least processor time of some runs."""
    out = []
    for _ in range(times):
        start = time.process_time()
        call()
        out.append(time.process_time() - start)
    return min(out)


def theirs(cube: np.ndarray, rows: int, columns: int) -> tuple[float, float]:
    """Return seconds of esda's Gi* for all steps, and of SciPy's Kendall tau for all cells (from 1,000 of them)."""
    import esda
    from libpysal.weights import fill_diagonal, lat2W
    from scipy.stats import kendalltau

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = fill_diagonal(lat2W(rows, columns, rook=False), 1.0)

        def steps() -> None:
            for k in range(cube.shape[1]):
                esda.G_Local(cube[:, k].astype(float), weights, transform="B", star=True, permutations=0)

        star = seconds(steps, times=1)
        some = np.random.default_rng(1).choice(len(cube), 1_000, replace=False)
        months = np.arange(cube.shape[1])
        tau = seconds(lambda: [kendalltau(months, cube[i]) for i in some], times=1) * len(cube) / 1_000
    return star, tau


def main(sizes: list[float]) -> None:
    """Print one line per cell size, and two of Knox's test."""
    events, area = city(), gpd.GeoSeries([box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)], crs=32616)
    print(f"emerging, {N:,} points, {MONTHS} months, seconds")
    print(
        "| cell, m | cells | sara | of it the numbers | esda steps | SciPy trends | ratio |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for size in sizes:
        whole = seconds(partial(sara.hotspots.emerging, events, area=area, cell_size=size))
        grid = Grid.over(area.iloc[0], cell_size=size)
        code = grid.locate(events["x"].to_numpy(), events["y"].to_numpy())
        month = (events["time"].dt.year.to_numpy() - 2023) * 12 + events["time"].dt.month.to_numpy() - 1
        cube = np.bincount(code * MONTHS + month, minlength=grid.n_cells * MONTHS).reshape(-1, MONTHS)
        links = grid.neighbours()
        inner = seconds(partial(_numbers, cube, np.ones(MONTHS, dtype=bool), links, time_lag=1, confidence=0.95, adjust=True))
        star, tau = theirs(cube, *grid.member.shape)
        print(
            f"| {size:g} | {grid.n_cells:,} | {whole:.2f} | {inner:.2f} | {star:.2f} | {tau:.2f} | {(star + tau) / whole:.1f} |"
        )
    rng = np.random.default_rng(2)
    series = rng.poisson(4, (40_000, MONTHS))
    print(f"Mann-Kendall of 40,000 series of 24: {seconds(lambda: mann_kendall(series)):.2f} s")
    for n in (10_000, 50_000):
        x, y, day = rng.uniform(0, SIDE, n), rng.uniform(0, SIDE, n), rng.integers(0, 730, n)
        for deals in (99, 999):
            run = partial(knox, x, y, day, distances=(0, 1, 100, 200, 300), days=(0, 7, 14), n_sims=deals)
            print(f"Knox, {n:,} points, 8 bands, {deals} deals: {seconds(run, times=2):.2f} s")


if __name__ == "__main__":
    main([float(value) for value in sys.argv[1:]] or [200.0, 100.0])
