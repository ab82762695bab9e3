"""What the law protects is neither ranked nor predicted: assemblies, processions and worship are told by their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.engine import counts_by
from sara.core.errors import InputError
from sara.core.source import EventSource, as_source
from sara.data._lists import PLACE_LIKE

__all__ = [
    "ASSEMBLY_REASON",
    "assemblies_in",
    "assembly_rows",
    "assembly_values",
    "assembly_words",
    "check_not_assemblies",
    "is_lawful_day",
]

ASSEMBLY_REASON = "lawful assemblies, neither ranked nor predicted"

# "Unlawful assembly" is an offense and no assembly of this kind; a car rally or a pep rally is none either.
_ALWAYS = (
    r"(?<!un)lawful assembl|(peaceful|public|political|religious) assembl|\bprotest|\bdemonstrations?\b|\bvigils?\b|\bvigilia|\bpicket|\bsit-?ins?\b|\bdie-?ins?\b"
    r"|(?<!car )(?<!auto )(?<!motor )(?<!bike )(?<!motorcycle )(?<!pep )(?<!road )\b(rally|rallies)\b(?! (car|race|racing|towel|cross))"
    r"|\bprocessions?\b|\bproces(s)?ion(es)?\b|\bpilgrimage|\bmarcha\b|\bmanifestacion|\b(labor|labour|general|hunger|student|teachers'?|workers'?) strikes?\b|\bhuelga"
    r"|\bworship services?\b|\b(church|religious|prayer|sunday|easter) services?\b|\b(friday|eid) prayers?\b|\bpride parade\b|black lives matter|\bblm\b"
)
# A day's name is shorter than a type of call: there a strike is no blow, and a walkout no unpaid dinner.
_NAME = (
    r"|(?<!lightning )(?<!bird )(?<!air )\bstrikes?\b(?! (zone|out|team))|\bwalk-?outs?\b|\bworship|\bprayers?\b|\bjum+u?'?ah?\b|\bassembly of\b|\bcanvass"
    r"|\b(mosque|synagogue|shul|church|temple|cathedral)\b.*\b(service|mass|prayer|gathering)|\b(sunday|midnight|holy|papal|christmas|easter|funeral) mass\b"
)
_KIND = r"|(?<!unlawful )\bassembl|\brally|\bpetition|\bpolitical|\bcampaign|\breligio|\bchurch|\bmosque|\bsynagogue"
# The month, and not people who march: "March 28", "28 March", "in March", "March Madness", "Opening day March 2024".
_MONTH = re.compile(
    r"\bmarch\s+\d{1,2}(st|nd|rd|th)?\b|\bmarch,?\s+(madness|break)|^march,?\s+\d{4}|\b\d{1,2}(st|nd|rd|th)?( of)?\s+march\b"
    r"|\b(in|early|late|mid|until|from|since|through|to|of|last|next|every|january|february|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)[\s-]+march\b"
    r"|\b(day|game|night|weekend|fair|festival|concert|show|opener|sale)[\s,]+march\s+\d{4}|[,(/-]\s*march\b"
    r"|^march\s+(?!(for|on|against|of|to|with|by|in|and|through|rally|protest|vigil)\b)\w+"
)
_MARCH = re.compile(r"\bmarch(es)?\b")
_MONTHS = frozenset(
    [
        "january",
        "february",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "apr",
    ]
)
_GROUP_RULE = re.compile(_ALWAYS + r"|^strike\b")
_NAME_RULE = re.compile(_ALWAYS + _NAME)
_KIND_RULE = re.compile(_ALWAYS + _NAME + _KIND)
# Where the list itself says that a day is one of these, its name is not searched.
_PLAIN_KINDS = re.compile(r"\b(games?|match(es)?|sports?|concerts?|holidays?|races?|fireworks)\b")


def _plain(text: Any) -> str:
    """Return the text in lower case, without accents, with one kind of apostrophe and spaces."""
    flat = unicodedata.normalize("NFKD", str(text).replace("\u2019", "'")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[\s_]+", " ", flat).strip()


def _says(rule: re.Pattern[str], text: str) -> bool:
    return rule.search(text) is not None or _MARCH.search(_MONTH.sub(" ", text)) is not None


def is_lawful_day(kind: str, name: str) -> bool:
    """Say whether a day of a list is one of a lawful assembly, by its kind, or by its name unless it is plainly a game, a concert or a holiday.

    Examples
    --------
    >>> [is_lawful_day("", name) for name in ("Pride march", "Church service", "March Madness", "Opening day, March 28")]
    [True, True, False, False]
    """
    kind, name = _plain(kind), _plain(name)
    return _says(_KIND_RULE, kind) or (_PLAIN_KINDS.search(kind) is None and _says(_NAME_RULE, name))


def assembly_values(values: Iterable[Any], *, column: str) -> npt.NDArray[np.bool_]:
    """Say which values of a group column are lawful assemblies; places and months may be called as they like."""
    listed = list(values)
    out = np.zeros(len(listed), dtype=bool)
    if column in PLACE_LIKE or column in ("area", "month") or {_plain(v) for v in listed if isinstance(v, str)} & _MONTHS:
        return out
    for k, value in enumerate(listed):
        out[k] = isinstance(value, str) and _says(_GROUP_RULE, _plain(value))
    return out


def assembly_words(n: int, noun: str) -> tuple[str, ...]:
    """Return the caution for rows that are set aside."""
    return (
        (f"{n:,} {noun} about lawful assemblies are set aside: they are counted, and neither ranked nor predicted.",) if n else ()
    )


def assemblies_in(data: Any) -> tuple[int, int, str] | None:
    """Return how many rows of events are assemblies by their type or category, of how many, and one such; None if they are less than half."""
    source = (
        data if isinstance(data, EventSource) else as_source(data) if not isinstance(data, pd.DataFrame | pd.Series) else None
    )
    for column in ("type", "category"):
        if source is not None and column in source.columns:
            found = counts_by(source, column)
            values, n = list(found[column]), found["n"].to_numpy(dtype=np.int64)
        elif isinstance(data, pd.DataFrame) and column in data.columns and "time" in data.columns:
            counted = data[column].value_counts(dropna=False)
            values, n = list(counted.index), counted.to_numpy(dtype=np.int64)
        else:
            continue
        mine = assembly_values(values, column=column)
        if mine.any() and 2 * int(n[mine].sum()) >= int(n.sum()):
            return int(n[mine].sum()), int(n.sum()), str(values[int(np.flatnonzero(mine)[0])])
    return None


def check_not_assemblies(data: Any) -> None:
    """Refuse events, or a series of them, of which at least half are assemblies; bare numbers pass."""
    if getattr(data, "assemblies", False):
        raise InputError(
            "`series` must not be of assemblies: they are lawful, and not predicted. Got a series of events at least half of which are. Filter them out first."
        )
    found = assemblies_in(data)
    if found is not None:
        raise InputError(
            f"`series` must not be assemblies: they are lawful, and not predicted. Got {found[0]:,} of {found[1]:,} rows such as {found[2]!r}. Filter them out first."
        )


def assembly_rows(names: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which rows of a frame of group columns hold an assembly in any of them."""
    out = np.zeros(len(names), dtype=bool)
    for column in names.columns:
        own, found = pd.factorize(names[column])
        mine = np.append(assembly_values(found, column=str(column)), False)
        out |= mine[own]
    return out
