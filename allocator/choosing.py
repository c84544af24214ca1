"""Which lines are held: tangents and whole choices tell the best choice, and the optimum within it draws more tangents.

That ends where the bound over all choices meets an optimum within one. Within it all is convex, and proved; that no
other choice does better is the word of the solver that chose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.case import Case
from allocator.certificate import TOLERANCE
from allocator.chosen import settle
from allocator.errors import NotCertified
from allocator.exact_penalty import least_shortfall
from allocator.outer_approximation import OuterApproximation
from allocator.program import Point, Program
from allocator.scores import Score, weighted
from allocator.shapes import Clause, Cone, Tail, hard_ones, largest_excess, soft_ones
from allocator.sparse import Vector

CLOSE = 2e-9
"How near the least that the soft rules cost must be known, in parts of equity a year, where that comes first."
SPARE = 1e-6
"By how much of equity more they may be missed then, at the least of their penalties."
STILL = 1e-3
"Of what counts as the same: where a choice is met again, and the bound has moved by less, tangents help no more."
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
    most = SPARE * min(each.penalty or 0.0 for each in soft_ones(clauses)) - least.point.value
    # The best of what misses the soft rules no more than that.
    return best(score, 0.0, lambda own: own.hold(-most, [0.0] * len(weights), 1.0, weights), most)


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
    if point.multipliers is not None:
        outer.touch(point.v, point.multipliers.score)
    best, bound, undecided = -np.inf, np.inf, -np.inf
    found: tuple[Program, Point] | None = None
    tried = set[bytes]()
    for _ in range(MOST_ROUNDS):
        relaxed = outer.best()
        if relaxed is None:
            bound = best
            break
        before, bound = bound, relaxed.bound
        same = score.tolerance(relaxed.v) if score.size else CLOSE
        outer.touch(relaxed.v, score.witness(relaxed.v))
        key = relaxed.binaries.tobytes()
        known = key in tried
        if bound <= best + same or (known and before - bound < STILL * same):
            break
        if known:
            continue
        tried.add(key)
        own = program(settle(case, outer.clauses, relaxed.picked))
        point = within(own)
        if point.status == "infeasible":
            outer.bar(relaxed.binaries)
            nearest = _nearest(case, own.clauses)
            outer.touch(nearest, score.witness(nearest))
        elif point.status == "failed" or largest_excess(hard_ones(own.clauses), point.v) > TOLERANCE:
            # Whatever the solver says, nobody knows what this choice is worth: no more than all that is left.
            outer.bar(relaxed.binaries)
            undecided = max(undecided, bound)
        else:
            assert point.multipliers is not None
            outer.touch(point.v, point.multipliers.score)
            if point.value > best:
                best, found = point.value, (own, point)
    if found is not None:
        return Chosen(*found, max(bound, undecided), penalty)
    if undecided == -np.inf and relaxed is None:
        return None
    raise NotCertified("no solver found which lines to hold; try another --solver, or ask fewer tickets and counts")


def _nearest(case: Case, clauses: Sequence[Clause]) -> Vector:
    """Where what is curved is missed least by what keeps all else: tangents there leave nothing of the choice."""
    hard = [replace(each, penalty=1.0) if isinstance(each, Cone | Tail) else each for each in hard_ones(clauses)]
    return Program(hard, [Score.nothing(case.decision.size)], case.box, case.spread).solve([0.0], 1.0).v
