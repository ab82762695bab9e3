"""Cells that are like their neighbours, or unlike them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_confidence, check_count, check_seed
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.hotspots._local.chance import adjusted, chance
from sara.hotspots._local.field import field, linked, nothing_differs
from sara.hotspots._results.local_moran import LocalMoranResult

__all__ = ["local_moran"]

Floats = npt.NDArray[np.float64]

INFERENCE = ("exact", "permutation", "analytic")
QUADRANTS = np.array(["low-low", "low-high", "high-low", "high-high", None], dtype=object)
ANALYTIC = (
    "The p-values of local Moran are approximate where counts are small: the normal curve behind them is then too generous next to busy {places}. "
    "inference='exact' has no such error."
)
NULL = (
    "High-high means: this {place} is above average, and its neighbors hold more than if all other counts were dealt at random around it, parks and "
    "water included. It does not say that there is more than the number of people there would lead one to expect."
)


@dataclass(frozen=True, eq=False)
class LocalMoran:
    """Local Moran of each place; NaN where it has no neighbours or no value.

    ``i`` is scaled by ``m2 = sum((x - mean)^2) / n``, as in spdep and in Anselin (1995): its mean is the city's Moran's I. esda divides by
    n - 1, so that its values are these times (n - 1) / n. ``expected`` and ``variance`` are those of ``i`` with the place's own value held and
    its neighbours drawn from all others; ``z`` and the two-sided normal ``p`` follow from them. ``lag``: mean of the neighbours.
    """

    i: Floats
    expected: Floats
    variance: Floats
    z: Floats
    p: Floats
    lag: Floats
    quadrant: npt.NDArray[np.object_]


def local_moran(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    areas: gpd.GeoDataFrame | None = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    contiguity: str = "queen",
    distance: float | str | None = None,
    weights: str | None = None,
    inference: str = "exact",
    confidence: float = 0.95,
    adjust: str | None = "fdr",
    n_sims: int = 9_999,
    seed: int | None = 1,
    period: Any = None,
) -> LocalMoranResult:
    """Find cells that are like their neighbours (high among high, low among low) or unlike them.

    Answers "is this part of something larger, or a place of its own?". Use `gi_star` for hot and cold alone, `clusters` for places a crew can
    go to.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    areas : GeoDataFrame, optional
        Named polygons (column ``name``) to test in the place of cells. They should be of about equal size and population.
    cell_size : float or str, optional
        Side of a cell (hexagon: distance between opposite sides), in metres or with a unit ("500ft"). Chosen by sara if not given, as in
        `gi_star`.
    shape : {"square", "hexagon"}
        Shape of a cell.
    grid : HotspotResult, GeoDataFrame or Grid, optional
        An earlier result, its ``.grid``, or a `sara.core.grid.Grid`: its cells and study area are used.
    contiguity : {"queen", "rook"}
        Neighbours of a cell: the eight around it, or the four that share a side; of a hexagon the six around it; of an area those that touch
        it, or share a side.
    distance : float or str, optional
        Instead of `contiguity`: all cells whose centres lie within this distance, in metres or with a unit.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score) to add up and test in the place of the count.
    inference : {"exact", "permutation", "analytic"}
        Where p comes from. The cell's own count is held and its neighbours are drawn from all other cells, as esda, spdep and GeoDa do:
        "exact" computes what they simulate; "permutation" makes `n_sims` draws; "analytic" takes the normal curve. Where the distribution
        can't be computed (weights that are not whole numbers, huge sums), draws take its place; ``settings`` says why.
    confidence : float
        1 minus the false discovery rate.
    adjust : {"fdr", None}
        Correction for the number of cells tested: Benjamini-Hochberg, or none, with a caution.
    n_sims : int
        Number of draws, where draws are made. All cells share them.
    seed : int or None
        Makes draws repeatable.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    LocalMoranResult
        ``table`` and ``grid``: one row per cell of the study area: ``row``, ``column`` (areas: ``name``), ``n`` (events), ``weight`` (sum of
        `weights`, where given), ``lag`` (mean of the neighbours), ``I`` (no unit), ``z`` (no unit; above 0: like its neighbours), ``p``
        (two-sided), ``p_adjusted``, ``quadrant`` ("high-high", "low-low", "high-low", "low-high": the cell, then its neighbours; missing
        without neighbours), ``is_significant`` (p_adjusted at most 1 - confidence), ``geometry``. ``areas``: significant high-high cells
        dissolved where they touch; named areas as they are.

    Raises
    ------
    InputError
        If an argument is not what it must be, no cell has a neighbour, or the grid would have more than 4 million cells.
    NotEnoughDataError
        If fewer than 30 events lie in the study area and the period.

    Notes
    -----
    ``I_i = (x_i - mean) / m2 * sum_j w_ij (x_j - mean)``, ``m2 = sum((x - mean)^2) / n``, weights of a row adding up to 1: as spdep and Anselin
    (1995), so that the mean of I is the city's Moran's I. esda divides by n - 1: its values are these times (n - 1) / n. The moments behind z
    (Sokal et al. 1998) belong to the scale used here. High and low are above the mean, and not.

    Given the cell's own count, I depends on its neighbours through their sum alone, and that is a sum of k counts drawn without replacement
    from the n - 1 others: its distribution is computed by convolution over the histogram of counts, once for each own count
    (`sara.core.stats.permutation`). Two-sided: twice the smaller tail, at most 1. A cell exactly at the mean has I = 0 whatever lies around
    it, and p = 1. A cell without a neighbour has no I.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115. doi:10.1111/j.1538-4632.1995.tb00338.x
    Sokal, Oden & Thomson (1998), Geographical Analysis 30(4), 331-354. doi:10.1111/j.1538-4632.1998.tb00406.x
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import local_moran
    >>> rng = np.random.default_rng(1)
    >>> east, north = np.r_[rng.uniform(0, 2000, 400), rng.uniform(1400, 1700, 200)], np.r_[rng.uniform(0, 2000, 400), rng.uniform(400, 700, 200)]
    >>> table = pd.DataFrame({"east": east, "north": north}).assign(when="2024-01-01")
    >>> found = local_moran(as_events(table, time="when", x="east", y="north", crs=32616), cell_size="100m")
    >>> found.table[found.table["is_significant"]]["quadrant"].value_counts().to_dict()
    {'high-high': 13, 'low-low': 2, 'low-high': 1}
    """
    check_choice(inference, INFERENCE, name="inference")
    check_choice(adjust, ("fdr", None), name="adjust")
    confidence = check_confidence(confidence)
    n_sims, seed = check_count(n_sims, name="n_sims", least=99), check_seed(seed)
    found = field(
        events, method="local_moran", area=area, areas=areas, cell_size=cell_size, shape=shape, grid=grid, contiguity=contiguity, distance=distance,
        weights=weights, period=period,
    )  # fmt: skip
    x, near, words = found.values, found.near, found.words
    if not near.size.any():
        raise InputError(
            f"local_moran needs {words[1]} that touch. Got {len(x):,} {words[1]} without a neighbor. "
            "Write distance='2km', or give a finer `cell_size`."
        )
    size = near.size.astype(float)
    local = _of_sums(x, near.sums, size, np.divide(1, size, out=np.full(len(x), np.nan), where=size > 0))
    by = chance(x, near, local.z, inference=inference, dealt=False, n_sims=n_sims, seed=seed, words=words, confidence=confidence)
    # At the mean I is 0 whatever the neighbours hold.
    p = np.where((size > 0) & _at_mean(x), 1.0, np.where(size > 0, by.p, np.nan))
    p_adjusted, correction, told = adjusted(p, adjust, words)
    sure = p_adjusted <= 1 - confidence + 1e-12
    table = found.table({
        "lag": local.lag, "I": local.i, "z": local.z, "p": p, "p_adjusted": p_adjusted, "quadrant": local.quadrant, "is_significant": sure,
    })  # fmt: skip
    settings = {
        **found.settings,
        "scale": Setting("n", "sara", "the mean of I is the city's Moran's I; esda divides by n - 1"),
        **by.settings,
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p_adjusted": correction,
    }
    normal = (ANALYTIC.format(places=words[1]),) if inference == "analytic" else ()
    cautions = (*nothing_differs(x, words[1]), *by.cautions, *told, *normal, NULL.format(place=words[0]))
    high = sure & (local.quadrant == "high-high")
    return LocalMoranResult.of(
        found.chosen, table=table, areas=found.areas(high, p_adjusted, word="High area"), method="local_moran", settings=settings,
        cautions=(*found.cautions, *cautions),
    )  # fmt: skip


def _numbers(values: npt.ArrayLike, weights: Any) -> LocalMoran:
    """Return local Moran of any places.

    Parameters
    ----------
    values : array of float, (n,)
        One value per place; a missing one is left out, also as a neighbour.
    weights : array or sparse matrix, (n, n)
        Who is whose neighbour and how much; rows are made to add up to 1, a place's weight on itself is left out.
    """
    from scipy import sparse

    x, w, known = linked(values, weights)
    w = (w - sparse.diags_array(w.diagonal())).tocsr()
    total = np.asarray(w.sum(axis=1)).ravel()
    squares = np.asarray(w.multiply(w).sum(axis=1)).ravel()
    share = np.divide(squares, total**2, out=np.full(len(x), np.nan), where=total > 0)
    found = _of_sums(x, w @ x, total, share)
    out = {}
    for name, part in vars(found).items():
        out[name] = np.full(len(known), None if name == "quadrant" else np.nan, dtype=part.dtype)
        out[name][known] = part
    return LocalMoran(**out)


def _of_sums(x: Floats, sums: Floats, total: Floats, w2: Floats) -> LocalMoran:
    """Return local Moran from weighted sums, their total weights and, of weights that add up to 1, the sum of squares.

    Sokal et al. (1998), A7 and A8: the lag is that of a sample without replacement from the n - 1 others.
    """
    from scipy.special import ndtr

    n = len(x)
    mean, away = x.mean(), x - x.mean()
    m2 = (away**2).mean()
    linked = total > 0
    lag = np.divide(sums, total, out=np.full(n, np.nan), where=linked)
    if m2 <= (1e-12 * abs(mean)) ** 2 or n < 3:
        flat = np.where(linked, 0.0, np.nan)
        return LocalMoran(flat, flat, flat, flat, flat + 1, lag, QUADRANTS[np.where(linked, 0, -1)])
    expected = np.where(linked, -(away**2) / ((n - 1) * m2), np.nan)
    spread = n / (n - 2) * np.maximum(w2 - 1 / (n - 1), 0) * np.maximum(m2 - away**2 / (n - 1), 0)
    i = away / m2 * (lag - mean)
    # The own value cancels out of z but for its sign, so that none near the mean divides by nothing.
    scale = np.sqrt(spread)
    safe = linked & (scale > 1e-12 * max(abs(mean), np.sqrt(m2)))
    z = np.where(linked, 0.0, np.nan)
    np.divide(lag - mean + away / (n - 1), scale, out=z, where=safe)
    z *= np.where(_at_mean(x), 0.0, np.sign(away))
    above = 2 * (away > 0) + (lag > mean)
    quadrant = QUADRANTS[np.where(linked, above, -1)]
    return LocalMoran(i, expected, (away / m2) ** 2 * spread, z, 2 * ndtr(-np.abs(z)), lag, quadrant)


def _at_mean(x: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(x - x.mean()) <= 1e-12 * max(abs(x.mean()), x.std()))
