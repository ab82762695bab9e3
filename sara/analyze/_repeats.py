"""Whether it comes back to the same places, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_enough, check_events
from sara.core.codes import plural, unit_codes
from sara.core.errors import InputError
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Result, Setting
from sara.core.source import as_source
from sara.core.wording import dedupe_known, noun_of, officer_caution, percent, period_words, source_of
from sara.data._lists import HELP_REASON, PLACE_LIKE, help_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["RepeatResult", "repeats"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY = 86_400_000_000
WEEK_DAYS = 7
# The time course is followed for half a year: beyond that few files leave enough events at risk.
WEEKS = 26
# Shares named in text, and the intervals police act within.
MILESTONES = (7, 14, 28)
# A hazard on fewer events at risk than this is noise.
LEAST_AT_RISK = 10
TOP = 20


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RepeatResult(Result):
    """How often events come back to the same place, and how soon.

    Parameters
    ----------
    table : DataFrame
        One row per number of events: ``k`` (events at one place in the period), ``entities`` (places with exactly that many),
        ``entities_share``, ``events`` (in those places), ``events_share``.
    course : DataFrame
        One row per week after an event: ``day_from``, ``day_to``, ``at_risk`` (events followed that long without another), ``followed``
        (that had the next one in this week), ``hazard`` (followed / at risk, allowing for events whose time ran out in the week), ``again``
        (share that had another by the end of the week).
    milestones : DataFrame
        ``days`` (7, 14, 28) and ``again``: the share of events followed by another at the same place within so many days.
    top : DataFrame
        The 20 places with the most events, for work inside the agency only: ``entity``, ``n``, ``first``, ``last``. Empty for callers.
    by : str
        What the entities are.
    n_entities, n_events : int
        Places with at least one event, and events (after reports within `collapse` are counted as one).
    repeat_share : float
        Share of the events that are not the first at their place: (events - places) / events.
    noun, period, source : str
        What the rows are called, the period, and the source line.
    """

    course: pd.DataFrame
    milestones: pd.DataFrame
    top: pd.DataFrame
    by: str
    n_entities: int
    n_events: int
    repeat_share: float
    noun: str
    period: str
    source: str = ""

    question: ClassVar[str] = "Does it come back to the same places, and how soon?"
    count_columns: ClassVar[tuple[str, ...]] = ("entities", "events")

    @property
    def units(self) -> str:
        """What the entities are called: places, areas, types."""
        return plural(self.by)

    @property
    def text(self) -> str:
        """The finding in one to three sentences."""
        many = self.table[self.table["k"] >= 2]
        places, held = int(many["entities"].sum()), int(many["events"].sum())
        if places == 0:
            return f"No {self.by} had more than one of the {self.n_events:,} {self.noun}."
        first = (
            f"{places:,} of {self.n_entities:,} {self.units} with any {self.noun} ({percent(places / self.n_entities)}) had two or more; "
            f"they hold {percent(held / self.n_events)} of the {self.n_events:,} {self.noun}."
        )
        known = self.milestones.dropna(subset=["again"])
        if known.empty:
            return first
        shares = [
            f"{percent(float(again))} within {days} days" for days, again in zip(known["days"], known["again"], strict=True)
        ]
        return f"{first} Followed by another at the same {self.by}: {', '.join(shares)}."

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Bars: share of {self.units} and of {self.noun} by number of {self.noun} in the period; curve: share followed by another, week by week. {self.text}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw, for each number of events, the share of places beside the share of events; return the Axes."""
        from sara.plot.series import paired_bars
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes() if ax is None else ax
        names, entities, events = _grouped(self.table)
        paired_bars(ax, names, entities, events, labels=(f"share of {self.units}", f"share of {self.noun}"))
        n = f"n = {self.n_events:,} {self.noun}, {self.n_entities:,} {self.units}"
        return finish(
            ax, title=f"Does it come back to the same {self.units}?", subtitle=subtitle_of(self.period, n), xlabel=f"{self.noun} at one {self.by} in the period",
            ylabel="share", source=self.source,
        )  # fmt: skip

    def figure(self) -> Figure:
        """Draw the bars beside the time to the next event."""
        from sara.plot.series import return_curve
        from sara.plot.style import finish, new_figure, subtitle_of

        figure, axes = new_figure(width=11.5, height=4.6, columns=2)
        self.plot(ax=axes[0])
        course = self.course[self.course["at_risk"] >= LEAST_AT_RISK]
        if len(course):
            return_curve(axes[1], course["day_to"], course["again"], course["hazard"])
            at = np.arange(0, int(course["day_to"].iloc[-1]) + 1, 28)
            axes[1].set_xticks(at)
        else:
            axes[1].annotate("Too few events to follow.", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=10)
            axes[1].set_yticks([])
        finish(
            axes[1], title="How soon does the next one come?", subtitle=subtitle_of(f"share of {self.noun} followed by another at the same {self.by}", "end of data allowed for"),
            xlabel=f"days since one of the {self.noun}", ylabel=f"share of {self.noun}", source=self.source,
        )  # fmt: skip
        return figure


