"""What a problem remembers of each stage: results, notes and conclusions, in the order they were added."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from sara.core.errors import InputError
from sara.core.registry import KINDS
from sara.core.result import Result

__all__ = ["STAGES", "Clock", "Conclusion", "Entry", "Stage", "is_event_table", "utc_now"]

Clock = Callable[[], datetime]

STAGES = {
    "scan": "What keeps coming back, where, and who is telling us?",
    "analyze": "Why there, and why then?",
    "respond": "What will be done, by whom, and could we see it work?",
    "assess": "Did it work, did it move, was it worth it?",
}


def utc_now() -> datetime:
    """Return the time now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, eq=False)
class Entry:
    """One thing added to a stage.

    Parameters
    ----------
    item : Result, Plan, Design or event table
        What was added. An event table is None again after loading a record that was saved without rows.
    added : str
        When, as UTC ISO text.
    note : str, optional
        What the analyst wrote beside it. Kept in the record; a brief does not print it.
    placebo : bool
        Whether this assessment is of a response that did not happen.
    source : dict
        For an event table, its own record: file, hash, rows, coverage.
    """

    item: Any
    added: str
    note: str | None = None
    placebo: bool = False
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The item's kind: "ProblemBoard", "Plan", or "events" for an event table."""
        return "events" if self.item is None or is_event_table(self.item) else type(self.item).__name__


@dataclass(frozen=True)
class Conclusion:
    """A sentence people drew from a stage, and what else it rests on.

    Parameters
    ----------
    text : str
        The conclusion.
    also_from : tuple of str
        Sources beyond the results: a site visit, a partner, a document.
    added : str
        When, as UTC ISO text.
    """

    text: str
    also_from: tuple[str, ...]
    added: str


class Stage:
    """One of the four stages of a problem.

    Parameters
    ----------
    name : {"scan", "analyze", "respond", "assess"}
        Which stage.
    now : callable, optional
        Gives the time that is written beside what is added; the computer's clock if not given.
    """

    def __init__(self, name: str, *, now: Clock = utc_now) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.conclusions: list[Conclusion] = []
        self._now = now

    def add(self, *results: Any, note: str | None = None, placebo: bool = False) -> Stage:
        """Add results to this stage, in order.

        Parameters
        ----------
        *results : Result, Plan, Design or event table
            A plan may be locked after it was added. Of an event table the record keeps where it came from;
            its rows are saved only by ``save(folder, include_events=True)``.
        note : str, optional
            What to remember beside them.
        placebo : bool
            For an assessment of a response that did not happen: title and finding of the brief will say so.

        Returns
        -------
        Stage
            This stage, so that ``.conclude`` can follow.

        Raises
        ------
        InputError
            If something is not a sara result, or nothing was given.
        """
        if not results:
            raise InputError(f"`results` must hold at least one result. Got none. Write: problem.{self.name}.add(result)")
        if placebo and self.name != "assess":
            raise InputError(
                f"`placebo` must be left out in {self.name}. Got True. Only an assessment can be one: problem.assess.add(effect, placebo=True)"
            )
        text = _plain_text(note, name="note") if note is not None else None
        entries = [self._entry(result, note=text, placebo=placebo) for result in results]
        self.entries.extend(entries)
        return self

    def conclude(self, text: str, *, also_from: str | Sequence[str] | None = None) -> Stage:
        """Write down what follows from this stage.

        Parameters
        ----------
        text : str
            One or two plain sentences. The brief prints them: no names, no exact addresses.
        also_from : str or sequence of str, optional
            What else it rests on: ``["site visit 12 Jan", "licensing board"]``.

        Returns
        -------
        Stage
            This stage.
        """
        if also_from is not None and not isinstance(also_from, (str, list, tuple)):
            raise InputError(
                f"`also_from` must be text, or a list of texts. Got {also_from!r}. Write: also_from=['site visit 12 Jan']"
            )
        sources = (also_from,) if isinstance(also_from, str) else tuple(also_from or ())
        checked = tuple(_plain_text(source, name="also_from") for source in sources)
        self.conclusions.append(Conclusion(_plain_text(text, name="text"), checked, self._stamp()))
        return self

    def of_kind(self, kind: str) -> list[Any]:
        """Return the items of one kind, or of kinds derived from it, in the order they were added."""
        items = [entry.item for entry in self.entries if entry.item is not None]
        return [item for item in items if kind in (base.__name__ for base in type(item).__mro__)]

    def _entry(self, item: Any, *, note: str | None, placebo: bool) -> Entry:
        if is_event_table(item):
            record = item.attrs.get("sara", {})
            source = {**record, "rows": len(item), "source": _sources(item, record)}
            return Entry(item, self._stamp(), note, placebo, source)
        if type(item).__name__ not in KINDS and not isinstance(item, Result):
            raise InputError(
                f"`results` must be sara results, plans or event tables. Got a {type(item).__name__}. "
                f"Add what a method returned: problem.{self.name}.add(sara.scan.problems(calls))"
            )
        return Entry(item, self._stamp(), note, placebo)

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).isoformat()

    def __iter__(self) -> Iterator[Any]:
        return iter([entry.item for entry in self.entries if entry.item is not None])

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        kinds = ", ".join(entry.kind for entry in self.entries) or "nothing yet"
        return f"<{self.name}: {kinds}; {len(self.conclusions)} conclusions>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<li>{html.escape(entry.kind)}" + (f": {html.escape(entry.note)}" if entry.note else "") + "</li>"
            for entry in self.entries
        )
        said = "".join(f"<li>{html.escape(conclusion.text)}</li>" for conclusion in self.conclusions)
        return (
            f"<div><b>{self.name}</b> {html.escape(STAGES[self.name])}<ul>{rows}</ul>"
            + (f"<p>Concluded</p><ul>{said}</ul>" if said else "")
            + "</div>"
        )


def is_event_table(item: Any) -> bool:
    """Tell whether `item` is an event table."""
    return isinstance(item, pd.DataFrame) and {"id", "source", "time", "category"} <= set(item.columns)


def _sources(events: pd.DataFrame, record: dict[str, Any]) -> str:
    named = record.get("source")
    return str(named) if named else ", ".join(sorted(map(str, events["source"].dropna().unique()[:5])))


def _plain_text(value: Any, *, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"`{name}` must be a sentence. Got {value!r}. Write it as text.")
    return value.strip()
