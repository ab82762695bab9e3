"""One careful conversation with one server: https, few redirects, patient retries, and nothing larger than it should be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from sara._version import __version__
from sara.core.errors import InputError

__all__ = ["BrokenError", "Client", "MissingError", "check_url", "excerpt", "plain", "refuse_page"]

TRIES = 5
# Seconds before the second, third ... try: half a minute in all, as long as a portal's hiccup.
WAITS = (1.0, 2.0, 5.0, 20.0)
# A server that asks for more is closed for now: better to say so than to sit still.
LONGEST_WAIT = 300.0
# To connect, and between two pieces of an answer.
TIMEOUT = (15.0, 90.0)
# One page, however slowly its pieces drip in.
LONGEST_PAGE = 600.0
MAX_REDIRECTS = 5
# The largest real pages (50,000 rows of Socrata JSON) are under 60 MB.
MAX_PAGE = 256 * 2**20
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

T = TypeVar("T")


class BrokenError(Exception):
    """An answer that another try may mend.

    Parameters
    ----------
    reason : str
        What was wrong with it.
    wait : float, optional
        Seconds the server asked to wait.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class MissingError(InputError):
    """The server has nothing at this address."""


class Client:
    """Asks one host, and no other.

    Parameters
    ----------
    url : str
        The address the user gave: its host is the one that is asked.
    headers : mapping of str to str
        A token, sent to that host only.
    hosts : sequence of str
        Other hosts a redirect may lead to.
    allow_http : bool
        Whether an unencrypted address will do.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str], hosts: Sequence[str], allow_http: bool) -> None:
        requests = _requests()
        self._requests = requests
        self._host = urlsplit(url).netloc.lower()
        self._secret = dict(headers)
        self._hosts = {host.lower() for host in hosts}
        self._allow_http = allow_http
        self._session = requests.Session()
        # A password file on this computer is not this server's business.
        self._session.auth = lambda request: request
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": f"sara/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def fetch(
        self,
        url: str,
        parse: Callable[[bytes], T],
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> T:
        """Return what `parse` makes of the answer; what it calls `BrokenError` is asked for again."""
        return self.patiently(url, lambda: parse(self._body(url, params, form)))

    def patiently(self, url: str, act: Callable[[], T]) -> T:
        """Return what `act` returns, trying again where it meets a broken answer."""
        failures = self._requests.exceptions
        reason = ""
        for attempt in range(TRIES):
            try:
                return act()
            except BrokenError as broken:
                reason, asked = str(broken), broken.wait
            except failures.SSLError as error:
                raise InputError(
                    f"`url` must be a server whose certificate can be checked. Got {excerpt(error)}. On a network that inspects traffic, "
                    "set REQUESTS_CA_BUNDLE to its certificate file."
                ) from None
            except failures.Timeout:
                reason, asked = "no answer in time", None
            except (failures.ConnectionError, failures.ChunkedEncodingError, failures.ContentDecodingError):
                reason, asked = "the connection failed or was cut", None
            except failures.RequestException as error:
                raise InputError(f"`url` must be an address that can be asked. Got {plain(url)}: {excerpt(error)}.") from None
            if asked is not None and asked > LONGEST_WAIT:
                raise InputError(
                    f"`url` must be open. Got a server ({urlsplit(url).netloc}) that asks to wait {asked:,.0f} s. "
                    "Write the same line again then: it goes on where it stopped."
                )
            if attempt + 1 < TRIES:
                _sleep(max(asked or 0.0, WAITS[attempt]) if asked is None else asked)
        raise InputError(
            f"`url` must answer. Got {TRIES} failures from {plain(url)}, the last: {reason}. "
            "Write the same line again later: it goes on where it stopped."
        )

    @contextmanager
    def open(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Any]:
        """Give an answer whose body has not been read yet; anything but success is an error in words."""
        response = self._send(url, params, form, headers or {})
        try:
            self._check_status(response, url)
            yield response
        finally:
            response.close()

    def _body(self, url: str, params: Mapping[str, Any] | None, form: Mapping[str, Any] | None) -> bytes:
        until = time.monotonic() + LONGEST_PAGE
        with self.open(url, params=params, form=form) as response:
            body = bytearray()
            for piece in response.iter_content(2**16):
                body += piece
                if len(body) > MAX_PAGE:
                    raise InputError(
                        f"a page must be at most {MAX_PAGE // 2**20} MB. Got more from {plain(url)}. Write a smaller page_size."
                    )
                if time.monotonic() > until:
                    raise BrokenError("the answer came too slowly")
            return bytes(body)

    def _send(
        self, url: str, params: Mapping[str, Any] | None, form: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Any:
        first = url
        for _ in range(MAX_REDIRECTS + 1):
            secret = self._secret if urlsplit(url).netloc.lower() == self._host else {}
            response = self._session.request(
                "GET" if form is None else "POST",
                url,
                params=params,
                data=form,
                headers={**headers, **secret},
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
            target = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            response.close()
            target = urljoin(response.url, target)
            self._check_redirect(target)
            if response.status_code in (301, 302, 303):
                form = None
            url, params = target, None
        raise InputError(
            f"`url` must lead somewhere. Got a redirect in a circle from {plain(first)}. Open it in a browser and copy the last address."
        )

    def _check_redirect(self, target: str) -> None:
        check_url(target, allow_http=self._allow_http)
        host = urlsplit(target).netloc.lower()
        if not _same_site(host, self._host) and host not in self._hosts:
            raise InputError(
                f"`url` must stay on its own site. Got a redirect from {self._host} to {host}. If you trust it, write: download(..., hosts=[{host!r}])"
            )

    def _check_status(self, response: Any, url: str) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        if status in _AGAIN:
            raise BrokenError(f"status {status}", _retry_after(response.headers.get("Retry-After")))
        said = _message(response.raw.read(20_000, decode_content=True) or b"")
        if status in (401, 403):
            raise InputError(
                f"`url` must be open to you. Got status {status} from {plain(url)}{said}. If the publisher gave you a token: token='...'"
            )
        if status in (404, 410):
            raise MissingError(
                f"`url` must be there. Got status {status} from {plain(url)}{said}. Open it in a browser: the publisher may have moved it."
            )
        raise InputError(f"`url` must be a question the server can answer. Got status {status} from {plain(url)}{said}.")


def check_url(url: Any, *, allow_http: bool) -> str:
    """Return an address that is safe to ask: https, or this very computer."""
    if not isinstance(url, str) or not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
        raise InputError(
            f"`url` must be a web address. Got {_short(url)}. Write: sara.download('https://data.city.gov/resource/abcd-1234.json', 'calls/')"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"`url` must be a web address. Got {_short(url)}.") from None
    if parts.username or parts.password:
        raise InputError(
            "`url` must not hold a user name or password: it would be written down. Take it out and write token='...'"
        )
    if parts.scheme.lower() == "http" and host not in _LOCAL and not allow_http:
        raise InputError(
            f"`url` must start with https://. Got {plain(url)}. If the server has no https and the rows are public: allow_http=True"
        )
    return url


def refuse_page(body: bytes, url: str) -> None:
    """Raise if the answer is a web page: a login, a block page, a notice."""
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")):
        return
    found = re.search(rb"<title[^>]*>(.{0,300}?)</title>", body[:50_000], re.IGNORECASE | re.DOTALL)
    title = f" titled {excerpt(unescape(found.group(1).decode('utf-8', 'replace')))!r}" if found else ""
    raise InputError(
        f"`url` must answer with data. Got a web page{title} from {plain(url)}. It may be a login or a notice: open it in a browser; "
        "if the publisher gave you a token: token='...'"
    )


def plain(url: str) -> str:
    """Return an address without what follows the question mark: keys may stand there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}{parts.path}"


