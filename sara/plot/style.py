"""How a sara figure looks: one place for fonts, colours, titles and source lines.

Nothing here touches `rcParams`: a notebook's own settings stay as they were. Figures are plain objects; only in a notebook does pyplot know of
them, so that `result.plot()` is shown.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "CATEGORICAL",
    "DIVERGING",
    "INK",
    "LINE",
    "MUTED",
    "PALE",
    "SECOND",
    "SEQUENTIAL",
    "WARN",
    "detached",
    "finish",
    "new_axes",
    "new_figure",
    "subtitle_of",
]

# Okabe-Ito colours that reach 3:1 on white (WCAG 1.4.11); its orange, sky blue and yellow do not.
LINE = "#0072B2"
SECOND = "#D55E00"
WARN = "#B2182B"
INK = "#222222"
MUTED = "#595959"
PALE = "#D9D9D9"
CATEGORICAL = ("#0072B2", "#D55E00", "#007A58", "#AA4499", "#595959", "#8C5A00")
# One hue from light to dark: order survives a grey print.
SEQUENTIAL = "cividis_r"
DIVERGING = "RdBu_r"

_TITLE, _LABEL, _SMALL = 12.0, 9.5, 8.0
# Letters an inch in the title's and the subtitle's font.
_TITLE_LETTERS, _SUBTITLE_LETTERS = 9.6, 14.0


def new_figure(*, width: float = 7.2, height: float = 4.4, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure and its Axes, row by row, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white", dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def new_axes(*, width: float = 7.2, height: float = 4.4) -> Axes:
    """Return one Axes on a figure of its own, which a notebook shows when its cell ends."""
    if not _in_notebook():
        return new_figure(width=width, height=height)[1][0]
    import matplotlib.pyplot as plt

    # Only a figure that pyplot knows is shown without being asked for.
    return plt.figure(figsize=(width, height), layout="constrained", facecolor="white", dpi=110).subplots()


def detached(figure: Figure) -> Figure:
    """Return a figure that pyplot forgets: handed back by a cell, it is shown once, not twice."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and _in_notebook():
        pyplot.close(figure)
    return figure


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def finish(
    ax: Axes, *, title: str, subtitle: str = "", xlabel: str | None = None, ylabel: str | None = None, source: str = ""
) -> Axes:
    """Give an Axes its question, its unit and period, its labels and its source line.

    Parameters
    ----------
    title : str
        The question the figure answers.
    subtitle : str
        Unit, period and number of rows: "calls a week, 2022-03-01 to 2025-02-28, n = 3,412".
    source : str
        Where the rows come from; drawn below the axes.
    """
    if xlabel is not None:
        ax.set_xlabel(xlabel, fontsize=_LABEL, color=INK)
    if ylabel is not None:
        ax.set_ylabel(ylabel, fontsize=_LABEL, color=INK)
    ax.tick_params(labelsize=_LABEL - 0.5, colors=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    from matplotlib.transforms import ScaledTranslation

    left, width = _room_of(ax)
    # "n = 1,493 calls" stays on one line.
    held = " · ".join(part.replace(" ", "\u00a0") if part.startswith("n = ") else part for part in subtitle.split(" · "))
    below = [line.replace("\u00a0", " ") for line in textwrap.wrap(held, width=max(30, int(width * _SUBTITLE_LETTERS)))]
    lines = textwrap.wrap(title, width=max(24, int(width * _TITLE_LETTERS)))
    pad = 8 + 12 * len(below)
    heading = ax.set_title("\n".join(lines), loc="left", fontsize=_TITLE, fontweight="bold", color=INK, pad=pad)
    # Shifted by inches, not by a fraction of the axes: a fraction would widen as the layout narrows the axes.
    heading.set_transform(ax.transAxes + ScaledTranslation(left, pad / 72, _figure_of(ax).dpi_scale_trans))
    if below:
        ax.annotate(
            "\n".join(below),
            (0, 1),
            xytext=(72 * left, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=_LABEL - 0.5,
            color=MUTED,
            va="bottom",
            annotation_clip=False,
        )
    if source:
        ax.annotate(
            source,
            (1, 0),
            xytext=(0, -34 if ax.axison and xlabel != "" else -8),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=_SMALL,
            color=MUTED,
            ha="right",
            va="top",
            annotation_clip=False,
        )
    # One pass makes room by the old sizes: a subtitle of two lines would push the source line over the edge of the first picture saved.
    figure = _figure_of(ax)
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
    return ax


def _room_of(ax: Axes) -> tuple[float, float]:
    """Return where a title may start (inches from the axes, left of long tick labels) and how wide it may be (inches)."""
    figure = _figure_of(ax)
    figure.draw_without_rendering()
    inner, outer = ax.get_window_extent(), ax.get_tightbbox()
    start = min(inner.x0, outer.x0) if outer is not None else inner.x0
    # Short labels leave the title above the axes, where the eye looks for it.
    start = start if inner.x0 - start > 0.25 * inner.width else inner.x0
    # The panels beside it may still grow labels of their own: never more than this panel's share of the figure.
    cell = ax.get_subplotspec()
    share = 1.0 if cell is None else len(cell.colspan) / cell.get_gridspec().ncols
    width = min(inner.x1 - start, 0.94 * share * figure.bbox.width)
    return (start - inner.x0) / figure.dpi, width / figure.dpi


def _figure_of(ax: Axes) -> Figure:
    # The figure of a figure is itself, that of a panel the one it lies on; get_figure(root=True) came with matplotlib 3.10.
    figure = None if ax.figure is None else ax.figure.figure
    assert figure is not None, "an Axes lies on a figure"
    return figure


def subtitle_of(*parts: object) -> str:
    """Join the parts that are there with a middle dot."""
    return " · ".join(str(part) for part in parts if part not in (None, ""))
