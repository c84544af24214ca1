"""Which lines are held: tangents and whole choices tell the best choice, and the optimum within it draws more tangents.

That ends where the bound over all choices meets an optimum within one. Within it all is convex, and proved; that no
other choice does better is the word of the solver that chose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.case import Case
from allocator.chosen import settle
from allocator.errors import NotCertified
from allocator.exact_penalty import exact_penalty, least_shortfall
from allocator.outer_approximation import OuterApproximation
from allocator.program import Point, Program
from allocator.scores import Score, weighted
from allocator.shapes import Clause, Cone, Tail, hard_ones, soft_ones
from allocator.sparse import Vector

CLOSE = 2e-9
"How near the least that the soft rules cost must be known, in parts of equity a year, where that comes first."
LEAST = 1e-8
"How much more than that they may cost then."
MOST_ROUNDS = 100
"Of choosing and solving; each choice is solved once."

SOLVER = "highs"
"Who chooses."

Within = Callable[[Program], Point]
"Finds the optimum within a choice."


@dataclass(frozen=True, eq=False)
class Chosen:
    """A choice of what is held.

    Attributes:
        program: the scores under the rules and terms, with the choice made.
        point: the optimum within it.
        bound: no allocation, whatever is held, scores more, by the word of `SOLVER`.
        penalty: what the bound takes off the score for a unit of the soft rules' cost.
    """

    program: Program
    point: Point
    bound: float
    penalty: float


def choose(
    case: Case,
    clauses: Sequence[Clause],
    scores: Sequence[Score],
    weights: Sequence[float],
    solver: str | None = None,
    give: float | None = None,
) -> Chosen | None:
    """The choice whose optimum is best; where the scores have no income, the soft rules' cost is least first.

    Args:
        case: whose lines they are.
        clauses: rules and terms, with choices to make.
        scores: what is weighed.
        weights: of the scores.
        solver: the name of one to try first within a choice.
        give: how much of the weighted sum counts as the same; by default as much as its scores say.

    Returns:
        None where no choice satisfies the clauses, by the word of a solver.

    Raises:
        NotCertified: no solver found one.
    """
    score = weighted(scores, weights)
    score = score if give is None else replace(score, give=give)
    penalty = max(score.income, 0.0)

    def program(settled: Sequence[Clause]) -> Program:
        return Program(settled, scores, case.box, case.spread, solver)

    def best(score: Score, penalty: float, within: Within, most: float = np.inf) -> Chosen | None:
        return _best(case, program, within, penalty, OuterApproximation(clauses, score, case.box, penalty, most))

    if penalty > 0 or not soft_ones(clauses):
        return best(score, penalty, lambda own: own.solve(weights, penalty, 1e-10))
    least = best(score * 0.0, 1.0, least_shortfall)
    if least is None or not score.size:
        return least
    most = LEAST - least.point.value

    def within(own: Program) -> Point:
        """The best of what misses the soft rules least, where that is no more than elsewhere."""
        least = least_shortfall(own)
        if least.status == "optimal" and least.value < -most:
            return replace(least, status="infeasible")
        found = own.solve(weights, exact_penalty(own, weights, least), 1e-10)
        return replace(found, value=score.value(found.v)) if found.status == "optimal" else found

    return best(score, 0.0, within, most)


def _best(
    case: Case,
    program: Callable[[Sequence[Clause]], Program],
    within: Within,
    penalty: float,
    outer: OuterApproximation,
) -> Chosen | None:
    score = outer.score
    point = within(program(outer.clauses))  # whatever is held
    if point.status == "infeasible":
        return None
    best, bound = -np.inf, np.inf
    found: tuple[Program, Point] | None = None
    tried = set[bytes]()
    for _ in range(MOST_ROUNDS):
        if point.status == "failed":
            raise NotCertified("no solver found an optimum within a choice of lines; try another --solver")
        if point.multipliers is not None:
            outer.touch(point.v, point.multipliers.score)
        relaxed = outer.best()
        if relaxed is None and found is None:
            return None
        if relaxed is None:
            break
        bound = relaxed.bound
        if bound <= best + (score.tolerance(relaxed.v) if score.size else CLOSE):
            break
        outer.touch(relaxed.v, score.witness(relaxed.v))
        key = relaxed.binaries.tobytes()
        if key in tried:
            continue
        tried.add(key)
        own = program(settle(case, outer.clauses, relaxed.picked))
        point = within(own)
        if point.status == "infeasible":
            outer.bar(relaxed.binaries)
            nearest = _nearest(case, own.clauses)
            outer.touch(nearest, score.witness(nearest))
        elif point.value > best:
            best, found = point.value, (own, point)
    if found is None:
        raise NotCertified(f"none of {MOST_ROUNDS} choices of lines keeps the rules; ask fewer tickets and counts")
    return Chosen(*found, bound, penalty)


def _nearest(case: Case, clauses: Sequence[Clause]) -> Vector:
    """Where what is curved is missed least by what keeps all else: tangents there leave nothing of the choice."""
    hard = [replace(each, penalty=1.0) if isinstance(each, Cone | Tail) else each for each in hard_ones(clauses)]
    return Program(hard, [Score.nothing(case.decision.size)], case.box, case.spread).solve([0.0], 1.0).v
