"""A surface of density: how crowded it is, cell by cell."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.cells import Cells
from sara.core.checks import check_choice
from sara.core.errors import InputError
from sara.core.grid import lay_cells
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import metres
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._results.kde import KdeResult
from sara.hotspots._surfaces.bandwidth import MUSH, choose_bandwidth, told_bandwidth
from sara.hotspots._surfaces.surface import (
    BOUND,
    KERNELS,
    PER_SIGMA,
    Raster,
    density_exact,
    lattice_of,
    mass_inside,
    reach_of,
    share_bound,
)

__all__ = ["at_cells", "inside_share", "kde", "surface_cells", "together"]

Floats = npt.NDArray[np.float64]

UNITS = ("km2", "absolute", "probability")
EDGES = ("correct", "clip", None)
# A cell is a fifth of the bandwidth: finer ones show no more. Large areas get larger ones, so that a map has at most about this many.
PER_BANDWIDTH, MOST_CELLS = 5, 400_000
# Up to this many pairs of a place and a cell, all kernels are summed one by one.
EXACT_PAIRS = 20_000_000
# Cells this many times as dense as the mean are called dense (Milic et al. 2019).
DENSE = 3.0
# A corner that holds less of a kernel than this is divided by this: what lies there is guessed from next to nothing.
LEAST_MASS = 0.1
FEW = 30
SMOOTH = (
    "A surface is smooth by construction: each event is spread over one bandwidth around it, and a hill is no test that there is more than chance "
    "would give (see gi_star)."
)


def kde(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    bandwidth: float | str | None = None,
    kernel: str = "quartic",
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    weights: str | None = None,
    edge: str | None = "correct",
    units: str = "km2",
    period: Any = None,
) -> KdeResult:
    """Draw events as a surface of density.

    Answers "where is it crowded?" in one smooth picture. Use `gi_star` to tell a hot cell from chance, `clusters` for places a crew can go to,
    `dual_kde` to set it against people or other events.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted, and so are rows outside the study area, however near.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    bandwidth : float or str, optional
        Reach of the quartic kernel, or sigma of the Gaussian, in metres or with a unit ("0.25mi"). If not given, 400 m (Gaussian: 141 m, which
        spreads as far). ``"auto"``: of 100 to 1,000 m, the one under which each place is most likely given all the others.
    kernel : {"quartic", "gaussian"}
        The hill put over each event. Nothing is scaled: a quartic of reach h spreads like a Gaussian of sigma h / sqrt(8).
    cell_size : float or str, optional
        Side of a cell, metres. If not given, a fifth of the bandwidth (Gaussian: of the reach of a quartic that spreads as far, 2.83 sigma).
    shape : {"square", "hexagon"}
        Shape of the cells.
    grid : HotspotResult, GeoDataFrame or Grid, optional
        An earlier result or its ``.grid``: its cells and study area are used.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score) that says how much each event counts.
    edge : {"correct", "clip", None}
        At the outline of the study area part of each hill lies outside. ``"correct"`` divides each cell by the share of the kernel that lies
        inside; ``"clip"`` leaves out what lies outside, so that cells near the outline look calmer than they are; None draws all of it, in a
        study area grown by the reach of the kernel.
    units : {"km2", "absolute", "probability"}
        ``"km2"``: events per km2 in the period. ``"absolute"``: events per cell, which add up to all. ``"probability"``: they add up to 1.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    KdeResult
        ``table`` and ``grid``: one row per cell: ``row``, ``column``, ``n`` (events in the cell), ``density`` (in `units`, at the middle of
        the cell), ``is_hot`` (at least 3 times the mean density of the study area), ``geometry``. ``areas``: dense cells dissolved where they
        touch; no test was made, so ``p_adjusted`` is missing.

    Raises
    ------
    InputError
        If an argument is not what it must be, the bandwidth is shorter than a cell, or the grid would have more than 4 million cells.
    NotEnoughDataError
        If no event lies in the study area and the period.

    Notes
    -----
    ``f(x) = sum_i w_i K(d_i)``, quartic ``K(d) = 3 / (pi h^2) (1 - d^2 / h^2)^2`` for d < h, Gaussian ``K(d) = exp(-d^2 / 2 h^2) /
    (2 pi h^2)``, d in metres. With ``edge="correct"`` f is divided by ``q(x)``, the share of the kernel at x inside the study area (Jones
    1993; Diggle 1985); below 0.1, by 0.1. q is summed over squares of a fine raster, those cut by the outline with their own part inside, and off
    by at most 0.002 (about 0.0001 where it was measured). Up to 20 million pairs of place and cell the sum is exact; beyond, events are shared out linearly over a fine raster
    and smoothed there, with an error of at most 0.1 % of one event's peak per event, and far less of the surface's; ``settings["engine"]``
    names the way taken and its bound. What may be said: "calls are densest here"; not "it is unusually dense", and not where exactly.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis. doi:10.1201/9781315140919
    Jones (1993), Statistics and Computing 3, 135-146. doi:10.1007/BF00147776
    Chainey, Tompson & Uhlig (2008), Security Journal 21, 4-28. doi:10.1057/palgrave.sj.8350066
    Milic et al. (2019), ISPRS International Journal of Geo-Information 8(8), 332. doi:10.3390/ijgi8080332

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import kde
    >>> table = pd.DataFrame({"east": [1000, 1000, 3000], "north": [1000, 1010, 3000]}).assign(when="2024-01-01")
    >>> calls = as_events(table, time="when", x="east", y="north", crs=32616)
    >>> dense = kde(calls, units="absolute")
    >>> round(float(dense.table["density"].sum()), 6), dense.settings["cell_size"].value
    (3.0, 80.0)
    """
    for value, options, name in ((kernel, KERNELS, "kernel"), (units, UNITS, "units"), (edge, EDGES, "edge")):
        check_choice(value, options, name=name)
    told = told_bandwidth(bandwidth, kernel=kernel)
    chosen = select(
        events, area=area, period=period, method="kde", cell_size=cell_size, grid=grid, weights=weights, shape=shape,
        cells=grid is not None,
    )  # fmt: skip
    x, y, n, w = together(chosen)
    found = (told, ()) if told is not None else choose_bandwidth(x, y, n, km2=chosen.area.area / 1e6, kernel=kernel)
    reach, cautions = found
    if edge is None and grid is None:
        chosen = replace(chosen, area=chosen.area.buffer(reach_of(reach.value, kernel)))
    chosen = surface_cells(chosen, reach.value, kernel=kernel, cell_size=cell_size, shape=shape)
    cells = chosen.grid
    assert isinstance(cells, Cells) and chosen.code is not None
    density, engine = at_cells(cells, x, y, w, bandwidth=reach.value, kernel=kernel, edge=edge)
    inside = cells.inside_km2()
    total, mean = float(w.sum()), float((density * inside).sum() / inside.sum())
    is_hot = density >= DENSE * mean
    counts = cells.counts(chosen.code, chosen.rows.n)
    table = cells.frame()
    values = {"n": counts[cells.member].astype(np.int64), "density": in_units(density, inside, total, units), "is_hot": is_hot}
    for place, (name, column) in enumerate(values.items(), start=2):
        table.insert(place, name, column)
    hot = np.zeros(cells.member.shape, dtype=bool)
    hot[cells.member] = is_hot
    areas = cell_areas(chosen, counts, hot, None, contiguity="queen", word="Dense area")
    settings = {
        **chosen.settings,
        "bandwidth": reach,
        "kernel": Setting(kernel, "sara" if kernel == "quartic" else "you", "reaches no farther than its bandwidth" if kernel == "quartic" else ""),
        "edge": Setting(edge, "sara" if edge == "correct" else "you", "divided by the share of the kernel inside the study area" if edge == "correct" else ""),
        "units": Setting(units, "sara" if units == "km2" else "you"),
        "mean_density": Setting(mean, "sara", "per km2, over the study area"),
        "dense_from": Setting(DENSE * mean, "sara", f"per km2: {DENSE:g} times the mean, which told hot spots best where it was compared (Milic et al. 2019)"),
        "engine": engine,
    }  # fmt: skip
    return KdeResult.of(
        chosen, table=table, areas=areas, method="kde", settings=settings,
        cautions=(*chosen.cautions, *cautions, *_cautions(chosen, reach, kernel, edge)),
    )  # fmt: skip


def together(chosen: Selected) -> tuple[Floats, Floats, Floats, Floats]:
    """Return each place once: x, y, events, weight (events, where no weight was asked for); sorted, so that the order of rows does not matter."""
    rows = chosen.rows
    order = np.lexsort((rows.n if rows.weight is None else rows.weight, rows.y, rows.x))
    x, y = rows.x[order], rows.y[order]
    first = np.flatnonzero(np.r_[True, (x[1:] != x[:-1]) | (y[1:] != y[:-1])])
    n = np.add.reduceat(rows.n[order].astype(float), first)
    return x[first], y[first], n, n if rows.weight is None else np.add.reduceat(rows.weight[order], first)


def surface_cells(chosen: Selected, bandwidth: float, *, kernel: str, cell_size: Any, shape: str) -> Selected:
    """Lay cells that suit the bandwidth over the study area, where no grid was given; check that they do.

    Raises
    ------
    InputError
        If the kernel is smaller than a cell: what falls between two middles would vanish.
    """
    reach = bandwidth if kernel == "quartic" else bandwidth * PER_SIGMA
    settings = dict(chosen.settings)
    if chosen.grid is None:
        if cell_size is not None:
            settings["cell_size"] = Setting(metres(cell_size, name="cell_size"), "you")
        else:
            settings["cell_size"] = _cell_size(chosen.area.bounds, reach, kernel)
        if shape != "square":
            settings["shape"] = Setting(shape, "you", "its size is the distance between opposite sides")
        cells = lay_cells(shape, chosen.area, cell_size=settings["cell_size"].value, crs=chosen.rows.crs)
        chosen = replace(chosen, grid=cells, code=cells.locate(chosen.rows.x, chosen.rows.y), settings=settings)
    size = settings["cell_size"].value
    if reach < size:
        least = size if kernel == "quartic" else math.ceil(size / PER_SIGMA)
        raise InputError(
            f"`bandwidth` must be at least as long as a cell. Got {bandwidth:g} m ({kernel}) with cells of {size:g} m: what lies between the middles of "
            f"cells would vanish. Write bandwidth={least:g}, or cell_size={max(1, math.floor(reach / PER_BANDWIDTH))}"
        )
    return chosen


def _cell_size(bounds: tuple[float, float, float, float], reach: float, kernel: str) -> Setting:
    words = "the bandwidth" if kernel == "quartic" else "the reach of a quartic that spreads as far"
    least = math.sqrt((bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) / MOST_CELLS)
    if least > reach / PER_BANDWIDTH:
        return Setting(
            float(math.ceil(min(least, reach / 2))),
            "sara",
            f"a large study area: about {MOST_CELLS:,} cells, at most half of {words}",
        )
    return Setting(float(max(1, round(reach / PER_BANDWIDTH))), "sara", f"a fifth of {words}: smaller cells show no more")


def at_cells(
    cells: Cells, x: Floats, y: Floats, weight: Floats, *, bandwidth: float, kernel: str, edge: str | None
) -> tuple[Floats, Setting]:
    """Return the density at the middle of each cell, per km2, and how it was summed."""
    at_x, at_y = cells.centres()
    raster = Raster(lattice_of(at_x, at_y, least=cells.cell_size), bandwidth=bandwidth, kernel=kernel)
    if len(x) * len(at_x) <= EXACT_PAIRS:
        found = density_exact(x, y, weight, at_x, at_y, bandwidth=bandwidth, kernel=kernel)
        engine = Setting("exact", "sara", "every place summed at every cell")
    else:
        found = raster.at(raster.smooth(raster.bins(x, y, weight)), at_x, at_y)
        words = f"nodes every {max(raster.px, raster.py):.3g} m: off by at most {raster.bound:.2%} of an event's peak"
        engine = Setting("binned", "sara", words if raster.bound <= BOUND else f"{words}; a finer raster would not fit in memory")
    if edge == "correct":
        found = found / inside_share(cells, raster)
        engine = replace(
            engine, why=f"{engine.why}; at the outline divided by a share inside that is off by at most {share_bound(raster):.4f}"
        )
    return found * 1e6, engine


def inside_share(cells: Cells, raster: Raster) -> Floats:
    """Return the share of a kernel at the middle of each cell that lies inside the study area; never next to nothing."""
    return np.maximum(raster.at(mass_inside(cells.area, raster), *cells.centres()), LEAST_MASS)


def in_units(density: Floats, km2: Floats, total: float, units: str) -> Floats:
    """Return densities per km2 in other units; events per cell add up to `total`, probabilities to 1."""
    if units == "km2":
        return density
    held = density * km2
    return held * ((total if units == "absolute" else 1.0) / max(held.sum(), 1e-300))


def _cautions(chosen: Selected, reach: Setting, kernel: str, edge: str | None) -> tuple[str, ...]:
    told = [SMOOTH]
    outside = chosen.counts.left_out.get("outside the study area", 0)
    if outside and edge != "correct":
        told.append(
            f"{outside:,} {chosen.noun} outside the study area were not used: near its outline the surface is lower than it would be with them."
        )
    if chosen.counts.rows_used < FEW:
        told.append(
            f"Only {chosen.counts.rows_used} {chosen.noun}: the surface shows where each of them was, not where such events tend to be."
        )
    if reach.value * (1 if kernel == "quartic" else PER_SIGMA) >= MUSH:
        told.append(
            f"A bandwidth of {reach.value:,.0f} m ({kernel}) melts whole neighborhoods into one hill: the map says little more than where the center is."
        )
    return tuple(told)
