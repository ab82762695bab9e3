"""Fields that are written in several columns: a date and its time of day, year and month and day, the parts of an address."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sara.data._coordinates import numbers
from sara.data._text import is_blank
from sara.data.recognition.content import date_only, is_clock
from sara.data.recognition.names import TIMES, never

__all__ = ["Entry", "clocks", "date_parts", "joined_entry", "street_parts", "without_bare_date"]

# Field, its columns, score, reason.
Entry = tuple[str, list[str], float, str]

_PREFIX = r"(?:[a-z0-9]+_)*?(?:address_|addr_|street_|st_|house_|hundred_|incident_|location_|on_)?"
_NUMBER = rf"{_PREFIX}(?:hundred_?)?(?:block|house|street|st|address|addr|primary)_?(?:number|no|num|nbr)(?:_primary)?|(?:hundred_?)?block|house_?number|hundred_block_number|stnum"
_DIRECTION = rf"{_PREFIX}(?:direction|dir|predir|pre_?direction|prefix_?direction|prefix|street_prefix)(?:_primary)?"
_NAME = rf"{_PREFIX}(?:street|st|road|block_street)_?name|{_PREFIX}(?:street|road)_primary|(?:house_)?street|on_street|street_?name|stname"
_SUFFIX = rf"{_PREFIX}(?:street|st|addr(?:ess)?_street)_?(?:suffix|suf|type)|{_PREFIX}suffix_primary|street_?suffix|sttype"
_CLOCK_WORDS = ("date", "dt", "time", "tm", "24hr", "24h", "24", "hour", "hhmm", "of", "day", "hr")


def clocks(sample: pd.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """Return date column -> the column beside it that holds its time of day."""
    dates = [
        c
        for c in sample.columns
        if re.search(r"(?:^|_)(?:date|dt|day)(?:_|$)|date$", names[c])
        and "time" not in _bare(names[c])
        and date_only(sample[c])
        and not re.search(r"(?:^|_)day_of|of_day|day_of", names[c])
    ]
    beside = [
        c
        for c in sample.columns
        if re.search(r"time|hour|hhmm|(?:^|_)(?:tm|hr)(?:_|$)", names[c])
        and "date" not in names[c]
        and is_clock(sample[c], hours=bool(re.search(r"_(?:hour|hr)$", names[c])))
    ]
    pairs: dict[str, str] = {}
    for date in dates:
        same = [clock for clock in beside if _stem(names[clock]) == _stem(names[date]) and clock not in pairs.values()]
        if same:
            pairs[date] = same[0]
    left = [clock for clock in beside if not re.fullmatch(r"(?:.*_)?(?:hour|hr)", names[clock])]
    # Without rows to look at, one of the two must be plainly the date or the time of the whole row.
    plain = len(sample) > 0 or any(_stem(names[c]) == "" for c in (*dates, *left))
    if not pairs and len(dates) == 1 and len(left) == 1 and plain:
        pairs[dates[0]] = left[0]
    return pairs


def _bare(words: str) -> str:
    # "Zeit", "hora" and "tatzeit" become time in the translation; a date beside it is still a date.
    return re.sub(r"^(?:occurrence|start|end)_", "", words)


def _stem(words: str) -> str:
    return "_".join(word for word in words.split("_") if word not in _CLOCK_WORDS)


def date_parts(sample: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return the columns of year, month and day (and hour) where a date is written in three columns."""
    found: list[str] = []
    for pattern in (
        r"(?:calendar_?|incident_?|event_?)?year|yyyy",
        r"(?:calendar_?|incident_?|event_?)?month(?:_name|_number)?|mm",
        r"(?:calendar_?|incident_?|event_?)?day(?:_?of_?(?:the_)?month|_number)?|dd",
    ):
        fitting = [c for c in sample.columns if re.fullmatch(pattern, names[c]) and _part(sample[c])]
        if not fitting:
            return []
        found.append(fitting[0])
    clock = [
        c
        for c in sample.columns
        if re.fullmatch(r"(?:call_|event_)?(?:time|time_of_day|hour|hour_of_day)", names[c]) and is_clock(sample[c], hours=True)
    ]
    return found + clock[:1]


