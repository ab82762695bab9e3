"""The hours of the week: when most happens, counted against how often each hour comes round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_enough, check_events
from sara.core.errors import InputError
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Result, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import officer_words, percent, period_words
from sara.trends._input.gaps import check_known, gaps_of, in_gaps
from sara.trends._input.rounds import exposure_of_week
from sara.trends._input.rows import Rows, rows_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ClockResult", "Stretch", "busiest_stretch", "clock"]

Floats = npt.NDArray[np.float64]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A row of the figure runs from 6 to 6: a bar night is one piece, not two ends of two rows.
DAY_STARTS = 6
# A stretch is worth a plan if it fits a shift: two to eight hours a day, at most a third of the week.
_HOURS = range(2, 9)
# Log-likelihood ratio that the best of all stretches reaches in under 1 of 100 tables without any pattern (simulated; see the tests).
NOT_CHANCE = 12.0
# More at exactly midnight than this share of the events is a clerk's default, not a time.
MIDNIGHT_SHARE = 0.02


@dataclass(frozen=True)
class Stretch:
    """Hours on consecutive days that hold more than their share.

    Parameters
    ----------
    day, days : int
        First weekday (Monday 0) and number of days.
    hour, hours : int
        First hour of each day, and number of hours; they may run past midnight.
    share, of_week : float
        Share of the events and of the time.
    ratio_log : float
        Log-likelihood ratio against the rest of the week.
    """

    day: int
    days: int
    hour: int
    hours: int
    share: float
    of_week: float
    ratio_log: float

    @property
    def words(self) -> str:
        """The stretch as people write it: Fri-Sat 23:00-03:00."""
        last = _DAYS[(self.day + self.days - 1) % 7]
        days = "every day" if self.days == 7 else _DAYS[self.day] if self.days == 1 else f"{_DAYS[self.day]}-{last}"
        return f"{days} {self.hour:02d}:00-{(self.hour + self.hours) % 24:02d}:00"

    def mask(self) -> npt.NDArray[np.bool_]:
        """Return its hours in a week of 7 x 24, Monday first."""
        out = np.zeros(168, dtype=bool)
        for day in range(self.day, self.day + self.days):
            out[(day * 24 + self.hour + np.arange(self.hours)) % 168] = True
        return out.reshape(7, 24)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ClockResult(Result):
    """Events by hour of the week.

    Parameters
    ----------
    table : DataFrame
        168 rows: ``dow`` (Monday 0), ``hour`` (0-23), ``n`` (events), ``share`` (of all events), ``hours`` (how often this hour of the week
        came round in the period), ``rate`` (events each time it came round; missing where it did not).
    stretch : dict
        The busiest stretch (fields of `Stretch`), empty where none stands out.
    start, end : Timestamp
        The period, half-open.
    noun, source : str
        What the rows are called, and the source line.
    """

    stretch: dict[str, Any]
    start: pd.Timestamp
    end: pd.Timestamp
    noun: str
    source: str = ""

    question: ClassVar[str] = "When in the week does it happen?"
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @property
    def text(self) -> str:
        """The finding in one to three sentences."""
        n = int(self.table["n"].sum())
        if not self.stretch:
            return f"The {n:,} {self.noun} show no stretch of the week that stands out from the rest."
        found = Stretch(**self.stretch)
        words = found.words[:1].upper() + found.words[1:]
        return f"{words}: {percent(found.share)} of {n:,} {self.noun} in {percent(found.of_week)} of the week."

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        top = self.table.iloc[int(np.nanargmax(self.table["rate"].to_numpy(dtype=float)))]
        peak = f"The single busiest hour is {_DAYS[int(top['dow'])]} {int(top['hour']):02d}:00 with {top['rate']:.2g} {self.noun} an hour."
        return f"Heat map of the week, seven rows of 24 hours that begin at {DAY_STARTS:02d}:00. {self.text} {peak}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the week as a heat map, Monday to Sunday, each row from 06:00 to 06:00; return the Axes."""
        from sara.plot.series import week_map
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes(width=8.2, height=3.9) if ax is None else ax
        stretch = Stretch(**self.stretch).mask() if self.stretch else None
        week_map(
            ax, self.table["rate"].to_numpy().reshape(7, 24), unit=f"{self.noun} an hour", day_starts=DAY_STARTS, stretch=stretch
        )
        outlined = "outlined: the busiest stretch" if self.stretch else ""
        return finish(
            ax, title=f"When in the week do {self.noun} come in?", source=self.source, xlabel="hour (after the dashed line: the next calendar day)", ylabel="",
            subtitle=subtitle_of(f"{self.noun} an hour", period_words(self.start, self.end), f"n = {int(self.table['n'].sum()):,}", outlined),
        )  # fmt: skip


