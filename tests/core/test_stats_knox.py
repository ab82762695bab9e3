"""Knox's table: published examples, all deals counted by hand, and the edges of bands."""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from sara.core.errors import InputError
from sara.core.stats.knox import knox, poisson_tail

REAL = os.environ.get("SARA_REAL_DATA")
needs_real = pytest.mark.skipif(not REAL, reason="SARA_REAL_DATA does not name the folder of real data")

DISTANCES, DAYS = (0, 1, 100, 200, 300, np.inf), (0, 7, 14, 21, np.inf)
CHICAGO = [[28, 5, 5, 2], [44, 13, 8, 4], [97, 56, 19, 16], [77, 67, 45, 20], [182194, 146149, 95237, 45879]]
RATIO = [[1.803, 0.402, 0.616, 0.512], [1.643, 0.605, 0.572, 0.593], [1.329, 0.957, 0.498, 0.871], [0.949, 1.030, 1.062, 0.979]]


def city(n=200, *, seed=1, span=60, side=2_000):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, side, n).round(), rng.uniform(0, side, n).round(), rng.integers(0, span, n)


def by_hand(x, y, day, distances, days, metric):
    out = np.zeros((len(distances) - 1, len(days) - 1), dtype=int)
    for i in range(len(x)):
        for j in range(i):
            dx, dy = abs(x[i] - x[j]), abs(y[i] - y[j])
            d = dx + dy if metric == "manhattan" else np.hypot(dx, dy)
            t = abs(day[i] - day[j])
            for a in range(out.shape[0]):
                for b in range(out.shape[1]):
                    out[a, b] += distances[a] <= d < distances[a + 1] and days[b] <= t < days[b + 1]
    return out


def real(name):
    rows = np.genfromtxt(Path(REAL) / "near_repeat" / name, delimiter=",", dtype=str)
    return rows[:, 0].astype(float), rows[:, 1].astype(float), rows[:, 2].astype("datetime64[D]").astype(int)


@needs_real
def test_the_burglaries_of_chicago_are_counted_as_published():
    found = knox(*real("knox_chicago_burglary_2016_01.csv"), distances=DISTANCES, days=DAYS, metric="manhattan", n_sims=99)
    assert found.observed.tolist() == CHICAGO
    assert found.pairs == 469_965
    assert found.expected[0] == pytest.approx([15.528, 12.451, 8.112, 3.908], abs=5e-4)
    assert found.ratio[:4] == pytest.approx(np.array(RATIO), abs=5e-4)
    assert found.p[0, 0] == pytest.approx(0.01)


@needs_real
def test_the_labels_of_the_near_repeat_calculator_put_right():
    bands = {"distances": (0, 1, 101, 201, 301, np.inf), "days": (0, 8, 15, 22, np.inf)}
    found = knox(*real("knox_chicago_burglary_2016_01.csv"), metric="manhattan", n_sims=0, **bands)
    assert found.observed[:4].tolist() == [[29, 4, 5, 2], [45, 15, 7, 2], [106, 48, 21, 13], [88, 64, 46, 15]]
    assert found.observed[4].tolist() == [206611, 138108, 88321, 36415]
    assert np.isnan(found.p).all()


@needs_real
def test_the_arsons_of_chicago():
    bands = {"distances": (0, 0.01, 201, 401, 601), "days": (0, 1, 2, 3, np.inf)}
    found = knox(*real("knox_chicago_arson_2016.csv"), metric="manhattan", n_sims=0, **bands)
    assert found.pairs == 135_981
    assert found.observed[1:3].tolist() == [[9, 1, 1, 46], [4, 0, 0, 141]]
    assert found.ratio[1, 0] == pytest.approx(52.113, abs=5e-4)


def test_two_points_on_the_edges_of_their_bands():
    found = knox([0, 0], [0, 100], [17_897, 17_900], distances=(0, 100, 200), days=(0, 3, 6), n_sims=0)
    assert found.observed.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("origin", [0.0, 4_649_776.224821, 350_353.394956896])
def test_an_edge_is_an_edge_wherever_the_city_lies(origin):
    x = origin + np.array([0.0, 100.0, 250.0])
    found = knox(x, np.full(3, origin), [0, 0, 0], distances=(0, 1, 100, 150, 250, 300), days=(0, 1), n_sims=0)
    assert found.observed[:, 0].tolist() == [0, 0, 1, 1, 1]


