"""HiGHS: a simplex and interior-point solver for linear programs (Huangfu and Hall 2018)."""

from typing import Any, ClassVar

import numpy as np

from allocator.conic import Compressed, Conic, Found
from allocator.solvers import Started
from allocator.sparse import Vector

MOST = 3000
"Steps of the simplex method, after which the interior-point method is tried."
MOSTLY = 0.8
"The part of the variables that must stand in one row alone for the dual to be solved."


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
        # The dual of an infeasible program that is feasible itself is unbounded.
        dual_status = {highspy.HighsModelStatus.kOptimal: "optimal", highspy.HighsModelStatus.kUnbounded: "infeasible"}
        bounded = np.isfinite(conic.low)
        low = np.where(bounded, conic.low, 0.0)

        def solved(program: Any) -> Any:
            highs = highspy.Highs()  # type: ignore[no-untyped-call]
            for option, value in Highs.options(tolerance).items():
                highs.setOptionValue(option, value)
            highs.setOptionValue("simplex_iteration_limit", MOST)
            highs.passModel(program)
            highs.run()
            if highs.getModelStatus() == highspy.HighsModelStatus.kIterationLimit:
                highs.setOptionValue("solver", "ipm")
                highs.clearSolver()
                highs.run()
            return highs

        def primal(given: Conic) -> Found:
            m, n = given.A.shape
            equal = np.arange(m) < given.cones.zero
            least = np.where(equal, given.b, -np.inf)
            columns, rows = (given.q, given.low, np.full(n, np.inf)), (least, given.b)
            highs = solved(linear_program(given.A, columns, rows, highspy.MatrixFormat.kColwise))
            found = highs.getSolution()
            weights = -np.asarray(found.row_dual, float)
            return Found.of(status.get(highs.getModelStatus(), "failed"), found.col_value, weights)

        def dual(given: Conic) -> Found:
            """`b'y - low'(q + A'y)` least, where `q + A'y` is zero for free variables and else no less."""
            m = given.A.shape[0]
            cost = given.b - np.bincount(given.A.indices, given.A.data * low[given.A.columns], m)
            least = np.where(np.arange(m) < given.cones.zero, -np.inf, 0.0)
            columns = (cost, least, np.full(m, np.inf))
            rows = (-given.q, np.where(bounded, np.inf, -given.q))
            highs = solved(linear_program(given.A, columns, rows, highspy.MatrixFormat.kRowwise))
            found = highs.getSolution()
            point = low + np.asarray(found.row_dual, float)
            return Found.of(dual_status.get(highs.getModelStatus(), "failed"), point, found.col_value)

        # Variables of one row alone, as of sums of largest entries, are bounds in the dual, which then is small.
        alone = np.count_nonzero(np.diff(conic.A.indptr) == 1)
        return dual if alone > MOSTLY * len(conic.q) else primal


def linear_program(A: Compressed, columns: tuple[Vector, ...], rows: tuple[Vector, ...], form: Any) -> Any:
    """A linear program as HiGHS takes it.

    Args:
        A: its matrix.
        columns: costs, lower and upper bounds of the variables.
        rows: the least and the most of each row.
        form: whether the matrix is A (by columns) or its transpose (by rows).
    """
    import highspy

    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(columns[0]), len(rows[0])
    program.col_cost_, program.col_lower_, program.col_upper_ = columns
    program.row_lower_, program.row_upper_ = rows
    program.a_matrix_.format_ = form
    program.a_matrix_.start_, program.a_matrix_.index_ = A.indptr, A.indices
    program.a_matrix_.value_ = A.data
    return program
