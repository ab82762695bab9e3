"""Concentration against the Danvers shops and the lorenzgini examples, called as an analyst would; properties and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

import sara
from sara.core.result import Result

# Shoplifting in 78 Danvers shops (Risky Facilities guide, table 2), and thefts per 1,000 square feet of the first 17.
DANVERS = [78, 42, 28, 16, 15, 12, 11, 11, 9, 7, 5, 5, 4, 4, 3, 3, 3] + [2] * 7 + [1] * 28
RATES = [1.54, 0.70, 0.22, 0.24, 0.28, 0.31, 0.09, 0.16, 0.28, 2.82, 0.16, 0.10, 0.35, 0.12, 3.32, 0.90, 0.02]


def events_of(counts, name="Store", column="place", **more):
    units = np.repeat([f"{name} {i + 1}" for i in range(len(counts))], counts)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(units)) * 7, unit="h")
    table = pd.DataFrame({"when": times, column: units, **more})
    return sara.as_events(table, time="when", **({"place": "place"} if column == "place" else {}), **{c: c for c in more})


@pytest.fixture(scope="module")
def danvers():
    return sara.scan.concentration(events_of(DANVERS), by="place", n_units=78)


def test_danvers_to_the_printed_digits(danvers):
    assert (danvers.k50, danvers.k80) == (4, 12)
    assert danvers.gini == pytest.approx(0.79668, abs=5e-6)
    table = danvers.table
    assert (100 * table["share"]).round(1).tolist()[:17] == [
        26.2,
        14.1,
        9.4,
        5.4,
        5.0,
        4.0,
        3.7,
        3.7,
        3.0,
        2.3,
        1.7,
        1.7,
        1.3,
        1.3,
        1.0,
        1.0,
        1.0,
    ]
    printed = [26.2, 40.3, 49.7, 55.0, 60.1, 64.1, 67.8, 71.5, 74.5, 76.8, 78.5, 80.2, 81.5, 82.9, 83.9, 84.9, 85.9]
    assert (100 * table["cumulative_share"]).round(1).tolist()[:17] == printed
    assert (100 * table["cumulative_unit_share"]).round(1).tolist()[:4] == [1.3, 2.6, 3.8, 5.1]
    assert danvers.text.startswith("Half of the 298 events were at 4 of 78 places (5.1 %), and 80 % at 12 (15 %). 26 had none.")


def test_danvers_zeros_against_chance(danvers):
    zero = danvers.distribution.iloc[0]
    assert zero["units"] == 26
    assert zero["expected"] == pytest.approx(1.709, abs=5e-4)


def test_danvers_by_rate_the_order_is_another():
    names = [f"Store {i + 1}" for i in range(len(DANVERS))]
    size = {name: n / rate for name, n, rate in zip(names, DANVERS, RATES, strict=False)}
    size |= dict.fromkeys(names[17:], 40.0) | {f"Store {i}": 40.0 for i in range(53, 79)}
    found = sara.scan.concentration(events_of(DANVERS), by="place", exposure=size)
    assert found.n_units == 78
    assert found.n_active == 52
    assert found.gini == pytest.approx(0.79668, abs=5e-6)
    ranked = found.table.sort_values("rate", ascending=False)
    assert ranked["n"].tolist()[:3] == [3, 7, 78]
    assert ranked["rate"].round(2).tolist()[:3] == [3.32, 2.82, 1.54]
    assert "the one with the most is number 3" in found.text
    assert found.table["n"].eq(0).sum() == 26
    as_series = sara.scan.concentration(events_of(DANVERS), exposure=pd.Series(size))
    pd.testing.assert_frame_equal(found.table, as_series.table)


@pytest.mark.parametrize(
    ("counts", "n", "plain", "general"),
    [
        ([10, 8, 2], 10, 0.78, 0.78),
        ([5, 2, 1], 10, 0.8, 0.75),
        ([3, 1, 1], 10, 0.78, 0.56),
        ([10], 100, 0.99, 0.9),
        ([22, 18, 17, 12, 11, 8, 6, 3, 2, 1], None, 0.392, 0.392),
    ],
)
def test_generalized_gini_through_the_front_door(counts, n, plain, general):
    found = sara.scan.concentration(events_of(counts, column="shop"), by="shop", n_units=n)
    assert found.gini == pytest.approx(plain, abs=1e-9)
    assert found.gini_generalized == pytest.approx(general, abs=1e-9)


def test_every_event_in_a_unit_of_its_own_is_not_concentrated():
    for n in (10, 5):
        assert sara.scan.concentration(events_of([1] * n), n_units=10).gini_generalized == pytest.approx(0, abs=1e-12)


def test_table_adds_up_and_ties_are_ordered_by_name(danvers):
    table = danvers.table
    assert table["n"].sum() == 298
    assert table["cumulative_share"].iloc[-1] == pytest.approx(1)
    assert table["n"].is_monotonic_decreasing
    ones = table.loc[table["n"] == 1, "unit"].tolist()
    assert ones == sorted(ones)


def test_adjusted_p_counts_the_silent_units_too(danvers):
    from scipy.stats import binom

    p = binom.sf(np.r_[np.array(DANVERS), np.zeros(26)] - 1, 298, 1 / 78)
    assert danvers.table["p"].to_numpy() == pytest.approx(np.sort(p)[:52])
    assert danvers.table["p_adjusted"].to_numpy() == pytest.approx(np.sort(multipletests(p, method="fdr_bh")[1])[:52])


def test_chance_alone_is_rarely_called_more_than_chance():
    rng = np.random.default_rng(6)
    called = 0
    for _ in range(60):
        counts = rng.multinomial(300, np.full(60, 1 / 60))
        called += (sara.scan.concentration(events_of(counts), n_units=60).table["p_adjusted"] <= 0.05).any()
    assert called <= 7


def test_any_column_will_do_and_its_names_are_no_secret():
    found = sara.scan.concentration(events_of([5, 3], name="North", column="district"), by="district")
    assert found.table["unit"].tolist() == ["North 1", "North 2"]
    assert found.private_columns == ()
    by_area = events_of([30, 10], column="district").assign(area=["b"] * 30 + ["a"] * 10)
    found = sara.scan.concentration(by_area, by="area", n_units=5)
    assert found.table["unit"].tolist() == ["b", "a"]
    assert any("Calls measure calling" in caution for caution in found.cautions)


def test_places_are_private_and_shown_by_block():
    events = events_of([12, 4], name="1423 N 35TH ST", column="place")
    events["place"] = ["1423 N 35TH ST"] * 12 + ["1500 N 35TH ST"] * 4
    found = sara.scan.concentration(events)
    assert found.private_columns == ("unit",)
    assert "1423" not in found.text + found.alt_text
    figure = found.figure()
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert labels == ["1400 block of N 35TH ST", "1500 block of N 35TH ST"]


def test_calls_for_help_put_no_address_on_the_list():
    events = events_of([6, 4], category=["domestic"] * 4 + ["noise"] * 6)
    found = sara.scan.concentration(events)
    assert found.table["n"].sum() == 6
    assert found.counts.left_out == {"calls for help (kept off lists of places)": 4}
    only = sara.scan.concentration(events[events["category"] == "domestic"])
    assert only.table["unit"].tolist() == ["withheld 1"]
    assert sara.scan.concentration(events, by="category").table["n"].sum() == 10


def test_callers_are_a_distribution_and_never_a_list():
    events = events_of([5, 3, 1], name="555-01", column="caller")
    found = sara.scan.concentration(events, by="caller")
    assert found.table["unit"].tolist() == ["caller 1", "caller 2", "caller 3"]
    assert "555-01" not in json.dumps(found.to_dict())


def test_rows_outside_the_coverage_and_without_the_unit_are_counted():
    table = pd.DataFrame(
        {
            "when": ["2000-01-05", *pd.date_range("2020-01-01", periods=300).astype(str)],
            "shop": ["A"] * 150 + [None] * 51 + ["B"] * 100,
        }
    )
    found = sara.scan.concentration(sara.as_events(table, time="when"), by="shop")
    assert found.counts.left_out == {"outside the period": 1, "with no shop": 51}
    assert found.counts.rows_used == found.table["n"].sum() == 249


def test_unknown_silent_places_are_a_caution(danvers):
    open_end = sara.scan.concentration(events_of(DANVERS))
    assert any("n_units=" in caution for caution in open_end.cautions)
    assert not any("n_units=" in caution for caution in danvers.cautions)
    assert open_end.gini < danvers.gini


def test_a_saved_answer_speaks_and_draws_as_before(danvers):
    back = Result.from_dict(json.loads(json.dumps(danvers.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, back.cautions, back.counts, back.private_columns) == (
        danvers.text,
        danvers.alt_text,
        danvers.cautions,
        danvers.counts,
        ("unit",),
    )
    pd.testing.assert_frame_equal(back.table, danvers.table, check_dtype=False)
    back.figure().canvas.draw()


def test_input_and_row_order_do_not_matter():
    events = events_of(DANVERS)
    kept = events.copy(deep=True)
    one = sara.scan.concentration(events, n_units=78)
    other = sara.scan.concentration(events.sample(frac=1, random_state=9), n_units=78)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.chance, other.chance)
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))


def test_mistakes_are_answered_in_words():
    events = events_of([3, 2, 1])
    with pytest.raises(sara.InputError, match="`n_units` must count every unit"):
        sara.scan.concentration(events, n_units=2)
    with pytest.raises(sara.InputError, match="`by` names a column"):
        sara.scan.concentration(events, by="plac")
    with pytest.raises(sara.InputError, match="`exposure` must use the units' own names"):
        sara.scan.concentration(events, exposure={"Elsewhere": 3})
    with pytest.raises(sara.InputError, match="sizes of zero or more"):
        sara.scan.concentration(events, exposure={"Store 1": -3})
    with pytest.raises(sara.InputError, match="`exposure` must be a Series"):
        sara.scan.concentration(events, exposure=[1, 2, 3])
    with pytest.raises(sara.NotEnoughDataError, match="at least 2"):
        sara.scan.concentration(events.head(1))
    with pytest.raises(sara.InputError, match="has no rows"):
        sara.scan.concentration(events.iloc[:0])


def test_units_without_a_size_are_told_and_not_tested():
    found = sara.scan.concentration(events_of([6, 3, 1]), exposure={"Store 1": 10, "Store 2": 5})
    assert found.table["rate"].isna().tolist() == [False, False, True]
    assert found.table["p"].isna().tolist() == [False, False, True]
    assert any("1 places with events have no size" in caution for caution in found.cautions)


def test_the_period_said_is_that_of_the_rows_and_not_of_their_file():
    events = events_of(DANVERS)
    cut = events[events["time"] < "2024-02-01"]
    assert sara.scan.concentration(cut).period == "2024-01-01 to 2024-01-31"
    assert sara.scan.concentration(events).period.endswith("2024-03-27")
