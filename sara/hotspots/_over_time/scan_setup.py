"""What a scan is made of: each event's cell and step of time, the circles around the cells, and what they expect."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.stats.scan import Circles, Effort, Expected, Maxima, circles
from sara.hotspots._ground.area import Selected

__all__ = [
    "LEAST_EVENTS", "N_SIMS", "PERMUTATION", "SPACE", "SPACE_TIME", "Scan", "calendar", "effort_for", "prepare", "sims_setting", "told_fewer", "unit_of",
    "with_exposure",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PERMUTATION, SPACE, SPACE_TIME = "space-time permutation", "space", "space-time"
LEAST_EVENTS = 20
MAX_DAYS = 60
# Units of work (`core.stats.scan_search`) that take a processor of today about half a minute: the same answer on any machine.
MOST_WORK = 2e11
N_SIMS, LEAST_SIMS = 999, 199
ENDED = "Replications ended after {made} of {asked}: 20 of them had reached the strongest circle, and more would not make its p small. n_sims=999 makes all."
FEWER = "{made} replications were made, as {asked} would be more than about half a minute of work: no `p` is below {smallest:g}. n_sims={asked} makes all."
# Days up to which each day is a step of its own, and up to which weeks are.
DAILY, WEEKLY = 800, 3_700
MONTH = 365.2425 / 12


@dataclass(frozen=True, eq=False)
class Scan:
    """The data of one scan: what is expected, who is around whom, and each event's place and step."""

    units: Ints
    around: Circles
    expected: Expected
    place: Ints
    step: Ints
    longest: int
    permute: bool

    def codes(self) -> Ints:
        """Return the events."""
        return self.place * len(self.expected.time) + self.step

    def draw(self, seed: int) -> Callable[[int], Ints]:
        """Return how replication `r` is drawn."""
        steps = len(self.expected.time)
        if self.permute:
            return lambda r: self.place * steps + np.random.default_rng([seed, r]).permutation(self.step)
        # Chance decides each event's place and step; sums of shares end in 1, but for rounding.
        where, when = np.cumsum(self.expected.place)[:-1], np.cumsum(self.expected.time)[:-1]

        def one(r: int) -> Ints:
            random = np.random.default_rng([seed, r])
            place = np.searchsorted(where, random.random(self.expected.total), side="right")
            step = np.searchsorted(when, random.random(self.expected.total), side="right")
            return place * steps + step

        return one


def with_exposure(chosen: Selected, values: Floats | None) -> Selected:
    """Leave out events where nothing is exposed, and count them."""
    if values is None:
        return chosen
    bare = values[unit_of(chosen)] <= 0
    if not bare.any():
        return chosen
    n = int(chosen.rows.n[bare].sum())
    counts = replace(
        chosen.counts,
        rows_used=chosen.counts.rows_used - n,
        left_out={**chosen.counts.left_out, "in a place without exposure": n},
    )
    assert chosen.code is not None
    return replace(chosen, rows=chosen.rows.only(~bare), code=chosen.code[~bare], counts=counts)


def unit_of(chosen: Selected) -> Ints:
    """Return the cell (or area) of each row, numbered in the order of the grid's frame."""
    assert chosen.grid is not None and chosen.code is not None
    number = np.cumsum(chosen.grid.member.ravel()) - 1
    return np.asarray(number[chosen.code], dtype=np.int64)


