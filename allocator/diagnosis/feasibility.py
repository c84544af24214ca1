"""Whether anything fits: what each rule and term must give way by, at the least, for all to hold (a phase-1 program).

A yes is an allocation, rechecked; a no is a bound; a solver's word is neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from allocator.case import Case
from allocator.certificate import TOLERANCE, bound
from allocator.choices import without_choices
from allocator.diagnosis.lifting import as_rows, at_least, column, written_in
from allocator.program import Point, Program
from allocator.scores import Linear, Score
from allocator.shapes import Box, Clause, Cone, Fixed, Multipliers, Rows, hard_ones, largest_excess
from allocator.sparse import Sparse, Vector
from allocator.terms import PREFIX, is_term
from allocator.units import Money

LEAST = 1e-6
"Where all fits but for this part of equity, nobody can tell: it is borderline."
FAR = 1000.0
"""How far capital and debt may go in the proofs, over the largest amount that the case speaks of: far enough that no
conflict hangs on it."""
REACH = 1.0
"By how much a dropped clause gives way, over the same."
TRIES = ((1e-9, 1.0), (1e-9, 1000.0), (1e-11, 10.0))
"Tolerances, and how many times as much a dropped clause gives way: a share of 0.1% asks for a thousand times as much."
WORTH = 0.75
"A smaller program is compiled where it has at most this part of the rows."

Status = Literal["fits", "nothing", "borderline", "undecided"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether something fits.

    Attributes:
        status: `fits` where v keeps all within the certificate's tolerance; `nothing` where it is proved that every
            allocation breaks something by more than a millionth of equity; `borderline` in between; `undecided` where
            no solver got as far as that.
        v: the allocation that breaks the clauses least.
        broken: by how much, in parts of equity.
        multipliers: what proves that it can't be less, for all clauses; None where no solver found any.
    """

    status: Status
    v: Vector
    broken: float
    multipliers: Multipliers | None

    @property
    def weights(self) -> tuple[Vector, ...]:
        """The multipliers of each clause."""
        assert self.multipliers is not None
        return self.multipliers.weights


class _Phase:
    """A program of some clauses: by how much all must give way at the least, where any of them may be dropped."""

    def __init__(self, clauses: Mapping[int, Clause], box: Box, reach: float) -> None:
        self.kept = tuple(clauses)
        n = len(box.low)
        relaxed = []
        for clause in clauses.values():
            wide = written_in(clause, 1, c1=np.full(clause.size, reach))
            if clause.priced:
                wide = replace(wide, R0=wide.R0 + column(clause.size, n + 1, n, 1.0))
            relaxed.append(wide)
        self.score = Score(((1.0, Linear(np.append(np.zeros(n), -1.0))),))
        self.program = Program(relaxed, [self.score], _beside(box, reach), np.zeros(n + 1))

    def solve(self, off: Collection[int], tolerance: float, times: float) -> Point:
        """With some clauses dropped, by index."""
        gone = [(k, index) for k, index in enumerate(self.kept) if index in off]
        theta = {k: np.full(self.program.clauses[k].size, times) for k, _ in gone}
        return self.program.solve([1.0], tolerance=tolerance, theta=theta)


