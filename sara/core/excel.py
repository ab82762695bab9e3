"""Results and tables to Excel with cells that hold no formulas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sara.core.errors import InputError

if TYPE_CHECKING:
    from sara.core.result import Result

__all__ = ["safe_cell", "safe_frame", "write_result"]

# A spreadsheet reads text that starts with one of these as a formula; complaint text is written by strangers.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Characters that the file format itself forbids.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

# A sheet of the file format has 1,048,576, one of them for the names of the columns.
_MOST_ROWS = 1_048_575


def safe_cell(value: Any) -> Any:
    """Return text that a spreadsheet will not run: an apostrophe goes before a leading ``= + - @``."""
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("", value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy of `frame` whose text cells and column names are formula-safe, geometry as WKT."""
    out = pd.DataFrame(index=range(len(frame)))
    for name in frame.columns:
        column = frame[name]
        if str(column.dtype) == "geometry":
            values: list[Any] = [None if g is None else g.wkt[:32_000] for g in column]
        elif column.dtype.kind in "biufM":
            values = list(column)
        else:
            values = [safe_cell(v if isinstance(v, str) or pd.isna(v) is True else str(v)) for v in column]
        out[safe_cell(str(name))] = values
    return out


def write_result(result: Result, path: Path) -> Path:
    """Write a result's finding, table, settings and counts as sheets of one file."""
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"`path` must end in .xlsx. Got {path.name!r}. Write: result.to_excel('{path.stem or 'result'}.xlsx')")
    if len(result.table) > _MOST_ROWS:
        raise InputError(
            f"`result` must have at most {_MOST_ROWS:,} rows to fit a sheet. Got {len(result.table):,}. Write: result.table.to_csv('{path.stem or 'result'}.csv'), or ask for fewer groups or periods."
        )
    finding = pd.DataFrame({"finding": [result.text, *(f"Caution: {caution}" for caution in result.cautions)]})
    settings = pd.DataFrame(
        [{"setting": name, "value": str(s.value), "chosen by": s.chosen_by, "why": s.why} for name, s in result.settings.items()]
    )
    counts = pd.DataFrame(
        [("rows in", result.counts.rows_in), ("rows used", result.counts.rows_used), *result.counts.left_out.items()],
        columns=["what", "rows"],
    )
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in {"finding": finding, "table": result.table, "settings": settings, "counts": counts}.items():
            safe_frame(frame).to_excel(book, sheet_name=name, index=False)
    return path
