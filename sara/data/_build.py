"""From a table as published to the event table: the one place where its columns are made."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from sara.core.errors import InputError, SaraWarning, suggest
from sara.core.period import coverage
from sara.data import _time
from sara.data._address import normalize_places
from sara.data._coordinates import Located, locate, numbers, split_points
from sara.data._origin import ORIGINS, origin_of_channel, origin_of_flag, origin_of_type
from sara.data._rejects import reject_rows, store_rejects
from sara.data._text import TEXT_DTYPE, clean_text, is_blank, text_column, uniques_of
from sara.data.categories import categorize, category_table

__all__ = ["EVENT_COLUMNS", "FIELDS", "Origin", "Table", "build", "check_mapping"]

EVENT_COLUMNS = (
    "id", "source", "time", "t", "t_local", "month", "dow", "hour", "time_to", "type", "category", "origin", "priority", "disposition",
    "channel", "language", "received", "dispatched", "arrived", "closed", "address", "place", "area", "text", "caller", "x", "y", "geometry",
    "n_reports", "merged_ids",
)  # fmt: skip
STAMPS = ("received", "dispatched", "arrived", "closed")
TEXTS = ("priority", "disposition", "channel", "language", "address", "area", "text", "caller")
# What a column of a published table can be.
FIELDS = ("id", "time", *STAMPS, "time_to", "type", "group", "category", "origin", *TEXTS, "place", "lon", "lat", "x", "y", "point")
# Fields written in more than one column: date and time, block and street.
JOINED = frozenset({"time", "received", "dispatched", "arrived", "closed", "time_to", "address", "place", "type", "group", "text", "id"})

Mapping_ = Mapping[str, "str | Sequence[str] | None"]


@dataclass(frozen=True)
class Origin:
    """What is known of the origin beyond the table: markers in the type, and what an unmarked row is."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    unmarked: str | None = None


