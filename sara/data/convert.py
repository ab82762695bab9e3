"""A publisher's file of any size to sara's Parquet, in bounded memory."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_count
from sara.core.errors import InputError, SaraWarning
from sara.core.excel import safe_cell
from sara.core.gaps import gaps_of_days
from sara.core.period import coverage_of_days
from sara.core.source import EventSource, open_events
from sara.data._build import STAMPS, Table, build_part, check_mapping, days_covered, plain_kind, whole_record
from sara.data._chunks import Chunked, chunked
from sara.data._positions import settled_crs, swapped
from sara.data._rejects import reject_rows, rejects_of
from sara.data._sorted import EventParts
from sara.data._text import TEXT_DTYPE
from sara.data.formats import RawFile, align, find_files, stack
from sara.data.read import _nothing, _recognized, read_events, settled

__all__ = ["convert"]

Columns = Mapping[str, "str | Sequence[str] | None"]
# Rows read at a time, and rows from all over the file on which what concerns the whole of it is decided.
ROWS, SAMPLE = 250_000, 60_000
# What the search for default points and for what places are rounded to looks at.
FOR_PLACES = ["x", "y", "place", "address", "type", "category", "origin"]


def convert(
    path: Any,
    to: str | PathLike[str],
    *,
    source: str = "calls",
    profile: str | PathLike[str] | None = None,
    columns: Columns | None = None,
    crs: Any = None,
    tz: str | None = None,
    rows: int = ROWS,
) -> EventSource:
    r"""Turn a publisher's file, of any size, into an event table in Parquet.

    Parameters
    ----------
    path : str, path or list of paths
        As for `read_calls`. CSV (plain, gz, or alone in a zip) and Parquet are read in parts; what can't be, such as Excel, is read whole.
    to : str or path
        The Parquet file to write; one that is there is replaced when all is done. Rows that can't be read are written beside it, as
        ``<name>.rejects.csv``.
    source : str
        What the rows are: ``"calls"``, ``"complaints"`` or your own word.
    profile, columns, crs, tz : optional
        As for `read_calls`.
    rows : int
        Rows held in memory at a time; fewer need less of it, and more time.

    Returns
    -------
    EventSource
        The file, opened: ``n_rows``, ``attrs["sara"]`` with ``rows_read`` and ``rows_rejected``; what `hotspots`, `trends` and `scan` take.

    Raises
    ------
    InputError
        As `read_calls`; or if `to` is no name of a Parquet file, or one of the files read.

    Notes
    -----
    The answer is that of `read_calls`: the same rows, values and order. What depends on the whole of a column is settled before the first row
    is: encoding and the order of day and month from all rows; columns, coordinate system and projection from up to 60,000 rows spread over the
    file. The file is GeoParquet: ``geopandas.read_parquet`` reads it. Space is needed beside `to` for a copy of the rows while it is made.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> text = "id,received,nature,lon,lat\n1,2024-03-01 23:10,FIGHT,-88.9,40.9\n2,soon,FIGHT,-88.9,40.9\n"
    >>> _ = (folder / "calls.csv").write_text(text)
    >>> calls = convert(folder / "calls.csv", folder / "calls.parquet", tz="America/Chicago")
    >>> calls.n_rows, calls.attrs["sara"]["rows_rejected"]
    (1, 1)
    """
    check_count(rows, name="rows", least=100)
    target = _target(to)
    given = dict(columns or {})
    found = _files(path)
    if target.exists() and any(file.resolve() == target.resolve() for file in _paths(path)):
        raise InputError(f"`to` must not be a file that is read. Got {str(to)!r}. Give another name.")
    with tempfile.TemporaryDirectory(prefix=".sara-", dir=target.parent) as folder:
        work = _Work(Path(folder), target.with_name(f"{target.stem}.rejects.csv"))
        if found is None:
            record, system = _whole(work, path, source=source, profile=profile, columns=columns, crs=crs, tz=tz)
        else:
            work.spool(found, int(rows))
            record, system = _in_parts(work, found, source=source, profile=profile, given=given, crs=crs, tz=tz)
        temporary = Path(folder) / "events.parquet"
        work.parts.write(
            temporary, crs=system, record=record, hours=record.get("time_precision") == "minute" and found is not None
        )
        work.keep_rejects()
        os.replace(temporary, target)
    return open_events(target)


@dataclass(eq=False)
class _Work:
    """The folder of a conversion: raw rows, parts of the event table, and the rows turned down."""

    folder: Path
    rejects: Path
    raw: list[tuple[Path, int, int]] = field(default_factory=list)
    n_rejected: int = 0
    parts: EventParts = field(init=False)

    def __post_init__(self) -> None:
        self.parts = EventParts(self.folder)

    def spool(self, files: list[Chunked], rows: int) -> None:
        """Write the rows of the files as they are read, in parts."""
        import pyarrow as pa
        import pyarrow.feather as feather

        for number, file in enumerate(files):
            for part in file.parts(rows):
                self.reject(part.rejects)
                if len(part.frame):
                    path = self.folder / f"raw-{len(self.raw):05d}.arrow"
                    table = pa.Table.from_pandas(part.frame.assign(__line=part.lines), preserve_index=False)
                    feather.write_feather(table, path, compression="lz4")
                    self.raw.append((path, number, len(part.frame)))

    def read(
        self, part: int, rows: np.ndarray | None = None, columns: list[str] | None = None
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the frame and lines of a part, or of some of its rows and columns."""
        import pyarrow.feather as feather

        table = feather.read_table(self.raw[part][0], columns=None if columns is None else [*columns, "__line"])
        table = table if rows is None else table.take(rows)
        frame = table.to_pandas()
        lines = frame.pop("__line").to_numpy(dtype=np.int64)
        return frame.astype({c: TEXT_DTYPE for c in frame.columns if frame[c].dtype == object}), lines

    def reject(self, rejects: pd.DataFrame) -> None:
        """Add rows to the file of those turned down."""
        if len(rejects) == 0:
            return
        path = self.folder / "rejects.csv"
        first = not path.exists()
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8", newline="") as file:
            rejects.map(safe_cell).to_csv(file, index=False, header=first)
        self.n_rejected += len(rejects)

    def keep_rejects(self) -> None:
        """Put the rows turned down beside the answer, or take away those of an earlier one."""
        made = self.folder / "rejects.csv"
        if made.exists():
            os.replace(made, self.rejects)
        else:
            self.rejects.unlink(missing_ok=True)


