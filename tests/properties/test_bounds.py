"""No multipliers, however wrong, give a bound below what an allocation can score (weak duality)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from test_shapes import data

import allocator as al
from allocator.aims import Blend, Maximin
from allocator.certificate import bound, shortfall
from allocator.objectives import Range
from allocator.optimum import optimum
from allocator.program import Program
from allocator.scores import Least, Linear, Log, Norm, Quadratic, Score, Worst
from allocator.shapes import Box, Clause, Cone, Equal, Multipliers, RotatedCone, Rows, Tail
from allocator.solution import Solution
from allocator.sparse import Sparse, Vector

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
Rng = np.random.Generator


def scale_of(rng: Rng) -> float:
    return float(10.0 ** rng.uniform(-6, 2))


def perturbed(rng: Rng, clauses: tuple[Clause, ...], given: Multipliers, only: type[Clause] | None) -> Multipliers:
    """Weights, witnesses and the score's witness with noise of any size; of one shape only, or of all."""
    weights, witnesses = list(given.weights), list(given.witnesses)
    size, way = scale_of(rng), rng.integers(0, 6)
    for index, clause in enumerate(clauses):
        if only is not None and type(clause) is not only:
            continue
        weight, witness = weights[index], witnesses[index]
        noise = rng.normal(size=weight.shape)
        weights[index] = [
            weight + size * noise,
            weight * np.exp(size * noise),
            weight * (noise > 0),
            size * noise,
            weight,
            weight,
        ][way]
        witnesses[index] = witness + size * rng.normal(size=witness.shape)
    score = tuple(w + size * rng.normal(size=w.shape) for w in given.score) if only is None else given.score
    return Multipliers(tuple(weights), tuple(witnesses), score)


AIMS = {
    "dividend-yield": al.DividendYield(),
    "strategic-weight": al.StrategicWeight(),
    "blend": Blend(((0.7, al.DividendYield()), (0.3, al.StrategicWeight())), (0.0126, 0.43)),
    "maximin": Maximin(
        ((1.0, al.DividendYield()), (1.0, al.Volatility())), (Range(0.0599, 0.0103), Range(-0.157, 0.027))
    ),
    "volatility": al.Volatility(),
}
"A blend with ranges of its own, near those of the pay-off table."


@pytest.fixture(scope="module", params=list(AIMS))
def example(request: Any) -> tuple[Program, Solution]:
    case = al.read_case(ROOT / "examples/us-japan")
    rules = al.read_rules(case.policy, as_of="2026-04-01")
    score = AIMS[request.param].score(case)
    program = Program(rules.clauses(case), [score], case.box, case.spread)
    solution = optimum(program, case.decision, [1.0], score, score.income or 1.0)
    assert solution is not None
    return program, solution


SHAPES = [Rows, Equal, Cone, RotatedCone, Tail]


def test_a_thousand_perturbed_multipliers_on_the_example(example: tuple[Program, Solution]) -> None:
    """The truth is at least what the first stage found, which breaks nothing by more than its tolerance."""
    program, solution = example
    tight = program.solve([1.0], solution.penalty, 1e-10)
    assert tight.multipliers is not None
    assert tight.bound - tight.value < 1e-7
    rng = np.random.default_rng(7)
    kinds = {type(clause) for clause in program.clauses}
    assert kinds >= set(SHAPES)
    assert any(clause.penalty is not None for clause in program.clauses)
    worse = 0
    for turn in range(1000):
        only = [None, *SHAPES][turn % 6]
        given = perturbed(rng, program.clauses, tight.multipliers, only)
        found = bound(program.clauses, solution.score, program.box, given, solution.penalty)
        assert found >= tight.value - 1e-9, (turn, only)
        worse += found > tight.value + 1e-6
    assert worse > 300


def some_clauses(rng: Rng, v: Vector) -> tuple[Clause, ...]:
    """A clause of every shape that holds at v, some with nothing to spare, and a soft one that need not."""
    n = len(v)

    def matrix(m: int) -> Sparse:
        return Sparse.dense(rng.normal(size=(m, n)) * (rng.random((m, n)) < 0.7))

    made: list[Clause] = []
    for kind in (Rows, Equal, Cone, RotatedCone, Tail, Rows, Cone):
        m = 1 if kind is Tail else 3
        more: dict[str, Any] = {}
        if kind in (Cone, RotatedCone):
            more = {"M": matrix(2 * m), "k": rng.normal(size=2 * m)}
        if kind is RotatedCone:
            more["typical"] = np.ones(m)
        if kind is Tail:
            more = {"L": matrix(5), "k": rng.normal(size=5), "count": rng.uniform(0.1, 5)}
        soft = len(made) >= 5
        clause = kind(
            **data(m, n, R0=matrix(m), c0=rng.normal(size=m), R1=matrix(m), c1=rng.normal(size=m),
                   theta=rng.normal(size=m), penalty=float(rng.uniform(0, 1)) if soft else None, **more)
        )  # fmt: skip
        short = clause.bend(v) - clause.room(v)
        spare = 0.0 if kind is Equal else rng.uniform(0, 1, m) * (rng.random(m) < 0.3)
        made.append(clause if soft else replace(clause, c0=clause.c0 + short + spare))
    return tuple(made)