def calendar(chosen: Selected, model: str, freq: Any, max_days: Any) -> tuple[Ints, dict[str, Setting], int]:
    """Return the first day of each step and the day after the last, the settings, and the steps of the longest window."""
    start, end = chosen.period
    first, last = start.floor("D").to_datetime64().astype("datetime64[D]"), end.ceil("D").to_datetime64().astype("datetime64[D]")
    days = int((last - first).astype(np.int64))
    if model == SPACE:
        if freq is not None or max_days is not None:
            raise InputError(
                "`freq` and `max_days` must be left out for model='space', which does not look at time. Got one. Write model='space-time'"
            )
        return np.array([first, last]).astype(np.int64), {}, 1
    step = (
        Setting(_default_freq(days), "sara", f"{days:,} days")
        if freq is None
        else Setting(check_choice(freq, ("D", "W", "MS"), name="freq"), "you")
    )
    each = {"D": 1.0, "W": 7.0, "MS": MONTH}[step.value]
    longest = Setting(
        max(min(MAX_DAYS, days // 2), math.ceil(each)), "sara", f"{MAX_DAYS} days, at most half the period, at least one step"
    )
    if max_days is not None:
        longest = Setting(check_count(max_days, name="max_days"), "you")
        if longest.value >= days:
            raise InputError(
                f"`max_days` must be shorter than the period. Got {longest.value} of {days:,} days. Write max_days={max(1, days // 2)}"
            )
    steps = max(1, math.floor(longest.value / each + 0.02))
    return _step_starts(first, last, step.value), {"freq": step, "max_days": longest}, steps


def _default_freq(days: int) -> str:
    return "D" if days <= DAILY else "W" if days <= WEEKLY else "MS"


def _step_starts(first: np.datetime64, last: np.datetime64, freq: str) -> Ints:
    a, b = int(first.astype(np.int64)), int(last.astype(np.int64))
    if freq == "D":
        return np.arange(a, b + 1)
    if freq == "W":
        return np.unique(np.r_[a, np.arange(b, a, -7)])
    months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
    return np.unique(np.r_[a, months[(months > a) & (months < b)], b])


def prepare(
    chosen: Selected, model: str, values: Floats | None, starts: Ints, longest: int, *, radius: float | None, max_share: float
) -> Scan:
    assert chosen.grid is not None
    if chosen.counts.rows_used < LEAST_EVENTS:
        raise NotEnoughDataError(
            f"scan_statistic needs at least {LEAST_EVENTS} events where something is exposed. Got {chosen.counts.rows_used}. Check `exposure`."
        )
    unit = np.repeat(unit_of(chosen), chosen.rows.n)
    step = np.zeros(len(unit), dtype=np.int64)
    if chosen.rows.day is not None:
        step = np.searchsorted(starts, np.repeat(chosen.rows.day, chosen.rows.n), side="right") - 1
    # The same replications whatever the order of rows.
    order = np.lexsort((step, unit))
    unit, step, total = unit[order], step[order], len(unit)
    held = np.bincount(unit, minlength=chosen.grid.n_cells).astype(float) if values is None else values
    length = np.diff(starts).astype(float)
    time = np.bincount(step, minlength=len(length)) / total if model == PERMUTATION else length / length.sum()
    units = np.flatnonzero(held > 0)
    if len(units) < 2 or (model != SPACE and np.count_nonzero(time) < 2):
        what = "two cells or areas" if len(units) < 2 else "two steps of time"
        raise NotEnoughDataError(
            f"scan_statistic needs events in at least {what}. Got one. Try smaller cells, a longer period, or sara.hotspots.count."
        )
    x, y = chosen.grid.centres()
    share = held[units] / held[units].sum()
    try:
        around = circles(x[units], y[units], share, max_radius=math.inf if radius is None else radius, max_share=max_share)
    except OverflowError:
        raise InputError(
            f"`max_radius` must leave fewer pairs of cells. Got {len(units):,} cells, each with too many around it. Write max_radius='500m', or larger cells: cell_size=500"
        ) from None
    place = np.searchsorted(units, unit)
    return Scan(units, around, Expected(total, share, time), place, step, longest, model == PERMUTATION)


def effort_for(confidence: float) -> Effort:
    """Return when fewer replications do: ten maxima must lie above what a cluster needs, as far as 999 have so many."""
    return Effort(1 - confidence, max(LEAST_SIMS, min(N_SIMS, math.ceil(10 / (1 - confidence) - 1e-6) - 1)), MOST_WORK)


def sims_setting(maxima: Maxima, *, given: bool) -> Setting:
    made = len(maxima.llr)
    if given:
        return Setting(made, "you")
    if maxima.asked is not None:
        return Setting(
            made, "sara", f"of {maxima.asked}: they end when the strongest circle was reached often enough to know its p"
        )
    return Setting(
        made, "sara", "" if made == N_SIMS else f"fewer than {N_SIMS}, which would be more than about half a minute of work"
    )


def told_fewer(maxima: Maxima, *, given: bool) -> tuple[str, ...]:
    """Tell of replications that were not made."""
    made = len(maxima.llr)
    if given or made >= N_SIMS:
        return ()
    if maxima.asked is not None:
        return (ENDED.format(made=made, asked=maxima.asked),)
    return (FEWER.format(made=made, asked=N_SIMS, smallest=1 / (1 + made)),)
