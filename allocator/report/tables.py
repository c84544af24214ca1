"""A record as tables of text, in the order in which a reader wants them."""

from __future__ import annotations

from typing import Any

from allocator.aims.held import PREFIX as HELD
from allocator.report import mix, owners
from allocator.report.binding import binding_rules, how, terms
from allocator.report.mix import SMALL
from allocator.report.table import Table
from allocator.report.words import (
    closest,
    dollars,
    form,
    gap_in_words,
    limit,
    millions,
    named,
    of_aim,
    penalised,
    percent,
    quantity,
    reached,
    slack,
    value,
)
from allocator.solution import Record

IDLE = (
    "Nothing is deployed, and shares of nothing keep every rule. If that is not meant, ask for some capital, by a rule "
    "of 'kind: amount' with 'measure: deployed' and an 'at-least'; allocator why then tells what stands against it."
)
"Said where the best is to leave the money idle, which is more often a conflict of shares than a wish."


def title(record: Record) -> str:
    """Of what, by what rules, on which date."""
    policy = record["policy"]
    by = f"by policy {policy['id']} ({policy['status']}) as in force on" if policy else "without a policy, as of"
    return f"{record['case']['title']}, {by} {record['as-of']}"


def notes(record: Record) -> list[str]:
    """What else a reader must know: numbers tried, repairs; and solvers that failed, where all did."""
    found = [f"tried: {each}" for each in tried(record)]
    found += record["notes"]
    found += idle(record.get("outcome", record))
    tries = record.get("attempts", [])
    failed = [f"{each['solver']}: {each['result']}" for each in tries if each["solver"] != tries[-1]["solver"]]
    return found + (failed if record["status"] == "not-certified" else [])


def idle(record: Record) -> list[str]:
    """What to do where nothing is deployed; nothing to say elsewhere."""
    return [IDLE] if "totals" in record and record["totals"]["deployed"] == 0 else []


def tried(record: Record) -> list[str]:
    """The numbers that no file has, and with which it was solved all the same."""
    changes = record["set"]["case"] | record["set"]["rules"]
    return [f"{name} = {written(value)}" for name, value in changes.items()]


