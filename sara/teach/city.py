"""Riverton: a city that never was, in which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.core.checks import check_count
from sara.data.places import read_areas
from sara.teach._demand import background
from sara.teach._kinds import CALLS, COMPLAINTS, Kind
from sara.teach._layers import area_frame, facility_frame, lonlat_of, place_frame, street_frame
from sara.teach._places import Sites, TownMap, town_map
from sara.teach._problems import decoys, problems
from sara.teach._publish import publish_calls, publish_complaints
from sara.teach._reporting import further_reports, reporting_shares, to_default, without_lost_hour
from sara.teach._response import nightlife
from sara.teach._rhythms import Floats, streams
from sara.teach._truth import Made, truth_of
from sara.teach._write import write_city, write_table

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["City", "city"]

CALL_SCALE, COMPLAINT_SCALE = 0.935, 0.965  # tuned to about 150,000 calls and 40,000 complaints


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class City:
    """Riverton, and what is true of it.

    Parameters
    ----------
    raw_calls, raw_complaints : DataFrame
        The two files as published: text, numbers, defects and all.
    areas : GeoDataFrame
        Neighbourhoods as `sara.read_areas` gives them: ``name``, ``population``, ``households``, ``median_income`` (dollars a year),
        ``share_english``, ``share_spanish``, ``share_vietnamese``, ``share_other`` (spoken at home, adding up to 1), ``geometry``. They tile the city.
    places : GeoDataFrame
        Every address: ``address``, ``use`` (house, apartment complex, shop, bar, office, warehouse, school, station, park and ride, transit mall,
        hospital, police headquarters, park, campus, library), ``name`` where it has one, ``units`` (homes), ``neighborhood``, ``geometry``.
    streets : GeoDataFrame
        Stretches between two crossings: ``name``, ``class`` (arterial, collector, local, bridge), ``from_number`` and ``to_number`` (house numbers
        at its ends), ``from_node`` and ``to_node`` (the crossings), ``geometry``. All are connected.
    facilities : GeoDataFrame
        ``name``, ``use``, ``address``, ``geometry``: points for bars, schools and stations, outlines for parks, campus, hospital and river.
    truth : dict
        What was planted; its keys are told in `city`.
    """

    raw_calls: pd.DataFrame
    raw_complaints: pd.DataFrame
    areas: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    truth: dict[str, Any]

    @cached_property
    def calls(self) -> gpd.GeoDataFrame:
        """The calls as an event table, exactly as `sara.read_calls` gives them from the written file."""
        return _read(self.raw_calls, "calls")

    @cached_property
    def complaints(self) -> gpd.GeoDataFrame:
        """The 311 complaints as an event table, exactly as `sara.read_complaints` gives them from the written file."""
        return _read(self.raw_complaints, "complaints")

    def write(self, folder: str | Path) -> Path:
        """Write calls, complaints, map, truth and a study file into `folder`."""
        return write_city(self, folder)

    def __repr__(self) -> str:
        return f"<City of Riverton, seed {self.truth['seed']}: {len(self.raw_calls):,} calls, {len(self.raw_complaints):,} complaints, {len(self.areas)} neighbourhoods>"


def city(*, seed: int = 1) -> City:
    """Make Riverton: three years of a synthetic city in which the truth is known.

    Answers "would this method find what is there, and nothing else?". The map is the same for every seed; the seed draws what happened, and which
    apartment complex, which neighbourhood and which homes it happened to.

    Parameters
    ----------
    seed : int
        Same seed, same city.

    Returns
    -------
    City
        ``calls`` and ``complaints`` are event tables; ``areas``, ``places``, ``streets`` and ``facilities`` the map; ``truth`` what was planted;
        ``write(folder)`` puts all of it on disk with a study file.

    Notes
    -----
    2022-03-01 to 2025-02-28, about 150,000 calls and 40,000 complaints of about 92,000 residents. ``truth`` can be written as JSON and holds:

    ``seed``, ``crs`` (metres), ``period`` (first and last day).
    ``problems``
        The five planted ones: ``name``, ``category``, ``unit`` ("area" or "place"), ``geometry`` (GeoJSON, longitude and latitude), ``places``
        (addresses), ``event_ids`` (of calls, as in the file; one per incident, further callers not among them), ``complaint_ids``, ``n`` (calls).
    ``decoys``
        What only looks like a problem: ``name``, ``kind`` ("default address", "officer patrol", "one caller", "calls for help"), ``category``,
        ``geometry``, ``address``, ``n``.
    ``response``
        ``start``; ``treated`` (the bar strip) and ``comparisons`` (six stretches with the same rhythm and 40 to 52 % of the level, without a response)
        as GeoJSON; ``effect_per_month``: by how much the response changes the *expected* number of disorder calls with coordinates inside
        ``treated`` a month, averaged over the twelve months after the start, incidents counted once (negative is fewer); ``effect_share``, the same
        as a share; ``ring_m`` and ``displacement_per_month``: the expected change within that many metres around; ``temporary_excess_per_month``:
        by how much luck raised the six months before the start above the strip's own level (the trap: this would have faded anyway; the mean of
        all 24 months before is untouched by it); ``actions``.
    ``reporting``
        Neighbourhood -> share of true incidents that reach the police or 311. Two report about half as much as the others.
    ``incidents``
        Neighbourhood -> ``true`` and ``reported`` calls of the ordinary city (planted problems and what officers or alarms start are not among them).
    ``defects``, ``complaint_defects``
        Number of spoiled rows by kind.

    The ordinary city is drawn incident by incident: a place by its use, size and log-normal risk; a day by season, weekday, growth and gamma shocks that
    the city or a neighbourhood shares for a month; an hour by the kind's own rhythm; follow-ups at the same place within days. Counts per place and month
    therefore vary about 1.3 to 2 times as much as chance. The nightlife stretches vary by a gamma factor per month that does not last from one
    month to the next. The random numbers are NumPy's, the polygons GEOS's: other versions may give another city of the same kind, so the files
    in ``data/riverton`` are the ones to cite.

    Examples
    --------
    >>> from sara.teach import city
    >>> riverton = city(seed=1)
    >>> [problem["category"] for problem in riverton.truth["problems"]]
    ['disorder', 'drugs', 'noise', 'burglary', 'vehicle theft']
    >>> int(riverton.areas["population"].sum() / 1000)
    92
    """
    seed = check_count(seed, name="seed", least=0)
    town = town_map()
    made = _happenings(town, seed)
    lonlat = lonlat_of(town)
    raw_calls, call_ids, call_defects = publish_calls(made.calls, town.sites, lonlat, seed)
    raw_complaints, complaint_ids, complaint_defects = publish_complaints(made.complaints, town.sites, lonlat, seed)
    truth = truth_of(town, made, call_ids, complaint_ids, {"calls": call_defects, "complaints": complaint_defects}, seed)
    return City(
        raw_calls=raw_calls, raw_complaints=raw_complaints, areas=read_areas(area_frame(town)), places=place_frame(town), streets=street_frame(town),
        facilities=facility_frame(town), truth=truth,
    )  # fmt: skip


def _happenings(town: TownMap, seed: int) -> Made:
    """Let three years happen: the ordinary city, the nights, the planted problems, the decoys, then the reporting."""
    sites = town.sites
    shares = reporting_shares(seed)
    ordinary = background(CALLS, sites, seed=seed, scale=CALL_SCALE, share_reported=shares, name="calls")
    told = background(COMPLAINTS, sites, seed=seed, scale=COMPLAINT_SCALE, share_reported=shares, name="complaints")
    nights, planted, lookalikes = nightlife(town, seed), problems(town, seed), decoys(town, seed)
    calls = pd.concat([ordinary.events, nights.calls, *(one.calls for one in [*planted, *lookalikes])], ignore_index=True)
    complaints = pd.concat([told.events, nights.complaints, *(one.complaints for one in planted)], ignore_index=True)
    default = int(np.flatnonzero(sites.are("police headquarters"))[0])
    to_default(calls, default, streams(seed, "default"))
    calls = _with_copies(calls, CALLS, sites, shares, streams(seed, "copies"))
    complaints = _with_copies(complaints, COMPLAINTS, sites, shares, streams(seed, "complaint copies"))
    incidents = np.stack([ordinary.incidents, ordinary.reported])
    return Made(calls, complaints, planted, lookalikes, nights, default, shares, incidents)


def _with_copies(
    events: pd.DataFrame, kinds: tuple[Kind, ...], sites: Sites, shares: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    events = events.assign(t=without_lost_hour(events["t"].to_numpy()))
    return pd.concat([events, further_reports(events, kinds, sites, shares, rng)], ignore_index=True)


def _read(raw: pd.DataFrame, source: str) -> gpd.GeoDataFrame:
    """Write one file and read it back: the one way by which sara makes an event table."""
    from tempfile import TemporaryDirectory

    from sara.data.read import read_events

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{source}.csv.gz"
        write_table(raw, path)
        return read_events(path, source=source)
