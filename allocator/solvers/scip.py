"""SCIP: a branch-and-cut solver for mixed-integer programs with second-order cones (Bolusani et al. 2024)."""

from typing import Any, ClassVar


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
        """How far the best bound may be from the best choice; feasibility stays at its own default.

        That is of squares; asked for more, it has been seen to call feasible programs infeasible, or not to end.
        """
        return {
            "scip_params": {
                "limits/gap": 1e-6,
                "parallel/maxnthreads": 1,
            }
        }

    @staticmethod
    def left(stats: Any) -> float:
        """What its best bound leaves open."""
        model = stats["model"]
        return float(max(model.getObjVal() - model.getDualbound(), 0.0))
