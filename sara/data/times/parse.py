"""Times as publishers write them, to local wall time and seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data._text import is_blank, squeeze, uniques_of
from sara.data.times.epoch import EPOCH_RANGE, epoch_to_wall, read_numbers
from sara.data.times.fixed import stamps
from sara.data.times.words import LONG_MONTHS, MONTHS, hour_24, made_alike, placeholders

__all__ = ["ParsedTimes", "check_zone", "looks_like_time", "parse_times", "to_seconds"]

_DATE_SHAPES = {
    "Y n n": "%Y %m %d", "Y-n": "%Y-%m", "Y/n": "%Y/%m", "Y-n-n": "%Y-%m-%d", "Y/n/n": "%Y/%m/%d", "Y.n.n": "%Y.%m.%d",
    "n/n/Y": "%m/%d/%Y", "n-n-Y": "%m-%d-%Y", "n.n.Y": "%d.%m.%Y",
    "n/n/n": "%m/%d/%y", "n-n-n": "%m-%d-%y", "n.n.n": "%d.%m.%y",
    "n b Y": "%d %b %Y", "n-b-Y": "%d-%b-%Y", "n-b-n": "%d-%b-%y", "n b n": "%d %b %y", "nbY": "%d%b%Y",
    "b n Y": "%b %d %Y", "b n, Y": "%b %d, %Y", "Y-b-n": "%Y-%b-%d", "Y b n": "%Y %b %d",
    "n B Y": "%d %B %Y", "B n Y": "%B %d %Y", "B n, Y": "%B %d, %Y",
}  # fmt: skip
_SWAPPABLE = {"%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y", "%d.%m.%Y", "%d.%m.%y"}
_TIME_SHAPES = {"n:n": "%H:%M", "n:n:n": "%H:%M:%S", "n:n:n.f": "%H:%M:%S.%f", "Q": "%H%M", "n:n:n:n": "%H:%M:%S:%f"}
_SHAPE = re.compile(
    r"(?P<date>.*?[YnbB](?=$|[ T@,]))(?P<sep>[ T@,]+)?(?P<time>(?:n:n(?::n(?:\.f|:n)?)?|Q))?(?P<ap> ?p)?(?P<zone> ?(?:Z|[+-]n:n|[+-]Q|[+-]n))?"
)
# From this many different times on, a clock that shows only 1 to 12 has lost its AM and PM.
_ENOUGH_HOURS = 200
_DAY = np.int64(86_400_000_000)


@dataclass(frozen=True)
class ParsedTimes:
    """What a column of times holds.

    Parameters
    ----------
    local : ndarray of datetime64[us]
        Wall time; NaT where blank or unreadable.
    utc : ndarray of float64
        Seconds since 1970 UTC where the text itself fixes them (offset, Z, epoch), else NaN.
    bad : ndarray of bool
        There is text, and it is no time.
    day_only : bool
        No value carries a time of day.
    notes : dict of str to int or str
        What had to be decided: ``"month first"``, ``"two-digit years"``, ``"UTC"``.
    """

    local: np.ndarray
    utc: np.ndarray
    bad: np.ndarray
    day_only: bool
    notes: dict[str, int | str] = field(default_factory=dict)


def check_zone(tz: str | None) -> str | None:
    """Return `tz` if it names a time zone."""
    if tz is None:
        return None
    try:
        ZoneInfo(str(tz))
    except Exception:
        raise InputError(
            f"`tz` must name a time zone. Got {tz!r}. Write tz='America/Chicago' (city names, not EST or CST)."
        ) from None
    return str(tz)


def parse_times(
    values: pd.Series, *, tz: str | None, name: str, epoch: str | None = None, dayfirst: bool | None = None
) -> ParsedTimes:
    """Read a column of times.

    Parameters
    ----------
    values : Series
        Text, numbers or datetimes.
    tz : str or None
        The city's zone, to turn UTC into wall time.
    name : str
        Column name, for errors.
    epoch : {"utc", "local"}, optional
        What numbers of seconds since 1970 mean; without it, and without `tz`, they are refused.
    dayfirst : bool, optional
        Whether 03/04/2020 is 3 April; found from the column's own days above 12 if not given, else month first.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        seconds = _micro(values.dt.tz_convert("UTC").dt.tz_localize(None)).astype("datetime64[us]")
        local = values.dt.tz_convert(tz) if tz else values
        wall = _micro(local.dt.tz_localize(None))
        return ParsedTimes(wall, _seconds(seconds), np.zeros(len(values), bool), _midnight(wall), {})
    if pd.api.types.is_datetime64_dtype(values.dtype):
        wall = _micro(values)
        return _without_placeholders(
            ParsedTimes(wall, np.full(len(wall), np.nan), np.zeros(len(wall), bool), _midnight(wall), {})
        )
    if _hardly_repeats(values):
        return _parse_unique(values.reset_index(drop=True), tz=tz, name=name, epoch=epoch, dayfirst=dayfirst)
    codes, uniques = uniques_of(values)
    text = pd.Series([_written(value) for value in uniques], dtype=object)
    parsed = _parse_unique(text, tz=tz, name=name, epoch=epoch, dayfirst=dayfirst)
    notes = dict(parsed.notes)
    if "placeholders" in notes:
        empty = np.isnat(parsed.local) & ~parsed.bad & ~is_blank(text).to_numpy()
        notes["placeholders"] = int(np.append(empty, False)[codes].sum())
    return ParsedTimes(
        _spread(parsed.local, codes, np.datetime64("NaT", "us")),
        _spread(parsed.utc, codes, np.nan),
        _spread(parsed.bad, codes, False),
        parsed.day_only,
        notes,
    )


