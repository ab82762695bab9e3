"""``python -m sara`` is the ``sara`` command."""

from __future__ import annotations

from sara.cli import main

if __name__ == "__main__":
    main()
