"""The coverage-guided fuzzer, the same few thousand files each time; what it once found stays as a test of the readers."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

# Always the same files, so that this fails on a change and not by luck. Looking for new trouble is a longer run by hand: see the harness.
RUNS, SEED = 2_500, 1
LONGEST = 180
HARNESS = Path(__file__).with_name("fuzz_readers.py")
SUFFIXES = (".csv", ".gz", ".zip", ".xlsx", ".json", ".geojson", ".xml", ".parquet", ".gpkg", ".txt", ".ndjson", ".fgb")
ROWS = pd.DataFrame(
    {
        "id": ["1", "2", "3"],
        "received": ["2024-03-01 23:10", "2024-03-02 01:00", "soon"],
        "nature": ["FIGHT", "NOISE", "=1+1"],
        "address": ["1423 N 35TH ST", "A ST / B AV", ""],
        "lon": ["-88.9", "-88.91", "0"],
        "lat": ["40.9", "40.91", "0"],
    }
)


def seeds(folder: Path) -> None:
    """Write one small good file of each format, its first byte naming the suffix."""
    import geopandas as gpd

    made: dict[str, bytes] = {}
    text = ROWS.to_csv(index=False).encode()
    made[".csv"], made[".gz"], made[".txt"] = text, gzip.compress(text), text.replace(b",", b";")
    points = gpd.GeoDataFrame(
        ROWS.drop(columns=["lon", "lat"]),
        geometry=gpd.points_from_xy(ROWS["lon"].astype(float), ROWS["lat"].astype(float)),
        crs=4326,
    )
    with zipfile.ZipFile(folder / "seed.zip", "w") as archive:
        archive.writestr("calls.csv", text)
    ROWS.to_excel(folder / "seed.xlsx", index=False)
    ROWS.to_parquet(folder / "seed.parquet")
    for suffix in (".geojson", ".gpkg", ".fgb"):
        points.to_file(folder / f"seed{suffix}")
    made[".json"] = json.dumps(ROWS.to_dict("records")).encode()
    made[".ndjson"] = "\n".join(json.dumps(row) for row in ROWS.to_dict("records")).encode()
    made[".xml"] = (
        b'<?xml version="1.0"?><service_requests><request><service_request_id>1</service_request_id><service_name>Graffiti</service_name>'
        b"<requested_datetime>2024-03-01T10:00:00-06:00</requested_datetime><lat>40.9</lat><long>-88.9</long></request></service_requests>"
    )
    for path in folder.glob("seed.*"):
        made[path.suffix] = path.read_bytes()
        path.unlink()
    for number, suffix in enumerate(SUFFIXES):
        (folder / f"good{suffix}").write_bytes(bytes([number]) + made[suffix])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed (extra `heavy`, Linux)")
def test_made_up_files_find_no_crash_no_hang_and_no_lost_row(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds(corpus)
    run = subprocess.run(
        [
            sys.executable, str(HARNESS), f"-runs={RUNS}", f"-seed={SEED}", f"-max_total_time={LONGEST}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=110000",
            f"-artifact_prefix={tmp_path}/", str(corpus),
        ],
        capture_output=True, text=True, timeout=LONGEST + 240, env={**os.environ, "PYTHONHASHSEED": "0", "SARA_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    found = sorted(tmp_path.glob("crash-*")) + sorted(tmp_path.glob("timeout-*")) + sorted(tmp_path.glob("oom-*"))
    assert run.returncode == 0 and not found, f"{found}\n{run.stdout[-1500:]}\n{run.stderr[-3000:]}"
