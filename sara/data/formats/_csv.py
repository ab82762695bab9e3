"""CSV and other text tables, with the line each row stands on."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data._rejects import reject_rows
from sara.data.formats._decode import decode
from sara.data.formats._fast import fast_rows
from sara.data.formats._raw import MAX_COLUMNS, RawFile, check_columns, header_names, is_data, no_rejects, text_frame

__all__ = ["read_csv"]

DELIMITERS = (",", ";", "\t", "|")
# No field of a call is this long; a longer one is an unclosed quote.
MAX_FIELD = 1_000_000
# Below this many characters the careful reader alone is quick enough.
FAST_FROM = 200_000
# A file in which so many quotes are not closed is read as if it had none.
_MOST_STARTS = 100
_BLOCK = 1 << 24
_END = re.compile(r"\r\n|\r|\n")


def _sniff(text: str) -> str:
    """Return the delimiter that cuts the first lines most often and most evenly."""
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    if not lines:
        return ","

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1]
        if not widths:
            return 0, 0
        width, n = Counter(widths).most_common(1)[0]
        return n, width

    return max(DELIMITERS, key=evenness)


def read_csv(content: bytes, name: str, sha: str | None, headers: Sequence[Sequence[str]] = ()) -> RawFile:
    """Read a table of text; one without a header takes the last of `headers` that is as wide."""
    text, notes = decode(content)
    _check_text(text, name)
    told = re.match(r"sep=(.)\r?\n", text)
    delimiter = told[1] if told else _sniff(text)
    notes = {"format": "csv", **notes, "delimiter": delimiter}
    if len(text) >= FAST_FROM:
        start = _start(*_rows(_head(text), delimiter)[:2], bool(told), headers)
        body = None if start is None else fast_rows(text, start.line, start.header, delimiter, longest=MAX_FIELD)
        if start is not None and body is not None:
            check_columns(len(start.header), name)
            return RawFile(*body, no_rejects(), sha, name, {**notes, **start.notes})
    rows, lines, overlong = _rows(text, delimiter)
    start = _start(rows, lines, bool(told), headers)
    if start is None:
        what = f"nothing but fields of more than {MAX_FIELD:,} characters" if overlong else "an empty file"
        raise InputError(f"`path` must hold a table. Got {what}: {name}.")
    check_columns(len(start.header), name)
    at = np.asarray(lines[start.row :], dtype=np.int64)
    frame, kept, rejects = _fit(rows[start.row :], at, start.header, text, delimiter, name, overlong)
    return RawFile(frame, kept, rejects, sha, name, {**notes, **start.notes})


@dataclass(frozen=True)
class _Start:
    """Where the rows begin: which record, which line; and the header above them."""

    header: list[str]
    row: int
    line: int
    notes: dict[str, Any]


def _start(rows: list[list[str]], lines: list[int], told: bool, headers: Sequence[Sequence[str]]) -> _Start | None:
    top = 1 if told else _top(rows)
    if top is None:
        return None
    if top < len(rows) and not is_data(rows[top]):
        after = top + 1
        line = lines[after] if after < len(lines) else lines[top] + 1
        return _Start(header_names(rows[top]), after, line, {})
    # A set of files often has its header in the first one only.
    width = len(rows[top]) if top < len(rows) else 1
    fitting = [list(known) for known in headers if len(known) == width]
    header = fitting[-1] if fitting else header_names([""] * width)
    return _Start(header, top, lines[top] if top < len(lines) else 1, {"header": "missing"})


def _head(text: str) -> str:
    """Return the whole lines at the top of a long text."""
    cut = text.rfind("\n", 0, FAST_FROM)
    return text[: cut + 1] if cut > 0 else text


def _check_text(text: str, name: str) -> None:
    """Turn down what is plainly no table of text."""
    start = text[:200].lstrip().lower()
    if text[:2000].count("\x00") > 2 or start.startswith("%pdf") or "\ufffd\ufffd\ufffd" in text[:200]:
        what, do = "a file that is not text", "Export the table as CSV, Excel, GeoJSON or Parquet"
    elif start.startswith(("<!doctype", "<html")):
        what, do = "a web page", "Download the file again: a log-in page may have come in its place"
    else:
        return
    raise InputError(f"`path` must be a table. Got {what}: {name}. {do}.")


def _top(rows: list[list[str]]) -> int | None:
    """Return where the table begins: below blank lines, and below titles, which fill one field where the table has several."""
    filled = [sum(cell.strip() != "" for cell in row) for row in rows[:50]]
    if not any(filled):
        return None
    first = next(position for position, n in enumerate(filled) if n)
    wide = [position for position, n in enumerate(filled) if n > 1]
    usual = Counter(len(rows[position]) for position in wide).most_common(1)[0][0] if wide else 1
    if filled[first] > 1 or usual == 1:
        return first
    return next((position for position in wide if filled[position] >= 0.6 * usual), first)


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], list[int], dict[int, str]]:
    """Return the records, the line each starts on (1 is the first), and how the lines begin that hold a field too long to be one."""
    before = csv.field_size_limit(MAX_FIELD)
    rows: list[list[str]] = []
    ends, overlong, at = [0], {}, 0
    try:
        for _ in range(_MOST_STARTS):
            # Past the line that could not be read, the text is looked at anew.
            reader = csv.reader(_guarded(text, delimiter, at), delimiter=delimiter)
            done = ends[-1]
            try:
                for row in reader:
                    rows.append(row)
                    ends.append(done + reader.line_num)
                break
            except csv.Error:
                at = _after(text, at, ends[-1] - done)
                line = text[at : _after(text, at, 1)]
                at += len(line)
                if len(line) > MAX_FIELD:
                    rows.append([])
                    overlong[ends[-1] + 1] = line[:1000]
                else:
                    # A quote opened and never closed would swallow the rest of a long file.
                    rows.append(next(csv.reader([line.replace('"', "")], delimiter=delimiter), []))
                ends.append(ends[-1] + 1)
        else:
            _without_quotes(text[at:], delimiter, rows, ends, overlong)
    finally:
        csv.field_size_limit(before)
    return rows, [end + 1 for end in ends[:-1]], overlong


def _without_quotes(text: str, delimiter: str, rows: list[list[str]], ends: list[int], overlong: dict[int, str]) -> None:
    """Read what is left of a file line by line, as if there were no quotes."""
    for line in _lines(text):
        if len(line) > MAX_FIELD:
            overlong[ends[-1] + 1] = line[:1000]
        rows.append([] if len(line) > MAX_FIELD else next(csv.reader([line.replace('"', "")], delimiter=delimiter), []))
        ends.append(ends[-1] + 1)


def _after(text: str, at: int, lines: int) -> int:
    """Return where the text goes on that many lines after `at`."""
    ends = _END.finditer(text, at)
    for _ in range(lines):
        found = next(ends, None)
        if found is None:
            return len(text)
        at = found.end()
    return at


def _guarded(text: str, delimiter: str, at: int) -> Iterator[str]:
    """Yield the lines from `at` on; one with more fields than any table has is cut behind the first that is too many."""
    for block in _blocks(text, at):
        for line in io.StringIO(block, newline=""):
            if len(line) > MAX_COLUMNS and line.count(delimiter) > MAX_COLUMNS:
                yield delimiter.join([*line.split(delimiter, MAX_COLUMNS + 1)[: MAX_COLUMNS + 1], "..."]) + "\n"
            else:
                yield line


def _blocks(text: str, at: int) -> Iterator[str]:
    """Yield the text in pieces of whole lines: a buffer of all of it takes four bytes a letter."""
    while at < len(text):
        cut = text.find("\n", at + _BLOCK) + 1 or len(text)
        yield text[at:cut]
        at = cut


def _lines(text: str) -> list[str]:
    return _END.split(text)


@dataclass
class _Sorting:
    """Rows sorted out of a file: those mended, and those turned down with the reason."""

    mended: list[tuple[int, list[str]]] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)

    def alone(self, number: int, line: str, header: list[str], delimiter: str) -> None:
        """Sort one line that was swallowed by a quote."""
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            cells = line.split(delimiter)
        if len(cells) == len(header):
            self.mended.append((number, cells))
        else:
            self.misfit(number, line, len(cells), len(header))

    def misfit(self, number: int, line: str, got: int, width: int) -> None:
        """Turn a line down for its number of fields."""
        many = f"{got}" if got <= MAX_COLUMNS else f"more than {MAX_COLUMNS:,}"
        self.bad.append((number, line, f"the line has {many} fields where the header has {width}"))


def _fit(
    rows: list[list[str]],
    lines: np.ndarray,
    header: list[str],
    text: str,
    delimiter: str,
    name: str,
    overlong: Mapping[int, str],
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return the rows that fit the header and their lines; the others go to the rejects. An empty line is no row."""
    good = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)) == len(header)
    found = _Sorting()
    first = lines[0] if len(lines) else 0
    long = f"a field is longer than {MAX_FIELD:,} characters"
    found.bad.extend((number, start, long) for number, start in overlong.items() if number >= first)
    _sort_ragged(found, rows, lines, np.flatnonzero(~good), header, text, delimiter)
    _sort_empty(found, rows, lines, good, header, delimiter)
    kept = rows if good.all() else [rows[position] for position in np.flatnonzero(good)]
    at = lines[good]
    if found.mended:
        kept = kept + [row for _, row in found.mended]
        at = np.append(at, [number for number, _ in found.mended])
        order = np.argsort(at, kind="stable")
        at, kept = at[order], [kept[position] for position in order]
    numbers, values, reasons = zip(*sorted(found.bad), strict=True) if found.bad else ((), (), ())
    return text_frame(kept, header), at, reject_rows(name, list(numbers), "", list(values), list(reasons))


