"""What each objective of an aim is worth at a decision, for inputs at other values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from allocator.canonical.scores import gram
from allocator.case import Case
from allocator.conic import Cones, Conic, Pattern
from allocator.measuring import index_map
from allocator.objectives import Objective
from allocator.scores import Linear, Quadratic, Score
from allocator.sensitivity import IndexMap
from allocator.sparse import Vector


class Parts:
    """The objectives of an aim, each in its own unit and as it reads (a variance is a positive number).

    Those that are linear or quadratic in the decision follow the inputs by an index map, as far as that holds; others
    are evaluated in the case for the inputs.

    Args:
        objectives: of the aim.
        moved: the case for inputs.
        base: the inputs as they are.
        signed: which of them may change their sign.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        moved: Callable[[Vector], Case],
        base: Vector,
        signed: NDArray[np.bool_],
    ) -> None:
        self.objectives, self._moved = tuple(objectives), moved
        self._maps = [self._map(each, base, signed) for each in self.objectives]

    def _map(self, objective: Objective, base: Vector, signed: NDArray[np.bool_]) -> IndexMap | None:
        def written(inputs: Vector) -> tuple[Conic, float]:
            case = self._moved(inputs)
            return _written(objective.value(case), case.decision.size)

        parts = objective.value(self._moved(base)).parts
        plain = all(isinstance(part, Linear | Quadratic) for _, part in parts)
        return index_map(written, base, signed) if plain else None

    def at(self, inputs: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each objective (columns) at many v, each for inputs of its own (rows)."""
        out = np.zeros((len(v), len(self.objectives)))
        for k, (objective, made) in enumerate(zip(self.objectives, self._maps, strict=True)):
            known = made.knows(inputs) if made else np.zeros(len(v), bool)
            if made and known.any():
                i, j = made.base.P.indices, made.base.P.columns
                squares = np.where(i == j, 1, 2) * v[known][:, i] * v[known][:, j]
                weights = np.concatenate([v[known], squares, np.ones((known.sum(), 1))], -1)
                out[known, k] = made.weighed(inputs[known], weights)
            for row in np.flatnonzero(~known):
                out[row, k] = objective.measured(self._moved(inputs[row]), v[row])
        return out


def _written(score: Score, size: int) -> tuple[Conic, float]:
    """A score of linear and quadratic parts as the numbers of a program without rows; of squares an upper triangle."""
    lines = [(weight, part) for weight, part in score.parts if isinstance(part, Linear)]
    squares = [(weight, gram(part.F)) for weight, part in score.parts if isinstance(part, Quadratic)]
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    pattern = Pattern.of(
        (size, size),
        np.concatenate([none, *(row for _, (row, _, _) in squares)]),
        np.concatenate([none, *(column for _, (_, column, _) in squares)]),
    )
    curve = pattern.data(np.concatenate([nothing, *(weight * value for weight, (_, _, value) in squares)]))
    gain = sum((weight * line.gain for weight, line in lines), np.zeros(size))
    rows = Pattern.of((0, size), none, none).matrix
    conic = Conic(pattern.matrix.holding(curve), gain, rows, nothing, np.zeros(size), Cones(0, 0))
    return conic, sum(weight * line.constant for weight, line in lines)
