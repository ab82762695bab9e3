"""What an audit looks for in the times: coverage and its gaps, impossible order, heaping, late entry, types that come and go."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.core.gaps import empty_runs
from sara.core.period import Period
from sara.data._text import uniques_of
from sara.data.quality.ground import Finding, Ground, many
from sara.data.quality.result import _percent

__all__ = ["coverage", "heaping", "lag", "order", "reading", "rows_per_day", "types"]

# The longest gaps are named, the others counted.
MOST_GAPS = 3


def coverage(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Look at the period covered, gaps inside it, partial first and last months."""
    if ground.coverage is None:
        why, line = "no trend, clock or before and after", "sara.read_calls(path, columns={'time': 'the column that has it'})"
        return [Finding("coverage", "no row has a time", len(events), "serious", why, "maps only", line)]
    start, end = ground.coverage
    days = ground.days
    last = end - pd.Timedelta(days=1)
    whole = f"period=('{start:%Y-%m-%d}', '{last:%Y-%m-%d}')"
    found = [Finding(
        "coverage", f"the file covers {start:%Y-%m-%d} to {last:%Y-%m-%d} ({len(days):,} days)", int(ground.covered.sum()), "ok",
        "every method uses this period unless told otherwise", "used as the period", f"{whole} in any method",
    )]  # fmt: skip
    # Stragglers before the file sets in make no gaps.
    slow = _thin_start(days, start, last)
    begin = _sets_in(days, start) if slow else 0
    gaps = [(first + begin, length, due) for first, length, due in _gaps(days[begin:], (start.weekday() + begin) % 7)]
    why = "an empty stretch looks like success in any before and after"
    for first, length, expected in gaps[:MOST_GAPS]:
        gap = start + pd.Timedelta(days=first)
        found.append(Finding(
            "coverage", f"no row on {many(length, 'day')} from {gap:%Y-%m-%d}, where {expected:,.0f} were to be expected", 0, "serious" if length >= 28 else "warning",
            why, "kept; trends take it as unknown, not as zero", _around(start, last, gap, gap + pd.Timedelta(days=length - 1)),
        ))  # fmt: skip
    if len(gaps) > MOST_GAPS:
        rest = sum(length for _, length, _ in gaps[MOST_GAPS:])
        words = f"{many(len(gaps) - MOST_GAPS, 'more gap')}, {many(rest, 'day')} in all"
        found.append(
            Finding(
                "coverage", words, 0, "warning", why, "kept", "events.groupby(events['time'].dt.normalize()).size()  # see them"
            )
        )
    found += slow
    found += _thin_weeks(days, start, last)
    partial = [f"the first month starts on day {start.day}"] if start.day > 1 else []
    partial += [f"the last month ends on day {last.day}"] if last != last + pd.offsets.MonthEnd(0) else []
    if partial:
        inner = start + pd.offsets.MonthBegin(0), last + pd.Timedelta(days=1) - pd.offsets.MonthBegin() - pd.Timedelta(days=1)
        line = (
            f"period=('{inner[0]:%Y-%m-%d}', '{inner[1]:%Y-%m-%d}')  # whole months"
            if inner[0] < inner[1]
            else f"{whole} in any method"
        )
        found.append(
            Finding(
                "coverage",
                " and ".join(partial),
                0,
                "note",
                "a part of a month looks like a fall",
                "partial periods are left out of trends",
                line,
            )
        )
    return found


