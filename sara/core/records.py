"""What is fixed before the outcome is known: with which places the response will be compared, and the plan.

Plain records: `respond` makes them, `assess` reads them, a study file or a colleague's copy restores them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.predicate import Predicate, parse_predicate
from sara.core.result import Counts, Result, Setting
from sara.core.units import timestamp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Action", "Design", "Plan"]

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
        The window in which the treated place was found to be bad, if it was chosen by its counts.
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

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the map of places and rings."""
        return import_module("sara.plot.effects").places_map(
            ax, self.table, title=self.question, subtitle=self._subtitle, placebo=self.placebo, source=self.source
        )

    def figure(self) -> Figure:
        """Draw the map beside the months before."""
        return import_module("sara.plot.effects").design(
            self.table, self.monthly, start=self.start, noun=self.noun, title=self.question, subtitle=self._subtitle, placebo=self.placebo, source=self.source
        )

    @property
    def _subtitle(self) -> str:
        n = int(self.table.loc[self.table["role"] != "ring", "n_before"].sum())
        return f"{self.noun} a month · {_window(self.before)} · n = {n:,} · rings of {self.buffer:.0f} m"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing somebody will do.

    Parameters
    ----------
    name, partner : str
        What, and who does it.
    start, end : Timestamp
        From when to when; no end means open.
    technique, dose : str, optional
        Which technique of prevention, and how much of it.
    """

    name: str
    partner: str
    start: pd.Timestamp
    end: pd.Timestamp | None = None
    technique: str | None = None
    dose: str | None = None


class Plan(Result):
    """What will be done, by whom, and how it will be judged: fixed with `lock` before the outcome is known.

    Parameters
    ----------
    goal : str
        In words: "20 % fewer disorder calls by 2025-03-01".
    design : Design
        From `sara.respond.comparison`.
    outcome : str
        Which events count: ``"category == 'disorder'"``. Parsed, never evaluated.
    target : float or str, optional
        The share by which the outcome is to fall: 0.2 or "20 %".
    by : str or Timestamp, optional
        When the goal is to be reached.
    also_watch : str, optional
        A second outcome that does not depend on people calling.

    Notes
    -----
    `table` has a row per action: ``name``, ``partner``, ``start``, ``end``, ``technique``, ``dose``. After `lock` nothing can be changed;
    `fingerprint` is the same on every machine and is checked when a plan is loaded.
    """

    question: ClassVar[str] = "Who does what, and how will we know?"

    def __init__(
        self, *, goal: str, design: Design, outcome: str, target: float | str | None = None, by: str | pd.Timestamp | None = None,
        also_watch: str | None = None,
    ) -> None:
        if not isinstance(design, Design):
            raise InputError(f"`design` must come from sara.respond.comparison. Got a {type(design).__name__}. Write design = sara.respond.comparison(events, treated=..., start=...)")
        self._goal = _text(goal, "goal")
        self._design = design
        self._predicate = parse_predicate(outcome, name="outcome")
        self._target = _share(target)
        self._by = None if by is None else timestamp(by, name="by")
        self._also_watch = None if also_watch is None else _text(also_watch, "also_watch")
        self._actions: tuple[Action, ...] = ()
        self._placebo = bool(design.placebo)
        self._locked: dict[str, Any] | None = None

    @property
    def goal(self) -> str:
        """The goal in words."""
        return self._goal

    @property
    def design(self) -> Design:
        """The places and months it will be judged by."""
        return self._design

    @property
    def outcome(self) -> str:
        """Which events count, in its canonical form."""
        return str(self._predicate)

    @property
    def predicate(self) -> Predicate:
        """The parsed outcome."""
        return self._predicate

    @property
    def target(self) -> float | None:
        """The share by which the outcome is to fall."""
        return self._target

    @property
    def by(self) -> pd.Timestamp | None:
        """When the goal is to be reached."""
        return self._by

    @property
    def also_watch(self) -> str | None:
        """The second outcome."""
        return self._also_watch

    @property
    def actions(self) -> tuple[Action, ...]:
        """Who does what."""
        return self._actions

    @property
    def placebo(self) -> bool:
        """Whether no response happened, so that the assessment tests the method."""
        return self._placebo

    @property
    def locked(self) -> bool:
        """Whether the plan is fixed."""
        return self._locked is not None

    @property
    def as_of(self) -> pd.Timestamp | None:
        """The day the plan was fixed, as declared; the day of the last event seen where none was given."""
        return self._locked["as_of"] if self._locked else None

    @property
    def last_event(self) -> pd.Timestamp:
        """The last event seen when the design was made."""
        return self._design.last_event

    @property
    def headline(self) -> str:
        """The one number the assessment will stand by, in words."""
        return self._locked["headline"] if self._locked else self._headline()

    @property
    def fixed_afterwards(self) -> bool:
        """Whether the events seen, or the day it was fixed, reach the start of the response."""
        return self.locked and max(self.last_event, self._locked["as_of"]) >= self._design.start  # type: ignore[index]

    @property
    def fingerprint(self) -> str | None:
        """Sixteen characters that change if anything that was decided changes; None before `lock`."""
        return self._locked["fingerprint"] if self._locked else None

    def add_action(
        self, name: str, *, partner: str, start: str | pd.Timestamp, end: str | pd.Timestamp | None = None, technique: str | None = None,
        dose: str | None = None,
    ) -> Self:
        """Add who does what, from when, and how much.

        Raises
        ------
        InputError
            If the plan is locked, or the action ends before it starts.
        """
        self._must_be_open()
        begin = timestamp(start, name="start")
        finish = None if end is None else timestamp(end, name="end")
        if finish is not None and finish <= begin:
            raise InputError(f"`end` must be after `start`. Got {finish:%Y-%m-%d} and {begin:%Y-%m-%d}. Leave `end` out if the action stays.")
        action = Action(
            _text(name, "name"), _text(partner, "partner"), begin, finish, None if technique is None else str(technique), None if dose is None else str(dose)
        )
        self._actions = (*self._actions, action)
        return self

    def as_placebo(self) -> Self:
        """Say that no response happens, so that the assessment is a test of the method; title and text will say so."""
        self._must_be_open()
        self._placebo = True
        return self

    def lock(self, *, as_of: str | pd.Timestamp | None = None) -> Self:
        """Fix the plan: goal, places, months, outcome, actions and the headline number.

        Parameters
        ----------
        as_of : str or Timestamp, optional
            The day it is fixed. Not given: the day of the last event seen, so that the same plan has the same fingerprint anywhere.

        Raises
        ------
        InputError
            If it is locked already.
        """
        self._must_be_open()
        day = self.last_event.normalize() if as_of is None else timestamp(as_of, name="as_of")
        locked = {"as_of": day, "headline": self._headline()}
        self._locked = {**locked, "fingerprint": self._fingerprint(locked)}
        return self

    @property
    def table(self) -> pd.DataFrame:  # type: ignore[override]
        """One row per action."""
        frame = pd.DataFrame([asdict(action) for action in self._actions], columns=["name", "partner", "start", "end", "technique", "dose"])
        return frame.assign(start=frame["start"].astype("datetime64[us]"), end=frame["end"].astype("datetime64[us]"))

    @property
    def settings(self) -> dict[str, Setting]:  # type: ignore[override]
        """What was decided."""
        design = self._design
        values = {
            "goal": self._goal, "outcome": self.outcome, "target": self._target, "by": self._by, "also watch": self._also_watch,
            "start": design.start, "before": _window(design.before), "after": _window(design.after), "similar places": design.n,
            "buffer": design.buffer, "headline": self.headline, "as of": self.as_of, "last event seen": self.last_event, "fingerprint": self.fingerprint,
        }
        return {name: Setting(value) for name, value in values.items() if value is not None}

    @property
    def counts(self) -> Counts:  # type: ignore[override]
        """The rows the design was made from."""
        return self._design.counts

    @property
    def cautions(self) -> tuple[str, ...]:  # type: ignore[override]
        """What weakens the plan."""
        said = []
        if not self.locked:
            said.append("The plan is not locked: what counts as success can still be changed. Write plan.lock()")
        elif self.fixed_afterwards:
            said.append(f"This plan was fixed afterwards: events up to {max(self.last_event, self.as_of):%Y-%m-%d} could have been seen when it was made.")  # type: ignore[type-var]
        if self._also_watch is None:
            said.append("The goal is counted only in reports. Trust raises calls and fear lowers them: watch something that does not depend on calling.")
        if not self._actions and not self._placebo:
            said.append("No action is named: who does what, and from when?")
        return (*said, *self._design.cautions)

    @property
    def text(self) -> str:
        """The plan in a sentence or three."""
        partners = list(dict.fromkeys(action.partner for action in self._actions))
        doing = f" {len(self._actions)} action{'s' * (len(self._actions) != 1)} by {_listed(partners)}." if partners else ""
        state = (
            f" Fixed afterwards, as of {self.as_of:%Y-%m-%d}" if self.fixed_afterwards else f" Fixed on {self.as_of:%Y-%m-%d}" if self.locked else " Not fixed yet"
        )
        mark = f" (fingerprint {self.fingerprint})" if self.locked else ""
        aim = "Placebo plan, no response happens" if self._placebo else "Goal"
        return f"{aim}: {self._goal.rstrip('.')}.{doing}{state}{mark}."

    @property
    def alt_text(self) -> str:
        """What the timeline shows."""
        return f"Timeline of the baseline, the response and the months in which it will be judged. {self.text}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw who does what on a line of time."""
        design = self._design
        subtitle = f"baseline {_window(design.before)} · judged {_window(design.after)}" + (f" · fingerprint {self.fingerprint}" if self.locked else "")
        return import_module("sara.plot.effects").timeline(
            ax, self.table, before=design.before, after=design.after, start=design.start, title=self.question, subtitle=subtitle
        )

    def __repr__(self) -> str:
        return f"<Plan: {self.text}>"

    def _must_be_open(self) -> None:
        if self.locked:
            raise InputError(f"a plan must not change after it is locked. Got a plan locked as of {self.as_of:%Y-%m-%d}. Make a new one: sara.respond.Plan(...)")

    def _headline(self) -> str:
        design = self._design
        return (
            f"Difference in differences on events a month where {self.outcome}: change in the treated place from {_window(design.before)} to "
            f"{_window(design.after)} (same calendar months), minus the mean change of {design.n} similar places; 95 % interval"
        )

    def _fingerprint(self, locked: Mapping[str, Any]) -> str:
        design = self._design
        table = design.table
        rings = ["" if pd.isna(name) else str(name) for name in table["ring_of"]]
        places = [
            [str(name), str(role), ring, int(n), [round(v) for v in geometry.bounds], round(geometry.area)]
            for name, role, ring, n, geometry in zip(table["name"], table["role"], rings, table["n_before"], design.shapes, strict=True)
        ]
        decided = {
            "goal": self._goal, "outcome": self.outcome, "target": self._target, "by": _day(self._by), "also_watch": self._also_watch,
            "actions": [[a.name, a.partner, _day(a.start), _day(a.end), a.technique, a.dose] for a in self._actions],
            "placebo": self._placebo, "headline": locked["headline"], "as_of": _day(locked["as_of"]), "last_event": _day(design.last_event),
            "start": _day(design.start), "before": [_day(d) for d in design.before], "after": [_day(d) for d in design.after],
            "chosen_on": None if design.chosen_on is None else [_day(d) for d in design.chosen_on], "buffer": round(design.buffer, 3), "places": places,
        }
        canonical = json.dumps(decided, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]

    def _field_values(self) -> dict[str, Any]:
        return {
            "goal": self._goal, "design": self._design, "outcome": self.outcome, "target": self._target, "by": self._by, "also_watch": self._also_watch,
            "actions": [asdict(action) for action in self._actions], "placebo": self._placebo, "locked": self._locked,
        }

    @classmethod
    def _from_fields(cls, values: Mapping[str, Any]) -> Self:
        plan = cls(**{name: values[name] for name in ("goal", "design", "outcome", "target", "by", "also_watch")})
        plan._actions = tuple(Action(**action) for action in values["actions"])
        plan._placebo = bool(values["placebo"])
        locked = values["locked"]
        if locked is not None:
            if set(locked) != {"as_of", "headline", "fingerprint"} or plan._fingerprint(locked) != locked["fingerprint"]:
                raise InputError(
                    f"a locked plan must match its fingerprint. Got {str(locked.get('fingerprint'))[:16]!r}, which it does not. It was changed after it was "
                    "locked: use the copy that the partners hold."
                )
            plan._locked = dict(locked)
        return plan


def _months(window: Period) -> int:
    start, end = window
    return (end.year - start.year) * 12 + end.month - start.month


def _window(window: Period) -> str:
    return f"{window[0]:%Y-%m-%d} to {window[1] - pd.Timedelta(days=1):%Y-%m-%d}"


def _range(values: pd.Series) -> str:
    if values.empty:
        raise NotEnoughDataError("a design needs at least 1 similar place. Got 0. Hand in places: sara.respond.comparison(..., candidates=areas)")
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"


def _day(stamp: pd.Timestamp | None) -> str | None:
    return None if stamp is None or pd.isna(stamp) else pd.Timestamp(stamp).isoformat()


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"`{name}` must be text. Got {value!r}. Say it in words.")
    return value.strip()


def _share(target: float | str | None) -> float | None:
    if target is None:
        return None
    if isinstance(target, str) and target.strip().endswith("%"):
        with suppress(ValueError):
            target = float(target.strip()[:-1]) / 100
    if isinstance(target, bool) or not isinstance(target, (int, float, np.floating)) or not 0 < float(target) < 1:
        raise InputError(f"`target` must be the share by which the outcome is to fall. Got {target!r}. Write 0.2 or '20 %'")
    return float(target)
