"""The clauses of rules that are waived in part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from allocator.case import Case
from allocator.rulebook.waivers import Waiver, pending
from allocator.rules import Rule
from allocator.shapes import Clause


def waived(rule: Rule, waivers: Iterable[Waiver], case: Case, on: dt.date) -> list[Clause]:
    """The clauses of a rule as on a date, each followed by the parts of it that are waived then.

    The rule and its waivers were checked.
    """
    own = [waiver for waiver in pending(rule, waivers, on) if waiver.effective.on(on)]
    found: list[Clause] = []
    for k, clause in enumerate(rule.build(case, on)):
        left, parts = np.ones(clause.size, bool), list[Clause]()
        for waiver in own:
            if clause.at_least == (waiver.side == "at_least"):
                members = _members(waiver, clause)
                left &= ~members
                made = _moved(waiver, waiver.applied(rule).build(case, on)[k])
                parts.append(made.only(np.flatnonzero(members)))
        found += [clause.only(np.flatnonzero(left))] if left.any() else []
        found += parts
    return found


def _members(waiver: Waiver, clause: Clause) -> NDArray[np.bool_]:
    """Which members of a clause a waiver speaks of."""
    if waiver.names is None:
        return np.ones(clause.size, bool)
    return np.isin(np.array(clause.labels), list(waiver.names))


def _moved(waiver: Waiver, clause: Clause) -> Clause:
    """The clause with the waiver's limit, whose number is told apart from the rule's."""
    limit, *others = clause.numbers
    numbers = (replace(limit, name=f"{limit.name} of {waiver.id}"), *others)
    return replace(clause, numbers=numbers, words=f"{clause.words}, by waiver {waiver.id}", waiver=waiver.id)
