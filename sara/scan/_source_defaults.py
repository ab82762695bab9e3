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

from sara.core.checks import record_of
from sara.core.source import EventSource
from sara.data import _stacks as rules
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
    record = record_of(source)
    if "default_why" in record:
        points = rules.known_points(source)  # type: ignore[arg-type]
        whys = [(str(rule), float(ratio), np.nan if mix is None else float(mix)) for rule, ratio, mix in record["default_why"]]
        stacks = [rules.Stack(float(x), float(y), int(n), *why) for (x, y, n), why in zip(points, whys, strict=True)]
    else:
        stacks = _search(source, frame)
    if not stacks:
        return rules._table([], source.crs)
    cells = _near(frame, stacks)
    at = rules.rows_at(cells, np.array([[stack.x, stack.y] for stack in stacks]))
    n_located = int(collect(frame.select(nw.len().alias("n")))["n"][0].as_py())
    texts = {name: _codes(cells[name]) for name in ("place", "address", "origin")}
    n = cells["n"].to_numpy(dtype=np.int64)
    here = [np.repeat(np.flatnonzero(at == i), n[at == i]) for i in range(len(stacks))]
    rows = [rules._row(stack, where, texts, n_located) for stack, where in zip(stacks, here, strict=True) if len(where)]
    rows.sort(key=lambda row: (-row["n"], row["x"], row["y"]))
    return rules._table(rows, source.crs)


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


def _search(source: EventSource, frame: Any) -> list[Any]:
    """Find the default points among all rows, largest first."""
    name = nw.when(text("place").is_null()).then(text("address")).otherwise(text("place"))
    office = nw.when(text("origin").fill_null("") == "administrative").then(nw.lit(1)).otherwise(nw.lit(0))
    few = frame.select(
        nw.col("x").cast(nw.Float64), nw.col("y").cast(nw.Float64), name.alias("name"), office.cast(nw.Int64).alias("office")
    )
    sums = [nw.len().cast(nw.Int64).alias("n"), nw.col("office").sum().cast(nw.Int64)]
    cells = collect(few.group_by("x", "y", "name").agg(*sums))
    if not len(cells):
        return []
    x, y, n, worked = (cells[column].to_numpy() for column in ("x", "y", "n", "office"))
    centimetres = pd.MultiIndex.from_arrays([np.round(values * 100).astype(np.int64) for values in (x, y)])
    number = np.asarray(pd.factorize(centimetres, sort=True)[0], dtype=np.int64)
    sizes = np.bincount(number, weights=n).astype(np.int64)
    ranked = np.lexsort((np.arange(len(sizes)), -sizes))
    candidates = ranked[sizes[ranked] >= rules.LEAST]
    if len(candidates) == 0:
        return []
    addresses = rules._different(coded(cells["name"])[1], number, len(sizes))
    crowded = max(rules.LEAST_ADDRESSES, rules.ADDRESS_FACTOR * float(np.quantile(addresses[sizes >= 2], 0.99)))
    ratio = rules._size_ratios(sizes[ranked])
    office_share = np.bincount(number, weights=worked, minlength=len(sizes)) / sizes
    big = candidates[: rules.BIG_STACKS]
    mixes = _mixes(source, frame, pd.DataFrame({"x": x, "y": y, "stack": number}), big)
    alike = mixes >= rules.MIX_RATIO
    rare = len(alike) >= 10 and alike.sum() - 1 <= rules.FEW_OTHERS * len(alike)
    order = np.lexsort((y, x, number))
    first = order[np.unique(number[order], return_index=True)[1]]
    found = []
    for rank, stack in enumerate(candidates):
        mix = float(mixes[rank]) if rank < rules.BIG_STACKS else 0.0
        if addresses[stack] >= crowded:
            rule, mix = "addresses", np.nan
        elif ratio[rank] >= rules.SIZE_RATIO and mix >= rules.MIX_RATIO:
            rule = "mix"
        elif ratio[rank] >= rules.SIZE_RATIO and office_share[stack] >= max(rules.OFFICE, 1.5 * worked.sum() / n.sum()):
            rule = "station"
        elif mix >= rules.LIKE_CITY and rare and sizes[stack] >= rules.MANY * n.sum():
            rule = "like the city"
        else:
            continue
        at = first[stack]
        found.append(rules.Stack(float(x[at]), float(y[at]), int(sizes[stack]), rule, float(ratio[rank]), mix))
    return found


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
    return np.array([rules._mix(here.astype(float), total - here) for here in counts.to_numpy()])
