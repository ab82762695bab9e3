"""The months just before the start: known counts, seasons that similar places share, and how often chance is called an upswing."""

from __future__ import annotations

import numpy as np
import pytest

from sara.assess._just_before import earlier_months, just_before, recent_months
from sara.core.stats.dispersion import two_way_dispersion


def measured(base):
    spread = two_way_dispersion(base)
    phi = max(1.0, spread.phi) if np.isfinite(spread.phi) else 1.0
    return just_before(base, phi=phi, df=float(spread.df) if phi > 1 else np.inf, confidence=0.95)


def test_known_counts():
    base = np.array([[40] * 18 + [60] * 6, [20] * 18 + [30] * 6, [20] * 18 + [18] * 6])
    found = just_before(base, phi=1.0, df=np.inf, confidence=0.95)
    # Similar places went from 40 to 48 a month together: 40 x 1.2 = 48 were to be expected, 60 came.
    assert (found.months, found.level) == (6, 60) and found.expected == pytest.approx(48)
    assert found.excess.estimate == pytest.approx(12)
    variance = 360 / 36 + 1.2**2 * 720 / 18**2 + 48**2 * (1 / 288 + 1 / 720)
    assert found.excess.se == pytest.approx(np.sqrt(variance))
    assert found.upswing == (12 - 1.959964 * np.sqrt(variance) > 0)


def test_a_shared_season_leaves_nothing():
    season = np.round(100 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(24) / 12)))
    found = measured(np.stack([season, season, season]))
    assert found.excess.estimate == pytest.approx(0, abs=1e-9) and not found.upswing


@pytest.mark.parametrize(("months", "recent"), [(36, 6), (24, 6), (23, 5), (12, 3), (8, 2), (7, 0), (3, 0)])
def test_six_months_or_the_last_quarter(months, recent):
    assert recent_months(months) == recent
    assert (measured(np.full((3, months), 20)) is None) == (recent == 0)


def test_too_few_events_elsewhere_say_nothing():
    assert measured(np.stack([np.full(24, 30), np.r_[np.full(18, 3), np.zeros(6)]]).astype(int)) is None


def test_the_earlier_months_match_the_seasons_after():
    calendar = [1 + m % 12 for m in range(36)]
    keep = earlier_months(calendar, 24)
    assert keep.sum() == 12 and not keep[-6:].any()
    assert sorted(np.array(calendar[:24])[keep]) == list(range(1, 13))
    assert earlier_months([1 + m % 12 for m in range(24)], 12) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["poisson", "nb"])
@pytest.mark.parametrize(("mean", "n", "months"), [(5, 5, 24), (30, 1, 24), (30, 5, 12), (100, 5, 24)])
def test_chance_is_seldom_called_an_upswing(kind, mean, n, months):
    rng = np.random.default_rng([mean, n, months])
    level = mean * (1 + 0.3 * np.sin(2 * np.pi * np.arange(months) / 12)) * np.ones((1 + n, 1))
    draw = rng.poisson if kind == "poisson" else lambda v: rng.negative_binomial(v, 0.5)
    found = [one for one in (measured(draw(level)) for _ in range(2000)) if one is not None]
    # The upper half of a 95 % interval misses 2.5 %; 3 standard errors of 2,000 draws above.
    assert np.mean([one.upswing for one in found]) <= 0.036
    assert np.mean([one.excess.low <= 0 <= one.excess.high for one in found]) >= 0.935
