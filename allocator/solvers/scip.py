"""SCIP: a branch-and-cut solver for mixed-integer programs with second-order cones (Bolusani et al. 2024)."""

from typing import Any, ClassVar

FEASIBILITY = 1e-7


class Scip:
    """For whole choices beside curves; it leaves no multipliers, so it is asked for nothing else."""

    cvxpy_name: ClassVar = "SCIP"
    abilities: ClassVar = frozenset({"integer", "conic", "quadratic"})
    order: ClassVar = 2
    threads: ClassVar = 1
    multipliers: ClassVar = False
    package: ClassVar = "pyscipopt"

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Feasibility, and how far the best bound may be from the best choice.

        Much under its own default of 1e-6, which is of squares, it has been seen to call feasible programs infeasible.
        """
        return {
            "scip_params": {
                "numerics/feastol": max(tolerance, FEASIBILITY),
                "limits/gap": 1e-6,
                "parallel/maxnthreads": 1,
            }
        }

    @staticmethod
    def left(stats: Any) -> float:
        """What its best bound leaves open."""
        model = stats["model"]
        return float(max(model.getObjVal() - model.getDualbound(), 0.0))
