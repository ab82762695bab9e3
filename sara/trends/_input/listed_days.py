"""A list of days on which something took place, read from what people have: a calendar, a table, a dict, or the federal holidays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError, suggest
from sara.core.units import metres, timestamp
from sara.trends._input.lawful import is_lawful_day

__all__ = ["US_HOLIDAYS", "Days", "clock_hours", "days_of", "us_holidays"]

Times = npt.NDArray[np.datetime64]

US_HOLIDAYS = "us-holidays"
_NAMES = {
    "date": ("date", "day", "when", "event_date", "game_date", "start_date"), "date_to": ("date_to", "end_date", "last_day"),
    "name": ("name", "event", "title", "summary", "description"), "kind": ("kind", "type", "category"), "start": ("start", "start_time", "from", "begins"),
    "end": ("end", "end_time", "to", "ends"), "x": ("x",), "y": ("y",), "lon": ("lon", "longitude", "lng"), "lat": ("lat", "latitude"), "radius": ("radius",),
}  # fmt: skip
_LONGEST_ROW = 31
_SHORT = {
    "Birthday of Martin Luther King, Jr.": "Martin Luther King Jr. Day", "Juneteenth National Independence Day": "Juneteenth",
    "Washington's Birthday": "Presidents' Day",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Days:
    """One entry per day: its date, names, own clock times (minutes after midnight; NaN for none), and a place in metres (NaN for all of the area)."""

    date: Times
    name: npt.NDArray[Any]
    kind: npt.NDArray[Any]
    begins: npt.NDArray[np.float64]
    ends: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    radius: npt.NDArray[np.float64]
    lawful: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.date)

    @property
    def placed(self) -> bool:
        """Whether any has a place."""
        return bool(np.isfinite(self.x).any())


def us_holidays(first: pd.Timestamp, last: pd.Timestamp, *, observed: bool = False) -> pd.DataFrame:
    """Return the federal holidays of the United States: ``date``, ``name``; on their own date, or on the day off."""
    from pandas.tseries.holiday import Holiday, USFederalHolidayCalendar

    out = []
    for rule in USFederalHolidayCalendar.rules:
        own = Holiday(
            rule.name, month=rule.month, day=rule.day, offset=rule.offset, start_date=rule.start_date, end_date=rule.end_date
        )
        for date in (rule if observed else own).dates(first, last):
            out.append((date.normalize(), _SHORT.get(rule.name, rule.name)))
    return pd.DataFrame(sorted(out), columns=["date", "name"])


def days_of(given: Any, first: pd.Timestamp, last: pd.Timestamp, *, crs: Any, radius: Any) -> Days:
    """Read a list of days.

    Parameters
    ----------
    given : DataFrame, dict, sequence of dates, or "us-holidays"
        As the user handed it in.
    first, last : Timestamp
        The period, for holidays.
    crs : object
        Of the events, for places.
    radius : float or str, optional
        Around a place, where the table has none.
    """
    if isinstance(given, str) and given == US_HOLIDAYS:
        return _of_table(us_holidays(first, last).assign(kind="holiday"), crs=crs, radius=radius)
    if isinstance(given, Mapping):
        given = pd.DataFrame({"date": list(given), "name": list(given.values())})
    elif (
        not isinstance(given, pd.DataFrame)
        and isinstance(given, Sequence | pd.Series | pd.DatetimeIndex | np.ndarray)
        and not isinstance(given, str)
    ):
        given = pd.DataFrame({"date": list(given)})
    if not isinstance(given, pd.DataFrame):
        raise InputError(
            f"`days` must be a table with a column date, a dict of date to name, dates, or {US_HOLIDAYS!r}. Got {given!r}. Write days=[('2024-07-04')] or a table with date, name, kind"
        )
    if len(given) == 0:
        raise InputError("`days` has no rows. Write a table with the columns date, name, kind")
    return _of_table(given, crs=crs, radius=radius)


def _column(table: pd.DataFrame, what: str) -> pd.Series | None:
    lower = {str(column).strip().lower(): column for column in table.columns}
    for name in _NAMES[what]:
        if name in lower and not (what == "date_to" and name == "end"):
            return table[lower[name]].reset_index(drop=True)
    return None


def _of_table(table: pd.DataFrame, *, crs: Any, radius: Any) -> Days:
    date = _column(table, "date")
    if date is None:
        have = ", ".join(map(str, table.columns[:20]))
        raise InputError(
            f"`days` must have a column date.{suggest('date', table.columns)} Got columns: {have}. Write: days = days.rename(columns={{'...': 'date'}})"
        )
    dates = pd.Series([timestamp(value, name="days") for value in date])
    count = len(dates)
    name = _text(_column(table, "name"), count)
    kind = np.array([text.strip().lower() for text in _text(_column(table, "kind"), count)], dtype=object)
    lawful = np.array([is_lawful_day(k, n) for k, n in zip(kind, name, strict=True)], dtype=bool)
    kind = np.where(kind == "", "event", kind)
    name = np.where(name == "", kind, name)
    begins, ends = _clock(_column(table, "start"), count, name="start"), _clock(_column(table, "end"), count, name="end")
    ends = np.where(ends <= begins, ends + 1440, ends)
    x, y, reach = _places(table, count, crs=crs, radius=radius)
    out = {
        "date": dates.dt.normalize().to_numpy(dtype="datetime64[us]"),
        "name": name,
        "kind": kind,
        "begins": begins,
        "ends": ends,
        "x": x,
        "y": y,
        "radius": reach,
        "lawful": lawful,
    }
    more = _column(table, "date_to")
    if more is not None:
        out = _spread(out, [pd.NaT if pd.isna(v) else timestamp(v, name="days") for v in more])
    # The same in another order of rows is the same list.
    frame = pd.DataFrame(out)
    frame = frame.drop_duplicates().sort_values(
        ["date", "kind", "name", "begins", "ends", "x", "y"], kind="stable", na_position="first"
    )
    return Days(**{key: frame[key].to_numpy() for key in out})


def _spread(out: dict[str, Any], last: list[Any]) -> dict[str, Any]:
    """Make one row per day of those that run over several days."""
    first = pd.DatetimeIndex(out["date"])
    lengths = np.array([1 if pd.isna(b) else (b.normalize() - a).days + 1 for a, b in zip(first, last, strict=True)])
    if (lengths < 1).any() or (lengths > _LONGEST_ROW).any():
        row = int(np.flatnonzero((lengths < 1) | (lengths > _LONGEST_ROW))[0])
        raise InputError(
            f"`days` must have each date_to on or up to {_LONGEST_ROW} days after its date. Got {last[row]} after {first[row]:%Y-%m-%d} in row {row}."
        )
    at = np.repeat(np.arange(len(first)), lengths)
    step = np.arange(len(at)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return {key: values[at] + step * np.timedelta64(1, "D") if key == "date" else values[at] for key, values in out.items()}


def _text(values: pd.Series | None, count: int) -> npt.NDArray[Any]:
    if values is None:
        return np.full(count, "", dtype=object)
    return np.array(["" if pd.isna(v) else str(v).strip() for v in values], dtype=object)


def _clock(values: pd.Series | None, count: int, *, name: str) -> npt.NDArray[np.float64]:
    """Return minutes after midnight of times such as "19:05", 19.5 (hours) or a moment."""
    out = np.full(count, np.nan)
    for k, value in enumerate(values if values is not None else ()):
        if not pd.isna(value):
            out[k] = _minutes(value, name=name)
    return out


def _minutes(value: Any, *, name: str) -> float:
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        minutes = 60 * float(value)
    elif hasattr(value, "hour") and hasattr(value, "minute"):
        minutes = 60 * value.hour + value.minute
    else:
        match = re.search(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap]\.?m\.?)?\s*$", str(value).strip(), re.IGNORECASE)
        minutes = float("nan")
        if match:
            half = (match[3] or "").lower()[:1]
            hour = int(match[1]) % 12 + 12 * (half == "p") if half else int(match[1])
            minutes = 60 * hour + int(match[2])
    if not 0 <= minutes <= 2 * 1440:
        raise InputError(
            f"`{name}` must be a time of day. Got {value!r}. Write '19:05', or hours after midnight: 19, 26 for 2 the next morning."
        )
    return minutes


def clock_hours(hours: Any) -> tuple[float, float]:
    """Return the hours of the day that count, in minutes after midnight; those past midnight belong to the day before.

    Examples
    --------
    >>> clock_hours(("18:00", "02:00")), clock_hours(None)
    ((1080.0, 1560.0), (0.0, 1440.0))
    """
    if hours is None:
        return 0.0, 1440.0
    if isinstance(hours, str) or not hasattr(hours, "__len__") or len(hours) != 2:
        raise InputError(f"`hours` must be a pair. Got {hours!r}. Write hours=(18, 26) or ('18:00', '02:00')")
    first, last = (float(_minutes(value, name="hours")) for value in hours)
    last = last + 1440 if last <= first else last
    if first >= 1440 or last - first > 1440:
        raise InputError(f"`hours` must begin on the day and last up to 24 hours. Got {hours!r}. Write hours=(18, 26)")
    return first, last


def _places(
    table: pd.DataFrame, count: int, *, crs: Any, radius: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x, y = np.full(count, np.nan), np.full(count, np.nan)
    for one, other in (("lon", "lat"), ("lat", "lon"), ("x", "y"), ("y", "x")):
        if _column(table, one) is not None and _column(table, other) is None:
            raise InputError(
                f"`days` must have both {one} and {other} where days have a place. Got {one} only. Add the column {other}, or drop {one}."
            )
    if isinstance(table, gpd.GeoDataFrame) and table.crs is not None:
        points = table.to_crs(crs).geometry.centroid.reset_index(drop=True)
        x, y = points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)
    elif (lon := _column(table, "lon")) is not None and (lat := _column(table, "lat")) is not None:
        points = gpd.GeoSeries(gpd.points_from_xy(pd.to_numeric(lon), pd.to_numeric(lat)), crs=4326).to_crs(crs)
        x, y = points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)
    elif (east := _column(table, "x")) is not None and (north := _column(table, "y")) is not None:
        x, y = (pd.to_numeric(v).to_numpy(dtype=float, na_value=np.nan) for v in (east, north))
    x, y = (np.where(np.isfinite(x) & np.isfinite(y), v, np.nan) for v in (x, y))
    own = _column(table, "radius")
    reach = np.full(count, np.nan if radius is None else metres(radius, name="radius"))
    if own is not None:
        reach = np.array([reach[k] if pd.isna(v) else metres(v, name="radius") for k, v in enumerate(own)], dtype=float)
    if (np.isfinite(x) & ~np.isfinite(reach)).any():
        raise InputError("`radius` must be given where days have a place. Got none. Write radius='800m'")
    return x, y, np.where(np.isfinite(x), reach, np.nan)
