"""The ordinary city: what happens without any planted problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.teach._kinds import WHERE, Kind
from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import USES, Sites
from sara.teach._rhythms import DAYS, MONTH_OF_DAY, MONTHS, Floats, day_weights, draw_times, streams

Ints = npt.NDArray[np.int64]

__all__ = ["Demand", "anonymous", "background", "events", "near_callers", "site_risk"]

GROWTH = 0.012  # a year, the whole city
CITY_SHOCK = 0.035  # coefficient of variation of what all places share in a month
AREA_SHOCK = 0.10  # of what a neighbourhood has for itself
AREA_HABIT = 0.30  # spread, on the log scale, of what a neighbourhood has more or less of for good
REPEATS = 0.22  # expected follow-ups of an incident at its own place, within days: why counts vary more than chance
REPEAT_DAYS = 7.0
COMMON_RISK, KIND_RISK, CAP = (
    1.6,
    0.45,
    2.4,
)  # spread of place risk on the log scale, for all kinds and for one; extremes cut here
OWN_CALLER = 0.22  # share of calls by somebody at the place itself


@dataclass(frozen=True)
class Demand:
    """What the ordinary city gives.

    Parameters
    ----------
    events : DataFrame
        One row per reported incident: see `events`.
    incidents : array of int
        True incidents per neighbourhood, reported or not, of kinds that residents report.
    reported : array of int
        Those of them that were reported.
    """

    events: pd.DataFrame
    incidents: Ints
    reported: Ints


def events(site: Ints, t: Floats, kind: Ints | int, caller: Ints | int, tag: str) -> pd.DataFrame:
    """Return events as a table: place, seconds since the start, kind, caller (-1 unknown), and what planted them."""
    n = len(site)
    return pd.DataFrame({
        "site": np.asarray(site, dtype=np.int64), "t": np.asarray(t, dtype=float), "kind": np.broadcast_to(kind, n).astype(np.int64),
        "caller": np.broadcast_to(caller, n).astype(np.int64), "tag": np.full(n, tag, dtype=object), "copy_of": np.full(n, -1, dtype=np.int64),
    })  # fmt: skip


def site_risk(sites: Sites, seed: int) -> Floats:
    """Return the risk of each place for any kind of event: a few places are far busier than the rest."""
    rng = streams(seed, "risk")
    risk = np.exp(COMMON_RISK * rng.standard_normal(len(sites.x)).clip(-CAP, CAP))
    income = np.array([row[2] for row in NEIGHBORHOODS.values()], dtype=float)[sites.area]
    return risk * (55000 / income) ** 0.7


def background(kinds: tuple[Kind, ...], sites: Sites, *, seed: int, scale: float, share_reported: Floats, name: str) -> Demand:
    """Return the ordinary events of all `kinds`.

    Parameters
    ----------
    kinds : tuple of Kind
        Calls or complaints.
    sites : Sites
        Where they can happen.
    seed : int
        Same seed, same events.
    scale : float
        Factor on all yearly numbers.
    share_reported : array of float
        Per neighbourhood; kinds that alarms or officers start are all known.
    name : str
        Which random numbers to use.
    """
    risk = site_risk(sites, seed)
    parts = []
    incidents, reported = np.zeros(len(NEIGHBORHOODS), dtype=np.int64), np.zeros(len(NEIGHBORHOODS), dtype=np.int64)
    usual = float(np.mean(share_reported))
    for code, kind in enumerate(kinds):
        rng = streams(seed, f"{name} {kind.name}")
        told = kind.source == "community"
        wanted = kind.yearly * 3 * scale / (usual if told else 1.0)
        site, t = _happen(kind, sites, risk, wanted, rng)
        if told:
            kept = rng.random(len(site)) < share_reported[sites.area[site]]
            incidents += np.bincount(sites.area[site], minlength=len(incidents))
            site, t = site[kept], t[kept]
            reported += np.bincount(sites.area[site], minlength=len(incidents))
        caller = near_callers(rng, sites, site) if told else -1
        parts.append(events(site, t, code, caller, ""))
    return Demand(pd.concat(parts, ignore_index=True), incidents, reported)


def _happen(kind: Kind, sites: Sites, risk: Floats, wanted: float, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Draw the true incidents of one kind: first ones, then follow-ups at the same place."""
    weight = np.array([WHERE[kind.where].get(use, 0.0) for use in USES])[sites.use] * risk
    weight *= np.where(sites.are("house", "apartment complex"), sites.units**0.92, 1.0)
    weight *= np.exp(KIND_RISK * rng.standard_normal(len(weight)).clip(-CAP, CAP))
    weight *= np.exp(AREA_HABIT * rng.standard_normal(len(NEIGHBORHOODS)).clip(-CAP, CAP))[sites.area]
    city = _shock(rng, CITY_SHOCK, MONTHS)
    local = _shock(rng, AREA_SHOCK, (len(NEIGHBORHOODS), MONTHS)).clip(max=1.5)
    n = rng.poisson(wanted / (1 + REPEATS) * 1.5)
    total = np.cumsum(weight)
    site = np.searchsorted(total, rng.random(n) * total[-1], side="right").clip(max=len(weight) - 1)
    t = draw_times(rng, n, day_weights(kind.weekday, kind.summer, GROWTH, city), kind.hours)
    month = MONTH_OF_DAY[(t // 86400).astype(np.int64)]
    kept = rng.random(n) < local[sites.area[site], month] / 1.5
    site, t = site[kept], t[kept]
    again = rng.random(len(site)) < REPEATS
    later = (
        t[again]
        + np.ceil(-np.log(1 - rng.random(again.sum())) * REPEAT_DAYS) * 86400
        + np.round(rng.standard_normal(again.sum()) * 5400)
    )
    inside = (later >= 0) & (later < DAYS * 86400)
    return np.r_[site, site[again][inside]], np.r_[t, later[inside]]


def _shock(rng: np.random.Generator, spread: float, size: int | tuple[int, ...]) -> Floats:
    """Gamma factors with mean 1 and this coefficient of variation, independent from month to month."""
    return rng.gamma(spread**-2, spread**2, size)


def near_callers(rng: np.random.Generator, sites: Sites, site: Ints) -> Ints:
    """Return who reports: somebody at the place, or one of the neighbourhood, a few of whom call often."""
    n = len(site)
    own = 10_000_000 + site * 4 + rng.integers(0, 4, n)
    other = sites.area[site] * 100_000 + np.floor(6000 * rng.random(n) ** 1.7).astype(np.int64)
    caller = np.where(rng.random(n) < OWN_CALLER, own, other)
    return np.where(rng.random(n) < 0.10, -1, caller)


def anonymous(caller: Ints, seed: int) -> npt.NDArray[np.object_]:
    """Return pseudonyms as a dispatch centre would publish them; empty where nobody gave a number."""
    codes, index = np.unique(caller, return_inverse=True)
    mixed = (codes * 2_654_435_761 + 97 * seed + 12345) % 4_294_967_291
    words = np.array([f"C{value:08X}" if code >= 0 else "" for code, value in zip(codes, mixed, strict=True)], dtype=object)
    return words[index.ravel()]
