"""The loss in a stress that the case tells by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator.stresses import Stress

StressLoss = al.rules.StressLoss
ON = dt.date(2026, 4, 1)


def stress(name: str, *shocks: tuple[object, str]) -> dict[str, Any]:
    told = [{"scope": scope, "return": size} for scope, size in shocks]
    return {"id": name, "title": name.title(), "story": "A story.", "shocks": told}


SLUMP = stress("slump", ({"sector": "compute"}, "-40%"), ({"line": "hall"}, "-10%"), ({"line": "wires"}, "5%"))
TARIFF = stress("tariff", ("all", "-12.5%"))
SMALL = replace(small_case(), stresses=(Stress.read(SLUMP), Stress.read(TARIFF)))
COLUMNS = {"cash-yield [%]": [8, 4], "capacity [$ bn]": [100, 100]}
TWO = tiny(
    COLUMNS,
    stresses=[stress("slump", ({"line": "a"}, "-40%"), ({"line": "b"}, "-10%")), stress("rates", ({"line": "b"}, "-30%"))],
)  # fmt: skip


def rule(**fields: object) -> StressLoss:
    return StressLoss.read({"id": "s", "title": "S", "of": "deployed", **fields})


def test_one_stress() -> None:
    # 0.4 s + 0.1 (1 - s) = 25%: half and half. A point more moves 1 / 0.3 of the fund from 4% to 8%.
    cap = rule(stress="slump", at_most="25%")
    out = solve(TWO, cap)
    assert amounts(out) == pytest.approx([50, 50], abs=0.01)
    assert out.record["rules"][0]["member"] == ""
    assert check_price(TWO, cap, "at-most", "24%", "26%") == pytest.approx(0.04 / 0.3)


def test_each_stress_is_a_member_and_may_be_waived_on_its_own() -> None:
    # The slump allows 1/3 in a, and rates ask for 1/3 at least: 30% (1 - s) = 20%.
    each = rule(each="stress", at_most="20%")
    out = solve(TWO, each)
    assert amounts(out) == pytest.approx([100 / 3, 200 / 3], abs=0.01)
    given = {"id": "W-1", "rule": "s", "scope": {"stress": "slump"}, "at-most": "25%", "authority": "b",
             "approved-by": "me", "effective": {"from": "2026-04-01", "until": "2026-09-30"}, "why": "w"}  # fmt: skip
    waiver = al.rulebook.waivers.Waiver.read(given)
    assert amounts(solve(TWO, al.Rulebook([each], "2026-04-01", waivers=[waiver]))) == pytest.approx([50, 50], abs=0.01)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # All in a is $15 bn over; a dollar less costs 4% / 0.3 = 13.3%.
    for penalty, best, over in (("1200 bp", 0.08 - 0.15 * 0.12, 15), ("1400 bp", 0.06, 0)):
        out = solve(TWO, rule(stress="slump", at_most="25%", severity="soft", penalty=penalty))
        assert value(out) == pytest.approx(best, abs=1e-8)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(over, abs=0.02)


@given(v=decisions(SMALL), limit=st.sampled_from([0.05, 0.125, 0.6]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    if not x.sum():
        return
    lost = np.array([0.5 * x[0] + 0.4 * x[1] - 0.05 * x[3], 0.125 * x.sum()])
    for of, whole in (("deployed", x.sum()), ("equity", 100), ("total-assets", 100 + loans.sum())):
        (each,) = rule(each="stress", of=of, at_most=f"{limit:.1%}").clauses(SMALL, ON)
        assert each.labels == ("slump", "tariff")
        check_clause(each, v, lost / whole, limit)
        (one,) = rule(stress="tariff", of=of, at_most=f"{limit:.1%}").clauses(SMALL, ON)
        assert one.labels == ("",)
        check_clause(one, v, lost[1:] / whole, limit)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"stress": "ai-slump", "of": "equity", "at_most": {"2026-04-01": "60%", "2028-01-01": "50%"}},
            "The loss on capital in the stress ai-slump is at most 60% of equity (from 2028-01-01 at most 50%).",
        ),
        (
            {"each": "stress", "at_most": "20%"},
            "The loss on capital in each stress is at most 20% of the capital deployed.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert rule(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"stress": "ai-slump", "of": "equity", "at_most": "60%"},
            "sum of all l_is * x_i <= 60% * E, for the stress s = ai-slump",
        ),
        (
            {"each": "stress", "at_most": "20%"},
            "sum of all l_is * x_i <= 20% * (sum of all x_i), for every stress s",
        ),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert rule(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("stress: slum\nat-most: 20%", "p.yaml:11:13: rule 'one': no stress 'slum'; did you mean 'slump'?"),
        (
            "at-most: 20%",
            "p.yaml:5:5: rule 'one' stress: it speaks of one stress, or of each;"
            " write stress: and its id, or each: stress",
        ),
        (
            "each: stress\nstress: slump\nat-most: 20%",
            "p.yaml:12:13: rule 'one' stress: it speaks of one stress, or of each;"
            " write stress: and its id, or each: stress",
        ),
        ("each: line\nat-most: 20%", "p.yaml:11:11: rule 'one' each: cannot read 'line'; known: stress"),
        (
            "each: stress\nat-most: 120%",
            "p.yaml:12:14: rule 'one' at-most: 120% is not between 0% and 100%; mend the share, or take it of equity",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: stress-loss\nof: deployed\n{lines}", SMALL) == message


@pytest.mark.parametrize(("field", "column"), [("stress: slump", 13), ("each: stress", 11)])
def test_it_needs_stresses(tmp_path: object, field: str, column: int) -> None:
    told = refused(tmp_path, f"kind: stress-loss\nof: deployed\n{field}\nat-most: 20%", small_case())
    assert told == (
        f"p.yaml:11:{column}: rule 'one' needs stresses, and the case has none; write some under 'stresses' in fund.yaml"
    )
