"""Clauses and scores become a program in conic form, written once; what moves is written over it.

Every row is affine in the variables and in one parameter at most, so that another limit is another number at a few
known spots. The variables are the entries of v that are free and, behind them, what soft clauses, sums of largest
entries and the kinks of scores need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.canonical.assembly import Assembly, Read, Rows, Term
from allocator.canonical.clauses import write_clause
from allocator.canonical.scores import gram, write_score
from allocator.choices import Choice
from allocator.conic import Cones, Conic, Found, Pattern
from allocator.question import Answer, Question
from allocator.scores import Score
from allocator.shapes import Box, Clause, Cone, Multipliers, Tail
from allocator.sparse import Sparse, Vector

ORDER = ("zero", "positive", "second", "exponential")


class Canonical:
    """A program of clauses and scores, for questions of one stage.

    Args:
        clauses: rules and terms; choices are left out, which allows more.
        scores: each question weighs them.
        box: where the entries of v may be; hard clauses that fix some are in it.
        spread: what each entry's square costs in the canonical choice.
        stage: of the questions.
    """

    def __init__(
        self, clauses: Sequence[Clause], scores: Sequence[Score], box: Box, spread: Vector, stage: str
    ) -> None:
        self.clauses, self.scores, self.stage = tuple(clauses), tuple(scores), stage
        self._assembly = assembly = Assembly(box)
        self._offset = np.cumsum([0, *(clause.size for clause in self.clauses)])
        self._theta = np.concatenate([np.zeros(0), *(clause.theta for clause in self.clauses)])
        self._readers = {
            index: write_clause(assembly, clause, int(self._offset[index]))
            for index, clause in enumerate(self.clauses)
            if not isinstance(clause, Choice)
        }
        self._terms = [write_score(assembly, score, inside=stage != "first") for score in self.scores]
        self._levels: list[Rows] = []
        if stage == "held":
            # Its entries turn on what is held.
            row = assembly.rows("positive", 1)
            columns = np.unique(np.concatenate([term.entries[0] for term in (*self._terms, assembly.owed)]))
            row.add(Sparse.dense(np.ones((1, len(columns)))), columns)
            self._levels = [row]
        if stage == "kept":
            self._levels = [self._level(score, term) for score, term in zip(self.scores, self._terms, strict=True)]
        self._write_rows()
        self._write_objective(spread[assembly.free])

    def _level(self, score: Score, term: Term) -> Rows:
        """A score after what soft rules cost it, in parts of its size."""
        row, size = self._assembly.rows("positive", 1), score.size or 1.0
        self._assembly.term(row, term, 1 / size)
        self._assembly.term(row, self._assembly.owed, -max(score.income, 0.0) / size)
        return row

    def _write_rows(self) -> None:
        """Put the rows in the order of their cones, and all entries where they stand."""
        blocks = sorted(self._assembly.blocks, key=lambda rows: ORDER.index(rows.cone))
        ends = np.cumsum([0, *(rows.size for rows in blocks)]).tolist()
        for rows, start in zip(blocks, ends, strict=False):
            rows.start = start
        entries = [(r + rows.start, *rest) for rows in blocks for r, *rest in rows.entries]
        empty = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
        row, column, value, moving = (np.concatenate(each) for each in zip(empty, *entries, strict=True))
        for rows in blocks:
            rows.entries.clear()  # they may take much room
        self._A = Pattern.of((ends[-1], self._assembly.count), row, column)
        self._base, slope = self._A.data(-value), self._A.data(-moving)
        # Rows without a parameter have slopes of zero, whichever they take.
        self._member = np.maximum(np.concatenate([empty[0], *(rows.member for rows in blocks)]), 0)
        self._moving = np.flatnonzero(slope)
        self._slope, self._mover = slope[self._moving], self._member[self._A.matrix.indices[self._moving]]
        self._shift = np.concatenate([empty[2], *(rows.shift for rows in blocks)])
        self._rise = np.concatenate([empty[2], *(rows.rise for rows in blocks)])
        self._low = np.concatenate(self._assembly.low)
        counts = {cone: sum(rows.size for rows in blocks if rows.cone == cone) for cone in ORDER}
        second = [rows for rows in blocks if rows.cone == "second"]
        sizes = tuple(rows.each for rows in second for _ in range(rows.size // rows.each))
        self._cones = Cones(counts["zero"], counts["positive"], sizes, counts["exponential"] // 3)

    def _write_objective(self, spread: Vector) -> None:
        """What a unit of each score's weight, of the penalty and of the spread adds to the cost."""
        count, free = self._assembly.count, np.arange(len(spread))
        self._gains = np.array([term.dense(count) for term in self._terms]).reshape(-1, count)
        self._constants = np.array([term.constant for term in self._terms])
        self._owed = self._assembly.owed.dense(count)
        parts, owner = [(free, free, 2 * spread)], [-1]
        for k, term in enumerate(self._terms):
            for weight, F in term.squares:
                row, column, value = gram(F)
                parts.append((row, column, -2 * weight * value))
                owner.append(k)
        row, column, value = (np.concatenate(each) for each in zip(*parts, strict=True))
        whose = np.repeat(owner, [len(part[0]) for part in parts])
        self._P = Pattern.of((count, count), row, column)
        self._spread, *self._curves = (
            self._P.data(np.where(whose == k, value, 0.0)) for k in range(-1, len(self._terms))
        )

    def conic(self, question: Question) -> Conic:
        """The program that answers a question."""
        theta = self._theta
        if question.theta:
            theta = theta.copy()
            for index, value in question.theta.items():
                theta[self._offset[index] : self._offset[index + 1]] = value
        A, b = self._base.copy(), self._shift.copy()
        if len(theta):
            A[self._moving] += self._slope * theta[self._mover]
            b += self._rise * theta[self._member]
        if question.held is not None:
            held, start = question.held, self._levels[0].start
            spots = self._A.matrix.indices == start
            row = held.weights @ self._gains - held.penalty * self._owed
            A[spots] = -row[self._A.matrix.columns[spots]]
            b[start] = held.weights @ self._constants - held.level
        elif question.levels is not None:
            for rows, level, score in zip(self._levels, question.levels, self.scores, strict=True):
                b[rows.start] -= level / (score.size or 1.0)
        P = question.spread * self._spread
        for weight, curve in zip(question.weights, self._curves, strict=True):
            P = P + weight * curve
        q = question.penalty * self._owed - question.weights @ self._gains
        return Conic(self._P.matrix.holding(P), q, self._A.matrix.holding(A), b, self._low, self._cones)

    def constant(self, question: Question) -> float:
        """What the cost of a question's program leaves out."""
        return -float(question.weights @ self._constants)

    def spans(self, more: float) -> tuple[Vector, Vector]:
        """Between what the variables are at some optimum; those behind v `more` times as far, for numbers that move."""
        least, most = (np.concatenate(ends) for ends in zip(*self._assembly.spans, strict=True))
        behind = np.arange(len(least)) >= len(self._assembly.free)
        size = more * np.maximum(np.maximum(np.abs(least), np.abs(most)), 1.0)
        return np.where(behind, np.maximum(self._low, -size), least), np.where(behind, size, most)

    def decided(self, x: Vector) -> Vector:
        """V from the variables; of many solves at once, where these are rows."""
        low, free = self._assembly.box.low, self._assembly.free
        v = np.tile(low, (*x.shape[:-1], 1))
        v[..., free] = x[..., : len(free)]
        return v

    def owed(self, x: Vector) -> Vector:
        """What soft rules cost a year, in parts of equity; of many solves at once, where these are rows."""
        return np.asarray((self._owed * x).sum(-1))

    def weights(self, y: Vector) -> list[Vector]:
        """The multipliers of each clause's members; of many solves at once, where these are rows."""
        weights = [np.zeros((*y.shape[:-1], clause.size)) for clause in self.clauses]
        for index, (members, reader) in self._readers.items():
            weights[index][..., members] = reader.weights(y)
        return weights

    def answer(self, found: Found) -> Answer:
        """What a solver's point and multipliers mean."""
        if found.status != "optimal":
            return Answer(found.status)
        v = self.decided(found.x)
        read = Read(found.x, found.y, v)
        weights, witnesses = self.weights(found.y), [clause.witness(v) for clause in self.clauses]
        for index, (members, reader) in self._readers.items():
            if not len(members):
                continue
            own, seen = weights[index][members], reader.witnesses(read)
            if isinstance(self.clauses[index], Tail):
                witnesses[index] = seen
            elif isinstance(self.clauses[index], Cone):
                witnesses[index][members] = np.where((own > 0)[:, None], seen, witnesses[index][members])
        score = tuple(reader(read) for term in self._terms for reader in term.witnesses)
        hold = float(read.of(self._levels[0])[0]) if self.stage == "held" else 0.0
        return Answer("optimal", v, Multipliers(tuple(weights), tuple(witnesses), score), hold)
