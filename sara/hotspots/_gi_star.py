"""Cells with more events around them than chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_confidence
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.stats.fdr import benjamini_hochberg
from sara.hotspots._area import select
from sara.hotspots._areas import cell_areas
from sara.hotspots._gi_star_result import GiStarResult

__all__ = ["gi_star"]

Floats = npt.NDArray[np.float64]

LEAST_EVENTS = 30
ANALYTIC = (
    "The p-values of Gi* are approximate where counts are small: most cells hold few events or none, and the normal curve behind the p-values "
    "is then too generous at the hot end."
)
NULL = (
    "Hot means more than if the same counts were dealt at random to all cells of the study area, parks and water included; that much is true "
    "of most places where people are. It does not say that there is more than the number of people there would lead one to expect."
)


@dataclass(frozen=True, eq=False)
class GiStar:
    """``z`` (no unit) and its two-sided ``p``, one per place."""

    z: Floats
    p: Floats


def gi_star(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    cell_size: float | str | None = None,
    grid: Any = None,
    contiguity: str = "queen",
    confidence: float = 0.95,
    period: Any = None,
) -> GiStarResult:
    """Find cells with more events around them than chance would give.

    Answers "where is it unusually bad?". Use `count` for the plain map, `clusters` for places a crew can go to.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    cell_size : float or str, optional
        Side of a cell, in metres or with a unit ("500ft"). Chosen by sara if not given: the shorter side of `area` / 50, kept within
        100 to 250 m (small areas: to 10 m, at least 20 cells). Recorded in ``settings``.
    grid : HotspotResult, GeoDataFrame or Grid, optional
        An earlier result, its ``.grid``, or a `sara.core.grid.Grid`: its cells and study area are used.
    contiguity : {"queen", "rook"}
        Neighbours of a cell: the eight around it, or the four that share a side. The cell itself belongs to its neighbourhood.
    confidence : float
        1 minus the false discovery rate: at 0.95, about 5 % of the cells called hot or cold are expected to be so by chance.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    GiStarResult
        ``table`` and ``grid``: one row per cell of the study area: ``row``, ``column``, ``n`` (events), ``z`` (no unit), ``p`` (two-sided),
        ``p_adjusted`` (Benjamini-Hochberg over all cells of the study area), ``is_hot`` (z above 0 and p_adjusted at most
        1 - confidence), ``geometry``. ``areas``: hot cells dissolved where they touch.

    Raises
    ------
    InputError
        If an argument is not what it must be, or the grid would have more than 4 million cells.
    NotEnoughDataError
        If fewer than 30 events lie in the study area and the period.

    Notes
    -----
    ``z_i = (sum_j w_ij x_j - W_i mean(x)) / (s sqrt((n W2_i - W_i^2) / (n - 1)))`` with binary weights, the cell itself included,
    ``W_i = sum_j w_ij``, ``W2_i = sum_j w_ij^2``, ``s^2 = mean((x - mean(x))^2)``, over the n cells of the study area. Where all cells are
    equal, z is 0 and nothing is hot. The normal p-values are approximate for sparse counts. What may be said: "more calls than in the
    city's average cell and its neighbours", not "more than people there would lead one to expect".

    References
    ----------
    Getis & Ord (1992), Geographical Analysis 24(3), 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306. doi:10.1111/j.1538-4632.1995.tb00912.x
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import gi_star
    >>> places = [(50, 50)] * 40 + [(1950, 1950), (1950, 50), (50, 1950)]
    >>> table = pd.DataFrame(places, columns=["east", "north"]).assign(when="2024-01-01")
    >>> hot = gi_star(as_events(table, time="when", x="east", y="north", crs=32616), cell_size="100m")
    >>> int(hot.table["is_hot"].sum())
    4
    """
    contiguity = check_choice(contiguity, ("queen", "rook"), name="contiguity")
    confidence = check_confidence(confidence)
    chosen = select(events, area=area, period=period, method="gi_star", cell_size=cell_size, grid=grid, least=LEAST_EVENTS)
    cells = chosen.grid
    assert cells is not None and chosen.code is not None
    raster = cells.counts(chosen.code, chosen.rows.n)
    found = _raster_numbers(raster, cells.member, queen=contiguity == "queen")
    adjusted = benjamini_hochberg(found.p)
    is_hot = (found.z > 0) & (adjusted <= 1 - confidence + 1e-12)
    table = cells.frame()
    values = {"n": raster[cells.member].astype(np.int64), "z": found.z, "p": found.p, "p_adjusted": adjusted, "is_hot": is_hot}
    for place, (name, column) in enumerate(values.items(), start=2):
        table.insert(place, name, column)
    hot, p = np.zeros(cells.member.shape, dtype=bool), np.ones(cells.member.shape)
    hot[cells.member], p[cells.member] = is_hot, adjusted
    areas = cell_areas(chosen, raster, hot, p, contiguity=contiguity, word="Hot area")
    settings = {
        **chosen.settings,
        "contiguity": Setting(
            contiguity, "sara" if contiguity == "queen" else "you", "the eight cells around" if contiguity == "queen" else ""
        ),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p_adjusted": Setting("Benjamini-Hochberg", "sara", f"{cells.n_cells:,} cells were tested, every cell of the study area"),
    }
    flat = (
        ("All cells hold the same number of events: there is nothing to tell one from another.",)
        if np.ptp(values["n"]) == 0
        else ()
    )
    cautions = (*chosen.cautions, *flat, ANALYTIC, NULL)
    return GiStarResult.of(chosen, table=table, areas=areas, method="gi_star", settings=settings, cautions=cautions)


def _numbers(values: npt.ArrayLike, weights: Any) -> GiStar:
    """Return Gi* of any places.

    Parameters
    ----------
    values : array of float, (n,)
        One value per place.
    weights : array or sparse matrix, (n, n)
        Who is whose neighbour. A place is its own neighbour in Gi*: a diagonal of 0 is taken as 1, so that a matrix with or without the
        place itself gives the same answer.
    """
    from scipy import sparse

    x = np.asarray(values, dtype=float)
    w = sparse.csr_array(getattr(weights, "sparse", weights), dtype=float)
    if x.ndim != 1 or w.shape != (len(x), len(x)):
        raise InputError(
            f"`weights` must be a matrix of {len(x)} by {len(x)}. Got {w.shape}. Give one row and one column per value."
        )
    diagonal = w.diagonal()
    w = (w + sparse.diags_array(np.where(diagonal == 0, 1.0, 0.0))).tocsr()
    return _standardize(w @ x, w.sum(axis=1), w.multiply(w).sum(axis=1), x)


def _raster_numbers(raster: Floats, member: npt.NDArray[np.bool_], *, queen: bool) -> GiStar:
    """Return Gi* of the member cells of a raster: the sums of `_numbers`, by shifting instead of a matrix."""
    x = np.where(member, raster, 0.0)
    n_around = _around(member.astype(float), queen=queen)[member]
    return _standardize(_around(x, queen=queen)[member], n_around, n_around, x[member])


def _around(raster: Floats, *, queen: bool) -> Floats:
    """Return the sum over each cell and its neighbours; nothing lies beyond the edge."""
    total = raster.copy()
    total[1:] += raster[:-1]
    total[:-1] += raster[1:]
    across = total if queen else raster
    out = total.copy()
    out[:, 1:] += across[:, :-1]
    out[:, :-1] += across[:, 1:]
    return out


def _standardize(local: Floats, w: Floats, w2: Floats, x: Floats) -> GiStar:
    from scipy.special import ndtr

    n = len(x)
    mean, spread = x.mean(), x.std()
    room = np.sqrt(np.maximum(n * w2 - w**2, 0) / max(n - 1, 1))
    scale = spread * room
    # Equal values, or a neighbourhood of everything: the local sum is what it must be, no more and no less.
    safe = scale > 1e-12 * max(abs(mean), spread, 1e-300) * np.maximum(w, 1)
    z = np.divide(local - w * mean, scale, out=np.zeros(n), where=safe)
    return GiStar(z, 2 * ndtr(-np.abs(z)))
