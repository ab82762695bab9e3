"""The two pages: the finding, the problem, who is telling, why, what is done, did it work, what is not known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from sara.brief._map import city_map, map_to_move, marked
from sara.brief._safe import SMALL, figure_of, public_table, said, show
from sara.brief.document import LIGHT, Block, Bullets, Columns, Figure, Frame, Lights, Paragraph, Section, Table, Withheld
from sara.core.wording import percent

if TYPE_CHECKING:
    from sara.assess import EffectResult
    from sara.brief.build import Story
    from sara.core.result import Result

__all__ = ["finding", "sections"]

# What fits on two pages: a council reads the weightiest, the annex holds them all.
MOST_CAUTIONS, MOST_ACTIONS, MOST_LETTERS = 6, 8, 340
_WEIGHT = (
    "EffectResult",
    "Plan",
    "Design",
    "PowerResult",
    "AuditResult",
    "ProblemBoard",
    "ClockResult",
    "RepeatResult",
    "ConcentrationResult",
    "SeriesResult",
)
# A council need not know how a p-value was made, nor which line to type: that is for the annex.
_FOR_ANALYSTS = re.compile(r"`|sara\.|plan\.|problem\.|p[-_ ](?:value|adjusted)|Gi\*|\beps\b|\bscore\b")


_PUBLIC = {" (regression to the mean)": "", "p-value": "chance"}


def sections(story: Story, withheld: Withheld) -> list[Section | None]:
    """Return the front part, in order; None where the record has nothing for a section."""
    return [
        _nothing_yet(story),
        _problem(story, withheld),
        _residents(story, withheld),
        _why(story, withheld),
        _done(story, withheld),
        _worked(story, withheld),
        _unknown(story, withheld),
    ]


def finding(story: Story) -> str:
    """Return the bottom line: the effect, else the plan and what could be seen, else the problem."""
    if story.effect is not None:
        text = str(story.effect.text)
        if story.placebo and not text.lower().startswith("placebo"):
            text = f"Placebo test, no response happened here: {text}"
        late = (
            ""
            if not _fixed_afterwards(story) or story.placebo
            else " The plan was fixed afterwards, so this is weaker than it looks."
        )
        return text + late
    if story.plan is not None:
        power = story.last("PowerResult")
        could = f" Could an effect be seen? {power.text}" if power is not None else ""
        return f"The goal: {_sentence(story.plan.goal)} Nothing has been assessed yet.{could}"
    said_last = [text for stage in ("analyze", "scan") for text in story.conclusions(stage)]
    if said_last:
        return shortened(said_last[-1], 2 * MOST_LETTERS)
    if not story.results:
        return "No result has been added to this problem yet, so there is nothing to find in it."
    board = story.last("ProblemBoard")
    return str(board.text if board is not None else story.results[-1][1].text)


def _nothing_yet(story: Story) -> Section | None:
    if story.results:
        return None
    lead = Paragraph("Before this can be a brief, someone has to answer:")
    return Section("What is missing", (lead, Bullets(missing(story))))


def missing(story: Story) -> tuple[str, ...]:
    """Return the questions that the record leaves open, each with its stage."""
    return tuple(f"{row.question} ({row.stage})" for row in story.problem.check().missing.itertuples())


def _problem(story: Story, withheld: Withheld) -> Section | None:
    number = _one_number(story)
    told = finding(story)
    words: list[Block] = [Paragraph(said(number, withheld), "lead")] if number else []
    words.extend(_concluded(story, "scan", withheld, told=told))
    # Which few of many candidates this one was chosen from belongs to the annex; here one sentence.
    concentration = story.last("ConcentrationResult")
    if concentration is not None:
        words.append(Paragraph(said(concentration.text, withheld)))
    series = story.last("SeriesResult")
    if series is not None:
        words.append(Paragraph(said(series.text, withheld)))
    listed = _numbered_places(story, withheld)
    words.extend([listed] if listed is not None else [])
    drawn = _map(story, withheld)
    if not words and drawn is None:
        return None
    blocks: tuple[Block, ...] = (Columns(tuple(words), (drawn,)),) if drawn is not None else tuple(words)
    if drawn is not None and story.interactive:
        blocks = (*blocks, _frame(story))
    return Section("The problem, in one number", blocks, "problem")


def _one_number(story: Story) -> str:
    spots = story.clusters
    if spots is None:
        return ""
    if story.about_help or not len(spots.areas) or spots.areas["n"].iloc[0] < SMALL:
        return str(spots.text) if not story.about_help else ""
    top, used = spots.areas.iloc[0], spots.counts.rows_used
    return f"{int(top['n']):,} of {used:,} {story.noun} ({percent(top['n'] / used)}) came from one place of {top['km2']:.2g} square kilometers, {_near(top['name'])}."


def _concluded(story: Story, stage: str, withheld: Withheld, *, told: str = "") -> list[Paragraph]:
    """Return a stage's conclusions as far as two pages have room; where they are longer, the annex has them in full."""
    room, out = MOST_LETTERS, []
    for text in story.conclusions(stage):
        if text == told:
            continue
        shown = shortened(text, room)
        room -= len(shown)
        out.append(Paragraph(said(shown, withheld)))
        if shown != text or room <= 0:
            break
    return out


