"""How many events lie in each of many stretches of time, in all of the area or around a place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.checks import record_of
from sara.core.errors import InputError
from sara.core.source import EventSource
from sara.trends._input.rows import Rows, rows_of, unit_of

__all__ = ["Moments", "check_clock", "moments_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]

_DAY_MINUTES = 1440


@dataclass(frozen=True, eq=False)
class Moments:
    """Rows of a table or a source, with where they lie if that was asked for."""

    rows: Rows
    x: Floats | None
    y: Floats | None

    def near(self, x: float, y: float, radius: float) -> Bools:
        """Mark the rows around a place; all rows where there is none."""
        if not np.isfinite(x):
            return np.ones(len(self.rows.n), dtype=bool)
        assert self.x is not None and self.y is not None
        return np.asarray(np.hypot(self.x - x, self.y - y) <= radius)

    def count(self, inside: Bools, begins: Times, ends: Times) -> Floats:
        """Count the rows of `inside` in each stretch, half-open."""
        keep = inside & ~np.isnat(self.rows.time)
        order = np.argsort(self.rows.time[keep], kind="stable")
        time, total = self.rows.time[keep][order], np.concatenate([[0], np.cumsum(self.rows.n[keep][order])])
        return np.asarray(total[np.searchsorted(time, ends)] - total[np.searchsorted(time, begins)], dtype=float)

    def within(self, begins: Times, ends: Times) -> Bools:
        """Mark the rows that lie in any of the stretches."""
        if len(begins) == 0:
            return np.zeros(len(self.rows.n), dtype=bool)
        order = np.argsort(begins, kind="stable")
        first, last = begins[order], np.maximum.accumulate(ends[order])
        at = np.searchsorted(first, self.rows.time, side="right") - 1
        return np.asarray((at >= 0) & (self.rows.time < last[np.maximum(at, 0)]) & ~np.isnat(self.rows.time))


def check_clock(events: Any, begins: Floats, ends: Floats) -> None:
    """Refuse hours where the file has none."""
    known = record_of(events).get("time_precision")
    if known == "month":
        raise InputError(
            "`events` must have days. Got times that are months without a day. Use sara.trends.series(events, freq='MS')"
        )
    if known == "day" and ((begins % _DAY_MINUTES != 0) | (ends % _DAY_MINUTES != 0)).any():
        raise InputError(
            "`hours` must be left out where times are dates without an hour. Got hours of the day. Leave hours, start and end out."
        )


def moments_of(known: Any, edges: Times, *, placed: bool) -> Moments:
    """Return the rows of an event table or a source; of a source, one row per stretch of time in which no edge lies."""
    if placed and isinstance(known, EventSource):
        table = known.load(columns=["time", "t_local", "x", "y", "source", "origin"], compact=True)
        return Moments(
            replace(rows_of(table, unit=1), cautions=known.cautions),
            table["x"].to_numpy(dtype=float),
            table["y"].to_numpy(dtype=float),
        )
    rows = rows_of(known, unit=unit_of(*edges))
    if not placed:
        return Moments(rows, None, None)
    return Moments(rows, *(known[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y")))
