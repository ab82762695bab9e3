"""A table that stays in an engine, as the board counts it: the same entries and the same courses, and only counts come home."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sara.core.checks import record_of
from sara.core.engine import day_index
from sara.core.errors import InputError
from sara.core.keys import place_key
from sara.core.result import Counts
from sara.core.source import COLUMNS as COLUMN_NAMES
from sara.core.source import EventSource, in_period
from sara.scan._attach import Attached, collect, engine_of
from sara.scan._defaults import default_rows
from sara.scan._rows import (
    ADMINISTRATIVE,
    ALARM,
    COMMUNITY,
    DAY,
    LONGEST_HANDLING,
    OFFICER,
    WEEK,
    Course,
    Read,
    Rows,
    codes_of,
    counted,
)

__all__ = ["categories_of", "check_source", "coded", "on_map", "read_source", "text"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Rows in which repeated ones are looked for at a time: what a search in one stretch of the period holds in memory.
STRETCH = 8_000_000
HUGE = 1e300
# Numbers without a common measure: seconds and metres so weighed give hardly two moments and places the same sum.
EAST, NORTH = 0.7071067811865476, 0.3819660112501051
LOCATION = ["place", "x", "y"]
CELL = ["category", *LOCATION]
ASKED = ["s", "dow", "hour", "caller", "type", "handling", "w"]
COLUMNS = [*CELL, "origin", "s", "dow", "hour", "caller", "type", "handling", "further", "w"]


def categories_of(source: EventSource) -> set[str]:
    """Return the categories of all rows."""
    found = collect(source.lazy().group_by("category").agg(nw.len().alias("n")))["category"].to_pylist()
    return {str(word) for word in found if word is not None}


def check_source(source: EventSource, *, name: str) -> None:
    """Refuse a source without the columns of an event table, or one that is not in metres."""
    missing = [column for column in ("category", "x", "y") if column not in source.columns]
    if missing:
        raise InputError(
            f"`{name}` must be an event table. Got a table without {', '.join(missing)}. Make it from the publisher's file: sara.convert('calls.csv', 'calls.parquet')"
        )
    if source.crs is None or not source.crs.is_projected:
        raise InputError(
            f"`{name}` must have x and y in metres. Got {'no coordinate reference system' if source.crs is None else source.crs.name}. "
            f"Write: {name} = sara.open_events({name}, crs=32616) with the system of its x and y"
        )
    if source.n_rows == 0:
        raise InputError(f"`{name}` has no rows. Has an earlier filter removed them all?")


def on_map() -> Any:
    """Return the expression for rows with a usable location."""
    x, y = nw.col("x"), nw.col("y")
    return ~x.is_null() & ~y.is_null() & (x > -HUGE) & (x < HUGE) & (y > -HUGE) & (y < HUGE)


def text(column: str) -> Any:
    """Return the expression for a column as plain text."""
    return nw.col(column).cast(nw.String)


def read_source(
    source: EventSource,
    start: pd.Timestamp,
    end: pd.Timestamp,
    *,
    defaults: gpd.GeoDataFrame,
    not_problems: Collection[str],
    crs: Any = None,
) -> Read:
    """Return the cells of a source: one entry for equal rows of category, place, coordinates and origin; in the coordinates of `crs`."""
    frame = source.lazy()
    attach = Attached(frame)
    plain = _compact(frame.filter(in_period(start, end)), start, record_of(source))
    repeated = _repeated(source, start, end, attach)
    events = plain if repeated is None else nw.concat([plain, attach(repeated).select(COLUMNS)], how="vertical")
    cells = _cells(events)
    x, y = (cells[name].to_numpy(zero_copy_only=False) for name in ("x", "y"))
    default = default_rows(pd.DataFrame({"x": x, "y": y}), defaults)
    located = np.isfinite(x) & np.isfinite(y)
    blank = cells["category"].is_null().to_numpy(zero_copy_only=False)
    excluded = pc.is_in(cells["category"], value_set=pa.array(sorted(not_problems), pa.string())).to_numpy(zero_copy_only=False)
    n, again, origin = (cells[name].to_numpy(zero_copy_only=False).astype(np.int64) for name in ("n", "again", "origin"))
    counts, unknown = _what_became(
        source, start, end, np.r_[n, again], origin=np.r_[origin, origin], blank=np.r_[blank, blank], excluded=np.r_[excluded, excluded],
        off_map=~np.r_[located, located], duplicate=np.r_[np.zeros(len(n), dtype=bool), np.ones(len(n), dtype=bool)], default=np.r_[default, default],
    )  # fmt: skip
    once = np.flatnonzero(located & ~blank & (n > 0))
    twice = np.flatnonzero(located & ~blank & (again > 0))
    keep = np.r_[once, twice]
    duplicate = np.r_[np.zeros(len(once), dtype=bool), np.ones(len(twice), dtype=bool)]
    cells = cells.take(pa.array(keep))
    kx, ky = _in_crs(x[keep], y[keep], source.crs, crs)
    categories, category = coded(cells["category"])
    places, place = _places(cells["place"], kx, ky)
    further = np.where(duplicate, 0, cells["further"].to_numpy(zero_copy_only=False)).astype(float)
    rows = Rows(
        categories=tuple(str(word) for word in categories), places=places, category=category, place=place, origin=origin[keep], x=kx, y=ky,
        n=np.where(duplicate, again[keep], n[keep]), first=cells["first"].to_numpy(zero_copy_only=False).astype(np.int64), further=further,
        duplicate=duplicate, default=default[keep], no_problem=excluded[keep],
    )  # fmt: skip
    order = np.lexsort((rows.duplicate, rows.origin, rows.y, rows.x, rows.place, rows.category))
    rows = Rows(
        categories=rows.categories,
        places=rows.places,
        **{k: v[order] for k, v in vars(rows).items() if k not in ("categories", "places")},
    )
    cells = cells.take(pa.array(order))
    told = int(pc.sum(cells["callers"]).as_py() or 0)
    usable = events.filter((nw.col("origin") == COMMUNITY) & ~nw.col("category").is_null() & ~nw.col("x").is_null())
    moments = _SourceMoments(usable, attach, cells.select(CELL), tuple(sorted(not_problems)), told > 0)
    return Read(rows, moments, counts, unknown, told > 0)


def _compact(frame: Any, start: pd.Timestamp, record: dict[str, Any], weight: Any = None) -> Any:
    """Return the columns the board needs, in the same kinds on every engine."""
    origin, hour = text("origin").fill_null(""), nw.col("hour").cast(nw.Int64)
    seconds = _second_of("closed") - _second_of("arrived") if engine_of(frame) == "pyspark" else _span()
    located = on_map()
    s = nw.col("t_local") - int((start - pd.Timestamp(0)) // pd.Timedelta(seconds=1))
    nothing = nw.lit(None)
    return frame.select(
        text("category").alias("category"),
        nw.when(located).then(text("place").fill_null("")).otherwise(nw.lit("")).alias("place"),
        nw.when(located).then(nw.col("x").cast(nw.Float64)).otherwise(nothing).alias("x"),
        nw.when(located).then(nw.col("y").cast(nw.Float64)).otherwise(nothing).alias("y"),
        nw.when(origin == "officer").then(nw.lit(OFFICER)).when(origin == "alarm").then(nw.lit(ALARM))
        .when(origin == "administrative").then(nw.lit(ADMINISTRATIVE)).otherwise(nw.lit(COMMUNITY)).cast(nw.Int64).alias("origin"),
        s.cast(nw.Int64).alias("s"),
        ((day_index(nw.col("t_local")) + 700_003) % 7).cast(nw.Int64).alias("dow"),
        (hour if record.get("time_precision") not in ("day", "month") else nothing.cast(nw.Int64)).alias("hour"),
        text("caller").alias("caller"),
        text("type").alias("type"),
        nw.when((seconds >= 0) & (seconds <= LONGEST_HANDLING)).then(seconds).otherwise(nothing).alias("handling"),
        (nw.when(nw.col("n_reports") > 1).then(nw.col("n_reports")).otherwise(nw.lit(1)).cast(nw.Int64) - 1).alias("further"),
        (nw.lit(1).cast(nw.Int64) if weight is None else weight).alias("w"),
    )  # fmt: skip


def _span() -> Any:
    """Return the expression for whole seconds from arrival to close."""
    return (nw.col("closed") - nw.col("arrived")).dt.total_seconds().cast(nw.Int64)


def _second_of(column: str) -> Any:
    """Return the expression for the number of a moment's second, for engines that give no difference of times."""
    at = nw.col(column).dt
    years = at.year().cast(nw.Int64) - 1
    days = years * 365 + years // 4 - years // 100 + years // 400 + at.ordinal_day().cast(nw.Int64)
    return days * DAY + at.hour().cast(nw.Int64) * 3_600 + at.minute().cast(nw.Int64) * 60 + at.second().cast(nw.Int64)


