"""Re-solves of the 24-line fund in one process: a session against bare solver loops and against cvxpy.

    python tests/benchmarks/bench_session.py BENCH [--scenarios 2000] [--rounds 7]

BENCH is the folder with the peers' scripts, of which the instance and its scenarios are taken. All contestants run in
turn, round by round; told are medians in microseconds a solve, and the median of the ratios taken round by round.

- bare: Clarabel's `update()` and `solve()` on the numbers that the session hands over, written out beforehand;
- session: values of inputs in, the optimum, its proof and the prices of all inputs out;
- sweep: the chunks of a sweep on two threads, a session each, with all that a sweep tells of a scenario, kept on disk;
- cvxpy rebuilt: the problem stated anew for every scenario, as the peers' script has it (if cvxpy is there).

Other than the optimum, its proof and its prices, nothing is timed. The canonical choice and what prices are checked
with are timed apart: `bench_us_japan.py` has both.
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("--scenarios", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).parent), str(asked.bench)]
    import ours
    from common import clarabel_solver, fund_conic, fund_instance, fund_objective, fund_scenarios

    instance = fund_instance()
    scenarios = fund_scenarios(instance, asked.scenarios)
    values = [ours.p1_values(scenario) for scenario in scenarios]
    session = ours.p1_made(instance)
    found = [session.solve(value) for value in values]
    truth = [
        fund_objective(s, np.asarray(clarabel_solver(fund_conic(s), tol=1e-10).solve().x)) for s in scenarios[:200]
    ]
    error = max(abs(one.value - two) / abs(two) for one, two in zip(found[:200], truth, strict=True))
    certified = sum(one.status == "optimal" for one in found)
    print(f"{certified} of {len(found)} certified, objectives within {error:.0e} of 1e-10 solves")

    runs: dict[str, Callable[[], Any]] = {
        "bare": bare(session, values),
        "session": lambda: [session.solve(value) for value in values],
        "sweep": sweep(session, values),
    }
    few = scenarios[: max(len(scenarios) // 40, 1)]
    share = {"cvxpy rebuilt": len(few) / len(scenarios)}
    try:
        import p1_warm

        rebuilt = p1_warm.cvxpy_rebuild(dict(instance), solver="CLARABEL")
        runs["cvxpy rebuilt"] = lambda: [rebuilt(scenario) for scenario in few]
    except ImportError:
        print("cvxpy is not installed, and left out")
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(-1, asked.rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if turn >= 0:
                times[name].append((time.perf_counter() - start) / share.get(name, 1.0))
    for name, own in times.items():
        ratio = statistics.median(mine / base for mine, base in zip(own, times["bare"], strict=True))
        print(f"{name:14s} {1e6 * statistics.median(own) / len(values):9.1f} us a solve {ratio:8.2f} times bare")
    if "cvxpy rebuilt" in times:
        pairs = zip(times["cvxpy rebuilt"], times["session"], strict=True)
        print(f"cvxpy rebuilt takes {statistics.median(a / b for a, b in pairs):.0f} times as long as a session")


def bare(session: Any, values: list[Any]) -> Callable[[], Any]:
    """Clarabel alone, on the numbers that the session would hand over."""
    import clarabel

    from allocator.conic import Bounded
    from allocator.solvers.clarabel import Clarabel

    base = session._written.map.base
    rows = Bounded(base)
    settings = clarabel.DefaultSettings()
    settings.verbose = settings.presolve_enable = False
    for name, value in Clarabel.options(1e-8).items():
        setattr(settings, name, value)
    cones = [clarabel.ZeroConeT(rows.cones.zero), clarabel.NonnegativeConeT(rows.cones.positive)]
    cones += [clarabel.SecondOrderConeT(size) for size in rows.cones.second]
    solver = clarabel.DefaultSolver(base.P, base.q, rows.A(base), rows.b(base), cones, settings)
    numbers = []
    for value in values:
        conic, _ = session._written.map.at(session._turns.coordinates(value))
        numbers.append((conic.q, rows.A(conic).data, rows.b(conic)))

    def run() -> None:
        for q, A, b in numbers:
            solver.update(q=q, A=A, b=b)
            np.asarray(solver.solve().x)

    return run


def sweep(session: Any, values: list[Any]) -> Callable[[], Any]:
    """The chunks of a sweep on two threads, and each kept on disk."""
    from allocator.chunks import layout
    from allocator.engines.threads import Threads
    from allocator.files.sweeps import Dataset

    rows = np.array(values)
    travels, chunk = pickle.dumps(session), 500

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            dataset = Dataset(Path(folder), {}, layout(session))
            tasks = ((first, rows[first : first + chunk]) for first in range(0, len(rows), chunk))
            for first, columns in Threads(2).run(travels, tasks):
                dataset.write(first, columns)

    return run


if __name__ == "__main__":
    main()
