"""XML: the requests of an Open311 endpoint, and other lists of flat records."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from sara.core.errors import InputError
from sara.data.formats._raw import RawFile
from sara.data.formats._records import from_records

__all__ = ["looks_like_xml", "read_xml"]

# No description of a request is nested deeper; what is was not written by a city.
MAX_DEPTH = 50
# A tree takes many times its text in memory.
MAX_XML = 500_000_000
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class _Tree(TreeBuilder):
    """Builds the tree, as deep as a tree of records can be."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.depth = name, 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise InputError(f"`path` must not nest elements without end. Got XML deeper than {MAX_DEPTH}: {self.name}.")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Close an element."""
        self.depth -= 1
        return super().end(tag)


def looks_like_xml(content: bytes) -> bool:
    """Whether a file begins as XML does and is no web page."""
    start = content[:2000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = content[:2000].decode("utf-16", errors="ignore").encode().lstrip().lower()
    return (
        start.startswith((b"<?xml", b"<service_requests", b"<response", b"<services", b"<errors", b"<records"))
        and b"<html" not in start
    )


def read_xml(content: bytes, name: str, sha: str | None) -> RawFile:
    """Read the repeated elements of an XML file; entities are refused, whatever they hold."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    if len(content) > MAX_XML:
        raise InputError(
            f"`path` must be XML of at most {MAX_XML / 1e6:.0f} MB. Got {len(content) / 1e6:,.0f} MB in {name}. Ask the publisher for CSV or Parquet, or split it and read the folder."
        )
    parser = DefusedXMLParser(target=_Tree(name), forbid_dtd=True)
    try:
        # All at once: fed in pieces, one long value is looked through from its start at each of them.
        parser.feed(content)
        root = parser.close()
    except InputError:
        raise
    except DefusedXmlException:
        raise InputError(
            f"`path` must be XML without a document type or entities. Got {name}, which has them: no city's export does. Do not trust this file."
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(f"`path` must be whole XML. Got {name}, which is damaged ({error}). Download it again.") from None
    _check_kind(root, name)
    rows = _rows(root)
    open311 = any(_tag(child) == "service_request_id" for row in rows[:50] for child in row)
    return from_records([_record(row) for row in rows], name, sha, notes={"format": "Open311 XML" if open311 else "xml"})


def _tag(element: Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _check_kind(root: Element, name: str) -> None:
    kind = _tag(root).lower()
    if kind == "errors" or kind == "error":
        said = " ".join(text.strip() for text in root.itertext() if text.strip())
        raise InputError(
            f"`path` must hold requests. Got the error a service answered with in {name}: {said[:300]}. Ask the service again."
        )
    if kind == "services":
        raise InputError(
            f"`path` must hold requests. Got the list of services of an Open311 endpoint: {name}. Download requests.xml or requests.json in its place."
        )
    if kind in ("kml", "gpx", "workbook", "html", "rss", "feed", "metadata"):
        raise InputError(
            f"`path` must be a table. Got XML of the kind {kind!r}: {name}. Download it as GeoJSON or CSV, or save it from Excel as .xlsx."
        )


def _rows(root: Element) -> list[Element]:
    """Return the largest set of equal elements under one parent that have elements or attributes of their own."""
    best: list[Element] = []
    level = [root]
    for _ in range(4):
        for parent in level:
            counted = Counter(str(child.tag) for child in parent if len(child) or child.attrib)
            if not counted:
                continue
            tag, n = counted.most_common(1)[0]
            # Some portals put an empty element among the rows: it is a row that says nothing.
            if n > len(best) and (n > 1 or not best):
                best = [child for child in parent if child.tag == tag]
        if len(best) > 1:
            break
        level = [child for parent in level for child in parent]
    return best


def _record(row: Element) -> dict[str, Any]:
    """Return a row's fields; an element that is nil or empty is missing."""
    out: dict[str, Any] = {}
    for key, value in row.attrib.items():
        out[str(key).rsplit("}", 1)[-1]] = value
    for child in row:
        name = _tag(child)
        if str(child.attrib.get(_NIL, "")).lower() in ("true", "1"):
            out.setdefault(name, None)
        elif len(child):
            for inner, value in _record(child).items():
                out[f"{name}_{inner}"] = value
        elif child.text and child.text.strip():
            out[name] = child.text if name not in out or out[name] is None else f"{out[name]}, {child.text}"
        else:
            out.setdefault(name, None)
            for key, value in child.attrib.items():
                out[f"{name}_{str(key).rsplit('}', 1)[-1]}"] = value
    return out
