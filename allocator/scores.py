"""What is maximised, as data: a concave score made of few shapes, each with its numpy value and its tangents.

A convex shape lies above its tangents and a concave one below; a *witness* picks the tangent, and any witness gives a
valid one. With a shape's weight that makes a line above the score, which is all that the certificate needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np

from allocator.sparse import Sparse, Vector


class Part(Protocol):
    """A function of v that a score adds up."""

    @property
    def curve(self) -> int:
        """1 where it is convex, -1 where it is concave, 0 where it is both."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """What a solver must be able to do where it stands in the objective, beyond linear programs."""
        ...

    @property
    def length(self) -> int:
        """How long a witness is."""
        ...

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        ...

    def value(self, v: Vector) -> float:
        """The number at v."""
        ...

    def witness(self, v: Vector) -> Vector:
        """The witness of a tangent that touches at v."""
        ...

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """Slope and constant of the tangent that a witness picks."""
        ...


@dataclass(frozen=True, eq=False)
class Linear:
    """`gain . v + constant`."""

    gain: Vector
    constant: float = 0.0
    curve: ClassVar[int] = 0
    needs: ClassVar[frozenset[str]] = frozenset()
    length: ClassVar[int] = 0

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
    curve: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset({"quadratic"})

    @property
    def length(self) -> int:
        """How long a witness is."""
        return self.F.shape[0]

    @cached_property
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


@dataclass(frozen=True, eq=False)
class Norm:
    """`|| F v ||`, the Euclidean norm (d x len(v)); `strict` where no other v has its F v along the same ray."""

    F: Sparse
    strict: bool = False
    curve: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset({"conic"})

    @property
    def length(self) -> int:
        """How long a witness is."""
        return self.F.shape[0]

    @cached_property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return float(np.sqrt(self.F.column_squares().max(initial=0.0)))

    def value(self, v: Vector) -> float:
        """The number at v."""
        return float(np.linalg.norm(self.F @ v))

    def witness(self, v: Vector) -> Vector:
        """The unit vector along F v."""
        return np.asarray(self.F @ v / (self.value(v) or 1.0))

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """`||a|| >= w . a` for every w in the unit ball."""
        return (witness / max(float(np.linalg.norm(witness)), 1.0)) @ self.F, 0.0


@dataclass(frozen=True, eq=False)
class Worst:
    """The mean of the `count` largest entries of `L v`, the last one in part where the count is no whole number.

    Of losses by scenario that is their conditional value at risk (Rockafellar and Uryasev 2000).
    """

    L: Sparse
    count: float
    curve: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset()

    @property
    def length(self) -> int:
        """How long a witness is."""
        return self.L.shape[0]

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return self.L.largest

    def value(self, v: Vector) -> float:
        """The number at v."""
        return float(self.witness(v) @ (self.L @ v)) / self.count

    def witness(self, v: Vector) -> Vector:
        """One for each of the largest entries, a part for the last one, zero for the others."""
        return largest(self.L @ v, self.count)

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """The mean of the largest is at least every mean with weights in [0, 1] that add up to the count."""
        return (weights_of_largest(witness, self.count) / self.count) @ self.L, 0.0


@dataclass(frozen=True, eq=False)
class Log:
    """The logarithm of a concave score, minus infinity where that is zero or less."""

    of: Score
    curve: ClassVar[int] = -1
    needs: ClassVar[frozenset[str]] = frozenset({"conic", "exponential"})
    size: ClassVar[float] = 1.0  # scores come here over their ranges, and a logarithm moves by one where they double

    @property
    def length(self) -> int:
        """How long a witness is."""
        return 1 + sum(self.of.lengths)

    def value(self, v: Vector) -> float:
        """The number at v."""
        inside = self.of.value(v)
        return float(np.log(inside)) if inside > 0 else -np.inf

    def witness(self, v: Vector) -> Vector:
        """The score's value, and its own witnesses."""
        return np.concatenate([[self.of.value(v)], *self.of.witness(v)])

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """`log(u) <= u / w + log(w) - 1` for every w above zero."""
        at = max(float(witness[0]), 1e-12)
        gain, constant = self.of.above(self.of.split(witness[1:]))
        return gain / at, constant / at + float(np.log(at)) - 1


@dataclass(frozen=True, eq=False)
class Least:
    """The least of several concave scores."""

    of: tuple[Score, ...]
    curve: ClassVar[int] = -1

    @property
    def needs(self) -> frozenset[str]:
        """Curved scores stand in constraints here."""
        inner = frozenset[str]().union(*(score.needs for score in self.of))
        return inner - {"quadratic"} | {"conic"} if inner else inner

    @property
    def length(self) -> int:
        """How long a witness is."""
        return len(self.of) + sum(sum(score.lengths) for score in self.of)

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return max(score.size for score in self.of)

    def value(self, v: Vector) -> float:
        """The number at v."""
        return min(score.value(v) for score in self.of)

    def witness(self, v: Vector) -> Vector:
        """A weight for each score, all of it on the least; and their own witnesses."""
        weights = np.zeros(len(self.of))
        weights[int(np.argmin([score.value(v) for score in self.of]))] = 1
        return np.concatenate([weights, *(each for score in self.of for each in score.witness(v))])

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """The least is at most every weighted mean."""
        weights, rest = np.maximum(witness[: len(self.of)], 0), witness[len(self.of) :]
        weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
        ends = np.cumsum([sum(score.lengths) for score in self.of])[:-1]
        lines = [score.above(score.split(own)) for score, own in zip(self.of, np.split(rest, ends), strict=True)]
        gain = sum(w * line[0] for w, line in zip(weights, lines, strict=True))
        return np.asarray(gain), float(sum(w * line[1] for w, line in zip(weights, lines, strict=True)))


