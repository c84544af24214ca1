"""All that is curved by tangents, beside whole choices: a linear program that allows more than the rules do.

So its optimum bounds every choice of what is held, and each further tangent brings it down (outer approximation: Duran
and Grossmann 1986; Fletcher and Leyffer 1994). A cone is taken apart, each of its arms with a square of its own: so a
few tangents an arm stand for very many of the cone (Vielma, Dunning, Huchette and Lubin 2017). What tangents touch is
picked by the witnesses of the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from allocator.choices import Choice, Mask, Ticket, open_choices
from allocator.conic import Pattern
from allocator.errors import NotCertified
from allocator.scores import Linear, Norm, Quadratic, Score
from allocator.shapes import Box, Clause, Cone, RotatedCone, Tail
from allocator.solvers.highs import Highs, linear_program
from allocator.sparse import Sparse, Vector

TOLERANCE = 1e-9
"By how much HiGHS may break a row, in parts of equity."
NEAR = 1e-6
"A clause with more room than this, in parts of equity, needs no tangent."
FLAT = 1e-9
"An arm with less of the witness than this needs no tangent."
SEARCH = {
    "mip_feasibility_tolerance": TOLERANCE,
    "mip_rel_gap": 1e-9,
    "mip_abs_gap": TOLERANCE,
    "mip_max_nodes": 100_000,
}
"How HiGHS searches. Nodes are limited, and not time, so that the answer does not turn on the machine."


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The optimum as far as the tangents tell.

    Attributes:
        v: where it is.
        bound: no allocation scores more, whatever is held; by the word of HiGHS.
        binaries: which sums are open.
        picked: for each choice, by index, which of its units are open.
    """

    v: Vector
    bound: float
    binaries: Mask
    picked: Mapping[int, Mask]


@dataclass(frozen=True, eq=False)
class _Arms:
    """Arms `a = M v + k` under a whole: `a^2 <= square * whole` each, or `a^2 <= square` where the whole is squared.

    The squares add up to the whole at most.

    Attributes:
        M, k: of the arms (d x len(v), d).
        whole: the column of the whole.
        squared: whether `|| a ||^2 <= whole`; else `|| a || <= whole`.
    """

    M: Sparse
    k: Vector
    whole: int
    squared: bool

    @property
    def squares(self) -> int:
        """The first column of the squares, which stand behind the whole."""
        return self.whole + 1


