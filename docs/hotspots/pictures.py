"""Draw the pictures of these pages from the synthetic city: ``python docs/hotspots/pictures.py [method ...]``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd

import sara

IMAGES = Path(__file__).resolve().parent / "img"
DPI = 100
# A picture is to be read on a page, not to be the page: colours are counted down until a file has at most this many bytes.
MOST_BYTES = 150_000
# Two years to draw from; what follows is for the accuracy of maps.
PERIOD = ("2022-03-01", "2024-02-29")
LATER = ("2024-03-01", "2024-08-31")


@cache
def calls() -> gpd.GeoDataFrame:
    return sara.dedupe(sara.datasets.load("riverton_calls"))


@cache
def of(category: str) -> gpd.GeoDataFrame:
    return calls()[calls()["category"] == category]


@cache
def layer(name: str) -> gpd.GeoDataFrame:
    return sara.datasets.load(f"riverton_{name}")


def drawn(result: Any, **options: Any) -> Any:
    return result.plot(areas=layer("areas"), **options)


def count() -> Any:
    return drawn(sara.hotspots.count(of("disorder"), area=layer("areas"), period=PERIOD))


def count_hexagons() -> Any:
    return drawn(sara.hotspots.count(of("disorder"), area=layer("areas"), shape="hexagon", period=PERIOD), suppress=10)


def rates_funnel() -> Any:
    return sara.hotspots.rates(
        of("burglary"), layer("areas"), column="population", area=layer("areas"), cell_size=400, period=PERIOD
    ).funnel()


def rates() -> Any:
    return drawn(sara.hotspots.rates(of("burglary"), "population", areas=layer("areas"), period=PERIOD))


def gi_star() -> Any:
    return drawn(sara.hotspots.gi_star(of("disorder"), area=layer("areas"), period=PERIOD))


def local_moran() -> Any:
    return drawn(sara.hotspots.local_moran(of("disorder"), area=layer("areas"), distance="500m", period=PERIOD))


def kde() -> Any:
    return drawn(sara.hotspots.kde(of("disorder"), area=layer("areas"), period=PERIOD))


def dual_kde() -> Any:
    noise = layer("complaints").query("category == 'noise'")
    return drawn(sara.hotspots.dual_kde(of("noise"), noise, area=layer("areas"), period=PERIOD))


def street() -> Any:
    return drawn(sara.hotspots.street(of("disorder"), layer("streets"), area=layer("areas"), period=PERIOD))


def clusters() -> Any:
    return drawn(sara.hotspots.clusters(of("disorder"), area=layer("areas"), period=PERIOD))


def hot_places() -> Any:
    return drawn(
        sara.hotspots.hot_places(
            of("disorder"), area=layer("areas"), streets=layer("streets"), areas=layer("areas"), period=PERIOD
        )
    )


def hot_places_matrix() -> Any:
    found = sara.hotspots.hot_places(
        of("disorder"), area=layer("areas"), streets=layer("streets"), areas=layer("areas"), period=PERIOD
    )
    return found.figure().axes[0]


def clusters_nnh() -> Any:
    return drawn(sara.hotspots.clusters(of("disorder"), area=layer("areas"), method="nnh", period=PERIOD))


def scan_statistic() -> Any:
    return drawn(sara.hotspots.scan_statistic(of("burglary"), area=layer("areas"), period=PERIOD, n_sims=199))


def emerging() -> Any:
    return drawn(sara.hotspots.emerging(of("disorder"), area=layer("areas"), period=PERIOD))


def change() -> Any:
    # The year after the bars closed at different hours, against the year before.
    return drawn(sara.hotspots.change(of("disorder"), area=layer("areas")))


def near_repeat_zones() -> Any:
    return drawn(sara.hotspots.near_repeat_zones(of("burglary"), area=layer("areas"), n_sims=199))


def persistence() -> Any:
    return drawn(sara.hotspots.persistence(of("disorder"), area=layer("areas"), period=PERIOD))


def accuracy() -> Any:
    made = sara.hotspots.count(of("disorder"), area=layer("areas"), period=PERIOD)
    return sara.hotspots.accuracy(made, of("disorder"), period=LATER).plot()


def compare() -> Any:
    return sara.hotspots.compare(
        ["all counts", "last year", "kde", "gi_star", "persistence"], of("disorder"), area=layer("areas")
    ).plot()


def zoom() -> Any:
    made = sara.hotspots.clusters(of("disorder"), area=layer("areas"), period=PERIOD)
    return drawn(made, streets=layer("streets"), zoom=True)


PICTURES: tuple[Callable[[], Any], ...] = (
    count, count_hexagons, rates, rates_funnel, gi_star, local_moran, kde, dual_kde, street, clusters, clusters_nnh, hot_places,
    hot_places_matrix, scan_statistic, emerging, change, near_repeat_zones, persistence, accuracy, compare, zoom,
)  # fmt: skip


def save(ax: Any, path: Path) -> None:
    """Write a figure as a PNG of few colours and bytes."""
    from PIL import Image

    held = io.BytesIO()
    ax.figure.savefig(held, format="png", dpi=DPI)
    picture = Image.open(held).convert("RGB")
    for colors in (256, 128, 64, 32):
        packed = io.BytesIO()
        picture.quantize(colors, dither=Image.Dither.NONE).save(packed, format="png", optimize=True)
        if packed.tell() <= MOST_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())


def main(names: list[str]) -> None:
    for picture in PICTURES:
        if not names or picture.__name__ in names:
            save(picture(), IMAGES / f"{picture.__name__}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
