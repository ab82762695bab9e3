"""What a file's call types come to, and which of them a person must decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from sara.core.errors import InputError
from sara.core.excel import safe_frame
from sara.core.result import Result
from sara.core.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HOWS", "CallTypesResult", "editable"]

# By a pattern or the publisher's group; by likeness, proposed; by a person or a column of categories; not at all.
HOWS = ("rule", "similar", "given", "none")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CallTypesResult(Result):
    """Every type of a file with its category, how it was found, and who starts such calls.

    Parameters
    ----------
    table : DataFrame
        One row per type, most frequent first: ``type`` (as published), ``n`` (rows), ``category`` (what `set_types` would apply), ``how``
        (rule, similar, given, none), ``score`` (likeness, 0 to 1; missing for rule and given), ``reason`` (words), ``nearest`` and
        ``next_nearest`` (the two categories most alike, where one must be decided), ``study22`` (one of the 22 kinds of call of the
        pandemic study, or missing), ``origin`` (the most frequent one; missing where it is not told), ``origin_rule`` (what gave it),
        ``decide`` (True: a person should), ``now`` (the category the rows have today), ``n_categories`` and ``n_origins`` (how many
        different ones its rows have).
    title, source : str
        What the rows are and the file they came from, for the figure.
    """

    title: str = ""
    source: str = ""

    question: ClassVar[str] = "Which categories do the call types come to?"
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @property
    def coverage(self) -> dict[str, float]:
        """Share of rows and of types whose category is known today, and with the proposals for similar types applied.

        ``rows``, ``types``: a category other than "other", by rule or given. ``rows_with_similar``, ``types_with_similar``: the same after
        ``set_types(events, result)``. ``rows_to_decide``, ``types_to_decide``: left to a person.
        """
        n, total = self.table["n"], max(int(self.table["n"].sum()), 1)
        named = (self.table["category"] != "other").to_numpy()
        sure, alike = (
            named & self.table["how"].isin(["rule", "given"]).to_numpy(),
            named & (self.table["how"] == "similar").to_numpy(),
        )
        decide = self.table["decide"].to_numpy(dtype=bool)
        types = max(len(self.table), 1)
        return {
            "rows": float(n[sure].sum() / total), "types": float(sure.sum() / types),
            "rows_with_similar": float(n[sure | alike].sum() / total), "types_with_similar": float((sure | alike).sum() / types),
            "rows_to_decide": float(n[decide].sum() / total), "types_to_decide": float(decide.sum() / types),
        }  # fmt: skip

    @property
    def undecided(self) -> pd.DataFrame:
        """The types for a person to decide, most frequent first, with the two nearest categories."""
        columns = ["type", "n", "nearest", "next_nearest", "score", "reason"]
        return self.table.loc[self.table["decide"].to_numpy(dtype=bool), columns].reset_index(drop=True)

    def save(self, path: str | Path) -> Path:
        """Write the table to edit: CSV, or .xlsx so that a spreadsheet does not take "10-50" for a date.

        Change ``category`` and ``origin`` and apply it with ``sara.set_types(events, path)``; a blank cell leaves the rows as they are.
        """
        path = Path(path)
        frame = safe_frame(editable(self.table))
        if path.suffix.lower() == ".csv":
            # The mark at the start tells a spreadsheet that this is UTF-8.
            frame.to_csv(path, index=False, encoding="utf-8-sig")
        elif path.suffix.lower() == ".xlsx":
            frame.to_excel(path, index=False, sheet_name="types", engine="openpyxl")
        else:
            raise InputError(
                f"`path` must end in .csv or .xlsx. Got {path.name!r}. Write: types.save('{path.stem or 'types'}.csv')"
            )
        return path

    @property
    def text(self) -> str:
        """How much has a category, and what a person should look at first."""
        share, decide = self.coverage, self.undecided
        similar = self.table["how"] == "similar"
        first = (
            f"{_nearly(share['rows'])} of the rows and {_nearly(share['types'])} of the {len(self.table):,} types have a category"
            + (
                f"; {int(similar.sum()):,} more ({percent(self._share(similar))} of the rows) with a proposal"
                if similar.any()
                else ""
            )
            + "."
        )
        if not len(decide):
            return f"{first} No type is left to decide."
        top = "; ".join(f"{row.type!r} ({row.n:,})" for row in decide.head(3).itertuples())
        return f"{first} {_types(len(decide))} left to decide ({percent(share['rows_to_decide'])} of the rows), first {top}."

    def _share(self, mask: pd.Series) -> float:
        return float(self.table.loc[mask, "n"].sum() / max(int(self.table["n"].sum()), 1))

    @property
    def alt_text(self) -> str:
        """The largest categories, one after another."""
        by = self.table.groupby("category", sort=False)["n"].sum().sort_values(ascending=False, kind="stable").head(5)
        listed = "; ".join(f"{name}: {percent(n / max(int(self.table['n'].sum()), 1))}" for name, n in by.items())
        return f"Bars of rows by category, the largest first. {listed}. {self.text}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the rows of each category, and how its types were mapped."""
        from sara.plot.call_types import bars, n_bars
        from sara.plot.style import new_axes, subtitle_of

        if ax is None:
            ax = new_axes(width=7.6, height=2.0 + 0.24 * n_bars(self.table))
        subtitle = subtitle_of(self.title, f"{len(self.table):,} types", f"n = {int(self.table['n'].sum()):,} rows")
        return bars(
            self.table, ax=ax, title=self.question, subtitle=subtitle, source=f"Source: {self.source}" if self.source else ""
        )


def _types(n: int, more: str = "") -> str:
    return f"{n:,} {more}type{'' if n == 1 else 's'} {'is' if n == 1 else 'are'}"


def _nearly(share: float) -> str:
    return "over 99 %" if 0.995 <= share < 1 else percent(share)


def editable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as `set_types` applies it: blank where the rows of one type differ, so that none is flattened unasked."""
    out = table[
        ["type", "n", "category", "origin", "decide", "how", "score", "nearest", "next_nearest", "reason", "origin_rule"]
    ].copy()
    by_row = (table["origin_rule"] == "source column").to_numpy() | (table["n_origins"] > 1).to_numpy()
    out["origin"] = out["origin"].astype(object).where(~by_row, None)
    mixed = (table["n_categories"] > 1).to_numpy() & (table["how"] != "similar").to_numpy()
    out["category"] = out["category"].astype(object).where(~mixed, None)
    return out
