"""A solved allocation: amounts to the dollar, what proves them, and how they were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.certificate import Certificate
from allocator.scores import Score
from allocator.shapes import Clause, Multipliers, shortfall
from allocator.sparse import Indices, Vector

FORMAT, BARGAIN, FRONTIER = "allocator/outcome/1", "allocator/bargain/1", "allocator/frontier/1"
Record = dict[str, Any]
"A solution as plain data, which JSON holds without loss."

BINDS = 1e-5
"A clause binds where room is worth more than this part of what the best line is worth to the score."

LEAST_GAP = 2e-6
"How much more than the least the soft rules may cost, in parts of equity a year, where that comes first."


def binding(clause: Clause, weight: Vector, size: float) -> NDArray[np.bool_]:
    """Which members of a clause hold the objective back, by their multipliers; `size` is the score's."""
    return np.asarray(np.abs(weight) > BINDS * size)


@dataclass(frozen=True)
class Attempt:
    """One try of a solver and why it was, or was not, accepted."""

    solver: str
    tolerance: float
    result: str


@dataclass(frozen=True)
class OverChoices:
    """What a solver says of all choices of what is held.

    Attributes:
        solver: whose word it is.
        bound: no allocation scores more, whatever is held.
        gap: by how much that is more than the allocation's.
        allowed: the gap up to which the choice counts as the best.
    """

    solver: str
    bound: float
    gap: float
    allowed: float


@dataclass(frozen=True, eq=False)
class Solution:
    """The canonical optimum of a program.

    Attributes:
        capital, loans, reserve: in billionths of a unit, exactly balanced.
        v: the same, in parts of equity.
        optimum: v of the first stage, at which the multipliers were read.
        value: the score there.
        score, penalty: what was maximised, and how much of it a unit of the soft rules' cost takes off.
        clauses: rules and terms.
        multipliers: what proves the bound.
        certificate: what was proved.
        attempts: every try, the accepted one last.
        least: where the objective has no income, what proves that the soft rules' shortfall is least.
        least_gap: how much more than the least it may be.
        over_choices: where it was chosen what is held, how much better another choice may be; all else is within it.
    """

    capital: Indices
    loans: Indices
    reserve: int
    v: Vector
    optimum: Vector
    value: float
    score: Score
    penalty: float
    clauses: tuple[Clause, ...]
    multipliers: Multipliers
    certificate: Certificate
    attempts: tuple[Attempt, ...]
    least: Multipliers | None = None
    least_gap: float = 0.0
    over_choices: OverChoices | None = None

    @property
    def passes(self) -> bool:
        """Whether all is proved that the solution claims."""
        chosen = self.over_choices is None or self.over_choices.gap <= self.over_choices.allowed
        return self.certificate.passes and self.least_gap <= LEAST_GAP and chosen


def over_choices(solution: Solution, solver: str, bound: float, penalty: float) -> OverChoices:
    """What a solver's bound over all choices says of a solution within one of them.

    Args:
        solution: within a choice.
        solver: whose word it is.
        bound: on the score over all choices.
        penalty: what the bound takes off for a unit of the soft rules' cost.
    """
    value = solution.score.value(solution.v) - penalty * shortfall(solution.clauses, solution.v)
    # As much as may be given up within a choice, and as much again for the choice.
    allowed = 2 * solution.certificate.allowed
    return OverChoices(solver, bound, float(max(bound - value, 0.0)), allowed)
