"""A map to move and to ask, as one page that needs no network: Leaflet, the shapes and the words inside. Knows frames only, no result."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

__all__ = ["InteractiveMap", "Layer", "script_hashes", "to_interactive"]

# Steps of a degree: about a metre. Nothing on a map of a city is known better, and a cell takes 25 characters.
STEP = 1e5
# Outlines lose corners that move them by less than this, in degrees (about a metre).
SMOOTH = 1e-5
# Pixels a notebook gives to the map.
HEIGHT = 620
# Marks that turn the reading direction of what follows, and control characters: a name from a file must not reorder the page.
_TURNS = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, *(c for c in range(32) if c not in (9, 10))]
)


@dataclass(frozen=True)
class Layer:
    """Shapes of one kind, how each looks and what is told of it.

    Parameters
    ----------
    shapes : GeoSeries
        Polygons, lines or points (not mixed), in any coordinate system.
    looks : sequence of int
        For each shape, which of `styles`.
    styles : sequence of dict
        ``fill``, ``line`` (colours as "#rrggbb"), ``width`` (pixels), ``alpha`` (of the fill), ``hatch`` ("up", "down", "dots") with its ``ink``,
        ``radius`` (pixels, of points).
    told : DataFrame, optional
        One row per shape: the first column is its name, the others what a click tells, under the columns' words. None: not clickable.
    name : str
        Its name in the list of layers; "" for the background, which can't be switched off.
    shown : bool
        Whether it is shown at first.
    listed : int
        How many of its shapes are listed below the map, from the first: the way in for the keyboard.
    """

    shapes: gpd.GeoSeries
    looks: Sequence[int]
    styles: Sequence[dict[str, Any]]
    told: pd.DataFrame | None = None
    name: str = ""
    shown: bool = True
    listed: int = 0


@dataclass(frozen=True, repr=False)
class InteractiveMap:
    """A map to move and to ask: shows itself in a notebook, and is saved as one page that needs nothing else.

    Parameters
    ----------
    page : str
        The whole page.
    title : str
        Its heading.
    text : str
        What it shows, in words.
    """

    page: str = field(repr=False)
    title: str
    text: str = ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page and return its path; it opens without a network.

        Parameters
        ----------
        path : str or path
            Where to write; folders are made.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.page, encoding="utf-8", newline="\n")
        return target

    def frame(self, *, height: int = HEIGHT) -> str:
        """Return the map as a frame to put into another page: it can reach nothing of that page, and no network."""
        # Quotes of one kind only: those of the other are in the thousands.
        page = self.page.replace("&", "&amp;").replace("'", "&#39;")
        return (
            f'<iframe title="{html.escape(self.title)}" sandbox="allow-scripts" loading="lazy" srcdoc=\'{page}\' '
            f'style="width:100%;height:{height}px;border:1px solid #c9ced4"></iframe>'
        )

    def _repr_html_(self) -> str:
        return self.frame()

    def __repr__(self) -> str:
        return f"<InteractiveMap {self.title!r}, {len(self.page.encode()) / 1e6:.1f} MB>"


def to_interactive(
    layers: Sequence[Layer],
    *,
    title: str,
    subtitle: str = "",
    text: str = "",
    source: str = "",
    legend: tuple[str, Sequence[tuple[dict[str, Any], str]]] = ("", ()),
    names: gpd.GeoDataFrame | None = None,
    view: gpd.GeoSeries | None = None,
) -> InteractiveMap:
    """Put layers on one map.

    Parameters
    ----------
    layers : sequence of Layer
        From the lowest to the highest.
    title, subtitle, source : str
        As on a figure: the question; unit, period and number; where the rows come from.
    text : str
        The finding, for who can't see the map.
    legend : (str, sequence of (style, words))
        Its title and entries.
    names : GeoDataFrame, optional
        Areas whose ``name`` is written on the map where it fits.
    view : GeoSeries, optional
        What fills the map at first; everything if not given.

    Returns
    -------
    InteractiveMap
        One page: no reference to any other file, every word escaped, scripts allowed by their fingerprint only.
    """
    used = [layer for layer in layers if len(layer.shapes)]
    shapes = [_degrees(layer.shapes) for layer in used]
    bounds = np.array([shapely.total_bounds(s) for s in shapes]) if shapes else np.array([[0.0, 0.0, 1.0, 1.0]])
    west, south = (float(np.floor(v * 100) / 100) for v in (np.nanmin(bounds[:, 0]), np.nanmin(bounds[:, 1])))
    styles: list[dict[str, Any]] = []
    packed = []
    for layer, held in zip(used, shapes, strict=True):
        packed.append(_layer(layer, held, west, south, len(styles)))
        styles.extend(layer.styles)
    data = {
        "west": west, "south": south, "layers": packed, "styles": styles,
        "legend": {"title": _clean(legend[0]), "entries": [[style, _clean(words)] for style, words in legend[1]]},
        "names": [] if names is None else _names(names, west, south),
        "view": None if view is None else _box(shapely.total_bounds(_degrees(view)), west, south),
    }  # fmt: skip
    page = _page(data, title=title, subtitle=subtitle, text=text, source=source)
    return InteractiveMap(page=page, title=title, text=text)


def script_hashes() -> tuple[str, ...]:
    """Return the fingerprints of the two scripts, as a content security policy takes them: no other script may run."""
    return tuple(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in (_leaflet()[0], _own()[0])
    )


def _degrees(shapes: gpd.GeoSeries) -> npt.NDArray[Any]:
    held = shapes if shapes.crs is None else shapes.to_crs(4326)
    return held.to_numpy()


def _layer(layer: Layer, shapes: npt.NDArray[Any], west: float, south: float, first: int) -> dict[str, Any]:
    kind = {0: "point", 1: "line", 2: "polygon"}[int(shapely.get_dimensions(shapes).max())]
    # Cells have few corners, and all of them matter.
    plain = shapely.get_num_coordinates(shapes) <= 8
    smooth = np.where(plain, shapes, shapely.simplify(shapes, SMOOTH))
    out: dict[str, Any] = {
        "name": _clean(layer.name), "kind": kind, "shown": layer.shown, "listed": layer.listed,
        "looks": [int(k) + first for k in layer.looks], "shapes": [_pack(shape, west, south) for shape in smooth],
    }  # fmt: skip
    if layer.told is not None:
        out["words"] = [_clean(c) for c in layer.told.columns]
        out["rows"] = [[_value(v) for v in row] for row in layer.told.itertuples(index=False, name=None)]
    return out


def _pack(shape: Any, west: float, south: float) -> list[Any]:
    """Return a shape as steps from corner to corner: flat where it is one line, point or ring, nested as Leaflet wants it elsewhere."""
    if shape.geom_type == "Polygon" and not len(shape.interiors):
        return _steps(shapely.get_coordinates(shape)[:-1], west, south)
    if shape.geom_type == "Polygon":
        return [_steps(shapely.get_coordinates(ring)[:-1], west, south) for ring in (shape.exterior, *shape.interiors)]
    parts = [p for p in shapely.get_parts(shape) if not p.is_empty]
    if shape.geom_type in ("MultiPolygon", "GeometryCollection"):
        polygons = [p for p in parts if p.geom_type == "Polygon"]
        return [
            [_steps(shapely.get_coordinates(r)[:-1], west, south) for r in (p.exterior, *p.interiors)] for p in polygons or parts
        ]
    if shape.geom_type == "MultiLineString" and len(parts) > 1:
        return [_steps(shapely.get_coordinates(p), west, south) for p in parts]
    return _steps(shapely.get_coordinates(shape), west, south)


def _steps(points: npt.NDArray[np.float64], west: float, south: float) -> list[int]:
    whole = np.rint((points - (west, south)) * STEP).astype(np.int64)
    moved = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    keep = np.any(moved != 0, axis=1)
    if len(keep):
        keep[0] = True
    return [int(v) for v in moved[keep].ravel()]


def _box(bounds: Any, west: float, south: float) -> list[int]:
    return _steps(np.array([[bounds[0], bounds[1]], [bounds[2], bounds[3]]]), west, south)


def _names(areas: gpd.GeoDataFrame, west: float, south: float) -> list[dict[str, Any]]:
    if "name" not in areas.columns:
        return []
    shapes = _degrees(areas.geometry)
    order = np.argsort(-shapely.area(shapes), kind="stable")
    held = []
    for i in order:
        if shapes[i] is None or shapes[i].is_empty or not _clean(areas["name"].iloc[i]).strip():
            continue
        bounds = np.array(shapes[i].bounds).reshape(2, 2)
        at = shapely.get_coordinates(shapely.point_on_surface(shapes[i]))
        corners = {"at": _steps(at, west, south), "low": _steps(bounds[:1], west, south), "high": _steps(bounds[1:], west, south)}
        held.append({"name": _clean(areas["name"].iloc[i]), **corners})
    return held


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return int(value) if isinstance(value, int | np.integer) else _clean(value)


def _clean(value: Any) -> str:
    return str(value).translate(_TURNS)


def _json(data: Any) -> str:
    """Return JSON that can stand inside a page: no character of it can end the script, or start a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _page(data: dict[str, Any], *, title: str, subtitle: str, text: str, source: str) -> str:
    leaflet, leaflet_css, notice = _leaflet()
    own, own_css = _own()
    heading, below, words, origin = (html.escape(_clean(v)) for v in (title, subtitle, text, source))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {" ".join(script_hashes())}; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer">