def _repeated(source: EventSource, start: pd.Timestamp, end: pd.Timestamp, attach: Attached) -> pa.Table | None:
    """Return rows equal in every column but `id`, with how often each comes again as a negative weight."""
    record = record_of(source)
    if record.get("time_precision") in ("day", "month"):
        return None
    columns = [name for name in source.columns if name not in ("id", "geometry", "merged_ids")]
    frame = source.lazy().filter(on_map())
    n_parts = -(-source.n_rows // STRETCH)
    edges = pd.DatetimeIndex(np.linspace(start.value, end.value, n_parts + 1).astype("datetime64[ns]")).floor("s")
    found = []
    for low, high in zip([start, *edges[1:-1]], [*edges[1:-1], end], strict=True):
        here = frame.filter(in_period(low, high))
        # Equal rows have equal numbers; one number a group is a third of the work, and the few that meet by chance are told apart below.
        number = nw.col("t_local").cast(nw.Float64) + nw.col("x") * EAST + nw.col("y") * NORTH
        alike = here.select(number.alias("key"), "t_local", "x").group_by("key")
        alike = alike.agg(nw.len().alias("n"), nw.col("t_local").min(), nw.col("x").min()).filter(nw.col("n") > 1)
        keys = collect(alike.select("t_local", "x"))
        if not len(keys):
            continue
        # Publishers' own columns have names with dots and spaces, which not every engine groups by.
        safe = {name: name if name in COLUMN_NAMES else f"_{i}" for i, name in enumerate(columns)}
        same = here.join(attach(keys), on=["t_local", "x"], how="semi").select(
            **{new: nw.col(name) for name, new in safe.items()}
        )
        same = same.group_by(*safe.values()).agg(nw.len().alias("_n")).filter(nw.col("_n") > 1)
        whole = EventSource(same, record, source.crs).lazy()
        found.append(collect(_compact(whole, start, record, 1 - nw.col("_n").cast(nw.Int64))))
    table = pa.concat_tables(found) if found else None
    return table if table is not None and len(table) else None


def _cells(events: Any) -> pa.Table:
    """Count the rows of each category, place, pair of coordinates and origin; rows without a location by category and origin."""
    w, again = nw.col("w"), nw.when(nw.col("w") < 0).then(-nw.col("w")).otherwise(nw.lit(0))
    events = events.with_columns(again.cast(nw.Int64).alias("_again"), (nw.col("further") * w).alias("_further"))
    # Engines add whole numbers up in wider kinds of their own.
    sums = [
        w.sum().cast(nw.Int64).alias("n"),
        nw.col("_again").sum().cast(nw.Int64).alias("again"),
        nw.col("s").min().alias("first"),
    ]
    sums += [nw.col("_further").sum().cast(nw.Int64).alias("further"), nw.col("caller").count().alias("callers")]
    return collect(events.group_by(*CELL, "origin").agg(*sums)).combine_chunks()


def _what_became(source: EventSource, start: pd.Timestamp, end: pd.Timestamp, n: Ints, **masks: Any) -> tuple[Counts, float]:
    """Return what became of every row, and the share of rows whose origin is not published."""
    no_time = nw.col("t_local").is_null()
    inside = nw.when(no_time).then(nw.lit(False)).otherwise(in_period(start, end))
    kinds = source.lazy().select(
        nw.col("t_local").is_null().alias("no_time"), inside.alias("inside"), nw.col("origin").is_null().alias("unknown")
    )
    told = collect(kinds.group_by("no_time", "inside", "unknown").agg(nw.len().alias("n"))).to_pandas()
    without, all_rows = int(told.loc[told["no_time"], "n"].sum()), int(told["n"].sum())
    outside = int(told.loc[~told["no_time"] & ~told["inside"], "n"].sum())
    two = {name: np.r_[mask, np.zeros(2, dtype=mask.dtype)] for name, mask in masks.items()}
    counts = counted(
        np.r_[n, without, outside], no_time=np.r_[np.zeros(len(n), dtype=bool), True, False],
        outside=np.r_[np.zeros(len(n), dtype=bool), True, True], **two,
    )  # fmt: skip
    return counts, float(told.loc[told["unknown"], "n"].sum() / max(all_rows, 1))


def _in_crs(x: Floats, y: Floats, own: Any, wanted: Any) -> tuple[Floats, Floats]:
    if wanted is None or own is None or own == wanted:
        return x, y
    points = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=own).to_crs(wanted)
    return points.x.to_numpy(), points.y.to_numpy()


