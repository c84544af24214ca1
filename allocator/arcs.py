"""Where a frontier runs between two of its points: straight on, or in a parabola."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.solution import Record
from allocator.sparse import Vector


@dataclass(frozen=True, eq=False)
class Arcs:
    """The values of mixtures of two neighbours: of the part t of the second, `(1 - t) a + t b + t (1 - t) bend`.

    A place on the frontier is the number of points before it, counted from 0, and the part t.

    Attributes:
        values: of both objectives at the points (k x 2).
        bends: of both between them (k - 1 x 2).
    """

    values: Vector
    bends: Vector

    @classmethod
    def of(cls, record: Record) -> Arcs:
        """Of a frontier's record."""
        values = np.array([each["values"] for each in record["points"]])
        return cls(values, np.array(record["bends"] or np.zeros((len(values) - 1, 2))))

    def at(self, place: float) -> Vector:
        """Both values at a place (2)."""
        k = min(int(place), len(self.values) - 1)
        t = place - k
        if not t:
            return np.array(self.values[k])
        return np.asarray((1 - t) * self.values[k] + t * self.values[k + 1] + t * (1 - t) * self.bends[k])

    def place(self, axis: int, level: float) -> float:
        """Where one of the values has a level; one beyond the ends is at the end."""
        found = self.values[:, axis]
        if len(found) == 1:
            return 0.0
        sense = 1.0 if found[-1] >= found[0] else -1.0
        k = int(np.clip(np.searchsorted(sense * found, sense * level, "right") - 1, 0, len(found) - 2))
        bend = self.bends[k, axis]
        start, short = found[k + 1] - found[k] + bend, level - found[k]
        root = np.sqrt(max(start**2 - 4 * bend * short, 0.0))
        # At the least variance the curve is level, and the sign of its slope there is a matter of rounding.
        below = start + sense * root
        return k + (float(np.clip(2 * short / below, 0.0, 1.0)) if below else 0.0)
