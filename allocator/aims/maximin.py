"""The objective that fares worst does as well as it can, each measured over its range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.aims.blend import weighed
from allocator.errors import InputError
from allocator.objectives import Aim, Bench, Objective, Range, part_said
from allocator.scores import Least, Linear, Score
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case

AUGMENT = 1e-4
"What the sum of all counts beside the least, so that nothing is left that would help one and hurt none."
GIVE = 1e-5
"How much of its range counts as the same: the multipliers of the least of curved scores are found less closely."


@dataclass(frozen=True)
class Maximin(Aim):
    """The least of several objectives over their ranges, maximised (Steuer and Choo 1983, augmented).

    Attributes:
        parts: weights, > 0, and objectives: one with twice the weight is to reach twice as far up its range.
        ranges: how far each can move, from the pay-off table; empty until they are known.
    """

    parts: tuple[tuple[float, Objective], ...]
    ranges: tuple[Range, ...] = ()
    unit = Index
    apart: ClassVar = "it looks at the least of its objectives only"

    @property
    def name(self) -> str:  # type: ignore[override]
        """The objectives with their weights."""
        return f"the least of {' and '.join(f'{part.name} {weight:g}' for weight, part in self.parts)}"

    @property
    def unchecked(self) -> str:
        """The ranges."""
        return "the ranges of the maximin"

    def settled(self, case: Case, bench: Bench) -> Maximin | None:
        """With its ranges."""
        if self.ranges:
            return self
        found = bench.ranges([part for _, part in self.parts])
        return None if found is None else replace(self, ranges=tuple(found))

    def score(self, case: Case) -> Score:
        """The least of the objectives, each from its worst over its range, and a little of their sum.

        Until the ranges are known, each counts as it is.
        """
        ranges = self.ranges or (Range(0.0, 1.0),) * len(self.parts)
        nothing = np.zeros(case.decision.size)
        over = [
            (part.score(case) + Score(((1.0, Linear(nothing, -low)),))) * (1 / (span * weight))
            for (weight, part), (low, span) in zip(self.parts, ranges, strict=True)
        ]
        total = Score(((1.0, Least(tuple(over))),))
        for each in over:
            total = total + each * AUGMENT
        # Soft rules can't be paid out of the least of several incomes: their shortfall is least first.
        return replace(total, income=0.0, give=GIVE)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The objectives over their ranges, each in the sense in which it is pursued."""
        return tuple(
            ((-1.0 if part.smaller_is_better else 1.0) / (span * weight), part)
            for (weight, part), (_, span) in zip(self.parts, self.ranges, strict=True)
        )

    def said(self) -> dict[str, Any]:
        """The objectives with their weights, their worst values and their ranges."""
        return {
            "form": "maximin",
            "name": self.name,
            "parts": [part_said(part, weight) for weight, part in self.parts],
            "lows": [low for low, _ in self.ranges],
            "ranges": [span for _, span in self.ranges],
        }


def maximin(objectives: Mapping[Objective, float]) -> Maximin:
    """Maximise the least of several objectives, each over its range.

    Args:
        objectives: with weights, > 0: one with twice the weight is to reach twice as far up its range.

    Raises:
        InputError: fewer than two, a weight that is not above zero, or an objective that can't stand beside others.
    """
    parts = weighed("a maximin", objectives)
    if len(parts) < 2:
        raise InputError.of("a maximin is of two objectives or more", "add one, or pursue it alone")
    return Maximin(parts)
