"""From a table as published to the event table: the one place where its columns are made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from sara.core.errors import InputError, suggest
from sara.core.gaps import gaps_of_times
from sara.core.period import Period, coverage
from sara.data._columns import TEXTS, Origin, joined, joined_time, missing_text, rule_counts, text_columns
from sara.data._coordinates import Located
from sara.data._order import content_hash, in_order
from sara.data._positions import crs_words, decimals, positions, settled_crs
from sara.data._rejects import reject_rows, store_rejects
from sara.data._text import is_blank, text_column, uniques_of
from sara.data.categories import category_table
from sara.data.quality.precision import precision_record
from sara.data.quality.stacks import default_record
from sara.data.times.cautions import say, zones_differ
from sara.data.times.parse import ParsedTimes, check_zone, parse_times, to_seconds

__all__ = [
    "EVENT_COLUMNS",
    "FIELDS",
    "Table",
    "as_kind",
    "build",
    "build_part",
    "check_mapping",
    "days_covered",
    "plain_kind",
    "whole_record",
]

EVENT_COLUMNS = (
    "id", "source", "time", "t", "t_local", "month", "dow", "hour", "time_to", "type", "category", "origin", "priority", "disposition",
    "channel", "language", "received", "dispatched", "arrived", "closed", "address", "place", "area", "text", "caller", "x", "y", "geometry",
    "n_reports", "merged_ids",
)  # fmt: skip
STAMPS = ("received", "dispatched", "arrived", "closed")
# What a column of a published table can be.
FIELDS = (
    "id",
    "time",
    *STAMPS,
    "time_to",
    "type",
    "group",
    "category",
    "origin",
    *TEXTS,
    "place",
    "lon",
    "lat",
    "x",
    "y",
    "point",
)
# Fields written in more than one column: date and time, block and street.
JOINED = frozenset(
    {"time", "received", "dispatched", "arrived", "closed", "time_to", "address", "place", "type", "group", "text", "id"}
)

Mapping_ = Mapping[str, "str | Sequence[str] | None"]


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
            raise InputError(
                f"`columns` must map fields of the event table. Got {name!r}.{suggest(name, FIELDS)} Fields: {', '.join(FIELDS)}"
            )
        if given is None:
            continue
        wanted = [given] if isinstance(given, str) else list(given)
        if len(wanted) > 1 and name not in JOINED:
            raise InputError(
                f"`{name}` must be one column. Got {wanted}. Only {', '.join(sorted(JOINED))} may be written in several."
            )
        for column in wanted:
            if column not in have:
                listed = ", ".join(have[:30]) + (", ..." if len(have) > 30 else "")
                raise InputError(
                    f"`{name}` names a column that is not in the table: {column!r}.{suggest(column, have)} Columns: {listed}"
                )
        out[name] = wanted
    for one, other in (("x", "y"), ("lon", "lat")):
        if (one in out) != (other in out):
            there, lacking = (one, other) if one in out else (other, one)
            raise InputError(
                f"`{lacking}` must be given with `{there}`. Got {there}={out[there][0]!r} alone. Name both columns, or neither."
            )
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
        See `sara.data.times.parse.parse_times`.
    origin : Origin, optional
        Markers of officer-initiated rows.
    record : dict, optional
        More entries for ``attrs["sara"]``.
    """
    how: dict[str, Any] = {
        "source": source,
        "kind": kind,
        "crs": crs,
        "tz": tz,
        "epoch": epoch,
        "dayfirst": dayfirst,
        "origin": origin,
    }
    result, rejects = build_part(table, mapping, **how)
    own = result.attrs["sara"]
    own["rejects"] = store_rejects(rejects, _key(table, check_mapping(mapping, list(table.frame.columns)), source, crs, tz))
    # Told to every later method: a filter to one category takes away what gives a default address away.
    time = result["time"].to_numpy(dtype="datetime64[us]")
    span = coverage(time)
    own |= {
        "coverage": days_covered(span, own["time_precision"]),
        "gaps": gaps_of_times(time, span, own["time_precision"]),
        **whole_record(result, own.get("decimals")),
        **(record or {}),
    }
    return result


def whole_record(events: pd.DataFrame, decimals: int | None) -> dict[str, Any]:
    """Return what only the whole of a table can tell about its places."""
    return {**default_record(events), **precision_record(events, decimals)}


