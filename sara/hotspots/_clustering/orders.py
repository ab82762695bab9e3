"""Clusters of clusters: the higher orders of nearest-neighbour hierarchical clustering as further rows of the table."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.hotspots._clustering.methods import Found

__all__ = ["with_orders"]

Ints = npt.NDArray[np.int64]
# How the clusters of an order are called: people know the first ones as hot spots.
WORDS = {2: "Group", 3: "District"}


def with_orders(table: gpd.GeoDataFrame, cluster: Ints, found: Found) -> gpd.GeoDataFrame:
    """Return the table with ``order`` (1 for clusters of events), ``threshold_m`` and ``within`` (the next higher cluster), and a row for each higher cluster.

    A higher row has the events of its clusters and the hull around their outlines; its p-value is missing, as it is no test of anything.
    """
    first = table.assign(order=1, threshold_m=found.orders[0].threshold if found.orders else np.nan)
    names: list[dict[int, str]] = [dict(zip(cluster.tolist(), first["name"], strict=True))]
    within: dict[str, str] = {}
    higher: list[dict[str, Any]] = []
    frame = {name: first[first["name"] == name].iloc[0] for name in first["name"]}
    below: list[list[str]] = [[names[0][k]] if k in names[0] else [] for k in range(len(found.members))]
    for number, order in enumerate(found.orders[1:], start=2):
        joined = [[name for k in members for name in below[k]] for members in order.members]
        ranked = sorted(
            (k for k, held in enumerate(joined) if held), key=lambda k: (-sum(frame[n]["n"] for n in joined[k]), joined[k][0])
        )
        names.append({k: f"{WORDS.get(number, f'Order {number}')} {i}" for i, k in enumerate(ranked, start=1)})
        for k in ranked:
            rows = [frame[name] for name in joined[k]]
            for member in order.members[k]:
                if int(member) in names[number - 2]:
                    within[names[number - 2][int(member)]] = names[-1][k]
            higher.append({
                "name": names[-1][k], "order": number, "threshold_m": order.threshold, "p_adjusted": np.nan,
                **{column: sum(row[column] for row in rows) for column in ("n", "excess", "per_month", "n_places", "members")},
                "geometry": shapely.union_all([row["geometry"] for row in rows]).convex_hull,
            })  # fmt: skip
        below = joined
    out = first if not higher else _stacked(first, higher)
    out["within"] = [within.get(name) for name in out["name"]]
    out["within"] = out["within"].astype(object)
    rest = [column for column in out.columns if column != "geometry"]
    out = out[[*rest, "geometry"]]
    out.attrs = dict(table.attrs)
    return out


def _stacked(first: gpd.GeoDataFrame, higher: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    more = gpd.GeoDataFrame(higher, geometry="geometry", crs=first.crs)
    more["km2"] = more.geometry.area / 1e6
    more = more.reindex(columns=first.columns)
    whole = {name: first[name].dtype for name in ("n", "n_places", "members", "order")}
    return gpd.GeoDataFrame(pd.concat([first, more], ignore_index=True).astype(whole), geometry="geometry", crs=first.crs)
