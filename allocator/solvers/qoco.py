"""QOCO: an interior-point solver for quadratic programs with second-order cones (Chari and Acikmese 2025)."""

from typing import Any, ClassVar

import numpy as np

from allocator.conic import Bounded, Conic, Found
from allocator.solvers import Started
from allocator.sparse import Indices

SMALL = 400
"Numbers in the rows up to which it is quicker than Clarabel, by a quarter to a half; on larger ones it is slower."


class Qoco:
    """Quick on small programs; it does not tell those that nothing satisfies."""

    abilities: ClassVar = frozenset({"conic", "quadratic"})
    package: ClassVar = "qoco"
    order: ClassVar = 4
    threads: ClassVar = 2  # it works outside Python's lock

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """Where small programs are solved again and again."""
        return again and len(conic.A.data) <= SMALL

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Scale by the first program; others are written over it."""
        import qoco
        from scipy.sparse import csc_matrix

        rows = Bounded(conic)
        whole, b, zero = rows.A(conic), rows.b(conic), rows.cones.zero
        m, n = whole.shape
        equal, other = np.flatnonzero(whole.indices < zero), np.flatnonzero(whole.indices >= zero)

        def part(chosen: Indices, first: int, end: int) -> Any:
            starts = np.searchsorted(chosen, whole.indptr)
            return csc_matrix((whole.data[chosen], whole.indices[chosen] - first, starts), (end - first, n))

        solver, sizes = qoco.QOCO(), np.array(rows.cones.second, np.int32)
        P = csc_matrix((conic.P.data, conic.P.indices, conic.P.indptr), conic.P.shape)
        solver.setup(
            n, m - zero, zero, P, conic.q, part(equal, 0, zero), b[:zero], part(other, zero, m), b[zero:],
            rows.cones.positive, len(sizes), sizes, verbose=False, abstol=tolerance, reltol=tolerance,
        )  # fmt: skip

        def solve(given: Conic) -> Found:
            A, b = rows.A(given).data, rows.b(given)
            solver.update_vector_data(c=given.q, b=b[:zero], h=b[zero:])
            solver.update_matrix_data(P=given.P.data, A=A[equal], G=A[other])
            found = solver.solve()
            status = "optimal" if found.status == "QOCO_SOLVED" else "failed"
            return Found.of(status, found.x, rows.own(np.append(found.y, found.z)))

        return solve
