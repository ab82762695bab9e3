"""Which of nested places to list: an address, the stretch it stands on, or the area around both; no event in two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.hotspots._listing.units import ALPHA, Units

__all__ = ["HALF", "Listed", "Part", "nested"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A place that holds half of a larger one is what the larger one is about.
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Listed:
    """A place of the list: its kind, its number in that kind, and the events that it alone answers for."""

    kind: str
    unit: int
    rows: Ints
    expected: float
    p_adjusted: float


@dataclass(frozen=True, eq=False)
class Part:
    """A hot address or stretch inside a listed place: told there, not listed again."""

    kind: str
    unit: int
    parent: int
    rows: Ints


def nested(dots: Units, lines: Units, areas: list[tuple[Ints, float, float]]) -> tuple[list[Listed], list[Part]]:
    """Return the list and the parts of its places.

    `areas` are the events of each area, what an even scatter would give, and its p-value, largest excess first. From the large to the small: an
    area stands unless one address or hot stretch has half of its events; a stretch unless one address has. What stands owns its events: a smaller place
    is listed if at least half of its events are still free, and these alone are more than chance; it is a part of the larger one otherwise.
    """
    size = len(dots.of)
    owner = np.full(size, -1, dtype=np.int64)
    listed: list[Listed] = []
    inside = {"dot": _Rows(dots.of, len(dots.n)), "line": _Rows(lines.of, len(lines.n))}
    for number, (rows, expected, p) in enumerate(areas):
        if p > ALPHA or max(_largest(dots, rows), _largest(lines, rows)) >= HALF:
            continue
        owner[rows] = len(listed)
        listed.append(Listed("area", number, rows, expected, p))
    parts: list[Part] = []
    for units in (lines, dots):
        hot = np.flatnonzero(units.hot)
        for unit in hot[np.lexsort((hot, units.expected[hot] - units.n[hot]))]:
            rows = inside[units.kind].of(int(unit))
            free = rows[owner[rows] < 0]
            if units.kind == "line" and _largest(dots, rows) >= HALF:
                continue
            # Missing where everything lies at one place.
            p = units.p_of(int(unit), float(len(free)))
            if len(free) >= HALF * len(rows) and not p > ALPHA:
                owner[free] = len(listed)
                listed.append(Listed(units.kind, int(unit), free, float(units.expected[unit]), p))
            else:
                held = owner[rows]
                parts.append(Part(units.kind, int(unit), int(np.bincount(held[held >= 0]).argmax()), rows))
    return listed, parts


class _Rows:
    """The events of each unit, looked up."""

    def __init__(self, of: Ints, size: int) -> None:
        order = np.argsort(of, kind="stable")
        self._order = order[np.searchsorted(of[order], 0) :]
        self._start = np.r_[0, np.cumsum(np.bincount(of[of >= 0], minlength=size))]

    def of(self, unit: int) -> Ints:
        """Return the events of one unit."""
        return np.asarray(self._order[self._start[unit] : self._start[unit + 1]])


def _largest(units: Units, rows: Ints) -> float:
    """Return the share of these events at the address, or at the hot stretch, that has most of them."""
    held = units.of[rows]
    held = held[held >= 0]
    # Every street has its stretches; one that is no more than chance says nothing about the area around it.
    held = held[units.hot[held]] if units.kind == "line" else held
    return float(np.bincount(held).max() / len(rows)) if len(held) and len(rows) else 0.0
