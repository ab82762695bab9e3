"""What a path names: a file, a folder, a pattern, or a list of them."""

from __future__ import annotations

import glob as globbing
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from sara.core.errors import InputError
from sara.data.formats._spatial import SIDECARS
from sara.data.formats._zip import NO_TABLE, TABLES

__all__ = ["find_files"]


def find_files(path: Any) -> list[Path]:
    """Return the files of a path, a folder, a pattern, or a list of files, in the order of their names."""
    if isinstance(path, (list, tuple)):
        if not path:
            raise InputError("`path` must name at least one file. Got an empty list.")
        return list(dict.fromkeys(file for one in path for file in find_files(one)))
    if not isinstance(path, (str, PathLike)):
        raise InputError(
            f"`path` must be a file, a folder, a pattern or a table. Got a {type(path).__name__}. For a table of another kind: sara.as_events(table)"
        )
    if not str(path).strip():
        raise InputError(
            "`path` must be a file, a folder, a pattern or a table. Got empty text. Write: sara.read_calls('calls.csv')"
        )
    if re.match(r"(?:https?|ftp|s3|gs)://", str(path)):
        raise InputError(
            f"`path` must be on this computer. Got {str(path)[:100]!r}. sara fetches nothing unasked. Download it first: sara.download(url, 'folder/')"
        )
    if re.match(r"\s*(?:select|with)\s", str(path), re.IGNORECASE):
        raise InputError(
            "`connection` must be given with a query. Got the text of one alone. Write: sara.read_calls(query, connection=engine)"
        )
    try:
        return _found(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"`path` must be a file, a folder or a pattern. Got {str(path)[:100]!r}: {error}") from None


def _found(path: str | PathLike[str]) -> list[Path]:
    place = Path(path)
    if place.is_dir():
        return [place] if place.suffix.lower() == ".gdb" else _in_folder(place)
    if any(mark in str(path) for mark in "*?[") and not place.exists():
        found = _whole(sorted(Path(file) for file in globbing.glob(str(path), recursive=True) if Path(file).is_file()))
        if not found:
            raise InputError(
                f"`path` must fit at least one file. Got {str(path)!r}, which fits none. Is the working directory right? {Path.cwd()}"
            )
        return found
    return [place]


def _in_folder(place: Path) -> list[Path]:
    """Return the tables of a folder; of one that has only folders, as a Parquet data set has, those within."""
    found = _tables(sorted(place.iterdir()))
    if not found:
        found = _tables(
            sorted(
                file
                for file in place.rglob("*")
                if not any(part.startswith((".", "_")) for part in file.relative_to(place).parts)
            )
        )
    if not found:
        raise InputError(f"`path` must be a folder with tables (CSV, Excel, JSON, Parquet ...). Got none in {str(place)!r}.")
    return found


def _tables(files: Sequence[Path]) -> list[Path]:
    out = [
        file
        for file in files
        if file.name.lower().endswith((*TABLES, ".zip"))
        and not file.name.startswith((".", "~"))
        and (file.is_file() or file.suffix.lower() == ".gdb")
    ]
    return [file for file in _whole(out) if not NO_TABLE.fullmatch(file.stem)] or _whole(out)


def _whole(files: Sequence[Path]) -> list[Path]:
    """Leave out what belongs to a shapefile beside it."""
    layers = {file.with_suffix("") for file in files if file.suffix.lower() == ".shp"}
    return [
        file
        for file in files
        if not (file.name.lower().endswith(SIDECARS) and Path(str(file).split(".shp.")[0]).with_suffix("") in layers)
    ]
