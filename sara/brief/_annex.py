"""The annex: where the data came from, every outcome, every caution, every setting, and what the words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sara.brief._front import MOST_LETTERS, missing, unique_cautions
from sara.brief._safe import public_table, said, show
from sara.brief.document import LIGHT, Block, Bullets, Lights, Paragraph, Section, Table, Withheld

if TYPE_CHECKING:
    from sara.brief.build import Story
    from sara.core.records import Design

__all__ = ["sections"]

_GLOSSARY = {
    "ProblemBoard": (
        "Look-alike",
        "Something that tops the lists but is not a problem to work on: a default address, patrol, one caller.",
    ),
    "HotspotResult": (
        "Hot spot",
        "A place with more events than chance would give, after allowing for all the places looked at.",
    ),
    "Design": (
        "Similar places",
        "Places that had as many events before and got no response; what happened there is what would have happened anyway.",
    ),
    "EffectResult": ("95 % interval", "The range of effects that fit the data; if it holds zero, there may be no effect."),
    "PowerResult": ("Power", "The chance of seeing an effect of a given size, if it is there."),
    "Plan": ("Fingerprint", "A short code of the plan. If the plan changes, the code changes."),
}
_ALWAYS = (
    (
        "Call, complaint",
        "A report to the police, or to the city. Calls measure calling: people who do not trust or do not know do not call.",
    ),
    ("Hundred block", "An address with its last two digits taken off: 1423 becomes the 1400 block."),
    ("Chosen by", "Whether a person or sara chose a setting; where sara did, the reason is given."),
)
# The waterfall of an audit may have many reasons; the rest are in its own file.
MOST_STEPS = 14


def sections(story: Story, withheld: Withheld) -> list[Section | None]:
    """Return the annex, in order."""
    return [
        _data(story, withheld), _outcomes(story, withheld), _comparison(story, withheld), _problems(story, withheld), _places(story, withheld),
        _concluded(story, withheld), _cautions(story, withheld), _open(story), _methods(story, withheld), _glossary(story),
    ]  # fmt: skip


def _data(story: Story, withheld: Withheld) -> Section | None:
    blocks: list[Block] = []
    if len(story.sources):
        table = story.sources
        rows = tuple(
            (
                show(r["source"]),
                show(r["file"]),
                f"{r['from'] or '–'} to {r['to'] or '–'}",
                show(_whole(r["rows_read"])),
                show(_whole(r["rows_rejected"])),
                str(r["sha256"] or "–")[:12],
            )
            for r in table.to_dict("records")
        )
        blocks.append(Table("Files", ("source", "file", "days covered", "rows read", "rejected", "SHA-256 begins"), rows, (3, 4)))
    for audit in story.all("AuditResult"):
        blocks.append(Paragraph(said(audit.text, withheld)))
        steps = audit.waterfall
        found = public_table(
            steps, withheld, caption=f"What became of the rows ({audit.title or audit.source or 'events'})", columns={"step": "step", "n": "rows", "left": "rows left"}, rows=MOST_STEPS,
        )  # fmt: skip
        blocks.extend([found] if found is not None else [])
        # What the waterfall has said is not said twice.
        findings = audit.table[(audit.table["severity"] != "ok") & (audit.table["kind"] != "rows")]
        listed = tuple(said(str(text), withheld) for text in findings["finding"].head(12))
        blocks.extend([Bullets(listed)] if listed else [])
    blocks.append(
        Paragraph(
            "Calls for service and complaints are not crimes: they are what people told the police or the city, and what officers wrote down."
        )
    )
    return Section("The data", tuple(blocks))


def _outcomes(story: Story, withheld: Withheld) -> Section | None:
    blocks: list[Block] = []
    columns = {
        "measure": "measure",
        "unit": "unit",
        "before": "before",
        "after": "after",
        "estimate": "estimate",
        "low": "low",
        "high": "high",
        "p": "p",
    }
    for effect in story.all("EffectResult"):
        found = public_table(effect.table, withheld, caption="All outcomes, whatever they say", columns=columns, rows=40)
        blocks.extend([found] if found is not None else [])
        checks = tuple((check.name, LIGHT[check.passed], said(check.text, withheld)) for check in effect.checks)
        blocks.extend([Lights(checks)] if checks else [])
    power = story.last("PowerResult")
    if power is not None:
        columns = {
            "months_after": "months after",
            "smallest_change": "smallest fall seen, a month",
            "smallest_share": "as a share",
            "sees_target": "sees the target",
        }
        rows = power.table[power.table["n_similar"] == power.n_similar]
        caption = f"What could be seen with {power.n_similar} similar places"
        found = public_table(rows, withheld, caption=caption, columns=columns, shares=("smallest_share",), rows=12)
        blocks.extend([found] if found is not None else [])
    return Section("All outcomes", tuple(blocks)) if blocks else None


def _comparison(story: Story, withheld: Withheld) -> Section | None:
    design = story.plan.design if story.plan is not None else story.last("Design")
    if design is None:
        return None
    blocks: list[Block] = [Paragraph(said(design.text, withheld))]
    columns = {
        "place": "place",
        "n_before": "events before",
        "per_month": "a month",
        "level_ratio": "of the first",
        "trend": "trend before",
    }
    found = public_table(
        _named_by_role(design, done=story.effect is not None),
        withheld,
        caption="The places compared",
        columns=columns,
        counts=("n_before",),
        shares=("level_ratio", "trend"),
        rows=20,
    )
    blocks.extend([found] if found is not None else [])
    return Section("Compared with what", tuple(blocks))


def _named_by_role(design: Design, *, done: bool) -> pd.DataFrame:
    """Name the places by what they are in the comparison: where they are is nobody's business."""
    table = pd.DataFrame(design.table.drop(columns="geometry"))
    treated = (
        "the place picked for the test" if design.placebo else f"the place that {'got' if done else 'is to get'} the response"
    )
    number = (table["role"] == "comparison").cumsum()
    words = {
        name: treated if role == "treated" else f"similar place {k}"
        for name, role, k in zip(table["name"], table["role"], number, strict=True)
        if role != "ring"
    }
    table["place"] = [
        words[name] if role != "ring" else f"around {words[of]}"
        for name, role, of in zip(table["name"], table["role"], table["ring_of"], strict=True)
    ]
    return table


