"""Standard distance, standard deviational ellipse and hull of weighted points, as CrimeStat draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["LEAST_RADIUS", "Ellipse", "ellipse_of", "hull_of", "standard_distance"]

Floats = npt.NDArray[np.float64]

# One address has neither width nor an ellipse: it is drawn as a house and the street before it.
LEAST_RADIUS = 25.0


@dataclass(frozen=True)
class Ellipse:
    """A standard deviational ellipse: centre, half axes in metres, and the angle of the first axis, counterclockwise from east in radians."""

    x: float
    y: float
    major: float
    minor: float
    angle: float

    def shape(self, times: float = 1.0) -> Any:
        """Return it as a polygon, `times` its size."""
        circle = shapely.get_coordinates(shapely.Point(0, 0).buffer(1.0, quad_segs=24))
        at = circle * (max(self.major, LEAST_RADIUS) * times, max(self.minor, LEAST_RADIUS) * times)
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return shapely.Polygon(np.c_[self.x + at[:, 0] * cos - at[:, 1] * sin, self.y + at[:, 0] * sin + at[:, 1] * cos])


def standard_distance(x: Floats, y: Floats, weight: Floats | None = None, *, lost: int = 2) -> float:
    """Return the root of the summed squared distances to the mean centre over n - `lost`: 2 in CrimeStat, 0 in ArcGIS and pointpats."""
    w = np.ones(len(x)) if weight is None else weight
    left = float(w.sum()) - lost
    if left <= 0:
        return 0.0
    dx, dy = x - np.average(x, weights=w), y - np.average(y, weights=w)
    return math.sqrt(float((w * (dx**2 + dy**2)).sum()) / left)


def ellipse_of(x: Floats, y: Floats, weight: Floats | None = None) -> Ellipse:
    """Return the standard deviational ellipse, with CrimeStat's n - 2 and its factor of two.

    The squared half axes are ``2 / (n - 2)`` times the sums of squares along the two principal directions, so that together they are twice
    the squared standard distance: the ellipse of points scattered evenly in all directions is the circle of the standard distance.
    """
    w = np.ones(len(x)) if weight is None else weight
    n = float(w.sum())
    cx, cy = float(np.average(x, weights=w)), float(np.average(y, weights=w))
    if n <= 2:
        return Ellipse(cx, cy, 0.0, 0.0, 0.0)
    dx, dy = x - cx, y - cy
    sxx, syy, sxy = float((w * dx * dx).sum()), float((w * dy * dy).sum()), float((w * dx * dy).sum())
    half, root = (sxx + syy) / 2, math.hypot((sxx - syy) / 2, sxy)
    angle = 0.5 * math.atan2(2 * sxy, sxx - syy) if root > 0 else 0.0
    return Ellipse(cx, cy, math.sqrt(2 * (half + root) / (n - 2)), math.sqrt(2 * max(half - root, 0.0) / (n - 2)), angle)


def hull_of(x: Floats, y: Floats) -> Any:
    """Return the convex hull of points, at least as wide as a house and its street."""
    hull = shapely.MultiPoint(np.c_[x, y]).convex_hull
    return hull if hull.area > 0 and _width(hull) >= LEAST_RADIUS else hull.buffer(LEAST_RADIUS, quad_segs=8)


def _width(hull: Any) -> float:
    return float(2 * hull.area / hull.length) if hull.length else 0.0