def _target(to: Any) -> Path:
    if not isinstance(to, (str, PathLike)) or Path(to).suffix.lower() not in (".parquet", ".geoparquet", ".pq"):
        raise InputError(f"`to` must name a Parquet file. Got {str(to)!r}. Write to='calls.parquet'")
    target = Path(to)
    if not target.parent.is_dir():
        raise InputError(f"`to` must be in a folder that is there. Got {str(to)!r}. Make it first: {str(target.parent)!r}")
    if target.is_dir():
        raise InputError(f"`to` must name a file. Got the folder {str(to)!r}. Write to='calls.parquet'")
    return target


def _paths(path: Any) -> list[Path]:
    return find_files(path) if isinstance(path, (str, PathLike, list, tuple)) else []


def _files(path: Any) -> list[Chunked] | None:
    """Return the files that can be read in parts, or None where they must be read whole."""
    paths = _paths(path)
    headers: list[list[str]] = []
    out = []
    for one in paths:
        file = chunked(one, headers)
        if file is None:
            return None
        out.append(file)
        if "header" not in file.notes:
            headers.append(file.header)
    return None if not out or (len(out) > 1 and any(file.codec == "parquet" for file in out)) else out


def _whole(work: _Work, path: Any, *, source: str, **options: Any) -> tuple[dict[str, Any], Any]:
    """Read what can't be read in parts."""
    events = read_events(path, source=source, **options)
    work.reject(rejects_of(events))
    work.parts.add(events)
    record = dict(events.attrs["sara"])
    return {
        **record,
        "rejects": str(work.rejects) if work.n_rejected else None,
        "sorted": True,
        "crs": events.crs.to_string(),
    }, events.crs


