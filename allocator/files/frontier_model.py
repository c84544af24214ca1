"""The shape of a frontier's file, from which the published schema is made and against which files are read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from allocator.files.outcome_model import (
    DIAGNOSIS,
    Amounts,
    Financing,
    Maybe,
    Proved,
    Result,
    RuleAlong,
    RuleAt,
    TermReading,
    Totals,
    Unit,
    expect,
)
from allocator.files.outcome_origin import Finite, Part

Pair = Annotated[list[Finite], Field(min_length=2, max_length=2)]
"A number for each of the two objectives."
Number = Annotated[int, Field(ge=1)]


class Axis(Part):
    """One of the two objectives: the best of it, and the worst where the other is best, in its own unit.

    `range` is how far apart these are; `income` how much of the score a unit of income over equity is.
    """

    name: str
    unit: Unit
    smaller_is_better: bool
    best: Maybe
    worst: Maybe
    range: Annotated[Finite, Field(ge=0, default_factory=float)]
    income: Maybe


class GapTold(Part):
    """How far an allocation can lie outside the curve, in parts of the ranges: as asked, and as proved."""

    asked: Finite
    proven: Annotated[Finite, Field(ge=0)]


class SolvesTold(Part):
    """How many optimisations traced the curve, and how many more chose among allocations that are as good."""

    curve: Annotated[int, Field(ge=0)]
    canonical: Annotated[int, Field(ge=0)]


class CurvePoint(Part):
    """A point: both values, the weights whose optimum it is, and the allocation.

    `exchange` is how much of the first objective one more unit of the second costs, `dollars` the same in $ bn a year,
    and `turn` what changes there, in words.
    """

    values: Pair
    weights: Pair
    exchange: Finite | None
    dollars: Finite | None
    turn: str
    amounts: Amounts
    financing: Financing
    totals: Totals
    terms: list[TermReading]
    rules: list[RuleAt]
    certificate: Proved


class Change(Part):
    """Between which two points, counted from 1, which rules begin or cease to bind."""

    after: Number
    before: Number
    begin: list[str]
    cease: list[str]


class FrontierFile(Result):
    """A frontier of the allocator: certified allocations between the best of two objectives, with a proven gap.

    `outer` are the corners of what no allocation lies outside of. Of an exact curve, `bends` are how much more than the
    chord both values have between two points: of the part t of the second, so many times t (1 - t).
    """

    format: Literal["allocator/frontier/1"]
    between: Annotated[list[Axis], Field(min_length=2, max_length=2)]
    exact: Annotated[bool, Field(default_factory=bool)]
    why_not_exact: Annotated[str, Field(default_factory=str)]
    gap: Annotated[GapTold, Field(default_factory=dict)]
    solves: Annotated[SolvesTold, Field(default_factory=dict)]
    rules: Annotated[list[RuleAlong], Field(default_factory=list)]
    points: Annotated[list[CurvePoint], Field(min_length=1, default_factory=list)]
    bends: Annotated[list[Pair], Field(default_factory=list)]
    changes: Annotated[list[Change], Field(default_factory=list)]
    outer: Annotated[list[Pair], Field(default_factory=list)]

    @model_validator(mode="after")
    def _whole(self) -> FrontierFile:
        """A curve has all its parts, and nothing of a diagnosis; so the other way round."""
        infeasible = self.status == "infeasible"
        expect(self, *((DIAGNOSIS, CURVE) if infeasible else (CURVE, DIAGNOSIS)))
        for axis in () if infeasible else self.between:
            expect(axis, ("best", "worst", "range", "income"))
        if self.bends and len(self.bends) != len(self.points) - 1:
            raise ValueError("there is a bend between any two points, or none at all")
        lines = [[each.line for each in point.amounts] for point in self.points]
        if any(each != lines[0] for each in lines):
            raise ValueError("the points are not of the same lines")
        if any(change.before > len(self.points) or change.after > change.before for change in self.changes):
            raise ValueError("a change is not between two points")
        return self


CURVE = ("exact", "why_not_exact", "gap", "solves", "rules", "points", "bends", "changes", "outer")
