"""How likely a sum of counts is when counts are dealt at random to places: exactly, or by drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tails", "dealt_tails", "drawn_tails", "held_tails", "why_not_exact"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A share of draws this rare is not followed: all such together stay far below the last digit of any p-value that matters.
RARE = 1e-30
# Most numbers in a table of distributions (160 MB), and most steps, each a multiplication and an addition (some seconds).
MOST_NUMBERS, MOST_STEPS = 20_000_000, 2_000_000_000
# Up to this many steps every distribution without one place is built of its own; beyond, the place is taken out of the common one.
OWN_STEPS = 5_000_000
# Taking a place out loses digits with its share in the draw; up to this share none that matter.
MOST_SHARE = 0.1
# What is left after taking out is known to about this, so that no p-value is said to be smaller.
LEAST_KNOWN = 1e-16
# Numbers drawn at a time.
BATCH = 4_000_000


@dataclass(frozen=True, eq=False)
class Tails:
    """``upper``: probability of at least as large a sum; ``lower``: of at most as large a one. One per place, NaN where there is no sum."""

    upper: Floats
    lower: Floats

    @property
    def two_sided(self) -> Floats:
        """Twice the smaller tail, at most 1."""
        return np.minimum(1.0, 2 * np.minimum(self.upper, self.lower))


@dataclass(frozen=True, eq=False)
class _Task:
    """Counts as whole steps above the smallest, grouped, and the sums to look up in the same steps."""

    value: Ints
    count: Ints
    group: Ints
    size: Ints
    sums: Ints
    cap: int

    @property
    def rows(self) -> int:
        return int(self.size.max()) + 1


def dealt_tails(values: npt.ArrayLike, sums: npt.ArrayLike, sizes: npt.ArrayLike) -> Tails:
    """Return the exact tails of sums of `sizes` counts, had all counts been dealt at random to all places.

    Parameters
    ----------
    values : array of whole numbers of zero or more, (n,)
        The count of each place.
    sums : array, (n,)
        The sum around each place, its own count included.
    sizes : array of int, (n,)
        How many counts went into each sum.

    Notes
    -----
    The sum of d counts drawn without replacement, for all d at once, by adding one group of equal counts after the other:
    ``P_j(s | d) = sum_r h(r; d) P_(j-1)(s - r v_j | d - r)``, h the hypergeometric probability that r of the d are of group j. All terms are
    positive: no digits are lost, in the tails neither. Sums beyond the largest that is looked up are lumped, which changes no tail.

    Examples
    --------
    >>> dealt_tails([0, 0, 0, 1], [1, 0, 0, 1], [2, 2, 2, 1]).upper.round(3).tolist()
    [0.5, 1.0, 1.0, 0.25]
    """
    task = _task(values, sums, sizes)
    upper, lower = _cumulate(_all_groups(task))
    return Tails(upper[task.size, task.sums], lower[task.size, task.sums])


def held_tails(values: npt.ArrayLike, sums: npt.ArrayLike, sizes: npt.ArrayLike) -> Tails:
    """Return the exact tails of sums of `sizes` counts drawn from all other places, each place's own count held where it is.

    Parameters
    ----------
    values : array of whole numbers of zero or more, (n,)
        The count of each place.
    sums : array, (n,)
        The sum around each place, its own count not included.
    sizes : array of int, (n,)
        How many counts went into each sum; 0 gives NaN.

    Notes
    -----
    One distribution per distinct own count: that of all counts but one such. Each is built of positive terms alone, halves sharing their
    common part. Where that takes too long, the one is taken out of the distribution of all,
    ``U'(s | d) = (U(s | d) - d/n U'(s - v | d - 1)) / (1 - d/n)``, which is right to about 1e-16.

    Examples
    --------
    >>> held_tails([0, 0, 0, 1], [1, 0, 0, 0], [2, 2, 2, 1]).upper.round(3).tolist()
    [0.667, 1.0, 1.0, 1.0]
    """
    task = _task(values, sums, sizes)
    if _own_steps(task) > OWN_STEPS and task.rows - 1 <= MOST_SHARE * len(task.group):
        return _take_out(task)
    found = Tails(np.full(len(task.sums), np.nan), np.full(len(task.sums), np.nan))
    at = np.split(np.argsort(task.group, kind="stable"), np.cumsum(task.count)[:-1])
    at = [cells[task.size[cells] > 0] for cells in at]
    _halve(task, at, found, 0, len(at), _start(task), 0)
    return found


def drawn_tails(
    values: npt.ArrayLike, sums: npt.ArrayLike, sizes: npt.ArrayLike, *, held: bool, n_sims: int, seed: int | None
) -> Tails:
    """Return the tails by drawing: ``(1 + draws at least as large) / (1 + n_sims)``, never 0.

    Parameters
    ----------
    values, sums, sizes : array, (n,)
        As in `dealt_tails`, or in `held_tails` if `held`; any finite numbers.
    held : bool
        Whether a place's own count stays where it is.
    n_sims : int
        Number of draws. All places share them, as in esda: each place's p-value is right, errors of neighbouring values go together.
    seed : int or None
        Makes the draws repeatable.

    Notes
    -----
    With `held`, a draw that took the place itself takes the next of the sequence instead: only few draws hold a given place, so that one
    look-up per place and one correction per number drawn do for all.

    Examples
    --------
    >>> tails = drawn_tails([0, 0, 0, 1], [1, 0, 0, 0], [2, 2, 2, 1], held=True, n_sims=9_999, seed=1)
    >>> tails.upper.round(1).tolist()
    [0.7, 1.0, 1.0, 1.0]
    """
    x, s, k = np.asarray(values, dtype=float), np.asarray(sums, dtype=float), np.asarray(sizes, dtype=np.int64)
    rng = np.random.default_rng(seed)
    # Equal sums added up in another order differ in their last digits: they count as equal.
    slack = 1e-9 * max(float(np.abs(x).max(initial=0.0)), 1e-300)
    above, below = np.zeros(len(x)), np.zeros(len(x))
    longest = int(k.max(initial=0)) + int(held)
    kinds = [(int(size), np.flatnonzero(k == size)) for size in np.unique(k)]
    at_once = max(1, BATCH // max(longest, 1))
    for first in range(0, n_sims, at_once):
        drawn = _sequences(rng, len(x), min(at_once, n_sims - first), longest)
        total = np.zeros((len(drawn), longest + 1))
        np.cumsum(x[drawn], axis=1, out=total[:, 1:])
        for size, cells in kinds:
            line = np.sort(total[:, size])
            above[cells] += len(line) - np.searchsorted(line, s[cells] - slack, side="left")
            below[cells] += np.searchsorted(line, s[cells] + slack, side="right")
        if held:
            _put_back(x, s, k, slack, drawn, total, above, below)
    upper, lower = (1 + above) / (1 + n_sims), (1 + below) / (1 + n_sims)
    if held:
        upper[k == 0], lower[k == 0] = np.nan, np.nan
    return Tails(upper, lower)


def why_not_exact(values: npt.ArrayLike, sums: npt.ArrayLike, sizes: npt.ArrayLike, *, held: bool) -> str | None:
    """Return in words why the exact distribution can't be had, or None where it can.

    Examples
    --------
    >>> why_not_exact([0, 0.5], [0.5, 0.5], [2, 2], held=False)
    'the values are not whole numbers'
    """
    x = np.asarray(values, dtype=float)
    if len(x) == 0 or np.any(x < 0) or np.any(x != np.floor(x)):
        return "the values are not whole numbers"
    task = _task(values, sums, sizes)
    if task.rows * (task.cap + 1) > MOST_NUMBERS:
        return f"sums up to {task.cap:,} of {task.rows - 1:,} values are too many to follow"
    if _steps(task).sum() > MOST_STEPS:
        return f"{len(task.value):,} different values in neighborhoods of {task.rows - 1:,} take too long"
    if held and task.rows - 1 > MOST_SHARE * len(x) and _own_steps(task) > MOST_STEPS:
        return f"neighborhoods of {task.rows - 1:,} are a large part of {len(x):,} places, and hold {len(task.value):,} different values"
    return None


def _task(values: npt.ArrayLike, sums: npt.ArrayLike, sizes: npt.ArrayLike) -> _Task:
    x = np.asarray(values).astype(np.int64)
    size = np.asarray(sizes).astype(np.int64)
    distinct, group, count = np.unique(x, return_inverse=True, return_counts=True)
    least = int(distinct[0])
    step = max(1, int(np.gcd.reduce(distinct - least)))
    s = (np.rint(np.asarray(sums, dtype=float)).astype(np.int64) - size * least) // step
    return _Task((distinct - least) // step, count, group, size, s, int(s.max()) + 1)


def _start(task: _Task) -> Floats:
    """Return the distributions of no counts: a sum of 0 for certain, and none of more than none."""
    rows = np.zeros((task.rows, 1))
    rows[0, 0] = 1.0
    return np.pad(rows, ((0, 0), (0, task.cap)))


def _all_groups(task: _Task) -> Floats:
    """Return the distributions of sums of counts drawn from all places: row d holds those of d counts."""
    rows, n = _start(task), 0
    for value, count in zip(task.value, task.count, strict=True):
        rows = _add(rows, int(value), int(count), n)
        n += int(count)
    return rows


def _shares(rows: int, count: int, before: int) -> Floats:
    """Return, for d drawn of `before` + `count`, the probability that r are of the `count`: d by r, 0 where that can't be."""
    r, d = np.arange(min(count, rows - 1) + 1), np.arange(rows)[:, None]
    possible = (d - r <= before) & (r <= d) & (d <= before + count)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.log((count - r[:-1]) * (d - r[:-1]) / ((r[:-1] + 1) * (before - d + r[:-1] + 1)))
    logs = np.zeros(possible.shape)
    logs[:, 1:] = np.cumsum(np.where(possible[:, :-1] & possible[:, 1:], up, 0.0), axis=1)
    logs = np.where(possible, logs, -np.inf)
    top = logs.max(axis=1, keepdims=True)
    out = np.exp(logs - np.where(np.isfinite(top), top, 0.0))
    total = out.sum(axis=1, keepdims=True)
    return np.divide(out, total, out=np.zeros_like(out), where=total > 0)


