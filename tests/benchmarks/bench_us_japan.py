"""What holds the example fund's dividend back: the same fund with one thing after the other left out.

Run: `python tests/benchmarks/bench_us_japan.py`. The table in `examples/us-japan/README.md` is what it prints.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import allocator as al

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Print a row for each variant."""
    case = al.read_case(ROOT / "examples" / "us-japan")
    rules = al.read_rules(ROOT / "constraints" / "us-japan-fund.yaml", as_of="2026-04-01")
    none = al.Rulebook(as_of="2026-04-01")
    hard = al.Rulebook([rule for rule in rules.rules if rule.severity == "hard"], as_of="2026-04-01")
    linear = replace(case, fund=case.fund.model_copy(update={"compression": None}))
    columns = {name: column for name, column in case.universe.numbers.items() if name != "life"}
    long = replace(case, universe=replace(case.universe, numbers=columns))
    print("| variant | dividend yield | deployed | debt |\n|---|---:|---:|---:|")
    for name, variant, book in (
        ("as it is", case, rules),
        ("without the two soft floors", case, hard),
        ("without compression", linear, rules),
        ("without any rule", case, none),
        ("without any rule, debt may outlive the asset", long, none),
        ("without any rule or compression", linear, none),
    ):
        totals = al.allocate(variant, book, al.DividendYield(), resolve=False).totals
        told = f"{totals['dividend-yield']:.2%} | ${totals['deployed']:.0f} bn | ${totals['debt']:.0f} bn"
        print(f"| {name} | {told} |")


if __name__ == "__main__":
    main()
