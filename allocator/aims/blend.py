"""Objectives of unlike units, weighed by how far each can move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from allocator.errors import InputError
from allocator.objectives import Aim, Bench, Objective, part_said
from allocator.scores import Score
from allocator.units import Index

if TYPE_CHECKING:
    from allocator.case import Case


@dataclass(frozen=True)
class Blend(Aim):
    """Objectives of unlike units, each divided by its range.

    Attributes:
        parts: weights, >= 0, and objectives.
        ranges: how far each can move, from the pay-off table; None until they are known.
    """

    parts: tuple[tuple[float, Objective], ...]
    ranges: tuple[float, ...] | None = None
    unit = Index
    apart: ClassVar = "its objectives count by their ranges"

    @property
    def name(self) -> str:  # type: ignore[override]
        """The parts with their weights."""
        return ", ".join(f"{part.name} {weight:g}" for weight, part in self.parts)

    @property
    def over(self) -> tuple[Aim, ...]:
        """The objectives, whose weights are known once their ranges are."""
        return tuple(part for _, part in self.parts)

    def weights(self) -> list[float]:
        """What one unit of each objective counts, with the ranges taken into account.

        Raises:
            InputError: the ranges are not known yet.
        """
        if self.ranges is None:
            raise InputError.of("a blend's ranges are not known yet", "allocate it, or give them")
        return [weight / span if span > 0 else 0.0 for (weight, _), span in zip(self.parts, self.ranges, strict=True)]

    @property
    def unchecked(self) -> str:
        """The ranges."""
        return "the ranges of the blend"

    def settled(self, case: Case, bench: Bench) -> Blend | None:
        """With its ranges."""
        if self.ranges is not None:
            return self
        found = bench.ranges(self.over)
        return None if found is None else replace(self, ranges=tuple(each.span for each in found))

    def score(self, case: Case) -> Score:
        """The weighted sum of the objectives over their ranges."""
        total: Score | None = None
        for weight, (_, part) in zip(self.weights(), self.parts, strict=True):
            own = part.score(case) * weight
            total = own if total is None else total + own
        assert total is not None
        return replace(total, give=Score.GIVE)

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        """The parts over their ranges, each in the sense in which it is pursued."""
        signed = [-1.0 if part.smaller_is_better else 1.0 for _, part in self.parts]
        return tuple((s * w, part) for s, w, (_, part) in zip(signed, self.weights(), self.parts, strict=True))

    def said(self) -> dict[str, Any]:
        """The parts with their weights, and their ranges."""
        parts = [part_said(part, weight) for weight, part in self.parts]
        return {"form": "blend", "name": self.name, "parts": parts, "ranges": list(self.ranges or ())}


def blend(weights: Mapping[Objective, float]) -> Aim:
    """A blend of unlike objectives, normalised by their ranges; a single one is itself.

    Raises:
        InputError: no weight, or one that is negative or not finite; an objective that can't be part of a blend.
    """
    used = weighed("a blend", weights)
    return used[0][1] if len(used) == 1 else Blend(used)


def weighed(what: str, weights: Mapping[Objective, float]) -> tuple[tuple[float, Objective], ...]:
    """Objectives with weights above zero, each fit to be part of an aim.

    Raises:
        InputError: no weight, or one that is negative or not finite; an objective that can't be part of another aim.
    """
    if not isinstance(weights, Mapping):
        mend = "give a mapping, as in {al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}"
        raise InputError.of(f"{what} is of objectives with weights", mend)
    for given in weights:
        check_part(what, given, alone=len(weights) == 1)
    parts = tuple((float(weight), objective) for objective, weight in weights.items())
    if any(not np.isfinite(weight) or weight < 0 for weight, _ in parts) or not any(weight for weight, _ in parts):
        raise InputError.of(f"weights of {what} must be zero or more, and not all zero", "mend the weights")
    return tuple(part for part in parts if part[0] > 0)


def check_part(what: str, given: object, alone: bool = False) -> None:
    """Refuse what is no single objective, or one that can't stand beside others.

    Raises:
        InputError: it is.
    """
    if not isinstance(given, Objective):
        whole = f"'{given.name}'" if isinstance(given, Aim) else repr(given)
        told = f"{what} is of single objectives, and {whole} is none"
        raise InputError.of(told, "give each objective by itself, as in {al.DividendYield(): 1}")
    if given.apart and not alone:
        raise InputError.of(
            f"'{given.name}' can't be part of {what}: {given.apart}", "pursue it alone, or leave it out"
        )
