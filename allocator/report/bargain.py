"""A bargain in words and tables: what each owner gets, gives up, and would have otherwise."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from allocator.report import tables as made
from allocator.report.mix import SMALL
from allocator.report.table import Table
from allocator.report.words import at_most, millions
from allocator.solution import Record


def sentences(record: Record) -> list[str]:
    """What was agreed by what rule, then a paragraph an owner, the prices between them, and the waterfall."""
    return [_rule(record), *(_owner(each, record) for each in record["owners"]), *_prices(record), *_waterfall(record)]


def _rule(record: Record) -> str:
    weights = [part["weight"] for part in record["outcome"]["objective"]["parts"]]
    each = "what each gains over walking away"
    if max(weights) > min(weights):
        pairs = zip(record["owners"], weights, strict=True)
        told = ", ".join(f"{one['title']} {weight / min(weights):.3g}" for one, weight in pairs)
        each += f", to the power of its weight ({told})"
    return (
        "This is what the owners would agree on by the rule of Nash (1950): of all that the rules and terms allow, the "
        f"allocation with the greatest product of {each}."
    )


def _owner(each: Record, record: Record) -> str:
    """An owner's gain, what it is made of, what it gives up, and what it would have walking away."""
    own = f", plus {millions(each['strategic'])} that its own score of the capital is worth to it"
    missed = f", less {millions(each['penalties'])}, its part of what the soft rules not met cost"
    parts = [
        f"{each['title']} gains {millions(each['gain'])} a year: {millions(each['income'])} of the income, less "
        f"{millions(each['funding'])} that its equity costs it",
        own if each["strategic"] else "",
        missed if each["penalties"] > SMALL else "",
    ]
    others = [one["title"] for one in record["owners"] if one is not each]
    decides = f"{others[0]} alone decided" if len(others) == 1 else "another alone decided"
    return (
        f"{''.join(parts)}. Walking away it would have {millions(each['walk-away'])}, so that the agreement is worth "
        f"{millions(each['surplus'])} a year to it. It gives up {millions(_given(each))} a year against its own best, "
        f"{millions(each['best'])}; if {decides}, it would have {millions(each['other-decides'])}."
    )


def _given(each: Record) -> float:
    """What an owner gives up against its own best, as read off the two."""
    return max(0.0, round(float(each["best"]), 3) - round(float(each["gain"]), 3))


def _prices(record: Record) -> list[str]:
    """What a dollar more for one costs the other, there and back, for each pair."""
    titles = {each["owner"]: each["title"] for each in record["owners"]}
    costs = {each["of"]: each["costs"] for each in record["prices"]}
    most = {each["owner"]: not _given(each) for each in record["owners"]}
    return [
        f"Neither {titles[one]} nor {titles[other]} can have more: each has its own best."
        if most[one] and most[other]
        else f"At the margin, a dollar more for {titles[one]} costs {titles[other]} ${costs[one][other]:.2f}, and a "
        f"dollar more for {titles[other]} costs {titles[one]} ${costs[other][one]:.2f}."
        for one, other in combinations(titles, 2)
    ]


def _waterfall(record: Record) -> list[str]:
    """That the waterfall would divide the same income otherwise."""
    if record["outcome"]["distributions"]["waterfall"] is None:
        return []
    told = []
    for each in record["owners"]:
        less = ", less than walking away," if each["gain-by-waterfall"] < each["walk-away"] else ""
        told.append(f"{each['title']}{less} {millions(each['gain-by-waterfall'])}")
    return [
        "The agreement divides income by equity held. By the waterfall, the same income would leave "
        f"{', '.join(told[:-1])} and {told[-1]} a year. The waterfall is worked out on the agreement only: nothing is "
        "optimised by it, and nobody bargains over it."
    ]


def owners(record: Record) -> Table:
    """Each owner's gain with its parts, and what it would have otherwise; a column an owner."""
    divided = record["outcome"]["distributions"]["waterfall"] is not None
    rows: list[tuple[str, Any]] = [
        ("Its treasury's part of the income", lambda each: each["income"]),
        ("less what its equity costs it", lambda each: -each["funding"]),
        ("plus what its own score is worth to it", lambda each: each["strategic"]),
        ("less its part of soft rules not met", lambda each: -each["penalties"]),
        ("Gain by the agreement", lambda each: each["gain"]),
        ("Walking away", lambda each: each["walk-away"]),
        ("Gain over walking away", lambda each: each["surplus"]),
        ("Its best, were it alone to decide", lambda each: each["best"]),
        ("Given up against its best", _given),
        ("Were another to decide", lambda each: each["other-decides"]),
    ]
    if divided:
        rows.append(("Gain if the waterfall divided the income", lambda each: each["gain-by-waterfall"]))
    header = ["$ bn a year", *(f"{each['title']}>" for each in record["owners"])]
    told = [[name, *(f"{value(each) + 0.0:,.3f}" for each in record["owners"])] for name, value in rows]
    note = (
        "Were another to decide: the allocation that is best for another owner and, of those as good for it, best for "
        "this one. Partners beside a treasury are not counted."
    )
    return Table("What each owner gets, and would have otherwise", header, told, note)


def tables(record: Record) -> list[Table]:
    """All tables: the owners, the soft rules not met, the mix by sector, the financing, and what holders are paid."""
    agreed = record["outcome"]
    found = [owners(record), made.shortfalls(agreed), made.sectors(agreed) or made.lines(agreed), made.tranches(agreed)]
    return [*(table for table in found if table is not None), *made.who_gets_what(agreed)[:1]]


def proof(record: Record) -> str:
    """What is proved of the agreement, in one line."""
    agreed = record["outcome"]
    proved, solver = agreed["certificate"], agreed["attempts"][-1]["solver"]
    if not proved["passes"]:
        return made.proof(agreed)
    most = at_most(max(proved["gap"], 0.0) * agreed["case"]["equity"])
    return (
        f"certified: every rule and term holds, and no allocation adds more than {most} a year to the owners' gains, "
        f"weighed as the prices above have it ({solver})"
    )
