"""Event tables that need not fit in memory: a Parquet file, DuckDB, Polars or Spark behind one small interface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import narwhals as nw
import numpy as np
import pandas as pd
import pyproj

from sara.core.errors import InputError, suggest
from sara.core.event_columns import COLUMNS, FEW, absent, column_of, nothing, with_month
from sara.core.expression import condition
from sara.core.parquet import looks_like_parquet, metadata_of, parquet_files, said_by, scan
from sara.core.predicate import parse_predicate

__all__ = ["EventSource", "as_source", "is_source", "open_events"]

# More rows than this are not brought into memory unasked: about 3 GB as an event table.
LOAD_MOST = 5_000_000
RAW_CAUTION = (
    "This table carries no record of sara's: its x and y are taken to be metres and its times to be local, and its period is what its rows cover. "
    "Make it with sara.convert to have them checked."
)


class EventSource:
    """An event table that stays where it is; methods ask it for counts.

    Parameters
    ----------
    native : DataFrame, LazyFrame or relation
        Whatever narwhals takes: Polars, PyArrow, DuckDB, Spark, pandas. It has the columns of the event table, at least ``t_local``.
    record : dict, optional
        What reading it has learned, as in ``attrs["sara"]`` of an event table.
    crs : optional
        Coordinate reference system of ``x`` and ``y``.
    keep : object, optional
        What must live as long as the source, such as a connection.
    files : sequence of Path, optional
        The Parquet files that it is the whole of.

    Notes
    -----
    A source is never changed: `where` and `select_period` give a narrower one.
    """

    def __init__(
        self, native: Any, record: dict[str, Any] | None = None, crs: Any = None, *, keep: Any = None, files: Sequence[Path] = ()
    ) -> None:
        frame = native if isinstance(native, (nw.DataFrame, nw.LazyFrame)) else _narwhal(native)
        self._schema = frame.collect_schema()
        if "t_local" not in self._schema:
            have = ", ".join(list(self._schema)[:20])
            raise InputError(
                f"`events` must have the columns of an event table. Got a table without 't_local'. Columns: {have}. "
                "Make it from the publisher's file: sara.convert('calls.csv', 'calls.parquet')"
            )
        if "geometry" in self._schema:
            frame = frame.drop("geometry")
        self._frame = frame
        self._keep, self._files = keep, tuple(files)
        self._n: int | None = None
        self.crs = None if crs is None else pyproj.CRS.from_user_input(crs)
        self.attrs: dict[str, Any] = {"sara": dict(record)} if record else {}

    def __repr__(self) -> str:
        known = "" if self._n is None else f"{self._n:,} rows, "
        return f"<EventSource: {known}{len(self._schema)} columns, {self._frame.implementation}>"

    @property
    def columns(self) -> list[str]:
        """The columns that are there."""
        return [name for name in self._schema if name != "geometry"]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What every answer from this source must say about it."""
        return () if self.attrs else (RAW_CAUTION,)

    @property
    def n_rows(self) -> int:
        """Rows, counted once."""
        if self._n is None:
            counted = self._frame.select(nw.len().alias("n"))
            self._n = int((counted.collect() if isinstance(counted, nw.LazyFrame) else counted)["n"][0])
        return self._n

    def lazy(self) -> Any:
        """Return the narwhals frame: all columns of an event table but the geometry, those not published all missing."""
        missing = [name for name in COLUMNS if name not in self._schema and name not in ("geometry", "month")]
        frame = self._frame.with_columns(*[absent(name) for name in missing]) if missing else self._frame
        return frame if "month" in self._schema else with_month(frame)

    def where(self, text: str) -> EventSource:
        """Return the rows that meet a condition, such as ``"category == 'disorder'"``; a missing value meets none.

        Parameters
        ----------
        text : str
            See `sara.core.predicate.parse_predicate`.
        """
        predicate = parse_predicate(text)
        frame = self.lazy()
        return self._narrowed(frame.filter(condition(predicate, frame.collect_schema())))

    query = where

    def select_period(self, start: pd.Timestamp, end: pd.Timestamp) -> EventSource:
        """Return the rows from `start` up to, not including, `end`, to the second."""
        return self._narrowed(self._frame.filter(in_period(start, end)))

    def load(self, columns: Sequence[str] | None = None, limit: int | None = None, *, compact: bool = False) -> gpd.GeoDataFrame:
        """Bring the rows into memory as an event table.

        Parameters
        ----------
        columns : sequence of str, optional
            Columns needed; the others of the event table are then there and missing. All if not given.
        limit : int, optional
            Most rows to bring; 5,000,000 if not given.
        compact : bool
            Text of few values as categories, and no shapes: a tenth of the memory. ``geometry`` is then missing; `x` and `y` are there.

        Returns
        -------
        GeoDataFrame
            The event table, with the record of the source.

        Raises
        ------
        InputError
            If there are more rows than `limit`, or a column is not there.
        """
        most = LOAD_MOST if limit is None else limit
        if self.n_rows > most:
            raise InputError(
                f"`limit` must be at least the rows of the source to bring them into memory. Got {most:,} for {self.n_rows:,} rows. "
                f"Narrow it first: source.where(\"category == 'disorder'\"), or write load(limit={self.n_rows})"
            )
        wanted = self.columns if columns is None else list(dict.fromkeys([*columns, "t_local"]))
        for name in wanted:
            if name not in self._schema and name not in COLUMNS:
                raise InputError(
                    f"`columns` names a column that is not in the source: {name!r}.{suggest(name, self.columns)} Columns: {', '.join(self.columns[:20])}"
                )
        return self._event_table([name for name in wanted if name in self._schema and name != "geometry"], compact)

    def _event_table(self, names: list[str], compact: bool) -> gpd.GeoDataFrame:
        # From files one column after another: the whole of them as Arrow would take as much memory again.
        table = None if self._files else self._arrow(names, compact)
        data: dict[str, Any] = {}
        for name in names:
            held = self._arrow([name], compact) if table is None else table
            data[name] = column_of(held.column(name), name, compact)
            table = None if table is None else table.drop_columns([name])
            if self._files:
                # What Arrow keeps for its next column would stay with it to the end.
                del held
                release_unused()
        n = self.n_rows
        for name in COLUMNS:
            if name not in data and name != "geometry":
                data[name] = nothing(name, n, compact)
        order = [name for name in COLUMNS if name in data] + [name for name in data if name not in COLUMNS]
        shapes: Any = np.full(n, None, dtype=object)
        if not compact:
            x, y = np.asarray(data["x"], dtype=float), np.asarray(data["y"], dtype=float)
            ok = np.isfinite(x) & np.isfinite(y)
            shapes[ok] = gpd.points_from_xy(x[ok], y[ok])
        order.insert(order.index("y") + 1, "geometry")
        data["geometry"] = gpd.array.from_shapely(shapes, crs=self.crs)
        out = gpd.GeoDataFrame({name: data[name] for name in order}, geometry="geometry", crs=self.crs)
        if self.attrs:
            out.attrs["sara"] = dict(self.attrs["sara"])
        return out

    def _arrow(self, names: list[str], compact: bool) -> Any:
        if self._files:
            import pyarrow.dataset as ds

            texts = [name for name in names if compact and name in FEW]
            form = ds.ParquetFileFormat(read_options={"dictionary_columns": texts})
            return ds.dataset([str(file) for file in self._files], format=form).to_table(columns=names)
        frame = self._frame.select(names)
        return (frame.collect(backend="pyarrow") if isinstance(frame, nw.LazyFrame) else frame).to_arrow()

    def _narrowed(self, frame: Any) -> EventSource:
        record = self.attrs.get("sara")
        return EventSource(frame, record, self.crs, keep=self._keep)


