"""Large tables out of the synthetic city, for the benchmarks: ``python benchmarks/big_data.py parquet /tmp/big 100_000_000``.

Rows are drawn from Riverton's calls with their place, type and time of week and spread over ten years, so that days, weeks and places are those
of a city; only there are more of them. ``parquet`` writes a folder of event tables, one file a month, in the order of time; ``csv`` a file as
the city would publish it. Both are written part by part, in about 1 GB of memory, and are the same for the same number of rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

import sara

CALLS = Path(__file__).resolve().parents[1] / "data" / "riverton" / "calls.csv.gz"
FIRST, MONTHS = "2015-01", 120
# A whole number of weeks, nearly a year: weekdays stay what they are.
YEAR = 364 * 86_400
TEXTS = ("source", "type", "category", "origin", "priority", "disposition", "channel", "address", "place", "area", "caller")
ROW_GROUP = 250_000
# How the city writes a time.
STAMP = "%m/%d/%Y %H:%M:%S"


def parquet(folder: Path, rows: int) -> Path:
    """Write a folder of `rows` events, one Parquet file a month, sorted by time; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = sara.datasets.load("riverton_calls")
    calls = calls[calls["t_local"].notna()]
    texts = {name: pd.factorize(calls[name].astype(object)) for name in TEXTS}
    month = calls["month"].to_numpy(dtype=np.int64)
    by_month = {number: np.flatnonzero(month == number) for number in range(1, 13)}
    t = calls["t_local"].to_numpy(dtype=np.int64)
    offset = (calls["t_local"] - calls["t"]).to_numpy(dtype=np.int64)
    starts = pd.date_range(FIRST, periods=MONTHS + 1, freq="MS")
    record = {
        **{key: calls.attrs["sara"][key] for key in ("source", "zone", "time_from", "time_precision", "default_points", "decimals")},
        "coverage": [f"{starts[0]:%Y-%m-%d}", f"{starts[-1]:%Y-%m-%d}"],
        "file": "big", "rows_read": rows, "rows_rejected": 0, "sorted": True, "crs": calls.crs.to_string(),
    }  # fmt: skip
    written = 0
    for i in range(MONTHS):
        n = rows * (i + 1) // MONTHS - written
        rng = np.random.default_rng([7, i])
        low, high = (int(starts[i + j].timestamp()) for j in (0, 1))
        drawn = rng.choice(by_month[starts[i].month], n)
        # The same hour of the same weekday, in a week of this month.
        at = t[drawn] % (7 * 86_400) + rng.integers(-900, 900, n)
        weeks = (high - low) // (7 * 86_400) + 1
        at = low + (at - low) % (7 * 86_400) + 7 * 86_400 * rng.integers(0, weeks, n)
        at = np.where(at >= high, at - 28 * 86_400, at)
        order = np.argsort(at, kind="stable")
        drawn, at = drawn[order], at[order]
        table = _events(calls, texts, drawn, at, at - offset[drawn], written)
        table = table.replace_schema_metadata({b"sara": json.dumps(record).encode()})
        pq.write_table(table, folder / f"calls-{starts[i]:%Y-%m}.parquet", row_group_size=ROW_GROUP, compression="zstd")
        written += n
    return folder


def _events(calls: pd.DataFrame, texts: dict[str, Any], drawn: np.ndarray, at: np.ndarray, t: np.ndarray, first: int) -> pa.Table:
    day = at // 86_400
    columns: dict[str, Any] = {
        "id": pa.array(np.arange(first, first + len(at))).cast(pa.string()),
        "time": pa.array(at * 1_000_000, pa.timestamp("us")),
        "t": t,
        "t_local": at,
        "month": (day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.int8),
        "dow": ((day + 3) % 7).astype(np.int8),
        "hour": (at % 86_400 // 3_600).astype(np.int8),
    }
    for name, (codes, values) in texts.items():
        columns[name] = _text(codes[drawn], values)
    for name in ("x", "y"):
        values = calls[name].to_numpy(dtype=float)[drawn]
        columns[name] = pa.array(values, mask=np.isnan(values))
    columns["n_reports"] = np.ones(len(at), dtype=np.int64)
    return pa.table(columns)


def _text(code: np.ndarray, values: Any) -> pa.DictionaryArray:
    """Return text as a dictionary of the values that occur."""
    there = np.zeros(len(values), dtype=bool)
    there[code[code >= 0]] = True
    place = np.cumsum(there) - 1
    index = pa.array(place[code].astype(np.int32), mask=code < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(np.asarray(values, dtype=object)[there]), pa.string()))


def csv(path: Path, rows: int, *, part: int = 500_000) -> Path:
    """Write one CSV of `rows` calls as Riverton publishes them, in the order of time within each part; return the path."""
    raw = pd.read_csv(CALLS, dtype=str)
    stamps = ["CallReceived", "Dispatched", "Arrived", "Cleared"]
    times = {name: pd.to_datetime(raw[name], errors="coerce", format=STAMP) for name in stamps}
    ok = times[stamps[0]].notna().to_numpy()
    raw, times = raw[ok], {name: column[ok].to_numpy(dtype="datetime64[s]").astype(np.int64) for name, column in times.items()}
    missing = {name: column == np.iinfo(np.int64).min for name, column in times.items()}
    texts = {name: pd.factorize(raw[name]) for name in raw.columns if name not in stamps}
    schema = pa.schema([(name, pa.string()) for name in raw.columns])
    with pcsv.CSVWriter(path, schema, write_options=pcsv.WriteOptions(quoting_style="none")) as writer:
        for first in range(0, rows, part):
            n = min(part, rows - first)
            rng = np.random.default_rng([8, first])
            drawn = rng.integers(0, len(raw), n)
            shift = YEAR * rng.integers(-8, 1, n) + rng.integers(-900, 900, n)
            order = np.argsort(times[stamps[0]][drawn] + shift, kind="stable")
            drawn, shift = drawn[order], shift[order]
            columns: dict[str, Any] = {}
            for name in raw.columns:
                if name in stamps:
                    values = pa.array(times[name][drawn] + shift, pa.timestamp("s"), mask=missing[name][drawn])
                    columns[name] = pc.strftime(values, format=STAMP)
                elif name == "IncidentNumber":
                    columns[name] = pa.array(np.arange(first, first + n)).cast(pa.string())
                else:
                    codes, unique = texts[name]
                    columns[name] = _text(codes[drawn], unique).cast(pa.string())
            writer.write_table(pa.table(columns, schema=schema))
    return path


if __name__ == "__main__":
    what, where, how_many = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3].replace("_", ""))
    print({"parquet": parquet, "csv": csv}[what](where, how_many))
