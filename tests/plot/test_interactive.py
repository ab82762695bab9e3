"""The interactive map: one page, nothing fetched, no word of a file becomes markup, and it draws in a real browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from sara.plot.interactive import STEP, Layer, script_hashes, to_interactive

EVIL = (
    "</script><script>document.title='broken'</script> \"'><img src=x onerror=\"document.title='broken'\"> \u202egnal\u2028 & <b>"
)
STYLE = {"fill": "#336699", "line": "#000000", "width": 1}
METRE = 1.2e-5


class Elements(HTMLParser):
    """The elements and attributes that a page really has."""

    def __init__(self):
        super().__init__()
        self.names, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes.extend(name for name, _ in attrs)


def layer(shapes, *, told=None, crs=32616, **more):
    return Layer(gpd.GeoSeries(shapes, crs=crs), [0] * len(shapes), [STYLE], told, **more)


def data_of(page):
    (found,) = re.findall(r'<script id="sara-data" type="application/json">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(found)


def corners(flat, data):
    steps = np.cumsum(np.array(flat).reshape(-1, 2), axis=0) / STEP
    return steps + np.array([data["west"], data["south"]])


@pytest.fixture
def evil_map():
    squares = [box(450_000 + i * 300, 4_500_000, 450_250 + i * 300, 4_500_250) for i in range(3)]
    told = pd.DataFrame({"name": [EVIL, "Second", "Third"], EVIL: [EVIL, 12_345, None]})
    names = gpd.GeoDataFrame({"name": [EVIL]}, geometry=[box(449_000, 4_499_000, 452_000, 4_502_000)], crs=32616)
    return to_interactive(
        [layer(squares, told=told, name=EVIL, listed=3)],
        title=EVIL, subtitle=EVIL, text=EVIL, source=EVIL, legend=(EVIL, [(STYLE, EVIL)]), names=names,
    )  # fmt: skip


def test_no_word_becomes_markup(evil_map):
    page = evil_map.page
    assert page.count("<script") == 3
    assert "<img" not in page and "\u202e" not in page
    data = data_of(page)
    shown = EVIL.replace("\u202e", "")
    assert data["layers"][0]["rows"][0] == [shown, shown]
    assert data["layers"][0]["rows"][1][1] == 12_345 and data["layers"][0]["rows"][2][1] is None
    assert html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page, flags=re.DOTALL)[1]) == shown


def test_the_page_asks_the_network_for_nothing(evil_map):
    page = evil_map.page
    # Leaflet's script holds a link to its own site, for a corner of the map that is not used.
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    tags = re.findall(r"<(?:script|link|img|iframe|source|video|audio|object|embed|base|form|a)\b[^>]*>", markup)
    assert all(not re.search(r"\b(?:src|href|data|action)\s*=", tag) for tag in tags)
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL))
    assert "url(" not in styles and "@import" not in styles
    assert "sourceMappingURL" not in page
    for call in ("fetch(", "XMLHttpRequest", "WebSocket(", "EventSource(", "sendBeacon", "importScripts"):
        assert call not in page
    assert "default-src 'none'" in page and "unsafe-eval" not in page


def test_only_the_two_known_scripts_may_run(evil_map):
    scripts = re.findall(r"<script>(.*?)</script>", evil_map.page, flags=re.DOTALL)
    found = [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts]
    assert tuple(found) == script_hashes()
    policy = re.search(r"script-src ([^;]*);", evil_map.page)[1]
    assert policy.split() == found


def test_leaflets_licence_travels_with_it(evil_map):
    assert "Copyright (c) 2010-2023, Volodymyr Agafonkin" in evil_map.page
    assert "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS" in evil_map.page


def test_shapes_keep_their_place_to_a_metre():
    ring = [(450_000, 4_500_000), (450_300, 4_500_010), (450_280, 4_500_320), (449_990, 4_500_300)]
    shapes = gpd.GeoSeries([Polygon(ring), MultiPolygon([box(0, 0, 100, 100), box(200, 0, 300, 100)])], crs=32616)
    shapes = gpd.GeoSeries(
        [shapes.iloc[0], shapely.transform(shapes.iloc[1], lambda p: p + np.array([450_000, 4_501_000]))], crs=32616
    )
    data = data_of(to_interactive([layer(list(shapes))], title="t").page)
    exact = shapes.to_crs(4326)
    first, second = data["layers"][0]["shapes"]
    assert np.abs(corners(first, data) - shapely.get_coordinates(exact.iloc[0])[:-1]).max() < METRE
    assert len(second) == 2 and all(len(part) == 1 for part in second)
    held = np.vstack([corners(part[0], data) for part in second])
    want = np.vstack([shapely.get_coordinates(p)[:-1] for p in exact.iloc[1].geoms])
    assert np.abs(held - want).max() < METRE


def test_holes_lines_and_points_are_drawn_as_such():
    holed = box(450_000, 4_500_000, 451_000, 4_501_000).difference(box(450_400, 4_500_400, 450_600, 4_500_600))
    line = LineString([(450_000, 4_500_000), (450_500, 4_500_100)])
    data = data_of(to_interactive([layer([holed]), layer([line]), layer([Point(450_000, 4_500_000)])], title="t").page)
    assert [d["kind"] for d in data["layers"]] == ["polygon", "line", "point"]
    assert len(data["layers"][0]["shapes"][0]) == 2
    assert len(data["layers"][1]["shapes"][0]) == 4 and len(data["layers"][2]["shapes"][0]) == 2


def test_ten_thousand_cells_stay_below_three_megabytes():
    squares = [
        box(450_000 + 100 * i, 4_500_000 + 100 * j, 450_100 + 100 * i, 4_500_100 + 100 * j)
        for i in range(100)
        for j in range(100)
    ]
    told = pd.DataFrame(
        {"cell": ["Cell of 100 m"] * 10_000, "n": np.arange(10_000), "z": ["-1.23"] * 10_000, "p": ["0.123"] * 10_000}
    )
    found = to_interactive([layer(squares, told=told, name="cells")], title="t")
    assert len(found.page.encode()) < 3e6
    assert len(found.frame().encode()) < 3.3e6


def test_a_map_of_nothing_is_still_a_page():
    page = to_interactive([layer([])], title="Nothing").page
    assert data_of(page)["layers"] == []


def test_it_is_saved_and_shown_in_a_frame(evil_map, tmp_path):
    path = evil_map.save(tmp_path / "deep" / "map.html")
    assert path.read_text(encoding="utf-8") == evil_map.page
    shown = evil_map._repr_html_()
    assert re.match(r"<iframe [^>]*sandbox=\"allow-scripts\"", shown) and "allow-same-origin" not in shown
    inner = re.search(r"srcdoc='([^']*)'", shown)[1]
    assert html.unescape(inner) == evil_map.page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the path")
def test_a_browser_without_network_draws_it_and_answers_a_click(evil_map, tmp_path):
    # The policy of the page would stop the script that clicks.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", evil_map.page)
    click = "<script>document.querySelectorAll('#places button')[1].click()</script>"
    (tmp_path / "map.html").write_text(page.replace("</body>", f"{click}</body>"), encoding="utf-8")
    got = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=3000", "--dump-dom", f"file://{tmp_path / 'map.html'}"],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert 'data-drawn="1"' in got
    assert "<canvas" in got and "12,345" in got and "Second" in got
    elements = Elements()
    elements.feed(got)
    assert elements.names.count("script") == 4 and "img" not in elements.names
    assert not [name for name in elements.attributes if name.startswith("on")]
    assert "<title>broken" not in got


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the path")
def test_it_draws_under_its_own_policy(evil_map, tmp_path):
    path = evil_map.save(tmp_path / "map.html")
    got = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=3000", "--dump-dom", f"file://{path}"],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert 'data-drawn="1"' in got