@dataclass(frozen=True)
class Table:
    """A published table with what reading it has learned.

    Parameters
    ----------
    frame : DataFrame
        Columns under their published names.
    lines : ndarray
        Where each row stands: line of the file, row of the sheet, label of the frame.
    files : ndarray of object
        The file each row came from; "" for a frame.
    rejects : DataFrame
        Rows already turned down (ragged lines).
    rows_read : int
        Rows in the file, kept or not.
    file, sha256 : str or None
        Name and hash of what was read.
    notes : dict
        Encoding, delimiter and the like, for the record.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    files: np.ndarray
    rejects: pd.DataFrame
    rows_read: int
    file: str | None = None
    sha256: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


def check_mapping(mapping: Mapping_, columns: Sequence[object]) -> dict[str, list[str]]:
    """Return field -> published columns, all of them there."""
    out: dict[str, list[str]] = {}
    have = [str(column) for column in columns]
    for name, given in mapping.items():
        if name not in FIELDS:
            raise InputError(f"`columns` must map fields of the event table. Got {name!r}.{suggest(name, FIELDS)} Fields: {', '.join(FIELDS)}")
        if given is None:
            continue
        wanted = [given] if isinstance(given, str) else list(given)
        if len(wanted) > 1 and name not in JOINED:
            raise InputError(f"`{name}` must be one column. Got {wanted}. Only {', '.join(sorted(JOINED))} may be written in several.")
        for column in wanted:
            if column not in have:
                listed = ", ".join(have[:30]) + (", ..." if len(have) > 30 else "")
                raise InputError(f"`{name}` names a column that is not in the table: {column!r}.{suggest(column, have)} Columns: {listed}")
        out[name] = wanted
    return out


def build(
    table: Table,
    mapping: Mapping_,
    *,
    source: str,
    kind: str,
    crs: Any = None,
    tz: str | None = None,
    epoch: str | None = None,
    dayfirst: bool | None = None,
    origin: Origin | None = None,
    record: Mapping[str, Any] | None = None,
) -> gpd.GeoDataFrame:
    """Return the event table of a published table.

    Parameters
    ----------
    table : Table
        What was read.
    mapping : dict of str to str or list of str
        Field -> published column or columns.
    source : str
        What the rows are: ``"calls"``, ``"complaints"`` or another word.
    kind : {"police", "311"}
        Whose categories come first.
    crs, tz : optional
        Of the coordinates and of the clock.
    epoch, dayfirst : optional
        See `sara.data._time.parse_times`.
    origin : Origin, optional
        Markers of officer-initiated rows.
    record : dict, optional
        More entries for ``attrs["sara"]``.
    """
    tz = _time.check_zone(tz)
    fields = check_mapping(mapping, list(table.frame.columns))
    frame = table.frame.reset_index(drop=True).rename(columns=str)
    times, notes = _times(frame, fields, tz=tz, epoch=epoch, dayfirst=dayfirst)
    main = next((name for name in ("time", *STAMPS) if name in times), None)
    rejects, keep = _unreadable(table, frame, fields, times, main)
    key = _key(table, fields, source, crs, tz)
    where = store_rejects(rejects, key)
    out = _columns(frame, fields, source=source, kind=kind, origin=origin)
    out.update({name: parsed.local for name, parsed in times.items()})
    out["time"] = times[main].local if main else np.full(len(frame), np.datetime64("NaT", "us"))
    precision = "day" if main and times[main].day_only else "minute"
    clock = _clock(out["time"], times[main].utc if main else np.full(len(frame), np.nan), tz, precision)
    place = _positions(frame, fields, crs, keep)
    result = _assemble(frame, fields, out, clock, place)
    if not keep.all():
        result = result[keep]
    result = _sorted(result)
    result.attrs["sara"] = {
        "source": source, "zone": tz, "time_from": main, "time_precision": precision,
        "crs_source": _crs_words(fields, crs, frame), "coverage": _coverage(result["time"]),
        "file": table.file, "sha256": table.sha256, "rows_read": table.rows_read, "rows_rejected": len(rejects), "rejects": where,
        "bad_locations": place.bad, "ambiguous_times": clock.ambiguous, "skipped_times": clock.skipped,
        "columns": {name: " + ".join(columns) for name, columns in fields.items()},
        **_decimals(frame, fields), **notes, **table.notes, **(record or {}),
    }  # fmt: skip
    return result


@dataclass(frozen=True)
class _Clock:
    t: np.ndarray
    t_local: np.ndarray
    month: np.ndarray
    dow: np.ndarray
    hour: np.ndarray
    ambiguous: int
    skipped: int


def _times(
    frame: pd.DataFrame, fields: Mapping[str, list[str]], *, tz: str | None, epoch: str | None, dayfirst: bool | None
) -> tuple[dict[str, _time.ParsedTimes], dict[str, Any]]:
    parsed: dict[str, _time.ParsedTimes] = {}
    notes: dict[str, Any] = {}
    main = next((name for name in ("time", *STAMPS) if name in fields), None)
    for name in ("time", *STAMPS, "time_to"):
        if name in fields:
            parsed[name] = _time.parse_times(_joined(frame, fields[name]), tz=tz, name=" + ".join(fields[name]), epoch=epoch, dayfirst=dayfirst)
            if parsed[name].notes:
                notes.setdefault("time_notes", {})[name] = dict(parsed[name].notes)
            if parsed[name].notes.get("UTC") and tz is None and name == main:
                warnings.warn(
                    f"{fields[name][0]!r} is written in UTC, and the city's time zone is not known: hours and weekdays are those of UTC. Write tz='America/Chicago' (your city's zone).",
                    SaraWarning,
                    stacklevel=5,
                )
            if parsed[name].bad.any() and name != main:
                notes.setdefault("unreadable", {})[name] = int(parsed[name].bad.sum())
    return parsed, notes


def _unreadable(
    table: Table, frame: pd.DataFrame, fields: Mapping[str, list[str]], times: Mapping[str, _time.ParsedTimes], main: str | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return all rejects and a mask of the rows kept: a time that is there but can't be read turns a row down."""
    bad = times[main].bad if main else np.zeros(len(frame), bool)
    if main is None or not bad.any():
        return table.rejects, ~bad
    values = _joined(frame, fields[main])[bad]
    new = reject_rows(table.files[bad], table.lines[bad], " + ".join(fields[main]), values.to_numpy(dtype=object), "the time can't be read")
    both = pd.concat([table.rejects, new], ignore_index=True) if len(table.rejects) else new
    return both, ~bad


