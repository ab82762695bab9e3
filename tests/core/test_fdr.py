"""Benjamini-Hochberg against SciPy, and its edges."""

from __future__ import annotations

import numpy as np
from scipy.stats import false_discovery_control

from sara.core.stats.fdr import benjamini_hochberg


def test_the_same_as_scipy_in_any_order():
    p = np.random.default_rng(3).random(500) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p), rtol=1e-12)


def test_a_missing_p_is_no_test():
    adjusted = benjamini_hochberg([0.01, np.nan, 0.02])
    np.testing.assert_allclose(adjusted[[0, 2]], [0.02, 0.02])
    assert np.isnan(adjusted[1])
    assert benjamini_hochberg([]).size == 0
