"""The other planted problems, and the decoys that only look like problems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.teach._demand import events, near_callers
from sara.teach._kinds import CALLS, COMPLAINTS
from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import TownMap
from sara.teach._rhythms import DAY_OF_YEAR, DAYS, MONTH_OF_DAY, MONTHS, Floats, day_weights, draw_hours, draw_times, streams

Ints = npt.NDArray[np.int64]

__all__ = ["Planted", "decoys", "problems"]

CALL = {kind.name: i for i, kind in enumerate(CALLS)}
COMPLAINT = {kind.name: i for i, kind in enumerate(COMPLAINTS)}
QUIET_AREAS = ("Maple Heights", "Westlake", "Fairview", "Meadowbrook")
CHAIN_METRES, CHAIN_DAYS = 150.0, 14.0
SAME_HOUSE = 0.35  # share of follow-ups at the house itself
PERSISTENT = 0.36  # share of the student-noise calls that one caller makes


@dataclass(frozen=True)
class Planted:
    """One planted problem or decoy.

    Parameters
    ----------
    key : str
        Its tag on the events.
    name, category, unit : str
        What it is called; its category after mapping; "area" or "place".
    polygon : Polygon
        Where it is, in metres from the centre.
    sites : array of int
        Its places.
    calls, complaints : DataFrame
        Its events.
    """

    key: str
    name: str
    category: str
    unit: str
    polygon: shapely.Polygon
    sites: Ints
    calls: pd.DataFrame
    complaints: pd.DataFrame


def problems(town: TownMap, seed: int) -> list[Planted]:
    """Draw the four planted problems besides the strip."""
    return [_complex(town, seed), _students(town, seed), _burglary(town, seed), _station(town, seed)]


def decoys(town: TownMap, seed: int) -> list[Planted]:
    """Draw what must not be taken for a problem: patrol, one caller, calls for help."""
    return [*_patrols(town, seed), _one_caller(town, seed), _calls_for_help(town, seed)]


def _none() -> pd.DataFrame:
    return events(np.zeros(0, dtype=np.int64), np.zeros(0), 0, 0, "")


def _lot(town: TownMap, site: int) -> shapely.Polygon:
    """Return the ground of one address."""
    return shapely.Point(town.sites.x[site], town.sites.y[site]).buffer(30.0)


def _monthly(rng: np.random.Generator, mean: Floats, hours: str, weekday: str) -> Floats:
    """Return times with these expected numbers per month, and more variation than chance gives."""
    noisy = mean * rng.gamma(1 / 0.03, 0.03, MONTHS)
    n = rng.poisson(noisy.sum())
    weight = day_weights(weekday, 0.0, 0.0, noisy / np.bincount(MONTH_OF_DAY))
    return draw_times(rng, n, weight, hours)


def _complex(town: TownMap, seed: int) -> Planted:
    """One apartment complex in which drugs are sold."""
    rng = streams(seed, "complex")
    sites = town.sites
    busy = [
        i for i, name in enumerate(NEIGHBORHOODS) if name in ("Riverbend", "South Bank", "Eastgate", "Lincoln Park", "Eastfield")
    ]
    large = np.flatnonzero(
        sites.are("apartment complex") & np.isin(sites.area, busy) & (sites.units >= 40) & (sites.units <= 120)
    )
    site = int(large[rng.integers(len(large))])
    t = _monthly(rng, np.full(MONTHS, 21.0), "evening", "friday")
    told = _monthly(rng, np.full(MONTHS, 4.5), "daytime", "workdays")
    here = np.full(len(t), site), np.full(len(told), site)
    return Planted(
        "complex", "Drug dealing at an apartment complex", "drugs", "place", _lot(town, site), np.array([site]),
        events(here[0], t, CALL["DRUG ACTIVITY"], _tenants(rng, town, here[0]), "complex"),
        events(here[1], told, COMPLAINT["Drug Activity or Needles"], _tenants(rng, town, here[1]), "complex"),
    )  # fmt: skip


def _tenants(rng: np.random.Generator, town: TownMap, site: Ints) -> Ints:
    """Callers of a large place: one of its homes, or of the neighbourhood."""
    homes = town.sites.units[site].clip(min=1)
    own = 20_000_000 + site * 300 + np.floor(rng.random(len(site)) * homes).astype(np.int64)
    return np.where(rng.random(len(site)) < 0.6, own, near_callers(rng, town.sites, site))


def _students(town: TownMap, seed: int) -> Planted:
    """Parties in the streets beside the campus; one neighbour makes a third of the calls, and it is a problem without that neighbour too."""
    rng = streams(seed, "students")
    sites = town.sites
    campus = town.ground.plots["Riverton State College"]
    hill = list(NEIGHBORHOODS).index("College Hill")
    gap = shapely.distance(campus, shapely.points(sites.x, sites.y))
    quarter = (gap < 330) & (sites.area == hill) & (sites.x > campus.centroid.x) & sites.are("house")
    houses = rng.permutation(np.flatnonzero(quarter))[:55]
    pull = np.exp(0.7 * rng.standard_normal(len(houses)))
    # Quiet when the students are away.
    away = ((DAY_OF_YEAR > 140) & (DAY_OF_YEAR < 230)) | (DAY_OF_YEAR > 350) | (DAY_OF_YEAR < 12)
    term = np.array([1 - 0.55 * away[m == MONTH_OF_DAY].mean() for m in range(MONTHS)])

    def parties(mean: float) -> tuple[Ints, Floats]:
        t = _monthly(rng, mean * term, "late night", "weekend")
        total = np.cumsum(pull)
        return houses[np.searchsorted(total, rng.random(len(t)) * total[-1]).clip(max=len(houses) - 1)], t

    where, t = parties(52.0)
    told, when = parties(24.0)
    persistent = 30_000_000
    caller = np.where(rng.random(len(t)) < PERSISTENT, persistent, near_callers(rng, sites, where))
    teller = np.where(rng.random(len(told)) < PERSISTENT, persistent, near_callers(rng, sites, told))
    kind = np.where(rng.random(len(t)) < 0.55, CALL["NOISE COMPLAINT"], CALL["LOUD PARTY"])
    polygon = shapely.MultiPoint(np.c_[sites.x[houses], sites.y[houses]]).convex_hull.buffer(35)
    return Planted(
        "students", "Student noise beside the campus", "noise", "area", polygon, houses, events(where, t, kind, caller, "students"),
        events(told, when, COMPLAINT["Noise Complaint"], teller, "students"),
    )  # fmt: skip


def _burglary(town: TownMap, seed: int) -> Planted:
    """Chains of burglaries: after the first one, houses nearby within two weeks. Dark streets and overgrown lots go with it, and residents say so to 311."""
    rng = streams(seed, "burglary")
    sites = town.sites
    area = list(NEIGHBORHOODS).index(QUIET_AREAS[int(rng.integers(len(QUIET_AREAS)))])
    houses = np.flatnonzero(sites.are("house") & (sites.area == area))
    where = np.c_[sites.x[houses], sites.y[houses]]
    n = 205
    current = rng.integers(0, len(houses), n)
    # Evenly through the three years: it keeps coming back.
    course = np.cumsum(day_weights("workdays", -0.05, 0.36))
    day = np.searchsorted(course, (np.arange(n) + rng.random(n)) / n * course[-1]).clip(max=DAYS - 1)
    t = day * 86400.0 + draw_hours(rng, day, "found")
    chosen, when = [current], [t]
    going = np.arange(n)
    while len(going):
        going = going[rng.random(len(going)) < 0.74]
        if not len(going):
            break
        # Some come back to the same house; most go to one nearby.
        nearby = np.array([_neighbour(rng, where, house) for house in current[going]], dtype=np.int64)
        current[going] = np.where(rng.random(len(going)) < SAME_HOUSE, current[going], nearby)
        t = t.copy()
        # Half of the follow-ups come in the first four days.
        wait = np.minimum(np.ceil(-np.log(1 - rng.random(len(going))) * 4.5), CHAIN_DAYS - 1)
        t[going] = (np.floor(t[going] / 86400) + wait) * 86400 + rng.choice(t % 86400, len(going))
        going = going[t[going] < DAYS * 86400]
        chosen.append(current[going].copy())
        when.append(t[going].copy())
    site = houses[np.concatenate(chosen)]
    told = _monthly(rng, np.full(MONTHS, 15.0), "evening", "workdays")
    around = houses[rng.integers(0, len(houses), len(told))]
    dark = np.where(rng.random(len(told)) < 0.6, COMPLAINT["Street Light Out"], COMPLAINT["Overgrown Lot"])
    return Planted(
        "burglary", f"Near-repeat burglary in {list(NEIGHBORHOODS)[area]}", "burglary", "area", town.areas[area], np.unique(site),
        events(site, np.concatenate(when), CALL["BURGLARY RESIDENTIAL"], 10_000_000 + site * 4, "burglary"),
        events(around, told, dark, near_callers(rng, sites, around), "burglary"),
    )  # fmt: skip


def _neighbour(rng: np.random.Generator, where: Floats, house: int) -> int:
    """Another house within reach; the same one where there is none."""
    gap = np.hypot(where[:, 0] - where[house, 0], where[:, 1] - where[house, 1])
    near = np.flatnonzero((gap > 1) & (gap < CHAIN_METRES - 5))
    return int(near[rng.integers(len(near))]) if len(near) else house


def _station(town: TownMap, seed: int) -> Planted:
    """Vehicle thefts at the park-and-ride, from one a month to fifteen."""
    rng = streams(seed, "station")
    site = int(np.flatnonzero(town.sites.are("park and ride"))[0])
    month = np.arange(MONTHS)
    mean = 1 + 14 / (1 + np.exp(-(month - 20) / 4.5))
    t = _monthly(rng, mean, "found", "office")
    told = _monthly(rng, 0.5 * mean, "evening", "workdays")
    here, there = np.full(len(t), site), np.full(len(told), site)
    # Every car has its own owner.
    owners = 40_000_000 + np.arange(len(t))
    return Planted(
        "station", "Vehicle theft at the station's park-and-ride", "vehicle theft", "place", _lot(town, site), np.array([site]),
        events(here, t, CALL["VEHICLE THEFT"], owners, "station"),
        events(there, told, COMPLAINT["Street Light Out"], near_callers(rng, town.sites, there), "station"),
    )  # fmt: skip


def _patrols(town: TownMap, seed: int) -> list[Planted]:
    rng = streams(seed, "patrol")
    sites = town.sites
    made = []
    for key, name, place, yearly in (
        ("patrol mall", "Patrol at the transit mall", "Downtown Transit Mall", 850), ("patrol park", "Patrol in Commons Park", "Commons Park", 520),
    ):  # fmt: skip
        site = int(np.flatnonzero(sites.name == place)[0])
        t = draw_times(rng, rng.poisson(3 * yearly), day_weights("workdays", 0.05, 0.02), "watch")
        kind = np.array([CALL["DIRECTED PATROL"], CALL["PREMISE CHECK"], CALL["TRAFFIC STOP"]])[
            np.searchsorted([0.5, 0.85], rng.random(len(t)))
        ]
        calls = events(np.full(len(t), site), t, kind, -1, key)
        made.append(Planted(key, name, "directed patrol", "place", _lot(town, site), np.array([site]), calls, _none()))
    return made


def _one_caller(town: TownMap, seed: int) -> Planted:
    """One person who calls about suspicious people, over and over."""
    rng = streams(seed, "one caller")
    site = _house(rng, town, ("Garden District", "Eastfield", "Northgate"))
    t = _monthly(rng, np.full(MONTHS, 9.0), "evening", "even")
    caller = np.where(rng.random(len(t)) < 0.985, 50_000_000, 100_000 * town.sites.area[site] + rng.integers(0, 6000, len(t)))
    calls = events(np.full(len(t), site), t, CALL["SUSPICIOUS PERSON"], caller, "one caller")
    return Planted(
        "one caller",
        "One caller about suspicious people",
        "suspicious",
        "place",
        _lot(town, site),
        np.array([site]),
        calls,
        _none(),
    )


def _calls_for_help(town: TownMap, seed: int) -> Planted:
    """Draw an address that asks for help again and again: it belongs on no list."""
    rng = streams(seed, "help")
    site = _house(rng, town, ("Old Town",))
    t = _monthly(rng, np.full(MONTHS, 5.5), "evening", "weekend")
    kind = np.where(rng.random(len(t)) < 0.6, CALL["DOMESTIC DISTURBANCE"], CALL["DOMESTIC VIOLENCE"])
    caller = 10_000_000 + site * 4 + rng.integers(0, 3, len(t))
    calls = events(np.full(len(t), site), t, kind, caller, "help")
    return Planted(
        "help", "Calls for help from one home", "domestic", "place", _lot(town, site), np.array([site]), calls, _none()
    )


def _house(rng: np.random.Generator, town: TownMap, areas: tuple[str, ...]) -> int:
    codes = [i for i, name in enumerate(NEIGHBORHOODS) if name in areas]
    houses = np.flatnonzero(town.sites.are("house") & np.isin(town.sites.area, codes))
    return int(houses[rng.integers(len(houses))])