def _columns(frame: pd.DataFrame, fields: Mapping[str, list[str]], *, source: str, kind: str, origin: Origin | None) -> dict[str, Any]:
    """Return the text columns: identity, type, category, origin and what is passed on as published."""
    out: dict[str, Any] = {name: clean_text(_joined(frame, fields[name])) for name in ("id", "type", *TEXTS) if name in fields}
    if "address" in fields:
        out["address"] = clean_text(_street(frame, fields["address"]))
    out["id"] = _ids(frame, out.get("id"))
    out["source"] = text_column(np.full(len(frame), source, dtype=object))
    group = clean_text(_joined(frame, fields["group"])) if "group" in fields else None
    own = clean_text(frame[fields["category"][0]]) if "category" in fields else None
    if "type" not in out:
        out["type"] = group if group is not None else own if own is not None else _missing_text(len(frame))
    out["category"] = own.str.lower().astype(TEXT_DTYPE) if own is not None else _category(out["type"], group, kind)
    marked = clean_text(frame[fields["origin"][0]]) if "origin" in fields else None
    out["origin"] = _origin(marked, out, kind, origin or Origin())
    _places(frame, fields, out)
    return out


def _category(types: pd.Series, group: pd.Series | None, kind: str) -> pd.Series:
    """Map the type; where it says nothing we know, the publisher's own group does."""
    category = categorize(types, kind)
    if group is None:
        return category
    vague = (category.isna() | (category == "other")).to_numpy(dtype=bool, na_value=True)
    if not vague.any():
        return category
    second = categorize(group[vague], kind)
    values = category.to_numpy(dtype=object)
    found = second.notna().to_numpy() & (category[vague].isna().to_numpy() | (second != "other").to_numpy(dtype=bool, na_value=False))
    values[np.flatnonzero(vague)[found]] = second.to_numpy(dtype=object)[found]
    return text_column(values).rename("category")


def _origin(marked: pd.Series | None, out: Mapping[str, Any], kind: str, known: Origin) -> pd.Series:
    """Source column first, then the profile's markers, then what the type says, then what an unmarked row is."""
    n = len(out["source"])
    result = np.full(n, None, dtype=object)
    if kind == "311":
        # A complaint is a resident's, unless its channel says that the city's own people entered it.
        channel = marked if marked is not None else out.get("channel")
        said = origin_of_channel(channel).to_numpy(dtype=object) if channel is not None else result
        return text_column(np.where([word in ("administrative", "officer") for word in said], said, "community").astype(object))
    if marked is not None:
        result = origin_of_flag(marked).to_numpy(dtype=object)
    elif "channel" in out:
        said = origin_of_channel(out["channel"]).to_numpy(dtype=object)
        result = np.where(said == "other", np.array(None, dtype=object), said)
    open_ = pd.isna(result) | (result == "other") if marked is None else pd.isna(result)
    for word, pattern in known.patterns.items():
        hit = open_ & out["type"].str.upper().str.contains(pattern, regex=True).to_numpy(dtype=bool, na_value=False)
        result[hit] = word
        open_ &= ~hit
    if open_.any() and "type" in out:
        implied = origin_of_type(out["type"], out["category"]).to_numpy(dtype=object)
        result[open_] = implied[open_]
    if known.unmarked in ORIGINS:
        result[pd.isna(result)] = known.unmarked
    return text_column(result)


def _places(frame: pd.DataFrame, fields: Mapping[str, list[str]], out: dict[str, Any]) -> None:
    """Fill in address and place: the normalized address, or the given place where it is not an address."""
    given = clean_text(_joined(frame, fields["place"])) if "place" in fields else None
    if "address" not in out and given is not None:
        out["address"] = given
    if given is not None:
        named = normalize_places(given)
        out["place"] = text_column(named.astype(object).where(named.notna(), given.astype(object).str.upper()), frame.index)
    elif "address" in out:
        out["place"] = text_column(normalize_places(out["address"]), frame.index)