def test_the_same_place_is_a_band_of_its_own():
    found = knox([5, 5, 5.5, 6], [7, 7, 7, 7], [0, 1, 2, 3], distances=(0, 1, 2), days=(0, 10), n_sims=0)
    assert found.observed[:, 0].tolist() == [4, 2]


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize(
    ("distances", "days"),
    [((0, 1, 100, 250), (0, 3, 7, 20)), (DISTANCES, DAYS), ((50, 150, 400), (1, 5, 9)), ((100, np.inf), (2, 7))],
)
def test_the_table_is_that_of_two_loops(metric, distances, days):
    x, y, day = city(90)
    found = knox(x, y, day, distances=distances, days=days, metric=metric, n_sims=0)
    assert found.observed.tolist() == by_hand(x, y, day, distances, days, metric).tolist()


def test_times_with_hours_are_banded_as_they_are():
    x, y, day = city(80)
    day = day + np.random.default_rng(2).random(80)
    found = knox(x, y, day, distances=(0, 200, 500), days=(0, 0.5, 2, 10), n_sims=9)
    assert found.observed.tolist() == by_hand(x, y, day, (0, 200, 500), (0, 0.5, 2, 10), "euclidean").tolist()
    assert found.simulated.sum() > 0


def test_expected_and_variance_are_those_of_all_deals():
    x, y, _ = city(7, side=300)
    day = np.array([0, 0, 1, 2, 3, 8, 8])
    bands = {"distances": (0, 80, 200, np.inf), "days": (0, 1, 3, np.inf)}
    found = knox(x, y, day, n_sims=0, **bands)
    deals = np.array([knox(x, y, day[list(order)], n_sims=0, **bands).observed for order in permutations(range(7))])
    assert deals.mean(axis=0) == pytest.approx(found.expected)
    assert deals.var(axis=0) == pytest.approx(found.variance)


def test_the_deals_have_the_margins_the_mean_and_the_spread_they_should():
    x, y, day = city(400)
    found = knox(x, y, day, distances=DISTANCES, days=DAYS, n_sims=400)
    assert (found.simulated.sum(axis=2) == found.space).all()
    assert (found.simulated.sum(axis=1) == found.time).all()
    assert found.observed.sum() == found.pairs
    assert found.expected.sum(axis=0) == pytest.approx(found.time)
    error = np.sqrt(found.variance / 400)
    assert (np.abs(found.simulated.mean(axis=0) - found.expected) < 4 * error + 1e-9).all()


def test_p_holds_its_size_and_is_never_zero():
    p = np.array([knox(*city(120, seed=s), distances=(0, 150), days=(0, 7), n_sims=39, seed=s).p[0, 0] for s in range(300)])
    assert np.mean(p <= 0.05) <= 0.09
    assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.12)
    close = knox([0] * 20 + [9_000] * 20, [0] * 40, [1] * 20 + [80] * 20, distances=(0, 10), days=(0, 2), n_sims=99)
    assert close.p[0, 0] == pytest.approx(0.01)


def test_the_order_of_rows_does_not_matter():
    x, y, day = city(150)
    order = np.random.default_rng(5).permutation(150)
    one = knox(x, y, day, distances=(0, 1, 200), days=(0, 7, 14), n_sims=19)
    other = knox(x[order], y[order], day[order], distances=(0, 1, 200), days=(0, 7, 14), n_sims=19)
    assert np.array_equal(one.simulated, other.simulated)
    assert np.array_equal(one.p, other.p)


def test_knoxs_own_children():
    # 96 cases: 152 pairs within 59 days, 25 within 1 km, 5 of them both.
    assert float(poisson_tail(5, 152 * 25 / 4560)) == pytest.approx(0.001684, abs=5e-7)


def test_burkitts_lymphoma_by_its_published_table():
    expected = 52 * 3429 / 17578
    assert expected == pytest.approx(10.1438161)
    assert float(poisson_tail(13, expected)) == pytest.approx(0.222267, abs=5e-7)


def test_burkitts_lymphoma_by_its_cases():
    gpd = pytest.importorskip("geopandas")
    path = pytest.importorskip("libpysal.examples").get_path("burkitt.shp")
    cases = gpd.read_file(path)
    # Published with closed bands: 20 m and 5 days belong to them.
    found = knox(cases["X"], cases["Y"], cases["T"], distances=(0, 20.001, np.inf), days=(0, 5.001, np.inf), n_sims=0)
    assert found.observed.tolist() == [[13, 3416], [39, 14110]]


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_events_give_an_empty_table(n):
    found = knox(np.arange(n), np.zeros(n), np.zeros(n), distances=(0, 0.5), days=(0, 1), n_sims=5)
    assert found.observed.tolist() == [[0]]
    assert found.p.tolist() == [[1.0]]


def test_too_many_pairs_are_refused(monkeypatch):
    monkeypatch.setattr("sara.core.stats.knox.MOST_PAIRS", 100)
    with pytest.raises(InputError, match="at most 100 pairs"):
        knox(*city(200), distances=(0, 1_000), days=(0, 7))
