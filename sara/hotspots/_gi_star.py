"""Cells with more events around them than chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_confidence, check_count, check_seed
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.hotspots._local.chance import adjusted, chance
from sara.hotspots._local.field import field, linked, nothing_differs
from sara.hotspots._results.gi_star import GiStarResult

__all__ = ["gi_star"]

Floats = npt.NDArray[np.float64]

INFERENCE = ("exact", "conditional", "permutation", "analytic")
ANALYTIC = (
    "The p-values of Gi* are approximate where counts are small: most cells hold few events or none, and the normal curve behind the p-values "
    "is then too generous at the hot end. inference='exact' has no such error."
)
RING = (
    "Each {place}'s own count was held: beside a lone peak, empty {places} can be called hot for their neighbor's sake, and the peak itself not. "
    "inference='exact' has no such rings."
)
NULL = (
    "Hot means more than if the same counts were dealt at random to all {places} of the study area, parks and water included; that much is "
    "true of most places where people are. It does not say that there is more than the number of people there would lead one to expect."
)


@dataclass(frozen=True, eq=False)
class GiStar:
    """``z`` (no unit) and its two-sided ``p`` by the normal curve, one per place; NaN where there is no value."""

    z: Floats
    p: Floats


def gi_star(
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
) -> GiStarResult:
    """Find cells with more events around them than chance would give.

    Answers "where is it unusually bad?". Use `count` for the plain map, `clusters` for places a crew can go to, `local_moran` for lone peaks
    and calm corners.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    areas : GeoDataFrame, optional
        Named polygons (column ``name``) to test in the place of cells. They should be of about equal size and population: a large area holds
        more events for no other reason.
    cell_size : float or str, optional
        Side of a cell (hexagon: distance between opposite sides), in metres or with a unit ("500ft"). Chosen by sara if not given: the
        shorter side of `area` / 50, kept within 100 to 250 m (small areas: to 10 m, at least 20 cells). Recorded in ``settings``.
    shape : {"square", "hexagon"}
        Shape of a cell.
    grid : HotspotResult, GeoDataFrame or Grid, optional
        An earlier result, its ``.grid``, or a `sara.core.grid.Grid`: its cells and study area are used.
    contiguity : {"queen", "rook"}
        Neighbours of a cell: the eight around it, or the four that share a side; of a hexagon the six around it; of an area those that touch
        it, or share a side. The cell itself belongs to its neighbourhood.
    distance : float or str, optional
        Instead of `contiguity`: all cells whose centres lie within this distance, in metres or with a unit.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score) to add up and test in the place of the count.
    inference : {"exact", "conditional", "permutation", "analytic"}
        Where p comes from. "exact": all counts dealt at random to all cells, own cell included; the p-value of every cell is computed, no
        chance enters. "conditional": the cell's own count is held and its neighbours are drawn from all others, as esda, spdep and GeoDa do,
        computed. "permutation": the same by `n_sims` draws. "analytic": the normal curve behind z, as ArcGIS does. Where a distribution
        can't be computed (weights that are not whole numbers, huge sums), draws from the same null take its place; ``settings`` says why.
    confidence : float
        1 minus the false discovery rate: at 0.95, about 5 % of the cells called hot or cold are expected to be so by chance.
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
    GiStarResult
        ``table`` and ``grid``: one row per cell of the study area: ``row``, ``column`` (areas: ``name``), ``n`` (events), ``weight`` (sum of
        `weights`, where given), ``z`` (no unit), ``p`` (two-sided), ``p_adjusted`` (over all cells of the study area), ``is_hot`` (p_adjusted
        at most 1 - confidence, and more than expected), ``is_cold`` (the same, and less), ``geometry``. ``areas``: hot cells dissolved where
        they touch; named areas as they are.

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
    equal, z is 0 and nothing is hot.

    The exact p-value is of the sum of W_i counts drawn without replacement from all n, by convolution over the histogram of counts
    (`sara.core.stats.permutation`): mean and variance of that sum are those in z, so that z and p answer to the same null; only the normal
    curve is replaced by the true one. Two-sided: twice the smaller tail, at most 1. Sums of small counts come in steps, which makes the test
    slightly cautious, never generous.

    What may be said: "more calls than in the city's average cell and its neighbours", not "more than people there would lead one to expect".

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
    >>> calls = as_events(table, time="when", x="east", y="north", crs=32616)

    One address makes up the whole pattern. The normal curve takes it for a hot spot of four cells; dealt at random, 40 calls in one cell have
    to lie somewhere, and no place is unlikely to have them near.

    >>> int(gi_star(calls, cell_size="100m", inference="analytic").table["is_hot"].sum())
    4
    >>> int(gi_star(calls, cell_size="100m").table["is_hot"].sum())
    0
    """
    check_choice(inference, INFERENCE, name="inference")
    check_choice(adjust, ("fdr", None), name="adjust")
    confidence = check_confidence(confidence)
    n_sims, seed = check_count(n_sims, name="n_sims", least=99), check_seed(seed)
    found = field(
        events, method="gi_star", area=area, areas=areas, cell_size=cell_size, shape=shape, grid=grid, contiguity=contiguity, distance=distance,
        weights=weights, period=period,
    )  # fmt: skip
    x, near, words = found.values, found.near, found.words
    n_around = near.size.astype(float) + 1
    z = _standardize(near.sums + x, n_around, n_around, x).z
    by = chance(x, near, z, inference=inference, dealt=True, n_sims=n_sims, seed=seed, words=words, confidence=confidence)
    p_adjusted, correction, told = adjusted(by.p, adjust, words)
    sure = p_adjusted <= 1 - confidence + 1e-12
    is_hot, is_cold = sure & (by.side > 0) & (z > 0), sure & (by.side < 0) & (z < 0)
    table = found.table({"z": z, "p": by.p, "p_adjusted": p_adjusted, "is_hot": is_hot, "is_cold": is_cold})
    settings = {
        **found.settings,
        **by.settings,
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p_adjusted": correction,
    }
    cautions = (*nothing_differs(x, words[1]), *by.cautions, *told, *_null_words(inference, words))
    return GiStarResult.of(
        found.chosen, table=table, areas=found.areas(is_hot, p_adjusted, word="Hot area"), method="gi_star", settings=settings,
        cautions=(*found.cautions, *cautions),
    )  # fmt: skip


def _null_words(inference: str, words: tuple[str, str]) -> tuple[str, ...]:
    fit = {"place": words[0], "places": words[1]}
    first = {"analytic": (ANALYTIC,), "conditional": (RING.format(**fit),), "permutation": (RING.format(**fit),)}.get(
        inference, ()
    )
    return (*first, NULL.format(**fit))


def _numbers(values: npt.ArrayLike, weights: Any, *, star: bool = True) -> GiStar:
    """Return Gi* (or, without `star`, Gi) of any places.

    Parameters
    ----------
    values : array of float, (n,)
        One value per place; a missing one is left out, also as a neighbour.
    weights : array or sparse matrix, (n, n)
        Who is whose neighbour. A place is its own neighbour in Gi*: a diagonal of 0 is taken as 1, so that a matrix with or without the
        place itself gives the same answer. In Gi it never is, and mean and spread are those of the other places.
    """
    from scipy import sparse

    x, w, known = linked(values, weights)
    diagonal = w.diagonal()
    own = np.where(diagonal == 0, 1.0, 0.0) if star else -diagonal
    w = (w + sparse.diags_array(own)).tocsr()
    found = _standardize(w @ x, w.sum(axis=1), w.multiply(w).sum(axis=1), x, held=not star)
    z, p = np.full(len(known), np.nan), np.full(len(known), np.nan)
    z[known], p[known] = found.z, found.p
    return GiStar(z, p)


def _standardize(local: Floats, w: Floats, w2: Floats, x: Floats, *, held: bool = False) -> GiStar:
    """Return z of weighted sums of counts dealt at random, to all places or, `held`, to all but the place itself."""
    from scipy.special import ndtr

    n = len(x) - held
    mean = (x.sum() - held * x) / max(n, 1)
    spread = np.sqrt(
        np.maximum(((x - x.mean()) ** 2).sum() / max(n, 1) - held * (n + 1) / max(n, 1) ** 2 * (x - x.mean()) ** 2, 0)
    )
    room = np.sqrt(np.maximum(n * w2 - w**2, 0) / max(n - 1, 1))
    scale = spread * room
    # Equal values, or a neighbourhood of everything: the local sum is what it must be, no more and no less.
    safe = scale > 1e-12 * np.maximum(np.maximum(np.abs(mean), spread), 1e-300) * np.maximum(w, 1)
    z = np.divide(local - w * mean, scale, out=np.zeros(len(x)), where=safe)
    return GiStar(z, 2 * ndtr(-np.abs(z)))
