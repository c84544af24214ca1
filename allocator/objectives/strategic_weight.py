"""What the mix does for the owners' strategic aims."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from allocator.objectives import Objective, linear
from allocator.scores import Score
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case


class StrategicWeight(Objective):
    """Each line's strategic weight times its capital, over equity."""

    kind: ClassVar = "strategic-weight"
    unit = Index

    def value(self, case: Case) -> Score:
        """Points of strategic weight for each dollar of equity."""
        gain = np.zeros(case.decision.size)
        gain[: case.decision.n] = case.universe.number("strategic-weight", "objective 'strategic-weight'")
        return Score((linear(gain),), give=Score.GIVE)
