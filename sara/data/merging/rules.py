"""Rows that are one row of the publisher's: copies, versions, units sent, victims; and duplicates the publisher declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sara.data._text import uniques_of
from sara.data.merging.near import IDENTITY, codes_of, exact_groups, nearest_before, recurring

__all__ = ["RULES", "RULE_WORDS", "Joins", "declared", "declared_joins", "overlapping_days", "same_rows"]

RULES = ("copies", "versions", "units", "victims", "declared", "near")
# How a result names what each rule joined.
RULE_WORDS = {
    "copies": "the same row exported twice", "versions": "versions of one call", "units": "one row per unit sent", "victims": "one row per victim",
    "declared": "declared duplicates", "near": "near in time and place",
}  # fmt: skip
# An id that comes again later than this is another call: numbers are used again, by the year or by the shift.
SAME_ID_HOURS = 24
# A request that someone else made before is open for about this long, and a later one is declared its duplicate.
OPEN_DAYS = 90
# Two exports overlap on a day when this share of its rows, and at least so many, stand there more than once.
DOUBLED, LEAST_DOUBLED = 0.8, 10
STAMPS = ("dispatched", "arrived", "closed")
UNIT = r"(?:^|[ _.])(?:unit|units|apparatus|vehicle|call ?sign|car|officer|badge|resource|responder)(?:$|[ _.])"
VICTIM = r"(?:^|[ _.])(?:vic|victim|victims|person|age|sex|gender|race|ethnicity|injury)(?:$|[ _.])"
VERSION = r"version|revision|updat|modif|edited"
DUPLICATE = r"\bDUP(?:LICATE|LICATED|LICATES|E|L|S)?\b"
FLAG = r"(?:^|[ _.])(?:is[ _]?)?dup(?:licate|licated|e)?(?:$|[ _.])"
PARENT = (
    r"parent|master[ _]?(?:id|case|call|incident|number|record)|duplicate[ _]?of|original[ _]?(?:id|case|call|incident|number)"
)
YES = frozenset({"Y", "YES", "TRUE", "T", "1", "1.0", "X", "DUPLICATE"})


@dataclass(frozen=True, slots=True)
class Joins:
    """Which row each row goes into, and why.

    Parameters
    ----------
    keeper : ndarray of int
        For each row the position of the row that stays for it, its own where it stays.
    first : ndarray of int
        For each row the position of the earliest of its rows: the row that stays takes its time.
    rule : ndarray of int
        Position in `RULES` of the rule by which a row leaves; -1 for a row that stays.
    """

    keeper: np.ndarray
    first: np.ndarray
    rule: np.ndarray


def same_rows(table: pd.DataFrame, rules: tuple[str, ...] = RULES, *, groups: np.ndarray | None = None) -> Joins:
    """Find rows that are one row of the publisher's, in a sorted event table.

    Rows with one published id (and source) within a day of the first are one call. They are copies where they agree in everything, one row per
    unit or victim where they differ only in columns with such names (units: also in the time of dispatch, arrival and closing), and versions
    otherwise. Rows without a common id are copies where they agree in all else on a day on which nearly all rows stand twice.
    """
    n = len(table)
    out = Joins(np.arange(n), np.arange(n), np.full(n, -1, dtype=np.int64))
    if "copies" in rules:
        _join_copies(table, out, exact_groups(table) if groups is None else groups)
    rows, block = _by_id(table, out.rule)
    if len(rows) == 0:
        return out
    kinds = _kinds(table, rows, block)
    first, latest = _ends(table, rows, block)
    for code, name in enumerate(RULES):
        if name not in rules or name not in ("copies", "versions", "units", "victims"):
            continue
        mine = kinds == code
        keep = np.where(mine, latest if name == "versions" else first, -1)
        hit = mine[block]
        out.keeper[rows[hit]], out.first[rows[hit]] = keep[block[hit]], first[block[hit]]
        out.rule[rows[hit]] = np.where(rows[hit] == keep[block[hit]], -1, code)
    _settle(out)
    return out


def _settle(joins: Joins) -> None:
    """Follow rows whose keeper has left itself."""
    while (joins.keeper[joins.keeper] != joins.keeper).any():
        joins.keeper[:] = joins.keeper[joins.keeper]


def _join_copies(table: pd.DataFrame, out: Joins, groups: np.ndarray) -> None:
    """Join equal rows of days that two exports cover."""
    rows = np.flatnonzero(groups >= 0)
    if len(rows) == 0:
        return
    rows = rows[np.isin(_days(table)[rows], overlapping_days(table, groups))]
    _, start, inverse = np.unique(groups[rows], return_index=True, return_inverse=True)
    first = rows[start][inverse.ravel()] if len(rows) else rows
    out.keeper[rows], out.first[rows] = first, first
    out.rule[rows] = np.where(first == rows, -1, RULES.index("copies"))


def overlapping_days(table: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
    """Return the days (since 1970) on which nearly all rows stand more than once."""
    days = _days(table)
    timed = table["time"].notna().to_numpy()
    if not (groups >= 0).any() or not timed.any():
        return np.empty(0, dtype=np.int64)
    zero = days[timed].min()
    total = np.bincount(days[timed] - zero)
    twice = np.bincount(days[timed & (groups >= 0)] - zero, minlength=len(total))
    return np.flatnonzero((twice >= LEAST_DOUBLED) & (twice >= DOUBLED * total)) + zero


def _days(table: pd.DataFrame) -> np.ndarray:
    return np.asarray(table["time"].to_numpy(dtype="datetime64[us]").astype("datetime64[D]").astype(np.int64))


def _by_id(table: pd.DataFrame, rule: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that share a published id with another within a day, sorted by call and time, and the number of the call of each."""
    # Of millions of ids nearly all stand once: only the others are looked at as text.
    rows = np.flatnonzero(recurring(table["id"]) & table["time"].notna().to_numpy() & (rule < 0))
    codes, ids = uniques_of(table["id"].iloc[rows])
    often = np.bincount(codes, minlength=len(ids)) > 1
    made = np.array([str(value).startswith("row-") for value in ids], dtype=bool)
    mine = (often & ~made)[codes]
    rows, codes = rows[mine], codes[mine]
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    key = codes_of(table[["source"]].iloc[rows], ["source"], start=codes.astype(np.int64))
    time = table["time"].to_numpy(dtype="datetime64[us]").astype(np.int64)[rows]
    order = np.lexsort((rows, time, key))
    rows, key, time = rows[order], key[order], time[order]
    block = _blocks(key, time)
    size = np.bincount(block)
    rows, block = rows[size[block] > 1], block[size[block] > 1]
    return rows, pd.factorize(block)[0]