def clock(events: gpd.GeoDataFrame | EventSource, *, period: Any = None) -> ClockResult:
    """Count events by hour of the week.

    Answers "when in the week?". Use `trends.series` for weeks and months.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table with hours, or a source (`sara.open_events`, the path of a Parquet file). Rows without an hour and outside the period are
        left out and counted.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    ClockResult
        ``table``: ``dow``, ``hour``, ``n``, ``share``, ``hours``, ``rate``.

    Raises
    ------
    InputError
        If the times are dates without an hour.
    NotEnoughDataError
        If no event of the period has an hour.

    Notes
    -----
    The rate divides by how often that hour of the week came round in the period, so a period with one Monday more does not make Mondays
    busier; days for which the file says nothing do not count. The stretch is the same hours (two to eight, also across midnight) on consecutive days, at most a third of the week, with the
    largest Poisson log-likelihood ratio ``n log(n / e) + (N - n) log((N - n) / (N - e))`` against the rest; it is named only if pure chance
    would rarely reach that value. Times are when it was reported: for burglary of an empty house that is not when it happened.

    References
    ----------
    Kulldorff (1997), Communications in Statistics - Theory and Methods 26(6), 1481-1496. doi:10.1080/03610929708831995

    Examples
    --------
    >>> import pandas as pd, sara
    >>> nights = pd.date_range("2024-01-05 23:30", periods=26, freq="7D")
    >>> week = sara.trends.clock(sara.as_events(pd.DataFrame({"when": nights}), time="when"), period=("2024-01-01", "2024-06-30"))
    >>> week.table.query("dow == 4 and hour == 23")["rate"].tolist()
    [1.0]
    """
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    start, end, period_setting = resolve_period(known, period)
    rows = rows_of(known, unit=min(3_600, unit_of(start, end)), hours=True)
    _check_hours(rows)
    inside, no_time, no_hour = in_period(rows.time, start, end), np.isnat(rows.time), np.isnan(rows.hour)
    gaps = gaps_of(known, None, start, end)
    check_known(known, gaps, start, end)
    lost = in_gaps(rows.time, gaps) & inside
    used = inside & ~no_hour & ~lost
    check_enough(rows.count(used), 1, method="clock", what="event of the period with an hour")
    dow = (rows.time[used].astype("datetime64[D]").astype(np.int64) + 3) % 7
    exposure = exposure_of_week(start, end, gaps=gaps)
    n, stretch = _numbers(dow * 24 + rows.hour[used].astype(np.int64), exposure, rows.n[used])
    counted = {
        "without a time": rows.count(no_time),
        "outside the period": rows.count(~inside & ~no_time),
        "without an hour": rows.count(inside & no_hour & ~lost),
        "in a gap of the file": rows.count(lost),
    }
    return ClockResult(
        table=_table(n, exposure),
        settings={
            "period": period_setting,
            "day_starts": Setting(f"{DAY_STARTS:02d}:00", "sara", "a night is drawn in one row; the table keeps calendar days"),
            "stretch": Setting("2 to 8 hours on consecutive days, at most a third of the week", "sara", "what fits a shift"),
        },
        counts=Counts(int(rows.n.sum()), rows.count(used), counted),
        cautions=(*rows.cautions, *_cautions(rows, used, days=exposure.sum() / 24)),
        stretch={} if stretch is None else {name: getattr(stretch, name) for name in Stretch.__dataclass_fields__},
        start=start, end=end, noun=rows.noun, source=rows.source,
    )  # fmt: skip


