"""Files to event tables."""

from __future__ import annotations

import glob as globbing
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._build import FIELDS, STAMPS, Table, build, check_mapping
from sara.data._meaning import check_meaning
from sara.data._profiles import Profile, find_profile
from sara.data._text import TEXT_DTYPE
from sara.data.formats import TABLES, RawFile, read_file
from sara.data.recognize import recognize, require

__all__ = ["read_calls", "read_complaints", "read_events"]

Columns = Mapping[str, "str | Sequence[str] | None"]


def read_calls(
    path: str | PathLike[str],
    *,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
) -> gpd.GeoDataFrame:
    r"""Read police calls for service (or recorded crimes) into the event table.

    Parameters
    ----------
    path : str or path
        A CSV (also .gz or .zip) or .xlsx file, a folder of them, or a pattern such as ``"calls_*.csv"``. Of a workbook, the largest table and
        every sheet with its header; of several files, columns renamed over the years are matched by what they hold.
    profile : str or path, optional
        A publisher sara knows, such as ``"seattle_2015"``, chosen by the header if not given; or a ``.toml`` file of your own, begun with
        ``sara.recognize(table).save("my_city.toml")``.
    columns : dict, optional
        Event field -> column name, where sara's own recognition must be overruled: ``{"time": "Dispatch_DT", "type": "NATURE"}``.
        A list joins columns (``{"time": ["Date", "Time"]}``); None leaves a field out.
    crs : int, str or CRS, optional
        Of the x and y columns, such as 3435 for Illinois East in feet. Where longitude and latitude are published too, they are used.
    tz : str, optional
        The city's time zone, such as ``"America/Chicago"``.

    Returns
    -------
    GeoDataFrame
        The event table; see `as_events`. Rows that can't be read are in ``audit(events).rejects`` with their line in the file.

    Raises
    ------
    InputError
        If the file is not there or is no table, no time column is found, no time can be read, or times or coordinates can be read in two ways.

    Notes
    -----
    03/04/2024 is 4 March unless a day above 12 in the column says otherwise; where none does, a warning and the audit say so. Columns of
    longitude and latitude that bear each other's name are read as what they hold, with a warning.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "calls.csv"
    >>> _ = path.write_text("id,received,nature,lon,lat\n1,2024-03-01 23:10,FIGHT,-88.9,40.9\n2,soon,FIGHT,-88.9,40.9\n")
    >>> calls = read_calls(path, tz="America/Chicago")
    >>> len(calls), calls.attrs["sara"]["rows_rejected"]
    (1, 1)
    """
    return _read(path, source="calls", profile=profile, columns=columns, crs=crs, tz=tz)


def read_complaints(
    path: str | PathLike[str],
    *,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
) -> gpd.GeoDataFrame:
    r"""Read community complaints (311 requests) into the event table.

    Parameters
    ----------
    path, profile, columns, crs, tz
        As in `read_calls`.

    Returns
    -------
    GeoDataFrame
        The event table; see `as_events`. Categories of 311 are tried first; ``origin`` is ``community`` unless the channel column says
        that city staff entered the request (``administrative``).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "311.csv"
    >>> _ = path.write_text("case_id,open_dt,type,source,lon,lat\n7,2024-03-01 09:00,Graffiti Removal,Employee Generated,-88.9,40.9\n")
    >>> read_complaints(path)[["category", "origin"]].iloc[0].tolist()
    ['graffiti', 'administrative']
    """
    return _read(path, source="complaints", profile=profile, columns=columns, crs=crs, tz=tz)


def read_events(
    path: str | PathLike[str],
    *,
    source: str,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
) -> gpd.GeoDataFrame:
    r"""Read any other events with a time and a place: crashes, inspections, ambulance runs.

    Parameters
    ----------
    path, profile, columns, crs, tz
        As in `read_calls`.
    source : str
        Your word for what the rows are; it goes to the column ``source``.

    Returns
    -------
    GeoDataFrame
        The event table; see `as_events`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "crashes.csv"
    >>> _ = path.write_text("date;kind;easting;northing\n2024-03-01;CRASH;400000,5;4500000\n")
    >>> read_events(path, source="crashes", columns={"type": "kind"}, crs=32616)[["x", "y"]].iloc[0].tolist()
    [400000.5, 4500000.0]
    """
    if not isinstance(source, str) or not source.strip():
        raise InputError(f"`source` must be a word for what the rows are. Got {source!r}. Write source='crashes'")
    return _read(path, source=source.strip(), profile=profile, columns=columns, crs=crs, tz=tz)


