"""Default points of a table that stays in an engine, by the rules of the table in memory."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import geopandas as gpd
import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sara.core.source import EventSource
from sara.data.quality.stacks import (
    Stack,
    Stacked,
    known_stacks,
    likeness,
    n_different,
    rows_at,
    stack_numbers,
    stack_row,
    stack_table,
    stand_ins,
)
from sara.scan._attach import Attached, collect
from sara.scan._source import coded, on_map, text

__all__ = ["source_defaults"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# A point is the same to a centimetre.
SAME = 0.01


def source_defaults(source: EventSource) -> gpd.GeoDataFrame:
    """Return the default points that the record knows, else those found among the rows, largest first; see `sara.audit` for the rules."""
    frame = source.lazy().filter(on_map())
    known = known_stacks(source)
    stacks = _search(source, frame) if known is None else known
    if not stacks:
        return stack_table([], source.crs)
    cells = _near(frame, stacks)
    at = rows_at(cells, np.array([[stack.x, stack.y] for stack in stacks]))
    n_located = int(collect(frame.select(nw.len().alias("n")))["n"][0].as_py())
    texts = {name: _codes(cells[name]) for name in ("place", "address", "origin")}
    n = cells["n"].to_numpy(dtype=np.int64)
    here = [np.repeat(np.flatnonzero(at == i), n[at == i]) for i in range(len(stacks))]
    rows = [stack_row(stack, where, texts, n_located) for stack, where in zip(stacks, here, strict=True) if len(where)]
    return stack_table(rows, source.crs)


def _near(frame: Any, stacks: list[Any]) -> pd.DataFrame:
    """Count the rows on the stacks by place, address and origin."""
    x, y = nw.col("x"), nw.col("y")
    boxes = [(x > stack.x - SAME) & (x < stack.x + SAME) & (y > stack.y - SAME) & (y < stack.y + SAME) for stack in stacks]
    keys = ["x", "y", "place", "address", "origin"]
    few = frame.filter(reduce(or_, boxes)).select("x", "y", *(text(name).alias(name) for name in keys[2:]))
    return collect(few.group_by(*keys).agg(nw.len().cast(nw.Int64).alias("n"))).to_pandas()


def _codes(values: pd.Series) -> tuple[Ints, npt.NDArray[np.object_]]:
    codes, words = pd.factorize(values.astype(object), use_na_sentinel=True)
    return codes.astype(np.int64), np.asarray(words, dtype=object)


def _search(source: EventSource, frame: Any) -> list[Stack]:
    """Find the default points among all rows, largest first."""
    # A place and an address that read alike are two.
    spare = nw.when(text("place").is_null()).then(text("address")).otherwise(nw.lit(None))
    office = nw.when(text("origin").fill_null("") == "administrative").then(nw.lit(1)).otherwise(nw.lit(0))
    few = frame.select(
        nw.col("x").cast(nw.Float64), nw.col("y").cast(nw.Float64), text("place").alias("place"), spare.cast(nw.String).alias("spare"),
        office.cast(nw.Int64).alias("office"),
    )  # fmt: skip
    sums = [nw.len().cast(nw.Int64).alias("n"), nw.col("office").sum().cast(nw.Int64)]
    cells = collect(few.group_by("x", "y", "place", "spare").agg(*sums))
    if not len(cells):
        return []
    x, y, n, worked = (cells[column].to_numpy() for column in ("x", "y", "n", "office"))
    number = stack_numbers(pd.DataFrame({"x": x, "y": y}))
    sizes = np.bincount(number, weights=n).astype(np.int64)
    place, spared = coded(cells["place"])[1], coded(cells["spare"])[1]
    shown = np.where(place >= 0, place, np.where(spared >= 0, place.max(initial=-1) + 1 + spared, -1))
    order = np.lexsort((y, x, number))
    first = order[np.unique(number[order], return_index=True)[1]]
    office_share = np.bincount(number, weights=worked, minlength=len(sizes)) / sizes
    stacks = Stacked(x[first], y[first], sizes, n_different(shown, number, len(sizes)), office_share)
    points = pd.DataFrame({"x": x, "y": y, "stack": number})
    return stand_ins(stacks, lambda big: _mixes(source, frame, points, big))


def _mixes(source: EventSource, frame: Any, points: pd.DataFrame, big: Ints) -> Floats:
    """Return how like the whole file's mix of types each of the big stacks is."""
    points = points[points["stack"].isin(big)].drop_duplicates()
    table = pa.table({name: pa.array(points[name].to_numpy()) for name in points})
    typed = frame.select(nw.col("x").cast(nw.Float64), nw.col("y").cast(nw.Float64), text("type").alias("type"))
    typed = typed.filter(~nw.col("type").is_null())
    city = collect(typed.group_by("type").agg(nw.len().cast(nw.Int64).alias("n"))).to_pandas().set_index("type")["n"].sort_index()
    if city.empty:
        return np.zeros(len(big))
    attach = Attached(source.lazy())
    mine = typed.join(attach(table), on=["x", "y"], how="inner").group_by("stack", "type")
    counts = (
        collect(mine.agg(nw.len().cast(nw.Int64).alias("n"))).to_pandas().set_index(["stack", "type"])["n"].unstack(fill_value=0)
    )
    counts = counts.reindex(index=big, columns=city.index, fill_value=0)
    total = city.to_numpy(dtype=float)
    return np.array([likeness(here.astype(float), total - here) for here in counts.to_numpy()])
