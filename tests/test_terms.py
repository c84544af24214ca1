"""Each term at a decision worked by hand: equity is $100 bn, and levels are in the terms' own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from helpers import tiny

import allocator as al
from allocator.errors import InputError
from allocator.shapes import Clause
from allocator.terms import terms

LONG, SHORT = 0.1 / (1 - 1.1**-20), 0.121 / 0.21
"Debt service per dollar at 10% over 20 years, and over the 2 years that line b lives."
SENIOR = {"id": "senior", "capacity": "$40 bn", "cost": "10%", "tenor": "20 years"}
BONDS = {"id": "bonds", "capacity": "$60 bn", "cost": "5%", "tenor": "10 years", "repayment": "bullet"}
COLUMNS: dict[str, Any] = {
    "capacity [$ bn]": [60, 40],
    "cash-yield [%]": [20, 15],
    "gearing [%]": [70, 60],
    "dscr [x]": [1.25, 1.5],
    "life [years]": [30, 2],
    "us-share [%]": [90, 40],
}


def case(senior: Mapping[str, Any] | None = None, **more: Any) -> al.Case:
    exposures = [("a", "acme", 0.3), ("b", "acme", 0.8), ("b", "zeta", 0.2)]
    return tiny(COLUMNS, [SENIOR | (senior or {}), BONDS], exposures, **more)


def decide(made: al.Case, capital: list[float], loans: Mapping[tuple[str, str], float]) -> np.ndarray:
    pairs = [loans.get(pair, 0.0) / 100 for pair in made.decision.pair_names()]
    return made.decision.vector(np.array(capital) / 100, np.array(pairs))


def members(made: al.Case, name: str) -> dict[str, tuple[Clause, int]]:
    return {
        label: (clause, i)
        for clause in terms(made)
        if clause.rule == f"terms.{name}"
        for i, label in enumerate(clause.labels)
    }


CAPITAL = [50.0, 30.0]
LOANS = {("a", "senior"): 10.0, ("b", "senior"): 6.0, ("a", "bonds"): 20.0, ("b", "bonds"): 3.0}
COMPRESSED = {"compression": {"from": "50%", "slope": "3%"}}
COVENANTS = {"covenants": {"cover": "1.40x", "loan-to-value": "65%", "content": "51%", "single-obligor": "60%"}}
LIMIT = {"sub-limits": [{"id": "half", "scope": {"line": "b"}, "at-most": "$5 bn"}]}


@pytest.mark.parametrize(
    ("more", "name", "levels", "limits"),
    [
        ({}, "capacity", {"a": 50, "b": 30}, [60, 40]),
        ({}, "tranche-capacity", {"senior": 16, "bonds": 23}, [40, 60]),
        ({}, "gearing", {"a": 30 / 50, "b": 9 / 30}, [0.7, 0.6]),
        # income over the service of an annuity (b's over its life) and of a bullet
        ({}, "cover", {"a": 10 / (10 * LONG + 1), "b": 4.5 / (6 * SHORT + 0.15)}, [1.25, 1.5]),
        # 20 and 10 beyond half of capacity lose 0.03 / 120 * 400 and 0.03 / 80 * 100
        (COMPRESSED, "cover", {"a": 9.9 / (10 * LONG + 1), "b": 4.4625 / (6 * SHORT + 0.15)}, [1.25, 1.5]),
        (COMPRESSED, "compression", {"a": 30, "b": 20}, [30, 20]),
        ({"senior": LIMIT}, "sub-limit", {"senior/half": 6}, [5]),
        # the covenant counts the other debt at the line's own cover; b's own is stricter, and says it already
        ({"senior": COVENANTS}, "senior.cover", {"a": (10 - 1.25 * 1) / (10 * LONG)}, [1.4]),
        ({"senior": COVENANTS} | COMPRESSED, "senior.cover", {"a": (9.9 - 1.25 * 1) / (10 * LONG)}, [1.4]),
        # b's own gearing is stricter
        ({"senior": COVENANTS}, "loan-to-value", {"a/senior": 10 / 50}, [0.65]),
        ({"senior": COVENANTS}, "content", {"senior": (0.9 * 10 + 0.4 * 6) / 16}, [0.51]),
        ({"senior": COVENANTS}, "single-obligor",
         {"senior/acme": (0.3 * 10 + 0.8 * 6) / 16, "senior/zeta": 0.2 * 6 / 16}, [0.6, 0.6]),
    ],
)  # fmt: skip
def test_a_term_at_a_decision(more: dict[str, Any], name: str, levels: dict[str, float], limits: list[float]) -> None:
    made = case(**more)
    v = decide(made, CAPITAL, LOANS)
    found = members(made, name)
    assert list(found) == list(levels)
    assert [float(clause.theta[i]) for clause, i in found.values()] == pytest.approx(limits)
    if name == "compression":  # the excess capital is what it is bounded by: tight, and without a price
        assert [float(clause.excess(v)[i]) for clause, i in found.values()] == pytest.approx([0, 0], abs=1e-15)
        assert not any(clause.priced for clause, _ in found.values())
        return
    assert [float(clause.level(v)[i]) for clause, i in found.values()] == pytest.approx(list(levels.values()))


@pytest.mark.parametrize(
    ("more", "name", "line"),
    [({}, "cover", 0), ({}, "cover", 1), (COMPRESSED, "cover", 0), ({"senior": COVENANTS}, "senior.cover", 0)],
)
def test_cover_binds_where_the_debt_is_what_income_bears(more: dict[str, Any], name: str, line: int) -> None:
    made = case(**more)
    income = [9.9 if more is COMPRESSED else 10.0, 4.5][line]
    floor = 1.4 if name == "senior.cover" else [1.25, 1.5][line]
    most = income / floor / [LONG, SHORT][line]
    label = "ab"[line]
    clause, i = members(made, name)[label]
    at = [float(clause.excess(decide(made, CAPITAL, {(label, "senior"): most + step}))[i]) for step in (-1, 0, 1)]
    assert at[0] < 0 < at[2]
    assert at[1] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("where", "broken"), [("x", "deployed"), ("f", "senior"), ("drawn", "senior debt"),
                                               ("reserve", "balance"), ("debt", "debt balance")])  # fmt: skip
def test_sums_are_sums_and_capital_and_reserve_are_equity_and_debt(where: str, broken: str) -> None:
    (identity,) = (clause for clause in terms(case()) if clause.rule == "terms.identity")
    v = decide(case(), CAPITAL, LOANS)
    assert identity.excess(v) == pytest.approx(np.zeros(identity.size), abs=1e-15)
    assert identity.equal
    v[0 if where == "x" else getattr(case().decision, where)] += 0.1
    found = {label for label, excess in zip(identity.labels, identity.excess(v), strict=True) if excess > 1e-12}
    assert found == set(broken.split())
    assert identity.excess(v).max() == pytest.approx(0.1)


def test_a_plain_portfolio_has_the_identity_alone() -> None:
    assert [clause.rule for clause in terms(al.Case.from_moments([0.1, 0.2], np.eye(2)))] == ["terms.identity"]


def test_a_line_without_a_cover_of_its_own_is_bound_by_the_covenant_only() -> None:
    made = tiny(COLUMNS | {"dscr [x]": [0, 0]}, [SENIOR | {"covenants": {"cover": "1.40x"}}])
    assert "cover" not in {clause.rule.removeprefix("terms.") for clause in terms(made)}
    assert list(members(made, "senior.cover")) == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "covenants", "message"),
    [
        ({"us-share [%]": None}, {"content": "51%"},
         "tranche 'senior' needs column 'us-share', which the universe lacks; add it to the universe"),
        ({}, {"single-obligor": "15%"},
         "the covenant 'single-obligor' of tranche 'senior' needs exposures, and the case has none; "
         "give exposures, or leave the covenant out"),
        ({"us-share [%]": None}, {"single-obligor": "15%", "content": "51%"},
         "tranche 'senior' needs column 'us-share', which the universe lacks; add it to the universe\n"
         "the covenant 'single-obligor' of tranche 'senior' needs exposures, and the case has none; "
         "give exposures, or leave the covenant out"),
    ],
)  # fmt: skip
def test_what_a_covenant_needs(columns: dict[str, Any], covenants: dict[str, str], message: str) -> None:
    given = {name: cells for name, cells in (COLUMNS | columns).items() if cells is not None}
    with pytest.raises(InputError) as caught:
        terms(tiny(given, [SENIOR | {"covenants": covenants}]))
    assert str(caught.value) == message
