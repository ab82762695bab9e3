"""Tables too large to read at once: rows by the hundred thousand, as the readers would give them, each with its line in the file."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import hashlib
import io
import lzma
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from sara.core.errors import InputError
from sara.data.formats._csv import _check_text, _head, _rows, _sniff, _start, read_csv
from sara.data.formats._decode import _STRAY, _WIDE, _decode_old, _utf16
from sara.data.formats._fast import _offset
from sara.data.formats._json import looks_like_json
from sara.data.formats._raw import ZIP_ERRORS, RawFile, check_columns, most_bytes, no_rejects, typed_frame
from sara.data.formats._xml import looks_like_xml

__all__ = ["Chunked", "chunked"]

TEXTS = (".csv", ".txt", ".tsv", ".psv", ".dat")
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_BLOCK = 1 << 24
# Characters looked at to find delimiter and header.
_HEAD = 400_000
# A record longer than this has a quote that was never closed; it is cut at the end of a line.
_LONGEST_RECORD = 8_000_000
# Bytes that cp1252 leaves undefined.
_NOT_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])


@dataclass(frozen=True, eq=False)
class Chunked:
    """A file whose rows come in parts: its name, hash and notes as a reader gives them, and its columns."""

    path: Path
    name: str
    sha256: str
    notes: dict[str, Any]
    header: list[str]
    first_line: int
    codec: str

    def parts(self, rows: int) -> Iterator[RawFile]:
        """Yield the rows, about so many at a time, with their lines and those that do not fit."""
        return _parquet_parts(self, rows) if self.codec == "parquet" else _text_parts(self, rows)


def chunked(path: Path, headers: list[list[str]]) -> Chunked | None:
    """Return a file that can be read in parts, or None for one that must be read whole (a workbook, a layer, JSON)."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            start = file.read(64)
        if start[:4] == b"PAR1":
            return _parquet(path)
        if not _is_text(path, start):
            return None
        return _text(path, headers)
    except (lzma.LZMAError, *ZIP_ERRORS) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole file. Got {path.name}, which is damaged ({error}). Download it again."
        ) from None


def _is_text(path: Path, start: bytes) -> bool:
    if start[:4] == b"PK\x03\x04":
        member = _only_member(path)
        return member is not None and member.lower().endswith(TEXTS)
    name = path.name.lower()
    if any(start.startswith(mark) for mark in _PACKED):
        name = name.rsplit(".", 1)[0]
    return name.endswith(TEXTS)


