"""The scanning report and its numbers on a large Parquet folder: ``python benchmarks/bench_scan.py [rows] [folder]``.

Each part runs once in a child process with two threads: seconds, and the most memory it held. The last line is DuckDB's own
``count(*) ... group by category, place`` over the same files in the same run.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PARTS = ("report", "board", "concentration", "series", "clock", "count")


def measure(part: str, folder: Path) -> dict[str, Any]:
    """Run one part here and return what it took."""
    files = f"{folder}/*.parquet"
    start = time.perf_counter()
    if part == "count":
        import duckdb

        connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
        found = len(connection.sql(f"SELECT category, place, count(*) FROM '{files}' GROUP BY category, place").fetchall())
    else:
        import sara

        source = sara.open_events(folder)
        jobs = {
            "report": lambda: _report(folder).scanned.board,
            "board": lambda: sara.scan.problems(source),
            "concentration": lambda: sara.scan.concentration(source),
            "series": lambda: sara.trends.series(source, freq="MS"),
            "clock": lambda: sara.trends.clock(source),
        }
        start = time.perf_counter()
        found = len(jobs[part]().table)
    seconds = time.perf_counter() - start
    return {"part": part, "rows": found, "seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _report(folder: Path) -> Any:
    """Write the page and the workbook that ``sara scan folder`` writes."""
    from sara._scan_report import scan_report

    with tempfile.TemporaryDirectory() as out:
        return scan_report(folder, out=Path(out))


def main(rows: int, folder: Path) -> None:
    """Make the data where there are none, run every part in a process of its own, and print a line for each."""
    if not folder.exists():
        from big_data import parquet

        parquet(folder, rows)
    out = []
    for part in PARTS:
        done = subprocess.run(
            [sys.executable, __file__, "--part", part, str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{part}: {done.stderr.strip().splitlines()[-1]}")
            continue
        out.append(json.loads(done.stdout.strip().splitlines()[-1]))
    count = next((o["seconds"] for o in out if o["part"] == "count"), float("nan"))
    for o in out:
        print(
            f"{o['part']:14} {o['seconds']:8.1f} s  {o['peak_mb']:7,.0f} MB  {o['seconds'] / count:6.1f} x DuckDB's count  ({o['rows']:,} rows of answer)"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
    else:
        n = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 5_000_000
        main(n, Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir()) / f"sara-scan-{n}")
