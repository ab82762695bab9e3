"""A plain file: fetched piece by piece, taken up where it broke off if the server still has the same one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sara.core.errors import InputError
from sara.data.download._client import BrokenError, Client, plain, refuse_page
from sara.data.download._folder import Folder, safe_name, sha256_of

__all__ = ["fetch_file"]

PIECE = 2**18
# Ten times the largest city's whole file of calls; a stream without end must end.
MAX_FILE = 64 * 2**30
_SUFFIXES = {
    "text/csv": ".csv",
    "application/json": ".json",
    "application/geo+json": ".geojson",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.apache.parquet": ".parquet",
}


def fetch_file(client: Client, url: str, folder: Folder, show: Callable[[int], None]) -> Path:
    """Fetch a file into the folder and return its path.

    Parameters
    ----------
    client : Client
        Who asks.
    url : str
        The file's address.
    folder : Folder
        Where it goes; a part that is there is continued.
    show : callable
        Called with the bytes so far.
    """
    if folder.finished and folder.pages:
        return folder.path / folder.pages[0]["file"]
    folder.path.mkdir(parents=True, exist_ok=True)
    part = folder.path / ".download.part"
    name = client.patiently(url, lambda: _attempt(client, url, folder, part, show))
    target = folder.path / name
    size, sha = part.stat().st_size, sha256_of(part)
    part.replace(target)
    del folder.pages[:]
    folder.pages.append({"file": name, "rows": 0, "bytes": size, "sha256": sha, "mark": {}})
    folder.data.pop("part", None)
    folder.finish(status="complete", told=None)
    return target


def _attempt(client: Client, url: str, folder: Folder, part: Path, show: Callable[[int], None]) -> str:
    """Fetch what is missing; return the file's name once it is whole."""
    had = part.stat().st_size if part.is_file() else 0
    known = folder.data.get("part") or {}
    stamp = known.get("stamp")
    # Without a stamp nobody can say that the rest belongs to the same file.
    had = had if isinstance(stamp, str) else 0
    headers = {"Accept-Encoding": "identity"}
    if had and isinstance(stamp, str):
        headers |= {"Range": f"bytes={had}-", "If-Range": stamp}
    try:
        opened = client.open(url, headers=headers)
        with opened as response:
            return _receive(response, url, folder, part, show, had, stamp)
    except InputError as error:
        if had and "status 416" in str(error):
            part.unlink(missing_ok=True)
            raise BrokenError("a part that does not fit the file") from None
        raise


def _receive(
    response: Any, url: str, folder: Folder, part: Path, show: Callable[[int], None], had: int, stamp: str | None
) -> str:
    now = _stamp(response.headers)
    if had and response.status_code == 206 and (now != stamp or _first_byte(response.headers) != had):
        part.unlink(missing_ok=True)
        raise BrokenError("another file than the one begun")
    start = had if response.status_code == 206 else 0
    length = _length(response.headers)
    total = None if length is None else start + length
    _check_room(folder.path, length, total)
    if now != stamp or "part" not in folder.data:
        folder.save(part={"stamp": now, "total": total})
    got = start
    with part.open("ab" if start else "wb") as out:
        for piece in response.iter_content(PIECE):
            if got == 0:
                refuse_page(piece, url)
            out.write(piece)
            got += len(piece)
            if got > MAX_FILE:
                raise InputError(f"a file must be at most {MAX_FILE // 2**30} GB. Got more from {plain(url)}.")
            show(got)
    if total is not None and got != total:
        raise BrokenError(f"{got:,} of {total:,} bytes")
    if got == 0:
        raise InputError(f"`url` must hold a file. Got an empty one from {plain(url)}.")
    return _name(url, response.headers)


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the bytes still to come; None where the server does not say or packs them on the way."""
    text = headers.get("Content-Length", "")
    return int(text) if text.isdigit() and headers.get("Content-Encoding", "identity") == "identity" else None


def _first_byte(headers: Mapping[str, str]) -> int | None:
    found = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    return int(found.group(1)) if found else None


def _stamp(headers: Mapping[str, str]) -> str | None:
    """Return what tells one state of a file from another: a strong ETag, else the date of its last change."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def _check_room(folder: Path, length: int | None, total: int | None) -> None:
    if total is not None and total > MAX_FILE:
        raise InputError(f"a file must be at most {MAX_FILE // 2**30} GB. Got one of {total / 2**30:,.0f} GB.")
    free = shutil.disk_usage(folder).free
    if length is not None and length > free:
        raise InputError(
            f"`to` must have room for the file. Got {free / 2**30:,.1f} GB free for {length / 2**30:,.1f} GB. Name a folder on another disk."
        )


def _name(url: str, headers: Mapping[str, str]) -> str:
    """Return a safe file name: what the server calls the file, else the end of its address."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    found = re.search(r'filename="?([^";]+)', headers.get("Content-Disposition", ""))
    last = unquote(urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1])
    return safe_name(found.group(1).replace("\\", "/").rsplit("/", 1)[-1] if found else last, suffix=_SUFFIXES.get(kind, ".csv"))
