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

from sara.core.cells import Cells, surfaces
from sara.core.checks import check_areas, check_choice
from sara.core.engine import quantile_of_counts
from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.grid import as_grid, choose_cell_size, lay_cells
from sara.core.result import Counts, Setting
from sara.core.units import metres
from sara.core.wording import officer_words
from sara.hotspots._ground.rows import Rows, rows_of
from sara.hotspots._ground.units import AreaUnits

__all__ = ["Selected", "select", "study_area"]

# Share of located events cut off at each side when no study area is given: strays must not stretch the map over a continent.
CUT = 0.005
# A hull of a single address still needs room for a few cells.
LEAST_SIDE = 200.0
HULL_CAUTION = (
    "No study area was given: the map covers the box around the middle 99 % of the locations, water and parks and other towns included. "
    "Give `area=` for a fair picture."
)
RECORD_CAUTION = "The table has lost its own record (a merge does that): period and source could not be checked against the file."


@dataclass(frozen=True, eq=False)
class Selected:
    """The rows that a map uses, and how they were chosen.

    ``code`` is the cell (or named area) of each row, ``grid`` the cells (or areas); both None where a method has neither.
    """

    rows: Rows
    code: npt.NDArray[np.int64] | None
    grid: Cells | AreaUnits | None
    area: BaseGeometry
    named: gpd.GeoDataFrame | None
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...]

    @property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First moment, and the one after the last."""
        return self.rows.period

    @property
    def noun(self) -> str:
        """What the rows are called."""
        return self.rows.noun


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
        shape = surfaces([shape])[0]
    else:
        areas = check_areas(area, name="area", crs=crs)
        shape = shapely.union_all(surfaces(areas.geometry.dropna().to_numpy()))
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
    shape: str = "square",
    areas: Any = None,
    when: bool = False,
) -> Selected:
    """Check the input, settle period, study area and cells, and count every row that is left out.

    With `areas`, named areas take the place of cells; with `when`, the rows know their day.

    Raises
    ------
    InputError
        If the events, the area, the grid or the weights are not what a map needs.
    NotEnoughDataError
        If fewer than `least` events are left.
    """
    rows = rows_of(events, period=period, weights=weights, when=when)
    check_choice(shape, ("square", "hexagon"), name="shape")
    settings = {"period": rows.period_setting}
    for name, value in (("area", area), ("areas", areas)):
        if value is not None and rows.crs is None and not isinstance(value, BaseGeometry):
            raise InputError(
                f"`{name}` can't be laid over events whose coordinate system is not known. Got crs=None. Write: sara.open_events(path, crs=32616)"
            )
    layout: Cells | AreaUnits | None
    cautions: tuple[str, ...] = ()
    if areas is not None:
        ground, layout = _named_areas(area, areas, rows, settings, grid=grid, cell_size=cell_size, shape=shape)
        named, cautions = None, _overlap_caution(layout)
    else:
        given = as_grid(grid, crs=rows.crs) if grid is not None else None
        ground, named, settings["area"], cautions = _ground(area, given, rows, method)
        layout = _cells(ground, given, rows, settings, cell_size=cell_size, shape=shape) if cells else given
    code = None
    if layout is not None:
        code = layout.locate(rows.x, rows.y)
        inside = code >= 0
        code = code[inside]
    else:
        shapely.prepare(ground)
        inside = shapely.intersects_xy(ground, rows.x, rows.y)
    used = rows.only(inside)
    n_used = int(used.n.sum())
    left_out = {
        "no time": rows.no_time,
        "outside the period": rows.outside,
        "no location": rows.no_place,
        "outside the study area": int(rows.n.sum()) - n_used,
    }
    counts = Counts(rows.rows_in, n_used, left_out)
    if counts.rows_used < least:
        raise NotEnoughDataError(_too_few(method, least, counts))
    if weights is not None:
        settings["weights"] = Setting(weights, "you")
    told = rows.cautions if rows.cautions or rows.record else (RECORD_CAUTION,)
    officers = officer_words(int(used.n[used.officer].sum()), n_used, noun=rows.noun)
    return Selected(
        rows=used, code=code, grid=layout, area=ground, named=named, counts=counts, settings=settings,
        cautions=(*cautions, *told, *_fine_caution(settings, rows.record), *officers),
    )  # fmt: skip


def _fine_caution(settings: dict[str, Setting], record: dict[str, Any]) -> tuple[str, ...]:
    """Say so where cells are smaller than the published coordinates can fill."""
    least = record.get("smallest_cell")
    if not least or "cell_size" not in settings or settings["cell_size"].value >= least:
        return ()
    return (
        f"The coordinates are published so coarsely that cells under {least:g} m say more than they know; these are {settings['cell_size'].value:g} m.",
    )


def _cells(
    ground: BaseGeometry, given: Cells | None, rows: Rows, settings: dict[str, Setting], *, cell_size: Any, shape: str
) -> Cells:
    """Return the cells of the grid given, or new ones over the study area; write down which."""
    if given is None:
        settings["cell_size"] = (
            _default_size(ground, rows.record) if cell_size is None else Setting(metres(cell_size, name="cell_size"), "you")
        )
        found = lay_cells(shape, ground, cell_size=settings["cell_size"].value, crs=rows.crs)
    else:
        found = given
        settings["cell_size"] = Setting(found.cell_size, "you", "the cells of `grid`")
        if cell_size is not None and metres(cell_size, name="cell_size") != found.cell_size:
            warnings.warn(f"`cell_size` is not used: `grid` has cells of {found.cell_size:g} m.", SaraWarning, stacklevel=4)
        if shape != "square" and shape != found.shape:
            warnings.warn(f"`shape` is not used: the cells of `grid` are {found.shape}s.", SaraWarning, stacklevel=4)
    if found.shape != "square":
        settings["shape"] = Setting(found.shape, "you", "its size is the distance between opposite sides")
    return found


def _default_size(ground: BaseGeometry, record: dict[str, Any]) -> Setting:
    """Return the side of a cell: what suits the study area, but not below what the coordinates can fill."""
    size, least = choose_cell_size(ground.bounds), record.get("smallest_cell")
    if not least or size.value >= least:
        return size
    return Setting(
        float(least), "sara", "the coordinates are published so coarsely that smaller cells would say more than they know"
    )


def _overlap_caution(units: AreaUnits) -> tuple[str, ...]:
    n = units.overlapping()
    if n == 0:
        return ()
    return (f"{n:,} of {units.n_cells:,} areas overlap with another: an event in two of them counts for the first only.",)


def _named_areas(
    area: Any, areas: Any, rows: Rows, settings: dict[str, Setting], **unused: Any
) -> tuple[BaseGeometry, AreaUnits]:
    """Return the study area and the named areas in it; write down which."""
    for name, value in unused.items():
        if value not in (None, "square"):
            warnings.warn(f"`{name}` is not used: events are counted by the areas of `areas`.", SaraWarning, stacklevel=4)
    units = AreaUnits.of(areas, crs=rows.crs)
    if area is not None:
        units = units.inside(study_area(area, crs=rows.crs)[0])
    settings["areas"] = Setting(f"{units.n_cells:,} areas", "you", "an event in two of them counts for the first")
    settings["area"] = Setting(_km2(units.area), "you", "" if area is not None else "all of `areas`")
    return units.area, units


def _ground(
    area: Any, layout: Cells | None, rows: Rows, method: str
) -> tuple[BaseGeometry, gpd.GeoDataFrame | None, Setting, tuple[str, ...]]:
    shape, named = study_area(area, crs=rows.crs) if area is not None else (None, None)
    if layout is not None:
        if shape is not None and shape.symmetric_difference(layout.area).area > 1e-6 * layout.area.area:
            warnings.warn("`area` is not used: `grid` has a study area of its own.", SaraWarning, stacklevel=4)
        return layout.area, named, Setting(_km2(layout.area), "you", "the study area of `grid`"), ()
    if shape is not None:
        return shape, named, Setting(_km2(shape), "you"), ()
    if len(rows.x) == 0:
        raise NotEnoughDataError(
            f"{method} needs at least 1 event with a time and a location. Got 0. Check the table: sara.audit(events)"
        )
    return (
        hull(rows.x, rows.y, rows.n),
        None,
        Setting(None, "sara", "the box around the middle 99 % of the locations"),
        (HULL_CAUTION,),
    )


def hull(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], n: npt.NDArray[np.int64]) -> BaseGeometry:
    """Return the box from the 0.5th to the 99.5th percentile of the locations; of fewer than 200, the box around all."""
    sides = []
    for values in (x, y):
        low, high = quantile_of_counts(values, n, CUT), quantile_of_counts(values, n, 1 - CUT, method="higher")
        room = max(0.0, (LEAST_SIDE - (high - low)) / 2)
        sides.append((low - room, high + room))
    (minx, maxx), (miny, maxy) = sides
    return shapely.box(minx, miny, maxx, maxy)


def _km2(shape: BaseGeometry) -> str:
    return f"{shape.area / 1e6:,.4g} km2"


def _too_few(method: str, least: int, counts: Counts) -> str:
    left = "; ".join(f"{n:,} {reason}" for reason, n in counts.left_out.items())
    others = f" ({left})" if left else ""
    do = "sara.hotspots.count" if method == "gi_star" else "sara.audit(events)"
    return f"{method} needs at least {least} events with a location in the study area and the period. Got {counts.rows_used}{others}. Try a longer period or a larger area, or {do}."
