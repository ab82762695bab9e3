"""The numbers of `evaluate`: arrays of counts by place and month in, differences and their intervals out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sara.assess._just_before import JustBefore, just_before
from sara.core.stats.dispersion import Dispersion, Drift, place_drift, two_way_dispersion
from sara.core.stats.shrinkage import gamma_poisson
from sara.core.stats.wdd import Difference, RatioOfRatios, ratio_of_ratios, weighted_difference

__all__ = ["CONFIDENCE", "POWER", "Numbers", "Panels", "Windows", "fell_as_much", "numbers"]

CONFIDENCE, POWER = 0.95, 0.8
# Places of a third to three times the size drift by like shares: so many of them are enough (simulated from 5 up).
ALIKE, LEAST_ALIKE = (1 / 3, 3.0), 5
# Where there are not, so many of the nearest in size stand in; they drift more if they are smaller.
NEAREST = 20
_DRAWS = 400


@dataclass(frozen=True)
class Windows:
    """Months: edges of all, how many before; which of those are used, lie outside those that chose the place, and are not just before."""

    edges: list[pd.Timestamp]
    n_before: int
    keep: np.ndarray
    seasonal: bool
    outside: np.ndarray | None
    earlier: np.ndarray | None = None

    @property
    def n_after(self) -> int:
        return len(self.edges) - 1 - self.n_before


@dataclass(frozen=True)
class Panels:
    """Counts by place and month: treated and similar places, their rings, and all untouched places; which events lie in the treated one."""

    places: np.ndarray
    rings: np.ndarray
    pool: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True)
class Numbers:
    headline: Difference
    alone: Difference
    similar: Difference
    around: Difference
    together: Difference
    against_expected: Difference
    without_choice: Difference | None
    just_before: JustBefore | None
    without_recent: Difference | None
    ratio: RatioOfRatios
    expected: tuple[float, float, float]
    level: np.ndarray
    dispersion: Dispersion
    phi: float
    drift: Drift | None
    df: float
    reliability: float
    pre_slope: tuple[float, float]
    pool_before: np.ndarray
    pool_after: np.ndarray


def numbers(panels: Panels, windows: Windows, rng: np.random.Generator) -> Numbers:
    """Everything measured, from counts alone."""
    base = panels.places[:, : windows.n_before]
    after = panels.places[:, windows.n_before :].sum(axis=1).astype(float)
    na = windows.n_after
    dispersion = two_way_dispersion(base)
    drift, pool = _drift(panels.pool, panels.places[0], windows, dispersion.phi)
    phi, df = _phi_and_df(base, dispersion, drift)

    def difference(before: np.ndarray, later: np.ndarray, nb: int) -> Difference:
        n = len(before) - 1
        share = np.r_[1.0, np.full(n, 1.0 / max(n, 1))] * np.r_[1.0, np.full(n, -1.0)]
        level = (before + later) / (nb + na)
        extra = drift.tau2 * float(share**2 @ level**2) if drift else 0.0
        return weighted_difference(
            np.r_[before, later],
            np.r_[-share / nb, share / na],
            dispersion=phi,
            df=df,
            extra_variance=extra,
            confidence=CONFIDENCE,
        )

    nb = int(windows.keep.sum())
    before = base[:, windows.keep].sum(axis=1).astype(float)
    ring = panels.rings[:, : windows.n_before][:, windows.keep].sum(axis=1).astype(float)
    ring_after = panels.rings[:, windows.n_before :].sum(axis=1).astype(float)
    similar_level = (before[1:] + after[1:]) / (nb + na)
    n = len(before) - 1
    similar = weighted_difference(
        np.r_[before[1:], after[1:]],
        np.r_[np.full(n, -1 / (n * nb)), np.full(n, 1 / (n * na))],
        dispersion=phi,
        df=df,
        extra_variance=(drift.tau2 if drift else 0.0) * float(np.sum(similar_level**2)) / n**2,
        confidence=CONFIDENCE,
    )
    corrected = bool(min(before[0], after[0], before[1:].sum(), after[1:].sum()) == 0)
    ratio = ratio_of_ratios(
        (before[0], after[0]),
        (before[1:].sum(), after[1:].sum()),
        dispersion=phi,
        correct=corrected,
        df=df,
        confidence=CONFIDENCE,
        extra_variance=(drift.tau2 if drift else 0.0) * (1 + 1 / n),
    )
    expected, reliability, posterior = _expected(before[0], pool, (nb, na), phi, rng)
    against = _against(before[0], after[0], expected[0], posterior, (nb, na), phi, df, drift)

    def on(months: np.ndarray | None) -> Difference | None:
        return None if months is None else difference(base[:, months].sum(axis=1).astype(float), after, int(months.sum()))

    return Numbers(
        headline=difference(before, after, nb),
        alone=difference(before[:1], after[:1], nb),
        similar=similar,
        around=difference(ring, ring_after, nb),
        together=difference(before + ring, after + ring_after, nb),
        against_expected=against,
        without_choice=on(windows.outside),
        just_before=just_before(base, phi=phi, df=float(dispersion.df) if phi > 1 else np.inf, confidence=CONFIDENCE),
        without_recent=on(windows.earlier),
        ratio=ratio,
        expected=expected,
        level=np.stack([before / nb, after / na], axis=1),
        dispersion=dispersion,
        phi=phi,
        drift=drift,
        df=df,
        reliability=reliability,
        pre_slope=_pre_slope(base),
        pool_before=pool[0] / nb,
        pool_after=pool[1] / na,
    )


def _drift(pool: np.ndarray, own: np.ndarray, windows: Windows, phi: float) -> tuple[Drift | None, tuple[np.ndarray, np.ndarray]]:
    """Return how far untouched places drifted between the same two windows, and their counts in both."""
    before = pool[:, : windows.n_before][:, windows.keep].sum(axis=1).astype(float)
    after = pool[:, windows.n_before :].sum(axis=1).astype(float)
    months = (int(windows.keep.sum()), windows.n_after)
    like = _comparable(before, float(own[: windows.n_before][windows.keep].sum()))
    if like is None:
        return None, (before, after)
    pairs = [(before[like], after[like], months)]
    if windows.n_before >= 24:
        # The year before against the one before it: the same drift, seen once more.
        years = [
            pool[like, windows.n_before - 24 : windows.n_before - 12].sum(axis=1),
            pool[like, windows.n_before - 12 : windows.n_before].sum(axis=1),
        ]
        pairs.append((years[0], years[1], (12, 12)))
    return place_drift(pairs, phi=phi), (before, after)


def _comparable(before: np.ndarray, own: float) -> np.ndarray | None:
    """Return which untouched places are near enough in size to tell how such places change; None if too few."""
    apart = np.abs(np.log(np.maximum(before, 0.5) / max(own, 0.5)))
    alike = np.flatnonzero((before >= ALIKE[0] * own) & (before <= ALIKE[1] * own) & (before > 0))
    if len(alike) >= LEAST_ALIKE:
        return alike
    there = np.flatnonzero(before > 0)
    return there[np.argsort(apart[there], kind="stable")[:NEAREST]] if len(there) >= NEAREST else None


def _phi_and_df(base: np.ndarray, dispersion: Dispersion, drift: Drift | None) -> tuple[float, float]:
    """Return the dispersion to use and the degrees of freedom of the quantile."""
    phi, df = (dispersion.phi, dispersion.df) if np.isfinite(dispersion.phi) else (1.0, 0)
    if drift is not None:
        return max(1.0, phi), float(drift.df) if drift.tau2 > 0 else float(df) if phi > 1 else np.inf
    halves = base.shape[1] // 6
    if halves >= 2:
        # Without untouched places, what does not average out over half a year stands in for places that drift apart.
        slow = two_way_dispersion(base[:, -6 * halves :].reshape(len(base), halves, 6).sum(axis=2))
        if slow.phi > max(1.0, phi):
            return slow.phi, float(slow.df)
    return max(1.0, phi), float(df) if phi > 1 else np.inf


def _expected(
    count: float, pool: tuple[np.ndarray, np.ndarray], months: tuple[int, int], phi: float, rng: np.random.Generator
) -> tuple[tuple[float, float, float], float, float]:
    """Return the change a month to be expected with no response (estimate, low, high), the reliability, and the posterior variance."""
    nb, na = months
    before, after = pool
    if len(before) < 5 or before.sum() == 0:
        return (float("nan"),) * 3, 1.0, phi * count / nb**2

    def change(rows: np.ndarray) -> tuple[float, float]:
        known = np.r_[count, before[rows]]
        prior = gamma_poisson(known, phi=phi)
        trend = (after[rows].sum() / na) / max(before[rows].sum() / nb, 1e-9)
        return float(prior.expected(count)) / nb * trend - count / nb, prior.reliability

    estimate, reliability = change(np.arange(len(before)))
    draws = [change(rng.integers(0, len(before), len(before)))[0] for _ in range(_DRAWS)]
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return (estimate, float(low), float(high)), reliability, reliability * phi * count / nb**2


def _against(
    before: float,
    after: float,
    expected: float,
    posterior: float,
    months: tuple[int, int],
    phi: float,
    df: float,
    drift: Drift | None,
) -> Difference:
    nb, na = months
    if not np.isfinite(expected):
        return Difference(*(float("nan"),) * 6, method="none")
    estimate = after / na - before / nb - expected
    level = max(before / nb + expected, 0.0)
    extra = posterior + (drift.tau2 * level**2 if drift else 0.0)
    # The expectation is a constant here; its own uncertainty is in `extra`.
    spread = weighted_difference(
        np.array([max(after, 10.0)]), np.array([1 / na]), dispersion=phi, df=df, extra_variance=extra, confidence=CONFIDENCE
    )
    half = (spread.high - spread.low) / 2
    from scipy.stats import norm, t

    z = estimate / spread.se
    p = float(2 * (norm.sf(abs(z)) if np.isinf(df) else t.sf(abs(z), df)))
    return Difference(estimate, spread.se, estimate - half, estimate + half, z, p, spread.method)


def _pre_slope(base: np.ndarray) -> tuple[float, float]:
    """Return how the place of the response moved away from the similar ones, a month per month of the baseline, and its standard error."""
    gap = base[0] - base[1:].mean(axis=0)
    months = len(gap)
    if months < 6:
        return float("nan"), float("nan")
    time = np.arange(months, dtype=float)
    design = np.c_[np.ones(months), time - time.mean()]
    if months >= 24:
        # Where levels differ the gap has a season; harmonics of the year take it out.
        angle = 2 * np.pi * time / 12
        design = np.c_[design, np.cos(angle), np.sin(angle)]
    coefficient, *_ = np.linalg.lstsq(design, gap, rcond=None)
    residual = gap - design @ coefficient
    variance = float(residual @ residual) / (months - design.shape[1])
    return float(coefficient[1]), float(np.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1]))


def fell_as_much(found: Numbers, months: int) -> tuple[int, int]:
    """Return how many untouched places of a like size moved by as large a share in the same direction, of how many."""
    before, after = found.pool_before, found.pool_after
    compare = _comparable(before * months, found.level[0, 0] * months)
    if compare is None:
        return 0, 0
    own = found.level[0, 1] / found.level[0, 0] if found.level[0, 0] > 0 else np.inf
    share = after[compare] / before[compare]
    as_much = share <= own if own <= 1 else share >= own
    return int(as_much.sum()), len(compare)