def _part(values: pd.Series) -> bool:
    text = values[~is_blank(values)].astype(object).astype(str).str.strip()
    return len(values) == 0 or (
        len(text) > 0
        and float(text.str.fullmatch(r"(?:[0-9]{1,2}|(?:19|20)[0-9]{2})(?:\.0)?|[A-Za-zÀ-ÿ]{3,10}\.?").mean()) > 0.95
        and not text.str.fullmatch(r"(?i)(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*").any()
    )


def joined_entry(entry: Entry, pairs: Mapping[str, str], sample: pd.DataFrame, names: Mapping[str, str]) -> Entry:
    """Add the time of day to a date, and the rest of an address to its street."""
    name, columns, score, reason = entry
    if name in TIMES and columns[0] in pairs:
        return name, [columns[0], pairs[columns[0]]], score, f"{reason}; the time of day is in {pairs[columns[0]]!r}"
    if name == "address" and (re.fullmatch(_NAME, names[columns[0]]) or _without_number(sample[columns[0]])):
        parts = street_parts(sample, names, columns[0])
        if len(parts) > 1:
            return name, parts, max(score, 0.7), f"{reason}; it is written in {len(parts)} columns"
    return entry


def street_parts(sample: pd.DataFrame, names: Mapping[str, str], street: str | None = None) -> list[str]:
    """Return number, direction, street and suffix, those that are there; empty without number and street."""
    found: list[str] = []
    for pattern, numeric in ((_NUMBER, True), (_DIRECTION, False), (_NAME, False), (_SUFFIX, False)):
        fitting = [
            c
            for c in sample.columns
            if re.fullmatch(pattern, names[c]) and c not in found and (not never("address", names[c]) or pattern == _SUFFIX)
        ]
        if pattern == _NAME and street is not None:
            fitting = [street]
        if numeric and len(sample):
            fitting = [c for c in fitting if np.isfinite(numbers(sample[c])[0]).mean() > 0.05 or _masked(sample[c])]
        if not fitting and pattern in (_NUMBER, _NAME):
            if pattern == _NUMBER and street is not None:
                continue
            return []
        found += fitting[:1]
    return found if street is None or len(found) > 1 else []


def _without_number(values: pd.Series) -> bool:
    """Whether an address column holds streets alone, so that a block or house number beside it belongs to it."""
    text = values[~is_blank(values)].astype(object).astype(str).str.strip()
    return len(text) > 4 and float(text.str.match(r"[0-9]+(?!ST|ND|RD|TH|st|nd|rd|th)|.*[/&@]| *(?:BLOCK|\()").mean()) < 0.1


def _masked(values: pd.Series) -> bool:
    """Whether it holds house numbers with their last digits hidden: 12XX."""
    text = values[~is_blank(values)].astype(object).astype(str).str.strip()
    return len(text) > 0 and float(text.str.fullmatch(r"[0-9]{1,5}(?:X{1,2})?(?:\s?BLK|-BLK|\s?BLOCK)?", case=False).mean()) > 0.5


def without_bare_date(taken: list[Entry], sample: pd.DataFrame) -> list[Entry]:
    """Leave a bare date out where a call's own stamp has the hour as well."""
    bare = [
        entry for entry in taken if entry[0] == "time" and len(entry[1]) == 1 and len(sample) and date_only(sample[entry[1][0]])
    ]
    stamps = [entry for entry in taken if entry[0] in ("received", "dispatched")]
    has_clock = any(len(entry[1]) > 1 or not date_only(sample[entry[1][0]]) for entry in stamps)
    return [entry for entry in taken if entry not in bare] if bare and has_clock else taken