def _in_parts(
    work: _Work, files: list[Chunked], *, source: str, profile: Any, given: dict[str, Any], crs: Any, tz: str | None
) -> tuple[dict[str, Any], Any]:
    """Settle what concerns the whole, then build part by part."""
    heads = _sampled(work, files)
    aligned = align(heads, given, _nothing if profile else _recognized) if len(heads) > 1 else heads
    names = [dict(zip(a.frame.columns, b.frame.columns, strict=True)) for a, b in zip(heads, aligned, strict=True)]
    table = stack(aligned)
    mapping, how, said = settled(table, aligned, source=source, profile=profile, given=given, crs=crs, tz=tz)
    fields = check_mapping(mapping, list(table.frame.columns))
    frame = table.frame.reset_index(drop=True)
    how["crs"], guessed = settled_crs(frame, fields, how["crs"], how["tz"])
    own = how.pop("dayfirst")
    order = _DayFirst.of(work, names, next(fields[name] for name in ("time", *STAMPS) if name in fields)[0], own)
    first, _ = build_part(table, mapping, **how, dayfirst=own if own is not None else order.wanted(None))
    if {"lon", "lat"} <= set(fields) and swapped(frame[fields["lon"][0]], frame[fields["lat"][0]]):
        mapping = {**mapping, "lon": mapping["lat"], "lat": mapping["lon"]}
    kinds = _kinds(work, names, [c for c in frame.columns if all(c not in used for used in fields.values())])
    told = [
        _built(
            work,
            number,
            table,
            files,
            names,
            mapping,
            {**how, "dayfirst": order.wanted(number), "target": first.crs, "kinds": kinds},
        )
        for number in range(len(work.raw))
    ]
    record = {**first.attrs["sara"], **_added(told)}
    day, n = work.parts.days_and_counts()
    found = coverage_of_days(day, n)
    record |= {
        "coverage": days_covered(found, record["time_precision"]),
        "gaps": gaps_of_days(day, n, found, record["time_precision"]),
        "rows_read": sum(rows for _, _, rows in work.raw) + work.n_rejected - sum(t["rows_rejected"] for t in told),
        "rows_rejected": work.n_rejected, "rejects": str(work.rejects) if work.n_rejected else None,
        "sorted": True, "crs": first.crs.to_string(), **({"crs_source": guessed} if guessed else {}), **said,
    }  # fmt: skip
    if "address" in fields and "place" not in fields and len(work.raw) > 1:
        work.parts.name_places()
    places = work.parts.compact(FOR_PLACES)
    record |= whole_record(
        gpd.GeoDataFrame(places.assign(geometry=None), geometry="geometry", crs=first.crs), record.get("decimals")
    )
    return record, first.crs


def _sampled(work: _Work, files: list[Chunked]) -> list[RawFile]:
    """Return each file with rows from all over it."""
    total = sum(n for _, _, n in work.raw)
    share = min(1.0, SAMPLE / max(total, 1))
    out = []
    for number, file in enumerate(files):
        frames, lines = [], []
        for part, (_, owner, n) in enumerate(work.raw):
            if owner == number:
                few = np.unique(np.linspace(0, n - 1, max(1, int(np.ceil(n * share)))).astype(np.int64)) if share < 1 else None
                frame, at = work.read(part, few)
                frames.append(frame)
                lines.append(at)
        empty = pd.DataFrame({name: pd.array([], dtype=TEXT_DTYPE) for name in file.header})
        frame = pd.concat(frames, ignore_index=True) if frames else empty
        at = np.concatenate(lines) if lines else np.zeros(0, dtype=np.int64)
        out.append(RawFile(frame, at, reject_rows([], [], [], [], []), file.sha256, file.name, dict(file.notes)))
    return out


