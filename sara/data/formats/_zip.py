"""Zip archives: one table, a shapefile, or a year of monthly tables."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from sara.core.errors import InputError
from sara.data.formats import _raw
from sara.data.formats._raw import ZIP_ERRORS, RawFile
from sara.data.formats._spatial import PARTS, SHP, SIDECARS, SPATIAL, read_layers
from sara.data.formats._twins import read_once

__all__ = ["NO_TABLE", "TABLES", "is_workbook", "read_zip", "without_prose"]

TABLES = (
    ".csv", ".txt", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".json", ".geojson", ".ndjson", ".jsonl", ".geojsonl",
    ".geojsons", ".parquet", ".pq", ".geoparquet", ".feather", ".arrow", ".xml", *SPATIAL, ".gz", ".bz2", ".xz",
)  # fmt: skip
# What lies beside a table to explain it.
NO_TABLE = re.compile(r"(?:read[ _-]?me|licen[cs]e|metadata|data[ _-]?dictionary|schema|manifest|about)[^/]*", re.IGNORECASE)
MAX_MEMBERS = 5_000
# Tables that share half of all their columns are parts of one: headers change over the years.
_ALIKE = 0.5

Inner = Callable[..., list[RawFile]]


def is_workbook(content: bytes) -> bool:
    """Whether a zip archive is a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            return "[Content_Types].xml" in names or ("content.xml" in names and "mimetype" in names)
    except ZIP_ERRORS:
        return False


