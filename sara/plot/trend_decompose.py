"""A series and its parts: drawn from frames only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.series import date_axis
from sara.plot.style import INK, LINE, MUTED, PALE, SECOND
from sara.plot.trend import draw_observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_part", "draw_trend"]


def draw_trend(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw counts thinly, what trend and season expect, the trend over both, and ring what stands out.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        ``period``, ``n``, ``trend``, ``expected``, ``unusual``.

    Returns
    -------
    Axes
        The Axes given.
    """
    at = table["period"].to_numpy()
    draw_observed(ax, at, table["n"].to_numpy(dtype=float), color=MUTED, mean=False)
    ax.plot(at, table["expected"], color=LINE, linewidth=1.2, linestyle="--", label="trend and season", zorder=4)
    ax.plot(at, table["trend"], color=SECOND, linewidth=2.4, label="trend", zorder=5)
    rung = table["unusual"].to_numpy(dtype=bool)
    if rung.any():
        ax.plot(at[rung], table["n"].to_numpy(dtype=float)[rung], "D", mfc="none", mec=INK, mew=1.3, ms=7, linestyle="none", label="stands out", zorder=6)  # fmt: skip
    low, high = float(np.nanmin(table["n"])), float(np.nanmax(table["n"]))
    ax.set_ylim(min(0.0, low), high + 0.3 * max(high - min(0.0, low), 1.0))
    ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=3)
    return ax


def draw_part(ax: Axes, table: pd.DataFrame, column: str, *, ring: bool = False) -> Axes:
    """Draw one part around zero.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        ``period``, `column`, ``unusual``.
    column : str
        The part.
    ring : bool
        Bars instead of a line, and a ring on what stands out.

    Returns
    -------
    Axes
        The Axes given.
    """
    at, values = table["period"].to_numpy(), table[column].to_numpy(dtype=float)
    ax.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
    if ring:
        ax.vlines(at, 0.0, np.nan_to_num(values), color=LINE, linewidth=1.0, zorder=3)
        rung = table["unusual"].to_numpy(dtype=bool)
        ax.plot(at[rung], values[rung], "D", mfc="none", mec=INK, mew=1.3, ms=6, linestyle="none", zorder=6)
    else:
        ax.plot(at, values, color=LINE, linewidth=1.1, zorder=3)
    ax.margins(x=0.06, y=0.12)
    if np.issubdtype(at.dtype, np.datetime64):
        date_axis(ax)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
