"""What is fixed before the outcome is known: who does what, and how it will be judged.

A plain record: `respond` makes it, `assess` reads it, a study file or a colleague's copy restores it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from sara.core.design import Design, window_words
from sara.core.errors import InputError
from sara.core.predicate import Predicate, parse_predicate
from sara.core.result import Counts, Result, Setting
from sara.core.units import timestamp

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Action", "Plan"]


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
        self,
        *,
        goal: str,
        design: Design,
        outcome: str,
        target: float | str | None = None,
        by: str | pd.Timestamp | None = None,
        also_watch: str | None = None,
    ) -> None:
        if not isinstance(design, Design):
            raise InputError(
                f"`design` must come from sara.respond.comparison. Got a {type(design).__name__}. Write design = sara.respond.comparison(events, treated=..., start=...)"
            )
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
        return self.locked and self.known_until >= self._design.start

    @property
    def known_until(self) -> pd.Timestamp:
        """The later of the last event seen and the day the plan was fixed: what could have been known."""
        return self.last_event if self._locked is None else max(self.last_event, self._locked["as_of"])

    @property
    def fingerprint(self) -> str | None:
        """Sixteen characters that change if anything that was decided changes; None before `lock`."""
        return self._locked["fingerprint"] if self._locked else None

    def add_action(
        self,
        name: str,
        *,
        partner: str,
        start: str | pd.Timestamp,
        end: str | pd.Timestamp | None = None,
        technique: str | None = None,
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
            raise InputError(
                f"`end` must be after `start`. Got {finish:%Y-%m-%d} and {begin:%Y-%m-%d}. Leave `end` out if the action stays."
            )
        action = Action(
            _text(name, "name"),
            _text(partner, "partner"),
            begin,
            finish,
            None if technique is None else str(technique),
            None if dose is None else str(dose),
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
        frame = pd.DataFrame(
            [asdict(action) for action in self._actions], columns=["name", "partner", "start", "end", "technique", "dose"]
        )
        return frame.assign(start=frame["start"].astype("datetime64[us]"), end=frame["end"].astype("datetime64[us]"))

    @property
    def settings(self) -> dict[str, Setting]:  # type: ignore[override]
        """What was decided."""
        design = self._design
        values = {
            "goal": self._goal,
            "outcome": self.outcome,
            "target": self._target,
            "by": self._by,
            "also watch": self._also_watch,
            "start": design.start,
            "before": window_words(design.before),
            "after": window_words(design.after),
            "similar places": design.n,
            "buffer": design.buffer,
            "headline": self.headline,
            "as of": self.as_of,
            "last event seen": self.last_event,
            "fingerprint": self.fingerprint,
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
            said.append(
                f"This plan was fixed afterwards: events up to {self.known_until:%Y-%m-%d} could have been seen when it was made."
            )
        if self._also_watch is None:
            said.append(
                "The goal is counted only in reports. Trust raises calls and fear lowers them: watch something that does not depend on calling."
            )
        if not self._actions and not self._placebo:
            said.append("No action is named: who does what, and from when?")
        return (*said, *self._design.cautions)

    @property
    def text(self) -> str:
        """The plan in a sentence or three."""
        partners = list(dict.fromkeys(action.partner for action in self._actions))
        doing = f" {len(self._actions)} action{'s' * (len(self._actions) != 1)} by {_listed(partners)}." if partners else ""
        state = (
            f" Fixed afterwards, as of {self.as_of:%Y-%m-%d}"
            if self.fixed_afterwards
            else f" Fixed on {self.as_of:%Y-%m-%d}"
            if self.locked
            else " Not fixed yet"
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
        subtitle = f"baseline {window_words(design.before)} · judged {window_words(design.after)}" + (
            f" · fingerprint {self.fingerprint}" if self.locked else ""
        )
        return import_module("sara.plot.effects").timeline(
            ax, self.table, before=design.before, after=design.after, start=design.start, title=self.question, subtitle=subtitle
        )

    def __repr__(self) -> str:
        return f"<Plan: {self.text}>"

    def _must_be_open(self) -> None:
        if self.locked:
            raise InputError(
                f"a plan must not change after it is locked. Got a plan locked as of {self.as_of:%Y-%m-%d}. Make a new one: sara.respond.Plan(...)"
            )

    def _headline(self) -> str:
        design = self._design
        return (
            f"Difference in differences on events a month where {self.outcome}: change in the place that gets the response from {window_words(design.before)} to "
            f"{window_words(design.after)} (same calendar months), minus the mean change of {design.n} similar places; 95 % interval"
        )

    def _fingerprint(self, locked: Mapping[str, Any]) -> str:
        design = self._design
        table = design.table
        rings = ["" if pd.isna(name) else str(name) for name in table["ring_of"]]
        places = [
            [str(name), str(role), ring, int(n), [round(v) for v in geometry.bounds], round(geometry.area)]
            for name, role, ring, n, geometry in zip(
                table["name"], table["role"], rings, table["n_before"], design.shapes, strict=True
            )
        ]
        decided = {
            "goal": self._goal,
            "outcome": self.outcome,
            "target": self._target,
            "by": _day(self._by),
            "also_watch": self._also_watch,
            "actions": [[a.name, a.partner, _day(a.start), _day(a.end), a.technique, a.dose] for a in self._actions],
            "placebo": self._placebo,
            "headline": locked["headline"],
            "as_of": _day(locked["as_of"]),
            "last_event": _day(design.last_event),
            "start": _day(design.start),
            "before": [_day(d) for d in design.before],
            "after": [_day(d) for d in design.after],
            "chosen_on": None if design.chosen_on is None else [_day(d) for d in design.chosen_on],
            "buffer": round(design.buffer, 3),
            "places": places,
        }
        canonical = json.dumps(decided, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]

    def _field_values(self) -> dict[str, Any]:
        return {
            "goal": self._goal,
            "design": self._design,
            "outcome": self.outcome,
            "target": self._target,
            "by": self._by,
            "also_watch": self._also_watch,
            "actions": [asdict(action) for action in self._actions],
            "placebo": self._placebo,
            "locked": self._locked,
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
