"""Parquet files as sara writes and reads them: what their metadata says, and the engine that scans them."""

from __future__ import annotations

import glob as globbing
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from sara.core.errors import InputError

__all__ = ["RECORD_KEY", "looks_like_parquet", "metadata_of", "parquet_files", "said_by", "scan"]

ENDINGS = (".parquet", ".geoparquet", ".pq")
# Where the record of the event table stands in a file's metadata, beside "geo".
RECORD_KEY = b"sara"
# Of the machine's memory DuckDB takes no more than this: what does not fit goes to its temporary folder.
MEMORY_LIMIT = "1500MB"
# Without DuckDB or Polars the file is read whole; beyond this many rows that is refused.
WHOLE_ROWS = 5_000_000


def looks_like_parquet(value: Any) -> bool:
    """Whether a path names Parquet: by its ending, or as a folder that holds such files."""
    if not isinstance(value, (str, PathLike)):
        return False
    if str(value).lower().endswith(ENDINGS):
        return True
    place = Path(value)
    return place.is_dir() and any(file.suffix.lower() in ENDINGS for file in place.iterdir())


def parquet_files(path: str | PathLike[str]) -> list[Path]:
    """Return the Parquet files of a path, a folder or a pattern, in the order of their names."""
    place = Path(path)
    if place.is_dir():
        found = sorted(file for file in place.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
    elif place.is_file():
        found = [place]
    else:
        found = sorted(Path(file) for file in globbing.glob(str(path), recursive=True) if Path(file).is_file())
    if not found:
        raise InputError(
            f"`path` must be a Parquet file, a folder or a pattern of them. Got {str(path)!r}, where there is none. Is the working directory right? {Path.cwd()}"
        )
    return found


def metadata_of(file: Path) -> tuple[dict[str, Any], Any, int, list[str]]:
    """Return ``(record, crs, rows, columns)`` of one file; an empty record and no crs where it says nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"`path` must be a whole Parquet file. Got {file.name}, which is damaged ({error}). Write it again."
        ) from None
    record, crs = said_by(found.metadata or {})
    return record, crs, found.num_rows, list(found.schema.to_arrow_schema().names)


def said_by(metadata: Mapping[bytes, bytes]) -> tuple[dict[str, Any], Any]:
    """Return the record and the coordinate system that a schema's metadata holds; the latter from the record where there are no shapes."""
    record = _json(metadata.get(RECORD_KEY))
    crs = _crs(_json(metadata.get(b"geo")))
    return record, crs if crs is not None else _named(record.get("crs"))


def scan(files: Sequence[Path], columns: Sequence[str]) -> tuple[Any, Any]:
    """Return ``(frame, engine)``: a lazy frame of these columns, and what must be kept alive with it; DuckDB where it is installed."""
    names = [str(file) for file in files]
    if find_spec("duckdb") is not None:
        duckdb = import_module("duckdb")
        engine = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "autoinstall_known_extensions": "false"})
        # Not an option of the engine as a whole: it is of the connection, and refused above.
        engine.execute("SET enable_progress_bar = false")
        relation = engine.read_parquet(names, union_by_name=len(names) > 1)
        return relation.select(*[duckdb.ColumnExpression(column) for column in columns]), engine
    if find_spec("polars") is not None:
        return import_module("polars").scan_parquet(names).select(list(columns)), None
    import pyarrow.dataset as ds

    dataset = ds.dataset(names, format="parquet")
    rows = dataset.count_rows()
    if rows > WHOLE_ROWS:
        raise InputError(
            f'`path` must hold at most {WHOLE_ROWS:,} rows where no engine is installed. Got {rows:,}. Install one: pip install "sara-pop[big]"'
        )
    return dataset.to_table(columns=list(columns)), None


def _json(value: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(value) if value else {}
    except (ValueError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _crs(geo: dict[str, Any]) -> Any:
    """Return the coordinate reference system of a GeoParquet file; longitude and latitude where it names none, as the format has it."""
    columns = geo.get("columns")
    primary = columns.get(geo.get("primary_column")) if isinstance(columns, dict) else None
    if not isinstance(primary, dict):
        return None
    return _named(primary.get("crs", 4326))


def _named(written: Any) -> Any:
    import pyproj

    try:
        return None if written is None else pyproj.CRS.from_user_input(written)
    except pyproj.exceptions.CRSError:
        return None
