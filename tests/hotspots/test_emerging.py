"""Emerging hot spots: the hand cases, esda step by step, the null by simulation, gaps and unfinished steps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely.geometry import box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.hotspots._emerging import _numbers
from sara.hotspots._over_time.patterns import KINDS, PATTERNS, _classify
from sara.hotspots._over_time.steps import step_word, steps_of

CLOSE = 1e-10
CITY = gpd.GeoSeries([box(0, 0, 6_000, 6_000)], crs=32616)


def lattice(rows, columns):
    """Return queen links of a raster."""
    index = np.arange(rows * columns).reshape(rows, columns)
    first, second = [], []
    for up in (-1, 0, 1):
        for right in (-1, 0, 1):
            if (up, right) == (0, 0):
                continue
            a = index[max(0, -up) : rows - max(0, up), max(0, -right) : columns - max(0, right)]
            b = index[max(0, up) : rows + min(0, up), max(0, right) : columns + min(0, right)]
            first.append(a.ravel())
            second.append(b.ravel())
    one, two = np.concatenate(first), np.concatenate(second)
    return sparse.csr_array((np.ones(len(one)), (one, two)), shape=(index.size, index.size))


def numbers(cube, *, rows=20, columns=20, known=None, time_lag=1, confidence=0.95, adjust=True):
    cube = np.asarray(cube)
    known = np.ones(cube.shape[1], dtype=bool) if known is None else known
    return _numbers(cube, known, lattice(rows, columns), time_lag=time_lag, confidence=confidence, adjust=adjust)


def monthly(make, *, months=14, start="2023-01-01", hot_from=0, seed=3, coverage=None):
    """Return an even scatter of 600 events a month on 6 x 6 km, and 60 around one corner from month `hot_from` on."""
    rng = np.random.default_rng(seed)
    x, y, when = [], [], []
    for k, month in enumerate(pd.date_range(start, periods=months, freq="MS")):
        n = 600 + (60 if k >= hot_from else 0)
        x += [*rng.uniform(0, 6_000, 600), *rng.normal(1_300, 150, n - 600)]
        y += [*rng.uniform(0, 6_000, 600), *rng.normal(700, 150, n - 600)]
        when += list(month + pd.to_timedelta(rng.integers(0, 28 * 24, n), unit="h"))
    events = make(x, y, time=when)
    end = pd.Timestamp(start) + pd.DateOffset(months=months)
    events.attrs["sara"]["coverage"] = coverage or [pd.Timestamp(start).isoformat(), end.isoformat()]
    return events


# ---- patterns


@pytest.mark.parametrize(
    ("signs", "trend", "pattern"),
    [
        (".........+", 0, "new hot spot"),
        (".......+++", 0, "consecutive hot spot"),
        ("++++++++++", 1, "intensifying hot spot"),
        ("++++++++++", 0, "persistent hot spot"),
        ("++++++++++", -1, "diminishing hot spot"),
        ("+++++++++.", 0, "historical hot spot"),
        ("+++++++++.", 1, "historical hot spot"),
        ("+..+..+..+", 0, "sporadic hot spot"),
        ("-..+..+..+", 0, "oscillating hot spot"),
        ("+.........", 0, "none"),
        ("..........", 1, "none"),
        # Where two fit, the first of the list.
        ("-........+", 0, "new hot spot"),
        ("-......+++", 0, "consecutive hot spot"),
        (".+++++++++", 0, "persistent hot spot"),
        ("++++.+++++", 1, "intensifying hot spot"),
        ("++++..++++", 1, "sporadic hot spot"),
        ("..+....+++", 0, "sporadic hot spot"),
        ("++++++++..", 0, "none"),
    ],
)
def test_the_hand_cases_hot_and_cold(signs, trend, pattern):
    hot = np.array([[c == "+" for c in signs]])
    cold = np.array([[c == "-" for c in signs]])
    assert PATTERNS[_classify(hot, cold, np.array([trend]))[0]] == pattern
    assert PATTERNS[_classify(cold, hot, np.array([-trend]))[0]] == pattern.replace("hot", "cold")


def test_there_are_seventeen_patterns_and_every_series_has_one():
    assert len(set(PATTERNS)) == 17
    rng = np.random.default_rng(1)
    signs = rng.integers(-1, 2, size=(20_000, 10))
    signs[:5_000] = np.where(rng.random((5_000, 10)) < 0.95, 1, signs[:5_000])
    trend = rng.integers(-1, 2, size=20_000)
    found = _classify(signs > 0, signs < 0, trend)
    last = signs[:, -1]
    assert (found[last > 0] < len(KINDS) - 1).all()
    # Hot almost always and then cold in the last step: both would fit, hot goes first.
    ends_cold = (last < 0) & ((signs > 0).sum(axis=1) < 9)
    assert (np.isin(found[ends_cold], [*range(8, 15)])).all()
    assert set(np.array(PATTERNS)[found[last == 0]]) <= {"none", "historical hot spot", "historical cold spot"}


def test_time_turned_round_turns_intensifying_into_diminishing():
    rng = np.random.default_rng(2)
    cube = rng.poisson(2, size=(30, 30, 15))
    cube[10:13, 10:13] += np.arange(15) * 2 + 60
    cube = cube.reshape(900, 15)
    forth, back = (numbers(c, rows=30, columns=30, time_lag=0) for c in (cube, cube[:, ::-1]))
    rising, falling = PATTERNS.index("intensifying hot spot"), PATTERNS.index("diminishing hot spot")
    assert (forth.pattern == rising).sum() >= 9, np.bincount(forth.pattern)
    assert np.array_equal(forth.pattern == rising, back.pattern == falling)
    assert np.array_equal(forth.z, back.z[:, ::-1])


# ---- the statistic


def test_one_step_is_esdas_gi_star():
    esda, libpysal = pytest.importorskip("esda"), pytest.importorskip("libpysal")
    counts = np.random.default_rng(4).poisson(1.3, size=400)
    found = numbers(counts[:, None], time_lag=0)
    w = libpysal.weights.lat2W(20, 20, rook=False)
    peer = esda.G_Local(counts.astype(float), libpysal.weights.fill_diagonal(w, 1.0), transform="B", star=True, permutations=0)
    assert found.z[:, 0] == pytest.approx(peer.Zs, abs=CLOSE)


def test_the_whole_cube_is_esdas_gi_star_with_links_across_time():
    esda, libpysal = pytest.importorskip("esda"), pytest.importorskip("libpysal")
    rng = np.random.default_rng(5)
    cube = rng.poisson(1.0, size=(36, 5))
    own = lattice(6, 6) + sparse.eye_array(36)
    # Row-major over (cell, step): each step sees its own and the one before.
    links = sparse.kron(own, sparse.eye_array(5) + sparse.eye_array(5, k=-1), format="csr")
    w = libpysal.weights.WSP(sparse.csr_matrix(links)).to_W(silence_warnings=True)
    peer = esda.G_Local(cube.ravel().astype(float), w, transform="B", star=True, permutations=0)
    assert numbers(cube, rows=6, columns=6).z.ravel() == pytest.approx(peer.Zs, abs=CLOSE)


def test_the_p_value_is_that_of_counts_dealt_at_random():
    rng = np.random.default_rng(6)
    cube = rng.poisson(0.4, size=(100, 12))
    found = numbers(cube, rows=10, columns=10, adjust=False)
    deals = np.array(
        [
            numbers(rng.permutation(cube.ravel()).reshape(cube.shape), rows=10, columns=10, adjust=False).z[55, 6]
            for _ in range(1_500)
        ]
    )
    for k in np.argsort(found.z[33:66, 6])[[0, 10, 20, -1]] + 33:
        if (k % 10) in (0, 9):
            continue
        upper, lower = np.mean(deals >= found.z[k, 6] - 1e-9), np.mean(deals <= found.z[k, 6] + 1e-9)
        assert found.p[k, 6] == pytest.approx(min(1, 2 * min(upper, lower)), abs=0.06)


def test_nothing_anywhere_and_the_same_everywhere_have_no_pattern():
    for cube in (np.zeros((400, 12), dtype=int), np.full((400, 12), 3)):
        found = numbers(cube)
        assert set(found.pattern) == {PATTERNS.index("none")}
        assert (found.z == 0).all()


def test_chance_alone_rarely_makes_a_pattern():
    rng = np.random.default_rng(7)
    shown = [np.mean(numbers(rng.poisson(1.5, size=(400, 12))).pattern != PATTERNS.index("none")) for _ in range(20)]
    assert np.mean(shown) <= 0.005
    cubes_with_any = np.mean([s > 0 for s in shown])
    assert cubes_with_any <= 0.3


def test_the_trend_of_a_stationary_hot_corner_is_called_as_rarely_as_it_says():
    rng = np.random.default_rng(8)
    level = np.full(400, 1.0)
    level[[210, 211, 230, 231]] = 60.0
    p = np.concatenate([numbers(rng.poisson(level[:, None], size=(400, 24))).trend_p[[210, 231]] for _ in range(150)])
    assert np.mean(p <= 0.05) <= 0.09


def test_a_step_after_a_gap_has_no_step_before():
    rng = np.random.default_rng(9)
    cube = rng.poisson(2, size=(400, 12))
    known = np.ones(12, dtype=bool)
    known[5] = False
    found = numbers(np.where(known, cube, 0), known=known)
    alone = numbers(np.where(known, cube, 0), known=known, time_lag=0)
    assert found.z.shape == (400, 11)
    assert np.array_equal(found.z[:, 5], alone.z[:, 5])
    assert not np.array_equal(found.z[:, 6], alone.z[:, 6])


def test_values_too_large_to_follow_fall_back_on_the_normal_curve(monkeypatch):
    monkeypatch.setattr("sara.core.stats.permutation.MOST_NUMBERS", 10)
    found = numbers(np.random.default_rng(1).poisson(3, size=(400, 12)))
    assert "too many to follow" in found.why_normal
    assert found.p.min() > 0


# ---- steps


def test_steps_are_whole_and_known():
    day = np.array([19_723, 19_760, 19_790])  # 2024-01-01, 2024-02-07, 2024-03-08
    period = (pd.Timestamp("2023-12-20"), pd.Timestamp("2024-04-11"))
    found = steps_of(period, day, np.array([400, 400, 400]), freq="MS")
    assert [found.name(k) for k in range(3)] == ["January 2024", "February 2024", "March 2024"]
    assert found.of(np.array([19_700, 19_723, 19_814])).tolist() == [-1, 0, -1]
    weeks = steps_of(period, day, np.array([400, 400, 400]), freq="W")
    assert (weeks.edges % 7 == 4).all()  # Mondays
    assert weeks.known.sum() == 3
    four = steps_of(period, day, np.ones(3, dtype=int), freq="28D")
    assert four.edges[-1] == 19_824
    assert (np.diff(four.edges) == 28).all()
    assert four.known.all()
    assert (step_word("QS"), step_word("W"), step_word("2W")) == ("quarter", "week", "step")


def test_the_unfinished_month_is_left_out_and_counted(make):
    events = monthly(make, coverage=["2023-01-01T00:00:00", "2024-02-20T00:00:00"])
    found = sara.hotspots.emerging(events, area=CITY)
    assert found.last_step == "January 2024"
    assert found.counts.left_out["in an incomplete step"] > 50
    assert found.counts.rows_used == found.table["n"].sum() == found.steps["n"].sum()
    assert found.areas.attrs["sara"]["period"] == ["2023-01-01T00:00:00", "2024-02-01T00:00:00"]
    assert any("not whole" in caution for caution in found.cautions)


def test_a_month_without_a_single_event_is_a_gap_and_no_zero(make):
    events = monthly(make)
    holes = events[~events["time"].dt.strftime("%Y-%m").isin(["2023-06"])]
    found = sara.hotspots.emerging(holes, area=CITY)
    assert found.steps["known"].tolist() == [k != 5 for k in range(14)]
    assert any("June 2023" in caution for caution in found.cautions)
    assert "13 months" in found.text


def test_the_corner_is_found_as_what_it_is(make):
    cells = {"cell_size": "200m", "area": CITY}
    lasting = sara.hotspots.emerging(monthly(make), **cells)
    assert (lasting.table["pattern"] == "persistent hot spot").sum() >= 9
    young = sara.hotspots.emerging(monthly(make, hot_from=11), **cells)
    assert (young.table["pattern"] == "consecutive hot spot").sum() >= 6
    newest = sara.hotspots.emerging(monthly(make, hot_from=13), **cells)
    assert (newest.table["pattern"] == "new hot spot").sum() >= 2
    for found in (lasting, young, newest):
        assert found.areas.geometry.iloc[0].contains(gpd.points_from_xy([1_300], [700])[0])
        assert found.patterns["cells"].sum() == len(found.table)


def test_hexagons_and_an_earlier_grid(make):
    events = monthly(make)
    hexagons = sara.hotspots.emerging(events, area=CITY, cell_size=200, shape="hexagon")
    assert (hexagons.table["pattern"] == "persistent hot spot").any()
    again = sara.hotspots.emerging(events, grid=sara.hotspots.count(events, area=CITY, cell_size=200))
    assert len(again.table) == 900


def test_a_source_gives_the_same_answer(both):
    city = sara.datasets.load("riverton_areas")
    one, other = (sara.hotspots.emerging(events, area=city, cell_size=400) for events in both)
    assert other.text == one.text
    assert other.counts == one.counts
    pd.testing.assert_frame_equal(
        pd.DataFrame(other.table.drop(columns="geometry")), pd.DataFrame(one.table.drop(columns="geometry"))
    )
    pd.testing.assert_frame_equal(other.steps, one.steps)


# ---- mistakes


def test_too_few_steps_and_a_gap_at_the_end(make):
    with pytest.raises(NotEnoughDataError, match="at least 10 whole months with data. Got 9"):
        sara.hotspots.emerging(monthly(make, months=9), area=CITY)
    events = monthly(make, months=14)
    early = events[events["time"] < "2024-01-01"]
    with pytest.raises(NotEnoughDataError, match=r"needs data in the last month.*period=\('2023-01-01', '2023-12-31'\)"):
        sara.hotspots.emerging(early, area=CITY, period=("2023-01-01", "2024-02-29"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"freq": "6h"}, "whole days or longer"),
        ({"freq": "fortnight"}, "pandas offset"),
        ({"time_lag": -1}, "`time_lag` must be"),
        ({"inference": "permutation"}, "`inference` must be one of"),
        ({"adjust": "bonferroni"}, "`adjust` must be one of"),
        ({"contiguity": "bishop"}, "`contiguity` must be one of"),
    ],
)
def test_mistakes(make, wrong, words):
    with pytest.raises(InputError, match=words):
        sara.hotspots.emerging(monthly(make), **{"area": CITY, **wrong})


def test_a_cube_too_large_is_refused(make, monkeypatch):
    monkeypatch.setattr("sara.hotspots._emerging.MOST", 10_000)
    with pytest.raises(InputError, match="at most 10,000 cells times steps. Got 3,600 cells and 14 steps"):
        sara.hotspots.emerging(monthly(make), area=CITY, cell_size=100)


def test_the_normal_curve_calls_more(make):
    events = monthly(make)
    exact, normal = (sara.hotspots.emerging(events, area=CITY, cell_size=200, inference=how) for how in ("exact", "analytic"))
    assert normal.table["is_hot"].sum() >= exact.table["is_hot"].sum()
    assert (normal.table["z"] == exact.table["z"]).all()
    assert any("too generous" in caution for caution in normal.cautions)


def test_no_correction_is_said(make):
    found = sara.hotspots.emerging(monthly(make), area=CITY, adjust=None, confidence=0.9)
    assert any("No correction was made" in caution for caution in found.cautions)
    assert (found.table["p"] == found.table["p_adjusted"]).all()
