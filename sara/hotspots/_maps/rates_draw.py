"""The map of rates, and the funnel."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from sara.hotspots._maps.draw import list_areas
from sara.hotspots._maps.look import small
from sara.hotspots._result import figures
from sara.plot import maps
from sara.plot.style import INK, LINE, MUTED, WARN, finish, new_axes, subtitle_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._results.rates import RatesResult

__all__ = ["draw_funnel", "paint_rates"]

# Places on the curve of the limits: enough for the eye, on a scale of ratios.
STEPS = 160
# Classes of the map where some place has four times the overall rate, as cells do.
FAR = (1.25, 2.0, 4.0)
# From this many times the overall rate on, a straight scale leaves the usual places a line on the floor.
STEEP = 6.0


def paint_rates(result: RatesResult, ax: Axes, side: float) -> None:
    """Fill units by how many times the overall rate their smoothed rate is, outline the high ones, dot those without exposure."""
    table = result.table
    values = (table["rate_smoothed"] / result.overall).to_numpy(dtype=float)
    shown = np.isfinite(values) & (values > 0) & ~small(table, maps.asking().suppress)
    entries: list[tuple[object, str]] = []
    if shown.any():
        by = maps.diverging(values[shown], centre=1, breaks=FAR if values[shown].max() >= 4 else None)
        maps.fill(
            ax,
            table.geometry.to_numpy()[shown],
            values[shown],
            by,
            edge=None if result.layout else "white",
            linewidth=0.15 if result.layout else 0.4,
        )
        entries = list(by.entries())
    nobody = table["rate"].isna().to_numpy() & (table["n"] > 0).to_numpy()
    if nobody.any():
        maps.hatch(ax, list(table.geometry[nobody]), mark=str(maps.UNKNOWN["hatch"]))
        entries.append((maps.UNKNOWN, "events, but no exposure"))
    if len(result.areas):
        maps.outlines(ax, list(result.areas.geometry), color=INK, linewidth=1.3, zorder=6)
        entries.append(({"color": INK, "width": 1.3}, "high, after correction"))
    maps.key(ax, entries, title=f"smoothed rate, times the overall\n{figures(result.overall)} {result._per_words}", side=side)
    list_areas(ax, result, title="Most above the expected", side=side)


def draw_funnel(result: RatesResult, *, ax: Axes | None, named: int, span: str) -> Axes:
    """Draw rates against exposure with the overall rate and the limits."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax = new_axes(width=8.2, height=4.8) if ax is None else ax
    table = result.table[result.table["rate"].notna()]
    exposure, rate = table["exposure"].to_numpy(), table["rate"].to_numpy()
    low, high = exposure.min(), exposure.max()
    # Units that expect less than a twentieth of an event would stretch the axis over what can't be read.
    low = max(low, 0.05 * result.per / result.overall) if low < high else low
    at = np.geomspace(low, high * 1.05, STEPS) if low < high else np.array([low, high * 1.05])
    for name, style, words in (("998", "-", "99.8 % of usual places"), ("95", "--", "95 % of usual places")):
        lower, upper = result._law(at)[name]
        ax.plot(at, upper, style, color=MUTED, linewidth=1.0, label=words)
        ax.plot(at, lower, style, color=MUTED, linewidth=1.0)
    ax.axhline(result.overall, color=LINE, linewidth=1.2, label=f"overall rate, {result.overall:,.3g}")
    is_high, is_low = table["is_high"].to_numpy(), table["is_low"].to_numpy()
    rest = ~is_high & ~is_low
    ax.scatter(
        exposure[rest], rate[rest], s=12, linewidths=0.6, zorder=4, facecolors="none", edgecolors=MUTED, label=f"{result.unit}s"
    )
    for mask, color, marker, label in ((is_low, LINE, "v", "low"), (is_high, WARN, "^", "high")):
        if mask.any():
            ax.scatter(exposure[mask], rate[mask], s=16, linewidths=0.6, zorder=4, color=color, marker=marker, label=label)
    ax.set_xscale("log")
    ax.set_xlim(low * 0.9, high * 1.6)
    top = max(float(np.quantile(rate[exposure >= low], 0.995)) if (exposure >= low).any() else 0.0, result.overall * 2.5)
    if is_high.any():
        top = max(top, float(rate[is_high & (exposure >= low)].max(initial=0.0)))
    ax.set_ylim(0, top * 1.08)
    wide = top > STEEP * result.overall
    if wide:
        ax.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    left, beyond = int((exposure < low).sum()), int(((rate > top * 1.08) & (exposure >= low)).sum())
    _name(result, ax, named)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 30 * low else (1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}")
    out = [f"{left:,} with too little exposure not shown" if left else "", f"{beyond:,} above the frame" if beyond else ""]
    return finish(
        ax,
        title="Which places stand out from the usual?",
        subtitle=subtitle_of(
            f"{result.noun} {result._per_words}", span, f"n = {result.counts.rows_used:,} in {len(table):,} {result.unit}s", *out
        ),
        xlabel=f"{result.exposure_word.replace('_', ' ')} of the {result.unit}",
        ylabel=f"{result.noun} {result._per_words}{' (square-root scale)' if wide else ''}",
        source=result.source,
    )


def _name(result: RatesResult, ax: Axes, named: int) -> None:
    """Name the high areas with the largest excess, where they have names and may be named."""
    if "name" not in result.table.columns or result.areas.attrs.get("sara", {}).get("calls_for_help"):
        return
    rows = result.table.set_index("name")
    for name in result.areas["name"].head(named):
        if name in rows.index:
            row = rows.loc[name]
            ax.annotate(
                textwrap.shorten(str(name), 26, placeholder=" ..."), (row["exposure"], row["rate"]), xytext=(5, 4), textcoords="offset points", fontsize=7.5,
                color=INK, zorder=6,
            )  # fmt: skip
