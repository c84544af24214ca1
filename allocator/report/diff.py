"""What differs between two policies, in sentences: for the terminal and for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from allocator.report.markdown import text
from allocator.report.words import dollars, quantity
from allocator.solution import Record

FEW = 4
"So many lines of an example are named; the others are added up."
LEAST = 0.0005
"Debt of less than this, in $ bn, is none."
KINDS = {"changed": "changed", "added": "added", "removed": "removed", "reworded": "changed in words only"}
UNKNOWN = "is undetermined: no example was found, and none could be ruled out."
GLOSSES = {
    "same": "nothing changes",
    "looser": "looser (some allocations become possible, none impossible)",
    "tighter": "tighter (some allocations become impossible, none possible)",
    "mixed": "mixed (some allocations become possible, others impossible)",
}
"What a verdict on the effect says."
WHOLE = "is undetermined: '{}' is a matter of whole choices, of which neither an example nor a proof was looked for."


def title(record: Record) -> str:
    """Of which policy, and on which date."""
    return f"{record['new']['title'] or record['old']['title']}: what differs, as in force on {record['as-of']}"


def differs(record: Record) -> bool:
    """Whether there is anything to tell."""
    return bool(record["rules"] or record["other"])


def summary(record: Record) -> list[str]:
    """How many rules differ, the verdicts on the whole, and what becomes possible and impossible.

    Where one rule is judged alone, it has the last of these.
    """
    found = verdicts(record)
    if record["effect"] is None or not differs(record):
        return found
    found += [f"Nothing satisfies the {name} rules." for name in record["empty"]]
    return found if len(judged(record)) == 1 else [*found, *sides(record["effect"], "")]


def judged(record: Record) -> list[Record]:
    """The rules that ask something else, or are there in one of the policies only."""
    return [each for each in record["rules"] if each["change"] != "reworded"]


def counts(record: Record) -> str:
    """How many rules differ, and how."""
    kinds = [each["change"] for each in record["rules"]]
    found = [(kinds.count(kind), told) for kind, told in KINDS.items()] + [(record["same"], "the same")]
    return f"Rules: {', '.join(f'{count} {told}' for count, told in found if count)}."


def verdicts(record: Record) -> list[str]:
    """From which file to which, how many rules differ, and the verdicts on the whole."""
    files = [record[name]["file"] for name in ("old", "new")]
    found = [f"From {files[0]} to {files[1]}."] if all(files) else []
    if not differs(record):
        return [*found, "Nothing differs in meaning."]
    found += [counts(record), f"By the text: {_way(record['text'])}."]
    if record["effect"] is None:
        return [*found, "No case was given, so the effect was not judged; name one with --case."]
    return [*found, f"By the effect on the case '{record['case']['title']}': {effect(record['effect'])}."]


def _way(verdict: str) -> str:
    glosses = {"same": "the same", "mixed": "mixed (tighter in one way, looser in another, or not comparable)"}
    return glosses.get(verdict, verdict)


def effect(judged: Record) -> str:
    """A verdict on the effect, with what it says."""
    verdict: str = judged["verdict"]
    return GLOSSES.get(verdict, verdict)


def sides(effect: Record, rule: str) -> list[str]:
    """What becomes possible and what impossible, each a sentence; `rule` is the one that alone is looked at."""
    if effect.get("soft"):
        return ["The rule may be missed at a price, so this changes what a shortfall costs, not what is possible."]
    possible, impossible = effect["possible"], effect["impossible"]
    if possible["answer"] == impossible["answer"] == "nothing":
        return ["Nothing becomes possible and nothing impossible. Both are proved."]
    return [
        _side(possible, "Nothing becomes possible: proved.", "Newly possible", "Whether something becomes possible",
              "old", rule),
        _side(impossible, "Nothing becomes impossible: proved.", "No longer possible",
              "Whether something becomes impossible", "new", rule),
    ]  # fmt: skip


def _side(side: Record, nothing: str, something: str, undetermined: str, version: str, rule: str) -> str:
    if side["answer"] == "nothing":
        return nothing
    example = side["example"]
    if example is None:
        return f"{undetermined} {WHOLE.format(side['choice']) if 'choice' in side else UNKNOWN}"
    name = "it" if example["rule"] == rule else f"'{example['rule']}'"
    return f"{something}, for example: {_amounts(example)}. There what {name} limits is {_reading(example, version)}."


def _amounts(example: Record) -> str:
    amounts = example["amounts"]
    if not amounts:
        return "nothing deployed"
    named = [f"{dollars(each['amount'])} in {each['line']}" for each in amounts[:FEW]]
    rest = sum(each["amount"] for each in amounts[FEW:])
    if len(amounts) > FEW:
        named.append(f"{dollars(rest)} in {len(amounts) - FEW} more")
    debt = f", {dollars(example['debt'])} of it borrowed" if example["debt"] >= LEAST else ""
    return f"{', '.join(named)} ({dollars(example['deployed'])} in all{debt})"


def _reading(example: Record, version: str) -> str:
    """What a rule measures against the limit that is broken: `12% (hall); the new rule allows at most 10%`."""
    floor = example["side"] == "at-least"
    limit, shown = (quantity(example[key], example["unit"]) for key in ("limit", "value"))
    value = f"just {'under' if floor else 'over'} {shown}" if shown == limit else shown
    member = f" ({example['member']})" if example["member"] else ""
    verb = {"old": ("asked", "allowed"), "new": ("asks", "allows")}[version][0 if floor else 1]
    bound = (
        "nothing"
        if example["unit"] == "money" and not example["limit"]
        else f"at {'least' if floor else 'most'} {limit}"
    )
    return f"{value}{member}; the {version} rule {verb} {bound}"


def change(each: Record) -> str:
    """One field's change: `at most: 12% becomes 10%, tighter by 2 pp, from 2028-01-01`; words stand in quotes."""
    name = re.sub(r"\bat-(least|most)$", r"at \1", each["field"])
    if name == "tests":
        return f"tests: {each['now']}"
    was, now = (f"“{each[key]}”" if each["way"] == "words" else each[key] for key in ("was", "now"))
    if each["was"] and each["now"]:
        told = f"{name}: {was} becomes {now}"
    else:
        told = f"{name} added: {now}" if each["now"] else f"{name} removed: {was}"
    way = "" if each["way"] in ("words", "same") else f", {each['way']}"
    by = f" by {each['by']}" if way and each["by"] else ""
    since = f", from {each['since']}" if each["since"] else ""
    # A reason ends in a stop of its own.
    return f"{told.rstrip('.') if way or since else told}{way}{by}{since}"


