"""Reading, checking and joining against their peers in the same run: ``python benchmarks/bench_data.py``.

Prints ratios on the synthetic city's calls, for the join repeated to a million points. Times depend on the machine; ratios travel.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd
from timing import best

import sara

CALLS = Path(__file__).resolve().parents[1] / "data" / "riverton" / "calls.csv.gz"


def say(task: str, ours: float, peer: str, theirs: float) -> None:
    """Print one line of the table."""
    print(f"{task:<52} {ours:8.3f} s   {peer:<40} {theirs:8.3f} s   ratio {ours / theirs:6.2f}", flush=True)


def reading() -> None:
    """Read the calls: bytes to event table, against bytes to a frame of text with its times parsed."""

    def plain() -> None:
        frame = pd.read_csv(CALLS, dtype=str)
        for column in ("CallReceived", "Dispatched", "Arrived", "Cleared"):
            pd.to_datetime(frame[column], errors="coerce", format="%Y-%m-%d %H:%M:%S")

    say("read_calls, 151,000 rows", best(lambda: sara.read_calls(CALLS)), "pandas.read_csv and to_datetime", best(plain))
    events = sara.read_calls(CALLS)
    with TemporaryDirectory() as folder:
        parquet = Path(folder) / "calls.parquet"
        pd.DataFrame(events.drop(columns="geometry")).to_parquet(parquet)
        say(
            "audit, 151,000 rows",
            best(lambda: sara.audit(events)),
            "pandas.read_parquet of the same",
            best(lambda: pd.read_parquet(parquet)),
        )
    day = events["time"].dt.floor("30min")
    say(
        "dedupe, 151,000 rows",
        best(lambda: sara.dedupe(events)),
        "drop_duplicates by half hour and place",
        best(lambda: events.assign(day=day).drop_duplicates(["day", "place", "category"])),
    )


def areas() -> None:
    """Join a million points to the neighbourhoods."""
    city = sara.datasets.load("riverton_areas")
    events = sara.datasets.load("riverton_calls").dropna(subset=["x"])
    many = gpd.GeoDataFrame(
        pd.concat([pd.DataFrame(events)] * (1 + 1_000_000 // len(events)), ignore_index=True), geometry="geometry", crs=events.crs
    )
    many = many.iloc[:1_000_000]
    metric = city.to_crs(many.crs)
    joined: dict[str, int] = {}

    def peer() -> None:
        joined["rows"] = len(gpd.sjoin(many[["geometry"]], metric[["name", "geometry"]], how="left", predicate="intersects"))

    say(
        "within, 1,000,000 points, 18 areas",
        best(lambda: sara.within(many, city), times=1),
        "geopandas.sjoin",
        best(peer, times=1),
    )
    print(f"{'':<52} rows out: sara {len(many):,}, sjoin {joined['rows']:,} (a point on an edge is there twice)")


if __name__ == "__main__":
    reading()
    areas()
