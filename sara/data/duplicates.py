"""Several reports of one incident, joined into one row that says how many told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_choice, check_columns, check_events, record_of
from sara.core.errors import InputError
from sara.core.units import metres
from sara.data._order import in_order
from sara.data._text import text_column
from sara.data.merging.near import keepers
from sara.data.merging.rules import RULE_WORDS, RULES, Joins, declared_joins, same_rows

__all__ = ["dedupe"]

# What the newest version of a call takes over from the first.
FROM_FIRST = ("time", "t", "t_local", "month", "dow", "hour", "received")


def dedupe(
    events: gpd.GeoDataFrame,
    *,
    window: str | pd.Timedelta = "30min",
    distance: float | str = 100,
    by: str | Sequence[str] | None = "category",
    rules: str | Sequence[str] | None = None,
) -> gpd.GeoDataFrame:
    """Join rows that tell of one incident; nothing is lost: the row that stays says how many told of it, and which.

    Parameters
    ----------
    events : GeoDataFrame
        An event table.
    window : str or Timedelta
        The longest time from the first report to a later one of the same incident.
    distance : float or str
        The longest distance from the first report, in metres or with a unit; 0 for the same coordinates only. Reports from the same normalized
        place are joined whatever their coordinates.
    by : str or list of str, optional
        Columns in which reports of one incident agree. Where one is missing, the row is not joined. None to compare time and place only.
    rules : str or list of str, optional
        Which rules to use, of ``"copies"``, ``"versions"``, ``"units"``, ``"victims"``, ``"declared"``, ``"near"``; all if not given.

    Returns
    -------
    GeoDataFrame
        The event table without the rows that were joined into others, sorted by time. ``n_reports`` counts the reports of a row and ``merged_ids``
        holds the ids of the others, separated by ``;``. ``first_type`` is there where a call's type was changed by a later version.
        ``attrs["sara"]["merged"]`` is the number of rows that left, ``["merged_by"]`` how many by which rule, ``["declared_alone"]`` how many
        declared duplicates have no row they could be joined to and stay.

    Raises
    ------
    InputError
        If `events` is not an event table, or an option is not a duration, a distance, a column or a rule.

    Notes
    -----
    The rules, in their order:

    - **copies**: equal rows with the same published id; and rows equal in all but an id on days on which four fifths of the rows stand twice, as
      where two exports overlap. Elsewhere equal rows may be two real reports, and only **near** joins them. Adds no report.
    - **versions**: several rows with one published id within a day. The newest stays (by a column such as ``updated``, else by its last time
      stamp, else the fullest), with the time of the first; where the type was changed, ``first_type`` keeps the first. Adds no report.
    - **units**, **victims**: rows of one id that differ only in columns named after units sent (and in the times of dispatch, arrival and closing),
      or after victims. The first stays. Adds no report.
    - **declared**: the publisher says that the row is a duplicate (its disposition, a column of yes and no, the id of another row). It joins the row
      it names, else the last one before it of the same type, at the same place or within `distance`, of the last 90 days. Adds a report.
    - **near**: in the order of time, each report joins the earliest first report that agrees in `by` within `window` and `distance`, or
      becomes one itself. The window is counted from the first report and does not slide, so that a loud night is not one incident. Adds a report.

    A second `dedupe` changes nothing. Rows of different sources are never joined, nor rows without a time. A row without a location is joined by its
    place only. Where times are dates without a clock, minutes mean nothing: **near** then joins rows that agree in everything published but the
    id, or that have the same type on the same day at the same house number (a hundred block is too many houses for that). What this merges of separate
    incidents is not known: it is part of the finding where it matters, so run the analysis with another window as well.

    References
    ----------
    Liu, Bhandaram & Garg (2024), Quantifying spatial under-reporting disparities in resident crowdsourcing. Nature Computational Science 4, 57-65.
    doi:10.1038/s43588-023-00572-6

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data.duplicates import dedupe
    >>> from sara.data.schema import as_events
    >>> table = pd.DataFrame({
    ...     "when": ["2024-03-01 23:10", "2024-03-01 23:14", "2024-03-02 02:00"], "what": ["FIGHT", "FIGHT", "FIGHT"],
    ...     "lon": [-88.9, -88.9, -88.9], "lat": [40.9, 40.9, 40.9]})
    >>> once = dedupe(as_events(table, time="when", type="what", lon="lon", lat="lat"))
    >>> once["n_reports"].tolist(), once.attrs["sara"]["merged_by"]
    ([2, 1], {'near in time and place': 1})
    """
    check_events(events)
    seconds, far = _window(window), metres(distance, name="distance", zero=True)
    columns = [by] if isinstance(by, str) else list(by or ())
    check_columns(events, columns, argument="by")
    used = _rules(rules)
    record = record_of(events)
    merged_by: dict[str, int] = dict(record.get("merged_by") or {})
    table, alone = in_order(events), 0
    joins = same_rows(table, used)
    table = _merged(table, joins, merged_by)
    if "declared" in used:
        joins, alone = declared_joins(table, distance=far)
        table = _merged(table, joins, merged_by)
    if "near" in used:
        table = _merged(table, near_joins(table, seconds=seconds, distance=far, by=columns), merged_by)
    gone = len(events) - len(table)
    table.attrs = {
        **events.attrs,
        "sara": {**record, "merged": int(record.get("merged", 0)) + gone, "merged_by": merged_by, "declared_alone": alone},
    }
    return table


def near_joins(table: gpd.GeoDataFrame, *, seconds: float, distance: float, by: Sequence[str]) -> Joins:
    """Find reports near in time and place, in a sorted event table."""
    keeper = keepers(table, seconds=seconds, distance=distance, by=by)
    gone = keeper != np.arange(len(table))
    return Joins(keeper, keeper, np.where(gone, RULES.index("near"), -1))


def _rules(rules: str | Sequence[str] | None) -> tuple[str, ...]:
    chosen = RULES if rules is None else (rules,) if isinstance(rules, str) else tuple(rules)
    for rule in chosen:
        check_choice(rule, RULES, name="rules")
    return chosen


def _window(window: Any) -> float:
    try:
        seconds = pd.Timedelta(window).total_seconds()
    except (ValueError, TypeError):
        seconds = float("nan")
    if isinstance(window, (int, float)) or not np.isfinite(seconds) or seconds < 0:
        raise InputError(f"`window` must be a duration. Got {window!r}. Write '30min', '2h' or '24h'.")
    return float(seconds)


def _merged(table: gpd.GeoDataFrame, joins: Joins, merged_by: dict[str, int]) -> gpd.GeoDataFrame:
    """Return the rows that stay, with reports and ids of the others, and count the others by rule."""
    gone = np.flatnonzero(joins.rule >= 0)
    if len(gone) == 0:
        return table
    for code, n in zip(*np.unique(joins.rule[gone], return_counts=True), strict=True):
        merged_by[RULE_WORDS[RULES[code]]] = merged_by.get(RULE_WORDS[RULES[code]], 0) + int(n)
    stays = joins.rule < 0
    out = table[stays].copy()
    out["n_reports"] = _reports(table, joins)[stays]
    _link(table, out, joins, gone, np.cumsum(stays) - 1)
    moved = np.flatnonzero(stays & (joins.first != np.arange(len(table))))
    if len(moved):
        _as_first(table, out, moved, joins.first[moved], (np.cumsum(stays) - 1)[moved])
    return in_order(out)


def _reports(table: gpd.GeoDataFrame, joins: Joins) -> np.ndarray:
    """Return the reports of each row: a declared or near duplicate is one more, a copy, version, unit or victim is the same one again."""
    reports = table["n_reports"].fillna(1).to_numpy(dtype=np.int64)
    out = reports.copy()
    more = np.isin(joins.rule, [RULES.index("declared"), RULES.index("near")])
    np.add.at(out, joins.keeper[more], reports[more])
    again = (joins.rule >= 0) & ~more
    np.maximum.at(out, joins.keeper[again], reports[again])
    return out


def _link(table: gpd.GeoDataFrame, out: gpd.GeoDataFrame, joins: Joins, gone: np.ndarray, position: np.ndarray) -> None:
    """Write the ids of the rows that left into ``merged_ids``; an id that the row has itself needs no link."""
    merged = table["merged_ids"].astype(object).where(table["merged_ids"].notna(), None).to_numpy(dtype=object)
    ids = table["id"].astype(object).where(table["id"].notna(), None).to_numpy(dtype=object)
    words: dict[int, list[str]] = {}
    for row in gone.tolist():
        keeper = int(joins.keeper[row])
        words.setdefault(keeper, []).extend(
            str(part) for part in (None if ids[row] == ids[keeper] else ids[row], merged[row]) if part is not None
        )
    values = out["merged_ids"].astype(object).where(out["merged_ids"].notna(), None).to_numpy(dtype=object).copy()
    for row, others in words.items():
        own = values[position[row]]
        if others:
            values[position[row]] = ";".join(([own] if own is not None else []) + others)
    out["merged_ids"] = text_column(values, out.index)


def _as_first(table: gpd.GeoDataFrame, out: gpd.GeoDataFrame, rows: np.ndarray, first: np.ndarray, at: np.ndarray) -> None:
    """Give the newest versions the time of the first, and its type beside their own where they differ."""
    source = out.index.to_numpy().copy()
    source[at] = first
    for name in FROM_FIRST:
        out[name] = table[name].array.take(source)
    types = table["type"].astype(object).where(table["type"].notna(), None).to_numpy(dtype=object)
    earlier = (
        table["first_type"].astype(object).where(table["first_type"].notna(), None).to_numpy(dtype=object)
        if "first_type" in table
        else np.full(len(table), None, dtype=object)
    )
    kept = earlier[out.index.to_numpy()].copy()
    was = np.where(pd.isna(earlier[first]), types[first], earlier[first])
    differs = pd.notna(was) & (was != types[rows])
    kept[at[differs]] = was[differs]
    if pd.notna(kept).any():
        out["first_type"] = text_column(kept, out.index)
