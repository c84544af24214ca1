"""The parts of scores: their numbers, and that every witness gives a tangent on the right side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.scores import (
    Least,
    Linear,
    Log,
    Norm,
    Own,
    Part,
    Quadratic,
    Score,
    Worst,
    largest,
    weights_of_largest,
)
from allocator.sparse import Sparse

Rng = np.random.Generator
SIZE = 3


def curved(rng: Rng) -> Score:
    """A concave score with every part that has a curve but those of scores."""
    F = Sparse.dense(rng.normal(size=(4, SIZE)))
    parts = ((1.0, Linear(rng.normal(size=SIZE), 0.3)), (-0.5, Quadratic(F)), (-0.7, Norm(F)), (-0.2, Worst(F, 1.5)))
    return Score(parts)


def parts_of(rng: Rng) -> dict[str, Part]:
    F = Sparse.dense(rng.normal(size=(5, SIZE)))
    gain = Score(((1.0, Linear(rng.normal(size=SIZE), 9.0)), (-0.1, Norm(F))))
    return {
        "linear": Linear(rng.normal(size=SIZE), 0.4),
        "quadratic": Quadratic(F),
        "norm": Norm(F),
        "worst": Worst(F, 2),
        "worst in part": Worst(F, 2.75),
        "worst of less than one": Worst(F, 0.25),
        "log": Log(gain),
        "least": Least((curved(rng), gain, curved(rng))),
        "log of the least": Log(Score(((1.0, Least((gain, gain))),))),
    }


NAMES = list(parts_of(np.random.default_rng(0)))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32 - 1))
def test_tangents_touch_at_the_own_witness_and_lie_beyond_at_any(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    part, v = parts_of(rng)[name], rng.normal(size=SIZE)
    own = part.witness(v)
    assert own.shape == (part.length,)
    slope, constant = part.tangent(own)
    # Where a logarithm has no value, no line touches it.
    assert not np.isfinite(part.value(v)) or slope @ v + constant == pytest.approx(part.value(v), rel=1e-9, abs=1e-9)
    for witness in (own, own + rng.normal(size=own.shape), 10 * rng.normal(size=own.shape), np.zeros(len(own))):
        slope, constant = part.tangent(witness)
        for at in (v, v + rng.normal(size=SIZE), 5 * rng.normal(size=SIZE)):
            beyond = slope @ at + constant - part.value(at)
            close = 1e-9 * (1 + abs(slope @ at) + abs(constant))
            assert part.curve <= 0 or beyond <= close
            assert part.curve >= 0 or beyond >= -close
            assert part.curve != 0 or abs(beyond) <= close


@given(st.integers(0, 2**32 - 1))
def test_witnesses_behind_one_another_are_split_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score = Score(tuple((-1.0 if part.curve > 0 else 1.0, part) for part in parts_of(rng).values()))
    v = rng.normal(size=SIZE)
    apart = score.witness(v)
    assert [len(each) for each in apart] == score.lengths
    again = score.split(np.concatenate(apart))
    assert all((one == other).all() for one, other in zip(apart, again, strict=True))
    slope, constant = score.above(apart)
    assert slope @ v + constant == pytest.approx(score.value(v), rel=1e-9)


def test_numbers_by_hand() -> None:
    L, v = Sparse.dense(np.eye(3)), np.array([3.0, -4.0, 1.0])
    assert Norm(L).value(v) == pytest.approx(26**0.5)
    assert Worst(L, 1).value(v) == 3
    assert Worst(L, 2).value(v) == 2
    assert Worst(L, 1.5).value(v) == pytest.approx((3 + 0.5 * 1) / 1.5)
    assert Worst(L, 0.5).value(v) == 3
    assert Worst(L, 3).value(v) == 0
    one, two = (Score(((1.0, Linear(np.array(gain), 0.0)),)) for gain in ([1.0, 1, 1], [2.0, 0, 0]))
    assert Least((one, two)).value(v) == 0
    assert Log(two).value(v) == pytest.approx(np.log(6))


def test_the_log_of_nothing_or_less_is_minus_infinity() -> None:
    gain = Score(((1.0, Linear(np.array([1.0]))),))
    assert Log(gain).value(np.array([0.0])) == -np.inf
    assert Log(gain).value(np.array([-1.0])) == -np.inf
    # A witness of zero or less is none; the tangent at the least one is still above.
    slope, constant = Log(gain).tangent(np.array([-3.0]))
    assert slope @ np.array([2.0]) + constant >= np.log(2)
    assert np.isfinite(constant)


def test_a_norm_of_nothing_has_a_tangent() -> None:
    slope, constant = Norm(Sparse.dense(np.eye(2))).tangent(np.zeros(2))
    assert slope.tolist() == [0, 0]
    assert constant == 0


def test_weights_of_the_least_that_mean_nothing_count_alike() -> None:
    scores = tuple(Score(((1.0, Linear(np.array([gain]))),)) for gain in (1.0, 3.0))
    slope, _ = Least(scores).tangent(np.array([-1.0, -2.0]))
    assert slope.tolist() == [2.0]


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(1, [0, 0, 1, 0]), (2, [0, 1, 1, 0]), (2.5, [0.5, 1, 1, 0]), (0.3, [0, 0, 0.3, 0]), (4, [1, 1, 1, 1])],
)
def test_the_largest_with_the_last_in_part(count: float, chosen: list[float]) -> None:
    assert largest(np.array([1.0, 2.0, 3.0, 0.0]), count) == pytest.approx(chosen)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.floats(0.01, 4))
def test_any_weights_are_moved_into_the_polytope(given: list[float], count: float) -> None:
    found = weights_of_largest(np.array(given), count)
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-12
    assert found.sum() == pytest.approx(count)


def test_weights_in_the_polytope_stay() -> None:
    assert weights_of_largest(np.array([1.0, 0.5, 0.0]), 1.5).tolist() == [1.0, 0.5, 0.0]


def test_a_callers_own_function() -> None:
    part = Own(lambda v: -((v - 1.0) @ (v - 1.0)), 2)
    assert part.value(np.array([2.0, 3.0])) == -5
    # Until the program gives a line, it is above everything.
    _, constant = part.tangent(part.witness(np.zeros(2)))
    assert constant == np.inf
    slope, constant = part.tangent(np.array([2.0, 0.0, -1.0]))
    assert (slope.tolist(), constant) == ([2.0, 0.0], -1.0)
    assert len(part.witness(np.zeros(2))) == part.length


def test_what_a_solver_must_be_able_to_do() -> None:
    F = Sparse.dense(np.eye(SIZE))
    line = Score(((1.0, Linear(np.ones(SIZE))),))
    square = line + Score(((-1.0, Quadratic(F)),))
    assert line.needs == frozenset()
    assert square.needs == {"quadratic"}
    assert Score(((-1.0, Norm(F)),)).needs == {"conic"}
    assert Score(((-1.0, Worst(F, 1)),)).needs == frozenset()
    assert Least((line, line)).needs == frozenset()
    # In a constraint a square makes a cone.
    assert Least((line, square)).needs == {"conic"}
    assert Log(line).needs == {"conic", "exponential"}


def test_sizes_are_of_one_entry() -> None:
    F = Sparse.dense(np.array([[3.0, 0.0], [4.0, 1.0]]))
    assert Linear(np.array([1.0, -2.0])).size == 2
    assert Quadratic(F).size == 25
    assert Norm(F).size == 5
    assert Worst(F, 1).size == 4
    line = Score(((2.0, Linear(np.array([1.0, -2.0]))),))
    assert line.size == 4
    assert Least((line, 2 * line)).size == 8
    # Of order one, whatever is inside: scores come there over their ranges.
    assert Log(line).size == 1


def test_concave_is_by_weight_and_curve() -> None:
    F = Sparse.dense(np.eye(SIZE))
    assert Score(((-1.0, Norm(F)), (-1.0, Worst(F, 1)))).concave
    assert not Score(((1.0, Norm(F)),)).concave
    line = Score(((1.0, Linear(np.ones(SIZE))),))
    assert Score(((1.0, Least((line, line))),)).concave
    assert not Score(((-1.0, Log(line)),)).concave


def test_the_same_is_a_millionth_of_the_parts_or_what_is_given() -> None:
    score = Score(((-2.0, Norm(Sparse.dense(np.eye(2)))),))
    assert score.tolerance(np.array([3.0, 4.0])) == pytest.approx(1e-6 * 10)
    assert score.tolerance(np.zeros(2)) == pytest.approx(1e-9 * 2)
    assert (Score(score.parts, give=1e-5) * 3).tolerance(np.zeros(2)) == pytest.approx(3e-5)
