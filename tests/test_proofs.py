"""What is proved of a program's numbers holds whatever the multipliers, and is close where they are good."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import draw

from allocator.canonical import Canonical
from allocator.program import Program
from allocator.proofs import Checker
from allocator.question import Question
from allocator.solvers.clarabel import Clarabel


def checked(seed: int) -> tuple[Program, Canonical, Question]:
    case, rules, objectives, weights = draw(seed)
    program = Program(rules.clauses(case), [each.score(case) for each in objectives], case.box, case.spread)
    scale = program.scale(weights)
    return program, program._written("first"), Question(np.array(weights) * scale, 0.5 * scale)


@pytest.mark.parametrize("seed", range(30))
def test_a_proof_holds(seed: int) -> None:
    program, canonical, question = checked(seed)
    conic = canonical.conic(question)
    found = Clarabel.start(conic, 1e-10)(conic)
    if found.status != "optimal":
        assert found.status == "infeasible"
        return
    checker = Checker(conic, *canonical.spans(1.0))
    proof = checker.proof(conic, found.x, found.y)
    assert proof.worst < 1e-7
    assert -1e-9 < proof.gap < 1e-6
    # The certificate of the clauses says the same; its bound is of the scores, in units of their own.
    point = program._point(canonical.answer(found), "clarabel", question, 1.0)
    assert point.bound + canonical.constant(question) == pytest.approx(-proof.bound, abs=1e-6)
    # Any multipliers give a valid bound: a bad one only says less.
    rng = np.random.default_rng(seed)
    for size in (0.01, 1.0):
        bad = checker.proof(conic, found.x, found.y + size * rng.normal(size=len(found.y)))
        assert bad.bound <= proof.cost + 1e-8


def test_what_is_broken_is_told() -> None:
    """Half a percent more of everything breaks the sum of all."""
    _, canonical, question = checked(4)
    conic = canonical.conic(question)
    found = Clarabel.start(conic, 1e-10)(conic)
    checker = Checker(conic, *canonical.spans(1.0))
    assert checker.proof(conic, found.x * 1.005, found.y).worst > 1e-3
    assert checker.proof(conic, found.x - 0.1, found.y).worst > 0.05


def test_a_conflict_is_proved_and_not_believed() -> None:
    """Whoever draws a ray, what it proves is true; wherever the truth is infeasible, the solver's own proves it."""
    proved = 0
    for seed in range(60):
        _, canonical, question = checked(seed)
        conic = canonical.conic(question)
        found = Clarabel.start(conic, 1e-10)(conic)
        checker = Checker(conic, *canonical.spans(1.0))
        if found.status == "infeasible":
            proved += 1
            assert checker.conflict(conic, found.y) > 1e-7
            assert checker.conflict(conic, 1e6 * found.y) == pytest.approx(checker.conflict(conic, found.y))
        else:
            rng = np.random.default_rng(seed)
            for ray in (found.y, *rng.normal(size=(5, len(found.y))), np.zeros(len(found.y))):
                assert checker.conflict(conic, ray) <= 1e-9
    assert proved > 5
