"""The top level: light to import, complete to look at, silent about everything global."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sara

ROOT = Path(__file__).resolve().parents[1]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def test_import_loads_nothing_heavy():
    heavy = {"numpy", "pandas", "geopandas", "shapely", "scipy", "sklearn", "matplotlib", "typer", "pydantic", "jinja2"}
    loaded = run("import sara, sys; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))").split()
    assert not heavy & set(loaded)


def test_import_is_no_dearer_than_geopandas():
    # Measured in one process each, both from a warm disk; sara loads nothing, so the margin is wide.
    clock = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    run(clock.format("geopandas"))
    assert min(float(run(clock.format("sara"))) for _ in range(2)) < float(run(clock.format("geopandas")))


def test_looking_around_loads_nothing():
    code = "import sara, sys; dir(sara); hasattr(sara, '_ipython_display_'); hasattr(sara, 'nonsense'); print('pandas' in sys.modules)"
    assert run(code) == "False"


def test_import_sets_nothing_global():
    code = (
        "import os, warnings, locale; before = (dict(os.environ), list(warnings.filters), locale.getlocale()); import sara;"
        "print(before == (dict(os.environ), list(warnings.filters), locale.getlocale()))"
    )
    assert run(code) == "True"


@pytest.mark.parametrize("name", sara.__all__)
def test_every_name_is_there(name):
    assert getattr(sara, name) is not None
    assert name in dir(sara)


def test_a_slip_of_spelling_gets_a_hint():
    with pytest.raises(AttributeError, match="Did you mean 'read_calls'"):
        sara.read_cals  # noqa: B018


def test_the_version_is_the_projects():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert sara.__version__ == pyproject["project"]["version"]
