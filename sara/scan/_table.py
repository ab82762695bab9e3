"""From candidates to the tables people read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.data.categories import category_table, help_categories
from sara.data.privacy import public_place
from sara.scan._areas import Areas
from sara.scan._board import table_columns
from sara.scan._candidates import Candidate, least_calls
from sara.scan._complaints import Told
from sara.scan._evidence import HARM, lasting
from sara.scan._lookalikes import LookAlike
from sara.scan._measure import Calendar, Lookup, Measured
from sara.scan._rows import COMMUNITY, Rows
from sara.scan._score import PARTS, mean_percentile, percentiles, shrunk_ratio
from sara.scan._search import Search

__all__ = ["board_table", "rejected_table"]

Ints = npt.NDArray[np.int64]

# A place is drawn as its points and 50 m around them; a point further than that from its place's middle is a stray geocode.
REACH, STRAY = 50.0, 100.0
# A kind of call that stands out at a dozen places is one problem with a dozen places: the largest two are listed,
# or more where there are so few kinds that the board has room.
LARGEST = 2


def board_table(
    found: Search,
    rows: Rows,
    area: Ints,
    units: Areas,
    calendar: Calendar,
    told: Told | None,
    start: pd.Timestamp,
    crs: Any,
    n: int,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the first `n` candidates by score, of each category and unit only the largest, and all others."""
    words = _labels()
    everyone = _everyone(rows, area, len(units.name))
    # What is said about calls for help is not looked up near addresses, and no complaint is about them.
    helps = help_categories()
    listed = [_row(found, item, rows, area, units, told, start, words, everyone, helps) for item in found.standing]
    columns = table_columns()
    if not listed:
        empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {**columns, "geometry": object}.items()})
        return _finished(empty, columns, crs), _finished(empty, columns, crs)
    frame = pd.DataFrame(listed)
    parts = np.column_stack([percentiles(frame[part].to_numpy(dtype=float)) for part in PARTS])
    for i, part in enumerate(PARTS):
        frame[f"{part}_percentile"] = parts[:, i]
    frame["score"] = mean_percentile(parts)
    frame["also"] = _also(frame)
    frame["_score"], frame["_excess"] = -frame["score"].round(9), -frame["excess"].round(6)
    frame["_rare"] = frame["n"] < frame["unit"].map({kind: least_calls(kind, calendar.n_weeks) for kind in ("area", "place")})
    n_kinds = frame.groupby(["category", "unit"]).ngroups
    largest = max(LARGEST, -(-n // n_kinds))
    by_size = frame.sort_values(["_excess", "name"], kind="stable").groupby(["category", "unit"])
    frame["_place_in_kind"] = by_size.cumcount()
    frame["more_like_it"] = (by_size["n"].transform("size") - largest).clip(lower=0)
    frame = frame.sort_values(["_score", "_excess", "name"], kind="stable")
    shown = (frame["_place_in_kind"] < largest) & ~frame["_rare"]
    shown &= shown.cumsum() <= n
    return _finished(frame[shown], columns, crs), _finished(frame[~shown], columns, crs)


def _finished(frame: pd.DataFrame, columns: dict[str, Any], crs: Any) -> gpd.GeoDataFrame:
    frame = frame.reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    table = pd.DataFrame({name: frame[name].astype(kind) for name, kind in columns.items()})
    # No words are a missing value, as in every other table.
    words = [name for name, kind in columns.items() if kind is object]
    table[words] = table[words].where(table[words].notna() & (table[words] != ""), None)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(frame["geometry"].to_numpy(), crs=crs), crs=crs)


def _labels() -> dict[str, str]:
    table = category_table()
    return dict(zip(table["category"], table["label"], strict=True))


def _everyone(rows: Rows, area: Ints, n_areas: int) -> dict[str, Lookup]:
    """Look up all rows that are neither repeated nor on a default location, also those of officers."""
    ok = ~rows.duplicate & ~rows.default
    return {
        "area": Lookup(rows.category, area, n_areas, ok),
        "place": Lookup(rows.category, rows.place, len(rows.places), ok),
    }


def _row(
    found: Search, item: tuple[Candidate, Ints, Measured], rows: Rows, area: Ints, units: Areas, told: Told | None, start: pd.Timestamp,
    words: dict[str, str], everyone: dict[str, Lookup], helps: Collection[str],
) -> dict[str, Any]:  # fmt: skip
    candidate, at, m = item
    category = rows.categories[candidate.category]
    help_call = category in helps
    points = (
        np.c_[found.center_x[list(candidate.units)], found.center_y[list(candidate.units)]]
        if candidate.kind == "place"
        else np.empty((0, 2))
    )
    complaints, complaints_expected = (None, np.nan) if help_call else _complaints(told, category, candidate, points)
    where = candidate.units[0]
    same = everyone[candidate.kind].rows(candidate.category, candidate.units)
    n_same, from_public = rows.n[same].sum(), rows.n[same][rows.origin[same] == COMMUNITY].sum()
    top_place = rows.places[m.top_place] if m.top_place >= 0 and not help_call else None
    in_top = m.top_place_n / m.n if top_place is not None else np.nan
    name, public, geometry = _named(candidate, category, rows, units, at, found, words)
    return {
        "name": name, "public_name": public, "category": category, "unit": candidate.kind,
        "within": units.name[where] if candidate.kind == "area" else _area_of(area[at], rows.n[at], units),
        "n": m.n, "expected": candidate.expected, "excess": m.n - candidate.expected,
        "ratio": float(shrunk_ratio(np.array([m.n]), np.array([candidate.expected]))[0]), "p_adjusted": candidate.p_adjusted,
        "weeks_active": m.weeks_active, "repeat_share": m.repeat_share, "complaints": complaints, "complaints_expected": complaints_expected,
        "complaints_ratio": np.nan if complaints is None else float(shrunk_ratio(np.array([complaints]), np.array([complaints_expected]))[0]), "trend": m.trend,
        "community_share": float(from_public / n_same) if n_same else np.nan,
        "callers": m.n_callers if np.isfinite(m.n_callers) else None,
        "top_caller_share": m.top_caller / m.n if np.isfinite(m.top_caller) else np.nan,
        "places": m.n_places, "top_place": top_place, "top_place_share": in_top, "harm": HARM.get(category, ""), "officer_hours": m.handling,
        "first": start + pd.Timedelta(seconds=m.first), "last": start + pd.Timedelta(seconds=m.last),
        # Calls for help are told by area and month only.
        "hours": "" if help_call else m.hours, "lasting": lasting(m.weeks_active, m.begins_late),
        "same_type_share": m.same_type, "geometry": geometry,
    }  # fmt: skip


def _complaints(
    told: Told | None, category: str, candidate: Candidate, points: npt.NDArray[np.float64]
) -> tuple[int | None, float]:
    if told is None:
        return None, np.nan
    mask, _ = told.related(category)
    return told.in_area(candidate.units[0], mask, category) if candidate.kind == "area" else told.near(points, mask, category)


def _named(
    candidate: Candidate, category: str, rows: Rows, units: Areas, at: Ints, found: Search, words: dict[str, str]
) -> tuple[str, str, shapely.Geometry]:
    label = words.get(category, category.capitalize())
    if candidate.kind == "area":
        name = f"{label} in {units.name[candidate.units[0]]}"
        return name, name, units.geometry[candidate.units[0]]
    lead = rows.places[candidate.units[0]]
    more = len(candidate.units) - 1
    nearby = f" and {more} place{'s' if more > 1 else ''} nearby" if more else ""
    return f"{label} at {lead}{nearby}", f"{label} at {public_place(lead)}{nearby}", _outline(candidate, rows, at, found)


def _outline(candidate: Candidate, rows: Rows, at: Ints, found: Search) -> shapely.Geometry:
    """Draw the points of a place, without stray geocodes, and 50 m around them."""
    place = rows.place[at]
    near = np.hypot(rows.x[at] - found.center_x[place], rows.y[at] - found.center_y[place]) <= STRAY
    shapes = [
        shapely.MultiPoint(np.unique(np.c_[rows.x[at], rows.y[at]][near & (place == u)], axis=0)).convex_hull.buffer(REACH)
        for u in candidate.units
    ]
    joined = shapely.union_all(shapes)
    return shapely.normalize(joined if joined.geom_type == "Polygon" else joined.convex_hull)


def _area_of(area: Ints, n: Ints, units: Areas) -> str | None:
    inside = area >= 0
    return units.name[int(np.bincount(area[inside], weights=n[inside]).argmax())] if inside.any() else None


def _also(frame: pd.DataFrame) -> list[str]:
    """Name the other categories that stand out in the same area, or at a place that overlaps."""
    category = frame["category"].to_numpy(dtype=object)
    beside: list[set[str]] = [set() for _ in range(len(frame))]
    places = np.flatnonzero(frame["unit"] == "place")
    shapes = frame["geometry"].to_numpy()[places]
    for i, j in shapely.STRtree(shapes).query(shapes, predicate="intersects").T:
        beside[places[i]].add(category[places[j]])
    areas = np.flatnonzero(frame["unit"] == "area")
    for same in pd.Series(areas).groupby(frame["within"].to_numpy(dtype=object)[areas]).indices.values():
        for i in areas[same]:
            beside[i] |= set(category[areas[same]])
    return [", ".join(sorted(others - {own})) for others, own in zip(beside, category, strict=True)]


def rejected_table(
    found: Search, rows: Rows, units: Areas, defaults: dict[str, gpd.GeoDataFrame | None], crs: Any
) -> gpd.GeoDataFrame:
    """Return the look-alikes, default locations first, then the largest of each kind."""
    listed = [line for source, points in defaults.items() if points is not None for line in _defaults(points, source)]
    listed += [_rejected(item, rows, units, found) for item in found.turned_down]
    frame = pd.DataFrame(listed, columns=["category", "unit", "name", "n", "reason", "kind", "geometry"])
    frame["_order"] = pd.factorize(frame["kind"])[0]
    frame = frame.sort_values(["_order", "n", "name"], ascending=[True, False, True], kind="stable").reset_index(drop=True)
    shapes = gpd.GeoSeries(list(frame["geometry"]), crs=crs)
    return gpd.GeoDataFrame(
        frame[["category", "unit", "name", "n", "reason", "kind"]].astype({"n": "int64"}), geometry=shapes, crs=crs
    )


def _rejected(item: LookAlike, rows: Rows, units: Areas, found: Search) -> dict[str, Any]:
    categories = [rows.categories[c] for c in item.categories]
    shown = (
        "all"
        if not categories
        else ", ".join(sorted(categories)[:3]) + (f" and {len(categories) - 3} more" if len(categories) > 3 else "")
    )
    if item.kind == "calls for help" and item.unit == "place":
        many = len(item.units)
        return {
            "category": shown,
            "unit": "place",
            "name": f"{many} place{'s' if many > 1 else ''} (not named)",
            "n": item.n,
            "reason": item.reason,
            "kind": item.kind,
            "geometry": None,
        }
    if item.unit == "city":
        return {
            "category": shown,
            "unit": "city",
            "name": "the whole city",
            "n": item.n,
            "reason": item.reason,
            "kind": item.kind,
            "geometry": None,
        }
    first = item.units[0]
    if item.unit == "area":
        name, geometry = units.name[first], units.geometry[first]
    else:
        name, geometry = (
            public_place(rows.places[first]),
            shapely.Point(found.center_x[first], found.center_y[first]).buffer(REACH),
        )
    return {
        "category": shown,
        "unit": item.unit,
        "name": name,
        "n": item.n,
        "reason": item.reason,
        "kind": item.kind,
        "geometry": geometry,
    }


def _defaults(points: gpd.GeoDataFrame, source: str) -> list[dict[str, Any]]:
    return [
        {
            "category": "all", "unit": "place", "name": row.place, "n": int(row.n), "reason": f"a default location in the {source}: {row.reason}",
            "kind": "default location", "geometry": shapely.Point(row.x, row.y).buffer(REACH),
        }
        for row in points.itertuples()
    ]  # fmt: skip
