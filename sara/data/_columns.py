"""The text columns of an event table: identity, type, category, origin, place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sara.data._address import normalize_places
from sara.data._coordinates import numbers
from sara.data._order import content_hash
from sara.data._origin import ORIGINS, origin_of_channel, origin_of_flag, origin_of_type
from sara.data._text import TEXT_DTYPE, clean_text, is_blank, text_column, uniques_of
from sara.data.categories import categorize

__all__ = ["TEXTS", "Origin", "joined", "joined_time", "missing_text", "text_columns"]

# Passed on as published.
TEXTS = ("priority", "disposition", "channel", "language", "address", "area", "text", "caller")


@dataclass(frozen=True)
class Origin:
    """What is known of the origin beyond the table: markers in the type, and what an unmarked row is."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    unmarked: str | None = None


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
    found = second.notna().to_numpy() & (
        category[vague].isna().to_numpy() | (second != "other").to_numpy(dtype=bool, na_value=False)
    )
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


def joined(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return one column, or several with blanks between: date and time, type and subtype."""
    if len(columns) == 1:
        return frame[columns[0]]
    parts = [frame[name].astype(object).where(~is_blank(frame[name]), "").astype(str).str.strip() for name in columns]
    text = pd.Series([" ".join(words) for words in zip(*parts, strict=True)], index=frame.index, dtype=object).str.strip()
    return text.where(text != "", None)


def joined_time(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return one column of times, or a date and its time of day put together, however the two are written."""
    if len(columns) == 1:
        return frame[columns[0]]
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
    return date.str.replace(r"(?:[T ]0?0:00(?::00(?:\.0+)?)?| 12:00:00 AM)(?:Z|[+-]00:?00)?$", "", regex=True)


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
    number = numbers(frame[columns[0]])[0]
    known = number[np.isfinite(number)]
    if len(known) == 0 or np.mean(known % 100 == 0) < 0.95:
        return joined(frame, columns)
    rest = joined(frame, columns[1:])
    block = pd.Series([f"{value:.0f} BLOCK OF " if np.isfinite(value) else "" for value in number], dtype=object)
    return (block + rest.where(~is_blank(rest), "").astype(object)).where(~is_blank(rest), None)


def missing_text(n: int) -> pd.Series:
    return text_column(np.full(n, None, dtype=object))
