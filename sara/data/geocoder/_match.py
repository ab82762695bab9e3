"""Distinct addresses to points: address points and ranges as arrays, all addresses at once; blocks and crossings one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.data.addresses.columns import Address
from sara.data.geocoder._names import StreetIndex
from sara.data.geocoder._network import OTHER_ZONE, SAME_PLACE, Network
from sara.data.geocoder._reference import Numbers, Points, Ranges

__all__ = ["TIE_METRES", "Matches", "match"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Equally good answers nearer to each other than this are one place: two entrances, two sides of the street, two carriageways.
TIE_METRES = SAME_PLACE
# Ranges looked at in one go: bounds the memory.
CHUNK = 4_000_000

NOT_FOUND = (
    "no address",
    "unparsed address",
    "no house number",
    "no such street",
    "number out of range",
    "streets do not cross",
    "no centre lines given",
    "score too low",
    "tie",
)


@dataclass
class Matches:
    """One answer per distinct address."""

    x: Floats
    y: Floats
    score: Floats
    outcome: npt.NDArray[np.object_]
    hint: npt.NDArray[np.object_] = field(default_factory=lambda: np.array([], dtype=object))


@dataclass(frozen=True)
class _Pairs:
    """Address and street it may mean, with the score of the names: one row each, sorted by address."""

    query: Ints
    street: Ints
    score: Ints


def match(
    parsed: list[Address],
    zips: npt.NDArray[np.object_],
    cities: npt.NDArray[np.object_],
    points: Points | None,
    ranges: Ranges | None,
    numbers: Numbers,
    *,
    min_score: float,
    offset: float,
) -> Matches:
    """Return where each address lies, or why it was not found."""
    n = len(parsed)
    out = Matches(
        np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    )
    names = [part.street for part in (points, ranges) if part is not None]
    index = StreetIndex(np.concatenate(names))
    rule = np.array([one.rule for one in parsed], dtype=object)
    out.outcome[:] = "unparsed address"
    out.outcome[rule == "street only"] = "no house number"
    houses = np.flatnonzero(rule == "address")
    number = np.full(n, -1, dtype=np.int64)
    number[houses] = [numbers.of(parsed[i].number) for i in houses]
    looked_up = {
        street: index.candidates(street)
        for street in {one.street for one in parsed if one.street} | {one.cross for one in parsed if one.cross}
    }
    _houses(out, parsed, houses, number, zips, cities, index, looked_up, points, ranges, min_score, offset)
    network = Network(index, ranges, points, zoned=bool(pd.notna(zips).any() or pd.notna(cities).any()))
    for i in np.flatnonzero(rule == "block").tolist():
        hundred = int(parsed[i].number or 0)
        _one(out, i, network.block(looked_up.get(str(parsed[i].street), []), hundred, min_score, (zips[i], cities[i])), "block")
    for i in np.flatnonzero(rule == "intersection").tolist():
        one, other = (looked_up.get(str(name), []) for name in (parsed[i].street, parsed[i].cross))
        _one(out, i, network.crossing(one, other, min_score, (zips[i], cities[i])), "intersection")
    for i in np.flatnonzero(np.isin(out.outcome, ["no such street", "score too low"])).tolist():
        # The street that fits least is the one to ask about.
        said = [name for name in (parsed[i].street, parsed[i].cross) if name in looked_up]
        if said:
            out.hint[i] = index.nearest_name(min(said, key=lambda name: max((score for _, score in looked_up[name]), default=0)))
    return out


def _one(out: Matches, i: int, found: tuple[float, float, float, str], kind: str) -> None:
    x, y, score, reason = found
    out.x[i], out.y[i], out.score[i], out.outcome[i] = x, y, score, reason or kind


def _houses(
    out: Matches, parsed: list[Address], rows: Ints, number: Ints, zips: npt.NDArray[np.object_], cities: npt.NDArray[np.object_], index: StreetIndex,
    looked_up: dict[str, list[tuple[int, int]]], points: Points | None, ranges: Ranges | None, min_score: float, offset: float,
) -> None:  # fmt: skip
    """Find houses among the address points, then along the ranges; the better score wins, then the point."""
    pairs = _pairs(parsed, rows, looked_up)
    best = np.zeros(len(parsed))
    np.maximum.at(best, pairs.query, pairs.score)
    out.outcome[rows] = np.where(
        best[rows] == 0, "no such street", np.where(best[rows] < min_score, "score too low", "number out of range")
    )
    tables = []
    if points is not None:
        tables.append(_among_points(parsed, pairs, number, zips, cities, index, points))
    if ranges is not None:
        tables.append(_along_ranges(pairs, number, zips, cities, index, ranges, offset))
    table = pd.concat(tables, ignore_index=True)
    if len(table) == 0:
        return
    # The point of a house beats its place along a range only at the same score.
    order = np.lexsort((table["y"], table["x"], table["kind"], -table["score"], table["query"]))
    table = table.iloc[order]
    query = table["query"].to_numpy()
    first = np.r_[True, query[1:] != query[:-1]]
    group = np.cumsum(first) - 1
    top = (table["score"].to_numpy() == table["score"].to_numpy()[first][group]) & (
        table["kind"].to_numpy() == table["kind"].to_numpy()[first][group]
    )
    unit = table["unit"].to_numpy()
    top &= ~(np.bincount(group, top & unit, minlength=group[-1] + 1)[group] > 0) | unit
    _take_best(out, table[top], min_score)


def _take_best(out: Matches, table: pd.DataFrame, min_score: float) -> None:
    """Write the best answer of each address; far apart, equally good ones are a tie."""
    grouped = table.groupby("query", sort=True)
    spread = grouped[["x", "y"]].agg(["min", "max"])
    wide, high = (spread[name, "max"].to_numpy() - spread[name, "min"].to_numpy() for name in ("x", "y"))
    apart = np.hypot(wide, high)
    middle = grouped[["x", "y"]].transform("mean")
    near = np.round(np.hypot(table["x"].to_numpy() - middle["x"].to_numpy(), table["y"].to_numpy() - middle["y"].to_numpy()), 3)
    chosen = table.assign(near=near).sort_values(["query", "near", "x", "y"], kind="stable").drop_duplicates("query")
    i = chosen["query"].to_numpy()
    score = chosen["score"].to_numpy(dtype=float)
    kind = np.where(chosen["kind"].to_numpy() == 0, "address point", "range").astype(object)
    outcome = np.where(score < min_score, "score too low", np.where(apart > TIE_METRES, "tie", kind))
    good = np.isin(outcome, ["address point", "range"])
    out.score[i], out.outcome[i] = score, outcome
    out.x[i[good]], out.y[i[good]] = chosen["x"].to_numpy()[good], chosen["y"].to_numpy()[good]


def _pairs(parsed: list[Address], rows: Ints, looked_up: dict[str, list[tuple[int, int]]]) -> _Pairs:
    flat = [(i, street, score) for i in rows for street, score in looked_up.get(str(parsed[i].street), [])]
    query, street, score = np.array(flat, dtype=np.int64).reshape(-1, 3).T
    return _Pairs(query, street, score)


def _among_points(
    parsed: list[Address],
    pairs: _Pairs,
    number: Ints,
    zips: npt.NDArray[np.object_],
    cities: npt.NDArray[np.object_],
    index: StreetIndex,
    points: Points,
) -> pd.DataFrame:
    street = np.array([index.number[name] for name in points.street], dtype=np.int64)
    key = street * 2**32 + points.number
    order = np.argsort(key, kind="stable")
    wanted = pairs.street * 2**32 + number[pairs.query]
    low, high = np.searchsorted(key[order], wanted, side="left"), np.searchsorted(key[order], wanted, side="right")
    low, high = np.where(number[pairs.query] == -1, 0, low), np.where(number[pairs.query] == -1, 0, high)
    pair = np.repeat(np.arange(len(low)), high - low)
    row = order[_spread(low, high)]
    query = pairs.query[pair]
    units = np.array([one.unit for one in parsed], dtype=object)
    said = units[query]
    same_unit = (said == points.unit[row]) & pd.notna(said)
    score = (
        pairs.score[pair]
        - _zone_cost(zips[query], points.zip[row], points.zip)
        - _zone_cost(cities[query], points.city[row], points.city)
    )
    return pd.DataFrame({"query": query, "kind": 0, "score": score, "unit": same_unit, "x": points.x[row], "y": points.y[row]})


def _spread(low: Ints, high: Ints) -> Ints:
    """Return low[0]..high[0]-1, low[1]..high[1]-1 and so on, one after another."""
    n = high - low
    start = np.repeat(low - np.r_[0, np.cumsum(n)[:-1]] if len(n) else low, n)
    return np.arange(n.sum(), dtype=np.int64) + start


def _zone_cost(said: npt.NDArray[np.object_], there: npt.NDArray[np.object_], known: npt.NDArray[np.object_]) -> Ints:
    """Return what another ZIP or city costs; words the reference never uses ("MKE") tell nothing."""
    if len(said) == 0 or pd.isna(said).all():
        return np.zeros(len(said), dtype=np.int64)
    vocabulary = set(pd.unique(pd.Series(known, dtype=object).dropna()))
    used = np.isin(said.astype(str), [str(word) for word in vocabulary])
    cost: Ints = np.where(used & pd.notna(there) & (said != there), OTHER_ZONE, 0)
    return cost


def _along_ranges(
    pairs: _Pairs,
    number: Ints,
    zips: npt.NDArray[np.object_],
    cities: npt.NDArray[np.object_],
    index: StreetIndex,
    ranges: Ranges,
    offset: float,
) -> pd.DataFrame:
    street = np.array([index.number[name] for name in ranges.street[ranges.part]], dtype=np.int64)
    order = np.argsort(street, kind="stable")
    low, high = (
        np.searchsorted(street[order], pairs.street, side="left"),
        np.searchsorted(street[order], pairs.street, side="right"),
    )
    lower, upper = np.minimum(ranges.first, ranges.last), np.maximum(ranges.first, ranges.last)
    found: list[tuple[Ints, Ints]] = []
    step = (
        np.searchsorted(np.cumsum(high - low), np.arange(CHUNK, (high - low).sum() + CHUNK, CHUNK))
        if len(low)
        else np.array([], dtype=np.int64)
    )
    for a, b in zip(np.r_[0, step], np.r_[step, len(low)], strict=True):
        pair = np.repeat(np.arange(a, b), (high - low)[a:b])
        row = order[_spread(low[a:b], high[a:b])]
        wanted = number[pairs.query[pair]]
        hit = (wanted >= lower[row]) & (wanted <= upper[row]) & ((ranges.parity[row] == -1) | (ranges.parity[row] == wanted % 2))
        found.append((pair[hit], row[hit]))
    pair, row = (np.concatenate([part[k] for part in found]) if found else np.array([], dtype=np.int64) for k in (0, 1))
    query = pairs.query[pair]
    x, y = along(ranges, row, number[query].astype(float), offset)
    score = (
        pairs.score[pair]
        - _zone_cost(zips[query], ranges.zip[row], ranges.zip)
        - _zone_cost(cities[query], ranges.city[row], ranges.city)
    )
    return pd.DataFrame({"query": query, "kind": 1, "score": score, "unit": False, "x": x, "y": y})


def along(ranges: Ranges, row: Ints, number: Floats, offset: float) -> tuple[Floats, Floats]:
    """Return the point of a number along its range, `offset` metres to its side of the line.

    The share of the range is the share of the line: (number - first) / (last - first), the middle where the range has one number.
    """
    first, last = ranges.first[row].astype(float), ranges.last[row].astype(float)
    span = last - first
    share = np.clip(np.divide(number - first, span, out=np.full(len(row), 0.5), where=span != 0), 0, 1)
    lines = ranges.line[ranges.part[row]]
    return beside(lines, share * shapely.length(lines), ranges.side[row].astype(float) * offset)


def beside(lines: npt.NDArray[np.object_], distance: Floats, aside: Floats) -> tuple[Floats, Floats]:
    """Return points at a distance along lines, moved to the left by `aside` metres (to the right where negative)."""
    at = shapely.line_interpolate_point(lines, distance)
    x, y = shapely.get_x(at), shapely.get_y(at)
    length = shapely.length(lines)
    # The direction of the line is taken over the two metres around the point.
    before, after = (shapely.line_interpolate_point(lines, np.clip(distance + step, 0, length)) for step in (-1.0, 1.0))
    dx, dy = shapely.get_x(after) - shapely.get_x(before), shapely.get_y(after) - shapely.get_y(before)
    norm = np.hypot(dx, dy)
    norm = np.where(norm > 0, norm, 1.0)
    return np.asarray(x - aside * dy / norm), np.asarray(y + aside * dx / norm)
