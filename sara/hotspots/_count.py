"""Events in each cell of the study area."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.cells import Cells
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.hotspots._area import select
from sara.hotspots._areas import cell_areas
from sara.hotspots._count_result import CountResult
from sara.hotspots._units import AreaUnits

__all__ = ["count"]

# The busiest cells shown as areas: about this share of all cells, and never a cell with a single event.
TOP = 0.01
LEAST_IN_CELL = 2
CAUTION = "A map of counts shows where most is reported, not where most is to be expected: more people and more visitors mean more of it."


def count(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    areas: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    weights: str | None = None,
    period: Any = None,
) -> CountResult:
    """Count events in every cell of the study area, empty ones too.

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
        ``table`` and ``grid``: one row per cell of the study area: ``row`` (from the south), ``column`` (from the west), ``n`` (events),
        ``weight`` (sum of `weights`, where given), ``geometry``. ``areas``: the busiest cells, about 1 in 100 and at least 2 events
        each, dissolved where they touch; no test was made, so ``p_adjusted`` is missing.

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
    table.insert(len(table.columns) - 1, "n", raster[cells.member].astype(np.int64))
    if chosen.rows.weight is not None:
        table.insert(len(table.columns) - 1, "weight", values[cells.member])
    hot, cut = _busiest(values, raster, cells)
    busy = cell_areas(chosen, values, hot, None, contiguity="queen", word="Busy area")
    settings = {**chosen.settings, "busy_cell": Setting(cut, "sara", "the busiest cells, about 1 in 100, are outlined as areas")}
    return CountResult.of(
        chosen, table=table, areas=busy, method="count", settings=settings, cautions=(*chosen.cautions, CAUTION)
    )


def _numbers(code: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], cells: Cells | AreaUnits) -> npt.NDArray[np.float64]:
    """Return the raster of summed weights: the same sum whatever the order of rows."""
    order = np.lexsort((weights, code))
    return cells.counts(code[order], weights[order])


def _busiest(
    values: npt.NDArray[np.float64], n: npt.NDArray[np.float64], cells: Cells | AreaUnits
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return the cells at or above the value of the 1-in-100th cell; where ties make that twice as many, the cells above it."""
    inside = values[cells.member]
    wanted = max(1, round(TOP * cells.n_cells))
    cut = float(np.partition(inside, len(inside) - wanted)[len(inside) - wanted])
    hot = cells.member & (values >= cut) & (n >= LEAST_IN_CELL)
    if hot.sum() > 2 * wanted:
        above = inside[inside > cut]
        cut = float(above.min()) if len(above) else cut
        hot = cells.member & (values >= cut) & (n >= LEAST_IN_CELL) & (len(above) > 0)
    return hot, cut
