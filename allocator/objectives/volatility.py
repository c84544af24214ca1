"""How much returns vary: one standard deviation of a year's return."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, risk_of
from allocator.scores import Norm, Score
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case


class Volatility(Objective):
    """The standard deviation of a year's return over equity (Markowitz 1952); smaller is better."""

    kind: ClassVar = "volatility"
    unit = Share
    smaller_is_better: ClassVar = True

    def value(self, case: Case) -> Score:
        """The norm of the capital seen through the factors."""
        risk = risk_of(case, self)
        rows = risk.factor.wide(case.decision.size)
        # Fully invested, all mixes are equally large, so that no two lie on one ray.
        return Score(((1.0, Norm(rows, strict=risk.definite and case.fund.fully_invested)),))
