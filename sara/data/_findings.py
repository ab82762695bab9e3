"""What an audit looks for in the rows: what is lost, where the points lie, duplicates, who called. One function per kind of finding."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.data._audit_result import _percent
from sara.data._ground import Finding, Ground, many
from sara.data._order import in_order
from sara.data._near import exact_groups, keepers

__all__ = ["default_points", "duplicates", "geocoding", "location", "origin", "precision", "rows"]


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
        found.append(Finding("rows", f"{many(n, 'row')} ({_percent(n, total)}) {step}", n, severity, why, action, overrule))
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
                f"{_named(value, by)} ({_percent(part, of)} mapped)"
                for value, part, of in zip(top["value"], top["located"], top["n"], strict=True)
            )
            words = f"{len(low)} {'categories are' if by == 'category' and len(low) > 1 else 'category is' if by == 'category' else 'areas are' if len(low) > 1 else 'area is'}"
            missing = int((low["n"] - low["located"]).sum())
            found.append(Finding(
                "geocoding", f"{words} missing from the map more often than the others: {worst}", missing, "warning", "misses are not random: the map under-states these, and they look safer than they are",
                "tested against all other rows, corrected for the number of groups; see geocoding", "compare counts by area instead of points",
            ))  # fmt: skip
    return found


def _named(value: object, by: str) -> str:
    """Say "area 23" where the publisher's name is a bare number."""
    return f"{by} {value}" if str(value).strip().isdigit() else str(value)


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
                    f"{many(n, 'point')} {'lies' if n == 1 else 'lie'} {words}",
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
    for several, one in (("rows are", "row is"), ("rows repeat", "row repeats"), ("rows look", "row looks")):
        text = text.replace(several, one)
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
