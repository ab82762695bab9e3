"""The council's brief from a whole journey: what it says first, what it never says, and that it fits two pages."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError

NASTY = "<script>alert('x')</script> \u202e\"quoted\" =1+1"


def fixed() -> datetime:
    return datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def events():
    """A small town: five bad corners, one of which gets a response in the third year."""
    rng = np.random.default_rng(7)
    days = pd.date_range("2022-01-01", "2024-12-31", freq="D")
    rows = []
    for k in range(6):
        lon, lat = -88.90 + 0.012 * (k % 3), 40.90 + 0.012 * (k // 3)
        for day in days:
            rate = 0.9 if k else 0.9 - 0.45 * (day >= pd.Timestamp("2024-01-01"))
            for _ in range(rng.poisson(rate)):
                hour = int(rng.choice([22, 23, 1, 14]))
                where = (lon + rng.normal(0, 0.0004), lat + rng.normal(0, 0.0003))
                rows.append(
                    (
                        day + pd.Timedelta(hours=hour, minutes=int(rng.integers(60))),
                        f"{1423 + 100 * k + 2 * int(rng.integers(20))} N {30 + k}TH ST",
                        *where,
                    )
                )
    for _ in range(900):
        day = days[rng.integers(len(days))]
        rows.append(
            (
                day + pd.Timedelta(minutes=int(rng.integers(1440))),
                f"{int(rng.integers(100, 3999))} OAK AV",
                -88.93 + 0.08 * rng.random(),
                40.88 + 0.06 * rng.random(),
            )
        )
    table = pd.DataFrame(rows, columns=["when", "address", "lon", "lat"]).assign(
        what="DISTURBANCE", words="call me: 206-555-0147"
    )
    return sara.as_events(table, source="calls", time="when", type="what", place="address", lon="lon", lat="lat", text="words")


@pytest.fixture(scope="module")
def parts(events):
    before = events[events["time"] < "2024-01-01"]
    spots = sara.hotspots.clusters(before)
    design = sara.respond.comparison(before, treated=spots.areas.head(1), start="2024-01-01", n=3, buffer="100m")
    return {
        "before": before,
        "spots": spots,
        "design": design,
        "board": sara.scan.problems(before),
        "clock": sara.trends.clock(before),
    }


def journey(parts, *, placebo=False, title="Fights"):
    category = parts["before"]["category"].iloc[0]
    design = parts["design"].as_placebo() if placebo else parts["design"]
    plan = sara.respond.Plan(goal=f"fewer fights {NASTY}", design=design, outcome=f"category == '{category}'")
    plan.add_action(f"Close early {NASTY}", partner=f"Board {NASTY}", start="2024-01-01", dose="at 1423 N 30th St")
    problem = sara.Problem(title, now=fixed)
    problem.scan.add(sara.audit(parts["before"]), parts["board"], note=NASTY)
    problem.scan.conclude(f"It comes back {NASTY}", also_from=[NASTY])
    problem.analyze.add(
        parts["spots"], parts["clock"], sara.analyze.repeats(parts["before"]), sara.trends.series(parts["before"])
    )
    problem.analyze.conclude("The corner at 1423 N 30th St has one lamp.")
    problem.respond.add(plan, sara.respond.power(parts["before"], plan))
    return problem, plan


@pytest.fixture(scope="module")
def assessed(parts, events):
    problem, plan = journey(parts, title=f"Fights at 1423 N 30th St {NASTY}")
    plan.lock(as_of="2023-12-31")
    problem.assess.add(sara.assess.evaluate(events, plan))
    problem.assess.conclude("Keep the early closing.")
    return problem


@pytest.fixture(scope="module")
def page(assessed, tmp_path_factory):
    return assessed.brief(tmp_path_factory.mktemp("brief") / "brief.html").path.read_text(encoding="utf-8")


def text_of(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>|base64,[^\"]+", "", page, flags=re.DOTALL))


def test_the_finding_comes_first_and_is_the_effects_own(page, assessed):
    import html

    effect = assessed.assess.of_kind("EffectResult")[0]
    text = html.unescape(text_of(page))
    assert effect.text in text
    headings = re.findall(r"<h[12][^>]*>(.*?)</h[12]>", page)
    assert headings[1] == "The finding"
    assert headings[-1].startswith("Annex")
    assert "Did it work?" in headings


def test_no_house_no_text_no_caller_is_on_the_page(page):
    text = text_of(page)
    assert "1423 N" not in text
    assert not re.search(r"\b1[4-9]\d[1-9] N 3\dTH\b", text)
    assert "206-555" not in text
    assert "1400 block of N 30TH ST" in text


def test_what_strangers_wrote_is_escaped(page):
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


def test_notes_are_not_printed_but_counted(page):
    assert "notes and texts" in text_of(page)


def test_every_setting_caution_and_outcome_is_in_the_annex(page, assessed):
    import html

    text = html.unescape(text_of(page[page.index('class="annex"') :]))
    for _, stage in assessed.stages.items():
        for item in stage:
            assert all(f"{name} = " in text for name in item.settings)
            assert all(caution in text for caution in item.cautions)
    effect = assessed.assess.of_kind("EffectResult")[0]
    assert all(str(measure) in text for measure in effect.table["measure"])
    assert all(check.name in text for check in effect.checks)


def test_a_loaded_record_gives_the_same_brief(assessed, page, tmp_path):
    loaded = sara.Problem.load(assessed.save(tmp_path / "record"))
    assert loaded.brief(tmp_path / "again.html").path.read_text(encoding="utf-8") == page


def test_without_an_assessment_the_brief_ends_with_plan_and_power(parts, tmp_path):
    problem, _ = journey(parts)
    text = text_of(problem.brief(tmp_path / "plan.html").path.read_text(encoding="utf-8"))
    assert "Nothing has been assessed yet" in text
    assert "Could we see it work?" in text
    assert "Did it work?" not in text
    assert "not locked yet" in text


def test_a_plan_fixed_afterwards_says_so(parts, events, tmp_path):
    problem, plan = journey(parts)
    plan.lock(as_of="2024-06-01")
    problem.assess.add(sara.assess.evaluate(events, plan))
    text = text_of(problem.brief(tmp_path / "late.html").path.read_text(encoding="utf-8"))
    assert text.count("fixed afterwards") >= 2


def test_a_placebo_says_so_in_title_and_finding(parts, events, tmp_path):
    problem, plan = journey(parts, placebo=True)
    plan.lock(as_of="2023-12-31")
    problem.assess.add(sara.assess.evaluate(events, plan), placebo=True)
    page = problem.brief(tmp_path / "placebo.html").path.read_text(encoding="utf-8")
    assert re.search(r"<h1[^>]*>Placebo test: ", page)
    assert re.search(r'class="finding placebo".*?<p[^>]*>Placebo test', page, re.DOTALL)
    assert "What was done" not in page


def test_only_an_assessment_is_enough_for_a_brief(tmp_path):
    problem = sara.Problem("Eight numbers", now=fixed)
    problem.assess.add(sara.assess.wdd((80, 52), (75, 71)))
    assert "Eight numbers" in problem.brief(tmp_path / "b.html").path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"audience": "press"}, "`audience` must be one of 'council'"), ({"language": "es"}, "`language` must be one of 'en'")],
)
def test_what_is_not_there_yet_is_refused(assessed, tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        assessed.brief(tmp_path / "b.html", **options)


def test_an_empty_problem_says_what_is_missing(tmp_path):
    problem = sara.Problem("Nothing", now=fixed)
    page = problem.brief(tmp_path / "b.html").path.read_text(encoding="utf-8")
    assert "No result has been added to this problem yet" in page
    assert all(html.escape(question, quote=False) in html.unescape(page) for question in problem.check().missing["question"])
    problem.analyze.conclude("Three bars close together.", also_from="site visit")
    page = problem.brief(tmp_path / "b.html").path.read_text(encoding="utf-8")
    assert page.index("Three bars close together.") < page.index("What is missing")


@pytest.mark.parametrize("wrong", [None, 3, ""])
def test_a_path_that_is_none_is_refused_in_words(assessed, wrong):
    for call in (assessed.brief, assessed.save, sara.Problem.load):
        with pytest.raises(InputError, match="must be a path"):
            call(wrong)


def test_calls_for_help_put_no_place_on_the_map_even_without_a_plan(events, tmp_path):
    home = events.iloc[:400].assign(category="domestic")
    home.attrs = dict(events.attrs)
    problem = sara.Problem("Calls from homes", now=fixed)
    spots = sara.hotspots.clusters(home)
    problem.analyze.add(spots)
    assert len(spots.areas), "there is a place to hide"
    page = problem.brief(tmp_path / "b.html").path.read_text(encoding="utf-8")
    assert "<img" not in page
    assert "The busiest places" not in page
    problem.save(tmp_path / "record")
    again = sara.Problem.load(tmp_path / "record").brief(tmp_path / "c.html").path.read_text(encoding="utf-8")
    assert again == page, "a loaded record keeps it in"


def test_a_wrong_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.html"):
        sara.Problem("Nothing").brief(tmp_path / "b.pdf")


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_the_front_fits_two_printed_pages(page, tmp_path, size):
    if not (shutil.which("chromium") and shutil.which("pdftotext")):
        pytest.skip("chromium and pdftotext are not there: the printed length is not checked")
    (tmp_path / "b.html").write_text(page.replace("@page {", f"@page {{ size: {size};"), encoding="utf-8")
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    subprocess.run(
        [
            "chromium",
            *quiet,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={tmp_path / 'b.pdf'}",
            (tmp_path / "b.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    pages = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "b.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout.split("\f")
    first = next(i for i, text in enumerate(pages) if "Annex: how this was found" in text)
    assert first <= 2
    assert pages[first].lstrip().splitlines()[-1]


def test_long_conclusions_are_cut_in_front_and_whole_in_the_annex(tmp_path):
    problem = sara.Problem("Long", now=fixed)
    problem.assess.add(sara.assess.wdd((80, 52), (75, 71)))
    sentence = "Three bars close within the same quarter of an hour and no bus runs. "
    problem.assess.conclude(sentence * 12 + "The very end.")
    page = problem.brief(tmp_path / "b.html").path.read_text(encoding="utf-8")
    front, annex = page.split("Annex: how this was found")
    assert "(In full in the annex.)" in front
    assert "The very end." not in front
    assert "The very end." in annex
    from sara.brief._front import shortened

    assert shortened("word " * 100, 52) == "word " * 9 + "word \u2026 (In full in the annex.)"


def frames(page: str) -> list[str]:
    import html

    return [html.unescape(found) for found in re.findall(r'<iframe [^>]*srcdoc="([^"]*)"', page)]


def test_the_map_to_move_lies_in_a_frame_that_reaches_nothing(page):
    from sara.plot.interactive import script_hashes

    (inner,) = frames(page)
    assert 'sandbox="allow-scripts"' in page and "allow-same-origin" not in page
    policies = re.findall(r'Content-Security-Policy" content="([^"]*)"', page) + re.findall(
        r'Content-Security-Policy" content="([^"]*)"', inner
    )
    assert len(policies) == 2
    assert all(p.startswith("default-src 'none'") and f"script-src {' '.join(script_hashes())}" in p for p in policies)
    assert "<script" not in page
    assert len(page.encode()) < 2e6


def test_the_map_to_move_says_no_more_than_the_brief(page, parts):
    import json

    (inner,) = frames(page)
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', inner, flags=re.DOTALL)[1])
    told = json.dumps([layer.get("rows") for layer in data["layers"]])
    assert "1423 N" not in told and not re.search(r"\b1[4-9]\d[1-9] N 3\dTH\b", told)
    areas = parts["spots"].areas
    spots = next(layer for layer in data["layers"] if layer["name"] == "hot spots")
    assert len(spots["rows"]) == int((areas["n"] >= 10).sum())
    assert all(row[1] >= 10 for row in spots["rows"])


def test_outlines_of_the_map_to_move_are_squares_of_a_fixed_grid(parts):
    from sara.brief._map import BLOCK, in_squares, public_shapes

    areas = public_shapes(parts["spots"].areas)
    squares = in_squares(areas.geometry)
    corners = squares.get_coordinates().to_numpy()
    assert abs(corners / BLOCK - (corners / BLOCK).round()).max() < 1e-9
    assert squares.covers(areas.geometry.buffer(-0.01)).all()


def test_a_brief_without_the_map_to_move_holds_no_frame(assessed, tmp_path):
    page = assessed.brief(tmp_path / "plain.html", interactive=False).path.read_text(encoding="utf-8")
    assert "<iframe" not in page and "script-src" not in page
