"""Expected return against variance, exactly: corner portfolios, between which the variance is a parabola in the return.

What the critical line finds is proved like any other curve: by the certificate of the house, of the amounts to the
dollar, with the line's own multipliers. Between two corners amounts, multipliers and lambda are linear, so that the gap
is quadratic but for rounding: as it is nowhere negative, it is at most 9/8 of the largest at both ends and the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from allocator.aims import Blend
from allocator.case import Case
from allocator.certificate import Certificate, certify
from allocator.corners import CornerPortfolios, corners_within, obstacles
from allocator.errors import NotCertified
from allocator.objectives import Objective
from allocator.objectives.expected_return import ExpectedReturn
from allocator.objectives.variance import Variance
from allocator.rulebook import Rulebook
from allocator.sandwich import Touch, outer_corners
from allocator.shapes import Clause, Equal, Multipliers, Rows
from allocator.solution import Solution
from allocator.sparse import Vector
from allocator.traces import Spot, Trace

BETWEEN = 9 / 8
"What a quadratic that is nowhere negative may be between 0 and 1, in parts of its largest value at 0, 1/2 and 1."
EXACT = 1e-6
"What is proved only up to a larger gap, in parts of the ranges, is not exact."
ALONE = 1e-9
"A range of means below this part of the highest is none: one allocation is best by both objectives."


def applies(pair: Sequence[Objective]) -> bool:
    """Whether the two objectives are expected return and variance."""
    return {type(objective) for objective in pair} == {ExpectedReturn, Variance}


@dataclass(frozen=True, eq=False)
class _Proof:
    """Certificates of blends of expected return and variance, by the multipliers of the critical line.

    Attributes:
        corners: the line.
        pair: the objectives.
        ranges: of both (2).
    """

    corners: CornerPortfolios
    pair: tuple[Objective, Objective]
    ranges: Vector

    def blend(self, slope: float) -> Blend:
        """The blend whose optimum is where lambda is the slope; of the mean alone where it is infinite."""
        counts = {ExpectedReturn: 1.0, Variance: 0.0} if np.isinf(slope) else {ExpectedReturn: 2 * slope, Variance: 1.0}
        weights = np.array([counts[type(objective)] for objective in self.pair]) * self.ranges
        weights /= weights.sum()
        return Blend(tuple(zip(weights.tolist(), self.pair, strict=True)), tuple(self.ranges.tolist()))

    def multipliers(self, v: Vector, blend: Blend, prices: Vector) -> Multipliers:
        """Of all clauses, for a point and the rows' prices there, in parts of what the blend makes of the variance."""
        own = dict(zip(map(type, self.pair), blend.weights(), strict=True))
        problem = self.corners.problem
        risk = problem.covariances(problem.exposures(v[None]))[0]
        prices = prices * (2 * own[Variance] or own[ExpectedReturn])
        costs = 2 * own[Variance] * risk - own[ExpectedReturn] * problem.mean + prices @ problem.limits
        linear = [isinstance(clause, (Rows, Equal)) for clause in self.corners.clauses]
        sizes = [clause.size * here for clause, here in zip(self.corners.clauses, linear, strict=True)]
        found = np.split(self.corners.limits.weights(costs, prices), np.cumsum(sizes)[:-1])
        weights = tuple(
            weight if here else np.zeros(clause.size)
            for weight, clause, here in zip(found, self.corners.clauses, linear, strict=True)
        )
        witnesses = tuple(clause.witness(v) for clause in self.corners.clauses)
        return Multipliers(weights, witnesses, tuple(blend.score(self.corners.case).witness(v)))

    def solution(self, v: Vector, blend: Blend, prices: Vector) -> Solution:
        """A corner to the dollar, with its certificate."""
        case = self.corners.case
        capital, loans, reserve = case.decision.close(v)
        recorded, score = case.decision.opened(capital, loans), blend.score(case)
        multipliers = self.multipliers(v, blend, prices)
        return Solution(
            capital=capital,
            loans=loans,
            reserve=reserve,
            v=recorded,
            optimum=v,
            value=score.value(v),
            score=score,
            penalty=score.income,
            clauses=self.corners.clauses,
            multipliers=multipliers,
            certificate=self.certificate(recorded, blend, multipliers),
            attempts=(),
        )

    def certificate(self, v: Vector, blend: Blend, multipliers: Multipliers) -> Certificate:
        """Of amounts as they are recorded."""
        score, box = blend.score(self.corners.case), self.corners.case.box.fixing(self.corners.clauses)
        return certify(self.corners.clauses, score, box, v, multipliers, score.income)

    def scores(self, v: Vector) -> Vector:
        """Both scores at v (2)."""
        return np.array([objective.score(self.corners.case).value(v) for objective in self.pair])


