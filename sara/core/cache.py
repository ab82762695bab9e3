"""The user's own folder for what sara keeps between sessions."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Return a folder that can be written to: ``SARA_CACHE``, else the system's cache folder, else one that lasts as long as the session.

    Examples
    --------
    >>> from sara.core.cache import cache_folder
    >>> cache_folder().is_dir()
    True
    """
    own = os.environ.get("SARA_CACHE")
    if own:
        folder = Path(own)
    elif os.name == "nt":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sara"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sara"
    try:
        # For the user's eyes only: rejected rows hold what people wrote.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return _temporary()
    return folder if os.access(folder, os.W_OK) else _temporary()


@lru_cache(maxsize=1)
def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="sara-"))
