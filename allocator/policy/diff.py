"""Two policies compared by meaning: what each rule's text says of the change, and what it does to a case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from allocator.case import Case
from allocator.direction import direction
from allocator.policy import changes
from allocator.policy.effect import Allowed, Finding
from allocator.readings import readings
from allocator.rulebook import Rulebook
from allocator.rulebook.overlays import Change
from allocator.rules import Rule
from allocator.shapes import Clause, soft_ones
from allocator.solution import Record
from allocator.sparse import Vector

FORMAT = "allocator/policy-diff/1"
LEAST = 0.0005
"Lines with less capital than this, in $ bn, are left out of an example."


def compare(old: Rulebook, new: Rulebook, case: Case | None) -> Record:
    """What differs between two policies, as plain data.

    Each rule that differs in meaning has a verdict by its text alone and, where there is a case, one by its effect
    there, with all else as in the old policy. The policies as wholes have both too.

    Args:
        old: as in force on a date.
        new: as in force on the same date.
        case: on which the effect is judged; without one there are verdicts by the text only.

    Raises:
        InputError: a rule names what the case lacks.
    """
    pairs = _pairs(old, new)
    found = (_rule(one, other, old, new) for one, other in pairs)
    rules = [each for each in found if each["changes"] or each["change"] in ("added", "removed")]
    record: Record = {
        "format": FORMAT,
        "as-of": new.as_of.isoformat(),
        "old": _head(old),
        "new": _head(new),
        "case": None if case is None else {"id": case.fund.id, "title": case.fund.title},
        "text": _joined(each["text"] for each in rules),
        "effect": None,
        "empty": [],
        "rules": rules,
        "same": len(pairs) - len(rules),
        "other": _other(old, new),
    }
    if case is not None:
        _judge(record, old.clauses(case), new.clauses(case), case)
    return record


def verdicts(record: Record) -> dict[str, list[str]]:
    """What was given each verdict: `looser` to `'one-line' (text and effect)` and so on, each rule before the whole."""
    whole = {"rule": "", "text": record["text"], "effect": record["effect"]}
    found: dict[str, list[str]] = {}
    for each in (*record["rules"], whole):
        given = {"text": each["text"]} | ({"effect": each["effect"]["verdict"]} if each["effect"] else {})
        for verdict in dict.fromkeys(given.values()):
            by = " and ".join(name for name, its in given.items() if its == verdict)
            found.setdefault(verdict, []).append(f"{repr(each['rule']) if each['rule'] else 'all together'} ({by})")
    return found


def _joined(ways: Iterable[str]) -> str:
    """The verdict on several changes together."""
    found = set(ways) - {"same", "words"}
    return "same" if not found else found.pop() if len(found) == 1 else "mixed"


def _head(rules: Rulebook) -> Record:
    header = rules.header
    title = str(header.title) if header else "rules built in Python"
    file = rules.source.path.as_posix() if rules.source else ""
    return {"id": header.id if header else "", "title": title, "file": file, "digest": rules.digest}


def _pairs(old: Rulebook, new: Rulebook) -> list[tuple[Rule | None, Rule | None]]:
    """Rules of the same id, in the order of the new policy; those that are gone come last."""
    before, after = ({rule.id: rule for rule in rules.rules} for rules in (old, new))
    names = [*after, *(name for name in before if name not in after)]
    return [(before.get(name), after.get(name)) for name in names]


def _rule(one: Rule | None, other: Rule | None, old: Rulebook, new: Rulebook) -> Record:
    """What differs in one rule."""
    named = other or one
    assert named is not None
    waivers = _waivers(named.id, old, new)
    found = [*(changes.of_rule(one, other) if one and other else []), *waivers]
    kind = "added" if one is None else "removed" if other is None else "changed"
    if kind == "changed" and all(each["way"] == "words" for each in found):
        kind = "reworded"
    return {
        "rule": named.id,
        "title": str(named.title),
        "change": kind,
        "twin": _twin(named, old, new) if kind in ("added", "removed") else None,
        "text": _joined([direction(one, other), *(each["way"] for each in waivers if kind == "changed")]),
        "changes": found,
        "outdated": _outdated(other, found) if one and other else [],
        "was": one.sentence(old.as_of) if one else "",
        "now": other.sentence(new.as_of) if other else "",
        "effect": None,
    }


def _outdated(rule: Rule, found: Iterable[Record]) -> list[str]:
    """Old numbers that a title of the rule still has, in whichever language."""
    were = dict.fromkeys(each["was"] for each in found if each["way"] not in ("words", "same"))
    titles = "\n".join(rule.title.languages.values())
    # No other digits may stand around it: 5% is not in 35%.
    return [was for was in were if re.search(rf"(?<![\d.,])(?=.*\d){re.escape(was)}(?!\d)", titles)]


def _waivers(rule: str, old: Rulebook, new: Rulebook) -> list[Record]:
    """What differs in the waivers of a rule: each is looser than the rule while it lasts."""
    before, after = (
        {each.id: each.stated(rules.rule(rule)) for each in rules.waivers if each.rule == rule} for rules in (old, new)
    )
    found = changes.of_records("waiver", before, after, "looser", "tighter")
    words = tuple(f" {name}" for name in ("why", "authority", "approved-by"))
    one_by_one = {f"waiver {name}" for name in {**before, **after}}
    return [
        each if each["field"] in one_by_one or each["field"].endswith(words) else each | {"way": "mixed"}
        for each in found
    ]


def _twin(rule: Rule, old: Rulebook, new: Rulebook) -> str | None:
    """The rule that asks the same under another id, and is there in the other policy only."""
    before, after = ({each.id: each for each in rules.rules} for rules in (old, new))
    here, there = (before, after) if rule.id in before else (after, before)
    for name, each in there.items():
        renamed = each.model_copy(update={"id": rule.id})
        if name not in here and type(each) is type(rule) and direction(renamed, rule) == "same":
            return name
    return None


def _other(old: Rulebook, new: Rulebook) -> list[Record]:
    """What differs besides the rules: the header, and the texts that rules rest on."""
    found = changes.of_fields(old.header, new.header) if old.header and new.header else []
    found += changes.of_records("source", old.authorities, new.authorities)
    before, after = ({each.by: each for each in rules.approvals} for rules in (old, new))
    found += changes.of_records("approval by", before, after)
    return found + changes.of_records("overlay's change of", _amendments(old), _amendments(new))


def _amendments(rules: Rulebook) -> dict[str, Change]:
    """What overlays changed, by rule and field; a field that was changed several times counts them."""
    found: dict[str, Change] = {}
    for each in rules.amendments:
        nth = 1 + sum((other.rule, other.field) == (each.rule, each.field) for other in found.values())
        found[f"{each.rule} {each.field}{f' ({nth})' if nth > 1 else ''}"] = each
    return found


def _judge(record: Record, old: Sequence[Clause], new: Sequence[Clause], case: Case) -> None:
    """Add the effects on a case: of each rule on its own, and of all together."""
    before, after = Allowed(case, old), Allowed(case, new)
    record["empty"] = [name for name, allowed in (("old", before), ("new", after)) if allowed.empty]
    record["effect"] = _effect(after.breach(old), before.breach(new), case)
    for each in record["rules"]:
        if each["change"] == "reworded":
            continue
        own = [clause for clause in old if clause.rule == each["rule"]]
        others = [clause for clause in old if clause.rule != each["rule"]]
        changed = [clause for clause in new if clause.rule == each["rule"]]
        replaced = Allowed(case, [*others, *changed])
        each["effect"] = _effect(replaced.breach(own), before.breach(changed), case)
        soft = soft_ones((*own, *changed))
        each["effect"]["soft"] = bool(soft) and len(soft) == len(own) + len(changed)


def _effect(possible: Finding, impossible: Finding, case: Case) -> Record:
    answers = possible.answer, impossible.answer
    verdict = {
        ("nothing", "nothing"): "same",
        ("something", "nothing"): "looser",
        ("nothing", "something"): "tighter",
        ("something", "something"): "mixed",
    }.get(answers, "undetermined")
    return {"verdict": verdict, "possible": _side(possible, case), "impossible": _side(impossible, case)}


def _side(found: Finding, case: Case) -> Record:
    example = _example(found.clause, found.member, found.v, case)
    return {"answer": found.answer, "example": example} | ({"choice": found.choice} if found.choice else {})


def _example(clause: Clause | None, member: int, v: Vector | None, case: Case) -> Record | None:
    """An allocation by line, largest first, and what it makes of the clause that it breaks."""
    if clause is None or v is None:
        return None
    d = case.decision
    ((value, limit),) = readings(clause, v, [member])
    titles = case.universe.texts.get("title", case.universe.ids)
    lines = zip(d.lines, titles, (v[: d.n] * case.equity).tolist(), strict=True)
    amounts: list[Any] = [
        {"line": line, "title": title, "amount": round(amount, 9)} for line, title, amount in lines if amount > LEAST
    ]
    return {
        "rule": clause.rule,
        "member": clause.labels[member],
        "side": "at-least" if clause.at_least else "at-most",
        "value": None if value is None else round(value, 9) + 0.0,
        "limit": limit,
        "unit": clause.unit.__name__.lower(),
        "amounts": sorted(amounts, key=lambda each: -each["amount"]),
        "deployed": round(float(v[d.deployed] * case.equity), 9),
        "debt": round(float(v[d.debt] * case.equity), 9),
    }
