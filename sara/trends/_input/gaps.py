"""Stretches of time for which the file says nothing: known by its record, or told by the user. Nothing is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import record_of
from sara.core.units import period as parse_period

__all__ = ["Gaps", "gaps_of", "missing_days"]

Times = npt.NDArray[np.datetime64]
Gaps = list[tuple[pd.Timestamp, pd.Timestamp]]
# In microseconds.
_DAY = 86_400_000_000


def gaps_of(events: Any, told: Sequence[Any] | None, start: pd.Timestamp, end: pd.Timestamp) -> Gaps:
    """Return the gaps of the record and those told, cut to [start, end), in order and without overlap."""
    pairs = [(pd.Timestamp(first), pd.Timestamp(last)) for first, last in record_of(events).get("gaps") or ()]
    pairs += [parse_period(pair, name="gaps") for pair in told or ()]
    out: Gaps = []
    for first, last in sorted((max(first, start), min(last, end)) for first, last in pairs):
        if last <= first:
            continue
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def missing_days(edges: Times, gaps: Gaps) -> npt.NDArray[np.float64]:
    """Return how many days of each period lie in a gap."""
    out = np.zeros(len(edges) - 1)
    for first, last in gaps:
        low, high = np.datetime64(first, "us"), np.datetime64(last, "us")
        lap = (np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)).astype(np.int64) / _DAY
        out += np.maximum(lap, 0)
    return out
