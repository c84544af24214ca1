"""The 24-line fund of the peers' benchmarks as the files that `allocator solve` reads."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

FUND = """format: allocator/fund/1
fund:
  id: p1
  title: Twenty-four projects
  currency: USD
  equity: [{{holder: owner, amount: $1 bn}}]
  fully-invested: yes
universe: universe.csv
risk: {{covariance: covariance.csv}}
policy: policy.yaml
objective: {{expected-return: {returns:.9f}, variance: {variance:.9f}}}
"""

POLICY = """format: allocator/policy/1
policy:
  id: p1
  title: Limits of twenty-four projects
  status: example
  owner: example/benchmark
  effective: {{from: 2026-01-01}}
  calendar: America/New_York
  defaults: {{of: deployed, severity: hard, owner: example/benchmark}}
sources:
  bench: {{title: The peers' instance}}
rules:
  - {{id: sectors, title: Sectors, kind: share, each: sector, at-most: {group:g}%, authority: bench, why: As the peers have it.}}
  - {{id: cash, title: Cash, kind: ratio, numerator: {{column: cash}}, denominator: {{column: service}}, at-least: 1.30x, authority: bench, why: As the peers have it.}}
  - {{id: debt, title: Debt, kind: ratio, numerator: {{column: leverage}}, denominator: deployed, at-most: {leverage:g}x, authority: bench, why: As the peers have it.}}
  - {{id: hhi, title: Spread, kind: concentration, by: sector, measure: hhi, at-most: {hhi:g}, authority: bench, why: As the peers have it.}}
"""


def write(instance: dict[str, Any], folder: Path) -> None:
    """Write them, weighed so that the blend is the peers' objective: return less so many times the variance."""
    import ours

    import allocator as al

    folder.mkdir(parents=True, exist_ok=True)
    names = [f"p{i}" for i in range(instance["n"])]
    table = {"id": names, **ours.p1_columns(instance)}
    with (folder / "universe.csv").open("w", newline="") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    with (folder / "covariance.csv").open("w", newline="") as file:
        rows = [[name, *row] for name, row in zip(names, instance["S"].tolist(), strict=True)]
        csv.writer(file).writerows([["id", *names], *rows])
    even = al.blend({al.ExpectedReturn(): 1.0, al.Variance(): 1.0})
    found = al.allocate(ours.p1_case(instance), ours.p1_rules(instance), even, resolve=False)
    one, other = found.record["objective"]["ranges"]
    weights = {"returns": one, "variance": instance["gamma"] * other}
    (folder / "fund.yaml").write_text(FUND.format(**{k: v / sum(weights.values()) for k, v in weights.items()}))
    limits = {"group": 100 * instance["group_cap"][0], "leverage": instance["lev_max"], "hhi": instance["hhi"]}
    (folder / "policy.yaml").write_text(POLICY.format(**limits))
