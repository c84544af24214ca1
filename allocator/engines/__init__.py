"""Engines: what runs the chunks of a sweep, here or elsewhere; one file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from allocator.chunks import Columns
from allocator.scenarios import Numbers

Task = tuple[int, Numbers]
"The number of a chunk's first scenario, and the values of its inputs."
Done = tuple[int, Columns]
"The same number, and what was found."


class Engine(Protocol):
    """Runs tasks, several at once, and never asks for more of them than it soon needs."""

    def run(self, session: bytes, tasks: Iterable[Task]) -> Iterator[Done]:
        """What comes of tasks, in any order.

        Args:
            session: pickled, of which each thread makes its own: solvers are no friends of two at once.
            tasks: told one by one.
        """
        ...
