"""What rules make possible or impossible: an example to look at, a proof that there is none, or neither.

Something is newly possible where an allocation that the new rules allow breaks an old one; so the old rule's excess is
maximised over what the new rules allow, and the other way round. Where the excess is linear the multipliers bound it,
which proves that there is nothing. Where it is convex (a cone, a sum of the largest), its maximum is no convex program:
following tangents finds examples (the convex-concave procedure, Yuille and Rangarajan 2003), and only a line above the
excess can prove that there are none.

Choices (tickets and counts) are left out of what is maximised over, so that what is proved holds with them, and an
example counts only if it keeps them. Whether a choice itself can be broken is told where the numbers say so, else not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from allocator.case import Case
from allocator.certificate import TOLERANCE
from allocator.choices import Choice, without_choices
from allocator.choosing import choose
from allocator.diagnosis.feasibility import nothing_fits
from allocator.errors import NotCertified
from allocator.policy.ceilings import above, ceilings, room, straight
from allocator.program import Point, Program
from allocator.scores import Linear, Score
from allocator.shapes import Clause, hard_ones, largest_excess
from allocator.sparse import Vector
from allocator.terms import is_term

TINY = 1e-6
"An excess up to this, in parts of equity, counts as none."
ROUNDS = 8
"Tangents that are followed, one after the other, from one start."
STARTS = 40
"Lines of which each is a start: those that can take most."
BEST = 4
"Starts that are followed further than one tangent."
TOLERANCES = (1e-8, 1e-10)


@dataclass(frozen=True, eq=False)
class Finding:
    """Whether allocations that some rules allow break others.

    Attributes:
        answer: `something`, with an example; `nothing`, which is proved; or `undetermined`.
        choice: the rule whose whole choices leave it undetermined; empty where none does.
        clause, member: what the example breaks.
        v: the example, to the dollar, in parts of equity.
    """

    answer: str
    clause: Clause | None = None
    member: int = 0
    v: Vector | None = None
    choice: str = ""


NOTHING, UNDETERMINED = Finding("nothing"), Finding("undetermined")


class Allowed:
    """The allocations of a case that some clauses allow; soft ones restrict nothing, and are left out.

    Args:
        case: what is given.
        clauses: its terms and the rules.
    """

    def __init__(self, case: Case, clauses: Sequence[Clause]) -> None:
        self.case = case
        self.clauses = hard_ones(clauses)
        self.box = case.box.fixing(self.clauses)

    @cached_property
    def empty(self) -> bool:
        """Whether it is proved that nothing is allowed."""
        return nothing_fits(self.case, self.clauses)

    def breach(self, others: Sequence[Clause]) -> Finding:
        """Look for an allowed allocation that breaks one of some other clauses; the hard ones of rules among them."""
        rules = [clause for clause in without_choices(hard_ones(others)) if not is_term(clause)]
        doubted = self._doubted(others)
        targets = [self._target(clause, member) for clause in rules for member in range(clause.size)]
        # What may be broken by most comes first, since one example is enough.
        targets = sorted((each for each in targets if each.most > TINY), key=lambda each: -each.most)
        if not targets:
            return doubted
        search, answer = _Search(self, targets), doubted
        for target in targets:
            found = search.finding(target)
            if found.answer == "something":
                return found
            answer = found if found.answer == "undetermined" and not answer.choice else answer
        return answer

    def _doubted(self, others: Sequence[Clause]) -> Finding:
        """Whether all choices are kept by the numbers of this side's own."""
        own = [clause for clause in self.clauses if isinstance(clause, Choice)]
        for clause in hard_ones(others):
            if isinstance(clause, Choice) and not any(each.implies(clause) for each in own):
                return Finding("undetermined", choice=clause.rule)
        return NOTHING

    def _target(self, clause: Clause, member: int) -> _Target:
        lines = tuple(ceilings(clause, member, without_choices(self.clauses), self.case))
        most = min((above(line, self.box) for line in lines), default=np.inf)
        # A linear excess is itself the closest of its lines.
        return _Target(clause, member, lines[-1:] if straight(clause) else lines, most)

    def recorded(self, v: Vector) -> Vector | None:
        """An allocation to the dollar, if it is allowed."""
        decision = self.case.decision
        capital, loans, _ = decision.close(v)
        found = decision.opened(capital, loans)
        worst = max(largest_excess(self.clauses, found), self.box.outside(found))
        return found if worst <= TOLERANCE else None


@dataclass(frozen=True, eq=False)
class _Target:
    """A member of a clause that may be broken, and lines that its excess is not above.

    `most` is the most that the excess can be in the box alone.
    """

    clause: Clause
    member: int
    lines: tuple[Linear, ...]
    most: float

    def excess(self, v: Vector) -> float:
        return float(self.clause.excess(v)[self.member])

    def slope(self, v: Vector) -> Vector:
        """That of the tangent to the bend at v."""
        pick = np.zeros(self.clause.size)
        pick[self.member] = 1
        return self.clause.pull(pick, self.clause.valid(self.clause.witness(v)))[0]


