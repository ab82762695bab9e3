"""Does `persistence` earn its place? Rolling origins on published files: `SARA_REAL_DATA=... python benchmarks/bench_persistence.py [mark|series|untouched|counts|cells]`.

Prints the tables of docs/hotspots/persistence.md and docs/hotspots/compare.md. Every map is made from before its period only, all maps get the
same ground. The maps and reaches of `persistence` were decided on the series of `SERIES`; those of `UNTOUCHED` were run once, at the end.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

import sara
from sara.hotspots import compare

REAL = Path(os.environ.get("SARA_REAL_DATA", ""))
SQUARE_MILE = 1.609344**2
KM2 = [0.25 * SQUARE_MILE, 0.75 * SQUARE_MILE]
SIMPLE = {
    "all counts": "all counts", "last year": "last year", "kde 400 m": "kde", "kde 400 m, 2 years": ("kde", {"history": "24MS"}),
    "kde 200 m": ("kde", {"bandwidth": 200}), "gi_star": "gi_star",
}  # fmt: skip
# file, kind, areas, category, first origin, end, months a period
Case = tuple[str, str, str | None, str | None, str, str, int]
SERIES: dict[str, Case] = {
    "Portland, burglary": ("portland/crimes_bur.csv", "calls", "portland/portland-police-districts.zip", None, "2014-06-01", "2017-06-01", 3),
    "Portland, vehicle theft": ("portland/crimes_veh.csv", "calls", "portland/portland-police-districts.zip", None, "2014-06-01", "2017-06-01", 3),
    "Chicago, burglary": ("chicago/burglary_2011-07_2014-11.csv.gz", "calls", "chicago/chicago_neighborhoods.geojson", "burglary", "2013-01-01", "2014-10-01", 3),
    **{
        f"Seattle, {name}": ("seattle/seattle_911_2015.csv.gz", "calls", "seattle/seattle_neighborhoods.geojson", name, "2015-07-01", "2015-12-30", 1)
        for name in ("theft", "burglary", "disorder", "vehicle theft", "assault")
    },
    **{f"Riverton, {name}": ("riverton", "calls", None, name, "2023-06-01", "2025-03-01", 3) for name in ("disorder", "theft", "vehicle theft", "traffic collision")},
}  # fmt: skip
UNTOUCHED: dict[str, Case] = {
    "Chicago, 311 sanitation": ("chicago/sanitation_code_complaints_2011_2014.csv.gz", "complaints", "chicago/chicago_neighborhoods.geojson", "sanitation", "2012-07-01", "2015-01-01", 3),
    **{
        f"Boston, 311 {name}": ("boston/311_service_requests_2011.zip", "complaints", "boston/boston_neighborhoods.geojson", name, "2011-10-01", "2012-01-01", 1)
        for name in ("sanitation", "road", "street light")
    },
    **{f"Montgomery, {name}": ("montgomery/911.csv.gz", "calls", None, name, "2016-04-01", "2016-08-01", 1) for name in ("medical", "traffic collision", "fire")},
}  # fmt: skip


def load(case: Case) -> tuple[gpd.GeoDataFrame, Any]:
    """Return events and study area of a case."""
    file, kind, areas, category, *_ = case
    if file == "riverton":
        events, area = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    else:
        crs = 2913 if file.startswith("portland") else None
        events = (sara.read_calls if kind == "calls" else sara.read_complaints)(REAL / file, crs=crs)
        area = None
        if areas is not None:
            path = f"zip://{REAL / areas}" if areas.endswith("zip") else REAL / areas
            area = gpd.read_file(path)
    return events if category is None else events[events["category"] == category], area


def runs(cases: dict[str, Case], methods: Any, **options: Any) -> Iterator[tuple[str, Any]]:
    for name, case in cases.items():
        events, area = load(case)
        *_, start, end, months = case
        since = time.perf_counter()
        found = compare(
            methods, events, area=area, start=start, end=end, horizon=f"{months}MS", km2=KM2, **{"cell_size": "600ft", **options}
        )
        print(f"<!-- {name}: {found.n_periods} periods, {time.perf_counter() - since:.0f} s -->", file=sys.stderr, flush=True)
        yield name, found


def against_simple(cases: dict[str, Case], **options: Any) -> None:
    """Print mean PAI of persistence and of the best simple map of each series, with the paired interval of the difference."""
    print("| series | periods | km2 | persistence | best simple map | persistence less it | chooser | second best |")
    print("|---|---|---|---|---|---|---|---|")
    for name, found in runs(cases, {"persistence": "persistence", **SIMPLE}, **options):
        for km2, rows in found.table.groupby("km2", sort=True):
            rows = rows.set_index("method")
            simple = rows.loc[list(SIMPLE)].sort_values("pai", ascending=False)
            mine, best = rows.loc["persistence"], simple.index[0]
            low, high = gap(found, km2, "persistence", best)
            print(
                f"| {name} | {found.n_periods} | {km2:.2f} | {mine['pai']:.2f} | {best} {simple['pai'].iloc[0]:.2f} | {mine['pai'] - simple['pai'].iloc[0]:+.2f} "
                f"({low:+.2f} to {high:+.2f}) | {rows.loc['chosen by its own record', 'pai']:.2f} | {simple.index[1]} {simple['pai'].iloc[1]:.2f} |", flush=True,
            )  # fmt: skip


def gap(found: Any, km2: float, one: str, other: str) -> tuple[float, float]:
    """Return the paired interval of the difference of two methods."""
    from sara.hotspots._compare import _drawn_means, _widened

    area = found.table.loc[found.table["km2"] == km2, "area"].iloc[0]
    pai = found.periods[found.periods["area"] == area].pivot(index="start", columns="method", values="pai").dropna()
    draws = _drawn_means(pai, n_sims=1999, seed=1)
    low, high = _widened((draws[one] - draws[other]).to_frame("gap"), len(pai), 0.95)
    return float(low["gap"]), float(high["gap"])


def mark() -> None:
    """Print Portland with equal counts in both orders."""
    cases = {name: case for name, case in SERIES.items() if name.startswith("Portland")}
    for ties in ("lowest", "expected"):
        print(f"\nties: {ties}\n")
        for name, found in runs(cases, {"persistence": "persistence", **SIMPLE}, ties=ties):
            print(name)
            print(found.table.pivot(index="method", columns="km2", values="pai").round(2).to_string())


def counts() -> None:
    """Print whether the counts come true: all of them, those of cells by how many were expected, and the chances to be among the worst."""
    kept = (
        "Portland, burglary",
        "Portland, vehicle theft",
        "Chicago, burglary",
        "Seattle, theft",
        "Seattle, disorder",
        "Riverton, disorder",
    )
    levels = [0, 0.5, 2, 5, np.inf]
    print(
        "| series | cells | expected / came | cells below 0.5 | 0.5 to 2 | 2 to 5 | 5 and more | likely worst: expected, were |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for size, names in (("600ft", kept), ("500m", kept[:3])):
        for name in names:
            table = pd.concat(_outlooks(SERIES[name], size))
            held = table["came"].between(table["low"], table["high"])
            by = held.groupby(pd.cut(table["expected"], levels, right=False), observed=False).agg(["mean", "size"])
            words = " | ".join(f"{row['mean']:.1%} of {row['size']:,.0f}" if row["size"] else "" for _, row in by.iterrows())
            likely = table[table["chance"] >= 0.5]
            print(
                f"| {name} | {size} | {table['expected'].sum() / table['came'].sum():.2f} | {words} | {likely['chance'].sum():.0f}, {likely['worst'].sum():.0f} |",
                flush=True,
            )


def _outlooks(case: Case, size: str) -> Iterator[pd.DataFrame]:
    """Yield the cells of each origin of a case: what was expected of them, and what came."""
    events, area = load(case)
    *_, start, end, months = case
    for origin in pd.date_range(start, end, freq=f"{months}MS"):
        later = (origin, origin + pd.DateOffset(months=months))
        if later[1] > pd.Timestamp(end):
            return
        found = sara.hotspots.persistence(events, area=area, cell_size=size, as_of=origin, horizon=f"{months}MS", n_sims=199)
        with_later = sara.hotspots.count(
            events, grid=found, period=tuple(f"{day:%Y-%m-%d}" for day in (later[0], later[1] - pd.Timedelta(days=1)))
        )
        came = with_later.table["n"].to_numpy(dtype=float)
        k = max(1, round(0.01 * len(came)))
        edge = np.sort(came)[-k]
        at, above = came == edge, came > edge
        yield found.table[["expected", "low", "high", "chance"]].assign(
            came=came, worst=above + at * (k - above.sum()) / at.sum()
        )


def cells() -> None:
    """Print mean PAI by side of a cell and bandwidth, relative to the best of each series and area."""
    methods: dict[str, Any] = {f"kde {h}": ("kde", {"bandwidth": h}) for h in (200, 300, 400, 600, 800)}
    methods = {"persistence": "persistence", "all counts": "all counts", **methods}
    kept = {
        name: SERIES[name]
        for name in (
            "Portland, burglary",
            "Portland, vehicle theft",
            "Chicago, burglary",
            "Seattle, theft",
            "Seattle, burglary",
            "Riverton, theft",
        )
    }
    blocks = []
    for size in (100, 150, 200, 250):
        for name, found in runs(kept, methods, cell_size=size):
            rows = found.table[found.table["method"] != "chosen by its own record"]
            blocks.append(rows.assign(series=name, cell=size))
    table = pd.concat(blocks)
    table["relative"] = table["pai"] / table.groupby(["series", "km2"])["pai"].transform("max")
    print(table.pivot_table(index="method", columns="cell", values="relative").round(3).to_string())
    print(table.pivot_table(index=["series", "km2"], columns=["cell", "method"], values="pai").round(1).T.to_string())


PARTS: dict[str, Callable[[], None]] = {
    "mark": mark, "series": lambda: against_simple(SERIES), "untouched": lambda: against_simple(UNTOUCHED), "counts": counts, "cells": cells,
}  # fmt: skip

if __name__ == "__main__":
    if not REAL.is_dir():
        sys.exit("Set SARA_REAL_DATA to the folder of published files.")
    warnings.simplefilter("ignore")
    for part in sys.argv[1:] or list(PARTS):
        PARTS[part]()
