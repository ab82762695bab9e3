"""Open311 GeoReport v2: windows of at most 90 days, pages within a window where the server has them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

from sara.core.errors import InputError
from sara.data.download._client import BrokenError, Client, MissingError, excerpt, refuse_page
from sara.data.download._pages import Page, State, as_rows, json_of, text_key

__all__ = ["Open311", "is_open311"]

WINDOW = pd.Timedelta(days=90)
# A window this short that is still full can't be divided in good faith.
SHORTEST = pd.Timedelta(hours=1)
PAGE_SIZE = 100
_ENDPOINT = re.compile(r"(.*?)/(requests|services)\.(json|xml)", re.IGNORECASE)
_BASE = re.compile(r".*/open311(?:/.*)?", re.IGNORECASE)


def is_open311(url: str) -> bool:
    """Tell whether an address is that of an Open311 server."""
    path = urlsplit(url).path
    return _ENDPOINT.fullmatch(path) is not None or _BASE.fullmatch(path) is not None


class Open311:
    """The requests of one Open311 server."""

    header = "X-Api-Key"

    def __init__(self, client: Client, url: str, asked: Mapping[str, Any], *, page_size: int | None) -> None:
        if asked["time"] is not None or asked["where"] is not None:
            raise InputError(
                "`time` and `where` must be left out for Open311. Choose by since=, until= and, in the address, ?service_code=..."
            )
        parts = urlsplit(url)
        found = _ENDPOINT.fullmatch(parts.path)
        root = found.group(1) if found else parts.path.rstrip("/")
        self._kind = found.group(3).lower() if found else "json"
        self._base = f"{parts.scheme}://{parts.netloc}{root}"
        self._url = f"{self._base}/requests.{self._kind}"
        own = ("start_date", "end_date", "page", "page_size")
        self._fixed = {key: value for key, value in parse_qsl(parts.query) if key not in own}
        self._client = client
        self._size = page_size or PAGE_SIZE
        self._end = _utc(asked["until"]) if asked["until"] else pd.Timestamp(datetime.now(UTC)).floor("s").tz_localize(None)
        self._start = _utc(asked["since"]) if asked["since"] else self._end - WINDOW
        if self._start >= self._end:
            raise InputError(f"`since` must be before `until`. Got {self._start:%Y-%m-%d} and {self._end:%Y-%m-%d}.")
        # Sentences for the manifest, found on the way.
        self.notes: list[str] = []

    def count(self) -> int | None:
        """Return None: an Open311 server does not say how many requests it holds."""
        return None

    def services(self) -> list[dict[str, str]]:
        """Return the kinds of request the server knows; empty where it does not tell."""
        params = {key: value for key, value in self._fixed.items() if key == "jurisdiction_id"}
        url = f"{self._base}/services.{self._kind}"
        try:
            found = self._client.fetch(url, lambda body: self._elements(body, url), params=params)
        except InputError:
            return []
        return [
            {key: excerpt(row[key]) for key in ("service_code", "service_name", "group") if row.get(key)} for row in found[:2000]
        ]

    def pages(self, state: State) -> Iterator[Page]:
        """Give the pages of window after window, from where the last one ended."""
        windows, page = self._windows(state)
        while windows:
            start, end = windows.pop()
            full = yield from self._window(state, start, end, page)
            page = 1
            if full and end - start >= 2 * SHORTEST:
                middle = (start + (end - start) / 2).floor("s")
                windows += [(middle, end), (start, middle)]
            elif full:
                self.notes.append(
                    f"The server gives no second page, and the hour from {start:%Y-%m-%d %H:%M} looks full: requests may be missing."
                )

    def again(self, body: bytes) -> list[str | None]:
        """Return the keys of a page read back from the disk."""
        return [text_key(row.get("service_request_id")) for row in self._elements(body, self._url)]

    def _windows(self, state: State) -> tuple[list[tuple[pd.Timestamp, pd.Timestamp]], int]:
        """Return the windows still to ask for, the next one last, and the page to begin with."""
        at, page, out = self._start, 1, []
        if state.mark:
            first, last = pd.Timestamp(state.mark["from"]), pd.Timestamp(state.mark["to"])
            out, at, page = [(first, last)], last, int(state.mark["page"]) + 1
        while at < self._end:
            out.append((at, min(at + WINDOW, self._end)))
            at = out[-1][1]
        return out[::-1], page

    def _window(self, state: State, start: pd.Timestamp, end: pd.Timestamp, page: int) -> Generator[Page, None, bool]:
        """Give the pages of one window; return whether it looks cut off by a server without pages."""
        before: list[str | None] | None = None
        while True:
            # Both ends are asked for, so that no request on the edge is lost; the one that comes twice is kept once.
            asked = {
                **self._fixed,
                "start_date": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "end_date": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                "page": page,
                "page_size": self._size,
            }
            try:
                body, rows = self._client.fetch(self._url, self._parsed, params=asked)
            except MissingError:
                if page == 1:
                    raise
                return False
            keys = [text_key(row.get("service_request_id")) for row in rows]
            if not rows:
                return False
            if page > 1 and (keys == before or all(key is not None and key in state.seen for key in keys)):
                # The same rows again: this server knows no pages. A round number of rows is a limit rather than a count.
                # Where dates do not count, shorter windows bring the same rows.
                return len(keys) % 50 == 0 and not self._ignores_dates(rows, start, end)
            yield Page(
                body,
                keys,
                True,
                {"from": start.isoformat(), "to": end.isoformat(), "page": page},
                ("xml",) if self._kind == "xml" else (),
            )
            before, page = keys, page + 1

    def _ignores_dates(self, rows: list[dict[str, Any]], start: pd.Timestamp, end: pd.Timestamp) -> bool:
        """Tell whether the server answers with other dates than asked for."""
        said = pd.Series([row.get("requested_datetime") for row in rows], dtype=object)
        times = pd.to_datetime(said, errors="coerce", utc=True, format="ISO8601").dropna()
        # Servers without a zone may mean their own clock.
        slack = pd.Timedelta(days=1)
        outside = ~times.dt.tz_localize(None).between(start - slack, end + slack)
        if len(times) == 0 or outside.mean() <= 0.5:
            return False
        note = "The server answers with requests of other dates than asked for: requests may be missing."
        if note not in self.notes:
            self.notes.append(note)
        return True

    def _parsed(self, body: bytes) -> tuple[bytes, list[dict[str, Any]]]:
        return body, self._elements(body, self._url)

    def _elements(self, body: bytes, url: str) -> list[dict[str, Any]]:
        if self._kind == "json":
            value = json_of(body, url)
            if (
                isinstance(value, list)
                and value
                and all(isinstance(row, dict) and set(row) == {"code", "description"} for row in value)
            ):
                raise InputError(f"`url` must be a question the server can answer. Got {excerpt(value[0])} from {url}.")
            return as_rows(value, url)
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring

        refuse_page(body, url)
        try:
            root = fromstring(body)
        except ParseError as error:
            raise BrokenError(f"an answer that is not whole XML ({excerpt(error, 80)})") from None
        except DefusedXmlException:
            raise InputError(f"`url` must answer with plain XML. Got entities or a document type from {url}.") from None
        if root.tag.rsplit("}", 1)[-1] == "errors":
            raise InputError(
                f"`url` must be a question the server can answer. Got {excerpt(' '.join(root.itertext()))} from {url}."
            )
        return [{child.tag.rsplit("}", 1)[-1]: child.text for child in element} for element in root]


def _utc(text: str) -> pd.Timestamp:
    stamp = pd.Timestamp(text)
    return stamp if stamp.tz is None else stamp.tz_convert("UTC").tz_localize(None)
