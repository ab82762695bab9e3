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
    n, call_n : array of float
        How many each entry stands for.
    call_area, call_x, call_y, call_first : array
        The calls used, and which is the first at its place: how much a unit tells where all complaints are about the same matter.
    """

    categories: tuple[str, ...]
    category: Ints
    area: Ints
    x: Floats
    y: Floats
    n: Floats
    call_category: npt.NDArray[np.object_]
    call_area: Ints
    call_x: Floats
    call_y: Floats
    call_n: Floats
    call_first: Bools
    near_told: Nearby
    near_call: Nearby

    def related(self, category: str) -> tuple[Bools, bool]:
        """Mark the complaints related to a kind of call, and say whether any kind is; if too few are, all are marked."""
        wanted = RELATED.get(category, (category,))
        codes = [i for i, word in enumerate(self.categories) if word in wanted]
        mask = np.isin(self.category, codes)
        return (mask, True) if self.n[mask].sum() / self.n.sum() >= _RELATED else (np.ones(len(self.category), dtype=bool), False)

    def in_area(self, area: int, mask: Bools, category: str) -> tuple[int, float]:
        """Return related complaints in an area, and how many the measure of `_against` gives."""
        return self._against(mask, self.area == area, self.call_area == area, category)

    def near(self, points: Floats, mask: Bools, category: str) -> tuple[int, float]:
        """Return related complaints near any of the points, and how many the measure of `_against` gives."""
        return self._against(mask, self.near_told.to(points), self.near_call.to(points), category)

    def _against(self, mask: Bools, here: Bools, calls_here: Bools, category: str) -> tuple[int, float]:
        """Spread the related complaints as the other complaints; else as calls of other categories; else as the places with a call."""
        weight, inside = np.where(mask, 0.0, self.n), here
        if weight.sum() / self.n.sum() < _OTHERS:
            weight, inside = np.where(self.call_category == category, 0.0, self.call_n), calls_here
            if weight.sum() / self.call_n.sum() < _OTHERS:
                weight = self.call_first.astype(float)
        return int(self.n[mask & here].sum()), float(self.n[mask].sum() * weight[inside].sum() / max(weight.sum(), 1))


class Nearby:
    """Points in the order of x, so that those near a place are found without looking at all of them."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self._order = np.argsort(x, kind="stable")
        self._x, self._y = x[self._order], y[self._order]

    def to(self, points: Floats) -> Bools:
        """Mark the points within reach of any of these."""
        out = np.zeros(len(self._x), dtype=bool)
        for px, py in points:
            at = slice(*np.searchsorted(self._x, [px - NEAR, px + NEAR + 1e-6]))
            close = np.hypot(self._x[at] - px, self._y[at] - py) <= NEAR
            out[self._order[at][close]] = True
        return out


def told_of(rows: Rows, area: Ints, calls: Rows, call_area: Ints) -> Told:
    """Keep what is needed of the complaints and of the calls that are used."""
    used, at = rows.used, np.flatnonzero(calls.used)
    first = np.zeros(len(at), dtype=bool)
    # The earliest at its place; of several at one time the same one, whatever the order of rows.
    order = np.lexsort((calls.category[at], calls.y[at], calls.x[at], calls.first[at]))
    first[order[np.unique(calls.place[at][order], return_index=True)[1]]] = True
    words = np.array(calls.categories, dtype=object)[calls.category[at]]
    return Told(
        rows.categories, rows.category[used], area[used], rows.x[used], rows.y[used], rows.n[used].astype(float), words, call_area[at],
        calls.x[at], calls.y[at], calls.n[at].astype(float), first, Nearby(rows.x[used], rows.y[used]), Nearby(calls.x[at], calls.y[at]),
    )  # fmt: skip
