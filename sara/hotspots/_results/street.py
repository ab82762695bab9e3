"""What a density along streets answers with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.network import Nodes
from sara.core.wording import percent
from sara.hotspots._result import HotspotResult
from sara.hotspots._surfaces.network import Lixels, lixel_shapes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["StreetResult", "hot_stretches"]

# Classes in multiples of the mean density of all streets, each wider and darker than the one before.
TIMES = (1.0, 2.0, 3.0, 5.0, 8.0)
WIDTHS = (0.7, 1.1, 1.6, 2.3, 3.2)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class StreetResult(HotspotResult):
    """How crowded events lie along streets.

    Parameters
    ----------
    lixels : DataFrame
        ``street`` (row of ``table``), ``start_m``, ``end_m`` (along it), ``density`` (events per km of street).
    """

    lixels: pd.DataFrame

    title: ClassVar[str] = "Which streets, from where to where?"
    score: ClassVar[str | None] = "density"

    def _text(self) -> str:
        table, pieces = self.table, self.lixels
        length = (pieces["end_m"] - pieces["start_m"]).to_numpy()
        hot = pieces["density"].to_numpy() >= self.settings["dense_from"].value
        held = float(
            (pieces["density"].to_numpy() * length)[hot].sum() / max(float((pieces["density"].to_numpy() * length).sum()), 1e-300)
        )
        at = int(table.loc[table["kind"] == "intersection", "n"].sum())
        first = (
            f"From {self._span()}, {self.counts.rows_used:,} {self.noun} on {length.sum() / 1000:,.0f} km of streets, {percent(at / self.counts.rows_used)} of them at "
            f"intersections: stretches at least 3 times as dense as the mean street hold {percent(held)} of the density on {percent(length[hot].sum() / length.sum())} "
            "of the length."
        )
        if self.areas.empty:
            return first
        top = self.areas.iloc[0]
        return f"{first} {top['name']} is the largest of them, with {top['n']:,} {self.noun}."

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import list_areas
        from sara.plot import maps

        pieces, mean = self.lixels, float(self.settings["mean_density"].value)
        what = str(self.settings["weights"].value) if "weights" in self.settings else self.noun
        lines = self.table.geometry.to_numpy()[(self.table["kind"] == "street").to_numpy()]
        shapes = lixel_shapes(lines, self._lixels())
        group = np.searchsorted(np.array(TIMES) * mean, pieces["density"].to_numpy(), side="right") - 1
        maps.lines(ax, lines, color=maps.STREET, width=0.4, zorder=1)
        colors = maps.class_colors(len(TIMES) + 1)[1:]
        for k, (color, width) in enumerate(zip(colors, WIDTHS, strict=True)):
            maps.lines(ax, shapes[group == k], color=color, width=width, zorder=2 + k / 10)
        labels = [f"{_say(a * mean)} to {_say(b * mean)} ({a:g} to {b:g} times)" for a, b in pairwise(TIMES)]
        labels.append(f"{_say(TIMES[-1] * mean)} and more (from {TIMES[-1]:g} times)")
        looks = [({"color": c, "width": w + 1.0}, label) for c, w, label in zip(colors, WIDTHS, labels, strict=True)]
        maps.key(
            ax,
            [({"color": maps.STREET, "width": 0.8}, f"below the mean of {_say(mean)}"), *looks],
            title=f"{what} per km of street",
            side=side,
        )
        list_areas(ax, self, title="At least 3 times the mean", side=side)
        return f"{what} per km of street, spread over {self.settings['bandwidth'].value:g} m along streets"

    def _lixels(self) -> Lixels:
        street, end = self.lixels["street"].to_numpy(), self.lixels["end_m"].to_numpy()
        many = np.bincount(street)
        first = np.r_[0, np.cumsum(many)]
        length = end[first[1:] - 1]
        return Lixels(first, length / many, length)


def hot_stretches(
    lines: npt.NDArray[np.object_], nodes: Nodes, lixels: Lixels, hot: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return the stretch of each lixel and of each node (-1: none), and the stretches as MultiLineStrings."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, size = len(hot), len(hot) + len(nodes.x)
    first, last = lixels.first[:-1], lixels.first[1:] - 1
    follows = np.flatnonzero(np.diff(lixels.line) == 0)
    one = np.r_[follows, first, last]
    other = np.r_[follows + 1, n + nodes.start, n + nodes.end]
    # A node belongs to the stretch of any dense lixel that ends at it; two lixels hang together where both are dense.
    keep = hot[one] & np.where(other < n, hot[np.minimum(other, n - 1)], True)
    graph = coo_array((np.ones(int(keep.sum())), (one[keep], other[keep])), shape=(size, size))
    label = connected_components(graph, directed=False)[1]
    found, number = np.unique(label[:n][hot], return_inverse=True)
    of_label = np.full(size, -1, dtype=np.int64)
    of_label[found] = np.arange(len(found))
    group = np.where(hot, of_label[label[:n]], -1)
    shapes = lixel_shapes(lines, lixels)[hot]
    order = np.argsort(number, kind="stable")
    joined = shapely.multilinestrings(shapes[order], indices=number[order]) if len(found) else np.empty(0, dtype=object)
    return group, of_label[label[n:]], joined


def _say(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
