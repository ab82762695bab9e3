"""What the rows of one candidate say: when, how often, how many places and callers, which hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.scan._rows import WEEK, Rows
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
    """Rows by category and unit, found by one sort."""

    def __init__(self, category: Ints, unit: Ints, n_units: int, among: Bools) -> None:
        rows = np.flatnonzero(among & (unit >= 0))
        keys = category[rows] * n_units + unit[rows]
        order = np.argsort(keys, kind="stable")
        self._rows, self._keys, self._n = rows[order], keys[order], n_units

    def rows(self, category: int, units: tuple[int, ...]) -> Ints:
        """Return the positions of the rows of a category in any of the units, in the order of time."""
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


def calendar_of(rows: Rows, seconds: int) -> Calendar:
    """Lay out the weeks of a period of so many seconds."""
    n_weeks = max(1, seconds // WEEK)
    used = np.flatnonzero(rows.used)
    week = rows.seconds[used] // WEEK
    inside = week < n_weeks
    flat = np.bincount(rows.category[used][inside] * n_weeks + week[inside], minlength=len(rows.categories) * n_weeks)
    recent = min(RECENT_WEEKS, n_weeks // 4)
    return Calendar(int(n_weeks), int(n_weeks - recent), flat.reshape(len(rows.categories), n_weeks).astype(float))


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
    begins_late: bool


def measure(rows: Rows, at: Ints, category: int, expected: float, calendar: Calendar) -> Measured:
    """Read one candidate's rows."""
    seconds = rows.seconds[at]
    week = seconds // WEEK
    weekly = np.bincount(week[week < calendar.n_weeks], minlength=calendar.n_weeks).astype(float)
    city = calendar.by_week[category]
    # What this week would hold at the unit's expected level, in the category's own season.
    usual = expected * city / city.sum() if city.sum() else np.zeros(calendar.n_weeks)
    active = (weekly >= 1) & (weekly > usual)
    place = rows.place[at]
    place = place[place >= 0]
    places, per_place = np.unique(place, return_counts=True)
    caller = rows.caller[at]
    caller = caller[caller >= 0]
    per_caller = np.unique(caller, return_counts=True)[1]
    handling = rows.handling[at]
    return Measured(
        n=len(at),
        weeks_active=float(active.mean()),
        top_week=int(weekly.max()),
        top_week_start=int(weekly.argmax()) * WEEK,
        months_active=_months_active(weekly),
        repeat_share=1 - len(places) / len(place) if len(place) else np.nan,
        n_places=len(places),
        top_place=int(places[per_place.argmax()]) if len(places) else -1,
        top_place_n=int(per_place.max()) if len(places) else 0,
        trend=_trend(weekly, city, calendar.recent_from),
        first=int(seconds.min()),
        last=int(seconds.max()),
        n_callers=float(len(per_caller)) if len(caller) else np.nan,
        top_caller=float(per_caller.max()) if len(caller) else np.nan,
        hours=busiest_hours(rows.hour[at], rows.dow[at]),
        handling=float(np.nansum(handling)) if np.isfinite(handling).any() else np.nan,
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


def busiest_hours(hour: Floats, dow: Ints) -> str:
    """Return the shortest stretch of hours that holds half of the events, and the days that stand out, in words.

    Examples
    --------
    >>> import numpy as np
    >>> busiest_hours(np.repeat([22.0, 23.0, 0.0], 10), np.repeat([4, 4, 5], 10))
    'Fri 22:00-00:00 (67 %)'
    """
    known = np.isfinite(hour)
    if known.sum() < _LEAST_HOURS:
        return ""
    h, d = hour[known].astype(int), dow[known]
    counts = np.bincount(h, minlength=24)
    for length in range(1, 13):
        held = np.convolve(np.r_[counts, counts[: length - 1]], np.ones(length, dtype=int), "valid")
        if 2 * held.max() >= counts.sum():
            break
    else:
        return "spread over the day"
    start = int(held.argmax())
    window = f"{start:02d}:00-{(start + length) % 24:02d}:00"
    inside = (h - start) % 24 < length
    night = np.where(h < _DAY_STARTS, (d - 1) % 7, d)
    days = np.bincount(night[inside], minlength=7)
    # Days with half as many again as an even week would give, and more than chance makes of one day in seven.
    even = days.sum() / 7
    high = np.flatnonzero(days >= max(1.5 * even, even + 2.7 * np.sqrt(even * 6 / 7)))
    # Together they must hold a good part of the stretch: one weekday a little above the others is chance.
    if days[high].sum() < 0.4 * days.sum():
        return f"{window} ({100 * inside.mean():.0f} %)"
    share = (inside & np.isin(night, high)).mean()
    return f"{_day_words(high)} {window} ({100 * share:.0f} %)"


def _day_words(days: npt.NDArray[np.intp]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(int(day))
        else:
            runs.append([int(day)])
    return ", ".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)
