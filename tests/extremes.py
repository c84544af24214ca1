"""Extreme points of what clauses allow, found without the program: arrays by hand, HiGHS where all is linear, else Clarabel.

Only what such a point is matters, and not how it was found: each is checked in numpy before it may contradict anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import clarabel
import highspy
import numpy as np
import scipy.sparse as sp

from allocator.case import Case
from allocator.shapes import Clause, Cone, Equal, Fixed, RotatedCone, Rows, Tail
from allocator.sparse import Sparse, Vector


def dense(matrix: Sparse) -> Vector:
    out = np.zeros(matrix.shape)
    np.add.at(out, (matrix.row, matrix.column), matrix.value)
    return out


def sides(clause: Clause) -> tuple[Vector, Vector]:
    """The room as `R v + c`."""
    return dense(clause.R0) + clause.theta[:, None] * dense(clause.R1), clause.c0 + clause.theta * clause.c1


def broken(clause: Clause, v: Vector) -> Vector:
    """By how much each member is broken, by formulas of our own."""
    R, c = sides(clause)
    room = R @ v + c
    if isinstance(clause, Equal):
        return np.abs(room)
    if isinstance(clause, Tail):
        entries = np.sort(dense(clause.L) @ v + clause.k)[::-1]
        return np.clip(clause.count - np.arange(len(entries)), 0, 1) @ entries - room
    if isinstance(clause, Cone):
        arms = (dense(clause.M) @ v + clause.k).reshape(clause.size, -1)
        squares = (arms**2).sum(axis=1)
        return (squares if isinstance(clause, RotatedCone) else np.sqrt(squares)) - room
    if isinstance(clause, Fixed):
        return np.maximum(-room, v[clause.columns].max(initial=0.0))
    assert isinstance(clause, Rows)
    return -room


class Oracle:
    """What some hard clauses and the box allow.

    Args:
        case: what is given.
        clauses: soft ones are left out.
    """

    def __init__(self, case: Case, clauses: Iterable[Clause]) -> None:
        self.case = case
        self.clauses = [clause for clause in clauses if clause.penalty is None]
        self.size = case.decision.size
        self.high = case.box.high.copy()
        for clause in self.clauses:
            if isinstance(clause, Fixed):
                self.high[clause.columns] = 0.0
        straight = [clause for clause in self.clauses if isinstance(clause, (Rows, Equal))]
        R, c = zip(*map(sides, straight), strict=True)
        self.equal = np.concatenate([np.full(clause.size, clause.equal) for clause in straight])
        self.R, self.c = np.concatenate(R), np.concatenate(c)
        self.curved = [clause for clause in self.clauses if isinstance(clause, (Cone, Tail))]
        self._furthest = self._cones() if self.curved else self._rows()

    def _rows(self) -> Callable[[Vector], Vector | None]:
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.addVars(self.size, np.zeros(self.size), self.high)
        matrix = sp.csr_matrix(self.R)
        upper = np.where(self.equal, -self.c, highspy.kHighsInf)
        solver.addRows(len(self.c), -self.c, upper, matrix.nnz, matrix.indptr, matrix.indices, matrix.data)
        columns = np.arange(self.size, dtype=np.int32)

        def furthest(direction: Vector) -> Vector | None:
            solver.changeColsCost(self.size, columns, -direction)
            solver.run()
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            return np.array(solver.getSolution().col_value)

        return furthest

    def _cones(self) -> Callable[[Vector], Vector | None]:
        """Clarabel's form, `A y + s = b` with s in cones; y is v and, for each sum of the largest, q and the overs."""
        extra = sum(1 + clause.L.shape[0] for clause in self.curved if isinstance(clause, Tail))
        width = self.size + extra
        blocks, cones = [], []

        def add(rows: Vector, constant: Vector, kind) -> None:
            """Rows @ y + constant in the cone."""
            blocks.append((np.pad(rows, ((0, 0), (0, width - rows.shape[1]))), constant))
            cones.append(kind(len(constant)))

        unit = np.eye(self.size)
        add(self.R[self.equal], self.c[self.equal], clarabel.ZeroConeT)
        add(self.R[~self.equal], self.c[~self.equal], clarabel.NonnegativeConeT)
        add(unit, np.zeros(self.size), clarabel.NonnegativeConeT)
        add(-unit, self.high, clarabel.NonnegativeConeT)
        at = self.size
        for clause in self.curved:
            R, c = sides(clause)
            if isinstance(clause, Tail):
                m = clause.L.shape[0]
                over = np.zeros((m, width))
                over[:, at + 1 : at + 1 + m] = np.eye(m)
                above = over.copy()
                above[:, : self.size] -= dense(clause.L)
                above[:, at] += 1
                total = np.pad(R, ((0, 0), (0, extra)))
                total[0, at] -= clause.count
                total[0, at + 1 : at + 1 + m] -= 1
                for rows, constant in ((over, np.zeros(m)), (above, -clause.k), (total, c)):
                    add(rows, constant, clarabel.NonnegativeConeT)
                at += 1 + m
                continue
            d = clause.M.shape[0] // clause.size
            arms, k = dense(clause.M).reshape(clause.size, d, -1), clause.k.reshape(clause.size, d)
            for i in range(clause.size):
                if isinstance(clause, RotatedCone):
                    rows = np.vstack([R[i], 2 * arms[i], R[i]])
                    add(rows, np.concatenate([[c[i] + 1], 2 * k[i], [c[i] - 1]]), clarabel.SecondOrderConeT)
                else:
                    add(np.vstack([R[i], arms[i]]), np.concatenate([[c[i]], k[i]]), clarabel.SecondOrderConeT)
        A = sp.csc_matrix(-np.vstack([rows for rows, _ in blocks]))
        b = np.concatenate([constant for _, constant in blocks])
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        solver = clarabel.DefaultSolver(sp.csc_matrix((width, width)), np.zeros(width), A, b, cones, settings)

        def furthest(direction: Vector) -> Vector | None:
            solver.update(q=-np.pad(direction, (0, width - self.size)))
            found = solver.solve()
            return np.array(found.x)[: self.size] if str(found.status) in ("Solved", "AlmostSolved") else None

        return furthest

    def allows(self, v: Vector, tolerance: float = 2e-7) -> bool:
        inside = np.maximum(-v, v - self.high).max() <= tolerance
        return bool(inside and all(broken(clause, v).max(initial=0.0) <= tolerance for clause in self.clauses))

    def each(self, directions: Iterable[Vector]) -> Iterator[Vector]:
        """An allowed allocation, all of it by its definition, for each direction in which one is found."""
        d = self.case.decision
        for direction in directions:
            v = self._furthest(direction)
            if v is None:
                continue
            v = d.vector(np.maximum(v[: d.n], 0), np.maximum(v[d.f : d.reserve], 0))
            if self.allows(v):
                yield v


def random(case: Case, count: int, seed: int) -> list[Vector]:
    """Random directions of capital and loans."""
    d, rng = case.decision, np.random.default_rng(seed)
    out = np.zeros((count, d.size))
    out[:, : d.reserve] = rng.normal(size=(count, d.reserve))
    return list(out)


def own(case: Case, clauses: Sequence[Clause], start: Vector) -> list[Vector]:
    """The directions in which the rules' own members are broken by most: against their rooms, and along their tangents."""
    found = []
    for clause in clauses:
        R, _ = sides(clause)
        for i in range(clause.size):
            pick = np.eye(clause.size)[i]
            found.append(-R[i])
            points = [start, *np.eye(case.decision.size)[: case.decision.n]]
            if isinstance(clause, (Cone, Tail)):
                found += [clause.pull(pick, clause.witness(v))[0] - R[i] for v in points]
    return found
