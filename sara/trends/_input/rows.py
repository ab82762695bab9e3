"""From events to what counting over time needs of them: moments, and how many rows each stands for.

This is the one place where it matters whether the events are in memory or behind an engine. In memory every row stands for itself; an engine
hands over one row per stretch of time and kind, with its count and its first and last moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_source, record_of
from sara.core.engine import counts_by
from sara.core.expression import is_one_of
from sara.core.source import EventSource
from sara.core.wording import noun_of, source_of
from sara.data._lists import PLACE_LIKE, help_rows
from sara.data.categories import help_categories

__all__ = ["Rows", "rows_of", "unit_of"]

Times = npt.NDArray[np.datetime64]
# Seconds that move every time above zero, where all engines round a division the same way; a whole number of days, and exact in a float.
_UP = 86_400 * 10_000_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows, or groups of rows that agree in all that is here; ``n`` says how many rows each stands for.

    ``time`` and ``last`` are the first and last moment of a group; ``values`` is the column asked for, ``hour`` the hour of the day.
    """

    time: Times
    last: Times
    n: npt.NDArray[np.int64]
    officer: npt.NDArray[np.bool_]
    helped: npt.NDArray[np.bool_]
    values: pd.Series | None
    hour: npt.NDArray[np.float64]
    record: dict[str, Any]
    noun: str
    source: str
    cautions: tuple[str, ...] = ()

    def count(self, mask: npt.NDArray[np.bool_]) -> int:
        """Return how many rows a mask holds."""
        return int(self.n[mask].sum())


def unit_of(*moments: Any) -> int:
    """Return the longest of day, hour, minute and second, in seconds, of which every moment is a whole number since 1970.

    Rows counted by it fall on the same side of each of these moments as they do one by one.
    """
    seconds = [int(np.datetime64(at, "s").astype(np.int64)) for at in moments]
    return next(unit for unit in (86_400, 3_600, 60, 1) if math.gcd(*seconds) % unit == 0)


def rows_of(events: pd.DataFrame | EventSource, *, unit: int, by: str | None = None, hours: bool = False) -> Rows:
    """Return what a series or a clock needs of an event table or a source; groups of a source are at most `unit` seconds long.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Checked.
    unit : int
        See `unit_of`.
    by : str, optional
        A column whose values are needed.
    hours : bool
        Whether the hour is needed, and midnight apart from the rest of the day.
    """
    return _of_source(events, unit, by, hours) if isinstance(events, EventSource) else _of_table(events, by, hours)


def _of_table(events: pd.DataFrame, by: str | None, hours: bool) -> Rows:
    time = events["time"].to_numpy(dtype="datetime64[us]")
    hour = np.full(len(events), np.nan)
    if hours and "hour" in events.columns:
        hour = pd.to_numeric(events["hour"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    elif hours:
        hour = events["time"].dt.hour.to_numpy(dtype=float, na_value=np.nan)
    officer = events["origin"].isin(["officer"]).to_numpy(dtype=bool, na_value=False)
    return Rows(
        time=time, last=time, n=np.ones(len(events), dtype=np.int64), officer=officer, helped=help_rows(events, by),
        values=None if by is None else events[by], hour=hour, record=record_of(events), noun=noun_of(events), source=source_of(events),
    )  # fmt: skip


def _of_source(source: EventSource, unit: int, by: str | None, hours: bool) -> Rows:
    t = nw.col("t_local")
    keys: dict[str, Any] = {"stretch": t if unit == 1 else (t + _UP) // unit, "officer": is_one_of("origin", ["officer"])}
    if by is not None:
        keys["by"] = by
    if by in PLACE_LIKE:
        keys["helped"] = is_one_of("category", sorted(help_categories()))
    if hours:
        day = (t + _UP) // 86_400 * 86_400 - _UP
        keys |= {"hour": "hour", "midnight": nw.when(t == day).then(nw.lit(1)).otherwise(nw.lit(0))}
    out = counts_by(source, keys, span="t_local")
    check_source(source, int(out["n"].sum()))
    first, last = (_moments(out[name]) for name in ("first", "last"))
    helped = out["helped"].to_numpy(dtype=bool) if "helped" in out else np.zeros(len(out), dtype=bool)
    return Rows(
        time=first, last=last, n=out["n"].to_numpy(), officer=out["officer"].to_numpy(dtype=bool), helped=helped,
        values=out["by"] if by is not None else None,
        hour=out["hour"].to_numpy(dtype=float, na_value=np.nan) if hours else np.full(len(out), np.nan),
        record=record_of(source), noun=noun_of(source), source=source_of(source), cautions=source.cautions,
    )  # fmt: skip


def _moments(seconds: pd.Series) -> Times:
    missing = seconds.isna().to_numpy()
    out = seconds.fillna(0).to_numpy(dtype=np.int64).astype("datetime64[s]").astype("datetime64[us]")
    out[missing] = np.datetime64("NaT", "us")
    return out
