"""Shared by all tests: single-threaded BLAS, no display, the real-data folder."""

from __future__ import annotations

import os

# Before numpy is imported: with two threads a small fit can take a hundred times longer.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import tempfile
from pathlib import Path

import pytest

# Tests leave nothing in the user's own cache folder; workers of one run share theirs.
os.environ.setdefault("SARA_CACHE", tempfile.mkdtemp(prefix="sara-tests-"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real city files, or skip and say so."""
    folder = os.environ.get("SARA_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SARA_REAL_DATA does not name a folder: tests on real data are skipped")
    return Path(folder)
