"""Events in each cell of the study area."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import AREA_COLUMNS, cell_areas, finish_areas, place_words
from sara.hotspots._ground.street_units import StreetUnits, select_streets
from sara.hotspots._results.count import CountResult

__all__ = ["count"]

# The busiest cells shown as areas: about this share of all cells, and never a cell with a single event.
TOP = 0.01
LEAST_IN_CELL = 2
UNEVEN = "Areas differ in size: a large one holds more for that alone. Compare `per_km2`, or sara.hotspots.rates with the number of people."
STREETS = (
    "Streets differ in length: compare `per_km`. An event is put on the nearest street, which need not be the one it happened on."
)
CAUTION = "A map of counts shows where most is reported, not where most is to be expected: more people and more visitors mean more of it."


def count(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    areas: Any = None,
    streets: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    weights: str | None = None,
    period: Any = None,
) -> CountResult:
    """Count events in every cell, named area or street of the study area, empty ones too.

    Answers "where is most of it?". Use `gi_star` to tell a hot cell from chance, `clusters` for places a crew can go to.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    areas : GeoDataFrame, optional
        Named areas (column ``name``) to count by instead of cells: neighbourhoods, beats, tracts.
    streets : GeoDataFrame, optional
        Street lines (column ``name`` where there is one) to count by instead: pieces between junctions, and junctions, units of their own.
        An event within 10 m of a junction belongs to it; another to the nearest piece within 50 m; the others are left out and counted.
    cell_size : float or str, optional
        Side of a cell (a hexagon's width), in metres or with a unit ("500ft"). Chosen by sara if not given: the shorter side of `area` / 50, kept within
        100 to 250 m (small areas: to 10 m, at least 20 cells). Recorded in ``settings``.
    shape : {"square", "hexagon"}
        Shape of the cells. The six neighbours of a hexagon lie equally far away; squares are the quicker to explain.
    grid : HotspotResult, GeoDataFrame, Grid or HexGrid, optional
        An earlier result, its ``.grid``, or a `sara.core.grid.Grid`: its cells and study area are used, so that two maps can be compared.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score) to add up besides the count.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    CountResult
        ``table`` (and ``grid``, of cells): one row per cell of the study area: ``row`` (from the south), ``column`` (from the west), ``n``
        (events), ``weight`` (sum of `weights`, where given), ``geometry``. Of `areas`: ``name``, ``n``, ``per_km2``, ``km2``. Of `streets`:
        ``name``, ``kind`` ("street", "intersection"), ``length_m``, ``n``, ``per_km`` (missing for intersections). ``areas``: the busiest
        units, about 1 in 100 and at least 2 events each, dissolved where they touch (named areas stay apart); no test was made, so
        ``p_adjusted`` is missing.

    Raises
    ------
    InputError
        If the area has no surface, the grid would have more than 4 million cells, or a weight is missing or negative.
    NotEnoughDataError
        If no event lies in the study area and the period.

    Notes
    -----
    Inside or outside is decided by the exact outline. Cells are half-open, so a point on an edge is counted once and the cells add up to the
    rows used. Counts are of reports: where people report less, a cell looks calmer than it is.

    References
    ----------
    Chainey & Ratcliffe (2005), GIS and Crime Mapping, Wiley. doi:10.1002/9781118685181

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import count
    >>> table = pd.DataFrame({"when": ["2024-01-01"] * 4, "east": [50, 100, 150, 390], "north": [50, 50, 50, 390]})
    >>> calls = as_events(table, time="when", x="east", y="north", crs=32616)
    >>> cells = count(calls, cell_size=100)
    >>> int(cells.grid["n"].sum()), len(cells.grid)
    (4, 16)
    """
    if streets is not None:
        for name, value in (("areas", areas), ("grid", grid), ("cell_size", cell_size)):
            if value is not None:
                raise InputError(
                    f"`{name}` can't be used with `streets`. Got both. Leave one out: sara.hotspots.count(events, streets=streets)"
                )
        return _count_streets(events, streets, area=area, weights=weights, period=period)
    chosen = select(
        events,
        area=area,
        period=period,
        method="count",
        cell_size=cell_size,
        grid=grid,
        weights=weights,
        shape=shape,
        areas=areas,
    )
    cells = chosen.grid
    assert cells is not None and chosen.code is not None
    raster = cells.counts(chosen.code, chosen.rows.n)
    values = raster if chosen.rows.weight is None else _numbers(chosen.code, chosen.rows.weight, cells)
    table = cells.frame()
    columns: dict[str, Any] = {"n": raster[cells.member].astype(np.int64)}
    if chosen.rows.weight is not None:
        columns["weight"] = values[cells.member]
    if areas is not None:
        km2 = cells.inside_km2()
        columns |= {"per_km2": columns["n"] / km2, "km2": km2}
    for name, column in columns.items():
        table.insert(len(table.columns) - 1, name, column)
    hot, cut = _busiest(values, raster, cells.member)
    busy = cell_areas(chosen, values, hot, None, contiguity="queen", word="Busy area")
    what, caution = ("area", (UNEVEN, CAUTION)) if areas is not None else ("cell", (CAUTION,))
    settings = {**chosen.settings, "busy": _busy_setting(cut, what)}
    return CountResult.of(
        chosen, table=table, areas=busy, method="count", settings=settings, cautions=(*chosen.cautions, *caution), unit=what
    )


def _count_streets(events: Any, streets: Any, *, area: Any, weights: str | None, period: Any) -> CountResult:
    chosen = select_streets(events, streets, area=area, period=period, method="count", weights=weights)
    units = chosen.grid
    assert isinstance(units, StreetUnits) and chosen.code is not None
    n = units.counts(chosen.code, chosen.rows.n)
    values = n if chosen.rows.weight is None else _numbers(chosen.code, chosen.rows.weight, units)
    table = units.frame()
    with np.errstate(divide="ignore", invalid="ignore"):
        per_km = np.where(table["length_m"] > 0, n / (table["length_m"] / 1000), np.nan)
    columns: dict[str, Any] = (
        {"n": n.astype(np.int64)} | ({} if chosen.rows.weight is None else {"weight": values}) | {"per_km": per_km}
    )
    for name, column in columns.items():
        table.insert(len(table.columns) - 1, name, column)
    hot, cut = _busiest(values, n, np.ones(units.n_cells, dtype=bool))
    settings = {**chosen.settings, "busy": _busy_setting(cut, "street piece or intersection")}
    cautions = [*chosen.cautions, STREETS, CAUTION]
    if units.n_same:
        cautions.append(f"{units.n_same:,} street pieces lie on the same points as another and were left out.")
    return CountResult.of(
        chosen, table=table, areas=_stretches(chosen, units, values, hot), method="count", settings=settings, cautions=tuple(cautions), unit="street",
    )  # fmt: skip


def _stretches(
    chosen: Selected, units: StreetUnits, values: npt.NDArray[np.float64], hot: npt.NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    """Return busy pieces and intersections that hang together, as ground of 20 m to either side."""
    count_of, group = units.stretches(hot)
    assert chosen.code is not None
    n = units.counts(chosen.code, chosen.rows.n)
    ids = np.arange(count_of)
    frame = pd.DataFrame({
        "n": np.bincount(group[hot], weights=n[hot], minlength=count_of).astype(np.int64),
        "excess": np.bincount(group[hot], weights=values[hot] - values.mean(), minlength=count_of),
        "p_adjusted": np.full(count_of, np.nan),
    })  # fmt: skip
    shapes = [units.surface(group == i) for i in ids]
    places = place_words(chosen, group[chosen.code], ids)
    return finish_areas(chosen, frame, shapes, places, word="Busy stretch")[AREA_COLUMNS]


def _busy_setting(cut: float, what: str) -> Setting:
    return Setting(cut, "sara", f"the busiest, about 1 {what} in 100, are outlined as areas")


def _numbers(code: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], cells: Any) -> npt.NDArray[np.float64]:
    """Return the raster of summed weights: the same sum whatever the order of rows."""
    order = np.lexsort((weights, code))
    return cells.counts(code[order], weights[order])


def _busiest(
    values: npt.NDArray[np.float64], n: npt.NDArray[np.float64], member: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return the cells at or above the value of the 1-in-100th cell; where ties make that twice as many, the cells above it."""
    inside = values[member]
    wanted = max(1, round(TOP * len(inside)))
    cut = float(np.partition(inside, len(inside) - wanted)[len(inside) - wanted])
    hot = member & (values >= cut) & (n >= LEAST_IN_CELL)
    if hot.sum() > 2 * wanted:
        above = inside[inside > cut]
        cut = float(above.min()) if len(above) else cut
        hot = member & (values >= cut) & (n >= LEAST_IN_CELL) & (len(above) > 0)
    return hot, cut
