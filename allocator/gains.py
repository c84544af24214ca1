"""What each principal gains by an allocation, as a concave score that can be maximised, held or bargained about."""

from __future__ import annotations

import numpy as np

from allocator.case import Case
from allocator.objectives import linear, net_of_costs
from allocator.principals import Principal
from allocator.scores import Score


def gain(case: Case, principal: Principal) -> Score:
    """A principal's gain a year over the fund's equity; times that equity it is $ bn a year.

    Its treasury's part of distributable income by equity held, less what that equity costs it, plus what its own score
    of the capital deployed is worth to it. A waterfall does not enter, as with it a gain may be convex.

    Raises:
        InputError: the case lacks a column, or a reference rate.
    """
    who = f"the gain of '{principal.id}'"
    part = principal.equity(case.fund) / case.equity
    income = Score(net_of_costs(case, case.universe.number("cash-yield", who)), income=1.0, give=Score.GIVE)
    own = np.zeros(case.decision.size)
    if principal.strategic is not None:
        scores = case.universe.number(principal.strategic.column, who)
        own[: case.decision.n] = float(principal.strategic.worth) * scores
    funding = principal.funding.yearly(case.references, principal.place("funding"))
    return income * part + Score((linear(own, -funding * part),))
