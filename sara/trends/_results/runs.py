"""What charts with a memory share: how often they cry wolf, in words, and which stretches they call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["by_chance", "named", "often", "stretches"]

_PER_YEAR = {"week": 52.18, "day": 365.25, "month": 12.0, "quarter": 4.0, "hour": 8766.0}


def named(period: Any, *, word: str, dated: bool) -> str:
    """Name one period: "the week from 2024-03-04", "2024-03-04", "March 2024" or "period 12"."""
    if not dated:
        return f"{word} {int(period)}"
    at = pd.Timestamp(period)
    if word == "day":
        return f"{at:%Y-%m-%d}"
    if word == "month" and at.day == 1:
        return f"{at:%B %Y}"
    return f"the {word} from {at:%Y-%m-%d}" if word != "hour" else f"the hour from {at:%Y-%m-%d %H:%M}"


def stretches(alarm: npt.ArrayLike, known: npt.ArrayLike | None = None) -> list[tuple[int, int]]:
    """Return (first, last) of each run of alarms; periods without a number end none."""
    rung = np.asarray(alarm, dtype=bool)
    use = np.arange(len(rung)) if known is None else np.flatnonzero(np.asarray(known, dtype=bool))
    found: list[tuple[int, int]] = []
    for k, i in enumerate(use):
        if rung[i]:
            if found and k and found[-1][1] == use[k - 1]:
                found[-1] = (found[-1][0], int(i))
            else:
                found.append((int(i), int(i)))
    return found


def often(run: float, word: str) -> str:
    """Say how often a false alarm comes: "about once in 520 weeks (10 years)"."""
    if not np.isfinite(run):
        return "practically never"
    size = f"{run:,.0f}" if run < 1_000 else f"{round(run, -2):,.0f}"
    plural = "" if round(run) == 1 else "s"
    years = run / _PER_YEAR[word] if word in _PER_YEAR else 0.0
    said = f" ({years:,.0f} years)" if years >= 1.5 else ""
    return f"about once in {size} {word}{plural}{said}"


def by_chance(run: float, judged: int, found: Sequence[Any], word: str) -> str:
    """Say how often such a chart alarms where nothing changes, and whether that explains what was found as often as not."""
    if not np.isfinite(run):
        return f"Where nothing changes, such a chart alarms {often(run, word)}."
    said = f"Where nothing changes, such a chart alarms {often(run, word)}"
    chance = 1 - np.exp(-judged / run)
    if found and len(found) <= judged / run + 0.5 and chance >= 0.5:
        return f"{said}: over {judged:,} {word}s no more than chance brings."
    if found:
        return f"{said}; over {judged:,} {word}s chance brings one in {100 * chance:.0f} charts of 100."
    return f"{said}."
