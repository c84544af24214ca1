"""The sandwich of polygons, asked of sets whose best is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from allocator.sandwich import Sandwich, Touch, outer_corners, project, sandwich
from allocator.sparse import Vector

UNITS = np.eye(2)


class Polygon:
    """The convex hull of some pairs and what falls short of it; `slack` is added to every bound it gives."""

    def __init__(self, pairs: Vector, slack: float = 0.0) -> None:
        self.pairs, self.slack, self.asked = pairs, slack, 0

    def ask(self, weights: Vector) -> Touch[int]:
        self.asked += 1
        best = int(np.argmax(self.pairs @ weights))
        return Touch(weights, float(self.pairs[best] @ weights) + self.slack, self.pairs[best], best)

    def start(self) -> list[Touch[int]]:
        return [self.ask(unit + 1e-9) for unit in UNITS] + [
            Touch(unit, float((self.pairs @ unit).max()) + self.slack) for unit in UNITS
        ]


def on_circle(weights: Vector) -> Touch[None]:
    unit = weights / np.linalg.norm(weights)
    return Touch(unit, 1.0, unit)


def furthest(pairs: Vector, corners: Vector) -> float:
    """How far pairs that are attained lie outside a chain of corners, by another way: a quadratic program each."""

    def apart(pair: Vector) -> float:
        k = len(corners)
        sums = {"type": "eq", "fun": lambda z: z[:k].sum() - 1}
        found = minimize(
            lambda z: float(np.sum((corners.T @ z[:k] - z[k:] - pair) ** 2)),
            np.append(np.full(k, 1 / k), [0.0, 0.0]),
            bounds=[(0, 1)] * k + [(0, None)] * 2,
            constraints=[sums],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        return float(np.sqrt(max(found.fun, 0.0)))

    return max(map(apart, pairs))


@pytest.mark.parametrize(("gap", "arcs"), [(0.2, 2), (0.04, 4), (1e-2, 8), (1e-3, 32), (1e-4, 128)])
def test_a_quarter_of_a_circle_is_halved_and_halved(gap: float, arcs: int) -> None:
    """Between tangents and chords of arcs of the angle a lies `1 / cos(a/2) - cos(a/2)`."""
    found = sandwich(on_circle, [on_circle(unit) for unit in UNITS], gap)
    half = np.pi / 4 / arcs
    assert found.gap == pytest.approx(1 / np.cos(half) - np.cos(half), rel=1e-9)
    assert found.gap <= gap
    assert len(found.touches) == len(found.corners) == arcs + 1
    u1, u2 = np.array([touch.point for touch in found.corners]).T
    assert np.arctan2(u2, u1) == pytest.approx(np.linspace(0, np.pi / 2, arcs + 1), abs=1e-9)


def test_the_gap_falls_with_the_square_of_the_number_of_points() -> None:
    coarse, fine = (sandwich(on_circle, [on_circle(unit) for unit in UNITS], gap) for gap in (1e-2, 1e-4))
    more = (len(fine.corners) - 1) / (len(coarse.corners) - 1)
    assert coarse.gap / fine.gap == pytest.approx(more**2, rel=0.01)


def test_an_edge_is_asked_once() -> None:
    """Two ends, and one question that finds nothing above the chord between them."""
    edge = Polygon(np.array([[1.0, 0.0], [0.0, 1.0]]))
    found = sandwich(edge.ask, edge.start(), 1e-6)
    assert edge.asked == 3
    assert found.gap < 1e-8
    assert [touch.made for touch in found.corners] == [0, 1]


def test_three_corners_take_five_questions() -> None:
    """Each corner once, and each of the two edges once: fewer can't prove it."""
    bent = Polygon(np.array([[1.0, 0.0], [0.7, 0.7], [0.0, 1.0]]))
    found = sandwich(bent.ask, bent.start(), 1e-6)
    assert bent.asked == 5
    assert [touch.made for touch in found.corners] == [0, 1, 2]


pairs = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=25, unique=True
).map(np.array)


