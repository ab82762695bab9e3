"""`refresh`: next month's file, merged into what is known, with every change counted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from sara.core.checks import check_events, record_of
from sara.core.errors import InputError
from sara.core.result import Counts, Setting
from sara.data import read_calls, read_complaints, read_events
from sara.data._order import in_order
from sara.data.merging.exports import merge_exports
from sara.problem._refresh_numbers import (
    covered_by,
    found_of,
    has_ids,
    joined_cautions,
    kinds_of,
    layout_cautions,
    new_types,
    plan_cautions,
    plans_of,
    table_of,
    weeks_of,
)
from sara.problem._refresh_result import RefreshResult
from sara.problem.problem import Problem
from sara.problem.record import Entry, Stage, is_event_table

__all__ = ["RefreshResult", "refresh"]


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
    kind, marked, few = kinds_of(older, merged, changes)
    merged["vanished"] = kind == "vanished"
    weeks, freq = weeks_of(merged, kind)
    plans = plans_of(problem, older, merged, changes)
    by_id = has_ids(newer)
    result = RefreshResult(
        table=table_of(changes, kind),
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
            *layout_cautions(older, newer),
            *joined_cautions(older, merged, kind),
            *plan_cautions(plans),
        ),
        events=merged,
        revisions=changes.revisions,
        types=new_types(older, merged, changes),
        weeks=weeks,
        plans=plans,
        found=found_of(older, merged, changes, kind, marked),
        covered=covered_by(merged),
        covered_before=covered_by(older),
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


def _note(problem: Problem, entry: tuple[Stage, int] | None, result: RefreshResult) -> None:
    """Put the merged table in the place of the older one, whose rows leave, and the result beside it."""
    stage = problem.scan
    if entry is not None:
        stage, n = entry
        was = stage.entries[n]
        stage.entries[n] = Entry(None, was.added, was.note, was.placebo, was.source)
    stage.add(result.events, result)


def _noun(events: pd.DataFrame) -> str:
    name = str(events["source"].dropna().iloc[0])
    return name if name in ("calls", "complaints") else "events"


def _source_line(older: gpd.GeoDataFrame, newer: gpd.GeoDataFrame) -> str:
    files = [str(record_of(table).get("file", "")).replace("\\", "/").split("/")[-1] for table in (older, newer)]
    named = " and ".join(dict.fromkeys(name for name in files if name))
    return f"Source: {named}" if named else ""
