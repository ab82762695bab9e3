"""study.toml: read, checked key by key, and kept inside its folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sara.brief.build import AUDIENCES, LANGUAGES
from sara.core.checks import check_choice
from sara.core.errors import InputError, suggest
from sara.core.predicate import parse_predicate
from sara.core.units import metres, offset, timestamp

__all__ = ["Action", "Assess", "Data", "Focus", "Hotspots", "Out", "Respond", "Scan", "Study", "StudyFile", "read_study"]

MAX_BYTES = 1_000_000


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _date(value: Any) -> str:
    return f"{timestamp(value, name='date'):%Y-%m-%d}"


class Head(_Table):
    """[study]: title, and what holds for the whole run."""

    title: str = Field(min_length=1, max_length=200)
    seed: int = 1
    as_of: str | None = None
    audience: str = "council"
    language: str = "en"

    _day = field_validator("as_of", mode="before")(lambda v: None if v is None else _date(v))
    # Before the run, not after it.
    _audience = field_validator("audience")(lambda v: check_choice(v, AUDIENCES, name="audience"))
    _language = field_validator("language")(lambda v: check_choice(v, LANGUAGES, name="language"))


class Data(_Table):
    """[data]: the files; `events` with its `source` stands for calls."""

    calls: str | None = None
    complaints: str | None = None
    areas: str | None = None
    events: str | None = None
    source: str = "events"
    tz: str | None = None
    crs: str | int | None = None
    profile: str | None = None


class Scan(_Table):
    """[scan]: whether by area, and over which period."""

    areas: bool = True
    period: tuple[str, str] | None = None

    _days = field_validator("period", mode="before")(lambda v: None if v is None else tuple(_date(day) for day in v))


class Focus(_Table):
    """[focus]: the rows the problem is about."""

    where: str | None = None
    area: str | None = None

    _condition = field_validator("where")(lambda v: v if v is None else str(parse_predicate(v, name="where")))


class Hotspots(_Table):
    """[hotspots]: which method chooses the places, and the cells of the Gi* map."""

    method: Literal["clusters", "gi_star", "hot_places"] = "clusters"
    cell_size: float | str | None = None

    @field_validator("cell_size")
    @classmethod
    def _metres(cls, value: float | str | None) -> float | None:
        return None if value is None else metres(value, name="cell_size")


class Action(_Table):
    """[[respond.action]]: what is done, and by whom."""

    name: str
    partner: str
    start: str | None = None
    end: str | None = None
    technique: str | None = None
    dose: str | None = None

    _days = field_validator("start", "end", mode="before")(lambda v: None if v is None else _date(v))


class Respond(_Table):
    """[respond]: where and when, compared with what, to which end."""

    start: str
    treated: str | None = None
    goal: str | None = None
    outcome: str | None = None
    target: float | str | None = None
    by: str | None = None
    also_watch: str | None = None
    n: int = Field(default=5, ge=1, le=50)
    buffer: float | str = "300m"
    before: str = "24MS"
    action: tuple[Action, ...] = ()

    _day = field_validator("start", mode="before")(_date)
    _condition = field_validator("outcome")(lambda v: v if v is None else str(parse_predicate(v, name="outcome")))
    _by = field_validator("by", mode="before")(lambda v: None if v is None else _date(v))

    @field_validator("buffer")
    @classmethod
    def _metres(cls, value: float | str) -> float:
        return metres(value, name="buffer", zero=True)

    @field_validator("before")
    @classmethod
    def _offset(cls, value: str) -> str:
        offset(value, name="before")
        return value


class Assess(_Table):
    """[assess]: up to when to look (an offset from the start such as "12MS", or a date), and whether it is a placebo."""

    after: str = "12MS"
    placebo: bool = False

    @field_validator("after", mode="before")
    @classmethod
    def _offset_or_day(cls, value: Any) -> str:
        if isinstance(value, str) and not value[:4].isdigit():
            offset(value, name="after")
            return value
        return _date(value)


class Out(_Table):
    """[out]: where the brief and the record go."""

    folder: str = "out"


class Study(_Table):
    """A whole study.toml."""

    study: Head
    data: Data
    scan: Scan = Scan()
    focus: Focus = Focus()
    hotspots: Hotspots = Hotspots()
    respond: Respond | None = None
    assess: Assess | None = None
    out: Out = Out()


class StudyFile:
    """A study and the folders its paths may lead to.

    Parameters
    ----------
    study : Study
        What the file says.
    folder : Path
        Where it lies.
    allowed : sequence of Path
        Further folders its paths may reach, from ``--allow``.
    """

    def __init__(self, study: Study, folder: Path, allowed: Sequence[Path] = ()) -> None:
        self.study = study
        self.folder = folder.resolve()
        self.allowed = tuple(path.resolve() for path in allowed)

    def path(self, text: str, *, key: str) -> Path:
        """Return the file that `text` names: in the study's folder, else in an allowed one; never outside them."""
        bases = (self.folder, *self.allowed)
        # A share on another machine is not even asked for: asking already tells it who is there.
        if "\0" in text or (
            text.startswith(("\\\\", "//")) and not any(PurePath(text).is_relative_to(base) for base in self.allowed)
        ):
            raise InputError(f"`{key}` must name a file inside the study's folder. Got {text!r}. Copy the file there first.")
        asked = Path(text).expanduser()
        places = [place.resolve() for place in ([asked] if asked.is_absolute() else [base / asked for base in bases])]
        inside = [place for place in places if _within(place, bases)]
        if not inside:
            raise InputError(
                f"`{key}` must name a file inside the study's folder. Got {text!r}. "
                f"Allow its folder: sara run study.toml --allow {places[0].parent.as_posix()}"
            )
        for place in inside:
            if place.exists():
                self._check_links(place, key=key, text=text, bases=bases)
                return place
        looked = ", ".join(str(base) for base in (self.folder, *self.allowed))
        raise InputError(
            f"`{key}` must name a file that is there. Got {text!r}. Looked in {looked}. If it lies elsewhere: --allow FOLDER"
        )

    def _check_links(self, place: Path, *, key: str, text: str, bases: tuple[Path, ...]) -> None:
        """Raise where a folder holds a link that leads out: a reader of folders would follow it."""
        if not place.is_dir():
            return
        for found in sorted(place.iterdir()):
            if not _within(found.resolve(), bases):
                raise InputError(
                    f"`{key}` must name a folder whose files lie inside the study's folder. Got {text!r}, where {found.name} leads out. "
                    f"Allow where it leads: sara run study.toml --allow {found.resolve().parent.as_posix()}"
                )

    @property
    def after(self) -> str:
        """How long after the start the assessment looks, as an offset: whole months."""
        after = self.study.assess.after if self.study.assess is not None else "12MS"
        if not after[:4].isdigit() or self.study.respond is None:
            return after
        start, end = timestamp(self.study.respond.start, name="start"), timestamp(after, name="assess.after")
        months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
        if months < 1:
            raise InputError(
                f'`assess.after` must be at least a month after `respond.start`. Got {after} and {start:%Y-%m-%d}. Write after = "12MS"'
            )
        return f"{months}MS"

    def out(self, given: Path | None) -> Path:
        """Return the folder to write to: the one given on the command line, else the study's own."""
        if given is not None:
            return given
        target = (self.folder / self.study.out.folder).resolve()
        if not any(target.is_relative_to(base) for base in (self.folder, *self.allowed)):
            raise InputError(
                f"`out.folder` must lie inside the study's folder. Got {self.study.out.folder!r}. Name it on the command line: --out FOLDER"
            )
        return target


