"""Tables that are no events: totals, lists of things, permits, budgets, staff."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sara.data._coordinates import numbers
from sara.data._text import is_blank
from sara.data.recognition.content import date_only
from sara.data.recognition.join import Entry

__all__ = ["refusal"]

_PERIOD = re.compile(
    r"(?:fy_?)?(?:19|20)[0-9]{2}(?:_.*)?|.*_(?:19|20)[0-9]{2}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*(?:_?[0-9]{2,4})?|q[1-4](?:_.*)?"
)
_COUNT = re.compile(
    r"(?:.*_)?(?:count|counts|total|totals|sum|rate|rates|percent|percentage|pct|average|avg|mean|median|per_capita|per_100_000.*|population|volume)(?:_.*)?|n|num|(?:number|num|no)_(?:of|complaint|complaints|calls)(?:_.*)?|(?:[a-z]+_)*(?:calls|cases|incidents|offenses|arrests|complaints|requests|crimes)"
)
# What a table of events calls its rows.
_EVENT = re.compile(
    r"(?:.*_)?(?:incident|call|calls|offense|crime|complaint|request|sr|csr|event|dispatch|dispatched|nature|enquiry|crash|collision|accident|arrest|case|cad|911|311|emergency|alarm|cfs|issue_(?:type|description|category|number|id)|problem|occurred|occurrence|report|reported|ticket|spill|service|bias|victim)(?:_.*)?"
)
# Kinds of other tables: the words of their columns, and how many different ones it takes.
_KINDS: tuple[tuple[str, str, str, int], ...] = (
    ("permits or licences", r"permit|license|licence", r"permit|license|licence|licensee|issue_date|issued|issued_date|expir\w*|valuation|contractor|applicant|applied_date|application|fee|fees|work_class|dba|doing_business_as", 3),
    ("inspections", r"inspection|inspector", r"inspection|inspector|score|grade|violation|establishment|facility|restaurant|dba|risk|results", 3),
    ("a budget or payments", r"budget|fiscal|vendor|payment|invoice|amount|fund|appropriation|expenditure", r"budget|fiscal|vendor|payment|invoice|amount|fund|appropriation|account|expenditure|ledger|cost_center|check|purchase|contract", 3),
    ("a list of staff", r"badge|rank|salary|hire|employee|job_title|years_of_service", r"badge|rank|hire|hired|salary|employee|job_title|title|years_of_service|unit_name|promotion|first_name|last_name|gender|race|sworn|department|commission", 3),
    ("a list of things the city owns", r"asset|install\w*|manufacturer|dbh|species|diameter|hydrant|pole|meter|tree", r"asset|install\w*|manufacturer|make|model|serial|material|dbh|diameter|height|species|condition|hydrant|pole|meter|tree|genus|planted|plant_date|common_name|botanical|wattage|lifecycle|maintained_by", 3),
    ("parcels or sales", r"parcel|apn|sale|assess\w*|zoning|year_built", r"parcel|apn|sale|sold|price|assess\w*|zoning|year_built|owner|lot|sqft|deed|grantor|grantee|land_value|land_use", 3),
    ("measurements", r"temperature|tmax|tmin|prcp|precip\w*|humidity|aadt|sensor|wind|pm25|pm2", r"temperature|tmax|tmin|tavg|prcp|awnd|temp|precip\w*|humidity|aadt|sensor|wind|pm25|pm10|reading|dew|pressure|snow|max|min", 3),
    ("a list of facilities", r"facility_?id|school_?id|park_?id|library_?id", r"facility\w*|school\w*|park\w*|library|name|phone|website|url|hours|capacity|enrollment|grades?|principal|opened|acres|owner|branch|type", 4),
    ("a list of meetings or votes", r"agenda|meeting|vote|council_member", r"agenda|meeting|minutes|vote|votes|motion|council_member|committee", 2),
)  # fmt: skip


def refusal(names: Mapping[str, str], sample: pd.DataFrame, taken: list[Entry], *, n_rows: int) -> str | None:
    """Return why a table is not one of events, or None."""
    fields = {entry[0]: entry for entry in taken}
    periods = [column for column, words in names.items() if _PERIOD.fullmatch(words)]
    counts = [column for column, words in names.items() if _COUNT.fullmatch(words) and _numeric(sample, column)]
    when = next((fields[name] for name in ("received", "time", "dispatched", "arrived", "closed") if name in fields), None)
    if when is None:
        if len(periods) >= 3:
            return f"its columns are years or months ({_some(periods)}): counts by period, not one row per event"
        if counts and any(re.fullmatch(r"(?:.*_)?(?:year|month|quarter|week)(?:_.*)?", words) for words in names.values()):
            return f"it has a year or month and totals ({_some(counts)}): counts by period, not one row per event"
        if len(counts) >= 2:
            return f"it holds totals ({_some(counts)}), and no column says when each row happened"
        return _other_kind(names, fields) or "no column says when each row happened"
    where = {"lon", "x", "point", "address"} & set(fields)
    known = {column for entry in taken if entry[0] in ("id", "type") for column in entry[1]}
    counts = [column for column in counts if column not in known and column not in when[1]]
    if not where and "id" not in fields and (len(counts) >= 2 or (counts and len(names) <= 8)):
        return f"its rows are totals ({_some(counts)}) by date, not one row per event"
    if (
        counts
        and "id" not in fields
        and not {"lon", "x", "point"} & set(fields)
        and _one_row_per_group(sample, when, counts, fields)
    ):
        return f"{counts[0]!r} is a number for each date and group: totals, not one row per event"
    if (
        "id" not in fields
        and not where
        and "type" not in fields
        and n_rows > 5
        and (_series(sample, when) or _wide(sample, when))
    ):
        return "it has dates and otherwise little but numbers: counts, not one row per event"
    return _other_kind(names, fields)


def _other_kind(names: Mapping[str, str], fields: Mapping[str, Entry]) -> str | None:
    telling = [
        names[column] for name in ("id", "type", "received", "time", "dispatched") if name in fields for column in fields[name][1]
    ]
    for kind, core, words, needed in _KINDS:
        core_hits = [column for column, said in names.items() if re.search(rf"(?:^|_)(?:{core})(?:s|_|$)", said)]
        hits = {word for said in names.values() for word in re.findall(rf"(?:^|_)({words})(?=s?(?:_|$))", said)}
        own = [words for words in telling if _EVENT.fullmatch(words) and not re.search(rf"(?:^|_)(?:{core})(?:s|_|$)", words)]
        others = sum(bool(_EVENT.fullmatch(said)) for said in names.values())
        if core_hits and len(hits) >= needed and not own and others <= max(1, len(names) // 8):
            return f"it looks like {kind} ({_some(core_hits)}), not events that somebody reported"
    return None


def _numeric(sample: pd.DataFrame, column: str) -> bool:
    """Whether the content is numbers, as far as there is content."""
    if column not in sample.columns or len(sample) == 0:
        return True
    filled = sample[column][~is_blank(sample[column])]
    if len(filled) == 0:
        return False
    text = filled.astype(object).astype(str).str.replace(r"[%$,\s]", "", regex=True)
    return float(text.str.fullmatch(r"-?[0-9]*\.?[0-9]+").mean()) > 0.9


def _one_row_per_group(sample: pd.DataFrame, when: Entry, counts: list[str], fields: Mapping[str, Entry]) -> bool:
    """Whether date and group make a key, with whole numbers beside it and no address: the mark of a table of totals."""
    if len(sample) < 10 or "address" in fields or not date_only(sample[when[1][0]]):
        return False
    values = numbers(sample[counts[0]])[0]
    groups = [column for name in ("area", "type", "group") if name in fields for column in fields[name][1]]
    key = sample[[*when[1], *groups]].astype(str)
    return bool(np.nanmax(values) > 1) and not key.duplicated().any()


def _series(sample: pd.DataFrame, when: Entry) -> bool:
    rest = [column for column in sample.columns if column not in when[1]]
    return (
        bool(rest)
        and len(sample) > 5
        and not sample[when[1][0]].duplicated().any()
        and all(_numeric(sample, column) for column in rest)
    )


def _wide(sample: pd.DataFrame, when: Entry) -> bool:
    """Whether nearly all of many columns are numbers: one column per kind of event, with how many there were."""
    rest = [column for column in sample.columns if column not in when[1]]
    return len(rest) >= 8 and sum(_numeric(sample, column) for column in rest) > 0.8 * len(rest)


def _some(columns: list[str]) -> str:
    return ", ".join(repr(column) for column in columns[:3]) + (", ..." if len(columns) > 3 else "")
