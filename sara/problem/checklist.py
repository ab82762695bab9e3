"""What a problem's record still lacks, stage by stage."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from sara.problem.problem import Problem

__all__ = ["Checklist", "check_problem"]


@dataclass(frozen=True, eq=False)
class Checklist:
    """The questions a record must answer, and which of them it does.

    Parameters
    ----------
    table : DataFrame
        ``stage``, ``question``, ``answered`` (True, False, or missing where it does not apply yet), ``do`` (what to type).
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """The finding in one or two sentences."""
        asked = self.table["answered"].notna()
        open_rows = self.table[asked & ~self.table["answered"].fillna(False).astype(bool)]
        if open_rows.empty:
            return f"The record answers all {int(asked.sum())} questions asked of it so far."
        first = open_rows.iloc[0]
        return f"The record answers {int(asked.sum()) - len(open_rows)} of {int(asked.sum())} questions. Next, in {first['stage']}: {first['question']}"

    @property
    def missing(self) -> pd.DataFrame:
        """The questions still open."""
        return self.table[self.table["answered"].notna() & ~self.table["answered"].fillna(False).astype(bool)].reset_index(
            drop=True
        )

    def __repr__(self) -> str:
        return f"<Checklist: {self.text}>"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.text)}</b></p>{self.table.to_html(index=False, escape=True, border=0, na_rep='not yet')}"


@dataclass(frozen=True)
class _Question:
    stage: str
    words: str
    do: str
    answer: Callable[[Problem], bool | None]


def check_problem(problem: Problem) -> Checklist:
    """Ask every question of `problem`; see `Problem.check`."""
    rows = [(q.stage, q.words, q.answer(problem), q.do) for q in _QUESTIONS]
    table = pd.DataFrame(rows, columns=["stage", "question", "answered", "do"])
    return Checklist(table.astype({"answered": "boolean"}))


def _has(stage: str, *kinds: str) -> Callable[[Problem], bool | None]:
    return lambda problem: any(problem.stages[stage].of_kind(kind) for kind in kinds)


def _concluded(stage: str) -> Callable[[Problem], bool | None]:
    return lambda problem: bool(problem.stages[stage].conclusions)


def _plan(problem: Problem) -> Any:
    plans = problem.respond.of_kind("Plan")
    return plans[-1] if plans else None


def _of_plan(ask: Callable[[Any], bool]) -> Callable[[Problem], bool | None]:
    return lambda problem: None if _plan(problem) is None else ask(_plan(problem))


def _of_effect(ask: Callable[[Problem], bool]) -> Callable[[Problem], bool | None]:
    return lambda problem: ask(problem) if problem.assess.of_kind("EffectResult") else None


def _sources_known(problem: Problem) -> bool:
    return bool(len(problem.provenance())) or bool(problem.scan.of_kind("AuditResult"))


def _rests_on_more_than_calls(problem: Problem) -> bool | None:
    said = problem.analyze.conclusions
    return any(c.also_from for c in said) if said else None


_QUESTIONS = (
    _Question(
        "scan",
        "Is it known where the data came from, and what was set aside?",
        "problem.scan.add(sara.audit(calls))",
        _sources_known,
    ),
    _Question(
        "scan",
        "Was this problem weighed against others?",
        "problem.scan.add(sara.scan.problems(calls, complaints))",
        _has("scan", "ProblemBoard"),
    ),
    _Question("scan", "Is it said in one sentence what keeps coming back?", "problem.scan.conclude('...')", _concluded("scan")),
    _Question(
        "analyze",
        "Is it known where it happens?",
        "problem.analyze.add(sara.hotspots.clusters(events))",
        lambda p: _has("analyze", "HotspotResult")(p) or _has("scan", "HotspotResult")(p),
    ),
    _Question(
        "analyze",
        "Is it known when it happens?",
        "problem.analyze.add(sara.trends.clock(events))",
        _has("analyze", "ClockResult", "SeriesResult"),
    ),
    _Question("analyze", "Is it said why there, and why then?", "problem.analyze.conclude('...')", _concluded("analyze")),
    _Question(
        "analyze",
        "Does the explanation rest on more than calls?",
        "problem.analyze.conclude('...', also_from=['site visit'])",
        _rests_on_more_than_calls,
    ),
    _Question(
        "respond",
        "Is there a plan with a goal?",
        "problem.respond.add(sara.respond.Plan(goal=..., design=..., outcome=...))",
        _has("respond", "Plan"),
    ),
    _Question(
        "respond",
        "Does every action have a partner?",
        "plan.add_action('...', partner='...', start='...')",
        _of_plan(lambda plan: bool(plan.actions)),
    ),
    _Question(
        "respond",
        "Is it known whether an effect could be seen?",
        "problem.respond.add(sara.respond.power(events, design))",
        _has("respond", "PowerResult"),
    ),
    _Question(
        "respond",
        "Was the plan fixed before the outcome was known?",
        "plan.lock()",
        _of_plan(lambda plan: plan.locked and not plan.fixed_afterwards),
    ),
    _Question(
        "assess",
        "Was it measured against what would have happened anyway?",
        "problem.assess.add(sara.assess.evaluate(later, plan))",
        _has("assess", "EffectResult"),
    ),
    _Question(
        "assess",
        "Is it said what follows from it?",
        "problem.assess.conclude('...')",
        _of_effect(lambda p: bool(p.assess.conclusions)),
    ),
)
