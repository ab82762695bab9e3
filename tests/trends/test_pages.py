"""The pages on trends: every function is in the index, and every page and picture that is linked is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sara

PAGES = Path(__file__).resolve().parents[2] / "docs" / "trends"
FUNCTIONS = [name for name in sara.trends.__all__ if name.islower()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_in_the_index(name):
    assert f"[`{name}`]({name}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_what_is_linked_is_there(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
