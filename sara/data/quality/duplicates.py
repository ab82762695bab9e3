"""What an audit says of rows that tell of one incident several times: each kind, how many."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.data._order import in_order
from sara.data._text import uniques_of
from sara.data.merging.near import exact_groups, keepers, recurring
from sara.data.merging.rules import RULES, declared, overlapping_days, same_rows
from sara.data.quality.ground import Finding, many

__all__ = ["duplicates"]

WHY = "several reports of one incident count as several incidents, and busy reporters make hot spots"
NEAR = "same category, within 30 minutes, and within 100 m or at the same place"
NEAR_DAYS = "equal in all but the id, or the same type on the same day at the same house number"


def duplicates(events: gpd.GeoDataFrame) -> list[Finding]:
    """Exact rows, exports that overlap, repeated ids of each kind, declared duplicates, near duplicates."""
    table = in_order(events)
    groups = exact_groups(table)
    joins = same_rows(table, groups=groups)
    by_rule = np.bincount(joins.rule[joins.rule >= 0], minlength=len(RULES))
    again = _same_id(table)
    joined = int(by_rule[[RULES.index(rule) for rule in ("versions", "units", "victims")]].sum()) + _copies_by_id(
        table, joins.rule
    )
    kinds = [
        *_exact(table, groups),
        (again, "rows repeat the id of another", "told apart below", "events[events.duplicated('id', keep=False)].sort_values('id')"),
        *_by_rule(by_rule),
        (again - joined, "of these come more than a day after the first: the id was used again, for another call", "kept", "nothing to do"),
        (
            int(declared(table).sum()), "rows are declared duplicates by the publisher", "sara.dedupe joins each to the row it repeats, where that is found; kept until then",
            "sara.dedupe(events, rules=['copies', 'versions', 'units', 'victims', 'near'])",
        ),
        (_near(table), f"rows look like a second report of an incident ({_rule(events)})", "sara.dedupe joins them; kept until then", _narrower(events)),
    ]  # fmt: skip
    n = len(table)
    found = [
        Finding("duplicates", f"{count:,} {text if count != 1 else _one(text)}", count, "warning" if count > 0.05 * n else "note", WHY, action, overrule)
        for count, text, action, overrule in kinds
        if count > 0
    ]  # fmt: skip
    return found or [Finding("duplicates", "no duplicates", 0, "ok", WHY, "nothing to do")]


def _exact(table: pd.DataFrame, groups: np.ndarray) -> list[tuple[int, str, str, str]]:
    """Count rows equal to another, and those of them on days that two exports cover."""
    rows = np.flatnonzero(groups >= 0)
    _, first = np.unique(groups[rows], return_index=True)
    later = np.delete(rows, first)
    days = overlapping_days(table, groups)
    mine = table["time"].to_numpy(dtype="datetime64[us]").astype("datetime64[D]").astype(np.int64)[later]
    doubled = int(np.isin(mine, days).sum())
    out = [
        (
            len(later),
            "rows are the same as another in all but the id",
            "kept: some are real",
            "events[events.drop(columns=['id', 'geometry']).duplicated(keep=False)]",
        )
    ]
    if doubled:
        span = f"{many(len(days), 'day')} from {np.datetime64(int(days[0]), 'D')} to {np.datetime64(int(days[-1]), 'D')}"
        out.append((
            doubled, f"of them stand on {span} on which nearly every row stands twice: exports overlap there",
            "sara.dedupe joins them; kept until then", "sara.dedupe(events, rules=['versions', 'units', 'victims', 'declared', 'near'])",
        ))  # fmt: skip
    return out


def _same_id(table: pd.DataFrame) -> int:
    """Count rows whose published id an earlier row has."""
    codes, ids = uniques_of(table["id"].iloc[np.flatnonzero(recurring(table["id"]))])
    sizes = np.bincount(codes, minlength=len(ids))
    published = np.array([not str(value).startswith("row-") for value in ids], dtype=bool)
    return int((sizes[published] - 1).sum())


def _copies_by_id(table: pd.DataFrame, rule: np.ndarray) -> int:
    """Count copies that also share a published id."""
    copies = np.flatnonzero(rule == RULES.index("copies"))
    if len(copies) == 0:
        return 0
    rows = np.flatnonzero(recurring(table["id"]))
    codes, ids = uniques_of(table["id"].iloc[rows])
    often = np.bincount(codes, minlength=len(ids)) > 1
    return int(np.isin(copies, rows[often[codes]]).sum())


def _by_rule(n: np.ndarray) -> list[tuple[int, str, str, str]]:
    keep = {
        "versions": (
            "rows are further versions of a call",
            "sara.dedupe keeps the newest, and the first type; all are kept until then",
        ),
        "units": ("rows are one more unit sent to a call", "sara.dedupe keeps the first; all are kept until then"),
        "victims": ("rows are one more victim of an incident", "sara.dedupe keeps the first; all are kept until then"),
    }
    return [
        (int(n[RULES.index(rule)]), words, action, f"sara.dedupe(events, rules={[other for other in RULES if other != rule]})")
        for rule, (words, action) in keep.items()
    ]


def _near(table: gpd.GeoDataFrame) -> int:
    keeper = keepers(table, seconds=1800.0, distance=100.0, by=["category"])
    return int((keeper != np.arange(len(table))).sum())


def _narrower(events: pd.DataFrame) -> str:
    if record_of(events).get("time_precision") in ("day", "month"):
        return f"sara.dedupe(events, rules={[rule for rule in RULES if rule != 'near']})"
    return "sara.dedupe(events, window='10min', distance=50)"


def _rule(events: pd.DataFrame) -> str:
    return NEAR_DAYS if record_of(events).get("time_precision") in ("day", "month") else NEAR


def _one(text: str) -> str:
    """Turn "rows are the same" into "row is the same"."""
    for several, one in (
        ("rows are", "row is"), ("rows repeat", "row repeats"), ("rows look", "row looks"), ("of these come", "of these comes"), ("of them stand", "of them stands"),
    ):  # fmt: skip
        text = text.replace(several, one)
    return text
