"""A case, and rules of every shape on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from conftest import small_case
from helpers import book

import allocator as al


def everything() -> al.Rulebook:
    """Every shape: rows, cones, rotated cones, tails, soft rules, an exclusion."""
    rules = al.rules
    return book(
        rules.Share(id="line", title="Line", each="line", of="deployed", at_most="45%"),
        rules.Ratio(id="power", title="Power", numerator={"column": "power-supplied"},
                    denominator={"column": "power-needed"}, at_least="1.1x"),
        rules.Concentration(id="hhi", title="Hhi", by="sector", measure="hhi", of="deployed", at_most="0.45"),
        rules.Concentration(id="top", title="Top", by="line", measure="top-n", n=2, of="deployed", at_most="65%"),
        rules.TailLoss(id="tail", title="Tail", confidence="85%", of="deployed", at_most="20%"),
        rules.Turnover(id="moved", title="Moved", at_most="70%", severity="soft", penalty="30 bp"),
        rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
        rules.Coverage(id="cover", title="Cover", measure="debt-service", haircut="10%", at_least="1.4x"),
        rules.LookThrough(id="behind", title="Behind", each="counterparty", of="deployed", at_most="30%"),
        rules.Share(id="soft", title="Soft", scope={"sector": "logistics"}, of="deployed", at_least="20%",
                    severity="soft", penalty="100 bp"),
        rules.Exclusion(id="none", title="None", scope={"line": "chips"}),
    )  # fmt: skip


def told_case() -> al.Case:
    """With return scenarios and holdings."""
    case = small_case()
    assert case.risk is not None
    scenarios = np.random.default_rng(5).normal(0.06, 0.15, (12, 5))
    return replace(case, risk=replace(case.risk, scenarios=scenarios), holdings={"hall": 40.0, "docks": 20.0})
