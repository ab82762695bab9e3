"""Which rows are missing from the map: by category, type and area, against all others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.core.stats.fdr import benjamini_hochberg
from sara.data._text import uniques_of

__all__ = ["BY", "MISSING", "RATE_COLUMNS", "TELLING", "geocoding_rates", "strength"]

RATE_COLUMNS = ["by", "value", "n", "located", "rate", "p_adjusted", "is_low"]
# Smaller groups have no rate worth a test.
LEAST = 30
# Significant differences of less than this are of no use to anyone in a file of 100,000 rows.
POINTS = 0.05
# What rows are grouped by, and from which Cramer's V on a difference is told: a tie that is small, but there (Cohen's w).
BY, TELLING = ("category", "type", "area"), 0.1
# Fewer missing rows than this share of the file change no map.
MISSING = 0.005


def geocoding_rates(events: pd.DataFrame, has_place: np.ndarray) -> pd.DataFrame:
    """Return the share with a location of each category, type and area, lowest first.

    Parameters
    ----------
    events : DataFrame
        An event table.
    has_place : ndarray of bool
        Rows with a usable location.

    Returns
    -------
    DataFrame
        ``by``, ``value``, ``n``, ``located``, ``rate``, ``p_adjusted`` (two-sided, Benjamini-Hochberg over all groups), ``is_low``.
    """
    parts = []
    for by in BY:
        codes, values = uniques_of(events[by])
        n = np.bincount(codes[codes >= 0], minlength=len(values))
        located = np.bincount(codes[(codes >= 0) & has_place], minlength=len(values))
        big = np.flatnonzero(n >= LEAST)
        if len(big) > 1:
            words = [str(value) for value in values[big]]
            parts.append(pd.DataFrame({"by": by, "value": words, "n": n[big], "located": located[big]}).sort_values("value"))
    if not parts:
        kinds = zip(RATE_COLUMNS, ("str", "str", "int64", "int64", "float64", "float64", "bool"), strict=True)
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds})
    out = pd.concat(parts, ignore_index=True)
    n, located = out["n"].to_numpy(dtype=float), out["located"].to_numpy(dtype=float)
    p, difference = _numbers(n, located, float(len(events)), float(has_place.sum()))
    out["rate"] = located / n
    out["p_adjusted"] = benjamini_hochberg(p)
    out["is_low"] = (out["p_adjusted"] <= 0.05) & (difference <= -POINTS)
    return out.sort_values(["rate", "by", "value"], kind="stable").reset_index(drop=True)[RATE_COLUMNS]


def strength(rates: pd.DataFrame, by: str) -> tuple[float, float]:
    """Return Cramer's V between the groups of one kind and having a location, and the p-value of its chi-square test."""
    from scipy.special import chdtrc

    part = rates[rates["by"] == by]
    n, located = part["n"].to_numpy(dtype=float), part["located"].to_numpy(dtype=float)
    if len(part) < 2 or located.sum() in (0, n.sum()):
        return 0.0, 1.0
    share = located.sum() / n.sum()
    chi2 = float((np.square(located - n * share) / (n * share * (1 - share))).sum())
    return float(np.sqrt(chi2 / n.sum())), float(chdtrc(len(part) - 1, chi2))


def _numbers(n: np.ndarray, located: np.ndarray, total: float, total_located: float) -> tuple[np.ndarray, np.ndarray]:
    """Return p and difference of each group's share against the share of all other rows (pooled z test)."""
    from scipy.special import ndtr

    rest, rest_located = np.maximum(total - n, 1), total_located - located
    difference = located / n - rest_located / rest
    pooled = total_located / total
    se = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    z = np.divide(difference, se, out=np.zeros_like(difference), where=se > 0)
    return 2 * ndtr(-np.abs(z)), difference
