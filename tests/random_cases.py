"""Cases and rules at random, the same for the same seed: most ask for more than they allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from helpers import book

import allocator as al
from allocator.fund import Fund
from allocator.risk import Risk
from allocator.rules import Rule
from allocator.stack import Tranche
from allocator.stresses import Stress
from allocator.universe import Universe

Rng = np.random.Generator


def random_case(rng: Rng) -> al.Case:
    """Three to eight lines in three sectors, up to three tranches with covenants, exposures, risk."""
    n = int(rng.integers(3, 9))
    columns: dict[str, Any] = {
        "id": [f"line-{i}" for i in range(n)],
        "sector": rng.choice(["power", "chips", "ports"], n).tolist(),
        "domicile": rng.choice(["US", "JP"], n, p=[0.7, 0.3]).tolist(),
        "us-share [%]": rng.integers(10, 100, n).tolist(),
        "cash-yield [%]": np.round(rng.uniform(4, 9, n), 2).tolist(),
        "capacity [$ bn]": rng.integers(8, 70, n).tolist(),
        "gearing [%]": rng.integers(35, 80, n).tolist(),
        "dscr [x]": rng.choice([0.0, 1.2, 1.35, 1.5], n).tolist(),
        "life [years]": rng.integers(8, 35, n).tolist(),
        "supplied [MW/$ bn]": rng.choice([0, 40, 200], n).tolist(),
        "needed [MW/$ bn]": rng.choice([0, 10, 60], n).tolist(),
    }
    exposures = {
        (f"line-{rng.integers(n)}", str(rng.choice(["acme", "zeta", "iota"]))): round(float(rng.uniform(0.2, 0.9)), 2)
        for _ in range(n)
    }
    universe = Universe.build(columns).with_exposures([(line, party, s) for (line, party), s in exposures.items()])
    terms: dict[str, Any] = {"id": "random", "title": "Random", "equity": [{"holder": "o", "amount": "$100 bn"}]}
    if rng.random() < 0.5:
        terms["compression"] = {"from": f"{rng.integers(30, 70)}%", "slope": "3%"}
    if rng.random() < 0.2:
        terms["fully-invested"] = "yes"
    factor = rng.normal(size=(n, n)) * 0.08
    risk = Risk.from_covariance(factor @ factor.T + np.diag(rng.uniform(0.002, 0.03, n)), universe.ids)
    stack = tuple(_tranche(rng, t) for t in range(rng.integers(0, 4)))
    risk = replace(risk, scenarios=rng.normal(0.06, 0.15, (int(rng.integers(3, 30)), n)))
    return al.Case(
        Fund.read(terms),
        universe,
        stack,
        risk,
        stresses=tuple(_stress(rng, name, universe) for name in ("slump", "tariff")),
        holdings={line: round(float(rng.uniform(0, 150 / n)), 1) for line in universe.ids if rng.random() < 0.6},
        benchmark=dict(zip(universe.ids, np.round(rng.dirichlet(np.ones(n)), 9).tolist(), strict=True)),
    )


def _stress(rng: Rng, name: str, universe: Universe) -> Stress:
    scopes = [{"sector": str(rng.choice(universe.texts["sector"]))}, {"line": str(rng.choice(universe.ids))}, "all"]
    shocks = [{"scope": scope, "return": f"{rng.integers(-30, 5)}%"} for scope in scopes]
    return Stress.read({"id": name, "title": name, "story": "A bad year.", "shocks": shocks})


def _tranche(rng: Rng, number: int) -> Tranche:
    covenants = {
        "cover": f"{rng.uniform(1.2, 1.8):.2f}x",
        "loan-to-value": f"{rng.integers(30, 60)}%",
        "content": f"{rng.integers(30, 70)}%",
        "single-obligor": f"{rng.integers(15, 60)}%",
    }
    chosen = {name: value for name, value in covenants.items() if rng.random() < 0.25}
    return Tranche.read(
        {
            "id": f"loan-{number}",
            "capacity": f"${rng.integers(10, 60)} bn",
            "cost": f"{rng.uniform(4, 6):.2f}%",
            "tenor": f"{rng.integers(8, 30)} years",
            "repayment": str(rng.choice(["annuity", "bullet"])),
            "covenants": chosen,
        }
    )


def random_rules(rng: Rng, case: al.Case) -> al.Rulebook:
    """A floor on what is deployed, and three to eight others of any kind."""
    most = min(float(case.universe.numbers["capacity"].sum()), 100 + sum(float(t.capacity) for t in case.stack))
    floor = al.rules.Amount(id="size", title="Size", at_least=f"${most * rng.uniform(0.5, 1.1):.1f} bn")
    pool = _pool(rng, case)
    chosen = rng.permutation(len(pool))[: rng.integers(3, 9)]
    return book(floor, *(pool[i] for i in sorted(chosen)))


def _pool(rng: Rng, case: al.Case) -> list[Rule]:
    rules, u = al.rules, case.universe
    line = u.ids[int(rng.integers(len(u)))]
    sectors = sorted(set(u.texts["sector"]))
    found: list[Rule] = [
        rules.Share(id="line", title="L", each="line", of="deployed", at_most=f"{rng.integers(12, 45)}%"),
        rules.Share(id="sector", title="S", each="sector", of="deployed", at_most=f"{rng.integers(30, 70)}%"),
        rules.Share(
            id="part", title="P", scope={"sector": sectors[0]}, of="deployed", at_least=f"{rng.integers(5, 60)}%"
        ),
        rules.Share(id="equity", title="E", scope={"line": line}, of="equity", at_most=f"{rng.integers(0, 30)}%"),
        rules.Concentration(
            id="hhi", title="H", by="line", measure="hhi", of="deployed", at_most=f"{rng.uniform(0.12, 0.4):.3f}"
        ),
        rules.Concentration(
            id="many",
            title="M",
            by="line",
            measure="effective-number",
            of="deployed",
            at_least=f"{rng.uniform(2, len(u)):.2f}",
        ),
        rules.Concentration(
            id="top", title="T", by="line", measure="top-n", n=2, of="total-assets", at_most=f"{rng.integers(25, 70)}%"
        ),
        rules.Volatility(id="risk", title="R", of="deployed", at_most=f"{rng.uniform(5, 16):.1f}%"),
        rules.TailLoss(
            id="tail",
            title="T",
            of="deployed",
            confidence=f"{rng.integers(50, 98)}%",
            at_most=f"{rng.integers(2, 15)}%",
        ),
        rules.StressLoss(id="stress", title="S", each="stress", of="equity", at_most=f"{rng.integers(5, 40)}%"),
        rules.Tracking(id="near", title="N", of="deployed", at_most=f"{rng.uniform(1, 9):.1f}%"),
        rules.Ratio(
            id="mw",
            title="W",
            numerator={"column": "supplied"},
            denominator={"column": "needed"},
            at_least=f"{rng.uniform(0.8, 2.5):.2f}x",
        ),
        rules.LookThrough(
            id="behind", title="B", each="counterparty", of="deployed", at_most=f"{rng.integers(8, 35)}%"
        ),
        rules.Amount(id="cash", title="C", measure="reserve", at_least=f"${rng.integers(2, 40)} bn"),
        rules.Exclusion(id="out", title="O", scope={"line": u.ids[0]}),
    ]
    if "US" in u.texts["domicile"]:
        found.append(
            rules.Domicile(
                id="home", title="D", country="US", basis="seat", of="deployed", at_least=f"{rng.integers(50, 99)}%"
            )
        )
    if case.holdings:
        found.append(rules.Turnover(id="moved", title="M", at_most=f"{rng.integers(3, 60)}%"))
    if case.stack:
        found += [
            rules.Leverage(id="debt", title="D", measure="debt-to-equity", at_most=f"{rng.uniform(0.1, 1.2):.2f}x"),
            rules.Coverage(
                id="cover", title="C", measure="debt-service", haircut="10%", at_least=f"{rng.uniform(1.1, 3):.2f}x"
            ),
            rules.Ratio(
                id="ready",
                title="Y",
                numerator="reserve",
                denominator="debt-service",
                at_least=f"{rng.uniform(0.3, 3):.2f}x",
            ),
        ]
    return found
