"""From events to what a map needs of them: locations, and how many rows each stands for.

This is the one place where it matters whether the events are in memory or behind an engine. In memory every row stands for itself; an engine
hands over one row per distinct location and kind, with its count. Everything after this works on either, and gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_columns, check_events, check_source, located, record_of
from sara.core.engine import counts_by_location, counts_by_period, day_index
from sara.core.errors import InputError
from sara.core.expression import is_one_of
from sara.core.period import in_period, resolve_period
from sara.core.result import Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import noun_of, source_of
from sara.data.categories import help_categories

__all__ = ["Rows", "rows_of", "seen_period"]

Floats = npt.NDArray[np.float64]
# Rows that begin this long after their file does, or stop this long before, where chance would rarely leave such a silence, were cut by a
# filter. In a short file, a quarter of it is long.
SILENCE = pd.Timedelta(days=31)
SILENT_SHARE = 0.25
SILENT_BY_CHANCE = 0.01
DAY = 86_400


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows with a location in the period, or groups of them that agree in all that is here; and how many the others are.

    ``n`` says how many rows each stands for, ``weight`` their summed weight, ``day`` the local day since 1970-01-01 (where asked for).
    """

    x: Floats
    y: Floats
    n: npt.NDArray[np.int64]
    weight: Floats | None
    place: npt.NDArray[np.object_]
    helped: npt.NDArray[np.bool_]
    officer: npt.NDArray[np.bool_]
    rows_in: int
    no_time: int
    outside: int
    no_place: int
    period: tuple[pd.Timestamp, pd.Timestamp]
    period_setting: Setting
    crs: Any
    record: dict[str, Any]
    noun: str
    source: str
    cautions: tuple[str, ...] = ()
    day: npt.NDArray[np.int64] | None = None

    def only(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """Return these rows where the mask says so; the counts of the others stay."""
        parts = {name: getattr(self, name) for name in ("x", "y", "n", "weight", "place", "helped", "officer", "day")}
        kept = {name: None if value is None else value[mask] for name, value in parts.items()}
        return Rows(**{**self.__dict__, **kept})


def rows_of(events: Any, *, period: Any, weights: str | None, when: bool = False) -> Rows:
    """Return what a map needs of an event table or a source.

    Raises
    ------
    InputError
        If the events or the weights are not what a map needs.
    """
    source = as_source(events)
    if source is None:
        return _of_table(check_events(events), period, weights, when)
    return _of_source(source, period, weights, when)


def _of_table(events: gpd.GeoDataFrame, period: Any, weights: str | None, when: bool) -> Rows:
    weight = None if weights is None else _checked_weights(events, weights)
    start, end, setting = seen_period(events, period)
    has_time, has_place = events["time"].notna().to_numpy(), located(events)
    within = in_period(events["time"], start, end)
    ok = within & has_place
    rows = events[ok]
    return Rows(
        x=rows["x"].to_numpy(dtype=float), y=rows["y"].to_numpy(dtype=float), n=np.ones(len(rows), dtype=np.int64),
        weight=None if weight is None else weight[ok], place=rows["place"].astype(object).where(rows["place"].notna(), None).to_numpy(),
        helped=rows["category"].isin(help_categories()).to_numpy(dtype=bool, na_value=False),
        officer=rows["origin"].isin(["officer"]).to_numpy(dtype=bool, na_value=False),
        rows_in=len(events), no_time=int((~has_time).sum()), outside=int((has_time & ~within).sum()), no_place=int((within & ~has_place).sum()),
        period=(start, end), period_setting=setting, crs=events.crs, record=record_of(events), noun=noun_of(events), source=source_of(events),
        day=rows["time"].to_numpy().astype("datetime64[D]").astype(np.int64) if when else None,
    )  # fmt: skip


def _of_source(source: EventSource, period: Any, weights: str | None, when: bool) -> Rows:
    days = counts_by_period(source, freq="D")
    check_source(source, int(days["n"].sum()))
    if weights is not None:
        _check_source_weights(source, weights)
    start, end, setting = seen_period(source, period, days=days)
    inside = source.select_period(start, end)
    keys: dict[str, Any] = {
        "place": "place", "helped": is_one_of("category", sorted(help_categories())), "officer": is_one_of("origin", ["officer"]),
    }  # fmt: skip
    if weights is not None:
        # Weights are counted by value and multiplied here: engines add fractions up in any order.
        keys["each"] = nw.col(weights).cast(nw.Float64)
    if when:
        keys["day"] = day_index(nw.col("t_local"))
    rows = counts_by_location(inside, by=keys)
    n, no_time = rows["n"].to_numpy(), int(days.loc[days["period"].isna(), "n"].sum())
    within = inside.n_rows
    return Rows(
        x=rows["x"].to_numpy(), y=rows["y"].to_numpy(), n=n, weight=n * rows["each"].to_numpy(dtype=float) if weights is not None else None,
        place=rows["place"].to_numpy(dtype=object), helped=rows["helped"].to_numpy(dtype=bool), officer=rows["officer"].to_numpy(dtype=bool),
        rows_in=int(days["n"].sum()), no_time=no_time, outside=int(days["n"].sum()) - no_time - within, no_place=within - int(n.sum()),
        period=(start, end), period_setting=setting, crs=source.crs, record=record_of(source), noun=noun_of(source), source=source_of(source),
        cautions=source.cautions, day=rows["day"].to_numpy(dtype=np.int64) if when else None,
    )  # fmt: skip


def seen_period(events: Any, period: Any, *, days: pd.DataFrame | None = None) -> tuple[pd.Timestamp, pd.Timestamp, Setting]:
    """Return ``(start, end, setting)``: the period given, else what the file covers, as far as these rows have been left in it.

    Places chosen on rows from before a date were not chosen on what came later, and days that a filter cut away are not days without events:
    where the rows clearly begin late or end early, the period does too.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Checked.
    period : pair of dates or None
        As given.
    days : DataFrame, optional
        ``counts_by_period(events, freq="D")`` of a source, where it is known already.
    """
    start, end, setting = resolve_period(events, period)
    if setting.chosen_by == "you":
        return start, end, setting
    n, first, last = _seen_of_source(events, days, start, end) if isinstance(events, EventSource) else _seen(events, start, end)
    if n == 0:
        return start, end, setting
    begin, stop = first.normalize(), last.normalize() + pd.Timedelta(days=1)
    late, early = _silent(begin - start, end - start, n), _silent(end - stop, end - start, n)
    if not (late or early):
        return start, end, setting
    start, end = begin if late else start, stop if early else end
    side = "begin and end there, well inside the file" if late and early else (
        "begin there, long after the file does" if late else "end there, long before the file does"
    )  # fmt: skip
    words = f"{start:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d}"
    return start, end, Setting(words, "sara", f"these rows {side}: an earlier filter has cut them")


def _silent(gap: pd.Timedelta, whole: pd.Timedelta, n: int) -> bool:
    return gap > min(SILENCE, SILENT_SHARE * whole) and (1 - gap / whole) ** n < SILENT_BY_CHANCE


def _seen(events: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, pd.Timestamp, pd.Timestamp]:
    times = events["time"][in_period(events["time"], start, end)]
    return len(times), times.min(), times.max()


def _seen_of_source(
    source: EventSource, days: pd.DataFrame | None, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[int, pd.Timestamp, pd.Timestamp]:
    known = (counts_by_period(source, freq="D") if days is None else days).dropna(subset=["period"])
    day = pd.to_datetime(known["period"].astype("int64") * DAY, unit="s")
    inside = in_period(day, start, end)
    return int(known["n"][inside].sum()), day[inside].min(), day[inside].max()


def _checked_weights(events: gpd.GeoDataFrame, weights: Any) -> Floats:
    _check_name(weights)
    check_columns(events, [weights], argument="weights")
    values = pd.to_numeric(events[weights], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise InputError(_bad_weights(events, weights, values, bad))
    return values


def _bad_weights(events: gpd.GeoDataFrame, weights: str, values: Floats, bad: npt.NDArray[np.bool_]) -> str:
    """Say what is wrong with the first bad weight, and what to do about its kind."""
    first = int(np.flatnonzero(bad)[0])
    value, number = events[weights].iloc[first], values[first]
    column = f"events[{weights!r}]"
    if np.isfinite(number):
        got, do = f"{number:g}", f"events = events[{column} >= 0]"
    elif pd.isna(value):
        got, do = "no number", f"{column} = {column}.fillna(0), where missing means none"
    elif isinstance(value, str):
        got, do = (
            f"text, {value!r},",
            f"{column} = pandas.to_numeric({column}, errors='coerce').fillna(0), where missing means none",
        )
    else:
        got, do = f"{number:g}" if isinstance(value, float) else repr(value), f"events = events[numpy.isfinite({column})]"
    return f"`weights` must hold numbers of zero or more. Got {got} in row {events.index[first]!r} ({bad.sum():,} such rows). Write: {do}"


def _check_source_weights(source: EventSource, weights: Any) -> None:
    _check_name(weights)
    check_columns(source, [weights], argument="weights")  # type: ignore[arg-type]
    frame = source.lazy()
    kind = frame.collect_schema()[weights]
    value = nw.col(weights)
    bad = frame.filter(~((value >= 0) & (value <= np.finfo(float).max)) | value.is_null()) if kind.is_numeric() else frame
    n = EventSource(bad, crs=source.crs).n_rows
    if n:
        raise InputError(
            f"`weights` must hold numbers of zero or more. Got {n:,} rows of {weights!r} ({kind}) that are not. Leave them out first: source.where('{weights} >= 0')"
        )


def _check_name(weights: Any) -> None:
    if not isinstance(weights, str):
        raise InputError(
            f"`weights` must be the name of a column. Got a {type(weights).__name__}. Write: events['cost'] = ...; weights='cost'"
        )
