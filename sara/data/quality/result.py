"""What the quality gate answers with."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AuditResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AuditResult(Result):
    """How many rows can be used, and what is suspicious about the others.

    Parameters
    ----------
    table : DataFrame
        One row per finding: ``kind`` (rows, default point, coverage, geocoding, location, precision, order, time, lag, types, duplicates,
        origin), ``finding`` (a sentence), ``n`` (rows concerned), ``share`` (of the rows in the table), ``severity`` (ok, note, warning,
        serious), ``why`` (why it matters), ``action`` (what sara does about it), ``overrule`` (how to do otherwise).
    waterfall : DataFrame
        ``step``, ``n`` (rows the step takes; the first: rows read, the last: rows that can be used), ``left`` (rows after it).
    default_points : GeoDataFrame
        Coordinates that stand for "not known where": ``place`` and ``addresses`` (blurred), ``x``, ``y`` (metres), ``n``, ``share`` (of rows
        with a location), ``n_addresses``, ``size_ratio``, ``mix``, ``reason``, ``geometry``. Largest first; may be empty.
    geocoding : DataFrame
        ``by`` (category, type or area), ``value``, ``n``, ``located`` (rows), ``rate`` (share with a location), ``p_adjusted`` (Benjamini-Hochberg,
        against all other rows), ``is_low``.
    coverage : (Timestamp, Timestamp) or None
        The longest run without three empty months: from the first day up to, not including, the day after the last. None without a time.
    rejects : DataFrame
        Rows that could not be read: ``file``, ``line``, ``column``, ``value``, ``reason``. Values may hold what people wrote: they are not
        written to a saved record, which keeps line, column and reason.
    title : str
        What the rows are, for the figure's subtitle.
    source : str
        The file, for the figure's source line.
    """

    waterfall: pd.DataFrame
    default_points: gpd.GeoDataFrame
    geocoding: pd.DataFrame
    coverage: tuple[pd.Timestamp, pd.Timestamp] | None
    rejects: pd.DataFrame
    title: str = ""
    source: str = ""
    located: dict[str, int] = field(default_factory=dict)

    question: ClassVar[str] = "How many of the rows can be used?"
    private_columns: ClassVar[tuple[str, ...]] = ()
    count_columns: ClassVar[tuple[str, ...]] = ()

    @property
    def text(self) -> str:
        """Rows read and set aside; the biggest default address; the share that could be mapped."""
        read, usable = int(self.waterfall["n"].iloc[0]), int(self.waterfall["n"].iloc[-1])
        if read == usable:
            first = f"All {read:,} rows read can be used."
        else:
            steps = self.waterfall.iloc[1:-1].sort_values("n", ascending=False, kind="stable")
            reasons = " and ".join(f"{n:,} {step}" for step, n in zip(steps["step"].head(2), steps["n"].head(2), strict=True))
            why = (
                f" ({steps['step'].iloc[0]})"
                if len(steps) == 1
                else f": {reasons}"
                if len(steps) == 2
                else f", above all {reasons}"
            )
            first = (
                f"Of {read:,} rows read, {usable:,} ({_percent(usable, read)}) can be used; {read - usable:,} are set aside{why}."
            )
        return " ".join(
            sentence[0].upper() + sentence[1:] for sentence in (first, self._stack_words(), self._map_words()) if sentence
        )

    def _stack_words(self) -> str:
        if len(self.default_points) == 0:
            return ""
        top = self.default_points.iloc[0]
        more = f" (and {len(self.default_points) - 1} more such points)" if len(self.default_points) > 1 else ""
        biggest = "the biggest stack of rows" if self.located.get("rank_of_default") == 1 else "a stack of rows"
        return f"What looks like {biggest} on one point ({top['n']:,}, {_percent(top['n'], self.located['located'])} of those on the map, at {top['place']}) is only a default address{more}."

    def _map_words(self) -> str:
        n, located = self.located["rows"], self.located["located"]
        known = self.located["mapped"]
        if _percent(known, n) != _percent(located, n):
            return f"{_percent(located, n)} of the rows have a location, {_percent(known, n)} one that can be believed."
        return f"{_percent(located, n)} of the rows could be mapped."

    @property
    def alt_text(self) -> str:
        """The steps of the waterfall, one after another."""
        steps = "; ".join(f"{row.n:,} {row.step}" for row in self.waterfall.itertuples())
        return f"Waterfall of rows: {steps}."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the waterfall of rows."""
        from sara.plot.audit import waterfall
        from sara.plot.style import new_axes, subtitle_of

        if ax is None:
            ax = new_axes(width=7.6, height=1.9 + 0.42 * len(self.waterfall))
        period = (
            "" if self.coverage is None else f"{self.coverage[0]:%Y-%m-%d} to {self.coverage[1] - pd.Timedelta(days=1):%Y-%m-%d}"
        )
        subtitle = subtitle_of(self.title, period, f"n = {int(self.waterfall['n'].iloc[0]):,}")
        return waterfall(
            self.waterfall, ax=ax, title=self.question, subtitle=subtitle, source=f"Source: {self.source}" if self.source else ""
        )

    def figure(self) -> Figure:
        """Draw the waterfall as a figure of its own."""
        return self.plot().figure  # type: ignore[return-value]

    def _repr_html_(self) -> str:
        """Say what was found, the gravest first; what is in order is counted and folded away."""
        rank = {"serious": 0, "warning": 1, "note": 2}
        told = self.table[self.table["severity"] != "ok"]
        told = told.iloc[np.argsort([rank[word] for word in told["severity"]], kind="stable")]
        quiet = self.table[self.table["severity"] == "ok"]
        steps = "".join(
            f"<tr><td>{html.escape(str(row.step))}</td><td style='text-align:right'>{row.n:,}</td></tr>"
            for row in self.waterfall.itertuples()
        )
        settings = "".join(
            f"<li><b>{html.escape(name)}</b>: {html.escape(str(value))}</li>" for name, value in self.settings.items()
        )
        return (
            f"<div class='sara-result'><p><b>{html.escape(self.text)}</b></p><table>{steps}</table>"
            + _findings_html(told, ("severity", "finding", "why", "action", "overrule"))
            + f"<details><summary>{len(quiet)} checks in order</summary>{_findings_html(quiet, ('kind', 'finding'))}</details>"
            + f"<details><summary>settings</summary><ul>{settings}</ul></details></div>"
        )

    def _field_values(self) -> dict[str, Any]:
        values = super()._field_values()
        values["rejects"] = self.rejects.drop(columns=["value", "file"], errors="ignore")
        return values


def _findings_html(table: pd.DataFrame, columns: tuple[str, ...]) -> str:
    if len(table) == 0:
        return ""
    head = "".join(f"<th>{name}</th>" for name in columns)
    rows = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{_cell(name, value)}</td>" for name, value in zip(columns, row, strict=True))
        + "</tr>"
        for row in table[list(columns)].itertuples(index=False)
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(name: str, value: object) -> str:
    text = html.escape(str(value))
    return f"<code>{text}</code>" if name == "overrule" and text else text


def _percent(n: float, of: float) -> str:
    if of == 0:
        return "0 %"
    share = 100 * n / of
    if 0 < share < 0.1:
        return "under 0.1 %"
    if 99.9 < share < 100:
        return "over 99.9 %"
    return f"{share:.0f} %" if share in (0, 100) else f"{share:.1f} %"
