"""The places to go to: addresses, street stretches and small areas in one list, and what kind of hot each is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from sara.core.checks import check_areas, check_count, check_events, located
from sara.core.errors import NotEnoughDataError
from sara.core.period import in_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.data.categories import help_categories
from sara.hotspots._clustering.table import inside_of, stacks
from sara.hotspots._clusters import CHOSEN, clusters_of
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import AREA_COLUMNS
from sara.hotspots._listing.nesting import HALF, Listed, Part, nested
from sara.hotspots._listing.table import TIMED, Happened, HotTable
from sara.hotspots._listing.units import ALPHA, DAYS, FLOOR, Units, blocks, dots, stretches
from sara.hotspots._results.hot_places import HotPlacesResult

__all__ = ["hot_places"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_EVENTS = 30
N = 20
# An area of a few blocks, as in the trials of hot spots policing; a larger one is taken apart where it can be.
MOST_KM2 = 0.25
# A default point is one coordinate; a metre is the reader's rounding.
AT_POINT = 1.0
LEFT_HELP, LEFT_DEFAULT = "calls for help", "at a default point"
COLUMNS = ["time", "dow", "hour", "category", "origin", "place", "x", "y", "source", "type", "caller"]
NULL = (
    "`p_adjusted` asks of an address whether it has more than its share if all addresses were alike (of a stretch: all metres of street, or all "
    "blocks; of an area: an even scatter). No two addresses are alike: it says that the crowd is no accident, not that the owner is to blame."
)
CLOCK = (
    "Focused and acute are measured against the clock of the rest of the city: a place that is busy at night where everything is busy at night is "
    "diffused. `peak` says when most happens all the same."
)


def hot_places(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    streets: gpd.GeoDataFrame | None = None,
    areas: gpd.GeoDataFrame | None = None,
    n: int = N,
    period: Any = None,
) -> HotPlacesResult:
    """List the addresses, street stretches and small areas that are hot, and say what kind of hot each is.

    Answers "which places should patrol, landlords and engineers deal with?". Use `clusters` for areas alone, `gi_star` to test every cell.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; best of one kind of problem. A source is brought into memory (at most 5,000,000 rows).
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, all of `areas`; else the box around the middle 99 % of the locations, with a caution.
    streets : GeoDataFrame, optional
        Street lines. Stretches are then its pieces between junctions, tested by their length; else the hundred blocks of the addresses.
    areas : GeoDataFrame, optional
        Named areas, such as neighbourhoods: they say where a place without an address lies.
    n : int
        How many places to list.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    HotPlacesResult
        ``table``: one row per place, largest excess first: ``name`` (for the public: hundred block or corner), ``kind`` ("dot", "line", "area"),
        ``n`` (events that no other place of the list counts), ``share`` (of all used), ``expected`` (by chance, see Notes), ``excess``,
        ``p_adjusted``, ``per_month``, ``months_active`` (share of the months with an event), ``latest`` (day of the last one), ``spatial`` ("hot point",
        "clustered", "dispersed"; missing where addresses are not published), ``temporal`` ("acute", "focused", "diffused"), ``temporal_p``,
        ``peak`` ("Fri-Sat 22:00-02:00"; missing where no part of the week stands out), ``top_share`` (share of its largest address), ``inside`` (its hot addresses and stretches in
        words), ``inside_share``, ``top_caller`` (share that one caller reported; missing where callers are not published), ``officer_share`` (started by
        officers), ``km2``, ``place`` (the exact address or block; private), ``geometry``. ``areas``: name, n, excess, p_adjusted, km2 and geometry, as of every
        hot spot method. ``parts``: the hot addresses and stretches inside the listed places. `figure` draws the hotspot matrix.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If fewer than 30 events are left that may be listed by place.

    Notes
    -----
    A **dot** is an address, a corner or (where no address is published) a point; a **line** a hundred block or a piece of street; an **area** a
    cluster of `clusters`. Where everything lies at one place it is listed untested. Else each needs 6 events on 3 different days and more than chance: addresses and blocks against a Poisson law in which
    all are alike, those without an event included (its mean is estimated from those with one); pieces of street against an even scatter along the streets;
    areas as in `clusters`. Addresses and stretches are corrected for their number by Benjamini and Hochberg (5 % false discoveries a kind).

    No event counts twice: an area stands unless one address or hot stretch has half of its events, a stretch unless one address has; then the smaller one
    is listed, if it is hot. What stands owns its events; hot addresses within it are told in ``inside`` and ``parts``.

    The classes are those of Ratcliffe's hotspot matrix, with a rule each. Spatial: *hot point*, one address has half of the events;
    *clustered*, its hot addresses and stretches together have half; *dispersed*, neither. Temporal: of all windows of 8 hours of the day and of 2 days of
    the week, the one that stands out most from the clock of the rest of the city (binomial tail, Bonferroni over the windows, Benjamini-Hochberg
    over the places): *focused* if p is at most 0.05 and the share at least 1.25 times the rest's, *acute* if at least 80 % of the events
    lie in it, *diffused* otherwise. Nights until 06:00 count for the day on which they began.

    Calls for help (medical, welfare, domestic and the like) and events at the file's default points are left out and counted.

    References
    ----------
    Ratcliffe (2004), Police Practice and Research 5(1), 5-23. doi:10.1080/1561426042000191305
    Wheeler & Reuter (2021), Police Quarterly 24(2), 182-208. doi:10.1177/1098611120957948
    Eck, Clarke & Guerette (2007), Crime Prevention Studies 21, 225-264.

    Examples
    --------
    >>> import sara
    >>> calls = sara.datasets.load("riverton_calls")
    >>> noise = calls[calls["category"] == "noise"]
    >>> places = sara.hotspots.hot_places(noise, area=sara.datasets.load("riverton_areas"), n=5)
    >>> len(places.table)
    5
    """
    most = check_count(n, name="n")
    source = as_source(events)
    table = check_events(events) if source is None else _loaded(source)
    named = None if areas is None else check_areas(areas, name="areas", crs=table.crs)
    ground = area if area is not None else named
    chosen = select(table, area=ground, period=period, method="hot_places", least=LEAST_EVENTS, cells=False)
    if named is not None and "name" in named.columns:
        chosen = replace(chosen, named=named)
    chosen, happened, notes = _listable(chosen, table)
    is_dot = dots(happened.key, happened.form, happened.day)
    is_line = (
        blocks(happened.key, happened.form, happened.day)
        if streets is None
        else stretches(happened.x, happened.y, streets, happened.day, crs=table.crs, area=chosen.area)
    )
    crowds, used = clusters_of(chosen, max_km2=MOST_KM2)
    inside = _events_in(list(crowds.geometry), happened)
    crowded = list(zip(inside, crowds["n"] - crowds["excess"], crowds["p_adjusted"], strict=True))
    listed, parts = nested(is_dot, is_line, crowded)
    n_found = len(listed)
    listed, parts = _first(listed, parts, most)
    city = HotTable(chosen, happened, is_dot, is_line, crowds)
    out = city.table(listed, parts)
    spots = out[AREA_COLUMNS].copy()
    spots.attrs = dict(out.attrs)
    settings = {**chosen.settings, **used, **_settings(streets, n, n_found)}
    cautions = (*chosen.cautions, *notes, *_cautions(happened, is_dot, is_line, streets), *_told_by(out), NULL, CLOCK, CHOSEN)
    return HotPlacesResult.of(
        chosen,
        table=out,
        areas=spots,
        method="hot_places",
        settings=settings,
        cautions=cautions,
        parts=city.parts(out, listed, parts),
    )


def _events_in(shapes: list[Any], events: Happened) -> list[Ints]:
    """Return the events in each shape; shapes do not overlap."""
    place, x, y = stacks(events.x, events.y)
    at, owner = inside_of(shapes, x, y)
    shape_of_place = np.full(len(x), -1, dtype=np.int64)
    shape_of_place[at] = owner
    of = shape_of_place[place]
    order = np.argsort(of, kind="stable")
    return np.split(order, np.searchsorted(of[order], np.arange(len(shapes))))[1:]


def _loaded(source: EventSource) -> gpd.GeoDataFrame:
    return source.load([name for name in COLUMNS if name in source.columns], compact=True)


def _listable(chosen: Selected, table: gpd.GeoDataFrame) -> tuple[Selected, Happened, tuple[str, ...]]:
    """Leave out what may not be listed by place, and count it."""
    rows = table[in_period(table["time"], *chosen.period) & located(table)]
    rows = rows[shapely.intersects_xy(chosen.area, rows["x"].to_numpy(dtype=float), rows["y"].to_numpy(dtype=float))]
    x, y = rows["x"].to_numpy(dtype=float), rows["y"].to_numpy(dtype=float)
    helped = rows["category"].isin(help_categories()).to_numpy(dtype=bool, na_value=False)
    stands_in = np.zeros(len(rows), dtype=bool)
    for px, py, _ in chosen.rows.record.get("default_points", []):
        stands_in |= np.hypot(x - px, y - py) <= AT_POINT
    stands_in &= ~helped
    keep = ~(helped | stands_in)
    left = {LEFT_HELP: int(helped.sum()), LEFT_DEFAULT: int(stands_in.sum())}
    counts = Counts(chosen.counts.rows_in, int(keep.sum()), {**chosen.counts.left_out, **{k: v for k, v in left.items() if v}})
    if counts.rows_used < LEAST_EVENTS:
        raise NotEnoughDataError(
            f"hot_places needs at least {LEAST_EVENTS} events that may be listed by place. Got {counts.rows_used} ({left[LEFT_HELP]:,} calls for help, "
            f"{left[LEFT_DEFAULT]:,} at a default point). Calls for help are never listed by address: look at them by area with sara.hotspots.count."
        )
    told = []
    if left[LEFT_HELP]:
        told.append(f"{left[LEFT_HELP]:,} calls for help are left out: asking for help puts no address on a list.")
    if left[LEFT_DEFAULT]:
        told.append(
            f"{left[LEFT_DEFAULT]:,} {chosen.noun} at a default point, which stands for an unknown place, are left out: sara.audit(events).default_points"
        )
    return replace(chosen, rows=chosen.rows.only(keep), counts=counts), Happened.of(rows[keep], chosen), tuple(told)


def _first(listed: list[Listed], parts: list[Part], most: int) -> tuple[list[Listed], list[Part]]:
    """Return the places with the largest excess, and the parts of these."""
    order = sorted(range(len(listed)), key=lambda i: (listed[i].expected - len(listed[i].rows), listed[i].kind, listed[i].unit))[
        :most
    ]
    at = {old: new for new, old in enumerate(order)}
    kept = [replace(part, parent=at[part.parent]) for part in parts if part.parent in at]
    return [listed[i] for i in order], kept


def _settings(streets: Any, n: int, found: int) -> dict[str, Setting]:
    lines = "hundred blocks of the addresses" if streets is None else "pieces of `streets` between junctions"
    return {
        "n": Setting(n, "you" if n != N else "sara", "places listed, at most"),
        "found": Setting(found, "sara", "hot places in all"),
        "least": Setting(FLOOR, "sara", f"events, on at least {DAYS} days"),
        "half": Setting(HALF, "sara", "share from which an address stands for its stretch, and either for its area"),
        "false_discoveries": Setting(ALPHA, "sara", "share of addresses, and of stretches, that may be listed by chance"),
        "lines": Setting(lines, "sara" if streets is None else "you"),
    }


def _told_by(table: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Name the places that look hot for who reports, not for what happens."""
    out = []
    for column, words in (("top_caller", "reported by one and the same caller"), ("officer_share", "started by officers")):
        rows = table[(table[column] >= HALF).to_numpy(dtype=bool, na_value=False)]
        if len(rows):
            names = "; ".join(rows["name"].head(3)) + (f" and {len(rows) - 3:,} more" if len(rows) > 3 else "")
            out.append(f"{names}: half or more of the events there were {words}. Look into that first.")
    return tuple(out)


def _cautions(events: Happened, dots: Units, lines: Units, streets: Any) -> tuple[str, ...]:
    out = []
    if max(dots.n.max(initial=0.0), lines.n.max(initial=0.0) if streets is None else 0.0) == len(events.x):
        out.append(
            "Everything lies at one place: there is no other to compare it with, and no test was made. If the file should hold many places, its "
            "locations are not what they seem: sara.audit(events)"
        )
    form = np.bincount(events.form, minlength=4) / len(events.form)
    if form[1] >= HALF:
        out.append(
            "Most places are published as hundred blocks: a stretch may be one address, and no address can be listed or ruled out."
        )
    if form[3] >= HALF:
        out.append(
            "Most rows have no address: a point is a square of 10 m, which may stand for one address, a whole block or a corner, as the coordinates were published."
        )
    if streets is None and len(lines.n) == 0:
        out.append("No stretches are listed: the rows have no addresses. Give `streets=` to have them.")
    out += lines.words
    if (events.hour >= 0).mean() < TIMED:
        out.append("Most rows have no hour: `temporal` and `peak` are by day of the week only.")
    return tuple(out)
