"""Reports of one incident: same kind, near in time, same place or near in space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.data._text import uniques_of

__all__ = ["codes_of", "exact_groups", "keepers", "nearest_before", "recurring"]

# What two rows may differ in and still be the same row written twice; the rest of them follows from other columns.
IDENTITY = ("id", "geometry", "n_reports", "merged_ids", "t", "t_local", "month", "dow", "hour")
# Compared first, in this order: few rows agree in them, and only those are compared in the rest.
FIRST_LOOK = (("time", "x", "y"), ("source", "type", "place"))
# Rows are compared within bands of this many distances: a city of twenty kilometres makes twenty of them.
BAND = 10
# Rows in which near ones are searched at a time, and values made into numbers at a time: memory grows with these, not with the table.
STRETCH, SLICE = 250_000, 500_000
# Times that all rows are settled at once before what is left of them is settled one by one.
ROUNDS = 20


def keepers(table: pd.DataFrame, *, seconds: float, distance: float, by: Sequence[str]) -> np.ndarray:
    """Return for each row of a sorted event table the position of the first report it belongs to (its own, if it is one)."""
    usable = ~table["time"].isna().to_numpy()
    for name in by:
        usable &= table[name].notna().to_numpy()
    kind = codes_of(table, ["source", *by])
    if record_of(table).get("time_precision") in ("day", "month"):
        return _numbers(_day_pairs(table, kind, usable), len(table))
    time = table["time"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    x, y = (table[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    return _in_stretches(time, x, y, _codes(table["place"]), kind, np.flatnonzero(usable), round(seconds * 1e6), distance)


def _in_stretches(
    time: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    place: np.ndarray,
    kind: np.ndarray,
    rows: np.ndarray,
    span: int,
    distance: float,
) -> np.ndarray:
    """Return each row's first report, one stretch of time after another; `rows` are the usable ones, in order of time."""
    keeper = np.arange(len(time))
    when = time[rows]
    for start in range(0, len(rows), STRETCH):
        # Of the rows before, only first reports that are still inside the window can be joined.
        before = rows[np.searchsorted(when, when[start] - span) : start]
        part = np.r_[before[keeper[before] == before], rows[start : start + STRETCH]]
        at = time[part], x[part], y[part], kind[part]
        pairs = [_near_pairs(*at, span, distance), _place_pairs(at[0], place[part], at[3], span)]
        keeper[part] = np.minimum(keeper[part], part[_numbers(np.concatenate(pairs), len(part))])
    return keeper


def codes_of(table: pd.DataFrame, columns: Sequence[str], start: np.ndarray | None = None) -> np.ndarray:
    """Return one number per different combination of values, and of `start` where given."""
    codes = np.zeros(len(table), dtype=np.int64) if start is None else start
    for name in columns:
        one = _codes(table[name])
        codes = pd.factorize(codes * (int(one.max(initial=-1)) + 2) + one + 1)[0].astype(np.int64, copy=False)
    return codes


