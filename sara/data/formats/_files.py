"""One file as its publisher hands it out, packed or plain: what it holds decides how it is read, not what it is called."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from sara.core.errors import InputError
from sara.data.formats import _raw
from sara.data.formats._csv import read_csv
from sara.data.formats._json import looks_like_json, read_json
from sara.data.formats._parquet import read_parquet
from sara.data.formats._raw import RawFile
from sara.data.formats._sheets import read_workbook
from sara.data.formats._spatial import SHP, SPATIAL, read_layers
from sara.data.formats._xml import looks_like_xml, read_xml
from sara.data.formats._zip import is_workbook, read_zip

__all__ = ["read_bytes", "read_file", "read_tables"]

_PACKED = {b"\x1f\x8b": ("gz", gzip.open), b"BZh": ("bz2", bz2.open), b"\xfd7zXZ": ("xz", lzma.open)}
_REFUSED = {
    b"%PDF": ("a PDF", "Ask the publisher for the table behind it, as CSV or Excel"),
    b"\x89PNG": ("a picture", "Ask the publisher for the table behind it, as CSV or Excel"),
    b"\xff\xd8\xff": ("a picture", "Ask the publisher for the table behind it, as CSV or Excel"),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it yourself and read the folder"),
    b"Rar!": ("a rar archive", "Unpack it yourself and read the folder"),
    b"\x80\x04\x95": ("a Python pickle, which can run any program", "Ask for CSV or Parquet"),
    b"\x80\x05\x95": ("a Python pickle, which can run any program", "Ask for CSV or Parquet"),
    b"RDX": ("an R data file", "Write it in R as CSV or Parquet: write.csv(table, 'calls.csv', row.names = FALSE)"),
}


def read_file(path: Path, *, headers: Sequence[Sequence[str]] = ()) -> RawFile:
    """Read the one table of a file; see `read_tables`."""
    tables = read_tables(path, headers=headers)
    if len(tables) > 1:
        raise InputError(f"`path` must hold one table. Got {len(tables)} in {path.name}.")
    return tables[0]


def read_tables(path: Path, *, headers: Sequence[Sequence[str]] = ()) -> list[RawFile]:
    """Read every table of a file: one, or those of an archive; one without a header takes the last of `headers` that is as wide."""
    if path.is_dir() and path.suffix.lower() == ".gdb":
        return [read_layers(path, path.name, _hash(path))]
    if not path.is_file():
        raise InputError(
            f"`path` must be a file, a folder or a pattern. Got {str(path)!r}, which is not there. Is the working directory right? {Path.cwd()}"
        )
    try:
        size = path.stat().st_size
        if size > _raw.MAX_BYTES:
            raise InputError(
                f"`path` must be a file of at most {_raw.MAX_BYTES / 1e9:.0f} GB. Got {size / 1e9:.1f} GB in {path.name}. Turn it into Parquet first: sara.convert({path.name!r}, 'calls.parquet')"
            )
        if path.suffix.lower() in (".shp", ".dbf", ".gpkg", ".fgb", ".sqlite") and _is_spatial(path):
            return [read_layers(path, path.name, _hash(path))]
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"`path` must be a file that can be opened. Got {path.name}: {error.strerror or error}.") from None
    return read_bytes(content, path.name, hashlib.sha256(content).hexdigest(), headers)


def _is_spatial(path: Path) -> bool:
    with path.open("rb") as file:
        return _spatial(file.read(16), path.name)


def _spatial(start: bytes, name: str) -> bool:
    dbf = name.lower().endswith(".dbf") and start[:1] in (b"\x02", b"\x03", b"\x30", b"\x31", b"\x83", b"\x8b", b"\xf5")
    return start[:4] == SHP or start[:15] == b"SQLite format 3" or start[:3] == b"fgb" or dbf


def _hash(path: Path) -> str:
    """Return the hash of a file and of what belongs to it."""
    parts = sorted(path.iterdir()) if path.is_dir() else [path, *(path.with_suffix(end) for end in (".dbf", ".DBF"))]
    total = hashlib.sha256()
    for part in dict.fromkeys(part for part in parts if part.is_file()):
        total.update(part.read_bytes())
    return total.hexdigest()


def read_bytes(content: bytes, name: str, sha: str, headers: Sequence[Sequence[str]] = (), *, depth: int = 0) -> list[RawFile]:
    """Read the tables of a file's content."""
    for start, (kind, opened) in _PACKED.items():
        if content.startswith(start):
            if depth > 3:
                raise InputError(f"`path` must not be an archive in an archive in an archive. Got {name}. Unpack it yourself.")
            inner = name[: -len(kind) - 1] if name.lower().endswith(f".{kind}") else name
            return read_bytes(
                _unpack(content, name, kind, opened), inner if "." in inner else name, sha, headers, depth=depth + 1
            )
    if content[:4] == b"PK\x03\x04" and not is_workbook(content):
        return read_zip(content, name, sha, headers, depth=depth, inner=read_bytes)
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return [read_workbook(content, name, sha)]
    if content[:4] == b"PAR1" or content[:6] == b"ARROW1":
        return [read_parquet(content, name, sha)]
    if _spatial(content[:16], name):
        return [_from_bytes(content, name, sha)]
    for start, (what, do) in _REFUSED.items():
        if content.startswith(start):
            raise InputError(f"`path` must be a table; this is no text, or not text that holds one. Got {what}: {name}. {do}.")
    if content[257:262] == b"ustar":
        raise InputError(f"`path` must be a table. Got a tar archive: {name}. Unpack it yourself and read the folder.")
    if looks_like_xml(content):
        return [read_xml(content, name, sha)]
    if looks_like_json(content):
        return [read_json(content, name, sha)]
    return [read_csv(content, name, sha, headers)]


def _from_bytes(content: bytes, name: str, sha: str) -> RawFile:
    """Read a layer that came packed: the library wants a file."""
    suffix = Path(name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="sara-") as folder:
        path = Path(folder) / f"layer{suffix if suffix in SPATIAL else '.gpkg'}"
        path.write_bytes(content)
        return read_layers(path, name, sha)


def _unpack(content: bytes, name: str, kind: str, opened: object) -> bytes:
    limit = _raw.most_bytes(len(content))
    try:
        with opened(io.BytesIO(content)) as file:  # type: ignore[operator]
            out: bytes = file.read(limit + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(
            f"`path` must be a whole {kind} file. Got {name}, which is damaged ({error}). Download it again."
        ) from None
    if len(out) > limit:
        raise InputError(
            f"`path` must not unpack to more than {limit / 1e6:,.0f} MB. Got more from {name} ({len(content) / 1e6:.1f} MB packed). Unpack it yourself if you trust it."
        )
    return out
