"""How long `why` takes on 120 lines and 40 rules, after the first program is compiled: the conflict and the repairs.

Run: `python tests/benchmarks/bench_why.py`. It prints the processor's time of each part, best of five, and its ratio to
the time of the first compile and solve; the repairs' own compile is in theirs.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np

import allocator as al
from allocator.fund import Fund
from allocator.rules import Rule
from allocator.stack import Tranche
from allocator.universe import Universe

LINES, SECTORS, PARTIES, ROUNDS = 120, 12, 20, 5


def case() -> al.Case:
    """120 made-up lines in 12 sectors, four tranches with covenants, compression, exposures."""
    rng = np.random.default_rng(2026)
    columns: dict[str, Any] = {
        "id": [f"line-{i:03d}" for i in range(LINES)],
        "sector": [f"sector-{k:02d}" for k in rng.integers(0, SECTORS, LINES)],
        "us-share [%]": rng.integers(20, 100, LINES).tolist(),
        "cash-yield [%]": np.round(rng.uniform(4, 9, LINES), 2).tolist(),
        "capacity [$ bn]": np.round(1500 / LINES * rng.lognormal(0, 0.5, LINES), 2).tolist(),
        "gearing [%]": rng.integers(40, 80, LINES).tolist(),
        "dscr [x]": np.round(rng.uniform(1.2, 1.6, LINES), 2).tolist(),
        "life [years]": rng.integers(8, 40, LINES).tolist(),
    }
    party = [rng.choice(PARTIES, 2, replace=False) for _ in range(LINES)]
    exposures = [
        (columns["id"][i], f"party-{p:02d}", round(float(rng.uniform(0.1, 0.9)), 2))
        for i in range(LINES)
        for p in party[i]
    ]
    terms = {"id": "bench", "title": "Bench", "equity": [{"holder": "o", "amount": "$300 bn"}], "reserve-yield": "3%",
             "fee": "10 bp", "compression": {"from": "50%", "slope": "3%"}}  # fmt: skip
    covenants = [{"cover": "1.30x"}, {"content": "51%"}, {"loan-to-value": "60%"}, {"single-obligor": "15%"}]
    stack = [
        Tranche.read({"id": f"loan-{t}", "capacity": "$150 bn", "cost": f"{5 + 0.2 * t:.1f}%", "tenor": "20 years",
                      "covenants": own})
        for t, own in enumerate(covenants)
    ]  # fmt: skip
    return al.Case(Fund.read(terms), Universe.build(columns).with_exposures(exposures), tuple(stack))


def rules(floor: str) -> al.Rulebook:
    """40 rules of most kinds, one of them a floor on what is deployed."""
    r = al.rules
    found: list[Rule] = [
        r.Amount(id="size", title="Size", at_least=floor),
        r.Share(id="one-line", title="Lines", each="line", of="deployed", at_most="5%"),
        r.Concentration(id="spread", title="Spread", by="sector", measure="hhi", of="deployed", at_most="0.12"),
        r.Concentration(
            id="breadth", title="Breadth", by="line", measure="effective-number", of="deployed", at_least="30"
        ),
        r.Concentration(id="top", title="Top", by="line", measure="top-n", n=5, of="deployed", at_most="22%"),
        r.LookThrough(id="behind", title="Behind", each="counterparty", of="deployed", at_most="15%"),
        r.Domicile(id="content", title="Content", country="US", basis="content", of="deployed", at_least="55%"),
        r.Leverage(id="debt", title="Debt", measure="debt-to-equity", at_most="1.9x"),
        r.Coverage(id="cover", title="Cover", measure="debt-service", haircut="15%", at_least="1.2x"),
        r.Coverage(id="interest", title="Interest", measure="interest", at_least="1.8x"),
        r.Ratio(id="ready", title="Ready", numerator="reserve", denominator="debt-service", at_least="0.5x"),
    ]
    for k in range(SECTORS):
        scope = {"sector": f"sector-{k:02d}"}
        found.append(r.Share(id=f"cap-{k}", title="Cap", scope=scope, of="deployed", at_most=f"{12 + k}%"))
        found.append(r.Share(id=f"floor-{k}", title="Floor", scope=scope, of="deployed", at_least=f"{2 + k % 3}%"))
    found += [
        r.Amount(id=f"seed-{k}", title="Seed", scope={"line": f"line-{k:03d}"}, at_least="$1 bn") for k in range(4)
    ]
    found.append(r.Exclusion(id="out", title="Out", scope={"line": "line-119"}))
    return al.Rulebook(found, as_of="2026-04-01")


def main() -> None:
    """Print a row for each floor."""
    from allocator import reasons
    from allocator.diagnosis.feasibility import Feasibility, blamable
    from allocator.program import Program

    warnings.simplefilter("ignore")
    given = case()
    print(f"{len(given.universe)} lines, {len(rules('$1 bn'))} rules, {given.decision.size} entries; best of {ROUNDS}")
    for floor in ("$720 bn", "$750 bn", "$900 bn"):
        book = rules(floor)
        clauses = book.clauses(given)
        best: dict[str, float] = {}
        for _ in range(ROUNDS):
            solves = 0

            def counted(*args: Any, inner: Callable[..., Any] = Program.solve, **named: Any) -> Any:
                nonlocal solves
                solves += 1
                return inner(*args, **named)

            with mock.patch.object(Program, "solve", counted):
                begun = time.process_time()
                feasibility = Feasibility(given, blamable(given, clauses))
                verdict = feasibility.check()
                compiled = time.process_time() - begun
                begun, wall = time.process_time(), time.perf_counter()
                record = reasons._Reasons(given, book, feasibility, verdict, ()).record()
                after, wall = time.process_time() - begun, time.perf_counter() - wall
            if after < best.get("after", np.inf):
                best = {"compile": compiled, "after": after, "wall": wall, "solves": solves}
        members = [member.get("rule") or member["term"] for member in record["conflict"]]
        print(f"  floor {floor}: {verdict.status}; conflict of {len(members)}: {', '.join(members)}")
        print(f"    compile and first solve {best['compile']:.3f} s; conflict and repairs {best['after']:.3f} s "
              f"({best['wall']:.3f} s of wall), {best['after'] / best['compile']:.1f} times that; "
              f"{best['solves']} solves")  # fmt: skip


if __name__ == "__main__":
    main()