def _add(rows: Floats, value: int, count: int, before: int) -> Floats:
    """Return the distributions of sums once `count` more places hold `value`; the last column holds all sums from there on."""
    if count == 0:
        return rows
    share = _shares(len(rows), count, before)
    cap = rows.shape[1] - 1
    out = rows * share[:, :1]
    for r in np.flatnonzero(share.max(axis=0) >= RARE):
        if r == 0:
            continue
        old, weight = rows[: len(rows) - r], share[r:, r, None]
        shift = min(int(r) * value, cap)
        if shift == 0:
            out[r:] += weight * old
            continue
        out[r:, shift:] += weight * old[:, : cap + 1 - shift]
        out[r:, cap] += weight[:, 0] * old[:, cap + 1 - shift :].sum(axis=1)
    return out


def _cumulate(rows: Floats) -> tuple[Floats, Floats]:
    """Return P(sum >= s) and P(sum <= s); each summed from its small end."""
    upper = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(upper, 1.0), np.minimum(np.cumsum(rows, axis=1), 1.0)


def _halve(task: _Task, at: list[Ints], found: Tails, low: int, high: int, rows: Floats, n: int) -> None:
    """Fill in the tails for own counts `low` to `high`; `rows` holds all other groups, n places."""
    if high - low == 1:
        cells = at[low]
        if len(cells):
            upper, lower = _cumulate(_add(rows, int(task.value[low]), int(task.count[low]) - 1, n))
            found.upper[cells] = upper[task.size[cells], task.sums[cells]]
            found.lower[cells] = lower[task.size[cells], task.sums[cells]]
        return
    # Halves of equal cost, not of equal length: what is dear is then added rarely.
    cost = np.cumsum(np.minimum(task.count[low:high], task.rows - 1))
    middle = low + int(np.clip(np.searchsorted(cost, cost[-1] / 2) + 1, 1, high - low - 1))
    for mine, others in (((low, middle), range(middle, high)), ((middle, high), range(low, middle))):
        more, size = rows, n
        for j in others:
            more = _add(more, int(task.value[j]), int(task.count[j]), size)
            size += int(task.count[j])
        _halve(task, at, found, *mine, more, size)


