"""From rows to candidates that stand and look-alikes that do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.data.categories import help_categories
from sara.scan._areas import Areas
from sara.scan._candidates import Candidate, Family, area_family, group_places, in_excess, merge_nested, place_family
from sara.scan._lookalikes import LookAlike, at_counters, doubt, edge_gap, only_through, recorded_in_part
from sara.scan._measure import Calendar, Lookup, Measured, measure
from sara.scan._rows import Moments, Rows
from sara.scan._weighted import medians

__all__ = ["Search", "search"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Search:
    """What stands out, what was turned down, and what it was measured against.

    Parameters
    ----------
    standing : list of (Candidate, entries, Measured)
        In the order of category and unit; entries are positions in `Rows`.
    turned_down : list of LookAlike
        In the order of the doubts.
    groups : list of Candidate
        Places that stand out, neighbors joined; `Candidate.parts` points here.
    areas, places : Family
        All cells tested.
    center_x, center_y : array of float
        The middle of each place.
    """

    standing: list[tuple[Candidate, Ints, Measured]]
    turned_down: list[LookAlike]
    groups: list[Candidate]
    areas: Family
    places: Family
    center_x: Floats
    center_y: Floats
    base_words: str


def search(rows: Rows, moments: Moments, area: Ints, units: Areas, calendar: Calendar, desks: dict[int, float]) -> Search:
    """Test every category in every area and at every place, merge what is nested, and look for other explanations."""
    used = rows.used
    n_c, n_a, n_p = len(rows.categories), len(units.name), len(rows.places)
    helps = np.isin(rows.categories, list(help_categories()))
    base, base_words = _base(rows, area, units)
    areas = area_family(rows.category[used], area[used], rows.n[used], n_c, n_a, base)
    form = place_forms(rows.places)
    places = place_family(rows.category[used], rows.place[used], rows.n[used], n_c, form)
    x, y = _centers(rows, n_p)
    by_area, by_place = Lookup(rows.category, area, n_a, used), Lookup(rows.category, rows.place, n_p, used)
    high_places = in_excess(places)
    groups = group_places([c for c in high_places if not helps[c.category]], x, y)
    inside = _inside(groups, by_place, area, rows.n)
    merged = merge_nested(in_excess(areas), groups, inside)

    standing = []
    turned_down = at_counters(rows, desks)
    turned_down += recorded_in_part([(c, int(c.n)) for c in merged], calendar.by_week)
    open_ones = [candidate for candidate in merged if not edge_gap(calendar.by_week[candidate.category])]
    members = [(by_area if c.kind == "area" else by_place).rows(c.category, c.units) for c in open_ones]
    courses = moments.courses(rows, members, calendar.n_weeks)
    wanted = sorted({c.units[0] for c in open_ones if c.kind == "area"})
    area_weeks = moments.area_weeks(rows, area, wanted, calendar.n_weeks)
    for candidate, at, course in zip(open_ones, members, courses, strict=True):
        found = measure(rows, at, candidate.category, candidate.expected, calendar, course)
        weekly = area_weeks[candidate.units[0]] if candidate.kind == "area" else None
        against = doubt(candidate, found, calendar, weekly, help_call=bool(helps[candidate.category]))
        if against is None:
            standing.append((candidate, at, found))
        else:
            turned_down.append(
                LookAlike(against[0], candidate.kind, candidate.units, (candidate.category,), course.n, against[1])
            )
    turned_down += _help_places(high_places, helps, rows.categories)
    turned_down += _officers(rows, area, n_c, n_a, form, areas, places, merged, groups, helps)
    return Search(standing, turned_down, groups, areas, places, x, y, base_words)


def place_forms(places: npt.NDArray[np.object_]) -> Ints:
    """Tell crossings, blocks and points (without an address) from addresses, by how their keys are written."""
    words = pd.Series(places, dtype=object).astype(str)
    forms = [
        words.str.contains(" / ", regex=False),
        words.str.contains("BLOCK OF", regex=False),
        words.str.match(r"near -?\d+ E"),
    ]
    return np.select([form.to_numpy(dtype=bool) for form in forms], [1, 2, 3], 0).astype(np.int64)


def _base(rows: Rows, area: Ints, units: Areas) -> tuple[Floats | None, str]:
    """Return what spreads a category that is nearly the whole table: residents, else places with a call."""
    if np.isfinite(units.residents).any():
        return np.nan_to_num(units.residents), f"a category that is most of the table is spread by {units.counted_in}"
    ok = rows.used & (area >= 0) & (rows.place >= 0)
    pairs = np.unique(area[ok] * len(rows.places) + rows.place[ok])
    counted = np.bincount(pairs // len(rows.places), minlength=len(units.name)).astype(float) if len(pairs) else None
    return counted, "a category that is most of the table is spread by the number of places with a call"


def _centers(rows: Rows, n_places: int) -> tuple[Floats, Floats]:
    """Return the median coordinates of each place: one stray geocode does not move it."""
    at = rows.place >= 0
    place, n = rows.place[at], rows.n[at]
    return medians(rows.x[at], n, place, n_places), medians(rows.y[at], n, place, n_places)


def _inside(groups: list[Candidate], by_place: Lookup, area: Ints, n: Ints) -> dict[tuple[int, int], float]:
    out: dict[tuple[int, int], float] = {}
    for g, group in enumerate(groups):
        at = by_place.rows(group.category, group.units)
        at = at[area[at] >= 0]
        where, which = np.unique(area[at], return_inverse=True)
        for a, held in zip(where, np.bincount(which, weights=n[at], minlength=len(where)), strict=True):
            out[g, int(a)] = float(held)
    return out


def _help_places(high: list[Candidate], helps: npt.NDArray[np.bool_], categories: tuple[str, ...]) -> list[LookAlike]:
    """Turn calls for help at places down, one line per category: no address is named."""
    out = []
    for c in np.flatnonzero(helps):
        here = [candidate for candidate in high if candidate.category == c]
        if here:
            n = int(sum(candidate.n for candidate in here))
            reason = f"asking for help puts no address on a list: {categories[c]} is looked at by area only"
            out.append(
                LookAlike("calls for help", "place", tuple(candidate.units[0] for candidate in here), (int(c),), n, reason)
            )
    return out


def _officers(
    rows: Rows,
    area: Ints,
    n_c: int,
    n_a: int,
    form: Ints,
    areas: Family,
    places: Family,
    merged: list[Candidate],
    groups: list[Candidate],
    helps: npt.NDArray[np.bool_],
) -> list[LookAlike]:
    """Count again with officers' rows and repeated rows: what stands out only now is a look-alike."""
    every = ~rows.default
    out: list[LookAlike] = []
    for unit, n_units, clean in ((area, n_a, areas), (rows.place, len(form), places)):
        if clean.kind == "area":
            everything = area_family(rows.category[every], unit[every], rows.n[every], n_c, n_units, None)
        else:
            open_rows = every & ~helps[rows.category]
            everything = place_family(rows.category[open_rows], unit[open_rows], rows.n[open_rows], n_c, form)
            every = open_rows
        offered = {(c.category, u) for c in [*merged, *groups] if c.kind == clean.kind for u in c.units}
        out += only_through(rows, everything, clean, Lookup(rows.category, unit, n_units, every), offered)
    return out
