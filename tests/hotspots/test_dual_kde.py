"""`dual_kde`: the ratio of two surfaces, and what random labels would give."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, box

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result
from sara.core.stats.fdr import benjamini_hochberg
from sara.hotspots import dual_kde
from sara.hotspots._surfaces.bandwidth import choose_ratio_bandwidth
from sara.hotspots._surfaces.ratio import Pair, _alike, anywhere, effective_m2, excess_spread, ratio_of
from sara.hotspots._surfaces.surface import Lattice

CITY = box(0, 0, 8_000, 8_000)


def cells(step=400.0):
    return tuple(v.ravel() for v in np.meshgrid(np.arange(step / 2, 8_000, step), np.arange(step / 2, 8_000, step)))


def town(n, seed=5):
    """Return places half even, half in three crowds."""
    rng = np.random.default_rng(seed)
    crowd = rng.choice(np.array([[2_000.0, 2_000], [6_000, 3_000], [5_000, 6_500]]), n // 2) + rng.normal(0, 500, (n // 2, 2))
    return np.r_[rng.uniform(0, 8_000, (n - n // 2, 2)), crowd.clip(1, 7_999)]


def labelled(n1, n2, seed=5):
    at = town(n1 + n2, seed)
    label = np.zeros(n1 + n2)
    label[np.random.default_rng(seed + 1).permutation(n1 + n2)[:n1]] = 1
    return Pair(at[:, 0], at[:, 1], label, 1 - label, labelled=True)


def swapped(pair):
    return Pair(pair.x, pair.y, pair.two, pair.one, labelled=True)


def of(pair, **more):
    return ratio_of(pair, *cells(), size=400.0, bandwidth=800.0, kernel="quartic", **more)


def test_swapping_turns_the_sign_and_keeps_the_p():
    pair = labelled(400, 250)
    one, other = of(pair), of(swapped(pair))
    assert other.log_ratio == pytest.approx(-one.log_ratio, abs=1e-12)
    assert other.z == pytest.approx(-one.z, abs=1e-9)
    assert other.p == pytest.approx(one.p, rel=1e-6)
    assert np.array_equal(one.few, other.few)


def test_equal_surfaces_have_a_ratio_of_one():
    at = town(300)
    pair = Pair(at[:, 0], at[:, 1], np.full(300, 2.0), np.full(300, 2.0), labelled=True)
    assert of(pair).log_ratio == pytest.approx(0, abs=1e-12)
    assert of(pair).z == pytest.approx(0, abs=1e-9)


def test_the_log_ratio_by_hand():
    pair = Pair(np.array([4_000.0, 4_000]), np.array([4_000.0, 4_000]), np.array([6.0, 0]), np.array([0.0, 3]), labelled=True)
    found = ratio_of(pair, np.array([4_000.0, 4_400]), np.array([4_000.0, 4_000]), size=400, bandwidth=800, kernel="quartic")
    k = 3 / (np.pi * 800**2) * np.array([1, 0.75**2])
    assert found.one == pytest.approx(6 * k)
    c = 0.5 / effective_m2(800, "quartic") * (1 / 6 + 1 / 3) / 2
    assert found.log_ratio == pytest.approx(np.log((k + c) / (k + c)), abs=1e-12)


def test_effective_surface_is_one_over_the_squared_kernel():
    x, y = (v.ravel() for v in np.meshgrid(np.arange(-2_000, 2_000, 5.0), np.arange(-2_000, 2_000, 5.0)))
    for kernel, f in (
        ("quartic", 3 / (np.pi * 300**2) * np.maximum(1 - (x**2 + y**2) / 300**2, 0) ** 2),
        ("gaussian", np.exp(-(x**2 + y**2) / (2 * 300**2)) / (2 * np.pi * 300**2)),
    ):
        assert 1 / ((f**2).sum() * 25) == pytest.approx(effective_m2(300, kernel), rel=1e-3)


def test_moments_and_p_agree_with_dealing_the_labels():
    pair = labelled(150, 250)
    found = of(pair)
    rng = np.random.default_rng(9)
    at_x, at_y = cells()
    d2 = (at_x[:, None] - pair.x) ** 2 + (at_y[:, None] - pair.y) ** 2
    kernel = 3 / (np.pi * 800**2) * np.maximum(1 - d2 / 800**2, 0) ** 2
    deals = np.array([kernel @ rng.permutation(pair.one) for _ in range(4_000)])
    known = ~found.few
    z = ((kernel @ pair.one - deals.mean(axis=0))[known]) / deals.std(axis=0)[known]
    assert found.z[known] == pytest.approx(z, abs=0.12)
    above = (deals >= kernel @ pair.one - 1e-15).mean(axis=0)
    below = (deals <= kernel @ pair.one + 1e-15).mean(axis=0)
    two_sided = np.minimum(1, 2 * np.minimum(above, below))
    # Monte Carlo error of 4,000 deals is 0.016 at most; the rest is the gamma curve's.
    assert np.abs(found.p - two_sided)[known].max() < 0.06
    assert np.abs(found.p - two_sided)[known].mean() < 0.015


def test_moments_agree_with_people_drawn_at_random():
    at, rng = town(300), np.random.default_rng(2)
    people = rng.gamma(2, 20, 300)
    pair = Pair(at[:, 0], at[:, 1], rng.multinomial(400, people / people.sum()).astype(float), people, labelled=False)
    found = of(pair)
    at_x, at_y = cells()
    d2 = (at_x[:, None] - pair.x) ** 2 + (at_y[:, None] - pair.y) ** 2
    kernel = 3 / (np.pi * 800**2) * np.maximum(1 - d2 / 800**2, 0) ** 2
    deals = rng.multinomial(400, people / people.sum(), 4_000) @ kernel.T
    z = (kernel @ pair.one - deals.mean(axis=0)) / deals.std(axis=0)
    assert found.z[~found.few] == pytest.approx(z[~found.few], abs=0.15)


def test_a_raster_gives_what_the_exact_sums_give(monkeypatch):
    pair = labelled(400, 300)
    exact = of(pair)
    monkeypatch.setattr("sara.hotspots._surfaces.ratio.EXACT_PAIRS", 0)
    fast = of(pair)
    known = ~exact.few & ~fast.few
    assert (exact.few != fast.few).mean() < 0.01
    assert fast.z[known] == pytest.approx(exact.z[known], abs=0.02)
    assert fast.log_ratio[known] == pytest.approx(exact.log_ratio[known], abs=0.01)


def test_series_at_one_place_are_measured():
    pair = labelled(500, 500)
    assert excess_spread(pair) == pytest.approx(1, abs=0.01)
    tenfold = Pair(pair.x, pair.y, 10 * pair.one, 10 * pair.two, labelled=True)
    assert excess_spread(tenfold) == pytest.approx(10, rel=0.01)
    # Ten calls from each address tell no more than one would.
    assert of(tenfold, spread=excess_spread(tenfold)).z == pytest.approx(of(pair).z, rel=0.02, abs=0.02)
    people = Pair(
        pair.x, pair.y, np.random.default_rng(1).poisson(2.0, 1_000).astype(float), np.full(1_000, 30.0), labelled=False
    )
    assert excess_spread(people) == pytest.approx(1, abs=0.15)


def lattice():
    return Lattice(200.0, 200.0, 400.0, 400.0, 20, 20), np.ones((20, 20), dtype=bool)


def test_random_deals_tell_whether_there_is_any_difference():
    grid, inside = lattice()
    options = {"bandwidth": 800.0, "kernel": "quartic", "n_sims": 199, "seed": 3}
    assert anywhere(labelled(300, 300), inside, grid, **options) > 0.05
    pair = labelled(300, 300)
    split = Pair(pair.x, pair.y, (pair.x < 4_000) * 1.0, (pair.x >= 4_000) * 1.0, labelled=True)
    assert anywhere(split, inside, grid, **options) == pytest.approx(1 / 200)


def test_places_of_like_size_are_dealt_among_themselves():
    size = np.array([1.0] * 40 + [2.0] * 35 + [3.0, 4, 5, 6, 9])
    groups = [sorted(size[g].tolist()) for g in _alike(size)]
    assert sorted(map(len, groups)) == [1, 1, 3, 35, 40]
    assert [3.0] in groups
    assert [4.0, 5.0, 6.0] in groups


def test_automatic_bandwidth_of_a_ratio():
    rng = np.random.default_rng(4)
    at = town(4_000)
    small = (np.floor(at[:, 0] / 600) + np.floor(at[:, 1] / 600)) % 2
    one = (rng.random(4_000) < np.where(small > 0, 0.85, 0.15)).astype(float)
    fine, _ = choose_ratio_bandwidth(at[:, 0], at[:, 1], one, 1 - one, kernel="quartic")
    assert fine.value <= 400
    none = (rng.random(4_000) < 0.5).astype(float)
    flat, told = choose_ratio_bandwidth(at[:, 0], at[:, 1], none, 1 - none, kernel="quartic")
    assert flat.value == 2_000
    assert "hardly differ" in told[0]


@pytest.fixture
def two(make):
    at = town(1_200)
    here = (np.hypot(at[:, 0] - 6_000, at[:, 1] - 3_000) < 700) & (np.arange(1_200) % 3 > 0)
    rest = ~here & (np.arange(1_200) % 2 == 0)
    return make(at[here | rest, 0], at[here | rest, 1]), make(at[~here & ~rest, 0], at[~here & ~rest, 1])


def test_a_crowd_of_one_kind_is_found(two):
    calls, complaints = two
    found = dual_kde(calls, complaints, area=CITY, n_sims=199)
    assert found.p_any <= 0.01
    top = found.areas.iloc[0]
    assert top.geometry.centroid.distance(box(5_300, 2_300, 6_700, 3_700)) == 0
    assert top["p_adjusted"] <= 0.05
    table = found.table
    assert table["n"].sum() == len(calls)
    assert table["n_other"].sum() == len(complaints)
    known = ~table["too_few"]
    assert np.allclose(table["p_adjusted"][known], benjamini_hochberg(table["p"][known].to_numpy()))
    assert table.loc[~known, ["log_ratio", "p", "z"]].isna().all(axis=None)
    assert not (table["is_high"] & table["is_low"]).any()
    back = dual_kde(complaints, calls, area=CITY, n_sims=0)
    assert back.p_any is None
    assert np.allclose(back.table["log_ratio"], -table["log_ratio"], equal_nan=True)
    assert np.array_equal(back.table["is_low"], table["is_high"])
    assert found.counts_other.rows_used == len(complaints)


def test_row_order_and_coordinate_system_of_the_other_change_nothing(two):
    calls, complaints = two
    one = dual_kde(calls, complaints, area=CITY, n_sims=19)
    other = dual_kde(calls.iloc[::-1], complaints.iloc[::-1], area=CITY, n_sims=19)
    assert np.array_equal(one.table["log_ratio"], other.table["log_ratio"], equal_nan=True)
    assert one.p_any == other.p_any


def test_only_the_common_period_is_compared(two, make):
    calls, complaints = two
    late, early = complaints.copy(), calls.copy()
    late["time"] = pd.date_range("2024-07-01", "2024-12-31", periods=len(late))
    late.attrs["sara"] = {"coverage": ["2024-07-01T00:00:00", "2025-01-01T00:00:00"]}
    early["time"] = [pd.Timestamp("2024-02-01")] * 100 + list(pd.date_range("2024-07-01", "2024-12-31", periods=len(early) - 100))
    early.attrs["sara"] = {"coverage": ["2024-01-01T00:00:00", "2025-01-01T00:00:00"]}
    found = dual_kde(early, late, area=CITY, n_sims=0)
    assert found.counts.left_out["outside the period"] == 100
    assert "both files cover" in found.settings["period"].why
    never = late.assign(time=late["time"] + pd.DateOffset(years=2))
    never.attrs["sara"] = {"coverage": ["2026-07-01T00:00:00", "2027-01-01T00:00:00"]}
    with pytest.raises(InputError, match="must cover some of the time"):
        dual_kde(early, never, area=CITY, n_sims=0)


def test_events_in_both_tables_are_warned_of(two):
    calls, complaints = two
    complaints = complaints.assign(id=[f"c{i}" for i in range(len(complaints))])
    assert not any("in both tables" in c for c in dual_kde(calls, complaints, area=CITY, n_sims=0).cautions)
    every = pd.concat([calls, complaints])
    assert any(c.startswith(f"{len(calls):,} events are in both") for c in dual_kde(calls, every, area=CITY, n_sims=0).cautions)


@pytest.fixture
def people():
    """Return people in squares of 1 km; 2,000 more outside the study area."""
    shapes = [box(1_000 * i, 1_000 * j, 1_000 * i + 1_000, 1_000 * j + 1_000) for i in range(8) for j in range(8)]
    shapes.append(box(20_000, 0, 21_000, 1_000))
    return gpd.GeoDataFrame({"people": [100.0] * 64 + [2_000.0]}, geometry=shapes, crs=32616)


def test_events_against_people_in_areas_and_at_points(make, people):
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 8_000, (2, 900))
    x[:120], y[:120] = rng.normal(2_500, 250, 120), rng.normal(5_500, 250, 120)
    calls = make(x, y)
    found = dual_kde(calls, people, column="people", area=CITY, n_sims=199)
    assert found.table["n_other"].sum() == pytest.approx(6_400)
    assert found.settings["other"].value == "people: 6,400 in the study area, 76 % of all"
    top = found.areas.iloc[0]
    assert top.geometry.intersects(box(2_300, 5_300, 2_700, 5_700))
    assert top["excess"] == pytest.approx(100, abs=40)
    assert len(found.areas) == 1
    points = gpd.GeoDataFrame({"people": people["people"]}, geometry=people.centroid, crs=32616)
    other = dual_kde(calls, points.to_crs(4326), column="people", area=CITY, n_sims=0, bandwidth=1_500)
    assert other.areas.iloc[0].geometry.intersects(box(2_300, 5_300, 2_700, 5_700))
    assert found.p_any <= 0.01


def test_an_area_cut_by_the_outline_gives_its_share(make, people):
    rng = np.random.default_rng(8)
    found = dual_kde(make(*rng.uniform(0, 4_500, (2, 300))), people, column="people", area=box(0, 0, 4_500, 4_500), n_sims=0)
    assert found.table["n_other"].sum() == pytest.approx(6_400 * (4.5 / 8) ** 2, rel=0.03)


def test_it_is_saved_and_drawn(two):
    calls, complaints = two
    found = dual_kde(calls, complaints, area=CITY, n_sims=19)
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text
    assert again.counts_other == found.counts_other
    ax = again.plot()
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert words[-1] == "too few to say"
    assert "about the same" in words


def test_mistakes_are_told(two, people, make):
    calls, complaints = two
    with pytest.raises(InputError, match="Got neither. Write: column='population'"):
        dual_kde(calls, people, area=CITY)
    with pytest.raises(InputError, match="not in `other`: 'pople'. Did you mean 'people'"):
        dual_kde(calls, people, column="pople", area=CITY)
    with pytest.raises(InputError, match="numbers of zero or more"):
        dual_kde(calls, people.assign(people=-1.0), column="people", area=CITY)
    with pytest.raises(InputError, match="Got none of 8,400"):
        dual_kde(calls, people.assign(geometry=people.translate(90_000)), column="people", area=CITY)
    with pytest.raises(InputError, match="must be points, or polygons"):
        dual_kde(
            calls,
            gpd.GeoDataFrame({"people": [1]}, geometry=[LineString([(0, 0), (1, 1)])], crs=32616),
            column="people",
            area=CITY,
        )
    with pytest.raises(InputError, match="column of numbers. Got 'auto'"):
        dual_kde(calls, people, column="people", area=CITY, bandwidth="auto")
    with pytest.raises(NotEnoughDataError, match="at least 30"):
        dual_kde(calls, complaints.head(5), area=CITY)


def test_automatic_bandwidth_is_used_and_told(two):
    calls, complaints = two
    found = dual_kde(calls, complaints, area=CITY, bandwidth="auto", n_sims=0)
    assert 200 <= found.settings["bandwidth"].value <= 2_000
    assert "cross-validation" in found.settings["bandwidth"].why


@pytest.mark.slow
@pytest.mark.parametrize("people", [True, False])
def test_size_where_calls_come_in_series(people):
    """Addresses call 1 to 10 times in a row; nothing but chance says where they are."""
    some, deals = [], []
    grid, inside = lattice()
    for seed in range(200):
        rng = np.random.default_rng(500 + seed)
        at = town(800, 500 + seed)
        base = rng.gamma(2, 20, 800) if people else rng.geometric(1 / 3, 800).astype(float)
        if people:
            one = np.zeros(800)
            np.add.at(one, rng.choice(800, 300, p=base / base.sum()), rng.geometric(1 / 3, 300))
            pair = Pair(at[:, 0], at[:, 1], one, base, labelled=False)
        else:
            one = rng.binomial(base.astype(int), rng.beta(0.5, 0.5, 800)).astype(float)
            pair = Pair(at[:, 0], at[:, 1], one, base - one, labelled=True)
        found = of(pair, spread=excess_spread(pair))
        some.append((benjamini_hochberg(found.p[~found.few]) <= 0.05).any())
        deals.append(anywhere(pair, inside, grid, bandwidth=800.0, kernel="quartic", n_sims=99, seed=seed) <= 0.05)
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(some) <= limit
    assert np.mean(deals) <= limit


@pytest.mark.slow
@pytest.mark.parametrize(("n1", "n2"), [(600, 300), (3_000, 300)])
def test_size_under_random_labels(n1, n2):
    pointwise, some, deals = [], [], []
    grid, inside = lattice()
    for seed in range(200):
        pair = labelled(n1, n2, 100 + seed)
        found = of(pair, spread=excess_spread(pair))
        p = found.p[~found.few]
        pointwise.append((p <= 0.05).mean())
        some.append((benjamini_hochberg(p) <= 0.05).any())
        deals.append(anywhere(pair, inside, grid, bandwidth=800.0, kernel="quartic", n_sims=99, seed=seed) <= 0.05)
    # Three standard errors of 200 worlds.
    assert np.mean(pointwise) == pytest.approx(0.05, abs=0.015)
    assert np.mean(some) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(deals) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200))


def test_a_series_at_one_address_is_told_for_what_it_is(make):
    rng = np.random.default_rng(3)
    calls = make(
        np.r_[np.full(500, 4_000.0), rng.uniform(0, 8_000, 300)], np.r_[np.full(500, 4_000.0), rng.uniform(0, 8_000, 300)]
    )
    others = make(*rng.uniform(0, 8_000, (2, 900)))
    found = dual_kde(calls, others, area=CITY, n_sims=0)
    assert found.table["is_high"].sum() == 0
    assert found.table["ratio"].max() > 5
    assert "no cell can be told from chance, because calls come in series at single addresses" in found.text
    assert f"the highest ratio is {found.table['ratio'].max():.2g}" in found.text
    even = dual_kde(make(*rng.uniform(0, 8_000, (2, 300))), others, area=CITY, n_sims=0)
    assert "no cell differs from the rest of the city by more than chance would give" in even.text


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_a_seed_is_a_whole_number(make, seed):
    events = make([10, 20, 30], [10, 20, 30])
    with pytest.raises(InputError, match="`seed` must be a whole number"):
        dual_kde(events, events, seed=seed)
