"""The city as files: what a city would publish, and beside it the truth."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from sara.teach.city import City

__all__ = ["STUDY", "write_city", "write_table"]

STUDY = """\
# The whole journey on Riverton. Known then: everything up to 29 February 2024; the response began the day after.
[study]
title = "Disorder at closing time on the bar strip"
seed = 1
as_of = "2024-02-29"
audience = "council"
language = "en"

[data]
calls = "calls.csv.gz"
complaints = "complaints.csv.gz"
areas = "areas.geojson"

[focus]
where = "category == 'disorder'"

[respond]
treated = "strip.geojson"
start = "2024-03-01"
n = 5
buffer = "300m"
goal = "20 % fewer disorder calls on the strip by 2025-03-01"
outcome = "category == 'disorder'"
also_watch = "a survey of people at the taxi rank, before and after"
{actions}
[assess]
after = "12MS"

[out]
folder = "out"
"""


def write_city(city: City, folder: str | Path) -> Path:
    """Write the files of one city into `folder` and return it."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    write_table(city.raw_calls, out / "calls.csv.gz")
    write_table(city.raw_complaints, out / "complaints.csv.gz")
    places = pd.DataFrame(city.places.drop(columns="geometry")).assign(
        longitude=city.places.geometry.x, latitude=city.places.geometry.y
    )
    write_table(places, out / "places.csv.gz")
    _text(_geojson(city.areas), out / "areas.geojson")
    _text(_geojson(city.facilities), out / "facilities.geojson")
    _text(_geojson(city.streets), out / "streets.geojson.gz")
    strip = {"type": "Feature", "properties": {"name": "Bar strip"}, "geometry": city.truth["response"]["treated"]}
    _text(_dump({"type": "FeatureCollection", "features": [strip]}), out / "strip.geojson")
    _text(_dump(city.truth) + "\n", out / "truth.json")
    actions = "".join(
        "\n[[respond.action]]\n" + "".join(f"{key} = {json.dumps(action[key])}\n" for key in ("name", "partner", "start", "dose"))
        for action in city.truth["response"]["actions"]
    )
    _text(STUDY.format(actions=actions), out / "study.toml")
    return out


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, packed where the name says so."""
    text = frame.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    _text(text, path)


def _geojson(frame: gpd.GeoDataFrame) -> str:
    # The default frame of reference of GeoJSON is longitude and latitude; ids and boxes per feature would only be weight.
    return _dump(json.loads(frame.to_json(drop_id=True, show_bbox=False)))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(text: str, path: Path) -> None:
    data = text.encode("utf-8")
    if path.suffix == ".gz":
        # No time and no name inside: the same city gives the same bytes.
        with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed:
            packed.write(data)
    else:
        path.write_bytes(data)
