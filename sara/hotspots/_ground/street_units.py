"""Street pieces and intersections in the place of cells: each event on one of them, or near none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.network import AT_JUNCTION, Nodes, nodes_of, on_streets, street_lines
from sara.core.result import Counts, Setting
from sara.core.source import as_source
from sara.hotspots._ground.area import Selected, select, study_area

__all__ = ["SNAP", "StreetUnits", "select_streets"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A call further from every street than this lies in a park or on a parcel's far side: no street's count should carry it.
SNAP = 50.0
# Half the width of a street with its pavements: the shape that stands for a line where a surface is wanted.
HALF_WIDTH = 20.0


@dataclass(frozen=True, eq=False)
class StreetUnits:
    """Pieces of street between junctions (0 to k - 1), and the junctions of three or more of them (k to n - 1).

    Parameters
    ----------
    names : array of str, (n,)
        "W 4TH ST" of a piece, "W 4TH ST / ELM AVE" of an intersection; numbers where the layer has no names.
    lines : array of LineStrings, (k,)
        The pieces, metres.
    nodes : Nodes
        Where they end.
    junctions : array of int, (n - k,)
        The nodes that are units of their own.
    words : tuple of str
        What has to be said about the layer.
    """

    names: npt.NDArray[np.object_]
    lines: npt.NDArray[Any]
    nodes: Nodes
    junctions: Ints
    n_same: int
    crs: Any
    words: tuple[str, ...] = ()

    shape: ClassVar[str] = "street"

    @classmethod
    def of(cls, streets: Any, *, crs: Any, ground: BaseGeometry | None) -> Self:
        """Return the units of a street layer that meet the study area."""
        pieces = street_lines(streets, crs=crs)
        lines, row = pieces.lines, pieces.row
        if ground is not None:
            shapely.prepare(ground)
            near = shapely.intersects(ground, lines)
            lines, row = lines[near], row[near]
            if not len(lines):
                raise InputError(
                    "`streets` must lie in the study area. Got no street there. Check that both are of the same city."
                )
        nodes = nodes_of(lines)
        junctions = np.flatnonzero(nodes.degree >= 3)
        if isinstance(streets, gpd.GeoDataFrame) and "name" in streets.columns:
            named = streets["name"].astype(object).where(streets["name"].notna(), "unnamed street").to_numpy()[row].astype(str)
        else:
            named = np.array([f"street {i + 1}" for i in row], dtype=object)
        names = np.r_[named.astype(object), _junction_names(named, nodes, junctions)]
        return cls(names, lines, nodes, junctions, pieces.n_same, crs, pieces.words)

    @property
    def n_cells(self) -> int:
        """Pieces and intersections."""
        return len(self.names)

    @property
    def is_junction(self) -> npt.NDArray[np.bool_]:
        """Which units are intersections."""
        return np.arange(self.n_cells) >= len(self.lines)

    def locate(self, x: Floats, y: Floats, *, limit: float = SNAP) -> Ints:
        """Return the unit of each point; -1 where no street is within `limit` metres."""
        segment, node, _ = on_streets(x, y, self.lines, self.nodes, limit=limit)
        place = np.full(len(self.nodes.x), -1, dtype=np.int64)
        place[self.junctions] = len(self.lines) + np.arange(len(self.junctions))
        return np.where(node >= 0, place[node], segment)

    def counts(self, code: Ints, weights: Floats | Ints | None = None) -> Floats:
        """Return the number (or summed weight) of points of each unit."""
        inside = code >= 0
        held = None if weights is None else weights[inside]
        return np.bincount(code[inside], weights=held, minlength=self.n_cells).astype(float)

    def frame(self) -> gpd.GeoDataFrame:
        """Return one row per unit: ``name``, ``kind``, ``length_m`` (0 of an intersection), ``geometry``."""
        points = shapely.points(self.nodes.x[self.junctions], self.nodes.y[self.junctions])
        kind = np.where(self.is_junction, "intersection", "street")
        length = np.r_[shapely.length(self.lines), np.zeros(len(points))]
        data = {"name": self.names, "kind": kind, "length_m": length}
        return gpd.GeoDataFrame(data, geometry=np.r_[self.lines, points], crs=self.crs)

    def layout(self) -> None:
        """Streets are not drawn from rows and columns."""

    def stretches(self, chosen: npt.NDArray[np.bool_]) -> tuple[int, Ints]:
        """Return how many groups of chosen units hang together, and the group of each unit; -1 for the others."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n, k = self.n_cells, len(self.lines)
        # Units hang together through the node they share: a node is a vertex of this graph too.
        one = np.r_[np.arange(k), np.arange(k), k + np.arange(len(self.junctions))]
        node = n + np.r_[self.nodes.start, self.nodes.end, self.junctions]
        keep = chosen[one]
        size = n + len(self.nodes.x)
        graph = coo_array((np.ones(keep.sum()), (one[keep], node[keep])), shape=(size, size))
        label = connected_components(graph, directed=False)[1][:n]
        group = np.full(n, -1, dtype=np.int64)
        found, number = np.unique(label[chosen], return_inverse=True)
        group[chosen] = number
        return len(found), group

    def surface(self, units: npt.NDArray[np.bool_]) -> BaseGeometry:
        """Return the ground that chosen units stand for: 20 m to either side."""
        shapes = self.frame().geometry.to_numpy()[units]
        return shapely.union_all(shapely.buffer(shapes, HALF_WIDTH))


