"""The quality gate: a waterfall of rows, and what is suspicious."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_areas, check_events, located, record_of
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Setting
from sara.core.source import as_source, is_source
from sara.data._rejects import rejects_of
from sara.data._text import uniques_of
from sara.data.places import area_numbers
from sara.data.quality import findings, strays
from sara.data.quality import times as in_time
from sara.data.quality.duplicates import duplicates
from sara.data.quality.geocoding import geocoding_rates
from sara.data.quality.ground import Finding, Ground
from sara.data.quality.reading import supposed
from sara.data.quality.result import AuditResult
from sara.data.quality.stacks import (
    ADDRESS_FACTOR,
    LEAST,
    LEAST_ADDRESSES,
    MIX_RATIO,
    SIZE_RATIO,
    default_points,
    rows_at,
    stack_numbers,
)
from sara.data.quality.strays import FAR, FOREIGN, far_box

__all__ = ["audit"]

# More rows of a source than this are not brought into memory to be audited: at ten million the whole process stays under 3.5 GB.
MOST_ROWS = 12_000_000


def audit(events: Any, *, areas: gpd.GeoDataFrame | None = None) -> AuditResult:
    """Say how many rows can be used, which were set aside and why, and what is suspicious.

    Answers "can I trust this file?". Look at it before any map: a dispatcher's default address makes a better hot spot than any bar.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        An event table, from `sara.read_calls` or `sara.as_events`, or what `sara.open_events` opens (up to 12,000,000 rows).
    areas : GeoDataFrame, optional
        The city, as named areas from `sara.read_areas`, in any coordinate reference system. Rows outside all of them are counted. Where hardly a
        point lies inside, the areas are of another city: that is said, and they are not used.

    Returns
    -------
    AuditResult
        ``table``: one row per finding, with ``kind``, ``finding``, ``n``, ``share``, ``severity``, ``why``, ``action``, ``overrule``. Besides,
        ``waterfall``, ``default_points``, ``geocoding``, ``coverage`` and ``rejects``. Nothing is taken out of `events`.

    Raises
    ------
    InputError
        If `events` is not an event table in metres, or `areas` are not polygons.

    Notes
    -----
    **Waterfall.** Every row read is counted once, at the first reason that holds: not readable, merged by `sara.dedupe`, no time, no location, outside the
    coverage, far from the city (or outside the areas), at a default address, started by an officer, the office's own work.

    **Default points.** A stack of at least 30 rows on one coordinate is a default point if (1) at least 10 different addresses share it, and 4 times
    more than 99 % of the file's other stacks have; or if it has at least twice the rows its rank would have on the line through ranks
    20 to 200 (log size on log rank) and (2) its mix of types is that of the whole file, as a random draw would be (overlap at least 85 % of that of
    a random draw), or (3) at least half of its rows are the office's own work: a station; or (4) it holds 0.5 % of the rows with that mix (90 %) where
    hardly another of the 60 biggest stacks has it. A busy bar, mall or apartment block has a mix of its own and stays. A default address in a
    file of one type can only be found by (1).

    What reading the whole file found is on the table's record, and is used for every part of it.

    **Geocoding.** The share with a location, by category, type and the publisher's area, each compared with all other rows (difference of two
    shares, groups of at least 30 rows), corrected after Benjamini and Hochberg; "low" also needs to be 5 points lower. It is told as a finding
    where Cramer's V, the strength of the tie between group and location, is 0.1 or more, and the missing rows are 0.5 % of the file.

    **Far points.** More than 10 robust standard deviations (1.4826 times the median absolute deviation) from the median, in x or in y.

    **Smallest cell.** Twice the coarsest of: the last decimal of the published degrees; the side of the lattice on which the points lie (30 % of the
    points of the city's middle have their nearest neighbour equally far); 100 m where most places are hundred blocks or most rows lie on points that
    three houses of a street share.

    **Gaps** are runs of days without a row where 20 or more were due by their weekdays; an office closed on Sundays has none.

    References
    ----------
    Ratcliffe (2004), Geocoding crime and a first estimate of a minimum acceptable hit rate. International Journal of Geographical Information
    Science 18(1), 61-72. doi:10.1080/13658810310001596076

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data.audit import audit
    >>> from sara.data.schema import as_events
    >>> table = pd.DataFrame({
    ...     "when": ["2024-03-01 23:10", "2024-03-02 02:00", "not known"], "what": ["FIGHT", "NOISE", "FIGHT"],
    ...     "lon": [-88.9, None, -88.9], "lat": [40.9, None, 40.9]})
    >>> gate = audit(as_events(table, time="when", type="what", lon="lon", lat="lat"))
    >>> gate.waterfall["n"].tolist(), len(gate.rejects)
    ([3, 1, 1, 1], 1)
    """
    if is_source(events):
        events = as_source(events).load(limit=MOST_ROWS, compact=True)  # type: ignore[union-attr]
    check_events(events)
    if areas is not None:
        areas = check_areas(areas, crs=events.crs)
    ground = _ground(events, areas)
    steps, counts = _waterfall(events, ground)
    rates = geocoding_rates(events, ground.has_place)
    found = _findings(events, ground, rates, steps)
    table = _table(found, len(events))
    return AuditResult(
        table=table,
        settings=_settings(ground),
        counts=counts,
        cautions=tuple(finding.finding for finding in found if finding.severity == "serious"),
        waterfall=steps,
        default_points=ground.defaults,
        geocoding=rates,
        coverage=ground.coverage,
        rejects=ground.rejects,
        title=" and ".join(sorted(str(word) for word in uniques_of(events["source"])[1])) or "events",
        source=str(record_of(events).get("file") or ""),
        located={
            "rows": len(events), "located": int(ground.has_place.sum()), "mapped": int((ground.has_place & ~ground.far & ~ground.at_default).sum()),
            "rank_of_default": ground.rank_of_default,
        },
    )  # fmt: skip


def _ground(events: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> Ground:
    """Work out once what several findings and the waterfall need."""
    has_time = events["time"].notna().to_numpy()
    has_place = located(events)
    covered, setting, coverage = np.ones(len(events), bool), None, None
    if has_time.any():
        start, end, setting = resolve_period(events)
        coverage, covered = (start, end), in_period(events["time"], start, end)
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    box = far_box(x, y, has_place)
    far = has_place & ~_in_box(x, y, box) if box else np.zeros(len(events), bool)
    outside, inside = np.zeros(len(events), bool), 1.0
    if areas is not None and has_place.any():
        outside = has_place & (area_numbers(x, y, areas.geometry.to_numpy()) < 0)
        inside = float((~outside[has_place & ~far]).mean())
    foreign = inside < FOREIGN
    stack = stack_numbers(events)
    defaults = default_points(events)
    at_default, rank = _at_points(events, stack, defaults)
    return Ground(
        has_time, has_place, covered, far, outside & (not foreign), at_default, stack, defaults, rank, coverage, setting, rejects_of(events),
        areas is not None, inside, foreign, box, in_time.rows_per_day(events, coverage, covered & has_time),
    )  # fmt: skip


def _in_box(x: np.ndarray, y: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    west, east, south, north = box
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


def _at_points(events: gpd.GeoDataFrame, stack: np.ndarray, defaults: gpd.GeoDataFrame) -> tuple[np.ndarray, int]:
    """Return which rows lie on a default point, and the rank of the biggest one among all stacks (0 if there is none)."""
    if len(defaults) == 0:
        return np.zeros(len(events), bool), 0
    at = rows_at(events, defaults[["x", "y"]].to_numpy())
    sizes = np.bincount(stack[stack >= 0])
    return at >= 0, int((sizes > defaults["n"].iloc[0]).sum()) + 1


def _waterfall(events: gpd.GeoDataFrame, ground: Ground) -> tuple[pd.DataFrame, Counts]:
    """Count every row once, at the first reason that holds."""
    record = record_of(events)
    codes, words = uniques_of(events["origin"])
    started = {word: np.append(words == word, False)[codes] for word in ("officer", "administrative")}
    masks = {
        "without a time": ~ground.has_time,
        "without a location": ~ground.has_place,
        "outside the coverage": ~ground.covered,
        "far from the city": ground.far,
        "outside the areas": ground.outside,
        "at a default address": ground.at_default,
        "started by an officer": started["officer"],
        "the office's own work": started["administrative"],
    }
    left_out: dict[str, int] = {}
    if _is_whole(events, record, ground):
        reasons = ground.rejects["reason"].astype(str).value_counts().sort_index().sort_values(ascending=False, kind="stable")
        left_out.update({f"rejected: {reason}": int(n) for reason, n in reasons.items()})
        left_out["merged by dedupe"] = int(record.get("merged", 0))
    open_ = np.ones(len(events), bool)
    for reason, mask in masks.items():
        hit = open_ & np.asarray(mask, dtype=bool)
        left_out[reason] = int(hit.sum())
        open_ &= ~hit
    left_out = {reason: n for reason, n in left_out.items() if n}
    usable = int(open_.sum())
    total = usable + sum(left_out.values())
    left = total - np.cumsum([0, *left_out.values(), 0])
    steps = pd.DataFrame(
        {"step": ["rows read", *left_out, "rows that can be used"], "n": [total, *left_out.values(), usable], "left": left}
    )
    return steps, Counts(total, usable, left_out)


def _is_whole(events: pd.DataFrame, record: dict[str, object], ground: Ground) -> bool:
    """Whether the table is all of its file: then the rejected and merged rows belong to its count."""
    read = record.get("rows_read")
    return read is not None and len(events) + len(ground.rejects) + int(str(record.get("merged", 0))) == int(str(read))


def _findings(events: gpd.GeoDataFrame, ground: Ground, rates: pd.DataFrame, steps: pd.DataFrame) -> list[Finding]:
    return [
        *findings.rows(events, steps),
        *findings.default_points(ground),
        *in_time.coverage(events, ground),
        *findings.geocoding(events, ground, rates),
        *strays.location(events, ground),
        *findings.precise(events, ground),
        *in_time.reading(events),
        *supposed(events),
        *in_time.order(events),
        *in_time.heaping(events),
        *in_time.lag(events, ground),
        *in_time.types(events, ground),
        *duplicates(events),
        *findings.origin(events),
    ]


def _table(found: list[Finding], n: int) -> pd.DataFrame:
    columns = ["kind", "finding", "n", "share", "severity", "why", "action", "overrule"]
    rows = [(f.kind, f.finding, int(f.n), f.n / n, f.severity, f.why, f.action, f.overrule) for f in found]
    return pd.DataFrame(rows, columns=columns)


def _settings(ground: Ground) -> dict[str, Setting]:
    settings = {
        "default points": Setting(
            f"{LEAST} rows or more; {LEAST_ADDRESSES} addresses or more and {ADDRESS_FACTOR} times the 99th percentile; or {SIZE_RATIO:g} times the size of its rank and a mix of {MIX_RATIO:g} or more",
            "sara", "on published files of five cities these find the stations and stand-ins, and no mall, bar or apartment block",
        ),
        "far": Setting(f"{FAR:g} robust standard deviations", "sara", "farther than any suburb"),
    }  # fmt: skip
    if ground.coverage_setting is not None:
        settings["coverage"] = ground.coverage_setting
    return settings
