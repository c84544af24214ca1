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
from allocator.lifting import as_rows, at_least, column, written_in
from allocator.program import Point, Program
from allocator.shapes import Box, Clause, Fixed, Linear, Multipliers, Rows, Score
from allocator.sparse import Sparse, Vector
from allocator.terms import PREFIX, is_term
from allocator.units import Money

LEAST = 1e-6
"Where all fits but for this part of equity, nobody can tell: it is borderline."
FAR = 1000.0
"""How far capital and debt may go in the proofs, over the largest amount that the case speaks of: far enough that no
conflict hangs on it."""
REACH = 10.0
"By how much a dropped clause gives way, over the same."
TRIES = ((1e-9, 1.0), (1e-9, 100.0), (1e-11, 1.0))
"Tolerances, and how many times as much a dropped clause gives way: a share of 0.1% asks for a thousand times as much."

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
        multipliers: what proves that it can't be less.
        weights: the multipliers of each clause, by its index.
    """

    status: Status
    v: Vector
    broken: float
    multipliers: Multipliers | None
    weights: Mapping[int, Vector]


class Feasibility:
    """A phase-1 program, compiled once: any of the clauses may be dropped.

    Args:
        case: what is given.
        clauses: rules and terms that may be blamed, and definitions.
        kept: those that stay in the program, by index; all by default. The others are to be dropped in each check.
    """

    def __init__(self, case: Case, clauses: Sequence[Clause], kept: Collection[int] | None = None) -> None:
        self.case = case
        self.clauses = tuple(clauses)
        self._kept = [
            index for index, clause in enumerate(self.clauses) if kept is None or index in kept or not clause.priced
        ]
        n = case.decision.size
        size = _largest(case, self.clauses)
        self.reach = REACH * size
        self._box = replace(case.box, high=np.full(n, FAR * size))
        relaxed = []
        for clause in (self.clauses[index] for index in self._kept):
            if not clause.priced:
                relaxed.append(written_in(clause, 1))
                continue
            wide = written_in(clause, 1, c1=np.full(clause.size, self.reach))
            relaxed.append(replace(wide, R0=wide.R0 + column(clause.size, n + 1, n, 1.0)))
        low, high = np.append(self._box.low, 0.0), np.append(self._box.high, self.reach)
        gain = np.append(np.zeros(n), -1.0)
        self._score = Score(((1.0, Linear(gain)),))
        box = Box(low, high, np.append(self._box.defined, False))
        self._program = Program(relaxed, [self._score], box, np.zeros(n + 1))

    def check(self, off: Collection[int] = ()) -> Verdict:
        """Whether something fits, with some clauses dropped, by index."""
        dropped = {k: np.ones(self.clauses[index].size) for k, index in enumerate(self._kept) if index in off}
        best = Verdict("undecided", np.zeros(self.case.decision.size), np.inf, None, {})
        for tolerance, times in TRIES:
            theta = {k: ones * times for k, ones in dropped.items()}
            point = self._program.solve([1.0], tolerance=tolerance, theta=theta)
            if point.status == "optimal":
                found = self._verdict(point, off)
                if found.status in ("fits", "nothing"):
                    return found
                best = min(found, best, key=lambda verdict: verdict.broken)
        return best

    def _verdict(self, point: Point, off: Collection[int]) -> Verdict:
        d = self.case.decision
        v = np.maximum(point.v[:-1], 0)
        v = d.vector(v[: d.n], v[d.f : d.reserve])
        broken = self.broken(v, off)
        status: Status = "undecided"
        if broken <= TOLERANCE:
            status = "fits"
        elif self._bound(point.multipliers, off) < -LEAST:
            status = "nothing"
        elif broken <= LEAST:
            status = "borderline"
        assert point.multipliers is not None
        weights = dict(zip(self._kept, point.multipliers.weights, strict=True))
        return Verdict(status, v, broken, point.multipliers, weights)

    def broken(self, v: Vector, off: Collection[int] = ()) -> float:
        """The largest excess of the clauses that are not dropped, in parts of equity."""
        kept = (self.clauses[index] for index in self._kept if index not in off)
        return worst(kept, v)

    def only(self, kept: Collection[int]) -> Feasibility:
        """The same with a smaller program, where all but some clauses, by index, will be dropped anyway."""
        return Feasibility(self.case, self.clauses, kept)

    def rows(self, kept: Collection[int] | None = None) -> int:
        """How many members its clauses have, or some of them, by index."""
        return sum(self.clauses[index].size for index in (self._kept if kept is None else kept))

    def tight(self) -> bool:
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
        box = Box(np.append(self._box.low, 0.0), np.append(self._box.high, 1.0), np.append(self._box.defined, False))
        spare = Score(((1.0, Linear(np.append(np.zeros(n), 1.0))),))
        return Program(clauses, [spare], box, np.zeros(n + 1)).solve([1.0], tolerance=TRIES[0][0]).bound < LEAST

    def proves(self, verdict: Verdict, kept: Collection[int]) -> bool:
        """Whether some clauses alone, by index, with the definitions, are proved to leave nothing."""
        off = {index for index in self._kept if self.clauses[index].priced and index not in kept}
        return self._bound(verdict.multipliers, off) < -LEAST

    def _bound(self, given: Multipliers | None, off: Collection[int]) -> float:
        """What no allocation can go above (zero less the excess that it must have), dropped clauses counting nothing.

        So nothing hangs on how far a dropped clause gives way in the program.
        """
        if given is None:
            return np.inf
        weights = tuple(
            np.zeros(len(weight)) if index in off else weight
            for index, weight in zip(self._kept, given.weights, strict=True)
        )
        alone = Multipliers(weights, given.witnesses, (np.zeros(0),))
        return bound(self._program.clauses, self._score, self._program.box, alone, 0.0)


def worst(clauses: Iterable[Clause], v: Vector) -> float:
    """The largest excess of some clauses, or of what is below zero, in parts of equity."""
    excess = max((float(clause.excess(v).max(initial=0.0)) for clause in clauses), default=0.0)
    return max(excess, -float(v.min(initial=0.0)), 0.0)


def blamable(case: Case, clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses, with all that the box alone says said by clauses; soft ones leave room always, and are left out."""
    hard = [clause for clause in clauses if clause.penalty is None]
    found = [as_rows(clause, case.box) if isinstance(clause, Fixed) else clause for clause in hard]
    if case.decision.fully_invested:
        found.append(_fully_invested(case))
    return tuple(found)


def _fully_invested(case: Case) -> Clause:
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