class _Search:
    """One compiled program for many targets: it weighs their lines, and for curved ones each line's capital."""

    def __init__(self, allowed: Allowed, targets: Sequence[_Target]) -> None:
        self.allowed = allowed
        d = allowed.case.decision
        parts: list[Linear] = []
        self.first: dict[_Target, int] = {}
        for target in targets:
            self.first[target] = len(parts)
            parts += target.lines
            if not straight(target.clause):
                own = room(target.clause, target.member)
                parts.append(Linear(-own.gain, -own.constant))
        self.capital = len(parts)
        if any(not straight(target.clause) for target in targets):
            units = np.eye(d.n, d.size)
            parts += [Linear(sign * unit) for sign in (1.0, -1.0) for unit in units]
        self.count = len(parts)
        scores = [Score(((1.0, part),)) for part in parts]
        self.program = Program(allowed.clauses, scores, allowed.case.box, allowed.case.spread)

    def finding(self, target: _Target) -> Finding:
        """Whether the target can be broken."""
        for offset in range(len(target.lines)):
            for tolerance in TOLERANCES:
                point = self._maximise({self.first[target] + offset: 1.0}, tolerance)
                if point.status == "infeasible":
                    return NOTHING if self.allowed.empty else UNDETERMINED
                if point.status != "optimal":
                    continue
                if point.bound <= TINY:
                    return NOTHING
                if found := self._example(target, point.v):
                    return found
        if straight(target.clause):
            return self._whole_example(target) or UNDETERMINED
        return next(filter(None, (self._example(target, v) for v in self._summits(target))), UNDETERMINED)

    def _whole_example(self, target: _Target) -> Finding | None:
        """An example that keeps the tickets and counts, too, where there are any; a solver's word proves nothing."""
        if len(without_choices(self.allowed.clauses)) == len(self.allowed.clauses):
            return None
        scores, case = [Score(((1.0, target.lines[0]),))], self.allowed.case
        try:
            chosen = choose(case, self.allowed.clauses, scores, [1.0])
        except NotCertified:
            return None
        if chosen is None:
            return None
        return self._example(target, chosen.point.v)

    def _maximise(self, weights: dict[int, float], tolerance: float) -> Point:
        all_of_them = np.zeros(self.count)
        all_of_them[list(weights)] = list(weights.values())
        return self.program.solve(all_of_them.tolist(), tolerance=tolerance)

    def _example(self, target: _Target, v: Vector) -> Finding | None:
        found = self.allowed.recorded(v)
        if found is None or target.excess(found) <= TINY:
            return None
        return Finding("something", target.clause, target.member, found)

    def _summits(self, target: _Target) -> Iterator[Vector]:
        """Allocations where the excess is large: the best of many tangents, then those that lead on from there."""
        reached = [v for slope in self._starts(target) if (v := self._along(target, slope)) is not None]
        reached.sort(key=lambda v: -target.excess(v))
        for v in reached[:BEST]:
            for _ in range(ROUNDS):
                further = self._along(target, target.slope(v))
                if further is None or target.excess(further) <= target.excess(v) + TINY:
                    break
                v = further
            yield v

    def _starts(self, target: _Target) -> list[Vector]:
        """The slopes of different tangents: where one line has all it can take, and where all have."""
        case = self.allowed.case
        d, most = case.decision, case.box.high[: case.decision.n]
        largest = np.argsort(-most, kind="stable")[:STARTS]
        capitals = [np.where(np.arange(d.n) == i, most, 0.0) for i in largest]
        slopes = [target.slope(d.vector(capital, np.zeros(d.pairs))) for capital in (most, *capitals)]
        return list({np.round(slope, 9).tobytes(): slope for slope in slopes}.values())

    def _along(self, target: _Target, slope: Vector) -> Vector | None:
        """The allocation, all of it by its definition, that is furthest along a tangent to the excess."""
        d = self.allowed.case.decision
        gain = slope[: d.n].copy()
        # Capital beyond a threshold is worth to the excess what it bends; nothing else bounds its entry from above.
        np.add.at(gain, d.bent, slope[d.e :])
        weights = {self.first[target] + len(target.lines): 1.0}
        weights |= {self.capital + i: max(gain[i], 0.0) for i in range(d.n)}
        weights |= {self.capital + d.n + i: max(-gain[i], 0.0) for i in range(d.n)}
        point = self._maximise(weights, TOLERANCES[0])
        return d.vector(point.v[: d.n], point.v[d.f : d.reserve]) if point.status == "optimal" else None
