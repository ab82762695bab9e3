"""Rates: published numbers, other implementations, what chance does, and exposure of every kind."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result
from sara.core.stats.shrinkage import smoothed_rates
from sara.hotspots import rates
from sara.hotspots._rates import _numbers

AREA = box(0, 0, 10_000, 8_000)
CRS = 32616


@pytest.fixture(scope="module")
def sids():
    """Return births, deaths and queen neighbours of the counties of North Carolina, 1974-78."""
    libpysal = pytest.importorskip("libpysal")
    try:
        frame = gpd.read_file(libpysal.examples.get_path("sids2.shp"))
    except Exception:
        pytest.skip("libpysal brings no sids2 here")
    w = libpysal.weights.Queen.from_dataframe(frame, use_index=False, silence_warnings=True)
    w.id_order = list(range(len(frame)))
    return frame["SID74"].to_numpy(float), frame["BIR74"].to_numpy(float), w, frame["NAME"]


def squares(k=8, side=1000.0, seed=5, **columns):
    """Return k x k named squares with people; one has nobody and one is not known."""
    rng = np.random.default_rng(seed)
    shapes = [box(side * i, side * j, side * (i + 1), side * (j + 1)) for j in range(k) for i in range(k)]
    people = rng.integers(200, 4_000, len(shapes)).astype(float)
    people[3], people[7] = 0, np.nan
    names = [f"tract {i:02d}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"name": names, "people": people, **columns}, geometry=shapes, crs=CRS)


@pytest.fixture
def tracts():
    return squares()


@pytest.fixture
def calls(make, tracts):
    """Return events at 0.02 a head, and 60 more in tract 20."""
    rng = np.random.default_rng(8)
    n = rng.poisson(tracts["people"].fillna(500) * 0.02)
    n[20] += 400
    n[3], n[7] = 6, 9
    bounds = tracts.bounds.loc[np.repeat(tracts.index, n)]
    return make(bounds["minx"] + rng.uniform(1, 999, len(bounds)), bounds["miny"] + rng.uniform(1, 999, len(bounds)))


# --- published numbers ---


def test_marshall_on_the_first_counties():
    births, deaths = [1091, 487, 3188, 508, 1421], [1, 0, 5, 1, 9]
    # The mean and variance of all 100 counties, as published; the weight formula is what is tested here.
    mean, variance = 0.002021445, 7.69293e-7
    weight = variance / (variance + mean / np.array(births))
    want = [0.0016973, 0.0017054, 0.0017731, 0.0020129, 0.0035349]
    assert mean + (np.array(deaths) / births - mean) * weight == pytest.approx(want, abs=5e-8)


def test_global_smoothing_is_marshalls(sids):
    deaths, births, _, _ = sids
    found = smoothed_rates(deaths, births)
    assert found.mean == pytest.approx(0.002021445, abs=5e-10)
    assert found.variance == pytest.approx(7.69293e-7, rel=1e-5)
    assert found.rate[:5] == pytest.approx([0.0016973, 0.0017054, 0.0017731, 0.0020129, 0.0035349], abs=5e-8)
    numbers = _numbers(deaths, births)
    assert numbers.ratio[:5] == pytest.approx([0.453433, 0, 0.775871, 0.973810, 3.133189], abs=5e-7)
    esda = pytest.importorskip("esda.smoothing")
    assert found.rate == pytest.approx(esda.Empirical_Bayes(deaths, births).r.ravel(), abs=1e-14)


def test_local_smoothing_is_marshalls(sids):
    deaths, births, w, names = sids
    found = smoothed_rates(deaths, births, around=w.sparse)
    assert names[:2].tolist() == ["Ashe", "Alleghany"]
    assert found.rate[:2] == pytest.approx([0.00099223, 0.00126390], abs=5e-9)
    esda = pytest.importorskip("esda.smoothing")
    assert found.rate == pytest.approx(esda.Spatial_Empirical_Bayes(deaths, births, w).r.ravel(), abs=1e-14)


# --- properties ---


def test_the_unit_of_exposure_does_not_matter(sids):
    deaths, births, w, _ = sids
    for around in (None, w.sparse):
        smooth = "global" if around is None else "local"
        one, other = (_numbers(deaths, births * k, smooth=smooth, around=around) for k in (1, 1e-3))
        assert other.rate * 1e-3 == pytest.approx(one.rate)
        assert other.smoothed * 1e-3 == pytest.approx(one.smoothed)
        assert other.p == pytest.approx(one.p)
        assert other.ratio == pytest.approx(one.ratio)


def test_smoothed_rates_add_up_to_about_the_total(sids):
    deaths, births, _, _ = sids
    found = smoothed_rates(deaths, births)
    assert (found.rate * births).sum() == pytest.approx(deaths.sum(), rel=0.05)
    assert ((found.rate - found.mean) * (deaths / births - found.mean) >= 0).all()
    equal = smoothed_rates([2, 2, 2], [100, 100, 100])
    assert equal.rate.tolist() == [0.02, 0.02, 0.02]


def test_smoothed_rates_are_nearer_to_the_truth():
    rng = np.random.default_rng(1)
    people = rng.integers(50, 5_000, 400)
    truth = rng.gamma(4, 0.0025, 400)
    n = rng.poisson(truth * people)
    raw = ((n / people - truth) ** 2).mean()
    assert ((smoothed_rates(n, people).rate - truth) ** 2).mean() < 0.6 * raw


# --- from events ---


def test_rates_by_area(calls, tracts):
    found = rates(calls, "people", areas=tracts)
    table = found.table.set_index("name")
    assert found.counts.left_out == {"in areas without exposure": 15}
    assert found.counts.rows_used + 15 == table["n"].sum() == len(calls)
    assert table.loc[["tract 03", "tract 07"], "rate"].isna().all()
    assert not table.loc[["tract 03", "tract 07"], ["is_high", "is_low"]].any(axis=None)
    known = table[table["rate"].notna()]
    assert known["expected"].sum() == pytest.approx(known["n"].sum())
    assert known["rate"].tolist() == pytest.approx((known["n"] / known["exposure"] * 1000).tolist())
    assert ((known["low"] <= known["rate"]) & (known["rate"] <= known["high"])).all()
    assert (known["low_998"] <= known["low_95"]).all() and (known["high_95"] <= known["high_998"]).all()
    assert known.index[known["is_high"]].tolist() == ["tract 20"]
    assert found.areas["name"].tolist() == ["tract 20"]
    assert found.areas["excess"].iloc[0] == pytest.approx(known.loc["tract 20", "n"] - known.loc["tract 20", "expected"])
    assert "tract 20 has the largest excess" in found.text
    assert any("2 of 64 areas have no exposure" in caution for caution in found.cautions)


def test_a_layer_of_polygons_is_its_own_units(calls, tracts):
    one, other = rates(calls, tracts, column="people"), rates(calls, "people", areas=tracts)
    assert one.text == other.text
    assert one.table.drop(columns="geometry").equals(other.table.drop(columns="geometry"))


def test_polygons_are_spread_by_surface(calls, tracts):
    # Each tract is four cells: a quarter of its people in each.
    found = rates(calls, tracts, column="people", area=AREA.intersection(tracts.union_all()), cell_size=500)
    known = tracts["people"].fillna(0).to_numpy().reshape(8, 8)
    assert found.table["exposure"].to_numpy().reshape(16, 16) == pytest.approx(np.kron(known, np.full((2, 2), 0.25)))
    assert any("spread evenly" in caution for caution in found.cautions)
    assert any("1 rows of the exposure layer have no number" in caution for caution in found.cautions)
    # Hexagons lie across the tracts: nothing is lost but at the rim, and nothing made.
    hexagons = rates(calls, tracts, column="people", area=tracts.union_all(), shape="hexagon", cell_size=300)
    assert hexagons.table["exposure"].sum() == pytest.approx(np.nansum(tracts["people"]))


def test_points_are_counted_where_they_lie(calls, tracts):
    at = tracts.representative_point()
    points = gpd.GeoDataFrame({"people": tracts["people"]}, geometry=at, crs=CRS).to_crs(4326)
    found = rates(calls, points, column="people", areas=tracts[["name", "geometry"]])
    want = rates(calls, "people", areas=tracts)
    assert found.table["rate"].tolist() == pytest.approx(want.table["rate"].tolist(), nan_ok=True)
    bars = rates(calls, points[["geometry"]], area=tracts.union_all(), cell_size=1000)
    assert (bars.table["exposure"] == 1).all()
    assert bars.exposure_word == "places"
    assert not any("Each point counts" in caution for caution in bars.cautions)
    named = rates(calls, points.assign(id=range(len(points)), homes=1), area=tracts.union_all(), cell_size=1000)
    assert any(caution.endswith("name it: column='people' (or 'homes').") for caution in named.cautions)


def test_other_events_are_the_exposure(make, calls, tracts):
    other = make(calls["x"].to_numpy()[::2], calls["y"].to_numpy()[::2])
    late = make([500.0] * 50, [500.0] * 50, time="2019-01-01")
    both = gpd.GeoDataFrame(pd.concat([other, late], ignore_index=True), crs=CRS)
    both.attrs = {"sara": {"coverage": ["2019-01-01", "2025-01-01"], "file": "c.csv"}}
    found = rates(calls, both, area=tracts.union_all(), cell_size=1000)
    assert found.table["exposure"].sum() == len(other)
    assert found.overall == pytest.approx(2000, rel=0.01)
    assert any("same period" in caution for caution in found.cautions)
    assert not any("sleep" in caution for caution in found.cautions)


def test_areas_cut_by_the_study_area_keep_their_share(calls, tracts):
    found = rates(calls, "people", areas=tracts, area=box(500, 0, 8_000, 8_000))
    want = tracts["people"].to_numpy() * np.where(tracts.bounds["minx"] == 0, 0.5, 1)
    assert found.table["exposure"].tolist() == pytest.approx(want.tolist(), nan_ok=True)
    assert any("8 areas reach beyond" in caution for caution in found.cautions)


def test_local_smoothing_and_none(calls, tracts):
    raw = rates(calls, "people", areas=tracts, smooth=None).table
    assert raw["rate_smoothed"].equals(raw["rate"])
    local = rates(calls, "people", areas=tracts, smooth="local")
    assert local.settings["smooth"].value == "local"
    spread = local.table["rate_smoothed"].std()
    assert spread < raw["rate"].std()


def test_usual_differences_are_allowed_for(make, tracts):
    rng = np.random.default_rng(2)
    people = tracts["people"].fillna(0).to_numpy()
    n = rng.poisson(people * 0.05 * rng.gamma(2, 0.5, len(people)))
    bounds = tracts.bounds.loc[np.repeat(tracts.index, n)]
    events = make(bounds["minx"] + 500.0, bounds["miny"] + 500.0)
    usual, chance = (rates(events, "people", areas=tracts, dispersion=kind) for kind in ("additive", "none"))
    assert usual.table["is_high"].sum() <= 2
    assert chance.table["is_high"].sum() > 10
    assert chance.table["is_high"].sum() == usual.n_beyond_chance
    assert usual.table["p_chance"].tolist() == pytest.approx(chance.table["p"].tolist(), nan_ok=True)
    if not usual.table["is_high"].any():
        assert "the differences are real, but usual here" in usual.text


# --- saved, shuffled, drawn ---


@pytest.mark.parametrize("how", ["areas", "cells"])
def test_saved_and_shuffled_answers_are_the_same(how, calls, tracts):
    given = {"areas": tracts} if how == "areas" else {"column": "people", "cell_size": 500, "area": tracts.union_all()}
    exposure = "people" if how == "areas" else tracts
    found = rates(calls, exposure, **given)
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.text == found.text
    before = calls.copy(deep=True)
    again = rates(calls.sample(frac=1, random_state=1), exposure, **given)
    assert again.text == found.text
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.table.drop(columns="geometry")), pd.DataFrame(found.table.drop(columns="geometry"))
    )
    pd.testing.assert_frame_equal(pd.DataFrame(calls), pd.DataFrame(before))
    for result in (found, back):
        assert result.plot().get_title(loc="left") == "Where is there more than one would expect?"
        ax = result.funnel()
        assert ax.get_title(loc="left") == "Which places stand out from the usual?"
        assert len(ax.lines) == 5
    if how == "cells":
        assert rates(calls, tracts, column="people", grid=found).table["rate"].equals(found.table["rate"])


def test_calls_for_help_are_not_named(calls, tracts):
    calls["category"] = "domestic"
    found = rates(calls, "people", areas=tracts)
    assert found.table["is_high"].any()
    assert "tract 20" not in found.text
    assert not [t for t in found.funnel().texts if "tract" in t.get_text()]


def test_a_source_gives_the_same_rates(tmp_path):
    pytest.importorskip("duckdb")
    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    events, city = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    strip = events[events["category"] == "disorder"]
    one = rates(strip, events, areas=city)
    other = rates(sara.open_events(path).where("category == 'disorder'"), path, areas=city)
    assert other.text == one.text
    assert other.table["rate_smoothed"].tolist() == pytest.approx(one.table["rate_smoothed"].tolist(), rel=1e-12)


# --- mistakes ---


def test_mistakes_are_told(make, calls, tracts):
    with pytest.raises(InputError, match="`areas` must be given when"):
        rates(calls, "people")
    with pytest.raises(InputError, match="names a column that is not in `areas`: 'peopel'. Did you mean 'people'"):
        rates(calls, "peopel", areas=tracts)
    with pytest.raises(InputError, match="`column` must name the numbers.*people"):
        rates(calls, tracts)
    with pytest.raises(InputError, match="zero or more. Got -5"):
        rates(calls, "people", areas=tracts.assign(people=-5.0))
    with pytest.raises(InputError, match="above zero somewhere"):
        rates(calls, "people", areas=tracts.assign(people=0.0))
    with pytest.raises(InputError, match="must be numbers. Got none"):
        rates(calls, "people", areas=tracts.assign(people="many"))
    with pytest.raises(InputError, match="Got a int"):
        rates(calls, 5, areas=tracts)
    with pytest.raises(InputError, match="`per` must be a number above zero"):
        rates(calls, "people", areas=tracts, per=0)
    with pytest.raises(InputError, match="`smooth` must be one of"):
        rates(calls, "people", areas=tracts, smooth="lokal")
    with pytest.raises(NotEnoughDataError, match="rates needs at least 10"):
        rates(make([1.0], [1.0]), "people", areas=tracts)
    with pytest.raises(NotEnoughDataError, match="3 areas with exposure"):
        rates(calls, "people", areas=tracts.assign(people=[1.0, 2.0] + [0.0] * 62))
    lines = gpd.GeoDataFrame({"people": [1.0]}, geometry=[shapely.LineString([(0, 0), (9, 9)])], crs=CRS)
    with pytest.raises(InputError, match="points or polygons"):
        rates(calls, lines, column="people", area=AREA)
