"""The season as terms of a model: what goes round with the year, and with the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError, NotEnoughDataError
from sara.trends._input.counted import Counted
from sara.trends._input.edges import DAY

__all__ = ["Cycles", "cycles_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

YEAR = 365.2425
# Below two years a season and a change are one and the same.
LEAST_YEARS = 2.0
# Sine waves of a year; fewer where there are only two years to find them in.
WAVES, WAVES_OF_TWO = 3, 2
# A cycle of this many periods gets one level for each, a longer one waves.
LEVELS = 14


@dataclass(frozen=True, eq=False, slots=True)
class Cycles:
    """``terms``: (periods, columns). ``stretch``: whole cycles of the longest season. ``words``: what was allowed for. ``caution``: what was not."""

    terms: Floats
    stretch: Ints
    words: str
    caution: str = ""


def cycles_of(chosen: Counted, season: Any) -> Cycles:
    """Return the terms of a season.

    Parameters
    ----------
    chosen : Counted
        The series.
    season : "auto", None, or int
        "auto": the year where the dates cover two of them, and the week where periods are shorter. None: no season. A number: so many
        periods.
    """
    periods = len(chosen)
    if season is None or season is False:
        return Cycles(np.zeros((periods, 0)), np.zeros(periods, dtype=np.int64), "none")
    if season == "auto":
        return _calendar(chosen)
    if isinstance(season, bool) or not isinstance(season, int | np.integer) or season < 2:
        raise InputError(
            f'`season` must be "auto", None or a number of periods from 2 on. Got {season!r}. Write season=12 for months.'
        )
    if periods < 2 * season:
        raise NotEnoughDataError(
            f"`season` needs at least two of its cycles. Got {periods} {chosen.word}s for a season of {season}. Write season=None"
        )
    at = np.arange(periods)
    terms = _levels(at % season) if season <= LEVELS else _waves(at / season, WAVES if periods >= 3 * season else WAVES_OF_TWO)
    return Cycles(terms, _stretch(at / season), f"{season} {chosen.word}s")


def _calendar(chosen: Counted) -> Cycles:
    periods, none = len(chosen), np.zeros((len(chosen), 0))
    if not chosen.dated:
        return Cycles(none, np.zeros(periods, dtype=np.int64), "none")
    days = float((chosen.end[0] - chosen.start[0]).astype(np.int64)) / DAY
    middle = chosen.start + (chosen.end - chosen.start) // 2
    # A week astride of two years belongs to the middle of it.
    year = (middle.astype("datetime64[us]").astype(np.int64) / DAY) / YEAR
    length = float((chosen.end[-1] - chosen.start[0]).astype(np.int64)) / DAY / YEAR
    terms, words, caution = [], [], ""
    if days < 7 and (days < 1 or days == 1) and periods * days >= 28:
        weekday = (chosen.start.astype("datetime64[D]").astype(np.int64) + 3) % 7
        terms.append(_levels(weekday))
        words.append("the weekday")
        if days < 1:
            hour = (chosen.start - chosen.start.astype("datetime64[D]")).astype(np.int64) // round(days * DAY)
            terms.append(_levels(hour + 100 * (weekday >= 5)))
            words.append("the hour")
    if days <= 200 and length >= LEAST_YEARS - 0.02:
        waves = WAVES if length >= 2.9 else WAVES_OF_TWO
        # No more waves than periods of a year can carry.
        terms.append(_waves(year, max(1, min(waves, int((YEAR / days - 1) // 2)))))
        words.append("the time of year")
    elif days <= 200:
        caution = "The series is shorter than two years, so the season could not be told apart: a change here may be the season."
    joined = np.concatenate(terms, axis=1) if terms else none
    stretch = _stretch(year - year[0]) if "the time of year" in words else np.zeros(periods, dtype=np.int64)
    return Cycles(joined, stretch, " and ".join(words) or "none", caution)


def _stretch(cycle: Floats) -> Ints:
    """Return which whole cycle each period is in; what is left at the end belongs to the last one."""
    whole = max(int(cycle[-1] + 0.1), 1)
    return np.unique(np.minimum(np.floor(cycle), whole - 1), return_inverse=True)[1].astype(np.int64)


def _waves(cycle: Floats, waves: int) -> Floats:
    angle = 2 * np.pi * cycle
    return np.stack([wave(k * angle) for k in range(1, waves + 1) for wave in (np.sin, np.cos)], axis=1)


def _levels(kind: npt.NDArray[np.int64]) -> Floats:
    kinds = np.unique(kind)
    return (kind[:, None] == kinds[1:]).astype(float) - (kind == kinds[0]).astype(float)[:, None]
