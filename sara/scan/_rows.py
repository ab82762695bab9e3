"""Which rows the board counts: as cells of equal rows with their number, and what needs the clock apart from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import located, record_of
from sara.core.keys import place_key
from sara.core.result import Counts
from sara.scan._defaults import default_rows

__all__ = ["ALARM", "COMMUNITY", "OFFICER", "WEEK", "Course", "Moments", "Read", "Rows", "codes_of", "counted", "read_rows"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COMMUNITY, OFFICER, ALARM, ADMINISTRATIVE = 0, 1, 2, 3
ORIGINS = {"community": COMMUNITY, "other": COMMUNITY, "officer": OFFICER, "alarm": ALARM, "administrative": ADMINISTRATIVE}
DAY = 86_400
WEEK = 7 * DAY
# A call left open overnight is a clock nobody stopped, not a day's work.
LONGEST_HANDLING = DAY


@dataclass(frozen=True)
class Rows:
    """Events of the period that have a location and a category, as codes; -1 is missing. Equal ones may stand in one entry with their number.

    Parameters
    ----------
    category, place, origin : array of int
        Codes into `categories` and `places`; origin is community (also where not published), officer, alarm or administrative.
    x, y : array of float
        Metres.
    n : array of int
        Rows of the table that the entry stands for.
    first : array of int
        Local seconds from the start of the period to the earliest of them.
    further : array of float
        Reports of their events after the first.
    duplicate, default, no_problem : array of bool
        Rows equal to an earlier one in every column but `id`; rows on a default location; rows of a kind that is not a problem by itself.
    """

    categories: tuple[str, ...]
    places: npt.NDArray[np.object_]
    category: Ints
    place: Ints
    origin: Ints
    x: Floats
    y: Floats
    n: Ints
    first: Ints
    further: Floats
    duplicate: Bools
    default: Bools
    no_problem: Bools

    @property
    def used(self) -> Bools:
        """Mark what the board counts."""
        return (self.origin == COMMUNITY) & ~self.duplicate & ~self.default & ~self.no_problem


@dataclass(frozen=True)
class Course:
    """What the clock says of some rows of one category.

    Parameters
    ----------
    n : int
        Rows.
    weekly : array of float
        Rows in each whole week of the period.
    clock : array of int, shape (7, 24)
        Rows by weekday (Monday 0) and hour, where the hour is known.
    first, last : int
        Seconds from the start of the period.
    handling : float
        Hours from arrival to close, added up; missing where not published.
    n_callers, top_caller : float
        Different callers, and the rows of the busiest; missing where not published.
    same_type : float
        Share of the rows with a type that have the most common one.
    """

    n: int
    weekly: Floats
    clock: Ints
    first: int
    last: int
    handling: float
    n_callers: float
    top_caller: float
    same_type: float


class Moments(Protocol):
    """Counts that need the time of each row: of a table in memory, or of an engine that has the rows."""

    def by_week(self, rows: Rows, n_weeks: int) -> Floats:
        """Return what is used of each category in each week."""

    def area_weeks(self, rows: Rows, area: Ints, wanted: Sequence[int], n_weeks: int) -> dict[int, Floats]:
        """Return what is used of all categories together in each week, for the areas wanted."""

    def courses(self, rows: Rows, members: Sequence[Ints], n_weeks: int) -> list[Course]:
        """Return the course of each group of entries of `rows`."""


@dataclass(frozen=True)
class Read:
    """A table as the board counts it: entries, moments, what became of every row, and what the table does not publish."""

    rows: Rows
    moments: Moments
    counts: Counts
    unknown_origin: float
    has_callers: bool


def read_rows(
    events: gpd.GeoDataFrame, start: pd.Timestamp, end: pd.Timestamp, *, defaults: gpd.GeoDataFrame, not_problems: Collection[str]
) -> Read:
    """Return the rows of a table in memory, one entry each, in the order of time."""
    time = events["time"].to_numpy(dtype="datetime64[us]")
    origin = events["origin"].astype(object).map(ORIGINS).fillna(COMMUNITY).to_numpy(dtype=np.int64)
    category = events["category"].astype(object)
    word = category.where(category.notna(), None).to_numpy(dtype=object)
    blank = category.isna().to_numpy()
    has_time = ~np.isnat(time)
    inside = has_time & (time >= np.datetime64(start)) & (time < np.datetime64(end))
    on_map = located(events)
    excluded = category.isin(list(not_problems)).to_numpy()
    duplicate = _repeated_rows(events, inside & on_map)
    default = default_rows(events, defaults)
    counts = counted(
        np.ones(len(events), dtype=np.int64), no_time=~has_time, outside=~inside, origin=origin, blank=blank, excluded=excluded,
        off_map=~on_map, duplicate=duplicate, default=default,
    )  # fmt: skip

    keep = np.flatnonzero(inside & on_map & ~blank)
    keep = keep[np.argsort(time[keep], kind="stable")]
    categories, category_code = np.unique(word[keep].astype(str), return_inverse=True)
    places, place_code = codes_of(place_key(events.iloc[keep]))
    seconds = (time[keep] - np.datetime64(start).astype(time.dtype)).astype(np.int64) // 1_000_000
    rows = Rows(
        categories=tuple(str(c) for c in categories),
        places=places,
        category=category_code.ravel().astype(np.int64),
        place=place_code,
        origin=origin[keep],
        x=events["x"].to_numpy(dtype=float, na_value=np.nan)[keep],
        y=events["y"].to_numpy(dtype=float, na_value=np.nan)[keep],
        n=np.ones(len(keep), dtype=np.int64),
        first=seconds,
        further=_reports_of(events)[keep] - 1,
        duplicate=duplicate[keep],
        default=default[keep],
        no_problem=excluded[keep],
    )
    caller = codes_of(events["caller"].iloc[keep])[1] if "caller" in events.columns else np.full(len(keep), -1, dtype=np.int64)
    moments = _RowMoments(
        seconds=seconds,
        hour=_hours(events, time)[keep],
        dow=(time[keep].astype("datetime64[D]").astype(np.int64) + 3) % 7,
        handling=_handling(events)[keep],
        caller=caller,
        type=pd.factorize(events["type"].iloc[keep].astype(object), use_na_sentinel=True)[0].astype(np.int64),
    )
    return Read(rows, moments, counts, float(events["origin"].isna().mean()), bool((caller >= 0).any()))


def counted(
    n: Ints, *, no_time: Bools, outside: Bools, origin: Ints, blank: Bools, excluded: Bools, off_map: Bools, duplicate: Bools, default: Bools
) -> Counts:  # fmt: skip
    """Say what became of every row: each is left out for the first reason that holds, in the order of the audit."""
    reasons = {
        "without a time": no_time,
        "outside the period": outside,
        "without a location": off_map,
        "on a default location": default,
        "started by an officer": origin == OFFICER,
        "from an alarm": origin == ALARM,
        "administrative": origin == ADMINISTRATIVE,
        "without a category": blank,
        "of a kind that is not a problem by itself": excluded,
        "the same row again": duplicate,
    }
    left, out = np.zeros(len(n), dtype=bool), {}
    for reason, mask in reasons.items():
        out[reason] = int(n[mask & ~left].sum())
        left |= mask
    return Counts(int(n.sum()), int(n[~left].sum()), out)


@dataclass(frozen=True)
class _RowMoments:
    """The clock of rows in memory, one entry each."""

    seconds: Ints
    hour: Floats
    dow: Ints
    handling: Floats
    caller: Ints
    type: Ints

    def by_week(self, rows: Rows, n_weeks: int) -> Floats:
        n_categories = len(rows.categories)
        used = np.flatnonzero(rows.used & (self.seconds // WEEK < n_weeks))
        flat = np.bincount(rows.category[used] * n_weeks + self.seconds[used] // WEEK, minlength=n_categories * n_weeks)
        return flat.reshape(n_categories, n_weeks).astype(float)

    def area_weeks(self, rows: Rows, area: Ints, wanted: Sequence[int], n_weeks: int) -> dict[int, Floats]:
        if not len(wanted):
            return {}
        used = np.flatnonzero(rows.used & (area >= 0) & (self.seconds // WEEK < n_weeks))
        n_areas = int(area.max()) + 1
        flat = np.bincount(area[used] * n_weeks + self.seconds[used] // WEEK, minlength=n_areas * n_weeks).astype(float)
        return {a: flat[a * n_weeks : (a + 1) * n_weeks] for a in wanted}

    def courses(self, rows: Rows, members: Sequence[Ints], n_weeks: int) -> list[Course]:
        return [self._course(at, int(rows.n[at].sum()), n_weeks) for at in members]

    def _course(self, at: Ints, n: int, n_weeks: int) -> Course:
        seconds, hour = self.seconds[at], self.hour[at]
        week = seconds // WEEK
        caller, kind, handling = self.caller[at], self.type[at], self.handling[at]
        per_caller = np.unique(caller[caller >= 0], return_counts=True)[1]
        per_type = np.unique(kind[kind >= 0], return_counts=True)[1]
        known = np.isfinite(hour)
        clock = np.bincount(self.dow[at][known] * 24 + hour[known].astype(np.int64), minlength=168)
        return Course(
            n=n,
            weekly=np.bincount(week[week < n_weeks], minlength=n_weeks).astype(float),
            clock=clock.reshape(7, 24).astype(np.int64),
            first=int(seconds.min()),
            last=int(seconds.max()),
            handling=float(np.nansum(handling)) / 3600 if np.isfinite(handling).any() else np.nan,
            n_callers=float(len(per_caller)) if len(per_caller) else np.nan,
            top_caller=float(per_caller.max()) if len(per_caller) else np.nan,
            same_type=float(per_type.max() / per_type.sum()) if len(per_type) else np.nan,
        )


def codes_of(values: pd.Series) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the sorted words and a code per row, so that codes do not depend on the order of rows."""
    codes, found = pd.factorize(values.astype(object), use_na_sentinel=True)
    words = np.asarray(found, dtype=object)
    order = np.argsort(words.astype(str), kind="stable")
    place = np.empty(len(words) + 1, dtype=np.int64)
    place[order] = np.arange(len(words))
    place[-1] = -1
    return words[order], place[codes]


