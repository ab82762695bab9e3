"""What an audit says of rows that are lost, default points, geocoding, precision and origin. One function per kind of finding."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.data._text import uniques_of
from sara.data.quality.geocoding import BY, MISSING, TELLING, strength
from sara.data.quality.ground import Finding, Ground, many
from sara.data.quality.precision import precision
from sara.data.quality.result import _percent

__all__ = ["default_points", "geocoding", "origin", "precise", "rows"]


_STEPS = {
    "rejected": ("a row that can't be read is missing from every count", "kept aside with line, column, value and reason", "sara.audit(events).rejects  # mend the file, read it again"),
    "merged": ("several reports of one incident would count as several incidents", "joined; n_reports counts them", "use the table from before sara.dedupe"),
    "without a time": ("no trend or clock has them", "kept; methods that need a time leave them out and count them", "sara.read_calls(path, columns={'time': 'another column'})"),
    "without a location": ("no map has them", "kept; maps leave them out and count them", "sara.geocode(events, addresses='address_points.csv').events"),
    "outside the coverage": ("a few old rows stretch every trend", "kept; left out of every period not given by you", "period={period} in any method"),
    "far from the city": ("one stray point makes a map of a continent", "kept; outside every study area", "see the findings on location"),
    "outside the areas": ("counts by area do not add up to all rows", "kept; outside every area", "sara.audit(events, areas=wider_areas)"),
    "at a default address": ("they would be the top hot spot", "kept; scan.problems leaves them out, hot spots say that they are one", "events.attrs['sara']['default_points'] = []  # all are real addresses"),
    "started by an officer": ("a hot spot of them is a map of patrol", "kept; scan.problems leaves them out", "events.query(\"origin == 'officer'\")"),
    "the office's own work": ("they are not what residents ask for", "kept; scan.problems leaves them out", "events.query(\"origin == 'administrative'\")"),
}  # fmt: skip


def rows(events: pd.DataFrame, steps: pd.DataFrame) -> list[Finding]:
    """One finding per step of the waterfall."""
    total = int(steps["n"].iloc[0])
    found = [Finding("rows", f"{total:,} rows read", total, "ok", "everything below is a part of them", "counted")]
    for step, n in zip(steps["step"].iloc[1:-1], steps["n"].iloc[1:-1], strict=True):
        why, action, overrule = _STEPS[
            step.split(":")[0] if step.startswith("rejected") else "merged" if step.startswith("merged") else step
        ]
        if "{period}" in overrule:
            overrule = overrule.format(period=_whole_period(events))
        severity = "warning" if n > 0.1 * total and not step.startswith(("started", "the office", "merged")) else "note"
        found.append(Finding("rows", f"{many(n, 'row')} ({_percent(n, total)}) {step}", n, severity, why, action, overrule))
    usable = int(steps["n"].iloc[-1])
    severity = "ok" if usable >= 0.85 * total else "note" if usable >= 0.5 * total else "warning"
    why = "what maps and trends of residents' reports rest on"
    return [*found, Finding("rows", f"{usable:,} rows ({_percent(usable, total)}) can be used", usable, severity, why, "used")]


def _whole_period(events: pd.DataFrame) -> tuple[str, str]:
    return f"{events['time'].min():%Y-%m-%d}", f"{events['time'].max():%Y-%m-%d}"


def default_points(ground: Ground) -> list[Finding]:
    """One finding per default point, the biggest ten."""
    why = "a default address makes the hottest hot spot of the city, and nothing happens there"
    if len(ground.defaults) == 0:
        return [Finding("default point", "no point looks like a default address", 0, "ok", why, "nothing to do")]
    found = []
    n_located = int(ground.has_place.sum())
    for row in ground.defaults.head(10).itertuples():
        serious = row.share >= 0.01 or (row.n == ground.defaults["n"].max() and ground.rank_of_default == 1)
        stands = f" (on it stand {row.addresses})" if row.place.startswith("a 250 m") and row.addresses else ""
        found.append(Finding(
            "default point", f"{row.n:,} rows ({_percent(row.n, n_located)} of those on the map) lie on one point at {row.place}: {row.reason}{stands}", row.n,
            "serious" if serious else "warning", why, "kept in the table and counted apart; scan.problems leaves them out, hot spots say that they are one",
            "events.attrs['sara']['default_points'] = []  # all are real addresses",
        ))  # fmt: skip
    if len(ground.defaults) > 10:
        n = int(ground.defaults["n"].iloc[10:].sum())
        words = f"{len(ground.defaults) - 10} more such points, {n:,} rows"
        found.append(Finding("default point", words, n, "warning", why, "as above", "sara.audit(events).default_points"))
    return found


def geocoding(events: gpd.GeoDataFrame, ground: Ground, rates: pd.DataFrame) -> list[Finding]:
    """Tell the share with a location, and who is missing."""
    n, located = len(events), int(ground.has_place.sum())
    rate = located / n
    severity = "ok" if rate >= 0.95 else "note" if rate >= 0.85 else "serious"
    found = [Finding(
        "geocoding", f"{_percent(located, n)} of the rows have a location", located, severity, "below 85 % a map is not to be trusted (Ratcliffe 2004)",
        "rows without one are counted in every result", "sara.geocode(events, addresses='address_points.csv').events",
    )]  # fmt: skip
    told: set[object] = set()
    for by in BY:
        low = rates[(rates["by"] == by) & rates["is_low"]]
        v, p = strength(rates, by)
        # A type is news only where its category is not.
        if by == "type" and told and len(low):
            low = low[[value not in _types_of(events, told) for value in low["value"]]]
        missing = int((low["n"] - low["located"]).sum())
        if len(low) == 0 or v < TELLING or p > 0.05 or missing < MISSING * n:
            continue
        told |= set(low["value"]) if by == "category" else set()
        top = low.head(5)
        worst = ", ".join(
            f"{_named(value, by)} ({_percent(part, of)} mapped)"
            for value, part, of in zip(top["value"], top["located"], top["n"], strict=True)
        )
        words = {"category": "categor", "type": "type", "area": "area"}[by] + (
            {"category": "ies"}.get(by, "s") if len(low) > 1 else {"category": "y"}.get(by, "")
        )
        found.append(Finding(
            "geocoding", f"{len(low)} {words} {'are' if len(low) > 1 else 'is'} missing from the map more often than the others (Cramer's V {v:.2f}): {worst}", missing, "warning",
            "misses are not random: the map under-states these, and they look safer than they are",
            "tested against all other rows, corrected for the number of groups; see .geocoding", f"events['{by}'].value_counts()  # counts, not points",
        ))  # fmt: skip
    return found


def _types_of(events: pd.DataFrame, categories: set[object]) -> set[object]:
    """Return the types whose category is one of these."""
    kinds, names = uniques_of(events["category"])
    codes, types = uniques_of(events["type"])
    mine = np.append(np.isin([str(name) for name in names], [str(category) for category in categories]), False)[kinds]
    return {str(types[code]) for code in np.unique(codes[mine & (codes >= 0)])}


def _named(value: object, by: str) -> str:
    """Say "area 23" where the publisher's name is a bare number."""
    return f"{by} {value}" if str(value).strip().isdigit() else str(value)