def _read(path: Any, *, source: str, profile: str | PathLike[str] | None, columns: Columns | None, crs: Any, tz: str | None) -> gpd.GeoDataFrame:
    files = _files(_paths(path))
    if len(files) > 1 and profile is None:
        files = _aligned(files, dict(columns or {}))
    table = _together(files)
    known = find_profile(profile, table.frame.columns, None if profile else source)
    mapping = _mapping(table.frame, known, dict(columns or {}), source)
    _check_times(files, mapping)
    told = profile is not None or known is not None or bool((columns or {}).get("type"))
    said = check_meaning(table.frame, mapping, source=source, told=told, call=table.file or "")
    return build(
        table,
        mapping,
        source=source,
        kind="311" if source == "complaints" else "police",
        crs=crs if crs is not None else known.crs if known else None,
        tz=tz if tz is not None else known.tz if known else None,
        epoch=known.epoch if known else None,
        dayfirst=known.dayfirst if known else None,
        origin=known.origin if known else None,
        record={"profile": known.name if known else None, **said},
    )


def _paths(path: Any) -> list[Path]:
    """Return the files of a path, a folder or a pattern, in the order of their names."""
    if not isinstance(path, (str, PathLike)):
        raise InputError(
            f"`path` must be a file, a folder or a pattern. Got a {type(path).__name__}. For a table you already have: sara.as_events(table)"
        )
    place = Path(path)
    if place.is_dir():
        found = sorted(
            file
            for file in place.iterdir()
            if file.name.lower().endswith((*TABLES, ".zip")) and not file.name.startswith((".", "~"))
        )
        if not found:
            raise InputError(f"`path` must be a folder with CSV or Excel files. Got none in {str(place)!r}.")
        return found
    if any(mark in str(path) for mark in "*?[") and not place.exists():
        found = sorted(Path(file) for file in globbing.glob(str(path), recursive=True) if Path(file).is_file())
        if not found:
            raise InputError(
                f"`path` must fit at least one file. Got {str(path)!r}, which fits none. Is the working directory right? {Path.cwd()}"
            )
        return found
    return [place]


def _files(paths: list[Path]) -> list[RawFile]:
    """Read each file; one without a header takes that of a file as wide, before it or else after it."""
    headers: list[list[str]] = []
    files: list[RawFile] = []
    for path in paths:
        files.append(read_file(path, headers=headers))
        if "header" not in files[-1].notes:
            headers.append(list(files[-1].frame.columns))
    bare = [position for position, file in enumerate(files) if "header" in file.notes and file.frame.columns[0] == "column_1"]
    for position in bare if headers else []:
        files[position] = read_file(paths[position], headers=headers)
    return files


def _aligned(files: list[RawFile], given: dict[str, Any]) -> list[RawFile]:
    """Give the columns of files whose header changed over the years the names they have in the first file, field by field."""
    first = next((file for file in files if len(file.frame)), files[0])
    have = {column.casefold() for column in first.frame.columns}
    wanted = {**recognize(first.frame).columns, **{name: column for name, column in given.items() if isinstance(column, str)}}
    out = []
    for file in files:
        own = {column.casefold() for column in file.frame.columns}
        if own == have or len(file.frame) == 0:
            out.append(file)
            continue
        renamed = {}
        for name, column in recognize(file.frame).columns.items():
            known = wanted.get(name)
            if (
                isinstance(column, str)
                and isinstance(known, str)
                and column.casefold() not in have
                and known.casefold() not in own
            ):
                renamed[column] = known
        out.append(replace(file, frame=file.frame.rename(columns=renamed)))
    return out


def _check_times(files: list[RawFile], mapping: dict[str, Any]) -> None:
    """Turn down a set of files one of which has no time: its rows would all be without one."""
    main = next(name for name in ("time", *STAMPS) if name in mapping)
    wanted = {column.casefold() for column in ([mapping[main]] if isinstance(mapping[main], str) else mapping[main])}
    for file in files:
        if len(file.frame) and not wanted & {column.casefold() for column in file.frame.columns}:
            have = ", ".join(map(str, list(file.frame.columns)[:30]))
            raise InputError(
                f"`path` must hold files with the same columns. Got {file.name} without {mapping[main]!r}, where the others have their time. "
                f"Columns: {have}. Read it on its own with columns={{'time': '...'}}, then pd.concat([...])"
            )


