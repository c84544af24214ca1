"""How far the mix may stray from a reference portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, risk_of, shares_from
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

    def __init__(self, reference: Mapping[str, float | str] | None = None) -> None:
        self.reference = None if reference is None else shares_from("reference's shares", reference)

    @property
    def name(self) -> str:  # type: ignore[override]
        """Of what, where that is not the benchmark."""
        return self.kind if self.reference is None else f"{self.kind} of a given reference"

    def value(self, case: Case) -> Score:
        """The norm of the difference, seen through the factors."""
        return Score(((1.0, Norm(case.astray(risk_of(case, self), self.reference, f"objective '{self.kind}'"))),))
