"""Change: exact splits against SciPy, published shares, the usual drift, size by simulation, windows and words."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, binom, chi2_contingency
from shapely.geometry import box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.two_counts import compare_counts
from sara.hotspots._over_time.change_numbers import Wobble, _splits, change_numbers, share_chi_square_p, usual_share, wobble

CITY = gpd.GeoSeries([box(0, 0, 4_000, 4_000)], crs=32616)
COINS = Wobble(1.0, 0.0, 1)
YEARS = {"before": ("2022-01-01", "2022-12-31"), "after": ("2023-01-01", "2023-12-31")}


def numbers(before, after, *, days=(365, 365), spread=COINS, confidence=0.95):
    return change_numbers(np.asarray(before), np.asarray(after), days=days, spread=spread, confidence=confidence)


def years(make, *, per_year=1_500, rise=120, fall=1.0, seed=1, n_years=3, start=2021):
    """Return an even scatter on 4 x 4 km, each year times `fall`; in the last year `rise` more in one corner of 400 m."""
    rng = np.random.default_rng(seed)
    x, y, when = [], [], []
    for k in range(n_years):
        n = round(per_year * fall**k)
        more = rise if k == n_years - 1 else 0
        x += [*rng.uniform(0, 4_000, n), *rng.uniform(2_000, 2_400, more)]
        y += [*rng.uniform(0, 4_000, n), *rng.uniform(800, 1_200, more)]
        when += list(pd.Timestamp(f"{start + k}-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24, n + more), unit="h"))
    events = make(x, y, time=when)
    events.attrs["sara"]["coverage"] = [f"{start}-01-01T00:00:00", f"{start + n_years}-01-01T00:00:00"]
    return events


# ---- numbers


@pytest.mark.parametrize(
    ("m", "share", "factor"), [(1, 0.5, 1.0), (7, 0.3, 1.0), (40, 0.5, 1.8), (300, 0.45, 4.0), (5, 0.5, 4.9)]
)
def test_splits_have_the_mean_and_variance_they_should(m, share, factor):
    chance, k = _splits(m, share, factor), np.arange(m + 1)
    assert chance.sum() == pytest.approx(1)
    assert (chance * k).sum() == pytest.approx(m * share)
    assert (chance * (k - m * share) ** 2).sum() == pytest.approx(m * share * (1 - share) * factor)
    if factor == 1:
        assert chance == pytest.approx(binom.pmf(k, m, share))
    else:
        size = (m - 1) / (factor - 1) - 1
        assert chance == pytest.approx(betabinom.pmf(k, m, size * share, size * (1 - share)))


def test_the_plain_test_is_the_mid_p_of_one_place():
    before, after = np.array([12, 40, 3, 150]), np.array([30, 22, 19, 150])
    found = numbers(before, after, days=(366, 365))
    for k in range(4):
        m, fair = before[k] + after[k], 365 / 731
        below = binom.cdf(after[k], m, fair) - binom.pmf(after[k], m, fair) / 2
        assert found.p[k] == pytest.approx(min(1, 2 * min(below, 1 - below)), rel=1e-9)
        assert found.ratio[k] == pytest.approx(after[k] / before[k] * 366 / 365)


def test_the_interval_is_that_of_two_counts_by_score():
    before, after = np.array([12, 40, 0]), np.array([30, 22, 9])
    found = numbers(before, after, days=(300, 365))
    for k in range(3):
        one = compare_counts(float(before[k]), float(after[k]), exposure=(300, 365), method="score")
        assert (found.low[k], found.high[k]) == pytest.approx((one.low, one.high))


def test_the_share_test_does_not_see_a_city_that_falls():
    before = np.array([100] * 20)
    after = np.array([60] * 20)
    found = numbers(before, after)
    assert (found.p < 0.01).all()
    assert found.p_share == pytest.approx(1, abs=0.01)
    assert found.share_ratio == pytest.approx(1)


def test_places_that_could_never_be_called_are_not_tested():
    found = numbers([0, 1, 2, 3, 4, 40], [1, 1, 2, 3, 5, 40])
    assert found.too_few.tolist() == [True, True, True, True, False, False]
    assert np.isnan(found.p[:4]).all()
    assert np.isnan(numbers([0, 9], [0, 9]).low[0])


def test_a_very_large_place_joins_the_exact_count():
    exact = numbers([9_950], [10_050]).p[0]
    normal = numbers([10_000], [10_100]).p[0]
    assert exact == pytest.approx(normal, abs=0.003)


def test_published_shares_by_yates():
    totals = (13_953, 3_250)
    found = share_chi_square_p([42, 1, 103, 0], [30, 19, 90, 5], totals)
    assert found == pytest.approx([1.616077e-06, 3.950509e-17, 1.037903e-22, 4.854684e-05], rel=1e-6)


def test_shares_by_yates_are_scipys():
    rng = np.random.default_rng(1)
    before, after = rng.poisson(9, 30), rng.poisson(7, 30)
    for k, p in enumerate(share_chi_square_p(before, after)):
        table = [[before[k], before.sum() - before[k]], [after[k], after.sum() - after[k]]]
        # SciPy's correction stops at the expected count, as this one does.
        assert p == pytest.approx(chi2_contingency(table, correction=True).pvalue, rel=1e-9)


# ---- the usual drift


def drifting(n, level, tau, seed, windows=3):
    """Return counts of places whose level is drawn anew in every window, with variance tau^2 of its ratio."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(1.5, level / 1.5, n)[:, None] * (
        rng.gamma(1 / tau**2, tau**2, (n, windows)) if tau else np.ones((n, windows))
    )
    return rng.poisson(mean).T


