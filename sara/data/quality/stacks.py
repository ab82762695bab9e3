"""Default points: coordinates that stand for "we do not know where", and would be the city's biggest hot spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from sara.core.checks import located, record_of
from sara.data._text import uniques_of
from sara.data.privacy import public_place

__all__ = [
    "BIG_STACKS",
    "STACK_COLUMNS",
    "Stack",
    "Stacked",
    "default_points",
    "default_record",
    "known_points",
    "known_stacks",
    "likeness",
    "n_different",
    "rows_at",
    "stack_numbers",
    "stack_row",
    "stack_table",
    "stand_ins",
]

STACK_COLUMNS = ["place", "addresses", "x", "y", "n", "share", "n_addresses", "size_ratio", "mix", "reason", "geometry"]
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
# Addresses named with a point, blurred to the hundred block.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Stack:
    """A point found to be a default, and by which rule."""

    x: float
    y: float
    n: int
    rule: str
    ratio: float
    mix: float


def default_record(events: pd.DataFrame) -> dict[str, Any]:
    """Return what a table's own record keeps of its default points, largest first.

    ``default_points``: x and y in metres and the rows there; ``default_why``: the rule that found each, its size ratio and its mix;
    ``default_crs``: the system of x and y.
    """
    stacks = _search(events)[:MOST_DEFAULTS] if len(events) >= LEAST_FOR_DEFAULTS else []
    return {
        "default_points": [[stack.x, stack.y, stack.n] for stack in stacks],
        "default_why": [
            [stack.rule, round(stack.ratio, 2), None if np.isnan(stack.mix) else round(stack.mix, 3)] for stack in stacks
        ],
        "default_crs": _name(getattr(events, "crs", None)),
    }


def known_points(events: pd.DataFrame) -> np.ndarray:
    """Return x, y and rows of the default points that the table's record knows, in the table's own system; no rows where it knows none."""
    record = record_of(events)
    points = np.array(record.get("default_points") or [], dtype=float).reshape(-1, 3)
    system, own = record.get("default_crs"), _name(getattr(events, "crs", None))
    if len(points) and system and own and system != own:
        to = pyproj.Transformer.from_crs(system, own, always_xy=True)
        points[:, 0], points[:, 1] = to.transform(points[:, 0], points[:, 1])
    return points


def known_stacks(events: Any) -> list[Stack] | None:
    """Return the default points that a table's record knows, with the rule that found each, or None where it was never searched."""
    record = record_of(events)
    if "default_why" not in record:
        return None
    whys = [(str(rule), float(ratio), np.nan if mix is None else float(mix)) for rule, ratio, mix in record["default_why"]]
    return [Stack(float(x), float(y), int(n), *why) for (x, y, n), why in zip(known_points(events), whys, strict=False)]


