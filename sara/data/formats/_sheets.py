"""Workbooks (Excel old and new, OpenDocument), to tables of text with the row of the sheet each row stands on."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._rejects import reject_rows
from sara.data.formats._raw import (
    CHUNK,
    MAX_RATIO,
    ZIP_ERRORS,
    RawFile,
    check_columns,
    header_names,
    is_data,
    most_bytes,
    plain_text,
    text_frame,
)

__all__ = ["MAX_CELLS", "read_workbook"]

# A sheet is held whole between its first and its last cell: a million rows of sixty columns, and no single cell at its far corner.
MAX_CELLS = 60_000_000
_PART = 1 << 22
_FOOT = re.compile(
    r"(?:(?:grand |sub[- ]?)?totals?|sum|source|notes?|printed|generated|end of report|records?|rows)\b", re.IGNORECASE
)
_MOST_FOOT = 10


def read_workbook(content: bytes, name: str, sha: str | None) -> RawFile:
    """Read a workbook's table; cells become text, dates ISO text."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_locked(content, name)
    cells = _check_size(content, name) if content[:2] == b"PK" else {}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [_sheet(book.get_sheet_by_name(title), name, sha) for title in _titles(book)]
    except (CalamineError, KeyError, *ZIP_ERRORS) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole Excel file. Got {name}, which can't be opened ({error}). Save it again in Excel."
        ) from None
    except BaseException as error:
        # A damaged workbook can make the library in Rust give up in a way that is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"`path` must be a whole Excel file. Got {name}, which is damaged. Save it again in Excel.") from None
    found = [sheet for sheet in sheets if sheet is not None]
    if not found:
        raise InputError(f"`path` must hold a table. Got an empty workbook: {name}.")
    _warn_of_formulas(cells, name)
    table = _together(found, name)
    return RawFile(table.frame, table.lines, table.rejects, sha, name, {"format": "excel", **table.notes, **cells}, table.names)


def _titles(book: Any) -> list[str]:
    """Return the sheets of cells; charts and macros are none."""
    kinds = [str(sheet.typ).rsplit(".", 1)[-1] for sheet in book.sheets_metadata]
    return [sheet.name for sheet, kind in zip(book.sheets_metadata, kinds, strict=True) if kind == "WorkSheet"]


def _check_locked(content: bytes, name: str) -> None:
    if content[:4] == b"\xd0\xcf\x11\xe0" and "EncryptedPackage".encode("utf-16-le") in content:
        raise InputError(
            f"`path` must be a workbook without a password. Got {name}. Open it in Excel, take the password off, and save it."
        )


