"""The sentences of an assessment: numbers as people read them, verbs as far as the design allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sara.core.result import VERBS

if TYPE_CHECKING:
    from sara.assess._effect import EffectResult

__all__ = ["amount", "change", "finding", "percent", "subtitle"]

# On a base this small a percent misleads: 3 to 6 is "a rise of 100 %".
PERCENT_BASE = 20


def amount(value: float) -> str:
    """Return a number without sign, with as many digits as it deserves: 31, 4.2, 0.35."""
    size = abs(float(value))
    if not np.isfinite(size):
        return "an unknown number"
    if size < 0.005:
        return "0"
    text = f"{size:,.0f}" if size >= 9.95 else f"{size:.1f}" if size >= 0.95 else f"{size:.2f}"
    return text.removesuffix(".0")


def change(value: float, *, per: str = "") -> str:
    """Return "a fall of 31 a month", "a rise of 4" or "no change"."""
    if amount(value) == "0":
        return "no change"
    return f"a {'fall' if value < 0 else 'rise'} of {amount(value)}{per}"


def percent(confidence: float) -> str:
    """Return "95 %"."""
    return f"{confidence * 100:g} %"


def p_words(p: float) -> str:
    """Return "p = 0.03" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def finding(effect: EffectResult) -> str:
    """Return the text of a result by its method."""
    return {"evaluate": _evaluate, "wdd": _wdd, "rate_ratio": _rate_ratio, "two_counts": _two_counts}[effect.method](effect)


def subtitle(effect: EffectResult) -> str:
    """Return unit, period, n and level for the figure."""
    parts = [effect.facts.get("subtitle"), f"{percent(effect.confidence)} intervals", f"n = {effect.counts.rows_used:,}"]
    return " · ".join(str(part) for part in parts if part)


def _two_counts(effect: EffectResult) -> str:
    row = effect.table.iloc[0]
    before, after = row["before"], row["after"]
    moved = "fell" if effect.estimate < 1 else "rose" if effect.estimate > 1 else "stayed the same"
    rates = effect.facts["rates"]
    what = "The rate" if rates else "The count"
    numbers = (
        f": {amount(before)} before and {amount(after)} after over unequal exposure"
        if rates
        else f" from {amount(before)} to {amount(after)}"
    )
    first = f"{what} {moved}{numbers if moved != 'stayed the same' or rates else f' at {amount(before)}'}"
    ratio, low, high = _ratios(effect.estimate, effect.low, effect.high)
    first += f" (ratio {ratio}, {percent(effect.confidence)} interval {low} to {high}; {p_words(effect.p)})."
    could = (
        "Chance alone could explain a difference like this."
        if effect.p >= 1 - effect.confidence
        else "Chance alone would seldom give a difference like this."
    )
    return f"{first} {could} Nothing is compared with it, so it can't be said why."


def _wdd(effect: EffectResult) -> str:
    local = effect.row("local")
    unit = effect.facts["unit_words"]
    interval = _signed_interval(effect.low, effect.high, percent(effect.confidence))
    if "displacement" not in set(effect.table["measure"]):
        return (
            f"{_than_similar(effect.estimate, effect.facts['change'], unit)} ({interval}; {p_words(effect.p)}). {_could(effect)}"
        )
    ring = effect.row("displacement")
    return (
        f"{_than_similar(local['estimate'], effect.facts['change'], unit)} ({_signed_interval(local['low'], local['high'], percent(effect.confidence))}). "
        f"Around them there was {change(ring['estimate'], per=unit)} against its own comparison "
        f"({_signed_interval(ring['low'], ring['high'], percent(effect.confidence))}); "
        f"together {change(effect.estimate, per=unit)} ({interval}; {p_words(effect.p)}). {_could(effect)}"
    )


def _rate_ratio(effect: EffectResult) -> str:
    ratio, low, high = _ratios(effect.estimate, effect.low, effect.high)
    interval = f"{percent(effect.confidence)} interval {low} to {high}; {p_words(effect.p)}"
    if not np.isfinite(effect.estimate):
        return f"A count is zero, so no ratio of the changes can be formed ({interval}). {_could(effect)}"
    less = "less" if effect.estimate < 1 else "more"
    percent_known = effect.facts["base"] >= PERCENT_BASE
    share = (
        f"{amount(100 * (1 - effect.estimate))} % {less} than"
        if percent_known
        else f"{less} than"
        if effect.estimate != 1
        else "just what"
    )
    return (
        f"The count in the places that got the response came to {share} the change in similar places would suggest "
        f"(ratio {ratio}, {interval}). {_could(effect)}"
    )


