"""What a newer file changed, in words, numbers and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import pandas as pd

from sara.core.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RefreshResult"]

Period = tuple[pd.Timestamp, pd.Timestamp]

# Words of a sentence: more columns or types than these stand in the tables.
_MOST_COLUMNS, _MOST_TYPES = 3, 4


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RefreshResult(Result):
    """An event table brought up to date by a newer file, and what that changed.

    Parameters
    ----------
    table : DataFrame
        What changed: ``change`` ("new", "same", "revised", "vanished", "earlier": rows outside the period of the newer file), ``column``
        (for "revised": which one; missing for the rows as a whole), ``n`` (rows), ``filled`` (of them missing before), ``emptied`` (missing now).
    events : GeoDataFrame or None
        The event table with every row of both files, once. A row that vanished from the newer file is kept, and its column ``vanished`` is
        True. None after loading a saved problem: rows are saved with event tables, not with results.
    revisions : DataFrame
        One row per value that changed: ``id``, ``column``, ``before``, ``after``. Holds addresses and texts; a saved result keeps only id
        and column.
    types : DataFrame
        Types the older table did not have: ``type``, ``n``, ``category``.
    weeks : DataFrame
        ``period`` (start of the week or month) and the rows of each kind of change in it, from eight weeks before the newer file begins.
    plans : DataFrame
        One row per locked plan of the problem and role: ``plan`` (fingerprint), ``start`` of the response, ``role`` ("treated" or
        "comparison"), and of the plan's outcome in those places before the start: ``n_then`` (events in the older table), ``n_now``,
        ``entered`` and ``left`` (events that came to count, or ceased to), ``revised`` (events in both with a value changed).
    found : dict
        Numbers of the sentence: rows ``old`` and ``new`` (handed in), ``added``, ``late`` (added, yet dated in the period known before), ``revised``,
        ``same``, ``vanished``, ``newly_vanished``, ``returned`` (vanished before, there again), ``earlier``, ``already_merged``.
    covered, covered_before : (Timestamp, Timestamp) or None
        The period the table covers now, and before: half-open.
    noun, freq, source_line : str
        What the rows are, "week" or "month", and the source line of the figure.
    """

    events: gpd.GeoDataFrame | None = None
    revisions: pd.DataFrame
    types: pd.DataFrame
    weeks: pd.DataFrame
    plans: pd.DataFrame
    found: Mapping[str, int]
    covered: Period | None
    covered_before: Period | None
    noun: str
    freq: str
    source_line: str = ""

    question: ClassVar[str] = "What did the newer file change?"
    count_columns: ClassVar[tuple[str, ...]] = ("n", "filled", "emptied")

    @property
    def changed(self) -> bool:
        """Whether the newer file brought anything: a row, a revision or a disappearance not known before."""
        return any(self.found[name] for name in ("added", "revised", "newly_vanished", "returned"))

    @property
    def text(self) -> str:
        """What came, what was revised, what vanished, and the period covered now."""
        if not self.changed:
            return f"Nothing changed: all {self.found['new']:,} rows of the newer file were known as they are.{self._covers()}"
        return " ".join(
            part for part in (self._came() + self._covers(), self._revised(), self._vanished(), self._types()) if part
        )

    def _came(self) -> str:
        added, late = self.found["added"], self.found["late"]
        if added == 0:
            return "The newer file adds no rows."
        older = f", {late:,} of them dated in the period known before" if late else ""
        return f"The newer file adds {_rows(added)}{older}."

    def _covers(self) -> str:
        if self.covered is None:
            return ""
        now = f"{self.covered[0]:%Y-%m-%d} to {self.covered[1] - pd.Timedelta(days=1):%Y-%m-%d}"
        return f" The table {'covers' if self.covered == self.covered_before else 'now covers'} {now}."

    def _revised(self) -> str:
        n, both = self.found["revised"], self.found["revised"] + self.found["same"]
        if both == 0:
            return "The two files share no row."
        if n == 0:
            return f"None of the {both:,} rows in both was revised."
        columns = self.table[(self.table["change"] == "revised") & self.table["column"].notna()]
        words = [_column_words(row) for row in columns.head(_MOST_COLUMNS).to_dict("records")]
        more = f", and {len(columns) - _MOST_COLUMNS} more columns" if len(columns) > _MOST_COLUMNS else ""
        return f"Of the {both:,} rows in both, {n:,} {'was' if n == 1 else 'were'} revised ({', '.join(words)}{more})."

    def _vanished(self) -> str:
        n, back = self.found["newly_vanished"], self.found["returned"]
        gone = (
            f"{_rows(n).capitalize()} of the older table {'is' if n == 1 else 'are'} no longer in the newer file, and kept, marked as vanished."
            if n
            else ""
        )
        came = f"{_rows(back).capitalize()} that had vanished {'is' if back == 1 else 'are'} back." if back else ""
        return " ".join(part for part in (gone, came) if part)

    def _types(self) -> str:
        n = len(self.types)
        if n == 0:
            return ""
        named = ", ".join(self.types["type"].head(_MOST_TYPES)) + (f" and {n - _MOST_TYPES:,} more" if n > _MOST_TYPES else "")
        return f"{n:,} {'type was' if n == 1 else 'types were'} not seen before: {named}."

    @property
    def alt_text(self) -> str:
        """What the bars show."""
        return f"Stacked bars, one a {self.freq}, of rows in both files, new, revised and vanished. {self.text}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the rows of each week by what became of them."""
        from sara.plot.refresh import changes_by_period
        from sara.plot.style import subtitle_of

        days = self.weeks["period"]
        period = f"from {days.iloc[0]:%Y-%m-%d}" if len(days) else ""
        n = int(self.weeks.drop(columns="period").to_numpy().sum())
        unit = f"{self.noun} a {self.freq}"
        return changes_by_period(
            ax,
            self.weeks,
            title=self.question,
            subtitle=subtitle_of(unit, period, f"n = {n:,}"),
            unit=unit,
            source=self.source_line,
        )

    def _field_values(self) -> dict[str, Any]:
        values = super()._field_values()
        # Rows belong to event tables, and what was written in them to the analyst's desk.
        return {**values, "events": None, "revisions": self.revisions[["id", "column"]]}


def _rows(n: int) -> str:
    return "one row" if n == 1 else f"{n:,} rows"


def _column_words(row: Mapping[Any, Any]) -> str:
    """Say how one column changed: "closed filled in 212", "type changed in 31"."""
    n, filled, emptied = int(row["n"]), int(row["filled"]), int(row["emptied"])
    parts = [
        f"{verb} in {count:,}"
        for verb, count in (("filled", filled), ("emptied", emptied), ("changed", n - filled - emptied))
        if count
    ]
    return f"{row['column']} {' and '.join(parts)}"
