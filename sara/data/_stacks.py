"""Default points: coordinates that stand for "we do not know where", and would be the city's biggest hot spot."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.checks import located
from sara.data.privacy import public_place

__all__ = ["STACK_COLUMNS", "default_points", "default_record", "stack_numbers"]

STACK_COLUMNS = ["place", "x", "y", "n", "share", "n_addresses", "size_ratio", "mix", "reason", "geometry"]
# Below this a stack can't be told from a busy house.
LEAST = 30
# One point of a geocoder serves a few addresses (a corner, a mall); this many, and many more than other points of the file do, is a stand-in.
LEAST_ADDRESSES, ADDRESS_FACTOR = 10, 4
# How far above the line through the other big stacks, and how like the whole city's mix of calls, a single address must be.
SIZE_RATIO, MIX_RATIO = 2.0, 0.85
# Without that size, a point is a default address if its mix is this like the city's where hardly any other big stack's is, and it holds this share.
LIKE_CITY, MANY, FEW_OTHERS, BIG_STACKS = 0.9, 0.005, 0.1, 60
# The line is drawn through these ranks: below the few points that may be defaults, above the mass of small ones.
TAIL_FROM, TAIL_TO = 20, 200
# A point where this share of rows is the office's own work is a station.
OFFICE = 0.5

# The record travels with every filtered table: it stays small. A few hundred rows do not tell a default address from a busy one.
MOST_DEFAULTS, LEAST_FOR_DEFAULTS = 50, 500


def default_record(events: pd.DataFrame) -> list[list[float]]:
    """Return the default points as the table's own record keeps them: x and y in metres, and the rows there, largest first."""
    if len(events) < LEAST_FOR_DEFAULTS:
        return []
    found = default_points(events).head(MOST_DEFAULTS)
    return [[float(x), float(y), int(n)] for x, y, n in zip(found["x"], found["y"], found["n"], strict=True)]


def stack_numbers(events: pd.DataFrame) -> np.ndarray:
    """Return one number per exact coordinate (to a centimetre); -1 without a location."""
    ok = located(events)
    x, y = (np.round(events[name].to_numpy(dtype=float, na_value=np.nan)[ok] * 100).astype(np.int64) for name in ("x", "y"))
    out = np.full(len(events), -1, dtype=np.int64)
    out[ok] = pd.factorize(pd.MultiIndex.from_arrays([x, y]), sort=True)[0] if ok.any() else []
    return out


