"""What an audit looks for in the times: coverage and its gaps, impossible order, heaping, late entry, types that come and go."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.data._audit_result import _percent
from sara.data._ground import Finding, Ground, many

__all__ = ["coverage", "heaping", "lag", "order", "reading", "types"]

# The longest gaps are named, the others counted.
MOST_GAPS = 3


def coverage(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Look at the period covered, gaps inside it, partial first and last months."""
    if ground.coverage is None:
        return [
            Finding(
                "coverage",
                "no row has a time",
                len(events),
                "serious",
                "no trend, clock or before and after",
                "maps only",
                "columns={'time': ...}",
            )
        ]
    start, end = ground.coverage
    days = _daily(events, ground)
    last = end - pd.Timedelta(days=1)
    found = [
        Finding(
            "coverage",
            f"the file covers {start:%Y-%m-%d} to {last:%Y-%m-%d} ({len(days):,} days)",
            int(ground.covered.sum()),
            "ok",
            "every method uses this period unless told otherwise",
            "used as the period",
            "period=(...)",
        )
    ]
    gaps = _gaps(days)
    for first, length, expected in gaps[:MOST_GAPS]:
        gap = start + pd.Timedelta(days=first)
        found.append(Finding(
            "coverage", f"no row on {many(length, 'day')} from {gap:%Y-%m-%d}, where {expected:,.0f} were to be expected", 0, "serious" if length >= 28 else "warning",
            "an empty stretch looks like success in any before and after", "kept; say so in the brief", "period=(...) that ends before it or starts after it",
        ))  # fmt: skip
    if len(gaps) > MOST_GAPS:
        rest = sum(length for _, length, _ in gaps[MOST_GAPS:])
        found.append(
            Finding(
                "coverage",
                f"{many(len(gaps) - MOST_GAPS, 'more gap')}, {many(rest, 'day')} in all",
                0,
                "warning",
                "as above",
                "as above",
                "as above",
            )
        )
    found += _thin_start(days, start, last)
    partial = [f"the first month starts on day {start.day}"] if start.day > 1 else []
    partial += [f"the last month ends on day {last.day}"] if last != last + pd.offsets.MonthEnd(0) else []
    if partial:
        found.append(
            Finding(
                "coverage",
                " and ".join(partial),
                0,
                "note",
                "a part of a month looks like a fall",
                "partial periods are left out of trends",
                "period=(...)",
            )
        )
    return found


def _thin_start(days: np.ndarray, start: pd.Timestamp, last: pd.Timestamp) -> list[Finding]:
    """Return a finding where the file begins with a few stragglers before its rows set in."""
    months = pd.Series(days).groupby(pd.date_range(start, periods=len(days)).to_period("M")).sum()
    usual = float(months.median())
    thick = np.flatnonzero(months.to_numpy() >= 0.1 * usual)
    if len(months) < 6 or len(thick) == 0 or thick[0] == 0:
        return []
    n, begin = int(months.iloc[: thick[0]].sum()), months.index[thick[0]].to_timestamp()
    return [Finding(
        "coverage", f"the first {many(int(thick[0]), 'month')} hold {n:,} rows where a usual month has {usual:,.0f}: the file sets in at {begin:%Y-%m}", n, "serious",
        "a file that sets in slowly looks like a problem that grows", "kept in the coverage", f"period=('{begin:%Y-%m-%d}', '{last:%Y-%m-%d}')",
    )]  # fmt: skip


def _daily(events: gpd.GeoDataFrame, ground: Ground) -> np.ndarray:
    """Return rows per day of the coverage."""
    assert ground.coverage is not None
    start, end = (np.datetime64(value, "D") for value in ground.coverage)
    time = events["time"].to_numpy(dtype="datetime64[us]")[ground.covered & ground.has_time].astype("datetime64[D]")
    inside = time[(time >= start) & (time < end)]
    return np.bincount((inside - start).astype(np.int64), minlength=int((end - start).astype(np.int64)))


def _gaps(days: np.ndarray) -> list[tuple[int, int, float]]:
    """Return (first day, days, rows expected) of empty runs that chance does not make, longest first: 20 rows or more were due, by the median of days with rows."""
    if not (days > 0).any():
        return []
    usual = min(float(np.median(days[days > 0])), float(days.mean()) * 2)
    edges = np.flatnonzero(np.diff(np.r_[False, days == 0, False].astype(np.int8)))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return sorted(
        [(int(a), int(b - a), float((b - a) * usual)) for a, b in runs if (b - a) * usual >= 20],
        key=lambda gap: (-gap[1], gap[0]),
    )


