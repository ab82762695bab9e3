"""How well `sara.recognize` knows columns it was not shown: ``SARA_REAL_DATA=... python benchmarks/bench_recognition.py``.

Three tests: the publishers of ``schemas/column_map.csv``, the labelled half of ``schemas/portal_layouts.json`` that the rules were tuned on, and
the half that was labelled only after the rules were fixed. Each is run with the names alone and with made-up contents under them. Prints
the share of fields mapped right, wrong and missed, columns mapped to a field the table does not have, refusals right and wrong, and what a
stated confidence turned out to be worth.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sara

LABELS = Path(__file__).resolve().parents[1] / "tests" / "data" / "layout_labels.csv"
# The published map's words for our fields.
MAP_FIELDS = {
    "id": ("id",), "type_text": ("type",), "priority": ("priority",), "received": ("received", "time"), "dispatched": ("dispatched",),
    "arrived": ("arrived",), "cleared_closed": ("closed",), "disposition_status": ("disposition",), "lat": ("lat",), "lon": ("lon",),
    "address": ("address",), "area": ("area",),
}  # fmt: skip
# Not asked of any layout: a group is a second type, a place a second address.
UNASKED = {"group", "place", "category"}
N_ROWS = 120


@dataclass
class Score:
    """What a run of recognition got right."""

    right: int = 0
    wrong: list[tuple[Any, ...]] = field(default_factory=list)
    missed: list[tuple[Any, ...]] = field(default_factory=list)
    spurious: list[tuple[Any, ...]] = field(default_factory=list)
    taken: list[tuple[Any, ...]] = field(default_factory=list)
    refused: list[tuple[Any, ...]] = field(default_factory=list)
    n_events: int = 0
    n_none: int = 0
    confidence: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Fields that were there to be found."""
        return self.right + len(self.wrong) + len(self.missed)


def cases_of_map(folder: Path, rng: np.random.Generator | None) -> Iterator[tuple[str, pd.DataFrame, str, list[Any]]]:
    """Yield ``(name, table, kind, wanted)`` for each publisher of the map."""
    for _, row in pd.read_csv(folder / "schemas" / "column_map.csv", dtype=str, keep_default_na=False).iterrows():
        wanted = [
            ([*ours], [[c] for c in _listed(row[theirs])], False) for theirs, ours in MAP_FIELDS.items() if _listed(row[theirs])
        ]
        # A received time in two columns.
        wanted = [
            (f, [[name for one in c for name in one], *c] if "+" in row["received"] and f[0] == "received" else c, o)
            for f, c, o in wanted
        ]
        extra = [(["group"], [[c] for name in ("category", "type_code") for c in _listed(row[name])], True)]
        extra += [(["x", "y", "point"], [[c] for name in ("x", "y", "point_text") for c in _listed(row[name])], True)]
        kinds = {c: f[0] for f, alternatives, _ in wanted for alternative in alternatives for c in alternative}
        columns = list(
            dict.fromkeys(
                c for theirs in (*MAP_FIELDS, "category", "type_code", "x", "y", "point_text") for c in _listed(row[theirs])
            )
        )
        yield row["source"], _table(columns, kinds, {}, rng), row["kind"], wanted + extra


def _listed(cell: str) -> list[str]:
    if "(" in cell and "+" in cell:
        cell = cell[cell.index("(") + 1 :].rstrip(")")
    return [
        c.split(" (")[0].strip() for c in re.split(r"[,+]", cell) if c.strip() and "prefix" not in c and c.strip() != "date"
    ] + (["date"] if re.match(r"date\+", cell) else [])