def _ids(frame: pd.DataFrame, given: pd.Series | None) -> pd.Series:
    """Return ids as published; a row without one gets ``row-`` and a hash of its content and of how often that content came before."""
    if given is not None and given.notna().any() and given.dropna().str.fullmatch(r"[0-9]+\.0").all():
        # A spreadsheet or a blank row has turned whole numbers into decimals.
        given = text_column(given.str.slice(stop=-2).to_numpy(dtype=object))
    missing = np.ones(len(frame), bool) if given is None else given.isna().to_numpy()
    ids = np.full(len(frame), None, dtype=object) if given is None else given.to_numpy(dtype=object).copy()
    if missing.any():
        content = content_hash(frame[missing])
        again = pd.Series(content).groupby(content).cumcount().to_numpy()
        words = pd.Series([f"row-{value:016x}" for value in content], dtype=object)
        repeat = again > 0
        words[repeat] = words[repeat] + "-" + pd.Series(again[repeat] + 1, index=words.index[repeat]).astype(str)
        ids[missing] = words.to_numpy(dtype=object)
    return text_column(ids)


def content_hash(frame: pd.DataFrame) -> np.ndarray:
    """Return one number per row that depends on what is written in it and on nothing else."""
    total = np.zeros(len(frame), dtype=np.uint64)
    plain = frame.drop(columns=[name for name in frame.columns if str(frame[name].dtype) == "geometry"])
    for position in range(plain.shape[1]):
        codes, uniques = uniques_of(plain.iloc[:, position])
        text = np.array([str(value) for value in uniques], dtype=object)
        hashes = pd.util.hash_array(text, categorize=False) if len(text) else np.empty(0, dtype=np.uint64)
        column = np.append(hashes, np.uint64(0))[codes]
        with np.errstate(over="ignore"):
            total = total * np.uint64(1_000_003) + column
    return total


def _clock(time: np.ndarray, utc: np.ndarray, tz: str | None, precision: str) -> _Clock:
    blank = np.isnat(time)
    micro = time.astype("datetime64[us]").astype(np.int64)
    days = np.floor_divide(micro, 86_400_000_000)
    seconds, ambiguous, skipped = _time.to_seconds(time, utc, tz)
    local = np.floor_divide(micro, 1_000_000).astype(float)
    local[blank] = np.nan
    month = np.where(blank, np.nan, time.astype("datetime64[M]").astype(np.int64) % 12 + 1)
    # 1970-01-01 was a Thursday: day 0 is weekday 3 when Monday is 0.
    dow = np.where(blank, np.nan, (days + 3) % 7)
    hour = np.where(blank | (precision == "day"), np.nan, np.floor_divide(micro, 3_600_000_000) % 24)
    return _Clock(seconds, local, month, dow, hour, ambiguous, skipped)


def _positions(frame: pd.DataFrame, fields: Mapping[str, list[str]], crs: Any, keep: np.ndarray) -> Located:
    """Return positions from longitude and latitude, a point column, x and y, or the table's own geometry."""
    east, north, system = _pair(frame, fields, crs)
    if east is None or north is None:
        nothing = np.full(len(frame), np.nan)
        return Located(nothing, nothing.copy(), pyproj.CRS("EPSG:6933"))
    found = locate(east, north, system)
    if keep.all():
        return found
    # Rows turned down for their time are not counted as rows without a location.
    return Located(found.x, found.y, found.crs, locate(east[keep], north[keep], system).bad)


def _pair(frame: pd.DataFrame, fields: Mapping[str, list[str]], crs: Any) -> tuple[pd.Series | None, pd.Series | None, Any]:
    if "lon" in fields and "lat" in fields:
        return frame[fields["lon"][0]], frame[fields["lat"][0]], 4326
    if "x" in fields and "y" in fields:
        x, y = frame[fields["x"][0]], frame[fields["y"][0]]
        return x, y, crs if crs is not None else _degrees(x, y, fields)
    if "point" in fields:
        lon, lat = split_points(frame[fields["point"][0]])
        return lon, lat, crs if crs is not None else 4326
    geometry = getattr(frame, "_geometry_column_name", None)
    if geometry is not None and geometry in frame.columns:
        return _geometry_pair(frame, geometry, crs)
    return None, None, None


