"""Whether programs in conic form and cvxpy's give the same optimum, on a thousand random cases.

    python tests/benchmarks/bench_agreement.py [HOW-MANY]

Cvxpy's is put to Clarabel at 1e-11, the conic form to every solver that is able; an answer counts where its certificate
holds. A sixth each are: funds with debt and rules of all kinds (twice), the same with lines of very different sizes,
portfolios with twins and without full rank, daily numbers a thousand times apart, and factor models. Told are how many
are optimal and infeasible by both, whose answers counted, the largest difference of the objectives in parts of their
size, and the largest gap that a certificate leaves, in parts of what it allows. Exits with 1 where any disagrees.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from agreement import compare


def main(count: int) -> int:
    told, solved = Counter[str](), Counter[str]()
    apart, gap, wrong, beyond = 0.0, 0.0, 0, 0
    for seed in range(count):
        found = compare(seed)
        told["borderline" if found.borderline else found.direct] += 1
        solved.update(found.solvers)
        beyond += found.beyond
        if not found.agrees:
            wrong += 1
            print(f"seed {seed}: {found}")
        elif not found.borderline:
            apart, gap = max(apart, found.apart), max(gap, found.gap)
    print(f"{count} cases: {dict(told)}; {wrong} disagree")
    print(f"proved answers: {dict(solved)}; {beyond} of cvxpy's beyond what is proved to be the most")
    print(f"objectives apart by {apart:.1e} at most; gaps up to {gap:.2f} of what is allowed")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