def read_zip(content: bytes, name: str, sha: str, headers: Sequence[Sequence[str]], *, depth: int, inner: Inner) -> list[RawFile]:
    """Read the tables of an archive; several must have the same columns, or be the same rows in other formats."""
    if depth > 2:
        raise InputError(f"`path` must not be an archive in an archive in an archive. Got {name}. Unpack it yourself.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except ZIP_ERRORS:
        raise InputError(f"`path` must be a whole zip file. Got {name}, which is damaged. Download it again.") from None
    with archive:
        members = [
            member for member in archive.infolist() if member.filename and not member.is_dir() and not _hidden(member.filename)
        ]
        if len(members) > MAX_MEMBERS:
            raise InputError(
                f"`path` must be a zip of at most {MAX_MEMBERS:,} files. Got {len(members):,} in {name}. Unpack it and read the folder."
            )
        found = _tables(members)
        if not found:
            listed = ", ".join(member.filename for member in members[:10]) or "nothing"
            raise InputError(
                f"`path` must be a zip with a table in it. Got {listed} in {name}. Unpack it yourself and read the folder."
            )
        if any(member.flag_bits & 1 for member in found):
            raise InputError(f"`path` must be a zip without a password. Got {name}. Unpack it yourself.")
        unpacked = _Unpacker(archive, name, _raw.most_bytes(len(content)))
        tables = [table for member in found for table in _member(unpacked, member, members, sha, headers, depth, inner)]
    return _chosen(tables, name)


def _hidden(filename: str) -> bool:
    path = PurePosixPath(filename)
    return filename.startswith("__MACOSX") or path.name.startswith((".", "~$"))


def _tables(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return what may be a table: not what explains one, nor the parts of a shapefile or geodatabase."""
    names = [member.filename.lower() for member in members]
    layers = {str(PurePosixPath(name).with_suffix("")) for name in names if name.endswith(".shp")}
    out, databases = [], set()
    for member, name in zip(members, names, strict=True):
        database = re.match(r"(?:.*/)?[^/]+\.gdb(?=/)", name)
        if database:
            if database[0] not in databases:
                out.append(member)
            databases.add(database[0])
        elif name.endswith((*TABLES, ".zip")) and not (
            name.endswith(SIDECARS) and name.split(".")[0] in {s.split(".")[0] for s in layers}
        ):
            out.append(member)
    if not out and len(members) == 1:
        return list(members)
    # A readme is no table where there is another.
    return [
        m for m in out if not NO_TABLE.fullmatch(PurePosixPath(m.filename).stem) and not m.filename.lower().endswith(".shp.xml")
    ] or out


class _Unpacker:
    """Unpacks members as long as all of them together stay within the limit."""

    def __init__(self, archive: zipfile.ZipFile, name: str, limit: int) -> None:
        self.archive, self.name, self.limit, self.left = archive, name, limit, limit

    def read(self, member: zipfile.ZipInfo) -> bytes:
        try:
            with self.archive.open(member) as file:
                out = file.read(self.left + 1)
        except ZIP_ERRORS as error:
            raise InputError(
                f"`path` must be a whole zip file. Got {self.name}, which is damaged ({error}). Download it again."
            ) from None
        self.left -= len(out)
        if self.left < 0:
            raise InputError(
                f"`path` must not unpack to more than {self.limit / 1e6:,.0f} MB. Got more from {self.name}. Unpack it yourself if you trust it."
            )
        return out


def _member(
    unpacked: _Unpacker,
    member: zipfile.ZipInfo,
    members: Sequence[zipfile.ZipInfo],
    sha: str,
    headers: Sequence[Sequence[str]],
    depth: int,
    inner: Inner,
) -> list[RawFile]:
    name = unpacked.name
    path = PurePosixPath(member.filename)
    database = re.match(r"((?:.*/)?[^/]+\.gdb)/", member.filename, re.IGNORECASE)
    if database is None and path.suffix.lower() != ".shp":
        return inner(unpacked.read(member), path.name, sha, headers, depth=depth + 1)
    with tempfile.TemporaryDirectory(prefix="sara-") as folder:
        # Only the last part of a name is used: a member cannot write outside the folder.
        if database is not None:
            place = Path(folder) / "layer.gdb"
            place.mkdir()
            for part in members:
                last = PurePosixPath(part.filename).name
                if part.filename.startswith(f"{database[1]}/") and PARTS.fullmatch(last):
                    (place / last).write_bytes(unpacked.read(part))
            return [read_layers(place, PurePosixPath(database[1]).name, sha)]
        stem = str(path.with_suffix("")).lower()
        for part in members:
            if part.filename.lower().startswith(f"{stem}.") and "/" not in part.filename[len(stem) + 1 :]:
                (Path(folder) / f"layer{part.filename[len(stem) :].lower()}").write_bytes(unpacked.read(part))
        if (Path(folder) / "layer.shp").read_bytes()[:4] != SHP:
            # The library would take it for what its content says, such as a list of other files to read.
            raise InputError(
                f"`path` must be a zip of a whole shapefile. Got {path.name} in {name}, which is none. Download it again."
            )
        return [read_layers(Path(folder) / "layer.shp", path.name, sha)]


def _chosen(tables: list[RawFile], name: str) -> list[RawFile]:
    """Return all tables with the same columns; of the same rows in several formats, one."""
    if len(tables) == 1:
        return tables
    tables = read_once(without_prose(tables), name)
    main = max(tables, key=lambda table: len(table.frame))
    known = _columns(main)
    alike = [
        table
        for table in tables
        if "header" in table.notes or len(known & _columns(table)) >= _ALIKE * len(known | _columns(table))
    ]
    if len(alike) < len(tables):
        listed = ", ".join(table.name for table in tables[:10])
        raise InputError(
            f"`path` must be a zip with one table in it, or several with the same columns. Got {len(tables)} in {name}: {listed}. "
            "Unpack the one you want, or the folder: sara.read_calls('folder/')"
        )
    return alike


def without_prose(tables: list[RawFile]) -> list[RawFile]:
    """Leave out text files that hold no row of several columns, beside tables that do: notes, not a table."""
    tabular = [table for table in tables if table.frame.shape[1] > 1 and len(table.frame)]
    if not tabular:
        return tables
    return [table for table in tables if any(table is other for other in tabular) or not table.name.lower().endswith(".txt")]


def _columns(table: RawFile) -> set[str]:
    geometry = getattr(table.frame, "_geometry_column_name", None)
    return {str(column).casefold() for column in table.frame.columns if column != geometry}
