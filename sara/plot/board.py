"""The board of problems and who is calling, drawn from frames only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import CATEGORICAL, INK, LINE, MUTED, PALE, WARN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_board", "draw_reporting"]

# Column -> (name in the legend, marker): five shapes, so that a grey print still tells them apart.
_PARTS = {
    "excess_percentile": ("excess", "o"), "weeks_active_percentile": ("weeks active", "s"), "repeat_share_percentile": ("repeat places", "^"),
    "complaints_ratio_percentile": ("complaints", "D"), "trend_percentile": ("trend", "P"),
}  # fmt: skip
_MOST, _WORDS = 12, 44


def draw_board(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw one bar per candidate (its score) with a mark for each part of it.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        ``rank``, ``public_name``, ``n``, ``score`` and the ``*_percentile`` columns; the first 12 rows are drawn.

    Returns
    -------
    Axes
        The Axes given.
    """
    shown = table.head(_MOST)
    if not len(shown):
        ax.set_axis_off()
        ax.text(0.5, 0.5, "Nothing stands out.", ha="center", va="center", color=MUTED, transform=ax.transAxes)
        return ax
    y = np.arange(len(shown))
    ax.barh(y, shown["score"], height=0.72, color=PALE, zorder=1, label="score (mean)")
    for (column, (name, marker)), color in zip(_PARTS.items(), CATEGORICAL, strict=False):
        values = shown[column].to_numpy(dtype=float)
        if np.isfinite(values).any():
            ax.scatter(values, y, marker=marker, s=26, color=color, edgecolor="white", linewidth=0.5, zorder=3, label=name)
    labels = [f"{rank}  {_short(words)}  ({n:,})" for rank, words, n in zip(shown["rank"], shown["public_name"], shown["n"], strict=True)]
    ax.set_yticks(y, labels)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, 1.02)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.13 - 0.25 / max(len(shown), 3)), ncols=6, frameon=False, fontsize=8, handletextpad=0.2, columnspacing=1.0)
    return ax


def draw_reporting(ax: Axes, table: pd.DataFrame) -> str:
    """Draw how far each area lies from what the middle area gives, quiet ones marked, and return the unit in words.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        `ProblemBoard.reporting`; the lowest and the highest areas are drawn where there are many.

    Returns
    -------
    str
        What the numbers are.
    """
    by_reports = table["further_reports_ratio"].notna().any()
    column = "further_reports_ratio" if by_reports else "ratio"
    known = table[table[column].notna()].sort_values([column, "area"], kind="stable")
    many = len(known) > 2 * _MOST
    shown = pd.concat([known.head(_MOST), known.tail(_MOST)]) if many else known
    y = np.arange(len(shown), dtype=float) + (np.arange(len(shown)) >= _MOST) * (1.0 if many else 0.0)
    percent = 100 * shown[column].to_numpy(dtype=float)
    quiet = shown["is_quiet"].to_numpy(dtype=bool)
    ax.hlines(y, 100, percent, color=PALE, linewidth=2.0, zorder=1)
    ax.scatter(percent[~quiet], y[~quiet], s=30, color=LINE, zorder=3)
    ax.scatter(percent[quiet], y[quiet], s=42, color=WARN, marker="D", zorder=3)
    for value, level in zip(percent[quiet], y[quiet], strict=True):
        ax.annotate("quiet", (value, level), xytext=(-7, 0), textcoords="offset points", ha="right", va="center", fontsize=8, color=WARN)
    if many:
        ax.annotate(f"{len(known) - 2 * _MOST} areas between", (0.01, _MOST), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=MUTED)
    ax.axvline(100, color=MUTED, linewidth=0.9, zorder=2)
    ax.set_yticks(y, [_short(str(area)) for area in shown["area"]])
    ax.set_ylim(y[-1] + 0.6, -0.6)
    ax.set_xlim(left=0)
    ax.set_xlabel("percent of the middle area" if by_reports or table["ratio"].notna().any() else "", fontsize=9.5, color=INK)
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    if by_reports:
        return "further reports of the same event, per event"
    what = "complaints" if table["complaints"].notna().any() else "calls"
    return f"{what} per {'resident' if table['calls_per_1000'].notna().any() else 'call'}"


def _short(words: str) -> str:
    return words if len(words) <= _WORDS else words[: _WORDS - 1].rstrip() + "…"
