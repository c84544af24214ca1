"""Scenarios: what some inputs are, many times over; one file a way to tell them."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from allocator.errors import InputError
from allocator.sparse import Vector

Numbers = NDArray[np.float64]
SCENARIO = "scenario"
"The column that numbers scenarios, where results are tables."
MOST = 1_000_000_000
"Scenarios of one sweep."


@runtime_checkable
class Scenarios(Protocol):
    """Scenarios in an order of their own, any stretch of which can be told without the others.

    Attributes:
        title: what they are called in results.
        names: the inputs that move.
        count: how many scenarios there are.
    """

    title: str

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that move."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def values(self, start: int, stop: int) -> Numbers:
        """The inputs of scenarios from the first to before the last, in base units (stop - start x inputs)."""
        ...

    def drivers(self, start: int, stop: int) -> dict[str, Vector]:
        """What moves by itself in these scenarios, and makes the inputs what they are."""
        ...

    def ends(self) -> tuple[Vector, Vector]:
        """The least and the most that each input can be; infinite where nothing bounds it."""
        ...

    def said(self) -> dict[str, Any]:
        """What they are, as plain data: the same data mean the same numbers."""
        ...


def check_count(count: int) -> None:
    """Refuse what no one means.

    Raises:
        InputError: there are no scenarios, or more than `MOST`.
    """
    if not 0 < count <= MOST:
        raise InputError.of(f"{count:,} scenarios", f"ask for 1 to {MOST:,}")
