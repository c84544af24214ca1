"""All that is curved by tangents, beside whole choices: a linear program that allows more than the rules do.

So its optimum bounds every choice of what is held, and each further tangent brings it down (outer approximation: Duran
and Grossmann 1986; Fletcher and Leyffer 1994). The tangents are those of the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from allocator.choices import Choice, Mask, Ticket, open_choices
from allocator.errors import NotCertified
from allocator.scores import Linear, Score
from allocator.shapes import Box, Clause, Cone, Tail
from allocator.solvers.highs import Highs
from allocator.sparse import Sparse, Vector

TOLERANCE = 1e-9
"By how much HiGHS may break a row, in parts of equity."
SEARCH = {
    "output_flag": False,
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
        soft = {index: clause for index, clause in enumerate(clauses) if clause.penalty is not None}
        switches = dict.fromkeys(each for choice in self._choices.values() for each in choice.switches)
        place = {switch: k for k, switch in enumerate(switches)}
        # Where the binaries of each choice's units are, among all.
        self._units = {
            index: np.array([place[switch] for switch in choice.switches], np.int64)
            for index, choice in self._choices.items()
        }
        # The score's parts that are curved and count.
        self._curved = [k for k, (weight, part) in enumerate(score.parts) if weight and not isinstance(part, Linear)]
        # The columns: v, what is above each curved part, by how much soft clauses are broken, and the binaries.
        curved = len(self._curved)
        sizes = [len(box.low), curved, *(clause.size for clause in soft.values()), len(switches)]
        _, self._above, *short, self._binary, self._total = np.cumsum([0, *sizes]).tolist()
        self._short = dict(zip(soft, short, strict=True))
        self._gain = np.zeros(self._total)
        self._constant = 0.0
        for weight, part in score.parts:
            if isinstance(part, Linear):
                self._gain[: len(box.low)] += weight * part.gain
                self._constant += weight * part.constant
        self._gain[self._above : self._above + curved] = 1.0
        self._low, self._high = np.zeros(self._total), np.full(self._total, np.inf)
        self._low[: self._above], self._high[: self._above] = self._box.low, self._box.high
        self._low[self._above : self._above + curved] = -np.inf
        self._high[self._binary :] = 1.0
        rates = np.zeros(self._total)
        for index, clause in soft.items():
            rates[self._short[index] : self._short[index] + clause.size] = clause.penalty
        self._gain -= penalty * rates
        self._rows: list[tuple[Vector, Vector, Any]] = []
        self._row([most], [(0, Sparse.dense(rates[None]))])
        for index, clause in enumerate(clauses):
            if not isinstance(clause, Choice | Cone | Tail):
                self._hold(index, Sparse.zeros(*clause.R0.shape), np.zeros(clause.size))
        for index, choice in self._choices.items():
            self._choose(index, choice)

    def _row(self, most: Any, parts: Sequence[tuple[int, Sparse]], least: Any = -np.inf) -> None:
        """Matrices, each from a column on, that together are at most `most` and at least `least`."""
        row, value = (np.concatenate([getattr(part, name) for _, part in parts]) for name in ("row", "value"))
        column = np.concatenate([start + part.column for start, part in parts])
        matrix = sp.csr_matrix((value, (row, column)), shape=(len(most), self._total))
        self._rows.append((np.broadcast_to(least, len(most)), np.asarray(most, float), matrix))

    def _hold(self, index: int, slopes: Sparse, constants: Vector) -> None:
        """Tangents, one a member, are at most the room of a clause, but for what a soft one is short."""
        clause = self.clauses[index]
        room, constant = clause.R0 + clause.R1.scaled(clause.theta), clause.c0 + clause.theta * clause.c1
        most = constant - constants
        parts = [(0, slopes + room * -1.0)]
        if index in self._short:
            parts.append((self._short[index], _identity(clause.size) * -1.0))
        self._row(most, parts, most if clause.equal else -np.inf)

    def _choose(self, index: int, choice: Choice) -> None:
        """What is open has its least, what is closed has nothing, and so many are open."""
        m, soft, own = choice.size, index in self._short, self._units[index]
        units, binaries = np.arange(len(own)), self._total - self._binary
        picked = (self._binary, Sparse.of((len(units), binaries), units, own, 1.0))
        short = [(self._short[index], _identity(m) * -1.0)] if soft else []
        if choice.least.any():
            open_least = (picked[0], picked[1].scaled(choice.least))
            less = short if isinstance(choice, Ticket) else []
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
        """Draw the tangents of the clauses at v, and of each of the score's parts the one that its witness picks."""
        for index, clause in enumerate(self.clauses):
            if isinstance(clause, Cone | Tail):
                witness = clause.valid(clause.witness(v))
                lines = [clause.pull(one, witness) for one in np.eye(clause.size)]
                slopes = Sparse.dense(np.array([slope for slope, _ in lines]))
                self._hold(index, slopes, np.array([constant for _, constant in lines]))
        for column, k in enumerate(self._curved, self._above):
            weight, part = self.score.parts[k]
            slope, constant = part.tangent(witnesses[k])
            if np.isfinite(constant):
                above = (column, Sparse.of((1, 1), 0, 0, 1.0))
                self._row([weight * constant], [above, (0, Sparse.dense(-weight * slope[None]))])

    def bar(self, binaries: Mask) -> None:
        """Leave out one choice, as nothing keeps the rules in it."""
        sign = np.where(binaries, 1.0, -1.0)
        self._row([binaries.sum() - 1.0], [(self._binary, Sparse.dense(sign[None]))])

    def best(self) -> Relaxed | None:
        """The best choice, as far as the tangents tell; None where there is none.

        Raises:
            NotCertified: HiGHS could not tell within its nodes.
        """
        program, highs = highspy.HighsLp(), highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (Highs.options(TOLERANCE)["highs_options"] | SEARCH).items():
            highs.setOptionValue(option, value)
        least, most, matrices = zip(*self._rows, strict=True)
        matrix = sp.vstack(matrices, format="csr")
        program.num_row_, program.num_col_ = matrix.shape
        program.sense_ = highspy.ObjSense.kMaximize
        program.offset_ = self._constant * self._scale
        program.col_cost_ = self._gain * self._scale
        program.col_lower_, program.col_upper_ = self._low, self._high
        program.row_lower_, program.row_upper_ = np.concatenate(least), np.concatenate(most)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
        program.a_matrix_.value_ = matrix.data
        kinds = np.full(self._total, highspy.HighsVarType.kContinuous)
        kinds[self._binary :] = highspy.HighsVarType.kInteger
        program.integrality_ = kinds.tolist()
        highs.passModel(program)
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            what = f"which lines to hold could not be settled within {SEARCH['mip_max_nodes']:,} nodes of a search"
            raise NotCertified(f"{what}; ask fewer tickets and counts, or leave lines out")
        found = np.array(highs.getSolution().col_value)
        v, binaries = found[: len(self._box.low)], found[self._binary :] > 0.5
        picked = {index: binaries[own] for index, own in self._units.items()}
        for index, open_ones in picked.items():
            v[self._choices[index].closed(open_ones)] = 0.0
        return Relaxed(v, highs.getInfo().mip_dual_bound / self._scale, binaries, picked)


def _identity(m: int) -> Sparse:
    return Sparse.of((m, m), np.arange(m), np.arange(m), 1.0)
