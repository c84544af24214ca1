"""What holds the objective back, dearest first: rules and terms that bind, with their prices."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.report.mix import SMALL
from allocator.report.table import Table
from allocator.report.words import (
    called,
    form,
    limit,
    named,
    own_unit,
    quantity,
    scored,
    size,
    worth,
)
from allocator.solution import Record


def binding_rules(record: Record) -> Table | None:
    """The rules that hold the objective back, dearest first."""
    if not record["prices"]:
        return _unpriced(record)
    prices = {(each["of"], each["number"]): each for each in record["prices"]}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for each in record["rules"]:
        price = prices.get((each["rule"], each["number"]))
        if not each["binding"] or price is None:
            continue
        looser = "step-down" if each["side"] == "at-least" else "step-up"
        tighter = "step-up" if each["side"] == "at-least" else "step-down"
        clear = "" if price["clear"] is not False else " unclear"
        rows.append(
            (
                -abs(price["worth"]),
                (
                    _bound(each),
                    quantity(each["value"], each["unit"]),
                    f"{each['side'].replace('-', ' ')} {quantity(each['limit'], each['unit'])}",
                    price["step"],
                    size(price) + clear,
                    worth(price, looser),
                    worth(price, tighter),
                ),
            )
        )
    if not rows:
        return None
    header = ("Rule", "Value>", "Limit>", "Step>", "Slope>", "Looser>", "Tighter>")
    return Table("Binding rules, dearest first", header, [row for _, row in sorted(rows)], _price_note(record))


def _unpriced(record: Record) -> Table | None:
    """The same where prices are withheld, in the order of the policy."""
    rows = [
        (_bound(each), quantity(each["value"], each["unit"]), limit(each))
        for each in record["rules"]
        if each["binding"]
    ]
    return Table("Binding rules", ("Rule", "Value>", "Limit>"), rows) if rows else None


def _bound(each: Record) -> str:
    """A rule that binds, with the members that do."""
    members = f" ({', '.join(each['binding'][:2])}{_more(each['binding'])})" if each["member"] else ""
    return f"{called(each['rule'])}{members}{how(each)}"


def how(each: Record) -> str:
    """What else there is to say of a rule: that it is soft, and why its limit is another, a waiver's or inherited."""
    waived = f" by waiver {each['waiver']}" if each["waiver"] else ""
    return waived + (" (inherited)" if each["inherited"] else "") + (" (soft)" if each["severity"] == "soft" else "")


def _more(members: Sequence[str]) -> str:
    return f" and {len(members) - 2} more" if len(members) > 2 else ""


def unit_of_prices(record: Record) -> str:
    """In what prices are told."""
    objective = record["objective"]
    if objective["dollars"] is None:
        return ("parts of " if form(objective) == "maximin" else "") + own_unit(objective)
    last = objective["parts"][-1]
    if last["name"] == "sharpe":
        return "dollars a year of return, less those that pay for the risk at this ratio"
    if scored(objective) and last["name"] == "owner-gain":
        return f"dollars a year of the {named(last)}"
    whole = {"sum": "blend", "blend": "blend", "bargain": "bargain"}.get(form(objective))
    return f"dollars a year of income{f', or of what the {whole} holds equal to it' if whole else ''}"


def _price_note(record: Record) -> str:
    note = (
        "Slope: what a step is worth at the margin; looser, tighter: what a whole step does, a plus for the better. "
        f"In {unit_of_prices(record)}. Unclear: the slopes on the two sides differ."
    )
    least_first = "least-shortfall" in record.get("certificate", ())
    if least_first and record["totals"]["penalties"] > SMALL * record["case"]["equity"]:
        note += " How little the soft rules can be missed moves with a limit, and comes first: so less room may help."
    return note


def terms(record: Record, most: int = 12) -> Table | None:
    """The terms of the case that hold the objective back, dearest first."""
    if not record["prices"]:
        return _unpriced_terms(record, most)
    found = [each for each in record["prices"] if each["member"] and each["of"].startswith("terms.")]
    if not found:
        return None
    rows = [
        (
            f"{each['of'].removeprefix('terms.')}: {each['member']}",
            quantity(each["value"], each["unit"]),
            each["step"],
            size(each) + (" unclear" if each["clear"] is False else ""),
        )
        for each in found[:most]
    ]
    header = ("Term", "Limit>", "Step>", "Slope>")
    return Table("Binding terms of the case, dearest first", header, rows, _left(len(found) - len(rows)))


def _unpriced_terms(record: Record, most: int) -> Table | None:
    """The same where prices are withheld."""
    found = record["terms"]
    rows = [(f"{each['term']}: {each['member']}", quantity(each["limit"], each["unit"])) for each in found[:most]]
    title = "Binding terms of the case"
    return Table(title, ("Term", "Limit>"), rows, _left(len(found) - len(rows))) if rows else None


def _left(count: int) -> str:
    return f"{count} more are in the JSON outcome." if count > 0 else ""