def build_part(
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
    target: pyproj.CRS | None = None,
    kinds: Mapping[str, str] | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the event table of some rows, with the record of what they alone can tell, and the rows turned down.

    With `target`, the system that the whole table is in, the rows are a part of it: their times may all be unreadable, and they get no shapes.
    `kinds` says what the columns nobody has a use for hold in the whole of it.
    """
    tz = check_zone(tz)
    fields = check_mapping(mapping, list(table.frame.columns))
    frame = table.frame.reset_index(drop=True).rename(columns=str)
    times, notes = _times(frame, fields, tz=tz, epoch=epoch, dayfirst=dayfirst)
    main = next((name for name in ("time", *STAMPS) if name in times), None)
    rejects, keep = _unreadable(table, frame, fields, times, main, part=target is not None)
    out = text_columns(frame, fields, source=source, kind=kind, origin=origin)
    out.update({name: parsed.local for name, parsed in times.items()})
    out["time"] = times[main].local if main else np.full(len(frame), np.datetime64("NaT", "us"))
    precision = "minute" if not main or not times[main].day_only else "month" if times[main].notes.get("months") else "day"
    clock = _clock(out["time"], times[main].utc if main else np.full(len(frame), np.nan), tz, precision)
    crs, guessed = settled_crs(frame, fields, crs, tz)
    place = positions(frame, fields, crs, keep, target)
    result = _assemble(frame, fields, out, clock, place, kinds or {}, shapes=target is None)
    if not keep.all():
        result = result[keep]
    result = in_order(result)
    result.attrs["sara"] = {
        "source": source, "zone": tz, "time_from": main, "time_precision": precision,
        "crs_source": guessed or crs_words(fields, crs, frame),
        "file": table.file, "sha256": table.sha256, "rows_read": table.rows_read, "rows_rejected": len(rejects),
        "bad_locations": place.bad, "ambiguous_times": clock.ambiguous, "skipped_times": clock.skipped,
        "columns": {name: " + ".join(columns) for name, columns in fields.items()},
        **rule_counts(out, keep), **({"origin_marks": origin.as_dict()} if origin else {}),
        **decimals(frame, fields), **notes, **table.notes,
    }  # fmt: skip
    return result, rejects


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
) -> tuple[dict[str, ParsedTimes], dict[str, Any]]:
    parsed: dict[str, ParsedTimes] = {}
    notes: dict[str, Any] = {}
    main = next((name for name in ("time", *STAMPS) if name in fields), None)
    for name in ("time", *STAMPS, "time_to"):
        if name in fields:
            parsed[name] = parse_times(
                joined_time(frame, fields[name]), tz=tz, name=" + ".join(fields[name]), epoch=epoch, dayfirst=dayfirst
            )
            if parsed[name].notes:
                notes.setdefault("time_notes", {})[name] = dict(parsed[name].notes)
            if name == main:
                say(" + ".join(fields[name]), parsed[name], tz=tz)
            if parsed[name].bad.any() and name != main:
                notes.setdefault("unreadable", {})[name] = int(parsed[name].bad.sum())
    return parsed, {**notes, **zones_differ(parsed, fields, tz=tz)}


def _unreadable(
    table: Table,
    frame: pd.DataFrame,
    fields: Mapping[str, list[str]],
    times: Mapping[str, ParsedTimes],
    main: str | None,
    *,
    part: bool,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return all rejects and a mask of the rows kept: a time that is there but can't be read turns a row down."""
    bad = times[main].bad if main else np.zeros(len(frame), bool)
    if main is None or not bad.any():
        return table.rejects, ~bad
    values = joined(frame, fields[main])[bad]
    new = reject_rows(
        table.files[bad], table.lines[bad], " + ".join(fields[main]), values.to_numpy(dtype=object), "the time can't be read"
    )
    if bad.all() and not part:
        first = new.iloc[0]
        raise InputError(
            f"`time` must be readable. Got {first['value']!r} in {first['column']!r} (line {first['line']}), and no row whose time can be read. "
            "Name another column for `time`, or turn it into times first with pd.to_datetime"
        )
    both = pd.concat([table.rejects, new], ignore_index=True) if len(table.rejects) else new
    return both, ~bad


def _clock(time: np.ndarray, utc: np.ndarray, tz: str | None, precision: str) -> _Clock:
    blank = np.isnat(time)
    micro = time.astype("datetime64[us]").astype(np.int64)
    days = np.floor_divide(micro, 86_400_000_000)
    seconds, ambiguous, skipped = to_seconds(time, utc, tz)
    local = np.floor_divide(micro, 1_000_000).astype(float)
    local[blank] = np.nan
    month = np.where(blank, np.nan, time.astype("datetime64[M]").astype(np.int64) % 12 + 1)
    # 1970-01-01 was a Thursday: day 0 is weekday 3 when Monday is 0.
    dow = np.where(blank | (precision == "month"), np.nan, (days + 3) % 7)
    hour = np.where(blank | (precision != "minute"), np.nan, np.floor_divide(micro, 3_600_000_000) % 24)
    return _Clock(seconds, local, month, dow, hour, ambiguous, skipped)


def _assemble(
    frame: pd.DataFrame,
    fields: Mapping[str, list[str]],
    out: Mapping[str, Any],
    clock: _Clock,
    place: Located,
    kinds: Mapping[str, str],
    *,
    shapes: bool,
) -> gpd.GeoDataFrame:
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
            ok = np.isfinite(place.x) & np.isfinite(place.y) & shapes
            points = np.full(n, None, dtype=object)
            points[ok] = shapely.points(place.x[ok], place.y[ok])
            data[name] = gpd.array.from_shapely(points, crs=place.crs)
        elif name == "n_reports":
            data[name] = np.ones(n, dtype=np.int64)
        else:
            data[name] = out[name] if name in out else missing_text(n)
    used = {column for columns in fields.values() for column in columns}
    if "sara" in frame.attrs:
        # An event table that lost a column: what is worked out here anew is not published a second time.
        used |= set(EVENT_COLUMNS)
    geometry = getattr(frame, "_geometry_column_name", None)
    for name in frame.columns:
        if name not in used and name != geometry:
            data[str(name) if str(name) not in data else f"{name}_published"] = as_kind(
                frame[name], kinds.get(str(name)) or plain_kind(frame[name])
            )
    return gpd.GeoDataFrame(data, geometry="geometry", crs=place.crs)


def _whole(values: np.ndarray, dtype: str) -> pd.Series:
    missing = np.isnan(values)
    kind = np.int8 if dtype == "Int8" else np.int64
    return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, values).astype(kind), missing))


