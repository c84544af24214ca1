"""Solvers: one file each, with its abilities and how a tolerance is asked of it."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from allocator import kinds


class Solver(Protocol):
    """What the program needs to know of a solver.

    Attributes:
        cvxpy_name: how cvxpy calls it.
        conic: whether it takes second-order cones.
        quadratic: whether it takes quadratic objectives.
        order: the place in the queue; the lowest that is able goes first.
        threads: how many may solve at once, each a problem of its own.
    """

    cvxpy_name: ClassVar[str]
    conic: ClassVar[bool]
    quadratic: ClassVar[bool]
    order: ClassVar[int]
    threads: ClassVar[int]

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """The solver's own options for a tolerance."""
        ...


def able(conic: bool, quadratic: bool, first: str | None = None) -> list[tuple[str, type[Solver]]]:
    """The solvers that can take such a program, in the order to try them.

    Args:
        conic: whether it has second-order cones.
        quadratic: whether its objective is quadratic.
        first: the name of one to try before the others, if it is able.

    Raises:
        InputError: no solver has the name.
    """
    if first is not None:
        kinds.find("solvers", first)
    found = [(name, kinds.find("solvers", name)) for name in kinds.known("solvers")]
    can = [(n, s) for n, s in found if (s.conic or not conic) and (s.quadratic or not quadratic)]
    return sorted(can, key=lambda pair: (pair[0] != first, pair[1].order))
