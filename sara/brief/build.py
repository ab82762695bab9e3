"""From a problem's record to the council's brief: what is said, in which order, and what is withheld."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from sara._version import __version__
from sara.brief import _annex, _front
from sara.brief._safe import said
from sara.brief.document import BriefFile, Document, Section, Withheld, words_of
from sara.core.checks import check_choice
from sara.core.errors import InputError

__all__ = ["AUDIENCES", "LANGUAGES", "Told", "build_council", "write_brief"]

AUDIENCES = ("council",)
LANGUAGES = ("en",)
# As sara.data.privacy names a house and a point in public.
_BLURRED = re.compile(r"\b\d[\d-]* block of [^,;:.()]{2,40}?(?=$|[,;:.()]| and )|a 250 m square around -?\d+ E -?\d+ N")


class Told(Protocol):
    """What a brief needs of a problem; `sara.Problem` has it."""

    title: str
    area: Any

    @property
    def stages(self) -> Mapping[str, Any]:
        """The stages by name, each with ``entries`` and ``conclusions``."""

    def provenance(self) -> pd.DataFrame:
        """One row per file."""

    def check(self) -> Any:
        """Say what the record still lacks: ``.missing`` has ``stage`` and ``question``."""


def write_brief(
    problem: Told, path: Path, *, audience: str = "council", language: str = "en", interactive: bool = True
) -> BriefFile:
    """Build the document for an audience and write it as one HTML file; see `Problem.brief`."""
    check_choice(audience, AUDIENCES, name="audience")
    check_choice(language, LANGUAGES, name="language")
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"`path` must end in .html. Got {path.name!r}. Write: problem.brief('{path.stem or 'brief'}.html')")
    from sara.brief.html import to_html

    document = build_council(problem, interactive=interactive)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_html(document), encoding="utf-8", newline="\n")
    return BriefFile(path, document.withheld)


def build_council(problem: Told, *, interactive: bool = True) -> Document:
    """Return the council's brief as a document: the finding first, two pages, and an annex.

    Parameters
    ----------
    problem : Problem
        Its stages and their results.
    interactive : bool
        Whether the map can be moved and clicked too.

    Returns
    -------
    Document
        Blocks of plain text and figures; nothing in it is more exact than a hundred block.

    Notes
    -----
    Of a problem to which nothing was added the brief says what is missing.
    """
    story = Story(problem, interactive=interactive)
    withheld = Withheld()
    front = _front.sections(story, withheld)
    annex = _annex.sections(story, withheld)
    withheld.texts += story.n_notes
    title = said(problem.title, withheld)
    told = said(_front.finding(story), withheld)
    printed = [title, told, *(words for section in (*front, *annex) if section is not None for words in words_of(section.blocks))]
    withheld.addresses = len({place for words in printed for place in _BLURRED.findall(words)})
    return Document(
        title=f"Placebo test: {title}" if story.placebo else title,
        kicker=_kicker(story),
        finding=told,
        front=_numbered(front),
        annex=_numbered(annex),
        facts=tuple(_facts(story)),
        withheld=withheld,
        placebo=story.placebo,
    )


class Story:
    """A problem's results by kind, as the sections of a brief ask for them."""

    def __init__(self, problem: Told, *, interactive: bool = False) -> None:
        self.problem = problem
        self.interactive = interactive
        self.stages = problem.stages
        self.entries = [(name, entry) for name, stage in self.stages.items() for entry in stage.entries]
        self.results = [(name, entry.item) for name, entry in self.entries if entry.kind != "events"]
        self.n_notes = sum(entry.note is not None for _, entry in self.entries)
        self.sources = problem.provenance()

    def all(self, kind: str) -> list[Any]:
        """Return the results of one kind, in the order they were added."""
        return [item for _, item in self.results if kind in (base.__name__ for base in type(item).__mro__)]

    def last(self, kind: str) -> Any:
        """Return the newest result of one kind, or None."""
        found = self.all(kind)
        return found[-1] if found else None

    @property
    def effect(self) -> Any:
        """The newest assessment: of a plan where there is one."""
        effects = self.all("EffectResult")
        full = [effect for effect in effects if effect.method == "evaluate"]
        return (full or effects or [None])[-1]

    @property
    def placebo(self) -> bool:
        """Whether any assessment is of a response that did not happen."""
        marked = any(entry.placebo for _, entry in self.entries) or (self.plan is not None and self.plan.placebo)
        return marked or any(bool(effect.facts.get("placebo")) for effect in self.all("EffectResult"))

    @property
    def plan(self) -> Any:
        """The newest plan, or None."""
        return self.last("Plan")

    @property
    def clusters(self) -> Any:
        """The hot spots that name places: of those added, the last with any."""
        found = [result for result in self.all("HotspotResult") if result.areas is not None and len(result.areas)]
        named = [result for result in found if "name" in result.areas.columns]
        return (named or found or self.all("HotspotResult") or [None])[0]

    @property
    def noun(self) -> str:
        """What is counted: "disorder calls" where the plan names one category, else calls, complaints or events."""
        noun = "events" if self.clusters is None else str(self.clusters.noun)
        category = None if self.plan is None else self.plan.predicate.category
        return f"{category} {noun}" if category else noun

    def conclusions(self, stage: str) -> list[str]:
        """Return what was concluded, with its sources in brackets."""
        return [
            c.text + (f" (Also from: {', '.join(c.also_from)}.)" if c.also_from else "") for c in self.stages[stage].conclusions
        ]

    @property
    def about_help(self) -> bool:
        """Whether the problem is about calls for help: then no place is named or drawn."""
        from sara.data.categories import help_categories

        spots = [result.areas for result in self.all("HotspotResult") if result.areas is not None]
        if any(areas.attrs.get("sara", {}).get("calls_for_help") for areas in spots):
            return True
        outcome = "" if self.plan is None else str(self.plan.outcome)
        return any(f"'{name}'" in outcome for name in help_categories())


def _kicker(story: Story) -> str:
    if story.placebo:
        return "Brief for the council · placebo test of the method: no response happened here"
    if story.effect is not None:
        return "Brief for the council · assessment"
    return "Brief for the council · plan" if story.plan is not None else "Brief for the council · scan and analysis"


def _facts(story: Story) -> Iterable[str]:
    for row in story.sources.to_dict("records"):
        covered = f", {row['from']} to {row['to']}" if row["from"] else ""
        yield f"{row['source'] or 'data'}: {row['file'] or 'given as a table'}{covered}"
    added = max(
        [entry.added for _, entry in story.entries] + [c.added for s in story.stages.values() for c in s.conclusions], default=""
    )
    if added:
        yield f"record of {added[:10]}"
    yield f"sara {__version__}"


def _numbered(sections: Sequence[Section | None]) -> tuple[Section, ...]:
    return tuple(section for section in sections if section is not None and section.blocks)
