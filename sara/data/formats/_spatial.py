"""Layers of points as GIS programs keep them: shapefile, GeoPackage, FlatGeobuf, file geodatabase."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError, SaraWarning
from sara.data.formats._geojson import representative, with_points
from sara.data.formats._raw import RawFile, check_columns, no_rejects, typed_frame

__all__ = ["PARTS", "SHP", "SIDECARS", "SPATIAL", "read_layers"]

# How the geometry of a shapefile begins.
SHP = b"\x00\x00\x27\x0a"
# The parts of a file geodatabase.
PARTS = re.compile(r"a[0-9a-f]{8}\..{1,40}|gdb|timestamps", re.IGNORECASE)
SPATIAL = (".shp", ".gpkg", ".fgb", ".gdb", ".sqlite", ".dbf")
# Where a GIS program keeps its colors and projects.
_OF_PROGRAMS = ("layer_styles", "qgis_projects")
# What stands beside a .shp and is read with it.
SIDECARS = (
    ".dbf",
    ".shx",
    ".prj",
    ".cpg",
    ".sbn",
    ".sbx",
    ".qix",
    ".qpj",
    ".shp.xml",
    ".atx",
    ".fbn",
    ".fbx",
    ".idm",
    ".ain",
    ".aih",
)


def read_layers(path: Path, name: str, sha: str | None) -> RawFile:
    """Read the largest layer of a file, with all others that have its columns; the number of a row is its place in the layer."""
    import pyogrio

    try:
        with warnings.catch_warnings():
            # What a damaged file is warned of comes as an error a moment later.
            warnings.simplefilter("ignore", RuntimeWarning)
            layers = [str(layer) for layer, _ in pyogrio.list_layers(path) if layer not in _OF_PROGRAMS]
        read = [table for layer in layers if (table := _layer(path, layer, name, sha)) is not None]
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError,
        RuntimeError,
        ValueError,
        UnicodeDecodeError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole file of its kind. Got {name}, which can't be opened ({_words(error)}). "
            "Is it complete? A shapefile needs its .shp, .shx and .dbf side by side."
        ) from None
    if not read:
        raise InputError(f"`path` must hold a table. Got a file without layers: {name}.")
    main = max(read, key=lambda table: table.frame.size)
    alike = [table for table in read if _columns(table) == _columns(main)]
    left = [table.notes["layer"] for table in read if table not in alike and len(table.frame) > 1 and table.frame.shape[1] > 1]
    if left:
        warnings.warn(
            f"{name}: only the layer {main.notes['layer']!r} was read; {', '.join(map(repr, left[:5]))} with other columns was not. Save it as a file of its own to read it.",
            SaraWarning,
            stacklevel=7,
        )
    return alike[0] if len(alike) == 1 else _stacked(alike, name, sha)


def _words(error: BaseException) -> str:
    return str(error).split("\n")[0][:200]


def _columns(table: RawFile) -> list[str]:
    return [str(column).casefold() for column in table.frame.columns]


def _stacked(tables: list[RawFile], name: str, sha: str | None) -> RawFile:
    frames = [table.frame.set_axis(tables[0].frame.columns, axis=1) for table in tables]
    system = getattr(frames[0], "crs", None)
    frames = [
        frame.to_crs(system)
        if isinstance(frame, gpd.GeoDataFrame) and frame.crs != system and system is not None and frame.crs is not None
        else frame
        for frame in frames
    ]
    labels = np.concatenate([np.full(len(t.frame), f"{name}: {t.notes['layer']}", dtype=object) for t in tables])
    notes = {**tables[0].notes, "layer": ", ".join(t.notes["layer"] for t in tables)}
    return RawFile(
        pd.concat(frames, ignore_index=True), np.concatenate([t.lines for t in tables]), no_rejects(), sha, name, notes, labels
    )


def _layer(path: Path, layer: str, name: str, sha: str | None) -> RawFile | None:
    import pyogrio

    info = pyogrio.read_info(path, layer=layer)
    check_columns(len(info["fields"]), name)
    with warnings.catch_warnings():
        # Dates no calendar has, rings that cross themselves: the row is read, and looked at later.
        warnings.simplefilter("ignore")
        frame = pyogrio.read_dataframe(path, layer=layer, datetime_as_string=True, on_invalid="ignore")
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    shapes = frame.geometry.to_numpy() if isinstance(frame, gpd.GeoDataFrame) else None
    notes: dict[str, Any] = {"format": info.get("driver") or "layer", "layer": layer}
    system = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)) if isinstance(frame, gpd.GeoDataFrame) else frame
    table = RawFile(typed_frame(plain.rename(columns=str)), lines, no_rejects(), sha, name, notes)
    if len(plain.columns) == 0 and len(plain) == 0:
        return None
    if shapes is None:
        return table
    shapes = np.asarray(shapes, dtype=object)
    kinds = shapely.get_type_id(shapes)
    drawn = int(((kinds != 0) & (kinds != 4) & (kinds != -1)).sum())
    points = representative(shapes)
    found: dict[str, Any] = {"geometry_not_points": drawn} if drawn else {}
    if system is None:
        system, said = _guess(points)
        found |= said
    return with_points(table, points, system, found)


def _guess(points: np.ndarray) -> tuple[Any, dict[str, Any]]:
    """Return degrees where the numbers of a layer without a system can be nothing else."""
    there = points[[point is not None for point in points]]
    x, y = shapely.get_x(there), shapely.get_y(there)
    real = np.isfinite(x) & np.isfinite(y) & (np.abs(x) < 1e30) & (x != 0)
    if real.any() and (np.abs(x[real]) <= 180).all() and (np.abs(y[real]) <= 90).all():
        return 4326, {"crs_missing": "no .prj; read as longitude and latitude, which is all the numbers can be"}
    return None, {"crs_missing": "no .prj"}
