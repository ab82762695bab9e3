"""What a newer file brought, week by week: drawn from a frame only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, PALE, SECOND, WARN, finish, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KINDS", "changes_by_period"]

# Told apart by hatch as well: the page may be printed grey.
KINDS = {
    "same": ("in both, unchanged", PALE, ""),
    "revised": ("in both, revised", SECOND, "////"),
    "new": ("only in the newer file", LINE, ""),
    "earlier": ("only in the older file", "white", ""),
    "vanished": ("vanished from the newer file, kept", WARN, "xxxx"),
}


def changes_by_period(ax: Axes | None, table: pd.DataFrame, *, title: str, subtitle: str, unit: str, source: str) -> Axes:
    """Draw stacked bars, one a week or month.

    Parameters
    ----------
    ax : Axes or None
        Where to draw; a new one if None.
    table : DataFrame
        ``period`` (start) and a column per kind of `KINDS`.
    title, subtitle, source : str
        As for `sara.plot.style.finish`.
    unit : str
        What a bar counts: "calls a week".

    Returns
    -------
    Axes
        The Axes.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    ax = new_axes(height=4.2) if ax is None else ax
    start = pd.to_datetime(table["period"])
    days = float(start.diff().dt.days.median()) if len(start) > 1 else 7.0
    base = np.zeros(len(table))
    for kind, (label, color, hatch) in KINDS.items():
        n = table[kind].to_numpy(dtype=float)
        if n.sum() == 0:
            continue
        edge = INK if kind in ("earlier", "same") else "white"
        ax.bar(
            start,
            n,
            width=days * 0.86,
            align="edge",
            bottom=base,
            color=color,
            hatch=hatch,
            edgecolor=edge,
            linewidth=0.4,
            label=f"{label} ({int(n.sum()):,})",
        )
        base = base + n
    # Room above the bars for the legend: what is rare can hardly be seen, so its number stands there.
    ax.set_ylim(0, max(1.0, float(base.max()) * 1.5) if len(base) else 1.0)
    locator = AutoDateLocator(minticks=3, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", ncols=2, frameon=False, fontsize=8.5)
    return finish(ax, title=title, subtitle=subtitle, ylabel=unit, source=source)
