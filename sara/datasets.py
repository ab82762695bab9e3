"""Data to try everything on: the synthetic city of Riverton."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sara._version import __version__
from sara.core.cache import cache_folder
from sara.core.checks import check_choice

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["folder", "load", "names"]

_FILES = {
    "riverton_calls": "calls.csv.gz",
    "riverton_complaints": "complaints.csv.gz",
    "riverton_areas": "areas.geojson",
    "riverton_streets": "streets.geojson.gz",
    "riverton_places": "places.csv.gz",
    "riverton_facilities": "facilities.geojson",
}
_SEED = 1


def names() -> tuple[str, ...]:
    """Return the names that `load` knows.

    Examples
    --------
    >>> from sara import datasets
    >>> datasets.names()[0]
    'riverton_calls'
    """
    return tuple(_FILES)


def load(name: str) -> gpd.GeoDataFrame:
    """Return one table of the synthetic city of Riverton.

    Parameters
    ----------
    name : {"riverton_calls", "riverton_complaints", "riverton_areas", "riverton_streets", "riverton_places", "riverton_facilities"}
        Which table. Calls and complaints come as event tables, the map in longitude and latitude; the columns are told in `sara.teach.city`.

    Returns
    -------
    GeoDataFrame
        A fresh copy: change it as you like.

    Raises
    ------
    InputError
        If there is no table of this name.

    Notes
    -----
    Read from ``data/riverton`` in a checkout of the project. Elsewhere the city is made once by ``sara.teach.city(seed=1)`` and kept in the user's
    cache folder. Nothing is downloaded.

    Examples
    --------
    >>> from sara import datasets
    >>> len(datasets.load("riverton_areas"))
    18
    """
    check_choice(name, tuple(_FILES), name="name")
    return _loaded(name, str(folder())).copy()


def folder() -> Path:
    """Return the folder with Riverton's files (``truth.json`` and ``study.toml`` among them), making them where there are none.

    Examples
    --------
    >>> from sara import datasets
    >>> (datasets.folder() / "truth.json").exists()
    True
    """
    checkout = Path(__file__).resolve().parents[1] / "data" / "riverton"
    if _complete(checkout):
        return checkout
    # A newer sara may make another city: an old one must not pass for it.
    cached = cache_folder() / f"riverton-{__version__}"
    return cached if _complete(cached) else _make(cached)


def _complete(path: Path) -> bool:
    return all((path / file).is_file() for file in (*_FILES.values(), "truth.json"))


def _make(target: Path) -> Path:
    """Write the city beside its place and move it there in one step, so that nobody finds half a city."""
    from sara.teach import city

    work = Path(tempfile.mkdtemp(prefix="riverton-", dir=target.parent))
    city(seed=_SEED).write(work)
    if target.exists() and not _complete(target):
        shutil.rmtree(target)
    try:
        work.rename(target)
    except OSError:
        # Somebody else made it meanwhile.
        shutil.rmtree(work, ignore_errors=True)
    return target


@lru_cache(maxsize=len(_FILES))
def _loaded(name: str, where: str) -> gpd.GeoDataFrame:
    """Read one file once in a session; calls and complaints through the ordinary readers."""
    from sara.data.places import read_areas
    from sara.data.read import read_events

    path = Path(where) / _FILES[name]
    if name in ("riverton_calls", "riverton_complaints"):
        return read_events(path, source=name.removeprefix("riverton_"))
    if name == "riverton_areas":
        return read_areas(path)
    return _places(path) if name == "riverton_places" else _features(path)


def _places(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    table = pd.read_csv(path, keep_default_na=False)
    points = gpd.points_from_xy(table.pop("longitude"), table.pop("latitude"))
    return gpd.GeoDataFrame(table, geometry=points, crs=4326)


def _features(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    features = json.loads(text)["features"]
    frame = gpd.GeoDataFrame.from_features(features, crs=4326)
    return frame[[*(column for column in frame.columns if column != "geometry"), "geometry"]]