@given(pairs, st.sampled_from([0.1, 1e-2, 1e-3]), st.sampled_from([0.0, 1e-4]))
def test_no_pair_lies_further_out_than_the_gap(found: Vector, gap: float, slack: float) -> None:
    polygon = Polygon(found, slack)
    made = sandwich(polygon.ask, polygon.start(), gap)
    corners = np.array([touch.point for touch in made.corners])
    assert furthest(found, corners) <= made.gap + 1e-6
    # Nor does any outside the bounds, whose corners are what the gap is measured to.
    assert all((found @ touch.weights <= touch.bound + 1e-9).all() for touch in made.touches)
    assert furthest(made.outer, corners) == pytest.approx(made.gap, abs=1e-6)
    if not slack:
        assert made.gap <= gap


@given(pairs)
def test_a_polygon_takes_no_more_questions_than_it_has_corners_and_edges(found: Vector) -> None:
    polygon = Polygon(found)
    made = sandwich(polygon.ask, polygon.start(), 1e-4)
    seen = {touch.made for touch in made.touches if touch.made is not None}
    assert polygon.asked <= 2 + 2 * len(seen)


def test_bounds_that_come_no_closer_end_it() -> None:
    """A certificate that is always 0.01 off: the gap is told as it is, and asking ends."""
    loose = Polygon(np.array([[1.0, 0.0], [0.7, 0.7], [0.0, 1.0]]), slack=0.01)
    made = sandwich(loose.ask, loose.start(), 1e-3)
    assert 0.01 <= made.gap <= 0.03
    assert loose.asked < 12


def test_a_question_without_a_point_gives_its_bound_all_the_same() -> None:
    def ask(weights: Vector) -> Touch[None]:
        return Touch(weights, on_circle(weights).bound * float(np.linalg.norm(weights)))

    made = sandwich(ask, [on_circle(unit) for unit in UNITS], 1e-3)
    assert len(made.corners) == 2
    # From the chord, at 1 / sqrt 2 of the origin, to the tangent at 1.
    assert made.gap == pytest.approx(1 - np.sqrt(0.5))


def test_the_corners_between_bounds() -> None:
    """u1 <= 1, u2 <= 1, u1 + u2 <= 1.5, and one bound that says nothing more."""
    lines = [Touch(w, b) for w, b in ((UNITS[1], 1.0), (np.ones(2), 1.5), (UNITS[0], 1.0), (np.array([2.0, 1.0]), 3.0))]
    assert outer_corners(lines) == pytest.approx(np.array([[1.0, 0.5], [0.5, 1.0]]))
    # Of two in one direction the tighter counts.
    assert outer_corners([*lines, Touch(2 * np.ones(2), 2.4)]) == pytest.approx(np.array([[1.0, 0.2], [0.2, 1.0]]))


@pytest.mark.parametrize(
    ("target", "nearest"),
    [
        ((0.2, 0.2), (0.2, 0.2)),  # below
        ((1.0, 1.0), (0.5, 0.5)),  # the middle of the chord
        ((1.5, -1.0), (1.0, -1.0)),  # beside
        ((-1.0, 2.0), (-1.0, 1.0)),  # above
        ((2.0, 0.5), (1.0, 0.0)),  # a corner
    ],
)
def test_the_nearest_pair(target: tuple[float, float], nearest: tuple[float, float]) -> None:
    chain = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert project(np.array(target), chain) == pytest.approx(np.array(nearest))


def test_a_point_that_stands_out_by_rounding_is_no_corner() -> None:
    """Neither on an edge nor beside a corner, which stays with the question that found it."""
    touches = [Touch(unit, 1.0) for unit in UNITS]
    points = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5 + 1e-7), (1.0 + 1e-7, -1e-3))
    touches += [Touch(np.ones(2), 1.0, np.array(point), k) for k, point in enumerate(points)]
    assert [touch.made for touch in Sandwich.of(touches).corners] == [3, 0, 2, 1]
    assert [touch.made for touch in Sandwich.of(touches, flat=1e-6).corners] == [0, 1]
