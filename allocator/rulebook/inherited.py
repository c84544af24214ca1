"""Limits that the present holdings are beyond already: what is held may stand, and get no worse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from allocator.case import Case
from allocator.certificate import TOLERANCE
from allocator.codes import Code
from allocator.errors import InputError
from allocator.rules import Rule
from allocator.shapes import Clause


def inherited(rule: Rule, clauses: Iterable[Clause], case: Case, on: dt.date) -> Iterator[Clause]:
    """The clauses of a rule; members that the holdings are beyond come apart, each with what it may stay at.

    That is the level of the holdings, as though no debt stood behind them, or the value of the glide path, whichever is
    tighter; and never tighter than the limit itself.

    Args:
        rule: whose clauses they are.
        clauses: as its text and its waivers say.
        case: whose holdings count; where it has none, nothing is inherited.
        on: the date.

    Raises:
        InputError: the holdings are beyond any number, as a share of nothing is.
    """
    for clause in clauses:
        apart: dict[int, Clause] = {}
        if rule.inherited is not None and case.holdings:
            for member in np.flatnonzero(clause.excess(case.held) > TOLERANCE).tolist():
                if (standing := _standing(rule, clause.only(np.array([member])), case, on)) is not None:
                    apart[member] = standing
        left = np.setdiff1d(np.arange(clause.size), list(apart))
        if len(left):
            yield clause.only(left) if apart else clause
        yield from apart.values()


def _standing(rule: Rule, clause: Clause, case: Case, on: dt.date) -> Clause | None:
    """A clause of one member with the limit that stands; None where the glide path has led back to its own."""
    limit, *others = clause.numbers
    level = float(limit.at(clause.level(case.held))[0])
    if not (np.isfinite(level) and limit.allows(level)):
        what = f"{rule.who} inherited: the holdings are beyond any limit, as the whole is zero"
        raise InputError([rule.problem("inherited", what, "leave it out", Code.NO_MEANING)])
    path = None if rule.glide is None else rule.glide.on(on)
    tighter, looser = (max, min) if clause.at_least else (min, max)
    value = looser(limit.value, level if path is None else tighter(level, float(path)))
    if value == limit.value:
        return None
    show = limit.unit.show
    why = f"the holdings are at {show(level)}, beyond the limit of {show(limit.value)}"
    why += ", and may stay so" if value == level else f"; the glide path is at {path}"
    member = f" by {clause.labels[0]}" if clause.labels[0] else ""
    moved = replace(limit, name=f"{limit.name} inherited{member}", value=value)
    return replace(
        clause,
        words=f"{clause.words}, inherited",
        theta=np.array([moved.theta(value)]),
        numbers=(moved, *others),
        inherited=why,
    )
