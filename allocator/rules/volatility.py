"""How much returns may vary: one standard deviation of a year's return."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import model_validator

from allocator.codes import Code
from allocator.errors import InputError, Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words
from allocator.shapes import Clause, Cone
from allocator.sparse import Sparse
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case


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

    def clauses(self, case: Case, on: dt.date) -> list[Clause]:
        """One cone over the factors."""
        who, d = f"rule '{self.id}'", case.decision
        if case.risk is None:
            what = f"{who} needs a covariance, and the case has no risk"
            mend = "name one under 'risk' in fund.yaml"
            raise InputError([self.problem(None, what, mend, Code.MISSING)])
        whole = case.measure(self.of, who, self.place("of"))
        if (whole.row < 0).any() or whole.loss is not None:
            what = f"{who}: volatility over {whole.words} means nothing"
            mend = "use deployed, total-assets or equity"
            raise InputError([self.problem("of", what, mend, Code.NO_MEANING)])
        (limit,) = self.limits(on)
        factor = case.risk.factor
        return [
            Cone(
                rule=self.id,
                words=f"volatility over {self.of}",
                R0=Sparse.zeros(1, d.size),
                c0=np.zeros(1),
                R1=Sparse.dense(whole.row[None]),
                c1=np.array([whole.constant]),
                theta=np.array([float(limit.value)]),
                numbers=(limit.number(),),
                unit=Share,
                M=Sparse((factor.shape[0], d.size), factor.row, factor.column, factor.value),
                k=np.zeros(factor.shape[0]),
            )
        ]
