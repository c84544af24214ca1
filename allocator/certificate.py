"""Rechecks an allocation from the data alone: every clause, and how far the optimum can be. Numpy only.

With weights lambda (>= 0 for inequalities, at most the penalty for soft ones) and any witnesses, each feasible v obeys
`score(v) <= above(v) + sum lambda * (room(v) - tangent(v))`, which is affine in v; its maximum over the box is a bound
that no allocation can beat. A bad solver only makes the bound worse, never wrong. (Lagrangian duality with the box
kept: Boyd and Vandenberghe, Convex Optimization, ch. 5; Neumaier and Shcherbina 2004 for the idea of a safe bound.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allocator.scores import Score
from allocator.shapes import Box, Clause, Multipliers, shortfall
from allocator.sparse import Vector

TOLERANCE = 1e-7
"By how much a clause may be broken, in parts of equity."


@dataclass(frozen=True)
class Certificate:
    """What was proved of an allocation.

    Attributes:
        value: the score of the recorded amounts, what soft rules cost taken off.
        bound: no allocation that satisfies the rules scores more.
        gap: bound less value; what the excesses within tolerance may have earned is added.
        allowed: the gap up to which the allocation counts as optimal.
        worst: the largest excess of a clause, in parts of equity.
        worst_rule: the rule or term whose it is.
    """

    value: float
    bound: float
    gap: float
    allowed: float
    worst: float
    worst_rule: str

    @property
    def feasible(self) -> bool:
        """Whether every clause holds within the tolerance."""
        return self.worst <= TOLERANCE

    @property
    def passes(self) -> bool:
        """Whether the allocation is proved feasible and optimal."""
        return self.feasible and self.gap <= self.allowed


def bound(
    clauses: Sequence[Clause],
    score: Score,
    box: Box,
    multipliers: Multipliers,
    penalty: float,
) -> float:
    """A number that the score, less what soft rules cost, can't exceed on any allocation that satisfies the rules.

    Args:
        clauses: the rules and terms.
        score: what is maximised.
        box: the lowest and the highest value of each entry of v.
        multipliers: any; the better they are, the closer the bound.
        penalty: how much of the score one unit of a soft rule's cost is.
    """
    slope, constant = score.above(list(multipliers.score))
    for clause, given, witness in zip(clauses, multipliers.weights, multipliers.witnesses, strict=True):
        weight = legal(clause, given, penalty)
        pull, offset = clause.pull(weight, clause.valid(witness))
        slope = slope + weight @ clause.R0 + (weight * clause.theta) @ clause.R1 - pull
        constant += float(weight @ (clause.c0 + clause.theta * clause.c1)) - offset
    return constant + float(np.sum(np.maximum(slope * box.low, slope * box.high)))


def shortfall_gap(clauses: Sequence[Clause], box: Box, v: Vector, multipliers: Multipliers) -> float:
    """How much more the soft clauses cost at v than they must: their cost, less what no allocation can go under.

    The weights and witnesses may be any; those of the least cost make the gap close.
    """
    given = Multipliers(multipliers.weights, multipliers.witnesses, (np.zeros(0),))
    return shortfall(clauses, v) + bound(clauses, Score.nothing(len(v)), box, given, 1.0)


def legal(clause: Clause, weight: Vector, penalty: float) -> Vector:
    """The nearest weights that may price a clause: any for an equality, at most the penalty for a soft clause."""
    if clause.equal:
        return weight
    return np.clip(weight, 0, None if clause.penalty is None else penalty * clause.penalty)


def certify(
    clauses: Sequence[Clause],
    score: Score,
    box: Box,
    v: Vector,
    multipliers: Multipliers,
    penalty: float,
) -> Certificate:
    """Recheck every clause at the recorded v, and bound how much better an allocation could be."""
    value = score.value(v) - penalty * shortfall(clauses, v)
    most = bound(clauses, score, box, multipliers, penalty)
    earned, worst, culprit = 0.0, 0.0, ""
    for clause, weight in zip(clauses, multipliers.weights, strict=True):
        if clause.penalty is not None:
            continue
        excess = np.maximum(clause.excess(v), 0)
        earned += float(np.abs(legal(clause, weight, penalty)) @ excess)
        if excess.size and excess.max() > worst:
            worst, culprit = float(excess.max()), clause.rule
    if box.outside(v) > worst:
        worst, culprit = box.outside(v), "bounds"
    return Certificate(value, most, most - value + earned, 2 * score.tolerance(v), worst, culprit)
