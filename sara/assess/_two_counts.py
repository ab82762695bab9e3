"""Two counts: whether one changed, or it could be chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.assess._effect import EffectResult
from sara.core.checks import check_choice, check_confidence
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.stats.two_counts import METHODS, compare_counts

__all__ = ["two_counts"]

_ALTERNATIVES = {
    "two-sided": "two-sided",
    "larger": "larger",
    "greater": "larger",
    "fall": "larger",
    "smaller": "smaller",
    "less": "smaller",
    "rise": "smaller",
}


def two_counts(
    before: float,
    after: float,
    *,
    exposure: tuple[float, float] = (1, 1),
    method: str = "e-test",
    alternative: str = "two-sided",
    confidence: float = 0.95,
) -> EffectResult:
    """Test whether a count changed by more than chance.

    Answers "9 last month and 4 this month: is that anything?". With places that got no response to compare with, use `wdd`.

    Parameters
    ----------
    before, after : int
        The two counts. Any two independent counts may be compared; the first is called before.
    exposure : (float, float)
        What each was counted over, in any unit: months, addresses, officer hours.
    method : str
        ``"e-test"`` (Krishnamoorthy & Thomson, as SciPy), ``"e-test-score"`` (the same with the score statistic), ``"wald"``,
        ``"score"``, ``"exact"`` (conditional binomial) or ``"mid-p"``.
    alternative : str
        ``"two-sided"``; ``"larger"`` (also ``"greater"``, ``"fall"``): the first rate, before, is larger than the second, so the rate
        fell; ``"smaller"`` (also ``"less"``, ``"rise"``): it is smaller. The order is that of SciPy and statsmodels.
    confidence : float
        Level of the interval, which is always two-sided.

    Returns
    -------
    EffectResult
        ``estimate``: the rate after over the rate before, with ``low`` and ``high``; ``se``: standard error of its logarithm; ``p``.
        ``table``: that row (``statistic`` has the sign of before - after) and the difference of the rates.

    Raises
    ------
    InputError
        If a count is negative or not whole, or an exposure is not above zero.
    NotEnoughDataError
        If both counts are zero: nothing can be said.

    Notes
    -----
    Assumes Poisson counts. Real series vary more (domestic calls, one busy weekend), so p is too small for them; compare the same months
    of the year. The interval of the ratio is the score interval for the E-tests and ``"score"``; the conditional one for ``"exact"`` and
    ``"mid-p"``; log-Wald (0.5 added where a count is zero) for ``"wald"``.

    References
    ----------
    Krishnamoorthy & Thomson (2004), Journal of Statistical Planning and Inference 119, 23-35. doi:10.1016/S0378-3758(02)00408-1
    Ng, Gu & Tang (2007), Computational Statistics & Data Analysis 51, 3085-3099. doi:10.1016/j.csda.2006.02.004

    Examples
    --------
    >>> import sara
    >>> round(sara.assess.two_counts(20, 10).p, 7)
    0.0688318
    """
    check_choice(method, METHODS, name="method")
    check_choice(alternative, tuple(_ALTERNATIVES), name="alternative")
    confidence = check_confidence(confidence)
    k1, k2 = _whole(before, "before"), _whole(after, "after")
    n1, n2 = _exposures(exposure)
    if k1 + k2 == 0:
        raise NotEnoughDataError(
            "two_counts needs at least 1 event. Got 0 before and 0 after. Nothing can be said about a change; count a longer period."
        )
    found = compare_counts(
        k1, k2, exposure=(n1, n2), method=method, alternative=_ALTERNATIVES[alternative], confidence=confidence
    )
    difference = k2 / n2 - k1 / n1
    se = float(np.sqrt(k1 / n1**2 + k2 / n2**2))
    from scipy.stats import norm

    half = float(norm.isf((1 - confidence) / 2)) * se
    unit = "rate after / rate before"
    table = pd.DataFrame(
        [
            ("rate ratio", unit, k1, k2, found.ratio, found.se_log, found.low, found.high, found.statistic, found.p),
            (
                "difference",
                "rate after - rate before",
                k1,
                k2,
                difference,
                se,
                difference - half,
                difference + half,
                difference / se,
                found.p,
            ),
        ],
        columns=["measure", "unit", "before", "after", "estimate", "se", "low", "high", "statistic", "p"],
    )
    settings = {
        "method": Setting(method),
        "alternative": Setting(_ALTERNATIVES[alternative]),
        "exposure": Setting((n1, n2)),
        "confidence": Setting(confidence),
    }
    cautions = [
        "Nothing is compared with these counts: season, a general trend or regression to the mean could explain a change."
    ]
    if k1 < 20:
        cautions.append(f"With {k1:g} before, a percent change would mislead: give the counts.")
    return EffectResult(
        table=table,
        settings=settings,
        counts=Counts(int(k1 + k2), int(k1 + k2)),
        cautions=tuple(cautions),
        estimate=found.ratio,
        low=found.low,
        high=found.high,
        se=found.se_log,
        p=found.p,
        method="two_counts",
        confidence=confidence,
        facts={"rates": n1 != n2, "subtitle": f"{k1:g} before, {k2:g} after"},
    )


def _whole(value: float, name: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, np.integer, np.floating))
        or not np.isfinite(value)
        or value < 0
        or value != int(value)
    ):
        raise InputError(
            f"`{name}` must be a whole number of zero or more. Got {value!r}. Give the counts, not rates: exposure=(months, months)"
        )
    return float(value)


def _exposures(exposure: tuple[float, float]) -> tuple[float, float]:
    try:
        n1, n2 = () if isinstance(exposure, str) else tuple(float(v) for v in exposure)
    except (TypeError, ValueError):
        raise InputError(
            f"`exposure` must be a pair. Got {exposure!r}. Write exposure=(24, 12) for 24 months before and 12 after"
        ) from None
    if not (np.isfinite(n1) and np.isfinite(n2) and n1 > 0 and n2 > 0):
        raise InputError(f"`exposure` must hold two numbers above zero. Got {exposure!r}. Write exposure=(24, 12)")
    return n1, n2
