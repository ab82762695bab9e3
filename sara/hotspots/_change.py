"""Where has it changed? Two periods, cell by cell or area by area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_confidence
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.source import EventSource
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.units import period as parse_period
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._over_time.change_numbers import Change, Wobble, change_numbers, share_chi_square_p, wobble
from sara.hotspots._over_time.steps import day_stamp, steps_of
from sara.hotspots._results.change import ChangeResult

__all__ = ["change"]

Ints = npt.NDArray[np.int64]
Days = tuple[int, int]

LEAST_EVENTS = 30
# No percent on a smaller base.
LEAST_BASE = 20
# Earlier pairs of windows that tell how much places usually change.
MOST_PAIRS = 4
# Windows of whole years may differ by a leap day, and by one weekend.
SLACK_DAYS = 3


@dataclass(frozen=True, eq=False)
class Windows:
    """Two windows in days since 1970, half-open, how many days of each the file tells about, and who chose them."""

    before: Days
    after: Days
    known: tuple[float, float]
    chosen_by: str
    cautions: tuple[str, ...]


def change(
    events: gpd.GeoDataFrame | EventSource,
    *,
    before: Any = None,
    after: Any = None,
    area: Any = None,
    areas: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    confidence: float = 0.95,
    period: Any = None,
) -> ChangeResult:
    """Find places whose counts changed more than chance, and more than places here usually change.

    Answers "where has it become worse, where better?". Use `emerging` for more than two periods, `sara.assess.evaluate` to ask whether a response did it.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    before, after : pair of dates, optional
        First and last day of the two periods. If neither is given, the last 12 whole months of the file against the 12 before them: the same
        seasons in both.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    areas : GeoDataFrame, optional
        Named areas (column ``name``) to compare instead of cells.
    cell_size : float or str, optional
        Side of a cell (a hexagon's width), in metres or with a unit ("500ft"). Chosen by sara if not given, as in `count`.
    shape : {"square", "hexagon"}
        Shape of the cells.
    grid : HotspotResult, GeoDataFrame, Grid or HexGrid, optional
        An earlier result, its ``.grid``, or a grid: its cells and study area are used.
    confidence : float
        Level of the intervals, and 1 minus the false discovery rate.
    period : pair of dates, optional
        What of the file may be used at all, also to learn how much places usually change. If not given, what the file covers.

    Returns
    -------
    ChangeResult
        ``table`` and ``grid``: one row per place: ``row``, ``column`` (areas: ``name``), ``n`` (both periods), ``before``, ``after``, ``difference``,
        ``expected`` (after, had it changed as all of the city did), ``ratio`` (of rates per day) with ``low`` and ``high``, ``percent`` (change; missing on a
        base under 20), ``p`` and ``p_adjusted`` (plain change), ``share_ratio``, ``p_share`` and ``p_share_adjusted`` (change of the place's share of the city;
        Benjamini-Hochberg over the places tested), ``too_few`` (not tested), ``is_up``, ``is_down`` (share and rate both rose, or both fell, the share
        significantly), ``geometry``. ``areas``: places that are up, dissolved where they touch.

    Raises
    ------
    InputError
        If the periods overlap, lie outside the file, or another argument is not what it must be.
    NotEnoughDataError
        If the file has no 24 whole months and no periods are given, or fewer than 30 events lie in them.

    Notes
    -----
    Given the events of a place in both periods together, those after are a split of that sum: by days if nothing changed, by the city's totals if the place
    only went with the city. The chance of a split as uneven is computed exactly, not from a normal curve; but not from coins either: places drift. How much more their shares change
    from one period to the next than coins would make them is measured on the same places in earlier periods of the same length (up to four pairs),
    and the split is beta-binomial with that variance; without earlier periods it is measured on the two compared, which
    is less sure. Rare leaps (beyond 10.83 times the usual) are no usual change and are left out, so that one new address with hundreds of events hides
    nothing elsewhere. A place is called only when it changed more than places here usually do.

    One such address also moves the city's total: `p_share` is the larger of two p-values, against the share of all events and against that of most
    places. The share decides what is up or down: when all of a city falls by a third, a place that falls by a third has not become better than others.

    ``similarity`` is the share of places, of those with any event, whose share of the city did not change significantly (chi-square with Yates'
    correction and Benjamini-Hochberg; Wheeler, Steenbeek & Andresen 2018): it knows chance only, no drift.

    Places chosen because they rose will fall a little by themselves next year. What may be said: "rose more than the city did, and more than places here usually
    do", not why.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31, 313-323. doi:10.1093/biomet/31.3-4.313
    Wheeler, Steenbeek & Andresen (2018), Transactions in GIS 22(3), 816-833. doi:10.1111/tgis.12331
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import change
    >>> months = pd.date_range("2022-01-15", periods=24, freq="MS")
    >>> rows = [(when, 300 * (k % 7), 300 * (k // 7)) for when in months for k in range(49)]
    >>> rows += [(when, 900, 900) for when in months[12:] for _ in range(10)]
    >>> calls = as_events(pd.DataFrame(rows, columns=["when", "east", "north"]), time="when", x="east", y="north", crs=32616)
    >>> found = change(calls, cell_size=300, before=("2022-02-01", "2022-12-31"), after=("2023-02-01", "2023-12-31"))
    >>> found.areas[["n"]].to_dict("records")
    [{'n': 121}]
    """
    confidence = check_confidence(confidence)
    chosen = select(
        events, area=area, areas=areas, period=period, method="change", cell_size=cell_size, grid=grid, shape=shape, least=LEAST_EVENTS, when=True
    )  # fmt: skip
    windows = _windows(chosen, before, after)
    counts = _counts(chosen, windows.before), _counts(chosen, windows.after)
    spread = _usual(chosen, windows, counts)
    found = change_numbers(*counts, days=windows.known, spread=spread, confidence=confidence)
    used = _used(chosen, windows)
    table = _table(used, counts, windows, found, confidence)
    up = np.zeros(_member(chosen).shape, dtype=bool)
    p, raster = np.ones(up.shape), np.zeros(up.shape)
    member = _member(chosen)
    up[member], p[member] = table["is_up"], table["p_share_adjusted"].fillna(1.0)
    raster[member] = table["after"] - table["expected"]
    late = _within(used, windows.after)
    rises = cell_areas(late, raster, up, p, contiguity="queen", word="Rise")
    return ChangeResult.of(
        used, table=table, areas=rises, method="change", settings=_settings(chosen, windows, spread, table, confidence),
        cautions=(*chosen.cautions, *windows.cautions, *_spread_caution(spread), REGRESSION), before=_stamps(windows.before), after=_stamps(windows.after),
        days_before=windows.known[0], days_after=windows.known[1], similarity=_similarity(*counts, confidence),
    )  # fmt: skip


REGRESSION = "Places that rose most are in part those that chance favored: expect some of the rise to go by itself."


def _stamps(window: Days) -> tuple[pd.Timestamp, pd.Timestamp]:
    return day_stamp(window[0]), day_stamp(window[1])


def _member(chosen: Selected) -> npt.NDArray[np.bool_]:
    assert chosen.grid is not None
    return chosen.grid.member


def _windows(chosen: Selected, before: Any, after: Any) -> Windows:
    """Return the two windows, checked, and what has to be said about them."""
    start, end = chosen.period
    if (before is None) != (after is None):
        raise InputError(
            "`before` and `after` must be given together. Got one. Write before=('2023-01-01', '2023-12-31'), after=('2024-01-01', '2024-12-31')"
        )
    if before is None:
        first, last = start.ceil("D") + pd.offsets.MonthBegin(0), (end + pd.offsets.Day(0)).floor("D")
        last = last if last.day == 1 else last - pd.offsets.MonthBegin(1)
        middle = last - pd.DateOffset(months=12)
        pair = ((middle - pd.DateOffset(months=12), middle), (middle, last))
        if pair[0][0] < first:
            months = max(0, (last.year - first.year) * 12 + last.month - first.month)
            raise NotEnoughDataError(
                f"change needs 24 whole months to compare the last 12 with the 12 before. Got {months}. Give the periods: "
                "change(events, before=('2024-01-01', '2024-03-31'), after=('2024-04-01', '2024-06-30'))"
            )
    else:
        pair = (parse_period(before, name="before"), parse_period(after, name="after"))
    days = [(_day(a.floor("D")), _day(b.ceil("D"))) for a, b in pair]
    for name, (a, b) in zip(("before", "after"), days, strict=True):
        if a < _day(start.floor("D")) or b > _day(end.ceil("D")):
            raise InputError(
                f"`{name}` must lie in what the file covers, {start:%Y-%m-%d} to {(end - pd.Timedelta(days=1)).ceil('D'):%Y-%m-%d}. Got {day_stamp(a):%Y-%m-%d} to {day_stamp(b - 1):%Y-%m-%d}. "
                "Days the file does not cover are unknown, not empty."
            )
    if days[0][1] > days[1][0]:
        raise InputError(
            f"`before` must end before `after` begins. Got {day_stamp(days[0][1] - 1):%Y-%m-%d} and {day_stamp(days[1][0]):%Y-%m-%d}. "
            f"Write after=('{day_stamp(days[0][1]):%Y-%m-%d}', ...)"
        )
    known, told = _known(chosen, days[0], days[1])
    return Windows(days[0], days[1], known, "sara" if before is None else "you", (*told, *_seasons(days[0], days[1])))


def _day(moment: pd.Timestamp) -> int:
    return int(np.datetime64(moment, "D").astype(np.int64))


def _known(chosen: Selected, *windows: Days) -> tuple[tuple[float, float], tuple[str, ...]]:
    """Return how many days of each window the file tells about: a month without one event, where many were to be expected, is a gap."""
    rows, told, known = chosen.rows, [], []
    assert rows.day is not None
    for window in windows:
        months = steps_of(_stamps(window), rows.day, rows.n, freq="MS")
        gaps = np.flatnonzero(~months.known)
        lost = int(sum(months.edges[k + 1] - months.edges[k] for k in gaps))
        if lost:
            told.append(
                f"The file tells nothing about {', '.join(months.name(int(k)) for k in gaps[:4])}: its {lost} days do not count as days of the period."
            )
        known.append(float(window[1] - window[0] - lost))
    if min(known) <= 0:
        raise NotEnoughDataError(
            "change needs data in both periods. Got a period without one event. Check the dates: sara.trends.series(events, freq='MS')"
        )
    return (known[0], known[1]), tuple(told)


def _seasons(before: Days, after: Days) -> tuple[str, ...]:
    """Say so where the two windows are not of the same seasons."""

    def of_year(window: Days) -> npt.NDArray[np.float64]:
        months = np.arange(*window).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        held = np.bincount(months, minlength=12)
        return held / held.sum()

    if np.abs(of_year(before) - of_year(after)).sum() * (after[1] - after[0]) <= 2 * SLACK_DAYS:
        return ()
    return ("The two periods are not of the same months: a season can look like a change. Compare the same months of two years.",)


def _counts(chosen: Selected, window: Days) -> Ints:
    rows, places = chosen.rows, chosen.grid
    assert rows.day is not None and chosen.code is not None and places is not None
    inside = (rows.day >= window[0]) & (rows.day < window[1])
    return places.counts(chosen.code[inside], rows.n[inside])[places.member].astype(np.int64)


def _usual(chosen: Selected, windows: Windows, counts: tuple[Ints, Ints]) -> Wobble:
    """Measure how much places here usually change, on earlier windows as long as the later one."""
    length, end = windows.after[1] - windows.after[0], windows.before[1]
    first = _day(chosen.period[0].ceil("D"))
    edges = [end - k * length for k in range(MOST_PAIRS + 2) if end - k * length >= first]
    held = [_counts(chosen, (a, b)) for b, a in pairwise(edges)][::-1]
    pairs = [(one, two) for one, two in pairwise(held) if one.sum() and two.sum()]
    return wobble(pairs, own=counts)


def _spread_caution(spread: Wobble) -> tuple[str, ...]:
    if spread.pairs > 0:
        return ()
    if spread.pairs < 0:
        return (
            "There are too few places to measure how much they usually change: the tests know chance only, and call too many.",
        )
    return (
        "The file holds no earlier periods of this length: how much places usually change was measured on these two alone, which is less sure.",
    )


def _within(chosen: Selected, *windows: Days) -> Selected:
    rows = chosen.rows
    assert rows.day is not None and chosen.code is not None
    inside = np.any([(rows.day >= a) & (rows.day < b) for a, b in windows], axis=0)
    return replace(chosen, rows=rows.only(inside), code=chosen.code[inside])


def _used(chosen: Selected, windows: Windows) -> Selected:
    """Return the rows of the two windows; the others are counted as left out."""
    out = _within(chosen, windows.before, windows.after)
    n = int(out.rows.n.sum())
    if n < LEAST_EVENTS:
        raise NotEnoughDataError(
            f"change needs at least {LEAST_EVENTS} events in the two periods. Got {n}. Try longer periods or a larger area."
        )
    counts = chosen.counts
    rows = replace(out.rows, period=(day_stamp(windows.before[0]), day_stamp(windows.after[1])))
    left_out = {**counts.left_out, "in neither period": counts.rows_used - n}
    return replace(out, rows=rows, counts=Counts(counts.rows_in, n, left_out))


def _table(chosen: Selected, counts: tuple[Ints, Ints], windows: Windows, found: Change, confidence: float) -> gpd.GeoDataFrame:
    assert chosen.grid is not None
    before, after = counts
    exposure = windows.known[1] / windows.known[0]
    adjusted, share_adjusted = benjamini_hochberg(found.p), benjamini_hochberg(found.p_share)
    sure = np.nan_to_num(share_adjusted, nan=1.0) <= 1 - confidence + 1e-12
    finite = np.where(np.isfinite(found.ratio), found.ratio, np.where(after > before, 2.0, 1.0))
    more = np.where(np.isfinite(found.share_ratio), found.share_ratio, np.where(after > before, 2.0, 1.0))
    columns = {
        "n": before + after, "before": before, "after": after, "difference": after - before, "expected": before * (after.sum() / max(1, before.sum())),
        "ratio": np.where(np.isfinite(found.ratio), found.ratio, np.nan), "low": found.low, "high": np.where(np.isfinite(found.high), found.high, np.nan),
        "percent": np.where(before >= LEAST_BASE, 100 * (after / np.maximum(before * exposure, 1e-9) - 1), np.nan),
        "p": found.p, "p_adjusted": adjusted, "share_ratio": np.where(np.isfinite(found.share_ratio), found.share_ratio, np.nan), "p_share": found.p_share,
        "p_share_adjusted": share_adjusted, "too_few": found.too_few, "is_up": sure & (more > 1) & (finite > 1), "is_down": sure & (more < 1) & (finite < 1),
    }  # fmt: skip
    table = chosen.grid.frame()
    for name, column in columns.items():
        table.insert(len(table.columns) - 1, name, column)
    return table


def _similarity(before: Ints, after: Ints, confidence: float) -> float:
    some = before + after > 0
    if not some.any():
        return float("nan")
    return float(np.mean(benjamini_hochberg(share_chi_square_p(before[some], after[some])) > 1 - confidence))


def _settings(chosen: Selected, windows: Windows, spread: Wobble, table: Any, confidence: float) -> dict[str, Setting]:
    def words(window: Days) -> str:
        return f"{day_stamp(window[0]):%Y-%m-%d} to {day_stamp(window[1] - 1):%Y-%m-%d}"

    by: Any = windows.chosen_by
    tested = int((~table["too_few"]).sum())
    source = "the two periods, rare leaps left out" if spread.pairs == 0 else "nothing: too few places"
    if spread.pairs > 0:
        source = f"{spread.pairs} earlier pair{'s' if spread.pairs > 1 else ''} of periods, rare leaps left out"
    return {
        **chosen.settings,
        "before": Setting(words(windows.before), by, "the 12 whole months before" if by == "sara" else ""),
        "after": Setting(words(windows.after), by, "the last 12 whole months" if by == "sara" else ""),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "usual_change": Setting(
            f"{spread.base:.3g} + {spread.slope:.3g} (n - 1)", "sara", f"times the variance of chance, for a place with n events in both periods; measured on {source}"
        ),
        "p_adjusted": Setting("Benjamini-Hochberg", "sara", f"over the {tested:,} places with enough events to be tested"),
    }  # fmt: skip
