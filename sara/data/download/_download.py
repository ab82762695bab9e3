"""`download`: the rows of a portal, in pages as they came, with a manifest that says whether they are all there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pandas as pd

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError, SaraWarning
from sara.data.download._arcgis import ArcGis, is_arcgis
from sara.data.download._ckan import Ckan, resource_id
from sara.data.download._client import Client, check_url, plain
from sara.data.download._file import fetch_file
from sara.data.download._folder import Folder
from sara.data.download._open311 import Open311, is_open311
from sara.data.download._pages import Page, State, without
from sara.data.download._progress import shown
from sara.data.download._socrata import Socrata, dataset_id

__all__ = ["download"]

SERVICES: dict[str, Any] = {"socrata": Socrata, "arcgis": ArcGis, "open311": Open311, "ckan": Ckan}
KINDS = (*SERVICES, "file")
_SECRET = frozenset(
    {
        "token",
        "$$app_token",
        "app_token",
        "api_key",
        "apikey",
        "key",
        "access_token",
        "sig",
        "signature",
        "x-amz-signature",
        "password",
    }
)


def download(
    url: str,
    to: str | os.PathLike[str],
    *,
    kind: str | None = None,
    since: str | pd.Timestamp | None = None,
    until: str | pd.Timestamp | None = None,
    time: str | None = None,
    where: str | None = None,
    page_size: int | None = None,
    max_rows: int | None = None,
    token: str | None = None,
    hosts: Sequence[str] = (),
    allow_http: bool = False,
    resume: bool = True,
    progress: bool | None = None,
) -> Path:
    """Fetch the rows a city publishes into a folder, and check that all of them came.

    The only function of sara that uses the network; needs the extra ``web``. Read what it fetched with `read_calls` or `read_complaints`.

    Parameters
    ----------
    url : str
        A Socrata dataset (``/resource/abcd-1234.json``, ``/d/abcd-1234`` or its page), an ArcGIS layer (``.../FeatureServer/0``), an Open311
        server (``.../requests.json``), a CKAN resource, or a file.
    to : str or path
        A folder for this download alone.
    kind : {"socrata", "arcgis", "open311", "ckan", "file"}, optional
        What answers at `url`, where its address does not tell.
    since, until : str or Timestamp, optional
        From when (included) to when (not included), on the server's clock; of Open311 in UTC. Open311 without `since`: the last 90 days.
    time : str, optional
        The column `since` and `until` are about; needed where a dataset has more than one column of dates.
    where : str, optional
        A condition in the server's own language, sent as it is: ``"beat = '12'"``.
    page_size : int, optional
        Rows to ask for at a time: 10,000 (Socrata, CKAN), 100 (Open311), the layer's own limit (ArcGIS) if not given.
    max_rows : int, optional
        Stop after so many rows.
    token : str, optional
        Your key for this server. Sent to its host only, as a header; never written down.
    hosts : sequence of str
        Other hosts a redirect may lead to. By default a redirect to another site is refused.
    allow_http : bool
        Whether an address without encryption will do.
    resume : bool
        Whether to go on after the last whole page of an earlier call. If False, what an earlier call fetched into `to` is replaced.
    progress : bool, optional
        Whether to show a bar; if not given, in a terminal or a notebook only.

    Returns
    -------
    Path
        What to hand to a reader: the folder of pages, or the file.

    Raises
    ------
    InputError
        If the address is not one, the server refuses or keeps failing, a web page comes instead of data, or the folder holds something else.

    Warns
    -----
    SaraWarning
        If the server says it has more rows than came, or the same row came on two pages.

    Notes
    -----
    Each page is written as it came. Rows that come a second time with the same id are left out of the later page, and counted. Pages hold
    what the city publishes, names in free text included: treat the folder as you treat the city's file. ``manifest.json`` there has address,
    query, time, rows and SHA-256 of each page, the count the server told, and ``complete``. A finished folder is not asked for again: for
    newer rows name another folder, and `refresh`. Failures are tried five times in half a minute; a server's ``Retry-After`` is kept to.

    Examples
    --------
    >>> import sara
    >>> sara.download("http://data.city.gov/resource/abcd-1234.json", "calls/")
    Traceback (most recent call last):
    sara.core.errors.InputError: `url` must start with https://. Got http://data.city.gov/resource/abcd-1234.json. If the server has no https ...
    """
    check_url(url, allow_http=allow_http)
    kind = _kind_of(url) if kind is None else check_choice(kind, KINDS, name="kind")
    url, token = _without_token(url, kind, token)
    asked = {
        "url": _redacted(url), "kind": kind, "since": _stamp(since, "since"), "until": _stamp(until, "until"),
        "time": _text(time, "time"), "where": _text(where, "where"), "max_rows": None if max_rows is None else check_count(max_rows, name="max_rows"),
    }  # fmt: skip
    if any(mark in str(asked["time"]) for mark in "`'\";"):
        raise InputError(f"`time` must be the name of a column. Got {time!r}.")
    size = None if page_size is None else check_count(page_size, name="page_size")
    target = _folder_path(to)
    with Client(url, headers=_header(kind, token), hosts=_host_names(hosts), allow_http=allow_http) as client:
        folder = Folder(target, asked, resume=resume)
        if kind == "file":
            return _one_file(client, url, folder, asked, progress)
        if not folder.finished:
            _all_pages(SERVICES[kind](client, url, _fixed_end(asked, folder), page_size=size), folder, asked, progress)
    return target


def _all_pages(service: Any, folder: Folder, asked: dict[str, Any], progress: bool | None) -> None:
    """Fetch what is missing, page by page, then hold it against the count."""
    told = service.count()
    if told == 0 and not folder.pages:
        raise InputError(f"`url` must hold rows. Got none from {asked['url']}{_chosen(asked)}. Check since=, until= and where=")
    if asked["kind"] == "open311" and "services" not in folder.data:
        folder.data["services"] = service.services()
    wanted = asked["max_rows"]
    seen = {key for body in folder.bodies() for key in service.again(body) if key is not None}
    mark = folder.pages[-1]["mark"] if folder.pages else None
    state = State(mark, seen, folder.rows, None if wanted is None else max(0, wanted - folder.rows))
    alike = 0
    total = told if wanted is None else min(told or wanted, wanted)
    try:
        with shown(asked["url"].split("/")[2], progress=progress, done=folder.rows, total=total) as show:
            for page in service.pages(state) if state.room != 0 else ():
                alike += _keep(page, folder, state)
                show(folder.rows)
                if state.room == 0:
                    break
    finally:
        for note in getattr(service, "notes", ()):
            folder.note(note)
        if folder.pages:
            folder.save()
    _close(service, folder, asked, told, alike)


def _keep(page: Page, folder: Folder, state: State) -> int:
    """Write a page without rows that were there before; return how many rows only look like earlier ones."""
    own: set[str] = set()
    drop: set[int] = set()
    alike = 0
    for n, key in enumerate(page.keys):
        if key is None:
            continue
        if key in state.seen or (page.sure and key in own):
            alike += 1
            if page.sure:
                drop.add(n)
        own.add(key)
    repeated = len(drop)
    if state.room is not None and len(page.keys) - len(drop) > state.room:
        left = [n for n in range(len(page.keys)) if n not in drop]
        drop |= set(left[state.room :])
    kept = len(page.keys) - len(drop)
    folder.add(without(page, drop), rows=kept, suffix=page.suffix, mark=page.mark, repeated=repeated)
    state.seen |= own
    state.rows += kept
    state.room = None if state.room is None else state.room - kept
    return 0 if page.sure else alike


def _close(service: Any, folder: Folder, asked: dict[str, Any], told: int | None, alike: int) -> None:
    """Say whether all rows came."""
    limited = asked["max_rows"] is not None and folder.rows >= asked["max_rows"]
    if not folder.pages:
        raise InputError(f"`url` must hold rows. Got none from {asked['url']}{_chosen(asked)}. Check since=, until= and where=")
    if alike:
        folder.note(
            f"{alike:,} rows are equal, to the letter, to a row of an earlier page. Either the publisher has them twice, or its order changed between pages."
        )
    if told is not None and not limited and folder.rows != told:
        now = service.count()
        if now == folder.rows:
            told = now
    enough = limited or told is None or folder.rows == told
    if not enough:
        folder.note(_difference(folder, told or 0))
    doubtful = any("may be missing" in note for note in folder.data["notes"])
    status = (
        "unequal" if not enough or (doubtful and not limited) else "limited" if limited and folder.rows != told else "complete"
    )
    folder.finish(status=status, told=told)
    if folder.data["notes"]:
        warnings.warn(" ".join(folder.data["notes"]), SaraWarning, stacklevel=4)


def _difference(folder: Folder, told: int) -> str:
    repeated = folder.data["repeated"]
    twice = f" {repeated:,} rows came on two pages and are kept once: the server's order changed in between." if repeated else ""
    if folder.rows < told:
        return f"The server says it has {told:,} rows; {folder.rows:,} came, so {told - folder.rows:,} are missing.{twice} Call download again: it starts anew. Until then, totals are too low."
    return f"The server says it has {told:,} rows; {folder.rows:,} came.{twice} Rows were added while they were fetched, or its count is wrong."


def _one_file(client: Client, url: str, folder: Folder, asked: dict[str, Any], progress: bool | None) -> Path:
    if any(asked[word] is not None for word in ("since", "until", "time", "where", "max_rows")):
        raise InputError(
            f"`since`, `until`, `time`, `where` and `max_rows` must be left out for a file: it comes whole. Got {plain(url)}. "
            "If a portal answers there, say which: kind='socrata'"
        )
    had = folder.path / ".download.part"
    done = had.stat().st_size if had.is_file() else 0
    with shown(
        asked["url"].split("/")[2], progress=progress, done=done, total=(folder.data.get("part") or {}).get("total"), unit="bytes"
    ) as show:
        return fetch_file(client, url, folder, show)


def _kind_of(url: str) -> str:
    if is_arcgis(url):
        return "arcgis"
    if dataset_id(url):
        return "socrata"
    if resource_id(url):
        return "ckan"
    return "open311" if is_open311(url) else "file"


def _fixed_end(asked: dict[str, Any], folder: Folder) -> dict[str, Any]:
    """Return the question with the end of time that its first call had: what is resumed must not move."""
    if asked["kind"] != "open311" or asked["until"] is not None:
        return asked
    return asked | {"until": folder.data.setdefault("until", pd.Timestamp(folder.data["started"]).tz_localize(None).isoformat())}


def _header(kind: str, token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
        raise InputError("`token` must be the key as the publisher gave it. Got something that is not one line of plain letters.")
    name = SERVICES[kind].header if kind in SERVICES else "Authorization"
    return {name: f"Bearer {token.strip()}" if kind in ("arcgis", "file") else token.strip()}


def _without_token(url: str, kind: str, token: str | None) -> tuple[str, str | None]:
    """Take a key out of a portal's address: it goes into the header. A file's address stays as it is."""
    if kind == "file":
        return url, token
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    found = [value for key, value in pairs if key.lower() in ("$$app_token", "token")]
    rest = [(key, value) for key, value in pairs if key.lower() not in ("$$app_token", "token")]
    return (urlunsplit(parts._replace(query=urlencode(rest), fragment="")), token or found[0]) if found else (url, token)


def _redacted(url: str) -> str:
    """Return the address as it may be written down: without the values of keys."""
    parts = urlsplit(url)
    pairs = [(key, "..." if key.lower() in _SECRET else value) for key, value in parse_qsl(parts.query, keep_blank_values=True)]
    return urlunsplit(parts._replace(query=urlencode(pairs, safe="$:,()"), fragment=""))


def _stamp(value: Any, name: str) -> str | None:
    if value is None:
        return None
    try:
        stamp = pd.Timestamp(value) if isinstance(value, (str, pd.Timestamp)) or hasattr(value, "year") else pd.NaT
    except (ValueError, TypeError):
        stamp = pd.NaT
    if pd.isna(stamp):
        raise InputError(f"`{name}` must be a date. Got {value!r}. Write ISO text: '2024-03-01'.")
    return stamp.isoformat()


def _text(value: Any, name: str) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InputError(f"`{name}` must be text. Got {value!r}.")
    return value


def _folder_path(to: Any) -> Path:
    if not isinstance(to, (str, os.PathLike)) or not os.fspath(to):
        raise InputError(f"`to` must be a folder. Got {to!r}. Write: sara.download(url, 'calls/')")
    return Path(to)


def _host_names(hosts: Any) -> list[str]:
    if isinstance(hosts, str) or not all(isinstance(host, str) for host in hosts):
        raise InputError(f"`hosts` must be a list of host names. Got {hosts!r}. Write: hosts=['files.city.gov']")
    return list(hosts)


def _chosen(asked: dict[str, Any]) -> str:
    words = [f"{name}={asked[name]!r}" for name in ("since", "until", "where") if asked[name] is not None]
    return f" with {', '.join(words)}" if words else ""
