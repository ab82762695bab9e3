"""The command line: one clear message where something is wrong, six sentences where it is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def sara(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sara", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "calls.csv"
    rows = "\n".join(f"{i},2024-03-{1 + i % 28:02d} 22:1{i % 10},NOISE,-88.9{i % 7},40.9{i % 5}" for i in range(60))
    path.write_text(f"id,received,nature,lon,lat\n{rows}\n99,not known,NOISE,-88.9,40.9\n", encoding="utf-8")
    return path


def test_help_lists_the_commands_and_is_quick():
    shown = sara("--help")
    assert shown.returncode == 0
    assert all(f"  {name} " in shown.stdout for name in ("run", "demo", "audit"))


def test_the_version_is_printed():
    from sara import __version__

    assert sara("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "nowhere.toml"), "InputError: `study` must be a study file. Got 'nowhere.toml'"),
        (("audit", "nowhere.csv"), "InputError: "),
    ],
)
def test_an_error_of_input_is_one_message_without_a_traceback(words, message, tmp_path):
    shown = sara(*words, cwd=tmp_path)
    assert shown.returncode == 2
    assert shown.stderr.startswith(message)
    assert len(shown.stderr.strip().splitlines()) == 1
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""


def test_a_folder_that_cannot_be_written_is_one_message(table, tmp_path):
    (tmp_path / "study.toml").write_text('[study]\ntitle = "x"\n[data]\ncalls = "calls.csv"\n', encoding="utf-8")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    shown = sara("run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "taken"))
    assert shown.returncode == 2
    assert "could not be read or written" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_audit_counts_the_rows_and_says_where_the_rejects_are(table, tmp_path):
    shown = sara("audit", str(table), SARA_CACHE=str(tmp_path / "cache"))
    assert shown.returncode == 0, shown.stderr
    assert "Of 61 rows read" in shown.stdout
    assert "Rejected rows, with their lines:" in shown.stdout
    assert shown.stderr == "", "nothing is drawn where nobody watches"


def test_a_study_reaches_its_brief(table, tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "Noise <b>at night</b>"\n[data]\ncalls = "calls.csv"\n', encoding="utf-8"
    )
    shown = sara("run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"))
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.strip().splitlines()) == 6
    brief = (tmp_path / "out" / "brief.html").read_text(encoding="utf-8")
    assert "Noise &lt;b&gt;at night" in brief
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["audit.xlsx", "brief.html", "record"], (
        "too few rows for a board"
    )


def test_a_study_does_not_reach_outside_its_folder(table, tmp_path):
    (tmp_path / "inner").mkdir()
    study = tmp_path / "inner" / "study.toml"
    study.write_text('[study]\ntitle = "x"\n[data]\ncalls = "../calls.csv"\n', encoding="utf-8")
    refused = sara("run", str(study), "--out", str(tmp_path / "out"))
    assert refused.returncode == 2
    assert "inside the study's folder" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert sara("run", str(study), "--allow", str(tmp_path), "--out", str(tmp_path / "out")).returncode == 0


def test_a_condition_is_parsed_and_never_run(table, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\ntitle = "x"\n[data]\ncalls = "calls.csv"\n[focus]\nwhere = "__import__(\'os\').system(\'touch pwned\')"\n',
        encoding="utf-8",
    )
    shown = sara("run", str(study), "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert shown.returncode == 2
    assert "must be a condition" in shown.stderr
    assert not (tmp_path / "pwned").exists()


def test_blas_is_single_threaded_before_numpy_is_loaded():
    clean = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    code = "import sara.cli, sys, os; print('numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=clean, check=True)
    assert shown.stdout.split() == ["False", "1", "1"]


@pytest.mark.timeout(300)
def test_the_demo_tells_six_sentences(tmp_path):
    shown = sara("demo", "--out", str(tmp_path / "out"))
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.strip().splitlines()
    assert len(lines) == 6
    words = ("set aside", "only a default address", "turned down", "quiet|fewer", "to be expected anyway", "The brief is in")
    assert all(re.search(word, line) for word, line in zip(words, lines, strict=True))
    assert "untouched places" in lines[4]
    assert "hundred blocks" in lines[5]


@pytest.mark.real
@pytest.mark.parametrize(
    ("study", "kicker"), [("seattle.toml", "· plan"), ("chicago-placebo.toml", "placebo test of the method")]
)
def test_real_cities_reach_a_brief(real_data, tmp_path, study, kicker):
    path = ROOT / "docs" / "studies" / study
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40
    shown = sara("run", str(path), "--allow", str(real_data), "--out", str(tmp_path / "out"))
    assert shown.returncode == 0, shown.stderr
    assert kicker in (tmp_path / "out" / "brief.html").read_text(encoding="utf-8")