def _sort_ragged(
    found: _Sorting, rows: list[list[str]], lines: np.ndarray, ragged: np.ndarray, header: list[str], text: str, delimiter: str
) -> None:
    """Sort the rows whose number of fields is not the header's."""
    width = len(header)
    ends = np.append(lines[1:], np.iinfo(np.int64).max)
    physical = _lines(text) if len(ragged) else []
    for position in ragged:
        row, line = rows[position], int(lines[position])
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            found.mended.append((line, row[:width]))
        elif ends[position] - line > 1 and line < len(physical):
            # A quote that was never closed has swallowed the lines after it: read them one by one.
            for number in range(line, min(int(ends[position]), len(physical) + 1)):
                if physical[number - 1].strip():
                    found.alone(number, physical[number - 1], header, delimiter)
        else:
            found.misfit(line, delimiter.join(row), len(row), width)


def _sort_empty(
    found: _Sorting, rows: list[list[str]], lines: np.ndarray, good: np.ndarray, header: list[str], delimiter: str
) -> None:
    """Turn down rows of nothing but delimiters, and headers in the middle of a file."""
    for position in [p for p in np.flatnonzero(good) if not rows[p][0] or rows[p][0].strip() == header[0]]:
        row = [cell.strip() for cell in rows[position]]
        if not any(row):
            good[position] = False
            if len(row) > 1:
                found.bad.append((int(lines[position]), delimiter.join(row), "every field is blank"))
        elif row == header:
            good[position] = False
            found.bad.append((int(lines[position]), delimiter.join(row), "the line repeats the header"))
