"""Throw bytes at the readers: an `InputError` or a table with every row accounted for, never anything else.

Run by hand: ``python tests/fuzz/fuzz_readers.py -max_total_time=600 corpus/``; what it finds is written to ``crash-*``. `test_fuzz.py` runs
it on the same few thousand files each time. The corpus begins with one small good file of each format, so that the fuzzer starts from what is nearly right.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sara.data"]):
    from sara.data import read_events
    from sara.data.recognize import recognize  # noqa: F401

from sara.core.errors import InputError, NotEnoughDataError

# The first byte says what the file is called: content is looked at first, but a name can mislead.
SUFFIXES = (".csv", ".gz", ".zip", ".xlsx", ".json", ".geojson", ".xml", ".parquet", ".gpkg", ".txt", ".ndjson", ".fgb")
FOLDER = Path(tempfile.mkdtemp(prefix="sara-fuzz-"))


def read_bytes(data: bytes) -> None:
    """Read one made-up file; anything but a clear refusal or a whole table is a finding."""
    if len(data) < 2:
        return
    path = FOLDER / f"input{SUFFIXES[data[0] % len(SUFFIXES)]}"
    path.write_bytes(data[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            events = read_events(path, source="fuzz")
        except (InputError, NotEnoughDataError):
            return
    record = events.attrs["sara"]
    assert record["rows_read"] == len(events) + record["rows_rejected"], "a row was lost"


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_bytes)
    atheris.Fuzz()
