"""Who is calling and who is quiet: calls and complaints of each area against what its residents, or its calls, would give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.stats.fdr import benjamini_hochberg
from sara.scan._areas import Areas
from sara.scan._score import expected_counts, tail

__all__ = ["reporting_table"]

Floats = npt.NDArray[np.float64]

# Quiet: at least a quarter below the city, and further below than areas differ anyway.
_QUIET_RATIO, _LEVEL = 0.75, 0.05
# Fewest residents, or calls, from which a rate is read.
_LEAST_BASE = 100


def reporting_table(areas: Areas, calls: Floats, complaints: Floats | None, further: Floats | None, years: float) -> pd.DataFrame:
    """Return one row per area: calls, complaints, rates, and whether it is quiet.

    Parameters
    ----------
    calls, complaints : array
        Community-initiated rows per area; `complaints` is None where no table was given.
    further : array, optional
        Reports of an event after its first, per area, where the reports of one event were merged (`sara.dedupe`).
    years : float
        Length of the period.

    Notes
    -----
    How many people report the same event measures the readiness to report without knowing how much happens (Liu, Bhandaram & Garg 2023,
    Nature Computational Science, doi:10.1038/s43588-023-00572-6). Where it is known it decides who is quiet; otherwise complaints (or calls) by
    residents do, and an area where little happens looks like one that does not tell.
    """
    residents = areas.residents
    peopled = np.isfinite(residents) & (residents >= _LEAST_BASE)
    has_residents = peopled.sum() >= 3
    missing = np.full(len(calls), np.nan)
    per_1000 = [
        missing if n is None else np.divide(1000 * n, residents * years, out=missing.copy(), where=peopled)
        for n in (calls, complaints)
    ]
    if complaints is not None:
        expected, ratio, p = _funnel(complaints, np.where(peopled, residents, 0.0) if has_residents else calls)
    else:
        expected, ratio, p = _funnel(calls, residents)
    _, further_ratio, further_p = _funnel(further, calls) if further is not None else (missing, missing, missing)
    measured = np.isfinite(further_ratio).any()
    decides, chance = (further_ratio, further_p) if measured else (ratio, p)
    table = pd.DataFrame(
        {
            "area": areas.name,
            "residents": residents,
            "calls": calls.astype(np.int64),
            "complaints": pd.array([pd.NA] * len(calls) if complaints is None else complaints.astype(np.int64), dtype="Int64"),
            "calls_per_1000": per_1000[0],
            "complaints_per_1000": per_1000[1],
            "complaints_per_100_calls": missing
            if complaints is None
            else np.divide(100 * complaints, calls, out=missing.copy(), where=calls > 0),
            "expected": expected,
            "ratio": ratio,
            "p_adjusted": p,
            "reports_per_event": missing
            if further is None
            else 1 + np.divide(further, calls, out=missing.copy(), where=calls > 0),
            "further_reports_ratio": further_ratio,
            "further_reports_p_adjusted": further_p,
            "is_quiet": (chance <= _LEVEL) & (decides <= _QUIET_RATIO),
            "calls_rank": _rank(per_1000[0] if has_residents else calls),
            "complaints_rank": missing if complaints is None else _rank(per_1000[1] if has_residents else complaints),
        }
    )
    table["rank_gap"] = table["complaints_rank"] - table["calls_rank"]
    order = "further_reports_ratio" if measured else "ratio"
    return table.sort_values([order, "area"], na_position="last", kind="stable").reset_index(drop=True)


def _funnel(n: Floats, base: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the expected count by the base, the ratio, and the adjusted chance of so few."""
    usable = np.isfinite(base) & (base >= _LEAST_BASE)
    expected, ratio, p = np.full(len(n), np.nan), np.full(len(n), np.nan), np.full(len(n), np.nan)
    if usable.sum() < 3 or n[usable].sum() == 0:
        return expected, ratio, p
    rate = np.median(n[usable] / base[usable])
    # The middle area sets the level, not the sum: two loud areas must not make all others look quiet.
    expected[usable] = rate * base[usable] if rate > 0 else expected_counts(n[usable], base[usable], prior=0.0)
    ratio[usable] = n[usable] / expected[usable]
    p[usable] = benjamini_hochberg(_low_tail(n[usable], expected[usable]))
    return expected, ratio, p


def _low_tail(n: Floats, expected: Floats) -> Floats:
    """Return the chance of `n` or fewer, with the spread of the middle half of areas."""
    # Quartiles: the areas that are unusually loud or quiet must not set how far areas differ anyway.
    relative = n / expected - 1
    low, high = np.quantile(relative, [0.25, 0.75])
    variance = ((high - low) / 1.349) ** 2 - float(np.median(1 / expected))
    return np.asarray(1 - tail(n + 1, expected, np.full(len(n), max(variance, 0.0))), dtype=np.float64)


def _rank(values: Floats) -> Floats:
    """Return 1 for the highest, ties at their mean."""
    return np.asarray(pd.Series(values).rank(ascending=False, method="average"), dtype=np.float64)
