"""Which places stay chronic over the next months."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.cells import Cells
from sara.core.checks import check_confidence, check_count, check_events
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import resolve_period
from sara.core.result import Setting
from sara.core.source import EventSource, as_source
from sara.core.units import offset, timestamp
from sara.hotspots._evidence.model import YEAR, Forecast, Panel, Smoother, Spread, chances, forecast, interval, spread_of
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._ground.rows import seen_period
from sara.hotspots._results.persistence import PersistenceResult

__all__ = ["day_of", "panel_of", "persistence", "span_of"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_EVENTS, LEAST_DAYS = 50, 84
# Horizons in days: a problem worth solving lasts longer than a patrol's month, and nobody knows the year after next.
SHORTEST, LONGEST = 28, 366
SHARE = 0.01
DAY = pd.Timedelta(days=1)
PURPOSE = (
    "This is for choosing problems to work on over months. It says where reports are expected to go on, not when and not by whom, and it is no ground "
    "to stop anyone or to send a car."
)
REPORTS = "Expected are reports: where police look more, or people call more readily, more is expected."


def persistence(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    horizon: str = "3MS",
    as_of: Any = None,
    share: float = SHARE,
    n_sims: int = 499,
    seed: int = 1,
    confidence: float = 0.95,
    period: Any = None,
) -> PersistenceResult:
    """Say which cells are expected to hold most over the next 1 to 12 months, and whether they did before.

    Answers "which of these will still be there?". Use `compare` to see whether it does better in your city than a plain map of counts.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader, of one kind of problem; or a source. Rows without a location are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    cell_size : float or str, optional
        Side of a cell, in metres or with a unit ("600ft"). Chosen by sara if not given: the shorter side of `area` / 50, kept within 100 to 250 m.
    shape : {"square", "hexagon"}
        Shape of the cells.
    grid : HotspotResult, GeoDataFrame, Grid or HexGrid, optional
        An earlier result or its ``.grid``: its cells and study area are used.
    horizon : str
        How far to look, as a pandas offset: ``"3MS"`` is three months, ``"26W"`` 26 weeks. From 28 days to a year.
    as_of : date, optional
        The day the outlook is made on: events of that day and later are not used. If not given, the end of the period.
    share : float
        The share of cells called the worst: 0.01 is 1 in 100.
    n_sims : int
        Draws for the chances.
    seed : int
        Seed of the draws.
    confidence : float
        Of the interval of each cell's count.
    period : pair of dates, optional
        First and last day of the events to learn from. If not given, what the file covers.

    Returns
    -------
    PersistenceResult
        ``table`` and ``grid``: one row per cell: ``row``, ``column``, ``n`` (events so far), ``n_last_year``, ``expected`` (events over the horizon) with
        ``low`` and ``high``, ``chance`` (to be among the worst `share` of cells then), ``is_chronic`` (among the worst by ``expected``), ``outlook``
        ("chronic": is, and was before the last twelve months; "new"; "fading"; "quiet"), ``geometry``. ``areas``: the worst cells dissolved where they
        touch. ``horizon``: the months looked at. ``parts``: what the expectation is made of.

    Raises
    ------
    InputError
        If the horizon is shorter than 28 days or longer than a year, or an argument is not what it must be.
    NotEnoughDataError
        If fewer than 50 events, or less than twelve weeks or one horizon of history, are there.

    Notes
    -----
    Expected counts are ``level * sum_k w_k f_k``. The maps f are the cell's own count and the same smoothed (quartic) over 2, 4 and 8 cells, at
    least 300, 600 and 1,200 m, each over all of the past and over the recent past (weight exp(-age / 180 days)), and an even spread; each adds
    up to 1. In the smoothed ones no cell counts for more than 1 % of all events: a default address says nothing about the houses around it. The weights w maximize the likelihood of up to eight earlier stretches of the horizon's length, each foretold from before its own
    start (stacking by expectation-maximization). As in a gamma-Poisson mean, the odds of the cell's own count then rise with the events seen.
    Of 1,000 cells one is taken, beforehand, to have a level of its own (gamma of shape 1 around the mixture's mean m); with the probability that
    this is so, given its count n over an exposure of e horizons, the cell is expected to hold ``(1 + n) / (1 / m + e)``, else m.
    The level is a geometric mean of the last year's rate, the last 90 days' and, from two years on, the same days a year ago. The
    interval is negative binomial with variance ``(1 + a) mean + b mean^2``, a and b learnt from the same stretches (counts beyond ``4 mean + 10`` count as
    that; b at least what the last 90 days leave open about the total); chances are simulated.

    What may be said: "on these blocks we expect 12 (6 to 20) of the city's 400 thefts in the next three months". Not: who, when, or that a
    block is dangerous to be in. If a response changes a place, the expectation is what would have come without it only as far as the past tells.

    References
    ----------
    Wolpert (1992), Neural Networks 5(2), 241-259: stacking. doi:10.1016/S0893-6080(05)80023-1
    Dempster, Laird & Rubin (1977), JRSS B 39(1), 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x
    Weisburd, Bushway, Lum & Yang (2004), Criminology 42(2), 283-322: places stay as they are. doi:10.1111/j.1745-9125.2004.tb00521.x

    Examples
    --------
    >>> import sara
    >>> calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    >>> outlook = sara.hotspots.persistence(calls, area=sara.datasets.load("riverton_areas"), as_of="2024-03-01", n_sims=99)
    >>> int(outlook.table["is_chronic"].sum()), bool(outlook.table["expected"].sum() > 100)
    (30, True)
    """
    confidence = check_confidence(confidence)
    n_sims, seed = check_count(n_sims, name="n_sims", least=99), check_count(seed, name="seed", least=0)
    if not isinstance(share, (int, float)) or not 0 < share <= 0.5:
        raise InputError(f"`share` must be above 0 and at most 0.5. Got {share!r}. Write 0.01 for the worst 1 in 100 cells.")
    start, end = _learning_period(events, period, as_of)
    chosen = select(
        events, area=area, period=(start, end), method="persistence", cell_size=cell_size, grid=grid, shape=shape, least=LEAST_EVENTS, when=True,
    )  # fmt: skip
    cells, panel = panel_of(chosen)
    later, days = _horizon(end, horizon)
    first, origin = day_of(start), day_of(end)
    if origin - first < max(LEAST_DAYS, days):
        raise NotEnoughDataError(
            f"persistence needs at least {max(LEAST_DAYS, days)} days of events to look {days} days ahead. Got {origin - first}. "
            "Try a longer period or a shorter `horizon`."
        )
    found = forecast(panel, Smoother(cells), first=first, origin=origin, days=days)
    k = max(1, round(share * cells.n_cells))
    spread = spread_of(found)
    table = _table(cells, panel, found, spread, first, origin, k=k, n_sims=n_sims, seed=seed, confidence=confidence)
    worst, expected = np.zeros(cells.member.shape, dtype=bool), np.zeros(cells.member.shape)
    worst[cells.member], expected[cells.member] = table["is_chronic"].to_numpy(), found.expected
    areas = cell_areas(chosen, expected, worst, None, contiguity="queen", word="Lasting area")
    settings = {
        **chosen.settings,
        "period": _period_setting(chosen, period, as_of),
        "horizon": Setting(f"{later[0]:%Y-%m-%d} to {later[1] - DAY:%Y-%m-%d}", "sara" if horizon == "3MS" else "you"),
        "share": Setting(share, "sara" if share == SHARE else "you", f"{k:,} of {cells.n_cells:,} cells"),
        "weights": Setting(_weight_words(found), "sara", f"learnt from {found.periods} earlier stretches, each foretold from before its start"),
        "spread": Setting(
            f"{1 + spread.extra:.3g} * mean + {spread.common:.3g} * mean^2", "sara", "variance of a cell's count, learnt from the same stretches"
        ),
        "n_sims": Setting(n_sims, "sara" if n_sims == 499 else "you"),
        "seed": Setting(seed, "sara" if seed == 1 else "you"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
    }  # fmt: skip
    return PersistenceResult.of(
        chosen, table=table, areas=areas, method="persistence", settings=settings, cautions=(*chosen.cautions, *_cautions(found, origin - first), PURPOSE, REPORTS),
        horizon=later, parts=_parts_table(found),
    )  # fmt: skip


def panel_of(chosen: Selected) -> tuple[Cells, Panel]:
    """Return the cells, and the events as cell (in frame order) and day."""
    cells = chosen.grid
    assert isinstance(cells, Cells) and chosen.code is not None and chosen.rows.day is not None
    place = np.cumsum(cells.member.ravel()) - 1
    return cells, Panel.of(place[chosen.code], chosen.rows.day, chosen.rows.n, cells.n_cells)


def day_of(moment: pd.Timestamp) -> int:
    """Return the day of a moment, counted from 1970-01-01; a moment within a day belongs to the day after."""
    return -((pd.Timestamp("1970-01-01") - moment) // DAY)


def span_of(value: Any, *, name: str) -> pd.DateOffset | pd.Timedelta:
    """Return a stretch of time that can be added to any day: "3MS" adds three months, wherever in a month it starts."""
    step = offset(value, name=name)
    # "3MS", "QS-DEC", "W-SUN": what stands between the number and the anchor.
    code = step.freqstr.lstrip("0123456789").split("-")[0]
    months = {"MS": 1, "ME": 1, "M": 1, "QS": 3, "QE": 3, "YS": 12, "YE": 12}
    if code in months:
        return pd.DateOffset(months=months[code] * step.n)
    if code in ("W", "D"):
        return pd.Timedelta(days=step.n * (7 if code == "W" else 1))
    raise InputError(
        f"`{name}` must be days, weeks, months, quarters or years. Got {value!r}. Write '3MS' (three months) or '26W'."
    )


def _learning_period(events: Any, period: Any, as_of: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return first moment and end of what may be learnt from: whole days only."""
    source = as_source(events)
    checked = check_events(events) if source is None else source
    known = resolve_period(checked, period)[1].normalize()
    start, end, _ = seen_period(checked, period)
    end = end.normalize()
    if as_of is not None:
        stop = timestamp(as_of, name="as_of").normalize()
        if not start < stop:
            raise InputError(f"`as_of` must lie after the period begins ({start:%Y-%m-%d}). Got {as_of!r}.")
        if stop > known:
            raise InputError(
                f"`as_of` must be at most the day after the last of the period ({known:%Y-%m-%d}): of the days between nothing is known. Got {as_of!r}."
            )
        end = stop
    return start, end


def _period_setting(chosen: Selected, period: Any, as_of: Any) -> Setting:
    words = chosen.settings["period"].value
    if period is None and as_of is None:
        return Setting(words, "sara", "what the file covers, in whole days")
    return Setting(words, "you", "" if as_of is None else "up to the day before `as_of`")


def _horizon(end: pd.Timestamp, horizon: Any) -> tuple[tuple[pd.Timestamp, pd.Timestamp], int]:
    last = end + span_of(horizon, name="horizon")
    days = (last - end) // DAY
    if not SHORTEST <= days <= LONGEST:
        raise InputError(
            f"`horizon` must be from {SHORTEST} days to a year: persistence is for problems that last, not for next week's patrols. Got {horizon!r} ({days} days). "
            "Write horizon='3MS'"
        )
    return (end, last), int(days)


def _table(
    cells: Cells,
    panel: Panel,
    found: Forecast,
    spread: Spread,
    first: int,
    origin: int,
    *,
    k: int,
    n_sims: int,
    seed: int,
    confidence: float,
) -> gpd.GeoDataFrame:
    recent = min(YEAR, (origin - first) // 2)
    earlier = panel.between(first, origin - recent)
    low, high = interval(found.expected, spread, confidence=confidence)
    worst, was = _most(found.expected, found.expected, k), _most(earlier, found.expected, k) & (earlier > 1)
    outlook = np.select([worst & was, worst, was], ["chronic", "new", "fading"], "quiet")
    values = {
        "n": panel.before(origin).astype(np.int64), "n_last_year": panel.between(origin - YEAR, origin).astype(np.int64), "expected": found.expected,
        "low": low.astype(np.int64), "high": high.astype(np.int64), "chance": chances(found.expected, spread, k, n_sims=n_sims, seed=seed),
        "is_chronic": worst, "outlook": outlook,
    }  # fmt: skip
    table = cells.frame()
    for place, (name, column) in enumerate(values.items(), start=2):
        table.insert(place, name, column)
    return table


def _most(values: Floats, tie: Floats, k: int) -> Bools:
    """Return which k hold most; of equal ones, those with more by `tie`, then the first."""
    out = np.zeros(len(values), dtype=bool)
    out[np.lexsort((np.arange(len(values)), -tie, -values))[:k]] = True
    return out


def _parts_table(found: Forecast) -> pd.DataFrame:
    reach = np.r_[np.repeat(found.reaches, 2), np.nan]
    past = [*["all", "recent"] * len(found.reaches), "even spread"]
    return pd.DataFrame({"reach": reach, "past": past, "weight": found.weights})


def _weight_words(found: Forecast) -> str:
    own, smooth, even = found.weights[:2].sum(), found.weights[2:-1].sum(), found.weights[-1]
    recent = found.weights[1:-1:2].sum()
    return f"{own:.0%} the cell's own count, {smooth:.0%} its surroundings, {even:.0%} even; {recent:.0%} from the recent past"


def _cautions(found: Forecast, days: int) -> tuple[str, ...]:
    told = []
    if days < 2 * YEAR:
        told.append(
            f"The file covers {days} days: seasons are not known from less than two years, so the expected total may be too high or too low."
        )
    if found.periods < 3:
        told.append("The weights rest on fewer than three earlier stretches of time.")
    return tuple(told)
