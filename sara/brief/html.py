"""A `Document` as one HTML file that asks the network for nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sara.brief.document import Block, Columns, Document, Frame

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["to_html"]


def to_html(document: Document) -> str:
    """Return the document as HTML; everything in it is escaped.

    Parameters
    ----------
    document : Document
        What to write.

    Returns
    -------
    str
        A whole page: styles and pictures inside, no reference to any other file. It has no script of its own; an interactive map is a page
        in a frame that can reach neither this one nor a network.
    """
    from sara.plot.interactive import script_hashes

    blocks = [block for section in (*document.front, *document.annex) for block in section.blocks]
    # A frame's page is held to the policy of the page around it: the map's scripts are named there by their fingerprints, no other may run.
    scripts = script_hashes() if any(map(_holds_a_frame, blocks)) else ()
    return _environment().get_template("brief.html.j2").render(document=document, scripts=scripts)


def _holds_a_frame(block: Block) -> bool:
    if isinstance(block, Columns):
        return any(map(_holds_a_frame, (*block.left, *block.right)))
    return isinstance(block, Frame)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sara.brief"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["clean"] = _clean
    return environment


# Marks that turn the reading direction of what follows: a title written by a stranger must not reorder the page.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n"}


def _clean(value: Any) -> str:
    return str(value).translate(_TURNS).translate(_CONTROL)
