"""Aoristic weights: worked examples, a minute-by-minute count, and what must hold of any weights."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.stats.aoristic import DAY, WEEK, aoristic_weights, point_weights

# Sums of up to a few thousand parts.
CLOSE = 1e-9


def at(day, clock):
    hour, minute = clock.split(":")
    return day * DAY + int(hour) * 60 + int(minute)


# Start, end (day of the week from Monday 0, clock), first bins and their weights: worked by hand from the definition.
CASES = [
    ((0, "01:50"), (0, "02:10"), {1: 0.5, 2: 0.5}),
    ((0, "10:55"), (0, "11:55"), {10: 5 / 60, 11: 55 / 60}),
    ((0, "08:00"), (0, "10:00"), {8: 0.5, 9: 0.5}),
    ((0, "01:00"), (0, "02:30"), {1: 2 / 3, 2: 1 / 3}),
    ((0, "23:30"), (1, "01:15"), {23: 30 / 105, 24: 60 / 105, 25: 15 / 105}),
    ((6, "22:00"), (7, "02:00"), {166: 0.25, 167: 0.25, 0: 0.25, 1: 0.25}),
    ((0, "10:00"), (1, "11:00"), dict.fromkeys(range(10, 35), 0.04)),
    ((0, "10:00"), (8, "10:00"), dict.fromkeys(range(168), 1 / 168)),
    ((3, "12:00"), (3, "12:00"), {84: 1.0}),
    ((3, "12:59"), (3, "13:00"), {84: 1.0}),
]


@pytest.mark.parametrize(("start", "end", "expected"), CASES)
def test_worked_examples(start, end, expected):
    weight = aoristic_weights([at(*start)], [at(*end) - at(*start)])
    assert set(np.flatnonzero(weight)) == set(expected)
    for hour, value in expected.items():
        assert weight[hour] == pytest.approx(value, abs=CLOSE)
    assert weight.sum() == pytest.approx(1, abs=CLOSE)


def test_a_day_later_the_same_hour_is_added_up():
    by_hour = aoristic_weights([at(0, "10:00")], [25 * 60]).reshape(7, 24).sum(axis=0)
    assert by_hour[10] == pytest.approx(0.08)
    assert by_hour[11] == pytest.approx(0.04)


@pytest.mark.parametrize("bin_minutes", [60, 30, 15])
def test_as_a_count_minute_by_minute(bin_minutes):
    rng = np.random.default_rng(5)
    start, minutes = rng.integers(-3 * WEEK, 3 * WEEK, 200), rng.integers(0, WEEK + 500, 200)
    each = rng.uniform(0.1, 2, 200)
    plain = np.zeros(WEEK // bin_minutes)
    for first, length, one in zip(start, minutes, each, strict=True):
        if length >= WEEK:
            plain += one / len(plain)
            continue
        for minute in range(first, first + max(length, 1)):
            plain[minute % WEEK // bin_minutes] += one / max(length, 1)
    assert aoristic_weights(start, minutes, bin_minutes=bin_minutes, each=each) == pytest.approx(plain, abs=CLOSE)


def test_weights_sum_to_the_events_and_are_never_below_zero():
    rng = np.random.default_rng(1)
    start, minutes = rng.integers(0, 100 * WEEK, 100_000), rng.exponential(600, 100_000).astype(int)
    weight = aoristic_weights(start, minutes)
    assert weight.sum() == pytest.approx(100_000, abs=1e-6)
    assert (weight >= 0).all()
    order = rng.permutation(100_000)
    assert aoristic_weights(start[order], minutes[order]) == pytest.approx(weight, abs=1e-7)


def test_hours_that_no_interval_touches_are_exactly_zero():
    rng = np.random.default_rng(2)
    start = rng.integers(8 * 60, 9 * 60, 5_000)
    weight = aoristic_weights(start, rng.integers(1, 400, 5_000))
    assert not weight[24:].any()
    assert not weight[:8].any()


def test_a_longer_stretch_is_the_sum_of_its_parts():
    rng = np.random.default_rng(3)
    start, minutes = rng.integers(0, WEEK, 500), rng.integers(0, 3_000, 500)
    quarters = aoristic_weights(start, minutes, bin_minutes=15)
    assert quarters.reshape(168, 4).sum(axis=1) == pytest.approx(aoristic_weights(start, minutes), abs=CLOSE)


def test_points_are_counted_where_they_lie():
    assert point_weights([0, 59, 60, WEEK, -1])[[0, 1, 167]].tolist() == [3, 1, 1]
