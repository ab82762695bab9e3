"""Candidate problems: what keeps coming back, where, and who tells of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_count, check_enough, check_events, record_of
from sara.core.period import resolve_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import percent, period_words, source_of
from sara.scan._areas import Areas, given_areas, grid_areas
from sara.scan._attach import can_attach
from sara.scan._board import ProblemBoard
from sara.scan._candidates import LEAST_RATIO, LEVEL, NEIGHBORS, least_calls
from sara.scan._complaints import NEAR, Told, told_of
from sara.scan._defaults import default_points
from sara.scan._evidence import NOT_PROBLEMS
from sara.scan._lookalikes import counters
from sara.scan._measure import Calendar, calendar_of
from sara.scan._reporting import reporting_table
from sara.scan._rows import Read, Rows, read_rows
from sara.scan._search import Search, search
from sara.scan._source import categories_of, check_source, read_source
from sara.scan._source_defaults import source_defaults
from sara.scan._table import board_table, rejected_table

__all__ = ["problems"]

# Fewer calls than this cannot show what keeps coming back.
LEAST_CALLS = 100
_YEAR = 365.25 * 86_400


def problems(
    calls: Any,
    complaints: Any = None,
    *,
    areas: gpd.GeoDataFrame | None = None,
    period: Any = None,
    n: int = 20,
) -> ProblemBoard:
    """Rank what keeps coming back, by kind of call and by area or place, and turn look-alikes down with the reason.

    Answers "what should we work on?". It proposes; people decide: `ProblemBoard.cheers` says what the rows cannot know.

    Parameters
    ----------
    calls : GeoDataFrame or EventSource
        Calls for service, from `sara.read_calls`, or a table that stays on disk or in an engine, from `sara.open_events`: same numbers. Rows started by officers, alarms and administrative rows are left out and counted.
    complaints : GeoDataFrame or EventSource, optional
        Complaints to the city (311), from `sara.read_complaints`. Evidence only: they make no candidate of their own.
    areas : GeoDataFrame, optional
        Named areas, from `sara.read_areas`; residents are read from a column such as ``population``. Squares of 500 to 2000 m if not given.
    period : (str, str), optional
        First and last day, by default what the calls cover.
    n : int
        The most candidates to list.

    Returns
    -------
    ProblemBoard
        ``table``, one row per candidate with its score, the five parts of it and its CHEERS evidence; ``rejected``, the look-alikes with the
        reason; ``reporting``, who is calling and who is quiet. Columns are documented there.

    Raises
    ------
    InputError
        If a table is not an event table in metres, or `areas` has no ``name``.
    NotEnoughDataError
        If fewer than 100 calls can be used.

    Notes
    -----
    A candidate is a category in an area, or at a place (address, block or crossing; places less than 200 m apart are one). Expected is
    ``N_c * (o_u + k) / sum(o_u + k)``: the category's total, spread as the calls of all *other* categories ``o``, where ``k`` pulls units with
    few of them to the mean (areas: 5 calls; places: the mean place, at least 5; addresses, blocks and crossings each among themselves). An area that calls more for everything does not stand out
    for that, so differences in the readiness to call cancel, as far as they concern all kinds alike. A category that makes up four fifths of
    the table is spread by residents, or by the number of places with a call. A candidate needs 20 calls (place: 10; more in long periods), a fifth more than expected, and a
    negative binomial tail chance of at most 5 % after Benjamini-Hochberg over all cells. The spread is measured among ordinary units: without the
    highest tenth of areas (hundredth of places), and at most 0.1 (places: 1); to it comes the chance in the other calls themselves. A small p-value says that a unit differs more than ordinary units
    do, not that something causes it. In 200 simulated towns without any difference between units, 5 boards (2.5 %) named something.

    A place that holds half of its area's calls of the category, or three quarters of their excess, stands for the area; otherwise the area stands and
    its places are part of it. The score is the mean percentile, among all candidates that stand out, of excess, weeks active, repeat-place
    share, complaints against expected, and recent trend. Parts that cannot be measured are left out of the mean. Of each category and unit the two
    largest are listed (more where there are few kinds); the others are in ``more``.

    Calls for help (domestic, sexual, medical, mental health, welfare, child) are never looked for at places. Scores rank candidates of one
    table; they are no measure of harm and not comparable between cities.

    References
    ----------
    Clarke & Eck (2005), Crime Analysis for Problem Solvers in 60 Small Steps, steps 14, 17 and 23.
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import numpy as np, pandas as pd, sara
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({
    ...     "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.permutation(365 * 24)[:4000], unit="h"),
    ...     "category": rng.choice(["noise", "theft", "disorder"], 4000), "x": rng.uniform(5e5, 5.03e5, 4000), "y": rng.uniform(4e6, 4.003e6, 4000)})
    >>> table.loc[:149, ["category", "x", "y"]] = ["noise", 501_005.0, 4_001_005.0]
    >>> board = sara.scan.problems(sara.as_events(table, source="calls", time="time", category="category", x="x", y="y", crs=32616))
    >>> board.table[["category", "unit", "n"]].iloc[0].to_dict()
    {'category': 'noise', 'unit': 'place', 'n': 150}
    """
    n = check_count(n, name="n")
    table_of_calls = _Table.of(calls, name="calls")
    start, end, period_setting = resolve_period(table_of_calls.events, period)
    read, excluded, desks = _call_rows(table_of_calls, start, end)
    rows = read.rows
    check_enough(
        int(rows.n[rows.used].sum()),
        LEAST_CALLS,
        method="scan.problems",
        what="calls from the public with a category and a location in the period",
    )
    crs = table_of_calls.events.crs
    units = given_areas(areas, crs) if areas is not None else grid_areas(rows)
    area = units.of(rows.x, rows.y)
    heard = None if complaints is None else _complaints(complaints, crs, start, end, units, rows, area)
    told = None if heard is None else heard.points
    calendar = calendar_of(read, int((end - start).total_seconds()))
    found = search(rows, read.moments, area, units, calendar, desks)
    table, more = board_table(found, rows, area, units, calendar, told, start, crs, n)
    for frame in (table, more):
        frame.attrs["sara"] = {"period": [start.isoformat(), end.isoformat()]}
    points = {"calls": table_of_calls.defaults, "complaints": None if heard is None else heard.defaults}
    rejected = rejected_table(found, rows, units, points, crs)
    years = (end - start).total_seconds() / _YEAR
    inside = rows.used & (area >= 0)
    used_by_area, further = (
        np.bincount(area[inside], weights=weight[inside], minlength=len(units.name)).astype(float)
        for weight in (rows.n, rows.further)
    )
    return ProblemBoard(
        table=table,
        rejected=rejected,
        reporting=reporting_table(
            units,
            used_by_area,
            None if heard is None else heard.by_area,
            further if (rows.further[inside] > 0).any() else None,
            years,
        ),
        more=more,
        period_text=period_words(start, end),
        source_text=source_of(table_of_calls.events),
        settings={"period": period_setting, **_settings(found, units, calendar, excluded, told is not None, n)},
        counts=read.counts if heard is None else Counts.of(calls=read.counts, complaints=heard.counts),
        cautions=_cautions(table_of_calls, read, units, area, told, table),
    )


@dataclass(frozen=True)
class _Table:
    """Calls or complaints, in memory or in an engine."""

    events: Any
    source: EventSource | None

    @classmethod
    def of(cls, events: Any, *, name: str) -> _Table:
        """Check a table in memory, or open what stays where it is."""
        source = as_source(events)
        if source is None:
            return cls(check_events(events, name=name), None)
        if not can_attach(source):
            return cls(check_events(source.load(limit=source.n_rows), name=name), None)
        check_source(source, name=name)
        return cls(source, source)

    @cached_property
    def defaults(self) -> gpd.GeoDataFrame:
        """The default points: those its reader has found, else those found now."""
        return default_points(self.events) if self.source is None else source_defaults(self.source)

    @cached_property
    def categories(self) -> set[str]:
        """The categories of all rows."""
        if self.source is not None:
            return categories_of(self.source)
        return set(pd.unique(self.events["category"].dropna()))

    def read(self, start: pd.Timestamp, end: pd.Timestamp, not_problems: Collection[str], crs: Any = None) -> Read:
        """Return its rows as the board counts them."""
        if self.source is not None:
            return read_source(self.source, start, end, defaults=self.defaults, not_problems=not_problems, crs=crs)
        return read_rows(self.events, start, end, defaults=self.defaults, not_problems=not_problems)


def _call_rows(calls: _Table, start: pd.Timestamp, end: pd.Timestamp) -> tuple[Read, tuple[str, ...], dict[int, float]]:
    """Read the calls; a table of nothing but kinds that are usually no problem was chosen by its reader, and is taken as it is."""
    excluded = NOT_PROBLEMS & calls.categories if calls.categories - NOT_PROBLEMS else set()
    read = calls.read(start, end, excluded)
    rows, counts = read.rows, read.counts
    desks = counters(rows)
    at_desk = np.isin(rows.place, list(desks))
    n_desk = int(rows.n[rows.used & at_desk].sum())
    left_out = {**counts.left_out, "reported at a desk": n_desk}
    return (
        replace(
            read,
            rows=replace(rows, default=rows.default | at_desk),
            counts=Counts(counts.rows_in, counts.rows_used - n_desk, left_out),
        ),
        tuple(sorted(excluded)),
        desks,
    )


@dataclass(frozen=True)
class _Complaints:
    """What the board needs of the complaints."""

    points: Told | None
    counts: Counts
    by_area: npt.NDArray[np.float64] | None
    defaults: gpd.GeoDataFrame


def _complaints(
    complaints: Any, crs: Any, start: pd.Timestamp, end: pd.Timestamp, units: Areas, calls: Rows, call_area: npt.NDArray[np.int64]
) -> _Complaints:  # fmt: skip
    """Read the complaints in the coordinates of the calls."""
    table = _Table.of(complaints, name="complaints")
    if table.source is None and table.events.crs != crs:
        points = table.events.geometry.to_crs(crs)
        table = _Table(table.events.assign(x=points.x, y=points.y).set_geometry(points), None)
    read = table.read(start, end, (), crs)
    rows = read.rows
    area = units.of(rows.x, rows.y)
    inside = rows.used & (area >= 0)
    by_area = np.bincount(area[inside], weights=rows.n[inside], minlength=len(units.name)).astype(float)
    told = told_of(rows, area, calls, call_area) if rows.used.any() else None
    return _Complaints(told, read.counts, by_area if inside.any() else None, table.defaults.to_crs(crs))


def _settings(
    found: Search, units: Areas, calendar: Calendar, excluded: tuple[str, ...], with_complaints: bool, n: int
) -> dict[str, Setting]:
    parts = ["excess", "weeks active", "repeat-place share", *(["complaints"] if with_complaints else []), "recent trend"]
    n_weeks = calendar.n_weeks
    return {
        "areas": units.setting,
        "n": Setting(n, "you" if n != 20 else "sara", "" if n != 20 else "the most candidates listed"),
        "score": Setting(", ".join(parts), "sara", "mean percentile of these parts, each of equal weight"),
        "expected": Setting("share of all other calls", "sara", found.base_words),
        "least_calls": Setting(
            f"{least_calls('area', n_weeks)} in an area, {least_calls('place', n_weeks)} at a place",
            "sara",
            f"by the length of the period; and {LEAST_RATIO:g} times the expected number",
        ),
        "confidence": Setting(
            1 - LEVEL, "sara", f"Benjamini-Hochberg over {found.areas.n_tests:,} area and {found.places.n_tests:,} place cells"
        ),
        "neighbors": Setting(NEIGHBORS, "sara", "metres; closer places of one category are one candidate"),
        "near": Setting(NEAR, "sara", "metres within which a complaint is near a place"),
        "recent_weeks": Setting(n_weeks - calendar.recent_from, "sara", "the last half-year, at most a quarter of the period"),
        "left_out_categories": Setting(
            ", ".join(excluded) or "none", "sara", "not harmful events by themselves, or another service's work"
        ),
    }


def _cautions(
    calls: _Table, read: Read, units: Areas, area: npt.NDArray[np.int64], told: Told | None, table: gpd.GeoDataFrame
) -> tuple[str, ...]:
    out = ["Calls measure calling: who does not call is not on this board."]
    rows = read.rows
    if read.unknown_origin > 0.05:
        out.append(
            f"For {percent(read.unknown_origin)} of the calls it is not published who started them; they count as calls from the public."
        )
    if units.is_grid:
        out.append("No areas were given: squares cut neighborhoods apart, and their names are only the busiest place in them.")
    outside = float(rows.n[rows.used & (area < 0)].sum() / rows.n[rows.used].sum())
    if outside > 0.005:
        out.append(f"{percent(outside)} of the calls lie outside all areas; they count at places only.")
    if not read.has_callers:
        out.append("Callers are not published: whether one person makes most of the calls cannot be checked.")
    if told is None:
        out.append("Without complaints the score has four parts, not five.")
    elif len(table):
        apart = sorted({category for category in table["category"] if not told.related(category)[1]})
        if apart:
            out.append(f"No complaint is about a matter related to {', '.join(apart)}: there, all complaints count.")
    if record_of(calls.events).get("time_precision") in ("day", "month"):
        out.append("Times are dates only: no busiest hours, and the same row twice cannot be told from two events.")
    out.append("These were chosen because they are high: some fall is to be expected anyway (regression to the mean).")
    return (*out, *(calls.source.cautions if calls.source is not None else ()))