class OuterApproximation:
    """A score under clauses with choices to make: a binary for each sum of entries that is nothing or something.

    How much an open one may have is what the box lets it; no other large number stands in the program.

    Args:
        clauses: rules and terms.
        score: what is maximised.
        box: where the entries of v may be.
        penalty: how much one unit of the soft rules' cost takes off.
        most: what the soft rules may cost at most, in parts of equity a year.
    """

    def __init__(self, clauses: Sequence[Clause], score: Score, box: Box, penalty: float, most: float) -> None:
        self.clauses, self.score = clauses, score
        self._choices, self._box = open_choices(clauses), box.fixing(clauses)
        self._scale = 1 / (score.size or 1.0)
        switches = dict.fromkeys(each for choice in self._choices.values() for each in choice.switches)
        place = {switch: k for k, switch in enumerate(switches)}
        # Where the binaries of each choice's units are, among all.
        self._units = {
            index: np.array([place[switch] for switch in choice.switches], np.int64)
            for index, choice in self._choices.items()
        }
        soft = {index: clause for index, clause in enumerate(clauses) if clause.penalty is not None}
        # The score's parts that are curved and count: those with arms, and others.
        curved = {k: part for k, (weight, part) in enumerate(score.parts) if weight and not isinstance(part, Linear)}
        parts = {k: part for k, part in curved.items() if isinstance(part, Norm | Quadratic)}
        others = [k for k in curved if k not in parts]
        cones = {index: clause for index, clause in enumerate(clauses) if isinstance(clause, Cone)}
        # The columns: v, what is above each other curved part, by how much soft clauses are broken, wholes with their
        # squares, and the binaries.
        n = len(box.low)
        arms = [part.F.shape[0] for part in parts.values()]
        arms += [len(clause.k) // clause.size for clause in cones.values() for _ in range(clause.size)]
        sizes = [n, len(others), *(clause.size for clause in soft.values()), *(1 + d for d in arms), len(switches)]
        starts = np.cumsum([0, *sizes]).tolist()
        above, self._total, self._binary = starts[1], starts[-1], starts[-2]
        self._above = dict(zip(others, range(above, above + len(others)), strict=True))
        self._short = dict(zip(soft, starts[2:], strict=False))
        free = iter(starts[2 + len(soft) :])
        self._parts = {
            k: _Arms(part.F, np.zeros(part.F.shape[0]), next(free), isinstance(part, Quadratic))
            for k, part in parts.items()
        }
        self._cones = {index: [_member(c, j, next(free)) for j in range(c.size)] for index, c in cones.items()}
        self._gain = np.zeros(self._total)
        self._constant = 0.0
        for weight, part in score.parts:
            if isinstance(part, Linear):
                self._gain[:n] += weight * part.gain
                self._constant += weight * part.constant
        self._gain[above : above + len(others)] = 1.0
        for k, each in self._parts.items():
            self._gain[each.whole] = score.parts[k][0]
        rates = np.zeros(self._total)
        for index, clause in soft.items():
            rates[self._short[index] : self._short[index] + clause.size] = clause.penalty
        self._gain -= penalty * rates
        self._low, self._high = np.zeros(self._total), np.full(self._total, np.inf)
        self._low[:n], self._high[:n] = self._box.low, self._box.high
        self._low[above : above + len(others)] = -np.inf
        self._high[self._binary :] = 1.0
        self._rows: list[tuple[Vector, Vector, Sparse]] = []
        self._row([most], [(0, Sparse.dense(rates[None]))])
        for index, clause in enumerate(clauses):
            if not isinstance(clause, Choice | Tail):
                column = (clause.size, 1)
                members = enumerate(self._cones.get(index, ()))
                self._hold(index, [(each.whole, Sparse.of(column, j, 0, 1.0)) for j, each in members])
        for each in [*self._parts.values(), *(arms for members in self._cones.values() for arms in members)]:
            squares = Sparse.dense(np.ones((1, len(each.k))))
            self._row([0.0], [(each.squares, squares), (each.whole, Sparse.of((1, 1), 0, 0, -1.0))])
        for index, choice in self._choices.items():
            self._choose(index, choice)

    def _row(self, most: Any, parts: Sequence[tuple[int, Sparse]], least: Any = -np.inf) -> None:
        """Matrices, each from a column on, that together are at most `most` and at least `least`."""
        row, value = (np.concatenate([getattr(part, name) for _, part in parts]) for name in ("row", "value"))
        column = np.concatenate([start + part.column for start, part in parts])
        matrix = Sparse((len(most), self._total), row, column, value)
        self._rows.append((np.broadcast_to(least, len(most)), np.asarray(most, float), matrix))

    def _hold(self, index: int, left: Sequence[tuple[int, Sparse]], constants: Any = 0.0) -> None:
        """What stands on the left of a clause is at most its room, but for what a soft one is short."""
        clause = self.clauses[index]
        room = clause.R0 + clause.R1.scaled(clause.theta)
        most = clause.c0 + clause.theta * clause.c1 - constants
        parts = [*left, (0, room * -1.0)]
        if index in self._short:
            parts.append((self._short[index], Sparse.picking(np.arange(clause.size), clause.size, -1.0)))
        self._row(most, parts, most if clause.equal else -np.inf)

    def _choose(self, index: int, choice: Choice) -> None:
        """What is open has its least, what is closed has nothing, and so many are open."""
        m, soft, own = choice.size, index in self._short, self._units[index]
        units, binaries = np.arange(len(own)), self._total - self._binary
        picked = (self._binary, Sparse.of((len(units), binaries), units, own, 1.0))
        short = [(self._short[index], Sparse.picking(np.arange(m), m, -1.0))] if soft else []
        if choice.least.any():
            open_least = (picked[0], picked[1].scaled(choice.least))
            less = short if choice.lessens else []
            self._row(np.zeros(len(units)), [(0, choice.G * -1.0), open_least, *less])
        if choice.shuts:
            capacity = picked[1].scaled(-(choice.G @ self._box.high))
            self._row(np.zeros(len(units)), [(0, choice.G), (picked[0], capacity)])
        if isinstance(choice, Ticket):
            return
        counted = Sparse.of((m, binaries), 0, own, 1.0)
        if np.isfinite(choice.most):
            self._row([choice.most], [(picked[0], counted), *short])
        if choice.fewest > 0:
            self._row([-choice.fewest], [(picked[0], counted * -1.0), *short])

    def touch(self, v: Vector, witnesses: Sequence[Vector]) -> None:
        """Draw tangents: at v of the clauses that leave no room there, and those of the score that witnesses pick."""
        for index, clause in enumerate(self.clauses):
            if not isinstance(clause, Cone | Tail):
                continue
            witness = clause.valid(clause.witness(v))
            for member in np.flatnonzero(clause.excess(v) > -NEAR):
                if isinstance(clause, Cone):
                    self._bend(self._cones[index][member], witness[member])
                else:
                    slope, constant = clause.pull(np.ones(1), witness)
                    self._hold(index, [(0, Sparse.dense(slope[None]))], constant)
        for k, arms in self._parts.items():
            self._bend(arms, witnesses[k])
        for k, column in self._above.items():
            weight, part = self.score.parts[k]
            slope, constant = part.tangent(witnesses[k])
            if np.isfinite(constant):
                above = (column, Sparse.of((1, 1), 0, 0, 1.0))
                self._row([weight * constant], [above, (0, Sparse.dense(-weight * slope[None]))])

    def _bend(self, arms: _Arms, witness: Vector) -> None:
        """The tangents of the squares: `square * whole >= a^2` lies above `square >= 2 w a - w^2 whole`, whatever w."""
        used = np.flatnonzero(np.abs(witness) > FLAT)
        w, each = witness[used], np.arange(len(used))
        squares = Sparse.of((len(used), len(arms.k)), each, used, -1.0)
        parts = [(0, arms.M.rows(used).scaled(2 * w)), (arms.squares, squares)]
        most = -2 * w * arms.k[used]
        if arms.squared:
            most = most + w**2
        else:
            parts.append((arms.whole, Sparse.of((len(used), 1), each, 0, -(w**2))))
        if len(used):
            self._row(most, parts)

    def bar(self, binaries: Mask) -> None:
        """Leave out one choice, as nothing keeps the rules in it."""
        sign = np.where(binaries, 1.0, -1.0)
        self._row([binaries.sum() - 1.0], [(self._binary, Sparse.dense(sign[None]))])

    def best(self) -> Relaxed | None:
        """The best choice, as far as the tangents tell; None where there is none.

        Raises:
            NotCertified: HiGHS could not tell within its nodes.
        """
        import highspy

        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (Highs.options(TOLERANCE) | SEARCH).items():
            highs.setOptionValue(option, value)
        least, most, matrices = zip(*self._rows, strict=True)
        whole = Sparse.stack(matrices)
        pattern = Pattern.of(whole.shape, whole.row, whole.column)
        program = linear_program(
            pattern.matrix.holding(pattern.data(whole.value)),
            (self._gain * self._scale, self._low, self._high),
            (np.concatenate(least), np.concatenate(most)),
            highspy.MatrixFormat.kColwise,
        )
        program.sense_ = highspy.ObjSense.kMaximize
        program.offset_ = self._constant * self._scale
        kinds = np.full(self._total, highspy.HighsVarType.kContinuous)
        kinds[self._binary :] = highspy.HighsVarType.kInteger
        program.integrality_ = kinds.tolist()
        highs.passModel(program)
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            why = highs.modelStatusToString(status).lower()
            what = f"which lines to hold could not be settled by a search of {SEARCH['mip_max_nodes']:,} nodes ({why})"
            raise NotCertified(f"{what}; ask fewer tickets and counts, or leave lines out")
        found = np.array(highs.getSolution().col_value)
        v, binaries = found[: len(self._box.low)], found[self._binary :] > 0.5
        picked = {index: binaries[own] for index, own in self._units.items()}
        for index, open_ones in picked.items():
            v[self._choices[index].closed(open_ones)] = 0.0
        return Relaxed(v, highs.getInfo().mip_dual_bound / self._scale, binaries, picked)


def _member(cone: Cone, member: int, column: int) -> _Arms:
    """The arms of a member of a cone."""
    own = np.arange(len(cone.k)).reshape(cone.size, -1)[member]
    return _Arms(cone.M.rows(own), cone.k[own], column, isinstance(cone, RotatedCone))
