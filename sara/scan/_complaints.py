"""What residents tell the city about the same area or place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.scan._evidence import RELATED
from sara.scan._rows import Rows

__all__ = ["NEAR", "Told", "told_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Complaints are written down at the nearest address or crossing: about one block and a half.
NEAR = 150.0
# Fewer related complaints than this share of all say nothing about any one place.
_RELATED = 0.01
# Unrelated complaints (else calls of other kinds) make up at least this share: then they say how much a place tells anyway.
_OTHERS = 0.2


@dataclass(frozen=True)
class Told:
    """Complaints as points with a category, their areas, and the points of the calls.

    Parameters
    ----------
    categories : tuple of str
        Words behind `category`.
    category, area : array of int
        One per complaint used.
    x, y : array of float
        Metres.
    call_category : array of object
        The category of each call, in words.
    call_area, call_x, call_y, call_first : array
        The calls used, and which is the first at its place: how much a unit tells where all complaints are about the same matter.
    """

    categories: tuple[str, ...]
    category: Ints
    area: Ints
    x: Floats
    y: Floats
    call_category: npt.NDArray[np.object_]
    call_area: Ints
    call_x: Floats
    call_y: Floats
    call_first: Bools

    def related(self, category: str) -> tuple[Bools, bool]:
        """Mark the complaints related to a kind of call, and say whether any kind is; if too few are, all are marked."""
        wanted = RELATED.get(category, (category,))
        codes = [i for i, word in enumerate(self.categories) if word in wanted]
        mask = np.isin(self.category, codes)
        return (mask, True) if mask.mean() >= _RELATED else (np.ones(len(self.category), dtype=bool), False)

    def in_area(self, area: int, mask: Bools, category: str) -> tuple[int, float]:
        """Return related complaints in an area, and how many the measure of `_against` gives."""
        return self._against(mask, self.area == area, self.call_area == area, category)

    def near(self, points: Floats, mask: Bools, category: str) -> tuple[int, float]:
        """Return related complaints near any of the points, and how many the measure of `_against` gives."""
        return self._against(mask, _close(self.x, self.y, points), _close(self.call_x, self.call_y, points), category)

    def _against(self, mask: Bools, here: Bools, calls_here: Bools, category: str) -> tuple[int, float]:
        """Spread the related complaints as the other complaints; else as calls of other categories; else as the places with a call."""
        weight, inside = ~mask, here
        if weight.mean() < _OTHERS:
            weight, inside = self.call_category != category, calls_here
        if weight.mean() < _OTHERS:
            weight = self.call_first
        return int((mask & here).sum()), float(mask.sum() * (weight & inside).sum() / max(weight.sum(), 1))


def _close(x: Floats, y: Floats, points: Floats) -> Bools:
    out = np.zeros(len(x), dtype=bool)
    for px, py in points:
        box = np.flatnonzero(np.abs(x - px) <= NEAR)
        box = box[np.hypot(x[box] - px, y[box] - py) <= NEAR]
        out[box] = True
    return out


def told_of(rows: Rows, area: Ints, calls: Rows, call_area: Ints) -> Told:
    """Keep what is needed of the complaints and of the calls that are used."""
    used, at = rows.used, np.flatnonzero(calls.used)
    first = np.zeros(len(at), dtype=bool)
    first[np.unique(calls.place[at], return_index=True)[1]] = True
    words = np.array(calls.categories, dtype=object)[calls.category[at]]
    return Told(
        rows.categories,
        rows.category[used],
        area[used],
        rows.x[used],
        rows.y[used],
        words,
        call_area[at],
        calls.x[at],
        calls.y[at],
        first,
    )
