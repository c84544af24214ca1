"""The dividend yield in the worst case over an ellipsoid of errors in the yields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from allocator.errors import InputError, Unparsable
from allocator.objectives import Objective, net_of_costs
from allocator.scores import Norm, Score
from allocator.sparse import Sparse
from allocator.units import Index, Share

if TYPE_CHECKING:
    from allocator.case import Case


class RobustYield(Objective):
    """The dividend yield that is kept though the cash yields are off by independent errors (Ben-Tal, Nemirovski 1999).

    The errors lie in an ellipsoid whose axes are the column `yield-error` times the radius, so that capital spread over
    many lines loses less to them.

    Args:
        radius: of the ellipsoid, in standard errors.

    Raises:
        InputError: a radius that is negative or not finite.
    """

    kind: ClassVar = "robust-yield"
    unit = Share

    def __init__(self, radius: float | str = 1.0) -> None:
        try:
            self.radius = float(Index.parse(radius)) if isinstance(radius, str) else float(radius)
        except (Unparsable, TypeError, ValueError):
            self.radius = math.nan
        if not math.isfinite(self.radius) or self.radius < 0:
            raise InputError.of(f"the radius {radius} is no number of zero or more", "write 1, say")

    @property
    def name(self) -> str:  # type: ignore[override]
        """With its radius."""
        return f"{self.kind} within {self.radius:g} standard error{'' if self.radius == 1 else 's'}"

    def value(self, case: Case) -> Score:
        """Income over equity, less the radius times the root of the summed squares of capital times error."""
        who, n = f"objective '{self.kind}'", case.decision.n
        gain, error = case.universe.number("cash-yield", who), case.universe.number("yield-error", who)
        rows = Sparse.of((n, case.decision.size), np.arange(n), np.arange(n), error)
        return Score((*net_of_costs(case, gain), (-self.radius, Norm(rows))), income=1.0, give=Score.GIVE)
