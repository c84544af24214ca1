"""What the owners are paid: net distributable income over equity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, net_of_costs
from allocator.scores import Score
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case


class DividendYield(Objective):
    """Cash yield net of compression, interest and the fee, with what the reserve earns, over equity."""

    kind: ClassVar = "dividend-yield"
    unit = Share

    def value(self, case: Case) -> Score:
        """A year's income over equity; a hundredth of a basis point counts as the same."""
        gain = case.universe.number("cash-yield", "objective 'dividend-yield'")
        return Score(net_of_costs(case, gain), income=1.0, give=Score.GIVE)
