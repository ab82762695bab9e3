"""A problem's folder: ``record.json`` and its tables as CSV, written so that what is read back is checked and nothing is run.

The codec writes a table as CSV text inside JSON. Here that text moves to ``tables/*.csv``, with its SHA-256 left in its place; the whole record
carries a SHA-256 too, so an edited or damaged file is noticed. Text cells that a spreadsheet would run get an apostrophe, taken off on reading.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sara.core.errors import InputError

__all__ = ["read_folder", "write_folder"]

FORMAT = 1
RECORD = "record.json"
# Far above any real record (Riverton's is under 2 MB), far below what would exhaust a laptop.
MAX_RECORD = 64 * 2**20
MAX_TABLE = 512 * 2**20
_NAME = re.compile(r"tables/[a-z0-9-]{1,80}\.csv")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_folder(folder: Path, content: dict[str, Any]) -> Path:
    """Write `content`, moving each table's text to a file of its own; return the path of the record."""
    folder.mkdir(parents=True, exist_ok=True)
    stale = _tables_of_older_record(folder)
    tables: dict[str, bytes] = {}
    body = _move_out(content, tables, stem="problem")
    record = {"format": FORMAT, **body}
    record["sha256"] = _digest_of(record)
    (folder / "tables").mkdir(exist_ok=True)
    for name, data in tables.items():
        (folder / name).write_bytes(data)
    draft = folder / f"{RECORD}.part"
    draft.write_text(json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8", newline="\n")
    os.replace(draft, folder / RECORD)
    for name in stale - set(tables):
        (folder / name).unlink(missing_ok=True)
    return folder / RECORD


def read_folder(folder: Path) -> dict[str, Any]:
    """Return the content that `write_folder` wrote, after checking every hash, name and size."""
    path = folder / RECORD
    if not path.is_file():
        raise InputError(
            f"`folder` must hold a {RECORD}. Got {str(folder)!r} without one. Write it first: problem.save({str(folder)!r})"
        )
    record = _parse(_read(path, MAX_RECORD))
    if not isinstance(record, dict) or "format" not in record or "sha256" not in record:
        raise _damaged(path, "it is not a record sara wrote")
    if record["format"] != FORMAT:
        raise InputError(
            f"`folder` must hold a record of format {FORMAT}. Got format {record['format']!r}. It may come from a newer sara: pip install --upgrade sara-pop"
        )
    stated = record.pop("sha256")
    if stated != _digest_of(record):
        raise _damaged(path, "its content does not fit its own fingerprint")
    record.pop("format")
    return _move_in(record, folder)  # type: ignore[no-any-return]


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"a record must be JSON as sara writes it. Got something else: {error}. Load an untouched copy."
        ) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _move_out(value: Any, tables: dict[str, bytes], *, stem: str) -> Any:
    if isinstance(value, list):
        return [_move_out(v, tables, stem=stem) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$frame"}:
        frame = value["$frame"]
        data = _rewrite(frame["csv"], frame["columns"], _guard).encode("utf-8")
        name = _new_name(stem, tables)
        tables[name] = data
        return {
            "$frame": {
                **frame,
                "attrs": _move_out(frame["attrs"], tables, stem=stem),
                "csv": {"file": name, "sha256": hashlib.sha256(data).hexdigest()},
            }
        }
    if "stem" in value:
        stem = value["stem"]
    return {k: _move_out(v, tables, stem=stem) for k, v in value.items()}


def _move_in(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_move_in(v, folder) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$frame"}:
        frame = value["$frame"]
        pointer = frame.get("csv") if isinstance(frame, dict) else None
        if not isinstance(pointer, dict) or set(pointer) != {"file", "sha256"} or not isinstance(frame.get("columns"), dict):
            raise _damaged(folder / RECORD, "a table in it does not name its file")
        text = _read_table(folder, pointer["file"], pointer["sha256"])
        return {"$frame": {**frame, "attrs": _move_in(frame["attrs"], folder), "csv": _rewrite(text, frame["columns"], _unguard)}}
    return {k: _move_in(v, folder) for k, v in value.items()}


def _read_table(folder: Path, name: Any, sha256: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"a record's table must lie in its own folder 'tables'. Got {name!r}. Load only records that sara wrote."
        )
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"a record's table must lie in its own folder. Got a link to {path.resolve()}. Load only records that sara wrote."
        )
    data = _read(path, MAX_TABLE)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _damaged(path, "it was changed after the record was saved")
    return data.decode("utf-8")


def _read(path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise _damaged(path, "it is missing")
    if path.stat().st_size > limit:
        raise InputError(
            f"{path.name} must be at most {limit // 2**20} MB. Got {path.stat().st_size // 2**20} MB. Load only records that sara wrote."
        )
    return path.read_bytes()


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} must be as sara wrote it. Got a file that is not: {what}. Load an untouched copy of the folder, or save the problem again."
    )


def _digest_of(record: dict[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("utf-8")
    ).hexdigest()


def _new_name(stem: str, tables: dict[str, bytes]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60]
    n = 1
    while (name := f"tables/{slug}-{n}.csv") in tables:
        n += 1
    return name


def _tables_of_older_record(folder: Path) -> set[str]:
    """Return the tables that an earlier save of this folder wrote: rows once asked for must not outlive a save without them."""
    if not (folder / RECORD).is_file():
        return set()
    try:
        found = _NAME.findall(_read(folder / RECORD, MAX_RECORD).decode("utf-8"))
    except (InputError, UnicodeDecodeError):
        return set()
    return {name for name in found if (folder / name).is_file()}


def _rewrite(text: str, columns: dict[str, str], change: Callable[[str], str]) -> str:
    """Apply `change` to the header and to each cell of a text column."""
    is_text = [kind == "str" for kind in columns.values()]
    if not is_text:
        return text
    out = io.StringIO(newline="")
    writer = csv.writer(out)  # its line ends make it quote a bare carriage return, too
    before = csv.field_size_limit(MAX_TABLE)  # the outline of a city is longer than the module's own limit
    try:
        for i, row in enumerate(csv.reader(io.StringIO(text, newline=""))):
            writer.writerow([change(cell) if i == 0 or (j < len(is_text) and is_text[j]) else cell for j, cell in enumerate(row)])
    finally:
        csv.field_size_limit(before)
    return out.getvalue()


def _guard(cell: str) -> str:
    return "'" + cell if cell.startswith(_RISKY) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
