"""A number for every cell or named area and what lies around it: where Gi* and local Moran start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.units import metres
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._local.around import Around, around

__all__ = ["Field", "field", "linked", "nothing_differs"]

Floats = npt.NDArray[np.float64]

LEAST_EVENTS = 30
# How many times as large as a small area a large one may be before their counts can't be compared.
UNLIKE = 3.0


@dataclass(frozen=True, eq=False)
class Field:
    """Events counted by place.

    ``n`` are events, ``values`` what is tested (events or their summed weight), both in the order of the table; ``raster`` is ``values``
    as `cell_areas` takes it.
    """

    chosen: Selected
    n: npt.NDArray[np.int64]
    values: Floats
    raster: Floats
    near: Around
    contiguity: str
    settings: dict[str, Setting]
    cautions: tuple[str, ...]

    @property
    def words(self) -> tuple[str, str]:
        """What one place is called, and several."""
        assert self.chosen.grid is not None
        word = self.chosen.grid.word
        return word, f"{word}s"

    def table(self, columns: dict[str, Any]) -> gpd.GeoDataFrame:
        """Return one row per place with these columns before the geometry."""
        assert self.chosen.grid is not None
        out = self.chosen.grid.frame()
        given = {"n": self.n} if self.chosen.rows.weight is None else {"n": self.n, "weight": self.values}
        for name, column in {**given, **columns}.items():
            out.insert(len(out.columns) - 1, name, column)
        return out

    def areas(self, hot: npt.NDArray[np.bool_], p: Floats, *, word: str) -> gpd.GeoDataFrame:
        """Dissolve places that stand out where they touch; named areas stay as they are."""
        cells = self.chosen.grid
        assert cells is not None
        mask, chance = np.zeros(cells.member.shape, dtype=bool), np.ones(cells.member.shape)
        mask[cells.member], chance[cells.member] = hot, np.nan_to_num(p, nan=1.0)
        return cell_areas(self.chosen, self.raster, mask, chance, contiguity=self.contiguity, word=word)


def field(
    events: Any,
    *,
    method: str,
    area: Any,
    areas: Any,
    cell_size: Any,
    shape: str,
    grid: Any,
    contiguity: str,
    distance: Any,
    weights: str | None,
    period: Any,
) -> Field:
    """Count events by place, and what lies around each."""
    contiguity = check_choice(contiguity, ("queen", "rook"), name="contiguity")
    reach = None if distance is None else metres(distance, name="distance")
    chosen = select(
        events, area=area, areas=areas, period=period, method=method, cell_size=cell_size, shape=shape, grid=grid, weights=weights, least=LEAST_EVENTS
    )  # fmt: skip
    cells = chosen.grid
    assert cells is not None and chosen.code is not None
    counts = cells.counts(chosen.code, chosen.rows.n)
    raster = counts
    if chosen.rows.weight is not None:
        # Fractions add up to the same last digit only in the same order.
        order = np.lexsort((chosen.rows.weight, chosen.code))
        raster = cells.counts(chosen.code[order], chosen.rows.weight[order])
    values = raster[cells.member]
    near = around(cells, values, contiguity=contiguity, distance=reach)
    alone = int((near.size == 0).sum())
    by = {
        "contiguity": Setting(contiguity, "sara" if contiguity == "queen" else "you", _contiguity_words(cells.shape, contiguity))
    } if reach is None else {"distance": Setting(reach, "you", f"metres, from centre to centre; {near.size.mean():.3g} neighbors on average")}  # fmt: skip
    if alone:
        by["without_neighbors"] = Setting(alone, "sara", f"{cells.word}s without a neighbor in the study area")
    n = counts[cells.member].astype(np.int64)
    cautions = (*chosen.cautions, *(_unlike(cells.inside_km2()) if cells.shape == "area" else ()))
    return Field(chosen, n, values, raster, near, contiguity, {**chosen.settings, **by}, cautions)


def _unlike(km2: Floats) -> tuple[str, ...]:
    """Say so where areas are too unlike in size for their counts to be compared."""
    small, large = np.quantile(km2, (0.1, 0.9))
    if large < UNLIKE * small:
        return ()
    return (
        f"The areas are of unlike size (one in ten below {small:.2g} km2, one in ten above {large:.2g} km2): a large one holds more for no other "
        "reason. sara.hotspots.rates sets events against people or surface.",
    )


def _contiguity_words(shape: str, contiguity: str) -> str:
    if shape == "hexagon":
        return "the six cells around"
    if shape == "square":
        return "the eight cells around" if contiguity == "queen" else "the four cells that share a side"
    return "areas that touch" if contiguity == "queen" else "areas that share a side"


def linked(values: npt.ArrayLike, weights: Any) -> tuple[Floats, Any, npt.NDArray[np.bool_]]:
    """Return values and sparse weights of the places that have a number, and which these are.

    Raises
    ------
    InputError
        If `weights` is not a matrix with one row and one column per value.
    """
    from scipy import sparse

    x = np.asarray(values, dtype=float)
    w = sparse.csr_array(getattr(weights, "sparse", weights), dtype=float)
    if x.ndim != 1 or w.shape != (len(x), len(x)):
        raise InputError(
            f"`weights` must be a matrix of {x.size} by {x.size}. Got {w.shape}. Give one row and one column per value."
        )
    known = np.isfinite(x)
    return x[known], w[known][:, known], known


def nothing_differs(values: Floats, many: str) -> tuple[str, ...]:
    """Say so where all places hold the same."""
    if np.ptp(values) > 0:
        return ()
    return (f"All {many} hold the same number of events: there is nothing to tell one from another.",)