def written(value: Any) -> str:
    """A value as a file would have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return "nothing" if value is None else str(value)


def summary(record: Record) -> list[tuple[str, str]]:
    """The few numbers that say what the allocation is."""
    t = record["totals"]
    objective = record["objective"]
    borrowed = f" and {dollars(t['debt'])} debt" if t["tranches"] else ""
    found = [("Objective", f"{objective['name']}: {objective_value(record)}"), *_held(record)]
    if not mix.of_weights(record):
        told = f"{dollars(t['deployed'])} of {dollars(t['equity'])} equity{borrowed}; reserve {dollars(t['reserve'])}"
        found.append(("Deployed", told))
    if t["tranches"]:
        found.append(("Leverage", f"{t['debt-to-equity']:.2f}x debt to equity"))
    if "dividend-yield" in t:
        income = dollars(t["distributable-income"])
        told = f"{percent(t['dividend-yield'], 2)} of equity, {income} a year after interest and fee"
        found.append(("Dividend yield", told + (", before repayment of debt" if t["tranches"] else "")))
    if t.get("penalties", 0.0) > SMALL * t["equity"]:
        cost = dollars(t["penalties"])
        after = "; what is maximised is after them, all else is told before" if objective["income"] > 0 else ""
        found.append(("Penalties", f"{cost} a year for soft rules not met{after}"))
    if t.get("debt-service-cover"):
        service = f"debt service of {dollars(t['debt-service'])} a year, repayment included"
        found.append(("Cover", f"{t['debt-service-cover']:.2f}x {service}, before any haircut"))
    if "strategic-weight" in t:
        each = t["strategic-weight"] * t["equity"] / t["deployed"] if t["deployed"] else 0.0
        found.append(
            ("Strategic weight", f"{t['strategic-weight']:.3f} per dollar of equity, {each:.3f} per dollar deployed")
        )
    found += _moments(record)
    rates = exchange(record)
    if rates:
        found.append(("Trade-off", rates))
    return found


def _moments(record: Record) -> list[tuple[str, str]]:
    """Expected return and volatility; of weights as they are, else of what they are parts."""
    t, found = record["totals"], []
    weights = mix.of_weights(record)
    if "expected-return" in t:
        of = "" if weights else " of equity, after interest and fee"
        found.append(("Expected return", f"{percent(t['expected-return'], 2)}{of}"))
    if "volatility" in t:
        over = t["volatility"] * t["equity"] / t["deployed"] if t["deployed"] else 0.0
        told = f"{percent(t['volatility'], 1)} of equity, {percent(over, 1)} of the capital deployed"
        found.append(("Volatility", percent(t["volatility"], 2) if weights else told))
    return found


def objective_value(record: Record) -> str:
    """What was reached of what was maximised."""
    objective = record["objective"]
    if form(objective) == "single":
        (part,) = objective["parts"]
        if part["name"] == "owner-gain":
            told, net = (millions(part[key] * record["case"]["equity"]) for key in ("value", "net"))
            paid = f"{told} ({net} after penalties)" if penalised(part) else told
            return f"{value(part)} of the fund's equity, {paid} a year"
        return value(part, 6)
    told = reached(objective)
    if form(objective) == "maximin" and all(part["weight"] == 1 for part in objective["parts"]):
        told += f"; each at least {percent(objective['value'], 0)} of the way from its worst to its best"
    return told


def _held(record: Record) -> list[tuple[str, str]]:
    """The objectives that had to reach a level: given, or what the earlier ones of an order keep."""
    objective = record["objective"]
    kept = "Held" if objective["form"] == "epsilon" else "Kept"
    parts = {f"{HELD}{named(part)}": part for part in (*objective["parts"], *objective.get("held", ()))}
    return [
        (kept, f"{named(part)} {quantity(each['value'], each['unit'])}, {limit(each)}"
               + (", before penalties" if penalised(part) else ""))
        for each in record["rules"]
        if each["number"] == "level" and (part := parts.get(each["rule"])) is not None
    ]  # fmt: skip


def exchange(record: Record) -> str:
    """What a blend implied: one point of each other objective in basis points of the first."""
    objective = record["objective"]
    if form(objective) != "blend":
        return ""
    first, *others = objective["parts"]
    told = []
    for other in others:
        rate = other["counts"] / first["counts"] / 100 if first["counts"] else 0.0
        worth = f"{rate * 1e4:.3g} bp" if first["unit"] == "share" else f"{rate:.3g}"
        told.append(f"1 point (0.01) of {named(other)} was worth {worth} of {named(first)}")
    return "; ".join(told)


def sectors(record: Record) -> Table | None:
    """Capital by sector with a bar; None where the lines have no sectors."""
    parts = mix.sectors(record)
    rows = [(part.title, dollars(part.capital), percent(part.share), bar(part.share)) for part in parts]
    return Table("Sectors", ("Sector", "Capital>", "Share>", ""), rows) if parts else None


def bar(share: float, width: int = 40) -> str:
    """A bar of a share."""
    return "█" * round(share * width)


def lines(record: Record) -> Table:
    """Capital by line with its debt, largest first; lines without capital are counted under it."""
    parts = mix.lines(record)
    used = mix.used(record)
    levered, grouped = bool(record["totals"]["tranches"]), bool(mix.sectors(record))
    weights = mix.of_weights(record)
    header = ["Line", *(["Sector"] if grouped else []), *([] if weights else ["Capital>"]), "Share>"]
    header += ["Debt>", "Of capital>"] if levered else []
    header += [] if grouped else [""]
    rows = []
    for part in used:
        row = [part.name, *([part.sector] if grouped else []), *([] if weights else [dollars(part.capital)])]
        row.append(percent(part.share))
        row += [dollars(part.debt), percent(part.borrowed, 0)] if levered else []
        rows.append(row + ([] if grouped else [bar(part.share)]))
    return Table("Lines", header, rows, unused(len(parts) - len(used)))


def unused(count: int) -> str:
    """How many lines get nothing."""
    return f"{count} other lines get nothing." if count > 1 else "One other line gets nothing." if count else ""


def tranches(record: Record) -> Table | None:
    """Debt by tranche."""
    found = record["totals"]["tranches"]
    if not found:
        return None
    rows = []
    for name, each in found.items():
        used = each["amount"] / each["capacity"] if each["capacity"] else None
        rows.append(
            (name, dollars(each["amount"]), dollars(each["capacity"]), percent(used, 0), percent(each["cost"], 3))
        )
    return Table("Financing", ("Tranche", "Debt>", "Capacity>", "Used>", "Cost>"), rows)


def who_gets_what(record: Record) -> list[Table]:
    """What each holder is paid, and what each principal gains; none where there is nothing to divide."""
    return [Table(*each) for each in owners.tables(record)]


def stresses(record: Record) -> Table | None:
    """What each stress of the case would cost; None where it has none."""
    equity = record["totals"]["equity"]
    rows = [
        (each["titles"]["en"], dollars(each["loss"]), percent(each["loss"] / equity), each["stories"]["en"])
        for each in record["stresses"]
    ]
    note = "Losses of value on the capital deployed, in one year; debt is owed all the same."
    return Table("What a bad year would cost", ("Stress", "Loss>", "Of equity>", "Story"), rows, note) if rows else None


def slack_rules(record: Record) -> Table | None:
    """The rules that leave room."""
    rows = [
        (
            closest(each) + how(each),
            quantity(each["value"], each["unit"]),
            limit(each),
        )
        for each in record["rules"]
        if not each["binding"]
    ]
    return Table("Rules with room", ("Rule (closest member)", "Value>", "Limit>"), rows) if rows else None


def inherited(record: Record) -> Table | None:
    """The limits that are others than the rules', since the holdings are beyond those."""
    rows = [(closest(each), limit(each), each["inherited"]) for each in record["rules"] if each["inherited"]]
    return Table("Limits inherited with the holdings", ("Rule", "Limit>", "Why"), rows) if rows else None


