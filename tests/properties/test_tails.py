"""Long tails at random, hard and soft, in rules and objectives, one or several: as when every entry is written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from helpers import book

import allocator as al
from allocator.program import Program

DRAWS: list[Callable[[np.random.Generator, int, int], np.ndarray]] = [
    lambda rng, count, n: rng.normal(0.001, 0.02, (count, n)),
    lambda rng, count, n: 0.001 + rng.standard_t(3, (count, n)) * rng.uniform(0.002, 0.03, n),
    lambda rng, count, n: rng.normal(0.001, 0.02, (40, n))[rng.integers(0, 40, count)],
    lambda rng, count, n: np.round(rng.normal(0.001, 0.02, (count, 2)) @ rng.normal(size=(2, n)), 3),
    lambda rng, count, n: np.where(rng.random((count, n)) < 0.02, -0.3, 0.01),
]
POOL = (al.ExpectedReturn(), al.Variance(), al.Volatility(), al.TailLoss("95%"), al.TailLoss("80%"))


@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_is_that_of_all_entries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, count = int(rng.integers(2, 25)), int(rng.integers(1001, 3000))
    draws = DRAWS[seed % len(DRAWS)](rng, count, n)
    case = al.Case.from_scenarios(pd.DataFrame(draws))
    most = max(1.2 / n, rng.uniform(0.1, 1))
    rules = [al.rules.Share(id="one", title="O", each="line", of="deployed", at_most=f"{most:.2%}")]
    for k in range(1 + seed % 2):
        beyond = float(rng.choice([0.01, 0.05, 0.1, 0.2, 0.5]))
        losses = np.sort(-draws @ rng.dirichlet(np.ones(n)))
        limit = max(losses[-max(1, int(beyond * count)) :].mean(), 0.001) * rng.uniform(0.7, 1.3)
        soft = {"severity": "soft", "penalty": f"{rng.integers(10, 300)} bp"} if rng.random() < 0.4 else {}
        said = {"id": f"tail-{k}", "title": "T", "confidence": f"{1 - beyond:.0%}", "of": "deployed", **soft}
        rules.append(al.rules.TailLoss(**said, at_most=f"{limit:.5%}"))
    aims = [POOL[k] for k in rng.permutation(len(POOL))[: rng.integers(1, 3)]]
    parts = book(*rules).clauses(case), [aim.score(case) for aim in aims], case.box, case.spread
    weights = rng.uniform(0.2, 2, len(aims)).tolist()
    whole, found = (Program(*parts, whole=each).solve(weights, 0.5, 1e-10) for each in (True, False))
    assert found.status == whole.status
    if found.status == "optimal":
        size = Program(*parts).score(weights).size
        assert abs(found.value - whole.value) / size < 1e-7
        assert abs(found.bound - found.value) / size < 1e-6
