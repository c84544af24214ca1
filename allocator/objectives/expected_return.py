"""What the owners may expect in all: return net of costs over equity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, net_of_costs
from allocator.scores import Score
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case


class ExpectedReturn(Objective):
    """Expected return net of compression, interest and the fee, with what the reserve earns, over equity."""

    kind: ClassVar = "expected-return"
    unit = Share

    def value(self, case: Case) -> Score:
        """A year's expected return over equity."""
        gain = case.universe.number("expected-return", "objective 'expected-return'")
        return Score(net_of_costs(case, gain), income=1.0)
