"""How much returns vary (Markowitz 1952)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, risk_of
from allocator.scores import Quadratic, Score
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case


class Variance(Objective):
    """The variance of a year's return over equity; smaller is better."""

    kind: ClassVar = "variance"
    unit = Index
    smaller_is_better: ClassVar = True

    def value(self, case: Case) -> Score:
        """The squared volatility, in factor form."""
        risk = risk_of(case, self)
        factor = risk.factor
        rows = factor.wide(case.decision.size)
        return Score(((1.0, Quadratic(rows, strict=risk.definite)),))
