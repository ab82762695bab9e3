"""From outlines to the table of clusters: exact counts inside, the test, the names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.hotspots._ground.area import Selected
from sara.hotspots._ground.areas import finish_areas, place_words
from sara.hotspots._ground.rows import Rows

__all__ = ["Outlined", "apart", "around", "cluster_table", "inside_of", "stacks", "tail", "weight_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Beyond this many places an outline is drawn from every tenth of eps.
MANY = 4_000


@dataclass(frozen=True, eq=False)
class Outlined:
    """Clusters as shapes in the study area that do not overlap, the p-value of each, and what only their method knows of them."""

    shapes: list[Any]
    p: list[float]
    columns: dict[str, list[Any]] = field(default_factory=dict)


def weight_of(rows: Rows) -> Floats:
    """Return the weight of each row, which is its number of events where no weights are given."""
    return rows.n.astype(np.float64) if rows.weight is None else rows.weight


def cluster_table(chosen: Selected, found: Outlined, months: float) -> gpd.GeoDataFrame:
    """Return one row per cluster, from exact counts inside its outline; ``attrs["kept"]`` says which cluster each row is."""
    rows, weight = chosen.rows, weight_of(chosen.rows)
    place, x, y = stacks(rows.x, rows.y)
    inside, owner = inside_of(found.shapes, x, y)
    stack_n = np.bincount(place, weights=rows.n, minlength=len(x)).astype(np.int64)
    order = np.lexsort((weight, place))
    stack_weight = np.bincount(place[order], weights=weight[order], minlength=len(x))
    total = float(np.sort(weight).sum())
    cluster_of = np.full(len(x), -1, dtype=np.int64)
    cluster_of[inside] = owner
    found_rows = []
    for i, shape in enumerate(found.shapes):
        here = inside[owner == i]
        n, held = int(stack_n[here].sum()), float(stack_weight[here].sum())
        row = {
            "n": n,
            "excess": held - total * shape.area / chosen.area.area,
            "p_adjusted": found.p[i],
            "per_month": n / months,
            "n_places": len(here),
            "top_share": float(stack_n[here].max() / n) if n else 0.0,
            **{name: values[i] for name, values in found.columns.items()},
        }
        found_rows.append({**row, "weight": held} if rows.weight is not None else row)
    columns = ["n", "excess", "p_adjusted", "per_month", "n_places", "top_share", *found.columns]
    frame = pd.DataFrame(found_rows, columns=columns + (["weight"] if rows.weight is not None else []))
    frame = frame.astype({"n": "int64", "n_places": "int64"})
    # The asked-for density can chain places into an outline that is no denser than the rest; that is not a hot spot.
    keep = np.flatnonzero((frame["excess"] > 0).to_numpy(dtype=bool))
    names = place_words(chosen, cluster_of[place], keep)
    frame = frame.iloc[keep].assign(_cluster=keep).reset_index(drop=True)
    return finish_areas(chosen, frame, [found.shapes[i] for i in keep], names, word="Cluster")


def around(x: Floats, y: Floats, eps: float, area: Any) -> Any:
    """Return everything in the study area within half of `eps` of these places."""
    if len(x) > MANY:
        squares = np.c_[x // (eps / 10), y // (eps / 10)]
        first = np.unique(squares, axis=0, return_index=True)[1]
        x, y = x[first], y[first]
    shape = shapely.union_all(shapely.buffer(shapely.points(x, y), eps / 2, quad_segs=8))
    # Cutting along a city's shore is slow; most clusters lie well inside.
    shapely.prepare(area)
    return shape if shapely.covers(area, shape) else shapely.intersection(shape, area)


def apart(shapes: list[Any], area: Any) -> list[Any]:
    """Return shapes cut to the study area and, where two overlap, left to the one that comes first."""
    cut = shapely.intersection(np.array(shapes, dtype=object), area)
    one, other = shapely.STRtree(cut).query(cut, predicate="intersects") if len(cut) else ((), ())
    before: dict[int, list[int]] = {}
    for i, j in zip(one, other, strict=True):
        if j < i:
            before.setdefault(int(i), []).append(int(j))
    out: list[Any] = []
    for i, shape in enumerate(cut):
        rest = shapely.difference(shape, shapely.union_all([out[j] for j in before[i]])) if i in before else shape
        parts = [part for part in shapely.get_parts(rest) if part.geom_type == "Polygon"]
        out.append(shapely.union_all(parts) if parts else shapely.Polygon())
    return out


def stacks(x: Floats, y: Floats) -> tuple[Ints, Floats, Floats]:
    """Return each point's number among the different coordinates, and these."""
    order = np.lexsort((x, y))
    new = np.r_[True, (np.diff(x[order]) != 0) | (np.diff(y[order]) != 0)]
    place = np.empty(len(x), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return place, x[order][new], y[order][new]


def inside_of(outlines: list[Any], x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """Return the coordinates inside an outline, and which one."""
    if not outlines:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    owner, inside = shapely.STRtree(shapely.points(x, y)).query(np.array(outlines, dtype=object), predicate="intersects")
    # Outlines of the lattice may meet within its step: the first one has the point.
    inside, first = np.unique(inside, return_index=True)
    return inside.astype(np.int64), owner[first].astype(np.int64)


def tail(most: float, n: int, chance: float) -> float:
    """Return the chance that any one of `n` events has so many within a disc that holds `chance` of an even scatter (Bonferroni)."""
    from scipy.special import bdtrc

    return float(min(1.0, n * bdtrc(most - 2, n - 1, min(chance, 1.0)))) if most >= 2 else 1.0
