"""What every finding of an audit is made of: the finding itself, and what several of them share."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.period import Period
from sara.core.result import Setting

__all__ = ["Finding", "Ground", "many"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of the audit, with what follows from it."""

    kind: str
    finding: str
    n: int
    severity: str
    why: str
    action: str
    overrule: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What several findings share: masks on the rows, stacks, default points, coverage, rejects."""

    has_time: np.ndarray
    has_place: np.ndarray
    covered: np.ndarray
    far: np.ndarray
    outside: np.ndarray
    at_default: np.ndarray
    stack: np.ndarray
    defaults: gpd.GeoDataFrame
    rank_of_default: int
    coverage: Period | None
    coverage_setting: Setting | None
    rejects: pd.DataFrame
    has_areas: bool
    # Share of the believable points inside the areas, and whether that is so little that the areas are of another city.
    inside: float
    foreign: bool
    # The box that holds what is not far: west, east, south, north.
    box: tuple[float, float, float, float] | None
    # Rows per day of the coverage.
    days: np.ndarray


def many(n: int, word: str) -> str:
    """Return "1 row" or "2 rows"."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
