"""Every row as the number of its unit: place, area, type, or any column."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_columns
from sara.core.errors import InputError
from sara.core.keys import place_key

__all__ = ["plural", "unit_codes"]

_PLURAL = {
    "place": "places", "address": "addresses", "area": "areas", "type": "types", "category": "categories", "caller": "callers",
    "facility": "facilities", "owner": "owners", "channel": "channels", "priority": "priorities", "disposition": "dispositions",
}  # fmt: skip


def unit_codes(events: pd.DataFrame, by: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return a code per row, -1 where the unit is missing or blank, and the units' names in order.

    Parameters
    ----------
    events : DataFrame
        An event table.
    by : str
        ``"place"`` (the place, else the square of its coordinates), or any column.

    Returns
    -------
    (array of int, array of str)
        Codes point into the names, which are sorted: they do not depend on the order of rows.

    Examples
    --------
    >>> codes, names = unit_codes(pd.DataFrame({"area": ["b", None, "a", "b"]}), "area")
    >>> codes.tolist(), names.tolist()
    ([1, -1, 0, 1], ['a', 'b'])
    """
    if not isinstance(by, str):
        raise InputError(f"`by` must name one column. Got {by!r}. Write: by='place' or by='area'")
    check_columns(events, [by], argument="by")
    # The column as it is: turning a million texts into objects first would cost more than all the rest.
    codes, words = pd.factorize(events[by])
    names = [_word(word) for word in words]
    if by == "place" and (codes < 0).any():
        missing = codes < 0
        more, keys = pd.factorize(place_key(pd.DataFrame(events)[["place", "x", "y"]][missing]))
        codes = np.asarray(codes, dtype=np.int64).copy()
        codes[missing] = np.where(more >= 0, more + len(names), -1)
        names += [str(key) for key in keys]
    return _sorted(np.asarray(codes, dtype=np.int64), names)


def plural(by: str) -> str:
    """Return what the units are called: places, areas, values of a column.

    Examples
    --------
    >>> plural("place"), plural("beat")
    ('places', 'values of beat')
    """
    return _PLURAL.get(by, f"values of {by}")


def _word(value: Any) -> str:
    # A column of whole numbers with one blank is read as decimals: beat 3 must not become "3.0".
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _sorted(codes: npt.NDArray[np.int64], names: list[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return codes into sorted names without blanks and repeats."""
    kept = sorted({name for name in names if name.strip()})
    at = {name: code for code, name in enumerate(kept)}
    place = np.array([*(at.get(name, -1) for name in names), -1], dtype=np.int64)
    return place[codes], np.array(kept, dtype=object)
