"""What many tests do: build a tiny case, solve it, and measure a price by solving again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import allocator as al
from allocator.cli import main
from allocator.fund import Fund
from allocator.objectives import Aim
from allocator.principals import Principal, Waterfall
from allocator.risk import Risk
from allocator.rules import Rule
from allocator.shapes import Clause
from allocator.sparse import Sparse, Vector
from allocator.stack import Tranche
from allocator.stresses import Stress
from allocator.universe import Universe

DAY = "2026-04-01"


def tiny(
    columns: Mapping[str, Sequence[Any]],
    tranches: Sequence[Mapping[str, Any]] = (),
    exposures: Sequence[tuple[str, str, float]] = (),
    covariance: Any = None,
    principals: Sequence[Mapping[str, Any]] = (),
    waterfall: Mapping[str, Any] | None = None,
    scenarios: Any = None,
    stresses: Sequence[Mapping[str, Any]] = (),
    holdings: Mapping[str, float] | None = None,
    benchmark: Mapping[str, float] | None = None,
    **fund: Any,
) -> al.Case:
    """A case of a few lines, a, b, c...; equity is $100 bn, the reserve earns nothing, there is no fee."""
    count = len(next(iter(columns.values())))
    universe = Universe.build({"id": list("abcdefgh"[:count]), **columns})
    if exposures:
        universe = universe.with_exposures(exposures)
    terms = {"id": "tiny", "title": "Tiny", "equity": [{"holder": "owner", "amount": "$100 bn"}]}
    risk = None if covariance is None else Risk.from_covariance(np.asarray(covariance, float), universe.ids)
    risk = risk if scenarios is None else Risk.from_scenarios(np.asarray(scenarios, float))
    return al.Case(
        Fund.read(terms | fund),
        universe,
        tuple(map(Tranche.read, tranches)),
        risk,
        stresses=tuple(map(Stress.read, stresses)),
        holdings=holdings or {},
        benchmark=benchmark or {},
        principals=tuple(map(Principal.read, principals)),
        waterfall=None if waterfall is None else Waterfall.read(waterfall),
    )


def book(*rules: Rule) -> al.Rulebook:
    return al.Rulebook(rules, as_of=DAY)


def solve(case: al.Case, rules: al.Rulebook | Rule, aim: Aim | None = None, resolve: bool = False) -> al.Outcome:
    """The certified optimum; for dividend yield by default."""
    rules = book(rules) if isinstance(rules, Rule) else rules
    out = al.allocate(case, rules, al.DividendYield() if aim is None else aim, resolve=resolve)
    assert out.status == "optimal", out.record
    return out


def covariance(case: al.Case) -> Vector:
    """The covariance of a case's lines (n x n)."""
    assert case.risk is not None
    factor = np.array([case.risk.factor @ line for line in np.eye(len(case.universe))])
    return np.asarray(factor @ factor.T)


def everything() -> al.Case:
    """Four lines, a tranche, and all that a rule or an objective may ask for: scenarios, stresses, a benchmark, holdings.

    The scenarios are drawn once; with n lines of volatility s they move together by a half.
    """
    columns: dict[str, Any] = {
        "sector": ["compute", "compute", "power", "ports"],
        "domicile": ["US", "JP", "US", "CA"],
        "site": ["US", "US", "US", "CA"],
        "us-share [%]": [90, 40, 75, 10],
        "cash-yield [%]": [7.0, 7.5, 6.5, 6.0],
        "expected-return [%]": [8.0, 13.0, 9.0, 8.5],
        "strategic-weight": [0.76, 0.82, 0.75, 0.40],
        "capacity [$ bn]": [60, 40, 60, 50],
        "gearing [%]": [60, 50, 65, 60],
        "dscr [x]": [1.25, 1.5, 1.35, 1.45],
        "life [years]": [24, 8, 20, 20],
        "needed [MW/$ bn]": [75, 22, 0, 3],
        "supplied [MW/$ bn]": [0, 0, 310, 0],
        "yield-error [%]": [1.0, 2.0, 1.2, 0.8],
    }
    loan = {"id": "loan", "capacity": "$50 bn", "cost": "4.5%", "tenor": "18 years"}
    terms = {"reserve-yield": "3%", "fee": "10 bp", "compression": {"from": "50%", "slope": "3%"}}
    owners = {
        "equity": [{"holder": "one", "amount": "$60 bn"}, {"holder": "two", "amount": "$40 bn"}],
        "principals": [
            {"id": "east", "title": "East", "holder": "one", "funding": "4%"}
            | {"strategic": {"column": "strategic-weight", "worth": "200 bp"}},
            {"id": "west", "title": "West", "holder": "two", "funding": "3%"},
        ],
    }
    exposures = [("a", "acme", 0.3), ("b", "acme", 0.8), ("d", "zeta", 0.5)]
    slump = [{"scope": {"sector": "compute"}, "return": "-40%"}, {"scope": "all", "return": "-5%"}]
    stresses = [{"id": "slump", "title": "Slump", "story": "Orders stop.", "shocks": slump}]
    case = tiny(columns, [loan], exposures=exposures, stresses=stresses, **terms, **owners)
    rng = np.random.default_rng(3)
    moves = np.sqrt(0.5) * (rng.normal(size=(40, 1)) + rng.normal(size=(40, 4)))
    returns = case.universe.numbers["expected-return"] + moves * np.array([0.12, 0.30, 0.15, 0.15])
    return replace(
        case,
        risk=Risk.from_scenarios(returns),
        benchmark={"a": 0.4, "b": 0.1, "c": 0.3, "d": 0.2},
        holdings={"a": 30.0, "c": 40.0},
    )


