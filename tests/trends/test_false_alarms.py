"""The page of false alarms is what its script measures."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "trends"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("docs_false_alarms", FOLDER / "false_alarms.py")
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def entry(script, chart, world, mean) -> float:
    """Return one rate of the page, per 100 weeks."""
    page = (FOLDER / "false_alarms.md").read_text()
    table = re.search(rf"<!-- {chart} -->\n(.*?)<!-- / -->", page, flags=re.DOTALL)[1]
    row = next(line for line in table.splitlines() if line.startswith(f"| {world} |"))
    return float(row.split("|")[2 + script.MEANS.index(mean)].split("(")[0])


def test_every_chart_of_the_page_is_one_of_the_script(script):
    named = re.findall(r"<!-- (\w+) -->", (FOLDER / "false_alarms.md").read_text())
    assert named
    assert set(named) <= {*script.CHARTS, "monitor"}


@pytest.mark.parametrize(
    ("chart", "world", "mean"), [("farrington_flexible", "Poisson", 10), ("monitor_p", "variance 2 x mean", 5)]
)
def test_the_page_tells_what_is_measured(script, chart, world, mean):
    rate, run = script.measured(script.CHARTS[chart], world, mean, quick=True)
    said = entry(script, chart, world, mean)
    # 600 weeks: within 3.5 standard errors, which alarms of one series in neighbouring weeks widen a little.
    assert 100 * rate == pytest.approx(said, abs=3.5 * 100 * ((said / 100) / 600) ** 0.5)
    assert run > 1


def test_no_rate_of_monitor_is_above_what_it_promises(script):
    for world in script.WORLDS:
        for mean in script.MEANS:
            assert entry(script, "monitor_p", world, mean) <= 1.0
