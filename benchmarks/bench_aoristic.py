"""Aoristic weights of a million events against a loop over rows and hours, as published tools have it.

Run: ``python benchmarks/bench_aoristic.py [rows] [rows of the loop]``. The loop is written here from what such tools do: per event, the hours
between start and end, one after the other. It is timed on fewer rows and its time scaled up; on those rows the weights must agree.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import numpy as np
import pandas as pd
from timing import best

import sara
from sara.core.stats.aoristic import aoristic_weights


def intervals(n: int) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return made-up intervals of nine hours in the mean, some longer than a week."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 3 * 365 * 1_440, n), unit="min")
    minutes = np.where(rng.random(n) < 0.01, rng.integers(10_080, 40_000, n), rng.exponential(540, n)).round()
    return start, start + pd.to_timedelta(minutes, unit="min")


def row_loop(start: pd.DatetimeIndex, end: pd.DatetimeIndex) -> np.ndarray:
    """Return the weights of 168 hours by a loop over rows, and over the hours of each."""
    out = np.zeros(168)
    for first, last in zip(start, end, strict=True):
        minutes = (last - first).total_seconds() / 60
        if minutes >= 10_080:
            out += 1 / 168
            continue
        low, high = first.floor("h"), last.floor("h")
        if low == high or minutes <= 1:
            out[low.weekday() * 24 + low.hour] += 1
            continue
        for hour in pd.date_range(low, high, freq="1h"):
            inside = (min(last, hour + pd.Timedelta(hours=1)) - max(first, hour)).total_seconds() / 60
            out[hour.weekday() * 24 + hour.hour] += inside / minutes
    return out


def while_loop(start: pd.DatetimeIndex, end: pd.DatetimeIndex) -> np.ndarray:
    """Return the same by plain numbers: per row, what is left of the interval is handed out hour by hour until none is left."""
    minute = (start.to_numpy(dtype="datetime64[m]").astype(np.int64) + 3 * 1_440) % 10_080
    span = (end - start).to_numpy(dtype="timedelta64[m]").astype(np.int64)
    out = [0.0] * 168
    for at, length in zip(minute.tolist(), span.tolist(), strict=True):
        if length >= 10_080:
            out = [value + 1 / 168 for value in out]
            continue
        left, whole = max(length, 1), max(length, 1)
        while left > 0:
            step = min(left, 60 - at % 60)
            out[at // 60 % 168] += step / whole
            at, left = at + step, left - step
    return np.array(out)


def main(n: int, few: int) -> None:
    """Print one line per way."""
    start, end = intervals(n)
    began = time.perf_counter()
    events = sara.as_events(pd.DataFrame({"first": start, "last": end}), time="first", time_to="last", tz="America/Chicago")
    print(
        f"{n:,} events; made an event table in {time.perf_counter() - began:.1f} s\n\n| way | seconds | rows a second |\n| --- | ---: | ---: |"
    )
    minute = start.to_numpy(dtype="datetime64[m]").astype(np.int64) + 3 * 1_440
    length = (end - start).to_numpy(dtype="timedelta64[m]").astype(np.int64)

    def line(name: str, seconds: float, scaled: bool = False) -> None:
        print(f"| {name} | {'about ' if scaled else ''}{seconds:.2f} | {n / seconds:,.0f} |")

    line("sara.trends.aoristic, hours, clocks changed", best(partial(sara.trends.aoristic, events)))
    line("sara.trends.aoristic, quarters of an hour", best(partial(sara.trends.aoristic, events, by="15min")))
    line("its numbers alone", best(partial(aoristic_weights, minute, length)))
    for name, loop in (("row loop with dates", row_loop), ("row loop with plain numbers", while_loop)):
        began = time.perf_counter()
        theirs = loop(start[:few], end[:few])
        line(name, (time.perf_counter() - began) * n / few, scaled=True)
        ours = aoristic_weights(minute[:few], length[:few])
        assert np.allclose(theirs, ours), f"{name}: weights differ by {np.abs(theirs - ours).max()}"


if __name__ == "__main__":
    given = [int(value) for value in sys.argv[1:3]]
    main(*given, *(1_000_000, 20_000)[len(given) :])
