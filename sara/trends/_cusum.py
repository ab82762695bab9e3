"""When did the level shift: cumulative sums of counts (Lucas) or of other numbers, with a chosen rate of false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import check_choice
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.stats.cusum import Arm, arm_for, arm_run, cusum_sums, reference
from sara.trends._input.counted import Counted, counted
from sara.trends._input.judged import history_of
from sara.trends._input.known_level import WEEKS, check_positive, level_of, more_than_chance
from sara.trends._results.cusum import CusumResult

__all__ = ["cusum"]

# Years between false alarms.
YEARS = 10
SIDES = {"both": ("up", "down"), "up": ("up",), "down": ("down",)}


@dataclass(frozen=True, eq=False)
class _Chart:
    """What the sums are made with: level, arms by side, how often they alarm by chance, and what is said of it."""

    mean: float
    first: int
    arms: dict[str, Arm]
    settings: dict[str, Setting]
    cautions: tuple[str, ...] = ()


def cusum(
    series: Any, *, mean: float | None = None, shift: float | None = None, k: float | None = None, h: float | None = None, arl0: float | None = None,
    center: float | None = None, sd: float | None = None, dispersion: float | None = None, side: str = "both", restart: bool = False,
    baseline: Any = None, freq: str | None = None, period: Any = None,
) -> CusumResult:  # fmt: skip
    """Add up what lies above (and below) what is usual, and say when the sum is more than chance, and since when.

    Answers "has the level shifted, and when did it begin?". Null: every period has the mean told, or that of the baseline. The limit is set so that
    false alarms are `arl0` periods apart on average. Use `change_points` to look back over a whole series, `farrington` where there is a season.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, a series, or numbers in order of time; they need not be counts where `center` is given.
    mean : float, optional
        Usual mean of counts. If not given, that of the baseline.
    shift : float, optional
        The rise to be found fast, as a ratio: 1.5 is half as many again; a fall is its inverse. If not given, one standard deviation up.
    k, h : float, optional
        Reference value and limit. Of counts: in events, `k` between the usual and the shifted mean. With `center`: in standard deviations if `sd` is given,
        otherwise in units of the numbers. If `h` is not given, it is set from `arl0`.
    arl0 : float, optional
        Wished average number of periods between false alarms, both sides together. If not given, 10 years (bare numbers are taken as weeks: 520).
    center, sd : float, optional
        Usual mean and standard deviation of numbers that are no counts (normal).
    dispersion : float, optional
        Variance over mean of counts where nothing changes. If not given, measured on the baseline (at least 1), and 1 where `mean` is told.
    side : {"both", "up", "down"}
        Which shifts are looked for.
    restart : bool
        Whether a sum starts at zero again after an alarm. By default it goes on, and shows whether the shift lasts.
    baseline : int or pair of dates, optional
        Periods that show what is usual: the first so many, or ``("2022-01-01", "2022-12-31")``. If not given, the first year (bare numbers 52, months 24), but at
        most half of the series. Periods after it are judged.
    freq : str, optional
        Length of a period, for events; weeks if not given.
    period : pair of dates, optional
        First and last day.

    Returns
    -------
    CusumResult
        ``table``: one row per period judged: ``period``, ``n``, ``expected`` (usual mean), ``up``, ``down`` (the sums; only those looked for), ``up_limit``,
        ``down_limit``, ``alarm`` (a sum at its limit or above), ``direction`` ("up", "down" or ""), ``onset`` (of an alarm: the period in which
        the shift is estimated to have begun; otherwise missing). ``history``: the whole series. ``run``: average periods between false alarms.

    Raises
    ------
    InputError
        If an argument is not what it must be, or the numbers are no counts and `center` is not given.
    NotEnoughDataError
        If the baseline has fewer than 8 periods or no event.

    Notes
    -----
    Counts: ``up(t) = max(0, up(t-1) + x(t) - k)``, ``k = (m1 - m0) / (ln m1 - ln m0)``, rounded to a fraction so that the run length is exact: a Markov
    chain over all values that the sum can take, for Poisson or (dispersion above 1) negative binomial counts. Beyond a standard
    deviation of 30 events the values are put into cells. Other numbers: ``up(t) = max(0, up(t-1) + x(t) - center - k)``.

    A sum **at** its limit is an alarm, as in Lucas (1985) and R's surveillance: sums of counts do meet the limit; of other numbers none ever does,
    so that textbooks' "above" comes to the same. In a gap the sums hold. Where the mean comes from a baseline, the rate of
    false alarms is averaged over the means that it leaves possible: a short baseline gives a higher limit. Onset: the period after the sum was last
    zero. Run lengths of both sides: ``1 / run = 1 / up + 1 / down``.

    References
    ----------
    Page (1954), Biometrika 41(1/2), 100-115. doi:10.1093/biomet/41.1-2.100
    Brook & Evans (1972), Biometrika 59(3), 539-549. doi:10.1093/biomet/59.3.539
    Lucas (1985), Technometrics 27(2), 129-144. doi:10.1080/00401706.1985.10488030

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.cusum([4, 6, 5, 3, 6, 5, 4, 8, 9, 7, 10, 8, 9], mean=5, shift=1.5, side="up")
    >>> found.table.loc[found.table["alarm"], ["period", "up", "onset"]].round(2).to_dict("records")[0]
    {'period': 12, 'up': 11.0, 'onset': 8}
    """
    side = check_choice(side, tuple(SIDES), name="side")
    shift, k, h, arl0, sd, dispersion = (
        None if value is None else check_positive(value, name=name)
        for name, value in {"shift": shift, "k": k, "h": h, "arl0": arl0, "sd": sd, "dispersion": dispersion}.items()
    )
    _check_together(mean, shift, center, sd, dispersion, baseline)
    chosen = counted(series, freq=freq, period=period)
    wished = arl0 or YEARS * (chosen.per_year if chosen.dated else WEEKS)
    if wished < 2:
        raise InputError(f"`arl0` must be 2 {chosen.word}s or more. Got {wished:g}.")
    if center is not None:
        chart = _of_numbers(float(center), sd, k, h, wished, side)
    else:
        chart = _of_counts(chosen.check_counts(), mean, shift, k, h, dispersion, wished, side, baseline)
    rates = sum(1 / arm.run for arm in chart.arms.values())
    run = 1 / rates if rates != 0 else float("inf")
    cautions = chart.cautions
    if chosen.word == "day":
        cautions += ("Days of the week are not told apart: a weekend that is always busy feeds the sum.",)
    return CusumResult.of(
        chosen, table=_table(chosen, chart, bool(restart)), history=history_of(chosen), run=run, side=side, restart=bool(restart), partial=chosen.partial,
        settings={
            **chart.settings,
            "side": Setting(side, "sara" if side == "both" else "you"),
            "arl0": Setting(float(wished), "sara" if arl0 is None else "you", "not used: `h` was given" if h is not None else "10 years" if arl0 is None else ""),
            "restart": Setting(bool(restart), "you" if restart else "sara"),
        },
        cautions=cautions,
    )  # fmt: skip


def _check_together(
    mean: Any, shift: float | None, center: Any, sd: float | None, dispersion: float | None, baseline: Any
) -> None:
    if shift is not None and shift <= 1:
        raise InputError(
            f"`shift` must be above 1: a ratio. Got {shift:g}. For a third more: shift=1.33; for falls: side='down' with the same shift"
        )
    if center is None:
        if sd is not None:
            raise InputError("`sd` must come with `center`. For counts that vary more than chance: dispersion=variance / mean")
        if mean is not None:
            check_positive(mean, name="mean")
            if baseline is not None and dispersion is not None:
                raise InputError("`baseline` must be left out where `mean` and `dispersion` are given.")
        return
    if isinstance(center, bool) or not isinstance(center, int | float | np.number) or not np.isfinite(center):
        raise InputError(f"`center` must be a number: the usual mean. Got {center!r}.")
    wrong = {"mean": mean, "shift": shift, "dispersion": dispersion, "baseline": baseline}
    given = [name for name, value in wrong.items() if value is not None]
    if given:
        raise InputError(
            f"`{given[0]}` must be left out where `center` is given: it is of counts. For counts write mean= in place of center="
        )


def _of_numbers(center: float, sd: float | None, k: float | None, h: float | None, wished: float, side: str) -> _Chart:
    if sd is None and (k is None or h is None):
        raise InputError(
            "`sd` must be given with `center`, or both `k` and `h` in units of the numbers. Write cusum(numbers, center=..., sd=...)"
        )
    unit = 1.0 if sd is None else sd
    half = 0.5 if k is None else k
    sides = SIDES[side]
    if h is not None:
        # Without a standard deviation nobody knows how often chance reaches the limit.
        run = float("nan") if sd is None else arm_run(half, h, 0.0, 1.0, counts=False)
        arm = Arm(half, h, run)
    else:
        arm = arm_for(len(sides) * wished, 0.0, 1.0, k=half, counts=False)
    settings = {
        "center": Setting(center, "you"),
        "sd": Setting("not given" if sd is None else sd, "sara" if sd is None else "you"),
        "k": Setting(half * unit, "sara" if k is None else "you", "half a standard deviation" if k is None else ""),
        "h": Setting(arm.h * unit, "sara" if h is None else "you", "from the run length" if h is None else ""),
    }
    # The arms hold distances from the center on either side.
    arms = {s: Arm(center + half * unit if s == "up" else center - half * unit, arm.h * unit, arm.run) for s in sides}
    return _Chart(center, 0, arms, settings)


def _of_counts(
    chosen: Counted, mean: float | None, shift: float | None, k: float | None, h: float | None, dispersion: float | None, wished: float, side: str,
    baseline: Any,
) -> _Chart:  # fmt: skip
    cautions: tuple[str, ...] = ()
    if mean is not None and baseline is None:
        level, first, se = float(mean), 0, 0.0
        told = Setting("none", "you", "what is usual was told")
        spread = 1.0 if dispersion is None else dispersion
        if dispersion is None:
            cautions = more_than_chance(chosen.n, level, chosen.word)
    else:
        found = level_of(chosen, baseline, method="cusum")
        level, first, told = found.mean if mean is None else float(mean), found.first, found.setting
        spread = found.dispersion if dispersion is None else dispersion
        se = float(np.sqrt(spread * level / found.size)) if mean is None else 0.0
    sd = float(np.sqrt(spread * level))
    ratio = shift or 1 + sd / level
    sides = SIDES[side]
    if k is not None and len(sides) > 1:
        raise InputError("`k` must come with one side: the reference value of a rise is not that of a fall. Write side='up'")
    if k is not None and not (k > level if side == "up" else k < level):
        where = "above" if side == "up" else "below"
        raise InputError(f"`k` must be {where} the usual mean of {level:g}: between it and the shifted mean. Got {k:g}.")
    arms = {}
    for one in sides:
        down = one == "down"
        if h is None:
            goal = level / ratio if down else level * ratio
            arms[one] = arm_for(len(sides) * wished, level, sd, shifted=None if k is not None else goal, k=k, down=down, se=se)
        else:
            value = reference(level, level / ratio if down else level * ratio) if k is None else k
            arms[one] = Arm(value, h, arm_run(value, h, level, sd, counts=True, down=down, se=se))
    said = " and ".join(f"{arm.k:.4g} ({one})" for one, arm in arms.items())
    limits = " and ".join(f"{arm.h:.4g} ({one})" for one, arm in arms.items())
    settings = {
        "mean": Setting(level, "sara" if mean is None else "you", "of the baseline" if mean is None else ""),
        "dispersion": Setting(spread, "sara" if dispersion is None else "you", "variance over mean" + (" of the baseline" if dispersion is None and first else "")),
        "shift": Setting(ratio if k is None else "none", "sara" if shift is None else "you", "one standard deviation up" if shift is None and k is None else ""),
        "k": Setting(said, "sara" if k is None else "you", "reference value"),
        "h": Setting(limits, "sara" if h is None else "you", "" if h is not None else "from the run length"),
        "baseline": told,
    }  # fmt: skip
    return _Chart(level, first, arms, settings, cautions)


def _table(chosen: Counted, chart: _Chart, restart: bool) -> pd.DataFrame:
    n = chosen.n[chart.first :]
    labels = chosen.labels.iloc[chart.first :].reset_index(drop=True)
    sums = {one: cusum_sums(n, arm.k, arm.h, down=one == "down", restart=restart) for one, arm in chart.arms.items()}
    table = pd.DataFrame({"period": labels, "n": n, "expected": np.full(len(n), chart.mean)})
    for one in sums:
        table[one] = sums[one].value
    for one in sums:
        table[f"{one}_limit"] = chart.arms[one].h
    table["alarm"] = np.any([found.alarm for found in sums.values()], axis=0)
    direction, onset = np.full(len(n), "", dtype=object), np.full(len(n), -1)
    # Where both sides alarm, the one whose sum is the larger part of its limit.
    share = {one: np.where(found.alarm, found.value / chart.arms[one].h, 0.0) for one, found in sums.items()}
    best = np.max(list(share.values()), axis=0)
    for one, found in sums.items():
        chosen_one = found.alarm & (share[one] == best) & (direction == "")
        direction[chosen_one] = one
        onset[chosen_one] = found.onset[chosen_one]
    table["direction"] = pd.Series(direction, dtype="str")
    began = labels.reindex(np.where(onset < 0, 0, onset)).reset_index(drop=True)
    missing: Any = pd.NaT if chosen.dated else pd.NA
    table["onset"] = (began if chosen.dated else began.astype("Int64")).mask(onset < 0, missing)
    return table
