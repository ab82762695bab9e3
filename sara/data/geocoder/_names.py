"""Which streets of the reference file a name may mean, and how well each agrees, from 0 to 100."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sara.data.addresses.street import Street, street_parts
from sara.data.addresses.words import PLAIN_SUFFIXES

__all__ = ["StreetIndex", "edits"]

# What a difference costs. A default `min_score` of 80 takes one missing part of each kind, or a misspelled letter; it never takes another direction, or
# another suffix of a numbered street: 5TH ST and 5TH AVE are two streets in half of all towns.
MISSING, SWAPPED, DIRECTION, SUFFIX, NUMBERED_SUFFIX, EDIT = 8, 4, 25, 15, 25, 10
# Shorter names differ by a letter because they are different names: OAK and ELK.
SHORTEST, LONG = 4, 8


class StreetIndex:
    """Street names of a reference file, looked up by the name without directions and suffix."""

    def __init__(self, streets: npt.NDArray[np.object_]) -> None:
        self.names: list[str] = sorted({street for street in streets if street})
        self.number = {name: i for i, name in enumerate(self.names)}
        self._parts = [street_parts(name) for name in self.names]
        self._hints: dict[str, str | None] = {}
        self._by_base: dict[str, list[int]] = {}
        for i, parts in enumerate(self._parts):
            self._by_base.setdefault(_key(parts.base), []).append(i)
        self._bases = [base for base in self._by_base if len(base) >= SHORTEST and not any(c.isdigit() for c in base)]
        self._letters = _letter_counts(self._bases)

    def candidates(self, street: str) -> list[tuple[int, int]]:
        """Return ``(street, score)`` of every street the name may mean, best first; no name at all gives none."""
        said = street_parts(street)
        found = self._scored(said, _key(said.base), 0)
        if said.suffix:
            # "OLD ORCHARD" without its suffix: the last word belongs to the name.
            found += self._scored(Street(said.pre, said.base, "", said.post), _key(f"{said.base} {said.suffix}"), 0)
        if not found:
            found = [pair for base, n in self.near(said.base) for pair in self._scored(said, base, n * EDIT)]
        if any(score == 100 for _, score in found):
            # The street is there by its full name: one that contradicts it is not meant.
            found = [(i, score) for i, score in found if score == 100 or not self._contradicts(said, self._parts[i])]
        best: dict[int, int] = {}
        for i, score in found:
            best[i] = max(score, best.get(i, 0))
        return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))

    def near(self, base: str, most: int | None = None) -> list[tuple[str, int]]:
        """Return the names a misspelled one may mean, with the letters that differ, nearest first."""
        key = _key(base)
        if len(key) < SHORTEST or any(c.isdigit() for c in key) or not self._bases:
            return []
        most = (1 if len(key) < LONG else 2) if most is None else most
        # A letter added, lost or changed moves at most two of the letters' counts: a cheap test before the exact one.
        apart = np.abs(self._letters - _letter_counts([key])).sum(axis=1)
        near = [self._bases[i] for i in np.flatnonzero(apart <= 2 * most)]
        distances = [(name, edits(key, name)) for name in near if abs(len(name) - len(key)) <= most]
        return sorted(((name, n) for name, n in distances if 0 < n <= most), key=lambda pair: (pair[1], pair[0]))

    def nearest_name(self, street: str) -> str | None:
        """Return the street a person should look at where none was taken: the best of those turned down, else the nearest name."""
        if street not in self._hints:
            known = self.candidates(street)
            base = street_parts(street).base
            near = [] if known else self.near(base, max(2, len(base) // 3))
            i = known[0][0] if known else self._by_base[near[0][0]][0] if near else None
            self._hints[street] = None if i is None else self.names[i]
        return self._hints[street]

    def _scored(self, said: Street, base: str, cost: int) -> list[tuple[int, int]]:
        return [(i, 100 - cost - _penalty(said, self._parts[i])) for i in self._by_base.get(base, ())]

    @staticmethod
    def _contradicts(said: Street, there: Street) -> bool:
        other_suffix = bool(said.suffix and there.suffix and said.suffix != there.suffix)
        return other_suffix or _penalty(said, there._replace(suffix=said.suffix)) >= DIRECTION


def _key(base: str) -> str:
    """Return a name as it is looked up: MC KINLEY is MCKINLEY, ORCHARD is ORCH."""
    words = base.split()
    if len(words) > 1 and words[-1] in PLAIN_SUFFIXES:
        words[-1] = PLAIN_SUFFIXES[words[-1]]
    return "".join(words)


def _penalty(said: Street, there: Street) -> int:
    cost = 0
    if said.suffix != there.suffix:
        numbered = any(c.isdigit() for c in said.base)
        cost += MISSING if not said.suffix or not there.suffix else NUMBERED_SUFFIX if numbered else SUFFIX
    mine, theirs = (said.pre, said.post), (there.pre, there.post)
    if mine != theirs:
        if not any(mine) or not any(theirs):
            cost += MISSING
        elif mine == theirs[::-1]:
            cost += SWAPPED
        elif _part_of(mine, theirs) or _part_of(theirs, mine):
            cost += MISSING
        else:
            cost += DIRECTION
    return cost


def _part_of(some: tuple[str, str], more: tuple[str, str]) -> bool:
    return all(a in ("", b) for a, b in zip(some, more, strict=True))


def _letter_counts(names: list[str]) -> npt.NDArray[np.int16]:
    counts = np.zeros((len(names), 27), dtype=np.int16)
    for i, name in enumerate(names):
        for c in name:
            counts[i, ord(c) - 65 if "A" <= c <= "Z" else 26] += 1
    return counts


def edits(one: str, other: str) -> int:
    """Return how many letters must be changed, added, taken away or swapped with the next to make one word the other.

    Uses rapidfuzz where it is installed (``pip install "sara-pop[names]"``); the number is the same without it.
    """
    try:
        from rapidfuzz.distance import OSA
    except ImportError:
        return _edits(one, other)
    return int(OSA.distance(one, other))


def _edits(one: str, other: str) -> int:
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]
