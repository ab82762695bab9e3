"""A million rows against a hundred thousand segments: ``python benchmarks/bench_geocode.py``.

97,000 different addresses; one in six is a hundred block, a crossing, misspelled, or without its suffix. Times depend on the machine.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from timing import best

import sara

STREETS, STRETCHES, ADDRESSES, ROWS = 2000, 50, 100_000, 1_000_000


def county(draw: np.random.Generator) -> tuple[np.ndarray, gpd.GeoDataFrame]:
    """Return street names and their stretches, a hundred block each, with TIGER's columns."""
    letters = list("ABCDEFGHIKLMNOPRSTUVW")
    names = np.array(
        [f"{'NS'[i % 2]} {''.join(draw.choice(letters, 8))} {['ST', 'AVE', 'RD', 'DR'][i % 4]}" for i in range(STREETS)],
        dtype=object,
    )
    street, k = np.repeat(np.arange(STREETS), STRETCHES), np.tile(np.arange(STRETCHES), STREETS)
    ends = np.stack([np.c_[k * 100.0, street * 80.0], np.c_[k * 100.0 + 100, street * 80.0]], axis=1) + np.array(
        [400_000, 4_500_000]
    )
    columns = {
        "FULLNAME": names[street],
        "LFROMADD": k * 100 + 101,
        "LTOADD": k * 100 + 199,
        "RFROMADD": k * 100 + 100,
        "RTOADD": k * 100 + 198,
    }
    return names, gpd.GeoDataFrame(columns, geometry=shapely.linestrings(ends), crs=32616)


def addresses(names: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return addresses as a dispatch system writes them, mistakes and all."""
    number, street, chance = draw.integers(100, 5100, ADDRESSES), draw.integers(0, STREETS, ADDRESSES), draw.random(ADDRESSES)
    out = []
    for n, s, c in zip(number, street, chance, strict=True):
        name = names[s]
        misspelled = name[:4] + "Z" + name[5:]
        out.append(
            f"{n} {misspelled}" if c < 0.03 else f"{n} {name.rsplit(' ', 1)[0]}" if c < 0.06 else f"{n // 100 * 100} BLOCK OF {name}" if c < 0.16
            else f"{name} / {names[(s + 1) % STREETS]}" if c < 0.18 else f"{n} {name}"
        )  # fmt: skip
    return np.array(out, dtype=object)


def main() -> None:
    """Print what was found and how long it took."""
    draw = np.random.default_rng(1)
    names, streets = county(draw)
    text = addresses(names, draw)[draw.integers(0, ADDRESSES, ROWS)]
    events = sara.as_events(
        pd.DataFrame({"t": pd.date_range("2024-01-01", periods=ROWS, freq="30s"), "where": text}), time="t", place="where"
    )
    print(sara.geocode(events, streets=streets).table.to_string(index=False))
    print(
        f"geocode, {ROWS:,} rows, {len(set(text)):,} addresses, {len(streets):,} segments: {best(lambda: sara.geocode(events, streets=streets), times=1):.1f} s"
    )


if __name__ == "__main__":
    main()
