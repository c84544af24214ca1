"""What is asked of a program: scores to maximise, levels to hold, limits that move; and what a solver answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from allocator.shapes import Multipliers
from allocator.sparse import Vector


@dataclass(frozen=True, eq=False)
class Held:
    """A weighted sum of the scores, less what soft rules cost, at a level or above.

    Attributes:
        weights: of the scores.
        penalty: how much a unit of the soft rules' cost takes off.
        level: the least.
    """

    weights: Vector
    penalty: float
    level: float


@dataclass(frozen=True, eq=False)
class Question:
    """Maximise the weighted scores less what soft rules cost and how much capital is concentrated.

    Attributes:
        weights: of the scores.
        penalty: how much a unit of the soft rules' cost takes off.
        spread: how much the canonical choice's sum of squares takes off.
        held: what is held at a level.
        levels: for each score, the least of it after what soft rules cost it.
        theta: for some clauses, by index, other parameters than their own.
    """

    weights: Vector
    penalty: float
    spread: float = 0.0
    held: Held | None = None
    levels: Vector | None = None
    theta: Mapping[int, Vector] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """Questions of one stage differ in numbers alone: `first`, `held` or `kept`."""
        return "held" if self.held is not None else "kept" if self.levels is not None else "first"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver answered.

    Attributes:
        status: `optimal` where there are a point and multipliers, however good; `infeasible`, or `failed`.
        v: the point.
        multipliers: of the clauses, in the question's units; and the witnesses.
        hold: the multiplier of what is held.
    """

    status: str
    v: Vector = field(default_factory=lambda: np.zeros(0))
    multipliers: Multipliers | None = None
    hold: float = 0.0
