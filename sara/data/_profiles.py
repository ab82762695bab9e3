"""Profiles: what recognition cannot know about a publisher's files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from sara.core.errors import InputError, suggest
from sara.data._columns import Origin

__all__ = ["Profile", "find_profile", "profiles"]

_KEYS = {"title", "source", "tz", "crs", "epoch", "dayfirst", "signature", "columns", "origin", "notes"}


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


@lru_cache(maxsize=1)
def profiles() -> dict[str, Profile]:
    """Return every profile by name."""
    folder = resources.files("sara.data").joinpath("profiles")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): _profile(
            file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8"))
        )
        for file in files
    }


def find_profile(name: str | None, header: Iterable[str], source: str | None = None) -> Profile | None:
    """Return the profile named, or the one whose signature the header holds (the longest signature wins), or None."""
    if name is not None:
        if name not in profiles():
            raise InputError(
                f"`profile` must be one of {', '.join(map(repr, profiles()))}. Got {name!r}.{suggest(name, profiles())}"
            )
        return profiles()[name]
    have = set(header)
    fitting = [
        p for p in profiles().values() if p.signature and set(p.signature) <= have and source in (None, p.source, "events")
    ]
    return max(fitting, key=lambda p: len(p.signature), default=None)


def _profile(name: str, data: Mapping[str, Any]) -> Profile:
    unknown = set(data) - _KEYS
    if unknown:
        raise InputError(f"`profile` {name!r} must hold only {', '.join(sorted(_KEYS))}. Got {', '.join(sorted(unknown))}.")
    marks = dict(data.get("origin", {}))
    unmarked = marks.pop("unmarked", None)
    return Profile(
        name=name,
        title=data["title"],
        source=data["source"],
        signature=tuple(data.get("signature", ())),
        columns=data.get("columns", {}),
        tz=data.get("tz"),
        crs=data.get("crs"),
        epoch=data.get("epoch"),
        dayfirst=data.get("dayfirst"),
        origin=Origin(marks, unmarked),
    )
