"""From publishers' call types to categories usable across cities, and back to a table that a person can correct."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_events, record_of
from sara.core.errors import InputError
from sara.core.result import Counts, Setting
from sara.core.wording import noun_of, percent, source_of
from sara.data._text import text_column, uniques_of
from sara.data.categories import categorize, is_bare_code, study_category
from sara.data.kinds.origin import ORIGIN_RULES, Origin, type_origins
from sara.data.kinds.result import CallTypesResult
from sara.data.kinds.similar import LEAST_SPELLING, most_alike, respelled, same_words
from sara.data.kinds.table import apply_types, read_types
from sara.data.quality.ground import many

__all__ = ["CallTypesResult", "call_types", "set_types"]

# More types than any publisher's list has: beyond that the column holds free text, and likeness is looked up for the most frequent only.
MOST_TYPES = 2_000
BARE_CODE = "a bare code: name the column that describes it, or fill it in"
SAYS_NOTHING = "known to say nothing of what happened"


def call_types(events: gpd.GeoDataFrame) -> CallTypesResult:
    """List every call type with its category, how sure that is, and who starts such calls.

    Answers "does my city's vocabulary fit?". Correct the table and apply it with `set_types`.

    Parameters
    ----------
    events : GeoDataFrame
        An event table. Rows without a type are left out and counted.

    Returns
    -------
    CallTypesResult
        ``table``: one row per type; ``coverage``; ``undecided``: the types a person must decide; ``save(path)``: the table to edit.

    Raises
    ------
    InputError
        If no row has a type.

    Notes
    -----
    Patterns (`sara.data.category_table`) come first; they alone give ``events["category"]`` at reading. What they miss is compared with the
    labelled types of many cities that ship with sara: one with the same words, or that a pattern knows once its spelling is put right
    (likeness of the word at least 0.88), is a proposal, ``how="similar"``; it enters the rows only when you apply the table. All others
    are left to decide, with the two nearest categories by TF-IDF of words and pieces of words. Bare codes ("10-50", "459") are never guessed: their
    meaning differs from city to city. How often this is right is measured in ``docs/call_types.md``.

    ``study22`` is the kind of call in Ashby (2020), which counts noise as a disturbance and thefts from vehicles as vehicle theft.

    References
    ----------
    Ashby (2020), Policing 14(4), 1054-1072. doi:10.1093/police/paaa037

    Examples
    --------
    >>> import sara
    >>> table = pd.DataFrame({"when": ["2024-03-01 23:10"] * 3, "what": ["FIGHT", "DISTRUBANCE", "10-50"]})
    >>> types = sara.call_types(sara.as_events(table, time="when", type="what"))
    >>> types.table[["type", "category", "how", "decide"]].values.tolist()
    [['10-50', 'other', 'none', True], ['DISTRUBANCE', 'disorder', 'similar', False], ['FIGHT', 'disorder', 'rule', False]]
    """
    check_events(events)
    record = record_of(events)
    table = _numbers_of(events)
    if len(table) == 0:
        raise InputError(
            "`events` must have types. Got none in any row. Name the column: sara.read_calls('calls.csv', columns={'type': 'Nature'})"
        )
    kind = table.pop("kind")
    table = _with_categories(table, kind, record)
    table = _with_origin(table, record)
    table["study22"] = study_category(table["type"], table["category"])
    missing = int(events["type"].isna().sum())
    cautions = _cautions(table, record)
    settings = {
        "most_types": Setting(
            MOST_TYPES, "sara", "likeness is looked up for the most frequent types only; beyond, the column is free text"
        ),
        "at_reading": Setting("rules only", "sara", "measured: likeness is right too seldom to enter the rows unasked"),
        "least_spelling": Setting(LEAST_SPELLING, "sara", "from here on 98 of 100 repaired spellings were right"),
    }
    columns = [
        "type", "n", "category", "how", "score", "reason", "nearest", "next_nearest", "study22", "origin", "origin_rule", "decide", "now",
        "n_categories", "n_origins",
    ]  # fmt: skip
    return CallTypesResult(
        table=table[columns],
        settings=settings,
        counts=Counts(len(events), len(events) - missing, {"no type": missing}),
        cautions=cautions,
        title=noun_of(events),
        source=source_of(events).removeprefix("Source: "),
    )


def set_types(
    events: gpd.GeoDataFrame, table: str | Path | pd.DataFrame | CallTypesResult, *, new: bool = False
) -> gpd.GeoDataFrame:
    """Give rows the categories and origins of an edited table of types.

    Parameters
    ----------
    events : GeoDataFrame
        An event table, this month's or a later one.
    table : str, Path, DataFrame, dict or CallTypesResult
        What `CallTypesResult.save` wrote, corrected (.csv or .xlsx, as any spreadsheet saves it); a frame with the columns ``type`` and
        ``category``, ``origin`` if you like; ``{type: category}``; or a result, to accept its proposals as they are.
    new : bool
        True: categories that sara does not know are taken as new ones.

    Returns
    -------
    GeoDataFrame
        A copy with ``category`` and ``origin`` as the table says. A blank cell, and a type that is not in the table, leave the rows as they
        were. ``attrs["sara"]["set_types"]`` says how many rows and types changed and which types the table does not have.

    Raises
    ------
    InputError
        If a category or an origin is unknown, or one type is listed twice with different categories.

    Warns
    -----
    SaraWarning
        If the rows hold types that the table does not.

    Notes
    -----
    Types are compared without regard to case and blanks. New categories belong to no list of calls for help (`sara.data.help_categories`).

    Examples
    --------
    >>> import sara
    >>> rows = pd.DataFrame({"when": ["2024-03-01 23:10"] * 2, "what": ["FIGHT", "10-50"]})
    >>> calls = sara.as_events(rows, time="when", type="what")
    >>> edited = pd.DataFrame({"type": ["FIGHT", "10-50"], "category": ["", "traffic collision"]})
    >>> sara.set_types(calls, edited)["category"].tolist()
    ['disorder', 'traffic collision']
    """
    check_events(events)
    return apply_types(events, read_types(table, new=new))


def _numbers_of(events: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one row per type: rows, the most frequent category and origin, how many different ones, and whose vocabulary it is."""
    codes, uniques = uniques_of(events["type"])
    there = codes >= 0
    n = np.bincount(codes[there], minlength=len(uniques))
    now, n_categories = _most_frequent(codes, len(uniques), events["category"])
    origin, n_origins = _most_frequent(codes, len(uniques), events["origin"])
    complaint = (events["source"] == "complaints").to_numpy(dtype=bool, na_value=False)
    complaints = np.bincount(codes[there], weights=complaint[there], minlength=len(uniques))
    table = pd.DataFrame({
        "type": text_column(uniques), "n": n, "now": text_column(now), "n_categories": n_categories,
        "origin": text_column(origin), "n_origins": n_origins, "kind": np.where(2 * complaints > n, "311", "police"),
    })  # fmt: skip
    # Frequent first; equals by name, so that the order of the rows does not matter.
    return table.sort_values(["n", "type"], ascending=[False, True], kind="stable", ignore_index=True)


