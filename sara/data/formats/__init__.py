"""Tables in any format, with the place of each row."""

from sara.data.formats._files import read_bytes, read_file, read_tables
from sara.data.formats._paths import find_files
from sara.data.formats._raw import RawFile, text_frame, typed_frame
from sara.data.formats._set import align, read_set, stack
from sara.data.formats._sql import read_query
from sara.data.formats._tables import as_table, from_frame
from sara.data.formats._zip import TABLES

__all__ = [
    "TABLES",
    "RawFile",
    "align",
    "as_table",
    "find_files",
    "from_frame",
    "read_bytes",
    "read_file",
    "read_query",
    "read_set",
    "read_tables",
    "stack",
    "text_frame",
    "typed_frame",
]
