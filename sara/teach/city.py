"""Riverton: a city that never was, in which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.core.checks import check_count
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

CALL_SCALE, COMPLAINT_SCALE = 0.90, 0.99  # tuned to about 150,000 calls and 40,000 complaints


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class City:
    """A synthetic city.

    Parameters
    ----------
    raw_calls, raw_complaints : DataFrame
        The two files as published, defects and all.
    areas, places, streets, facilities : GeoDataFrame
        The map, in longitude and latitude.
    truth : dict
        What was planted: see `city`.
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
    """Make Riverton.

    """
    seed = check_count(seed, name="seed", least=0)
    town = town_map()
    made = _happenings(town, seed)
    lonlat = lonlat_of(town)
    raw_calls, call_ids, call_defects = publish_calls(made.calls, town.sites, lonlat, seed)
    raw_complaints, complaint_ids, complaint_defects = publish_complaints(made.complaints, town.sites, lonlat, seed)
    truth = truth_of(town, made, call_ids, complaint_ids, {"calls": call_defects, "complaints": complaint_defects}, seed)
    return City(
        raw_calls=raw_calls, raw_complaints=raw_complaints, areas=area_frame(town), places=place_frame(town), streets=street_frame(town),
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


def _with_copies(events: pd.DataFrame, kinds: tuple[Kind, ...], sites: Sites, shares: Floats, rng: np.random.Generator) -> pd.DataFrame:
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