def reading(events: gpd.GeoDataFrame) -> list[Finding]:
    """Tell where the order of day and month had to be supposed."""
    record = record_of(events)
    read = (record.get("time_notes") or {}).get(record.get("time_from") or "", {}).get("day and month")
    if not read:
        return []
    return [Finding(
        "time", f"dates such as 03/04 are read {read}", len(events), "warning", "a day taken for a month moves rows by weeks", "read as the United States write them",
        "turn the column into times first: pd.to_datetime(..., dayfirst=True), then sara.as_events(table)",
    )]  # fmt: skip


def order(events: gpd.GeoDataFrame) -> list[Finding]:
    """Count times in an order that can't be."""
    found = []
    names = ["received", "dispatched", "arrived", "closed"]
    for i, early in enumerate(names):
        for late in names[i + 1 :]:
            n = int((events[late] < events[early]).sum())
            if n:
                both = int((events[late].notna() & events[early].notna()).sum())
                found.append(Finding(
                    "order", f"{many(n, 'row')} {'was' if n == 1 else 'were'} {late} before {early} ({_percent(n, both)} of those with both)", n, "warning" if n > 0.01 * both else "note",
                    "response times come out negative", "kept as published", f"events[events['{late}'] >= events['{early}']]",
                ))  # fmt: skip
    return found


def heaping(events: gpd.GeoDataFrame) -> list[Finding]:
    """Spikes at midnight and on the hour."""
    if record_of(events).get("time_precision") == "day":
        return [
            Finding(
                "time",
                "times are dates without a clock",
                len(events),
                "note",
                "no hour of the day can be told",
                "the clock refuses; days and weeks work",
                "read with the column that has the hour",
            )
        ]
    time = events["time"].dropna().to_numpy(dtype="datetime64[us]")
    minute = time.astype("datetime64[m]").astype(np.int64)
    found = []
    for words, hit, expected in (
        ("exactly at midnight", minute % 1440 == 0, 1 / 1440),
        ("on the full hour", minute % 60 == 0, 1 / 60),
    ):
        n = int(hit.sum())
        due = len(time) * expected
        if n >= 30 and n > 3 * due and n - due > 5 * np.sqrt(due):
            found.append(Finding(
                "time", f"{n:,} times are {words}, {n / due:.0f} times as many as chance", n, "warning" if n > 0.05 * len(time) else "note",
                "a clock of these rows shows when people round, not when things happen", "kept", "events[events['time'].dt.minute != 0] for a clock",
            ))  # fmt: skip
    return found


def lag(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Fewer rows in the last week than in the eight before: late entry, not peace."""
    if ground.coverage is None:
        return []
    days = _daily(events, ground)
    if len(days) < 63:
        return []
    weeks = days[-63:].reshape(9, 7).sum(axis=1)
    usual, last = weeks[:-1], int(weeks[-1])
    spread = max(float(usual.std(ddof=1)), float(np.sqrt(usual.mean())))
    if usual.mean() < 10 or last >= 0.75 * usual.mean() or usual.mean() - last < 3 * spread:
        return []
    return [Finding(
        "lag", f"the last 7 days have {last:,} rows, the 8 weeks before {usual.mean():,.0f} a week", last, "warning", "rows are entered late, so the last week always looks quiet",
        "kept", f"period=('{ground.coverage[0]:%Y-%m-%d}', '{ground.coverage[1] - pd.Timedelta(days=8):%Y-%m-%d}')",
    )]  # fmt: skip


def types(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Types that appear or vanish: a new code, not a new problem."""
    if ground.coverage is None:
        return []
    start, end = ground.coverage
    length = (end - start) / pd.Timedelta(days=1)
    inside = events.loc[ground.covered & ground.has_time, ["type", "time"]].dropna()
    if length < 120 or len(inside) == 0:
        return []
    seen = inside.groupby(inside["type"].astype(object), sort=True)["time"].agg(["min", "max", "size"])
    day = pd.Timedelta(days=1)
    before, after = (seen["min"] - start) / day, (end - seen["max"]) / day
    alive = length - before - after
    # At the rate of its own life, 20 rows or more were due in the empty stretch of a month or more; a code of fewer rows comes and goes by chance.
    rate = seen["size"] / alive.clip(lower=30)
    found = []
    for words, stretch, when in (("appear", before, seen["min"]), ("vanish", after, seen["max"])):
        hit = seen[(seen["size"] >= 20) & (stretch >= 30) & (stretch * rate >= 20)].sort_values(
            "size", ascending=False, kind="stable"
        )
        if len(hit):
            listed = ", ".join(f"{name} ({when[name]:%Y-%m})" for name in hit.index[:5])
            found.append(Finding(
                "types", f"{many(len(hit), 'type')} {words}{'' if len(hit) > 1 else 'es' if words.endswith('sh') else 's'} within the period: {listed}", int(hit["size"].sum()), "warning",
                "a code that is new or dropped looks like a problem that comes or goes", "kept; compare categories, not types", "period=(...) within the life of the code",
            ))  # fmt: skip
    return found
