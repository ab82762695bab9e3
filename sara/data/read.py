"""Files to event tables."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import geopandas as gpd
import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._build import FIELDS, STAMPS, Table, build, check_mapping
from sara.data.download._folder import fetched
from sara.data.formats import RawFile, align, as_table, find_files, read_query, read_set, stack
from sara.data.formats._own import own_events
from sara.data.recognition.meaning import check_meaning
from sara.data.recognition.profiles import Profile, find_profile
from sara.data.recognize import recognize, require
from sara.data.schema import LOCATION, without_columns_for_geometry

__all__ = ["read_calls", "read_complaints", "read_events"]

Columns = Mapping[str, "str | Sequence[str] | None"]


def read_calls(
    path: Any,
    *,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
    connection: Any = None,
) -> gpd.GeoDataFrame:
    r"""Read police calls for service (or recorded crimes) into the event table.

    Parameters
    ----------
    path : str, path, list of paths, or table
        A file, a folder, a pattern such as ``"calls_*.csv"``, or a list of files: CSV, Excel (.xlsx .xls .xlsb .ods), Parquet, GeoJSON, Esri,
        Socrata or Open311 JSON, JSON lines, XML, shapefile, GeoPackage, FlatGeobuf; plain, gz or zip. Content decides, not the name. Of a
        workbook, the largest table and every sheet with its header; of several files, columns renamed over the years are matched by what
        they hold. Or a DataFrame, a GeoDataFrame, or a table of openpolicedata; or, with `connection`, a query or a table's name.
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
    connection : connection or engine, optional
        An open database (DB-API, SQLAlchemy or DuckDB) that `path` is a query for. It is only read, and stays open.

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
    return _read(path, source="calls", profile=profile, columns=columns, crs=crs, tz=tz, connection=connection)


def read_complaints(
    path: Any,
    *,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
    connection: Any = None,
) -> gpd.GeoDataFrame:
    r"""Read community complaints (311 requests) into the event table.

    Parameters
    ----------
    path, profile, columns, crs, tz, connection
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
    return _read(path, source="complaints", profile=profile, columns=columns, crs=crs, tz=tz, connection=connection)


def read_events(
    path: Any,
    *,
    source: str,
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
    connection: Any = None,
) -> gpd.GeoDataFrame:
    r"""Read any other events with a time and a place: crashes, inspections, ambulance runs.

    Parameters
    ----------
    path, profile, columns, crs, tz, connection
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
    return _read(path, source=source.strip(), profile=profile, columns=columns, crs=crs, tz=tz, connection=connection)


def _read(
    path: Any,
    *,
    source: str,
    profile: str | PathLike[str] | None,
    columns: Columns | None,
    crs: Any,
    tz: str | None,
    connection: Any,
) -> gpd.GeoDataFrame:
    given = dict(columns or {})
    files = _files(path, source, connection)
    if profile is None and not given and (own := own_events(files, source=source, crs=crs)) is not None:
        return own
    if len(files) > 1:
        files = align(files, given, _nothing if profile else _recognized)
    table = stack(files)
    mapping, how, record = settled(table, files, source=source, profile=profile, given=given, crs=crs, tz=tz)
    return build(table, mapping, **how, record={**record, **fetched(path)})


