"""What one of the fund's principals gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from allocator.codes import Code
from allocator.errors import InputError, nearest
from allocator.objectives import Objective, linear, net_of_costs
from allocator.scores import Score
from allocator.units import Share

if TYPE_CHECKING:
    from allocator.case import Case
    from allocator.principals import Principal


class OwnerGain(Objective):
    """A principal's gain a year over the fund's equity; times that equity it is $ bn a year.

    Its treasury's part of distributable income by equity held, less what that equity costs it, plus what its own score
    of the capital deployed is worth to it. A waterfall does not enter, as with it a gain may be convex.

    Args:
        principal: its id in the case.
    """

    kind: ClassVar = "owner-gain"
    unit = Share

    def __init__(self, principal: str = "") -> None:
        self.principal = principal

    @property
    def name(self) -> str:  # type: ignore[override]
        """The kind's name, and whose gain it is."""
        return f"{self.kind} of {self.principal}" if self.principal else self.kind

    def whose(self, case: Case) -> Principal:
        """The principal.

        Raises:
            InputError: the case has none of that name.
        """
        for principal in case.principals:
            if principal.id == self.principal:
                return principal
        known = [principal.id for principal in case.principals]
        what = f"no principal '{self.principal}'"
        if not self.principal:
            what = "an owner's gain needs to know whose" + (f", as in {self.kind}:{known[0]}" if known else "")
        mend = nearest(self.principal, known) if known else "name them under 'principals' in fund.yaml"
        raise InputError.of(what, mend, code=Code.UNKNOWN_NAME)

    def value(self, case: Case) -> Score:
        """Income and strategic worth, less funding."""
        principal, who = self.whose(case), f"the gain of '{self.principal}'"
        part = principal.equity(case.fund) / case.equity
        income = Score(net_of_costs(case, case.universe.number("cash-yield", who)), income=1.0, give=Score.GIVE)
        own = np.zeros(case.decision.size)
        if principal.strategic is not None:
            scores = case.universe.number(principal.strategic.column, who)
            own[: case.decision.n] = float(principal.strategic.worth) * scores
        funding = principal.funding.yearly(case.references, principal.place("funding"))
        return income * part + Score((linear(own, -funding * part),))
