"""The least CVaR over very many scenarios, bare, under group rules, and as a rule; against the peers' bare one.

    python tests/benchmarks/bench_cvar.py [--rounds 5] [--scenarios 50000] BENCH [NAME=PYTHON ...]

BENCH is the folder with the peers' scripts, of which the instance is taken (100 lines, CVaR-95); a contestant is one of
the names in `p3_cvar.py` with the interpreter that has it, such as skfolio=venv/bin/python. Each run is a process of
its own, in turn. Told are medians of the seconds from the scenarios to a certified outcome, peaks of memory (the making
of the instance among it), and of ratios round by round. Peers take a minute each: `--peer-rounds` tells how many runs.
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

CONFIDENCE = 0.95
LINES = 100


def question(what: str, X: Any) -> tuple[Any, Any, Any]:
    """The case, rules and objective of `bare`, `groups` (ten groups, each capped and floored) or `rule`."""
    import pandas as pd

    import allocator as al

    names = [f"a{i}" for i in range(X.shape[1])]
    universe = al.Universe.build(
        {
            "id": names,
            "group": [f"g{i % 10}" for i in range(len(names))],
            "expected-return [1]": X.mean(axis=0).tolist(),
        }
    )
    case = al.Case.from_scenarios(pd.DataFrame(X, columns=names, copy=False), universe)
    share = al.rules.Share
    groups = [share(id="one", title="One", each="line", of="deployed", at_most="6%")]
    for k in range(10):
        scope = {"group": f"g{k}"}
        groups.append(share(id=f"most-{k}", title="M", scope=scope, of="deployed", at_most="15%"))
        groups.append(share(id=f"least-{k}", title="L", scope=scope, of="deployed", at_least="4%"))
    tail = al.rules.TailLoss(id="tail", title="Tail", confidence="95%", of="deployed", at_most="0.9%")
    return {
        "bare": (case, al.Rulebook(), al.TailLoss(CONFIDENCE)),
        "groups": (case, al.Rulebook(groups), al.TailLoss(CONFIDENCE)),
        "rule": (case, al.Rulebook([*groups, tail]), al.ExpectedReturn()),
    }[what]


def once(what: str, bench: str, scenarios: int) -> None:
    """One run, told as JSON."""
    sys.path[:0] = [bench]
    from common import heavy_scenarios

    import allocator as al

    case, rules, aim = question(what, heavy_scenarios(LINES, 600))
    al.allocate(case, rules.replace("tail", at_most="5%") if what == "rule" else rules, aim, resolve=False)
    X = heavy_scenarios(LINES, scenarios)
    start = time.perf_counter()
    case, rules, aim = question(what, X)
    out = al.allocate(case, rules, aim, resolve=False)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"took": took, "peak": peak, "status": out.status, "gap": out.certificate["gap"]}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("peers", nargs="*", metavar="NAME=PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-rounds", type=int, default=1)
    parser.add_argument("--scenarios", type=int, default=50_000)
    asked = parser.parse_args()
    bench = asked.bench.resolve()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    size = str(asked.scenarios)

    def run(command: list[str]) -> dict[str, Any]:
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=bench)
        return dict(json.loads(told.stdout.splitlines()[-1]))

    runs: dict[str, list[dict[str, Any]]] = {what: [] for what in ("bare", "groups", "rule")}
    for _ in range(asked.rounds):
        for what, own in runs.items():
            own.append(run([sys.executable, str(Path(__file__).resolve()), "once", what, str(bench), size]))
    for what, own in runs.items():
        took, peak = statistics.median(each["took"] for each in own), max(each["peak"] for each in own)
        told = {each["status"] for each in own}
        print(f"{what:8s} {took:7.2f} s  peak {peak:5.0f} MiB  {', '.join(told)}, gap {own[0]['gap']:.1e}")
    bare = statistics.median(each["took"] for each in runs["bare"])
    for name, python in (peer.split("=", 1) for peer in asked.peers):
        command = [python, str(bench / "p3_cvar.py"), "once", name, size]
        took = statistics.median(run(command)["took"] for _ in range(asked.peer_rounds))
        print(f"{name:8s} {took:7.2f} s  {took / bare:.1f} times as long as bare ({asked.peer_rounds} runs)")


if __name__ == "__main__":
    once(*sys.argv[2:4], int(sys.argv[4])) if sys.argv[1:2] == ["once"] else main()