def shortfalls(record: Record) -> Table | None:
    """The soft rules that are not met."""
    rows = [
        (
            each["rule"],
            quantity(each["value"], each["unit"]),
            quantity(each["limit"], each["unit"]),
            dollars(each["shortfall"]),
        )
        for each in record["rules"]
        if each["shortfall"] > SMALL * record["case"]["equity"]
    ]
    return Table("Soft rules not met", ("Rule", "Value>", "Limit>", "Short by>"), rows) if rows else None


def violations(record: Record) -> Table:
    """Where nothing fits: the rules that are broken least, in their own units."""
    rows = [
        (
            closest(each),
            quantity(each["value"], each["unit"]),
            f"{each['side'].replace('-', ' ')} {quantity(each['limit'], each['unit'])}",
            slack(each),
        )
        for each in record.get("violations", [])
    ]
    title = "No allocation satisfies the rules. Broken least:"
    note = "Found by the least sum of violations, each relative to its limit; limits in dollars give way last."
    if record.get("terms-too"):
        note += " The case's own terms leave nothing, so they are broken too."
    broken = record.get("violations", [])
    if broken and all(of_aim(each["rule"]) for each in broken):
        most = " and ".join(
            f"{each['rule'].removeprefix(HELD)} at {quantity(each['value'], each['unit'])}" for each in broken
        )
        title = "No allocation reaches what is held. Out of reach:"
        note = f"Soft rules left aside, the rules and the terms leave room for {most}."
    else:
        note += " `allocator why` tells which rules conflict, and what would let something fit."
    return Table(title, ("Rule", "Value>", "Limit>", "Short by>"), rows, note)


def tables(record: Record) -> list[Table]:
    """All tables of an allocation."""
    found = [
        sectors(record),
        lines(record),
        tranches(record),
        *who_gets_what(record),
        stresses(record),
        shortfalls(record),
        binding_rules(record),
        inherited(record),
        terms(record),
        slack_rules(record),
    ]
    return [table for table in found if table is not None]


def proof(record: Record) -> str:
    """The certificate in one line, with the solver."""
    return f"{gap_in_words(record)} ({record['attempts'][-1]['solver']})"
