"""What a window is compared with: its counts, and how much such counts usually swing, measured on the rest of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sara.core.stats.window_change import RateChange, Swing, rate_change, square_root_z, step_swing, year_swing
from sara.trends._input.spans import Spans
from sara.trends._input.windows import Window, WindowRule

__all__ = ["LONGEST_STEP", "LONG_WINDOW", "Base", "bases_of", "change_of", "with_total", "years_differ"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# From here on, the swing of single days is better than none.
LEAST_DAYS = 7
# The swing of fewer blocks than this is as good as unknown.
LEAST_DF = 6
# Where the chance of years as different from each other is below this, their mean hides a change that came before.
DIFFER = 0.01
# From here on a window holds most of a year, and how far whole years differ is part of its swing.
LONG_WINDOW = 182
# Windows of up to this many days lie in another season than the one before.
LONGEST_STEP = 300


@dataclass(frozen=True, eq=False)
class Base:
    """What the window is compared with: events and days of each row, the swing, and where that was measured.

    ``whole``: whether it was measured on windows as long as this one, or around the season, so that a season is no surprise.
    ``within``: the swing inside years alone, where that of whole years is in ``swing``.
    """

    n: Floats
    days: float
    swing: Swing
    measured: str
    whole: bool
    within: Swing | None = None


def with_total(counts: Floats, by: str | None) -> Floats:
    """Put the sum of all rows on top; along the first axis."""
    return counts if by is None else np.concatenate([counts.sum(axis=0, keepdims=True), counts])


def bases_of(
    spans: Spans, rule: WindowRule, now: Window, before: Window | None, earlier: list[Window], by: str | None
) -> dict[str, Base]:
    """Return what the window can be compared with: ``"years"``, ``"before"``, or both."""
    by_year, running = rule.blocks(now, spans.first)
    size = rule.block(now)
    flat = (
        spans.n([w for year in by_year for w in year], whole=True).reshape(len(spans.names), len(by_year), -1)
        if by_year
        else np.zeros((len(spans.names), 0, 0))
    )
    around = year_swing(with_total(flat, by), parts=now.days / size)
    steps = step_swing(with_total(spans.n(running, whole=True), by))
    enough_years = around.df.max() >= LEAST_DF
    enough_steps = steps.df.max() >= LEAST_DF
    whole = True
    words = {
        "years": f"{len(by_year)} years of blocks of {size} days, around the season and the level of each year"
        if enough_years
        else "",
        "steps": f"{len(running)} windows of {now.days} days, from each to the next" if enough_steps else "",
    }
    if not enough_steps and now.days >= LEAST_DAYS:
        # A short file still tells how much its days swing: less than windows do, but more than chance.
        steps = step_swing(
            with_total(spans.n([Window(day, day + 1) for day in range(spans.first, now.start)], whole=True), by), lag=7
        )
        enough_steps = bool(steps.df.max() >= LEAST_DF)
        whole = False
        words["steps"] = "days, each against the same weekday a week before: windows may swing more" if enough_steps else ""
    none = Swing(np.ones(len(steps.phi)), np.zeros(len(steps.phi)), np.zeros(len(steps.phi)))
    of_years = (around, words["years"]) if enough_years else (steps, words["steps"]) if enough_steps else (none, "")
    # A year to date is compared with the same days of a year before, so that its season is no step.
    of_steps = (
        of_years if rule.kind == "YTD" or now.days > LONGEST_STEP else (steps, words["steps"]) if enough_steps else (none, "")
    )
    out: dict[str, Base] = {}
    if earlier:
        n = with_total(spans.n(earlier).sum(axis=1), by)
        swing, words_of = of_years
        if now.days > LONG_WINDOW and len(earlier) > 1 and words_of:
            swing = _with_years(
                swing, with_total(spans.n(earlier), by), np.array([spans.known_days(w) for w in earlier], dtype=float)
            )
            words_of = f"{words_of}; and how far the {len(earlier)} whole windows differ, where that is more"
        out["years"] = Base(n, float(sum(spans.known_days(w) for w in earlier)), swing, words_of, whole=True, within=of_years[0])
    if before is not None:
        out["before"] = Base(
            with_total(spans.n([before])[:, 0], by),
            float(spans.known_days(before)),
            *of_steps,
            whole=whole or of_steps is of_years,
        )
    return out


def _with_years(swing: Swing, counts: Floats, days: Floats) -> Swing:
    """Take the spread of whole windows of earlier years where it is more than what the swing inside years makes them."""
    expected = counts.sum(axis=1, keepdims=True) * days / days.sum()
    square = np.where(expected > 0, (counts - expected) ** 2 / np.maximum(expected, 1e-12), 0.0).sum(axis=1)
    return replace(swing, phi=np.maximum(swing.phi, square / (counts.shape[1] - 1)))


def change_of(counts: Floats, days: int, base: Base, *, method: str, confidence: float) -> RateChange:
    """Test the window against what it is compared with; the textbook's z knows chance only, and takes the latter as known."""
    if method == "square-root":
        from scipy.stats import norm

        plain = rate_change(counts, base.n, exposure=(days, base.days), confidence=confidence)
        z = square_root_z(counts, base.n * days / base.days)
        p = np.where(np.isnan(plain.p), np.nan, 2 * norm.sf(np.abs(z)))
        return RateChange(plain.ratio, plain.low, plain.high, z, p, plain.too_few)
    free = np.where(base.swing.df > 0, base.swing.df, np.inf)
    return rate_change(counts, base.n, exposure=(days, base.days), phi=base.swing.phi, df=free, confidence=confidence)


def years_differ(spans: Spans, by: str | None, earlier: list[Window], swing: Swing) -> Bools:
    """Say which rows' earlier years differ among themselves by more than chance and the usual swing."""
    rows = len(spans.names) + (by is not None)
    if len(earlier) < 2:
        return np.zeros(rows, dtype=bool)
    from scipy.stats import chi2

    x = with_total(spans.n(earlier), by)
    days = np.array([spans.known_days(w) for w in earlier], dtype=float)
    expected = x.sum(axis=1, keepdims=True) * days / days.sum()
    square = np.where(expected > 0, (x - expected) ** 2 / np.maximum(expected, 1e-12), 0.0).sum(axis=1)
    return np.asarray(chi2.sf(square / swing.phi, len(earlier) - 1) < DIFFER)