def _codes(values: pd.Series) -> np.ndarray:
    """Return one number per different value, -1 where missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy().astype(np.int64)
    if values.dtype.kind == "M":
        # Times as whole numbers: their unique values would be made into objects one by one.
        stamps = values.to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(stamps), -1, pd.factorize(stamps.view(np.int64))[0])
    return pd.factorize(values, use_na_sentinel=True)[0]


def _near_pairs(time: np.ndarray, x: np.ndarray, y: np.ndarray, kind: np.ndarray, span: int, distance: float) -> np.ndarray:
    """Return pairs (earlier row, later row) of one kind within the window and the distance."""
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(rows) < 2:
        return np.empty((0, 2), dtype=np.int64)
    height = max(distance, 1.0) * BAND
    at = np.floor((y[rows] - y[rows].min()) / height)
    # Rows near the upper edge stand in the next band as well, as copies; a pair of two copies is found where they are at home.
    edge = np.flatnonzero((at + 1) * height - (y[rows] - y[rows].min()) <= distance + 1e-3)
    row, band = np.r_[rows, rows[edge]], np.r_[at, at[edge] + 1].astype(np.int64)
    copy = np.r_[np.zeros(len(rows), bool), np.ones(len(edge), bool)]
    group = pd.factorize(kind[row] * (band.max() + 1) + band)[0]
    order = np.lexsort((row, group))
    return _stepped(
        row[order], group[order], time, span,
        lambda a, b: ~(copy[order[a]] & copy[order[b]])
        & (np.hypot(x[row[order[a]]] - x[row[order[b]]], y[row[order[a]]] - y[row[order[b]]]) <= distance + 1e-6),
    )  # fmt: skip


def _place_pairs(time: np.ndarray, place: np.ndarray, kind: np.ndarray, span: int) -> np.ndarray:
    """Return pairs of one kind within the window at the same named place."""
    rows = np.flatnonzero(place >= 0)
    if len(rows) < 2:
        return np.empty((0, 2), dtype=np.int64)
    group = pd.factorize(kind[rows] * (place.max() + 1) + place[rows])[0]
    order = np.lexsort((rows, group))
    return _stepped(rows[order], group[order], time, span, None)


def _stepped(rows: np.ndarray, group: np.ndarray, time: np.ndarray, span: int, also: object) -> np.ndarray:
    """Compare each row with the next of its group, the one after it, and so on, as long as any pair is inside the window; rows stand by time."""
    when = time[rows]
    first = np.arange(len(rows) - 1)
    pairs, step = [], 1
    while len(first):
        first = first[first + step < len(rows)]
        inside = (group[first + step] == group[first]) & (when[first + step] - when[first] <= span)
        # Sorted by time: a row that is too far from the next is too far from all later ones.
        first = first[inside]
        hit = first if also is None else first[also(first, first + step)]  # type: ignore[operator]
        pairs.append(np.c_[rows[hit], rows[hit + step]])
        step += 1
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def nearest_before(table: pd.DataFrame, kind: np.ndarray, asks: np.ndarray, *, seconds: float, distance: float) -> np.ndarray:
    """Return for each row that asks the last row up to its time that does not ask, of its kind and at its place or near; else -1."""
    time = table["time"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    x, y = (table[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    ok = table["time"].notna().to_numpy() & (kind >= 0)
    asking, others = np.flatnonzero(asks & ok), np.flatnonzero(~asks & ok)
    out = np.full(len(table), -1, dtype=np.int64)
    if len(asking) == 0 or len(others) == 0:
        return out
    span = round(seconds * 1e6)
    pairs = np.concatenate([
        _ball_pairs(time, x, y, kind, asking, others, span, distance), _last_at_place(time, uniques_of(table["place"])[0], kind, asking, others),
    ])  # fmt: skip
    first, second = pairs.T
    pairs = pairs[(kind[first] == kind[second]) & (time[first] <= time[second]) & (time[second] - time[first] <= span)]
    pairs = pairs[np.lexsort((pairs[:, 0], time[pairs[:, 0]], pairs[:, 1]))]
    out[pairs[:, 1]] = pairs[:, 0]
    return out


def _ball_pairs(
    time: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    kind: np.ndarray,
    asking: np.ndarray,
    others: np.ndarray,
    span: int,
    distance: float,
) -> np.ndarray:
    """Return pairs (other row, asking row) within the distance."""
    from scipy.spatial import cKDTree

    asking, others = (rows[np.isfinite(x[rows]) & np.isfinite(y[rows])] for rows in (asking, others))
    if len(asking) == 0 or len(others) == 0:
        return np.empty((0, 2), dtype=np.int64)
    # Time and kind as further directions, so that one tree finds neighbours in all of them.
    cube = np.c_[x / max(distance, 0.01), y / max(distance, 0.01), (time - time[others].min()) / max(span, 1), kind * 3.0]
    tree = cKDTree(cube[others])
    found = []
    for part in np.array_split(asking, max(1, len(asking) // 20_000)):
        near = tree.query_ball_point(cube[part], 1.0 + 1e-6, p=np.inf)
        n = np.array([len(rows) for rows in near])
        found.append(np.c_[others[np.concatenate([np.asarray(rows, dtype=np.int64) for rows in near])], np.repeat(part, n)])
    pairs = np.concatenate(found)
    return pairs[np.hypot(x[pairs[:, 0]] - x[pairs[:, 1]], y[pairs[:, 0]] - y[pairs[:, 1]]) <= distance + 1e-6]


def _last_at_place(time: np.ndarray, place: np.ndarray, kind: np.ndarray, asking: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return pairs (last row before, asking row) at the same named place."""
    rows = np.r_[others, asking]
    rows = rows[place[rows] >= 0]
    if len(rows) == 0:
        return np.empty((0, 2), dtype=np.int64)
    is_other = np.isin(rows, others)
    group = pd.factorize(kind[rows] * (place.max() + 1) + place[rows])[0]
    # At one time the rows that do not ask come first, so that an asking row finds them.
    order = np.lexsort((rows, ~is_other, time[rows], group))
    last = np.maximum.accumulate(np.where(is_other[order], np.arange(len(rows)), -1))
    at = np.flatnonzero(~is_other[order])
    found = (last[at] >= 0) & (group[order][last[at]] == group[order][at])
    return np.c_[rows[order][last[at][found]], rows[order][at[found]]]


