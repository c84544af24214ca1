"""How much returns may vary: one standard deviation of a year's return."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Volatility(Rule):
    """The standard deviation of the capital's yearly return, over a measure (Markowitz 1952)."""

    kind: ClassVar = "volatility"
    may_be_soft: ClassVar = False
    of: MeasureName
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> Volatility:
        if any(float(value) <= 0 for value in self.at_most.values.values()):
            raise Unparsable("the volatility must be above zero", "write 14%, say", field="at-most")
        return self

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        what = "Volatility (one standard deviation of a year's return, in dollars)"
        return f"{what} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        root = "square root of (sum of C_ij * x_i * x_j over all pairs of lines)"
        return self.compared(root, on, self.of.formula())

    def check(self, names: Names, on: dt.date) -> None:
        """The case must tell its risk, and the whole be linear and never negative."""
        super().check(names, on)
        mend = "name one under 'risk' in fund.yaml"
        self.need(names.has_risk, "a covariance, and the case has no risk", mend)
        self.check_whole("volatility", names.measure(self.of, self.who))

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One cone over the factors."""
        import numpy as np

        from allocator.ratios import within
        from allocator.shapes import Cone

        assert case.risk is not None
        factor, whole = case.risk.factor, case.measure(self.of, self.who)
        (limit,) = self.limits(on)
        data = within(self, f"volatility over {self.of}", whole, limit)
        return [Cone(**data, M=factor.wide(case.decision.size), k=np.zeros(factor.shape[0]))]
