"""What of a result may be shown to the public: its table, its words, its figure."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.brief.document import Figure, Table, Withheld
from sara.core.errors import InputError, NotEnoughDataError
from sara.data.categories import help_categories
from sara.data.privacy import hundred_block, public_place, suppress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SMALL", "figure_of", "public_table", "said", "show"]

SMALL = 10
HIDDEN = ("<10", "withheld")
# Columns of words somebody wrote: dropped, never blurred.
FREE_TEXT = ("text", "note", "notes", "comment", "description", "caller", "address")
DASH = "\u2013"
_DPI = 150
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)|(?<![\w.,-])(?:\+?1)?[2-9]\d{9}(?!\w)|(?<![\w.,-])[2-9]\d{2}-\d{4}(?![\w-])"
)
# "3 bars on Main Street" and "10 at a place" count something: between a house's number and its street stands none of these.
_LITTLE = (
    "a|an|and|at|block|blocks|by|each|every|for|from|in|near|of|on|or|per|the|this|to|with|m|km|ft|mi|meters?|feet|min|minutes?|hours?|days?|weeks?|months?"
    "|calls|events|complaints|reports|rows|places"
)
_SIDE = r"(?:[NSEW]|NE|NW|SE|SW|North|South|East|West)\.?"
_HOUSE = re.compile(
    rf"(?<![\w/,.-])(?P<number>\d{{1,6}}(?:-\d{{1,4}})?)(?:-?[A-Z])?(?:\s+[13]/[234])?\s+(?:{_SIDE}\s+)?(?P<street>(?:(?!(?:{_LITTLE})\b)[\w'.]+\s+){{1,3}}?)"
    r"(?:St|Street|Ave?|Avenue|Blvd|Boulevard|Rd|Road|Dr|Drive|Ln|Lane|Ct|Court|Pl|Place|Way|Ter|Terrace|Pkwy|Parkway|Hwy|Highway|Cir|Circle|Sq|Square|Trl|Trail"
    r"|Pike|Al[ey]y|Alley|Row|Plz|Plaza|Loop|Walk|Path|Cres|Crescent)\b\.?",
    re.IGNORECASE,
)
# No "Street" behind it, but a side of town before it: "1423 N 35TH", and the street that never has one.
_BARE = re.compile(
    r"(?<![\w/,.-])\d{2,6}\s+(?:(?:[NSEW]|NE|NW|SE|SW)\.?\s+(?!block\b|\d{5})[A-Z0-9][\w']*|[Bb](?:roadway|ROADWAY))\b"
)


def public_table(
    frame: pd.DataFrame, withheld: Withheld, *, caption: str, columns: Mapping[str, str] | None = None, private: Sequence[str] = (),
    counts: Sequence[str] = (), shares: Sequence[str] = (), derived: Mapping[str, Sequence[str]] | None = None, rows: int = 12,
    of_places: bool = False,
) -> Table | None:  # fmt: skip
    """Return a frame as rows fit for the public, or None where nothing is left.

    Parameters
    ----------
    frame : DataFrame
        A result's table.
    withheld : Withheld
        What is hidden is added to it.
    columns : dict of str to str, optional
        Columns to show -> their words; those that are not there are passed over. All but geometry if not given.
    private, counts, shares : sequence of str
        Columns with addresses, of counts, and of shares that are shown as percent.
    derived : dict, optional
        Column of counts -> columns that would give a hidden count back. If not given, every column of numbers.
    rows : int
        Most rows to show.
    of_places : bool
        Whether each row is a place: calls for help are then left off.
    """
    table = pd.DataFrame(frame.drop(columns=[c for c in frame.columns if str(frame[c].dtype) == "geometry"]))
    table = table.reset_index(drop=True)
    for name in shares:
        if name in table.columns:
            table[name] = table[name].astype(float)
    if of_places:
        table = _without_help(table, withheld)
    chosen = {c: w for c, w in (columns or {c: c.replace("_", " ") for c in table.columns}).items() if c in table.columns}
    chosen = {c: w for c, w in chosen.items() if table[c].notna().any()}
    dropped = [c for c in chosen if c in FREE_TEXT]
    withheld.texts += sum(int(table[c].notna().sum()) for c in dropped)
    chosen = {c: w for c, w in chosen.items() if c not in dropped}
    if table.empty or not chosen:
        return None
    total = len(table)
    shown, hidden = _suppressed(table, [c for c in counts if c in chosen])
    shown, hidden = shown.head(rows), hidden.head(rows)
    withheld.counts += int(hidden.to_numpy().sum())
    cells = {
        c: _column(table, shown, c, _gives_back(c, hidden, derived), _kind(c, counts, private, shares), withheld) for c in chosen
    }
    plain = [c for c in chosen if c not in counts]
    for i in np.flatnonzero(hidden.any(axis=1).to_numpy()):
        secret = [show(table[c].iloc[i]) for c in hidden.columns if hidden[c].iloc[i]]
        for c in plain:
            cells[c][i] = _without_numbers(cells[c][i], secret) if isinstance(table[c].iloc[i], str) else cells[c][i]
    body = tuple(tuple(cells[c][i] for c in chosen) for i in range(len(shown)))
    numeric = tuple(
        i
        for i, c in enumerate(chosen)
        if c in counts or (pd.api.types.is_numeric_dtype(table[c]) and not pd.api.types.is_bool_dtype(table[c]))
    )
    more = f" (first {len(shown)} of {total:,})" if total > len(shown) else ""
    return Table(f"{caption}{more}", tuple(chosen.values()), body, numeric)


def _without_numbers(text: str, secret: list[str]) -> str:
    """Return a sentence without the counts that are hidden beside it: "100 % of the 7 rows" would tell."""
    numbers = "|".join(map(re.escape, sorted(secret, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.,])(?:{numbers})(?![\w%]|[.,]\d| %| block)", "a few", text)


def _gives_back(name: str, hidden: pd.DataFrame, derived: Mapping[str, Sequence[str]] | None) -> np.ndarray:
    """Mark the rows in which this column would give a hidden count back."""
    sources = [c for c in hidden.columns if derived is None or name in derived.get(c, ())]
    return hidden[sources].any(axis=1).to_numpy() if sources else np.zeros(len(hidden), dtype=bool)


def _column(
    table: pd.DataFrame, shown: pd.DataFrame, name: str, small_row: np.ndarray, kind: str, withheld: Withheld
) -> list[str]:  # fmt: skip
    values = list(shown[name])
    if kind == "private":
        return [said(public_place(v), withheld) for v in values]
    if kind == "count":
        return [v if v in HIDDEN else show(w) for v, w in zip(values, table[name].head(len(values)), strict=True)]
    # A share, an excess or a p-value of a hidden count would give it back.
    if kind in ("share", "chance"):
        values = [_WRITE[kind](v) for v in values]
    number = pd.api.types.is_float_dtype(table[name]) or pd.api.types.is_integer_dtype(table[name])
    return [
        "withheld" if number and small else said(show(v), withheld) if isinstance(v, str) else show(v)
        for v, small in zip(values, small_row, strict=True)
    ]


def _suppressed(table: pd.DataFrame, counts: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table with small counts hidden, and a mask of what was."""
    if not counts:
        return table, pd.DataFrame(index=table.index)
    out = table.copy()
    for name in counts:
        try:
            # Totals down a column are known (the text names them); across columns they mix units and mean nothing.
            out[name] = suppress(table, columns=[name], threshold=SMALL, margins="columns")[name]
        except (NotEnoughDataError, InputError):
            out[name] = pd.Series(["withheld"] * len(table), index=table.index, dtype=object)
    return out, out[counts].isin(HIDDEN)


