"""What is lost in the worst scenarios: conditional value at risk (Rockafellar and Uryasev 2000)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from allocator.objectives import Objective, losses, part_of_one
from allocator.scores import Score, Worst
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case


class TailLoss(Objective):
    """The mean loss on capital, over equity, in the worst scenarios; smaller is better.

    Args:
        confidence: `95%` or 0.95 for the mean of the worst 5% of the scenarios.

    Raises:
        InputError: a confidence outside 0% to 100%.
    """

    kind: ClassVar = "tail-loss"
    unit = Share
    smaller_is_better: ClassVar = True
    caveats: ClassVar = ("a tail loss is of one period of the scenarios, as the data has it, and not of a year",)

    def __init__(self, confidence: float | str = 0.95) -> None:
        self.confidence = part_of_one("confidence", confidence)

    @property
    def name(self) -> str:  # type: ignore[override]
        """With its confidence."""
        return f"{self.kind} at {Share.show(self.confidence)}"

    def value(self, case: Case) -> Score:
        """The mean of the largest losses; where their number is not whole, the last counts in part."""
        rows = losses(case, self)
        return Score(((1.0, Worst(rows, (1 - self.confidence) * rows.shape[0])),))
