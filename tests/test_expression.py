"""What cvxpy is given is what the shapes say, and the witnesses read from its duals prove the optimum."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scores import NAMES, SIZE, parts_of
from test_shapes import data

from allocator.errors import InputError
from allocator.expression import Entries
from allocator.program import Program
from allocator.scores import Linear, Own, Quadratic, Score
from allocator.shapes import Box, Rows
from allocator.sparse import Sparse, Vector

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")


def entries(free: Vector, low: Vector) -> Entries:
    """Some entries free, the others at their lows; cvxpy's variables are the free ones."""
    picks = sp.csr_matrix((np.ones(len(free)), (np.arange(len(free)), free)), shape=(len(free), len(low)))
    fixed = low.copy()
    fixed[free] = 0

    def at(matrix: Sparse) -> Any:
        whole = sp.csr_matrix((matrix.value, (matrix.row, matrix.column)), shape=matrix.shape)
        return whole @ picks.T

    return Entries(cp.Variable(len(free)), free, at, lambda z: picks.T @ z + fixed, 0.0)


@settings(max_examples=5)
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32 - 1))
def test_cvxpy_is_told_the_same_number(name: str, seed: int) -> None:
    """At any v: each part's own variables are solved for, which gives its value from above or from below."""
    rng = np.random.default_rng(seed)
    part, v = parts_of(rng)[name], 0.3 * rng.normal(size=SIZE)
    sign = -1.0 if part.curve > 0 else 1.0
    made = entries(np.arange(SIZE), v)
    told = made.score(Score(((sign, part),)))
    problem = cp.Problem(cp.Maximize(told.value), [*told.constraints, made.z == v])
    problem.solve(solver=cp.CLARABEL)
    assert sign * problem.value == pytest.approx(part.value(v), abs=1e-6)


@settings(max_examples=8)
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_witnesses_of_the_optimum_prove_it(name: str, seed: int) -> None:
    """Each part over a box, with a pull to its middle: the bound from the duals is close to the value."""
    rng = np.random.default_rng(seed)
    part = parts_of(rng)[name]
    pull = Quadratic(Sparse.dense(0.3 * np.eye(SIZE)))
    score = Score(((-1.0 if part.curve > 0 else 1.0, part), (-1.0, pull), (1.0, Linear(rng.normal(size=SIZE)))))
    low = -rng.uniform(0.1, 1, SIZE)
    box = Box(low, low + rng.uniform(0.5, 2, SIZE), np.zeros(SIZE, bool))
    point = Program([], [score], box, np.ones(SIZE)).solve([1.0], 0.0, 1e-10)
    assert point.status == "optimal"
    # The solver's v may be outside the box by a little.
    assert abs(point.bound - point.value) < 1e-5 * (1 + abs(point.value))


def own(function: Any, size: int = SIZE) -> Score:
    return Score(((1.0, Own(function, size)),))


def test_a_callers_own_expression_with_entries_that_are_fixed() -> None:
    """sum sqrt(v) with v1 + v2 <= 1 and v0 fixed at 0.25: v1 = v2 = 1/2, and the value is 1/2 + sqrt 2."""
    box = Box(np.array([0.25, 0, 0]), np.array([0.25, 1, 1]), np.zeros(3, bool))
    row = Rows(**data(R0=Sparse.dense(np.array([[0.0, -1, -1]])), c0=np.ones(1), c1=np.zeros(1)))
    point = Program([row], [own(lambda v: cp.sum(cp.sqrt(v)))], box, np.ones(3)).solve([1.0], 0.0, 1e-10)
    assert point.v == pytest.approx([0.25, 0.5, 0.5], abs=1e-5)
    assert point.value == pytest.approx(0.5 + 2**0.5, abs=1e-7)
    assert point.bound == pytest.approx(point.value, abs=1e-6)


def test_a_callers_own_expression_that_is_not_concave() -> None:
    box = Box(np.zeros(SIZE), np.ones(SIZE), np.zeros(SIZE, bool))
    with pytest.raises(InputError) as caught:
        Program([], [own(lambda v: cp.sum_squares(v))], box, np.ones(SIZE)).solve([1.0])
    assert str(caught.value) == (
        "the caller's own objective is not concave by cvxpy's rules, so it can't be maximised; "
        "write it with cvxpy's atoms, as in cp.sum(cp.sqrt(v.capital))"
    )
