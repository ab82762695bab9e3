"""One file as its publisher hands it out, packed or plain: what it holds decides how it is read."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sara.core.errors import InputError
from sara.data.formats import _raw
from sara.data.formats._csv import read_csv
from sara.data.formats._raw import RawFile

__all__ = ["TABLES", "read_file"]

TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".gz")


def read_file(path: Path, *, headers: Sequence[Sequence[str]] = ()) -> RawFile:
    """Read CSV (plain, gz, zip) or Excel; a file without a header takes the last of `headers` that is as wide."""
    if not path.is_file():
        raise InputError(
            f"`path` must be a file, a folder or a pattern. Got {str(path)!r}, which is not there. Is the working directory right? {Path.cwd()}"
        )
    if path.stat().st_size > _raw.MAX_BYTES:
        raise InputError(
            f"`path` must be a file of at most {_raw.MAX_BYTES / 1e9:.0f} GB. Got {path.stat().st_size / 1e9:.1f} GB in {path.name}. Split it by year and read the folder."
        )
    content = path.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    return _read_bytes(content, path.name, sha, headers, depth=0)


def _read_bytes(content: bytes, name: str, sha: str, headers: Sequence[Sequence[str]], *, depth: int) -> RawFile:
    if content[:4] == b"PK\x03\x04":
        if name.lower().endswith((".xlsx", ".xlsm")) or _is_workbook(content):
            from sara.data.formats._sheets import read_workbook

            return read_workbook(content, name, sha)
        return _read_zip(content, name, sha, headers, depth=depth)
    if content[:2] == b"\x1f\x8b":
        return _read_bytes(_gunzip(content, name), name, sha, headers, depth=depth + 1)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise InputError(
            f"`path` must be a CSV or an .xlsx file. Got an old Excel file: {name}. Save it in Excel as .xlsx or CSV."
        )
    return read_csv(content, name, sha, headers)


def _is_workbook(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _gunzip(content: bytes, name: str) -> bytes:
    limit = _raw.most_bytes(len(content))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            out = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"`path` must be a whole gz file. Got {name}, which is damaged ({error}). Download it again.") from None
    if len(out) > limit:
        raise InputError(
            f"`path` must not unpack to more than {limit / 1e6:,.0f} MB. Got more from {name} ({len(content) / 1e6:.1f} MB packed). Unpack it yourself if you trust it."
        )
    return out


def _read_zip(content: bytes, name: str, sha: str, headers: Sequence[Sequence[str]], *, depth: int) -> RawFile:
    if depth > 2:
        raise InputError(f"`path` must not be an archive in an archive in an archive. Got {name}. Unpack it yourself.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise InputError(f"`path` must be a whole zip file. Got {name}, which is damaged. Download it again.") from None
    with archive:
        members = [
            m
            for m in archive.infolist()
            if not m.is_dir() and not m.filename.startswith("__MACOSX") and not PurePosixPath(m.filename).name.startswith(".")
        ]
        tables = [m for m in members if m.filename.lower().endswith((*TABLES, ".zip"))]
        # A readme is no table where there is another.
        tables = [m for m in tables if not m.filename.lower().endswith(".txt")] or tables
        if len(tables) != 1:
            listed = ", ".join(m.filename for m in (tables or members)[:10])
            what = "one table" if tables else "a CSV or Excel table"
            raise InputError(
                f"`path` must be a zip with {what} in it. Got {len(tables)} in {name}: {listed}. Unpack the one you want, or the folder: sara.read_calls('folder/')"
            )
        member = tables[0]
        if member.flag_bits & 1:
            raise InputError(f"`path` must be a zip without a password. Got {name}. Unpack it yourself.")
        limit = _raw.most_bytes(len(content))
        try:
            with archive.open(member) as file:
                inner = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
            raise InputError(
                f"`path` must be a whole zip file. Got {name}, which is damaged ({error}). Download it again."
            ) from None
        if len(inner) > limit:
            raise InputError(
                f"`path` must not unpack to more than {limit / 1e6:,.0f} MB. Got more from {name}. Unpack it yourself if you trust it."
            )
        inner_name = PurePosixPath(member.filename).name
    return _read_bytes(inner, inner_name, sha, headers, depth=depth + 1)
