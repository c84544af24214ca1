"""Which lines are held: a mixed-integer program chooses, and its solver says how much better another choice can be.

The optimum is then found, and proved, within that choice, where all is convex. That no other choice does better is the
solver's word, and is told as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.case import Case
from allocator.chosen import settle
from allocator.errors import NotCertified
from allocator.program import Point, Program
from allocator.shapes import Clause

LEAST = 1e-7
"How much more than the least the soft rules may cost, where that comes first."


@dataclass(frozen=True, eq=False)
class Chosen:
    """A choice of what is held.

    Attributes:
        clauses: the rules and terms with the choice made.
        bound: no allocation, whatever is held, scores more, by the word of the solver.
        solver: which one.
        penalty: what the bound takes off the score for a unit of the soft rules' cost.
    """

    clauses: tuple[Clause, ...]
    bound: float
    solver: str
    penalty: float


def choose(program: Program, case: Case, weights: Sequence[float], penalty: float) -> Chosen | None:
    """The choice whose optimum is best.

    Args:
        program: with choices to make.
        case: whose lines they are.
        weights: of the program's scores.
        penalty: how much one unit of the soft rules' cost takes off; where it is zero their cost is least first.

    Returns:
        None where a solver says that no choice satisfies the clauses.

    Raises:
        NotCertified: no solver found one, or the one found does not keep the rules exactly.
    """
    if penalty <= 0 and any(clause.penalty is not None for clause in program.clauses):
        nothing = [0.0] * len(weights)
        least = _good(program.solve(nothing, 1.0))
        if least is None:
            return None
        found = _good(program.hold(least.value - LEAST, nothing, 1.0, weights, 0.0, 1e-8))
    else:
        found = _good(program.solve(weights, penalty))
    if found is None:
        return None
    return Chosen(settle(case, program.clauses, found.chosen), found.bound, found.solver, penalty)


def _good(point: Point) -> Point | None:
    if point.status == "failed":
        raise NotCertified(
            "no solver could choose which lines to hold; try another --solver, or fewer tickets and counts"
        )
    return None if point.status == "infeasible" else point