def precise(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """How finely places are published, and the smallest cell that makes sense."""
    found = precision(events, stack=ground.stack)
    if found is None or found.smallest_cell is None:
        return []
    cell = found.smallest_cell
    return [Finding(
        "precision", f"{found.words}: cells below {cell} m show the rounding, not the city", int(ground.has_place.sum()), "warning" if cell >= 100 else "ok",
        "rounded points pile up on a lattice, which hot spot methods take for hot spots", "kept; hot spot methods warn when a cell is smaller", f"sara.hotspots.gi_star(events, cell_size='{cell}m')",
    )]  # fmt: skip


def origin(events: gpd.GeoDataFrame) -> list[Finding]:
    """Who started the calls."""
    n = len(events)
    codes, words = uniques_of(events["origin"])
    officer, unknown = int(np.append(words == "officer", False)[codes].sum()), int((codes < 0).sum())
    found = []
    if officer:
        found.append(Finding(
            "origin", f"{_percent(officer, n)} of the rows were started by an officer", officer, "warning" if officer > 0.2 * n else "note",
            "a hot spot of officer-initiated calls is a map of patrol", "kept; methods say how many there are, scan.problems leaves them out", "events.query(\"origin == 'officer'\")",
        ))  # fmt: skip
    if unknown > 0.5 * n:
        found.append(Finding(
            "origin", f"{_percent(unknown, n)} of the rows do not say who started them", unknown, "note", "officers' own calls can't be told from residents'",
            "treated as residents' calls", "sara.read_calls(path, columns={'origin': 'the column that says so'})",
        ))  # fmt: skip
    return found
