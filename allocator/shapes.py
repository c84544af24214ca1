"""The waist: all that a rule, a term or an objective means to the mathematics, as numpy data.

A clause holds where `bend(v) <= room(v)`, member by member. `bend` is convex and depends on the shape; `room` is
affine in the decision v and moves with one parameter theta a member: `(R0 v + c0) + theta * (R1 v + c1)`. So a limit
is one number to write, its price is read off the multiplier, and the value that a clause takes is the theta at which
it would be tight. A score is concave: a weighted sum of linear and quadratic parts.

Every convex piece lies above its tangents. A *witness* picks the tangent, and any witness gives a valid one: that is
what makes the bounds of the certificate independent of the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from allocator.sparse import Indices, Sparse, Vector
from allocator.units import Quantity


@dataclass(frozen=True)
class Number:
    """A number that somebody wrote, and how the clause's theta follows from it.

    `theta = scale * (shift + sign * value) ** power`: a share is itself, a Herfindahl-Hirschman limit its square root,
    a haircut h of a cover the `1 / (1 - h)`.
    """

    name: str
    value: float
    unit: type[Quantity]
    scale: float = 1.0
    shift: float = 0.0
    sign: float = 1.0
    power: float = 1.0

    def theta(self, value: float) -> float:
        """The clause's parameter, were the number this one."""
        return float(self.scale * (self.shift + self.sign * value) ** self.power)

    def allows(self, value: float) -> bool:
        """Whether the number may be this: a haircut of 100% or more, say, leaves nothing to divide by."""
        base = self.shift + self.sign * value
        return base > 0 or (base == 0 and self.power > 0)

    def at(self, theta: Vector) -> Vector:
        """The number at which the clause's parameter is theta; nan where there is none."""
        with np.errstate(all="ignore"):
            return self.sign * ((theta / self.scale) ** (1 / self.power) - self.shift)

    @property
    def slope(self) -> float:
        """The derivative of theta by the number."""
        base = self.shift + self.sign * self.value
        if base == 0 and self.power < 1:
            return float("inf")
        return float(self.scale * self.power * self.sign * base ** (self.power - 1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Clause:
    """`bend(v) <= room(v)` for each of its m members.

    Attributes:
        rule: the id of the rule, or of the family of terms, that it belongs to.
        words: what is measured, in plain words.
        labels: a name for each member; one empty name where there is one member only.
        R0, c0, R1, c1: the affine room (m x len(v), and m).
        theta: the parameter, one a member.
        numbers: what theta is made from, the limit first; a rule's only.
        unit: of theta, where there are no numbers (terms: each member its own limit).
        at_least: whether the limit is a floor, for reports.
        penalty: of a soft clause, the yearly rate paid on its excess; None for a hard one.
        priced: whether its limits are numbers that somebody set; definitions have no price.
        waiver: the id of the waiver whose limit it has in place of the rule's; empty for none.
    """

    rule: str
    words: str
    labels: tuple[str, ...] = ("",)
    R0: Sparse
    c0: Vector
    R1: Sparse
    c1: Vector
    theta: Vector
    numbers: tuple[Number, ...] = ()
    unit: type[Quantity]
    at_least: bool = False
    penalty: float | None = None
    priced: bool = True
    waiver: str = ""
    equal: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """How many members it has."""
        return len(self.labels)

    def room(self, v: Vector) -> Vector:
        """The right side, for each member."""
        return self.R0 @ v + self.c0 + self.theta * (self.R1 @ v + self.c1)

    def bend(self, v: Vector) -> Vector:
        """The left side, for each member."""
        return np.zeros(self.size)

    def excess(self, v: Vector) -> Vector:
        """By how much it is broken, in parts of equity; zero or less where it holds."""
        return self.bend(v) - self.room(v)

    def level(self, v: Vector) -> Vector:
        """The theta at which each member would be tight; nan for nothing over nothing, which passes."""
        with np.errstate(all="ignore"):
            return (self.bend(v) - self.R0 @ v - self.c0) / (self.R1 @ v + self.c1)

    def price(self, v: Vector, weight: Vector) -> Vector:
        """What one more unit of theta is worth to the objective, for each member (the Lagrangian's derivative)."""
        return weight * (self.R1 @ v + self.c1)

    def witness(self, v: Vector) -> Vector:
        """The witness whose tangent touches at v."""
        return np.zeros(0)

    def valid(self, witness: Vector) -> Vector:
        """The nearest witness whose tangent lies below `bend` everywhere."""
        return witness

    def pull(self, weight: Vector, witness: Vector) -> tuple[Vector, float]:
        """The members' tangents, weighted and added: `sum weight * bend(v) >= vector @ v + constant`."""
        return np.zeros(self.R0.shape[1]), 0.0

    def moved(self, theta: Vector) -> Clause:
        """The same clause with another parameter."""
        return replace(self, theta=theta)

    def only(self, members: Indices) -> Self:
        """The clause of some of its members."""
        return replace(
            self,
            labels=tuple(self.labels[k] for k in members),
            R0=self.R0.rows(members),
            c0=self.c0[members],
            R1=self.R1.rows(members),
            c1=self.c1[members],
            theta=self.theta[members],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows(Clause):
    """Linear: `0 <= room(v)`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fixed(Clause):
    """Some entries of v are zero: they leave the program and the box, so that no price hangs on an empty interior.

    Its members say so of the capital; `columns` also holds what is zero with it. Soft, it is a cap of zero.
    """

    columns: Indices


@dataclass(frozen=True, eq=False, kw_only=True)
class Equal(Clause):
    """Linear: `0 == room(v)`; its multipliers may have either sign."""

    equal: ClassVar[bool] = True

    def excess(self, v: Vector) -> Vector:
        """How far it is from holding."""
        return np.abs(self.room(v))


@dataclass(frozen=True, eq=False, kw_only=True)
class Cone(Clause):
    """`|| M v + k || <= room(v)`: M has m * d rows, d for each member."""

    M: Sparse
    k: Vector

    def only(self, members: Indices) -> Self:
        """The clause of some of its members."""
        arms = np.arange(len(self.k)).reshape(self.size, -1)[members].ravel()
        return replace(super().only(members), M=self.M.rows(arms), k=self.k[arms])

    def arms(self, v: Vector) -> Vector:
        """M v + k, one row a member (m x d)."""
        return np.reshape(self.M @ v + self.k, (self.size, -1))

    def bend(self, v: Vector) -> Vector:
        """The Euclidean norms."""
        return np.asarray(np.linalg.norm(self.arms(v), axis=1))

    def witness(self, v: Vector) -> Vector:
        """The unit vectors along the arms (m x d)."""
        arms = self.arms(v)
        norms = np.linalg.norm(arms, axis=1, keepdims=True)
        return np.asarray(arms / np.where(norms > 0, norms, 1))

    def valid(self, witness: Vector) -> Vector:
        """Pulled back into the unit ball."""
        return np.asarray(witness / np.maximum(np.linalg.norm(witness, axis=1, keepdims=True), 1))

    def pull(self, weight: Vector, witness: Vector) -> tuple[Vector, float]:
        """`||a|| >= w . a` for every w in the unit ball."""
        arms = (weight[:, None] * witness).ravel()
        return arms @ self.M, float(arms @ self.k)


@dataclass(frozen=True, eq=False, kw_only=True)
class RotatedCone(Cone):
    """`|| M v + k ||^2 <= room(v)`, such as losses from compression against the income left.

    `typical` is the size that the room has (m), for the solver's scaling only.
    """

    typical: Vector

    def only(self, members: Indices) -> Self:
        """The clause of some of its members."""
        return replace(super().only(members), typical=self.typical[members])

    def bend(self, v: Vector) -> Vector:
        """The squared norms."""
        return np.asarray(np.sum(self.arms(v) ** 2, axis=1))

    def witness(self, v: Vector) -> Vector:
        """The arms themselves (m x d)."""
        return self.arms(v)

    def valid(self, witness: Vector) -> Vector:
        """Every witness is valid."""
        return witness

    def pull(self, weight: Vector, witness: Vector) -> tuple[Vector, float]:
        """`||a||^2 >= 2 w . a - ||w||^2` for every w."""
        arms = 2 * (weight[:, None] * witness).ravel()
        return arms @ self.M, float(arms @ self.k - weight @ np.sum(witness**2, axis=1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Tail(Clause):
    """The sum of the `count` largest entries of `L v` is at most room(v); one member."""

    L: Sparse
    count: int

    def bend(self, v: Vector) -> Vector:
        """The sum of the largest."""
        return np.array([np.sort(self.L @ v)[-self.count :].sum()])

    def witness(self, v: Vector) -> Vector:
        """One for each of the largest entries, zero for the others."""
        chosen = np.zeros(self.L.shape[0])
        chosen[np.argsort(self.L @ v)[-self.count :]] = 1
        return chosen

    def valid(self, witness: Vector) -> Vector:
        """Weights in [0, 1] that add up to the count."""
        inside = np.clip(witness, 0, 1)
        total, rest = inside.sum(), len(inside) - inside.sum()
        if total > self.count:
            return np.asarray(inside * (self.count / total))
        if rest > 0:
            return np.asarray(inside + (1 - inside) * ((self.count - total) / rest))
        return inside

    def pull(self, weight: Vector, witness: Vector) -> tuple[Vector, float]:
        """The sum of the largest is at least every such weighted sum."""
        return (weight[0] * witness) @ self.L, 0.0


@dataclass(frozen=True, eq=False)
class Linear:
    """`gain . v + constant`."""

    gain: Vector
    constant: float = 0.0
    curved: ClassVar[bool] = False

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return float(np.abs(self.gain).max(initial=0.0))

    def value(self, v: Vector) -> float:
        """The number at v."""
        return float(self.gain @ v + self.constant)

    def witness(self, v: Vector) -> Vector:
        """A line is its own tangent."""
        return np.zeros(0)

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """Slope and constant."""
        return self.gain, self.constant


@dataclass(frozen=True, eq=False)
class Quadratic:
    """`|| F v ||^2`, F in factor form (d x len(v)); `strict` where no other v in capital has the same F v."""

    F: Sparse
    strict: bool = False
    curved: ClassVar[bool] = True

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return float(self.F.column_squares().max(initial=0.0))

    def value(self, v: Vector) -> float:
        """The number at v."""
        return float(np.sum((self.F @ v) ** 2))

    def witness(self, v: Vector) -> Vector:
        """F v: the tangent at v."""
        return self.F @ v

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """Slope and constant of the tangent `2 w . F v - ||w||^2`, which lies below for every w."""
        return (2 * witness) @ self.F, -float(witness @ witness)


Part = Linear | Quadratic


@dataclass(frozen=True, eq=False)
class Score:
    """What is maximised: a weighted sum of parts, concave.

    Attributes:
        parts: pairs of a weight and a part; a curved part's weight is negative.
        income: how much of the score one unit of distributable income (over equity) is; soft rules pay out of it.
        give: how much of the optimum the canonical choice may give up, absolute; 0 for a millionth of the parts.
    """

    parts: tuple[tuple[float, Part], ...]
    income: float = 0.0
    give: float = 0.0
    name: str = field(default="", compare=False)

    GIVE: ClassVar[float] = 1e-6
    LEAST: ClassVar[float] = 1e-9
    "The same, relative to the score's size: for an optimum of zero."

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return max((abs(weight) * part.size for weight, part in self.parts), default=0.0)

    def value(self, v: Vector) -> float:
        """The score at v."""
        return float(sum(weight * part.value(v) for weight, part in self.parts))

    def tolerance(self, v: Vector) -> float:
        """How far from the optimum counts as the same, near v."""
        near = self.GIVE * sum(abs(weight * part.value(v)) for weight, part in self.parts)
        return self.give or max(near, self.LEAST * self.size)

    def witness(self, v: Vector) -> list[Vector]:
        """A witness for each part: the tangents at v."""
        return [part.witness(v) for _, part in self.parts]

    def above(self, witness: list[Vector]) -> tuple[Vector, float]:
        """A line that lies above the score everywhere: slope and constant."""
        lines = [(weight, part.tangent(w)) for (weight, part), w in zip(self.parts, witness, strict=True)]
        return sum(w * line[0] for w, line in lines), sum(w * line[1] for w, line in lines)  # type: ignore[return-value]

    @property
    def concave(self) -> bool:
        """Whether it can be maximised by a convex program."""
        return all(weight <= 0 for weight, part in self.parts if part.curved)

    @cached_property
    def strict(self) -> bool:
        """Whether no two capital allocations can share the optimum."""
        return any(part.strict and weight < 0 for weight, part in self.parts if isinstance(part, Quadratic))

    def __add__(self, other: Score) -> Score:
        return Score(self.parts + other.parts, self.income + other.income, self.give + other.give)

    def __mul__(self, factor: float) -> Score:
        parts = tuple((factor * weight, part) for weight, part in self.parts)
        return Score(parts, factor * self.income, abs(factor) * self.give)

    __rmul__ = __mul__


@dataclass(frozen=True, eq=False)
class Box:
    """Where the entries of v may be.

    Attributes:
        low, high: the least and the most; an entry whose two are equal is fixed.
        defined: a mask of the entries that a clause pushes up from below. The program leaves them without a bound of
            their own, which would destroy strict complementarity and stall the solver.
    """

    low: Vector
    high: Vector
    defined: NDArray[np.bool_]

    def fixing(self, clauses: Sequence[Clause]) -> Box:
        """The box with what hard clauses fix."""
        high = self.high.copy()
        for clause in clauses:
            if isinstance(clause, Fixed) and clause.penalty is None:
                high[clause.columns] = self.low[clause.columns]
        return replace(self, high=high)

    def outside(self, v: Vector) -> float:
        """How far v is outside, at most."""
        return float(np.maximum(self.low - v, v - self.high).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Multipliers:
    """What proves a bound: one weight a member and a witness, for each clause; and the score's witness."""

    weights: tuple[Vector, ...]
    witnesses: tuple[Vector, ...]
    score: tuple[Vector, ...]