def _without_help(table: pd.DataFrame, withheld: Withheld) -> pd.DataFrame:
    if "category" not in table.columns:
        return table
    asked = table["category"].isin(help_categories())
    if "level" in table.columns:
        asked &= table["level"].astype(str) != "area"
    withheld.help_rows += int(asked.sum())
    return table[~asked].reset_index(drop=True)


def _kind(name: str, counts: Sequence[str], private: Sequence[str], shares: Sequence[str]) -> str:
    if name in private:
        return "private"
    return "count" if name in counts else "share" if name in shares else "chance" if name in ("p", "p_adjusted") else "plain"


def _chance(p: Any) -> str:
    return DASH if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _percent(value: Any) -> str:
    return DASH if pd.isna(value) else f"{100 * value:.0f} %".replace("-", "\u2212")


_WRITE = {"share": _percent, "chance": _chance}


def said(text: str, withheld: Withheld) -> str:
    """Return a sentence with house numbers as hundred blocks, and without e-mail addresses and phone numbers."""
    clean, phones = _PHONE.subn("[phone]", str(text))
    clean = _BARE.sub(lambda found: hundred_block(found[0]), _HOUSE.sub(_hundred, clean))
    clean, mails = _MAIL.subn("[e-mail]", clean)
    withheld.texts += phones + mails
    return clean


def _hundred(found: re.Match[str]) -> str:
    words = found["street"].split()
    # "5 minute drive" is no house; "1423 N 35th St", "12 Oak Ave" and "120 oak ave" are.
    if not (words[0][0].isupper() or words[0][0].isdigit() or len(found["number"]) > 2):
        return found[0]
    return hundred_block(re.sub(r"\s+[13]/[234]\s", " ", found[0]))


def show(value: Any) -> str:
    """Return a value as a reader expects it: thousands separated, three digits of a fraction, days without a midnight."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return DASH
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}".replace("-", "\u2212")
    if isinstance(value, (float, np.floating)):
        return (f"{value:,.0f}" if abs(float(value)) >= 1000 else f"{value:.3g}").replace("-", "\u2212")
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, (list, tuple)):
        return ", ".join(show(v) for v in value)
    return str(value)


def figure_of(draw: Callable[[Axes], Any], *, alt: str, width: float, height: float) -> Figure | None:
    """Let `draw` fill one Axes of a size in inches and return the picture; None where there is too little to draw."""
    from sara.plot.style import new_figure

    figure, (axes,) = new_figure(width=width, height=height)
    try:
        draw(axes)
    except NotEnoughDataError:
        return None
    buffer = io.BytesIO()
    # No version in the file: the same brief is the same bytes.
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return Figure(buffer.getvalue(), alt, inches=width)