def test_the_drift_is_measured():
    still, *_ = [wobble([(w[0], w[1])]) for w in [drifting(3_000, 10, 0.0, 1)]]
    assert still.base == pytest.approx(1, abs=0.1)
    assert still.slope < 0.005
    w = drifting(3_000, 10, 0.4, 2)
    moving = wobble([(w[0], w[1])])
    # Two gammas of shape k over their sum: a beta with concentration 2 k.
    assert moving.slope == pytest.approx(1 / (2 / 0.4**2 + 1), rel=0.2)
    assert moving.pairs == 1


def test_real_changes_are_no_usual_change():
    w = drifting(2_000, 12, 0.0, 3)
    after = w[1].copy()
    after[:20] += 80
    own, earlier = wobble([], own=(w[0], after)), wobble([(w[0], after)])
    assert (own.pairs, earlier.pairs) == (0, 1)
    assert (own.base, own.slope) == (earlier.base, earlier.slope)
    assert own.factor(40) < 1.2


@pytest.mark.parametrize("seed", range(6))
def test_one_leap_does_not_move_the_usual_change(seed):
    w = np.random.default_rng(seed).poisson(5, (4, 100))
    still = wobble([], own=(w[0], w[1]))
    w[0, 7], w[1, 7] = 4, 203
    leap = wobble([], own=(w[0], w[1]))
    assert leap.factor(10) <= still.factor(10) + 0.1
    found = numbers(w[0], w[1], spread=leap)
    others = np.delete(w[0] + w[1], 7)
    few = numbers(np.delete(w[0], 7), np.delete(w[1], 7), spread=still).too_few.sum()
    assert found.too_few.sum() <= few + 8
    assert found.too_few.sum() < (others < 10).sum()
    assert benjamini_hochberg(found.p_share)[7] < 1e-6


def test_a_spiked_place_in_earlier_windows_is_left_out():
    for seed in range(6):
        w = np.random.default_rng(seed).poisson(5, (4, 100))
        still = wobble([(w[k], w[k + 1]) for k in range(3)])
        w[1, 7] = 203
        assert wobble([(w[k], w[k + 1]) for k in range(3)]).slope <= still.slope + 0.005


def test_a_new_address_moves_the_total_but_makes_no_falls_elsewhere():
    false = 0
    for seed in range(20):
        before, after = np.random.default_rng(seed).poisson(40, (2, 100))
        after[3] += 1_000
        found = numbers(before, after, spread=wobble([], own=(before, after)))
        assert usual_share((before + after).astype(float), after.astype(float), COINS) == pytest.approx(0.5, abs=0.02)
        called = benjamini_hochberg(found.p_share) <= 0.05
        assert called[3]
        false += int(called.sum()) - 1
    # At a false discovery rate of 5 %, one call in each of two of these cities is to be expected.
    assert false <= 4


def test_too_few_places_tell_nothing_about_drift():
    assert wobble([(np.array([5, 6]), np.array([7, 3]))]) == Wobble(1.0, 0.0, -1)
    assert wobble([], own=None).pairs == -1


