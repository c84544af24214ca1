"""SCS: a first-order solver for conic programs (O'Donoghue, Chu, Parikh and Boyd 2016)."""

from typing import Any, ClassVar


class Scs:
    """The last resort: slower and less accurate, and seldom stuck."""

    cvxpy_name: ClassVar = "SCS"
    abilities: ClassVar = frozenset({"conic", "quadratic", "exponential"})
    order: ClassVar = 3
    threads: ClassVar = 1

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Its residuals at the tolerance, with the iterations that this takes."""
        return {"eps_abs": tolerance, "eps_rel": tolerance, "max_iters": 500_000}