def cases_of_layouts(
    folder: Path, half: str, rng: np.random.Generator | None
) -> Iterator[tuple[str, pd.DataFrame, str, list[Any]]]:
    """Yield ``(title, table, kind, wanted)`` for each labelled layout of a half."""
    layouts = {layout["id"]: layout for layout in json.loads((folder / "schemas" / "portal_layouts.json").read_text("utf-8"))}
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["half"] != half or row["kind"] == "either":
                continue
            layout = layouts[row["layout"]]
            types = {column["name"]: column["type"] for column in layout["columns"]}
            wanted, kinds = [], {}
            for part in row["fields"].split("; ") if row["fields"] else []:
                names, alternatives = part.split("=")
                fields = names.rstrip("?").split("/")
                columns = [alternative.split("+") for alternative in alternatives.split("|")]
                columns = [c for c in columns if set(c) <= set(types)]
                wanted.append((fields, columns, names.endswith("?")))
                for alternative in columns:
                    for position, column in enumerate(alternative):
                        kinds.setdefault(column, f"{fields[0]}:{position}" if len(alternative) > 1 else fields[0])
            yield layout["title"], _table(list(types), kinds, types, rng), row["kind"], wanted


def _table(columns: Iterable[str], kinds: dict[str, str], types: dict[str, str], rng: np.random.Generator | None) -> pd.DataFrame:
    if rng is None:
        return pd.DataFrame(columns=list(columns), dtype=object)
    return pd.DataFrame({column: _content(column, kinds.get(column), types.get(column, "text"), rng) for column in columns})


def _content(column: str, kind: str | None, type_: str, rng: np.random.Generator) -> list[str]:
    """Make up what such a column would hold."""
    pick = lambda words: [str(word) for word in rng.choice(words, N_ROWS)]  # noqa: E731
    base, _, part = (kind or "").partition(":")
    low = column.lower()
    if base in ("received", "dispatched", "arrived", "closed", "time", "time_to"):
        when = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700 * 86400, N_ROWS), unit="s")
        if "year" in low:
            return list(when.strftime("%Y"))
        if "month" in low and part != "0":
            return list(when.strftime("%B" if "day" not in low else "%d"))
        if part in ("1", "2"):
            return list(when.strftime("%H%M" if "24" in low else "%H:%M:%S") if "day" not in low else when.strftime("%d"))
        return list(when.strftime("%m/%d/%Y") if part == "0" else when.strftime("%m/%d/%Y %I:%M:%S %p"))
    if base == "id":
        return [f"23-{n:06d}" for n in rng.permutation(10**6)[:N_ROWS]]
    if base == "type":
        return pick(
            ["BURGLARY ALARM", "DISTURBANCE", "TRAFFIC STOP", "NOISE COMPLAINT", "Graffiti", "THEFT", "Pothole", "WELFARE CHECK"]
        )
    if base == "address":
        number, street = rng.integers(1, 60, N_ROWS) * 100, pick(["MAIN ST", "OAK AVE", "W 35TH ST", "ELM BLVD"])
        if part == "0" or re.search(r"number|(?:^|_)no$", low):
            return [str(n) for n in number]
        if "direction" in low or low.endswith(" dir"):
            return pick(["N", "S", "E", "W"])
        if "suffix" in low or "type" in low:
            return pick(["ST", "AVE", "BLVD"])
        return street if part else [f"{n} {s}" for n, s in zip(number, street, strict=True)]
    words = {
        "priority": ["1", "2", "3", "4"], "disposition": ["CLOSED", "REPORT TAKEN", "NO ACTION", "OPEN"], "origin": ["CITIZEN", "OFFICER"],
        "channel": ["PHONE", "WEB", "MOBILE"], "area": ["1", "2", "NORTH", "CENTRAL"], "text": ["Two cars blocking the drive since last night", "Loud music from upstairs again"],
    }.get(base)  # fmt: skip
    if words:
        return pick(words)
    middle = {"lon": (-88.9, 0.05), "lat": (40.9, 0.05), "x": (1_160_000, 9_000), "y": (1_890_000, 9_000)}.get(base)
    if middle:
        return [f"{v:.5f}" for v in rng.normal(*middle, N_ROWS)]
    if "date" in type_ or re.search(r"\bdate\b|_dt$|time", low):
        return list((pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, N_ROWS), unit="D")).strftime("%m/%d/%Y"))
    if type_ in ("number", "money", "percent") or re.search(r"code|number|lat|lon|coord", low):
        return [str(v) for v in rng.integers(0, 900, N_ROWS)]
    if type_ == "checkbox":
        return pick(["true", "false"])
    return pick(["Alpha", "Bravo", "Charlie", "Delta", "Echo", ""])