def _hardly_repeats(values: pd.Series) -> bool:
    """Whether a long column of text is worth reading as it is, without looking for its unique values first."""
    if len(values) < 5000 or not (values.dtype == object or str(values.dtype) in ("str", "string")):
        return False
    some = values.iloc[:: max(1, len(values) // 1000)]
    return some.nunique() > 0.9 * len(some) and pd.api.types.infer_dtype(values, skipna=True) == "string"


def _without_placeholders(parsed: ParsedTimes) -> ParsedTimes:
    """Make dates that stand for no date missing, and count them."""
    empty = placeholders(parsed.local)
    if not empty.any():
        return parsed
    local, utc = parsed.local.copy(), parsed.utc.copy()
    local[empty], utc[empty] = np.datetime64("NaT", "us"), np.nan
    return replace(parsed, local=local, utc=utc, notes={**parsed.notes, "placeholders": int(empty.sum())})


def looks_like_time(text: pd.Series) -> float:
    """Return the share of non-blank values that can be read as a time (epoch numbers count)."""
    text = squeeze(text[~is_blank(text)])
    if len(text) == 0:
        return 0.0
    parsed = _parse_unique(text.reset_index(drop=True), tz="UTC", name="", epoch="utc", dayfirst=None)
    return 1.0 - float(parsed.bad.mean())


def to_seconds(local: np.ndarray, utc: np.ndarray, tz: str | None) -> tuple[np.ndarray, int, int]:
    """Return UTC seconds, how many wall times were ambiguous, and how many did not exist.

    An ambiguous hour (the end of summer time) takes its first occurrence. Without a zone, wall time stands for UTC.
    """
    wall = _seconds(local)
    if tz is None:
        return np.where(np.isnan(utc), wall, utc), 0, 0
    unique, inverse = np.unique(local, return_inverse=True)
    index = pd.DatetimeIndex(unique)
    first = index.tz_localize(tz, ambiguous=np.ones(len(index), bool), nonexistent="shift_forward")
    second = index.tz_localize(tz, ambiguous=np.zeros(len(index), bool), nonexistent="shift_forward")
    twice = np.asarray(first != second) & ~np.isnat(unique)
    jumped = np.asarray(first.tz_localize(None) != index) & ~np.isnat(unique)
    seconds = _seconds(_micro(pd.Series(first.tz_convert("UTC").tz_localize(None))))[inverse]
    fixed = ~np.isnan(utc)
    return np.where(fixed, utc, seconds), int((twice[inverse] & ~fixed).sum()), int((jumped[inverse] & ~fixed).sum())


def _parse_unique(text: pd.Series, *, tz: str | None, name: str, epoch: str | None, dayfirst: bool | None) -> ParsedTimes:
    quick = _at_once(text, tz=tz, name=name, epoch=epoch, dayfirst=dayfirst)
    if quick is not None:
        return _without_placeholders(quick)
    blank = is_blank(text)
    clean = made_alike(squeeze(text).str.upper().where(~blank, ""))
    empty = placeholders(clean)
    blank = blank | empty
    clean, next_day = hour_24(clean.where(~blank, ""))
    local = np.full(len(text), np.datetime64("NaT", "us"))
    utc = np.full(len(text), np.nan)
    has_clock = np.zeros(len(text), bool)
    notes: dict[str, int | str] = {"placeholders": int(empty.sum())} if empty.any() else {}
    shapes = _shapes(clean)
    formats = {shape: _format(shape) for shape in shapes.unique()}
    swap = _day_first(clean, shapes, formats, dayfirst, notes, name)
    halves = False
    for shape, made in formats.items():
        rows = np.flatnonzero((shapes == shape).to_numpy())
        if made is None or blank.to_numpy()[rows].all():
            continue
        form, clock, zoned = made
        form = _swap(form) if swap and form.split(" ")[0].split("T")[0] in _SWAPPABLE else form
        found = _strptime(clean.iloc[rows], form, zoned)
        if zoned:
            utc[rows], local[rows] = found
            if not (_seconds(local[rows]) != utc[rows])[~np.isnat(local[rows])].any():
                notes["UTC"] = notes.get("UTC", 0) + int((~np.isnat(local[rows])).sum())  # type: ignore[operator]
        else:
            local[rows] = found[1]
        has_clock[rows] = clock
        halves = halves or "%p" in form
        if form in ("%Y-%m", "%Y/%m"):
            notes["months"] = "no day: every row stands on the first of its month"
        if "%y" in form:
            notes["two-digit years"] = notes.get("two-digit years", 0) + int((~np.isnat(local[rows])).sum())  # type: ignore[operator]
    read_numbers(clean, shapes, local, utc, has_clock, tz=tz, name=name, epoch=epoch, notes=notes)
    local[next_day] += np.timedelta64(1, "D")
    utc[next_day] += 86_400
    local = _to_wall(local, utc, tz)
    bad = np.isnat(local) & ~blank.to_numpy()
    good = ~np.isnat(local)
    if not halves:
        _note_lost_halves(local[good & has_clock], notes)
    return _without_placeholders(
        ParsedTimes(local, utc, bad, bool(good.any()) and (not has_clock[good].any() or _midnight(local)), notes)
    )


def _note_lost_halves(local: np.ndarray, notes: dict[str, int | str]) -> None:
    """Note hours that never pass 12 and never come before 1: a 12-hour clock whose AM and PM were lost."""
    hours = np.unique(local.astype("datetime64[h]").astype(np.int64) % 24)
    if len(local) >= _ENOUGH_HOURS and len(hours) >= 10 and hours.min() >= 1 and hours.max() <= 12:
        notes["AM or PM"] = "lost: no hour is before 1 or after 12"


def _at_once(text: pd.Series, *, tz: str | None, name: str, epoch: str | None, dayfirst: bool | None) -> ParsedTimes | None:
    """Read a column that is written in one way almost throughout; None where its first value does not tell how."""
    if len(text) < 100:
        return None
    head = text.iloc[:100]
    first = squeeze(head[~is_blank(head)].iloc[:1]).str.upper()
    if first.empty:
        return None
    if first.str.fullmatch(r"[0-9]{10}(?:[0-9]{3})?(?:\.0)?").all():
        return _epochs_at_once(text, tz=tz, name=name, epoch=epoch)
    made = _format(_shapes(first).iloc[0])
    if made is None or made[0] in ("%Y-%m", "%Y/%m"):
        return None
    form, clock, zoned = made
    if zoned:
        return _zoned_at_once(text, form + _zone_gap(first.iloc[0]) + "%z", clock, tz)
    numeric = form[:8] in {known[:8] for known in _SWAPPABLE}
    if numeric and dayfirst is not None and dayfirst != form.startswith("%d"):
        form = _swap(form)
    local = stamps(text, form)
    left = np.flatnonzero(np.isnat(local))
    # A blank is read already: it is no time.
    left = left[~is_blank(text.iloc[left]).to_numpy()]
    good = local[~np.isnat(local)]
    if numeric and dayfirst is None:
        # Days above 12 must far outnumber everything unread, or the day might come first in some or all.
        days = (good.astype("datetime64[D]") - good.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        if (days > 12).sum() <= 20 * len(left):
            return None
        dayfirst = form.startswith("%d")
    if len(left) > 0.5 * len(text):
        return None
    utc = np.full(len(text), np.nan)
    notes: dict[str, int | str] = {"two-digit years": len(good)} if "%y" in form else {}
    if clock and "%p" not in form:
        _note_lost_halves(good, notes)
    return _with_rest(
        text, ParsedTimes(local, utc, np.zeros(len(text), bool), not clock or _midnight(good), notes), left, None, dayfirst
    )


def _with_rest(
    text: pd.Series, found: ParsedTimes, left: np.ndarray, tz: str | None, dayfirst: bool | None
) -> ParsedTimes | None:
    """Add what the one way of writing did not read; None where that changes what the whole column means."""
    if len(left) == 0:
        return found
    rest = _parse_unique(text.iloc[left].reset_index(drop=True), tz=tz, name="", epoch="local", dayfirst=dayfirst)
    if (not np.isnan(rest.utc).all()) != (not np.isnan(found.utc).all()) and not np.isnat(rest.local).all():
        return None
    if set(rest.notes) - {"placeholders"}:
        return None
    found.local[left], found.utc[left], found.bad[left] = rest.local, rest.utc, rest.bad
    day_only = found.day_only and (rest.day_only or bool(np.isnat(rest.local).all()))
    return replace(found, day_only=day_only, notes={**found.notes, **rest.notes})


def _zone_gap(first: str) -> str:
    return " " if re.search(r" (?:Z|[+-][0-9:]+)$", first) else ""


def _zoned_at_once(text: pd.Series, form: str, clock: bool, tz: str | None) -> ParsedTimes | None:
    """Read a column whose times carry their offset; None where more than a few are written otherwise."""
    try:
        stamps = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    except ValueError:
        return None
    utc = _seconds(_micro(stamps.dt.tz_localize(None)))
    left = np.flatnonzero(np.isnan(utc))
    if len(left) > 0.01 * len(text):
        return None
    suffix, kinds = pd.factorize(text.str.strip().str.slice(-6).str.extract(r"(Z|z|[+-][0-9]{1,2}:?[0-9]{0,2})$", expand=False))
    if len(kinds) == 0:
        return None
    offsets = np.array([_offset(str(kind)) for kind in kinds] + [np.nan])[suffix]
    local = (np.nan_to_num(utc + offsets) * 1e6).round().astype(np.int64).astype("datetime64[us]")
    local[np.isnan(utc)] = np.datetime64("NaT", "us")
    wall = _to_wall(local, utc, tz)
    known = offsets[~np.isnan(utc)]
    notes: dict[str, int | str] = {"UTC": len(known)} if len(known) and not known.any() else {}
    day_only = not clock or _midnight(wall)
    return _with_rest(text, ParsedTimes(wall, utc, np.zeros(len(text), bool), day_only, notes), left, tz, None)


def _offset(written: str) -> float:
    """Return the seconds of an offset: Z, +0530, -05:00, +1."""
    if written.upper() == "Z":
        return 0.0
    digits = written[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    return (-1 if written[0] == "-" else 1) * (hours * 3600.0 + minutes * 60.0)


def _epochs_at_once(text: pd.Series, *, tz: str | None, name: str, epoch: str | None) -> ParsedTimes | None:
    """Read a column of nothing but seconds or milliseconds since 1970."""
    number = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    scaled = np.where(number > 1e11, number / 1000, number)
    with np.errstate(invalid="ignore"):
        if not ((scaled >= EPOCH_RANGE[0]) & (scaled < EPOCH_RANGE[1])).all():
            return None
    notes: dict[str, int | str] = {}
    wall, utc, clock = epoch_to_wall(scaled, tz=tz, name=name, epoch=epoch, notes=notes, written=str(text.iloc[0]))
    return ParsedTimes(_to_wall(wall, utc, tz), utc, np.zeros(len(text), bool), not clock, notes)


def _shapes(clean: pd.Series) -> pd.Series:
    """Return each text with its digits and names replaced by letters: n (1-2 digits), Y (4), Q (4, a clock), N (more), b/B (month), p (AM/PM)."""
    shapes = clean.str.replace(rf"\b(?:{LONG_MONTHS})\b", "B", regex=True).str.replace(
        rf"(?<![A-Z])(?:{MONTHS})(?![A-Z])", "b", regex=True
    )
    shapes = shapes.str.replace(r"(?<=[0-9]) ?[AP]M\b", " p", regex=True)
    shapes = shapes.str.replace(r"(?<=:[0-9]{2})[.,][0-9]{1,9}", ".f", regex=True)
    shapes = shapes.str.replace(r"((?::[0-9]{2}|\.f|T[0-9]{6}) ?[+-])[0-9]{4}$", r"\1Q", regex=True).str.replace(
        r"(?<=[0-9][ T])[0-9]{3,4}(?=$| ?p)", "Q", regex=True
    )
    shapes = shapes.str.replace(r"[0-9]{5,}", "N", regex=True).str.replace(r"[0-9]{4}", "Y", regex=True)
    return shapes.str.replace(r"[0-9]{1,2}(?![0-9])", "n", regex=True)


def _format(shape: str) -> tuple[str, bool, bool] | None:
    """Return ``(strptime format, has a clock, has a zone)`` for a shape, or None."""
    match = _SHAPE.fullmatch(shape)
    if match is None or match["date"] not in _DATE_SHAPES:
        return None
    if (
        (match["time"] is None) != (match["sep"] is None)
        or (match["ap"] and not match["time"])
        or (match["zone"] and not match["time"])
    ):
        return None
    form = _DATE_SHAPES[match["date"]]
    if match["time"]:
        clock = _TIME_SHAPES[match["time"]]
        form += match["sep"] + (clock.replace("%H", "%I") + " %p" if match["ap"] else clock)
    return form, match["time"] is not None, match["zone"] is not None


def _day_first(
    clean: pd.Series,
    shapes: pd.Series,
    formats: dict[str, tuple[str, bool, bool] | None],
    dayfirst: bool | None,
    notes: dict[str, int | str],
    name: str,
) -> bool:
    """Say whether the day and month of number dates must change places against the table of shapes."""
    ambiguous = [shape for shape, made in formats.items() if made and re.match(r"%[md][/.-]%[md]", made[0])]
    if not ambiguous:
        return False
    numbers = clean[shapes.isin(ambiguous)].str.extract(r"^([0-9]{1,2})([/.-])([0-9]{1,2})").dropna()
    first, second = numbers[0].astype(int), numbers[2].astype(int)
    dotted = bool((numbers[1] == ".").all())
    if dayfirst is None:
        over_first, over_second = int((first > 12).sum()), int((second > 12).sum())
        if name and min(over_first, over_second) > 0.05 * (over_first + over_second):
            one, other = (clean[numbers.index[(part > 12).to_numpy()][0]] for part in (first, second))
            raise InputError(
                f"{name!r} must be written in one order of day and month. Got {one} and {other}. "
                "Read the files of each kind on their own, or turn the column into times first with pd.to_datetime"
            )
        dayfirst = over_first > over_second or (dotted and over_first == over_second)
        if over_first == over_second == 0 and not dotted and (first != second).any():
            notes["day and month"] = "month first: no day above 12 says otherwise"
    return dayfirst != dotted


def _swap(form: str) -> str:
    return form.replace("%m", "%\0").replace("%d", "%m").replace("%\0", "%d")


def _strptime(text: pd.Series, form: str, zoned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(UTC seconds, wall time)``; the first is all NaN without a zone."""
    offset = np.zeros(len(text))
    if zoned:
        parts = text.str.extract(r" ?(Z|[+-][0-9]{1,2}:?(?:[0-9]{2})?)$")[0]
        text = text.str.replace(r" ?(?:Z|[+-][0-9]{1,2}:?(?:[0-9]{2})?)$", "", regex=True)
        offset = parts.map(_offset).to_numpy(dtype=float)
    if "%p" in form:
        text = text.str.replace(r"(?<=[0-9])([AP]M)$", r" \1", regex=True)
    wall = stamps(text, form)
    if "%I" in form and np.isnat(wall).any():
        # "13:05 PM": a 24-hour clock with a marker stuck on.
        again = pd.to_datetime(
            text.str.replace(r" [AP]M$", "", regex=True), format=form.replace("%I", "%H").replace(" %p", ""), errors="coerce"
        )
        wall = np.where(np.isnat(wall), _micro(again), wall)
    if not zoned:
        return np.full(len(text), np.nan), wall
    return _seconds(wall) - offset, wall


def _to_wall(local: np.ndarray, utc: np.ndarray, tz: str | None) -> np.ndarray:
    """Turn times fixed in UTC into the city's wall time; without a zone the written wall time stays."""
    fixed = ~np.isnan(utc)
    if tz is None or not fixed.any():
        return local
    stamps = (
        pd.DatetimeIndex((utc[fixed] * 1e6).round().astype(np.int64).astype("datetime64[us]")).tz_localize("UTC").tz_convert(tz)
    )
    out = local.copy()
    out[fixed] = _micro(pd.Series(stamps.tz_localize(None)))
    return out


def _micro(values: pd.Series) -> np.ndarray:
    return np.array(values.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT", "us")))


def _seconds(values: np.ndarray) -> np.ndarray:
    out = np.floor_divide(values.astype("datetime64[us]").astype(np.int64), 1_000_000).astype(float)
    out[np.isnat(values)] = np.nan
    return out


def _midnight(values: np.ndarray) -> bool:
    micro = values[~np.isnat(values)].astype("datetime64[us]").astype(np.int64)
    return bool(len(micro)) and bool((micro % _DAY == 0).all())


def _spread(values: np.ndarray, codes: np.ndarray, fill: object) -> np.ndarray:
    out = np.append(values, np.array([fill], dtype=values.dtype))
    return out[codes]


def _written(value: object) -> str:
    return value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else str(value)  # type: ignore[attr-defined]
