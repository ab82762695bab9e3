"""What a column's name says: in any style of writing, and in six languages beside English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sara.data.recognition.synonyms import ABBREVIATIONS, NEVER, SYNONYMS
from sara.data.recognition.translations import FOREIGN, FOREIGN_IF_OTHERS

__all__ = ["TIMES", "by_name", "never", "twins", "words_of", "words_of_all"]

TIMES = ("time", "received", "dispatched", "arrived", "closed", "time_to")
_PATTERNS = {name: tuple((re.compile(pattern), score) for pattern, score in patterns) for name, patterns in SYNONYMS.items()}
_NEVER = {name: re.compile(pattern) for name, pattern in NEVER.items()}
# The later end of when something may have happened.
# Two words written as one, of which at least one says when: "RPTDATE", "DATETIMEINIT".
_RUN_TOGETHER = re.compile(
    r"(?P<what>rpt|report|reported|incident|offense|occ|occurred|call|event|crime|arrest|start|due|hire|issue|init|birth|edit|update|complaint)(?P<when>date_?time|date|time|dt)"
    r"|(?P<first>datetime|date|time)(?P<then>init|initiated|reported|received|rec|rcvd|opened|created|entered|occurred|occ|decl|closed|cleared|completed|resolved|dispatched|arrived|due|cancelled|updated)"
)
_UNTIL = re.compile(r".*_(?:to|thru|through|until)_(?:date|dt|time|tm|date_?time)")
# The end of a call, or a unit's way to it, is not when it came in.
_LATER = re.compile(
    r"(?!.*(?:received|create|report|open)).*(?:^|_)(?:closed?|closing|cleared?|completed?|resolved|arrived?|arrival|finished)(?:_.*)?"
)
# When the call was entered, in the words of one maker of dispatch systems; any other "response" is a duration.
_ENTERED = ("response_date", "response_datetime", "response_date_time")
_NUMBERED = ("lon", "lat", "x", "y", "address", "area", "point")
# A name alone that is the field's own word; these four are used too loosely for that.
_LOOSE = frozenset({"group", "category", "place", "text", "type", "area", "time", "origin", "disposition"})


def words_of_all(columns: Iterable[object]) -> dict[str, str]:
    """Return column -> its name as lower-case English words joined by ``_``."""
    plain = {str(column): words_of(column) for column in columns}
    foreign = sum(any(word in FOREIGN for word in words.split("_")) for words in plain.values())
    table = {**FOREIGN, **FOREIGN_IF_OTHERS} if foreign >= 2 else FOREIGN if foreign else {}
    return {column: _translated(words, table) for column, words in plain.items()}


@lru_cache(maxsize=4096)
def words_of(column: object) -> str:
    """Return one name as lower-case words joined by ``_``, shortened words written out."""
    text = unicodedata.normalize("NFKD", str(column)[:200].replace("ß", "ss"))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text).replace("#", "_number")
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_").split("_")
    parts = [part for word in words for part in _apart(word)]
    return "_".join(ABBREVIATIONS.get(word, word) for word in parts)


def _apart(word: str) -> list[str]:
    match = _RUN_TOGETHER.fullmatch(word)
    return [word] if match is None else [part for part in match.groups() if part]


def _translated(words: str, table: dict[str, str]) -> str:
    if not table:
        return words
    return table.get(words) or "_".join(said for word in words.split("_") if (said := table.get(word, word)))


@lru_cache(maxsize=8192)
def by_name(words: str) -> tuple[tuple[str, float], ...]:
    """Return ``(field, score)`` for each field that a name could mean."""
    compact = words.replace("_", "")
    out = []
    for name, patterns in _PATTERNS.items():
        score = max((s for pattern, s in patterns if pattern.fullmatch(words) or pattern.fullmatch(compact)), default=0.0)
        if words == name and name not in _LOOSE:
            score = 0.99
        if score >= 0.2 and (score >= 0.6 if name == "id" and _NEVER["id"].fullmatch(words) else not never(name, words)):
            out.append((name, score))
    return tuple(out)


def twins(names: dict[str, str]) -> list[tuple[str, str]]:
    """Return pairs of columns that differ in an x and a y alone: SRX and SRY."""
    by_words = {words.replace("_", ""): column for column, words in names.items()}
    out = []
    for words, column in by_words.items():
        others = {by_words.get(words[:i] + "y" + words[i + 1 :]) for i, letter in enumerate(words) if letter == "x"} - {None}
        out += [(column, str(other)) for other in others]
    return out


def never(name: str, words: str) -> bool:
    """Whether a name rules a field out: the date a row was changed is not when something happened."""
    if name in TIMES[:2] and _UNTIL.fullmatch(words):
        return True
    if name in TIMES[:2] and _LATER.fullmatch(words):
        return True
    if name in TIMES:
        if words in _ENTERED:
            return False
        return _NEVER["time"].fullmatch(words) is not None and words != "updated_datetime" and "last_unit_clear" not in words
    if name in ("type", "group"):
        return _NEVER["type"].fullmatch(words) is not None
    return name in _NUMBERED and _NEVER["place"].fullmatch(words) is not None
