"""Methods set against each other: no leak, equal ground, numbers that agree with `accuracy`, the chooser, mistakes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.result import Result
from sara.core.source import open_events
from sara.hotspots import accuracy, clusters, compare, count, gi_star, kde, persistence
from sara.hotspots._compare import _chooser, _drawn_means, _widened
from sara.hotspots._results.compare import CHOOSER

AREA = box(0, 0, 6_000, 4_000)
QUICK = ["all counts", "last year", "last period", "kde", "gi_star", "persistence"]


@pytest.fixture
def town(make):
    """Return three years of events in a town of 6 x 4 km: some busy spots, an even scatter."""
    rng = np.random.default_rng(8)
    days = pd.date_range("2022-01-01", "2024-12-31")
    spots = rng.uniform(200, 3_800, (12, 2))
    at = rng.choice(12, 2_500, p=np.r_[0.3, np.full(11, 0.7 / 11)])
    x, y = np.r_[spots[at, 0], rng.uniform(0, 6_000, 1_500)], np.r_[spots[at, 1], rng.uniform(0, 4_000, 1_500)]
    out = make(x, y, time=list(rng.choice(days, 4_000)))
    out.attrs["sara"]["coverage"] = ["2022-01-01T00:00:00", "2025-01-01T00:00:00"]
    return out


def test_the_quick_maps_are_those_of_the_functions(town):
    """Each period's numbers are those of `accuracy` for the map that the public function makes from before the origin."""
    found = compare(QUICK, town, area=AREA, cell_size=200, start="2024-07-01", horizon="6MS", shares=[0.01, 0.03])
    assert found.n_periods == 1
    before = ("2022-01-01", "2024-06-30")
    options = {"area": AREA, "cell_size": 200}
    maps = {
        "all counts": count(town, **options, period=before),
        "last year": count(town, **options, period=("2023-07-01", "2024-06-30")),
        "last period": count(town, **options, period=("2024-01-01", "2024-06-30")),
        "kde": kde(town, grid=count(town, **options), bandwidth=400, period=before),
        "gi_star": gi_star(town, **options, period=before),
        "persistence": persistence(town, **options, as_of="2024-07-01", horizon="6MS", n_sims=99),
    }
    for name, one in maps.items():
        test = accuracy(one, town, period=("2024-07-01", "2024-12-31"), shares=(0.01, 0.03), ties="expected")
        mine = found.periods[found.periods["method"] == name]
        # The surface is summed on a fine raster here, one by one there.
        close = 0.03 if name == "kde" else 1e-9
        assert mine["pai"].to_numpy() == pytest.approx(test.table["pai"].to_numpy(), rel=close), name


def test_areas_and_functions_enter_too(town):
    def dense(events, grid):
        assert events["time"].max() < pd.Timestamp("2024-10-01")
        return clusters(events, area=grid.area, eps=100, min_events=30)

    found = compare(
        {"mine": dense, "by name": ("clusters", {"eps": 100, "min_events": 30}), "counts": "all counts"},
        town, area=AREA, cell_size=200, start="2024-04-01", km2=0.2,
    )  # fmt: skip
    table = found.table.set_index("method")
    assert table.loc["mine", "pai"] == pytest.approx(table.loc["by name", "pai"])
    one = clusters(town, area=AREA, eps=100, min_events=30, period=("2022-01-01", "2024-03-31"))
    test = accuracy(one, town, period=("2024-04-01", "2024-06-30"), km2=0.2)
    first = found.periods[found.periods["method"] == "mine"].iloc[0]
    assert first["pai"] == pytest.approx(test.pai)


def test_history_is_how_far_back_a_method_looks(town):
    found = compare(["last year", ("all counts", {"history": "12MS"})], town, area=AREA, cell_size=200, start="2024-01-01")
    assert found.table.groupby("area")["pai"].nunique().eq(1).all()
    found = compare(["kde", ("kde", {"history": "6MS"})], town, area=AREA, cell_size=200, start="2024-01-01", history="6MS")
    assert found.table[found.table["method"] != CHOOSER].groupby("area")["pai"].nunique().eq(1).all()


@pytest.mark.parametrize("name", QUICK)
def test_nothing_from_after_an_origin_enters_its_map(town, name):
    changed = town.copy()
    late = (changed["time"] >= "2024-07-01").to_numpy()
    changed.loc[late, ["x", "y"]] = 50.0
    changed = changed.set_geometry(gpd.points_from_xy(changed["x"], changed["y"], crs=town.crs))
    changed.attrs = dict(town.attrs)
    found = [
        compare([name], e, area=AREA, cell_size=200, start="2024-04-01", end="2024-07-01", horizon="3MS") for e in (town, changed)
    ]
    assert found[0].periods["pai"].equals(found[1].periods["pai"])
    assert (found[0].periods["end"] <= pd.Timestamp("2024-07-01")).all()


def test_a_map_that_knows_the_future_is_refused(town):
    def knowing(events, grid):
        return count(town, grid=grid)

    with pytest.raises(InputError, match="`methods` must use events from before the origin"):
        compare([knowing], town, area=AREA, cell_size=200)


def test_the_chooser_knows_only_tests_that_have_ended():
    starts = pd.date_range("2024-01-01", periods=8, freq="MS")
    rows = []
    for k, start in enumerate(starts):
        for method, pai in (("a", 2.0 + 0.01 * (k % 2)), ("b", 5.0 if k < 4 else 1.0)):
            # Tests of two months: at each origin the last one has not ended yet.
            rows.append(
                {
                    "start": start,
                    "end": start + pd.DateOffset(months=2),
                    "area": "1 %",
                    "method": method,
                    "n": 1.0,
                    "n_all": 10.0,
                    "pai": pai,
                    "used": method,
                }
            )
    used = _chooser(pd.DataFrame(rows), ["a", "b"])["used"].tolist()
    # Three tests of b have ended when the fifth period begins; from then on its lead is clear until its falls have blurred it.
    assert used == ["a", "a", "a", "a", "b", "b", "a", "a"]