def dense(matrix: Sparse) -> Vector:
    """All entries of a sparse matrix."""
    out = np.zeros(matrix.shape)
    np.add.at(out, (matrix.row, matrix.column), matrix.value)
    return out


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def amounts(out: al.Outcome) -> list[float]:
    return out.amounts["amount"].tolist()


def value(out: al.Outcome) -> float:
    """The optimum: its proved bound, which no canonical choice moves."""
    return float(out.record["certificate"]["bound"])


STEP = {"share": 0.01, "rate": 1e-4, "money": 1.0, "multiple": 0.01, "index": 0.01}


def price(out: al.Outcome, rule: str, number: str) -> float:
    """What one unit (100%, $1 bn, 1.00x) of a rule's number is worth to the objective."""
    (found,) = (p for p in out.record["prices"] if (p["of"], p["number"]) == (rule, number))
    return float(found["worth"]) / STEP[found["unit"]]


def slope(case: al.Case, rules: al.Rulebook | Rule, number: str, low: str, high: str, aim: Aim | None = None) -> float:
    """The central difference of the optimum, the first rule's number being replaced by two texts around its own."""
    rules = book(rules) if isinstance(rules, Rule) else rules
    field = number.replace("-", "_")
    name = rules.rules[0].id
    down, up = (value(solve(case, rules.replace(name, **{field: text}), aim)) for text in (low, high))
    return (up - down) / (_plain(high) - _plain(low))


def _plain(text: str) -> float:
    number = text.lstrip("$ ").rstrip("%xbn ")
    return float(number) * (0.01 if text.endswith("%") else 1.0)


def check_price(
    case: al.Case, rules: al.Rulebook | Rule, number: str, low: str, high: str, aim: Aim | None = None
) -> float:
    """The first rule's price agrees with central differences within 0.2%, and is not zero; returns it."""
    rules = book(rules) if isinstance(rules, Rule) else rules
    told = price(solve(case, rules, aim), rules.rules[0].id, number)
    assert told != 0
    assert told == pytest.approx(slope(case, rules, number, low, high, aim), rel=2e-3)
    return told


def decisions(case: al.Case) -> st.SearchStrategy[Vector]:
    """Any capital within 1.5 of capacity and any loans, as v; zeros among them."""
    d = case.decision
    part = st.one_of(st.just(0.0), st.floats(1e-3, 1.5))
    return st.lists(part, min_size=d.n + d.pairs, max_size=d.n + d.pairs).map(
        lambda parts: d.vector(
            np.array(parts[: d.n]) * np.minimum(case.box.high[: d.n], 1.0),
            np.array(parts[d.n :]) * case.box.high[d.f : d.reserve],
        )
    )


def dollars(case: al.Case, v: Vector) -> tuple[Vector, Vector]:
    """Capital by line, and loans by line and tranche, in $ bn."""
    d = case.decision
    loans = np.zeros((d.n, len(d.tranches)))
    loans[d.pair_line, d.pair_tranche] = v[d.f : d.reserve] * case.equity
    return v[: d.n] * case.equity, loans


def check_clause(clause: Clause, v: Vector, measured: Sequence[float], limit: float, seed: int = 0) -> None:
    """A clause says the same as a formula: its members measure what they should, and are broken where they should be.

    Also its tangents lie below its bend, whatever the witness, and touch it at the own one.
    """
    measured = np.atleast_1d(np.asarray(measured, float))
    told = clause.numbers[0].at(clause.level(v))
    np.testing.assert_allclose(told, measured, rtol=1e-7, atol=1e-12)
    over = (limit - measured if clause.at_least else measured - limit) > 0
    clear = np.abs(measured - limit) > 1e-9
    assert ((clause.excess(v) > 0) == over)[clear].all()
    check_tangents(clause, v, seed)


def check_tangents(clause: Clause, v: Vector, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0, 2, clause.size)
    bent = float(weight @ clause.bend(v))
    own = clause.witness(v)
    for witness, touches in (
        (own, True),
        (own + rng.normal(size=own.shape), False),
        (rng.normal(size=own.shape), False),
    ):
        line, constant = clause.pull(weight, clause.valid(witness))
        tangent = float(line @ v + constant)
        assert tangent <= bent + 1e-9 * (1 + abs(bent))
        if touches:
            assert tangent == pytest.approx(bent, rel=1e-9, abs=1e-12)


POLICY = """\
format: allocator/policy/1
policy: {id: try, title: Try, status: example, owner: me, effective: {from: 2026-04-01}}
sources: {book: {title: A book}}
rules:
  - id: one
    title: One
    authority: book
    why: A test.
"""


def refused(tmp_path: Path, lines: str, case: al.Case | None = None) -> str:
    """What is said of a policy file with one rule of these lines, which stand from line 9 on."""
    path = tmp_path / "p.yaml"
    path.write_text(POLICY + "".join(f"    {line}\n" for line in lines.strip().splitlines()))
    with pytest.raises(al.InputError) as caught:
        al.read_rules(path, as_of=DAY).clauses(case)  # type: ignore[arg-type]
    return str(caught.value).replace(f"{path}:", "p.yaml:")
