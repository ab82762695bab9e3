"""A study file says what it may say, and reaches no further than it may."""

from __future__ import annotations

import pytest

from sara._study import read_study
from sara.core.errors import InputError

GOOD = """\
[study]
title = "Noise"
as_of = 2024-02-29
[data]
calls = "calls.csv"
[focus]
where = "category == 'noise'"
[respond]
start = "2024-03-01"
goal = "20 % fewer"
buffer = "1000ft"
[[respond.action]]
name = "Staggered closing"
partner = "Licensing board"
"""


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "calls.csv").write_text("x\n")

    def make(text=GOOD, **options):
        path = folder / "study.toml"
        path.write_text(text, encoding="utf-8")
        return read_study(path, **options)

    return make


def test_a_good_study_is_read(write):
    file = write()
    assert file.study.study.title == "Noise"
    assert file.study.study.as_of == "2024-02-29"
    assert file.study.respond.buffer == pytest.approx(304.8)
    assert file.study.respond.action[0].partner == "Licensing board"
    assert file.study.assess is None
    assert file.path("calls.csv", key="data.calls").name == "calls.csv"


@pytest.mark.parametrize("method", ["clusters", "gi_star", "hot_places"])
def test_places_can_be_chosen_by_three_methods(write, method):
    file = write(GOOD.replace("[respond]", f'[hotspots]\nmethod = "{method}"\n[respond]', 1))
    assert file.study.hotspots.method == method


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Noise"', 'titel = "Noise"', "`study.titel` is not a key of a study. Did you mean 'title'"),
        ("[focus]\nwhere", "[focus]\nwher", "Did you mean 'where'"),
        ("[focus]", "[focous]", "`focous` is not a key of a study. Did you mean 'focus'"),
        ('partner = "Licensing board"', 'partnr = "Licensing board"', "Did you mean 'partner'"),
        ('name = "Staggered closing"\n', "", "`respond.action.name` must be there"),
        ('title = "Noise"\n', "", "`study.title` must be there"),
        ("2024-02-29", '"soon"', "`study.as_of`: `date` must be a date"),
        ('buffer = "1000ft"', 'buffer = "1000"', "text without a unit"),
        ('goal = "20 % fewer"\n', "", "`respond.goal` must say"),
        ('calls = "calls.csv"', "", "Got neither"),
        ('calls = "calls.csv"', 'calls = "calls.csv"\nevents = "calls.csv"', "Got both"),
        ('title = "Noise"', "title = Noise", "must be TOML"),
    ],
)
def test_a_slip_is_one_clear_message(write, old, new, words):
    assert old in GOOD
    with pytest.raises(InputError) as error:
        write(GOOD.replace(old, new))
    assert words in str(error.value)


@pytest.mark.parametrize("path", ["\\\\\\\\server\\\\share\\\\calls.csv", "//server/share/calls.csv", "a\\u0000b.csv"])
def test_shares_and_broken_names_are_not_even_asked_for(write, path):
    study = write(GOOD.replace('"calls.csv"', f'"{path}"'))
    with pytest.raises(InputError, match="inside the study's folder"):
        study.path(study.study.data.calls, key="data.calls")


def test_a_link_inside_a_folder_does_not_lead_out(write, tmp_path):
    outside = tmp_path.parent / "elsewhere.csv"
    outside.write_text("id\n1\n", encoding="utf-8")
    file = write()
    (file.folder / "many").mkdir()
    try:
        (file.folder / "many" / "calls.csv").symlink_to(outside)
    except OSError:
        pytest.skip("no links on this system")
    with pytest.raises(InputError, match="leads out"):
        file.path("many", key="data.calls")


def test_assess_needs_a_response(write):
    with pytest.raises(InputError, match=r"\[assess\] must come with \[respond\]"):
        write('[study]\ntitle = "x"\n[data]\ncalls = "calls.csv"\n[assess]\nplacebo = true\n')


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "a/../../secret.csv"])
def test_paths_stay_in_the_folder(write, tmp_path, path):
    (tmp_path / "secret.csv").write_text("x")
    with pytest.raises(InputError, match=r"inside the study's folder.*--allow"):
        write().path(path, key="data.calls")


def test_a_link_does_not_lead_out(write, tmp_path):
    (tmp_path / "secret.csv").write_text("x")
    file = write()
    try:
        (file.folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(InputError, match="inside"):
        file.path("link.csv", key="data.calls")


def test_allow_opens_one_more_folder(write, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "areas.geojson").write_text("{}")
    file = write(allow=[data])
    assert file.path("areas.geojson", key="data.areas") == (data / "areas.geojson").resolve()
    assert file.path(str(data / "areas.geojson"), key="data.areas").is_file()
    with pytest.raises(InputError, match="inside"):
        file.path("../other.csv", key="data.areas")
    with pytest.raises(InputError, match="that is there"):
        file.path("nowhere.csv", key="data.areas")


@pytest.mark.parametrize(("after", "expected"), [("6MS", "6MS"), ("2025-03-01", "12MS"), ("2025-02-28", "11MS")])
def test_the_assessment_ends_after_months_or_on_a_day(write, after, expected):
    assert write(GOOD + f'[assess]\nafter = "{after}"\n').after == expected


def test_the_output_folder_stays_inside_unless_named_on_the_command_line(write, tmp_path):
    file = write(GOOD + '[out]\nfolder = "../elsewhere"\n')
    with pytest.raises(InputError, match="--out"):
        file.out(None)
    assert file.out(tmp_path) == tmp_path
