"""Named areas in the place of cells: the same questions asked of neighbourhoods, beats and tracts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.cells import surfaces
from sara.core.checks import check_areas
from sara.core.errors import InputError
from sara.core.units import metres
from sara.data.places import area_numbers

__all__ = ["AreaUnits"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Outlines drawn apart by less than this touch: two files, or two clerks, never agree to the last centimetre.
GAP = 1.0
# A side is shared where outlines run together for longer than this; corners are not.
SHARED = 10.0
# Areas that share this much of the smaller one overlap; below it is how outlines are drawn.
SLIVER = 0.01


@dataclass(frozen=True, eq=False)
class AreaUnits:
    """Named areas, asked the same way as the cells of a grid: one code per area, 0 to n - 1.

    Parameters
    ----------
    names : array of str, (n,)
        Each area's name.
    shapes : array of polygons, (n,)
        In metres.
    area : shapely geometry
        All of them.
    crs : object
        Coordinate reference system.
    number : array of int, (n,)
        The row of the table given in which each area stands.
    """

    names: npt.NDArray[np.object_]
    shapes: npt.NDArray[Any]
    area: BaseGeometry
    crs: Any
    number: Ints

    shape: ClassVar[str] = "area"
    word: ClassVar[str] = "area"
    cell_size: ClassVar[None] = None

    @classmethod
    def of(cls, areas: Any, *, crs: Any) -> Self:
        """Return the units of a table of polygons, named by its column ``name``, else numbered.

        Raises
        ------
        InputError
            If `areas` are not polygons with one row per name.
        """
        frame = check_areas(areas, name="areas", crs=crs)
        names = (
            frame["name"].astype(object)
            if "name" in frame.columns
            else pd.Series([f"area {i}" for i in range(1, len(frame) + 1)])
        )
        if names.isna().any():
            raise InputError(
                f"`areas` must have a name each. Got none in {names.isna().sum():,} of {len(names):,} rows. "
                "Write: areas['name'] = areas['name'].fillna('unnamed'), and areas = areas.dissolve('name').reset_index() where that makes one name of several"
            )
        if names.duplicated().any():
            raise InputError(
                f"`areas` must have one row per name. Got {names[names.duplicated()].iloc[0]!r} more than once. "
                "Write: areas = areas.dissolve('name').reset_index(), or sara.read_areas('neighborhoods.geojson')"
            )
        shapes = surfaces(frame.geometry.to_numpy())
        ground = shapely.union_all(shapes)
        if ground.area == 0:
            raise InputError(
                "`areas` must have a surface. Got empty shapes. Check the boundary file: sara.read_areas('neighborhoods.geojson')"
            )
        return cls(names.astype(str).to_numpy(dtype=object), shapes, ground, frame.crs, np.arange(len(frame)))

    def inside(self, ground: BaseGeometry) -> Self:
        """Return the parts of the areas that lie in a study area; areas without any are left out."""
        shapes = surfaces(shapely.intersection(self.shapes, ground))
        kept = shapely.area(shapes) > 1e-9 * shapely.area(self.shapes)
        if not kept.any():
            raise InputError("`area` must overlap with `areas`. Got no overlap. Check that both are of the same city.")
        return type(self)(self.names[kept], shapes[kept], shapely.intersection(self.area, ground), self.crs, self.number[kept])

    def overlapping(self) -> int:
        """Return how many areas share more than `SLIVER` of their surface with another; outlines that only cross a little are drawn apart."""
        one, other = shapely.STRtree(self.shapes).query(self.shapes, predicate="intersects")
        one, other = one[one < other], other[one < other]
        size = shapely.area(self.shapes)
        shared = shapely.area(shapely.intersection(self.shapes[one], self.shapes[other]))
        twice = shared > SLIVER * np.minimum(size[one], size[other])
        return len(np.unique(np.r_[one[twice], other[twice]]))

    @property
    def n_cells(self) -> int:
        """How many areas."""
        return len(self.names)

    @property
    def member(self) -> npt.NDArray[np.bool_]:
        """Every area is one of the units."""
        return np.ones(len(self.names), dtype=bool)

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Return the first area that holds each point; -1 outside all."""
        return area_numbers(np.asarray(x, dtype=float), np.asarray(y, dtype=float), self.shapes)

    def counts(self, code: Ints, weights: Floats | Ints | None = None) -> Floats:
        """Return the number (or summed weight) of points in each area."""
        inside = code >= 0
        held = None if weights is None else weights[inside]
        return np.bincount(code[inside], weights=held, minlength=self.n_cells).astype(float)

    def frame(self) -> gpd.GeoDataFrame:
        """Return one row per area: ``name``, ``geometry``."""
        return gpd.GeoDataFrame({"name": self.names}, geometry=self.shapes, crs=self.crs)

    def layout(self) -> None:
        """Areas are not drawn from rows and columns."""

    def centres(self) -> tuple[Floats, Floats]:
        """Return x and y of the centroids."""
        centre = shapely.centroid(self.shapes)
        return shapely.get_x(centre), shapely.get_y(centre)

    def inside_km2(self) -> Floats:
        """Return the surface of each area, km2."""
        return np.asarray(shapely.area(self.shapes) / 1e6)

    def neighbours(self, contiguity: str = "queen", distance: float | str | None = None) -> Any:
        """Return who is whose neighbour: areas that touch (queen), that share a side (rook), or whose centroids lie within `distance`."""
        from scipy import sparse
        from scipy.spatial import cKDTree

        n = self.n_cells
        if distance is not None:
            pairs = cKDTree(np.column_stack(self.centres())).query_pairs(metres(distance, name="distance"), output_type="ndarray")
        else:
            pairs = self._touching if contiguity == "queen" else self._touching[self._share_a_side(self._touching)]
        both = np.r_[pairs, pairs[:, ::-1]].astype(np.int32).reshape(-1, 2)
        found = sparse.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
        found.sort_indices()
        return found

    @cached_property
    def _touching(self) -> Ints:
        one, other = shapely.STRtree(self.shapes).query(self.shapes, predicate="dwithin", distance=GAP)
        return np.column_stack([one, other])[one < other]

    def _share_a_side(self, pairs: Ints) -> npt.NDArray[np.bool_]:
        rims = shapely.boundary(self.shapes)
        wide = shapely.buffer(self.shapes, GAP)
        return np.asarray(shapely.length(shapely.intersection(rims[pairs[:, 0]], wide[pairs[:, 1]])) > SHARED)
