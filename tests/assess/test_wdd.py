"""The weighted displacement difference: published values to the printed digit, and mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from sara.assess import EffectResult, wdd
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result

# Wheeler & Ratcliffe (2018), table 1: treated, comparison, displacement and its comparison, before and after.
PAPER = {"treated": (207, 110), "comparison": (308, 318), "displacement": (178, 157), "displacement_comparison": (150, 140)}


def test_the_paper_with_displacement():
    effect = wdd(**PAPER)
    local, ring, total = (effect.row(name) for name in ("local", "displacement", "total"))
    assert (local["estimate"], round(local["se"], 3)) == (-107, 30.708)
    assert (ring["estimate"], round(ring["se"], 1)) == (-11, 25.0)
    assert (total["estimate"], round(total["se"], 3), round(total["z"], 2)) == (-118, 39.598, -2.98)
    assert (round(effect.low), round(effect.high)) == (-196, -40)
    assert (effect.estimate, effect.se, effect.p) == (total["estimate"], total["se"], total["p"])
    assert local["estimate"] + ring["estimate"] == total["estimate"]


def test_area_weights_in_the_order_of_the_arguments():
    effect = wdd(**PAPER, area=(1.2, 0.9, 1.5, 1.6))
    local = effect.row("local")
    assert (round(local["estimate"], 3), round(local["se"], 3)) == (-91.944, 31.512)
    assert (round(effect.estimate, 5), round(effect.se, 5), round(effect.row("total")["z"], 6)) == (
        -99.69444,
        35.42808,
        -2.813995,
    )
    assert (round(effect.low, 3), round(effect.high, 3)) == (-169.132, -30.257)


def test_time_weights():
    effect = wdd((80, 20), (100, 50), time=(2, 1))
    assert (effect.estimate, round(effect.se, 4)) == (-20, 10.7238)
    twice = wdd((100, 20), (200, 100), time=(2, 1), confidence=0.9)
    assert (twice.estimate, round(twice.se, 1), round(twice.low, 1), round(twice.high, 1)) == (-30, 14.0, -53.0, -7.0)


@pytest.mark.filterwarnings("ignore")
def test_it_is_the_identity_link_poisson_model():
    table = pd.DataFrame({"n": [207, 110, 308, 318], "treated": [1, 1, 0, 0], "after": [0, 1, 0, 1]})
    design = sm.add_constant(table[["treated", "after"]].assign(both=table["treated"] * table["after"]))
    fit = sm.GLM(table["n"], design, family=sm.families.Poisson(sm.families.links.Identity())).fit()
    effect = wdd((207, 110), (308, 318))
    assert effect.estimate == pytest.approx(fit.params["both"])
    assert effect.se == pytest.approx(fit.bse["both"], rel=1e-5)
    assert round(effect.se, 4) == 30.7083


def test_kansas_city():
    effect = wdd((169, 86), (184, 192))
    assert (effect.estimate, round(effect.se, 4), round(effect.row("local")["z"], 4)) == (-91, 25.1197, -3.6227)


def test_properties():
    plain = wdd(**PAPER)
    assert wdd(**PAPER, time=(10, 10)).estimate == pytest.approx(plain.estimate / 10)
    assert wdd(**PAPER, dispersion=2.25).se == pytest.approx(1.5 * plain.se)
    assert wdd(**PAPER, dispersion=0.5).se == plain.se
    shifted = wdd((307, 210), (308, 318))
    assert shifted.estimate == wdd((207, 110), (308, 318)).estimate
    assert wdd((308, 318), (207, 110)).estimate == 107


def test_small_counts_are_exact_and_zeros_are_allowed():
    effect = wdd((8, 0), (9, 7))
    assert effect.settings["interval"].value == "e-test"
    assert effect.low < effect.estimate < effect.high
    assert effect.se == pytest.approx(np.sqrt(24))
    assert wdd((0, 0), (0, 3)).p > 0.05


@pytest.mark.parametrize(
    ("treated", "comparison", "words"),
    [
        ((80, 52), (75, 71), "fell by 24 more than in similar places"),
        ((52, 80), (75, 71), "rose by 32 more"),
        ((52, 60), (50, 80), "rose by 22 less"),
        ((80, 70), (80, 40), "fell by 30 less"),
    ],
)
def test_the_text_tells_the_direction_the_places_moved(treated, comparison, words):
    assert words in wdd(treated, comparison).text


def test_the_text_states_level_and_chance():
    text = wdd((80, 60), (75, 70), confidence=0.9).text
    assert "90 % interval" in text and "Chance alone could explain it" in text
    assert "reduced" not in text


def test_unlike_places_are_told():
    assert any("not similar" in caution for caution in wdd((100, 50), (10, 9)).cautions)
    assert not any("not similar" in caution for caution in wdd((100, 50), (90, 80)).cautions)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"treated": (1, 2, 3), "comparison": (1, 2)}, "`treated` must be a pair"),
        ({"treated": (-1, 2), "comparison": (1, 2)}, "`treated` must hold two counts"),
        ({"treated": (1, 2), "comparison": (np.nan, 2)}, "`comparison` must hold"),
        ({"treated": (1, 2), "comparison": (1, 2), "displacement_comparison": (1, 2)}, "`displacement` must be given"),
        ({"treated": (1, 2), "comparison": (1, 2), "time": (0, 1)}, "`time` must hold 2"),
        ({"treated": (1, 2), "comparison": (1, 2), "area": (1, 1)}, "`area` must hold 4"),
        ({"treated": (1, 2), "comparison": (1, 2), "dispersion": 0}, "`dispersion` must be a finite number"),
        ({"treated": (1, 2), "comparison": (1, 2), "confidence": 95}, "`confidence` must"),
    ],
)
def test_mistakes(arguments, words):
    with pytest.raises(InputError, match=words):
        wdd(**arguments)


def test_large_sums_with_one_small_count_are_quick_and_right():
    import time

    began = time.perf_counter()
    effect = wdd((8_000_000, 5), (7_000_000, 7_000_000))
    assert time.perf_counter() - began < 1
    assert effect.se == pytest.approx(np.sqrt(22_000_005)) and effect.high == pytest.approx(
        effect.estimate + 1.959964 * effect.se
    )


def test_what_was_divided_is_named():
    assert "per unit of time less" in wdd((80, 52), (75, 71), time=(2, 1)).text
    assert "per unit" not in wdd((80, 52), (75, 71)).text


def test_nothing_to_say():
    with pytest.raises(NotEnoughDataError, match="at least 1 event"):
        wdd((0, 0), (0, 0))


def test_it_reads_back_as_it_was():
    effect = wdd(**PAPER)
    again = Result.from_dict(effect.to_dict())
    assert isinstance(again, EffectResult)
    assert again.text == effect.text and again.to_dict() == effect.to_dict()


@pytest.mark.slow
@pytest.mark.parametrize(("ratio", "given", "level"), [(1, 1, (0.03, 0.06)), (2, 1, (0.13, 0.20)), (2, 2, (0.03, 0.06))])
def test_the_level_with_and_without_the_dispersion(ratio, given, level):
    rng = np.random.default_rng(1)
    draw = (lambda: rng.poisson(50, 4)) if ratio == 1 else (lambda: rng.negative_binomial(50, 0.5, 4))
    wrong = np.mean([wdd((c[0], c[1]), (c[2], c[3]), dispersion=given).p < 0.05 for c in (draw() for _ in range(3000))])
    assert level[0] <= wrong <= level[1]
