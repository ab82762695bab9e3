"""The cycles a series can have: the day, the week, the year, in periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sara.core.errors import InputError
from sara.trends._input.counted import Counted

__all__ = ["Cycle", "cycles_of"]

# A year of hours is a cycle of 8,766 periods, of which no file holds enough.
_LONGEST = 400
_DAYS_A_YEAR = 365.2425
_WORDS = {"day": 1.0, "week": 7.0, "year": _DAYS_A_YEAR}


@dataclass(frozen=True)
class Cycle:
    """One cycle: its word, its length in periods (52.18 weeks a year), and that as a whole number."""

    word: str
    length: float

    @property
    def whole(self) -> int:
        """The length as a whole number of periods."""
        return round(self.length)


def cycles_of(chosen: Counted, seasons: Any) -> tuple[Cycle, ...]:
    """Return the cycles asked for, shortest first; those that periods of this length have, if none are named.

    Parameters
    ----------
    chosen : Counted
        The series.
    seasons : None, int, str, or a sequence of these
        Lengths in periods, or ``"day"``, ``"week"``, ``"year"``. None: every one of the three that holds two periods or more and that a
        whole number of periods fill (a year need not: 52.18 weeks); none at all for bare numbers.
    """
    days = _DAYS_A_YEAR / chosen.per_year if chosen.dated else float("nan")
    if seasons is None:
        found = [_named(word, days) for word in _WORDS] if chosen.dated else []
        return tuple(c for c in found if c is not None and c.whole >= 2 and c.length <= _LONGEST)
    asked = [seasons] if isinstance(seasons, (str, int, float, np.integer)) else list(seasons)
    out = [_asked(one, chosen, days) for one in asked]
    if len({c.whole for c in out}) < len(out):
        raise InputError(f"`seasons` must name each cycle once. Got {seasons!r}.")
    return tuple(sorted(out, key=lambda c: c.length))


def _named(word: str, days: float) -> Cycle | None:
    length = _WORDS[word] / days
    near = abs(length - round(length)) < 0.01 * max(1.0, length) and round(length) > 0
    if word == "year":
        # Months and quarters differ in length; a year holds 12 and 4 of them.
        return Cycle(word, float(round(length)) if days > 27 and near else length)
    return Cycle(word, float(round(length))) if near else None


def _asked(one: Any, chosen: Counted, days: float) -> Cycle:
    if isinstance(one, str) and one in _WORDS and chosen.dated:
        cycle = _named(one, days)
        if cycle is not None and cycle.whole >= 2:
            return cycle
        raise InputError(
            f"`seasons` must be cycles of two {chosen.word}s or more, without a rest. Got {one!r} for {chosen.word}s."
        )
    number = isinstance(one, (int, float, np.integer)) and not isinstance(one, bool)
    if not number or not np.isfinite(one) or one < 2 or one != int(one):
        words = "'day', 'week', 'year' or " if chosen.dated else ""
        raise InputError(f"`seasons` must be {words}whole numbers of periods from 2 on. Got {one!r}. Write: seasons=12")
    known = next(
        (word for word in _WORDS if chosen.dated and (c := _named(word, days)) is not None and c.whole == int(one)), None
    )
    return Cycle(known or f"{int(one)} {chosen.word}s", float(int(one)))
