"""Who started a call: a resident, an officer, an alarm, or the office itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sara.data._text import spread, text_column, uniques_of

__all__ = [
    "ORIGINS",
    "ORIGIN_RULES",
    "Origin",
    "origin_of_channel",
    "origin_of_flag",
    "origin_of_type",
    "origins",
    "type_origins",
]

ORIGINS = ("community", "officer", "alarm", "administrative", "other")
# What gave a row its origin, in the order in which they are asked.
ORIGIN_RULES = ("source column", "profile marker", "type's own word", "category", "complaint", "default", "none")
_COLUMN, _MARKER, _WORD, _CATEGORY, _COMPLAINT, _DEFAULT, _NONE = range(len(ORIGIN_RULES))

# Tried in this order on the upper-cased value of the publisher's call-source column.
_CHANNELS = (
    ("alarm", r"ALARM|SHOTSPOTTER|ACOUSTIC|SENSOR"),
    (
        "officer",
        r"OFFICER|ON.?VIEW|SELF.?INIT|^FIELD|FIELD.?INIT|PROACTIVE|PATROL|FLAG.?DOWN|\bFI\b|TRAFFIC STOP|^MDT$|^MDC$|UNIT INIT|POLICE INIT|^SELF$|^INIT$|DEPUTY|TROOPER",
    ),
    (
        "administrative",
        r"ADMIN|SCHEDUL|FOLLOW.?UP|INTERNAL|EMPLOYEE|INSPECTOR|DISPATCH(?:ER)? GEN|SUPERVISOR|MAXIMO|CITY WORKER|CREW|STAFF",
    ),
    (
        "community",
        r"911|E-?911|PHONE|CELL|CALL|CITIZEN|CONSTITUENT|WALK.?IN|COUNTER|TEXT|WEB|ONLINE|\bAPP\b|MOBILE|EMAIL|E-MAIL|MAIL|PUBLIC|RESIDENT|COMMUNITY|SELF SERVICE|TWITTER|TELETYPE|LANDLINE|VOIP|WIRELESS|NON.?EMERGENCY|IN.?PERSON|INTERNET|311",
    ),
)
# What a type says about itself, for publishers without a source column.
_TYPES = (
    (
        "officer",
        r"ON.?VIEW|OFFICER.?INIT|SELF.?INIT|PROACTIVE|DIRECTED|PARK (?:AND|&) WALK|FIELD (?:INTERVIEW|CONTACT)|COMMUNITY POLICING|^PATROL$|FOOT (?:BEAT|PATROL)",
    ),
)
_YES, _NO = frozenset({"Y", "YES", "TRUE", "T", "1"}), frozenset({"N", "NO", "FALSE", "F", "0"})
_CATEGORIES = {
    "traffic stop": "officer", "pedestrian stop": "officer", "directed patrol": "officer", "premise check": "officer",
    "administrative": "administrative", "alarm": "alarm",
}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What is known of the origin beyond the table: markers in the type, and what an unmarked row is."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    unmarked: str | None = None

    def as_dict(self) -> dict[str, str]:
        """Return what a record keeps, so that a table of types can say which marker spoke."""
        return {**self.patterns, **({"unmarked": self.unmarked} if self.unmarked else {})}


def origins(
    types: pd.Series, categories: pd.Series, *, marked: pd.Series | None, channel: pd.Series | None, kind: str, known: Origin
) -> tuple[pd.Series, np.ndarray]:
    """Return each row's origin and, as a position in `ORIGIN_RULES`, the rule that gave it.

    Parameters
    ----------
    types, categories : Series of str
        The publisher's type and sara's category.
    marked, channel : Series of str, optional
        A column of origins ("officer-initiated?"), and the column that says how the call came in.
    kind : {"police", "311"}
        A complaint is a resident's, unless its channel says that the city's own people entered it.
    known : Origin
        The profile's markers.

    Notes
    -----
    The publisher's source column first, then the profile's markers in the type, then the type's own word, then what its category implies,
    then what the profile says of an unmarked row. A source column whose word is unknown leaves the question to the rules after it.
    """
    n = len(types)
    told = marked if marked is not None else channel
    said = np.full(n, -1, dtype=np.int8)
    if told is not None:
        read = origin_of_channel if kind == "311" or marked is None else origin_of_flag
        said = _positions(read(told))
    rule = np.where(said >= 0, _COLUMN, _NONE).astype(np.int8)
    other = ORIGINS.index("other")
    if kind == "311":
        staff = np.isin(said, [ORIGINS.index("administrative"), ORIGINS.index("officer")])
        rule[(said < 0) | (said == other)] = _COMPLAINT
        return _words(np.where(staff, said, 0)), rule
    if marked is None:
        said[said == other] = -1
    open_ = said < 0
    if open_.any():
        codes, uniques = uniques_of(types)
        kinds, names = uniques_of(categories)
        by_type, by_rule = _of_types(pd.Series(uniques, dtype=object), known)
        by_category = np.array([ORIGINS.index(_CATEGORIES[name]) if name in _CATEGORIES else -1 for name in names], dtype=np.int8)
        # The code of a missing type is -1: it finds the last entry, which says nothing.
        first, first_rule = np.append(by_type, np.int8(-1))[codes], np.append(by_rule, np.int8(_NONE))[codes]
        second = np.append(by_category, np.int8(-1))[kinds]
        implied = np.where(first >= 0, first, second)
        implied_rule = np.where(first >= 0, first_rule, np.where(second >= 0, _CATEGORY, _NONE))
        if known.unmarked in ORIGINS:
            silent = implied < 0
            implied[silent], implied_rule[silent] = ORIGINS.index(known.unmarked), _DEFAULT
        said[open_], rule[open_] = implied[open_], implied_rule[open_]
    return _words(said), rule


def type_origins(types: pd.Series, categories: pd.Series, known: Origin) -> tuple[pd.Series, np.ndarray]:
    """Return what the type alone tells of the origin, and the rule: for a table of types."""
    return origins(types, categories, marked=None, channel=None, kind="police", known=known)


def _of_types(types: pd.Series, known: Origin) -> tuple[np.ndarray, np.ndarray]:
    """Return the origin that the profile's markers and the type's own words tell, as positions, and which of the two told it."""
    upper = types.astype(str).str.upper()
    found, rule = np.full(len(types), -1, dtype=np.int8), np.full(len(types), _NONE, dtype=np.int8)
    for name, by in ((_MARKER, known.patterns.items()), (_WORD, _TYPES)):
        for word, pattern in by:
            hit = (found < 0) & upper.str.contains(pattern, regex=True).to_numpy(dtype=bool)
            found[hit], rule[hit] = ORIGINS.index(word) if word in ORIGINS else ORIGINS.index("other"), name
    return found, rule


def _positions(words: pd.Series) -> np.ndarray:
    codes, uniques = uniques_of(words)
    known = np.array([ORIGINS.index(word) for word in uniques], dtype=np.int8)
    return np.append(known, np.int8(-1))[codes]


def _words(positions: np.ndarray) -> pd.Series:
    return spread(np.array(ORIGINS, dtype=object), positions.astype(np.intp))


def origin_of_channel(values: pd.Series) -> pd.Series:
    """Return the origin that a call-source column tells; "other" where its word is unknown, missing where it is blank."""
    return _by_unique(values, _CHANNELS, unknown="other")


def origin_of_flag(values: pd.Series) -> pd.Series:
    """Return the origin that a column of origins tells: words as in a source column, or yes and no to "officer-initiated?"."""
    codes, uniques = uniques_of(values)
    upper = pd.Series(uniques, dtype=object).astype(str).str.upper().str.strip()
    if len(upper) and upper.isin(list(_YES | _NO)).all():
        out = np.where(upper.isin(list(_YES)), "officer", "community").astype(object)
        return spread(out, codes, values.index)
    return origin_of_channel(values)


def origin_of_type(types: pd.Series, categories: pd.Series) -> pd.Series:
    """Return the origin that the type tells, missing where it tells none."""
    said = _by_unique(types, _TYPES, unknown=None).astype(object)
    implied = categories.astype(object).map(_CATEGORIES)
    return text_column(said.where(said.notna(), implied), types.index)


def _by_unique(values: pd.Series, rules: tuple[tuple[str, str], ...], *, unknown: str | None) -> pd.Series:
    codes, uniques = uniques_of(values)
    upper = pd.Series(uniques, dtype=object).astype(str).str.upper().str.strip()
    out = np.full(len(upper), unknown, dtype=object)
    left = np.ones(len(upper), bool)
    for origin, pattern in rules:
        if not left.any():
            break
        exact = (upper == origin.upper()).to_numpy(dtype=bool)
        hit = left & (exact | upper.str.contains(pattern, regex=True).to_numpy(dtype=bool))
        out[hit] = origin
        left &= ~hit
    return spread(out, codes, values.index)
