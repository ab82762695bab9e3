"""Who started a call: a resident, an officer, an alarm, or the office itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.data._text import text_column, uniques_of

__all__ = ["ORIGINS", "origin_of_channel", "origin_of_flag", "origin_of_type"]

ORIGINS = ("community", "officer", "alarm", "administrative", "other")

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


def origin_of_channel(values: pd.Series) -> pd.Series:
    """Return the origin that a call-source column tells; "other" where its word is unknown, missing where it is blank."""
    return _by_unique(values, _CHANNELS, unknown="other")


def origin_of_flag(values: pd.Series) -> pd.Series:
    """Return the origin that a column of origins tells: words as in a source column, or yes and no to "officer-initiated?"."""
    codes, uniques = uniques_of(values)
    upper = pd.Series(uniques, dtype=object).astype(str).str.upper().str.strip()
    if len(upper) and upper.isin(list(_YES | _NO)).all():
        out = np.where(upper.isin(list(_YES)), "officer", "community").astype(object)
        return text_column(np.append(out, np.array([None], dtype=object))[codes], values.index)
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
    return text_column(np.append(out, np.array([None], dtype=object))[codes], values.index)
