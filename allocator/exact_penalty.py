"""How large a penalty makes the soft rules come first, where the objective has no income to pay it from."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.errors import NotCertified
from allocator.program import Point, Program
from allocator.shapes import Multipliers, soft_ones


def least_shortfall(program: Program) -> Point:
    """Where the soft rules cost least; its value is the cost, negative."""
    return program.solve([0.0] * len(program.scores), 1.0, 1e-10)


def least_shortfall_first(program: Program, weights: Sequence[float]) -> tuple[float, Multipliers | None]:
    """A penalty so large that the soft rules' cost is least before the objective counts (an exact penalty).

    The multiplier of the least cost, held, is the smallest penalty that does so; twice as much is safe.

    Returns:
        the penalty, and the multipliers that prove the least cost.

    Raises:
        NotCertified: no solver found them.
    """
    least = least_shortfall(program)
    if least.status == "infeasible":
        return 1.0, None
    held = program.hold(least.value - 1e-7, [0.0] * len(weights), 1.0, weights, 0.0)
    if least.status != "optimal" or held.status != "optimal":
        raise NotCertified("the least shortfall of the soft rules could not be found; try another --solver")
    # What the canonical choice gives up may go into a shortfall too: of that, no more than a millionth of equity.
    score = program.score(weights)
    return max(1.0, score.tolerance(held.v) / score.GIVE) + 2 * abs(held.hold), least.multipliers


def penalty_of(program: Program, weights: Sequence[float]) -> tuple[float, Multipliers | None]:
    """What a unit of the soft rules' cost takes off: what a unit of income adds.

    Without income it is so much that their least shortfall comes first; with the multipliers that prove the least.
    """
    income = program.score(weights).income
    if income > 0 or not soft_ones(program.clauses):
        return max(income, 0.0), None
    return least_shortfall_first(program, weights)
