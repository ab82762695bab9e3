"""The full download of a Socrata portal (rows.json): a description of the columns and rows without names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sara.core.errors import InputError
from sara.data.formats._raw import RawFile
from sara.data.formats._records import from_records, short

__all__ = ["is_socrata", "read_rows"]


def is_socrata(parsed: Any) -> bool:
    """Whether parsed JSON is a Socrata portal's full download."""
    view = parsed.get("meta", {}).get("view") if isinstance(parsed, Mapping) and isinstance(parsed.get("meta"), Mapping) else None
    return isinstance(view, Mapping) and isinstance(view.get("columns"), list)


def read_rows(parsed: Mapping[str, Any], name: str, sha: str | None) -> RawFile:
    """Read the rows; the portal's own columns (row number, when the row was written) are left out."""
    columns = [column if isinstance(column, Mapping) else {} for column in parsed["meta"]["view"]["columns"]]
    data = parsed.get("data")
    if not isinstance(data, list):
        raise InputError(
            f"`path` must hold rows. Got the description of a table without them: {name}. Download rows.json or rows.csv, not the metadata."
        )
    records = [_record(row, columns) if isinstance(row, list) and len(row) == len(columns) else short(row) for row in data]
    hidden = [str(column.get("name", "")) for column in columns if _hidden(column)]
    table = from_records(records, name, sha, notes={"format": "Socrata JSON", **({"hidden_columns": hidden} if hidden else {})})
    wrong = table.rejects["reason"].eq("the entry is no record")
    table.rejects.loc[wrong, "reason"] = f"the row does not have the {len(columns)} values that are described"
    return table


def _hidden(column: Mapping[str, Any]) -> bool:
    flags = column.get("flags")
    return (isinstance(flags, list) and "hidden" in flags) or column.get("dataTypeName") == "meta_data"


def _record(row: list[Any], columns: list[Mapping[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for position, (value, column) in enumerate(zip(row, columns, strict=True)):
        if _hidden(column):
            continue
        name = str(column.get("fieldName") or column.get("name") or f"column_{position + 1}")
        parts = column.get("subColumnTypes")
        if isinstance(value, list) and isinstance(parts, list) and len(parts) == len(value):
            value = dict(zip(map(str, parts), value, strict=True))
        out[name] = value
    return out
