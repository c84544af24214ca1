"""Programs in conic form are cvxpy's, by the same solver's word; and what they prove holds."""

from __future__ import annotations

import pytest
from agreement import CLOSE, compare

SEEDS = range(72)
"Of a thousand that `benchmarks/bench_agreement.py` takes."


@pytest.mark.parametrize("seed", SEEDS)
def test_the_optimum_is_cvxpys(seed: int) -> None:
    found = compare(seed)
    assert found.agrees, found


def test_cases_of_both_kinds_are_drawn() -> None:
    """Or the test above would show little."""
    found = [compare(seed) for seed in SEEDS[:36]]
    assert sum(each.direct == "optimal" for each in found) > 12
    assert sum(each.direct == "infeasible" for each in found) > 4
    assert not any(each.borderline for each in found)
    assert max(each.apart for each in found) < CLOSE