<title>{heading}</title>
<!--
{notice}
-->
<style>{leaflet_css}</style>
<style>{own_css}</style>
</head>
<body>
<header><h1 dir="auto">{heading}</h1><p dir="auto">{below}</p></header>
<div id="map" role="region" aria-label="Map: {words or heading}" aria-describedby="words" tabindex="0"></div>
<noscript><p>This map needs scripts to be allowed. In words: {words}</p></noscript>
<p id="words" class="spoken" dir="auto">{words}</p>
<div id="spoken" class="spoken" aria-live="polite"></div>
<nav aria-label="Places on the map"><span>Go to:</span><ol id="places"></ol></nav>
<footer dir="auto">{origin}</footer>
<script id="sara-data" type="application/json">{_json(data)}</script>
<script>{leaflet}</script>
<script>{own}</script>
</body>
</html>
"""


@lru_cache(maxsize=1)
def _leaflet() -> tuple[str, str, str]:
    """Return Leaflet's script, its styles and its license, without what would ask for another file."""
    script = re.sub(r"//# sourceMappingURL=\S*", "", _read("leaflet.js")).strip()
    styles = re.sub(r"[ \t]*[\w-]+:\s*url\([^)]*\);?", "", _read("leaflet.css"))
    styles = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    return script, re.sub(r"\n\s*\n+", "\n", styles).strip(), "Leaflet 1.9.4\n" + _read("LICENSE").strip()


@lru_cache(maxsize=1)
def _own() -> tuple[str, str]:
    return _read("map.js").strip(), _read("map.css").strip()


def _read(name: str) -> str:
    return files("sara.plot").joinpath("leaflet", name).read_text(encoding="utf-8").replace("\r\n", "\n")
