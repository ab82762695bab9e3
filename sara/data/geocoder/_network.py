"""Hundred blocks and crossings: streets as lines that meet, or, without lines, the houses along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.data.geocoder._names import StreetIndex

if TYPE_CHECKING:
    from sara.data.geocoder._reference import Points, Ranges

__all__ = ["Network"]

# Crossings of two streets nearer to each other than this are one: a divided road crosses twice.
SAME_CROSSING = 100.0
# Lines that should touch may miss each other by this much in a county's file.
GAP = 15.0

Answer = tuple[float, float, float, str]
Scored = list[tuple[int, int]]


class Network:
    """The streets of the reference file, by their number in the index."""

    def __init__(self, index: StreetIndex, ranges: Ranges | None, points: Points | None) -> None:
        self._ranges, self._points = ranges, points
        self._lines: dict[int, npt.NDArray[np.int64]] = {}
        self._sides: dict[int, npt.NDArray[np.int64]] = {}
        self._houses: dict[int, npt.NDArray[np.int64]] = {}
        self._nodes: dict[int, set[int]] = {}
        if ranges is not None:
            known = np.array([index.number.get(name, -1) if name else -1 for name in ranges.street], dtype=np.int64)
            self._lines = _groups(known)
            self._sides = _groups(known[ranges.part])
            self._at, ends = _nodes(ranges.line)
            self._nodes = {street: set(ends[rows].ravel().tolist()) for street, rows in self._lines.items()}
        if points is not None:
            self._houses = _groups(np.array([index.number[name] for name in points.street], dtype=np.int64))

    def block(self, streets: Scored, hundred: int, min_score: float, zip_code: str | None, city: str | None) -> Answer:
        """Return the middle of a hundred block: of its range along the line, else of its houses."""
        if not streets:
            return np.nan, np.nan, np.nan, "no such street"
        options = [(score, place) for street, score in streets for place in self._block_of(street, hundred, zip_code, city)]
        if not options:
            best = max(score for _, score in streets)
            return np.nan, np.nan, float(best), "number out of range" if best >= min_score else "score too low"
        return _best(options, min_score)

    def _block_of(self, street: int, hundred: int, zip_code: str | None, city: str | None) -> list[tuple[float, float]]:
        if self._ranges is not None and street in self._sides:
            found = self._middle_of_ranges(self._sides[street], hundred, zip_code, city)
            if found is not None:
                return [found]
        if self._points is not None and street in self._houses:
            rows = self._houses[street]
            rows = rows[self._points.number[rows] // 100 * 100 == hundred]
            if len(rows):
                x, y = self._points.x[rows], self._points.y[rows]
                # The house nearest to their middle: the middle itself may lie behind a bend.
                i = int(np.lexsort((y, x, np.hypot(x - x.mean(), y - y.mean()).round(3)))[0])
                return [(float(x[i]), float(y[i]))]
        return []

    def _middle_of_ranges(
        self, rows: npt.NDArray[np.int64], hundred: int, zip_code: str | None, city: str | None
    ) -> tuple[float, float] | None:
        ranges = self._ranges
        assert ranges is not None
        low, high = np.minimum(ranges.first[rows], ranges.last[rows]), np.maximum(ranges.first[rows], ranges.last[rows])
        rows = rows[(low <= hundred + 99) & (high >= hundred)]
        for said, there in ((zip_code, ranges.zip), (city, ranges.city)):
            same = rows[there[rows] == said] if said else rows
            rows = same if len(same) else rows
        if len(rows) == 0:
            return None
        from sara.data.geocoder._match import along

        low, high = np.minimum(ranges.first[rows], ranges.last[rows]), np.maximum(ranges.first[rows], ranges.last[rows])
        covered = np.c_[np.maximum(low, hundred), np.minimum(high, hundred + 99)]
        middle = (covered[:, 0].min() + covered[:, 1].max()) / 2
        # The stretch that holds the middle, else the one that comes nearest to it.
        miss = np.maximum(covered[:, 0] - middle, middle - covered[:, 1]).clip(0)
        near = np.flatnonzero(miss == miss.min())
        at = np.clip(middle, covered[near, 0], covered[near, 1])
        x, y = along(ranges, rows[near], at.astype(float), 0.0)
        return float(np.mean(x)), float(np.mean(y))

    def crossing(self, one: Scored, other: Scored, min_score: float) -> Answer:
        """Return where two streets cross: a shared end of their lines, else where the lines meet."""
        if not one or not other:
            return np.nan, np.nan, np.nan, "no such street"
        if not self._lines:
            return np.nan, np.nan, np.nan, "no centre lines given"
        options: list[tuple[int, tuple[float, float]]] = []
        for a, score_a in one:
            for b, score_b in other:
                if a != b:
                    options += [(min(score_a, score_b), place) for place in self._meet(a, b)]
        if not options:
            best = min(max(score for _, score in one), max(score for _, score in other))
            return np.nan, np.nan, float(best), "streets do not cross" if best >= min_score else "score too low"
        return _best(options, min_score)

    def _meet(self, a: int, b: int) -> list[tuple[float, float]]:
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


def _best(options: list[tuple[int, tuple[float, float]]], min_score: float) -> Answer:
    """Return the best answer; equally good ones far apart are a tie, near ones the one in their middle."""
    score = max(option[0] for option in options)
    places = np.array(sorted(place for own, place in options if own == score))
    if score < min_score:
        return np.nan, np.nan, float(score), "score too low"
    if np.hypot(*(places.max(axis=0) - places.min(axis=0))) > SAME_CROSSING:
        return np.nan, np.nan, float(score), "tie"
    near = np.hypot(*(places - places.mean(axis=0)).T).round(3)
    x, y = places[int(np.argmin(near))]
    return float(x), float(y), float(score), ""


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