def score(cases: Iterable[tuple[str, pd.DataFrame, str, list[Any]]]) -> Score:
    """Recognise each table and hold it against its labels."""
    out = Score()
    for title, table, kind, wanted in cases:
        found = sara.recognize(table)
        if kind == "none":
            out.n_none += 1
            if not getattr(found, "refused", None):
                out.taken.append((title, dict(found.columns)))
            continue
        out.n_events += 1
        if getattr(found, "refused", None):
            out.refused.append((title, found.refused))
        sure = found.table.set_index("field")["confidence"].to_dict()
        got = {name: [columns] if isinstance(columns, str) else list(columns) for name, columns in found.columns.items()}
        asked: set[str] = set()
        for fields, alternatives, optional in wanted:
            asked |= set(fields)
            have = {name: got[name] for name in fields if name in got}
            if any(_fits(columns, alternatives) for columns in have.values()):
                out.right += not optional
            elif have:
                (out.wrong.append((title, fields, alternatives, have)) if not optional else None)
            elif not optional:
                out.missed.append((title, fields, alternatives))
            out.confidence += [(sure[name], _fits(columns, alternatives)) for name, columns in have.items()]
        for name, columns in got.items():
            if name not in asked and name not in UNASKED:
                out.spurious.append((title, name, columns))
                out.confidence.append((sure[name], False))
    return out


def _fits(columns: list[str], alternatives: list[list[str]]) -> bool:
    """Whether the columns are one of the right answers; part of a date and its time is not."""
    return any(
        set(columns) == set(right) or (len(right) > 2 and len(set(columns) & set(right)) > 1) for right in alternatives
    ) or all([column] in alternatives for column in columns)


def calibration(pairs: Iterable[tuple[float, bool]]) -> list[tuple[str, int, float, float]]:
    """Return ``(bin, n, mean confidence, share right)``."""
    bins: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for sure, right in pairs:
        low = next(edge for edge in (0.95, 0.9, 0.8, 0.65, 0.5, 0.0) if sure >= edge)
        bins[f"{low:.2f} and more"].append((sure, right))
    return [
        (name, len(rows), float(np.mean([r[0] for r in rows])), float(np.mean([r[1] for r in rows])))
        for name, rows in sorted(bins.items())
    ]


def runs(folder: Path) -> Iterator[tuple[str, Score]]:
    """Yield every test, names alone and with contents."""
    for words, rng in (("names", None), ("contents", np.random.default_rng(1))):
        yield f"column map, {words}", score(cases_of_map(folder, rng))
        for half in ("tuned", "unseen"):
            yield f"layouts ({half} half), {words}", score(cases_of_layouts(folder, half, rng))


def main() -> None:
    """Print the tables of ``docs/recognition.md``."""
    folder = os.environ.get("SARA_REAL_DATA")
    if not folder:
        raise SystemExit("SARA_REAL_DATA must name the folder of real data. Got none.")
    pairs: list[tuple[float, bool]] = []
    print(
        "| test | fields | right | wrong | missed | not there | events refused | others accepted |\n|---|---|---|---|---|---|---|---|"
    )
    for name, s in runs(Path(folder)):
        if not s.asked:
            continue
        pairs += s.confidence
        print(
            f"| {name} | {s.asked} | {s.right / s.asked:.1%} | {len(s.wrong) / s.asked:.1%} | {len(s.missed) / s.asked:.1%} | {len(s.spurious)} "
            f"| {len(s.refused)} of {s.n_events} | {len(s.taken)} of {s.n_none} |"
        )
        if os.environ.get("SHOW"):
            for kind in ("wrong", "missed", "spurious", "refused", "taken"):
                for item in getattr(s, kind):
                    print("   ", kind, item)
    print("\n| confidence | fields | mean confidence | share right |\n|---|---|---|---|")
    for name, n, mean, share in calibration(pairs):
        print(f"| {name} | {n} | {mean:.2f} | {share:.2f} |")


if __name__ == "__main__":
    main()
