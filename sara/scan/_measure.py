"""What the rows of one candidate say: when, how often, how many places and callers, which hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.scan._rows import WEEK, Course, Read, Rows
from sara.scan._score import trend_of

__all__ = ["Calendar", "Lookup", "Measured", "busiest_hours", "calendar_of", "measure"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# "Recent": the last half-year, but never more than the last quarter of a shorter period.
RECENT_WEEKS = 26
# A chronic problem is there in at least this share of weeks; an acute one has begun in the second half.
CHRONIC = 0.5
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A night belongs to the day it began on.
_DAY_STARTS = 6
# Fewest events with an hour from which a busiest stretch is named.
_LEAST_HOURS = 20


class Lookup:
    """Entries by category and unit, found by one sort."""

    def __init__(self, category: Ints, unit: Ints, n_units: int, among: Bools) -> None:
        rows = np.flatnonzero(among & (unit >= 0))
        keys = category[rows] * n_units + unit[rows]
        order = np.argsort(keys, kind="stable")
        self._rows, self._keys, self._n = rows[order], keys[order], n_units

    def rows(self, category: int, units: tuple[int, ...]) -> Ints:
        """Return the entries of a category in any of the units, in their order."""
        found = [
            self._rows[slice(*np.searchsorted(self._keys, [category * self._n + u, category * self._n + u + 1]))] for u in units
        ]
        return np.sort(np.concatenate(found)) if found else np.array([], dtype=np.int64)


@dataclass(frozen=True)
class Calendar:
    """The weeks of the period, and each category's own course over the whole city.

    Parameters
    ----------
    n_weeks : int
        Whole weeks, from the first day of the period; the days left over at its end belong to none.
    recent_from : int
        The first of the recent weeks.
    by_week : array of float, shape (categories, weeks)
        Events of each category.
    """

    n_weeks: int
    recent_from: int
    by_week: Floats


def calendar_of(read: Read, seconds: int) -> Calendar:
    """Lay out the weeks of a period of so many seconds."""
    n_weeks = max(1, seconds // WEEK)
    recent = min(RECENT_WEEKS, n_weeks // 4)
    return Calendar(int(n_weeks), int(n_weeks - recent), read.moments.by_week(read.rows, int(n_weeks)))


@dataclass(frozen=True)
class Measured:
    """Numbers of one candidate; shares are of its own events."""

    n: int
    weeks_active: float
    top_week: int
    top_week_start: int
    months_active: float
    repeat_share: float
    n_places: int
    top_place: int
    top_place_n: int
    trend: float
    first: int
    last: int
    n_callers: float
    top_caller: float
    hours: str
    handling: float
    same_type: float
    begins_late: bool


def measure(rows: Rows, at: Ints, category: int, expected: float, calendar: Calendar, course: Course) -> Measured:
    """Read one candidate: its entries of `rows`, and their course."""
    weekly = course.weekly
    city = calendar.by_week[category]
    # What this week would hold at the unit's expected level, in the category's own season.
    usual = expected * city / city.sum() if city.sum() else np.zeros(calendar.n_weeks)
    active = (weekly >= 1) & (weekly > usual)
    here = at[rows.place[at] >= 0]
    places, which = np.unique(rows.place[here], return_inverse=True)
    per_place = np.bincount(which, weights=rows.n[here], minlength=len(places))
    return Measured(
        n=course.n,
        weeks_active=float(active.mean()),
        top_week=int(weekly.max()),
        top_week_start=int(weekly.argmax()) * WEEK,
        months_active=_months_active(weekly),
        repeat_share=float(1 - len(places) / per_place.sum()) if len(places) else np.nan,
        n_places=len(places),
        top_place=int(places[per_place.argmax()]) if len(places) else -1,
        top_place_n=int(per_place.max()) if len(places) else 0,
        trend=_trend(weekly, city, calendar.recent_from),
        first=course.first,
        last=course.last,
        n_callers=course.n_callers,
        top_caller=course.top_caller,
        hours=busiest_hours(course.clock),
        handling=course.handling,
        same_type=course.same_type,
        begins_late=bool(weekly[: calendar.n_weeks // 2].sum() < 0.1 * weekly.sum()),
    )


def _months_active(weekly: Floats) -> float:
    """Return the share of four-week stretches with an event."""
    whole = weekly[len(weekly) % 4 :] if len(weekly) >= 4 else weekly
    return float((whole.reshape(-1, 4).sum(axis=1) > 0).mean()) if len(weekly) >= 4 else float((whole > 0).mean())


def _trend(weekly: Floats, city: Floats, recent_from: int) -> float:
    """Compare the recent weeks with what the course of the category in the rest of the city gives."""
    if recent_from >= len(weekly):
        return float("nan")
    rest = city - weekly
    if rest.sum() < 50 or rest[:recent_from].sum() == 0:
        rest = np.ones(len(weekly))
    earlier, recent = weekly[:recent_from].sum(), weekly[recent_from:].sum()
    # The earlier level is itself a count: half an event and half the weight keep a first-time place finite.
    expected = (earlier + 0.5) * rest[recent_from:].sum() / rest[:recent_from].sum()
    return float(trend_of(np.array([recent]), np.array([expected]))[0])


def busiest_hours(clock: Ints) -> str:
    """Return the shortest stretch of hours that holds half of the events, and the days that stand out, in words.

    Parameters
    ----------
    clock : array of int, shape (7, 24)
        Events by weekday (Monday first) and hour.

    Examples
    --------
    >>> import numpy as np
    >>> clock = np.zeros((7, 24), dtype=int)
    >>> clock[4, 22:], clock[5, 0] = 10, 10
    >>> busiest_hours(clock)
    'Fri 22:00-00:00 (67 %)'
    """
    total = int(clock.sum())
    if total < _LEAST_HOURS:
        return ""
    counts = clock.sum(axis=0)
    for length in range(1, 13):
        held = np.convolve(np.r_[counts, counts[: length - 1]], np.ones(length, dtype=int), "valid")
        if 2 * held.max() >= total:
            break
    else:
        return "spread over the day"
    start = int(held.argmax())
    window = f"{start:02d}:00-{(start + length) % 24:02d}:00"
    by_night = clock.copy()
    by_night[:, :_DAY_STARTS] = np.roll(clock[:, :_DAY_STARTS], -1, axis=0)
    inside = (np.arange(24) - start) % 24 < length
    days = by_night[:, inside].sum(axis=1)
    # Days with half as many again as an even week would give, and more than chance makes of one day in seven.
    even = days.sum() / 7
    high = np.flatnonzero(days >= max(1.5 * even, even + 2.7 * np.sqrt(even * 6 / 7)))
    # Together they must hold a good part of the stretch: one weekday a little above the others is chance.
    if days[high].sum() < 0.4 * days.sum():
        return f"{window} ({100 * days.sum() / total:.0f} %)"
    return f"{_day_words(high)} {window} ({100 * days[high].sum() / total:.0f} %)"


def _day_words(days: npt.NDArray[np.intp]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(int(day))
        else:
            runs.append([int(day)])
    return ", ".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)
