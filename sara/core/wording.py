"""Words that several methods share: what the rows are called, where they come from, and cautions worded once."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import record_of
from sara.core.engine import counts_by
from sara.core.source import EventSource

__all__ = ["dedupe_known", "km2_words", "noun_of", "officer_caution", "officer_words", "percent", "period_words", "source_of"]


def noun_of(events: pd.DataFrame | EventSource) -> str:
    """Return what the rows are called: calls, complaints, or events where they are mixed or of another kind.

    Examples
    --------
    >>> import pandas as pd
    >>> noun_of(pd.DataFrame({"source": ["calls", "calls"]}))
    'calls'
    """
    if isinstance(events, EventSource):
        sources = list(counts_by(events, "source")["source"].dropna())
    else:
        sources = list(events["source"].dropna().unique()) if "source" in events.columns else []
    return str(sources[0]) if len(sources) == 1 and str(sources[0]) in ("calls", "complaints") else "events"


def source_of(events: pd.DataFrame | EventSource) -> str:
    """Return the source line of a figure: the file the rows came from, or nothing where the record does not say."""
    name = record_of(events).get("file")
    return f"Source: {PurePath(str(name)).name}" if name else ""


def period_words(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return a half-open period as its first and last day.

    Examples
    --------
    >>> import pandas as pd
    >>> period_words(pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01"))
    '2024-01-01 to 2024-12-31'
    """
    return f"{start:%Y-%m-%d} to {end - pd.Timedelta(microseconds=1):%Y-%m-%d}"


def percent(share: float) -> str:
    """Return a share as a percentage with as many digits as it can bear.

    Examples
    --------
    >>> percent(0.051), percent(0.31), percent(0.0004), percent(0.9996), percent(6e-7)
    ('5.1 %', '31 %', '0.04 %', '99.96 %', 'less than 0.01 %')
    """
    value = 100 * share
    if 99.5 <= value < 100:
        # Nearly all is not all.
        return f"{value:.2f} %" if value < 99.995 else "more than 99.99 %"
    if value >= 9.95 or value == 0:
        return f"{value:.0f} %"
    if value >= 0.1:
        return f"{value:.1f} %"
    return f"{value:.2g} %" if value >= 0.01 else "less than 0.01 %"


def km2_words(km2: float) -> str:
    """Return a surface in square kilometers with about two figures, and without an exponent.

    Examples
    --------
    >>> km2_words(0.0123), km2_words(1.46), km2_words(142.3), km2_words(0.0000612)
    ('0.012 km2', '1.5 km2', '142 km2', 'less than 0.001 km2')
    """
    if 0 < km2 < 0.001:
        return "less than 0.001 km2"
    return f"{km2:,.0f} km2" if km2 >= 9.95 or km2 == 0 else f"{km2:.2g} km2"


def officer_caution(events: pd.DataFrame, used: npt.NDArray[np.bool_], *, noun: str) -> tuple[str, ...]:
    """Say how many of the rows used were started by officers; nothing where none was, or where the file does not say."""
    if "origin" not in events.columns or not used.any():
        return ()
    officer = events["origin"].isin(["officer"]).to_numpy(dtype=bool)[used]
    return officer_words(int(officer.sum()), len(officer), noun=noun)


def officer_words(n: int, of: int, *, noun: str) -> tuple[str, ...]:
    """Return the caution for `n` rows started by officers `of` all; nothing where none was."""
    if n == 0:
        return ()
    return (
        f"{percent(n / of)} of these {noun} were started by officers: they show where and when police were, not what people asked for.",
    )


def dedupe_known(events: pd.DataFrame) -> bool:
    """Say whether the table shows that reports of one event were merged: its record says so, or a row stands for several reports."""
    if record_of(events).get("deduped") is True:
        return True
    if "n_reports" not in events.columns:
        return False
    reports = pd.to_numeric(events["n_reports"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return bool((reports > 1).any())
