"""What a change of policy does, in six lines and tables: for the terminal, and as a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.report import diff, markdown, moves
from allocator.report.markdown import text
from allocator.report.table import Table
from allocator.report.tables import violations
from allocator.report.words import change, dollars, form, named, quantity, scored
from allocator.rules import upper_first
from allocator.solution import Record

WORDS = "no rule asks anything else: words differ, tests, or what stands besides the rules"
MARKER = "<!-- allocator: policy impact -->"
"By which a workflow finds the comment that it wrote before."
FEW = 4
MOST = 5
"So many rules that differ are told before the six lines."


def title(record: Record) -> str:
    """Of which policy, on which date."""
    return f"{record['diff']['new']['title']}: what the change does, as in force on {record['as-of']}"


def told(record: Record) -> list[tuple[str, str]]:
    """What changed, rule by rule: of each its title and id, and what it asks now."""
    found = record["diff"]
    several = len(diff.judged(found)) > 1
    rules = []
    for rule, asks in diff.brief(found, MOST):
        judged = f" Alone: {diff.effect(rule['effect'])}." if several else ""
        notes = "".join(f" {note}" for note in diff.notes(rule, found["as-of"]))
        rules.append((f"{rule['title']} ({rule['rule']})", f"{asks.rstrip('.')}.{judged}{notes}"))
    more = len(diff.judged(found)) - len(rules)
    return [*rules, *([("And", f"{more} more, told below.")] if more else [])]


def judged(record: Record) -> str:
    """The verdict on the whole change, and on what it was tried."""
    found = record["diff"]
    return f"On the case '{found['case']['title']}': {diff.effect(found['effect'])}."


def silent(record: Record) -> bool:
    """Whether nothing was solved, since no rule asks anything else."""
    return bool(record["before"] is None)


def lines(record: Record) -> list[tuple[str, str]]:
    """The six lines: objective, dividend, strategic weight, size, shifts, and which rules bind."""
    one, other = record["before"], record["after"]
    if one is None:
        return [("Change", WORDS if diff.differs(record["diff"]) else "none in meaning")]
    empty = [(name, found) for name, found in (("old", one), ("new", other)) if "amounts" not in found]
    if empty:
        return [("Nothing fits", _nothing(" or the ".join(name for name, _ in empty), empty[-1][1]))]
    found = [("Objective", _objective(one, other)), ("Dividend", _dividend(one, other))]
    found += [("Strategic weight", _strategic(one, other)), ("Size", _size(one, other))]
    found += [("Shifts", _shifts(one, other)), ("Binding rules", _binding(one, other))]
    return [(name, said) for name, said in found if said]


def _nothing(name: str, found: Record) -> str:
    broken = ", ".join(dict.fromkeys(each["rule"] for each in found["violations"]))
    return f"no allocation satisfies the {name} rules; broken least: {broken}. See 'allocator why' for what conflicts"


def _objective(one: Record, other: Record) -> str:
    objective = other["objective"]
    moved = objective["value"] - one["objective"]["value"]
    name = objective["name"].replace("-", " ")
    if form(objective) == "lexicographic" or objective["parts"][0]["name"] == "sharpe":
        return f"{name}: {_from_to(one['objective'], objective)}"
    if abs(moved) <= one["certificate"]["allowed"] + other["certificate"]["allowed"]:
        return f"{name}: unchanged, within what is proved"
    if objective["dollars"] is not None:
        worth = f"{change(moved * objective['dollars'])} a year"
        size = worth if form(objective) == "single" else f"worth {worth}, on the scale of the old policy's blend"
    elif scored(objective) == "share":
        size = f"{moved * 1e4:+.2f} bp of equity"
    else:
        size = f"{moved:+.4g}"
    return f"{name}: {'better' if moved > 0 else 'worse'}, {size}"


def _from_to(one: Record, other: Record) -> str:
    """What each objective was and is, after penalties, where no one number says what is better."""
    return "; ".join(
        f"{named(b)} {quantity(a['net'], a['unit'])} to {quantity(b['net'], b['unit'])}"
        for a, b in zip(one["parts"], other["parts"], strict=True)
    )


def _dividend(one: Record, other: Record) -> str:
    a, b = (each["totals"].get("distributable-income") for each in (one, other))
    if a is None or b is None:
        return ""
    points = (other["totals"]["dividend-yield"] - one["totals"]["dividend-yield"]) * 1e4
    return f"{_millions(a)} to {_millions(b)} a year, {_change_millions(b - a)} ({points:+.2f} bp of equity)"


def _millions(billions: float) -> str:
    return f"${billions * 1e3:,.0f} m"


def _change_millions(billions: float) -> str:
    return f"{'-' if billions < 0 else '+'}${abs(billions) * 1e3:,.1f} m"


def _strategic(one: Record, other: Record) -> str:
    a, b = (each["totals"].get("strategic-weight") for each in (one, other))
    return "" if a is None or b is None else f"{a:.4f} to {b:.4f} per dollar of equity, {b - a:+.4f}"


def _size(one: Record, other: Record) -> str:
    a, b = one["totals"], other["totals"]
    told = f"deployed {dollars(a['deployed'])} to {dollars(b['deployed'])}, {change(b['deployed'] - a['deployed'])}"
    if not b["tranches"]:
        return told
    return f"{told}; debt {dollars(a['debt'])} to {dollars(b['debt'])}, {change(b['debt'] - a['debt'])}"


def _shifts(one: Record, other: Record) -> str:
    found = moves.sector_moves(one, other)
    largest = [f"{name} {change(amount)}" for name, amount in found[:FEW]]
    more = f" and {len(found) - FEW} smaller ones" if len(found) > FEW else ""
    return ", ".join(largest) + more if largest else "none"


def _binding(one: Record, other: Record) -> str:
    before, after = moves.binding(one), moves.binding(other)
    new, gone = [name for name in after if name not in before], [name for name in before if name not in after]
    differ = [
        f"{', '.join(names)} {what}{'s' if len(names) == 1 else ''}"
        for names, what in ((new, "newly bind"), (gone, "no longer bind"))
        if names
    ]
    return "; ".join(differ) if differ else "the same"


def tables(record: Record) -> list[Table]:
    """The details: what moved, which limits differ, and prices before and after."""
    one, other = record["before"], record["after"]
    if one is None:
        return []
    empty = [found for found in (one, other) if "amounts" not in found]
    if empty:
        return [violations(found) for found in empty]
    grouped = [moves.sectors(one, other)] if any(each["sector"] != each["line"] for each in one["amounts"]) else []
    return [*grouped, *moves.moved(one, other), *moves.changed_limits(one, other), *moves.prices(one, other)]


def comment(record: Record) -> str:
    """A comment on a pull request: what changed, the six lines, the details folded; empty where nothing differs."""
    found = record["diff"]
    if not diff.differs(found):
        return ""
    parts = [MARKER, f"### {text(title(record))}", ""]
    if silent(record):
        parts += [f"{text(upper_first(WORDS))}. {text(diff.counts(found))}"]
    else:
        parts += [f"**{text(name)}**: {text(said)}\n" for name, said in told(record)]
        parts += [f"{text(judged(record))}\n", *(f"- **{text(name)}**: {text(said)}" for name, said in lines(record))]
    parts += ["", _folded("What differs, rule by rule", diff.markdown(found))]
    shown = tables(record)
    if shown:
        names = ", ".join(table.title[0].lower() + table.title[1:] for table in shown)
        parts += [_folded(f"In numbers: {names}", markdown.render(shown))]
    return "\n".join(parts) + "\n"


def _folded(name: str, body: str) -> str:
    return f"<details><summary>{text(name)}</summary>\n\n{body}\n</details>\n"


def heads(record: Record) -> Sequence[str]:
    """What stands above the six lines on the terminal: the title, what changed, and the verdict."""
    if silent(record):
        return [title(record), *diff.verdicts(record["diff"])]
    return [title(record), *(f"{name}: {said}" for name, said in told(record)), judged(record)]