def _problems(story: Story, withheld: Withheld) -> Section | None:
    board = story.last("ProblemBoard")
    if board is None:
        return None
    blocks: list[Block] = [Paragraph(said(board.text, withheld))]
    listed = public_table(
        board.table, withheld, caption="Candidate problems, best evidence first", rows=12, counts=("n", "complaints"), shares=("weeks_active",), derived={"n": ("expected", "weeks_active", "trend")},
        columns={"rank": "rank", "public_name": "problem", "n": "calls", "expected": "expected", "weeks_active": "share of weeks", "complaints": "complaints", "trend": "trend, %", "score": "score"},
    )  # fmt: skip
    turned = public_table(
        board.rejected, withheld, caption="Look-alikes turned down", rows=12, counts=("n",),
        columns={"category": "category", "name": "where", "n": "rows", "reason": "why it was turned down"},
    )  # fmt: skip
    quiet = public_table(
        board.reporting, withheld, caption="Who is calling, by area", rows=24, counts=("calls", "complaints"), shares=("ratio",), derived={"calls": ("ratio",), "complaints": ("ratio",)},
        columns={"area": "area", "residents": "residents", "calls": "calls", "complaints": "complaints", "ratio": "against expected", "is_quiet": "clearly quiet"},
    )  # fmt: skip
    blocks.extend(table for table in (listed, turned, quiet) if table is not None)
    return Section("What else was looked at", tuple(blocks))


def _places(story: Story, withheld: Withheld) -> Section | None:
    spots = story.clusters
    if spots is None or spots.areas is None or not len(spots.areas):
        return None
    if story.about_help:
        withheld.help_rows += len(spots.areas)
        return None
    columns = {
        "name": "where",
        "n": "events",
        "excess": "more than expected",
        "p_adjusted": "p, adjusted",
        "km2": "square kilometers",
    }
    found = public_table(
        spots.areas, withheld, caption="Hot spots", columns=columns, private=spots.private_columns, counts=("n",), rows=12
    )
    return Section("Where", (Paragraph(said(spots.text, withheld)), *([found] if found is not None else [])))


def _cautions(story: Story, withheld: Withheld) -> Section | None:
    found = tuple(said(text, withheld) for text in unique_cautions(story))
    return Section("All cautions", (Bullets(found),)) if found else None


def _concluded(story: Story, withheld: Withheld) -> Section | None:
    """All conclusions, where the front part had no room for them."""
    found = {stage: story.conclusions(stage) for stage in story.stages}
    if all(sum(map(len, texts)) <= MOST_LETTERS for texts in found.values()):
        return None
    words = tuple(f"{stage}: {said(text, withheld)}" for stage, texts in found.items() for text in texts)
    return Section("All conclusions", (Bullets(words),))


def _open(story: Story) -> Section | None:
    found = missing(story) if story.results else ()
    return Section("What the record does not answer yet", (Bullets(found),)) if found else None


def _methods(story: Story, withheld: Withheld) -> Section | None:
    if not story.results:
        return None
    rows = []
    for name, item in story.results:
        chosen = "; ".join(
            f"{key} = {said(show(s.value), withheld)} (by {s.chosen_by}{f': {s.why}' if s.why else ''})"
            for key, s in item.settings.items()
        )
        method = getattr(item, "method", "")
        rows.append((f"{name}: {item.question}" + (f" ({method})" if method else ""), chosen or "\u2013", str(item.counts)))
    return Section(
        "Method log",
        (
            Table(
                "Every result in the record, in order",
                ("stage and question", "settings, and who chose them", "rows"),
                tuple(rows),
            ),
        ),
    )


def _glossary(story: Story) -> Section:
    kinds = {type(item).__name__ for _, item in story.results}
    if story.plan is not None:
        kinds.add("Design")
    words = [*_ALWAYS, *(pair for kind, pair in _GLOSSARY.items() if kind in kinds)]
    return Section("What the words mean", (Bullets(tuple(f"{word}: {meaning}" for word, meaning in words)),))


def _whole(value: Any) -> Any:
    return None if value is None or pd.isna(value) else int(value)
