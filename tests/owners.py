"""Two owners and two lines, small enough to bargain by hand.

Line a yields 8% and b 6%; West has no score, and East pays 300 bp for each dollar in b. With t of $100 bn in b, the income
is 8 - 0.02 t. Each has half of it and pays 4% for $50 bn, so that East gains 2 + 0.02 t and West 2 - 0.01 t, in $ bn.
"""

from __future__ import annotations

from typing import Any

from helpers import tiny

import allocator as al

EQUITY = [{"holder": "Treasury", "amount": "$50 bn"}, {"holder": "Ministry", "amount": "$50 bn"}]
EAST: dict[str, Any] = {
    "id": "east", "title": "East", "holder": "Treasury", "funding": "4%", "walk-away": "$1 bn",
    "strategic": {"column": "own", "worth": "300 bp"},
}  # fmt: skip
WEST: dict[str, Any] = {"id": "west", "title": "West", "holder": "Ministry", "funding": "4%", "walk-away": "$0.5 bn"}
FLOOR = {
    "id": "floor", "title": "Floor", "scope": {"line": ["a"]}, "of": "deployed", "at_least": "80%", "severity": "soft",
    "penalty": "50 bp",
}  # fmt: skip


def owned(east: dict[str, Any] | None = None, west: dict[str, Any] | None = None, **more: Any) -> al.Case:
    """The case, with some of what the owners are made of replaced."""
    columns = {"cash-yield [%]": [8, 6], "capacity [$ bn]": [100, 100], "own": [0, 1]}
    principals = [EAST | (east or {}), WEST | (west or {})]
    return tiny(columns, **{"equity": EQUITY, "principals": principals} | more)
