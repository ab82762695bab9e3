"""The whole journey without a notebook: from a study file to a brief, a record and two workbooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara import analyze, assess, data, hotspots, respond, scan, trends
from sara._study import StudyFile
from sara.brief import BriefFile
from sara.core.checks import record_of
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.excel import safe_frame
from sara.core.period import resolve_period
from sara.core.predicate import parse_predicate
from sara.problem import Problem

__all__ = ["Journey", "run_study"]

# Metres: a default address is one coordinate to the centimetre.
_SAME_POINT = 0.02

Step = Callable[[str], None]


@dataclass
class Journey:
    """What a run made, for whoever tells of it.

    Parameters
    ----------
    problem : Problem
        The record.
    audits : dict of str to AuditResult
        One per table read.
    board, spots, design, plan, power, effect : Result or None
        What the stages found.
    brief : BriefFile
        The brief.
    folder : Path
        Where everything is.
    skipped : list of str
        What could not be done, and why.
    """

    problem: Problem
    folder: Path
    audits: dict[str, Any] = field(default_factory=dict)
    board: Any = None
    spots: Any = None
    design: Any = None
    plan: Any = None
    power: Any = None
    effect: Any = None
    brief: BriefFile | None = None
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Tables:
    calls: gpd.GeoDataFrame
    complaints: gpd.GeoDataFrame | None
    areas: gpd.GeoDataFrame | None


def _silent(_: str) -> None:
    """Tell nobody."""


def run_study(file: StudyFile, *, out: Path | None = None, step: Step = _silent) -> Journey:
    """Run a study from its files to its brief.

    Parameters
    ----------
    file : StudyFile
        From `read_study`.
    out : Path, optional
        Where to write; the study's own folder if not given.
    step : callable
        Told what is being done, in a few words.

    Returns
    -------
    Journey
        The record, the results, and where the brief is.
    """
    study = file.study
    folder = file.out(out)
    problem = Problem(study.study.title)
    journey = Journey(problem, folder)
    tables = _read(file, journey, step)
    problem.area = tables.areas
    seen, seen_complaints, period = _as_of(tables, study.study.as_of, study.scan.period)

    known = _off_defaults(seen, journey)
    step("scanning for problems")
    areas = tables.areas if study.scan.areas else None
    journey.board = _or_skip(
        journey, problem.scan, "problems", lambda: scan.problems(seen, seen_complaints, areas=areas, period=period)
    )
    focus = _focus(known, tables.areas, study.focus)
    _or_skip(journey, problem.scan, "concentration", lambda: scan.concentration(focus, by="place"))

    step("looking for hot spots")
    _analyze(journey, focus, tables, file, period, step)
    if study.respond is not None:
        step("choosing similar places")
        _respond(journey, focus, file)
    if study.assess is not None:
        step("assessing")
        journey.effect = assess.evaluate(_off_defaults(tables.calls, journey), journey.plan, seed=study.study.seed)
        problem.assess.add(journey.effect, placebo=study.assess.placebo)

    step("writing the brief and the record")
    folder.mkdir(parents=True, exist_ok=True)
    journey.brief = problem.brief(folder / "brief.html", audience=study.study.audience, language=study.study.language)
    problem.save(folder / "record")
    if journey.board is not None:
        sheets = {
            "problems": journey.board.table,
            "look-alikes": journey.board.rejected,
            "who is calling": journey.board.reporting,
        }
        _workbook(folder / "board.xlsx", sheets)
    _workbook(folder / "audit.xlsx", _audit_sheets(journey.audits))
    return journey


def _read(file: StudyFile, journey: Journey, step: Step) -> _Tables:
    wanted = file.study.data
    areas = None
    if wanted.areas is not None:
        step("reading areas")
        areas = data.read_areas(file.path(wanted.areas, key="data.areas"))
    options: dict[str, Any] = {"tz": wanted.tz, "crs": wanted.crs}
    if wanted.calls is not None:
        step("reading calls")
        calls = data.read_calls(file.path(wanted.calls, key="data.calls"), profile=wanted.profile, **options)
    else:
        step(f"reading {wanted.source}")
        calls = data.read_events(
            file.path(str(wanted.events), key="data.events"), source=wanted.source, profile=wanted.profile, **options
        )
    calls = _gate(calls, "calls" if wanted.calls is not None else wanted.source, areas, journey, step)
    complaints = None
    if wanted.complaints is not None:
        step("reading complaints")
        complaints = data.read_complaints(file.path(wanted.complaints, key="data.complaints"), tz=wanted.tz)
        complaints = _gate(complaints, "complaints", areas, journey, step)
        complaints = complaints.to_crs(calls.crs) if complaints.crs != calls.crs else complaints
    return _Tables(calls, complaints, None if areas is None else areas.to_crs(calls.crs))


def _gate(events: gpd.GeoDataFrame, name: str, areas: gpd.GeoDataFrame | None, journey: Journey, step: Step) -> gpd.GeoDataFrame:
    """Audit a table, remember where it came from, and join the reports of one incident."""
    step(f"auditing {name}")
    journey.audits[name] = data.audit(events, areas=areas)
    merged = data.dedupe(events)
    journey.problem.scan.add(merged, journey.audits[name])
    return merged


def _as_of(
    tables: _Tables, as_of: str | None, period: tuple[str, str] | None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None, Any]:
    """Return what could be known at the end of a day, and the period to look at."""
    if as_of is None:
        return tables.calls, tables.complaints, period
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    seen = tables.calls[tables.calls["time"] < end]
    if seen.empty:
        raise InputError(
            f"`study.as_of` must lie after the first event. Got {as_of}; the first is of {tables.calls['time'].min():%Y-%m-%d}. Name a later day."
        )
    complaints = None if tables.complaints is None else tables.complaints[tables.complaints["time"] < end]
    if period is None:
        first, last, _ = resolve_period(tables.calls)
        period = (f"{first:%Y-%m-%d}", f"{min(last, end) - pd.Timedelta(days=1):%Y-%m-%d}")
    elif pd.Timestamp(period[1]) >= end:
        raise InputError(
            f"`scan.period` must end by `study.as_of`. Got {period[1]} and {as_of}. What came later was not known then."
        )
    return seen, complaints, period


def _off_defaults(events: gpd.GeoDataFrame, journey: Journey) -> gpd.GeoDataFrame:
    """Return the rows that are not on a default address: "not known where" must be neither a hot spot nor a similar place."""
    points = next(iter(journey.audits.values())).default_points
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    at_default = np.zeros(len(events), dtype=bool)
    for point in points.itertuples():
        at_default |= np.hypot(x - point.x, y - point.y) < _SAME_POINT
    return events[~at_default]


def _focus(seen: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None, focus: Any) -> gpd.GeoDataFrame:
    rows = seen
    if focus.where is not None:
        rows = rows[parse_predicate(focus.where, name="focus.where").select(rows, name="focus.where")]
    if focus.area is not None:
        if areas is None or focus.area not in set(areas["name"]):
            known = "no areas" if areas is None else ", ".join(map(str, areas["name"].head(12)))
            raise InputError(f"`focus.area` must be the name of an area. Got {focus.area!r}. Areas: {known}")
        rows = rows[(data.within(rows, areas) == focus.area).fillna(False).to_numpy(dtype=bool)]
        if rows.empty:
            raise InputError(f"`focus` must leave at least one row. Got none in {focus.area!r}. Check `focus.where`.")
    return rows


def _analyze(journey: Journey, focus: gpd.GeoDataFrame, tables: _Tables, file: StudyFile, period: Any, step: Step) -> None:
    add, region, cells = journey.problem.analyze, tables.areas, file.study.hotspots.cell_size
    found = {
        "clusters": _or_skip(journey, add, "clusters", lambda: hotspots.clusters(focus, area=region, period=period)),
        "gi_star": _or_skip(
            journey, add, "hot cells", lambda: hotspots.gi_star(focus, area=region, cell_size=cells, period=period)
        ),
    }
    if file.study.hotspots.method == "hot_places":
        found["hot_places"] = _or_skip(journey, add, "hot places", lambda: hotspots.hot_places(focus, area=region, period=period))
    journey.spots = found[file.study.hotspots.method]
    step("looking at weeks and hours")
    _or_skip(journey, add, "weeks", lambda: trends.series(focus, period=period))
    if record_of(focus).get("time_precision") in ("day", "month"):
        journey.skipped.append("hours of the week: the file has days, not hours")
    else:
        _or_skip(journey, add, "hours of the week", lambda: trends.clock(focus, period=period))
    _or_skip(journey, add, "repeats", lambda: analyze.repeats(focus, period=period))


def _respond(journey: Journey, focus: gpd.GeoDataFrame, file: StudyFile) -> None:
    study, wanted = file.study, file.study.respond
    assert wanted is not None
    placebo = study.assess is not None and study.assess.placebo
    design = respond.comparison(
        focus,
        treated=_treated(journey, focus, file),
        start=wanted.start,
        n=wanted.n,
        buffer=wanted.buffer,
        before=wanted.before,
        after=file.after,
    )
    journey.design = design.as_placebo() if placebo else design
    outcome = wanted.outcome or study.focus.where or f"source == '{focus['source'].iloc[0]}'"
    goal = wanted.goal or "Nothing was done: this tests what the method sees where there is nothing to see"
    journey.plan = respond.Plan(
        goal=goal, design=journey.design, outcome=outcome, target=wanted.target, by=wanted.by, also_watch=wanted.also_watch
    )
    for action in wanted.action:
        journey.plan.add_action(
            action.name,
            partner=action.partner,
            start=action.start or wanted.start,
            end=action.end,
            technique=action.technique,
            dose=action.dose,
        )
    journey.power = respond.power(focus, journey.plan)
    journey.plan.lock(as_of=study.study.as_of)
    journey.problem.respond.add(journey.plan, journey.power)


def _treated(journey: Journey, focus: gpd.GeoDataFrame, file: StudyFile) -> gpd.GeoDataFrame:
    wanted = file.study.respond
    if wanted is not None and wanted.treated is not None:
        return data.read_areas(file.path(wanted.treated, key="respond.treated")).to_crs(focus.crs)
    if journey.spots is None or not len(journey.spots.areas):
        raise NotEnoughDataError(
            'a response needs a place. Got no hot spot in the focus. Name one in a file: [respond] treated = "place.geojson"'
        )
    return journey.spots.areas.head(1)


def _or_skip(journey: Journey, stage: Any, what: str, method: Callable[[], Any]) -> Any:
    """Add a method's result, or note why there is too little for it; the journey goes on."""
    try:
        result = method()
    except NotEnoughDataError as error:
        journey.skipped.append(f"{what}: {error}")
        return None
    stage.add(result)
    return result


def _audit_sheets(audits: dict[str, Any]) -> dict[str, pd.DataFrame]:
    sheets: dict[str, pd.DataFrame] = {}
    for name, result in audits.items():
        sheets |= {f"{name} rows": result.waterfall, f"{name} findings": result.table, f"{name} rejects": result.rejects}
    return sheets


def _workbook(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in sheets.items():
            table = pd.DataFrame(frame.drop(columns=["geometry"], errors="ignore"))
            safe_frame(table).to_excel(book, sheet_name=name[:31], index=False)
