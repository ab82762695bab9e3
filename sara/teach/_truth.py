"""What was planted, in words and numbers that fit into a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.teach._layers import to_lonlat
from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import TownMap
from sara.teach._problems import Planted
from sara.teach._reporting import LOST
from sara.teach._response import ACTIONS, EFFECT, RESPONSE_START, RING, Nightlife
from sara.teach._streets import CRS, Floats

__all__ = ["Made", "truth_of"]


@dataclass(frozen=True)
class Made:
    """Everything that happened in one city, before it is published.

    Parameters
    ----------
    calls, complaints : DataFrame
        Events with their tags.
    planted, decoys : list of Planted
        The problems besides the strip; the look-alikes besides the default address.
    nights : Nightlife
        The strip, its twins and the ring.
    default : int
        The dispatcher's default place.
    shares : array of float
        Reported share of true incidents, by neighbourhood.
    incidents : array of int, shape (2, neighbourhoods)
        True and reported incidents of the ordinary city.
    """

    calls: pd.DataFrame
    complaints: pd.DataFrame
    planted: list[Planted]
    decoys: list[Planted]
    nights: Nightlife
    default: int
    shares: Floats
    incidents: npt.NDArray[np.int64]


def truth_of(
    town: TownMap, made: Made, call_ids: pd.Series, complaint_ids: pd.Series, defects: dict[str, dict[str, int]], seed: int
) -> dict[str, Any]:
    """Return the truth about one city."""
    strip = town.stretches[0]

    def entry(
        key: str, name: str, category: str, unit: str, polygon: shapely.Polygon, sites: npt.NDArray[np.int64]
    ) -> dict[str, Any]:
        ids = sorted(call_ids[made.calls.index[made.calls["tag"] == key]])
        told = sorted(complaint_ids[made.complaints.index[made.complaints["tag"] == key]])
        return {
            "name": name, "category": category, "unit": unit, "geometry": _shape(polygon), "places": sorted(town.sites.address[sites]),
            "event_ids": ids, "complaint_ids": told, "n": len(ids),
        }  # fmt: skip

    problems = [entry("strip", "Disorder on the bar strip at closing time", "disorder", "area", strip.polygon, strip.sites)]
    problems += [entry(one.key, one.name, one.category, one.unit, one.polygon, one.sites) for one in made.planted]
    return {
        "seed": seed, "crs": CRS, "period": ["2022-03-01", "2025-02-28"], "problems": problems, "decoys": _decoys(town, made),
        "response": _response(town, made.nights), "reporting": dict(zip(NEIGHBORHOODS, made.shares.tolist(), strict=True)),
        "incidents": {name: {"true": int(true), "reported": int(told)} for name, true, told in zip(NEIGHBORHOODS, *made.incidents, strict=True)},
        "defects": defects["calls"], "complaint_defects": defects["complaints"],
    }  # fmt: skip


def _decoys(town: TownMap, made: Made) -> list[dict[str, Any]]:
    sites = town.sites
    kinds = {
        "patrol mall": "officer patrol",
        "patrol park": "officer patrol",
        "one caller": "one caller",
        "help": "calls for help",
    }
    default = shapely.Point(sites.x[made.default], sites.y[made.default]).buffer(30)
    rows = [{
        "name": "The dispatcher's default address", "kind": "default address", "category": None, "geometry": _shape(default),
        "address": sites.address[made.default], "n": int((made.calls["tag"] == "default").sum()),
    }]  # fmt: skip
    for one in made.decoys:
        rows.append({
            "name": one.name, "kind": kinds[one.key], "category": one.category, "geometry": _shape(one.polygon),
            "address": sites.address[one.sites[0]], "n": len(one.calls),
        })  # fmt: skip
    return rows


def _response(town: TownMap, nights: Nightlife) -> dict[str, Any]:
    located = 1 - LOST
    return {
        "start": RESPONSE_START, "treated": _shape(town.stretches[0].polygon), "comparisons": [_shape(one.polygon) for one in town.stretches[1:]], "ring_m": RING,
        "effect_per_month": round(nights.effect_per_month * located, 3), "effect_share": -EFFECT,
        "displacement_per_month": round(nights.displacement_per_month * located, 3),
        "temporary_excess_per_month": round(nights.excess_per_month * located, 3), "actions": [dict(action) for action in ACTIONS],
    }  # fmt: skip


def _shape(polygon: shapely.Polygon) -> dict[str, Any]:
    shape: dict[str, Any] = json.loads(shapely.to_geojson(to_lonlat(polygon)))
    return shape
