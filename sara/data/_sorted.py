"""Parts of an event table, each in order, to one Parquet file in order: in memory that grows with neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.event_columns import COLUMNS, FEW, column_of
from sara.core.parquet import RECORD_KEY
from sara.data._order import order_of
from sara.data.addresses.columns import normalize_places

__all__ = ["EventParts", "event_arrow"]

# Rows sorted at a time, rows of a group in the parts, and in the file: what is read together later.
BUCKET, PART_GROUP, GROUP = 500_000, 50_000, 100_000
LAST = int(np.iinfo(np.int64).max)


@dataclass(eq=False)
class EventParts:
    """Parts of one event table, kept on disk until all are there.

    Parameters
    ----------
    folder : Path
        Where the parts stand.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    spans: list[list[tuple[int, int]]] = field(default_factory=list)
    days: dict[int, int] = field(default_factory=dict)
    seen: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64"))
    places: dict[str, str | None] | None = None

    def add(self, events: gpd.GeoDataFrame) -> None:
        """Write one part; it is in order already."""
        import pyarrow.parquet as pq

        events = self._with_own_ids(events)
        path = self.folder / f"part-{len(self.files):05d}.parquet"
        time = _seconds(events)
        pq.write_table(event_arrow(events), path, row_group_size=PART_GROUP, compression="lz4")
        self.files.append(path)
        self.spans.append(
            [(int(time[i]), int(time[min(i + PART_GROUP, len(time)) - 1])) for i in range(0, len(time), PART_GROUP)]
        )
        days = np.where(time == LAST - 1, LAST, time // 86_400)
        for day, n in zip(*np.unique(days, return_counts=True), strict=True):
            self.days[int(day)] = self.days.get(int(day), 0) + int(n)

    def _with_own_ids(self, events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Count rows of equal content on from part to part, where sara made their ids."""
        ids = events["id"].astype(object)
        made = ids.str.fullmatch(r"row-[0-9a-f]{16}(?:-[0-9]+)?").fillna(False).to_numpy(dtype=bool)
        if not made.any():
            return events
        base = ids[made].str.slice(0, 20)
        ahead = self.seen.reindex(base).fillna(0).to_numpy(dtype=np.int64)
        count = base.value_counts()
        self.seen = self.seen.add(count, fill_value=0).astype("int64")
        if not ahead.any():
            return events
        own = ids[made].str.slice(21).where(ids[made].str.len() > 20, "1").astype(np.int64).to_numpy() + ahead
        new = ids.to_numpy(dtype=object).copy()
        new[made] = [one if k == 1 else f"{one}-{k}" for one, k in zip(base, own, strict=True)]
        return events.assign(id=pd.Series(new, index=events.index).astype(events["id"].dtype))

    def days_and_counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the days that have rows, in order, and how many; rows without a time are not among them."""
        days = sorted(day for day in self.days if day != LAST)
        return np.array(days, dtype=np.int64), np.array([self.days[day] for day in days], dtype=np.int64)

    def write(self, path: Path, *, crs: Any, record: dict[str, Any], hours: bool) -> None:
        """Write all rows in the one order of an event table, with geometry, coordinate system and record.

        Parameters
        ----------
        path : Path
            The file.
        crs : pyproj.CRS
            Of x and y.
        record : dict
            For the metadata.
        hours : bool
            Whether the times of the whole have an hour; a part whose times were all midnights then gets its hours too.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = self._schema()
        geo = {
            "version": "1.0.0", "primary_column": "geometry",
            "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"], "crs": crs.to_json_dict()}},
        }  # fmt: skip
        out = schema.insert(_after_y(schema), pa.field("geometry", pa.binary()))
        out = out.with_metadata({b"geo": json.dumps(geo).encode(), RECORD_KEY: json.dumps(record).encode()})
        # One stretch is written while the next is read and sorted.
        with pq.ParquetWriter(path, out, compression="zstd") as writer, ThreadPoolExecutor(1) as pool:
            written = None
            for table in self._buckets(schema):
                rows = _shaped(_ordered(_hours(table) if hours else table)).cast(out)
                if written is not None:
                    written.result()
                written = pool.submit(writer.write_table, rows, row_group_size=GROUP)
            if written is not None:
                written.result()

    def _schema(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        found = [pq.read_schema(file).remove_metadata() for file in self.files]
        return pa.unify_schemas(found, promote_options="permissive")

    def _buckets(self, schema: Any) -> Iterator[Any]:
        """Yield the rows of one stretch of days after another, those without a time last."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        for low, high in self._edges():
            parts = []
            for file, spans in zip(self.files, self.spans, strict=True):
                groups = [i for i, (first, last) in enumerate(spans) if first < high and last >= low]
                if not groups:
                    continue
                table = pq.ParquetFile(file).read_row_groups(groups)
                t = pc.fill_null(table.column("t_local"), LAST - 1)
                parts.append(table.filter(pc.and_(pc.greater_equal(t, low), pc.less(t, high))).cast(schema))
            yield self._placed(pa.concat_tables(parts).unify_dictionaries())

    def name_places(self) -> None:
        """Name the places anew from all addresses together: whether a city belongs to the name, and what is a street, shows in the whole only."""
        import pyarrow.parquet as pq

        known: set[str] = set()
        for file in self.files:
            known.update(pq.read_table(file, columns=["address"]).column(0).unique().to_pylist())
        addresses = pd.Series(sorted(known - {None}), dtype=object)  # type: ignore[arg-type]
        named = normalize_places(addresses)
        self.places = dict(zip(addresses, named.astype(object).where(named.notna(), None), strict=True))

    def _placed(self, table: Any) -> Any:
        import pyarrow as pa

        if self.places is None:
            return table
        at = table.schema.get_field_index("place")
        chunks: list[Any] = []
        known = words = None
        for chunk in table.column("address").chunks:
            if known is None or not chunk.dictionary.equals(known):
                known = chunk.dictionary
                words = pa.array([self.places[text] for text in known.to_pylist()], pa.string())
            chunks.append(words.take(chunk.indices).dictionary_encode())  # type: ignore[union-attr]
        return table.set_column(at, "place", pa.chunked_array(chunks, table.schema.field("place").type)).unify_dictionaries()

    def compact(self, columns: list[str]) -> pd.DataFrame:
        """Return a few columns of all parts in memory, texts as categories."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema, data = self._schema(), {}
        for name in columns:
            # One column after another: all of them as Arrow would take as much memory again.
            wanted = [name, "address"] if name == "place" else [name]
            form = pa.schema([schema.field(one) for one in wanted])
            table = pa.concat_tables([pq.read_table(file, columns=wanted).cast(form) for file in self.files]).unify_dictionaries()
            data[name] = column_of((self._placed(table) if name == "place" else table).column(name), name, True)
            del table
            pa.default_memory_pool().release_unused()
        return pd.DataFrame(data)

    def _edges(self) -> list[tuple[int, int]]:
        days, n = self.days_and_counts()
        out, first, held = [], None, 0
        for day, count in zip(days, n, strict=True):
            if first is not None and held + count > BUCKET:
                out.append((first * 86_400, int(day) * 86_400))
                first, held = None, 0
            first, held = int(day) if first is None else first, held + int(count)
        if first is not None:
            out.append((first * 86_400, (int(days[-1]) + 1) * 86_400))
        return [*out, (LAST - 1, LAST)] if LAST in self.days else out


def event_arrow(events: gpd.GeoDataFrame) -> Any:
    """Return an event table as Arrow: texts as dictionaries, no geometry."""
    import pyarrow as pa

    columns = {}
    for name in events.columns:
        values = events[name]
        if str(values.dtype) == "geometry":
            continue
        if pd.api.types.is_string_dtype(values.dtype) or pd.api.types.is_object_dtype(values.dtype):
            text = pa.array(values, from_pandas=True)
            text = (text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text).cast(pa.string())
            columns[name] = text.dictionary_encode() if name in FEW or name not in COLUMNS else text
        else:
            columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def _seconds(events: pd.DataFrame) -> np.ndarray:
    t = events["t_local"]
    # Rows without a time stand last, and alone.
    return np.where(t.isna(), LAST - 1, t.fillna(0).to_numpy(dtype=np.int64)) if len(t) else np.zeros(0, dtype=np.int64)


def _hours(table: Any) -> Any:
    import pyarrow as pa

    t = table.column("t_local").to_numpy()
    known = ~np.isnan(t.astype(float))
    hour = np.where(known, np.where(known, t, 0).astype(np.int64) // 3_600 % 24, 0).astype(np.int8)
    return table.set_column(table.schema.get_field_index("hour"), "hour", pa.array(hour, mask=~known))


def _ordered(table: Any) -> Any:
    frame = pd.DataFrame({name: column_of(table.column(name), name, False) for name in table.column_names})
    order = order_of(frame.assign(geometry=None))  # type: ignore[arg-type]
    return table if order is None else table.take(order)


def _shaped(table: Any) -> Any:
    import pyarrow as pa

    x, y = (table.column(name).to_numpy() for name in ("x", "y"))
    known = np.isfinite(x) & np.isfinite(y)
    # A point as well-known binary: the byte order, the kind of shape, x and y, in 21 bytes.
    shapes = np.zeros(int(known.sum()), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    shapes["order"], shapes["kind"], shapes["x"], shapes["y"] = 1, 1, x[known], y[known]
    ends = np.r_[0, np.cumsum(known) * shapes.dtype.itemsize].astype(np.int32)
    mask = pa.array(known).buffers()[1]
    points = pa.Array.from_buffers(pa.binary(), len(x), [mask, pa.py_buffer(ends), pa.py_buffer(shapes.tobytes())])
    return table.add_column(_after_y(table.schema), "geometry", points)


def _after_y(schema: Any) -> int:
    return int(schema.get_field_index("y")) + 1
