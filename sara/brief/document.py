"""The neutral block model: what a brief says, before anything decides how it looks.

A writer (`html.py` now; others can follow) turns a `Document` into a file. Blocks hold plain text, never markup: escaping is the writer's task.
"""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

__all__ = [
    "LIGHT",
    "Block",
    "BriefFile",
    "Bullets",
    "Columns",
    "Document",
    "Figure",
    "Frame",
    "Lights",
    "Paragraph",
    "Section",
    "Table",
    "Withheld",
    "words_of",
]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `lead` is set larger, `small` smaller."""

    text: str
    style: str = "plain"
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list of short sentences."""

    items: tuple[str, ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Figure:
    """A picture as PNG bytes, with the words for a reader who cannot see it, and how wide it was drawn."""

    png: bytes
    alt: str
    caption: str = ""
    inches: float = 5.0
    kind: ClassVar[str] = "figure"

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class Frame:
    """A page of its own that a reader may open: a picture to move and to ask. On paper it is left out, and so by a writer that can't hold it."""

    summary: str
    page: str
    kind: ClassVar[str] = "frame"


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; `numeric` columns are set flush right, `unbroken` ones on one line."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    unbroken: tuple[int, ...] = ()
    kind: ClassVar[str] = "table"


# The outcome of a check -> its light.
LIGHT = {True: "green", False: "red", None: "amber"}


@dataclass(frozen=True)
class Lights:
    """Checks with their outcome: ``(name, "green" | "amber" | "red", text)``; the writer gives each a shape and a word."""

    checks: tuple[tuple[str, str, str], ...]
    kind: ClassVar[str] = "lights"


@dataclass(frozen=True)
class Columns:
    """Blocks side by side where the page is wide enough."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    kind: ClassVar[str] = "columns"


Block = Paragraph | Bullets | Figure | Frame | Table | Lights | Columns


@dataclass(frozen=True)
class Section:
    """A heading and its blocks."""

    title: str
    blocks: tuple[Block, ...]
    name: str = ""


@dataclass
class Withheld:
    """What a brief does not show, and how many; filled while it is built.

    Parameters
    ----------
    counts : int
        Counts below 10, and larger ones hidden so that no total gives them back.
    addresses : int
        Different places that are shown as hundred blocks or squares.
    help_rows : int
        Rows about calls for help left off lists of places.
    texts : int
        Notes, free text, phone numbers and e-mail addresses not printed.
    """

    counts: int = 0
    addresses: int = 0
    help_rows: int = 0
    texts: int = 0

    @property
    def text(self) -> str:
        """The line a brief prints."""
        parts = []
        if self.counts:
            parts.append(f"{self.counts:,} {_plural(self.counts, 'count')} hidden (below 10, or needed to protect one)")
        if self.addresses:
            parts.append(f"{self.addresses:,} {_plural(self.addresses, 'place')} shown as hundred blocks or squares of 250 m")
        if self.help_rows:
            parts.append(f"{self.help_rows:,} {_plural(self.help_rows, 'row')} about calls for help left off lists of places")
        if self.texts:
            parts.append(f"{self.texts:,} {_plural(self.texts, 'note or text', 'notes and texts')} not printed")
        return f"Withheld to protect people: {'; '.join(parts)}." if parts else "Nothing had to be withheld to protect people."


@dataclass(frozen=True)
class Document:
    """A brief before it has a look.

    Parameters
    ----------
    title, kicker : str
        The heading, and the line above it.
    finding : str
        The bottom line.
    front, annex : tuple of Section
        The two pages, and what follows on new ones.
    facts : tuple of str
        The line under the heading: dates, data, version.
    withheld : Withheld
        What is not shown.
    placebo : bool
        Whether the assessment is of a response that did not happen.
    """

    title: str
    kicker: str
    finding: str
    front: tuple[Section, ...]
    annex: tuple[Section, ...]
    facts: tuple[str, ...]
    withheld: Withheld
    placebo: bool = False
    language: str = "en"


@dataclass(frozen=True)
class BriefFile(os.PathLike[str]):
    """The brief that was written: opens like a path, shows itself in a notebook.

    Parameters
    ----------
    path : Path
        The file.
    withheld : Withheld
        What it does not show, and how many; ``withheld.text`` is the line it prints.
    """

    path: Path
    withheld: Withheld

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        text = self.path.read_text(encoding="utf-8")
        # Of scripts, its own policy lets only those of the interactive map run.
        allowed = 'sandbox="allow-scripts"' if "script-src 'sha256-" in text else "sandbox"
        page = html.escape(text, quote=True)
        return f'<iframe title="Brief" {allowed} srcdoc="{page}" style="width:100%;height:900px;border:1px solid #ccc"></iframe>'


def words_of(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield every text that blocks would print."""
    for block in blocks:
        if isinstance(block, Columns):
            yield from words_of((*block.left, *block.right))
        elif isinstance(block, Table):
            yield from (block.caption, *block.header, *(cell for row in block.rows for cell in row))
        elif isinstance(block, Lights):
            yield from (word for check in block.checks for word in check)
        elif isinstance(block, Figure):
            yield from (block.alt, block.caption)
        elif isinstance(block, Frame):
            yield block.summary
        else:
            yield from block.items if isinstance(block, Bullets) else (block.text,)


def _plural(n: int, one: str, many: str | None = None) -> str:
    return one if n == 1 else (many or one + "s")
