"""Which column holds what, found by its name and by what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data._build import FIELDS, known_categories
from sara.data._coordinates import numbers, split_points
from sara.data._synonyms import ABBREVIATIONS, NEVER, SYNONYMS
from sara.data._text import is_blank
from sara.data._time import looks_like_time

__all__ = ["RecognitionResult", "recognize"]

TIMES = ("time", "received", "dispatched", "arrived", "closed", "time_to")
# Rows looked at, spread evenly over the table: enough to tell a date from a number, few enough to be free.
SAMPLE = 400
# Below this the name says too little.
LEAST = 0.4
# Where two columns would do, the more specific field picks first.
ORDER = (
    "lon", "lat", "x", "y", "received", "dispatched", "arrived", "closed", "time", "time_to", "id", "type", "priority", "disposition", "origin",
    "channel", "language", "caller", "address", "place", "area", "group", "category", "text", "point",
)  # fmt: skip


_PATTERNS = {name: tuple((re.compile(pattern), score) for pattern, score in patterns) for name, patterns in SYNONYMS.items()}


@dataclass(frozen=True)
class RecognitionResult:
    """Which column was taken for which field, how surely, and why.

    Parameters
    ----------
    table : DataFrame
        ``field``, ``column``, ``confidence`` (0 to 1), ``reason``: one row per field found, best first.
    columns : dict of str to str or list of str
        Field -> column (two for a date and its time), as `read_events` takes it: correct it and pass it on as ``columns=``.
    """

    table: pd.DataFrame
    columns: Mapping[str, str | list[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        found = ", ".join(f"{name}={column!r}" for name, column in self.columns.items())
        return f"<RecognitionResult: {found or 'nothing recognised'}>"


def recognize(table: pd.DataFrame) -> RecognitionResult:
    """Find the columns of a published table by name and content.

    Parameters
    ----------
    table : DataFrame
        As published. Without rows, the names alone decide.

    Returns
    -------
    RecognitionResult
        ``table`` with a reason per field; ``columns`` to correct and pass on.

    Notes
    -----
    The name gives a score; the content can confirm it or rule it out: times must be readable, latitudes must lie within 90 degrees, ids
    must hardly repeat, types must repeat. Columns that only say when a row was changed are never the time of the event.

    Examples
    --------
    >>> found = recognize(pd.DataFrame({"Call_Received": ["2024-01-03 15:41:46"], "Tencode Description": ["THEFT"], "OBJECTID": ["1"]}))
    >>> found.columns["received"], found.columns["type"]
    ('Call_Received', 'Tencode Description')
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"`table` must be a table. Got a {type(table).__name__}. Write: sara.recognize(pd.read_csv('calls.csv', dtype=str))"
        )
    sample = _sample(table)
    names = {str(column): _words(column) for column in table.columns}
    clocks = _clocks(sample, names)
    scored = [
        entry
        for column, words in names.items()
        if column in sample.columns and column not in clocks.values()
        for entry in _scores(column, words, sample[column])
    ]
    taken = [_joined(entry, clocks, sample) for entry in _assign(scored, names)]
    taken = _by_content(_with_clock(taken, sample), sample, names)
    frame = pd.DataFrame(
        [(name, " + ".join(cols), round(score, 2), reason) for name, cols, score, reason in taken],
        columns=["field", "column", "confidence", "reason"],
    )
    return RecognitionResult(frame, {name: cols[0] if len(cols) == 1 else cols for name, cols, _, _ in taken})


def require(found: RecognitionResult, table: pd.DataFrame, *, call: str) -> dict[str, Any]:
    """Return the mapping if a time was found; otherwise list the columns and the line to paste."""
    if any(name in found.columns for name in TIMES[:5]):
        return dict(found.columns)
    have = ", ".join(map(str, list(table.columns)[:30]))
    raise InputError(
        f"`time` must be one of the columns. Got none that is called or reads like a time. Columns: {have}. Write: "
        + call.format("time='...'")
    )


