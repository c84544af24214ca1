"""Solves a stretch of scenarios, and lays out what was found as columns of numbers and words."""

from __future__ import annotations

from typing import Any

import numpy as np

from allocator.errors import InputError
from allocator.scenarios import SCENARIO, Numbers
from allocator.session import Session
from allocator.solved import Solved
from allocator.sparse import Vector

Columns = dict[str, Any]
"Arrays or lists by name, as long as there are scenarios in the stretch."

STATUS, BLAMED, VALUE, GAP, WORST, PENALTIES = "status", "blamed", "value", "gap", "worst", "penalties"
INPUT, OBJECTIVE, AMOUNT, DRAWN, PRICE, BINDS = "input/", "objective/", "amount/", "drawn/", "price/", "binds/"
"What stands before the names of inputs, objectives, lines, tranches, inputs again, and rules."
TOTALS = ("deployed", "debt", "reserve")


def layout(session: Session) -> dict[str, type]:
    """The columns of a sweep with what they hold: amounts in $ bn, all else in base units."""
    d = session.case.decision
    rules = [rule.id for rule in session.rules.rules]
    numbers = [INPUT + name for name in session.names] + [VALUE, GAP, WORST, PENALTIES]
    numbers += [OBJECTIVE + each.name for each in session.objectives] + [*TOTALS]
    numbers += [AMOUNT + line for line in d.lines] + [DRAWN + tranche for tranche in d.tranches]
    numbers += [PRICE + name for name in session.names]
    return (
        {SCENARIO: int, STATUS: str, BLAMED: str}
        | dict.fromkeys(numbers, float)
        | dict.fromkeys((BINDS + rule for rule in rules), bool)
    )


def solved_chunk(session: Session, first: int, values: Numbers) -> Columns:
    """Solve scenarios one after the other.

    Args:
        session: of the case.
        first: the number of the first scenario.
        values: of the session's inputs (scenarios x inputs).

    Raises:
        InputError: an input can't be what a scenario has; the message names the scenario.
    """
    names = layout(session)
    found = [_solved(session, first + k, row) for k, row in enumerate(values)]
    columns: Columns = {
        SCENARIO: np.arange(first, first + len(values)),
        STATUS: [each.status for each in found],
        BLAMED: [each.blamed for each in found],
    }
    numbers = np.array([_numbers(session, each) for each in found])
    columns |= {name: numbers[:, k] for k, name in enumerate(name for name, kind in names.items() if kind is float)}
    for name in (name for name, kind in names.items() if kind is bool):
        columns[name] = np.array([name.removeprefix(BINDS) in each.binding for each in found], bool)
    return columns


def _solved(session: Session, scenario: int, values: Vector) -> Solved:
    try:
        return session.solve(values)
    except InputError as error:
        told = "; ".join(each.what for each in error.problems)
        raise InputError.of(f"scenario {scenario}: {told}", error.problems[0].mend) from None


def _numbers(session: Session, solved: Solved) -> Vector:
    """The numbers of one scenario, in the order of the layout."""
    d, v = session.case.decision, solved.v
    if not len(v):
        v = np.full(d.size, np.nan)
    totals = v[[d.deployed, d.debt, d.reserve]]
    drawn = v[d.drawn : d.drawn + len(d.tranches)]
    amounts = np.concatenate([totals, v[: d.n], drawn]) * d.equity
    first = [solved.value, solved.gap, solved.worst, solved.penalties]
    return np.concatenate([solved.inputs, first, solved.parts, amounts, solved.worth])
