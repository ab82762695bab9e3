"""What is to be expected: the baseline to beat, intervals that hold, sums, words, and mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result


def weekly(n=200, *, mean=40.0, season=0.3, walk=0.0, spread=0.0, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    level = mean * (1 + season * np.cos(2 * np.pi * t / 52.18)) * np.exp(np.cumsum(rng.normal(0, walk, n)) if walk else 0.0)
    level = rng.gamma(level / spread, spread) if spread else level
    return pd.Series(rng.poisson(level).astype(float), index=pd.date_range("2019-01-07", periods=n, freq="7D"))


def monthly(n=72, *, mean=200.0, season=0.3, seed=0):
    t = np.arange(n)
    counts = np.random.default_rng(seed).poisson(mean * (1 + season * np.cos(2 * np.pi * t / 12))).astype(float)
    return pd.Series(counts, index=pd.date_range("2018-01-01", periods=n, freq="MS"))


def test_the_weeks_to_come_follow_the_last_one():
    found = sara.trends.forecast(weekly(), horizon=5)
    first = weekly().index[-1] + pd.Timedelta(days=7)
    assert found.table["period"].tolist() == list(pd.date_range(first, periods=5, freq="7D"))
    assert (found.table["low"] <= found.table["expected"]).all() and (found.table["expected"] <= found.table["high"]).all()
    assert found.table["low"].dtype == np.int64 and (found.table["low"] >= 0).all()


@pytest.mark.parametrize(
    ("freq", "n", "first"),
    [("MS", 40, "2021-05-01"), ("D", 60, "2018-03-02"), ("QS", 40, "2028-01-01"), ("2W-SUN", 60, "2020-04-20")],
)
def test_periods_keep_their_calendar(freq, n, first):
    starts = pd.date_range("2018-01-01", periods=n, freq=freq if freq != "2W-SUN" else "14D")
    counts = pd.Series(np.random.default_rng(1).poisson(30, n).astype(float), index=starts)
    assert str(sara.trends.forecast(counts, horizon=2).table["period"].iloc[0].date()) == first


def test_a_season_is_known_in_advance_and_february_is_short():
    found = sara.trends.forecast(monthly(), horizon=12)
    true = 200 * (1 + 0.3 * np.cos(2 * np.pi * np.arange(72, 84) / 12))
    assert np.abs(found.table["expected"] / true - 1).max() < 0.1 and found.method != "mean"
    days = pd.date_range("2018-01-01", periods=60, freq="MS").days_in_month.to_numpy()
    flat = pd.Series(
        np.random.default_rng(2).poisson(100 * days).astype(float), index=pd.date_range("2018-01-01", periods=60, freq="MS")
    )
    told = sara.trends.forecast(flat, horizon=2, method="mean").table["expected"]
    # January 2023 has 31 days and February 28.
    assert told[1] / told[0] == pytest.approx(28 / 31)


def test_the_baseline_is_used_where_nothing_beats_it():
    rng = np.random.default_rng(3)
    turn = rng.integers(20, 400, 52).astype(float)
    y = pd.Series(np.tile(turn, 5), index=pd.date_range("2019-01-07", periods=260, freq="7D"))
    found = sara.trends.forecast(y, horizon=4)
    # The same jagged year each time: as many as a year before is exact, and smooth curves are not.
    assert found.method == found.baseline == "seasonal-naive"
    assert found.table["expected"].tolist() == turn[:4].tolist() and "no other method did better" in found.text


def test_a_method_is_used_only_if_it_misses_less_than_the_baseline_and_the_simplest_of_those_as_good():
    for seed in range(3):
        found = sara.trends.forecast(weekly(seed=seed), horizon=4)
        scores = found.backtest.set_index("method")["score"]
        assert found.backtest["used"].sum() == 1 and found.backtest.set_index("method").loc[found.method, "used"]
        assert found.method == found.baseline or scores[found.method] < 0.98 * scores[found.baseline]
        assert scores[found.method] * 0.98 <= scores.min()


def test_training_lies_strictly_before_testing():
    found = sara.trends.forecast(weekly(), horizon=4)
    assert (found.past["period"] >= found.past["origin"]).all()
    assert (found.past["period"] == found.past["origin"] + pd.to_timedelta(7 * (found.past["step"] - 1), unit="D")).all()
    y = weekly()
    origin = found.past["origin"].iloc[len(found.past) // 2]
    changed = y.copy()
    changed[changed.index >= origin] = 5_000
    after = sara.trends.forecast(changed, horizon=4, method=found.method).past
    before = found.past[found.past["origin"] <= origin]
    assert np.array_equal(before["expected"], after[after["origin"] <= origin]["expected"])


def test_the_sum_has_an_interval_of_its_own():
    table = sara.trends.forecast(weekly(), horizon=8).table
    assert np.allclose(table["total"], table["expected"].cumsum())
    last = table.iloc[-1]
    # Chance evens out over weeks: limits added would be too wide.
    assert last["total_high"] - last["total_low"] < table["high"].sum() - table["low"].sum()


def coverage(draw, *, horizon, runs, confidence=0.9):
    weeks, sums = [], []
    for seed in range(runs):
        y = draw(seed)
        found = sara.trends.forecast(y.iloc[:-horizon], horizon=horizon, confidence=confidence)
        true = y.iloc[-horizon:].to_numpy()
        weeks.append(((true >= found.table["low"]) & (true <= found.table["high"])).mean())
        sums.append(found.total[1] <= true.sum() <= found.total[2])
    return float(np.mean(weeks)), float(np.mean(sums))


def test_the_interval_holds_on_a_few_series():
    weeks, sums = coverage(lambda seed: weekly(160, spread=1.0, seed=seed), horizon=4, runs=10)
    assert weeks >= 0.8 and sums >= 0.7


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{"mean": 5, "season": 0.0}, {"spread": 1.0}, {"walk": 0.03, "mean": 60}, {"n": 48, "spread": 1.0, "season": 0.0}]
)
def test_the_interval_holds(options):
    options = {"n": 200, **options}
    weeks, sums = coverage(lambda seed: weekly(seed=seed, **options), horizon=6, runs=50)
    # 50 sums: 0.9 less two and a half standard errors of the share.
    assert weeks >= 0.86 and sums >= 0.79


@pytest.mark.slow
def test_the_interval_holds_on_published_files(real_data):
    events = sara.read_calls(real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz")
    table = sara.trends.series(events).table
    counts = table[table["complete"]].set_index("period")["n"].astype(float)
    assert len(counts) == 174
    weeks, sums = [], []
    for origin in range(110, 170, 4):
        found = sara.trends.forecast(counts.iloc[:origin], horizon=4)
        true = counts.iloc[origin : origin + 4].to_numpy()
        weeks.append(((true >= found.table["low"]) & (true <= found.table["high"])).mean())
        sums.append(found.total[1] <= true.sum() <= found.total[2])
    assert np.mean(weeks) >= 0.85 and np.mean(sums) >= 0.75


def test_other_levels_are_nested():
    narrow, wide = (sara.trends.forecast(weekly(), horizon=3, confidence=level).table for level in (0.8, 0.95))
    assert (wide["low"] <= narrow["low"]).all() and (wide["high"] > narrow["high"]).all()
    assert np.array_equal(narrow["expected"], wide["expected"])


@pytest.mark.parametrize("method", ["mean", "seasonal-naive", "seasonal-mean", "ets", "arima"])
def test_a_method_can_be_asked_for(method):
    found = sara.trends.forecast(monthly(), horizon=3, method=method)
    assert found.method == method and str(found.settings["method"]).startswith(f"{method} (chosen by you")


def test_a_method_asked_for_that_does_no_better_is_said_to():
    found = sara.trends.forecast(monthly(season=0.5), horizon=3, method="mean")
    assert any("method='auto' would not have used it" in caution for caution in found.cautions)


def test_short_series_know_no_season_and_say_so():
    found = sara.trends.forecast(weekly(60), horizon=4)
    assert found.baseline == "mean" and set(found.backtest["method"]) == {"mean", "ets", "arima"}
    assert any("60 weeks are too few to know a season" in caution for caution in found.cautions)
    assert any("separate stretch" in caution for caution in sara.trends.forecast(weekly(40), horizon=8).cautions)


def test_a_fit_that_does_not_end_is_a_caution(monkeypatch):
    from sara.core.stats import forecast_models

    learnt = forecast_models._fit_ets
    monkeypatch.setattr(forecast_models, "_fit_ets", lambda rest: (learnt(rest)[0], False))
    found = sara.trends.forecast(weekly(60, walk=0.1), horizon=4, method="ets")
    assert any("did not come to an end" in caution for caution in found.cautions)


def test_nothing_is_printed_or_warned(recwarn, capsys):
    sara.trends.forecast(weekly(120, mean=2, season=0.0), horizon=4)
    assert not capsys.readouterr().out and not [
        w for w in recwarn if "onverge" in str(w.message) or "statsmodels" in str(w.filename)
    ]


def test_all_ways_in_give_one_answer():
    y = weekly(80)
    found = sara.trends.forecast(y, horizon=3)
    shuffled = sara.trends.forecast(y.sample(frac=1, random_state=1), horizon=3)
    pd.testing.assert_frame_equal(found.table, shuffled.table)
    pd.testing.assert_frame_equal(
        found.table, sara.trends.forecast(pd.DataFrame({"period": y.index, "n": y.to_numpy()}), horizon=3).table
    )
    bare = sara.trends.forecast(y.tolist(), horizon=3)
    assert bare.table["period"].tolist() == [81, 82, 83] and bare.table["expected"].iloc[0] == pytest.approx(
        found.table["expected"].iloc[0], rel=0.2
    )


@pytest.mark.parametrize("values", [np.zeros(40), np.full(40, 12.0), np.full(40, 1e6), np.r_[np.zeros(39), 500.0]])
def test_odd_series_have_an_answer(values):
    found = sara.trends.forecast(values, horizon=3)
    assert np.isfinite(found.table[["expected", "low", "high", "total"]].to_numpy(dtype=float)).all() and found.text
    found.plot()


def test_a_gap_is_unknown_not_zero():
    y = weekly(150)
    y.iloc[[50, 51, 149]] = np.nan
    found = sara.trends.forecast(y, horizon=4)
    assert any("3 weeks without a number" in caution for caution in found.cautions)
    assert found.table["expected"].iloc[0] == pytest.approx(
        sara.trends.forecast(weekly(150), horizon=4).table["expected"].iloc[0], rel=0.15
    )


def test_the_answer_is_stored_and_drawn():
    found = sara.trends.forecast(monthly(), horizon=6)
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text and again.total == found.total
    assert again.plot(marks={"2022-01-01": "new codes"}).get_title(loc="left") == found.title
    sara.trends.forecast([3, 4, 5, 4, 3, 6, 5, 4, 3, 5, 4, 6, 5], horizon=1).plot()


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"horizon": 0}, InputError, "horizon"),
        ({"horizon": 1.5}, InputError, "horizon"),
        ({"method": "prophet"}, InputError, "method"),
        ({"confidence": 90}, InputError, "confidence"),
        ({"backtest": 2}, NotEnoughDataError, "backtest"),
        ({"backtest": 199}, NotEnoughDataError, "backtest"),
        ({"seasons": "month"}, InputError, "seasons"),
        ({"freq": "D"}, InputError, "left out"),
    ],
)
def test_mistakes_are_said(options, kind, words):
    with pytest.raises(kind, match=words):
        sara.trends.forecast(weekly(), **{"horizon": 4, **options})


def test_too_little_is_said_with_what_to_do():
    with pytest.raises(NotEnoughDataError, match="horizon=3"):
        sara.trends.forecast(weekly(15), horizon=8)
    with pytest.raises(NotEnoughDataError, match="longer period"):
        sara.trends.forecast(weekly(10), horizon=1)
    with pytest.raises(NotEnoughDataError, match="needs a season"):
        sara.trends.forecast(weekly(60), horizon=4, method="seasonal-mean")
    with pytest.raises(InputError, match="counts"):
        sara.trends.forecast(weekly() / 7, horizon=4)


def test_lawful_assemblies_are_not_predicted():
    days = pd.date_range("2023-01-02", periods=120, freq="3D")
    table = pd.DataFrame({"when": days, "what": ["PROTEST / MARCH"] * 80 + ["NOISE"] * 40})
    with pytest.raises(InputError, match="not predicted"):
        sara.trends.forecast(sara.as_events(table, time="when", type="what"), horizon=2)
    calls = sara.as_events(table.assign(what="UNLAWFUL ASSEMBLY"), time="when", type="what")
    assert sara.trends.forecast(calls, horizon=2).noun == "events"
