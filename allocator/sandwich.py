"""A concave curve between an inner and an outer polygon, by as few optimisations as can be.

Of the convex set of pairs (u1, u2) that can be attained, or that fall short of one that can, each optimisation of a
weighted sum `w . u` gives a point (inner) and a bound (outer): no pair has more. Between them lies the curve. The next
weights are those that point from the inner polygon to the corner of the outer one that is furthest from it: the normal
of the chord below that corner. (Rote 1992, The convergence rate of the sandwich algorithm; Ruzika and Wiecek 2005;
Siem, den Hertog and Hoffmann 2011.) The gap is their Hausdorff distance, which proves how far any pair can lie outside
the inner polygon; it goes down with the square of the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from allocator.sparse import Vector

Made = TypeVar("Made")
FLAT = 0.01
"A point that stands out by less than this part of the gap asked for is no corner: it lies on an edge but for rounding."
PROGRESS = 0.25
"Of the distance that an optimisation is to close, what it must, in all; else no certificate comes closer."


@dataclass(frozen=True, eq=False)
class Touch(Generic[Made]):
    """What one optimisation gave.

    Attributes:
        weights: of both coordinates, >= 0 (2).
        bound: no pair has a larger weighted sum.
        point: a pair that is attained (2); None where only the bound is of use.
        made: what attains it.
    """

    weights: Vector
    bound: float
    point: Vector | None = None
    made: Made | None = None


@dataclass(frozen=True, eq=False)
class Sandwich(Generic[Made]):
    """The polygons.

    Attributes:
        touches: the optimisations, in their order.
        corners: those whose points are the corners of the inner polygon, from the most of u1 to the most of u2.
        outer: the corners of the outer one, likewise (k x 2).
        gap: the Hausdorff distance of the polygons.
        toward: the weights that point from the inner polygon to the furthest corner of the outer one (2).
    """

    touches: tuple[Touch[Made], ...]
    corners: tuple[Touch[Made], ...]
    outer: Vector
    gap: float
    toward: Vector

    @classmethod
    def of(cls, touches: Sequence[Touch[Made]], flat: float = 0.0) -> Sandwich[Made]:
        """The polygons of some optimisations; a point that stands out from earlier ones by at most `flat` is no corner.

        Among them must be bounds on u1 alone and u2 alone, and a point.
        """
        corners: list[Touch[Made]] = []
        for touch in touches:
            if touch.point is not None:
                chain = np.array([each.point for each in corners])
                if not corners or np.linalg.norm(touch.point - project(touch.point, chain)) > flat:
                    corners = _inner([*corners, touch], flat)
        outer = outer_corners(touches)
        points = np.array([touch.point for touch in corners])
        nearest = np.array([project(corner, points) for corner in outer])
        apart = np.linalg.norm(outer - nearest, axis=1)
        worst = int(np.argmax(apart))
        toward = np.maximum(outer[worst] - nearest[worst], 0) / max(float(apart[worst]), 1e-300)
        return cls(tuple(touches), tuple(corners), outer, float(apart[worst]), toward)


def sandwich(ask: Callable[[Vector], Touch[Made]], known: Sequence[Touch[Made]], gap: float) -> Sandwich[Made]:
    """Optimise until the gap is under the one asked for, or no optimisation brings it closer.

    Args:
        ask: optimises a weighted sum, whose weights (2) have the length 1.
        known: what is known beforehand: bounds on u1 alone and u2 alone, and a point, at the least.
        gap: to be reached.
    """
    touches = list(known)
    found = Sandwich.of(touches, FLAT * gap)
    while found.gap > gap:
        weights, apart = found.toward, found.gap
        near = max(float(weights @ touch.point) for touch in found.corners)  # type: ignore[operator]
        touch = ask(weights)
        touches.append(touch)
        cut = near + apart - touch.bound / _size(touch)
        gained = 0.0 if touch.point is None else float(weights @ touch.point) - near
        found = Sandwich.of(touches, FLAT * gap)
        if max(cut, gained) < PROGRESS * apart:
            break
    return found


def _inner(touches: Sequence[Touch[Made]], flat: float) -> list[Touch[Made]]:
    """The corners of what lies below some points, from the most of u1 to the most of u2 (Andrew's chain)."""
    chain: list[Touch[Made]] = []
    for touch in sorted(touches, key=lambda each: (-each.point[0], -each.point[1])):  # type: ignore[index]
        if chain and touch.point[1] <= chain[-1].point[1]:  # type: ignore[index]
            continue
        while len(chain) > 1 and _height(chain[-2].point, chain[-1].point, touch.point) <= flat:
            chain.pop()
        chain.append(touch)
    return chain


def _height(start: Vector | None, middle: Vector | None, end: Vector | None) -> float:
    """How far the middle of three points stands out above the chord of the others."""
    assert start is not None
    assert middle is not None
    assert end is not None
    chord = end - start
    normal = np.array([chord[1], -chord[0]]) / np.linalg.norm(chord)
    return float(normal @ (middle - start))


def outer_corners(touches: Sequence[Touch[Made]]) -> Vector:
    """The corners of what all bounds leave, from the most of u1 to the most of u2 (k x 2).

    A line between two others is left out where their corner does not break it.
    """
    lines = sorted(touches, key=lambda each: (np.arctan2(each.weights[1], each.weights[0]), each.bound / _size(each)))
    kept: list[Touch[Made]] = []
    for line in lines:
        if kept and abs(_cross(kept[-1].weights, line.weights)) <= 1e-12 * _size(kept[-1]) * _size(line):
            continue  # the same direction; the tighter stands first
        while len(kept) > 1 and kept[-1].weights @ _meet(kept[-2], line) <= kept[-1].bound:
            kept.pop()
        kept.append(line)
    return np.array([_meet(one, other) for one, other in pairwise(kept)])


def _size(touch: Touch[Made]) -> float:
    return float(np.linalg.norm(touch.weights))


def _cross(a: Vector, b: Vector) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _meet(one: Touch[Made], other: Touch[Made]) -> Vector:
    """Where the lines of two bounds meet."""
    return np.linalg.solve(np.array([one.weights, other.weights]), np.array([one.bound, other.bound]))


def project(target: Vector, corners: Vector) -> Vector:
    """The nearest pair at or below a concave chain of corners (k x 2, from the most of u1 to the most of u2)."""
    (most, start), (end, highest) = corners[0], corners[-1]
    if target[0] <= most and target[1] <= np.interp(target[0], corners[::-1, 0], corners[::-1, 1]):
        return target
    along = np.diff(corners, axis=0)
    parts = np.sum((target - corners[:-1]) * along, axis=1) / np.sum(along**2, axis=1)
    below, beside = [most, min(target[1], start)], [min(target[0], end), highest]
    feet = np.vstack([below, beside, corners[:-1] + np.clip(parts, 0, 1)[:, None] * along])
    return np.asarray(feet[np.argmin(np.linalg.norm(target - feet, axis=1))])
