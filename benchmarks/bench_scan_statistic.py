"""The space-time permutation scan: ``python benchmarks/bench_scan_statistic.py``.

20,000 events of a made-up year in cells of 250 m, circles to 1 km, windows to 28 days, 999 replications: the exact maximum of each. The peer is
a plain loop over the same circles and windows, in NumPy, run in the same process on a few circles of a few replications; its time for the whole
grows with both and is given as such. The first check is that both find the same maximum. Processor seconds are printed beside the clock: on a
machine that others use too, only they tell.

Set ``OMP_NUM_THREADS=1`` and ``OPENBLAS_NUM_THREADS=1``: the search has threads of its own, at most four.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from sara.core.stats.scan import Circles, Expected, circles, likelihood_ratio
from sara.core.stats.scan_search import search, simulated_maxima

SIDE, CELL, STEPS, LONGEST = 15_000, 250, 365, 28
N_EVENTS, N_SIMS = 20_000, 999
# Circles that the plain loop looks at.
TRIED = 60


def city(n: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the centres of cells with events, and each event's cell and day: half an even scatter, half around 60 centres."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(1_000, SIDE - 1_000, (60, 2))
    at = np.r_[rng.uniform(0, SIDE, (n // 2, 2)), centre[rng.integers(0, 60, n - n // 2)] + rng.normal(0, 300, (n - n // 2, 2))]
    cell = np.clip(at, 0, SIDE - 1) // CELL
    codes, place = np.unique(cell[:, 1] * (SIDE // CELL) + cell[:, 0], return_inverse=True)
    x, y = (codes % (SIDE // CELL) + 0.5) * CELL, (codes // (SIDE // CELL) + 0.5) * CELL
    return x, y, place, rng.integers(0, STEPS, n)


def plain(counts: np.ndarray, around: Circles, expected: Expected, centres: np.ndarray) -> tuple[float, int]:
    """Return the maximum over the circles of some centres by looking at every window, and how many circles that were."""
    before, best, done = np.r_[0.0, np.cumsum(expected.time)], 0.0, 0
    for centre in centres:
        for ring in range(around.ring_start[centre + 1] - around.ring_start[centre]):
            inside = around.members(centre, ring)
            held = np.r_[0, np.cumsum(counts[inside].sum(axis=0))]
            e = expected.total * expected.place[inside].sum()
            for length in range(1, LONGEST + 1):
                ratios = likelihood_ratio(
                    held[length:] - held[:-length], e * (before[length:] - before[:-length]), expected.total
                )
                best = max(best, float(ratios.max()))
            done += 1
    return best, done


def main(n: int, n_sims: int) -> None:
    """Print one line for each side."""
    x, y, place, day = city(n)
    share = np.bincount(place, minlength=len(x)) / n
    expected = Expected(n, share, np.bincount(day, minlength=STEPS) / n)
    around = circles(x, y, share, max_radius=1_000, max_share=0.1)
    print(
        f"{n:,} events, {len(x):,} locations, {around.n:,} circles, {STEPS} days, windows to {LONGEST} days, {n_sims} replications"
    )
    start, used = time.perf_counter(), time.process_time()
    maxima = simulated_maxima(
        around, expected, lambda r: place * STEPS + np.random.default_rng([1, r]).permutation(day), n_sims=n_sims, longest=LONGEST
    )
    ours, cpu = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"sara        {ours:10.1f} s on the clock, {cpu:8.1f} s of processors, peak {peak:,.0f} MiB; 95 % of maxima up to {maxima.needed(0.05):.2f}"
    )
    counts = np.bincount(place * STEPS + day, minlength=len(x) * STEPS).reshape(len(x), STEPS)
    some = np.linspace(0, len(x) - 1, TRIED).astype(int)
    used = time.process_time()
    theirs, done = plain(counts, around, expected, some)
    each = (time.process_time() - used) / done
    found = search(around, expected, place * STEPS + day, longest=LONGEST, floor=0.99 * theirs, centres=some)
    same = "the same maximum" if abs(found.llr.max() - theirs) < 1e-9 else "ANOTHER MAXIMUM"
    whole = each * around.n * (n_sims + 1)
    print(
        f"plain loop  {each * 1e3:10.2f} ms a circle ({done} tried, {same}): {whole / 3600:,.1f} h of a processor for all, ratio {cpu / whole:.5f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_EVENTS, int(sys.argv[2]) if len(sys.argv) > 2 else N_SIMS)