def some_score(rng: Rng, v: Vector) -> Score:
    """Every part that a score may have, at least once, some within others."""
    n = len(v)

    def matrix(m: int) -> Sparse:
        return Sparse.dense(rng.normal(size=(m, n)))

    def bent() -> Score:
        L = matrix(5)
        curves = ((-0.7, Quadratic(matrix(3))), (-0.4, Norm(matrix(3))), (-0.3, Worst(L, float(rng.uniform(0.3, 5)))))
        return Score((*curves, (1.0, Linear(rng.normal(size=n)))))

    gain = bent()
    lifted = gain + Score(((1.0, Linear(np.zeros(n), 1.0 - gain.value(v))),))
    return bent() + Score(((0.5, Log(lifted)), (0.8, Least((bent(), gain, bent())))))


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_any_witness_of_any_part_bounds_any_allocation(seed: int) -> None:
    """No clauses, a box, and a score that its own witnesses prove to be best at a random point: any others are above.

    A line is added to the score that takes off its slope there, so that nothing is left to gain.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    low = 10 * rng.normal(size=n)
    box = Box(low, low + rng.uniform(0.5, 2, n), np.zeros(n, bool))
    v = low + rng.uniform(0.2, 0.8, n) * (box.high - low)
    bare = some_score(rng, v)
    slope, _ = bare.above(bare.witness(v))
    score = bare + Score(((1.0, Linear(-slope)),))
    own = score.witness(v)
    size = 1e-9 * (1 + float(np.abs(slope).sum() * np.abs(v).max()) + abs(bare.value(v)))
    assert bound((), score, box, Multipliers((), (), tuple(own)), 1.0) == pytest.approx(score.value(v), abs=size)
    for scale in (1e-3, 0.1, 1.0, 10.0):
        other = tuple(w + scale * rng.normal(size=w.shape) for w in own)
        found = bound((), score, box, Multipliers((), (), other), 1.0)
        assert found >= score.value(v) - size - 1e-9 * abs(found)
        # And so for any other allocation in the box.
        at = low + rng.uniform(0, 1, n) * (box.high - low)
        assert found >= score.value(at) - size - 1e-9 * abs(found)


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_any_multipliers_bound_any_allocation(seed: int) -> None:
    """No solver at all: a random point of a box, clauses of all shapes made to hold there, and a score that the
    multipliers prove to be best there. So the bound is sharp, and any others must be above it.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    low = 10 * rng.normal(size=n)  # far from zero, so that a wrong tangent shows
    box = Box(low, low + rng.uniform(0.5, 2, n), np.zeros(n, bool))
    v = low + rng.uniform(0.2, 0.8, n) * (box.high - low)
    clauses, penalty = some_clauses(rng, v), float(rng.uniform(0.1, 2))
    weights = []
    for clause in clauses:
        held = rng.exponential(size=clause.size) * (np.abs(clause.excess(v)) < 1e-12)
        if clause.penalty is not None:
            held = penalty * clause.penalty * (clause.excess(v) > 0)
        weights.append(held)
    curve = Quadratic(Sparse.dense(rng.normal(size=(3, n))))
    own = Multipliers(tuple(weights), tuple(clause.witness(v) for clause in clauses), (np.zeros(0), curve.witness(v)))
    nothing = Score(((1.0, Linear(np.zeros(n))), (-0.7, curve)))
    gain = -slope(clauses, nothing, n, own, penalty)
    score = Score(((1.0, Linear(gain)), (-0.7, curve)))
    reached = score.value(v) - penalty * shortfall(clauses, v)
    size = 1e-9 * (1 + abs(reached) + float(np.abs(gain).sum()))
    assert bound(clauses, score, box, own, penalty) == pytest.approx(reached, abs=size)
    for only in (None, *SHAPES):
        found = bound(clauses, score, box, perturbed(rng, clauses, own, only), penalty)
        assert found >= reached - 1e-9 * (1 + abs(found)) - size


def slope(clauses: tuple[Clause, ...], score: Score, n: int, given: Multipliers, penalty: float) -> Vector:
    """The gradient of the line behind a bound, by differences of boxes that are single points."""

    def at(v: Vector) -> float:
        return bound(clauses, score, Box(v, v, np.zeros(n, bool)), given, penalty)

    return np.array([at(unit) - at(np.zeros(n)) for unit in np.eye(n)])
