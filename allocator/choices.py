"""Whole choices: sums that are nothing or something, each with a binary, which makes a program mixed-integer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from allocator.shapes import Clause, Rows
from allocator.sparse import Indices, Sparse, Vector
from allocator.units import Money

Mask = NDArray[np.bool_]

SOMETHING = 1e-9
"More than this, in parts of equity, is something."
SHORT = 1e-7
"By how much an amount may be short of what makes it count, as any clause may be broken."
PREFIX = "choice."
"Begins the names of clauses that say what was chosen."


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice(Clause, ABC):
    """Each of its units, a sum of entries of v, is open or closed. Its room is empty, as no multiplier prices it.

    Attributes:
        units: a name for each.
        G: what they add up, v being never negative (units x len(v)).
        dollar: one $ bn in parts of equity.
        open: which of the units are open, once that is chosen.
    """

    units: tuple[str, ...]
    G: Sparse
    dollar: float
    open: Mask | None = None
    lessens: ClassVar[bool] = False
    "Whether an open unit may have less than its least, where it is soft; else what gives way is how many are open."

    @property
    @abstractmethod
    def least(self) -> Vector:
        """What an open unit has at least, in parts of equity (units)."""

    @property
    def shuts(self) -> bool:
        """Whether a closed unit has nothing; else it has any amount, and just does not count."""
        return True

    @property
    def switches(self) -> list[object]:
        """What each unit's binary is known by: units that are open or closed together share one."""
        columns: list[list[int]] = [[] for _ in self.units]
        for row, column in zip(self.G.row.tolist(), self.G.column.tolist(), strict=True):
            columns[row].append(column)
        # Whether there is enough to count is another question than whether there is anything.
        counts = np.zeros(len(self.units)) if self.shuts else self.least
        return [(tuple(sorted(own)), float(enough)) for own, enough in zip(columns, counts, strict=True)]

    @property
    def fewest(self) -> float:
        """How many units are open at least."""
        return 0.0

    @property
    def most(self) -> float:
        """How many units are open at most."""
        return float("inf")

    @abstractmethod
    def implies(self, other: Choice) -> bool:
        """Whether all that it allows the other one does, as far as the numbers tell."""

    def decided(self, picked: Mask) -> Self:
        """The clause with its choice made; `given` says what is left of it."""
        return replace(self, open=picked)

    def closed(self, picked: Mask) -> Indices:
        """The entries of v that are zero, as their units are closed."""
        return self.G.column[~picked[self.G.row]] if self.shuts else np.zeros(0, np.int64)

    def given(self) -> list[Clause]:
        """What the units that were chosen must keep, as plain clauses; the closed ones have nothing."""
        assert self.open is not None
        rows = np.flatnonzero(self.open)
        m, least = len(rows), self.least[rows]
        if not least.any():
            return []
        return [
            Rows(
                rule=f"{PREFIX}{self.rule}",
                words=f"{self.words}, as chosen",
                labels=tuple(self.units[k] for k in rows),
                R0=self.G.rows(rows),
                c0=np.zeros(m),
                R1=Sparse.zeros(m, self.G.shape[1]),
                c1=np.full(m, -self.dollar),
                theta=least / self.dollar,
                unit=Money,
                at_least=True,
                penalty=self.penalty if self.lessens else None,
            )
        ]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ticket(Choice):
    """Each member has nothing, or at least its theta in $ bn; the members are the units."""

    lessens: ClassVar[bool] = True

    @property
    def least(self) -> Vector:
        """The minimum."""
        return self.theta * self.dollar

    def excess(self, v: Vector) -> Vector:
        """How far it is from nothing or the minimum, the nearer one; where there is nothing, far from over.

        Soft, with its choice made, what is `given` says it all.
        """
        if self.open is not None and self.penalty is not None:
            return np.zeros(self.size)
        amount = self.G @ v
        return np.asarray(np.where(amount > 0, np.minimum(amount, self.least - amount), -np.inf))

    def level(self, v: Vector) -> Vector:
        """The amounts, in $ bn; nan for nothing, which passes."""
        amount = self.G @ v
        return np.asarray(np.where(amount > SOMETHING, amount / self.dollar, np.nan))

    def only(self, members: Indices) -> Self:
        """The clause of some of its members."""
        return replace(super().only(members), units=tuple(self.units[k] for k in members), G=self.G.rows(members))

    def implies(self, other: Choice) -> bool:
        """Where the other asks no more of any line, and of no other lines."""
        if not isinstance(other, Ticket):
            return False
        own = dict(zip(self.units, self.theta, strict=True))
        return all(own.get(name, 0.0) >= least for name, least in zip(other.units, other.theta, strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class Held(Choice):
    """Of its units, at most or at least theta are open; one member.

    Attributes:
        holding: what makes a unit count where there must be some, in $ bn; where there may be so many only, anything.
    """

    holding: float = 0.0

    @property
    def least(self) -> Vector:
        """What makes a unit count."""
        return np.full(len(self.units), self.holding * self.dollar)

    @property
    def shuts(self) -> bool:
        """A unit that is too many has nothing; one that does not count may have a little."""
        return not self.at_least

    @property
    def fewest(self) -> float:
        """The floor."""
        return float(self.theta[0]) if self.at_least else 0.0

    @property
    def most(self) -> float:
        """The cap."""
        return float("inf") if self.at_least else float(self.theta[0])

    def excess(self, v: Vector) -> Vector:
        """The capital that would have to go from the units that are too many, or come to those that are too few.

        Soft, with its choice made, by how many they are too many or too few.
        """
        if self.open is not None and self.penalty is not None:
            return np.array([max(self.open.sum() - self.most, self.fewest - self.open.sum(), 0.0)])
        amounts, count = np.sort(self.G @ v)[::-1], int(self.theta[0])
        if not self.at_least:
            return np.array([amounts[count:].sum()])
        missing = max(count - len(amounts), 0)
        short = np.maximum(self.least[:1].sum() - amounts[:count], 0).sum()
        return np.array([short + missing])

    def level(self, v: Vector) -> Vector:
        """How many are open."""
        amounts = self.G @ v
        counts = amounts >= self.least - SHORT if self.at_least else amounts > SOMETHING
        return np.array([float(counts.sum())])

    def implies(self, other: Choice) -> bool:
        """Where the other counts the same units and asks no more."""
        same = isinstance(other, Held) and self.at_least == other.at_least and _same(self.G, other.G)
        if not same or not isinstance(other, Held):
            return False
        if self.at_least:
            return bool(self.theta[0] >= other.theta[0] and self.holding >= other.holding)
        return bool(self.theta[0] <= other.theta[0])


def _same(one: Sparse, other: Sparse) -> bool:
    def entries(matrix: Sparse) -> set[tuple[int, int]]:
        return set(zip(matrix.row.tolist(), matrix.column.tolist(), strict=True))

    return one.shape == other.shape and entries(one) == entries(other)


def open_choices(clauses: Sequence[Clause]) -> dict[int, Choice]:
    """The choices that are still to be made, by index."""
    return {k: each for k, each in enumerate(clauses) if isinstance(each, Choice) and each.open is None}


def without_choices(clauses: Collection[Clause]) -> tuple[Clause, ...]:
    """All but the choices: what is convex, and allows more."""
    return tuple(clause for clause in clauses if not isinstance(clause, Choice))


def room_of(size: int, columns: int) -> dict[str, Any]:
    """The empty room of a choice."""
    nothing = Sparse.zeros(size, columns)
    return {"R0": nothing, "c0": np.zeros(size), "R1": nothing, "c1": np.zeros(size)}
