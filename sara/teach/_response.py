"""Nightlife: the strip that gets a response, the stretches that do not, and the ring around the strip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.teach._demand import GROWTH, events, near_callers
from sara.teach._kinds import CALLS, COMPLAINTS
from sara.teach._places import Sites, Stretch, TownMap
from sara.teach._rhythms import DAY_OF_YEAR, DAYS, MONTH_OF_DAY, MONTHS, WEEKDAY, Floats, streams

Ints = npt.NDArray[np.int64]

__all__ = ["ACTIONS", "EFFECT", "RESPONSE_MONTH", "RESPONSE_START", "RING", "Nightlife", "nightlife"]

RESPONSE_START, RESPONSE_MONTH = "2024-03-01", 24
LEVEL = 46.0  # disorder calls a month in the strip, before the response
TWIN_LEVELS = (0.40, 0.52)  # of the other stretches, as a share of that
EFFECT = 0.34  # share of the strip's calls that the response prevents
DISPLACED = 0.15  # share of the prevented calls that turn up in the ring
RING = 300.0  # metres around the strip
SPREAD = 0.15  # month-to-month coefficient of variation of one stretch, beyond chance: variance / mean is then about 1.4 to 2
UPSWING = 6  # months before the response in which the strip had its worst luck
AT_BARS = 0.5  # share of a stretch's events that are put down at a bar's own address
CLOSING = 0.74  # share on Friday and Saturday nights, 23:00 to 03:00
APART_SECONDS, APART_METRES = 31 * 60, 105.0  # two fights closer than this would be taken for one

ACTIONS = (
    {
        "name": "Staggered closing",
        "partner": "Licensing board",
        "start": "2024-03-01",
        "dose": "5 bars close at 01:30, 02:00 and 02:30 instead of all at 02:00",
    },
    {
        "name": "Late bus",
        "partner": "Riverton Transit",
        "start": "2024-03-01",
        "dose": "every 20 minutes until 03:30, Friday and Saturday",
    },
    {
        "name": "Taxi rank with a marshal",
        "partner": "Bar owners' association",
        "start": "2024-03-15",
        "dose": "2 marshals, Friday and Saturday 23:00 to 03:30",
    },
)
_KINDS = {name: i for i, name in enumerate(kind.name for kind in CALLS)}
_MIX = (("DISTURBANCE", 0.46), ("FIGHT IN PROGRESS", 0.22), ("INTOXICATED PERSON", 0.17), ("DISORDERLY PERSON", 0.15))


@dataclass(frozen=True)
class Nightlife:
    """Calls and complaints of all stretches, and what was planted in the strip.

    Parameters
    ----------
    calls, complaints : DataFrame
        Tagged "strip", "twin" or "ring".
    effect_per_month : float
        Expected change in the strip per month over the twelve months after the start.
    displacement_per_month : float
        Expected change in the ring.
    excess_per_month : float
        By how much the strip's luck in the last months before the start exceeded its own long-run level.
    """

    calls: pd.DataFrame
    complaints: pd.DataFrame
    effect_per_month: float
    displacement_per_month: float
    excess_per_month: float


def nightlife(town: TownMap, seed: int) -> Nightlife:
    """Draw three years of nights in all stretches."""
    rng = streams(seed, "nightlife")
    sites = town.sites
    course = _season() * rng.gamma(0.03**-2, 0.03**2, MONTHS)
    n = len(town.stretches)
    level = np.r_[LEVEL, LEVEL * (TWIN_LEVELS[0] + (TWIN_LEVELS[1] - TWIN_LEVELS[0]) * rng.random(n - 1))]
    luck = rng.gamma(SPREAD**-2, SPREAD**2, (n, MONTHS))
    luck[0, :RESPONSE_MONTH] = _worst_last(rng, luck[0, :RESPONSE_MONTH])
    after = np.arange(MONTHS) >= RESPONSE_MONTH
    kept = np.where(after, 1 - EFFECT, 1.0)
    parts = []
    for i, stretch in enumerate(town.stretches):
        mean = level[i] * course * luck[i] * (kept if i == 0 else 1.0)
        site, t = _nights(rng, sites, _pull(rng, sites, stretch), mean)
        parts.append(_as_calls(rng, sites, site, t, "twin" if i else "strip"))
    prevented = LEVEL * _season() * EFFECT * after
    site, t = _nights(rng, sites, _ring(rng, town), DISPLACED * prevented * course / _season())
    parts.append(_as_calls(rng, sites, site, t, "ring"))
    complaints = _complaints(rng, town, level, course, kept)
    excess = LEVEL * float(
        np.mean((luck[0] - 1)[RESPONSE_MONTH - UPSWING : RESPONSE_MONTH] * _season()[RESPONSE_MONTH - UPSWING : RESPONSE_MONTH])
    )
    effect = float(prevented[after].mean())
    return Nightlife(pd.concat(parts, ignore_index=True), complaints, -effect, DISPLACED * effect, excess)


def _season() -> Floats:
    """Return the expected course of a stretch, month by month: warmer months are livelier, and the city grows."""
    month = np.arange(MONTHS)
    day = np.array([DAY_OF_YEAR[m == MONTH_OF_DAY].mean() for m in month])
    length = np.bincount(MONTH_OF_DAY) / (DAYS / MONTHS)
    return (1 + 0.13 * np.cos(2 * np.pi * (day - 208) / 365.25)) * length * (1 + GROWTH * (month + 0.5 - 18) / 12)


def _worst_last(rng: np.random.Generator, luck: Floats) -> Floats:
    """Put the worst months last: the long-run mean is untouched, but whoever looks at the last half year sees a rise that luck made and luck will end."""
    order = np.argsort(luck, kind="stable")
    early, late = order[:-UPSWING], order[-UPSWING:]
    return luck[np.r_[rng.permutation(early), rng.permutation(late)]]


def _pull(rng: np.random.Generator, sites: Sites, stretch: Stretch) -> tuple[Ints, Floats]:
    """Return the places of a stretch and how much each draws: bars most, unequally."""
    place = stretch.sites
    bar = np.isin(place, stretch.bars)
    weight = np.select(
        [bar, sites.are("block")[place], sites.are("crossing")[place], sites.are("shop", "office")[place]],
        [0.0, 1.0, 1.0, 0.5],
        0.1,
    )
    weight = (1 - AT_BARS) * weight / weight.sum()
    pull = np.exp(0.35 * rng.standard_normal(len(stretch.bars)))
    weight[bar] = AT_BARS * pull / pull.sum()
    return place, weight


def _ring(rng: np.random.Generator, town: TownMap) -> tuple[Ints, Floats]:
    sites, strip = town.sites, town.stretches[0].polygon
    gap = shapely.distance(strip, shapely.points(sites.x, sites.y))
    place = np.flatnonzero((gap > 5) & (gap <= RING * 0.95) & sites.are("shop", "block", "crossing"))
    weight = np.exp(0.8 * rng.standard_normal(len(place)))
    return place, weight / weight.sum()


def _nights(rng: np.random.Generator, sites: Sites, pull: tuple[Ints, Floats], mean: Floats) -> tuple[Ints, Floats]:
    """Draw events month by month; most at closing time on Friday and Saturday nights."""
    month = np.repeat(np.arange(MONTHS), rng.poisson(mean))
    total = np.cumsum(pull[1])
    site = pull[0][np.searchsorted(total, rng.random(len(month)) * total[-1], side="right").clip(max=len(total) - 1)]
    t = _hours(rng, month)
    for _ in range(60):
        late = _too_close(sites, site, t)
        if not late.any():
            break
        t[late] = _hours(rng, month[late])
    return site, t


def _hours(rng: np.random.Generator, month: Ints) -> Floats:
    """Return times in these months. A night belongs to the day it began; the last night of the three years is not begun."""
    closing = rng.random(len(month)) < CLOSING
    day = np.empty(len(month), dtype=np.int64)
    friday = np.isin(WEEKDAY, [4, 5])
    friday[-1] = False
    for m in np.unique(month):
        days = np.flatnonzero(m == MONTH_OF_DAY)
        rows = month == m
        nights = days[friday[days]]
        day[rows & closing] = nights[rng.integers(0, len(nights), int((rows & closing).sum()))]
        day[rows & ~closing] = days[:-1][rng.integers(0, len(days) - 1, int((rows & ~closing).sum()))]
    late = 25.6 + 1.15 * rng.standard_normal(len(month))
    late = np.where((late < 23) | (late >= 27), 23.2 + 3.7 * rng.random(len(month)), late)
    early = (19.5 + 3.2 * rng.standard_normal(len(month))) % 24
    return day * 86400.0 + np.floor(np.where(closing, late, early) * 3600)


def _too_close(sites: Sites, site: Ints, t: Floats) -> npt.NDArray[np.bool_]:
    """Mark the later of two events within half an hour and a hundred metres."""
    order = np.argsort(t, kind="stable")
    x, y, time = sites.x[site[order]], sites.y[site[order]], t[order]
    late = np.zeros(len(t), dtype=bool)
    for step in range(1, min(10, len(t))):
        close = (time[step:] - time[:-step] <= APART_SECONDS) & (
            np.hypot(x[step:] - x[:-step], y[step:] - y[:-step]) <= APART_METRES
        )
        late[order[step:][close]] = True
    return late


def _as_calls(rng: np.random.Generator, sites: Sites, site: Ints, t: Floats, tag: str) -> pd.DataFrame:
    share = np.cumsum([part for _, part in _MIX])
    codes = np.array([_KINDS[name] for name, _ in _MIX])
    kind = codes[np.searchsorted(share, rng.random(len(site)) * share[-1]).clip(max=len(codes) - 1)]
    return events(site, t, kind, near_callers(rng, sites, site), tag)


def _complaints(rng: np.random.Generator, town: TownMap, level: Floats, course: Floats, kept: Floats) -> pd.DataFrame:
    """Residents tell 311 too: most of all about the strip."""
    code = next(i for i, kind in enumerate(COMPLAINTS) if kind.name.startswith("Public Drinking"))
    parts = []
    for i, stretch in enumerate(town.stretches):
        mean = level[i] * (0.22 if i == 0 else 0.004) * course * (kept if i == 0 else 1.0)
        site, t = _nights(rng, town.sites, _pull(rng, town.sites, stretch), mean)
        parts.append(events(site, t, code, near_callers(rng, town.sites, site), "twin" if i else "strip"))
    return pd.concat(parts, ignore_index=True)
