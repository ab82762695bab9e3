"""Two counts as people ask it."""

from __future__ import annotations

import numpy as np
import pytest

from sara.assess import two_counts
from sara.core.errors import InputError, NotEnoughDataError


def test_estimate_is_the_rate_after_over_the_rate_before():
    effect = two_counts(80, 52, exposure=(24, 12))
    assert effect.estimate == pytest.approx((52 / 12) / (80 / 24))
    assert effect.low < effect.estimate < effect.high
    assert effect.row("difference")["estimate"] == pytest.approx(52 / 12 - 80 / 24)


def test_published_values_through_the_front_door():
    assert round(two_counts(0, 3).p, 7) == 0.0883790
    assert round(two_counts(6, 2).p, 7) == 0.1748748
    assert round(two_counts(20, 10).p, 7) == 0.0688318
    ng = {"exposure": (28010, 19017)}
    assert round(two_counts(41, 15, method="wald", alternative="larger", **ng).p, 4) == 0.0137
    assert round(two_counts(41, 15, method="exact", **ng).p, 5) == 0.04085


def test_a_fall_is_the_first_being_larger():
    ps = {word: two_counts(41, 15, alternative=word).p for word in ("larger", "greater", "fall")}
    assert len(set(ps.values())) == 1
    assert ps["fall"] < two_counts(41, 15).p < two_counts(41, 15, alternative="rise").p


def test_the_text_gives_counts_and_no_cause():
    text = two_counts(9, 4).text
    assert "from 9 to 4" in text and "can't be said why" in text and "Chance alone could" in text
    assert "rose" in two_counts(4, 19).text
    assert "nan" not in two_counts(0, 5).text and "inf" not in two_counts(0, 5).text


def test_ratios_are_told_apart_and_told_when_there_are_none():
    assert "interval 1.0001 to 1.0019" in two_counts(10_000_000, 10_010_000).text
    assert "not defined" in two_counts(0, 5).text and "no upper limit" in two_counts(0, 5).text


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("exposure", [(1, 1), (24, 12), (3, 10.5)])
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("e-test", "etest-wald"),
        ("e-test-score", "etest"),
        ("wald", "wald"),
        ("score", "score"),
        ("exact", "exact-cond"),
        ("mid-p", "cond-midp"),
    ],
)
def test_p_values_are_those_of_statsmodels(mine, theirs, exposure):
    from statsmodels.stats.rates import test_poisson_2indep

    n1, n2 = exposure
    for a, b in [(0, 3), (1, 0), (2, 5), (11, 30), (120, 5), (30, 30)]:
        for alternative in ("two-sided", "larger", "smaller"):
            other = test_poisson_2indep(a, n1, b, n2, method=theirs, alternative=alternative, compare="ratio").pvalue
            if np.isfinite(other):
                assert two_counts(a, b, exposure=exposure, method=mine, alternative=alternative).p == pytest.approx(
                    other, abs=1e-8
                )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1, 2), "`before` must be a whole number"),
        ((1, 2.5), "`after` must be a whole number"),
        ((np.nan, 2), "`before` must"),
        (("9", 4), "`before` must"),
    ],
)
def test_counts_that_are_not(arguments, words):
    with pytest.raises(InputError, match=words):
        two_counts(*arguments)


def test_other_mistakes():
    with pytest.raises(InputError, match="`method` must be one of"):
        two_counts(1, 2, method="etest")
    with pytest.raises(InputError, match="`exposure` must hold two numbers above zero"):
        two_counts(1, 2, exposure=(0, 1))
    with pytest.raises(InputError, match="`exposure` must be a pair"):
        two_counts(1, 2, exposure=3)
    with pytest.raises(InputError, match="`alternative`"):
        two_counts(1, 2, alternative="lower")
    with pytest.raises(NotEnoughDataError, match="at least 1 event"):
        two_counts(0, 0)
