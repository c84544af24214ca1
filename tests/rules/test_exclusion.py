"""Lines in which nothing is invested."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Exclusion = al.rules.Exclusion
ON = dt.date(2026, 4, 1)
SMALL = small_case()


def without(**scope: object) -> Exclusion:
    return Exclusion.read({"id": "x", "title": "X", "scope": scope})


def test_the_next_best_line_takes_all() -> None:
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})
    out = solve(case, without(line="a"), resolve=True)
    assert amounts(out) == pytest.approx([0, 100], abs=0.01)
    assert value(out) == pytest.approx(0.05, abs=1e-8)
    assert out.record["rules"][0]["value"] == 0


def test_no_debt_stands_on_it_and_other_prices_are_finite() -> None:
    # The rule fixes the lines rather than bounding them by zero, so that no multiplier runs away.
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="45%")
    out = solve(SMALL, book(without(sector="compute"), cap), resolve=True)
    assert (out.amounts.loc[["hall", "chips"], "amount"] == 0).all()
    assert (out.financing.loc[["hall", "chips"]] == 0).all().all()
    worth = out.prices["worth"].to_numpy(float)
    assert len(worth)
    assert np.isfinite(worth).all()
    assert np.abs(worth).max() < 0.1
    # It is the same as a universe without those lines.
    rest = al.Case(
        SMALL.fund,
        al.Universe.build(
            {"id": SMALL.universe.ids[2:]}
            | {
                f"{name} [{unit}]" if unit else name: SMALL.universe.numbers[name][2:]
                for name, unit in (
                    ("cash-yield", ""),
                    ("capacity", "$ bn"),
                    ("gearing", ""),
                    ("dscr", "x"),
                    ("life", "years"),
                )
            }
        ),
        SMALL.stack,
    )
    assert value(out) == pytest.approx(value(solve(rest, cap)), abs=2e-8)


@given(parts=st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_agrees_with_a_formula(parts: list[float]) -> None:
    (clause,) = without(sector="power").clauses(SMALL, ON)
    v = SMALL.decision.vector(np.array(parts), np.zeros(SMALL.decision.pairs))
    np.testing.assert_allclose(clause.excess(v), parts[2:4])
    fixed = SMALL.box.fixing([clause]).high == 0
    d = SMALL.decision
    assert {d.lines[i] for i in np.flatnonzero(fixed[: d.n])} == {"plant", "wires"}
    assert {d.lines[i] for i in d.pair_line[fixed[d.f : d.reserve]]} == {"plant", "wires"}
    assert {d.lines[i] for i in d.bent[fixed[d.e :]]} == {"plant", "wires"}


def test_sentence() -> None:
    assert without(line=["smr-fleet", "gas"]).sentence(ON) == (
        "Nothing is invested in the lines smr-fleet and gas, and no debt is secured there."
    )
    assert without(sector="power", site="US").sentence(ON) == (
        "Nothing is invested in the sector power, in lines whose site is US, and no debt is secured there."
    )


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        ({"line": ["smr", "gas"]}, "x_i = 0 and f_it = 0 in the lines smr and gas"),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert without(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("scope: {line: [hal]}", "p.yaml:10:20: no line 'hal'; did you mean 'hall'?"),
        ("scope: {sector: logistics, site: US}", "p.yaml:10:12: sector logistics, site US selects no line; widen it"),
        (
            "scope: {sector: power}\nseverity: soft\npenalty: 100 bp",
            "p.yaml:11:15: rule 'one' severity: a rule of kind 'exclusion' can't be soft;"
            " make it hard, as its excess is not in dollars",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: exclusion\n{lines}", SMALL) == message
