"""The scanning report: what the file can bear, what keeps coming back in it, where and when, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from sara._version import __version__
from sara.brief._glance import glance_section, glance_tables
from sara.brief._map import public_shapes
from sara.brief._safe import SMALL, _without_numbers, figure_of, public_table, said, show
from sara.brief.build import _BLURRED
from sara.brief.document import Block, Bullets, Document, Figure, Paragraph, Section, Table, Withheld, words_of
from sara.data.categories import help_categories
from sara.scan._glance import NOT_LOOKED_AT, Glance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Scanned", "scanning_document", "scanning_tables"]

# Problems that get a number on the map, and those whose evidence is laid out in full.
MAPPED, TOLD = 8, 3
_SHOWN = ("warning", "serious")
_PROBLEMS = {
    "rank": "rank", "public_name": "problem", "within": "area", "n": "calls", "expected": "expected", "weeks_active": "weeks", "repeat_share": "repeats",
    "complaints": "complaints", "trend": "trend, %", "lasting": "lasting", "score": "score",
}  # fmt: skip
_PROBLEM_SHARES = ("weeks_active", "repeat_share", "score")
_FROM_N = {"n": ("expected", "weeks_active", "repeat_share", "trend")}
_NEXT_HELP = "These are calls for help: look at how people are helped, with those who help them, and put no address on a list."


@dataclass(frozen=True)
class Scanned:
    """What a scan found, for the report to tell.

    Parameters
    ----------
    title : str
        What was scanned.
    audits : dict of str to AuditResult
        One per table that was audited.
    glances : dict of str to Glance
        One per table that is too large for an audit.
    board : ProblemBoard or None
        None where there are too few rows.
    series, clock, concentration : Result or None
        Of the top problem: its months, its hours, and its kind of call over all places.
    areas : GeoDataFrame or None
        The city's areas.
    ground : Polygon or None
        What the map shows where there are no areas.
    files : DataFrame
        ``source``, ``file``, ``rows``, ``sha256``.
    skipped : list of str
        What could not be done, and why.
    """

    title: str
    audits: Mapping[str, Any] = field(default_factory=dict)
    glances: Mapping[str, Glance] = field(default_factory=dict)
    board: Any = None
    series: Any = None
    clock: Any = None
    concentration: Any = None
    areas: gpd.GeoDataFrame | None = None
    ground: Any = None
    files: pd.DataFrame = field(default_factory=pd.DataFrame)
    skipped: Sequence[str] = ()

    @property
    def top(self) -> Any:
        """The first row of the board, or None."""
        return None if self.board is None or not len(self.board.table) else self.board.table.iloc[0]

    @property
    def results(self) -> list[Any]:
        """All results, in the order of the report."""
        return [r for r in (*self.audits.values(), self.board, self.concentration, self.series, self.clock) if r is not None]


def scanning_document(scanned: Scanned) -> Document:
    """Return the report as blocks of plain text; nothing in it is more exact than a hundred block."""
    withheld = Withheld()
    front = (
        _rows(scanned, withheld), glance_section(scanned.glances, NOT_LOOKED_AT, withheld), _board(scanned, withheld), _where(scanned, withheld), _when(scanned, withheld), _few(scanned, withheld),
        _turned_down(scanned, withheld), _who(scanned, withheld), _next(scanned, withheld), _cautions(scanned, withheld),
    )  # fmt: skip
    annex = (
        *_evidence(scanned, withheld),
        _more(scanned, withheld),
        _findings(scanned, withheld),
        _files(scanned),
        _settings(scanned, withheld),
    )
    title, told = said(scanned.title, withheld), said(_finding(scanned), withheld)
    sections = [section for section in (*front, *annex) if section is not None]
    printed = [title, told, *(words for section in sections for words in words_of(section.blocks))]
    withheld.addresses = len({place for words in printed for place in _BLURRED.findall(words)})
    facts = [f"{row.source}: {row.file}, {row.rows:,} rows" for row in scanned.files.itertuples()]
    period = [scanned.board.period_text] if scanned.board is not None else []
    return Document(
        title=title, kicker="Scanning report", finding=told, front=tuple(section for section in front if section is not None),
        annex=tuple(section for section in annex if section is not None), facts=(*facts, *period, f"sara {__version__}"), withheld=withheld,
    )  # fmt: skip


def scanning_tables(scanned: Scanned) -> dict[str, Table]:
    """Return the tables of the workbook, as the public may see them, whole."""
    withheld = Withheld()
    out: dict[str, Table | None] = {}
    board = scanned.board
    if board is not None:
        out["problems"] = _problems(board.table, withheld, "Problems", 10_000)
        for rank in board.table["rank"]:
            form = _form(board, int(rank), withheld)
            before = out.get("evidence")
            lines = tuple((str(rank), *row) for row in form.rows)
            out["evidence"] = Table(
                "Evidence", ("rank", *form.header), (*(before.rows if before is not None else ()), *lines), (0,)
            )
        out["turned down"] = _down(board, withheld, 10_000)
        out["more"] = _problems(board.more, withheld, "More", 10_000)
        out["who is calling"] = _calling(board, withheld, 10_000)
    if scanned.series is not None:
        out["months"] = public_table(scanned.series.table, withheld, caption="Months", counts=("n",), rows=10_000)
    if scanned.clock is not None:
        out["hours"] = public_table(
            scanned.clock.table, withheld, caption="Hours", counts=("n",), rows=200, columns={"dow": "weekday (0 = Monday)", "hour": "hour", "n": "calls", "rate": "calls per such hour"}
        )  # fmt: skip
    out["findings"] = _audit_table(scanned, withheld, every=True)
    out |= glance_tables(scanned.glances, withheld)
    out["counts"] = _counts(scanned)
    out["settings"] = _setting_table(scanned, withheld)
    out["files"] = _file_table(scanned)
    return {name: table for name, table in out.items() if table is not None and table.rows}


def _finding(scanned: Scanned) -> str:
    if scanned.board is not None:
        return str(scanned.board.text)
    return "There are too few rows to rank problems." if not scanned.audits else next(iter(scanned.audits.values())).text


def _rows(scanned: Scanned, withheld: Withheld) -> Section | None:
    blocks: list[Block] = []
    for name, audit in scanned.audits.items():
        several = f"{name.capitalize()}: " if len(scanned.audits) > 1 else ""
        blocks.append(Paragraph(said(several + audit.text, withheld)))
        drawn = figure_of(
            partial(_plot, audit), alt=said(audit.alt_text, withheld), width=7.6, height=1.7 + 0.36 * len(audit.waterfall)
        )  # fmt: skip
        blocks.extend([drawn] if drawn is not None else [])
    table = _audit_table(scanned, withheld, every=False)
    blocks.extend([table] if table is not None else [])
    if scanned.board is not None:
        blocks.append(_became(scanned.board.counts))
    return Section("Can the file bear it?", tuple(blocks)) if blocks else None


def _plot(result: Any, ax: Axes) -> Any:
    return result.plot(ax=ax)


def _became(counts: Any) -> Paragraph:
    lost = ", ".join(f"{n:,} {reason}" for reason, n in sorted(counts.left_out.items(), key=lambda item: -item[1]))
    rest = f" Left out: {lost}." if lost else ""
    return Paragraph(
        f"The board counts {counts.rows_used:,} of {counts.rows_in:,} rows.{rest} Each row is left out for the first reason that holds, in the order of the audit, which also asks how far a point lies.",
        "small",
    )


def _audit_table(scanned: Scanned, withheld: Withheld, *, every: bool) -> Table | None:
    frames = [audit.table.assign(source=name) for name, audit in scanned.audits.items()]
    found = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    if not every and len(found):
        found = found[found["severity"].isin(_SHOWN)]
    if not len(found):
        return None
    columns = {"severity": "severity", "finding": "what was found", "action": "what sara does", "overrule": "how to do otherwise"}
    if not every:
        columns.pop("overrule")
    return public_table(found, withheld, caption="What to know about the file", columns=columns, rows=200)


def _board(scanned: Scanned, withheld: Withheld) -> Section | None:
    board = scanned.board
    if board is None:
        return Section("What keeps coming back?", tuple(Paragraph(said(words, withheld)) for words in scanned.skipped))
    if not len(board.table):
        return Section("What keeps coming back?", (Paragraph(said(board.text, withheld)),))
    height = 1.9 + 0.44 * min(len(board.table), 12)
    drawn = figure_of(lambda ax: board.plot(ax=ax), alt=said(board.alt_text, withheld), width=9.6, height=height)
    table = _problems(board.table, withheld, "Candidate problems, best evidence first", 20)
    reading = (
        "The score is the mean percentile of what can be measured: calls above what is expected, weeks active, calls from places that had called before, "
        "complaints, recent trend. It ranks the candidates of this file; it measures no harm. Expected: if the kind of call were spread as all other calls are. "
        "Weeks: share of weeks above the expected level. Repeats: share of calls that came back to a place that had called before."
    )
    return Section("What keeps coming back?", tuple(b for b in (drawn, table, Paragraph(reading, "small")) if b is not None))


def _problems(frame: pd.DataFrame, withheld: Withheld, caption: str, rows: int) -> Table | None:
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    plain["trend"] = plain["trend"].round()
    plain["expected"] = plain["expected"].round(1)
    return public_table(
        plain,
        withheld,
        caption=caption,
        columns=_PROBLEMS,
        counts=("n", "complaints"),
        shares=_PROBLEM_SHARES,
        derived=_FROM_N,
        rows=rows,
    )


def _where(scanned: Scanned, withheld: Withheld) -> Section | None:
    drawn = _map(scanned, withheld)
    if drawn is None:
        return None
    return Section(
        "Where?", (drawn, Paragraph("Places are drawn as squares that hide single houses; areas as they are.", "small"))
    )


def _map(scanned: Scanned, withheld: Withheld) -> Figure | None:
    board = scanned.board
    if board is None or not len(board.table):
        return None
    shown = board.table[board.table["n"] >= SMALL].head(MAPPED)
    shapes = list(public_shapes(gpd.GeoDataFrame(shown)[["geometry"]].reset_index(drop=True)).geometry)
    words = [said(f"{_short(row.public_name)} ({row.n:,})", withheld) for row in shown.itertuples()]
    areas = None if scanned.areas is None else scanned.areas.to_crs(board.table.crs)
    every = (
        shapely.union_all(areas.geometry.to_numpy())
        if areas is not None
        else shapely.box(*pd.concat([board.table.geometry, board.more.geometry]).total_bounds)
    )
    ground = every if areas is not None or scanned.ground is None else shapely.box(*shapely.union(every, scanned.ground).bounds)
    alt = f"Map of the city with the first {len(shown)} candidate problems outlined and numbered: {'; '.join(words)}."
    return figure_of(lambda ax: _draw(ax, ground, areas, shapes, words, board), alt=alt, width=9.0, height=5.6)


def _draw(ax: Axes, ground: Any, areas: gpd.GeoDataFrame | None, shapes: list[Any], words: list[str], board: Any) -> Any:
    from sara.plot import maps
    from sara.plot.style import WARN, finish, subtitle_of

    side = maps.basemap(ax, ground, areas=areas)
    maps.outlines(ax, shapes, color=WARN, fill=(0.698, 0.094, 0.169, 0.35), linewidth=1.0)
    maps.numbered(ax, shapes, words, title="Rank, problem (calls)", side=side)
    maps.scale_bar(ax)
    subtitle = subtitle_of(
        f"the first {len(shapes)} candidate problems", board.period_text, f"n = {board.counts.rows_used:,} rows"
    )
    return finish(ax, title="Where do they lie?", subtitle=subtitle, source=board.source_text)


def _when(scanned: Scanned, withheld: Withheld) -> Section | None:
    results = [result for result in (scanned.series, scanned.clock) if result is not None]
    if scanned.top is None or not results:
        return None
    first = f"Of the first candidate, {_lower(scanned.top['public_name'])}: every call of its kind from the public inside its outline."
    blocks: list[Block] = [Paragraph(said(first, withheld))]
    for result, height in ((scanned.series, 3.1), (scanned.clock, 3.4)):
        if result is not None:
            blocks.append(Paragraph(said(result.text, withheld)))
            drawn = figure_of(partial(_plot, result), alt=said(result.alt_text, withheld), width=7.6, height=height)
            blocks.extend([drawn] if drawn is not None else [])
    if scanned.clock is None and scanned.top["category"] in help_categories():
        blocks.append(Paragraph("Calls for help are told by area and month only: no hours are shown.", "small"))
    return Section("When?", tuple(blocks))


def _few(scanned: Scanned, withheld: Withheld) -> Section | None:
    result = scanned.concentration
    if result is None:
        return None
    drawn = figure_of(lambda ax: result.plot(ax=ax), alt=said(result.alt_text, withheld), width=6.2, height=3.9)
    words = Paragraph(said(f"All {scanned.top['category']} {result.noun} of the city. {result.text}", withheld))
    return Section("Do a few places hold most of it?", (words,) if drawn is None else (words, drawn))


def _turned_down(scanned: Scanned, withheld: Withheld) -> Section | None:
    table = None if scanned.board is None else _down(scanned.board, withheld, 15)
    if table is None:
        return None
    return Section("What looked like a problem and is none", (Paragraph("Turned down, each with its reason."), table))


def _down(board: Any, withheld: Withheld, rows: int) -> Table | None:
    return public_table(
        board.rejected, withheld, caption="Look-alikes turned down", rows=rows, counts=("n",), columns={"category": "category", "name": "where", "n": "rows", "kind": "kind of doubt", "reason": "why it was turned down"},
    )  # fmt: skip


def _who(scanned: Scanned, withheld: Withheld) -> Section | None:
    board = scanned.board
    if board is None or not board.reporting[["ratio", "further_reports_ratio"]].notna().to_numpy().any():
        return None
    table = _calling(board, withheld, 8)
    return Section(
        "Who is telling us, and who is quiet?",
        (Paragraph(said(board.quiet_text, withheld)), *([table] if table is not None else [])),
    )


def _calling(board: Any, withheld: Withheld, rows: int) -> Table | None:
    return public_table(
        board.reporting, withheld, caption="The quietest areas first", rows=rows, counts=("calls", "complaints"), shares=("ratio",), derived={"calls": ("ratio",), "complaints": ("ratio",)},
        columns={"area": "area", "residents": "residents", "calls": "calls", "complaints": "complaints", "ratio": "against expected", "is_quiet": "clearly quiet"},
    )  # fmt: skip


def _next(scanned: Scanned, withheld: Withheld) -> Section | None:
    top = scanned.top
    if top is None:
        return None
    category = str(top["category"])
    hours = f" at the hours that stand out ({top['hours']})" if isinstance(top["hours"], str) and top["hours"] else ""
    steps = [
        f"Choose one problem, not ten. The first on the list, {_lower(top['public_name'])}, has the best evidence here; whether it is the one that matters is for people to say.",
        _NEXT_HELP
        if category in help_categories()
        else f"Go there{hours}, with those who live and work there, and ask what the rows cannot say: the open questions are in the annex.",
        "Read a sample of narratives of these calls: what lies behind the code a dispatcher chose?",
        f"Then analyze it alone: calls.query(\"category == '{category}'\") into sara.hotspots.clusters, sara.analyze.repeats and sara.trends.series.",
        "Write a study file with this focus, so that the same steps run again next month: sara run study.toml.",
        "Before anything is done, pick places to compare with and lock the plan: sara.respond.comparison, then sara.respond.plan.",
    ]
    return Section("What to do next", (Bullets(tuple(said(step, withheld) for step in steps)),))


def _cautions(scanned: Scanned, withheld: Withheld) -> Section | None:
    found = dict.fromkeys(said(words, withheld) for result in scanned.results for words in result.cautions)
    found |= dict.fromkeys(said(words, withheld) for words in scanned.skipped)
    return Section("Before you rely on this", (Bullets(tuple(found)),)) if found else None


def _evidence(scanned: Scanned, withheld: Withheld) -> list[Section]:
    board = scanned.board
    if board is None:
        return []
    out = []
    for _, row in board.table.head(TOLD).iterrows():
        title = said(f"Evidence for number {row['rank']}: {_lower(row['public_name'])}", withheld)
        out.append(Section(title, (_form(board, int(row["rank"]), withheld),)))
    return out


def _form(board: Any, rank: int, withheld: Withheld) -> Table:
    """Return the CHEERS form of one candidate; a count below ten is "a few"."""
    row = board.table[board.table["rank"] == rank].iloc[0]
    small = [row[name] for name in ("complaints", "callers") if pd.notna(row[name]) and 0 < row[name] < SMALL]
    secret = [f"{int(n):,}" for n in small]
    withheld.counts += len(secret)
    rows = tuple(
        (
            f"{form.letter}: {form.question}",
            said(_without_numbers(form.evidence, secret) if secret else form.evidence, withheld),
            form.what_machine_cannot_know,
        )
        for form in board.cheers(rank).itertuples()
    )
    return Table("The CHEERS test", ("question", "what the rows say", "what they cannot say"), rows)


def _more(scanned: Scanned, withheld: Withheld) -> Section | None:
    table = (
        None
        if scanned.board is None or not len(scanned.board.more)
        else _problems(scanned.board.more, withheld, "Further candidates", 25)
    )
    return None if table is None else Section("What else stands out", (table,))


def _findings(scanned: Scanned, withheld: Withheld) -> Section | None:
    table = _audit_table(scanned, withheld, every=True)
    return None if table is None else Section("All that was found about the file", (table,))


def _files(scanned: Scanned) -> Section | None:
    table = _file_table(scanned)
    return None if table is None else Section("Files", (table,))


def _file_table(scanned: Scanned) -> Table | None:
    if not len(scanned.files):
        return None
    rows = tuple((str(row.source), str(row.file), f"{row.rows:,}", str(row.sha256 or "")) for row in scanned.files.itertuples())
    return Table("What was read", ("source", "file", "rows", "SHA-256"), rows, (2,))


def _counts(scanned: Scanned) -> Table:
    rows = []
    for result in scanned.results:
        kind = type(result).__name__
        rows += [(kind, "rows in", f"{result.counts.rows_in:,}"), (kind, "rows used", f"{result.counts.rows_used:,}")]
        rows += [(kind, reason, f"{n:,}") for reason, n in result.counts.left_out.items()]
    return Table("What became of every row", ("result", "what", "rows"), tuple(rows), (2,))


def _settings(scanned: Scanned, withheld: Withheld) -> Section | None:
    table = _setting_table(scanned, withheld)
    return None if table is None else Section("How it was counted", (table,))


def _setting_table(scanned: Scanned, withheld: Withheld) -> Table | None:
    kinds = {
        "AuditResult": "audit",
        "ProblemBoard": "board",
        "ConcentrationResult": "concentration",
        "SeriesResult": "months",
        "ClockResult": "hours",
    }
    rows = tuple(
        (kinds.get(type(result).__name__, type(result).__name__), name, said(show(setting.value), withheld), said(setting.why or f"chosen by {setting.chosen_by}", withheld))
        for result in scanned.results for name, setting in result.settings.items()
    )  # fmt: skip
    return Table("Every setting, and who chose it", ("of", "setting", "value", "why"), rows) if rows else None


def _short(words: str, most: int = 52) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
