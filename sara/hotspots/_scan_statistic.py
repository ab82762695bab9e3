"""Bursts and crowds found by Kulldorff's scan statistic: which circle, in which days, holds more than chance would put there."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.stats.scan import SAME, TIE, Cylinders, Effort, Maxima, disjoint
from sara.core.stats.scan_search import search, simulated_maxima
from sara.core.units import metres
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import AREA_COLUMNS, finish_areas, place_words
from sara.hotspots._ground.exposure_units import Exposure, exposure_by_unit, is_own_units
from sara.hotspots._over_time.scan_setup import (
    LEAST_EVENTS,
    N_SIMS,
    PERMUTATION,
    SPACE,
    SPACE_TIME,
    Scan,
    calendar,
    effort_for,
    prepare,
    sims_setting,
    told_fewer,
    unit_of,
    with_exposure,
)
from sara.hotspots._results.scan_statistic import ScanStatisticResult

__all__ = ["scan_statistic"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MODELS = (PERMUTATION, SPACE, SPACE_TIME)
MAX_RADIUS = Setting(1_000.0, "sara", "what a team can work as one place; larger circles join neighbourhoods")
FREE_RADIUS = Setting(None, "sara", "named areas: circles grow from centroid to centroid until `max_share` is reached")
MAX_SHARE = Setting(
    0.1, "sara", "crime crowds in a tenth of a city or less; half of it, as for diseases, finds the size of the city"
)
# Cells to the largest radius: circles of ten sizes around each centre.
CELLS_TO_RADIUS, LEAST_CELL = 4, 50.0
# Over so long a period the map itself changes, which is a burst to a method that takes the map as given.
LONG = 3 * 365.25
MOST_CLUSTERS = 200
NULLS = {
    PERMUTATION: "The null keeps the number of events of each place and of each day and deals the days out anew: a place that is always busy and a day that was "
    "busy everywhere are no cluster. What remains is more, in this place at this time, than both would give together.",
    SPACE: "The null drops each event on a place by chance, in proportion to {exposure}. A small p says that a circle holds more than its share, not why.",
    SPACE_TIME: "The null drops each event on a place in proportion to {exposure}, and on a day by chance: a place that is always busy, a busy season and "
    "a burst can all be clusters.",
}
SEARCHED = "`p` is for the whole search: how often the strongest of all circles{windows} is as strong under the null. Further clusters are compared with that too, which is strict."
EVEN = "No exposure was given: an even spread over the study area is compared, and no city is spread evenly. Give `exposure=` for a fair picture."
SAME_DAY = "{names}: one cell and one step of time. It may be one incident that was reported, or recorded, many times: sara.dedupe(events)"
SHIFT = "Over {years:.1f} years a map changes of itself (building, new ways of reporting): that shows as clusters. Shorter periods tell bursts from such drift."


def scan_statistic(
    events: gpd.GeoDataFrame | EventSource,
    *,
    model: str = PERMUTATION,
    exposure: Any = None,
    areas: gpd.GeoDataFrame | None = None,
    column: str | None = None,
    area: Any = None,
    cell_size: float | str | None = None,
    grid: Any = None,
    max_radius: float | str | None = None,
    max_days: int | None = None,
    max_share: float | None = None,
    freq: str | None = None,
    n_sims: int | None = None,
    seed: int = 1,
    confidence: float = 0.95,
    period: Any = None,
) -> ScanStatisticResult:
    """Find bursts: circles and days that hold more events than chance would put there.

    Answers "where and when did it flare up?" without a list of places or dates to test. Use `emerging` for the trend of every cell,
    `near_repeat_zones` for the days after each event, `clusters` for places that are always busy.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Days are enough.
    model : {"space-time permutation", "space-time", "space"}
        What chance is taken to do. The first needs events only: each place and each day keeps its number, so that only their meeting can be
        unusual. "space-time" and "space" drop events in proportion to `exposure`, over all days alike, or without looking at time.
    exposure : str, GeoDataFrame, optional
        For the last two: what events would be in proportion to. The name of a column of `areas` (residents), or a layer: another event table,
        points, or polygons, whose number is in `column`. If not given, the surface of each cell inside the study area, with a caution.
    areas : GeoDataFrame, optional
        Named areas in the place of cells; circles then join those whose centroids lie within the radius.
    column : str, optional
        The column of numbers of the layer `exposure`; without it each of its points counts as one.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    cell_size : float or str, optional
        Side of the cells to which events are gathered, in metres or with a unit; a quarter of `max_radius` if not given (at least 50 m).
    grid : result or grid, optional
        The cells of an earlier map instead.
    max_radius : float or str, optional
        The largest circle, in metres or with a unit. 1 km if not given; no limit but `max_share` with `areas`.
    max_days : int, optional
        The longest burst in days. 60 if not given, and at most half the period.
    max_share : float, optional
        The largest share of what is expected that a circle may hold, up to 0.5. 0.1 if not given. One cell or area is always a circle.
    freq : {"D", "W", "MS"}, optional
        Steps of time: days, seven days (counted back from the last), calendar months. If not given, days up to 800 days, then weeks, from
        ten years on months.
    n_sims : int, optional
        Replications, exactly so many; with 999 the smallest p is 0.001. If not given, 999; fewer (not below 199) where those would be more
        than about half a minute of work, and no more than it takes to know that nothing stands out (see Notes). A caution says so.
    seed : int
        Of the replications: the same seed gives the same answer.
    confidence : float
        Clusters with p up to 1 - confidence are called so.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    ScanStatisticResult
        ``table``: one row per cluster, strongest first; where none stands out, the strongest circle alone: ``name``, ``n`` (events),
        ``expected``, ``ratio`` (n / expected), ``relative_risk`` (against the rest), ``llr`` (log likelihood ratio), ``p``,
        ``p_gumbel`` (approximate, see Notes), ``is_hot``, ``start``, ``end`` (first and last day; the period for "space"), ``days``,
        ``radius_m`` (centre of the first cell to that of the farthest), ``n_locations`` (its cells or areas, empty ones too), ``km2``, ``geometry`` (those
        cells or areas inside the study area: `n` is exact in it). ``areas``: the hot ones of which no two overlap on the map, largest
        excess (n - expected) first.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If fewer than 20 events are left, or all in one place, or (with time) all on one step.

    Notes
    -----
    Of every circle around a cell (or area) and every run of days, the log likelihood ratio ``c ln(c/E) + (C-c) ln((C-c)/(C-E))`` where more
    than expected, else 0 (Kulldorff 1997). ``E`` is ``C`` times the circle's share of exposure (times the window's share of days), or, by
    permutation, events of the circle times events of the days, divided by ``C``. The search is complete: no circle or window up to the limits
    is passed over. ``p = (1 + replications with a maximum as large) / (1 + n_sims)``. Circles are around cells with events ("space-time
    permutation") or with exposure. Further clusters share no cell with a stronger one on the same day; their p is against the maximum
    of the search too. ``p_gumbel`` is the tail of a Gumbel distribution fitted to the maxima by moments (Abrams et al. 2010): an
    approximation that goes on below ``1 / (1 + n_sims)``; quote ``p``.

    Without `n_sims`, replications end when 20 of `l` have reached the strongest circle and ``20 / l > 1 - confidence``; its p is then
    ``20 / l`` (Besag & Clifford 1991), which is valid: chance brings a p this small or smaller about no more often than it says. Work is
    counted, not timed: the same input gives the same answer on any machine.

    A cluster says that events came together, not that one cause brought them. Not for the question where police should always be.

    References
    ----------
    Besag & Clifford (1991), Biometrika 78(2), 301-304. doi:10.1093/biomet/78.2.301
    Kulldorff (1997), Communications in Statistics 26(6), 1481-1496. doi:10.1080/03610929708831995
    Kulldorff (2001), Journal of the Royal Statistical Society A 164(1), 61-72. doi:10.1111/1467-985X.00186
    Kulldorff, Heffernan, Hartman, Assuncao & Mostashari (2005), PLoS Medicine 2(3), e59. doi:10.1371/journal.pmed.0020059
    Abrams, Kulldorff & Kleinman (2010), Advances in Disease Surveillance 9(1).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import scan_statistic
    >>> random = np.random.default_rng(1)
    >>> table = pd.DataFrame({"x": random.uniform(0, 5000, 330), "y": random.uniform(0, 5000, 330), "day": random.integers(0, 180, 330)})
    >>> table.loc[:29, ["x", "y", "day"]] = np.c_[random.normal(2500, 100, (30, 2)), random.integers(60, 70, 30)]
    >>> table["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["day"], unit="D")
    >>> found = scan_statistic(as_events(table, time="when", x="x", y="y", crs=32616), n_sims=99)
    >>> [int(found.table["n"][0]), found.table["start"][0], found.table["end"][0]]
    [27, Timestamp('2024-03-01 00:00:00'), Timestamp('2024-03-10 00:00:00')]
    """
    check_choice(model, MODELS, name="model")
    confidence = check_confidence(confidence)
    sims, seed = _check_sims(N_SIMS if n_sims is None else n_sims, confidence), check_count(seed, name="seed", least=0)
    _check_exposure_use(model, exposure, column)
    units_from = areas
    if model != PERMUTATION and areas is None and grid is None and cell_size is None and is_own_units(exposure):
        units_from = exposure
    radius = _radius(max_radius, units_from)
    share = MAX_SHARE if max_share is None else Setting(_check_share(max_share), "you")
    size, size_setting = _cell_size(cell_size, grid, units_from, radius)
    chosen = select(
        events, area=area, areas=units_from, period=period, method="scan_statistic", cell_size=size, grid=grid, least=LEAST_EVENTS, when=model != SPACE,
    )  # fmt: skip
    against = None if model == PERMUTATION else _exposure(exposure, chosen, areas=units_from, column=column)
    chosen = with_exposure(chosen, None if against is None else against.values)
    starts, time_settings, longest = calendar(chosen, model, freq, max_days)
    scan = prepare(
        chosen, model, None if against is None else against.values, starts, longest, radius=radius.value, max_share=share.value
    )
    effort = effort_for(confidence) if n_sims is None else None
    found, maxima = _numbers(scan, n_sims=sims, seed=seed, confidence=confidence, effort=effort)
    table = _table(chosen, scan, found, maxima, starts, confidence)
    settings = {
        **chosen.settings, **size_setting, "model": Setting(model, "sara" if model == PERMUTATION else "you"),
        **_exposure_setting(against, exposure), "max_radius": radius, "max_share": share, **time_settings,
        "searched": Setting(scan.around.n, "sara", "circles, each with every window up to `max_days`" if model != SPACE else "circles"),
        "n_sims": sims_setting(maxima, given=n_sims is not None), "seed": Setting(seed, "sara" if seed == 1 else "you"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
    }  # fmt: skip
    needed = maxima.needed(1 - confidence)
    cautions = (
        *chosen.cautions,
        *(() if against is None else against.cautions),
        *_cautions(chosen, model, settings, table),
        *told_fewer(maxima, given=n_sims is not None),
    )
    return ScanStatisticResult.of(
        replace(chosen, grid=None), table=table, areas=_areas(table), method="scan_statistic", settings=settings, cautions=cautions, llr_needed=needed,
        unit_words=_unit_words(chosen),
    )  # fmt: skip


def _check_sims(n_sims: Any, confidence: float) -> int:
    least = math.ceil(1 / (1 - confidence) - 1e-9) - 1
    count = check_count(n_sims, name="n_sims")
    if count < least:
        raise InputError(
            f"`n_sims` must be at least {least} for confidence={confidence:g}: p can't be smaller than 1 / (1 + n_sims). Got {count}. Write n_sims=999"
        )
    return count


def _check_share(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 0.5:
        raise InputError(
            f"`max_share` must be a share above 0, up to 0.5. Got {value!r}. Write 0.1 for a tenth of what is expected."
        )
    return float(value)


def _check_exposure_use(model: str, exposure: Any, column: Any) -> None:
    if model == PERMUTATION and (exposure is not None or column is not None):
        raise InputError(
            "`exposure` must be left out for model='space-time permutation', which needs events only. Got one. Write model='space-time' or model='space'"
        )


def _exposure(exposure: Any, chosen: Selected, *, areas: Any, column: str | None) -> Exposure:
    """Return what events would be in proportion to; places where it is not known have none."""
    assert chosen.grid is not None
    if exposure is None:
        return Exposure(chosen.grid.inside_km2(), "surface", "no exposure was given: an even spread over the study area")
    found = exposure_by_unit(exposure, chosen, areas=areas, column=column)
    return replace(found, values=np.nan_to_num(found.values, nan=0.0))


def _exposure_setting(against: Exposure | None, exposure: Any) -> dict[str, Setting]:
    return {} if against is None else {"exposure": Setting(against.word, "sara" if exposure is None else "you", against.how)}


def _radius(value: Any, areas: Any) -> Setting:
    if value is not None:
        return Setting(metres(value, name="max_radius"), "you")
    return MAX_RADIUS if areas is None else FREE_RADIUS


def _cell_size(value: Any, grid: Any, areas: Any, radius: Setting) -> tuple[Any, dict[str, Setting]]:
    if value is not None or grid is not None or areas is not None:
        return value, {}
    size = max(radius.value / CELLS_TO_RADIUS, LEAST_CELL)
    return size, {"cell_size": Setting(size, "sara", f"`max_radius` / {CELLS_TO_RADIUS}, not below {LEAST_CELL:g} m")}


def _numbers(scan: Scan, *, n_sims: int, seed: int, confidence: float, effort: Effort | None) -> tuple[Cylinders, Maxima]:
    """Return the clusters, strongest first, and the maxima of the replications."""
    codes = scan.codes()
    maxima = simulated_maxima(
        scan.around, scan.expected, scan.draw(seed), n_sims=n_sims, longest=scan.longest, codes=codes, effort=effort
    )
    stands_out = maxima.p(maxima.observed) <= 1 - confidence + 1e-12
    # Where nothing stands out, the strongest is shown all the same, to say how near it came.
    floor = min(maxima.needed(1 - confidence), maxima.observed) if stands_out else maxima.observed
    found = search(scan.around, scan.expected, codes, longest=scan.longest, floor=max(floor * (1 - TIE), 1e-3))
    if stands_out:
        found = found.take(np.flatnonzero(maxima.p(found.llr) <= 1 - confidence + 1e-12))
    return found.take(disjoint(scan.around, found, most=MOST_CLUSTERS if stands_out else 1)), maxima


def _table(chosen: Selected, scan: Scan, found: Cylinders, maxima: Maxima, starts: Ints, confidence: float) -> gpd.GeoDataFrame:
    assert chosen.grid is not None
    radius = scan.around.radius[scan.around.ring_start[found.centre] + found.ring]
    members = _whole_circles(chosen, scan.units[found.centre], radius)
    total, ratio = scan.expected.total, found.n / found.expected
    rest = (total - found.n) / (total - found.expected)
    p = maxima.p(found.llr)
    first = pd.DatetimeIndex(starts[found.first].astype("datetime64[D]").astype("datetime64[us]"))
    last = pd.DatetimeIndex((starts[found.end] - 1).astype("datetime64[D]").astype("datetime64[us]"))
    frame = pd.DataFrame({
        "n": found.n.astype(np.int64), "excess": found.n - found.expected, "p_adjusted": p, "expected": found.expected, "ratio": ratio,
        "relative_risk": np.divide(ratio, rest, out=np.full(len(ratio), np.inf), where=rest > 0), "llr": found.llr, "p": p,
        "p_gumbel": maxima.p_gumbel(found.llr), "is_hot": p <= 1 - confidence + 1e-12, "start": first, "end": last,
        "days": starts[found.end] - starts[found.first],
        "radius_m": radius, "n_locations": [len(m) for m in members],
    })  # fmt: skip
    places = [_place_word(chosen, m, starts, found.first[i], found.end[i]) for i, m in enumerate(members)]
    cells = chosen.grid.frame().geometry.to_numpy()
    shapes = [shapely.intersection(shapely.union_all(cells[m]), chosen.area) for m in members]
    out = finish_areas(chosen, frame, shapes, places, word="Cluster")
    suffix = [name.removeprefix(f"Cluster {i}") for i, name in enumerate(out["name"], start=1)]
    order = np.lexsort((np.arange(len(out)), -np.round(out["llr"].to_numpy(), 9)))
    record = out.attrs
    out = out.iloc[order].reset_index(drop=True)
    out["name"] = [f"Cluster {i}{suffix[j]}" for i, j in enumerate(order, start=1)]
    out.attrs = record
    columns = [
        "name",
        "n",
        "expected",
        "ratio",
        "relative_risk",
        "llr",
        "p",
        "p_gumbel",
        "is_hot",
        "start",
        "end",
        "days",
        "radius_m",
        "n_locations",
        "km2",
    ]
    return out[[*columns, "excess", "p_adjusted", "geometry"]]


def _whole_circles(chosen: Selected, centre: Ints, radius: Floats) -> list[Ints]:
    """Return the cells (or areas) of each circle, those without any event too: they belong to it on the map."""
    assert chosen.grid is not None
    x, y = chosen.grid.centres()
    return [np.flatnonzero(np.hypot(x - x[c], y - y[c]) <= r + SAME / 2) for c, r in zip(centre, radius, strict=True)]


def _place_word(chosen: Selected, members: Ints, starts: Ints, first: int, end: int) -> str:
    """Return where most of a cluster's events lie, in words for the public: the name of the area, or the hundred block."""
    inside = np.isin(unit_of(chosen), members)
    if chosen.rows.day is not None:
        inside &= (chosen.rows.day >= starts[first]) & (chosen.rows.day < starts[end])
    names = getattr(chosen.grid, "names", None)
    if names is not None:
        held = np.bincount(unit_of(chosen)[inside], weights=chosen.rows.n[inside], minlength=len(names))
        return f" in {names[int(held.argmax())]}"
    return place_words(chosen, np.where(inside, 0, -1), np.array([0]))[0]


def _areas(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the hot clusters, largest excess first, of which no two lie over each other: a place can flare up twice."""
    hot = table[table["is_hot"]].sort_values(["excess", "llr"], ascending=False, kind="stable", ignore_index=True)
    kept: list[int] = []
    taken = shapely.Point()
    for i, shape in enumerate(hot.geometry):
        if not kept or shapely.area(shapely.intersection(shape, taken)) <= 1e-6 * shape.area:
            kept.append(i)
            taken = shapely.union(taken, shape) if len(kept) > 1 else shape
    out = hot.iloc[kept][AREA_COLUMNS].reset_index(drop=True)
    out.attrs = dict(table.attrs)
    return out


def _unit_words(chosen: Selected) -> str:
    if getattr(chosen.grid, "names", None) is not None:
        return "area"
    assert chosen.grid is not None
    word = "cell" if chosen.grid.shape == "square" else "hexagon"
    return f"{word} of {chosen.grid.cell_size:g} m"


def _cautions(chosen: Selected, model: str, settings: dict[str, Setting], table: gpd.GeoDataFrame) -> tuple[str, ...]:
    exposure = settings.get("exposure")
    out = [NULLS[model].format(exposure="" if exposure is None else exposure.value)]
    if exposure is not None and exposure.chosen_by == "sara":
        out.append(EVEN)
    out.append(SEARCHED.format(windows="" if model == SPACE else " and windows"))
    single = table[table["is_hot"] & (table["n_locations"] == 1) & (table["start"] == table["end"])]
    if len(single) and model != SPACE:
        names = ", ".join(name.split(" near ")[0].split(" in ")[0] for name in single["name"].head(3))
        out.append(SAME_DAY.format(names=names + (f" and {len(single) - 3:,} more" if len(single) > 3 else "")))
    days = (chosen.period[1] - chosen.period[0]).days
    if model != SPACE and days > LONG:
        out.append(SHIFT.format(years=days / 365.25))
    if int(table["is_hot"].sum()) == MOST_CLUSTERS:
        out.append(f"Only the {MOST_CLUSTERS} strongest clusters are listed.")
    return tuple(out)
