"""Could we see it: more months and places see smaller falls, and what would make a no a yes."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.errors import InputError
from sara.core.result import Result
from sara.core.stats.power import difference_se, smallest_detectable
from sara.respond import Plan, comparison, power

START = "2024-01-01"


@pytest.fixture(scope="module")
def design(events, treated):
    return comparison(events, treated=treated, start=START)


def test_it_is_the_closed_form_on_the_designs_own_counts(events, design):
    found = power(events, design)
    level, others = design.places("treated")["per_month"].iloc[0], design.places("comparison")["per_month"].to_numpy()
    se = difference_se(level, others, months=(24, 12), phi=max(1.0, design.dispersion), tau2=design.drift)
    assert found.smallest_change == pytest.approx(smallest_detectable(se))
    assert found.smallest_share == pytest.approx(found.smallest_change / level)


def test_nothing_after_the_start_matters(events, design):
    earlier = events[events["time"] < START]
    assert power(earlier, design).smallest_change == power(events, design).smallest_change


def test_more_months_and_places_see_less(events, design):
    table = power(events, design).table
    for _, rows in table.groupby("n_similar"):
        assert rows["smallest_change"].is_monotonic_decreasing
    year = table[table["months_after"] == 12].sort_values("n_similar")
    assert year["smallest_change"].is_monotonic_decreasing


def test_more_power_and_confidence_need_more(events, design):
    plain = power(events, design).smallest_change
    assert power(events, design, power=0.9).smallest_change > plain
    assert power(events, design, confidence=0.99).smallest_change > plain


def test_a_plan_brings_its_target(events, design):
    small = power(events, Plan(goal="2 % less", design=design, outcome="category == 'noise'", target=0.02))
    assert not small.enough and small.target_from == "plan"
    assert small.text.startswith("No") and ("would become a yes" in small.text or "Neither" in small.text)
    large = power(events, Plan(goal="half", design=design, outcome="category == 'noise'", target="50 %"))
    assert large.enough and large.needs == "" and large.text.startswith("Yes")
    assert power(events, design).target_from == "sara"


def test_what_it_needs_is_enough(make_events, treated):
    events = make_events(levels=np.full(30, 25.0))
    found = power(events, comparison(events, treated=treated, start=START, after="3MS"))
    assert not found.enough
    assert "months after instead of 3" in found.needs


def test_it_reads_back_speaks_and_draws(events, design):
    found = power(events, design)
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text
    assert again.plot().get_xlabel().startswith("months after")


def test_mistakes(events, design):
    with pytest.raises(InputError, match="`design` must be a Design or a Plan"):
        power(events, "design")
    with pytest.raises(InputError, match="`power` must be a share"):
        power(events, design, power=80)
    with pytest.raises(InputError, match="`events` must be those the design was made from"):
        power(events[events["x"] > 502_000], design)
