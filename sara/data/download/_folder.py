"""The folder of a download: pages as they came, and `manifest.json`, which says where they came from and whether they are all there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sara._version import __version__
from sara.core.errors import InputError, SaraWarning

__all__ = ["MANIFEST", "Folder", "fetched", "provenance_of", "safe_name", "sha256_of"]

MANIFEST = "manifest.json"
# Far above a real one: a page's line is 200 characters, and 100 million rows are under 100,000 pages.
MAX_MANIFEST = 64 * 2**20
_PAGE = re.compile(r"page-\d{6,9}\.(json|xml)")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


class Folder:
    """What has been fetched so far.

    Parameters
    ----------
    path : Path
        The folder; made when the first page is written.
    asked : mapping
        What is asked for: address and query, without keys. A folder holds one question's answer.
    resume : bool
        Whether to go on from what is there.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any], *, resume: bool) -> None:
        if path.exists() and not path.is_dir():
            raise InputError(f"`to` must be a folder. Got the file {path.name!r}. Write: sara.download(url, 'calls/')")
        self.path = path
        found = read_manifest(path)
        if found is not None and not resume:
            self._clear(found)
            (path / MANIFEST).unlink()
            found = None
        if found is not None and found["asked"] != json.loads(json.dumps(dict(asked))):
            raise InputError(
                f"`to` must be an empty folder, or one with the same download. Got {path.name!r} with rows of {found['asked'].get('url')} "
                "(another address, period or condition). Name another folder, or write resume=False to replace them."
            )
        strangers = [] if found is not None else self._strangers()
        if strangers:
            raise InputError(
                f"`to` must be an empty folder: all its files are read together. Got {path.name!r} with {strangers[0]!r}. Name another folder."
            )
        self.data: dict[str, Any] = found or {
            "sara": __version__, "asked": dict(asked), "started": _now(), "finished": None, "status": "partial", "complete": False,
            "rows": 0, "rows_told": None, "repeated": 0, "pages": [], "notes": [],
        }  # fmt: skip
        if self.data["status"] == "unequal":
            # Every page came and yet rows are missing: going on adds nothing, only a fresh start can.
            self._clear(self.data)
            self.data |= {
                "status": "partial",
                "rows": 0,
                "rows_told": None,
                "repeated": 0,
                "pages": [],
                "notes": [],
                "started": _now(),
            }
        self._keep_whole_pages()
        self._written = 0.0

    @property
    def pages(self) -> list[dict[str, Any]]:
        """What each page is: ``file``, ``rows``, ``sha256``, ``bytes``, ``at`` and ``mark`` (where in the question it stands)."""
        return self.data["pages"]  # type: ignore[no-any-return]

    @property
    def rows(self) -> int:
        """Rows fetched so far."""
        return int(self.data["rows"])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to fetch."""
        return self.data["status"] in ("complete", "limited")

    def bodies(self) -> Iterator[bytes]:
        """Give the pages, read back from the disk."""
        return ((self.path / page["file"]).read_bytes() for page in self.pages)

    def add(self, body: bytes, *, rows: int, suffix: str, mark: Mapping[str, Any], repeated: int = 0) -> None:
        """Write a page, then say in the manifest that it is there; a page that brings nothing new only moves the mark."""
        if rows == 0 and self.pages:
            # A file without rows is no table: it would stop the readers.
            self.pages[-1] |= {"mark": dict(mark), "repeated": self.pages[-1].get("repeated", 0) + repeated}
            self.data["repeated"] += repeated
            self._save_now_and_then()
            return
        name = f"page-{len(self.pages) + 1:06d}{suffix}"
        self.path.mkdir(parents=True, exist_ok=True)
        _write(self.path / name, body)
        entry = {
            "file": name,
            "rows": rows,
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "at": _now(),
            "mark": dict(mark),
        }
        self.pages.append(entry | ({"repeated": repeated} if repeated else {}))
        self.data["rows"] += rows
        self.data["repeated"] += repeated
        self._save_now_and_then()

    def _save_now_and_then(self) -> None:
        # A long list is not written anew for every page; what a crash loses is fetched again.
        if len(self.pages) < 100 or time.monotonic() - self._written > 5:
            self.save()

    def note(self, text: str) -> None:
        """Keep a sentence about the download, once."""
        if text not in self.data["notes"]:
            self.data["notes"].append(text)

    def save(self, **values: Any) -> None:
        """Write the manifest, whole or not at all."""
        self.data |= values
        self.path.mkdir(parents=True, exist_ok=True)
        _write(self.path / MANIFEST, (json.dumps(self.data, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())
        self._written = time.monotonic()

    def finish(self, *, status: str, told: int | None) -> None:
        """Say how it ended: complete, limited (as asked) or unequal (to the server's count)."""
        named = {page["file"] for page in self.pages}
        for file in self.path.iterdir():
            # Left by a call that was cut off before it could write the manifest: they would be read with the rest.
            if _PAGE.fullmatch(file.name) and file.name not in named:
                file.unlink()
        self.save(status=status, complete=status == "complete", rows_told=told, finished=_now())

    def _keep_whole_pages(self) -> None:
        """Forget pages from the first one that is missing or was changed."""
        for n, page in enumerate(self.pages):
            file = self.path / page["file"]
            if not file.is_file() or sha256_of(file) != page["sha256"]:
                if self.data["asked"]["kind"] != "file":
                    self._clear({"pages": self.pages[n:]})
                del self.pages[n:]
                self.data |= {
                    "status": "partial",
                    "complete": False,
                    "rows": sum(page["rows"] for page in self.pages),
                    "repeated": sum(page.get("repeated", 0) for page in self.pages),
                }
                return

    def _strangers(self) -> list[str]:
        if not self.path.is_dir():
            return []
        return sorted(
            file.name for file in self.path.iterdir() if not file.name.startswith(".") and not _PAGE.fullmatch(file.name)
        )

    def _clear(self, manifest: Mapping[str, Any]) -> None:
        """Remove the files a manifest names; it names only plain names in this folder."""
        for page in manifest["pages"]:
            (self.path / page["file"]).unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return a folder's manifest, checked; None where sara has written none."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_MANIFEST else None
    except (ValueError, RecursionError):
        data = None
    if not _is_manifest(data):
        raise InputError(
            f"{MANIFEST} must be as sara wrote it. Got something else in {folder.name!r}. Name another folder, or delete the file."
        )
    return data  # type: ignore[no-any-return]


def provenance_of(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return where the rows of a folder or file came from, if sara fetched them; None otherwise.

    Parameters
    ----------
    path : str or path
        What `download` returned.

    Returns
    -------
    dict or None
        ``url``, ``query``, ``fetched`` (ISO time), ``rows``, ``rows_told`` by the server, ``complete``, ``notes``: small, for the record.
    """
    try:
        place = Path(path)
        folder = place if place.is_dir() else place.parent
        found = read_manifest(folder)
    except (InputError, OSError, ValueError):
        return None
    if found is None or (not place.is_dir() and place.name not in [page["file"] for page in found["pages"]]):
        return None
    query = {name: value for name, value in found["asked"].items() if name not in ("url",) and value is not None}
    return {
        "url": found["asked"]["url"],
        "query": query,
        "fetched": found["finished"] or found["started"],
        "rows": found["rows"],
        "rows_told": found["rows_told"],
        "complete": found["complete"],
        "status": found["status"],
        "notes": found["notes"][:5],
    }


def fetched(path: Any) -> dict[str, Any]:
    """Return what goes on the record of a table read from `path`: where it was downloaded, if it was. One that is not whole is warned of."""
    told = provenance_of(path) if isinstance(path, (str, os.PathLike)) else None
    if told is None:
        return {}
    if told["status"] in ("partial", "unequal"):
        rows = f"{told['rows']:,} of {told['rows_told']:,} rows" if told["rows_told"] else f"{told['rows']:,} rows so far"
        warnings.warn(
            f"The download in {Path(path).name!r} is not whole: {rows}. Totals are too low. Call sara.download again with the same address and folder.",
            SaraWarning,
            stacklevel=4,
        )
    return {"download": told}


def safe_name(text: str, *, suffix: str = "") -> str:
    """Return a file name made of letters, digits, dots and dashes that no system minds."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[-100:].lstrip("._-") or "rows"
    if name.split(".")[0].lower() in _RESERVED or name.lower() == MANIFEST:
        name = f"file-{name}"
    return name if "." in name else name + suffix


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_manifest(data: Any) -> bool:
    shape: dict[str, type | tuple[type, ...]] = {
        "asked": dict,
        "status": str,
        "rows": int,
        "repeated": int,
        "pages": list,
        "notes": list,
        "complete": bool,
    }
    if not isinstance(data, dict) or any(not isinstance(data.get(key), kind) for key, kind in shape.items()):
        return False
    if not {"url", "kind"} <= set(data["asked"]) or not {"rows_told", "started", "finished"} <= set(data):
        return False
    return all(
        isinstance(page, dict)
        and isinstance(page.get("file"), str)
        and (_PAGE.fullmatch(page["file"]) is not None or safe_name(page["file"]) == page["file"])
        and isinstance(page.get("rows"), int)
        and isinstance(page.get("sha256"), str)
        and isinstance(page.get("mark"), dict)
        for page in data["pages"]
    )


def _write(path: Path, body: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(body)
    os.replace(draft, path)


def _now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat()
