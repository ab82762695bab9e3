"""What is handed to `comparison`, made plain: the rows before the start, the baseline's months, one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.checks import check_areas, check_enough, located
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts
from sara.core.units import offset, period
from sara.respond._pool import LEAST_EVENTS

__all__ = ["Rows", "baseline_months", "chosen_window", "covered_edges", "months_of", "one_place", "rows_before"]

_LEAST_MONTHS = 3
# A file's last day may be short by a night; more than this and its last month is not whole.
_SLACK = pd.Timedelta(days=2)


@dataclass(frozen=True)
class Rows:
    """The rows a design may see, how many were left out, the last event known, and which rows those are."""

    known: gpd.GeoDataFrame
    counts: Counts
    last: pd.Timestamp
    used: np.ndarray


def rows_before(
    events: gpd.GeoDataFrame, first: pd.Timestamp, begin: pd.Timestamp, covered: tuple[pd.Timestamp, pd.Timestamp]
) -> Rows:
    """Return the located events from `first` up to `begin`, and the last event of the covered time: what could have been known."""
    time = events["time"].to_numpy(dtype="datetime64[us]")
    timed = ~np.isnat(time)
    late = timed & (time >= np.datetime64(begin))
    early = timed & (time < np.datetime64(first))
    use = timed & ~late & ~early
    here = located(events)
    left_out = {
        "without a time": int((~timed).sum()),
        "on or after the start of the response": int(late.sum()),
        "before the baseline": int(early.sum()),
        "without a location": int((use & ~here).sum()),
    }
    used = use & here
    check_enough(int(used.sum()), LEAST_EVENTS, method="comparison", what="events with a location before the start")
    # A far-future slip of the pen must not count as having seen the outcome.
    seen = timed & (time >= np.datetime64(covered[0])) & (time < np.datetime64(covered[1]))
    return Rows(
        events.loc[used, ["time", "x", "y"]], Counts(len(events), int(used.sum()), left_out), pd.Timestamp(time[seen].max()), used
    )


def covered_edges(edges: list[pd.Timestamp], end: pd.Timestamp) -> list[pd.Timestamp]:
    """Return the edges of the months that the file covers: a plan may be made months ahead, and what is to come is not zero."""
    there = [edge for edge in edges if edge <= end + _SLACK]
    if len(there) <= _LEAST_MONTHS:
        raise NotEnoughDataError(
            f"comparison needs at least {_LEAST_MONTHS} whole months of events in the baseline. Got {max(len(there) - 1, 0)} (the events end on "
            f"{end - pd.Timedelta(days=1):%Y-%m-%d}, the response starts on {edges[-1]:%Y-%m-%d}). Read later events, or set a longer baseline with before=."
        )
    return there


def baseline_months(asked: int, first: pd.Timestamp, begin: pd.Timestamp) -> int:
    """Return how many months before the start there are, at most those asked for; whole years where there is one."""
    there = 0
    while there < asked and begin - pd.DateOffset(months=there + 1) >= first.normalize():
        there += 1
    if there < _LEAST_MONTHS:
        raise NotEnoughDataError(
            f"comparison needs at least {_LEAST_MONTHS} months before the start. Got {there} (the events begin on {first:%Y-%m-%d}, the response on {begin:%Y-%m-%d}). "
            "Read earlier events."
        )
    return there if there == asked or there < 12 else there - there % 12


def chosen_window(treated: Any, chosen_on: Any) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the window that chose the place: as told, else as the place remembers."""
    if chosen_on is not None:
        return period(chosen_on, name="chosen_on")
    record = getattr(treated, "attrs", {}).get("sara", {})
    window = record.get("period") if isinstance(record, dict) else None
    return None if not window else (pd.Timestamp(window[0]), pd.Timestamp(window[1]))


def one_place(treated: Any, events: gpd.GeoDataFrame) -> tuple[BaseGeometry, str]:
    """Return one geometry in the CRS of the events, and its name."""
    if isinstance(treated, BaseGeometry):
        if treated.is_empty:
            raise InputError("`treated` must be a polygon with an area. Got an empty one. Hand in the outline of the place.")
        low_x, low_y, high_x, high_y = treated.bounds
        x, y = events["x"].to_numpy(float, na_value=np.nan), events["y"].to_numpy(float, na_value=np.nan)
        among = bool(((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)).any())
        if not among and low_x >= -180 and high_x <= 180 and low_y >= -90 and high_y <= 90:
            raise InputError(
                f"`treated` must be in the CRS of `events`. Got what looks like longitude and latitude ({low_x:.4f}, {low_y:.4f}). Write treated=geopandas.GeoSeries([geometry], crs=4326)"
            )
        treated = gpd.GeoSeries([treated], crs=events.crs)
    areas = check_areas(treated, name="treated", crs=events.crs)
    place = shapely.union_all(shapely.make_valid(areas.geometry.to_numpy()))
    if place.is_empty or place.area == 0:
        raise InputError(
            "`treated` must be a polygon with an area. Got an empty one. Buffer points or lines first: treated.buffer(50)"
        )
    if len(areas) == 1 and "name" in areas.columns and not pd.isna(areas["name"].iloc[0]):
        return place, str(areas["name"].iloc[0])
    return place, "place of the response" if len(areas) == 1 else f"{len(areas)} areas of the response"


def months_of(value: object, name: str) -> int:
    """Return a number of whole months from an offset such as ``"24MS"``."""
    if not isinstance(value, (str, pd.DateOffset)):
        raise InputError(f"`{name}` must be a number of whole months as text. Got {value!r}. Write '12MS' (12 months) or '24MS'")
    step = offset(value, name=name)  # type: ignore[arg-type]
    kind = type(step).__name__
    months = {"MonthBegin": 1, "MonthEnd": 1, "QuarterBegin": 3, "QuarterEnd": 3, "YearBegin": 12, "YearEnd": 12}.get(
        kind, 0
    ) * int(getattr(step, "n", 1))
    if months < 1:
        raise InputError(f"`{name}` must be a number of whole months. Got {value!r}. Write '12MS' (12 months) or '24MS'")
    return months