def _words(column: object) -> str:
    """Return a column name as lower-case words joined by ``_``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", str(column)).replace("#", "_number")
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_").split("_")
    return "_".join(ABBREVIATIONS.get(word, word) for word in words)


def _sample(table: pd.DataFrame) -> pd.DataFrame:
    plain = table[[name for name in table.columns if str(table[name].dtype) != "geometry"]] if len(table.columns) else table
    if len(plain) > SAMPLE:
        plain = plain.iloc[np.linspace(0, len(plain) - 1, SAMPLE).astype(int)]
    return pd.DataFrame(plain).rename(columns=str)


def _scores(column: str, words: str, values: pd.Series) -> list[tuple[float, str, str, str]]:
    """Return ``(score, field, column, reason)`` for each field the column could be."""
    named = _by_name(words)
    if not named:
        return []
    filled = values[~is_blank(values)] if len(values) else values
    out = []
    for name, score in named:
        fit, said = _content(name, filled, len(values))
        if fit > 0:
            out.append((min(score * fit, 1.0), name, column, f"the name{said}"))
    return out


@lru_cache(maxsize=4096)
def _by_name(words: str) -> tuple[tuple[str, float], ...]:
    """Return ``(field, score)`` for each field that a name could mean."""
    compact = words.replace("_", "")
    out = []
    for name, patterns in _PATTERNS.items():
        score = max((s for pattern, s in patterns if pattern.fullmatch(words) or pattern.fullmatch(compact)), default=0.0)
        if words == name and name not in ("group", "category", "place", "text"):
            score = 0.99
        if score >= 0.2 and not _never(name, words):
            out.append((name, score))
    return tuple(out)


def _never(name: str, words: str) -> bool:
    if name in TIMES:
        return re.fullmatch(NEVER["time"], words) is not None and words != "updated_datetime"
    if name in ("type", "group"):
        return re.fullmatch(NEVER["type"], words) is not None
    return name in ("lon", "lat", "x", "y", "address", "area") and re.fullmatch(NEVER["place"], words) is not None


def _content(name: str, filled: pd.Series, n: int) -> tuple[float, str]:
    """Return how well the content fits (0 rules the column out) and a few words about it."""
    if n == 0:
        return 1.0, ""
    if len(filled) == 0:
        return 0.5, "; all of it is blank"
    if name in TIMES:
        return _time_fit(filled)
    if name in ("lon", "lat", "x", "y"):
        return _number_fit(name, filled)
    if name == "point":
        lon, _ = split_points(filled)
        share = float(lon.notna().mean())
        return (1.2 if share > 0.8 else 0.0), f"; {share:.0%} are points"
    distinct = filled.astype(object).nunique() / len(filled)
    if name == "id":
        return (
            1.05 if distinct > 0.95 else 0.9 if distinct > 0.6 else 0.3 if len(filled) > 20 else 0.9
        ), f"; {distinct:.0%} are different"
    if name in ("type", "group", "disposition", "category", "origin", "channel"):
        return _word_fit(name, filled, distinct)
    if name == "address":
        points = float(split_points(filled)[0].notna().mean())
        lettered = float(filled.astype(object).astype(str).str.contains(r"[A-Za-z]{2}", regex=True).mean())
        return (
            0.0 if points > 0.5 else 1.05 if lettered > 0.8 else 0.4 if lettered > 0.2 else 0.2
        ), f"; {lettered:.0%} hold words"
    if name == "text":
        length = float(filled.astype(object).astype(str).str.len().mean())
        return (1.1 if length > 40 and distinct > 0.3 else 0.9), f"; {length:.0f} characters on average"
    return 1.0, ""


def _time_fit(filled: pd.Series) -> tuple[float, str]:
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return 1.1, "; holds datetimes"
    share = looks_like_time(filled)
    if share > 0.3:
        return 1.0 + 0.1 * share, f"; {share:.0%} read as times"
    clock = float(
        filled.astype(object).astype(str).str.fullmatch(r"\s*[0-9]{1,2}:?[0-9]{2}(?::[0-9]{2})?\s*(?:[AaPp][Mm])?\s*").mean()
    )
    return (0.55, "; a time of day without its date") if clock > 0.8 else (0.0, "")


def _number_fit(name: str, filled: pd.Series) -> tuple[float, str]:
    values = numbers(filled)[0]
    ok = np.isfinite(values) & (np.abs(values) < 1e30) & (values != 0)
    if not ok.any() or ok.sum() < 0.2 * len(values):
        return 0.0 if np.isnan(values).mean() > 0.5 else 0.6, "; no numbers"
    values = values[ok]
    inside = float(np.mean(np.abs(values) <= (90 if name == "lat" else 180)))
    if name == "lat" and inside <= 0.8 and np.mean(np.abs(values) <= 180) > 0.8:
        # Longitudes under a latitude's name: the two columns may have changed places.
        return 0.5, "; beyond the range of latitude"
    if name in ("lon", "lat"):
        return (1.05 if inside > 0.8 else 0.0), f"; {inside:.0%} lie within the range"
    return 1.0, ""


def _word_fit(name: str, filled: pd.Series, distinct: float) -> tuple[float, str]:
    text = filled.astype(object).astype(str)
    if name == "category":
        known = bool(text.isin(known_categories()).all())
        return (5.0 if known else 0.0), "; its words are sara's categories"
    wordy = float(text.str.contains(r"[A-Za-z]{3}", regex=True).mean())
    repeats = 1.0 if distinct < 0.5 or len(text) < 50 else 0.7
    if name in ("type", "group"):
        return (1.08 if wordy > 0.8 else 0.6) * repeats, f"; {wordy:.0%} are words, {text.nunique()} different"
    return repeats, ""


def _assign(scored: list[tuple[float, str, str, str]], names: Mapping[str, str]) -> list[tuple[str, list[str], float, str]]:
    """Give each field its best column and each column its best field."""
    best: dict[str, tuple[float, str, str]] = {}
    used: set[str] = set()
    order = {name: position for position, name in enumerate(ORDER)}
    for score, name, column, reason in sorted(scored, key=lambda e: (-e[0], order[e[1]], list(names).index(e[2]))):
        if name in best or column in used or score < LEAST:
            continue
        best[name] = (score, column, reason)
        used.add(column)
    _settle_points(best)
    if "type" not in best and "group" in best:
        best["type"] = best.pop("group")
    taken = [(name, [column], score, reason) for name, (score, column, reason) in best.items()]
    return sorted(taken, key=lambda entry: FIELDS.index(entry[0]))


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


def _clocks(sample: pd.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """Return date column -> the column beside it that holds its time of day."""
    dates = [
        c
        for c in sample.columns
        if re.search(r"(?:^|_)(?:date|dt)(?:_|$)|date$", names[c]) and "time" not in names[c] and _date_only(sample[c])
    ]
    clocks = [
        c
        for c in sample.columns
        if re.search(r"time|hour|hhmm|(?:^|_)tm(?:_|$)", names[c]) and "date" not in names[c] and _is_clock(sample[c])
    ]
    pairs: dict[str, str] = {}
    for date in dates:
        stem = _stem(names[date])
        same = [clock for clock in clocks if _stem(names[clock]) == stem and clock not in pairs.values()]
        if same:
            pairs[date] = same[0]
    if not pairs and len(dates) == 1 and len(clocks) == 1 and len(sample):
        pairs[dates[0]] = clocks[0]
    return pairs


def _stem(words: str) -> str:
    return "_".join(
        word
        for word in words.split("_")
        if word not in ("date", "dt", "time", "tm", "24hr", "24h", "24", "hour", "hhmm", "of", "day")
    )


def _joined(
    entry: tuple[str, list[str], float, str], clocks: Mapping[str, str], sample: pd.DataFrame
) -> tuple[str, list[str], float, str]:
    """Add the time of day to a date, and the street to a block number."""
    name, columns, score, reason = entry
    if name in TIMES and columns[0] in clocks:
        return name, [columns[0], clocks[columns[0]]], score, f"{reason}; the time of day is in {clocks[columns[0]]!r}"
    if name == "address" and re.search(r"street", columns[0], re.IGNORECASE):
        blocks = [
            c
            for c in sample.columns
            if re.fullmatch(
                r"(?:hundred_?)?block(?:_?(?:number|no|num))?|house_?(?:number|no|num)|st(?:reet)?_?(?:number|no|num)", _words(c)
            )
        ]
        if blocks and blocks[0] != columns[0] and (len(sample) == 0 or np.isfinite(numbers(sample[blocks[0]])[0]).any()):
            return name, [blocks[0], columns[0]], score, f"{reason}; the number is in {blocks[0]!r}"
    return entry


def _with_clock(taken: list[tuple[str, list[str], float, str]], sample: pd.DataFrame) -> list[tuple[str, list[str], float, str]]:
    """Leave a bare date out where a call's own stamp has the hour as well."""
    bare = [
        entry for entry in taken if entry[0] == "time" and len(entry[1]) == 1 and len(sample) and _date_only(sample[entry[1][0]])
    ]
    stamps = [entry for entry in taken if entry[0] in ("received", "dispatched")]
    has_clock = any(len(entry[1]) > 1 or not _date_only(sample[entry[1][0]]) for entry in stamps)
    return [entry for entry in taken if entry not in bare] if bare and has_clock else taken