def open_events(path_or_frame: Any, *, crs: Any = None) -> EventSource:
    """Open an event table that need not fit in memory.

    Parameters
    ----------
    path_or_frame : str, path or frame
        A Parquet file, a folder or a pattern of them, as `sara.convert` writes them; or a Polars frame (also lazy), a PyArrow table, a
        DuckDB relation, a Spark or pandas DataFrame with the columns of the event table, at least ``t_local`` (seconds since 1970 of local time).
    crs : int, str or CRS, optional
        Of ``x`` and ``y``, where the file does not say.

    Returns
    -------
    EventSource
        What `hotspots`, `trends` and `scan` take in place of an event table.

    Raises
    ------
    InputError
        If it is no such table, or files differ in their coordinate system.

    Examples
    --------
    >>> import pandas as pd, sara
    >>> table = pd.DataFrame({"t_local": [0, 60], "x": [1.0, 2.0], "y": [1.0, 2.0], "category": ["noise", "theft"]})
    >>> sara.open_events(table, crs=32616).where("category == 'noise'").n_rows
    1
    """
    if isinstance(path_or_frame, EventSource):
        return path_or_frame
    if isinstance(path_or_frame, gpd.GeoDataFrame):
        system = crs if crs is not None else path_or_frame.crs
        return EventSource(pd.DataFrame(path_or_frame.drop(columns="geometry")), path_or_frame.attrs.get("sara"), system)
    if isinstance(path_or_frame, pd.DataFrame):
        return EventSource(path_or_frame, path_or_frame.attrs.get("sara"), crs)
    found = _open(path_or_frame, crs)
    if found is None:
        raise InputError(
            f"`path_or_frame` must be a Parquet file or a frame. Got {_words(path_or_frame)}. "
            "A CSV or Excel file becomes one with sara.convert('calls.csv', 'calls.parquet')"
        )
    return found


