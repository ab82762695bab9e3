"""How many events of each group lie in each of many windows of whole days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_areas, check_columns, record_of
from sara.core.engine import counts_by_area
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.expression import is_one_of
from sara.core.period import in_period
from sara.core.persons import check_no_person
from sara.core.result import Counts
from sara.core.source import EventSource
from sara.core.wording import noun_of, source_of
from sara.data._lists import HELP_REASON
from sara.data.places import area_numbers, within
from sara.trends._input.gaps import gaps_of
from sara.trends._input.lawful import ASSEMBLY_REASON, assembly_values, assembly_words
from sara.trends._input.rows import Rows, rows_of
from sara.trends._input.windows import Window

__all__ = ["Spans", "check_by", "group_codes", "spans_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# More groups than this are no table anybody reads, and each needs its own history.
MOST_GROUPS = 5_000
_DAY = 86_400
# Seconds that move every time above zero, a whole number of days.
_UP = _DAY * 10_000_000


@dataclass(frozen=True, eq=False)
class Spans:
    """Events by group and day, ready to be counted in any window of whole days inside the period."""

    names: list[Any]
    first: int
    cumulated: Ints
    unknown: Ints
    counts: Counts
    noun: str
    source: str
    officers: int
    last: pd.Timestamp
    cautions: tuple[str, ...]

    @property
    def end(self) -> int:
        """The day after the last."""
        return self.first + self.cumulated.shape[1] - 1

    def has(self, window: Window) -> bool:
        """Whether the window lies inside the period."""
        return window.start >= self.first and window.end <= self.end

    def known_days(self, window: Window) -> int:
        """How many of its days are in no gap."""
        return window.days - int(self.unknown[window.end - self.first] - self.unknown[window.start - self.first])

    def n(self, windows: Sequence[Window], *, whole: bool = False) -> Floats:
        """Count: (groups, windows); NaN where a window lies outside the period or, if it has to be `whole`, touches a gap."""
        out = np.full((len(self.names), len(windows)), np.nan)
        for k, window in enumerate(windows):
            if self.has(window) and not (whole and self.known_days(window) < window.days):
                out[:, k] = self.cumulated[:, window.end - self.first] - self.cumulated[:, window.start - self.first]
        return out


def check_by(events: Any, by: Any, *, areas: Any, taken: Sequence[str]) -> None:
    """Refuse a `by` that names no column, lists callers, or is a word of the answer's own table."""
    if by is None:
        return
    if not isinstance(by, str):
        raise InputError(
            f"`by` must name one column. Got {by!r}. Write: by='category'; for combinations: sara.trends.monitor(events, by=[...])"
        )
    if by == "area" and areas is not None:
        return
    check_columns(events, [by], argument="by")
    check_no_person([by])
    if by in taken:
        raise InputError(f"`by` must not be a word of the answer's own table. Got {by!r}. Rename the column first.")


def group_codes(values: pd.Series | None, *, by: str | None) -> tuple[Ints, list[Any], int]:
    """Return a code per row (-1 where the value is missing), the values in order, and how many rows there are."""
    if values is None:
        return np.zeros(0, dtype=np.int64), ["all"], 0
    try:
        codes, names = pd.factorize(values)
    except TypeError:
        raise InputError(
            f"`by` must name a column of single values. Got {by!r}, which holds lists or the like. Turn them into text first: .astype(str)"
        ) from None
    if len(names) == 0:
        raise NotEnoughDataError(
            f"`by` must name a column with values. Got {by!r}, which is empty in all rows. Leave by= out, or name another column."
        )
    order = np.argsort(np.array([str(name) for name in names]), kind="stable")
    if values.dtype.kind in "biuf":
        order = np.argsort(np.asarray(names, dtype=float), kind="stable")
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order], place[-1] = np.arange(len(names)), -1
    return place[codes], [names[i] for i in order], len(codes)


