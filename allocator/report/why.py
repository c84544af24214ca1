"""Why nothing fits, told: the conflict, what each change alone does, and the least change of several."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.report.binding import binding_rules, terms
from allocator.report.table import Table
from allocator.report.words import NOTHING, closest, dollars, limit, quantity
from allocator.rules import upper_first
from allocator.solution import Record

MOST = 8
"Lines of a family that are named."
ALONE = {
    "none": "no change of this rule alone helps",
    "never": "may not be relaxed",
    "remove": "leaving the rule out helps; no other number was found that does",
    "undecided": "could not be decided",
}
WORDS = {
    "capacity": "the lines' capacities",
    "tranche-capacity": "the lenders' capacities",
    "gearing": "the lines' gearing",
    "cover": "the lines' covers",
    "sub-limit": "the lenders' sub-limits",
    "loan-to-value": "the lenders' loan-to-value covenants",
    "content": "the lenders' content covenants",
    "single-obligor": "the lenders' single-obligor covenants",
    "fully-invested": "fully-invested",
}
"What a family of terms is called."


def headline(record: Record) -> str:
    """The first sentence."""
    status = record["status"]
    if status == "fits":
        return "Something fits: the rules and the terms of the case leave room."
    if status == "borderline" and record["broken"] <= record["case"]["equity"] * 1e-7:
        return "Something fits, with nothing to spare: some limits can only be met exactly."
    if status == "borderline":
        return "Borderline: the rules miss each other by less than a millionth of the equity, too little to tell."
    if status == "no-choice":
        names = listed(map(name, record["choices"]))
        return f"No allocation satisfies the rules. Without whole choices something would fit; to blame: {names}."
    if status == "undecided":
        return "Not decided: no solver could prove that something fits, nor that nothing does."
    members = record["conflict"]
    given = "Given what did not change, " if record.get("background") == "fits" else ""
    if len(members) == 1:
        told = f"{name(members[0])} {'' if given else 'by itself '}leaves none"
    else:
        told = f"{'these' if given else 'These'} {len(members)} together leave none: {listed(map(name, members))}"
    return f"No allocation satisfies the rules. {given}{told}."


def name(member: Record) -> str:
    """A rule by its id, a family of terms by its words."""
    return str(member["rule"]) if "rule" in member else WORDS[member["term"]]


def listed(names: Sequence[str] | map[str]) -> str:
    """`a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def notes(record: Record) -> list[str]:
    """What to know before the tables."""
    found = []
    if "changed" in record:
        told = listed(record["changed"]) if record["changed"] else "nothing"
        if record["background"] == "fits":
            found.append(f"Only what changed is blamed: {told}. All other rules, and the terms, are taken as given.")
        else:
            found.append(f"What did not change leaves nothing by itself, so all rules are blamed; changed: {told}.")
    if "left-out" in record:
        told = listed(record["left-out"])
        found.append(
            f"Without tickets and counts nothing fits either; they were left out ({told}), and changes tried so."
        )
    if record.get("unclear"):
        found.append(f"By less than a millionth of the equity, {listed(record['unclear'])} may not be needed for it.")
    return found


def sentences(record: Record) -> list[str]:
    """All that is said before the tables, the first sentence first."""
    return [each for each in (headline(record), *notes(record), value(record)) if each]


def conflict(record: Record) -> Table:
    """The members, with what they say and where they stand."""
    rows = [_row(member) for member in record["conflict"]]
    note = "Each is needed for this: leave one out, and the others can be met together."
    return Table("In conflict", ("What", "Says", "Where"), rows, note if len(rows) > 1 else "")


def choices(record: Record) -> Table:
    """The tickets and counts without which something fits, and what would do."""
    note = (
        "Each is needed for this: leave one out, and the others can be met. That nothing fits with all of them is the "
        "word of a solver; no bound proves it."
    )
    least = [f"{closest(each)} at {quantity(each['value'], each['unit'])}" for each in record["violations"]]
    if least:
        note += f" The least change that lets something fit: {listed(least)}."
    return Table("To blame", ("What", "Says", "Where"), [_row(member) for member in record["choices"]], note)


def _row(member: Record) -> tuple[str, str, str]:
    if "rule" in member:
        never = " It may not be relaxed." if member["relax"] == "never" else ""
        waived = "".join(map(_waiver, member["waivers"]))
        held = "".join(f" {_inherited(each)}." for each in member.get("inherited", ()))
        places = " ".join(filter(None, [member["place"], *(each["place"] for each in member["waivers"])]))
        return member["rule"], f"{member['title']}. {member['sentence']}{never}{waived}{held}", places
    inside = [f"{each['member']} {quantity(each['limit'], each['unit'])}" for each in member["members"]]
    more = [f"{len(inside) - MOST} more"] if len(inside) > MOST else []
    told = f" Here: {listed([*inside[:MOST], *more])}." if inside else ""
    return WORDS[member["term"]], f"{member['sentence']}{told} (A term of the case.)", " ".join(member["places"])


def _inherited(each: Record) -> str:
    return upper_first(f"for {each['member']} {each['why']}" if each["member"] else each["why"])


def _waiver(waiver: Record) -> str:
    whom = f"for {listed(waiver['members'])} " if waiver["members"] else ""
    return f" Waiver {waiver['id']} makes it {limit(waiver)} {whom}until {waiver['until']}."


def alone(record: Record) -> Table:
    """What the smallest change of each rule alone is, and how much more of a term would do."""
    rows: list[tuple[str, str, str, str]] = []
    for single in record["singles"]:
        if single["outcome"] != "change":
            rows.append((single["rule"], NOTHING, NOTHING, ALONE[single["outcome"]]))
        rows += [_change(change, repair) for repair in single["repairs"] for change in repair["changes"]]
    rows += [_change(change, repair) for repair in record["amounts"] for change in repair["changes"]]
    note = (
        "Each alone, all else equal; rounded to the looser side, put into the rules, and an allocation found that "
        "satisfies them all."
    )
    return Table("What would let something fit", ("Change", "From>", "To>", ""), rows, note)


def _change(change: Record, repair: Record | None = None) -> tuple[str, str, str, str]:
    told = "" if repair is None else "the smallest change" if repair["smallest"] else "enough; less may do"
    if repair is not None and len(repair["changes"]) > 1:
        told = f"{told}, together with {listed(_others(change, repair))}"
    if change["field"] == "allow":
        parts = listed([f"{amount} of {line}" for line, amount in change["parts"].items()])
        return f"{change['of']}", "nothing", change["now"], f"it would have to allow {parts}"
    if change["parts"]:
        parts = listed([f"{line} to {amount}" for line, amount in list(change["parts"].items())[:MOST]])
        return "the lines' capacities", change["was"], change["now"], f"{change['by']} more in all: {parts}"
    if change["field"] == "capacity":
        return f"{change['of']} capacity", change["was"], change["now"], f"{change['by']} more"
    what = f"{change['of']} {change['field']}"
    if change["waiver"]:
        what += f" by waiver {change['waiver']}"
    if change["since"]:
        what += f", the value from {change['since']}"
    if change["ends"]:
        what += f"; waiver {listed(change['ends'])} is then no looser and has to go"
    return what, change["was"], change["now"], told


def _others(change: Record, repair: Record) -> list[str]:
    return [each["waiver"] or each["field"] for each in repair["changes"] if each is not change]


def together(record: Record) -> Table | None:
    """The least change of several; None where there is none to tell."""
    joint = record["joint"]
    if joint["repair"] is None:
        return None
    rows = [_change(change)[:3] for change in joint["repair"]["changes"]]
    note = "The least sum of changes, each relative to its limit; rounded and checked as above."
    if joint["beyond"]:
        note += f" It reaches beyond the conflict, to {listed(joint['beyond'])}, since there are other conflicts."
    if not joint["repair"]["smallest"]:
        note += " It is enough; less may do."
    return Table("The least change of the rules together", ("Change", "From>", "To>"), rows, note)


def keeping(record: Record) -> list[Table]:
    """What stands in the way of the one rule whose change would help, and the least change of the others, if any."""
    kept = record.get("keeping")
    if kept is None:
        return []
    rows = []
    for number, members in enumerate([record["conflict"], *kept["further"]], 1):
        others = [member for member in members if member.get("rule") != kept["rule"]]
        first = str(number)
        for member in others:
            rows.append((first, *_row(member)))
            first = ""
    note = "Each number is a conflict of its own with it, which stands even if those above gave way."
    last = [name(member) for member in [record["conflict"], *kept["further"]][-1] if member.get("rule") != kept["rule"]]
    if kept["repair"] is None:
        note += f" No change of other rules is enough to keep it: {listed(last)} would have to give way too."
    against = Table(f"What stands against {kept['rule']}", ("", "What", "Says", "Where"), rows, note)
    if kept["repair"] is None:
        return [against]
    changes = [_change(change)[:3] for change in kept["repair"]["changes"]]
    title = f"The least change of the others together that keeps {kept['rule']}"
    return [against, Table(title, ("Change", "From>", "To>"), changes, "Rounded and checked as above.")]


def tables(record: Record) -> list[Table]:
    """All tables: of the conflict where nothing fits, else of what holds the objective back."""
    if record["status"] == "no-choice":
        found: list[Table | None] = [choices(record)]
    elif record["status"] != "infeasible":
        outcome = record.get("outcome")
        found = [] if outcome is None else [binding_rules(outcome), terms(outcome)]
    else:
        found = [conflict(record), alone(record), together(record), *keeping(record)]
    return [table for table in found if table is not None]


def value(record: Record) -> str:
    """Where something fits, what the best of it is worth; empty where no objective was asked."""
    outcome = record.get("outcome")
    if outcome is None or "totals" not in outcome:
        return ""
    told = dollars(outcome["totals"]["deployed"])
    return f"The best by {outcome['objective']['name']} deploys {told}. What holds it back, by price:"
