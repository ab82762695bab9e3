"""The board of problems and who is calling, drawn from frames only."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, PALE, WARN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_board", "draw_reporting"]

_MOST, _WORDS, _WIDTH = 12, 44, 34
# Where the columns of bars begin, and how wide they are: the score, then its parts with room for their numbers.
_FIRST, _PART = 1.15, 0.3


def draw_board(ax: Axes, table: pd.DataFrame) -> Axes:
    """Draw one row per candidate: its score as a bar, then a bar and the number for each of the five parts.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        `ProblemBoard.table`; the first 12 rows are drawn.

    Returns
    -------
    Axes
        The Axes given. All bars are percentiles among the candidates; the numbers beside them are what was measured.
    """
    shown = table.head(_MOST)
    if not len(shown):
        ax.set_axis_off()
        ax.text(0.5, 0.5, "Nothing stands out.", ha="center", va="center", color=MUTED, transform=ax.transAxes)
        return ax
    y = np.arange(len(shown))
    ax.barh(y, shown["score"], height=0.62, color=LINE, zorder=2)
    for value, level in zip(shown["score"], y, strict=True):
        ax.annotate(
            f"{100 * value:.0f}",
            (value, level),
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            color="white",
        )
    left, heads = _FIRST, [(0.5, "score")]
    for column, (name, room, words) in _PARTS.items():
        share = shown[f"{column}_percentile"].to_numpy(dtype=float)
        if not np.isfinite(share).any():
            continue
        ax.barh(y, np.full(len(y), _PART), left=left, height=0.62, color="#F0F0F0", zorder=1)
        ax.barh(y, np.nan_to_num(share) * _PART, left=left, height=0.62, color=MUTED, zorder=2)
        for level, (_, row) in zip(y, shown.iterrows(), strict=True):
            ax.annotate(
                words(row), (left + _PART, level), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8, color=INK
            )
        heads.append((left + room / 2 - 0.04, name))
        left += room
    labels = [
        f"{rank}  {textwrap.fill(_short(words, 2 * _WIDTH - 4), _WIDTH)}"
        for rank, words in zip(shown["rank"], shown["public_name"], strict=True)
    ]
    ax.set_yticks(y, labels)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xticks([x for x, _ in heads], [name for _, name in heads])
    ax.set_xlim(0, left)
    ax.tick_params(axis="both", length=0)
    ax.tick_params(axis="y", labelsize=8.5)
    return ax


def _signed(value: Any) -> str:
    return f"{round(value):+d} %" if pd.notna(value) else "–"


def _share(value: Any) -> str:
    return f"{100 * value:.0f} %" if pd.notna(value) else "–"


def _complaints(row: pd.Series) -> str:
    return f"{row['complaints']:,} ({row['complaints_expected']:,.0f})" if pd.notna(row["complaints"]) else "–"


# Column -> (heading, room from its left edge, the number in words).
_PARTS: dict[str, tuple[str, float, Callable[[pd.Series], str]]] = {
    "excess": ("excess\ncalls", 0.6, lambda row: f"{row['excess']:,.0f}"),
    "weeks_active": ("weeks\nactive", 0.6, lambda row: _share(row["weeks_active"])),
    "repeat_share": ("repeat\nplaces", 0.6, lambda row: _share(row["repeat_share"])),
    "complaints_ratio": ("complaints\n(expected)", 0.95, _complaints),
    "trend": ("recent\ntrend", 0.62, lambda row: _signed(row["trend"])),
}


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
        ax.annotate(
            "quiet", (value, level), xytext=(-7, 0), textcoords="offset points", ha="right", va="center", fontsize=8, color=WARN
        )
    if many:
        ax.annotate(
            f"{len(known) - 2 * _MOST} areas between",
            (0.01, _MOST),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=MUTED,
        )
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


def _short(words: str, most: int = _WORDS) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
