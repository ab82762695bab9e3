"""Whether the events are spread out, or a few places, areas or types hold most of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_count, check_enough
from sara.core.codes import plural, unit_codes
from sara.core.errors import InputError
from sara.core.persons import names_a_person
from sara.core.result import Counts, Result, Setting
from sara.core.stats.concentration import Chance, Concentration, chance_curve, poisson_table
from sara.core.stats.concentration import concentration as measure
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.wording import dedupe_known, officer_words, percent
from sara.data._lists import HELP_REASON, PLACE_LIKE, help_rows, shown
from sara.scan._tally import Tally, tally_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ConcentrationResult", "concentration"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Units that stand out at 5 % after correction for looking at all of them.
STANDS_OUT = 0.05


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ConcentrationResult(Result):
    """How unevenly events are spread over places, areas or types.

    Parameters
    ----------
    table : DataFrame
        One row per unit, most events first: ``unit`` (exact name; callers only as a rank), ``n`` (events), ``share`` (of all events),
        ``cumulative_share``, ``cumulative_unit_share`` (of all units), ``expected`` (events, if chance alone spread them), ``p`` (chance of
        as many or more), ``p_adjusted`` (Benjamini-Hochberg over all units), and with `exposure` also ``exposure`` and ``rate`` (events per
        unit of exposure).
    gini, gini_generalized, gini_unbiased : float
        0 (even) to 1; the plain index, the one that allows for few events, and that one with its small-sample correction.
    k50, k80 : int
        The smallest number of units that hold 50 and 80 % of the events.
    n_units, n_active : int
        Units in all, and units with at least one event.
    by : str
        What the units are.
    chance : DataFrame
        ``unit_share``, ``expected``, ``low``, ``high``: the curve that chance alone would draw, with its 95 % band.
    chance_k50 : float
        Units that would hold half of the events by chance.
    distribution : DataFrame
        ``n`` (events at a unit; the last row is that many or more), ``units`` and ``expected`` (Poisson) numbers of units.
    only_active : bool
        Whether places without an event are unknown.
    noun, period, source : str
        What the rows are called, the period, and the source line.
    """

    gini: float
    gini_generalized: float
    gini_unbiased: float
    k50: int
    k80: int
    n_units: int
    n_active: int
    by: str
    chance: pd.DataFrame
    chance_k50: float
    distribution: pd.DataFrame
    only_active: bool
    noun: str
    period: str
    source: str = ""

    question: ClassVar[str] = "Do a few hold most of it?"
    private_columns: ClassVar[tuple[str, ...]] = ("unit",)
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    def __post_init__(self) -> None:
        # The name of an area or a type is no secret; the name of a place is.
        object.__setattr__(self, "private_columns", ("unit",) if self.by in (*PLACE_LIKE, "caller") else ())

    @property
    def units(self) -> str:
        """What the units are called: places, areas, types."""
        return plural(self.by)

    @property
    def text(self) -> str:
        """The finding in one to three sentences."""
        known = " with at least one" if self.only_active else ""
        first = (
            f"Half of the {int(self.table['n'].sum()):,} {self.noun} were at {self.k50:,} of {self.n_units:,} {self.units}{known}"
            f" ({percent(self.k50 / self.n_units)}), and 80 % at {self.k80:,} ({percent(self.k80 / self.n_units)})."
        )
        if self.n_units > self.n_active:
            first += f" {self.n_units - self.n_active:,} had none."
        out = int((self.table["p_adjusted"] <= STANDS_OUT).sum())
        stands = {0: "no single one stands out", 1: "one stands out"}.get(out, f"{out:,} stand out")
        return f"{first} By chance alone half would have been at about {round(self.chance_k50):,}; {stands} beyond chance.{self._by_rate()}"

    def _by_rate(self) -> str:
        if "rate" not in self.table or self.table["rate"].notna().sum() < 2:
            return ""
        rates = self.table["rate"].rank(ascending=False, method="first")
        leader = int(rates.iloc[0]) if pd.notna(rates.iloc[0]) else None
        top = int(np.flatnonzero((rates == 1).to_numpy())[0]) + 1
        if leader == 1:
            return " The one with the most is also first for its size."
        place = f"number {leader:,}" if leader else "without a size"
        return f" For its size the order is another: the one with the most is {place}, and number {top:,} by count comes first."

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return (
            f"Curve of the share of {self.noun} held by the top share of {self.units}, from none to all, above a dashed line for chance alone. "
            f"The top {percent(self.k50 / self.n_units)} of {self.units} hold half, the top {percent(self.k80 / self.n_units)} hold 80 %. "
            f"Gini index {self.gini:.2f}, allowing for few events {self.gini_generalized:.2f}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the J-curve with the line of chance and its band; return the Axes."""
        from sara.plot.series import top_curve
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes() if ax is None else ax
        q = np.r_[0.0, self.table["cumulative_unit_share"].to_numpy(), 1.0]
        y = np.r_[0.0, self.table["cumulative_share"].to_numpy(), 1.0]
        marks = []
        for k, word in ((self.k50, "half"), (self.k80, "80 %")):
            words = f"{word}: {k:,} {self.units} ({percent(k / self.n_units)})"
            marks.append((k / self.n_units, float(self.table["cumulative_share"].iloc[k - 1]), words))
        top_curve(ax, q, y, self.chance, marks=marks)
        n = f"n = {int(self.table['n'].sum()):,} {self.noun}, {self.n_units:,} {self.units}"
        return finish(
            ax, title=f"Do a few {self.units} hold most {self.noun}?", subtitle=subtitle_of(self.period, n, f"Gini {self.gini_generalized:.2f}"),
            xlabel=f"share of {self.units}, those with the most {self.noun} first", ylabel=f"share of {self.noun}", source=self.source,
        )  # fmt: skip

    def figure(self) -> Figure:
        """Draw the J-curve beside the top units; places by their public names."""
        from sara.plot.series import bars
        from sara.plot.style import finish, new_figure, subtitle_of

        figure, axes = new_figure(width=11.5, height=4.8, columns=2)
        self.plot(ax=axes[0])
        top = self.table.head(12)
        names = [shown(name, self.by) for name in top["unit"]]
        bars(
            axes[1], names, top["n"], notes=[f"{n:,} · {percent(share)}" for n, share in zip(top["n"], top["share"], strict=True)]
        )
        finish(
            axes[1], title=f"Which {self.units} have the most?", subtitle=subtitle_of(f"the top {len(top)} of {self.n_units:,}", f"{self.noun} and share of all"),
            xlabel=self.noun, source=self.source,
        )  # fmt: skip
        return figure


