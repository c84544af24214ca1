"""The numbers of a case and its rules by name, to be moved: `one-line.at-most`, `colocation.cash-yield`, `sofr`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from allocator.case import Case
from allocator.codes import Code
from allocator.errors import InputError, Place, nearest
from allocator.lines import KNOWN, MONEY, MULTIPLE, PARTS, TIME
from allocator.shapes import Clause, Number
from allocator.sparse import Vector
from allocator.units import Index, Money, Multiple, Quantity, Rate, Years

FUND = {"fee": Rate, "reserve-yield": Rate}
WRITTEN = {PARTS: Rate, MONEY: Money, TIME: Years, MULTIPLE: Multiple}
"How the numbers of a column are written."
PLAIN = Number("", 0.0, Index)
"What the program is affine in is the input itself."


def _as_it_is(case: Case, value: float) -> Case:
    return case


@dataclass(frozen=True, eq=False)
class Input:
    """A number that may move.

    Attributes:
        name: of a rule, line, tranche or the fund, a dot, and what of it; or of a reference rate.
        value: what it is, in its base unit.
        unit: how it is written.
        number: how what the program is affine in follows from it: a limit's parameter, else itself.
        clauses: those whose parameter it makes, by index.
        moved: the case with another value.
        least, most: what it may be.
    """

    name: str
    value: float
    unit: type[Quantity]
    number: Number = PLAIN
    clauses: tuple[int, ...] = ()
    moved: Callable[[Case, float], Case] = _as_it_is
    least: float = -np.inf
    most: float = np.inf


def inputs_of(case: Case, clauses: Sequence[Clause], names: Sequence[str]) -> list[Input]:
    """The numbers that names mean.

    Args:
        case: whose lines, tranches and rates they are.
        clauses: of its rules.
        names: as files have them.

    Raises:
        InputError: a name stands twice, or nothing or more than one thing has it.
    """
    found = [input_of(case, clauses, name) for name in names]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError.of(f"'{min(twice)}' stands twice among the inputs", "give each once")
    return found


def input_of(case: Case, clauses: Sequence[Clause], name: object, place: Place | None = None) -> Input:
    """The number that a name means.

    Args:
        case: whose line, tranche or rate it is.
        clauses: of its rules.
        name: as files have it.
        place: where it stands.

    Raises:
        InputError: nothing or more than one thing has the name.
    """
    if not isinstance(name, str):
        raise InputError.of(f"{name!r} is no name of a number", "write one such as 'one-line.at-most'", place)
    makers = (_limit(clauses, name), _column(case, name), _tranche(case, name), _fund(case, name), _rate(case, name))
    meant = [each for each in makers if each is not None]
    if not meant:
        raise InputError.of(f"no number '{name}'", nearest(name, _known(case, clauses)), place, Code.UNKNOWN_NAME)
    if len(meant) > 1:
        what = f"'{name}' is a number of more than one thing"
        raise InputError.of(what, "give a rule, a line or a tranche another id", place)
    return meant[0]


def _limit(clauses: Sequence[Clause], name: str) -> Input | None:
    rule, _, field = name.rpartition(".")
    own = [
        (index, number)
        for index, clause in enumerate(clauses)
        if clause.rule == rule and not clause.waiver and not clause.inherited
        for number in clause.numbers
        if number.name == field
    ]
    if not own:
        return None
    number = own[0][1]
    # A haircut stays below the whole.
    most = 1 - 1e-6 if number.sign < 0 and number.shift == 1 else np.inf
    return Input(name, number.value, number.unit, number, tuple(index for index, _ in own), least=0.0, most=most)


def _column(case: Case, name: str) -> Input | None:
    line, _, column = name.rpartition(".")
    if line not in case.universe.ids or column not in case.universe.numbers:
        return None
    row = case.universe.ids.index(line)
    least = 0.0 if KNOWN.get(column) in (MONEY, TIME, MULTIPLE) or column == "gearing" else -np.inf
    value, unit = float(case.universe.numbers[column][row]), WRITTEN.get(KNOWN.get(column, ""), Index)
    return Input(name, value, unit, moved=partial(_with_cell, row, column), least=least)


def _with_cell(row: int, column: str, case: Case, value: float) -> Case:
    values = case.universe.numbers[column].copy()
    values[row] = value
    return replace(case, universe=replace(case.universe, numbers={**case.universe.numbers, column: values}))


def _tranche(case: Case, name: str) -> Input | None:
    own, _, field = name.rpartition(".")
    index = next((k for k, tranche in enumerate(case.stack) if tranche.id == own), None)
    if index is None or field not in ("capacity", "cost"):
        return None
    if field == "capacity":
        return Input(name, float(case.stack[index].capacity), Money, moved=partial(_with_capacity, index), least=0.0)
    given = float(case.costs[index])
    return Input(name, given, Rate, moved=partial(_with_cost, index, given), least=0.0)


def _with_capacity(index: int, case: Case, value: float) -> Case:
    return _with_tranche(index, case, {"capacity": Money(value)})


def _with_cost(index: int, given: float, case: Case, value: float) -> Case:
    cost = case.stack[index].cost
    # By so much the spread moves, since the reference rate may move too.
    spread = Rate(float(cost.spread) + value - given)
    return _with_tranche(index, case, {"cost": cost.model_copy(update={"spread": spread})})


def _with_tranche(index: int, case: Case, update: dict[str, Any]) -> Case:
    changed = case.stack[index].model_copy(update=update)
    return replace(case, stack=(*case.stack[:index], changed, *case.stack[index + 1 :]))


def _fund(case: Case, name: str) -> Input | None:
    own, _, field = name.rpartition(".")
    if own != "fund" or field not in FUND:
        return None
    return Input(
        name, float(getattr(case.fund, field.replace("-", "_"))), FUND[field], moved=partial(_with_term, field)
    )


def _with_term(field: str, case: Case, value: float) -> Case:
    return replace(case, fund=case.fund.model_copy(update={field.replace("-", "_"): FUND[field](value)}))


def _rate(case: Case, name: str) -> Input | None:
    if name not in case.references:
        return None
    return Input(name, float(case.references[name]), Rate, moved=partial(_with_rate, name))


def _with_rate(name: str, case: Case, value: float) -> Case:
    return replace(case, references={**case.references, name: Rate(value)})


def _known(case: Case, clauses: Sequence[Clause]) -> list[str]:
    """All names, for the nearest."""
    limits = {f"{clause.rule}.{number.name}" for clause in clauses for number in clause.numbers}
    columns = [f"{line}.{column}" for line in case.universe.ids for column in case.universe.numbers]
    tranches = [f"{tranche.id}.{field}" for tranche in case.stack for field in ("capacity", "cost")]
    return [*sorted(limits), *columns, *tranches, *(f"fund.{field}" for field in FUND), *case.references]


class Turns:
    """From inputs to what a program is affine in: themselves, and for limits their clauses' parameter.

    Numbers of one clause (a cover and its haircut) make its parameter together, as a product.

    Attributes:
        first: for each coordinate, the input that it is of, or the first of several.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        numbers = [each.number for each in inputs]
        self._scale, self._shift, self._sign, self._power = (
            np.array([getattr(number, name) for number in numbers], float)
            for name in ("scale", "shift", "sign", "power")
        )
        places: dict[object, int] = {}
        self._of = np.array([places.setdefault(each.clauses or each.name, len(places)) for each in inputs], np.int64)
        _, self._firsts = np.unique(self._of, return_index=True)
        self.first = [inputs[k] for k in self._firsts]
        self._others = np.setdiff1d(np.arange(len(inputs)), self._firsts)
        self._base = self._turned(np.array([each.value for each in inputs]))

    def _turned(self, values: Vector) -> Vector:
        return np.asarray(self._scale * (self._shift + self._sign * values) ** self._power)

    def coordinates(self, values: Vector) -> Vector:
        """The coordinates for values of all inputs; for many at once, where these are rows."""
        turned = self._turned(values)
        found = turned[..., self._firsts]
        for k in self._others:
            found[..., self._of[k]] *= turned[..., k] / self._base[k]
        return found

    def prices(self, coordinates: Vector, values: Vector, worth: Vector) -> Vector:
        """What a unit of each input is worth, from what one of each coordinate is."""
        turned, whole = self._turned(values), coordinates[self._of]
        others = np.divide(whole, turned, out=np.ones(len(values)), where=turned != 0)
        with np.errstate(divide="ignore"):
            slope = self._scale * self._power * self._sign * (self._shift + self._sign * values) ** (self._power - 1)
        slope = slope * others
        return np.asarray(slope * worth[self._of])
