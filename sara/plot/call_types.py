"""Rows by category as bars, with how their types were mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, SECOND, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

__all__ = ["bars", "n_bars"]

# More bars than this cannot be read: the smallest categories share one.
_MOST = 22
# Hatching tells the parts apart in a grey print.
_PARTS = (
    ("rule", "mapped by a pattern or the publisher's group", LINE, ""),
    ("given", "given by a person or a column", "#56749B", "..."),
    ("similar", "proposed: like a known type", SECOND, "///"),
    ("none", "no category", "#8C8C8C", "xxx"),
)


def n_bars(table: pd.DataFrame) -> int:
    """Return how many bars `bars` draws."""
    return len(_sums(table))


def bars(table: pd.DataFrame, *, ax: Axes, title: str, subtitle: str = "", source: str = "") -> Axes:
    """Draw one bar a category, the largest first, parted by how its types were mapped.

    Parameters
    ----------
    table : DataFrame
        ``category``, ``how`` (rule, given, similar, none), ``n``: one row per type.
    ax : Axes
        Where to draw.
    title, subtitle, source : str
        The question, the unit and period, and where the rows come from.

    Returns
    -------
    Axes
    """
    sums = _sums(table)
    rows = np.arange(len(sums))
    left = np.zeros(len(sums))
    total = max(float(sums.to_numpy().sum()), 1.0)
    for how, label, colour, hatch in _PARTS:
        n = sums[how].to_numpy(dtype=float)
        if n.any():
            ax.barh(rows, n, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0, height=0.72, label=label)
            left += n
    for row, length in enumerate(left.tolist()):
        share = 100 * length / total
        words = f"{share:.0f} %" if share >= 9.95 else f"{share:.1f} %" if share >= 0.05 else "under 0.1 %"
        ax.annotate(
            f"{length:,.0f}  ({words})",
            (length, row),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=7.5,
            color=INK,
            va="center",
        )
    ax.set_yticks(rows, list(sums.index))
    ax.set_ylim(len(sums) - 0.4, -0.6)
    ax.set_xlim(0, max(left.max(), 1.0) * 1.2)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_major_locator(_few_ticks())
    ax.tick_params(axis="y", length=0)
    legend = ax.legend(loc="center right", fontsize=8, frameon=False, labelcolor=INK)
    legend.set_zorder(5)
    ax.spines["left"].set_color(MUTED)
    return finish(ax, title=title, subtitle=subtitle, xlabel="rows", source=source)


def _sums(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows by category and how, largest first; what is left to decide, and the small ones together, at the end."""
    none = (table["how"] == "none").to_numpy()
    sums = table[~none].pivot_table(index="category", columns="how", values="n", aggfunc="sum", fill_value=0)
    sums = sums.reindex(columns=[how for how, *_ in _PARTS], fill_value=0).astype(float)
    sums = sums.loc[sorted(sums.index, key=lambda name: (-sums.loc[name].sum(), name))]
    sums.index = [str(name) for name in sums.index]
    if len(sums) > _MOST:
        small = sums.iloc[_MOST - 1 :]
        sums = sums.iloc[: _MOST - 1].copy()
        sums.loc[f"{len(small)} more categories"] = small.sum()
    decide = table["decide"].to_numpy(dtype=bool)
    for words, mask in (("says nothing", none & ~decide), ("left to decide", none & decide)):
        if mask.any():
            sums.loc[words] = 0.0
            sums.loc[words, "none"] = float(table.loc[mask, "n"].sum())
    return sums


def _few_ticks() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)
