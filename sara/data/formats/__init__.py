"""Files in any format, to tables with the place of each row."""

from sara.data.formats._archive import TABLES, read_file
from sara.data.formats._raw import RawFile

__all__ = ["TABLES", "RawFile", "read_file"]
