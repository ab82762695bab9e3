"""What a run found, as sentences a person would repeat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sara._run import Journey

__all__ = ["sentences"]


def sentences(journey: Journey) -> list[str]:
    """Return six sentences: the rows, the default address, the problems, who is quiet, did it work, where the brief is."""
    return [_rows(journey), _default(journey), _problems(journey), _quiet(journey), _worked(journey), _brief(journey)]


def _rows(journey: Journey) -> str:
    read = {name: int(audit.waterfall["n"].iloc[0]) for name, audit in journey.audits.items()}
    aside = {name: read[name] - int(audit.waterfall["n"].iloc[-1]) for name, audit in journey.audits.items()}
    words = " and ".join(f"{n:,} {name}" for name, n in read.items())
    return f"{words} were read; {sum(aside.values()):,} rows are set aside, each with its reason."


def _default(journey: Journey) -> str:
    points = [
        (int(audit.default_points["n"].iloc[0]), name, audit)
        for name, audit in journey.audits.items()
        if len(audit.default_points)
    ]
    if not points:
        return "No default address was found among the biggest stacks of rows."
    n, name, audit = max(points, key=lambda point: point[0])
    biggest = "The biggest hot spot" if audit.located.get("rank_of_default") == 1 else "One of the biggest hot spots"
    return f"{biggest}, {n:,} {name} at {audit.default_points['place'].iloc[0]}, is only a default address."


def _problems(journey: Journey) -> str:
    board = journey.board
    if board is None:
        return "There are too few rows to rank problems."
    turned = len(board.rejected)
    if not len(board.table):
        return f"No problem stands out, and {turned} look-alikes were turned down."
    first = board.table.iloc[0]["public_name"]
    many = f"{board.n_found} problems are" if board.n_found != 1 else "One problem is"
    return f"{many} worth a closer look, first of all {_lower(first)}; {turned} look-alike{'s were' if turned != 1 else ' was'} turned down."


def _quiet(journey: Journey) -> str:
    return "Who is quiet cannot be said: there are too few rows." if journey.board is None else str(journey.board.quiet_text)


def _worked(journey: Journey) -> str:
    effect = journey.effect
    if effect is not None:
        # What changed, what was to be expected anyway, how many untouched places fell as much; what may be said of it is in the brief.
        parts = re.split(r"(?<=\.) (?=[A-Z0-9])", effect.text)
        return "; ".join([parts[0].rstrip("."), *(_lower(part).rstrip(".") for part in parts[1:3])]) + "."
    if journey.power is not None:
        return f"Nothing has been assessed. Could an effect be seen? {journey.power.text}"
    return "Nothing has been planned or assessed yet."


def _brief(journey: Journey) -> str:
    brief: Any = journey.brief
    return f"The brief is in {brief.path}; {_lower(brief.withheld.text)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