def _by_content(
    taken: list[tuple[str, list[str], float, str]], sample: pd.DataFrame, names: Mapping[str, str]
) -> list[tuple[str, list[str], float, str]]:
    """Take the only column that reads as a time where no name says so."""
    if len(sample) == 0 or any(entry[0] in TIMES[:5] for entry in taken):
        return taken
    used = {column for entry in taken for column in entry[1]}
    readable = [c for c in sample.columns if c not in used and not _never("time", names[c]) and _reads_as_date(sample[c])]
    if len(readable) != 1:
        return taken
    return [("time", readable, 0.4, "no name says so, but it is the only column that reads as times"), *taken]


def _reads_as_date(values: pd.Series) -> bool:
    """Whether nearly all of it is a date with separators; a bare number proves nothing."""
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return False
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return True
    dated = filled.astype(object).astype(str).str.contains(r"[0-9][-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]", regex=True).mean()
    return float(dated) > 0.95 and looks_like_time(filled) > 0.95


def _is_clock(values: pd.Series) -> bool:
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return len(values) == 0
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return False
    text = filled.astype(object).astype(str).str.strip().str.replace(r"^(?:1899-12-3[01]|1900-01-0[01])[T ]", "", regex=True)
    pattern = r"(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?|[0-2]?[0-9]?[0-5]?[0-9](?:\.0)?|[0-2]?[0-9](?:[0-5][0-9]){2}|0?\.[0-9]+"
    # Nothing above 23 might be whole hours worked out from another column, or no time of day at all.
    small = pd.to_numeric(text, errors="coerce").between(0, 23) & ~text.str.match(r"0?\.|0[0-9]{3}")
    return float(text.str.fullmatch(pattern).mean()) > 0.8 and not small.all()


def _date_only(values: pd.Series) -> bool:
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return len(values) == 0
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return bool((filled.dt.normalize() == filled).all())
    text = filled.astype(object).astype(str)
    return (
        float((~text.str.contains(":")).mean()) > 0.8
        or float(text.str.contains(r"[ T]0?0:00(?::00(?:\.0+)?)?$|12:00:00 AM$").mean()) > 0.95
    )
