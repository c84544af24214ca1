"""The inverse of a symmetric matrix from which rows and columns come and go, kept up by rank-one changes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from allocator.errors import NotCertified
from allocator.sparse import Indices, Vector

SINGULAR = 1e-12
"A pivot smaller than this part of the numbers whose difference it is, is rounding."
EXACT = 1e-14
"What is rounding, of numbers of order one: in a pivot, or in the residual of a solution."
WORN = 1e-9
"The residual from which on the inverse is computed anew."


class Bordered:
    """A principal submatrix of a symmetric matrix, with its inverse.

    Attributes:
        size: how many rows and columns are in it.
    """

    def __init__(self, width: int, members: Iterable[tuple[int, Vector]]) -> None:
        """Begin with some members of a matrix of that width: index and row of each.

        Raises:
            NotCertified: they are singular.
        """
        given = list(members)
        self.size = len(given)
        room = max(2 * self.size, 16)
        self._names = np.zeros(room, np.int64)
        self._rows, self._inverse = np.zeros((room, width)), np.zeros((room, room))
        for place, (name, row) in enumerate(given):
            self._names[place], self._rows[place] = name, row
        self._invert()

    @property
    def members(self) -> Indices:
        """Which rows and columns are in it."""
        return self._names[: self.size]

    @property
    def rows(self) -> Vector:
        """The members' rows of the whole matrix (size x width)."""
        return self._rows[: self.size]

    @property
    def inverse(self) -> Vector:
        """Of the members' rows and columns."""
        return self._inverse[: self.size, : self.size]

    def _invert(self) -> None:
        try:
            self.inverse[:] = np.linalg.inv(self.rows[:, self.members])
        except np.linalg.LinAlgError:
            raise NotCertified("rounding leaves the system of a critical line singular") from None

    def add(self, name: int, row: Vector) -> bool:
        """A row and column come in; whether they could, the matrix staying regular."""
        border = row[self.members]
        ahead = self.inverse @ border
        pivot = row[name] - border @ ahead
        if abs(pivot) <= EXACT + SINGULAR * (abs(row[name]) + np.abs(border) @ np.abs(ahead)):
            return False
        if self.size == len(self._names):
            self._grow()
        self.inverse[:] += np.multiply.outer(ahead / pivot, ahead)
        place, self.size = self.size, self.size + 1
        self._names[place], self._rows[place] = name, row
        edge = np.append(-ahead, 1.0) / pivot
        self._inverse[place, : self.size] = self._inverse[: self.size, place] = edge
        return True

    def drop(self, name: int) -> Vector | None:
        """A row and column go; the row, or None where the matrix would become singular without it."""
        place = int(np.flatnonzero(self.members == name)[0])
        edge = self.inverse[place].copy()
        pivot = edge[place]
        if abs(pivot) <= SINGULAR * np.abs(edge).max():
            return None
        row: Vector = self._rows[place].copy()
        self.inverse[:] -= np.multiply.outer(edge / pivot, edge)
        last = self.size - 1
        if place != last:
            self._names[place], self._rows[place] = self._names[last], self._rows[last]
            self.inverse[place] = self.inverse[last]
            self.inverse[:, place] = self.inverse[:, last]
        self.size = last
        return row

    def _grow(self) -> None:
        room, width = self._rows.shape
        names, rows, inverse = self._names, self._rows, self._inverse
        self._names, self._rows = np.zeros(2 * room, np.int64), np.zeros((2 * room, width))
        self._inverse = np.zeros((2 * room, 2 * room))
        self._names[:room], self._rows[:room], self._inverse[:room, :room] = names, rows, inverse

    def solve(self, right: Vector) -> tuple[Vector, NDArray[np.float64]]:
        """Solve for some right sides (r x size), improved where rounding shows.

        Returns:
            the solutions (r x size), and their products with the whole rows (r x width).

        Raises:
            NotCertified: rounding has made the matrix singular.
        """
        found = right @ self.inverse
        product = found @ self.rows
        for _ in range(2):
            short = right - product[:, self.members]
            worst = np.abs(short).max(initial=0.0) / (1 + np.abs(right).max(initial=0.0))
            if worst <= EXACT:
                break
            if worst > WORN:
                self._invert()
            more = short @ self.inverse
            found, product = found + more, product + more @ self.rows
        return found, product