def spans_of(known: Any, start: pd.Timestamp, end: pd.Timestamp, *, by: str | None, areas: gpd.GeoDataFrame | None) -> Spans:
    """Count an event table or a source by group and day.

    Parameters
    ----------
    known : GeoDataFrame or EventSource
        Checked.
    start, end : Timestamp
        The period, half-open; days that it holds in part are left out.
    by : str, optional
        The column of the groups.
    areas : GeoDataFrame, optional
        With ``by="area"``, the polygons that say in which area an event lies.
    """
    first, last = start.ceil("D"), end.floor("D")
    rows = _rows(known, by, areas)
    at = rows.time
    inside, no_time = in_period(at, first, last), np.isnat(at)
    codes, names, _ = group_codes(rows.values, by=by)
    codes = codes if by is not None else np.zeros(len(at), dtype=np.int64)
    helps = rows.helped & inside & (codes >= 0)
    assembled = np.append(assembly_values(names, column=by), False) if by is not None else np.zeros(2, dtype=bool)
    aside = inside & ~helps & assembled[codes]
    gaps = gaps_of(known, None, first, last)
    lost = np.zeros(len(at), dtype=bool)
    for a, b in gaps:
        lost |= (at >= np.datetime64(a.floor("D"))) & (at < np.datetime64(b.ceil("D")))
    used = inside & (codes >= 0) & ~helps & ~lost & ~aside
    if not used.any():
        raise NotEnoughDataError(
            f"compare needs at least 1 event in the period{f' with a {by}' if by else ''}. Got 0. Check the dates: sara.audit(events)"
        )
    there, codes_used = np.unique(codes[used], return_inverse=True)
    if len(there) > MOST_GROUPS:
        raise InputError(
            f"`by` must have at most {MOST_GROUPS:,} values. Got {len(there):,} of {by!r}. For places, write: sara.hotspots.hot_places(events)"
        )
    origin, days = _number(first), (last - first).days
    day = at[used].astype("datetime64[D]").astype(np.int64) - origin
    held = np.bincount(codes_used * days + day, weights=rows.n[used], minlength=len(there) * days).reshape(len(there), days)
    cumulated = np.zeros((len(there), days + 1), dtype=np.int64)
    np.cumsum(held, axis=1, out=cumulated[:, 1:], dtype=np.int64)
    missing = np.zeros(days + 1, dtype=np.int64)
    for a, b in gaps:
        missing[_number(a.floor("D")) - origin + 1 : _number(b.ceil("D")) - origin + 1] = 1
    return Spans(
        names=[names[i] for i in there], first=origin, cumulated=cumulated, unknown=np.cumsum(missing),
        counts=Counts(
            int(rows.n.sum()), rows.count(used),
            {
                "without a time": rows.count(no_time), "outside the period": rows.count(~inside & ~no_time),
                "in a gap of the file": rows.count(inside & lost), f"with no {by}": rows.count(inside & ~lost & (codes < 0)),
                HELP_REASON: rows.count(helps & ~lost), **({ASSEMBLY_REASON: rows.count(aside & ~lost)} if aside.any() else {}),
            },
        ),
        noun=rows.noun, source=rows.source, officers=rows.count(used & rows.officer), last=pd.Timestamp(rows.last[~no_time].max()),
        cautions=(*rows.cautions, *assembly_words(rows.count(aside & ~lost), rows.noun)),
    )  # fmt: skip


def _rows(known: Any, by: str | None, areas: gpd.GeoDataFrame | None) -> Rows:
    if areas is None or by != "area":
        return rows_of(known, unit=_DAY, by=by)
    shapes = check_areas(areas, crs=known.crs)
    check_columns(shapes, ["name"], argument="areas", table="areas")
    if not isinstance(known, EventSource):
        return rows_of(known.assign(area=within(known, shapes).astype(object)), unit=_DAY, by="area")
    return _rows_of_source(known, shapes)


def _rows_of_source(source: EventSource, shapes: gpd.GeoDataFrame) -> Rows:
    """Return rows by area of a source: each distinct location is asked once where it lies, and what has none is in no area."""
    import narwhals as nw

    names = shapes["name"].to_numpy(dtype=object)

    def label(x: Any, y: Any) -> Any:
        which = area_numbers(np.asarray(x, dtype=float), np.asarray(y, dtype=float), shapes.geometry.to_numpy())
        return np.where(which >= 0, names[which], None)

    keys = {"stretch": (nw.col("t_local") + _UP) // _DAY, "officer": is_one_of("origin", ["officer"])}
    found = counts_by_area(source, label, by=keys)
    every = rows_of(source, unit=_DAY)
    day = every.time.astype("datetime64[D]").astype(np.int64)
    # Those without a location are what is left of each day.
    placed = pd.DataFrame(
        {
            "day": found["stretch"].astype("Float64").to_numpy(dtype=float, na_value=np.nan) - _UP // _DAY,
            "officer": found["officer"].astype(bool),
        }
    )
    placed["n"], placed["values"] = found["n"].to_numpy(), found["area"].to_numpy()
    whole = pd.DataFrame({"day": np.where(np.isnat(every.time), np.nan, day), "officer": every.officer, "n": every.n})
    rest = (
        whole.groupby(["day", "officer"], dropna=False)["n"]
        .sum()
        .sub(placed.groupby(["day", "officer"], dropna=False)["n"].sum(), fill_value=0)
        .reset_index()
    )
    both = pd.concat([placed, rest[rest["n"] > 0].assign(values=None)], ignore_index=True)
    gone = both["day"].isna().to_numpy()
    time = np.where(gone, 0, both["day"].fillna(0)).astype(np.int64).astype("datetime64[D]").astype("datetime64[us]")
    time[gone] = np.datetime64("NaT", "us")
    last = np.full(
        len(time), every.last[~np.isnat(every.last)].max() if (~np.isnat(every.last)).any() else np.datetime64("NaT", "us")
    )
    return Rows(
        time=time, last=last, n=both["n"].to_numpy(dtype=np.int64), officer=both["officer"].to_numpy(dtype=bool),
        helped=np.zeros(len(both), dtype=bool), values=both["values"].astype(object), hour=np.full(len(both), np.nan), record=record_of(source),
        noun=noun_of(source), source=source_of(source), cautions=source.cautions,
    )  # fmt: skip


def _number(moment: pd.Timestamp) -> int:
    return int(np.datetime64(moment, "D").astype(np.int64))
