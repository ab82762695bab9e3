"""What an audit looks for: one function per kind, each a list of sentences with their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.core.period import Period
from sara.core.result import Setting
from sara.data._audit_result import _percent
from sara.data._order import in_order
from sara.data.duplicates import exact_groups, keepers

__all__ = ["Finding", "Ground"]

# The longest gaps are named, the others counted.
MOST_GAPS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of the audit, with what follows from it."""

    kind: str
    finding: str
    n: int
    severity: str
    why: str
    action: str
    overrule: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What several findings share: masks on the rows, stacks, default points, coverage, rejects."""

    has_time: np.ndarray
    has_place: np.ndarray
    covered: np.ndarray
    far: np.ndarray
    outside: np.ndarray
    at_default: np.ndarray
    stack: np.ndarray
    defaults: gpd.GeoDataFrame
    rank_of_default: int
    coverage: Period | None
    coverage_setting: Setting | None
    rejects: pd.DataFrame
    has_areas: bool


_STEPS = {
    "rejected": ("a row that can't be read is missing from every count", "kept aside with line, column, value and reason", "audit(events).rejects; mend the file, read it again"),
    "merged": ("several reports of one incident would count as several incidents", "joined; n_reports counts them", "use the table from before dedupe"),
    "without a time": ("no trend or clock has them", "kept; methods that need a time leave them out and count them", "read with another time column: columns={'time': ...}"),
    "without a location": ("no map has them", "kept; maps leave them out and count them", "add coordinates, then sara.as_events(table, lon=..., lat=...)"),
    "outside the coverage": ("a few old rows stretch every trend", "kept; left out of every period not given by you", "period=('2000-01-01', '2024-12-31') in any method"),
    "far from the city": ("one stray point makes a map of a continent", "kept; they are outside any study area", "check them: events[events['x'] > ...]"),
    "outside the areas": ("counts by area do not add up to all rows", "kept; outside every area", "audit(events, areas=...) with wider areas"),
    "at a default address": ("they would be the top hot spot", "kept; counted apart here", "events stay in the table; use them if you know the address is real"),
    "started by an officer": ("a hot spot of them is a map of patrol", "kept; scan.problems leaves them out", "events.query(\"origin == 'officer'\")"),
    "the office's own work": ("they are not what residents ask for", "kept; scan.problems leaves them out", "events.query(\"origin == 'administrative'\")"),
}  # fmt: skip


def rows(steps: pd.DataFrame) -> list[Finding]:
    """One finding per step of the waterfall."""
    total = int(steps["n"].iloc[0])
    found = [Finding("rows", f"{total:,} rows read", total, "ok", "everything below is a part of them", "counted")]
    for step, n in zip(steps["step"].iloc[1:-1], steps["n"].iloc[1:-1], strict=True):
        why, action, overrule = _STEPS[
            step.split(":")[0] if step.startswith("rejected") else "merged" if step.startswith("merged") else step
        ]
        severity = "warning" if n > 0.1 * total and not step.startswith(("started", "the office", "merged")) else "note"
        found.append(Finding("rows", f"{_many(n, 'row')} ({_percent(n, total)}) {step}", n, severity, why, action, overrule))
    usable = int(steps["n"].iloc[-1])
    severity = "ok" if usable >= 0.85 * total else "note" if usable >= 0.5 * total else "warning"
    return [
        *found,
        Finding(
            "rows",
            f"{usable:,} rows ({_percent(usable, total)}) can be used",
            usable,
            severity,
            "what maps and trends of residents' reports rest on",
            "used",
        ),
    ]


def default_points(ground: Ground) -> list[Finding]:
    """One finding per default point, the biggest ten."""
    found = []
    n_located = int(ground.has_place.sum())
    for row in ground.defaults.head(10).itertuples():
        serious = row.share >= 0.01 or (row.n == ground.defaults["n"].max() and ground.rank_of_default == 1)
        found.append(Finding(
            "default point", f"{row.n:,} rows ({_percent(row.n, n_located)} of those on the map) lie on one point at {row.place}: {row.reason}", row.n,
            "serious" if serious else "warning", "a default address makes the hottest hot spot of the city, and nothing happens there",
            "kept in the table and counted apart; listed in default_points", "events stay in the table; use them if you know the address is real",
        ))  # fmt: skip
    if len(ground.defaults) > 10:
        rest = ground.defaults.iloc[10:]
        found.append(
            Finding(
                "default point",
                f"{len(rest)} more such points, {int(rest['n'].sum()):,} rows",
                int(rest["n"].sum()),
                "warning",
                "as above",
                "as above",
                "as above",
            )
        )
    return found


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
            "coverage", f"no row on {_many(length, 'day')} from {gap:%Y-%m-%d}, where {expected:,.0f} were to be expected", 0, "serious" if length >= 28 else "warning",
            "an empty stretch looks like success in any before and after", "kept; say so in the brief", "period=(...) that ends before it or starts after it",
        ))  # fmt: skip
    if len(gaps) > MOST_GAPS:
        rest = sum(length for _, length, _ in gaps[MOST_GAPS:])
        found.append(
            Finding(
                "coverage",
                f"{_many(len(gaps) - MOST_GAPS, 'more gap')}, {_many(rest, 'day')} in all",
                0,
                "warning",
                "as above",
                "as above",
                "as above",
            )
        )
    found += _thin_start(days, start, last)
    partial = [f"the first month starts on day {start.day}"] if start.day > 1 else []
    partial += [f"the last ends on day {last.day}"] if last != last + pd.offsets.MonthEnd(0) else []
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
        "coverage", f"the first {_many(int(thick[0]), 'month')} hold {n:,} rows where a usual month has {usual:,.0f}: the file sets in at {begin:%Y-%m}", n, "serious",
        "a file that sets in slowly looks like a problem that grows", "kept in the coverage", f"period=('{begin:%Y-%m-%d}', '{last:%Y-%m-%d}')",
    )]  # fmt: skip


def _many(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


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


def geocoding(events: gpd.GeoDataFrame, ground: Ground, rates: pd.DataFrame) -> list[Finding]:
    """Tell the share with a location, and who is missing."""
    n, located = len(events), int(ground.has_place.sum())
    rate = located / n
    severity = "ok" if rate >= 0.95 else "note" if rate >= 0.85 else "serious"
    found = [Finding(
        "geocoding", f"{_percent(located, n)} of the rows have a location", located, severity, "below 85 % a map is not to be trusted (Ratcliffe 2004)",
        "rows without one are counted in every result", "add coordinates, then sara.as_events(table, lon=..., lat=...)",
    )]  # fmt: skip
    for by in ("category", "area"):
        low = rates[(rates["by"] == by) & rates["is_low"]]
        if len(low):
            top = low.head(5)
            worst = ", ".join(
                f"{value} ({_percent(part, of)})" for value, part, of in zip(top["value"], top["located"], top["n"], strict=True)
            )
            words = f"{len(low)} {'categories are' if by == 'category' and len(low) > 1 else 'category is' if by == 'category' else 'areas are' if len(low) > 1 else 'area is'}"
            missing = int((low["n"] - low["located"]).sum())
            found.append(Finding(
                "geocoding", f"{words} missing from the map more often than the rest: {worst}", missing, "warning", "misses are not random: the map under-states these, and they look safer than they are",
                "tested against all other rows, corrected for the number of groups; see geocoding", "compare counts by area instead of points",
            ))  # fmt: skip
    return found


def location(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Coordinates that are none, far points, points outside the areas."""
    found = []
    for reason, n in sorted((record_of(events).get("bad_locations") or {}).items()):
        found.append(
            Finding(
                "location",
                f"{int(n):,} coordinates are none: {reason}",
                int(n),
                "note",
                "a point at 0, 0 is in the ocean",
                "the row stays, without a location",
                "mend the coordinates and read again",
            )
        )
    for mask, words in ((ground.far, "far from the city"), (ground.outside, "outside all areas")):
        n = int(mask.sum())
        if n or (words == "outside all areas" and ground.has_areas):
            severity = "warning" if n > 0.05 * len(events) else "note" if n else "ok"
            found.append(
                Finding(
                    "location",
                    f"{_many(n, 'point')} {'lies' if n == 1 else 'lie'} {words}",
                    n,
                    severity,
                    "they stretch maps and belong to no area",
                    "kept; counted as outside",
                    "areas=... with the whole city",
                )
            )
    return found


