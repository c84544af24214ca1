"""Scenarios written out, a row each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from allocator.errors import InputError
from allocator.scenarios import Numbers, check_count
from allocator.sparse import Vector


class Table:
    """A row a scenario and a column an input.

    Args:
        names: the inputs.
        rows: their values in base units (scenarios x inputs).
        title: what it is called in results.

    Raises:
        InputError: the shape does not fit, a number is not finite, or there are no rows.
    """

    def __init__(self, names: Sequence[str], rows: ArrayLike, title: str = "") -> None:
        self.title, self.names, self._rows = title, tuple(names), np.array(rows, float)
        if self._rows.ndim != 2 or self._rows.shape[1] != len(self.names) or not self.names:
            shape = " by ".join(map(str, self._rows.shape))
            raise InputError.of(f"a table of {shape} numbers for {len(self.names)} inputs", "give a column for each")
        if not np.isfinite(self._rows).all():
            row, column = np.argwhere(~np.isfinite(self._rows))[0]
            what = f"'{self.names[column]}' is not finite in scenario {row}"
            raise InputError.of(what, "give a number")
        self.count = len(self._rows)
        check_count(self.count)

    def values(self, start: int, stop: int) -> Numbers:
        """The inputs of scenarios from `start` to before `stop`."""
        return self._rows[start:stop]

    def drivers(self, start: int, stop: int) -> dict[str, Vector]:
        """The inputs themselves."""
        return dict(zip(self.names, self.values(start, stop).T, strict=True))

    def ends(self) -> tuple[Vector, Vector]:
        """The least and the most of each column."""
        return self._rows.min(0), self._rows.max(0)

    def said(self) -> dict[str, Any]:
        """A digest of the numbers."""
        digest = hashlib.sha256(np.ascontiguousarray(self._rows).tobytes()).hexdigest()
        return {"form": "table", "title": self.title, "inputs": list(self.names), "rows": self.count, "sha256": digest}