def _take_out(task: _Task) -> Tails:
    """Return the tails without the place itself from the distribution of all: the formula of `held_tails`, each step put into the one before."""
    upper, lower = _cumulate(_all_groups(task))
    n, held = len(task.group), task.value[task.group]
    found = np.zeros((2, n))
    factor, d, s = np.ones(n), task.size.copy(), task.sums.copy()
    going = np.arange(n)
    while len(going):
        kept = 1 / (1 - d[going] / n)
        for table, out, beyond in ((upper, found[0], 1.0), (lower, found[1], 0.0)):
            here = np.where(s[going] >= 0, table[d[going], np.maximum(s[going], 0)], beyond)
            out[going] += factor[going] * kept * here
        factor[going] *= -kept * d[going] / n
        d[going] -= 1
        s[going] -= held[going]
        # Each step is smaller than the last by the share drawn: a few do.
        going = going[(d[going] >= 0) & (np.abs(factor[going]) > 1e-20)]
    # Only rounding can have led beyond what a probability can be.
    found = np.where(task.size > 0, np.clip(found, LEAST_KNOWN, 1.0), np.nan)
    return Tails(found[0], found[1])


def _steps(task: _Task) -> Floats:
    """Return about how many steps adding each group takes."""
    d = task.rows - 1
    expected = d * task.count / task.count.sum()
    # The most of one group that is not too rare to follow: about where the Poisson probability falls below RARE.
    most = np.minimum(np.minimum(task.count, d), np.ceil(expected + 12 * np.sqrt(expected) + 16))
    return (most + 1.0) * task.rows * (task.cap + 1)


