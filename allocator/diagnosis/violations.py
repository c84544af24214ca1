"""Why nothing fits: the least sum of violations, relative to their limits, told rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.aims.held import is_level
from allocator.case import Case
from allocator.choices import Choice, Held, Ticket, open_choices, without_choices
from allocator.choosing import choose
from allocator.diagnosis.feasibility import fully_invested
from allocator.errors import NotCertified
from allocator.program import Program
from allocator.scores import Score
from allocator.shapes import Box, Clause, hard_ones
from allocator.sparse import Vector
from allocator.terms import is_term

LEAST = 1e-6
"Violations below this part of their limits don't count."


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The allocation that breaks the rules least.

    Attributes:
        v: the decision.
        clauses: the hard clauses, as they are; a soft one leaves room always.
        broken: indices of those that it breaks.
        total: the sum of the violations, each relative to its limit.
        terms_too: whether the terms alone leave nothing, so that they had to be broken as well.
    """

    v: Vector
    clauses: tuple[Clause, ...]
    broken: tuple[int, ...]
    total: float
    terms_too: bool


def diagnose(case: Case, clauses: Sequence[Clause]) -> Diagnosis | None:
    """The least sum of violations where nothing fits, of as few sorts of clause as can be.

    Levels at which objectives are held give way first, by themselves: so it is told what can be had. Where that does
    not do, the rules leave nothing whatever is held, and levels play no part. Limits that scale with the allocation
    give way next (a share of what is deployed, a cover): if those in dollars or of equity gave way with them, a fund
    of next to nothing would break the others least. The case's terms give way only where they leave nothing by
    themselves. Where something fits but for the choices, they alone give way; where nothing does, they play no part.
    A violation is measured over what the limit comes to, in parts of equity (for a family of terms, its largest); or
    over equity where a limit is zero.

    Returns:
        None where no solver finds an answer, or one that breaks nothing.
    """
    asked = hard_ones(clauses)
    hard = tuple(clause for clause in asked if not is_level(clause))
    convex = without_choices(hard)
    tries: list[tuple[tuple[Clause, ...], Box, Callable[[Clause], bool]]] = [
        (convex, case.box, lambda clause: is_term(clause) or not len(clause.R1.value)),
        (convex, case.box, is_term),
        (convex, case.box, lambda clause: False),
    ]
    if case.decision.fully_invested:
        # Said by a clause and not by the box, so that it can give way.
        high = case.box.high.copy()
        high[case.decision.reserve] = 1 + high[case.decision.debt]
        tries.append(((*convex, fully_invested(case)), replace(case.box, high=high), lambda clause: False))
    if len(convex) < len(hard):
        tries.insert(0, (hard, case.box, lambda clause: not isinstance(clause, Choice)))
    if len(hard) < len(asked):
        tries.insert(0, (asked, case.box, lambda clause: not is_level(clause)))
    for told, box, firm in tries:
        soft = tuple(clause if firm(clause) else _softened(clause) for clause in told)
        found = _least_broken(case, soft, box)
        if found is None:
            continue
        v, total = found
        broken = tuple(i for i, clause in enumerate(soft) if clause.penalty and _missed(clause, v, clause.penalty))
        # By how much a curve leaves no choice, and no room for a level, can be too little to tell: all are to blame.
        broken = broken or tuple(i for i, clause in enumerate(soft) if clause.penalty and _first_to_go(clause))
        if broken:
            return Diagnosis(v, told, broken, total, any(is_term(told[i]) for i in broken))
    return None


def _least_broken(case: Case, clauses: Sequence[Clause], box: Box) -> tuple[Vector, float] | None:
    """Where the soft ones of clauses cost least, and what; None where a solver finds nothing."""
    nothing = Score.nothing(case.decision.size)
    if not open_choices(clauses):
        point = Program(clauses, [nothing], box, case.spread).solve([0.0], 1.0)
        return (point.v, -point.value) if point.status == "optimal" else None
    try:
        chosen = choose(case, clauses, [nothing], [0.0])
    except NotCertified:
        return None
    return None if chosen is None else (chosen.point.v, -chosen.point.value)


def _first_to_go(clause: Clause) -> bool:
    """Whether a clause is a choice or a level, which give way before all other rules."""
    return isinstance(clause, Choice) or is_level(clause)


def _missed(clause: Clause, v: Vector, penalty: float) -> bool:
    """Whether a clause that may give way does."""
    if isinstance(clause, Held):
        over = float(clause.level(v)[0] - clause.theta[0])
        return over < 0 if clause.at_least else over > 0
    return float(clause.excess(v).max(initial=0.0)) * penalty > LEAST


def _softened(clause: Clause) -> Clause:
    if not clause.priced:
        return clause
    if isinstance(clause, Choice):
        size = clause.least if isinstance(clause, Ticket) else clause.theta
        return replace(clause, penalty=1 / float(size.mean()))
    most = max(float(np.abs(clause.R1.value).max(initial=0.0)), float(np.abs(clause.c1).max(initial=0.0)))
    limit = float(np.abs(clause.theta).max(initial=0.0)) * most
    return replace(clause, penalty=1 / limit if limit > 0 else 1.0)
