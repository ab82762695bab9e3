"""The text columns of an event table: identity, type, category, origin, place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sara.data._coordinates import numbers
from sara.data._order import content_hash
from sara.data._text import TEXT_DTYPE, clean_text, is_blank, text_column, uniques_of
from sara.data.addresses.columns import normalize_places
from sara.data.categories import categorize
from sara.data.kinds.origin import ORIGIN_RULES, Origin, origins
from sara.data.times.words import MIDNIGHT_IN_UTC, date_of_parts

__all__ = ["CATEGORY_RULES", "TEXTS", "Origin", "joined", "joined_time", "missing_text", "rule_counts", "text_columns"]

# What gave a row its category: a pattern of its type, the publisher's own group, a column of categories, nothing, or it has no type.
CATEGORY_RULES = ("rule", "group", "given", "none", "no type")
_RULE, _GROUP, _GIVEN, _NOTHING, _NO_TYPE = range(len(CATEGORY_RULES))
# Passed on as published.
TEXTS = ("priority", "disposition", "channel", "language", "address", "area", "text", "caller")


def text_columns(
    frame: pd.DataFrame, fields: Mapping[str, list[str]], *, source: str, kind: str, origin: Origin | None
) -> dict[str, Any]:
    """Return the text columns: identity, type, category, origin and what is passed on as published."""
    out: dict[str, Any] = {name: clean_text(joined(frame, fields[name])) for name in ("id", "type", *TEXTS) if name in fields}
    if "address" in fields:
        out["address"] = clean_text(_street(frame, fields["address"]))
    out["id"] = _ids(frame, out.get("id"))
    out["source"] = text_column(np.full(len(frame), source, dtype=object))
    group = clean_text(joined(frame, fields["group"])) if "group" in fields else None
    own = clean_text(frame[fields["category"][0]]) if "category" in fields else None
    if "type" not in out:
        out["type"] = group if group is not None else own if own is not None else missing_text(len(frame))
    out["category"], out["category_by"] = _category(out["type"], group, own, kind)
    marked = clean_text(frame[fields["origin"][0]]) if "origin" in fields else None
    out["origin"], out["origin_rule"] = origins(
        out["type"], out["category"], marked=marked, channel=out.get("channel"), kind=kind, known=origin or Origin()
    )
    _places(frame, fields, out)
    return out


def rule_counts(out: Mapping[str, Any], keep: np.ndarray) -> dict[str, Any]:
    """Return the record's ``types`` and ``origin_rules``: how many of the rows kept got their category and their origin from what."""
    entries = {}
    for name, rules, names in (("types", out["category_by"], CATEGORY_RULES), ("origin_rules", out["origin_rule"], ORIGIN_RULES)):
        n = np.bincount(rules[keep], minlength=len(names))
        entries[name] = {rule: int(count) for rule, count in zip(names, n, strict=True) if count}
    return entries


def _category(types: pd.Series, group: pd.Series | None, own: pd.Series | None, kind: str) -> tuple[pd.Series, np.ndarray]:
    """Return each row's category and, as a position in `CATEGORY_RULES`, what gave it: a type that says nothing leaves it to the group."""
    if own is not None:
        return own.str.lower().astype(TEXT_DTYPE).rename("category"), np.where(own.notna(), _GIVEN, _NO_TYPE).astype(np.int8)
    category = categorize(types, kind)
    missing = category.isna().to_numpy()
    vague = missing | (category == "other").to_numpy(dtype=bool, na_value=True)
    by = np.where(missing, _NO_TYPE, np.where(vague, _NOTHING, _RULE)).astype(np.int8)
    if group is None or not vague.any():
        return category, by
    second = categorize(group[vague], kind)
    says = (second != "other").to_numpy(dtype=bool, na_value=False)
    found = second.notna().to_numpy() & (missing[vague] | says)
    rows = np.flatnonzero(vague)
    values = category.to_numpy(dtype=object)
    values[rows[found]] = second.to_numpy(dtype=object)[found]
    by[rows[found]] = np.where(says[found], _GROUP, _NOTHING)
    return text_column(values).rename("category"), by


def _places(frame: pd.DataFrame, fields: Mapping[str, list[str]], out: dict[str, Any]) -> None:
    """Fill in address and place: the normalized address, or the given place where it is not an address."""
    given = clean_text(joined(frame, fields["place"])) if "place" in fields else None
    if "address" not in out and given is not None:
        out["address"] = given
    if given is not None:
        named = normalize_places(given)
        out["place"] = text_column(named.astype(object).where(named.notna(), given.astype(object).str.upper()), frame.index)
    elif "address" in out:
        out["place"] = text_column(normalize_places(out["address"]), frame.index)


def _ids(frame: pd.DataFrame, given: pd.Series | None) -> pd.Series:
    """Return ids as published; a row without one gets ``row-`` and a hash of its content and of how often that content came before."""
    if given is not None and _whole_decimals(given):
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


def _whole_decimals(ids: pd.Series) -> bool:
    filled = ids.dropna()
    # The first few decide almost always: a million ids are not read through to learn that they are none.
    return len(filled) > 0 and all(bool(part.str.fullmatch(r"[0-9]+\.0").all()) for part in (filled.iloc[:50], filled))