def _together(files: list[RawFile]) -> Table:
    """Put files under one another; columns are joined by name, whatever their order or case."""
    if len(files) == 1:
        only = files[0]
        frame, lines, rejects = only.frame, only.lines, only.rejects
        names, sha, name, notes = _names(only), only.sha256, only.name, only.notes
    else:
        spelled: dict[str, str] = {}
        frames = []
        for file in files:
            for column in file.frame.columns:
                spelled.setdefault(column.casefold(), column)
            frames.append(file.frame.rename(columns=lambda column: spelled[column.casefold()]))
        frame = pd.concat(frames, ignore_index=True).astype(TEXT_DTYPE)
        lines = np.concatenate([file.lines for file in files])
        rejects = pd.concat([file.rejects for file in files], ignore_index=True)
        names = np.concatenate([_names(file) for file in files])
        sha = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
        name, notes = f"{files[0].name} and {len(files) - 1} more", {"files": [file.name for file in files]}
    if len(frame) == 0 and len(rejects) == 0:
        raise InputError(f"`path` must hold rows. Got a header and nothing below it: {name}.")
    return Table(frame, lines, names, rejects, len(frame) + len(rejects), name, sha, notes)


def _names(file: RawFile) -> np.ndarray:
    return np.full(len(file.frame), file.name, dtype=object) if file.names is None else file.names


def _mapping(frame: pd.DataFrame, known: Profile | None, given: dict[str, Any], source: str) -> dict[str, Any]:
    """Return field -> column: what the user says, then the profile, then what is recognised."""
    check_mapping(given, list(frame.columns))
    if known is not None:
        missing = [
            c
            for value in known.columns.values()
            for c in ([value] if isinstance(value, str) else value)
            if c not in frame.columns
        ]
        if missing:
            have = ", ".join(map(str, list(frame.columns)[:30]))
            raise InputError(
                f"`profile` {known.name!r} must fit the file. Got a file without {', '.join(missing)}. Columns: {have}. Leave profile= out to let sara recognise them."
            )
        mapping = dict(known.columns)
    else:
        free = frame.drop(
            columns=[c for value in given.values() if value for c in ([value] if isinstance(value, str) else value)]
        )
        found = recognize(free)
        if found.refused and not any(given.get(name) for name in ("time", *STAMPS)):
            require(found, frame, call=f"sara.read_events(path, source={source!r}, columns={{}})", as_dict=True)
        mapping = {name: column for name, column in found.columns.items() if name not in given}
    mapping = _overruled(mapping, given)
    if not any(name in mapping for name in ("time", *STAMPS)):
        have = ", ".join(map(str, list(frame.columns)[:40]))
        raise InputError(
            f"`time` must be one of the columns. Got none that is called and reads like a time. Columns: {have}. "
            f"Write: sara.read_events(path, source={source!r}, columns={{'time': '...', 'type': '...'}})"
        )
    if "type" not in mapping and "category" not in mapping and "type" not in given:
        have = ", ".join(map(str, list(frame.columns)[:40]))
        warnings.warn(
            f"No column tells what the rows are: type and category are missing. Columns: {have}. Write: columns={{'type': '...'}}, or columns={{'type': None}} if there is none.",
            SaraWarning,
            stacklevel=4,
        )
    return mapping


def _overruled(mapping: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Let the user's columns take the place of what was found for the same thing."""
    chosen = {name for name, column in given.items() if column is not None}
    if chosen & {"x", "y", "lon", "lat", "point"}:
        mapping = {
            name: column for name, column in mapping.items() if name not in ("x", "y", "lon", "lat", "point") or name in given
        }
    if "time" in chosen:
        mapping = {name: column for name, column in mapping.items() if name != "received" or column != given["time"]}
    out = {**mapping, **given}
    for one, other in (("x", "y"), ("y", "x"), ("lon", "lat"), ("lat", "lon")):
        if one in given and given[one] is None:
            out[other] = None
    return {name: out[name] for name in FIELDS if name in out and out[name] is not None}
