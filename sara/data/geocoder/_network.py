"""Hundred blocks and crossings: streets as lines that meet, or, without lines, the houses along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.data.geocoder._names import StreetIndex

if TYPE_CHECKING:
    from sara.data.geocoder._reference import Points, Ranges

__all__ = ["Network"]

# Answers nearer to each other than this are one: a divided road crosses twice, a block has two sides.
SAME_PLACE = 100.0
# Stretches of one street and one hundred farther apart than this are two places: the street's name stands in two towns.
OTHER_TOWN = 500.0
# What another ZIP or city than the one said costs.
OTHER_ZONE = 10
# Lines that should touch may miss each other by this much in a county's file.
GAP = 15.0

Answer = tuple[float, float, float, str]
Scored = list[tuple[int, int]]
Place = tuple[float, float]
Zones = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place, the ZIPs and cities it has, and those that its file knows."""

    place: Place
    zones: tuple[frozenset[str], frozenset[str]]
    known: tuple[frozenset[str], frozenset[str]]

    def cost(self, said: Zones) -> int:
        """Return what another ZIP or city than the one said costs; words the file never uses ("MKE") tell nothing."""
        both = zip(said, self.zones, self.known, strict=True)
        return sum(OTHER_ZONE for word, there, known in both if word in known and there and word not in there)


def _words(values: npt.NDArray[np.object_]) -> frozenset[str]:
    return frozenset(pd.unique(pd.Series(values, dtype=object).dropna()))


