"""What is to be expected, and how far off that may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.errors import NotEnoughDataError
from sara.core.result import Setting
from sara.core.stats.forecast_models import MODELS, Model, Season, model_of
from sara.core.stats.rolling_origin import Folds, Spread, held, interval, rolling_origin, spread_of
from sara.trends._input.counted import Counted, counted
from sara.trends._input.edges import edges_of
from sara.trends._input.frequency import step_of
from sara.trends._input.lawful import check_not_assemblies
from sara.trends._input.seasons import Cycle, cycles_of
from sara.trends._results.forecast import NAMES, ForecastResult

__all__ = ["forecast"]

Floats = npt.NDArray[np.float64]

# Periods ahead, by the word of a period: about two months of days and weeks, half a year of months.
HORIZONS = {"hour": 48, "day": 28, "week": 8, "month": 6, "quarter": 4, "year": 2}
# A season is used where the series holds two and a half turns: two to learn from, and half a one to test on.
TURNS, TAUGHT = 2.5, 2
# Shorter pasts teach nothing, and fewer tests say nothing.
LEAST_PAST, LEAST_TESTS = 8, 4
# Moments of the past at which is tested, at most: more of them lie so close that they tell the same.
MOMENTS = 40
# What happened more than three years ago was another city.
YEARS_TESTED = 3.0
# A model must miss by this much less than the baseline, and less than a simpler model, or the simpler one is used.
BETTER = 0.98
# The longest cycle to which "the same period of the cycle before" looks back; of days this is the week.
NAIVE_LONGEST = 200
WAVES = {"day": 4, "week": 3, "year": 2}


@dataclass(frozen=True, eq=False)
class Plan:
    """With what the test is done: cycles, where "a cycle ago" is, over how many periods means go, and the moments."""

    cycles: tuple[Cycle, ...]
    seasons: tuple[Season, ...]
    whole: int
    window: int
    baseline: str
    names: tuple[str, ...]
    moments: tuple[int, ...]

    def model(self, name: str) -> Model:
        """Return a model as it is used here."""
        return model_of(name, self.seasons, whole=self.whole, year=self.window)


def forecast(
    series: Any,
    *,
    horizon: int | None = None,
    method: str = "auto",
    confidence: float = 0.9,
    seasons: Any = None,
    backtest: int | None = None,
    freq: str | None = None,
    period: Any = None,
) -> ForecastResult:
    """Say how many to expect in the periods to come, with an interval tested on the past.

    Answers "what do we have to be ready for?". Use `weekly_band` for what is usual now, `decompose` for what moved the series so far.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, what `trends.series` gave, a pandas Series of counts by date, or bare counts in order of time.
    horizon : int, optional
        How many periods to look ahead: 8 weeks, 28 days, 6 months, 48 hours if not given.
    method : {"auto", "mean", "seasonal-naive", "seasonal-mean", "ets", "arima"}
        ``"auto"`` tests all of them on the past and takes the best; one that does not miss less than the baseline is not used. One asked for is
        used, tested beside the baseline, and a caution says if it did no better. The baseline
        is ``"seasonal-naive"`` (as many as a year, or a week, before) where the series is long enough to test it, else ``"mean"`` (of the
        last year at most). ``"seasonal-mean"``: last year's level with the season of all years; ``"ets"``: exponential smoothing, with or without a
        damped trend; ``"arima"``: AR(1), AR(2) or ARMA(1, 1). The last two take the season out first.
    confidence : float
        Share of periods, and of sums, that the interval should hold.
    seasons : None, int, str, or a sequence of these
        Cycles in periods, or ``"day"``, ``"week"``, ``"year"``. If not given: the year of weeks and months, the week and the year of days, the day and the
        week of hours; none of bare numbers.
    backtest : int, optional
        How many periods at the end to test on. If not given, half of the series, at most three years.
    freq : str, optional
        Length of a period when events are given; weeks if not given.
    period : (str, str), optional
        First and last day to use.

    Returns
    -------
    ForecastResult
        ``table``, one row per period to come: ``period`` (its start), ``expected``, ``low``, ``high`` (whole numbers), and ``total``, ``total_low``,
        ``total_high`` for the sum from the first to this one. ``backtest``, one row per method tested: ``method``, ``miss`` (mean absolute difference in
        events a period), ``score`` (root mean square on the square-root scale; 1 is what chance alone would miss), ``score_baseline`` (its score over the
        baseline's), ``coverage`` and ``coverage_total`` (share of periods, and of sums over the horizon, inside the interval at moments it was not
        measured on), ``used``. ``past``, what the method used would have said: ``origin``, ``period``, ``step``, ``n``, ``expected``.

    Raises
    ------
    InputError
        If `series` holds anything but counts, or lawful assemblies by their type (these are not predicted), or another argument is not what it must be.
    NotEnoughDataError
        If the series is too short to learn from and to test on.

    Notes
    -----
    Rolling origin: at up to 40 moments of the past every method forecasts from what lay before the moment only, and is held against what came.
    Parameters are learnt anew at every fifth moment. The interval is not the model's own but what the tests showed: errors on the scale
    2 sqrt(n + 3/8), their mean square a smooth function of the distance, times a t quantile with as many degrees of freedom as separate stretches were tested;
    never narrower than chance alone (Poisson) would have it, never below 0. Sums have an interval of their own, measured on sums: errors of neighboring weeks
    go together, so the limits of the weeks must not be added.

    What may be said: "if things go on as they did, about 510 calls in the next eight weeks, 430 to 600". A forecast knows of no new bar, no storm, and no
    response; where one begins, it says what would have been expected without it. It is for planning staff and budget, not for judging a response: that is `sara.assess`.

    References
    ----------
    Tashman (2000), International Journal of Forecasting 16(4), 437-450. doi:10.1016/S0169-2070(00)00065-0
    Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd edition, OTexts. otexts.com/fpp3
    Gorr, Olligschlaeger & Thompson (2003), International Journal of Forecasting 19(4), 579-594. doi:10.1016/S0169-2070(03)00092-X
    Anscombe (1948), Biometrika 35(3-4), 246-254. doi:10.1093/biomet/35.3-4.246

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.forecast([12, 9, 11, 10, 13, 8, 10, 12, 11, 9, 10, 13, 9, 11, 12, 10], horizon=3)
    >>> found.method, found.table["expected"].round(1).tolist()
    ('mean', [10.6, 10.6, 10.6])
    >>> found.table[["low", "high"]].values.tolist()[0]
    [6, 16]
    """
    method = check_choice(method, ("auto", *MODELS), name="method")
    confidence = check_confidence(confidence)
    from threadpoolctl import threadpool_limits

    check_not_assemblies(series)
    chosen = counted(series, freq=freq, period=period).check_counts()
    steps = check_count(HORIZONS.get(chosen.word, 8) if horizon is None else horizon, name="horizon")
    y, days = _per_usual(chosen)
    plan = _plan(chosen, y, seasons, steps, method, backtest)
    # Many small fits: with several threads each, they wait for one another.
    with threadpool_limits(limits=1):
        tested = {name: rolling_origin(y, days, plan.model(name), plan.moments, steps) for name in plan.names}
        used = _best(tested, plan.baseline) if method == "auto" else method
        told, well = _ahead(plan.model(used), y, steps)
    starts, length = _to_come(chosen, steps)
    spread = spread_of(tested[used])
    table = _table(starts, told * length, spread, confidence)
    return ForecastResult.of(
        chosen, table=table, settings=_settings(chosen, plan, steps, horizon, method, used, confidence, backtest),
        cautions=_cautions(chosen, plan, tested, used, method, steps, well), method=used, baseline=plan.baseline, confidence=confidence,
        backtest=_tested(tested, used, plan.baseline, confidence), past=_past(tested[used], chosen), history=_history(chosen), moments=len(plan.moments),
    )  # fmt: skip


def _per_usual(chosen: Counted) -> tuple[Floats, Floats]:
    """Return counts per period of usual length, and each length over the usual: months are unequal."""
    known = chosen.days > 0
    days = np.where(known, chosen.days, 1.0) / (chosen.days[known].mean() if known.any() else 1.0)
    days = np.where(known, days, 1.0)
    # The first numbers of the series may be gaps: there is nothing to carry forward from them.
    return np.asarray(chosen.n / days, dtype=float), days


def _plan(chosen: Counted, y: Floats, seasons: Any, steps: int, method: str, backtest: int | None) -> Plan:
    n = len(y)
    asked = cycles_of(chosen, seasons)
    least = LEAST_PAST + steps + LEAST_TESTS
    nearer = n - LEAST_PAST - LEAST_TESTS
    instead = f"Look less far ahead: horizon={nearer}, or take a longer period." if nearer > 0 else "Take a longer period."
    chosen.check_length(least, method=f"forecast of {steps} {chosen.word}s", instead=instead)
    cycles = tuple(c for c in asked if n >= max(TURNS * c.length, TAUGHT * c.length + steps + LEAST_TESTS))
    near = [c for c in (cycles or asked) if c.length <= NAIVE_LONGEST] or list(asked)
    whole = near[-1].whole if near else 0
    window = whole if whole >= 12 else 8 * whole or 52
    first = max([LEAST_PAST, *(int(np.ceil(TAUGHT * c.length)) for c in cycles)])
    recent = int(YEARS_TESTED * chosen.per_year) if chosen.dated else n
    start = max(first, n // 2 if cycles else n // 3, n - max(recent, 4 * steps))
    if backtest is not None:
        start = _told_start(n, first, steps, check_count(backtest, name="backtest"), chosen.word)
    moments = np.arange(start, n - steps + 1)
    moments = moments[:: -(-len(moments) // MOMENTS)]
    names = MODELS if cycles else tuple(m for m in MODELS if not m.startswith("seasonal"))
    if method not in ("auto", *names) and (whole == 0 or start < whole):
        need = int(np.ceil(TURNS * whole)) if whole else 0
        raise NotEnoughDataError(
            f"method={method!r} needs a season: `seasons`, and {need or 'two and a half'} {chosen.word if need else 'turn'}s of it. Got {n} {chosen.word}s. Write method='auto'"
        )
    if method != "auto":
        names = tuple(dict.fromkeys(("seasonal-naive" if cycles else "mean", method)))
    return Plan(
        cycles=cycles, seasons=tuple(Season(c.length, c.whole, min(c.whole // 2, WAVES.get(c.word, 3))) for c in cycles), whole=max(whole, 1), window=window,
        baseline="seasonal-naive" if cycles else "mean", names=names, moments=tuple(int(m) for m in moments),
    )  # fmt: skip


def _told_start(n: int, first: int, steps: int, backtest: int, word: str) -> int:
    if backtest < steps + LEAST_TESTS - 1 or n - backtest < first:
        raise NotEnoughDataError(
            f"`backtest` must leave {first} {word}s to learn from and hold {steps + LEAST_TESTS - 1} or more to test on. Got {backtest} of {n}. Leave it out, or shorten `horizon`."
        )
    return n - backtest


def _best(tested: dict[str, Folds], baseline: str) -> str:
    """Return the method that misses least, or the simplest of those about as good; nothing that does not beat the baseline."""
    scores = {name: folds.score for name, folds in tested.items()}
    better = {name: score for name, score in scores.items() if score < BETTER * scores[baseline]}
    if not better:
        return baseline
    return next(name for name in MODELS if name in better and BETTER * better[name] <= min(better.values()))


def _ahead(model: Model, y: Floats, steps: int) -> tuple[Floats, bool]:
    state = model.fit(y)
    return model.ahead(state, y, steps), not isinstance(state, tuple) or bool(state[1])


def _to_come(chosen: Counted, steps: int) -> tuple[Any, Floats]:
    """Return the starts of the periods to come and their lengths over the usual."""
    if not chosen.dated or chosen.freq is None:
        return np.arange(len(chosen) + 1, len(chosen) + 1 + steps), np.ones(steps)
    step = step_of(chosen.freq)
    last = pd.Timestamp(chosen.end[-1])
    far = last + (steps + 1) * (last - pd.Timestamp(chosen.start[-1])) * 1.2
    edges = edges_of(last, far, step, freq=chosen.freq)
    edges = edges[edges >= np.datetime64(last)][: steps + 1]
    days = (edges[1:] - edges[:-1]).astype(np.int64) / 86_400_000_000
    usual = chosen.days[chosen.days > 0].mean()
    return edges[:-1], np.asarray(days / usual, dtype=float)


def _table(starts: Any, expected: Floats, spread: Spread, confidence: float) -> pd.DataFrame:
    low, high = interval(expected, spread.step, spread.step_free, confidence)
    total = np.cumsum(expected)
    total_low, total_high = interval(total, spread.total, spread.total_free, confidence)
    return pd.DataFrame(
        {
            "period": starts, "expected": expected, "low": low.astype(np.int64), "high": high.astype(np.int64),
            "total": total, "total_low": total_low.astype(np.int64), "total_high": total_high.astype(np.int64),
        }
    )  # fmt: skip


def _tested(tested: dict[str, Folds], used: str, baseline: str, confidence: float) -> pd.DataFrame:
    rows = []
    for name, folds in tested.items():
        # The coverage takes a measurement per moment: it is told for the method used and for the baseline.
        steps, total = held(folds, confidence) if name in (used, baseline) else (np.array([np.nan]), np.array([np.nan]))
        known = steps[~np.isnan(steps)]
        rows.append(
            {
                "method": name, "miss": folds.miss, "score": folds.score, "score_baseline": folds.score / max(tested[baseline].score, 1e-9),
                "coverage": float(known.mean()) if len(known) else np.nan, "coverage_total": float(total[-1]), "used": name == used,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _past(folds: Folds, chosen: Counted) -> pd.DataFrame:
    labels = chosen.labels.to_numpy()
    moments, steps = folds.n.shape
    at = folds.origins[:, None] + np.arange(steps)
    inside = at < len(chosen)
    return pd.DataFrame(
        {
            "origin": labels[np.repeat(folds.origins, steps)[inside.ravel()]], "period": labels[at[inside]],
            "step": np.tile(np.arange(1, steps + 1), moments)[inside.ravel()], "n": folds.n[inside], "expected": folds.expected[inside],
        }
    )  # fmt: skip


def _history(chosen: Counted) -> pd.DataFrame:
    return pd.DataFrame({"period": chosen.labels.to_numpy(), "n": chosen.n})


def _settings(
    chosen: Counted, plan: Plan, steps: int, horizon: int | None, method: str, used: str, confidence: float, backtest: int | None
) -> dict[str, Setting]:
    cycles = ", ".join(c.word for c in plan.cycles) or "none"
    turn = f"a {plan.cycles[-1].word}" if plan.cycles else "a season"
    first = chosen.say(plan.moments[0])
    return {
        "method": Setting(used, "sara" if method == "auto" else "you", "missed least in the back-test" if method == "auto" else ""),
        "baseline": Setting(plan.baseline, "sara", f"what {NAMES[plan.baseline]} says: a method must miss at least 2 % less to be used"),
        "horizon": Setting(steps, "sara" if horizon is None else "you", f"{chosen.word}s"),
        "confidence": Setting(confidence, "sara" if confidence == 0.9 else "you"),
        "seasons": Setting(cycles, "sara", "" if plan.cycles else f"two and a half turns of {turn} are needed to use it"),
        "backtest": Setting(
            f"{len(plan.moments)} moments, the first {first}", "sara" if backtest is None else "you", "each forecast from what lay before it only"
        ),
        "interval": Setting("from the back-test", "sara", "never narrower than chance alone"),
    }  # fmt: skip


def _cautions(
    chosen: Counted, plan: Plan, tested: dict[str, Folds], used: str, method: str, steps: int, well: bool
) -> tuple[str, ...]:
    out = []
    if not plan.cycles and chosen.dated and chosen.word not in ("year",):
        out.append(
            f"{len(chosen)} {chosen.word}s are too few to know a season: what is usual for the time of year is not in this forecast."
        )
    elif chosen.dated and plan.cycles and plan.cycles[-1].word != "year" and chosen.word in ("day", "week"):
        out.append("Less than two and a half years of data: the time of year is not in this forecast.")
    separate = (plan.moments[-1] - plan.moments[0]) // steps + 1
    if separate < 5:
        out.append(
            f"The interval of the sum rests on {separate} separate stretch{'es' if separate > 1 else ''} of {steps} {chosen.word}s: a longer past would make it narrower and surer."
        )
    if method != "auto" and used != plan.baseline and tested[used].score >= BETTER * tested[plan.baseline].score:
        out.append(
            f"{NAMES[used].capitalize()} did no better in the back-test than {NAMES[plan.baseline]}: method='auto' would not have used it."
        )
    failed = tested[used].failed
    if not well or failed:
        where = "the fit for this forecast" if not well else f"{failed} of {-(-len(plan.moments) // 5)} fits of the back-test"
        out.append(
            f"The search for the best parameters did not come to an end in {where}: the method may be unsuited to this series."
        )
    missing = int(np.isnan(chosen.n).sum())
    if missing:
        out.append(f"{missing} {chosen.word}s without a number are taken as unknown, not as zero.")
    return tuple(out)