def _reports_of(calls: pd.DataFrame) -> Floats:
    """Return how many people reported each event; 1 where the reports of one event were not merged."""
    if "n_reports" not in calls.columns:
        return np.ones(len(calls))
    return pd.to_numeric(calls["n_reports"], errors="coerce").fillna(1).clip(lower=1).to_numpy(dtype=float)


def _hours(events: gpd.GeoDataFrame, time: npt.NDArray[np.datetime64]) -> Floats:
    if record_of(events).get("time_precision") in ("day", "month"):
        return np.full(len(events), np.nan)
    if "hour" in events.columns:
        return events["hour"].to_numpy(dtype=float, na_value=np.nan)
    out = ((time.astype("datetime64[h]") - time.astype("datetime64[D]")).astype(float)).astype(np.float64)
    out[np.isnat(time)] = np.nan
    return out


def _handling(events: gpd.GeoDataFrame) -> Floats:
    """Return the whole seconds from arrival to close, where both are published and in order."""
    if not {"arrived", "closed"} <= set(events.columns):
        return np.full(len(events), np.nan)
    arrived, closed = (events[c].to_numpy(dtype="datetime64[us]") for c in ("arrived", "closed"))
    seconds = (closed - arrived).astype("timedelta64[s]").astype(float)
    return np.where(np.isnat(arrived) | np.isnat(closed) | (seconds < 0) | (seconds > LONGEST_HANDLING), np.nan, seconds)


def _repeated_rows(events: gpd.GeoDataFrame, among: Bools) -> Bools:
    """Mark rows equal to an earlier one in every column but `id`; where times are dates, equal rows may be two events and none is marked."""
    out = np.zeros(len(events), dtype=bool)
    if record_of(events).get("time_precision") in ("day", "month"):
        return out
    rows = np.flatnonzero(among)
    few = pd.DataFrame(
        {"t": events["time"].to_numpy()[rows], "x": events["x"].to_numpy()[rows], "y": events["y"].to_numpy()[rows]}
    )
    rows = rows[few.duplicated(keep=False).to_numpy()]
    columns = [c for c in events.columns if c not in ("id", "geometry", "merged_ids") and c != events.geometry.name]
    out[rows] = pd.DataFrame(events)[columns].iloc[rows].astype(str).duplicated().to_numpy()
    return out
