"""Excel workbooks, to tables of text with the row of the sheet each row stands on."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._rejects import reject_rows
from sara.data.formats._raw import MAX_RATIO, RawFile, header_names, most_bytes, text_frame

__all__ = ["read_workbook"]


def read_workbook(content: bytes, name: str, sha: str) -> RawFile:
    """Read a workbook's table; cells become text, dates ISO text."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > most_bytes(len(content)):
            raise InputError(
                f"`path` must not unpack to more than {MAX_RATIO} times its size. Got {size / 1e6:,.0f} MB from {name}. Save it as CSV if you trust it."
            )
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole Excel file. Got {name}, which can't be opened ({error}). Save it again in Excel."
        ) from None
    try:
        sheets = [
            _sheet([list(row) for row in sheet.iter_rows(values_only=True)], name, sha, sheet.title) for sheet in book.worksheets
        ]
    finally:
        book.close()
    found = [sheet for sheet in sheets if sheet is not None]
    if not found:
        raise InputError(f"`path` must hold a table. Got an empty workbook: {name}.")
    return _together(found, name)


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
            stacklevel=6,
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


def _sheet(rows: list[list[Any]], name: str, sha: str, title: str) -> RawFile | None:
    widths = [sum(cell is not None and str(cell).strip() != "" for cell in row) for row in rows[:50]]
    if not widths or max(widths) == 0:
        return None
    # Titles above the table are narrower than the table.
    top = next(position for position, width in enumerate(widths) if width >= max(1, 0.6 * max(widths)))
    width = max(position + 1 for position, cell in enumerate(rows[top]) if cell is not None and str(cell).strip())
    header = header_names(["" if cell is None else str(cell) for cell in rows[top][:width]])
    body, lines = [], []
    rejects: list[tuple[int, str]] = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        cells = [_cell(value) for value in row[:width]] + [""] * (width - len(row))
        if not any(cells):
            continue
        if any(value is not None and str(value).strip() for value in row[width:]):
            rejects.append((number, ", ".join("" if value is None else str(value) for value in row)))
            continue
        body.append(cells)
        lines.append(number)
    turned = reject_rows(
        name, [n for n, _ in rejects], "", [v for _, v in rejects], "the row has cells to the right of the header"
    )
    return RawFile(text_frame(body, header), np.asarray(lines, dtype=np.int64), turned, sha, name, {"sheet": title})


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else str(value)
