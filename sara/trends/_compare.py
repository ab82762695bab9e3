"""Is it more than before, or is it noise? The table of a CompStat meeting without its percentages."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count, check_events, record_of
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import resolve_period
from sara.core.result import Setting
from sara.core.source import EventSource, as_source
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.window_change import RateChange
from sara.core.units import timestamp
from sara.core.wording import officer_words
from sara.trends._input.baselines import LONG_WINDOW, LONGEST_STEP, Base, bases_of, change_of, with_total, years_differ
from sara.trends._input.spans import Spans, check_by, spans_of
from sara.trends._input.windows import Window, WindowRule, rule_of
from sara.trends._results.compare import PERCENT_BASE, TrendCompareResult

__all__ = ["compare"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

METHODS = ("e-test", "square-root")
# A window of which the file tells less than this share is no window to compare with.
LEAST_KNOWN = 0.8
LAG_DAYS = 28
# Fewer earlier windows than this hardly tell how far whole years differ.
LEAST_YEARS = 3
# Blocks drawn in a sparkline: three years of months.
DRAWN = 39
COLUMNS = (
    "n", "before", "last_year", "earlier", "difference", "ratio", "low", "high", "z", "p", "p_adjusted", "percent", "flag", "swing", "years_differ", "is_total",
    "before_ratio", "before_low", "before_high", "before_p",
)  # fmt: skip


def compare(
    events: gpd.GeoDataFrame | EventSource,
    *,
    by: str | None = None,
    window: str = "28D",
    as_of: Any = None,
    years: int = 3,
    against: str | None = None,
    areas: gpd.GeoDataFrame | None = None,
    method: str = "e-test",
    adjust: str = "fdr",
    confidence: float = 0.95,
    period: Any = None,
    n: int = 20,
) -> TrendCompareResult:
    """Compare the latest days with the days before and with the same days of earlier years, row by row.

    Answers "is it more than before, or is it noise?": the table of a CompStat meeting with intervals in place of percentages. Use `monitor` to watch
    hundreds of series every week, `sara.hotspots.change` for a map.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table, or a source (`sara.open_events`, the path of a Parquet file). Rows without a time are left out and counted.
    by : str, optional
        A column: one row per value, and the total. ``"category"``, ``"area"``, ``"type"`` ...
    window : str
        ``"7D"``, ``"28D"`` (any number of days), ``"MS"`` (the last whole month; ``"12MS"`` the last twelve), ``"MTD"`` or ``"YTD"`` (month or year to
        date).
    as_of : date, optional
        The last day that counts. If not given, the last whole day of the period.
    years : int
        How many earlier years the same window is taken from, at most; fewer where the data begin later.
    against : {"years", "before"}, optional
        What ``ratio``, ``p`` and the flag are about: the same window of earlier years, or the window before. If not given, earlier years where
        there is one: the window before lies in another season.
    areas : GeoDataFrame, optional
        Polygons with a column ``name``: one row per area, by the location and not by what the file says.
    method : {"e-test", "square-root"}
        ``"square-root"`` is the textbook's z: what is compared with counts as known without error, and only chance moves counts. It calls too much.
    adjust : {"fdr", "none"}
        Whether p-values are adjusted for the number of rows (Benjamini-Hochberg).
    confidence : float
        Level of the intervals, and 1 minus the false discovery rate.
    period : (str, str), optional
        What of the file may be used, also to learn how much counts usually swing. If not given, what the file covers.
    n : int
        Rows in the figure, next to the total; ``table`` holds all.

    Returns
    -------
    TrendCompareResult
        ``table``: one row per value of `by` and the total first, then by evidence: the column `by`, ``n``, ``before`` (the window before; for ``"YTD"`` that
        of last year), ``last_year`` (both as counted), ``earlier`` (mean of the same window of earlier years, for as many known days as now), ``difference`` (from that), ``ratio`` (of rates per day) with
        ``low`` and ``high``, ``z``, ``p``, ``p_adjusted`` (missing for the rows with too few events, which are no test), ``percent`` (missing on a base
        under 20), ``flag``, ``swing`` (variance over that of chance, as used), ``years_differ`` (whether earlier years differ among themselves),
        ``is_total``, and ``before_ratio``, ``before_low``, ``before_high``, ``before_p`` (against the window before). ``windows``: events and days of each
        window. ``sentences``: one per row.

    Raises
    ------
    InputError
        If `window`, `as_of` or another argument is not what it must be.
    NotEnoughDataError
        If the period holds neither an earlier year nor a window before.

    Notes
    -----
    The null: events come at the same rate as in the windows compared with, with ups and downs such as the history shows. Both counts are random; so the
    E-test (Krishnamoorthy & Thomson 2004, with the score statistic), not a z with the base taken as known. Windows of days keep their weekdays (a year back is 52 weeks, now and then 53);
    months and years to date keep their dates, and a 29 February is compared by the day.

    Counts swing more than chance makes them. How much is measured on the row's own history, without the window asked about: cut in blocks as long as the window
    (at most four weeks), as Pearson's chi-square around the year's level times the season; blocks that swing together make a longer window swing more.
    Of windows of more than half a year, how far those of earlier years differ from each other is used where it is more.
    For the window before, it is the steps from block to block, those of the season included. Counts are divided by that swing in test and interval, with Student's
    t for how well it is known. A change of level in the middle of the history counts as swing: the test is then slow to call.
    The far tail is a little light where counts swing: p below 0.001 comes up to twice as often as it says, nearly always as a rise (docs/trends/compare.md).

    "More than in earlier years" need not be new: ``years_differ`` and ``last_year`` tell. What may be said: "more than chance and the usual ups and
    downs explain", not why.

    References
    ----------
    Krishnamoorthy & Thomson (2004), A more powerful test for comparing two Poisson means, J. of Statistical Planning and Inference 119(1), 23-35.
    doi:10.1016/S0378-3758(02)00408-1
    Wheeler (2016), International Journal of Police Science & Management 18(3), 159-172. doi:10.1177/1461355716642781
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd, sara
    >>> days = pd.date_range("2022-01-01", "2024-12-31", freq="D")
    >>> table = pd.DataFrame({"when": [*days, *days[-28:], *days[-28:]]})
    >>> found = sara.trends.compare(sara.as_events(table, time="when"), window="28D")
    >>> found.table[["n", "before", "earlier", "ratio", "flag"]].to_dict("records")
    [{'n': 84, 'before': 28, 'earlier': 28.0, 'ratio': 3.0, 'flag': 'more'}]
    """
    rule = rule_of(window)
    years, n = check_count(years, name="years"), check_count(n, name="n")
    confidence = check_confidence(confidence)
    check_choice(method, METHODS, name="method")
    check_choice(adjust, ("fdr", "none"), name="adjust")
    check_choice(against, (None, "years", "before"), name="against")
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    if areas is not None and by not in (None, "area"):
        raise InputError(f"`areas` must go with by='area'. Got by={by!r}. Write: compare(events, by='area', areas=areas)")
    by = "area" if areas is not None else by
    check_by(known, by, areas=areas, taken=COLUMNS)
    if record_of(known).get("time_precision") == "month" and rule.kind != "MS":
        raise InputError(
            f"`window` must be whole months where times are months without a day. Got {window!r}. Write window='MS' or '12MS'"
        )
    start, end, period_setting = resolve_period(known, period)
    end, cut = _cut(start, end, as_of)
    spans = spans_of(known, start, end, by=by, areas=areas)
    now = _inside(rule.now(_stamp(spans.end)), spans, rule)
    before, earlier = _windows(spans, rule, now, years)
    chosen = against or ("years" if earlier else "before")
    if (chosen == "years" and not earlier) or (chosen == "before" and before is None):
        raise NotEnoughDataError(
            f"compare needs {'the same window of an earlier year' if chosen == 'years' else 'the window before'} in the data. "
            f"Got data from {_stamp(spans.first):%Y-%m-%d}, and a window from {now.stamps[0]:%Y-%m-%d}. Take a shorter window, or a longer period."
        )
    counts = with_total(spans.n([now])[:, 0], by)
    bases = bases_of(spans, rule, now, before, earlier, by)
    tested = [key for key, base in bases.items() if key == chosen or (base.measured and base.whole)]
    found = {key: change_of(counts, spans.known_days(now), bases[key], method=method, confidence=confidence) for key in tested}
    table = _table(
        spans,
        by,
        now,
        before,
        earlier,
        counts,
        bases[chosen],
        found[chosen],
        found.get("before"),
        adjust=adjust,
        confidence=confidence,
    )
    order = _order(table, by)
    table = table.iloc[order].reset_index(drop=True)
    drawn = order[: n + 1]
    return TrendCompareResult(
        table=table,
        settings=_settings(rule, now, period_setting, cut, years, earlier, chosen, against, bases[chosen], method, adjust, confidence, by),
        counts=spans.counts,
        cautions=(*spans.cautions, *officer_words(spans.officers, spans.counts.rows_used, noun=spans.noun),
                  *_cautions(spans, rule, now, before, chosen, bases[chosen], method, earlier, years)),
        freq=None, start=now.stamps[0], end=now.stamps[1], noun=spans.noun, source=spans.source, by=by, against=chosen,
        window=rule.words(now), base=rule.same if chosen == "years" else rule.one_before,
        years=tuple(sorted(w.stamps[0].year for w in earlier)) if chosen == "years" else (), one_year=rule.in_one_year(now), confidence=confidence, adjust=adjust,
        knows="chance and the usual ups and downs" if bases[chosen].measured and method == "e-test" else "chance", fair=method == "e-test",
        windows=_listed(spans, by, now, before, earlier), history=_history(spans, rule, now, by, drawn), n=n,
    )  # fmt: skip


def _cut(start: pd.Timestamp, end: pd.Timestamp, as_of: Any) -> tuple[pd.Timestamp, bool]:
    if as_of is None:
        return end, False
    last = timestamp(as_of, name="as_of").normalize() + pd.Timedelta(days=1)
    if not start < last <= end.ceil("D"):
        raise InputError(
            f"`as_of` must be a day of the period, {start:%Y-%m-%d} to {(end - pd.Timedelta(microseconds=1)):%Y-%m-%d}. Got {as_of!r}. Days the file does not cover are unknown, not empty."
        )
    return min(last, end), True


def _inside(now: Window, spans: Spans, rule: WindowRule) -> Window:
    if not spans.has(now) or spans.known_days(now) < LEAST_KNOWN * now.days:
        what = "lies in a gap of the file" if spans.has(now) else "begins before the data"
        raise NotEnoughDataError(
            f"compare needs a window inside the data. Got {rule.words(now)}, which {what}. Take a shorter window, a longer period, or another as_of."
        )
    return now


def _windows(spans: Spans, rule: WindowRule, now: Window, years: int) -> tuple[Window | None, list[Window]]:
    def usable(window: Window) -> bool:
        return spans.has(window) and spans.known_days(window) >= LEAST_KNOWN * window.days

    before = rule.before(now)
    return (before if usable(before) else None), [w for k in range(1, years + 1) if usable(w := rule.year(now, k))]


def _table(
    spans: Spans, by: str | None, now: Window, before: Window | None, earlier: list[Window], counts: Floats, base: Base, found: RateChange,
    other: RateChange | None, *, adjust: str, confidence: float,
) -> pd.DataFrame:  # fmt: skip
    rows = len(counts)
    total = np.arange(rows) == 0
    expected = base.n * spans.known_days(now) / base.days
    p = np.where(found.too_few, np.nan, found.p)
    adjusted = p.copy()
    if by is not None and adjust == "fdr":
        # The total is a question of its own, asked once.
        adjusted[1:] = benjamini_hochberg(p[1:])
    sure = np.nan_to_num(adjusted, nan=1.0) <= 1 - confidence + 1e-12
    rose = counts > expected
    flag = np.where(found.too_few, "too few to tell", np.where(sure & rose, "more", np.where(sure, "fewer", "no clear change")))
    earlier_mean = np.full(rows, np.nan)
    if earlier:
        held = with_total(spans.n(earlier).sum(axis=1), by)
        earlier_mean = held * spans.known_days(now) / sum(spans.known_days(w) for w in earlier)
    last = [w for w in earlier if w.stamps[0].year >= now.stamps[0].year - 1]
    columns: dict[str, Any] = {} if by is None else {by: pd.Series(["all", *spans.names], dtype=object)}
    columns |= {
        "n": counts.astype(np.int64), "before": _whole(with_total(spans.n([before])[:, 0], by) if before else np.full(rows, np.nan)),
        "last_year": _whole(with_total(spans.n(last[:1])[:, 0], by) if last else np.full(rows, np.nan)), "earlier": earlier_mean,
        "difference": counts - expected, "ratio": _finite(found.ratio), "low": found.low, "high": _finite(found.high), "z": found.z, "p": found.p, "p_adjusted": adjusted,
        "percent": np.where(expected >= PERCENT_BASE, 100 * (counts / np.maximum(expected, 1e-9) - 1), np.nan), "flag": flag, "swing": base.swing.phi,
        "years_differ": years_differ(spans, by, earlier, base.within or base.swing), "is_total": total,
    }  # fmt: skip
    for name in ("ratio", "low", "high", "p"):
        columns[f"before_{name}"] = np.full(rows, np.nan) if other is None else _finite(getattr(other, name))
    return pd.DataFrame(columns)


def _whole(values: Floats) -> pd.Series:
    return pd.Series(values).astype("Int64") if np.isnan(values).any() else pd.Series(values.astype(np.int64))


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _order(table: pd.DataFrame, by: str | None) -> npt.NDArray[np.int64]:
    """Total first, then by evidence, then the larger rows, then by name."""
    rank = pd.DataFrame(
        {
            "total": ~table["is_total"],
            "p": table["p_adjusted"].fillna(2.0).round(9),
            "raw": table["p"].fillna(2.0).round(9),
            "n": -table["n"],
        }
    )
    rank["name"] = "" if by is None else table[by].astype(str)
    return np.asarray(rank.sort_values(["total", "p", "raw", "n", "name"], kind="stable").index.to_numpy(dtype=np.int64))


def _listed(spans: Spans, by: str | None, now: Window, before: Window | None, earlier: list[Window]) -> pd.DataFrame:
    parts = [("now", now)] + ([("before", before)] if before else []) + [(str(w.stamps[0].year), w) for w in earlier]
    out = []
    for name, window in parts:
        frame = pd.DataFrame(
            {} if by is None else {by: pd.Series(["all", *spans.names], dtype=object)},
            index=range(len(spans.names) + (by is not None)),
        )
        out.append(frame.assign(window=name, start=window.stamps[0], end=window.stamps[1], days=spans.known_days(window), n=with_total(spans.n([window])[:, 0], by).astype(np.int64)))  # fmt: skip
    return pd.concat(out, ignore_index=True)


def _history(spans: Spans, rule: WindowRule, now: Window, by: str | None, drawn: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return what the sparklines draw: windows like this one back in time, or months."""
    own = rule if rule.kind == "D" and rule.size <= 28 else WindowRule("MS", 1)
    window = own.now(_stamp(now.end))
    held: list[Window] = []
    while spans.has(window) and len(held) < DRAWN:
        held.append(window)
        window = own.before(window)
    held = held[::-1]
    counts = with_total(spans.n(held, whole=True), by)[drawn]
    names = np.array(["all", *spans.names] if by is not None else ["all"], dtype=object)[drawn]
    return pd.DataFrame({
        "row": np.repeat(np.arange(len(drawn)), len(held)), "name": pd.Series(np.repeat(names, len(held)), dtype=object),
        "period": np.tile(np.array([w.stamps[0] for w in held], dtype="datetime64[us]"), len(drawn)), "n": counts.ravel(),
        "per_day": (counts / np.array([w.days for w in held])).ravel(),
    })  # fmt: skip


