"""Street names that look like misspellings of another: for a person to decide."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from sara.core.errors import InputError
from sara.data._text import TEXT_DTYPE
from sara.data.addresses.columns import parse_address
from sara.data.addresses.street import street_parts
from sara.data.geocoder._names import StreetIndex

__all__ = ["street_spellings"]

# A misspelling is rarer than what was meant, by this much at least.
RARER = 20


def street_spellings(events: pd.DataFrame) -> pd.DataFrame:
    """List street names that are probably another, more frequent one misspelled.

    Answers "do two places hide one?". Nothing is changed in the table.

    Parameters
    ----------
    events : DataFrame
        An event table, or any table with ``address`` (or ``place``).

    Returns
    -------
    DataFrame
        One row per doubtful name, most rows first: ``street``, ``n`` (rows), ``did_you_mean``, ``n_other`` (rows of that one), ``letters`` (that differ).

    Notes
    -----
    Compared are names without directions and suffix, of four letters and more and without digits (35TH is not 36TH): one letter apart, two from eight
    letters on; a swap of two letters is one. Listed is a name at most a twentieth as frequent as the one it resembles, under the same direction and
    suffix or with one of them missing. rapidfuzz (``pip install "sara-pop[names]"``) makes it faster, not different.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import street_spellings
    >>> table = pd.DataFrame({"address": ["12 W CAPITOL DR"] * 20 + ["14 W CAPITAL DR"]})
    >>> street_spellings(table)[["street", "did_you_mean"]].iloc[0].tolist()
    ['W CAPITAL DR', 'W CAPITOL DR']
    """
    column = next((name for name in ("address", "place") if name in events.columns and events[name].notna().any()), None)
    if column is None:
        raise InputError(
            "`events` must have addresses. Got a table whose `address` and `place` are empty or missing. Rename the column to address."
        )
    rows: Counter[str] = Counter()
    for text, n in events[column].value_counts().items():
        found = parse_address(str(text))
        for street in {found.street, found.cross} - {None}:
            rows[str(street)] += int(n)
    index = StreetIndex(pd.Series(list(rows), dtype=object).to_numpy())
    by_base: dict[str, list[str]] = {}
    for street in sorted(rows):
        by_base.setdefault(street_parts(street).base.replace(" ", ""), []).append(street)
    out = []
    for street, n in rows.items():
        likely = [
            (letters, -rows[other], other)
            for base, letters in index.near(street_parts(street).base)
            for other in by_base.get(base, [])
            if rows[other] >= RARER * n and _may_be_one(street, other)
        ]
        if likely:
            letters, _, other = min(likely)
            out.append((street, n, other, rows[other], letters))
    table = pd.DataFrame(out, columns=["street", "n", "did_you_mean", "n_other", "letters"]).astype(
        {"street": TEXT_DTYPE, "n": "int64", "did_you_mean": TEXT_DTYPE, "n_other": "int64", "letters": "int64"}
    )
    return table.sort_values(["n", "street"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _may_be_one(street: str, other: str) -> bool:
    """Say whether directions and suffixes do not contradict each other."""
    one, two = street_parts(street), street_parts(other)
    return all(a == b or not a or not b for a, b in ((one.pre, two.pre), (one.suffix, two.suffix), (one.post, two.post)))
