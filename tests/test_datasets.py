"""The data sets are there, small, and the ones that the generator makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sara import datasets
from sara.core.errors import InputError
from sara.teach import city

COMMITTED = Path(__file__).resolve().parents[1] / "data" / "riverton"


def test_committed_files_are_small():
    size = sum(path.stat().st_size for path in COMMITTED.iterdir() if path.is_file())
    assert 1_000_000 < size < 15_000_000


def test_committed_files_are_the_city_of_seed_1():
    """Another NumPy or GEOS may draw a few rows otherwise (see `city`): the same city, if not the same bytes."""
    made = city(seed=1)
    calls = pd.read_csv(COMMITTED / "calls.csv.gz", dtype=str, keep_default_na=False)
    truth = json.loads((COMMITTED / "truth.json").read_text(encoding="utf-8"))
    assert list(calls.columns) == list(made.raw_calls.columns)
    assert len(calls) == pytest.approx(len(made.raw_calls), rel=0.01)
    assert [problem["category"] for problem in truth["problems"]] == [problem["category"] for problem in made.truth["problems"]]
    assert truth["response"]["effect_per_month"] == pytest.approx(made.truth["response"]["effect_per_month"], rel=1e-6)
    kinds = calls["CallType"].value_counts(normalize=True)
    assert np.abs(kinds - made.raw_calls["CallType"].value_counts(normalize=True)).max() < 0.005


@pytest.mark.parametrize("name", datasets.names())
def test_every_name_loads(name):
    table = datasets.load(name)
    assert len(table) > 10 and table.crs is not None
    assert table.geometry.notna().mean() > 0.9


def test_event_tables_keep_their_record():
    calls = datasets.load("riverton_calls")
    assert calls.attrs["sara"]["coverage"] == ["2022-03-01", "2025-03-01"]
    assert calls["time"].is_monotonic_increasing or calls["time"].isna().any()
    assert {"disorder", "noise", "burglary", "vehicle theft", "drugs"} <= set(calls["category"].dropna())


def test_a_copy_may_be_changed():
    datasets.load("riverton_areas")["name"] = "mine"
    assert datasets.load("riverton_areas")["name"].nunique() == 18


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="riverton_calls"):
        datasets.load("riverton_call")


def test_made_where_there_is_no_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "site-packages" / "sara" / "datasets.py"))
    made: list[int] = []

    class Small:
        """Stands for a city that takes seconds: what counts here is when and where it is written."""

        def __init__(self, *, seed):
            made.append(seed)

        def write(self, folder):
            for path in COMMITTED.iterdir():
                (Path(folder) / path.name).write_bytes(b"")

    monkeypatch.setattr("sara.teach.city", Small)
    first = datasets.folder()
    assert tmp_path in first.parents and (first / "study.toml").exists()
    assert datasets.folder() == first
    assert made == [1]
    # A city half removed is made again, and nothing is left beside it.
    (first / "truth.json").unlink()
    assert datasets.folder() == first and (first / "truth.json").exists()
    assert made == [1, 1]
    assert [path.name for path in first.parent.iterdir()] == [first.name]
