"""What each number of a rule or term is worth: read off the multipliers, and checked by re-solving on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.program import Program
from allocator.shapes import Clause
from allocator.solution import Solution
from allocator.sparse import Vector
from allocator.units import Quantity

NEAR = 1e-4
"A small move of a limit, relative to it."
APART = 0.01
"Slopes that differ by more than this part of themselves make a price unclear."
BINDS = 1e-6
"A dollar of room is worth more than this many dollars a year where a clause binds."
MOST_TERMS = 40
"Members of terms that are re-solved; the dearest ones."


@dataclass(frozen=True)
class Price:
    """What one number is worth to the objective, in score for one unit of the number.

    Attributes:
        clause: the index of the clause.
        member: the index of its member; None for a rule, whose members share the number.
        number: its name, such as `at-most`.
        value: the number now.
        unit: its unit.
        slope: the derivative, from the multipliers.
        below, above: slopes measured by re-solving a little under and over the number; None where that is infeasible
            or was not asked for.
        step_down, step_up: what a whole step changes the score by; None likewise.
        clear: whether the slopes agree, so that the price means something; None where it was not checked.
    """

    clause: int
    member: int | None
    number: str
    value: float
    unit: type[Quantity]
    slope: float
    below: float | None = None
    above: float | None = None
    step_down: float | None = None
    step_up: float | None = None
    clear: bool | None = None


def binding(clause: Clause, weight: Vector) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which members of a clause hold the objective back."""
    return np.abs(weight) > BINDS


def prices(program: Program, solution: Solution, weights: list[float], resolve: bool = True) -> list[Price]:
    """The prices of all numbers of rules, and of all terms that bind.

    Args:
        program: the compiled program.
        solution: its optimum.
        weights: of the program's scores.
        resolve: whether to check each by re-solving.
    """
    found: list[Price] = []
    terms: list[Price] = []
    for index, clause in enumerate(solution.clauses):
        weight = solution.multipliers.weights[index]
        by_theta = clause.price(solution.optimum, weight)
        if clause.numbers:
            for number in clause.numbers:
                slope = float(by_theta.sum() * number.slope)
                found.append(Price(index, None, number.name, number.value, number.unit, slope))
        elif clause.priced:
            for member in np.flatnonzero(binding(clause, weight) & (by_theta != 0)):
                theta = float(clause.theta[member])
                terms.append(Price(index, int(member), "limit", theta, clause.unit, float(by_theta[member])))
    terms.sort(key=lambda price: -abs(price.slope) * price.unit.step)
    if not resolve:
        return found + terms
    base = program.solve(weights, solution.penalty, 1e-10)
    measured = _Measured(program, solution, weights, base.value, base.bound)
    near = [price for price in found if _matters(solution, price)]
    checked = {id(price): measured.check(price) for price in [*near, *terms[:MOST_TERMS]]}
    return [checked.get(id(price), price) for price in found + terms]


def _matters(solution: Solution, price: Price) -> bool:
    """Whether a rule binds, or would after a whole step."""
    clause = solution.clauses[price.clause]
    if binding(clause, solution.multipliers.weights[price.clause]).any():
        return True
    number = next(number for number in clause.numbers if number.name == price.number)
    with np.errstate(all="ignore"):
        distance = np.abs(number.at(clause.level(solution.v)) - price.value)
    return bool(np.nanmin(distance, initial=np.inf) <= price.unit.step)


class _Measured:
    """Re-solves around an optimum."""

    def __init__(self, program: Program, solution: Solution, weights: list[float], value: float, bound: float) -> None:
        self.program, self.solution, self.weights = program, solution, weights
        self.value, self.gap = value, max(bound - value, 0.0)

    def at(self, price: Price, value: float) -> tuple[float, float] | None:
        """The optimal score were the number this one, and its gap; None where nothing satisfies the clauses."""
        clause = self.solution.clauses[price.clause]
        theta = clause.theta.copy()
        if price.member is not None:
            theta[price.member] = value
        else:
            number = next(number for number in clause.numbers if number.name == price.number)
            theta[:] = number.theta(value)
        if not np.isfinite(theta).all():
            return None
        point = self.program.solve(self.weights, self.solution.penalty, 1e-10, theta={price.clause: theta})
        if point.status != "optimal":
            return None
        return point.value, max(point.bound - point.value, 0.0)

    def check(self, price: Price) -> Price:
        """The price with its slopes on both sides and its whole steps."""
        h = NEAR * (abs(price.value) or price.unit.step)
        down, up = self.at(price, price.value - h) if price.value > 0 else None, self.at(price, price.value + h)
        below = None if down is None else (self.value - down[0]) / h
        above = None if up is None else (up[0] - self.value) / h
        noise = (2 * self.gap + (down[1] if down else 0.0) + (up[1] if up else 0.0)) / h
        slopes = [slope for slope in (below, above, price.slope) if slope is not None]
        spread, size = max(slopes) - min(slopes), max(map(abs, slopes))
        clear = below is not None and above is not None and bool(spread <= max(APART * size, noise))
        step = price.unit.step
        lower = self.at(price, price.value - step) if price.value >= step else None
        upper = self.at(price, price.value + step)
        return Price(
            price.clause, price.member, price.number, price.value, price.unit, price.slope, below, above,
            None if lower is None else lower[0] - self.value,
            None if upper is None else upper[0] - self.value,
            clear,
        )  # fmt: skip
