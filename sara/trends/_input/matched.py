"""Which ordinary days stand beside each day of a list, and how many events each of them holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.result import Counts
from sara.core.stats.matched_days import MatchedDays, matched_days
from sara.trends._input.gaps import Gaps
from sara.trends._input.listed_days import Days
from sara.trends._input.moments import Moments

__all__ = ["LEAST_ORDINARY", "Plan", "count_plan", "plan_of", "usable"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]

# With fewer ordinary days than this, nothing is known about what is usual.
LEAST_ORDINARY = 3
_WEEK, _MINUTE, _DAY = np.timedelta64(7, "D"), np.timedelta64(60_000_000, "us"), np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Plan:
    """The stretches of time counted: one per day, and (days, 2 * match) ordinary ones with a mask of those that may be used."""

    begins: Times
    ends: Times
    free_begins: Times
    free_ends: Times
    free: Bools


def plan_of(
    listed: Days, begins: Floats, ends: Floats, match: int, period: tuple[pd.Timestamp, pd.Timestamp], gaps: Gaps, off: Times
) -> Plan:
    """Lay the same hours of the same weekday, up to `match` weeks before and after, beside each day listed."""
    first = listed.date + begins.astype(np.int64) * _MINUTE
    last = listed.date + ends.astype(np.int64) * _MINUTE
    shift = np.concatenate([-np.arange(match, 0, -1), np.arange(1, match + 1)]) * _WEEK
    free_first, free_last = first[:, None] + shift, last[:, None] + shift
    free = (free_first >= np.datetime64(period[0], "us")) & (free_last <= np.datetime64(period[1], "us"))
    # A day listed is taken from midnight to midnight, and on to the end of its hours: what comes of it may begin early.
    taken = np.minimum(first, listed.date), np.maximum(last, listed.date + _DAY)
    blocked = [*zip(*taken, strict=True), *((np.datetime64(day, "us"), np.datetime64(day, "us") + _DAY) for day in off)]
    blocked += [(np.datetime64(a, "us"), np.datetime64(b, "us")) for a, b in gaps]
    return Plan(first, last, free_first, free_last, free & ~_overlaps(free_first, free_last, blocked))


def _overlaps(begins: Times, ends: Times, blocked: Sequence[tuple[Any, Any]]) -> Bools:
    """Say which stretches overlap any of those blocked."""
    if not blocked:
        return np.zeros(begins.shape, dtype=bool)
    order = sorted(blocked)
    low, high = np.array([a for a, _ in order], dtype="datetime64[us]"), np.array([b for _, b in order], dtype="datetime64[us]")
    at = np.searchsorted(low, ends.ravel()) - 1
    reach = np.maximum.accumulate(high)
    return np.asarray(((at >= 0) & (reach[np.maximum(at, 0)] > begins.ravel())).reshape(begins.shape))


def usable(
    listed: Days, chosen: Bools, plan: Plan, period: tuple[pd.Timestamp, pd.Timestamp], gaps: Gaps
) -> tuple[Bools, dict[str, int]]:
    """Say which of the days chosen can be compared, and how many can not, by reason."""
    inside = (plan.begins >= np.datetime64(period[0], "us")) & (plan.ends <= np.datetime64(period[1], "us"))
    in_gap = _overlaps(plan.begins, plan.ends, [(np.datetime64(a, "us"), np.datetime64(b, "us")) for a, b in gaps])
    beside = ~listed.lawful & np.isin(listed.date, listed.date[listed.lawful])
    enough = plan.free.sum(axis=1) >= LEAST_ORDINARY
    keep, left_out = chosen.copy(), {}
    for why, bad in (("outside the period", ~inside), ("in a gap of the file", in_gap), ("on the day of a lawful assembly", beside),
                     (f"with fewer than {LEAST_ORDINARY} ordinary days near", ~enough)):  # fmt: skip
        left_out[why] = int((keep & bad).sum())
        keep &= ~bad
    return keep, left_out


def count_plan(
    moments: Moments, listed: Days, plan: Plan, keep: Bools, period: tuple[pd.Timestamp, pd.Timestamp]
) -> tuple[MatchedDays, Counts]:
    """Count the days that are kept and their ordinary days, place by place; and the rows used."""
    rows = np.flatnonzero(keep)
    n, ordinary = np.zeros(len(rows)), np.full(plan.free[rows].shape, np.nan)
    used = np.zeros(len(moments.rows.n), dtype=bool)
    place = np.column_stack([np.nan_to_num(v[rows], nan=-1e18) for v in (listed.x, listed.y, listed.radius)])
    sites, site = np.unique(place, axis=0, return_inverse=True)
    site = site.ravel()
    for k, (x, y, radius) in enumerate(sites):
        mine = site == k
        near = moments.near(x if x > -1e17 else np.nan, y, radius)
        at = rows[mine]
        n[mine] = moments.count(near, plan.begins[at], plan.ends[at])
        free = plan.free[at]
        ordinary[mine] = np.where(
            free, moments.count(near, plan.free_begins[at].ravel(), plan.free_ends[at].ravel()).reshape(free.shape), np.nan
        )
        used |= near & moments.within(
            np.concatenate([plan.begins[at], plan.free_begins[at][free]]),
            np.concatenate([plan.ends[at], plan.free_ends[at][free]]),
        )
    # An ordinary day is the same one if it begins and ends at the same moment at the same place.
    stretch = np.stack(
        [
            plan.free_begins[rows].astype(np.int64),
            plan.free_ends[rows].astype(np.int64),
            np.broadcast_to(site[:, None], ordinary.shape),
        ]
    )
    _, key = np.unique(stretch.reshape(3, -1), axis=1, return_inverse=True)
    time, total = moments.rows.time, int(moments.rows.n.sum())
    gone = np.isnat(time)
    outside = ~gone & ~((time >= np.datetime64(period[0], "us")) & (time < np.datetime64(period[1], "us")))
    used &= ~gone & ~outside
    left_out = {
        "without a time": moments.rows.count(gone), "outside the period": moments.rows.count(outside),
        "on other days, at other hours or places": moments.rows.count(~gone & ~outside & ~used),
    }  # fmt: skip
    return matched_days(n, ordinary, key.reshape(ordinary.shape)), Counts(total, moments.rows.count(used), left_out)
