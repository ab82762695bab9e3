"""Draw every picture of README.md and of the pages from the synthetic city: ``python docs/make_images.py``."""

from __future__ import annotations

import runpy
from pathlib import Path

import geopandas as gpd

import sara

ROOT = Path(__file__).resolve().parents[1]
START = "2024-03-01"


def did_it_work() -> None:
    """Draw the assessment of the bar strip, planned from what was known before it."""
    calls = sara.dedupe(sara.datasets.load("riverton_calls"))
    disorder = calls.query("category == 'disorder'")
    strip = gpd.read_file(ROOT / "data" / "riverton" / "strip.geojson")
    design = sara.respond.comparison(disorder[disorder["time"] < START], treated=strip, start=START)
    plan = sara.respond.Plan(goal="20 % fewer disorder calls by 2025-03-01", design=design, outcome="category == 'disorder'")
    plan.add_action("Staggered closing", partner="Licensing board", start=START)
    effect = sara.assess.evaluate(calls, plan.lock(as_of="2024-02-29"))
    effect.figure().savefig(ROOT / "docs" / "images" / "did_it_work.png", dpi=90)


if __name__ == "__main__":
    did_it_work()
    runpy.run_path(str(ROOT / "docs" / "hotspots" / "pictures.py"))["main"]([])
