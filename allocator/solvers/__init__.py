"""Solvers: one file each, with its abilities and how a program in conic form is put to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol

from allocator import kinds
from allocator.conic import Conic, Found
from allocator.errors import InputError

Started = Callable[[Conic], Found]
"Solves a program of the pattern that it was started with."


class Solver(Protocol):
    """What the program needs to know of a solver.

    Attributes:
        abilities: what it takes beyond linear programs: `conic` (second-order cones), `quadratic` (objectives),
            `exponential` (cones, for logarithms), `cvxpy` (a caller's own expression, through cvxpy).
        package: what is imported for it, and installed; a solver whose package is not there is left out.
        order: the place in the queue; the lowest that is able goes first.
        threads: how many may solve at once, each a problem of its own.
    """

    abilities: ClassVar[frozenset[str]]
    package: ClassVar[str]
    order: ClassVar[int]
    threads: ClassVar[int]

    @staticmethod
    def suits(conic: Conic, again: bool) -> bool:
        """Whether it is known to be the quickest on programs of this pattern: solved once, or again and again."""
        ...

    @staticmethod
    def start(conic: Conic, tolerance: float) -> Started:
        """Make ready for programs of one pattern.

        What it finds depends on the program that it was started with and on the one it is given, and on no other that
        it solved between.
        """
        ...


class Modelled(Solver, Protocol):
    """A solver with the ability `cvxpy`.

    Attributes:
        cvxpy_name: how cvxpy calls it.
    """

    cvxpy_name: ClassVar[str]

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """The solver's own options for a tolerance."""
        ...


def able(
    needs: Collection[str], first: str | None = None, conic: Conic | None = None, again: bool = False
) -> list[tuple[str, type[Solver]]]:
    """The solvers that can take such a program, in the order to try them: those that suit it, then by their places.

    Args:
        needs: what it takes beyond linear programs.
        first: the name of one to try before the others, if it is able.
        conic: the program, if it is known.
        again: whether programs of its pattern are solved again and again.

    Raises:
        InputError: no solver has the name, or its package is not installed.
    """
    if first is not None and not find_spec(package := kinds.find("solvers", first).package):
        mend = f"install the package '{package}', which comes with the extra 'fast'"
        raise InputError.of(f"the solver '{first}' is not installed", mend)
    found = [(name, kinds.find("solvers", name)) for name in kinds.known("solvers")]
    can = [(name, solver) for name, solver in found if set(needs) <= solver.abilities and find_spec(solver.package)]

    def place(pair: tuple[str, type[Solver]]) -> tuple[bool, bool, int]:
        name, solver = pair
        return name != first, conic is None or not solver.suits(conic, again), solver.order

    return sorted(can, key=place)


@cache
def versions() -> dict[str, str]:
    """What results may differ by: the versions of numpy, cvxpy and every solver that is installed."""
    packages = {kinds.find("solvers", name).package for name in kinds.known("solvers")}
    return {name: version(name) for name in sorted({"cvxpy", "numpy", *filter(find_spec, packages)})}
