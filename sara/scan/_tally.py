"""Rows counted by unit, from memory or from an engine: what concentration is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_columns, check_events, check_source, record_of
from sara.core.errors import NotEnoughDataError
from sara.core.period import in_period, resolve_period
from sara.core.result import Setting
from sara.core.source import EventSource, as_source
from sara.core.source import in_period as source_period
from sara.core.wording import noun_of, period_words, source_of
from sara.scan._attach import can_attach, collect
from sara.scan._source import text

__all__ = ["Tally", "tally_of"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tally:
    """Rows, or groups of equal rows with their number.

    Parameters
    ----------
    frame : DataFrame
        The columns that decide: the unit's, ``category``, ``origin``, ``n_reports``.
    n : array of int
        Rows of each entry.
    inside : array of bool
        Within the period, or without a time: a blank time does not say that the row lies outside.
    period, setting : str, Setting
        From the first to the last of these rows.
    noun, source : str
        What the rows are called, and the source line.
    cautions : tuple of str
        What must be said of the table.
    """

    frame: pd.DataFrame
    n: Ints
    inside: Bools
    period: str
    setting: Setting
    noun: str
    source: str
    cautions: tuple[str, ...] = ()

    def count(self, mask: Bools) -> int:
        """Return the rows of some entries."""
        return int(self.n[mask].sum())


def tally_of(events: Any, by: Any) -> Tally:
    """Return what of a table, or of a source, is needed to count by a column."""
    source = as_source(events)
    if source is not None and not can_attach(source):
        # Its rows are in memory anyway.
        events = source.load(limit=source.n_rows)
        source = None
    known: Any = check_events(events) if source is None else source
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    try:
        start, end, _ = resolve_period(known)
    except NotEnoughDataError:
        start = end = None
    if source is not None:
        return _of_source(source, by, start, end)
    first, last, inside = None, None, np.ones(len(events), dtype=bool)
    if start is not None and end is not None:
        timed = in_period(events["time"], start, end)
        inside = timed | events["time"].isna().to_numpy()
        days = events["time"][timed].dt.normalize()
        first, last = (days.min(), days.max()) if timed.any() else (None, None)
    period, setting = _period(start, end, first, last)
    return Tally(events, np.ones(len(events), dtype=np.int64), inside, period, setting, noun_of(events), source_of(events))


def _of_source(source: EventSource, by: Any, start: pd.Timestamp | None, end: pd.Timestamp | None) -> Tally:
    frame = source.lazy()
    names = frame.collect_schema().names()
    if isinstance(by, str):
        check_columns(pd.DataFrame(columns=names), [by], argument="by")
    no_time = nw.col("t_local").is_null()
    inside = nw.when(no_time).then(nw.lit(0)).otherwise(nw.lit(2))
    if start is not None and end is not None:
        inside = nw.when(no_time).then(nw.lit(0)).when(source_period(start, end)).then(nw.lit(1)).otherwise(nw.lit(2))
    keys = {"inside": inside.cast(nw.Int64), "category": text("category"), "origin": text("origin")}
    if by == "place":
        blank = nw.col("place").is_null()
        keys |= {name: nw.when(blank).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(None)) for name in ("x", "y")}
    keys.setdefault(by, text(by) if frame.collect_schema()[by] in (nw.String, nw.Categorical) else nw.col(by))
    sums = [nw.len().cast(nw.Int64).alias("n"), nw.col("t_local").min().alias("first"), nw.col("t_local").max().alias("last")]
    sums.append(nw.col("n_reports").max().alias("most"))
    picked = frame.select("t_local", "n_reports", **{f"k_{name}": key for name, key in keys.items()})
    out = collect(picked.group_by(*[f"k_{name}" for name in keys]).agg(*sums)).to_pandas()
    out = out.rename(columns={f"k_{name}": name for name in keys} | {"most": "n_reports"})
    check_source(source, int(out["n"].sum()))
    out = out.sort_values([name for name in keys if name != "inside"], kind="stable", ignore_index=True, na_position="last")
    timed = out[out["inside"] == 1]
    first, last = (
        (None, None)
        if timed.empty
        else (
            pd.Timestamp(int(timed["first"].min()), unit="s").normalize(),
            pd.Timestamp(int(timed["last"].max()), unit="s").normalize(),
        )
    )
    period, setting = _period(start, end, first, last)
    out.attrs["sara"] = record_of(source)
    return Tally(
        out,
        out["n"].to_numpy(dtype=np.int64),
        (out["inside"] < 2).to_numpy(),
        period,
        setting,
        noun_of(source),
        source_of(source),
        source.cautions,
    )


def _period(start: Any, end: Any, first: Any, last: Any) -> tuple[str, Setting]:
    if start is None:
        return "", Setting("all rows", "sara", "the table has no times")
    # The file may reach further than these rows, which a filter may have cut.
    period = period_words(start, end) if first is None else period_words(first, last + pd.Timedelta(days=1))
    return period, Setting(
        period, "sara", "from the first to the last of these rows in the file's longest run without three empty months"
    )
