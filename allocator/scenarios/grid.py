"""Every combination of some levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from allocator.errors import InputError
from allocator.scenarios import Numbers, check_count
from allocator.sparse import Vector


class Grid:
    """Every combination of the inputs' levels; the last input moves first.

    Args:
        levels: inputs by name, each with what it is in turn, in base units (parts, $ bn, years).
        title: what it is called in results.

    Raises:
        InputError: no input, one without levels or with one that is not finite, or too many combinations.
    """

    def __init__(self, levels: Mapping[str, Sequence[float]], title: str = "") -> None:
        self.title = title
        self._levels = {name: np.array(own, float) for name, own in levels.items()}
        for name, own in self._levels.items():
            if own.ndim != 1 or not len(own) or not np.isfinite(own).all():
                raise InputError.of(f"the levels of '{name}' are not finite numbers", "give one or more")
        if not self._levels:
            raise InputError.of("a grid of no inputs", "give the levels of one or more")
        self.names = tuple(self._levels)
        self.count = math.prod(len(own) for own in self._levels.values())
        check_count(self.count)

    def values(self, start: int, stop: int) -> Numbers:
        """The inputs of scenarios from `start` to before `stop`."""
        places = np.unravel_index(np.arange(start, stop), [len(own) for own in self._levels.values()])
        return np.column_stack([own[place] for own, place in zip(self._levels.values(), places, strict=True)])

    def drivers(self, start: int, stop: int) -> dict[str, Vector]:
        """The inputs themselves."""
        return dict(zip(self.names, self.values(start, stop).T, strict=True))

    def ends(self) -> tuple[Vector, Vector]:
        """The least and the most level of each input."""
        levels = self._levels.values()
        return np.array([own.min() for own in levels]), np.array([own.max() for own in levels])

    def said(self) -> dict[str, Any]:
        """The levels."""
        return {
            "form": "grid",
            "title": self.title,
            "levels": {name: own.tolist() for name, own in self._levels.items()},
        }
