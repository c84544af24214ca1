"""Clarabel: an interior-point solver for conic programs with quadratic objectives (Goulart and Chen 2024)."""

from typing import Any, ClassVar


class Clarabel:
    """The default: accurate multipliers on all shapes."""

    cvxpy_name: ClassVar = "CLARABEL"
    abilities: ClassVar = frozenset({"conic", "quadratic", "exponential"})
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
        }
