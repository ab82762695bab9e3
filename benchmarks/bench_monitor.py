"""Two thousand weekly series of five years, all weeks of the last year judged: ``python benchmarks/bench_monitor.py [series] [years] [rows]``.

Each part runs in a child process with two threads: seconds, seconds of processor (of a machine that does nothing else it is the same), and the most memory it held. The first is told the counts; the second counts `rows` events of
the same series by area and category first.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "2")
JUDGED = 52


def counts(series: int, years: int) -> Any:
    """Return a table of weekly counts: means of 0.1 to 50, a season, a variance of 1.5 times the mean, and ten rises in the last week."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    weeks = years * 52
    mean = np.geomspace(0.1, 50, series)[:, None] * (1 + 0.3 * np.sin(2 * np.pi * np.arange(weeks) / 52.18))
    n = rng.negative_binomial(mean / 0.5, 1 / 1.5)
    n[:: max(series // 10, 1), -1] += np.ceil(6 * np.sqrt(mean[:: max(series // 10, 1), -1])).astype(int) + 4
    dates = pd.date_range("2020-01-06", periods=weeks, freq="7D")
    return pd.DataFrame(n.T, index=dates, columns=[f"series {k}" for k in range(series)])


def events(series: int, years: int, rows: int) -> Any:
    """Return events of 50 areas and `series` / 50 categories over the same weeks."""
    import numpy as np
    import pandas as pd

    import sara

    rng = np.random.default_rng(1)
    seconds = rng.integers(0, years * 52 * 7 * 86_400, rows)
    kinds = max(series // 50, 1)
    table = pd.DataFrame(
        {
            "when": pd.Timestamp("2020-01-06") + pd.to_timedelta(np.sort(seconds), unit="s"),
            "beat": [f"beat {k}" for k in rng.integers(0, 50, rows)],
            "kind": [f"kind {k}" for k in rng.geometric(min(0.999, 4 / kinds), rows) % kinds],
        }
    )
    return sara.as_events(table, time="when", type="kind")


def measure(part: str, series: int, years: int, rows: int) -> dict[str, Any]:
    """Run one part here and return what it took."""
    import sara

    data = counts(series, years) if part == "counts" else events(series, years, rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, cpu = time.perf_counter(), time.process_time()
    board = sara.trends.monitor(data, last=JUDGED, by=None if part == "counts" else ("beat", "type"))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    board.plot()
    return {
        "part": part, "series": len(board.table), "judged": len(board.judged), "alarms": int(board.judged["alarm"].sum()), "seconds": seconds, "cpu": cpu,
        "drawn": time.perf_counter() - start, "before_mb": before, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main(series: int, years: int, rows: int) -> None:
    """Run every part in a process of its own and print a line for each."""
    for part in ("counts", "events"):
        command = [sys.executable, __file__, "--part", part, str(series), str(years), str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **THREADS})
        if done.returncode:
            print(f"{part}: {done.stderr.strip().splitlines()[-1]}")
            continue
        o = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"{part:8} {o['seconds']:6.1f} s ({o['cpu']:.1f} s of processor) + {o['drawn']:.1f} s for the page, {o['peak_mb']:6,.0f} MB ({o['before_mb']:,.0f} before): "
            f"{o['series']:,} series, {o['judged']:,} weeks judged, {o['alarms']} alarms"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(measure(sys.argv[2], *map(int, sys.argv[3:6]))))
    else:
        given = [int(value.replace("_", "")) for value in sys.argv[1:4]]
        main(*(given + [2_000, 5, 1_000_000][len(given) :]))
