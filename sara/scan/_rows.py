"""Which rows the board counts, and every row as small numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import located, record_of
from sara.core.keys import place_key
from sara.core.result import Counts

__all__ = ["Rows", "read_rows"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COMMUNITY, OFFICER, ALARM, ADMINISTRATIVE = 0, 1, 2, 3
_ORIGINS = {"community": COMMUNITY, "other": COMMUNITY, "officer": OFFICER, "alarm": ALARM, "administrative": ADMINISTRATIVE}
WEEK = 7 * 86_400


@dataclass(frozen=True)
class Rows:
    """Events of the period that have a location and a category, as codes; -1 is missing.

    Parameters
    ----------
    category, place, caller, origin : array of int
        Codes into `categories` and `places`; origin is community (also where not published), officer, alarm or administrative.
    seconds : array of int
        Local seconds since the start of the period.
    hour, dow : array of float
        Hour of day (missing where times are dates) and weekday, Monday 0.
    handling : array of float
        Hours from arrival to close, missing where not published.
    duplicate, default, no_problem : array of bool
        Rows equal to an earlier one in every column but `id`; rows on a default location; rows of a kind that is not a problem by itself.
    row : array of int
        Position of each row in the table given, in the order of time.
    """

    categories: tuple[str, ...]
    places: npt.NDArray[np.object_]
    category: Ints
    place: Ints
    caller: Ints
    origin: Ints
    x: Floats
    y: Floats
    seconds: Ints
    hour: Floats
    dow: Ints
    handling: Floats
    duplicate: Bools
    default: Bools
    no_problem: Bools
    row: Ints

    @property
    def used(self) -> Bools:
        """Mark the rows that the board counts."""
        return (self.origin == COMMUNITY) & ~self.duplicate & ~self.default & ~self.no_problem


def read_rows(
    events: gpd.GeoDataFrame, start: pd.Timestamp, end: pd.Timestamp, *, default: Bools, not_problems: Collection[str]
) -> tuple[Rows, Counts]:
    """Return the rows a board can use as codes, and what became of every row."""
    time = events["time"].to_numpy(dtype="datetime64[us]")
    origin = events["origin"].astype(object).map(_ORIGINS).fillna(COMMUNITY).to_numpy(dtype=np.int64)
    category = events["category"].astype(object)
    word = category.where(category.notna(), None).to_numpy(dtype=object)
    blank = category.isna().to_numpy()
    has_time = ~np.isnat(time)
    inside = has_time & (time >= np.datetime64(start)) & (time < np.datetime64(end))
    on_map = located(events)
    excluded = category.isin(list(not_problems)).to_numpy()
    duplicate = _repeated_rows(events, inside & on_map)
    reasons = {
        "without a time": ~has_time,
        "outside the period": ~inside,
        "started by an officer": origin == OFFICER,
        "from an alarm": origin == ALARM,
        "administrative": origin == ADMINISTRATIVE,
        "without a category": blank,
        "of a kind that is not a problem by itself": excluded,
        "without a location": ~on_map,
        "the same row again": duplicate,
        "on a default location": default,
    }
    left, counted = np.zeros(len(events), dtype=bool), {}
    for reason, mask in reasons.items():
        counted[reason] = int((mask & ~left).sum())
        left |= mask
    counts = Counts(len(events), int((~left).sum()), counted)

    keep = np.flatnonzero(inside & on_map & ~blank)
    keep = keep[np.argsort(time[keep], kind="stable")]
    categories, category_code = np.unique(word[keep].astype(str), return_inverse=True)
    places, place_code = _codes(place_key(events.iloc[keep]))
    rows = Rows(
        categories=tuple(str(c) for c in categories),
        places=places,
        category=category_code.ravel().astype(np.int64),
        place=place_code,
        caller=_codes(events["caller"].iloc[keep])[1] if "caller" in events.columns else np.full(len(keep), -1, dtype=np.int64),
        origin=origin[keep],
        x=events["x"].to_numpy(dtype=float, na_value=np.nan)[keep],
        y=events["y"].to_numpy(dtype=float, na_value=np.nan)[keep],
        seconds=(time[keep] - np.datetime64(start).astype(time.dtype)).astype(np.int64) // 1_000_000,
        hour=_hours(events, time)[keep],
        dow=((time[keep].astype("datetime64[D]").astype(np.int64) + 3) % 7),
        handling=_handling(events)[keep],
        duplicate=duplicate[keep],
        default=default[keep],
        no_problem=excluded[keep],
        row=keep,
    )
    return rows, counts


def _codes(values: pd.Series) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the sorted words and a code per row, so that codes do not depend on the order of rows."""
    codes, found = pd.factorize(values.astype(object), use_na_sentinel=True)
    words = np.asarray(found, dtype=object)
    order = np.argsort(words.astype(str), kind="stable")
    place = np.empty(len(words) + 1, dtype=np.int64)
    place[order] = np.arange(len(words))
    place[-1] = -1
    return words[order], place[codes]


def _hours(events: gpd.GeoDataFrame, time: npt.NDArray[np.datetime64]) -> Floats:
    if record_of(events).get("time_precision") == "day":
        return np.full(len(events), np.nan)
    if "hour" in events.columns:
        return events["hour"].to_numpy(dtype=float, na_value=np.nan)
    out = ((time.astype("datetime64[h]") - time.astype("datetime64[D]")).astype(float)).astype(np.float64)
    out[np.isnat(time)] = np.nan
    return out


def _handling(events: gpd.GeoDataFrame) -> Floats:
    """Return the hours from arrival to close, where both are published and in order."""
    if not {"arrived", "closed"} <= set(events.columns):
        return np.full(len(events), np.nan)
    arrived, closed = (events[c].to_numpy(dtype="datetime64[us]") for c in ("arrived", "closed"))
    hours = (closed - arrived).astype("timedelta64[s]").astype(float) / 3600
    # A call left open overnight is a clock nobody stopped, not a day's work.
    return np.where(np.isnat(arrived) | np.isnat(closed) | (hours < 0) | (hours > 24), np.nan, hours)


def _repeated_rows(events: gpd.GeoDataFrame, among: Bools) -> Bools:
    """Mark rows equal to an earlier one in every column but `id`; where times are dates, equal rows may be two events and none is marked."""
    out = np.zeros(len(events), dtype=bool)
    if record_of(events).get("time_precision") == "day":
        return out
    rows = np.flatnonzero(among)
    few = pd.DataFrame(
        {"t": events["time"].to_numpy()[rows], "x": events["x"].to_numpy()[rows], "y": events["y"].to_numpy()[rows]}
    )
    rows = rows[few.duplicated(keep=False).to_numpy()]
    columns = [c for c in events.columns if c not in ("id", "geometry", "merged_ids") and c != events.geometry.name]
    out[rows] = pd.DataFrame(events)[columns].iloc[rows].astype(str).duplicated().to_numpy()
    return out
