"""From several hundred call types per city to about sixty categories."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from io import StringIO

import numpy as np
import pandas as pd

from sara.core.checks import check_choice
from sara.data._text import is_blank, spread, squeeze, text_column, uniques_of

__all__ = ["STUDY_22", "categorize", "category_table", "help_categories", "is_bare_code", "study_category"]

# "THEFT (DOES NOT INCLUDE SHOPLIFT)", "BURGLARY - NON-RESIDENCE", "FIGHT (NO WEAPONS)": what a type says it is not must not be read as what it is.
_NEGATED = re.compile(
    r"\((?:NO|NOT|NON|EXCEPT|EXCL\w*|DOES NOT|WITHOUT)\b[^)]*\)?|\b(?:NO|NON|W/O|EXCEPT|WITHOUT)[ -](?!VOICE|PURSUIT|UTILIT|HEAT)\w+|/NO (?!VOICE)\w+|- NOT \w+"
)

# "10-50", "459", "94F", "PC 211", "W26": a number that stands for words which the publisher keeps in another column.
_STATUTE = re.compile(r"\b(?:CODE|CODES|SIGNAL|SIG|TEN|UCR|NIBRS|IUCR|PC|VC|HS|BP|SEC|SECTION|ARS|RCW|CFS|NUMBER|NO)\b")
_BARE_CODE = re.compile(r"(?!911\b.*[A-Z])(?=.*[0-9])(?!.*[A-Z]{3})(?!.*\b[A-Z]{2}\b).*", re.DOTALL)
# Where a type says more than its category: the study counts a missing child as missing, a quarrel of juveniles as a disturbance.
_STUDY_BY_TYPE = (
    ("child", re.compile(r"MISSING|RUNAWAY|LOST CHILD"), "missing person"),
    ("child", re.compile(r"DISTURB|TRBL|TROUBLE|FIGHT"), "disturbance"),
)
# The kinds of call that Ashby (2020) followed through the pandemic in ten cities. doi:10.1093/police/paaa037
STUDY_22 = (
    "alarm", "assault", "burglary", "directed patrol", "disturbance", "domestic", "DWI", "dropped 911", "drugs",
    "mental health / concern for safety", "medical", "missing person", "pedestrian stop", "robbery", "shots fired", "shoplifting",
    "sudden death", "suspicious", "traffic collision", "traffic stop", "trespassing", "vehicle theft",
)  # fmt: skip


@lru_cache(maxsize=1)
def _table() -> pd.DataFrame:
    text = resources.files("sara.data").joinpath("categories.csv").read_text(encoding="utf-8")
    table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    table["help"] = table["help"] == "True"
    return table


def category_table() -> pd.DataFrame:
    r"""Return the categories, in the order in which they are tried.

    Returns
    -------
    DataFrame
        ``category`` (lower case), ``kind`` (police, 311 or both), ``help`` (a call for help: its places go on no list), ``label`` (for a
        reader), ``study22`` (the one of `STUDY_22` that it belongs to, or blank), ``pattern`` (alternatives of a regular expression, tried on the upper-cased type), ``comment``.

    Examples
    --------
    >>> category_table().set_index("category").loc["noise", "kind"]
    'both'
    """
    return _table().copy()


def help_categories() -> frozenset[str]:
    """Return the categories in which somebody asks for help; they never put an address on a list.

    Examples
    --------
    >>> "domestic" in help_categories(), "burglary" in help_categories()
    (True, False)
    """
    table = _table()
    return frozenset(table.loc[table["help"], "category"])


def categorize(types: pd.Series, kind: str = "police") -> pd.Series:
    """Map published types to categories.

    Parameters
    ----------
    types : Series of str
        The publisher's own words.
    kind : {"police", "311"}
        Whose categories are tried first; the other kind's come after, so that illegal dumping told to the police is still sanitation.

    Returns
    -------
    Series of str
        On the index of `types`, named ``category``: ``"other"`` where no pattern fits, missing where the type is missing.

    Notes
    -----
    The first pattern that fits wins, in the order of `category_table`. What a type says it is *not* ("no weapons") is taken out first.
    A bare code ("10-50", "459") is ``"other"``: what it stands for differs from city to city. Only unique types are matched.

    Examples
    --------
    >>> categorize(pd.Series(["FIGHT - IP - PHYSICAL (NO WEAPONS)", "BURG - RES", None])).fillna("").tolist()
    ['disorder', 'burglary', '']
    """
    check_choice(kind, ("police", "311"), name="kind")
    codes, uniques = uniques_of(types)
    found = _match(pd.Series(uniques, dtype=object), kind)
    return spread(found, codes, types.index).rename("category")


def _match(types: pd.Series, kind: str) -> np.ndarray:
    """Return the category of each unique type, None where it is blank."""
    upper = squeeze(types).str.upper().str.replace(_NEGATED, "", regex=True)
    out = np.full(len(types), None, dtype=object)
    blank = is_blank(types).to_numpy()
    left = ~blank & ~is_bare_code(types)
    for category, pattern in _ordered(kind):
        if not left.any():
            break
        hit = left.copy()
        hit[left] = upper[left].str.contains(pattern, regex=True).to_numpy(dtype=bool)
        out[hit] = category
        left &= ~hit
    out[pd.isna(out) & ~blank] = "other"
    return out


def is_bare_code(types: pd.Series) -> np.ndarray:
    """Return a mask of types that are a number without words: ten-codes, penal codes, UCR, NIBRS and IUCR numbers.

    Examples
    --------
    >>> is_bare_code(pd.Series(["10-50", "94F", "PC 459", "911", "911 HANG UP", "10-50 ACCIDENT", "DV"])).tolist()
    [True, True, True, True, False, False, False]
    """
    upper = squeeze(types).str.upper()
    return np.array([bool(_BARE_CODE.fullmatch(_STATUTE.sub("", text))) for text in upper], dtype=bool)


def study_category(types: pd.Series, categories: pd.Series) -> pd.Series:
    """Return the kind of call of `STUDY_22` that each type is, missing where it is none of them.

    Parameters
    ----------
    types, categories : Series of str
        The publisher's types and sara's categories, on one index.

    Returns
    -------
    Series of str
        On the index of `types`, named ``study22``.

    Examples
    --------
    >>> study_category(pd.Series(["LOUD PARTY", "RUNAWAY"]), pd.Series(["noise", "child"])).tolist()
    ['disturbance', 'missing person']
    """
    table = _table()
    names = dict(zip(table["category"], table["study22"].where(table["study22"] != "", None), strict=True))
    upper = squeeze(types).str.upper().to_numpy(dtype=object)
    out = categories.astype(object).map(names).to_numpy(dtype=object)
    for category, pattern, name in _STUDY_BY_TYPE:
        for row in np.flatnonzero((categories == category).to_numpy(dtype=bool, na_value=False)):
            if out[row] is None or pd.isna(out[row]):
                out[row] = name if pattern.search(upper[row]) else out[row]
    return text_column(out, types.index).rename("study22")


@lru_cache(maxsize=2)
def _ordered(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = _table()
    first = table["kind"].isin([kind, "both"])
    rows = pd.concat([table[first], table[~first]])
    return tuple((category, re.compile(pattern)) for category, pattern in zip(rows["category"], rows["pattern"], strict=True))