def _around(start: pd.Timestamp, last: pd.Timestamp, first: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return the longer of the two periods before and after a gap, as it is typed."""
    before, after = (start, first - pd.Timedelta(days=1)), (end + pd.Timedelta(days=1), last)
    a, b = before if before[1] - before[0] >= after[1] - after[0] else after
    return f"period=('{a:%Y-%m-%d}', '{b:%Y-%m-%d}')"


def _sets_in(days: np.ndarray, start: pd.Timestamp) -> int:
    """Return the day on which the first month begins that holds a tenth of a usual month."""
    months = pd.Series(days).groupby(pd.date_range(start, periods=len(days)).to_period("M")).sum()
    first = months.index[np.flatnonzero(months.to_numpy() >= 0.1 * float(months.median()))[0]].to_timestamp()
    return max(0, (first - start).days)


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


def _thin_weeks(days: np.ndarray, start: pd.Timestamp, last: pd.Timestamp) -> list[Finding]:
    """Return a finding for the weeks that hold less than a quarter of what weeks around them do: a part of the feed was down."""
    weeks = days[: len(days) // 7 * 7].reshape(-1, 7).sum(axis=1)
    if len(weeks) < 9:
        return []
    # The middle of the four weeks before and after: a season is no outage.
    usual = pd.Series(weeks).rolling(9, center=True, min_periods=5).median().to_numpy()
    thin = np.flatnonzero((weeks > 0) & (weeks < 0.25 * usual) & (usual >= 50))
    if len(thin) == 0:
        return []
    first = start + pd.Timedelta(days=7 * int(thin[0]))
    return [Finding(
        "coverage", f"{many(len(thin), 'week')} (the first from {first:%Y-%m-%d}) {'hold' if len(thin) > 1 else 'holds'} less than a quarter of the rows of the weeks around",
        int(weeks[thin].sum()), "warning", "a feed that was partly down looks like a fall", "kept", _around(start, last, first, first + pd.Timedelta(days=6)),
    )]  # fmt: skip


def rows_per_day(events: gpd.GeoDataFrame, period: Period | None, mask: np.ndarray) -> np.ndarray:
    """Return the rows on each day of a period."""
    if period is None:
        return np.zeros(0, dtype=np.int64)
    start, end = (np.datetime64(value, "D") for value in period)
    time = events["time"].to_numpy(dtype="datetime64[us]")[mask].astype("datetime64[D]")
    inside = time[(time >= start) & (time < end)]
    return np.bincount((inside - start).astype(np.int64), minlength=int((end - start).astype(np.int64)))


def _gaps(days: np.ndarray, weekday: int = 0) -> list[tuple[int, int, float]]:
    """Return (first day, days, rows expected) of empty runs that chance does not make, longest first."""
    return sorted(empty_runs(days, weekday), key=lambda gap: (-gap[1], gap[0]))


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
    stamps = {name: events[name].to_numpy(dtype="datetime64[us]") for name in [*names, "time", "time_to"]}
    pairs = [(early, late) for i, early in enumerate(names) for late in names[i + 1 :]]
    for early, late in [*pairs, ("time", "time_to")]:
        both = ~np.isnat(stamps[early]) & ~np.isnat(stamps[late])
        n = int((stamps[late][both] < stamps[early][both]).sum())
        if n:
            of = int(both.sum())
            words = (
                f"{many(n, 'row')} {'was' if n == 1 else 'were'} {late} before {early}"
                if late != "time_to"
                else f"{many(n, 'row')} may have happened until a time before the first"
            )
            found.append(Finding(
                "order", f"{words} ({_percent(n, of)} of those with both)", n, "warning" if n > 0.01 * of else "note",
                "response times come out negative", "kept as published", f"events = events[~(events['{late}'] < events['{early}'])]",
            ))  # fmt: skip
    return found


def heaping(events: gpd.GeoDataFrame) -> list[Finding]:
    """Spikes at midnight, at noon and on the hour."""
    why = "a clock of these rows shows when people round, not when things happen"
    if record_of(events).get("time_precision") == "month":
        return []
    if record_of(events).get("time_precision") == "day":
        return [Finding("time", "times are dates without a clock", len(events), "note", "no hour of the day can be told", "the clock refuses; days and weeks work", "sara.read_calls(path, columns={'time': ['date', 'time of day']})")]  # fmt: skip
    time = events["time"].to_numpy(dtype="datetime64[us]")
    minute = time[~np.isnat(time)].astype("datetime64[m]").astype(np.int64)
    sharp = np.bincount((minute[minute % 60 == 0] // 60) % 24, minlength=24)
    beside = float(np.median(sharp[[10, 11, 13, 14]]))
    spikes = (
        ("exactly at midnight", int(sharp[0]), len(minute) / 1440, "events = events[events['time'] != events['time'].dt.normalize()]", "as many as chance"),
        ("exactly at noon", int(sharp[12]), max(beside, len(minute) / 1440), "events = events[events['time'].dt.strftime('%H:%M') != '12:00']", "as many as at the hours beside"),
        ("on the full hour", int(sharp.sum()), len(minute) / 60, "events = events[events['time'].dt.minute != 0]", "as many as chance"),
    )  # fmt: skip
    found = [
        Finding("time", f"{n:,} times are {words}, {n / due:.0f} times {than}", n, "warning" if n > 0.05 * len(minute) else "note", why, "kept", f"{line}  # for a clock")
        for words, n, due, line, than in spikes
        if n >= 30 and n > 3 * due and n - due > 5 * np.sqrt(due)
    ]  # fmt: skip
    return found or [Finding("time", "no heap at midnight, at noon or on the full hour", 0, "ok", why, "nothing to do")]


def lag(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Rows entered late, cases still open, reports long after the fact: the right edge of the file is not finished."""
    if ground.coverage is None:
        return []
    found = [*_last_week(ground), *_open(events, ground), *_told_late(events, ground)]
    return found


def _before(ground: Ground, days: int) -> str:
    assert ground.coverage is not None
    return f"period=('{ground.coverage[0]:%Y-%m-%d}', '{ground.coverage[1] - pd.Timedelta(days=days + 1):%Y-%m-%d}')"


def _last_week(ground: Ground) -> list[Finding]:
    """Fewer rows in the last week than in the eight before: late entry, not peace."""
    if len(ground.days) < 63:
        return []
    weeks = ground.days[-63:].reshape(9, 7).sum(axis=1)
    usual, last = weeks[:-1], int(weeks[-1])
    spread = max(float(usual.std(ddof=1)), float(np.sqrt(usual.mean())))
    if usual.mean() < 10 or last >= 0.75 * usual.mean() or usual.mean() - last < 3 * spread:
        return []
    return [Finding(
        "lag", f"the last 7 days have {last:,} rows, the 8 weeks before {usual.mean():,.0f} a week", last, "warning", "rows are entered late, so the last week always looks quiet",
        "kept", _before(ground, 7),
    )]  # fmt: skip


def _open(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Cases at the right edge that have no closing time yet, where older ones have."""
    assert ground.coverage is not None
    closed = ~np.isnat(events["closed"].to_numpy(dtype="datetime64[us]"))
    if not closed.any() or len(ground.days) < 63:
        return []
    time = events["time"].to_numpy(dtype="datetime64[us]")
    edge = np.datetime64(ground.coverage[1] - pd.Timedelta(days=14))
    last, older = ground.covered & (time >= edge), ground.covered & (time < edge)
    if last.sum() < 30 or older.sum() < 30 or closed[older].mean() < 0.5 or closed[last].mean() > 0.8 * closed[older].mean():
        return []
    n = int((last & ~closed).sum())
    return [Finding(
        "lag", f"{_percent(n, int(last.sum()))} of the rows of the last 14 days are not closed yet, {_percent(int((older & ~closed).sum()), int(older.sum()))} of the older ones", n, "note",
        "what became of them is not known: dispositions and times to closing of the last weeks are of the quick cases only", "kept", _before(ground, 14),
    )]  # fmt: skip


def _told_late(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Where the time is that of the act and reports come later: how long the last days are incomplete."""
    if record_of(events).get("time_from") in ("received", "dispatched", "arrived", "closed"):
        return []
    time, told = (events[name].to_numpy(dtype="datetime64[us]") for name in ("time", "received"))
    both = ~np.isnat(time) & ~np.isnat(told)
    if both.sum() < 30:
        return []
    days = np.maximum((told[both] - time[both]).astype(np.int64) / 86_400e6, 0)
    late = float(np.quantile(days, 0.95))
    if late < 2:
        return []
    n = int((days > 1).sum())
    return [Finding(
        "lag", f"one report in twenty comes {late:,.0f} days or more after the fact", n, "warning" if late >= 14 else "note", "the last days of the file will still grow",
        "kept", _before(ground, int(np.ceil(late))),
    )]  # fmt: skip


def types(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Types that appear or vanish: a new code, not a new problem."""
    if ground.coverage is None:
        return []
    start, end = ground.coverage
    length = (end - start) / pd.Timedelta(days=1)
    if length < 120:
        return []
    seen = _lives(events, ground)
    before, after = (gap.dt.total_seconds() / 86_400 for gap in (seen["min"] - start, end - seen["max"]))
    alive = length - before - after
    # At the rate of its own life, 20 rows or more were due in the empty stretch of a month or more; a code of fewer rows comes and goes by chance.
    rate = seen["size"] / alive.clip(lower=30)
    found, why = [], "a code that is new or dropped looks like a problem that comes or goes"
    hits = {}
    for words, stretch, when in (("appear", before, seen["min"]), ("vanish", after, seen["max"])):
        hit = seen[(seen["size"] >= 20) & (stretch >= 30) & (stretch * rate >= 20)].sort_values(
            "size", ascending=False, kind="stable"
        )
        hits[words] = hit
        if len(hit):
            listed = ", ".join(f"{name} ({when[name]:%Y-%m})" for name in hit.index[:5]) + (
                f" and {len(hit) - 5} more" if len(hit) > 5 else ""
            )
            ending = "" if len(hit) > 1 else "es" if words.endswith("sh") else "s"
            found.append(Finding(
                "types", f"{many(len(hit), 'type')} {words}{ending} within the period: {listed}", int(hit["size"].sum()), "warning",
                why, "kept; compare categories, not types", "sara.trends.series(events, by='category')",
            ))  # fmt: skip
    found += _renamed(hits["vanish"], hits["appear"], rate, events)
    return found or [Finding("types", "no type appears or vanishes within the period", 0, "ok", why, "nothing to do")]


def _lives(events: gpd.GeoDataFrame, ground: Ground) -> pd.DataFrame:
    """Return first time, last time and rows of each type inside the coverage, by its name."""
    codes, names = uniques_of(events["type"])
    inside = ground.covered & ground.has_time & (codes >= 0)
    codes, time = codes[inside], events["time"].to_numpy(dtype="datetime64[us]")[inside].astype(np.int64)
    size = np.bincount(codes, minlength=len(names))
    first, last = np.full(len(names), np.iinfo(np.int64).max), np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(first, codes, time)
    np.maximum.at(last, codes, time)
    there = size > 0
    stamps = {name: values[there].astype("datetime64[us]") for name, values in (("min", first), ("max", last))}
    return pd.DataFrame(
        {**stamps, "size": size[there]}, index=pd.Index([str(name) for name in names[there]], dtype=object)
    ).sort_index()


def _renamed(gone: pd.DataFrame, new: pd.DataFrame, rate: pd.Series, events: pd.DataFrame) -> list[Finding]:
    """Pair a type that vanishes with one that appears within two weeks, of one category and at a like rate: a new name."""
    codes, names = uniques_of(events["type"])
    # The category of a type is that of its first row.
    _, first = np.unique(np.where(codes >= 0, codes, len(names)), return_index=True)
    kinds = uniques_of(events["category"])[0]
    category = {str(name): kinds[row] for name, row in zip(names, first, strict=False)}
    pairs, used = [], set()
    for old in gone.index.astype(str):
        last = gone.loc[old, "max"]
        near = new[(new["min"] - last).abs() <= pd.Timedelta(days=14)]
        like = [
            name
            for name in near.index
            if name not in used and category[name] == category[old] and 0.5 <= rate[name] / rate[old] <= 2
        ]
        if like:
            used.add(like[0])
            pairs.append((old, like[0], last))
    if not pairs:
        return []
    listed = "; ".join(f"{old} becomes {name} ({when:%Y-%m})" for old, name, when in pairs[:3])
    n = int(sum(gone.loc[old, "size"] + new.loc[name, "size"] for old, name, _ in pairs))
    return [Finding(
        "types", f"{many(len(pairs), 'type')} {'seem' if len(pairs) > 1 else 'seems'} to have a new name: {listed}", n, "warning", "the recording changed, not the city",
        "kept; compare categories, not types", f"events['type'] = events['type'].replace({{{pairs[0][0]!r}: {pairs[0][1]!r}}})",
    )]  # fmt: skip
