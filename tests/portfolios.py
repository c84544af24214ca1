"""Portfolios of three lines without debt, and linear rules for them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from helpers import tiny

import allocator as al

COVARIANCE = [[0.04, 0.006, 0.002], [0.006, 0.09, 0.01], [0.002, 0.01, 0.0225]]


def reserved(**fund: Any) -> al.Case:
    """Three lines with capacities, a reserve that earns 2%, and a fee."""
    columns = {
        "sector": ["power", "chips", "power"],
        "domicile": ["US", "JP", "US"],
        "expected-return [%]": [8, 12, 6],
        "capacity [$ bn]": [70, 60, 50],
    }
    terms = {"reserve_yield": "2%", "fee": "50 bp"} | fund
    return tiny(columns, covariance=COVARIANCE, **{name.replace("_", "-"): value for name, value in terms.items()})


def plain() -> al.Case:
    names = ["power", "chips", "ports"]
    return al.Case.from_moments(pd.Series([0.08, 0.12, 0.06], names), pd.DataFrame(COVARIANCE, names, names))


def cap(at_most: str = "50%") -> al.rules.Share:
    return al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most=at_most)


RULES = {
    "cap": cap("45%"),
    "floor": al.rules.Share(id="floor", title="F", scope={"sector": "power"}, of="deployed", at_least="55%"),
    "assets": al.rules.Share(id="assets", title="A", scope={"line": "b"}, of="total-assets", at_most="30%"),
    "home": al.rules.Domicile(id="home", title="D", country="US", basis="seat", of="deployed", at_least="70%"),
    "cash": al.rules.Amount(id="cash", title="C", measure="reserve", at_least="$10 bn"),
    "size": al.rules.Amount(id="size", title="S", at_least="$60 bn", at_most="$95 bn"),
    "yield": al.rules.Ratio(
        id="yield", title="Y", numerator="expected-return", denominator="deployed", at_least="7.5%"
    ),
    "out": al.rules.Exclusion(id="out", title="O", scope={"line": "c"}),
}  # fmt: skip