def as_source(events: Any) -> EventSource | None:
    """Return `events` as a source, or None where it is an event table in memory (or nothing of the kind)."""
    if isinstance(events, EventSource):
        return events
    return None if isinstance(events, pd.DataFrame) else _open(events, None)


def is_source(events: Any) -> bool:
    """Whether `as_source` would take it: a source, or what can be opened as one."""
    return isinstance(events, EventSource) or looks_like_parquet(events) or _is_frame(events)


def in_period(start: pd.Timestamp, end: pd.Timestamp, column: str = "t_local") -> Any:
    """Return the expression for rows from `start` up to, not including, `end`."""
    low, high = (math.ceil((pd.Timestamp(at) - pd.Timestamp(0)) / pd.Timedelta(seconds=1)) for at in (start, end))
    return (nw.col(column) >= low) & (nw.col(column) < high)


def _open(value: Any, crs: Any) -> EventSource | None:
    if looks_like_parquet(value):
        return _open_files(parquet_files(value), crs)
    if not _is_frame(value):
        return None
    import pyarrow as pa

    record: dict[str, Any] | None = None
    if isinstance(value, pa.Table):
        record, written = said_by(value.schema.metadata or {})
        crs = crs if crs is not None else written
        if "geometry" in value.column_names:
            value = value.drop_columns(["geometry"])
    return EventSource(value, record, crs)


def _open_files(files: list[Path], crs: Any) -> EventSource:
    facts = [metadata_of(file) for file in files]
    columns = list(dict.fromkeys(name for _, _, _, names in facts for name in names if name != "geometry"))
    record, system = facts[0][0], facts[0][1]
    for file, (_, other, _, _) in zip(files, facts, strict=True):
        if crs is None and other != system:
            raise InputError(
                f"`path` must hold files in one coordinate system. Got {_crs_name(system)} in {files[0].name} and {_crs_name(other)} in {file.name}. "
                "Convert the publisher's files together: sara.convert('folder/', 'calls.parquet')"
            )
    if any(one[0] != record for one in facts):
        # Several files: each record is true of its own file only.
        shared = [one[0] for one in facts]
        record = {key: value for key, value in record.items() if all(one.get(key) == value for one in shared)}
        record.pop("sorted", None)
    if system is not None and crs is None and not system.is_projected:
        raise InputError(
            f"`path` must hold x and y in metres. Got {system.name} in {files[0].name}. Write: sara.convert('{files[0].name}', 'calls.parquet')"
        )
    frame, engine = scan(files, columns)
    out = EventSource(frame, record, crs if crs is not None else system, keep=engine, files=files)
    out._n = sum(rows for _, _, rows, _ in facts)
    return out


def _narwhal(native: Any) -> Any:
    try:
        return nw.from_native(native)
    except TypeError as error:
        raise InputError(
            f"`events` must be a table (pandas, Polars, PyArrow, DuckDB, Spark). Got a {type(native).__name__}. Read it first."
        ) from error


def _is_frame(value: Any) -> bool:
    known = nw.dependencies
    return not isinstance(value, pd.DataFrame) and any(
        test(value)
        for test in (
            known.is_narwhals_dataframe, known.is_narwhals_lazyframe, known.is_polars_dataframe, known.is_polars_lazyframe,
            known.is_pyarrow_table, known.is_duckdb_relation, known.is_pyspark_dataframe, known.is_pyspark_connect_dataframe,
            known.is_ibis_table, known.is_dask_dataframe,
        )
    )  # fmt: skip


def release_unused() -> None:
    """Give back the memory that Arrow holds and does not use."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _crs_name(crs: Any) -> str:
    return "no coordinate system" if crs is None else str(crs.name)


def _words(value: Any) -> str:
    return repr(str(value)) if isinstance(value, (str, Path)) else f"a {type(value).__name__}"
