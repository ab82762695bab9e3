"""The board of candidate problems, the look-alikes turned down, and who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import pandas as pd

from sara.core.errors import InputError
from sara.core.result import Result
from sara.core.wording import percent
from sara.scan._evidence import cheers_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ProblemBoard"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ProblemBoard(Result):
    """Candidate problems, best evidence first, each with what speaks for it.

    Parameters
    ----------
    table : GeoDataFrame
        One row per candidate, at most `n`:

        - ``rank``; ``name`` (unique, may hold an address), ``public_name`` (may be printed), ``category``, ``unit`` ("area" or "place"),
          ``within`` (the area a place lies in).
        - ``n`` (calls from the public), ``expected`` (calls, if the category were spread as all other calls), ``excess`` (calls above that),
          ``ratio`` (shrunk toward 1), ``p_adjusted`` (Benjamini-Hochberg over all cells tested).
        - ``weeks_active`` (share of weeks above the expected level), ``repeat_share`` (share of calls that came back to a place that had
          called before), ``complaints``, ``complaints_expected`` (rows of related kinds) and ``complaints_ratio`` (shrunk toward 1),
          ``trend`` (percent: the recent weeks against what the category's own course in the rest of the city gives).
        - ``excess_percentile``, ``weeks_active_percentile``, ``repeat_share_percentile``, ``complaints_ratio_percentile``,
          ``trend_percentile`` (0 to 1, among all candidates that stand out), and ``score``: their mean. ``more_like_it``:
          candidates of the same category and unit that are smaller, in `more`.
        - CHEERS: ``community_share``, ``callers``, ``top_caller_share``, ``places``, ``harm`` (kind), ``officer_hours`` (arrival to close, added up),
          ``first``, ``last``, ``hours`` (busiest stretch, in words), ``lasting`` ("chronic", "intermittent", "acute"), ``same_type_share``.
        - ``top_place`` (exact), ``top_place_share``, ``also`` (further categories that stand out in the same unit), ``geometry`` (metres).
    rejected : GeoDataFrame
        Look-alikes turned down: ``category``, ``unit``, ``name`` (may be printed), ``n`` (rows), ``reason`` (in words), ``kind`` of doubt, ``geometry`` (none
        for calls for help: asking for help puts no address on a list).
    reporting : DataFrame
        One row per area, the quietest first: ``area``, ``residents``, ``calls``, ``complaints``, ``calls_per_1000`` and ``complaints_per_1000`` (residents
        and year), ``complaints_per_100_calls``, ``expected`` (complaints, or calls where there are none, by residents, else by calls), ``ratio``, ``p_adjusted``
        (chance of so few), ``reports_per_event`` with ``further_reports_ratio`` and its ``further_reports_p_adjusted`` (where reports of one event
        were merged: how many tell of it, against the middle area), ``is_quiet``, ``calls_rank``, ``complaints_rank`` (1 = most), ``rank_gap``.
    more : GeoDataFrame
        Candidates that stand out too, in the same columns: of each category and unit the table lists the two largest (more where there are few
        kinds), and nothing rarer than a call in eight weeks (area: four).
    period_text, source_text : str
        For figures.
    """

    rejected: gpd.GeoDataFrame
    reporting: pd.DataFrame
    more: gpd.GeoDataFrame
    period_text: str
    source_text: str = ""

    question: ClassVar[str] = "What keeps coming back, where, and who is telling us?"
    private_columns: ClassVar[tuple[str, ...]] = ("name", "top_place")
    count_columns: ClassVar[tuple[str, ...]] = ("n", "complaints", "callers")

    @property
    def n_found(self) -> int:
        """Candidates that stand out and were not turned down: those of the table and those of `more`."""
        return len(self.table) + len(self.more)

    @property
    def text(self) -> str:
        """The first three problems, and how many look-alikes were turned down."""
        turned = len(self.rejected)
        without = f" {turned:,} look-alike{'s were' if turned != 1 else ' was'} turned down." if turned else ""
        if not len(self.table):
            return f"No kind of call stands out in any area or place.{without}"
        first = self.table.head(3)
        words = "; ".join(
            f"({row['rank']}) {_lower(row['public_name'])}, {row['n']:,} calls where {_about(row['expected'])} to be expected"
            for _, row in first.iterrows()
        )
        many = "problem stands" if self.n_found == 1 else "problems stand"
        return f"{self.n_found:,} candidate {many} out: {words}.{without}"

    @property
    def quiet_text(self) -> str:
        """Who is quiet, in one sentence."""
        return quiet_words(self.reporting)

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"A bar for the score of each candidate problem and one for each of its five parts, and beside them calls and complaints by area. {self.text} {self.quiet_text}".strip()

    def cheers(self, rank: int = 1) -> pd.DataFrame:
        """Return the CHEERS form of one candidate.

        Parameters
        ----------
        rank : int
            Its rank on the board.

        Returns
        -------
        DataFrame
            ``letter``, ``question``, ``evidence`` (from the rows), ``what_machine_cannot_know`` (for people to answer). Six rows, publishable.

        Raises
        ------
        InputError
            If no candidate has that rank.

        Notes
        -----
        Any "no" means: perhaps police business, but not a problem in the sense of problem-oriented policing. The verdict is a person's.

        References
        ----------
        Clarke & Eck (2005), Crime Analysis for Problem Solvers in 60 Small Steps, step 14.
        """
        row = self.table[self.table["rank"] == rank]
        if not len(row):
            raise InputError(f"`rank` must be a rank on the board (1 to {len(self.table)}). Got {rank!r}. Write: board.cheers(1)")
        return cheers_rows({str(name): value for name, value in row.iloc[0].items()})

    def cheers_text(self, rank: int = 1) -> str:
        """Return the CHEERS form of one candidate as lines of text."""
        return "\n".join(
            f"{row.letter}: {row.evidence} Open: {row.what_machine_cannot_know}" for row in self.cheers(rank).itertuples()
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the score of each candidate and its five parts."""
        from sara.plot.board import draw_board
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes(width=10.5, height=_height(len(self.table))) if ax is None else ax
        draw_board(ax, pd.DataFrame(self.table.drop(columns="geometry")))
        unit = subtitle_of(
            "bars: percentile among the candidates; score: their mean", self.period_text, f"n = {self.counts.rows_used:,} rows"
        )
        return finish(ax, title=self.question, subtitle=unit, source=self.source_text)

    def figure(self) -> Figure:
        """Draw the board, and beside it who is calling and who is quiet."""
        from sara.plot.board import draw_reporting
        from sara.plot.style import finish, new_figure

        if not self.reporting[["ratio", "further_reports_ratio"]].notna().to_numpy().any():
            return self.plot().figure  # type: ignore[return-value]
        figure, _ = new_figure(width=14.5, height=max(_height(len(self.table)), 5.2))
        figure.clear()
        left, right = figure.subplots(1, 2, width_ratios=(2.4, 1))
        self.plot(ax=left)
        told = draw_reporting(right, self.reporting)
        finish(right, title="Who is calling, and who is quiet?", subtitle=told, source="Calls measure calling")
        return figure


def quiet_words(reporting: pd.DataFrame) -> str:
    """Name the quiet areas in one sentence, with the caution that belongs to it."""
    by_reports = reporting[reporting["further_reports_ratio"].notna()]
    known = by_reports if len(by_reports) else reporting[reporting["ratio"].notna()]
    if not len(known):
        return "Who is quiet cannot be said: that needs areas with their residents, or a table of complaints."
    what = "complaints" if known["complaints"].notna().any() else "calls"
    by = "residents" if known["complaints_per_1000"].notna().any() or what == "calls" else "calls"
    quiet = known[known["is_quiet"].astype(bool)]
    named = _listed([str(area) for area in quiet["area"].head(3)]) + (f" and {len(quiet) - 3} more" if len(quiet) > 3 else "")
    verb = "is" if len(quiet) == 1 else "are"
    if len(by_reports):
        if not len(quiet):
            return "In no area is an event told of by clearly fewer people than elsewhere."
        least, most = (
            f"{100 * (v - 1):.1f}"
            for v in (quiet["reports_per_event"].min(), known.loc[~known["is_quiet"], "reports_per_event"].median())
        )
        return f"{named} {verb} quiet: 100 events there bring as few as {least} further reports, elsewhere {most}; few calls need not mean few troubles."
    if not len(quiet):
        return f"No area sends clearly fewer {what} than its {by} would give."
    low = percent(quiet["ratio"].min())
    return f"{named} {verb} quiet, with as little as {low} of the {what} that {by} would give: either little happens there, or little is told."


def _listed(words: list[str]) -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"


def _about(expected: float) -> str:
    about = round(expected)
    return f"{about:,} were" if about > 1 else "one was" if about else "hardly one was"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _height(n: int) -> float:
    return max(3.2, 1.7 + 0.44 * min(n, 12))


def table_columns() -> dict[str, Any]:
    """Return the columns of the table and their types, in order: also a board without candidates has them."""
    text = ("name", "public_name", "category", "unit", "within", "harm", "hours", "lasting", "top_place", "also")
    order = (
        "rank", "name", "public_name", "category", "unit", "within", "n", "expected", "excess", "ratio", "p_adjusted", "weeks_active", "repeat_share", "complaints",
        "complaints_expected", "complaints_ratio", "trend", "excess_percentile", "weeks_active_percentile", "repeat_share_percentile", "complaints_ratio_percentile",
        "trend_percentile", "score", "more_like_it", "community_share", "callers", "top_caller_share", "places", "top_place", "top_place_share", "also", "harm", "officer_hours", "first",
        "last", "hours", "lasting", "same_type_share",
    )  # fmt: skip
    kinds: dict[str, Any] = dict.fromkeys(order, "float64")
    kinds |= (
        dict.fromkeys(("rank", "n", "places", "more_like_it"), "int64")
        | dict.fromkeys(("complaints", "callers"), "Int64")
        | dict.fromkeys(("first", "last"), "datetime64[us]")
    )
    kinds |= dict.fromkeys(text, object)
    return {name: kinds[name] for name in order}
