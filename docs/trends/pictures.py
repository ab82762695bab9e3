"""Draw the pictures of these pages from the synthetic city: ``python docs/trends/pictures.py [picture ...]``.

Each module in ``pictures/`` has one public function without arguments per picture, named as the file that it becomes; it returns a result, a
figure or an Axes.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sara.core.result import Result

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "img"
DPI = 110
# A picture is to be read on a page, not to be the page: colors are counted down until a file has at most this many bytes.
MOST_BYTES = 120_000


def pictures() -> dict[str, Callable[[], Any]]:
    """Return every picture by its name."""
    found: dict[str, Callable[[], Any]] = {}
    for path in sorted((HERE / "pictures").glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"trends_pictures_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        own = {
            name: thing
            for name, thing in vars(module).items()
            if callable(thing) and getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_")
        }
        chosen = getattr(module, "PICTURES", None)
        named = {draw.__name__: draw for draw in chosen} if chosen is not None else {n: f for n, f in own.items() if _bare(f)}
        found |= named
    return found


def _bare(draw: Callable[..., Any]) -> bool:
    code = getattr(draw, "__code__", None)
    return code is not None and code.co_argcount == code.co_kwonlyargcount == 0


def save(drawn: Any, path: Path) -> None:
    """Write a result, a figure or an Axes as a PNG of few colors and bytes."""
    from PIL import Image

    shown = drawn.plot() if isinstance(drawn, Result) else drawn
    figure = shown if hasattr(shown, "savefig") else shown.figure
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=DPI)
    picture = Image.open(held).convert("RGB")
    # All colors first: a scale of colors loses a step when they are counted down.
    for colors in (None, 256, 128, 64, 32):
        packed = io.BytesIO()
        kept = picture if colors is None else picture.quantize(colors, dither=Image.Dither.NONE)
        kept.save(packed, format="png", optimize=True)
        if packed.tell() <= MOST_BYTES:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())


def main(names: list[str]) -> None:
    """Draw the pictures named, or all."""
    drawable = pictures()
    unknown = sorted(set(names) - set(drawable))
    if unknown:
        sys.exit(f"No picture of that name: {', '.join(unknown)}. There are: {', '.join(sorted(drawable))}")
    for name, draw in drawable.items():
        if not names or name in names:
            save(draw(), IMAGES / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