def repeats(events: Any, *, by: str = "place", collapse: str = "24h", period: Any = None) -> RepeatResult:
    """Count how often events come back to the same places, and how soon.

    Answers "is it the same places again, and how long have we got?". Use `scan.concentration` to compare with chance.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table. Of a table that stays on disk (`sara.open_events`) at most 5,000,000 rows are taken, their needed columns only: choose one kind
        first, ``source.where("category == 'noise'")``. Rows without a time, without the place or outside the period are left out and counted.
    by : str
        What an event comes back to: ``"place"`` (address, block or intersection, else the 10 m square), or any column.
    collapse : str
        Reports at the same place within this time of the first are one event: ``"24h"``. Those left out are counted.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    RepeatResult
        ``table``: ``k``, ``entities``, ``entities_share``, ``events``, ``events_share``. ``.course`` and ``.milestones``: how soon.

    Raises
    ------
    InputError
        If `by` names no column, `collapse` is no length of time, or it is zero for a table whose duplicate reports were never merged.
    NotEnoughDataError
        If fewer than two events are left.

    Notes
    -----
    Every event starts a clock that stops at the next event at its place or, without one, at the end of the period: the share followed by
    another is the Kaplan-Meier estimate, so events near the end do not look as if they were the last. The clocks of busy places are many: a
    hazard that falls with time can mean that an event makes the next one more likely, or only that some places are always busy. Repeats are
    undercounted where reports are missing, where one address stands for many flats, and where the period is short. Lists of places leave out
    calls for help.

    References
    ----------
    Clarke & Eck (2005), Crime Analysis for Problem Solvers in 60 Small Steps, step 29, U.S. Department of Justice.
    Kaplan & Meier (1958), Journal of the American Statistical Association 53, 457-481. doi:10.1080/01621459.1958.10501452

    Examples
    --------
    >>> import pandas as pd, sara
    >>> table = pd.DataFrame({"when": ["2024-01-01", "2024-01-05", "2024-01-05 09:00", "2024-02-10"], "where": ["A", "A", "A", "B"]})
    >>> found = sara.analyze.repeats(sara.as_events(table, time="when"), by="where")
    >>> found.table[["k", "entities", "events"]].to_numpy().tolist()
    [[1, 1, 1], [2, 1, 2]]
    """
    events = _in_memory(events, by)
    window = _window(collapse)
    merged = dedupe_known(events)
    if window == 0 and not merged:
        raise InputError(
            "`collapse` must be above zero where reports of one event were never merged. Got 0. Write collapse='24h', or events = sara.dedupe(events)"
        )
    codes, words = unit_codes(events, by)
    start, end, period_setting = resolve_period(events, period)
    inside = in_period(events["time"], start, end)
    named = codes >= 0
    helps = help_rows(events, by) & inside & named
    withheld = bool(helps.any() and helps.sum() == (inside & named).sum())
    usable = inside & named & (~helps if not withheld else True)
    check_enough(
        int(usable.sum()),
        2,
        method="repeats",
        what=f"events of the period with a {by}",
        instead="Try a longer period, or another `by`.",
    )
    codes, words = _used(codes[usable], words)
    time = events["time"].to_numpy(dtype="datetime64[us]")[usable].astype(np.int64)
    found = _numbers(codes, time, window, _end_us(end))
    noun, period = noun_of(events), period_words(start, end)
    no_time = events["time"].isna().to_numpy()
    left_out = {
        "without a time": int(no_time.sum()), "outside the period": int((~inside & ~no_time).sum()), f"with no {by}": int((inside & ~named).sum()),
        HELP_REASON: 0 if withheld else int(helps.sum()), f"within {collapse} of another at the same {by}": len(codes) - len(found.codes),
    }  # fmt: skip
    return RepeatResult(
        table=_table(found.per_entity),
        settings={
            "by": Setting(by, "sara" if by == "place" else "you"),
            "collapse": Setting(str(collapse), "sara" if collapse == "24h" else "you", "later reports at the same place within a day continue the first" if collapse == "24h" else ""),
            "period": period_setting,
            "course": Setting(f"{WEEKS} weeks, by week", "sara", "Kaplan-Meier, the end of the period allowed for"),
        },
        counts=Counts(len(events), len(found.codes), left_out),
        cautions=_cautions(events, usable, found, words, by=by, noun=noun, collapse=str(collapse), merged=merged, withheld=withheld, left_out=left_out, days=(end - start) / pd.Timedelta(days=1), end=_end_us(end)),
        course=found.course, milestones=pd.DataFrame({"days": list(MILESTONES), "again": found.again}),
        top=_top(found, words, by=by, withheld=withheld), by=by, n_entities=len(found.per_entity), n_events=len(found.codes),
        repeat_share=1 - len(found.per_entity) / len(found.codes), noun=noun, period=period, source=source_of(events),
    )  # fmt: skip


