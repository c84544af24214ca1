"""HiGHS: a simplex and interior-point solver for linear programs (Huangfu and Hall 2018)."""

from typing import Any, ClassVar

import numpy as np

from allocator.conic import Conic, Found
from allocator.solvers import Started


class Highs:
    """For linear programs, where it finds a vertex to full accuracy."""

    abilities: ClassVar = frozenset[str]()
    package: ClassVar = "highspy"
    order: ClassVar = 1
    threads: ClassVar = 1

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Feasibility of both sides; 1e-10 is the least that it takes."""
        asked = max(tolerance, 1e-10)
        return {
            "primal_feasibility_tolerance": asked,
            "dual_feasibility_tolerance": asked,
            "threads": 1,
            "random_seed": 0,
            "output_flag": False,
        }

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """It goes first where it is able."""
        return False

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Each program is solved from scratch: from the basis of another one it may end at another vertex."""
        import highspy

        status = {highspy.HighsModelStatus.kOptimal: "optimal", highspy.HighsModelStatus.kInfeasible: "infeasible"}

        def solve(given: Conic) -> Found:
            program, highs = highspy.HighsLp(), highspy.Highs()  # type: ignore[no-untyped-call]
            for option, value in Highs.options(tolerance).items():
                highs.setOptionValue(option, value)
            m, n = given.A.shape
            program.num_row_, program.num_col_ = m, n
            program.col_cost_ = given.q
            program.col_lower_, program.col_upper_ = given.low, np.full(n, np.inf)
            equal = np.arange(m) < given.cones.zero
            program.row_lower_, program.row_upper_ = np.where(equal, given.b, -np.inf), given.b
            program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
            program.a_matrix_.start_, program.a_matrix_.index_ = given.A.indptr, given.A.indices
            program.a_matrix_.value_ = given.A.data
            highs.passModel(program)
            highs.run()
            found = highs.getSolution()
            return Found.of(
                status.get(highs.getModelStatus(), "failed"), found.col_value, -np.asarray(found.row_dual, float)
            )

        return solve
