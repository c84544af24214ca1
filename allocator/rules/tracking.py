"""How far the mix may stray from the benchmark."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.errors import Collector, Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, limits_in_words
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Tracking(Rule):
    """The tracking error over a measure: the volatility of the capital less as much in the benchmark."""

    kind: ClassVar = "tracking"
    may_be_soft: ClassVar = False
    of: MeasureName
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> Tracking:
        if any(float(value) <= 0 for value in self.at_most.values.values()):
            raise Unparsable("the tracking error must be above zero", "write 4%, say", field="at-most")
        return self

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        apart = "how far a year's return, in dollars, strays from that of as much capital in the benchmark"
        what = f"Tracking error (one standard deviation of {apart})"
        return f"{what} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        root = "square root of (sum of C_ij * d_i * d_j over all pairs of lines)"
        return self.compared(root, on, self.of.formula())

    def check(self, names: Names, on: dt.date) -> None:
        """The case must tell its risk and a benchmark, and the whole be linear and never negative."""
        super().check(names, on)
        problems = Collector()
        with problems.part():
            mend = "name one under 'risk' in fund.yaml"
            self.need(names.has_risk, "a covariance, and the case has no risk", mend)
        with problems.part():
            mend = "name a table under 'benchmark' in fund.yaml"
            self.need(names.has_benchmark, "a benchmark, and the case has none", mend)
        with problems.part():
            self.check_whole("a tracking error", names.measure(self.of, self.who))
        problems.finish()

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """One cone over the factors."""
        import numpy as np

        from allocator.ratios import within
        from allocator.shapes import Cone

        assert case.risk is not None
        (limit,) = self.limits(on)
        whole, apart = case.measure(self.of, self.who), case.astray(case.risk, None, self.who)
        data = within(self, f"tracking error over {self.of}", whole, limit)
        return [Cone(**data, M=apart, k=np.zeros(apart.shape[0]))]
