"""What became of each row between two files, and what that means for a locked plan."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.checks import record_of
from sara.core.period import coverage
from sara.core.plan import Plan
from sara.data.merging.exports import Changes
from sara.plot.refresh import KINDS
from sara.problem._refresh_result import Period
from sara.problem.problem import Problem

__all__ = [
    "covered_by",
    "found_of",
    "has_ids",
    "joined_cautions",
    "kinds_of",
    "layout_cautions",
    "new_types",
    "plan_cautions",
    "plans_of",
    "table_of",
    "weeks_of",
]

# More bars than this are too thin to see: months instead of weeks.
_MOST_WEEKS = 110
# Of fewer older rows in the newer file's period, the share that is missing tells nothing of what kind of file it is.
_LEAST_DUE = 10
# What came before is shown for comparison.
_LEAD = pd.Timedelta(weeks=8)


def kinds_of(
    older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return what became of each row, which rows were marked as vanished before, and a caution where the newer file is no full export."""
    rows = changes.rows
    old, in_new = rows["old"].to_numpy(), rows["in_new"].to_numpy(dtype=bool)
    kind = np.select([old < 0, rows["revised"].to_numpy(dtype=bool), in_new], ["new", "revised", "same"], "earlier").astype(
        object
    )
    marked = older["vanished"].fillna(False).to_numpy(dtype=bool) if "vanished" in older else np.zeros(len(older), dtype=bool)
    before = np.where(old >= 0, marked[old], False)
    inside = np.zeros(len(merged), dtype=bool)
    if changes.overlap is not None:
        inside = merged["time"].between(*changes.overlap).to_numpy(dtype=bool)
    gone = inside & ~in_new
    few: tuple[str, ...] = ()
    due = int((inside & (old >= 0)).sum())
    if due >= _LEAST_DUE and gone.sum() > 0.5 * due:
        few = (
            f"{int(gone.sum()):,} of the {due:,} older rows in the period of the newer file are not in it: it looks like a list of what "
            "changed, or a selection, rather than a full export. They are kept and not marked as vanished.",
        )
        gone[:] = False
    kind[gone | (before & ~in_new)] = "vanished"
    if not has_ids(merged[in_new]) and gone.any() and (kind == "new").any():
        few = (
            *few,
            "Without ids a row whose time, type, address or point was revised looks like one that vanished and one that is new.",
        )
    return kind, before, few


def found_of(
    older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes, kind: np.ndarray, before: np.ndarray
) -> dict[str, int]:
    """Return the numbers of the sentence."""
    last, first = older["time"].max(), older["time"].min()
    late = (kind == "new") & merged["time"].between(first, last).to_numpy(dtype=bool)
    return {
        **{name: int(changes.counts[name]) for name in ("old", "new", "added", "revised", "same", "already_merged")},
        "late": int(late.sum()),
        "vanished": int((kind == "vanished").sum()),
        "newly_vanished": int(((kind == "vanished") & ~before).sum()),
        "returned": int((before & (kind != "vanished")).sum()),
        "earlier": int((kind == "earlier").sum()),
    }


def table_of(changes: Changes, kind: np.ndarray) -> pd.DataFrame:
    """Return rows by kind of change, then revised rows by column."""
    rows = pd.DataFrame(
        {
            "change": list(KINDS),
            "column": None,
            "n": [int((kind == name).sum()) for name in KINDS],
            "filled": pd.NA,
            "emptied": pd.NA,
        }
    )
    columns = changes.table.assign(change="revised")[["change", "column", "n", "filled", "emptied"]]
    table = pd.concat([rows.astype(object), columns.astype(object)], ignore_index=True)
    return table.astype({"n": "int64", "filled": "Int64", "emptied": "Int64"})


def new_types(older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes) -> pd.DataFrame:
    """Return the types of the newer file that the older table did not have, the most frequent first."""
    known = set(older["type"].dropna())
    fresh = merged[changes.rows["in_new"].to_numpy(dtype=bool) & merged["type"].notna() & ~merged["type"].isin(known)]
    counted = fresh.groupby(fresh["type"].astype(object), sort=True).agg(n=("type", "size"), category=("category", "first"))
    return counted.reset_index(names="type").sort_values("n", ascending=False, kind="stable").reset_index(drop=True)


def weeks_of(merged: gpd.GeoDataFrame, kind: np.ndarray) -> tuple[pd.DataFrame, str]:
    """Return rows by week (or month) and kind of change, from shortly before the newer file begins; strays are left out."""
    covered = covered_by(merged)
    time = merged["time"]
    keep = np.zeros(len(merged), dtype=bool)
    if covered is not None:
        keep = time.between(*covered, inclusive="left").to_numpy(dtype=bool)
        touched = time[keep & (kind != "earlier")]
        first = touched.min() - _LEAD if len(touched) else covered[0]
        keep = keep & (time >= first).to_numpy(dtype=bool)
    if not keep.any():
        empty = {name: pd.Series(dtype="int64") for name in KINDS}
        return pd.DataFrame({"period": pd.Series(dtype="datetime64[us]"), **empty}), "week"
    days = (time[keep].max() - time[keep].min()).days
    freq, word = ("W-SUN", "week") if days <= 7 * _MOST_WEEKS else ("M", "month")
    period = time[keep].dt.to_period(freq)
    names = pd.period_range(period.min(), period.max(), freq=freq)
    table = pd.crosstab(period, kind[keep]).reindex(index=names, columns=list(KINDS), fill_value=0)
    counts = {name: table[name].to_numpy(dtype="int64") for name in KINDS}
    return pd.DataFrame({"period": names.to_timestamp().as_unit("us"), **counts}), word


