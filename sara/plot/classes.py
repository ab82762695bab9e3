"""Classes of numbers for a map: their lower ends, colours and words. The same breaks give the same colours in every map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.plot.style import DIVERGING, SEQUENTIAL

__all__ = [
    "MAX_CLASSES",
    "Asked",
    "Classes",
    "asked",
    "asking",
    "class_breaks",
    "class_colors",
    "class_labels",
    "classes",
    "diverging",
]

# More classes than this can't be told apart in a legend, nor in grey print.
MAX_CLASSES = 5
# Classes on either side of "no change".
MAX_EACH_WAY = 3
# Values that differ by less than this factor have classes of one width.
EVEN = 4.0
# Shares of the places that lie below a class, where classes go by rank.
RANKS = (0.5, 0.75, 0.9, 0.98)
# Lower ends of the classes of a ratio that people can say: a quarter more, half as much again, twice, four times.
RATIO_BREAKS = (1.25, 1.5, 2.0, 4.0)


@dataclass
class Asked:
    """What was asked of a map beyond its method, and which classes it then had.

    Parameters
    ----------
    breaks : tuple of float, optional
        Classes of another map.
    suppress : int, optional
        Counts from 1 up to, not including, this number are not shown.
    window : (minx, miny, maxx, maxy), optional
        The part of the map that is shown.
    extra : list
        Further entries of the legend.
    used : tuple of float, optional
        The classes that were drawn; None where the map has fixed ones, or none.
    """

    breaks: tuple[float, ...] | None = None
    suppress: int | None = None
    window: tuple[float, float, float, float] | None = None
    extra: list[tuple[Any, str]] = field(default_factory=list)
    used: tuple[float, ...] | None = None

    def _settle(self, found: Sequence[float]) -> list[float]:
        edges = list(found) if self.breaks is None else list(self.breaks)
        self.used = tuple(edges) if self.used is None else self.used
        return edges


_ASKED: ContextVar[Asked | None] = ContextVar("sara_map", default=None)


@contextmanager
def asked(
    *,
    breaks: Sequence[float] | None = None,
    suppress: int | None = None,
    window: tuple[float, float, float, float] | None = None,
) -> Iterator[Asked]:
    """Let every class drawn inside the block be of these breaks; what was drawn can be read from the result afterwards."""
    look = Asked(None if breaks is None else tuple(float(b) for b in breaks), suppress, window)
    token = _ASKED.set(look)
    try:
        yield look
    finally:
        _ASKED.reset(token)


def asking() -> Asked:
    """Return what is asked of the map that is being drawn."""
    return _ASKED.get() or Asked()


@dataclass(frozen=True)
class Classes:
    """Classes of a number, from low to high.

    Parameters
    ----------
    edges : tuple of float
        Lower end of each class; the first holds everything below the second too.
    colors : tuple
        One per class.
    labels : tuple of str
        One per class, in words.
    below : int
        Classes that mean "less": they are drawn with a fine hatch, so that a grey print tells less from more.
    breaks : tuple of float
        What another map needs to have the same classes.
    """

    edges: tuple[float, ...]
    colors: tuple[Any, ...]
    labels: tuple[str, ...]
    below: int = 0
    breaks: tuple[float, ...] = ()

    def group(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the class of each value; -1 where there is none."""
        numbers = np.asarray(values, dtype=float)
        found = np.clip(np.searchsorted(self.edges, numbers, side="right") - 1, 0, len(self.edges) - 1)
        return np.where(np.isfinite(numbers), found, -1).astype(np.int64)

    def of(self, values: npt.ArrayLike) -> list[Any]:
        """Return the colour of each value; None where it has no class."""
        return [None if g < 0 else self.colors[g] for g in self.group(values)]

    def entries(self) -> list[tuple[Any, str]]:
        """Return colour and words of each class, as `maps.key` takes them."""
        looks = [
            {"facecolor": color, "hatch": LESS, "hatchcolor": "white"} if k < self.below else color
            for k, color in enumerate(self.colors)
        ]
        return list(zip(looks, self.labels, strict=True))


# The hatch of a class that means "less".
LESS = r"\\\\\\"


def classes(values: npt.ArrayLike, *, breaks: Sequence[float] | None = None) -> Classes:
    """Return at most five classes of the values above zero; with `breaks` those of another map.

    Examples
    --------
    >>> classes([1, 1, 3, 8, 40, 90]).labels
    ('1 to 4', '5 to 19', '20 to 49', '50 to 90')
    >>> classes([2, 7], breaks=[1, 5, 20]).labels
    ('1 to 4', '5 to 19', '20 and more')
    """
    numbers = np.asarray(values, dtype=float)
    edges = class_breaks(numbers) if breaks is None else asking()._settle([float(b) for b in breaks])
    labels = class_labels(edges, numbers, shared=breaks is not None)
    return Classes(tuple(edges), tuple(class_colors(len(edges))), tuple(labels), 0, tuple(edges))


