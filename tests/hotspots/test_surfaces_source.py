"""Surfaces and streets of events behind an engine: the answer is that of the same rows in memory."""

from __future__ import annotations

import pandas as pd
import pytest

import sara


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    pytest.importorskip("duckdb")
    path = tmp_path_factory.mktemp("surfaces") / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    return path


METHODS = {
    "kde": lambda e, city: sara.hotspots.kde(e, area=city),
    "kde of weights": lambda e, city: sara.hotspots.kde(e, area=city, weights="n_reports", kernel="gaussian"),
    "kde, automatic bandwidth": lambda e, city: sara.hotspots.kde(e, area=city, bandwidth="auto", cell_size=200),
    "dual_kde against people": lambda e, city: sara.hotspots.dual_kde(e, city, column="population", area=city, n_sims=19),
    "street": lambda e, city: sara.hotspots.street(e, sara.datasets.load("riverton_streets"), area=city),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_source_gives_the_same_answer(name, parquet):
    calls, city = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    one = METHODS[name](calls[calls["category"] == "burglary"], city)
    two = METHODS[name](sara.open_events(parquet).where("category == 'burglary'"), city)
    assert two.text == one.text
    assert two.counts == one.counts
    assert {k: str(v) for k, v in two.settings.items()} == {k: str(v) for k, v in one.settings.items()}
    plain = [pd.DataFrame(r.table.drop(columns="geometry")) for r in (one, two)]
    pd.testing.assert_frame_equal(*plain, check_dtype=False, rtol=1e-9)
    assert two.areas.attrs == one.areas.attrs


def test_two_sources_are_set_against_each_other(parquet):
    calls, city = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    both = [calls[calls["category"] == kind] for kind in ("burglary", "theft")]
    sources = [sara.open_events(parquet).where(f"category == '{kind}'") for kind in ("burglary", "theft")]
    one, two = (sara.hotspots.dual_kde(*pair, area=city, n_sims=0) for pair in (both, sources))
    assert two.text == one.text
    assert two.table["log_ratio"].to_numpy() == pytest.approx(one.table["log_ratio"].to_numpy(), rel=1e-9, nan_ok=True)
