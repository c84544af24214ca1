"""What is left once it is settled which lines are held: plain clauses, within which an optimum can be proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from allocator.case import Case
from allocator.choices import PREFIX, Choice, Mask
from allocator.shapes import Clause, Fixed
from allocator.sparse import Sparse
from allocator.units import Money


def settle(case: Case, clauses: Sequence[Clause], picked: Mapping[int, Mask]) -> tuple[Clause, ...]:
    """The clauses with their choices made: closed lines have nothing, and open ones at least what they must.

    Args:
        case: whose lines they are.
        clauses: rules and terms.
        picked: for each choice, by index, which of its units are open.
    """
    made = [each.decided(picked[k]) if isinstance(each, Choice) else each for k, each in enumerate(clauses)]
    closed, given = np.zeros(case.decision.n, bool), list[Clause]()
    for clause in made:
        if isinstance(clause, Choice) and clause.open is not None:
            given += clause.given()
            closed[clause.closed(clause.open)] = True
    if closed.any():
        given.append(shut(case, closed, f"{PREFIX}closed", "capital in the lines that were not chosen"))
    return (*made, *given)


def shut(case: Case, lines: Mask, rule: str, words: str) -> Fixed:
    """Nothing is invested in some lines (a mask of n), and no debt is secured there."""
    d, out = case.decision, np.flatnonzero(lines)
    m = len(out)
    columns = [out, d.f + np.flatnonzero(lines[d.pair_line]), d.e + np.flatnonzero(lines[d.bent])]
    return Fixed(
        rule=rule,
        words=words,
        labels=tuple(d.lines[i] for i in out),
        R0=Sparse.of((m, d.size), np.arange(m), out, -1.0),
        c0=np.zeros(m),
        R1=Sparse.zeros(m, d.size),
        c1=np.full(m, 1 / case.equity),
        theta=np.zeros(m),
        unit=Money,
        columns=np.concatenate(columns),
    )
