"""What a game, a festival or a holiday brings: its days against ordinary days of the same weekday, weeks away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count, check_events
from sara.core.errors import InputError, NotEnoughDataError, suggest
from sara.core.period import resolve_period
from sara.core.result import Setting
from sara.core.source import EventSource, as_source
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.matched_days import MatchedDays, day_range, group_ratio
from sara.core.wording import officer_words
from sara.trends._input.gaps import gaps_of
from sara.trends._input.listed_days import US_HOLIDAYS, Days, clock_hours, days_of, us_holidays
from sara.trends._input.matched import LEAST_ORDINARY, count_plan, plan_of, usable
from sara.trends._input.moments import check_clock, moments_of
from sara.trends._results.compare import PERCENT_BASE
from sara.trends._results.event_days import EventDaysResult

__all__ = ["event_days"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]


def event_days(
    events: gpd.GeoDataFrame | EventSource,
    days: Any,
    *,
    hours: Any = None,
    match: int = 6,
    kinds: str | Sequence[str] | None = None,
    holidays: Any = None,
    radius: float | str | None = None,
    adjust: str = "fdr",
    confidence: float = 0.95,
    period: Any = None,
) -> EventDaysResult:
    """Compare days on which something took place with ordinary days: the same weekday, a few weeks before and after.

    Answers "what does a game, a festival or a holiday bring?". Use `compare` for a stretch of days, `sara.assess.evaluate` for a response.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table, or a source (`sara.open_events`, the path of a Parquet file).
    days : DataFrame, dict, list of dates, or "us-holidays"
        A table with ``date``, and if known ``name`` ("Lions v Bears"), ``kind`` ("game", "festival", "holiday", "disturbance"), ``date_to`` (last day of
        several), ``start`` and ``end`` (times of day; an end before the start is the next morning, without an end it is midnight), a place (``lon`` and ``lat``, ``x`` and ``y`` in the
        metres of `events`, or points) and its ``radius``. Or a dict of date to name, or dates. ``"us-holidays"``: the federal holidays of the United
        States, on their own date.
    hours : (time, time), optional
        The hours that count where a day has no times of its own: ``(18, 26)`` or ``("18:00", "02:00")``; past midnight they belong to the day
        before. If not given, midnight to midnight.
    match : int
        Ordinary days are taken from so many weeks before and after.
    kinds : str or sequence of str, optional
        The kinds compared; days of others are only kept from being ordinary days.
    holidays : "us" or list of dates, optional
        Days that are no ordinary days either.
    radius : float or str, optional
        How far around a day's place events count, where the table does not say: ``"800m"``.
    adjust : {"fdr", "none"}
        Whether p-values are adjusted for the number of names, kinds and single days (Benjamini-Hochberg).
    confidence : float
        Level of the intervals, and 1 minus the false discovery rate.
    period : (str, str), optional
        What of the file may be used. If not given, what the file covers.

    Returns
    -------
    EventDaysResult
        ``table``: one row per kind and name, by evidence: ``kind``, ``name``, ``days``, ``n`` (events), ``expected`` (as many ordinary days), ``difference``,
        ``ratio`` with ``low`` and ``high``, ``p``, ``p_adjusted``, ``percent`` (missing on a base under 20), ``swing`` (variance over that of chance, as used),
        ``ordinary_days`` (on average beside a day), ``flag``. ``kinds``: the same per kind. ``each``: one row per day: ``date``, ``kind``, ``name``, ``n``, ``expected``,
        ``low`` and ``high`` (what an ordinary day may hold), ``p``, ``p_adjusted``, ``ordinary_days``, ``flag``.

    Raises
    ------
    InputError
        If `days` is no list of days, or an argument is not what it must be.
    NotEnoughDataError
        If no day has three ordinary days beside it, or all are lawful assemblies.

    Notes
    -----
    The null: a day with the event is like an ordinary day. Ordinary days are of the same weekday and hours, at most `match` weeks away on both sides, so that season
    and trend cancel; no stretch that overlaps any day listed, nor a holiday given, nor a gap of the file. How much ordinary days swing is measured on them
    (Pearson's chi-square around the mean of each set); if the event days of a group of at least five differ among themselves by more, that is used. The ratio's test
    is the E-test (score statistic) on counts divided by that swing, with Student's t; a single day is held against the negative binomial that its own ordinary days predict.

    Lawful assemblies (protest, demonstration, march, vigil, picket, rally, procession, worship ...; walkout, strike ...; by kind, or by name unless the kind is a game, a concert, a
    race or a holiday; "March Madness" and "March 28" are no marches) are
    set aside: they are counted, never named, compared, ranked or predicted, and neither they nor what falls on them is an ordinary day or compared.

    What may be said: "game days had 1.3 times the calls of ordinary Saturdays". More calls where more people are is no proof of disorder: divide by the crowd
    where it is known. Nothing here is a prediction of the next one.

    References
    ----------
    Krishnamoorthy & Thomson (2004), J. of Statistical Planning and Inference 119(1), 23-35. doi:10.1016/S0378-3758(02)00408-1
    Rees & Schnepel (2009), College football games and crime, Journal of Sports Economics 10(1), 68-87. doi:10.1177/1527002508327389

    Examples
    --------
    >>> import pandas as pd, sara
    >>> days = pd.date_range("2024-01-01", "2024-12-31", freq="D").repeat(20)
    >>> table = pd.DataFrame({"when": [*days, *[pd.Timestamp("2024-07-04 21:00")] * 40]})
    >>> found = sara.trends.event_days(sara.as_events(table, time="when"), {"2024-07-04": "Fireworks"})
    >>> found.table[["name", "n", "expected", "ratio", "flag"]].to_dict("records")
    [{'name': 'Fireworks', 'n': 60, 'expected': 20.0, 'ratio': 3.0, 'flag': 'more'}]
    """
    confidence, match = check_confidence(confidence), check_count(match, name="match")
    check_choice(adjust, ("fdr", "none"), name="adjust")
    usual_hours = clock_hours(hours)
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    start, end, period_setting = resolve_period(known, period)
    listed = days_of(days, start, end - pd.Timedelta(minutes=1), crs=known.crs, radius=radius)
    if radius is not None and not listed.placed:
        raise InputError(
            "`radius` must go with a place of each day: a table with lon and lat, x and y, or points. Got no place. Add the columns, or leave radius out to count the whole area."
        )
    begins = np.where(np.isnan(listed.begins), usual_hours[0], listed.begins)
    ends = np.where(
        np.isnan(listed.ends), np.where(np.isnan(listed.begins), usual_hours[1], begins + 1440 - begins % 1440), listed.ends
    )
    check_clock(known, begins, ends)
    if listed.lawful.all():
        raise NotEnoughDataError(
            "event_days needs at least 1 day that is no lawful assembly. Got none. Gatherings that the law protects are neither compared, ranked nor predicted."
        )
    chosen = _chosen(listed, kinds)
    off, off_words = _off(holidays, days, start, end)
    gaps = gaps_of(known, None, start, end)
    plan = plan_of(listed, begins, ends, match, (start, end), gaps, off)
    keep, left_out = usable(listed, chosen, plan, (start, end), gaps)
    if not keep.any():
        raise NotEnoughDataError(
            f"event_days needs at least 1 day in the period with {LEAST_ORDINARY} ordinary days beside it. Got 0 ({'; '.join(f'{n} {why}' for why, n in left_out.items() if n)}). "
            "Raise match, or list fewer days."
        )
    moments = moments_of(
        known,
        np.concatenate([a.ravel() for a in (plan.begins, plan.ends, plan.free_begins, plan.free_ends)]),
        placed=listed.placed,
    )
    found, counts = count_plan(moments, listed, plan, keep, (start, end))
    picked = pd.DataFrame({"date": listed.date[keep], "kind": listed.kind[keep], "name": listed.name[keep]})
    each = _each(picked, found, adjust=adjust, confidence=confidence)
    per_name, per_kind = (_groups(picked, found, by, adjust=adjust, confidence=confidence) for by in (["kind", "name"], ["kind"]))
    return EventDaysResult(
        table=per_name, kinds=per_kind, each=each,
        settings={
            "match": Setting(match, "sara" if match == 6 else "you", "weeks before and after: near enough for the season, and up to 12 ordinary days"),
            "hours": Setting(_hour_words(*usual_hours), "sara" if hours is None else "you", "where a day has no times of its own"), "period": period_setting,
            "holidays": Setting(off_words, "sara" if holidays is None else "you", "never ordinary days"),
            "swing": Setting(round(found.phi, 2), "sara", f"variance of ordinary days over that of chance, measured with {found.df:.0f} degrees of freedom"),
            "adjust": Setting(adjust, "sara" if adjust == "fdr" else "you"), "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
            "kinds": Setting("all" if kinds is None else ", ".join(sorted(set(picked["kind"]))), "sara" if kinds is None else "you"),
        },
        counts=counts,
        cautions=(*moments.rows.cautions, *officer_words(moments.rows.count(moments.rows.officer), int(moments.rows.n.sum()), noun=moments.rows.noun),
                  *_cautions(picked, each, holidays, days, left_out)),
        freq=None, start=start, end=end, noun=moments.rows.noun, source=moments.rows.source, set_aside=int(np.unique(listed.date[listed.lawful]).size),
        left_out={why: n for why, n in left_out.items() if n}, hours=_hour_words(*usual_hours), confidence=confidence, match=match, swing=found.phi,
    )  # fmt: skip


def _chosen(listed: Days, kinds: str | Sequence[str] | None) -> Bools:
    if kinds is None:
        return ~listed.lawful
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    have = sorted(set(listed.kind[~listed.lawful]))
    for kind in wanted:
        if str(kind).strip().lower() not in have:
            raise InputError(
                f"`kinds` must name kinds of `days`. Got {kind!r}.{suggest(str(kind), have)} Kinds that can be compared: {', '.join(have)}"
            )
    return ~listed.lawful & np.isin(listed.kind.astype(str), [str(kind).strip().lower() for kind in wanted])


def _off(holidays: Any, days: Any, start: pd.Timestamp, end: pd.Timestamp) -> tuple[Times, str]:
    """Return further days that are no ordinary days, and what they are called."""
    if holidays is None and not (isinstance(days, str) and days == US_HOLIDAYS):
        return np.empty(0, dtype="datetime64[D]"), "none given"
    if holidays is None or (isinstance(holidays, str) and holidays.lower() in ("us", US_HOLIDAYS)):
        both = pd.concat(
            [us_holidays(start - pd.Timedelta(days=7), end + pd.Timedelta(days=7), observed=o)["date"] for o in (False, True)]
        )
        return np.unique(both.to_numpy(dtype="datetime64[D]")), "federal holidays of the United States, and their days off"
    if isinstance(holidays, str):
        raise InputError(f"`holidays` must be 'us' or dates. Got {holidays!r}. Write holidays='us' or holidays=['2024-12-26']")
    listed = days_of(holidays, start, end, crs=None, radius=None)
    return np.unique(listed.date.astype("datetime64[D]")), f"{len(np.unique(listed.date))} days given"


def _groups(picked: pd.DataFrame, found: MatchedDays, by: list[str], *, adjust: str, confidence: float) -> pd.DataFrame:
    groups = picked.groupby(by, sort=True)
    code = groups.ngroup().to_numpy()
    keys = groups.size().reset_index(name="days")
    ratio, swing = group_ratio(found, code, len(keys), confidence=confidence)

    def summed(values: Floats) -> Floats:
        return np.asarray(np.bincount(code, weights=values, minlength=len(keys)), dtype=float)

    n, expected = summed(found.n), summed(found.expected)
    p = np.where(ratio.too_few, np.nan, ratio.p)
    adjusted = benjamini_hochberg(p) if adjust == "fdr" else p
    sure = np.nan_to_num(adjusted, nan=1.0) <= 1 - confidence + 1e-12
    keys = keys.assign(
        n=n.astype(np.int64), expected=expected, difference=n - expected, ratio=_finite(ratio.ratio), low=ratio.low, high=_finite(ratio.high), p=ratio.p,
        p_adjusted=adjusted, percent=np.where(expected >= PERCENT_BASE, 100 * (n / np.maximum(expected, 1e-9) - 1), np.nan), swing=swing,
        ordinary_days=summed(found.m.astype(float)) / keys["days"],
        flag=np.where(ratio.too_few, "too few to tell", np.where(sure & (n > expected), "more", np.where(sure, "fewer", "no clear difference"))),
    )  # fmt: skip
    rank = keys.assign(_p=keys["p"].fillna(2.0).round(12), _n=-keys["n"]).sort_values(["_p", "_n", *by], kind="stable").index
    return keys.loc[rank].reset_index(drop=True)


def _each(picked: pd.DataFrame, found: MatchedDays, *, adjust: str, confidence: float) -> pd.DataFrame:
    limits = day_range(found, confidence=confidence)
    adjusted = benjamini_hochberg(limits.p) if adjust == "fdr" else limits.p
    sure = np.nan_to_num(adjusted, nan=1.0) <= 1 - confidence + 1e-12
    return picked.assign(
        n=found.n.astype(np.int64), expected=found.expected, low=limits.low, high=limits.high, p=limits.p, p_adjusted=adjusted, ordinary_days=found.m,
        flag=np.where(sure & (found.n > found.expected), "more", np.where(sure, "fewer", "no clear difference")),
    ).sort_values(["date", "kind", "name"], kind="stable", ignore_index=True)  # fmt: skip


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _hour_words(first: float, last: float) -> str:
    if (first, last) == (0.0, 1440.0):
        return "midnight to midnight"
    return f"{int(first // 60):02d}:{int(first % 60):02d} to {int(last % 1440 // 60):02d}:{int(last % 60):02d}"


def _cautions(picked: pd.DataFrame, each: pd.DataFrame, holidays: Any, days: Any, left_out: dict[str, int]) -> list[str]:
    out = ["More people make more calls: this says how many more, not whether the crowd behaves worse."]
    if holidays is None and not (isinstance(days, str) and days == US_HOLIDAYS):
        out.append("Holidays that are not listed may stand among the ordinary days: holidays='us' keeps the federal ones out.")
    if left_out["outside the period"]:
        n = left_out["outside the period"]
        out.append(f"{n:,} of the days listed {'lies' if n == 1 else 'lie'} outside the period of the data.")
    if (each["ordinary_days"] < 6).any():
        out.append(
            f"{int((each['ordinary_days'] < 6).sum()):,} of {len(picked):,} days listed {'has' if len(picked) == 1 else 'have'} fewer than 6 ordinary days beside: too many are listed near each other."
        )
    return out