def _within(place: Path, bases: Iterable[Path]) -> bool:
    return any(place.is_relative_to(base) for base in bases)


def read_study(path: str | Path, *, allow: Iterable[str | Path] = ()) -> StudyFile:
    """Read a study file.

    Parameters
    ----------
    path : str or Path
        The .toml file.
    allow : iterable of str or Path
        Folders outside the study's own that its paths may reach.

    Returns
    -------
    StudyFile
        The study, checked, with its folder.

    Raises
    ------
    InputError
        If the file is missing, is not TOML, has an unknown key, or a value of the wrong kind.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"`study` must be a study file. Got {str(path)!r}, which is not there. Try: sara demo")
    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"`study` must be a small text file. Got {file.stat().st_size:,} bytes. Is it the data file?")
    folders = [Path(folder) for folder in allow]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"`--allow` must be a folder. Got {str(folder)!r}. Check the path.")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f'`study` must be TOML. Got {file.name}: {error}. Text goes in quotes: title = "..."') from error
    study = _checked(content, file.name)
    _check_together(study, file.name)
    return StudyFile(study, file.parent, folders)


def _checked(content: dict[str, Any], name: str) -> Study:
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        # A misspelt key is also a missing one: the spelling is what to tell.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise InputError(_words(first, name)) from error


_MUST = {
    "string_type": 'text in quotes: "..."',
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "model_type": "a table, written as a heading in brackets",
    "tuple_type": "a list",
    "string_too_short": "at least one letter long",
}


def _words(error: Any, name: str) -> str:
    where = [part for part in error["loc"] if isinstance(part, str)]
    key = ".".join(where)
    if error["type"] == "extra_forbidden":
        known = _keys_at(error["loc"][:-1])
        return f"{name}: `{key}` is not a key of a study.{suggest(where[-1], known)} Keys here: {', '.join(known)}"
    if any(isinstance(part, int) for part in error["loc"][-1:]):
        return f'{name}: `{key}` must be two days, the first and the last. Got {error["input"]!r}. Write: ["2023-01-01", "2023-12-31"]'
    if error["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", str(error["ctx"]["expected"]))
        return f"{name}: `{key}` must be one of {', '.join(known)}. Got {error['input']!r}.{suggest(str(error['input']), known)}"
    if error["type"] in _MUST:
        return f"{name}: `{key}` must be {_MUST[error['type']]}. Got {error['input']!r}."
    if error["type"] == "missing":
        return f"{name}: `{key}` must be there. Got nothing. Add it{f' under [{where[0]}]' if len(where) > 1 else f': [{where[0]}]'}."
    cause = error.get("ctx", {}).get("error")
    message = str(cause) if cause is not None else f"{error['msg']}. Got {error['input']!r}."
    return f"{name}: `{key}`: {message}"


def _keys_at(loc: tuple[Any, ...]) -> list[str]:
    model: Any = Study
    for part in loc:
        if isinstance(part, str):
            model = {
                "study": Head,
                "data": Data,
                "scan": Scan,
                "focus": Focus,
                "hotspots": Hotspots,
                "respond": Respond,
                "action": Action,
                "assess": Assess,
                "out": Out,
            }[part]
    return list(model.model_fields)


def _check_together(study: Study, name: str) -> None:
    if (study.data.calls is None) == (study.data.events is None):
        got = "both" if study.data.calls else "neither"
        raise InputError(f'{name}: [data] must name calls, or events with their source. Got {got}. Write: calls = "calls.csv"')
    if study.assess is not None and study.respond is None:
        raise InputError(
            f'{name}: [assess] must come with [respond]. Got no [respond]. Say where and when: [respond] start = "2024-03-01"'
        )
    if study.respond is not None and study.respond.by is not None and study.respond.by <= study.respond.start:
        raise InputError(
            f"{name}: `respond.by` must lie after `respond.start`. Got {study.respond.by} and {study.respond.start}. By when is the goal to be reached?"
        )
    if study.focus.area is not None and study.data.areas is None:
        raise InputError(
            f'{name}: `focus.area` must come with a file of areas. Got none. Add under [data]: areas = "areas.geojson"'
        )
    if study.respond is not None and study.respond.goal is None and (study.assess is None or not study.assess.placebo):
        raise InputError(
            f'{name}: `respond.goal` must say what is to be reached. Got nothing. Write: goal = "20 % fewer calls in a year"'
        )
