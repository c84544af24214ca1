"""The door: a case and its rules to corner portfolios, or why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import POLICY, book, tiny
from hypothesis import given
from hypothesis import strategies as st
from portfolios import COVARIANCE, RULES, cap, plain, reserved

import allocator as al
from allocator.corners import obstacles


def test_a_plain_portfolio_as_its_user_sees_it() -> None:
    """By hand: at the cap chips leave it where 1.84 = (0.1008 - 0.0272) / 0.04, what moving to power saves in variance."""
    found = al.corner_portfolios(plain(), [cap("60%")])
    assert repr(found) == "CornerPortfolios('Portfolio', 3 corners, mean 7.1166% to 10.4000%)"
    assert list(found.corners.columns) == ["mean", "variance", "volatility", "slope", "change"]
    assert found.corners.index.tolist() == [1, 2, 3]
    assert found.corners["change"].tolist() == ["cap (chips) no longer binds", "ports enters", ""]
    assert found.corners["slope"].iloc[0] == pytest.approx(1.84, rel=1e-12)
    assert found.amounts.iloc[0].to_dict() == pytest.approx({"power": 0.4, "chips": 0.6, "ports": 0})
    least = np.linalg.solve(np.array(COVARIANCE), np.ones(3))
    assert found.amounts.iloc[-1].to_numpy() == pytest.approx(least / least.sum(), rel=1e-12)
    assert found.corners["variance"].iloc[-1] == pytest.approx(1 / least.sum(), rel=1e-12)
    assert (found.corners["volatility"] ** 2).to_numpy() == pytest.approx(found.corners["variance"].to_numpy())


def test_costs_and_the_reserve_count() -> None:
    """Return is net of the fee, with what the reserve earns; in the end all is reserve, at its yield and no risk."""
    found = al.corner_portfolios(reserved(), [cap()])
    assert found.corners["change"].tolist() == ["c enters", "cap (b) no longer binds", "the reserve enters", ""]
    assert found.amounts.iloc[0].to_dict() == pytest.approx({"a": 50, "b": 50, "c": 0, "reserve": 0}, abs=1e-12)
    assert found.corners["mean"].iloc[0] == pytest.approx(0.10 - 0.005, rel=1e-14)
    assert found.amounts.iloc[-1].to_dict() == pytest.approx({"a": 0, "b": 0, "c": 0, "reserve": 100}, abs=1e-9)
    assert found.corners["mean"].iloc[-1] == pytest.approx(0.02, rel=1e-12)
    # With cash the tail is straight in the volatility: half the excess return at half of it (Tobin 1958).
    mean = found.corners["mean"].iloc[2]
    half = found.at_mean((mean + 0.02) / 2)
    assert half.to_numpy()[:3] == pytest.approx(found.amounts.iloc[2].to_numpy()[:3] / 2, rel=1e-12)
    assert half["reserve"] == pytest.approx(50, rel=1e-12)
    assert half.name == "amount"
    assert found.at_variance(found.corners["variance"].iloc[2] / 4).to_numpy() == pytest.approx(half.to_numpy())


def test_rounding_makes_no_cap_of_what_leaves_and_no_room_at_a_cap() -> None:
    found = al.corner_portfolios(plain(), [cap("50%")])
    rounded = replace(found, line=replace(found.line, weights=found.line.weights + 1e-16))
    assert (rounded.line.weights != found.line.weights).any()
    assert rounded.corners["change"].tolist() == [
        "ports enters",
        "cap (chips) no longer binds",
        "cap (ports) binds",
        "",
    ]
    binds = [[str(member) for member in members] for members in rounded.binding]
    assert binds == [["cap (chips)"], [], ["cap (ports)"], ["cap (ports)"]]


def test_where_rules_bind() -> None:
    """A stretch a row: its rule and member, from the higher mean to the lower."""
    floor = al.rules.Share(id="floor", title="F", scope={"sector": "power"}, of="deployed", at_least="60%")
    size = al.rules.Amount(id="size", title="S", at_least="$80 bn")
    out = al.rules.Exclusion(id="out", title="O", scope={"line": "c"})
    found = al.corner_portfolios(reserved(), [floor, size, out])
    means = found.corners["mean"].to_numpy()
    told = [(rule, row["member"], row["from"], row["to"]) for rule, row in found.rules.iterrows()]
    (last,) = (k for k, change in enumerate(found.corners["change"]) if "size binds" in change)
    assert ("out", "", means[0], means[-1]) in told
    assert ("size", "", means[last], means[-1]) in told
    for k, members in enumerate(found.binding[:-1]):
        middle = found.at_mean((means[k] + means[k + 1]) / 2)
        deployed = middle[["a", "b", "c"]].sum()
        names = {member.rule for member in members}
        assert ("floor" in names) == bool(abs(middle["a"] + middle["c"] - 0.6 * deployed) < 1e-9)
        assert ("size" in names) == bool(abs(deployed - 80) < 1e-9)
        assert ("terms.capacity" in names) == bool(abs(middle["a"] - 70) < 1e-9)


@given(st.sets(st.sampled_from(sorted(RULES)), max_size=5), st.sampled_from([0.3, 1.0, 2.5]))
def test_it_agrees_with_allocate(names: set[str], aversion: float) -> None:
    """Return less so many times the variance: the corner line's best is what the house's solver proves."""
    case, rules = reserved(), book(*(RULES[name] for name in sorted(names)))
    out = al.allocate(case, rules, al.ExpectedReturn() - aversion * al.Variance(), resolve=False)
    if out.status == "infeasible":
        with pytest.raises(al.Infeasible):
            al.corner_portfolios(case, rules)
        return
    line = al.corner_portfolios(case, rules).line
    mean = float(np.interp(1 / aversion, 2 * line.slopes[::-1], line.means[::-1]))
    x = line.at_mean(mean)[:3]
    best = mean - aversion * float(x @ np.array(COVARIANCE) @ x)
    assert best == pytest.approx(out.record["certificate"]["bound"], abs=1e-8)
    assert best >= out.record["certificate"]["value"] - 1e-9


@pytest.mark.parametrize(
    ("case", "rules", "said"),
    [
        (
            lambda: al.read_case(Path(__file__).parent.parent / "examples" / "us-japan"),
            [],
            "with debt the frontier can't be traced exactly; leave the stack out",
        ),
        (
            lambda: reserved(compression={"from": "50%", "slope": "3%"}),
            [],
            "with compression, which bends the expected return, the frontier can't be traced exactly; "
            "leave compression out of fund.yaml",
        ),
        (
            reserved,
            [
                al.rules.Volatility(id="risk", title="R", of="deployed", at_most="15%"),
                al.rules.Concentration(
                    id="top", title="T", by="line", measure="top-n", n=2, of="deployed", at_most="90%"
                ),
                cap().changed("the rule", {"severity": "soft", "penalty": "300 bp"}),
            ],
            "rule 'risk' is not linear, and so the frontier can't be traced exactly; leave it out\n"
            "rule 'top' is not linear, and so the frontier can't be traced exactly; leave it out\n"
            "rule 'cap' is soft, and so the frontier can't be traced exactly; make it hard",
        ),
    ],
)
def test_what_is_not_exact_is_told(case: Any, rules: list[Any], said: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.corner_portfolios(case(), rules)
    assert str(caught.value) == said


def test_what_is_not_exact_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(POLICY + "    kind: volatility\n    of: deployed\n    at-most: 15%\n")
    rules = al.read_rules(path, as_of="2026-04-01")
    (fault,) = obstacles(reserved(), rules, rules.clauses(reserved()))
    assert str(fault).replace(f"{path}", "p.yaml") == (
        "p.yaml:5:5: rule 'one' is not linear, and so the frontier can't be traced exactly; leave it out"
    )
    assert obstacles(reserved(), book(cap()), book(cap()).clauses(reserved())) == []


def test_what_the_case_lacks_is_told() -> None:
    with pytest.raises(al.InputError) as caught:
        al.corner_portfolios(tiny({"expected-return [%]": [8, 12]}))
    assert (
        str(caught.value)
        == "objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )


def test_nothing_fits() -> None:
    with pytest.raises(al.Infeasible) as caught:
        al.corner_portfolios(plain(), [cap("30%")])
    assert str(caught.value) == "no allocation is within all limits"
