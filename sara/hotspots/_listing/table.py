"""The table of hot places: each with its share, its kind of hot, its peak, and what is inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.keys import place_key
from sara.data.privacy import public_place
from sara.hotspots._clustering.table import apart
from sara.hotspots._ground.area import Selected
from sara.hotspots._ground.areas import finish_areas, from_middle
from sara.hotspots._listing.nesting import HALF, Listed, Part
from sara.hotspots._listing.times import Clock, clock_of, peak_words, temporal_classes
from sara.hotspots._listing.units import Units, shape_of
from sara.hotspots._results.hot_places import kinds_in_words

__all__ = ["TIMED", "Happened", "HotTable"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS_IN_MONTH = 365.2425 / 12
# Where fewer rows than this know their hour, only the days are looked at.
TIMED = 0.5
WORDS = {"dot": "Address", "corner": "Corner", "point": "Point", "line": "Stretch", "area": "Area"}
# How the public name of a point without an address begins.
SQUARE = "a 250 m square"
FIRST = (
    "name",
    "kind",
    "n",
    "share",
    "expected",
    "excess",
    "p_adjusted",
    "per_month",
    "months_active",
    "latest",
    "spatial",
    "temporal",
)


@dataclass(frozen=True, eq=False)
class Happened:
    """What the list needs of each event."""

    x: Floats
    y: Floats
    key: npt.NDArray[np.object_]
    form: Ints
    day: Ints
    month: Ints
    dow: Ints
    hour: Ints
    caller: Ints
    officer: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: gpd.GeoDataFrame, chosen: Selected) -> Self:
        """Read the rows of an event table."""
        keys = place_key(rows).to_numpy(dtype=object)
        time = rows["time"].to_numpy().astype("datetime64[s]")
        day = time.astype("datetime64[D]").astype(np.int64)
        second = (time - time.astype("datetime64[D]")).astype(np.int64)
        hour = rows["hour"].to_numpy(dtype=float, na_value=np.nan) if "hour" in rows.columns else second // 3_600.0
        if chosen.rows.record.get("time_precision") == "day" or not second.any():
            hour = np.full(len(rows), np.nan)
        return cls(
            x=rows["x"].to_numpy(dtype=float), y=rows["y"].to_numpy(dtype=float), key=keys, form=_forms(keys), day=day,
            month=time.astype("datetime64[M]").astype(np.int64), dow=(day + 3) % 7, hour=np.where(np.isnan(hour), -1, hour).astype(np.int64),
            caller=_numbered(rows), officer=rows["origin"].isin(["officer"]).to_numpy(dtype=bool, na_value=False),
        )  # fmt: skip


def _numbered(rows: gpd.GeoDataFrame) -> Ints:
    """Return a number per caller, -1 where none is published."""
    if "caller" not in rows.columns:
        return np.full(len(rows), -1, dtype=np.int64)
    return pd.factorize(rows["caller"].astype(object))[0].astype(np.int64)


def _forms(keys: npt.NDArray[np.object_]) -> Ints:
    """Tell addresses (0) from blocks (1), crossings (2) and points without an address (3), by how their keys are written."""
    number, known = pd.factorize(keys)
    words = pd.Series(known, dtype=object).astype(str)
    forms = [
        words.str.contains("BLOCK OF", regex=False),
        words.str.contains(" / ", regex=False),
        words.str.match(r"near -?\d+ E"),
    ]
    return np.select([form.to_numpy(dtype=bool) for form in forms], [1, 2, 3], 0).astype(np.int64)[number]


@dataclass(frozen=True, eq=False)
class HotTable:
    """All that the rows of the list are worked out from."""

    chosen: Selected
    events: Happened
    dots: Units
    lines: Units
    crowds: gpd.GeoDataFrame

    def table(self, listed: list[Listed], parts: list[Part]) -> gpd.GeoDataFrame:
        """Return one row per listed place."""
        rows = [self._row(place, [part for part in parts if part.parent == i]) for i, place in enumerate(listed)]
        frame = pd.DataFrame(rows, columns=list(_ROW)).astype(_ROW)
        frame["temporal"], frame["temporal_p"] = self._temporal([place.rows for place in listed])
        frame["_listed"] = np.arange(len(listed))
        shapes = self._shapes(listed)
        places = ["" if row["_public"].startswith(SQUARE) else row["_public"] for row in rows]
        out = finish_areas(self.chosen, frame, shapes, places, word="")
        out["name"] = [
            f"{word} {i}{self._where(name, shape)}"
            for i, (word, name, shape) in enumerate(zip(out.pop("_word"), out["name"], out.geometry, strict=True), start=1)
        ]
        out = out.drop(columns="_public").rename(columns={"_exact": "place"})
        rest = [column for column in out.columns if column not in (*FIRST, "geometry")]
        return out[[*FIRST, *rest, "geometry"]]

    def _where(self, name: str, shape: Any) -> str:
        """Return where a place lies, after its number: numbers of a grid tell a reader nothing."""
        if not name and not shape.is_empty:
            return f", {from_middle(shape, self.chosen.area)}"
        return f" near {name}" if name and not name.startswith(" ") else name

    def parts(self, out: gpd.GeoDataFrame, listed: list[Listed], parts: list[Part]) -> pd.DataFrame:
        """Return the hot addresses and stretches inside the listed places, by their public names."""
        name_of = dict(zip(out.pop("_listed"), out["name"], strict=True))
        rows = []
        for part in parts:
            units = self.dots if part.kind == "dot" else self.lines
            held = np.isin(part.rows, listed[part.parent].rows).sum()
            rows.append({
                "parent": name_of[part.parent], "kind": part.kind, "name": self._public(part.kind, units.name[part.unit], part.rows),
                "n": int(held), "share": float(held / len(listed[part.parent].rows)), "p_adjusted": float(units.p_adjusted[part.unit]),
            })  # fmt: skip
        frame = pd.DataFrame(rows, columns=["parent", "kind", "name", "n", "share", "p_adjusted"]).astype({"n": "int64"})
        order = frame["parent"].map({name: i for i, name in enumerate(out["name"])})
        return (
            frame.assign(_o=order)
            .sort_values(["_o", "n", "name"], ascending=[True, False, True], ignore_index=True)
            .drop(columns="_o")
        )

    def _row(self, place: Listed, parts: list[Part]) -> dict[str, Any]:
        events, rows = self.events, place.rows
        start, end = self.chosen.period
        months = _months(start, end)
        at_dot = self.dots.of[rows]
        top = np.bincount(at_dot[at_dot >= 0]).max() / len(rows) if (at_dot >= 0).any() else np.nan
        held = np.unique(np.concatenate([part.rows for part in parts])) if parts else np.zeros(0, dtype=np.int64)
        share = float(np.isin(rows, held).mean())
        exact = self._exact(place)
        return {
            "kind": place.kind, "n": len(rows), "share": len(rows) / self.chosen.counts.rows_used, "expected": place.expected,
            "excess": len(rows) - place.expected, "p_adjusted": place.p_adjusted,
            "per_month": len(rows) / ((end - start).days / DAYS_IN_MONTH), "months_active": len(np.unique(events.month[rows])) / months,
            "latest": pd.Timestamp(int(events.day[rows].max()), unit="D"), "spatial": self._spatial(place, top, share), "peak": self._peak(rows),
            "top_share": float(top), "inside": kinds_in_words(self._word(part) for part in parts), "inside_share": share, "top_caller": self._top_caller(rows), "officer_share": float(events.officer[rows].mean()), "_exact": exact,
            "_public": self._public(place.kind, exact, rows) if place.kind != "area" else self._crowd_name(place.unit),
            "_word": self._word(place),
        }  # fmt: skip

    def _top_caller(self, rows: Ints) -> float:
        """Return the share of the events that one caller reported; missing where callers are not published."""
        if not (self.events.caller >= 0).any():
            return float("nan")
        known = self.events.caller[rows]
        known = known[known >= 0]
        return float(np.bincount(np.unique(known, return_inverse=True)[1]).max() / len(rows)) if len(known) else 0.0

    def _word(self, place: Listed | Part) -> str:
        if place.kind != "dot":
            return WORDS[place.kind]
        return WORDS[{2: "corner", 3: "point"}.get(int(self.events.form[place.rows[0]]), "dot")]

    def _exact(self, place: Listed) -> str | None:
        """Return the exact place, for the private column: of an area, its largest address."""
        if place.kind == "dot":
            return str(self.dots.name[place.unit])
        if place.kind == "line" and self.lines.name[place.unit] is not None:
            return str(self.lines.name[place.unit])
        return self._commonest(place.rows)

    def _commonest(self, rows: Ints) -> str | None:
        keys, n = np.unique(self.events.key[rows].astype(str), return_counts=True)
        return str(keys[n.argmax()]) if len(keys) else None

    def _public(self, kind: str, name: Any, rows: Ints) -> str:
        """Return what a place may be called in public: the block of its commonest address where it is a piece of a street layer."""
        if kind == "line" and self.lines.shape is not None:
            return public_place(self._commonest(rows))
        return public_place(name)

    def _crowd_name(self, number: int) -> str:
        # " near <block>" or " in <area>", after "Cluster 3".
        words = str(self.crowds["name"].iloc[number]).split(" ", 2)
        return f" {words[2]}" if len(words) > 2 else ""

    def _spatial(self, place: Listed, top: float, inside: float) -> str | None:
        if place.kind == "dot" or top >= HALF:
            return "hot point"
        known = self.dots.of[place.rows] >= 0
        if place.kind == "area":
            known |= self.lines.of[place.rows] >= 0
        if known.mean() < HALF:
            return None
        return "clustered" if inside >= HALF else "dispersed"

    @property
    def _timed(self) -> bool:
        return bool((self.events.hour >= 0).mean() >= TIMED)

    def _clock(self, rows: Ints | slice) -> Clock:
        return clock_of(self.events.dow[rows], self.events.hour[rows] if self._timed else None)

    def _peak(self, rows: Ints) -> str | None:
        return peak_words(self._clock(rows))

    def _temporal(self, rows: list[Ints]) -> tuple[list[str], Floats]:
        return temporal_classes([self._clock(r) for r in rows], self._clock(slice(None)))

    def _shapes(self, listed: list[Listed]) -> list[Any]:
        """Return the shape of each place; where two overlap, the smaller kind keeps its ground."""
        shapes = []
        for place in listed:
            if place.kind == "area":
                shapes.append(self.crowds.geometry.iloc[place.unit])
            else:
                units = self.dots if place.kind == "dot" else self.lines
                shapes.append(shape_of(units, place.unit, self.events.x[place.rows], self.events.y[place.rows]))
        order = sorted(range(len(listed)), key=lambda i: ("dot", "line", "area").index(listed[i].kind))
        cut = apart([shapes[i] for i in order], self.chosen.area)
        back = dict(zip(order, cut, strict=True))
        return [back[i] for i in range(len(listed))]


_ROW: dict[str, Any] = {
    "kind": object, "n": "int64", "share": float, "expected": float, "excess": float, "p_adjusted": float, "per_month": float, "months_active": float,
    "latest": "datetime64[s]", "spatial": object, "peak": object, "top_share": float, "inside": object, "inside_share": float, "top_caller": float, "officer_share": float, "_exact": object,
    "_public": object, "_word": object,
}  # fmt: skip


def _months(start: pd.Timestamp, end: pd.Timestamp) -> int:
    last = end - pd.Timedelta(seconds=1)
    return int((last.year - start.year) * 12 + last.month - start.month + 1)
