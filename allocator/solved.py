"""What one solve of a session found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from allocator.canonical import Canonical
from allocator.conic import Found
from allocator.errors import Infeasible
from allocator.sparse import Vector
from allocator.terms import PREFIX

if TYPE_CHECKING:
    import pandas as pd

    from allocator.session import Session

COUNTS = 1e-4
"A rule counts in a conflict where its weight is more than so much of the largest."


@dataclass(frozen=True, eq=False, repr=False)
class Solved:
    """What one solve found.

    Attributes:
        status: `optimal` or `infeasible` where it is proved, else `not-certified`.
        value: the objective, what soft rules cost taken off; nan where nothing was found.
        gap: how far the optimum may be above it, as proved.
        worst: the largest excess of a rule or term, in parts of equity; of an infeasible one, what some rule or term
            must be broken by at least.
        worth: what one more unit of each input is worth to the objective, in the session's order; nan where the program
            was written anew, or would be if the input moved.
        inputs: the values of all inputs.
        session: whose it is.
        found: what the solver left.
        program: that it solved.
    """

    status: str
    value: float
    gap: float
    worst: float
    worth: Vector
    inputs: Vector
    session: Session
    found: Found
    program: Canonical

    @cached_property
    def v(self) -> Vector:
        """The decision, in parts of equity; empty where nothing was found.

        Entries that follow from others (capital beyond a threshold of compression) may be anything that the rules allow
        where nothing presses on them.
        """
        return self.program.decided(self.found.x) if np.isfinite(self.value) else np.zeros(0)

    @cached_property
    def amounts(self) -> pd.Series[float]:
        """Capital by line, in $ bn.

        Raises:
            Infeasible: there is none.
        """
        import pandas as pd

        if not len(self.v):
            raise Infeasible("no allocation satisfies the rules with these inputs")
        d = self.session.case.decision
        return pd.Series(self.v[: d.n] * d.equity, list(d.lines), name="amount")

    @cached_property
    def prices(self) -> pd.Series[float]:
        """What one more unit of each input is worth to the objective; nan where that is not known (see `worth`)."""
        import pandas as pd

        return pd.Series(self.worth, self.session.names, name="price")

    @cached_property
    def parts(self) -> Vector:
        """Each objective of the aim as it reads, before penalties; nan where nothing was found."""
        if not len(self.v):
            return np.full(len(self.session.objectives), np.nan)
        return np.asarray(self.session.parts(self.inputs[None], self.v[None])[0])

    @property
    def penalties(self) -> float:
        """What soft rules cost, in $ bn a year; nan where nothing was found."""
        return float(self.program.owed(self.found.x)) * self.session.case.equity if len(self.v) else np.nan

    @cached_property
    def binding(self) -> frozenset[str]:
        """The rules and terms that hold the objective back."""
        weights = zip(self.program.clauses, self.program.weights(self.found.y), strict=True) if len(self.v) else ()
        return frozenset(
            clause.rule for clause, weight in weights if clause.priced and self.session.binding(clause, weight)
        )

    @cached_property
    def blamed(self) -> str:
        """Where nothing fits, the rule of which a dollar of room would lessen the conflict most; else empty.

        A term where no rule is in the conflict. It is the one that the solver's ray proves (Farkas); there may be more.
        """
        if self.status != "infeasible":
            return ""
        weights: dict[str, float] = {}
        for clause, weight in zip(self.program.clauses, self.program.weights(self.found.y), strict=True):
            weights[clause.rule] = weights.get(clause.rule, 0.0) + float(np.abs(weight).sum())
        most = max(weights.values())
        rules = {name: weight for name, weight in weights.items() if not name.startswith(PREFIX)}
        among = rules if max(rules.values(), default=0.0) > COUNTS * most else weights
        return max(among, key=lambda name: among[name])

    def __repr__(self) -> str:
        return f"Solved({self.status}: {self.value:.6g}, gap {self.gap:.1e})"
