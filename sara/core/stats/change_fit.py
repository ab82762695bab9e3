"""Season, spread and changes of level of one series, found together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sara.core.stats.change_points import Spread, change_dates, false_alarm_penalty, partition, segment_cost, spread_of
from sara.core.stats.season_levels import season_levels

__all__ = ["ChangeFit", "change_fit"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Season and spread are found on at most this many sums of neighboring periods; the dates then on all.
COARSE = 1_000
ROUNDS, FIRST_PRICES = 7, (4.0, 2.0)
# Spread is first measured inside of blocks, the fifth of them that varies most left out: there the changes are.
BLOCKS, LEAST_BLOCK, MOST_BLOCK, WILD = 6, 4, 60, 0.2
# By as much those left vary less than all.
CALM = 1.1
# A season fitted on the same counts hides a part of a change: intervals widen by this many periods for each of its terms.
FITTED = 8
# Plain changes cost as many times more. The middle of squares of normal deviates.
PLAIN, MIDDLE = 4.0, 0.455
# Halvings of the range in which the penalty is sought that leaves as few changes as asked for.
HALVINGS = 20


@dataclass(frozen=True, eq=False, slots=True)
class ChangeFit:
    """What was found. ``changes``: first period of each new level; ``first``, ``last``: the limits of each; ``gain``: log-likelihood it adds.

    ``level`` (events per usual period, season taken out), ``exposure`` (1 for a usual period, season included): (periods,). ``size``: of the
    negative binomial. ``penalty``: what each change had to add. ``steady``: log of the growth per period of a steady trend, where
    that explains the counts better than the changes; else NaN.
    """

    changes: Ints
    first: Ints
    last: Ints
    gain: Floats
    level: Floats
    exposure: Floats
    spread: Spread
    size: float
    penalty: float
    min_length: int
    steady: float


def change_fit(
    n: Floats, days: Floats, cycles: Floats, stretch: Ints, *, at: Ints | None = None, method: str = "auto", memory: bool = True, penalty: float | None = None,
    min_length: int = 4, most: int | None = None, confidence: float = 0.95,
) -> ChangeFit:  # fmt: skip
    """Find the changes of level.

    Parameters
    ----------
    n, days : array of float, (periods,)
        Counts of the known periods, and days covered.
    cycles : array of float, (periods, terms)
        Terms of the season.
    stretch : array of int, (periods,)
        Stretches of whole years, with whose levels the season is first told apart.
    at : array of int, optional
        Place of each known period in time, where some are missing.
    method : {"auto", "poisson", "negative-binomial"}
        Of the likelihood; "auto" is negative-binomial where counts vary more than Poisson counts.
    memory : bool
        Whether likeness of neighbors is allowed for.
    penalty : float, optional
        What a change must add; if not given, chosen so that about 1 series of 20 without a change shows any.
    min_length : int
        Periods of the shortest stretch.
    most : int, optional
        Most changes; the penalty is raised until no more are left.
    confidence : float
        Of the intervals.

    Returns
    -------
    ChangeFit
        In order of time.

    Notes
    -----
    Season given the stretches, spread given both, stretches given season and spread, until the stretches stay. Spread comes from differences of
    neighbors, so that stretches wrongly cut do not make themselves believed.
    """
    place = np.arange(len(n)) if at is None else at
    usual = days / days.mean()
    task = _Task(n, usual, cycles, place, method, memory, penalty, min_length)
    got = _search(task, stretch)
    plain = _plainly(task, stretch)
    if len(plain) > len(got.changes):
        # So many large changes that each block holds one: begin with these, keep what is twice as clear as need be.
        again = _search(task, _stretches(plain, len(n)), prices=(2.0,), blocks=False)
        got = again if again.first > len(got.changes) else got
    changes, exposure, spread, size, price = got.changes, got.exposure, got.spread, got.size, got.price
    if task.group > 1:
        changes = partition(n, exposure, penalty=price, size=size, min_length=min_length)
    if most is not None and len(changes) > most:
        changes, price = _fewer(n, exposure, price, size, min_length, most)
    stretch = _stretches(changes, len(n))
    level = (np.bincount(stretch, weights=n) / np.bincount(stretch, weights=exposure))[stretch]
    widened = spread.inflation * (1 + FITTED * cycles.shape[1] / len(n))
    dated = change_dates(n, exposure, changes, size=size, inflation=widened, min_length=min_length, confidence=confidence)
    gain = dated.gain * widened / spread.inflation
    found = ChangeFit(
        changes,
        dated.first,
        dated.last,
        gain,
        level,
        exposure,
        spread,
        size,
        price / spread.inflation,
        min_length,
        float("nan"),
    )
    return replace(found, steady=_steady(n, usual, cycles, place, found, method=method, memory=memory))


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """What is given: counts, usual days, terms of the season, place in time, and options."""

    n: Floats
    usual: Floats
    cycles: Floats
    place: Ints
    method: str
    memory: bool
    penalty: float | None
    min_length: int

    @property
    def group(self) -> int:
        return -(-len(self.n) // COARSE)

    @property
    def blocks(self) -> Ints:
        return np.arange(len(self.n)) // min(max(LEAST_BLOCK, len(self.n) // BLOCKS), MOST_BLOCK)

    def price(self, spread: Spread) -> float:
        price = (
            false_alarm_penalty(len(self.n), self.min_length, inflation=spread.inflation)
            if self.penalty is None
            else self.penalty
        )
        return price * spread.inflation


@dataclass(frozen=True, eq=False, slots=True)
class _Search:
    """Where a search came to rest. ``first``: how many changes it found at the first price."""

    changes: Ints
    exposure: Floats
    spread: Spread
    size: float
    price: float
    first: int


def _search(task: _Task, stretch: Ints, *, prices: tuple[float, ...] = FIRST_PRICES, blocks: bool = True) -> _Search:
    """Go round season, spread and changes until the changes stay, at higher prices first."""
    seen: set[tuple[int, ...]] = set()
    counts = []
    for k in range(ROUNDS):
        fitted = season_levels(task.n, task.usual, stretch, task.cycles)
        exposure = task.usual * fitted.season
        # Until changes are known, from blocks: a change inside would pass for spread, and hide itself.
        calm = blocks and k <= len(prices)
        spread = _spread(
            task.n, fitted.level * exposure, task.place, task.blocks if calm else stretch, terms=task.cycles.shape[1], method=task.method, memory=task.memory, calm=calm
        )  # fmt: skip
        size, price = _size(fitted.level, spread.dispersion), task.price(spread)
        # Large changes first: the season is then fitted without them, before small ones are sought.
        dear = prices[k] if k < len(prices) else 1.0
        changes = _cut(task.n, exposure, dear * price, size, task.min_length, task.group)
        stretch = _stretches(changes, len(task.n))
        counts.append(len(changes))
        if dear == 1.0 and tuple(changes) in seen:
            break
        seen |= {tuple(changes)} if dear == 1.0 else set()
    return _Search(changes, exposure, spread, size, price, counts[0])


def _plainly(task: _Task, stretch: Ints) -> Ints:
    """Return changes so large that they show whatever the spread: measured on the middle one of the differences of neighbors, at a high price."""
    fitted = season_levels(task.n, task.usual, stretch, task.cycles)
    expected = np.maximum(task.usual * fitted.season * fitted.level, 1e-9)
    apart = np.diff((task.n - expected) / np.sqrt(expected)) ** 2 / 2
    spread = Spread(max(1.0, float(np.median(apart)) / MIDDLE) if len(apart) and task.method != "poisson" else 1.0, 1.0, 0.0)
    size = _size(fitted.level, spread.dispersion)
    return _cut(task.n, task.usual * fitted.season, PLAIN * task.price(spread), size, task.min_length, task.group)


def _spread(
    n: Floats, expected: Floats, place: Ints, stretch: Ints, *, terms: int, method: str, memory: bool, calm: bool = False
) -> Spread:
    z, part = np.full(int(place[-1]) + 1, np.nan), np.zeros(int(place[-1]) + 1, dtype=np.int64)
    # The season was fitted on these counts: it takes a part of their spread with it.
    lost = np.sqrt(len(n) / max(len(n) - terms, 1))
    away = lost * (n - expected) / np.sqrt(np.maximum(expected, 1e-9))
    if calm:
        held = np.bincount(stretch)
        middle = np.bincount(stretch, weights=away) / held
        varied = np.bincount(stretch, weights=(away - middle[stretch]) ** 2) / held
        many = int(np.ceil(WILD * len(held))) if len(held) > 2 else 0
        wild = np.argsort(varied, kind="stable")[len(held) - many :]
        away = np.where(np.isin(stretch, wild), np.nan, away)
    z[place], part[place] = away, stretch
    spread = spread_of(z, part)
    if calm:
        spread = replace(spread, dispersion=max(1.0, CALM * spread.dispersion))
    if not memory:
        # All the spread there is, without asking where it comes from.
        spread = replace(spread, inflation=1.0)
    return replace(spread, dispersion=1.0) if method == "poisson" else spread


def _size(level: Floats, dispersion: float) -> float:
    return float(level.mean()) / (dispersion - 1) if dispersion > 1 + 1e-6 and level.any() else float("inf")


def _cut(n: Floats, exposure: Floats, penalty: float, size: float, min_length: int, group: int) -> Ints:
    """Return the best partition, of long series on sums of neighbors."""
    if group == 1:
        return partition(n, exposure, penalty=penalty, size=size, min_length=min_length)
    at = np.arange(0, len(n), group)
    sums = partition(
        np.add.reduceat(n, at), np.add.reduceat(exposure, at), penalty=penalty, size=size, min_length=-(-min_length // group)
    )
    return at[sums]


def _stretches(changes: Ints, periods: int) -> Ints:
    return np.searchsorted(changes, np.arange(periods), side="right").astype(np.int64)


def _fewer(n: Floats, exposure: Floats, low: float, size: float, min_length: int, most: int) -> tuple[Ints, float]:
    """Raise the penalty until at most `most` changes are left."""
    y, e = n.sum(), exposure.sum()
    # No partition gains more than a level of its own for each period.
    high = low + float(segment_cost(y, e, size=size) - segment_cost(n, exposure, size=size).sum())
    best = np.zeros(0, dtype=np.int64)
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high)) if low > 0 else high / 2
        changes = partition(n, exposure, penalty=middle, size=size, min_length=min_length)
        if len(changes) > most:
            low = middle
        else:
            high, best = middle, changes
            if len(changes) == most:
                break
    return best, high


def _steady(n: Floats, usual: Floats, cycles: Floats, place: Ints, found: ChangeFit, *, method: str, memory: bool) -> float:
    """Return the growth per period of a trend without steps, where it is beyond chance and explains the counts better than the changes; else NaN.

    The trend, straight or bent once, has a season of its own: yearly steps with a season can look just like it.
    """
    time = (place - place.mean()) / max(float(np.ptp(place)), 1.0)
    none = np.zeros(len(n), dtype=np.int64)
    flat = season_levels(n, usual, none, cycles)
    without, steps = _likelihood(n, usual * flat.season * flat.level), _likelihood(n, found.exposure * found.level)
    best, slope = -np.inf, float("nan")
    for bends in (1, 2):
        powers = np.stack([time, time**2], axis=1)[:, :bends]
        both = season_levels(n, usual, none, np.column_stack([cycles, powers]))
        expected, growth = usual * both.season * both.level, powers @ both.terms[cycles.shape[1] :]
        spread = _spread(n, expected, place, none, terms=cycles.shape[1] + bends, method=method, memory=memory)
        price, trend = false_alarm_penalty(len(n), found.min_length, inflation=spread.inflation), _likelihood(n, expected)
        wide = spread.dispersion * spread.inflation
        if (trend - without) / wide < price * bends:
            continue
        # Against the changes, on the scale of the model that leaves less to chance.
        if found.spread.dispersion * found.spread.inflation < wide:
            wide, price = found.spread.dispersion * found.spread.inflation, found.penalty
        ahead = (trend - steps) / wide - price * (bends - len(found.changes))
        if ahead > best and (ahead > 0 or len(found.changes) == 0):
            best, slope = ahead, float(growth[-1] - growth[0]) / max(float(np.ptp(place)), 1.0)
    return slope


def _likelihood(n: Floats, expected: Floats) -> float:
    """Return the log-likelihood of Poisson counts; over the spread, that of overdispersed ones."""
    return float((n * np.log(np.maximum(expected, 1e-300)) - expected).sum())
