"""Which column holds what, found by its name and by what is in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data._build import FIELDS
from sara.data._coordinates import numbers
from sara.data._text import is_blank
from sara.data.recognition.content import date_only, fit, nameless, reads_as_date
from sara.data.recognition.join import Entry, clocks, date_parts, joined_entry, street_parts, without_bare_date
from sara.data.recognition.names import TIMES, by_name, never, twins, words_of_all
from sara.data.recognition.profiles import profile_text
from sara.data.recognition.refuse import refusal

__all__ = ["RecognitionResult", "recognize", "require"]

# Rows looked at, spread evenly over the table: enough to tell a date from a number, few enough to be free.
SAMPLE = 400
# Below this the name says too little.
LEAST = 0.4
# Where two columns would do, the more specific field picks first.
ORDER = (
    "lon", "lat", "x", "y", "received", "dispatched", "arrived", "closed", "time", "time_to", "id", "type", "priority", "disposition", "origin",
    "channel", "language", "caller", "address", "place", "area", "group", "category", "text", "point",
)  # fmt: skip
# What is looked for in every table; one of the fields in a row is enough.
SOUGHT = (
    ("id",), ("received", "time"), ("dispatched",), ("arrived",), ("closed",), ("type",), ("priority",), ("disposition",), ("lon", "x", "point"),
    ("address",), ("area",), ("text",), ("origin",), ("channel",), ("caller",),
)  # fmt: skip
# Score of the rules -> share of such columns that were right on the publishers the rules were tuned on (docs/recognition.md).
CALIBRATION = ((0.0, 0.0), (0.4, 0.65), (0.5, 0.78), (0.65, 0.9), (0.8, 0.93), (0.9, 0.97), (1.0, 0.99))

Scored = tuple[float, str, str, str]


@dataclass(frozen=True)
class RecognitionResult:
    """Which column was taken for which field, how surely, and why.

    Parameters
    ----------
    table : DataFrame
        ``field``, ``column``, ``confidence`` (0 to 1: the share of such columns that were right), ``reason``: one row per field found.
    columns : dict of str to str or list of str
        Field -> column (several for a date and its time), as `read_events` takes it: correct it and pass it on as ``columns=``.
    missing : DataFrame
        ``field``, ``nearest`` (the column that came closest, or missing), ``reason``: what was looked for and not found.
    refused : str or None
        Why the table is not one of events; the readers turn it down until ``columns=`` names a time.
    """

    table: pd.DataFrame
    columns: Mapping[str, str | list[str]] = field(default_factory=dict)
    missing: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["field", "nearest", "reason"]))
    refused: str | None = None

    def __repr__(self) -> str:
        found = ", ".join(f"{name}={column!r}" for name, column in self.columns.items())
        said = f"; refused: {self.refused}" if self.refused else ""
        return f"<RecognitionResult: {found or 'nothing recognised'}{said}>"

    def save(
        self,
        path: str | PathLike[str],
        *,
        title: str | None = None,
        source: str = "calls",
        tz: str | None = None,
        crs: int | str | None = None,
        epoch: str | None = None,
        dayfirst: bool | None = None,
    ) -> Path:
        """Write the mapping as a profile: a TOML file to edit and to read with, ``read_calls(path, profile="my_city.toml")``.

        Parameters
        ----------
        path : str or path
            A new file whose name ends in ``.toml``.
        title : str, optional
            What the file is, for a reader.
        source : str
            ``"calls"``, ``"complaints"`` or your own word.
        tz, crs : optional
            As in `read_calls`.
        epoch : {"utc", "local"}, optional
            What seconds since 1970 mean in this publisher's files.
        dayfirst : bool, optional
            Whether 03/04/2024 is 3 April.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            If the name does not end in ``.toml``, or an option is not one of those above.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> found = recognize(pd.DataFrame({"received": ["2024-03-01 23:10"], "nature": ["FIGHT"]}))
        >>> path = found.save(pathlib.Path(tempfile.mkdtemp()) / "my_city.toml", tz="America/Chicago")
        >>> 'received = "received"' in path.read_text()
        True
        """
        target = Path(path)
        if target.suffix.lower() != ".toml":
            raise InputError(f"`path` must end in .toml. Got {str(path)!r}. Write: found.save('my_city.toml')")
        told = {"tz": tz, "crs": crs, "epoch": epoch, "dayfirst": dayfirst}
        sure = dict(zip(self.table["field"], self.table["confidence"], strict=True))
        text = profile_text(
            target.stem,
            title=title or target.stem,
            source=source,
            columns=self.columns,
            settings=told,
            notes=sure,
            missing=list(self.missing["field"]),
        )
        target.write_text(text, encoding="utf-8")
        return target


def recognize(table: pd.DataFrame) -> RecognitionResult:
    """Find the columns of a published table by name and content.

    Parameters
    ----------
    table : DataFrame
        As published. Without rows, the names alone decide.

    Returns
    -------
    RecognitionResult
        ``table`` with a reason per field; ``columns`` to correct and pass on; ``missing``; ``refused``; ``save`` writes a profile.

    Notes
    -----
    The name gives a score; the content can confirm it or rule it out: times must be readable, latitudes must lie within 90 degrees, ids
    must hardly repeat, types must repeat. Where a name says nothing, streets, degrees, types of call and the like are known by their
    content. Columns that only say when a row was changed are never the time of the event. Names in Spanish, French, German, Dutch,
    Portuguese and Italian are translated word by word. Tables of totals, permits, inspections, staff, budgets or things are refused, by
    names and content.

    Examples
    --------
    >>> found = recognize(pd.DataFrame({"Call_Received": ["2024-01-03 15:41:46"], "Tencode Description": ["THEFT"], "OBJECTID": ["1"]}))
    >>> found.columns["received"], found.columns["type"]
    ('Call_Received', 'Tencode Description')
    >>> recognize(pd.DataFrame({"Area": ["North"], "2022": ["14"], "2023": ["12"], "2024": ["9"]})).refused
    "its columns are years or months ('2022', '2023', '2024'): counts by period, not one row per event"
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"`table` must be a table. Got a {type(table).__name__}. Write: sara.recognize(pd.read_csv('calls.csv', dtype=str))"
        )
    sample = _sample(table)
    names = words_of_all(table.columns)
    pairs = clocks(sample, names)
    scored = [
        entry
        for column, words in names.items()
        if column in sample.columns and column not in pairs.values()
        for entry in _scores(column, words, sample[column])
    ]
    scored = _stamped_by_hand(_with_twins(scored, sample, names), names)
    scored = [
        (0.97 * s, f, c, why) if f in TIMES and c not in pairs and len(sample) and date_only(sample[c]) else (s, f, c, why)
        for s, f, c, why in scored
    ]
    if "lot" in names.values():
        # A tax block and lot are a parcel, not a hundred block.
        scored = [entry for entry in scored if entry[1] != "address" or names[entry[2]] != "block"]
    best = _assign(scored, names)
    taken = [joined_entry(entry, pairs, sample, names) for entry in best]
    taken = _by_parts(without_bare_date(taken, sample), sample, names)
    taken = _by_content(taken, sample, names, set(pairs.values()))
    taken = sorted(_as_degrees(taken, sample), key=lambda entry: FIELDS.index(entry[0]))
    frame = pd.DataFrame(
        [(name, " + ".join(cols), _confidence(score), reason) for name, cols, score, reason in taken],
        columns=["field", "column", "confidence", "reason"],
    )
    columns = {name: cols[0] if len(cols) == 1 else cols for name, cols, _, _ in taken}
    return RecognitionResult(frame, columns, _missing(taken, scored, names), refusal(names, sample, taken, n_rows=len(table)))


