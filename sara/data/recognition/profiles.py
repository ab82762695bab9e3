"""Profiles: what recognition cannot know about a publisher's files."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from sara.core.errors import InputError, suggest
from sara.data._build import FIELDS, JOINED
from sara.data._columns import Origin
from sara.data._coordinates import check_crs
from sara.data.kinds.origin import ORIGINS
from sara.data.times.parse import check_zone

__all__ = ["Profile", "find_profile", "profile_text", "profiles", "read_profile"]

_KEYS = ("title", "source", "tz", "crs", "epoch", "dayfirst", "signature", "columns", "origin", "notes")
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Profile:
    """One publisher's file.

    Parameters
    ----------
    name : str
        File name of the profile.
    title : str
        What the file is, for a reader.
    source : str
        ``"calls"``, ``"complaints"`` or another word.
    signature : tuple of str
        Columns that must all be there for the profile to be chosen by itself.
    columns : dict
        Field -> column or columns.
    tz, crs, epoch, dayfirst : optional
        As in `read_events`.
    origin : Origin
        Markers of officer-initiated rows.
    """

    name: str
    title: str
    source: str
    signature: tuple[str, ...]
    columns: Mapping[str, Any]
    tz: str | None = None
    crs: Any = None
    epoch: str | None = None
    dayfirst: bool | None = None
    origin: Origin = field(default_factory=Origin)
    # Fields whose columns this file lacks, of a profile that was chosen by the header: recognition may find them under another name.
    lacking: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def profiles() -> dict[str, Profile]:
    """Return every profile that comes with sara, by name."""
    folder = resources.files("sara.data").joinpath("profiles")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): _profile(
            file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8"))
        )
        for file in files
    }


def find_profile(name: str | PathLike[str] | None, header: Iterable[str], source: str | None = None) -> Profile | None:
    """Return the profile named, that of a .toml file, or the one whose signature the header holds (the longest wins), or None."""
    columns = [str(column) for column in header]
    if name is not None:
        if str(name).lower().endswith(".toml") or isinstance(name, PathLike):
            return _as_spelled(read_profile(name), columns)
        if name not in profiles():
            raise InputError(
                f"`profile` must be one of {', '.join(map(repr, profiles()))}, or the path of a .toml file. Got {name!r}.{suggest(str(name), profiles())}"
            )
        return _as_spelled(profiles()[str(name)], columns)
    plain = {_plain(column) for column in columns}
    fitting = [
        p
        for p in profiles().values()
        if p.signature and {_plain(c) for c in p.signature} <= plain and source in (None, p.source, "events")
    ]
    best = max(fitting, key=lambda p: len(p.signature), default=None)
    if best is None:
        return None
    known = _as_spelled(best, columns)
    # A column that this year's file lacks costs its field; the file is still the publisher's.
    there = {
        name: given for name, given in known.columns.items() if set([given] if isinstance(given, str) else given) <= set(columns)
    }
    # Half a location is none.
    half = {one for pair in (("lon", "lat"), ("x", "y")) if len(there.keys() & set(pair)) == 1 for one in pair}
    there = {name: given for name, given in there.items() if name not in half}
    timed = any(name in there for name in ("time", "received", "dispatched", "arrived", "closed"))
    return replace(known, columns=there, lacking=tuple(name for name in known.columns if name not in there)) if timed else None


def _plain(column: str) -> str:
    """Return a name without case and signs: portals export one table as "Call Received", "call_received" and "CALLRECEIVED"."""
    return re.sub(r"[^a-z0-9]", "", str(column).lower())


def _as_spelled(profile: Profile, header: Iterable[str]) -> Profile:
    """Return the profile with its columns spelled as in this file."""
    have = [str(column) for column in header]
    spelled: dict[str, str] = {}
    for column in have:
        spelled.setdefault(_plain(column), column)
    one = lambda column: column if column in have else spelled.get(_plain(column), column)  # noqa: E731
    return replace(
        profile,
        columns={
            name: one(given) if isinstance(given, str) else [one(part) for part in given]
            for name, given in profile.columns.items()
        },
    )


def read_profile(path: str | PathLike[str]) -> Profile:
    """Return the profile in a TOML file, checked."""
    file = Path(path)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"`profile` must be a small TOML file. Got {file.name!r} of {file.stat().st_size:,} bytes.")
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError:
        raise InputError(
            f"`profile` must be a .toml file that is there. Got {str(path)!r}. Make one: sara.recognize(table).save('my_city.toml')"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"`profile` must be a TOML file. Got {file.name!r}, which can't be read: {error}.") from None
    return _profile(file.name, data)


def profile_text(
    name: str,
    *,
    title: str,
    source: str,
    columns: Mapping[str, str | list[str]],
    settings: Mapping[str, Any],
    notes: Mapping[str, float],
    missing: Sequence[str],
) -> str:
    """Return a profile as TOML, with what a person may want to change as comments."""
    told = {key: value for key, value in settings.items() if value is not None}
    data = {"title": title, "source": source, **told, "columns": dict(columns)}
    _profile(name, data)
    lines = [f"title = {_toml(title)}", f"source = {_toml(source)}"]
    hints = {
        "tz": '"America/Chicago"',
        "crs": "3435",
        "epoch": '"utc"   # or "local": what seconds since 1970 mean',
        "dayfirst": "false",
    }
    lines += [f"{key} = {_toml(told[key])}" if key in told else f"# {key} = {hint}" for key, hint in hints.items()]
    lines += [
        "",
        "# Field of the event table = column of the file; a list joins columns. The number says how sure sara was.",
        "[columns]",
    ]
    lines += [
        f"{field_} = {_toml(column)}" + (f"  # {notes[field_]:.2f}" if notes.get(field_, 1.0) < 0.9 else "")
        for field_, column in columns.items()
    ]
    return "\n".join(lines + [f"# {field_} = ?" for field_ in missing if " or " not in field_]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    # JSON's escapes are TOML's, but for the delete character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _profile(name: str, data: Mapping[str, Any]) -> Profile:
    _check(name, data)
    marks = dict(data.get("origin", {}))
    unmarked = marks.pop("unmarked", None)
    return Profile(
        name=name,
        title=data.get("title", name),
        source=data.get("source", "events"),
        signature=tuple(data.get("signature", ())),
        columns=data.get("columns", {}),
        tz=data.get("tz"),
        crs=data.get("crs"),
        epoch=data.get("epoch"),
        dayfirst=data.get("dayfirst"),
        origin=Origin(marks, unmarked),
    )


def _check(name: str, data: Mapping[str, Any]) -> None:
    """Turn down what a profile cannot say; a slip in a hand-written file must not pass in silence."""
    for key in data:
        if key not in _KEYS:
            raise InputError(f"`profile` {name!r} must hold only {', '.join(_KEYS)}. Got {key!r}.{suggest(key, _KEYS)}")
    for key in ("title", "source", "tz", "notes"):
        if key in data and not isinstance(data[key], str):
            raise InputError(f'`{key}` of profile {name!r} must be text. Got {data[key]!r}. Write: {key} = "..."')
    if data.get("epoch") not in (None, "utc", "local"):
        raise InputError(f'`epoch` of profile {name!r} must be "utc" or "local". Got {data["epoch"]!r}. Write: epoch = "local"')
    if not isinstance(data.get("dayfirst", False), bool):
        raise InputError(
            f"`dayfirst` of profile {name!r} must be true or false. Got {data['dayfirst']!r}. Write: dayfirst = true"
        )
    check_zone(data.get("tz"))
    if "crs" in data:
        check_crs(data["crs"])
    columns = data.get("columns", {})
    if not isinstance(columns, Mapping) or not columns:
        raise InputError(
            f'`columns` of profile {name!r} must name fields and their columns. Got {columns!r}. Write below [columns]: time = "DATE"'
        )
    for field_, column in columns.items():
        if field_ not in FIELDS:
            raise InputError(
                f"`columns` of profile {name!r} must map fields of the event table. Got {field_!r}.{suggest(field_, FIELDS)} Fields: {', '.join(FIELDS)}"
            )
        several = isinstance(column, list) and column and all(isinstance(part, str) for part in column)
        if not isinstance(column, str) and not (several and (field_ in JOINED or len(column) == 1)):
            raise InputError(
                f'`{field_}` of profile {name!r} must be a column{" or a list of columns" if field_ in JOINED else ""}. Got {column!r}. Write: {field_} = "..."'
            )
    _check_origin(name, data.get("origin", {}))


def _check_origin(name: str, marks: Any) -> None:
    known = (*ORIGINS, "unmarked")
    if not isinstance(marks, Mapping):
        raise InputError(
            f'`origin` of profile {name!r} must be a table of patterns. Got {marks!r}. Write below [origin]: officer = "ONVIEW"'
        )
    for key, pattern in marks.items():
        if key not in known:
            raise InputError(f"`origin` of profile {name!r} must hold only {', '.join(known)}. Got {key!r}.{suggest(key, known)}")
        if key == "unmarked" and pattern not in ORIGINS:
            raise InputError(f"`unmarked` of profile {name!r} must be one of {', '.join(ORIGINS)}. Got {pattern!r}.")
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            raise InputError(
                f'`{key}` of profile {name!r} must be a pattern. Got {pattern!r}. Write: {key} = "ONVIEW|OFFICER"'
            ) from None