@dataclass(frozen=True, eq=False)
class Own:
    """A concave function that a caller wrote: of v as numbers, or as the program's expression.

    Its witness is a slope and a constant, as the solver's multipliers gave them; that the line lies above the function
    rests on the solver's word.
    """

    of: Callable[[Any], Any]
    entries: int
    curve: ClassVar[int] = -1
    needs: ClassVar[frozenset[str]] = frozenset({"conic", "exponential", "cvxpy"})
    size: ClassVar[float] = 1.0

    @property
    def length(self) -> int:
        """How long a witness is."""
        return self.entries + 1

    def value(self, v: Vector) -> float:
        """The number at v."""
        found = self.of(v)
        return float(np.asarray(getattr(found, "value", found)).squeeze())

    def witness(self, v: Vector) -> Vector:
        """No line is known until the program gives one: an infinite constant is above everything."""
        return np.append(np.zeros(self.entries), np.inf)

    def tangent(self, witness: Vector) -> tuple[Vector, float]:
        """Slope and constant, as given."""
        return witness[:-1], float(witness[-1])


@dataclass(frozen=True, eq=False)
class Score:
    """What is maximised: a weighted sum of parts, concave.

    Attributes:
        parts: pairs of a weight and a part; a convex part's weight is negative, a concave one's positive.
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
    ROUNDING: ClassVar[float] = 1e-13
    "By so much sums are off: for a score that is zero everywhere."

    @property
    def size(self) -> float:
        """How much it moves with one entry of v, at most."""
        return max((abs(weight) * part.size for weight, part in self.parts), default=0.0)

    @property
    def needs(self) -> frozenset[str]:
        """What a solver must be able to do to maximise it, beyond linear programs."""
        return frozenset[str]().union(*(part.needs for _, part in self.parts))

    @classmethod
    def nothing(cls, length: int) -> Score:
        """Zero for every v of a length."""
        return cls(((1.0, Linear(np.zeros(length))),))

    def value(self, v: Vector) -> float:
        """The score at v."""
        return float(sum(weight * part.value(v) for weight, part in self.parts))

    def net(self, v: Vector, cost: float) -> float:
        """The score at v after what soft rules cost, in parts of equity a year."""
        return self.value(v) - self.income * cost

    def tolerance(self, v: Vector) -> float:
        """How far from the optimum counts as the same, near v."""
        near = self.GIVE * sum(abs(weight * part.value(v)) for weight, part in self.parts)
        return self.give or max(near, self.LEAST * self.size, self.ROUNDING)

    def witness(self, v: Vector) -> list[Vector]:
        """A witness for each part: the tangents at v."""
        return [part.witness(v) for _, part in self.parts]

    @cached_property
    def lengths(self) -> list[int]:
        """How long each part's witness is."""
        return [part.length for _, part in self.parts]

    def split(self, witness: Vector) -> list[Vector]:
        """The parts' witnesses, which stand behind one another."""
        return np.split(witness, np.cumsum(self.lengths)[:-1])

    def above(self, witness: Sequence[Vector]) -> tuple[Vector, float]:
        """A line that lies above the score everywhere: slope and constant."""
        lines = [(weight, part.tangent(w)) for (weight, part), w in zip(self.parts, witness, strict=True)]
        return sum(w * line[0] for w, line in lines), sum(w * line[1] for w, line in lines)  # type: ignore[return-value]

    @property
    def concave(self) -> bool:
        """Whether it can be maximised by a convex program."""
        return all(weight * part.curve <= 0 for weight, part in self.parts)

    @cached_property
    def strict(self) -> bool:
        """Whether no two capital allocations can share the optimum."""
        return any(part.strict and weight < 0 for weight, part in self.parts if isinstance(part, (Quadratic, Norm)))

    def __add__(self, other: Score) -> Score:
        return Score(self.parts + other.parts, self.income + other.income, self.give + other.give)

    def __mul__(self, factor: float) -> Score:
        parts = tuple((factor * weight, part) for weight, part in self.parts)
        return Score(parts, factor * self.income, abs(factor) * self.give)

    __rmul__ = __mul__


def weighted(scores: Sequence[Score], weights: Sequence[float]) -> Score:
    """The weighted sum of scores."""
    total = scores[0] * weights[0]
    for score, weight in zip(scores[1:], weights[1:], strict=True):
        total = total + score * weight
    return total


def largest(values: Vector, count: float) -> Vector:
    """Weights that pick the `count` largest values: ones, and for the last what is left of the count."""
    chosen = np.zeros(len(values))
    whole = int(count)
    order = np.argsort(-values, kind="stable")
    chosen[order[:whole]] = 1
    if whole < len(values):
        chosen[order[whole]] = count - whole
    return chosen


def weights_of_largest(given: Vector, count: float) -> Vector:
    """The given weights, moved into [0, 1] so that they add up to the count."""
    inside = np.clip(given, 0, 1)
    total, rest = inside.sum(), len(inside) - inside.sum()
    if total > count:
        return np.asarray(inside * (count / total))
    if rest > 0:
        return np.asarray(inside + (1 - inside) * ((count - total) / rest))
    return inside