def _most_frequent(codes: np.ndarray, n_types: int, values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each type's most frequent value (the first by name among equals, None where it has none) and how many different ones."""
    kinds, names = uniques_of(values)
    order = np.argsort(names.astype(str), kind="stable")
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order], place[-1] = np.arange(len(names)), -1
    ranked = place[kinds]
    there = (codes >= 0) & (ranked >= 0)
    if not len(names):
        return np.full(n_types, None, dtype=object), np.zeros(n_types, dtype=np.int64)
    n = np.bincount(codes[there] * len(names) + ranked[there], minlength=n_types * len(names)).reshape(n_types, len(names))
    found = names[order][n.argmax(axis=1)].astype(object)
    found[n.sum(axis=1) == 0] = None
    return found, (n > 0).sum(axis=1)


def _with_categories(table: pd.DataFrame, kind: pd.Series, record: dict[str, Any]) -> pd.DataFrame:
    """Add the category of each type and how it was found."""
    out = table.copy()
    rule = np.full(len(out), "other", dtype=object)
    for name in ("police", "311"):
        mine = (kind == name).to_numpy()
        if mine.any():
            rule[mine] = categorize(out.loc[mine, "type"], name).fillna("other").to_numpy(dtype=object)
    now = out["now"].astype(object).where(out["now"].notna(), "other").to_numpy(dtype=object)
    columns = record.get("columns", {})
    known, changed = rule != "other", now != rule
    grouped = ~known & changed & ("group" in columns) & ("category" not in columns)
    given = (changed & ~grouped) | ("category" in columns)
    how = np.where(given, "given", np.where(known | grouped, "rule", "none"))
    reason = np.where(given, "a person or a column of categories", np.where(grouped, "the publisher's group", "pattern"))
    nothing = np.full(len(out), None, dtype=object)
    found = {"category": now, "how": how, "reason": reason, "nearest": nothing, "next_nearest": nothing}
    found = {name: values.astype(object) for name, values in found.items()} | {"score": np.full(len(out), np.nan)}
    _propose(out["type"], kind.to_numpy(), np.flatnonzero(how == "none"), found)
    for name, values in found.items():
        out[name] = values if name == "score" else text_column(values)
    out["decide"] = (found["how"] == "none") & (found["reason"] != SAYS_NOTHING)
    return out