def _check_size(content: bytes, name: str) -> dict[str, Any]:
    """Unpack every part once without keeping it; return how many cells hold an error, or a formula never worked out."""
    limit, total = most_bytes(len(content)), 0
    errors = empty = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                corner, cells = _Corner(), False
                for part in _parts(archive, member):
                    total += len(part)
                    if total > limit:
                        raise InputError(
                            f"`path` must not unpack to more than {MAX_RATIO} times its size. Got more than {limit / 1e6:,.0f} MB from {name}. Save it as CSV if you trust it."
                        )
                    # A part is a sheet by what it holds: where it lies and what it is called is for the workbook to say.
                    cells = cells or b"sheetData" in part
                    if cells:
                        errors += part.count(b' t="e"')
                        empty += len(re.findall(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>", part))
                        corner.see(part)
                    elif member.filename == "content.xml":
                        corner.see_repeated(part)
                corner.check(name)
    except ZIP_ERRORS as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole Excel file. Got {name}, which can't be opened ({error}). Save it again in Excel."
        ) from None
    return {key: n for key, n in (("error_cells", errors), ("formulas_without_a_value", empty)) if n}


def _parts(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the part in pieces that end where a cell does."""
    rest = b""
    with archive.open(member) as file:
        while piece := file.read(_PART):
            piece = rest + piece
            cut = piece.rfind(b"</c>") + 4 if len(piece) < 4 * _PART else len(piece)
            cut = cut if cut > 3 else len(piece)
            rest = piece[cut:]
            yield piece[:cut]
    if rest:
        yield rest


class _Corner:
    """The last row and column of a sheet as far as it was seen."""

    def __init__(self) -> None:
        self.row = self.column = self.rows = 0

    def see(self, part: bytes) -> None:
        """See where rows and cells say they stand; those that say nothing stand behind the one before."""
        self.rows += len(re.findall(rb"<(?:\w+:)?row\b", part))
        numbers = set(re.findall(rb"\sr\s*=\s*[\"'][A-Za-z]*([0-9]+)", part))
        self.row = max(self.row, self.rows, *map(int, numbers))
        for letters in set(re.findall(rb"\sr\s*=\s*[\"']([A-Za-z]{2,})[0-9]", part)):
            place = 0
            for letter in letters.upper():
                place = place * 26 + letter - 64
            self.column = max(self.column, place)
        silent = max(row.count(b"<c>") + row.count(b"<c/>") for row in part.split(b"<row"))
        self.column = max(self.column, 26, silent)

    def see_repeated(self, part: bytes) -> None:
        """See cells with content that OpenDocument writes once for many."""
        for found in re.finditer(
            rb"<table:table-cell\s[^>]*number-columns-repeated\s*=\s*[\"']([0-9]{1,9})[\"'][^>]*(?<!/)>", part
        ):
            self.column = max(self.column, int(found[1]))
        for found in re.finditer(rb"<table:table-row\s[^>]*number-rows-repeated\s*=\s*[\"']([0-9]{1,9})[\"'][^>]*>", part):
            row = part[found.end() : part.find(b"</table:table-row>", found.end())]
            if b"office:value" in row or b"<text:p" in row:
                self.row = max(self.row, int(found[1]))

    def check(self, name: str) -> None:
        if max(self.row, 1) * max(self.column, 1) > MAX_CELLS:
            raise InputError(
                f"`path` must hold sheets of at most {MAX_CELLS / 1e6:.0f} million cells. Got {self.row:,} rows by {self.column:,} columns in {name}. Delete what stands far below or beside the table, or save it as CSV."
            )


def _warn_of_formulas(cells: dict[str, Any], name: str) -> None:
    if n := cells.get("formulas_without_a_value"):
        warnings.warn(
            f"{name}: {n:,} cells hold a formula that was never worked out; they are read as blank. Open the workbook in Excel and save it.",
            SaraWarning,
            stacklevel=7,
        )


def _together(sheets: list[RawFile], name: str) -> RawFile:
    """Return the largest table of a workbook with all others that have its header, as workbooks with a sheet a month are; name the rest."""
    main = max(sheets, key=lambda sheet: sheet.frame.size)
    alike = [sheet for sheet in sheets if _key(sheet) == _key(main) and len(sheet.frame) + len(sheet.rejects)] or [main]
    left = [
        sheet.notes["sheet"]
        for sheet in sheets
        if sheet not in alike and sheet is not main and len(sheet.frame) > 1 and sheet.frame.shape[1] > 1
    ]
    if left:
        warnings.warn(
            f"{name}: only the sheet {main.notes['sheet']!r} was read; {', '.join(map(repr, left[:5]))} with other columns was not. Save it as a file of its own to read it.",
            SaraWarning,
            stacklevel=7,
        )
    if len(alike) == 1:
        return alike[0]
    titles = [sheet.notes["sheet"] for sheet in alike]
    parts = [sheet.frame.set_axis(main.frame.columns, axis=1) for sheet in alike]
    labels = np.repeat(np.array([f"{name}: {title}" for title in titles], dtype=object), [len(part) for part in parts])
    rejects = pd.concat(
        [sheet.rejects.assign(file=f"{name}: {title}") for sheet, title in zip(alike, titles, strict=True)], ignore_index=True
    )
    return RawFile(
        pd.concat(parts, ignore_index=True),
        np.concatenate([sheet.lines for sheet in alike]),
        rejects,
        main.sha256,
        name,
        {"sheet": ", ".join(titles)},
        labels,
    )


def _key(sheet: RawFile) -> list[str]:
    return [column.casefold() for column in sheet.frame.columns]


def _sheet(sheet: Any, name: str, sha: str | None) -> RawFile | None:
    """Return the table of one sheet, whose rows are counted as Excel counts them."""
    if sheet.end is None:
        return None
    corner = _Corner()
    corner.row, corner.column = sheet.end[0] + 1, sheet.end[1] + 1
    corner.check(name)
    rows = sheet.to_python(skip_empty_area=False)
    widths = [sum(str(cell).strip() != "" for cell in row) for row in rows[:50]]
    if not widths or max(widths) == 0:
        return _late(sheet, rows, name, sha)
    # Titles above the table are narrower than the table.
    top = next(position for position, width in enumerate(widths) if width >= max(1, 0.6 * max(widths)))
    return _table(rows, top, name, sha, sheet.name)


def _late(sheet: Any, rows: list[list[Any]], name: str, sha: str | None) -> RawFile | None:
    """Return a table that begins below the first fifty rows."""
    top = next((position for position, row in enumerate(rows) if any(str(cell).strip() for cell in row)), None)
    return None if top is None else _table(rows, top, name, sha, sheet.name)


def _table(rows: list[list[Any]], top: int, name: str, sha: str | None, title: str) -> RawFile:
    width = max(position + 1 for position, cell in enumerate(rows[top]) if str(cell).strip())
    check_columns(width, name)
    header = header_names([plain_text(cell) for cell in rows[top][:width]])
    notes: dict[str, Any] = {"sheet": title}
    if is_data(header):
        header, top, notes = header_names([""] * width), top - 1, {**notes, "header": "missing"}
    frames, lines = [], []
    rejects: list[tuple[int, str, str]] = []
    for start in range(top + 1, len(rows), CHUNK):
        body = []
        for number, row in enumerate(rows[start : start + CHUNK], start=start + 1):
            cells = [value if type(value) is str else _cell(value) for value in row[:width]]
            beside = any(value != "" and str(value).strip() for value in row[width:])
            if beside:
                rejects.append((number, ", ".join(map(plain_text, row)), "the row has cells to the right of the header"))
            elif not any(cells):
                continue
            elif cells == header:
                rejects.append((number, ", ".join(cells), "the row repeats the header"))
            else:
                body.append(cells)
                lines.append(number)
        if start + CHUNK >= len(rows):
            for _ in range(_foot(body)):
                rejects.append(
                    (lines.pop(), ", ".join(filter(None, body.pop())), "the row is a total or a note at the foot of the table")
                )
        frames.append(text_frame(body, header))
    turned = reject_rows(
        name, [n for n, _, _ in sorted(rejects)], "", [v for _, v, _ in sorted(rejects)], [why for _, _, why in sorted(rejects)]
    )
    frame = pd.concat(frames, ignore_index=True) if frames else text_frame([], header)
    return RawFile(frame, np.asarray(lines, dtype=np.int64), turned, sha, name, notes)


def _foot(body: list[list[str]]) -> int:
    """Return how many of the last rows are totals or notes: they say so, and leave half of the columns blank."""
    n = 0
    while n < min(_MOST_FOOT, len(body) - 1):
        filled = [cell for cell in body[-1 - n] if cell.strip()]
        if len(filled) > max(2, len(body[0]) // 2) or not _FOOT.match(filled[0].strip()):
            break
        n += 1
    return n


def _cell(value: Any) -> str:
    if type(value) is float:
        return str(int(value)) if value.is_integer() else str(value)
    return plain_text(value)
