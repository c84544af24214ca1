"""The one answer: solve, choose the canonical allocation among the optimal ones, round to the dollar, certify.

Optima are degenerate: within a hundredth of a basis point, tens of billions move between like lines and loans. The
second stage spreads them by capacity, so that two solvers, or two orders of the lines, give the same allocation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from allocator.certificate import certify
from allocator.decision import Decision
from allocator.program import Point, Program
from allocator.shapes import Score
from allocator.solution import Attempt, Solution
from allocator.solvers import able
from allocator.sparse import Vector

TOLERANCES = (1e-8, 1e-10)


def optimum(
    program: Program, decision: Decision, weights: Sequence[float], score: Score, penalty: float
) -> Solution | None:
    """The canonical optimum of the weighted scores, whose sum is `score`.

    Solvers are tried in their order, each at tighter tolerances, until a certificate passes; a solver's own word is
    never enough.

    Returns:
        The first solution whose certificate passes, else the last one found; None where a solver finds nothing that
        satisfies the clauses.
    """
    attempts: list[Attempt] = []
    found: Solution | None = None
    for name, _ in able(program.conic, program.quadratic, program.first):
        for tolerance in TOLERANCES:
            first = program.solve(weights, penalty, tolerance, name)
            if first.status == "infeasible":
                return None
            if first.status != "optimal":
                attempts.append(Attempt(name, tolerance, "the solver failed"))
                break
            for v, solver in _choices(program, decision, weights, score, penalty, first):
                found = _closed(program, decision, score, penalty, first, v)
                certificate = found.certificate
                if certificate.passes:
                    attempts.append(Attempt(solver, tolerance, "certified"))
                    return replace(found, attempts=tuple(attempts))
                why = f"gap {certificate.gap:.2g}, excess {certificate.worst:.2g} of '{certificate.worst_rule}'"
                attempts.append(Attempt(solver, tolerance, f"not certified: {why}"))
    return replace(found, attempts=tuple(attempts)) if found else None


def _choices(
    program: Program, decision: Decision, weights: Sequence[float], score: Score, penalty: float, first: Point
) -> list[tuple[Vector, str]]:
    """The canonical allocation, and the first stage's own where it is the only one, or the canonical one fails."""
    own = (first.v, first.solver)
    if score.strict and not decision.pairs:
        return [own]
    level = first.value - score.tolerance(first.v)
    for tolerance in reversed(TOLERANCES):
        second = program.hold(level, weights, penalty, tolerance=tolerance, solver=first.solver)
        if second.status == "optimal":
            break
    else:
        return [(first.v, f"{first.solver}, without the canonical choice")]
    both = first.solver if second.solver == first.solver else f"{first.solver}, then {second.solver}"
    return [(second.v, both), (first.v, f"{first.solver}, without the canonical choice")]


def _closed(program: Program, decision: Decision, score: Score, penalty: float, first: Point, v: Vector) -> Solution:
    assert first.multipliers is not None
    capital, loans, reserve = decision.close(v)
    recorded = decision.opened(capital, loans)
    certificate = certify(program.clauses, score, program.box, recorded, first.multipliers, penalty)
    return Solution(
        capital=capital,
        loans=loans,
        reserve=reserve,
        v=recorded,
        optimum=first.v,
        value=first.value,
        score=score,
        penalty=penalty,
        clauses=program.clauses,
        multipliers=first.multipliers,
        certificate=certificate,
        attempts=(),
    )