@dataclass(frozen=True)
class _Repeats:
    """Events kept, sorted by entity and time, and what follows from them."""

    codes: Ints
    time: Ints
    per_entity: Ints
    course: pd.DataFrame
    again: list[float]


def _in_memory(events: Any, by: Any) -> gpd.GeoDataFrame:
    """Return an event table; of a source the columns that are needed: following each event to the next needs their times."""
    source = as_source(events)
    if source is None:
        return check_events(events)
    wanted = [
        name for name in (by, "time", "place", "category", "origin", "source", "n_reports", "x", "y") if name in source.columns
    ]
    return check_events(source.load(list(dict.fromkeys(wanted))))


def _window(collapse: Any) -> int:
    """Return the window in microseconds."""
    try:
        seconds = float(pd.Timedelta(collapse).total_seconds()) if isinstance(collapse, (str, pd.Timedelta)) else float("nan")
    except ValueError:
        seconds = float("nan")
    if not seconds >= 0:
        raise InputError(f"`collapse` must be a length of time. Got {collapse!r}. Write collapse='24h' or collapse='30min'.")
    return int(seconds * 1_000_000)


def _end_us(end: pd.Timestamp) -> int:
    return int(np.datetime64(end, "us").astype(np.int64))


def _used(codes: Ints, words: npt.NDArray[np.object_]) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Return codes into the words that are used."""
    there, codes = np.unique(codes, return_inverse=True)
    return codes.astype(np.int64), words[there]


def _numbers(codes: Ints, time: Ints, window: int, end: int) -> _Repeats:
    """Count reports within the window of an event as that event; follow each event to the next at its entity, or to the end."""
    order = np.lexsort((time, codes))
    codes, time = codes[order], time[order]
    kept = _leaders(codes, time, window)
    codes, time = codes[kept], time[kept]
    last = np.r_[codes[1:] != codes[:-1], True]
    wait = np.where(last, end - time, np.r_[time[1:], 0] - time) / DAY
    curve = _kaplan_meier(wait, ~last)
    return _Repeats(codes, time, np.bincount(codes), _course(wait, ~last, curve), [_at(curve, wait, days) for days in MILESTONES])


def _leaders(codes: Ints, time: Ints, window: int) -> Ints:
    """Return the rows that begin an event: each at least `window` after the one before it at its entity."""
    if window == 0:
        return np.arange(len(codes))
    # Entities are laid end to end on one axis, further apart than any window, so that one search finds every next event.
    span = int(time.max() - time.min()) + window + 1
    axis = codes * span + (time - time.min())
    following = np.searchsorted(axis, axis + window).tolist()
    kept, row, n = [], 0, len(codes)
    while row < n:
        kept.append(row)
        row = following[row]
    return np.array(kept, dtype=np.int64)


def _kaplan_meier(wait: Floats, seen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return times and the share that had another by then."""
    times, at = np.unique(wait, return_inverse=True)
    followed = np.bincount(at, weights=seen, minlength=len(times))
    leaving = np.bincount(at, minlength=len(times))
    at_risk = len(wait) - np.r_[0, np.cumsum(leaving)[:-1]]
    return times, 1 - np.cumprod(1 - followed / at_risk)


def _at(curve: tuple[Floats, Floats], wait: Floats, days: float) -> float:
    """Return the share at a time; missing where too few events were followed that long."""
    if (wait >= days).sum() < LEAST_AT_RISK and not (curve[1][-1] >= 1 and curve[0][-1] <= days):
        return float("nan")
    return float(np.r_[0.0, curve[1]][np.searchsorted(curve[0], days, side="right")])


