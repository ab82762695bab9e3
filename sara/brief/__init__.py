"""A problem told on two pages and an annex, for people who will never open a notebook."""

from __future__ import annotations

from sara.brief.build import build_council, write_brief
from sara.brief.document import BriefFile, Document, Withheld
from sara.brief.html import to_html

__all__ = ["BriefFile", "Document", "Withheld", "build_council", "to_html", "write_brief"]
