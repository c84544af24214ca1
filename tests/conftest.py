"""Small cases that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import allocator as al
from allocator.fund import Fund
from allocator.stack import Tranche
from allocator.universe import Universe

ROOT = Path(__file__).parent.parent
settings.register_profile("house", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("house")


def small_case(**fund: object) -> al.Case:
    """Five lines in three sectors, two tranches, compression, exposures and a correlation: all features, by hand."""
    universe = Universe.build(
        {
            "id": ["hall", "chips", "plant", "wires", "docks"],
            "sector": ["compute", "compute", "power", "power", "logistics"],
            "domicile": ["US", "JP", "US", "US", "CA"],
            "site": ["US", "US", "US", "US", "CA"],
            "us-share [%]": [90, 40, 75, 80, 10],
            "cash-yield [%]": [7.0, 7.5, 6.5, 5.5, 6.0],
            "expected-return [%]": [8.0, 13.0, 9.0, 8.0, 8.5],
            "strategic-weight": [0.76, 0.82, 0.75, 0.79, 0.40],
            "capacity [$ bn]": [60, 30, 40, 50, 30],
            "gearing [%]": [70, 50, 65, 60, 60],
            "dscr [x]": [1.25, 1.5, 1.35, 1.3, 1.45],
            "life [years]": [24, 8, 20, 30, 20],
            "power-needed [MW/$ bn]": [75, 22, 0, 0, 3],
            "power-supplied [MW/$ bn]": [0, 0, 310, 40, 0],
        }
    ).with_exposures([("hall", "acme", 0.3), ("chips", "acme", 0.8), ("chips", "zeta", 0.2), ("docks", "zeta", 0.5)])
    volatility = np.array([0.12, 0.30, 0.15, 0.11, 0.15])
    correlation = np.full((5, 5), 0.3) + 0.7 * np.eye(5)
    terms = {
        "id": "small",
        "title": "Small fund",
        "equity": [{"holder": "one", "amount": "$60 bn"}, {"holder": "two", "amount": "$40 bn"}],
        "reserve-yield": "3%",
        "fee": "10 bp",
        "compression": {"from": "50%", "slope": "3%"},
    }
    stack = (
        Tranche.read({"id": "senior", "capacity": "$40 bn", "cost": "4.5%", "tenor": "18 years"}),
        Tranche.read({"id": "bonds", "capacity": "$60 bn", "cost": "5.5%", "tenor": "10 years", "repayment": "bullet"}),
    )
    from allocator.risk import Risk

    risk = Risk.from_correlation(correlation, volatility, universe.ids)
    return al.Case(Fund.read(terms | fund), universe, stack, risk)


@pytest.fixture
def small() -> al.Case:
    return small_case()


@pytest.fixture(scope="session")
def reference() -> Path:
    """The public reference data; tests that need it are skipped, saying so, where it is absent."""
    folder = Path(os.environ.get("ALLOCATOR_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip("the public reference data is absent: set ALLOCATOR_REFERENCE")
    return folder