def trace(case: Case, rules: Rulebook, clauses: Sequence[Clause], pair: tuple[Objective, Objective]) -> Trace:
    """The curve between expected return and variance by the critical line.

    Args:
        case: what is given.
        rules: those in force.
        clauses: they and the terms.
        pair: the two objectives, in either order.

    Raises:
        NotCertified: it can't be traced exactly; the message is the reason, in words for a reader.
        Infeasible: no allocation satisfies the rules.
    """
    if faults := obstacles(case, rules, clauses):
        raise NotCertified(faults[0].what)
    corners = corners_within(case, clauses)
    line, size = corners.line, float(np.abs(corners.line.means).max())
    alone = line.means[0] - line.means[-1] <= ALONE * size
    ends = np.array([[line.means[k], -line.variances[k]] for k in ((-1, -1) if alone else (0, -1))])
    rising = isinstance(pair[0], Variance)
    if rising:
        ends = ends[::-1, ::-1]
    best, worst = np.diagonal(ends), np.diagonal(ends[::-1])
    ranges = best - worst if not alone else np.maximum(np.abs(best), ALONE)
    proof = _Proof(corners, pair, ranges)
    places = [len(line) - 1] if alone else list(range(len(line)))
    spots = [_spot(proof, k, rising) for k in places]
    top = _top(proof, spots[0])
    proved = [*((spot.blend, spot.solution.certificate) for spot in spots), top]
    middles = [_middle(proof, k, *ends) for k, ends in zip(places, pairwise(spots), strict=False)]
    bends = [_bend(proof, *ends) for ends in pairwise(spots)]
    lines: list[Touch[None]] = [Touch(np.array(blend.weights()), each.bound) for blend, each in proved]
    away = [each.gap / float(np.linalg.norm([w for w, _ in blend.parts])) for blend, each in (*proved, *middles)]
    gap = BETWEEN * max(away)
    if not gap <= EXACT:
        raise NotCertified(f"in whole dollars corner portfolios are proved only up to {gap:.1g} of the ranges")
    return Trace(
        best=best,
        worst=worst,
        ranges=ranges,
        spots=tuple(spots[::-1] if rising else spots),
        outer=outer_corners(lines),
        gap=gap,
        solves=0,
        canonical=0,
        bends=np.reshape(bends[::-1] if rising else bends, (-1, 2)),
    )


def _spot(proof: _Proof, corner: int, rising: bool) -> Spot:
    line = proof.corners.line
    blend = proof.blend(float(line.slopes[corner]))
    solution = proof.solution(line.weights[corner], blend, line.multipliers[corner])
    if not solution.passes:
        raise NotCertified(f"rounding keeps corner portfolio {corner + 1} from being proved")
    members = proof.corners.binding[max(corner - 1, 0) if rising else corner]
    after = tuple(dict.fromkeys(member.rule for member in members))
    return Spot(blend, solution, proof.scores(solution.v), proof.corners.change(corner, rising), after)


def _top(proof: _Proof, spot: Spot) -> tuple[Blend, Certificate]:
    """That no allocation returns more than the first corner."""
    blend, v = proof.blend(np.inf), spot.solution.v
    multipliers = proof.multipliers(spot.solution.optimum, blend, proof.corners.line.prices)
    return blend, proof.certificate(v, blend, multipliers)


def _middle(proof: _Proof, corner: int, one: Spot, other: Spot) -> tuple[Blend, Certificate]:
    """How good the mixture of equal parts of a corner and the next is."""
    line, ends = proof.corners.line, slice(corner, corner + 2)
    blend = proof.blend(float(line.slopes[ends].mean()))
    prices = line.multipliers[ends].mean(axis=0)
    multipliers = proof.multipliers(line.weights[ends].mean(axis=0), blend, prices)
    return blend, proof.certificate((one.solution.v + other.solution.v) / 2, blend, multipliers)


def _bend(proof: _Proof, one: Spot, other: Spot) -> Vector:
    """By how much mixtures of two allocations have better scores than mixtures of their scores (2)."""
    apart = proof.corners.problem.exposures((other.solution.v - one.solution.v)[None])
    return np.array([float(np.sum(apart**2)) * isinstance(objective, Variance) for objective in proof.pair])