@pytest.mark.parametrize(("tau", "level"), [(0.0, 5), (0.0, 60), (0.35, 5), (0.35, 60)])
def test_the_test_holds_its_size_when_places_drift_and_when_they_do_not(tau, level):
    p, called = [], []
    for seed in range(8):
        w = drifting(1_500, level, tau, seed)
        found = numbers(w[1], w[2], spread=wobble([(w[0], w[1])]))
        p.append(found.p_share[~found.too_few])
        called.append((np.nan_to_num(benjamini_hochberg(found.p_share), nan=1) <= 0.05).any())
    assert np.mean(np.concatenate(p) <= 0.05) <= 0.06
    assert np.mean(called) <= 0.25


@pytest.mark.slow
@pytest.mark.parametrize("tau", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("level", [1, 5, 20, 60])
def test_size_and_false_discovery_as_the_page_says(tau, level):
    p, called = {"earlier": [], "own": []}, {"earlier": [], "own": []}
    for seed in range(100):
        w = drifting(1_000, level, tau, seed)
        for name, spread in (("earlier", wobble([(w[0], w[1])])), ("own", wobble([], own=(w[1], w[2])))):
            found = numbers(w[1], w[2], spread=spread)
            p[name].append(found.p_share[~found.too_few])
            called[name].append((np.nan_to_num(benjamini_hochberg(found.p_share), nan=1) <= 0.05).any())
    for name in p:
        assert np.mean(np.concatenate(p[name]) <= 0.05) <= 0.06
        # A rate of 5 % over 100 cities, and its error.
        assert np.mean(called[name]) <= 0.12


def test_the_interval_covers_where_places_drift():
    w = drifting(4_000, 30, 0.3, 5)
    spread = wobble([(w[0], w[1])])
    found = numbers(w[1], w[2], spread=spread)
    some = (w[1] + w[2]) >= 10
    assert np.mean((found.low[some] <= 1) & (found.high[some] >= 1)) == pytest.approx(0.95, abs=0.02)


# ---- the map


def test_a_planted_rise_is_found_and_nothing_else(make):
    found = sara.hotspots.change(years(make), area=CITY, cell_size=400)
    assert found.table["is_up"].sum() == 1
    assert found.table["is_down"].sum() == 0
    rise = found.areas.iloc[0]
    assert rise.geometry.contains(box(2_010, 810, 2_390, 1_190))
    assert rise["n"] == found.table.loc[found.table["is_up"], "after"].iloc[0]
    assert rise["excess"] == pytest.approx(115, abs=25)
    assert found.areas.attrs["sara"]["period"] == ["2022-01-01T00:00:00", "2024-01-01T00:00:00"]
    assert "1 rose and 0 fell" in found.text


def test_counts_add_up_and_the_first_year_only_tells_of_drift(make):
    events = years(make)
    found = sara.hotspots.change(events, area=CITY)
    assert found.counts.left_out["in neither period"] == 1_500
    assert found.table["before"].sum() == 1_500
    assert found.table["after"].sum() == 1_620
    assert found.counts.rows_used == found.table["n"].sum()
    assert "1 earlier pair of periods" in found.settings["usual_change"].why
    assert found.settings["after"].value == "2023-01-01 to 2023-12-31"


def test_a_fall_of_the_city_colors_nothing(make):
    found = sara.hotspots.change(years(make, fall=0.6, rise=0), area=CITY, cell_size=500)
    assert found.table["is_up"].sum() + found.table["is_down"].sum() == 0
    assert "fell by 40 %" in found.text
    assert found.similarity > 0.98


def test_no_percent_on_a_small_base(make):
    table = sara.hotspots.change(years(make), area=CITY, cell_size=400).table
    assert table.loc[table["before"] < 20, "percent"].isna().all()
    assert table.loc[table["before"] >= 20, "percent"].notna().all()


def test_areas_hexagons_and_an_earlier_grid(make):
    events = years(make)
    quarters = gpd.GeoDataFrame(
        {"name": [f"Q{i}{j}" for i in range(4) for j in range(4)]},
        geometry=[box(1_000 * i, 1_000 * j, 1_000 * i + 1_000, 1_000 * j + 1_000) for i in range(4) for j in range(4)], crs=32616,
    )  # fmt: skip
    by_area = sara.hotspots.change(events, areas=quarters)
    assert by_area.table["after"].sum() == 1_620
    assert set(by_area.areas["name"]) == {"Q20", "Q21"}  # the corner lies across their edge
    assert sara.hotspots.change(events, area=CITY, cell_size=500, shape="hexagon").table["is_up"].any()
    first = sara.hotspots.count(events, area=CITY, cell_size=800)
    assert len(sara.hotspots.change(events, grid=first).table) == len(first.table)


def test_unequal_periods_count_by_the_day_and_other_seasons_are_said(make):
    found = sara.hotspots.change(
        years(make, rise=0), area=CITY, before=("2022-01-01", "2022-12-31"), after=("2023-01-01", "2023-03-31")
    )
    assert (found.days_before, found.days_after) == (365, 90)
    assert abs(found.table["after"].sum() / 90 * 365 / 1_500 - 1) < 0.15
    assert any("not of the same months" in caution for caution in found.cautions)
    assert not any("not of the same months" in caution for caution in sara.hotspots.change(years(make), area=CITY).cautions)


def test_two_years_alone_are_said_to_be_less_sure(make):
    found = sara.hotspots.change(years(make, n_years=2, start=2022), area=CITY, cell_size=400)
    assert any("less sure" in caution for caution in found.cautions)
    assert found.table["is_up"].sum() == 1


def test_a_month_without_a_single_event_is_no_day_of_the_period(make):
    events = years(make, rise=0)
    holes = events[~events["time"].dt.strftime("%Y-%m").isin(["2022-03"])]
    found = sara.hotspots.change(holes, area=CITY, cell_size=500)
    assert found.days_before == 365 - 31
    assert any("March 2022" in caution for caution in found.cautions)
    assert found.table["is_up"].sum() == 0


def test_a_source_gives_the_same_answer(both):
    city = sara.datasets.load("riverton_areas")
    one, other = (sara.hotspots.change(events, areas=city) for events in both)
    assert other.text == one.text
    pd.testing.assert_frame_equal(
        pd.DataFrame(other.table.drop(columns="geometry")), pd.DataFrame(one.table.drop(columns="geometry"))
    )


def test_a_new_address_hides_nothing_elsewhere(make):
    rng = np.random.default_rng(4)
    when = pd.to_datetime(np.r_[rng.integers(0, 730, 800), rng.integers(365, 730, 200)], unit="D", origin="2022-01-01")
    events = make(
        np.r_[rng.uniform(0, 3_000, 800), np.full(200, 1_450)], np.r_[rng.uniform(0, 3_000, 800), np.full(200, 1_450)], time=when
    )
    events.attrs["sara"]["coverage"] = ["2022-01-01T00:00:00", "2024-01-01T00:00:00"]
    found = sara.hotspots.change(events, area=gpd.GeoSeries([box(0, 0, 3_000, 3_000)], crs=32616), cell_size=300, **YEARS)
    # By chance alone a cell needs 9 events; most have 8.
    assert found.table["too_few"].sum() < 75
    assert found.table["is_up"].sum() == 1
    assert found.table["is_down"].sum() == 0


def test_where_nothing_could_be_tested_it_says_so(make):
    rng = np.random.default_rng(4)
    days = np.r_[np.arange(0, 350, 10), np.arange(370, 720, 10)]
    events = make(*rng.uniform(0, 4_000, (2, 70)), time=pd.to_datetime(days, unit="D", origin="2023-01-01"))
    events.attrs["sara"]["coverage"] = ["2023-01-01T00:00:00", "2025-01-01T00:00:00"]
    found = sara.hotspots.change(events, area=CITY, cell_size=200)
    assert found.table["too_few"].all()
    assert "None of 400 cells holds enough calls to be tested" in found.text
    assert "more than the city did" not in found.text
    # 365 days, then 366.
    assert "calls stayed the same, 35 and 35." in found.text


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"before": ("2022-01-01", "2022-12-31")}, InputError, "must be given together"),
        ({**YEARS, "after": ("2022-06-01", "2023-05-31")}, InputError, "must end before `after` begins"),
        ({**YEARS, "after": ("2023-06-01", "2024-05-31")}, InputError, "must lie in what the file covers"),
        ({"period": ("2023-01-01", "2023-12-31")}, NotEnoughDataError, "24 whole months.*Got 12"),
        ({"confidence": 2}, InputError, "`confidence` must be"),
        (
            {"before": ("2022-01-01", "2022-01-02"), "after": ("2022-01-03", "2022-01-04")},
            NotEnoughDataError,
            "at least 30 events in the two periods",
        ),
    ],
)
def test_mistakes(make, wrong, error, words):
    with pytest.raises(error, match=words):
        sara.hotspots.change(years(make), area=CITY, **wrong)
