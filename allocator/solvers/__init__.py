"""Solvers: one file each, with its abilities and how a tolerance is asked of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol

from allocator import kinds
from allocator.errors import InputError


class Solver(Protocol):
    """What the program needs to know of a solver.

    Attributes:
        cvxpy_name: how cvxpy calls it.
        abilities: what it takes beyond linear programs: `conic` (second-order cones), `quadratic` (objectives),
            `exponential` (cones, for logarithms), `integer` (choices).
        order: the place in the queue; the lowest that is able goes first.
        threads: how many may solve at once, each a problem of its own.
        multipliers: whether it gives some where nothing is to be chosen; one that doesn't is asked for choices only.
        package: what must be installed for it.
    """

    cvxpy_name: ClassVar[str]
    abilities: ClassVar[frozenset[str]]
    order: ClassVar[int]
    threads: ClassVar[int]
    multipliers: ClassVar[bool]
    package: ClassVar[str]

    @staticmethod
    def options(tolerance: float) -> dict[str, Any]:
        """The solver's own options for a tolerance."""
        ...


class Chooser(Solver, Protocol):
    """A solver that takes choices."""

    @staticmethod
    def left(stats: Any) -> float:
        """By how much its best bound is beyond what it found, from what cvxpy keeps of it."""
        ...


def able(needs: Collection[str], first: str | None = None) -> list[tuple[str, type[Solver]]]:
    """The solvers that can take such a program, in the order to try them.

    Args:
        needs: what it takes beyond linear programs.
        first: the name of one to try before the others, if it is able.

    Raises:
        InputError: no solver has the name; or none that is installed takes choices beside the rest.
    """
    if first is not None:
        kinds.find("solvers", first)
    found = [(name, kinds.find("solvers", name)) for name in kinds.known("solvers")]
    whole = "integer" in needs
    can = [(n, s) for n, s in found if set(needs) <= s.abilities and (whole or s.multipliers)]
    there = [(n, s) for n, s in can if find_spec(s.package)]
    if whole and not there:
        raise _unable([s for _, s in can])
    return sorted(there, key=lambda pair: (pair[0] != first, pair[1].order))


def _unable(absent: Sequence[type[Solver]]) -> InputError:
    """What to say where no solver takes the choices."""
    if not absent:
        beside = "this objective (a logarithm, or an expression of your own)"
        what = f"no solver takes minimum tickets or counts beside {beside}"
        return InputError.of(what, "leave out the rules of kind 'ticket' and 'count', or pursue another objective")
    what = (
        "minimum tickets and counts beside curves (yields that compress, volatility, concentration) take the solver "
        "SCIP, which is not installed"
    )
    return InputError.of(what, "install the extra 'mixed': pip install 'sovereign-allocator[mixed]'")
