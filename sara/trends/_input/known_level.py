"""The level that later periods are held against: told, or measured on a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.checks import check_count
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.units import period as parse_period
from sara.trends._input.counted import Counted

__all__ = ["Level", "check_positive", "is_counts", "level_of", "more_than_chance"]

Floats = npt.NDArray[np.float64]

# A baseline shorter than this knows neither its mean nor its spread.
LEAST = 8
# Bare numbers are taken as weeks. A year of months alone would be too short.
WEEKS, MONTHS = 52, 24
# From this dispersion on, a chart for chance alone is left clearly more often than it says.
WIDE = 1.3


@dataclass(frozen=True, eq=False)
class Level:
    """Mean, variance over mean (counts) and standard deviation of single periods; how many periods they rest on; the first judged, 0-based."""

    mean: float
    dispersion: float
    sd: float
    size: int
    first: int
    setting: Setting


def check_positive(value: Any, *, name: str, zero: bool = False, hint: str = "") -> float:
    """Return a finite number above zero (or zero)."""
    good = isinstance(value, int | float | np.number) and not isinstance(value, bool) and np.isfinite(value)
    if not good or value < 0 or (value == 0 and not zero):
        raise InputError(f"`{name}` must be a number {'of 0 or more' if zero else 'above 0'}. Got {value!r}.{hint}")
    return float(value)


def is_counts(n: Floats) -> bool:
    """Return whether the known numbers are whole and not negative."""
    known = n[~np.isnan(n)]
    return bool((known >= 0).all() and (known == np.floor(known)).all())


def level_of(chosen: Counted, baseline: Any, *, method: str) -> Level:
    """Measure the level on a baseline.

    Parameters
    ----------
    chosen : Counted
        The series.
    baseline : int, pair of dates or None
        The first so many periods, or those wholly inside two dates; None for a year, but at most half of the series.
    method : str
        For messages.
    """
    inside, words = _inside(chosen, baseline, method)
    known = chosen.n[inside & ~np.isnan(chosen.n)]
    if len(known) < LEAST:
        raise NotEnoughDataError(
            f"`baseline` must hold at least {LEAST} complete {chosen.word}s with a number for {method}. Got {len(known)}. Take a longer one, or say what is usual yourself."
        )
    first = int(np.flatnonzero(inside)[-1]) + 1
    if first >= len(chosen):
        raise InputError(
            f"`baseline` must leave periods after it to judge. Got {baseline!r}: it reaches to {chosen.say(len(chosen) - 1)}, the last."
        )
    mean, sd = float(known.mean()), float(known.std(ddof=1))
    if not is_counts(chosen.n):
        if sd == 0:
            raise InputError(
                "`baseline` must hold numbers that differ. Got only equal ones. Say how much they usually swing: sd=..."
            )
        return Level(mean, float("nan"), sd, len(known), first, Setting(words, "sara" if baseline is None else "you"))
    if mean == 0:
        raise NotEnoughDataError(
            f"`baseline` must hold at least one event for {method}. Got none in {len(known)} {chosen.word}s. Take a longer baseline, or a longer `freq`."
        )
    dispersion = max(1.0, sd**2 / mean)
    return Level(
        mean,
        dispersion,
        float(np.sqrt(dispersion * mean)),
        len(known),
        first,
        Setting(words, "sara" if baseline is None else "you"),
    )


def _inside(chosen: Counted, baseline: Any, method: str) -> tuple[npt.NDArray[np.bool_], str]:
    at = np.arange(len(chosen))
    if baseline is None:
        year = max(round(chosen.per_year), MONTHS) if chosen.dated else WEEKS
        size = min(year, len(chosen) // 2)
        if size < LEAST:
            raise NotEnoughDataError(
                f"{method} needs at least {2 * LEAST} complete {chosen.word}s: half of them show what is usual. Got {len(chosen)}. Take a shorter `freq`, or say what is usual yourself."
            )
        return at < size, f"the first {size} {chosen.word}s, to {chosen.say(size - 1)}"
    if isinstance(baseline, int | np.integer) and not isinstance(baseline, bool):
        size = check_count(baseline, name="baseline", least=LEAST)
        return at < size, f"the first {size} {chosen.word}s"
    if not chosen.dated:
        raise InputError(f"`baseline` must be a number of periods where there are no dates. Got {baseline!r}. Write baseline=26")
    start, end = parse_period(baseline, name="baseline")
    inside = (chosen.start >= np.datetime64(start)) & (chosen.end <= np.datetime64(end))
    if not inside.any():
        raise NotEnoughDataError(f"`baseline` must hold whole {chosen.word}s of the series. Got {baseline!r}.")
    size = int(inside.sum())
    return (
        inside,
        f"{size} {chosen.word}s, {chosen.say(int(np.flatnonzero(inside)[0]))} to {chosen.say(int(np.flatnonzero(inside)[-1]))}",
    )


def more_than_chance(n: Floats, mean: float, word: str) -> tuple[str, ...]:
    """Say so where counts swing from period to period more than the chance that a told mean brings along."""
    known = n[~np.isnan(n)]
    if len(known) < 20:
        return ()
    # Steps from one period to the next: a change of level adds next to nothing.
    ratio = float((np.diff(known) ** 2).mean() / 2 / max(known.mean(), mean))
    if ratio < WIDE:
        return ()
    return (
        f"Counts vary {ratio:.1f} times as much as chance from {word} to {word}: false alarms come more often than said. Let a baseline measure it, or say so.",
    )