def _day_pairs(table: pd.DataFrame, kind: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return pairs of rows with dates only: equal in all but the id, or the same type and house number on the same day."""
    place, names = uniques_of(table["place"])
    is_house = pd.Series(names, dtype=object).astype(str).str.match(r"\d[\d-]*(?: 1/2)? (?!BLOCK OF )").to_numpy(dtype=bool)
    house = np.append(is_house, False)[place]
    day = table["time"].to_numpy(dtype="datetime64[us]").astype("datetime64[D]").astype(np.int64)
    same = codes_of(
        pd.DataFrame({"kind": kind, "day": day, "type": table["type"].array, "place": place}), ["kind", "day", "type", "place"]
    )
    pairs = []
    for group in (exact_groups(table), np.where(house, same, -1)):
        rows = np.flatnonzero(usable & (group >= 0))
        # Rows come in order: the first of a group is the one with the lowest position.
        _, start, inverse = np.unique(group[rows], return_index=True, return_inverse=True)
        first = rows[start][inverse.ravel()]
        pairs.append(np.c_[first, rows][first != rows])
    return np.concatenate(pairs)


def exact_groups(table: pd.DataFrame) -> np.ndarray:
    """Return one number per different row, leaving out the id; -1 for rows that are like no other, and for those without a time or a place."""
    x, y = (table[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    clear = table["time"].notna().to_numpy() & (table["place"].notna().to_numpy() | (np.isfinite(x) & np.isfinite(y)))
    known = {name for names in FIRST_LOOK for name in names}
    rows = np.flatnonzero(clear)
    # Most rows share their second and point with no other: a number for the three says so, and only the others are compared in earnest.
    time = table["time"].to_numpy(dtype="datetime64[us]").view(np.int64)
    rows = rows[_again(_mixed([time[rows], x[rows], y[rows]]))]
    group = np.zeros(len(rows), dtype=np.int64)
    for names in (*FIRST_LOOK, [name for name in table.columns if name not in IDENTITY and name not in known]):
        group = codes_of(table[list(names)].iloc[rows], names, start=group)
        again = np.bincount(group)[group] > 1 if len(group) else np.zeros(0, dtype=bool)
        rows, group = rows[again], group[again]
    out = np.full(len(table), -1, dtype=np.int64)
    out[rows] = group
    return out


def recurring(values: pd.Series) -> np.ndarray:
    """Return which rows may have a value that another row has: all that do, and hardly one besides; none where it is missing."""
    known = values.notna().to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        return known & (np.bincount(codes[known], minlength=1) > 1)[np.where(known, codes, 0)]
    hashes = np.empty(len(values), dtype=np.uint64)
    for start in range(0, len(values), SLICE):
        part = values.iloc[start : start + SLICE].astype(object)
        hashes[start : start + SLICE] = pd.util.hash_array(part.where(part.notna(), "").to_numpy(dtype=object), categorize=False)
    out = np.zeros(len(values), dtype=bool)
    out[known] = _again(hashes[known])
    return out


def _mixed(columns: list[np.ndarray]) -> np.ndarray:
    """Return one number per row that is the same where all columns are; rows that differ share one by rare chance only."""
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        # Minus zero is zero, and one missing value is like another.
        bits = column if column.dtype.kind != "f" else np.where(np.isnan(column), np.nan, column + 0.0)
        total += bits.view(np.uint64)
        # Two rounds of multiplying and folding spread every bit over all others.
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            total ^= total >> np.uint64(33)
            total *= np.uint64(factor)
    total ^= total >> np.uint64(33)
    return total


def _again(hashes: np.ndarray) -> np.ndarray:
    """Return which numbers stand more than once."""
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if len(twice) == 0:
        return np.zeros(len(hashes), dtype=bool)
    return np.asarray(twice[np.minimum(np.searchsorted(twice, hashes), len(twice) - 1)] == hashes)


def _numbers(pairs: np.ndarray, n: int) -> np.ndarray:
    """Return each row's first report: rows in order of time join the earliest first report they are paired with."""
    keeper = np.arange(n)
    if len(pairs):
        stays = ~_left(pairs, n)
        first, second = pairs[stays[pairs[:, 0]] & ~stays[pairs[:, 1]]].T
        np.minimum.at(keeper, second, first)
    return keeper


def _left(pairs: np.ndarray, n: int) -> np.ndarray:
    """Return which rows are no first report: those that are paired with an earlier one that is."""
    left, (first, second) = np.zeros(n, dtype=bool), pairs.T
    for _ in range(ROUNDS):
        # A row with no earlier one to wait for is a first report, and what is paired with it has left; a row that has left can't be joined.
        waits = np.zeros(n, dtype=bool)
        waits[second] = True
        left[second[~waits[first]]] = True
        open_ = ~left[first] & ~left[second]
        first, second = first[open_], second[open_]
        if len(first) == 0:
            return left
    # Long chains are followed row by row: whether an earlier row stays is known when a later one's turn comes.
    order = np.lexsort((first, second))
    for one, other in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if not left[one]:
            left[other] = True
    return left
