"""What a run found, as sentences a person would repeat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sara.assess._words import amount, beyond, change, percent

if TYPE_CHECKING:
    from sara._run import Journey

__all__ = ["sentences"]

_PLURAL = ("calls", "complaints", "events", "reports")


def sentences(journey: Journey) -> list[str]:
    """Return six sentences: the rows, the default address, the problems, who is quiet, did it work, where the brief is."""
    return [_rows(journey), _default(journey), _problems(journey), _quiet(journey), _worked(journey), _brief(journey)]


def _rows(journey: Journey) -> str:
    read = {name: int(audit.waterfall["n"].iloc[0]) for name, audit in journey.audits.items()}
    aside = sum(read[name] - int(audit.waterfall["n"].iloc[-1]) for name, audit in journey.audits.items())
    words = " and ".join(f"{n:,} {name if name in _PLURAL else f'rows of {name}'}" for name, n in read.items())
    if not aside:
        return f"All of {words} read can be used."
    return f"Of {words} read, {aside:,} {'are' if aside != 1 else 'is'} set aside, each with its reason."


def _default(journey: Journey) -> str:
    points = [
        (int(audit.default_points["n"].iloc[0]), name, audit)
        for name, audit in journey.audits.items()
        if len(audit.default_points)
    ]
    if not points:
        return "None of the biggest hot spots is only a default address."
    n, name, audit = max(points, key=lambda point: point[0])
    biggest = "The biggest hot spot" if audit.located.get("rank_of_default") == 1 else "One of the biggest hot spots"
    return f"{biggest}, {n:,} {name} at {audit.default_points['place'].iloc[0]}, is only a default address."


def _problems(journey: Journey) -> str:
    board = journey.board
    if board is None:
        return "There are too few rows to rank problems."
    turned = len(board.rejected)
    down = f"{turned:,} look-alikes were" if turned > 1 else "one look-alike was" if turned else "no look-alike was"
    if not len(board.table):
        return f"No problem stands out, and {down} turned down."
    first = board.table.iloc[0]["public_name"]
    many = f"{board.n_found:,} problems are" if board.n_found != 1 else "One problem is"
    return f"{many} worth a closer look, first of all {_lower(first)}, and {down} turned down."


def _quiet(journey: Journey) -> str:
    if journey.board is None:
        return "Who is quiet cannot be said: there are too few rows."
    return str(journey.board.quiet_text).replace("; few calls need not", ", so few calls there need not")


def _worked(journey: Journey) -> str:
    if journey.effect is not None:
        return _told(journey.effect)
    if journey.power is not None:
        # Whether the plan could show its effect; what would have to change is in the brief.
        return f"Nothing has been assessed yet. Could an effect be seen? {journey.power.text.split('; ')[0].split('. ')[0].rstrip('.')}."
    return "Nothing has been planned or assessed yet."


def _told(effect: Any) -> str:
    """Say what changed, what was to be expected anyway, and how many untouched places changed as much; what follows is in the brief."""
    facts, row = effect.facts, effect.row("expected anyway")
    what = str(facts["outcome_words"])
    placebo = "In a placebo test, where nothing was done, " if facts.get("placebo") else ""
    if effect.low > 0 or effect.high < 0:
        near, far = sorted((abs(effect.low), abs(effect.high)))
        moved = beyond(effect.estimate, facts["change"]) % " a month"
        first = f"{_lower(what) if placebo else what} {moved} than in similar places ({percent(effect.confidence)} interval {amount(near)} to {amount(far)})"
    else:
        first = f"{_lower(what) if placebo else what} did not clearly change more than in similar places"
    parts = [first]
    if math.isfinite(row["estimate"]):
        parts.append(f"{change(row['estimate'], per=' a month')} was to be expected anyway{_just_before(effect)}")
    if facts["pool_size"]:
        fell = "fell" if facts["change"] <= 0 else "rose"
        parts.append(f"{facts['fell_as_much'] or 'none'} of {facts['pool_size']} untouched places {fell} at least as much")
    return placebo + (", ".join(parts[:-1]) + f", and {parts[-1]}." if len(parts) > 1 else f"{first}.")


def _just_before(effect: Any) -> str:
    """Say it where the months just before the start ran high: from those alone a fall was to be expected."""
    rows = effect.table[effect.table["measure"] == "just before"]
    if rows.empty or not rows["low"].iloc[0] > 0:
        return ""
    return f" ({change(-rows['estimate'].iloc[0])} if only the {effect.facts['months_just_before']} months just before the start count)"


def _brief(journey: Journey) -> str:
    brief: Any = journey.brief
    held = brief.withheld
    parts = []
    if held.counts:
        parts.append(f"{held.counts:,} {'counts are' if held.counts != 1 else 'count is'} hidden")
    if held.addresses:
        parts.append(
            f"{held.addresses:,} {'places are' if held.addresses != 1 else 'place is'} shown only as hundred blocks or squares"
        )
    if held.help_rows:
        parts.append(f"{held.help_rows:,} {'places' if held.help_rows != 1 else 'place'} of calls for help left off")
    if held.texts:
        parts.append(f"{held.texts:,} {'texts are' if held.texts != 1 else 'text is'} not printed")
    if not parts:
        return f"The brief is in {brief.path}, and nothing had to be withheld."
    said = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    return f"The brief is in {brief.path}, where {said} to protect people."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
