"""When a place is hot: diffused, focused or acute (Ratcliffe 2004), and its peak in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.stats.fdr import benjamini_hochberg

__all__ = ["ACUTE", "MORE", "NIGHT_ENDS", "Clock", "clock_of", "peak_words", "temporal_classes"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A shift, and a weekend.
HOURS, DAYS = 8, 2
# Nearly all of it in one shift or two days: four of five.
ACUTE = 0.8
# Focused is at least this many times the share of the same hours in the rest of the city: with many events any difference is more than chance.
MORE = 1.25
ALPHA = 0.05
# The hours after midnight belong to the evening before: a Friday night ends on Saturday morning.
NIGHT_ENDS = 6
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Runs of days and lengths in hours of a peak: what a roster can use: one to three days, Monday to Friday, all week.
RUNS = (1, 2, 3)
WEEKS = ((0, 5), (0, 7))
LENGTHS = (*range(3, 13), 24)


@dataclass(frozen=True, eq=False)
class Clock:
    """Events by day of the week and hour (7 x 24); a single column where only the day is known."""

    n: Floats

    @property
    def timed(self) -> bool:
        """Whether hours are known."""
        return self.n.shape[1] == 24

    @property
    def total(self) -> float:
        """How many events."""
        return float(self.n.sum())


def clock_of(dow: Ints, hour: Ints | None) -> Clock:
    """Return the clock of events; the hours until 06:00 count for the day before. Without hours, days alone."""
    if hour is None:
        return Clock(np.bincount(dow, minlength=7).astype(float)[:, None])
    known = hour >= 0
    day = np.where(hour[known] < NIGHT_ENDS, dow[known] - 1, dow[known]) % 7
    return Clock(np.bincount(day * 24 + hour[known], minlength=168).astype(float).reshape(7, 24))


def temporal_classes(places: list[Clock], city: Clock) -> tuple[list[str], Floats]:
    """Return the class of each place, and the adjusted p-value that it keeps the clock of the rest of the city.

    Of all 24 windows of 8 hours of the day and all 7 pairs of days, the one that stands out most from the rest's share (binomial tail, times
    the number of windows), then Benjamini-Hochberg over the places. *Focused*: at most 0.05, and at least 1.25 times the rest's share; *acute*:
    focused, and at least 80 % of the events in that window; else *diffused*.
    """
    found = [_most_unusual(place, city) for place in places]
    adjusted = benjamini_hochberg([p for p, _, _ in found]) if found else np.zeros(0)
    out = []
    for (_, share, of_city), p in zip(found, adjusted, strict=True):
        focused = p <= ALPHA and share >= MORE * of_city
        out.append(("acute" if share >= ACUTE else "focused") if focused else "diffused")
    return out, adjusted


def _windows(clock: Clock) -> Floats:
    days = clock.n.sum(axis=1)
    pairs = sum(np.roll(days, -k) for k in range(DAYS))
    if not clock.timed:
        return np.asarray(pairs)
    hours = clock.n.sum(axis=0)
    return np.r_[sum(np.roll(hours, -k) for k in range(HOURS)), pairs]


def _most_unusual(place: Clock, city: Clock) -> tuple[float, float, float]:
    """Return p, the place's share and the rest's, of the window that stands out most."""
    from scipy.special import bdtrc

    total, rest = place.total, city.total - place.total
    if total == 0:
        return 1.0, 0.0, 1.0
    n, widths = _windows(place), _windows(Clock(np.ones_like(place.n) / place.n.size))
    # Hours in which the rest had nothing are rare, not impossible: one event more, spread evenly.
    share = (_windows(city) - n + widths) / (rest + 1)
    p = np.where(n >= 1, bdtrc(np.maximum(n - 1, 0), int(total), np.clip(share, 0, 1)), 1.0)
    at = int(np.lexsort((-n / total / share, p))[0])
    return float(min(1.0, p[at] * len(p))), float(n[at] / total), float(share[at])


def peak_words(clock: Clock) -> str | None:
    """Return when most happens, such as "Fri-Sat 22:00-02:00", or None where no part of the week stands out.

    Of one to three days, Monday to Friday and all week, and of 3 to 12 hours (or all 24), the one that tells best from an even week (likelihood ratio); none if a week
    without a rhythm would often show one as good.
    """
    rows = [*((k, days) for days in RUNS for k in range(7)), *WEEKS]
    total = clock.total
    if total == 0:
        return None
    lengths = LENGTHS if clock.timed else (1,)
    width = clock.n.shape[1]
    best: tuple[float, str] = (0.0, "")
    tried = 0
    # Within a day of the table hours run from 06 to 06, so that a night is whole.
    hours = np.roll(clock.n, -NIGHT_ENDS, axis=1) if clock.timed else clock.n
    for first, days in rows:
        profile = hours[[(first + d) % 7 for d in range(days)]].sum(axis=0)
        for length in lengths:
            starts = range(width - length + 1) if length < width else range(1)
            running = np.r_[0.0, np.cumsum(profile)]
            for start in starts:
                tried += 1
                n, even = running[start + length] - running[start], days * length / (7 * width)
                score = _likelihood_ratio(n / total, even) * total
                if score > best[0] + 1e-9:
                    best = score, _window_words(first, days, start, length, clock.timed)
    return best[1] if best[0] > math.log(tried / ALPHA) else None


def _likelihood_ratio(share: float, even: float) -> float:
    if share <= even or even >= 1:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - even)) if share < 1 else 0.0
    return float(share * math.log(share / even) + rest)


def _window_words(first: int, days: int, start: int, length: int, timed: bool) -> str:
    last = (first + days - 1) % 7
    named = "" if days == 7 else NAMES[first] if days == 1 else f"{NAMES[first]}-{NAMES[last]}"
    if not timed or length == 24:
        return named
    # A day that ends at midnight ends at 24:00; 00:00 would be its start.
    begin, end = (start + NIGHT_ENDS) % 24, (start + length + NIGHT_ENDS) % 24 or 24
    return f"{named} {begin:02d}:00-{end:02d}:00".strip()