def _part(work: _Work, number: int, names: list[dict[str, str]], columns: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a part under the column names of the whole; columns that its file lacks are missing."""
    frame, lines = work.read(number)
    frame = frame.rename(columns=names[work.raw[number][1]])
    spelled = {column.casefold(): column for column in columns}
    frame = frame.rename(columns=lambda column: spelled.get(str(column).casefold(), column))
    for name in columns:
        if name not in frame:
            frame[name] = pd.Series(np.full(len(frame), None, dtype=object)).astype(TEXT_DTYPE)
    return frame[list(columns)], lines


def _built(
    work: _Work,
    number: int,
    table: Table,
    files: list[Chunked],
    names: list[dict[str, str]],
    mapping: dict[str, Any],
    how: dict[str, Any],
) -> dict[str, Any]:
    """Build one part and write it; return its record."""
    frame, lines = _part(work, number, names, list(table.frame.columns))
    file = files[work.raw[number][1]].name
    part = replace(
        table, frame=frame, lines=lines, files=np.full(len(frame), file, dtype=object), rejects=reject_rows([], [], [], [], []), rows_read=len(frame)
    )  # fmt: skip
    with warnings.catch_warnings():
        # What there is to say was said of the sample.
        warnings.simplefilter("ignore", SaraWarning)
        events, rejects = build_part(part, mapping, **how)
    work.reject(rejects)
    work.parts.add(events)
    return dict(events.attrs["sara"])


@dataclass(frozen=True, eq=False)
class _DayFirst:
    """Whether the day comes first in dates such as 03/04/2024, from all rows; and what each part's own rows say."""

    whole: bool | None
    parts: tuple[tuple[int, int], ...]
    given: bool | None = None

    @classmethod
    def of(cls, work: _Work, names: list[dict[str, str]], column: str, given: bool | None) -> _DayFirst:
        """Count the days above 12 in a column of times."""
        parts = []
        for number, (_, owner, _n) in enumerate(work.raw):
            own = next((mine for mine, shared in names[owner].items() if shared.casefold() == column.casefold()), None)
            if own is None or given is not None:
                parts.append((0, 0))
                continue
            values = work.read(number, columns=[own])[0][own]
            parts.append(_above_twelve(values) if values.dtype == object or str(values.dtype) == "str" else (0, 0))
        first, second = (sum(part[i] for part in parts) for i in (0, 1))
        if min(first, second) > 0.05 * (first + second):
            raise InputError(
                f"{column!r} must be written in one order of day and month. Got {first:,} rows with the day first and {second:,} with the month first. "
                "Convert the files of each kind on their own"
            )
        return cls(None if first == second == 0 else first > second, tuple(parts), given)

    def wanted(self, number: int | None) -> bool | None:
        """Return what a part must be told; None where its own rows say it, or nothing is known."""
        if self.given is not None or self.whole is None or number is None:
            return self.given
        first, second = self.parts[number]
        return None if first != second and (first > second) == self.whole else self.whole


def _above_twelve(values: pd.Series) -> tuple[int, int]:
    starts = values.dropna().astype(str).str.strip().str.slice(0, 6).value_counts()
    first = second = 0
    for text, n in starts.items():
        match = re.match(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]", str(text)) or re.match(
            r"([0-9]{2})[/.-]([0-9]{2})[/.-]?$", str(text)
        )
        if match:
            first, second = first + int(n) * (int(match[1]) > 12), second + int(n) * (int(match[2]) > 12)
    return first, second


def _kinds(work: _Work, names: list[dict[str, str]], extras: list[str]) -> dict[str, str]:
    """Return what each column nobody has a use for holds in all parts together."""
    if len(work.raw) < 2 or not extras:
        return {}
    found: dict[str, set[str]] = {name: set() for name in extras}
    for number in range(len(work.raw)):
        open_ = [name for name in extras if "text" not in found[name]]
        if open_:
            frame, _ = _part(work, number, names, open_)
            for name in open_:
                found[name].add(plain_kind(frame[name]))
    return {name: _one_kind(kinds) for name, kinds in found.items()}


def _one_kind(kinds: set[str]) -> str:
    if "typed" in kinds or "text" in kinds:
        return "typed" if kinds == {"typed"} else "text"
    if kinds == {"blank"} or kinds == {"whole"}:
        return next(iter(kinds))
    return "decimal"


def _added(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the entries of the parts' records that are counts, added up, and the precision of the whole."""
    out: dict[str, Any] = {"time_precision": min((r["time_precision"] for r in records), key=("minute", "day", "month").index)}
    for name in ("ambiguous_times", "skipped_times"):
        out[name] = sum(int(record.get(name, 0)) for record in records)
    for name in ("bad_locations", "types", "origin_rules", "unreadable"):
        total: dict[str, int] = {}
        for key, n in _pairs(records, name):
            total[key] = total.get(key, 0) + int(n)
        if total or name == "bad_locations":
            out[name] = total
    notes: dict[str, dict[str, Any]] = {}
    for column, values in _pairs(records, "time_notes"):
        mine = notes.setdefault(column, {})
        for key, value in values.items():
            mine[key] = mine.get(key, 0) + value if isinstance(value, int) else value
    return {**out, "time_notes": notes} if notes else out


def _pairs(records: list[dict[str, Any]], name: str) -> Iterator[tuple[str, Any]]:
    for record in records:
        yield from record.get(name, {}).items()