def _own_steps(task: _Task) -> float:
    return float(_steps(task).sum() * (np.log2(len(task.value)) + 1))


def _sequences(rng: np.random.Generator, n: int, many: int, length: int) -> Ints:
    """Return sequences of different places, each as likely as any other."""
    length = min(length, n)
    if 2 * length > n:
        return rng.permuted(np.broadcast_to(np.arange(n), (many, n)), axis=1)[:, :length].copy()
    out = rng.integers(0, n, (many, length))
    again = np.arange(many)
    while len(again):
        # Only who comes second is drawn again. That treats all places alike, so all sequences stay equally likely.
        order = np.argsort(out[again], axis=1, kind="stable")
        line = np.take_along_axis(out[again], order, axis=1)
        row, at = np.nonzero(line[:, 1:] == line[:, :-1])
        out[again[row], order[row, at + 1]] = rng.integers(0, n, len(row))
        again = again[np.unique(row)]
    return out


def _put_back(x: Floats, s: Floats, k: Ints, slack: float, drawn: Ints, total: Floats, above: Floats, below: Floats) -> None:
    """Correct the counts of those places that a draw took although they are held: the next of the sequence takes their part."""
    # At each position of each draw: does the neighbourhood of the place that stands there reach so far?
    line, position = np.nonzero(np.arange(drawn.shape[1]) < k[drawn])
    place = drawn[line, position]
    size = k[place]
    before = total[line, size]
    after = before - x[place] + x[drawn[line, size]]
    for count, was, now in (
        (above, before >= s[place] - slack, after >= s[place] - slack),
        (below, before <= s[place] + slack, after <= s[place] + slack),
    ):
        count += np.bincount(place, weights=now.astype(float) - was, minlength=len(x))
