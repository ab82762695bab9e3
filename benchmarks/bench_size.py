"""What size costs: ``python benchmarks/bench_size.py [xlsx] [convert] [counts] [--rows N]``.

Each line runs in a process of its own, so that the peak of memory is its own; a peer does the plain part of the same work in the same run. Times
depend on the machine; ratios travel. ``xlsx``: 50,000 rows of a workbook to audited events. ``convert``: a CSV of N rows (1,000,000) to
Parquet, then its audit. ``counts``: reductions of N rows (10,000,000) of Parquet.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

HERE = Path(__file__).resolve().parent
CALLS = HERE.parent / "data" / "riverton" / "calls.csv.gz"
# Runs a task alone and says its seconds and the peak of its memory; imports are not counted in the seconds.
CHILD = """
import sys, time, warnings
warnings.simplefilter("ignore")
{setup}
start = time.perf_counter()
{task}
seconds = time.perf_counter() - start
try:
    # Linux hands the peak of the parent on to getrusage of the child; this one is the child's own.
    peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
except OSError:
    try:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    except ImportError:
        peak = float("nan")
print(f"{{seconds:.3f}} {{peak:.0f}}")
"""


def alone(task: str, setup: str = "import sara, sara.data") -> tuple[float, float]:
    """Return seconds and peak megabytes of a task in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(setup=setup, task=task)], capture_output=True, text=True, check=True
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def say(task: str, ours: tuple[float, float], peer: str, theirs: tuple[float, float]) -> None:
    """Print one line of the table."""
    print(
        f"{task:<44} {ours[0]:9.2f} s {ours[1]:6.0f} MB   {peer:<34} {theirs[0]:9.2f} s {theirs[1]:6.0f} MB   ratio {ours[0] / theirs[0]:7.2f}",
        flush=True,
    )


def xlsx(folder: Path, rows: int = 50_000) -> None:
    """Audit a workbook, as a small agency would."""
    import pandas as pd

    path = folder / "calls.xlsx"
    pd.read_csv(CALLS, dtype=str, nrows=rows).to_excel(path, index=False)
    ours = alone(f"sara.audit(sara.read_calls({str(path)!r}))")
    theirs = alone(f"pandas.read_excel({str(path)!r}, engine='calamine', dtype=str)", "import pandas")
    say(f"xlsx to audited events, {rows:,} rows", ours, "pandas.read_excel (calamine)", theirs)


def convert(folder: Path, rows: int) -> None:
    """Convert a CSV and audit what came of it."""
    from big_data import csv

    path, to = csv(folder / "calls.csv", rows), folder / "calls.parquet"
    # In parts, as the whole of ten million rows as text would not fit in the memory that this is held to.
    plain = alone(f"sum(len(part) for part in pandas.read_csv({str(path)!r}, dtype=str, chunksize=1_000_000))", "import pandas")
    count = alone(
        f"duckdb.sql(\"select CallType, count(*) from read_csv('{path}', all_varchar=true) group by all\").fetchall()",
        "import duckdb",
    )
    ours = alone(f"sara.convert({str(path)!r}, {str(to)!r})")
    gate = alone(f"sara.audit({str(to)!r})")
    say(f"convert, {rows:,} rows ({path.stat().st_size / 1e9:.2f} GB)", ours, "pandas.read_csv as text", plain)
    say("audit of the converted file", gate, "pandas.read_csv as text", plain)
    both = ours[0] + gate[0], max(ours[1], gate[1])
    say("convert and audit", both, "pandas.read_csv as text", plain)
    say("", both, "DuckDB's count by type on the CSV", count)


def counts(folder: Path, rows: int) -> None:
    """Count rows of Parquet as the methods do, and as DuckDB's own SQL does."""
    from big_data import parquet

    where = parquet(folder / "events", rows)
    files = f"read_parquet('{where}/*.parquet')"
    setup = f"import sara, sara.hotspots, sara.trends\nfrom sara.core.engine import counts_by, counts_by_cell\nsource = sara.open_events({str(where)!r})"
    area = "sara.datasets.load('riverton_areas')"
    pairs = [
        ("counts by category", "counts_by(source, 'category')", "select category, count(*)"),
        (
            "counts by cell of 250 m",
            "counts_by_cell(source, origin=(0, 0), size=250)",
            "select floor(x / 250), floor(y / 250), count(*)",
        ),
        ("hotspots.gi_star", f"sara.hotspots.gi_star(source, area={area})", "select x, y, count(*)"),
        (
            "hotspots.clusters",
            f"sara.hotspots.clusters(source.where(\"category == 'disorder'\"), area={area})",
            "select x, y, count(*)",
        ),
        (
            "trends.series by category",
            "sara.trends.series(source, by='category')",
            "select t_local // 604800, category, count(*)",
        ),
        ("trends.clock", "sara.trends.clock(source)", "select dow, hour, count(*)"),
    ]
    for name, task, select in pairs:
        theirs = alone(f'duckdb.sql("""{select} from {files} group by all""").fetchall()', "import duckdb")
        say(f"{name}, {rows:,} rows", alone(task, setup), f"DuckDB: {select[7:30]}...", theirs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["xlsx", "convert", "counts"])
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")))
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        for what in given.what:
            if what == "xlsx":
                xlsx(Path(temporary))
            elif what == "convert":
                convert(Path(temporary), given.rows or 1_000_000)
            else:
                counts(Path(temporary), given.rows or 10_000_000)
