"""The weighted displacement difference: more than elsewhere, and whether it moved next door."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.assess._effect import EffectResult
from sara.core.checks import check_confidence, check_pair
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.stats.wdd import SMALL_COUNT, Difference, weighted_difference

__all__ = ["wdd"]

Pair = tuple[float, float]
# After minus before in the places that got it, and the opposite in those it is compared with.
_SIGNS = np.array([[-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]])


def wdd(
    treated: Pair,
    comparison: Pair,
    *,
    displacement: Pair | None = None,
    displacement_comparison: Pair | None = None,
    time: Pair = (1, 1),
    area: tuple[float, float, float, float] = (1, 1, 1, 1),
    dispersion: float = 1.0,
    confidence: float = 0.95,
) -> EffectResult:
    """Compare the change in the places that got the response with the change elsewhere, and around them.

    The weighted displacement difference of Wheeler and Ratcliffe, from four to eight published counts. From events, use `evaluate`.

    Parameters
    ----------
    treated, comparison : (float, float)
        Counts (before, after) in the places that got the response and in similar places.
    displacement, displacement_comparison : (float, float), optional
        The same for the area around the places of the response, and for an area of its own to compare that with.
    time : (float, float)
        Length of the periods (before, after), in any unit: ``(2, 1)`` for two years before and one after.
    area : (float, float, float, float)
        Size of the areas in the order of the arguments: treated, comparison, displacement, displacement_comparison.
    dispersion : float
        Variance over mean of such counts; the standard error is multiplied by its square root. Values below 1 count as 1.
    confidence : float
        Level of the intervals.

    Returns
    -------
    EffectResult
        ``estimate``: the total (local + displacement); negative is a fall beyond comparison. ``table``: rows ``local``, and with a
        displacement area also ``displacement`` and ``total``: ``estimate``, ``se``, ``low``, ``high``, ``z``, ``p``.

    Raises
    ------
    InputError
        If a pair is not two counts of zero or more, or a length or size is not above zero.
    NotEnoughDataError
        If all counts are zero.

    Notes
    -----
    WDD = (T1 - T0) - (C1 - C0) + (D1 - D0) - (E1 - E0), each count divided by its period and area; its variance is the sum of the counts
    over the squares of those divisors, times the dispersion. It assumes that without the response the places of the response would have changed
    by as *many* events as the comparison places (`rate_ratio`: by the same share). Where a count is under 10, p and interval come from
    the E-test on the two sums (equal weights) or from combined score limits; ``se`` and ``z`` stay as above. With variance over mean of
    2 and no dispersion given, a 5 % test is wrong 16 % of the time.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7:11. doi:10.1186/s40163-018-0085-5

    Examples
    --------
    >>> import sara
    >>> effect = sara.assess.wdd((207, 110), (308, 318), displacement=(178, 157), displacement_comparison=(150, 140))
    >>> effect.estimate, round(effect.se, 3)
    (-118.0, 39.598)
    """
    confidence = check_confidence(confidence)
    phi = _above_zero((dispersion,), "dispersion", 1)[0]
    lengths, sizes = _above_zero(time, "time", 2), _above_zero(area, "area", 4)
    if displacement is None and displacement_comparison is not None:
        raise InputError("`displacement` must be given with `displacement_comparison`. Got None. Write displacement=(178, 157)")
    given = {
        "treated": treated,
        "comparison": comparison,
        "displacement": displacement,
        "displacement_comparison": displacement_comparison,
    }
    pairs = {name: check_pair(pair, name=name) for name, pair in given.items() if pair is not None}
    if sum(map(sum, pairs.values())) == 0:
        raise NotEnoughDataError(
            "wdd needs at least 1 event. Got 0 in every cell. Nothing can be said about a change; count a longer period."
        )
    rows = _numbers(list(pairs.values()), lengths, sizes[: len(pairs)], phi, confidence)
    table = _table(rows)
    total = rows["total" if "total" in rows else "local"]
    settings = {
        "time": Setting(lengths),
        "area": Setting(sizes),
        "dispersion": Setting(max(1.0, phi)),
        "interval": Setting(
            total.method,
            "sara",
            f"a count is under {SMALL_COUNT}" if total.method not in ("normal", "t") else "all counts are large enough",
        ),
        "confidence": Setting(confidence),
    }
    n = round(sum(map(sum, pairs.values())))
    return EffectResult(
        table=table,
        settings=settings,
        counts=Counts(n, n),
        cautions=_cautions(pairs, phi, sizes, lengths),
        estimate=total.estimate,
        low=total.low,
        high=total.high,
        se=total.se,
        p=total.p,
        method="wdd",
        confidence=confidence,
        facts={
            "change": pairs["treated"][1] / lengths[1] - pairs["treated"][0] / lengths[0],
            "unit_words": _per_unit(lengths, sizes[: len(pairs)]),
            "subtitle": "events, change beyond that of similar places",
        },
    )


def _numbers(
    pairs: list[Pair], lengths: tuple[float, ...], sizes: tuple[float, ...], phi: float, confidence: float
) -> dict[str, Difference]:
    counts = np.array(pairs, dtype=float)
    weights = _SIGNS[: len(pairs)] / (np.array(lengths)[None, :] * np.array(sizes)[:, None])

    def part(rows: slice) -> Difference:
        return weighted_difference(counts[rows].ravel(), weights[rows].ravel(), dispersion=phi, confidence=confidence)

    found = {"local": part(slice(0, 2))}
    if len(pairs) > 2:
        found |= {"displacement": part(slice(2, None)), "total": part(slice(None))}
    return found


def _table(rows: dict[str, Difference]) -> pd.DataFrame:
    return pd.DataFrame(
        [(name, "events", r.estimate, r.se, r.low, r.high, r.z, r.p) for name, r in rows.items()],
        columns=["measure", "unit", "estimate", "se", "low", "high", "z", "p"],
    )


def _cautions(pairs: dict[str, Pair], phi: float, sizes: tuple[float, ...], lengths: tuple[float, ...]) -> tuple[str, ...]:
    said = []
    treated, comparison = pairs["treated"][0] / sizes[0], pairs["comparison"][0] / sizes[1]
    if comparison <= treated / 3 or comparison >= treated * 3:
        said.append(
            f"Before, the similar places had {comparison / lengths[0]:g} and the places that got the response {treated / lengths[0]:g}: not similar enough to "
            "expect the same change in numbers. Compare with sara.assess.rate_ratio."
        )
    if phi <= 1:
        said.append(
            "The counts are taken to vary no more than chance (dispersion 1). Where monthly counts exist, measure it: the interval is often too narrow."
        )
    if "displacement" in pairs and "displacement_comparison" not in pairs:
        said.append(
            "The area around the places that got the response is compared with nothing: its change may be a general trend."
        )
    if "displacement" not in pairs:
        said.append("Displacement was not measured.")
    return tuple(said)


def _per_unit(lengths: tuple[float, ...], sizes: tuple[float, ...]) -> str:
    divided = [word for word, by in (("time", lengths), ("area", sizes)) if set(by) != {1.0}]
    return f" per unit of {' and '.join(divided)}" if divided else ""


def _above_zero(values: tuple[float, ...], name: str, n: int) -> tuple[float, ...]:
    try:
        numbers = () if isinstance(values, str) else tuple(float(v) for v in values)
    except (TypeError, ValueError):
        numbers = ()
    if n == 1 and not (len(numbers) == 1 and np.isfinite(numbers[0]) and numbers[0] > 0):
        raise InputError(f"`{name}` must be a finite number above zero. Got {values[0]!r}. Write {name}=1.5")
    if len(numbers) != n or not all(np.isfinite(v) and v > 0 for v in numbers):
        raise InputError(f"`{name}` must hold {n} finite numbers above zero. Got {values!r}. Write {name}={(1,) * n}")
    return numbers
