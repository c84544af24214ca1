"""The conic form and cvxpy's give the same optimum: a sample of what `bench_agreement.py` compares a thousand of."""

from __future__ import annotations

import pytest
from agreement import compare

HARD = (404, 458, 499, 662, 822)
"An optimum next to nothing (thrice), one with prices of thousands, and one that Clarabel gives up on."


@pytest.mark.parametrize("seed", [*range(36), *HARD])
def test_both_find_the_same(seed: int) -> None:
    found = compare(seed)
    assert found.agrees, found
    if found.direct == "optimal":
        assert found.solvers
        assert found.gap <= 1
