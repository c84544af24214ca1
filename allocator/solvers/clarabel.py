"""Clarabel: an interior-point solver for conic programs with quadratic objectives (Goulart and Chen 2024)."""

from typing import Any, ClassVar

import numpy as np

from allocator.conic import Bounded, Conic, Found
from allocator.solvers import Started

TIGHTEST = 1e-10
STATUS = {
    "Solved": "optimal",
    "AlmostSolved": "optimal",
    "MaxIterations": "optimal",  # a certificate judges how good
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible",
}


class Clarabel:
    """The default: accurate multipliers on all shapes."""

    cvxpy_name: ClassVar = "CLARABEL"
    abilities: ClassVar = frozenset({"conic", "quadratic", "exponential", "cvxpy"})
    package: ClassVar = "clarabel"
    order: ClassVar = 2
    threads: ClassVar = 2  # it works outside Python's lock

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """All of its stopping rules at the tolerance."""
        return {
            "tol_gap_abs": tolerance,
            "tol_gap_rel": tolerance,
            "tol_feas": tolerance,
            "max_threads": 1,
            "equilibrate_max_iter": 50,  # ten, its own choice, leave some funds' rows of very different sizes
            # Who asks for more than the tightest has seen it stall with its own steps, which are longer.
            "max_step_fraction": 0.99 if tolerance >= TIGHTEST else 0.95,
        }

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """It is the one that others are measured by."""
        return False

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Scale by the first program; others are written over it, which needs presolve off and the pattern kept."""
        import clarabel

        settings = clarabel.DefaultSettings()
        settings.verbose = settings.presolve_enable = settings.chordal_decomposition_enable = False
        settings.direct_solve_method = "qdldl"
        for name, value in Clarabel.options(tolerance).items():
            setattr(settings, name, value)
        rows = Bounded(conic)
        cones = [clarabel.ZeroConeT(rows.cones.zero), clarabel.NonnegativeConeT(rows.cones.positive)]
        cones += [clarabel.SecondOrderConeT(size) for size in rows.cones.second]
        cones += [clarabel.ExponentialConeT()] * rows.cones.exponential
        solver = clarabel.DefaultSolver(conic.P, conic.q, rows.A(conic), rows.b(conic), cones, settings)

        held: list[Any] = [None]

        def solve(given: Conic) -> Found:
            # The first program is written over itself, too, or its bits would differ.
            if given.P is not held[0]:
                solver.update(P=given.P.data)
                held[0] = given.P
            solver.update(q=given.q, A=rows.A(given).data, b=rows.b(given))
            found = solver.solve()
            return Found.of(STATUS.get(str(found.status), "failed"), found.x, rows.own(np.array(found.z)))

        return solve
