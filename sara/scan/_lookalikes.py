"""What looks like a problem in the counts and is not one: each with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.wording import percent
from sara.scan._candidates import Candidate, Family, excess_of
from sara.scan._measure import Calendar, Lookup, Measured
from sara.scan._rows import OFFICER, Rows

__all__ = ["COUNTER", "LookAlike", "at_counters", "counters", "doubt", "edge_gap", "only_through", "recorded_in_part"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Half of the excess (or of all events) from one source is a reason to look at what is left without it.
_HALF = 0.5
# Others must make at least a quarter of the calls: what one person tells again and again is then not the size of the problem.
_OTHERS_LEAST = 0.25
# A recurring problem shows in one week of twenty, and in four weeks however short the period.
_WEEKS_SHARE, _WEEKS_LEAST = 0.05, 4
# In fewer weeks than this, one of them holds much of everything.
_BURST_WEEKS = 8
# A quarter of the period without a single event, at its start or end, in a series that is otherwise steady: the recording changed.
_GAP_SHARE, _STEADY, _STEADY_RATE = 0.25, 0.9, 2.0


# Lost and found property is handed in at a counter. A place with so much of it, and so many times the city's share, is one.
COUNTER, _COUNTER_LEAST, _COUNTER_SHARE, _COUNTER_TIMES = "lost or found property", 20, 0.15, 4.0


@dataclass(frozen=True)
class LookAlike:
    """Something turned down: the units, the events that made it look like a problem, the kind of doubt and the reason."""

    kind: str
    unit: str
    units: tuple[int, ...]
    categories: tuple[int, ...]
    n: int
    reason: str


def doubt(
    candidate: Candidate, found: Measured, calendar: Calendar, area_weeks: Floats | None, *, help_call: bool
) -> tuple[str, str] | None:
    """Return the kind of doubt and its reason in words, or None where the candidate stands."""
    excess = candidate.n - candidate.expected
    if help_call and found.top_place_n >= _HALF * excess:
        return (
            "calls for help",
            "most of the excess is one place's calls for help: that is a matter of helping there, not a problem of the area",
        )
    if np.isfinite(found.top_caller) and found.top_caller >= _HALF * min(excess, candidate.n):
        rest = candidate.n - found.top_caller
        share = percent(found.top_caller / found.n)
        if not _stands(candidate, rest):
            return (
                "one caller",
                f"one caller made {share} of the {found.n:,} calls; what others made ({rest:,.0f}) is no more than expected",
            )
        if rest < _OTHERS_LEAST * candidate.n:
            return (
                "one caller",
                f"one caller made {share} of the {found.n:,} calls; what others made ({rest:,.0f}) would be a far smaller matter",
            )
    weeks = round(found.weeks_active * calendar.n_weeks)
    long_enough = calendar.n_weeks >= _BURST_WEEKS
    if (
        long_enough
        and found.top_week >= _HALF * min(excess, candidate.n)
        and not _stands(candidate, candidate.n - found.top_week)
    ):
        return (
            "single burst",
            f"one week holds {found.top_week:,} of the {found.n:,} calls; without it there are no more than expected",
        )
    least = max(int(np.ceil(_WEEKS_SHARE * calendar.n_weeks)), min(_WEEKS_LEAST, calendar.n_weeks // 2))
    if weeks < least:
        return (
            "too few weeks",
            f"above the expected level in only {weeks} of {calendar.n_weeks} weeks: it does not keep coming back",
        )
    if area_weeks is not None and edge_gap(area_weeks):
        return (
            "change of recording",
            "calls of every kind are recorded here in only part of the period: the recording changed, not this problem",
        )
    return None


def counters(rows: Rows) -> dict[int, float]:
    """Return the places where people report what happened elsewhere (station desks), with the share of lost and found property there."""
    if COUNTER not in rows.categories:
        return {}
    at = (rows.place >= 0) & ~rows.default
    n = np.bincount(rows.place[at], weights=rows.n[at], minlength=len(rows.places))
    found = at & (rows.category == rows.categories.index(COUNTER))
    lost = np.bincount(rows.place[found], weights=rows.n[found], minlength=len(rows.places))
    share = lost / np.maximum(n, 1)
    city = lost.sum() / n.sum() if n.sum() else 1.0
    desks = np.flatnonzero((lost >= _COUNTER_LEAST) & (share >= _COUNTER_SHARE) & (share >= _COUNTER_TIMES * city))
    return {int(place): float(share[place]) for place in desks}


def at_counters(rows: Rows, share: dict[int, float]) -> list[LookAlike]:
    """Turn down the counters, one line each."""
    out = []
    city = percent(float(rows.n[rows.category == rows.categories.index(COUNTER)].sum() / rows.n.sum())) if share else ""
    for place in sorted(share):
        n = int(rows.n[rows.place == place].sum())
        reason = f"{percent(share[place])} of what is recorded here is lost and found property ({city} in the city): a desk where people report what happened elsewhere"
        out.append(LookAlike("reported at a desk", "place", (place,), (), n, reason))
    return out


def recorded_in_part(found: list[tuple[Candidate, int]], category_weeks: Floats) -> list[LookAlike]:
    """Turn down what stands out in a category whose recording begins or ends within the period, one line per category."""
    out = []
    for category in sorted({c.category for c, _ in found if edge_gap(category_weeks[c.category])}):
        here = [(c, n) for c, n in found if c.category == category]
        reason = f"recorded in only part of the period, everywhere at once: the recording changed, not the {len(here)} areas and places that stand out"
        out.append(LookAlike("change of recording", "city", (), (category,), sum(n for _, n in here), reason))
    return out


def _stands(candidate: Candidate, n: float) -> bool:
    return excess_of(candidate.kind, n, candidate.expected, candidate.spread, candidate.cut)


def edge_gap(weekly: Floats) -> bool:
    """Say whether a steady series is empty for a quarter of the weeks at its start or its end."""
    some = np.flatnonzero(weekly)
    if len(some) == 0:
        return False
    inside = weekly[some[0] : some[-1] + 1]
    empty = max(int(some[0]), len(weekly) - 1 - int(some[-1]))
    return bool(
        empty >= _GAP_SHARE * len(weekly)
        and empty >= _WEEKS_LEAST
        and (inside > 0).mean() >= _STEADY
        and inside.mean() >= _STEADY_RATE
    )


def only_through(rows: Rows, everything: Family, clean: Family, lookup: Lookup, offered: set[tuple[int, int]]) -> list[LookAlike]:
    """Return the units that stand out only while officers' rows, or the same rows again, are counted.

    Parameters
    ----------
    everything, clean : Family
        Counted with and without those rows.
    lookup : Lookup
        The rows of `everything`.
    offered : set of (category, unit)
        What stands out without them.
    """
    found: dict[tuple[str, int], list[tuple[int, Ints]]] = {}
    least = clean.n[clean.p_adjusted <= 0.05]
    floor = float(np.median(least)) if len(least) else 0.0
    standing = excess_cells(everything)
    for cell in standing[everything.n[standing] >= floor]:
        category, unit = int(everything.category[cell]), int(everything.unit[cell])
        if (category, unit) in offered:
            continue
        at = lookup.rows(category, (unit,))
        each = rows.n[at]
        if each[rows.origin[at] == OFFICER].sum() / each.sum() >= _HALF:
            found.setdefault(("officer-initiated", unit), []).append((category, at))
        elif each[rows.duplicate[at]].sum() >= _HALF * (everything.n[cell] - everything.expected[cell]):
            found.setdefault(("the same row again", unit), []).append((category, at))
    out = []
    for (kind, unit), cells in sorted(
        found.items(), key=lambda item: (item[0][0], -sum(int(rows.n[at].sum()) for _, at in item[1]), item[0][1])
    ):
        at = np.concatenate([rows_at for _, rows_at in cells])
        n = int(rows.n[at].sum())
        if kind == "officer-initiated":
            share = percent(float(rows.n[at][rows.origin[at] == OFFICER].sum() / n))
            reason = f"{share} of the {n:,} rows were started by officers: a map of patrol, not of what people ask for"
        else:
            reason = f"{int(rows.n[at][rows.duplicate[at]].sum()):,} of the {n:,} rows are the same row again"
        out.append(LookAlike(kind, everything.kind, (unit,), tuple(category for category, _ in cells), n, reason))
    return out


def excess_cells(family: Family) -> npt.NDArray[np.intp]:
    """Return the cells of a family that stand out."""
    from sara.scan._candidates import LEAST, LEAST_RATIO, LEVEL

    return np.flatnonzero(
        (family.p_adjusted <= LEVEL) & (family.n >= LEAST[family.kind]) & (family.n >= LEAST_RATIO * family.expected)
    )