def test_an_incumbent_stays_without_a_clear_lead():
    rng = np.random.default_rng(1)
    rows = [
        {"start": s, "end": s + pd.DateOffset(months=1), "area": "1 %", "method": m, "n": 1.0, "n_all": 10.0, "pai": rng.normal(5, 1), "used": m}
        for s in pd.date_range("2022-01-01", periods=30, freq="MS") for m in ("x", "persistence", "y")
    ]  # fmt: skip
    used = _chooser(pd.DataFrame(rows), ["x", "persistence", "y"])["used"]
    assert (used == "persistence").mean() > 0.7


def test_intervals_are_paired_and_wide_enough_for_few_periods():
    rng = np.random.default_rng(2)
    covered = []
    for k in range(300):
        pai = pd.DataFrame({"a": rng.gamma(20, 0.5, 8)})
        pai["b"] = pai["a"] - 1
        draws = _drawn_means(pai, n_sims=499, seed=k)
        low, high = _widened(draws[["a"]], 8, 0.95)
        covered.append(low["a"] <= 10 <= high["a"])
        gap = _widened(draws[["b"]].sub(draws["a"], axis=0), 8, 0.95)
        assert gap[0]["b"] == pytest.approx(-1) and gap[1]["b"] == pytest.approx(-1)
    assert np.mean(covered) > 0.91


def test_the_table_adds_up(town):
    found = compare(None, town, area=AREA, cell_size=200, shares=(0.01, 1.0))
    methods = found.table[found.table["method"] != CHOOSER]
    assert methods.groupby("area")["wins"].sum().to_numpy() == pytest.approx(found.n_periods)
    assert found.table.loc[found.table["area"] == "100 % of the area", "pai"].to_numpy() == pytest.approx(1)
    assert (methods["behind"] <= 1e-12).all() and methods.groupby("area")["rank"].min().eq(1).all()
    assert (found.table["low"] <= found.table["pai"]).all() and (found.table["pai"] <= found.table["high"]).all()
    assert found.best in set(methods["method"]) and found.best in found.text
    assert found.periods["start"].min() == pd.Timestamp("2023-01-01") and found.n_periods == 8
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text and len(again.figure().axes) == 2
    shuffled = compare(None, town.sample(frac=1, random_state=1), area=AREA, cell_size=200, shares=(0.01, 1.0))
    pd.testing.assert_frame_equal(shuffled.table, found.table, rtol=1e-9)


def test_few_periods_are_said(town):
    with pytest.warns(SaraWarning, match="Only 2 periods were tested"):
        compare(["all counts"], town, area=AREA, start="2024-07-01")


def test_a_source_gives_the_same_numbers(tmp_path):
    pytest.importorskip("duckdb")
    import sara

    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    area, events = sara.datasets.load("riverton_areas"), sara.datasets.load("riverton_calls").query("category == 'disorder'")
    source = open_events(path).where("category == 'disorder'")
    methods = ["all counts", ("clusters", {"eps": 100, "min_events": 60})]
    one, other = (compare(methods, e, area=area, start="2024-09-01", cell_size=300) for e in (events, source))
    pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-9)
    assert one.text == other.text


@pytest.mark.parametrize(
    ("methods", "options", "words"),
    [
        (["kdee"], {}, "not known: 'kdee'"),
        ([("kde", {"eps": 3})], {}, "does not take: 'eps'"),
        ([3], {}, "must be names"),
        ([], {}, "at least one"),
        (["kde", "kde"], {}, "'kde' twice"),
        ([lambda events, grid: 3], {}, "must return maps"),
        (["kde"], {"km2": 1_000}, "`km2` must be"),
        (["kde"], {"shares": [2]}, "`shares` must be"),
        (["kde"], {"ties": "none"}, "`ties` must be"),
        (["kde"], {"horizon": "5min"}, "`horizon` must be"),
    ],
)
def test_mistakes(town, methods, options, words):
    with pytest.raises(InputError, match=words):
        compare(methods, town, area=AREA, cell_size=200, **options)


def test_too_little_time(town):
    with pytest.raises(NotEnoughDataError, match="at least 84 days"):
        compare(["kde"], town, area=AREA, start="2022-02-01")
    with pytest.raises(NotEnoughDataError, match="at least one whole period"):
        compare(["kde"], town, area=AREA, start="2024-12-01")


def test_saras_own_functions_enter_as_they_are_and_others_must_take_two(town):
    found = compare([kde, "all counts"], town, area=AREA, cell_size=200, start="2024-01-01")
    assert set(found.table["method"]) == {"kde", "all counts", "chosen by its own record"}
    with pytest.raises(InputError, match="must be functions of the events before a period and of the cells"):
        compare({"mine": lambda before, **k: before}, town, area=AREA, cell_size=200)


def test_text_and_picture_speak_of_the_same_ground(town):
    found = compare(["kde", "all counts"], town, area=AREA, cell_size=200, start="2024-01-01")
    on = found.plot().figure.axes[0].texts
    told = next(t.get_text() for t in on if "dots" in t.get_text())
    assert found.text.split(": on ")[1].split(" of the area")[0] in told
