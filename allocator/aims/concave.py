"""A quant's own concave expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.decision import Decision
from allocator.errors import InputError
from allocator.objectives import Objective
from allocator.scores import Own, Score
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case


@dataclass(frozen=True)
class Entries:
    """The decision as a caller's function sees it: parts of v, in parts of equity.

    Attributes:
        v: all entries, as numbers or as an expression of cvxpy.
        decision: where everything stands in it.
    """

    v: Any
    decision: Decision

    @property
    def capital(self) -> Any:
        """Capital by line (n)."""
        return self.v[: self.decision.n]

    @property
    def loans(self) -> Any:
        """Debt by pair of line and tranche, as in `case.decision.pair_names()`."""
        return self.v[self.decision.f : self.decision.reserve]

    @property
    def reserve(self) -> Any:
        """Equity that is not deployed."""
        return self.v[self.decision.reserve]

    @property
    def deployed(self) -> Any:
        """The capital deployed in all."""
        return self.v[self.decision.deployed]

    @property
    def debt(self) -> Any:
        """Debt in all."""
        return self.v[self.decision.debt]


class Concave(Objective):
    """A concave expression of one's own, as in `al.Concave(lambda v: cp.sum(cp.sqrt(v.capital)))`.

    The outcome says that its gap rests on the solver: the bound uses the solver's multipliers in place of a tangent
    that could be checked.

    Args:
        function: from the entries of the decision, in parts of equity, to a scalar that is concave by cvxpy's rules.
        name: what to call it.

    Raises:
        InputError: it is no function.
    """

    kind: ClassVar = "own"
    unit = Index
    caveats: ClassVar = ("the objective is the caller's own expression: its gap rests on the solver's word",)

    def __init__(self, function: Callable[[Entries], Any], name: str = "own expression") -> None:
        if not callable(function):
            raise InputError.of(f"{function!r} is no function", "give one, as in al.Concave(lambda v: v.deployed)")
        self.function, self._name = function, name

    @property
    def name(self) -> str:  # type: ignore[override]
        """What the caller calls it."""
        return self._name

    def settings(self) -> dict[str, Any]:
        """A function is no plain data."""
        return {}

    def value(self, case: Case) -> Score:
        """The expression, whose tangents only the solver knows.

        Raises:
            InputError: it is no single number, or not one of the decision alone.
        """
        d = case.decision

        def told(v: Any) -> Any:
            found = self.function(Entries(v, d))
            if found is None or np.prod(np.shape(found)) != 1:
                mend = "add it up, as in cp.sum(cp.sqrt(v.capital))"
                raise InputError.of("the caller's own objective is no single number", mend)
            if isinstance(v, np.ndarray) and getattr(found, "value", found) is None:
                what = "the caller's own objective has a variable of its own"
                raise InputError.of(what, "write it with the entries of v alone")
            return found

        return Score(((1.0, Own(told, d.size)),))
