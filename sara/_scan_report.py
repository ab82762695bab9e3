"""The scanning stage as one step: files in, one page and one workbook out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from sara import data, scan, trends
from sara.brief.document import Table, Withheld
from sara.brief.scanning import Scanned, scanning_document, scanning_tables
from sara.core.checks import record_of
from sara.core.engine import counts_by_cell, quantile_of_counts
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.excel import safe_frame
from sara.core.expression import is_one_of
from sara.core.period import resolve_period
from sara.core.source import EventSource, open_events
from sara.data.audit import MOST_ROWS
from sara.scan._glance import glance
from sara.scan._inside import rows_inside

if TYPE_CHECKING:
    from sara.scan import ProblemBoard

__all__ = ["ScanReport", "scan_report"]

# Started by the police or a machine: not what people call for.
NOT_PUBLIC = ["officer", "alarm", "administrative"]
# Side of the squares in which the map's box is looked for, in metres.
SQUARE = 100.0
# Days of a period from which it is drawn by month, and by week.
HALF_A_YEAR, A_MONTH = 180, 35
_NUMBER = re.compile(r"[-\u2212]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-\u2212]?\d+(?:\.\d+)?")

Step = Callable[[str], None]


@dataclass(frozen=True)
class ScanReport:
    """What a scan wrote: the page, the workbook, what was found, and what is withheld."""

    html: Path
    xlsx: Path
    scanned: Scanned
    withheld: Withheld

    @property
    def sentences(self) -> list[str]:
        """What was found, in a few sentences."""
        out = [found.text for found in (*self.scanned.audits.values(), *self.scanned.glances.values())]
        out += (
            [self.scanned.board.text, self.scanned.board.quiet_text]
            if self.scanned.board is not None
            else list(self.scanned.skipped)
        )
        out += [result.text for result in (self.scanned.clock,) if result is not None]
        return [*out, self.withheld.text]


def scan_report(
    calls: Any, complaints: Any = None, *, areas: Any = None, out: Path, holds: str = "calls", title: str = "", step: Step = lambda _: None
) -> ScanReport:  # fmt: skip
    """Scan one or two tables and write the report.

    Parameters
    ----------
    calls, complaints : path, event table or EventSource
        What to scan, and complaints to the city as evidence.
    areas : path or GeoDataFrame, optional
        The city's areas.
    out : Path
        Folder to write ``scan.html`` and ``scan.xlsx`` to.
    holds : {"calls", "complaints"}
        What the first table holds.
    title : str
        The heading; the name of the file if not given.
    step : callable
        Told what is being done.

    Returns
    -------
    ScanReport
        The paths, and what was found.
    """
    step("reading")
    first = _read(calls, holds)
    second = None if complaints is None else _read(complaints, "complaints")
    outlines = data.read_areas(areas) if isinstance(areas, (str, Path)) else areas
    named = (
        {holds: first}
        if second is None
        else {holds: first, "complaints" if holds != "complaints" else "further complaints": second}
    )
    step("auditing")
    large = [name for name, events in named.items() if _rows_of(events) > MOST_ROWS]
    audits = {name: data.audit(events, areas=outlines) for name, events in named.items() if name not in large}
    skipped = [
        f"The {name} were counted, not audited: an audit reads rows one by one, and takes up to {MOST_ROWS:,}."
        for name in large
    ]  # fmt: skip
    step("looking for problems")
    board, series, clock, few = None, None, None, None
    try:
        board = scan.problems(first, second, areas=outlines)
    except NotEnoughDataError as error:
        skipped.append(f"No board of problems: {error}")
    if board is not None and len(board.table):
        step("looking at the first one")
        series, clock, few = _of_the_first(first, board, skipped)
    glances = {name: glance(named[name], _defaults_of(board, "calls" if name == holds else "complaints")) for name in large}
    scanned = Scanned(
        title=title or f"Scan of {', '.join(_file_of(events) for events in named.values())}", audits=audits, glances=glances, board=board, series=series, clock=clock,
        concentration=few, areas=outlines, ground=_ground(first), files=_files(named), skipped=skipped,
    )  # fmt: skip
    step("writing")
    return _write(scanned, out)


def _read(table: Any, holds: str) -> Any:
    """Return an event table, or the source of one that sara has written."""
    if not isinstance(table, (str, Path)):
        return table
    path = Path(table)
    if path.suffix.lower() in (".parquet", ".geoparquet") or (path.is_dir() and any(path.glob("*.parquet"))):
        try:
            source = open_events(path)
        except InputError:
            source = None
        if source is not None and source.attrs:
            return source
    return (data.read_complaints if holds == "complaints" else data.read_calls)(path)


def _defaults_of(board: ProblemBoard | None, told: str) -> pd.DataFrame | None:
    """Return the default points that the board found in one of its tables."""
    if board is None:
        return None
    points = board.rejected[board.rejected["kind"] == "default location"]
    return pd.DataFrame(points[points["reason"].str.startswith(f"a default location in the {told}:")])


def _of_the_first(events: Any, board: ProblemBoard, skipped: list[str]) -> tuple[Any, Any, Any]:
    """Return months and hours of the first candidate, and how its kind of call is spread over places."""
    top = board.table.iloc[0]
    category = str(top["category"])
    of_kind = events.query(f"category == {category!r}")
    try:
        there = _from_public(rows_inside(of_kind, top["geometry"]))
    except InputError as error:
        skipped.append(f"Months and hours of the first candidate could not be shown: {error}")
        there = None
    start, end, _ = resolve_period(events)
    days = (end - start) / pd.Timedelta(days=1)
    jobs: dict[str, Callable[[], Any]] = {}
    if there is not None:
        jobs["Months"] = lambda: trends.series(there, freq="MS" if days >= HALF_A_YEAR else "W" if days >= A_MONTH else "D")
    # Calls for help are told by area and month only.
    if category not in data.help_categories():
        if there is not None and record_of(events).get("time_precision") != "day":
            jobs["Hours"] = lambda: trends.clock(there)
        jobs["Concentration"] = lambda: scan.concentration(of_kind)
    found = {}
    for name, job in jobs.items():
        try:
            found[name] = job()
        except (InputError, NotEnoughDataError) as error:
            skipped.append(f"{name} of the first candidate could not be shown: {error}")
    return found.get("Months"), found.get("Hours"), found.get("Concentration")


def _from_public(events: Any) -> Any:
    """Return the rows that people called about."""
    if not isinstance(events, EventSource):
        out = events[~events["origin"].isin(NOT_PUBLIC).to_numpy()]
        out.attrs = dict(events.attrs)
        return out
    frame = events.lazy()
    return EventSource(frame.filter(is_one_of("origin", NOT_PUBLIC) == 0), events.attrs.get("sara"), events.crs, keep=events)


def _ground(events: Any) -> Any:
    """Return the box that holds nearly all rows on the map."""
    cells = counts_by_cell(events, origin=(0.0, 0.0), size=SQUARE).dropna(subset=["row", "column"])
    if cells.empty:
        return None
    n = cells["n"].to_numpy()
    (x0, x1), (y0, y1) = (
        [quantile_of_counts(cells[name].to_numpy(dtype=float), n, q) for q in (0.025, 0.975)] for name in ("column", "row")
    )
    # A few rows far away would make the city a dot; a tenth more on each side shows its edge.
    across, up = 0.1 * (x1 - x0), 0.1 * (y1 - y0)
    return shapely.box((x0 - across) * SQUARE, (y0 - up) * SQUARE, (x1 + across + 1) * SQUARE, (y1 + up + 1) * SQUARE)


def _file_of(events: Any) -> str:
    return Path(str(record_of(events).get("file") or "a table")).name


def _files(named: dict[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "source": name, "file": _file_of(events), "rows": int(record_of(events).get("rows_read") or _rows_of(events)),
            "sha256": record_of(events).get("sha256"),
        }
        for name, events in named.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["source", "file", "rows", "sha256"])


def _rows_of(events: Any) -> int:
    return events.n_rows if isinstance(events, EventSource) else len(events)


def _write(scanned: Scanned, out: Path) -> ScanReport:
    from sara.brief.html import to_html

    document = scanning_document(scanned)
    out.mkdir(parents=True, exist_ok=True)
    page, book = out / "scan.html", out / "scan.xlsx"
    page.write_text(to_html(document), encoding="utf-8", newline="\n")
    finding = Table(
        "Finding",
        ("what",),
        tuple((words,) for words in (document.title, document.finding, *document.facts, document.withheld.text)),
    )
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        for name, table in {"finding": finding, **scanning_tables(scanned)}.items():
            safe_frame(_frame(table)).to_excel(writer, sheet_name=name, index=False)
            sheet = writer.sheets[name]
            sheet.freeze_panes = "A2"
            for column, cells in enumerate(zip(table.header, *table.rows, strict=True)):
                sheet.column_dimensions[chr(65 + column)].width = min(70, max(len(str(cell)) for cell in cells) + 2)
    return ScanReport(page, book, scanned, document.withheld)


def _frame(table: Table) -> pd.DataFrame:
    """Return the cells of a table, numbers as numbers."""
    columns = list(zip(*table.rows, strict=True))
    return pd.DataFrame({
        name: [_number(cell) for cell in columns[i]] if i in table.numeric else list(columns[i]) for i, name in enumerate(table.header)
    })  # fmt: skip


def _number(cell: str) -> Any:
    if not _NUMBER.fullmatch(cell):
        return cell
    plain = cell.replace(",", "").replace("\u2212", "-")
    return float(plain) if "." in plain else int(plain)