def _check_hours(rows: Rows) -> None:
    """Refuse where times are dates."""
    there = ~np.isnat(rows.time)
    time = rows.time[there]
    dates = (
        rows.record.get("time_precision") in ("day", "month")
        or np.isnan(rows.hour[there]).all()
        or (rows.count(there) > 1 and (time == time.astype("datetime64[D]").astype(time.dtype)).all())
    )
    if dates and len(time):
        first = pd.Timestamp(time[0])
        raise InputError(
            f"`events` must have times with an hour for a clock. Got dates only (first row: {first:%Y-%m-%d}). Write: sara.trends.series(events, freq='D'), or read a column that holds the time of day."
        )


def _numbers(
    hour_of_week: npt.NDArray[np.int64], exposure: Floats, each: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Stretch | None]:
    """Count the hours of the week, and find the stretch that stands out; each hour stands for so many events."""
    n = np.bincount(hour_of_week, weights=each, minlength=168).astype(np.int64)
    found = busiest_stretch(n, exposure)
    return n, found if found is not None and found.ratio_log >= NOT_CHANCE else None


def busiest_stretch(n: npt.ArrayLike, exposure: npt.ArrayLike) -> Stretch | None:
    """Return the hours on consecutive days that hold most beyond their share of time, or None where no stretch holds more.

    Parameters
    ----------
    n, exposure : array-like of float, length 168
        Events, and how often the hour came round; Monday 00:00 first.

    Returns
    -------
    Stretch or None
        The one with the largest Poisson log-likelihood ratio; of equals the first in the week.
    """
    events, time = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    total, expected_all = float(events.sum()), events.sum() * time / time.sum()
    best: tuple[float, Stretch | None] = (0.0, None)
    for hours in _HOURS:
        # The sum from each hour of the week on, as a table of 7 days x 24 starting hours.
        sums = [_running(values, hours).reshape(7, 24) for values in (events, expected_all)]
        for days in range(1, 8):
            if days * hours > 168 / 3:
                break
            got, expected = (_running_days(values, days) for values in sums)
            score = _ratio(got, expected, total)
            if days == 7:
                score[1:] = 0
            day, hour = np.unravel_index(int(np.argmax(score)), score.shape)
            if score[day, hour] > best[0] + 1e-9:
                share, of_week = got[day, hour] / total, expected[day, hour] / total
                best = (
                    score[day, hour],
                    Stretch(int(day), days, int(hour), hours, float(share), float(of_week), float(score[day, hour])),
                )
    return best[1]


def _running(values: Floats, length: int) -> Floats:
    around = np.concatenate([[0.0], np.cumsum(np.r_[values, values[:length]])])
    return around[length : length + 168] - around[:168]


def _running_days(values: Floats, days: int) -> Floats:
    around = np.concatenate([np.zeros((1, 24)), np.cumsum(np.r_[values, values[:days]], axis=0)])
    return around[days : days + 7] - around[:7]


def _ratio(got: Floats, expected: Floats, total: float) -> Floats:
    """Return the log-likelihood ratio of more inside than outside; 0 where there is not more."""
    from scipy.special import xlogy

    rest, rest_expected = total - got, total - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        value = xlogy(got, got / expected) + xlogy(rest, np.where(rest > 0, rest / rest_expected, 1.0))
    return np.where((got > expected) & (expected > 0), value, 0.0)


def _table(n: npt.NDArray[np.int64], exposure: Floats) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(exposure > 0, n / exposure, np.nan)
    return pd.DataFrame(
        {
            "dow": np.repeat(np.arange(7), 24),
            "hour": np.tile(np.arange(24), 7),
            "n": n,
            "share": n / n.sum(),
            "hours": exposure,
            "rate": rate,
        }
    )


def _cautions(rows: Rows, used: npt.NDArray[np.bool_], *, days: float) -> tuple[str, ...]:
    of = rows.count(used)
    out = list(officer_words(rows.count(used & rows.officer), of, noun=rows.noun))
    midnight = rows.count(used & (rows.time == rows.time.astype("datetime64[D]").astype(rows.time.dtype))) / of
    if midnight > MIDNIGHT_SHARE and of >= 20:
        out.append(
            f"{percent(midnight)} of these {rows.noun} are at exactly 00:00: a default for an unknown time, it seems, that makes midnight look busy."
        )
    if days < 28:
        out.append(f"Only {days:.0f} days are counted: one busy night can make a weekday look busy.")
    out.append("The hour is when it was reported, which may be long after it happened.")
    return tuple(out)