class Feasibility:
    """A phase-1 program, compiled once: any of the clauses may be dropped.

    Args:
        case: what is given.
        clauses: rules and terms that may be blamed, and definitions.
    """

    def __init__(self, case: Case, clauses: Sequence[Clause]) -> None:
        self.case = case
        self.clauses = tuple(clauses)
        self._priced = frozenset(index for index, clause in enumerate(self.clauses) if clause.priced)
        size = _largest(case, self.clauses)
        self.reach = REACH * size
        self._box = replace(case.box, high=np.full(case.decision.size, FAR * size))
        self._whole = self._phase(self._priced)
        self._phases = [self._whole]

    def _phase(self, kept: Collection[int]) -> _Phase:
        own = {i: clause for i, clause in enumerate(self.clauses) if i in kept or i not in self._priced}
        return _Phase(own, self._box, self.reach)

    def check(self, off: Collection[int] = (), afresh: bool = False) -> Verdict:
        """Whether something fits, with some clauses dropped, by index.

        Afresh, a proof is looked for among all clauses, and prefers none that an earlier one needed.
        """
        asked = self._priced.difference(off)
        # The smallest program that has all that is asked for decides; the last of a chain of ever smaller ones.
        phases = self._phases[:1] if afresh else self._phases
        phase = next(each for each in reversed(phases) if asked.issubset(each.kept))
        best = Verdict("undecided", np.zeros(self.case.decision.size), np.inf, None)
        tries = [(phase, *each) for each in TRIES]
        if phase is self._whole and len(phases) > 1:
            tries.insert(0, (phases[1], *TRIES[0]))
        for each, tolerance, times in tries:
            point = each.solve(off, tolerance, times)
            if point.status == "optimal":
                found = self._verdict(each, point, off)
                if found.status in ("fits", "nothing"):
                    return found
                best = min(found, best, key=lambda verdict: verdict.broken)
        return best

    def focus(self, kept: Collection[int]) -> None:
        """From now on ask a program of some clauses alone first, by index, as a proof needed no others.

        What leaves nothing in it leaves nothing at all; and it takes less time where it has much fewer.
        """
        self._phases = [each for each in self._phases if each is self._whole or set(kept).issubset(each.kept)]
        if self._work(kept) <= WORTH * self._work(self._phases[-1].kept):
            self._phases.append(self._phase(kept))

    def _work(self, kept: Collection[int]) -> int:
        """How many rows the solver has for some clauses that may be blamed: their members and the arms of cones."""
        clauses = [self.clauses[index] for index in self._priced.intersection(kept)]
        return sum(clause.size + (len(clause.k) if isinstance(clause, Cone) else 0) for clause in clauses)

    def _verdict(self, phase: _Phase, point: Point, off: Collection[int]) -> Verdict:
        d = self.case.decision
        v = np.maximum(point.v[:-1], 0)
        v = d.vector(v[: d.n], v[d.f : d.reserve])
        broken = self.broken(v, off)
        assert point.multipliers is not None
        multipliers = self._filled(phase, point.multipliers)
        status: Status = "undecided"
        if broken <= TOLERANCE:
            status = "fits"
        elif self._bound(multipliers, off) < -LEAST:
            status = "nothing"
        elif broken <= LEAST:
            status = "borderline"
        return Verdict(status, v, broken, multipliers)

    def _filled(self, phase: _Phase, given: Multipliers) -> Multipliers:
        """The multipliers of all clauses: those that a program lacks have none."""
        nowhere = np.zeros(self.case.decision.size + 1)
        weights = [np.zeros(clause.size) for clause in self.clauses]
        witnesses = [clause.witness(nowhere) for clause in self._whole.program.clauses]
        for index, weight, witness in zip(phase.kept, given.weights, given.witnesses, strict=True):
            weights[index], witnesses[index] = weight, witness
        return Multipliers(tuple(weights), tuple(witnesses), (np.zeros(0),))

    def broken(self, v: Vector, off: Collection[int] = ()) -> float:
        """The largest excess of the clauses that are not dropped, in parts of equity."""
        return worst((clause for index, clause in enumerate(self.clauses) if index not in off), v)

    def told(self, verdict: Verdict) -> Status:
        """What is told of a verdict on all clauses: borderline, too, where something fits with nothing to spare."""
        return "borderline" if verdict.status == "fits" and self._tight() else verdict.status

    def _tight(self) -> bool:
        """Whether there is nothing to spare: the rules' limits could not all be tighter by a millionth of equity.

        Limits of zero are left out, and so are terms, which are met exactly as a matter of course.
        """
        n = self.case.decision.size
        gain = column(1, n + 1, n, 1.0)
        clauses = [written_in(clause, 1) for clause in self.clauses]
        for index, clause in enumerate(self.clauses):
            if clause.priced and not is_term(clause) and np.abs(clause.theta).max(initial=0.0) > 0:
                wide = clauses[index]
                clauses[index] = replace(wide, R0=wide.R0 + column(clause.size, n + 1, n, -1.0))
        clauses.append(at_least(gain * -1.0, -1.0))
        spare = Score(((1.0, Linear(np.append(np.zeros(n), 1.0))),))
        program = Program(clauses, [spare], _beside(self._box, 1.0), np.zeros(n + 1))
        point = program.solve([1.0], tolerance=TRIES[0][0])
        return point.status == "infeasible" or point.bound < LEAST

    def proves(self, verdict: Verdict, kept: Collection[int]) -> bool:
        """Whether some clauses alone, by index, with the definitions, are proved to leave nothing."""
        return self._bound(verdict.multipliers, self._priced.difference(kept)) < -LEAST

    def _bound(self, given: Multipliers | None, off: Collection[int]) -> float:
        """What no allocation can go above (zero less the excess that it must have), dropped clauses counting nothing.

        So nothing hangs on how far a dropped clause gives way in the program.
        """
        if given is None:
            return np.inf
        weights = tuple(np.zeros(len(weight)) if i in off else weight for i, weight in enumerate(given.weights))
        program = self._whole.program
        return bound(program.clauses, self._whole.score, program.box, replace(given, weights=weights), 0.0)


def _beside(box: Box, high: float) -> Box:
    """The box with one more entry."""
    return Box(np.append(box.low, 0.0), np.append(box.high, high), np.append(box.defined, False))


def nothing_fits(case: Case, clauses: Sequence[Clause]) -> bool:
    """Whether it is proved that no allocation satisfies the clauses, whatever is chosen."""
    return Feasibility(case, blamable(case, clauses)).check().status == "nothing"


def worst(clauses: Iterable[Clause], v: Vector) -> float:
    """The largest excess of some clauses, or of what is below zero, in parts of equity."""
    return max(largest_excess(clauses, v), -float(v.min(initial=0.0)), 0.0)


def blamable(case: Case, clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses, with all that the box alone says said by clauses.

    Soft ones leave room always, and are left out; so are choices, without which more is allowed: what leaves nothing
    without them leaves nothing with them.
    """
    hard = hard_ones(without_choices(clauses))
    found = [as_rows(clause, case.box) if isinstance(clause, Fixed) else clause for clause in hard]
    if case.decision.fully_invested:
        found.append(fully_invested(case))
    return tuple(found)


def fully_invested(case: Case) -> Clause:
    """No reserve is kept, which the box says otherwise."""
    n = case.decision.size
    return Rows(
        rule=f"{PREFIX}fully-invested",
        words="the reserve",
        R0=column(1, n, case.decision.reserve, -1.0),
        c0=np.zeros(1),
        R1=Sparse.zeros(1, n),
        c1=np.full(1, 1 / case.equity),
        theta=np.zeros(1),
        unit=Money,
    )


def _largest(case: Case, clauses: Sequence[Clause]) -> float:
    """The largest amount that the case speaks of, in parts of equity."""
    constants = [np.abs(clause.c0 + clause.theta * clause.c1).max(initial=0.0) for clause in clauses]
    return max(1.0, float(case.box.high.max(initial=0.0)), *map(float, constants))
