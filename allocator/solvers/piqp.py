"""PIQP: a proximal interior-point solver for quadratic programs (Schwan, Jiang, Kuhn and Jones 2023)."""

from typing import Any, ClassVar

import numpy as np

from allocator.conic import Compressed, Conic, Found
from allocator.solvers import Started

LARGE = 1000
"Variables from which on it is quicker than Clarabel by half or more, where there are no cones."
STATUS = {"PIQP_SOLVED": "optimal", "PIQP_PRIMAL_INFEASIBLE": "infeasible"}


class Piqp:
    """Quick on large quadratic programs, such as those of factor models."""

    abilities: ClassVar = frozenset({"quadratic"})
    package: ClassVar = "piqp"
    order: ClassVar = 5
    threads: ClassVar = 1

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """Where programs are large and have squares, but no cones."""
        return len(conic.q) >= LARGE and not conic.cones.second and bool(conic.P.data.any())

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Each program is solved from scratch."""
        import piqp
        from scipy.sparse import csc_matrix

        zero = conic.cones.zero

        def matrix(given: Compressed) -> Any:
            return csc_matrix((given.data, given.indices, given.indptr), given.shape)

        def solve(given: Conic) -> Found:
            solver, rows = piqp.SparseSolver(), matrix(given.A).tocsr()
            for name in ("eps_abs", "eps_rel", "eps_duality_gap_abs", "eps_duality_gap_rel"):
                setattr(solver.settings, name, tolerance)
            equal, other = rows[:zero].tocsc(), rows[zero:].tocsc()
            solver.setup(matrix(given.P), given.q, equal, given.b[:zero], other, None, given.b[zero:], given.low, None)
            status = STATUS.get(solver.solve().name, "failed")
            return Found.of(status, solver.result.x, np.append(solver.result.y, solver.result.z_u))

        return solve
