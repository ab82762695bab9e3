"""Print how often forecasts' intervals held on published files: ``SARA_REAL_DATA=folder python docs/trends/forecast_coverage.py [file ...]``.

Rolling origin: from each moment, `sara.trends.forecast` gets the weeks (or months) before it and nothing else, chooses its method and its interval
from them, and is held against what came. The whole file and its five largest parts, each a series of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sara

# File, reader, column of the parts, first and last day, and what it is called.
FILES: dict[str, tuple[str, Any, str, tuple[str, str], str]] = {
    "burglary": ("chicago/burglary_2011-07_2014-11.csv.gz", sara.read_calls, "District", ("2011-07-01", "2014-11-02"), "Chicago burglary"),
    "sanitation": (
        "chicago/sanitation_code_complaints_2011_2014.csv.gz", sara.read_complaints, "Police_District", ("2011-01-01", "2014-12-28"),
        "Chicago sanitation complaints",
    ),
    "montgomery": ("montgomery/911.csv.gz", sara.read_calls, "category", ("2015-12-10", "2016-08-24"), "Montgomery 911"),
    "seattle": ("seattle/seattle_911_2015.csv.gz", sara.read_calls, "category", ("2015-01-01", "2015-12-31"), "Seattle police calls"),
}  # fmt: skip
PARTS = 5
LEVELS = (0.8, 0.9, 0.95)
# Horizons by the length of a period, and every how many periods is forecast.
# Of shorter series, every period is a moment to forecast from.
SHORT = 60
HORIZONS = {"W": ((4, 8, 13), 3), "MS": ((1, 3), 2)}


def series_of(name: str, folder: Path, freq: str) -> Iterator[tuple[str, pd.Series]]:
    """Give the counts of a file and of its largest parts."""
    path, read, column, period, _ = FILES[name]
    events = read(folder / path)
    largest = events[column].value_counts().index[:PARTS]
    for label, rows in [("all", events), *((f"{column} {value}", events[events[column] == value]) for value in largest)]:
        table = sara.trends.series(rows, freq=freq, period=period).table
        table = table[table["complete"]]
        yield label, table.set_index("period")["n"].astype(float)


def outcomes(counts: pd.Series, horizon: int, every: int, levels: tuple[float, ...]) -> pd.DataFrame:
    """Forecast from many moments; one row per moment and level: was it inside, and how wide was it?"""
    rows = []
    # Half a year of weeks at least, and half of the series, is past before the first forecast.
    first = max(len(counts) // 2, 12 + horizon)
    for origin in range(first, len(counts) - horizon + 1, every):
        true = counts.iloc[origin : origin + horizon].to_numpy()
        for level in levels:
            found = sara.trends.forecast(counts.iloc[:origin], horizon=horizon, confidence=level)
            assert found.end is not None and found.end <= counts.index[origin]
            total, low, high = found.total
            table = found.table
            rows.append(
                {
                    "origin": origin, "level": level, "method": found.method, "periods": float(((true >= table["low"]) & (true <= table["high"])).mean()),
                    "total": bool(low <= true.sum() <= high), "width": (high - low) / max(true.sum(), 1.0), "off": abs(total / max(true.sum(), 1.0) - 1.0),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def main(names: list[str], freqs: list[str]) -> None:
    """Print one line per file, horizon and level."""
    folder = Path(os.environ["SARA_REAL_DATA"])
    for name in names:
        for freq in freqs:
            series = list(series_of(name, folder, freq))
            for horizon in HORIZONS[freq][0]:
                found = []
                for label, counts in series:
                    if len(counts) < 12 + 2 * horizon:
                        continue
                    whole, first = label == "all", horizon == HORIZONS[freq][0][0]
                    every = HORIZONS[freq][1] * (1 if whole else 2) if len(counts) > SHORT else 1
                    found.append(
                        outcomes(counts, horizon, every, LEVELS if whole and first else LEVELS[1:2]).assign(series=label)
                    )
                if not found:
                    continue
                table = pd.concat(found)
                for kind, rows in (("whole file", table[table["series"] == "all"]), ("5 parts", table[table["series"] != "all"])):
                    for level, part in rows.groupby("level"):
                        print(
                            f"{FILES[name][4]}, {kind}, {freq}, horizon {horizon}, {len(part)} forecasts: nominal {level:.2f}, "
                            f"periods {part['periods'].mean():.3f}, sum {part['total'].mean():.3f}, width of the sum {part['width'].median():.2f}, "
                            f"missed by {part['off'].median():.3f}, {part['method'].value_counts().to_dict()}",
                            flush=True,
                        )


if __name__ == "__main__":
    asked = sys.argv[1:]
    np.seterr(all="ignore")
    main([a for a in asked if a in FILES] or list(FILES), [a for a in asked if a in HORIZONS] or list(HORIZONS))
