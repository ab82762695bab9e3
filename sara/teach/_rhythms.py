"""When things happen: season, weekday and hour, by kind of event."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

__all__ = ["DAYS", "MONTHS", "MONTH_OF_DAY", "START", "day_weights", "draw_hours", "draw_times", "streams"]

START = np.datetime64("2022-03-01")
DAYS = 1096  # to 2025-02-28
_DATES = START + np.arange(DAYS)
MONTH_OF_DAY = (_DATES.astype("datetime64[M]") - np.datetime64("2022-03")).astype(np.int64)
MONTHS = 36
WEEKDAY = ((_DATES - np.datetime64("1970-01-05")).astype(np.int64)) % 7
DAY_OF_YEAR = (_DATES - _DATES.astype("datetime64[Y]")).astype(np.int64)

_HOUR = np.arange(24)


def _bump(peak: float, width: float) -> Floats:
    """Return a rise around one hour of the day, across midnight too."""
    gap = (_HOUR + 0.5 - peak + 12) % 24 - 12
    return np.exp(-0.5 * (gap / width) ** 2)


# Workdays and weekends (Saturday, Sunday) by hour.
HOURS: dict[str, tuple[Floats, Floats]] = {
    "all day": (0.25 + _bump(16, 5), 0.35 + _bump(16, 5.5)),
    "daytime": (0.10 + _bump(12.5, 3.5), 0.15 + _bump(13.5, 4)),
    "office": (0.02 + _bump(10, 1.8) + 0.9 * _bump(14.5, 2.2), 0.05 + _bump(12, 3)),
    "commute": (0.12 + _bump(7.9, 1.1) + 1.25 * _bump(16.8, 1.9), 0.2 + _bump(15, 4)),
    "evening": (0.12 + _bump(19.5, 3.5), 0.2 + _bump(19.5, 4.0)),
    "night": (0.10 + _bump(22.8, 2.6), 0.18 + 1.3 * _bump(23.8, 3.0)),
    "late night": (0.08 + _bump(0.3, 2.6), 0.15 + 1.4 * _bump(1.2, 2.4)),
    "dark": (0.25 + _bump(2.5, 3.2), 0.3 + _bump(3, 3.5)),
    "opening": (0.3 + _bump(6.5, 1.6) + 0.8 * _bump(21.5, 2.4), 0.6 + 0.5 * _bump(22, 3)),
    "shop": (0.01 + _bump(15, 3.0), 0.01 + _bump(15, 2.8)),
    "watch": (0.25 + _bump(10, 2.5) + 0.9 * _bump(22.5, 3.0), 0.3 + _bump(22.5, 3.5)),
    "found": (0.10 + _bump(8.2, 1.8) + 0.8 * _bump(17.8, 2.2), 0.2 + _bump(11, 3.5)),
}
_FLAT = np.ones(7)
WEEKDAYS: dict[str, Floats] = {
    "even": _FLAT,
    "workdays": np.array([1.12, 1.08, 1.08, 1.06, 1.08, 0.82, 0.70]),
    "office": np.array([1.5, 1.3, 1.22, 1.15, 1.05, 0.42, 0.34]),
    "weekend": np.array([0.82, 0.80, 0.84, 0.92, 1.15, 1.32, 1.15]),
    "friday": np.array([0.9, 0.92, 0.96, 1.0, 1.2, 1.1, 0.86]),
}


def streams(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one part of the city: changing one part leaves the others as they were."""
    return np.random.default_rng([seed, *name.encode()])


def day_weights(weekday: str, summer: float, growth: float, shock: Floats | None = None) -> Floats:
    """Return one weight per day of the three years.

    Parameters
    ----------
    weekday : str
        Key of `WEEKDAYS`.
    summer : float
        Height of the season: 0.2 is 20 % more at the end of July, negative for winter.
    growth : float
        Change per year, as a share.
    shock : array of float, optional
        One factor per month: what the whole city shares.
    """
    season = 1 + summer * np.cos(2 * np.pi * (DAY_OF_YEAR - 208) / 365.25)
    weight = WEEKDAYS[weekday][WEEKDAY] * season * (1 + growth * (np.arange(DAYS) / 365.25 - 1.5))
    return weight if shock is None else weight * shock[MONTH_OF_DAY]


def draw_times(rng: np.random.Generator, n: int, weights: Floats, hours: str) -> Floats:
    """Return `n` times in seconds since the start of the period."""
    total = np.cumsum(weights)
    day = np.searchsorted(total, rng.random(n) * total[-1], side="right").clip(max=DAYS - 1)
    return day * 86400.0 + draw_hours(rng, day, hours)


def draw_hours(rng: np.random.Generator, day: npt.NDArray[np.int64], hours: str) -> Floats:
    """Return seconds since midnight for each of these days."""
    work, rest = (np.cumsum(profile / profile.sum()) for profile in HOURS[hours])
    draw = rng.random(len(day))
    hour = np.where(WEEKDAY[day] < 5, np.searchsorted(work, draw), np.searchsorted(rest, draw)).clip(0, 23)
    return hour * 3600.0 + np.floor(rng.random(len(day)) * 3600)