def _propose(types: pd.Series, kinds: np.ndarray, left: np.ndarray, found: dict[str, np.ndarray]) -> None:
    """Write into `found` what is like the types that no pattern knows."""
    bare = is_bare_code(types.iloc[left])
    found["reason"][left] = "no pattern knows it"
    found["reason"][left[bare]] = BARE_CODE
    rest = left[~bare][:MOST_TYPES]
    for name in ("police", "311"):
        rows = rest[kinds[rest] == name]
        words = types.iloc[rows].tolist()
        spelled = [respelled(text) for text in words]
        fixed = categorize(pd.Series([pair[0] if pair else None for pair in spelled], dtype=object), name).to_numpy(dtype=object)
        open_ = []
        for row, known, pair, category in zip(rows, same_words(words, name), spelled, fixed, strict=True):
            if known == "other":
                found["reason"][row] = SAYS_NOTHING
            elif known is not None:
                found["category"][row], found["how"][row], found["score"][row] = known, "similar", 1.0
                found["reason"][row] = "the words of a labelled type"
            elif pair and category != "other":
                found["category"][row], found["how"][row], found["score"][row] = category, "similar", pair[1]
                found["reason"][row] = f"read as {pair[0]!r}"
            else:
                open_.append(row)
        if open_:
            # Only here is anything fitted: where patterns and known words answer, nothing heavy is loaded.
            alike = most_alike(types.iloc[open_].tolist(), name)
            found["score"][open_] = np.round(alike.first_score, 2)
            # A type that shares no piece of a word with any labelled one has no nearest category.
            for column, names, score in (
                ("nearest", alike.first, alike.first_score),
                ("next_nearest", alike.second, alike.second_score),
            ):
                found[column][np.array(open_)[score > 0]] = names[score > 0]


def _with_origin(table: pd.DataFrame, record: dict[str, Any]) -> pd.DataFrame:
    """Add what gave each type its origin: the source column where the rows were told one by one, otherwise what the type alone says."""
    marks = dict(record.get("origin_marks", {}))
    unmarked = marks.pop("unmarked", None)
    implied, rule = type_origins(table["type"], table["now"], Origin(marks, unmarked))
    words = np.array(ORIGIN_RULES, dtype=object)[rule]
    same = (implied.astype(object).fillna("") == table["origin"].astype(object).fillna("")).to_numpy()
    rules = record.get("origin_rules", {})
    untold = "source column" if "source column" in rules else "complaint" if "complaint" in rules else "given"
    words = np.where(same & (untold == "given"), words, untold)
    return table.assign(origin_rule=text_column(np.where(table["origin"].isna(), "none", words)))


def _cautions(table: pd.DataFrame, record: dict[str, Any]) -> tuple[str, ...]:
    out = []
    bare = (table["reason"] == BARE_CODE).to_numpy(dtype=bool, na_value=False)
    if bare.any():
        share = table.loc[bare, "n"].sum() / table["n"].sum()
        out.append(
            f"{many(int(bare.sum()), 'type')} ({percent(share)} of the rows) {'is a bare code' if bare.sum() == 1 else 'are bare codes'}. Such codes mean different things in "
            "different cities and are not guessed. Read the file with the column that describes them: columns={'type': '...'}."
        )
    if len(table) > MOST_TYPES:
        out.append(
            f"There are {len(table):,} different types: this column may hold free text. Only the {MOST_TYPES:,} most frequent are compared."
        )
    if "source column" not in record.get("origin_rules", {}) and (table["origin_rule"] == "none").any():
        share = table.loc[(table["origin_rule"] == "none").to_numpy(), "n"].sum() / table["n"].sum()
        out.append(f"For {percent(share)} of the rows neither the file nor the type says who started the call.")
    return tuple(out)
