"""The same rows published in two formats side by side: read once."""

from __future__ import annotations

import warnings

import pandas as pd

from sara.core.errors import SaraWarning
from sara.data.formats._raw import RawFile, plain_text

__all__ = ["read_once"]

# A total at the foot, or a row that one of the two could not hold.
_SAME_ROWS = 0.01
_SAME_VALUES = 0.9


def read_once(tables: list[RawFile], where: str) -> list[RawFile]:
    """Leave out a table that another format holds already: a layer knows where its rows lie, so it is the one that stays."""
    if len({str(table.notes.get("format")) for table in tables}) < 2:
        return tables
    kept: list[RawFile] = []
    left: list[tuple[RawFile, RawFile]] = []
    for table in sorted(tables, key=lambda table: not _has_place(table)):
        twin = next((other for other in kept if _same(table, other)), None)
        if twin is None:
            kept.append(table)
        else:
            left.append((table, twin))
    for table, twin in left:
        twin.notes["same_in"] = [*twin.notes.get("same_in", []), table.name]
        warnings.warn(
            f"{where}: {table.name} holds the rows of {twin.name} in another format, and was not read a second time.",
            SaraWarning,
            stacklevel=6,
        )
    return [table for table in tables if any(table is other for other in kept)]


def _has_place(table: RawFile) -> bool:
    return getattr(table.frame, "_geometry_column_name", None) is not None


def _same(one: RawFile, other: RawFile) -> bool:
    """Whether two tables of different formats have as many rows, and one column whose values tell them apart in common."""
    n, m = len(one.frame), len(other.frame)
    if one.notes.get("format") == other.notes.get("format") or min(n, m) < 2 or abs(n - m) > max(1, _SAME_ROWS * max(n, m)):
        return False
    columns = [_values(one.frame[name]) for name in one.frame.columns if str(one.frame[name].dtype) != "geometry"]
    telling = max(columns, key=len, default=set())
    if len(telling) < 2:
        return False
    found = (_values(other.frame[name]) for name in other.frame.columns if str(other.frame[name].dtype) != "geometry")
    return any(len(telling & values) >= _SAME_VALUES * len(telling | values) for values in found)


def _values(column: pd.Series) -> set[str]:
    return {plain_text(value).strip() for value in column.dropna().unique()}
