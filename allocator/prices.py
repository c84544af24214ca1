"""What each number of a rule or term is worth: read off the multipliers, and checked by re-solving on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from allocator.program import Point, Program
from allocator.shapes import Clause, Number
from allocator.solution import Solution, binding
from allocator.sparse import Vector
from allocator.units import Quantity

NEAR, NEARER = 1e-4, 1e-5
"Small moves of a limit, relative to it; the second where the first leaves open whether there is a kink or a curve."
APART = 0.01
"Slopes that differ by more than this part of themselves make a price unclear."
WORTH = 1e-7
"Of the score's size: terms worth less for a whole step are not told, and slopes no further apart are the same."
MOST_TERMS = 40
"Members of terms that are re-solved: the dearest ones, where their limits are parameters."


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
    size = solution.score.size
    for index, clause in enumerate(solution.clauses):
        weight = solution.multipliers.weights[index]
        binds = binding(clause, weight, size)
        by_theta = clause.price(solution.optimum, weight)
        if solution.least is not None:
            # Least shortfall first: there the penalty is a means only, and what it takes off is no part of a price.
            by_theta = by_theta - solution.penalty * clause.price(solution.optimum, solution.least.weights[index])
        if clause.numbers:
            for number in clause.numbers:
                slope = float(by_theta.sum() * number.slope) if binds.any() else 0.0
                found.append(Price(index, None, number.name, number.value, number.unit, slope))
        elif clause.priced:
            worth = np.abs(by_theta) * clause.unit.step
            for member in np.flatnonzero(binds & (worth > WORTH * size)):
                theta = float(clause.theta[member])
                terms.append(Price(index, int(member), "limit", theta, clause.unit, float(by_theta[member])))
    terms.sort(key=lambda price: -abs(price.slope) * price.unit.step)
    if not resolve:
        return found + terms
    movable = [price for price in terms if program.moves(price.clause)][:MOST_TERMS]
    left = [price for price in terms if price not in movable]
    checked = _check(program, solution, weights, found + movable, NEAR)
    # The slopes of a curve draw together as the moves shrink; those of a kink don't.
    doubted = [price for price in checked if price.clear is False and None not in (price.below, price.above)]
    closer = _check(program, solution, weights, doubted, NEARER) if doubted else []
    curved = {_key(price): price for price in closer if _agree(price)}
    told = []
    for price in checked:
        near = curved.get(_key(price), price)
        told.append(replace(price, below=near.below, above=near.above, clear=price.clear if near is price else True))
    return told + left


def _key(price: Price) -> tuple[int, int | None, str]:
    return price.clause, price.member, price.number


def _agree(price: Price) -> bool:
    slopes = [price.slope, price.below, price.above]
    measured = [slope for slope in slopes if slope is not None]
    return len(measured) == len(slopes) and max(measured) - min(measured) <= APART * max(map(abs, measured))


def _check(program: Program, solution: Solution, weights: list[float], given: list[Price], near: float) -> list[Price]:
    """The prices with what re-solving gave, a little under and over each number; as they were where it gave nothing."""
    moves = [_moves(solution, price, near) for price in given]
    jobs = [(None, 0.0), *((price, value) for price, own in zip(given, moves, strict=True) for value in own.values())]
    base, *rest = _resolve(program, solution, weights, jobs)
    results = iter(rest)
    if base is None:
        return given
    return [
        _checked(price, {name: (value, next(results)) for name, value in own.items()}, base, solution.score.size)
        for price, own in zip(given, moves, strict=True)
    ]


def _number(clause: Clause, price: Price) -> Number:
    return next(number for number in clause.numbers if number.name == price.number)


def _moves(solution: Solution, price: Price, near: float) -> dict[str, float]:
    """The values of the number to re-solve at.

    Where it binds, a little to both sides, and for a rule whole steps; elsewhere nothing, since its price is zero. A
    rule that is tight without a multiplier is checked too: one that stands twice has its price on one side only.
    """
    clause = solution.clauses[price.clause]
    step, value = price.unit.step, price.value
    h = near * (abs(value) or step)
    number = _number(clause, price) if price.member is None else None
    tight = False
    if number is not None:
        with np.errstate(all="ignore"):
            level = number.at(clause.level(solution.optimum))
        tight = bool((np.abs(level - value) <= h / 2).any())
    found: dict[str, float] = {}
    if tight or binding(clause, solution.multipliers.weights[price.clause], solution.score.size).any():
        found |= {"below": value - h, "above": value + h}
        if number is not None:
            found |= {"down": value - step, "up": value + step}
    return {name: moved for name, moved in found.items() if moved >= 0 and (number is None or number.allows(moved))}


@dataclass(frozen=True)
class _Optimum:
    """The optimal score with a number at another value, and the point whose bound says how far it may be off."""

    score: float
    point: Point

    @property
    def gap(self) -> float:
        return max(self.point.bound - self.point.value, 0.0)


def _resolve(
    program: Program, solution: Solution, weights: list[float], jobs: list[tuple[Price | None, float]]
) -> list[_Optimum | None]:
    """The optimum for each price's number at another value; None where nothing satisfies the clauses."""
    path = [
        {} if price is None else {price.clause: _theta(solution.clauses[price.clause], price, value)}
        for price, value in jobs
    ]
    able = [all(np.isfinite(theta).all() for theta in moved.values()) for moved in path]
    points = program.along(weights, solution.penalty, [moved for moved, can in zip(path, able, strict=True) if can])

    def reading(point: Point) -> _Optimum | None:
        if point.status != "optimal":
            return None
        return _Optimum(point.value if solution.least is None else solution.score.value(point.v), point)

    return [reading(next(points)) if can else None for can in able]


def _theta(clause: Clause, price: Price, value: float) -> Vector:
    """The clause's parameters with the number at another value."""
    theta = clause.theta.copy()
    if price.member is not None:
        theta[price.member] = value
    else:
        theta[:] = _number(clause, price).theta(value)
    return theta


def _checked(price: Price, results: dict[str, tuple[float, _Optimum | None]], base: _Optimum, size: float) -> Price:
    """The price with what the re-solves gave: slopes a little under and over the number, and whole steps."""
    sides: dict[str, float | None] = {"below": None, "above": None}
    steps: dict[str, float | None] = {"down": None, "up": None}
    for name, (value, found) in results.items():
        if found is not None and name in sides:
            sides[name] = (found.score - base.score) / (value - price.value)
        elif found is not None:
            steps[name] = found.score - base.score
    return replace(
        price,
        below=sides["below"],
        above=sides["above"],
        step_down=steps["down"],
        step_up=steps["up"],
        clear=_clear(price, sides, results, base, size) if "above" in results else None,
    )


def _clear(
    price: Price,
    sides: dict[str, float | None],
    results: dict[str, tuple[float, _Optimum | None]],
    base: _Optimum,
    size: float,
) -> bool:
    """Whether the slopes on both sides agree with the price, or differ by no more than the re-solves' gaps explain."""
    measured = [slope for slope in sides.values() if slope is not None]
    if len(measured) < len(sides):
        return False
    slopes = [price.slope, *measured]
    apart = max(slopes) - min(slopes)
    if apart <= max(APART * max(map(abs, slopes)), WORTH * size / price.unit.step):
        return True
    noise = 2 * base.gap + sum(found.gap for name, (_, found) in results.items() if name in sides and found is not None)
    return apart <= noise / abs(results["above"][0] - price.value)
