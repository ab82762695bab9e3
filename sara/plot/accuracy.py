"""Tests of maps: the curve of area against hits, and methods compared over periods. From numbers only; no result is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import CATEGORICAL, INK, LINE, MUTED, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["hit_curve", "method_periods"]

# More lines than this can't be told apart.
MOST_LINES = 6


def hit_curve(ax: Axes, curve: pd.DataFrame, *, marks: pd.DataFrame, upto: float = 1.0, words: bool = False) -> Axes:
    """Draw share of events against share of area: the map with its band, the best possible one, and an even spread.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    curve : DataFrame
        ``share_area``, ``share_events``, ``low``, ``high``, ``best``.
    marks : DataFrame
        Points to mark: ``share_area``, ``hit_rate``, ``pai``.
    upto : float
        Share of the area where the picture ends.
    words : bool
        Whether to write the PAI beside each mark.

    Returns
    -------
    Axes
        The Axes given.
    """
    x = 100 * curve["share_area"].to_numpy()
    ax.fill_between(x, 100 * curve["low"], 100 * curve["high"], color=LINE, alpha=0.22, linewidth=0)
    if curve["best"].notna().all():
        ax.plot(x, 100 * curve["best"], color=MUTED, linestyle="--", linewidth=1.2, label="best possible")
    ax.plot(x, 100 * curve["share_events"], color=LINE, linewidth=1.8, label="this map, with its interval")
    ax.plot([0, 100], [0, 100], color=INK, linestyle=":", linewidth=1.0, label="even spread (PAI 1)")
    shown = marks[marks["share_area"] <= upto]
    at, height = 100 * shown["share_area"].to_numpy(), 100 * shown["hit_rate"].to_numpy()
    ax.plot(at, height, "o", color=LINE, mec="white", ms=6, zorder=4, clip_on=False)
    inside = curve["share_area"] <= upto * (1 + 1e-9)
    top = 100.0 if upto >= 1 else min(100.0, 1.08 * 100 * float(curve.loc[inside, ["high", "best"]].max().max()))
    ax.set_xlim(0, 100 * upto)
    ax.set_ylim(0, top)
    if words:
        low = np.interp(at, x, 100 * curve["low"].to_numpy())
        for left, value, below in zip(at, shown["pai"], low, strict=True):
            # Below the band, to the right: the curve rises to the left of there.
            ax.annotate(
                f"PAI {value:.3g}", (left, below), xytext=(5, -4), textcoords="offset points", fontsize=8.5, color=INK, va="top"
            )
    else:
        ax.legend(loc="lower right", frameon=False, fontsize=8.5)
    ax.grid(color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def method_periods(ax: Axes, means: pd.DataFrame, periods: pd.DataFrame) -> Axes:
    """Draw each method's PAI in every period as dots, and its mean with its interval.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    means : DataFrame
        One row per method, best first: ``method``, ``pai``, ``low``, ``high``.
    periods : DataFrame
        ``method``, ``pai``: one row per method and period.

    Returns
    -------
    Axes
        The Axes given.
    """
    rows = [str(name) for name in means["method"]]
    for y, name in enumerate(rows):
        values = np.sort(periods.loc[periods["method"] == name, "pai"].to_numpy())
        # Dots that would hide each other are moved apart a little, always the same way.
        shift = 0.16 * ((np.arange(len(values)) % 3) - 1)
        ax.plot(values, y + shift, "o", ms=3.6, color=MUTED, alpha=0.55, mew=0, zorder=2)
    for y, row in enumerate(means.to_dict("records")):
        color = LINE if y == 0 else CATEGORICAL[4]
        ax.plot([row["low"], row["high"]], [y, y], color=color, linewidth=2.6, solid_capstyle="butt", zorder=3)
        ax.plot([row["pai"]], [y], "D", color=color, mec="white", ms=7, zorder=4)
        ax.annotate(
            f"{row['pai']:.3g}", (row["pai"], y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8.5, color=INK
        )
    ax.axvline(1, color=INK, linestyle=":", linewidth=1.0)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.4, -0.7)
    ax.set_xlim(left=0)
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