def settled(
    table: Table, files: list[RawFile], *, source: str, profile: Any, given: dict[str, Any], crs: Any, tz: str | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what is decided about a table before a row of it is read: field -> column, how `build` is to read it, and what goes on the record."""
    known = find_profile(profile, table.frame.columns, None if profile else source)
    mapping = _mapping(table.frame, known, given, source)
    _check_times(files, mapping)
    _check_points(table, mapping, told=bool(profile is not None or given.get("time") or given.get("type")))
    told = profile is not None or known is not None or bool(given.get("type"))
    said = check_meaning(table.frame, mapping, source=source, told=told, call=table.file or "")
    how = {
        "source": source,
        "kind": "311" if source == "complaints" else "police",
        "crs": crs if crs is not None else known.crs if known else None,
        "tz": tz if tz is not None else known.tz if known else None,
        "epoch": known.epoch if known else None,
        "dayfirst": known.dayfirst if known else None,
        "origin": known.origin if known else None,
    }
    return mapping, how, {"profile": known.name if known else None, **said}


def _recognized(frame: pd.DataFrame) -> Mapping[str, Any]:
    return recognize(frame).columns


def _nothing(_: pd.DataFrame) -> Mapping[str, Any]:
    """Recognise nothing: a profile that is named knows the columns by their names."""
    return {}


def _files(path: Any, source: str, connection: Any) -> list[RawFile]:
    """Return the tables that `path` names, or is."""
    if connection is not None:
        return [read_query(path, connection)]
    if isinstance(path, (list, tuple)) and path and all(as_table(one, source=source) is not None for one in path):
        return [table for one in path if (table := as_table(one, source=source)) is not None]
    table = as_table(path, source=source)
    return [table] if table is not None else read_set(find_files(path))


def _check_points(table: Table, mapping: Mapping[str, Any], *, told: bool) -> None:
    """Turn down a map of areas, in which no two rows are of one kind; say of any other that its areas are read as points."""
    drawn = int(table.notes.get("geometry_not_points", 0))
    if drawn == 0 or told:
        return
    kind = mapping.get("type")
    kinds = table.frame[kind].nunique() if isinstance(kind, str) else len(table.frame)
    if drawn == len(table.frame) == kinds and drawn >= 5:
        raise InputError(
            f"`path` must hold events. Got {drawn:,} areas or lines, each with a name of its own: a map. Write: sara.read_areas(path); "
            "or say which column is the time, if these are events: columns={'time': '...'}"
        )
    warnings.warn(
        f"{drawn:,} of {len(table.frame):,} rows are areas or lines, not points: each was read as one point that lies on it.",
        SaraWarning,
        stacklevel=5,
    )


def _check_times(files: list[RawFile], mapping: dict[str, Any]) -> None:
    """Turn down a set of files one of which has no time: its rows would all be without one."""
    main = next(name for name in ("time", *STAMPS) if name in mapping)
    wanted = {column.casefold() for column in ([mapping[main]] if isinstance(mapping[main], str) else mapping[main])}
    for file in files:
        if len(file.frame) and not wanted & {str(column).casefold() for column in file.frame.columns}:
            have = ", ".join(map(str, list(file.frame.columns)[:30]))
            raise InputError(
                f"`path` must hold files with the same columns. Got {file.name} without {mapping[main]!r}, where the others have their time. "
                f"Columns: {have}. Read it on its own with columns={{'time': '...'}}, then pd.concat([...])"
            )


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
        mapping = {**_lacking(frame, known), **known.columns}
    else:
        free = frame.drop(
            columns=[c for value in given.values() if value for c in ([value] if isinstance(value, str) else value)]
        )
        found = recognize(free)
        if found.refused and not any(given.get(name) for name in ("time", *STAMPS)):
            require(found, frame, call=f"sara.read_events(path, source={source!r}, columns={{}})", as_dict=True)
        mapping = without_columns_for_geometry(frame, found.columns)
        mapping = {name: column for name, column in mapping.items() if name not in given}
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


def _lacking(frame: pd.DataFrame, known: Profile) -> dict[str, Any]:
    """Recognise the fields whose columns a profile, chosen by the header, did not find in this file."""
    if not known.lacking:
        return {}
    used = [c for value in known.columns.values() for c in ([value] if isinstance(value, str) else value)]
    wanted = set(known.lacking)
    if wanted & set(LOCATION) and not known.columns.keys() & set(LOCATION):
        wanted |= set(LOCATION)
    found = recognize(frame.drop(columns=list(dict.fromkeys(used)))).columns
    return without_columns_for_geometry(frame, {name: column for name, column in found.items() if name in wanted})


def _overruled(mapping: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Let the user's columns take the place of what was found for the same thing."""
    chosen = {name for name, column in given.items() if column is not None}
    if chosen & set(LOCATION):
        mapping = {name: column for name, column in mapping.items() if name not in LOCATION or name in given}
    if "time" in chosen:
        mapping = {name: column for name, column in mapping.items() if name != "received" or column != given["time"]}
    out = {**mapping, **given}
    for one, other in (("x", "y"), ("y", "x"), ("lon", "lat"), ("lat", "lon")):
        if one in given and given[one] is None:
            out[other] = None
    return {name: out[name] for name in FIELDS if name in out and out[name] is not None}
