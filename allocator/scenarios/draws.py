"""Scenarios drawn from a joint distribution, seeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from allocator.errors import InputError, nearest
from allocator.scenarios import Numbers, check_count
from allocator.scenarios.laws import Law, said
from allocator.sparse import Vector

BLOCK = 1024
"Scenarios that are drawn together, whatever stretch is asked for."
DEFINITE = 1e-10


@dataclass(frozen=True)
class Move:
    """An input that follows a variable: it is `now * (variable / middle) ** elasticity`; several multiply.

    Attributes:
        input: its name.
        now: what it is where the variable is in the middle of its law, or where `middle` says.
        by: the variable.
        elasticity: by how many percent it moves with one percent of the variable.
        middle: where the variable leaves the input alone.
    """

    input: str
    now: float
    by: str
    elasticity: float
    middle: float


class Draws:
    """Scenarios drawn from laws joined by a Gaussian copula.

    Each thousand or so of scenarios is drawn from a stream of its own (Salmon et al. 2011, Philox), so that any stretch
    is the same whatever else is drawn. NumPy may change its streams between versions.

    Args:
        laws: of the variables, by name.
        count: how many scenarios.
        seed: where the streams begin.
        correlations: of the normal scores behind pairs of variables; zero where nothing is said.
        moves: inputs that follow variables. A variable that no move goes by is the input of its name; so is one that
            is among `inputs`.
        inputs: the variables that are inputs themselves.
        title: what it is called in results.

    Raises:
        InputError: a name is unknown, a correlation is out of range or all of them together are no correlations, or
            nothing moves.
    """

    def __init__(
        self,
        laws: Mapping[str, Law],
        count: int,
        seed: int = 0,
        correlations: Mapping[tuple[str, str], float] | None = None,
        moves: Sequence[Move] = (),
        inputs: Sequence[str] | None = None,
        title: str = "",
    ) -> None:
        check_count(count)
        self.title = title
        self.count, self._seed, self._laws, self._moves = count, int(seed), dict(laws), tuple(moves)
        if self._seed < 0:
            raise InputError.of(f"a seed of {seed}", "give zero or more")
        self._places = {name: k for k, name in enumerate(self._laws)}
        followed = {move.by for move in moves}
        self._own = [name for name in laws if name not in followed] if inputs is None else list(inputs)
        for name in (*followed, *self._own):
            self._known(name)
        for move in moves:
            if move.middle <= 0 or self._laws[move.by].ends[0] < 0:
                what = f"'{move.input}' follows '{move.by}', which may be below zero"
                raise InputError.of(what, "keep it above with at-least, or give it a lognormal law")
        self.names = tuple(dict.fromkeys([*self._own, *(move.input for move in moves)]))
        if not self.names:
            raise InputError.of("draws that move no input", "give an input a law")
        self._correlations = dict(correlations or {})
        self._factor = self._joined()

    def _known(self, name: str) -> int:
        if name not in self._places:
            raise InputError.of(f"no variable '{name}'", nearest(name, self._places))
        return self._places[name]

    def _joined(self) -> Numbers:
        """The lower triangle of which the correlation matrix is the square."""
        n = len(self._laws)
        matrix, factor = np.eye(n), np.zeros((n, n))
        for (one, two), number in self._correlations.items():
            i, j = self._known(one), self._known(two)
            if not -1 <= number <= 1 or i == j:
                raise InputError.of(f"a correlation of {number:g} between '{one}' and '{two}'", "give -1 to 1 for two")
            if (two, one) in self._correlations:
                raise InputError.of(f"'{one}' and '{two}' have two correlations", "keep one")
            matrix[i, j] = matrix[j, i] = number
        for k in range(n):
            left = matrix[k:, k] - factor[k:] @ factor[k]
            if left[0] > DEFINITE:
                factor[k:, k] = left / np.sqrt(left[0])
            elif left[0] < -DEFINITE or np.abs(left).max() > np.sqrt(DEFINITE):
                what = f"the correlations of '{list(self._laws)[k]}' contradict those before it"
                raise InputError.of(what, "bring them closer to zero")
        return factor

    def values(self, start: int, stop: int) -> Numbers:
        """The inputs of scenarios from `start` to before `stop`."""
        drawn = self.drivers(start, stop)
        out = {name: drawn[name] for name in self._own}
        with np.errstate(all="ignore"):
            for move in self._moves:
                out[move.input] = out.get(move.input, move.now) * (drawn[move.by] / move.middle) ** move.elasticity
        for name, own in out.items():
            if not np.isfinite(own).all():
                row = start + int(np.flatnonzero(~np.isfinite(own))[0])
                mend = "give what it follows an at-least and an at-most, or a smaller spread"
                raise InputError.of(f"'{name}' is beyond all numbers in scenario {row}", mend)
        return np.column_stack(list(out.values()))

    def drivers(self, start: int, stop: int) -> dict[str, Vector]:
        """The variables that are drawn."""
        blocks = range(start // BLOCK, -(-stop // BLOCK))
        scores = np.concatenate([self._scores(block) for block in blocks])[start - blocks.start * BLOCK :]
        return {name: law.values(scores[: stop - start, k]) for k, (name, law) in enumerate(self._laws.items())}

    def _scores(self, block: int) -> Numbers:
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence(self._seed, spawn_key=(block,))))
        # Added up in one order, whatever library multiplies matrices elsewhere.
        return np.asarray(np.einsum("ij,kj->ik", stream.standard_normal((BLOCK, len(self._laws))), self._factor))

    def ends(self) -> tuple[Vector, Vector]:
        """The least and the most that laws and moves allow."""
        out = {name: self._laws[name].ends for name in self._own}
        for move in self._moves:
            now = out.get(move.input, (move.now, move.now))
            with np.errstate(divide="ignore", invalid="ignore"):
                times = (np.array(self._laws[move.by].ends) / move.middle) ** move.elasticity
                products = np.outer(now, times)
            out[move.input] = float(np.nanmin(products)), float(np.nanmax(products))
        least, most = zip(*out.values(), strict=True)
        return np.array(least), np.array(most)

    def said(self) -> dict[str, Any]:
        """Laws, correlations and moves."""
        return {
            "form": "draws",
            "title": self.title,
            "count": self.count,
            "seed": self._seed,
            "variables": {name: said(law) for name, law in self._laws.items()},
            "inputs": self._own,
            "correlations": [[*pair, number] for pair, number in self._correlations.items()],
            "moves": [asdict(move) for move in self._moves],
        }
