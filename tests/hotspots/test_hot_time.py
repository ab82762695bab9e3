"""When a place is hot: the classes of the hotspot matrix by their rule, against the city's clock, and the peak in words."""

from __future__ import annotations

import numpy as np
import pytest

from sara.hotspots._listing.times import ACUTE, Clock, clock_of, peak_words, temporal_classes


def city(seed=0, n=20_000):
    """Return a city that is busy in the evening, with the rows of its clock."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24)
    weight = 1 + np.exp(-(((hours - 20) % 24 - 0) ** 2) / 18.0) + np.exp(-((hours - 20) ** 2) / 18.0)
    hour = rng.choice(24, n, p=weight / weight.sum())
    return rng.integers(0, 7, n), hour


def test_a_night_belongs_to_the_day_it_began_on():
    clock = clock_of(np.array([5, 4, 0]), np.array([2, 23, 5]))
    assert clock.n[4, 2] == 1 and clock.n[4, 23] == 1 and clock.n[6, 5] == 1
    assert clock_of(np.array([5, 5]), None).n[5, 0] == 2


def test_places_that_keep_the_citys_clock_are_diffused():
    dow, hour = city()
    rng = np.random.default_rng(3)
    whole = clock_of(dow, hour)
    wrong = 0
    for _ in range(40):
        picked = [rng.choice(len(dow), n, replace=False) for n in (20, 60, 200, 800)]
        classes, _ = temporal_classes([clock_of(dow[p], hour[p]) for p in picked], whole)
        wrong += sum(name != "diffused" for name in classes)
    assert wrong / 160 <= 0.05


@pytest.mark.parametrize(("share", "expected"), [(0.95, "acute"), (0.6, "focused")])
def test_a_place_of_the_small_hours_is_focused_or_acute(share, expected):
    dow, hour = city()
    rng = np.random.default_rng(1)
    n = 150
    at = np.where(rng.random(n) < share, rng.integers(1, 5, n), rng.integers(0, 24, n))
    classes, p = temporal_classes([clock_of(rng.integers(0, 7, n), at)], clock_of(np.r_[dow, np.zeros(n, int)], np.r_[hour, at]))
    assert classes == [expected] and p[0] < 1e-6


def test_weekends_are_found_without_hours_too():
    dow, _ = city()
    place = np.r_[np.repeat([4, 5], 45), np.arange(10) % 7]
    classes, _ = temporal_classes([clock_of(place, None)], clock_of(np.r_[dow, place], None))
    assert classes == ["acute"] and ACUTE <= 90 / 100
    assert peak_words(clock_of(place, None)) == "Fri-Sat"


def test_a_busy_place_in_the_citys_own_hours_is_not_focused():
    dow, hour = city()
    evening = hour >= 17
    few = np.flatnonzero(evening)[:60]
    only_evenings = clock_of(dow[evening], hour[evening])
    assert temporal_classes([clock_of(dow[few], hour[few])], only_evenings)[0] == ["diffused"]


def test_a_place_that_is_most_of_the_city_is_measured_against_the_rest():
    rng = np.random.default_rng(2)
    night, day = rng.integers(0, 4, 900), rng.integers(8, 20, 300)
    place = clock_of(rng.integers(0, 7, 900), night)
    whole = Clock(place.n + clock_of(rng.integers(0, 7, 300), day).n)
    assert temporal_classes([place], whole)[0] == ["acute"]


def test_peak_names_the_window():
    rng = np.random.default_rng(5)
    dow, hour = np.array([4, 5])[rng.integers(0, 2, 300)], np.array([22, 23, 0, 1])[rng.integers(0, 4, 300)]
    dow = np.where(hour < 6, (dow + 1) % 7, dow)
    noise = rng.integers(0, 7, 60), rng.integers(0, 24, 60)
    assert peak_words(clock_of(np.r_[dow, noise[0]], np.r_[hour, noise[1]])) == "Fri-Sat 22:00-02:00"
    assert peak_words(clock_of(rng.integers(0, 5, 500), rng.integers(9, 17, 500))) == "Mon-Fri 09:00-17:00"
    assert peak_words(clock_of(rng.integers(0, 7, 500), rng.integers(7, 15, 500))) == "07:00-15:00"


def test_an_even_week_has_no_peak():
    rng = np.random.default_rng(8)
    said = [peak_words(clock_of(rng.integers(0, 7, n), rng.integers(0, 24, n))) for n in (10, 30, 100, 300) for _ in range(25)]
    assert sum(words is not None for words in said) <= 5
    assert peak_words(Clock(np.zeros((7, 24)))) is None