def default_points(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the stacks that are not places, largest first; see `sara.audit` for the rules.

    Parameters
    ----------
    events : GeoDataFrame
        An event table.

    Returns
    -------
    GeoDataFrame
        ``place`` (blurred), ``x``, ``y`` (metres), ``n`` (rows), ``share`` (of rows with a location), ``n_addresses``, ``size_ratio`` (times
        the size its rank would have), ``mix`` (likeness to the whole file's mix of types, 1 for a random draw), ``reason``, ``geometry``.
    """
    number = stack_numbers(events)
    rows = np.flatnonzero(number >= 0)
    sizes = np.bincount(number[rows]) if len(rows) else np.zeros(0, dtype=np.int64)
    # Ties in size are broken by coordinates (the numbers are sorted by them), so that the order of rows does not matter.
    ranked = np.lexsort((np.arange(len(sizes)), -sizes))
    candidates = ranked[sizes[ranked] >= LEAST]
    if len(candidates) == 0:
        return _table([], events.crs)
    # Units of one house are one address: a complex of 200 flats is a place, not a stand-in.
    addresses = _different(
        events["place"].astype(object).where(events["place"].notna(), events["address"].astype(object)), number, len(sizes)
    )
    crowded = max(LEAST_ADDRESSES, ADDRESS_FACTOR * float(np.quantile(addresses[sizes >= 2], 0.99)))
    ratio = _size_ratios(sizes[ranked])
    office = (events["origin"] == "administrative").to_numpy(dtype=bool, na_value=False)
    city_office = office[rows].mean()
    types = pd.factorize(events["type"].astype(object), use_na_sentinel=True)[0]
    order = np.argsort(number[rows], kind="stable")
    bounds = np.r_[0, np.cumsum(sizes)]
    members = {int(stack): rows[order[bounds[stack] : bounds[stack + 1]]] for stack in candidates}
    mixes = [_mix(types, rows, members[int(stack)]) for stack in candidates[:BIG_STACKS]]
    alike = np.array(mixes) >= MIX_RATIO
    found = []
    for rank, stack in enumerate(candidates):
        here = members[int(stack)]
        n, mix, office_share = len(here), mixes[rank] if rank < BIG_STACKS else 0.0, float(office[here].mean())
        big = f"{ratio[rank]:.1f} times as many rows as its rank would have"
        rare = len(alike) >= 10 and alike.sum() - 1 <= FEW_OTHERS * len(alike)
        if addresses[stack] >= crowded:
            reason, mix = f"{addresses[stack]:,} different addresses share this point", np.nan
        elif ratio[rank] >= SIZE_RATIO and mix >= MIX_RATIO:
            reason = f"{big}, of every kind in the mix of the whole file"
        elif ratio[rank] >= SIZE_RATIO and office_share >= max(OFFICE, 1.5 * city_office):
            reason = f"{big}, {100 * office_share:.0f} % of them the office's own work: a station"
        elif mix >= LIKE_CITY and rare and n >= MANY * len(rows):
            reason = "its rows are of every kind in the mix of the whole file, as no other big stack's are"
        else:
            continue
        found.append(_row(events, here, len(rows), int(addresses[stack]), float(ratio[rank]), float(mix), reason))
    return _table(found, events.crs)


def _different(values: pd.Series, number: np.ndarray, n: int) -> np.ndarray:
    """Return how many different values each stack holds."""
    codes = pd.factorize(values.astype(object), use_na_sentinel=True)[0]
    ok = (number >= 0) & (codes >= 0)
    pairs = np.unique(number[ok] * (codes.max(initial=0) + 1) + codes[ok])
    return np.bincount(pairs // (codes.max(initial=0) + 1), minlength=n)


def _size_ratios(sizes: np.ndarray) -> np.ndarray:
    """Return each size over the one its rank would have on the line (log size on log rank) through ranks 20 to 200."""
    rank = np.arange(1, len(sizes) + 1)
    to = min(TAIL_TO, len(sizes))
    if to - TAIL_FROM < 10:
        return np.ones(len(sizes))
    tail = slice(TAIL_FROM - 1, to)
    slope, level = np.polyfit(np.log(rank[tail]), np.log(sizes[tail]), 1)
    return np.asarray(sizes / np.exp(level + slope * np.log(rank)))


def _mix(codes: np.ndarray, rows: np.ndarray, here: np.ndarray) -> float:
    """Return the overlap of the stack's types with the others' types, over the overlap a random draw of its size would have.

    Only kinds that matter: a file of one type says nothing, and gives 0.
    """
    n = codes.max(initial=-1) + 1
    mine = np.bincount(codes[here][codes[here] >= 0], minlength=n).astype(float)
    rest = np.bincount(codes[rows][codes[rows] >= 0], minlength=n) - mine
    if mine.sum() == 0 or rest.sum() == 0:
        return 0.0
    share = rest / rest.sum()
    if 1 / np.square(share).sum() < 3:
        return 0.0
    overlap = np.minimum(mine / mine.sum(), share).sum()
    # The mean absolute deviation of a binomial share, from its normal approximation, capped at the share itself.
    spread = np.minimum(np.sqrt(2 / np.pi * share * (1 - share) / mine.sum()), 2 * share * (1 - share))
    return float(overlap / (1 - spread.sum() / 2))


def _row(
    events: gpd.GeoDataFrame, here: np.ndarray, n_located: int, n_addresses: int, ratio: float, mix: float, reason: str
) -> dict[str, Any]:
    x, y = float(events["x"].iloc[here[0]]), float(events["y"].iloc[here[0]])
    names = (
        events["place"].iloc[here].where(events["place"].iloc[here].notna(), events["address"].iloc[here]).dropna().astype(str)
    )
    names = names.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    point = f"near {x:.0f} E {y:.0f} N"
    # A point of many addresses bears no one's name.
    name = names.index[0] if len(names) and names.iloc[0] >= 0.5 * len(here) else point
    return {
        "place": public_place(name), "x": x, "y": y, "n": len(here), "share": len(here) / n_located, "n_addresses": n_addresses, "size_ratio": ratio,
        "mix": mix, "reason": reason, "geometry": shapely.Point(x, y),
    }  # fmt: skip


def _table(rows: list[dict[str, Any]], crs: Any) -> gpd.GeoDataFrame:
    if not rows:
        empty = {name: pd.Series(dtype=float) for name in ("x", "y", "share", "size_ratio", "mix")}
        text = {name: pd.Series(dtype="str" if pd.__version__ >= "3" else object) for name in ("place", "reason")}
        whole = {name: pd.Series(dtype=np.int64) for name in ("n", "n_addresses")}
        return gpd.GeoDataFrame({**empty, **text, **whole}, geometry=gpd.GeoSeries([], crs=crs))[STACK_COLUMNS]
    return gpd.GeoDataFrame(rows, columns=STACK_COLUMNS, geometry="geometry", crs=crs)
