"""Bytes to text: which encoding a file is in, and what to do with the bytes that are not."""

from __future__ import annotations

import re

__all__ = ["decode"]

# Bytes that are no UTF-8 come back from `surrogateescape` as these.
_STRAY = re.compile("[\udc80-\udcff]")
_WIDE = re.compile("[^\x00-\x7f\udc80-\udcff]")


def decode(content: bytes) -> tuple[str, dict[str, object]]:
    """Return ``(text, notes)``: the encoding, and how many single bytes were in another; byte-order marks are taken off, once or twice written."""
    wide = _utf16(content)
    if wide is not None:
        return content.decode(wide, errors="replace").removeprefix("\ufeff"), {"encoding": "utf-16"}
    notes: dict[str, object] = {"encoding": "utf-8"}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and len(content) - error.start == error.end - error.start:
            # Cut off in the middle of its last letter.
            text = content[: error.start].decode("utf-8-sig")
        else:
            text, notes = _decode_mixed(content)
    # "ï»¿" is a byte-order mark that was itself encoded.
    return text.removeprefix("\u00ef\u00bb\u00bf").removeprefix("\ufeff"), notes


def _utf16(content: bytes) -> str | None:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if len(content) < 4:
        return None
    # Plain letters with a zero beside each: its byte-order mark is lost.
    if content[1] == content[3] == 0 != content[0]:
        return "utf-16-le"
    return "utf-16-be" if content[0] == content[2] == 0 != content[1] else None


def _decode_mixed(content: bytes) -> tuple[str, dict[str, object]]:
    """Decode what is not UTF-8 throughout.

    A letter of several bytes in UTF-8 hardly ever comes about by accident: where there are as many of them as stray bytes, the file is UTF-8 and
    only the stray bytes are from before it.
    """
    text = content.decode("utf-8", errors="surrogateescape")
    stray, whole = len(_STRAY.findall(text)), len(_WIDE.findall(text[1:]))
    if whole < stray:
        return _decode_old(content)
    mended = _STRAY.sub(lambda found: _decode_old(bytes([ord(found[0]) - 0xDC00]))[0], text)
    return mended, {"encoding": "utf-8", "bytes_not_utf8": stray}


def _decode_old(content: bytes) -> tuple[str, dict[str, object]]:
    """Decode a file from before UTF-8; cp1252 leaves five bytes undefined, latin-1 reads any."""
    try:
        return content.decode("cp1252"), {"encoding": "cp1252"}
    except UnicodeDecodeError:
        return content.decode("latin-1"), {"encoding": "latin-1"}
