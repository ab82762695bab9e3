"""A small table of ours beside the rows, in the engine that has them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

__all__ = ["Attached", "can_attach", "collect", "engine_of"]

# Others (pandas, PyArrow) have their rows in memory anyway.
ENGINES = ("duckdb", "polars", "pyspark")


def can_attach(source: Any) -> bool:
    """Say whether small tables can be brought to this engine; the rows of another come into memory."""
    return engine_of(source.lazy()) in ENGINES


def engine_of(frame: Any) -> str:
    """Return the engine's name as narwhals has it."""
    return str(frame.implementation.name).lower().removesuffix("_connect")


def collect(frame: Any) -> pa.Table:
    """Bring a reduced frame home."""
    out = frame.collect(backend="pyarrow") if isinstance(frame, nw.LazyFrame) else frame
    return out.to_arrow()


class Attached:
    """Small tables in the engine of a frame; files that DuckDB reads them from live as long as this object."""

    def __init__(self, like: Any) -> None:
        self._like = like
        self._engine = engine_of(like)
        self._folder = tempfile.TemporaryDirectory(prefix="sara-") if self._engine == "duckdb" else None
        self._n = 0

    def __call__(self, table: pa.Table) -> Any:
        """Return the table as a frame that can be joined with the rows."""
        native = self._like.to_native()
        if self._engine == "duckdb":
            return nw.from_native(self._duckdb(native, table))
        if self._engine == "polars":
            import polars as pl

            return nw.from_native(pl.DataFrame(pl.from_arrow(table)).lazy())
        return nw.from_native(native.sparkSession.createDataFrame(table.to_pandas(), schema=_spark_schema(table)))

    def settled(self, frame: Any) -> Any:
        """Return the frame as DuckDB has written it down, so that several questions read it without making it again; elsewhere as it is."""
        if self._folder is None:
            return frame
        path = self._path()
        native = frame.to_native()
        native.write_parquet(path.as_posix(), compression="lz4")
        return nw.from_native(native.query(f"sara_rows_{self._n}", f"SELECT * FROM read_parquet('{path.as_posix()}')"))

    def _duckdb(self, relation: Any, table: pa.Table) -> Any:
        # A file, because a relation belongs to a connection that nobody hands out, and any connection can read a file.
        import pyarrow.parquet as pq

        path = self._path()
        pq.write_table(table, path)
        return relation.query(f"sara_rows_{self._n}", f"SELECT * FROM read_parquet('{path.as_posix()}')")

    def _path(self) -> Path:
        if self._folder is None:
            raise RuntimeError("no folder for the tables of DuckDB")
        self._n += 1
        return Path(self._folder.name) / f"{self._n}.parquet"


def _spark_schema(table: pa.Table) -> str:
    words = {pa.string(): "string", pa.int64(): "bigint", pa.float64(): "double"}
    return ", ".join(f"`{field.name}` {words[field.type]}" for field in table.schema)
