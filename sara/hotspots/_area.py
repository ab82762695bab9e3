"""The study area, and which rows a map of it may use: decided once, the same way for every method."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.checks import check_areas, check_columns, check_events, located, record_of
from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.grid import Grid, as_grid, choose_cell_size
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Setting
from sara.core.units import metres
from sara.core.wording import noun_of, officer_caution, source_of

__all__ = ["Selected", "select", "study_area"]

# Share of located events cut off at each side when no study area is given: strays must not stretch the map over a continent.
CUT = 0.005
# A hull of a single address still needs room for a few cells.
LEAST_SIDE = 200.0
# Rows that stop this long before their file does, where chance would rarely leave such a silence, were cut by a filter.
SILENCE = pd.Timedelta(days=31)
SILENT_BY_CHANCE = 0.01
HULL_CAUTION = (
    "No study area was given: the map covers the box around the middle 99 % of the locations, water and parks and other towns included. "
    "Give `area=` for a fair picture."
)
RECORD_CAUTION = "The table has lost its own record (a merge does that): period and source could not be checked against the file."


@dataclass(frozen=True, eq=False)
class Selected:
    """The rows that a map uses, and how they were chosen."""

    events: gpd.GeoDataFrame
    used: npt.NDArray[np.int64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64] | None
    code: npt.NDArray[np.int64] | None
    grid: Grid | None
    area: BaseGeometry
    named: gpd.GeoDataFrame | None
    period: tuple[pd.Timestamp, pd.Timestamp]
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...]
    noun: str
    source: str


def study_area(area: Any, *, crs: Any) -> tuple[BaseGeometry, gpd.GeoDataFrame | None]:
    """Return the study area as one valid shape in `crs`, and its named parts where it has several.

    Raises
    ------
    InputError
        If `area` is not polygons, or a bare polygon in longitude and latitude.
    """
    named = None
    if isinstance(area, BaseGeometry):
        if area.geom_type not in ("Polygon", "MultiPolygon") or area.is_empty:
            raise InputError(
                f"`area` must be a polygon. Got a {area.geom_type}. Write: area = sara.read_areas('neighborhoods.geojson')"
            )
        shape = area
        if max(abs(v) for v in area.bounds) <= 360:
            raise InputError(
                "`area` must be in the coordinate system of `events` (metres). Got a polygon that looks like longitude and latitude. "
                "Write: area = geopandas.GeoSeries([polygon], crs=4326)"
            )
        shape = shapely.make_valid(shape)
    else:
        areas = check_areas(area, name="area", crs=crs)
        shape = shapely.union_all(shapely.make_valid(areas.geometry.dropna().to_numpy()))
        if "name" in areas.columns and len(areas) > 1:
            named = gpd.GeoDataFrame({"name": areas["name"].to_numpy()}, geometry=areas.geometry.to_numpy(), crs=areas.crs)
    if shape.is_empty or shape.area == 0:
        raise InputError(
            "`area` must have a surface. Got an empty shape. Check the boundary file: sara.read_areas('neighborhoods.geojson')"
        )
    return shape, named


def select(
    events: Any,
    *,
    area: Any,
    period: Any,
    method: str,
    cell_size: Any = None,
    grid: Any = None,
    weights: str | None = None,
    least: int = 1,
    cells: bool = True,
) -> Selected:
    """Check the input, settle period, study area and grid, and count every row that is left out.

    Raises
    ------
    InputError
        If the events, the area, the grid or the weights are not what a map needs.
    NotEnoughDataError
        If fewer than `least` events are left.
    """
    events = check_events(events)
    weight = _weights(events, weights)
    start, end, period_setting = _period(events, period)
    settings = {"period": period_setting}
    has_time, has_place = events["time"].notna().to_numpy(), located(events)
    within_time = in_period(events["time"], start, end)
    ok = within_time & has_place
    x = events["x"].to_numpy(dtype=float, na_value=np.nan)
    y = events["y"].to_numpy(dtype=float, na_value=np.nan)
    layout = as_grid(grid, crs=events.crs) if grid is not None else None
    shape, named, settings["area"], cautions = _shape(area, layout, events.crs, x[ok], y[ok], method)
    if layout is not None:
        settings["cell_size"] = Setting(layout.cell_size, "you", "the cells of `grid`")
        if cell_size is not None and metres(cell_size, name="cell_size") != layout.cell_size:
            warnings.warn(f"`cell_size` is not used: `grid` has cells of {layout.cell_size:g} m.", SaraWarning, stacklevel=3)
    elif cells:
        settings["cell_size"] = (
            choose_cell_size(shape.bounds) if cell_size is None else Setting(metres(cell_size, name="cell_size"), "you")
        )
        layout = Grid.over(shape, cell_size=settings["cell_size"].value, crs=events.crs)
    inside, code = np.zeros(len(events), dtype=bool), None
    if layout is not None:
        code = layout.locate(x[ok], y[ok])
        inside[ok] = code >= 0
        code = code[code >= 0]
    else:
        shapely.prepare(shape)
        inside[ok] = shapely.intersects_xy(shape, x[ok], y[ok])
    used = ok & inside
    counts = Counts(
        len(events),
        int(used.sum()),
        {
            "no time": int((~has_time).sum()),
            "outside the period": int((has_time & ~within_time).sum()),
            "no location": int((within_time & ~has_place).sum()),
            "outside the study area": int((ok & ~inside).sum()),
        },
    )
    if counts.rows_used < least:
        raise NotEnoughDataError(_too_few(method, least, counts))
    noun = noun_of(events)
    if weights is not None:
        settings["weights"] = Setting(weights, "you")
    if not record_of(events):
        cautions = (*cautions, RECORD_CAUTION)
    cautions = (*cautions, *officer_caution(events, used, noun=noun))
    rows = np.flatnonzero(used)
    return Selected(
        events=events, used=rows, x=x[rows], y=y[rows], weight=None if weight is None else weight[rows], code=code, grid=layout, area=shape,
        named=named, period=(start, end), counts=counts, settings=settings, cautions=cautions, noun=noun, source=source_of(events),
    )  # fmt: skip


def _period(events: gpd.GeoDataFrame, period: Any) -> tuple[pd.Timestamp, pd.Timestamp, Setting]:
    """Return the period, ended where the rows clearly end: places chosen on rows from before a date were not chosen on what came later."""
    start, end, setting = resolve_period(events, period)
    times = events["time"][in_period(events["time"], start, end)]
    if setting.chosen_by == "you" or times.empty:
        return start, end, setting
    last = times.max().normalize() + pd.Timedelta(days=1)
    silent = (end - last) / (end - start)
    if end - last <= SILENCE or (1 - silent) ** len(times) >= SILENT_BY_CHANCE:
        return start, end, setting
    words = f"{start:%Y-%m-%d} to {last - pd.Timedelta(days=1):%Y-%m-%d}"
    return start, last, Setting(words, "sara", "these rows end there, long before the file does: an earlier filter has cut them")


def _shape(
    area: Any, layout: Grid | None, crs: Any, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], method: str
) -> tuple[BaseGeometry, gpd.GeoDataFrame | None, Setting, tuple[str, ...]]:
    shape, named = study_area(area, crs=crs) if area is not None else (None, None)
    if layout is not None:
        if shape is not None and shape.symmetric_difference(layout.area).area > 1e-6 * layout.area.area:
            warnings.warn("`area` is not used: `grid` has a study area of its own.", SaraWarning, stacklevel=4)
        return layout.area, named, Setting(_km2(layout.area), "you", "the study area of `grid`"), ()
    if shape is not None:
        return shape, named, Setting(_km2(shape), "you"), ()
    if len(x) == 0:
        raise NotEnoughDataError(
            f"{method} needs at least 1 event with a time and a location. Got 0. Check the table: sara.audit(events)"
        )
    return hull(x, y), None, Setting(None, "sara", "the box around the middle 99 % of the locations"), (HULL_CAUTION,)


def hull(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> BaseGeometry:
    """Return the box from the 0.5th to the 99.5th percentile of the locations; of fewer than 200, the box around all."""
    sides = []
    for values in (x, y):
        low, high = np.quantile(values, CUT, method="lower"), np.quantile(values, 1 - CUT, method="higher")
        room = max(0.0, (LEAST_SIDE - (high - low)) / 2)
        sides.append((low - room, high + room))
    (minx, maxx), (miny, maxy) = sides
    return shapely.box(minx, miny, maxx, maxy)


def _km2(shape: BaseGeometry) -> str:
    return f"{shape.area / 1e6:,.4g} km2"


def _weights(events: gpd.GeoDataFrame, weights: Any) -> npt.NDArray[np.float64] | None:
    if weights is None:
        return None
    if not isinstance(weights, str):
        raise InputError(
            f"`weights` must be the name of a column. Got a {type(weights).__name__}. Write: events['cost'] = ...; weights='cost'"
        )
    check_columns(events, [weights], argument="weights")
    values = pd.to_numeric(events[weights], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = events.index[bad][0]
        raise InputError(
            f"`weights` must hold numbers of zero or more. Got {events[weights].iloc[int(np.flatnonzero(bad)[0])]!r} in row {first!r} "
            f"({bad.sum():,} such rows). Write: events[{weights!r}] = events[{weights!r}].fillna(0)"
        )
    return values


def _too_few(method: str, least: int, counts: Counts) -> str:
    left = "; ".join(f"{n:,} {reason}" for reason, n in counts.left_out.items())
    others = f" ({left})" if left else ""
    do = "sara.hotspots.count" if method == "gi_star" else "sara.audit(events)"
    return f"{method} needs at least {least} events with a location in the study area and the period. Got {counts.rows_used}{others}. Try a longer period or a larger area, or {do}."
