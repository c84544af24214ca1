from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import check_tangents
from hypothesis import given
from hypothesis import strategies as st

from allocator.scores import Linear, Quadratic, Score
from allocator.shapes import Box, Cone, Equal, Fixed, Number, RotatedCone, Rows, Tail
from allocator.sparse import Sparse
from allocator.units import Index, Money, Share


def data(m: int = 1, size: int = 3, **more: Any) -> dict[str, Any]:
    """The fields that all clauses have; a room of zero."""
    return {
        "rule": "rule",
        "words": "what",
        "labels": tuple(map(str, range(m))),
        "R0": Sparse.zeros(m, size),
        "c0": np.zeros(m),
        "R1": Sparse.zeros(m, size),
        "c1": np.ones(m),
        "theta": np.zeros(m),
        "unit": Index,
    } | more


NUMBERS = [
    Number("at-most", 0.3, Share),
    Number("at-most", 0.28, Index, power=0.5),
    Number("at-least", 12.0, Index, power=-0.5),
    Number("haircut", 0.15, Share, scale=1.25, shift=1, sign=-1, power=-1),
    Number("at-least", 1.25, Index, scale=1 / 0.85),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_found_again_from_theta(number: Number) -> None:
    theta = number.theta(number.value)
    assert number.at(np.array([theta]))[0] == pytest.approx(number.value, rel=1e-12)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_slope_of_theta_is_its_derivative(number: Number) -> None:
    h = 1e-6 * number.value
    difference = (number.theta(number.value + h) - number.theta(number.value - h)) / (2 * h)
    assert number.slope == pytest.approx(difference, rel=1e-6)


def test_theta_of_a_herfindahl_limit_is_its_root() -> None:
    assert Number("at-most", 0.25, Index, power=0.5).theta(0.25) == 0.5


def test_the_slope_of_a_herfindahl_limit_of_zero_has_no_end() -> None:
    assert Number("at-most", 0.0, Index, power=0.5).slope == float("inf")


def test_rows_hold_where_the_room_is_not_negative() -> None:
    # x0 <= 0.3 (x0 + x1 + x2), by hand
    rows = Rows(**data(R0=Sparse.dense(np.array([[-1.0, 0, 0]])), R1=Sparse.dense(np.ones((1, 3))), c1=np.zeros(1),
                       theta=np.array([0.3])))  # fmt: skip
    assert rows.excess(np.array([3.0, 3.0, 4.0]))[0] == pytest.approx(0.0)
    assert rows.excess(np.array([4.0, 3.0, 3.0]))[0] == pytest.approx(1.0)
    assert rows.level(np.array([4.0, 3.0, 3.0]))[0] == pytest.approx(0.4)
    assert rows.price(np.array([4.0, 3.0, 3.0]), np.array([2.0]))[0] == pytest.approx(20.0)
    assert np.isnan(rows.level(np.zeros(3))[0])
    assert rows.excess(np.zeros(3))[0] == 0


def test_an_equality_is_broken_on_both_sides() -> None:
    row = Equal(**data(R0=Sparse.dense(np.array([[1.0, 0, 0]])), c0=np.array([-2.0]), c1=np.zeros(1)))
    assert row.excess(np.array([3.0, 0, 0]))[0] == 1
    assert row.excess(np.array([1.0, 0, 0]))[0] == 1


def test_a_cone_measures_norms_of_its_members() -> None:
    M = Sparse.dense(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]))
    cone = Cone(**data(2, M=M, k=np.array([0.0, 0, 0, 4.0]), theta=np.array([5.0, 6.0])))
    assert cone.bend(np.array([3.0, 4.0, 3.0])).tolist() == [5.0, 5.0]
    assert cone.excess(np.array([3.0, 4.0, 3.0])).tolist() == [0.0, -1.0]


def test_a_rotated_cone_squares_them() -> None:
    cone = RotatedCone(**data(M=Sparse.dense(np.diag([1.0, 2, 0])), k=np.zeros(3), typical=np.ones(1)))
    assert cone.bend(np.array([1.0, 2.0, 9.0])).tolist() == [17.0]


