"""`Problem`: one problem from scan to assessment, saved as a checked record and told as a brief."""

from __future__ import annotations

import html
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from sara.core.checks import check_areas
from sara.core.errors import InputError
from sara.problem.record import STAGES, Clock, Stage, utc_now

if TYPE_CHECKING:
    from sara.brief import BriefFile
    from sara.problem.checklist import Checklist

__all__ = ["Problem"]


class Problem:
    """A problem worth solving, with what was found, decided and learned at each stage.

    Parameters
    ----------
    title : str
        The problem in the words of the people who have it: what, where, when.
    area : GeoDataFrame, optional
        The study region, from `read_areas`.
    now : callable, optional
        Gives the time written beside each entry (a `datetime` with a zone). The computer's clock if not given.

    Attributes
    ----------
    scan, analyze, respond, assess : Stage
        The four stages; each has ``.add(*results, note=None)`` and ``.conclude(text, *, also_from=None)``.

    Notes
    -----
    A problem stores and renders; it never computes. Results are kept as they are: what a brief prints is what a method said.

    Examples
    --------
    >>> import sara
    >>> problem = sara.Problem("Disorder at closing time on the bar strip")
    >>> _ = problem.analyze.conclude("Three bars close together and no bus runs.", also_from=["site visit"])
    >>> print(problem.check().table["stage"].unique().tolist())
    ['scan', 'analyze', 'respond', 'assess']
    """

    def __init__(self, title: str, *, area: gpd.GeoDataFrame | gpd.GeoSeries | None = None, now: Clock = utc_now) -> None:
        if not isinstance(title, str) or not title.strip():
            raise InputError(
                f"`title` must say what the problem is. Got {title!r}. Write: sara.Problem('Disorder at closing time on the bar strip')"
            )
        self.title = title.strip()
        self.area = None if area is None else check_areas(area, name="area")
        self._now = now
        self.started = now().isoformat()
        self.scan: Stage = Stage("scan", now=now)
        self.analyze: Stage = Stage("analyze", now=now)
        self.respond: Stage = Stage("respond", now=now)
        self.assess: Stage = Stage("assess", now=now)

    @property
    def stages(self) -> dict[str, Stage]:
        """The four stages by name, in order."""
        return {name: getattr(self, name) for name in STAGES}

    def check(self) -> Checklist:
        """Say what the record still lacks, stage by stage.

        Returns
        -------
        Checklist
            ``table``: one row per question with ``stage``, ``question``, ``answered`` (yes, no, or missing where it does not apply yet) and ``do``
            (what to type). ``text``: the finding in a sentence or two.
        """
        from sara.problem.checklist import check_problem

        return check_problem(self)

    def provenance(self) -> Any:
        """Return where the data came from: one row per file, with its SHA-256, rows read and rejected, and coverage."""
        from sara.problem.provenance import provenance

        return provenance(self)

    def brief(
        self, path: str | os.PathLike[str], *, audience: str = "council", language: str = "en", interactive: bool = True
    ) -> BriefFile:
        """Write the brief: one HTML file that needs nothing else, at most two printed pages and an annex.

        Parameters
        ----------
        path : str or Path
            Where to write; must end in ``.html``.
        audience : {"council"}
            Who reads it.
        language : {"en"}
            In what language.
        interactive : bool
            Whether the map can be moved and clicked too, below its picture; on paper the picture stays. It needs no network and shows no more
            than the picture, as squares of 100 m.

        Returns
        -------
        BriefFile
            ``.path``, and ``.withheld``: what was left out or blurred, and how many. Opens like a path; shows itself in a notebook.

        Raises
        ------
        InputError
            If audience or language is not there yet, or the path is not an HTML file.

        Notes
        -----
        Addresses are shown as hundred blocks, counts below 10 are hidden together with what would give them away, calls for help stay off
        lists of places, free text and notes are not printed, and everything else is escaped.
        """
        from sara.brief import write_brief

        return write_brief(self, _path(path, "path"), audience=audience, language=language, interactive=interactive)

    def save(self, folder: str | os.PathLike[str], *, include_events: bool = False) -> Path:
        """Save the record: ``record.json`` and one CSV per table, with their SHA-256.

        Parameters
        ----------
        folder : str or Path
            Where to write; made if it is not there.
        include_events : bool
            Whether the rows of event tables that were added are saved too. By default only where they came from is.

        Returns
        -------
        Path
            The folder.

        Notes
        -----
        The tables of results hold exact addresses, as the analyst needs them: a record is for the desk, a brief is for the public.
        """
        from sara.problem._content import to_content
        from sara.problem._store import write_folder

        target = _path(folder, "folder")
        if target.exists() and not target.is_dir():
            raise InputError(f"`folder` must be a folder. Got the file {str(folder)!r}. Write: problem.save('my-problem/')")
        write_folder(target, to_content(self, include_events=include_events))
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, now: Clock = utc_now) -> Problem:
        """Read a record that `save` wrote.

        Parameters
        ----------
        folder : str or Path
            The folder.
        now : callable, optional
            As for `Problem`, for what is added from here on.

        Returns
        -------
        Problem
            With the same results, notes and conclusions; they speak and draw as before.

        Raises
        ------
        InputError
            If a file was edited or damaged, names a kind sara does not write, or reaches outside the folder. Nothing is unpickled or run.
        """
        from sara.problem._content import from_content
        from sara.problem._store import read_folder

        return from_content(read_folder(_path(folder, "folder")), cls, now=now)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(stage)}" for name, stage in self.stages.items())
        return f"<Problem {self.title!r}: {counts}>"

    def _repr_html_(self) -> str:
        stages = "".join(stage._repr_html_() for stage in self.stages.values())
        return (
            f"<div class='sara-problem'><h3>{html.escape(self.title)}</h3>{stages}<p>{html.escape(self.check().text)}</p></div>"
        )

    def _set_started(self, started: str) -> None:
        self.started = datetime.fromisoformat(started).isoformat()


def _path(value: str | os.PathLike[str], name: str) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise InputError(f"`{name}` must be a path. Got {value!r}. Write it as text: 'strip.html' or 'strip/'")
    return Path(value)