def require(found: RecognitionResult, table: pd.DataFrame, *, call: str, as_dict: bool = False) -> dict[str, Any]:
    """Return the mapping of a table of events; otherwise list the columns and the line to paste: `call` with the time's column in it."""
    timed = any(name in found.columns for name in TIMES[:5])
    if timed and not found.refused:
        return dict(found.columns)
    have = ", ".join(map(str, list(table.columns)[:30])) + (", ..." if len(table.columns) > 30 else "")
    if timed or (found.refused and found.refused.startswith("it looks like")):
        name = _example(found.columns, as_dict) if timed else "{'time': '...'}" if as_dict else "time='...'"
        raise InputError(
            f"`table` must hold one row per event. Got a table that is something else: {found.refused}. Columns: {have}. "
            f"If each row is an event all the same, write: {call.format(name)}"
        )
    why = "" if found.refused in (None, "no column says when each row happened") else f" ({found.refused})"
    raise InputError(
        f"`time` must be one of the columns. Got none that is called or reads like a time{why}. Columns: {have}. Write: "
        + call.format("{'time': '...', 'type': '...'}" if as_dict else "time='...'")
    )


def _example(columns: Mapping[str, Any], as_dict: bool) -> str:
    name = next(name for name in ("received", "time", "dispatched", "arrived", "closed") if name in columns)
    column = columns[name] if isinstance(columns[name], str) else list(columns[name])
    return f"{{'time': {column!r}}}" if as_dict else f"time={column!r}"


