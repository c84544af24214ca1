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
from allocator.scores import Score
from allocator.solution import Attempt, Solution
from allocator.sparse import Vector

TOLERANCES = (1e-8, 1e-10)


def optimum(
    program: Program,
    decision: Decision,
    weights: Sequence[float],
    score: Score,
    penalty: float,
    levels: Sequence[float] = (),
) -> Solution | None:
    """The canonical optimum of the weighted scores, whose sum is `score`; where there are `levels`, each keeps its own.

    Solvers are tried in their order, each at tighter tolerances, until a certificate passes; a solver's own word is
    never enough.

    Returns:
        The first solution whose certificate passes, else the last one found; None where a solver finds nothing that
        satisfies the clauses.
    """
    attempts: list[Attempt] = []
    found: Solution | None = None
    # No two allocations share the optimum: the first stage's is the answer, and as near as it can be.
    alone = score.strict and not decision.pairs and not levels

    def tried(first: Point, v: Vector, solver: str, tolerance: float) -> Solution:
        closed = _closed(program, decision, score, penalty, first, v)
        proved = closed.certificate
        why = f"gap {proved.gap:.2g}, excess {proved.worst:.2g} of '{proved.worst_rule}'"
        attempts.append(Attempt(solver, tolerance, "certified" if proved.passes else f"not certified: {why}"))
        return replace(closed, attempts=tuple(attempts))

    for name, _ in program.solvers:
        firsts: list[tuple[Point, float]] = []
        for tolerance in TOLERANCES[::-1] if alone else TOLERANCES:
            first = program.solve(weights, penalty, tolerance, name)
            if first.status == "infeasible":
                return None
            if first.status != "optimal":
                attempts.append(Attempt(name, tolerance, "the solver failed"))
                break
            firsts.append((first, tolerance))
            second = first if alone else _canonical(program, weights, score, penalty, first, levels)
            if second is None:
                attempts.append(Attempt(name, tolerance, "the canonical choice failed"))
                continue
            solver = name if second.solver == name else f"{name}, then {second.solver}"
            found = tried(first, second.v, solver, tolerance)
            if found.certificate.passes:
                return found
        for first, tolerance in () if levels else firsts:
            found = tried(first, first.v, f"{name}, one of many that are as good", tolerance)
            if found.certificate.passes:
                return found
    return found


def _canonical(
    program: Program,
    weights: Sequence[float],
    score: Score,
    penalty: float,
    first: Point,
    levels: Sequence[float],
) -> Point | None:
    """The allocation that spreads by capacity among those as good as the first stage's."""
    level = first.value - score.tolerance(first.v)
    for tolerance in reversed(TOLERANCES):
        if levels:
            second = program.keep(levels, tolerance, first.solver)
        else:
            second = program.hold(level, weights, penalty, tolerance=tolerance, solver=first.solver)
        if second.status == "optimal":
            return second
    return None


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