def _geometry_pair(frame: pd.DataFrame, geometry: str, crs: Any) -> tuple[pd.Series, pd.Series, Any]:
    shapes = frame[geometry]
    system = shapes.crs if shapes.crs is not None else crs
    if system is None:
        raise InputError("`table` must have a coordinate reference system. Got crs=None. If its points are longitude and latitude, write crs=4326")
    points = shapely.centroid(shapes.to_numpy())
    empty = shapely.is_missing(points) | shapely.is_empty(points)
    x, y = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    x[~empty], y[~empty] = shapely.get_x(points[~empty]), shapely.get_y(points[~empty])
    return pd.Series(x), pd.Series(y), system


def _degrees(x: pd.Series, y: pd.Series, fields: Mapping[str, list[str]]) -> int:
    """Return 4326 where x and y can only be degrees; otherwise ask for the system."""
    east, north = numbers(x)[0], numbers(y)[0]
    ok = np.isfinite(east) & np.isfinite(north) & (east != 0) & (north != 0) & (np.abs(east) < 1e30)
    if not ok.any() or (np.mean(np.abs(east[ok]) <= 180) > 0.9 and np.mean(np.abs(north[ok]) <= 90) > 0.9):
        return 4326
    first = np.flatnonzero(ok)[0]
    raise InputError(
        f"`crs` must be given: {fields['x'][0]!r} and {fields['y'][0]!r} are not longitude and latitude. Got {east[first]:.10g}, {north[first]:.10g}. "
        f"Write crs=3435 with the EPSG number the publisher names (often a state plane in feet), or columns={{'x': None, 'y': None}} to go without."
    )


def _assemble(frame: pd.DataFrame, fields: Mapping[str, list[str]], out: Mapping[str, Any], clock: _Clock, place: Located) -> gpd.GeoDataFrame:
    n = len(frame)
    data: dict[str, Any] = {}
    for name in EVENT_COLUMNS:
        if name in ("t", "t_local"):
            data[name] = _whole(getattr(clock, name), "Int64")
        elif name in ("month", "dow", "hour"):
            data[name] = _whole(getattr(clock, name), "Int8")
        elif name in ("time", "time_to", *STAMPS):
            data[name] = out.get(name, np.full(n, np.datetime64("NaT", "us")))
        elif name in ("x", "y"):
            data[name] = getattr(place, name)
        elif name == "geometry":
            ok = np.isfinite(place.x) & np.isfinite(place.y)
            shapes = np.full(n, None, dtype=object)
            shapes[ok] = shapely.points(place.x[ok], place.y[ok])
            data[name] = gpd.array.from_shapely(shapes, crs=place.crs)
        elif name == "n_reports":
            data[name] = np.ones(n, dtype=np.int64)
        else:
            data[name] = out[name] if name in out else _missing_text(n)
    used = {column for columns in fields.values() for column in columns}
    if "sara" in frame.attrs:
        # An event table that lost a column: what is worked out here anew is not published a second time.
        used |= set(EVENT_COLUMNS)
    geometry = getattr(frame, "_geometry_column_name", None)
    for name in frame.columns:
        if name not in used and name != geometry:
            data[str(name) if str(name) not in data else f"{name}_published"] = _plain(frame[name])
    return gpd.GeoDataFrame(data, geometry="geometry", crs=place.crs)


def _whole(values: np.ndarray, dtype: str) -> pd.Series:
    missing = np.isnan(values)
    kind = np.int8 if dtype == "Int8" else np.int64
    return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, values).astype(kind), missing))


def _plain(column: pd.Series) -> pd.Series:
    """Return a column nobody has a use for: numbers where all of it is plainly numbers, otherwise as published, blank made missing."""
    if column.dtype != object and str(column.dtype) not in ("str", "string"):
        return column
    codes, uniques = uniques_of(column)
    if not all(isinstance(value, str) for value in uniques):
        return column
    text = pd.Series(uniques, dtype=object)
    blank = is_blank(text)
    filled = text[~blank]
    pattern = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?"
    if len(filled) and filled.iloc[:200].str.fullmatch(pattern).all() and filled.str.fullmatch(pattern).all():
        whole = not filled.str.contains(".", regex=False).any() and not blank.any() and (codes >= 0).all()
        values = np.append(pd.to_numeric(text.where(~blank, None)).to_numpy(dtype=float), np.nan)[codes]
        return pd.Series(values.astype(np.int64) if whole else values, index=column.index)
    kept = text.where(text.str.strip() != "", None).to_numpy(dtype=object)
    return text_column(np.append(kept, np.array([None], dtype=object))[codes], column.index)


