"""Times written as one number: yyyymmdd, seconds since 1970, a spreadsheet's days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.core.errors import InputError

__all__ = ["EPOCH_RANGE", "epoch_to_wall", "read_numbers"]

# Excel counts days from here (its 1900 leap-day slip included); serials of 1954 to 2119.
_EXCEL_START, _EXCEL_RANGE = np.datetime64("1899-12-30", "us"), (20000, 80000)
# Seconds of 1990 to 2100: anything else is not a date written as epoch.
EPOCH_RANGE = (631_152_000, 4_102_444_800)
_DAY = np.int64(86_400_000_000)
# Calls are fewest in these hours everywhere. With this many, the hours of a wrong reading look wrong.
_QUIET, _ENOUGH = (3, 4, 5, 6), 300


def read_numbers(
    clean: pd.Series,
    shapes: pd.Series,
    local: np.ndarray,
    utc: np.ndarray,
    has_clock: np.ndarray,
    *,
    tz: str | None,
    name: str,
    epoch: str | None,
    notes: dict[str, int | str],
) -> None:
    """Fill in dates written as one number: yyyymmdd, yyyymmddHHMMSS, epoch seconds or milliseconds, Excel serials."""
    rows = np.flatnonzero(
        shapes.isin(["N", "N.n", "N.N", "N.Y", "N.f"]).to_numpy()
        | shapes.str.fullmatch(r"N\.[0-9nNY]+").to_numpy(dtype=bool, na_value=False)
    )
    if len(rows) == 0:
        return
    text = clean.iloc[rows]
    whole = text.str.replace(r"\.0*$", "", regex=True)
    number = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float)
    for digits, form, clock in ((8, "%Y%m%d", False), (12, "%Y%m%d%H%M", True), (14, "%Y%m%d%H%M%S", True)):
        some = whole.str.fullmatch(rf"(?:19|20)[0-9]{{{digits - 2}}}").to_numpy(dtype=bool)
        if some.any():
            stamps = pd.to_datetime(whole[some], format=form, errors="coerce").to_numpy(
                dtype="datetime64[us]", na_value=np.datetime64("NaT", "us")
            )
            local[rows[some]] = stamps
            has_clock[rows[some]] = clock
    serial = (number >= _EXCEL_RANGE[0]) & (number < _EXCEL_RANGE[1])
    seconds_of_day = np.round((number[serial] % 1) * 86400).astype(np.int64)
    local[rows[serial]] = _EXCEL_START + (np.floor(number[serial]).astype(np.int64) * _DAY + seconds_of_day * 1_000_000).astype(
        "timedelta64[us]"
    )
    has_clock[rows[serial]] = seconds_of_day > 0
    left = np.isnat(local[rows]) & ~serial
    scaled = np.where(number > 1e11, number / 1000, number)
    is_epoch = left & (scaled >= EPOCH_RANGE[0]) & (scaled < EPOCH_RANGE[1])
    if not is_epoch.any():
        return
    found = epoch_to_wall(scaled[is_epoch], tz=tz, name=name, epoch=epoch, notes=notes, written=text[is_epoch].iloc[0])
    local[rows[is_epoch]], utc[rows[is_epoch]], has_clock[rows[is_epoch]] = found


def epoch_to_wall(
    seconds: np.ndarray, *, tz: str | None, name: str, epoch: str | None, notes: dict[str, int | str], written: str
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return ``(time as it stands, UTC seconds or NaN, whether it has a time of day)`` of seconds since 1970.

    Nothing says whether a publisher counted in UTC or on the city's clock. Dates without a time of day say it themselves: all are midnight in
    one of the two. With `tz` the seconds are taken for UTC, unless the hours say otherwise; without it they are asked for.
    """
    wall = np.round(seconds * 1e6).astype(np.int64).astype("datetime64[us]")
    nothing = np.full(len(wall), np.nan)
    if epoch == "local":
        notes["epoch"] = "local, as the profile says"
        return wall, nothing, True
    if epoch == "utc":
        notes["epoch"] = "UTC, as the profile says"
        return wall, seconds, True
    if len(np.unique(seconds)) > 1 and not (wall.astype(np.int64) % _DAY).any():
        notes["epoch"] = "dates: all are midnight as they stand"
        return wall, nothing, False
    if tz is None:
        raise InputError(_question(wall, None, name, written))
    moved = _in_zone(seconds, tz)
    if len(np.unique(seconds)) > 1 and not (moved.astype(np.int64) % _DAY).any():
        notes["epoch"] = "UTC: all are midnight on the city's clock"
        return wall, seconds, False
    if len(np.unique(seconds)) >= _ENOUGH and _night(wall) < 0.6 * _night(moved):
        raise InputError(_question(wall, tz, name, written))
    notes["epoch"] = "UTC"
    notes["epoch readings"] = (
        f"{written} is {pd.Timestamp(moved[0])} if it counts UTC (so read), {pd.Timestamp(wall[0])} if it counts local time"
    )
    return wall, seconds, True


def _question(wall: np.ndarray, tz: str | None, name: str, written: str) -> str:
    first = pd.Timestamp(wall[0])
    city = (tz or "America/Chicago").rpartition("/")[2].replace("_", " ")
    moved = pd.Timestamp(first, tz="UTC").tz_convert(tz or "America/Chicago").tz_localize(None)
    said = "" if tz is None else " of this publisher"
    hours = ""
    if len(np.unique(wall)) >= _ENOUGH:
        counts = np.bincount(wall.astype("datetime64[h]").astype(np.int64) % 24, minlength=24)
        quiet = int(np.argmin(counts + np.roll(counts, -1) + np.roll(counts, -2)))
        hours = f" As they stand, the quietest hours are {quiet}:00 to {(quiet + 3) % 24}:00; calls are usually fewest between 3:00 and 7:00."
    answer = "write tz='America/Chicago' (your city's zone)" if tz is None else 'write epoch = "utc" in a profile'
    return (
        f"{'`tz`' if tz is None else '`epoch`'} must be given: {name!r} holds times as numbers (seconds since 1970), which some publishers count in UTC and some in local time. "
        f"Got {written}{said}, which is {first} if local, or if UTC {'for example ' if tz is None else ''}{moved} in {city}.{hours} "
        f'If UTC, {answer}; if local, write epoch = "local" in a profile: '
        "sara.recognize(table).save('my_city.toml', epoch='local'), then read with profile='my_city.toml'"
    )


def _night(wall: np.ndarray) -> float:
    """Return the share of events in the hours that are quiet everywhere; a sixth of all hours."""
    return float(np.isin(wall.astype("datetime64[h]").astype(np.int64) % 24, _QUIET).mean())


def _in_zone(seconds: np.ndarray, tz: str) -> np.ndarray:
    stamps = pd.DatetimeIndex((seconds * 1e6).round().astype(np.int64).astype("datetime64[us]")).tz_localize("UTC").tz_convert(tz)
    return np.asarray(stamps.tz_localize(None).to_numpy(dtype="datetime64[us]"))
