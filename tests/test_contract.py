"""What holds for every method, whoever wrote it.

Each public function of hotspots, trends, the stages, and `audit` has a recipe here: how an analyst would call it on Riverton. A function
without a recipe fails the first test, so that no method escapes the contract.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from numpydoc.docscrape import FunctionDoc

import sara
from sara.core.result import Counts, Result, Setting

MODULES = ("hotspots", "trends", "scan", "analyze", "respond", "assess")


@dataclass(frozen=True)
class World:
    """The tables that recipes draw on."""

    calls: gpd.GeoDataFrame
    complaints: gpd.GeoDataFrame
    strip: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    treated: gpd.GeoDataFrame
    plan: Any
    design: Any


# (function of the world) -> the call. `events` is what a shuffle or a new index is applied to.
RECIPES: dict[str, tuple[Callable[[World], Any] | None, Callable[[Any, World], Any]]] = {
    "audit": (lambda w: w.calls, lambda e, w: sara.audit(e, areas=w.areas)),
    "geocode": (lambda w: w.calls, lambda e, w: sara.geocode(e, streets=sara.datasets.load("riverton_streets"))),
    "call_types": (lambda w: w.calls, lambda e, w: sara.call_types(e)),
    "hotspots.accuracy": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.accuracy(
            sara.hotspots.count(w.strip, area=w.areas, period=("2023-03-01", "2024-02-29")),
            e,
            period=("2024-03-01", "2024-08-31"),
        ),
    ),
    "hotspots.count": (lambda w: w.strip, lambda e, w: sara.hotspots.count(e, area=w.areas)),
    "hotspots.rates": (lambda w: w.strip, lambda e, w: sara.hotspots.rates(e, w.areas, column="population", cell_size=250)),
    "hotspots.gi_star": (lambda w: w.strip, lambda e, w: sara.hotspots.gi_star(e, area=w.areas)),
    "hotspots.kde": (lambda w: w.strip, lambda e, w: sara.hotspots.kde(e, area=w.areas)),
    "hotspots.dual_kde": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.dual_kde(e, w.complaints, area=w.areas, n_sims=99),
    ),
    "hotspots.street": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.street(e, sara.datasets.load("riverton_streets"), area=w.areas),
    ),
    "hotspots.local_moran": (lambda w: w.strip, lambda e, w: sara.hotspots.local_moran(e, area=w.areas)),
    "hotspots.clusters": (lambda w: w.strip, lambda e, w: sara.hotspots.clusters(e, area=w.areas)),
    "hotspots.hot_places": (lambda w: w.strip, lambda e, w: sara.hotspots.hot_places(e, area=w.areas)),
    "hotspots.scan_statistic": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.scan_statistic(e, area=w.areas, max_radius=600, max_days=14, n_sims=19, confidence=0.9),
    ),
    "hotspots.emerging": (lambda w: w.strip, lambda e, w: sara.hotspots.emerging(e, area=w.areas)),
    "hotspots.near_repeat_zones": (
        lambda w: sara.dedupe(w.calls.query("category == 'burglary'")),
        lambda e, w: sara.hotspots.near_repeat_zones(e, area=w.areas, n_sims=39),
    ),
    "hotspots.persistence": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.persistence(e, area=w.areas, cell_size=400, as_of="2024-03-01", n_sims=99),
    ),
    "hotspots.change": (lambda w: w.strip, lambda e, w: sara.hotspots.change(e, areas=w.areas)),
    "hotspots.compare": (
        lambda w: w.strip,
        lambda e, w: sara.hotspots.compare(
            ["all counts", "last year"], e, area=w.areas, cell_size=400, start="2024-03-01", n_sims=199
        ),
    ),
    "trends.compare": (lambda w: w.calls, lambda e, w: sara.trends.compare(e, by="category")),
    "trends.monitor": (lambda w: w.calls, lambda e, w: sara.trends.monitor(e, areas=w.areas)),
    "trends.seasonal": (lambda w: w.strip, lambda e, w: sara.trends.seasonal(e)),
    "trends.event_days": (lambda w: w.calls, lambda e, w: sara.trends.event_days(e, "us-holidays")),
    "trends.aoristic": (
        lambda w: w.strip.assign(time_to=w.strip["time"] + pd.Timedelta(hours=5)),
        lambda e, w: sara.trends.aoristic(e),
    ),
    # Dates are given, so that bare numbers are refused.
    "trends.circular": (lambda w: w.strip, lambda e, w: sara.trends.circular(e, period=("2022-03-01", "2025-02-28"))),
    "trends.day_of_week_test": (lambda w: w.strip, lambda e, w: sara.trends.day_of_week_test(e)),
    "trends.series": (lambda w: w.strip, lambda e, w: sara.trends.series(e)),
    "trends.change_points": (lambda w: w.strip, lambda e, w: sara.trends.change_points(e)),
    "trends.trend_test": (lambda w: w.strip, lambda e, w: sara.trends.trend_test(e)),
    "trends.weekly_band": (lambda w: w.strip, lambda e, w: sara.trends.weekly_band(e)),
    "trends.scan_window": (lambda w: w.strip, lambda e, w: sara.trends.scan_window(e)),
    "trends.ears": (lambda w: w.strip, lambda e, w: sara.trends.ears(e)),
    "trends.ewma": (lambda w: w.strip, lambda e, w: sara.trends.ewma(e)),
    "trends.cusum": (lambda w: w.strip, lambda e, w: sara.trends.cusum(e)),
    "trends.farrington": (lambda w: w.calls, lambda e, w: sara.trends.farrington(e, years=2)),
    "trends.clock": (lambda w: w.strip, lambda e, w: sara.trends.clock(e)),
    "trends.decompose": (lambda w: w.strip, lambda e, w: sara.trends.decompose(e, freq="MS")),
    "trends.forecast": (
        lambda w: w.strip,
        lambda e, w: sara.trends.forecast(e, freq="MS", horizon=3, period=("2022-03-01", "2025-02-28")),
    ),
    "scan.problems": (lambda w: w.calls, lambda e, w: sara.scan.problems(e, w.complaints, areas=w.areas)),
    "scan.concentration": (lambda w: w.strip, lambda e, w: sara.scan.concentration(e)),
    "analyze.repeats": (lambda w: w.strip, lambda e, w: sara.analyze.repeats(e)),
    "respond.comparison": (lambda w: w.strip, lambda e, w: sara.respond.comparison(e, treated=w.treated, start="2024-03-01")),
    "respond.power": (lambda w: w.strip, lambda e, w: sara.respond.power(e, w.design)),
    "assess.evaluate": (lambda w: w.calls, lambda e, w: sara.assess.evaluate(e, w.plan)),
    "assess.two_counts": (None, lambda e, w: sara.assess.two_counts(80, 52)),
    "assess.wdd": (None, lambda e, w: sara.assess.wdd((80, 52), (75, 71))),
    "assess.rate_ratio": (None, lambda e, w: sara.assess.rate_ratio((80, 52), (75, 71))),
}


def public_functions() -> dict[str, Callable[..., Any]]:
    found = {"audit": sara.audit, "call_types": sara.call_types, "geocode": sara.geocode}
    for module in MODULES:
        package = getattr(sara, module)
        for name in package.__all__:
            member = getattr(package, name)
            if inspect.isfunction(member):
                found[f"{module}.{name}"] = member
    return found


@pytest.fixture(scope="module")
def world() -> World:
    calls = sara.datasets.load("riverton_calls")
    strip = calls.query("category == 'disorder'")
    areas = sara.datasets.load("riverton_areas")
    before = strip[strip["time"] < "2024-03-01"]
    treated = sara.hotspots.clusters(before, area=areas).areas.head(1)
    design = sara.respond.comparison(strip, treated=treated, start="2024-03-01")
    plan = sara.respond.Plan(goal="20 % fewer disorder calls by 2025-03-01", design=design, outcome="category == 'disorder'")
    plan.add_action("Staggered closing", partner="Licensing board", start="2024-03-01")
    plan.lock(as_of="2024-02-29")
    return World(calls, sara.datasets.load("riverton_complaints"), strip, areas, treated, plan, design)


@pytest.fixture(scope="module")
def answers(world) -> dict[str, Result]:
    return {}


def answer(name, world, answers) -> Result:
    if name not in answers:
        events, call = RECIPES[name]
        answers[name] = call(events(world) if events else None, world)
    return answers[name]


def test_every_method_is_held_to_the_contract():
    assert set(public_functions()) == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_options_are_keyword_only_and_typed(name):
    function = public_functions()[name]
    signature = inspect.signature(function)
    positional = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    assert len(positional) <= 2, "the events table, then at most one other table, design or plan"
    assert all(p.default is p.empty or p.name == "complaints" or name == "trends.scan_window" for p in positional)
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in signature.parameters.values())
    hints = typing.get_type_hints(function)
    assert set(hints) == {*signature.parameters, "return"}
    assert issubclass(hints["return"], (Result, pd.Series))


@pytest.mark.parametrize("name", RECIPES)
def test_the_docstring_is_complete(name):
    function = public_functions()[name]
    doc = FunctionDoc(function)
    assert doc["Summary"]
    assert [p.name for p in doc["Parameters"] for p in [p]], "parameters"
    documented = {part.strip() for p in doc["Parameters"] for part in p.name.split(",")}
    assert documented == set(inspect.signature(function).parameters)
    for section in ("Returns", "Raises", "Notes", "References", "Examples"):
        assert doc[section], f"{name} has no {section} section"
    assert any(line.lstrip().startswith(">>>") for line in doc["Examples"])


@pytest.mark.parametrize("name", RECIPES)
def test_the_answer_is_a_result_that_speaks(name, world, answers):
    result = answer(name, world, answers)
    assert isinstance(result, Result)
    assert result.text.strip()
    assert result.text.count(". ") <= 6, "one to three sentences, or a few more for an assessment"
    assert result.question.strip().endswith("?")
    assert result.alt_text.strip()
    assert isinstance(result.counts, Counts)
    assert all(isinstance(setting, Setting) for setting in result.settings.values())
    assert isinstance(result.cautions, tuple)
    assert set(result.private_columns) <= set(result.table.columns)
    assert set(result.count_columns) <= set(result.table.columns)
    assert "nan" not in result.text.lower().split()


@pytest.mark.parametrize("name", RECIPES)
def test_the_answer_draws_itself_and_leaves_the_style_alone(name, world, answers):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    result = answer(name, world, answers)
    ax = result.plot()
    assert ax.get_title(loc="left") or ax.get_title()
    ax.figure.canvas.draw()
    result.figure().canvas.draw()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", RECIPES)
def test_a_saved_answer_is_the_same_answer(name, world, answers):
    result = answer(name, world, answers)
    back = Result.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    assert type(back) is type(result)
    assert back.text == result.text
    assert back.counts == result.counts
    assert {k: str(v) for k, v in back.settings.items()} == {k: str(v) for k, v in result.settings.items()}
    same_table(back.table, result.table)
    assert back.plot().get_title(loc="left") == result.plot().get_title(loc="left")


@pytest.mark.parametrize("name", [name for name, (events, _) in RECIPES.items() if events])
def test_the_input_is_not_changed(name, world):
    events, call = RECIPES[name]
    given = events(world)
    kept = given.copy(deep=True)
    attrs = json.dumps(given.attrs, default=str)
    call(given, world)
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(kept))
    assert json.dumps(given.attrs, default=str) == attrs


@pytest.mark.parametrize("name", [name for name, (events, _) in RECIPES.items() if events])
def test_the_answer_does_not_depend_on_order_or_index(name, world, answers):
    events, call = RECIPES[name]
    first = answer(name, world, answers)
    shuffled = events(world).sample(frac=1, random_state=3)
    shuffled.index = [f"row {i}" for i in range(len(shuffled))]
    again = call(shuffled, world)
    assert again.text == first.text
    assert again.counts == first.counts
    same_table(again.table, first.table)


@pytest.mark.parametrize("name", [name for name, (events, _) in RECIPES.items() if events])
@pytest.mark.parametrize("mistake", ["empty", "not a table", "longitude and latitude"])
def test_a_mistake_is_answered_in_words(name, mistake, world):
    events, call = RECIPES[name]
    given = events(world)
    bad = {"empty": given.iloc[:0], "not a table": 12, "longitude and latitude": given.to_crs(4326)}[mistake]
    with pytest.raises(sara.InputError, match=r"must|has no rows") as caught:
        call(bad, world)
    assert caught.value.args[0].count("`") >= 2


def same_table(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert list(one.columns) == list(other.columns)
    for column in one.columns:
        a, b = one[column].reset_index(drop=True), other[column].reset_index(drop=True)
        if str(a.dtype) == "geometry":
            assert a.geom_equals_exact(gpd.GeoSeries(b), tolerance=1e-6).where(a.notna(), other=True).all(), column
        elif a.dtype.kind == "f":
            pd.testing.assert_series_equal(a, b, check_dtype=False, rtol=1e-9, check_names=False)
        else:
            assert a.astype(object).where(a.notna(), None).tolist() == b.astype(object).where(b.notna(), None).tolist(), column
