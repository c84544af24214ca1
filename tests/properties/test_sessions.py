"""A session moved is the case changed: random rules and aims, random inputs of every sort, moved a little and far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import small_case
from helpers import book

import allocator as al
from allocator.units import Money, Rate

RULES = (
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Concentration(id="hhi", title="Hhi", by="sector", measure="hhi", of="deployed", at_most="0.45"),
    al.rules.Coverage(id="cover", title="Cover", measure="debt-service", haircut="10%", at_least="1.4x"),
    al.rules.Leverage(id="lever", title="Lever", measure="debt-to-equity", at_most="0.8x"),
    al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="14%"),
    al.rules.Share(id="soft", title="Soft", scope={"sector": "logistics"}, of="deployed", at_least="25%",
                   severity="soft", penalty="50 bp"),
    al.rules.Amount(id="size", title="Size", at_least="$80 bn"),
)  # fmt: skip
AIMS = (
    al.DividendYield(),
    al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}),
    al.ExpectedReturn() - 2 * al.Variance(),
)
LIMITS = {
    "one.at-most": "{:.17g}%",
    "hhi.at-most": "{:.17g}",
    "cover.at-least": "{:.17g}x",
    "cover.haircut": "{:.17g}%",
    "lever.at-most": "{:.17g}x",
    "risk.at-most": "{:.17g}%",
    "soft.at-least": "{:.17g}%",
    "size.at-least": "${:.17g} bn",
}
MOST = {"gearing": 0.99, "haircut": 0.9, "one.at-most": 1.0, "hhi.at-most": 1.0, "soft.at-least": 1.0}


def floating() -> al.Case:
    """The senior loans follow a reference rate."""
    case = replace(small_case(), references={"sofr": Rate.parse("3.3%")})
    cost = case.stack[0].cost.model_copy(update={"reference": "sofr", "spread": Rate.parse("120 bp")})
    return replace(case, stack=(case.stack[0].model_copy(update={"cost": cost}), case.stack[1]))


def changed(case: al.Case, rules: al.Rulebook, name: str, value: float) -> tuple[al.Case, al.Rulebook]:
    """The case and the rules with a number changed, by the ways that users have."""
    own, _, field = name.rpartition(".")
    if name in LIMITS:
        text = LIMITS[name].format(100 * value if LIMITS[name].endswith("%") else value)
        return case, rules.replace(own, **{field.replace("-", "_"): text})
    if name == "sofr":
        return replace(case, references={"sofr": Rate(value)}), rules
    if own == "fund":
        return case.replace("fund", **{field.replace("-", "_"): f"{100 * value:.17g}%"}), rules
    if own in ("senior", "bonds"):
        k = [tranche.id for tranche in case.stack].index(own)
        spread = Rate(float(case.stack[k].cost.spread) + value - float(case.costs[k]))
        cost = case.stack[k].cost.model_copy(update={"spread": spread})
        new = case.stack[k].model_copy(update={"capacity": Money(value)} if field == "capacity" else {"cost": cost})
        return replace(case, stack=(*case.stack[:k], new, *case.stack[k + 1 :])), rules
    return case.replace(own, **{field.replace("-", "_"): value}), rules


@pytest.mark.parametrize("seed", range(16))
def test_a_session_moved_is_the_case_changed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = floating()
    rules = book(*(rule for rule in RULES if rng.random() < 0.7))
    kept = {rule.id for rule in rules.rules}
    columns = ("cash-yield", "capacity", "gearing", "dscr", "life")
    names = [f"{line}.{column}" for line in case.universe.ids for column in columns]
    names += ["sofr", "bonds.cost", "senior.capacity", "bonds.capacity", "fund.fee", "fund.reserve-yield"]
    names += [name for name in LIMITS if name.split(".")[0] in kept]
    inputs = [str(name) for name in rng.choice(names, size=rng.integers(2, 8), replace=False)]
    session = al.Session(case, rules, AIMS[seed % len(AIMS)], inputs)
    for far in (0.3, 1.3, 1.8):
        moved = {each.name: float(each.value * np.exp(rng.uniform(-far, far))) for each in session.inputs}
        for name in moved:
            moved[name] = min(moved[name], MOST.get(name, MOST.get(name.split(".")[-1], np.inf)))
            if name.endswith("cash-yield") and rng.random() < 0.1:
                moved[name] *= -1
        there, book_there = case, rules
        for name, value in moved.items():
            there, book_there = changed(there, book_there, name, value)
        out, found = al.allocate(there, book_there, session.aim, resolve=False), session.solve(moved)
        assert found.status == out.status
        if out.status == "optimal":
            bound = out.certificate["bound"]
            assert found.value == pytest.approx(bound, abs=2e-6 * max(1.0, abs(bound)))