def _course(wait: Floats, seen: npt.NDArray[np.bool_], curve: tuple[Floats, Floats]) -> pd.DataFrame:
    edges = np.arange(0, WEEKS + 1) * WEEK_DAYS
    # The first day after the start belongs to the first week, day 7 to it too: (0, 7].
    week = np.ceil(wait / WEEK_DAYS).astype(np.int64) - 1
    week = np.clip(week, 0, WEEKS)
    leaving = np.bincount(week, minlength=WEEKS + 1)
    at_risk = (len(wait) - np.r_[0, np.cumsum(leaving)])[:WEEKS]
    followed = np.bincount(week[seen], minlength=WEEKS + 1)[:WEEKS]
    share = np.r_[0.0, curve[1]][np.searchsorted(curve[0], edges, side="right")]
    with np.errstate(divide="ignore", invalid="ignore"):
        # The step of the Kaplan-Meier curve within the week: events whose time ran out in it do not pull it down.
        hazard = np.where((at_risk > 0) & (share[:-1] < 1), np.diff(share) / (1 - share[:-1]), np.nan)
    return pd.DataFrame(
        {
            "day_from": edges[:-1],
            "day_to": edges[1:],
            "at_risk": at_risk,
            "followed": followed,
            "hazard": hazard,
            "again": np.where(at_risk > 0, share[1:], np.nan),
        }
    )


def _table(per_entity: Ints) -> pd.DataFrame:
    k, entities = np.unique(per_entity, return_counts=True)
    events = k * entities
    return pd.DataFrame(
        {
            "k": k.astype(np.int64),
            "entities": entities.astype(np.int64),
            "entities_share": entities / entities.sum(),
            "events": events.astype(np.int64),
            "events_share": events / events.sum(),
        }
    )


def _top(found: _Repeats, words: npt.NDArray[np.object_], *, by: str, withheld: bool) -> pd.DataFrame:
    """Return the busiest entities; none for callers, no names where all are calls for help."""
    order = np.argsort(-found.per_entity, kind="stable")[: 0 if by == "caller" else TOP]
    starts = np.searchsorted(found.codes, order, side="left")
    ends = np.searchsorted(found.codes, order, side="right") - 1
    names = [f"withheld {i + 1}" for i in range(len(order))] if withheld else [str(words[code]) for code in order]
    first, last = (
        found.time[rows].astype("datetime64[us]") if len(rows) else np.array([], dtype="datetime64[us]")
        for rows in (starts, ends)
    )
    return pd.DataFrame(
        {"entity": pd.Series(names, dtype=object).astype(str), "n": found.per_entity[order], "first": first, "last": last}
    )


def _grouped(table: pd.DataFrame) -> tuple[list[str], Floats, Floats]:
    """Return bars for 1, 2, 3, 4, 5-9, 10-19 ... events, up to the last with any."""
    limits = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, None)]
    names, entities, events = [], [], []
    top = int(table["k"].max())
    for low, high in limits:
        if low > top:
            break
        rows = table[(table["k"] >= low) & (table["k"] <= (high or top))]
        names.append(str(low) if low == high else f"{low}+" if high is None else f"{low}-{high}")
        entities.append(float(rows["entities_share"].sum()))
        events.append(float(rows["events_share"].sum()))
    return names, np.array(entities), np.array(events)


def _cautions(
    events: pd.DataFrame, usable: npt.NDArray[np.bool_], found: _Repeats, words: npt.NDArray[np.object_], *, by: str, noun: str, collapse: str, merged: bool, withheld: bool,
    left_out: dict[str, int], days: float, end: int,
) -> tuple[str, ...]:  # fmt: skip
    out = list(officer_caution(events, usable, noun=noun))
    collapsed = left_out[f"within {collapse} of another at the same {by}"]
    if not merged:
        out.append(
            f"Reports of one event were not merged beforehand (sara.dedupe): {collapsed:,} reports within {collapse} of another at the same {by} are counted with it."
        )
    if left_out.get(HELP_REASON):
        out.append(f"{left_out[HELP_REASON]:,} calls for help are left out: asking for help must not put an address on a list.")
    if withheld:
        out.append("All these are calls for help: the numbers stand, the names of places are withheld.")
    unnamed = left_out[f"with no {by}"]
    seen = int(usable.sum()) + unnamed
    if unnamed:
        out.append(f"{unnamed:,} {noun} ({percent(unnamed / seen)}) have no {by}, so their repeats are missed.")
    if by in PLACE_LIKE:
        block = _block_share(found.per_entity, words) if by == "place" else 0.0
        if block >= 0.05:
            out.append(
                f"{percent(block)} of these {noun} are recorded by block or intersection: neighbors there count as one place, and repeats are overstated."
            )
        else:
            out.append(
                "Flats at one address count as one place, and what nobody reported is missing: the number of repeats is uncertain in both directions."
            )
    late = float((found.time >= end - 28 * DAY).mean())
    out.append(
        f"Only repeats inside these {days:,.0f} days are seen: what came before and after is missed ({percent(late)} of the {noun} could be followed for under 28 days)."
    )
    return tuple(out)


def _block_share(n: Ints, words: npt.NDArray[np.object_]) -> float:
    """Return the share of the events that are recorded by hundred block or intersection."""
    return float(n[[" BLOCK" in f" {word}".upper() or " / " in word for word in words]].sum() / n.sum())
