"""What may stand on a list of places, and under which name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.data.categories import help_categories
from sara.data.privacy import public_place

__all__ = ["HELP_REASON", "PLACE_LIKE", "help_rows", "shown"]

# A list of these would put an address on show.
PLACE_LIKE = ("place", "address", "owner", "facility")
HELP_REASON = "calls for help (kept off lists of places)"
_LONGEST = 34


def help_rows(events: pd.DataFrame, by: str | None) -> npt.NDArray[np.bool_]:
    """Mark the calls for help, where `by` would list places: asking for help must never put an address on a list."""
    if by not in PLACE_LIKE:
        return np.zeros(len(events), dtype=bool)
    return np.asarray(events["category"].isin(help_categories()).to_numpy(dtype=bool))


def shown(name: object, by: str | None) -> str:
    """Return the words for a unit in text and figures: places by their public name, long names cut.

    Examples
    --------
    >>> shown("1423 N 35TH ST", "place"), shown("theft", "category")
    ('1400 block of N 35TH ST', 'theft')
    """
    text = str(name)
    if by in PLACE_LIKE and not text.startswith("withheld "):
        return public_place(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + "…"