def coded(words: Any) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the sorted words of an Arrow column and a code per row, -1 where missing."""
    table = (words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words).dictionary_encode()
    found = table.dictionary.to_numpy(zero_copy_only=False).astype(object)
    order = np.argsort(found.astype(str), kind="stable")
    at = np.full(len(found) + 1, -1, dtype=np.int64)
    at[order] = np.arange(len(found))
    return found[order], at[pc.fill_null(table.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)]


def _places(words: Any, x: Floats, y: Floats) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the place keys of `sara.core.keys`, made once for each place and each square."""
    names, code = coded(words)
    blank = np.flatnonzero(names[code] == "") if "" in set(names[:1]) else np.array([], dtype=np.int64)
    if not len(blank):
        return names, code
    keys = place_key(pd.DataFrame({"place": np.full(len(blank), None, dtype=object), "x": x[blank], "y": y[blank]}))
    squares, which = codes_of(keys)
    every = np.unique(np.r_[names[names != ""].astype(str), squares.astype(str)])
    out = np.searchsorted(every, np.where(names == "", every[0], names).astype(str))[code].astype(np.int64)
    out[blank] = np.searchsorted(every, squares.astype(str))[which]
    return every.astype(object), out


@dataclass(frozen=True)
class _SourceMoments:
    """The clock of rows that stay in an engine: calls from the public on the map, joined with the cells asked about."""

    events: Any
    attach: Attached
    cells: pa.Table
    not_problems: tuple[str, ...]
    has_callers: bool

    def by_week(self, rows: Rows, n_weeks: int) -> Floats:
        out = np.zeros((len(rows.categories), n_weeks))
        self._add(out, self._weeks(self.events, n_weeks), rows.categories, 1.0)
        beside = np.flatnonzero(rows.default & (rows.origin == COMMUNITY))
        if len(beside):
            self._add(
                out,
                self._weeks(self._joined(beside, np.zeros(len(beside), dtype=np.int64), LOCATION), n_weeks),
                rows.categories,
                -1.0,
            )
        out[np.isin(rows.categories, self.not_problems)] = 0.0
        return out

    def area_weeks(self, rows: Rows, area: Ints, wanted: Sequence[int], n_weeks: int) -> dict[int, Floats]:
        out = {a: np.zeros(n_weeks) for a in wanted}
        at = np.flatnonzero(rows.used & np.isin(area, wanted))
        if not len(at):
            return out
        open_rows = self._joined(at, area[at], LOCATION).filter(~nw.col("category").is_in(list(self.not_problems) or [""]))
        for label, week, n in self._weeks(open_rows, n_weeks, "label").itertuples(index=False):
            out[int(label)][int(week)] = n
        return out

    def courses(self, rows: Rows, members: Sequence[Ints], n_weeks: int) -> list[Course]:
        if not members:
            return []
        labels = np.repeat(np.arange(len(members)), [len(at) for at in members])
        # Joined once, and kept beside: five questions are asked of the same rows.
        mine = self.attach.settled(self._joined(np.concatenate(members), labels, CELL).select("label", *ASKED))
        weekly, clock = np.zeros((len(members), n_weeks)), np.zeros((len(members), 7, 24), dtype=np.int64)
        for label, week, n in self._weeks(mine, n_weeks, "label").itertuples(index=False):
            weekly[label, week] = n
        hours = self._sum(mine.filter(~nw.col("hour").is_null()), "label", "dow", "hour")
        clock[hours["label"], hours["dow"], hours["hour"]] = hours["n"]
        types = self._sum(mine.filter(~nw.col("type").is_null()), "label", "type").query("n > 0").groupby("label")["n"]
        every = range(len(members))
        same = (types.max() / types.sum()).reindex(every).to_numpy(dtype=float)
        spans = self._spans(mine).set_index("label").reindex(every).to_dict("list")
        callers = self._callers(mine).set_index("label").reindex(every).to_dict("list")
        return [
            Course(
                n=int(rows.n[at].sum()), weekly=weekly[i], clock=clock[i], first=int(spans["first"][i]), last=int(spans["last"][i]),
                handling=float(spans["handling"][i]) / 3600 if spans["handled"][i] > 0 else np.nan,
                n_callers=float(callers["n"][i]), top_caller=float(callers["top"][i]), same_type=float(same[i]),
            )
            for i, at in enumerate(members)
        ]  # fmt: skip

    def _joined(self, at: Ints, label: Ints, on: list[str]) -> Any:
        """Return the events of these cells, each with the label of its cell."""
        table = self.cells.select(on).take(pa.array(at)).append_column("label", pa.array(label, pa.int64()))
        return self.events.join(self.attach(table.group_by([*on, "label"]).aggregate([])), on=on, how="inner")

    def _weeks(self, events: Any, n_weeks: int, *keys: str) -> pd.DataFrame:
        week = (nw.col("s") // WEEK).cast(nw.Int64).alias("week")
        return self._sum(events.filter(nw.col("s") < n_weeks * WEEK).with_columns(week), *(keys or ("category",)), "week")

    def _sum(self, events: Any, *keys: str) -> pd.DataFrame:
        found = events.select(*keys, "w").group_by(*keys).agg(nw.col("w").sum().cast(nw.Int64).alias("n"))
        return collect(found).to_pandas()

    def _add(self, out: Floats, weeks: pd.DataFrame, categories: tuple[str, ...], sign: float) -> None:
        code = pd.Index(categories).get_indexer(pd.Index(weeks["category"].astype(object)))
        np.add.at(out, (code, weeks["week"].to_numpy(dtype=np.int64)), sign * weeks["n"].to_numpy(dtype=float))

    def _spans(self, mine: Any) -> pd.DataFrame:
        known = nw.when(nw.col("handling").is_null()).then(nw.lit(0)).otherwise(nw.col("w")).cast(nw.Int64)
        few = mine.select("label", "s", known.alias("known"), (nw.col("handling").fill_null(0) * nw.col("w")).alias("worked"))
        sums = [nw.col("s").min().alias("first"), nw.col("s").max().alias("last")]
        sums += [nw.col("worked").sum().cast(nw.Int64).alias("handling"), nw.col("known").sum().cast(nw.Int64).alias("handled")]
        return collect(few.group_by("label").agg(*sums)).to_pandas()

    def _callers(self, mine: Any) -> pd.DataFrame:
        if not self.has_callers:
            return pd.DataFrame({"label": pd.Series(dtype=np.int64), "n": pd.Series(dtype=float), "top": pd.Series(dtype=float)})
        each = (
            mine.filter(~nw.col("caller").is_null())
            .group_by("label", "caller")
            .agg(nw.col("w").sum().cast(nw.Int64).alias("times"))
        )
        top = each.filter(nw.col("times") > 0).group_by("label").agg(nw.len().alias("n"), nw.col("times").max().alias("top"))
        return collect(top).to_pandas()