def precision(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """How finely places are published, and the smallest cell that makes sense."""
    if not ground.has_place.any():
        return []
    decimals = record_of(events).get("decimals")
    decimals = _decimals(events, ground) if decimals is None else int(decimals)
    block = events["place"].astype(object).dropna().astype(str).str.contains(" BLOCK OF ", regex=False)
    share = float(block.mean()) if len(block) else 0.0
    from_digits = None if decimals is None or decimals > 7 else 111_320 / 10**decimals
    coarse = [value for value in (from_digits, 100.0 if share > 0.5 else None) if value]
    if not coarse:
        return []
    step = max(coarse)
    cell = 10 if step < 2 else int(np.ceil(2 * step / 25) * 25)
    words = [
        f"coordinates have {decimals} decimals (about {from_digits:,.0f} m)"
        if from_digits and from_digits >= 1
        else "coordinates are finer than a metre"
    ]
    words += [f"{_percent(share, 1)} of the places are hundred blocks" if share > 0.5 else ""]
    return [Finding(
        "precision", f"{'; '.join(word for word in words if word)}: cells below {cell} m show the rounding, not the city", int(ground.has_place.sum()), "warning" if step >= 50 else "ok",
        "rounded points pile up on a lattice, which hot spot methods take for hot spots", "kept; give methods a larger cell", f"cell_size=\"{cell}m\" or more",
    )]  # fmt: skip


def _decimals(events: gpd.GeoDataFrame, ground: Ground) -> int | None:
    """Return the decimals of longitude and latitude that the points were published with, or None where they were not."""
    rows = np.flatnonzero(ground.has_place)
    rows = rows[:: max(1, len(rows) // 2000)]
    degrees = events.geometry.iloc[rows].to_crs(4326)
    values = np.r_[degrees.x, degrees.y]
    for decimals in range(1, 8):
        if (np.abs(values * 10**decimals - np.round(values * 10**decimals)) < 10 ** (decimals - 8.5)).mean() > 0.95:
            return decimals
    return None


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
                    "order", f"{_many(n, 'row')} {'was' if n == 1 else 'were'} {late} before {early} ({_percent(n, both)} of those with both)", n, "warning" if n > 0.01 * both else "note",
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
                "types", f"{_many(len(hit), 'type')} {words}{'' if len(hit) > 1 else 'es' if words.endswith('sh') else 's'} within the period: {listed}", int(hit["size"].sum()), "warning",
                "a code that is new or dropped looks like a problem that comes or goes", "kept; compare categories, not types", "period=(...) within the life of the code",
            ))  # fmt: skip
    return found


def duplicates(events: gpd.GeoDataFrame) -> list[Finding]:
    """Exact rows, repeated ids, declared duplicates, near duplicates."""
    table = in_order(events)
    groups = exact_groups(table)
    exact = int(pd.Series(groups[groups >= 0]).duplicated().sum())
    made = table["id"].astype(object).astype(str).str.startswith("row-")
    same_id = int((table["id"].notna() & ~made & table["id"].duplicated()).sum())
    words = table["disposition"].astype(object).fillna("").astype(str) + " " + table["type"].astype(object).fillna("").astype(str)
    declared = int(words.str.contains(r"\bDUP(?:LICATE|L|S)?\b", regex=True, case=False).sum())
    keeper = keepers(table, seconds=1800.0, distance=100.0, by=["category"])
    near = int((keeper != np.arange(len(table))).sum())
    why = "several reports of one incident count as several incidents, and busy reporters make hot spots"
    rule = "same category, within 30 minutes, and within 100 m or at the same place"
    if record_of(events).get("time_precision") == "day":
        rule = "equal in all but the id, or the same type on the same day at the same house number"
    kinds = (
        (exact, "rows are the same as another in all but the id", "kept: some are real", "sara.dedupe(events)"),
        (
            same_id,
            "rows repeat the id of another",
            "kept: one row per unit or version of a call",
            "events.drop_duplicates('id', keep='last')",
        ),
        (
            declared,
            "rows are declared duplicates by the publisher",
            "kept",
            "events[~events['disposition'].str.contains('DUP', case=False, na=False)]",
        ),
        (near, f"rows look like a second report of an incident ({rule})", "kept until you join them", "sara.dedupe(events)"),
    )
    n = len(table)
    found = [
        Finding(
            "duplicates",
            f"{count:,} {text if count != 1 else _one(text)}",
            count,
            "warning" if count > 0.05 * n else "note",
            why,
            action,
            overrule,
        )
        for count, text, action, overrule in kinds
        if count
    ]
    return found or [Finding("duplicates", "no duplicates", 0, "ok", why, "nothing to do")]


def _one(text: str) -> str:
    """Turn "rows are the same" into "row is the same"."""
    for many, one in (("rows are", "row is"), ("rows repeat", "row repeats"), ("rows look", "row looks")):
        text = text.replace(many, one)
    return text


def origin(events: gpd.GeoDataFrame) -> list[Finding]:
    """Who started the calls."""
    n = len(events)
    values = events["origin"].astype(object)
    officer, unknown = int((values == "officer").sum()), int(values.isna().sum())
    found = []
    if officer:
        found.append(Finding(
            "origin", f"{_percent(officer, n)} of the rows were started by an officer", officer, "warning" if officer > 0.2 * n else "note",
            "a hot spot of officer-initiated calls is a map of patrol", "kept; methods say how many there are, scan.problems leaves them out", "events.query(\"origin == 'officer'\")",
        ))  # fmt: skip
    if unknown > 0.5 * n:
        found.append(Finding(
            "origin", f"{_percent(unknown, n)} of the rows do not say who started them", unknown, "note", "officers' own calls can't be told from residents'",
            "treated as residents' calls", "columns={'origin': ...} if the file has such a column",
        ))  # fmt: skip
    return found