def excerpt(value: object, most: int = 200) -> str:
    """Return words of a stranger on one line, shortened."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _message(body: bytes) -> str:
    """Return what an error answer says, in brackets; nothing where it says nothing readable."""
    text = body.decode("utf-8", "replace")
    for key in ("message", "description", "error"):
        found = re.search(rf'"{key}"\s*:\s*"((?:[^"\\]|\\.){{1,400}})"', text)
        if found:
            return f" ({excerpt(found.group(1))})"
    found = re.search(r"<description>(.{1,400}?)</description>", text, re.DOTALL)
    return f" ({excerpt(unescape(found.group(1)))})" if found else ""


def _retry_after(value: str | None) -> float | None:
    """Return seconds to wait, from a number or a date."""
    if not value:
        return None
    if re.fullmatch(r"\s*\d{1,9}(\.\d+)?\s*", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds()) if when.tzinfo else None


def _same_site(one: str, other: str) -> bool:
    """Tell whether two hosts are one, but for a leading www., or one lies under the other."""
    one, other = (host.removeprefix("www.") for host in (one, other))
    under = one.endswith("." + other) or other.endswith("." + one)
    return one == other or (under and min(one.count("."), other.count(".")) >= 1)


def _short(value: object) -> str:
    return repr(excerpt(value.split("?")[0], 120)) if isinstance(value, str) else f"a {type(value).__name__}"


def _requests() -> ModuleType:
    try:
        import requests
    except ImportError:
        raise InputError(
            '`sara.download` must have the package requests. Got an installation without it. Write in a shell: pip install "sara-pop[web]"'
        ) from None
    return requests


def _sleep(seconds: float) -> None:
    time.sleep(seconds)
