"""HiGHS: a simplex and interior-point solver for linear programs (Huangfu and Hall 2018)."""

from typing import Any, ClassVar


class Highs:
    """For linear programs, where it finds a vertex to full accuracy."""

    cvxpy_name: ClassVar = "HIGHS"
    abilities: ClassVar = frozenset({"integer"})
    order: ClassVar = 1
    threads: ClassVar = 1
    multipliers: ClassVar = True
    package: ClassVar = "highspy"

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Feasibility of both sides; 1e-10 is the least that it takes."""
        asked = max(tolerance, 1e-10)
        return {
            "highs_options": {
                "primal_feasibility_tolerance": asked,
                "dual_feasibility_tolerance": asked,
                "mip_feasibility_tolerance": asked,
                "mip_rel_gap": 1e-6,
                "threads": 1,
                "random_seed": 0,
            }
        }

    @staticmethod
    def left(stats: Any) -> float:
        """What its best bound leaves open."""
        return float(max(stats.objective_function_value - stats.mip_dual_bound, 0.0))