def _confidence(score: float) -> float:
    scores, shares = zip(*CALIBRATION, strict=True)
    return round(float(np.interp(min(score, 1.0), scores, shares)), 2)


def _sample(table: pd.DataFrame) -> pd.DataFrame:
    plain = table.loc[:, ~table.columns.duplicated()]
    plain = plain[[name for name in plain.columns if str(plain[name].dtype) != "geometry"]] if len(plain.columns) else plain
    if len(plain) > SAMPLE:
        plain = plain.iloc[np.linspace(0, len(plain) - 1, SAMPLE).astype(int)]
    return pd.DataFrame(plain).rename(columns=str)


def _scores(column: str, words: str, values: pd.Series) -> list[Scored]:
    """Return ``(score, field, column, reason)`` for each field the column could be."""
    named = by_name(words)
    if not named:
        return []
    filled = values[~is_blank(values)] if len(values) else values
    out = []
    for name, score in named:
        share, said = fit(name, filled, len(values))
        if share > 0:
            out.append((min(score * share, 1.0), name, column, f"the name{said}"))
    return out


def _with_twins(scored: list[Scored], sample: pd.DataFrame, names: Mapping[str, str]) -> list[Scored]:
    """Add columns of numbers whose names differ in an x and a y alone, where no name is plainly that of a location."""
    if any(field_ in ("lon", "x") and score > 0.6 for score, field_, _, _ in scored):
        return scored
    out = list(scored)
    for pair in twins(dict(names)):
        if all(
            column in sample.columns and fit("x", sample[column][~is_blank(sample[column])], len(sample))[0] >= 1
            for column in pair
        ):
            out += [
                (0.6, name, column, "the names of two columns differ in x and y alone")
                for name, column in zip(("x", "y"), pair, strict=True)
            ]
    return out


def _stamped_by_hand(scored: list[Scored], names: Mapping[str, str]) -> list[Scored]:
    """Leave out the day a row was drawn on a map, which mapping software keeps beside who drew it, where the table has another time."""
    if not {"created_user", "creator", "last_edited_user", "last_edited_date", "editor"} & set(names.values()):
        return scored
    drawn = {"created_date", "creation_date", "create_date"}
    kept = [entry for entry in scored if names[entry[2]] not in drawn]
    return kept if any(entry[1] in TIMES[:2] and entry[0] >= LEAST for entry in kept) else scored


def _as_degrees(taken: list[Entry], sample: pd.DataFrame) -> list[Entry]:
    """Call x and y longitude and latitude where their numbers can be nothing else."""
    at = {entry[0]: entry for entry in taken if entry[0] in ("x", "y")}
    if len(at) < 2 or len(sample) == 0:
        return taken
    for name, most in (("x", 180), ("y", 90)):
        values = numbers(sample[at[name][1][0]])[0]
        values = values[np.isfinite(values) & (values != 0) & (np.abs(values) < 1e30)]
        if len(values) == 0 or np.mean(np.abs(values) <= most) < 0.9 or (values == np.round(values)).all():
            return taken
    named = {"x": "lon", "y": "lat"}
    return [(named.get(name, name), cols, score, f"{why}; degrees" if name in named else why) for name, cols, score, why in taken]


def _assign(scored: list[Scored], names: Mapping[str, str]) -> list[Entry]:
    """Give each field its best column and each column its best field."""
    best: dict[str, tuple[float, str, str]] = {}
    used: set[str] = set()
    order = {name: position for position, name in enumerate(ORDER)}
    places = {column: position for position, column in enumerate(names)}
    for score, name, column, reason in sorted(scored, key=lambda e: (-e[0], order[e[1]], places[e[2]])):
        if name in best or column in used or score < LEAST:
            continue
        best[name] = (score, column, reason)
        used.add(column)
    _settle_points(best)
    if "type" not in best and "group" in best:
        best["type"] = best.pop("group")
    return [(name, [column], score, reason) for name, (score, column, reason) in best.items()]