def _sorted(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort by time, x, y, id and, where all four agree, by content: the same order whatever the order in."""
    time = events["time"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    time = np.where(events["time"].isna().to_numpy(), np.iinfo(np.int64).max, time)
    ids = pd.factorize(events["id"].astype(object), sort=True)[0]
    x, y = events["x"].to_numpy(), events["y"].to_numpy()
    order = np.lexsort((ids, y, x, time))
    keys = np.c_[time[order], ids[order]]
    tied = np.r_[False, (keys[1:] == keys[:-1]).all(axis=1)]
    if tied.any():
        rows = tied | np.r_[tied[1:], False]
        content = np.zeros(len(events), dtype=np.uint64)
        content[order[rows]] = content_hash(pd.DataFrame(events.iloc[order[rows]].drop(columns="geometry")))
        order = np.lexsort((content, ids, y, x, time))
    return events.iloc[order].reset_index(drop=True)


def _joined(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return one column, or several with blanks between: date and time, type and subtype."""
    if len(columns) == 1:
        return frame[columns[0]]
    parts = [frame[name].astype(object).where(~is_blank(frame[name]), "").astype(str).str.strip() for name in columns]
    text = pd.Series([" ".join(words) for words in zip(*parts, strict=True)], index=frame.index, dtype=object).str.strip()
    return text.where(text != "", None)


def _street(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return the address; a number column of whole hundreds before a street is a block, not a house."""
    if len(columns) == 1:
        return frame[columns[0]]
    number = numbers(frame[columns[0]])[0]
    known = number[np.isfinite(number)]
    if len(known) == 0 or np.mean(known % 100 == 0) < 0.95:
        return _joined(frame, columns)
    rest = _joined(frame, columns[1:])
    block = pd.Series([f"{value:.0f} BLOCK OF " if np.isfinite(value) else "" for value in number], dtype=object)
    return (block + rest.where(~is_blank(rest), "").astype(object)).where(~is_blank(rest), None)


def _missing_text(n: int) -> pd.Series:
    return text_column(np.full(n, None, dtype=object))


def _coverage(time: pd.Series) -> list[str] | None:
    found = coverage(time.to_numpy(dtype="datetime64[us]"))
    return None if found is None else [stamp.strftime("%Y-%m-%d") for stamp in found]


def _crs_words(fields: Mapping[str, list[str]], crs: Any, frame: pd.DataFrame) -> str:
    if "lon" in fields and "lat" in fields:
        return "longitude and latitude (EPSG:4326)"
    if "x" in fields and "y" in fields:
        return "longitude and latitude (EPSG:4326)" if crs is None else str(pyproj.CRS.from_user_input(crs).to_string())
    if "point" in fields:
        return "point text (EPSG:4326)"
    return "the table's geometry" if getattr(frame, "_geometry_column_name", None) in frame.columns else "no coordinates"


def _decimals(frame: pd.DataFrame, fields: Mapping[str, list[str]]) -> dict[str, int]:
    """Return how many decimals most coordinates are published with: three are a hundred metres."""
    name = fields.get("lat", fields.get("y", [None]))[0]
    if name is None or pd.api.types.is_numeric_dtype(frame[name].dtype):
        return {}
    text = frame[name].astype(object).dropna().iloc[:5000].astype(str)
    length = text.str.extract(r"[.,]([0-9]+)$")[0].str.rstrip("0").str.len().dropna()
    return {"decimals": int(length.median())} if len(length) else {}


def _key(table: Table, fields: Mapping[str, list[str]], source: str, crs: Any, tz: str | None) -> str:
    content = table.sha256 or hashlib.sha256(content_hash(table.frame).tobytes()).hexdigest()
    return hashlib.sha256(f"{content} {sorted(fields.items())} {source} {crs} {tz}".encode()).hexdigest()


def known_categories() -> frozenset[str]:
    """Return every category sara maps to."""
    return frozenset(category_table()["category"]) | {"other"}
