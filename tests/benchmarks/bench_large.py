"""Ten thousand lines in twenty sectors: where time and memory go. Run it as a script.

    python tests/benchmarks/bench_large.py [LINES] [--levered]

It prints a split of the time and the peak of resident memory, each variant in a process of its own, and fails if one
is not certified or takes 500 MiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import allocator as al
from allocator.fund import Fund
from allocator.stack import Tranche
from allocator.universe import Universe

SECTORS, PARTIES = 20, 50
MOST_MIB = 500


def universe(lines: int, levered: bool) -> Universe:
    """A table of made-up lines, the same for the same number."""
    rng = np.random.default_rng(2026)
    sector = rng.integers(0, SECTORS, lines)
    columns: dict[str, Any] = {
        "id": [f"line-{i:05d}" for i in range(lines)],
        "sector": [f"sector-{k:02d}" for k in sector],
        "cash-yield [%]": (rng.uniform(3, 8, lines) + sector * 0.05).round(3).tolist(),
        "strategic-weight": rng.uniform(0, 1, lines).round(3).tolist(),
        "capacity [$ bn]": (1500 / lines * rng.lognormal(0, 0.5, lines)).round(6).tolist(),
    }
    if levered:
        columns |= {
            "gearing [%]": rng.integers(40, 80, lines).tolist(),
            "dscr [x]": rng.uniform(1.2, 1.6, lines).round(2).tolist(),
            "life [years]": rng.integers(8, 40, lines).tolist(),
        }
    party = np.array([rng.choice(PARTIES, 2, replace=False) for _ in range(lines)])
    share = rng.uniform(0.1, 0.9, (lines, 2)).round(3)
    exposures = [
        (columns["id"][i], f"party-{party[i, k]:02d}", float(share[i, k])) for i in range(lines) for k in range(2)
    ]
    return Universe.build(columns).with_exposures(exposures)


def large_case(lines: int, levered: bool) -> al.Case:
    """A fund of $300 bn over them; levered, with two tranches, gearing, cover and compression."""
    terms: dict[str, Any] = {
        "id": "large",
        "title": f"{lines} lines",
        "equity": [{"holder": "owner", "amount": "$300 bn"}],
        "reserve-yield": "3%",
        "fee": "10 bp",
    }
    stack: tuple[Tranche, ...] = ()
    if levered:
        terms["compression"] = {"from": "50%", "slope": "3%"}
        senior = {"id": "senior", "capacity": "$200 bn", "cost": "4.5%", "tenor": "18 years"}
        bonds = {"id": "bonds", "capacity": "$200 bn", "cost": "5.5%", "tenor": "20 years"}
        stack = (
            Tranche.read({**senior, "covenants": {"single-obligor": "8%"}}),
            Tranche.read({**bonds, "covenants": {"cover": "1.4x"}}),
        )
    return al.Case(Fund.read(terms), universe(lines, levered), stack)


def large_rules(lines: int) -> al.Rulebook:
    """A cap on each line and sector, the sectors' concentration, and what stands behind the lines."""
    rules = al.rules
    return al.Rulebook(
        [
            rules.Share(id="one-line", title="Lines", each="line", of="deployed", at_most=f"{300 / lines:.6f}%"),
            rules.Share(id="one-sector", title="Sectors", each="sector", of="deployed", at_most="6.5%"),
            rules.Concentration(
                id="spread", title="Spread", by="sector", measure="hhi", of="deployed", at_most="0.0515"
            ),
            rules.LookThrough(id="behind", title="Suppliers", each="counterparty", of="deployed", at_most="2.2%"),
        ],
        as_of="2026-04-01",
    )


def timed(module: Any, name: str, spent: dict[str, float], label: str) -> None:
    """Add up the time that a function takes."""
    inner: Callable[..., Any] = getattr(module, name)

    def outer(*args: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return inner(*args, **named)
        finally:
            spent[label] = spent.get(label, 0.0) + time.perf_counter() - start

    setattr(module, name, outer)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(lines: int, levered: bool) -> bool:
    """Allocate one variant and tell how it went."""
    import cvxpy as cp

    from allocator import certificate, optimum, outcome, program, record

    spent: dict[str, float] = {}
    begun = time.perf_counter()
    case, rules = large_case(lines, levered), large_rules(lines)
    spent["case"] = time.perf_counter() - begun
    after_case = peak_mib()
    timed(al.Rulebook, "clauses", spent, "clauses")
    timed(program.Program, "__init__", spent, "program")
    timed(cp.Problem, "get_problem_data", spent, "compile and write")
    timed(cp.Problem, "unpack_results", spent, "read back")
    for name in ("Solve", "solve_via_data"):
        from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import CLARABEL
        from cvxpy.reductions.solvers.qp_solvers.highs_qpif import HIGHS

        for kind in (CLARABEL, HIGHS):
            if name in vars(kind):
                timed(kind, name, spent, "solver")
    timed(optimum, "certify", spent, "certificate")
    timed(program.Program, "_multipliers", spent, "multipliers")
    timed(record, "optimal", spent, "record")
    _ = certificate
    begun = time.perf_counter()
    found = outcome.allocate(case, rules, al.DividendYield(), resolve=False)
    total = time.perf_counter() - begun
    peak = peak_mib()
    proved = found.record["certificate"]
    binding = {each["rule"]: len(each["binding"]) for each in found.record["rules"]}
    print(f"{'levered' if levered else 'unlevered'}, {lines} lines, {case.decision.size} entries: {found.status}")
    print(f"  yield {proved['value']:.6%}, gap {proved['gap']:.2e} of {proved['allowed']:.0e}, binding {binding}")
    print(
        "  tries:", "; ".join(f"{a['solver']} at {a['tolerance']:g}: {a['result']}" for a in found.record["attempts"])
    )
    print(f"  allocate {total:.1f} s:", ", ".join(f"{name} {took:.2f}" for name, took in spent.items()))
    print(f"  peak {peak:.0f} MiB ({after_case:.0f} before allocating)")
    begun = time.perf_counter()
    verified = bool(al.verify(found, case, rules))
    print(f"  verify {time.perf_counter() - begun:.2f} s: {verified}, peak {peak_mib():.0f} MiB", flush=True)
    return found.status == "optimal" and verified and peak < MOST_MIB


def main(arguments: list[str]) -> int:
    """Each variant in its own process, since the peak is the process's."""
    lines = next((int(each) for each in arguments if each.isdigit()), 10_000)
    for flag, levered in (("--unlevered", False), ("--levered", True)):
        if flag in arguments:
            return 0 if run(lines, levered) else 1
    codes = [
        subprocess.run([sys.executable, __file__, str(lines), flag], check=False).returncode
        for flag in ("--unlevered", "--levered")
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
