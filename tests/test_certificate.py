"""The certificate on programs small enough to do by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import book
from test_shapes import data

import allocator as al
from allocator.certificate import Certificate, bound, certify, legal, shortfall
from allocator.optimum import optimum
from allocator.program import Program
from allocator.scores import Linear, Quadratic, Score
from allocator.shapes import Box, Clause, Cone, Equal, Multipliers, Rows
from allocator.solution import Solution
from allocator.sparse import Sparse, Vector

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")

BOX = Box(np.zeros(2), np.ones(2), np.zeros(2, bool))
GAIN = Score(((1.0, Linear(np.array([2.0, 1.0]))),), give=1e-6)
CAP = Rows(**data(size=2, R0=Sparse.dense(np.array([[-1.0, -1.0]])), theta=np.array([1.2])))
"x0 + x1 <= 1.2 in the unit square: 2 x0 + x1 is at most 2.2, at (1, 0.2), and the cap's multiplier is 1."


def given(clauses: tuple[Clause, ...], *weights: float, score: Score = GAIN, at: Any = (0.0, 0.0)) -> Multipliers:
    v = np.asarray(at, float)
    chosen = tuple(np.full(clause.size, weight) for clause, weight in zip(clauses, weights, strict=True))
    return Multipliers(chosen, tuple(clause.witness(v) for clause in clauses), tuple(score.witness(v)))


def test_the_right_multiplier_closes_the_gap() -> None:
    found = certify([CAP], GAIN, BOX, np.array([1.0, 0.2]), given((CAP,), 1.0), 0.0)
    assert found.bound == pytest.approx(2.2, abs=1e-15)
    assert found.gap == pytest.approx(0.0, abs=1e-15)
    assert found.passes


@pytest.mark.parametrize(("weight", "most"), [(0.0, 3.0), (0.5, 2.6), (1.0, 2.2), (1.5, 2.3), (2.0, 2.4), (-3.0, 3.0)])
def test_any_multiplier_gives_a_bound_and_none_below_the_optimum(weight: float, most: float) -> None:
    """L(w) = 1.2 w + max(2 - w, 0) + max(1 - w, 0), w clipped at zero."""
    assert bound([CAP], GAIN, BOX, given((CAP,), weight), 0.0) == pytest.approx(most)


def test_worse_amounts_have_a_gap() -> None:
    found = certify([CAP], GAIN, BOX, np.array([0.9, 0.3]), given((CAP,), 1.0), 0.0)
    assert found.gap == pytest.approx(0.1)
    assert found.feasible
    assert not found.passes


@pytest.mark.parametrize("v", [(1.0, 0.2 + 2e-7), (1.0 + 2e-7, 0.1), (0.5, -2e-7)])
def test_amounts_outside_the_rules_or_the_box_fail(v: tuple[float, float]) -> None:
    found = certify([CAP], GAIN, BOX, np.array(v), given((CAP,), 1.0), 0.0)
    assert found.worst == pytest.approx(2e-7, rel=1e-6)
    assert not found.feasible
    assert not found.passes


def test_what_an_excess_within_tolerance_earns_is_added_to_the_gap() -> None:
    found = certify([CAP], GAIN, BOX, np.array([1.0, 0.2 + 5e-8]), given((CAP,), 1.0), 0.0)
    assert found.passes
    assert found.bound - found.value == pytest.approx(-5e-8, rel=1e-6)
    assert found.gap == pytest.approx(0.0, abs=1e-15)


def test_an_equality_takes_a_multiplier_of_either_sign() -> None:
    """-x0 where x0 + x1 = 1.2: at best -0.2."""
    row = Equal(**data(size=2, R0=Sparse.dense(np.array([[1.0, 1.0]])), c0=np.array([-1.2]), c1=np.zeros(1)))
    score = Score(((1.0, Linear(np.array([-1.0, 0.0]))),), give=1e-6)
    assert bound([row], score, BOX, given((row,), 1.0, score=score), 0.0) == pytest.approx(-0.2)
    assert bound([row], score, BOX, given((row,), -1.0, score=score), 0.0) >= -0.2
    assert certify([row], score, BOX, np.array([0.2, 1.0]), given((row,), 1.0, score=score), 0.0).passes


def test_a_soft_rule_is_priced_at_its_penalty_at_most() -> None:
    """At 0.3 a dollar a breach of x0 + x1 <= 1.2 pays: both go to one, at 3 - 0.3 * 0.8."""
    soft = replace(CAP, penalty=0.3)
    assert legal(soft, np.array([5.0]), 1.0).tolist() == [0.3]
    assert shortfall([soft], np.array([1.0, 1.0])) == pytest.approx(0.3 * 0.8)
    found = certify([soft], GAIN, BOX, np.array([1.0, 1.0]), given((soft,), 5.0), 1.0)
    assert found.value == pytest.approx(2.76)
    assert found.bound == pytest.approx(2.76)
    assert found.passes


def test_a_quadratic_score_is_bounded_by_any_tangent() -> None:
    """x0 + x1 - x0^2 - x1^2 is at most 1/2."""
    parts = ((1.0, Linear(np.ones(2))), (-1.0, Quadratic(Sparse.dense(np.eye(2)))))
    score = Score(parts, give=1e-6)
    best = Multipliers((), (), tuple(score.witness(np.array([0.5, 0.5]))))
    assert bound([], score, BOX, best, 0.0) == pytest.approx(0.5)
    other = Multipliers((), (), tuple(score.witness(np.array([0.1, 0.9]))))
    assert bound([], score, BOX, other, 0.0) > 0.5


def test_a_cone_by_hand() -> None:
    """2 x0 + x1 where |x| <= 1: at most root five."""
    cone = Cone(**data(size=2, M=Sparse.dense(np.eye(2)), k=np.zeros(2), theta=np.ones(1)))
    v = np.array([2.0, 1.0]) / np.sqrt(5)
    found = certify([cone], GAIN, BOX, v, given((cone,), np.sqrt(5), at=v), 0.0)
    assert found.bound == pytest.approx(np.sqrt(5))
    assert found.passes
    assert not certify([cone], GAIN, BOX, v * 1.0001, given((cone,), np.sqrt(5), at=v), 0.0).feasible


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_never_passes(bad: float) -> None:
    assert not certify([CAP], GAIN, BOX, np.array([bad, 0.2]), given((CAP,), 1.0), 0.0).passes
    with np.errstate(invalid="ignore"):
        assert not certify([CAP], GAIN, BOX, np.array([1.0, 0.2]), given((CAP,), bad), 0.0).passes


@pytest.fixture(scope="module")
def solved() -> tuple[al.Case, Solution, Program]:
    from conftest import small_case

    case = small_case()
    rules = book(
        al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
        al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
        al.rules.Concentration(id="top", title="Top", by="line", measure="top-n", n=2, of="deployed", at_most="70%"),
    )
    score = al.DividendYield().score(case)
    program = Program(rules.clauses(case), [score], case.box, case.spread)
    solution = optimum(program, case.decision, [1.0], score, 1.0)
    assert solution is not None
    return case, solution, program


@pytest.mark.parametrize(
    ("capital", "geared", "broken"),
    [
        ([60, 10, 10, 10, 10], 0, "one"),
        ([35, 35, 10, 10, 10], 0, "terms.capacity"),
        ([5, 30, 40, 15, 10], 0, "risk"),
        ([38, 5, 38, 10, 9], 0, "top"),
        ([25, 25, 25, 25, 15], 15, "terms.gearing"),
        ([20, 20, 20, 60, -20], 0, "bounds"),
    ],
)
def test_hand_made_amounts_that_break_a_rule_fail(
    solved: tuple[al.Case, Solution, Program], capital: list[float], geared: float, broken: str
) -> None:
    found = checked(solved, capital, geared)
    clauses = [clause for clause in solved[1].clauses if clause.rule == broken]
    v = vector(solved[0], capital, geared)
    assert not found.feasible
    assert found.worst_rule in {broken, "terms.capacity", "terms.cover", "bounds"}
    assert not clauses or max(clause.excess(v).max() for clause in clauses) > 1e-7


def vector(case: al.Case, capital: list[float], geared: float) -> Vector:
    d = case.decision
    loans = np.zeros(d.pairs)
    loans[d.pair_names().index(("docks", "senior"))] = geared
    return d.vector(np.asarray(capital, float) / case.equity, loans / case.equity)


def checked(solved: tuple[al.Case, Solution, Program], capital: list[float], geared: float) -> Certificate:
    case, solution, program = solved
    v = vector(case, capital, geared)
    return certify(solution.clauses, solution.score, program.box, v, solution.multipliers, solution.penalty)


def test_hand_made_amounts_that_keep_the_rules_are_not_optimal(solved: tuple[al.Case, Solution, Program]) -> None:
    assert solved[1].certificate.passes
    found = checked(solved, [20, 20, 20, 20, 20], 0)
    assert found.feasible
    assert not found.passes
    # 6.5% on average, 10 bp of fee, and by hand what compression costs: slope / (2 K) (x - K / 2)^2.
    lost = 0.03 / 2 * (5**2 / 30 + 0 / 40 + 0 + 5**2 / 30)
    assert found.value == pytest.approx(0.065 - 0.001 - lost / 100, abs=1e-12)
