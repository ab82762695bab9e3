"""The validity panel: what could undo the finding, each with its number, and how strong a verb it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.assess._just_before import JustBefore
from sara.assess._words import amount, change
from sara.core.records import Design, Plan
from sara.core.result import VERBS, Check
from sara.core.stats.dispersion import Dispersion, Drift
from sara.core.stats.wdd import SMALL_COUNT, Difference
from sara.core.wording import percent

__all__ = ["Evidence", "panel_of_checks"]

FOLLOWED, ASSOCIATED, CONSISTENT = VERBS[:3]
ALIKE = (1 / 3, 3.0)
# A type of call with this share of all that vanishes, or appears from nothing, is a change in recording until shown otherwise.
_TYPE_SHARE, _GONE = 0.05, 0.2
# The whole city's count does not move by half when one place gets a response.
_JUMP = 1.5
_SHIFT = 0.10


@dataclass(frozen=True)
class Evidence:
    """What the checks look at; all of it measured already."""

    counted: gpd.GeoDataFrame
    inside: np.ndarray
    plan: Plan
    design: Design
    edges: tuple[pd.Timestamp, ...]
    n_before: int
    keep: np.ndarray
    seasonal: bool
    places: np.ndarray
    around: Difference
    headline: Difference
    against_expected: Difference
    level: np.ndarray
    dispersion: Dispersion
    drift: Drift | None
    pre_slope: tuple[float, float]
    without_choice: Difference | None
    just_before: JustBefore | None
    without_recent: Difference | None
    fell_as_much: int
    pool_size: int

    @property
    def months_after(self) -> int:
        """Whole months after the start."""
        return len(self.edges) - 1 - self.n_before

    @property
    def later(self) -> np.ndarray:
        """Which counted events lie after the start."""
        return self.counted["time"].to_numpy(dtype="datetime64[us]") >= np.datetime64(self.edges[self.n_before])


def panel_of_checks(e: Evidence) -> tuple[Check, ...]:
    """Return all checks, in the order a sceptic would ask."""
    return (
        _fixed_before(e),
        _drawn_by_lot(e),
        _parallel(e),
        _similar_level(e),
        _worst_places(e),
        _untouched(e),
        _spread(e),
        _drifting(e),
        _autocorrelation(e),
        _seasons(e),
        _small(e),
        _same_events(e),
        _recording(e),
        _citywide(e),
        _reporting(e),
        _displacement(e),
        _contamination(e),
        _outcomes(e),
        _dose(e),
    )


def _check(name: str, passed: bool | None, text: str, cap: str | None = None, table: pd.DataFrame | None = None) -> Check:
    return Check(name=name, passed=passed, text=text, cap=None if passed else cap, table=table)


def _fixed_before(e: Evidence) -> Check:
    name = "Was the assessment fixed before the start?"
    if not e.plan.locked:
        return _check(name, False, "The plan was never locked", ASSOCIATED)
    if e.plan.fixed_afterwards:
        return _check(
            name,
            False,
            f"The plan was fixed afterwards: events up to {e.plan.known_until:%Y-%m-%d} could have been seen",
            ASSOCIATED,
        )
    return _check(name, True, f"Locked as of {e.plan.as_of:%Y-%m-%d}, fingerprint {e.plan.fingerprint}")


def _drawn_by_lot(e: Evidence) -> Check:
    return _check(
        "Was it drawn by lot who gets the response?",
        None,
        f"The place was chosen and {e.design.n} similar places were matched to it, not drawn by lot",
        CONSISTENT,
    )


def _parallel(e: Evidence) -> Check:
    name = "Did the places move alike before?"
    slope, se = e.pre_slope
    if not np.isfinite(se) or e.n_before < 12:
        return _check(name, None, "The baseline is too short to see whether the places moved alike before", ASSOCIATED)
    from scipy.stats import t

    gap = (e.n_before + e.months_after) / 2
    p = float(2 * t.sf(abs(slope) / se, e.n_before - 4)) if se > 0 else 1.0
    erasing = abs(e.headline.estimate) / gap
    yearly = f"moved {amount(12 * slope)} a year {'below' if slope < 0 else 'above'} them before the start, give or take {amount(12 * 1.96 * se)}"
    text = f"Against the similar places it {yearly}; a drift of {amount(12 * erasing)} a year would erase the effect"
    if p < 0.05 and np.sign(slope) == np.sign(e.headline.estimate) and abs(slope) >= erasing / 2:
        return _check(name, False, text, FOLLOWED)
    return _check(name, None if p < 0.05 else True, text, ASSOCIATED)


def _similar_level(e: Evidence) -> Check:
    name = "Were the similar places of a similar size?"
    own, others = e.level[0, 0], e.level[1:, 0]
    ratio = float(others.mean() / own) if own > 0 else np.inf
    text = f"They had {percent(ratio)} of the events of the place that got the response, before"
    if not ALIKE[0] <= ratio <= ALIKE[1]:
        return _check(name, False, text, FOLLOWED)
    alike = np.all((others >= own * ALIKE[0]) & (others <= own * ALIKE[1]))
    return _check(
        name, True if alike else None, text if alike else f"{text}; some of them under a third or over three times", ASSOCIATED
    )


def _worst_places(e: Evidence) -> Check:
    name = "Would it have calmed down anyway?"
    chosen = e.design.chosen_on
    against = e.against_expected
    left = (
        f"what is left after what was to be expected anyway is {change(against.estimate, per=' a month')} ({amount_range(against)})"
        if np.isfinite(against.estimate)
        else ""
    )
    survives = bool(
        np.isfinite(against.estimate)
        and np.sign(against.estimate) == np.sign(e.headline.estimate)
        and (against.high < 0 or against.low > 0)
    )
    before = e.just_before
    upswing = before is not None and before.upswing
    if chosen is not None and chosen[1] <= e.edges[0]:
        if not upswing:
            return _check(name, True, "The place was chosen on months outside the baseline")
        how, left = "The place was chosen on months outside the baseline", ""
    else:
        how = (
            "It is not recorded how the place was chosen"
            if chosen is None
            else "The place was chosen by events after the start"
            if chosen[1] > e.design.start
            else "The place was chosen because it was high in the baseline"
        )
        if e.without_choice is not None:
            left = f"{left}; without those months the effect is {change(e.without_choice.estimate, per=' a month')}".lstrip("; ")
        left = left or "there are too few untouched places to say what was to be expected anyway"
    if not upswing or before is None:
        seen = chosen is not None and chosen[1] > e.design.start
        return _check(name, False if seen else None, f"{how}; {left}", None if survives and not seen else ASSOCIATED)
    ran = f"ran {amount(before.excess.estimate)} a month above its own earlier level, beyond what similar places did ({amount_range(before.excess)})"
    told = f"The {before.months} months before the start {ran}"
    if e.without_recent is not None:
        told += f"; without those months the effect is {change(e.without_recent.estimate, per=' a month')} ({amount_range(e.without_recent)})"
    stands = _stands(e)
    if not stands:
        # The text of the effect repeats the first clause: what undoes the finding comes first.
        told = f"Without the {before.months} months just before the start it is not clear that anything changed; {told[0].lower()}{told[1:]}"
    text = "; ".join(part for part in (told, f"{how[0].lower()}{how[1:]}", left) if part)
    return _check(name, None if stands else False, text, FOLLOWED if not stands else None if survives else ASSOCIATED)


def _stands(e: Evidence) -> bool:
    """Say whether a clear finding stays clear when the upswing before the start is left out of the baseline."""
    if not (e.headline.high < 0 or e.headline.low > 0):
        return True
    rest = e.without_recent
    return rest is not None and (rest.high < 0 if e.headline.high < 0 else rest.low > 0)


def _untouched(e: Evidence) -> Check:
    name = "How many untouched places changed as much?"
    if e.pool_size < 5:
        return _check(name, None, f"Only {e.pool_size} untouched places are there to ask", None)
    # With nine places or fewer, none at all is the most that can be seen.
    return _check(
        name,
        True if e.fell_as_much <= e.pool_size // 10 else None,
        f"{e.fell_as_much} of {e.pool_size} untouched places moved by as large a share the same way",
        ASSOCIATED,
    )


def _spread(e: Evidence) -> Check:
    name = "Does the interval allow for how much the counts vary?"
    phi = e.dispersion.phi
    if not np.isfinite(phi):
        return _check(name, None, "How much monthly counts vary beyond chance could not be measured", ASSOCIATED)
    return _check(
        name,
        True,
        f"Their variance is {phi:.2g} times that of chance alone ({e.dispersion.df} degrees of freedom); intervals are widened by it",
    )


def _drifting(e: Evidence) -> Check:
    name = "Does the interval allow for places that drift apart?"
    if e.drift is None:
        return _check(name, None, "There are too few untouched places to measure how far places drift apart", ASSOCIATED)
    return _check(
        name,
        True,
        f"Untouched places drift apart by {percent(float(np.sqrt(e.drift.tau2)))} beyond chance between the two windows; intervals are widened by it",
    )


def _autocorrelation(e: Evidence) -> Check:
    lag = e.dispersion.lag1
    if not np.isfinite(lag):
        return _check("Do months hang together?", None, "Whether months hang together could not be measured", None)
    handled = abs(lag) < 0.3 or e.drift is not None
    return _check(
        "Do months hang together?",
        True if handled else None,
        f"Neighbouring months correlate by {lag:.2f} beyond season and level",
        ASSOCIATED,
    )


def _seasons(e: Evidence) -> Check:
    name = "Are the same seasons on both sides?"
    if e.seasonal:
        return _check(name, True, f"{int(e.keep.sum())} months before and {e.months_after} after, the same calendar months")
    return _check(name, False, "Some calendar months after the start have no twin before it", ASSOCIATED)


def _small(e: Evidence) -> Check:
    before, after = e.places[:, : e.n_before][:, e.keep].sum(axis=1), e.places[:, e.n_before :].sum(axis=1)
    least = int(min(before[0], after[0], before[1:].sum(), after[1:].sum()))
    return _check(
        "Are the counts large enough?", True if least >= SMALL_COUNT else None, f"The smallest count is {least}", ASSOCIATED
    )


def _same_events(e: Evidence) -> Check:
    name = "Are these the events the plan was made on?"
    monthly = e.design.monthly
    then = monthly[(monthly["role"] == "treated") & monthly["month"].isin(e.edges[: e.n_before])]
    planned = int(then["n"].sum())
    # A plan made months ahead has seen a part of its baseline.
    now = int(e.places[0, : e.n_before][np.isin(np.array(e.edges[: e.n_before]), then["month"].to_list())].sum())
    if planned == 0 or abs(now - planned) <= 0.05 * planned:
        return _check(name, True, f"The baseline holds {now:,} events now and held {planned:,} when the plan was made")
    return _check(
        name,
        None,
        f"The baseline holds {now:,} events now but held {planned:,} when the plan was made: a filter, merged reports or late entries",
        ASSOCIATED,
    )


def _recording(e: Evidence) -> Check:
    name = "Was it recorded the same way throughout?"
    kinds = e.counted["type"].astype(object)
    if kinds.isna().all():
        return _check(name, None, "The publisher's types are missing, so a change in recording can't be seen", None)
    table = pd.crosstab(kinds, np.where(e.later, "after", "before")).reindex(columns=["before", "after"], fill_value=0)
    share = table / table.sum().clip(lower=1)
    big = share.max(axis=1) >= _TYPE_SHARE
    gone = big & (share["after"] < _GONE * share["before"])
    new = big & (share["before"] < _GONE * share["after"])
    if (gone | new).any():
        named = ", ".join(map(str, share.index[gone | new][:3]))
        return _check(name, False, f"A type of event vanished or appeared at the start: {named}", FOLLOWED)
    return _check(name, True, "No type of event vanished or appeared at the start")


def _citywide(e: Evidence) -> Check:
    elsewhere = ~e.inside
    before, after = int((elsewhere & ~e.later).sum()) / e.n_before, int((elsewhere & e.later).sum()) / e.months_after
    if before == 0:
        return _check("Did everything change at once?", None, "There are no events elsewhere to compare with", None)
    ratio = after / before
    calm = 1 / _JUMP <= ratio <= _JUMP
    return _check(
        "Did everything change at once?",
        True if calm else None,
        f"Elsewhere the count went from {amount(before)} to {amount(after)} a month",
        ASSOCIATED,
    )


def _reporting(e: Evidence) -> Check:
    name = "Did people start to report differently?"
    found = [text for text in (_per_event(e), _by_officers(e), _by_source(e)) if text is not None]
    if not found:
        return _check(name, None, "Whether people report differently can't be seen in these data", None)
    # What moved comes first: the text of the effect repeats the first clause.
    found.sort(key=lambda one: not one[0])
    moved = any(shift for shift, _ in found)
    return _check(name, None if moved else True, "; ".join(text for _, text in found), ASSOCIATED)


def _per_event(e: Evidence) -> tuple[bool, str] | None:
    if "n_reports" not in e.counted.columns:
        return None
    reports = pd.to_numeric(e.counted["n_reports"], errors="coerce").to_numpy(float, na_value=np.nan)
    if not (reports > 1).any():
        return None
    means = [np.nanmean(reports[e.inside & part]) if (e.inside & part).any() else np.nan for part in (~e.later, e.later)]
    if not np.isfinite(means).all():
        return None
    return abs(means[1] / means[0] - 1) > _SHIFT, f"reports per event {means[0]:.2f} before, {means[1]:.2f} after"


def _by_officers(e: Evidence) -> tuple[bool, str] | None:
    return _share_moved(e, "origin", "officer", "started by officers")


def _by_source(e: Evidence) -> tuple[bool, str] | None:
    if e.counted["source"].nunique() < 2:
        return None
    return _share_moved(e, "source", "complaints", "complaints rather than calls")


def _share_moved(e: Evidence, column: str, value: str, words: str) -> tuple[bool, str] | None:
    values = e.counted[column].astype(object).to_numpy(dtype=object, na_value=None)
    known = np.array([v is not None for v in values]) & e.inside
    if not (known & e.later).any() or not (known & ~e.later).any():
        return None
    hit = np.array([v == value for v in values])
    before, after = float(hit[known & ~e.later].mean()), float(hit[known & e.later].mean())
    return abs(after - before) > _SHIFT, f"{words}: {percent(before)} before, {percent(after)} after"


def _displacement(e: Evidence) -> Check:
    name = "Did it move next door?"
    ring = e.around
    if ring.se == 0:
        return _check(name, None, f"No events within {e.design.buffer:.0f} m to see displacement by", None)
    text = f"Within {e.design.buffer:.0f} m around there was {change(ring.estimate, per=' a month')} against the rings of similar places ({amount_range(ring)})"
    rose = e.headline.estimate < 0 and ring.low > 0
    return _check(name, None if rose else True, text, None)


def _contamination(e: Evidence) -> Check:
    return _check(
        "Did the response reach the similar places?",
        True,
        f"They lie outside the response's ring of {e.design.buffer:.0f} m; whether partners acted there too is for them to say",
    )


def _outcomes(e: Evidence) -> Check:
    also = "; the second outcome is not in these data" if e.plan.also_watch else ""
    return _check("How many outcomes were tried?", True, f"One, named in the plan{also}")


def _dose(e: Evidence) -> Check:
    if e.plan.placebo:
        return _check("Was the response delivered?", True, "No response happened: this is a placebo test")
    named = sum(action.dose is not None for action in e.plan.actions)
    return _check(
        "Was the response delivered?",
        None,
        f"Not measured: {named} of {len(e.plan.actions)} actions name a dose, none records what was done",
        CONSISTENT,
    )


def amount_range(d: Difference) -> str:
    """Return "95 % interval 3 to 9", or with signs where it spans zero."""
    if d.high < 0 or d.low > 0:
        near, far = sorted((abs(d.low), abs(d.high)))
        return f"95 % interval {amount(near)} to {amount(far)}"
    return f"95 % interval {change(d.low)} to {change(d.high)}"
