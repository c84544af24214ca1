"""What is lost in the worst scenarios: conditional value at risk."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.errors import Unparsable
from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class TailLoss(Rule):
    """The mean loss on capital in the worst scenarios, over a measure (Rockafellar and Uryasev 2000).

    At a confidence of 95% these are the worst 5% of the scenarios; where their number is not whole, the last one counts
    in part.
    """

    kind: ClassVar = "tail-loss"
    rises: ClassVar = {**Rule.rises, "confidence": "tighter"}
    confidence: Share
    of: MeasureName
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> TailLoss:
        if not 0 < float(self.confidence) < 1:
            raise Unparsable(f"{self.confidence} is not between 0% and 100%", "write 95%, say", field="confidence")
        capped(self, self.of.name == "equity")
        return self

    @property
    def _worst(self) -> Share:
        return Share(1 - self.confidence.amount)

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        what = f"The loss on capital, on average over the worst {self._worst} of the scenarios,"
        return f"{what} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        mean = f"mean of (sum of all l_is * x_i) over the worst {self._worst} of the scenarios s"
        return self.compared(mean, on, self.of.formula())

    def check(self, names: Names, on: dt.date) -> None:
        """The case must tell scenarios, and the whole be linear and never negative."""
        super().check(names, on)
        mend = "name a table under 'risk: {scenarios: ...}' in fund.yaml"
        self.need(names.has_scenarios, "return scenarios, and the case has none", mend)
        self.check_whole("a tail loss", names.measure(self.of, self.who))

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """The mean of the largest losses."""
        import numpy as np

        from allocator.ratios import within
        from allocator.shapes import Tail
        from allocator.sparse import Dense

        assert case.risk is not None
        assert case.risk.scenarios is not None
        returns = case.risk.scenarios
        count = float(self._worst.amount * len(returns))
        losses = Dense(returns, case.decision.size, -1 / count)
        (limit,) = self.limits(on)
        whole = case.measure(self.of, self.who)
        data = within(self, f"loss in the worst {self._worst} over {self.of}", whole, limit)
        return [Tail(**data, L=losses, k=np.zeros(len(returns)), count=count)]