def joined(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return one column, or several with blanks between: date and time, type and subtype."""
    if len(columns) == 1:
        return frame[columns[0]]
    # Put together once for each combination that occurs: a date and a type come again and again.
    combined = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        codes, uniques = uniques_of(frame[name])
        combined = pd.factorize(combined * (len(uniques) + 1) + codes + 1)[0]
    _, first = np.unique(combined, return_index=True)
    parts = []
    for name in columns:
        part = frame[name].iloc[first]
        parts.append(part.astype(object).where(~is_blank(part), "").astype(str).str.strip())
    text = pd.Series([" ".join(words).strip() for words in zip(*parts, strict=True)], dtype=object)
    return pd.Series(text.where(text != "", None).to_numpy(dtype=object)[combined], index=frame.index, dtype=object)


def joined_time(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return one column of times, or a date and its time of day put together, however the two are written."""
    if len(columns) == 1:
        return frame[columns[0]]
    if len(columns) > 2 and frame[columns[0]].dropna().astype(str).str.strip().str.fullmatch(r"(?:19|20)[0-9]{2}(?:\.0)?").all():
        # Year, month and day stand apart; a time of day may follow.
        dates = frame.assign(**{columns[0]: date_of_parts(*(frame[name] for name in columns[:3]))})
        return joined_time(dates, [columns[0], *columns[3:]])
    date = _on_uniques(frame[columns[0]], _without_clock)
    clocks = {name: _on_uniques(frame[name], _clock) for name in columns[1:]}
    return joined(pd.DataFrame({columns[0]: date, **clocks}), columns)


def _on_uniques(values: pd.Series, change: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Return the values as text, changed; blank stays blank."""
    codes, uniques = uniques_of(values.where(~is_blank(values), None))
    text = change(pd.Series([str(value) for value in uniques], dtype=object).str.strip())
    return pd.Series(np.append(text.to_numpy(dtype=object), np.array([None], dtype=object))[codes], index=values.index)


def _without_clock(date: pd.Series) -> pd.Series:
    """Take the midnight off a date that comes as a timestamp: its time of day stands beside it."""
    date = _days_in_utc(date)
    return date.str.replace(r"(?:[T ]0?0:00(?::00(?:\.0+)?)?| 12:00:00 AM)(?:Z|[+-]00:?00)?$", "", regex=True)


def _days_in_utc(date: pd.Series) -> pd.Series:
    """Return the days of stamps that are all midnight on the city's clock and written in UTC: 2023-01-02 05:00:00+00, 1672635600000."""
    if len(date) and date.str.fullmatch(r"[0-9]{9,10}|[0-9]{12,13}").all():
        number = pd.to_numeric(date).astype(float)
        stamps = pd.to_datetime(number.where(number < 1e11, number / 1000), unit="s")
    elif len(date) and date.str.fullmatch(MIDNIGHT_IN_UTC).all():
        stamps = pd.to_datetime(
            date.str.slice(0, 13).str.replace("/", "-").str.replace("T", " "), format="%Y-%m-%d %H", errors="coerce"
        )
    else:
        return date
    # Two hours: summer time moves midnight.
    if stamps.isna().any() or stamps.dt.minute.any() or stamps.dt.hour.nunique() > 2:
        return date
    return pd.Series((stamps + pd.Timedelta(hours=12)).dt.strftime("%Y-%m-%d"), dtype=object)


def _clock(text: pd.Series) -> pd.Series:
    """Write a time of day as hours and minutes: 45 (00:45, its zeros lost), 0.5 (a half day), 1899-12-30T08:15:00 (a spreadsheet's day 0)."""
    text = text.str.replace(r"^(?:1899-12-3[01]|1900-01-0[01]|1970-01-01)[T ]", "", regex=True)
    part = pd.to_numeric(text.where(text.str.fullmatch(r"0?\.[0-9]+")), errors="coerce")
    seconds = (part.fillna(0) * 86_400).round().astype(int)
    spelled = [f"{s // 3600 % 24:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in seconds]
    text = text.where(part.isna(), pd.Series(spelled, index=text.index, dtype=object))
    digits = text.str.fullmatch(r"[0-9]{1,6}(?:\.0)?")
    number = text.str.replace(r"\.0$", "", regex=True)
    long = number.str.len() > 4
    number = number.where(~long, number.str.zfill(6).str.replace(r"^(..)(..)(..)$", r"\1:\2:\3", regex=True))
    # A column of nothing above 23 holds whole hours.
    hours = bool(digits.any()) and bool((pd.to_numeric(text[digits]) <= 23).all())
    short = number + ":00" if hours else number.str.zfill(4)
    return text.where(~digits, number.where(long, short))


def _street(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return the address; a number column of whole hundreds before a street is a block, not a house."""
    if len(columns) == 1:
        return frame[columns[0]]
    codes, uniques = uniques_of(frame[columns[0]])
    number = np.append(numbers(pd.Series(uniques, dtype=object))[0], np.nan)[codes]
    known = number[np.isfinite(number)]
    if len(known) == 0 or np.mean(known % 100 == 0) < 0.95:
        return joined(frame, columns)
    rest = joined(frame, columns[1:])
    block = pd.Series([f"{value:.0f} BLOCK OF " if np.isfinite(value) else "" for value in number], dtype=object)
    return (block + rest.where(~is_blank(rest), "").astype(object)).where(~is_blank(rest), None)


def missing_text(n: int) -> pd.Series:
    return text_column(np.full(n, None, dtype=object))