def default_points(events: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the stacks that are not places, largest first; see `sara.audit` for the rules.

    Parameters
    ----------
    events : GeoDataFrame
        An event table. What its record knows from reading the whole file is used; where it knows nothing, the rows are searched.

    Returns
    -------
    GeoDataFrame
        ``place`` (blurred), ``addresses`` (the most frequent ones that stand on it, blurred), ``x``, ``y`` (metres), ``n`` (rows), ``share`` (of rows
        with a location), ``n_addresses``, ``size_ratio`` (times the size its rank would have), ``mix`` (likeness to the whole file's mix of types,
        1 for a random draw), ``reason``, ``geometry``.
    """
    known = known_stacks(events)
    stacks = _search(events) if known is None else known
    if not stacks:
        return stack_table([], getattr(events, "crs", None))
    at = rows_at(events, np.array([[stack.x, stack.y] for stack in stacks]))
    order = np.argsort(at, kind="stable")
    bounds = np.searchsorted(at[order], np.arange(len(stacks) + 1))
    n_located = int(located(events).sum())
    texts = {name: uniques_of(events[name]) for name in ("place", "address", "origin")}
    rows = [
        stack_row(stack, order[bounds[i] : bounds[i + 1]], texts, n_located)
        for i, stack in enumerate(stacks)
        if bounds[i + 1] > bounds[i]
    ]
    return stack_table(rows, getattr(events, "crs", None))


def rows_at(events: pd.DataFrame, points: np.ndarray) -> np.ndarray:
    """Return for each row the number of the point it lies on, to a centimetre; -1 for all others."""
    out = np.full(len(events), -1, dtype=np.int64)
    if len(points) == 0:
        return out
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    # Sorted by x, each point needs to be looked for in a few rows only.
    ok = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    ok = ok[(x[ok] >= points[:, 0].min() - 1) & (x[ok] <= points[:, 0].max() + 1)]
    order = ok[np.argsort(x[ok], kind="stable")]
    for number, (px, py) in enumerate(np.asarray(points)[:, :2]):
        a, b = np.searchsorted(x[order], [px - 0.01, px + 0.01])
        near = order[a:b]
        out[near[(np.abs(x[near] - px) < 0.01) & (np.abs(y[near] - py) < 0.01)]] = number
    return out


def stack_numbers(events: pd.DataFrame) -> np.ndarray:
    """Return one number per exact coordinate (to a centimetre), in the order of x and y; -1 without a location."""
    ok = located(events)
    out = np.full(len(events), -1, dtype=np.int64)
    if ok.any():
        x, y = (np.round(events[name].to_numpy(dtype=float, na_value=np.nan)[ok] * 100).astype(np.int64) for name in ("x", "y"))
        east, north = (pd.factorize(values, sort=True) for values in (x, y))
        out[ok] = pd.factorize(east[0] * np.int64(len(north[1])) + north[0], sort=True)[0]
    return out


@dataclass(frozen=True)
class Stacked:
    """What the rules ask of every stack, in the order of x and y.

    Parameters
    ----------
    x, y, n : array
        Where it is, and its rows.
    n_addresses : array of int
        Different places, or addresses where there is no place.
    office : array of float
        Share of the office's own work.
    """

    x: np.ndarray
    y: np.ndarray
    n: np.ndarray
    n_addresses: np.ndarray
    office: np.ndarray


def _search(events: pd.DataFrame) -> list[Stack]:
    """Find the default points among the rows, largest first."""
    number = stack_numbers(events)
    rows = np.flatnonzero(number >= 0)
    if len(rows) == 0:
        return []
    sizes = np.bincount(number[rows])
    _, first = np.unique(number[rows], return_index=True)
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan)[rows[first]] for name in ("x", "y"))
    office = np.bincount(number[rows], weights=_office(events)[rows], minlength=len(sizes)) / sizes
    stacks = Stacked(x, y, sizes, n_different(_shown(events), number, len(sizes)), office)
    types = uniques_of(events["type"])[0][rows]
    return stand_ins(stacks, lambda big: _mixes(types, number[rows], big))


def stand_ins(stacks: Stacked, mixes_of: Callable[[np.ndarray], np.ndarray]) -> list[Stack]:
    """Return the stacks that are default points, largest first; `mixes_of` gives the likeness of a few of them to the whole file."""
    sizes = stacks.n
    # Ties in size are broken by coordinates (the stacks are sorted by them), so that the order of rows does not matter.
    ranked = np.lexsort((np.arange(len(sizes)), -sizes))
    candidates = ranked[sizes[ranked] >= LEAST]
    if len(candidates) == 0:
        return []
    n_rows = int(sizes.sum())
    crowded = max(LEAST_ADDRESSES, ADDRESS_FACTOR * _usual_addresses(stacks.n_addresses[sizes >= 2]))
    ratio = _size_ratios(sizes[ranked])
    city_office = float((stacks.office * sizes).sum() / n_rows)
    mixes = mixes_of(candidates[:BIG_STACKS])
    alike = mixes >= MIX_RATIO
    rare = len(alike) >= 10 and alike.sum() - 1 <= FEW_OTHERS * len(alike)
    found = []
    for rank, stack in enumerate(candidates):
        n, mix = int(sizes[stack]), float(mixes[rank]) if rank < BIG_STACKS else 0.0
        if stacks.n_addresses[stack] >= crowded:
            rule, mix = "addresses", np.nan
        elif ratio[rank] >= SIZE_RATIO and mix >= MIX_RATIO:
            rule = "mix"
        elif ratio[rank] >= SIZE_RATIO and stacks.office[stack] >= max(OFFICE, 1.5 * city_office):
            rule = "station"
        elif mix >= LIKE_CITY and rare and n >= MANY * n_rows:
            rule = "like the city"
        else:
            continue
        found.append(Stack(float(stacks.x[stack]), float(stacks.y[stack]), n, rule, float(ratio[rank]), mix))
    return found


def _usual_addresses(addresses: np.ndarray) -> float:
    """Return how many addresses 99 % of the stacks do not exceed; among few stacks, the one with the most is no measure of itself."""
    usual = np.sort(addresses)[:-1] if len(addresses) < 100 else addresses
    return float(np.quantile(usual, 0.99)) if len(usual) else 0.0


def _shown(events: pd.DataFrame) -> np.ndarray:
    """Return one number per place, or address where there is no place: units of one house are one address, no stand-in."""
    place, names = uniques_of(events["place"])
    address = uniques_of(events["address"])[0]
    return np.asarray(np.where(place >= 0, place, np.where(address >= 0, len(names) + address, -1)))


def _office(events: pd.DataFrame) -> np.ndarray:
    codes, words = uniques_of(events["origin"])
    return np.append(words == "administrative", False)[codes]


def n_different(codes: np.ndarray, number: np.ndarray, n: int) -> np.ndarray:
    """Return how many different values each stack holds."""
    ok = (number >= 0) & (codes >= 0)
    width = int(codes.max(initial=0)) + 1
    pairs = pd.unique(number[ok] * np.int64(width) + codes[ok])
    return np.bincount(pairs // width, minlength=n)


def _size_ratios(sizes: np.ndarray) -> np.ndarray:
    """Return each size over the one its rank would have on the line (log size on log rank) through ranks 20 to 200."""
    rank = np.arange(1, len(sizes) + 1)
    to = min(TAIL_TO, len(sizes))
    if to - TAIL_FROM < 10:
        return np.ones(len(sizes))
    tail = slice(TAIL_FROM - 1, to)
    slope, level = np.polyfit(np.log(rank[tail]), np.log(sizes[tail]), 1)
    return np.asarray(sizes / np.exp(level + slope * np.log(rank)))


def _mixes(codes: np.ndarray, number: np.ndarray, stacks: np.ndarray) -> np.ndarray:
    """Return for each stack the overlap of its types with the others' types, over the overlap a random draw of its size would have.

    Only kinds that matter: a file of one type says nothing, and gives 0.
    """
    n = int(codes.max(initial=-1)) + 1
    if n == 0:
        return np.zeros(len(stacks))
    slot = np.full(int(number.max()) + 1, -1)
    slot[stacks] = np.arange(len(stacks))
    known = codes >= 0
    total = np.bincount(codes[known], minlength=n).astype(float)
    mine = known & (slot[number] >= 0)
    counts = np.bincount(slot[number[mine]] * n + codes[mine], minlength=len(stacks) * n).reshape(len(stacks), n).astype(float)
    return np.array([likeness(own, total - own) for own in counts])


def likeness(mine: np.ndarray, rest: np.ndarray) -> float:
    """Return the overlap of two counts by type, over the overlap a random draw from the second would have; see `_mixes`."""
    if mine.sum() == 0 or rest.sum() == 0:
        return 0.0
    share = rest / rest.sum()
    if 1 / np.square(share).sum() < 3:
        return 0.0
    overlap = np.minimum(mine / mine.sum(), share).sum()
    # The mean absolute deviation of a binomial share, from its normal approximation, capped at the share itself.
    spread = np.minimum(np.sqrt(2 / np.pi * share * (1 - share) / mine.sum()), 2 * share * (1 - share))
    return float(overlap / (1 - spread.sum() / 2))


def stack_row(
    stack: Stack, here: np.ndarray, texts: dict[str, tuple[np.ndarray, np.ndarray]], n_located: int
) -> dict[str, Any]:  # fmt: skip
    """Return the line of one default point: `here` are its rows, `texts` the codes and words of place, address and origin."""
    codes, places = texts["place"]
    others, addresses = texts["address"]
    named = [
        places[code] if code >= 0 else addresses[other] if other >= 0 else None
        for code, other in zip(codes[here], others[here], strict=True)
    ]
    names = (
        pd.Series(named, dtype=object).dropna().map(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    point = f"near {stack.x:.0f} E {stack.y:.0f} N"
    # A point of many addresses bears no one's name.
    own = len(names) > 0 and names.iloc[0] >= 0.5 * len(here)
    return {
        "place": public_place(names.index[0] if own else point), "addresses": _blurred(names), "x": stack.x, "y": stack.y, "n": len(here),
        "share": len(here) / n_located, "n_addresses": len(names), "size_ratio": stack.ratio, "mix": stack.mix,
        "reason": _reason(stack, len(names), here, texts["origin"]), "geometry": shapely.Point(stack.x, stack.y),
    }  # fmt: skip


def _blurred(names: pd.Series) -> str:
    """Return the most frequent addresses as hundred blocks, with the rows of each."""
    blocks = (
        names.groupby([public_place(name) for name in names.index], sort=True).sum().sort_values(ascending=False, kind="stable")
    )
    more = f" and {len(blocks) - NAMED:,} more" if len(blocks) > NAMED else ""
    return ", ".join(f"{name} ({n:,})" for name, n in blocks.head(NAMED).items()) + more


def _reason(stack: Stack, n_addresses: int, here: np.ndarray, origin: tuple[np.ndarray, np.ndarray]) -> str:
    big = f"{stack.ratio:.1f} times as many rows as its rank would have"
    if stack.rule == "addresses":
        return f"{n_addresses:,} different addresses share this point"
    if stack.rule == "mix":
        return f"{big}, of every kind in the mix of the whole file"
    if stack.rule == "station":
        codes, words = origin
        share = np.append(words == "administrative", False)[codes[here]].mean()
        return f"{big}, {100 * share:.0f} % of them the office's own work: a station"
    return "its rows are of every kind in the mix of the whole file, as no other big stack's are"


def _name(crs: Any) -> str | None:
    if crs is None:
        return None
    system = pyproj.CRS.from_user_input(crs)
    return f"EPSG:{system.to_epsg()}" if system.to_epsg() else str(system.to_wkt())


def stack_table(rows: list[dict[str, Any]], crs: Any) -> gpd.GeoDataFrame:
    """Return the lines of `stack_row` as the answer of `default_points`."""
    if not rows:
        empty = {name: pd.Series(dtype=float) for name in ("x", "y", "share", "size_ratio", "mix")}
        text = {name: pd.Series(dtype="str" if pd.__version__ >= "3" else object) for name in ("place", "addresses", "reason")}
        whole = {name: pd.Series(dtype=np.int64) for name in ("n", "n_addresses")}
        return gpd.GeoDataFrame({**empty, **text, **whole}, geometry=gpd.GeoSeries([], crs=crs))[STACK_COLUMNS]
    ordered = sorted(rows, key=lambda row: (-row["n"], row["x"], row["y"]))
    return gpd.GeoDataFrame(ordered, columns=STACK_COLUMNS, geometry="geometry", crs=crs)
