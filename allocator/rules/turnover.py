"""How much may be bought and sold, from what is held already."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from allocator.measures import MeasureName
from allocator.rules import Rule, capped, limits_in_words
from allocator.units import Dated, Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.names import Names
    from allocator.shapes import Clause


class Turnover(Rule):
    """Half of all that is bought and all that is sold, line by line, against the present holdings; over a measure."""

    kind: ClassVar = "turnover"
    of: MeasureName = MeasureName("equity")
    at_most: Dated[Share]

    @model_validator(mode="after")
    def _fields_fit(self) -> Turnover:
        capped(self, self.of.name == "equity")
        return self

    def untold(self) -> str:
        """The holdings themselves are what changes are measured from."""
        return "what is bought and sold"

    def plain(self, on: dt.date) -> str:
        """The rule in plain language."""
        what = "Turnover (all that is bought and all that is sold against the present holdings, added up and halved)"
        return f"{what} is {limits_in_words(self, on, str(self.of))}."

    def formula(self, on: dt.date) -> str:
        """The rule in notation."""
        return self.compared("1/2 * sum of all |x_i - h_i|", on, self.of.formula())

    def check(self, names: Names, on: dt.date) -> None:
        """The case must tell what is held, and the whole be linear and never negative."""
        super().check(names, on)
        mend = "name a table under 'holdings' in fund.yaml"
        self.need(names.has_holdings, "the present holdings, and the case has none", mend)
        self.check_whole("a turnover", names.measure(self.of, self.who))

    def build(self, case: Case, on: dt.date) -> list[Clause]:
        """The sum of sizes is the sum of the n largest among changes and their opposites."""
        import numpy as np

        from allocator.ratios import within
        from allocator.shapes import Tail
        from allocator.sparse import Sparse

        n, size = case.decision.n, case.decision.size
        half, held = Sparse.of((n, size), np.arange(n), np.arange(n), 0.5), case.held[:n] / 2
        (limit,) = self.limits(on)
        data = within(self, f"turnover over {self.of}", case.measure(self.of, self.who), limit)
        changes = Sparse.stack([half, half * -1.0])
        return [Tail(**data, L=changes, k=np.concatenate([-held, held]), count=n)]
