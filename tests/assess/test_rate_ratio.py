"""The ratio of before-after ratios: published values and mistakes."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from sara.assess import rate_ratio, wdd
from sara.core.errors import InputError, NotEnoughDataError


def test_wheelers_example():
    effect = rate_ratio((50, 30), (60, 55))
    assert (round(effect.estimate, 7), round(effect.se, 6)) == (0.6545455, 0.296954)
    assert round(effect.row("log ratio")["estimate"], 7) == -0.4238142
    assert round(rate_ratio((50, 30), (60, 55), zero_correction="always").se, 6) == 0.295188
    difference = wdd((50, 30), (60, 55))
    assert (difference.estimate, round(difference.se, 4)) == (-15, 13.9642)


@pytest.mark.filterwarnings("ignore")
def test_it_is_the_log_link_poisson_model():
    design = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 0]], dtype=float)
    fit = sm.GLM([207, 110, 308, 318], design, family=sm.families.Poisson()).fit()
    effect = rate_ratio((207, 110), (308, 318))
    assert np.log(effect.estimate) == pytest.approx(fit.params[3])
    assert effect.se == pytest.approx(fit.bse[3], rel=1e-5)
    assert (round(np.log(effect.estimate), 5), round(effect.se, 6), round(effect.estimate, 5)) == (-0.66419, 0.142525, 0.51469)
    assert (round(effect.low, 5), round(effect.high, 5)) == (0.38925, 0.68055)


def test_kansas_city():
    effect = rate_ratio((169, 86), (184, 192))
    assert (round(effect.estimate, 6), round(effect.se, 6)) == (0.487673, 0.167893)


def test_zeros():
    effect = rate_ratio((0, 3), (4, 5))
    assert effect.settings["zero_correction"].value == 0.5
    assert effect.estimate == pytest.approx((3.5 / 0.5) / (5.5 / 4.5))
    assert rate_ratio((4, 3), (4, 5)).settings["zero_correction"].value == 0.0
    open_ended = rate_ratio((0, 3), (4, 5), zero_correction="never")
    assert open_ended.high == np.inf and open_ended.p == 1
    undefined = rate_ratio((0, 5), (0, 3), zero_correction="never").text
    assert "no ratio of the changes can be formed" in undefined and "nan" not in undefined


def test_dispersion_widens():
    assert rate_ratio((50, 30), (60, 55), dispersion=4).se == pytest.approx(2 * rate_ratio((50, 30), (60, 55)).se)


def test_no_percent_on_a_small_base():
    assert "%" in rate_ratio((50, 30), (60, 55)).text.split("(")[0]
    assert "%" not in rate_ratio((19, 3), (60, 55)).text.split("(")[0]


def test_mistakes():
    with pytest.raises(InputError, match="`zero_correction` must be"):
        rate_ratio((1, 2), (3, 4), zero_correction="sometimes")
    with pytest.raises(InputError, match="`comparison` must be a pair"):
        rate_ratio((1, 2), 3)
    with pytest.raises(NotEnoughDataError, match="`comparison`"):
        rate_ratio((1, 2), (0, 0))
