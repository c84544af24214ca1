"""How far the mix may stray from a reference portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, risk_of
from allocator.scores import Norm, Score
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case


class Tracking(Objective):
    """The tracking error: the volatility of what is deployed less as much of the reference; smaller is better.

    Args:
        reference: lines to shares that add up to 100%; the case's own benchmark by default.

    Raises:
        InputError: shares that are negative or don't add up.
    """

    kind: ClassVar = "tracking"
    unit = Share
    smaller_is_better: ClassVar = True

    def __init__(self, reference: Mapping[str, float] | None = None) -> None:
        self.reference = None if reference is None else {str(line): float(part) for line, part in reference.items()}

    def value(self, case: Case) -> Score:
        """The norm of the difference, seen through the factors."""
        return Score(((1.0, Norm(case.astray(risk_of(case, self), self.reference, f"objective '{self.kind}'"))),))
