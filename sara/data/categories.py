"""From several hundred call types per city to about sixty categories."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from io import StringIO

import numpy as np
import pandas as pd

from sara.core.checks import check_choice
from sara.data._text import is_blank, squeeze, text_column, uniques_of

__all__ = ["categorize", "category_table", "help_categories"]

# "THEFT (DOES NOT INCLUDE SHOPLIFT)", "BURGLARY - NON-RESIDENCE", "FIGHT (NO WEAPONS)": what a type says it is not must not be read as what it is.
_NEGATED = re.compile(
    r"\((?:NO|NOT|NON|EXCEPT|EXCL\w*|DOES NOT|WITHOUT)\b[^)]*\)?|\b(?:NO|NON|W/O|EXCEPT|WITHOUT)[ -]\w+|/NO \w+|- NOT \w+"
)


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
        reader), ``pattern`` (alternatives of a regular expression, tried on the upper-cased type), ``comment``.

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
    Only unique types are matched.

    Examples
    --------
    >>> categorize(pd.Series(["FIGHT - IP - PHYSICAL (NO WEAPONS)", "BURG - RES", None])).fillna("").tolist()
    ['disorder', 'burglary', '']
    """
    check_choice(kind, ("police", "311"), name="kind")
    codes, uniques = uniques_of(types)
    found = _match(pd.Series(uniques, dtype=object), kind)
    out = np.append(found, np.array([None], dtype=object))[codes]
    return text_column(out, types.index).rename("category")


def _match(types: pd.Series, kind: str) -> np.ndarray:
    """Return the category of each unique type, None where it is blank."""
    upper = squeeze(types).str.upper().str.replace(_NEGATED, "", regex=True)
    out = np.full(len(types), None, dtype=object)
    left = ~is_blank(types).to_numpy()
    blank = ~left
    for category, pattern in _ordered(kind):
        if not left.any():
            break
        hit = left.copy()
        hit[left] = upper[left].str.contains(pattern, regex=True).to_numpy(dtype=bool)
        out[hit] = category
        left &= ~hit
    out[left & ~blank] = "other"
    return out


@lru_cache(maxsize=2)
def _ordered(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = _table()
    first = table["kind"].isin([kind, "both"])
    rows = pd.concat([table[first], table[~first]])
    return tuple((category, re.compile(pattern)) for category, pattern in zip(rows["category"], rows["pattern"], strict=True))
