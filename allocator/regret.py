"""Least regret: which of the allocations found would be missed least, whatever scenario comes (Savage 1951)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.certificate import TOLERANCE
from allocator.scenarios import Scenarios
from allocator.session import Session
from allocator.shapes import hard_ones, shortfall
from allocator.solution import Record
from allocator.solved import Solved

CANDIDATES, AGAINST = 30, 200
"Allocations that are weighed, and scenarios against which; spread evenly over those with an optimum."
BREACH = 0.03
"What a dollar by which an allocation breaks a rule or a term of a scenario costs a year, as if it were a soft one."
KEPT = 20 * TOLERANCE
"What a solver's point may break, which is not rounded to what the rules allow, in parts of equity."
LEAST = 0.0005
"Amounts below half a million are none."


def least_regret(session: Session, scenarios: Scenarios) -> list[Record]:
    """The allocations of least regret among some of those found: at most, and on average.

    An allocation stands as it is, capital and loans; its regret in a scenario is by how much the best one there is
    better, after what either misses costs. Where limits and yields move, hardly any allocation keeps all rules and
    terms of another scenario, so that a dollar of what it breaks costs `BREACH` a year, as a soft rule's does; that is
    nothing where the objective has no income to pay it from.

    Args:
        session: of the case.
        scenarios: of the session's inputs.

    Returns:
        by `largest` and by `mean` regret: the scenario that the allocation is the best of, both regrets in the
        objective's unit, in what part of the scenarios it keeps all rules and terms, what it breaks of them on average
        in $ bn, and its amounts; nothing where no scenario has an optimum.
    """
    found = [(row, session.solve(scenarios.values(row, row + 1)[0])) for row in _spread(scenarios.count, AGAINST)]
    best = [(row, each) for row, each in found if each.status == "optimal"]
    candidates = [best[k] for k in _spread(len(best), CANDIDATES)]
    if not candidates:
        return []
    held = np.array([_held(session, there, [each for _, each in candidates]) for _, there in best])
    regrets, broken = held[..., 0], held[..., 1]
    told = []
    for by, figures in (("largest", regrets.max(0)), ("mean", regrets.mean(0))):
        k = int(np.argmin(figures))
        row, solved = candidates[k]
        amounts = {line: amount for line, amount in solved.amounts.items() if amount > LEAST}
        told.append(
            {
                "by": by,
                "scenario": row,
                "largest": float(regrets[:, k].max()),
                "mean": float(regrets[:, k].mean()),
                "kept": float((broken[:, k] <= KEPT).mean()),
                "broken": float(broken[:, k].mean() * session.case.equity),
                "amounts": [{"line": line, "amount": amount} for line, amount in amounts.items()],
            }
        )
    return told


def _spread(count: int, most: int) -> list[int]:
    """At most so many of the first numbers, evenly spread."""
    return [int(k) for k in np.unique(np.linspace(0, count - 1, min(most, count)).round())]


def _held(session: Session, there: Solved, candidates: Sequence[Solved]) -> list[tuple[float, float]]:
    """Each candidate's regret in a scenario, and by how much of equity it breaks what is hard there."""
    case, clauses = session.case_at(there.inputs)
    score, d, own, hard = session.aim.score(case), case.decision, session.case.decision, hard_ones(clauses)
    told = []
    for each in candidates:
        # Loans that a scenario does not allow, to a line without income say, leave the reserve short.
        loans = np.zeros((own.n, len(own.tranches)))
        loans[own.pair_line, own.pair_tranche] = each.v[own.f : own.reserve]
        v = d.vector(each.v[: own.n], loans[d.pair_line, d.pair_tranche])
        broken = sum(float(np.maximum(clause.excess(v), 0).sum()) for clause in hard) + max(-v[d.reserve], 0.0)
        cost = session.penalty * (shortfall(clauses, v) + BREACH * broken)
        told.append((max(there.value - score.value(v) + cost, 0.0), broken))
    return told