def _evaluate(effect: EffectResult) -> str:
    facts = effect.facts
    what, per = facts["outcome_words"], " a month"
    level = percent(effect.confidence)
    clear = effect.low > 0 or effect.high < 0
    prefix = "Placebo test, no response happened here: " if facts.get("placebo") else ""
    where = "in the place chosen for the test " if facts.get("placebo") else ""
    if clear:
        low, high = sorted((abs(effect.low), abs(effect.high)))
        moved = beyond(effect.estimate, facts["change"]) % per
        first = f"{what} {where}{moved} than in similar places ({level} interval {amount(low)} to {amount(high)})."
    else:
        first = (
            f"No clear difference between {what[0].lower() + what[1:]} {where or 'in the place that got the response '}and in similar places: "
            f"the estimate is {change(effect.estimate, per=per)}, and anything from {change(effect.low, per=per)} to {change(effect.high, per=per)} "
            f"fits the data ({level} interval)."
        )
    if prefix:
        first = prefix + first[0].lower() + first[1:]
    return " ".join(
        part for part in (first, _expected(effect), _untouched(effect), _upswing(effect), _allowed(effect, clear)) if part
    )


def _expected(effect: EffectResult) -> str:
    row = effect.row("expected anyway")
    if not np.isfinite(row["estimate"]):
        return ""
    moved = change(row["estimate"], per=" a month")
    moved = moved[0].upper() + moved[1:]
    if effect.facts["shrunk"]:
        return f"{moved} was to be expected anyway (the worst places calm down, and untouched places changed too)."
    return f"{moved} was to be expected anyway, from how untouched places changed."


def _untouched(effect: EffectResult) -> str:
    n, total = effect.facts["fell_as_much"], effect.facts["pool_size"]
    if not total:
        return ""
    moved = "fell" if effect.facts["change"] <= 0 else "rose"
    return f"{n} of {total} untouched places {moved} at least as much."


def _upswing(effect: EffectResult) -> str:
    # An effect stored by an earlier version has no such row.
    rows = effect.table[effect.table["measure"] == "just before"]
    if rows.empty or not rows["low"].iloc[0] > 0:
        return ""
    months = effect.facts["months_just_before"]
    return (
        f"The {months} months before the start ran {amount(rows['estimate'].iloc[0])} a month above the place's own earlier level: measured from those "
        "alone, a fall of that size was to be expected anyway."
    )


def _allowed(effect: EffectResult, clear: bool) -> str:
    if effect.facts.get("placebo"):
        return (
            "The method saw something where nothing was done: do not trust it here."
            if clear
            else "Nothing was done and nothing clear was seen, as it should be."
        )
    if not clear:
        return ""
    what, verb = effect.facts["outcome_words"], effect.verb
    what = what[0].lower() + what[1:]
    fewer = "fewer" if effect.estimate < 0 else "more"
    # One reason is enough for a reader; the check itself has the rest.
    reason = effect.weakest.text.split("; ")[0].rstrip(".") if effect.weakest is not None else ""
    because = f", no more: {reason[0].lower()}{reason[1:]}" if reason else ""
    if effect.estimate > 0 and verb in VERBS[2:]:
        return f"This is not what a response that works would show{because}."
    said = {
        VERBS[0]: f"It may be said that the response was followed by {fewer} {what}",
        VERBS[1]: f"It may be said that the response is associated with {fewer} {what}",
        VERBS[2]: f"This is consistent with the response reducing {what}",
        VERBS[3]: f"The response reduced {what}",
    }[verb]
    return f"{said}{because}."


def beyond(value: float, treated_change: float) -> str:
    """Return "fell by 31 more": what the places did beyond similar places, told in the direction they themselves moved."""
    if value < 0:
        return f"fell by {amount(value)}%s more" if treated_change <= 0 else f"rose by {amount(value)}%s less"
    return f"rose by {amount(value)}%s more" if treated_change >= 0 else f"fell by {amount(value)}%s less"


def _than_similar(value: float, treated_change: float, unit: str) -> str:
    if amount(value) == "0":
        return "Counts in the places that got the response changed as in similar places"
    return f"Counts {beyond(value, treated_change) % unit} than in similar places"


def _signed_interval(low: float, high: float, level: str) -> str:
    if high < 0 or low > 0:
        near, far = sorted((abs(low), abs(high)))
        return f"{level} interval {amount(near)} to {amount(far)}"
    return f"{level} interval {change(low)} to {change(high)}"


def _could(effect: EffectResult) -> str:
    if effect.p >= 1 - effect.confidence:
        return "Chance alone could explain it."
    return "Chance alone would seldom give this, if the counts vary no more than was allowed for."


def _ratios(estimate: float, low: float, high: float) -> tuple[str, str, str]:
    """Return a ratio and its limits, with as many decimals as tell the limits apart."""

    def told_apart(d: int) -> bool:
        return round(low, d) < round(high, d) and all(round(v, d) != 1 or v == 1 for v in (low, high))

    digits = next((d for d in range(2, 7) if told_apart(d)), 2)
    top = "no upper limit" if np.isinf(high) else f"{high:.{digits}f}"
    middle = f"{estimate:.{digits}f}" if np.isfinite(estimate) else "not defined, with none before"
    return middle, f"{low:.{digits}f}", top
