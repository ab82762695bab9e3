"""Effects and designs: intervals, treated against similar places, rings, power, plans. From frames and numbers only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, PALE, SECOND, finish, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["assessment", "design", "intervals", "months", "places_map", "power_curve", "three_answers", "timeline", "untouched"]

Period = tuple[pd.Timestamp, pd.Timestamp]
TREATED, SIMILAR = "place that got the response", "similar places (mean)"
_ANSWERS = (
    ("before and after", "before\nand after"),
    ("expected anyway", "expected\nanyway"),
    ("against similar places", "against\nsimilar places"),
)


def intervals(ax: Axes, table: pd.DataFrame, *, title: str, subtitle: str, neutral: float, confidence: float) -> Axes:
    """Draw one interval per measure, largest questions first, with the line of no change.

    Parameters
    ----------
    table : DataFrame
        ``measure``, ``unit``, ``estimate``, ``low``, ``high``; rows in other units than the first are left out.
    neutral : float
        No change: 0 for differences, 1 for ratios.
    """
    rows = table[table["unit"] == table["unit"].iloc[0]]
    rows = rows[np.isfinite(rows[["estimate", "low", "high"]]).all(axis=1)]
    y = np.arange(len(rows))[::-1]
    ax.axvline(neutral, color=MUTED, linewidth=1.0, linestyle="--", zorder=1)
    ax.hlines(y, rows["low"], rows["high"], color=LINE, linewidth=2.4, zorder=2)
    ax.plot(rows["estimate"], y, "o", color=LINE, markersize=7, zorder=3)
    for at, (_, row) in zip(y, rows.iterrows(), strict=True):
        ax.annotate(
            f"{_short(row['estimate'])} ({_short(row['low'])} to {_short(row['high'])})",
            (row["estimate"], at),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )
    ax.set_yticks(y, [str(m) for m in rows["measure"]])
    ax.set_ylim(-0.6, len(rows) - 0.3)
    unit = str(table["unit"].iloc[0])
    return finish(
        ax,
        title=title,
        subtitle=subtitle,
        xlabel=f"{unit} ({confidence:.0%} interval; dashed: no change)".replace("%", " %"),
        ylabel="",
    )


def three_answers(ax: Axes, table: pd.DataFrame, *, title: str, subtitle: str, confidence: float, source: str = "") -> Axes:
    """Draw the three answers to "did it work?" as bars with intervals: before and after, expected anyway, against similar places.

    Where the months just before the start ran above the place's own level (row ``just before``), the second answer has a dashed bar as
    well: what was to be expected if measured from those months alone.
    """
    rows = table.set_index("measure")
    recent = table.loc[(table["measure"] == "just before") & (table["low"] > 0), "estimate"].to_list()
    colors = (PALE, PALE, LINE)
    hatches = ("", "///", "")
    for i, ((key, _), color, hatch) in enumerate(zip(_ANSWERS, colors, hatches, strict=True)):
        row = rows.loc[key]
        if not np.isfinite(row["estimate"]):
            ax.annotate(
                "not measurable", (i, 0), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5, color=MUTED
            )
            continue
        ax.bar(i, row["estimate"], width=0.55, color=color, edgecolor=MUTED, hatch=hatch, linewidth=0.8, zorder=2)
        if np.isfinite(row["low"]):
            ax.vlines(i, row["low"], row["high"], color=INK, linewidth=1.6, zorder=3)
        ax.annotate(
            _signed(row["estimate"]),
            (i + 0.3, row["estimate"]),
            xytext=(2, -8 if row["estimate"] <= 0 else 8),
            textcoords="offset points",
            va="center",
            fontsize=10,
            fontweight="bold",
            color=INK,
        )
    for excess in recent:
        _upswing(ax, -excess)
    ax.axhline(0, color=INK, linewidth=0.9, zorder=4)
    ax.set_xticks(range(3), [label for _, label in _ANSWERS])
    ax.set_xlim(-0.5, 2.75)
    low, high = ax.get_ylim()
    room = (high - low) * (0.16 if recent and -recent[0] < low + 0.2 * (high - low) else 0.04)
    ax.set_ylim(low - room, max(high, 0.06 * (high - low)))
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return finish(
        ax, title=title, subtitle=subtitle, ylabel=f"change, events a month ({confidence:.0%})".replace("%", " %"), source=source
    )


def _upswing(ax: Axes, fall: float) -> None:
    """Draw what the months just before the start would have lost anyway, as a dashed bar over the second answer."""
    ax.bar(1, fall, width=0.55, facecolor="none", edgecolor=INK, linestyle="--", linewidth=1.2, zorder=3)
    ax.annotate(
        f"{_signed(fall)} measured from\nthe months just before",
        (1, fall),
        xytext=(0, -4),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=8.5,
        color=INK,
    )


def months(
    ax: Axes,
    monthly: pd.DataFrame,
    *,
    start: pd.Timestamp,
    noun: str,
    placebo: bool = False,
    title: str = "",
    subtitle: str = "",
    source: str = "",
) -> Axes:
    """Draw the place of the response against the mean of the similar ones, month by month, with the start marked."""
    treated = monthly[monthly["role"] == "treated"].groupby("month")["n"].sum()
    others = monthly[monthly["role"] == "comparison"].groupby("month")["n"]
    mean, low, high = others.mean(), others.min(), others.max()
    ax.fill_between(mean.index, low, high, color=PALE, alpha=0.6, linewidth=0, zorder=1)
    begun = treated.index.max() >= start
    name = "place picked for the test" if placebo else TREATED if begun else "place that is to get the response"
    ax.plot(treated.index, treated, color=LINE, linewidth=1.8, zorder=3, label=name)
    ax.plot(mean.index, mean, color=SECOND, linewidth=1.6, linestyle="--", zorder=2, label=f"{SIMILAR}; band: lowest to highest")
    top = 1.25 * max(float(treated.max()), float(high.max()), 1.0)
    ax.set_ylim(0, top)
    if begun:
        ax.axvline(start, color=INK, linewidth=1.0, linestyle=":")  # type: ignore[arg-type]
        ax.annotate("start", (start, top), xytext=(4, -2), textcoords="offset points", va="top", fontsize=8.5, color=INK)
    _dates(ax)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(-0.02, -0.15), ncols=1)
    return finish(ax, title=title, subtitle=subtitle, ylabel=f"{noun} a month", source=source)


def untouched(
    ax: Axes, pool: pd.DataFrame, *, own: tuple[Any, Any], placebo: bool = False, title: str = "", subtitle: str = ""
) -> Axes:
    """Draw events a month before and after of every untouched place, and of the treated one; on the diagonal nothing changed."""
    top = 1.1 * max(float(pool[["before", "after"]].to_numpy().max(initial=1.0)), *own)
    ax.plot([0, top], [0, top], color=MUTED, linewidth=0.9, linestyle="--", zorder=1)
    ax.plot(
        pool["before"],
        pool["after"],
        "o",
        markerfacecolor="white",
        markeredgecolor=MUTED,
        markersize=5,
        zorder=2,
        label="untouched places",
    )
    ax.plot(
        [own[0]], [own[1]], "D", color=LINE, markersize=8, zorder=3, label="place picked for the test" if placebo else TREATED
    )
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.legend(frameon=False, fontsize=8.5, loc="upper left")
    return finish(
        ax, title=title, subtitle=subtitle, xlabel="events a month before (dashed: no change)", ylabel="events a month after"
    )


def places_map(
    ax: Axes | None, table: gpd.GeoDataFrame, *, title: str, subtitle: str = "", placebo: bool = False, source: str = ""
) -> Axes:
    """Draw the place of the response, the similar ones (numbered) and the rings around them."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from sara.plot import maps

    ax = ax or new_axes(height=5.6)
    styles = {
        "ring": {"facecolor": "none", "edgecolor": MUTED, "linestyle": "--", "linewidth": 0.8},
        "comparison": {"facecolor": SECOND, "edgecolor": INK, "linewidth": 0.8, "alpha": 0.8},
        "treated": {"facecolor": LINE, "edgecolor": INK, "linewidth": 1.0},
    }
    for role, style in styles.items():
        shapes = table[table["role"] == role]
        maps.compound(ax, list(shapes.geometry), **style)
    for i, geometry in enumerate(table.geometry[table["role"] == "comparison"], start=1):
        centre = geometry.representative_point()
        # Above the place and its ring, where the number covers nothing.
        ax.annotate(
            str(i),
            (centre.x, geometry.bounds[3]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            fontweight="bold",
            color=INK,
        )
    low_x, low_y, high_x, high_y = table.total_bounds
    pad = 0.06 * max(high_x - low_x, high_y - low_y, 1.0)
    ax.set_xlim(low_x - pad, high_x + pad)
    ax.set_ylim(low_y - pad, high_y + pad)
    ax.set_aspect("equal")
    ax.set_axis_off()
    maps.scale_bar(ax)
    ax.legend(
        handles=[
            Patch(facecolor=LINE, edgecolor=INK, label="place picked for the test" if placebo else "place of the response"),
            Patch(facecolor=SECOND, edgecolor=INK, label="similar places"),
            Line2D([], [], color=MUTED, linestyle="--", label="ring around"),
        ],
        frameon=False,
        fontsize=8.5,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
    )
    return finish(ax, title=title, subtitle=subtitle, source=source, xlabel="")


def power_curve(
    ax: Axes | None, table: pd.DataFrame, *, target: float, months_after: int, n_similar: int, title: str, subtitle: str
) -> Axes:
    """Draw the smallest visible fall against the months waited, a line per number of similar places."""
    ax = ax or new_axes()
    dashes: dict[Any, str] = {1: ":", n_similar: "-"}
    for n, rows in table.groupby("n_similar"):
        chosen = n == n_similar
        ax.plot(
            rows["months_after"],
            100 * rows["smallest_share"],
            color=LINE if chosen else MUTED,
            linestyle=dashes.get(n, "--"),
            linewidth=2.2 if chosen else 1.3,
            label=f"{n} similar place{'s' * (n != 1)}",
        )
    ax.axhline(100 * target, color=SECOND, linewidth=1.2)
    ax.annotate(
        f"target {target:.0%}".replace("%", " %"),
        (table["months_after"].max(), 100 * target),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=SECOND,
    )
    here = table[(table["months_after"] == months_after) & (table["n_similar"] == n_similar)]
    ax.plot(here["months_after"], 100 * here["smallest_share"], "o", color=LINE, markersize=8, zorder=5)
    ax.set_ylim(0, min(160.0, 110 * float(table["smallest_share"].max())))
    ax.set_xticks([m for m in (3, 6, 12, 18, 24, 36, 48, 60) if m <= table["months_after"].max()])
    ax.grid(color=PALE, linewidth=0.6)
    ax.legend(frameon=False, fontsize=8.5, loc="upper right")
    return finish(
        ax, title=title, subtitle=subtitle, xlabel="months after the start (dot: this design)", ylabel="smallest visible fall, %"
    )


def timeline(
    ax: Axes | None, actions: pd.DataFrame, *, before: Period, after: Period, start: pd.Timestamp, title: str, subtitle: str
) -> Axes:
    """Draw who does what on a line of time, over the baseline and the months that judge it."""
    import textwrap

    ax = ax or new_axes(height=max(2.8, 1.9 + 0.55 * len(actions)))
    rows = len(actions)
    top = rows + 0.35
    for window, label, hatch in ((before, "baseline", ""), (after, "judged", "///")):
        ax.axvspan(*window, facecolor=PALE, alpha=0.45, hatch=hatch, edgecolor="white", linewidth=0, zorder=0)  # type: ignore[arg-type]
        ax.annotate(
            label,
            (window[0] + (window[1] - window[0]) / 2, top),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8.5,
            color=MUTED,
        )
    for i, (_, action) in enumerate(actions.iterrows()):
        y = rows - 1 - i + 0.5
        end = after[1] if pd.isna(action["end"]) else action["end"]
        ax.hlines(y, action["start"], end, color=LINE, linewidth=7, zorder=3)  # type: ignore[arg-type]
        if pd.isna(action["end"]):
            ax.plot([end], [y], ">", color=LINE, markersize=9, zorder=4)  # type: ignore[arg-type]
    ax.axvline(start, color=INK, linewidth=1.0, linestyle=":", zorder=2)  # type: ignore[arg-type]
    labels = ["\n".join(textwrap.wrap(f"{a['name']} - {a['partner']}", 34)[:2]) for _, a in actions.iterrows()]
    ax.set_yticks([rows - 1 - i + 0.5 for i in range(rows)], labels)
    ax.set_ylim(0, top)
    ax.set_xlim(before[0], max([after[1], *actions["end"].dropna()]) + pd.Timedelta(days=25))  # type: ignore[arg-type]
    _dates(ax)
    return finish(ax, title=title, subtitle=subtitle, xlabel="")


def design(
    table: gpd.GeoDataFrame,
    monthly: pd.DataFrame,
    *,
    start: pd.Timestamp,
    noun: str,
    title: str,
    subtitle: str,
    placebo: bool = False,
    source: str = "",
) -> Figure:
    """Draw the map of a design beside the months before."""
    figure, axes = new_figure(width=11.0, height=5.4, columns=2)
    places_map(axes[0], table, title=title, subtitle=subtitle, placebo=placebo)
    months(
        axes[1],
        monthly,
        start=start,
        noun=noun,
        placebo=placebo,
        source=source,
        title="Did they move alike before?",
        subtitle=f"{noun} a month, before the start",
    )
    return figure


def assessment(
    table: pd.DataFrame,
    monthly: pd.DataFrame,
    places: gpd.GeoDataFrame,
    pool: pd.DataFrame | None,
    *,
    title: str,
    subtitle: str,
    facts: Mapping[str, Any],
    confidence: float,
) -> Figure:
    """Draw an assessment: the months, the three answers, the places, and the untouched ones."""
    figure, axes = new_figure(width=11.0, height=9.4, rows=2, columns=2)
    placebo = bool(facts.get("placebo"))
    months(
        axes[0],
        monthly,
        start=facts["start"],
        noun=facts["noun"],
        placebo=placebo,
        title=title,
        subtitle=subtitle,
        source=facts.get("source", ""),
    )
    three_answers(axes[1], table, title="Three answers", subtitle="the third is the headline", confidence=confidence)
    places_map(axes[2], places, title="Where?", subtitle=f"rings of {facts['buffer']:.0f} m", placebo=placebo)
    own = table.set_index("measure").loc["against similar places"]
    if pool is not None and len(pool):
        untouched(
            axes[3],
            pool,
            own=(own["before"], own["after"]),
            placebo=placebo,
            title="What did untouched places do?",
            subtitle=f"{len(pool)} places of the same kind",
        )
    else:
        axes[3].set_axis_off()
    return figure


def _dates(ax: Axes) -> None:
    from matplotlib.dates import ConciseDateFormatter, MonthLocator, YearLocator

    low, high = ax.get_xlim()
    months = (high - low) / 30.44
    # The finest step that leaves at most seven labels.
    step = next((k for k in (1, 2, 3, 6, 12) if months / k <= 7), 0)
    locator = MonthLocator(bymonth=range(1, 13, step)) if step else YearLocator(max(1, int(np.ceil(months / 84))))
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _short(value: Any) -> str:
    size = abs(value)
    return f"{value:,.0f}" if size >= 10 else f"{value:.1f}" if size >= 1 else f"{value:.2f}"


def _signed(value: Any) -> str:
    text = _short(abs(value))
    return f"−{text}" if value < 0 else f"+{text}" if value > 0 else text
