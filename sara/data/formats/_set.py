"""Several files to one table: daily files, pages, years whose columns were renamed."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._build import Table
from sara.data._text import TEXT_DTYPE
from sara.data.formats._files import read_tables
from sara.data.formats._raw import RawFile, plain_text
from sara.data.formats._twins import read_once
from sara.data.formats._zip import without_prose

__all__ = ["align", "read_set", "stack"]

# The record travels with every table: of a folder of a thousand pages it names the first and last.
_MOST_NAMES = 20

Recognized = Callable[[pd.DataFrame], Mapping[str, Any]]


def read_set(paths: Sequence[Path]) -> list[RawFile]:
    """Read each file; one without a header takes that of a file as wide, before it or else after it. An empty one among others is a day without calls."""
    headers: list[list[str]] = []
    read: list[list[RawFile]] = []
    empty: list[str] = []
    for path in paths:
        try:
            tables = read_tables(path, headers=headers)
        except InputError as error:
            if len(paths) == 1 or "Got an empty file" not in str(error):
                raise
            empty.append(path.name)
            tables = []
        read.append(tables)
        headers.extend(list(table.frame.columns) for table in tables if "header" not in table.notes)
    for position, tables in enumerate(read):
        if headers and any("header" in table.notes and table.frame.columns[0] == "column_1" for table in tables):
            read[position] = read_tables(paths[position], headers=headers)
    files = [table for tables in read for table in tables]
    if not files:
        raise InputError(f"`path` must hold rows. Got {len(empty)} empty files: {', '.join(empty[:5])}.")
    if empty:
        warnings.warn(f"{len(empty)} of {len(paths)} files are empty: {', '.join(empty[:5])}.", SaraWarning, stacklevel=5)
        files[0].notes["empty_files"] = len(empty)
    if files[-1].notes.get("more_rows"):
        warnings.warn(
            f"{files[-1].name}: the service says that it has more rows than it sent. Get the other pages too, and read them as a folder: sara.download(url, 'folder/')",
            SaraWarning,
            stacklevel=5,
        )
    files = without_prose(files)
    return read_once(files, "The folder") if len(paths) > 1 else files


def align(files: list[RawFile], given: Mapping[str, Any], recognized: Recognized) -> list[RawFile]:
    """Give the columns of files whose header changed over the years the names they have in the first file, field by field."""
    files = _same_place(files, recognized)
    first = next((file for file in files if len(file.frame)), files[0])
    have = {str(column).casefold() for column in first.frame.columns}
    wanted = {**recognized(first.frame), **{name: column for name, column in given.items() if isinstance(column, str)}}
    known: dict[tuple[str, ...], dict[str, str]] = {}
    out = []
    for file in files:
        columns = tuple(str(column) for column in file.frame.columns)
        own = {column.casefold() for column in columns}
        if own <= have or len(file.frame) == 0:
            # JSON leaves out what is missing in a whole page.
            out.append(file)
            continue
        if columns not in known:
            known[columns] = _renamed(recognized(file.frame), wanted, own, have)
        out.append(replace(file, frame=file.frame.rename(columns=known[columns])) if known[columns] else file)
    return out


def _renamed(found: Mapping[str, Any], wanted: Mapping[str, Any], own: set[str], have: set[str]) -> dict[str, str]:
    out = {}
    for name, column in found.items():
        target = wanted.get(name)
        if isinstance(column, str) and isinstance(target, str) and column.casefold() not in have and target.casefold() not in own:
            out[column] = target
    return out


def _same_place(files: list[RawFile], recognized: Recognized) -> list[RawFile]:
    """Write geometry as longitude and latitude where other files of the set have these in columns."""
    shaped = [isinstance(file.frame, gpd.GeoDataFrame) for file in files]
    if not any(shaped) or all(has or len(file.frame) == 0 for has, file in zip(shaped, files, strict=True)):
        return files
    bare = next(file for has, file in zip(shaped, files, strict=True) if not has and len(file.frame))
    found = recognized(bare.frame)
    if "x" in found and "lon" not in found:
        # Numbers of a system of their own, which layers of the same publisher mostly have beside their geometry.
        own = [
            recognized(pd.DataFrame(f.frame.drop(columns=f.frame.geometry.name))) if has else {}
            for has, f in zip(shaped, files, strict=True)
        ]
        if all("x" in columns for has, columns in zip(shaped, own, strict=True) if has):
            return [
                replace(f, frame=pd.DataFrame(f.frame.drop(columns=f.frame.geometry.name))) if has else f
                for has, f in zip(shaped, files, strict=True)
            ]
    lon, lat = found.get("lon", "longitude"), found.get("lat", "latitude")
    return [_written(file, str(lon), str(lat)) if has else file for has, file in zip(shaped, files, strict=True)]


def _written(file: RawFile, lon: str, lat: str) -> RawFile:
    frame = file.frame
    geometry = frame.geometry.name
    if frame.crs is None:
        return file
    points = frame.geometry.to_crs(4326)
    plain = pd.DataFrame(
        frame.drop(columns=[geometry, *(c for c in frame.columns if str(c).casefold() in (lon.casefold(), lat.casefold()))])
    )
    return replace(file, frame=plain.assign(**{lon: points.x.to_numpy(), lat: points.y.to_numpy()}))


def stack(files: list[RawFile]) -> Table:
    """Put files under one another; columns are joined by name, whatever their order or case."""
    if len(files) == 1:
        only = files[0]
        frame, lines, rejects = only.frame, only.lines, only.rejects
        names, sha, name, notes = _names(only), only.sha256, only.name, only.notes
    else:
        frame = _stacked([file.frame for file in files])
        lines = np.concatenate([np.asarray(file.lines) for file in files])
        rejects = pd.concat([file.rejects for file in files], ignore_index=True)
        names = np.concatenate([_names(file) for file in files])
        sha = hashlib.sha256("".join(file.sha256 or file.name for file in files).encode()).hexdigest()
        name, notes = f"{files[0].name} and {len(files) - 1} more", _notes(files)
    if len(frame) == 0 and len(rejects) == 0:
        raise InputError(f"`path` must hold rows. Got a header and nothing below it: {name or 'the table'}.")
    if len(frame) == 0:
        first = rejects.iloc[0]
        raise InputError(
            f"`path` must hold rows that can be read. Got {len(rejects)} of which none can: {first['reason']} (line {first['line']} of {name})."
        )
    return Table(frame, lines, names, rejects, len(frame) + len(rejects), name or None, sha, notes)


def _names(file: RawFile) -> np.ndarray:
    return np.full(len(file.frame), file.name, dtype=object) if file.names is None else file.names


def _notes(files: list[RawFile]) -> dict[str, Any]:
    names = [file.name for file in files]
    shown = names if len(names) <= _MOST_NAMES else [*names[: _MOST_NAMES - 1], names[-1]]
    out: dict[str, Any] = {"files": shown, "n_files": len(names)}
    for key in ("format", "encoding", "crs_missing", "publisher"):
        values = list(dict.fromkeys(str(file.notes[key]) for file in files if key in file.notes))
        if values:
            out[key] = ", ".join(values)
    for key in (
        "bytes_not_utf8",
        "geometry_not_points",
        "geometry_unreadable",
        "error_cells",
        "formulas_without_a_value",
        "empty_files",
    ):
        total = sum(int(file.notes.get(key, 0)) for file in files)
        if total:
            out[key] = total
    epochs = list(dict.fromkeys(column for file in files for column in file.notes.get("epoch_columns", [])))
    return {**out, "epoch_columns": epochs} if epochs else out


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    spelled: dict[str, str] = {}
    for frame in frames:
        for column in frame.columns:
            spelled.setdefault(str(column).casefold(), str(column))
    geometry = next((frame.geometry.name for frame in frames if isinstance(frame, gpd.GeoDataFrame)), None)
    system = next((frame.crs for frame in frames if isinstance(frame, gpd.GeoDataFrame) and frame.crs is not None), None)
    moved = []
    for frame in frames:
        if isinstance(frame, gpd.GeoDataFrame):
            own = frame.crs if frame.crs is not None else system
            shapes = frame.geometry if own is None else frame.geometry.set_crs(own).to_crs(system)
            frame = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(**{str(geometry): shapes.to_numpy()})
        moved.append(frame.rename(columns=lambda column: spelled[str(column).casefold()]))
    columns = list(dict.fromkeys(column for frame in moved for column in frame.columns))
    joined = {
        column: _column([frame[column] if column in frame else len(frame) for frame in moved])
        for column in columns
        if column != geometry
    }
    plain = pd.DataFrame(joined)
    if geometry is None:
        return plain
    shapes = np.concatenate(
        [np.asarray(frame[geometry], dtype=object) if geometry in frame else np.full(len(frame), None) for frame in moved]
    )
    return gpd.GeoDataFrame(plain.assign(**{geometry: gpd.array.from_shapely(shapes, crs=system)}), geometry=geometry, crs=system)


def _column(parts: list[pd.Series | int]) -> pd.Series:
    """Join one column of several files: numbers stay numbers and times times where all are; otherwise all of it becomes text."""
    there = [part for part in parts if isinstance(part, pd.Series) and part.notna().any()]
    kinds = {_kind(part) for part in there}
    target = kinds.pop() if len(kinds) == 1 else "text"
    filled = [_missing(part, target) if isinstance(part, int) else _cast(part, target) for part in parts]
    out = pd.concat(filled, ignore_index=True)
    return out.astype(TEXT_DTYPE) if target == "text" else out


def _kind(part: pd.Series) -> str:
    if isinstance(part.dtype, pd.DatetimeTZDtype):
        return f"datetime64[us, {part.dt.tz}]"
    if pd.api.types.is_datetime64_dtype(part.dtype):
        return "datetime64[us]"
    return "Float64" if pd.api.types.is_numeric_dtype(part.dtype) else "text"


def _missing(n: int, target: str) -> pd.Series:
    dtype: Any = TEXT_DTYPE if target == "text" else target
    return pd.Series(pd.array(np.full(n, None, dtype=object), dtype=dtype))


def _cast(part: pd.Series, target: Any) -> pd.Series:
    if target == "Float64":
        return part.astype("Int64" if pd.api.types.is_integer_dtype(part.dtype) else float)
    if target != "text":
        return part.astype(target) if part.notna().any() else _missing(len(part), target)
    if _kind(part) == "text":
        return part.astype(TEXT_DTYPE)
    text = [
        None if value is None or value is pd.NA or value is pd.NaT or value != value else plain_text(value)
        for value in part.astype(object)
    ]
    return pd.Series(pd.array(text, dtype=TEXT_DTYPE))
