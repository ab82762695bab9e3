"""Who is calling and who is quiet: calls and complaints of each area against what its residents, or its calls, would give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.scan._areas import Areas
from sara.scan._score import expected_counts, tail

__all__ = ["reporting_table"]

Floats = npt.NDArray[np.float64]

# Quiet: at least a quarter below the city, and further below than areas differ anyway.
_QUIET_RATIO, _LEVEL = 0.75, 0.05
# Fewest residents, or calls, from which a rate is read.
_LEAST_BASE = 100


def reporting_table(areas: Areas, calls: Floats, complaints: Floats | None, years: float) -> pd.DataFrame:
    """Return one row per area: calls, complaints, rates, and whether it is quiet.

    Parameters
    ----------
    calls, complaints : array
        Community-initiated rows per area; `complaints` is None where no table was given.
    years : float
        Length of the period.
    """
    residents = areas.residents
    peopled = np.isfinite(residents) & (residents >= _LEAST_BASE)
    has_residents = peopled.sum() >= 3
    with np.errstate(divide="ignore", invalid="ignore"):
        per_1000 = {name: np.where(peopled, 1000 * n / residents / years, np.nan) for name, n in (("calls", calls), ("complaints", complaints)) if n is not None}
    told, base = (complaints, np.where(peopled, residents, 0.0) if has_residents else calls) if complaints is not None else (calls, residents)
    table = pd.DataFrame(
        {
            "area": areas.name,
            "residents": residents,
            "calls": calls.astype(np.int64),
            "complaints": pd.array(complaints.astype(np.int64), dtype="Int64") if complaints is not None else pd.array([pd.NA] * len(calls), dtype="Int64"),
            "calls_per_1000": per_1000["calls"],
            "complaints_per_1000": per_1000.get("complaints", np.full(len(calls), np.nan)),
            "complaints_per_100_calls": 100 * complaints / np.where(calls > 0, calls, np.nan) if complaints is not None else np.nan,
        }
    )
    expected, ratio, p = _funnel(told, base)
    table["expected"], table["ratio"], table["p_adjusted"] = expected, ratio, p
    table["is_quiet"] = (p <= _LEVEL) & (ratio <= _QUIET_RATIO)
    table["calls_rank"] = _rank(per_1000["calls"] if has_residents else calls)
    table["complaints_rank"] = _rank((per_1000["complaints"] if has_residents else complaints) if complaints is not None else np.full(len(calls), np.nan))
    table["rank_gap"] = table["complaints_rank"] - table["calls_rank"]
    return table.sort_values(["ratio", "area"], na_position="last", kind="stable").reset_index(drop=True)


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
    p[usable] = _adjusted(_low_tail(n[usable], expected[usable]))
    return expected, ratio, p


def _low_tail(n: Floats, expected: Floats) -> Floats:
    """Return the chance of `n` or fewer, with the spread of the middle half of areas."""
    # Quartiles: the areas that are unusually loud or quiet must not set how far areas differ anyway.
    relative = n / expected - 1
    low, high = np.quantile(relative, [0.25, 0.75])
    variance = ((high - low) / 1.349) ** 2 - float(np.median(1 / expected))
    return 1 - tail(n + 1, expected, max(variance, 0.0))


def _adjusted(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    out = np.empty(len(p))
    out[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return out


def _rank(values: Floats) -> Floats:
    """Return 1 for the highest, ties at their mean."""
    return pd.Series(values).rank(ascending=False, method="average").to_numpy(dtype=float)
