"""HiGHS: a simplex and interior-point solver for linear programs (Huangfu and Hall 2018)."""

from typing import Any, ClassVar


class Highs:
    """For linear programs, where it finds a vertex to full accuracy."""

    cvxpy_name: ClassVar = "HIGHS"
    abilities: ClassVar = frozenset[str]()
    order: ClassVar = 1
    threads: ClassVar = 1

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Feasibility of both sides; 1e-10 is the least that it takes."""
        asked = max(tolerance, 1e-10)
        return {
            "highs_options": {
                "primal_feasibility_tolerance": asked,
                "dual_feasibility_tolerance": asked,
                "threads": 1,
                "random_seed": 0,
            }
        }
