"""The allocator as one more contestant in the peers' benchmarks: lay this file over theirs, in a copy of their folder.

Each function takes an instance as `common.py` makes it. The package is imported inside, so that its import is timed
where it is paid.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

FLOOR = "1.30x"


def p1_case(inst: dict[str, Any]) -> Any:
    """The 24-line fund: capital adds up to one, capacities, sectors, cash against service, leverage, concentration."""
    import dataclasses

    import numpy as np

    import allocator as al
    from allocator.risk import Risk
    from allocator.universe import Universe

    n = inst["n"]
    names = [f"p{i}" for i in range(n)]
    universe = Universe.build({"id": names, **p1_columns(inst)})
    plain = al.Case.from_moments(np.zeros(n), np.eye(n))
    return dataclasses.replace(plain, universe=universe, risk=Risk.from_covariance(inst["S"], names))


def p1_columns(inst: dict[str, Any]) -> dict[str, list[Any]]:
    """The lines' columns, by header."""
    service = inst["leverage"] * (inst["fin"] + inst["amort"])
    return {
        "sector": [f"s{k}" for k in inst["sector"]],
        "expected-return [1]": inst["ynet"].tolist(),
        "capacity [$ bn]": inst["cap"].tolist(),
        "cash": inst["cash"].tolist(),
        "service": service.tolist(),
        "leverage": inst["leverage"].tolist(),
    }


def p1_rules(inst: dict[str, Any]) -> Any:
    """Its rules."""
    import allocator as al

    r = al.rules
    return al.Rulebook(
        [
            r.Share(id="sectors", title="S", each="sector", of="deployed", at_most=f"{100 * inst['group_cap'][0]:g}%"),
            r.Ratio(id="cash", title="C", numerator={"column": "cash"}, denominator={"column": "service"}, at_least=FLOOR),
            r.Ratio(id="debt", title="D", numerator={"column": "leverage"}, denominator="deployed",
                    at_most=f"{inst['lev_max']:g}x"),
            r.Concentration(id="hhi", title="H", by="sector", measure="hhi", of="deployed", at_most=f"{inst['hhi']:g}"),
        ]
    )  # fmt: skip


def p1_objective(inst: dict[str, Any]) -> Any:
    """Expected return less so many times the variance."""
    import allocator as al

    return al.ExpectedReturn() - inst["gamma"] * al.Variance()


MOVED = ("expected-return", "capacity", "service")


def p1_values(inst: dict[str, Any]) -> Any:
    """What a scenario moves: yields, capacities and service of each line."""
    import numpy as np

    return np.concatenate([inst["ynet"], inst["cap"], inst["leverage"] * (inst["fin"] + inst["amort"])])


def p1_made(inst: dict[str, Any]) -> Any:
    """A session of the fund."""
    import allocator as al

    inputs = [f"p{i}.{column}" for column in MOVED for i in range(inst["n"])]
    return al.Session(p1_case(inst), p1_rules(inst), p1_objective(inst), inputs)


def p1_session(inst: dict[str, Any]) -> Any:
    """Re-solves for scenarios: optimum, proof and prices."""
    session = p1_made(inst)

    def solve(scenario: dict[str, Any]) -> Any:
        found = session.solve(p1_values(scenario))
        assert found.status == "optimal"
        return found.v[: inst["n"]]

    return solve


def p1_solve(inst: dict[str, Any]) -> Any:
    """`allocator solve` of the fund's folder, in this process."""
    folder = Path(tempfile.gettempdir()) / "allocator-p1"
    if not (folder / "fund.yaml").exists():
        import p1_files  # beside this file; only the first time, which is not timed

        p1_files.write(inst, folder)
    from allocator.cli import main

    out = folder / "outcome.json"
    told, sys.stdout = sys.stdout, open(folder / "told.txt", "w")  # noqa: SIM115
    try:
        main(["solve", str(folder), "--as-of", "2026-04-01", "--out", str(out)])
    except SystemExit as left:
        if left.code:
            raise
    finally:
        sys.stdout = told
    return [each["amount"] for each in json.loads(out.read_text())["amounts"]]


def p2_frontier(X: Any, mu: Any, S: Any, points: Any) -> Any:
    """The exact frontier, read at target returns."""
    import numpy as np

    import allocator as al

    line = al.corner_portfolios(al.Case.from_moments(mu, S)).line
    ends = line.means.min(), line.means.max()
    return np.array([line.at_mean(float(np.clip(point, *ends)))[: len(mu)] for point in points])


def p3_cvar(scenarios: Any, beta: float) -> Any:
    """Weights with the least CVaR."""
    import pandas as pd

    import allocator as al

    lines = [f"a{i}" for i in range(scenarios.shape[1])]
    case = al.Case.from_scenarios(pd.DataFrame(scenarios, columns=lines, copy=False))
    out = al.allocate(case, None, al.TailLoss(beta), resolve=False)
    return [each["amount"] for each in out.record["amounts"]]


def p4_factor(mu: Any, B: Any, d: Any, gamma: float) -> Any:
    """Weights for the factor model, with their cap of 5% as a rule."""
    import numpy as np

    import allocator as al

    universe = al.Universe.build({"id": [f"a{i}" for i in range(len(mu))], "expected-return [1]": mu.tolist()})
    case = al.Case.from_factors(universe, B, np.sqrt(d))
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="5%")
    out = al.allocate(case, [cap], al.ExpectedReturn() - gamma * al.Variance(), resolve=False)
    return [each["amount"] for each in out.record["amounts"]]


def p5_sweep(inst: dict[str, Any], scenarios: Any) -> Any:
    """All scenarios on two threads, a session each."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    parts = np.array_split(np.arange(len(scenarios)), 2)
    sessions = [p1_session(inst) for _ in parts]

    def chunk(session: Any, part: Any) -> list[Any]:
        return [session(scenarios[i]) for i in part]

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(chunk, session, part) for session, part in zip(sessions, parts, strict=True)]
        return np.array([each for job in jobs for each in job.result()])