class Network:
    """The streets of the reference file, by their number in the index; `zoned` says whether any address has a ZIP or a city."""

    def __init__(self, index: StreetIndex, ranges: Ranges | None, points: Points | None, *, zoned: bool) -> None:
        self._ranges, self._points, self._zoned = ranges, points, zoned
        self._lines: dict[int, npt.NDArray[np.int64]] = {}
        self._sides: dict[int, npt.NDArray[np.int64]] = {}
        self._houses: dict[int, npt.NDArray[np.int64]] = {}
        self._nodes: dict[int, set[int]] = {}
        self._blocks: dict[tuple[int, int], list[_Spot]] = {}
        self._crossings: dict[tuple[int, int], list[_Spot]] = {}
        self._words = {
            name: (_words(part.zip), _words(part.city))
            for name, part in (("ranges", ranges), ("points", points))
            if part is not None
        }
        if ranges is not None:
            known = np.array([index.number.get(name, -1) if name else -1 for name in ranges.street], dtype=np.int64)
            self._lines = _groups(known)
            self._sides = _groups(known[ranges.part])
            self._at, ends = _nodes(ranges.line)
            self._nodes = {street: set(ends[rows].ravel().tolist()) for street, rows in self._lines.items()}
        if points is not None:
            self._houses = _groups(np.array([index.number[name] for name in points.street], dtype=np.int64))

    def block(self, streets: Scored, hundred: int, min_score: float, zones: Zones) -> Answer:
        """Return the middle of a hundred block: of its range along the line, else of its houses."""
        if not streets:
            return np.nan, np.nan, np.nan, "no such street"
        options = [
            (score - spot.cost(zones), spot.place) for street, score in streets for spot in self._blocks_of(street, hundred)
        ]
        if not options:
            best = max(score for _, score in streets)
            return np.nan, np.nan, float(best), "number out of range" if best >= min_score else "score too low"
        return _best(options, min_score)

    def _blocks_of(self, street: int, hundred: int) -> list[_Spot]:
        """Return the middles of a street's blocks of one number, one in each town that has it."""
        if (street, hundred) not in self._blocks:
            spots = self._blocks_on_lines(street, hundred) if street in self._sides else []
            if not spots and street in self._houses:
                spots = self._blocks_of_houses(street, hundred)
            self._blocks[street, hundred] = spots
        return self._blocks[street, hundred]

    def _blocks_on_lines(self, street: int, hundred: int) -> list[_Spot]:
        ranges = self._ranges
        assert ranges is not None
        rows = self._sides[street]
        low, high = _low_high(ranges, rows)
        rows = rows[(low <= hundred + 99) & (high >= hundred)]
        parts = [rows[part] for part in _towns(ranges.line[ranges.part[rows]])]
        return [self._spot(place, ranges, part) for part in parts for place in self._middle_of_ranges(part, hundred)]

    def _blocks_of_houses(self, street: int, hundred: int) -> list[_Spot]:
        points = self._points
        assert points is not None
        rows = self._houses[street]
        rows = rows[points.number[rows] // 100 * 100 == hundred]
        found = []
        for part in _towns(shapely.points(points.x[rows], points.y[rows])):
            # The house nearest to their middle: the middle itself may lie behind a bend.
            x, y = points.x[rows[part]], points.y[rows[part]]
            i = int(np.lexsort((y, x, np.hypot(x - x.mean(), y - y.mean()).round(3)))[0])
            found.append(self._spot((float(x[i]), float(y[i])), points, rows[part]))
        return found

    def _middle_of_ranges(self, rows: npt.NDArray[np.int64], hundred: int) -> list[Place]:
        ranges = self._ranges
        assert ranges is not None
        from sara.data.geocoder._match import along

        low, high = _low_high(ranges, rows)
        covered = np.c_[np.maximum(low, hundred), np.minimum(high, hundred + 99)]
        middle = (covered[:, 0].min() + covered[:, 1].max()) / 2
        # The stretch that holds the middle, else the one that comes nearest to it.
        miss = np.maximum(covered[:, 0] - middle, middle - covered[:, 1]).clip(0)
        near = np.flatnonzero(miss == miss.min())
        at = np.clip(middle, covered[near, 0], covered[near, 1])
        x, y = along(ranges, rows[near], at.astype(float), 0.0)
        if np.hypot(np.ptp(x), np.ptp(y)) > SAME_PLACE:
            return list(zip(x.tolist(), y.tolist(), strict=True))
        return [(float(np.mean(x)), float(np.mean(y)))]

    def _spot(self, place: Place, part: Ranges | Points, rows: npt.NDArray[np.int64]) -> _Spot:
        """Return a place with the ZIPs and cities of the rows it is made of."""
        there = [frozenset(word for word in words[rows] if word is not None) for words in (part.zip, part.city)]
        return _Spot(place, (there[0], there[1]), self._words["points" if part is self._points else "ranges"])

    def crossing(self, one: Scored, other: Scored, min_score: float, zones: Zones) -> Answer:
        """Return where two streets cross: a shared end of their lines, else where the lines meet."""
        if not one or not other:
            return np.nan, np.nan, np.nan, "no such street"
        if not self._lines:
            return np.nan, np.nan, np.nan, "no centre lines given"
        options: list[tuple[int, Place]] = []
        for a, score_a in one:
            for b, score_b in other:
                if a != b:
                    options += [(min(score_a, score_b) - spot.cost(zones), spot.place) for spot in self._crossings_of(a, b)]
        if not options:
            best = min(max(score for _, score in one), max(score for _, score in other))
            return np.nan, np.nan, float(best), "streets do not cross" if best >= min_score else "score too low"
        return _best(options, min_score)

    def _crossings_of(self, a: int, b: int) -> list[_Spot]:
        a, b = min(a, b), max(a, b)
        if (a, b) not in self._crossings:
            self._crossings[a, b] = self._spots_at(self._meet(a, b), a, b)
        return self._crossings[a, b]

    def _spots_at(self, places: list[Place], a: int, b: int) -> list[_Spot]:
        """Return crossings with the ZIPs and cities that the two streets have there."""
        ranges = self._ranges
        assert ranges is not None
        rows = np.concatenate([self._sides.get(street, np.empty(0, dtype=np.int64)) for street in (a, b)])
        if not (self._zoned and any(self._words["ranges"])):
            rows = rows[:0]
        lines = ranges.line[ranges.part[rows]]
        near = [rows[shapely.dwithin(lines, shapely.Point(place), GAP)] for place in places]
        return [self._spot(place, ranges, here) for place, here in zip(places, near, strict=True)]

    def _meet(self, a: int, b: int) -> list[Place]:
        if a not in self._lines or b not in self._lines:
            return []
        shared = sorted(self._nodes[a] & self._nodes[b])
        if shared:
            return [(float(x), float(y)) for x, y in self._at[shared]]
        assert self._ranges is not None
        lines = [shapely.multilinestrings([self._ranges.line[i] for i in self._lines[street]]) for street in (a, b)]
        if shapely.distance(*lines) > GAP:
            return []
        met = shapely.intersection(*lines)
        if not met.is_empty:
            return [(part.centroid.x, part.centroid.y) for part in shapely.get_parts(met)]
        middle = shapely.shortest_line(*lines).centroid
        return [(middle.x, middle.y)]


def _best(options: list[tuple[int, Place]], min_score: float) -> Answer:
    """Return the best answer; equally good ones far apart are a tie, near ones the one in their middle."""
    score = max(option[0] for option in options)
    places = np.array(sorted(place for own, place in options if own == score))
    if score < min_score:
        return np.nan, np.nan, float(score), "score too low"
    if np.hypot(*(places.max(axis=0) - places.min(axis=0))) > SAME_PLACE:
        return np.nan, np.nan, float(score), "tie"
    near = np.hypot(*(places - places.mean(axis=0)).T).round(3)
    x, y = places[int(np.argmin(near))]
    return float(x), float(y), float(score), ""


def _low_high(ranges: Ranges, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.minimum(ranges.first[rows], ranges.last[rows]), np.maximum(ranges.first[rows], ranges.last[rows])


def _towns(shapes: npt.NDArray[np.object_]) -> list[npt.NDArray[np.int64]]:
    """Return the positions of shapes that hang together, group by group; a street of one town is one group."""
    if len(shapes) == 0:
        return []
    west, south, east, north = shapely.total_bounds(shapes)
    if np.hypot(east - west, north - south) <= OTHER_TOWN:
        return [np.arange(len(shapes))]
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=OTHER_TOWN)
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(shapes), len(shapes)))
    n, number = connected_components(links, directed=False)
    return [np.flatnonzero(number == i) for i in range(n)]


def _groups(street: npt.NDArray[np.int64]) -> dict[int, npt.NDArray[np.int64]]:
    rows = pd.Series(np.arange(len(street)))[street >= 0]
    return {int(street[group.iloc[0]]): group.to_numpy() for _, group in rows.groupby(street[street >= 0])}


def _nodes(lines: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the ends of all lines as numbered places: ends within half a metre of each other, on one grid, are one."""
    ends = np.stack([shapely.get_coordinates(_end(lines, i)) for i in (0, -1)], axis=1)
    flat = ends.reshape(-1, 2)
    _, first, number = np.unique(np.round(flat * 2).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    return flat[first], number.reshape(-1, 2)


def _end(lines: npt.NDArray[np.object_], i: int) -> npt.NDArray[np.object_]:
    points = shapely.get_point(lines, i)
    # A row without a line keeps its place: an end nobody else has.
    lost = shapely.is_missing(points)
    points[lost] = shapely.points(np.full(lost.sum(), -1e7 * (2 + i)), np.arange(lost.sum()) * 10.0)
    return np.asarray(points, dtype=object)
