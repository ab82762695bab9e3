"""What is fixed before the outcome is known: the places, the similar places they will be compared with, and the months of both.

A plain record: `respond` makes it, `assess` reads it, a study file or a colleague's copy restores it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import geopandas as gpd
import pandas as pd

from sara.core.errors import NotEnoughDataError
from sara.core.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Design", "Period", "window_words"]

Period = tuple[pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Design(Result):
    """The places that are to get a response, the similar places they will be compared with, and the months of both.

    Parameters
    ----------
    table : GeoDataFrame
        One row per place: ``name``; ``role`` ("treated", "comparison" or "ring", the strip around a place); ``ring_of`` (the place a ring
        surrounds); ``n_before`` (events in the baseline), ``per_month``; for places ``level_ratio`` (events over those of the treated
        place), ``trend`` (share by which the second half of the baseline differs from the first), ``season_gap`` (half the sum of
        differences in the shares of the four seasons, 0 alike to 1), ``distance`` (0 is alike); ``geometry``, in metres.
    start : Timestamp
        When the response starts. Nothing on or after it has chosen anything here.
    before, after : (Timestamp, Timestamp)
        Baseline and assessment windows, half-open, whole months counted from `start`.
    chosen_on : (Timestamp, Timestamp) or None
        The window in which the place of the response was found to be bad, if it was chosen by its counts.
    buffer : float
        Width of the rings, metres.
    last_event : Timestamp
        The last event in the table handed in, before or after `start`: what could have been known.
    monthly : DataFrame
        ``name``, ``role``, ``ring_of``, ``month``, ``n``: counts of the baseline.
    dispersion, dispersion_df : float, int
        Variance over mean of monthly counts around place and month, and its degrees of freedom.
    drift, drift_df : float, int
        Variance of the proportional change of untouched places from one year to the next beyond chance; df 0 where not measurable.
    candidates_table : GeoDataFrame
        ``name``, ``n_before``, ``per_month``, ``chosen``, ``geometry``: every untouched place of the same kind.
    placebo : bool
        Whether no response happens: the assessment is then a test of the method.
    noun, source : str
        What the rows are (calls, complaints or events), and the source line of a figure.
    """

    start: pd.Timestamp
    before: Period
    after: Period
    chosen_on: Period | None
    buffer: float
    last_event: pd.Timestamp
    monthly: pd.DataFrame
    dispersion: float
    dispersion_df: int
    drift: float
    drift_df: int
    candidates_table: gpd.GeoDataFrame
    placebo: bool = False
    noun: str = "events"
    source: str = ""

    question: ClassVar[str] = "Which places can the response be compared with?"
    private_columns: ClassVar[tuple[str, ...]] = ("name", "ring_of")
    count_columns: ClassVar[tuple[str, ...]] = ("n_before",)

    @property
    def n(self) -> int:
        """How many similar places there are."""
        return int((self.table["role"] == "comparison").sum())

    @property
    def months_before(self) -> int:
        """Whole months in the baseline."""
        return _months(self.before)

    @property
    def months_after(self) -> int:
        """Whole months in the assessment window."""
        return _months(self.after)

    @property
    def shapes(self) -> list[Any]:
        """The geometry of each row of `table`."""
        return list(self.table["geometry"])

    def places(self, role: str) -> gpd.GeoDataFrame:
        """Return the rows of one role."""
        return self.table[self.table["role"] == role]

    def as_placebo(self) -> Self:
        """Return a copy that says no response happens: what `evaluate` finds is then a test of the method."""
        return replace(self, placebo=True)

    def to_crs(self, crs: Any) -> Self:
        """Return the design in another projection: a later read may have chosen its own."""
        table = gpd.GeoDataFrame(self.table)
        if table.crs == crs:
            return self
        return replace(self, table=table.to_crs(crs), candidates_table=self.candidates_table.to_crs(crs))

    @property
    def text(self) -> str:
        """How alike the places are, in one or two sentences."""
        treated = float(self.places("treated")["per_month"].iloc[0])
        similar = self.places("comparison")["per_month"]
        months, noun = self.months_before, self.noun
        found = f"{self.n} similar place{'s' * (self.n != 1)} had {_range(similar)} {noun} a month in the {months} months before {self.start:%Y-%m-%d}"
        return f"{found}, against {treated:.3g} in the place that {'was picked for the test' if self.placebo else 'is to get the response'}."

    @property
    def alt_text(self) -> str:
        """What the map shows."""
        return f"Map of the place that gets the response, {self.n} similar places and the rings of {self.buffer:.0f} m around them. {self.text}"

    # `plot` lies above `core`: it is fetched when something is drawn, as a caller would.
    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the map of places and rings."""
        return import_module("sara.plot.effects").places_map(
            ax, self.table, title=self.question, subtitle=self._subtitle, placebo=self.placebo, source=self.source
        )

    def figure(self) -> Figure:
        """Draw the map beside the months before."""
        return import_module("sara.plot.effects").design(
            self.table,
            self.monthly,
            start=self.start,
            noun=self.noun,
            title=self.question,
            subtitle=self._subtitle,
            placebo=self.placebo,
            source=self.source,
        )

    @property
    def _subtitle(self) -> str:
        n = int(self.table.loc[self.table["role"] != "ring", "n_before"].sum())
        return f"{self.noun} a month · {window_words(self.before)} · n = {n:,} · rings of {self.buffer:.0f} m"


def _months(window: Period) -> int:
    start, end = window
    return (end.year - start.year) * 12 + end.month - start.month


def window_words(window: Period) -> str:
    """Say a half-open window by its first and its last day."""
    return f"{window[0]:%Y-%m-%d} to {window[1] - pd.Timedelta(days=1):%Y-%m-%d}"


def _range(values: pd.Series) -> str:
    if values.empty:
        raise NotEnoughDataError(
            "a design needs at least 1 similar place. Got 0. Hand in places: sara.respond.comparison(..., candidates=areas)"
        )
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"
