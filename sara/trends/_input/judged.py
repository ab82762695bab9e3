"""Which periods of a series are judged: from a date, a number, or the first that can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.units import timestamp
from sara.trends._input.counted import Counted

__all__ = ["first_of", "history_of"]


def first_of(chosen: Counted, start: Any, earliest: int, *, method: str, instead: str = "") -> int:
    """Return the first period to judge, 0-based.

    Parameters
    ----------
    chosen : Counted
        The series.
    start : date, int or None
        The first period that begins on or after a date; or its number, counting from 1; None for the first with enough history.
    earliest : int
        The first with enough history, 0-based.
    method : str
        For messages.
    instead : str
        What to do where there is too little.
    """
    if earliest >= len(chosen):
        raise NotEnoughDataError(
            f"{method} needs at least {earliest + 1 if earliest > len(chosen) else len(chosen) + 1:,} complete {chosen.word}s: a history, and one to judge. Got {len(chosen)}.{instead}"
        )
    if start is None:
        return earliest
    if isinstance(start, int | np.integer) and not isinstance(start, bool):
        first = int(start) - 1
    elif not chosen.dated:
        raise InputError(
            f"`start` must be the number of a period, counting from 1, where there are no dates. Got {start!r}. Write start={earliest + 1}"
        )
    else:
        first = int(np.searchsorted(chosen.start, np.datetime64(timestamp(start, name="start"))))
    if not earliest <= first < len(chosen):
        raise InputError(
            f"`start` must leave enough history before it: {chosen.say(earliest)} is the first that can be judged, {chosen.say(len(chosen) - 1)} the last. Got {start!r}.{instead}"
        )
    return first


def history_of(chosen: Counted) -> pd.DataFrame:
    """Return the whole series as a table of period and n."""
    return pd.DataFrame({"period": chosen.labels, "n": chosen.n})
