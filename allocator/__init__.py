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
    from allocator.case import Case
    from allocator.corners import CornerPortfolios, corner_portfolios
    from allocator.errors import AllocatorError, Infeasible, InputError, NotCertified
    from allocator.explanation import Explanation, explain
    from allocator.files.cases import read_case
    from allocator.files.policies import read_rules
    from allocator.objectives import blend
    from allocator.objectives.dividend_yield import DividendYield
    from allocator.objectives.expected_return import ExpectedReturn
    from allocator.objectives.strategic_weight import StrategicWeight
    from allocator.objectives.variance import Variance
    from allocator.outcome import Outcome, allocate
    from allocator.rulebook import Rulebook
    from allocator.universe import Universe
    from allocator.verification import read_outcome, verify

__version__ = "0.1.0"

_HOMES = {
    "AllocatorError": "errors",
    "Case": "case",
    "CornerPortfolios": "corners",
    "Explanation": "explanation",
    "Infeasible": "errors",
    "InputError": "errors",
    "NotCertified": "errors",
    "Outcome": "outcome",
    "Rulebook": "rulebook",
    "Universe": "universe",
    "allocate": "outcome",
    "blend": "objectives",
    "corner_portfolios": "corners",
    "explain": "explanation",
    "read_case": "files.cases",
    "read_outcome": "verification",
    "read_rules": "files.policies",
    "verify": "verification",
}
"Where the public names live; each is imported when it is asked for, which keeps start-up short."

__all__ = [*_HOMES, "DividendYield", "ExpectedReturn", "StrategicWeight", "Variance", "rules"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"allocator.{_HOMES[name]}"), name)
    if name == "rules":
        return importlib.import_module("allocator.rules")
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(importlib.import_module("allocator.objectives"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