def _settle_points(best: dict[str, tuple[float, str, str]]) -> None:
    """Keep one way to the location: longitude and latitude, else x and y, else point text; and half a pair is none."""
    for one, other in (("lon", "lat"), ("x", "y")):
        if (one in best) != (other in best):
            best.pop(one, None)
            best.pop(other, None)
    if "lon" in best:
        for name in ("x", "y", "point"):
            best.pop(name, None)
    elif "x" in best and "point" in best and best["point"][0] >= 0.5:
        best.pop("x")
        best.pop("y")


def _by_parts(taken: list[Entry], sample: pd.DataFrame, names: Mapping[str, str]) -> list[Entry]:
    """Find a date in three columns and an address in two to four, where no one column holds them."""
    have = {entry[0] for entry in taken}
    if not have & set(TIMES[:5]) and (parts := date_parts(sample, names)):
        taken = [*(e for e in taken if not set(e[1]) & set(parts)), ("time", parts, 0.7, "year, month and day in a column each")]
    if "address" not in have and (parts := street_parts(sample, names)):
        taken = [
            *(e for e in taken if not set(e[1]) & set(parts)),
            ("address", parts, 0.7, f"the parts of an address in {len(parts)} columns"),
        ]
    return taken


def _by_content(taken: list[Entry], sample: pd.DataFrame, names: Mapping[str, str], clocks_used: set[str]) -> list[Entry]:
    """Fill in what no name told: by the content of columns that have no use yet."""
    if len(sample) == 0:
        return taken
    have = {entry[0] for entry in taken}
    used = {column for entry in taken for column in entry[1]} | clocks_used
    if not have & set(TIMES[:5]) and (told := _only_time(sample, names, used)):
        taken = [told, *taken]
        used |= set(told[1])
    lacking = {"address", "disposition", "priority", "type", "id", "text", "origin", "channel"} - have
    if "origin" in have or "channel" in have:
        lacking -= {"origin", "channel"}
    if not {"lon", "x", "point"} & have:
        lacking |= {"lon", "lat", "point"}
    found = _assign(nameless(sample, used, lacking), names) if lacking else []
    return [*taken, *found]


def _only_time(sample: pd.DataFrame, names: Mapping[str, str], used: set[str]) -> Entry | None:
    """Take the only column that reads as a time where no name says so; of several, the one that is earliest."""
    readable = [c for c in sample.columns if c not in used and not never("time", names[c]) and reads_as_date(sample[c])]
    if not readable and (months := [c for c in sample.columns if c not in used and _months(sample[c])]):
        return "time", months[:1], 0.42, "months without a day are the finest time there is"
    if len(readable) == 1:
        return "time", readable, 0.4, "no name says so, but it is the only column that reads as times"
    if not readable:
        return None
    stamps = pd.DataFrame({c: pd.to_datetime(sample[c], errors="coerce", format="mixed", utc=True) for c in readable})
    whole = stamps.dropna()
    if len(whole) < 3:
        return None
    first = [c for c in readable if (whole[c] <= whole.min(axis=1)).mean() > 0.95]
    return (
        ("time", first[:1], 0.4, f"no name says so, but of {len(readable)} columns that read as times it is the earliest")
        if first
        else None
    )


def _months(values: pd.Series) -> bool:
    text = values[~is_blank(values)].astype(object).astype(str).str.strip()
    return len(text) > 0 and bool(text.str.fullmatch(r"(?:19|20)[0-9]{2}[-/](?:0?[1-9]|1[0-2])").all())


def _missing(taken: list[Entry], scored: list[Scored], names: Mapping[str, str]) -> pd.DataFrame:
    """Return what was looked for and not found, with the column that came closest."""
    have = {entry[0] for entry in taken}
    used = {column: entry[0] for entry in taken for column in entry[1]}
    rows: list[tuple[str, str | None, str]] = []
    for fields in SOUGHT:
        if have & set(fields):
            continue
        near = max((entry for entry in scored if entry[1] in fields), default=None, key=lambda entry: entry[0])
        if near is not None:
            why = f"taken for {used[near[2]]}" if near[2] in used else "name and content make it too unlikely"
            rows.append((" or ".join(fields), near[2], why))
            continue
        alike = difflib.get_close_matches(fields[0], [w for c, w in names.items() if c not in used], n=1, cutoff=0.6)
        nearest = next((column for column, words in names.items() if words in alike), None)
        rows.append(
            (
                " or ".join(fields),
                nearest,
                "only the name is a little like it" if nearest else "no column is called so or reads like it",
            )
        )
    return pd.DataFrame(rows, columns=["field", "nearest", "reason"], dtype=object)
