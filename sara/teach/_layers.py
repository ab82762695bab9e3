"""The map as tables: neighbourhoods, places, streets, facilities, all in longitude and latitude."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import USES, TownMap, town_map
from sara.teach._streets import CENTER, CRS, PLOTS, Floats

__all__ = ["area_frame", "facility_frame", "lonlat_of", "place_frame", "street_frame", "to_lonlat"]

OCCUPIED, PERSONS = 0.93, 2.25


def to_lonlat(geometry: Any) -> Any:
    """Return geometries given in metres from the centre in longitude and latitude, to six decimals (0.1 m)."""
    from pyproj import Transformer

    turn = Transformer.from_crs(CRS, 4326, always_xy=True)

    def project(xy: Floats) -> Floats:
        lon, lat = turn.transform(xy[:, 0] + CENTER[0], xy[:, 1] + CENTER[1])
        return np.asarray(np.round(np.c_[lon, lat], 6), dtype=float)

    return shapely.transform(geometry, project)


def lonlat_of(town: TownMap) -> Floats:
    """Return longitude and latitude of every place, in the order of `Sites`."""
    out: Floats = shapely.get_coordinates(to_lonlat(shapely.points(town.sites.x, town.sites.y)))
    return out


@cache
def _households() -> tuple[int, ...]:
    sites = town_map().sites
    return tuple(np.round(np.bincount(sites.area, sites.units, minlength=len(NEIGHBORHOODS)) * OCCUPIED).astype(int).tolist())


def area_frame(town: TownMap) -> gpd.GeoDataFrame:
    """Return the neighbourhoods with population, households, income and the languages spoken at home."""
    households = np.array(_households())
    rows = list(NEIGHBORHOODS.values())
    income = np.array([row[2] for row in rows])
    languages = np.array([row[3] for row in rows])
    size = PERSONS + np.where(languages[:, 0] + languages[:, 1] > 0.3, 0.8, 0.0)
    return gpd.GeoDataFrame({
        "name": list(NEIGHBORHOODS), "population": np.round(households * size).astype(int), "households": households, "median_income": income,
        "share_english": np.round(1 - languages.sum(axis=1), 2), "share_spanish": languages[:, 0], "share_vietnamese": languages[:, 1], "share_other": languages[:, 2],
    }, geometry=to_lonlat(town.areas), crs=4326)  # fmt: skip


def place_frame(town: TownMap) -> gpd.GeoDataFrame:
    """Return every address: use, homes, name where it has one, neighbourhood."""
    sites = town.sites
    lots = ~sites.are("block", "crossing")
    return gpd.GeoDataFrame({
        "address": sites.address[lots], "use": np.array(USES, dtype=object)[sites.use[lots]], "name": sites.name[lots], "units": sites.units[lots],
        "neighborhood": np.array(list(NEIGHBORHOODS), dtype=object)[sites.area[lots]],
    }, geometry=gpd.points_from_xy(*lonlat_of(town)[lots].T), crs=4326)  # fmt: skip


def street_frame(town: TownMap) -> gpd.GeoDataFrame:
    """Return the streets, one row per stretch between two crossings, with the house numbers at its ends."""
    ground = town.ground
    return gpd.GeoDataFrame({
        "name": ground.name, "class": ground.kind, "from_number": np.floor(ground.low).astype(int), "to_number": np.floor(ground.high).astype(int),
        "from_node": ground.node[:, 0], "to_node": ground.node[:, 1],
    }, geometry=to_lonlat(ground.line), crs=4326)  # fmt: skip


def facility_frame(town: TownMap) -> gpd.GeoDataFrame:
    """Return bars, schools, station, headquarters as points, and river, parks, campus and hospital as outlines."""
    sites, ground = town.sites, town.ground
    named = np.flatnonzero((sites.name != "") & ~np.isin(sites.name, list(PLOTS)))
    addresses = dict(zip(sites.name, sites.address, strict=True))
    names = [*sites.name[named], *ground.plots, "Otter River"]
    uses = [*np.array(USES, dtype=object)[sites.use[named]], *(PLOTS[name][0] for name in ground.plots), "river"]
    shapes = [*shapely.points(sites.x[named], sites.y[named]), *ground.plots.values(), ground.river]
    table = {"name": names, "use": uses, "address": [addresses.get(name, "") for name in names]}
    return gpd.GeoDataFrame(table, geometry=list(to_lonlat(np.array(shapes, dtype=object))), crs=4326)
