"""What a program's numbers are affine in: inputs less what they are, polynomials of some, and products of both."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from allocator.sparse import Indices, Vector

FAR = 4.0
"Polynomials hold for inputs of between a part of what they are and so many times that."
DEGREE = 24
"Annuities are analytic as far as 0.35 of a rate beside the real line, which leaves some 1e-10 of them at this degree."
AT_BASE = np.cos(np.arange(1, DEGREE + 1) * np.pi / 2)
SLOPES = np.array([np.pad(np.polynomial.chebyshev.chebder(row), (0, 1)) for row in np.eye(DEGREE + 1)[1:]])


def nodes() -> Vector:
    """The Chebyshev nodes, in the logarithm of an input over that of `FAR`."""
    return np.asarray(np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1)))


def coefficients(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of Chebyshev polynomials 1 to `DEGREE`, those that go through values at the nodes (nodes x numbers)."""
    angles = np.arccos(nodes())
    return np.asarray(2 / (DEGREE + 1) * np.cos(np.outer(np.arange(1, DEGREE + 1), angles)) @ values)


class Features:
    """Features of inputs; all are zero where the inputs are what they are.

    The first ones are the inputs' moves. Behind them stand, for each curved input, Chebyshev polynomials of the
    logarithm of how many times itself it is, and for each pair these polynomials times the move of another input.

    Args:
        base: the inputs as they are.
        curved: of which inputs there are polynomials.
        pairs: an input, and the place among `curved` of the one by whose polynomials its move is multiplied.
    """

    def __init__(self, base: Vector, curved: Indices, pairs: NDArray[np.int64]) -> None:
        self.base, self.curved, self._mover, self._by = base, curved, pairs[:, 0], pairs[:, 1]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return len(self.base) + DEGREE * (len(self.curved) + len(self._mover))

    def of_curve(self, place: int) -> Indices:
        """Where the polynomials of a curved input stand."""
        return len(self.base) + DEGREE * place + np.arange(DEGREE)

    def of_pair(self, place: int) -> Indices:
        """Where the polynomials of a pair stand."""
        return self.of_curve(len(self.curved) + place)

    def at(self, inputs: Vector) -> Vector:
        """The features of inputs; of many at once, where these are rows."""
        moved = inputs - self.base
        if not len(self.curved):
            return moved
        curves = self._polynomials(inputs)[..., 1:] - AT_BASE
        products = moved[..., self._mover, None] * curves[..., self._by, :]
        flat = (*moved.shape[:-1], -1)
        return np.concatenate([moved, curves.reshape(flat), products.reshape(flat)], -1)

    def _polynomials(self, inputs: Vector) -> NDArray[np.float64]:
        times = np.log(inputs[..., self.curved] / self.base[self.curved]) / np.log(FAR)
        angles = np.arccos(np.clip(times, -1, 1))
        return np.asarray(np.cos(angles[..., None] * np.arange(DEGREE + 1)))

    def prices(self, inputs: Vector, worth: Vector) -> Vector:
        """What a unit of each input is worth, from what one of each feature is."""
        n = len(self.base)
        out = worth[:n].copy()
        if not len(self.curved):
            return out
        polynomials = self._polynomials(inputs)
        slopes = polynomials @ SLOPES.T / (inputs[self.curved, None] * np.log(FAR))
        curves = polynomials[:, 1:] - AT_BASE
        moved = inputs - self.base
        of_curves, of_pairs = np.split(worth[n:].reshape(-1, DEGREE), [len(self.curved)])
        np.add.at(out, self.curved, (of_curves * slopes).sum(1))
        np.add.at(out, self._mover, (of_pairs * curves[self._by]).sum(1))
        np.add.at(out, self.curved[self._by], moved[self._mover] * (of_pairs * slopes[self._by]).sum(1))
        return out
