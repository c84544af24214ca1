"""Lines in which nothing is invested."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from allocator.rules import Rule
from allocator.scope import Scope

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
        from allocator.chosen import shut

        return [shut(case, self.scope.lines(case.universe), self.id, f"capital in {self.scope}")]
