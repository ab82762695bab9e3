"""Which rows are missing from the map: by category and by area, against all others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.core.stats.fdr import benjamini_hochberg

__all__ = ["RATE_COLUMNS", "geocoding_rates"]

RATE_COLUMNS = ["by", "value", "n", "located", "rate", "p_adjusted", "is_low"]
# Smaller groups have no rate worth a test.
LEAST = 30
# Significant differences of less than this are of no use to anyone in a file of 100,000 rows.
POINTS = 0.05


def geocoding_rates(events: pd.DataFrame, has_place: np.ndarray) -> pd.DataFrame:
    """Return the share with a location of each category and area, lowest first.

    Parameters
    ----------
    events : DataFrame
        An event table.
    has_place : ndarray of bool
        Rows with a usable location.

    Returns
    -------
    DataFrame
        ``by``, ``value``, ``n``, ``located``, ``rate``, ``p_adjusted`` (two-sided, Benjamini-Hochberg over all groups of both kinds), ``is_low``.
    """
    parts = []
    for by in ("category", "area"):
        values = events[by].astype(object)
        groups = (
            pd.DataFrame({"value": values, "ok": has_place})
            .dropna(subset="value")
            .groupby("value", sort=True)["ok"]
            .agg(["size", "sum"])
        )
        groups = groups[groups["size"] >= LEAST]
        if len(groups) > 1:
            parts.append(
                pd.DataFrame(
                    {
                        "by": by,
                        "value": groups.index.astype(str),
                        "n": groups["size"].to_numpy(),
                        "located": groups["sum"].to_numpy().astype(np.int64),
                    }
                )
            )
    if not parts:
        return pd.DataFrame(
            {
                name: pd.Series(dtype=kind)
                for name, kind in zip(RATE_COLUMNS, ("str", "str", "int64", "int64", "float64", "float64", "bool"), strict=True)
            }
        )
    out = pd.concat(parts, ignore_index=True)
    n, located = out["n"].to_numpy(dtype=float), out["located"].to_numpy(dtype=float)
    p, difference = _numbers(n, located, float(len(events)), float(has_place.sum()))
    out["rate"] = located / n
    out["p_adjusted"] = benjamini_hochberg(p)
    out["is_low"] = (out["p_adjusted"] <= 0.05) & (difference <= -POINTS)
    return out.sort_values(["rate", "by", "value"], kind="stable").reset_index(drop=True)[RATE_COLUMNS]


def _numbers(n: np.ndarray, located: np.ndarray, total: float, total_located: float) -> tuple[np.ndarray, np.ndarray]:
    """Return p and difference of each group's share against the share of all other rows (pooled z test)."""
    from scipy.special import ndtr

    rest, rest_located = np.maximum(total - n, 1), total_located - located
    difference = located / n - rest_located / rest
    pooled = total_located / total
    se = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    z = np.divide(difference, se, out=np.zeros_like(difference), where=se > 0)
    return 2 * ndtr(-np.abs(z)), difference
