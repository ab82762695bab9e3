"""What a column's name says: in any style of writing, and in six languages beside English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sara.data._synonyms import ABBREVIATIONS, NEVER, SYNONYMS
from sara.data._translations import FOREIGN, FOREIGN_IF_OTHERS

__all__ = ["TIMES", "by_name", "never", "words_of", "words_of_all"]

TIMES = ("time", "received", "dispatched", "arrived", "closed", "time_to")
_PATTERNS = {name: tuple((re.compile(pattern), score) for pattern, score in patterns) for name, patterns in SYNONYMS.items()}
_NEVER = {name: re.compile(pattern) for name, pattern in NEVER.items()}
# The later end of when something may have happened.
_UNTIL = re.compile(r".*_(?:to|thru|through|until)_(?:date|dt|time|tm|date_?time)")
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
    return "_".join(ABBREVIATIONS.get(word, word) for word in words)


def _translated(words: str, table: dict[str, str]) -> str:
    if not table:
        return words
    return table.get(words) or "_".join(
        said for word in words.split("_") if (said := table.get(word, word))
    )


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


def never(name: str, words: str) -> bool:
    """Whether a name rules a field out: the date a row was changed is not when something happened."""
    if name in TIMES[:2] and _UNTIL.fullmatch(words):
        return True
    if name in TIMES:
        return _NEVER["time"].fullmatch(words) is not None and words != "updated_datetime" and "last_unit_clear" not in words
    if name in ("type", "group"):
        return _NEVER["type"].fullmatch(words) is not None
    return name in _NUMBERED and _NEVER["place"].fullmatch(words) is not None
