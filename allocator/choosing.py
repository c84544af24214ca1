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
from allocator.exact_penalty import least_shortfall_first
from allocator.outer_approximation import OuterApproximation
from allocator.program import Point, Program
from allocator.scores import Score, weighted
from allocator.shapes import Clause, soft_ones

CLOSE = 2e-9
"How near the least that the soft rules cost must be known, in parts of equity a year, where that comes first."
LEAST = 1e-8
"How much more than that they may cost then."
MOST_ROUNDS = 100
"Of choosing and solving; each choice is solved once."

Within = Callable[[Sequence[Clause]], Point]


@dataclass(frozen=True, eq=False)
class Chosen:
    """A choice of what is held.

    Attributes:
        clauses: the rules and terms with the choice made.
        value: the optimum within it.
        bound: no allocation, whatever is held, scores more, by the word of the solver.
        solver: which one.
        penalty: what the bound takes off the score for a unit of the soft rules' cost.
    """

    clauses: tuple[Clause, ...]
    value: float
    bound: float
    solver: str
    penalty: float


def choose(
    case: Case,
    clauses: Sequence[Clause],
    scores: Sequence[Score],
    weights: Sequence[float],
    solver: str | None = None,
) -> Chosen | None:
    """The choice whose optimum is best; where the scores have no income, the soft rules' cost is least first.

    Args:
        case: whose lines they are.
        clauses: rules and terms, with choices to make.
        scores: what is weighed.
        weights: of the scores.
        solver: the name of one to try first within a choice.

    Returns:
        None where no choice satisfies the clauses, by the word of a solver.

    Raises:
        NotCertified: no solver found one.
    """
    score, nothing = weighted(scores, weights), [0.0] * len(weights)
    penalty = max(score.income, 0.0)

    def program(settled: Sequence[Clause]) -> Program:
        return Program(settled, scores, case.box, case.spread, solver)

    if penalty > 0 or not soft_ones(clauses):
        return _best(case, clauses, score, penalty, lambda s: program(s).solve(weights, penalty, 1e-10))
    least = _best(case, clauses, score * 0.0, 1.0, lambda s: program(s).solve(nothing, 1.0, 1e-10))
    if least is None:
        return None
    most = LEAST - least.value

    def within(settled: Sequence[Clause]) -> Point:
        """The best of what misses the soft rules least, where that is no more than elsewhere."""
        own = program(settled)
        point = own.solve(nothing, 1.0, 1e-10)
        if point.status == "optimal" and point.value < -most:
            return replace(point, status="infeasible")
        exact, _ = least_shortfall_first(own, weights)
        found = own.solve(weights, exact, 1e-10)
        return replace(found, value=score.value(found.v)) if found.status == "optimal" else found

    return _best(case, clauses, score, 0.0, within, most)


def _best(
    case: Case, clauses: Sequence[Clause], score: Score, penalty: float, within: Within, most: float = np.inf
) -> Chosen | None:
    outer = OuterApproximation(clauses, score, case.box, penalty, most)
    point = within(clauses)  # whatever is held
    if point.status == "infeasible":
        return None
    best, bound, found = -np.inf, np.inf, None
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
        settled = settle(case, clauses, relaxed.picked)
        point = within(settled)
        if point.status == "infeasible":
            outer.bar(relaxed.binaries)
        elif point.value > best:
            best, found = point.value, settled
    if found is None:
        raise NotCertified(f"none of {MOST_ROUNDS} choices of lines keeps the rules; ask fewer tickets and counts")
    return Chosen(found, best, bound, "highs", penalty)
