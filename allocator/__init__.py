"""Certified portfolio allocation for leveraged sovereign funds.

>>> import allocator as al
>>> case = al.read_case("examples/us-japan")
>>> rules = al.read_rules("constraints/us-japan-fund.yaml", as_of="2026-04-01")
>>> out = al.allocate(case, rules, al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3}))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allocator import rules
    from allocator.aims.blend import blend
    from allocator.aims.concave import Concave
    from allocator.aims.held import epsilon, lexicographic
    from allocator.aims.maximin import maximin
    from allocator.bargaining import Bargain, bargain
    from allocator.case import Case
    from allocator.corners import CornerPortfolios, corner_portfolios
    from allocator.errors import AllocatorError, Infeasible, InputError, NotCertified
    from allocator.explanation import Explanation, explain
    from allocator.files.cases import read_case
    from allocator.files.estimates import read_returns
    from allocator.files.policies import read_rules
    from allocator.frontiers import Frontier, frontier, read_frontier
    from allocator.objectives.dividend_yield import DividendYield
    from allocator.objectives.expected_return import ExpectedReturn
    from allocator.objectives.owner_gain import OwnerGain
    from allocator.objectives.risk_budget import RiskBudget
    from allocator.objectives.robust_yield import RobustYield
    from allocator.objectives.sharpe import Sharpe
    from allocator.objectives.strategic_weight import StrategicWeight
    from allocator.objectives.tail_loss import TailLoss
    from allocator.objectives.tracking import Tracking
    from allocator.objectives.variance import Variance
    from allocator.objectives.volatility import Volatility
    from allocator.outcome import Outcome, allocate
    from allocator.rulebook import Rulebook
    from allocator.scenarios.draws import Draws, Move
    from allocator.scenarios.grid import Grid
    from allocator.scenarios.laws import Lognormal, Normal, Triangular, Uniform
    from allocator.session import Session
    from allocator.solved import Solved
    from allocator.sweeps import Sweep, sweep
    from allocator.universe import Universe
    from allocator.verification import read_outcome, verify

__version__ = "0.1.0"

_HOMES = {
    "AllocatorError": "errors",
    "Bargain": "bargaining",
    "Case": "case",
    "CornerPortfolios": "corners",
    "Explanation": "explanation",
    "Frontier": "frontiers",
    "Draws": "scenarios.draws",
    "Grid": "scenarios.grid",
    "Infeasible": "errors",
    "InputError": "errors",
    "Lognormal": "scenarios.laws",
    "Move": "scenarios.draws",
    "Normal": "scenarios.laws",
    "NotCertified": "errors",
    "Outcome": "outcome",
    "Rulebook": "rulebook",
    "Session": "session",
    "Solved": "solved",
    "Sweep": "sweeps",
    "Triangular": "scenarios.laws",
    "Uniform": "scenarios.laws",
    "Universe": "universe",
    "allocate": "outcome",
    "Concave": "aims.concave",
    "bargain": "bargaining",
    "blend": "aims.blend",
    "epsilon": "aims.held",
    "corner_portfolios": "corners",
    "explain": "explanation",
    "frontier": "frontiers",
    "lexicographic": "aims.held",
    "maximin": "aims.maximin",
    "read_case": "files.cases",
    "read_frontier": "frontiers",
    "read_outcome": "verification",
    "read_returns": "files.estimates",
    "read_rules": "files.policies",
    "sweep": "sweeps",
    "verify": "verification",
}
"Where the public names live; each is imported when it is asked for, which keeps start-up short."

_OBJECTIVES = (
    "DividendYield", "ExpectedReturn", "OwnerGain", "RiskBudget", "RobustYield", "Sharpe", "StrategicWeight",
    "TailLoss", "Tracking", "Variance", "Volatility",
)  # fmt: skip

__all__ = [*_HOMES, *_OBJECTIVES, "rules"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"allocator.{_HOMES[name]}"), name)
    if name == "rules":
        return importlib.import_module("allocator.rules")
    # Kinds are classes; `from allocator import kinds` asks here first, too, and is not to import all objectives.
    if not name[0].isupper():
        raise AttributeError(f"module 'allocator' has no attribute '{name}'")
    return getattr(importlib.import_module("allocator.objectives"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
