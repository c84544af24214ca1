"""Who gets what of a year's distributable income, evaluated on an allocation."""

from __future__ import annotations

from allocator.case import Case
from allocator.principals import Principal, side
from allocator.solution import Record
from allocator.sparse import Vector


def distributions(case: Case, capital: Vector, income: float, penalties: float = 0.0) -> Record:
    """What each holder is paid and each principal gains, by equity held and by the waterfall, in $ bn a year.

    Within a side, and where there is no waterfall, income is divided by equity held. A negative one pays nobody, and
    is borne by equity held: so a principal's gain is the same by both rules there.

    Args:
        case: what is given.
        capital: of each line, in $ bn (n).
        income: distributable, in $ bn a year.
        penalties: what soft rules that are missed cost, in $ bn a year; nobody is paid it, but gains are less by it.
    """
    equity = [float(holder.amount) for holder in case.fund.equity]
    level = [income * each / case.equity for each in equity]
    parts = level if income <= 0 or case.waterfall is None else _divided(case, equity, income)
    paid = max(0.0, income)
    return {
        "paid": paid,
        "waterfall": _terms(case),
        "holders": [
            {
                "holder": holder.holder,
                "vehicle": holder.vehicle,
                "principal": side(holder, case.principals) or "",
                "equity": held,
                "by-equity": max(0.0, even),
                "amount": max(0.0, own),
                "yield": max(0.0, own) / held,
                "share": own / paid if paid > 0 else None,
            }
            for holder, held, even, own in zip(case.fund.equity, equity, level, parts, strict=True)
        ],
        "principals": [_gained(case, principal, capital, level, parts, penalties) for principal in case.principals],
    }


def _divided(case: Case, equity: list[float], income: float) -> list[float]:
    """What the waterfall pays each holder."""
    assert case.waterfall is not None
    sides = [side(holder, case.principals) or "" for holder in case.fund.equity]
    paid = case.waterfall.divided(income, case.references)
    whole = {name: sum(held for held, own in zip(equity, sides, strict=True) if own == name) for name in paid}
    return [paid[own] * held / whole[own] for held, own in zip(equity, sides, strict=True)]


def _terms(case: Case) -> Record | None:
    """The waterfall: the annuity up to which income is divided `before`, in $ bn a year, and the parts."""
    if case.waterfall is None:
        return None
    return {
        "deemed": case.waterfall.deemed.annuity(case.references),
        "before": {name: float(share) for name, share in case.waterfall.before.items()},
        "after": {name: float(share) for name, share in case.waterfall.after.items()},
    }


def _gained(
    case: Case, principal: Principal, capital: Vector, level: list[float], parts: list[float], penalties: float
) -> Record:
    """A principal's gain and what it is made of."""
    own = [holder.holder == principal.holder for holder in case.fund.equity]
    even, dividend = (sum(each for each, its in zip(paid, own, strict=True) if its) for paid in (level, parts))
    held = principal.equity(case.fund)
    funding = held * principal.funding.yearly(case.references, principal.place("funding"))
    missed = penalties * held / case.equity
    strategic = 0.0
    if principal.strategic is not None:
        scores = case.universe.number(principal.strategic.column, f"principal '{principal.id}'")
        strategic = float(principal.strategic.worth) * float(scores @ capital)
    return {
        "principal": principal.id,
        "title": principal.title,
        "holder": principal.holder,
        "equity": held,
        "income": even,
        "income-by-waterfall": dividend,
        "funding": funding,
        "strategic": strategic,
        "penalties": missed,
        "gain": even - funding + strategic - missed,
        "gain-by-waterfall": dividend - funding + strategic - missed,
        "walk-away": float(principal.walk_away),
    }
