"""The ``sara`` command: thin; what it does lives below."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app", "main"]

# Before anything loads numpy: with two threads a small fit can take a hundred times longer. What the user has set stays.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

app = typer.Typer(
    name="sara", help="Police calls and complaints through scan, analyze, respond, assess, to a brief.", no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to.")]
# Codes of the shell: 1 for what went wrong inside, 2 for input that must be mended.
EXIT_INPUT = 2


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study.toml.")],
    out: Out = None,
    allow: Annotated[
        list[Path] | None, typer.Option("--allow", help="A folder outside the study's own that its paths may reach.")
    ] = None,
) -> None:
    """Run a study from its files to its brief."""
    with _told() as step:
        from sara._run import run_study
        from sara._sentences import sentences
        from sara._study import read_study

        journey = run_study(read_study(study, allow=allow or []), out=out, step=step)
    for line in sentences(journey):
        typer.echo(line)
    for reason in journey.skipped:
        typer.echo(f"Left out: {reason}", err=True)


@app.command()
def demo(out: Out = None) -> None:
    """Run the whole journey on Riverton, a synthetic city whose truth is known."""
    with _told() as step:
        from sara._run import run_study
        from sara._sentences import sentences
        from sara._study import read_study

        study = _riverton(step)
        journey = run_study(read_study(study), out=out or Path("riverton-brief"), step=step)
    for line in sentences(journey):
        typer.echo(line)


@app.command()
def audit(
    file: Annotated[Path, typer.Argument(help="A table of calls: CSV, gz, zip or Excel.")],
    areas: Annotated[Path | None, typer.Option("--areas", help="The city's areas: GeoJSON or another boundary file.")] = None,
    complaints: Annotated[bool, typer.Option("--complaints", help="The file holds complaints (311).")] = False,
) -> None:
    """Say how many rows of a file can be used, and what is suspicious."""
    with _told() as step:
        from sara import data

        step("reading")
        events = (data.read_complaints if complaints else data.read_calls)(file)
        step("auditing")
        found = data.audit(events, areas=None if areas is None else data.read_areas(areas))
    typer.echo(found.text)
    for row in found.table.itertuples():
        if row.severity != "ok":
            typer.echo(f"  {row.severity:8} {row.finding}")
    where = events.attrs["sara"].get("rejects")
    if where:
        typer.echo(f"Rejected rows, with their lines: {where}")


@app.command()
def convert(
    path: Annotated[str, typer.Argument(help="A CSV (also gz), a folder of them, a pattern, or any file sara reads.")],
    to: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    source: Annotated[str, typer.Option("--source", help="calls, complaints, or your own word.")] = "calls",
    profile: Annotated[str | None, typer.Option("--profile", help="A publisher sara knows, or a profile's .toml.")] = None,
    crs: Annotated[str | None, typer.Option("--crs", help="EPSG number of x and y.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="The city's time zone, such as America/Chicago.")] = None,
) -> None:
    """Turn a publisher's file of any size into an event table in Parquet, in bounded memory."""
    with _told() as step:
        from sara.data import convert as to_parquet

        step(f"Converting {path}")
        made = to_parquet(path, to, source=source, profile=profile, crs=int(crs) if crs and crs.isdigit() else crs, tz=tz)
    record = made.attrs["sara"]
    typer.echo(f"{record['rows_read']:,} rows read, {made.n_rows:,} kept, {record['rows_rejected']:,} turned down: {to}")
    if record.get("rejects"):
        typer.echo(f"Rows turned down, with line and reason: {record['rejects']}")


@app.command()
def scan(
    file: Annotated[Path, typer.Argument(help="A table of calls: any file that sara reads, or Parquet from sara convert.")],
    complaints: Annotated[Path | None, typer.Argument(help="Complaints to the city (311), as evidence.")] = None,
    areas: Annotated[Path | None, typer.Option("--areas", help="The city's areas: GeoJSON or another boundary file.")] = None,
    out: Out = None,
    of_complaints: Annotated[
        bool, typer.Option("--complaints", help="The first file holds complaints (311), not calls.")
    ] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in the browser.")] = False,
) -> None:
    """Scan a file without a study: what it can bear, what keeps coming back, where and when, as one page and one workbook."""
    with _told() as step:
        from sara._scan_report import scan_report

        folder = out or Path(f"{file.name.split('.')[0] or 'calls'}-scan")
        report = scan_report(
            file, complaints, areas=areas, out=folder, holds="complaints" if of_complaints else "calls", step=step
        )
    for line in report.sentences:
        typer.echo(line)
    typer.echo(f"Written: {report.html} and {report.xlsx}")
    if show:
        typer.launch(str(report.html))


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from sara import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Start the command line; errors of input are one message, never a traceback."""
    app()


def _riverton(step: Callable[[str], None]) -> Path:
    """Return Riverton's study file: the one in the repository, else the city made anew in the user's cache."""
    from sara import datasets

    step("looking for Riverton")
    return datasets.folder() / "study.toml"


@contextmanager
def _told() -> Iterator[Callable[[str], None]]:
    """Show what is being done where somebody watches; turn errors of input into one message and exit code 2."""
    from rich.console import Console

    console = Console(stderr=True)
    status = console.status("starting") if console.is_terminal else None

    def step(words: str) -> None:
        if status is not None:
            status.update(words)

    if status is not None:
        status.start()
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield step
    except Exception as error:
        if status is not None:
            status.stop()
        _fail(error)
        raise
    finally:
        if status is not None:
            status.stop()
    _pass_on(caught)


def _fail(error: Exception) -> None:
    from sara.core.errors import InputError, NotEnoughDataError

    if isinstance(error, (InputError, NotEnoughDataError)):
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_INPUT) from None
    if isinstance(error, OSError) and error.filename is not None:
        print(f"InputError: {error.filename} could not be read or written: {error.strerror}. Check the path.", file=sys.stderr)
        raise typer.Exit(EXIT_INPUT) from None


def _pass_on(caught: list[Any]) -> None:
    """Print each of sara's own warnings once; those of libraries are for their authors."""
    from sara.core.errors import SaraWarning

    words = dict.fromkeys(str(warning.message) for warning in caught if issubclass(warning.category, SaraWarning))
    for text in words:
        print(f"Note: {text}", file=sys.stderr)
