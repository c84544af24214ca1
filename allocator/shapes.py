"""The waist: all that a rule, a term or an objective means to the mathematics, as numpy data.

A clause holds where `bend(v) <= room(v)`, member by member. `bend` is convex and depends on the shape; `room` is
affine in the decision v and moves with one parameter theta a member: `(R0 v + c0) + theta * (R1 v + c1)`. So a limit
is one number to write, its price is read off the multiplier, and the value that a clause takes is the theta at which
it would be tight. What is maximised under the clauses is told by `scores`.

Every convex piece lies above its tangents. A *witness* picks the tangent, and any witness gives a valid one: that is
what makes the bounds of the certificate independent of the solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from allocator.scores import largest, weights_of_largest
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
        order: what its rows were divided by, to be of order one.
        inherited: why it has another limit than that, where the holdings are beyond it; empty where they aren't.
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
    order: float = 1.0
    waiver: str = ""
    inherited: str = ""
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

    def ordered(self, order: float) -> Self:
        """The same clause with its rows divided by another number."""
        times = self.order / order
        return replace(
            self,
            R0=self.R0 * times,
            c0=self.c0 * times,
            R1=self.R1 * times,
            c1=self.c1 * times,
            penalty=None if self.penalty is None else self.penalty / times,
            order=order,
        )

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


TYPICAL = 0.05
"The size that squared norms have in a fund, in parts of equity: what compression costs. For the scaling of cones only."


@dataclass(frozen=True, eq=False, kw_only=True)
class RotatedCone(Cone):
    """`|| M v + k ||^2 <= room(v)`, such as losses from compression against the income left.

    `typical` is the size that the room has (m), for the solver's scaling only.
    """

    typical: Vector

    def ordered(self, order: float) -> Self:
        """The same clause with its rows divided by another number."""
        root = (self.order / order) ** 0.5
        return replace(super().ordered(order), M=self.M * root, k=self.k * root)

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
    """The sum of the `count` largest entries of `L v + k` is at most room(v); one member.

    Where the count is no whole number, the next entry counts in part.
    """

    L: Sparse
    k: Vector
    count: float

    def bend(self, v: Vector) -> Vector:
        """The sum of the largest."""
        return np.array([self.witness(v) @ (self.L @ v + self.k)])

    def witness(self, v: Vector) -> Vector:
        """One for each of the largest entries, zero for the others."""
        return largest(self.L @ v + self.k, self.count)

    def valid(self, witness: Vector) -> Vector:
        """Weights in [0, 1] that add up to the count."""
        return weights_of_largest(witness, self.count)

    def pull(self, weight: Vector, witness: Vector) -> tuple[Vector, float]:
        """The sum of the largest is at least every such weighted sum."""
        weights = weight[0] * witness
        return weights @ self.L, float(weights @ self.k)


def hard_ones(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Those that must hold."""
    return tuple(clause for clause in clauses if clause.penalty is None)


def moved(clauses: Sequence[Clause], theta: Mapping[int, Vector]) -> tuple[Clause, ...]:
    """Clauses, some of them, by index, with other parameters."""
    return tuple(clause.moved(theta[i]) if i in theta else clause for i, clause in enumerate(clauses))


def soft_ones(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Those that may be missed, at a penalty."""
    return tuple(clause for clause in clauses if clause.penalty is not None)


def largest_excess(clauses: Iterable[Clause], v: Vector) -> float:
    """By how much the worst of clauses is broken at v, in parts of equity; zero where all hold."""
    return max((float(clause.excess(v).max(initial=0.0)) for clause in clauses), default=0.0)


def shortfall(clauses: Iterable[Clause], v: Vector) -> float:
    """What the soft ones of clauses cost at v: their excesses at their penalties, in parts of equity a year."""
    return sum(
        clause.penalty * float(np.maximum(clause.excess(v), 0).sum())
        for clause in clauses
        if clause.penalty is not None
    )


@dataclass(frozen=True, eq=False)
class Owed:
    """What the soft ones of clauses cost (`shortfall`), as a part of a score.

    Its witness is the v at which its tangent touches.
    """

    clauses: tuple[Clause, ...]
    length: int
    curve: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset()
    size: ClassVar[float] = 1.0

    def value(self, v: Vector) -> float:
        """The cost at v."""
        return shortfall(self.clauses, v)

    def witness(self, v: Vector) -> Vector:
        """The tangent at v."""
        return v

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """What is missed at the witness counts along its tangents, all else as nothing: both lie below the cost."""
        gain, constant = np.zeros(self.length), 0.0
        for clause in self.clauses:
            weight = np.where(clause.excess(witness) > 0, clause.penalty or 0.0, 0.0)
            pull, offset = clause.pull(weight, clause.valid(clause.witness(witness)))
            gain = gain + pull - weight @ clause.R0 - (weight * clause.theta) @ clause.R1
            constant += offset - float(weight @ (clause.c0 + clause.theta * clause.c1))
        return gain, constant


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