def diverging(values: npt.ArrayLike, *, centre: float = 0.0, breaks: Sequence[float] | None = None) -> Classes:
    """Return classes on both sides of `centre`, mirrored, so that as much more and as much less look equally strong.

    Parameters
    ----------
    values : array
        Differences (`centre` = 0) or ratios (`centre` = 1: half as many mirrors twice as many).
    breaks : sequence of float, optional
        Lower ends of the classes above `centre`, ascending; chosen from the values (differences) or 1.25, 1.5, 2, 4 if not given.

    Examples
    --------
    >>> diverging([-12, -1, 0, 3, 40], breaks=[1, 10]).labels
    ('-10 or less', '-10 to -1', 'about the same', '1 to 10', '10 and more')
    >>> diverging([0.4, 1.0, 2.5], centre=1, breaks=[1.5]).labels
    ('0.667 times or less', 'about the same', '1.5 times and more')
    """
    numbers = np.asarray(values, dtype=float)
    ratio = centre == 1.0
    up = [float(b) for b in breaks] if breaks is not None else _each_way(numbers, ratio=ratio)
    up = asking()._settle(up)
    if not up:
        up = [RATIO_BREAKS[0]] if ratio else [1.0]
    down = [1 / b if ratio else -b for b in reversed(up)]
    # Half-open classes: a fall of exactly ten belongs to "-10 or less", as a rise of ten does to "10 and more".
    edges = (-math.inf, *(float(np.nextafter(d, math.inf)) for d in down), *up)
    word = " times" if ratio else ""
    labels = (
        f"{_say(down[0])}{word} or less",
        *(f"{_say(a)} to {_say(b)}{word}" for a, b in pairwise(down)),
        "about the same",
        *(f"{_say(a)} to {_say(b)}{word}" for a, b in pairwise(up)),
        f"{_say(up[-1])}{word} and more",
    )
    from matplotlib import colormaps

    half = np.linspace(0.0, 0.36, len(up)) if len(up) > 1 else np.array([0.12])
    tones = (*half, 0.5, *(1 - half[::-1]))
    return Classes(edges, tuple(colormaps[DIVERGING](t) for t in tones), labels, len(up), tuple(up))


def class_breaks(values: npt.ArrayLike, *, classes: int = MAX_CLASSES) -> list[float]:
    """Return the lower ends of at most five classes of the values above zero, in steps that people read: 1, 2, 5, 10, 20 ...

    Counts are skewed: equal steps would put all cells but one into the first class. Steps grow, so that each class holds some cells.

    Examples
    --------
    >>> class_breaks([0, 1, 1, 3, 8, 40, 90])
    [1.0, 5.0, 20.0, 50.0]
    """
    return asking()._settle(_breaks(np.asarray(values, dtype=float), classes))


def _breaks(values: npt.NDArray[np.float64], classes: int) -> list[float]:
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) == 0:
        return []
    low, high = float(positive.min()), float(positive.max())
    if high <= low:
        return [low]
    whole = bool(np.all(positive == np.round(positive)))
    if high < EVEN * low:
        step = max(nice((high - low) / classes), 1.0 if whole else 0.0)
        found = [round(k * step, 12) for k in range(math.floor(low / step + 0.5) + 1, math.ceil(high / step) + 1)]
        return [low, *(v for v in found if low < v <= high)][:classes]
    # Between steps by size and steps by rank: by size alone one address with thousands leaves the whole city in one class.
    by_size = np.geomspace(max(low, high / 5_000), high, classes + 1)[1:-1]
    by_rank = np.quantile(positive, RANKS[-(classes - 1) :])
    found = sorted({nice(v) for v in np.sqrt(by_size * by_rank)})
    first = min(low, 1.0) if whole and low < 2 else low
    edges = [first, *(v for v in found if first < v <= high)][:classes]
    held = np.histogram(positive, [*edges, np.inf])[0]
    return [edge for edge, n in zip(edges, held, strict=True) if n or edge == first]


def class_labels(breaks: Sequence[float], values: npt.ArrayLike, *, shared: bool = False) -> list[str]:
    """Return "1", "2 to 4", "5 to 90": whole numbers where the values are.

    Classes that are `shared` with another map end with "50 and more", since that one may reach further.
    """
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    whole = bool(np.all(numbers == np.round(numbers)))
    lows = list(breaks)
    below = numbers[numbers > 0]
    shared = shared or asking().breaks is not None
    if shared and lows and len(below):
        lows[0] = min(lows[0], float(below.min()))
    labels = []
    for low, high in zip(lows, [*breaks[1:], None], strict=True):
        if high is None:
            top = float(numbers.max()) if len(numbers) else -math.inf
            labels.append(
                f"{_say(low)} and more" if shared or top < low else f"{low:,.3g}" if top == low else f"{_say(low)} to {_say(top)}"
            )
        elif whole:
            labels.append(_say(low) if high - low <= 1 else f"{_say(low)} to {_say(high - 1)}")
        else:
            labels.append(f"{_say(low)} to under {_say(high)}")
    return labels


def class_colors(n: int) -> list[Any]:
    """Return `n` colours from light to dark; their order survives a grey print."""
    from matplotlib import colormaps

    return [colormaps[SEQUENTIAL](v) for v in np.linspace(0.12, 1.0, n)] if n > 1 else [colormaps[SEQUENTIAL](0.75)] * n


def nice(value: float, *, down: bool = False) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten, or the next below."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = [s * power for s in (1, 2, 5, 10)]
    return max(s for s in steps if s <= value * (1 + 1e-9)) if down else min(steps, key=lambda s: abs(math.log(s / value)))


def _each_way(numbers: npt.NDArray[np.float64], *, ratio: bool) -> list[float]:
    held = numbers[np.isfinite(numbers)]
    if not ratio:
        return _breaks(np.abs(held), MAX_EACH_WAY)[:MAX_EACH_WAY]
    size = np.exp(np.abs(np.log(held[held > 0])))
    top = float(size.max()) if len(size) else 1.0
    return [b for b in RATIO_BREAKS if b <= top][:MAX_EACH_WAY]


def _say(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3g}"
