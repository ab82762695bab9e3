"""What every sara function answers with."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pandas as pd

from sara.core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["VERBS", "Check", "Counts", "Result", "Setting"]

# From weakest to strongest; a design earns one of these and no more.
VERBS = ("was followed by", "is associated with", "is consistent with the response reducing", "reduced")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value a method used, who chose it, and why.

    Parameters
    ----------
    value : object
        The value used in the calculation.
    chosen_by : {"you", "sara"}
        Who chose it.
    why : str
        The reason, when sara chose it.
    """

    value: Any
    chosen_by: Literal["you", "sara"] = "you"
    why: str = ""

    def __str__(self) -> str:
        reason = f": {self.why}" if self.why else ""
        return f"{self.value} (chosen by {self.chosen_by}{reason})"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows in, rows used, and rows left out by reason: they always add up.

    Parameters
    ----------
    rows_in, rows_used : int
        Rows of the table given, and rows the method used.
    left_out : dict of str to int
        Reason -> rows. Reasons with no rows are dropped.
    sources : dict of str to Counts
        One entry per table where two tables enter; their sums are the totals.

    Raises
    ------
    InputError
        If the rows do not add up.
    """

    rows_in: int
    rows_used: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {reason: int(n) for reason, n in self.left_out.items() if n}
        object.__setattr__(self, "left_out", kept)
        object.__setattr__(self, "rows_in", int(self.rows_in))
        object.__setattr__(self, "rows_used", int(self.rows_used))
        if self.rows_in != self.rows_used + sum(kept.values()):
            raise InputError(
                f"`counts` must add up. Got {self.rows_in} rows in, {self.rows_used} used and {kept} left out. Count every row once."
            )

    @classmethod
    def of(cls, **sources: Counts) -> Counts:
        """Add up the counts of several tables and keep each."""
        left_out: dict[str, int] = {}
        for name, counts in sources.items():
            for reason, n in counts.left_out.items():
                left_out[f"{name}: {reason}"] = n
        return cls(sum(c.rows_in for c in sources.values()), sum(c.rows_used for c in sources.values()), left_out, dict(sources))

    def __str__(self) -> str:
        reasons = "; ".join(f"{n:,} {reason}" for reason, n in self.left_out.items())
        return f"{self.rows_used:,} of {self.rows_in:,} rows used" + (f" (left out: {reasons})" if reasons else "")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Check:
    """One question asked of a result.

    Parameters
    ----------
    name : str
        The question, in words.
    passed : bool or None
        True (green), False (red), or None where it could not be decided (amber).
    text : str
        What was found, with its number.
    table : DataFrame, optional
        The numbers behind it.
    cap : str, optional
        The strongest of `VERBS` the result may use because of this check.
    """

    name: str
    passed: bool | None
    text: str
    table: pd.DataFrame | None = None
    cap: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(ABC):
    """A table with what it means, what it used, and what it can't say.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        Tidy; columns and units are in the subclass's docstring.
    settings : dict of str to Setting
        Every value the method used.
    counts : Counts
        Rows in, used, and left out by reason.
    cautions : tuple of str
        Plain sentences that belong in a brief.
    """

    table: pd.DataFrame
    settings: dict[str, Setting]
    counts: Counts
    cautions: tuple[str, ...] = ()

    # The question the result answers, used as the title of its figure and of its section in a brief.
    question: ClassVar[str] = ""
    # Columns of `table` that may hold an address or a person's words: a brief blurs or drops them.
    private_columns: ClassVar[tuple[str, ...]] = ()
    # Columns of `table` that count rows: a brief hides values below its threshold.
    count_columns: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def text(self) -> str:
        """The finding in one to three sentences."""

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Figure: {self.question} {self.text}"

    @abstractmethod
    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the result on one Axes, a new one if none is given, and return it."""

    def figure(self) -> Figure:
        """Draw the result as a figure of its own."""
        # `plot` lies above `core`: it is fetched when something is drawn, as a caller would.
        return import_module("sara.plot.style").detached(self.plot().figure)  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values; `from_dict` restores it."""
        from sara.core.codec import encode_result

        return encode_result(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Restore a result written by `to_dict`; only kinds sara knows are accepted."""
        from sara.core.codec import decode_result

        result = decode_result(data)
        if not isinstance(result, cls):
            raise InputError(
                f"`data` must hold a {cls.__name__}. Got a {type(result).__name__}. Use sara.core.Result.from_dict(data)."
            )
        return result

    def to_excel(self, path: str | Path) -> Path:
        """Write table, settings, counts and cautions to an Excel file whose cells hold no formulas."""
        from sara.core.excel import write_result

        return write_result(self, Path(path))

    def __repr__(self) -> str:
        rows = f"{len(self.table):,} rows"
        return f"<{type(self).__name__}: {self.text} [{rows}; {self.counts}]>"

    def _repr_html_(self) -> str:
        # A notebook is shown and shared: exact addresses stay in `table`.
        head = self.table.drop(columns=["geometry", *self.private_columns], errors="ignore").head(10)
        settings = "".join(f"<li><b>{html.escape(name)}</b>: {html.escape(str(s))}</li>" for name, s in self.settings.items())
        cautions = "".join(f"<li>{html.escape(caution)}</li>" for caution in self.cautions)
        more = f"<p>{len(self.table) - len(head):,} more rows in <code>.table</code></p>" if len(self.table) > len(head) else ""
        return (
            f"<div class='sara-result'><p><b>{html.escape(self.text)}</b></p>"
            + (f"<ul>{cautions}</ul>" if cautions else "")
            + pd.DataFrame(head).to_html(index=False, escape=True, border=0, float_format=lambda v: f"{v:,.4g}")
            + f"{more}<details><summary>{html.escape(str(self.counts))}; settings</summary><ul>{settings}</ul></details></div>"
        )

    def _field_values(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}
