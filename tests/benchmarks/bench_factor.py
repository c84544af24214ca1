"""A factor model of very many lines under forty rules: `allocate` against bare PIQP on the same data, and its growth.

    python tests/benchmarks/bench_factor.py [--rounds 5] [--lines 10000] BENCH [pypfopt=PYTHON]

BENCH is the folder with the peers' scripts, of which the instance is taken (50 factors, a cap of 5% a line). Each run is
a process of its own, in turn. Told are medians of the seconds that `allocate` takes from a case to a certified outcome
(the case's own making beside it), of bare PIQP's set-up and solve at the tolerance that was asked for there, the ratio
of the two round by round, the peak of memory; and for N from 100 to 30,000 by what power of N the time grows.
PyPortfolioOpt solves the bare problem, without the forty rules, and with the covariance multiplied out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000)
FACTORS = 50


def case_and_rules(mu: Any, B: Any, d: Any) -> tuple[Any, Any]:
    """The factor model's lines in 20 sectors and 18 countries; caps of lines, sectors and countries, and a floor."""
    import numpy as np

    import allocator as al

    n, rng = len(mu), np.random.default_rng(0)
    universe = al.Universe.build(
        {
            "id": [f"a{i}" for i in range(n)],
            "sector": [f"s{k}" for k in rng.integers(0, 20, n)],
            "country": [f"c{k}" for k in rng.integers(0, 18, n)],
            "expected-return [1]": mu.tolist(),
        }
    )
    case = al.Case.from_factors(universe, B, np.sqrt(d))
    share = al.rules.Share
    rules = [share(id="one", title="One", each="line", of="deployed", at_most="5%")]
    for column, count, most in (("sector", 20, 8), ("country", 18, 9)):
        for k in range(count):
            scope = {column: f"{column[0]}{k}"}
            rules.append(share(id=f"{column}-{k}", title="G", scope=scope, of="deployed", at_most=f"{most}%"))
    rules.append(share(id="floor", title="F", scope={"sector": ["s0", "s1"]}, of="deployed", at_least="5%"))
    assert len(rules) == 40
    return case, al.Rulebook(rules)


def once(what: str, bench: str, lines: int) -> None:
    """One run of `ours`, `bare` or `pypfopt`, told as JSON."""
    sys.path[:0] = [str(Path(__file__).parent), bench]
    from common import factor_model

    mu, B, d = factor_model(lines, FACTORS)
    if what == "pypfopt":
        import p4_factor

        start = time.perf_counter()
        p4_factor.SOLVERS[what](mu, B, d)
        print(json.dumps({"took": time.perf_counter() - start, "peak": peak()}))
        return
    import allocator as al
    from allocator.solvers.piqp import Piqp

    warm = case_and_rules(*factor_model(120, 5))
    aim = al.ExpectedReturn() - 2.0 * al.Variance()
    al.allocate(*warm, aim, resolve=False)
    start = time.perf_counter()
    case, rules = case_and_rules(mu, B, d)
    made = time.perf_counter() - start
    if what == "ours":
        start = time.perf_counter()
        out = al.allocate(case, rules, aim, resolve=False)
        took = time.perf_counter() - start
        assert out.status == "optimal"
        print(json.dumps({"took": took, "made": made, "peak": peak(), "solver": out.record["attempts"][-1]["solver"]}))
        return
    import numpy as np

    from allocator.program import Program
    from allocator.question import Question

    program = Program(rules.clauses(case), [aim.score(case)], case.box, case.spread)
    conic = program._written("first").conic(Question(np.full(1, program.scale([1.0])), 0.0))
    started = Piqp.start(conic, 1e-10)
    start = time.perf_counter()
    assert started(conic).status == "optimal"
    print(json.dumps({"took": time.perf_counter() - start, "peak": peak()}))


def peak() -> float:
    """The most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("peers", nargs="*", metavar="NAME=PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=10_000)
    asked = parser.parse_args()
    bench = str(asked.bench.resolve())
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}

    def run(what: str, lines: int, python: str = sys.executable) -> dict[str, Any]:
        command = [python, __file__, "once", what, bench, str(lines)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return dict(json.loads(told.stdout.splitlines()[-1]))

    runs = [(run("ours", asked.lines), run("bare", asked.lines)) for _ in range(asked.rounds)]
    ours, bare = (statistics.median(pair[k]["took"] for pair in runs) for k in (0, 1))
    ratio = statistics.median(one["took"] / other["took"] for one, other in runs)
    made = statistics.median(one["made"] for one, _ in runs)
    print(f"N={asked.lines}: allocate {ours:.3f} s ({runs[0][0]['solver']}), bare PIQP {bare:.3f} s, {ratio:.2f} times")
    print(f"peak {max(one['peak'] for one, _ in runs):.0f} MiB; the case took {made:.3f} s to make")
    for name, python in (peer.split("=", 1) for peer in asked.peers):
        took = run(name, asked.lines, python)["took"]
        print(f"{name}, bare and dense, one run: {took:.0f} s, {took / ours:.0f} times as long as allocate")
    import numpy as np

    times = [statistics.median(run("ours", lines)["took"] for _ in range(3)) for lines in SIZES]
    for lines, took in zip(SIZES, times, strict=True):
        print(f"  N={lines:6d} {took:8.3f} s")
    whole, tail = (np.polyfit(np.log(SIZES[k:]), np.log(times[k:]), 1)[0] for k in (0, 3))
    print(f"grows with N to the {whole:.2f} over all, {tail:.2f} from {SIZES[3]:,} on")


if __name__ == "__main__":
    once(*sys.argv[2:4], int(sys.argv[4])) if sys.argv[1:2] == ["once"] else main()
