"""The answer of a database to a query, fetched a piece at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data.formats._raw import RawFile, check_columns, header_names, no_rejects, typed_frame

__all__ = ["read_query"]

PIECE = 50_000
_TABLE = re.compile(r'(?:[A-Za-z_]\w*|"[^"]+")(?:\.(?:[A-Za-z_]\w*|"[^"]+")){0,2}')
_COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/)", re.DOTALL)


def read_query(query: Any, connection: Any) -> RawFile:
    """Return the rows of a query, or of a table that is named; the number of a row is its place in the answer."""
    text = _query(query)
    kind = _kind(connection)
    try:
        with _cursor(connection, kind, text) as cursor:
            if cursor.description is None:
                raise InputError(f"`path` must be a query that answers with rows. Got {text[:80]!r}, which answers with none.")
            header = header_names([column[0] for column in cursor.description])
            check_columns(len(header), "the answer")
            pieces = [_piece(rows, header) for rows in _fetched(cursor)]
    except InputError:
        raise
    except Exception as error:
        # Each driver has errors of its own, with no class in common.
        first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        raise InputError(
            f"`path` must be a query that the database can run. Got {type(error).__name__}: {first}. The query was: {text[:200]}"
        ) from error
    frame = pd.concat(pieces, ignore_index=True) if len(pieces) > 1 else pieces[0] if pieces else pd.DataFrame(columns=header)
    notes = {"format": "SQL", "query": text[:1000], "database": kind}
    return RawFile(typed_frame(frame), np.arange(1, len(frame) + 1, dtype=np.int64), no_rejects(), None, "query", notes)


def _query(query: Any) -> str:
    """Return the text of a query that reads; a table's name alone stands for all of it."""
    text = str(query).strip().rstrip(";").strip() if isinstance(query, str) or hasattr(query, "compile") else ""
    if not text:
        raise InputError(
            f"`path` must be the text of a query where `connection` is given. Got {query!r}. Write: sara.read_calls('SELECT * FROM calls', connection=connection)"
        )
    if _TABLE.fullmatch(text):
        return f"SELECT * FROM {text}"
    bare = text
    while (found := _COMMENT.match(bare)) and found.end():
        bare = bare[found.end() :]
    word = re.match(r"\s*\(*\s*([A-Za-z]+)", bare)
    if word is None or word[1].upper() not in (
        "SELECT",
        "WITH",
        "FROM",
        "VALUES",
        "TABLE",
        "EXEC",
        "EXECUTE",
        "CALL",
        "SHOW",
        "PIVOT",
    ):
        raise InputError(f"`path` must be a query that reads. Got {text[:80]!r}. Write: SELECT ... FROM ...")
    return text


def _kind(connection: Any) -> str:
    """Return what a connection is, by what it can do; no library is imported for that."""
    module = type(connection).__module__.split(".")[0].lstrip("_")
    if module == "duckdb":
        return "DuckDB"
    if module == "sqlalchemy" or (hasattr(connection, "dialect") and hasattr(connection, "connect")):
        return f"SQLAlchemy {getattr(getattr(connection, 'dialect', None), 'name', '')}".strip()
    if hasattr(connection, "cursor"):
        return module
    raise InputError(
        f"`connection` must be an open connection to a database (DB-API, SQLAlchemy or DuckDB). Got a {type(connection).__name__}. "
        "Write: connection=sqlalchemy.create_engine('postgresql+psycopg://...'), or connection=sqlite3.connect('calls.db')"
    )


@contextmanager
def _cursor(connection: Any, kind: str, text: str) -> Iterator[Any]:
    """Run a query and hand over the cursor; a connection that was open stays so."""
    if kind == "DuckDB":
        # A cursor of DuckDB is a connection of its own, which does not see temporary tables.
        yield connection.execute(text)
        return
    if kind.startswith("SQLAlchemy"):
        opened = connection.connect() if not hasattr(connection, "exec_driver_sql") else None
        try:
            ready = (opened or connection).execution_options(stream_results=True, no_parameters=True)
            result = ready.exec_driver_sql(text)
            try:
                # Its own cursor is not asked: SQLAlchemy has fetched the first rows from that already.
                yield _Answer(None if result.cursor is None else result.cursor.description, result.fetchmany)
            finally:
                result.close()
        finally:
            if opened is not None:
                opened.close()
        return
    cursor = _own_cursor(connection, kind)
    try:
        cursor.execute(text)
        yield _described(cursor)
    finally:
        cursor.close()


def _own_cursor(connection: Any, kind: str) -> Any:
    """Return a cursor that leaves the rows with the server where the driver can: PostgreSQL's would hold them all otherwise."""
    if kind in ("psycopg", "psycopg2") and not getattr(connection, "autocommit", False):
        return connection.cursor(name="sara_reading")
    return connection.cursor()


@dataclass(frozen=True)
class _Answer:
    """What a database answers: its columns, and how to fetch its next rows."""

    description: Any
    fetchmany: Callable[[int], Any]


def _described(cursor: Any) -> _Answer:
    """Return the answer of a cursor; one that stays with the server may know its columns after its first rows only."""
    if cursor.description is not None:
        return _Answer(cursor.description, cursor.fetchmany)
    waiting = [cursor.fetchmany(PIECE)]
    return _Answer(cursor.description, lambda n: waiting.pop() if waiting else cursor.fetchmany(n))


def _fetched(cursor: Any) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(PIECE):
        yield rows


def _piece(rows: list[Any], header: list[str]) -> pd.DataFrame:
    """Return one piece with the types its values have."""
    first = rows[0]
    columns = (
        zip(*([row[name] for name in row] for row in rows), strict=True)
        if isinstance(first, dict)
        else zip(*map(tuple, rows), strict=True)
    )
    frame = pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in zip(header, columns, strict=True)})
    return frame.apply(_settled) if len(header) else frame


def _settled(column: pd.Series) -> pd.Series:
    import datetime as dt

    kinds = {type(value) for value in column if value is not None}
    if kinds and kinds <= {dt.datetime, pd.Timestamp}:
        zones = {value.tzinfo is not None for value in column if value is not None}
        if zones == {False}:
            return pd.to_datetime(column, errors="coerce").astype("datetime64[us]") if _in_range(column) else column
        if zones == {True}:
            # One offset a row: the text keeps each as the database wrote it.
            return column.map(lambda value: None if value is None else value.isoformat(sep=" "))
    if kinds and kinds <= {int, float}:
        return column.astype("Int64") if kinds == {int} and _small(column) else column.astype(float)
    return column


def _in_range(column: pd.Series) -> bool:
    return all(1678 <= value.year <= 2261 for value in column if value is not None)


def _small(column: pd.Series) -> bool:
    return all(abs(value) < 2**62 for value in column if value is not None)