def _blocks(key: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return a number per run of one key that ends a day after its first row; keys and, in them, times are sorted."""
    if len(key) == 0:
        return key
    day = SAME_ID_HOURS * 3_600_000_000
    new = np.r_[True, key[1:] != key[:-1]]
    start = np.flatnonzero(new)
    end = np.r_[start[1:], len(key)]
    # Only keys that last longer than a day need to be walked through.
    for a, b in zip(start[time[end - 1] - time[start] > day], end[time[end - 1] - time[start] > day], strict=True):
        while (a := a + int(np.searchsorted(time[a:b], time[a] + day, side="right"))) < b:
            new[a] = True
    return np.cumsum(new) - 1


def _kinds(table: pd.DataFrame, rows: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return for each call the position in `RULES` of what its rows are to each other."""
    start = np.flatnonzero(np.r_[True, np.diff(block) > 0])
    differs = {what: np.zeros(len(start), bool) for what in ("unit", "victim", "stamp", "other")}
    for name in [column for column in table.columns if column not in (*IDENTITY, "source", "first_type")]:
        values = table[name].iloc[rows]
        if name in ("x", "y"):
            # A point that moved less than a metre is the same.
            values = pd.Series(np.floor(values.to_numpy(dtype=float, na_value=np.nan) + 0.25))
        codes = uniques_of(values)[0]
        differs[_what(str(name))] |= np.minimum.reduceat(codes, start) != np.maximum.reduceat(codes, start)
    unit, victim, stamp, other = differs.values()
    kinds = np.full(len(start), RULES.index("versions"))
    kinds[unit & ~victim & ~other] = RULES.index("units")
    kinds[victim & ~unit & ~other & ~stamp] = RULES.index("victims")
    kinds[~(unit | victim | stamp | other)] = RULES.index("copies")
    return kinds


def _what(name: str) -> str:
    if name in STAMPS:
        return "stamp"
    word = np.array([name], dtype=object)
    return "unit" if _contains(word, UNIT)[0] else "victim" if _contains(word, VICTIM)[0] else "other"


def _ends(table: pd.DataFrame, rows: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the newest row of each call.

    The newest by the column that says so, else by the last thing that happened, else the one that says most; the first by its time, then by the same.
    """
    part = table.iloc[rows]
    last = pd.DataFrame({name: part[name].to_numpy(dtype="datetime64[us]") for name in ("time", "received", *STAMPS)}).max(axis=1)
    keys = [np.arange(len(rows)), part.notna().sum(axis=1).to_numpy(), last.to_numpy(dtype="datetime64[us]").astype(np.int64)]
    keys += [_rank(part[name]) for name in table.columns if _contains(np.array([name], dtype=object), VERSION)[0]]
    newest = np.lexsort((*keys, block))
    end = np.flatnonzero(np.r_[np.diff(block[newest]) > 0, True])
    oldest = np.lexsort((*keys, part["time"].to_numpy(dtype="datetime64[us]").astype(np.int64), block))
    start = np.flatnonzero(np.r_[True, np.diff(block[oldest]) > 0])
    return rows[oldest][start], rows[newest][end]


def _rank(values: pd.Series) -> np.ndarray:
    """Return numbers in the order of versions or of times of change; -inf where there is none."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.to_numpy(dtype="datetime64[us]").astype(np.int64).astype(float)
    number = pd.to_numeric(values, errors="coerce")
    if number.notna().sum() < values.notna().sum():
        codes, texts = uniques_of(values)
        stamps = pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", format="mixed", utc=True)
        ranks = np.append(stamps.rank().to_numpy(dtype=float), np.nan)
        number = pd.Series(ranks[codes])
    return np.nan_to_num(number.to_numpy(dtype=float, na_value=np.nan), nan=-np.inf)


def declared(table: pd.DataFrame) -> np.ndarray:
    """Return which rows the publisher declares to be duplicates: by disposition or type, a column of yes and no, or the id of another row."""
    out = np.zeros(len(table), bool)
    for name in ("disposition", "type"):
        codes, words = uniques_of(table[name])
        out |= np.append(_contains(words, DUPLICATE), False)[codes]
    for name in _extra(table, FLAG):
        codes, words = uniques_of(table[name])
        out |= np.append([str(word).strip().upper() in YES for word in words], False).astype(bool)[codes]
    return out | (_parents(table) >= 0)


def _contains(words: np.ndarray, pattern: str) -> np.ndarray:
    text = pd.Series(words, dtype=object).map(str)
    return text.str.contains(pattern, regex=True, case=False).to_numpy(dtype=bool) if len(text) else np.zeros(0, bool)


def _extra(table: pd.DataFrame, pattern: str) -> list[Any]:
    """Return the publisher's own columns whose names match."""
    known = {
        *IDENTITY,
        "source",
        "time",
        "time_to",
        "type",
        "first_type",
        "category",
        "text",
        "x",
        "y",
        "address",
        "place",
        "disposition",
    }
    return [name for name in table.columns if name not in known and _contains(np.array([name], dtype=object), pattern)[0]]


def _parents(table: pd.DataFrame) -> np.ndarray:
    """Return the position of the row that each row names as its first, -1 where it names none that is there."""
    out = np.full(len(table), -1, dtype=np.int64)
    columns = _extra(table, PARENT)
    if not columns:
        return out
    for name in columns:
        codes, words = uniques_of(table[name])
        text = pd.Series(words, dtype=object).map(
            lambda word: str(int(word)) if isinstance(word, float) and word.is_integer() else str(word).strip()
        )
        # An id that stands several times means its first row.
        named = np.flatnonzero(table["id"].isin(text.tolist()).to_numpy(dtype=bool))
        first = pd.Series(named, index=table["id"].iloc[named].astype(object))
        first = first[~first.index.duplicated()]
        at = np.append(first.reindex(text).fillna(-1).to_numpy(dtype=float), -1).astype(np.int64)[codes]
        at[at == np.arange(len(table))] = -1
        out = np.where(out >= 0, out, at)
    return out


def declared_joins(table: pd.DataFrame, *, distance: float) -> tuple[Joins, int]:
    """Find for each declared duplicate the row it repeats: the one it names, else the last of its type at its place (or near) in 90 days.

    Returns also how many declared duplicates have no such row: they stay as they are.
    """
    n = len(table)
    out = Joins(np.arange(n), np.arange(n), np.full(n, -1, dtype=np.int64))
    asks = declared(table)
    if not asks.any():
        return out, 0
    parents = _parents(table)
    kind = np.where(table["type"].notna().to_numpy(), codes_of(table, ["source", "type"]), -1)
    target = np.where(parents >= 0, parents, nearest_before(table, kind, asks, seconds=OPEN_DAYS * 86_400.0, distance=distance))
    rows = np.flatnonzero(asks & (target >= 0))
    out.keeper[rows] = target[rows]
    _break_circles(out.keeper)
    _settle(out)
    gone = out.keeper != np.arange(n)
    out.rule[gone] = RULES.index("declared")
    out.first[:] = out.keeper
    return out, int((asks & ~gone).sum())


def _break_circles(keeper: np.ndarray) -> None:
    """Let rows that name each other stay: of two the earlier, of a longer circle all."""
    here = np.arange(len(keeper))
    first = np.flatnonzero((keeper[keeper] == here) & (here < keeper))
    keeper[first] = first
    rest = keeper
    # Steps double: this follows every chain to its end.
    for _ in range(int(np.log2(len(keeper))) + 2):
        rest = rest[rest]
    lost = np.flatnonzero(keeper[rest] != rest)
    keeper[lost] = lost