def verdict(rule: Record) -> str:
    """The two verdicts on a rule in one line."""
    if rule["change"] == "reworded":
        return "What it asks is the same."
    told = f" By the effect on the case, all else as before: {effect(rule['effect'])}." if rule["effect"] else ""
    return f"By the text: {_way(rule['text'])}.{told}"


def notes(rule: Record, today: str) -> list[str]:
    """What else is to be known: an old number in the title, another name of the rule, a change that begins later."""
    found = [f"Its title still says {was}." for was in rule["outdated"]]
    if rule["twin"]:
        there = "removed" if rule["change"] == "added" else "added"
        found.append(f"It asks the same as '{rule['twin']}', which is {there}; a rule is known by its id.")
    starts = [each["since"] for each in rule["changes"] if each["way"] not in ("words", "same")]
    if starts and min(starts) > today:
        found.append(f"The change begins on {min(starts)}; to see its effect, ask with --as-of {min(starts)}.")
    return found


def plain(record: Record) -> str:
    """All of it as text."""
    return "\n".join(_plain(record)) + "\n"


def brief(record: Record, most: int) -> list[tuple[Record, str]]:
    """The rules that ask something else, the first of them only, each with what it asks now in a line."""
    found = []
    for rule in judged(record)[:most]:
        moves = "; ".join(change(each) for each in rule["changes"] if each["way"] not in ("words", "same"))
        told = moves or f"{KINDS[rule['change']]}: {rule['now'] or rule['was']}"
        found.append((rule, told))
    return found


def _plain(record: Record) -> Iterator[str]:
    yield title(record)
    yield from summary(record)
    for rule in record["rules"]:
        yield ""
        yield f"{rule['rule']} ({KINDS[rule['change']]}): {rule['title']}"
        yield from (f"  {change(each)}" for each in rule["changes"])
        if rule["was"] != rule["now"]:
            yield from (f"  {sign} {said}" for sign, said in (("-", rule["was"]), ("+", rule["now"])) if said)
        yield f"  {verdict(rule)}"
        yield from (f"  {said}" for said in details(rule, record))
    if record["other"]:
        yield ""
        yield "Besides the rules:"
        yield from (f"  {change(each)}" for each in record["other"])


def details(rule: Record, record: Record) -> list[str]:
    """What is said of a rule below its verdicts."""
    return notes(rule, record["as-of"]) + (sides(rule["effect"], rule["rule"]) if rule["effect"] else [])


def markdown(record: Record) -> str:
    """All of it as Markdown: the verdicts first, each rule below."""
    parts = [f"### {text(title(record))}", *(f"- {text(said)}" for said in summary(record))]
    for rule in record["rules"]:
        parts += ["", f"#### {text(rule['rule'])} ({KINDS[rule['change']]}): {text(rule['title'])}", ""]
        if rule["was"] != rule["now"]:
            parts += [
                f"> ~~{text(rule['was'])}~~" if rule["was"] else "",
                f"> {text(rule['now'])}" if rule["now"] else "",
            ]
        parts += [f"- {text(said)}" for said in (*map(change, rule["changes"]), verdict(rule), *details(rule, record))]
    if record["other"]:
        parts += ["", "#### Besides the rules", "", *(f"- {text(change(each))}" for each in record["other"])]
    return "\n".join(parts) + "\n"
