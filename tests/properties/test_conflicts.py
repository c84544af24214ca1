"""Conflicts and repairs at random, each checked by another hand and another solver."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from random_cases import random_case, random_rules
from second_opinion import fits

import allocator as al
from allocator.explanation import explain
from allocator.solution import Record

WANTED, PARTS = 100, 4


def ids(members: list[Record]) -> list[str]:
    return [member.get("rule") or f"terms.{member['term']}" for member in members]


def applied(case: al.Case, rules: al.Rulebook, repair: Record) -> tuple[al.Case, al.Rulebook]:
    """The numbers changed as somebody would in the files; an exclusion becomes a cap of what it would allow."""
    for change in repair["changes"]:
        if change["field"] == "allow":
            scope = rules.rule(change["of"]).scope  # type: ignore[attr-defined]
            cap = al.rules.Amount(id=change["of"], title="Allowed", scope=scope, at_most=change["now"])
            rules = al.Rulebook([cap if r.id == change["of"] else r for r in rules.rules], rules.as_of)
        elif change["parts"]:
            for line, amount in change["parts"].items():
                case = case.replace(line, capacity=amount)
        elif change["field"] == "capacity":
            case = case.replace(change["of"], capacity=change["now"])
        else:
            rules = rules.replace(change["of"], **{change["field"].replace("-", "_"): change["now"]})
    return case, rules


def short(rules: al.Rulebook, change: Record) -> Record:
    """The change but for a fifth of it, which is more than rounding may add."""
    rule = rules.rule(change["of"])
    (limit,) = (each for each in rule.limits(rules.as_of) if each.field.replace("_", "-") == change["field"])
    unit = type(limit.value)
    was, now = (float(unit.parse(change[name])) for name in ("was", "now"))
    return change | {"now": str(unit(round(Decimal(was + 0.8 * (now - was)), 12)))}


def repairs_of(record: Record) -> list[Record]:
    """All that is printed."""
    found = [repair for single in record["singles"] for repair in single["repairs"]] + record["amounts"]
    both = [record["joint"], record.get("keeping", {"repair": None})]
    return found + [each["repair"] for each in both if each["repair"] is not None]


def check(case: al.Case, rules: al.Rulebook, record: Record, seen: Counter[str]) -> None:
    """Each member is necessary, all together suffice, each repair repairs; what is borderline is counted."""

    def asked(what: str, found: bool | None, wanted: bool) -> None:
        seen[f"{what}, borderline" if found is None else what] += 1
        assert found in (None, wanted), what

    for members in (
        record["conflict"],
        *record["joint"]["further"],
        *record.get("keeping", {"further": []})["further"],
    ):
        names = ids(members)
        assert names
        asked("sufficient", fits(case, rules, names), False)
        for name in names:
            if name not in record["unclear"]:
                asked("necessary", fits(case, rules, set(names) - {name}), True)
    every = {f"terms.{family}" for family in FAMILIES} | {rule.id for rule in rules.rules}
    for single in record["singles"]:
        if single["outcome"] == "none":
            asked("no change helps", fits(case, rules, every - {single["rule"]}), False)
        for repair in single["repairs"]:
            seen["single repairs"] += 1
            (change,) = repair["changes"]
            if repair["smallest"] and change["field"] != "allow":
                asked(
                    "no smaller change helps", fits(*applied(case, rules, {"changes": [short(rules, change)]})), False
                )
        if single["outcome"] in ("remove", "undecided"):
            seen[single["outcome"]] += 1
    for repair in repairs_of(record):
        asked("repairs", fits(*applied(case, rules, repair)), True)
    if record["joint"]["open"]:
        seen["joint told" if record["joint"]["repair"] else "joint missing"] += 1


FAMILIES = (
    "capacity", "tranche-capacity", "gearing", "cover", "sub-limit", "loan-to-value", "content", "single-obligor",
    "fully-invested",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(PARTS))
def test_random_conflicts_are_minimal_and_their_repairs_hold(part: int) -> None:
    seen: Counter[str] = Counter()
    seed = 1000 * part
    while seen["infeasible"] < WANTED // PARTS:
        seed += 1
        rng = np.random.default_rng(seed)
        case = random_case(rng)
        rules = random_rules(rng, case)
        record = explain(case, rules)
        seen[record["status"]] += 1
        if record["status"] == "infeasible":
            check(case, rules, record, seen)
        elif record["status"] == "fits":
            assert fits(case, rules) in (True, None), seed
    print(dict(seen))
    assert seen["undecided"] == 0
    assert seen["joint missing"] == 0
    told = sum(count for name, count in seen.items() if name.endswith("borderline"))
    assert told <= 0.02 * sum(seen.values())
