"""Years over one another: the calendar, gaps and partial months, words, and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.result import Result


def months(*years, first=2021):
    """Return monthly counts, a row of twelve per year."""
    values = np.concatenate([np.asarray(year, dtype=float) for year in years])
    return pd.Series(values, index=pd.date_range(f"{first}-01-01", periods=len(values), freq="MS"))


def noisy(years=4, mean=80, seed=1):
    return months(*np.random.default_rng(seed).poisson(mean, (years, 12)))


def test_a_month_far_above_is_named_with_its_range():
    series = noisy()
    series.iloc[-3] = 150
    found = sara.trends.seasonal(series)
    row = found.table.iloc[-3]
    assert (row["year"], row["season"], row["n"], row["outside"]) == (2024, 10, 150, "above")
    assert f"October 2024 (150) was above it ({int(row['low'])} to {int(row['high'])})" in found.text
    assert found.text.startswith(
        f"{int((found.table.query('year == 2024')['outside'] == '').sum())} of the 12 complete months of 2024"
    )
    assert found.table.loc[found.table["year"] < 2024, "low"].isna().all()


def test_one_of_many_months_outside_is_not_news():
    series = months(*[[80, 84, 78, 81, 79, 83, 80, 82, 77, 80, 81, 79]] * 3, [80] * 6 + [118] + [80] * 5)
    assert "1 of 12 is no more than may happen in a year without any change" in sara.trends.seasonal(series).text
    series.iloc[-4:] = 140
    assert "about 0.6 of 12" in sara.trends.seasonal(series).text


def test_expected_is_the_mean_per_day_of_earlier_years_for_the_days_of_this_one():
    found = sara.trends.seasonal(months([29] * 12, [58] * 12, [40] * 12, first=2023), year=2025)
    february = found.usual.set_index("season").loc[2]
    assert february["expected"] == pytest.approx((29 + 58) / (28 + 29) * 28)
    leap = sara.trends.seasonal(months([28] * 12, [28] * 12, [28] * 12, first=2022))
    assert leap.usual.set_index("season").loc[2, "expected"] == pytest.approx(29)


def test_events_a_series_its_table_and_a_source_give_the_same():
    times = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.sort(np.random.default_rng(2).uniform(0, 4 * 365.25 * 86_400, 4000)).round(), unit="s"
    )
    events = sara.as_events(pd.DataFrame({"when": times}), time="when")
    period = ("2021-01-01", "2024-12-31")
    one = sara.trends.seasonal(events, period=period)
    counted = sara.trends.series(events, freq="MS", period=period)
    for other in (counted, counted.table, counted.table.set_index("period")["n"], sara.open_events(events)):
        found = sara.trends.seasonal(
            other,
            **(
                {"period": period} if not hasattr(other, "table") and hasattr(other, "where") and hasattr(other, "n_rows") else {}
            ),
        )
        pd.testing.assert_frame_equal(found.table, one.table)
        assert found.text == one.text
    shuffled = sara.trends.seasonal(events.sample(frac=1, random_state=1), period=period)
    pd.testing.assert_frame_equal(shuffled.table, one.table)


def test_a_year_can_be_chosen_and_later_ones_are_not_used():
    series = noisy(5)
    found = sara.trends.seasonal(series, year=2023)
    assert found.year == 2023
    assert found.table["year"].max() == 2023
    assert found.counts.rows_in == series.sum()
    assert found.counts.left_out == {"after the year compared": series.loc["2024":].sum() + 0}
    pd.testing.assert_frame_equal(found.table, sara.trends.seasonal(series.loc[:"2023"]).table)


def test_the_month_that_is_not_over_is_hollow_and_not_judged():
    times = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.sort(np.random.default_rng(2).uniform(0, 1200 * 86_400, 4000)).round(), unit="s"
    )
    found = sara.trends.seasonal(sara.as_events(pd.DataFrame({"when": times}), time="when"), period=("2021-01-01", "2024-04-10"))
    assert found.year == 2024
    assert found.table["season"].iloc[-1] == 3
    assert found.partial is not None
    assert found.counts.left_out["in a partial month"] == found.partial
    assert "hollow: month not over" in " ".join(text.get_text() for text in found.plot().texts).replace("\n", " ")


def test_gaps_are_left_open_and_not_zero():
    series = noisy()
    series.iloc[[5, 40]] = np.nan
    found = sara.trends.seasonal(series)
    assert found.table["n"].isna().sum() == 2
    assert found.usual.set_index("season").loc[6, "years"] == 2
    assert "of the 11 complete months of 2024" in found.text
    found.figure().canvas.draw()


def test_weeks_are_those_of_the_calendar_and_quarters_too():
    weeks = pd.Series(50 + np.arange(260) % 3, index=pd.date_range("2020-01-06", periods=260, freq="W-MON"))
    found = sara.trends.seasonal(weeks)
    iso = weeks.index.isocalendar()
    assert found.table["season"].tolist() == iso["week"].tolist()
    assert found.table["year"].tolist() == iso["year"].tolist()
    assert found.usual.loc[52, "years"] == 1  # 2020 has a week 53
    quarters = pd.Series([90, 100, 120, 110] * 4, index=pd.date_range("2021-01-01", periods=16, freq="QS"))
    assert sara.trends.seasonal(quarters).table["season"].tolist() == [1, 2, 3, 4] * 4
    for one in (found, sara.trends.seasonal(quarters)):
        one.figure().canvas.draw()


def test_one_earlier_year_gives_no_range():
    found = sara.trends.seasonal(noisy(2))
    assert found.usual["low"].isna().all()
    assert "One earlier year does not show how far years differ" in found.text
    assert "inside" not in found.text
    found.figure().canvas.draw()


def test_years_that_fall_one_after_the_other_are_called_so():
    falling = months(*[[level] * 12 for level in (200, 170, 150, 120)])
    found = sara.trends.seasonal(falling)
    assert found.drift == "fewer"
    assert "Each year has fewer than the one before" in found.text
    assert sara.trends.seasonal(noisy(4)).drift == ""


@pytest.mark.parametrize("values", [np.zeros(48), np.full(48, 7.0), np.full(48, 1e6), np.r_[np.zeros(36), np.full(12, 5.0)]])
def test_odd_counts(values):
    found = sara.trends.seasonal(months(values))
    own = found.table.query("year == 2024")
    assert ((own["low"] <= own["expected"]) & (own["expected"] <= own["high"])).all()
    assert own["low"].ge(0).all()
    assert (own["outside"] == "above").all() == (values[0] == 0 and values[-1] == 5)
    found.figure().canvas.draw()


def test_twenty_years_and_a_saved_answer():
    series = months(*np.random.default_rng(4).poisson(60, (20, 12)), first=2004)
    found = sara.trends.seasonal(series)
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert (back.text, back.alt_text, back.cautions) == (found.text, found.alt_text, found.cautions)
    labels = [text.get_text() for text in back.plot(marks={"2023-03-01": "response begins"}).get_legend().get_texts()]
    assert "2004-2022" in labels


def test_marks_stand_at_their_date_in_the_year():
    found = sara.trends.seasonal(noisy())
    ax = found.plot(marks={"2024-07-01": "new call codes", "2022-07-01": "another year"})
    words = [text for text in ax.texts if text.get_text() in ("new call codes", "another year")]
    assert [text.get_text() for text in words] == ["new call codes"]
    assert words[0].xy[0] == pytest.approx(6.5, abs=0.05)


def test_mistakes_are_answered_in_words():
    series = noisy()
    with pytest.raises(sara.InputError, match="must be counts per month, week or quarter"):
        sara.trends.seasonal([3, 4, 5])
    with pytest.raises(sara.InputError, match="must be counts per month, week or quarter"):
        sara.trends.seasonal(pd.Series(1, index=pd.date_range("2022-01-01", periods=900)))
    with pytest.raises(sara.InputError, match="`year` must be a year of the series"):
        sara.trends.seasonal(series, year=2019)
    with pytest.raises(sara.NotEnoughDataError, match="in a year before the one compared"):
        sara.trends.seasonal(series, year=2021)
    with pytest.raises(sara.NotEnoughDataError, match="in a year before the one compared"):
        sara.trends.seasonal(noisy(1))
    with pytest.raises(sara.InputError, match="whole numbers"):
        sara.trends.seasonal(series + 0.5)
    with pytest.raises(sara.InputError, match="`freq` must be left out"):
        sara.trends.seasonal(series, freq="MS")


def test_portland_burglary(real_data):
    calls = sara.read_calls(real_data / "portland" / "crimes_bur.csv", crs=2913)
    found = sara.trends.seasonal(calls)
    assert (found.year, found.counts.rows_used) == (2017, 5364)
    assert found.table.query("outside != ''")[["season", "n"]].to_numpy().tolist() == [[2, 95]]


def test_only_years_that_have_the_month_are_named():
    months = pd.Series(100, index=pd.date_range("2022-03-01", "2025-02-01", freq="MS"))
    assert "usual for them in 2023 to 2024" in sara.trends.seasonal(months).text
    assert "in 2022 to 2023 (January and February only in 2023)" in sara.trends.seasonal(months, year=2024).text
    with pytest.raises(
        sara.NotEnoughDataError,
        match=r"in a year before the one compared, 2022\. Got a series that begins in 2022\. Write year=2025",
    ):
        sara.trends.seasonal(months, year=2022)