def plain_kind(column: pd.Series) -> str:
    """Return what a column nobody has a use for holds: ``whole`` numbers, ``decimal`` ones (or whole with gaps), ``text``, ``blank``, or ``typed`` already."""
    if column.dtype != object and str(column.dtype) not in ("str", "string"):
        return "typed"
    codes, uniques = uniques_of(column)
    if not all(isinstance(value, str) for value in uniques):
        return "typed"
    text = pd.Series(uniques, dtype=object)
    blank = is_blank(text)
    filled = text[~blank]
    if len(filled) == 0:
        return "blank"
    pattern = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?"
    if not (filled.iloc[:200].str.fullmatch(pattern).all() and filled.str.fullmatch(pattern).all()):
        return "text"
    return "whole" if not filled.str.contains(".", regex=False).any() and not blank.any() and (codes >= 0).all() else "decimal"


def as_kind(column: pd.Series, kind: str) -> pd.Series:
    """Return a published column as one of the kinds of `plain_kind`."""
    if kind == "typed":
        return column
    codes, uniques = uniques_of(column)
    text = pd.Series(uniques, dtype=object)
    if kind in ("whole", "decimal"):
        values = np.append(pd.to_numeric(text.where(~is_blank(text), None)).to_numpy(dtype=float), np.nan)[codes]
        return pd.Series(values.astype(np.int64) if kind == "whole" else values, index=column.index)
    kept = text.where(text.str.strip() != "", None).to_numpy(dtype=object)
    return text_column(np.append(kept, np.array([None], dtype=object))[codes], column.index)


def days_covered(found: Period | None, precision: str) -> list[str] | None:
    """Return the first day covered and the day after the last, as the record keeps them."""
    if found is None:
        return None
    # Rows that stand on the first of their month are of all of it.
    end = found[1] + pd.offsets.MonthBegin() if precision == "month" else found[1]
    return [stamp.strftime("%Y-%m-%d") for stamp in (found[0], end)]


def _key(table: Table, fields: Mapping[str, list[str]], source: str, crs: Any, tz: str | None) -> str:
    content = table.sha256 or hashlib.sha256(content_hash(table.frame).tobytes()).hexdigest()
    return hashlib.sha256(f"{content} {sorted(fields.items())} {source} {crs} {tz}".encode()).hexdigest()


def known_categories() -> frozenset[str]:
    """Return every category sara maps to."""
    return frozenset(category_table()["category"]) | {"other"}
