"""Records with names to columns: nested ones are laid out, places written as points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sara.data._rejects import reject_rows
from sara.data.formats._raw import CHUNK, RawFile, check_columns, plain_text, typed_frame

__all__ = ["NO_RECORD", "flat", "from_records", "short"]

NO_RECORD = "the entry is no record"
# Deeper than this a value is kept as JSON text.
_DEEPEST = 3


def from_records(
    records: Sequence[Any],
    name: str,
    sha: str | None,
    *,
    places: Sequence[int] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> RawFile:
    """Return the table of a list of records, each with the place it stands at (its number if not given); what is no record is a reject."""
    at = range(1, len(records) + 1) if places is None else places
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    bad: list[tuple[int, str, str]] = []
    frames: list[pd.DataFrame] = []
    seen: set[str] = set()
    for number, record in zip(at, records, strict=True):
        if not isinstance(record, Mapping):
            bad.append((number, short(record), NO_RECORD))
            continue
        row = flat(record)
        if not any(value is not None and value != "" for value in row.values()):
            bad.append((number, short(record), "every field is blank"))
            continue
        rows.append(row)
        lines.append(number)
        if row.keys() - seen:
            seen |= row.keys()
            check_columns(len(seen), name)
        if len(rows) == CHUNK:
            frames.append(pd.DataFrame(rows, dtype=object))
            rows = []
    if rows or not frames:
        frames.append(pd.DataFrame(rows, dtype=object, index=range(len(rows))))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    turned = reject_rows(name, [n for n, _, _ in bad], "", [v for _, v, _ in bad], [why for _, _, why in bad])
    return RawFile(typed_frame(frame), np.asarray(lines, dtype=np.int64), turned, sha, name, dict(notes or {}))


def flat(record: Mapping[str, Any], above: str = "", depth: int = 1) -> dict[str, Any]:
    """Return a record without records in it: ``{"a": {"b": 1}}`` has the column ``a_b``, a place has a column of points."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            for inner, laid in _laid_out(name, value, depth):
                out.setdefault(inner, laid)
        elif isinstance(value, (list, tuple)):
            out[name] = plain_text(value) if value else None
        else:
            out[name] = value
    return out


def _laid_out(name: str, value: Mapping[str, Any], depth: int) -> list[tuple[str, Any]]:
    """Lay out one record within a record."""
    point = _point(value)
    if point is not None or set(value) & {"human_address"}:
        # Where the point is missing the column is there all the same.
        return [(name, point), *_human(name, value)]
    if depth >= _DEEPEST or not value:
        return [(name, plain_text(value) if value else None)]
    return list(flat(value, f"{name}_", depth + 1).items())


def _point(value: Mapping[str, Any]) -> str | None:
    """Return "POINT (lon lat)" of ``{"type": "Point", "coordinates": [lon, lat]}`` or ``{"latitude": .., "longitude": ..}``."""
    pair = value.get("coordinates")
    if str(value.get("type", "")).lower() == "point" and isinstance(pair, (list, tuple)) and len(pair) >= 2:
        lon, lat = pair[0], pair[1]
    elif {"latitude", "longitude"} <= set(value) and set(value) <= {
        "latitude",
        "longitude",
        "human_address",
        "needs_recoding",
        "machine_address",
    }:
        lon, lat = value["longitude"], value["latitude"]
    else:
        return None
    if lon is None or lat is None or isinstance(lon, (list, dict)) or isinstance(lat, (list, dict)):
        return None
    return f"POINT ({lon} {lat})"


def _human(name: str, value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the address that Socrata keeps beside a point, as JSON in text."""
    written = value.get("human_address")
    if not written:
        return []
    try:
        parts = json.loads(written) if isinstance(written, str) else written
        said = ", ".join(str(parts[key]) for key in ("address", "city", "state", "zip") if parts.get(key))
    except (ValueError, TypeError, AttributeError, RecursionError):
        said = plain_text(written)
    return [(f"{name}_address", said or None)]


def short(value: Any) -> str:
    """Write what was turned down."""
    return plain_text(value)[:500]
