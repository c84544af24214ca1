"""A curve between two objectives, in whatever way it was found: allocations, and what no allocation lies outside of."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.aims import Blend
from allocator.solution import Solution
from allocator.sparse import Vector


@dataclass(frozen=True, eq=False)
class Spot:
    """A point of the curve.

    Attributes:
        blend: whose optimum it is.
        solution: the allocation.
        scores: of both objectives, after the penalties of soft rules (2).
        turn: what changes there, in words, where that is known.
        after: likewise the rules that bind from there to the next.
    """

    blend: Blend
    solution: Solution
    scores: Vector
    turn: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Trace:
    """A curve, in whatever way it was found.

    Attributes:
        best, worst: the most of each score, and what is left of it at the best of the other (2).
        ranges: by which the axes are scaled (2).
        spots: from the best of the first objective to the best of the second.
        outer: the corners of what no allocation lies outside of, in scores (k x 2).
        gap: how far the outer corners are from the curve, in parts of the ranges.
        solves: how many optimisations traced it.
        canonical: how many more chose the allocations among those that are as good.
        bends: of an exact curve, how much more than the chord both scores have between two spots: of the part t of the
            second, so many times `t (1 - t)` (k - 1 x 2). None where the curve is known within the gap only.
    """

    best: Vector
    worst: Vector
    ranges: Vector
    spots: tuple[Spot, ...]
    outer: Vector
    gap: float
    solves: int
    canonical: int
    bends: Vector | None = None
