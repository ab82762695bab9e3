"""Did it work? The one number the plan named, and everything that could undo it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.assess._effect import EffectResult
from sara.assess._evaluate_numbers import CONFIDENCE, POWER, Numbers, Panels, Windows, fell_as_much, numbers
from sara.assess._just_before import earlier_months
from sara.assess._validity import Evidence, panel_of_checks
from sara.core.checks import check_count, check_events, located
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import resolve_period
from sara.core.records import Design, Plan
from sara.core.result import Counts, Setting
from sara.core.stats.panel import count_panel, known_period, members, month_edges, point_tree, season_matched
from sara.core.stats.wdd import Difference
from sara.core.wording import noun_of, officer_caution, period_words, source_of

__all__ = ["evaluate"]

# A file's last day may be short by a night; more than this and its last month is not whole.
_SLACK = pd.Timedelta(days=2)


def evaluate(events: gpd.GeoDataFrame, plan: Plan, *, seed: int = 1) -> EffectResult:
    """Assess a response against the similar places its plan named.

    Answers "did it work?". One headline, named in the plan; the other rows show whether it holds.

    Parameters
    ----------
    events : GeoDataFrame
        Events of the baseline and of the months after, read again. The plan's outcome picks those that count.
    plan : Plan
        From `sara.respond.Plan`, locked before the response started (if it was not, the checks say so and the verb is weaker).
    seed : int
        For the interval of "expected anyway", which draws untouched places again and again.

    Returns
    -------
    EffectResult
        ``estimate``, ``low``, ``high``, ``se``: events a month; negative is a fall beyond that of similar places. ``table`` rows
        (``measure``): ``against similar places`` (the headline), ``before and after``, ``similar places``, ``expected anyway``, ``against
        expectation``, ``just before`` (how far the last 6 months before the start, or the last quarter of a baseline under two years, ran
        above the place's own earlier level times the ratio of similar places; ``before`` is that level, ``after`` those months), ``ratio to
        similar places`` (``se`` of the logarithm), ``around`` (the ring, against the rings of similar places),
        ``together with around``, ``without the months that chose it`` (where there are 12 others) and ``smallest detectable``.
        ``checks``: the validity panel. ``pool``: untouched places, before and after.

    Raises
    ------
    InputError
        If the plan's outcome meets no row.
    NotEnoughDataError
        If not one whole month after the start, or under 3 months of the baseline, is covered.

    Notes
    -----
    Estimate: (treated after - before) - mean over similar places of (after - before), counts a month, the same calendar months on both
    sides. Variance: phi x counts + tau2 x level squared. phi is Pearson's dispersion around place and month in the baseline; tau2, where
    there are 5 untouched places of a third to three times the size (or else 20 of any), is how much further than chance they drifted apart
    between the same two windows (Paule-Mandel), with t quantiles on their number. Fewer: phi is the larger of the monthly and half-yearly. Size and coverage by simulation are
    in docs/calibration.md. Where the place was chosen on its baseline, the whole baseline is kept (leaving those months out costs more in
    variance than it saves in bias, because similar places are laid by the same counts) and both are shown.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7:11. doi:10.1186/s40163-018-0085-5
    Conley & Taber (2011), Review of Economics and Statistics 93, 113-125. doi:10.1162/REST_a_00049

    Examples
    --------
    >>> import numpy as np, pandas as pd, geopandas as gpd, sara
    >>> rng = np.random.default_rng(1)
    >>> spot = rng.integers(0, 9, 6000)
    >>> table = pd.DataFrame({"x": 500_000 + 1_500 * (spot % 3) + rng.normal(0, 60, 6000), "y": 4_500_000 + 1_500 * (spot // 3) + rng.normal(0, 60, 6000),
    ...                       "time": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.uniform(0, 1096, 6000), unit="D"), "category": "noise"})
    >>> events = sara.as_events(table, time="time", category="category", x="x", y="y", crs=32616)
    >>> place = gpd.GeoSeries.from_xy([500_000], [4_500_000], crs=32616).buffer(150)
    >>> design = sara.respond.comparison(events, treated=place, start="2024-01-01")
    >>> plan = sara.respond.Plan(goal="Less noise", design=design, outcome="category == 'noise'").as_placebo().lock()
    >>> effect = sara.assess.evaluate(events, plan)
    >>> bool(effect.low < 0 < effect.high)
    True
    """
    events = check_events(events)
    if not isinstance(plan, Plan):
        raise InputError(
            f"`plan` must be a Plan. Got a {type(plan).__name__}. Write plan = sara.respond.Plan(goal=..., design=design, outcome=...)"
        )
    seed = check_count(seed, name="seed", least=0)
    outcome = plan.predicate.select(events, name="plan.outcome")
    design = plan.design.to_crs(events.crs)
    windows = _windows(events, design)
    used, counts = _rows(events, outcome, windows)
    counted = events[used]
    panels = _panels(counted, design, windows)
    if not panels.places[0].any():
        raise NotEnoughDataError(
            "evaluate needs at least 1 event of the plan's outcome in the place that got the response. Got 0, before and after. Check "
            "plan.outcome, and that these are the events the plan was made on."
        )
    found = numbers(panels, windows, np.random.default_rng(seed))
    return _result(events, outcome, used, plan, design, windows, panels, found, counts, seed)


def _windows(events: gpd.GeoDataFrame, design: Design) -> Windows:
    first, end, _ = resolve_period(events)
    first, end = known_period(events["time"].to_numpy("datetime64[us]"), first, end)
    n_after = _whole_months(design.start, design.months_after, end)
    if n_after < 1:
        raise NotEnoughDataError(
            f"evaluate needs at least 1 whole month after the start. Got events up to {end - pd.Timedelta(days=1):%Y-%m-%d} for a response from "
            f"{design.start:%Y-%m-%d}. Read the later file and evaluate again."
        )
    n_before = design.months_before
    while n_before and month_edges(design.start, -n_before, -n_before)[0] < first - _SLACK:
        n_before -= 1
    if n_before < 3:
        raise NotEnoughDataError(
            f"evaluate needs at least 3 months of the baseline. Got events from {first:%Y-%m-%d} for a response from {design.start:%Y-%m-%d}. Read the earlier and the "
            "later file together: sara.read_calls('folder/*.csv')"
        )
    edges = month_edges(design.start, -n_before, n_after)
    calendar = [edge.month for edge in edges[:-1]]
    keep = season_matched(calendar[:n_before], calendar[n_before:])
    outside = None
    if design.chosen_on is not None:
        apart = np.array([edges[i + 1] <= design.chosen_on[0] or edges[i] >= design.chosen_on[1] for i in range(n_before)])
        if 12 <= apart.sum() < n_before:
            matched = season_matched([m for m, free in zip(calendar[:n_before], apart, strict=True) if free], calendar[n_before:])
            outside = apart.copy()
            if matched is not None:
                outside[np.flatnonzero(apart)[~matched]] = False
    whole = np.ones(n_before, dtype=bool) if keep is None else keep
    return Windows(edges, n_before, whole, keep is not None, outside, earlier_months(calendar, n_before))


def _whole_months(start: pd.Timestamp, asked: int, end: pd.Timestamp) -> int:
    there = 0
    while there < asked and start + pd.DateOffset(months=there + 1) <= end + _SLACK:
        there += 1
    return there


def _rows(events: gpd.GeoDataFrame, outcome: np.ndarray, windows: Windows) -> tuple[np.ndarray, Counts]:
    time = events["time"].to_numpy(dtype="datetime64[us]")
    timed, here = ~np.isnat(time), located(events)
    inside = timed & (time >= np.datetime64(windows.edges[0])) & (time < np.datetime64(windows.edges[-1]))
    used = outcome & inside & here
    left_out = {
        "not the plan's outcome": int((~outcome).sum()),
        "without a time": int((outcome & ~timed).sum()),
        "outside the period": int((outcome & timed & ~inside).sum()),
        "without a location": int((outcome & inside & ~here).sum()),
    }
    return used, Counts(len(events), int(used.sum()), left_out)


def _panels(counted: gpd.GeoDataFrame, design: Design, windows: Windows) -> Panels:
    tree, time = (
        point_tree(counted["x"].to_numpy(float), counted["y"].to_numpy(float)),
        counted["time"].to_numpy("datetime64[us]"),
    )

    def panel(geometries: list, exclusive: bool) -> np.ndarray:
        if not geometries:
            return np.zeros((0, len(windows.edges) - 1), dtype=np.int64)
        place, point = members(tree, geometries, exclusive=exclusive)
        return count_panel(place, time[point], len(geometries), windows.edges)

    table = design.table
    main = table["role"] != "ring"
    inside = np.zeros(len(counted), dtype=bool)
    inside[members(tree, list(design.places("treated").geometry))[1]] = True
    return Panels(
        panel(list(table.geometry[main]), True),
        panel(list(table.geometry[~main]), False),
        panel(list(design.candidates_table.geometry), False),
        inside,
    )


def _result(
    events: gpd.GeoDataFrame,
    outcome: np.ndarray,
    used: np.ndarray,
    plan: Plan,
    design: Design,
    windows: Windows,
    panels: Panels,
    found: Numbers,
    counts: Counts,
    seed: int,
) -> EffectResult:
    headline = found.headline
    fell, total = fell_as_much(found, int(windows.keep.sum()))
    noun = noun_of(events[outcome])
    category = plan.predicate.category
    words = f"{category[:1].upper()}{category[1:]} {noun}" if category else f"The {noun} that the plan counts"
    spent = period_words(windows.edges[windows.n_before], windows.edges[-1])
    counted = events[used]
    evidence = Evidence(
        counted=counted,
        inside=panels.inside,
        plan=plan,
        design=design,
        edges=tuple(windows.edges),
        n_before=windows.n_before,
        keep=windows.keep,
        seasonal=windows.seasonal,
        places=panels.places,
        around=found.around,
        headline=found.headline,
        against_expected=found.against_expected,
        level=found.level,
        dispersion=found.dispersion,
        drift=found.drift,
        pre_slope=found.pre_slope,
        without_choice=found.without_choice,
        just_before=found.just_before,
        without_recent=found.without_recent,
        fell_as_much=fell,
        pool_size=total,
    )
    checks = panel_of_checks(evidence)
    facts = {
        "outcome_words": words,
        "change": float(np.diff(found.level[0])[0]),
        "shrunk": found.reliability < 0.995 and np.isfinite(found.expected[0]),
        "fell_as_much": fell,
        "pool_size": total,
        "months_just_before": found.just_before.months if found.just_before else 0,
        "placebo": plan.placebo,
        "noun": noun,
        "start": design.start,
        "buffer": design.buffer,
        "months_before": int(windows.keep.sum()),
        "months_after": windows.n_after,
        "headline": plan.headline,
        "dispersion": found.phi,
        "fixed_afterwards": plan.fixed_afterwards,
        "locked": plan.locked,
        "fingerprint": plan.fingerprint,
        "n_similar": design.n,
        "source": source_of(events),
        "subtitle": f"{words.lower()} a month · {period_words(windows.edges[0], windows.edges[windows.n_before])} and {spent}",
    }
    settings = {
        "outcome": Setting(plan.outcome),
        "start": Setting(design.start),
        "months before": Setting(int(windows.keep.sum()), "sara", "the baseline's months that match the seasons after"),
        "months after": Setting(
            windows.n_after,
            "you" if windows.n_after == design.months_after else "sara",
            "" if windows.n_after == design.months_after else "as many whole months as there are",
        ),
        "dispersion": Setting(round(found.phi, 3), "sara", "variance over mean around place and month in the baseline"),
        "drift": Setting(
            round(found.drift.tau2, 5) if found.drift else None,
            "sara",
            f"spread of {found.drift.df + 1} untouched places of a like size" if found.drift else "too few untouched places",
        ),
        "degrees of freedom": Setting(found.df if np.isfinite(found.df) else "normal", "sara", "of the quantile"),
        "confidence": Setting(CONFIDENCE),
        "seed": Setting(seed),
        "headline": Setting(plan.headline),
    }
    return EffectResult(
        table=_table(found),
        settings=settings,
        counts=counts,
        cautions=_cautions(plan, found, windows, events, used, noun),
        estimate=headline.estimate,
        low=headline.low,
        high=headline.high,
        se=headline.se,
        p=headline.p,
        checks=checks,
        method="evaluate",
        confidence=CONFIDENCE,
        facts=facts,
        monthly=_monthly(design, panels, windows),
        places=design.table[["name", "role", "ring_of", "geometry"]].copy(),
        pool=pd.DataFrame(
            {"before": found.pool_before, "after": found.pool_after, "change": found.pool_after - found.pool_before}
        ),
    )


def _table(found: Numbers) -> pd.DataFrame:
    from scipy.stats import norm, t

    treated, others = found.level[0], found.level[1:].mean(axis=0)
    nan = float("nan")
    law = norm if np.isinf(found.df) else t(found.df)
    detectable = float(law.isf((1 - CONFIDENCE) / 2) + law.ppf(POWER)) * found.headline.se

    def row(measure: str, d: Difference, before: float = nan, after: float = nan) -> tuple:
        return (measure, "events a month", before, after, d.estimate, d.se, d.low, d.high, d.z, d.p)

    rows = [
        row("against similar places", found.headline, *treated),
        row("before and after", found.alone, *treated),
        row("similar places", found.similar, *others),
        (
            "expected anyway",
            "events a month",
            treated[0],
            treated[0] + found.expected[0],
            found.expected[0],
            nan,
            *found.expected[1:],
            nan,
            nan,
        ),
        row("against expectation", found.against_expected, treated[0] + found.expected[0], treated[1]),
        row("just before", found.just_before.excess, found.just_before.expected, found.just_before.level)
        if found.just_before
        else ("just before", "events a month", *(nan,) * 8),
        (
            "ratio to similar places",
            "ratio of after / before",
            nan,
            nan,
            found.ratio.ratio,
            found.ratio.se_log,
            found.ratio.low,
            found.ratio.high,
            np.log(found.ratio.ratio) / found.ratio.se_log if found.ratio.ratio > 0 else nan,
            found.ratio.p,
        ),
        row("around", found.around),
        row("together with around", found.together),
    ]
    if found.without_choice is not None:
        rows.append(row("without the months that chose it", found.without_choice))
    rows.append(("smallest detectable", "events a month", nan, nan, detectable, found.headline.se, nan, nan, nan, nan))
    return pd.DataFrame(rows, columns=["measure", "unit", "before", "after", "estimate", "se", "low", "high", "z", "p"])


def _monthly(design: Design, panels: Panels, windows: Windows) -> pd.DataFrame:
    table = design.table
    months = len(windows.edges) - 1
    counts = np.vstack([panels.places, panels.rings])
    return pd.DataFrame(
        {
            "name": np.repeat(table["name"].to_numpy(object), months),
            "role": np.repeat(table["role"].to_numpy(object), months),
            "month": pd.to_datetime(windows.edges[:-1] * len(table)).astype("datetime64[us]"),
            "n": counts.ravel(),
        }
    )


def _cautions(
    plan: Plan, found: Numbers, windows: Windows, events: gpd.GeoDataFrame, used: np.ndarray, noun: str
) -> tuple[str, ...]:
    said = []
    if plan.placebo:
        said.append("Placebo: no response happened here. This tests the method, not a response.")
    if not plan.locked:
        said.append("The plan was never locked: what counts as success could have been chosen after the outcome was seen.")
    elif plan.fixed_afterwards:
        said.append("The plan was fixed afterwards: the outcome could have been seen when it was made.")
    said += [caution for caution in plan.design.cautions if caution not in said and "started by officers" not in caution]
    if plan.also_watch is None:
        said.append("Success is counted only in reports: trust raises calls and fear lowers them.")
    else:
        said.append(f"Also watch: {plan.also_watch}. It does not depend on people calling and is not part of these numbers.")
    said.append("What the response cost people (stops, citations, complaints, evictions) is not measured.")
    if windows.n_after < plan.design.months_after:
        said.append(f"Only {windows.n_after} of the {plan.design.months_after} months planned have passed.")
    if found.drift is None:
        said.append("There are too few untouched places to measure how far places drift apart: the interval may be too narrow.")
    return (*said, *officer_caution(events, used, noun=noun))
