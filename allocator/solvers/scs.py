"""SCS: a first-order solver for conic programs (O'Donoghue, Chu, Parikh and Boyd 2016)."""

from typing import Any, ClassVar

from allocator.conic import Bounded, Compressed, Conic, Found
from allocator.solvers import Started


class Scs:
    """The last resort: slower and less accurate, and seldom stuck."""

    cvxpy_name: ClassVar = "SCS"
    abilities: ClassVar = frozenset({"conic", "quadratic", "exponential", "cvxpy"})
    package: ClassVar = "scs"
    order: ClassVar = 3
    threads: ClassVar = 1

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """Its residuals at the tolerance, with the iterations that this takes."""
        return {"eps_abs": tolerance, "eps_rel": tolerance, "max_iters": 500_000}

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """It never is."""
        return False

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Each program is solved from scratch."""
        import scs
        from scipy.sparse import csc_matrix

        rows = Bounded(conic)
        own = rows.cones
        cones = {"z": own.zero, "l": own.positive, "q": [*own.second], "ep": own.exponential}

        def matrix(given: Compressed) -> Any:
            return csc_matrix((given.data, given.indices, given.indptr), given.shape)

        def solve(given: Conic) -> Found:
            data = {"P": matrix(given.P), "A": matrix(rows.A(given)), "b": rows.b(given), "c": given.q}
            found = scs.SCS(data, cones, verbose=False, **Scs.options(tolerance)).solve()
            status = {1: "optimal", 2: "optimal", -2: "infeasible", -7: "infeasible"}.get(
                found["info"]["status_val"], "failed"
            )
            return Found.of(status, found["x"], rows.own(found["y"]))

        return solve
