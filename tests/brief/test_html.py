"""The page: whole, escaped, accessible, and silent on the network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from sara.brief import Document, Withheld, to_html
from sara.brief.document import BriefFile, Bullets, Columns, Figure, Lights, Paragraph, Section, Table

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://x")',
    "{{ 7*7 }}",
    "\u202eevil\u202c",
    "a & b",
    "' onload='x",
    "\x00\x08",
]
PNG = b"\x89PNG\r\n\x1a\n"


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, *names):
        return [(tag, attrs) for tag, attrs in self.tags if tag in names]


def document(word: str = "word", **changes) -> Document:
    blocks = (
        Paragraph(word, "lead"), Bullets((word,)), Figure(PNG, word, word), Lights(((word, "green", word), (word, "amber", word), (word, "red", word))),
        Table(word, (word, "n"), ((word, "1"), (word, "2")), (1,)), Columns((Paragraph(word),), (Figure(PNG, word),)),
    )  # fmt: skip
    section = Section(word, blocks)
    fields = {
        "title": word,
        "kicker": word,
        "finding": word,
        "front": (section,),
        "annex": (section,),
        "facts": (word, word),
        "withheld": Withheld(counts=14),
    }
    return Document(**{**fields, **changes})


@pytest.mark.parametrize("word", NASTY)
def test_everything_is_escaped(word):
    page = to_html(document(word))
    reader = Reader(page)
    assert not reader.all("script", "iframe", "object", "embed", "form", "a", "link", "base")
    assert all(not name.startswith("on") for _, attrs in reader.tags for name in attrs)
    assert len(reader.all("img")) == 4
    assert all(attrs["src"].startswith("data:image/png;base64,") for _, attrs in reader.all("img"))
    assert "{{ 7*7 }}" in reader.text or word != "{{ 7*7 }}"
    assert not set(page) & set("\u202e\u202c\x00\x08")


def test_nothing_is_asked_of_the_network():
    page = to_html(document())
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r"base64,[^\"]*", "", page), re.IGNORECASE)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_the_page_can_be_read_aloud():
    reader = Reader(to_html(document()))
    assert reader.all("html")[0][1]["lang"] == "en"
    assert len(reader.all("h1")) == 1
    assert len(reader.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in reader.all("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all(attrs.get("alt") for _, attrs in reader.all("img"))
    assert all(attrs.get("scope") in ("col", "row") for _, attrs in reader.all("th"))
    assert len(reader.all("caption")) == len(reader.all("table"))
    assert reader.all("title")


def test_lights_are_told_apart_without_color():
    text = Reader(to_html(document())).text
    assert "● holds" in text
    assert "▲ open" in text
    assert "■ fails" in text


def test_the_line_of_what_was_withheld_is_on_the_page():
    assert "14 counts hidden" in to_html(document())


def test_colors_reach_the_contrast_of_wcag_aa():
    page = to_html(document())
    style = page[page.index("<style>") : page.index("</style>")]
    found = set(re.findall(r"color: (#[0-9a-f]{6})", style)) | set(re.findall(r"--(?:ink|muted|accent): (#[0-9a-f]{6})", style))
    assert len(found) >= 5
    grounds = ("#ffffff", "#eef4f9", "#fff4e5")
    assert min(contrast(color, ground) for color in found for ground in grounds) >= 4.5


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_brief_opens_like_a_path_and_shows_itself(tmp_path):
    path = tmp_path / "brief.html"
    path.write_text(to_html(document('"><script>alert(1)</script>')), encoding="utf-8")
    brief = BriefFile(path, Withheld())
    with open(brief, encoding="utf-8") as file:
        assert file.read().startswith("<!DOCTYPE html>")
    assert str(brief) == str(path)
    shown = Reader(brief._repr_html_())
    assert [tag for tag, _ in shown.tags] == ["iframe"]
    assert "sandbox" in shown.tags[0][1]
    assert shown.tags[0][1]["srcdoc"] == path.read_text(encoding="utf-8")
