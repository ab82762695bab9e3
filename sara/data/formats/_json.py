"""JSON in the shapes publishers use: GeoJSON, Esri, Socrata, Open311, and records however wrapped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sara.core.errors import InputError
from sara.data.formats._decode import decode
from sara.data.formats._esri import is_esri, read_esri
from sara.data.formats._geojson import is_geojson, read_features
from sara.data.formats._raw import RawFile
from sara.data.formats._records import from_records, short
from sara.data.formats._socrata import is_socrata, read_rows

__all__ = ["MAX_JSON", "looks_like_json", "read_json", "read_parsed"]

# Parsed JSON takes ten times its size in memory.
MAX_JSON = 500_000_000
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_DAMAGED = "`path` must be whole JSON. Got {name}, which {what}. Download it again."


def looks_like_json(content: bytes) -> bool:
    """Whether a file begins as JSON does."""
    start = content[:4096]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = start.decode("utf-16", errors="ignore").encode()
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if re.match(rb"\{|\[\s*(?:[\]{\[\"0-9-]|null|true|false)", start):
        return True
    # One record a line, the first of which is damaged.
    return any(re.match(rb'\s*\{\s*"', line) for line in start.split(b"\n")[1:4])


def read_json(content: bytes, name: str, sha: str | None) -> RawFile:
    """Read a JSON file, or one JSON record a line."""
    if len(content) > MAX_JSON:
        raise InputError(
            f"`path` must be JSON of at most {MAX_JSON / 1e6:.0f} MB. Got {len(content) / 1e6:,.0f} MB in {name}. Ask the publisher for CSV or Parquet, or split it and read the folder."
        )
    text, notes = decode(content)
    text = text.strip("\x1e \t\r\n")
    try:
        parsed = _loads(text)
    except (ValueError, RecursionError) as error:
        return _read_lines(text, name, sha, notes, error)
    if parsed in ([], {}):
        raise InputError(f"`path` must hold rows. Got an empty file: {name}, which lists nothing.")
    return _with(read_parsed(parsed, name, sha), notes)


def _with(table: RawFile, notes: Mapping[str, Any]) -> RawFile:
    return RawFile(table.frame, table.lines, table.rejects, table.sha256, table.name, {**table.notes, **notes}, table.names)


def _loads(text: str) -> Any:
    try:
        parsed = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # A whole number of thousands of digits is no number: it stays text.
        parsed = json.loads(
            text, parse_constant=lambda _: None, parse_int=lambda digits: int(digits) if len(digits) < 20 else digits
        )
    if _HALF.search(text):
        # Half a letter, as \ud800 on its own is, can't be written anywhere.
        parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"))
    return parsed


def _read_lines(text: str, name: str, sha: str | None, notes: Mapping[str, Any], error: Exception) -> RawFile:
    """Read one record a line; a line that is no JSON is a reject."""
    if isinstance(error, RecursionError):
        raise InputError(f"`path` must not nest records without end. Got JSON too deep to read: {name}.") from None
    records: list[Any] = []
    places: list[int] = []
    good = 0
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip("\x1e \t\r,")
        if not line:
            continue
        try:
            records.append(_loads(line))
            good += isinstance(records[-1], Mapping)
        except (ValueError, RecursionError):
            records.append(line)
        places.append(number)
    if good == 0 or good < 0.5 * len(records):
        where = (
            f"breaks off or is damaged at character {error.pos:,}"
            if isinstance(error, json.JSONDecodeError)
            else f"is damaged ({error})"
        )
        raise InputError(_DAMAGED.format(name=name, what=where)) from None
    if any(is_geojson(record) for record in records[:20]):
        table = read_features({"features": records}, name, sha, places=places)
    else:
        table = from_records(records, name, sha, places=places)
    return _with(table, {"format": f"{table.notes.get('format', 'json')} lines", **notes})


def read_parsed(parsed: Any, name: str, sha: str | None) -> RawFile:
    """Return the table that parsed JSON holds, in whichever shape."""
    _check_error(parsed, name)
    if is_geojson(parsed):
        return read_features(parsed, name, sha)
    if is_esri(parsed):
        return read_esri(parsed, name, sha)
    if is_socrata(parsed):
        return read_rows(parsed, name, sha)
    if isinstance(parsed, list) and parsed and all(is_esri(page) for page in parsed):
        return read_esri(parsed, name, sha)
    if isinstance(parsed, list) and any(is_geojson(entry) for entry in parsed[:20]):
        return read_features({"features": _features(parsed)}, name, sha)
    records = _records(parsed, name)
    _check_records(records, name)
    open311 = any(isinstance(record, Mapping) and "service_request_id" in record for record in records[:50])
    return from_records(records, name, sha, notes={"format": "Open311 JSON" if open311 else "json"})


def _features(pages: list[Any]) -> list[Any]:
    """Put the features of several collections under one another."""
    out: list[Any] = []
    for page in pages:
        inner = page.get("features") if isinstance(page, Mapping) and page.get("type") == "FeatureCollection" else None
        out.extend(inner if isinstance(inner, list) else [page])
    return out


def _check_error(parsed: Any, name: str) -> None:
    """Turn down the answer of a service that failed."""
    first = parsed[0] if isinstance(parsed, list) and len(parsed) == 1 else parsed
    if not isinstance(first, Mapping):
        return
    error = first.get("error", first.get("errors"))
    failed = bool(error) or first.get("success") is False or first.get("status") == "error"
    coded = {"code", "description"} == set(first) or ({"code", "message"} <= set(first) and len(first) <= 5)
    if not (failed or coded) or any(key in first for key in ("features", "data", "meta", "service_request_id")):
        return
    said = error if isinstance(error, Mapping) else first
    words = ", ".join(f"{short(said[key])}" for key in ("code", "message", "description", "details") if said.get(key)) or short(
        said
    )
    raise InputError(
        f"`path` must hold a table. Got the error a service answered with in {name}: {words}. Ask the service again."
    )


def _records(parsed: Any, name: str) -> list[Any]:
    """Return the list of records, wherever it is wrapped."""
    found = _find(parsed, 0)
    if found is None:
        keys = ", ".join(list(map(str, parsed))[:10]) if isinstance(parsed, Mapping) else f"a {type(parsed).__name__}"
        raise InputError(
            f"`path` must hold a list of records. Got JSON without one in {name}: {keys}. Is it the description of a table rather than the table?"
        )
    return found


def _find(parsed: Any, depth: int) -> list[Any] | None:
    if isinstance(parsed, list):
        if any(isinstance(entry, Mapping) for entry in parsed):
            return parsed
        return _from_arrays(parsed)
    if not isinstance(parsed, Mapping) or depth > 4:
        return None
    tabular = _from_columns(parsed)
    if tabular is not None:
        return tabular
    found = [inner for value in parsed.values() if (inner := _find(value, depth + 1)) is not None]
    if found:
        return max(found, key=len)
    flat = parsed and not any(isinstance(value, (list, Mapping)) for value in parsed.values())
    # One record alone, as the last day's file of a quiet town.
    return [parsed] if depth == 0 and flat and len(parsed) > 2 else None


def _from_arrays(rows: list[Any]) -> list[Any] | None:
    """Return records of a list of lists under a header."""
    if len(rows) < 2 or not all(isinstance(row, list) for row in rows) or not all(isinstance(cell, str) for cell in rows[0]):
        return None
    return [dict(zip(rows[0], row, strict=True)) if len(row) == len(rows[0]) else row for row in rows[1:]]


def _from_columns(parsed: Mapping[str, Any]) -> list[Any] | None:
    """Return records of a table written by its columns, as pandas writes it."""
    columns, data = parsed.get("columns"), parsed.get("data")
    if isinstance(columns, list) and isinstance(data, list) and data and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, columns), row, strict=True)) if len(row) == len(columns) else row for row in data]
    values = list(parsed.values())
    if len(values) < 2:
        return None
    if all(isinstance(value, list) and not any(isinstance(v, (list, Mapping)) for v in value[:5]) for value in values):
        return (
            [dict(zip(parsed, row, strict=True)) for row in zip(*values, strict=True)]
            if len(set(map(len, values))) == 1
            else None
        )
    if all(isinstance(value, Mapping) and value and all(str(key).isdigit() for key in list(value)[:5]) for value in values):
        rows = {key: None for value in values for key in value}
        return [{name: column.get(row) for name, column in parsed.items()} for row in rows]
    return None


def _check_records(records: list[Any], name: str) -> None:
    """Turn down the list of a service's kinds of request: it holds no request."""
    filled = [record for record in records[:50] if isinstance(record, Mapping)]
    if filled and all(
        {"service_code", "service_name"} <= set(record) and "service_request_id" not in record for record in filled
    ):
        raise InputError(
            f"`path` must hold requests. Got the list of services of an Open311 endpoint: {name}. Download requests.json or requests.xml in its place."
        )
