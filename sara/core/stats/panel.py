"""Counts of events by place and month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = ["count_panel", "known_period", "members", "month_edges", "point_tree", "season_matched"]

_MONTH = pd.Timedelta(days=31)


def month_edges(anchor: pd.Timestamp, first: int, last: int) -> list[pd.Timestamp]:
    """Return the starts of months `first` to `last` counted from `anchor` (negative before it), and the end of the last one."""
    return [anchor + pd.DateOffset(months=k) for k in range(first, last + 1)]


def point_tree(x: np.ndarray, y: np.ndarray) -> shapely.STRtree:
    """Return an index of points, built once for all that asks of them."""
    return shapely.STRtree(shapely.points(x, y))


def known_period(time: np.ndarray, first: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the covered period, cut to the events where a month or more at an edge has none at all.

    A table keeps the record of its file when it is filtered by time; months that were filtered away are unknown, not empty.
    """
    known = time[(time >= np.datetime64(first)) & (time < np.datetime64(end))]
    if len(known) == 0:
        return first, end
    opens, closes = pd.Timestamp(known.min()).normalize(), pd.Timestamp(known.max()).normalize() + pd.Timedelta(days=1)
    return (opens if opens - first > _MONTH else first), (closes if end - closes > _MONTH else end)


def members(
    tree: shapely.STRtree, geometries: Sequence[BaseGeometry], *, exclusive: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return (place, point) pairs of points inside or on places; `exclusive`: a point on a shared edge belongs to the first place alone."""
    shapes = np.asarray(geometries, dtype=object)
    shapely.prepare(shapes)
    place, point = tree.query(shapes, predicate="intersects")
    if exclusive:
        order = np.lexsort((place, point))
        place, point = place[order], point[order]
        keep = np.r_[True, np.diff(point) > 0] if len(point) else np.zeros(0, dtype=bool)
        place, point = place[keep], point[keep]
    order = np.lexsort((point, place))
    return place[order], point[order]


def count_panel(place: np.ndarray, time: np.ndarray, n_places: int, edges: Sequence[pd.Timestamp]) -> np.ndarray:
    """Return counts of shape (places, months) of events whose place and time are given; times outside the edges are passed over."""
    bounds = np.array([np.datetime64(edge, "us") for edge in edges])
    month = np.searchsorted(bounds, np.asarray(time, dtype="datetime64[us]"), side="right") - 1
    inside = (month >= 0) & (month < len(bounds) - 1)
    out = np.zeros((n_places, len(bounds) - 1), dtype=np.int64)
    np.add.at(out, (place[inside], month[inside]), 1)
    return out


def season_matched(before: Sequence[int], after: Sequence[int]) -> np.ndarray | None:
    """Return which months before to use so that each calendar month of `after` appears equally often.

    Parameters
    ----------
    before, after : sequence of int
        Calendar months (1-12) in order of time.

    Returns
    -------
    array of bool or None
        The latest ones are kept; None where a calendar month of `after` is missing before.
    """
    wanted = {month: list(after).count(month) for month in after}
    rounds = min((list(before).count(month) // n for month, n in wanted.items()), default=0)
    if rounds == 0:
        return None
    left = {month: rounds * n for month, n in wanted.items()}
    keep = np.zeros(len(before), dtype=bool)
    for i in range(len(before) - 1, -1, -1):
        if left.get(before[i], 0) > 0:
            keep[i] = True
            left[before[i]] -= 1
    return keep