def shortened(text: str, most: int) -> str:
    """Return `text`, or as many whole sentences of it (else words) as fit, and where the rest is."""
    if len(text) <= most:
        return text
    cut = text[:most]
    ends = [match.end() for match in re.finditer(r"[.!?](?= )", cut)]
    kept = cut[: ends[-1]] if ends else cut.rsplit(" ", 1)[0] + " \u2026"
    return f"{kept} (In full in the annex.)"


def _numbered_places(story: Story, withheld: Withheld) -> Table | None:
    """List the places that have a number on the map: where each is, and how much came from it."""
    spots = story.clusters
    if spots is None or story.about_help:
        return None
    areas = marked(spots.areas)
    if areas.empty:
        return None
    quarters = _quarters(areas, story.problem.area)
    rows = tuple(
        (
            str(number),
            said(place if not quarter or quarter in place else f"{place}, {quarter}", withheld),
            f"{int(n):,}",
            f"{km2:.2g}",
        )
        for number, (place, quarter, n, km2) in enumerate(
            zip([_near(name).removeprefix("near ") for name in areas["name"]], quarters, areas["n"], areas["km2"], strict=True),
            start=1,
        )
    )
    return Table("The busiest places, as numbered on the map", ("no.", "around", spots.noun, "sq. km"), rows, (2, 3))


def _quarters(areas: Any, outlines: Any) -> list[str]:
    if outlines is None or "name" not in outlines.columns:
        return [""] * len(areas)
    named = outlines.to_crs(areas.crs)
    hits = (named["name"][named.geometry.intersects(shape.representative_point()).to_numpy()] for shape in areas.geometry)
    return [str(found.iloc[0]) if len(found) else "" for found in hits]


def _near(name: str) -> str:
    # "Cluster 1 near 400 block of PINE ST": the number is for lists.
    return f"near {name.split(' near ', 1)[1]}" if " near " in name else name


def _map(story: Story, withheld: Withheld) -> Figure | None:
    spots = story.clusters
    return (
        None
        if spots is None or story.about_help
        else city_map(
            spots,
            withheld,
            outlines=story.problem.area,
            noun=story.noun,
            design=None if story.plan is None else story.plan.design,
        )
    )


def _frame(story: Story) -> Frame:
    design = None if story.plan is None else story.plan.design
    return map_to_move(story.clusters, outlines=story.problem.area, noun=story.noun, design=design)


def drawing(result: Result, withheld: Withheld, *, width: float, height: float) -> Figure | None:
    """Draw a result on one Axes, with its own words beside it."""
    return figure_of(lambda ax: result.plot(ax=ax), alt=said(result.alt_text, withheld), width=width, height=height)


def _residents(story: Story, withheld: Withheld) -> Section | None:
    board = story.last("ProblemBoard")
    if board is None:
        return None
    told = board.reporting[board.reporting["ratio"].notna()].sort_values(["ratio", "area"], kind="stable")
    # Ends of the list, not the whole: the annex has every area.
    ends = pd.concat([told.head(3), told.tail(2)]) if len(told) > 5 else told
    table = public_table(
        ends, withheld, caption="Fewest and most reports for their size", counts=("calls", "complaints"), shares=("ratio",), rows=5,
        derived={"calls": ("ratio",), "complaints": ("ratio",)},
        columns={"area": "area", "calls": "calls", "complaints": "complaints", "ratio": "of expected", "is_quiet": "clearly quiet"},
    )  # fmt: skip
    words = [Paragraph(said(board.quiet_text, withheld))]
    if table is not None:
        words.extend(Paragraph(text, "small") for text in _how_to_read(board.reporting))
    return Section(
        "What residents tell us, and who is quiet", (words[0],) if table is None else (Columns(tuple(words), (table,)),)
    )


def _how_to_read(reporting: pd.DataFrame) -> list[str]:
    """Say what "of expected" and "clearly quiet" compare."""
    what = "complaints" if reporting["complaints"].notna().any() else "calls"
    peopled = reporting["residents"].notna().any()
    of = "for its residents" if peopled else "for its calls"
    words = [f"Of expected: 100 % means as many {what} as the whole city has {of}."]
    if reporting["further_reports_ratio"].notna().any():
        words.append(
            "Clearly quiet: one and the same event is told of by fewer people than elsewhere. Few complaints alone do not show that."
        )
    return words


def _why(story: Story, withheld: Withheld) -> Section | None:
    words: list[Block] = [*_concluded(story, "analyze", withheld, told=finding(story))]
    clock, repeats = story.last("ClockResult"), story.last("RepeatResult")
    words.extend(Paragraph(said(result.text, withheld)) for result in (clock, repeats) if result is not None)
    drawn = drawing(clock, withheld, width=5.8, height=2.7) if clock is not None else None
    if drawn is None:
        return Section("Why there, and why then", tuple(words)) if words else None
    return Section("Why there, and why then", (Columns(tuple(words), (drawn,)),))