def test_a_tail_adds_the_largest() -> None:
    tail = Tail(**data(L=Sparse.dense(np.eye(3)), k=np.zeros(3), count=2, theta=np.array([7.0])))
    assert tail.bend(np.array([4.0, 1.0, 5.0])).tolist() == [9.0]
    assert tail.excess(np.array([4.0, 1.0, 5.0])).tolist() == [2.0]
    assert tail.witness(np.array([4.0, 1.0, 5.0])).tolist() == [1, 0, 1]
    moved = replace(tail, k=np.array([0.0, 9.0, -3.0]))
    assert moved.bend(np.array([4.0, 1.0, 5.0])).tolist() == [14.0]
    assert moved.witness(np.array([4.0, 1.0, 5.0])).tolist() == [1, 1, 0]


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.integers(1, 4))
def test_valid_weights_of_a_tail_are_in_the_polytope(witness: list[float], count: int) -> None:
    tail = Tail(**data(size=4, L=Sparse.dense(np.eye(4)), k=np.zeros(4), count=count))
    found = tail.valid(np.array(witness))
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-12
    assert found.sum() == pytest.approx(count)


@given(st.integers(0, 2**32 - 1))
def test_tangents_lie_below_whatever_the_witness(seed: int) -> None:
    rng = np.random.default_rng(seed)
    M, v = Sparse.dense(rng.normal(size=(6, 3))), rng.normal(size=3)
    check_tangents(Cone(**data(2, M=M, k=rng.normal(size=6))), v, seed)
    check_tangents(RotatedCone(**data(2, M=M, k=rng.normal(size=6), typical=np.ones(2))), v, seed)
    check_tangents(Tail(**data(L=M, k=rng.normal(size=6), count=rng.uniform(0.1, 6))), v, seed)


def test_a_score_is_the_weighted_sum_of_its_parts() -> None:
    score = Score(((2.0, Linear(np.array([1.0, 0.0]), 0.5)), (-1.0, Quadratic(Sparse.dense(np.diag([1.0, 2.0]))))), 1.0)
    assert score.value(np.array([1.0, 1.0])) == 2 * 1.5 - 5
    assert score.concave
    assert not (score * -1.0).concave
    assert (score + score).value(np.array([1.0, 1.0])) == -4
    assert (3 * score).income == 3


@given(st.integers(0, 2**32 - 1))
def test_every_witness_of_a_score_gives_a_line_above_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = ((2.0, Linear(rng.normal(size=3), 0.5)), (-1.5, Quadratic(Sparse.dense(rng.normal(size=(4, 3))))))
    score, v = Score(parts), rng.normal(size=3)
    slope, constant = score.above(score.witness(v))
    assert slope @ v + constant == pytest.approx(score.value(v), abs=1e-12)
    slope, constant = score.above([w + rng.normal(size=w.shape) for w in score.witness(v)])
    assert slope @ v + constant >= score.value(v) - 1e-12


def test_what_counts_as_the_same_optimum() -> None:
    parts = ((2.0, Linear(np.array([1.0]))), (-1.0, Quadratic(Sparse.dense(np.eye(1)))))
    assert Score(parts).tolerance(np.array([3.0])) == pytest.approx(1e-6 * (6 + 9))
    assert Score(parts, give=1e-5).tolerance(np.array([3.0])) == 1e-5


def test_a_box_is_fixed_by_hard_exclusions_only() -> None:
    box = Box(np.zeros(2), np.ones(2), np.zeros(2, bool))
    fixed = data(size=2, R0=Sparse.dense(np.array([[-1.0, 0.0]])), unit=Money, columns=np.array([0]))
    assert box.fixing([Fixed(**fixed)]).high.tolist() == [0, 1]
    assert box.fixing([Fixed(**fixed, penalty=0.1)]).high.tolist() == [1, 1]
    assert box.outside(np.array([-0.5, 0.5])) == 0.5
    assert box.outside(np.array([0.5, 1.25])) == 0.25
    assert box.outside(np.array([0.5, 0.5])) == 0
