"""The waterfall of rows: how many were read, what was set aside and why, and what is left to work with."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, PALE, SECOND, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

__all__ = ["waterfall"]

# Letters of a step's name in one line.
_LABEL = 30


def waterfall(table: pd.DataFrame, *, ax: Axes, title: str, subtitle: str = "", source: str = "") -> Axes:
    """Draw the rows that are left after each step as horizontal bars, with what each step took.

    Parameters
    ----------
    table : DataFrame
        ``step`` (words), ``n`` (rows the step takes; for the first and the last, the rows there), ``left`` (rows after it), in order.
    ax : Axes
        Where to draw.
    title, subtitle, source : str
        The question, the unit and period, and where the rows come from.

    Returns
    -------
    Axes
    """
    n, left = table["n"].to_numpy(dtype=float), table["left"].to_numpy(dtype=float)
    total = max(float(left[0]), 1.0)
    rows = np.arange(len(table))
    ends = (rows == 0) | (rows == len(table) - 1)
    ax.barh(rows[ends], left[ends], color=LINE, height=0.62)
    ax.barh(rows[~ends], left[~ends], color=PALE, height=0.62)
    # Hatching tells the part that goes from the part that stays in a grey print.
    ax.barh(rows[~ends], n[~ends], left=left[~ends], color=SECOND, height=0.62, hatch="///", edgecolor="white", linewidth=0)
    for i in rows[~ends]:
        ax.plot([left[i - 1]] * 2, [i - 1 + 0.31, i - 0.31], color=MUTED, linewidth=0.8)
    if len(rows) > 1:
        ax.plot([left[-2]] * 2, [rows[-1] - 1 + 0.31, rows[-1] - 0.31], color=MUTED, linewidth=0.8)
    for i in rows:
        ax.annotate(
            f"{n[i]:,.0f}" if ends[i] else f"\N{MINUS SIGN}{n[i]:,.0f}", (left[i] if ends[i] else left[i] + n[i], i), xytext=(5, 4), textcoords="offset points",
            fontsize=9, color=INK, va="center", fontweight="bold" if ends[i] else "normal",
        )  # fmt: skip
        if i:
            ax.annotate(
                _percent(n[i] / total),
                (left[i] if ends[i] else left[i] + n[i], i),
                xytext=(5, -6),
                textcoords="offset points",
                fontsize=7.5,
                color=MUTED,
                va="center",
            )
    ax.set_yticks(rows, [textwrap.fill(step, _LABEL) for step in table["step"].astype(str)])
    ax.set_ylim(len(rows) - 0.45, -0.55)
    ax.set_xlim(0, total * 1.16)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_major_locator(_few_ticks())
    ax.tick_params(axis="y", length=0)
    return finish(ax, title=title, subtitle=subtitle, xlabel="rows", source=source)


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %"


def _few_ticks() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)
