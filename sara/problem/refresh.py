"""`refresh`: next month's file, merged into what is known, with every change counted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.checks import check_events, record_of
from sara.core.errors import InputError
from sara.core.period import coverage
from sara.core.plan import Plan
from sara.core.result import Counts, Setting
from sara.data import read_calls, read_complaints, read_events
from sara.data._merge import Changes, merge_exports
from sara.data._order import in_order
from sara.plot.refresh import KINDS
from sara.problem._refresh_result import Period, RefreshResult
from sara.problem.problem import Problem
from sara.problem.record import Entry, Stage, is_event_table

__all__ = ["RefreshResult", "refresh"]

# More bars than this are too thin to see: months instead of weeks.
_MOST_WEEKS = 110
# What came before is shown for comparison.
_LEAD = pd.Timedelta(weeks=8)


def refresh(
    known: Problem | gpd.GeoDataFrame,
    new: str | os.PathLike[str] | pd.DataFrame,
    *,
    events: gpd.GeoDataFrame | None = None,
    source: str | None = None,
    profile: str | os.PathLike[str] | None = None,
    columns: Mapping[str, str | Sequence[str] | None] | None = None,
    crs: Any = None,
    tz: str | None = None,
) -> RefreshResult:
    """Merge next month's file into an event table, and say what changed.

    Parameters
    ----------
    known : GeoDataFrame or Problem
        The whole event table as read from the older file (or an earlier `refresh`), not filtered; or a problem that holds one.
    new : str, path or DataFrame
        The newer file, folder or table; its period may overlap. An event table is taken as it is. A file is read as the older one was.
    events : GeoDataFrame, optional
        With a problem that was saved without its rows: the older event table, read again.
    source : str, optional
        Which rows, where `known` holds several sources: ``"calls"``.
    profile, columns, crs, tz : optional
        As for `sara.read_calls`, where the newer file is not laid out like the older.

    Returns
    -------
    RefreshResult
        ``events``: the merged table, each row once in its newest version; ``table``: rows new, revised (by column), the same and vanished;
        ``revisions``: each value before and after; ``types``: types not seen before; ``plans``: whether figures of a locked plan changed.

    Raises
    ------
    InputError
        If `known` was filtered after reading, holds no rows, or the files are of different sources.

    Notes
    -----
    Rows match by the publisher's id; rows without one by time, type, address and point. Nothing is deleted: a row of the older table that the
    newer file should hold and does not is kept, and marked in the column ``vanished``. The same file twice changes nothing. If `known` is a
    problem, the merged table and this result are added to the stage that had the table, and each locked plan is held against the revised rows:
    events dated before the response started but changed after the plan was locked are a caution, and a brief prints it.

    Examples
    --------
    >>> import pandas as pd, sara
    >>> def rows(ids, types, closed):
    ...     return pd.DataFrame({"id": ids, "received": [f"2024-03-0{i} 10:00" for i in ids], "nature": types, "closed": closed, "lon": -88.9, "lat": 40.9})
    >>> march = sara.as_events(rows([1, 2, 3], ["FIGHT", "NOISE", "NOISE"], ["2024-03-01 11:00", None, None]), source="calls", type="nature", time="received")
    >>> april = sara.as_events(rows([2, 4], ["FIGHT", "ALARM"], ["2024-03-02 12:00", None]), source="calls", type="nature", time="received")
    >>> found = sara.refresh(march, april)
    >>> len(found.events), found.found["added"], found.found["revised"], found.found["vanished"]
    (4, 1, 1, 1)
    """
    problem = known if isinstance(known, Problem) else None
    entry, older = _older(known, events, source)
    newer, how = _newer(new, older, profile=profile, columns=columns, crs=crs, tz=tz)
    older = in_order(older)
    merged, changes = merge_exports(older.drop(columns="vanished", errors="ignore"), newer)
    kind, vanishing, few = _kinds(older, merged, changes)
    merged["vanished"] = kind == "vanished"
    weeks, freq = _weeks(merged, kind)
    plans = _plans(problem, older, merged, changes)
    by_id = _has_ids(newer)
    result = RefreshResult(
        table=_table(changes, kind),
        settings={
            "read as": how,
            "matched by": Setting(
                "id" if by_id else "time, type, address and point", "sara", f"the newer file has {'ids' if by_id else 'no ids'}"
            ),
        },
        counts=Counts.of(
            older=Counts(len(older), len(older), {}),
            newer=Counts(
                len(newer),
                len(newer) - changes.counts["already_merged"],
                {"merged before by dedupe": changes.counts["already_merged"]},
            ),
        ),
        cautions=(
            *changes.cautions,
            *few,
            *_layout_cautions(older, newer),
            *_joined_cautions(older, merged, kind),
            *_plan_cautions(plans),
        ),
        events=merged,
        revisions=changes.revisions,
        types=_new_types(older, merged, changes),
        weeks=weeks,
        plans=plans,
        found=_found(older, merged, changes, kind, vanishing),
        covered=_covered(merged),
        covered_before=_covered(older),
        noun=_noun(older),
        freq=freq,
        source_line=_source_line(older, newer),
    )
    if problem is not None and result.changed:
        _note(problem, entry, result)
    return result


def _older(known: Any, events: Any, source: str | None) -> tuple[tuple[Stage, int] | None, gpd.GeoDataFrame]:
    """Return the older table, and the entry of the problem that holds it."""
    if not isinstance(known, Problem):
        if events is not None:
            raise InputError(
                "`events` must be left out where `known` is an event table. Got both. Write: sara.refresh(events, new)"
            )
        return None, _whole(check_events(known, name="known"), source)
    held = [
        ((stage, n), entry)
        for stage in known.stages.values()
        for n, entry in enumerate(stage.entries)
        if entry.kind == "events" and (source is None or entry.source.get("source") == source)
    ]
    if events is not None:
        table = _whole(check_events(events, name="events"), source)
        name = str(table["source"].iloc[0])
        where = [at for at, entry in held if entry.source.get("source") == name]
        return (where[-1] if where else None), table
    there = [(at, entry.item) for at, entry in held if entry.item is not None]
    if not there:
        what = "whose rows were not saved" if held else "without an event table"
        raise InputError(
            f"`known` must hold the rows of the older file. Got a problem {what}. Read it again: sara.refresh(problem, new, events=sara.read_calls('old.csv'))"
        )
    names = sorted({str(name) for _, table in there for name in table["source"].dropna().unique()})
    if len(names) > 1:
        raise InputError(
            f"`source` must say which rows are meant. Got a problem with {', '.join(names)}. Write: source={names[0]!r}"
        )
    # A filtered table added beside the whole one has fewer rows.
    at, table = max(there, key=lambda one: len(one[1]))
    return at, _whole(check_events(table, name="known"), source)


def _whole(table: gpd.GeoDataFrame, source: str | None) -> gpd.GeoDataFrame:
    """Return the table if it is as it was read: what a filter took away would come back as new rows."""
    names = sorted(map(str, table["source"].dropna().unique()))
    if (source is not None and names != [source]) or len(names) > 1:
        raise InputError(
            f"`known` must hold rows of one source{'' if source is None else f', {source!r}'}. Got {', '.join(names) or 'none'}. Refresh each file's table on its own."
        )
    record = record_of(table)
    read, rejected, merged = (record.get(name) for name in ("rows_read", "rows_rejected", "merged"))
    if isinstance(read, int) and len(table) < read - int(rejected or 0) - int(merged or 0):
        raise InputError(
            f"`known` must be the whole table. Got {len(table):,} of the {read - int(rejected or 0) - int(merged or 0):,} rows that were read: what a filter took away would "
            "come back as new. Refresh the whole table, then filter: sara.refresh(calls, new).events.query(...)"
        )
    return table


def _newer(
    new: Any, older: gpd.GeoDataFrame, *, profile: Any, columns: Any, crs: Any, tz: str | None
) -> tuple[gpd.GeoDataFrame, Setting]:
    """Read the newer file as the older one was read, or as the user says."""
    if is_event_table(new) and isinstance(new, gpd.GeoDataFrame):
        return new, Setting("an event table")
    record, name = record_of(older), str(older["source"].dropna().iloc[0])
    given = {"crs": crs, "tz": tz if tz is not None else record.get("zone")}
    if profile is not None or columns is not None:
        return _read(new, name, profile=profile, columns=columns, **given), Setting(str(profile or "columns"))
    if record.get("profile"):
        try:
            return _read(new, name, profile=record["profile"], **given), Setting(record["profile"], "sara", "as the older file")
        except InputError as error:
            if "`profile`" not in str(error):
                raise
    mapping = {
        field: column.split(" + ") if " + " in column else column for field, column in (record.get("columns") or {}).items()
    }
    if mapping:
        try:
            return _read(new, name, columns=mapping, **given), Setting("columns of the older file", "sara", "the same publisher")
        except InputError as error:
            # Another layout than last month's is recognised afresh; anything else is the file's own trouble.
            if "names a column" not in str(error) and "not in the" not in str(error):
                raise
    return _read(new, name, **given), Setting("recognised afresh", "sara", "its columns are not those of the older file")


def _read(new: Any, source: str, **options: Any) -> gpd.GeoDataFrame:
    if source == "calls":
        return read_calls(new, **options)
    if source == "complaints":
        return read_complaints(new, **options)
    return read_events(new, source=source, **options)


def _kinds(older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
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
    if gone.sum() > 0.5 * (inside & (old >= 0)).sum():
        few = (
            f"{int(gone.sum()):,} of the {int((inside & (old >= 0)).sum()):,} older rows in the period of the newer file are not in it: it looks like a list of what "
            "changed, or a selection, rather than a full export. They are kept and not marked as vanished.",
        )
        gone[:] = False
    kind[gone | (before & ~in_new)] = "vanished"
    if not _has_ids(merged[in_new]) and gone.any() and (kind == "new").any():
        few = (
            *few,
            "Without ids a row whose time, type, address or point was revised looks like one that vanished and one that is new.",
        )
    return kind, before, few


def _found(
    older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes, kind: np.ndarray, before: np.ndarray
) -> dict[str, int]:
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


def _table(changes: Changes, kind: np.ndarray) -> pd.DataFrame:
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


def _new_types(older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes) -> pd.DataFrame:
    known = set(older["type"].dropna())
    fresh = merged[changes.rows["in_new"].to_numpy(dtype=bool) & merged["type"].notna() & ~merged["type"].isin(known)]
    counted = fresh.groupby(fresh["type"].astype(object), sort=True).agg(n=("type", "size"), category=("category", "first"))
    return counted.reset_index(names="type").sort_values("n", ascending=False, kind="stable").reset_index(drop=True)


def _weeks(merged: gpd.GeoDataFrame, kind: np.ndarray) -> tuple[pd.DataFrame, str]:
    """Return rows by week (or month) and kind of change, from shortly before the newer file begins; strays are left out."""
    covered = _covered(merged)
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


def _plans(problem: Problem | None, older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, changes: Changes) -> pd.DataFrame:
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


def _plan_cautions(plans: pd.DataFrame) -> list[str]:
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


def _layout_cautions(older: gpd.GeoDataFrame, newer: gpd.GeoDataFrame) -> list[str]:
    before, now = (set(record_of(table).get("columns") or {}) for table in (older, newer))
    lost = sorted(before - now)
    return (
        [f"The newer file has no column for {', '.join(lost)}: what the older file said stays."]
        if before and now and lost
        else []
    )


def _joined_cautions(older: gpd.GeoDataFrame, merged: gpd.GeoDataFrame, kind: np.ndarray) -> list[str]:
    """Say where versions or copies that dedupe had joined are back: only it can tell whether one of them is newer."""
    if not record_of(older).get("merged"):
        return []
    n = int(merged["id"][kind == "new"].isin(older["id"].dropna()).sum())
    if n == 0:
        return []
    return [
        f"{n:,} of the added rows have the id of a row already there: versions or copies, as sara.dedupe joins them. Write: events = sara.dedupe(found.events)"
    ]


def _note(problem: Problem, entry: tuple[Stage, int] | None, result: RefreshResult) -> None:
    """Put the merged table in the place of the older one, whose rows leave, and the result beside it."""
    stage = problem.scan
    if entry is not None:
        stage, n = entry
        was = stage.entries[n]
        stage.entries[n] = Entry(None, was.added, was.note, was.placebo, was.source)
    stage.add(result.events, result)


def _covered(events: gpd.GeoDataFrame) -> Period | None:
    stated = record_of(events).get("coverage")
    found = (pd.Timestamp(stated[0]), pd.Timestamp(stated[1])) if stated else coverage(events["time"])
    return found


def _has_ids(events: pd.DataFrame) -> bool:
    return bool((~events["id"].dropna().astype(str).str.startswith("row-")).any())


def _noun(events: pd.DataFrame) -> str:
    name = str(events["source"].dropna().iloc[0])
    return name if name in ("calls", "complaints") else "events"


def _source_line(older: gpd.GeoDataFrame, newer: gpd.GeoDataFrame) -> str:
    files = [str(record_of(table).get("file", "")).replace("\\", "/").split("/")[-1] for table in (older, newer)]
    named = " and ".join(dict.fromkeys(name for name in files if name))
    return f"Source: {named}" if named else ""