def _done(story: Story, withheld: Withheld) -> Section | None:
    plan = story.plan
    if plan is None:
        return None
    goal = said(_sentence(plan.goal), withheld)
    words: list[Block] = [Paragraph(goal if story.placebo else f"Goal: {goal}")]
    words.extend(_concluded(story, "respond", withheld))
    rows = [_action(action, withheld) for action in plan.table.to_dict("records")]
    if rows and not story.placebo:
        words.append(
            Table(
                "Who does what", ("action", "partner", "from", "until", "how much"), tuple(rows[:MOST_ACTIONS]), unbroken=(2, 3)
            )
        )
        if len(rows) > MOST_ACTIONS:
            words.append(Paragraph(f"{len(rows) - MOST_ACTIONS} more actions are in the record."))
    words.append(Paragraph(lock_words(plan), "small"))
    title = (
        "What was pretended"
        if story.placebo
        else "What was done"
        if story.effect is not None
        else "What will be done, and by whom"
    )
    return Section(title, tuple(words), "whole")


def _action(action: dict[Any, Any], withheld: Withheld) -> tuple[str, ...]:
    # Partners are organisations and stay as written; what is done may hold an address.
    cells = (said(str(action["name"]), withheld), str(action["partner"]), show(action["start"]), show(action["end"]))
    return (*cells, said(show(action["dose"]), withheld))


def lock_words(plan: Any) -> str:
    """Say whether and when the plan was fixed, with the fingerprint its partners hold."""
    if not plan.locked:
        return "The plan is not locked yet: it can still change."
    if plan.placebo:
        return f"Test plan locked as of {plan.as_of:%Y-%m-%d}, fingerprint {plan.fingerprint}."
    late = " It was fixed afterwards: outcomes could already be known." if plan.fixed_afterwards else ""
    return f"Plan fixed on {plan.as_of:%Y-%m-%d}; its fingerprint, {plan.fingerprint}, is on the partners' copies too.{late}"


def _fixed_afterwards(story: Story) -> bool:
    return story.plan is not None and bool(story.plan.fixed_afterwards)


def _worked(story: Story, withheld: Withheld) -> Section | None:
    effect = story.effect
    if effect is None:
        return _could_see(story, withheld)
    words: list[Block] = [*_concluded(story, "assess", withheld)]
    lights = _lights(effect, withheld)
    drawn = drawing(effect, withheld, width=5.6, height=3.5)
    right: tuple[Block, ...] = (drawn,) if drawn is not None else ()
    left: tuple[Block, ...] = (*words, Lights(lights)) if lights else tuple(words)
    title = "What the method saw" if story.placebo else "Did it work?"
    if not left:
        return Section(title, right)
    return Section(title, (Columns(left, right),) if right else left)


def _lights(effect: EffectResult, withheld: Withheld) -> tuple[tuple[str, str, str], ...]:
    """Return what is red or open, and how many checks hold: the annex lists them all."""
    holding = [check for check in effect.checks if check.passed is True]
    weak = sorted((check for check in effect.checks if check.passed is not True), key=lambda check: check.passed is None)
    lights = [(check.name, LIGHT[check.passed], said(check.text, withheld)) for check in weak]
    if holding:
        lights.append((f"{len(holding)} of {len(effect.checks)} checks hold.", "green", "All are in the annex."))
    return tuple(lights)


def _could_see(story: Story, withheld: Withheld) -> Section | None:
    power, design = story.last("PowerResult"), story.last("Design")
    if design is None and story.plan is not None:
        design = story.plan.design
    words: list[Block] = []
    if design is not None:
        words.append(Paragraph(said(design.text, withheld)))
    if not words:
        return None
    drawn = drawing(power, withheld, width=6.0, height=3.4) if power is not None else None
    blocks: tuple[Block, ...] = (Columns(tuple(words), (drawn,)),) if drawn is not None else tuple(words)
    return Section("Could we see it work?", blocks)


def _unknown(story: Story, withheld: Withheld) -> Section | None:
    found = unique_cautions(story)
    plain = [text for text in found if not _FOR_ANALYSTS.search(text)]
    if not plain:
        return None
    items = tuple(said(_sentence(_public_words(text, placebo=story.placebo)), withheld) for text in plain[:MOST_CAUTIONS])
    blocks: list[Block] = [Bullets(items)]
    if len(found) > len(items):
        blocks.append(Paragraph(f"{len(found) - len(items)} more in the annex.", "small"))
    return Section("What we don't know", tuple(blocks))


def _public_words(text: str, *, placebo: bool) -> str:
    text = text.replace("treated place", "place picked for the test" if placebo else "place of the response")
    for word, public in _PUBLIC.items():
        text = text.replace(word, public)
    return text


def unique_cautions(story: Story) -> list[str]:
    """Return every caution once: of the assessment, the plan and the data first, of the maps last."""
    kinds = {kind: place for place, kind in enumerate(_WEIGHT)}
    order = sorted(story.results, key=lambda found: kinds.get(type(found[1]).__name__, len(kinds)))
    return list(dict.fromkeys(caution for _, item in order for caution in item.cautions))


def _sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip()}."
