"""Scores become expressions of cvxpy; those with a kink get variables and constraints, whose duals are witnesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from allocator.errors import InputError
from allocator.scores import Least, Linear, Log, Norm, Own, Part, Quadratic, Score, Worst
from allocator.shapes import TYPICAL, Owed
from allocator.sparse import Indices, Sparse, Vector

Reader = Callable[[Vector], Vector]
"Gives a part's witness at the v that was found."


@dataclass(frozen=True)
class Expression:
    """A part or a score for cvxpy.

    Attributes:
        value: the expression.
        constraints: what its own variables obey.
        witnesses: how each part's witness is read after a solve.
    """

    value: Any
    constraints: tuple[Any, ...] = ()
    witnesses: tuple[Reader, ...] = ()


@dataclass(frozen=True)
class Entries:
    """The entries of v for cvxpy: those that are free are variables.

    Attributes:
        z: the variables.
        free: which entries they are.
        at: turns a matrix over v into one over z.
        fill: gives all entries of v from expressions of those that are free.
        owed: what the program's soft clauses cost.
    """

    z: Any
    free: Indices
    at: Callable[[Sparse], Any]
    fill: Callable[[Any], Any]
    owed: Any

    def score(self, score: Score, inside: bool = False) -> Expression:
        """A weighted sum of parts; inside another part, squares are written as cones, whose duals are witnesses."""
        parts = [
            self._square(part) if inside and isinstance(part, Quadratic) else self._part(part)
            for _, part in score.parts
        ]
        total: Any = 0.0
        for (weight, _), part in zip(score.parts, parts, strict=True):
            total = total + weight * part.value
        constraints = tuple(each for part in parts for each in part.constraints)
        return Expression(total, constraints, tuple(reader for part in parts for reader in part.witnesses))

    def _part(self, part: Part) -> Expression:
        if isinstance(part, Linear):
            return Expression(part.gain[self.free] @ self.z + part.constant, (), (part.witness,))
        if isinstance(part, Quadratic):
            return Expression(cp.sum_squares(self.at(part.F) @ self.z), (), (part.witness,))
        if isinstance(part, Owed):
            return Expression(self.owed, (), (part.witness,))
        written: dict[type, Callable[[Any], Expression]] = {
            Norm: self._norm,
            Worst: self._worst,
            Log: self._log,
            Least: self._least,
            Own: self._own,
        }
        return written[type(part)](part)

    def _square(self, part: Quadratic) -> Expression:
        # ||a||^2 <= q is ||(2 sqrt(s) a, q - s)|| <= q + s for any s > 0; s near q keeps the cone round.
        size, s = cp.Variable(), TYPICAL
        cone = cp.SOC(size + s, cp.hstack([2 * s**0.5 * (self.at(part.F) @ self.z), size - s]))

        def witness(v: Vector) -> Vector:
            duals = np.ravel(cone.dual_value[1])
            weight = float(np.ravel(cone.dual_value[0])[0]) + float(duals[-1])
            return part.witness(v) if weight <= 0 else -(s**0.5) * duals[:-1] / weight

        return Expression(size, (cone,), (witness,))

    def _norm(self, part: Norm) -> Expression:
        size = cp.Variable()
        cone = cp.SOC(size, self.at(part.F) @ self.z)

        def witness(v: Vector) -> Vector:
            weight = float(np.ravel(cone.dual_value[0])[0])
            return part.witness(v) if weight <= 0 else -np.ravel(cone.dual_value[1]) / weight

        return Expression(size, (cone,), (witness,))

    def _worst(self, part: Worst) -> Expression:
        # The sum of the largest entries by its dual: count * q + sum max(y - q, 0), least over q.
        q, over = cp.Variable(), cp.Variable(part.L.shape[0], nonneg=True)
        above = self.at(part.L) @ self.z - q <= over

        def witness(v: Vector) -> Vector:
            weights = np.maximum(np.atleast_1d(above.dual_value), 0)
            return part.witness(v) if weights.sum() <= 0 else weights * (part.count / weights.sum())

        return Expression(q + cp.sum(over) / part.count, (above,), (witness,))

    def _log(self, part: Log) -> Expression:
        # A variable of its own, whose multiplier is the slope at which the logarithm was taken: a better witness than
        # the value at a v that is only nearly optimal.
        inside, gain = self.score(part.of, inside=True), cp.Variable()
        row = gain <= inside.value

        def witness(v: Vector) -> Vector:
            return np.concatenate([[float(gain.value)], *(reader(v) for reader in inside.witnesses)])

        return Expression(cp.log(gain), (*inside.constraints, row), (witness,))

    def _least(self, part: Least) -> Expression:
        least = cp.Variable()
        inner = [self.score(score, inside=True) for score in part.of]
        rows = [least <= each.value for each in inner]

        def witness(v: Vector) -> Vector:
            weights = np.maximum([float(np.ravel(row.dual_value)[0]) for row in rows], 0)
            own = [reader(v) for each in inner for reader in each.witnesses]
            return part.witness(v) if weights.sum() <= 0 else np.concatenate([weights / weights.sum(), *own])

        constraints = tuple(each for made in inner for each in made.constraints)
        return Expression(least, (*constraints, *rows), (witness,))

    def _own(self, part: Own) -> Expression:
        # The multipliers of a copy of the variables are the slope that fits the other multipliers; a gradient taken at
        # a v that is only nearly optimal does not.
        copy, value = cp.Variable(self.z.shape), cp.Variable()
        told = cp.sum(part.of(self.fill(copy)))
        if not told.is_concave():
            what = "the caller's own objective is not concave by cvxpy's rules, so it can't be maximised"
            raise InputError.of(what, "write it with cvxpy's atoms, as in cp.sum(cp.sqrt(v.capital))")
        same, row = copy == self.z, value <= told

        def witness(v: Vector) -> Vector:
            weight = float(np.ravel(row.dual_value)[0])
            if weight <= 0:
                return part.witness(v)
            slope = np.zeros(part.entries)
            slope[self.free] = np.ravel(same.dual_value) / weight
            return np.append(slope, part.value(v) - slope @ v)

        return Expression(value, (same, row), (witness,))