def concentration(
    events: Any,
    *,
    by: str = "place",
    n_units: int | None = None,
    exposure: Mapping[Any, float] | pd.Series | None = None,
) -> ConcentrationResult:
    """Measure whether a few places, areas or types hold most of the events.

    Answers "is it everywhere, or is it a few?". Use `hotspots.clusters` to see where, `analyze.repeats` to see how soon they come back.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table, or a table that stays on disk or in an engine (`sara.open_events`): same numbers. Rows outside the period of the table's record, and rows without the unit, are left out and counted.
    by : str
        What to count by: ``"place"`` (address, block or intersection, else the 10 m square), or any column: ``"area"``, ``"type"``.
    n_units : int, optional
        Number of units with those that had no event (all shops, all addresses). Taken from `exposure` if that is given; otherwise only units
        with at least one event are known, and a caution says so.
    exposure : Series or dict, optional
        Size of each unit (floor area, residents, rooms), by its name: adds rates, and makes chance follow size. Units without an event count.

    Returns
    -------
    ConcentrationResult
        ``table``: one row per unit, most events first: ``unit``, ``n``, ``share``, ``cumulative_share``, ``cumulative_unit_share``,
        ``expected``, ``p``, ``p_adjusted`` and with `exposure` ``exposure`` and ``rate``. ``.gini``, ``.gini_generalized``,
        ``.gini_unbiased``; ``.k50`` and ``.k80`` are numbers of units.

    Raises
    ------
    InputError
        If `by` names no column, `n_units` is smaller than the number of units with events, or no name in `exposure` fits.
    NotEnoughDataError
        If fewer than two events can be counted.

    Notes
    -----
    ``G = 2 * sum(i * x_i) / (n * c) - (n + 1) / n`` (counts in rising order, n units, c events); generalized
    ``G' = max(1, n / c) * (G - 1) + 1``; corrected ``G' * m / (m - 1)``, m the smaller of n and c. Chance is a multinomial: each event falls
    on a unit with a chance in proportion to its size (equal, without `exposure`); `p` is its binomial tail, corrected for the number of
    units. Standing out beyond chance does not say why: reporting and size come first (Clarke & Eck, step 28). Lists of places leave out calls
    for help (domestic, medical, mental health, child); if all events are such calls the numbers stand and the names are withheld.

    References
    ----------
    Bernasco & Steenbeek (2017), Journal of Quantitative Criminology 33, 451-467. doi:10.1007/s10940-016-9324-7
    Clarke & Eck (2007), Understanding Risky Facilities, Problem-Oriented Guides for Police 6, U.S. Department of Justice.

    Examples
    --------
    >>> import pandas as pd, sara
    >>> shops = ["A"] * 6 + ["B"] * 3 + ["C"]
    >>> thefts = sara.as_events(pd.DataFrame({"when": "2024-05-01 12:00", "shop": shops}), time="when")
    >>> found = sara.scan.concentration(thefts, by="shop", n_units=20)
    >>> found.k50, found.k80, round(found.gini, 3)
    (1, 2, 0.9)
    """
    tally = tally_of(events, by)
    codes, names = unit_codes(tally.frame, by)
    mask, left_out, withheld = _usable(tally, codes, by)
    check_enough(
        tally.count(mask), 2, method="concentration", what=f"events with a {by}", instead="Try a longer period, or another `by`."
    )
    units, n = _ranked(codes[mask], tally.n[mask], names)
    block = _block_share(units, n) if by == "place" else 0.0
    sizes, unmatched = _sizes(exposure, units, by=by)
    if sizes is not None:
        silent = sorted(set(sizes) - set(units))
        units, n = np.r_[units, np.array(silent, dtype=object)], np.r_[n, np.zeros(len(silent), dtype=np.int64)]
    total = _total(n_units, units, n, by=by)
    size = None if sizes is None else np.array([sizes.get(unit, np.nan) for unit in units], dtype=float)
    found, chance, (expected, p, adjusted) = _numbers(n, total, size)
    table = _table(units, n, total, expected, p, adjusted, size)
    if names_a_person(by):
        table["unit"] = [f"{by} {i + 1}" for i in range(len(table))]
    elif withheld:
        table["unit"] = [f"withheld {i + 1}" for i in range(len(table))]
    top = int(min(max(int(n.max()), 3), 15))
    k, observed, poisson = poisson_table(n, total, top=top)
    noun = tally.noun
    only_active = by in PLACE_LIKE and n_units is None and sizes is None
    return ConcentrationResult(
        table=table,
        settings={
            "by": Setting(by, "sara" if by == "place" else "you"),
            "period": tally.setting,
            "n_units": _units_setting(total, given=n_units is not None, sized=sizes is not None),
            "exposure": Setting("given", "you", "chance follows size") if sizes else Setting("none", "sara", "chance is the same for each unit"),
            "chance": Setting(f"multinomial, {chance.n_sims} draws, seed 1", "sara", "the curve and band of chance alone"),
            "p_adjusted": Setting("Benjamini-Hochberg", "sara", f"{total:,} units are looked at"),
        },
        counts=Counts(int(tally.n.sum()), tally.count(mask), left_out),
        cautions=_cautions(tally, mask, block=block, by=by, noun=noun, total=total, only_active=only_active, unmatched=unmatched, withheld=withheld, left_out=left_out),
        gini=found.gini, gini_generalized=found.gini_generalized, gini_unbiased=found.gini_unbiased, k50=found.k50, k80=found.k80,
        n_units=total, n_active=int((n > 0).sum()), by=by,
        chance=pd.DataFrame({"unit_share": chance.unit_share, "expected": chance.expected, "low": chance.low, "high": chance.high}),
        chance_k50=chance.k50,
        distribution=pd.DataFrame({"n": k, "units": observed, "expected": poisson}),
        only_active=only_active, noun=noun, period=tally.period, source=tally.source,
    )  # fmt: skip


