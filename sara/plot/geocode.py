"""Bars of what could be put on the map: by area, or by outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, SECOND, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["outcomes", "rates"]


def rates(table: pd.DataFrame, *, ax: Axes, title: str, subtitle: str = "", source: str = "", least: float = 0.85) -> Axes:
    """Draw the share of rows on the map by area, with the least acceptable share as a line.

    Parameters
    ----------
    table : DataFrame
        ``area``, ``rate`` (0 to 1), ``n`` (rows), in the order to be drawn.
    least : float
        Share below which a map misleads.

    Returns
    -------
    Axes
    """
    rows, rate = np.arange(len(table)), table["rate"].to_numpy(dtype=float)
    low = rate < least
    ax.barh(rows[~low], 100 * rate[~low], color=LINE, height=0.62)
    ax.barh(rows[low], 100 * rate[low], color=SECOND, height=0.62, hatch="///", edgecolor="white", linewidth=0)
    ax.plot([100 * least] * 2, [-0.45, len(rows) - 0.55], color=INK, linewidth=1, linestyle="--")
    ax.annotate(f"{100 * least:.0f} %", (100 * least, -0.48), fontsize=8, color=INK, ha="center", va="bottom")
    for i in rows:
        ax.annotate(
            f"{100 * rate[i]:.1f} %  (n = {int(table['n'].iloc[i]):,})",
            (100, i),
            xytext=(6, 0),
            textcoords="offset points",
            fontsize=8,
            color=MUTED,
            va="center",
        )
    ax.set_yticks(rows, [_short(name) for name in table["area"].astype(str)])
    ax.set_ylim(len(rows) - 0.45, -1.0)
    ax.set_xlim(0, 128)
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.tick_params(axis="y", length=0)
    return finish(ax, title=title, subtitle=subtitle, xlabel="share on the map, %", source=source)


def outcomes(table: pd.DataFrame, found: Sequence[str], *, ax: Axes, title: str, subtitle: str = "", source: str = "") -> Axes:
    """Draw the rows of each outcome; hatched where the row is not on the map.

    Parameters
    ----------
    table : DataFrame
        ``outcome``, ``n`` (rows), in the order to be drawn.
    found : sequence of str
        Outcomes that are on the map.

    Returns
    -------
    Axes
    """
    rows, n = np.arange(len(table)), table["n"].to_numpy(dtype=float)
    there = table["outcome"].isin(found).to_numpy(dtype=bool)
    ax.barh(rows[there], n[there], color=LINE, height=0.62)
    ax.barh(rows[~there], n[~there], color=SECOND, height=0.62, hatch="///", edgecolor="white", linewidth=0)
    for i in rows:
        share = 100 * n[i] / max(n.sum(), 1)
        ax.annotate(
            f"{n[i]:,.0f}  ({share:.1f} %)",
            (n[i], i),
            xytext=(5, 0),
            textcoords="offset points",
            fontsize=8,
            color=INK,
            va="center",
        )
    ax.set_yticks(rows, table["outcome"].astype(str).tolist())
    ax.set_ylim(len(rows) - 0.45, -0.55)
    ax.set_xlim(0, max(n.max(initial=1), 1) * 1.25)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.locator_params(axis="x", nbins=5, integer=True)
    ax.tick_params(axis="y", length=0)
    return finish(ax, title=title, subtitle=subtitle, xlabel="rows", source=source)


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27] + "\N{HORIZONTAL ELLIPSIS}"
