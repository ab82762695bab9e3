"""The ratio of ratios: whether it fell by a larger share than in similar places."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.assess._effect import EffectResult
from sara.assess._wdd import _above_zero
from sara.core.checks import check_confidence, check_pair
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.stats.wdd import SMALL_COUNT, ratio_of_ratios

__all__ = ["rate_ratio"]

_CORRECTIONS = {"auto": "auto", "always": "always", "never": "never", True: "always", False: "never", None: "never"}


def rate_ratio(
    treated: tuple[float, float],
    comparison: tuple[float, float],
    *,
    dispersion: float = 1.0,
    zero_correction: str | bool | None = "auto",
    confidence: float = 0.95,
) -> EffectResult:
    """Compare the share by which two groups of places changed.

    The relative incident rate ratio: it assumes that without the response the places of the response would have changed by the same *share* as
    the comparison places. `wdd` assumes the same *number*.

    Parameters
    ----------
    treated, comparison : (float, float)
        Counts (before, after) in the places that got the response and in similar places.
    dispersion : float
        Variance over mean of such counts; the standard error is multiplied by its square root. Values below 1 count as 1.
    zero_correction : str
        Add 0.5 to each count: ``"auto"`` only where a count is zero, ``"always"`` or ``"never"``.
    confidence : float
        Level of the interval.

    Returns
    -------
    EffectResult
        ``estimate``: (treated after / before) / (comparison after / before); below 1 is a fall beyond comparison. ``se``: standard error
        of its **logarithm**. ``low``, ``high``: interval of the ratio. ``table``: that row and ``log ratio``.

    Raises
    ------
    InputError
        If a pair is not two counts of zero or more.
    NotEnoughDataError
        If a group has no events at all.

    Notes
    -----
    ln RIRR has variance phi x (sum of 1 / count). With counts under 10 the interval is conservative (the true level is above the nominal).
    Lengths of periods and sizes of areas cancel. Farrington and Welsh's relative effect size is 1 / RIRR.

    References
    ----------
    Wilson (2022), Journal of Quantitative Criminology 38(2), 323-341. doi:10.1007/s10940-021-09494-w

    Examples
    --------
    >>> import sara
    >>> effect = sara.assess.rate_ratio((50, 30), (60, 55))
    >>> round(effect.estimate, 4), round(effect.se, 6)
    (0.6545, 0.296954)
    """
    confidence = check_confidence(confidence)
    phi = _above_zero((dispersion,), "dispersion", 1)[0]
    if not isinstance(zero_correction, (str, bool, type(None))) or zero_correction not in _CORRECTIONS:
        raise InputError(
            f"`zero_correction` must be 'auto', 'always' or 'never'. Got {zero_correction!r}. Write zero_correction='auto'"
        )
    rule = _CORRECTIONS[zero_correction]
    cells = (*check_pair(treated, name="treated"), *check_pair(comparison, name="comparison"))
    for name, total in (("treated", cells[0] + cells[1]), ("comparison", cells[2] + cells[3])):
        if total == 0:
            raise NotEnoughDataError(
                f"rate_ratio needs at least 1 event in `{name}`. Got 0 before and 0 after. Count a longer period or a larger area."
            )
    correct = rule == "always" or (rule == "auto" and min(cells) == 0)
    found = ratio_of_ratios((cells[0], cells[1]), (cells[2], cells[3]), dispersion=phi, correct=correct, confidence=confidence)
    with np.errstate(divide="ignore"):
        logs = [float(np.log(v)) for v in (found.ratio, found.low, found.high)]
    z = logs[0] / found.se_log if np.isfinite(found.se_log) else float("nan")
    table = pd.DataFrame(
        [
            ("rate ratio", "ratio of after / before", found.ratio, found.se_log, found.low, found.high, z, found.p),
            ("log ratio", "natural logarithm", logs[0], found.se_log, logs[1], logs[2], z, found.p),
        ],
        columns=["measure", "unit", "estimate", "se", "low", "high", "z", "p"],
    )
    settings = {
        "dispersion": Setting(max(1.0, phi)),
        "zero_correction": Setting(
            0.5 if correct else 0.0, "sara" if rule == "auto" else "you", "a count is zero" if correct and rule == "auto" else ""
        ),
        "confidence": Setting(confidence),
    }
    cautions = []
    if min(cells) < SMALL_COUNT:
        cautions.append("A count is under 10: the interval is wider than its level says.")
    if phi <= 1:
        cautions.append(
            "The counts are taken to vary no more than chance (dispersion 1). Where monthly counts exist, measure it: the interval is often too narrow."
        )
    n = round(sum(cells))
    return EffectResult(
        table=table,
        settings=settings,
        counts=Counts(n, n),
        cautions=tuple(cautions),
        estimate=found.ratio,
        low=found.low,
        high=found.high,
        se=found.se_log,
        p=found.p,
        method="rate_ratio",
        confidence=confidence,
        facts={"base": float(min(cells[0], cells[2])), "subtitle": "ratio to the change of similar places"},
    )