def plans_of(problem: Problem | None, older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes) -> pd.DataFrame:
    """Hold each locked plan against the rows before its start: what counted when it was locked, and what counts now."""
    rows = []
    plans = {plan.fingerprint: plan for plan in (problem.respond.of_kind("Plan") if problem is not None else []) if plan.locked}
    for plan in plans.values():
        for role in ("treated", "comparison"):
            then, now = (_counted(table, plan, role) for table in (older, merged))
            place = changes.rows["old"].to_numpy()
            was = np.where(place >= 0, then[place], False)
            both = was & now
            rows.append({
                "plan": plan.fingerprint, "start": plan.design.start, "role": role, "n_then": int(then.sum()), "n_now": int(now.sum()),
                "entered": int((now & ~was).sum()), "left": int((was & ~now).sum()), "revised": int((both & changes.rows["revised"].to_numpy(dtype=bool)).sum()),
            })  # fmt: skip
    names = ["plan", "start", "role", "n_then", "n_now", "entered", "left", "revised"]
    return pd.DataFrame(rows, columns=names)


def _counted(events: gpd.GeoDataFrame, plan: Plan, role: str) -> np.ndarray:
    """Return which rows a plan counts before its start, in its places of one role."""
    design = plan.design.to_crs(events.crs)
    time = events["time"]
    mask = plan.predicate.mask(events, name="plan.outcome") & time.between(*design.before, inclusive="left").to_numpy(dtype=bool)
    ground = shapely.union_all(design.places(role).geometry.to_numpy())
    at = np.flatnonzero(mask & np.isfinite(events["x"].to_numpy(dtype=float, na_value=np.nan)))
    inside = np.zeros(len(events), dtype=bool)
    shapely.prepare(ground)
    inside[at] = shapely.intersects_xy(
        ground, events["x"].to_numpy(dtype=float, na_value=np.nan)[at], events["y"].to_numpy(dtype=float, na_value=np.nan)[at]
    )
    return inside


def plan_cautions(plans: pd.DataFrame) -> list[str]:
    """Say for each locked plan how many events before its start are not what they were."""
    out = []
    for name, rows in plans.groupby("plan", sort=False):
        n = int(rows[["entered", "left", "revised"]].to_numpy().sum())
        if n == 0:
            continue
        start = pd.Timestamp(rows["start"].iloc[0])
        counts = {str(row["role"]): (int(row["n_then"]), int(row["n_now"])) for row in rows.to_dict("records")}
        words = [
            f"{place} {counts[role][0]:,} before, {counts[role][1]:,} now"
            for role, place in (("treated", "the place of the response"), ("comparison", "similar places"))
        ]
        moved = (
            f"in its baseline {' and '.join(words)}" if rows[["entered", "left"]].to_numpy().any() else "its counts stay the same"
        )
        out.append(
            f"{n:,} {'event' if n == 1 else 'events'} before the response's start ({start:%Y-%m-%d}) {'was' if n == 1 else 'were'} revised, added or moved after the plan was locked "
            f"({name}): {moved}."
        )
    return out


def layout_cautions(older: gpd.GeoDataFrame, newer: gpd.GeoDataFrame) -> list[str]:
    """Say which fields the newer file no longer has."""
    before, now = (set(record_of(table).get("columns") or {}) for table in (older, newer))
    lost = sorted(before - now)
    return (
        [f"The newer file has no column for {', '.join(lost)}: what the older file said stays."]
        if before and now and lost
        else []
    )


def joined_cautions(older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, kind: np.ndarray) -> list[str]:
    """Say where versions or copies that dedupe had joined are back: only it can tell whether one of them is newer."""
    if not record_of(older).get("merged"):
        return []
    n = int(merged["id"][kind == "new"].isin(older["id"].dropna()).sum())
    if n == 0:
        return []
    return [
        f"{n:,} of the added rows have the id of a row already there: versions or copies, as sara.dedupe joins them. Write: events = sara.dedupe(found.events)"
    ]


def covered_by(events: gpd.GeoDataFrame) -> Period | None:
    """Return the period a table covers, as its record states it."""
    stated = record_of(events).get("coverage")
    found = (pd.Timestamp(stated[0]), pd.Timestamp(stated[1])) if stated else coverage(events["time"])
    return found


def has_ids(events: pd.DataFrame) -> bool:
    """Tell whether any id is the publisher's own."""
    return bool((~events["id"].dropna().astype(str).str.startswith("row-")).any())
