"""Solves a stretch of scenarios, and lays out what was found as columns of numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Solve scenarios one after the other; what follows from what was found is worked out for all at once.

    Args:
        session: of the case.
        first: the number of the first scenario.
        values: of the session's inputs (scenarios x inputs).

    Raises:
        InputError: an input can't be what a scenario has; the message names the scenario.
    """
    found = [_solved(session, first + k, row) for k, row in enumerate(values)]
    names, d, equity = layout(session), session.case.decision, session.case.equity
    v, penalties = np.full((len(found), d.size), np.nan), np.full(len(found), np.nan)
    parts = np.full((len(found), len(session.objectives)), np.nan)
    columns: Columns = {
        SCENARIO: np.arange(first, first + len(values)),
        STATUS: [each.status for each in found],
        BLAMED: [each.blamed for each in found],
        **{name: np.zeros(len(found), bool) for name, kind in names.items() if kind is bool},
    }
    for rows in _together(found):
        program = found[rows[0]].program
        x, y = (np.array([getattr(found[k].found, name) for k in rows]) for name in ("x", "y"))
        v[rows], penalties[rows] = program.decided(x), program.owed(x) * equity
        parts[rows] = session.parts(values[rows], v[rows])
        for clause, weight in zip(program.clauses, program.weights(y), strict=True):
            if BINDS + clause.rule in names:
                columns[BINDS + clause.rule][rows] |= session.binding(clause, weight)
    told = [np.array([[each.value, each.gap, each.worst] for each in found]), penalties[:, None], parts]
    amounts = [v[:, [d.deployed, d.debt, d.reserve]], v[:, : d.n], v[:, d.drawn : d.drawn + len(d.tranches)]]
    prices = np.array([each.worth for each in found])
    numbers = np.concatenate([values, *told, *(equity * each for each in amounts), prices], 1)
    floats = [name for name, kind in names.items() if kind is float]
    return columns | {name: numbers[:, k] for k, name in enumerate(floats)}


def _solved(session: Session, scenario: int, values: Vector) -> Solved:
    try:
        return session.solve(values)
    except InputError as error:
        told = "; ".join(each.what for each in error.problems)
        mend = f"{error.problems[0].mend}, with at-least or at-most where it is drawn"
        raise InputError.of(f"scenario {scenario}: {told}", mend) from None


def _together(found: Sequence[Solved]) -> list[list[int]]:
    """Those that have a point, by the program that they are of: one for nearly all."""
    groups: dict[int, list[int]] = {}
    for k, each in enumerate(found):
        if np.isfinite(each.value):
            groups.setdefault(id(each.program), []).append(k)
    return list(groups.values())