def _usable(tally: Tally, codes: Ints, by: str) -> tuple[npt.NDArray[np.bool_], dict[str, int], bool]:
    """Return the rows to count, the others by reason, and whether names are withheld."""
    inside, named = tally.inside, codes >= 0
    helps = help_rows(tally.frame, by).copy()
    withheld = bool(helps.any() and helps[inside & named].all())
    if withheld:
        helps[:] = False
    left_out = {
        "outside the period": tally.count(~inside),
        f"with no {by}": tally.count(inside & ~named),
        HELP_REASON: tally.count(inside & named & helps),
    }
    return inside & named & ~helps, left_out, withheld


def _ranked(codes: Ints, rows: Ints, names: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the units with events and their counts, most first, equal ones by name."""
    n = np.bincount(codes, weights=rows, minlength=len(names)).astype(np.int64)
    order = np.argsort(-n, kind="stable")[: int((n > 0).sum())]
    return names[order], n[order].astype(np.int64)


def _sizes(
    exposure: Mapping[Any, float] | pd.Series | None, units: npt.NDArray[np.object_], *, by: str
) -> tuple[dict[str, float] | None, int]:
    """Return sizes under the names the events use, and how many units with events have none."""
    if exposure is None:
        return None, 0
    if not isinstance(exposure, (Mapping, pd.Series)):
        raise InputError(
            f"`exposure` must be a Series or dict of unit -> size. Got a {type(exposure).__name__}. Write: exposure=shops.set_index('name')['floor_area']"
        )
    if isinstance(exposure, pd.Series) and exposure.index.has_duplicates:
        raise InputError(
            f"`exposure` must have one size per unit. Got {exposure.index[exposure.index.duplicated()][0]!r} twice. Write: exposure=exposure.groupby(level=0).sum()"
        )
    known = {_folded(unit, by): str(unit) for unit in units}
    out: dict[str, float] = {}
    for key, value in exposure.items():
        size = pd.to_numeric(value, errors="coerce")  # type: ignore[call-overload]
        if not (np.isfinite(size) and size >= 0):
            raise InputError(
                f"`exposure` must hold sizes of zero or more. Got {value!r} for {key!r}. Leave units of unknown size out."
            )
        out[str(key) if str(key) in set(units) else known.get(_folded(key, by), str(key))] = float(size)
    unmatched = int(sum(unit not in out for unit in units))
    if unmatched == len(units):
        raise InputError(
            f"`exposure` must use the units' own names. Got {next(iter(out), 'nothing')!r}, where the events have {units[0]!r}. Compare: scan.concentration(events, by={by!r}).table['unit']"
        )
    return out, unmatched


def _folded(name: Any, by: str) -> str:
    """Return a name without case and spaces; an address in the form the event table gives it."""
    from sara.data.addresses.columns import parse_address

    if by == "place":
        name = parse_address(str(name)).place or name
    return " ".join(str(name).split()).casefold()


def _total(n_units: int | None, units: npt.NDArray[np.object_], n: Ints, *, by: str) -> int:
    if n_units is None:
        return len(units)
    total = check_count(n_units, name="n_units")
    if total < len(units):
        raise InputError(
            f"`n_units` must count every unit. Got {total:,}, but {len(units):,} are known ({int((n > 0).sum()):,} with events). Count the {plural(by)} without an event too."
        )
    return total


def _numbers(n: Ints, n_units: int, size: Floats | None) -> tuple[Concentration, Chance, tuple[Floats, Floats, Floats]]:
    """Measure the counts, draw chance, and test each unit against it."""
    complete = size is not None and not np.isnan(size).any() and size.sum() > 0 and len(size) == n_units
    chance = chance_curve(int(n.sum()), n_units, size=size if complete else None)
    return measure(n, n_units), chance, _tail(n, n_units, size)


def _tail(n: Ints, n_units: int, size: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Return expected counts, the chance of as many or more, and that chance corrected for looking at all units."""
    from scipy.special import bdtrc

    weight = np.full(len(n), 1.0) if size is None else np.where(size > 0, size, np.nan)
    tested = ~np.isnan(weight)
    events = int(n[tested].sum())
    share = weight / (n_units if size is None else np.nansum(weight))
    expected, p, adjusted = share * events, np.full(len(n), np.nan), np.full(len(n), np.nan)
    p[tested] = np.where(n[tested] > 0, bdtrc(np.maximum(n[tested] - 1, 0), events, np.clip(share[tested], 0, 1)), 1.0)
    # Units without an event that are not on the list were looked at too; their p is 1.
    unlisted = n_units - len(n) if size is None else 0
    if tested.any():
        adjusted[tested] = benjamini_hochberg(np.r_[np.clip(p[tested], 0, 1), np.ones(unlisted)])[: int(tested.sum())]
    return expected, p, adjusted


def _table(
    units: npt.NDArray[np.object_], n: Ints, total: int, expected: Floats, p: Floats, adjusted: Floats, size: Floats | None
) -> pd.DataFrame:
    table = pd.DataFrame({"unit": pd.Series(units, dtype=object).astype(str), "n": n, "share": n / n.sum()})
    table["cumulative_share"] = np.cumsum(n) / n.sum()
    table["cumulative_unit_share"] = np.arange(1, len(n) + 1) / total
    table["expected"], table["p"], table["p_adjusted"] = expected, p, adjusted
    if size is not None:
        table["exposure"] = size
        table["rate"] = n / np.where(size > 0, size, np.nan)
    return table


def _cautions(
    tally: Tally, mask: npt.NDArray[np.bool_], *, block: float, by: str, noun: str, total: int, only_active: bool,
    unmatched: int, withheld: bool, left_out: dict[str, int],
) -> tuple[str, ...]:  # fmt: skip
    out = []
    if by == "area":
        out.append(
            "Calls measure calling: areas differ in how readily people report, so their order is not the order of what happened there."
        )
    if only_active:
        out.append(
            "Only places with at least one event are known, so concentration is understated: give the number of all places with n_units=."
        )
    if by in PLACE_LIKE and left_out.get(HELP_REASON):
        out.append(f"{left_out[HELP_REASON]:,} calls for help are left out: asking for help must not put an address on a list.")
    if withheld:
        out.append("All these are calls for help: the numbers stand, the names of places are withheld.")
    if unmatched:
        out.append(f"{unmatched:,} {plural(by)} with events have no size in `exposure`: they have no rate and are not tested.")
    if total and tally.count(mask) / total < 1:
        out.append(
            f"With {tally.count(mask) / total:.2g} {noun} per unit chance alone looks concentrated: compare with the line of chance, not with an even spread."
        )
    if 0.05 <= block <= 0.95:
        out.append(
            f"{percent(block)} of these {noun} are recorded by block only: blocks and single addresses stand in one ranking."
        )
    if by in PLACE_LIKE:
        if not dedupe_known(tally.frame):
            out.append("Several reports of one event count several times here: merge them first with sara.dedupe(events).")
        out.append(
            "The places on top were chosen because they were high; expect some fall next year anyway (regression to the mean)."
        )
    officers = tally.count(mask & tally.frame["origin"].isin(["officer"]).to_numpy(dtype=bool)) if "origin" in tally.frame else 0
    return (*officer_words(officers, tally.count(mask), noun=noun), *out, *tally.cautions)


def _block_share(units: npt.NDArray[np.object_], n: Ints) -> float:
    """Return the share of the events that are recorded by hundred block only."""
    return float(n[[" BLOCK" in f" {unit}".upper() for unit in units]].sum() / n.sum())


def _units_setting(total: int, *, given: bool, sized: bool) -> Setting:
    if given:
        return Setting(total, "you")
    return Setting(total, "sara", "the units in `exposure`" if sized else "units with at least one event")