def _only_member(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        found = [m for m in archive.infolist() if m.filename and not m.is_dir() and not m.filename.startswith("__MACOSX")]
    return found[0].filename if len(found) == 1 and not found[0].flag_bits & 1 else None


def _opened(path: Path) -> BinaryIO:
    """Return the unpacked bytes of a file; what unpacks to far more than is plausible is refused while it is read."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] == b"PK\x03\x04":
        return zipfile.ZipFile(path).open(str(_only_member(path)))  # type: ignore[return-value]
    opener = next((opener for mark, opener in _PACKED.items() if start.startswith(mark)), open)
    return opener(path, "rb")  # type: ignore[no-any-return, operator]


def _blocks(path: Path) -> Iterator[bytes]:
    total, limit = 0, None
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] == b"PK\x03\x04" or any(start.startswith(mark) for mark in _PACKED):
        # Parts are small in memory, but they go to the disk: a bomb is turned down by its ratio, whatever its size.
        limit = max(path.stat().st_size * 200, most_bytes(path.stat().st_size))
    with _opened(path) as file:
        while block := file.read(_BLOCK):
            total += len(block)
            if limit is not None and total > limit:
                raise InputError(
                    f"`path` must not unpack to more than {limit / 1e6:,.0f} MB. Got more from {path.name}. Unpack it yourself if you trust it."
                )
            yield block


def _text(path: Path, headers: list[list[str]]) -> Chunked | None:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha.update(block)
    codec, notes = _encoding(path)
    head = _first_text(path, codec)
    raw = head.lstrip()[:64].encode("utf-8", "replace")
    if looks_like_json(raw) or looks_like_xml(raw):
        return None
    _check_text(head, path.name)
    told = head.startswith("sep=") and len(head) > 5 and head[5] in "\r\n"
    delimiter = head[4] if told else _sniff(head)
    found = _start(*_rows(_head(head), delimiter)[:2], told, headers)
    if found is None:
        raise InputError(f"`path` must hold a table. Got an empty file: {path.name}.")
    check_columns(len(found.header), path.name)
    notes = {"format": "csv", **notes, "delimiter": delimiter, **found.notes}
    return Chunked(path, _inner_name(path), sha.hexdigest(), notes, found.header, found.line, codec)


def _inner_name(path: Path) -> str:
    """Return the name of the table in a packed file, as the readers have it."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] == b"PK\x03\x04":
        return PurePosixPath(str(_only_member(path))).name
    if any(start.startswith(mark) for mark in _PACKED):
        inner = path.name.rsplit(".", 1)[0]
        return inner if "." in inner else path.name
    return path.name


def _encoding(path: Path) -> tuple[str, dict[str, Any]]:
    """Return how to decode a file, from all of its bytes, and the notes of `sara.data.formats`."""
    blocks = _blocks(path)
    wide = _utf16(next(iter(blocks), b"")[:4])
    if wide is not None:
        return wide, {"encoding": "utf-16"}
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(path):
            decoder.decode(block)
    except UnicodeDecodeError:
        return _older(path)
    return "utf-8", {"encoding": "utf-8"}


def _older(path: Path) -> tuple[str, dict[str, Any]]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    stray = whole = 0
    undefined = False
    for block in _blocks(path):
        text = decoder.decode(block)
        stray, whole = stray + len(_STRAY.findall(text)), whole + len(_WIDE.findall(text))
        undefined = undefined or any(byte in block for byte in _NOT_CP1252)
    if whole >= stray:
        return "mixed", {"encoding": "utf-8", "bytes_not_utf8": stray}
    return ("latin-1", {"encoding": "latin-1"}) if undefined else ("cp1252", {"encoding": "cp1252"})


def _texts(path: Path, codec: str) -> Iterator[str]:
    """Yield the text of a file block by block, without its byte-order marks."""
    errors = "surrogateescape" if codec == "mixed" else "replace" if codec.startswith("utf-16") else "ignore"
    decoder = codecs.getincrementaldecoder("utf-8" if codec == "mixed" else codec)(errors=errors)
    first = True
    for block in _blocks(path):
        text = decoder.decode(block)
        if first:
            text = text.removeprefix("\ufeff").removeprefix("\u00ef\u00bb\u00bf").removeprefix("\ufeff")
            first = False
        if codec == "mixed":
            text = _STRAY.sub(lambda found: _decode_old(bytes([ord(found[0]) - 0xDC00]))[0], text)
        yield text


def _first_text(path: Path, codec: str) -> str:
    found = ""
    for text in _texts(path, codec):
        found += text
        if len(found) >= _HEAD:
            break
    return found[:_HEAD]


def _text_parts(file: Chunked, rows: int) -> Iterator[RawFile]:
    delimiter = str(file.notes["delimiter"])
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(file.header)
    # Every part begins as a file of its own would: what the delimiter is, and the header.
    prefix = f"sep={delimiter}\n{written.getvalue()}"
    before, line, held, started, size = prefix.count("\n"), file.first_line, "", False, 0
    for text in _texts(file.path, file.codec):
        held += text
        if not started:
            held, started = held[_offset(held, file.first_line) :], True
            size = max(rows * max(_mean_line(held), 2), 1_000)
        while len(held) >= size:
            cut = _record_end(held, size)
            if cut == 0:
                break
            yield _part(file, prefix, held[:cut], line - before - 1)
            line, held = line + _newlines(held[:cut]), held[cut:]
    if held:
        yield _part(file, prefix, held, line - before - 1)


def _part(file: Chunked, prefix: str, text: str, ahead: int) -> RawFile:
    raw = read_csv((prefix + text).encode("utf-8", "replace"), file.name, None)
    rejects = raw.rejects.assign(line=[int(at) + ahead for at in raw.rejects["line"]]) if len(raw.rejects) else raw.rejects
    return replace(raw, lines=np.asarray(raw.lines, dtype=np.int64) + ahead, rejects=rejects, notes={})


def _mean_line(text: str) -> int:
    head = text[:100_000]
    return len(head) // max(_newlines(head), 1) + 1


def _newlines(text: str) -> int:
    returns = text.count("\r")
    return text.count("\n") + (returns - text.count("\r\n") if returns else 0)


def _record_end(text: str, size: int) -> int:
    """Return where the last record that ends within the first `size` characters ends; 0 where more must be read to tell."""
    mark = "\n" if "\n" in text[: size + 2] else "\r"
    at = last = text.rfind(mark, 0, size)
    if at < 0:
        at = last = text.find(mark, size)
        if at < 0:
            return 0
    quotes = text.count('"', 0, at)
    for _ in range(1_000):
        if quotes % 2 == 0:
            return at + 1
        # Within quotes, it seems: go back behind the quote that was opened last.
        quote = text.rfind('"', 0, at)
        before = text.rfind(mark, 0, quote)
        if before < 0:
            break
        quotes -= text.count('"', before, at)
        at = before
    return last + 1 if len(text) > _LONGEST_RECORD or quotes % 2 else 0


def _parquet(path: Path) -> Chunked | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"`path` must be a whole Parquet file. Got {path.name}, which is damaged ({error}).") from None
    extra = file.schema_arrow.metadata or {}
    if b"geo" in extra or b"sara" in extra:
        return None
    sha = hashlib.sha256()
    for block in _blocks(path):
        sha.update(block)
    return Chunked(path, path.name, sha.hexdigest(), {"format": "Parquet"}, list(file.schema_arrow.names), 1, "parquet")


def _parquet_parts(file: Chunked, rows: int) -> Iterator[RawFile]:
    import pyarrow.parquet as pq

    first = 1
    for batch in pq.ParquetFile(file.path).iter_batches(batch_size=rows):
        frame = typed_frame(batch.to_pandas())
        yield RawFile(frame, np.arange(first, first + len(frame), dtype=np.int64), no_rejects(), None, file.name)
        first += len(frame)