def select_streets(
    events: Any, streets: Any, *, area: Any, period: Any, method: str, weights: str | None = None, snap: Setting | None = None
) -> Selected:
    """Choose rows as `select` does, and put each on a street piece or an intersection; those near no street are counted."""
    near_street = snap or Setting(SNAP, "sara", "an event further from every street belongs to none; metres")
    source = as_source(events)
    crs = getattr(events, "crs", None) if source is None else source.crs
    ground = _around(streets, crs) if area is None and crs is not None else area
    chosen = select(events, area=ground, period=period, method=method, weights=weights, cells=False)
    units = StreetUnits.of(
        streets, crs=chosen.rows.crs, ground=None if area is None else study_area(area, crs=chosen.rows.crs)[0]
    )
    code = units.locate(chosen.rows.x, chosen.rows.y, limit=near_street.value)
    near = code >= 0
    rows = chosen.rows.only(near)
    n_used, before = int(rows.n.sum()), chosen.counts
    far = before.rows_used - n_used
    counts = Counts(before.rows_in, n_used, {**before.left_out, f"further than {near_street.value:g} m from a street": far})
    if n_used == 0:
        raise NotEnoughDataError(
            f"{method} needs at least 1 event near a street. Got 0. Check that `streets` is of the same city."
        )
    settings = {
        **chosen.settings,
        "streets": Setting(f"{len(units.lines):,} pieces and {len(units.junctions):,} intersections", "you"),
        "snap": near_street,
        "at_intersection": Setting(
            AT_JUNCTION, "sara", "an event this near an intersection belongs to it and to no street; metres"
        ),
    }
    if area is None:
        settings["area"] = Setting(settings["area"].value, "sara", "around all of `streets`")
    cautions = (*chosen.cautions, *units.words)
    return replace(chosen, rows=rows, code=code[near], grid=units, counts=counts, settings=settings, cautions=cautions)  # type: ignore[arg-type]


def _around(streets: Any, crs: Any) -> gpd.GeoSeries:
    """Return the ground around a whole street layer."""
    lines = street_lines(streets, crs=crs).lines
    hull = shapely.convex_hull(shapely.geometrycollections(lines))
    return gpd.GeoSeries([shapely.buffer(hull, SNAP)], crs=crs)


def _junction_names(names: npt.NDArray[Any], nodes: Nodes, junctions: Ints) -> npt.NDArray[np.object_]:
    """Return "A / B" from the streets that meet, the names in order."""
    held: dict[int, set[str]] = {int(node): set() for node in junctions}
    for ends in (nodes.start, nodes.end):
        for node, name in zip(ends, names, strict=True):
            if node in held:
                held[int(node)].add(str(name))
    return np.array([" / ".join(sorted(held[int(node)])) for node in junctions], dtype=object)