def _settings(
    rule: WindowRule, now: Window, period: Setting, cut: bool, years: int, earlier: list[Window], chosen: str, against: str | None, base: Base, method: str,
    adjust: str, confidence: float, by: str | None,
) -> dict[str, Setting]:  # fmt: skip
    first, last = now.stamps[0], now.stamps[1] - pd.Timedelta(days=1)
    why = "the same season" if chosen == "years" else "the data hold no earlier year"
    return {
        "window": Setting(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", "you", rule.words(now)),
        "as_of": Setting(f"{last:%Y-%m-%d}", "you" if cut else "sara", "" if cut else "the last day of the data that makes such a window whole"),
        "period": period, "years": Setting(len(earlier), "sara" if len(earlier) != years or years == 3 else "you", "as far as the data go" if len(earlier) < years else ""),
        "against": Setting(chosen, "sara" if against is None else "you", why if against is None else ""),
        "method": Setting(method, "sara" if method == "e-test" else "you", "both counts are random" if method == "e-test" else "what is compared with counts as known"),
        "swing": Setting("not used" if method == "square-root" else "measured" if base.measured else "1 (chance only)", "sara", base.measured or "the data are too short to measure it"),
        "adjust": Setting(adjust, "sara" if adjust == "fdr" else "you", "over the rows with enough events to be tested" if adjust == "fdr" else ""),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "by": Setting(by if by is not None else "none", "you" if by is not None else "sara", "" if by is not None else "one row"),
    }  # fmt: skip


def _cautions(
    spans: Spans, rule: WindowRule, now: Window, before: Window | None, chosen: str, base: Base, method: str, earlier: list[Window], years: int,
) -> list[str]:  # fmt: skip
    out = []
    if method == "square-root":
        out.append(
            "This z takes what is compared with as known and lets only chance move counts: it calls far more than it says. The E-test does neither."
        )
    elif not base.measured:
        out.append(
            "The data are too short to measure how much counts usually swing: the test knows chance only, and calls too much."
        )
    if chosen == "before" and rule.kind != "YTD" and 28 <= now.days <= LONGEST_STEP:
        out.append(
            "The window before lies in another part of the year: a season can look like a change. With earlier years in the data, against='years'."
        )
    if chosen == "years" and len(earlier) < years:
        out.append(
            f"Only {len(earlier)} earlier year{'s' if len(earlier) > 1 else ''} of {years} lie{'' if len(earlier) > 1 else 's'} in the data."
        )
    if chosen == "years" and now.days > LONG_WINDOW and len(earlier) < LEAST_YEARS and method == "e-test":
        out.append(
            f"How far whole years differ is hardly known from {len(earlier)} earlier: a small change that is called may be no more than that. Intervals of such long windows miss more often than they say."
        )
    short = [w for w in (now, *([before] if before else []), *earlier) if spans.known_days(w) < w.days]
    if short:
        out.append("The file has gaps in these windows: their days do not count, and rates are compared by the day.")
    if spans.last < now.stamps[1] + pd.Timedelta(days=LAG_DAYS):
        out.append("The last weeks may still rise: some reports reach the file late.")
    return out


def _stamp(day: int) -> pd.Timestamp:
    return pd.Timestamp(np.datetime64(int(day), "D"))
