"""The rows of one kind inside one outline, wherever the rows are."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from sara.core.engine import counts_by_location
from sara.core.source import EventSource
from sara.scan._attach import Attached, can_attach

__all__ = ["rows_inside"]

Bools = npt.NDArray[np.bool_]


def rows_inside(events: Any, outline: shapely.Geometry) -> Any:
    """Return the rows of an event table or a source that lie inside a polygon in their own coordinates.

    A source is cut to the polygon's box by its engine; of what is left, each distinct location is asked once. It stays a source.
    """
    if not isinstance(events, EventSource):
        return _of_table(events, outline)
    west, south, east, north = outline.bounds
    boxed = events.where(f"x >= {west!r} and x <= {east!r} and y >= {south!r} and y <= {north!r}")
    if not can_attach(events):
        # Its rows are in memory anyway.
        return _of_table(boxed.load(limit=boxed.n_rows), outline)
    spots = counts_by_location(boxed)
    x, y = (spots[name].to_numpy(dtype=float) for name in ("x", "y"))
    here = shapely.contains_xy(outline, x, y)
    frame = boxed.lazy().with_columns(nw.col("x").cast(nw.Float64), nw.col("y").cast(nw.Float64))
    attach = Attached(frame)
    inside = frame.join(attach(pa.table({"x": x[here], "y": y[here]})), on=["x", "y"], how="semi")
    return EventSource(inside, events.attrs.get("sara"), events.crs, keep=(events, attach))


def _of_table(events: Any, outline: shapely.Geometry) -> Any:
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    inside: Bools = shapely.contains_xy(outline, x, y)
    out = events[inside]
    out.attrs = dict(events.attrs)
    return out
