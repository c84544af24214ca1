"""Lines in which nothing is invested."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from allocator.rules import Rule
from allocator.scope import Scope
from allocator.units import Money

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.shapes import Clause


class Exclusion(Rule):
    """No capital and no debt in a scope."""

    kind: ClassVar = "exclusion"
    may_be_soft: ClassVar = False
    scope: Scope

    def widens(self) -> str:
        """More lines are out."""
        return "tighter"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        return f"Nothing is invested in {self.scope.phrase()}, and no debt is secured there."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        return f"x_i = 0 and f_it = 0 in {self.scope.phrase()}"

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """The lines are fixed at zero, and their debt with them."""
        import numpy as np

        from allocator.shapes import Fixed
        from allocator.sparse import Sparse

        d = case.decision
        out = self.scope.lines(case.universe)
        lines = np.flatnonzero(out)
        m = len(lines)
        columns = [lines, d.f + np.flatnonzero(out[d.pair_line]), d.e + np.flatnonzero(out[d.bent])]
        return [
            Fixed(
                rule=self.id,
                words=f"capital in {self.scope}",
                labels=tuple(d.lines[i] for i in lines),
                R0=Sparse.of((m, d.size), np.arange(m), lines, -1.0),
                c0=np.zeros(m),
                R1=Sparse.zeros(m, d.size),
                c1=np.full(m, 1 / case.equity),
                theta=np.zeros(m),
                unit=Money,
                columns=np.concatenate(columns),
            )
        ]
