"""Many series at once: one row of counts per combination of values, from events, a source or a table of series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_areas, check_columns, check_events, check_source
from sara.core.engine import counts_by
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import in_period, resolve_period
from sara.core.persons import check_no_person
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import noun_of, officer_words, source_of
from sara.data._lists import HELP_REASON
from sara.trends._input.edges import covered, edges_of
from sara.trends._input.frequency import check_precision, label_of, per_year, step_of, word_of
from sara.trends._input.gaps import check_known, gaps_of, missing_days
from sara.trends._input.lawful import ASSEMBLY_REASON, assembly_rows, assembly_words
from sara.trends._input.many_rows import rows_of_many
from sara.trends._input.rows import unit_of

__all__ = ["Many", "many"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]

# More numbers than this are a typing slip (a column of ids, or "min" for "MS").
MOST_NUMBERS = 30_000_000
# Words of the answer's own table.
TAKEN = (
    "rank", "n", "expected", "low", "upper", "ratio", "p", "p_adjusted", "alarm", "status", "last_year", "year_before", "silent_for", "p_silent",
    "is_silent", "period", "alarms", "since",
)  # fmt: skip
LAG = pd.Timedelta(days=28)
GAP_EXPECTED = 20


@dataclass(frozen=True, eq=False)
class Many:
    """Counts per series and complete period.

    ``n`` has one row per series, in the order of ``names`` (a frame with one column per group column); NaN where nothing is known.
    """

    n: Floats
    names: pd.DataFrame
    start: Times
    end: Times
    freq: str
    noun: str
    source: str
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...]

    @property
    def by(self) -> tuple[str, ...]:
        """The group columns."""
        return tuple(self.names.columns)

    @property
    def word(self) -> str:
        """What one period is called: week."""
        return word_of(self.freq)[0]

    @property
    def per_year(self) -> float:
        """Periods in a year."""
        return per_year(self.start, self.end)


def many(
    data: Any, *, by: str | Sequence[str] | None = None, areas: Any = None, freq: str | None = None, period: Any = None
) -> Many:
    """Return what was handed in as one row of counts per series.

    Parameters
    ----------
    data : GeoDataFrame, EventSource, SeriesResult or DataFrame
        Events; a result of `series` with `by`; a long table (``period``, ``n`` and the group columns); or a wide one (dates as index, a column
        per series).
    by : str or sequence of str, optional
        Group columns. For events, area and category as far as the file has them.
    areas : GeoDataFrame, optional
        Polygons with a column ``name``: the group ``area`` is then where an event lies.
    freq : str, optional
        Of events; weeks if not given.
    period : (str, str), optional
        First and last day.
    """
    from sara.trends._series import SeriesResult

    if isinstance(data, SeriesResult):
        if data.by is None:
            raise InputError(
                "`events` must hold several series. Got one. Write: sara.trends.series(events, by='category'), or sara.trends.farrington(series) for one"
            )
        out = _of_long(data.table, (data.by,), noun=data.noun, source=data.source, freq=data.freq)
        return _only(out, by, areas, freq, period)
    if isinstance(data, pd.DataFrame) and "time" not in data.columns and not as_source(data):
        if "period" in data.columns and "n" not in data.columns:
            raise InputError(
                f"`events` must have the counts in a column n where it has one row per period and series. Got columns: {', '.join(map(str, data.columns[:20]))}. Write: events.rename(columns={{'count': 'n'}})"
            )
        if {"period", "n"} <= set(data.columns):
            columns = _listed(by) or tuple(
                str(c) for c in data.columns if c not in ("period", "n", "complete", "days", "per_day")
            )
            return _only(_of_long(data, columns), None, areas, freq, period)
        if isinstance(data.index, pd.DatetimeIndex | pd.PeriodIndex):
            return _only(_of_wide(data), by, areas, freq, period)
    return _of_events(data, by=by, areas=areas, freq=freq, period=period)


def _listed(by: Any) -> tuple[str, ...]:
    if by is None:
        return ()
    listed = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Sequence) else (by,)
    if not listed or not all(isinstance(one, str) for one in listed) or len(set(listed)) < len(listed):
        raise InputError(f"`by` must name one or more columns, each once. Got {by!r}. Write: by=('area', 'category')")
    check_no_person(listed)
    for one in listed:
        if one in TAKEN:
            raise InputError(f"`by` must not be a word of the answer's own table. Got {one!r}. Rename the column first.")
    return listed


def _of_events(data: Any, *, by: Any, areas: Any, freq: str | None, period: Any) -> Many:
    source = as_source(data)
    known: Any = check_events(data) if source is None else source
    if source is not None:
        check_source(source, source.n_rows)
    columns, why = _columns(known, _listed(by), areas)
    step = step_of(freq or "W")
    start, end, period_setting = resolve_period(known, period)
    edges = edges_of(start, end, step, freq=freq or "W")
    check_precision(known, edges, freq=freq or "W")
    shapes = _shapes(known, areas) if areas is not None else None
    rows = rows_of_many(known, columns, shapes, unit_of(start, end, *edges))
    label = label_of(step)
    settings = {
        "by": Setting(", ".join(columns), "sara" if why else "you", why),
        "freq": Setting(label, "sara" if freq is None else "you", "weeks run Monday to Sunday" if label == "W-SUN" else ""),
        "period": period_setting,
    }
    return _counted(known, rows, columns, edges, start, end, label, settings)


def _columns(known: Any, listed: tuple[str, ...], areas: Any) -> tuple[tuple[str, ...], str]:
    """Return the group columns, and why where sara chose them."""
    if not listed:
        there = [c for c in ("area", "category") if (c == "area" and areas is not None) or _has(known, c)]
        if not there:
            raise InputError(
                "`by` must name a column: the file has neither areas nor categories. Got none. Write: by='type', or give areas="
            )
        return tuple(there), "areas and categories, as far as the file has them"
    if areas is not None and "area" not in listed:
        listed = ("area", *listed)
    check_columns(known, [c for c in listed if not (c == "area" and areas is not None)], argument="by")
    return listed, ""


def _has(known: Any, column: str) -> bool:
    if isinstance(known, EventSource):
        if column not in known.columns:
            return False
        return bool(counts_by(known, column)[column].notna().any())
    return column in known.columns and bool(known[column].notna().any())


def _shapes(known: Any, areas: Any) -> Any:
    shapes = check_areas(areas, crs=known.crs)
    check_columns(shapes, ["name"], argument="areas", table="areas")
    return shapes


def _codes(rows: pd.DataFrame, columns: tuple[str, ...]) -> tuple[npt.NDArray[np.int64], list[pd.Index]]:
    """Return one code per row for its combination of values, -1 where one is missing, and the sorted values of each column."""
    code, values = np.zeros(len(rows), dtype=np.int64), []
    missing = np.zeros(len(rows), dtype=bool)
    for k in range(len(columns)):
        try:
            own, found = pd.factorize(rows[f"k{k}"])
        except TypeError:
            raise InputError(
                f"`by` must name a column of single values. Got {columns[k]!r}, which holds lists or the like. Turn them into text first: .astype(str)"
            ) from None
        numeric = pd.api.types.is_numeric_dtype(found.dtype)
        order = np.argsort(
            np.asarray(found, dtype=float) if numeric else np.array([str(v) for v in found], dtype=str), kind="stable"
        )
        place = np.empty(len(found) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(found)), 0
        missing |= own < 0
        code = code * max(len(found), 1) + place[own]
        values.append(pd.Index(np.asarray(found, dtype=object)[order]))
    return np.where(missing, -1, code), values


def _counted(
    known: Any, rows: pd.DataFrame, columns: tuple[str, ...], edges: Times, start: pd.Timestamp, end: pd.Timestamp, label: str,
    settings: dict[str, Setting],
) -> Many:  # fmt: skip
    time, n = rows["time"].to_numpy(dtype="datetime64[us]"), rows["n"].to_numpy()
    inside, no_time = in_period(time, start, end), np.isnat(time)
    code, values = _codes(rows, columns)
    helps = rows["helped"].to_numpy() & inside & (code >= 0)
    aside = inside & (code >= 0) & ~helps & _assemblies(rows, columns)
    used = inside & (code >= 0) & ~helps & ~aside
    if not n[used].sum():
        raise NotEnoughDataError(
            f"monitor needs at least 1 event of the period with {' and '.join(columns)}. Got 0. Try a longer period, or another `by`."
        )
    there, own = np.unique(code[used], return_inverse=True)
    complete, _ = covered(edges, start, end)
    periods = len(edges) - 1
    if len(there) * periods > MOST_NUMBERS:
        raise InputError(
            f"`by` must give at most {MOST_NUMBERS // max(periods, 1):,} series of {periods:,} periods. Got {len(there):,}. Is {columns[-1]!r} a column of ids? Write: by='category'"
        )
    if not complete.any():
        raise NotEnoughDataError(
            f"monitor needs at least 1 complete {word_of(label)[0]}. Got 0. Take a longer period, or a shorter `freq`."
        )
    at = np.searchsorted(edges, time[used], side="right") - 1
    table: Floats = (
        np.bincount(own * periods + at, weights=n[used].astype(float), minlength=len(there) * periods)
        .astype(float)
        .reshape(len(there), periods)
    )
    gaps = gaps_of(known, None, start, end)
    check_known(known, gaps, start, end)
    lost = (missing_days(edges, gaps) > 0) & complete
    in_gap, in_part = int(table[:, lost].sum()), int(table[:, ~complete].sum())
    table[:, lost] = np.nan
    # What lies before or after all that is known is no part of any series.
    whole = np.flatnonzero(complete & ~lost)
    complete[: whole[0]] = complete[whole[-1] + 1 :] = False
    total, kept = int(n.sum()), int(n[used].sum())
    officer = rows["officer"].to_numpy()
    word = word_of(label)[0]
    last = rows["last"].to_numpy(dtype="datetime64[us]")
    return Many(
        n=table[:, complete].astype(float), names=_names(there, values, columns), start=edges[:-1][complete], end=edges[1:][complete], freq=label,
        noun=noun_of(known), source=source_of(known),
        counts=Counts(
            total, kept - in_gap - in_part,
            {
                "without a time": int(n[no_time].sum()), "outside the period": int(n[~inside & ~no_time].sum()),
                f"with no {' or no '.join(columns)}": int(n[inside & (code < 0)].sum()),
                HELP_REASON: int(n[helps].sum()), **_nonzero(ASSEMBLY_REASON, int(n[aside].sum())), f"in a partial {word}": in_part, "beside a gap of the file": in_gap,
            },
        ),
        settings=settings,
        cautions=(
            *(known.cautions if isinstance(known, EventSource) else ()),
            *officer_words(int(n[used & officer].sum()), kept, noun=noun_of(known)), *assembly_words(int(n[aside].sum()), noun_of(known)),
            *_gap_words(lost[complete], word), *_lag(last, end),
        ),
    )  # fmt: skip


def _assemblies(rows: pd.DataFrame, columns: Sequence[str]) -> Bools:
    return assembly_rows(pd.DataFrame({column: rows[f"k{k}"].array for k, column in enumerate(columns)}))


def _nonzero(why: str, n: int) -> dict[str, int]:
    return {why: n} if n else {}


def _names(there: npt.NDArray[np.int64], values: list[pd.Index], columns: tuple[str, ...]) -> pd.DataFrame:
    out: dict[str, Any] = {}
    rest = there.copy()
    for column, found in zip(columns[::-1], values[::-1], strict=True):
        rest, own = np.divmod(rest, len(found))
        out[column] = pd.Series(found.to_numpy()[own].tolist())
    return pd.DataFrame({column: out[column] for column in columns})


def _gap_words(lost: Bools, word: str) -> tuple[str, ...]:
    n = int(lost.sum())
    return (f"{n} {word}{'s' if n > 1 else ''} lie in a gap of the data: they are taken as unknown, not as zero.",) if n else ()


def _lag(last: Times, end: pd.Timestamp) -> tuple[str, ...]:
    there = last[~np.isnat(last)]
    late = len(there) > 0 and end + LAG > pd.Timestamp(there.max())
    return ("The last weeks may still rise: some reports reach the file late.",) if late else ()


def _of_long(
    table: pd.DataFrame, columns: tuple[str, ...], *, noun: str = "events", source: str = "", freq: str | None = None
) -> Many:
    """Return the series of a table with a row per period and group; a group without a row in a period that has rows has no events in it."""
    from sara.trends._input.counted import counted

    if not columns:
        raise InputError(
            "`events` must hold several series: a table with period, n and at least one more column. Got one series."
        )
    check_columns(table, columns, argument="by", table="table")
    _listed(columns)
    if "complete" in table:
        table = table[table["complete"].to_numpy(dtype=bool)]
    if not len(table):
        raise NotEnoughDataError("monitor needs at least 1 complete period. Got 0. Take a longer period.")
    keys = pd.DataFrame({f"k{k}": table[c].array for k, c in enumerate(columns)})
    code, values = _codes(keys, columns)
    times = pd.to_datetime(pd.Series(table["period"].to_numpy()))
    grid = counted(
        pd.Series(0.0, index=pd.DatetimeIndex(np.unique(times.dropna().to_numpy(dtype="datetime64[us]")))), name="events"
    )
    known_group = (code >= 0) & times.notna().to_numpy()
    aside = known_group & _assemblies(keys, columns)
    ok = known_group & ~aside
    if not ok.any():
        raise NotEnoughDataError(
            "monitor needs at least 1 series that is not of lawful assemblies. Got 0. They are neither ranked nor predicted."
        )
    there, own = np.unique(code[ok], return_inverse=True)
    at = np.searchsorted(grid.start, times.to_numpy(dtype="datetime64[us]")[ok], side="right") - 1
    place = own * len(grid) + at
    if len(np.unique(place)) < len(place):
        raise InputError(f"`events` must have one row per period and {' and '.join(columns)}. Got several. Sum them first.")
    n = table["n"].to_numpy(dtype=float, na_value=np.nan)
    # Nothing at all in a period is a gap only where many were to be expected: such tables leave out zeros.
    gap = np.isnan(grid.n) & (np.nansum(n[ok]) >= GAP_EXPECTED * np.count_nonzero(~np.isnan(grid.n)))
    flat = np.tile(np.where(gap, np.nan, 0.0), len(there))
    omitted = int((~np.isnan(flat)).sum()) - len(place)
    flat[place] = n[ok]
    _check_whole_numbers(flat)
    total, kept, set_aside = int(np.nansum(n)), int(np.nansum(flat)), int(np.nansum(n[aside]))
    return Many(
        n=flat.reshape(len(there), len(grid)), names=_names(there, values, columns), start=grid.start, end=grid.end, freq=freq or str(grid.freq),
        noun=noun, source=source, counts=Counts(total, kept, {f"with no {' or no '.join(columns)}": total - kept - set_aside, **_nonzero(ASSEMBLY_REASON, set_aside)}),
        settings={"by": Setting(", ".join(columns), "you"), "freq": Setting(freq or str(grid.freq), "you", "the dates of the table")},
        cautions=(
            *((f"{omitted:,} combinations of {word_of(freq or grid.freq)[0]} and series have no row in the table: they are taken as none.",) if omitted else ()),
            *assembly_words(set_aside, noun), *_gap_words(gap, word_of(freq or grid.freq)[0]),
        ),
    )  # fmt: skip


def _of_wide(table: pd.DataFrame) -> Many:
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(
            f"`events` must have one column per series, each with a name of its own. Got {str(twice[0])!r} several times. Rename them, or sum them first."
        )
    stacked: Any = table.rename_axis(index="period", columns="series").stack(future_stack=True)
    long = stacked.rename("n").reset_index()
    if isinstance(table.index, pd.PeriodIndex):
        long["period"] = long["period"].dt.to_timestamp()
    try:
        long["n"] = pd.to_numeric(long["n"])
    except (TypeError, ValueError):
        raise InputError(
            "`events` must be events, or counts with a column per series. Got columns that hold no numbers. Drop them first."
        ) from None
    return _of_long(long, ("series",))


def _check_whole_numbers(n: Floats) -> None:
    known = n[~np.isnan(n)]
    wrong = known[(known < 0) | (known != np.floor(known))]
    if len(wrong):
        raise InputError(
            f"`events` must hold counts: whole numbers of zero or more. Got {wrong[0]:g}. Hand in the counts, not rates."
        )


def _only(out: Many, by: Any, areas: Any, freq: Any, period: Any) -> Many:
    """Refuse what a table of series can't be asked any more, and cut it to the period."""
    from dataclasses import replace

    from sara.core.units import period as parse_period

    if areas is not None or freq is not None:
        raise InputError(
            f"`{'areas' if areas is not None else 'freq'}` must be left out where the series are counted already. Got both. Hand in the events: sara.trends.monitor(events)"
        )
    if by is not None and _listed(by) != out.by:
        raise InputError(f"`by` must be that of the series, {', '.join(out.by)}. Got {by!r}. Leave it out.")
    if period is None:
        return out
    start, end = parse_period(period)
    keep = (out.start >= np.datetime64(start)) & (out.end <= np.datetime64(end))
    if not keep.any():
        raise NotEnoughDataError(f"`period` must hold a whole {out.word} of the series. Got {period!r}.")
    gone = int(np.nansum(out.n[:, ~keep]))
    counts = Counts(out.counts.rows_in, out.counts.rows_used - gone, {**out.counts.left_out, "outside the period": gone})
    words = Setting(f"{start:%Y-%m-%d} to {end - pd.Timedelta(microseconds=1):%Y-%m-%d}", "you")
    return replace(
        out, n=out.n[:, keep], start=out.start[keep], end=out.end[keep], counts=counts, settings={**out.settings, "period": words}
    )
