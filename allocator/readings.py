"""What rules and terms measure at an allocation, against their limits: as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from allocator.case import Case
from allocator.choices import PREFIX as CHOSEN
from allocator.choices import SHORT, Choice
from allocator.rulebook import Rulebook
from allocator.shapes import Clause, Fixed, Multipliers
from allocator.solution import Record, Solution, binding
from allocator.sparse import Vector
from allocator.terms import PREFIX, is_term


def rule_records(
    case: Case,
    rules: Rulebook,
    clauses: Sequence[Clause],
    v: Vector,
    multipliers: Multipliers | None,
    size: float = 1.0,
) -> list[Record]:
    """Each rule's clauses: value against limit at the member that is closest, slack, and whether it binds.

    `size` is the score's, against which multipliers are measured.
    """
    ids = {rule.id: rule for rule in rules.rules}
    found = []
    for index, clause in enumerate(clauses):
        if (is_term(clause) and multipliers is not None) or clause.rule.startswith(CHOSEN):
            continue
        rule = ids.get(clause.rule)
        slack = -clause.excess(v)
        closest = int(np.argmin(slack)) if clause.size else 0
        ((value, limit),) = readings(clause, v, [closest])
        short = 0.0
        if clause.penalty is not None and rule is not None and rule.penalty is not None:
            # The clause's penalty is for its own rows, which are scaled; the rule's is for dollars.
            short = float(np.maximum(-slack, 0).sum()) * clause.penalty / float(rule.penalty) * case.equity
        weight = multipliers.weights[index] if multipliers is not None else np.zeros(clause.size)
        bound = binding(clause, weight, size)
        if isinstance(clause, Choice):
            bound = _tight(clause, v)
        found.append(
            {
                "rule": clause.rule,
                "title": rule.title if rule else clause.words,
                "titles": dict(rule.title.languages) if rule else {},
                "authority": rule.authority if rule else "",
                "owner": rule.owner if rule else "",
                "whys": dict(rule.why.languages) if rule else {},
                "sentence": rule.sentence(rules.as_of) if rule else clause.words,
                "clause": clause.words,
                "severity": rule.severity if rule else "hard",
                "side": "at-least" if clause.at_least else "at-most",
                "number": clause.numbers[0].name if clause.numbers else "",
                "waiver": clause.waiver,
                "inherited": clause.inherited,
                "member": clause.labels[closest] if clause.size else "",
                "value": value,
                "limit": limit,
                "unit": clause.unit.__name__.lower(),
                "slack": None if value is None else (value - limit) * (1 if clause.at_least else -1),
                "binding": [label for label, b in zip(clause.labels, bound, strict=True) if b],
                "shortfall": short,
            }
        )
    return found


def _tight(clause: Choice, v: Vector) -> NDArray[np.bool_]:
    """Which members of a choice have no room left; whether they hold anything back, no multiplier says."""
    return np.asarray(np.abs(clause.level(v) - clause.theta) <= SHORT / clause.dollar)


def readings(clause: Clause, v: Vector, members: Iterable[int]) -> list[tuple[float | None, float]]:
    """What members of a clause measure, and their limits, in the unit of the limit; None for nothing over nothing."""
    if isinstance(clause, Fixed):
        return [(float(v[clause.R0.column[member]]) / float(clause.c1[member]), 0.0) for member in members]
    level, limit = clause.level(v), clause.theta
    if clause.numbers:
        level, limit = clause.numbers[0].at(level), np.full(clause.size, clause.numbers[0].value)
    return [(float(level[i]) if np.isfinite(level[i]) else None, float(limit[i])) for i in members]


def term_records(solution: Solution) -> list[Record]:
    """The members of terms that bind."""
    found = []
    for clause, weight in zip(solution.clauses, solution.multipliers.weights, strict=True):
        if not is_term(clause) or not clause.priced:
            continue
        members = np.flatnonzero(binding(clause, weight, solution.score.size)).tolist()
        for member, (value, limit) in zip(members, readings(clause, solution.v, members), strict=True):
            found.append(
                {
                    "term": clause.rule.removeprefix(PREFIX),
                    "clause": clause.words,
                    "member": clause.labels[member],
                    "side": "at-least" if clause.at_least else "at-most",
                    "value": value,
                    "limit": limit,
                    "unit": clause.unit.__name__.lower(),
                }
            )
    return found
