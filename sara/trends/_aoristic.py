"""When it happened, where all that is known is the last time it had not and the first time it had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_enough, check_events
from sara.core.errors import InputError
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.stats.aoristic import WEEK, aoristic_weights, point_weights
from sara.core.wording import noun_of, officer_words, percent, source_of
from sara.trends._input.gaps import gaps_of
from sara.trends._input.intervals import Intervals, Pieces, intervals_of, pieces_of
from sara.trends._input.rounds import exposure_of_week
from sara.trends._results.aoristic import AoristicResult

__all__ = ["aoristic"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BINS = {"hour": 60, "30min": 30, "15min": 15}
_MISSING = ("start", "drop")
_REVERSED = ("start", "swap", "drop")
# From this share on a caution is worth its line.
_MANY = 0.05


@dataclass(frozen=True, eq=False)
class _Found:
    """Weights of the stretches of the week, and what the start, the middle and the end alone would give."""

    weight: Floats
    start: Ints
    mid: Ints
    end: Ints
    hours: Floats


def aoristic(
    events: gpd.GeoDataFrame | EventSource, *, by: str = "hour", missing: str = "start", reversed: str = "start", longest: str | None = None,
    period: Any = None,
) -> AoristicResult:  # fmt: skip
    """Weigh the hours of the week by when events may have happened, from the first to the last possible moment of each.

    Answers "when does it happen?" for what nobody saw: burglary, theft from cars, vandalism. Use `trends.clock` where one time is known.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table with ``time`` (first possible moment) and ``time_to`` (last), or a source. Those that start in the period are used.
    by : {"hour", "30min", "15min"}
        Length of a stretch of the week.
    missing : {"start", "drop"}
        Events without an end count in full where they start, or are left out.
    reversed : {"start", "swap", "drop"}
        Events that end before they start count where they start, from end to start, or are left out.
    longest : str, optional
        Leave out longer intervals: ``"24h"``, ``"7D"``. All are kept if not given; one of a week or more is spread over the whole week.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    AoristicResult
        ``table``: ``dow``, ``hour`` (and ``minute``), ``weight``, ``share``, ``start``, ``mid``, ``end``, ``hours``, ``rate``.

    Raises
    ------
    InputError
        If times or ends are dates without an hour, or there are no ends.
    NotEnoughDataError
        If no event of the period can be used.

    Notes
    -----
    The weight of a stretch is the part of the interval's minutes that lies in it: 01:50 to 02:10 is half an event at 01:00 and half at 02:00.
    The weights of an event add up to 1. Up to one minute it counts in full where it starts; from seven days on, equally everywhere. Where
    the record of the table knows the city's time zone, an hour skipped in spring gets nothing and the hour that autumn repeats counts
    twice; an end before its start that the clocks explain is not called reversed. Without it, hours are those of the clock face.

    Weights assume that the event was equally likely at each minute of its interval. Long intervals therefore flatten the picture; they do
    not move its peak. Weights are not counts: no test for counts holds for them.

    References
    ----------
    Ratcliffe (2002), Aoristic signatures and the spatio-temporal analysis of high volume crime patterns, Journal of Quantitative
    Criminology 18(1), 23-43. doi:10.1023/A:1013240828824

    Examples
    --------
    >>> import pandas as pd, sara
    >>> table = pd.DataFrame({"from": ["2024-01-01 08:00"], "until": ["2024-01-01 10:00"]})
    >>> found = sara.trends.aoristic(sara.as_events(table, time="from", time_to="until"))
    >>> found.table.query("weight > 0")[["dow", "hour", "weight"]].values.tolist()
    [[0.0, 8.0, 0.5], [0.0, 9.0, 0.5]]
    """
    check_choice(by, list(_BINS), name="by")
    check_choice(missing, _MISSING, name="missing")
    check_choice(reversed, _REVERSED, name="reversed")
    most = None if longest is None else _minutes_of(longest)
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    start, end, period_setting = resolve_period(known, period)
    given = intervals_of(known)
    no_time, within = np.isnat(given.start), in_period(given.start, start, end)
    inside = within & ~given.no_hour
    open_end = inside & np.isnat(given.end)
    used, pieces, is_reversed = _usable(given, inside, missing, reversed)
    lengths = np.zeros(len(used), dtype=np.int64)
    lengths[used] = pieces.length
    too_long = used & (lengths > most) if most is not None else np.zeros(len(used), dtype=bool)
    keep = ~too_long[used]
    counted = {
        "without a time": int(no_time.sum()),
        "outside the period": int((~within & ~no_time).sum()),
        "without an hour": int((within & given.no_hour).sum()),
        "without an end": int(open_end.sum()) if missing == "drop" else 0,
        "with an end before the start": int(is_reversed.sum()) if reversed == "drop" else 0,
        f"longer than {longest}": int(too_long.sum()),
    }
    final = used & ~too_long
    n = int(final.sum())
    check_enough(
        n, 1, method="aoristic", what="event of the period with a time", instead="Try a longer period, or another `longest`."
    )
    exposure = exposure_of_week(start, end, gaps=gaps_of(known, None, start, end), bin_minutes=_BINS[by])
    found = _numbers(pieces, keep, exposure, bin_minutes=_BINS[by])
    length = lengths[final]
    # An end that is missing or impossible says nothing about how exactly the time is known.
    real = ~open_end[final] & ~(is_reversed[final] & (reversed != "swap"))
    facts: dict[str, Any] = {
        "n_missing": int((open_end & final).sum()), "n_reversed": int((is_reversed & final).sum()),
        "n_long": int((length >= WEEK).sum()), "n_hour": int(((length <= 60) & real).sum()),
        "median_hours": float(np.median(length[real]) / 60) if real.any() else 0.0,
    }  # fmt: skip
    changed = int(pieces.changed[keep].sum())
    noun = noun_of(known)
    return AoristicResult(
        table=_table(found, by),
        settings={
            "period": period_setting,
            "by": Setting(by, "you" if by != "hour" else "sara", "168 hours of the week" if by == "hour" else ""),
            "missing": Setting(missing, "you" if missing != "start" else "sara", "a file leaves the end open where the time is known" if missing == "start" else ""),
            "reversed": Setting(reversed, "you" if reversed != "start" else "sara", "which of the two is wrong is not known; the start is what is reported" if reversed == "start" else ""),
            "longest": Setting(longest or "all are kept", "you" if longest else "sara", "" if longest else "from 7 days on spread equally over the week"),
            "resolution": Setting("1 minute", "sara", "up to one minute, an event counts in full where it starts"),
            "clock changes": Setting(f"{changed:,} over a change, in {given.zone}" if given.zone else "hours of the clock face", "sara", "" if given.zone else "the table does not know its time zone: tz= when it is read"),
        },
        counts=Counts(len(used), n, counted),
        cautions=_cautions(facts, n, given, final, noun=noun, reversed=reversed, sources=() if source is None else source.cautions),
        freq=None, start=start, end=end, noun=noun, source=source_of(known), by=by, **facts,
    )  # fmt: skip


def _minutes_of(longest: Any) -> int:
    try:
        length = pd.Timedelta(longest)
    except (ValueError, TypeError):
        length = pd.NaT  # type: ignore[assignment]
    if isinstance(longest, int | float) or pd.isna(length) or length < pd.Timedelta(minutes=1):
        raise InputError(f"`longest` must be a length of time of a minute or more. Got {longest!r}. Write '24h' or '7D'.")
    return int(length / pd.Timedelta(minutes=1))


def _usable(given: Intervals, inside: Bools, missing: str, reversed: str) -> tuple[Bools, Pieces, Bools]:
    """Return the rows that can be used, their stretches of the clock face, and which rows of all end before they start."""
    is_open = np.isnat(given.end)
    used = inside if missing == "start" else inside & ~is_open
    first = given.start[used]
    last = np.where(is_open[used], first, given.end[used])
    # A few seconds before the start are no mistake: times are kept to the minute.
    first, last = (values.astype("datetime64[m]").astype("datetime64[us]") for values in (first, last))
    wrong = last < first
    if wrong.any():
        # Only what the clocks do not explain.
        at = np.flatnonzero(wrong)
        wrong[at] = ~pieces_of(first[at], last[at], given.zone).turned
    is_reversed = np.zeros(len(used), dtype=bool)
    is_reversed[used] = wrong
    if reversed == "drop":
        used, first, last = used & ~is_reversed, first[~wrong], last[~wrong]
    elif reversed == "swap":
        first, last = np.where(wrong, last, first), np.where(wrong, first, last)
    else:
        last = np.where(wrong, first, last)
    return used, pieces_of(first, last, given.zone), is_reversed


def _numbers(pieces: Pieces, keep: Bools, exposure: Floats, *, bin_minutes: int) -> _Found:
    """Spread the intervals kept over the week, and count their starts, middles and ends."""
    mine = keep[pieces.row]
    weight = aoristic_weights(pieces.at[mine], pieces.minutes[mine], bin_minutes=bin_minutes, each=pieces.each[mine])
    # The first piece of an interval starts it, and its last ends it.
    n = len(pieces.length)
    start, last = pieces.at[:n], pieces.at[:n] + pieces.minutes[:n]
    second = pieces.row[n:]
    last[second] = pieces.at[n:] + pieces.minutes[n:]
    middle = start + pieces.length // 2
    late = pieces.length[second] // 2 - pieces.minutes[second]
    middle[second] = np.where(late >= 0, pieces.at[n:] + late, middle[second])
    start, middle, last = (point_weights(values[keep], bin_minutes=bin_minutes) for values in (start, middle, last))
    return _Found(weight=weight, start=start, mid=middle, end=last, hours=exposure)


def _table(found: _Found, by: str) -> pd.DataFrame:
    per_hour = 60 // _BINS[by]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(found.hours > 0, found.weight / found.hours, np.nan)
    columns: dict[str, Any] = {
        "dow": np.repeat(np.arange(7), 24 * per_hour),
        "hour": np.tile(np.repeat(np.arange(24), per_hour), 7),
    }
    if per_hour > 1:
        columns["minute"] = np.tile(np.arange(per_hour) * _BINS[by], 168)
    return pd.DataFrame(
        {
            **columns, "weight": found.weight, "share": found.weight / found.weight.sum(), "start": found.start, "mid": found.mid,
            "end": found.end, "hours": found.hours, "rate": rate,
        }
    )  # fmt: skip


def _cautions(
    facts: dict[str, Any], n: int, given: Intervals, final: Bools, *, noun: str, reversed: str, sources: tuple[str, ...]
) -> tuple[str, ...]:
    out = [*sources, *officer_words(int((final & given.officer).sum()), n, noun=noun)]
    if facts["n_missing"]:
        out.append(
            f"{facts['n_missing']:,} of {n:,} ({percent(facts['n_missing'] / n)}) have no end: each counts in full in the stretch in which it starts."
        )
    if facts["n_reversed"]:
        how = "counts where it starts" if reversed == "start" else "is read from its end to its start"
        out.append(f"{facts['n_reversed']:,} of {n:,} ({percent(facts['n_reversed'] / n)}) end before they start: each {how}.")
    if facts["n_long"]:
        more = (
            ". They say nothing about the hour and make every other look flatter; leave them out with longest='7D'"
            if facts["n_long"] > _MANY * n
            else ""
        )
        out.append(
            f"{facts['n_long']:,} of {n:,} ({percent(facts['n_long'] / n)}) may have happened at any time of a week or more: spread equally over the week{more}."
        )
    ends = given.end[final]
    start = given.start[final]
    default = int((start == start.astype("datetime64[D]").astype(start.dtype)).sum())
    if default > 0.02 * n and n >= 20:
        out.append(
            f"{percent(default / n)} begin at exactly 00:00: a default for an unknown time, it seems, that draws weight into the night."
        )
    if not np.isnat(ends).all():
        out.append(
            "A weight is an event spread evenly over the time in which it may have happened: when in that time it happened is not known."
        )
    return tuple(out)
