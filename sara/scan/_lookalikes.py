"""What looks like a problem in the counts and is not one: each with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.wording import percent
from sara.scan._candidates import Candidate, Family, excess_of
from sara.scan._measure import Calendar, Lookup, Measured
from sara.scan._rows import OFFICER, Rows

__all__ = ["LookAlike", "doubt", "edge_gap", "only_through"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Half of the excess (or of all events) from one source is a reason to look at what is left without it.
_HALF = 0.5
# Others must make at least a quarter of the calls: what one person tells again and again is then not the size of the problem.
_OTHERS_LEAST = 0.25
# A recurring problem shows in one week of twenty, and in four weeks however short the period.
_WEEKS_SHARE, _WEEKS_LEAST = 0.05, 4
# A quarter of the period without a single event, at its start or end, in a series that is otherwise steady: the recording changed.
_GAP_SHARE, _STEADY, _STEADY_RATE = 0.25, 0.9, 2.0


@dataclass(frozen=True)
class LookAlike:
    """Something turned down: the units, the events that made it look like a problem, the kind of doubt and the reason."""

    kind: str
    unit: str
    units: tuple[int, ...]
    categories: tuple[int, ...]
    n: int
    reason: str


def doubt(candidate: Candidate, found: Measured, calendar: Calendar, area_weeks: Floats | None) -> tuple[str, str] | None:
    """Return the kind of doubt and its reason in words, or None where the candidate stands."""
    excess = candidate.n - candidate.expected
    if np.isfinite(found.top_caller) and found.top_caller >= _HALF * min(excess, candidate.n):
        rest = candidate.n - found.top_caller
        share = percent(found.top_caller / found.n)
        if not _stands(candidate, rest):
            return "one caller", f"one caller made {share} of the {found.n:,} calls; the {rest:,.0f} of all others are no more than expected"
        if rest < _OTHERS_LEAST * candidate.n:
            return "one caller", f"one caller made {share} of the {found.n:,} calls; the {rest:,.0f} of all others would be a far smaller matter"
    weeks = round(found.weeks_active * calendar.n_weeks)
    if found.top_week >= _HALF * min(excess, candidate.n) and not _stands(candidate, candidate.n - found.top_week):
        return "single burst", f"one week holds {found.top_week:,} of the {found.n:,} calls; without it there are no more than expected"
    least = max(int(np.ceil(_WEEKS_SHARE * calendar.n_weeks)), min(_WEEKS_LEAST, calendar.n_weeks // 2))
    if weeks < least:
        return "too few weeks", f"above the expected level in only {weeks} of {calendar.n_weeks} weeks: it does not keep coming back"
    if edge_gap(calendar.by_week[candidate.category]):
        return "change of recording", "this kind of call is recorded in only part of the period, everywhere at once: the recording changed, not the place"
    if area_weeks is not None and edge_gap(area_weeks):
        return "change of recording", "calls of every kind are recorded here in only part of the period: the recording changed, not this problem"
    return None


def _stands(candidate: Candidate, n: float) -> bool:
    return excess_of(candidate.kind, n, candidate.expected, candidate.spread, candidate.cut)


def edge_gap(weekly: Floats) -> bool:
    """Say whether a steady series is empty for a quarter of the weeks at its start or its end."""
    some = np.flatnonzero(weekly)
    if len(some) == 0:
        return False
    inside = weekly[some[0] : some[-1] + 1]
    empty = max(int(some[0]), len(weekly) - 1 - int(some[-1]))
    return bool(empty >= _GAP_SHARE * len(weekly) and empty >= _WEEKS_LEAST and (inside > 0).mean() >= _STEADY and inside.mean() >= _STEADY_RATE)


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
        if (rows.origin[at] == OFFICER).mean() >= _HALF:
            found.setdefault(("officer-initiated", unit), []).append((category, at))
        elif rows.duplicate[at].sum() >= _HALF * (everything.n[cell] - everything.expected[cell]):
            found.setdefault(("the same row again", unit), []).append((category, at))
    out = []
    for (kind, unit), cells in sorted(found.items(), key=lambda item: (item[0][0], -sum(len(at) for _, at in item[1]), item[0][1])):
        at = np.concatenate([rows_at for _, rows_at in cells])
        if kind == "officer-initiated":
            share = percent(float((rows.origin[at] == OFFICER).mean()))
            reason = f"{share} of the {len(at):,} rows were started by officers: a map of patrol, not of what people ask for"
        else:
            reason = f"{int(rows.duplicate[at].sum()):,} of the {len(at):,} rows are the same row again"
        out.append(LookAlike(kind, everything.kind, (unit,), tuple(category for category, _ in cells), len(at), reason))
    return out


def excess_cells(family: Family) -> npt.NDArray[np.intp]:
    """Return the cells of a family that stand out."""
    from sara.scan._candidates import LEAST, LEAST_RATIO, LEVEL

    return np.flatnonzero((family.p_adjusted <= LEVEL) & (family.n >= LEAST[family.kind]) & (family.n >= LEAST_RATIO * family.expected))
