"""Sparse matrices in plain numpy, so that a certificate can be checked without scipy or a solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sparse:
    """A matrix as triplets; entries at the same spot add up.

    Attributes:
        shape: rows and columns.
        row, column, value: three arrays of the same length.
    """

    shape: tuple[int, int]
    row: Indices
    column: Indices
    value: Vector

    @classmethod
    def of(cls, shape: tuple[int, int], row: object, column: object, value: object) -> Sparse:
        """Build from triplets; scalars are broadcast, zeros are left out."""
        rows, columns, values = np.broadcast_arrays(row, column, np.asarray(value, float))  # type: ignore[arg-type]
        kept = values != 0
        return cls(shape, rows[kept].astype(np.int64), columns[kept].astype(np.int64), values[kept])

    @classmethod
    def zeros(cls, rows: int, columns: int) -> Sparse:
        """A matrix without entries."""
        return cls.of((rows, columns), np.zeros(0, int), np.zeros(0, int), np.zeros(0))

    @classmethod
    def dense(cls, array: Vector) -> Sparse:
        """The entries of a dense array that are not zero."""
        row, column = np.nonzero(array)
        return cls((array.shape[0], array.shape[1]), row, column, array[row, column])

    @classmethod
    def picking(cls, columns: Indices, count: int, value: Vector | float = 1.0) -> Sparse:
        """A row for each of some of `count` columns, with one entry there."""
        return cls.of((len(columns), count), np.arange(len(columns)), columns, value)

    @classmethod
    def stack(cls, parts: Sequence[Sparse]) -> Sparse:
        """One above the other."""
        tops = np.cumsum([0, *(part.shape[0] for part in parts)])
        return cls(
            (int(tops[-1]), parts[0].shape[1]),
            np.concatenate([part.row + top for part, top in zip(parts, tops, strict=False)]),
            np.concatenate([part.column for part in parts]),
            np.concatenate([part.value for part in parts]),
        )

    def __matmul__(self, v: Vector) -> Vector:
        return np.asarray(np.bincount(self.row, self.value * v[self.column], self.shape[0]), float)

    def __rmatmul__(self, w: Vector) -> Vector:
        return np.asarray(np.bincount(self.column, self.value * w[self.row], self.shape[1]), float)

    def __add__(self, other: Sparse) -> Sparse:
        return Sparse(
            self.shape,
            np.concatenate([self.row, other.row]),
            np.concatenate([self.column, other.column]),
            np.concatenate([self.value, other.value]),
        )

    def __mul__(self, factor: float) -> Sparse:
        return Sparse.of(self.shape, self.row, self.column, self.value * factor)

    def scaled(self, factor: Vector) -> Sparse:
        """Each row times its factor."""
        return Sparse(self.shape, self.row, self.column, self.value * factor[self.row])

    @property
    def largest(self) -> float:
        """The largest entry, by size."""
        return float(np.abs(self.value).max(initial=0.0))

    __array_ufunc__ = None  # so that `w @ sparse` comes here and not to numpy

    def rows(self, chosen: Indices) -> Sparse:
        """Some of the rows, in the order given; each once."""
        place = np.full(self.shape[0], -1)
        place[chosen] = np.arange(len(chosen))
        kept = place[self.row] >= 0
        return Sparse((len(chosen), self.shape[1]), place[self.row[kept]], self.column[kept], self.value[kept])

    def placed(self, columns: Indices) -> Sparse:
        """The matrix over other columns: for each of its own the place there, -1 where it is left out."""
        place = columns[self.column]
        kept = place >= 0
        return Sparse((self.shape[0], int(columns.max(initial=-1)) + 1), self.row[kept], place[kept], self.value[kept])

    def array(self) -> Vector:
        """All entries, those that are zero too."""
        out = np.zeros(self.shape)
        np.add.at(out, (self.row, self.column), self.value)
        return out

    def wide(self, columns: int) -> Sparse:
        """The same with so many columns in all; the further ones are zero."""
        return Sparse((self.shape[0], columns), self.row, self.column, self.value)

    def column_squares(self) -> Vector:
        """The squared length of each column (entries at one spot count apart)."""
        return np.asarray(np.bincount(self.column, self.value**2, self.shape[1]), float)

    def rows_touching(self, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows have an entry in one of the columns; a mask, one for each row."""
        touched = np.zeros(self.shape[0], bool)
        touched[self.row[columns[self.column] & (self.value != 0)]] = True
        return touched


class Dense(Sparse):
    """A matrix whose first columns are full and whose others are zero, such as losses in very many scenarios.

    It is an array times a number, with the triplets made where somebody asks for them: they take three times the room.

    Args:
        array: the full columns.
        columns: how many there are in all; those of the array by default.
        times: what the array is multiplied by.
    """

    _array: Vector
    _times: float

    def __init__(self, array: Vector, columns: int | None = None, times: float = 1.0) -> None:
        shape = (array.shape[0], array.shape[1] if columns is None else columns)
        for name, value in {"shape": shape, "_array": array, "_times": times}.items():
            object.__setattr__(self, name, value)

    @property
    def row(self) -> Indices:
        """The rows of all entries, as triplets."""
        return np.repeat(np.arange(self._array.shape[0]), self._array.shape[1])

    @property
    def column(self) -> Indices:
        """Their columns."""
        return np.tile(np.arange(self._array.shape[1]), self._array.shape[0])

    @property
    def value(self) -> Vector:
        """Their values."""
        return np.asarray(self._array.ravel() * self._times)

    @property
    def largest(self) -> float:
        """The largest entry, by size."""
        return abs(self._times) * float(max(self._array.max(initial=0.0), -self._array.min(initial=0.0)))

    def __matmul__(self, v: Vector) -> Vector:
        return np.asarray(self._array @ v[: self._array.shape[1]] * self._times)

    def __rmatmul__(self, w: Vector) -> Vector:
        out = np.zeros(self.shape[1])
        out[: self._array.shape[1]] = w @ self._array * self._times
        return out

    def __mul__(self, factor: float) -> Dense:
        return Dense(self._array, self.shape[1], self._times * factor)

    def rows(self, chosen: Indices) -> Sparse:
        """Some of the rows, as triplets, in the order given."""
        return Sparse.dense(self._array[chosen] * self._times).wide(self.shape[1])

    def array(self) -> Vector:
        """All entries, those that are zero too."""
        return np.pad(self._array * self._times, ((0, 0), (0, self.shape[1] - self._array.shape[1])))

    def column_squares(self) -> Vector:
        """The squared length of each column."""
        out = np.zeros(self.shape[1])
        out[: self._array.shape[1]] = np.einsum("ij,ij->j", self._array, self._array) * self._times**2
        return out

    def wide(self, columns: int) -> Dense:
        """The same with so many columns in all."""
        return Dense(self._array, columns, self._times)

    def rows_touching(self, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows have an entry in one of the columns."""
        return np.asarray((self._array[:, columns[: self._array.shape[1]]] != 0).any(axis=1))
